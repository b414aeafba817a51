"""What a customer permits by a signature, so that somebody else pays the gas.

Nothing here needs a node: with the chain id, the hub's address and a key, an intent is signed
offline and travels as JSON. The classes are the twins of the hub's EIP-712 structs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from crmdapp.chain._signed_json import JsonFields, SignedJson
from crmdapp.chain._whole import require_whole
from crmdapp.chain.addresses import ZERO_ADDRESS, require_address
from crmdapp.chain.signed import DEADLINE_MAX, SignedPermission, unix_seconds
from crmdapp.chain.typed_data import Domain, TypedData, sign_many
from crmdapp.errors import UsageError
from crmdapp.loyalty.points import require_amount

if TYPE_CHECKING:
    from crmdapp.chain.accounts import Signer

ORDER_MAX = (1 << 48) - 1
"""Largest order id of a redemption, 48 bits."""

NO_TERMS = bytes(32)
"""The terms hash of an intent that names no legal terms."""

_UINT256_MAX = (1 << 256) - 1


@dataclass(frozen=True, slots=True)
class TransferIntent(TypedData):
    """Permission of ``from_`` to move points to ``to``.

    Attributes:
        program: The program.
        from_: The holder, who signs.
        to: The receiver.
        points: Units of 0.01 point.
        nonce: Any number the holder has not used yet, below 2^256.
        deadline: Last second it may be submitted, Unix time below 2^40.
    """

    TYPE: ClassVar[str] = (
        "TransferIntent(uint256 program,address from,address to,uint48 points,"
        "uint256 nonce,uint40 deadline)"
    )

    program: int
    from_: str
    to: str
    points: int
    nonce: int
    deadline: int


@dataclass(frozen=True, slots=True)
class RedeemIntent(TypedData):
    """Permission of ``from_`` to spend points on an order of a merchant.

    Attributes:
        program: Whose points are spent.
        merchant: The program that the merchant runs: the same one, or another of the network.
        terms_hash: Legal terms that the holder accepts with it, 32 bytes; zeros for none.
        from_: The holder, who signs.
        points: Units of 0.01 point.
        order_id: The merchant's number of the order; an order is redeemed once.
        deadline: Last second it may be submitted, Unix time below 2^40.
    """

    TYPE: ClassVar[str] = (
        "RedeemIntent(uint256 program,uint256 merchant,bytes32 termsHash,address from,"
        "uint48 points,uint48 orderId,uint40 deadline)"
    )

    program: int
    merchant: int
    terms_hash: bytes
    from_: str
    points: int
    order_id: int
    deadline: int


@dataclass(frozen=True, slots=True)
class ExchangeIntent(TypedData):
    """Permission of ``from_`` to change points of a program into points of another.

    Attributes:
        program: Whose points are given.
        to_program: Whose points are received.
        from_: The holder, who signs.
        points: Units of 0.01 point to give.
        min_points: Least units to receive, else nothing happens.
        terms_hash: Legal terms that the holder accepts with it, 32 bytes; zeros for none.
        nonce: Any number the holder has not used yet, below 2^256.
        deadline: Last second it may be submitted, Unix time below 2^40.
    """

    TYPE: ClassVar[str] = (
        "ExchangeIntent(uint256 program,uint256 toProgram,address from,uint48 points,"
        "uint48 minPoints,bytes32 termsHash,uint256 nonce,uint40 deadline)"
    )

    program: int
    to_program: int
    from_: str
    points: int
    min_points: int
    terms_hash: bytes
    nonce: int
    deadline: int


Intent = TransferIntent | RedeemIntent | ExchangeIntent

KINDS: Mapping[str, type[Intent]] = {
    "TransferIntent": TransferIntent,
    "RedeemIntent": RedeemIntent,
    "ExchangeIntent": ExchangeIntent,
}


@dataclass(frozen=True, slots=True)
class SignedIntent(SignedPermission):
    """An intent, for which hub it was signed, and the signature.

    Attributes:
        intent: What is permitted.
        domain: The hub and chain it is permitted on.
        signature: 65 bytes (r, s, v) or 64 (ERC-2098) of a key, or whatever a smart account
            accepts (ERC-1271).
    """

    intent: Intent
    domain: Domain
    signature: bytes

    @property
    def content(self) -> Intent:
        """What was signed: the intent."""
        return self.intent

    @property
    def signer(self) -> str:
        """Who has to sign: the holder."""
        return self.intent.from_

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str | bytes) -> SignedIntent:
        """Return the signed intent that :meth:`to_json` gave, or a wallet's typed data signed.

        Numbers may be JSON numbers, or strings in decimal or 0x hex, as wallets write them.

        Raises:
            UsageError: It is not a signed intent; the message names the field.
        """
        fields = SignedJson(data, "signed intent", *KINDS)
        intent = _read_intent(KINDS[fields.kind], fields.message)
        return cls(intent, fields.domain(), fields.signature())


def read_message(kind: type[Intent], message: Mapping[str, Any]) -> Intent:
    """Return the intent whose EIP-712 message this is, as wallets write it in JSON.

    Raises:
        UsageError: A field is missing or malformed; the message names it.
    """
    return _read_intent(kind, JsonFields(message, f"{kind.__name__}'s message"))


def _read_intent(kind: type[Intent], fields: JsonFields) -> Intent:
    program, holder = fields.whole("program"), fields.address("from")
    points, deadline = fields.whole("points"), fields.whole("deadline")
    if kind is TransferIntent:
        to, nonce = fields.address("to"), fields.whole("nonce")
        return TransferIntent(program, holder, to, points, nonce, deadline)
    terms = fields.word("termsHash")
    if kind is RedeemIntent:
        merchant, order = fields.whole("merchant"), fields.whole("orderId")
        return RedeemIntent(program, merchant, terms, holder, points, order, deadline)
    to_program, nonce = fields.whole("toProgram"), fields.whole("nonce")
    least = fields.whole("minPoints")
    return ExchangeIntent(program, to_program, holder, points, least, terms, nonce, deadline)


def batch_terms(intent: Intent) -> tuple[int, int, bytes]:
    """Return what redemptions of one batch have in common: the hub's ``RedeemTerms``.

    Raises:
        UsageError: The intent is no redemption.
    """
    if not isinstance(intent, RedeemIntent):
        raise UsageError("Only redemptions travel in batches; others are sent one by one.")
    return intent.program, intent.merchant, intent.terms_hash


def hub_domain(chain_id: int, hub: str) -> Domain:
    """Return the domain that a hub's intents are signed for.

    Args:
        chain_id: The chain's id.
        hub: Address of the PointsHub on it.

    Raises:
        UsageError: ``hub`` is no address.
    """
    return Domain("PointsHub", "1", chain_id, require_address(hub))


def sign_transfer(
    signer: Signer,
    domain: Domain,
    *,
    program: int,
    to: str,
    points: int,
    nonce: int,
    deadline: int | datetime,
) -> SignedIntent:
    """Sign permission to move the signer's points; needs no node.

    Args:
        signer: The holder.
        domain: From :func:`hub_domain`.
        program: The program.
        to: The receiver, in any case.
        points: Units of 0.01 point, 1 to 2^47 - 1.
        nonce: Any number the holder has not used yet, below 2^256; random ones will do.
        deadline: Last moment it may be submitted: Unix seconds below 2^40 or an aware datetime.

    Raises:
        PointsOverflow: The amount is 2^47 units or more.
        UsageError: A value is out of its range.
        KeyProblem: The signer cannot sign.
    """
    intent = TransferIntent(
        program, signer.address, _receiver(to), points, nonce, unix_seconds(deadline)
    )
    require_fits(intent)
    return SignedIntent(intent, domain, intent.sign(signer, domain))


def sign_redeem(
    signer: Signer,
    domain: Domain,
    *,
    program: int,
    points: int,
    order_id: int,
    deadline: int | datetime,
    merchant: int | None = None,
    terms_hash: bytes = NO_TERMS,
) -> SignedIntent:
    """Sign permission to spend the signer's points on an order; needs no node.

    Args:
        signer: The holder.
        domain: From :func:`hub_domain`.
        program: Whose points are spent.
        points: Units of 0.01 point, 1 to 2^47 - 1.
        order_id: The merchant's number of the order, 0 to 2^48 - 1.
        deadline: Last moment it may be submitted: Unix seconds below 2^40 or an aware datetime.
        merchant: The merchant's own program, if it is another one.
        terms_hash: Legal terms that are accepted with it, 32 bytes; none by default.

    Raises:
        PointsOverflow: The amount is 2^47 units or more.
        UsageError: A value is out of its range.
        KeyProblem: The signer cannot sign.
    """
    place = program if merchant is None else merchant
    until = unix_seconds(deadline)
    intent = RedeemIntent(program, place, terms_hash, signer.address, points, order_id, until)
    require_fits(intent)
    return SignedIntent(intent, domain, intent.sign(signer, domain))


def sign_exchange(
    signer: Signer,
    domain: Domain,
    *,
    program: int,
    to_program: int,
    points: int,
    min_points: int,
    nonce: int,
    deadline: int | datetime,
    terms_hash: bytes = NO_TERMS,
) -> SignedIntent:
    """Sign permission to change the signer's points into another program's; needs no node.

    Args:
        signer: The holder.
        domain: From :func:`hub_domain`.
        program: Whose points are given.
        to_program: Whose points are received.
        points: Units of 0.01 point to give, 1 to 2^47 - 1.
        min_points: Least units to receive, 0 to 2^47 - 1.
        nonce: Any number the holder has not used yet, below 2^256; random ones will do.
        deadline: Last moment it may be submitted: Unix seconds below 2^40 or an aware datetime.
        terms_hash: Legal terms that are accepted with it, 32 bytes; none by default.

    Raises:
        PointsOverflow: An amount is 2^47 units or more.
        UsageError: A value is out of its range.
        KeyProblem: The signer cannot sign.
    """
    intent = ExchangeIntent(
        program,
        to_program,
        signer.address,
        points,
        min_points,
        terms_hash,
        nonce,
        unix_seconds(deadline),
    )
    require_fits(intent)
    return SignedIntent(intent, domain, intent.sign(signer, domain))


def sign_batch(intents: Iterable[Intent], signer: Signer, domain: Domain) -> list[SignedIntent]:
    """Sign many intents of one holder, at the speed of the key.

    Raises:
        PointsOverflow: An amount is 2^47 units or more.
        UsageError: An intent is not of the signer, or a number is out of its range.
        KeyProblem: The signer cannot sign.
    """
    items = list(intents)
    for item in items:
        if item.from_ != signer.address:
            raise UsageError(f"The intent is of {item.from_}, the signer is {signer.address}.")
        require_fits(item)
    signatures = sign_many(items, signer, domain)
    return [
        SignedIntent(item, domain, signature)
        for item, signature in zip(items, signatures, strict=True)
    ]


def require_fits(intent: Intent) -> None:
    """Check that the numbers of an intent fit the hub's types.

    Raises:
        PointsOverflow: The amount is 2^47 units or more.
        UsageError: Another number is out of its range.
    """
    require_amount(intent.points)
    require_whole("program", intent.program, _UINT256_MAX)
    require_whole("deadline", intent.deadline, DEADLINE_MAX)
    if isinstance(intent, RedeemIntent):
        require_whole("merchant", intent.merchant, _UINT256_MAX)
        require_whole("order_id", intent.order_id, ORDER_MAX)
        require_terms_hash(intent.terms_hash)
        return
    require_whole("nonce", intent.nonce, _UINT256_MAX)
    if isinstance(intent, ExchangeIntent):
        require_whole("to_program", intent.to_program, _UINT256_MAX)
        if intent.min_points != 0:
            require_amount(intent.min_points)
        require_terms_hash(intent.terms_hash)


def require_terms_hash(terms_hash: bytes) -> bytes:
    """Return ``terms_hash`` if it has the 32 bytes of one.

    Raises:
        UsageError: It has not.
    """
    if len(terms_hash) != 32:
        raise UsageError("A terms hash has 32 bytes (64 hex digits).")
    return terms_hash


def deadline_in(delay: timedelta, *, now: datetime | None = None) -> int:
    """Return the deadline, Unix seconds, that lies ``delay`` from now.

    Raises:
        UsageError: ``now`` has no time zone.
    """
    until = unix_seconds((now or datetime.now(UTC)) + delay)
    return require_whole("deadline", until, DEADLINE_MAX)


def _receiver(to: str) -> str:
    receiver = require_address(to)
    if receiver == ZERO_ADDRESS:
        raise UsageError("The receiver is the zero address, which nobody owns.")
    return receiver
