"""Coupons: points promised to one customer by the signature of the program's coupon key.

Nothing here needs a node: with the chain id, the hub's address and the key, coupons are signed
offline, many thousands in a second, and travel as JSON or as a link. Whoever has the coupon may
submit it, and its points go to the customer it names, so a coupon is no secret.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar

from crmdapp.chain._signed_json import SignedJson
from crmdapp.chain._whole import require_whole
from crmdapp.chain.addresses import ZERO_ADDRESS, checksum, require_address
from crmdapp.chain.signed import Signed, long_form, unix_seconds
from crmdapp.chain.typed_data import Domain, TypedData, sign_many
from crmdapp.errors import UsageError
from crmdapp.loyalty._links import COUPON, make_link, read_link
from crmdapp.loyalty.errors import CouponSignatureInvalid
from crmdapp.loyalty.intents import NO_TERMS, ORDER_MAX, hub_domain
from crmdapp.loyalty.models import LANES, LAST_EPOCH, EpochClock
from crmdapp.loyalty.points import require_amount

if TYPE_CHECKING:
    from crmdapp.chain.accounts import Signer

NO_CAMPAIGN = bytes(32)
"""The campaign of a coupon that belongs to none."""

TIME_MAX = (1 << 48) - 1
"""Latest moment in a coupon, Unix seconds, 48 bits."""

BUDGET_MAX = (1 << 34) - 1
"""Most units that a coupon key can be allowed to give in an epoch."""

_UINT256_MAX = (1 << 256) - 1
_SIGNED_AT_ONCE = 1_000

_SIGNATURE_SIZE = 65
# Bytes of what a link holds before the signature: chain id, hub, then the coupon's fields.
_LINK_SIZES = (8, 20, 32, 20, 6, 6, 2, 1, 6, 6, 32, 32)


@dataclass(frozen=True, slots=True)
class Coupon(TypedData):
    """Points promised to one customer, twin of the hub's EIP-712 struct.

    Attributes:
        program: The program.
        to: The customer.
        points: Units of 0.01 point.
        order_id: The merchant's number of it; in a program, a coupon's number counts once.
        issued: Epoch in which the points count as issued: claiming late gains no life.
        reversible: Whether the claim is stored, so that it can be reversed when the purchase is
            returned.
        valid_after: First second in which it can be claimed, Unix time below 2^48.
        deadline: Last second in which it can be claimed, Unix time below 2^48.
        campaign: What the points are for, 32 bytes; zeros for no campaign.
        terms_hash: Legal terms under which they are given, 32 bytes; zeros for none.
    """

    TYPE: ClassVar[str] = (
        "Coupon(uint256 program,address to,uint48 points,uint48 orderId,uint16 issued,"
        "bool reversible,uint48 validAfter,uint48 deadline,bytes32 campaign,bytes32 termsHash)"
    )

    program: int
    to: str
    points: int
    order_id: int
    issued: int
    reversible: bool
    valid_after: int
    deadline: int
    campaign: bytes
    terms_hash: bytes


@dataclass(frozen=True, slots=True)
class SignedCoupon(Signed):
    """A coupon, for which hub it was signed, and the signature.

    Attributes:
        coupon: What is promised.
        domain: The hub and chain it is promised on.
        signature: 65 bytes (r, s, v) or 64 (ERC-2098) of the coupon key, or whatever a smart
            account accepts (ERC-1271).
    """

    coupon: Coupon
    domain: Domain
    signature: bytes

    @property
    def content(self) -> Coupon:
        """What was signed: the coupon."""
        return self.coupon

    def require_signed_by(self, key: str) -> None:
        """Check that that key signed.

        Raises:
            CouponSignatureInvalid: It did not: forged, altered, or signed for another hub or chain.
        """
        if not self.signed_by(key):
            raise CouponSignatureInvalid(checksum(key), self.digest)

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str | bytes) -> SignedCoupon:
        """Return the coupon that :meth:`to_json` gave.

        Numbers may be JSON numbers, or strings in decimal or 0x hex.

        Raises:
            UsageError: It is no signed coupon; the message names the field.
            PointsOverflow: The amount is 2^47 units or more.
        """
        fields = SignedJson(data, "signed coupon", "Coupon")
        message = fields.message
        coupon = Coupon(
            program=message.whole("program"),
            to=message.address("to"),
            points=message.whole("points"),
            order_id=message.whole("orderId"),
            issued=message.whole("issued"),
            reversible=message.truth("reversible"),
            valid_after=message.whole("validAfter"),
            deadline=message.whole("deadline"),
            campaign=message.word("campaign"),
            terms_hash=message.word("termsHash"),
        )
        require_coupon(coupon)
        return cls(coupon, fields.domain(), fields.signature())

    def to_link(self, page: str) -> str:
        """Return a link to ``page`` that carries the coupon behind ``#``, where no server sees it.

        Args:
            page: Page that claims coupons, such as ``https://shop.example/claim``, without ``#``.

        Raises:
            UsageError: The page cannot be used, the signature is not that of a key, or the
                chain's id does not fit 64 bits.
        """
        signature = long_form(self.signature)
        if len(signature) != _SIGNATURE_SIZE:
            raise UsageError("Only a coupon signed by a key fits a link.", hint="Send it as JSON.")
        values = (self.domain.chain_id, self.domain.verifying_contract, *self.coupon.values)
        try:
            parts = [_pack(value, size) for value, size in zip(values, _LINK_SIZES, strict=True)]
        except OverflowError:
            raise UsageError("The coupon does not fit a link.", hint="Send it as JSON.") from None
        return make_link(page, COUPON, b"".join(parts) + signature)

    @classmethod
    def from_link(cls, link: str) -> SignedCoupon:
        """Return the coupon in a link that :meth:`to_link` made.

        Raises:
            UsageError: There is none in it, or it is damaged.
            PointsOverflow: The amount is 2^47 units or more.
        """
        body = read_link(link, COUPON, sum(_LINK_SIZES) + _SIGNATURE_SIZE)
        parts, at = [], 0
        for size in _LINK_SIZES:
            parts.append(body[at : at + size])
            at += size
        chain, hub, program, to, *numbers, campaign, terms = parts
        points, order, issued, reversible, first, last = [int.from_bytes(n, "big") for n in numbers]
        coupon = Coupon(
            program=int.from_bytes(program, "big"),
            to=checksum("0x" + to.hex()),
            points=points,
            order_id=order,
            issued=issued,
            reversible=reversible != 0,
            valid_after=first,
            deadline=last,
            campaign=campaign,
            terms_hash=terms,
        )
        require_coupon(coupon)
        domain = hub_domain(int.from_bytes(chain, "big"), "0x" + hub.hex())
        return cls(coupon, domain, body[at:])


def sign_coupon(
    signer: Signer,
    domain: Domain,
    *,
    program: int,
    to: str,
    points: int,
    order_id: int,
    issued: int,
    deadline: int | datetime,
    valid_after: int | datetime = 0,
    reversible: bool = False,
    campaign: bytes = NO_CAMPAIGN,
    terms_hash: bytes = NO_TERMS,
) -> SignedCoupon:
    """Sign a coupon with the program's coupon key; needs no node.

    Args:
        signer: The coupon key.
        domain: From :func:`crmdapp.loyalty.intents.hub_domain`.
        program: The program.
        to: The customer, in any case.
        points: Units of 0.01 point, 1 to 2^47 - 1.
        order_id: A number the program's coupons have not used yet, 0 to 2^48 - 1.
        issued: Epoch in which the points count as issued, see :func:`issued_epoch`.
        deadline: Last moment it can be claimed: Unix seconds below 2^48 or an aware datetime.
        valid_after: First moment it can be claimed, likewise; at once by default.
        reversible: Whether the claim can be reversed when the purchase is returned.
        campaign: 32 bytes; none by default.
        terms_hash: Legal terms, 32 bytes; none by default.

    Raises:
        PointsOverflow: The amount is 2^47 units or more.
        UsageError: A value is out of its range.
        KeyProblem: The signer cannot sign.
    """
    coupon = Coupon(
        program=program,
        to=require_address(to),
        points=points,
        order_id=order_id,
        issued=issued,
        reversible=reversible,
        valid_after=unix_seconds(valid_after, "valid_after"),
        deadline=unix_seconds(deadline, "deadline"),
        campaign=campaign,
        terms_hash=terms_hash,
    )
    require_coupon(coupon)
    return SignedCoupon(coupon, domain, coupon.sign(signer, domain))


def sign_coupons(
    coupons: Iterable[Coupon], signer: Signer, domain: Domain
) -> Iterator[SignedCoupon]:
    """Sign many coupons at the speed of the key, yielding them in order.

    Raises:
        PointsOverflow: An amount is 2^47 units or more.
        UsageError: A value is out of its range.
        KeyProblem: The signer cannot sign.
    """
    source = iter(coupons)
    while batch := list(islice(source, _SIGNED_AT_ONCE)):
        for coupon in batch:
            require_coupon(coupon)
        signatures = sign_many(batch, signer, domain)
        for coupon, signature in zip(batch, signatures, strict=True):
            yield SignedCoupon(coupon, domain, signature)


def require_coupon(coupon: Coupon) -> None:
    """Check that a coupon's values fit the hub's types and that it can ever be claimed.

    Raises:
        PointsOverflow: The amount is 2^47 units or more.
        UsageError: Another value is out of its range.
    """
    require_amount(coupon.points)
    if coupon.to == ZERO_ADDRESS:
        raise UsageError("The customer is the zero address, which nobody owns.")
    for name, value, most in (
        ("program", coupon.program, _UINT256_MAX),
        ("order_id", coupon.order_id, ORDER_MAX),
        ("issued", coupon.issued, LAST_EPOCH),
        ("valid_after", coupon.valid_after, TIME_MAX),
        ("deadline", coupon.deadline, TIME_MAX),
    ):
        require_whole(name, value, most)
    for name, word in (("campaign", coupon.campaign), ("terms_hash", coupon.terms_hash)):
        if len(word) != 32:
            raise UsageError(f"{name} must have 32 bytes, got {word!r}.")
    if coupon.deadline < coupon.valid_after:
        raise UsageError(
            f"The coupon ends ({coupon.deadline}) before it begins ({coupon.valid_after})."
        )


def issued_epoch(epoch: int, validity: int) -> int:
    """Return the epoch in which points given in ``epoch`` count as issued.

    Args:
        epoch: The epoch.
        validity: Epochs that the program's points live, 1 to 4.
    """
    return epoch - (LANES - validity)


def expires_at(clock: EpochClock, issued: int) -> datetime | None:
    """Return when points that count as issued in that epoch expire; ``None`` if never.

    A coupon for them is worth nothing from then on, whatever its deadline.
    """
    return clock.start_of(issued + LANES)


def _pack(value: Any, size: int) -> bytes:
    if isinstance(value, str):
        return bytes.fromhex(value[2:])
    return value if isinstance(value, bytes) else int(value).to_bytes(size, "big")
