"""Coins of buyers: what the gallery may take of them, and giving it leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmdapp.errors import NodeProblem
from crmdapp.loyalty.coin import CoinClient
from crmdapp.provenance.artworks import ArtworksClient

if TYPE_CHECKING:
    from crmdapp.provenance.models import Currency
    from crmdapp.web.context import Context


def allow(client: ArtworksClient, row: Currency, units: int, *, key: str) -> None:
    """Let the gallery take a price in a coin of the sender's, and no more; nothing for ether.

    Args:
        client: The gallery, sending for the buyer.
        row: The price's currency.
        units: Price units.
        key: Idempotency key of what takes the coins: nothing is allowed once it was sent.

    Raises:
        ContractError: The coin refuses, as the twin of its error.
    """
    if row.token is not None and not client.was_sent(key):
        coin = CoinClient(client.connection, row.token)
        coin.approve(client.sender, client.contract.address, row.base_units(units), key=key)


def is_covered(context: Context, row: Currency, buyer: str, units: int) -> bool | None:
    """Return whether a buyer has the coins, and lets the gallery take them, now.

    Returns:
        ``None`` if the node does not say.
    """
    if row.token is None:
        return None
    coin, wanted = CoinClient(context.connection, row.token), row.base_units(units)
    gallery = context.reader(ArtworksClient).contract.address
    try:
        return min(coin.balance(buyer), coin.allowance(buyer, gallery)) >= wanted
    except NodeProblem:  # the page stands without it, and accepting is simulated anyway
        return None
