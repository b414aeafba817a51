"""``crmdapp loyalty voucher``: gift cards that hold real money."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.cli._frame import SendingCommand, command, group, session_of
from crmdapp.cli._output import Facts, Table
from crmdapp.cli._sending import agree, receipt_data, receipt_line, send, was_sent
from crmdapp.cli._values import format_time, iso_time, parse_time
from crmdapp.cli.loyalty._common import person
from crmdapp.cli.loyalty._key_links import BaseUrlOption, PicturesOption, write_link_files
from crmdapp.cli.loyalty._voucher import (
    AmountArgument,
    CardArgument,
    GuildArgument,
    card_of,
    cards_of,
    in_words,
    kept_cards,
    money,
    money_data,
    reading,
    sending,
)
from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from crmdapp.chain.calls import Call
    from crmdapp.chain.transactions import Receipt
    from crmdapp.cli._context import Session
    from crmdapp.loyalty.cards import GiftCard, HeldCard
    from crmdapp.loyalty.vouchers import VoucherClient

_BUY_GAS = 150_000
"""More than a purchase takes (85,654 of the test coin), which can not be simulated before its coin
is approved."""

app = group(
    name="voucher",
    help="Gift cards that hold real money: whoever knows a card's link can spend it.",
    examples=(
        "crmdapp loyalty voucher guild create shop friend",
        "crmdapp loyalty voucher buy 1 25 --out card.png",
    ),
)


@app.callback()
def voucher_group() -> None:
    """Gift cards that hold real money: whoever knows a card's link can spend it."""


@command(
    app,
    "buy",
    cls=SendingCommand,
    examples=(
        "crmdapp loyalty voucher buy 1 25 --out card.png",
        "crmdapp loyalty voucher buy 1 25 --refund-at 2028-01-01 --out card.svg --out card.txt",
    ),
)
def buy(
    ctx: typer.Context,
    guild: GuildArgument,
    amount: AmountArgument,
    refund_at: Annotated[
        str | None,
        typer.Option(
            "--refund-at",
            metavar="TIME",
            help="From when on what is left comes back to you; never if left out.",
        ),
    ] = None,
    terms: Annotated[
        str | None,
        typer.Option("--terms", metavar="HASH", help="Legal terms of the card (0x...)."),
    ] = None,
    out: PicturesOption = None,
    base_url: BaseUrlOption = None,
) -> None:
    """Lock coin of the account on a new card and hand the card out as a link or QR code.

    Whoever knows the link can spend the card at the merchants of the guild, in parts if need be;
    so can you, as the link is kept in the state folder. If the contract may not take the coin yet,
    exactly the amount is approved first.
    """
    from crmdapp.chain._files import require_creatable
    from crmdapp.chain._signed_json import read_word
    from crmdapp.loyalty._links import require_base_url
    from crmdapp.loyalty.cards import BASE_URL
    from crmdapp.loyalty.intents import NO_TERMS

    session, files = session_of(ctx), out or []
    base = require_base_url(base_url or BASE_URL)
    for path in files:
        require_creatable(path)
    until = 0 if refund_at is None else parse_time(refund_at)
    terms_hash = NO_TERMS if terms is None else read_word(terms, "--terms")
    client = sending(session)
    units = client.coin.to_base_units(amount)
    held = _card_to_buy(session, client, guild, units, until, terms_hash)
    identity = "0x" + held.id.hex()
    about = [
        ("Card", identity),
        ("Guild", str(guild)),
        ("Amount", money(client, units)),
        ("Given back", _refund_words(held.card)),
    ]
    with in_words(client):
        approvals: Sequence[Call] = ()
        if not was_sent(session, session.once):
            client.require_buyable(held.card, units)
            buyer = session.signer.address
            approvals = client.money.approvals(buyer, client.contract.address, units)
        # A name of its own, so that the journal knows whether it was sent, whatever happens.
        session.once = session.once or f"card {identity}"
        with kept_cards(session).during(session, identity, held.link(base)):
            receipt = _buy(session, client, held.card, units, approvals, about)
    if receipt is None:
        return
    link, bought = held.link(base), client.purchase_in(receipt)
    names = write_link_files(link, files)
    session.out.say(f"{money(client, bought.amount)} on the card. {receipt_line(receipt)}")
    session.out.say("Whoever knows the link can spend the card: send it like cash.")
    data = {**_card_data(held.card), "card": identity, **money_data(client, bought.amount)}
    data |= {"link": None if files else link, "files": names, **receipt_data(receipt)}
    session.out.result(data, *(names or [link]))


