"""What a customer permits by a signature, so that somebody else pays the gas.

Nothing here needs a node: with the chain id, the hub's address and a key, an intent is signed
offline and travels as JSON. The classes are the twins of the hub's EIP-712 structs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from crmdapp.chain.addresses import ZERO_ADDRESS, checksum, parse_address
from crmdapp.chain.errors import IntentSignatureInvalid
from crmdapp.chain.typed_data import Domain, TypedData, recover, sign_many
from crmdapp.errors import UsageError, VerificationFailed
from crmdapp.loyalty.points import is_whole, require_amount

if TYPE_CHECKING:
    from crmdapp.chain.accounts import Signer

ORDER_MAX = (1 << 48) - 1
"""Largest order id of a redemption, 48 bits."""

DEADLINE_MAX = (1 << 40) - 1
"""Latest deadline, Unix seconds, 40 bits (the year 36812)."""

SIGNATURE_MAX = (1 << 16) - 1

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
    """Permission of ``from_`` to spend points on an order at the merchant who runs ``program``.

    Attributes:
        program: The program.
        from_: The holder, who signs.
        points: Units of 0.01 point.
        order_id: The merchant's number of the order; an order is redeemed once.
        deadline: Last second it may be submitted, Unix time below 2^40.
    """

    TYPE: ClassVar[str] = (
        "RedeemIntent(uint256 program,address from,uint48 points,uint48 orderId,uint40 deadline)"
    )

    program: int
    from_: str
    points: int
    order_id: int
    deadline: int


Intent = TransferIntent | RedeemIntent

_KINDS: Mapping[str, type[TransferIntent | RedeemIntent]] = {
    "TransferIntent": TransferIntent,
    "RedeemIntent": RedeemIntent,
}


@dataclass(frozen=True, slots=True)
class SignedIntent:
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
    def digest(self) -> bytes:
        """The 32 bytes that were signed: a name for the intent, whatever the signature."""
        return self.intent.digest(self.domain)

    def signed_by_key(self) -> bool:
        """Return whether the holder's own key signed; a smart account may still accept if not."""
        try:
            return recover(self.digest, _long_form(self.signature)) == checksum(self.intent.from_)
        except VerificationFailed:
            return False

    def require_signed_by_key(self) -> None:
        """Check that the holder's own key signed.

        Raises:
            IntentSignatureInvalid: It did not: forged, altered, mirrored (high s), or signed for
                another hub or chain.
        """
        if not self.signed_by_key():
            raise IntentSignatureInvalid(checksum(self.intent.from_), self.digest)

    def to_json(self) -> dict[str, Any]:
        """Return ``{"typedData": ..., "signature": "0x..."}``, the first as wallets sign it."""
        return {
            "typedData": self.intent.to_json(self.domain),
            "signature": "0x" + self.signature.hex(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str | bytes) -> SignedIntent:
        """Return the signed intent that :meth:`to_json` gave, or a wallet's typed data signed.

        Numbers may be JSON numbers, or strings in decimal or 0x hex, as wallets write them.

        Raises:
            UsageError: It is not a signed intent; the message names the field.
        """
        if isinstance(data, str | bytes):
            try:
                data = json.loads(data)
            except ValueError as problem:
                raise UsageError("The signed intent is not JSON.", why=str(problem)) from None
        typed = _field(data, "typedData", dict)
        kind = _KINDS.get(_field(typed, "primaryType", str))
        if kind is None:
            raise UsageError(
                f"primaryType must be one of {', '.join(_KINDS)}, got {typed['primaryType']!r}."
            )
        message = _field(typed, "message", dict)
        stated = _field(typed, "domain", dict)
        domain = Domain(
            name=_field(stated, "name", str),
            version=_field(stated, "version", str),
            chain_id=_whole(stated, "chainId"),
            verifying_contract=_address(stated, "verifyingContract"),
        )
        program, holder = _whole(message, "program"), _address(message, "from")
        points, deadline = _whole(message, "points"), _whole(message, "deadline")
        intent: Intent
        if kind is TransferIntent:
            to, nonce = _address(message, "to"), _whole(message, "nonce")
            intent = TransferIntent(program, holder, to, points, nonce, deadline)
        else:
            order_id = _whole(message, "orderId")
            intent = RedeemIntent(program, holder, points, order_id, deadline)
        return cls(intent, domain, _signature(data))


def hub_domain(chain_id: int, hub: str) -> Domain:
    """Return the domain that a hub's intents are signed for.

    Args:
        chain_id: The chain's id.
        hub: Address of the PointsHub on it.

    Raises:
        UsageError: ``hub`` is no address.
    """
    try:
        return Domain("PointsHub", "1", chain_id, parse_address(hub))
    except ValueError as problem:
        raise UsageError(f"{problem}.") from None


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
        program, signer.address, _receiver(to), points, nonce, _seconds(deadline)
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
) -> SignedIntent:
    """Sign permission to spend the signer's points on an order; needs no node.

    Args:
        signer: The holder.
        domain: From :func:`hub_domain`.
        program: The program.
        points: Units of 0.01 point, 1 to 2^47 - 1.
        order_id: The merchant's number of the order, 0 to 2^48 - 1.
        deadline: Last moment it may be submitted: Unix seconds below 2^40 or an aware datetime.

    Raises:
        PointsOverflow: The amount is 2^47 units or more.
        UsageError: A value is out of its range.
        KeyProblem: The signer cannot sign.
    """
    intent = RedeemIntent(program, signer.address, points, order_id, _seconds(deadline))
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
    _require_range("program", intent.program, _UINT256_MAX)
    _require_range("deadline", intent.deadline, DEADLINE_MAX)
    if isinstance(intent, RedeemIntent):
        _require_range("order_id", intent.order_id, ORDER_MAX)
    else:
        _require_range("nonce", intent.nonce, _UINT256_MAX)


