"""The loyalty tables beside what the contracts say at the same block."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import RowMapping as Row
from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from crmdapp.chain.addresses import ZERO_ADDRESS
from crmdapp.chain.calls import BoundContract
from crmdapp.chain.connection import Connection
from crmdapp.chain.manifest import Manifest
from crmdapp.loyalty.points import UNLIMITED
from crmdapp.store.index.loyalty._accounts import ring_in
from crmdapp.store.index.loyalty.prices import prices_in
from crmdapp.store.index.loyalty.rings import rolled
from crmdapp.store.index.loyalty.tables import (
    ACCEPTANCES,
    BALANCES,
    BATCHES,
    CARDS,
    COUPONS,
    DEPOSITS,
    DROP_CLAIMS,
    DROPS,
    GUILD_MERCHANTS,
    GUILDS,
    ISSUERS,
    POSITIONS,
    PROGRAMS,
    REDEMPTIONS,
    SUPPLIES,
    TERMS,
)
from crmdapp.store.index.schema import plain_text
from crmdapp.store.index.verifying import Compared

_DIGEST_SHIFT = 16
_TIME_MASK = (1 << 40) - 1


def compare(
    session: Session, connection: Connection, manifest: Manifest, block: int
) -> Iterator[Compared]:
    """Yield every value of the loyalty tables beside the chain's at ``block``.

    Args:
        session: The index, at that block.
        connection: A node that still has the state of that block.
        manifest: The contracts.
        block: Number of the block.

    Raises:
        NodeProblem: The node does not answer, or no longer has that state.
    """
    if "PointsHub" in manifest:
        yield from _Hub(session, connection, manifest, block).compared()
    if "ProgramTerms" in manifest:
        terms = _bound(connection, manifest, "ProgramTerms")
        yield from _terms(session, terms, block)
    if "GiftVoucher" in manifest:
        voucher = _bound(connection, manifest, "GiftVoucher")
        yield from _vouchers(session, voucher, block)


class _Hub:
    """The hub and its clearing house at a block."""

    def __init__(
        self, session: Session, connection: Connection, manifest: Manifest, block: int
    ) -> None:
        self._session, self._block = session, block
        self._hub = _bound(connection, manifest, "PointsHub")
        house = self._hub.read("CLEARING_HOUSE")
        self._house = connection.contract("ClearingHouse", house)
        self._epoch = self._read("currentEpoch")
        self._now = connection.block_timestamp(block)

    def compared(self) -> Iterator[Compared]:
        """Yield all of it."""
        parts: tuple[tuple[Table, Callable[[Row], Iterator[_Pair]]], ...] = (
            (PROGRAMS, self._program),
            (SUPPLIES, self._supply),
            (BALANCES, self._balance),
            (ISSUERS, self._issuer),
            (POSITIONS, self._position),
            (DEPOSITS, self._deposit),
            (BATCHES, self._batch),
            (REDEMPTIONS, self._redemption),
            (COUPONS, self._coupon),
            (DROPS, self._drop),
            (DROP_CLAIMS, self._drop_claim),
        )
        for table, part in parts:
            yield from _each(self._session, table, part)
        count = self._read("programCount")
        rows = len(self._session.execute(select(PROGRAMS.c.program)).all())
        yield Compared(PROGRAMS.name, "all", "count", rows, count)

    def _read(self, function: str, *args: Any) -> Any:
        return self._hub.read(function, *args, block=self._block)

    def _program(self, row: Row) -> Iterator[_Pair]:
        program = row["program"]
        name, symbol, owner, pending, _, validity, cap, tiers = self._read("programOf", program)
        yield "name", row["name"], plain_text(name)
        yield "symbol", row["symbol"], plain_text(symbol)
        yield "owner", row["owner"], owner
        yield "pending_owner", row["pending_owner"], _known(pending)
        yield "validity", row["validity"], validity
        yield "cap", row["cap"], cap
        yield "tiers", tuple(json.loads(row["tiers"])), tuple(tiers)
        yield "clawback", row["clawback"], self._read("clawbackOf", program)
        key, budget, used = self._read("couponKeyOf", program)
        yield "coupon_key", row["coupon_key"], _known(key)
        yield "coupon_budget", row["coupon_budget"], budget
        yield "coupon_points", self._coupon_points(program), used
        held = prices_in(dict(row), self._now)
        at = int(held.effective_at.timestamp()) if held.effective_at else 0
        indexed = (held.on_ramp, held.off_ramp, held.next_on_ramp, held.next_off_ramp, at)
        yield "prices", indexed, tuple(self._read("pricesOf", program))

    def _coupon_points(self, program: int) -> int:
        supply = (
            self._session.execute(select(SUPPLIES).where(SUPPLIES.c.program == program))
            .mappings()
            .one()
        )
        points: int = supply["coupon_points"]
        return points if supply["epoch"] == self._epoch else 0

    def _supply(self, row: Row) -> Iterator[_Pair]:
        ring = rolled(ring_in(dict(row)), row["epoch"], self._epoch)
        yield from _ring(row, ring, tuple(self._read("liabilityOf", row["program"])))

    def _balance(self, row: Row) -> Iterator[_Pair]:
        program, account = row["program"], row["account"]
        ring = rolled(ring_in(dict(row)), row["epoch"], self._epoch)
        by_age, qualifying, tier, _ = self._read("statementOf", program, account)
        yield from _ring(row, ring, tuple(by_age))
        yield "qualifying", row["qualifying"], qualifying
        yield "tier", row["tier"], tier
        yield "debt", row["debt"], self._read("debtOf", program, account)

    def _issuer(self, row: Row) -> Iterator[_Pair]:
        budget, used, epoch = self._read("issuerOf", row["program"], row["issuer"])
        yield "budget", row["budget"], budget
        if budget != UNLIMITED and not self._dropped(row["program"], epoch):
            yield "used", (row["used"], row["epoch"]), (used, epoch)

    def _dropped(self, program: int, epoch: int) -> bool:
        """Whether a drop may have spent a budget in that epoch, which no event tells."""
        query = select(PROGRAMS.c.dropped_in).where(PROGRAMS.c.program == program)
        last: int = self._session.execute(query).scalar_one()
        return last >= epoch and last != 0

    def _position(self, row: Row) -> Iterator[_Pair]:
        owed, limit = self._read("positionOf", row["debtor"], row["creditor"])
        yield "owed", row["owed"], owed
        yield "limit", row["limit"], limit

    def _deposit(self, row: Row) -> Iterator[_Pair]:
        for column, function in (("deposit", "depositOf"), ("committed", "committedOf")):
            held = self._house.read(function, row["program"], block=self._block)
            yield column, row[column], held

    def _batch(self, row: Row) -> Iterator[_Pair]:
        word = int.from_bytes(self._read("batchDigestOf", row["program"], row["batch_id"]))
        yield "issued", row["issued"], word & 0xFFFF
        yield "clawback_ends_at", row["clawback_ends_at"], word >> _DIGEST_SHIFT & _TIME_MASK

    def _redemption(self, row: Row) -> Iterator[_Pair]:
        yield "order_id", True, self._read("isOrderUsed", row["merchant"], row["order_id"])

    def _coupon(self, row: Row) -> Iterator[_Pair]:
        yield "order_id", True, self._read("isCouponUsed", row["program"], row["order_id"])

    def _drop(self, row: Row) -> Iterator[_Pair]:
        root, program, _, issued, _ = self._read("dropOf", row["drop"])
        yield "root", row["root"], bytes(root)
        yield "program", row["program"], program
        yield "issued", row["issued"], issued

    def _drop_claim(self, row: Row) -> Iterator[_Pair]:
        yield "index", True, self._read("isDropClaimed", row["drop"], row["index"])


_Pair = tuple[str, Any, Any]


def _ring(row: Row, indexed: tuple[int, ...], on_chain: tuple[int, ...]) -> Iterator[_Pair]:
    """Compare ages one by one where events tell them, else what they add up to.

    What expired of ages in doubt shows only when the account is touched again.
    """
    if row["exact"]:
        yield "by_age", indexed, on_chain


def _each(
    session: Session, table: Table, part: Callable[[Row], Iterator[_Pair]]
) -> Iterator[Compared]:
    keys = [column.name for column in table.primary_key.columns]
    for row in session.execute(select(table).order_by(*table.primary_key.columns)).mappings():
        key = ", ".join(f"{name} {_shown(row[name])}" for name in keys)
        for column, indexed, on_chain in part(row):
            yield Compared(table.name, key, column, indexed, on_chain)


def _terms(session: Session, terms: BoundContract, block: int) -> Iterator[Compared]:
    def version(row: Row) -> Iterator[_Pair]:
        found = terms.read("versionAt", row["program"], row["version"], block=block)
        bundle_hash, published_at, effective_at = found
        yield "bundle_hash", row["bundle_hash"], bytes(bundle_hash)
        yield "published_at", row["published_at"], published_at
        yield "effective_at", row["effective_at"], effective_at

    def acceptance(row: Row) -> Iterator[_Pair]:
        args = (row["program"], row["bundle_hash"], row["member"])
        yield "member", True, terms.read("isAccepted", *args, block=block)

    yield from _each(session, TERMS, version)
    yield from _each(session, ACCEPTANCES, acceptance)


def _vouchers(session: Session, voucher: BoundContract, block: int) -> Iterator[Compared]:
    def guild(row: Row) -> Iterator[_Pair]:
        yield "owner", row["owner"], voucher.read("guildOwnerOf", row["guild"], block=block)

    def merchant(row: Row) -> Iterator[_Pair]:
        found = voucher.read("isMerchant", row["guild"], row["merchant"], block=block)
        yield "merchant", True, found

    def card(row: Row) -> Iterator[_Pair]:
        left = row["bought"] - row["spent"] - row["refunded"]
        yield "left", left, voucher.read("balanceOf", row["card"], block=block)

    yield from _each(session, GUILDS, guild)
    yield from _each(session, GUILD_MERCHANTS, merchant)
    yield from _each(session, CARDS, card)


def _bound(connection: Connection, manifest: Manifest, name: str) -> BoundContract:
    return connection.contract(name, manifest.address(name))


def _known(address: str) -> str | None:
    return None if address == ZERO_ADDRESS else address


def _shown(value: Any) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)
