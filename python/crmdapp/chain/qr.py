"""QR codes of links, as PNG or SVG, in files that only their owner can read."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from crmdapp.chain._files import OWN, create

PIXELS = 8
"""Width of one module of the code, in pixels."""

_FORMS = {".png": "png", ".svg": "svg"}


def qr_png(text: str) -> bytes:
    """Return the QR code of ``text`` as a PNG picture, with a quiet zone of four modules."""
    return _picture(text, "png")


def qr_svg(text: str) -> bytes:
    """Return the QR code of ``text`` as an SVG picture, with a quiet zone of four modules."""
    return _picture(text, "svg")


def write_link(path: Path, link: str) -> None:
    """Write a link to a new file, mode 0600: as a QR code (.png, .svg) or, else, as text.

    Raises:
        UsageError: There is such a file already, or no such folder.
        PermissionDenied: The folder cannot be written.
        DiskFull: The disk is full; nothing is left behind.
    """
    form = _FORMS.get(path.suffix.lower())
    data = f"{link}\n".encode() if form is None else _picture(link, form)
    create(path, data, mode=OWN)


def _picture(text: str, form: str) -> bytes:
    import segno

    picture = BytesIO()
    # Level M mends up to 15 % of a picture; higher ones make it too fine for a small print.
    segno.make_qr(text, error="m").save(picture, kind=form, scale=PIXELS, border=4)
    return picture.getvalue()
