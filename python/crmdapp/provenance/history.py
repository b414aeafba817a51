"""The provenance of works, replayed against the one hash on chain that commits to all of it.

Every event of provenance is one link of a chain of hashes whose last value stands in slot 0 of the
Artworks contract. Whoever replays the events of a node knows whether it hid, added, moved or
altered one; and with the slot's value proved against a block header from somewhere else, the node
need not be believed at all. An RPC address and the contract's address are enough.

Source: contracts/provenance/IArtworks.sol (``historyHead``), EIP-1186.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from crmdapp.chain._keccak import keccak
from crmdapp.chain.addresses import ZERO_ADDRESS
from crmdapp.chain.decode import DecodedLog, Event
from crmdapp.chain.events import ERC721Transfer
from crmdapp.errors import NodeProblem, VerificationFailed
from crmdapp.provenance.artwork_intents import Artwork, id_of
from crmdapp.provenance.events import ArtworkRegistered, ArtworkRevoked, ArtworkSold
from crmdapp.provenance.headers import BlockHeader, header_at, header_with
from crmdapp.provenance.mpt import storage_word

if TYPE_CHECKING:
    from crmdapp.chain.connection import Connection
    from crmdapp.provenance.artwork_reader import ArtworksReader

HEAD_SLOT = bytes(32)
"""Where ``historyHead`` stands in the contract's storage."""

NO_HEAD = bytes(32)
EVENTS = ("Transfer", "ArtworkRegistered", "ArtworkSold", "ArtworkRevoked")
"""The events of provenance, by their names in Solidity."""

ProvenanceEvent = ERC721Transfer | ArtworkRegistered | ArtworkSold | ArtworkRevoked
_KINDS = (ERC721Transfer, ArtworkRegistered, ArtworkSold, ArtworkRevoked)


class HistoryIncomplete(VerificationFailed):
    """The events that a node gives do not lead to the head that the chain has.

    Args:
        message: What happened.
        replayed: Head that the events lead to, 0x hex.
        on_chain: Head that the chain has, 0x hex.
        events: How many events the node gave.
        block: The block as of which both stand.
    """

    def __init__(
        self,
        message: str = "",
        *,
        replayed: str = "",
        on_chain: str = "",
        events: int = 0,
        block: int = 0,
        why: str = "",
        hint: str = "",
    ) -> None:
        super().__init__(message, why=why, hint=hint)
        self.replayed = replayed
        self.on_chain = on_chain
        self.events = events
        self.block = block


@dataclass(frozen=True, slots=True)
class HistoryLink:
    """One event of provenance, and its place in the chain of hashes.

    Attributes:
        number: Its place, from 1.
        id: The work.
        event: What happened.
        at: When, Unix seconds.
        block: Block number.
        tx_hash: Transaction, 0x hex.
        previous_head: The head before it.
        head: The head after it.
    """

    number: int
    id: int
    event: ProvenanceEvent
    at: int
    block: int
    tx_hash: str
    previous_head: bytes
    head: bytes

    def to_json(self) -> dict[str, Any]:
        """Return the link as JSON data: what happened, where, and both heads."""
        return {
            "number": self.number,
            "id": hex(self.id),
            **event_json(self.event),
            "at": self.at,
            "block": self.block,
            "tx": self.tx_hash,
            "previousHead": "0x" + self.previous_head.hex(),
            "head": "0x" + self.head.hex(),
        }


@dataclass(frozen=True, slots=True)
class HeadAt:
    """The head of the history as of one block.

    Attributes:
        header: The block's header, its hash recomputed.
        head: What the contract keeps.
        is_independent: Whether the header came from elsewhere than the proof.
    """

    header: BlockHeader
    head: bytes
    is_independent: bool


@dataclass(frozen=True, slots=True)
class ArtworkHistory:
    """A work's whole story, as the chain committed to it.

    Attributes:
        id: The work.
        artwork: What its artist signed; ``None`` if there is no such work.
        links: Its events, in order.
        proven: The head that all events of the contract lead to.
        events: How many events of the contract were replayed.
    """

    id: int
    artwork: Artwork | None
    links: tuple[HistoryLink, ...]
    proven: HeadAt
    events: int

    @property
    def owner(self) -> str | None:
        """Who owns it after its last transfer; ``None`` if it is not minted, or burned."""
        moved = [link.event for link in self.links if isinstance(link.event, ERC721Transfer)]
        return None if not moved or moved[-1].to == ZERO_ADDRESS else moved[-1].to

    @property
    def is_revoked(self) -> bool:
        """Whether the curators found against its record."""
        return any(isinstance(link.event, ArtworkRevoked) for link in self.links)

    @property
    def registered(self) -> HistoryLink | None:
        """The event that recorded it."""
        return next(
            (link for link in self.links if isinstance(link.event, ArtworkRegistered)), None
        )


