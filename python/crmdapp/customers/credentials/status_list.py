"""Status lists: which credentials of an issuer are void, without saying whose they are.

A list is a string of bits, one for each credential, published by the issuer as a credential of its
own. A verifier fetches all of it, so the issuer does not learn which one is looked at. Positions
are drawn at random, so neither neighbourhood nor order says anything, and which position belongs
to which attestation stands in the issuer's own book alone.

Bits are computed from the chain, never set by hand: a bit is set as soon as the attestation behind
it was revoked, the subject disowned it, or the attestor had no standing when it attested.

Source: W3C Bitstring Status List 1.0, https://www.w3.org/TR/vc-bitstring-status-list/.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crmdapp.chain._whole import require_whole
from crmdapp.customers.credentials._json import decode, encode
from crmdapp.customers.credentials._moments import iso_moment, require_moment
from crmdapp.customers.credentials.refusals import (
    CredentialExpired,
    CredentialInvalid,
    CredentialMalformed,
    CredentialNotYetValid,
    CredentialRevoked,
)
from crmdapp.customers.credentials.tokens import CLOCK_SKEW, Token, sign_token
from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from crmdapp.customers.credentials.keys import SigningKey, VerifyingKey

LENGTH_MIN = 131_072
"""Fewest bits of a list (section 2.2): so many credentials hide each other."""

LENGTH_MAX = 1 << 26
"""Most bits of a list that is unpacked: 8 MiB."""

TEXT_MAX = 1 << 24
"""Most characters of a list that is looked at."""

TYP = "vc+jwt"
"""``typ`` of the list's own credential (W3C Securing VCs using JOSE and COSE, section 3.1.1)."""

CONTEXT = "https://www.w3.org/ns/credentials/v2"

REVOCATION = "revocation"

_MULTIBASE_BASE64URL = "u"


