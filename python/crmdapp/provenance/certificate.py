"""The certificate of a work: everything a stranger needs to check it, in one file.

As JSON-LD it is a description of the work (schema.org's VisualArtwork) with the facts of its
provenance beside it; as HTML it is a page that prints and carries the same JSON-LD inside. Neither
is believed when it is checked: it only says where to look.

Source: schema.org; JSON-LD 1.1; CAIP-19 (asset ids).
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from crmdapp.chain._signed_json import JsonFields
from crmdapp.errors import UsageError
from crmdapp.provenance.artwork_intents import SignedArtwork
from crmdapp.provenance.board_intents import SignedApproval
from crmdapp.provenance.models import ID_MAX
from crmdapp.provenance.submission import ArtworkMetadata

if TYPE_CHECKING:
    from jinja2 import Template

    from crmdapp.provenance.history import ArtworkHistory
    from crmdapp.provenance.models import Currency
    from crmdapp.provenance.registration import Registration

CERTIFICATE_MAX = 8 * 1024 * 1024
"""Most bytes of a certificate that is read."""

THUMBNAIL_PIXELS = 480

_MARK = '<script type="application/ld+json">'
_WORDS = {
    "ArtworkRegistered": "Registered",
    "Transfer": "Transferred",
    "ArtworkSold": "Sold",
    "ArtworkRevoked": "Revoked by the curators",
}
_NOBODY = "0x" + "00" * 20


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a certificate says.

    Attributes:
        chain_id: The chain.
        contract: The gallery's contract.
        id: The work.
        signed: The record with its artist's signature; ``None`` if the chain does not show it.
        approvals: The curators'.
        metadata: What is told about the work; ``None`` if nobody gave them.
        history: The work's links, as JSON data.
        head: The history's head as of ``block``.
        block: Number of the block.
        block_hash: Its hash.
        owner: Who owned it then; ``None`` for nobody.
        is_revoked: Whether the curators had found against it.
        issued_at: Time of that block, Unix seconds.
    """

    FORMAT: ClassVar[str] = "crmdapp-certificate/1"

    chain_id: int
    contract: str
    id: int
    signed: SignedArtwork | None
    approvals: tuple[SignedApproval, ...]
    metadata: ArtworkMetadata | None
    history: tuple[Mapping[str, Any], ...]
    head: bytes
    block: int
    block_hash: bytes
    owner: str | None
    is_revoked: bool
    issued_at: int

    @property
    def asset(self) -> str:
        """The work's name in the whole world (CAIP-19)."""
        return f"eip155:{self.chain_id}/erc721:{self.contract.lower()}/{self.id}"

    def to_json(self) -> dict[str, Any]:
        """Return the certificate as JSON-LD."""
        return {
            "@context": [
                "https://schema.org",
                {"provenance": {"@id": "urn:crmdapp:provenance", "@type": "@json"}},
            ],
            "@type": "VisualArtwork",
            "@id": self.asset,
            **_described(self.metadata, self.signed),
            "provenance": {
                "format": self.FORMAT,
                "chainId": self.chain_id,
                "contract": self.contract,
                "id": hex(self.id),
                "artwork": None if self.signed is None else self.signed.to_json(),
                "approvals": [item.to_json() for item in self.approvals],
                "metadata": None if self.metadata is None else self.metadata.to_json(),
                "history": list(self.history),
                "head": "0x" + self.head.hex(),
                "block": self.block,
                "blockHash": "0x" + self.block_hash.hex(),
                "owner": self.owner,
                "isRevoked": self.is_revoked,
                "issuedAt": self.issued_at,
            },
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str | bytes) -> Certificate:
        """Return the certificate in JSON-LD, or in a page that carries it.

        Raises:
            UsageError: It is none; the message names the field.
        """
        if not isinstance(data, Mapping):
            data = _inside(data)
        fields = JsonFields.parse(data, "certificate").inner("provenance")
        if fields.text("format") != cls.FORMAT:
            raise UsageError(f"This is no certificate in the format {cls.FORMAT}.")
        return cls(
            chain_id=fields.whole("chainId"),
            contract=fields.address("contract"),
            id=fields.whole("id", ID_MAX),
            signed=_optional(fields, "artwork", SignedArtwork.from_json),
            approvals=tuple(SignedApproval.from_json(item) for item in fields.items("approvals")),
            metadata=_optional(fields, "metadata", ArtworkMetadata.from_json),
            history=tuple(fields.items("history")),
            head=fields.word("head"),
            block=fields.whole("block"),
            block_hash=fields.word("blockHash"),
            owner=_optional(fields, "owner", str),
            is_revoked=fields.truth("isRevoked"),
            issued_at=fields.whole("issuedAt"),
        )


def certificate_of(
    history: ArtworkHistory,
    chain_id: int,
    contract: str,
    registration: Registration | None,
    metadata: ArtworkMetadata | None = None,
) -> Certificate:
    """Return the certificate of a work as of the block that its history was read at.

    Args:
        history: From :meth:`~.artworks.ArtworksClient.history`.
        chain_id: The chain.
        contract: The gallery's contract.
        registration: Who signed, from :func:`~.registration.registration_of`.
        metadata: What is told about the work, if it is at hand.

    Raises:
        ArtworkUnknown: There is no such work.
        UsageError: The metadata are not those of the record.
    """
    from crmdapp.provenance.errors import ArtworkUnknown

    if history.artwork is None:
        raise ArtworkUnknown(history.id)
    if metadata is not None and metadata.hash != history.artwork.metadata_hash:
        raise UsageError(
            "The metadata are not those of the work's record.",
            hint="Give the submission as it was registered.",
        )
    header = history.proven.header
    return Certificate(
        chain_id=chain_id,
        contract=contract,
        id=history.id,
        signed=None if registration is None else registration.signed,
        approvals=() if registration is None else registration.approvals,
        metadata=metadata,
        history=tuple(link.to_json() for link in history.links),
        head=history.proven.head,
        block=header.number,
        block_hash=header.hash,
        owner=history.owner,
        is_revoked=history.is_revoked,
        issued_at=header.timestamp,
    )


