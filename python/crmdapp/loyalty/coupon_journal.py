"""Which coupons were issued: their numbers, one after the other, and what each promises.

A coupon is written down before it is signed, so a process killed at any point leaves a file from
which the next one goes on: no number is given twice, and the same purchase gets the same coupon.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from crmdapp.chain._database import Database
from crmdapp.chain.typed_data import Domain
from crmdapp.errors import UsageError
from crmdapp.loyalty.campaign_rules import CampaignBudgetExceeded
from crmdapp.loyalty.coupons import Coupon
from crmdapp.loyalty.intents import ORDER_MAX

SCHEMA_VERSION = 1

_SCHEMA = """
CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    chain_id INTEGER NOT NULL,
    genesis BLOB NOT NULL,
    hub TEXT NOT NULL,
    program TEXT NOT NULL,
    UNIQUE (chain_id, genesis, hub, program)
) STRICT;
CREATE TABLE coupons (
    series INTEGER NOT NULL REFERENCES series (id),
    number INTEGER NOT NULL,
    campaign BLOB NOT NULL,
    reference TEXT NOT NULL,
    customer TEXT NOT NULL,
    points INTEGER NOT NULL,
    issued INTEGER NOT NULL,
    reversible INTEGER NOT NULL,
    valid_after INTEGER NOT NULL,
    deadline INTEGER NOT NULL,
    terms_hash BLOB NOT NULL,
    is_cancelled INTEGER NOT NULL,
    written_at REAL NOT NULL,
    PRIMARY KEY (series, number)
) STRICT;
CREATE UNIQUE INDEX one_per_reference ON coupons (series, campaign, reference);
CREATE INDEX by_customer ON coupons (series, campaign, customer, is_cancelled, points);
"""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a campaign's coupons may give.

    Attributes:
        total: Units of all of them; ``None`` for no limit.
        per_customer: Units of one customer's; ``None`` for no limit.
    """

    total: int | None = None
    per_customer: int | None = None


NO_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class CouponRequest:
    """A coupon that is to be issued.

    Attributes:
        reference: What it is for, such as the number of a receipt; once per campaign.
        coupon: The coupon, complete but for its number, which the journal gives.
    """

    reference: str
    coupon: Coupon


@dataclass(frozen=True, slots=True)
class CampaignTally:
    """How far a campaign is.

    Attributes:
        coupons: How many were issued and not cancelled.
        units: What they promise.
        customers: To how many customers.
    """

    coupons: int
    units: int
    customers: int


class CouponJournal(Database):
    """The journal file; safe to share between threads and processes.

    Args:
        path: The file; created, with its folder, if missing.

    Raises:
        JournalProblem: The file is damaged, of another version, or no such journal.
        PermissionDenied: It cannot be written.
        DiskFull: The disk is full.
    """

    def __init__(self, path: Path | str) -> None:
        super().__init__(path, what="coupon journal", schema=_SCHEMA, version=SCHEMA_VERSION)

    def issue(
        self,
        genesis: bytes,
        domain: Domain,
        requests: Sequence[CouponRequest],
        *,
        limits: Limits = NO_LIMITS,
        first: int = 1,
        number: int | None = None,
    ) -> list[Coupon]:
        """Write coupons of one program and campaign down under the next numbers, all or none.

        One whose reference was issued before is returned as it was, whatever else has changed.

        Args:
            genesis: Hash of the chain's first block.
            domain: The hub and chain they are for.
            requests: What is to be issued.
            limits: What the campaign's coupons may give, these included.
            first: The first number, if the journal has none of the program yet.
            number: The number of the only request, if it is the merchant's own.

        Returns:
            The coupons to sign, in the order of the requests.

        Raises:
            CampaignBudgetExceeded: They would exceed a limit; none was written.
            UsageError: A reference was issued to another customer or cancelled, the number is
                taken, or there are no numbers left.
        """
        if not requests:
            return []
        sample = requests[0].coupon
        found: list[Coupon] = []
        with self._writing() as db:
            series = _series(db, genesis, domain, sample.program)
            given = _sum(db, series, sample.campaign)
            for request in requests:
                row = _row_of(db, series, request.coupon.campaign, request.reference)
                if row is None:
                    place = _next(db, series, first) if number is None else number
                    row = _add(db, series, request, place)
                    given += row["points"]
                    _require_within(db, series, row, given, limits)
                else:
                    _require_same(row, request)
                found.append(_coupon(row, sample.program))
        return found

    def find(
        self, genesis: bytes, domain: Domain, program: int, campaign: bytes, reference: str
    ) -> Coupon | None:
        """Return the coupon that was issued for a reference; ``None`` if none was."""
        with self._reading() as db:
            series = _known_series(db, genesis, domain, program)
            row = _row_of(db, series, campaign, reference)
            return None if row is None else _coupon(row, program)

    def coupons(
        self, genesis: bytes, domain: Domain, program: int, campaign: bytes
    ) -> list[tuple[str, Coupon]]:
        """Return reference and coupon of all that a campaign issued and did not cancel."""
        with self._reading() as db:
            rows = db.execute(
                "SELECT * FROM coupons WHERE series = ? AND campaign = ? AND is_cancelled = 0"
                " ORDER BY number",
                (_known_series(db, genesis, domain, program), campaign),
            ).fetchall()
            return [(row["reference"], _coupon(row, program)) for row in rows]

    def tally(self, genesis: bytes, domain: Domain, program: int, campaign: bytes) -> CampaignTally:
        """Return how far a campaign is."""
        with self._reading() as db:
            row = db.execute(
                "SELECT COUNT(*), COALESCE(SUM(points), 0), COUNT(DISTINCT customer) FROM coupons"
                " WHERE series = ? AND campaign = ? AND is_cancelled = 0",
                (_known_series(db, genesis, domain, program), campaign),
            ).fetchone()
            return CampaignTally(*row)

    def given(
        self, genesis: bytes, domain: Domain, program: int, campaign: bytes, customer: str
    ) -> int:
        """Return the units that a campaign's coupons give to one customer."""
        with self._reading() as db:
            series = _known_series(db, genesis, domain, program)
            return _sum_of(db, series, campaign, customer)

    def has_numbers(self, genesis: bytes, domain: Domain, program: int) -> bool:
        """Return whether coupons of the program were issued from this journal."""
        with self._reading() as db:
            return _last(db, _known_series(db, genesis, domain, program)) is not None

    def cancel(self, genesis: bytes, domain: Domain, program: int, number: int) -> bool:
        """Write that a coupon was cancelled: it no longer counts towards its campaign's limits.

        Returns:
            Whether the journal has it.
        """
        with self._writing() as db:
            changed = db.execute(
                "UPDATE coupons SET is_cancelled = 1 WHERE series = ? AND number = ?",
                (_known_series(db, genesis, domain, program), number),
            ).rowcount
            return changed > 0


