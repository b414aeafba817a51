"""What kind of file it is, by its first bytes; and whether its name says something else."""

from __future__ import annotations

from codecs import getincrementaldecoder
from pathlib import PurePath

HEAD_BYTES = 4096
"""How much of a file's beginning is looked at."""

UNKNOWN = "application/octet-stream"
TEXT = "text/plain"

_BEGINNINGS = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"II+\0", "image/tiff"),
    (b"MM\0+", "image/tiff"),
    (b"8BPS", "image/vnd.adobe.photoshop"),
    (b"\xff\x0a", "image/jxl"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "image/jxl"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "image/jp2"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
    (b"\x1aE\xdf\xa3", "video/webm"),
    (b"ID3", "audio/mpeg"),
    (b"fLaC", "audio/flac"),
    (b"OggS", "audio/ogg"),
    (b"MThd", "audio/midi"),
    (b"glTF", "model/gltf-binary"),
)
_RIFF_FORMS = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
_BRANDS = {
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"mif1": "image/heic",
    b"msf1": "image/heic",
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
    b"qt  ": "video/quicktime",
}
_BITMAP_HEADERS = (12, 40, 52, 56, 64, 108, 124)  # lengths that a BMP's second header may have

_SUFFIXES = {
    "image/jpeg": "jpg jpeg jpe jfif",
    "image/png": "png apng",
    "image/gif": "gif",
    "image/tiff": "tif tiff",
    "image/bmp": "bmp dib",
    "image/webp": "webp",
    "image/avif": "avif",
    "image/heic": "heic heif",
    "image/jxl": "jxl",
    "image/jp2": "jp2 jpx",
    "image/svg+xml": "svg",
    "image/vnd.adobe.photoshop": "psd psb",
    "application/pdf": "pdf",
    "audio/mpeg": "mp3 mp2",
    "audio/flac": "flac",
    "audio/ogg": "ogg oga opus ogv",
    "audio/midi": "mid midi",
    "audio/wav": "wav wave",
    "audio/mp4": "m4a m4b mp4",
    "video/mp4": "mp4 m4v m4a",
    "video/quicktime": "mov qt",
    "video/webm": "webm mkv mka",
    "video/x-msvideo": "avi",
    "model/gltf-binary": "glb",
}


def media_type_of(head: bytes) -> str:
    """Return the media type of a file that begins with these bytes.

    Args:
        head: Its first :data:`HEAD_BYTES`, or all of it.
    """
    for beginning, found in _BEGINNINGS:
        if head.startswith(beginning):
            return found
    return _boxed(head) or _bitmap(head) or _sound(head) or _text(head) or UNKNOWN


def claimed_types(name: str) -> tuple[str, ...]:
    """Return what a file of this name should be; nothing if its ending is not known."""
    suffix = PurePath(name).suffix.lower().removeprefix(".")
    return tuple(each for each, suffixes in _SUFFIXES.items() if suffix in suffixes.split())


def _boxed(head: bytes) -> str:
    """RIFF, and the ISO base media format, whose brands say what is in it."""
    if head.startswith(b"RIFF"):
        return _RIFF_FORMS.get(head[8:12], "")
    if head[4:8] != b"ftyp":
        return ""
    box = head[8 : min(int.from_bytes(head[:4], "big"), len(head))]
    brands = [box[at : at + 4] for at in range(0, len(box), 4) if at != 4]  # at 4 is a version
    if b"avif" in brands or b"avis" in brands:
        return "image/avif"
    return next((_BRANDS[each] for each in brands[:1] if each in _BRANDS), "video/mp4")


def _bitmap(head: bytes) -> str:
    if head.startswith(b"BM") and int.from_bytes(head[14:18], "little") in _BITMAP_HEADERS:
        return "image/bmp"
    return ""


def _sound(head: bytes) -> str:
    """A bare MPEG frame of layer II or III: eleven bits set, a version, a layer."""
    if len(head) > 3 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0:
        version, layer, rate = head[1] >> 3 & 3, head[1] >> 1 & 3, head[2] >> 4
        if version != 1 and layer in (1, 2) and rate not in (0, 15):
            return "audio/mpeg"
    return ""


def _text(head: bytes) -> str:
    if not head or any(each < 0x20 and each not in b"\t\n\f\r" for each in head):
        return ""
    try:
        text = getincrementaldecoder("utf-8")().decode(head)  # the last character may be cut
    except UnicodeDecodeError:
        return ""
    start = text.lstrip("\ufeff \t\r\n").lower()
    if "<svg" in start:
        return "image/svg+xml"
    return "text/html" if start.startswith(("<!doctype html", "<html")) else TEXT
