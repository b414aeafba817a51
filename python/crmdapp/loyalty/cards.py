"""Money-backed gift cards: what they are made of, and payments signed with their key offline.

The classes ``GiftCard`` and ``GiftPayment`` are the twins of the EIP-712 structs of the contract
``GiftVoucher``. A card's id is the digest of its fields, so none can change.

**Whoever knows a card's link can spend the card**, and its buyer, who knows it too, can spend it as
well; what is left goes back to the buyer only if the card says from when on.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from crmdapp.chain._signed_json import SignedJson
from crmdapp.chain._whole import require_whole
from crmdapp.chain.accounts import LocalSigner, fresh_key
from crmdapp.chain.addresses import ZERO_ADDRESS, require_address
from crmdapp.chain.signed import DEADLINE_MAX, SignedPermission, unix_seconds
from crmdapp.chain.typed_data import Domain, TypedData
from crmdapp.errors import PrivateKeyInvalid, UsageError
from crmdapp.loyalty._links import CARD, make_link, read_link
from crmdapp.loyalty.coin import require_units
from crmdapp.loyalty.errors import CardKeyInvalid, CardMismatch
from crmdapp.loyalty.intents import NO_TERMS

if TYPE_CHECKING:
    from crmdapp.chain.accounts import Signer

BASE_URL = "crmdapp:card"
"""Base of links that open no page; a shop names its own, such as ``https://shop.example/card``."""

_NUMBER_MAX = (1 << 64) - 1
_WORD_MAX = (1 << 256) - 1
_BODY_SIZE = 8 + 20 + 20 + 8 + 5 + 32 + 32


@dataclass(frozen=True, slots=True)
class GiftCard(TypedData):
    """A money-backed gift card; its digest is its id.

    Attributes:
        key: Address of the key that travels on the card; it signs what is spent.
        buyer: Who pays, and is refunded what is left if the terms allow.
        guild: Number of the list of merchants that take the card.
        refund_at: From when on what is left goes back to the buyer, Unix seconds below 2^40; 0 for
            never.
        terms_hash: Legal terms of the card, 32 bytes; zeros for none.
    """

    TYPE: ClassVar[str] = (
        "GiftCard(address key,address buyer,uint256 guild,uint40 refundAt,bytes32 termsHash)"
    )

    key: str
    buyer: str
    guild: int
    refund_at: int = 0
    terms_hash: bytes = NO_TERMS


@dataclass(frozen=True, slots=True)
class GiftPayment(TypedData):
    """The card key's permission to pay a merchant.

    Attributes:
        card: Id of the card, 32 bytes.
        merchant: Who is paid.
        amount: Base units of the coin.
        nonce: Any number the key has not used yet, below 2^256.
        deadline: Last second it may be submitted, Unix time below 2^40.
    """

    TYPE: ClassVar[str] = (
        "GiftPayment(bytes32 card,address merchant,uint256 amount,uint256 nonce,uint40 deadline)"
    )

    card: bytes
    merchant: str
    amount: int
    nonce: int
    deadline: int


