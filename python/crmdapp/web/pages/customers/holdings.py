"""Who has which data of a person, from the companies that this server serves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crmdapp.customers.consent_models import ConsentState
from crmdapp.store._intake import SUBJECT
from crmdapp.store.index.customers import queries
from crmdapp.store.index.customers.models import IndexedChange, IndexedConsent
from crmdapp.web.api.customers._reading import as_of, consent_state
from crmdapp.web.api.customers.office import (
    Office,
    has_office,
    merchants_of,
    opened,
    opened_book,
)
from crmdapp.web.pages.customers.words import categories, category, purposes

if TYPE_CHECKING:
    from crmdapp.customers.consent_book import BookedConsent
    from crmdapp.web.context import Context


@dataclass(frozen=True, slots=True)
class Holding:
    """A consent of the person, in words.

    Attributes:
        company: Address of the company.
        name: What the company calls itself; its address if it never said.
        subject: The person's identity for the company.
        consent_id: The consent, 32 bytes.
        state: What it is good for.
        purposes: What for.
        data: Which data.
        service: The company's own words; empty if it never said.
        ends_at: Unix seconds.
        granted_at: Unix seconds.
        ended_at: Unix seconds; 0 if it did not end early.
    """

    company: str
    name: str
    subject: str
    consent_id: bytes
    state: str
    purposes: tuple[str, ...]
    data: tuple[str, ...]
    service: str
    ends_at: int
    granted_at: int
    ended_at: int

    @property
    def can_end(self) -> bool:
        """Whether there is something to switch off."""
        return self.state in (ConsentState.ACTIVE, ConsentState.PENDING)


@dataclass(frozen=True, slots=True)
class Passed:
    """Data of the person that was passed on."""

    at: int
    keeper: str
    recipient: str
    purposes: tuple[str, ...]
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """What a company keeps about the person, by kind."""

    company: str
    name: str
    custodial: bool
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DataWallet:
    """Everything that the page shows.

    Attributes:
        identities: The person's identities.
        holdings: Consents whose terms a company of this server knows.
        elsewhere: Consents on chain whose terms nobody here knows.
        passed: Data that was passed on, newest first.
        kept: What companies keep.
        changes: What happened to consents, newest first, with the company's name.
        now: Time of the block that all of this is as of.
    """

    identities: tuple[str, ...]
    holdings: tuple[Holding, ...]
    elsewhere: tuple[IndexedConsent, ...]
    passed: tuple[Passed, ...]
    kept: tuple[Kept, ...]
    changes: tuple[tuple[IndexedChange, str], ...]
    now: int

    def holding(self, consent_id: bytes) -> Holding | None:
        """Return the holding of a consent; ``None`` if there is none."""
        return next((item for item in self.holdings if item.consent_id == consent_id), None)


def data_wallet(context: Context, address: str) -> DataWallet:
    """Return what companies of this server have of the person with a key.

    Args:
        context: The server's.
        address: The key that signs for the person's identities.
    """
    with as_of(context) as (session, position):
        identities = queries.identities_of(session, address)
        on_chain = queries.consents_by(session, identities, limit=500)
        changes = queries.changes_about(session, identities, limit=200)
    found = {(item.subject, item.consent_id): item for item in on_chain}
    holdings: list[Holding] = []
    passed: list[Passed] = []
    kept: list[Kept] = []
    for merchant in merchants_of(context):
        with opened_book(context, merchant) as book:
            booked = book.of_subjects(identities)
        holdings += [
            _holding(merchant, item, found.get(item.key), position.timestamp) for item in booked
        ]
        _look_into(context, merchant, identities, booked, passed, kept)
    known = {item.consent_id: item.name for item in holdings}
    return DataWallet(
        identities=tuple(identities),
        holdings=tuple(sorted(holdings, key=lambda item: (not item.can_end, item.name))),
        elsewhere=tuple(item for item in on_chain if item.consent_id not in known),
        passed=tuple(sorted(passed, key=lambda item: -item.at)),
        kept=tuple(kept),
        changes=tuple((item, known.get(_word(item.detail), "")) for item in changes),
        now=position.timestamp,
    )


def companies_with(context: Context, address: str) -> list[tuple[str, bytes]]:
    """Return companies that have a profile of the person with a key, and the profile."""
    with as_of(context) as (session, _):
        identities = queries.identities_of(session, address)
    found = []
    for merchant in merchants_of(context):
        with opened(context, merchant) as office:
            cid = _profile(office, identities)
        if cid is not None:
            found.append((merchant, cid))
    return found


def name_of(booked: BookedConsent, merchant: str) -> str:
    """Return what a company calls itself in its request; its address if it never said."""
    if booked.request is None:
        return merchant
    return booked.signed_request().request.company.name


def _holding(
    merchant: str, booked: BookedConsent, found: IndexedConsent | None, now: int
) -> Holding:
    own = booked.terms.permission
    service = ""
    if booked.request is not None:
        service = booked.signed_request().request.handling.service
    return Holding(
        company=merchant,
        name=name_of(booked, merchant),
        subject=booked.key[0],
        consent_id=booked.key[1],
        state=consent_state(found, booked.terms, now).value,
        purposes=tuple(purposes(own.purposes)),
        data=tuple(categories(own.categories)),
        service=service,
        ends_at=max(own.valid_until, 0 if found is None else found.renewed_until),
        granted_at=0 if found is None else found.granted_at,
        ended_at=0 if found is None else found.ended_at,
    )


def _look_into(
    context: Context,
    merchant: str,
    identities: list[str],
    booked: list[BookedConsent],
    passed: list[Passed],
    kept: list[Kept],
) -> None:
    if not has_office(context, merchant):
        return
    name = name_of(booked[0], merchant) if booked else merchant
    with opened(context, merchant) as office:
        cid = _profile(office, identities)
        if cid is None:
            return
        items = office.vault.ciphertexts(cid, history=True)
        fields = {item.datum.id: item.datum.field for item in items}
        kinds = sorted({category(item.datum.category) for item in items})
        told = office.vault.passed_on_to(cid)
        custodial = any(office.vault.trace(item.datum.id).custodial for item in items[:1])
    kept.append(Kept(merchant, name, custodial, tuple(kinds)))
    passed += [
        Passed(
            at=item.disclosed_at,
            keeper=name,
            recipient=item.recipient,
            purposes=tuple(purposes(item.purposes)),
            fields=tuple(fields.get(number, "erased") for number in item.data),
        )
        for item in told
    ]


def _profile(office: Office, identities: list[str]) -> bytes | None:
    # Only the identity that the company enrolled: further ones a profile names for itself.
    keys = office.vault.keys
    return next(
        (cid for item in identities if (cid := keys.profile_of(SUBJECT, item)) is not None), None
    )


def _word(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x")) if text.startswith("0x") else b""
