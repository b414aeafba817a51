"""Signed intents of customers: consents, keys, recovery, attestations.

A grant is prepared from a company's signed request, so what is signed is what was asked. A person
may sign in any tool; what is relayed is checked by the contracts.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from crmdapp.chain.addresses import ZERO_ADDRESS
from crmdapp.chain.signed import long_form
from crmdapp.chain.typed_data import TypedData, recover
from crmdapp.customers.attestations import AttestationClient
from crmdapp.customers.consent_intents import SignedGrant, SignedRenewal, SignedWithdrawal
from crmdapp.customers.consents import ConsentClient
from crmdapp.customers.registry import RegistryClient
from crmdapp.customers.registry_intents import (
    EraseIntent,
    GuardiansIntent,
    RecoveryIntent,
    RootIntent,
    RotateIntent,
    VetoIntent,
)
from crmdapp.customers.registry_signing import SignedRegistryIntent
from crmdapp.customers.requests import read_request
from crmdapp.customers.statements import AttestationIntent, RevocationIntent, SignedWord
from crmdapp.customers.terms import ConsentGrant, ConsentRenewal, ConsentWithdrawal
from crmdapp.errors import UsageError
from crmdapp.web.api.intents.kinds import Relayed, Relaying, intent_kind
from crmdapp.web.context import Context
from crmdapp.web.models import AddressIn, Hash32, Model

_ADDRESS = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
_CID = "0x" + "6b" * 31 + "00"
_WORD = "0x" + "9c" * 32
_SPAN = 3_600

Span = Annotated[
    int, Field(ge=60, le=604_800, description="Seconds for which the signature can be used.")
]
Moment = Annotated[int, Field(ge=1, lt=253_402_300_800, description="Unix seconds.")]
Nonce = Annotated[int, Field(ge=0, lt=1 << 53, description="A number not used before.")]
Epoch = Annotated[int, Field(ge=0, lt=1 << 16)]


def _example(**values: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [values]})


def _deadline(context: Context, span: int) -> int:
    # The chain's clock decides; a server whose clock is behind would sign what is over.
    return max(context.connection.block_timestamp(), int(time.time())) + span


# ------------------------------------------------------------------------------------- consents


class GrantWanted(Model):
    """The company's signed request."""

    model_config = _example(request="eyJ...")

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

    model_config = _example(subject=_ADDRESS, consent_id=_WORD, valid_for=3_600)

    subject: AddressIn
    consent_id: Hash32
    valid_for: Span = _SPAN


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
        deadline = _deadline(context, wanted.valid_for)
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

    model_config = _example(subject=_ADDRESS, consent_id=_WORD, expiry=1_821_536_000)

    subject: AddressIn
    consent_id: Hash32
    expiry: Moment
    valid_for: Span = _SPAN


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
        deadline = _deadline(context, wanted.valid_for)
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


# ------------------------------------------------------------------------------------- profiles


class ProfileWanted(Model):
    """A profile of whoever signs, and the epoch of its key."""

    cid: Hash32
    epoch: Epoch
    valid_for: Span = _SPAN


class EraseWanted(ProfileWanted):
    """Which profile ends, and the hash of the company's receipt of the erasure."""

    model_config = _example(cid=_CID, epoch=0, receipt_hash=_WORD)

    receipt_hash: Hash32


class RootWanted(ProfileWanted):
    """Another commitment to a profile."""

    model_config = _example(cid=_CID, epoch=0, root=_WORD, nonce=1)

    root: Hash32
    nonce: Nonce


class GuardiansWanted(ProfileWanted):
    """Other guardians, by the hash of their list."""

    model_config = _example(cid=_CID, epoch=0, guardians_hash=_WORD, nonce=1)

    guardians_hash: Hash32
    nonce: Nonce


class VetoWanted(ProfileWanted):
    """The recovery by guardians that is stopped."""

    model_config = _example(cid=_CID, epoch=0, new_controller=_ADDRESS, nonce=1)

    new_controller: AddressIn
    nonce: Nonce


class RotateWanted(ProfileWanted):
    """The new key of a profile; the old and the new one sign the same."""

    model_config = _example(cid=_CID, epoch=0, new_controller=_ADDRESS)

    new_controller: AddressIn


class RecoveryWanted(VetoWanted):
    """The new key of a profile whose key is lost; guardians or attestors and the new key sign."""

    model_config = _example(cid=_CID, epoch=0, new_controller=_ADDRESS, nonce=1, by_guardians=True)

    by_guardians: bool = True


class _Read:
    @staticmethod
    def read(body: Mapping[str, Any]) -> SignedRegistryIntent:
        """Return the signed intent; a wallet's answer does not name who signed: it tells itself."""
        signed = SignedRegistryIntent.from_json({"signer": ZERO_ADDRESS, **body})
        if signed.signer != ZERO_ADDRESS:
            return signed
        return replace(signed, signer=recover(signed.digest, long_form(signed.signature)))


class _Submitted(_Read):
    @staticmethod
    def relay(relaying: Relaying, signed: SignedRegistryIntent) -> Relayed:
        """Send it."""
        client = relaying.client(RegistryClient)
        return relaying.sent(client.submit(signed, key=relaying.key))


