"""Scopes, registration, links, merges, keys, recovery and erasure on a real chain."""

import json
import stat

import pytest

from crmdapp.chain._keccak import keccak
from tests.cli.conftest import ADDRESSES

DAY = 86_400
TAG = "0x" + keccak(b"tag").hex()
OTHER_TAG = "0x" + keccak(b"other tag").hex()
ROOT = "0x" + keccak(b"root").hex()
NOBODY = "0x" + "77" * 31 + "00"


@pytest.fixture
def company(crmdapp):
    """The shop owns scope 1, in which it attests up to level 3 and the rival up to 2."""
    done = crmdapp.send(
        "customers", "scope", "create", "--attestor", "shop=3", "--attestor", "rival=2",
        "--quorum", "2", "--delay", "1d",
    )  # fmt: skip
    assert done["scope"] == 1
    return crmdapp


@pytest.fixture
def profile(company):
    """The customer's profile."""
    return company.send("customers", "register", "1", TAG, "customer", "--level", "2")["cid"]


@pytest.fixture
def second(company):
    """The friend's profile."""
    return company.send("customers", "register", "1", OTHER_TAG, "friend")["cid"]


@pytest.fixture
def files(company):
    """Sign something as somebody; returns the file's path."""
    count = iter(range(99))

    def files_(who, *words):
        company.act_as(who)
        path = company.folder / f"signed-{next(count)}.json"
        company("customers", *words, "--out", path)
        return path

    return files_


# --------------------------------------------------------------------------- scopes


def test_scope_create_and_show(company):
    data = company.json("customers", "scope", "show", "1")
    assert (data["owner"], data["recovery_delay"]) == (ADDRESSES["shop"], DAY)
    assert (data["quorum"], data["self_registration"]) == (2, False)
    shown = company("customers", "scope", "show", "1").out
    assert "86,400 seconds" in shown
    assert "(shop)" in shown
    data = company.json("customers", "scope", "attestor", "1", "rival")
    assert (data["attestor"], data["level"]) == (ADDRESSES["rival"], 2)
    assert (
        "is no attestor of scope 1" in company("customers", "scope", "attestor", "1", "friend").out
    )


def test_scope_admit_offer_accept(company, node):
    company.send("customers", "scope", "admit", "1", "friend", "3")
    data = company.json("customers", "scope", "attestor", "1", "friend")
    assert data["level"] == 3
    company.send("customers", "scope", "offer", "1", "rival")
    problem = company.refuse_to_send("customers", "scope", "accept", "1", code=6)
    assert problem["code"] == "ScopeOwnerOnly"
    assert "does not own scope 1" in problem["message"]
    company.act_as("rival")
    company.send("customers", "scope", "accept", "1")
    assert company.json("customers", "scope", "show", "1")["owner"] == ADDRESSES["rival"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--attestor", "shop"), "names no attestor"),
        (("--attestor", "shop=0"), "names no attestor"),
        (("--attestor", "shop=256"), "names no attestor"),
        (("--attestor", "nobody=3"), "neither an address nor the name of a key"),
        (("--attestor", "shop=1", "--attestor", "shop=2"), "named twice"),
        (("--attestor", "shop=1", "--delay", "23h"), "recovery_delay must be"),
        (("--attestor", "shop=1", "--quorum", "2"), "quorum must be"),
    ],
)
def test_scope_create_refuses(crmdapp, options, message):
    problem = crmdapp.refuse_to_send("customers", "scope", "create", *options, code=2)
    assert message in problem["message"]


def test_scope_show_says_if_there_is_none(crmdapp):
    problem = crmdapp.error("customers", "scope", "show", "9", code=6)
    assert problem["code"] == "ScopeUnknown"
    assert "scope create" in problem["hint"]


# --------------------------------------------------------------------------- registration


