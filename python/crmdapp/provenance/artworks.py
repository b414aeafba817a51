"""The gallery from Python: register, sell, auction, and read works."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from crmdapp.errors import VerificationFailed
from crmdapp.provenance.artwork_calls import ArtworkCalls
from crmdapp.provenance.artwork_intents import SignedArtwork, SignedListing, SignedOffer
from crmdapp.provenance.artwork_reader import ArtworksReader
from crmdapp.provenance.events import ArtworkRegistered

if TYPE_CHECKING:
    from crmdapp.chain.accounts import Signer
    from crmdapp.chain.transactions import Receipt
    from crmdapp.provenance.board_intents import SignedApproval

_PERMIT_SECONDS = 3_600


class ArtworksClient(ArtworksReader):
    """The Artworks contract, seen and used by one account.

    Methods that send take an idempotency ``key``, simulate before they send, and raise what
    :class:`~crmdapp.chain.client.ContractClient` says besides what each names. What has no method
    of its own is sent by ``client.send(client.prepare.settle(id))``.

    Source: contracts/provenance/IArtworks.sol.
    """

    @cached_property
    def prepare(self) -> ArtworkCalls:
        """The same transactions, checked and encoded but not sent."""
        return ArtworkCalls(self.contract)

    # ----------------------------------------------------------------- registration

    def register(
        self,
        signed: SignedArtwork,
        approvals: Sequence[SignedApproval] = (),
        *,
        mints: bool = False,
        key: str | None = None,
    ) -> int:
        """Record a work and return its id; anyone may, the signatures decide.

        Args:
            signed: The work, signed by its artist.
            approvals: The curators', in any order; none if the board admitted the work by vote.
            mints: Whether the artist gets the token at once, not with the first sale.
            key: Idempotency key.

        Raises:
            IntentExpired: The work, or an approval, is past its deadline.
            IntentSignatureInvalid: The artist, or a curator, did not sign.
            CuratorsUnordered: A curator approved twice.
            CuratorInvalid: Somebody who approved is no curator, or the artist.
            ApprovalsMissing: The board wants more.
            ArtworkRegisteredBefore: The file has a record.
            ArtworkNotRevoked: A successor's predecessor stands.
        """
        self.require_signed(signed, *approvals)
        return self.id_in(self.send(self.prepare.register(signed, approvals, mints=mints), key=key))

    def id_in(self, receipt: Receipt) -> int:
        """Return the work whose registration a receipt tells of.

        Raises:
            VerificationFailed: It tells of none, or of several.
        """
        made = receipt.events_of(ArtworkRegistered)
        if len(made) != 1:
            raise VerificationFailed(f"{receipt.hash} registered {len(made)} works, not one.")
        return made[0].id

    def mint(self, id_: int, *, key: str | None = None) -> Receipt:
        """Give the artist the token of a registered work before its first sale.

        Raises:
            ArtworkUnknown: There is no such work.
            ArtworkMintedBefore: It is minted.
        """
        return self.send(self.prepare.mint(id_), key=key)

    # ----------------------------------------------------------------- sale

    def list(self, id_: int, price: int, currency: int = 0, *, key: str | None = None) -> Receipt:
        """Ask a price for the sender's work; voids what was signed before.

        Args:
            id_: The work.
            price: Price units, 1 or more.
            currency: Row of the currency table; 0 is ether.
            key: Idempotency key.

        Raises:
            ArtworkSellerOnly: The sender is neither owner nor, before it is minted, artist.
            CurrencyDisabled: New prices cannot be in this currency.
            CurrencyUnknown: There is no such row.
        """
        call = self.prepare.list(id_, price, self.currency(currency))
        return self.send(call, key=key)

    def unlist(self, id_: int, *, key: str | None = None) -> Receipt:
        """Withdraw the price of the sender's work; voids what was signed before."""
        return self.send(self.prepare.unlist(id_, self.state(id_).currency), key=key)

    def buy(self, id_: int, price: int, currency: int = 0, *, key: str | None = None) -> Receipt:
        """Buy a listed work at exactly the price and currency that the buyer saw.

        Args:
            id_: The work.
            price: Price units.
            currency: Row of the currency table. A coin needs an allowance for the contract.
            key: Idempotency key.

        Raises:
            ArtworkNotForSale: It has no price.
            PriceChanged: It has another one by now.
        """
        row = self.currency(currency)
        if not self._repeats(key):
            self.require_price(id_, price, currency)
        return self.send(self.prepare.buy(id_, price, row), key=key)

    def buy_with_permit(
        self, id_: int, price: int, currency: int, signer: Signer, *, key: str | None = None
    ) -> Receipt:
        """Buy a listed work with a coin in one transaction: the permission is signed, not sent.

        Args:
            id_: The work.
            price: Price units.
            currency: Row of the currency table, not ether's.
            signer: The sender's key.
            key: Idempotency key.

        Raises:
            PermitUnsupported: The coin takes no such permission.
            CurrencyEther: Ether needs no permission.
            PriceChanged: The work has another price by now.
        """
        from crmdapp.provenance.coin_permits import sign_permit
        from crmdapp.provenance.errors import CurrencyEther

        row = self.currency(currency)
        if row.token is None:
            raise CurrencyEther
        if not self._repeats(key):
            self.require_price(id_, price, currency)
        permit = sign_permit(
            self.connection,
            signer,
            row.token,
            self.contract.address,
            row.base_units(price),
            deadline=self.connection.block_timestamp() + _PERMIT_SECONDS,
        )
        return self.send(self.prepare.buy_with_permit(id_, price, row, permit), key=key)

    def buy_signed(self, signed: SignedListing, *, key: str | None = None) -> Receipt:
        """Buy what a seller offered by signature.

        Raises:
            IntentExpired: The listing is past its deadline.
            IntentSignatureInvalid: The seller did not sign.
            ListingStale: The work was sold, or its price changed, since.
            ListingForAnother: It is for somebody else.
        """
        if not self._repeats(key):
            self.require_signed(signed)
            self.require_fresh(signed)
        row = self.currency(signed.listing.currency)
        return self.send(self.prepare.buy_signed(signed, self.sender.address, row), key=key)

    def accept(self, signed: SignedOffer, *, key: str | None = None) -> Receipt:
        """Sell the sender's work to who signed the offer.

        Raises:
            IntentExpired: The offer is past its deadline.
            IntentSignatureInvalid: The buyer did not sign.
            IntentNonceUsed: The offer was taken up or withdrawn.
            ArtworkSellerOnly: The sender does not own the work.
        """
        self.require_signed(signed)
        return self.send(self.prepare.accept(signed), key=key)

    # ----------------------------------------------------------------- auctions

    def open_auction(
        self, id_: int, reserve: int, currency: int, duration: int, *, key: str | None = None
    ) -> Receipt:
        """Open an English auction of the sender's work.

        Args:
            id_: The work.
            reserve: Least first bid, price units.
            currency: Row of the currency table.
            duration: Seconds, 900 to 30 days; a late bid extends it.
            key: Idempotency key.

        Raises:
            AuctionDurationInvalid: It is shorter or longer.
            ArtworkAuctioned: One is open.
        """
        row = self.currency(currency)
        return self.send(self.prepare.open_auction(id_, reserve, row, duration), key=key)

    def bid(self, id_: int, amount: int, *, key: str | None = None) -> Receipt:
        """Bid price units; the bidder before is paid back.

        Raises:
            AuctionUnknown: There is no auction.
            AuctionBidTooLow: It is below the reserve, or less than 5 % over the highest bid.
            AuctionOver: It is too late.
        """
        state = self.state(id_)
        least = 1 if self._repeats(key) else self.auction(id_).least_bid(state.price)
        row = self.currency(state.currency)
        return self.send(self.prepare.bid(id_, amount, row, least=least), key=key)

    def _repeats(self, key: str | None) -> bool:
        """Return whether a transaction was sent under the key, after which the work differs."""
        return key is not None and self.was_sent(key)
