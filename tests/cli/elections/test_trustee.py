"""Trustees at the command line: with a node, and with files for a machine that has none."""

import io
import json
import sys

import pytest

from crmdapp.ballots.board import BoardClient
from crmdapp.ballots.ceremony_record import check_round, joint_key, read_ceremony
from crmdapp.ballots.deal import deal_commitment
from crmdapp.ballots.definition import read_definition
from crmdapp.ballots.trustee_key import TrusteeKey
from crmdapp.chain import Journal, LocalSigner, Manifest, Sender, SendPolicy, connect
from tests.ballots.board_room import spoiled
from tests.ballots.station import Held, Station, document
from tests.cli.conftest import ADDRESSES, KEYS, PASSWORD, write_key

TRUSTEES = ("shop", "customer", "friend")
WINDOWS = ("keys_until", "commitments_until", "deals_until", "complaints_until")
QUICK = SendPolicy(timeout=60.0, poll=0.02)


class Desk:
    """Three trustees with their key files, and the election that they guard."""

    def __init__(self, crmdapp, node, station):
        self.crmdapp, self.node, self.station = crmdapp, node, station
        self.folder = crmdapp.folder
        fields = {"trustees": [{"name": who, "address": ADDRESSES[who]} for who in TRUSTEES]}
        data = document(station.now) | fields
        definition = read_definition(json.dumps(data).encode())
        self.number = station.elections().create(definition)
        self.definition = definition
        self.election = station.elections().election(self.number)
        (self.folder / "pass.txt").write_text(PASSWORD + "\n")
        self.keys = {
            who: TrusteeKey.create(self.key_file(who), PASSWORD, cost=2) for who in TRUSTEES
        }

    def key_file(self, who):
        return self.folder / f"{who}-trustee.json"

    def opening(self, who):
        """The options that open a trustee's key file."""
        return "--key", self.key_file(who), "--key-password-file", self.folder / "pass.txt"

    def next(self, who, *more, code=0):
        self.crmdapp.act_as(who)
        return self.crmdapp.send(
            "elections", "ceremony", "next", self.number, *self.opening(who), *more, code=code
        )

    def all_next(self, *trustees):
        return [self.next(who)["duty"] for who in trustees or TRUSTEES]

    def status(self, *more):
        return self.crmdapp.json("elections", "ceremony", "status", self.number, *more)

    def go_to(self, window):
        windows = self.status()["windows"]
        from datetime import datetime

        self.node.advance_to(int(datetime.fromisoformat(windows[window]).timestamp()) + 1)

    def make_key(self, *trustees):
        for window in WINDOWS:
            self.all_next(*trustees)
            self.go_to(window)
        return self.crmdapp.send("elections", "ceremony", "finalise", self.number)

    @property
    def record(self):
        return read_ceremony(self.station.board(), self.number)


@pytest.fixture
def station(crmdapp, node, tmp_path):
    """The same contracts, from Python."""
    with connect(node.url) as connection:
        manifest = Manifest.load(crmdapp.folder / "deployments" / "31337.json")
        folder = tmp_path / "station"
        folder.mkdir()
        station = Station(node, manifest, folder, connection)
        yield station
        station.close()


@pytest.fixture
def desk(crmdapp, node, station):
    return Desk(crmdapp, node, station)


# ----------------------------------------------------------------- with a node


def test_the_trustees_make_a_key(desk):
    done = [duty for window in WINDOWS for duty in (*desk.all_next(), desk.go_to(window)) if duty]
    assert done == [*["key"] * 3, *["commitment"] * 3, *["deal"] * 3, *["nothing"] * 3]
    assert desk.status()["step"] == "finalisation"
    desk.crmdapp.send("elections", "ceremony", "finalise", desk.number)
    status = desk.status()
    assert (status["step"], status["round"]) == ("final", 0)
    assert status["key"] == "0x" + desk.station.board().key(desk.number).hex()
    assert all(each["deal"] and each["signed"] for each in status["trustees"])
    test = desk.crmdapp.json("elections", "backup-test", desk.number, *desk.opening("friend"))
    assert (test["index"], test["deal"], test["wrong_deals"]) == (3, True, [])
    assert test["share"] == status["verification_keys"]["3"]


