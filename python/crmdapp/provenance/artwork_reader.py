"""The gallery as anybody can read it: works, prices, provenance, and what was signed for it."""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property
from typing import TYPE_CHECKING

from crmdapp.chain.addresses import ZERO_ADDRESS, require_address
from crmdapp.chain.client import ContractClient
from crmdapp.chain.errors import IntentExpired, IntentSignatureInvalid
from crmdapp.chain.signed import SignedPermission, SignedWithSigner
from crmdapp.errors import UsageError
from crmdapp.provenance.artwork_intents import SignedListing, artworks_domain, id_of
from crmdapp.provenance.errors import (
    ArtworkNotForSale,
    ArtworkUnknown,
    AuctionUnknown,
    CurrencyUnknown,
    ListingStale,
    PriceChanged,
)
from crmdapp.provenance.events import ArtworkSold
from crmdapp.provenance.models import (
    ETHER_DECIMALS,
    SUCCESSION_MAX,
    ArtworkRecord,
    ArtworkState,
    Auction,
    Currency,
    account_or_none,
)

if TYPE_CHECKING:
    from crmdapp.chain.connection import Connection
    from crmdapp.chain.typed_data import Domain
    from crmdapp.provenance.history import ArtworkHistory, HeadAt, HistoryLink

_SYMBOL_MAX = 16


