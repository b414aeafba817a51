"""What custodians, certifiers, tags and devices sign, by eth-account's own encoder."""

from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from eth_utils import keccak

from tests.fixtures.intents import Domain, Intent, address_of

ANY_TIME = 2**40 - 1
P256_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

_KINDS = {
    "Handover": "uint256[] items,uint32[] steps,address from,address to,uint40 eventTime,"
    "bytes32 eventHash,uint40 deadline",
    "YieldFactor": "address producer,bytes3 fromUnit,bytes3 toUnit,uint64 numerator,"
    "uint64 denominator,uint256 nonce,uint40 validUntil",
    "TagClaim": "uint256 item,address holder,uint40 deadline",
    "DeviceAssignment": "bytes32 device,uint256 item,address custodian,uint64 window",
    "SensorWindow": "bytes32 device,uint256 item,uint64 window,bytes32 root,uint32 count,"
    "uint40 startsAt,uint40 endsAt",
}


def item_intent(domain: Domain, kind: str, **values: Any) -> Intent:
    """A struct of the item ledger; the values by their Solidity names, in any order.

    A field called `from` is written `from_`.
    """
    given = {name.rstrip("_"): value for name, value in values.items()}
    types = [(name, of) for of, name in (member.split() for member in _KINDS[kind].split(","))]
    ordered = tuple(_plain(given.pop(name)) for name, _ in types)
    assert not given, f"{kind} has no {sorted(given)}"
    return Intent(domain, kind, types, ordered)


def _plain(value: Any) -> Any:
    return address_of(value) if hasattr(value, "address") else value


class Device:
    """A sensor with a key of the curve P-256."""

    def __init__(self, secret: int) -> None:
        self._key = ec.derive_private_key(secret, ec.SECP256R1())
        point = self._key.public_key().public_numbers()
        self.key = point.x.to_bytes(32), point.y.to_bytes(32)
        self.id = keccak(b"".join(self.key))

    def sign(self, intent: Intent) -> tuple[bytes, bytes]:
        """r and s, which is high as often as low."""
        algorithm = ec.ECDSA(Prehashed(hashes.SHA256()))
        r, s = decode_dss_signature(self._key.sign(intent.digest(), algorithm))
        return r.to_bytes(32), s.to_bytes(32)


def other_s(signature: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    """The other signature of the same digest by the same key, as good as the first."""
    r, s = signature
    return r, (P256_N - int.from_bytes(s)).to_bytes(32)