def test_next_says_when_to_look_again(desk):
    desk.next("shop")
    again = desk.next("shop")
    assert again["duty"] == "nothing"
    assert again["until"] == desk_time(desk.election.windows.keys_until + 1)
    shown = desk.crmdapp(
        "elections", "ceremony", "next", desk.number, *desk.opening("shop"), "--yes"
    )
    assert "Look again after" in shown.out


def desk_time(seconds):
    from crmdapp.cli._values import iso_time

    return iso_time(seconds)


def test_next_dry_run_sends_nothing(desk):
    desk.crmdapp.act_as("shop")
    found = desk.crmdapp.json(
        "elections", "ceremony", "next", desk.number, *desk.opening("shop"), "--dry-run"
    )
    assert found["dry_run"]
    assert not desk.status()["trustees"][0]["key"]


def test_next_asks_before_it_sends(desk, answer):
    answer("n\n")
    desk.crmdapp.act_as("shop")
    desk.crmdapp("elections", "ceremony", "next", desk.number, *desk.opening("shop"), code=3)
    assert not desk.status()["trustees"][0]["key"]


def test_a_short_ceremony_is_restarted(desk):
    desk.next("shop")
    desk.go_to("keys_until")
    assert desk.status()["step"] == "short"
    done = desk.crmdapp.send("elections", "ceremony", "restart", desk.number)
    assert (done["election"], done["round"]) == (desk.number, 0)
    assert desk.status()["round"] == 1
    desk.make_key()
    assert joint_key(desk.record).dealers == (1, 2, 3)


def test_restart_and_finalise_wait_for_their_time(desk):
    for words in ("restart", "finalise"):
        error = desk.crmdapp.refuse_to_send("elections", "ceremony", words, desk.number, code=2)
        assert error["code"] == "CeremonyMessageStale"


def test_status_shows_a_table(desk):
    desk.next("customer")
    shown = desk.crmdapp("elections", "ceremony", "status", desk.number).out
    assert "Waits for" in shown
    assert "the trustees' keys" in shown
    assert ADDRESSES["customer"] in shown


def test_a_bad_deal_is_excluded(desk):
    desk.all_next()
    desk.go_to("keys_until")
    record = desk.record
    keys = check_round(record).keys
    deal = desk.keys["friend"].deal(record.context(), 3, ADDRESSES["friend"], 2, keys)
    bad = spoiled(deal, 2, 1)
    with connect(desk.node.url) as connection, Journal(desk.folder / "bad.sqlite3") as journal:
        sender = Sender(connection, LocalSigner(KEYS["friend"]), journal, policy=QUICK)
        board = BoardClient.at(connection, desk.station.manifest, sender)
        board.commit_deal(desk.number, 3, deal_commitment(record.context(), 3, bad))
        desk.all_next("shop", "customer")
        desk.go_to("commitments_until")
        desk.all_next("shop", "customer")
        board.post_deal(desk.number, 3, bad)
    desk.go_to("deals_until")
    assert desk.all_next("shop", "customer") == ["complaints", "nothing"]
    assert [each["excluded"] for each in desk.status()["trustees"]] == [False, False, True]
    desk.go_to("complaints_until")
    desk.crmdapp.send("elections", "ceremony", "finalise", desk.number)
    assert joint_key(desk.record).dealers == (1, 2)


# ----------------------------------------------------------------- without a node


def exported(desk, name="record.json"):
    path = desk.folder / name
    path.unlink(missing_ok=True)
    desk.crmdapp("elections", "ceremony", "export", desk.number, "--out", path)
    return path