class StatusBits:
    """The bits of a list; position 0 is the first byte's highest bit.

    Args:
        length: How many, a multiple of 8.
        voided: Positions whose bit is set.

    Raises:
        UsageError: The length or a position is out of its range.
    """

    def __init__(self, length: int = LENGTH_MIN, voided: Iterable[int] = ()) -> None:
        require_whole("length", length, LENGTH_MAX, least=LENGTH_MIN)
        if length % 8:
            raise UsageError("The length of a list is a multiple of 8.")
        self._bits = bytearray(length // 8)
        for position in voided:
            require_whole("position", position, length - 1)
            self._bits[position // 8] |= 0x80 >> position % 8

    def __len__(self) -> int:
        return len(self._bits) * 8

    def __getitem__(self, position: int) -> bool:
        """Return whether the credential at a position is void.

        Raises:
            CredentialMalformed: The list has no such position.
        """
        if not 0 <= position < len(self):
            raise CredentialMalformed("The credential's position is not in the status list.")
        return bool(self._bits[position // 8] & 0x80 >> position % 8)

    def encode(self) -> str:
        """Return the list as it is published: gzip, then multibase's base64url."""
        # Without a time in it, equal bits give equal text.
        packed = gzip.compress(bytes(self._bits), compresslevel=9, mtime=0)
        return _MULTIBASE_BASE64URL + encode(packed)

    @classmethod
    def decode(cls, text: str) -> StatusBits:
        """Return the list that was published.

        Raises:
            CredentialMalformed: It is no such list, too short, or unpacks to more than 8 MiB.
        """
        if not text.startswith(_MULTIBASE_BASE64URL):
            raise CredentialMalformed("The status list is not multibase's base64url.")
        packed = decode(text[1:], "The status list")
        unpacker = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        try:
            bits = unpacker.decompress(packed, LENGTH_MAX // 8 + 1)
        except zlib.error:
            raise CredentialMalformed("The status list is not packed with gzip.") from None
        if not unpacker.eof or unpacker.unused_data or len(bits) * 8 > LENGTH_MAX:
            raise CredentialMalformed("The status list is cut off, too long, or followed by more.")
        if len(bits) * 8 < LENGTH_MIN:
            raise CredentialMalformed(
                f"The status list has fewer than {LENGTH_MIN:,} bits.",
                why="So few credentials do not hide each other.",
            )
        found = cls(len(bits) * 8)
        found._bits[:] = bits
        return found


@dataclass(frozen=True, slots=True)
class StatusEntry:
    """Where a credential's bit is.

    Attributes:
        url: Where the list is published.
        position: Its position in the list.
    """

    url: str
    position: int

    def to_json(self) -> dict[str, Any]:
        """Return the credential's ``credentialStatus``."""
        return {
            "type": "BitstringStatusListEntry",
            "statusPurpose": REVOCATION,
            "statusListIndex": str(self.position),
            "statusListCredential": self.url,
        }

    @classmethod
    def from_json(cls, data: object) -> StatusEntry:
        """Return the entry that a credential carries.

        Raises:
            CredentialMalformed: It is no entry of a list of revocations.
        """
        entry: Mapping[str, Any] = data if isinstance(data, Mapping) else {}
        url, index = entry.get("statusListCredential"), entry.get("statusListIndex")
        kind = (entry.get("type"), entry.get("statusPurpose"), entry.get("statusSize", 1))
        if kind != ("BitstringStatusListEntry", REVOCATION, 1) or not isinstance(url, str):
            raise CredentialMalformed("The credential's status is no entry of a status list.")
        if not isinstance(index, str) or not (index.isascii() and index.isdigit()):
            raise CredentialMalformed("The credential's position is no number.")
        if len(index) > 9 or str(int(index)) != index:
            raise CredentialMalformed("The credential's position is no number in its one form.")
        return cls(url, int(index))


def publish(
    key: SigningKey, bits: StatusBits, *, issuer: str, url: str, now: int, until: int
) -> str:
    """Return a list as it is published at its address.

    Args:
        key: A key of the issuer.
        bits: The list.
        issuer: The issuer's identifier, the one its credentials bear.
        url: Where it will be found, as the credentials say.
        now: Unix seconds.
        until: Unix seconds; from then on verifiers demand a newer list.

    Raises:
        UsageError: It would end before it begins.
        KeyProblem: The key cannot sign.
    """
    if until <= now:
        raise UsageError("The status list would end before it begins.")
    payload = {
        "@context": [CONTEXT],
        "id": url,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": issuer,
        "validFrom": iso_moment(now),
        "validUntil": iso_moment(until),
        "credentialSubject": {
            "id": f"{url}#list",
            "type": "BitstringStatusList",
            "statusPurpose": REVOCATION,
            "encodedList": bits.encode(),
        },
    }
    return sign_token(key, TYP, payload, cty="vc")


def read_list(
    text: str, keys: Sequence[VerifyingKey], *, issuer: str, url: str, now: int
) -> StatusBits:
    """Return the list that an issuer published.

    Args:
        text: What was found at its address.
        keys: The issuer's keys, at least one.
        issuer: The issuer of the credentials that are looked up.
        url: Where they say that the list is.
        now: Unix seconds.

    Raises:
        CredentialMalformed: It is no such list.
        CredentialSignatureInvalid: No key of the issuer signed it.
        CredentialInvalid: It is another issuer's list, or of another address.
        CredentialExpired: A newer list is due.
        CredentialNotYetValid: Its time has not come.
    """
    text = text.strip()
    if len(text) > TEXT_MAX:
        raise CredentialMalformed(f"A status list has at most {TEXT_MAX:,} characters.")
    token = Token.parse(text, "The status list")
    key = token.signer_among(keys)
    token.require_header(TYP, key.algorithm)
    token.require_signed_by(key)
    payload = token.payload
    if payload.get("issuer") != issuer:
        raise CredentialInvalid("The status list is of another issuer than the credential.")
    if payload.get("id") != url:
        raise CredentialInvalid("The status list belongs to another address.")
    if require_moment(payload.get("validFrom"), "validFrom") > now + CLOCK_SKEW:
        raise CredentialNotYetValid("The status list is not valid yet.")
    if require_moment(payload.get("validUntil"), "validUntil") <= now:
        raise CredentialExpired("The status list is too old.", hint="Fetch it again.")
    return StatusBits.decode(_encoded(payload))


def require_not_void(bits: StatusBits, entry: StatusEntry) -> None:
    """Check that a credential's bit is not set.

    Raises:
        CredentialRevoked: It is.
        CredentialMalformed: The list has no such position.
    """
    if bits[entry.position]:
        raise CredentialRevoked("The issuer's status list says that the credential is void.")


def _encoded(payload: Mapping[str, Any]) -> str:
    types, subject = payload.get("type"), payload.get("credentialSubject")
    if not isinstance(types, list) or "BitstringStatusListCredential" not in types:
        raise CredentialMalformed("This credential is no status list.")
    if not isinstance(subject, Mapping) or subject.get("type") != "BitstringStatusList":
        raise CredentialMalformed("The status list has no bits.")
    if subject.get("statusPurpose") != REVOCATION or not isinstance(
        subject.get("encodedList"), str
    ):
        raise CredentialMalformed("The status list is not about revocation.")
    encoded: str = subject["encodedList"]
    return encoded
