"""What waits at this server for somebody's signature, and documents that partners handed in.

Nothing of it is on the chain, and all of it can be had from those who made it: submissions with
their files, approvals of curators, prices and offers that were signed, hand-overs that wait for
who takes, EPCIS events. What is shown to whom, the callers decide.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    LargeBinary,
    String,
    Table,
    Text,
    delete,
    func,
    select,
)

from crmdapp.provenance.artwork_intents import Artwork, SignedArtwork
from crmdapp.provenance.board_intents import SignedApproval
from crmdapp.provenance.submission import ArtworkMetadata, Submission
from crmdapp.web.errors import NotFound
from crmdapp.web.state import STATE, State

if TYPE_CHECKING:
    from sqlalchemy import Row

KEPT_MAX = 50
"""Signed words of one kind that are kept of one person, and shown for one work or one taker."""

DRAFTS_MAX = 20
"""Works that are kept for an artist without the artist's signature."""

_SUBMISSIONS = Table(
    "web_gallery_submissions",
    STATE,
    Column("record_hash", LargeBinary(32), primary_key=True),
    Column("artist", String(42), nullable=False),
    Column("artwork", Text, nullable=False),
    Column("metadata", Text, nullable=False),
    Column("signed", Text),
    Column("file", LargeBinary, nullable=False),
    Column("media_type", String(80), nullable=False),
    Column("file_name", String(120), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Index("web_gallery_submissions_artist", "artist"),
)

_APPROVALS = Table(
    "web_gallery_approvals",
    STATE,
    Column("record_hash", LargeBinary(32), primary_key=True),
    Column("curator", String(42), primary_key=True),
    Column("signed", Text, nullable=False),
)

_WORDS = Table(
    "web_provenance_words",
    STATE,
    Column("digest", LargeBinary(32), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("subject", String(66), nullable=False),
    Column("signer", String(42), nullable=False),
    Column("taker", String(42), nullable=False),
    Column("deadline", BigInteger, nullable=False),
    Column("signed", Text, nullable=False),
    Index("web_provenance_words_subject", "kind", "subject"),
    Index("web_provenance_words_taker", "kind", "taker"),
)

_DOCUMENTS = Table(
    "web_epcis_events",
    STATE,
    Column("owner", String(42), primary_key=True),
    Column("event_hash", LargeBinary(32), primary_key=True),
    Column("event_time", BigInteger, nullable=False),
    Column("data", Text, nullable=False),
    Index("web_epcis_events_time", "owner", "event_time"),
)


@dataclass(frozen=True, slots=True)
class Draft:
    """A work as it was handed in here.

    Attributes:
        record_hash: Hash of the record.
        artist: Who has to sign it.
        artwork: The record.
        metadata: What is told about the work.
        signed: The record with the artist's signature; ``None`` before.
        media_type: Of the file.
        created_at: Unix seconds.
    """

    record_hash: bytes
    artist: str
    artwork: Artwork
    metadata: ArtworkMetadata
    signed: SignedArtwork | None
    media_type: str
    created_at: int

    @property
    def submission(self) -> Submission:
        """The submission as a file has it.

        Raises:
            NotFound: The artist has not signed it.
        """
        if self.signed is None:
            raise NotFound("The artist has not signed this submission.")
        return Submission(self.signed, self.metadata)


class Shelf:
    """The tables above.

    Args:
        state: The server's own database.
    """

    def __init__(self, state: State) -> None:
        self._state = state

    # ----------------------------------------------------------------- submissions

    def draft(
        self, artwork: Artwork, metadata: ArtworkMetadata, file: bytes, file_name: str
    ) -> bytes:
        """Keep a work that its artist is to sign; return the record's hash.

        Of what the artist has not signed, the oldest go if there are too many.
        """
        digest = artwork.struct_hash()
        row = {
            "record_hash": digest,
            "artist": artwork.artist,
            "artwork": json.dumps(_listed(artwork)),
            "metadata": json.dumps(metadata.to_json()),
            "signed": None,
            "file": file,
            "media_type": metadata.media_type,
            "file_name": file_name[:120],
            "created_at": int(time.time()),
        }
        with self._state.writing() as session:
            table = _SUBMISSIONS
            known = session.execute(
                select(table.c.record_hash).where(table.c.record_hash == digest)
            ).first()
            if known is None:
                old = (
                    select(table.c.record_hash)
                    .where(table.c.artist == artwork.artist, table.c.signed.is_(None))
                    .order_by(table.c.created_at.desc())
                    .offset(DRAFTS_MAX - 1)
                )
                for found in session.scalars(old).all():
                    session.execute(delete(table).where(table.c.record_hash == found))
                session.execute(table.insert().values(**row))
        return digest

    def sign(self, signed: SignedArtwork) -> Draft:
        """Keep the artist's signature under a draft.

        Raises:
            NotFound: There is no such draft.
            IntentSignatureInvalid: The artist did not sign it.
        """
        digest = signed.artwork.struct_hash()
        self.submission(digest)
        signed.require_signed_by_key()
        with self._state.writing() as session:
            session.execute(
                _SUBMISSIONS.update()
                .where(_SUBMISSIONS.c.record_hash == digest)
                .values(signed=json.dumps(signed.to_json()))
            )
        return self.submission(digest)

    def submission(self, record_hash: bytes) -> Draft:
        """Return a work that was handed in here.

        Raises:
            NotFound: There is none.
        """
        query = _drafts().where(_SUBMISSIONS.c.record_hash == record_hash)
        with self._state.reading() as session:
            row = session.execute(query).first()
        if row is None:
            raise NotFound("There is no such submission.")
        return _draft(row)

    def submissions(self, artist: str | None = None, *, limit: int = 200) -> list[Draft]:
        """Return signed submissions, the newest first; of an artist, unsigned ones too."""
        query = _drafts().order_by(_SUBMISSIONS.c.created_at.desc()).limit(limit)
        if artist is None:
            query = query.where(_SUBMISSIONS.c.signed.is_not(None))
        else:
            query = query.where(_SUBMISSIONS.c.artist == artist)
        with self._state.reading() as session:
            return [_draft(row) for row in session.execute(query)]

    def known(self, hashes: list[bytes]) -> dict[bytes, ArtworkMetadata]:
        """Return what is told about records, as far as it was handed in here."""
        table = _SUBMISSIONS.c
        query = select(table.record_hash, table.metadata).where(table.record_hash.in_(hashes))
        with self._state.reading() as session:
            rows = session.execute(query).all()
        return {bytes(row.record_hash): ArtworkMetadata.from_json(row.metadata) for row in rows}

    def file(self, record_hash: bytes) -> tuple[bytes, str]:
        """Return a work's file and its media type.

        Raises:
            NotFound: It was not handed in here.
        """
        table = _SUBMISSIONS.c
        query = select(table.file, table.media_type).where(table.record_hash == record_hash)
        with self._state.reading() as session:
            row = session.execute(query).first()
        if row is None:
            raise NotFound("The file is not here.")
        return bytes(row.file), str(row.media_type)

    def approve(self, signed: SignedApproval) -> bytes:
        """Keep a curator's approval; return the record's hash."""
        digest = signed.approval.artwork.struct_hash()
        self.submission(digest)
        _replace(
            self._state,
            _APPROVALS,
            record_hash=digest,
            curator=signed.signer,
            signed=json.dumps(signed.to_json()),
        )
        return digest

    def approvals(self, record_hash: bytes) -> list[SignedApproval]:
        """Return the approvals of a record."""
        query = select(_APPROVALS.c.signed).where(_APPROVALS.c.record_hash == record_hash)
        with self._state.reading() as session:
            return [SignedApproval.from_json(text) for text in session.scalars(query)]

    # ----------------------------------------------------------------- signed words

    def keep(
        self,
        kind: str,
        subject: str,
        digest: bytes,
        *,
        signer: str,
        taker: str = "",
        deadline: int,
        signed: Mapping[str, Any],
    ) -> None:
        """Keep something signed until its deadline; a person's oldest go if there are too many."""
        table = _WORDS.c
        own = (table.kind == kind, table.signer == signer)
        with self._state.writing() as session:
            session.execute(delete(_WORDS).where(table.deadline < int(time.time())))
            old = select(table.digest).where(*own).order_by(table.deadline.desc()).offset(KEPT_MAX)
            for found in session.scalars(old).all():
                session.execute(delete(_WORDS).where(table.digest == found))
            session.execute(delete(_WORDS).where(table.digest == digest))
            session.execute(
                _WORDS.insert().values(
                    digest=digest,
                    kind=kind,
                    subject=subject,
                    signer=signer,
                    taker=taker,
                    deadline=deadline,
                    signed=json.dumps(signed),
                )
            )

    def words(
        self, kind: str, *, subject: str | None = None, taker: str | None = None, now: int
    ) -> list[dict[str, Any]]:
        """Return what was signed and is not over, as JSON data.

        The signers take turns, so that nobody hides what others signed by signing much.
        """
        table = _WORDS.c
        query = select(table.signed).where(table.kind == kind, table.deadline >= now)
        if subject is not None:
            query = query.where(table.subject == subject)
        if taker is not None:
            query = query.where(table.taker == taker)
        turn = func.row_number().over(partition_by=table.signer, order_by=table.deadline)
        query = query.order_by(turn, table.deadline).limit(KEPT_MAX)
        with self._state.reading() as session:
            return [json.loads(text) for text in session.scalars(query)]

    def word(self, kind: str, digest: bytes) -> dict[str, Any]:
        """Return something signed, as JSON data.

        Raises:
            NotFound: It is not here.
        """
        table = _WORDS.c
        query = select(table.signed).where(table.kind == kind, table.digest == digest)
        with self._state.reading() as session:
            text = session.scalar(query)
        if text is None:
            raise NotFound("There is nothing signed of that digest here.")
        found: dict[str, Any] = json.loads(text)
        return found

    # ----------------------------------------------------------------- EPCIS

    def keep_event(
        self, owner: str, event_hash: bytes, event_time: int, data: Mapping[str, Any]
    ) -> None:
        """Keep an EPCIS event of a partner."""
        _replace(
            self._state,
            _DOCUMENTS,
            owner=owner,
            event_hash=event_hash,
            event_time=event_time,
            data=json.dumps(data),
        )

    def events(
        self, owner: str, *, after: tuple[int, bytes] | None, limit: int
    ) -> list[tuple[int, bytes, dict[str, Any]]]:
        """Return a partner's events by their time: (time, hash, event)."""
        table = _DOCUMENTS.c
        query = select(table.event_time, table.event_hash, table.data).where(table.owner == owner)
        if after is not None:
            is_same = (table.event_time == after[0]) & (table.event_hash > after[1])
            query = query.where((table.event_time > after[0]) | is_same)
        query = query.order_by(table.event_time, table.event_hash).limit(limit)
        with self._state.reading() as session:
            rows = session.execute(query).all()
        return [(row.event_time, bytes(row.event_hash), json.loads(row.data)) for row in rows]


def _drafts() -> Any:
    """The columns of a draft, without the file."""
    table = _SUBMISSIONS.c
    return select(
        table.record_hash,
        table.artist,
        table.artwork,
        table.metadata,
        table.signed,
        table.media_type,
        table.created_at,
    )


def _draft(row: Row[Any]) -> Draft:
    words = [
        bytes.fromhex(value[2:]) if isinstance(value, str) and len(value) == 66 else value
        for value in json.loads(row.artwork)
    ]
    made: Any = words
    return Draft(
        bytes(row.record_hash),
        row.artist,
        Artwork(*made),
        ArtworkMetadata.from_json(row.metadata),
        None if row.signed is None else SignedArtwork.from_json(row.signed),
        row.media_type,
        row.created_at,
    )


def _listed(artwork: Artwork) -> list[Any]:
    values = (getattr(artwork, name) for name in Artwork.__slots__)
    return ["0x" + value.hex() if isinstance(value, bytes) else value for value in values]


def _replace(state: State, table: Table, **row: Any) -> None:
    keys = [column == row[column.name] for column in table.primary_key.columns]
    with state.writing() as session:
        session.execute(delete(table).where(*keys))
        session.execute(table.insert().values(**row))
