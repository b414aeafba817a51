"""QR codes of links, as PNG or SVG, in files that only their owner can read."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from crmdapp.chain._files import write_new
from crmdapp.errors import PermissionDenied, UsageError

PIXELS = 8
"""Width of one module of the code, in pixels."""

_FORMS = {".png": "png", ".svg": "svg"}


def qr_png(text: str) -> bytes:
    """Return the QR code of ``text`` as a PNG picture, with a quiet zone of four modules."""
    return _picture(text, "png")


def qr_svg(text: str) -> bytes:
    """Return the QR code of ``text`` as an SVG picture, with a quiet zone of four modules."""
    return _picture(text, "svg")


def require_writable(path: Path) -> None:
    """Check that :func:`write_link` could make the file now.

    Raises:
        UsageError: There is such a file already, or no such folder.
    """
    if path.exists() or path.is_symlink():
        raise UsageError(f"There is a file {path} already.", hint="Choose another name.")
    if not path.parent.is_dir():
        raise UsageError(f"There is no folder {path.parent}.", hint="Make it first.")


def write_link(path: Path, link: str) -> None:
    """Write a link to a new file, mode 0600: as a QR code (.png, .svg) or, else, as text.

    Raises:
        UsageError: There is such a file already, or no such folder.
        PermissionDenied: The folder cannot be written.
        DiskFull: The disk is full; nothing is left behind.
    """
    require_writable(path)
    form = _FORMS.get(path.suffix.lower())
    data = f"{link}\n".encode() if form is None else _picture(link, form)
    try:
        write_new(path, data)
    except FileExistsError:
        raise UsageError(f"There is a file {path} already.", hint="Choose another name.") from None
    except OSError as problem:
        raise PermissionDenied(f"{path} cannot be written.", why=str(problem.strerror)) from None


def _picture(text: str, form: str) -> bytes:
    import segno

    picture = BytesIO()
    # Level M mends up to 15 % of a picture; higher ones make it too fine for a small print.
    segno.make_qr(text, error="m").save(picture, kind=form, scale=PIXELS, border=4)
    return picture.getvalue()
