"""The record of a ceremony as a file, for machines without a network.

::

    {"format": "ceremony-record-1", "chainId": 1, "board": "0x...", "election": 7,
     "trustees": ["0x..."], "threshold": 2, "windows": {"keysUntil": 0, ...}, "opensAt": 0, "at": 0,
     "rounds": [{"round": 0, "complaintsUntil": 0,
       "keys": [{"index": 1, "body": "0x...", "transaction": "0x..."}], "commitments": [...],
       "deals": [...],
       "complaints": [{"index": 2, "dealer": 1, "excluded": 1, "body": "0x..."}],
       "final": {"dealers": [1, 3], "key": "0x..."}}]}

``transaction`` is the signed transaction that posted a message; ``final`` is there when the board
has made the key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final

from crmdapp.ballots.ceremony_rounds import (
    CeremonyRecord,
    CeremonyWindows,
    Posted,
    PostedComplaint,
    RoundRecord,
)
from crmdapp.chain._signed_json import JsonFields
from crmdapp.errors import UsageError

FORMAT: Final = "ceremony-record-1"

_WHAT = "ceremony's record"
_TIME_MAX = (1 << 40) - 1
_INDEX_MAX = 15
_ROUND_MAX = 255
_BYTES_MAX = 4_096
_TRANSACTION_MAX = 1 << 17
_WINDOWS = {
    "keysUntil": "keys_until",
    "commitmentsUntil": "commitments_until",
    "dealsUntil": "deals_until",
    "complaintsUntil": "complaints_until",
}


def ceremony_to_json(record: CeremonyRecord) -> dict[str, Any]:
    """Return a record as JSON data."""
    return {
        "format": FORMAT,
        "chainId": record.chain_id,
        "board": record.board,
        "election": record.election,
        "trustees": list(record.trustees),
        "threshold": record.threshold,
        "windows": {name: getattr(record.windows, field) for name, field in _WINDOWS.items()},
        "opensAt": record.opens_at,
        "at": record.at,
        "rounds": [_round_json(each) for each in record.rounds],
    }


def ceremony_from_json(data: Mapping[str, Any] | str | bytes) -> CeremonyRecord:
    """Return the record in JSON data; check it with :func:`check_round`.

    Raises:
        UsageError: It is no record; the message names the member.
    """
    top = JsonFields.parse(data, _WHAT)
    if top.text("format") != FORMAT:
        raise UsageError(f"This is no {_WHAT}: its format must be {FORMAT}.")
    windows = top.inner("windows")
    trustees = top.items("trustees")
    if not 1 <= len(trustees) <= _INDEX_MAX:
        raise UsageError(f"An election has 1 to {_INDEX_MAX} trustees, got {len(trustees)}.")
    rounds = tuple(_round(JsonFields(each, "round")) for each in top.items("rounds"))
    if [each.number for each in rounds] != list(range(len(rounds))) or not rounds:
        raise UsageError("rounds must be all rounds, counted from 0.")
    return CeremonyRecord(
        chain_id=top.whole("chainId"),
        board=top.address("board"),
        election=top.whole("election", (1 << 64) - 1),
        trustees=tuple(
            JsonFields({"trustee": each}, _WHAT).address("trustee") for each in trustees
        ),
        threshold=_least_one(top, "threshold", len(trustees)),
        windows=CeremonyWindows(**{f: windows.whole(n, _TIME_MAX) for n, f in _WINDOWS.items()}),
        opens_at=top.whole("opensAt", _TIME_MAX),
        at=top.whole("at", _TIME_MAX),
        rounds=rounds,
    )


def _round_json(each: RoundRecord) -> dict[str, Any]:
    def listed(held: Mapping[int, Posted]) -> list[dict[str, Any]]:
        return [{"index": j, **_posted_json(held[j])} for j in sorted(held)]

    final = {"dealers": list(each.dealers), "key": "0x" + each.K.hex()}
    return {
        "round": each.number,
        "complaintsUntil": each.complaints_until,
        "keys": listed(each.keys),
        "commitments": listed(each.commitments),
        "deals": listed(each.deals),
        "complaints": [
            {
                "index": one.trustee,
                "dealer": one.dealer,
                "excluded": one.excluded,
                **_posted_json(one),
            }
            for one in each.complaints
        ],
        **({"final": final} if each.K else {}),
    }


def _posted_json(posted: Posted) -> dict[str, Any]:
    return {"body": "0x" + posted.body.hex(), "transaction": "0x" + posted.transaction.hex()}


def _round(members: JsonFields) -> RoundRecord:
    def listed(name: str) -> dict[int, Posted]:
        found: dict[int, Posted] = {}
        for item in members.items(name):
            one = JsonFields(item, name)
            index = _least_one(one, "index", _INDEX_MAX)
            if index in found:
                raise UsageError(f"{name} has two messages of trustee {index}.")
            found[index] = Posted(_body(one), _transaction(one))
        return found

    final = members.inner("final") if members.has("final") else None
    return RoundRecord(
        number=members.whole("round", _ROUND_MAX),
        complaints_until=members.whole("complaintsUntil", _TIME_MAX),
        keys=listed("keys"),
        commitments=listed("commitments"),
        deals=listed("deals"),
        complaints=tuple(
            _complaint(JsonFields(each, "complaint")) for each in members.items("complaints")
        ),
        dealers=() if final is None else _dealers(final),
        K=b"" if final is None else _body(final, "key", 96),
    )


def _complaint(members: JsonFields) -> PostedComplaint:
    return PostedComplaint(
        _body(members),
        _transaction(members),
        **{
            field.name: _least_one(members, _NAMES.get(field.name, field.name), _INDEX_MAX)
            for field in fields(PostedComplaint)[2:]
        },
    )


_NAMES = {"trustee": "index"}


def _dealers(final: JsonFields) -> tuple[int, ...]:
    dealers = final.items("dealers")
    return tuple(JsonFields({"dealer": i}, _WHAT).whole("dealer", _INDEX_MAX) for i in dealers)


def _body(members: JsonFields, name: str = "body", length: int = 0) -> bytes:
    data = members.data(name)
    if not data or len(data) > _BYTES_MAX or (length and len(data) != length):
        raise UsageError(f"{name} has {len(data):,} bytes, which no message of a ceremony has.")
    return data


def _transaction(members: JsonFields) -> bytes:
    raw = members.data("transaction") if members.has("transaction") else b""
    if len(raw) > _TRANSACTION_MAX:
        raise UsageError(f"transaction has {len(raw):,} bytes, which none of a ceremony has.")
    return raw


def _least_one(members: JsonFields, name: str, most: int) -> int:
    value = members.whole(name, most)
    if not value:
        raise UsageError(f"{name} must be from 1 to {most}, got 0.")
    return value
