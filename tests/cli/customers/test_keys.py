"""The customer's key file and the company's vault, from the command line."""

import json
import stat
import time

import pytest

from crmdapp.chain import LocalSigner
from crmdapp.cli.main import run
from crmdapp.customers import codes
from crmdapp.customers.terms_file import terms_text
from crmdapp.store import _secret_file
from crmdapp.store.database import open_store
from crmdapp.store.device import DeviceKeys
from crmdapp.store.epochs import KeyPackage, open_wrap, vault_domain
from crmdapp.store.keys import OperatorKeys
from crmdapp.store.receipts import VaultReceipt
from crmdapp.store.sealing import open_field
from crmdapp.store.vault import Vault
from tests.cli.conftest import ADDRESSES, PASSWORD

CID = "0x" + "c1" * 31 + "00"
REGISTRY = "0x00000000000000000000000000000000C0115E17"
EMAIL = codes.code("EmailAddress", codes.CATEGORIES).bit


@pytest.fixture(autouse=True)
def cheap_passwords(monkeypatch):
    monkeypatch.setattr(_secret_file, "SCRYPT_COST", 1 << 4)


@pytest.fixture
def password_file(tmp_path, monkeypatch):
    path = tmp_path / "phone.password"
    path.write_text(PASSWORD)
    path.chmod(0o600)
    monkeypatch.setenv("CRMDAPP_PASSWORD_FILE", str(path))


@pytest.fixture
def phone(offline, password_file):
    """The command line of a customer, who has a key file and no node."""
    offline.json("customers", "keys", "new")
    return offline


def device_path(crmdapp):
    return crmdapp.state / "device.sqlite3"


PUBLISH = ["--company", ADDRESSES["shop"], "--category", "EmailAddress"]
HERE = ["--registry", REGISTRY, "--chain-id", 31337]


def test_new_makes_one_file_and_never_a_second(phone):
    path = device_path(phone)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert phone.error("customers", "keys", "new", code=2)["code"] == "UsageError"
    shown = phone.json("customers", "keys", "show", "--company", ADDRESSES["shop"], *HERE[2:])
    with DeviceKeys.open(path, PASSWORD) as keys:
        assert shown["subject"] == keys.subject(31337, ADDRESSES["shop"])
        assert shown["guardian_key"] == "0x" + keys.guardian_key.hex()
    assert shown["profiles"] == []


def test_new_needs_a_password(offline):
    assert offline.error("customers", "keys", "new", code=4)["code"] == "KeystoreLocked"


def test_publish_signs_keys_without_a_node(phone, tmp_path):
    assert phone.error("customers", "keys", "publish", CID, code=2)["code"] == "UsageError"
    out = tmp_path / "keys.json"
    told = phone.json("customers", "keys", "publish", CID, *PUBLISH, *HERE, "--out", out)
    assert (told["keys"], told["wraps"]) == (1, 0)
    package = KeyPackage.from_json(out.read_text())
    assert package.bundle.domain == vault_domain(31337, REGISTRY)
    assert package.bundle.signed_by(package.bundle.bundle.subject)
    more = phone("customers", "keys", "publish", CID, "--category", "Name").data
    assert len(KeyPackage.from_json(more).bundle.bundle.keys) == 2
    wrong = phone.error("customers", "keys", "publish", CID, "--category", "EmailAdress", code=2)
    assert "EmailAddress" in json.dumps(wrong)


