"""The perceptual hash of a picture: 64 bits that stay nearly the same when it is re-encoded.

How a file becomes the 32 x 32 grey values that :mod:`crmdapp.provenance._dct` hashes:

1. Its first picture is decoded (of an animation the first frame, of a TIFF the first page). Colour
   profiles are not applied: the stored numbers count.
2. Every pixel becomes a grey value of 0 to 255: (299 R + 587 G + 114 B) / 1000. What is transparent
   is laid on white first; a palette is looked up; CMYK is taken as 255 - min(255, ink + black) for
   each colour; 16 bits are divided by 257; 32-bit numbers are stretched from the darkest pixel to
   the brightest; of CIELAB the lightness counts.
3. The grey picture is scaled to 32 x 32 by a Lanczos filter of three lobes, without keeping its
   proportions, and turned as its EXIF orientation says.

Decoders of lossy formats may differ by a step of grey from release to release, so the hash of the
same file may differ by a bit or two between machines: compare hashes by their distance.

Needs Pillow (the extra ``art``), which is loaded when the first picture is.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, BinaryIO

from crmdapp.errors import FileRejected, UsageError
from crmdapp.provenance._dct import SIDE, hashes_of
from crmdapp.provenance._dct import VARIANTS as _TERMS
from crmdapp.provenance._wholeness import TailMissingError, require_whole

if TYPE_CHECKING:
    from PIL.Image import Image

VARIANTS = tuple(_TERMS)
"""What was done to the picture for each of its eight hashes, in their order."""

FORMATS = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/gif": "GIF",
    "image/webp": "WEBP",
    "image/avif": "AVIF",
    "image/tiff": "TIFF",
    "image/bmp": "BMP",
    "image/jp2": "JPEG2000",
}
"""Media types that are decoded, with Pillow's names of the formats.

A file is decoded as what its bytes say and nothing else, so no other of Pillow's many decoders can
be reached. Other pictures (HEIC, SVG, PSD, JPEG XL) have no perceptual hash.
"""

MAX_PIXELS = 178_956_970
"""Pixels of the largest picture that is decoded: where Pillow itself refuses by default.

Decoded it takes 4 bytes a pixel, and 1 for its grey values: 900 MB at most.
"""

_BAND_PIXELS = 4_000_000  # turned into grey at once where that takes copies
_ORIENTATION = 0x0112  # the EXIF tag


class PillowMissing(UsageError):  # noqa: N818 - named for the problem, like all errors here
    """The library that decodes pictures is not installed."""


class ImageUnreadable(FileRejected):
    """The bytes are those of a picture at first, but cannot be decoded."""


class ImageTruncated(ImageUnreadable):
    """The picture's end is missing."""


class ImageTooLarge(FileRejected):
    """The picture has more pixels than are decoded.

    Args:
        message: What happened.
        limit: How many pixels are decoded.
    """

    def __init__(
        self, message: str = "", *, limit: int = MAX_PIXELS, why: str = "", hint: str = ""
    ) -> None:
        super().__init__(message, why=why, hint=hint)
        self.limit = limit


@dataclass(frozen=True, slots=True)
class Picture:
    """What was found by decoding a picture.

    Attributes:
        width: Pixels, as it is displayed: after its EXIF orientation.
        height: Likewise.
        frames: Pictures in the file: frames of an animation, pages of a TIFF. The first is hashed.
        variants: Perceptual hashes of the picture as it is, turned and mirrored, in the order of
            :data:`VARIANTS`.
    """

    width: int
    height: int
    frames: int
    variants: tuple[int, ...]


def require_pillow() -> None:
    """Check that pictures can be decoded.

    Raises:
        PillowMissing: They cannot.
    """
    if find_spec("PIL") is None:
        raise PillowMissing(
            "Pillow, which decodes pictures, is not installed.",
            hint="Install it: pip install 'crmdapp[art]'",
        )


