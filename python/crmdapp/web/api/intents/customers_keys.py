"""Signed intents of customers about their profiles and keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from crmdapp.chain.addresses import ZERO_ADDRESS
from crmdapp.chain.signed import long_form
from crmdapp.chain.typed_data import TypedData, recover
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
from crmdapp.errors import UsageError
from crmdapp.web.api.intents._customers_shared import (
    ADDRESS,
    CID,
    SPAN,
    WORD,
    Epoch,
    Nonce,
    Span,
    deadline_of,
    example,
)
from crmdapp.web.api.intents.kinds import Relayed, Relaying, intent_kind
from crmdapp.web.context import Context
from crmdapp.web.models import AddressIn, Hash32, Model


class ProfileWanted(Model):
    """A profile of whoever signs, and the epoch of its key."""

    cid: Hash32
    epoch: Epoch
    valid_for: Span = SPAN


class EraseWanted(ProfileWanted):
    """Which profile ends, and the hash of the company's receipt of the erasure."""

    model_config = example(cid=CID, epoch=0, receipt_hash=WORD)

    receipt_hash: Hash32


class RootWanted(ProfileWanted):
    """Another commitment to a profile."""

    model_config = example(cid=CID, epoch=0, root=WORD, nonce=1)

    root: Hash32
    nonce: Nonce


class GuardiansWanted(ProfileWanted):
    """Other guardians, by the hash of their list."""

    model_config = example(cid=CID, epoch=0, guardians_hash=WORD, nonce=1)

    guardians_hash: Hash32
    nonce: Nonce


class VetoWanted(ProfileWanted):
    """The recovery by guardians that is stopped."""

    model_config = example(cid=CID, epoch=0, new_controller=ADDRESS, nonce=1)

    new_controller: AddressIn
    nonce: Nonce


class RotateWanted(ProfileWanted):
    """The new key of a profile; the old and the new one sign the same."""

    model_config = example(cid=CID, epoch=0, new_controller=ADDRESS)

    new_controller: AddressIn


class RecoveryWanted(VetoWanted):
    """The new key of a profile whose key is lost; guardians or attestors and the new key sign."""

    model_config = example(cid=CID, epoch=0, new_controller=ADDRESS, nonce=1, by_guardians=True)

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
        deadline = deadline_of(context, wanted.valid_for)
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
        deadline = deadline_of(context, wanted.valid_for)
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
        deadline = deadline_of(context, wanted.valid_for)
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
        deadline = deadline_of(context, wanted.valid_for)
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
        deadline = deadline_of(context, wanted.valid_for)
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
        deadline = deadline_of(context, wanted.valid_for)
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
