"""Trustees with key files of their own, on the contracts and without them.

``Council`` are the trustees of an election at a :mod:`tests.ballots.station`. ``Table`` is the same
in memory: what they post goes into a record, signed as transactions are, and no chain is needed.
"""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from crmdapp.ballots.ceremony_record import check_round, read_ceremony
from crmdapp.ballots.ceremony_rounds import (
    CeremonyRecord,
    CeremonyWindows,
    Posted,
    PostedComplaint,
    RoundRecord,
)
from crmdapp.ballots.ceremony_signatures import _COMMIT, _COMPLAIN, _POST, _REGISTER, _call
from crmdapp.ballots.deal import deal_commitment
from crmdapp.ballots.group import ORDER, decode_point, encode_point
from crmdapp.ballots.trustee import next_duty
from crmdapp.ballots.trustee_duties import Duty
from crmdapp.ballots.trustee_key import TrusteeKey
from crmdapp.ballots.trustee_posting import perform
from crmdapp.chain._keccak import keccak
from tests.ballots.station import Held, Station, address_of, signer_of

BOARD = address_of("board")
CHAIN = 31337
KEYS, COMMITMENTS, DEALS, COMPLAINTS, OPENS = 100, 200, 300, 400, 4_000


def trustee_key(j: int, name: str = "trustee") -> TrusteeKey:
    """The key file of a trustee, opened."""
    return TrusteeKey(keccak(f"{name} {j}".encode()))


def spoiled(deal: bytes, threshold: int, j: int) -> bytes:
    """A deal whose share for trustee j is one too large."""
    place = 352 + 96 * threshold + 32 * (j - 1)
    share = (int.from_bytes(deal[place : place + 32], "big") + 1) % ORDER
    return deal[:place] + share.to_bytes(32, "big") + deal[place + 32 :]


def signed_call(role: str, data: bytes, *, to: str = BOARD, chain_id: int = CHAIN) -> bytes:
    """A signed transaction of a role."""
    return signer_of(role).sign_transaction(
        {
            "type": 2,
            "chainId": chain_id,
            "nonce": 0,
            "to": to,
            "value": 0,
            "data": data,
            "gas": 1_000_000,
            "maxFeePerGas": 1,
            "maxPriorityFeePerGas": 1,
        }
    )


