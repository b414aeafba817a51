"""What can be wrong with keys, deals, ballots and shares: one named error each.

They are raised by the pure cryptography, before anything is sent or after it was read. The errors
of the contracts have their own classes. None of them holds a secret, a nonce or a vote.
"""

from __future__ import annotations

from crmdapp.errors import KeyProblem, UsageError, VerificationFailed


class TrusteeFault(VerificationFailed):
    """Something of a trustee's.

    Args:
        message: What happened.
        trustee: The trustee's index, from 1.
    """

    def __init__(
        self, message: str = "", *, trustee: int = 0, why: str = "", hint: str = ""
    ) -> None:
        super().__init__(message, why=why, hint=hint)
        self.trustee = trustee


class DealerFault(VerificationFailed):
    """Something of a dealer's.

    Args:
        message: What happened.
        dealer: The dealer's index, from 1.
    """

    def __init__(
        self, message: str = "", *, dealer: int = 0, why: str = "", hint: str = ""
    ) -> None:
        super().__init__(message, why=why, hint=hint)
        self.dealer = dealer


class DealFault(DealerFault):
    """Something between a dealer and a trustee.

    Args:
        message: What happened.
        dealer: The dealer's index, from 1.
        trustee: The index of the trustee whom the deal is for, from 1.
    """

    def __init__(
        self,
        message: str = "",
        *,
        dealer: int = 0,
        trustee: int = 0,
        why: str = "",
        hint: str = "",
    ) -> None:
        super().__init__(message, dealer=dealer, why=why, hint=hint)
        self.trustee = trustee


class TooFewLeft(VerificationFailed):
    """Less is there than it takes.

    Args:
        message: What happened.
        left: How many are there.
        needed: How many are needed.
    """

    def __init__(
        self, message: str = "", *, left: int = 0, needed: int = 0, why: str = "", hint: str = ""
    ) -> None:
        super().__init__(message, why=why, hint=hint)
        self.left = left
        self.needed = needed


class WireMalformed(VerificationFailed):
    """Bytes do not have the form that they must have."""


class MessageMalformed(WireMalformed):
    """A message has another length than one of its kind."""


class BatchMalformed(WireMalformed):
    """A batch is not made of ballots of its question by rising voter."""


class PointMalformed(WireMalformed):
    """Bytes are no point of the group: wrong length, infinity, off the curve, wrong subgroup."""


class ScalarMalformed(WireMalformed):
    """Bytes are no scalar: wrong length, or not below the group's order."""


class ProofRefused(VerificationFailed):
    """A proof of knowledge or of equal logarithms does not hold.

    Args:
        message: What happened.
        statement: The domain tag's name of what was to be proved.
    """

    def __init__(
        self, message: str = "", *, statement: str = "", why: str = "", hint: str = ""
    ) -> None:
        super().__init__(message, why=why, hint=hint)
        self.statement = statement


class BallotRefused(VerificationFailed):
    """A ballot is malformed or its proof does not hold.

    Args:
        message: What happened.
        voter: Address of the voter whose ballot it would be.
    """

    def __init__(
        self, message: str = "", *, voter: str = "", why: str = "", hint: str = ""
    ) -> None:
        super().__init__(message, why=why, hint=hint)
        self.voter = voter


class BatchRefused(VerificationFailed):
    """Some ballots of a batch cannot be counted.

    Args:
        message: What happened.
        bad: Positions of the refused ballots in the batch, from 0, rising.
        reasons: Why, in the order of ``bad``.
    """

    def __init__(
        self,
        message: str = "",
        *,
        bad: tuple[int, ...] = (),
        reasons: tuple[str, ...] = (),
        why: str = "",
        hint: str = "",
    ) -> None:
        super().__init__(message, why=why, hint=hint)
        self.bad = bad
        self.reasons = reasons


class TrusteeKeyRefused(TrusteeFault):
    """What a trustee registered is no key with a proof of knowledge."""


class DealRefused(DealerFault):
    """A deal is malformed, or a proof in it does not hold."""


class DealShareWrong(DealFault):
    """A dealer gave a trustee a share that is not the one it committed to."""


