"""The two kinds of key files: the operator's and the customer's."""

import json
import os
import sqlite3
import stat

import pytest

from crmdapp.chain import _database
from crmdapp.errors import DiskFull, PermissionDenied, UsageError, WrongPassword
from crmdapp.store import _secret_file
from crmdapp.store.device import DeviceKeys, Grant
from crmdapp.store.errors import (
    GranteeKeyInvalid,
    KeyFileCorrupt,
    KeyFileExists,
    KeyFileLocked,
    KeyFileMissing,
    ProfileKnown,
    ProfileUnknown,
)
from crmdapp.store.keys import OperatorKeys
from tests.store.conftest import CHAIN, DAY, EMAIL, NAME, PASSWORD, START

DEVICE = "phone/customer.keys"


# --------------------------------------------------------------------------- the operator's


def test_create_writes_a_file_only_its_owner_can_read(keys, tmp_path):
    keys.put_salt(b"\x01" * 32, "a", b"\x02" * 32)
    for path in tmp_path.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"operator.keys", "operator.keys-wal", "operator.keys-shm"}


def test_create_overwrites_nothing(keys):
    signer = keys.signer.address
    with pytest.raises(KeyFileExists):
        OperatorKeys.create(keys.path)
    with OperatorKeys(keys.path) as again:
        assert again.signer.address == signer
    assert not [path for path in keys.path.parent.iterdir() if path.name.startswith(".")]


def test_the_file_overwrites_what_it_deletes(keys):
    assert keys.rows("PRAGMA secure_delete")[0][0] == 1
    with OperatorKeys(keys.path) as again:
        assert again.rows("PRAGMA secure_delete")[0][0] == 1


