"""What an audit has before it: the record as one row of events, and what earlier links proved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from crmdapp.ballots.ceremony import JointKey
from crmdapp.ballots.choice import Choice
from crmdapp.ballots.elgamal import Ciphertext
from crmdapp.ballots.evidence import BallotContracts, ElectionRecord, RecordedTransaction
from crmdapp.ballots.grouping import BallotGroup
from crmdapp.ballots.vector import Vector
from crmdapp.chain._keccak import keccak
from crmdapp.chain.decode import Event, plain, split_tuple
from crmdapp.errors import CrmdappError

Encoding: TypeAlias = "Choice | Vector"

WINDOW_NAMES = (
    "keysUntil",
    "commitmentsUntil",
    "dealsUntil",
    "complaintsUntil",
    "registrationUntil",
    "opensAt",
    "closesAt",
    "sharesUntil",
)


class LinkBroken(Exception):  # noqa: N818 - never seen by callers, who get a report
    """Something in the record is not as it must be.

    Args:
        reason: What is wrong, one sentence.
        place: Where in the record; empty if it is nowhere.
    """

    def __init__(self, reason: str, place: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.place = place


@dataclass(frozen=True, slots=True)
class Seen:
    """An event in its place.

    Attributes:
        event: What it says.
        contract: Name of the contract that emitted it.
        position: Its place in the whole record, from 0.
        log_index: Its place in its block.
        transaction: What caused it.
    """

    event: Any
    contract: str
    position: int
    log_index: int
    transaction: RecordedTransaction

    @property
    def name(self) -> str:
        """The event's Solidity name."""
        return type(self.event).__name__

    @property
    def time(self) -> int:
        """Time of its block, seconds since 1970."""
        return self.transaction.time

    @property
    def place(self) -> str:
        """Where it stands, for messages."""
        return f"block {self.transaction.block}, log {self.log_index} ({self.name})"

    def broken(self, reason: str) -> LinkBroken:
        """Return what says that this event is wrong."""
        return LinkBroken(reason, self.place)

    def require(self, holds: bool, reason: str) -> None:
        """Check something of this event.

        Raises:
            LinkBroken: It does not hold.
        """
        if not holds:
            raise self.broken(reason)


@dataclass(frozen=True, slots=True)
class Settings:
    """What an election is, as its creation said.

    Attributes:
        organiser: Who created it.
        definition_hash: Of its definition, 32 bytes.
        windows: Their ends in the order of :data:`WINDOW_NAMES`, seconds since 1970.
        precincts: How many.
        minimum_turnout: Fewest ballots that are decrypted as one sum.
        threshold: t.
        registrar_quorum: m.
        questions: How each is encrypted.
        trustees: Their addresses; the j-th, from 1, holds the share at j.
        registrars: Their addresses, rising.
    """

    organiser: str
    definition_hash: bytes
    windows: tuple[int, ...]
    precincts: int
    minimum_turnout: int
    threshold: int
    registrar_quorum: int
    questions: tuple[Encoding, ...]
    trustees: tuple[str, ...]
    registrars: tuple[str, ...]

    def window(self, name: str) -> int:
        """Return the end of a window by its Solidity name."""
        return self.windows[WINDOW_NAMES.index(name)]


@dataclass(frozen=True, slots=True)
class CountedBatch:
    """A batch whose ballots count, but for those that were passed over.

    Attributes:
        seen: Its event.
        question: Number of the question.
        precinct: Number of the precinct.
        ballots: Voter and body of each ballot that counts, in the batch's order.
        numbers: The place of each of them in the batch, from 0.
        trackers: Of each of them, 32 bytes.
        size: Ballots in the batch.
    """

    seen: Seen
    question: int
    precinct: int
    ballots: tuple[tuple[str, bytes], ...] = field(repr=False)
    numbers: tuple[int, ...] = field(repr=False)
    trackers: tuple[bytes, ...] = field(repr=False)
    size: int


@dataclass(frozen=True, slots=True)
class CheckedShare:
    """A trustee's proved decryptions of a group.

    Attributes:
        seen: Where they were posted.
        index: The trustee's, from 1.
        data: As they were posted, 320 bytes a sum.
    """

    seen: Seen
    index: int
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Closing:
    """A question that closed, with its groups; none if too few voted.

    Attributes:
        seen: Where it closed.
        groups: Precincts that are counted together.
        sums: Of each group the sum of each ciphertext.
    """

    seen: Seen
    groups: tuple[BallotGroup, ...]
    sums: tuple[tuple[Ciphertext, ...], ...] = field(repr=False)


