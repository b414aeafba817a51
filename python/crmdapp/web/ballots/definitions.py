"""The definitions that a server shows: words of elections and polls, kept by the hash on chain.

The chain has hashes and numbers only. A definition is kept here once it is known to be that of an
election or poll, so the shelf holds nothing that somebody did not commit to on chain, and what
stands on it is checked again whenever it is read.
"""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from crmdapp.ballots.definition import Definition, read_definition
from crmdapp.ballots.poll_definition import PollDefinition, read_poll
from crmdapp.chain._files import write_new
from crmdapp.chain._keccak import keccak
from crmdapp.errors import CrmdappError, PermissionDenied

FOLDER = "definitions"


class DefinitionShelf:
    """A folder of definitions in canonical JSON, each named by its hash.

    Args:
        folder: Where; made when the first definition comes.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._election = lru_cache(maxsize=256)(self._read_election)
        self._poll = lru_cache(maxsize=256)(self._read_poll)

    def keep(self, definition: Definition | PollDefinition) -> None:
        """Keep a definition that an election or a poll on chain has the hash of.

        Raises:
            PermissionDenied: The folder cannot be written.
            DiskFull: The disk is full; nothing is left behind.
        """
        path = self._path(definition.hash)
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with suppress(FileExistsError):
                write_new(path, definition.canonical)
        except OSError as problem:
            raise PermissionDenied(
                f"The folder {path.parent.name} of definitions cannot be written.",
                why=str(problem.strerror),
            ) from None

    def election(self, digest: bytes) -> Definition | None:
        """Return an election's definition; ``None`` if it was not published here."""
        return self._election(digest) if self._path(digest).exists() else None

    def poll(self, digest: bytes) -> PollDefinition | None:
        """Return a poll's definition; ``None`` if it was not published here."""
        return self._poll(digest) if self._path(digest).exists() else None

    def _read_election(self, digest: bytes) -> Definition | None:
        data = self._data(digest)
        try:
            return None if data is None else read_definition(data)
        except CrmdappError:
            return None  # it is a poll's

    def _read_poll(self, digest: bytes) -> PollDefinition | None:
        data = self._data(digest)
        try:
            return None if data is None else read_poll(data)
        except CrmdappError:
            return None  # it is an election's

    def _data(self, digest: bytes) -> bytes | None:
        """Return the bytes of a file that still has its hash; a changed one is not believed."""
        try:
            data = self._path(digest).read_bytes()
        except OSError:
            return None
        return data if keccak(data) == digest else None

    def _path(self, digest: bytes) -> Path:
        return self._folder / f"{digest.hex()}.json"
