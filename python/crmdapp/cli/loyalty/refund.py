"""Returned purchases: redemptions are refunded, awards reversed, within the claw-back window."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.cli._frame import SendingCommand, command, session_of
from crmdapp.cli._output import Facts
from crmdapp.cli._sending import receipt_data, receipt_line, send
from crmdapp.cli._values import format_time, parse_points, parse_span, points_data
from crmdapp.cli.loyalty._app import app
from crmdapp.cli.loyalty._common import ProgramArgument, amount, brand, person
from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from crmdapp.cli._context import Session
    from crmdapp.loyalty.models import Program
    from crmdapp.loyalty.returns import AwardedRecord

PartArgument = Annotated[
    str | None,
    typer.Argument(metavar="[POINTS]", help="How many; all that is left if left out."),
]

_NEVER = ("0", "none")
_DAY = 86_400


@command(
    app,
    "refund",
    cls=SendingCommand,
    examples=(
        "crmdapp loyalty refund 2 4711",
        "crmdapp loyalty refund 2 4711 3.50 --yes --json",
    ),
)
def refund(
    ctx: typer.Context,
    merchant: Annotated[
        int, typer.Argument(metavar="MERCHANT", min=0, help="Number of the merchant's program.")
    ],
    order: Annotated[int, typer.Argument(metavar="ORDER", min=0, help="The order's number.")],
    points: PartArgument = None,
) -> None:
    """Give back points that were spent on an order, in full or in part; points keep their age.

    The order was redeemed as refundable, and the account is an issuer of the merchant. Points that
    have expired since do not come back, and what the customer owes is paid first. What another
    merchant was owed for them is owed back.
    """
    from crmdapp.loyalty.events import DebtPaid, RedemptionRefunded

    session = session_of(ctx)
    units = None if points is None else parse_points(points)
    client = session.loyalty
    client.program(merchant)
    redemption = client.returns.redemption(merchant, order)
    left = client.returns.left_of_redemption(redemption)
    _require_left(session, units, left, f"Order {order} was refunded in full before.")
    part = left if units is None else units
    program = client.program(redemption.program)
    about = [
        ("Program", brand(program)),
        ("Order", f"{order} of merchant {merchant}"),
        ("Points", f"{amount(part, program)} of {amount(left, program)} left"),
        ("To", person(session, redemption.from_)),
    ]
    receipt = send(session, client.returns.prepare.refund_redemption(redemption, part), about)
    if receipt is None:
        return
    (event,) = receipt.events_of(RedemptionRefunded)
    paid = sum(debt.points for debt in receipt.events_of(DebtPaid))
    expired = event.points - event.credited - paid
    data: dict[str, Any] = {
        "merchant": merchant,
        "order": order,
        "program": program.id,
        "to": redemption.from_,
        **points_data(event.points),
        "credited": points_data(event.credited),
        "debt_paid": points_data(paid),
        "left": points_data(client.returns.left_of_redemption(redemption)),
    }
    session.out.result(
        {**data, **receipt_data(receipt)},
        f"{amount(event.credited, program)} given back to {person(session, redemption.from_)}."
        + (f" {amount(paid, program)} paid a debt." if paid else "")
        + (f" {amount(expired, program)} had expired." if expired else "")
        + f" {receipt_line(receipt)}",
    )


@command(
    app,
    "reverse",
    cls=SendingCommand,
    examples=(
        "crmdapp loyalty reverse 2 purchases.csv --line 17",
        "crmdapp loyalty reverse 2 coupon.json 3.50 --yes --json",
    ),
)
def reverse(
    ctx: typer.Context,
    program: ProgramArgument,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The awarded CSV file, or a coupon (.json).")
    ],
    points: PartArgument = None,
    line: Annotated[
        int | None,
        typer.Option("--line", min=1, metavar="NUMBER", help="Line of the award in the CSV file."),
    ] = None,
    customer: Annotated[
        str | None,
        typer.Option("--customer", metavar="WHO", help="Or whose, if one line is theirs."),
    ] = None,
) -> None:
    """Take back points of an award because its purchase was returned, in full or in part.

    Points that the customer has spent become a debt, which its next awards and refunds of the
    program pay. Only within the claw-back window that held when they were awarded.
    """
    from crmdapp.loyalty.events import AwardReversed

    session = session_of(ctx)
    units = None if points is None else parse_points(points)
    award = _award(session, file, line, customer)
    client = session.loyalty
    found = client.program(program)
    left = client.returns.left_of_award(program, award)
    _require_left(session, units, left, "The award was reversed in full before.")
    part = left if units is None else units
    until = client.returns.reversible_until(program, award.batch_id)
    about = [
        ("Program", brand(found)),
        ("Award", f"{amount(award.points, found)} to {person(session, award.account)}"),
        ("Points", f"{amount(part, found)} of {amount(left, found)} left"),
        ("Reversible", f"until {format_time(until)}" if until else "not at all"),
    ]
    receipt = send(session, client.returns.prepare.reverse_award(program, award, part), about)
    if receipt is None:
        return
    (event,) = receipt.events_of(AwardReversed)
    data: dict[str, Any] = {
        "program": program,
        "from": award.account,
        "batch": award.batch_id,
        "index": award.index,
        **points_data(event.points),
        "debt": points_data(event.debt),
        "left": points_data(client.returns.left_of_award(program, award)),
    }
    session.out.result(
        {**data, **receipt_data(receipt)},
        f"{amount(event.points - event.debt, found)} taken back"
        f" from {person(session, award.account)}."
        + (f" {amount(event.debt, found)} are owed." if event.debt else "")
        + f" {receipt_line(receipt)}",
    )


@command(
    app,
    "clawback",
    cls=SendingCommand,
    examples=("crmdapp loyalty clawback 2", "crmdapp loyalty clawback 2 30d"),
)
def clawback(
    ctx: typer.Context,
    program: ProgramArgument,
    span: Annotated[
        str | None,
        typer.Argument(metavar="[SPAN]", help="How long, such as 30d, or none; else only shown."),
    ] = None,
) -> None:
    """Say how long awards yet to be made can be reversed; the account is the program's owner."""
    session = session_of(ctx)
    if span is None:
        client = session.reader
        seconds = client.returns.clawback(program)
        session.out.result(
            _window_data(program, seconds), _window(client.program(program), seconds)
        )
        return
    seconds = 0 if span in _NEVER else parse_span(span)
    client = session.loyalty
    found = client.program(program)
    about = [("Program", brand(found)), ("Reversible", _span(seconds))]
    receipt = send(session, client.returns.prepare.set_clawback(program, seconds), about)
    if receipt is not None:
        session.out.result(
            {**_window_data(program, seconds), **receipt_data(receipt)}, _window(found, seconds)
        )


