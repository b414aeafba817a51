"""Small pictures of works whose files were handed in here, drawn anew: nothing else is in them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from crmdapp.provenance.perceptual import require_pillow
from crmdapp.web.errors import NotFound
from crmdapp.web.provenance.shelf import Shelf

if TYPE_CHECKING:
    from crmdapp.web.context import Context

PIXELS = 480
_KEPT = 128

_NONE = "There is no picture of it here."


def thumbnail(context: Context, record_hash: bytes) -> bytes:
    """Return a small JPEG of a work's file.

    Raises:
        NotFound: The file is not here, or no picture.
        PillowMissing: The extra ``art`` is not installed.
    """
    data, media_type = Shelf(context.state).file(record_hash)
    if not media_type.startswith("image/"):
        raise NotFound(_NONE)
    return _small(data)


@contextmanager
def on_disk(data: bytes) -> Iterator[Path]:
    """Give a file that is kept here a private place on the disk for the length of a block."""
    with tempfile.TemporaryDirectory(prefix="crmdapp-") as folder:
        path = Path(folder) / "work"
        path.write_bytes(data)
        yield path


@lru_cache(maxsize=_KEPT)
def _small(data: bytes) -> bytes:
    require_pillow()
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(BytesIO(data)) as picture:
            picture.draft("RGB", (PIXELS, PIXELS))
            small = picture.convert("RGB")
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError, ValueError):
        raise NotFound(_NONE) from None
    small.thumbnail((PIXELS, PIXELS))
    written = BytesIO()
    small.save(written, "JPEG", quality=80)
    return written.getvalue()
