"""A file that only its owner's password opens, replaced whole at each change.

The content is encrypted with a random file key, the file key with the password. So the password can
change without the file key, and recovery shares of the file key open the file without a password.

Source: RFC 7914 (scrypt), NIST SP 800-38D (AES-GCM, a random 96-bit nonce for each writing).
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any

from crmdapp.chain._files import OWN, disk_full, write_new
from crmdapp.errors import PermissionDenied, UsageError, WrongPassword
from crmdapp.store.errors import (
    KeyFileCorrupt,
    KeyFileExists,
    KeyFileLocked,
    KeyFileMissing,
    KeyFileProblem,
)

SCRYPT_COST = 1 << 17
"""Work factor N of new files: 128 MiB and half a second for each guess (OWASP's advice)."""

KEY_SIZE = 32

_COST_MAX = 1 << 20
_NONCE = 12
_SPARE = 1 << 20  # memory that scrypt takes beside its table
_KIND = "crmdapp customer keys"
_VERSION = 1


class SecretFile:
    """The file, opened and locked against other processes.

    Args:
        path: Where it is.
        file_key: What its content is encrypted with.
        header: Version and the file key under the password, as it stands in the file.
        lock: Handle of the lock file.
    """

    def __init__(self, path: Path, file_key: bytes, header: dict[str, Any], lock: int) -> None:
        self.path = path
        self._file_key = file_key
        self._header = header
        self._lock: int | None = lock

    @classmethod
    def create(cls, path: Path, password: str, body: bytes) -> SecretFile:
        """Write a new file, mode 0600.

        Raises:
            UsageError: The password is empty.
            KeyFileExists: There is such a file; it is left alone.
            KeyFileLocked: Another process is making it.
            PermissionDenied: The folder cannot be written.
            DiskFull: The disk is full; nothing is left behind.
        """
        _require_password(password)
        _make_folder(path)
        lock = _take_lock(path)
        try:
            file_key = secrets.token_bytes(KEY_SIZE)
            made = cls(path, file_key, _header(file_key, password), lock)
            try:
                write_new(path, made._encoded(body))
            except FileExistsError:
                raise KeyFileExists(
                    f"There is a key file {path} already.",
                    why="Key files are never overwritten.",
                    hint="Choose another name.",
                ) from None
            except OSError as problem:
                raise _denied(path, problem) from None
        except BaseException:
            _drop_lock(lock)
            raise
        return made

    @classmethod
    def open(
        cls, path: Path, password: str | None, *, file_key: bytes | None = None
    ) -> tuple[SecretFile, bytes]:
        """Return the file and its content.

        Args:
            path: Where it is.
            password: What opens it; ``None`` if ``file_key`` does.
            file_key: The key from recovery shares.

        Raises:
            KeyFileMissing: There is none.
            KeyFileCorrupt: It is damaged.
            KeyFileLocked: Another process has it open.
            WrongPassword: The password, or the file key, does not open it.
            PermissionDenied: It cannot be read, or others may read it.
        """
        require_own(path, "key file")
        lock = _take_lock(path)
        try:
            outer = _read(path)
            header = outer["header"]
            if file_key is None:
                file_key = _unwrap(header, password or "", path)
            found = cls(path, file_key, header, lock)
            try:
                body = _decrypt(file_key, outer["body"], found._aad())
            except _DoesNotOpenError:
                if password is None:
                    raise WrongPassword(
                        f"The shares do not open {path}.",
                        why="They were made for another file, or before the file's key changed.",
                        hint="Use the copy of the file that was made with the shares.",
                    ) from None
                raise _corrupt(path) from None
        except BaseException:
            _drop_lock(lock)
            raise
        return found, body

    @property
    def file_key(self) -> bytes:
        """What recovery shares are made of."""
        return self._file_key

    def write(self, body: bytes) -> None:
        """Replace the content, whole or not at all; the old content is overwritten.

        Raises:
            DiskFull: The disk is full; the file is unchanged.
            PermissionDenied: The folder cannot be written; the file is unchanged.
        """
        self._replace(self._encoded(body))

    def change_key(self, password: str, body: bytes) -> None:
        """Write the content under a new file key: old copies and recovery shares open it no more.

        Raises:
            UsageError: The password is empty.
            DiskFull: The disk is full; the file is unchanged.
            PermissionDenied: The folder cannot be written; the file is unchanged.
        """
        _require_password(password)
        before = self._file_key, self._header
        self._file_key = secrets.token_bytes(KEY_SIZE)
        self._header = _header(self._file_key, password)
        try:
            self._replace(self._encoded(body))
        except BaseException:
            self._file_key, self._header = before
            raise

    def destroy(self) -> None:
        """Overwrite the file and delete it.

        Raises:
            PermissionDenied: It cannot be deleted.
        """
        try:
            with self.path.open("r+b") as old:
                self.path.unlink()
                _overwrite(old.fileno())
        except OSError as problem:
            raise _denied(self.path, problem) from None
        finally:
            self.close()

    def close(self) -> None:
        """Let other processes open it."""
        if self._lock is not None:
            _drop_lock(self._lock)
            self._lock = None

    def __repr__(self) -> str:
        return f"SecretFile({str(self.path)!r})"

    def _aad(self) -> bytes:
        return _canonical(self._header)

    def _encoded(self, body: bytes) -> bytes:
        sealed = _encrypt(self._file_key, body, self._aad())
        return _canonical({"header": self._header, "body": sealed}) + b"\n"

    def _replace(self, data: bytes) -> None:
        if self._lock is None:
            raise KeyFileProblem(f"The key file {self.path} is closed.", hint="Open it again.")
        new = self.path.with_name(f".{self.path.name}.{secrets.token_hex(6)}")
        try:
            with self.path.open("r+b") as old:
                write_new(new, data)
                new.replace(self.path)
                # The name leads to the new content now; what the old held is gone for good.
                _overwrite(old.fileno())
        except OSError as problem:
            with suppress(OSError):
                new.unlink()
            if problem.errno == 28:
                raise disk_full(self.path) from None
            raise _denied(self.path, problem) from None


def require_own(path: Path, what: str) -> None:
    """Check that a secret file is there and that only its owner may read it.

    Raises:
        KeyFileMissing: There is none.
        PermissionDenied: Others may read it.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise KeyFileMissing(
            f"There is no {what} {path}.", hint="Make it, or name the one you have."
        ) from None
    except OSError as problem:
        raise _denied(path, problem) from None
    if not stat.S_ISREG(mode):
        raise KeyFileMissing(f"{path} is no file.", hint="Name the key file itself.")
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise PermissionDenied(
            f"Others may read the {what} {path}.",
            why=f"Its mode is {stat.S_IMODE(mode):04o}.",
            hint=f"Take that away: chmod 600 {path}",
        )


# --------------------------------------------------------------------------- encryption


class _DoesNotOpenError(Exception):
    pass


def _header(file_key: bytes, password: str) -> dict[str, Any]:
    salt = secrets.token_bytes(32)
    header: dict[str, Any] = {
        "kind": _KIND,
        "version": _VERSION,
        "scrypt": {"n": SCRYPT_COST, "r": 8, "p": 1, "salt": salt.hex()},
    }
    derived = _derive(password, salt, SCRYPT_COST)
    return {**header, "fileKey": _encrypt(derived, file_key, _canonical(header))}


def _unwrap(header: dict[str, Any], password: str, path: Path) -> bytes:
    outer = {name: header[name] for name in ("kind", "version", "scrypt")}
    kdf = outer["scrypt"]
    try:
        cost, salt = kdf["n"], bytes.fromhex(kdf["salt"])
        usable = (kdf["r"], kdf["p"]) == (8, 1) and isinstance(cost, int)
    except (KeyError, TypeError, ValueError):
        raise _corrupt(path) from None
    if not usable or not 1 < cost <= _COST_MAX or cost & (cost - 1):
        raise _corrupt(path)
    try:
        return _decrypt(_derive(password, salt, cost), header["fileKey"], _canonical(outer))
    except _DoesNotOpenError:
        raise WrongPassword(
            f"The password does not open {path}.",
            hint="Try again, or restore the file from recovery shares.",
        ) from None


def _derive(password: str, salt: bytes, cost: int) -> bytes:
    return hashlib.scrypt(
        password.encode(),
        salt=salt,
        n=cost,
        r=8,
        p=1,
        maxmem=_SPARE + 128 * 8 * cost,
        dklen=KEY_SIZE,
    )


def _encrypt(key: bytes, data: bytes, aad: bytes) -> str:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = secrets.token_bytes(_NONCE)
    return (nonce + AESGCM(key).encrypt(nonce, data, aad)).hex()


def _decrypt(key: bytes, text: Any, aad: bytes) -> bytes:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        data = bytes.fromhex(text)
        return AESGCM(key).decrypt(data[:_NONCE], data[_NONCE:], aad)
    except (InvalidTag, ValueError, TypeError):
        raise _DoesNotOpenError from None


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


# --------------------------------------------------------------------------- the file itself


def _read(path: Path) -> dict[str, Any]:
    try:
        outer = json.loads(path.read_bytes())
        header = outer["header"]
        if (header["kind"], header["version"]) != (_KIND, _VERSION):
            raise _corrupt(path)
        if not {"scrypt", "fileKey"} <= set(header) or not isinstance(outer["body"], str):
            raise _corrupt(path)
    except OSError as problem:
        raise _denied(path, problem) from None
    except (ValueError, KeyError, TypeError):
        raise _corrupt(path) from None
    found: dict[str, Any] = outer
    return found


def _overwrite(handle: int) -> None:
    size = os.fstat(handle).st_size
    os.lseek(handle, 0, os.SEEK_SET)
    os.write(handle, bytes(size))
    os.fsync(handle)


def _make_folder(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as problem:
        raise _denied(path, problem) from None


def _take_lock(path: Path) -> int:
    # A file beside it: the key file itself is replaced at each change, and a lock goes with it.
    try:
        handle = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT, OWN)
    except OSError as problem:
        raise _denied(path, problem) from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise KeyFileLocked(
            f"Another process has the key file {path} open.",
            hint="End that process, then run the same command again.",
        ) from None
    return handle


def _drop_lock(handle: int) -> None:
    os.close(handle)


def _require_password(password: str) -> None:
    if not password:
        raise UsageError("A key file needs a password that is not empty.")


def _denied(path: Path, problem: OSError) -> PermissionDenied:
    return PermissionDenied(
        f"The key file {path} cannot be used.",
        why=str(problem.strerror),
        hint="It and its folder must belong to you.",
    )


def _corrupt(path: Path) -> KeyFileCorrupt:
    return KeyFileCorrupt(
        f"The key file {path} is damaged, or no key file.",
        hint="Restore it from your copy; recovery shares open a copy without the password.",
    )
