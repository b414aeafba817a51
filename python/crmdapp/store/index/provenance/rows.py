"""What the questions about works and the board answer with."""

from __future__ import annotations

from dataclasses import dataclass

from crmdapp.provenance.artwork_intents import Artwork
from crmdapp.provenance.models import CaseStatus, Ground

Place = tuple[int, int]
"""Block and place in it: where a list goes on."""


@dataclass(frozen=True, slots=True)
class Work:
    """A registered work.

    Attributes:
        artwork: The record, for ever.
        record_hash: Its hash, which artist and curators signed.
        registered_block: Block of its registration.
        registered_place: Place in that block.
        registered_at: When, Unix seconds.
        registered_tx: The transaction.
        owner: ``None`` if it is not minted, or burned.
        price: Price units; 0 if it is not for sale; in an auction the reserve.
        currency: Row of the currency table.
        is_auctioned: Whether an auction is open.
        epoch: Rises with each transfer and each change of price.
        is_revoked: The curators found against it.
        is_burned: Its owner destroyed the token.
        revoked_by: The case in which it was revoked.
        open_challenges: How many cases about it are open.
        sales: How often it was sold.
    """

    artwork: Artwork
    record_hash: bytes
    registered_block: int
    registered_place: int
    registered_at: int
    registered_tx: str
    owner: str | None
    price: int
    currency: int
    is_auctioned: bool
    epoch: int
    is_revoked: bool
    is_burned: bool
    revoked_by: bytes | None
    open_challenges: int
    sales: int

    @property
    def id(self) -> int:
        """The token."""
        return self.artwork.id

    @property
    def cursor(self) -> Place:
        """Its place in lists."""
        return (self.registered_block, self.registered_place)

    @property
    def is_for_sale(self) -> bool:
        """Whether it can be bought at a price now."""
        return self.price > 0 and not self.is_auctioned

    @property
    def seller(self) -> str | None:
        """Who may sell: the owner, or the artist of a work that was not minted yet."""
        if self.owner is not None:
            return self.owner
        return None if self.is_burned or self.is_revoked else self.artwork.artist


@dataclass(frozen=True, slots=True)
class WorkEvent:
    """Something that happened to a work.

    Attributes:
        block: Block number.
        place: Place in it.
        work: The work.
        kind: Name of the event, as in Solidity.
        at: When, Unix seconds.
        tx_hash: The transaction.
        giver: The artist who registered, the seller, who gave.
        taker: The buyer, the bidder, who got.
        price: Price units.
        currency: Row of the currency table.
        word: Digest of what the absent party signed, the record's hash, or the case.
    """

    block: int
    place: int
    work: int
    kind: str
    at: int
    tx_hash: str
    giver: str | None
    taker: str | None
    price: int | None
    currency: int | None
    word: bytes | None

    @property
    def cursor(self) -> Place:
        """Its place in lists."""
        return (self.block, self.place)


@dataclass(frozen=True, slots=True)
class CurrencyRow:
    """A row of the currency table; ``token`` is ``None`` for ether."""

    currency: int
    token: str | None
    exponent: int
    is_enabled: bool
    points_per_million: int


@dataclass(frozen=True, slots=True)
class Board:
    """The board as it is.

    Attributes:
        curators: Who they are, by address.
        quorum: How many have to approve a work.
        epoch: Changes so far.
        standards_version: Number of the standards, from 1.
        standards_hash: keccak256 of them.
        standards_since: Unix seconds.
    """

    curators: tuple[str, ...]
    quorum: int
    epoch: int
    standards_version: int
    standards_hash: bytes
    standards_since: int


@dataclass(frozen=True, slots=True)
class Case:
    """A question to the curators.

    Attributes:
        case_id: Its id.
        work: The work, registered or submitted.
        ground: Why.
        opener: The artist who submitted, or the challenger.
        opened_at: Unix seconds.
        opened_block: Block of its opening.
        opened_place: Place in that block.
        earlier: The work that it cites.
        evidence_hash: keccak256 of the evidence.
        artwork: The record that is asked for, of a submission.
        defender: Who put up a bond for the record.
        status: Where it stands.
        ayes: Shown votes for the opener.
        noes: Shown votes against.
        concluded_at: Unix seconds; ``None`` while it is open.
    """

    case_id: bytes
    work: int
    ground: Ground
    opener: str
    opened_at: int
    opened_block: int
    opened_place: int
    earlier: int | None
    evidence_hash: bytes | None
    artwork: Artwork | None
    defender: str | None
    status: CaseStatus
    ayes: int
    noes: int
    concluded_at: int | None

    @property
    def cursor(self) -> Place:
        """Its place in lists."""
        return (self.opened_block, self.opened_place)


@dataclass(frozen=True, slots=True)
class Vote:
    """A curator's vote; ``is_aye`` is ``None`` while it is sealed, ``reward`` wei once taken."""

    case_id: bytes
    curator: str
    commitment: bytes
    committed_at: int
    is_aye: bool | None
    revealed_at: int | None
    reward: int | None
