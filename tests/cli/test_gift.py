"""Gifts of points by link: made, shown, claimed without ether, taken back; and where links go."""

import io
import json
import os
import stat
import subprocess

import pytest

from crmdapp.loyalty.gifts import Gift
from crmdapp.loyalty.intents import SignedIntent
from tests.cli.conftest import ADDRESSES, CRMDAPP, KEYS
from tests.fixtures.qr import scan

CREATE = ("loyalty", "gift", "create", "2", "5")


@pytest.fixture
def funded(crmdapp):
    """The customer has 150.00 points and acts."""
    crmdapp.send("loyalty", "award", "2", "customer", "150")
    crmdapp.act_as("customer")
    return crmdapp


@pytest.fixture
def typed(monkeypatch):
    """Put text on standard input."""

    def type_(text):
        monkeypatch.setattr("sys.stdin", io.StringIO(text))

    return type_


def balance(crmdapp, who):
    return crmdapp.json("loyalty", "balance", "2", who)["units"]


def kept(crmdapp):
    folder = crmdapp.state / "gifts"
    return sorted(folder.iterdir()) if folder.exists() else []


# --------------------------------------------------------------------------- making


def test_create_prints_a_link_that_holds_the_points(funded):
    made = funded.send(*CREATE)
    gift = Gift.parse(made["link"])
    assert made["link"].startswith("crmdapp:gift#")
    assert (gift.address, gift.program, made["points"]) == (made["gift"], 2, "5.00")
    assert (balance(funded, "customer"), balance(funded, made["gift"])) == (14_500, 500)
    assert made["files"] == []


def test_create_for_people_prints_the_link_alone(funded):
    outcome = funded(*CREATE, "--base-url", "https://shop.example/gift", "--yes")
    assert outcome.out.startswith("https://shop.example/gift#")
    assert outcome.out.count("\n") == 1
    assert "5.00 BEAN given" in outcome.err
    assert "Whoever knows the link can take the points" in outcome.err
    assert f"take-back {Gift.parse(outcome.out).address}" in outcome.err
    assert outcome.out.partition("#")[2].strip() not in outcome.err


def test_create_writes_files_and_prints_no_link(funded):
    names = ["gift.png", "gift.svg", "gift.txt"]
    outs = [word for name in names for word in ("--out", funded.folder / name)]
    outcome = funded(*CREATE, *outs, "--yes", "--json")
    made = outcome.data
    assert made["link"] is None
    assert made["files"] == [str(funded.folder / name) for name in names]
    link = (funded.folder / "gift.txt").read_text().strip()
    assert Gift.parse(link).address == made["gift"]
    assert scan((funded.folder / "gift.png").read_bytes()) == link
    assert scan((funded.folder / "gift.svg").read_bytes()) == link
    for name in names:
        assert stat.S_IMODE((funded.folder / name).stat().st_mode) == 0o600
    assert link.partition("#")[2] not in outcome.out + outcome.err


def test_create_keeps_the_link_for_the_giver(funded):
    made = funded.send(*CREATE)
    (path,) = kept(funded)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert path.read_text().strip() == made["link"]


@pytest.mark.parametrize(
    ("options", "error", "code"),
    [
        (["--base-url", "http://shop.example/gift"], "UsageError", 2),
        (["--base-url", "https://shop.example/#x"], "UsageError", 2),
        (["--out", "none/gift.png"], "UsageError", 2),
        (["--out", "taken.png"], "UsageError", 2),
    ],
)
def test_create_refuses_before_anything_is_sent(funded, options, error, code):
    (funded.folder / "taken.png").write_text("mine")
    assert funded.refuse_to_send(*CREATE, *options, code=code)["code"] == error
    assert (kept(funded), balance(funded, "customer")) == ([], 15_000)
    assert (funded.folder / "taken.png").read_text() == "mine"


def test_create_keeps_no_link_if_nothing_was_sent(funded, answer):
    problem = funded.refuse_to_send("loyalty", "gift", "create", "2", "150.01", code=6)
    assert problem["code"] == "ERC6909InsufficientBalance"
    problem = funded.refuse_to_send("loyalty", "gift", "create", "99", "1", code=6)
    assert problem["code"] == "ProgramUnknown"
    assert funded.json(*CREATE, "--dry-run")["dry_run"] is True
    answer("n\n")
    assert funded(*CREATE, code=3).out == ""
    assert (kept(funded), balance(funded, "customer")) == ([], 15_000)


def test_create_keeps_the_link_if_it_is_not_known_whether_it_was_mined(funded, node):
    node.automine(False)
    funded.env(CRMDAPP_RECEIPT_TIMEOUT="1")
    problem = funded.refuse_to_send(*CREATE, code=5)
    assert problem["code"] == "ReceiptTimeout"
    (path,) = kept(funded)
    node.automine(True)
    node.mine()
    funded.env(CRMDAPP_RECEIPT_TIMEOUT=None)
    assert funded.json("loyalty", "gift", "show", path)["points"] == "5.00"