@dataclass(frozen=True, slots=True)
class SignedPayment(SignedPermission):
    """A payment, the card it is made with, and the signature of the card's key.

    Attributes:
        card: The card.
        payment: What is permitted.
        domain: The contract and chain it is permitted on.
        signature: 65 bytes (r, s, v) or 64 (ERC-2098) of a key, or whatever a smart account
            accepts (ERC-1271).
    """

    card: GiftCard
    payment: GiftPayment
    domain: Domain
    signature: bytes

    @property
    def content(self) -> GiftPayment:
        """What was signed: the payment."""
        return self.payment

    @property
    def signer(self) -> str:
        """Who has to sign: the card's key."""
        return self.card.key

    def require_signed_by_key(self) -> None:
        """Check that the payment is for its card and signed by the card's own key.

        Raises:
            CardMismatch: It is for another card.
            IntentSignatureInvalid: Somebody else signed, something was altered, or it was signed
                for another contract or chain. A smart account may accept it all the same.
        """
        identity = self.card.digest(self.domain)
        if self.payment.card != identity:
            raise CardMismatch(self.payment.card, identity)
        SignedPermission.require_signed_by_key(self)

    def to_json(self) -> dict[str, Any]:
        """Return ``{"card": ..., "typedData": ..., "signature": "0x..."}``.

        The first is the card's EIP-712 message, the second the payment as wallets sign it.
        """
        return {"card": self.card.message(), **SignedPermission.to_json(self)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str | bytes) -> SignedPayment:
        """Return the payment that :meth:`to_json` gave; numbers may be strings.

        Raises:
            UsageError: It is no signed payment; the message names the field.
        """
        fields = SignedJson(data, "signed payment", "GiftPayment")
        stated, message = fields.outer.inner("card"), fields.message
        card = GiftCard(
            key=stated.address("key"),
            buyer=stated.address("buyer"),
            guild=stated.whole("guild"),
            refund_at=stated.whole("refundAt", DEADLINE_MAX),
            terms_hash=stated.word("termsHash"),
        )
        payment = GiftPayment(
            card=message.word("card"),
            merchant=message.address("merchant"),
            amount=message.whole("amount"),
            nonce=message.whole("nonce"),
            deadline=message.whole("deadline", DEADLINE_MAX),
        )
        return cls(card, payment, fields.domain(), fields.signature())


@dataclass(frozen=True, slots=True)
class HeldCard:
    """A card together with its key, as it is handed on.

    ``repr`` leaves the key out; only :meth:`link` gives it away.

    Attributes:
        domain: The GiftVoucher and chain the card is on.
        card: The card; its ``key`` is the address of the private key.
        private_key: 32 bytes.

    Raises:
        UsageError: A field is malformed, or the card has another key.
        PrivateKeyInvalid: The key is none; the message does not repeat it.
    """

    domain: Domain
    card: GiftCard
    private_key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if LocalSigner(self.private_key).address != require_card(self.card).key:
            raise UsageError("The card has another key than the one that is held.")
        require_units("A card's guild", self.card.guild, _NUMBER_MAX)
        require_units("A card's chain id", self.domain.chain_id, _NUMBER_MAX, least=0)

    @classmethod
    def new(
        cls,
        domain: Domain,
        buyer: str,
        guild: int,
        *,
        refund_at: int | datetime = 0,
        terms_hash: bytes = NO_TERMS,
    ) -> HeldCard:
        """Return a card with a fresh key, on which there is nothing yet.

        Args:
            domain: From :func:`voucher_domain`.
            buyer: Who will pay for it.
            guild: Number of the list of merchants that take it.
            refund_at: From when on what is left goes back to the buyer: Unix seconds below 2^40 or
                an aware datetime; 0 for never.
            terms_hash: Legal terms, 32 bytes; zeros for none.

        Raises:
            UsageError: A value is malformed or out of its range.
        """
        key = fresh_key()
        until = _seconds("The refund time", refund_at)
        card = GiftCard(LocalSigner(key).address, require_address(buyer), guild, until, terms_hash)
        return cls(domain, card, key)

    @classmethod
    def parse(cls, link: str) -> HeldCard:
        """Return the card that a link, or the part of it after ``#``, carries.

        Raises:
            UsageError: It is no such link; the message says why and does not repeat it.
        """
        body = read_link(link, CARD, _BODY_SIZE)
        try:
            signer = LocalSigner(body[93:])
        except PrivateKeyInvalid:
            raise UsageError("The link cannot be used: what it carries is no key.") from None
        return cls(
            voucher_domain(int.from_bytes(body[:8], "big"), "0x" + body[8:28].hex()),
            GiftCard(
                key=signer.address,
                buyer=require_address("0x" + body[28:48].hex()),
                guild=int.from_bytes(body[48:56], "big"),
                refund_at=int.from_bytes(body[56:61], "big"),
                terms_hash=body[61:93],
            ),
            body[93:],
        )

    def link(self, base_url: str = BASE_URL) -> str:
        """Return the link that hands the card on: whoever knows it can spend the card.

        Args:
            base_url: Page that it opens, over https. The key stands after ``#``, which is not
                sent to the page's server.

        Raises:
            UsageError: The base URL cannot be used.
        """
        card = self.card
        body = self.domain.chain_id.to_bytes(8, "big")
        body += bytes.fromhex(self.domain.verifying_contract[2:]) + bytes.fromhex(card.buyer[2:])
        body += card.guild.to_bytes(8, "big") + card.refund_at.to_bytes(5, "big")
        return make_link(base_url, CARD, body + card.terms_hash + self.private_key)

    @property
    def id(self) -> bytes:
        """The card's id, 32 bytes."""
        return self.card.digest(self.domain)

    def sign_payment(
        self, merchant: str, amount: int, *, deadline: int | datetime, nonce: int | None = None
    ) -> SignedPayment:
        """Sign a payment with the card's key; needs no node, see :func:`sign_payment`.

        Who pays with a card again and again takes ``nonce`` from a
        :class:`~crmdapp.loyalty.nonces.NonceBook`: each payment after the first then costs 17,100
        gas less than with random numbers.
        """
        return sign_payment(
            LocalSigner(self.private_key),
            self.domain,
            self.card,
            merchant=merchant,
            amount=amount,
            deadline=deadline,
            nonce=nonce,
        )