@dataclass(slots=True)
class Replay:
    """Walks through the events of provenance that a node gives, link by link.

    Iterate once; ``head`` and ``events`` count on as it goes. Holds one event at a time.

    Attributes:
        client: The contract.
        to_block: Last block.
        from_block: First block; that of the contract's deployment, as far as it is known.
        head: Head so far; at first the one before ``from_block``.
        events: Events so far, those before ``from_block`` included.
    """

    client: ArtworksReader
    to_block: int
    from_block: int | None = None
    head: bytes = NO_HEAD
    events: int = 0
    _times: dict[int, int] = field(default_factory=dict, repr=False)

    def __iter__(self) -> Iterator[HistoryLink]:
        logs = self.client.events(*EVENTS, from_block=self.from_block, to_block=self.to_block)
        for log in logs:
            if isinstance(log.event, _KINDS):
                yield self._link(log, log.event)

    def require(self, proven: HeadAt) -> None:
        """Check that the events, all of which were taken, lead to the head on chain.

        Raises:
            HistoryIncomplete: They do not.
        """
        if self.head == proven.head:
            return
        raise HistoryIncomplete(
            "The node's events do not lead to the head that the chain has.",
            replayed="0x" + self.head.hex(),
            on_chain="0x" + proven.head.hex(),
            events=self.events,
            block=proven.header.number,
            why=f"At least one of {self.events:,} events up to block {proven.header.number:,} is "
            "missing, added, moved or altered.",
            hint="Do not believe this node: read the history from another one (--rpc).",
        )

    def _link(self, log: DecodedLog, event: ProvenanceEvent) -> HistoryLink:
        at = log.timestamp if log.timestamp is not None else self._time_of(log.block)
        before = self.head
        self.head = next_head(before, event, at)
        self.events += 1
        return HistoryLink(
            self.events, work_of(event), event, at, log.block, log.tx_hash, before, self.head
        )

    def _time_of(self, block: int) -> int:
        if block not in self._times:
            self._times = {block: self.client.connection.block_timestamp(block)}
        return self._times[block]


# --------------------------------------------------------------------------- links


def next_head(head: bytes, event: ProvenanceEvent, at: int) -> bytes:
    """Return the head after an event.

    Args:
        head: The head before it.
        event: What happened.
        at: Time of its block, Unix seconds.
    """
    a, b, detail = _parts(event)
    words = (head, event.topic, _word(work_of(event)), a, b, detail, _word(at))
    return keccak(b"".join(words))


def work_of(event: ProvenanceEvent) -> int:
    """Return the work that an event is about."""
    return event.token_id if isinstance(event, ERC721Transfer) else event.id


def event_json(event: Event) -> dict[str, Any]:
    """Return an event as JSON data: its name and what it says."""
    if isinstance(event, ERC721Transfer):
        return {"event": "Transfer", "from": event.from_, "to": event.to}
    if isinstance(event, ArtworkRegistered):
        return {
            "event": "ArtworkRegistered",
            "artist": event.artist,
            "artworkHash": "0x" + event.artwork_hash.hex(),
            "artwork": Artwork(*event.artwork).message(),
        }
    if isinstance(event, ArtworkSold):
        return {
            "event": "ArtworkSold",
            "seller": event.seller,
            "buyer": event.buyer,
            "price": event.price,
            "currency": event.currency,
            "digest": "0x" + event.digest.hex(),
        }
    assert isinstance(event, ArtworkRevoked)  # there are no others
    return {"event": "ArtworkRevoked", "caseId": "0x" + event.case_id.hex()}


def _parts(event: ProvenanceEvent) -> tuple[bytes, bytes, bytes]:
    if isinstance(event, ERC721Transfer):
        return _account(event.from_), _account(event.to), NO_HEAD
    if isinstance(event, ArtworkRegistered):
        return _account(event.artist), NO_HEAD, event.artwork_hash
    if isinstance(event, ArtworkSold):
        detail = keccak(_word(event.price) + _word(event.currency) + event.digest)
        return _account(event.seller), _account(event.buyer), detail
    return NO_HEAD, NO_HEAD, event.case_id


