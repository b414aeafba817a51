"""The customer's own keys: identities, the keys of every epoch, and the wraps made of them.

Identities derive from a seed, so they come back with it. The keys of epochs are random and derive
from nothing: once a key is deleted here, nobody can make it again, and what was sealed to it stays
closed for ever. Recovery shares (:mod:`crmdapp.store.recovery`) open a copy of the file.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from crmdapp.chain.accounts import CURVE_ORDER, LocalSigner
from crmdapp.chain.addresses import require_address
from crmdapp.chain.signed import DEADLINE_MAX
from crmdapp.chain.typed_data import Domain
from crmdapp.errors import UsageError
from crmdapp.store._device_body import DeviceBody, Grant, HeldKey, HeldProfile
from crmdapp.store._plan import in_force, plan, readers
from crmdapp.store._secret_file import SecretFile
from crmdapp.store.epochs import (
    CATEGORY_MAX,
    EpochKey,
    ErasureRequest,
    KeyBundle,
    KeyPackage,
    SignedBundle,
    SignedErasure,
    SignedWrap,
    make_wrap,
)
from crmdapp.store.errors import KeyFileCorrupt, KeyFileMissing, ProfileKnown, ProfileUnknown
from crmdapp.store.provenance import Ciphertext
from crmdapp.store.sealing import (
    context,
    key_id_of,
    open_field,
    public_key,
    require_public_key,
    sealed_invalid,
)

__all__ = ["DeviceKeys", "Grant"]


class DeviceKeys:
    """The customer's key file, opened; no other process can open it meanwhile.

    Every method that changes something has written the file before it returns: no key is published
    that is not kept.
    """

    def __init__(self, file: SecretFile, body: DeviceBody) -> None:
        self._file = file
        self._contents: DeviceBody | None = body

    @classmethod
    def create(cls, path: Path | str, password: str) -> DeviceKeys:
        """Make a key file with a new seed, mode 0600.

        Raises:
            UsageError: The password is empty.
            KeyFileExists: There is such a file; it is left alone.
            PermissionDenied: The folder cannot be written.
            DiskFull: The disk is full; nothing is left behind.
        """
        body = DeviceBody(secrets.token_bytes(32))
        return cls(SecretFile.create(Path(path), password, body.encode()), body)

    @classmethod
    def open(cls, path: Path | str, password: str) -> DeviceKeys:
        """Open a key file.

        Raises:
            KeyFileMissing: There is none.
            KeyFileCorrupt: It is damaged.
            KeyFileLocked: Another process has it open.
            WrongPassword: The password does not open it.
            PermissionDenied: It cannot be read, or others may read it.
        """
        return cls._opened(*SecretFile.open(Path(path), password))

    @classmethod
    def restore(cls, path: Path | str, file_key: bytes, new_password: str) -> DeviceKeys:
        """Open a copy of a key file with the secret of its recovery shares; it gets a new password.

        Args:
            path: The copy.
            file_key: What :func:`crmdapp.store.recovery.combine` gives.
            new_password: What opens it from now on. Shares made before open it no more.

        Raises:
            KeyFileMissing: There is none.
            KeyFileCorrupt: It is damaged.
            KeyFileLocked: Another process has it open.
            WrongPassword: The shares are of another file.
            UsageError: The new password is empty.
            PermissionDenied: It cannot be read or written, or others may read it.
        """
        found = cls._opened(*SecretFile.open(Path(path), None, file_key=file_key))
        try:
            found.change_password(new_password)
        except BaseException:
            found.close()
            raise
        return found

    @classmethod
    def _opened(cls, file: SecretFile, data: bytes) -> DeviceKeys:
        try:
            return cls(file, DeviceBody.decode(data))
        except ValueError:
            file.close()
            raise KeyFileCorrupt(
                f"The key file {file.path} was written by another release.",
                hint="Install that release again; the file is unchanged.",
            ) from None

    # ----------------------------------------------------------------- identities

    def identity(self, chain_id: int, company: str, turn: int | None = None) -> LocalSigner:
        """Return the key of the customer's identity for one company; no two companies share one.

        Args:
            chain_id: Chain of the registry of identities.
            company: The company's address.
            turn: Which key: 0 is the first, whose address is the identity; ``None`` the present.

        Raises:
            UsageError: ``company`` is no address.
        """
        company = require_address(company)
        if turn is None:
            turn = self._body.turns.get(_turn_name(chain_id, company), 0)
        raw = bytes.fromhex(company[2:])
        return LocalSigner(_scalar(self._derive("identity", chain_id, raw, turn)))

    def subject(self, chain_id: int, company: str) -> str:
        """Return the customer's identity for one company; it stays when its key changes."""
        return self.identity(chain_id, company, 0).address

    def rotate(self, chain_id: int, company: str) -> LocalSigner:
        """Return the next key of the identity, which from now on signs for it.

        The registry of identities has to be told by the key before: ``identity(..., turn - 1)``.
        """
        name = _turn_name(chain_id, require_address(company))
        with self._changing():
            self._body.turns[name] = self._body.turns.get(name, 0) + 1
        return self.identity(chain_id, company)

    @property
    def guardian_key(self) -> bytes:
        """Public key to which others seal recovery shares that this customer keeps for them."""
        return public_key(self.guardian_private_key())

    def guardian_private_key(self) -> bytes:
        """Return the private half of :attr:`guardian_key`."""
        return self._derive("guardian")[:32]

    # ----------------------------------------------------------------- profiles and consents

    def profiles(self) -> list[bytes]:
        """Return the ids of the profiles with keys in this file."""
        return list(self._body.profiles)

    def grants(self, profile: bytes) -> list[Grant]:
        """Return the consents that keys of the profile are wrapped for.

        Raises:
            ProfileUnknown: This file has no keys of it.
        """
        return list(self._profile(profile).grants.values())

    def add_profile(
        self, profile: bytes, domain: Domain, company: str, categories: int | Iterable[int]
    ) -> None:
        """Begin to keep keys for a profile.

        Args:
            profile: Id of the customer, 32 bytes.
            domain: What signatures are for: :func:`crmdapp.store.epochs.vault_domain`.
            company: Address of the company that keeps the vault.
            categories: Which get keys: a mask (bit n is category n), or their numbers.

        Raises:
            UsageError: An argument is malformed.
            ProfileKnown: The file has keys of it; add categories with :meth:`add_categories`.
        """
        if len(profile) != 32:
            raise UsageError(f"The id of a customer has 32 bytes, got {len(profile)}.")
        if profile in self._body.profiles:
            raise ProfileKnown(f"There are keys for the profile 0x{profile.hex()} already.")
        domain.separator()  # says what is malformed
        held = HeldProfile(profile, domain, require_address(company), _mask(categories))
        with self._changing():
            self._body.profiles[profile] = held

    def add_categories(self, profile: bytes, categories: int | Iterable[int]) -> None:
        """Let further categories of a profile have keys.

        Raises:
            ProfileUnknown: This file has no keys of it.
            UsageError: There is no such category.
        """
        with self._changing():
            self._profile(profile).categories |= _mask(categories)

    def publish(self, profile: bytes, *, now: int, again: bool = False) -> KeyPackage:
        """Return the profile's public keys in force and the wraps not made yet.

        Args:
            profile: Id of the customer.
            now: Unix seconds.
            again: Make every wrap again, because a package was lost.

        Raises:
            ProfileUnknown: This file has no keys of it.
            DiskFull: The disk is full; nothing was changed.
        """
        with self._changing():
            return self._package(self._profile(profile), now, again=again)

    def consent(self, profile: bytes, grant: Grant, *, now: int) -> KeyPackage:
        """Wrap the keys of a consent's categories for its grantee; a renewed consent replaces.

        Args:
            profile: Id of the customer.
            grant: The consent.
            now: Unix seconds.

        Raises:
            ProfileUnknown: This file has no keys of it.
            GranteeKeyInvalid: Nobody could hold the private half of the grantee's key.
            UsageError: The consent is over, or malformed.
        """
        held = self._profile(profile)
        require_public_key(grant.grantee_key)
        require_address(grant.company)
        _mask(grant.categories)
        if len(grant.consent_id) != 32:
            raise UsageError(f"The id of a consent has 32 bytes, got {len(grant.consent_id)}.")
        if not now < grant.expiry <= DEADLINE_MAX:
            raise UsageError(
                f"The consent's end {grant.expiry} is not in the future.",
                hint="Give an end in Unix seconds that is later than now.",
            )
        with self._changing():
            held.grants[grant.consent_id] = grant
            return self._package(held, now)

    def withdraw(self, profile: bytes, consent_id: bytes, *, now: int) -> KeyPackage:
        """Plan new epochs that the consent has no key of; the others get theirs.

        Raises:
            ProfileUnknown: This file has no keys of the profile.
            UsageError: There is no such consent.
        """
        held = self._profile(profile)
        if consent_id not in held.grants:
            raise UsageError(f"No keys were wrapped for the consent 0x{consent_id.hex()}.")
        with self._changing():
            del held.grants[consent_id]
            return self._package(held, now)

    def open_field(self, ciphertext: Ciphertext) -> bytes:
        """Return a value of the customer's own.

        Raises:
            ProfileUnknown: This file has no keys of the profile.
            SealedInvalid: The key is not in this file, or the value was altered.
        """
        datum = ciphertext.datum
        for key in self._profile(datum.profile).keys:
            if _key_id(datum.profile, key) == datum.key_id:
                return open_field(key.private_key, ciphertext.sealed, ciphertext.place)
        raise sealed_invalid()

    # ----------------------------------------------------------------- the end

    def request_erasure(self, profile: bytes, *, deadline: int) -> SignedErasure:
        """Return the signed wish that the vault destroys everything of the profile.

        Args:
            profile: Id of the customer.
            deadline: Until when it holds, Unix seconds.

        Raises:
            ProfileUnknown: This file has no keys of it.
        """
        held = self._profile(profile)
        chain_id = held.domain.chain_id
        request = ErasureRequest(profile, self.subject(chain_id, held.company), deadline)
        signature = request.sign(self.identity(chain_id, held.company), held.domain)
        return SignedErasure(request, held.domain, signature)

    def forget(self, profile: bytes) -> None:
        """Delete every key of a profile for ever; what was sealed to them opens no more.

        Copies of the file keep the keys: destroy them, too.

        Raises:
            ProfileUnknown: This file has no keys of it.
        """
        self._profile(profile)
        with self._changing():
            del self._body.profiles[profile]

    def destroy(self) -> None:
        """Overwrite and delete the file with the seed and all keys, and forget them here."""
        self._file.destroy()
        self._contents = None

    # ----------------------------------------------------------------- the file

    @property
    def file_key(self) -> bytes:
        """The secret that recovery shares are made of: it opens every copy of the file."""
        return self._file.file_key

    def change_password(self, new_password: str) -> None:
        """Write the file under a new password and a new file key: make new recovery shares.

        Raises:
            UsageError: The password is empty.
            DiskFull: The disk is full; the file is unchanged.
        """
        self._file.change_key(new_password, self._body.encode())

    def close(self) -> None:
        """Let other processes open the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"DeviceKeys({str(self._file.path)!r})"

    # ----------------------------------------------------------------- internals

    @property
    def _body(self) -> DeviceBody:
        if self._contents is None:
            raise KeyFileMissing("The keys of this device were destroyed.", hint="Make new ones.")
        return self._contents

    def _profile(self, profile: bytes) -> HeldProfile:
        try:
            return self._body.profiles[profile]
        except KeyError:
            raise ProfileUnknown(
                f"There are no keys for the profile 0x{profile.hex()} in this file.",
                hint="See which there are: crmdapp customers keys show",
            ) from None

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Write the file after the block; if anything fails, nothing has changed here either."""
        before = self._body.encode()
        try:
            yield
            self._file.write(self._body.encode())
        except BaseException:
            self._contents = DeviceBody.decode(before)
            raise

    def _package(self, held: HeldProfile, now: int, *, again: bool = False) -> KeyPackage:
        plan(held, now)
        held.issued_at = max(now, held.issued_at + 1)
        pairs = list(readers(held, now, again=again))
        wraps = tuple(self._wrap(held, key, grant) for key, grant in pairs)
        return KeyPackage(self._bundle(held, now), wraps)

    def _bundle(self, held: HeldProfile, now: int) -> SignedBundle:
        chain_id = held.domain.chain_id
        keys = [
            EpochKey(key.category, key.epoch, public_key(key.private_key), key.closes_at)
            for key in in_force(held, now)
        ]
        signers = {self.subject(chain_id, item.company) for item in held.grants.values()}
        bundle = KeyBundle(
            held.cid,
            self.subject(chain_id, held.company),
            tuple(sorted(signers)),
            tuple(keys),
            held.issued_at,
        )
        signature = bundle.sign(self.identity(chain_id, held.company), held.domain)
        return SignedBundle(bundle, held.domain, signature)

    def _wrap(self, held: HeldProfile, key: HeldKey, grant: Grant) -> SignedWrap:
        chain_id = held.domain.chain_id
        wrap = make_wrap(
            key.private_key,
            domain=held.domain,
            consent_id=grant.consent_id,
            profile=held.cid,
            subject=self.subject(chain_id, grant.company),
            category=key.category,
            epoch=key.epoch,
            grantee_key=grant.grantee_key,
            expiry=grant.expiry,
        )
        key.holders[grant.consent_id] = (grant.expiry, grant.grantee_key)
        signature = wrap.sign(self.identity(chain_id, grant.company), held.domain)
        return SignedWrap(wrap, held.domain, signature)

    def _derive(self, label: str, *parts: bytes | int) -> bytes:
        # HKDF-Expand (RFC 5869, section 2.3) to 64 bytes; the seed is uniform, so no Extract.
        info = context(f"crmdapp {label}", *parts)
        first = hmac.digest(self._body.seed, info + b"\x01", hashlib.sha256)
        return first + hmac.digest(self._body.seed, first + info + b"\x02", hashlib.sha256)


def _scalar(data: bytes) -> bytes:
    # 64 bytes reduced below the order of secp256k1: the bias is below 2^-256 (FIPS 186-5, A.2.1).
    return (int.from_bytes(data, "big") % (CURVE_ORDER - 1) + 1).to_bytes(32, "big")


def _turn_name(chain_id: int, company: str) -> str:
    return f"{chain_id}:{company}"


def _key_id(profile: bytes, key: HeldKey) -> bytes:
    return key_id_of(profile, key.category, key.epoch, public_key(key.private_key))


def _mask(categories: int | Iterable[int]) -> int:
    if isinstance(categories, int):
        mask = categories
    else:
        numbers = list(categories)
        if any(not 0 <= item <= CATEGORY_MAX for item in numbers):
            raise UsageError(f"A category is a number from 0 to {CATEGORY_MAX}.")
        mask = 0
        for item in numbers:
            mask |= 1 << item
    if not 0 < mask < 1 << (CATEGORY_MAX + 1):
        raise UsageError(
            "There is no category among these.",
            hint=f"Name at least one, by numbers from 0 to {CATEGORY_MAX}.",
        )
    return mask