def test_register_in_one_step(company):
    done = company.send("customers", "register", "1", TAG, "customer", "--level", "3")
    assert done["cid"] == company.json("customers", "id", "1", TAG)["id"]
    assert (done["controller"], done["level"]) == (ADDRESSES["customer"], 3)
    data = company.json("customers", "show", done["cid"])
    assert (data["status"], data["epoch"], data["asked"]) == ("active", 0, done["cid"])
    assert (data["recoveries"], data["guardians_hash"], data["identity"]) == ([], None, None)
    problem = company.refuse_to_send("customers", "register", "1", TAG, "customer", code=6)
    assert problem["code"] == "CustomerKnown"
    assert "is taken: it is registered" in problem["message"]


def test_register_happens_once_under_a_name(company):
    line = ("customers", "register", "1", TAG, "customer", "--once", "new-1")
    first = company.send(*line)
    assert company.send(*line, "--valid-for", "2h") == first
    other = ("customers", "register", "1", OTHER_TAG, "customer", "--once", "new-1")
    problem = company.refuse_to_send(*other, code=2)
    assert "something else was sent before" in problem["message"]


def test_an_attestor_signs_without_a_node_and_anybody_submits(company, files):
    address = json.loads((company.folder / "deployments" / "31337.json").read_text())
    registry = address["contracts"]["CustomerRegistry"]["address"]
    company.env(CRMDAPP_RPC="http://127.0.0.1:1")
    rpc_less = ("register-sign", "1", TAG, "customer", "--level", "2")
    path = files("shop", *rpc_less, "--chain-id", "31337", "--registry", registry)
    signed = json.loads(path.read_text())
    assert signed["signer"] == ADDRESSES["shop"]
    assert signed["typedData"]["message"]["controller"] == ADDRESSES["customer"]
    assert (
        company.error("customers", *rpc_less, "--registry", registry, code=2)["message"]
        == "With the contract's address the chain must be named too."
    )


def test_register_submit(company, files):
    path = files("shop", "register-sign", "1", TAG, "customer", "--level", "2", "--root", ROOT)
    company.act_as("friend")
    rehearsed = company.json("customers", "register-submit", path, "--dry-run")
    assert rehearsed["transactions"][0]["function"] == "CustomerRegistry.register"
    done = company.send("customers", "register-submit", path, "--once", "n")
    assert done["controller"] == ADDRESSES["customer"]
    assert company.send("customers", "register-submit", path, "--once", "n") == done
    events = company.json("customers", "history", done["cid"])["events"]
    assert [event["event"] for event in events] == ["CustomerRegistered"]
    assert events[0]["fields"]["root"] == ROOT


def test_register_submit_refuses_a_stranger_s_signature(company, files):
    path = files("friend", "register-sign", "1", TAG, "friend")
    problem = company.refuse_to_send("customers", "register-submit", path, code=6)
    assert problem["code"] == "AttestorInvalid"
    assert "may not attest level 1 in scope 1" in problem["message"]
    body = json.loads(path.read_text())
    path.write_text(json.dumps({**body, "signer": ADDRESSES["shop"]}))
    problem = company.refuse_to_send("customers", "register-submit", path, code=6)
    assert problem["code"] == "IntentSignatureInvalid"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("register-sign", "1", "0x12", "customer"), "TAG must be 64 hex digits"),
        (("register-sign", "1", TAG, "customer", "--root", "x"), "--root must be 64 hex digits"),
        (("register-sign", "1", TAG, "0x" + "00" * 20), "zero address is nobody's key"),
        (("register-sign", "1", TAG, "nobody"), "neither an address nor the name of a key"),
        (("rotate-sign", TAG[:-2] + "01", "friend", "--epoch", "0"), "the last two of them 00"),
        (("register-submit", "missing.json"), "cannot be read"),
        (("show", "0x12"), "ID must be 64 hex digits"),
    ],
)
def test_malformed_words_are_named(company, words, message):
    assert message in company.error("customers", *words, code=2)["message"]


def test_show_says_if_there_is_none(company):
    problem = company.error("customers", "show", NOBODY, code=2)
    assert "There is no profile at" in problem["message"]
    assert company.json("customers", "history", NOBODY)["events"] == []


