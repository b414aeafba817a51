"""Points of one brand become points of another, or are spent there.

Prices, values, positions and limits are in 10^-6 of the settlement coin (see
:mod:`crmdapp.loyalty.coin`); prices are per 1.00 point.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from crmdapp.chain.addresses import require_address
from crmdapp.chain.signed import DEADLINE_MAX
from crmdapp.loyalty.calls import GAS_PER_EXPIRY
from crmdapp.loyalty.coin import require_units
from crmdapp.loyalty.errors import (
    ERC6909InsufficientBalance,
    ProgramNotConnected,
    ProgramsEqual,
)
from crmdapp.loyalty.events import LimitSet, PricesAnnounced
from crmdapp.loyalty.models import LANES, Lot
from crmdapp.loyalty.network_models import (
    PRICE_MAX,
    Position,
    PriceChange,
    Prices,
    Quote,
    RedemptionQuote,
    require_prices,
)
from crmdapp.loyalty.points import POINTS_MAX, require_amount

if TYPE_CHECKING:
    from crmdapp.chain.calls import BoundContract, Call
    from crmdapp.chain.transactions import Receipt
    from crmdapp.loyalty.client import LoyaltyClient

__all__ = [
    "NetworkCalls",
    "NetworkClient",
    "Position",
    "PriceChange",
    "Prices",
    "Quote",
    "RedemptionQuote",
]


class NetworkCalls:
    """Calls of one PointsHub's network, checked and encoded but not sent.

    Args:
        hub: The contract.
    """

    def __init__(self, hub: BoundContract) -> None:
        self._hub = hub

    def announce_prices(self, program: int, on_ramp: int, off_ramp: int) -> Call:
        """Announce what the sender's program asks and pays for its points.

        Raises:
            PricesInvalid: Not 0 < ``off_ramp`` <= ``on_ramp``.
            UsageError: A price is no whole number below 2^48.
        """
        require_prices(on_ramp, off_ramp)
        return self._hub.call("announcePrices", program, on_ramp, off_ramp)

    def exchange(
        self, program: int, points: int, to_program: int, min_points: int, deadline: int
    ) -> Call:
        """Change the sender's points of ``program`` into points of ``to_program``.

        Raises:
            ProgramsEqual: The two are one.
            PointsOverflow: The amount is 2^47 units or more.
            UsageError: An argument is malformed.
        """
        if program == to_program:
            raise ProgramsEqual(program)
        require_amount(points)
        require_units("The least to receive", min_points, POINTS_MAX, least=0)
        require_units("The deadline", deadline, DEADLINE_MAX)
        call = self._hub.call("exchange", program, points, to_program, min_points, deadline)
        return replace(call, spare_gas=2 * GAS_PER_EXPIRY)

    def redeem_at(
        self, program: int, points: int, merchant: int, min_value: int, deadline: int
    ) -> Call:
        """Spend the sender's points of ``program`` at the merchant who runs another one.

        Raises:
            ProgramsEqual: The two are one.
            PointsOverflow: The amount is 2^47 units or more.
            UsageError: An argument is malformed.
        """
        if program == merchant:
            raise ProgramsEqual(program)
        require_amount(points)
        require_units("The least value", min_value, PRICE_MAX, least=0)
        require_units("The deadline", deadline, DEADLINE_MAX)
        call = self._hub.call("redeemAt", points, min_value, program, merchant, deadline)
        return replace(call, spare_gas=GAS_PER_EXPIRY)


class NetworkClient:
    """The network between the programs of one hub, seen and used by one account.

    What holds for :class:`~crmdapp.loyalty.client.LoyaltyClient` holds here: methods that send take
    an idempotency ``key``, simulate before they send, and raise the twins of the hub's errors.

    Source: contracts/loyalty/IPointsNetwork.sol.

    Args:
        client: The hub and the account.

    Attributes:
        prepare: The same transactions, checked and encoded but not sent.
    """

    def __init__(self, client: LoyaltyClient) -> None:
        self.prepare = NetworkCalls(client.hub)
        self._client = client
        self._hub = client.hub

    @cached_property
    def price_notice(self) -> int:
        """Seconds between an announcement of prices and their effect."""
        seconds: int = self._hub.read("PRICE_NOTICE")
        return seconds

    @cached_property
    def house(self) -> BoundContract:
        """The clearing house, where deposits and limits are kept."""
        address = self._hub.read("CLEARING_HOUSE")
        return self._client.connection.contract("ClearingHouse", address)

    # ----------------------------------------------------------------- prices

    def announce_prices(
        self, program: int, on_ramp: int, off_ramp: int, *, key: str | None = None
    ) -> Receipt:
        """Announce prices, which hold after the notice; a program's first ones hold at once.

        A new announcement replaces one that does not hold yet. The sender owns the program.

        Args:
            program: The program.
            on_ramp: Price at which other programs' customers buy in, below 2^48.
            off_ramp: What the program pays for a point that leaves it, 1 to ``on_ramp``.
            key: Idempotency key.

        Raises:
            PricesInvalid: Not 0 < ``off_ramp`` <= ``on_ramp``.
            ProgramOwnerOnly: The sender does not own the program.
            ProgramUnknown: There is no such program.
        """
        return self._client.send(self.prepare.announce_prices(program, on_ramp, off_ramp), key=key)

    def prices(self, program: int, *, block: int | str = "latest") -> Prices:
        """Return the prices that hold, with those announced.

        Raises:
            ProgramUnknown: There is no such program.
        """
        on_ramp, off_ramp, next_on, next_off, at = self._hub.read("pricesOf", program, block=block)
        if on_ramp == 0:
            self._client.program(program)
        effective_at = _moment(at) if at else None
        return Prices(program, on_ramp, off_ramp, next_on, next_off, effective_at)

    def price_history(self, program: int) -> Iterator[PriceChange]:
        """Yield all announcements of a program in order, asking in ranges a node bears.

        Raises:
            ProgramUnknown: There is no such program.
        """
        self._client.program(program)
        previous: PriceChange | None = None
        for log in self._client.events("PricesAnnounced", program=program):
            event = log.event
            assert isinstance(event, PricesAnnounced)  # what was asked for
            # The first prices hold at once, all later ones after the notice.
            notice = self.price_notice if previous is not None else 0
            announced_at = event.effective_at - notice
            if previous is not None:
                is_replaced = announced_at < previous.effective_at.timestamp()
                yield replace(previous, is_replaced=is_replaced)
            previous = PriceChange(
                program=program,
                on_ramp=event.on_ramp,
                off_ramp=event.off_ramp,
                announced_at=_moment(announced_at),
                effective_at=_moment(event.effective_at),
                is_replaced=False,
                tx_hash=log.tx_hash,
            )
        if previous is not None:
            yield previous

    # ----------------------------------------------------------------- exchange

    def quote_exchange(
        self, program: int, points: int, to_program: int, *, account: str | None = None
    ) -> Quote:
        """Return what changing points of one program into another's would give now.

        Args:
            program: Program the points leave.
            points: Units that leave.
            to_program: Program they become points of.
            account: Who holds them; ``None`` to go by the prices alone.

        Raises:
            ProgramNotConnected: One of the two has published no prices.
            ProgramsEqual: The two are one.
            ProgramUnknown: There is no such program.
            ERC6909InsufficientBalance: The account holds fewer.
            PointsOverflow: The amount, or what arrives of one age, is 2^47 units or more.
        """
        if program == to_program:
            raise ProgramsEqual(program)
        require_amount(points)
        block = self._client.connection.block_number()
        prices = self.prices(program, block=block)
        rate = prices.rate_to(self.prices(to_program, block=block))
        quote = Quote(
            program=program,
            to_program=to_program,
            points=points,
            received=int(points * rate),
            value=prices.value_of(points),
            rate=rate,
            room=self.position(program, to_program, block=block).room,
        )
        if account is None:
            return quote
        lots = self._lots(quote, require_address(account), block)
        return replace(quote, received=sum(lot.units for lot in lots), lots=lots)

    def exchange(
        self,
        program: int,
        points: int,
        to_program: int,
        *,
        min_points: int,
        deadline: int,
        key: str | None = None,
    ) -> Receipt:
        """Change the sender's points into another program's; they keep their expiry, lane by lane.

        Args:
            program: Program the points leave.
            points: Units that leave, the oldest first.
            to_program: Program they become points of.
            min_points: Least units to receive; see :meth:`quote_exchange`.
            deadline: Last second in which it may happen, Unix time below 2^40.
            key: Idempotency key.

        Raises:
            ExchangeBelowMinimum: Fewer than ``min_points`` would arrive.
            IntentExpired: The deadline has passed.
            ProgramNotConnected: One of the two has published no prices.
            ProgramsEqual: The two are one.
            PositionOverLimit: The program would owe the other more than it may.
            ERC6909InsufficientBalance: The sender holds less, or they expired.
            PointsOverflow: The amount, or what the sender holds afterwards, reaches 2^47 units.
            CapExceeded: The other program's cap does not allow as many points.
            ProgramUnknown: There is no such program.
        """
        call = self.prepare.exchange(program, points, to_program, min_points, deadline)
        return self._client.send_for(call, program, to_program, key=key)

    # ----------------------------------------------------------------- redemption elsewhere

    def quote_redeem(self, program: int, points: int, merchant: int) -> RedemptionQuote:
        """Return what points of a program are worth at the merchant of another one now.

        Raises:
            ProgramNotConnected: The program has published no prices.
            ProgramsEqual: The two are one.
            ProgramUnknown: There is no such program.
        """
        if program == merchant:
            raise ProgramsEqual(program)
        require_amount(points)
        block = self._client.connection.block_number()
        prices = self.prices(program, block=block)
        if not prices.is_connected:
            raise ProgramNotConnected(program)
        self._client.program(merchant)
        room = self.position(program, merchant, block=block).room
        return RedemptionQuote(program, merchant, points, prices.value_of(points), room)

    def redeem_at(
        self,
        program: int,
        points: int,
        merchant: int,
        *,
        min_value: int,
        deadline: int,
        key: str | None = None,
    ) -> Receipt:
        """Spend the sender's points of one program at the merchant who runs another.

        Args:
            program: Program whose points are spent, the oldest first.
            points: Units spent.
            merchant: The merchant's program.
            min_value: Least that the merchant must be credited, in 10^-6 of the coin; see
                :meth:`quote_redeem`.
            deadline: Last second in which it may happen, Unix time below 2^40.
            key: Idempotency key.

        Raises:
            RedemptionBelowMinimum: The merchant would be credited less than ``min_value``.
            IntentExpired: The deadline has passed.
            ProgramNotConnected: The program has published no prices.
            ProgramsEqual: The two are one.
            PositionOverLimit: The program would owe the merchant more than it may.
            ERC6909InsufficientBalance: The sender holds less, or they expired.
            PointsOverflow: The amount is 2^47 units or more.
            ProgramUnknown: There is no such program.
        """
        call = self.prepare.redeem_at(program, points, merchant, min_value, deadline)
        return self._client.send_for(call, program, merchant, key=key)

    # ----------------------------------------------------------------- positions

    def position(self, program: int, other: int, *, block: int | str = "latest") -> Position:
        """Return what two programs owe each other, as ``program`` sees it.

        Between programs that have nothing to do with each other, all of it is 0.
        """
        if block == "latest":
            block = self._client.connection.block_number()  # both sides as of one block
        owing, limit = self._hub.read("positionOf", program, other, block=block)
        owed, other_limit = self._hub.read("positionOf", other, program, block=block)
        return Position(program, other, owing, owed, limit, other_limit)

    def positions(self, program: int) -> Iterator[Position]:
        """Yield the program's positions with every other program, by the other's number.

        The others are found by the clearing house's events, in ranges a node bears: nothing can
        be posted between two programs before one of them has set a limit.

        Raises:
            ProgramUnknown: There is no such program.
        """
        self._client.program(program)
        others: set[int] = set()
        since = self._client.since_block
        for side in ("debtor", "creditor"):
            for log in self.house.events("LimitSet", from_block=since, **{side: program}):
                assert isinstance(log.event, LimitSet)  # what was asked for
                others |= {log.event.debtor, log.event.creditor}
        for other in sorted(others - {program}):
            yield self.position(program, other)

    # ----------------------------------------------------------------- inside

    def _lots(self, quote: Quote, account: str, block: int) -> tuple[Lot, ...]:
        """Return what of each age would arrive; the oldest leave first, each age rounded down."""
        by_age, _, _, epoch = self._hub.read("statementOf", quote.program, account, block=block)
        expiries = self._client.clock.expiries(epoch)
        left, lots = quote.points, []
        for age in reversed(range(LANES)):
            taken = min(left, by_age[age])
            left -= taken
            units = int(taken * quote.rate)
            if units:
                lots.append(Lot(age, require_amount(units), expiries[age]))
        if left:
            held = quote.points - left
            raise ERC6909InsufficientBalance(account, held, quote.points, quote.program)
        return tuple(lots)


def _moment(timestamp: int) -> datetime:
    return datetime.fromtimestamp(timestamp, UTC)
