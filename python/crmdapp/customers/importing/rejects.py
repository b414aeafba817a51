"""The file of what was not imported: line, field and reason; never a value.

It is written as the import goes, so it is there after a crash as well. It begins with the hash of
the file it is about, and a continued import goes on at the same length that the store remembers.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from crmdapp.chain._files import disk_full
from crmdapp.errors import FileFault, PermissionDenied, UsageError

__all__ = ["RejectsFile"]

HEADING = ("line", "field", "reason")
_OWN = 0o600


class RejectsFile:
    """A CSV that grows.

    Args:
        path: The file; ``None`` if rejects are only counted.
        length: How many bytes of it count; what is behind them was written by a run that died
            before it was recorded, and is written again.
        again: Whether an earlier run has begun the file.

    Raises:
        UsageError: It is there already and no earlier run began it, or its folder is missing.
        PermissionDenied: It cannot be written.
    """

    def __init__(self, path: Path | None, length: int = 0, *, again: bool = False) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        if path is None:
            return
        self._file = _open(path, length, again)
        self._file.seek(length)
        self._file.truncate()
        if length == 0:
            self._write([HEADING])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, faults: Sequence[FileFault]) -> None:
        """Append faults; they are on the disk after :meth:`sync`.

        Raises:
            DiskFull: The disk is full.
        """
        if self._file is not None and faults:
            self._write([(str(fault.line), fault.field, fault.reason) for fault in faults])

    def sync(self) -> int:
        """Bring what was added to the disk and return the length.

        Raises:
            DiskFull: The disk is full.
        """
        if self._file is None or self._path is None:
            return 0
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError:
            raise disk_full(self._path) from None
        return self._file.tell()

    def _write(self, rows: Sequence[Sequence[str]]) -> None:
        assert self._file is not None
        assert self._path is not None
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(rows)
        try:
            self._file.write(text.getvalue().encode())
        except OSError:
            raise disk_full(self._path) from None


def _open(path: Path, length: int, again: bool) -> BinaryIO:
    flags = os.O_RDWR
    if length == 0:
        flags |= os.O_CREAT | (0 if again else os.O_EXCL)
    try:
        handle = os.open(path, flags, _OWN)
    except FileExistsError:
        raise UsageError(
            f"There is a file {path} already.", hint="Choose another name for the rejects."
        ) from None
    except FileNotFoundError:
        missing = path if length else path.parent
        raise UsageError(
            f"There is no {missing}.",
            hint="Name the rejects file of the import that is continued, or make the folder.",
        ) from None
    except OSError as problem:
        raise PermissionDenied(f"{path} cannot be written.", why=str(problem.strerror)) from None
    return os.fdopen(handle, "r+b")
