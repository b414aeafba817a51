"""Gas of the gallery beside the peers that sell tokens.

The peers validate nothing before they mint. Seaport moves a token of another contract, by an
approval that its seller paid for before (46,000 gas, in no row here).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from crmdapp.chain._keccak import keccak
from crmdapp.chain.accounts import LocalSigner
from crmdapp.chain.addresses import ZERO_ADDRESS
from crmdapp.chain.typed_data import Domain, TypedData
from crmdapp.provenance.artwork_intents import Artwork, Listing, Offer
from crmdapp.provenance.board_intents import Approval
from crmdapp.provenance.coin_permits import Permit
from scripts.bench.chain import FAR, Chain
from scripts.bench.ledgers import customers, strangers
from scripts.bench.table import Row
from tests.fixtures.anvil import DEV_KEYS

DAY = 86_400
CURATORS = 5
QUORUM = 3
ROYALTY_BPS = 1_000
FEE_BPS = 250
ETHER, COIN = 0, 1
PRICE = 10**9  # gwei, or base units of the coin
LOT = 10**18  # wei
FUNDS = 10**30

_CURATORS_READ = (
    "a signature costs 3,000 gas to check, 2,100 to carry and the rest to hand to the board"
)
_MORE = "the currency's row is read, and the gas for each receiver is checked"
_CHECKS = "checks of compiled code"  # the targets are 5 % above what storage, events and calls cost


class Gallery:
    """Our contracts on one chain: an artist, curators, collectors."""

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        self.keys = [LocalSigner(key) for key in DEV_KEYS]
        self.artist, self.collector = self.keys[1], self.keys[2]
        self.buyer = self.keys[3]
        self.curators = sorted(
            customers("curator", CURATORS), key=lambda each: each.address.lower()
        )
        addresses = [each.address for each in self.curators]
        periods = (DAY, DAY, DAY)
        self.artworks = chain.deploy(
            "Artworks",
            chain.accounts[0],
            FEE_BPS,
            ZERO_ADDRESS,
            addresses,
            QUORUM,
            keccak(b"standards"),
            LOT,
            *periods,
        )
        self.board = chain.at("CuratorBoard", self.artworks.read("BOARD"))
        self.coin = chain.deploy("TestCoin")
        self.artworks.send("addCurrency", self.coin.address, 0, 0)
        for key in self.keys:
            self.coin.send("mint", key.address, FUNDS)
        self._works = 0

    def sign(self, message: TypedData, signer: LocalSigner, name: str = "Artworks") -> bytes:
        """Return the signature of a message for one of the two contracts."""
        contract = self.artworks if name == "Artworks" else self.board
        return message.sign(signer, Domain(name, "1", self.chain.chain_id, contract.address))

    def work(self, artist: LocalSigner) -> Artwork:
        """Return a new work."""
        self._works += 1
        digest = keccak(b"work %d" % self._works)
        return Artwork(
            file_keccak=digest,
            file_sha256=keccak(digest),
            cid_digest=keccak(digest),
            p_hash=int.from_bytes(digest[:8], "big"),
            metadata_hash=keccak(digest + b"metadata"),
            artist=artist.address,
            royalty_bps=ROYALTY_BPS,
            succession=0,
            standards_version=1,
            deadline=FAR,
        )

    def register(
        self, artist: LocalSigner, *, curators: int = QUORUM, mints: bool = False
    ) -> tuple[int, int]:
        """Register a new work; return its id and the gas."""
        artwork = self.work(artist)
        approvals = []
        for curator in self.curators[:curators]:
            signature = self.sign(Approval(artwork, FAR), curator, "CuratorBoard")
            approvals.append((curator.address, FAR, _compact(signature)))
        signature = _compact(self.sign(artwork, artist))
        gas = self.artworks.send("register", artwork.values, signature, approvals, mints)
        return artwork.id, gas

    def list(self, id_: int, seller: LocalSigner, currency: int = ETHER) -> int:
        """Ask the price for a work."""
        return self.artworks.send("list", id_, PRICE, currency, sender=seller.address)

    def buy(self, id_: int, buyer: LocalSigner, currency: int = ETHER) -> int:
        """Buy a listed work."""
        value = LOT if currency == ETHER else 0
        return self.artworks.send("buy", id_, PRICE, currency, sender=buyer.address, value=value)

    def buy_first(self, id_: int, buyer: LocalSigner) -> int:
        """Buy what the artist listed by signature; the sale mints it."""
        listing = Listing(id_, 0, self.artist.address, PRICE, ETHER, ZERO_ADDRESS, FAR)
        signature = _compact(self.sign(listing, self.artist))
        return self.artworks.send(
            "buySigned", listing.values, signature, sender=buyer.address, value=LOT
        )

    def owned(self, owner: LocalSigner) -> int:
        """Return a work of the artist that the owner bought."""
        id_, _ = self.register(self.artist)
        self.buy_first(id_, owner)
        return id_


class Seaport:
    """Seaport 1.6 selling tokens of an ERC-721 contract, with a royalty and a fee."""

    name = "Seaport"

    def __init__(self, chain: Chain, gallery: Gallery) -> None:
        self.chain = chain
        self.gallery = gallery
        controller = chain.deploy("ConduitController")
        self.contract = chain.deploy("Seaport", controller.address)
        self.token = chain.deploy("OpenZeppelinERC721")
        for key in gallery.keys:
            token, coin = self.token, gallery.coin
            token.send("setApprovalForAll", self.contract.address, True, sender=key.address)
            coin.send("approve", self.contract.address, FUNDS, sender=key.address)
        self._tokens = 0

    def minted(self, owner: LocalSigner) -> int:
        """Return a new token of the owner."""
        self._tokens += 1
        self.token.send("mint", owner.address, self._tokens, ROYALTY_BPS)
        return self._tokens

    def validate(self, seller: LocalSigner) -> int:
        """List on chain, without a signature."""
        order = self._order(self.minted(seller), seller, ZERO_ADDRESS)
        return self.contract.send(
            "validate", [((*order[:-1], len(order[3])), b"")], sender=seller.address
        )

    def buy(self, seller: LocalSigner, buyer: LocalSigner, currency: str = ZERO_ADDRESS) -> int:
        """Buy what the seller listed by signature, with a royalty and a fee."""
        token = self.minted(seller)
        order = self._order(token, seller, currency)
        prices = [item[3] for item in order[3]]
        parameters = (
            currency,
            0,
            prices[0],
            seller.address,
            ZERO_ADDRESS,
            self.token.address,
            token,
            1,
            0 if currency == ZERO_ADDRESS else 8,
            0,
            FAR,
            bytes(32),
            token,
            bytes(32),
            bytes(32),
            2,
            [(item[3], item[5]) for item in order[3][1:]],
            self._signature(order, seller),
        )
        value = sum(prices) if currency == ZERO_ADDRESS else 0
        return self.contract.send(
            "fulfillBasicOrder", parameters, sender=buyer.address, value=value
        )

    def _order(self, token: int, seller: LocalSigner, currency: str) -> tuple[Any, ...]:
        kind, price = (0, LOT) if currency == ZERO_ADDRESS else (1, PRICE)
        royalty, fee = price * ROYALTY_BPS // 10_000, price * FEE_BPS // 10_000
        shares = (
            (price - royalty - fee, seller.address),
            (royalty, self.gallery.artist.address),
            (fee, self.chain.accounts[0]),
        )
        consideration = [(kind, currency, 0, share, share, to) for share, to in shares]
        return (
            seller.address,
            ZERO_ADDRESS,
            [(2, self.token.address, token, 1, 1)],
            consideration,
            0,
            0,
            FAR,
            bytes(32),
            token,
            bytes(32),
            0,
        )

    def _signature(self, order: Sequence[Any], seller: LocalSigner) -> bytes:
        order_hash = self.contract.read("getOrderHash", order)
        _, separator, _ = self.contract.read("information")
        return seller.sign_digest(keccak(b"\x19\x01" + separator + order_hash))


def measure(chain: Chain) -> Iterator[Row]:
    """Yield the rows of gas.

    Raises:
        BenchError: A transaction reverted.
    """
    gallery = Gallery(chain)
    seaport = Seaport(chain, gallery)
    yield from _registrations(gallery)
    yield from _listings(gallery, seaport)
    yield from _sales(gallery, seaport)
    yield from _coin_sales(gallery, seaport)
    yield from _auctions(gallery)


def _registrations(gallery: Gallery) -> Iterator[Row]:
    chain, artist = gallery.chain, gallery.artist
    gallery.register(gallery.collector, mints=True)  # the history begins
    _, first = gallery.register(artist, mints=True)
    _, following = gallery.register(artist, mints=True)
    yield Row(
        "provenance",
        "register and mint with 3 curators, artist holds one",
        following,
        "gas",
        target=106_000,
        floor=99_000,
        peers=_mints(chain, artist.address),
        reason="the whole record stands in the event, for who verifies by the chain alone",
    )
    yield Row(
        "provenance",
        "register and mint with 3 curators, the artist's first",
        first,
        "gas",
        target=123_000,
        floor=116_000,
        peers=_mints(chain, *strangers("artist", 3), fresh=True),
        reason="the whole record stands in the event, for who verifies by the chain alone",
    )
    _, more = gallery.register(artist, curators=CURATORS, mints=True)
    yield Row(
        "provenance",
        "each further curator",
        round((more - following) / (CURATORS - QUORUM)),
        "gas",
        target=5_000,
        floor=4_400,
        reason=_CURATORS_READ,
    )
    gallery.board.send("submit", gallery.work(artist).values, sender=artist.address, value=LOT)
    yield Row(
        "provenance",
        "submit for an open vote",
        gallery.board.send("submit", gallery.work(artist).values, sender=artist.address, value=LOT),
        "gas",
        target=51_000,
        floor=49_000,
        reason="the whole record stands in the event, for the curators who vote",
    )


def _mints(chain: Chain, *artists: str, fresh: bool = False) -> dict[str, int]:
    """Mints by the peers: to an account that holds one, or to one that is new to each."""
    peers = {"OpenZeppelin": "OpenZeppelinERC721", "Solady": "SoladyERC721"}
    gas = {}
    for number, (name, contract) in enumerate(peers.items()):
        token, artist = chain.deploy(contract), artists[number % len(artists)]
        if not fresh:
            token.send("mint", artist, 1, ROYALTY_BPS)
        gas[f"{name}, unverified"] = token.send("mint", artist, 2, ROYALTY_BPS)
    counted = chain.deploy("ChiruERC721A")
    if not fresh:
        counted.send("mint", artists[-1])
    gas["ERC721A, unverified, no royalty"] = counted.send("mint", artists[-1])
    return gas


def _listings(gallery: Gallery, seaport: Seaport) -> Iterator[Row]:
    id_ = gallery.owned(gallery.collector)
    yield Row(
        "provenance",
        "list on chain",
        gallery.list(id_, gallery.collector),
        "gas",
        target=29_400,
        floor=28_600,
        peers={seaport.name: seaport.validate(gallery.collector)},
        reason="the currency's row is read, so that nobody asks a price that cannot be paid",
    )


def _sales(gallery: Gallery, seaport: Seaport) -> Iterator[Row]:
    artist, collector, buyer = gallery.artist, gallery.collector, gallery.buyer
    works = [gallery.register(artist, mints=True)[0] for _ in range(2)]
    for id_ in works:
        gallery.list(id_, artist)
    seaport.minted(artist)
    yield Row(
        "provenance",
        "first sale, buyer is new",
        gallery.buy(works[0], buyer),
        "gas",
        target=80_000,
        floor=76_000,
        peers={seaport.name: seaport.buy(artist, buyer)},
        reason=_MORE,
    )
    yield Row(
        "provenance",
        "first sale, buyer holds one",
        gallery.buy(works[1], buyer),
        "gas",
        target=63_000,
        floor=59_000,
        peers={seaport.name: seaport.buy(artist, buyer)},
        reason=_MORE,
    )
    yield Row(
        "provenance",
        "first sale by a signed listing, minted with it, buyer holds one",
        gallery.buy_first(gallery.register(artist)[0], buyer),
        "gas",
        peers={f"{seaport.name}, minted before": seaport.buy(artist, buyer)},
    )
    id_ = gallery.owned(collector)
    gallery.owned(collector)
    gallery.list(id_, collector)
    seaport.minted(collector)
    yield Row(
        "provenance",
        "resale with royalty",
        gallery.buy(id_, buyer),
        "gas",
        target=72_000,
        floor=68_500,
        peers={seaport.name: seaport.buy(collector, buyer)},
        reason=_MORE,
    )


def _coin_sales(gallery: Gallery, seaport: Seaport) -> Iterator[Row]:
    artist, collector, buyer, coin = (
        gallery.artist,
        gallery.collector,
        gallery.buyer,
        gallery.coin,
    )
    coin.send("mint", gallery.artworks.address, 1)
    coin.send("approve", gallery.artworks.address, FUNDS, sender=buyer.address)
    works = [gallery.register(artist, mints=True)[0] for _ in range(3)]
    for id_ in works[:2]:
        gallery.list(id_, artist, COIN)
    yield Row(
        "provenance",
        "first sale in a coin, listed on chain",
        gallery.buy(works[0], buyer, COIN),
        "gas",
        target=71_000,
        floor=66_000,
        peers={seaport.name: seaport.buy(artist, buyer, coin.address)},
        reason="what each receiver got is measured, so a coin that keeps a part is refused",
    )
    coin.send("approve", gallery.artworks.address, 0, sender=buyer.address)
    yield Row(
        "provenance",
        "first sale in a coin, with a permit",
        _buy_with_permit(gallery, works[1]),
        "gas",
        target=84_000,
        floor=80_000,
        reason="what each receiver got is measured, so a coin that keeps a part is refused",
    )
    coin.send("approve", gallery.artworks.address, FUNDS, sender=buyer.address)
    gallery.owned(collector)
    offers = [gallery.owned(collector) for _ in range(2)]
    gas = [_accept(gallery, id_, nonce) for nonce, id_ in enumerate(offers)]
    yield Row(
        "provenance",
        "accept an offer in a coin, with royalty",
        gas[1],
        "gas",
        peers={f"{seaport.name}, a sale": seaport.buy(collector, buyer, coin.address)},
        reason="what each receiver got is measured, so a coin that keeps a part is refused",
    )


def _buy_with_permit(gallery: Gallery, id_: int) -> int:
    buyer, coin = gallery.buyer, gallery.coin
    message = Permit(buyer.address, gallery.artworks.address, PRICE, 0, FAR)
    domain = Domain("Test Coin", "1", gallery.chain.chain_id, coin.address)
    signature = message.sign(buyer, domain)
    permission = (PRICE, FAR, signature[64], signature[:32], signature[32:64])
    return gallery.artworks.send(
        "buyWithPermit", id_, PRICE, COIN, permission, sender=buyer.address
    )


def _accept(gallery: Gallery, id_: int, nonce: int) -> int:
    offer = Offer(id_, gallery.buyer.address, PRICE, COIN, nonce, FAR)
    signature = _compact(gallery.sign(offer, gallery.buyer))
    return gallery.artworks.send(
        "accept", offer.values, signature, sender=gallery.collector.address
    )


def _auctions(gallery: Gallery) -> Iterator[Row]:
    artworks, seller, bidders = gallery.artworks, gallery.collector, gallery.keys[3:5]
    id_ = gallery.owned(seller)
    opened = artworks.send("openAuction", id_, PRICE, ETHER, DAY, sender=seller.address)
    bids = [
        artworks.send("bid", id_, PRICE * factor, sender=bidder.address, value=LOT * factor)
        for factor, bidder in ((1, bidders[0]), (2, bidders[1]), (3, bidders[0]))
    ]
    gallery.chain.wait(DAY)
    settled = artworks.send("settle", id_)
    steps = (
        ("open an auction", opened, 55_700, 53_100),
        ("first bid", bids[0], 57_800, 55_000),
        ("higher bid, the one before paid back", bids[2], 52_000, 49_500),
        ("settle an auction, with royalty", settled, 77_600, 73_900),
    )
    for operation, gas, target, floor in steps:
        yield Row("provenance", operation, gas, "gas", target, floor, reason=_CHECKS)


def _compact(signature: bytes) -> bytes:
    """Return a signature of 65 bytes in its 64 (ERC-2098)."""
    s = int.from_bytes(signature[32:64], "big") | (signature[64] - 27) << 255
    return signature[:32] + s.to_bytes(32, "big")
