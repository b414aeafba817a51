"""What a trustee may have to do in a ceremony, as plain public data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from crmdapp.ballots.models import CeremonyStep


@dataclass(frozen=True, slots=True)
class Duty:
    """Something to do in a round of a ceremony.

    Attributes:
        chain_id: Chain of the board.
        board: Address of the board.
        election: Number of the election.
        round: Number of the round.
        index: The trustee's, from 1.
    """

    kind: ClassVar[str] = ""
    step: ClassVar[CeremonyStep] = CeremonyStep.NONE

    chain_id: int
    board: str
    election: int
    round: int
    index: int


@dataclass(frozen=True, slots=True)
class RegisterKey(Duty):
    """Register the trustee's key.

    Attributes:
        message: E || A || z, 224 bytes.
    """

    kind = "key"
    step = CeremonyStep.KEYS

    message: bytes


@dataclass(frozen=True, slots=True)
class CommitDeal(Duty):
    """Commit to the trustee's deal.

    Attributes:
        commitment: 32 bytes.
    """

    kind = "commitment"
    step = CeremonyStep.COMMITMENTS

    commitment: bytes


@dataclass(frozen=True, slots=True)
class PostDeal(Duty):
    """Post the deal that the trustee committed to.

    Attributes:
        deal: The deal.
    """

    kind = "deal"
    step = CeremonyStep.DEALS

    deal: bytes


@dataclass(frozen=True, slots=True)
class DealComplaint:
    """What a trustee says of one deal.

    Attributes:
        dealer: Whose deal it is.
        deal: The deal as it was posted.
        complaint: 416 bytes.
    """

    dealer: int
    deal: bytes
    complaint: bytes


@dataclass(frozen=True, slots=True)
class Complaints(Duty):
    """Show whose deals gave the trustee a wrong share.

    Attributes:
        key: The trustee's E_j, 96 bytes.
        complaints: One for each such deal.
    """

    kind = "complaints"
    step = CeremonyStep.COMPLAINTS

    key: bytes
    complaints: tuple[DealComplaint, ...]


@dataclass(frozen=True, slots=True)
class Finalise(Duty):
    """Make the key of the deals that are left; anyone may.

    Attributes:
        deals: They, as they were posted, by their dealers.
    """

    kind = "finalise"
    step = CeremonyStep.FINALISATION

    deals: Mapping[int, bytes] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Restart(Duty):
    """Begin a new round, because too few deals can be left; anyone may."""

    kind = "restart"
    step = CeremonyStep.SHORT


@dataclass(frozen=True, slots=True)
class Nothing(Duty):
    """There is nothing to do.

    Attributes:
        reason: Why, one sentence.
        until: When that may change, Unix seconds; 0 if it will not.
    """

    kind = "nothing"

    reason: str
    until: int = 0
