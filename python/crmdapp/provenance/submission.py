"""A work on its way to the gallery: its file, what is told about it, and the artist's signature.

The artist fingerprints the file, writes the metadata and signs; the result is one JSON file. A
curator takes that and the work's file and recomputes every hash before approving: what stands in a
submission is a claim until then.

Source: ERC-721 (metadata), RFC 8785 (canonical JSON).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from crmdapp.chain._signed_json import JsonFields
from crmdapp.chain.canonical_json import canonical_json
from crmdapp.chain.signed import unix_seconds
from crmdapp.errors import UsageError, VerificationFailed
from crmdapp.provenance.artwork_intents import Artwork, SignedArtwork, sign_artwork

if TYPE_CHECKING:
    from datetime import datetime

    from crmdapp.chain.accounts import Signer
    from crmdapp.chain.typed_data import Domain
    from crmdapp.provenance.fingerprints import Fingerprint

TEXT_MAX = 10_000
"""Most characters of a field of the metadata."""

METADATA_MAX = 64 * 1024
"""Most bytes of metadata in canonical form."""


class SubmissionMismatch(VerificationFailed):
    """A submission says something of a file that is not so.

    Args:
        message: What happened.
        field: What of the submission differs, such as ``"pHash"``.
        stated: What the submission says.
        found: What the file gives.
    """

    def __init__(
        self,
        message: str = "",
        *,
        field: str = "",
        stated: str = "",
        found: str = "",
        why: str = "",
        hint: str = "",
    ) -> None:
        super().__init__(message, why=why, hint=hint)
        self.field = field
        self.stated = stated
        self.found = found


@dataclass(frozen=True, slots=True)
class ArtworkMetadata:
    """What is told about a work; its SHA-256 stands in the record.

    Attributes:
        name: Title.
        artist: Name as the artist chooses.
        year: When it was made, as the artist writes it; may be empty.
        medium: Such as ``"oil on canvas"``; may be empty.
        dimensions: Such as ``"60 x 80 cm"``; may be empty.
        description: May be empty.
        media_type: Of the file.
        file_size: Bytes of the file.
        cid: CIDv1 of the file.
    """

    name: str
    artist: str
    year: str
    medium: str
    dimensions: str
    description: str
    media_type: str
    file_size: int
    cid: str

    _MEMBERS: ClassVar[Mapping[str, str]] = {
        "name": "name",
        "artist": "artist",
        "year": "year",
        "medium": "medium",
        "dimensions": "dimensions",
        "description": "description",
        "mediaType": "media_type",
        "cid": "cid",
    }

    def to_json(self) -> dict[str, Any]:
        """Return the metadata as wallets and marketplaces read them (ERC-721)."""
        told = {
            name: getattr(self, attribute)
            for name, attribute in self._MEMBERS.items()
            if getattr(self, attribute)
        }
        shown = "image" if self.media_type.startswith("image/") else "animation_url"
        return {**told, "fileSize": self.file_size, shown: f"ipfs://{self.cid}"}

    def canonical(self) -> bytes:
        """Return the one form whose SHA-256 is recorded (RFC 8785)."""
        return canonical_json(self.to_json())

    @property
    def hash(self) -> bytes:
        """SHA-256 of the canonical form, 32 bytes."""
        return sha256(self.canonical()).digest()

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str | bytes) -> ArtworkMetadata:
        """Return the metadata that :meth:`to_json` gave.

        Raises:
            UsageError: They are something else; the message names the field.
        """
        fields = JsonFields.parse(data, "metadata")
        told = {
            attribute: fields.text(name) if fields.has(name) else ""
            for name, attribute in cls._MEMBERS.items()
        }
        found = cls(**told, file_size=fields.whole("fileSize", (1 << 53) - 1))
        fields.require_only(found.to_json())
        return require_metadata(found)


@dataclass(frozen=True, slots=True)
class Submission:
    """A work as its artist hands it in.

    Attributes:
        signed: The record, signed.
        metadata: What is told about the work.
    """

    FORMAT: ClassVar[str] = "crmdapp-submission/1"

    signed: SignedArtwork
    metadata: ArtworkMetadata

    @property
    def artwork(self) -> Artwork:
        """The record."""
        return self.signed.artwork

    def to_json(self) -> dict[str, Any]:
        """Return the submission as its file has it."""
        return {
            "format": self.FORMAT,
            "artwork": self.signed.to_json(),
            "metadata": self.metadata.to_json(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str | bytes) -> Submission:
        """Return the submission in a file, its parts checked against each other.

        Raises:
            UsageError: It is no submission; the message names the field.
            SubmissionMismatch: The metadata are not the ones that were signed.
        """
        fields = JsonFields.parse(data, "submission")
        if fields.text("format") != cls.FORMAT:
            raise UsageError(f"This is no submission in the format {cls.FORMAT}.")
        signed = SignedArtwork.from_json(fields.value("artwork"))
        metadata = ArtworkMetadata.from_json(fields.value("metadata"))
        _require("metadataHash", signed.artwork.metadata_hash, metadata.hash)
        return cls(signed, metadata)

    def require_of(self, found: Fingerprint) -> None:
        """Check every claim about the file against its own fingerprint.

        Args:
            found: Recomputed from the file by who checks.

        Raises:
            SubmissionMismatch: One is not so; it says which.
        """
        artwork, metadata = self.artwork, self.metadata
        _require("fileKeccak", artwork.file_keccak, found.keccak)
        _require("fileSha256", artwork.file_sha256, found.sha256)
        _require("cidDigest", artwork.cid_digest, found.cid_digest)
        _require("pHash", artwork.p_hash, found.phash)
        _require("metadataHash", artwork.metadata_hash, metadata.hash)
        _require("mediaType", metadata.media_type, found.media_type)
        _require("fileSize", metadata.file_size, found.size)
        _require("cid", metadata.cid, found.cid)


def metadata_of(
    found: Fingerprint,
    name: str,
    artist: str,
    *,
    year: str = "",
    medium: str = "",
    dimensions: str = "",
    description: str = "",
) -> ArtworkMetadata:
    """Return the metadata of a work's file.

    Raises:
        UsageError: The title or the artist's name is missing, or a text is too long.
    """
    return require_metadata(
        ArtworkMetadata(
            name=name.strip(),
            artist=artist.strip(),
            year=year.strip(),
            medium=medium.strip(),
            dimensions=dimensions.strip(),
            description=description.strip(),
            media_type=found.media_type,
            file_size=found.size,
            cid=found.cid,
        )
    )


def submit_work(
    signer: Signer,
    domain: Domain,
    found: Fingerprint,
    metadata: ArtworkMetadata,
    *,
    royalty_bps: int,
    standards_version: int,
    deadline: int | datetime,
    succession: int = 0,
) -> Submission:
    """Sign a work as its artist.

    Args:
        signer: The artist's key.
        domain: From :func:`~.artwork_intents.artworks_domain`.
        found: The file's fingerprint.
        metadata: From :func:`metadata_of`.
        royalty_bps: Hundredths of a percent of each resale, at most 2,500.
        standards_version: Of the community's standards.
        deadline: Last moment for registration: Unix seconds or an aware datetime.
        succession: After a revocation of the file's record one more than the revoked one's.

    Raises:
        UsageError: A value is out of its range.
        ArtworkRoyaltyTooHigh: The royalty is more than a quarter.
        KeyProblem: The signer cannot sign.
    """
    artwork = Artwork(
        file_keccak=found.keccak,
        file_sha256=found.sha256,
        cid_digest=found.cid_digest,
        p_hash=found.phash,
        metadata_hash=metadata.hash,
        artist=signer.address,
        royalty_bps=royalty_bps,
        succession=succession,
        standards_version=standards_version,
        deadline=unix_seconds(deadline),
    )
    return Submission(sign_artwork(signer, domain, artwork), metadata)


def read_submission(path: Path) -> Submission:
    """Return the submission in a file.

    Raises:
        UsageError: It cannot be read, or is no submission.
        SubmissionMismatch: The metadata are not the ones that were signed.
    """
    try:
        return Submission.from_json(path.read_bytes())
    except OSError as problem:
        raise UsageError(f"{path} cannot be read: {problem.strerror}.") from None


def require_metadata(metadata: ArtworkMetadata) -> ArtworkMetadata:
    """Return metadata that are complete and not too long.

    Raises:
        UsageError: They are not.
    """
    for name in ("name", "artist"):
        if not getattr(metadata, name):
            raise UsageError(f"A work needs {'a title' if name == 'name' else 'an artist'}.")
    for name, value in metadata.to_json().items():
        if isinstance(value, str) and len(value) > TEXT_MAX:
            raise UsageError(f"The {name} has more than {TEXT_MAX:,} characters.")
    if len(json.dumps(metadata.to_json()).encode()) > METADATA_MAX:
        raise UsageError(f"Metadata have at most {METADATA_MAX:,} bytes.")
    return metadata


def _require(field: str, stated: bytes | str | int, found: bytes | str | int) -> None:
    if stated == found:
        return
    said, real = _shown(stated), _shown(found)
    raise SubmissionMismatch(
        f"The submission's {field} is not the file's.",
        field=field,
        stated=said,
        found=real,
        why=f"It says {said}; the file gives {real}.",
        hint="It is another file, or the submission was altered: do not approve it.",
    )


def _shown(value: bytes | str | int) -> str:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    return f"{value:#018x}" if isinstance(value, int) and value >= 1 << 32 else str(value)