def test_link(company, profile, files):
    path = files("rival", "link-sign", profile, OTHER_TAG)
    company.act_as("friend")
    company.send("customers", "link", path)
    further = company.json("customers", "id", "1", OTHER_TAG)["id"]
    data = company.json("customers", "show", further)
    assert (data["asked"], data["cid"]) == (further, profile)
    assert "Asked for" in company("customers", "show", further).out
    wrong = company.refuse_to_send("customers", "register-submit", path, code=2)
    assert "primaryType must be Registration" in wrong["message"]


# --------------------------------------------------------------------------- merging


def test_merge_and_unmerge_by_the_customers(company, profile, second, files):
    mine = files("customer", "merge-sign", profile, second)
    problem = company.refuse_to_send("customers", "merge", mine, code=6)
    assert problem["code"] == "ApprovalsInsufficient"
    theirs = files("friend", "countersign", mine)
    company.act_as("rival")
    company.send("customers", "merge", theirs, mine)
    assert company.json("customers", "show", profile)["cid"] == second
    back = files("customer", "unmerge-sign", profile)
    company.send("customers", "unmerge", back)
    assert company.json("customers", "show", profile)["cid"] == profile


def test_countersign_signs_the_same_once(company, profile, second, files):
    mine = files("customer", "merge-sign", profile, second)
    problem = company.error("customers", "countersign", mine, code=2)
    assert "has signed it already" in problem["message"]
    theirs = files("friend", "countersign", mine)
    one, other = (json.loads(path.read_text()) for path in (mine, theirs))
    assert one["typedData"] == other["typedData"]
    assert (one["signer"], other["signer"]) == (ADDRESSES["customer"], ADDRESSES["friend"])
    one["typedData"]["domain"]["verifyingContract"] = ADDRESSES["rival"]
    mine.write_text(json.dumps(one))
    problem = company.error("customers", "countersign", mine, code=2)
    assert "another registry or chain than this machine uses" in problem["message"]


# --------------------------------------------------------------------------- keys


def test_rotate_with_both_files(company, profile, files):
    old = files("customer", "rotate-sign", profile, "friend")
    new = files("friend", "countersign", old)
    company.act_as("shop")
    problem = company.refuse_to_send("customers", "rotate", old, code=2)
    assert "has not signed" in problem["message"]
    company.send("customers", "rotate", old, new)
    data = company.json("customers", "show", profile)
    assert (data["controller"], data["epoch"]) == (ADDRESSES["friend"], 1)


def test_rotate_by_the_old_key(company, profile, files):
    new = files("friend", "rotate-sign", profile, "friend", "--epoch", "0")
    problem = company.refuse_to_send("customers", "rotate", new, code=6)
    assert problem["code"] == "ControllerOnly"
    company.act_as("customer")
    company.send("customers", "rotate", new)
    assert company.json("customers", "show", profile)["controller"] == ADDRESSES["friend"]


def test_root_and_erase_by_signature(company, profile, files):
    root = files("customer", "root-sign", profile, ROOT)
    company.act_as("rival")
    assert company.send("customers", "submit", root)["permission"] == "RootIntent"
    problem = company.refuse_to_send("customers", "submit", root, code=6)
    assert problem["code"] == "IntentNonceUsed"
    company.act_as("customer")
    company.send("customers", "root", profile, ROOT)
    end = files("customer", "erase-sign", profile, ROOT)
    company.act_as("rival")
    company.send("customers", "submit", end)
    data = company.json("customers", "show", profile)
    assert (data["status"], data["controller"]) == ("erased", None)
    problem = company.refuse_to_send("customers", "submit", end, code=6)
    assert problem["message"] == f"The profile {profile} is erased."


def test_submit_shows_what_it_does_before_it_asks(company, profile, files, answer):
    path = files("customer", "erase-sign", profile, ROOT)
    answer("n\n")
    shown = company("customers", "submit", path, code=3).err
    for words in ("CustomerRegistry.eraseBySig", "EraseIntent", profile, "Fee ceiling"):
        assert words in shown


# --------------------------------------------------------------------------- recovery


