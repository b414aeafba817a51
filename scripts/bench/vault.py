"""Speed of the vault: sealing, opening and wrapping, beside HPKE by itself; and of noting.

What HPKE by itself does not do: bind the place, pad, check the key, sign.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from crmdapp.chain._keccak import keccak
from crmdapp.chain.accounts import LocalSigner
from crmdapp.chain.addresses import checksum
from crmdapp.store.epochs import SignedWrap, make_wrap, open_wrap, vault_domain
from crmdapp.store.sealing import Place, key_id_of, new_key, open_field, public_key, seal_field
from scripts.bench.chain import FAR, START, Chain
from scripts.bench.table import Row

FIELDS = 3_000
REPETITIONS = 3
VALUE = b"someone@example.org"
REGISTRY = checksum("0x" + "4a" * 20)
PROFILE = keccak(b"profile")


def measure(_chain: Chain) -> Iterator[Row]:
    """Yield the rows."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
    from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

    private = new_key()
    public = public_key(private)
    place = Place(1, REGISTRY, PROFILE, "email", 1, 1, key_id_of(PROFILE, 1, 1, public))
    suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
    key = X25519PrivateKey.from_private_bytes(private)
    open_key = key.public_key()
    sealed, plain = seal_field(public, VALUE, place), suite.encrypt(VALUE, open_key, b"")
    yield Row(
        "customers",
        "seal a field",
        _rate(lambda: seal_field(public, VALUE, place)),
        "fields/s",
        peers={"HPKE alone": _rate(lambda: suite.encrypt(VALUE, open_key, b""))},
    )
    yield Row(
        "customers",
        "open a field",
        _rate(lambda: open_field(private, sealed, place)),
        "fields/s",
        peers={"HPKE alone": _rate(lambda: suite.decrypt(plain, key, b""))},
    )
    domain, customer, company = vault_domain(1, REGISTRY), LocalSigner(PROFILE), new_key()
    company_key = public_key(company)

    def wrap() -> SignedWrap:
        made = make_wrap(
            private,
            domain=domain,
            consent_id=keccak(b"consent"),
            profile=PROFILE,
            subject=customer.address,
            category=1,
            epoch=1,
            grantee_key=company_key,
            expiry=FAR,
        )
        return SignedWrap(made, domain, made.sign(customer, domain))

    signed = wrap()
    yield Row(
        "customers",
        "wrap an epoch's key, signed",
        _rate(wrap),
        "wraps/s",
        peers={"HPKE alone": _rate(lambda: suite.encrypt(private, open_key, b""))},
    )
    yield Row(
        "customers",
        "open a wrap",
        _rate(lambda: open_wrap(signed, company, owner=customer.address, now=START)),
        "wraps/s",
        peers={"HPKE alone": _rate(lambda: suite.decrypt(plain, key, b""))},
    )


def _rate(work: Callable[[], Any]) -> float:
    """How many per second of processor time, the best of a few repetitions, to two digits."""
    best = float("inf")
    for _ in range(REPETITIONS):
        started = time.process_time()
        for _ in range(FIELDS):
            work()
        best = min(best, time.process_time() - started)
    return float(f"{FIELDS / best:.2g}")