def look_at(file: BinaryIO, media_type: str, *, name: str, size: int) -> Picture:
    """Decode a picture and hash it.

    Args:
        file: The file, opened in binary mode; its position does not matter.
        media_type: What its bytes are, one of :data:`FORMATS`.
        name: What the file is called in errors.
        size: Bytes of the file.

    Raises:
        PillowMissing: Pillow is not installed.
        ImageTruncated: The end of the file is missing.
        ImageUnreadable: It cannot be decoded.
        ImageTooLarge: It has more than :data:`MAX_PIXELS` pixels.
    """
    require_pillow()
    from PIL.Image import DecompressionBombError

    try:
        require_whole(file, media_type, size)
        with warnings.catch_warnings():
            # Of odd metadata, and of half the size that is refused here.
            warnings.simplefilter("ignore")
            return _decode(file, media_type)
    except (DecompressionBombError, _TooManyPixelsError, MemoryError):
        raise _too_large(name) from None
    except TailMissingError:
        raise _truncated(name) from None
    except Exception as problem:  # noqa: BLE001 - decoders raise whatever broken bytes lead to
        if "truncated" in str(problem).lower():
            raise _truncated(name) from None
        raise ImageUnreadable(
            f"{name} begins like {media_type}, but cannot be decoded.",
            why="The file is damaged, or made by a program that writes the format wrongly.",
            hint="Open it in a picture editor, and save it anew.",
        ) from None


class _TooManyPixelsError(Exception):
    """More than are decoded."""


def _decode(file: BinaryIO, media_type: str) -> Picture:
    from PIL import Image

    file.seek(0)
    with Image.open(file, formats=[FORMATS[media_type]]) as image:
        if image.width * image.height > MAX_PIXELS:
            raise _TooManyPixelsError
        frames = int(getattr(image, "n_frames", 1))
        image.load()
        # Pillow turns a TIFF by itself, and strikes the tag.
        turn = image.getexif().get(_ORIENTATION, 1)
        small = _grey(image).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
        width, height = image.size
    method = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }.get(turn)
    if method is not None:
        small = small.transpose(method)
        if turn > 4:
            width, height = height, width
    return Picture(width, height, frames, hashes_of(small.tobytes()))


def _grey(image: Image) -> Image:
    """The picture in 8-bit grey; band by band where that takes copies of several bytes a pixel."""
    from PIL import Image as Pillow

    if image.mode in ("L", "RGB", "YCbCr", "1") and not image.has_transparency_data:
        return image.convert("L")
    if image.mode == "LAB":
        return image.getchannel(0)
    scale, offset = _stretch(image)
    grey = Pillow.new("L", image.size)
    height = max(1, _BAND_PIXELS // image.width)
    for top in range(0, image.height, height):
        band = image.crop((0, top, image.width, min(image.height, top + height)))
        grey.paste(_grey_band(band, scale, offset), (0, top))
    return grey


def _stretch(image: Image) -> tuple[float, float]:
    """What grey values of more than 8 bits are multiplied by, and what is then added."""
    if image.mode not in ("I", "F"):
        return 1 / 257, 0.0
    low, high = (float(str(each)) for each in image.getextrema())
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        return 0.0, 0.0
    return 255 / (high - low), -low * 255 / (high - low)


def _grey_band(band: Image, scale: float, offset: float) -> Image:
    from PIL import Image as Pillow

    if band.mode in ("I", "F") or band.mode.startswith("I;"):
        deep = band.convert("F" if band.mode == "F" else "I")
        return deep.point(lambda value: value * scale + offset).convert("L")
    if band.has_transparency_data:
        white = Pillow.new("RGBA", band.size, "white")
        return Pillow.alpha_composite(white, band.convert("RGBA")).convert("L")
    return band.convert("RGB").convert("L")


def _truncated(name: str) -> ImageTruncated:
    return ImageTruncated(
        f"{name} is cut off: the end of the picture is missing.",
        hint="Copy or download the file again.",
    )


def _too_large(name: str) -> ImageTooLarge:
    return ImageTooLarge(
        f"{name} has more pixels than are decoded, {MAX_PIXELS:,}.",
        why="Decoding it could take all memory.",
        hint="Register a smaller rendering, and name the large file in the metadata.",
    )