@dataclass
class Table:
    """A ceremony in memory.

    Attributes:
        size: n.
        threshold: t.
        record: What was posted.
    """

    size: int = 3
    threshold: int = 2
    record: CeremonyRecord = field(init=False)

    def __post_init__(self) -> None:
        self.record = CeremonyRecord(
            chain_id=CHAIN,
            board=BOARD,
            election=7,
            trustees=tuple(address_of(f"trustee {j}") for j in self.everybody),
            threshold=self.threshold,
            windows=CeremonyWindows(KEYS, COMMITMENTS, DEALS, COMPLAINTS),
            opens_at=OPENS,
            at=KEYS,
            rounds=(RoundRecord(0, COMPLAINTS),),
        )

    @property
    def everybody(self) -> range:
        return range(1, self.size + 1)

    @property
    def current(self) -> RoundRecord:
        return self.record.current

    def change(self, **fields: Any) -> "Table":
        """Changes the current round."""
        rounds = (*self.record.rounds[:-1], replace(self.current, **fields))
        self.record = replace(self.record, rounds=rounds)
        return self

    def at(self, time: int) -> "Table":
        """Reads the record again at that time."""
        self.record = replace(self.record, at=time)
        return self

    def duty(self, j: int, **options: Any) -> Duty:
        """What trustee j has to do."""
        return next_duty(self.record, trustee_key(j), j, **options)

    def register(self, *trustees: int) -> "Table":
        for j in trustees or self.everybody:
            message = trustee_key(j).key_message(
                self.record.context(), j, self.record.trustees[j - 1]
            )
            data = _call(_REGISTER, 7, j, message[:96], message[96:])
            posted = Posted(message, signed_call(f"trustee {j}", data))
            self.change(keys={**self.current.keys, j: posted})
        return self.at(KEYS + 1)

    def deal(self, i: int) -> bytes:
        """The deal of a dealer, as it would make it."""
        posted = self.current.keys
        keys = [decode_point(posted[j].body[:96]) if j in posted else None for j in self.everybody]
        account = self.record.trustees[i - 1]
        return trustee_key(i).deal(self.record.context(), i, account, self.threshold, keys)

    def commit(self, *dealers: int, deals: dict[int, bytes] | None = None) -> "Table":
        for i in dealers or self.everybody:
            commitment = deal_commitment(
                self.record.context(), i, (deals or {}).get(i) or self.deal(i)
            )
            posted = Posted(
                commitment, signed_call(f"trustee {i}", _call(_COMMIT, 7, i, commitment))
            )
            self.change(commitments={**self.current.commitments, i: posted})
        return self.at(COMMITMENTS + 1)

    def post(self, *dealers: int, deals: dict[int, bytes] | None = None) -> "Table":
        for i in dealers or self.everybody:
            deal = (deals or {}).get(i) or self.deal(i)
            posted = Posted(deal, signed_call(f"trustee {i}", _call(_POST, 7, i, deal)))
            self.change(deals={**self.current.deals, i: posted})
        return self.at(DEALS + 1)

    def dealt(self, wrong: dict[int, int] | None = None) -> "Table":
        """All deals are posted; those of ``wrong`` give the trustee named there a wrong share."""
        self.register()
        deals = {i: spoiled(self.deal(i), self.threshold, j) for i, j in (wrong or {}).items()}
        return self.commit(deals=deals).post(deals=deals)

    def complain(self, j: int, i: int, *, excluded: int | None = None) -> "Table":
        """Trustee j complains of dealer i; the dealer is excluded unless it is said who is."""
        checked = check_round(self.record)
        complaint = trustee_key(j).complaint(checked.deals[i], j)
        key = encode_point(checked.keys[j - 1])
        data = _call(_COMPLAIN, 7, j, i, key, self.current.deals[i].body, complaint)
        posted = PostedComplaint(complaint, signed_call(f"trustee {j}", data), j, i, excluded or i)
        return self.change(complaints=(*self.current.complaints, posted))

    def finalise(self) -> "Table":
        from crmdapp.ballots.ceremony import finalise

        left = check_round(self.record).left
        joint = finalise(left, self.threshold, self.size)
        self.change(dealers=joint.dealers, K=encode_point(joint.K))
        return self.at(COMPLAINTS + 1)

    def restart(self, now: int) -> "Table":
        """Begins another round."""
        later = now + COMMITMENTS - 2 * KEYS
        round_ = RoundRecord(len(self.record.rounds), COMPLAINTS + later)
        self.record = replace(self.record, rounds=(*self.record.rounds, round_), at=now)
        return self


@dataclass
class Council:
    """The trustees of an election that a station holds, with key files of their own."""

    station: Station
    held: Held

    @property
    def number(self) -> int:
        return self.held.number

    @property
    def record(self) -> CeremonyRecord:
        return read_ceremony(self.station.board(), self.number)

    def act(self, j: int) -> Duty:
        """Trustee j does what is next."""
        duty = next_duty(self.record, trustee_key(j), j)
        perform(duty, self.station.board(f"trustee {j}"))
        return duty

    def all_act(self, *trustees: int) -> list[Duty]:
        """These, or all, do what is next."""
        return [self.act(j) for j in trustees or self.held.trustees]

    def go_to(self, window: str) -> None:
        """Goes to where a window of the current round has ended."""
        state = self.station.board().ceremony(self.number)
        self.station.advance_to(getattr(state, window) + 1)

    def go_to_deals(self, *trustees: int) -> None:
        """Keys and commitments are posted."""
        self.all_act(*trustees)
        self.go_to("keys_until")
        self.all_act(*trustees)
        self.go_to("commitments_until")

    def make_key(self, *trustees: int) -> None:
        """The key is final."""
        self.go_to_deals(*trustees)
        self.all_act(*trustees)
        self.go_to("complaints_until")
        self.act(1)

    def deal_badly(self, i: int, j: int) -> bytes:
        """Dealer i commits to a deal with a wrong share for trustee j, and returns it."""
        record = self.record
        keys = check_round(record).keys
        deal = spoiled(
            trustee_key(i).deal(
                record.context(), i, record.trustees[i - 1], record.threshold, keys
            ),
            record.threshold,
            j,
        )
        commitment = deal_commitment(record.context(), i, deal)
        self.station.board(f"trustee {i}").commit_deal(self.number, i, commitment)
        return deal


@pytest.fixture
def council(station):
    """Three trustees, two of whom decrypt; the election is created."""
    return Council(station, station.hold_election("keys"))


__all__ = ["council"]
