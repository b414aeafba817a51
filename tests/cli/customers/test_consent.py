"""``crmdapp customers consent`` and ``release``: a customer with a key file, a company, a vault."""

import json
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from crmdapp.chain import Journal, LocalSigner, Manifest, Sender, connect
from crmdapp.chain._keccak import keccak
from crmdapp.customers import codes
from crmdapp.customers.consents import ConsentClient
from crmdapp.customers.interaction_log import LogClient
from crmdapp.store import _secret_file
from crmdapp.store.database import open_store
from crmdapp.store.device import DeviceKeys
from crmdapp.store.epochs import KeyPackage
from crmdapp.store.keys import OperatorKeys
from crmdapp.store.vault import Vault
from tests.cli.conftest import ADDRESSES, KEYS, PASSWORD

CID = keccak(b"a customer")[:31] + b"\0"
EMAIL = codes.code("EmailAddress", codes.CATEGORIES).bit
PLAIN = "carla@mail.example"
NOTICE = "We write to you about coffee.\n"
DRAFT = {
    "purposes": ["DirectMarketing"],
    "categories": ["EmailAddress"],
    "jurisdiction": "at",
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
        "service": "News about coffee",
        "notice_url": "https://bean.example/privacy",
        "language": "en",
        "storage": ["AT"],
        "retention": "P1Y",
        "withdrawal": "https://bean.example/consent",
    },
}


@dataclass
class Desk:
    """The command line, and the files of customer and company around it."""

    run: object
    folder: Path
    subject: str
    vault: Vault

    def consent(self, *words, **values):
        return self.run.json("customers", "consent", *words, **values)

    def send(self, *words, **values):
        return self.run.send("customers", "consent", *words, **values)

    def release(self, *words, **values):
        return self.run.json("customers", "release", *words, **values)

    def ask(self, name="request.jws", **changes):
        """The company asks; returns the file."""
        draft = self.folder / f"{name}.draft.json"
        draft.write_text(json.dumps({**DRAFT, "subject": self.subject, **changes}))
        self.consent("request", draft, "--notice", "privacy.txt", "--out", name)
        return name

    def agree(self, request="request.jws"):
        """The customer grants with nothing but her key file; the company sends it."""
        self.run.env(CRMDAPP_PRIVATE_KEY=None)
        cid = "0x" + CID.hex()
        words = ("--device", "my.keys", "--profile", cid, "--package", "package.json")
        self.consent("grant-sign", request, *words, "--out", "grant.json")
        self.run.act_as("shop")
        data = self.send("grant-submit", "grant.json")
        package = KeyPackage.from_json(Path("package.json").read_text())
        self.vault.accept(package)
        return data


@pytest.fixture
def desk(crmdapp, node, tmp_path, monkeypatch):
    """The shop keeps a vault and a log; the customer's e-mail address is in it."""
    monkeypatch.setattr(_secret_file, "SCRYPT_COST", 1 << 4)  # its cost is shown elsewhere
    (tmp_path / "password").write_text(PASSWORD)
    (tmp_path / "password").chmod(0o600)
    (tmp_path / "privacy.txt").write_text(NOTICE)
    crmdapp.env(CRMDAPP_PASSWORD_FILE=tmp_path / "password")
    state = tmp_path / "state"
    shop = ADDRESSES["shop"]
    with (
        connect(node.url) as connection,
        Journal(tmp_path / "journal.sqlite3") as journal,
        open_store(state / "vault.sqlite3") as store,
        OperatorKeys.create(state / "operator.sqlite3") as keys,
    ):
        manifest = Manifest.load(tmp_path / "deployments" / "31337.json")
        sender = Sender(connection, LocalSigner(KEYS["shop"]), journal)
        LogClient.at(connection, manifest, sender).open(0, 3_600)
        registry = ConsentClient.at(connection, manifest)
        vault = Vault(store, keys, registry.domain, owner_of=registry.owner_of)
        with DeviceKeys.create(tmp_path / "my.keys", PASSWORD) as device:
            subject = device.subject(31337, shop)
            device.add_profile(CID, registry.domain, shop, [EMAIL])
            vault.enrol(CID, subject)
            vault.accept(device.publish(CID, now=int(time.time())))
        vault.write(CID, "email", EMAIL, PLAIN, "online_form")
        yield Desk(crmdapp, tmp_path, subject, vault)


