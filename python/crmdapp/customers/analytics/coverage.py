"""Whose data may be used: those whose consent covers the purpose, now.

A consent on chain is a hash. Only the company that holds the terms knows which purposes it covers
and whose it is, so the analytics take the terms from the company and everything that can end a
consent from the chain. A consent counts for the loyalty accounts of its identity: the identity's
own address, and that of the key that acts for it now. A customer who collects points with an
account that nothing links to the identity is left out, and counted as one without consent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum

from crmdapp.customers.consent_models import Consent, ConsentState
from crmdapp.customers.terms import ConsentTerms


class Standing(IntEnum):
    """Why the data of a customer may be used or not; of several consents the best one counts."""

    NONE = 0
    OTHER_COMPANY = 1
    UNKNOWN = 2
    ENDED = 3
    REVOKED = 4
    WITHDRAWN = 5
    EXPIRED = 6
    PENDING = 7
    NOT_COVERED = 8
    ACTIVE = 9

    @property
    def words(self) -> str:
        """The standing as the reason for which somebody is left out."""
        return _WORDS[self]


_WORDS = {
    Standing.NONE: "no consent is known for the account",
    Standing.OTHER_COMPANY: "the consent was given to another company",
    Standing.UNKNOWN: "the consent is not on chain",
    Standing.ENDED: "the identity has ended",
    Standing.REVOKED: "the company gave the consent up",
    Standing.WITHDRAWN: "the consent was withdrawn",
    Standing.EXPIRED: "the consent has expired",
    Standing.PENDING: "the consent has not begun",
    Standing.NOT_COVERED: "the consent is for another purpose or other data",
    Standing.ACTIVE: "the consent holds",
}
_BY_STATE = {
    ConsentState.UNKNOWN: Standing.UNKNOWN,
    ConsentState.PENDING: Standing.PENDING,
    ConsentState.EXPIRED: Standing.EXPIRED,
    ConsentState.WITHDRAWN: Standing.WITHDRAWN,
    ConsentState.REVOKED: Standing.REVOKED,
}


@dataclass(frozen=True, slots=True)
class HeldConsent:
    """A consent whose terms the company holds, as the chain has it.

    Attributes:
        terms: Its terms.
        consent: Where it stands.
        accounts: Loyalty accounts that are its identity's; none if the identity has ended.
    """

    terms: ConsentTerms
    consent: Consent
    accounts: frozenset[str]


@dataclass(frozen=True, slots=True)
class Purpose:
    """What the data are used for.

    Attributes:
        company: Address of the company that uses them.
        purposes: Bits, not 0.
        categories: Bits, not 0.
    """

    company: str
    purposes: int
    categories: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many of the customers a figure is about, and why not of all.

    Attributes:
        total: Customers in all.
        used: Those whose data were used.
        left_out: How many were left out, by reason.
    """

    total: int
    used: int
    left_out: Mapping[str, int]


def standing_of(held: HeldConsent, purpose: Purpose, now: int) -> Standing:
    """Return what a consent is good for.

    Args:
        held: The consent.
        purpose: What is meant to be done.
        now: Unix seconds.
    """
    if held.terms.data_controller.account != purpose.company:
        return Standing.OTHER_COMPANY
    state = held.consent.state(held.terms, now)
    if state is not ConsentState.ACTIVE:
        return _BY_STATE[state]
    if not held.accounts:
        return Standing.ENDED
    covers = held.terms.covers(purpose.purposes, purpose.categories)
    return Standing.ACTIVE if covers else Standing.NOT_COVERED


def consenting(
    accounts: Iterable[str], consents: Iterable[HeldConsent], purpose: Purpose, now: int
) -> tuple[frozenset[str], Coverage]:
    """Return whose data may be used, and how many are left out and why.

    Args:
        accounts: Customers' loyalty accounts, each once.
        consents: What the company holds.
        purpose: What is meant to be done.
        now: Unix seconds.
    """
    best: dict[str, Standing] = {}
    for held in consents:
        standing = standing_of(held, purpose, now)
        for account in held.accounts | {held.terms.permission.subject}:
            best[account] = max(best.get(account, Standing.NONE), standing)
    used: set[str] = set()
    left_out: Counter[str] = Counter()
    total = 0
    for account in accounts:
        total += 1
        standing = best.get(account, Standing.NONE)
        if standing is Standing.ACTIVE:
            used.add(account)
        else:
            left_out[standing.words] += 1
    return frozenset(used), Coverage(total, len(used), dict(sorted(left_out.items())))
