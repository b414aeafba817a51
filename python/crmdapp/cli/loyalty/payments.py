"""Paying with money-backed gift cards: ``spend``, ``sign``, ``submit``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crmdapp.cli._deliver import NewFileOption, deliver_signed
from crmdapp.cli._frame import SendingCommand, command, session_of
from crmdapp.cli._output import Facts
from crmdapp.cli._sending import receipt_data, receipt_line, send, was_sent
from crmdapp.cli._values import format_time, parse_span
from crmdapp.cli.loyalty._common import person, unused_nonce
from crmdapp.cli.loyalty._voucher import (
    AmountArgument,
    CardArgument,
    MerchantArgument,
    card_of,
    in_words,
    money,
    money_data,
    reading,
    sending,
)
from crmdapp.cli.loyalty.voucher import app
from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from crmdapp.chain.transactions import Receipt
    from crmdapp.cli._context import Session
    from crmdapp.loyalty.cards import SignedPayment
    from crmdapp.loyalty.vouchers import VoucherClient

_PAY_SECONDS = 3_600
"""How long a payment may be on its way that is sent at once."""


@command(
    app,
    "spend",
    cls=SendingCommand,
    examples=(
        "crmdapp loyalty voucher spend card.txt shop 12.50",
        "crmdapp loyalty voucher spend - shop 12.50 --once order-4711 --yes",
    ),
)
def spend(
    ctx: typer.Context, card: CardArgument, merchant: MerchantArgument, amount: AmountArgument
) -> None:
    """Pay a merchant with a card; the account only pays the gas.

    Others on this machine can see what stands on a command line: there, give a file or - instead
    of the link. Without ether, sign: crmdapp loyalty voucher sign.
    """
    session = session_of(ctx)
    client = sending(session)
    held, receiver = card_of(session, client, card), session.address(merchant)
    units = client.coin.to_base_units(amount)
    if was_sent(session, session.once):
        _repeat(session, client, held.id, receiver, units)
        return
    deadline = session.connection.block_timestamp() + _PAY_SECONDS
    nonce = unused_nonce(session, held.domain, held.card.key)
    signed = held.sign_payment(receiver, units, deadline=deadline, nonce=nonce)
    _carry_out(session, client, signed)


@command(
    app,
    "sign",
    examples=(
        "crmdapp loyalty voucher sign card.txt shop 12.50 --out payment.json",
        "crmdapp loyalty voucher sign - shop 12.50 --valid-for 15m",
    ),
)
def sign(
    ctx: typer.Context,
    card: CardArgument,
    merchant: MerchantArgument,
    amount: AmountArgument,
    valid_for: Annotated[
        str, typer.Option("--valid-for", metavar="SPAN", help="How long: 15m, 24h, 7d.")
    ] = "24h",
    out: NewFileOption = None,
) -> None:
    """Sign a payment with a card without sending it; the merchant submits it, you need no ether."""
    session = session_of(ctx)
    client = reading(session)
    held, receiver = card_of(session, client, card), session.address(merchant)
    units = client.coin.to_base_units(amount)
    until = session.connection.block_timestamp() + parse_span(valid_for)
    session.out.say("You permit this once:")
    session.out.show(
        Facts(
            [
                ("Card", "0x" + held.id.hex()),
                ("Amount", money(client, units)),
                ("Merchant", person(session, receiver)),
                ("Until", format_time(until)),
            ]
        )
    )
    nonce = unused_nonce(session, held.domain, held.card.key)
    signed = held.sign_payment(receiver, units, deadline=until, nonce=nonce)
    deliver_signed(session, signed, out)


@command(
    app,
    "submit",
    cls=SendingCommand,
    examples=(
        "crmdapp loyalty voucher submit payment.json",
        "crmdapp loyalty voucher submit - --once order-4711 --yes --json",
    ),
)
def submit(
    ctx: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Signed payment as JSON; - for stdin.")
    ],
) -> None:
    """Carry out a payment that a card's holder signed; the account only pays the gas."""
    from crmdapp.loyalty.cards import SignedPayment

    session = session_of(ctx)
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise UsageError(f"{file} cannot be read as text.") from None
    signed = SignedPayment.from_json(text)
    client = sending(session)
    if signed.domain != client.domain:
        raise UsageError(
            f"The payment is for chain {signed.domain.chain_id} and the contract"
            f" {signed.domain.verifying_contract}.",
            why=f"Asked was chain {client.domain.chain_id}, contract {client.contract.address}.",
            hint="Use a node and a deployment manifest of that chain.",
        )
    _carry_out(session, client, signed)


def _carry_out(session: Session, client: VoucherClient, signed: SignedPayment) -> None:
    payment = signed.payment
    about = [
        ("Card", "0x" + payment.card.hex()),
        ("Amount", money(client, payment.amount)),
        ("Merchant", person(session, payment.merchant)),
    ]
    with in_words(client):
        receipt = send(session, client.prepare.spend(signed), about)
    if receipt is not None:
        _paid(session, client, payment.card, payment.merchant, payment.amount, receipt)


def _repeat(
    session: Session, client: VoucherClient, card: bytes, merchant: str, units: int
) -> None:
    """Tell of the payment that was sent under the name of ``--once``; nothing is sent again.

    Raises:
        UsageError: Something else was sent under that name.
    """
    from crmdapp.loyalty.events import CardSpent

    assert session.once is not None  # nothing is sent under no name
    receipt = send(session, session.sender.journal.call(session.sender.status(session.once).id), [])
    if receipt is None:
        return
    if receipt.events_of(CardSpent) != [CardSpent(card, merchant, units)]:
        raise UsageError(
            f"Under the name {session.once!r} something else was sent before.",
            hint="Choose another name for --once.",
        )
    _paid(session, client, card, merchant, units, receipt)


def _paid(
    session: Session,
    client: VoucherClient,
    card: bytes,
    merchant: str,
    units: int,
    receipt: Receipt,
) -> None:
    left = client.balance(card)
    data = {"card": card, "merchant": merchant, **money_data(client, units)}
    data |= {"left": money_data(client, left), **receipt_data(receipt)}
    session.out.result(
        data,
        f"{money(client, units)} paid, {money(client, left)} left. {receipt_line(receipt)}",
    )
