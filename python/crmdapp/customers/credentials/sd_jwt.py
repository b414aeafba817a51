"""SD-JWT: signed claims of which the holder shows as many as needed, and a strict verifier.

An issuer marks what is to be hidden and signs::

    issued = issue(key, {"iss": "https://issuer.example", "name": Hidden("Ada")})

The holder shows some of it, to one verifier at one moment::

    shown = present(issued, ["/name"])
    bound = bind(shown, key, audience="https://shop.example", nonce=nonce, now=now)

and the verifier learns these claims and nothing else, or gets an error::

    claims = verify(str(bound), issuer_key, now=now, key_binding=KeyBinding(...)).claims

What the standard leaves open is decided for the strict side here: every text has one form
(canonical base64url, I-JSON with unique names), names of claims are printable ASCII, nothing that
was not asked for is let through.

Source: RFC 9901, https://www.rfc-editor.org/rfc/rfc9901.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from crmdapp.chain._whole import is_whole
from crmdapp.customers.credentials._opening import Opened, open_payload
from crmdapp.customers.credentials.disclosures import (
    HASH_NAME,
    SHA_256,
    Disclosure,
    Hidden,
    Hider,
    digest,
    require_hash,
)
from crmdapp.customers.credentials.keys import JwkPublicKey, SigningKey, VerifyingKey
from crmdapp.customers.credentials.refusals import (
    CredentialMalformed,
    DisclosureUnknown,
    KeyBindingInvalid,
)
from crmdapp.customers.credentials.tokens import (
    CLOCK_SKEW,
    Token,
    require_in_time,
    sign_token,
)
from crmdapp.errors import UsageError

TYP = "dc+sd-jwt"
"""``typ`` of a digital credential (draft-ietf-oauth-sd-jwt-vc, section 3.2.1)."""

KEY_BINDING_TYP = "kb+jwt"
"""``typ`` of what the holder signs (RFC 9901, section 4.3)."""

TEXT_MAX = 1 << 20
"""Most characters of a credential that is looked at."""

DISCLOSURES_MAX = 1_024
"""Most disclosures of a credential that is looked at."""

KEY_BINDING_SECONDS = 300
"""How old the holder's signature may be."""

ALWAYS_SHOWN = frozenset({"iss", "aud", "exp", "nbf", "cnf", "vct", "status"})
"""Claims that decide whether a credential is valid: who hides one changes the answer (RFC 9901,
section 9.7; draft-ietf-oauth-sd-jwt-vc, section 3.2.2.2)."""

