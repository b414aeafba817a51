"""Key files and signers: what is written, what is refused, and that no key is ever shown."""

import json
import os
import pickle
import stat

import pytest
from eth_account import Account

from crmdapp.chain import Keystore, LocalSigner, Signer, accounts, recover, signer_from_environment
from crmdapp.chain.accounts import CURVE_ORDER
from crmdapp.errors import (
    DiskFull,
    KeystoreCorrupt,
    KeystoreExists,
    KeystoreMissing,
    PermissionDenied,
    PrivateKeyInvalid,
    UsageError,
    WrongPassword,
)
from tests.fixtures.anvil import DEV_KEYS

KEY = DEV_KEYS[0]
ADDRESS = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
PASSWORD = "correct horse"


@pytest.fixture
def keystore(tmp_path, monkeypatch):
    """A keystore whose files are cheap to open: scrypt at full strength takes a second each."""
    monkeypatch.setattr("crmdapp.chain.accounts.SCRYPT_COST", 2)
    return Keystore(tmp_path / "keys")


def test_new_writes_a_file_only_its_owner_can_read(tmp_path):
    """At full strength, once."""
    keystore = Keystore(tmp_path / "keys")
    signer = keystore.new("shop", PASSWORD)
    path = tmp_path / "keys" / "shop.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    body = json.loads(path.read_text())
    assert (body["version"], body["crypto"]["kdf"]) == (3, "scrypt")
    assert body["crypto"]["kdfparams"]["n"] >= 2**17
    assert signer._key.to_hex() not in path.read_text()
    assert keystore.unlock("shop", PASSWORD).address == signer.address
    assert [item.name for item in path.parent.iterdir()] == ["shop.json"]


def test_list_and_show_need_no_password(keystore):
    assert keystore.list() == []
    keystore.add("shop", KEY, PASSWORD)
    other = keystore.new("friend", PASSWORD)
    assert [(item.name, item.address) for item in keystore.list()] == [
        ("friend", other.address),
        ("shop", ADDRESS),
    ]
    assert keystore.show("shop").address == ADDRESS


def test_add_never_overwrites(keystore):
    keystore.add("shop", KEY, PASSWORD)
    before = keystore.show("shop").path.read_bytes()
    with pytest.raises(KeystoreExists, match="'shop'"):
        keystore.add("shop", DEV_KEYS[1], PASSWORD)
    assert keystore.show("shop").path.read_bytes() == before


def test_add_never_overwrites_what_appears_meanwhile(keystore, monkeypatch):
    keystore.add("shop", KEY, PASSWORD)
    monkeypatch.setattr("pathlib.Path.exists", lambda path: False)
    with pytest.raises(KeystoreExists):
        keystore.add("shop", DEV_KEYS[1], PASSWORD)
    monkeypatch.undo()
    assert keystore.show("shop").address == ADDRESS


@pytest.mark.parametrize("name", ["", ".", "../shop", "a/b", "-x", "x" * 65, "a b", "café", "a\0"])
def test_new_refuses_a_name_that_is_no_file_name(keystore, name):
    with pytest.raises(UsageError, match="cannot name a key"):
        keystore.new(name, PASSWORD)


def test_new_refuses_an_empty_password(keystore):
    with pytest.raises(UsageError, match="password"):
        keystore.new("shop", "")


def test_unlock_raises_if_the_password_is_wrong(keystore):
    keystore.add("shop", KEY, PASSWORD)
    with pytest.raises(WrongPassword) as caught:
        keystore.unlock("shop", "incorrect horse")
    assert caught.value.exit_code == 4
    assert "incorrect horse" not in str(caught.value.to_dict())


