"""Identifiers of people in one form, so that the same person always gets the same tag.

What is written in two ways and means one mailbox, line or tax number becomes one value; what may
mean two stays two, because two people in one profile is worse than one person in two.

- ``email``: Unicode NFKC; the domain in its IDNA 2008 (UTS 46, non-transitional) ASCII form in
  lower case; the local part in lower case, since no provider of weight tells ``Ann`` from ``ann``.
  Dots and ``+tags`` stay: only some providers ignore them. ``ß`` stays ``ß``, because lower case
  keeps apart what full case folding would merge. Quoted local parts and address literals are
  refused.
- ``phone``: E.164. Digits of any script count; letters and extensions are refused, since E.164
  has no place for them and the rest would be the number of a whole switchboard.
- ``tax``: ``<country>.<scheme>:<number>``, such as ``de.vat:136695976``; checked, check digits
  included, by python-stdnum. A number that two schemes of a country accept is refused until the
  scheme is written before it.

Nothing here ever quotes the value, neither in an exception nor in a representation.

Source: UAX 15 (NFKC), RFC 5321 and 6531 (addresses), RFC 5891 and UTS 46 (domains), ITU-T E.164.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field

from crmdapp.errors import UsageError

EMAIL = "email"
PHONE = "phone"
TAX = "tax"
KINDS = (EMAIL, PHONE, TAX)

TEXT_MAX = 512
"""Characters of an identifier as it is typed; longer text is refused unread."""


class IdentifierInvalid(UsageError):  # noqa: N818 - named for the problem, like all errors here
    """A text is no identifier of its kind. The text itself is never repeated.

    Args:
        kind: What it should have been.
        reason: What is wrong, in words that do not contain it.
        hint: What to do.
    """

    def __init__(self, kind: str = "", reason: str = "", *, hint: str = "") -> None:
        super().__init__(f"This is no usable {_NAMES.get(kind, 'identifier')}.", hint=hint)
        self.kind = kind
        self.why = reason


_NAMES = {EMAIL: "e-mail address", PHONE: "phone number", TAX: "tax number"}


@dataclass(frozen=True, slots=True)
class Identifier:
    """What tells one person from all others, in its one form; made by :func:`normalise`.

    Attributes:
        kind: One of :data:`KINDS`.
        value: The normal form. Personal data: left out of the representation.
    """

    kind: str
    value: str = field(repr=False)


def normalise(kind: str, text: str, region: str | None = None) -> Identifier:
    """Return an identifier in its one form; the form of a normal form is itself.

    Args:
        kind: One of :data:`KINDS`.
        text: As it was typed, at most :data:`TEXT_MAX` characters.
        region: ISO 3166-1 alpha-2 code of the country in which numbers without a country's code
            are dialled or issued; ``None`` if they must have one.

    Raises:
        IdentifierInvalid: It is none, or could mean two.
        UsageError: There is no such kind or region.
    """
    forms = {EMAIL: _email, PHONE: _phone, TAX: _tax}
    if kind not in forms:
        raise UsageError(f"There is no kind {kind!r} of identifier: {', '.join(KINDS)}.")
    if not text.strip() or len(text) > TEXT_MAX:
        raise IdentifierInvalid(kind, f"It is empty or longer than {TEXT_MAX} characters.")
    plain = unicodedata.normalize("NFKC", text).strip()
    if any(unicodedata.category(each) == "Cs" for each in plain):
        raise IdentifierInvalid(kind, "It contains half of a surrogate pair.")
    return Identifier(kind, forms[kind](plain, None if region is None else region.upper()))


def _email(text: str, region: str | None) -> str:
    del region  # addresses are the same in every country
    # Lower case first: what it changes must be valid, and normal, too.
    local, at, domain = text.rpartition("@")
    value = _checked_address(unicodedata.normalize("NFKC", local.lower()) + at + domain)
    if value is None:  # outside of the handler: no exception may carry the library's text along
        raise IdentifierInvalid(
            EMAIL, "It is not of the form name@domain.", hint="Write it as name@example.org."
        )
    return value


def _checked_address(text: str) -> str | None:
    from email_validator import EmailNotValidError, validate_email

    try:
        found = validate_email(text, check_deliverability=False, strict=True)
    except (EmailNotValidError, ValueError):
        return None
    return f"{found.local_part}@{found.ascii_domain.lower()}"


def _phone(text: str, region: str | None) -> str:
    import phonenumbers

    if region is not None and region not in phonenumbers.SUPPORTED_REGIONS:
        raise UsageError(
            f"There is no region {region[:8]!r}.", hint="Give two letters, such as DE."
        )
    dialled = _dialled(text)
    number = None
    if dialled is not None:
        try:
            number = phonenumbers.parse(dialled, region)
        except phonenumbers.NumberParseException:
            number = None
    if number is None or number.extension or not phonenumbers.is_valid_number(number):
        national = dialled is not None and not dialled.startswith("+")
        raise IdentifierInvalid(
            PHONE,
            "It is not a number that the country's plan has"
            + (", and it has no country's code." if national and region is None else "."),
            hint="Write it with the country's code and without extension, as in +49 30 901820.",
        )
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _dialled(text: str) -> str | None:
    """Return digits, one leading plus and separators; ``None`` if there is anything else."""
    found = []
    for each in text:
        category = unicodedata.category(each)
        if category == "Nd":
            found.append(str(unicodedata.digit(each)))
        elif category == "Pd" or each in "-./()":
            found.append("-")
        elif category == "Zs":
            found.append(" ")
        elif each == "+" and not any(part.isdigit() or part == "+" for part in found):
            found.append("+")
        elif category != "Cf":  # invisible marks of direction come along when a number is copied
            return None
    return "".join(found).lstrip("- ")


def _tax(text: str, region: str | None) -> str:
    from crmdapp.customers._tax_numbers import candidates, scheme_names

    found = candidates(text.upper(), region)
    if not found:
        raise IdentifierInvalid(
            TAX,
            "It is not a number that the country issues, or the country is not known.",
            hint="Give the country, or write the scheme before it, as in de.vat:136695976.",
        )
    if len(found) > 1:
        raise IdentifierInvalid(
            TAX,
            f"It could be a number of any of these schemes: {', '.join(scheme_names(found))}.",
            hint=f"Write the scheme before it, as in {scheme_names(found)[0]}:<number>.",
        )
    return found[0]
