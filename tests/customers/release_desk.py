"""A vault, its log, and a company with a consent, for the tests of the release path."""

from dataclasses import dataclass, replace

import pytest

from crmdapp.chain._keccak import keccak
from crmdapp.customers import codes
from crmdapp.customers.answers import agree
from crmdapp.customers.consent_intents import sign_withdrawal
from crmdapp.customers.consents import ConsentClient
from crmdapp.customers.interaction_log import LogClient
from crmdapp.customers.log_journal import LogJournal
from crmdapp.customers.log_keys import LogKeys
from crmdapp.customers.operator import LogOperator
from crmdapp.customers.release import SignedRelease, sign_release
from crmdapp.customers.release_book import ReleaseBook
from crmdapp.customers.release_desk import ReleaseDesk
from crmdapp.customers.requests import ask
from crmdapp.store import _secret_file
from crmdapp.store.database import open_store
from crmdapp.store.device import DeviceKeys, Grant
from crmdapp.store.keys import OperatorKeys
from crmdapp.store.vault import Vault
from tests.customers.consent_terms import request_for, terms_for
from tests.customers.registry_office import DAY, Office

PROFILE = keccak(b"a customer")[:31] + b"\0"
EMAIL, PHONE = ("EmailAddressPersonal", "TelephoneNumber")
MAIL = b"carla@mail.example"
CALL = b"+43 1 555"


def category(term):
    return codes.code(term, codes.CATEGORIES).bit


@dataclass
class Parties:
    """Everybody who takes part: the operator keeps the vault, the company wants to read."""

    office: Office
    device: DeviceKeys
    vault: Vault
    keys: OperatorKeys
    company_keys: OperatorKeys
    log: LogOperator
    desk: ReleaseDesk
    registry: ConsentClient
    nonce: int = 0

    @property
    def now(self) -> int:
        return self.office.now

    def subject(self, role="company"):
        """The customer's key for one company."""
        return self.device.identity(31337, self.office.address(role))

    def terms(self, role="company", categories=(EMAIL,), **changes):
        now = self.now
        values = {"valid_from": now - 10, "valid_until": now + DAY, **changes}
        company, subject = self.office.signer(role), self.subject(role)
        return terms_for(company, subject, categories=list(categories), **values)

    def agree(self, terms, reading_key=None, role="company"):
        """The company asks, the customer grants on chain and wraps on her device."""
        now = self.now
        key = reading_key or self.company_keys.reading_public_key
        request = request_for(
            terms, self.registry.domain, public_key=key, asked_at=now, answer_by=now + 600
        )
        signed = ask(self.office.signer(role), request)
        self.registry.grant_by_sig(agree(self.subject(role), signed, now))
        self.wrap(terms, key, role)

    def wrap(self, terms, reading_key, role="company"):
        permission = terms.permission
        grant = Grant(
            terms.consent_id,
            self.office.address(role),
            permission.categories,
            reading_key,
            permission.valid_until,
        )
        self.vault.accept(self.device.consent(PROFILE, grant, now=self.now))

    def withdraw_on_chain(self, terms, role="company"):
        signed = sign_withdrawal(
            self.subject(role),
            self.registry.domain,
            terms.subject,
            terms.consent_id,
            deadline=self.now + 600,
        )
        self.registry.withdraw_by_sig(signed)

    def ask(self, terms, role="company", **changes) -> SignedRelease:
        """A request of the company for all that its terms permit."""
        self.nonce += 1
        values = {
            "purposes": terms.permission.purposes,
            "categories": terms.permission.categories,
            "nonce": self.nonce,
            "deadline": self.now + 600,
            **changes,
        }
        return sign_release(self.office.signer(role), self.registry.domain, terms, **values)

    def forge(self, signed, role, **changes) -> SignedRelease:
        """A request as somebody signs it who does not care for the rules of this package."""
        request = replace(signed.request, **changes)
        signature = request.sign(self.office.signer(role), signed.domain)
        return replace(signed, request=request, signature=signature)

    def noted(self):
        """Payloads in the customer's log, oldest first."""
        pseudonym = self.log.pseudonym("0x" + PROFILE.hex())
        return [
            (item.contents.interaction.kind, dict(item.contents.payload))
            for item in self.log.receipts(pseudonym=pseudonym)
        ]


@pytest.fixture
def release(office, tmp_path, monkeypatch):
    """The customer's e-mail address and phone number are in the vault; nobody has a consent."""
    monkeypatch.setattr(_secret_file, "SCRYPT_COST", 1 << 4)  # its cost is shown elsewhere
    registry = office.client("outsider", ConsentClient)
    operator = office.client("operator", LogClient)
    operator.open(0, 3_600)
    clock = lambda: office.now  # noqa: E731 - the chain's time
    with (
        open_store(tmp_path / "vault.sqlite3") as store,
        OperatorKeys.create(tmp_path / "operator.sqlite3") as keys,
        OperatorKeys.create(tmp_path / "company.sqlite3") as company_keys,
        DeviceKeys.create(tmp_path / "device.json", "correct horse") as device,
        LogJournal(tmp_path / "interactions.sqlite3") as journal,
        LogKeys(tmp_path / "pseudonyms.sqlite3") as log_keys,
        ReleaseBook(tmp_path / "releases.sqlite3") as book,
    ):
        vault = Vault(store, keys, registry.domain, owner_of=registry.owner_of, clock=clock)
        log = LogOperator(
            operator, journal, log_keys, signer=office.signer("operator"), clock=clock
        )
        desk = ReleaseDesk(vault, registry, log, book, clock=clock)
        found = Parties(office, device, vault, keys, company_keys, log, desk, registry)
        keeper = office.address("operator")
        device.add_profile(PROFILE, registry.domain, keeper, [category(EMAIL), category(PHONE)])
        vault.enrol(PROFILE, device.subject(31337, keeper))
        vault.accept(device.publish(PROFILE, now=found.now))
        vault.write(PROFILE, "email", category(EMAIL), MAIL, "online_form")
        vault.write(PROFILE, "phone", category(PHONE), CALL, "online_form")
        yield found
