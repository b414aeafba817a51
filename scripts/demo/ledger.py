"""The points of one program, kept on paper.

The demo's own model of what the chain should hold: lots with the epoch in which they expire, kept
in dictionaries, with none of the hub's shifts and masks. The demo books every purchase and every
spending here too, and compares at the end. All amounts are units of 0.01 point.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

LANES = 4


@dataclass(slots=True)
class Account:
    """One customer on paper.

    Attributes:
        lots: Units by the epoch whose start ends their life; none of them 0.
        qualifying: Units ever awarded.
        tier: Highest tier reached at an award, 0 for none.
        lapsed: Units that expired so far, seen or not.
        unwritten: Those of them the ledger has not yet reported, because the account was not
            written since.
    """

    lots: Counter[int] = field(default_factory=Counter)
    qualifying: int = 0
    tier: int = 0
    lapsed: int = 0
    unwritten: int = 0

    @property
    def balance(self) -> int:
        """Units alive."""
        return self.lots.total()

    def by_age(self, epoch: int) -> tuple[int, ...]:
        """Units by age in ``epoch``: ``[k]`` expires when ``epoch + 4 - k`` begins."""
        return tuple(self.lots[epoch + LANES - k] for k in range(LANES))


class Ledger:
    """All customers of one program on paper.

    Args:
        tiers: Qualifying units that open tier 1, 2, ..., rising.
        validity: Epochs that awarded points live, 1 to 4.
    """

    def __init__(self, tiers: Sequence[int], validity: int) -> None:
        self.tiers = tuple(tiers)
        self.validity = validity
        self.epoch = 0
        self.awarded = 0
        self.spent = 0
        self._accounts: defaultdict[str, Account] = defaultdict(Account)

    def __iter__(self) -> Iterator[str]:
        return iter(self._accounts)

    def account(self, address: str) -> Account:
        """Return the customer's page, an empty one if there is none."""
        return self._accounts.get(address, Account())

    def roll(self, epoch: int) -> None:
        """Turn to ``epoch``: what expires by then is struck out, and not yet reported.

        Raises:
            ValueError: ``epoch`` is in the past.
        """
        if epoch < self.epoch:
            raise ValueError(f"the ledger stands at epoch {self.epoch}, {epoch} is over")
        self.epoch = epoch
        for account in self._accounts.values():
            for ends in [ends for ends in account.lots if ends <= epoch]:
                units = account.lots.pop(ends)
                account.lapsed += units
                account.unwritten += units

    def award(self, to: str, units: int) -> None:
        """Book new points of the present epoch."""
        account = self._touch(to)
        account.lots[self.epoch + self.validity] += units
        account.qualifying += units
        account.tier = max(account.tier, sum(account.qualifying >= floor for floor in self.tiers))
        self.awarded += units

    def spend(self, of: str, units: int) -> None:
        """Strike out the oldest points.

        Raises:
            ValueError: The customer has fewer.
        """
        self._take(of, units)
        self.spent += units

    def move(self, of: str, to: str, units: int) -> None:
        """Hand the oldest points on; they keep their age.

        Raises:
            ValueError: The giver has fewer.
        """
        lots = self._take(of, units)
        self._touch(to).lots.update(lots)

    def by_age(self) -> tuple[int, ...]:
        """Units alive over all customers, by age as in :meth:`Account.by_age`."""
        pages = [account.by_age(self.epoch) for account in self._accounts.values()]
        return tuple(sum(column) for column in zip(*pages, strict=True)) or (0,) * LANES

    @property
    def lapsed(self) -> int:
        """Units that expired so far, over all customers."""
        return sum(account.lapsed for account in self._accounts.values())

    @property
    def unwritten(self) -> int:
        """Units that expired and wait for their event, over all customers."""
        return sum(account.unwritten for account in self._accounts.values())

    def _touch(self, address: str) -> Account:
        account = self._accounts[address]
        account.unwritten = 0
        return account

    def _take(self, of: str, units: int) -> Counter[int]:
        account = self._touch(of)
        if units > account.balance:
            raise ValueError(f"{of} has {account.balance} units, not {units}")
        taken: Counter[int] = Counter()
        for ends in sorted(account.lots):
            taken[ends] = min(account.lots[ends], units - taken.total())
        account.lots.subtract(taken)
        account.lots, taken = +account.lots, +taken
        return taken