@pytest.fixture
def kept(company, profile, node):
    """The file of the customer's guardians, friend and rival, who count already."""
    path = company.folder / "guardians.json"
    company.act_as("customer")
    line = ("customers", "guardians", profile, "friend", "rival", "--threshold", "2")
    done = company.send(*line, "--keep", path)
    again = company.json(*line, "--keep", path, "--dry-run")
    assert done["guardians_hash"][2:] in again["transactions"][0]["data"]
    node.advance(DAY)
    assert company.json("customers", "show", profile)["guardians_hash"] == done["guardians_hash"]
    return path


def test_guardians_recover(company, profile, kept, files, node):
    first = files("shop", "recover", "propose-sign", profile, "shop")
    by_friend = files("friend", "countersign", first)
    by_rival = files("rival", "countersign", first)
    three = (first, by_friend, by_rival)
    problem = company.refuse_to_send("customers", "recover", "propose", *three, code=2)
    assert "is a recovery by guardians" in problem["message"]
    company.send("customers", "recover", "propose", *three, "--guardians", kept)
    (waiting,) = company.json("customers", "recover", "show", profile)["recoveries"]
    assert (waiting["new_controller"], waiting["by_guardians"]) == (ADDRESSES["shop"], True)
    assert "guardians" in company("customers", "recover", "show", profile).out
    problem = company.refuse_to_send("customers", "recover", "execute", profile, code=6)
    assert problem["code"] == "RecoveryEarly"
    node.advance(DAY)
    company.send("customers", "recover", "execute", profile)
    assert company.json("customers", "show", profile)["controller"] == ADDRESSES["shop"]


def test_the_customer_vetoes(company, profile, kept, files, node):
    first = files("shop", "recover", "propose-sign", profile, "shop")
    three = (first, files("friend", "countersign", first), files("rival", "countersign", first))
    company.send("customers", "recover", "propose", *three, "--guardians", kept)
    mark = node.snapshot()
    company.act_as("customer")
    company.send("customers", "recover", "veto", profile)
    assert "No new key waits" in company("customers", "recover", "show", profile).out
    node.revert(mark)
    company.env(CRMDAPP_STATE_DIR=company.folder / "elsewhere")
    company.folder.joinpath("elsewhere").mkdir()
    veto = files("customer", "recover", "veto-sign", profile, ADDRESSES["shop"])
    company.act_as("rival")
    company.send("customers", "submit", veto)
    assert company.json("customers", "recover", "show", profile)["recoveries"] == []


def test_attestors_recover(company, profile, files, node):
    first = files("friend", "recover", "propose-sign", profile, "friend", "--by-attestors")
    both = (files("shop", "countersign", first), files("rival", "countersign", first))
    company.send("customers", "recover", "propose", first, *both)
    node.advance(DAY)
    company.send("customers", "recover", "execute", profile, "--by-attestors")
    assert company.json("customers", "show", profile)["controller"] == ADDRESSES["friend"]


def test_guardians_are_kept_before_anything_is_sent(company, profile):
    path = company.folder / "guardians.json"
    line = ("customers", "guardians", profile, "friend", "--keep", path)
    company.act_as("shop")
    assert company.refuse_to_send(*line, code=6)["code"] == "ControllerOnly"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    salt = json.loads(path.read_text())["salt"]
    company.act_as("customer")
    shown = company(*line, "--yes")
    assert salt not in shown.out + shown.err
    assert json.loads(path.read_text())["salt"] == salt
    other = ("customers", "guardians", profile, "rival", "--keep", path)
    assert "holds other guardians" in company.refuse_to_send(*other, code=2)["message"]


def test_guardians_by_signature(company, profile, files):
    keep = company.folder / "them.json"
    path = files("customer", "guardians-sign", profile, "friend", "--keep", keep)
    company.act_as("rival")
    done = company.send("customers", "submit", path)
    assert done["permission"] == "GuardiansIntent"
    (event,) = [
        item
        for item in company.json("customers", "history", profile)["events"]
        if item["event"] == "GuardiansAnnounced"
    ]
    signed = json.loads(path.read_text())["typedData"]["message"]["guardiansHash"]
    assert event["fields"]["guardiansHash"] == signed