def test_create_happens_once_under_a_name(funded):
    first = funded.send(*CREATE, "--once", "birthday")
    again = funded.send(*CREATE, "--once", "birthday", "--out", funded.folder / "again.txt")
    assert (again["gift"], again["hash"]) == (first["gift"], first["hash"])
    assert (funded.folder / "again.txt").read_text().strip() == first["link"]
    assert balance(funded, "customer") == 14_500
    other = ("loyalty", "gift", "create", "2", "6", "--once", "birthday")
    problem = funded.refuse_to_send(*other, code=2)
    assert "something else was sent" in problem["message"]
    kept(funded)[0].unlink()
    assert funded.refuse_to_send(*CREATE, "--once", "birthday", code=2)["code"] == "UsageError"


# --------------------------------------------------------------------------- reading links


@pytest.fixture
def made(funded):
    """A gift of 5.00 points."""
    return funded.send(*CREATE)


def test_a_link_is_read_from_a_word_a_file_stdin_or_its_address(funded, made, typed):
    path = funded.folder / "gift.txt"
    path.write_text(made["link"] + "\n")
    payload = made["link"].partition("#")[2]
    for word in (made["link"], payload, path, "gift.txt", made["gift"], made["gift"].lower()):
        shown = funded.json("loyalty", "gift", "show", word)
        assert (shown["gift"], shown["points"]) == (made["gift"], "5.00")
    typed(made["link"])
    assert funded.json("loyalty", "gift", "show", "-")["gift"] == made["gift"]


def test_show_tells_what_is_there_and_until_when(funded, made):
    shown = funded("loyalty", "gift", "show", made["gift"])
    assert "5.00 BEAN" in shown.out
    assert "UTC" in shown.out
    assert made["link"].partition("#")[2] not in shown.out + shown.err
    data = funded.json("loyalty", "gift", "show", made["gift"])
    assert [lot["units"] for lot in data["by_age"]] == [500]
    assert (data["chain_id"], data["symbol"]) == (31337, "BEAN")


def test_what_is_no_link_is_refused_and_not_repeated(funded, made, typed):
    payload = made["link"].partition("#")[2]
    changed = payload[:50] + ("A" if payload[50] != "A" else "B") + payload[51:]
    (funded.folder / "binary").write_bytes(b"\xff\xfe\x00")
    (funded.folder / "gift.png").write_bytes(b"\x89PNG")
    typed("")
    for word, reason in (
        (f"crmdapp:gift#{changed}", "changed"),
        (changed, "changed"),
        (payload[:70], "cut off"),
        ("nothing.txt", "neither a link nor a file"),
        (ADDRESSES["rival"], "neither a link nor a file"),
        (funded.folder, "neither a link nor a file"),
        ("binary", "not UTF-8"),
        ("gift.png", "picture"),
        ("-", "is empty"),
    ):
        outcome = funded("loyalty", "gift", "claim", word, "--yes", "--json", code=2)
        assert outcome.error["code"] == "UsageError"
        assert reason in outcome.error["message"]
        assert payload[60:90] not in outcome.out + outcome.err
    assert balance(funded, made["gift"]) == 500


def test_a_gift_of_another_ledger_is_refused(funded, made):
    gift = Gift.parse(made["link"])
    for elsewhere in (
        Gift(1, gift.hub, gift.program, gift.key),
        Gift(gift.chain_id, ADDRESSES["rival"], gift.program, gift.key),
    ):
        line = ("loyalty", "gift", "claim", elsewhere.link())
        problem = funded.refuse_to_send(*line, code=2)
        assert "The gift is on chain" in problem["message"]
    assert balance(funded, made["gift"]) == 500


# --------------------------------------------------------------------------- claiming


def test_claim_by_anyone_for_the_friend(funded, made):
    funded.act_as("rival")
    claimed = funded.send("loyalty", "gift", "claim", made["link"], "--to", "friend")
    assert (claimed["to"], claimed["points"]) == (ADDRESSES["friend"], "5.00")
    assert (balance(funded, "friend"), balance(funded, "rival")) == (500, 0)
    problem = funded.refuse_to_send("loyalty", "gift", "claim", made["link"], code=1)
    assert problem["code"] == "GiftEmpty"
    assert problem["fields"] == {"address": made["gift"]}


def test_claim_is_for_oneself_by_default(funded, made):
    funded.act_as("friend")
    outcome = funded("loyalty", "gift", "claim", made["link"], "--yes")
    assert outcome.out.startswith("5.00 BEAN. Block ")
    assert balance(funded, "friend") == 500


