"""Everything between the domains and an Ethereum node: connection, keys, sending, decoding.

The names below are loaded when first used; importing this package loads neither web3 nor
eth_account.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crmdapp.chain._redact import redact_url as redact_url
    from crmdapp.chain.accounts import KeyFile as KeyFile
    from crmdapp.chain.accounts import Keystore as Keystore
    from crmdapp.chain.accounts import LocalSigner as LocalSigner
    from crmdapp.chain.accounts import Signer as Signer
    from crmdapp.chain.accounts import signer_from_environment as signer_from_environment
    from crmdapp.chain.artifacts import Artifact as Artifact
    from crmdapp.chain.calls import BoundContract as BoundContract
    from crmdapp.chain.calls import Call as Call
    from crmdapp.chain.client import ContractClient as ContractClient
    from crmdapp.chain.connection import Connection as Connection
    from crmdapp.chain.connection import connect as connect
    from crmdapp.chain.decode import DecodedLog as DecodedLog
    from crmdapp.chain.decode import Event as Event
    from crmdapp.chain.decode import decode_error as decode_error
    from crmdapp.chain.decode import decode_log as decode_log
    from crmdapp.chain.decode import decode_logs as decode_logs
    from crmdapp.chain.journal import Journal as Journal
    from crmdapp.chain.manifest import Deployment as Deployment
    from crmdapp.chain.manifest import Manifest as Manifest
    from crmdapp.chain.probe import Feature as Feature
    from crmdapp.chain.sender import Sender as Sender
    from crmdapp.chain.signed import Signed as Signed
    from crmdapp.chain.signed import SignedPermission as SignedPermission
    from crmdapp.chain.signed import SignedWithSigner as SignedWithSigner
    from crmdapp.chain.transactions import Receipt as Receipt
    from crmdapp.chain.transactions import SendPolicy as SendPolicy
    from crmdapp.chain.transactions import SentTransaction as SentTransaction
    from crmdapp.chain.transactions import Simulation as Simulation
    from crmdapp.chain.typed_data import Domain as Domain
    from crmdapp.chain.typed_data import TypedData as TypedData
    from crmdapp.chain.typed_data import recover as recover

_HOMES = {
    "Artifact": "artifacts",
    "BoundContract": "calls",
    "Call": "calls",
    "Connection": "connection",
    "ContractClient": "client",
    "DecodedLog": "decode",
    "Deployment": "manifest",
    "Domain": "typed_data",
    "Event": "decode",
    "Feature": "probe",
    "Journal": "journal",
    "KeyFile": "accounts",
    "Keystore": "accounts",
    "LocalSigner": "accounts",
    "Manifest": "manifest",
    "Receipt": "transactions",
    "SendPolicy": "transactions",
    "Sender": "sender",
    "SentTransaction": "transactions",
    "Signed": "signed",
    "SignedPermission": "signed",
    "SignedWithSigner": "signed",
    "Signer": "accounts",
    "Simulation": "transactions",
    "TypedData": "typed_data",
    "connect": "connection",
    "decode_error": "decode",
    "decode_log": "decode",
    "decode_logs": "decode",
    "recover": "typed_data",
    "redact_url": "_redact",
    "signer_from_environment": "accounts",
}

__all__ = [
    "Artifact",
    "BoundContract",
    "Call",
    "Connection",
    "ContractClient",
    "DecodedLog",
    "Deployment",
    "Domain",
    "Event",
    "Feature",
    "Journal",
    "KeyFile",
    "Keystore",
    "LocalSigner",
    "Manifest",
    "Receipt",
    "SendPolicy",
    "Sender",
    "SentTransaction",
    "Signed",
    "SignedPermission",
    "SignedWithSigner",
    "Signer",
    "Simulation",
    "TypedData",
    "connect",
    "decode_error",
    "decode_log",
    "decode_logs",
    "recover",
    "redact_url",
    "signer_from_environment",
]


def __getattr__(name: str) -> Any:
    try:
        home = _HOMES[name]
    except KeyError:
        raise AttributeError(f"module 'crmdapp.chain' has no attribute {name!r}") from None
    value = getattr(import_module(f"crmdapp.chain.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