def test_shares_restore_a_copy(phone, tmp_path, password_file):
    copy = tmp_path / "copy.keys"
    copy.write_bytes(device_path(phone).read_bytes())
    folder = tmp_path / "shares"
    told = phone.json("customers", "keys", "share", "--out-dir", folder)
    assert told["threshold"] == 2
    files = sorted(folder.iterdir())
    assert [path.name for path in files] == ["share-1.txt", "share-2.txt", "share-3.txt"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    new = tmp_path / "new.keys"
    restore = ["customers", "keys", "restore", copy]
    few = phone.error(*restore, files[0], "--device", new, code=4)
    assert few["code"] == "SharesTooFew"
    phone.json(*restore, files[2], files[0], "--device", new)
    with (
        DeviceKeys.open(new, PASSWORD) as restored,
        DeviceKeys.open(device_path(phone), PASSWORD) as before,
    ):
        assert restored.guardian_key == before.guardian_key


def test_a_share_of_another_file_restores_nothing_and_leaves_nothing(phone, tmp_path):
    with DeviceKeys.create(tmp_path / "other.keys", PASSWORD):
        pass
    phone.json("customers", "keys", "share", "--out-dir", tmp_path / "shares")
    files = sorted((tmp_path / "shares").iterdir())
    new = tmp_path / "new.keys"
    words = ["customers", "keys", "restore", tmp_path / "other.keys", *files[:2]]
    assert phone.error(*words, "--device", new, code=4)["code"] == "WrongPassword"
    assert not new.exists()


def test_a_share_sealed_to_a_keeper_is_opened_by_the_keeper(phone, tmp_path):
    keeper = tmp_path / "keeper.keys"
    made = phone.json("customers", "keys", "new", "--device", keeper)
    to = ["--to", made["guardian_key"], "--to", made["guardian_key"]]
    phone.json("customers", "keys", "share", *to, "--out-dir", tmp_path / "shares")
    sealed = sorted((tmp_path / "shares").iterdir())[0]
    words = ["customers", "keys", "open-share", sealed]
    assert phone.error(*words, code=8)["code"] == "SealedInvalid"
    told = phone(*words, "--device", keeper)
    assert told.out.startswith("crmdapp-share-1-")


def test_init_makes_the_vault_once_and_shows_it(offline):
    made = offline.json("customers", "store", "init")
    shown = offline.json("customers", "store", "status", "--check")
    assert shown["signer"] == made["signer"]
    assert shown["reading_key"] == made["reading_key"]
    assert (shown["profiles"], shown["data"], shown["wraps"]) == (0, 0, 0)
    assert offline.error("customers", "store", "init", code=4)["code"] == "KeyFileExists"


@pytest.mark.parametrize("words", ["status", "expire"])
def test_a_missing_key_file_is_named(crmdapp, words):
    assert crmdapp.error("customers", "store", words, code=4)["code"] == "KeyFileMissing"


def test_a_password_is_not_taken_from_the_command_line(offline):
    refused = offline(
        "customers", "store", "init", "--vault", "postgresql://a:quokka@host/db", "--json", code=2
    )
    assert "quokka" not in refused.out + refused.err


def test_the_story_of_a_profile(crmdapp, password_file, tmp_path, monkeypatch):
    """Published, sealed, consented, read, withdrawn, erased; each side with its own file."""
    monkeypatch.chdir(tmp_path)
    manifest = json.loads(next((tmp_path / "deployments").glob("*.json")).read_text())
    company = ADDRESSES["shop"]
    partner = OperatorKeys.create(tmp_path / "partner.keys")
    made = crmdapp.json("customers", "store", "init")

    crmdapp.json("customers", "keys", "new")
    shown = crmdapp.json("customers", "keys", "show", "--company", company)
    crmdapp.json("customers", "store", "enrol", CID, shown["subject"])
    crmdapp.json("customers", "keys", "publish", CID, *PUBLISH, "--out", "keys.json")
    taken = crmdapp.json("customers", "store", "accept", "keys.json")
    assert (taken["keys"], taken["wraps"]) == (1, 0)

    domain = KeyPackage.from_json((tmp_path / "keys.json").read_text()).bundle.domain
    assert domain.verifying_contract in json.dumps(manifest)

    def vault():
        return open_store(crmdapp.state / "vault.sqlite3"), OperatorKeys(
            crmdapp.state / "operator.sqlite3"
        )

    store, keys = vault()
    with store, keys:
        Vault(store, keys, domain).write(
            bytes.fromhex(CID[2:]), "email", EMAIL, b"ann@example.org", "online_form"
        )

    terms = agreed_terms(crmdapp, partner, tmp_path)
    reader = "0x" + partner.reading_public_key.hex()
    wrapped = crmdapp.json(
        "customers", "keys", "wrap", CID, "consent.json", reader, "--out", "wraps.json"
    )
    assert wrapped["wraps"] == 1
    crmdapp.json("customers", "store", "accept", "wraps.json")
    store, keys = vault()
    with store, keys:
        held = Vault(store, keys, domain)
        (signed,) = held.wraps(terms.consent_id)
        (item,) = held.ciphertexts(bytes.fromhex(CID[2:]))
    key = open_wrap(signed, partner.reading_key(), owner=signed.wrap.subject, now=int(time.time()))
    assert open_field(key, item.sealed, item.place) == b"ann@example.org"

    crmdapp.json("customers", "keys", "withdraw", CID, "consent.json", "--out", "after.json")
    crmdapp.json("customers", "store", "accept", "after.json")
    consent = "0x" + terms.consent_id.hex()
    crmdapp.json("customers", "store", "withdraw", consent, "--out", "withdrawn.json")
    receipt = VaultReceipt.from_json((tmp_path / "withdrawn.json").read_text())
    assert receipt.signed_by(made["signer"])
    assert crmdapp.json("customers", "store", "expire") == []

    crmdapp("customers", "keys", "erase", CID, "--forget", "--out", "erase.json")
    assert crmdapp.error("customers", "erase", "erase.json", code=2)["code"] == "UsageError"
    dry = crmdapp("customers", "erase", "erase.json", "--dry-run")
    assert "Sealed data" in dry.err + dry.out
    crmdapp.send("customers", "erase", "erase.json", "--out", "erased.json")
    receipt = VaultReceipt.from_json((tmp_path / "erased.json").read_text())
    assert (receipt.kind, receipt.body["data"]) == ("erasure", 1)
    again = crmdapp.error("customers", "erase", "erase.json", "--yes", code=2)
    assert again["code"] == "ProfileUnknown"
    assert crmdapp.json("customers", "store", "status")["profiles"] == 0
    assert crmdapp.json("customers", "keys", "show")["profiles"] == []
    partner.close()


def agreed_terms(crmdapp, partner, folder):
    """Terms of a consent for a partner that this customer has another identity for."""
    from crmdapp.customers.terms import new_terms

    address = LocalSigner(b"\x21" * 32).address
    shown = crmdapp.json("customers", "keys", "show", "--company", address)
    now = int(time.time())
    terms = new_terms(
        data_controller=address,
        subject=shown["subject"],
        purposes=["ServiceProvision"],
        categories=["Contact"],
        valid_from=now,
        valid_until=now + 86_400,
        notice_hash=b"\x01" * 32,
        jurisdiction="AT",
    )
    (folder / "consent.json").write_bytes(terms_text(terms))
    return terms


def test_claim_hands_an_imported_profile_over(crmdapp, password_file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    crmdapp.json("customers", "store", "init")
    crmdapp.json("customers", "keys", "new")
    shown = crmdapp.json("customers", "keys", "show", "--company", ADDRESSES["shop"])
    crmdapp.json("customers", "keys", "publish", CID, *PUBLISH, "--out", "keys.json")
    domain = KeyPackage.from_json((tmp_path / "keys.json").read_text()).bundle.domain
    with (
        open_store(crmdapp.state / "vault.sqlite3") as store,
        OperatorKeys(crmdapp.state / "operator.sqlite3") as keys,
    ):
        vault = Vault(store, keys, domain)
        vault.adopt([bytes.fromhex(CID[2:])])
        vault.write(bytes.fromhex(CID[2:]), "email", EMAIL, b"ann@example.org", "csv_import")
    refused = crmdapp.error("customers", "store", "accept", "keys.json", code=2)
    assert refused["code"] == "CustodyProblem"
    crmdapp.json("customers", "store", "claim", shown["subject"], "keys.json")
    status = crmdapp.json("customers", "store", "status")
    assert (status["profiles"], status["custodial"], status["data"]) == (1, 0, 1)


def test_no_help_page_loads_the_database(capsys):
    for words in (["customers", "keys", "--help"], ["customers", "store", "--help"]):
        assert run(words) == 0
    assert "share" in capsys.readouterr().out
