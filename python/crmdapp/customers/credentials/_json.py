"""The one way to write and to read what signatures are over: base64url and I-JSON, strictly."""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from typing import Any

from crmdapp.chain._json_lines import Node, read_json
from crmdapp.customers.credentials.refusals import CredentialMalformed
from crmdapp.errors import FileRejected

_BASE64URL = re.compile(r"[A-Za-z0-9_-]*", re.ASCII)


def encode(data: bytes) -> str:
    """Return bytes as base64url without padding (RFC 7515, section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str, what: str) -> bytes:
    """Return the bytes of a base64url text, of which there is exactly one way to write it.

    Args:
        text: The text, without padding.
        what: What it is, for messages, such as ``"the signature"``.

    Raises:
        CredentialMalformed: It holds other characters, has an impossible length, or its last
            character has bits that mean nothing, so that another text gives the same bytes.
    """
    if not _BASE64URL.fullmatch(text):
        raise CredentialMalformed(f"{what} is not base64url.")
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        raise CredentialMalformed(f"{what} is cut off.") from None
    if encode(data) != text:
        raise CredentialMalformed(f"{what} is not in the canonical form of base64url.")
    return data


def write(value: Any) -> bytes:
    """Return JSON as it is signed: UTF-8, no spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def read(data: bytes, what: str) -> Any:
    """Return what I-JSON (RFC 7493) says.

    Raises:
        CredentialMalformed: A name stands twice in an object, a number is not exact in every
            reader, the nesting is deeper than 32, it is not UTF-8, or no JSON at all. The message
            repeats nothing of it.
    """
    try:
        node = read_json(data, what)
    except FileRejected:
        raise CredentialMalformed(
            f"{what} is not JSON that all readers read alike.",
            why="RFC 7493: UTF-8, names that are unique in their object, exact numbers.",
        ) from None
    _require_finite(node, what)
    return node.plain()


def read_object(data: bytes, what: str) -> dict[str, Any]:
    """Return what I-JSON says, which has to be an object.

    Raises:
        CredentialMalformed: It is no such JSON, or no object.
    """
    value = read(data, what)
    if not isinstance(value, dict):
        raise CredentialMalformed(f"{what} is no JSON object.")
    return value


def _require_finite(node: Node, what: str) -> None:
    value = node.value
    if isinstance(value, float) and not math.isfinite(value):
        raise CredentialMalformed(f"{what} holds a number beyond all bounds.")
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for part in parts:
        _require_finite(part, what)