@command(
    app,
    "debt",
    examples=("crmdapp loyalty debt 2 friend", "crmdapp loyalty debt 2 friend --json"),
)
def debt(
    ctx: typer.Context,
    program: ProgramArgument,
    holder: Annotated[
        str | None,
        typer.Argument(metavar="[HOLDER]", help="Address or name of a key; your own if left out."),
    ] = None,
) -> None:
    """Show the points that a customer owes after returned purchases: its next awards pay them."""
    session = session_of(ctx)
    client = session.reader
    found, account = client.program(program), session.address_or_own(holder)
    units = client.returns.debt(program, account)
    session.out.result(
        {"program": program, "account": account, **points_data(units)}, amount(units, found)
    )


def _award(session: Session, file: Path, line: int | None, customer: str | None) -> AwardedRecord:
    """Return the award that a line, a customer or a coupon stands for."""
    from crmdapp.cli.loyalty._coupons import read_coupon
    from crmdapp.loyalty.returns import AwardedRecord

    if file.suffix == ".json":
        if line is not None or customer is not None:
            raise UsageError("A coupon has no lines.", hint="Leave --line and --customer out.")
        return AwardedRecord.of_coupon(read_coupon(str(file)).coupon)
    if (line is None) == (customer is None):
        raise UsageError("Which award of the file?", hint="Say --line NUMBER or --customer WHO.")
    if line is None:
        assert customer is not None  # one of the two was given
        line = _line_of(file, session.address(customer))
    return AwardedRecord.of_line(file, line)


def _line_of(file: Path, customer: str) -> int:
    from crmdapp.loyalty._award_records import lines_of_account
    from crmdapp.loyalty.award_plan import opened, validate

    plan = validate(file)
    with opened(file) as source:
        found = lines_of_account(plan, customer, source)
    if not found:
        raise UsageError(f"{file.name} has no award to {customer}.")
    if len(found) > 1:
        lines = ", ".join(str(number) for number, _ in found[:10])
        raise UsageError(
            f"{file.name} has {len(found)} awards to {customer}.",
            why=f"They are on lines {lines}{', ...' if len(found) > 10 else ''}.",
            hint="Say which: --line NUMBER",
        )
    return found[0][0]


def _require_left(session: Session, units: int | None, left: int, words: str) -> None:
    """Check that there is something to send, and that it is the same if it is sent again."""
    if units is None and session.once is not None:
        raise UsageError("With --once, say how many points: what is left changes.")
    if units is None and left == 0:
        raise UsageError(words)


def _window_data(program: int, seconds: int) -> dict[str, Any]:
    return {"program": program, "seconds": seconds}


def _window(program: Program, seconds: int) -> Facts:
    return Facts([("Program", brand(program)), ("Reversible", _span(seconds))])


def _span(seconds: int) -> str:
    if seconds == 0:
        return "not at all"
    days, rest = divmod(seconds, _DAY)
    return f"for {seconds:,} s" if rest else f"for {days:,} days" if days > 1 else "for 1 day"
