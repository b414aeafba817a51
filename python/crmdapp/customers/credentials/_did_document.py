"""DID documents, built from an identity's changes in order.

Source: did:ethr method specification, sections "Controller changes" to "Service Endpoints".
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from crmdapp.chain.addresses import ZERO_ADDRESS
from crmdapp.customers.credentials._json import encode
from crmdapp.customers.credentials.dids import Did
from crmdapp.customers.events import (
    DIDAttributeChanged,
    DIDDelegateChanged,
    DIDOwnerChanged,
)

CONTEXT = "https://www.w3.org/ns/did/v1"
RECOVERY_CONTEXT = "https://w3id.org/security/suites/secp256k1recovery-2020/v2"
RECOVERY_METHOD = "EcdsaSecp256k1RecoveryMethod2020"

VERIFY = "veriKey"
AUTHENTICATE = "sigAuth"

# Attribute names: did/pub/<algorithm>/<purpose>/<encoding>, did/svc/<type>.
_KEY = re.compile(r"did/pub/(\w{1,16})/(\w{1,8})(?:/(\w{1,8}))?", re.ASCII)
_SERVICE = re.compile(r"did/svc/([\w.-]{1,24})", re.ASCII)

_TYPES = {
    ("Secp256k1", VERIFY): "EcdsaSecp256k1VerificationKey2019",
    ("Secp256k1", AUTHENTICATE): "EcdsaSecp256k1VerificationKey2019",
    ("Ed25519", VERIFY): "Ed25519VerificationKey2018",
    ("Ed25519", AUTHENTICATE): "Ed25519VerificationKey2018",
    ("RSA", VERIFY): "RSAVerificationKey2018",
    ("RSA", AUTHENTICATE): "RSAVerificationKey2018",
    ("X25519", "enc"): "X25519KeyAgreementKey2019",
}
_SECP256K1_SIZES = (33, 65)

_Key = tuple[str, ...]


@dataclass(slots=True)
class Document:
    """A document under construction.

    Attributes:
        did: Whose it is.
        controller: Who decides.
        methods: Verification methods by what made them, in order.
        services: Service endpoints likewise.
        authentication: Ids of methods that log the subject in, beside the controller's.
        agreement: Ids of methods that others encrypt to.
        delegates: Accounts of methods, by what made them.
    """

    did: Did
    controller: str
    methods: dict[_Key, dict[str, Any]] = field(default_factory=dict)
    services: dict[_Key, dict[str, Any]] = field(default_factory=dict)
    authentication: dict[_Key, str] = field(default_factory=dict)
    agreement: dict[_Key, str] = field(default_factory=dict)
    delegates: dict[_Key, str] = field(default_factory=dict)
    key_count: int = 0
    service_count: int = 0

    @property
    def deactivated(self) -> bool:
        """Whether the identity has ended."""
        return self.controller == ZERO_ADDRESS

    @property
    def accounts(self) -> tuple[str, ...]:
        """Accounts whose signatures count as the subject's assertions."""
        return () if self.deactivated else (self.controller, *self.delegates.values())

    def to_json(self) -> dict[str, Any]:
        """Return the document as JSON data."""
        name = str(self.did)
        if self.deactivated:
            empty: dict[str, Any] = {"@context": CONTEXT, "id": name}
            return {
                **empty,
                "verificationMethod": [],
                "authentication": [],
                "assertionMethod": [],
            }
        own = [_account_method(f"{name}#controller", self.did, self.controller)]
        if self.did.public_key is not None and self.controller == self.did.address:
            own.append(_key_method(f"{name}#controllerKey", name, self.did.public_key))
        methods = [*own, *self.methods.values()]
        encryption = set(self.agreement.values())
        document: dict[str, Any] = {
            "@context": [CONTEXT, RECOVERY_CONTEXT],
            "id": name,
            "verificationMethod": methods,
            "authentication": [
                *(method["id"] for method in own),
                *self.authentication.values(),
            ],
            "assertionMethod": [
                method["id"] for method in methods if method["id"] not in encryption
            ],
        }
        if self.agreement:
            document["keyAgreement"] = list(self.agreement.values())
        if self.services:
            document["service"] = list(self.services.values())
        return document

    # ----------------------------------------------------------------- changes

    def delegate(self, change: DIDDelegateChanged, now: int) -> None:
        """Take over a change of a delegate."""
        kind = _text(change.delegate_type)
        if kind not in (VERIFY, AUTHENTICATE):
            return
        # Numbers are given to changes that add nothing, too, so that an id never changes its key.
        self.key_count += 1
        source = ("delegate", kind, change.delegate)
        self._forget(source)
        if change.valid_to <= now:
            return
        name = f"{self.did}#delegate-{self.key_count}"
        self.methods[source] = _account_method(name, self.did, change.delegate)
        self.delegates[source] = change.delegate
        if kind == AUTHENTICATE:
            self.authentication[source] = name

    def attribute(self, change: DIDAttributeChanged, now: int) -> None:
        """Take over a change of an attribute."""
        attribute = _text(change.name)
        source = ("attribute", attribute, change.value.hex())
        if match := _SERVICE.fullmatch(attribute):
            self.service_count += 1
            self.services.pop(source, None)
            if change.valid_to > now:
                self.services[source] = {
                    "id": f"{self.did}#service-{self.service_count}",
                    "type": match[1],
                    "serviceEndpoint": change.value.decode(errors="replace"),
                }
        elif match := _KEY.fullmatch(attribute):
            self.key_count += 1
            self._forget(source)
            if change.valid_to > now:
                self._add_key(source, match[1], match[2], match[3] or "hex", change.value)

    def _add_key(
        self, source: _Key, algorithm: str, purpose: str, encoding: str, value: bytes
    ) -> None:
        kind = _TYPES.get((algorithm, purpose))
        if kind is None:
            return
        name = f"{self.did}#delegate-{self.key_count}"
        if algorithm == "Secp256k1" and len(value) in _SECP256K1_SIZES:
            method = _key_method(name, str(self.did), value)
        else:
            method = {"id": name, "type": kind, "controller": str(self.did)}
            method |= _encoded(encoding, value)
        self.methods[source] = method
        if purpose == AUTHENTICATE:
            self.authentication[source] = name
        if purpose == "enc":
            self.agreement[source] = name

    def _forget(self, source: _Key) -> None:
        for part in (self.methods, self.authentication, self.agreement, self.delegates):
            part.pop(source, None)