def deadline_in(delay: timedelta, *, now: datetime | None = None) -> int:
    """Return the deadline, Unix seconds, that lies ``delay`` from now.

    Raises:
        UsageError: ``now`` has no time zone.
    """
    return _seconds((now or datetime.now(UTC)) + delay)


def _long_form(signature: bytes) -> bytes:
    """Return a compact signature (ERC-2098, 64 bytes) in its 65 bytes; others unchanged."""
    if len(signature) != 64:
        return signature
    s_and_parity = int.from_bytes(signature[32:], "big")
    s = s_and_parity & ((1 << 255) - 1)
    return signature[:32] + s.to_bytes(32, "big") + bytes([27 + (s_and_parity >> 255)])


def _receiver(to: str) -> str:
    try:
        receiver = parse_address(to)
    except ValueError as problem:
        raise UsageError(f"{problem}.") from None
    if receiver == ZERO_ADDRESS:
        raise UsageError("The receiver is the zero address, which nobody owns.")
    return receiver


def _seconds(deadline: int | datetime) -> int:
    if isinstance(deadline, datetime):
        if deadline.tzinfo is None:
            raise UsageError(
                "The deadline has no time zone.", hint="Use an aware datetime, such as UTC."
            )
        deadline = int(deadline.timestamp())
    _require_range("deadline", deadline, DEADLINE_MAX)
    return deadline


def _require_range(name: str, value: int, most: int) -> None:
    if not is_whole(value) or not 0 <= value <= most:
        raise UsageError(f"{name} must be a whole number from 0 to {most:,}, got {value!r}.")


def _field(data: Any, name: str, kind: type) -> Any:
    value = data.get(name) if isinstance(data, Mapping) else None
    if not isinstance(value, kind):
        raise UsageError(f"The signed intent has no usable {name}: {value!r}.")
    return value


def _whole(data: Mapping[str, Any], name: str) -> int:
    value = data.get(name)
    if isinstance(value, str):
        try:
            value = int(value, 16 if value.startswith("0x") else 10)
        except ValueError:
            value = None
    if not is_whole(value) or not 0 <= value <= _UINT256_MAX:
        raise UsageError(f"{name} must be a whole number, got {data.get(name)!r}.")
    return value


def _address(data: Mapping[str, Any], name: str) -> str:
    try:
        return parse_address(_field(data, name, str))
    except ValueError as problem:
        raise UsageError(f"{name}: {problem}.") from None


def _signature(data: Any) -> bytes:
    text = _field(data, "signature", str)
    try:
        signature = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        raise UsageError("The signature is no hex data.") from None
    if len(signature) > SIGNATURE_MAX:
        raise UsageError(f"A signature has at most {SIGNATURE_MAX:,} bytes.")
    return signature
