"""Calls of one Artworks contract, checked and encoded but not sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from crmdapp.chain._whole import require_whole
from crmdapp.chain.addresses import ZERO_ADDRESS, require_address
from crmdapp.provenance.artwork_intents import require_artwork, require_listing, require_offer
from crmdapp.provenance.board_intents import in_order, require_same_artwork
from crmdapp.provenance.errors import (
    ArtworkNotForSale,
    AuctionBidTooLow,
    AuctionDurationInvalid,
    CurrencyDisabled,
    CurrencyEther,
    CurrencyInvalid,
    ListingForAnother,
    PriceChanged,
    PriceInvalid,
)
from crmdapp.provenance.models import (
    CURRENCY_MAX,
    DURATION_LEAST,
    DURATION_MOST,
    ETHER_DECIMALS,
    ID_MAX,
    POINTS_RATE_MAX,
    PRICE_MAX,
)

if TYPE_CHECKING:
    from crmdapp.chain.calls import BoundContract, Call
    from crmdapp.provenance.artwork_intents import SignedArtwork, SignedListing, SignedOffer
    from crmdapp.provenance.board_intents import SignedApproval
    from crmdapp.provenance.coin_permits import CoinPermit
    from crmdapp.provenance.models import Currency


class ArtworkCalls:
    """Calls of one Artworks contract; each refuses what the contract surely would.

    Args:
        contract: The contract.
    """

    def __init__(self, contract: BoundContract) -> None:
        self._contract = contract

    # ----------------------------------------------------------------- registration

    def register(
        self,
        signed: SignedArtwork,
        approvals: Sequence[SignedApproval] = (),
        *,
        mints: bool = False,
    ) -> Call:
        """Record a work that its artist signed and curators approved, or admitted by vote."""
        require_artwork(signed.artwork)
        require_same_artwork(signed.artwork, approvals)
        return self._contract.call(
            "register", signed.artwork.values, signed.signature, in_order(approvals), mints
        )

    def mint(self, id_: int) -> Call:
        """Give the artist the token of a registered work."""
        return self._contract.call("mint", _id(id_))

    def burn(self, id_: int) -> Call:
        """Destroy the sender's token; the record stays."""
        return self._contract.call("burn", _id(id_))

    def transfer(self, id_: int, sender: str, to: str) -> Call:
        """Give the sender's work away."""
        return self._contract.call(
            "safeTransferFrom(address,address,uint256)",
            require_address(sender),
            require_address(to),
            _id(id_),
        )

    # ----------------------------------------------------------------- sale

    def list(self, id_: int, price: int, currency: Currency) -> Call:
        """Ask a price for the sender's work; voids what was signed before."""
        require_whole("price", price, PRICE_MAX, least=1)
        if not currency.is_enabled:
            raise CurrencyDisabled(currency.index)
        return self._contract.call("list", _id(id_), price, currency.index)

    def unlist(self, id_: int, currency: int = 0) -> Call:
        """Withdraw the price of the sender's work; voids what was signed before."""
        return self._contract.call("list", _id(id_), 0, currency)

    def buy(self, id_: int, price: int, currency: Currency) -> Call:
        """Buy a listed work at exactly the price and currency that the buyer saw."""
        _require_price(id_, price)
        value = currency.base_units(price) if currency.is_ether else 0
        return self._contract.call("buy", _id(id_), price, currency.index, value=value)

    def buy_with_permit(self, id_: int, price: int, currency: Currency, permit: CoinPermit) -> Call:
        """Buy a listed work with the buyer's signed permission of the coin."""
        _require_price(id_, price)
        if currency.is_ether:
            raise CurrencyEther
        wanted = currency.base_units(price)
        if permit.value < wanted:
            raise PriceChanged(id_, price, currency.index)
        return self._contract.call("buyWithPermit", _id(id_), price, currency.index, permit.values)

    def buy_signed(self, signed: SignedListing, buyer: str, currency: Currency) -> Call:
        """Buy what a seller offered by signature."""
        listing = require_listing(signed.listing)
        if listing.only_buyer not in (ZERO_ADDRESS, require_address(buyer)):
            raise ListingForAnother(listing.id, listing.only_buyer, buyer)
        value = currency.base_units(listing.price) if currency.is_ether else 0
        return self._contract.call("buySigned", listing.values, signed.signature, value=value)

    def accept(self, signed: SignedOffer) -> Call:
        """Sell the sender's work to who signed the offer."""
        return self._contract.call("accept", require_offer(signed.offer).values, signed.signature)

    def cancel_nonce(self, nonce: int) -> Call:
        """Void every offer of the sender's that carries a nonce."""
        return self._contract.call("cancelNonce", require_whole("nonce", nonce, ID_MAX))

    # ----------------------------------------------------------------- auctions

    def open_auction(self, id_: int, reserve: int, currency: Currency, duration: int) -> Call:
        """Open an English auction of the sender's work."""
        if not 0 < reserve <= PRICE_MAX:
            raise PriceInvalid(id_)
        if not DURATION_LEAST <= duration <= DURATION_MOST:
            raise AuctionDurationInvalid(duration)
        if not currency.is_enabled:
            raise CurrencyDisabled(currency.index)
        return self._contract.call("openAuction", _id(id_), reserve, currency.index, duration)

    def bid(self, id_: int, amount: int, currency: Currency, *, least: int = 1) -> Call:
        """Bid; the bidder before is paid back.

        Args:
            id_: The work.
            amount: Price units.
            currency: The auction's.
            least: What it has to be at least, as far as it is known.
        """
        if not least <= amount <= PRICE_MAX:
            raise AuctionBidTooLow(id_, amount, least)
        value = currency.base_units(amount) if currency.is_ether else 0
        return self._contract.call("bid", _id(id_), amount, value=value)

    def cancel_auction(self, id_: int) -> Call:
        """Call off the sender's auction that has no bid."""
        return self._contract.call("cancelAuction", _id(id_))

    def settle(self, id_: int) -> Call:
        """End an auction whose time is over. Anyone."""
        return self._contract.call("settle", _id(id_))

    def withdraw(self, currency: int, to: str) -> Call:
        """Pay out what could not be paid to the sender before."""
        return self._contract.call("withdraw", _currency(currency), require_address(to))

    # ----------------------------------------------------------------- the gallery

    def add_currency(self, token: str, exponent: int, points_per_million: int = 0) -> Call:
        """Append a currency; the gallery only."""
        if not 0 <= exponent <= ETHER_DECIMALS:
            raise CurrencyInvalid(require_address(token), min(max(exponent, 0), 255))
        rate = require_whole("points", points_per_million, POINTS_RATE_MAX)
        return self._contract.call("addCurrency", require_address(token), exponent, rate)

    def set_currency(self, currency: int, is_enabled: bool, points_per_million: int = 0) -> Call:
        """Disable or enable a currency, and set the points it earns; the gallery only."""
        rate = require_whole("points", points_per_million, POINTS_RATE_MAX)
        return self._contract.call("setCurrency", _currency(currency), is_enabled, rate)

    def set_points_program(self, program: int) -> Call:
        """Give points of a program for sales; 0 for none. The gallery only."""
        return self._contract.call("setPointsProgram", program)

    def set_base_uri(self, base: str) -> Call:
        """Name where metadata is served; the gallery only."""
        return self._contract.call("setBaseURI", base)

    def sweep(self, currency: int, to: str) -> Call:
        """Take out the fees; the gallery only."""
        return self._contract.call("sweep", _currency(currency), require_address(to))

    def offer_gallery(self, to: str) -> Call:
        """Offer the gallery's role; the zero address takes the offer back."""
        return self._contract.call("offerGallery", require_address(to))

    def accept_gallery(self) -> Call:
        """Accept the gallery's role."""
        return self._contract.call("acceptGallery")


def _require_price(id_: int, price: int) -> None:
    require_whole("price", price, PRICE_MAX)
    if price == 0:
        raise ArtworkNotForSale(id_)


def _id(id_: int) -> int:
    return require_whole("id", id_, ID_MAX)


def _currency(currency: int) -> int:
    return require_whole("currency", currency, CURRENCY_MAX)
