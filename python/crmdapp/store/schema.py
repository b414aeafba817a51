"""The tables of the store: sealed values, public keys, where data came from and went.

There is no column for a plaintext, a private key, a wrap or a salt; those that hold personal data
are called ``sealed`` and are bytes. Times are Unix seconds. The same tables serve SQLite and
PostgreSQL.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    false,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

SCHEMA_VERSION = 1
"""Number of these tables; another number is another release's store."""

# SQLite counts rows up only in an INTEGER key, PostgreSQL runs out of one.
RowId = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    """Base of every table of the customers domain."""


class StoreVersionRow(Base):
    """The one row that says which tables these are."""

    __tablename__ = "store_version"

    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)


class ProfileRow(Base):
    """One customer.

    Attributes:
        cid: Id of the customer in the registry, 32 bytes: a pseudonym.
        custodial: Whether the company holds the keys, because the customer has not claimed them.
        added_at: When the profile came into the store.
    """

    __tablename__ = "profiles"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    cid: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    custodial: Mapped[bool] = mapped_column(server_default=false())
    added_at: Mapped[int] = mapped_column(BigInteger)


class PublicKeyRow(Base):
    """The public key of one category and epoch of a profile.

    Attributes:
        epoch: From 1; 0 is the key of a custodial profile.
        closes_at: When it is to be used no more; 0 for no such time.
        closed_at: When a consent under it ended; 0 while it is open. Never goes back to 0.
    """

    __tablename__ = "public_keys"
    __table_args__ = (UniqueConstraint("profile_id", "category", "epoch"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    profile_id: Mapped[int] = mapped_column(ForeignKey("profiles.id", ondelete="CASCADE"))
    category: Mapped[int] = mapped_column(Integer)
    epoch: Mapped[int] = mapped_column(BigInteger)
    key_id: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary(32))
    closes_at: Mapped[int] = mapped_column(BigInteger, server_default="0")
    closed_at: Mapped[int] = mapped_column(BigInteger, server_default="0")


class DatumRow(Base):
    """One version of one field, sealed.

    Attributes:
        field: Its name, such as ``email``; never a value.
        version: From 1 in its field and profile.
        key_id: The key it is sealed to.
        sealed: The value, as :func:`crmdapp.store.sealing.seal_field` gives it.
        source: Where it came from: a member of :class:`crmdapp.store.provenance.Source`.
        reference: What shows that, such as ``crm-2026-03.csv:17``; never a personal detail.
        digest: SHA-256 of the document that shows it; ``None`` if there is none.
    """

    __tablename__ = "data"
    __table_args__ = (
        UniqueConstraint("profile_id", "field", "version"),
        Index("data_by_category", "profile_id", "category"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    profile_id: Mapped[int] = mapped_column(ForeignKey("profiles.id", ondelete="CASCADE"))
    field: Mapped[str] = mapped_column(String(64))
    category: Mapped[int] = mapped_column(Integer)
    version: Mapped[int] = mapped_column(Integer)
    key_id: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    source: Mapped[str] = mapped_column(String(32))
    reference: Mapped[str] = mapped_column(String(120), server_default="")
    digest: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    written_at: Mapped[int] = mapped_column(BigInteger)


class DisclosureRow(Base):
    """Data of a customer passed on to a company.

    Attributes:
        recipient: The company's address.
        consent_id: The consent it rests on, 32 bytes.
        purposes: The purposes it was for, 16 bytes, bit n of the big-endian number is purpose n.
        log_id: The interaction log that has the entry, 32 bytes; ``None`` before it is written.
        seq: Number of the entry in that log.
    """

    __tablename__ = "disclosures"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    profile_id: Mapped[int] = mapped_column(
        ForeignKey("profiles.id", ondelete="CASCADE"), index=True
    )
    recipient: Mapped[str] = mapped_column(String(42))
    consent_id: Mapped[bytes] = mapped_column(LargeBinary(32))
    purposes: Mapped[bytes] = mapped_column(LargeBinary(16))
    disclosed_at: Mapped[int] = mapped_column(BigInteger)
    log_id: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    seq: Mapped[int | None] = mapped_column(BigInteger)


class DisclosedDatumRow(Base):
    """Which data a disclosure passed on."""

    __tablename__ = "disclosed_data"

    disclosure_id: Mapped[int] = mapped_column(
        ForeignKey("disclosures.id", ondelete="CASCADE"), primary_key=True
    )
    datum_id: Mapped[int] = mapped_column(
        ForeignKey("data.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class ReceiptRow(Base):
    """A signed receipt of a withdrawal, an expiry or an erasure.

    Attributes:
        receipt_hash: What was signed, 32 bytes.
        kind: ``withdrawal``, ``expiry`` or ``erasure``.
        body: Canonical JSON; names the profile or the consent by its id and nothing else of it.
    """

    __tablename__ = "receipts"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    receipt_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    kind: Mapped[str] = mapped_column(String(16))
    body: Mapped[str] = mapped_column(Text)
    signature: Mapped[bytes] = mapped_column(LargeBinary(65))
