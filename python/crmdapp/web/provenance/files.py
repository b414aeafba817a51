"""Files that visitors hand in: held in a private folder while they are looked at, then gone."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath

from fastapi import UploadFile

from crmdapp.errors import UsageError

FILE_MAX = 24 * 1024 * 1024
"""Most bytes of a work's file that this server takes."""


@contextmanager
def held(upload: UploadFile) -> Iterator[Path]:
    """Give an uploaded file a place on the disk for the length of a block.

    Only the ending of its name is kept: it is part of what says what the file is.

    Raises:
        UsageError: It is larger than this server takes.
    """
    ending = PurePath(upload.filename or "").suffix
    safe = ending if ending[1:].isalnum() and len(ending) <= 8 else ""
    with tempfile.TemporaryDirectory(prefix="crmdapp-") as folder:
        path = Path(folder) / f"work{safe}"
        taken = 0
        with path.open("wb") as file:
            path.chmod(0o600)
            while part := upload.file.read(1 << 20):
                taken += len(part)
                if taken > FILE_MAX:
                    raise UsageError(
                        f"The file is larger than {FILE_MAX >> 20} MB.",
                        hint="Take its fingerprint on your own machine: crmdapp gallery submit.",
                    )
                file.write(part)
        yield path