def test_claim_asks_first_and_can_be_rehearsed(funded, made, answer):
    funded.act_as("friend")
    line = ("loyalty", "gift", "claim", made["link"])
    assert funded.json(*line, "--dry-run")["dry_run"] is True
    answer("n\n")
    shown = funded(*line, code=3).err
    assert ADDRESSES["friend"] in shown
    assert made["link"].partition("#")[2] not in shown
    assert balance(funded, made["gift"]) == 500


def test_a_friend_without_ether_signs_and_the_shop_submits(funded, made, node):
    out = funded.folder / "claim.json"
    funded.env(CRMDAPP_PRIVATE_KEY=None)
    line = ("loyalty", "gift", "sign", made["link"], "--to", "friend")
    written = funded.json(*line, "--out", out)
    assert written["file"] == str(out)
    signed = SignedIntent.from_json(out.read_text())
    assert (signed.intent.to, signed.intent.points) == (ADDRESSES["friend"], 500)
    assert Gift.parse(made["link"]).key.hex() not in out.read_text()
    assert funded.error(*line, "--out", out, code=2)["code"] == "UsageError"
    funded.act_as("shop")
    assert funded.send("loyalty", "transfer-submit", out)["mined"] == 1
    assert balance(funded, "friend") == 500
    problem = funded.error(*line, code=1)
    assert problem["code"] == "GiftEmpty"


def test_signing_needs_no_node_if_the_points_are_named(funded, made):
    funded.env(CRMDAPP_RPC="http://127.0.0.1:1")
    line = ("loyalty", "gift", "sign", made["link"], "--to", "friend", "--points", "2.50")
    signed = SignedIntent.from_json(funded(*line).out)
    assert signed.signed_by_key()
    assert (signed.intent.points, signed.domain.chain_id) == (250, 31337)


# --------------------------------------------------------------------------- taking back


def test_the_giver_takes_back_what_nobody_claimed(funded, made):
    assert [row["points"] for row in funded.json("loyalty", "gift", "list")] == ["5.00"]
    back = funded.send("loyalty", "gift", "take-back", made["gift"])
    assert (back["to"], back["points"]) == (ADDRESSES["customer"], "5.00")
    assert balance(funded, "customer") == 15_000
    assert kept(funded) == []
    assert funded.json("loyalty", "gift", "list") == []
    funded.act_as("friend")
    assert funded.refuse_to_send("loyalty", "gift", "claim", made["link"], code=1)


def test_the_giver_finds_nothing_if_the_friend_was_faster(funded, made):
    funded.act_as("rival")
    elsewhere = ("--to", ADDRESSES["friend"], "--state-dir", funded.folder / "elsewhere")
    funded.send("loyalty", "gift", "claim", made["link"], *elsewhere)
    funded.act_as("customer")
    problem = funded.refuse_to_send("loyalty", "gift", "take-back", made["gift"], code=1)
    assert problem["code"] == "GiftEmpty"


def test_list_shows_what_is_left_on_each(funded, made):
    other = funded.send("loyalty", "gift", "create", "2", "7")
    outcome = funded("loyalty", "gift", "list")
    assert made["gift"] in outcome.out
    assert "7.00" in outcome.out
    rows = funded.json("loyalty", "gift", "list")
    assert {row["gift"]: row["units"] for row in rows} == {made["gift"]: 500, other["gift"]: 700}


# --------------------------------------------------------------------------- secrets


def test_the_link_is_asked_for_at_a_terminal_without_showing_it(funded, made, answer, monkeypatch):
    answer("")
    monkeypatch.setattr("getpass.getpass", lambda prompt: made["link"])
    assert funded.json("loyalty", "gift", "show", "-")["gift"] == made["gift"]


def test_the_link_goes_through_a_pipe(funded, made):
    environ = {**os.environ, "CRMDAPP_PRIVATE_KEY": KEYS["friend"]}
    words = ["loyalty", "gift", "show", "-", "--json"]
    piped = subprocess.run(
        [*CRMDAPP, *words], env=environ, input=made["link"], capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert json.loads(piped.stdout)["gift"] == made["gift"]


def test_no_key_is_left_in_the_journal_or_in_what_is_said(funded, node):
    outcome = funded(*CREATE, "--out", funded.folder / "gift.png", "--yes", "--verbose")
    link = scan((funded.folder / "gift.png").read_bytes())
    claim = funded("loyalty", "gift", "claim", link, "--to", "friend", "--yes", "--verbose")
    key, payload = Gift.parse(link).key, link.partition("#")[2]
    for said in (outcome, claim):
        for secret in (key.hex(), payload, payload[60:90]):
            assert secret not in said.out + said.err
    for path in funded.state.glob("*.sqlite3*"):
        data = path.read_bytes()
        assert key not in data
        assert payload.encode() not in data
