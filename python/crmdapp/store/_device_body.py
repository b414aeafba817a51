"""What a customer's key file holds: a seed for identities, and the keys of each epoch."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from crmdapp.chain.typed_data import Domain

BODY_VERSION = 1


@dataclass(frozen=True, slots=True)
class Grant:
    """A consent, as far as keys are concerned.

    Attributes:
        consent_id: The consent, 32 bytes.
        company: Address of the company that may read.
        categories: Bit n: category n of personal data; broader terms with all that they cover.
        grantee_key: The company's X25519 public key, 32 bytes.
        expiry: End of the consent, Unix seconds, exclusive.
    """

    consent_id: bytes
    company: str
    categories: int
    grantee_key: bytes
    expiry: int

    def covers(self, category: int) -> bool:
        """Return whether the consent is for that category."""
        return bool(self.categories >> category & 1)


@dataclass(slots=True)
class HeldKey:
    """One epoch's key in the customer's hands.

    Attributes:
        private_key: Random, derived from nothing: what is deleted here cannot be made again.
        closes_at: When nothing more is sealed to it, Unix seconds; 0 for no such time.
        planned: Whether it is the present epoch or one to come.
        holders: Consent id -> end and grantee's key of the wrap that was made of it.
    """

    category: int
    epoch: int
    private_key: bytes
    closes_at: int = 0
    planned: bool = True
    holders: dict[bytes, tuple[int, bytes]] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"HeldKey(category={self.category}, epoch={self.epoch})"


@dataclass(slots=True)
class HeldProfile:
    """The keys of one profile.

    Attributes:
        cid: Id of the customer, 32 bytes.
        domain: What signatures for its vault are for.
        company: Address of the company that keeps the vault.
        categories: Bit n: category n has keys.
        issued_at: Time of the last bundle, Unix seconds.
    """

    cid: bytes
    domain: Domain
    company: str
    categories: int
    issued_at: int = 0
    keys: list[HeldKey] = field(default_factory=list)
    grants: dict[bytes, Grant] = field(default_factory=dict)


@dataclass(slots=True)
class DeviceBody:
    """The whole file.

    Attributes:
        seed: 32 bytes; identities and the key for recovery shares of others derive from it.
        turns: ``"chain:company"`` -> how often the identity's key was changed.
    """

    seed: bytes
    turns: dict[str, int] = field(default_factory=dict)
    profiles: dict[bytes, HeldProfile] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"DeviceBody({len(self.profiles)} profiles)"

    def encode(self) -> bytes:
        """Return it as JSON."""
        body = {
            "version": BODY_VERSION,
            "seed": self.seed.hex(),
            "turns": self.turns,
            "profiles": [_profile_json(item) for item in self.profiles.values()],
        }
        return json.dumps(body, separators=(",", ":")).encode()

    @classmethod
    def decode(cls, data: bytes) -> DeviceBody:
        """Return what :meth:`encode` gave.

        Raises:
            ValueError: It is something else.
        """
        try:
            body = json.loads(data)
            if body["version"] != BODY_VERSION:
                raise ValueError("another version")
            profiles = [_profile(item) for item in body["profiles"]]
            return cls(
                bytes.fromhex(body["seed"]),
                dict(body["turns"]),
                {item.cid: item for item in profiles},
            )
        except (KeyError, TypeError, AttributeError):
            raise ValueError("another form") from None


def _profile_json(item: HeldProfile) -> dict[str, Any]:
    return {
        "cid": item.cid.hex(),
        "domain": item.domain.to_json(),
        "company": item.company,
        "categories": hex(item.categories),
        "issuedAt": item.issued_at,
        "keys": [
            {
                "category": key.category,
                "epoch": key.epoch,
                "privateKey": key.private_key.hex(),
                "closesAt": key.closes_at,
                "planned": key.planned,
                "holders": [
                    [consent.hex(), end, grantee.hex()]
                    for consent, (end, grantee) in key.holders.items()
                ],
            }
            for key in item.keys
        ],
        "grants": [
            {
                "consentId": grant.consent_id.hex(),
                "company": grant.company,
                "categories": hex(grant.categories),
                "granteeKey": grant.grantee_key.hex(),
                "expiry": grant.expiry,
            }
            for grant in item.grants.values()
        ],
    }


def _profile(data: dict[str, Any]) -> HeldProfile:
    domain = data["domain"]
    grants = [
        Grant(
            bytes.fromhex(item["consentId"]),
            item["company"],
            int(item["categories"], 16),
            bytes.fromhex(item["granteeKey"]),
            item["expiry"],
        )
        for item in data["grants"]
    ]
    return HeldProfile(
        cid=bytes.fromhex(data["cid"]),
        domain=Domain(
            domain["name"], domain["version"], domain["chainId"], domain["verifyingContract"]
        ),
        company=data["company"],
        categories=int(data["categories"], 16),
        issued_at=data["issuedAt"],
        keys=[
            HeldKey(
                item["category"],
                item["epoch"],
                bytes.fromhex(item["privateKey"]),
                item["closesAt"],
                item["planned"],
                {
                    bytes.fromhex(consent): (end, bytes.fromhex(grantee))
                    for consent, end, grantee in item["holders"]
                },
            )
            for item in data["keys"]
        ],
        grants={item.consent_id: item for item in grants},
    )
