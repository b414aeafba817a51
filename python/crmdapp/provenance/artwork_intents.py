"""What artists, sellers and buyers sign for the Artworks contract.

Nothing here needs a node: with the chain id, the contract's address and a key, a work is signed
offline and travels as JSON, as wallets sign it.

Source: contracts/provenance/IArtworks.sol; EIP-712.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from crmdapp.chain._keccak import keccak
from crmdapp.chain._signed_json import SignedJson, read_struct
from crmdapp.chain._whole import require_whole
from crmdapp.chain.addresses import ZERO_ADDRESS, require_address
from crmdapp.chain.signed import DEADLINE_MAX, SignedPermission, unix_seconds
from crmdapp.chain.typed_data import Domain, TypedData
from crmdapp.errors import UsageError
from crmdapp.provenance.models import (
    CURRENCY_MAX,
    EPOCH_MAX,
    ETHER,
    ID_MAX,
    PRICE_MAX,
    ROYALTY_MAX,
    SUCCESSION_MAX,
)

if TYPE_CHECKING:
    from crmdapp.chain.accounts import Signer

ARTWORK_TYPE = (
    "Artwork(bytes32 fileKeccak,bytes32 fileSha256,bytes32 cidDigest,uint64 pHash,"
    "bytes32 metadataHash,address artist,uint16 royaltyBps,uint8 succession,"
    "uint32 standardsVersion,uint40 deadline)"
)

_P_HASH_MAX = (1 << 64) - 1
_VERSION_MAX = (1 << 32) - 1
_NO_WORD = bytes(32)


@dataclass(frozen=True, slots=True)
class Artwork(TypedData):
    """What an artist signs of a work and curators sign again; nothing in it can change later.

    Attributes:
        file_keccak: keccak256 of the file.
        file_sha256: SHA-256 of the file.
        cid_digest: SHA-256 digest in the file's CIDv1.
        p_hash: 64-bit perceptual hash; 0 if the file is no picture.
        metadata_hash: SHA-256 of the metadata (JSON by RFC 8785).
        artist: Who signs, and is paid.
        royalty_bps: Hundredths of a percent of each resale, at most 2,500.
        succession: 0; after a revocation of the file's record one more than the revoked one's.
        standards_version: The community's standards that the work was made to meet.
        deadline: Unix seconds below 2^40; registered until then or never.
    """

    TYPE: ClassVar[str] = ARTWORK_TYPE

    file_keccak: bytes
    file_sha256: bytes
    cid_digest: bytes
    p_hash: int
    metadata_hash: bytes
    artist: str
    royalty_bps: int
    succession: int
    standards_version: int
    deadline: int

    @property
    def id(self) -> int:
        """The token that this record gets."""
        return id_of(self.file_keccak, self.succession)


@dataclass(frozen=True, slots=True)
class Listing(TypedData):
    """A seller's word, to be taken up by a buyer.

    Attributes:
        id: The work.
        epoch: The work's, so that a transfer or a change of price voids it.
        seller: Its owner, or the artist of a work that is not minted.
        price: Price units, 1 or more.
        currency: Row of the currency table.
        only_buyer: Who may take it up; the zero address for anyone.
        deadline: Last second, Unix time below 2^40.
    """

    TYPE: ClassVar[str] = (
        "Listing(uint256 id,uint24 epoch,address seller,uint64 price,uint8 currency,"
        "address onlyBuyer,uint40 deadline)"
    )

    id: int
    epoch: int
    seller: str
    price: int
    currency: int
    only_buyer: str
    deadline: int


@dataclass(frozen=True, slots=True)
class Offer(TypedData):
    """A buyer's word, to be taken up by the owner; never in ether, which cannot be drawn.

    Attributes:
        id: The work.
        buyer: Who signs, and pays.
        price: Price units, 1 or more.
        currency: Row of the currency table, not 0.
        nonce: Any number that the buyer has not used, below 2^256.
        deadline: Last second, Unix time below 2^40.
    """

    TYPE: ClassVar[str] = (
        "Offer(uint256 id,address buyer,uint64 price,uint8 currency,uint256 nonce,uint40 deadline)"
    )

    id: int
    buyer: str
    price: int
    currency: int
    nonce: int
    deadline: int


@dataclass(frozen=True, slots=True)
class SignedArtwork(SignedPermission):
    """A work that its artist signed.

    Attributes:
        artwork: What was signed.
        domain: The contract and chain it is meant for.
        signature: By the artist.
    """

    artwork: Artwork
    domain: Domain
    signature: bytes

    @property
    def content(self) -> Artwork:
        """What was signed: the work."""
        return self.artwork

    @property
    def signer(self) -> str:
        """The artist."""
        return self.artwork.artist

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str | bytes) -> SignedArtwork:
        """Return the work that :meth:`to_json` gave, or a wallet's typed data signed.

        Raises:
            UsageError: It is no signed work; the message names the field.
        """
        return cls(*_read(data, "signed artwork", Artwork))


@dataclass(frozen=True, slots=True)
class SignedListing(SignedPermission):
    """A listing that its seller signed.

    Attributes:
        listing: What was signed.
        domain: The contract and chain it is meant for.
        signature: By the seller.
    """

    listing: Listing
    domain: Domain
    signature: bytes

    @property
    def content(self) -> Listing:
        """What was signed: the listing."""
        return self.listing

    @property
    def signer(self) -> str:
        """The seller."""
        return self.listing.seller

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str | bytes) -> SignedListing:
        """Return the listing that :meth:`to_json` gave, or a wallet's typed data signed.

        Raises:
            UsageError: It is no signed listing; the message names the field.
        """
        return cls(*_read(data, "signed listing", Listing))


@dataclass(frozen=True, slots=True)
class SignedOffer(SignedPermission):
    """An offer that its buyer signed.

    Attributes:
        offer: What was signed.
        domain: The contract and chain it is meant for.
        signature: By the buyer.
    """

    offer: Offer
    domain: Domain
    signature: bytes

    @property
    def content(self) -> Offer:
        """What was signed: the offer."""
        return self.offer

    @property
    def signer(self) -> str:
        """The buyer."""
        return self.offer.buyer

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str | bytes) -> SignedOffer:
        """Return the offer that :meth:`to_json` gave, or a wallet's typed data signed.

        Raises:
            UsageError: It is no signed offer; the message names the field.
        """
        return cls(*_read(data, "signed offer", Offer))


def artworks_domain(chain_id: int, contract: str) -> Domain:
    """Return what artists, sellers and buyers sign for."""
    return Domain("Artworks", "1", chain_id, require_address(contract))


def id_of(file_keccak: bytes, succession: int = 0) -> int:
    """Return the token of a file's record number ``succession``.

    Args:
        file_keccak: keccak256 of the file, 32 bytes.
        succession: 0 for the first record; one more after each revocation.
    """
    require_whole("succession", succession, SUCCESSION_MAX)
    if len(file_keccak) != 32:
        raise UsageError("file_keccak must have 32 bytes.")
    found = file_keccak
    for _ in range(succession):
        found = keccak(file_keccak + found)
    return int.from_bytes(found, "big")


def require_artwork(artwork: Artwork) -> Artwork:
    """Return a work that the contract could accept.

    Raises:
        ArtworkFileInvalid: A hash of the file is missing.
        ArtworkRoyaltyTooHigh: The royalty is more than a quarter.
        UsageError: A number is out of its range, or the artist is no address.
    """
    from crmdapp.provenance.errors import ArtworkFileInvalid, ArtworkRoyaltyTooHigh

    if _NO_WORD in (artwork.file_keccak, artwork.file_sha256, artwork.cid_digest):
        raise ArtworkFileInvalid
    if artwork.royalty_bps > ROYALTY_MAX:
        raise ArtworkRoyaltyTooHigh(artwork.royalty_bps)
    require_whole("p_hash", artwork.p_hash, _P_HASH_MAX)
    require_whole("royalty_bps", artwork.royalty_bps, ROYALTY_MAX)
    require_whole("succession", artwork.succession, SUCCESSION_MAX)
    require_whole("standards_version", artwork.standards_version, _VERSION_MAX, least=1)
    require_whole("deadline", artwork.deadline, DEADLINE_MAX)
    if require_address(artwork.artist) == ZERO_ADDRESS:
        raise UsageError("A work has an artist.")
    return artwork


def require_listing(listing: Listing) -> Listing:
    """Return a listing that the contract could accept.

    Raises:
        ListingStale: The work is in its last epoch, where nothing signed is accepted.
        UsageError: A number is out of its range.
    """
    from crmdapp.provenance.errors import ListingStale

    require_whole("id", listing.id, ID_MAX)
    require_whole("epoch", listing.epoch, EPOCH_MAX)
    if listing.epoch == EPOCH_MAX:
        raise ListingStale(listing.id, listing.epoch, EPOCH_MAX)
    require_whole("price", listing.price, PRICE_MAX, least=1)
    require_whole("currency", listing.currency, CURRENCY_MAX)
    require_whole("deadline", listing.deadline, DEADLINE_MAX)
    return listing


def require_offer(offer: Offer) -> Offer:
    """Return an offer that the contract could accept.

    Raises:
        CurrencyEther: It is in ether, which cannot be drawn.
        UsageError: A number is out of its range.
    """
    from crmdapp.provenance.errors import CurrencyEther

    if offer.currency == ETHER:
        raise CurrencyEther
    require_whole("id", offer.id, ID_MAX)
    require_whole("price", offer.price, PRICE_MAX, least=1)
    require_whole("currency", offer.currency, CURRENCY_MAX)
    require_whole("nonce", offer.nonce, ID_MAX)
    require_whole("deadline", offer.deadline, DEADLINE_MAX)
    return offer


def sign_artwork(signer: Signer, domain: Domain, artwork: Artwork) -> SignedArtwork:
    """Sign a work as its artist.

    Raises:
        UsageError: The signer is not the artist, or a number is out of its range.
        ArtworkRoyaltyTooHigh: The royalty is more than a quarter.
        KeyProblem: The signer cannot sign.
    """
    require_artwork(artwork)
    _require_own(signer, artwork.artist, "artist")
    return SignedArtwork(artwork, domain, artwork.sign(signer, domain))


def sign_listing(
    signer: Signer,
    domain: Domain,
    id_: int,
    price: int,
    currency: int,
    *,
    epoch: int,
    deadline: int | datetime,
    only_buyer: str = ZERO_ADDRESS,
) -> SignedListing:
    """Sign that the signer sells a work at a price; costs no gas.

    Args:
        signer: The seller.
        domain: From :func:`artworks_domain`.
        id_: The work.
        price: Price units, 1 or more.
        currency: Row of the currency table.
        epoch: The work's, as it stands.
        deadline: Last moment: Unix seconds below 2^40 or an aware datetime.
        only_buyer: Who may take it up; anyone by default.

    Raises:
        ListingStale: The work is in its last epoch.
        UsageError: A value is out of its range.
        KeyProblem: The signer cannot sign.
    """
    until = unix_seconds(deadline)
    buyer = require_address(only_buyer)
    listing = Listing(id_, epoch, signer.address, price, currency, buyer, until)
    require_listing(listing)
    return SignedListing(listing, domain, listing.sign(signer, domain))


def sign_offer(
    signer: Signer,
    domain: Domain,
    id_: int,
    price: int,
    currency: int,
    *,
    nonce: int,
    deadline: int | datetime,
) -> SignedOffer:
    """Sign that the signer buys a work at a price; costs no gas, draws a coin when accepted.

    Args:
        signer: The buyer.
        domain: From :func:`artworks_domain`.
        id_: The work.
        price: Price units, 1 or more.
        currency: Row of the currency table, not ether's.
        nonce: Any number that the signer has not used.
        deadline: Last moment: Unix seconds below 2^40 or an aware datetime.

    Raises:
        CurrencyEther: Ether cannot be drawn.
        UsageError: A value is out of its range.
        KeyProblem: The signer cannot sign.
    """
    until = unix_seconds(deadline)
    offer = require_offer(Offer(id_, signer.address, price, currency, nonce, until))
    return SignedOffer(offer, domain, offer.sign(signer, domain))


StructT = TypeVar("StructT", bound=TypedData)


def _read(
    data: Mapping[str, Any] | str | bytes, what: str, kind: type[StructT]
) -> tuple[StructT, Domain, bytes]:
    fields = SignedJson(data, what, kind.__name__)
    return read_struct(kind, fields.message), fields.domain(), fields.signature()


def _require_own(signer: Signer, wanted: str, what: str) -> None:
    if require_address(wanted) != signer.address:
        raise UsageError(
            f"The {what} is {wanted}, but {signer.address} is to sign.",
            hint=f"Sign with the {what}'s own key.",
        )
