"""A customer with a device, and companies that ask her: the story that the tests share."""

from __future__ import annotations

import itertools
import time
from contextlib import contextmanager
from dataclasses import dataclass

from crmdapp.chain import LocalSigner
from crmdapp.chain._keccak import keccak
from crmdapp.customers import codes
from crmdapp.customers.answers import agree
from crmdapp.customers.consent_intents import sign_withdrawal
from crmdapp.customers.consents import ConsentClient
from crmdapp.customers.did import DidClient
from crmdapp.customers.release import sign_release
from crmdapp.customers.requests import read_request
from crmdapp.store import _secret_file
from crmdapp.store.device import DeviceKeys, Grant

PASSWORD = "correct horse"
MAIL = "carla@mail.example"
EMAIL, PHONE = "EmailAddress", "TelephoneNumber"
NOTICE = "We read your e-mail address to write to you.\n"

_numbers = itertools.count(1)


def key_of_request() -> dict[str, str]:
    """A header with an Idempotency-Key that was not used."""
    return {"Idempotency-Key": f"test-{next(_numbers)}"}


def category(term: str) -> int:
    return codes.code(term, codes.CATEGORIES).bit


def draft(subject: str, categories=(EMAIL,), service="News about coffee") -> dict:
    """What a company asks for."""
    return {
        "subject": subject,
        "purposes": ["DirectMarketing"],
        "categories": list(categories),
        "jurisdiction": "AT",
        "valid_for": "365d",
        "company": {
            "name": "Bean There",
            "address": "Main Street 1, Vienna",
            "country": "AT",
            "contact": "Data protection officer",
            "email": "privacy@bean.example",
            "phone": "+43 1 000000",
            "url": "https://bean.example",
        },
        "handling": {
            "service": service,
            "notice_url": "https://bean.example/privacy",
            "language": "en",
            "storage": ["AT"],
            "retention": "P1Y",
            "withdrawal": "https://bean.example/consent",
        },
    }


@dataclass
class Carla:
    """A customer: her device, and her profile's id."""

    device: DeviceKeys
    cid: bytes
    town: object
    company: str

    @property
    def signer(self) -> LocalSigner:
        """Her key for the company."""
        return self.device.identity(self.town.node.chain_id, self.company)

    @property
    def subject(self) -> str:
        """Her identity for the company."""
        return self.device.subject(self.town.node.chain_id, self.company)

    def wrap(self, request: str, reading_key: bytes) -> dict:
        """Keys for what a request asks, wrapped to the company."""
        own = read_request(request).request.terms
        permission = own.permission
        grant = Grant(
            own.consent_id,
            own.data_controller.account,
            permission.categories,
            reading_key,
            permission.valid_until,
        )
        return self.device.consent(self.cid, grant, now=self.town.now()).to_json()

    def agree(self, request: str) -> dict:
        """Her signed agreement to a request."""
        return agree(self.signer, read_request(request), self.town.now()).to_json()

    def withdraw(self, request: str) -> dict:
        """Her signed withdrawal."""
        terms = read_request(request).request.terms
        domain = self.town.client(ConsentClient).domain
        return sign_withdrawal(
            self.signer,
            domain,
            self.subject,
            terms.consent_id,
            deadline=self.town.now() + 3_600,
        ).to_json()


def ask_for_data(town, role: str, request: str, nonce: int) -> dict:
    """A signed request of a company for all that a consent permits."""
    terms = read_request(request).request.terms
    own = terms.permission
    return sign_release(
        town.signer(role),
        town.client(ConsentClient).domain,
        terms,
        purposes=own.purposes,
        categories=own.categories,
        nonce=nonce,
        deadline=int(time.time()) + 600,  # the vault's clock judges it
    ).to_json()


@contextmanager
def carla_of(town, server, folder, role="merchant", name="carla"):
    """Carla is enrolled at a company with a sealed e-mail address; nobody has a consent."""
    cost, _secret_file.SCRYPT_COST = _secret_file.SCRYPT_COST, 1 << 4
    company = town.address(role)
    cid = keccak(f"{name} {role}".encode())[:31] + b"\0"
    try:
        with DeviceKeys.create(folder / f"{name}.json", PASSWORD) as device:
            carla = Carla(device, cid, town, company)
            domain = town.client(ConsentClient).domain
            device.add_profile(cid, domain, company, [category(EMAIL), category(PHONE)])
            with server.api(role) as api:
                calls = (
                    ("vault", None),
                    ("vault/profiles", {"cid": "0x" + cid.hex(), "subject": carla.subject}),
                    (
                        "vault/packages",
                        {"package": device.publish(cid, now=town.now()).to_json()},
                    ),
                    (
                        f"profiles/0x{cid.hex()}/data",
                        {
                            "data": [
                                {
                                    "field": "email",
                                    "category": EMAIL,
                                    "value": MAIL,
                                    "source": "online_form",
                                    "reference": "form-1",
                                }
                            ]
                        },
                    ),
                )
                for place, body in calls:
                    answer = api.post(f"/v1/customers/{place}", json=body, headers=key_of_request())
                    assert answer.status_code in (200, 201), answer.text
            yield carla
    finally:
        _secret_file.SCRYPT_COST = cost


def hand_over(town, carla, role: str) -> None:
    """Let Carla's identity be signed for by a role's key: her wallet on the page."""
    town.node.set_balance(carla.subject, 10**18)
    from crmdapp.chain import Sender

    sender = Sender(town.connection, carla.signer, town.journal)
    DidClient.at(town.connection, town.manifest, sender).change_owner(
        carla.subject, town.address(role)
    )
