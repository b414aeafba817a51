"""What can be wrong between a trustee and the public record of a ceremony: one named error each."""

from __future__ import annotations

from crmdapp.ballots.faults import DealerFault, TrusteeFault
from crmdapp.errors import UsageError, VerificationFailed


class CeremonyRecordWrong(VerificationFailed):
    """The record of a ceremony contradicts itself, or the board's rules.

    Args:
        message: What happened.
        round: The round of the ceremony, from 0.
    """

    def __init__(
        self,
        message: str = "",
        *,
        round: int = 0,  # noqa: A002 - the contract's word
        why: str = "",
        hint: str = "",
    ) -> None:
        super().__init__(message, why=why, hint=hint)
        self.round = round


class CeremonySignatureWrong(TrusteeFault):
    """What is said to be a trustee's message was not signed by the trustee's account."""


class DealCommitmentForeign(DealerFault):
    """A trustee is committed to a deal that its key file does not make."""


class CeremonyMessageStale(UsageError):  # noqa: N818 - the name of a problem, as users see it
    """A message was made for another state of the ceremony than the board is in now."""
