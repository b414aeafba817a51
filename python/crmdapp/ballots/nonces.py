"""Secret numbers that are used once, from a secret, what they are for, and fresh randomness.

A nonce that is drawn twice gives the secret away. So each is a keyed hash of three things::

    HMAC-SHA512(secret, counter || name || fresh || statement) mod (r - 1) + 1

``fresh`` are 32 bytes of the operating system. If that source repeats itself, different statements
still get different nonces; if the secret leaks, the fresh bytes still hide them. 512 bits are
reduced, so that no value is favoured by more than 2^-257.

Where the same must come out again, as a deal after a restored backup, the fresh bytes are left out:
:class:`DerivedNonces`.

Source: RFC 6979 sections 3.2 and 3.6 (deterministic nonces, and additional randomness in them);
draft-irtf-cfrg-det-sigs-with-noise (hedging); RFC 2104 (HMAC).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable

from crmdapp.ballots.group import ORDER, SCALAR_BYTES

SECRET_MIN = 32
"""Least bytes of a secret."""


class Nonces:
    """Draws secret scalars.

    Args:
        secret: At least 32 bytes that nobody else knows: a trustee's or a voter's private key.
        entropy: Returns so many fresh random bytes; only tests have reason to name it.

    Raises:
        ValueError: The secret is too short.
    """

    __slots__ = ("_counter", "_entropy", "_secret")

    def __init__(
        self, secret: bytes, *, entropy: Callable[[int], bytes] = secrets.token_bytes
    ) -> None:
        if len(secret) < SECRET_MIN:
            raise ValueError(f"a secret has at least {SECRET_MIN} bytes")
        self._secret = hashlib.sha512(b"crmdapp.ballots.v1.nonces" + secret).digest()
        self._entropy = entropy
        self._counter = 0

    @classmethod
    def fresh(cls) -> Nonces:
        """Return nonces of a secret that is drawn here and kept nowhere."""
        return cls(secrets.token_bytes(SECRET_MIN))

    def draw(self, name: str, statement: bytes) -> int:
        """Return a secret scalar, 1 to r - 1, that will not come again.

        Args:
            name: What it is for.
            statement: Everything that what it is for depends on.
        """
        self._counter += 1
        words = name.encode()
        message = (
            self._counter.to_bytes(8, "big")
            + len(words).to_bytes(2, "big")
            + words
            + self._entropy(SCALAR_BYTES)
            + statement
        )
        digest = hmac.digest(self._secret, message, "sha512")
        return int.from_bytes(digest, "big") % (ORDER - 1) + 1

    def __repr__(self) -> str:
        return "Nonces(...)"


class DerivedNonces(Nonces):
    """Draws the same secret scalars whenever the same is drawn: nothing of them has to be kept.

    ::

        HMAC-SHA512(HMAC-SHA512(secret, scope), name || statement) mod (r - 1) + 1

    A nonce that comes twice gives a secret away only if it comes in two different proofs. Here the
    statement is all that a proof's challenge covers, but for the commitment, which the nonce makes:
    equal nonces belong to equal challenges, and so to one proof, sent twice (RFC 6979 reasons so).
    Whatever else is made of what is drawn must be settled by the scope. A polynomial, say, that
    came twice, once of a lower degree or for another trustee's key, would give its shares away: its
    scope holds threshold and all keys.

    What is lost against :class:`Nonces`: who gets the secret can compute all that was drawn.

    Args:
        secret: At least 32 bytes that nobody else knows.
        scope: Everything that what is drawn will be used with; of one form for each first word.

    Raises:
        ValueError: The secret is too short.

    Source: RFC 6979 sections 3.2 and 4.
    """

    __slots__ = ()

    def __init__(self, secret: bytes, scope: bytes) -> None:
        super().__init__(secret)
        self._secret = hmac.digest(self._secret, b"derived" + scope, "sha512")

    def draw(self, name: str, statement: bytes) -> int:
        """Return the secret scalar, 1 to r - 1, of a name and a statement."""
        words = name.encode()
        message = len(words).to_bytes(2, "big") + words + statement
        digest = hmac.digest(self._secret, message, "sha512")
        return int.from_bytes(digest, "big") % (ORDER - 1) + 1
