"""Verifiable credentials that an attestation on chain stands behind.

A credential is an SD-JWT VC and a W3C Verifiable Credential 2.0 at once: its payload is a
credential of the W3C's data model with the members that a JWT needs beside it, and the claims
about the customer stand in ``credentialSubject``, each hidden by itself. Its media type is
``application/dc+sd-jwt`` (draft-ietf-oauth-sd-jwt-vc); for verifiers that go by the W3C's "Securing
Verifiable Credentials using JOSE and COSE" it can be ``application/vc+sd-jwt``.

What the issuer attests on chain is the statement about the subject whose claims hash is
:func:`claims_hash`, the hash of the bytes that the issuer signs. The payload says which registry,
topic and level, and holds the salt of the statement's subject, so a verifier computes the
attestation's uid from the credential itself; nobody else can.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from crmdapp.chain._keccak import keccak
from crmdapp.chain._signed_json import JsonFields
from crmdapp.chain._whole import require_whole
from crmdapp.customers.credentials._moments import MOMENT_MAX, iso_moment, require_moment
from crmdapp.customers.credentials.dids import Did
from crmdapp.customers.credentials.keys import (
    SigningKey,
)
from crmdapp.customers.credentials.pairwise import controller_of, identity_did
from crmdapp.customers.credentials.refusals import (
    CredentialMalformed,
)
from crmdapp.customers.credentials.sd_jwt import TYP, SdJwt, issue
from crmdapp.customers.credentials.status_list import StatusEntry
from crmdapp.customers.statements import (
    LEVEL_MAX,
    TOPIC_MAX,
    AttestationSubject,
    Statement,
    require_subject,
)
from crmdapp.errors import UsageError

W3C_TYP = "vc+sd-jwt"
"""``typ`` by the W3C's Securing Verifiable Credentials using JOSE and COSE, section 3.2.1."""

TYPES = frozenset({TYP, W3C_TYP})

CONTEXTS = (
    "https://www.w3.org/ns/credentials/v2",
    "https://www.w3.org/ns/credentials/undefined-terms/v2",
)
"""The data model's context, and the one that lets issuers use names of their own (section 5.3)."""

TYPE_NAME = "VerifiableCredential"

ATTESTATION = "attestation"


@dataclass(frozen=True, slots=True)
class Registry:
    """Where attestations are.

    Attributes:
        chain_id: The chain.
        address: The AttestationRegistry on it.
    """

    chain_id: int
    address: str

    @property
    def account_id(self) -> str:
        """Its name by CAIP-10."""
        return Did.pkh(self.address, self.chain_id).account_id


@dataclass(frozen=True, slots=True)
class CredentialRequest:
    """What is to be issued.

    Attributes:
        issuer: The attestor's identifier.
        subject: The customer's identity for this company, with a fresh salt.
        topic: Topic of the attestation.
        level: How sure the attestor is, 1 to 255.
        kind: ``vct``: what kind of credential, a URI.
        claims: About the subject; those to be shown always as they are, others marked
            :class:`~.disclosures.Hidden`.
        registry: Where it is attested.
        valid_from: Unix seconds.
        valid_until: Unix seconds.
        status: Its place in a status list, if there is one.
        holder_key: The holder's public key as a JWK; the key that decides for the subject on
            chain if left out, which survives a change of key.
        name: What kind of credential, for the W3C's ``type``.
    """

    issuer: Did
    subject: AttestationSubject
    topic: int
    level: int
    kind: str
    claims: Mapping[str, Any] = field(repr=False)
    registry: Registry
    valid_from: int
    valid_until: int
    status: StatusEntry | None = None
    holder_key: Mapping[str, Any] | None = None
    name: str = "CustomerCredential"

    def __post_init__(self) -> None:
        require_subject(self.subject.account)
        require_whole("topic", self.topic, TOPIC_MAX)
        require_whole("level", self.level, LEVEL_MAX, least=1)
        if self.issuer.chain_id != self.registry.chain_id:
            raise UsageError("The issuer's identifier is of another chain than the registry.")
        require_whole("valid_until", self.valid_until, MOMENT_MAX)
        if not 0 <= self.valid_from < self.valid_until:
            raise UsageError("The credential would end before it begins.")
        if not self.kind or "id" in self.claims:
            raise UsageError("A credential has a kind, and its subject's id is not a claim of it.")

    @property
    def subject_did(self) -> str:
        """The subject's identifier."""
        return identity_did(self.subject.account, self.registry.chain_id)

    def payload(self) -> dict[str, Any]:
        """Return what is signed, hidden claims still marked."""
        subject, issuer = self.subject_did, str(self.issuer)
        holder: dict[str, Any] = {"kid": controller_of(subject)}
        if self.holder_key is not None:
            holder = {"jwk": dict(self.holder_key)}
        status = {} if self.status is None else {"credentialStatus": self.status.to_json()}
        return {
            "@context": list(CONTEXTS),
            "type": [TYPE_NAME, self.name],
            "vct": self.kind,
            "iss": issuer,
            "issuer": issuer,
            "sub": subject,
            "nbf": self.valid_from,
            "validFrom": iso_moment(self.valid_from),
            "exp": self.valid_until,
            "validUntil": iso_moment(self.valid_until),
            "cnf": holder,
            **status,
            ATTESTATION: {
                "registry": self.registry.account_id,
                "topic": self.topic,
                "level": self.level,
                "salt": "0x" + self.subject.salt.hex(),
            },
            "credentialSubject": {"id": subject, **self.claims},
        }