class ArtworksReader(ContractClient):
    """The Artworks contract as anybody sees it; :class:`~.artworks.ArtworksClient` sends too.

    Source: contracts/provenance/IArtworks.sol.
    """

    CONTRACT = "Artworks"

    @cached_property
    def domain(self) -> Domain:
        """What artists, sellers and buyers sign for."""
        return artworks_domain(self.connection.chain_id, self.contract.address)

    @cached_property
    def board(self) -> str:
        """Address of the board whose curators admit works, for ever the same."""
        address: str = self.contract.read("BOARD")
        return address

    # ----------------------------------------------------------------- reading

    def record(self, id_: int) -> ArtworkRecord:
        """Return a work's record.

        Raises:
            ArtworkUnknown: There is no such work.
        """
        found = ArtworkRecord(*self.contract.read("recordOf", id_))
        if found.artist == ZERO_ADDRESS:
            raise ArtworkUnknown(id_)
        return found

    def state(self, id_: int) -> ArtworkState:
        """Return who owns a work and what it costs."""
        found = self.contract.read("stateOf", id_)
        return ArtworkState(account_or_none(found.owner), *found[1:])

    def auction(self, id_: int) -> Auction:
        """Return a work's auction.

        Raises:
            AuctionUnknown: There is none.
        """
        found = self.contract.read("auctionOf", id_)
        if not found.endsAt:
            raise AuctionUnknown(id_)
        return Auction(account_or_none(found.bidder), found.bid, found.endsAt)

    def currency(self, index: int) -> Currency:
        """Return a row of the currency table, with what its token says of itself.

        Raises:
            CurrencyUnknown: There is no such row.
        """
        if not 0 <= index < self.contract.read("currencyCount"):
            raise CurrencyUnknown(index)
        token, exponent, is_enabled, rate = self.contract.read("currencyOf", index)
        if token == ZERO_ADDRESS:
            return Currency(index, None, exponent, is_enabled, rate, "ETH", ETHER_DECIMALS)
        symbol, decimals = _told_of(self.connection, token)
        return Currency(index, token, exponent, is_enabled, rate, symbol, decimals)

    def currencies(self) -> tuple[Currency, ...]:
        """Return the currency table."""
        count: int = self.contract.read("currencyCount")
        return tuple(self.currency(index) for index in range(count))

    def credit(self, account: str, currency: int = 0) -> int:
        """Return the base units that an account may withdraw."""
        units: int = self.contract.read("creditOf", require_address(account), currency)
        return units

    def latest_id(self, file_keccak: bytes) -> int:
        """Return the id of a file's record: the last successor that is registered.

        Raises:
            ArtworkUnknown: The file has no record.
        """
        first = found = id_of(file_keccak)
        for succession in range(SUCCESSION_MAX + 1):
            id_ = id_of(file_keccak, succession)
            if self.contract.read("recordOf", id_).artist == ZERO_ADDRESS:
                break
            found = id_
        if found == first:
            self.record(first)
        return found

    # ----------------------------------------------------------------- provenance

    def head(
        self, *, header_from: Connection | None = None, block_hash: bytes | str | None = None
    ) -> HeadAt:
        """Return the head of the history, proved; see :func:`~.history.head_at`."""
        from crmdapp.provenance.history import head_at

        return head_at(self, header_from=header_from, block_hash=block_hash)

    def history(self, id_: int, proven: HeadAt | None = None) -> ArtworkHistory:
        """Return a work's whole story, after a replay of everything against the head on chain.

        Args:
            id_: The work.
            proven: From :meth:`head`, best with a header from elsewhere.

        Raises:
            HistoryIncomplete: The node hides, adds, moves or alters an event.
            RecordForged: The node altered the record.
            StateProofInvalid: The node forged the head.
        """
        from crmdapp.provenance.history import history_of

        return history_of(self, id_, proven or self.head())

    def sales_of(
        self, accounts: Collection[str] | str, proven: HeadAt | None = None
    ) -> list[HistoryLink]:
        """Return the sales in which accounts bought or sold, after a replay of everything.

        Raises:
            HistoryIncomplete: The node hides, adds, moves or alters an event.
        """
        from crmdapp.provenance.history import read_history

        named = [accounts] if isinstance(accounts, str) else accounts
        wanted = {require_address(account) for account in named}

        def concerns(link: HistoryLink) -> bool:
            event = link.event
            return isinstance(event, ArtworkSold) and bool(wanted & {event.buyer, event.seller})

        return read_history(self, concerns, proven or self.head())[0]

    # ----------------------------------------------------------------- checking

    def require_price(self, id_: int, price: int, currency: int) -> None:
        """Check that a work costs what the buyer expects.

        Raises:
            ArtworkNotForSale: It has no price.
            PriceChanged: It has another one.
        """
        state = self.state(id_)
        if not state.price or state.is_auctioned:
            raise ArtworkNotForSale(id_)
        if (state.price, state.currency) != (price, currency):
            raise PriceChanged(id_, state.price, state.currency)

    def require_fresh(self, signed: SignedListing) -> None:
        """Check that nothing voided a signed listing since.

        Raises:
            ListingStale: The work was sold, or its price changed.
        """
        epoch = self.state(signed.listing.id).epoch
        if signed.listing.epoch != epoch:
            raise ListingStale(signed.listing.id, signed.listing.epoch, epoch)

    def require_signed(self, *items: SignedPermission | SignedWithSigner) -> None:
        """Check who signed, for what, and until when; smart accounts are left to the chain.

        Raises:
            UsageError: It was signed for another chain or contract.
            IntentExpired: It is past its deadline.
            IntentSignatureInvalid: It was not signed by who had to.
        """
        now = self.connection.block_timestamp()
        for item in items:
            home = self.domain if isinstance(item, SignedPermission) else None
            _require_domain(item.domain, home, self)
            deadline = getattr(item.content, "deadline", now)
            if deadline < now:
                raise IntentExpired(deadline, now)
            if not item.signed_by_key() and not self.connection.code(item.signer):
                raise IntentSignatureInvalid(item.signer, item.digest)


def _require_domain(found: Domain, home: Domain | None, client: ArtworksReader) -> None:
    from crmdapp.provenance.board_intents import board_domain

    wanted = home or board_domain(client.connection.chain_id, client.board)
    if found != wanted:
        raise UsageError(
            f"This was signed for {found.name} {found.verifying_contract} on chain "
            f"{found.chain_id}.",
            hint=f"It is void for {wanted.verifying_contract} on chain {wanted.chain_id}.",
        )


def _told_of(connection: Connection, token: str) -> tuple[str, int]:
    """Return what a coin calls itself, shortened to what can be shown, and its decimals."""
    from crmdapp.loyalty import CoinClient

    coin = CoinClient(connection, token).coin
    symbol = "".join(char for char in coin.symbol if char.isalnum() or char in ".-_")
    return symbol[:_SYMBOL_MAX] or "coin", coin.decimals