@command(
    app,
    "show",
    examples=(
        "crmdapp loyalty voucher show card.txt",
        "crmdapp loyalty voucher show - --json",
    ),
)
def show(ctx: typer.Context, card: CardArgument) -> None:
    """Show what is left on a card, who takes it, and when the rest goes back to the buyer."""
    session = session_of(ctx)
    client = reading(session)
    held = card_of(session, client, card)
    guild, units = client.guild(held.card.guild), client.balance(held.id)
    session.out.result(
        {
            **_card_data(held.card),
            "card": held.id,
            **money_data(client, units),
            "merchants": list(guild.merchants),
        },
        Facts(
            [
                ("Card", "0x" + held.id.hex()),
                ("Left", money(client, units)),
                ("Guild", str(guild.id)),
                *[("Merchant", person(session, merchant)) for merchant in guild.merchants],
                ("Buyer", person(session, held.card.buyer)),
                ("Given back", _refund_words(held.card)),
                ("Terms", _terms_words(held.card)),
            ]
        ),
    )


@command(
    app,
    "list",
    examples=("crmdapp loyalty voucher list", "crmdapp loyalty voucher list --json"),
)
def list_(ctx: typer.Context) -> None:
    """List the cards bought on this machine and what is left on them."""
    session = session_of(ctx)
    client = reading(session)
    rows = [
        {**_card_data(held.card), "card": held.id, **money_data(client, client.balance(held.id))}
        for held in cards_of(session, client)
    ]
    if not rows:
        session.out.say("No card was bought here on this chain.")
    session.out.result(
        rows,
        Table(
            ("card", ">guild", ">left"),
            [
                ("0x" + row["card"].hex(), str(row["guild"]), f"{row['amount']} {row['symbol']}")
                for row in rows
            ],
        ),
    )


@command(
    app,
    "refund",
    cls=SendingCommand,
    examples=(
        "crmdapp loyalty voucher refund card.txt",
        "crmdapp loyalty voucher refund - --yes --json",
    ),
)
def refund(ctx: typer.Context, card: CardArgument) -> None:
    """Pay what is left on a card back to its buyer, once its time has come; anyone may.

    The links of cards bought on this machine are kept in the state folder: the card's id will do.
    See which there are: crmdapp loyalty voucher list.
    """
    from crmdapp.loyalty.events import CardRefunded

    session = session_of(ctx)
    client = sending(session)
    held = card_of(session, client, card)
    about = [
        ("Card", "0x" + held.id.hex()),
        ("Left", money(client, client.balance(held.id))),
        ("To", person(session, held.card.buyer)),
    ]
    with in_words(client):
        receipt = send(session, client.prepare.refund(held.card), about)
    if receipt is None:
        return
    units = sum(event.amount for event in receipt.events_of(CardRefunded))
    data = {"card": held.id, "to": held.card.buyer, **money_data(client, units)}
    session.out.result(
        data | receipt_data(receipt),
        f"{money(client, units)} given back. {receipt_line(receipt)}",
    )


def _card_to_buy(
    session: Session,
    client: VoucherClient,
    guild: int,
    units: int,
    refund_at: int,
    terms_hash: bytes,
) -> HeldCard:
    """Return a new card, or the one that was bought under the name of ``--once``.

    Raises:
        UsageError: Something else was sent under that name, or the card's link is gone.
    """
    from crmdapp.loyalty.cards import HeldCard

    if not was_sent(session, session.once):
        return HeldCard.new(
            client.domain,
            session.signer.address,
            guild,
            refund_at=refund_at,
            terms_hash=terms_hash,
        )
    assert session.once is not None  # nothing is sent under no name
    sent = session.sender.journal.call(session.sender.status(session.once).id)
    for held in cards_of(session, client):
        same = (held.card.guild, held.card.refund_at) == (guild, refund_at)
        if same and client.prepare.buy(held.card, units).data == sent.data:
            return held
    raise UsageError(
        f"Under the name {session.once!r} something else was sent before.",
        why="No card of this amount and guild was, whose link is still kept.",
        hint="Choose another name for --once.",
    )


def _buy(
    session: Session,
    client: VoucherClient,
    card: GiftCard,
    units: int,
    approvals: Sequence[Call],
    about: Sequence[tuple[str, str]],
) -> Receipt | None:
    """Show, ask once and buy, after exactly the amount was approved if it was not."""
    call = client.prepare.buy(card, units)
    if not approvals:
        return send(session, call, about)
    what = ("First", f"let the contract take {money(client, units)} and no more")
    if not agree(session, approvals, call, _BUY_GAS, [what, *about]):
        return None
    receipt = client.buy(card, units, key=session.once).receipt
    session.out.always(f"Transaction {receipt.hash}")
    return receipt


def _card_data(card: GiftCard) -> dict[str, Any]:
    return {
        "key": card.key,
        "buyer": card.buyer,
        "guild": card.guild,
        "refund_at": iso_time(card.refund_at) if card.refund_at else None,
        "terms": card.terms_hash if any(card.terms_hash) else None,
    }


def _refund_words(card: GiftCard) -> str:
    return f"from {format_time(card.refund_at)} on" if card.refund_at else "never"


def _terms_words(card: GiftCard) -> str:
    return "0x" + card.terms_hash.hex() if any(card.terms_hash) else "none"
