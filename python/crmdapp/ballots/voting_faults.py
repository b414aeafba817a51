"""What can be wrong between sealing a ballot and its being counted: one named error each.

None of them holds a vote, an opening or a key.
"""

from __future__ import annotations

from crmdapp.errors import UsageError, VerificationFailed


class VoterNotOnRoll(UsageError):  # noqa: N818 - named for the problem
    """A key stands on no precinct's roll of an election.

    Args:
        message: What happened.
        voter: The key's address.
        election: The election.
    """

    def __init__(
        self,
        message: str = "",
        *,
        voter: str = "",
        election: int = 0,
        why: str = "",
        hint: str = "",
    ) -> None:
        super().__init__(message, why=why, hint=hint)
        self.voter = voter
        self.election = election


class BallotStateProblem(UsageError):  # noqa: N818 - named for the problem
    """A ballot is not in the state that what was asked for needs.

    Args:
        message: What happened.
        tracker: The ballot's, 32 bytes; empty if there is none.
    """

    def __init__(
        self, message: str = "", *, tracker: bytes = b"", why: str = "", hint: str = ""
    ) -> None:
        super().__init__(message, why=why, hint=hint)
        self.tracker = tracker


class BallotNotSealed(BallotStateProblem):
    """No ballot for the question is sealed and waits for its voter's decision."""


class BallotWaits(BallotStateProblem):
    """Another ballot for the question is sealed and waits for its voter's decision."""


class BallotChallenged(BallotStateProblem):
    """The ballot was challenged: what it holds is known, so it is never signed."""


class BallotOutstanding(BallotStateProblem):
    """Another ballot for the question was signed, and can still be counted.

    Args:
        message: What happened.
        tracker: That ballot's.
        deadline: Last second in which it can be counted; 0 if only its transaction's end tells.
    """

    def __init__(
        self,
        message: str = "",
        *,
        tracker: bytes = b"",
        deadline: int = 0,
        why: str = "",
        hint: str = "",
    ) -> None:
        super().__init__(message, tracker=tracker, why=why, hint=hint)
        self.deadline = deadline


class BallotNotRecorded(VerificationFailed):
    """No ballot of that tracker was counted.

    Args:
        message: What happened.
        tracker: What was looked for, 32 bytes.
    """

    def __init__(
        self, message: str = "", *, tracker: bytes = b"", why: str = "", hint: str = ""
    ) -> None:
        super().__init__(message, why=why, hint=hint)
        self.tracker = tracker


class RelayRefused(UsageError):  # noqa: N818 - named for the problem
    """A relayer does not take a signed ballot.

    Args:
        message: What happened.
        tracker: The ballot's, 32 bytes; empty if it could not be read.
    """

    def __init__(
        self, message: str = "", *, tracker: bytes = b"", why: str = "", hint: str = ""
    ) -> None:
        super().__init__(message, why=why, hint=hint)
        self.tracker = tracker


class RelayBallotUnreadable(RelayRefused):
    """What was handed in is no signed ballot."""


class RelayBallotForeign(RelayRefused):
    """The ballot is for another chain, box, election, question or precinct than there is."""


class RelayBallotLate(RelayRefused):
    """The ballot's deadline is past, or too near; or its election has closed."""


class RelayBallotEarly(RelayRefused):
    """The ballot's question does not take ballots yet."""


class RelayVoterUnknown(RelayRefused):
    """The voter does not stand at that place on the roll."""


class RelaySignatureWrong(RelayRefused):
    """The voter did not sign the ballot."""


class RelayProofWrong(RelayRefused):
    """The ballot is malformed, or its proof does not hold."""


class RelayVoterDone(RelayRefused):
    """The voter has voted on the question."""


class RelayBallotRival(RelayRefused):
    """Another ballot of the voter for the question is on its way."""
