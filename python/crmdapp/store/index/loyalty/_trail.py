"""What the present transaction has done so far.

The ledger tells every movement by one event, ``Transfer``; what kind of movement it was follows
from the events around it in the same transaction: a coupon claim is told after its points, a debt
before them. A trail is kept between the events of one transaction and never stored: a transaction
does not outlive its block, and blocks are derived whole.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from crmdapp.store.index.deriving import Entry, Row, Rows
from crmdapp.store.index.loyalty.rings import Ring


@dataclass(slots=True)
class Burn:
    """Points that left the ledger, not by expiry.

    Attributes:
        program: The program.
        account: Whose points.
        points: How many units.
        ring: The same by age, as the usual rule takes them.
        exact: Whether events leave no doubt about the ages.
        log_index: Place of the ``Transfer`` in the block.
    """

    program: int
    account: str
    points: int
    ring: Ring
    exact: bool
    log_index: int


@dataclass(slots=True)
class Mint:
    """Points that came into the ledger, taken for an award until an event says otherwise.

    Attributes:
        program: The program.
        account: Whose points.
        points: Units that reached the account.
        paid: Units that paid a debt instead.
        log_index: Place of the ``Transfer`` in the block.
        balance: The account's row before.
        supply: The program's supply before.
        issuer: The issuer's row before; ``None`` if the caller has no counted budget.
    """

    program: int
    account: str
    points: int
    paid: int
    log_index: int
    balance: Row
    supply: Row
    issuer: Row | None


@dataclass(slots=True)
class Trail:
    """The events of one transaction, as far as later ones refer to them.

    Attributes:
        tx_hash: The transaction.
        burns: Points that left, since the last batch of orders.
        mints: Points that came.
        posted: The latest posting between programs that no other event explained yet: debtor,
            creditor, value, and the movement just before it.
        paid: The latest debt paid: program, account, units.
    """

    tx_hash: str
    burns: list[Burn] = field(default_factory=list)
    mints: list[Mint] = field(default_factory=list)
    posted: tuple[int, int, int, Burn | None] | None = None
    paid: tuple[int, str, int] | None = None

    def take_paid(self, program: int, account: str) -> int:
        """Return the debt that the points now arriving paid first, and forget it."""
        paid, self.paid = self.paid, None
        return paid[2] if paid is not None and paid[:2] == (program, account) else 0


def trail_of(rows: Rows, entry: Entry) -> Trail:
    """Return what the event's transaction has done before it."""
    trail: Trail | None = rows.scratch.get(Trail)
    if trail is None or trail.tx_hash != entry.tx_hash:
        trail = rows.scratch[Trail] = Trail(entry.tx_hash)
    return trail
