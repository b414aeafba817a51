"""A member's consent to legal terms by a signature, so that somebody else pays the gas.

Nothing here needs a node: with the chain id, the address of ``ProgramTerms`` and a key, consent is
signed offline and travels as JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from crmdapp.chain._signed_json import SignedJson
from crmdapp.chain._whole import require_whole
from crmdapp.chain.addresses import require_address
from crmdapp.chain.signed import DEADLINE_MAX, SignedPermission, unix_seconds
from crmdapp.chain.typed_data import Domain, TypedData
from crmdapp.loyalty.intents import require_terms_hash

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
class SignedAcceptance(SignedPermission):
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
    def content(self) -> TermsAcceptance:
        """What was signed: the acceptance."""
        return self.acceptance

    @property
    def signer(self) -> str:
        """Who has to sign: the member."""
        return self.acceptance.member

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str | bytes) -> SignedAcceptance:
        """Return the acceptance that :meth:`to_json` gave, or a wallet's typed data signed.

        Numbers may be JSON numbers, or strings in decimal or 0x hex, as wallets write them.

        Raises:
            UsageError: It is no signed acceptance; the message names the field.
        """
        fields = SignedJson(data, "signed acceptance", "TermsAcceptance")
        message = fields.message
        acceptance = TermsAcceptance(
            program=message.whole("program"),
            bundle_hash=message.word("bundleHash"),
            member=message.address("member"),
            nonce=message.whole("nonce"),
            deadline=message.whole("deadline", DEADLINE_MAX),
        )
        return cls(acceptance, fields.domain(), fields.signature())


def terms_domain(chain_id: int, terms: str) -> Domain:
    """Return the domain that acceptances are signed for.

    Args:
        chain_id: The chain's id.
        terms: Address of the ProgramTerms contract on it.

    Raises:
        UsageError: ``terms`` is no address.
    """
    return Domain("ProgramTerms", "1", chain_id, require_address(terms))


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
    until = require_whole("deadline", unix_seconds(deadline), DEADLINE_MAX)
    acceptance = TermsAcceptance(
        require_whole("program", program, _UINT256_MAX),
        require_terms_hash(bundle_hash),
        signer.address,
        require_whole("nonce", nonce, _UINT256_MAX),
        until,
    )
    return SignedAcceptance(acceptance, domain, acceptance.sign(signer, domain))
