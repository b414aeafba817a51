"""Where each datum came from, and to whom it was passed on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from crmdapp.errors import UsageError
from crmdapp.store.sealing import Place

_REFERENCE = re.compile(r"^[A-Za-z0-9._:/#-]{0,120}$")
_DIGITS = re.compile(r"[0-9]{9}")


class Source(StrEnum):
    """How a datum came to the company."""

    MANUAL_ENTRY = "manual_entry"
    ONLINE_FORM = "online_form"
    ADDRESS_DEALER = "address_dealer"
    PARTNER_API = "partner_api"
    CSV_IMPORT = "csv_import"
    PUBLIC_REGISTER = "public_register"
    INFERRED = "inferred"
    IOT = "iot"

    @classmethod
    def parse(cls, text: str) -> Source:
        """Return the source of that name.

        Raises:
            UsageError: There is none.
        """
        try:
            return cls(text)
        except ValueError:
            names = ", ".join(item.value for item in cls)
            raise UsageError("There is no such source of data.", hint=f"Use {names}.") from None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What shows where a datum came from. It is stored in the clear: no personal detail in it.

    Attributes:
        reference: A short name such as ``crm-2026-03.csv:17``: up to 120 letters, digits and
            ``. _ : / # -``, so that no mail address, phone number or sentence fits in.
        digest: SHA-256 of the document; of one that could be guessed, over a salt as well.

    Raises:
        UsageError: The reference or the digest is malformed. The message does not repeat it.
    """

    reference: str = ""
    digest: bytes | None = None

    def __post_init__(self) -> None:
        if not _REFERENCE.match(self.reference) or _DIGITS.search(self.reference):
            raise UsageError(
                "This cannot be a reference to evidence.",
                why="References are not sealed, so nothing personal may be in them.",
                hint="Use up to 120 letters, digits and . _ : / # -, at most 8 digits in a row.",
            )
        if self.digest is not None and len(self.digest) != 32:
            raise UsageError(f"A digest has 32 bytes, got {len(self.digest)}.")


@dataclass(frozen=True, slots=True)
class Datum:
    """One version of one field, without its value.

    Attributes:
        id: Number in the store.
        profile: Id of the customer, 32 bytes.
        field: Name of the field.
        category: Category of personal data, 0 to 255.
        version: From 1 in its field and profile.
        key_id: Id of the key it is sealed to.
        source: How it came to the company.
        evidence: What shows that.
        written_at: Unix seconds.
    """

    id: int
    profile: bytes
    field: str
    category: int
    version: int
    key_id: bytes
    source: Source
    evidence: Evidence
    written_at: int


@dataclass(frozen=True, slots=True)
class Ciphertext:
    """A sealed datum and the place it opens for."""

    datum: Datum
    sealed: bytes
    place: Place


@dataclass(frozen=True, slots=True)
class FieldValue:
    """A value to be sealed.

    Attributes:
        profile: Id of the customer, 32 bytes.
        field: Name of the field: up to 64 of ``a-z 0-9 _ .``, beginning with a letter.
        category: Category of personal data, 0 to 255.
        value: The value; text is written as UTF-8.
        source: How it came to the company.
        evidence: What shows that.
    """

    profile: bytes
    field: str
    category: int
    value: bytes | str
    source: Source | str
    evidence: Evidence = Evidence()

    def __repr__(self) -> str:
        return f"FieldValue({self.field!r}, category={self.category})"


@dataclass(frozen=True, slots=True)
class Disclosure:
    """Data passed on to a company.

    Attributes:
        id: Number in the store.
        profile: Id of the customer, 32 bytes.
        recipient: The company's address.
        consent_id: The consent it rests on, 32 bytes.
        purposes: Bit n: purpose n.
        data: Numbers of the data passed on.
        disclosed_at: Unix seconds.
        log_id: The interaction log with the entry; ``None`` before it is written.
        seq: Number of the entry in that log.
    """

    id: int
    profile: bytes
    recipient: str
    consent_id: bytes
    purposes: int
    data: tuple[int, ...]
    disclosed_at: int
    log_id: bytes | None = None
    seq: int | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """The life of a datum: where it came from, and to whom it went.

    Attributes:
        datum: The datum, with source and evidence.
        custodial: Whether the company holds its key.
        disclosures: To whom it was passed on, oldest first.
    """

    datum: Datum
    custodial: bool
    disclosures: tuple[Disclosure, ...]
