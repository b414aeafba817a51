"""``crmdapp gallery list``, ``buy``, ``offer`` and the like: works change hands, money too."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crmdapp.cli._deliver import NewFileOption, deliver_signed
from crmdapp.cli._frame import SendingCommand, command, session_of
from crmdapp.cli._output import Facts
from crmdapp.cli._sending import was_sent
from crmdapp.cli._values import format_time
from crmdapp.cli.customers._common import (
    DeadlineOption,
    NonceOption,
    ValidForOption,
    deadline_of,
    nonce_of,
    read_file,
)
from crmdapp.cli.customers._signing import send_and_tell
from crmdapp.cli.gallery._app import WORK, app
from crmdapp.cli.gallery._common import (
    CurrencyOption,
    PriceArgument,
    ToOption,
    WorkArgument,
    gallery_reader,
    gallery_sender,
    money_data,
    paid,
    person,
    work_facts,
    work_of,
)

if TYPE_CHECKING:
    from crmdapp.cli._context import Session
    from crmdapp.provenance.artworks import ArtworksClient
    from crmdapp.provenance.models import Currency

ListingArgument = Annotated[
    Path, typer.Argument(metavar="LISTING", help="File that the seller signed.")
]
OfferArgument = Annotated[Path, typer.Argument(metavar="OFFER", help="File that a buyer signed.")]


@command(
    app,
    "list",
    cls=SendingCommand,
    examples=(
        f"crmdapp gallery list {WORK} 0.5",
        "crmdapp gallery list work.png 1250 --currency 1 --yes --json",
    ),
)
def list_(
    ctx: typer.Context, work: WorkArgument, price: PriceArgument, currency: CurrencyOption = 0
) -> None:
    """Ask a price for a work of the account; voids listings that were signed before."""
    session = session_of(ctx)
    client = gallery_sender(session)
    id_, row = work_of(client, work), client.currency(currency)
    units = row.price(price)
    about = work_facts(session, client, id_, paid(row, units))
    call = client.prepare.list(id_, units, row)
    send_and_tell(session, call, about, id=hex(id_), **money_data(row, units))


@command(
    app,
    "unlist",
    cls=SendingCommand,
    examples=(f"crmdapp gallery unlist {WORK}", "crmdapp gallery unlist work.png --yes --json"),
)
def unlist(ctx: typer.Context, work: WorkArgument) -> None:
    """Withdraw the price of a work of the account; voids listings that were signed before."""
    session = session_of(ctx)
    client = gallery_sender(session)
    id_ = work_of(client, work)
    about = work_facts(session, client, id_)
    send_and_tell(session, client.prepare.unlist(id_), about, id=hex(id_))


@command(
    app,
    "buy",
    cls=SendingCommand,
    examples=(
        f"crmdapp gallery buy {WORK} 0.5",
        "crmdapp gallery buy work.png 1250 --currency 1 --permit --yes",
    ),
)
def buy(
    ctx: typer.Context,
    work: WorkArgument,
    price: PriceArgument,
    currency: CurrencyOption = 0,
    permit: Annotated[
        bool, typer.Option("--permit", help="Sign the coin's permission instead of sending it.")
    ] = False,
) -> None:
    """Buy a work at exactly this price; any other price by then, and nothing happens."""
    from crmdapp.provenance.errors import CurrencyEther

    session = session_of(ctx)
    client = gallery_sender(session)
    id_, row = work_of(client, work), client.currency(currency)
    units = row.price(price)
    if not was_sent(session, session.once):
        client.require_price(id_, units, currency)
    about = work_facts(session, client, id_, paid(row, units))
    if not permit:
        call = client.prepare.buy(id_, units, row)
        send_and_tell(session, call, about, id=hex(id_), **money_data(row, units))
        return
    if row.token is None:
        raise CurrencyEther
    from crmdapp.provenance.coin_permits import sign_permit

    session.out.say(f"You sign that the gallery may take {row.format_price(units)}.")
    signed = sign_permit(
        session.connection,
        session.signer,
        row.token,
        client.contract.address,
        row.base_units(units),
        deadline=session.connection.block_timestamp() + 3_600,
    )
    call = client.prepare.buy_with_permit(id_, units, row, signed)
    send_and_tell(session, call, about, id=hex(id_), **money_data(row, units))


@command(
    app,
    "allow",
    cls=SendingCommand,
    examples=(
        "crmdapp gallery allow 1250 --currency 1",
        "crmdapp gallery allow 0 --currency 1 --yes --json",
    ),
)
def allow(ctx: typer.Context, amount: PriceArgument, currency: CurrencyOption = 1) -> None:
    """Let the gallery take coins of the account up to an amount, to buy, bid or offer with."""
    from crmdapp.loyalty import CoinClient
    from crmdapp.provenance.errors import CurrencyEther

    session = session_of(ctx)
    client = gallery_sender(session)
    row = client.currency(currency)
    if row.token is None:
        raise CurrencyEther
    units = row.base_units(row.price(amount))
    coin = CoinClient(session.connection, row.token)
    call = coin.contract.call("approve", client.contract.address, units)
    about = [("Coin", f"{row.symbol} {row.token}"), ("May take", row.format(units))]
    send_and_tell(session, call, about, token=row.token, amount=str(units))


@command(
    app,
    "sign-listing",
    examples=(
        f"crmdapp gallery sign-listing {WORK} 0.5 --out listing.json",
        "crmdapp gallery sign-listing work.png 1250 --currency 1 --only-buyer friend --out l.json",
    ),
)
def sign_listing_(
    ctx: typer.Context,
    work: WorkArgument,
    price: PriceArgument,
    currency: CurrencyOption = 0,
    only_buyer: Annotated[
        str | None, typer.Option("--only-buyer", metavar="BUYER", help="Who alone may buy.")
    ] = None,
    deadline: DeadlineOption = None,
    valid_for: ValidForOption = "7d",
    out: NewFileOption = None,
) -> None:
    """Sign that a work of the account is for sale; nothing is sent, no gas is paid."""
    from crmdapp.chain.addresses import ZERO_ADDRESS
    from crmdapp.provenance.artwork_intents import sign_listing

    session = session_of(ctx)
    client = gallery_reader(session)
    id_, row = work_of(client, work), client.currency(currency)
    units, until = row.price(price), deadline_of(session, deadline, valid_for)
    buyer = ZERO_ADDRESS if only_buyer is None else session.address(only_buyer)
    _require_seller(session, client, id_)
    session.out.say("You sign this:")
    more = [("Until", format_time(until)), *_only(session, only_buyer)]
    session.out.show(Facts(work_facts(session, client, id_, paid(row, units), *more)))
    epoch = client.state(id_).epoch
    signed = sign_listing(
        session.signer,
        client.domain,
        id_,
        units,
        currency,
        epoch=epoch,
        deadline=until,
        only_buyer=buyer,
    )
    deliver_signed(session, signed, out)


@command(
    app,
    "buy-signed",
    cls=SendingCommand,
    examples=(
        "crmdapp gallery buy-signed listing.json",
        "crmdapp gallery buy-signed listing.json --yes --json",
    ),
)
def buy_signed(ctx: typer.Context, listing: ListingArgument) -> None:
    """Buy what a seller offered by signature."""
    from crmdapp.provenance.artwork_intents import SignedListing

    session = session_of(ctx)
    signed = read_file(listing, SignedListing.from_json)
    client = gallery_sender(session)
    if not was_sent(session, session.once):
        client.require_signed(signed)
        client.require_fresh(signed)
    found = signed.listing
    row = client.currency(found.currency)
    more = [paid(row, found.price), ("Seller", person(session, found.seller))]
    about = work_facts(session, client, found.id, *more)
    call = client.prepare.buy_signed(signed, session.signer.address, row)
    send_and_tell(session, call, about, id=hex(found.id), **money_data(row, found.price))


@command(
    app,
    "offer",
    examples=(
        f"crmdapp gallery offer {WORK} 900 --currency 1 --out offer.json",
        "crmdapp gallery offer work.png 900 --currency 1 --valid-for 24h --out offer.json",
    ),
)
def offer(
    ctx: typer.Context,
    work: WorkArgument,
    price: PriceArgument,
    currency: CurrencyOption = 1,
    nonce: NonceOption = None,
    deadline: DeadlineOption = None,
    valid_for: ValidForOption = "7d",
    out: NewFileOption = None,
) -> None:
    """Sign that the account buys a work, in a coin that the gallery may take; nothing is sent.

    Let the gallery take the amount: crmdapp gallery allow.
    """
    from crmdapp.provenance.artwork_intents import sign_offer

    session = session_of(ctx)
    client = gallery_reader(session)
    id_, row = work_of(client, work), client.currency(currency)
    units, until = row.price(price), deadline_of(session, deadline, valid_for)
    session.out.say("You sign this:")
    facts = work_facts(session, client, id_, paid(row, units), ("Until", format_time(until)))
    session.out.show(Facts(facts))
    _warn_of_allowance(session, client, row, units)
    number = nonce_of(session, client.domain, nonce)
    signed = sign_offer(
        session.signer, client.domain, id_, units, currency, nonce=number, deadline=until
    )
    deliver_signed(session, signed, out)


@command(
    app,
    "accept",
    cls=SendingCommand,
    examples=("crmdapp gallery accept offer.json", "crmdapp gallery accept offer.json --yes"),
)
def accept(ctx: typer.Context, offer: OfferArgument) -> None:
    """Sell a work of the account to who signed the offer."""
    from crmdapp.provenance.artwork_intents import SignedOffer

    session = session_of(ctx)
    signed = read_file(offer, SignedOffer.from_json)
    client = gallery_sender(session)
    client.require_signed(signed)
    found = signed.offer
    row = client.currency(found.currency)
    more = [paid(row, found.price), ("Buyer", person(session, found.buyer))]
    about = work_facts(session, client, found.id, *more)
    call = client.prepare.accept(signed)
    send_and_tell(session, call, about, id=hex(found.id), **money_data(row, found.price))


@command(
    app,
    "cancel-offer",
    cls=SendingCommand,
    examples=(
        "crmdapp gallery cancel-offer offer.json",
        "crmdapp gallery cancel-offer offer.json --yes --json",
    ),
)
def cancel_offer(ctx: typer.Context, offer: OfferArgument) -> None:
    """Void an offer that the account signed."""
    from crmdapp.provenance.artwork_intents import SignedOffer

    session = session_of(ctx)
    signed = read_file(offer, SignedOffer.from_json)
    client = gallery_sender(session)
    about = [("Work", hex(signed.offer.id)), ("Number", str(signed.offer.nonce))]
    call = client.prepare.cancel_nonce(signed.offer.nonce)
    send_and_tell(session, call, about, nonce=str(signed.offer.nonce))


@command(
    app,
    "give",
    cls=SendingCommand,
    examples=(
        f"crmdapp gallery give {WORK} friend",
        "crmdapp gallery give work.png friend --yes --json",
    ),
)
def give(
    ctx: typer.Context,
    work: WorkArgument,
    to: Annotated[str, typer.Argument(metavar="TO", help="Address or name of a key.")],
) -> None:
    """Give a work of the account away, without a sale."""
    session = session_of(ctx)
    client = gallery_sender(session)
    id_, receiver = work_of(client, work), session.address(to)
    about = work_facts(session, client, id_, ("To", person(session, receiver)))
    call = client.prepare.transfer(id_, session.signer.address, receiver)
    send_and_tell(session, call, about, id=hex(id_), to=receiver)


@command(
    app,
    "burn",
    cls=SendingCommand,
    examples=(f"crmdapp gallery burn {WORK}", "crmdapp gallery burn work.png --yes --json"),
)
def burn(ctx: typer.Context, work: WorkArgument) -> None:
    """Destroy the token of a work of the account, for ever; its record stays."""
    session = session_of(ctx)
    client = gallery_sender(session)
    id_ = work_of(client, work)
    about = work_facts(session, client, id_, ("Then", "nobody owns it ever again"))
    send_and_tell(session, client.prepare.burn(id_), about, id=hex(id_))


@command(
    app,
    "withdraw",
    cls=SendingCommand,
    examples=(
        "crmdapp gallery withdraw",
        "crmdapp gallery withdraw --currency 1 --to friend --yes --json",
    ),
)
def withdraw(ctx: typer.Context, currency: CurrencyOption = 0, to: ToOption = None) -> None:
    """Take out what could not be paid to the account."""
    session = session_of(ctx)
    client = gallery_sender(session)
    row, receiver = client.currency(currency), session.address_or_own(to)
    credit = client.credit(session.signer.address, currency)
    about = [("Amount", row.format(credit)), ("To", person(session, receiver))]
    call = client.prepare.withdraw(currency, receiver)
    send_and_tell(session, call, about, amount=str(credit), currency=currency, to=receiver)


# --------------------------------------------------------------------------- inside


def _only(session: Session, only_buyer: str | None) -> list[tuple[str, str]]:
    if only_buyer is None:
        return []
    return [("Only for", person(session, session.address(only_buyer)))]


def _require_seller(session: Session, client: ArtworksClient, id_: int) -> None:
    from crmdapp.provenance.errors import ArtworkSellerOnly

    seller = client.state(id_).owner or client.record(id_).artist
    if seller != session.signer.address:
        raise ArtworkSellerOnly(id_, session.signer.address)


def _warn_of_allowance(session: Session, client: ArtworksClient, row: Currency, units: int) -> None:
    from crmdapp.loyalty import CoinClient

    if row.token is None:
        return  # signing says that ether cannot be drawn
    coin = CoinClient(session.connection, row.token)
    allowed = coin.allowance(session.signer.address, client.contract.address)
    if allowed < row.base_units(units):
        session.out.warn(f"The gallery may take only {row.format(allowed)} so far.")