def _known_series(
    db: sqlite3.Connection, genesis: bytes, domain: Domain, program: int
) -> int | None:
    row = db.execute(
        "SELECT id FROM series WHERE chain_id = ? AND genesis = ? AND hub = ? AND program = ?",
        (domain.chain_id, genesis, domain.verifying_contract, str(program)),
    ).fetchone()
    return None if row is None else row["id"]


def _series(db: sqlite3.Connection, genesis: bytes, domain: Domain, program: int) -> int:
    known = _known_series(db, genesis, domain, program)
    if known is not None:
        return known
    made: int = db.execute(
        "INSERT INTO series (chain_id, genesis, hub, program) VALUES (?, ?, ?, ?) RETURNING id",
        (domain.chain_id, genesis, domain.verifying_contract, str(program)),
    ).fetchone()["id"]
    return made


def _row_of(
    db: sqlite3.Connection, series: int | None, campaign: bytes, reference: str
) -> sqlite3.Row | None:
    row: sqlite3.Row | None = db.execute(
        "SELECT * FROM coupons WHERE series = ? AND campaign = ? AND reference = ?",
        (series, campaign, reference),
    ).fetchone()
    return row


def _require_same(row: sqlite3.Row, request: CouponRequest) -> None:
    if row["customer"] != request.coupon.to:
        what = f"was issued for {request.reference!r} to {row['customer']}"
    elif row["is_cancelled"]:
        what = f"was issued for {request.reference!r} and cancelled"
    else:
        return
    raise UsageError(
        f"Coupon {row['number']} {what}.", hint="Use another reference for another purchase."
    )


def _last(db: sqlite3.Connection, series: int | None) -> int | None:
    number: int | None = db.execute(
        "SELECT MAX(number) FROM coupons WHERE series = ?", (series,)
    ).fetchone()[0]
    return number


def _next(db: sqlite3.Connection, series: int, first: int) -> int:
    last = _last(db, series)
    number = first if last is None else last + 1
    if number > ORDER_MAX:
        raise UsageError("The program has no numbers left for coupons.")
    return number


def _add(db: sqlite3.Connection, series: int, request: CouponRequest, number: int) -> sqlite3.Row:
    item = request.coupon
    values = (
        series,
        number,
        item.campaign,
        request.reference,
        item.to,
        item.points,
        item.issued,
        item.reversible,
        item.valid_after,
        item.deadline,
        item.terms_hash,
        time.time(),
    )
    try:
        row: sqlite3.Row = db.execute(
            "INSERT INTO coupons VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?) RETURNING *", values
        ).fetchone()
    except sqlite3.IntegrityError:
        raise UsageError(
            f"Number {number} was given to another coupon of program {item.program}.",
            hint="Leave the number out to take the next one.",
        ) from None
    return row


def _sum(db: sqlite3.Connection, series: int, campaign: bytes) -> int:
    units: int = db.execute(
        "SELECT COALESCE(SUM(points), 0) FROM coupons WHERE series = ? AND campaign = ?"
        " AND is_cancelled = 0",
        (series, campaign),
    ).fetchone()[0]
    return units


def _sum_of(db: sqlite3.Connection, series: int | None, campaign: bytes, customer: str) -> int:
    units: int = db.execute(
        "SELECT COALESCE(SUM(points), 0) FROM coupons WHERE series = ? AND campaign = ?"
        " AND customer = ? AND is_cancelled = 0",
        (series, campaign, customer),
    ).fetchone()[0]
    return units


def _require_within(
    db: sqlite3.Connection, series: int, row: sqlite3.Row, given: int, limits: Limits
) -> None:
    """Check a campaign's sums, which the coupon is in already."""
    points = row["points"]
    if limits.per_customer is not None:
        theirs = _sum_of(db, series, row["campaign"], row["customer"])
        if theirs > limits.per_customer:
            left = limits.per_customer - theirs + points
            raise CampaignBudgetExceeded(points, left, row["customer"])
    if limits.total is not None and given > limits.total:
        raise CampaignBudgetExceeded(points, limits.total - given + points)


def _coupon(row: sqlite3.Row, program: int) -> Coupon:
    return Coupon(
        program=program,
        to=row["customer"],
        points=row["points"],
        order_id=row["number"],
        issued=row["issued"],
        reversible=bool(row["reversible"]),
        valid_after=row["valid_after"],
        deadline=row["deadline"],
        campaign=row["campaign"],
        terms_hash=row["terms_hash"],
    )
