"""One customer's points of all programs: how many, worth what, expiring when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crmdapp.chain.addresses import require_address
from crmdapp.chain.events import ERC6909Transfer
from crmdapp.errors import NodeRefused
from crmdapp.loyalty.models import Lot, Program, Statement
from crmdapp.loyalty.network_models import Prices

if TYPE_CHECKING:
    from crmdapp.loyalty.client import LoyaltyClient


@dataclass(frozen=True, slots=True)
class Holding:
    """What a customer has in one program.

    Attributes:
        program: The program.
        statement: Points by age, tier and qualifying points.
        debt: Units that the program's next awards are netted by, after a return of goods.
        prices: What the program asks and pays for its points.
    """

    program: Program
    statement: Statement
    debt: int
    prices: Prices

    @property
    def points(self) -> int:
        """Units that can be spent now."""
        return self.statement.balance

    @property
    def lots(self) -> tuple[Lot, ...]:
        """The points in the order they are spent, each lot with its expiry."""
        return self.statement.lots

    @property
    def value(self) -> int | None:
        """What they are worth at other merchants, in 10^-6 of the coin.

        ``None`` if the program has published no prices: they can be spent there only.
        """
        return self.prices.value_of(self.points) if self.prices.is_connected else None


class Wallet:
    """The points of one account in all programs of a hub, as of one block.

    Args:
        client: The hub.
        account: Whose points.

    Attributes:
        account: Its address, checksummed.
        block: The block that all figures are of.
        epoch: The epoch at that block.
    """

    def __init__(self, client: LoyaltyClient, account: str) -> None:
        self.account = require_address(account)
        self.block = client.connection.block_number()
        self.epoch: int = client.hub.read("currentEpoch", block=self.block)
        self._client = client

    def holdings(self, *, empty: bool = False, thorough: bool = False) -> Iterator[Holding]:
        """Yield what the account has, program by program, in the order it first got points.

        Memory does not grow with what is yielded. Anybody can open a program under any name and
        give its points to anybody: a holding proves nothing about who is behind it.

        Args:
            empty: Also yield programs in which the account has neither points nor a debt left.
            thorough: As in :meth:`programs`.

        Raises:
            NodeProblem: The node could not be asked.
        """
        for program in self.programs(thorough=thorough):
            holding = self._holding(program)
            if empty or holding.points or holding.debt:
                yield holding

    def programs(self, *, thorough: bool = False) -> Iterator[int]:
        """Yield the programs in which the account ever got points, each once.

        They are found by the hub's ``Transfer`` events, in ranges a node bears. A node that refuses
        that is asked about every program there is.

        Args:
            thorough: Ask about every program in any case, for a node that keeps quiet about having
                dropped old events. Takes longer: some requests for each program of the hub.
        """
        seen: set[int] = set()
        for program in self._all() if thorough else self._found():
            if program not in seen:
                seen.add(program)
                yield program

    # ----------------------------------------------------------------- inside

    def _found(self) -> Iterator[int]:
        """Yield the program of each arrival of points."""
        try:
            for log in self._client.events("Transfer", to_block=self.block, receiver=self.account):
                assert isinstance(log.event, ERC6909Transfer)  # what was asked for
                yield log.event.id
        except NodeRefused:
            yield from self._all()

    def _all(self) -> Iterator[int]:
        """Yield the programs that know the account, asking about each, with and without a face."""
        hub = self._client.hub
        count = hub.read("programCount", block=self.block)
        for number in range(1, count + 1):
            for program in (number << 1, number << 1 | 1):
                state = hub.read("statementOf", program, self.account, block=self.block)
                known = any(state.byAge) or state.qualifying
                if known or hub.read("debtOf", program, self.account, block=self.block):
                    yield program

    def _holding(self, program: int) -> Holding:
        client, hub = self._client, self._client.hub
        by_age, qualifying, tier, epoch = hub.read(
            "statementOf", program, self.account, block=self.block
        )
        statement = Statement(
            program=program,
            account=self.account,
            by_age=tuple(by_age),
            qualifying=qualifying,
            tier=tier,
            epoch=epoch,
            expiries=client.clock.expiries(epoch),
        )
        return Holding(
            program=client.program(program),
            statement=statement,
            debt=hub.read("debtOf", program, self.account, block=self.block),
            prices=client.network.prices(program, block=self.block),
        )
