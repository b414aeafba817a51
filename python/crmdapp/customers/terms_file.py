"""The terms of a consent as JSON: names for purposes and categories, one way to write each value.

Whoever has the document can compute the id of the consent; whoever has not, cannot guess it. Keep
it like the data that it is about.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crmdapp.chain._json_lines import WHOLE_MAX, read_json, rejected
from crmdapp.chain._signed_json import JsonFields
from crmdapp.chain.addresses import checksum
from crmdapp.chain.canonical_json import canonical_json
from crmdapp.customers import codes
from crmdapp.customers.terms import (
    EXPLICIT,
    ConsentTerms,
    ConsentTermsInvalid,
    DataController,
    Permission,
    require_terms,
)
from crmdapp.errors import FileFault, FileRejected, UsageError

FORMAT = "crmdapp-consent/1"
SIZE_MAX = 1 << 20
"""Most bytes of a file of terms; the longest possible ones have some 6,000."""


def terms_json(terms: ConsentTerms) -> dict[str, Any]:
    """Return terms as JSON data.

    Raises:
        CodeUnknown: A purpose or category is not in the vocabulary.
    """
    company, permission = terms.data_controller, terms.permission
    return {
        "format": FORMAT,
        "data_controller": {"account": checksum(company.account), "salt": _hex(company.salt)},
        "permission": {
            "subject": checksum(permission.subject),
            "purposes": sorted(permission.purpose_terms),
            "categories": sorted(permission.category_terms),
            "recipients_hash": _hex(permission.recipients_hash),
            "valid_from": permission.valid_from,
            "valid_until": permission.valid_until,
            "notice_hash": _hex(permission.notice_hash),
            "jurisdiction": permission.jurisdiction.decode("ascii"),
            "explicit": permission.is_explicit,
            "reward_id": str(permission.reward_id),
            "salt": _hex(permission.salt),
        },
    }


def terms_text(terms: ConsentTerms) -> bytes:
    """Return terms in canonical JSON (RFC 8785).

    Raises:
        CodeUnknown: A purpose or category is not in the vocabulary.
    """
    return canonical_json(terms_json(terms))


def terms_of(data: Any, what: str = "consent") -> ConsentTerms:
    """Return the terms that :func:`terms_json` gave.

    Args:
        data: The JSON data, read.
        what: What it is, for messages.

    Raises:
        CodeUnknown: A purpose or category is not in the vocabulary.
        ConsentTermsInvalid: The terms make no consent; it names the field.
        UsageError: A member is missing, malformed, unknown, or not written in the one way.
    """
    whole = JsonFields(data, what)
    if whole.text("format") != FORMAT:
        raise UsageError(f"The {what} is not in the format {FORMAT}.")
    company, own = whole.inner("data_controller"), whole.inner("permission")
    permission = Permission(
        subject=own.address("subject"),
        purposes=_bits(own, "purposes", codes.PURPOSES),
        categories=_bits(own, "categories", codes.CATEGORIES),
        recipients_hash=own.word("recipients_hash"),
        valid_from=own.whole("valid_from", WHOLE_MAX),
        valid_until=own.whole("valid_until", WHOLE_MAX),
        notice_hash=own.word("notice_hash"),
        jurisdiction=own.text("jurisdiction").encode(),
        flags=EXPLICIT if own.truth("explicit") else 0,
        reward_id=own.whole("reward_id"),
        salt=_salt(own, "salt"),
    )
    salt = _salt(company, "data_controller.salt", "salt")
    terms = require_terms(
        ConsentTerms(DataController(company.address("account"), salt), permission)
    )
    require_same(data, terms_json(terms), what)
    return terms


def read_terms(text: bytes, name: str) -> ConsentTerms:
    """Return the terms in a file's bytes.

    Args:
        text: The file, UTF-8.
        name: What to call it.

    Raises:
        FileRejected: It is no JSON, or a name stands in it twice.
        CodeUnknown: A purpose or category is not in the vocabulary.
        ConsentTermsInvalid: The terms make no consent; it names the field.
        UsageError: It is too large, or a member is missing, malformed or unknown.
    """
    if len(text) > SIZE_MAX:
        raise UsageError(f"{name} is no consent: it has more than {SIZE_MAX:,} bytes.")
    try:
        data = read_json(text, name).plain()
    except FileRejected as problem:
        # What is wrong is told by its line alone: a quotation might be of a salt.
        reason = "it is not JSON, or a name stands there twice"
        faults = [FileFault(fault.line, fault.field, reason) for fault in problem.faults]
        raise rejected(name, faults) from None
    return terms_of(data, name)


def load_terms(path: Path) -> ConsentTerms:
    """Return the terms in a file; see :func:`read_terms`.

    Raises:
        UsageError: The file cannot be read, or it is no consent.
        CrmdappError: Whatever :func:`read_terms` raises.
    """
    try:
        with path.open("rb") as file:
            text = file.read(SIZE_MAX + 1)
    except OSError as problem:
        raise UsageError(f"{path} cannot be read.", why=str(problem.strerror)) from None
    return read_terms(text, path.name)


def require_same(given: Any, canonical: Any, what: str) -> None:
    """Check that data says what was understood, nothing else, and in the one way to write it.

    Nothing of a value is quoted: it may be secret.

    Raises:
        UsageError: It does not; the message names the member.
    """
    place = _difference(given, canonical, "")
    if place is not None:
        raise UsageError(
            f"The {what}'s {place or 'document'} is unknown, or not written in the one way.",
            hint="Use the document as it was made; do not edit it.",
        )


def _difference(given: Any, canonical: Any, path: str) -> str | None:
    if isinstance(given, Mapping) and isinstance(canonical, Mapping):
        for name in sorted({*given, *canonical}):
            place = f"{path}.{name}" if path else str(name)
            if name not in given or name not in canonical:
                return place
            found = _difference(given[name], canonical[name], place)
            if found is not None:
                return found
        return None
    # True == 1 in Python, but not in JSON.
    return None if type(given) is type(canonical) and given == canonical else path


def _bits(fields: JsonFields, name: str, table: tuple[codes.Code, ...]) -> int:
    """Return terms as bits; those that the vocabulary has dropped since can still be read."""
    items = fields.items(name)
    if not all(isinstance(item, str) for item in items):
        raise ConsentTermsInvalid(name, "must be a list of terms")
    return sum({1 << codes.code(item, table).bit for item in items})


def _salt(fields: JsonFields, name: str, member: str = "") -> bytes:
    """Return a salt; nothing of it is quoted if it is malformed."""
    try:
        return bytes.fromhex(fields.text(member or name).removeprefix("0x"))
    except (UsageError, ValueError):
        raise ConsentTermsInvalid(name, "must be 32 random bytes, as hex digits") from None


def _hex(value: bytes) -> str:
    return "0x" + value.hex()
