"""Amounts of the settlement coin, and deadlines, as the network's commands read and show them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.cli._values import parse_span, parse_time

if TYPE_CHECKING:
    from crmdapp.chain.calls import Call
    from crmdapp.cli._context import Session
    from crmdapp.loyalty.client import LoyaltyClient
    from crmdapp.loyalty.coin import Coin
    from crmdapp.loyalty.models import Lot

DeadlineOption = Annotated[
    str | None,
    typer.Option("--deadline", metavar="TIME", help="Last moment: a date or Unix seconds."),
]
ValidForOption = Annotated[
    str, typer.Option("--valid-for", metavar="SPAN", help="Or how long: 15m, 24h, 7d.")
]
OtherArgument = Annotated[
    int, typer.Argument(metavar="OTHER", min=0, help="Number of the other program.")
]

_WORD = 32
_SELECTOR = 4


def parse_value(text: str) -> int:
    """Return a decimal amount of the coin in 10^-6 of it.

    Raises:
        UsageError: It is no such amount.
    """
    from crmdapp.loyalty.coin import from_decimal

    return from_decimal(text)


def value(amount: int, coin: Coin) -> str:
    """Return 10^-6 of the coin in words: ``"1,250.00 TEST"``."""
    from crmdapp.loyalty.coin import to_decimal

    return f"{to_decimal(amount, grouped=True)} {coin.symbol}"


def value_data(amount: int, coin: Coin) -> dict[str, Any]:
    """Return 10^-6 of the coin as JSON data."""
    from crmdapp.loyalty.coin import to_decimal

    return {"value": amount, "amount": to_decimal(amount), "symbol": coin.symbol}


def coin_words(units: int, coin: Coin) -> str:
    """Return base units of the coin in words."""
    return f"{coin.to_decimal(units, grouped=True)} {coin.symbol}"


def coin_data(units: int, coin: Coin) -> dict[str, Any]:
    """Return base units of the coin as JSON data."""
    return {"units": units, "amount": coin.to_decimal(units), "symbol": coin.symbol}


def until(session: Session, deadline: str | None, valid_for: str) -> int:
    """Return a deadline in Unix seconds, counted from the chain's time.

    Raises:
        UsageError: One of the two is malformed.
    """
    if deadline is not None:
        return parse_time(deadline)
    return session.connection.block_timestamp() + parse_span(valid_for)


def sent_before(session: Session, call: Call, fixed: tuple[int, ...]) -> Call | None:
    """Return what was sent under the name of ``--once``, if it was the same thing.

    Between two runs of one command line, what is taken from the chain (the least amount, the
    deadline) may differ.

    Args:
        session: The command's session.
        call: What would be sent now.
        fixed: Positions of the arguments, all of one word, that must be the same.

    Raises:
        UsageError: Something else was sent under that name.
    """
    from crmdapp.cli._sending import was_sent
    from crmdapp.errors import UsageError

    if session.once is None or not was_sent(session, session.once):
        return None
    earlier = session.sender.journal.call(session.sender.status(session.once).id)
    same = (earlier.to, earlier.data[:_SELECTOR]) == (call.to, call.data[:_SELECTOR])
    for place in fixed:
        first = _SELECTOR + place * _WORD
        same = same and earlier.data[first : first + _WORD] == call.data[first : first + _WORD]
    if not same:
        raise UsageError(
            f"Under the name {session.once!r} something else was sent before.",
            hint="Choose another name for --once.",
        )
    return earlier


def expiry(lot: Lot) -> str:
    """Return when some points expire, in words."""
    from crmdapp.cli._values import format_time

    return "never" if lot.expires_at is None else format_time(lot.expires_at)


def coin_of(client: LoyaltyClient) -> Coin:
    """Return the coin that the programs settle in."""
    return client.clearing.coin