def _typed(context: Context, intent: TypedData) -> dict[str, Any]:
    return intent.to_json(context.reader(RegistryClient).domain)


def _several(address: str) -> UsageError:
    return UsageError(
        "This takes several signatures.", hint=f"Send all of them together: POST {address}"
    )


@intent_kind(
    "customers.erase",
    contract="CustomerRegistry",
    primary_type="EraseIntent",
    request=EraseWanted,
)
class CustomersErase(_Submitted):
    """End a profile."""

    @staticmethod
    def prepare(context: Context, wanted: EraseWanted) -> dict[str, Any]:
        """Return the intent."""
        deadline = _deadline(context, wanted.valid_for)
        intent = EraseIntent(wanted.cid, wanted.receipt_hash, wanted.epoch, deadline)
        return _typed(context, intent)


@intent_kind(
    "customers.root", contract="CustomerRegistry", primary_type="RootIntent", request=RootWanted
)
class CustomersRoot(_Submitted):
    """Set another commitment to a profile."""

    @staticmethod
    def prepare(context: Context, wanted: RootWanted) -> dict[str, Any]:
        """Return the intent."""
        deadline = _deadline(context, wanted.valid_for)
        intent = RootIntent(wanted.cid, wanted.root, wanted.epoch, wanted.nonce, deadline)
        return _typed(context, intent)


@intent_kind(
    "customers.guardians",
    contract="CustomerRegistry",
    primary_type="GuardiansIntent",
    request=GuardiansWanted,
)
class CustomersGuardians(_Submitted):
    """Name other guardians, who count after the scope's delay."""

    @staticmethod
    def prepare(context: Context, wanted: GuardiansWanted) -> dict[str, Any]:
        """Return the intent."""
        deadline = _deadline(context, wanted.valid_for)
        intent = GuardiansIntent(
            wanted.cid, wanted.guardians_hash, wanted.epoch, wanted.nonce, deadline
        )
        return _typed(context, intent)


@intent_kind(
    "customers.veto", contract="CustomerRegistry", primary_type="VetoIntent", request=VetoWanted
)
class CustomersVeto(_Submitted):
    """Stop a recovery by guardians."""

    @staticmethod
    def prepare(context: Context, wanted: VetoWanted) -> dict[str, Any]:
        """Return the intent."""
        deadline = _deadline(context, wanted.valid_for)
        intent = VetoIntent(wanted.cid, wanted.new_controller, wanted.epoch, wanted.nonce, deadline)
        return _typed(context, intent)


@intent_kind(
    "customers.rotate",
    contract="CustomerRegistry",
    primary_type="RotateIntent",
    request=RotateWanted,
)
class CustomersRotate(_Read):
    """Replace the key of a profile; both keys sign, and both signatures are sent together."""

    @staticmethod
    def prepare(context: Context, wanted: RotateWanted) -> dict[str, Any]:
        """Return the intent."""
        deadline = _deadline(context, wanted.valid_for)
        intent = RotateIntent(wanted.cid, wanted.new_controller, wanted.epoch, deadline)
        return _typed(context, intent)

    @staticmethod
    def relay(relaying: Relaying, signed: SignedRegistryIntent) -> Relayed:
        """Refuse: one signature is not enough."""
        del relaying, signed  # neither is looked at
        raise _several("/v1/customers/rotations")


@intent_kind(
    "customers.recover",
    contract="CustomerRegistry",
    primary_type="RecoveryIntent",
    request=RecoveryWanted,
)
class CustomersRecover(_Read):
    """Propose a new key for a lost one; all signatures are sent together."""

    @staticmethod
    def prepare(context: Context, wanted: RecoveryWanted) -> dict[str, Any]:
        """Return the intent."""
        deadline = _deadline(context, wanted.valid_for)
        intent = RecoveryIntent(
            wanted.cid,
            wanted.new_controller,
            wanted.by_guardians,
            wanted.epoch,
            wanted.nonce,
            deadline,
        )
        return _typed(context, intent)

    @staticmethod
    def relay(relaying: Relaying, signed: SignedRegistryIntent) -> Relayed:
        """Refuse: one signature is not enough."""
        del relaying, signed  # neither is looked at
        raise _several("/v1/customers/recoveries")


# ------------------------------------------------------------------------------------- attestations


class AttestWanted(Model):
    """A statement to attest; ``expiry`` 0 is no end."""

    model_config = _example(uid=_WORD, topic=1, level=2, expiry=0)

    uid: Hash32
    topic: int = Field(ge=1, lt=1 << 32)
    level: int = Field(ge=1, le=255)
    expiry: int = Field(default=0, ge=0, lt=1 << 40)
    valid_for: Span = _SPAN


class RevokeWanted(Model):
    """A statement whose word is taken back."""

    model_config = _example(uid=_WORD)

    uid: Hash32
    valid_for: Span = _SPAN


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
        deadline = _deadline(context, wanted.valid_for)
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
        deadline = _deadline(context, wanted.valid_for)
        intent = RevocationIntent(wanted.uid, deadline)
        return intent.to_json(context.reader(AttestationClient).domain)

    @staticmethod
    def relay(relaying: Relaying, signed: SignedWord) -> Relayed:
        """Send it."""
        client = relaying.client(AttestationClient)
        return relaying.sent(client.revoke_by_sig(signed, key=relaying.key))
