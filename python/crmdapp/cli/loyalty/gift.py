"""``crmdapp loyalty gift``: points for whoever has the link."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.cli._deliver import NewFileOption, deliver_signed
from crmdapp.cli._frame import AskingCommand, SendingCommand, command, group, session_of
from crmdapp.cli._output import Facts, Table
from crmdapp.cli._sending import receipt_data, receipt_line, send, was_sent
from crmdapp.cli._values import format_points, format_time, parse_points, parse_span, points_data
from crmdapp.cli.loyalty._common import (
    PointsArgument,
    ProgramArgument,
    amount,
    brand,
    lots_data,
    person,
)
from crmdapp.cli.loyalty._key_links import (
    BaseUrlOption,
    KeptLinks,
    PicturesOption,
    read_link,
    write_link_files,
)
from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from crmdapp.cli._context import Session
    from crmdapp.loyalty.client import LoyaltyClient
    from crmdapp.loyalty.gifts import Gift
    from crmdapp.loyalty.models import Lot

app = group(
    name="gift",
    help="Give points by a link or QR code: whoever knows the link can take them.",
    examples=(
        "crmdapp loyalty gift create 2 5 --out gift.png",
        "crmdapp loyalty gift claim - --to friend",
    ),
)

LinkArgument = Annotated[
    str,
    typer.Argument(
        metavar="LINK",
        help="The link, a file that holds it, - for stdin, or the address of a gift of yours.",
    ),
]
ToOption = Annotated[
    str | None,
    typer.Option("--to", metavar="TO", help="Address or name of a key; your own if left out."),
]


@app.callback()
def gift_group() -> None:
    """Give points by a link or QR code: whoever knows the link can take them."""


@command(
    app,
    "create",
    cls=SendingCommand,
    examples=(
        "crmdapp loyalty gift create 2 5 --out gift.png",
        "crmdapp loyalty gift create 2 5 --base-url https://shop.example/gift --out gift.svg",
    ),
)
def create(
    ctx: typer.Context,
    program: ProgramArgument,
    points: PointsArgument,
    out: PicturesOption = None,
    base_url: BaseUrlOption = None,
) -> None:
    """Move points of the account to a throw-away key and hand that key out as a link or QR code.

    Whoever knows the link can take the points, and you can take them back until it is claimed:
    send it like cash. The points keep their expiry. The key stands after #, which is not sent to
    the page's server. The link is kept in the state folder, so that you can take the points back.
    """
    from crmdapp.chain._files import require_creatable
    from crmdapp.loyalty._links import require_base_url
    from crmdapp.loyalty.gifts import BASE_URL, Gift, prepare_gift

    session = session_of(ctx)
    units, files = parse_points(points), out or []
    base = require_base_url(base_url or BASE_URL)
    for path in files:
        require_creatable(path)
    client, kept = session.loyalty, _kept(session)
    found = client.program(program)
    gift = _given_before(session, program, units) or Gift.new(client.domain, program)
    call = prepare_gift(client, gift, units)
    # A name of its own, so that the journal knows whether it was sent, whatever happens.
    session.once = session.once or f"gift {gift.address}"
    about = [
        ("Program", brand(found)),
        ("Points", amount(units, found)),
        ("To", f"{gift.address} (a new key, in the link)"),
    ]
    with kept.during(session, gift.address, gift.link(base)):
        receipt = send(session, call, about)
    if receipt is None:
        return
    link = gift.link(base)
    names = write_link_files(link, files)
    session.out.say(f"{amount(units, found)} given. {receipt_line(receipt)}")
    session.out.say("Whoever knows the link can take the points: send it like cash.")
    session.out.say(
        f"Until then you can take them back: crmdapp loyalty gift take-back {gift.address}"
    )
    data: dict[str, Any] = {"program": program, "gift": gift.address, **points_data(units)}
    data |= {"link": None if files else link, "files": names, **receipt_data(receipt)}
    session.out.result(data, *(names or [link]))


@command(
    app,
    "show",
    examples=(
        "crmdapp loyalty gift show gift.txt",
        "crmdapp loyalty gift show - --json",
    ),
)
def show(ctx: typer.Context, link: LinkArgument) -> None:
    """Show the points on a gift and when they expire; nothing is taken."""
    from crmdapp.loyalty.gifts import contents

    session = session_of(ctx)
    gift = _gift(session, link)
    client = session.reader
    state = contents(client, gift)
    found = client.program(gift.program)
    session.out.result(
        {
            "program": gift.program,
            "name": found.name,
            "symbol": found.symbol,
            "gift": gift.address,
            "chain_id": gift.chain_id,
            "hub": gift.hub,
            **points_data(state.balance),
            "by_age": lots_data(state.lots),
        },
        Facts(
            [
                ("Program", brand(found)),
                ("Points", amount(state.balance, found) if state.balance else "none left"),
                *[("", f"{format_points(lot.units)} {_until(lot)}") for lot in state.lots],
                ("Gift", gift.address),
                ("Chain", str(gift.chain_id)),
                ("Ledger", gift.hub),
            ]
        ),
    )


@command(
    app,
    "claim",
    cls=AskingCommand,
    examples=(
        "crmdapp loyalty gift claim - --to friend",
        "crmdapp loyalty gift claim gift.txt --yes --json",
    ),
)
def claim(ctx: typer.Context, link: LinkArgument, to: ToOption = None) -> None:
    """Take all points of a gift; the account only pays the gas.

    Until you claim it, whoever else knows the link can take it, and so can the giver. Others on
    this machine can see what stands on a command line: there, give a file or - instead of the
    link. Without ether, sign: crmdapp loyalty gift sign.
    """
    session = session_of(ctx)
    _claim(session, _gift(session, link), session.address_or_own(to))


@command(
    app,
    "take-back",
    cls=AskingCommand,
    examples=(
        "crmdapp loyalty gift take-back 0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
        "crmdapp loyalty gift take-back gift.txt --yes",
    ),
)
def take_back(ctx: typer.Context, link: LinkArgument) -> None:
    """Take the points of a gift of yours back to the account, if nobody has claimed them.

    The links of gifts made on this machine are kept in the state folder: the gift's address will
    do. See which there are: crmdapp loyalty gift list.
    """
    session = session_of(ctx)
    _claim(session, _gift(session, link), session.signer.address)


@command(
    app,
    "list",
    examples=("crmdapp loyalty gift list", "crmdapp loyalty gift list --json"),
)
def list_(ctx: typer.Context) -> None:
    """List the gifts made on this machine and what is left on them."""
    from crmdapp.loyalty.gifts import contents

    session = session_of(ctx)
    client = session.reader
    rows = []
    for gift in _gifts(session, client):
        units = contents(client, gift).balance
        rows.append({"gift": gift.address, "program": gift.program, **points_data(units)})
    if not rows:
        session.out.say("No gift was made here in this ledger.")
    session.out.result(
        rows,
        Table(
            ("gift", ">program", ">points left"),
            [(row["gift"], str(row["program"]), format_points(row["units"])) for row in rows],
        ),
    )


@command(
    app,
    "sign",
    examples=(
        "crmdapp loyalty gift sign gift.txt --to friend --out claim.json",
        "crmdapp loyalty gift sign gift.txt --to friend --points 5 --valid-for 7d",
    ),
)
def sign(
    ctx: typer.Context,
    link: LinkArgument,
    to: ToOption = None,
    points: Annotated[
        str | None,
        typer.Option("--points", metavar="POINTS", help="How many; all if left out."),
    ] = None,
    valid_for: Annotated[
        str, typer.Option("--valid-for", metavar="SPAN", help="How long: 15m, 24h, 7d.")
    ] = "24h",
    out: NewFileOption = None,
) -> None:
    """Sign a gift's claim without sending it; whoever submits it can change nothing of it.

    Submitted by: crmdapp loyalty transfer-submit. With --points no node is needed.
    """
    import time

    session = session_of(ctx)
    gift, receiver = _gift(session, link), session.address_or_own(to)
    if points is None:
        units = _left(session.reader, gift)
        now = session.connection.block_timestamp()
    else:
        units, now = parse_points(points), int(time.time())
    until = now + parse_span(valid_for)
    session.out.show(
        Facts(
            [
                ("Gift", gift.address),
                ("Program", str(gift.program)),
                ("Points", format_points(units)),
                ("To", person(session, receiver)),
                ("Until", format_time(until)),
                ("Chain", str(gift.chain_id)),
                ("Ledger", gift.hub),
            ]
        )
    )
    signed = gift.sign_claim(receiver, units, deadline=until)
    deliver_signed(session, signed, out)


def _claim(session: Session, gift: Gift, receiver: str) -> None:
    from crmdapp.loyalty.gifts import contents, prepare_claim

    client = session.loyalty
    signed = prepare_claim(client, gift, receiver)
    found = client.program(gift.program)
    units = signed.intent.points
    about = [
        ("Program", brand(found)),
        ("Points", amount(units, found)),
        ("From", f"{gift.address} (the gift)"),
        ("To", person(session, receiver)),
    ]
    receipt = send(session, client.prepare.submit(signed), about)
    if receipt is None:
        return
    if not contents(client, gift).balance:
        _kept(session).drop(gift.address)
    data = {"program": gift.program, "gift": gift.address, "to": receiver}
    data |= points_data(units) | receipt_data(receipt)
    session.out.result(data, f"{amount(units, found)}. {receipt_line(receipt)}")


def _left(client: LoyaltyClient, gift: Gift) -> int:
    from crmdapp.loyalty.gifts import GiftEmpty, contents

    units = contents(client, gift).balance
    if not units:
        raise GiftEmpty(gift.address)
    return units


def _kept(session: Session) -> KeptLinks:
    return KeptLinks(session.config.state_dir / "gifts")


def _gift(session: Session, link: str) -> Gift:
    from crmdapp.loyalty.gifts import Gift

    return read_link(link, _kept(session), Gift.parse)


def _gifts(session: Session, client: LoyaltyClient) -> list[Gift]:
    """Return the kept gifts that lie in the client's ledger."""
    from crmdapp.loyalty.gifts import Gift

    found = [Gift.parse(link) for link in _kept(session)]
    return [gift for gift in found if gift.domain == client.domain]


def _given_before(session: Session, program: int, units: int) -> Gift | None:
    """Return the gift that was sent under the name of ``--once``, if there is one.

    Raises:
        UsageError: Something else was sent under that name, or the gift's link is gone.
    """
    from crmdapp.loyalty.gifts import prepare_gift

    if not was_sent(session, session.once):
        return None
    assert session.once is not None  # nothing is sent under no name
    client, journal = session.loyalty, session.sender.journal
    sent = journal.call(session.sender.status(session.once).id)
    for gift in _gifts(session, client):
        if gift.program == program and prepare_gift(client, gift, units).data == sent.data:
            return gift
    raise UsageError(
        f"Under the name {session.once!r} something else was sent before.",
        why="No gift of as many points of this program was, whose link is still kept.",
        hint="Choose another name for --once.",
    )


def _until(lot: Lot) -> str:
    return "never expire" if lot.expires_at is None else f"until {format_time(lot.expires_at)}"
