"""What a curator does before approving: recompute everything, and look for what is like it.

Near-duplicates are looked for among all registered works, after a replay of the whole history: a
node that hid a registration would be found out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crmdapp.errors import VerificationFailed
from crmdapp.provenance.artwork_intents import Artwork
from crmdapp.provenance.events import ArtworkRegistered, ArtworkRevoked
from crmdapp.provenance.history import HistoryLink, read_history
from crmdapp.provenance.models import NEAR_DISTANCE
from crmdapp.provenance.near import NearIndex

if TYPE_CHECKING:
    from crmdapp.provenance.artwork_reader import ArtworksReader
    from crmdapp.provenance.fingerprints import Fingerprint
    from crmdapp.provenance.history import HeadAt
    from crmdapp.provenance.submission import Submission

REVIEW_DISTANCE = 16
"""Bits up to which a person should look: beyond the near ones there are false alarms."""


@dataclass(frozen=True, slots=True)
class RegisteredWork:
    """A work as far as it matters for likeness.

    Attributes:
        id: Its token.
        file_keccak: Of its file.
        p_hash: Its perceptual hash; 0 if it is no picture.
        artist: Who signed it.
        at: When it was registered, Unix seconds.
        number: Place of its registration in the history: what is earlier has a smaller one.
    """

    id: int
    file_keccak: bytes
    p_hash: int
    artist: str
    at: int
    number: int


@dataclass(frozen=True, slots=True)
class NearWork:
    """A registered work that looks like a picture.

    Attributes:
        work: The work.
        distance: Bits in which the hashes differ, in the picture's nearest variant.
        variant: Which variant that is, see :data:`crmdapp.provenance.perceptual.VARIANTS`.
    """

    work: RegisteredWork
    distance: int
    variant: int

    @property
    def is_near(self) -> bool:
        """Whether a challenge may cite it."""
        return self.distance <= NEAR_DISTANCE


class NearDuplicateFound(VerificationFailed):
    """Registered works look like the one that is to be approved.

    Args:
        message: What happened.
        ids: Those works, 0x hex.
        distances: Bits in which they differ.
    """

    def __init__(
        self,
        message: str = "",
        *,
        ids: tuple[str, ...] = (),
        distances: tuple[int, ...] = (),
        why: str = "",
        hint: str = "",
    ) -> None:
        super().__init__(message, why=why, hint=hint)
        self.ids = ids
        self.distances = distances


def registered_works(client: ArtworksReader, proven: HeadAt) -> list[RegisteredWork]:
    """Return all works whose record stands, in the order of registration.

    Args:
        client: The contract.
        proven: From :func:`~.history.head_at`.

    Raises:
        HistoryIncomplete: The node hides, adds, moves or alters an event.
        RecordForged: The node altered a record.
    """
    links, _ = read_history(client, concerns_likeness, proven)
    return works_in(links)


def concerns_likeness(link: HistoryLink) -> bool:
    """Return whether a link matters to :func:`works_in`."""
    return isinstance(link.event, ArtworkRegistered | ArtworkRevoked)


def works_in(links: Iterable[HistoryLink]) -> list[RegisteredWork]:
    """Return the works whose record stands after some links, in the order of registration."""
    found: dict[int, RegisteredWork] = {}
    for link in links:
        if isinstance(link.event, ArtworkRegistered):
            artwork = Artwork(*link.event.artwork)
            found[link.id] = RegisteredWork(
                link.id, artwork.file_keccak, artwork.p_hash, artwork.artist, link.at, link.number
            )
        elif isinstance(link.event, ArtworkRevoked):
            found.pop(link.id, None)
    return list(found.values())


def near_works(
    works: Iterable[RegisteredWork],
    variants: Sequence[int],
    *,
    distance: int = REVIEW_DISTANCE,
    beside: bytes = b"",
) -> list[NearWork]:
    """Return registered works that look like a picture, the nearest first.

    Args:
        works: From :func:`registered_works`.
        variants: The picture's, from its fingerprint.
        distance: Bits that may differ.
        beside: keccak256 of the picture's own file, which is not compared with itself.
    """
    by_id = {work.id: work for work in works if work.file_keccak != beside}
    index = NearIndex((work.id, work.p_hash) for work in by_id.values())
    return [
        NearWork(by_id[match.id], match.distance, match.variant)
        for match in index.search(variants, distance)
    ]


def require_reviewed(
    submission: Submission,
    found: Fingerprint,
    works: Iterable[RegisteredWork],
    *,
    despite: Collection[int] = (),
) -> list[NearWork]:
    """Check a submission as a curator must, and return the works that look a little like it.

    Args:
        submission: What the artist handed in.
        found: Recomputed from the file by the curator.
        works: From :func:`registered_works`.
        despite: Near works that the curator has looked at and found different.

    Raises:
        SubmissionMismatch: A hash or a statement is not the file's; it says which.
        IntentSignatureInvalid: The artist's key did not sign; a smart account may have.
        NearDuplicateFound: A near work is not among ``despite``.
    """
    submission.require_of(found)
    like = near_works(works, found.variants, beside=found.keccak)
    near = [item for item in like if item.is_near and item.work.id not in despite]
    if near:
        ids = tuple(hex(item.work.id) for item in near)
        distances = tuple(item.distance for item in near)
        shown = ", ".join(f"{id_} ({bits} bits)" for id_, bits in zip(ids, distances, strict=True))
        raise NearDuplicateFound(
            f"{len(near)} registered work{'s look' if len(near) > 1 else ' looks'} like it.",
            ids=ids,
            distances=distances,
            why=f"At most {NEAR_DISTANCE} of 64 bits differ: {shown}.",
            hint="Look at them. Simple pictures collide; if it is another work: --despite ID",
        )
    return like
