"""What customers permit by a signature in the points ledger."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from crmdapp.loyalty.client import LoyaltyClient
from crmdapp.loyalty.intents import (
    NO_TERMS,
    ORDER_MAX,
    RedeemIntent,
    SignedIntent,
    TransferIntent,
    require_fits,
)
from crmdapp.web.api.intents.kinds import Relayed, Relaying, intent_kind
from crmdapp.web.context import Context
from crmdapp.web.models import AddressIn, Hash32, Model, Uint

ValidFor = Annotated[
    int, Field(ge=60, le=30 * 86_400, description="Seconds from now until the signature expires.")
]
_HOUR = 3_600
_ADDRESS = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"


class TransferRequest(Model):
    """Points to move.

    Attributes:
        program: The program.
        holder: Who gives, and signs.
        to: Who receives.
        points: Units of 0.01 point.
        valid_for: Seconds until the signature expires.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"program": "1", "holder": _ADDRESS, "to": _ADDRESS, "points": "1500"}]
        }
    )

    program: Uint
    holder: AddressIn
    to: AddressIn
    points: Uint
    valid_for: ValidFor = _HOUR


class RedeemRequest(Model):
    """Points to spend on an order.

    Attributes:
        program: Whose points are spent.
        merchant: Program of the merchant whose order it is; the same one by default.
        holder: Who spends, and signs.
        points: Units of 0.01 point.
        order_id: The merchant's number of the order.
        terms_hash: Legal terms accepted with it; none by default.
        valid_for: Seconds until the signature expires.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"program": "1", "holder": _ADDRESS, "points": "500", "order_id": "4711"}]
        }
    )

    program: Uint
    merchant: Uint | None = None
    holder: AddressIn
    points: Uint
    order_id: Uint = Field(description=f"0 to {ORDER_MAX}")
    terms_hash: Hash32 = NO_TERMS
    valid_for: ValidFor = _HOUR


@intent_kind(
    "loyalty.transfer",
    contract="PointsHub",
    primary_type="TransferIntent",
    request=TransferRequest,
)
class LoyaltyTransfer:
    """Move points to somebody else."""

    @staticmethod
    def prepare(context: Context, wanted: TransferRequest) -> dict[str, Any]:
        """Return the transfer as the holder's wallet signs it."""
        intent = TransferIntent(
            wanted.program,
            wanted.holder,
            wanted.to,
            wanted.points,
            secrets.randbits(256),
            deadline(context, wanted.valid_for),
        )
        require_fits(intent)
        return intent.to_json(context.reader(LoyaltyClient).domain)

    @staticmethod
    def read(body: Mapping[str, Any]) -> SignedIntent:
        """Return the signed transfer."""
        return SignedIntent.from_json(body)

    @staticmethod
    def relay(relaying: Relaying, signed: SignedIntent) -> Relayed:
        """Submit it alone."""
        client = relaying.client(LoyaltyClient)
        return relaying.sent(client.send(client.prepare.submit(signed), key=relaying.key))


@intent_kind(
    "loyalty.redeem", contract="PointsHub", primary_type="RedeemIntent", request=RedeemRequest
)
class LoyaltyRedeem:
    """Spend points on an order."""

    @staticmethod
    def prepare(context: Context, wanted: RedeemRequest) -> dict[str, Any]:
        """Return the redemption as the holder's wallet signs it."""
        intent = RedeemIntent(
            wanted.program,
            wanted.program if wanted.merchant is None else wanted.merchant,
            wanted.terms_hash,
            wanted.holder,
            wanted.points,
            wanted.order_id,
            deadline(context, wanted.valid_for),
        )
        require_fits(intent)
        return intent.to_json(context.reader(LoyaltyClient).domain)

    @staticmethod
    def read(body: Mapping[str, Any]) -> SignedIntent:
        """Return the signed redemption."""
        return SignedIntent.from_json(body)

    @staticmethod
    def relay(relaying: Relaying, signed: SignedIntent) -> Relayed:
        """Submit it with the next batch of its account."""
        redemptions = relaying.context.redemptions(relaying.account)
        done = redemptions.carry_out(signed)
        return Relayed(state="done", tx_hash=done.tx_hash, block=done.block)


def deadline(context: Context, seconds: int) -> int:
    """Return the Unix time that lies so many seconds ahead of the chain's clock and of this one's.

    The contract judges by the chain's clock, which may be ahead of this machine's.
    """
    return max(int(time.time()), context.connection.block_timestamp()) + seconds