def build_document(
    did: Did,
    changes: Sequence[DIDOwnerChanged | DIDDelegateChanged | DIDAttributeChanged],
    now: int,
) -> Document:
    """Return the document of an identity after its changes.

    Args:
        did: The identity.
        changes: In order.
        now: Unix seconds: what has ended by then is left out.
    """
    document = Document(did, did.address)
    for change in changes:
        if isinstance(change, DIDOwnerChanged):
            document.controller = change.owner
        elif isinstance(change, DIDDelegateChanged):
            document.delegate(change, now)
        else:
            document.attribute(change, now)
    return document


def pkh_document(did: Did) -> dict[str, Any]:
    """Return the document of an account as it is."""
    method = f"{did}#blockchainAccountId"
    return {
        "@context": [CONTEXT, RECOVERY_CONTEXT],
        "id": str(did),
        "verificationMethod": [_account_method(method, did, did.address)],
        "authentication": [method],
        "assertionMethod": [method],
    }


def _account_method(name: str, did: Did, address: str) -> dict[str, Any]:
    return {
        "id": name,
        "type": RECOVERY_METHOD,
        "controller": str(did),
        "blockchainAccountId": f"eip155:{did.chain_id}:{address}",
    }


def _key_method(name: str, controller: str, key: bytes) -> dict[str, Any]:
    from coincurve import PublicKey

    method: dict[str, Any] = {
        "id": name,
        "type": _TYPES["Secp256k1", VERIFY],
        "controller": controller,
    }
    try:
        point = PublicKey(key).format(compressed=False)
    except ValueError:
        return {**method, **_encoded("hex", key)}  # as published; nobody can sign with it
    jwk = {"kty": "EC", "crv": "secp256k1", "x": encode(point[1:33]), "y": encode(point[33:])}
    return {**method, "publicKeyJwk": jwk}


def _encoded(encoding: str, value: bytes) -> dict[str, str]:
    """Return a key as its attribute says that it is to be written; base64 if it says nothing."""
    if encoding == "hex":
        return {"publicKeyHex": value.hex()}
    if encoding == "pem":
        return {"publicKeyPem": value.decode(errors="replace")}
    return {"publicKeyBase64": base64.b64encode(value).decode()}


def _text(name: bytes) -> str:
    return name.rstrip(b"\0").decode("ascii", errors="replace")