def certificate_html(
    certificate: Certificate,
    currencies: Mapping[int, Currency],
    *,
    link: str = "",
    picture: Path | None = None,
) -> str:
    """Return the certificate as one HTML page without anything from elsewhere.

    Args:
        certificate: What it says.
        currencies: Rows of the currency table by number, for the prices.
        link: What its QR code leads to; the work's CAIP-19 name by default.
        picture: The work's file, for a small picture on the page; needs pillow.

    Raises:
        PillowMissing: A picture is asked for, and the extra ``art`` is not installed.
        ImageUnreadable: The file is no picture.
    """
    from crmdapp.chain.qr import qr_svg

    code = qr_svg(link or certificate.asset).decode()
    return _template().render(
        certificate=certificate,
        metadata=certificate.metadata,
        artwork=None if certificate.signed is None else certificate.signed.artwork,
        events=[_row(item, currencies) for item in certificate.history],
        qr=code[code.index("<svg") :],
        link=link or certificate.asset,
        thumbnail="" if picture is None else _thumbnail(picture),
        issued=_time(certificate.issued_at),
        data=_embedded(certificate.to_json()),
    )


def read_certificate(path: Path) -> Certificate:
    """Return the certificate in a file, JSON-LD or HTML.

    Raises:
        UsageError: It cannot be read, or is none.
    """
    try:
        if path.stat().st_size > CERTIFICATE_MAX:
            raise UsageError(f"{path} is too large for a certificate.")
        return Certificate.from_json(path.read_bytes())
    except OSError as problem:
        raise UsageError(f"{path} cannot be read: {problem.strerror}.") from None


# --------------------------------------------------------------------------- inside


def _described(metadata: ArtworkMetadata | None, signed: SignedArtwork | None) -> dict[str, Any]:
    """Return what schema.org has words for."""
    found: dict[str, Any] = {}
    if metadata is not None:
        creator: dict[str, Any] = {"@type": "Person", "name": metadata.artist}
        if signed is not None:
            creator["identifier"] = signed.artwork.artist
        told = {
            "name": metadata.name,
            "creator": creator,
            "dateCreated": metadata.year,
            "artMedium": metadata.medium,
            "size": metadata.dimensions,
            "description": metadata.description,
        }
        found = {name: value for name, value in told.items() if value}
        media = {
            "@type": "MediaObject",
            "encodingFormat": metadata.media_type,
            "contentSize": str(metadata.file_size),
            "contentUrl": f"ipfs://{metadata.cid}",
        }
        if signed is not None:
            media["sha256"] = signed.artwork.file_sha256.hex()
        found["associatedMedia"] = media
    return found


def _row(item: Mapping[str, Any], currencies: Mapping[int, Currency]) -> dict[str, str]:
    """Return an event of the history as the page shows it."""
    name, detail = str(item["event"]), ""
    if name == "Transfer":
        to = "nobody (destroyed)" if item["to"] == _NOBODY else item["to"]
        detail = f"to {to}"
        name = "Minted" if item["from"] == _NOBODY else name
    elif name == "ArtworkSold":
        row = currencies.get(item["currency"])
        price = f"{item['price']} units" if row is None else row.format_price(item["price"])
        detail = f"{item['seller']} to {item['buyer']} for {price}"
    elif name == "ArtworkRegistered":
        detail = f"by {item['artist']}"
    return {
        "name": _WORDS.get(name, name),
        "detail": detail,
        "at": _time(item["at"]),
        "tx": str(item["tx"]),
    }


def _embedded(data: Mapping[str, Any]) -> str:
    """Return JSON that can stand in a page: no ``<`` that could end its element."""
    text = json.dumps(data, indent=1, ensure_ascii=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _inside(data: str | bytes) -> str:
    """Return the JSON-LD that a page carries; other text unchanged."""
    text = data if isinstance(data, str) else data.decode(errors="replace")
    if _MARK not in text:
        return text
    start = text.index(_MARK) + len(_MARK)
    return text[start : text.find("</script>", start)]


def _optional(fields: JsonFields, name: str, read: Any) -> Any:
    value = fields.value(name) if fields.has(name) else None
    return None if value is None else read(value)


def _thumbnail(path: Path) -> str:
    """Return a small picture as a data URI; nothing of the file but its pixels."""
    from io import BytesIO

    from crmdapp.provenance.perceptual import ImageUnreadable, require_pillow

    require_pillow()
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as picture:
            picture.draft("RGB", (THUMBNAIL_PIXELS, THUMBNAIL_PIXELS))
            small = picture.convert("RGB")
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError, ValueError):
        raise ImageUnreadable(f"{path.name} cannot be shown as a picture.") from None
    small.thumbnail((THUMBNAIL_PIXELS, THUMBNAIL_PIXELS))
    written = BytesIO()
    small.save(written, "JPEG", quality=80)
    return "data:image/jpeg;base64," + b64encode(written.getvalue()).decode()


def _time(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M UTC")


@cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined

    # autoescape: a title like "<script>" is shown, not run.
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    page = resources.files("crmdapp.provenance").joinpath("templates", "certificate.html")
    return environment.from_string(page.read_text(encoding="utf-8"))
