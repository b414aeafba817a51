"""What the reading endpoints share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from crmdapp.customers.consent_models import Consent, ConsentState, ConsentStatus
from crmdapp.customers.models import CustomerStatus
from crmdapp.customers.registry import RegistryClient
from crmdapp.store.index import Position
from crmdapp.store.index.customers import queries
from crmdapp.store.index.customers.models import IndexedConsent
from crmdapp.web.errors import NotFound

if TYPE_CHECKING:
    from crmdapp.customers.terms import ConsentTerms
    from crmdapp.web.api.customers.office import Office
    from crmdapp.web.context import Context


@contextmanager
def as_of(context: Context) -> Iterator[tuple[Session, Position]]:
    """Give the index and the block it has come to.

    Raises:
        IndexEmpty: It has no block yet.
        StoreProblem: It cannot be read.
    """
    position = context.index.position()
    with context.index.reading() as session:
        yield session, position


def is_final(position: Position) -> bool:
    """Return whether the block that an answer is as of cannot be undone any more."""
    return position.block <= position.finalized_block


def consent_state(found: IndexedConsent | None, terms: ConsentTerms, now: int) -> ConsentState:
    """Return what a consent is good for, by the index.

    Args:
        found: What the index has of it; ``None`` if it was never given.
        terms: Its terms.
        now: Unix seconds.
    """
    if found is None:
        return ConsentState.UNKNOWN
    return chain_consent(found).state(terms, now)


def chain_consent(found: IndexedConsent) -> Consent:
    """Return an indexed consent as the chain keeps it."""
    return Consent(
        granted_at=found.granted_at,
        renewed_until=found.renewed_until,
        version=found.version,
        status=ConsentStatus(found.status),
    )


def require_profile(office: Office, context: Context, cid: bytes) -> None:
    """Check that a profile is a customer of the company: in its vault, or of a scope it owns.

    Raises:
        NotFound: It is another company's, or there is none.
    """
    if is_in_vault(office, cid) or owns_scope_of(context, office.merchant, cid):
        return
    raise no_customer()


def is_in_vault(office: Office, cid: bytes) -> bool:
    """Return whether a company's vault has a profile."""
    from crmdapp.store._rows import profile_rows
    from crmdapp.store.errors import ProfileUnknown

    try:
        with office.vault.store.reading() as session:
            profile_rows(session, [cid])
    except ProfileUnknown:
        return False
    return True


def owns_scope_of(context: Context, merchant: str, cid: bytes) -> bool:
    """Return whether a profile is registered in a scope of a company."""
    if len(cid) != 32 or cid[31]:
        return False
    # The scope of a profile is in no event: only the registry knows it.
    customer = context.reader(RegistryClient).customer(cid)
    if customer.status in (CustomerStatus.NONE, CustomerStatus.LINKED):
        return False
    with as_of(context) as (session, _):
        scope = queries.scope_at(session, customer.scope)
    return scope is not None and scope.owner == merchant


def no_customer() -> NotFound:
    """Return the one answer for a customer that is missing, and for another company's."""
    return NotFound("There is no such customer of this company.")
