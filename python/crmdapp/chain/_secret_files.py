"""Files that hold one secret key: made once, readable by their owner alone, never quoted."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

from crmdapp.chain._files import OWN, create
from crmdapp.errors import KeyProblem, PermissionDenied

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_SIZE_MAX = 4096


def create_secret(path: Path, kind: str, secret: bytes) -> None:
    """Write a secret to a new file with mode 0600, whole or not at all.

    Args:
        path: The file; never one that exists.
        kind: What it is, such as ``"pepper"``.
        secret: The key.

    Raises:
        UsageError: There is such a file already, or no such folder.
        PermissionDenied: The folder cannot be written.
        DiskFull: The disk is full; nothing is left behind.
    """
    body = {"crmdapp": kind, "version": 1, "key": secret.hex()}
    create(path, json.dumps(body, indent=2).encode() + b"\n", mode=OWN)


def read_secret(
    path: Path, kind: str, *, missing: type[KeyProblem], corrupt: type[KeyProblem]
) -> bytes:
    """Return the 32 bytes of a file that :func:`create_secret` made.

    Args:
        path: The file.
        kind: What it must be.
        missing: Raised if there is no such file.
        corrupt: Raised if it holds something else.

    Raises:
        PermissionDenied: It cannot be read, or others than its owner can read it.
    """
    absent = missing(
        f"There is no {kind} file {path}.",
        hint=f"Name the file with your {kind}, or put back the copy you keep of it.",
    )
    key = _key_in(read_private(path, kind, absent), kind)
    if key is None:  # outside of any handler: no exception may carry the content along
        raise corrupt(
            f"{path} is not a {kind} file.",
            why="It was cut off, changed, or made for something else.",
            hint="Put back the copy you keep of it.",
        )
    return key


def read_private(path: Path, kind: str, absent: KeyProblem) -> bytes:
    """Return what a small file holds, if nobody but its owner can read it.

    Args:
        path: The file; what is beyond 4 KiB and a byte of it is left out.
        kind: What it is, as it stands in messages.
        absent: Raised if there is no such file.

    Raises:
        PermissionDenied: It cannot be read, or others than its owner can read it.
    """
    try:
        with path.open("rb") as file:
            # Of the open file, not of the name, which could lead elsewhere a moment later.
            mode = os.fstat(file.fileno()).st_mode
            if os.name == "posix" and mode & _OTHERS:
                raise PermissionDenied(
                    f"Others than you can read {path}.",
                    why=f"Its mode is {stat.S_IMODE(mode):04o}; a {kind} is a secret.",
                    hint=f"Run: chmod 600 {path}. If others have read it, replace the {kind}.",
                )
            return file.read(_SIZE_MAX + 1)
    except FileNotFoundError:
        raise absent from None
    except OSError as problem:
        raise PermissionDenied(f"{path} cannot be read.", why=str(problem.strerror)) from None


def _key_in(data: bytes, kind: str) -> bytes | None:
    try:
        body = json.loads(data)
        key = bytes.fromhex(body["key"])
        right = (body["crmdapp"], body["version"]) == (kind, 1)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return key if right and len(key) == 32 and len(data) <= _SIZE_MAX else None
