"""HPKE's base mode by the letter of RFC 9180, from X25519, HMAC and AES-GCM alone.

Shares no code with the library that seals: the vectors that the RFC prints show that this is right,
and this shows that what is sealed is HPKE with AES-256-GCM, for which the RFC prints no vector.
"""

import hashlib
import hmac

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEM_ID, KDF_ID = 0x0020, 0x0001
AEADS = {"AES-128-GCM": (0x0001, 16), "AES-256-GCM": (0x0002, 32)}


def extract(salt, key):
    return hmac.digest(salt or bytes(32), key, hashlib.sha256)


def expand(key, info, length):
    block, out, count = b"", b"", 1
    while len(out) < length:
        block = hmac.digest(key, block + info + bytes([count]), hashlib.sha256)
        out, count = out + block, count + 1
    return out[:length]


def labelled_extract(suite, salt, label, key):
    return extract(salt, b"HPKE-v1" + suite + label + key)


def labelled_expand(suite, key, label, info, length):
    return expand(key, length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info, length)


def decap(enc, private):
    key = X25519PrivateKey.from_private_bytes(private)
    secret = key.exchange(X25519PublicKey.from_public_bytes(enc))
    suite = b"KEM" + KEM_ID.to_bytes(2, "big")
    context = enc + key.public_key().public_bytes_raw()
    prk = labelled_extract(suite, b"", b"eae_prk", secret)
    return labelled_expand(suite, prk, b"shared_secret", context, 32)


def schedule(shared_secret, info, aead):
    """Returns the key and the base nonce."""
    number, size = AEADS[aead]
    suite = b"HPKE" + b"".join(item.to_bytes(2, "big") for item in (KEM_ID, KDF_ID, number))
    psk_id_hash = labelled_extract(suite, b"", b"psk_id_hash", b"")
    info_hash = labelled_extract(suite, b"", b"info_hash", info)
    context = b"\0" + psk_id_hash + info_hash
    secret = labelled_extract(suite, shared_secret, b"secret", b"")
    return (
        labelled_expand(suite, secret, b"key", context, size),
        labelled_expand(suite, secret, b"base_nonce", context, 12),
    )


def open_base(enc, private, info, ciphertext, aad=b"", aead="AES-256-GCM", sequence=0):
    key, nonce = schedule(decap(enc, private), info, aead)
    number = int.from_bytes(nonce, "big") ^ sequence
    return AESGCM(key).decrypt(number.to_bytes(12, "big"), ciphertext, aad)


def seal_base(public, one_time_private, info, plaintext, aead="AES-256-GCM"):
    one_time = X25519PrivateKey.from_private_bytes(one_time_private)
    enc = one_time.public_key().public_bytes_raw()
    secret = one_time.exchange(X25519PublicKey.from_public_bytes(public))
    suite = b"KEM" + KEM_ID.to_bytes(2, "big")
    prk = labelled_extract(suite, b"", b"eae_prk", secret)
    shared = labelled_expand(suite, prk, b"shared_secret", enc + public, 32)
    key, nonce = schedule(shared, info, aead)
    return enc + AESGCM(key).encrypt(nonce, plaintext, b"")