class ComplaintRefused(DealFault):
    """A complaint is malformed, or does not prove that it opens the share it is about."""


class CeremonyIncomplete(TooFewLeft):
    """Fewer valid deals or keys are left than the joint key needs."""


class TrusteeKeyForeign(KeyProblem):
    """A trustee's secret does not belong to the public key or to the ceremony."""


class ShareRefused(TrusteeFault):
    """A partial decryption is malformed, or its proof does not hold."""


class DecryptionIncomplete(TooFewLeft):
    """Fewer distinct shares are there than a decryption needs."""


class ResultWrong(VerificationFailed):
    """Counts are not what the accumulator holds, or cannot be counts of so many ballots."""


class ResultUndecodable(VerificationFailed):
    """No possible counts belong to a decrypted accumulator."""


class ElectionUndecodable(UsageError):  # noqa: N818 - the name of a problem, as users see it
    """So many ballots over so many options could never be counted.

    Args:
        message: What happened.
        options: Options of the question.
        ballots: Ballots that one accumulator might hold.
        most: Ballots that one accumulator may hold with so many options; 0 if none.
    """

    def __init__(
        self,
        message: str = "",
        *,
        options: int = 0,
        ballots: int = 0,
        most: int = 0,
        why: str = "",
        hint: str = "",
    ) -> None:
        super().__init__(message, why=why, hint=hint)
        self.options = options
        self.ballots = ballots
        self.most = most


class TurnoutTooLow(VerificationFailed):
    """So few ballots were cast that none may be decrypted.

    Args:
        message: What happened.
        ballots: How many were cast.
        minimum: The fewest that are decrypted as one sum.
    """

    def __init__(
        self,
        message: str = "",
        *,
        ballots: int = 0,
        minimum: int = 0,
        why: str = "",
        hint: str = "",
    ) -> None:
        super().__init__(message, why=why, hint=hint)
        self.ballots = ballots
        self.minimum = minimum


class DefinitionForeign(VerificationFailed):
    """A definition is not that of the election.

    Args:
        message: What happened.
        field: The first field that differs.
    """

    def __init__(
        self, message: str = "", *, field: str = "", why: str = "", hint: str = ""
    ) -> None:
        super().__init__(message, why=why, hint=hint)
        self.field = field


class RegistrarKeyMissing(KeyProblem):
    """There is no file with the registrars' key."""


class RegistrarKeyCorrupt(KeyProblem):
    """A file does not hold the registrars' key."""


class CitizenNotAttested(VerificationFailed):
    """Nobody whom the registrars trust vouches for a citizen."""


class RegistrationMixed(VerificationFailed):
    """Signatures of different registrations cannot be joined."""


class RegistrationQuorumMissing(VerificationFailed):
    """Too few registrars signed a registration.

    Args:
        message: What happened.
        signed: How many did.
        needed: How many have to.
    """

    def __init__(
        self, message: str = "", *, signed: int = 0, needed: int = 0, why: str = "", hint: str = ""
    ) -> None:
        super().__init__(message, why=why, hint=hint)
        self.signed = signed
        self.needed = needed


class WeightMissing(VerificationFailed):
    """Somebody has no weight in a poll.

    Args:
        message: What happened.
        voter: Who.
    """

    def __init__(
        self, message: str = "", *, voter: str = "", why: str = "", hint: str = ""
    ) -> None:
        super().__init__(message, why=why, hint=hint)
        self.voter = voter


class WeightsIncomplete(VerificationFailed):
    """Balances do not add up to a token's supply.

    Args:
        message: What happened.
        held: All balances together.
        supply: What there is.
    """

    def __init__(
        self, message: str = "", *, held: int = 0, supply: int = 0, why: str = "", hint: str = ""
    ) -> None:
        super().__init__(message, why=why, hint=hint)
        self.held = held
        self.supply = supply


class PollForeign(VerificationFailed):
    """A definition, or weights, are not those of a poll.

    Args:
        message: What happened.
        field: What differs first.
    """

    def __init__(
        self, message: str = "", *, field: str = "", why: str = "", hint: str = ""
    ) -> None:
        super().__init__(message, why=why, hint=hint)
        self.field = field