def by_file(desk, who, index, name):
    """What a trustee without a node makes of the record; posted by its account alone."""
    record, message = exported(desk), desk.folder / name
    desk.crmdapp.env(CRMDAPP_RPC="http://127.0.0.1:1", CRMDAPP_PRIVATE_KEY=None)
    words = ("ceremony", "next") if name.startswith("m") else ("decrypt-share",)
    desk.crmdapp(
        *("elections", *words, desk.number, *desk.opening(who), "--index", index),
        *("--record", record, "--out", message),
    )
    desk.crmdapp.env(CRMDAPP_RPC=desk.node.url)
    desk.crmdapp.act_as(who)
    return message


def test_a_trustee_needs_no_node_but_somebody_who_posts(desk):
    for number, window in enumerate(WINDOWS[:3]):
        desk.all_next("shop", "customer")
        message = by_file(desk, "friend", 3, f"message-{number}.json")
        done = desk.crmdapp.send("elections", "ceremony", "post", message)
        assert done["duty"] == ("key", "commitment", "deal")[number]
        again = desk.crmdapp.send("elections", "ceremony", "post", message)
        assert again["transactions"] == done["transactions"]
        desk.go_to(window)
    desk.go_to("complaints_until")
    finish = by_file(desk, "friend", 3, "message-4.json")
    desk.crmdapp.send("elections", "ceremony", "post", finish)
    record = exported(desk)
    desk.crmdapp.env(CRMDAPP_RPC="http://127.0.0.1:1", CRMDAPP_PRIVATE_KEY=None)
    test = desk.crmdapp.json(
        *("elections", "backup-test", desk.number, *desk.opening("friend"), "--record", record)
    )
    assert (test["index"], bool(test["share"])) == (3, True)
    assert desk.status("--record", record)["step"] == "final"


def test_a_message_of_another_step_is_stale(desk):
    message = by_file(desk, "shop", 1, "message.json")
    desk.next("customer")
    desk.next("friend")
    desk.go_to("keys_until")
    error = desk.crmdapp.refuse_to_send("elections", "ceremony", "post", message, code=2)
    assert error["code"] == "CeremonyMessageStale"


def test_a_message_wants_its_account(desk):
    message = by_file(desk, "shop", 1, "message.json")
    desk.crmdapp.act_as("friend")
    error = desk.crmdapp.refuse_to_send("elections", "ceremony", "post", message, code=2)
    assert "not the account of trustee 1" in error["message"]


def test_without_a_node_it_must_be_said_who_this_is(desk):
    record = exported(desk)
    desk.crmdapp.env(CRMDAPP_PRIVATE_KEY=None)
    error = desk.crmdapp.json(
        *("elections", "ceremony", "next", desk.number, *desk.opening("shop")),
        *("--record", record),
        code=2,
    )["error"]
    assert "--index" in error["hint"]


def test_a_record_of_another_election_is_refused(desk):
    record = exported(desk)
    error = desk.crmdapp.error(
        *("elections", "ceremony", "status", desk.number + 1, "--record", record), code=2
    )
    assert error["message"] == (
        f"The record is of election {desk.number}, not of {desk.number + 1}."
    )


def test_a_changed_record_is_refused(desk):
    desk.all_next()
    record = exported(desk)
    data = json.loads(record.read_text())
    body = data["rounds"][0]["keys"][1]["body"]
    data["rounds"][0]["keys"][1]["body"] = body[:-1] + ("0" if body[-1] != "0" else "1")
    record.write_text(json.dumps(data))
    error = desk.crmdapp.error(
        *("elections", "backup-test", desk.number, *desk.opening("shop"), "--record", record),
        code=8,
    )
    assert error["code"] == "TrusteeKeyRefused"


def test_status_needs_no_manifest_if_it_knows_the_board(desk):
    board = desk.station.board().contract.address
    desk.crmdapp.env(CRMDAPP_DEPLOYMENTS=desk.folder / "nowhere")
    assert desk.status("--board", board)["step"] == "keys"


