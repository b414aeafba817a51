"""How fast the vault seals, opens and wraps, on one core of this machine."""

from __future__ import annotations

import time
from collections.abc import Callable

from crmdapp.chain import LocalSigner
from crmdapp.store.epochs import SignedWrap, make_wrap, open_wrap, vault_domain
from crmdapp.store.sealing import Place, key_id_of, new_key, open_field, public_key, seal_field

VALUE = b"ann.example@example.org"
REGISTRY = "0x00000000000000000000000000000000000000C5"


def vault_rates(seconds: float = 1.0) -> dict[str, float]:
    """Return operations a second: ``seal``, ``open`` of a field, ``wrap``, ``unwrap`` of a key.

    A wrap includes the customer's signature of its envelope, an unwrap checks it.

    Args:
        seconds: How long each is measured, 0.05 to 60.
    """
    profile, key, grantee = bytes(32), new_key(), new_key()
    public, grantee_public = public_key(key), public_key(grantee)
    domain, customer = vault_domain(1, REGISTRY), LocalSigner.random()
    place = Place(1, REGISTRY, profile, "email", 1, 1, key_id_of(profile, 1, 1, public))
    sealed = seal_field(public, VALUE, place)

    def wrap() -> SignedWrap:
        made = make_wrap(
            key,
            domain=domain,
            consent_id=bytes(32),
            profile=profile,
            subject=customer.address,
            category=1,
            epoch=1,
            grantee_key=grantee_public,
            expiry=2,
        )
        return SignedWrap(made, domain, made.sign(customer, domain))

    wrapped = wrap()
    return {
        "seal": _rate(lambda: seal_field(public, VALUE, place), seconds),
        "open": _rate(lambda: open_field(key, sealed, place), seconds),
        "wrap": _rate(wrap, seconds),
        "unwrap": _rate(
            lambda: open_wrap(wrapped, grantee, owner=customer.address, now=1), seconds
        ),
    }


def _rate(run: Callable[[], object], seconds: float) -> float:
    count, start = 0, time.perf_counter()
    while (passed := time.perf_counter() - start) < seconds:
        run()
        count += 1
    return count / passed
