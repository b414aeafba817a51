"""Signed tokens in the compact form: header, payload and signature with dots between.

Source: RFC 7515 (JWS), RFC 7519 (JWT), RFC 8725 (what to check).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crmdapp.chain._whole import is_whole
from crmdapp.customers.credentials._json import decode, encode, read_object, write
from crmdapp.customers.credentials.keys import SigningKey, VerifyingKey
from crmdapp.customers.credentials.refusals import (
    CredentialExpired,
    CredentialMalformed,
    CredentialNotYetValid,
    CredentialSignatureInvalid,
)

CLOCK_SKEW = 60
"""Seconds that two clocks may differ without harm."""

_HEADER_NAMES = frozenset({"alg", "typ", "kid", "cty"})


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it was written; its signature has been looked at by nobody yet.

    Attributes:
        text: The token.
        header: The protected header.
        payload: The claims.
        signature: Of header and payload.
        what: What it is, for messages.
    """

    text: str = field(repr=False)
    header: Mapping[str, Any]
    payload: dict[str, Any] = field(repr=False)
    signature: bytes = field(repr=False)
    what: str = "The token"

    @classmethod
    def parse(cls, text: str, what: str = "The token") -> Token:
        """Return the token that a text is.

        Raises:
            CredentialMalformed: It is none, or not in its canonical form.
        """
        parts = text.split(".")
        if len(parts) != 3 or not all(parts):
            raise CredentialMalformed(f"{what} has not the three parts of a signed token.")
        header = read_object(decode(parts[0], f"{what}'s header"), f"{what}'s header")
        payload = read_object(decode(parts[1], f"{what}'s payload"), f"{what}'s payload")
        return cls(text, header, payload, decode(parts[2], f"{what}'s signature"), what)

    @property
    def signed(self) -> bytes:
        """The bytes that were signed: header and payload."""
        return self.text.rpartition(".")[0].encode()

    def require_header(self, typ: str, algorithm: str) -> None:
        """Check that the header says what it has to, and nothing that is not understood.

        Args:
            typ: The only kind of token accepted here.
            algorithm: The only algorithm that the key is used with; never taken from the token.

        Raises:
            CredentialMalformed: It says something else.
        """
        if self.header.get("typ") != typ:
            raise CredentialMalformed(f"{self.what}'s typ is not {typ}.")
        if self.header.get("alg") != algorithm:
            raise CredentialMalformed(f"{self.what}'s alg is not {algorithm}.")
        # Among others, crit would name extensions that must be understood, and b64 would change
        # what is signed.
        if not self.header.keys() <= _HEADER_NAMES:
            raise CredentialMalformed(f"{self.what}'s header holds what is not understood here.")

    def signer_among(self, keys: Sequence[VerifyingKey]) -> VerifyingKey:
        """Return the key that signed; the first, for the error it gives, if none of them did.

        Args:
            keys: At least one.
        """
        signed = (key for key in keys if key.verifies(self.signed, self.signature))
        return next(signed, keys[0])

    def require_signed_by(self, key: VerifyingKey) -> None:
        """Check the signature.

        Raises:
            CredentialSignatureInvalid: It is not by that key.
        """
        if not key.verifies(self.signed, self.signature):
            raise CredentialSignatureInvalid(f"{self.what} was not signed by the key it names.")


def sign_token(key: SigningKey, typ: str, payload: Mapping[str, Any], **header: str) -> str:
    """Return a signed token.

    Args:
        key: What signs.
        typ: The kind of token.
        payload: The claims.
        header: What else the header says, such as ``kid``.

    Raises:
        KeyProblem: The key cannot sign.
    """
    head = {"alg": key.algorithm, "typ": typ, **header}
    text = f"{encode(write(head))}.{encode(write(payload))}"
    return f"{text}.{encode(key.sign(text.encode()))}"


def require_in_time(payload: Mapping[str, Any], now: int, what: str) -> None:
    """Check ``iat``, ``nbf`` and ``exp`` as far as they are there.

    Args:
        payload: The claims.
        now: Unix seconds.
        what: What they are of, for messages.

    Raises:
        CredentialMalformed: One of them is no whole number of seconds.
        CredentialNotYetValid: ``nbf`` or ``iat`` is more than :data:`CLOCK_SKEW` ahead.
        CredentialExpired: ``exp`` has come.
    """
    for name in ("iat", "nbf", "exp"):
        if name in payload and not (is_whole(payload[name]) and payload[name] >= 0):
            raise CredentialMalformed(f"{what}'s {name} is no whole number of seconds.")
    begins = max(payload.get("nbf", 0), payload.get("iat", 0))
    if begins > now + CLOCK_SKEW:
        raise CredentialNotYetValid(f"{what} is not valid yet.")
    # No allowance here: the moment was chosen by whoever trusts the least.
    if "exp" in payload and payload["exp"] <= now:
        raise CredentialExpired(f"{what} has expired.")
