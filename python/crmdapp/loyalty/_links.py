"""Links that carry a key: how the key is written, and that it travels in the fragment only.

A link is ``<base url>#<payload>``. What follows ``#`` is never sent to a server, so whoever serves
the page at the base URL does not learn the key. The payload is base64url without padding over ::

    kind (1) | version (1) | body | checksum (4)

and the checksum is the first bytes of keccak-256 over a word of its own and all before it. Nothing
here puts a payload, or a part of one, into an error.
"""

from __future__ import annotations

import base64
import binascii
import re
from urllib.parse import urlsplit

from crmdapp.chain._keccak import keccak
from crmdapp.errors import UsageError

GIFT, CARD, COUPON = b"G", b"C", b"P"

_CHECK_SIZE = 4
_CHECK_WORD = b"crmdapp link"
_KINDS = {GIFT: "a gift of points", CARD: "a money-backed gift card", COUPON: "a coupon"}
_LOCAL_HOSTS = ("127.0.0.1", "::1", "localhost")
_OWN_SCHEME = "crmdapp"
_PAYLOAD = re.compile(r"[A-Za-z0-9_-]*", re.ASCII)
_VERSION = 1


def make_link(base_url: str, kind: bytes, body: bytes) -> str:
    """Return the link that carries ``body``.

    Args:
        base_url: Page that the link opens, see :func:`require_base_url`.
        kind: ``GIFT``, ``CARD`` or ``COUPON``.
        body: What is carried.

    Raises:
        UsageError: The base URL cannot be used.
    """
    data = kind + bytes([_VERSION]) + body
    payload = base64.urlsafe_b64encode(data + _checksum(data)).rstrip(b"=").decode()
    return f"{require_base_url(base_url)}#{payload}"


def read_link(link: str, kind: bytes, size: int) -> bytes:
    """Return the body that a link carries; its payload alone, without a base URL, will do.

    White space is left out, as links are broken into lines on their way.

    Args:
        link: The link.
        kind: ``GIFT``, ``CARD`` or ``COUPON``.
        size: Bytes that the body has.

    Raises:
        UsageError: It is no such link; the message says what is wrong and does not repeat it.
    """
    data = _decoded(_payload("".join(link.split())))
    head, check = data[:-_CHECK_SIZE], data[-_CHECK_SIZE:]
    if len(head) < 2 or _checksum(head) != check:
        raise _unusable("it was cut off, or a character of it was changed")
    if head[:1] != kind:
        found = _KINDS.get(head[:1], "something else")
        raise _unusable(f"it carries {found}, not {_KINDS[kind]}")
    if head[1] != _VERSION:
        raise UsageError(
            "The link was made by a newer version of this program.",
            why=f"Its form has the number {head[1]}, known here is {_VERSION}.",
            hint="Install the newest version and try again.",
        )
    if len(head) != 2 + size:
        raise _unusable(f"it carries {len(head) - 2} bytes, not {size}")
    return head[2:]


def require_base_url(url: str) -> str:
    """Return ``url`` if a key may stand behind it, after ``#``.

    Pages are taken over https only, as whoever can change a page on its way can read the fragment:
    http is taken for this machine alone. The scheme ``crmdapp`` opens no page.

    Raises:
        UsageError: It cannot be used.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        parts, host = urlsplit(""), None
    secure = parts.scheme == "https" and bool(host)
    local = parts.scheme == "http" and host in _LOCAL_HOSTS
    own = parts.scheme == _OWN_SCHEME and bool(parts.path)
    if "#" in url or not url.isprintable() or " " in url or not (secure or local or own):
        raise UsageError(
            f"{url!r} cannot be the page of a link with a key.",
            why="The key stands behind it, after #, and only https keeps a page from being changed"
            " on its way to read it.",
            hint="Give a page such as https://shop.example/gift, without #.",
        )
    return url


def _payload(link: str) -> str:
    if not link:
        raise UsageError("The link is empty.")
    _, mark, fragment = link.partition("#")
    if mark:
        return fragment
    if not _PAYLOAD.fullmatch(link):
        raise _unusable("it has no part after #, which carries the key")
    return link


def _decoded(payload: str) -> bytes:
    """Return the bytes of base64url in its only form: no padding, no bits left over."""
    if not _PAYLOAD.fullmatch(payload):
        raise _unusable("there are characters after # that do not belong there")
    try:
        data = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    except binascii.Error:
        data = b""
    if base64.urlsafe_b64encode(data).rstrip(b"=").decode() != payload:
        raise _unusable("it was cut off, or a character of it was changed")
    return data


def _checksum(data: bytes) -> bytes:
    return keccak(_CHECK_WORD + data)[:_CHECK_SIZE]


def _unusable(reason: str) -> UsageError:
    return UsageError(
        f"The link cannot be used: {reason}.", hint="Copy it again, whole, from its source."
    )