def issue_credential(
    request: CredentialRequest, key: SigningKey, *, typ: str = TYP, decoys: int = 0
) -> tuple[SdJwt, Statement]:
    """Return a signed credential and the statement that its issuer has to attest on chain.

    Args:
        request: What is to be issued.
        key: A key of the issuer.
        typ: :data:`~.sd_jwt.TYP` or :data:`W3C_TYP`.
        decoys: Digests of nothing beside the hidden claims, so that nobody counts them.

    Raises:
        UsageError: The request cannot be met.
        KeyProblem: The key cannot sign.
    """
    if typ not in TYPES:
        raise UsageError(f"A credential's typ is {TYP} or {W3C_TYP}.")
    credential = issue(key, request.payload(), typ=typ, decoys=decoys)
    return credential, Statement(request.topic, request.subject, claims_hash(credential))


def claims_hash(credential: SdJwt) -> bytes:
    """Return what the chain holds of a credential: keccak256 of the bytes its issuer signed.

    It covers the hidden claims through their digests, and not the signature, of which there may be
    several.
    """
    return keccak(credential.token.signed)


# --------------------------------------------------------------------------- reading


@dataclass(frozen=True, slots=True)
class Credential:
    """A credential's own words, in order but not checked against anything.

    Attributes:
        issuer: The attestor's identifier.
        statement: What has to be attested.
        level: The level it claims.
        kind: ``vct``.
        registry: Where it says it is attested.
        status: Its place in a status list, if it names one.
    """

    issuer: Did
    statement: Statement
    level: int
    kind: str
    registry: Registry
    status: StatusEntry | None

    @classmethod
    def read(cls, credential: SdJwt) -> Credential:
        """Return what a credential says about itself.

        Raises:
            CredentialMalformed: It is none of this kind, or contradicts itself.
        """
        token = credential.token
        payload = token.payload
        if token.header.get("typ") not in TYPES:
            raise CredentialMalformed("The credential's typ is none of a verifiable credential.")
        _require_data_model(payload)
        try:
            issuer = Did.parse(str(payload.get("iss")))
            subject = Did.parse(str(payload.get("sub")))
            place = JsonFields(payload.get(ATTESTATION), ATTESTATION)
            registry = Did.parse(f"did:pkh:{place.text('registry')}")
            topic = place.whole("topic", TOPIC_MAX)
            level = place.whole("level", LEVEL_MAX)
            salt = place.word("salt")
        except UsageError:
            raise CredentialMalformed(
                "The credential does not say who attests it, about whom, and where."
            ) from None
        if not issuer.chain_id == subject.chain_id == registry.chain_id:
            raise CredentialMalformed("The credential names accounts of several chains.")
        _require_consistent(payload, str(subject))
        entry = payload.get("credentialStatus")
        return cls(
            issuer=issuer,
            statement=Statement(
                topic, AttestationSubject(subject.address, salt), claims_hash(credential)
            ),
            level=level,
            kind=payload["vct"],
            registry=Registry(registry.chain_id, registry.address),
            status=None if entry is None else StatusEntry.from_json(entry),
        )

    @property
    def subject(self) -> str:
        """The subject's identity: its address."""
        return self.statement.subject.account


def _require_data_model(payload: Mapping[str, Any]) -> None:
    """Check what the W3C's data model 2.0 demands of every credential (section 4)."""
    context, types = payload.get("@context"), payload.get("type")
    if not isinstance(context, list) or context[:1] != [CONTEXTS[0]]:
        raise CredentialMalformed("The credential is none of the W3C's data model 2.0.")
    if not isinstance(types, list) or TYPE_NAME not in types:
        raise CredentialMalformed(f"The credential's type is no {TYPE_NAME}.")
    if not isinstance(payload.get("vct"), str):
        raise CredentialMalformed("The credential says no kind: it has no vct.")
    if "exp" not in payload or "nbf" not in payload:
        raise CredentialMalformed("The credential does not say from when until when it is valid.")


def _require_consistent(payload: Mapping[str, Any], subject: str) -> None:
    """Check that the members that both standards have say the same in both."""
    about = payload.get("credentialSubject")
    if not isinstance(about, Mapping) or about.get("id") != payload["sub"]:
        raise CredentialMalformed("The credential's subject contradicts itself.")
    if payload["sub"] != subject:
        raise CredentialMalformed("The subject's identifier is not in its one form.")
    if payload.get("issuer") != payload["iss"]:
        raise CredentialMalformed("The credential's issuer contradicts itself.")
    for name, moment in (("validFrom", "nbf"), ("validUntil", "exp")):
        if require_moment(payload.get(name), name) != payload[moment]:
            raise CredentialMalformed(f"The credential's {name} contradicts its {moment}.")