def test_a_customer_permits_and_the_company_reads(desk):
    request = desk.ask()
    shown = desk.run("customers", "consent", "show", request, "--notice", "privacy.txt").out
    assert "Direct Marketing" in shown
    assert "Email Address" in shown
    assert "Bean There" in shown
    assert desk.consent("check", request, code=8)["state"] == "unknown"
    (granted,) = desk.agree()["grants"]
    assert granted["granted"]
    assert desk.consent("check", request)["holds"]
    desk.consent("terms", request, "--out", "news.json")
    assert not desk.consent("check", "news.json", "--purpose", "Advertising", code=8)["holds"]

    desk.release("request", "news.json", "--out", "ask.json")
    told = desk.release("answer", "ask.json", "--max-head-age", "1d", "--out", "data.json")
    assert told["fields"] == 1
    assert PLAIN not in Path("data.json").read_text()
    desk.release("open", "data.json", "ask.json", "--out", "plain.json")
    assert json.loads(Path("plain.json").read_text()) == [
        {"field": "email", "category": "EmailAddress", "version": 1, "value": PLAIN}
    ]
    for name in ("plain.json", "ask.json", "news.json", "request.jws", "grant.json"):
        assert Path(name).stat().st_mode & 0o077 == 0
    refused = desk.run.error(
        "customers", "release", "answer", "ask.json", "--max-head-age", "1d", code=4
    )
    assert refused["code"] == "ReleaseRefused"
    assert refused["fields"]["reason"] == "replayed"


def test_a_request_is_in_time_by_the_vault_s_clock_whatever_the_chain_s(desk, node):
    request = desk.ask()
    desk.agree()
    node.advance(2 * 86_400)
    desk.release("request", request, "--out", "ask.json")
    (given,) = desk.release("answer", "ask.json", "--max-head-age", "1d")["fields"]
    assert given["field"] == "email"


def test_nothing_is_given_out_after_the_customer_withdrew(desk):
    request = desk.ask()
    desk.agree()
    desk.run.env(CRMDAPP_PRIVATE_KEY=None)
    cid = "0x" + CID.hex()
    words = ("--device", "my.keys", "--profile", cid, "--package", "next.json")
    desk.consent("withdraw-sign", request, *words, "--out", "end.json")
    desk.run.act_as("friend")
    desk.send("withdraw-submit", "end.json")
    assert desk.consent("check", request, code=8)["state"] == "withdrawn"
    desk.run.act_as("shop")
    desk.release("request", request, "--out", "ask.json")
    refused = desk.run.error(
        "customers", "release", "answer", "ask.json", "--max-head-age", "1d", code=4
    )
    assert refused["code"] == "ReleaseRefused"
    assert refused["fields"]["reason"] == "no-consent"
    history = desk.consent("history", request)["changes"]
    assert [item["kind"] for item in history] == ["granted", "withdrawn"]


def test_another_company_gets_nothing(desk):
    request = desk.ask()
    desk.agree()
    desk.run.act_as("rival")
    error = desk.run.error("customers", "release", "request", request, code=2)
    assert "not the data controller" in error["message"]


def test_a_stale_node_gives_nothing_out(desk):
    request = desk.ask()
    desk.agree()
    desk.release("request", request, "--out", "ask.json")
    time.sleep(2.1)
    error = desk.run.error(
        "customers", "release", "answer", "ask.json", "--max-head-age", "1", code=5
    )
    assert error["code"] == "NodeStale"
    assert not Path("data.json").exists()


def test_a_customer_says_no_and_it_is_noted(desk):
    request = desk.ask()
    desk.run.env(CRMDAPP_PRIVATE_KEY=None)
    desk.consent("deny", request, "--device", "my.keys", "--out", "denial.jws")
    desk.run.act_as("shop")
    first = desk.consent("note", desk.subject, request)
    again = desk.consent("note", desk.subject, request)
    assert first["leaf"] == again["leaf"]
    assert desk.consent("note", desk.subject, request, "--answer", "denial.jws")["leaf"]
    other = desk.ask("other.jws")
    error = desk.run.error(
        "customers", "consent", "note", desk.subject, other, "--answer", "denial.jws", code=8
    )
    assert error["code"] == "AnswerDiffers"


