"""Keys, and credentials put together by hand, well or badly."""

from __future__ import annotations

import base64
import hashlib
import json

from crmdapp.chain import LocalSigner
from crmdapp.customers.credentials.keys import AccountKey, JwkPublicKey, P256Key

NOW = 1_800_000_000
AUDIENCE = "https://shop.example"
NONCE = "n-0S6_WzA2Mj"

ISSUER = LocalSigner(b"\x11" * 32)
HOLDER = LocalSigner(b"\x22" * 32)
STRANGER = LocalSigner(b"\x33" * 32)

ISSUER_KEY = AccountKey(ISSUER)
HOLDER_KEY = AccountKey(HOLDER)
STRANGER_KEY = AccountKey(STRANGER)
ISSUER_PUBLIC = JwkPublicKey(ISSUER_KEY.jwk())
P256 = P256Key.random()


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def sha(text: str) -> str:
    return b64(hashlib.sha256(text.encode()).digest())


def token(payload, key=ISSUER_KEY, header=None, **changes):
    """A signed token; `payload` and `header` may be JSON text already."""
    head = {"alg": key.algorithm, "typ": "dc+sd-jwt", **changes} if header is None else header
    parts = [part if isinstance(part, str) else json.dumps(part) for part in (head, payload)]
    signed = ".".join(b64(part.encode()) for part in parts)
    return f"{signed}.{b64(key.sign(signed.encode()))}"


def disclosure(*content):
    return b64(json.dumps(list(content)).encode())


def sd_jwt(payload, *disclosures, key_binding="", **options):
    return "~".join([token(payload, **options), *disclosures, key_binding])


def key_binding(presentation, key=HOLDER_KEY, header=None, **changes):
    """The holder's signature; a claim set to `...` is left out."""
    claims = {"iat": NOW, "aud": AUDIENCE, "nonce": NONCE, "sd_hash": sha(presentation), **changes}
    claims = {name: value for name, value in claims.items() if value is not ...}
    head = header or {"alg": key.algorithm, "typ": "kb+jwt"}
    return token(claims, key, head)
