"""Where a mirror gets files from: folders, web addresses, IPFS gateways. None of them is believed.

What a source hands over is kept in a temporary file, measured and hashed; only the very file that
was recorded gets a place in the mirror.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from crmdapp.chain._files import disk_full
from crmdapp.errors import CrmdappError, UsageError
from crmdapp.provenance.cid import cid_of_record
from crmdapp.provenance.fingerprints import hash_file
from crmdapp.provenance.submission import METADATA_MAX, ArtworkMetadata, Submission

if TYPE_CHECKING:
    from crmdapp.provenance.artwork_intents import Artwork

PIECE = 1 << 20
"""Bytes read at once."""

_TIMEOUT = 30.0
_PLACES = ("{cid}", "{keccak}", "{sha256}", "{id}")


class SourceRefused(CrmdappError):  # noqa: N818 - named for the problem, like all errors here
    """A source does not have a file, or could not be asked."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file that a mirror wants.

    Attributes:
        id: The work.
        cid: Its CID, as text.
        keccak: keccak256, 32 bytes.
        sha256: SHA-256, 32 bytes.
        cid_digest: Digest in the CID, 32 bytes.
        metadata_hash: SHA-256 of the metadata.
    """

    id: int
    cid: str
    keccak: bytes
    sha256: bytes
    cid_digest: bytes
    metadata_hash: bytes

    @classmethod
    def of(cls, id_: int, artwork: Artwork) -> Wanted:
        """Return what is wanted of a work."""
        cid = cid_of_record(artwork.file_sha256, artwork.cid_digest).text
        return cls(
            id_,
            cid,
            artwork.file_keccak,
            artwork.file_sha256,
            artwork.cid_digest,
            artwork.metadata_hash,
        )

    def is_file(self, path: Path) -> bool:
        """Return whether a file is the one that was recorded; all of its hashes say so."""
        found = hash_file(path)
        return (found.keccak, found.sha256, found.cid_digest) == (
            self.keccak,
            self.sha256,
            self.cid_digest,
        )


class Source(Protocol):
    """Somewhere that may have files of works."""

    @property
    def name(self) -> str:
        """What people call it."""

    def fetch(self, wanted: Wanted, to: Path, most: int) -> None:
        """Write what it has under the file's names to a new file.

        Raises:
            SourceRefused: It has none, or one of more than ``most`` bytes.
        """

    def metadata(self, wanted: Wanted) -> bytes | None:
        """Return metadata in canonical form, if it has some with the recorded hash."""


class WebSource:
    """An IPFS gateway, or a web address under which files are served.

    Args:
        base: Such as ``https://ipfs.io/ipfs/``, to which the CID is appended; or an address with
            ``{cid}``, ``{keccak}``, ``{sha256}`` or ``{id}`` in it.

    Raises:
        UsageError: It is no http or https address.
    """

    def __init__(self, base: str) -> None:
        if not base.startswith(("http://", "https://")):
            raise UsageError(f"{base!r} is no web address.", hint="Begin it with https://")
        self._base = base
        self._metadata = base.split("{", 1)[0].rstrip("/") + "/metadata/{sha256}.json"
        if not any(place in base for place in _PLACES):
            self._base = base.rstrip("/") + "/{cid}"

    @property
    def name(self) -> str:
        """Its address, without what may be secret in it."""
        from crmdapp.chain import redact_url

        return redact_url(self._base.split("{", 1)[0])

    def fetch(self, wanted: Wanted, to: Path, most: int) -> None:
        """Download a file, stopping when it is larger than it may be."""
        url = self._base.format(
            cid=wanted.cid,
            keccak=wanted.keccak.hex(),
            sha256=wanted.sha256.hex(),
            id=f"{wanted.id:064x}",
        )
        _write(to, self._pieces(url, most))

    def metadata(self, wanted: Wanted) -> bytes | None:
        """Download metadata from the folder ``metadata`` beside the files."""
        url = self._metadata.format(sha256=wanted.metadata_hash.hex())
        try:
            data = b"".join(self._pieces(url, METADATA_MAX))
        except SourceRefused:
            return None
        return data if sha256(data).digest() == wanted.metadata_hash else None

    def _pieces(self, url: str, most: int) -> Iterator[bytes]:
        import requests

        size = 0
        try:
            with requests.get(url, stream=True, timeout=_TIMEOUT) as answer:
                if answer.status_code != 200:
                    raise SourceRefused(f"{self.name} answered {answer.status_code}.")
                for piece in answer.iter_content(PIECE):
                    size += len(piece)
                    if size > most:
                        raise SourceRefused(f"{self.name} sent more than {most:,} bytes.")
                    yield piece
        except requests.RequestException as problem:
            # Its text would repeat the address, and what may be secret in it.
            raise SourceRefused(f"{self.name}: {type(problem).__name__}.") from None


class FolderSource:
    """A folder of files under any names, and of submissions. Looked through once.

    Args:
        folder: The folder.

    Raises:
        UsageError: There is no such folder.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise UsageError(f"There is no folder {folder}.")
        self._folder = folder
        self._by_digest: dict[bytes, Path] | None = None
        self._told: dict[bytes, bytes] = {}

    @property
    def name(self) -> str:
        """Its path."""
        return str(self._folder)

    def fetch(self, wanted: Wanted, to: Path, most: int) -> None:
        """Copy a file, found by its SHA-256 or, where it is not genuine, by its CID as name."""
        named = self._folder / wanted.cid
        path = self._found.get(wanted.sha256, named if named.is_file() else None)
        if path is None:
            raise SourceRefused(f"{self.name} has no such file.")
        if path.stat().st_size > most:
            raise SourceRefused(f"{path} has more than {most:,} bytes.")
        with path.open("rb") as file:
            _write(to, iter(lambda: file.read(PIECE), b""))

    def metadata(self, wanted: Wanted) -> bytes | None:
        """Return metadata from a submission, or a file of metadata."""
        _ = self._found
        return self._told.get(wanted.metadata_hash)

    @property
    def _found(self) -> dict[bytes, Path]:
        if self._by_digest is None:
            self._by_digest = {}
            for path in sorted(self._folder.rglob("*")):
                if path.is_file() and not path.is_symlink():
                    self._take(path)
        return self._by_digest

    def _take(self, path: Path) -> None:
        assert self._by_digest is not None  # said by the caller
        digest = sha256()
        with suppress(OSError), path.open("rb") as file:
            while piece := file.read(PIECE):
                digest.update(piece)
        self._by_digest[digest.digest()] = path
        if path.suffix == ".json" and path.stat().st_size <= 4 * METADATA_MAX:
            told = _metadata_in(path.read_bytes())
            if told is not None:
                self._told[sha256(told).digest()] = told


def source_of(text: str) -> Source:
    """Return the source that a person named: a web address, or a folder.

    Raises:
        UsageError: It is neither.
    """
    if text.startswith(("http://", "https://")):
        return WebSource(text)
    return FolderSource(Path(text))


def _metadata_in(data: bytes) -> bytes | None:
    """Return the metadata in a submission, or in a file of their own, in canonical form."""
    try:
        return Submission.from_json(data).metadata.canonical()
    except CrmdappError:
        pass
    try:
        return ArtworkMetadata.from_json(data).canonical()
    except CrmdappError:
        return None


def _write(path: Path, pieces: Iterator[bytes]) -> None:
    """Write a new file piece by piece; what is there after a fault is the caller's to remove."""
    import errno

    try:
        with path.open("xb") as file:
            for piece in pieces:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
    except OSError as problem:
        if problem.errno in (errno.ENOSPC, errno.EDQUOT):
            raise disk_full(path) from None
        raise SourceRefused(f"{path.name} cannot be copied: {problem.strerror}.") from None
