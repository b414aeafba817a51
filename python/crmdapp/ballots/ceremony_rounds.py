"""What was posted in a ceremony: rounds, their messages and windows, as plain data.

Whether the messages hold is another matter: :mod:`crmdapp.ballots.ceremony_record`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from crmdapp.ballots.models import CeremonyStep
from crmdapp.ballots.transcripts import ceremony_context
from crmdapp.errors import UsageError


@dataclass(frozen=True, slots=True)
class Posted:
    """One message of a trustee.

    Attributes:
        body: A key and its proof (224 bytes), a commitment (32), a deal, or a complaint (416).
        transaction: The signed transaction that posted it, as ``eth_sendRawTransaction`` takes it;
            empty if it is not known.
    """

    body: bytes
    transaction: bytes = field(default=b"", compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class PostedComplaint(Posted):
    """A complaint, as the board judged it.

    Attributes:
        trustee: Index of who complained.
        dealer: Whose deal it is about.
        excluded: Which of the two the board excluded.
    """

    trustee: int = 0
    dealer: int = 0
    excluded: int = 0


@dataclass(frozen=True, slots=True)
class RoundRecord:
    """What was posted in one round, by index of the trustee.

    Attributes:
        number: From 0.
        complaints_until: End of its last window, Unix seconds.
        keys: Keys and their proofs.
        commitments: What dealers committed to.
        deals: What they posted then.
        complaints: In their order.
        dealers: Whose deals the board made the key of; empty while there is none.
        K: The key, 96 bytes; empty while there is none.
    """

    number: int
    complaints_until: int
    keys: Mapping[int, Posted] = field(default_factory=dict)
    commitments: Mapping[int, Posted] = field(default_factory=dict)
    deals: Mapping[int, Posted] = field(default_factory=dict)
    complaints: tuple[PostedComplaint, ...] = ()
    dealers: tuple[int, ...] = ()
    K: bytes = b""

    @property
    def is_final(self) -> bool:
        """Whether the board made a key in this round."""
        return bool(self.K)


@dataclass(frozen=True, slots=True)
class CeremonyWindows:
    """The ends of a round's windows, Unix seconds; each second belongs to the one that it ends.

    Attributes:
        keys_until: Of the keys.
        commitments_until: Of the commitments.
        deals_until: Of the deals.
        complaints_until: Of the complaints.
    """

    keys_until: int
    commitments_until: int
    deals_until: int
    complaints_until: int


@dataclass(frozen=True, slots=True)
class CeremonyRecord:
    """The public record of one election's ceremony.

    Attributes:
        chain_id: Chain of the board.
        board: Address of the board.
        election: Number of the election.
        trustees: Their accounts; the j-th, from 1, has index j.
        threshold: t.
        windows: Of the first round.
        opens_at: When the election opens, Unix seconds.
        at: Time of the block up to which it was read, Unix seconds.
        rounds: From the first to the current one.
    """

    chain_id: int
    board: str
    election: int
    trustees: tuple[str, ...]
    threshold: int
    windows: CeremonyWindows
    opens_at: int
    at: int
    rounds: tuple[RoundRecord, ...]

    @property
    def current(self) -> RoundRecord:
        """The round that was begun last."""
        return self.rounds[-1]

    def context(self, round: int | None = None) -> bytes:  # noqa: A002 - the contract's word
        """Return CEREMONY of a round, of the current one by default; 32 bytes."""
        return ceremony_context(
            chain_id=self.chain_id,
            board=self.board,
            election=self.election,
            round=self.current.number if round is None else round,
        )

    def account(self, j: int) -> str:
        """Return the account of trustee j.

        Raises:
            UsageError: There is no such trustee.
        """
        if not 1 <= j <= len(self.trustees):
            raise UsageError(
                f"Election {self.election} has no trustee {j}.",
                hint=f"Trustees have the indices 1 to {len(self.trustees)}.",
            )
        return self.trustees[j - 1]

    def index_of(self, account: str) -> int:
        """Return the index of a trustee's account, from 1.

        Raises:
            UsageError: It is no trustee's.
        """
        for j, trustee in enumerate(self.trustees, start=1):
            if trustee.lower() == account.lower():
                return j
        raise UsageError(f"{account} is no trustee of election {self.election}.")

    def windows_of(self, round_: RoundRecord) -> CeremonyWindows:
        """Return the windows of a round: as long as the first one's."""
        first, later = self.windows, round_.complaints_until - self.windows.complaints_until
        return CeremonyWindows(
            first.keys_until + later,
            first.commitments_until + later,
            first.deals_until + later,
            first.complaints_until + later,
        )

    def step_at(self, now: int) -> CeremonyStep:
        """Return what the current round waits for at a time, as the board would say.

        Args:
            now: Unix seconds; not before :attr:`at`, or the record knows of too much.
        """
        current, windows = self.current, self.windows_of(self.current)
        if current.is_final:
            return CeremonyStep.FINAL
        if now >= self.opens_at:
            return CeremonyStep.FAILED
        if now <= windows.keys_until:
            return CeremonyStep.KEYS
        # Whoever missed a step has no part in the next.
        left = len(current.deals.keys() - {each.excluded for each in current.complaints})
        if now <= windows.deals_until:
            left = len(current.commitments)
        if now <= windows.commitments_until:
            left = len(current.keys)
        if left < self.threshold:
            return CeremonyStep.SHORT
        if now <= windows.commitments_until:
            return CeremonyStep.COMMITMENTS
        if now <= windows.deals_until:
            return CeremonyStep.DEALS
        return (
            CeremonyStep.COMPLAINTS
            if now <= windows.complaints_until
            else CeremonyStep.FINALISATION
        )