_TEXT = re.compile(r"[A-Za-z0-9._~-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class SdJwt:
    """A credential, or a presentation of one, as it was written; nothing of it is checked yet.

    Attributes:
        issued: What the issuer signed.
        disclosures: The claims that can be read.
        key_binding: What the holder signed; empty if nothing.
    """

    issued: str = field(repr=False)
    disclosures: tuple[Disclosure, ...] = ()
    key_binding: str = field(default="", repr=False)

    @classmethod
    def parse(cls, text: str) -> SdJwt:
        """Return the credential that a text is; white space around it is ignored.

        Raises:
            CredentialMalformed: It is none, or too long.
        """
        text = text.strip()
        if len(text) > TEXT_MAX:
            raise CredentialMalformed(f"A credential has at most {TEXT_MAX:,} characters.")
        if not _TEXT.fullmatch(text) or "~" not in text:
            raise CredentialMalformed("This is no SD-JWT: tokens in ASCII, with ~ after each.")
        issued, *disclosures, key_binding = text.split("~")
        if len(disclosures) > DISCLOSURES_MAX:
            raise CredentialMalformed(f"A credential has at most {DISCLOSURES_MAX:,} disclosures.")
        return cls(issued, tuple(map(Disclosure.parse, disclosures)), key_binding)

    def __str__(self) -> str:
        """Return the text that :meth:`parse` reads."""
        return self.unbound + self.key_binding

    @property
    def unbound(self) -> str:
        """The text without the holder's signature, which is what the holder signs."""
        return "~".join([self.issued, *(item.text for item in self.disclosures)]) + "~"

    @property
    def token(self) -> Token:
        """What the issuer signed.

        Raises:
            CredentialMalformed: It is no token.
        """
        return Token.parse(self.issued, "The credential")

    def places(self) -> dict[str, Disclosure]:
        """Return what can be shown, by its place: a JSON pointer (RFC 6901), such as ``/name``.

        Elements of arrays are counted from 0 as they stand in the credential.

        Raises:
            CredentialMalformed: The credential cannot be opened.
        """
        return self._opened().places

    def _opened(self) -> Opened:
        payload = self.token.payload
        return open_payload(payload, self.disclosures, require_hash(payload))


@dataclass(frozen=True, slots=True)
class KeyBinding:
    """What a verifier demands of the holder's signature.

    Attributes:
        audience: Who the verifier is; the holder names it.
        nonce: What the verifier gave the holder for this presentation alone.
        max_age: Seconds that the signature may be old.
    """

    audience: str
    nonce: str
    max_age: int = KEY_BINDING_SECONDS

    def __post_init__(self) -> None:
        if not self.audience or not self.nonce:
            raise UsageError("A presentation is bound to a verifier's name and a fresh nonce.")


@dataclass(frozen=True, slots=True)
class Verified:
    """What a presentation proves.

    Attributes:
        claims: The claims that were shown, the hidden ones and all digests left out.
        header: The header of what the issuer signed.
        bound: Whether the holder's signature was demanded, and was right.
    """

    claims: dict[str, Any] = field(repr=False)
    header: Mapping[str, Any]
    bound: bool


HolderKeys = Callable[[Mapping[str, Any]], VerifyingKey]
"""Finds the holder's key by the credential's ``cnf``."""


# --------------------------------------------------------------------------- issuer


def issue(
    key: SigningKey,
    claims: Mapping[str, Any],
    *,
    typ: str = TYP,
    decoys: int = 0,
    **header: str,
) -> SdJwt:
    """Sign claims, those marked :class:`~.disclosures.Hidden` by their digests only.

    Args:
        key: The issuer's key.
        claims: The claims; with ``cnf`` if holders have to prove who they are.
        typ: The kind of credential.
        decoys: Digests of nothing added to each object and array that hides something, so that
            nobody sees how much it hides.
        header: What else the header says, such as ``kid``.

    Raises:
        UsageError: A claim has a name that it may not have, or may not be hidden.
        KeyProblem: The key cannot sign.
    """
    for name in ALWAYS_SHOWN & claims.keys():
        if isinstance(claims[name], Hidden):
            raise UsageError(f"{name} decides whether a credential is valid: it is never hidden.")
    hider = Hider(decoys)
    payload = hider.hide(claims)
    if hider.disclosures:
        payload[HASH_NAME] = SHA_256
    return SdJwt(sign_token(key, typ, payload, **header), tuple(hider.disclosures))


# --------------------------------------------------------------------------- holder


def present(credential: SdJwt, reveal: Iterable[str] = ()) -> SdJwt:
    """Return the credential with these claims only; what they stand in is shown with them.

    Args:
        credential: As it was issued, with all disclosures.
        reveal: Places (:meth:`SdJwt.places`) of the claims to show.

    Raises:
        DisclosureUnknown: The credential hides nothing at one of the places.
        CredentialMalformed: The credential cannot be opened.
    """
    if credential.key_binding:
        raise UsageError("Present the credential as it was issued, not a presentation of it.")
    places = credential.places()
    wanted: set[str] = set()
    for place in reveal:
        if place not in places:
            raise DisclosureUnknown("The credential hides nothing at one of these places.")
        # Every hidden claim on the way down is needed to reach the one that was asked for.
        parts = place.split("/")
        prefixes = ("/".join(parts[: count + 1]) for count in range(1, len(parts)))
        wanted.update(prefix for prefix in prefixes if prefix in places)
    shown = tuple(item for place, item in places.items() if place in wanted)
    return SdJwt(credential.issued, shown)


def bind(presentation: SdJwt, key: SigningKey, *, audience: str, nonce: str, now: int) -> SdJwt:
    """Sign a presentation for one verifier and one moment.

    Args:
        presentation: From :func:`present`.
        key: The key that the credential's ``cnf`` names.
        audience: Who the verifier is.
        nonce: What the verifier gave.
        now: Unix seconds.

    Raises:
        KeyProblem: The key cannot sign.
    """
    payload = {
        "iat": now,
        "aud": audience,
        "nonce": nonce,
        "sd_hash": _presentation_hash(presentation),
    }
    return replace(presentation, key_binding=sign_token(key, KEY_BINDING_TYP, payload))


# --------------------------------------------------------------------------- verifier


def verify(
    text: str,
    issuer_key: VerifyingKey,
    *,
    now: int,
    key_binding: KeyBinding | None = None,
    holder_keys: HolderKeys | None = None,
    typ: str = TYP,
) -> Verified:
    """Return what a presentation proves.

    Args:
        text: The presentation.
        issuer_key: The key of the issuer whom the verifier trusts.
        now: Unix seconds.
        key_binding: What is demanded of the holder's signature; ``None`` if the verifier does not
            mind who presents it, and then there must be none.
        holder_keys: Finds the holder's key by ``cnf``; its ``jwk`` if left out.
        typ: The kind of credential.

    Raises:
        CredentialMalformed: It is not what RFC 9901 allows: among others, a disclosure that
            nothing refers to, a digest that stands there twice, a claim that stands there already
            or has a reserved name, another ``alg`` or ``typ``.
        CredentialSignatureInvalid: The issuer's key did not sign it.
        CredentialNotYetValid: Its time has not come.
        CredentialExpired: Its time is over.
        KeyBindingInvalid: The holder has not signed it, or not for this verifier, this nonce,
            these claims, or not now.
    """
    credential = SdJwt.parse(text)
    token = credential.token
    token.require_header(typ, issuer_key.algorithm)
    token.require_signed_by(issuer_key)
    opened = open_payload(token.payload, credential.disclosures, require_hash(token.payload))
    _require_shown(opened)
    require_in_time(opened.claims, now, "The credential")
    if key_binding is None:
        if credential.key_binding:
            raise KeyBindingInvalid(
                "The presentation is bound to a verifier, but nobody demands that.",
                hint="Verify it with the audience and the nonce that the holder was given.",
            )
    else:
        _require_bound(credential, opened.claims, key_binding, holder_keys or jwk_of, now)
    return Verified(opened.claims, token.header, key_binding is not None)


def jwk_of(confirmation: Mapping[str, Any]) -> VerifyingKey:
    """Return the key in a ``cnf`` that is a JWK and nothing else (RFC 7800).

    Raises:
        KeyBindingInvalid: It names its key in another way.
        CredentialMalformed: It is no public key of a known curve.
    """
    if confirmation.keys() != {"jwk"}:
        raise KeyBindingInvalid("The credential names its holder's key in an unknown way.")
    return JwkPublicKey(confirmation["jwk"])


def _require_shown(opened: Opened) -> None:
    if any(f"/{name}" in opened.places for name in ALWAYS_SHOWN):
        raise CredentialMalformed("A claim that decides on validity was hidden.")


def _require_bound(
    credential: SdJwt,
    claims: Mapping[str, Any],
    demanded: KeyBinding,
    holder_keys: HolderKeys,
    now: int,
) -> None:
    if not credential.key_binding:
        raise KeyBindingInvalid("The holder has not signed the presentation.")
    confirmation = claims.get("cnf")
    if not isinstance(confirmation, Mapping):
        raise KeyBindingInvalid("The credential does not say whose it is: it has no cnf.")
    token = Token.parse(credential.key_binding, "The holder's signature")
    key = holder_keys(confirmation)
    token.require_header(KEY_BINDING_TYP, key.algorithm)
    token.require_signed_by(key)
    _require_demands(token.payload, demanded, now)
    if token.payload.get("sd_hash") != _presentation_hash(credential):
        raise KeyBindingInvalid("The holder signed another presentation.")


def _require_demands(payload: Mapping[str, Any], demanded: KeyBinding, now: int) -> None:
    if payload.get("aud") != demanded.audience:
        raise KeyBindingInvalid("The holder signed for another verifier.")
    if payload.get("nonce") != demanded.nonce:
        raise KeyBindingInvalid("The holder signed another nonce.")
    signed_at = payload.get("iat")
    if not is_whole(signed_at):
        raise KeyBindingInvalid("The holder's signature says no time.")
    if not now - demanded.max_age <= signed_at <= now + CLOCK_SKEW:
        raise KeyBindingInvalid("The holder signed too long ago, or in the future.")
    require_in_time(payload, now, "The holder's signature")


def _presentation_hash(credential: SdJwt) -> str:
    name = require_hash(credential.token.payload)
    return digest(credential.unbound.encode(), name)