def test_an_account_grants_renews_and_withdraws(desk):
    request = desk.ask(subject=ADDRESSES["customer"])
    desk.consent("terms", request, "--out", "news.json")
    assert desk.run.refuse_to_send("customers", "consent", "grant", request, code=6)["code"] == (
        "SubjectOwnerOnly"
    )
    desk.run.act_as("customer")
    desk.send("grant", request, "--notice", "privacy.txt")
    listed = desk.consent("list", ADDRESSES["customer"], "--consent", "news.json")["consents"]
    assert [item["state"] for item in listed] == ["active"]
    assert listed[0]["purposes"] == ["DirectMarketing"]
    (unknown,) = desk.consent("list", ADDRESSES["customer"])["consents"]
    assert "purposes" not in unknown
    desk.send("renew", "news.json", "2099-01-01")
    desk.consent("renew-sign", "news.json", 4_100_000_000, "--out", "more.json")
    desk.send("renew-submit", "more.json")
    desk.send("withdraw", "news.json")
    (ended,) = desk.consent("list", ADDRESSES["customer"])["consents"]
    assert (ended["state"], ended["version"]) == ("withdrawn", 3)


def test_the_company_gives_a_consent_up(desk):
    request = desk.ask()
    desk.agree()
    desk.run.act_as("rival")
    assert desk.run.refuse_to_send("customers", "consent", "revoke", request, code=6)["code"] == (
        "ConsentNotGranted"
    )
    desk.run.act_as("shop")
    desk.send("revoke", request)
    assert desk.consent("check", request, code=8)["state"] == "revoked"


@pytest.mark.parametrize("form", [(), ("--kantara",)])
def test_a_receipt_is_signed_and_verified(desk, form):
    request = desk.ask()
    desk.agree()
    desk.consent("receipt", request, *form, "--out", "receipt.jws")
    told = desk.consent("verify", "receipt.jws", *form)
    assert told["state"] == "active"
    text = Path("receipt.jws").read_text()
    Path("forged.jws").write_text(text[:-6] + "AAAAA\n")
    error = desk.run.error("customers", "consent", "verify", "forged.jws", *form, code=8)
    assert error["code"] == "DocumentInvalid"


def test_a_request_with_another_notice_is_not_granted(desk):
    request = desk.ask()
    Path("privacy.txt").write_text(NOTICE + "And sell your address.\n")
    for words in (("show", request), ("grant-sign", request, "--device", "my.keys")):
        error = desk.run.error("customers", "consent", *words, "--notice", "privacy.txt", code=8)
        assert error["code"] == "NoticeDiffers"


def test_unknown_codes_are_refused_with_the_nearest(desk):
    draft = desk.folder / "draft.json"
    draft.write_text(json.dumps({**DRAFT, "subject": desk.subject, "purposes": ["Marketting"]}))
    words = ("customers", "consent", "request", draft, "--notice", "privacy.txt")
    error = desk.run.error(*words, code=2)
    assert error["code"] == "CodeUnknown"
    assert "Marketing" in error["hint"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"valid_for": "a year"}, "valid_for"),
        ({"extra": 1}, "unknown member 'extra'"),
        ({"company": {}}, "name"),
        ({"recipients": [1]}, "must be texts"),
        ({"categories": ["MedicalHealth"]}, "explicit"),
    ],
)
def test_a_crooked_draft_is_refused(desk, changes, message):
    draft = desk.folder / "draft.json"
    draft.write_text(json.dumps({**DRAFT, "subject": desk.subject, **changes}))
    words = ("customers", "consent", "request", draft, "--notice", "privacy.txt")
    assert message in desk.run.error(*words, code=2)["message"]


def test_a_key_file_of_somebody_else_does_not_sign(desk):
    request = desk.ask(subject=ADDRESSES["customer"])
    words = ("customers", "consent", "grant-sign", request, "--device", "my.keys")
    assert "is not the identity" in desk.run.error(*words, code=2)["message"]


def test_no_salt_is_shown(desk):
    request = desk.ask()
    desk.consent("terms", request, "--out", "news.json")
    terms = json.loads(Path("news.json").read_text())
    salts = (terms["data_controller"]["salt"], terms["permission"]["salt"])
    desk.agree()
    shown = ""
    for words in (
        ("consent", "show", request),
        ("consent", "check", request),
        ("consent", "history", request),
        ("consent", "list", desk.subject, "--consent", "news.json"),
    ):
        for form in ((), ("--json",)):
            found = desk.run("customers", *words, *form)
            shown += found.out + found.err
    assert terms["permission"]["subject"] in shown
    for salt in salts:
        assert salt[2:] not in shown
