"""Writing files so that a crash leaves either the old or the new one, never half of one."""

from __future__ import annotations

import errno
import os
import secrets
from contextlib import suppress
from pathlib import Path

from crmdapp.errors import DiskFull

_FULL = (errno.ENOSPC, errno.EDQUOT)


def write_new(path: Path, data: bytes) -> None:
    """Write a file that must not exist yet, mode 0600.

    Raises:
        FileExistsError: It exists; it is left alone.
        DiskFull: The disk is full; nothing is left behind.
        OSError: The folder cannot be written.
    """
    temporary = _write_temporary(path, data, 0o600)
    try:
        os.link(temporary, path)  # unlike rename, fails when the target exists
    except FileExistsError:
        raise
    except OSError:
        # The file system has no hard links: make sure of the name, then move the content there.
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(path.parent)


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
    _sync_folder(path.parent)


def disk_full(path: Path) -> DiskFull:
    """Return the error for a full disk under ``path``."""
    return DiskFull(
        f"The disk is full: {path} could not be written.",
        why="What was written before is intact.",
        hint="Free some space and run the same command again.",
    )


def _write_temporary(path: Path, data: bytes, mode: int) -> Path:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as problem:
        with suppress(OSError):
            temporary.unlink()
        if problem.errno in _FULL:
            raise disk_full(path) from None
        raise
    return temporary


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
