"""Signed intents of attestors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import Field

from crmdapp.chain.addresses import ZERO_ADDRESS
from crmdapp.chain.signed import long_form
from crmdapp.chain.typed_data import recover
from crmdapp.customers.attestations import AttestationClient
from crmdapp.customers.statements import AttestationIntent, RevocationIntent, SignedWord
from crmdapp.web.api.intents._customers_shared import SPAN, WORD, Span, deadline_of, example
from crmdapp.web.api.intents.kinds import Relayed, Relaying, intent_kind
from crmdapp.web.context import Context
from crmdapp.web.models import Hash32, Model


class AttestWanted(Model):
    """A statement to attest; ``expiry`` 0 is no end."""

    model_config = example(uid=WORD, topic=1, level=2, expiry=0)

    uid: Hash32
    topic: int = Field(ge=1, lt=1 << 32)
    level: int = Field(ge=1, le=255)
    expiry: int = Field(default=0, ge=0, lt=1 << 40)
    valid_for: Span = SPAN


class RevokeWanted(Model):
    """A statement whose word is taken back."""

    model_config = example(uid=WORD)

    uid: Hash32
    valid_for: Span = SPAN


class _Word:
    @staticmethod
    def read(body: Mapping[str, Any]) -> SignedWord:
        """Return the signed word; a wallet's answer does not name who signed: it tells itself."""
        signed = SignedWord.from_json({"attestor": ZERO_ADDRESS, **body})
        if signed.attestor != ZERO_ADDRESS:
            return signed
        return replace(signed, attestor=recover(signed.digest, long_form(signed.signature)))


@intent_kind(
    "customers.attest",
    contract="AttestationRegistry",
    primary_type="AttestationIntent",
    request=AttestWanted,
)
class CustomersAttest(_Word):
    """Attest a statement."""

    @staticmethod
    def prepare(context: Context, wanted: AttestWanted) -> dict[str, Any]:
        """Return the intent."""
        deadline = deadline_of(context, wanted.valid_for)
        intent = AttestationIntent(wanted.uid, wanted.topic, wanted.level, wanted.expiry, deadline)
        return intent.to_json(context.reader(AttestationClient).domain)

    @staticmethod
    def relay(relaying: Relaying, signed: SignedWord) -> Relayed:
        """Send it."""
        client = relaying.client(AttestationClient)
        return relaying.sent(client.attest_by_sig(signed, key=relaying.key))


@intent_kind(
    "customers.revoke",
    contract="AttestationRegistry",
    primary_type="RevocationIntent",
    request=RevokeWanted,
)
class CustomersRevoke(_Word):
    """Take an attestation back."""

    @staticmethod
    def prepare(context: Context, wanted: RevokeWanted) -> dict[str, Any]:
        """Return the intent."""
        deadline = deadline_of(context, wanted.valid_for)
        intent = RevocationIntent(wanted.uid, deadline)
        return intent.to_json(context.reader(AttestationClient).domain)

    @staticmethod
    def relay(relaying: Relaying, signed: SignedWord) -> Relayed:
        """Send it."""
        client = relaying.client(AttestationClient)
        return relaying.sent(client.revoke_by_sig(signed, key=relaying.key))
