"""Writing files so that a crash leaves either the old or the new one, never half of one."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from crmdapp.errors import DiskFull, PermissionDenied, UsageError

_FULL = (errno.ENOSPC, errno.EDQUOT)


OWN = 0o600
"""Mode of a file that only its owner may read."""

SHARED = 0o666
"""Mode of a file that others may read, as far as the user's umask lets them."""


def create(path: Path, data: bytes | Iterable[bytes], *, mode: int = SHARED) -> None:
    """Write a file that must not exist yet, whole or not at all, saying what is in the way.

    Pieces are taken one at a time; if that fails, nothing is left behind either.

    Raises:
        UsageError: There is such a file already, or no such folder.
        PermissionDenied: The folder cannot be written.
        DiskFull: The disk is full; nothing is left behind.
    """
    require_creatable(path)
    try:
        write_new(path, data, mode=mode)
    except FileExistsError:
        raise _taken(path) from None
    except FileNotFoundError:
        raise _homeless(path) from None
    except OSError as problem:
        raise PermissionDenied(f"{path} cannot be written.", why=str(problem.strerror)) from None


def require_creatable(path: Path) -> None:
    """Check that :func:`create` could make the file now.

    Raises:
        UsageError: There is such a file already, or no such folder.
    """
    if path.exists() or path.is_symlink():
        raise _taken(path)
    if not path.parent.is_dir():
        raise _homeless(path)


def write_new(path: Path, data: bytes | Iterable[bytes], *, mode: int = OWN) -> None:
    """Write a file that must not exist yet.

    Raises:
        FileExistsError: It exists; it is left alone.
        DiskFull: The disk is full; nothing is left behind.
        OSError: The folder cannot be written.
    """
    temporary = _write_temporary(path, data, mode)
    try:
        os.link(temporary, path)  # unlike rename, fails when the target exists
    except FileExistsError:
        raise
    except OSError:
        # The file system has no hard links: make sure of the name, then move the content there.
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode))
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def replace(path: Path, data: bytes) -> None:
    """Write a file whole, replacing what was there.

    Raises:
        DiskFull: The disk is full; the old file is unchanged.
        OSError: The folder cannot be written.
    """
    temporary = _write_temporary(path, data, 0o644)
    try:
        temporary.replace(path)
    except OSError:
        with suppress(OSError):
            temporary.unlink()
        raise
    sync_folder(path.parent)


def disk_full(path: Path) -> DiskFull:
    """Return the error for a full disk under ``path``."""
    return DiskFull(
        f"The disk is full: {path} could not be written.",
        why="What was written before is intact.",
        hint="Free some space and run the same command again.",
    )


def _taken(path: Path) -> UsageError:
    return UsageError(f"There is a file {path} already.", hint="Choose another name.")


def _homeless(path: Path) -> UsageError:
    return UsageError(f"There is no folder {path.parent}.", hint="Make it first.")


def _write_temporary(path: Path, data: bytes | Iterable[bytes], mode: int) -> Path:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines([data] if isinstance(data, bytes) else data)
            file.flush()
            os.fsync(file.fileno())
    except BaseException as problem:
        with suppress(OSError):
            temporary.unlink()
        if isinstance(problem, OSError) and problem.errno in _FULL:
            raise disk_full(path) from None
        raise
    return temporary


def sync_folder(folder: Path) -> None:
    """Put the names in a folder on the disk, so that a rename survives a power cut."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
