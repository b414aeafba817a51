"""A member's consent to legal terms by a signature, so that somebody else pays the gas.

Nothing here needs a node: with the chain id, the address of ``ProgramTerms`` and a key, consent is
signed offline and travels as JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from crmdapp.chain.addresses import checksum, parse_address
from crmdapp.chain.errors import IntentSignatureInvalid
from crmdapp.chain.typed_data import Domain, TypedData, recover
from crmdapp.errors import UsageError, VerificationFailed
from crmdapp.loyalty._signed_json import JsonFields
from crmdapp.loyalty.intents import DEADLINE_MAX, require_terms_hash
from crmdapp.loyalty.points import is_whole

if TYPE_CHECKING:
    from crmdapp.chain.accounts import Signer

_UINT256_MAX = (1 << 256) - 1


@dataclass(frozen=True, slots=True)
class TermsAcceptance(TypedData):
    """A member's consent to one version of a program's terms, twin of the EIP-712 struct.

    Attributes:
        program: The program.
        bundle_hash: Names the version, 32 bytes; see :mod:`crmdapp.loyalty.terms_file`.
        member: Who accepts, and signs.
        nonce: Any number the member has not used at this contract, below 2^256.
        deadline: Last second it may be submitted, Unix time below 2^40.
    """

    TYPE: ClassVar[str] = (
        "TermsAcceptance(uint256 program,bytes32 bundleHash,address member,uint256 nonce,"
        "uint40 deadline)"
    )

    program: int
    bundle_hash: bytes
    member: str
    nonce: int
    deadline: int


@dataclass(frozen=True, slots=True)
class SignedAcceptance:
    """An acceptance, for which contract it was signed, and the signature.

    Attributes:
        acceptance: What is accepted by whom.
        domain: The contract and chain it is meant for.
        signature: 65 bytes (r, s, v) or 64 (ERC-2098) of a key, or whatever a smart account
            accepts (ERC-1271).
    """

    acceptance: TermsAcceptance
    domain: Domain
    signature: bytes

    @property
    def digest(self) -> bytes:
        """The 32 bytes that were signed: a name for the acceptance, whatever the signature."""
        return self.acceptance.digest(self.domain)

    def signed_by_key(self) -> bool:
        """Return whether the member's own key signed; a smart account may still accept if not."""
        try:
            return recover(self.digest, self.signature) == checksum(self.acceptance.member)
        except VerificationFailed:
            return False

    def require_signed_by_key(self) -> None:
        """Check that the member's own key signed.

        Raises:
            IntentSignatureInvalid: It did not: forged, altered, mirrored (high s), or signed for
                another contract or chain.
        """
        if not self.signed_by_key():
            raise IntentSignatureInvalid(checksum(self.acceptance.member), self.digest)

    def to_json(self) -> dict[str, Any]:
        """Return ``{"typedData": ..., "signature": "0x..."}``, the first as wallets sign it."""
        return {
            "typedData": self.acceptance.to_json(self.domain),
            "signature": "0x" + self.signature.hex(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str | bytes) -> SignedAcceptance:
        """Return the acceptance that :meth:`to_json` gave, or a wallet's typed data signed.

        Numbers may be JSON numbers, or strings in decimal or 0x hex, as wallets write them.

        Raises:
            UsageError: It is no signed acceptance; the message names the field.
        """
        outer = JsonFields.parse(data, "signed acceptance")
        typed = outer.inner("typedData")
        kind = typed.text("primaryType")
        if kind != "TermsAcceptance":
            raise UsageError(f"primaryType must be TermsAcceptance, got {kind[:60]!r}.")
        message = typed.inner("message")
        acceptance = TermsAcceptance(
            program=message.whole("program"),
            bundle_hash=message.word("bundleHash"),
            member=message.address("member"),
            nonce=message.whole("nonce"),
            deadline=message.whole("deadline", DEADLINE_MAX),
        )
        return cls(acceptance, typed.domain(), outer.signature())


def terms_domain(chain_id: int, terms: str) -> Domain:
    """Return the domain that acceptances are signed for.

    Args:
        chain_id: The chain's id.
        terms: Address of the ProgramTerms contract on it.

    Raises:
        UsageError: ``terms`` is no address.
    """
    try:
        return Domain("ProgramTerms", "1", chain_id, parse_address(terms))
    except ValueError as problem:
        raise UsageError(f"{problem}.") from None


def sign_acceptance(
    signer: Signer,
    domain: Domain,
    *,
    program: int,
    bundle_hash: bytes,
    nonce: int,
    deadline: int | datetime,
) -> SignedAcceptance:
    """Sign that the signer accepts one version of a program's terms; needs no node.

    Args:
        signer: The member.
        domain: From :func:`terms_domain`.
        program: The program.
        bundle_hash: The version, 32 bytes: the ``hash`` of the bundle that the member has read.
        nonce: Any number the member has not used at the contract, below 2^256; random ones will do.
        deadline: Last moment it may be submitted: Unix seconds below 2^40 or an aware datetime.

    Raises:
        UsageError: A value is out of its range.
        KeyProblem: The signer cannot sign.
    """
    _require_whole("program", program, _UINT256_MAX)
    _require_whole("nonce", nonce, _UINT256_MAX)
    acceptance = TermsAcceptance(
        program, require_terms_hash(bundle_hash), signer.address, nonce, _seconds(deadline)
    )
    return SignedAcceptance(acceptance, domain, acceptance.sign(signer, domain))


def _seconds(deadline: int | datetime) -> int:
    if isinstance(deadline, datetime):
        if deadline.tzinfo is None:
            raise UsageError(
                "The deadline has no time zone.", hint="Use an aware datetime, such as UTC."
            )
        deadline = int(deadline.timestamp())
    _require_whole("deadline", deadline, DEADLINE_MAX)
    return deadline


def _require_whole(name: str, value: int, most: int) -> None:
    if not is_whole(value) or not 0 <= value <= most:
        raise UsageError(f"{name} must be a whole number from 0 to {most:,}, got {value!r}.")
