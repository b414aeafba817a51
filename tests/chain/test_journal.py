"""The journal file: durable, shared, and clear about what is wrong with it."""

import os
import sqlite3
import stat

import pytest

from crmdapp.chain import Call, Journal, Sender
from crmdapp.chain.fees import Fees
from crmdapp.chain.journal import Account
from crmdapp.errors import DiskFull, JournalProblem, PermissionDenied, UsageError
from tests.chain.conftest import QUICK, STRANGER

SHOP = Account(31337, b"\x11" * 32, "0x" + "aa" * 20)
FEES = Fees(10, 1, 5)


def lease(journal, *, account=SHOP, value=0, key=None, chain_nonce=0, seconds=60.0):
    return journal.lease(
        account,
        Call(STRANGER, value=value),
        key=key,
        gas=21_000,
        chain_nonce=chain_nonce,
        seconds=seconds,
    )


def test_lease_gives_each_number_once(journal):
    assert [lease(journal)[0].nonce for _ in range(4)] == [0, 1, 2, 3]


def test_lease_begins_at_the_chain_s_count(journal):
    assert lease(journal, chain_nonce=17)[0].nonce == 17
    assert lease(journal, chain_nonce=17)[0].nonce == 18
    assert lease(journal, chain_nonce=30)[0].nonce == 30


@pytest.mark.parametrize(
    "other",
    [
        Account(1, SHOP.genesis, SHOP.sender),
        Account(31337, b"\x22" * 32, SHOP.sender),
        Account(31337, SHOP.genesis, "0x" + "bb" * 20),
    ],
)
def test_lease_keeps_chains_and_senders_apart(journal, other):
    lease(journal, key="sale")
    sent, taken = lease(journal, account=other, key="sale", value=5)
    assert (sent.nonce, taken is not None) == (0, True)


def test_lease_gives_a_dropped_number_again(journal):
    first, ticket = lease(journal)
    lease(journal)
    journal.drop(first.id, ticket)
    assert journal.gaps(SHOP, 0) == [0]
    assert lease(journal)[0].nonce == 0
    assert journal.gaps(SHOP, 0) == []


def test_lease_takes_a_number_back_from_a_dead_process(journal):
    first, _ = lease(journal, key="sale")
    dead = os.fork()
    if not dead:
        os._exit(0)
    os.waitpid(dead, 0)
    journal._db.execute("UPDATE transactions SET lease = ?", (f"{dead}:x",))
    again, ticket = lease(journal, key="sale")
    assert (again.id, again.nonce) == (first.id, 0)
    assert ticket is not None


def test_lease_respects_the_number_of_a_live_process(journal):
    lease(journal, key="sale")
    again, ticket = lease(journal, key="sale")
    assert (again.nonce, ticket) == (0, None)
    assert lease(journal)[0].nonce == 1


def test_record_signed_refuses_a_lease_that_has_run_out(journal):
    first, ticket = lease(journal, seconds=0.0)
    second, other = lease(journal)
    assert second.nonce == first.nonce
    assert journal.record_signed(first.id, ticket, b"raw-1", FEES) is None
    assert journal.record_signed(second.id, other, b"raw-2", FEES).state == "signed"


def test_record_signed_is_on_disk_when_it_returns(journal):
    sent, ticket = lease(journal, key="sale")
    signed = journal.record_signed(sent.id, ticket, b"raw", FEES)
    with sqlite3.connect(journal.path) as other:
        assert other.execute("SELECT hash, raw FROM attempts").fetchall() == [(signed.hash, b"raw")]
    other.close()
    assert journal._db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    assert journal._db.execute("PRAGMA synchronous").fetchone()[0] == 2


def test_reopened_journal_has_everything(journal):
    sent, ticket = lease(journal, key="sale", value=2**200)
    journal.record_signed(sent.id, ticket, b"raw", FEES)
    journal.close()
    with Journal(journal.path) as again:
        assert again.find(SHOP, "sale").value == 2**200
        assert again.call(sent.id) == Call(STRANGER, value=2**200)
        assert again.attempts(sent.id)[0].raw == b"raw"


def test_one_key_belongs_to_one_call(journal):
    lease(journal, key="sale", value=1)
    with pytest.raises(UsageError, match="'sale' was used for another transaction"):
        lease(journal, key="sale", value=2)


def test_open_raises_if_the_file_is_no_journal(tmp_path):
    path = tmp_path / "journal.sqlite3"
    path.write_bytes(b"not a database, but long enough to look like one" * 100)
    with pytest.raises(JournalProblem) as caught:
        Journal(path)
    assert str(path) in caught.value.message
    assert path.read_bytes().startswith(b"not a database")


def test_open_raises_if_it_is_of_a_newer_release(journal):
    journal._db.execute("PRAGMA user_version = 99")
    journal.close()
    with pytest.raises(JournalProblem, match="newer release"):
        Journal(journal.path)


def test_open_raises_if_the_folder_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(PermissionDenied):
        Journal(tmp_path / "file" / "journal.sqlite3")


def test_open_keeps_the_folder_private(tmp_path):
    with Journal(tmp_path / "state" / "journal.sqlite3"):
        assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700


def test_send_sends_nothing_if_the_disk_is_full(node, connection, payer, journal, gift, received):
    """Nothing lost, nothing sent, and all well again once there is room."""
    sender = Sender(connection, payer, journal, policy=QUICK)
    first = sender.send(gift(1), key="first")
    pages = journal._db.execute("PRAGMA page_count").fetchone()[0]
    journal._db.execute(f"PRAGMA max_page_count = {pages}")

    def send_until_full():
        for number in range(200):
            sender.send(Call(STRANGER, b"\x01" * 3000, value=1), key=f"more-{number}")

    with pytest.raises(DiskFull) as caught:
        send_until_full()
    assert caught.value.exit_code == 1
    assert str(journal.path) in caught.value.message
    sent = journal._db.execute("SELECT count(*) FROM attempts").fetchone()[0]
    node.settle()
    assert received() == sent
    journal._db.execute("PRAGMA max_page_count = 1000000")
    assert sender.wait(first).status == 1
    sender.resume()
    sender.wait(sender.send(Call(STRANGER, b"\x01" * 3000, value=1), key="at-last"))
    assert received() == sent + 1
    assert sender.pending() == []
