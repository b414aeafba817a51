"""What a work's record says of its file: hashes, content id, and how the picture looks.

The file is read once, in pieces, for all its hashes, so its size does not matter. A picture is
then decoded and hashed by its looks (see :mod:`crmdapp.provenance.perceptual`). Music, texts, 3D
models and pictures in formats that are not decoded can be recorded as well: they have the
perceptual hash 0, which no picture has and which is near to nothing.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from crmdapp.chain._keccak import new_keccak
from crmdapp.errors import FileChanged, FileRejected, UsageError
from crmdapp.provenance._media_types import HEAD_BYTES, UNKNOWN, claimed_types, media_type_of
from crmdapp.provenance.cid import CidHasher
from crmdapp.provenance.near import NO_PHASH
from crmdapp.provenance.perceptual import (
    FORMATS,
    ImageUnreadable,
    Picture,
    look_at,
)

Progress = Callable[[int, int], None]
"""Called with the bytes hashed so far, and those of the whole file."""

_PIECE = 1 << 20  # bytes read at once


class FileEmpty(FileRejected):
    """The file has no bytes."""


class MediaTypeMismatch(FileRejected):
    """The file's name says that it is something else than its bytes are.

    Args:
        message: What happened.
        claimed: Media type that the name stands for.
        found: Media type of the bytes.
    """

    def __init__(
        self,
        message: str = "",
        *,
        claimed: str = "",
        found: str = "",
        why: str = "",
        hint: str = "",
    ) -> None:
        super().__init__(message, why=why, hint=hint)
        self.claimed = claimed
        self.found = found


@dataclass(frozen=True, slots=True)
class FileHashes:
    """What identifies a file, whatever is in it.

    Attributes:
        size: Bytes of the file.
        keccak: Ethereum's Keccak-256, 32 bytes. Names the token.
        sha256: SHA-256, 32 bytes.
        cid: CIDv1, see :mod:`crmdapp.provenance.cid`.
        cid_digest: The digest in the CID, 32 bytes: of a file in one block the same as `sha256`.
        media_type: By the first bytes, whatever the file's name is;
            ``application/octet-stream`` if they are of no known kind.
    """

    size: int
    keccak: bytes
    sha256: bytes
    cid: str
    cid_digest: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Fingerprint(FileHashes):
    """What identifies a work's file, and what its picture looks like.

    Attributes:
        width: Pixels, as it is displayed; 0 if the file is no picture that is decoded.
        height: Likewise.
        frames: Pictures in the file, more than 1 if it is animated or has pages; 0 likewise.
        phash: Perceptual hash of the first picture, 64 bits; 0 likewise.
        variants: Perceptual hashes of the picture as it is (`phash` again), turned and mirrored,
            in the order of :data:`crmdapp.provenance.perceptual.VARIANTS`; none likewise.
    """

    width: int
    height: int
    frames: int
    phash: int
    variants: tuple[int, ...]


def hash_file(path: Path, *, progress: Progress | None = None) -> FileHashes:
    """Hash a file of any size and kind in one pass, in bounded memory.

    Args:
        path: The file.
        progress: Called after each MiB.

    Raises:
        UsageError: It cannot be read, or is no file.
        FileEmpty: It has no bytes.
        FileChanged: It was written to meanwhile.
    """
    with _opened(path) as file:
        return _hashed(file, path.name, progress)


def fingerprint(path: Path, *, progress: Progress | None = None) -> Fingerprint:
    """Hash a work's file, and its picture by its looks if it is one.

    Args:
        path: The file.
        progress: Called after each MiB that is hashed.

    Raises:
        UsageError: It cannot be read, or is no file.
        FileEmpty: It has no bytes.
        FileChanged: It was written to meanwhile.
        MediaTypeMismatch: Its name stands for another kind of file than it is.
        PillowMissing: It is a picture, and the extra ``art`` is not installed.
        ImageUnreadable: It is called a picture, and is none or a damaged one.
        ImageTruncated: The picture's end is missing.
        ImageTooLarge: It has more pixels than are decoded.
    """
    with _opened(path) as file:
        size = os.fstat(file.fileno()).st_size
        found = media_type_of(file.read(HEAD_BYTES))
        _require_agreement(path.name, found, size)
        picture = Picture(0, 0, 0, ())
        if found in FORMATS:
            # First, because hashing may take long, and what cannot be decoded is not hashed.
            picture = look_at(file, found, name=path.name, size=size)
        hashes = _hashed(file, path.name, progress)
    return Fingerprint(
        **{each.name: getattr(hashes, each.name) for each in fields(hashes)},
        width=picture.width,
        height=picture.height,
        frames=picture.frames,
        phash=picture.variants[0] if picture.variants else NO_PHASH,
        variants=picture.variants,
    )


def _hashed(file: BinaryIO, name: str, progress: Progress | None) -> FileHashes:
    total = os.fstat(file.fileno()).st_size
    keccak, plain, tree = new_keccak(), sha256(), CidHasher()
    size, head = 0, b""
    file.seek(0)
    while piece := file.read(_PIECE):
        head = head or piece[:HEAD_BYTES]
        keccak.update(piece)
        plain.update(piece)
        tree.update(piece)
        size += len(piece)
        if progress is not None:
            progress(size, total)
    if size == 0:
        raise FileEmpty(f"{name} is empty.", hint="Copy or download the file again.")
    cid = tree.finish()
    return FileHashes(
        size=size,
        keccak=keccak.digest(),
        sha256=plain.digest(),
        cid=cid.text,
        cid_digest=cid.digest,
        media_type=media_type_of(head),
    )


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file for reading, and check in the end that nobody wrote to it meanwhile."""
    try:
        # A pipe would wait for its other end already here.
        if not stat.S_ISREG(path.stat().st_mode):
            raise UsageError(f"{path.name} is not a file.", hint="Name the file of the work.")
        file = path.open("rb")
    except OSError as problem:
        raise UsageError(
            f"{path.name} cannot be read: {problem.strerror}.",
            hint="Check its name and permissions.",
        ) from None
    with file:
        before = _state(file)
        yield file
        if _state(file) != before:
            raise FileChanged(
                f"{path.name} was written to while it was read.",
                hint="Wait until the program that writes it has finished.",
            )


def _state(file: BinaryIO) -> tuple[int, int]:
    found = os.fstat(file.fileno())
    return found.st_size, found.st_mtime_ns


def _require_agreement(name: str, found: str, size: int) -> None:
    """Check that the file is what its name says, as far as its ending is known."""
    claimed = claimed_types(name)
    if not claimed or found in claimed or size == 0:
        return
    if found == UNKNOWN:
        if claimed[0] in FORMATS:
            raise ImageUnreadable(
                f"{name} is called a picture, but begins like none.",
                hint="Copy or download the file again, or save it anew in a picture editor.",
            )
        return  # sound and video begin in more ways than are known here
    raise MediaTypeMismatch(
        f"{name} is called {claimed[0]}, but is {found}.",
        claimed=claimed[0],
        found=found,
        why="Viewers that go by the name would not show it.",
        hint="Name the file by what it is.",
    )
