"""What the customer registry and its neighbours know, as plain values.

The classes bear the names of the Solidity structs they mirror. Times are aware datetimes in UTC,
ids and hashes are ``bytes``.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any

from crmdapp.chain._keccak import keccak
from crmdapp.chain._signed_json import JsonFields
from crmdapp.chain.addresses import ZERO_ADDRESS, checksum, require_address
from crmdapp.errors import UsageError

GUARDIANS_MAX = 32
"""Most guardians that this package names; each costs a signature check in one transaction."""

_DOMAIN = keccak(b"crmdapp.customer")
_ADDRESS_PAD = bytes(12)


class CustomerStatus(IntEnum):
    """What an id in the registry is."""

    NONE = 0
    ACTIVE = 1
    LINKED = 2
    MERGED = 3
    ERASED = 4


@dataclass(frozen=True, slots=True)
class Scope:
    """A company, or a consortium of companies, that verifies its customers together.

    Attributes:
        id: Its number, below 2^24.
        owner: Names the attestors; has no power over customers.
        created_at: When it was opened.
        recovery_delay: Seconds that a recovery, a change of guardians and a new attestor wait.
        quorum: Attestors who together merge profiles and recover keys; 0: nobody can.
        self_registration: Whether anyone may register at level 0 without an attestor.
    """

    id: int
    owner: str
    created_at: datetime
    recovery_delay: int
    quorum: int
    self_registration: bool


@dataclass(frozen=True, slots=True)
class Attestor:
    """Who may attest in a scope.

    Attributes:
        scope: The scope.
        address: Who.
        level: The highest level it may give, 1 to 255; 0: it is no attestor.
        active_at: From when on its signatures count.
    """

    scope: int
    address: str
    level: int
    active_at: datetime


@dataclass(frozen=True, slots=True)
class Customer:
    """One person's profile.

    Attributes:
        cid: Its id, 32 bytes.
        controller: The key that speaks for the person; ``None`` if unknown or erased.
        registered_at: When; ``None`` if it never was.
        scope: Where it was registered.
        epoch: Counts changes of the key; a signature names the epoch it was made in.
        level: How well the person was verified, by the scale of the scope; 0 is not at all.
        status: What the id is.
    """

    cid: bytes
    controller: str | None
    registered_at: datetime | None
    scope: int
    epoch: int
    level: int
    status: CustomerStatus


@dataclass(frozen=True, slots=True)
class Merge:
    """Where a merged profile leads.

    Attributes:
        into: The profile, 32 bytes.
        closes_at: From when on the merge can no longer be undone, as long as ``into`` is not
            erased.
    """

    into: bytes
    closes_at: datetime


@dataclass(frozen=True, slots=True)
class Recovery:
    """A change of key that waits for its time.

    Attributes:
        new_controller: The key that was proposed.
        ready_at: When it can take its place.
        by_guardians: Whether guardians proposed it, whom the controller can stop; else attestors.
    """

    new_controller: str
    ready_at: datetime
    by_guardians: bool


@dataclass(frozen=True, slots=True)
class Approval:
    """One of several signatures under the same intent.

    Attributes:
        signer: Who signed.
        signature: 65 bytes (r, s, v) or 64 (ERC-2098) of a key, or of a smart account.
    """

    signer: str
    signature: bytes

    @property
    def values(self) -> tuple[str, bytes]:
        """The fields in the order of the struct, as the registry takes them."""
        return self.signer, self.signature


@dataclass(frozen=True, slots=True)
class Guardians:
    """Who can recover a key. The chain knows only their hash until they do.

    Attributes:
        accounts: Their addresses, in ascending order.
        threshold: How many of them have to sign, 1 to their number.
        salt: 32 random bytes, so that nobody can guess the guardians from the hash. Keep it: a
            recovery needs it. It is left out where the guardians are shown.

    Raises:
        UsageError: There is none or there are too many, one stands there twice or is nobody, the
            threshold is out of range, or the salt has not 32 bytes.
    """

    accounts: tuple[str, ...]
    threshold: int
    salt: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if not 1 <= len(self.accounts) <= GUARDIANS_MAX:
            raise UsageError(f"There are 1 to {GUARDIANS_MAX} guardians.")
        if not 1 <= self.threshold <= len(self.accounts):
            raise UsageError(
                f"{self.threshold} of {len(self.accounts)} guardians can not sign.",
                hint="Let at least one and at most all of them be needed.",
            )
        if ZERO_ADDRESS in self.accounts:
            raise UsageError("The zero address can guard nothing.")
        if list(self.accounts) != sorted(set(self.accounts), key=_number):
            raise UsageError("The guardians stand there twice, or not in ascending order.")
        if len(self.salt) != 32:
            raise UsageError("The guardians' salt has 32 bytes.")

    @classmethod
    def of(cls, accounts: Sequence[str], threshold: int) -> Guardians:
        """Return guardians under a fresh salt, in whatever order they are named.

        Raises:
            UsageError: One is no address or stands there twice, or the threshold is out of range.
        """
        found = [require_address(account) for account in accounts]
        return cls(tuple(sorted(found, key=_number)), threshold, secrets.token_bytes(32))

    def to_json(self) -> dict[str, Any]:
        """Return ``{"accounts": [...], "threshold": 2, "salt": "0x..."}``."""
        return {
            "accounts": list(self.accounts),
            "threshold": self.threshold,
            "salt": "0x" + self.salt.hex(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str | bytes) -> Guardians:
        """Return the guardians that :meth:`to_json` gave.

        Raises:
            UsageError: It is nothing of the kind, and says so without showing the salt.
        """
        fields = JsonFields.parse(data, "file of guardians")
        try:
            salt = fields.word("salt")
        except UsageError:
            raise UsageError("The guardians' salt must be 64 hex digits.") from None
        found = [require_address(str(account)) for account in fields.items("accounts")]
        return cls(tuple(found), fields.whole("threshold"), salt)

    @property
    def values(self) -> tuple[tuple[str, ...], int, bytes]:
        """The fields in the order of the struct, as the registry takes them."""
        return self.accounts, self.threshold, self.salt

    @property
    def hash(self) -> bytes:
        """The 32 bytes that stand for them on chain: keccak of their ABI encoding."""
        words = [
            (32).to_bytes(32, "big"),
            (96).to_bytes(32, "big"),
            self.threshold.to_bytes(32, "big"),
            self.salt,
            len(self.accounts).to_bytes(32, "big"),
            *(_ADDRESS_PAD + bytes.fromhex(account[2:]) for account in self.accounts),
        ]
        return keccak(b"".join(words))


@dataclass(frozen=True, slots=True)
class Badge:
    """A public proof that an identity is a verified person; its id says of what.

    Attributes:
        token_id: identity << 96 | topic << 64 | pseudonym.
        holder: The identity's owner when it was last looked at.
    """

    token_id: int
    holder: str

    @property
    def identity(self) -> str:
        """The identity it is bound to."""
        return checksum(f"0x{self.token_id >> 96:040x}")

    @property
    def topic(self) -> int:
        """What was attested, below 2^32."""
        return (self.token_id >> 64) & 0xFFFF_FFFF

    @property
    def pseudonym(self) -> int:
        """What the holder chose to be called, 1 to 2^64 - 1."""
        return self.token_id & 0xFFFF_FFFF_FFFF_FFFF


def id_of(chain_id: int, registry: str, scope: int, tag: bytes) -> bytes:
    """Return the id of a tag: 32 bytes, the last of them zero.

    The id of a person's first tag is the person's ``cid``.

    Args:
        chain_id: The chain's id.
        registry: Address of the CustomerRegistry.
        scope: The scope, below 2^24.
        tag: Keyed hash of an identifier, 32 bytes.

    Raises:
        UsageError: ``registry`` is no address, or ``tag`` has not 32 bytes.
    """
    if len(tag) != 32:
        raise UsageError("A tag has 32 bytes.")
    words = (
        _DOMAIN,
        chain_id.to_bytes(32, "big"),
        _ADDRESS_PAD + bytes.fromhex(require_address(registry)[2:]),
        scope.to_bytes(32, "big"),
        tag,
    )
    return keccak(b"".join(words))[:31] + b"\0"


def self_tag(account: str, salt: bytes) -> bytes:
    """Return the tag of somebody who registers without an attestor.

    Args:
        account: The account that registers itself.
        salt: 32 random bytes.

    Raises:
        UsageError: ``account`` is no address, or the salt has not 32 bytes.
    """
    if len(salt) != 32:
        raise UsageError("A salt has 32 bytes.")
    return keccak(_ADDRESS_PAD + bytes.fromhex(require_address(account)[2:]) + salt)


def require_cid(cid: bytes) -> bytes:
    """Return ``cid`` if it can be the id of a profile.

    Raises:
        UsageError: It has not 32 bytes, or its last byte is not zero.
    """
    if len(cid) != 32 or cid[31] or not any(cid):
        raise UsageError(
            "The id of a profile is 64 hex digits, the last two of them 00.",
            hint="Copy the whole id again.",
        )
    return cid


def moment(timestamp: int) -> datetime:
    """Return a moment of the chain; what is beyond the calendar is its last second."""
    return datetime.fromtimestamp(min(timestamp, _LAST_SECOND), UTC)


_LAST_SECOND = 253_402_300_799  # the last second of the year 9999


def _number(address: str) -> int:
    return int(address, 16)
