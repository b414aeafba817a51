"""Which key a command acts with, and the password that opens it."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmdapp.config import PRIVATE_KEY_VARIABLE, Config
from crmdapp.errors import KeystoreLocked, KeystoreMissing, PermissionDenied, UsageError

if TYPE_CHECKING:
    from crmdapp.chain.accounts import Keystore, LocalSigner
    from crmdapp.cli._output import Output

_MOST_PASSWORD_BYTES = 4096


class KeyFileSigner:
    """A key file that is opened when something has to be signed, not before.

    Args:
        keystore: Where the file is.
        name: Its name.
        password: Gives the password of the key of that name.
    """

    def __init__(self, keystore: Keystore, name: str, password: Callable[[str], str]) -> None:
        self.name = name
        self._keystore = keystore
        self._password = password
        self._address = keystore.show(name).address
        self._signer: LocalSigner | None = None

    @property
    def address(self) -> str:
        """The checksummed address."""
        return self._address

    def unlock(self) -> LocalSigner:
        """Return the signer, asking for the password the first time."""
        if self._signer is None:
            self._signer = self._keystore.unlock(self.name, self._password(self.name))
        return self._signer

    def sign_transaction(self, tx: dict[str, Any]) -> bytes:
        """Return the raw signed transaction."""
        return self.unlock().sign_transaction(tx)

    def sign_digest(self, digest: bytes) -> bytes:
        """Return the signature of 32 bytes."""
        return self.unlock().sign_digest(digest)


class EnvironmentSigner:
    """The key in ``CRMDAPP_PRIVATE_KEY``."""

    name = PRIVATE_KEY_VARIABLE

    def __init__(self) -> None:
        from crmdapp.chain.accounts import signer_from_environment

        self._signer = signer_from_environment()

    @property
    def address(self) -> str:
        """The checksummed address."""
        return self._signer.address

    def unlock(self) -> LocalSigner:
        """Return the signer; there is no password."""
        return self._signer

    def sign_transaction(self, tx: dict[str, Any]) -> bytes:
        """Return the raw signed transaction."""
        return self._signer.sign_transaction(tx)

    def sign_digest(self, digest: bytes) -> bytes:
        """Return the signature of 32 bytes."""
        return self._signer.sign_digest(digest)


def choose_signer(
    config: Config,
    keystore: Keystore,
    password: Callable[[str], str],
    environ: Mapping[str, str] | None = None,
) -> KeyFileSigner | EnvironmentSigner:
    """Return the signer a command acts with.

    ``--account`` wins over the raw key in the environment, which wins over an account named in the
    environment or a settings file; the only key in the keystore needs no name.

    Raises:
        KeystoreMissing: There is none, or there are several and none is named.
        PrivateKeyInvalid: ``CRMDAPP_PRIVATE_KEY`` is not a private key.
    """
    environ = os.environ if environ is None else environ
    raw = environ.get(PRIVATE_KEY_VARIABLE, "").strip()
    if raw and config.sources.get("account") != "flag":
        return EnvironmentSigner()
    if config.account is not None:
        return KeyFileSigner(keystore, key_name(keystore, config.account), password)
    found = keystore.list()
    if len(found) == 1:
        return KeyFileSigner(keystore, found[0].name, password)
    if not found:
        raise KeystoreMissing(
            "There is no key to act with.",
            why=f"{keystore.directory} holds none, and {PRIVATE_KEY_VARIABLE} is not set.",
            hint="Make one: crmdapp account new NAME",
        )
    raise KeystoreMissing(
        "Which key should act?",
        why="The keystore holds " + ", ".join(item.name for item in found) + ".",
        hint=f"Name one: --account {found[0].name}",
    )


def key_name(keystore: Keystore, account: str) -> str:
    """Return the name of the key that ``account``, a name or an address, means.

    Raises:
        KeystoreMissing: No key has that address.
    """
    if not account.lower().startswith("0x"):
        return account
    for item in keystore.list():
        if item.address.lower() == account.lower():
            return item.name
    raise KeystoreMissing(
        f"No key file opens {account}.", hint="See which there are: crmdapp account list"
    )


def read_password_file(path: Path) -> str:
    """Return the first line of a password file.

    Raises:
        UsageError: There is no such file, or its first line is empty.
        PermissionDenied: It cannot be read.
    """
    try:
        with path.open("rb") as file:
            line = file.read(_MOST_PASSWORD_BYTES).split(b"\n", 1)[0].removesuffix(b"\r")
    except FileNotFoundError:
        raise UsageError(
            f"There is no password file {path}.", hint="Check --password-file."
        ) from None
    except OSError as problem:
        raise PermissionDenied(
            f"The password file {path} cannot be read.", why=str(problem.strerror)
        ) from None
    try:
        password = line.decode()
    except UnicodeDecodeError:
        raise UsageError(f"The password file {path} is not UTF-8 text.") from None
    if not password:
        raise UsageError(f"The first line of the password file {path} is empty.")
    return password


def is_open_to_others(path: Path) -> bool:
    """Return whether people other than the owner may read the file."""
    return os.name == "posix" and bool(path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))


def ask_password(config: Config, out: Output, name: str) -> str:
    """Return the password of the key ``name``, from the file or the terminal.

    Raises:
        KeystoreLocked: There is neither.
    """
    if config.password_file is not None:
        return read_password_file(config.password_file)
    if not out.has_terminal:
        raise _locked(name)
    from getpass import getpass

    return getpass(f"Password of {name}: ")


def ask_new_password(config: Config, out: Output, name: str) -> str:
    """Return a password for a new key ``name``: from the file, or typed twice.

    Raises:
        KeystoreLocked: There is neither file nor terminal.
        UsageError: The two differ, or nothing was typed.
    """
    if config.password_file is not None:
        return read_password_file(config.password_file)
    if not out.has_terminal:
        raise _locked(name)
    from getpass import getpass

    password = getpass(f"New password of {name}: ")
    if not password:
        raise UsageError("A key file needs a password that is not empty.")
    if getpass("The same again: ") != password:
        raise UsageError("The two passwords differ.", hint="Nothing was written; try again.")
    return password


def _locked(name: str) -> KeystoreLocked:
    return KeystoreLocked(
        f"The key {name!r} needs a password.",
        why="There is no terminal to ask on and no password file.",
        hint="Give --password-file FILE, or set CRMDAPP_PASSWORD_FILE.",
    )
