"""Files between a trustee's machine and one with a network: messages to post, sums to decrypt.

A message is JSON, public, and good for one step of one round::

    {"format": "ceremony-message-1", "kind": "deal", "chainId": 1, "board": "0x...", "election": 7,
     "round": 0, "index": 1, "deal": "0x..."}

By ``kind`` it holds: ``key`` a ``message``; ``commitment`` a ``commitment``; ``deal`` a ``deal``;
``complaints`` a ``key`` and ``complaints`` of ``dealer``, ``deal``, ``complaint``; ``finalise``
``deals`` of ``dealer``, ``deal``; ``restart`` nothing; ``shares`` a ``tally`` and ``groups`` of
``question``, ``group``, ``shares``. What is to be decrypted stands in a ceremony's record, once the
election has closed, as ``decryption``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from crmdapp.ballots.decryption import SHARE_BYTES
from crmdapp.ballots.elgamal import Ciphertext
from crmdapp.ballots.group import decode_point, encode_point
from crmdapp.ballots.trustee_decryption import (
    DecryptionTask,
    GroupShares,
    GroupTask,
    PostShares,
)
from crmdapp.ballots.trustee_duties import (
    CommitDeal,
    Complaints,
    DealComplaint,
    Duty,
    Finalise,
    PostDeal,
    RegisterKey,
    Restart,
)
from crmdapp.chain._signed_json import JsonFields
from crmdapp.errors import UsageError

FORMAT: Final = "ceremony-message-1"

_WHAT = "trustee's message"
_BYTES_MAX = 1 << 17
_INDEX_MAX = 15


def message_to_json(duty: Duty) -> dict[str, Any]:
    """Return a duty as JSON data, for somebody else to post.

    Raises:
        UsageError: There is nothing to post.
    """
    try:
        body = _WRITERS[type(duty)](duty)
    except KeyError:
        raise UsageError("There is nothing to post.") from None
    return {
        "format": FORMAT,
        "kind": duty.kind,
        "chainId": duty.chain_id,
        "board": duty.board,
        "election": duty.election,
        "round": duty.round,
        "index": duty.index,
        **body,
    }


def message_from_json(data: Mapping[str, Any] | str | bytes) -> Duty:
    """Return the duty in JSON data; whether the board takes it is shown when it is posted.

    Raises:
        UsageError: It is no message; what it says names the member.
    """
    members = JsonFields.parse(data, _WHAT)
    if members.text("format") != FORMAT:
        raise UsageError(f"This is no {_WHAT}: its format must be {FORMAT}.")
    kind = members.text("kind")
    if kind not in _READERS:
        raise UsageError(f"kind must be one of {', '.join(_READERS)}, got {kind[:60]!r}.")
    place = (
        members.whole("chainId"),
        members.address("board"),
        members.whole("election", (1 << 64) - 1),
        members.whole("round", 255),
        members.whole("index", _INDEX_MAX),
    )
    return _READERS[kind](place, members)


def task_to_json(task: DecryptionTask) -> dict[str, Any]:
    """Return what is to be decrypted as JSON data."""
    return {
        "tally": task.tally,
        "minimumTurnout": task.minimum,
        "groups": [
            {
                "question": each.question,
                "group": each.group,
                "ballots": each.ballots,
                "sums": [
                    {"alpha": _hex(encode_point(one.alpha)), "beta": _hex(encode_point(one.beta))}
                    for one in each.sums
                ],
            }
            for each in task.groups
        ],
    }


def task_from_json(data: Mapping[str, Any] | str | bytes) -> DecryptionTask:
    """Return what is to be decrypted, from the ``decryption`` of a ceremony's record.

    Raises:
        UsageError: There is nothing to decrypt in it, or it is malformed.
        PointMalformed: A sum is no point of the group.
    """
    top = JsonFields.parse(data, "ceremony's record")
    if not top.has("decryption"):
        raise UsageError(
            "The record has nothing to decrypt.",
            hint="Export it anew when the election has closed and its questions are closed.",
        )
    members = top.inner("decryption")
    groups = (JsonFields(each, "group") for each in members.items("groups"))
    return DecryptionTask(
        members.address("tally"),
        members.whole("minimumTurnout", (1 << 32) - 1),
        tuple(
            GroupTask(
                each.whole("question", 255),
                each.whole("group", 255),
                each.whole("ballots"),
                tuple(_sum(JsonFields(one, "sum")) for one in each.items("sums")),
            )
            for each in groups
        ),
    )


def _sum(members: JsonFields) -> Ciphertext:
    alpha, beta = members.data("alpha"), members.data("beta")
    return Ciphertext(decode_point(alpha, "alpha"), decode_point(beta, "beta"))


_Place = tuple[int, str, int, int, int]


def _read_complaints(place: _Place, members: JsonFields) -> Complaints:
    parts = (JsonFields(each, "complaint") for each in members.items("complaints"))
    complaints = tuple(
        DealComplaint(_index(each), _bytes(each, "deal"), _bytes(each, "complaint"))
        for each in parts
    )
    if not complaints:
        raise UsageError("complaints must not be empty.")
    return Complaints(*place, _bytes(members, "key"), complaints)


def _read_finalise(place: _Place, members: JsonFields) -> Finalise:
    parts = [JsonFields(each, "deal") for each in members.items("deals")]
    return Finalise(*place, {_index(each): _bytes(each, "deal") for each in parts})


def _read_shares(place: _Place, members: JsonFields) -> PostShares:
    parts = [JsonFields(each, "group") for each in members.items("groups")]
    groups = tuple(
        GroupShares(each.whole("question", 255), each.whole("group", 255), _bytes(each, "shares"))
        for each in parts
    )
    if any(len(each.shares) % SHARE_BYTES for each in groups):
        raise UsageError(f"shares must have {SHARE_BYTES} bytes for each sum.")
    return PostShares(*place, members.address("tally"), groups)


_READERS: Mapping[str, Callable[[_Place, JsonFields], Duty]] = {
    RegisterKey.kind: lambda place, members: RegisterKey(*place, _bytes(members, "message")),
    CommitDeal.kind: lambda place, members: CommitDeal(*place, members.word("commitment")),
    PostDeal.kind: lambda place, members: PostDeal(*place, _bytes(members, "deal")),
    Complaints.kind: _read_complaints,
    Finalise.kind: _read_finalise,
    Restart.kind: lambda place, _: Restart(*place),
    PostShares.kind: _read_shares,
}


def _write_complaints(duty: Complaints) -> dict[str, Any]:
    complaints = [
        {"dealer": each.dealer, "deal": _hex(each.deal), "complaint": _hex(each.complaint)}
        for each in duty.complaints
    ]
    return {"key": _hex(duty.key), "complaints": complaints}


def _write_finalise(duty: Finalise) -> dict[str, Any]:
    return {"deals": [{"dealer": i, "deal": _hex(duty.deals[i])} for i in sorted(duty.deals)]}


def _write_shares(duty: PostShares) -> dict[str, Any]:
    groups = [
        {"question": each.question, "group": each.group, "shares": _hex(each.shares)}
        for each in duty.groups
    ]
    return {"tally": duty.tally, "groups": groups}


_WRITERS: Mapping[type[Duty], Callable[[Any], dict[str, Any]]] = {
    RegisterKey: lambda duty: {"message": _hex(duty.message)},
    CommitDeal: lambda duty: {"commitment": _hex(duty.commitment)},
    PostDeal: lambda duty: {"deal": _hex(duty.deal)},
    Complaints: _write_complaints,
    Finalise: _write_finalise,
    Restart: lambda _: {},
    PostShares: _write_shares,
}


def _hex(data: bytes) -> str:
    return "0x" + data.hex()


def _bytes(members: JsonFields, name: str) -> bytes:
    data = members.data(name)
    if not data or len(data) > _BYTES_MAX:
        raise UsageError(f"{name} has {len(data):,} bytes, which no message has.")
    return data


def _index(members: JsonFields) -> int:
    dealer = members.whole("dealer", _INDEX_MAX)
    if not dealer:
        raise UsageError(f"dealer must be from 1 to {_INDEX_MAX}, got 0.")
    return dealer