def test_a_missing_key_file_is_named_and_not_made(tmp_path):
    with pytest.raises(KeyFileMissing):
        OperatorKeys(tmp_path / "none.keys")
    with pytest.raises(KeyFileMissing):
        OperatorKeys(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_file_others_may_read_is_refused(keys, mode):
    keys.path.chmod(mode)
    with pytest.raises(PermissionDenied, match="Others may read"):
        OperatorKeys(keys.path)
    keys.path.chmod(0o600)
    OperatorKeys(keys.path).close()


@pytest.mark.parametrize("body", [b"", b"no database" * 100])
def test_a_damaged_key_file_is_named(tmp_path, body):
    path = tmp_path / "operator.keys"
    path.write_bytes(body)
    path.chmod(0o600)
    with pytest.raises(KeyFileCorrupt):
        OperatorKeys(path)


def test_a_newer_releases_key_file_is_refused(keys):
    keys.close()
    with sqlite3.connect(keys.path) as db:
        db.execute("PRAGMA user_version = 9")
    db.close()
    with pytest.raises(KeyFileCorrupt, match="newer release"):
        OperatorKeys(keys.path)


def test_a_locked_key_file_is_named(keys, monkeypatch):
    monkeypatch.setattr(_database, "BUSY_SECONDS", 0.1)
    with OperatorKeys(keys.path) as quick:
        other = sqlite3.connect(keys.path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(KeyFileLocked):
            quick.put_salt(b"\x01" * 32, "a", b"\x02" * 32)
        other.execute("ROLLBACK")
        other.close()
        quick.put_salt(b"\x01" * 32, "a", b"\x02" * 32)


def test_a_full_disk_is_named(keys):
    pages = keys.rows("PRAGMA page_count")[0][0]
    keys.rows(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(DiskFull):
        keys.put_salts([(b"\x01" * 32, str(n), b"\x02" * 64, None) for n in range(500)])
    assert keys.rows("SELECT COUNT(*) FROM salts")[0][0] == 0


@pytest.mark.parametrize("salt", [b"", bytes(65)])
def test_put_salt_refuses_sizes_that_are_no_salt(keys, salt):
    with pytest.raises(UsageError):
        keys.put_salt(b"\x01" * 32, "a", salt)


def test_a_reading_key_of_somebody_else_is_missing(keys, partner):
    with pytest.raises(KeyFileMissing):
        keys.reading_key(partner.keys.reading_public_key)


# --------------------------------------------------------------------------- the customer's


def test_the_device_file_is_only_its_owners(device, tmp_path):
    path = tmp_path / DEVICE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_the_device_file_holds_nothing_in_the_clear(device, enrolled, domain, tmp_path):
    raw = (tmp_path / DEVICE).read_text()
    body = json.loads(raw)
    assert set(body) == {"header", "body"}
    for secret in (device.file_key, device._body.seed):
        assert secret.hex() not in raw
    assert enrolled.hex() not in raw
    assert domain.verifying_contract.lower()[2:] not in raw.lower()


def test_a_wrong_password_is_named(device, tmp_path):
    device.close()
    with pytest.raises(WrongPassword):
        DeviceKeys.open(tmp_path / DEVICE, "wrong")
    with DeviceKeys.open(tmp_path / DEVICE, PASSWORD) as again:
        assert again.profiles() == []


def test_a_changed_password_opens_and_the_old_one_does_not(device, enrolled, tmp_path):
    old = device.file_key
    device.change_password("new")
    assert device.file_key != old
    device.close()
    with pytest.raises(WrongPassword):
        DeviceKeys.open(tmp_path / DEVICE, PASSWORD)
    with DeviceKeys.open(tmp_path / DEVICE, "new") as again:
        assert again.profiles() == [enrolled]
    with pytest.raises(UsageError):
        DeviceKeys.create(tmp_path / "other.keys", "")


def test_only_one_process_has_the_device_file_open(device, tmp_path):
    with pytest.raises(KeyFileLocked):
        DeviceKeys.open(tmp_path / DEVICE, PASSWORD)
    device.close()
    DeviceKeys.open(tmp_path / DEVICE, PASSWORD).close()


def test_the_device_file_is_never_overwritten(device, tmp_path):
    device.close()
    before = (tmp_path / DEVICE).read_bytes()
    with pytest.raises(KeyFileExists):
        DeviceKeys.create(tmp_path / DEVICE, PASSWORD)
    assert (tmp_path / DEVICE).read_bytes() == before
    DeviceKeys.open(tmp_path / DEVICE, PASSWORD).close()


def test_a_missing_device_file_is_named(tmp_path):
    with pytest.raises(KeyFileMissing):
        DeviceKeys.open(tmp_path / "none.keys", PASSWORD)


def damaged(body):
    """Every way to damage the file that JSON does not notice."""
    whole = json.loads(body)
    for name in ("kind", "version", "scrypt", "fileKey"):
        yield {**whole, "header": {k: v for k, v in whole["header"].items() if k != name}}
    for name, value in {"n": 1 << 40, "r": 1, "p": 99, "salt": "zz"}.items():
        kdf = {**whole["header"]["scrypt"], name: value}
        yield {**whole, "header": {**whole["header"], "scrypt": kdf}}
    flipped = whole["body"][:-1] + ("0" if whole["body"][-1] != "0" else "1")
    yield {**whole, "body": flipped}
    yield {"header": whole["header"]}
    yield []


def test_a_damaged_device_file_is_named(device, tmp_path):
    device.close()
    path = tmp_path / DEVICE
    good = path.read_bytes()
    for body in damaged(good):
        path.write_text(json.dumps(body))
        with pytest.raises(KeyFileCorrupt, match="damaged"):
            DeviceKeys.open(path, PASSWORD)
    for body in (b"", good[: len(good) // 2], b"\xff\xfe"):
        path.write_bytes(body)
        with pytest.raises(KeyFileCorrupt):
            DeviceKeys.open(path, PASSWORD)
    path.write_bytes(good)
    DeviceKeys.open(path, PASSWORD).close()


def test_a_weakened_device_file_does_not_open(device, tmp_path):
    """Who lowers the cost of guessing, or swaps a header, changes what the password opens."""
    device.close()
    path = tmp_path / DEVICE
    whole = json.loads(path.read_bytes())
    whole["header"]["scrypt"]["n"] = 2
    path.write_text(json.dumps(whole))
    with pytest.raises(WrongPassword):
        DeviceKeys.open(path, PASSWORD)


def test_a_full_disk_leaves_file_and_keys_as_they_were(device, enrolled, tmp_path, monkeypatch):
    before, grants = (tmp_path / DEVICE).read_bytes(), device.grants(enrolled)

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    grant = Grant(b"\x01" * 32, "0x" + "11" * 20, 1 << EMAIL, device.guardian_key, START + DAY)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(DiskFull):
            device.consent(enrolled, grant, now=START)
    assert (tmp_path / DEVICE).read_bytes() == before
    assert device.grants(enrolled) == grants
    assert len(device.consent(enrolled, grant, now=START).wraps) == 1
    left = [path.name for path in (tmp_path / "phone").iterdir() if "lock" not in path.name]
    assert left == ["customer.keys"]


def test_what_was_published_is_in_the_file(device, enrolled, vault, tmp_path, clock):
    datum = vault.write(enrolled, "email", EMAIL, b"ann@example.org", "iot")
    device.close()
    with DeviceKeys.open(tmp_path / DEVICE, PASSWORD) as again:
        (item,) = vault.ciphertexts(enrolled)
        assert item.datum == datum
        assert again.open_field(item) == b"ann@example.org"
        vault.accept(again.publish(enrolled, now=clock.now + 1))


def test_epoch_keys_derive_from_nothing(device, enrolled, vault, domain, company):
    """The seed and everything public give no key back once it is deleted."""
    vault.write(enrolled, "email", EMAIL, b"ann@example.org", "iot")
    (item,) = vault.ciphertexts(enrolled)
    device.forget(enrolled)
    device.add_profile(enrolled, domain, company, [EMAIL, NAME])
    device.publish(enrolled, now=START + 1)
    from crmdapp.store.errors import SealedInvalid

    with pytest.raises(SealedInvalid):
        device.open_field(item)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"grantee_key": bytes(32)}, GranteeKeyInvalid),
        ({"grantee_key": b"short"}, GranteeKeyInvalid),
        ({"expiry": START}, UsageError),
        ({"expiry": 1 << 40}, UsageError),
        ({"categories": 0}, UsageError),
        ({"categories": 1 << 256}, UsageError),
        ({"company": "0x12"}, UsageError),
        ({"consent_id": b"short"}, UsageError),
    ],
    ids=str,
)
def test_consent_refuses_what_is_malformed(device, enrolled, partner, change, kind):
    from dataclasses import replace

    grant = partner.grant([EMAIL], START + DAY)
    with pytest.raises(kind):
        device.consent(enrolled, replace(grant, **change), now=START)
    assert device.grants(enrolled) == []


def test_the_device_knows_its_profiles(device, enrolled, domain, company):
    with pytest.raises(ProfileKnown):
        device.add_profile(enrolled, domain, company, [EMAIL])
    with pytest.raises(ProfileUnknown):
        device.publish(b"\x05" * 32, now=START)
    with pytest.raises(UsageError):
        device.add_profile(b"short", domain, company, [EMAIL])
    with pytest.raises(UsageError):
        device.add_profile(b"\x05" * 32, domain, company, [])
    with pytest.raises(UsageError):
        device.add_profile(b"\x05" * 32, domain, company, [256])
    with pytest.raises(UsageError):
        device.withdraw(enrolled, b"\x05" * 32, now=START)
    with pytest.raises(UsageError):
        device.subject(CHAIN, "0x12")
    assert device.profiles() == [enrolled]


def test_reprs_show_no_secret(device, enrolled, keys):
    shown = " ".join(map(repr, (device, device._body, device._body.profiles[enrolled], keys)))
    secrets = [
        device._body.seed,
        *(key.private_key for key in device._body.profiles[enrolled].keys),
    ]
    for secret in secrets:
        assert secret.hex() not in shown
        assert repr(secret) not in shown


def test_new_device_files_cost_half_a_second_a_guess(monkeypatch):
    monkeypatch.undo()
    assert _secret_file.SCRYPT_COST == 1 << 17