# ----------------------------------------------------------------- key files


def test_init_makes_a_key_file(desk):
    path = desk.folder / "new.json"
    words = ("elections", "ceremony", "init", path)
    desk.crmdapp(*words, "--key-password-file", desk.folder / "pass.txt")
    assert path.stat().st_mode & 0o777 == 0o600
    again = desk.crmdapp.error(*words, "--key-password-file", desk.folder / "pass.txt", code=2)
    assert "There is a file" in again["message"]


def test_key_files_that_do_not_open_are_named(desk):
    words = ("elections", "backup-test", desk.number, "--index", 1)
    wrong = desk.folder / "wrong.txt"
    wrong.write_text("wrong horse\n")
    path = desk.key_file("shop")
    error = desk.crmdapp.error(*words, "--key", path, "--key-password-file", wrong, code=4)
    assert error["code"] == "WrongPassword"
    missing = desk.folder / "lost.json"
    error = desk.crmdapp.error(*words, "--key", missing, code=4)
    assert error["code"] == "KeystoreMissing"
    account = write_key(desk.folder, "account", KEYS["shop"])
    error = desk.crmdapp.error(*words, "--key", account, code=4)
    assert error["code"] == "KeystoreCorrupt"
    path.write_bytes(path.read_bytes()[:300])
    error = desk.crmdapp.error(*words, "--key", path, code=4)
    assert error["code"] == "KeystoreCorrupt"
    error = desk.crmdapp.error(*words, "--key", desk.key_file("friend"), code=4)
    assert error["code"] == "KeystoreLocked"


def test_the_file_of_another_trustee_is_refused(desk):
    desk.all_next()
    desk.crmdapp.act_as("shop")
    error = desk.crmdapp.error(
        *("elections", "backup-test", desk.number, "--index", 1, *desk.opening("friend")), code=4
    )
    assert error["code"] == "TrusteeKeyForeign"


# ----------------------------------------------------------------- after the close


@pytest.fixture
def closed(desk):
    """An election of five votes that has closed."""
    desk.make_key()
    held = Held(desk.station, desk.definition, desk.election, (5,))
    held.__dict__["joint"] = joint_key(desk.record)
    held.to_frozen()
    held.to_open()
    held.vote([[[0, 1, 1, 1, 0]]])
    held.to_closed()
    return desk


def test_trustees_decrypt_with_a_node_and_without(closed):
    tally = closed.station.tally("bystander")
    closed.crmdapp.act_as("shop")
    done = closed.crmdapp.send("elections", "decrypt-share", closed.number, *closed.opening("shop"))
    assert (done["duty"], done["index"]) == ("shares", 1)
    again = closed.crmdapp.send(
        "elections", "decrypt-share", closed.number, *closed.opening("shop")
    )
    assert again["duty"] == "nothing"
    shares = by_file(closed, "friend", 3, "shares.json")
    closed.crmdapp.act_as("rival")
    assert closed.crmdapp.send("elections", "ceremony", "post", shares)["index"] == 3
    assert tally.posted(closed.number, 0, 0) == (1, 3)
    assert tally.tally_group(closed.number, 0, 0) == (2, 3)


def test_counts_are_proved_with_shares_that_nobody_posted(closed):
    tally, number = closed.station.tally("bystander"), closed.number
    first = by_file(closed, "shop", 1, "first.json")
    third = by_file(closed, "friend", 3, "third.json")
    closed.crmdapp.act_as("rival")
    words = ("elections", "tally", number, "--shares", first)
    assert closed.crmdapp.send(*words)["waiting"] == [{"question": 0, "group": 0}]
    done = closed.crmdapp.send(*words, "--shares", third)
    assert [each["counts"] for each in done["tallied"]] == [[2, 3]]
    assert tally.posted(number, 0, 0) == ()
    assert tally.counts(number, 0, 0) == (2, 3)