def voucher_domain(chain_id: int, voucher: str) -> Domain:
    """Return the domain that cards and payments are signed for.

    Args:
        chain_id: The chain's id.
        voucher: Address of the GiftVoucher on it.

    Raises:
        UsageError: ``voucher`` is no address.
    """
    return Domain("GiftVoucher", "1", chain_id, require_address(voucher))


def sign_payment(
    signer: Signer,
    domain: Domain,
    card: GiftCard,
    *,
    merchant: str,
    amount: int,
    deadline: int | datetime,
    nonce: int | None = None,
) -> SignedPayment:
    """Sign permission to pay a merchant with a card; needs no node.

    Args:
        signer: The card's key.
        domain: From :func:`voucher_domain`.
        card: The card.
        merchant: Who is paid, a merchant of the card's guild.
        amount: Base units of the coin, 1 to 2^256 - 1.
        deadline: Last moment it may be submitted: Unix seconds below 2^40 or an aware datetime.
        nonce: Any number the key has not used yet. A random one by default, which collides with
            no payment that is still on its way and needs no memory; numbers that a
            :class:`~crmdapp.loyalty.nonces.NonceBook` counts cost less gas.

    Raises:
        UsageError: A value is out of its range, or the signer is not the card's key.
        KeyProblem: The signer cannot sign.
    """
    if signer.address != require_card(card).key:
        raise UsageError(f"The card's key is {card.key}, the signer is {signer.address}.")
    payment = GiftPayment(
        card=card.digest(domain),
        merchant=require_address(merchant),
        amount=require_units("The amount", amount, _WORD_MAX),
        nonce=secrets.randbits(256) if nonce is None else nonce,
        deadline=_seconds("The deadline", deadline),
    )
    return SignedPayment(card, payment, domain, payment.sign(signer, domain))


def require_card(card: GiftCard) -> GiftCard:
    """Return ``card`` if the contract can take its fields.

    Raises:
        CardKeyInvalid: Its key is the zero address.
        UsageError: Another field is malformed; the message names it.
    """
    if require_address(card.key) == ZERO_ADDRESS:
        raise CardKeyInvalid(card.key)
    card.struct_hash()
    return card


def _seconds(what: str, moment: int | datetime) -> int:
    return require_whole(what, unix_seconds(moment, what), DEADLINE_MAX)
