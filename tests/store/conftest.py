"""Who takes part in the tests of the vault; what touches a store runs on SQLite and PostgreSQL."""

import pytest

from crmdapp.chain import LocalSigner
from crmdapp.store import _secret_file
from crmdapp.store.database import open_store
from crmdapp.store.device import DeviceKeys, Grant
from crmdapp.store.epochs import open_wrap, vault_domain
from crmdapp.store.keys import OperatorKeys
from crmdapp.store.sealing import open_field
from crmdapp.store.vault import Vault
from tests.fixtures.postgres import postgres  # noqa: F401 - a fixture

CHAIN = 31337
REGISTRY = "0x00000000000000000000000000000000C0115E17"
PASSWORD = "correct horse"
START = 1_800_000_000
DAY = 86_400

EMAIL, NAME, HEALTH = 30, 77, 200
"""Categories of personal data."""


class Clock:
    """Time of the vault and of the customer's device."""

    def __init__(self):
        self.now = START

    def __call__(self):
        return float(self.now)

    def advance(self, seconds):
        self.now += seconds


@pytest.fixture(autouse=True)
def cheap_passwords(monkeypatch):
    """The cost of scrypt is shown elsewhere."""
    monkeypatch.setattr(_secret_file, "SCRYPT_COST", 1 << 4)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def domain():
    return vault_domain(CHAIN, REGISTRY)


@pytest.fixture(params=["sqlite", "postgres"])
def store_url(request, tmp_path):
    """Where a store can be made: on a file and on a server."""
    if request.param == "sqlite":
        yield str(tmp_path / "store.sqlite3")
        return
    server = request.getfixturevalue("postgres")
    address = server.new_database()
    yield address
    server.drop(address)


@pytest.fixture
def store(store_url):
    with open_store(store_url, busy_seconds=1) as store:
        yield store


@pytest.fixture
def keys(tmp_path):
    """The operator's key file."""
    with OperatorKeys.create(tmp_path / "operator.keys") as keys:
        yield keys


@pytest.fixture
def vault(store, keys, domain, clock):
    return Vault(store, keys, domain, clock=clock)


@pytest.fixture
def device(tmp_path):
    """The customer's key file."""
    with DeviceKeys.create(tmp_path / "phone" / "customer.keys", PASSWORD) as device:
        yield device


@pytest.fixture
def company():
    """Address of the company that keeps the vault."""
    return LocalSigner(b"\x11" * 32).address


class Grantee:
    """A company that may be let read."""

    def __init__(self, path, number):
        self.keys = OperatorKeys.create(path)
        self.address = LocalSigner(bytes([number]) * 32).address
        self._number = number
        self._consents = 0

    def grant(self, categories, expiry):
        """A consent for this company."""
        self._consents += 1
        consent_id = bytes([self._number, self._consents]) * 16
        mask = sum(1 << category for category in categories)
        return Grant(consent_id, self.address, mask, self.keys.reading_public_key, expiry)


@pytest.fixture
def partner(tmp_path):
    with (found := Grantee(tmp_path / "partner.keys", 0x21)).keys:
        yield found


@pytest.fixture
def insurer(tmp_path):
    with (found := Grantee(tmp_path / "insurer.keys", 0x22)).keys:
        yield found


@pytest.fixture
def profile():
    """Id of the customer."""
    return b"\xc1" * 31 + b"\0"


@pytest.fixture
def enrolled(vault, device, domain, company, profile, clock):
    """The customer's profile, with keys for e-mail and name published."""
    device.add_profile(profile, domain, company, [EMAIL, NAME])
    vault.enrol(profile, device.subject(CHAIN, company))
    vault.accept(device.publish(profile, now=clock.now))
    return profile


@pytest.fixture
def read():
    """What a grantee can read of a profile with what the vault hands out for a consent."""

    def read_(vault, grantee, grant, profile, clock):
        opened = {}
        for signed in vault.wraps(grant.consent_id):
            wrap = signed.wrap
            reading_key = grantee.keys.reading_key(wrap.grantee_key)
            opened[wrap.key_id] = open_wrap(signed, reading_key, owner=wrap.subject, now=clock.now)
        return {
            item.datum.field: open_field(opened[item.datum.key_id], item.sealed, item.place)
            for item in vault.ciphertexts(profile)
            if item.datum.key_id in opened
        }

    return read_