@dataclass
class Case:
    """The record, and what the links so far have proved; each link adds its own.

    Attributes:
        record: The record.
        row: Its events in their order.
        settings: Of the election.
        cancelled: Where it was called off, if it was.
        voters_limit: Most voters of a precinct.
        finalised: Where the ceremony came to a key, if it did.
        deals: Deals of the last round that were posted and not excluded, by dealer.
        joint: The joint key.
        rolls: The voters of each precinct, in their order.
        frozen: Where each chunk was frozen, by precinct and number.
        contexts: CONTEXT of each question that was prepared, with its place.
        batches: All that were counted, in their order.
        batch_sums: Of each of them the sum of each ciphertext.
        sums: Of each question and precinct the sum of each ciphertext.
        ballots: Counted ballots of each question and precinct.
        closings: By question.
        shares: By question and group, then by trustee.
        one_shot: By position of the tally in whose input they stand, then by trustee.
        counts: By question and group.
        voided: Where questions were found to stay without a result.
        notes: What the reader of the report has to know.
    """

    record: ElectionRecord
    row: tuple[Seen, ...] = ()
    settings: Settings | None = None
    cancelled: Seen | None = None
    voters_limit: int = 0
    finalised: Seen | None = None
    deals: Mapping[int, Any] = field(default_factory=dict)
    joint: JointKey | None = None
    rolls: list[list[str]] = field(default_factory=list)
    frozen: dict[tuple[int, int], Seen] = field(default_factory=dict)
    contexts: dict[int, tuple[bytes, Seen]] = field(default_factory=dict)
    batches: list[CountedBatch] = field(default_factory=list)
    batch_sums: list[tuple[Ciphertext, ...]] = field(default_factory=list)
    sums: dict[tuple[int, int], tuple[Ciphertext, ...]] = field(default_factory=dict)
    ballots: dict[tuple[int, int], int] = field(default_factory=dict)
    closings: dict[int, Closing] = field(default_factory=dict)
    shares: dict[tuple[int, int], dict[int, CheckedShare]] = field(default_factory=dict)
    one_shot: dict[int, dict[int, CheckedShare]] = field(default_factory=dict)
    counts: dict[tuple[int, int], tuple[Seen, tuple[int, ...]]] = field(default_factory=dict)
    voided: dict[int, Seen] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def contracts(self) -> BallotContracts:
        """Where the contracts are."""
        return self.record.contracts

    @property
    def known(self) -> Settings:
        """The settings, which the links after theirs have."""
        assert self.settings is not None  # the links are checked in their order
        return self.settings

    @property
    def key(self) -> JointKey:
        """The joint key, which the links that ask for it have."""
        assert self.joint is not None  # nothing is prepared without a key
        return self.joint

    def of(self, *kinds: type[Event]) -> Iterator[Seen]:
        """Yield the events of some kinds, in their order."""
        return (seen for seen in self.row if isinstance(seen.event, kinds))

    def require_sender(self, seen: Seen, account: str, address: str) -> None:
        """Check that an account caused an event.

        A contract in between may be the account itself; that only its code can tell, so it is
        noted.

        Args:
            seen: The event.
            account: Who has to have called.
            address: The contract that was called.

        Raises:
            LinkBroken: Somebody else did.
        """
        signed = seen.transaction.signed
        if signed.to == address:
            seen.require(signed.sender == account, f"{signed.sender} sent it, not {account}.")
        else:
            self.note(
                f"{seen.place} came through the contract {signed.to or 'it created'}: that"
                f" {account} meant it follows from that contract alone."
            )

    def require_input(self, seen: Seen, address: str, function: str, *values: Any) -> None:
        """Check that an event says what its transaction's input does.

        An input that reached the contract through another one is passed over.

        Args:
            seen: The event.
            address: The contract that was called.
            function: Signature of the function that causes such an event.
            values: What it must have been called with.

        Raises:
            LinkBroken: The input says something else.
        """
        signed = seen.transaction.signed
        if signed.to != address:
            return
        found = arguments_of(signed.data, function)
        seen.require(found == values, "The transaction's input says something else.")

    def note(self, text: str) -> None:
        """Keep something that the reader of the report has to know, once."""
        if text not in self.notes:
            self.notes.append(text)


def arguments_of(data: bytes, function: str) -> tuple[Any, ...]:
    """Return what a function was called with; empty if it was not called.

    Args:
        data: The call.
        function: The function's signature.
    """
    from eth_abi.abi import decode
    from eth_abi.exceptions import DecodingError

    if data[:4] != keccak(function.encode())[:4]:
        return ()
    kinds = split_tuple(function[function.index("(") :])
    try:
        # As the contracts read it: other encodings than the usual one say the same.
        found = decode(kinds, data[4:], strict=False)
    except (DecodingError, OverflowError):
        return ()
    return tuple(map(plain, kinds, found))


def reason_of(problem: CrmdappError) -> str:
    """Return why something was refused, in one text."""
    return f"{problem.message} {problem.why}".strip()
