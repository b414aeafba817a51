"""Content ids of files as IPFS gives them: CIDv1, SHA-256, base32.

A file of at most one block is one raw leaf, and the digest in its CID is the file's own SHA-256. A
larger file is cut into blocks, the leaves of a balanced tree (UnixFS in dag-pb) whose root names
the file. That is what Kubo makes of it with ::

    ipfs add --cid-version=1 --raw-leaves --chunker=size-262144 --max-file-links=174

Other settings give the same file another CID: compare files by their hashes, and look for them by
the CID.

Sources: https://github.com/multiformats/cid, https://specs.ipfs.tech/unixfs/,
https://ipld.io/specs/codecs/dag-pb/spec/.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from hashlib import sha256

from crmdapp.errors import UsageError

BLOCK = 262_144
"""Bytes of a leaf; the last one may be shorter."""

FAN_OUT = 174
"""Children of a node at most."""

RAW = 0x55
"""Codec of a leaf: the bytes of the file and nothing else."""

DAG_PB = 0x70
"""Codec of a node: links to its children."""

DIGEST_BYTES = 32
_CODECS = (RAW, DAG_PB)
_SHA2_256 = b"\x12\x20"  # multihash: the function, and the length of its digest
_VERSION = b"\x01"
_BASE32 = "b"  # multibase: RFC 4648 in lower case, without padding
_CID_BYTES = len(_VERSION) + 1 + len(_SHA2_256) + DIGEST_BYTES
_UNIXFS_FILE = b"\x08\x02"  # field 1 (Type) of UnixFS' Data: File


class CidMalformed(UsageError):  # noqa: N818 - named for the problem, like all errors here
    """The text is no CID, or none of the form that works are recorded with."""


@dataclass(frozen=True, slots=True)
class Cid:
    """A content id.

    Attributes:
        codec: What the digest is of: :data:`RAW` or :data:`DAG_PB`.
        digest: SHA-256, 32 bytes.
    """

    codec: int
    digest: bytes

    def __post_init__(self) -> None:
        if self.codec not in _CODECS:
            raise CidMalformed(
                f"A CID of codec 0x{self.codec:x} is not used here.",
                hint="Files have codec raw (0x55) or dag-pb (0x70).",
            )
        if len(self.digest) != DIGEST_BYTES:
            raise CidMalformed(f"A digest has {DIGEST_BYTES} bytes, not {len(self.digest)}.")

    def __bytes__(self) -> bytes:
        return _VERSION + bytes([self.codec]) + _SHA2_256 + self.digest

    def __str__(self) -> str:
        return _BASE32 + base64.b32encode(bytes(self)).decode().rstrip("=").lower()

    @property
    def text(self) -> str:
        """The CID as people pass it on: ``bafkrei...`` for a leaf, ``bafybei...`` for a tree."""
        return str(self)


def cid_of_digest(digest: bytes, codec: int) -> Cid:
    """Return the CID that holds a digest.

    Args:
        digest: SHA-256, 32 bytes.
        codec: :data:`RAW` or :data:`DAG_PB`.

    Raises:
        CidMalformed: The digest has another length, or the codec is another.
    """
    return Cid(codec, bytes(digest))


def cid_of_record(file_sha256: bytes, cid_digest: bytes) -> Cid:
    """Return the CID of a recorded work from the two digests that its record holds.

    They are equal if, and only if, the file is one raw leaf: else the digest is of a node.

    Raises:
        CidMalformed: The digest has not 32 bytes.
    """
    return cid_of_digest(cid_digest, RAW if cid_digest == file_sha256 else DAG_PB)


def parse_cid(text: str) -> Cid:
    """Read a CID; every CID has one text only.

    Raises:
        CidMalformed: It is no CIDv1 in base32 (lower case) with SHA-256 of codec raw or dag-pb.
    """
    if text.startswith("Qm"):
        raise CidMalformed(
            "This is a CID of version 0.",
            why="It is of the file cut in another way, so it cannot be turned into version 1.",
            hint="Add the file anew: ipfs add --cid-version=1 --raw-leaves",
        )
    try:
        data = _from_base32(text)
    except (ValueError, binascii.Error):
        raise _malformed("It is not base32 in lower case after a leading b.") from None
    if len(data) != _CID_BYTES or data[:1] != _VERSION or data[2:4] != _SHA2_256:
        raise _malformed("It is not of version 1 with SHA-256.")
    found = Cid(data[1], data[4:])
    if str(found) != text:
        raise _malformed("Its last character has bits that mean nothing.")
    return found


class CidHasher:
    """Finds the CID of a file that is read in pieces, in bounded memory.

    Holds the running hash of one leaf, and at most 174 links of each level of the tree.

    Args:
        block: Bytes of a leaf.
        fan_out: Children of a node at most, two or more.
    """

    def __init__(self, block: int = BLOCK, fan_out: int = FAN_OUT) -> None:
        self._block = block
        self._fan_out = fan_out
        self._leaf = sha256()
        self._filled = 0  # bytes of the leaf so far
        self._levels: list[list[_Link]] = [[]]

    def update(self, data: bytes) -> None:
        """Take the next bytes of the file, however many."""
        view = memoryview(data)
        while view:
            if self._filled == self._block:
                self._end_leaf()
            piece = view[: self._block - self._filled]
            self._leaf.update(piece)
            self._filled += len(piece)
            view = view[len(piece) :]

    def finish(self) -> Cid:
        """Return the CID of all bytes taken. No more can be taken then."""
        self._end_leaf()
        for level, links in enumerate(self._levels):
            if level + 1 == len(self._levels) and len(links) == 1:
                return links[0].cid
            # A node may have one child: all leaves are equally far from the root. This may append
            # a level, which the loop then reaches.
            self._push(level + 1, _node(links))
        raise AssertionError("the last level of a tree is its root")

    def _end_leaf(self) -> None:
        cid = Cid(RAW, self._leaf.digest())
        self._push(0, _Link(cid, self._filled, self._filled))
        self._leaf = sha256()
        self._filled = 0

    def _push(self, level: int, link: _Link) -> None:
        """Add a link, first emptying a full level into a node of the next."""
        if level == len(self._levels):
            self._levels.append([])
        links = self._levels[level]
        if len(links) == self._fan_out:
            self._push(level + 1, _node(links))
            links.clear()
        links.append(link)


@dataclass(frozen=True, slots=True)
class _Link:
    """A child of a node.

    Attributes:
        cid: Of the child.
        size: Bytes of the file below it.
        stored: Bytes of the child and of all below it, as stored (dag-pb calls it Tsize).
    """

    cid: Cid
    size: int
    stored: int


def _node(links: list[_Link]) -> _Link:
    """Return the link to the node over some children.

    dag-pb writes the links (field 2) before the data (field 1); of a link the hash, the name, here
    empty, and the stored size. UnixFS' data are the type, the size of the file below, and the size
    below each child.
    """
    children = b"".join(
        _field(2, _field(1, bytes(each.cid)) + _field(2, b"") + b"\x18" + _varint(each.stored))
        for each in links
    )
    size = sum(each.size for each in links)
    sizes = b"".join(b"\x20" + _varint(each.size) for each in links)
    encoded = children + _field(1, _UNIXFS_FILE + b"\x18" + _varint(size) + sizes)
    stored = len(encoded) + sum(each.stored for each in links)
    return _Link(Cid(DAG_PB, sha256(encoded).digest()), size, stored)


def _field(number: int, data: bytes) -> bytes:
    """A protobuf field of bytes."""
    return bytes([number << 3 | 2]) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    """A number in groups of seven bits, the lowest first."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _from_base32(text: str) -> bytes:
    if text[:1] != _BASE32 or text != text.lower():
        raise ValueError
    body = text[1:].upper()
    return base64.b32decode(body + "=" * (-len(body) % 8))


def _malformed(why: str) -> CidMalformed:
    return CidMalformed(
        "This is no CID of a file.",
        why=why,
        hint="A CID looks like bafkrei... or bafybei..., 59 characters.",
    )