def test_unlock_raises_if_there_is_no_such_key(keystore):
    with pytest.raises(KeystoreMissing, match="There is no key 'shop'"):
        keystore.unlock("shop", PASSWORD)


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda text: text[: len(text) // 2], "not JSON"),
        (lambda text: "", "not JSON"),
        (lambda text: "[]", "not a version 3 key file"),
        (lambda text: text.replace('"version": 3', '"version": 1'), "not a version 3 key file"),
        (lambda text: text.replace('"address"', '"adress"'), "address is missing"),
        (
            lambda text: json.dumps({**json.loads(text), "address": "11" * 20}),
            "but opens " + ADDRESS,
        ),
        (lambda text: text.replace('"kdf": "scrypt"', '"kdf": "rot13"'), "not usable"),
        (lambda text: text.replace('"ciphertext"', '"cipher text"'), "not usable"),
    ],
)
def test_unlock_raises_if_the_file_is_damaged(keystore, damage, why):
    keystore.add("shop", KEY, PASSWORD)
    path = keystore.show("shop").path
    path.write_text(damage(path.read_text()))
    with pytest.raises(KeystoreCorrupt) as caught:
        keystore.unlock("shop", PASSWORD)
    assert why in caught.value.why
    assert str(path) in caught.value.message
    assert "backup" in caught.value.hint


def test_list_leaves_damaged_files_out(keystore):
    keystore.add("shop", KEY, PASSWORD)
    (keystore.directory / "broken.json").write_text("{")
    assert [item.name for item in keystore.list()] == ["shop"]


def test_new_leaves_nothing_behind_if_the_disk_is_full(keystore, monkeypatch):
    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskFull):
        keystore.new("shop", PASSWORD)
    assert list(keystore.directory.iterdir()) == []


def test_new_raises_if_the_folder_may_not_be_written(keystore, monkeypatch):
    def denied(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.mkdir", denied)
    with pytest.raises(PermissionDenied):
        keystore.new("shop", PASSWORD)


# --------------------------------------------------------------------------- raw keys


def test_signer_from_environment_reads_the_key():
    assert signer_from_environment({"CRMDAPP_PRIVATE_KEY": KEY}).address == ADDRESS
    assert signer_from_environment({"CRMDAPP_PRIVATE_KEY": f" {KEY[2:]}\n"}).address == ADDRESS


def test_signer_from_environment_raises_if_it_is_not_set():
    with pytest.raises(KeystoreMissing, match="CRMDAPP_PRIVATE_KEY is not set"):
        signer_from_environment({})


@pytest.mark.parametrize(
    "key",
    [
        "0x12",
        "zz" * 32,
        "0x" + "00" * 32,
        f"0x{CURVE_ORDER:064x}",
        KEY + "00",
        b"\x01" * 31,
    ],
)
def test_local_signer_refuses_what_is_no_key(key):
    with pytest.raises(PrivateKeyInvalid) as caught:
        LocalSigner(key)
    assert str(key) not in str(caught.value.to_dict())


def test_local_signer_accepts_the_ends_of_the_range():
    assert LocalSigner((1).to_bytes(32, "big")).address
    assert LocalSigner((CURVE_ORDER - 1).to_bytes(32, "big")).address


def test_local_signer_never_shows_its_key():
    signer = LocalSigner(KEY)
    assert repr(signer) == f"LocalSigner({ADDRESS})"
    assert KEY[2:] not in f"{signer!r}{signer}{[signer]}"
    assert not hasattr(signer, "__dict__")
    with pytest.raises(TypeError, match="not copied"):
        pickle.dumps(signer)


def test_local_signer_is_a_signer():
    assert isinstance(LocalSigner(KEY), Signer)


def test_sign_digest_agrees_with_eth_account():
    signer = LocalSigner(KEY)
    for number in range(50):
        digest = number.to_bytes(32, "big")
        theirs = Account.unsafe_sign_hash(digest, KEY)
        ours = signer.sign_digest(digest)
        assert ours == bytes(theirs.signature)
        assert recover(digest, ours) == ADDRESS


@pytest.mark.parametrize("size", [0, 31, 33])
def test_sign_digest_refuses_another_length(size):
    with pytest.raises(UsageError, match="32 bytes"):
        LocalSigner(KEY).sign_digest(b"\0" * size)


def test_random_signers_differ():
    assert len({LocalSigner.random().address for _ in range(20)}) == 20
    assert len({accounts.fresh_key() for _ in range(20)}) == 20
