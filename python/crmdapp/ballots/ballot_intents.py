"""What a voter signs, so that anybody can bring the ballot to the box.

Nothing here needs a node. The signature is over the tracker, which covers the whole ballot and what
it is bound to; who relays it can drop it, but change nothing.

Source: contracts/ballots/IBallotBox.sol; EIP-712; ERC-2098 (compact signatures).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from crmdapp.ballots.record import CastBallot
from crmdapp.ballots.transcripts import tracker as tracker_of
from crmdapp.chain._signed_json import SignedJson, read_struct
from crmdapp.chain._whole import require_whole
from crmdapp.chain.addresses import require_address
from crmdapp.chain.errors import IntentSignatureInvalid
from crmdapp.chain.signed import DEADLINE_MAX, SignedPermission, compact, unix_seconds
from crmdapp.chain.typed_data import Domain, TypedData
from crmdapp.errors import UsageError, VerificationFailed

if TYPE_CHECKING:
    from crmdapp.chain.accounts import Signer

BODY_MAX = 100_000
"""Most bytes of a ballot's body; one of 32 options that are all free has some 40,000."""


@dataclass(frozen=True, slots=True)
class BallotIntent(TypedData):
    """What a voter signs.

    Attributes:
        election: Number of the election, from 1.
        question: Number of the question, from 0.
        precinct: The voter's, from 0.
        index: The voter's within the precinct, from 0.
        tracker: Of the ballot, 32 bytes.
        deadline: Last second, Unix time below 2^40, in which it may be counted.
    """

    TYPE: ClassVar[str] = (
        "BallotIntent(uint64 election,uint8 question,uint16 precinct,uint32 index,"
        "bytes32 tracker,uint40 deadline)"
    )

    election: int
    question: int
    precinct: int
    index: int
    tracker: bytes
    deadline: int


@dataclass(frozen=True, slots=True)
class SignedBallot(SignedPermission):
    """A ballot with its voter's signature, as a relayer gets it.

    Attributes:
        intent: What was signed.
        voter: The voter's address.
        body: Ciphertexts and proofs.
        domain: The box and chain it is meant for.
        signature: The voter's, 64 bytes (ERC-2098).
    """

    intent: BallotIntent
    voter: str
    body: bytes
    domain: Domain
    signature: bytes

    @property
    def content(self) -> BallotIntent:
        """What was signed."""
        return self.intent

    @property
    def signer(self) -> str:
        """The voter."""
        return self.voter

    @property
    def tracker(self) -> bytes:
        """By which the voter finds it, 32 bytes."""
        return self.intent.tracker

    def cast_ballot(self) -> CastBallot:
        """Return the ballot as it stands in a batch."""
        intent = self.intent
        return CastBallot(intent.index, intent.deadline, compact(self.signature), self.body)

    def require_sound(self, context: bytes) -> None:
        """Check that the voter signed this very body; the proofs in it are another matter.

        Args:
            context: CONTEXT of the question, 32 bytes.

        Raises:
            VerificationFailed: The tracker is that of another ballot.
            IntentSignatureInvalid: The voter did not sign.
        """
        if tracker_of(context, self.voter, self.body) != self.tracker:
            raise VerificationFailed(
                f"The ballot of {self.voter} is not the one that was signed.",
                why="Its tracker is that of another body, voter, question or box.",
            )
        if len(compact(self.signature)) != 64:  # the box takes no other form
            raise IntentSignatureInvalid(self.voter, self.digest)
        self.require_signed_by_key()

    def to_json(self) -> dict[str, Any]:
        """Return ``{"typedData", "voter", "body", "signature"}``, the first as wallets sign it."""
        return {
            "typedData": self.content.to_json(self.domain),
            "voter": self.voter,
            "body": "0x" + self.body.hex(),
            "signature": "0x" + self.signature.hex(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str | bytes) -> SignedBallot:
        """Return the ballot that :meth:`to_json` gave; nothing but its form is checked.

        Raises:
            UsageError: It is no signed ballot; the message names the field.
        """
        fields = SignedJson(data, "signed ballot", "BallotIntent")
        body = fields.outer.data("body")
        if len(body) > BODY_MAX:
            raise UsageError(f"body has {len(body):,} bytes, more than {BODY_MAX:,}.")
        return cls(
            read_struct(BallotIntent, fields.message),
            fields.outer.address("voter"),
            body,
            fields.domain(),
            compact(fields.signature()),
        )


def box_domain(chain_id: int, box: str) -> Domain:
    """Return what voters sign for: the ballot box at an address."""
    return Domain("BallotBox", "1", chain_id, require_address(box))


def sign_ballot(
    signer: Signer,
    domain: Domain,
    *,
    election: int,
    question: int,
    precinct: int,
    index: int,
    tracker: bytes,
    body: bytes,
    deadline: int | datetime,
) -> SignedBallot:
    """Sign a sealed ballot; needs no node.

    Args:
        signer: The voter's key.
        domain: From :func:`box_domain`.
        election: Number of the election, from 1.
        question: Number of the question, from 0.
        precinct: The voter's, from 0.
        index: The voter's within the precinct, from 0.
        tracker: Of the ballot, 32 bytes.
        body: Ciphertexts and proofs.
        deadline: Last moment: Unix seconds below 2^40 or an aware datetime.

    Raises:
        UsageError: A value is out of its range.
        KeyProblem: The signer cannot sign.
    """
    last = require_whole("The deadline", unix_seconds(deadline), DEADLINE_MAX)
    intent = BallotIntent(election, question, precinct, index, tracker, last)
    signature = compact(intent.sign(signer, domain))
    return SignedBallot(intent, signer.address, body, domain, signature)