def test_counts_are_proved_with_shares_half_of_which_were_posted(closed):
    closed.crmdapp.act_as("shop")
    closed.crmdapp.send("elections", "decrypt-share", closed.number, *closed.opening("shop"))
    third = by_file(closed, "friend", 3, "third.json")
    closed.crmdapp.act_as("rival")
    done = closed.crmdapp.send("elections", "tally", closed.number, "--shares", third)
    assert [each["counts"] for each in done["tallied"]] == [[2, 3]]


def test_counts_are_not_proved_with_shares_that_do_not_hold(closed):
    first = by_file(closed, "shop", 1, "first.json")
    third = by_file(closed, "friend", 3, "third.json")
    closed.crmdapp.act_as("rival")
    words = ("elections", "tally", closed.number, "--shares", first, "--shares")
    data = json.loads(third.read_text())
    wrong = closed.folder / "wrong.json"
    wrong.write_text(json.dumps(data | {"index": 2}))
    error = closed.crmdapp.error(*words, wrong, code=8)
    assert error["code"] == "ShareRefused"
    assert "trustee 2" in error["message"]
    wrong.write_text(json.dumps(data | {"election": closed.number + 1}))
    assert "holds no shares of election" in closed.crmdapp.error(*words, wrong, code=2)["message"]
    wrong.write_text(json.dumps(data | {"tally": data["board"]}))
    assert "was made for" in closed.crmdapp.error(*words, wrong, code=2)["message"]
    assert closed.station.tally().posted(closed.number, 0, 0) == ()


def test_trustees_decrypt_what_they_added_up_themselves(closed, monkeypatch):
    words = ("elections", "decrypt-share", closed.number)
    closed.crmdapp.act_as("shop")
    assert closed.crmdapp.send(*words, *closed.opening("shop"), "--audit")["duty"] == "shares"
    evidence = closed.folder / "evidence.jsonl.gz"
    closed.crmdapp("elections", "audit", closed.number, "--save", evidence)
    record = exported(closed)
    closed.crmdapp.env(CRMDAPP_RPC="http://127.0.0.1:1", CRMDAPP_PRIVATE_KEY=None)
    offline = (*words, *closed.opening("friend"), "--evidence", evidence)
    shares = closed.folder / "shares.json"
    closed.crmdapp(*offline, "--record", record, "--out", shares)
    assert json.loads(shares.read_text())["kind"] == "shares"
    monkeypatch.setattr(sys, "stdin", io.StringIO(record.read_text()))
    printed = closed.crmdapp(*offline, "--record", "-").out
    assert json.loads(printed)["kind"] == "shares"
    data = json.loads(record.read_text())
    data["decryption"]["groups"][0]["ballots"] = 4
    record.write_text(json.dumps(data))
    error = closed.crmdapp.error(*offline, "--record", record, code=8)
    assert (error["code"], error["fields"]["link"]) == ("AuditFailed", "sums")


def test_decrypt_share_says_that_it_is_too_early(desk):
    desk.make_key()
    error = desk.crmdapp.refuse_to_send(
        *("elections", "decrypt-share", desk.number, *desk.opening("shop")), code=6
    )
    assert error["code"] == "QuestionNotClosed"
    record = exported(desk)
    assert "decryption" not in json.loads(record.read_text())
    error = desk.crmdapp.error(
        *("elections", "decrypt-share", desk.number, *desk.opening("shop"), "--record", record),
        code=2,
    )
    assert "nothing to decrypt" in error["message"]


def test_no_output_shows_the_seed(closed):
    secret = closed.keys["shop"]._seed.hex()
    closed.crmdapp.act_as("shop")
    for words in (("decrypt-share",), ("backup-test",)):
        shown = closed.crmdapp(
            "elections",
            *words,
            closed.number,
            *closed.opening("shop"),
            "-v",
            *(("--yes",) if words == ("decrypt-share",) else ()),
        )
        assert secret not in shown.out + shown.err
        assert PASSWORD not in shown.out + shown.err