def _account(address: str) -> bytes:
    return bytes(12) + bytes.fromhex(address[2:])


def _word(value: int) -> bytes:
    return value.to_bytes(32, "big")


# --------------------------------------------------------------------------- reading


def head_at(
    client: ArtworksReader,
    *,
    header_from: Connection | None = None,
    block_hash: bytes | str | None = None,
    block: int | None = None,
) -> HeadAt:
    """Return the head of the history, read from storage by a proof against a block's header.

    Args:
        client: The contract, whose node gives the proof.
        header_from: Another node, which gives the header.
        block_hash: Or the hash of the block, known from elsewhere.
        block: Number of the block; the latest that the nodes have by default.

    Raises:
        HeaderInvalid: A header does not have its block's hash.
        StateProofInvalid: The proof does not lead to the header's state root.
        NodeProblem: A node could not be asked, or does not give proofs.
    """
    connection = client.connection
    if block_hash is not None:
        header = header_with(connection, block_hash)
    elif header_from is not None:
        number = min(connection.block_number(), header_from.block_number())
        header = header_at(header_from, number if block is None else block)
    else:
        header = header_at(connection, "latest" if block is None else block)
    head = _proved(connection, client.contract.address, header)
    return HeadAt(header, head, block_hash is not None or header_from is not None)


def read_history(
    client: ArtworksReader, wanted: Callable[[HistoryLink], bool], proven: HeadAt
) -> tuple[list[HistoryLink], int]:
    """Return some links, after a replay of all, and how many there were.

    Args:
        client: The contract.
        wanted: Which links.
        proven: From :func:`head_at`.

    Raises:
        HistoryIncomplete: The node's events do not lead to the head.
        RecordForged: A work's record is not the one that the chain committed to.
    """
    replay = Replay(client, proven.header.number)
    found = [link for link in replay if wanted(link)]
    replay.require(proven)
    for link in found:
        if isinstance(link.event, ArtworkRegistered):
            require_genuine(link.event)
    return found, replay.events


class RecordForged(VerificationFailed):
    """A record in an event is not the one whose hash the history commits to."""


def require_genuine(event: ArtworkRegistered) -> Artwork:
    """Return the record that an event shows, if it is the one that the history commits to.

    Raises:
        RecordForged: It is another one.
    """
    artwork = Artwork(*event.artwork)
    is_same = artwork.struct_hash() == event.artwork_hash and artwork.artist == event.artist
    if not is_same or id_of(artwork.file_keccak, artwork.succession) != event.id:
        raise RecordForged(
            f"The record of the work {hex(event.id)} was altered.",
            why="Its hash, artist or id is not the one that the history commits to.",
            hint="Do not believe this node: read the record from another one (--rpc).",
        )
    return artwork


def history_of(client: ArtworksReader, id_: int, proven: HeadAt) -> ArtworkHistory:
    """Return a work's whole story, after a replay of all.

    Raises:
        HistoryIncomplete: The node's events do not lead to the head.
        RecordForged: The work's record is not the one that the chain committed to.
    """
    links, events = read_history(client, lambda link: link.id == id_, proven)
    return story_of(id_, links, proven, events)


def story_of(id_: int, links: Iterable[HistoryLink], proven: HeadAt, events: int) -> ArtworkHistory:
    """Return a work's story from links that were replayed, its own among them."""
    own = tuple(link for link in links if link.id == id_)
    records = [link.event for link in own if isinstance(link.event, ArtworkRegistered)]
    artwork = Artwork(*records[0].artwork) if records else None
    return ArtworkHistory(id_, artwork, own, proven, events)


def _proved(connection: Connection, contract: str, header: BlockHeader) -> bytes:
    params = [contract, ["0x" + HEAD_SLOT.hex()], hex(header.number)]
    answer = connection.request("eth_getProof", params)
    try:
        nodes = [_bytes(item) for item in answer["accountProof"]]
        stored = [_bytes(item) for item in answer["storageProof"][0]["proof"]]
    except (KeyError, IndexError, TypeError, ValueError) as problem:
        raise NodeProblem(
            "The node gave a malformed proof of storage.",
            why=f"{problem!r}",
            hint="Choose a node that supports eth_getProof.",
        ) from None
    return storage_word(header.state_root, contract, HEAD_SLOT, nodes, stored)


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))
