"""Verifying credentials: whom a verifier trusts, and what it learns.

A verifier accepts a credential if all of this holds: the issuer's identifier names an attestor
whom the verifier trusts, and its key signed; the attestation is valid on chain, or the issuer's
status list says nothing against it; it is in time; and whoever presents it has the key that decides
for the subject's identity now, so a stolen key that was replaced is of no use.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crmdapp.customers.credentials.dids import Did
from crmdapp.customers.credentials.keys import AccountPublicKey, JwkPublicKey, VerifyingKey
from crmdapp.customers.credentials.pairwise import controller_of, identity_did
from crmdapp.customers.credentials.refusals import CredentialInvalid, KeyBindingInvalid
from crmdapp.customers.credentials.sd_jwt import KeyBinding, SdJwt, verify
from crmdapp.customers.credentials.vc import Credential, Registry

IssuerKey = Callable[[Did], Sequence[VerifyingKey]]
"""Finds the keys that may sign for an issuer; none if the issuer is not trusted."""

OwnerOf = Callable[[str], str | None]
"""Finds who decides for an identity now; ``None`` once it has ended."""

StatusCheck = Callable[[Credential], None]
"""Raises :class:`~.refusals.CredentialRevoked` unless a credential stands."""


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom and what a verifier goes by.

    Attributes:
        issuer_keys: Keys of the issuers who are trusted.
        owner_of: Who decides for an identity now.
        status: Whether a credential stands: :func:`~.standing.on_chain` or
            :func:`~.standing.on_list`.
    """

    issuer_keys: IssuerKey
    owner_of: OwnerOf
    status: StatusCheck


@dataclass(frozen=True, slots=True)
class VerifiedCredential:
    """What a presentation proves.

    Attributes:
        issuer: Who attested.
        subject: The holder's identity for this company.
        kind: What kind of credential.
        topic: Topic of the attestation.
        level: How sure the attestor is.
        uid: The attestation.
        claims: The claims that were shown, and nothing of the others.
    """

    issuer: Did
    subject: str
    kind: str
    topic: int
    level: int
    uid: bytes
    claims: dict[str, Any] = field(repr=False)


def verify_credential(
    text: str,
    trust: Trust,
    *,
    now: int,
    key_binding: KeyBinding,
    kinds: Sequence[str],
    registry: Registry,
    level: int = 1,
) -> VerifiedCredential:
    """Return what a presentation proves.

    Args:
        text: The presentation.
        trust: Whom and what the verifier goes by.
        now: Unix seconds.
        key_binding: Who the verifier is, and the nonce it gave the holder.
        kinds: The kinds of credential (``vct``) that are accepted.
        registry: The only registry that counts; one a credential names itself proves nothing.
        level: The lowest level that will do.

    Raises:
        CredentialMalformed: It is none, contradicts itself, or breaks RFC 9901.
        CredentialSignatureInvalid: No key of the issuer signed it.
        CredentialInvalid: The issuer is not trusted, or it is of another kind, registry or level.
        CredentialNotYetValid: Its time has not come.
        CredentialExpired: Its time is over.
        CredentialRevoked: It does not stand.
        KeyBindingInvalid: Who presents it does not decide for the subject's identity, or signed
            for another verifier, nonce or presentation.
    """
    presentation = SdJwt.parse(text)
    credential = Credential.read(presentation)
    _require_wanted(credential, kinds, registry, level)
    keys = trust.issuer_keys(credential.issuer)
    if not keys:
        raise CredentialInvalid("The credential's issuer is not trusted here.")
    token = presentation.token
    verified = verify(
        text,
        token.signer_among(keys),
        now=now,
        key_binding=key_binding,
        holder_keys=_holder_keys(credential, trust.owner_of),
        typ=str(token.header["typ"]),
    )
    trust.status(credential)
    subject = verified.claims["credentialSubject"]
    return VerifiedCredential(
        issuer=credential.issuer,
        subject=credential.subject,
        kind=credential.kind,
        topic=credential.statement.topic,
        level=credential.level,
        uid=credential.statement.uid,
        claims={name: value for name, value in subject.items() if name != "id"},
    )


def _holder_keys(
    credential: Credential, owner_of: OwnerOf
) -> Callable[[Mapping[str, Any]], VerifyingKey]:
    """Return what finds the holder's key: always that of who decides for the subject now."""

    def find(confirmation: Mapping[str, Any]) -> VerifyingKey:
        owner = owner_of(credential.subject)
        if owner is None:
            raise KeyBindingInvalid("The subject's identity has ended.")
        controller = controller_of(identity_did(credential.subject, credential.registry.chain_id))
        if confirmation == {"kid": controller}:
            return AccountPublicKey(owner)
        if confirmation.keys() == {"jwk"}:
            key = JwkPublicKey(confirmation["jwk"])
            if key.address == owner:
                return key
        raise KeyBindingInvalid("The credential is bound to another key than the subject's.")

    return find


def _require_wanted(
    credential: Credential, kinds: Sequence[str], registry: Registry, level: int
) -> None:
    if credential.kind not in kinds:
        raise CredentialInvalid("The credential is of another kind than the one asked for.")
    if credential.registry.account_id != registry.account_id:
        raise CredentialInvalid("The credential is attested in another registry.")
    if credential.level < level:
        raise CredentialInvalid("The credential's level is lower than the one asked for.")
