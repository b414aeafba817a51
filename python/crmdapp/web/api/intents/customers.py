"""Signed intents of customers about their consents; importing this adds those of keys, too.

A grant is prepared from a company's signed request, so what is signed is what was asked. A person
may sign in any tool; what is relayed is checked by the contracts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from crmdapp.customers.consent_intents import SignedGrant, SignedRenewal, SignedWithdrawal
from crmdapp.customers.consents import ConsentClient
from crmdapp.customers.requests import read_request
from crmdapp.customers.terms import ConsentGrant, ConsentRenewal, ConsentWithdrawal
from crmdapp.web.api.intents import customers_attesting, customers_keys
from crmdapp.web.api.intents._customers_shared import (
    ADDRESS,
    SPAN,
    WORD,
    Moment,
    Span,
    deadline_of,
    example,
)
from crmdapp.web.api.intents.kinds import Relayed, Relaying, intent_kind
from crmdapp.web.context import Context
from crmdapp.web.models import AddressIn, Hash32, Model

__all__ = ["customers_attesting", "customers_keys"]


class GrantWanted(Model):
    """The company's signed request."""

    model_config = example(request="eyJ...")

    request: str = Field(max_length=200_000)


@intent_kind(
    "customers.grant", contract="ConsentRegistry", primary_type="ConsentGrant", request=GrantWanted
)
class CustomersGrant:
    """Agree to what a company asked."""

    @staticmethod
    def prepare(context: Context, wanted: GrantWanted) -> dict[str, Any]:
        """Return the terms of the request, to be signed until its time to answer is over."""
        asked = read_request(wanted.request).request
        asked.require_open(context.connection.block_timestamp())
        domain = context.reader(ConsentClient).domain
        return ConsentGrant(asked.terms, asked.answer_by).to_json(domain)

    @staticmethod
    def read(body: Mapping[str, Any]) -> SignedGrant:
        """Return the signed grant."""
        return SignedGrant.from_json(body)

    @staticmethod
    def relay(relaying: Relaying, signed: SignedGrant) -> Relayed:
        """Send it; the chain learns no term."""
        client = relaying.client(ConsentClient)
        return relaying.sent(client.grant_by_sig(signed, key=relaying.key))


class WithdrawalWanted(Model):
    """Which consent ends."""

    model_config = example(subject=ADDRESS, consent_id=WORD, valid_for=3_600)

    subject: AddressIn
    consent_id: Hash32
    valid_for: Span = SPAN


@intent_kind(
    "customers.withdraw",
    contract="ConsentRegistry",
    primary_type="ConsentWithdrawal",
    request=WithdrawalWanted,
)
class CustomersWithdraw:
    """Take a consent back, for ever."""

    @staticmethod
    def prepare(context: Context, wanted: WithdrawalWanted) -> dict[str, Any]:
        """Return the withdrawal."""
        deadline = deadline_of(context, wanted.valid_for)
        made = ConsentWithdrawal(wanted.subject, wanted.consent_id, deadline)
        return made.to_json(context.reader(ConsentClient).domain)

    @staticmethod
    def read(body: Mapping[str, Any]) -> SignedWithdrawal:
        """Return the signed withdrawal."""
        return SignedWithdrawal.from_json(body)

    @staticmethod
    def relay(relaying: Relaying, signed: SignedWithdrawal) -> Relayed:
        """Send it, and let the companies of this server destroy the keys it came with."""
        from crmdapp.web.api.customers.ending import end_consent

        client = relaying.client(ConsentClient)
        receipt = client.withdraw_by_sig(signed, key=relaying.key)
        end_consent(relaying.context, signed.withdrawal.subject, signed.withdrawal.consent_id)
        return relaying.sent(receipt)


class RenewalWanted(Model):
    """Which consent, and its later end."""

    model_config = example(subject=ADDRESS, consent_id=WORD, expiry=1_821_536_000)

    subject: AddressIn
    consent_id: Hash32
    expiry: Moment
    valid_for: Span = SPAN


@intent_kind(
    "customers.renew",
    contract="ConsentRegistry",
    primary_type="ConsentRenewal",
    request=RenewalWanted,
)
class CustomersRenew:
    """Let a consent last longer."""

    @staticmethod
    def prepare(context: Context, wanted: RenewalWanted) -> dict[str, Any]:
        """Return the renewal."""
        deadline = deadline_of(context, wanted.valid_for)
        made = ConsentRenewal(wanted.subject, wanted.consent_id, wanted.expiry, deadline)
        return made.to_json(context.reader(ConsentClient).domain)

    @staticmethod
    def read(body: Mapping[str, Any]) -> SignedRenewal:
        """Return the signed renewal."""
        return SignedRenewal.from_json(body)

    @staticmethod
    def relay(relaying: Relaying, signed: SignedRenewal) -> Relayed:
        """Send it."""
        client = relaying.client(ConsentClient)
        return relaying.sent(client.renew_by_sig(signed, key=relaying.key))
