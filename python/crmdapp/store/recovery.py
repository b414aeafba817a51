"""Recovery shares: some of them together open a copy of a key file, fewer tell nothing.

A share is one point for each byte of the secret on polynomials over GF(2^8); any ``threshold`` of
them give the secret, and with fewer every secret is equally likely. The secret is the file key of
:class:`crmdapp.store.device.DeviceKeys`: keep a copy of the key file anywhere, and give the shares
to different people.

Source: A. Shamir, How to share a secret, Communications of the ACM 22 (1979); the field is that of
FIPS 197, section 4.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from crmdapp.errors import UsageError
from crmdapp.store.errors import ShareInvalid, SharesMixed, SharesTooFew, SharesWrong
from crmdapp.store.sealing import context, open_, seal

SHARES_MAX = 255
"""Most shares of a set: as many as the field has points beside zero."""

SECRET_MAX = 64
"""Most bytes of a secret."""

_PREFIX = "crmdapp-share-1-"
_SET_SIZE = 8
_CHECK_SIZE = 4
_PROOF_SIZE = 16


@dataclass(frozen=True, slots=True)
class Share:
    """One share.

    Attributes:
        set_id: Random, 8 bytes; the same in all shares of a set.
        threshold: How many open the secret, 2 to 255.
        index: Which share it is, 1 to 255.
        data: Its points; never shown by ``repr``.
    """

    set_id: bytes
    threshold: int
    index: int
    data: bytes = field(repr=False)

    def to_text(self) -> str:
        """Return the share as one word to keep: letters, digits and dashes, with a checksum."""
        body = self.set_id + bytes([self.threshold, self.index]) + self.data
        word = _letters(body + _checksum(body)).lower()
        return _PREFIX + "-".join(word[at : at + 8] for at in range(0, len(word), 8))

    @classmethod
    def parse(cls, text: str) -> Share:
        """Return the share in a word, whatever its case and spaces.

        Raises:
            ShareInvalid: It is none, or was mistyped. The message does not repeat it.
        """
        word = "".join(text.split()).lower()
        if not word.startswith(_PREFIX):
            raise _share_invalid("it does not begin as a share does")
        letters = word.removeprefix(_PREFIX).replace("-", "").upper()
        try:
            raw = base64.b32decode(letters + "=" * (-len(letters) % 8))
        except (binascii.Error, ValueError):
            raise _share_invalid("a character of it is none of a share's") from None
        body, check = raw[:-_CHECK_SIZE], raw[-_CHECK_SIZE:]
        whole = len(body) > _SET_SIZE + 2 + _PROOF_SIZE and _letters(raw) == letters
        if not whole or _checksum(body) != check:
            raise _share_invalid("its checksum is wrong: a character was mistyped")
        head, data = body[: _SET_SIZE + 2], body[_SET_SIZE + 2 :]
        share = cls(head[:_SET_SIZE], head[_SET_SIZE], head[_SET_SIZE + 1], data)
        if share.threshold < 2 or share.index < 1:
            raise _share_invalid("its numbers are out of range")
        return share


def split(secret: bytes, *, threshold: int, count: int) -> list[Share]:
    """Return ``count`` shares of a secret, any ``threshold`` of which give it back.

    Args:
        secret: 1 to 64 bytes.
        threshold: 2 to ``count``.
        count: 2 to 255.

    Raises:
        UsageError: A number is out of range.
    """
    if not 2 <= threshold <= count <= SHARES_MAX:
        raise UsageError(
            f"{threshold} of {count} shares cannot be made.",
            hint=f"Choose 2 to {SHARES_MAX} shares and a threshold of 2 to their number.",
        )
    if not 0 < len(secret) <= SECRET_MAX:
        raise UsageError(f"A secret has 1 to {SECRET_MAX} bytes, got {len(secret)}.")
    set_id = secrets.token_bytes(_SET_SIZE)
    # A proof goes with the secret, so that a forged share is noticed and not taken for a secret.
    shared = secret + _proof(set_id, secret)
    rows = [[byte, *secrets.token_bytes(threshold - 1)] for byte in shared]
    return [
        Share(set_id, threshold, x, bytes(_value_at(row, x) for row in rows))
        for x in range(1, count + 1)
    ]


def combine(shares: Iterable[Share]) -> bytes:
    """Return the secret.

    Args:
        shares: As many as it takes; further ones have to agree with them.

    Raises:
        SharesTooFew: They are fewer than it takes.
        SharesMixed: They are of different sets.
        SharesWrong: They give no secret: one was forged.
    """
    found: dict[int, Share] = {}
    for share in shares:
        if found.setdefault(share.index, share) != share:
            raise SharesMixed(
                f"Two shares bear the number {share.index} and differ.",
                hint="Take the shares of one set only.",
            )
    kinds = {(share.set_id, share.threshold, len(share.data)) for share in found.values()}
    if len(kinds) > 1:
        raise SharesMixed(
            "The shares are of different sets.", hint="Take the shares of one set only."
        )
    needed = next((threshold for _, threshold, _ in kinds), 2)
    if len(found) < needed:
        raise SharesTooFew(
            f"{len(found)} of {needed} shares are there.",
            given=len(found),
            needed=needed,
            hint="Ask further holders for theirs.",
        )
    shared = _interpolate(list(found.values()))
    secret, proof = shared[:-_PROOF_SIZE], shared[-_PROOF_SIZE:]
    set_id = next(iter(kinds))[0]
    if not secrets.compare_digest(proof, _proof(set_id, secret)):
        raise SharesWrong(
            "The shares give no secret.",
            why="At least one of them was not made by the owner of the secret.",
            hint="Try other shares of the same set.",
        )
    return secret


def seal_share(share: Share, guardian_key: bytes) -> bytes:
    """Return a share sealed for who keeps it; nobody else on the way can read it.

    Args:
        share: The share.
        guardian_key: The keeper's X25519 public key: ``DeviceKeys.guardian_key``, 32 bytes.

    Raises:
        GranteeKeyInvalid: Nobody could hold the private half of the key.
    """
    return seal(guardian_key, share.to_text().encode(), context("crmdapp recovery share"))


def open_share(sealed: bytes, private_key: bytes) -> Share:
    """Return a share that was sealed to a key.

    Raises:
        SealedInvalid: It is for somebody else, or was altered.
        ShareInvalid: It holds no share.
    """
    text = open_(private_key, sealed, context("crmdapp recovery share"))
    return Share.parse(text.decode(errors="replace"))


# --------------------------------------------------------------------------- the field


def _tables() -> tuple[bytes, bytes]:
    powers, logs, x = bytearray(510), bytearray(256), 1
    for at in range(255):
        powers[at] = powers[at + 255] = x
        logs[x] = at
        # 3 generates the field; x * 3 = x * 2 + x, reduced by x^8 + x^4 + x^3 + x + 1.
        x ^= (x << 1) ^ (0x11B if x & 0x80 else 0)
    return bytes(powers), bytes(logs)


_POWERS, _LOGS = _tables()


def multiply(a: int, b: int) -> int:
    """Return the product of two elements of the field."""
    return _POWERS[_LOGS[a] + _LOGS[b]] if a and b else 0


def divide(a: int, b: int) -> int:
    """Return the quotient of two elements of the field; ``b`` is not zero."""
    return _POWERS[_LOGS[a] - _LOGS[b] + 255] if a else 0


def _value_at(coefficients: Sequence[int], x: int) -> int:
    value = 0
    for coefficient in reversed(coefficients):
        value = multiply(value, x) ^ coefficient
    return value


def _interpolate(shares: Sequence[Share]) -> bytes:
    """Return the polynomials' values at zero (Lagrange); in this field minus is plus."""
    total = bytearray(len(shares[0].data))
    for share in shares:
        weight = 1
        for other in shares:
            if other.index != share.index:
                weight = multiply(weight, divide(other.index, other.index ^ share.index))
        for at, byte in enumerate(share.data):
            total[at] ^= multiply(weight, byte)
    return bytes(total)


def _proof(set_id: bytes, secret: bytes) -> bytes:
    return hashlib.sha256(context("crmdapp share proof", set_id, secret)).digest()[:_PROOF_SIZE]


def _checksum(body: bytes) -> bytes:
    return hashlib.sha256(b"crmdapp share" + body).digest()[:_CHECK_SIZE]


def _letters(raw: bytes) -> str:
    return base64.b32encode(raw).decode().rstrip("=")


def _share_invalid(why: str) -> ShareInvalid:
    return ShareInvalid(
        "This is no share.",
        why=f"{why[0].upper()}{why[1:]}.",
        hint="Copy it again, whole, from its keeper.",
    )
