"""``crmdapp loyalty join``: a shop goes from nothing to a working program in one command."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.cli._frame import SendingCommand, command, session_of
from crmdapp.cli._output import Facts, Table
from crmdapp.cli._sending import confirm, origin, receipt_data
from crmdapp.cli._values import (
    format_ether,
    format_gwei,
    format_points,
    parse_budget,
    parse_limit,
    parse_tiers,
)
from crmdapp.cli.loyalty._app import app
from crmdapp.cli.loyalty._common import brand, person, program_data
from crmdapp.cli.loyalty._money import coin_of, coin_words, parse_value, value, value_data
from crmdapp.cli.loyalty.network import position_data
from crmdapp.cli.loyalty.program import CapOption, TierOption, ValidityOption
from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from crmdapp.cli._context import Session
    from crmdapp.loyalty.coin import Coin
    from crmdapp.loyalty.joining import Joined, Joining, JoinPlan, JoinStep

GAS = {
    "prices": 100_000,
    "issuer": 80_000,
    "deposit": 250_000,
    "limit": 180_000,
}
"""Most gas that a step takes which can not be simulated before those ahead of it; the approval of a
deposit is included."""

_WORDS = {
    "program": "open the program",
    "prices": "publish its prices",
    "issuer": "appoint its till",
    "deposit": "pay in the deposit",
    "limit": "set the limit with program",
}


@command(
    app,
    "join",
    cls=SendingCommand,
    examples=(
        "crmdapp loyalty join 'Book Nook' NOOK --on-ramp 0.02 --off-ramp 0.01",
        "crmdapp loyalty join Nook NOOK --on-ramp 2 --off-ramp 1 --deposit 500 --limit 2=250",
    ),
)
def join(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="Brand that wallets show.")],
    symbol: Annotated[str, typer.Argument(help="Short form beside amounts.")],
    on_ramp: Annotated[
        str, typer.Option("--on-ramp", metavar="AMOUNT", help="Coin that others pay for one point.")
    ],
    off_ramp: Annotated[
        str,
        typer.Option("--off-ramp", metavar="AMOUNT", help="Coin you pay for one that leaves."),
    ],
    validity: ValidityOption = 4,
    cap: CapOption = "0",
    tier: TierOption = None,
    token: Annotated[
        bool, typer.Option("--token", help="Give it an ERC-20 face; can not be added later.")
    ] = False,
    issuer: Annotated[
        str | None,
        typer.Option("--issuer", metavar="WHO", help="Till that awards and redeems points."),
    ] = None,
    budget: Annotated[
        str, typer.Option("--budget", metavar="POINTS", help="What the till may award in an epoch.")
    ] = "unlimited",
    deposit: Annotated[
        str,
        typer.Option("--deposit", metavar="AMOUNT", help="Coin to pay in; it covers the limits."),
    ] = "0",
    limit: Annotated[
        list[str] | None,
        typer.Option(
            "--limit",
            metavar="PROGRAM=AMOUNT",
            help="Let your points be spent there until you owe that much; repeat.",
        ),
    ] = None,
) -> None:
    """Open a program, publish its prices, appoint its till, pay in and set limits, all in one.

    Stopped at any point, the same command goes on without doing anything twice. What it keeps in
    mind is name and symbol (or --once), so a step that was not sent yet may be changed.
    """
    from crmdapp.loyalty.joining import Joining, JoinPlan
    from crmdapp.loyalty.models import ProgramConfig

    session = session_of(ctx)
    config = ProgramConfig(
        name=name,
        symbol=symbol,
        validity=validity,
        cap=parse_limit(cap),
        has_token=token,
        tiers=parse_tiers(tier or []),
    )
    prices, limits = (parse_value(on_ramp), parse_value(off_ramp)), _limits(limit or [])
    till = None if issuer is None else session.address(issuer)
    client = session.loyalty
    coin = coin_of(client)
    plan = JoinPlan(
        config=config,
        on_ramp=prices[0],
        off_ramp=prices[1],
        issuer=till,
        budget=parse_budget(budget),
        deposit=coin.to_base_units(deposit),
        limits=limits,
    )
    joining = Joining(client, plan, session.once or f"join:{client.hub.address}:{name}:{symbol}")
    joining.check()
    steps = joining.steps()
    left = [step for step in steps if not step.was_sent]
    if left:
        _show(session, plan, coin, joining, left)
    else:
        session.out.say(f"{name} has joined before; nothing is sent again.")
    if session.dry_run:
        session.out.result(
            {"dry_run": True, "steps": [_step_data(step) for step in steps]},
            "Checked without an error. Nothing was sent.",
        )
        return
    if left:
        confirm(session, f"Send these {len(left)} steps?")
        session.signer.unlock()
    joined = joining.run(lambda step: _tell(session, step))
    _result(session, joined, coin)


def _limits(texts: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """Return programs and limits from ``PROGRAM=AMOUNT``.

    Raises:
        UsageError: One is not of that form.
    """
    found = []
    for text in texts:
        program, sign, amount = text.partition("=")
        if not (sign and program.isascii() and program.isdigit() and len(program) <= 77):
            raise UsageError(
                f"{text!r} is no program with a limit.", hint="Write it like --limit 2=250."
            )
        found.append((int(program), parse_value(amount)))
    return tuple(found)


def _show(
    session: Session, plan: JoinPlan, coin: Coin, joining: Joining, left: Sequence[JoinStep]
) -> None:
    """Show what will be done and what it may cost at most."""
    from crmdapp.chain.calls import Call

    config, client = plan.config, session.loyalty
    opens = left[0].name == "program"
    # Only the first step can be simulated; of the others an empty call tells the price of gas.
    first = next(joining.calls())[1] if opens else Call(session.signer.address)
    trial = session.sender.simulate(first)
    price = trial.max_fee
    gas = sum(GAS.get(step.name, trial.gas) for step in left)
    limits = [
        ("May owe", f"{value(most, coin)} to {brand(client.program(other))}")
        for other, most in plan.limits
    ]
    till = "nobody yet"
    if plan.issuer is not None:
        till = f"{person(session, plan.issuer)}, {_budget(plan.budget)} points per epoch"
    session.out.show(
        Facts(
            [
                *origin(session),
                ("Program", f"{config.name} ({config.symbol})"),
                ("Validity", f"{config.validity} epochs"),
                ("Cap", format_points(config.cap) if config.cap else "none"),
                ("Tiers", ", ".join(map(format_points, config.tiers)) or "none"),
                ("ERC-20 face", "yes" if config.has_token else "no"),
                ("Others pay", f"{value(plan.on_ramp, coin)} for 1 {config.symbol}"),
                ("You pay", f"{value(plan.off_ramp, coin)} for 1 {config.symbol} that leaves"),
                ("Till", till),
                ("Deposit", coin_words(plan.deposit, coin)),
                *limits,
                *[(f"Step {step.number}", _step_words(step)) for step in left],
                ("Gas", f"up to {gas:,} at up to {format_gwei(price)}"),
                ("Fee ceiling", format_ether(gas * price)),
            ]
        ),
        to_decide=not session.yes,
    )


def _tell(session: Session, step: JoinStep) -> None:
    """Say what was done, step by step."""
    if step.receipt is None:
        return
    how = "done before" if step.was_sent else "done"
    session.out.say(
        f"{step.number} of {step.total}, {_step_words(step)}: {how} ({step.receipt.hash})"
    )


def _step_words(step: JoinStep) -> str:
    words = _WORDS[step.name]
    return words if step.other is None else f"{words} {step.other}"


def _step_data(step: JoinStep) -> dict[str, Any]:
    return {"step": step.name, "other": step.other, "sent_before": step.was_sent}


def _budget(units: int) -> str:
    from crmdapp.loyalty.points import UNLIMITED

    return "unlimited" if units == UNLIMITED else format_points(units)


def _result(session: Session, joined: Joined, coin: Coin) -> None:
    program, deposit = joined.program, joined.deposit
    rows = [
        (f"program {item.other}", value(item.limit, coin), value(item.room, coin))
        for item in joined.positions
    ]
    session.out.result(
        {
            **program_data(program),
            "on_ramp": value_data(joined.prices.on_ramp, coin),
            "off_ramp": value_data(joined.prices.off_ramp, coin),
            "deposit": value_data(deposit.value, coin),
            "free": value_data(deposit.free, coin),
            "positions": [position_data(item, coin) for item in joined.positions],
            "transactions": [receipt_data(receipt) for receipt in joined.receipts],
        },
        Facts(
            [
                ("Program", brand(program)),
                ("Others pay", f"{value(joined.prices.on_ramp, coin)} for 1 {program.symbol}"),
                ("It pays", f"{value(joined.prices.off_ramp, coin)} for 1 {program.symbol}"),
                ("Deposit", f"{value(deposit.value, coin)}, {value(deposit.free, coin)} free"),
            ]
        ),
        *([""] if rows else []),
        Table(("with", ">may owe", ">left"), rows),
    )
