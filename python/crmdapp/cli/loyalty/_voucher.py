"""What the commands about money-backed gift cards share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.cli.loyalty._key_links import KeptLinks, read_link
from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from crmdapp.cli._context import Session
    from crmdapp.loyalty.cards import HeldCard
    from crmdapp.loyalty.vouchers import VoucherClient

GuildArgument = Annotated[
    int, typer.Argument(metavar="GUILD", min=1, help="Number of the list of merchants.")
]
CardArgument = Annotated[
    str,
    typer.Argument(
        metavar="CARD",
        help="The card's link, a file that holds it, - for stdin, or the id of a card of yours.",
    ),
]
MerchantArgument = Annotated[
    str, typer.Argument(metavar="MERCHANT", help="Address or name of a key.")
]
AmountArgument = Annotated[
    str, typer.Argument(metavar="AMOUNT", help="How much of the coin, such as 12 or 12.50.")
]


def sending(session: Session) -> VoucherClient:
    """The contract of cards, for commands that send."""
    from crmdapp.loyalty.vouchers import VoucherClient

    return VoucherClient.at(session.connection, session.manifest, session.sender)


def reading(session: Session) -> VoucherClient:
    """The contract of cards, for commands that only read."""
    from crmdapp.loyalty.vouchers import VoucherClient

    return VoucherClient.at(session.connection, session.manifest)


def kept_cards(session: Session) -> KeptLinks:
    """The links of the cards that were bought on this machine."""
    return KeptLinks(session.config.state_dir / "cards")


def card_of(session: Session, client: VoucherClient, text: str) -> HeldCard:
    """Return the card that ``text`` means.

    Raises:
        UsageError: It is none, or one of another contract or chain.
    """
    from crmdapp.loyalty.cards import HeldCard

    held = read_link(text, kept_cards(session), HeldCard.parse)
    if held.domain != client.domain:
        raise UsageError(
            f"The card is on chain {held.domain.chain_id}, in the contract"
            f" {held.domain.verifying_contract}.",
            why=f"Asked was chain {client.domain.chain_id}, contract {client.contract.address}.",
            hint="Use a node and a deployment manifest of that chain; if you know neither, ask"
            " who gave you the card before you go on.",
        )
    return held


def cards_of(session: Session, client: VoucherClient) -> list[HeldCard]:
    """Return the kept cards that lie in the client's contract."""
    from crmdapp.loyalty.cards import HeldCard

    found = [HeldCard.parse(link) for link in kept_cards(session)]
    return [held for held in found if held.domain == client.domain]


@contextmanager
def in_words(client: VoucherClient) -> Iterator[None]:
    """Put errors into words that need to know how the coin counts."""
    from crmdapp.chain.errors import ERC20InsufficientBalance
    from crmdapp.loyalty.errors import CardBalanceExceeded, CardRefundTooEarly

    try:
        yield
    except CardBalanceExceeded as refusal:
        wanted, left = money(client, refusal.amount), money(client, refusal.left)
        refusal.message = f"{wanted} are more than the {left} left on the card."
        refusal.hint = "Pay the rest in another way, or give the right card."
        raise
    except ERC20InsufficientBalance as refusal:
        wanted, has = money(client, refusal.needed), money(client, refusal.balance)
        refusal.message = f"{refusal.sender} has {has}, {wanted} are needed."
        refusal.hint = (
            f"Send it coin of the contract {client.coin.address} first;"
            f" on a local chain: crmdapp chain fund-coin {refusal.sender} AMOUNT"
        )
        raise
    except CardRefundTooEarly as refusal:
        if refusal.refund_at == 0:
            refusal.message = "What is left on this card never goes back to its buyer."
            refusal.hint = "Spend it at a merchant of its guild."
        raise


def money(client: VoucherClient, units: int) -> str:
    """Return an amount of the coin in words."""
    return f"{client.coin.to_decimal(units, grouped=True)} {client.coin.symbol}"


def money_data(client: VoucherClient, units: int) -> dict[str, Any]:
    """Return an amount of the coin as JSON data."""
    coin = client.coin
    return {"units": units, "amount": coin.to_decimal(units), "symbol": coin.symbol}
