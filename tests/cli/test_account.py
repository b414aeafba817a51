"""Key files, passwords, and which key a command acts with."""

import json
import stat
from pathlib import Path

import pytest

from crmdapp.chain import Keystore
from tests.cli.conftest import ADDRESSES, KEYS, PASSWORD, write_key

WRONG_CHECKSUM = ADDRESSES["friend"].swapcase().replace("0X", "0x")


@pytest.fixture
def password_file(offline):
    path = offline.folder / "password"
    path.write_text(f"{PASSWORD}\nanother line\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def typed(monkeypatch):
    """Somebody at the terminal who types these passwords."""
    from crmdapp.cli._output import Output

    def type_(*passwords):
        waiting = list(passwords)
        monkeypatch.setattr(Output, "has_terminal", property(lambda self: True))
        monkeypatch.setattr("getpass.getpass", lambda prompt: waiting.pop(0))

    return type_


# --------------------------------------------------------------------------- making keys


def test_new_key_opens_with_the_first_line_of_the_password_file(offline, password_file):
    made = offline.json("account", "new", "shop", "--password-file", password_file)
    keystore = Keystore(offline.state / "keystore")
    assert keystore.unlock("shop", PASSWORD).address == made["address"]
    assert stat.S_IMODE(Path(made["path"]).stat().st_mode) == 0o600
    assert offline.json("account", "list") == [made]
    assert offline.json("account", "show", "shop") == made
    assert offline.json("account", "show", made["address"].lower()) == made


def test_new_key_with_a_password_typed_twice(offline, typed):
    typed(PASSWORD, PASSWORD)
    made = offline.json("account", "new", "shop")
    assert Keystore(offline.state / "keystore").unlock("shop", PASSWORD).address == made["address"]


@pytest.mark.parametrize("passwords", [(PASSWORD, "other"), ("",)])
def test_new_key_is_not_made_if_the_passwords_differ_or_are_empty(offline, typed, passwords):
    typed(*passwords)
    assert offline.error("account", "new", "shop", code=2)["code"] == "UsageError"
    assert offline.json("account", "list") == []


def test_new_key_takes_a_raw_key_only_from_the_environment(offline, password_file):
    offline.env(CRMDAPP_PRIVATE_KEY=KEYS["shop"], CRMDAPP_PASSWORD_FILE=password_file)
    assert offline.json("account", "new", "shop")["address"] == ADDRESSES["shop"]


def test_new_key_refuses_a_raw_key_that_is_none_without_repeating_it(offline, password_file):
    offline.env(CRMDAPP_PRIVATE_KEY="hunter2", CRMDAPP_PASSWORD_FILE=password_file)
    outcome = offline("account", "new", "shop", "--json", code=4)
    assert outcome.error["code"] == "PrivateKeyInvalid"
    assert "hunter2" not in outcome.out + outcome.err


def test_new_key_never_overwrites_one(offline, password_file):
    write_key(offline.state / "keystore", "shop", KEYS["shop"])
    problem = offline.error("account", "new", "shop", "--password-file", password_file, code=4)
    assert problem["code"] == "KeystoreExists"


def test_new_key_without_terminal_and_file_is_refused(offline):
    problem = offline.error("account", "new", "shop", code=4)
    assert problem["code"] == "KeystoreLocked"
    assert "--password-file" in problem["hint"]


@pytest.mark.parametrize("name", ["../shop", "", "a b", "x" * 65])
def test_new_key_needs_a_plain_name(offline, name):
    assert offline.error("account", "new", name, code=2)["code"] == "UsageError"


@pytest.mark.parametrize(
    ("content", "error", "code"),
    [(None, "UsageError", 2), (b"\nsecond", "UsageError", 2), (b"\xff\xfe\n", "UsageError", 2)],
)
def test_an_unusable_password_file_is_named(offline, content, error, code):
    path = offline.folder / "password"
    if content is not None:
        path.write_bytes(content)
    problem = offline.error("account", "new", "shop", "--password-file", path, code=code)
    assert problem["code"] == error
    assert str(path) in problem["message"]


def test_a_missing_key_is_named(offline):
    assert offline.error("account", "show", "shop", code=4)["code"] == "KeystoreMissing"


def test_a_damaged_key_file_is_named(offline):
    path = write_key(offline.state / "keystore", "shop", KEYS["shop"])
    path.write_text(path.read_text()[:40])
    assert offline.error("account", "show", "shop", code=4)["code"] == "KeystoreCorrupt"


def test_the_balance_comes_from_the_node(crmdapp):
    assert crmdapp.json("account", "show", "shop", "--balance")["balance"] > 10**18


# --------------------------------------------------------------------------- acting with keys


def redeem(crmdapp, *options, code=0):
    return crmdapp("loyalty", "balance", "2", "--json", *options, code=code)


def test_the_flag_wins_over_the_raw_key_over_the_settings(crmdapp):
    crmdapp.env(CRMDAPP_ACCOUNT="friend")
    assert redeem(crmdapp).data["account"] == ADDRESSES["shop"]
    assert redeem(crmdapp, "--account", "rival").data["account"] == ADDRESSES["rival"]
    assert (
        redeem(crmdapp, "--account", ADDRESSES["rival"].lower()).data["account"]
        == ADDRESSES["rival"]
    )
    crmdapp.env(CRMDAPP_PRIVATE_KEY=None)
    assert redeem(crmdapp).data["account"] == ADDRESSES["friend"]


def test_one_key_needs_no_name_and_several_do(crmdapp):
    crmdapp.env(CRMDAPP_PRIVATE_KEY=None)
    problem = redeem(crmdapp, code=4).error
    assert problem["code"] == "KeystoreMissing"
    assert "customer, friend, rival, shop" in problem["why"]
    for name in ("customer", "rival", "shop"):
        (crmdapp.state / "keystore" / f"{name}.json").unlink()
    assert redeem(crmdapp).data["account"] == ADDRESSES["friend"]
    (crmdapp.state / "keystore" / "friend.json").unlink()
    assert redeem(crmdapp, code=4).error["code"] == "KeystoreMissing"
    assert redeem(crmdapp, "--account", "0x" + "11" * 20, code=4).error["code"] == "KeystoreMissing"


def test_a_key_file_sends_with_its_password(crmdapp):
    path = crmdapp.folder / "password"
    path.write_text(PASSWORD)
    line = ("loyalty", "award", "2", "customer", "1", "--account", "shop")
    crmdapp.env(CRMDAPP_PRIVATE_KEY=None)
    assert crmdapp.refuse_to_send(*line, code=4)["code"] == "KeystoreLocked"
    assert crmdapp.send(*line, "--password-file", path)["units"] == 100
    path.write_text("wrong")
    problem = crmdapp.refuse_to_send(*line, "--password-file", path, code=4)
    assert problem["code"] == "WrongPassword"
    assert crmdapp.json("loyalty", "balance", "2", "customer")["units"] == 100


def test_a_key_file_is_not_opened_for_reading_and_rehearsing(crmdapp):
    crmdapp.env(CRMDAPP_PRIVATE_KEY=None, CRMDAPP_ACCOUNT="shop")
    assert redeem(crmdapp).data["units"] == 0
    assert crmdapp.json("loyalty", "award", "2", "customer", "1", "--dry-run")["dry_run"]


# --------------------------------------------------------------------------- addresses


@pytest.mark.parametrize(
    "text",
    [
        "friend",
        ADDRESSES["friend"],
        ADDRESSES["friend"].lower(),
        "0x" + ADDRESSES["friend"][2:].upper(),
        ADDRESSES["friend"].replace("0x", "0X"),
        f" {ADDRESSES['friend']} ",
    ],
)
def test_an_address_is_taken_in_any_form(crmdapp, text):
    assert redeem(crmdapp, text).data["account"] == ADDRESSES["friend"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (WRONG_CHECKSUM, "wrong checksum"),
        ("0x1234", "not an address"),
        ("0x" + "zz" * 20, "not an address"),
        ("nobody", "neither an address nor the name of a key"),
        ("../shop", "neither an address nor the name of a key"),
    ],
)
def test_what_is_no_address_is_refused(crmdapp, text, message):
    problem = redeem(crmdapp, text, code=2).error
    assert problem["code"] == "UsageError"
    assert message in problem["message"]


def test_a_mistyped_address_gets_its_right_form_as_a_hint(crmdapp):
    assert ADDRESSES["friend"] in redeem(crmdapp, WRONG_CHECKSUM, code=2).error["hint"]


def test_keys_are_written_in_the_standard_form(offline, password_file):
    made = offline.json("account", "new", "shop", "--password-file", password_file)
    body = json.loads(Path(made["path"]).read_text())
    assert body["version"] == 3
    assert body["crypto"]["kdf"] == "scrypt"
