"""Keys: encrypted key files, a raw key from the environment, and whatever else can sign.

Nothing here prints, logs or shows a key: ``repr`` gives the address only, and no exception carries
key material or a password.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from crmdapp.chain._files import write_new
from crmdapp.chain._keccak import keccak
from crmdapp.chain.addresses import checksum
from crmdapp.config import PRIVATE_KEY_VARIABLE
from crmdapp.errors import (
    KeystoreCorrupt,
    KeystoreExists,
    KeystoreMissing,
    PermissionDenied,
    PrivateKeyInvalid,
    UsageError,
    WrongPassword,
)

CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141

SCRYPT_COST = 1 << 17
"""Work factor N of new key files: 128 MiB and half a second for each guess (OWASP's advice); geth's
files with 1 << 18 open too, and take 256 MiB."""

_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
_HEX_KEY = re.compile(r"^(0x)?[0-9a-fA-F]{64}$")


@runtime_checkable
class Signer(Protocol):
    """Whoever can sign for one address: a key in memory, a hardware wallet, a remote service.

    An implementation raises :class:`~crmdapp.errors.KeyProblem` when it cannot sign and
    :class:`~crmdapp.errors.Cancelled` when its holder declines.
    """

    @property
    def address(self) -> str:
        """The checksummed address signed for."""

    def sign_transaction(self, tx: dict[str, Any]) -> bytes:
        """Return the raw signed transaction.

        Args:
            tx: An EIP-1559 transaction in eth_account's form: ``type, chainId, nonce, to, value,
                data, gas, maxFeePerGas, maxPriorityFeePerGas``, integers as integers.
        """

    def sign_digest(self, digest: bytes) -> bytes:
        """Return the 65-byte signature (r, s, v) of 32 bytes; v is 27 or 28, s is low."""


class LocalSigner:
    """A private key in this process's memory.

    Args:
        private_key: 32 bytes, or 64 hex digits with or without 0x.

    Raises:
        PrivateKeyInvalid: It is not a private key. The message does not repeat it.
    """

    __slots__ = ("_address", "_key", "_sign")

    def __init__(self, private_key: bytes | str) -> None:
        from coincurve import PrivateKey

        self._key = PrivateKey(_key_bytes(private_key))
        self._sign = self._key.sign_recoverable
        public = self._key.public_key.format(compressed=False)
        self._address = checksum("0x" + keccak(public[1:])[12:].hex())

    @classmethod
    def random(cls) -> LocalSigner:
        """Return a signer with a fresh key from the system's randomness."""
        return cls(fresh_key())

    @property
    def address(self) -> str:
        """The checksummed address."""
        return self._address

    def sign_transaction(self, tx: dict[str, Any]) -> bytes:
        """Return the raw signed transaction; see :class:`Signer`."""
        from eth_account import Account

        return bytes(Account.sign_transaction(tx, self._key.secret).raw_transaction)

    def sign_digest(self, digest: bytes) -> bytes:
        """Return the signature of 32 bytes; see :class:`Signer`.

        Raises:
            UsageError: ``digest`` has not 32 bytes.
        """
        if len(digest) != 32:
            raise UsageError(f"A digest has 32 bytes, got {len(digest)}.")
        # libsecp256k1 gives low s by itself; its recovery id is 0 or 1, Ethereum's v is 27 or 28.
        raw = self._sign(digest, hasher=None)
        return raw[:64] + (b"\x1c" if raw[64] else b"\x1b")

    def __repr__(self) -> str:
        return f"LocalSigner({self._address})"

    def __reduce__(self) -> Any:
        raise TypeError("A signer is not copied between processes.")


@dataclass(frozen=True, slots=True)
class KeyFile:
    """One encrypted key file, not unlocked.

    Attributes:
        name: The name it was created under.
        address: The address it opens, as its header says; unlocking proves it.
        path: Where it is.
    """

    name: str
    address: str
    path: Path


class Keystore:
    """A folder of encrypted key files, one ``<name>.json`` each (Web3 Secret Storage v3, scrypt).

    Args:
        directory: The folder; created with mode 0700 when the first key is written.
    """

    def __init__(self, directory: Path | str) -> None:
        self.directory = Path(directory)

    def new(self, name: str, password: str) -> LocalSigner:
        """Create a key and write it encrypted, mode 0600.

        Raises:
            UsageError: The name or the password cannot be used.
            KeystoreExists: There is a key of that name; it is left alone.
            PermissionDenied: The folder cannot be written.
            DiskFull: The disk is full; no file is left behind.
        """
        return self.add(name, fresh_key(), password)

    def add(self, name: str, private_key: bytes | str, password: str) -> LocalSigner:
        """Write an existing key encrypted, mode 0600.

        Raises:
            PrivateKeyInvalid: It is not a private key.
            UsageError: The name or the password cannot be used.
            KeystoreExists: There is a key of that name; it is left alone.
            PermissionDenied: The folder cannot be written.
            DiskFull: The disk is full; no file is left behind.
        """
        from eth_account import Account

        path = self._path(name)
        if not password:
            raise UsageError("A key file needs a password that is not empty.")
        if path.exists():
            raise _exists(name, path)
        key = _key_bytes(private_key)
        signer = LocalSigner(key)
        body = Account.encrypt(key, password, kdf="scrypt", iterations=SCRYPT_COST)
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_new(path, json.dumps({**body, "name": name}, indent=2).encode() + b"\n")
        except FileExistsError:
            raise _exists(name, path) from None
        except PermissionError as problem:
            raise PermissionDenied(
                f"The key file {path} cannot be written.", why=str(problem.strerror)
            ) from None
        return signer

    def list(self) -> list[KeyFile]:
        """Return the readable key files by name, without unlocking any.

        A damaged file is left out; :meth:`show` says what is wrong with it.
        """
        found: list[KeyFile] = []
        if self.directory.is_dir():
            for path in sorted(self.directory.glob("*.json")):
                if _NAME.match(path.stem):
                    with suppress(KeystoreCorrupt, PermissionDenied):
                        found.append(self.show(path.stem))
        return found

    def show(self, name: str) -> KeyFile:
        """Return the key file of that name, without unlocking it.

        Raises:
            UsageError: The name cannot be used.
            KeystoreMissing: There is none.
            KeystoreCorrupt: It is damaged.
            PermissionDenied: It cannot be read.
        """
        path = self._path(name)
        return KeyFile(name=name, address=_header_address(_read(path, name), path), path=path)

    def unlock(self, name: str, password: str) -> LocalSigner:
        """Return a signer with the key of that name.

        Raises:
            UsageError: The name cannot be used.
            KeystoreMissing: There is none.
            KeystoreCorrupt: It is damaged, or holds another key than its header says.
            WrongPassword: The password does not open it.
            PermissionDenied: It cannot be read.
        """
        from eth_account import Account

        path = self._path(name)
        body = _read(path, name)
        address = _header_address(body, path)
        try:
            key = bytes(Account.decrypt(body, password))
        except ValueError as problem:
            if "MAC mismatch" in str(problem):
                raise WrongPassword(
                    f"The password does not open the key {name!r}.",
                    hint="Try again; there is no way to recover a lost password.",
                ) from None
            raise _corrupt(path, "its encryption parameters are not usable") from None
        except (KeyError, TypeError, NotImplementedError):
            raise _corrupt(path, "its encryption parameters are not usable") from None
        signer = LocalSigner(key)
        if signer.address != address:
            raise _corrupt(path, f"it says {address} but opens {signer.address}")
        return signer

    def _path(self, name: str) -> Path:
        check_name(name)
        return self.directory / f"{name}.json"

    def __repr__(self) -> str:
        return f"Keystore({str(self.directory)!r})"


def signer_from_environment(environ: Mapping[str, str] | None = None) -> LocalSigner:
    """Return a signer with the raw key in ``CRMDAPP_PRIVATE_KEY``.

    Raises:
        KeystoreMissing: The variable is not set.
        PrivateKeyInvalid: It is not a private key. The message does not repeat it.
    """
    value = (os.environ if environ is None else environ).get(PRIVATE_KEY_VARIABLE, "").strip()
    if not value:
        raise KeystoreMissing(
            f"{PRIVATE_KEY_VARIABLE} is not set.",
            hint="Set it, or name a key file: crmdapp account new NAME, then --account NAME.",
        )
    return LocalSigner(value)


def fresh_key() -> bytes:
    """Return a private key from the system's randomness."""
    import secrets

    return (1 + secrets.randbelow(CURVE_ORDER - 1)).to_bytes(32, "big")


def check_name(name: str) -> None:
    """Check that ``name`` can name a key file.

    Raises:
        UsageError: It has other characters than letters, digits, dot, dash and underscore, begins
            with a sign, or is empty or longer than 64.
    """
    if not _NAME.match(name):
        raise UsageError(
            f"{name!r} cannot name a key.",
            hint="Use up to 64 letters, digits, dots, dashes and underscores.",
        )


def _key_bytes(private_key: bytes | str) -> bytes:
    if isinstance(private_key, str):
        if not _HEX_KEY.match(private_key):
            raise PrivateKeyInvalid("A private key has 64 hex digits, with or without 0x.")
        private_key = bytes.fromhex(private_key.removeprefix("0x"))
    if len(private_key) != 32 or not 0 < int.from_bytes(private_key, "big") < CURVE_ORDER:
        raise PrivateKeyInvalid("A private key is 32 bytes inside the order of secp256k1.")
    return private_key


def _exists(name: str, path: Path) -> KeystoreExists:
    return KeystoreExists(
        f"There is a key {name!r} already.",
        why=f"{path} exists, and key files are never overwritten.",
        hint="Choose another name.",
    )


def _corrupt(path: Path, why: str) -> KeystoreCorrupt:
    return KeystoreCorrupt(
        f"The key file {path} is damaged.",
        why=why,
        hint="Restore it from your backup; the key cannot be recovered without an intact file.",
    )


def _read(path: Path, name: str) -> dict[str, Any]:
    try:
        body = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise KeystoreMissing(
            f"There is no key {name!r}.",
            why=f"{path} does not exist.",
            hint="List the keys with: crmdapp account list. Create one with: crmdapp account new.",
        ) from None
    except PermissionError:
        raise PermissionDenied(
            f"The key file {path} cannot be read.", hint="It must belong to you, mode 0600."
        ) from None
    except (ValueError, UnicodeDecodeError):
        raise _corrupt(path, "it is not JSON; perhaps it was cut off") from None
    if not isinstance(body, dict) or body.get("version") != 3 or "crypto" not in body:
        raise _corrupt(path, "it is not a version 3 key file")
    return body


def _header_address(body: Mapping[str, Any], path: Path) -> str:
    raw = str(body.get("address", ""))
    try:
        return checksum("0x" + raw.removeprefix("0x"))
    except ValueError:
        raise _corrupt(path, "its address is missing or malformed") from None
