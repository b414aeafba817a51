"""The tables of imports, duplicates and merges, beside those of :mod:`crmdapp.store.schema`.

What is kept to find a customer again is keyed with the company's secret: an id is the public one of
the registry, a match key and a mark are HMACs that say nothing without the key file. Whatever is
about a profile goes with the profile.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from crmdapp.store.schema import Base, RowId


class ProfileIdRow(Base):
    """An id that leads to a profile: that of its first tag, or of a further one.

    Attributes:
        id: The id in the registry, 32 bytes.
        tag: The tag it is the id of, 32 bytes: a keyed hash.
        is_first: Whether the profile bears this id.
        registered_at: When the registry was first seen to know it; 0 before.
    """

    __tablename__ = "profile_ids"
    __table_args__ = (Index("profile_ids_to_register", "registered_at", "is_first"),)

    id: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    profile_id: Mapped[int] = mapped_column(
        ForeignKey("profiles.id", ondelete="CASCADE"), index=True
    )
    tag: Mapped[bytes] = mapped_column(LargeBinary(32))
    is_first: Mapped[bool] = mapped_column()
    registered_at: Mapped[int] = mapped_column(BigInteger, server_default="0")


class ImportRunRow(Base):
    """One file under one set of rules, and how far its import has come.

    Attributes:
        sha256: SHA-256 of the file.
        rules: SHA-256 of how it is read: another reading is another run.
        offset: The byte at which the next record begins.
        line: The line that begins there.
        records: Records read so far.
        created: Records that made a profile.
        changed: Records that brought something new to a profile.
        unchanged: Records of which everything was known.
        rejected: Records that were not imported.
        queued: Pairs that went into the review queue.
        rejects: Bytes of the rejects file that count.
        finished_at: 0 while the file is not read to its end.
    """

    __tablename__ = "import_runs"
    __table_args__ = (UniqueConstraint("sha256", "rules"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    sha256: Mapped[bytes] = mapped_column(LargeBinary(32))
    rules: Mapped[bytes] = mapped_column(LargeBinary(32))
    offset: Mapped[int] = mapped_column("byte_offset", BigInteger)
    line: Mapped[int] = mapped_column(BigInteger)
    records: Mapped[int] = mapped_column(BigInteger, server_default="0")
    created: Mapped[int] = mapped_column(BigInteger, server_default="0")
    changed: Mapped[int] = mapped_column(BigInteger, server_default="0")
    unchanged: Mapped[int] = mapped_column(BigInteger, server_default="0")
    rejected: Mapped[int] = mapped_column(BigInteger, server_default="0")
    queued: Mapped[int] = mapped_column(BigInteger, server_default="0")
    rejects: Mapped[int] = mapped_column(BigInteger, server_default="0")
    started_at: Mapped[int] = mapped_column(BigInteger)
    finished_at: Mapped[int] = mapped_column(BigInteger, server_default="0")


class DatumMarkRow(Base):
    """A keyed mark of a datum's value, so that the same value is not written twice.

    Attributes:
        mark: HMAC of field and value under the company's matching key, 16 bytes.
    """

    __tablename__ = "datum_marks"
    __table_args__ = (UniqueConstraint("profile_id", "field", "mark"),)

    datum_id: Mapped[int] = mapped_column(
        ForeignKey("data.id", ondelete="CASCADE"), primary_key=True
    )
    profile_id: Mapped[int] = mapped_column(ForeignKey("profiles.id", ondelete="CASCADE"))
    field: Mapped[str] = mapped_column(String(64))
    mark: Mapped[bytes] = mapped_column(LargeBinary(16))


class MatchKeyRow(Base):
    """A keyed trait of a profile: those who share one may be the same person.

    Attributes:
        trait: HMAC of the trait's kind and value under the company's matching key, 16 bytes.
    """

    __tablename__ = "match_keys"
    __table_args__ = (Index("match_keys_by_trait", "trait"),)

    profile_id: Mapped[int] = mapped_column(
        ForeignKey("profiles.id", ondelete="CASCADE"), primary_key=True
    )
    trait: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)


class DuplicateRow(Base):
    """Two profiles that may be of one person, for a human to decide.

    Attributes:
        lower_id: The older of the two profiles.
        score: How alike they are, 0 to 100.
        reasons: What is alike, by names of fields; never a value.
        state: ``open``, ``merged`` or ``apart``.
        decided_by: Who decided: a name or address of an employee; empty while open.
    """

    __tablename__ = "duplicates"
    __table_args__ = (
        UniqueConstraint("lower_id", "higher_id"),
        CheckConstraint("lower_id < higher_id", name="duplicates_in_order"),
        Index("duplicates_by_state", "state", "score"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    lower_id: Mapped[int] = mapped_column(ForeignKey("profiles.id", ondelete="CASCADE"))
    higher_id: Mapped[int] = mapped_column(
        ForeignKey("profiles.id", ondelete="CASCADE"), index=True
    )
    score: Mapped[int] = mapped_column(Integer)
    reasons: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(8), server_default="open")
    found_at: Mapped[int] = mapped_column(BigInteger)
    decided_at: Mapped[int] = mapped_column(BigInteger, server_default="0")
    decided_by: Mapped[str] = mapped_column(String(80), server_default="")


class MergeRow(Base):
    """A profile that leads to another. The data stay where they are, so undoing it restores both.

    Attributes:
        from_id: The profile that leads on.
        into_id: Where it leads.
        undone_at: 0 while it holds. A row is never deleted but with its profiles: it is the log.
    """

    __tablename__ = "merges"
    __table_args__ = (
        CheckConstraint("from_id <> into_id", name="merges_of_two"),
        # One merge at most holds for a profile.
        Index(
            "merges_held",
            "from_id",
            unique=True,
            sqlite_where=text("undone_at = 0"),
            postgresql_where=text("undone_at = 0"),
        ),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    from_id: Mapped[int] = mapped_column(ForeignKey("profiles.id", ondelete="CASCADE"))
    into_id: Mapped[int] = mapped_column(ForeignKey("profiles.id", ondelete="CASCADE"), index=True)
    merged_at: Mapped[int] = mapped_column(BigInteger)
    merged_by: Mapped[str] = mapped_column(String(80))
    undone_at: Mapped[int] = mapped_column(BigInteger, server_default="0")
    undone_by: Mapped[str] = mapped_column(String(80), server_default="")
