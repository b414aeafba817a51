"""The company's log: noted once, receipted at once, anchored once, whatever happens in between."""

import json
import signal
import sqlite3
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdapp.chain import Journal, LocalSigner, Sender
from crmdapp.chain._keccak import keccak
from crmdapp.customers._anchoring import LogForeignBatch
from crmdapp.customers._recorder import RECORDED_AT_ONCE, Recorder
from crmdapp.customers.heads import HeadsTree
from crmdapp.customers.interaction_log import LogClient
from crmdapp.customers.leaves import (
    NO_WORD,
    InteractionKind,
    customer_word,
    log_of,
    payload_hash,
    pseudonym_of,
)
from crmdapp.customers.log_audit import audit_log
from crmdapp.customers.log_journal import LogJournal
from crmdapp.customers.log_keys import LogKeys, PayloadUnreadable
from crmdapp.customers.log_rows import LogPlace, Recording
from crmdapp.customers.noting import (
    CustomerErased,
    InteractionDiffers,
    LogUnopened,
    NewInteraction,
    PseudonymUnknown,
)
from crmdapp.customers.operator import LogOperator
from crmdapp.customers.receipts import PayloadInvalid, SignedReceipt, log_domain, payload_bytes
from crmdapp.errors import JournalProblem, KeyProblem, PermissionDenied, UsageError
from tests.customers.killed_operator import (
    ANCHOR_POINTS,
    COMPANY,
    CUSTOMERS,
    ERASE_POINTS,
    SECRET,
)
from tests.customers.logbook import *  # noqa: F403 - fixtures
from tests.customers.logbook import DELAY
from tests.customers.registry_office import QUICK

ROOT = Path(__file__).parents[2]
VISIT = InteractionKind.VISIT


@pytest.fixture
def pseudonym(office, operator):
    """The customer's in the company's log."""
    return operator.pseudonym(office.address("customer"))


# ----------------------------------------------------------------- record


def test_record_gives_a_receipt_that_fits(logbook, operator, pseudonym, office):
    signed = operator.record(pseudonym, VISIT, {"till": 3}, keccak(b"consent"))
    signed.check(office.address("customer"))
    found = signed.contents.interaction
    assert (found.log, found.seq, found.pseudonym) == (logbook.log, 1, pseudonym)
    assert (found.customer_seq, found.previous_leaf) == (1, NO_WORD)
    assert (found.kind, found.time) == (VISIT, logbook.clock.now)
    assert found.consent_id == keccak(b"consent")
    assert found.payload_hash == payload_hash(signed.contents.salt, b'{"till":3}')
    assert signed.receipt.anchor_by == logbook.clock.now + DELAY
    assert signed.signer == office.address("company")


def test_record_counts_the_log_and_each_customer(logbook, operator):
    roles = ("customer", "friend", "customer", "customer", "friend")
    receipts = [logbook.visits(operator, role)[0] for role in roles]
    found = [r.contents.interaction for r in receipts]
    assert [i.seq for i in found] == [1, 2, 3, 4, 5]
    assert [i.customer_seq for i in found] == [1, 1, 2, 3, 2]
    assert [i.previous_leaf for i in found] == [
        NO_WORD,
        NO_WORD,
        receipts[0].leaf,
        receipts[2].leaf,
        receipts[1].leaf,
    ]


def test_record_notes_a_thing_once_under_its_key(logbook, operator, pseudonym):
    first = operator.record(pseudonym, VISIT, {"till": 3}, key="order-1")
    logbook.clock.now += 10
    assert logbook.operator().record(pseudonym, VISIT, {"till": 3}, key="order-1") == first
    assert operator.record(pseudonym, VISIT, {"till": 3}, key="order-2") != first
    assert operator.waiting == 2


@pytest.mark.parametrize(
    "other",
    [
        {"payload": {"till": 4}},
        {"kind": InteractionKind.PURCHASE},
        {"consent_id": keccak(b"consent")},
    ],
)
def test_record_refuses_another_thing_under_the_same_key(operator, pseudonym, other):
    values = {"kind": VISIT, "payload": {"till": 3}, "consent_id": NO_WORD}
    operator.record(pseudonym, **values, key="order-1")
    with pytest.raises(InteractionDiffers):
        operator.record(pseudonym, **{**values, **other}, key="order-1")
    assert operator.waiting == 1


def test_keys_of_two_customers_do_not_meet(logbook, operator):
    for role in ("customer", "friend"):
        pseudonym = operator.pseudonym(logbook.office.address(role))
        operator.record(pseudonym, VISIT, {}, key="order-1")
    assert operator.waiting == 2


def test_record_refuses_a_pseudonym_it_did_not_give(operator):
    with pytest.raises(PseudonymUnknown):
        operator.record(keccak(b"somebody"), VISIT, {})
    assert operator.waiting == 0


@pytest.mark.parametrize("payload", [[], "text", {"n": 2**53}, {"when": object()}, {1: 2}])
def test_record_refuses_a_payload_without_canonical_form(operator, pseudonym, payload):
    with pytest.raises(PayloadInvalid):
        operator.record(pseudonym, VISIT, payload)
    assert operator.waiting == 0


def test_a_refused_payload_is_not_quoted(operator, pseudonym):
    with pytest.raises(PayloadInvalid) as refused:
        operator.record(pseudonym, VISIT, {SECRET: {SECRET: 2**60}, "b": float("nan")})
    shown = json.dumps(refused.value.to_dict())
    assert SECRET not in shown
    assert str(2**60) not in shown


def test_record_refuses_a_payload_that_is_too_large(operator, pseudonym):
    most = 65_536 - len('{"a":""}')
    assert operator.record(pseudonym, VISIT, {"a": "x" * most})
    with pytest.raises(PayloadInvalid, match="65,536"):
        operator.record(pseudonym, VISIT, {"a": "x" * (most + 1)})


@pytest.mark.parametrize("kind", [0, 2**16, InteractionKind.NONE])
def test_record_refuses_a_kind_that_is_none(operator, pseudonym, kind):
    with pytest.raises(UsageError, match="kind"):
        operator.record(pseudonym, kind, {})
    assert operator.waiting == 0


def test_record_notes_nothing_if_the_key_cannot_sign(logbook, operator, pseudonym, monkeypatch):
    def refuse(self, digest):
        raise KeyProblem("locked")

    monkeypatch.setattr(LocalSigner, "sign_digest", refuse)
    with pytest.raises(KeyProblem):
        operator.record(pseudonym, VISIT, {})
    assert operator.waiting == 0


def test_record_many_notes_each_part_as_a_whole(operator, pseudonym):
    good = [NewInteraction(pseudonym, VISIT, {"n": n}) for n in range(RECORDED_AT_ONCE + 3)]
    bad = [*good, NewInteraction(keccak(b"somebody"), VISIT, {})]
    seen = []
    given = operator.record_many(bad, progress=lambda done, total: seen.append(done))
    with pytest.raises(PseudonymUnknown):
        list(given)
    assert (operator.waiting, seen) == (RECORDED_AT_ONCE, [RECORDED_AT_ONCE])
    assert [r.contents.interaction.seq for r in operator.record_many(good[:3])] == [501, 502, 503]


def test_a_part_with_one_refusal_is_not_noted_at_all(operator, pseudonym):
    twice = [NewInteraction(pseudonym, VISIT, {"n": n}, key="order-1") for n in range(2)]
    with pytest.raises(InteractionDiffers):
        list(operator.record_many(twice))
    assert operator.waiting == 0


def test_receipts_are_given_again(operator, pseudonym):
    given = [operator.record(pseudonym, VISIT, {"n": n}) for n in range(3)]
    assert list(operator.receipts()) == given
    assert list(operator.receipts(pseudonym=pseudonym, first=2)) == given[1:]
    assert list(operator.receipts(pseudonym=keccak(b"other"))) == []
    assert operator.receipt(given[1].leaf) == given[1]
    assert operator.receipt(keccak(b"no leaf")) is None


def test_pseudonyms_are_random_and_stay(logbook, operator):
    people = [logbook.office.address(role) for role in ("customer", "friend")]
    first = operator.pseudonyms(people)
    assert logbook.operator().pseudonyms(people) == first
    link = logbook.keys.find(logbook.log, first[0])
    assert first[0] == pseudonym_of(logbook.log, customer_word(people[0]), link.salt)
    assert len(set(first)) == 2
    assert operator.known_pseudonym(logbook.office.address("outsider")) is None


def test_a_log_must_be_opened_first(logbook):
    with pytest.raises(LogUnopened):
        logbook.operator(index=1)


def test_a_log_once_known_needs_no_node_to_note(logbook, operator, office):
    class Nowhere:
        def __init__(self, client):
            self.connection, self.contract = client.connection, client.contract
            self.sender, self.domain = client.sender, client.domain

        def standing(self, log):
            raise AssertionError("the node was asked")

    again = logbook.operator(client=Nowhere(logbook.client))
    assert again.delay == DELAY
    assert again.record(again.pseudonym(office.address("customer")), VISIT, {})


def test_only_the_account_that_anchors_signs(logbook):
    with pytest.raises(UsageError, match="to sign and"):
        LogOperator(
            logbook.client, logbook.journal, logbook.keys, signer=logbook.office.signer("outsider")
        )


# ----------------------------------------------------------------- what is on the disk


def files_of(folder):
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file())


def test_the_journal_holds_no_payload_and_no_key_in_clear(logbook, operator, pseudonym, tmp_path):
    signed = operator.record(pseudonym, VISIT, {"text": SECRET}, key="order-4711")
    link = logbook.keys.find(logbook.log, pseudonym)
    journal = b"".join(path.read_bytes() for path in tmp_path.glob("interactions.sqlite3*"))
    for secret in (
        SECRET.encode(),
        b"order-4711",
        signed.contents.salt,
        link.salt,
        link.key,
        link.customer,
        link.customer[12:],
    ):
        assert secret not in journal
    assert signed.leaf in journal


def test_secrets_are_not_shown(logbook, operator, pseudonym):
    new = NewInteraction(pseudonym, VISIT, {"text": SECRET}, key=SECRET)
    signed = operator.record(pseudonym, VISIT, {"text": SECRET})
    link = logbook.keys.find(logbook.log, pseudonym)
    shown = repr((new, signed, link, operator, logbook.keys, list(operator.notices())))
    for secret in (SECRET, repr(link.key), repr(link.salt), repr(signed.contents.salt)):
        assert secret not in shown


def test_the_key_file_is_its_owners_alone(logbook, tmp_path):
    for path in tmp_path.glob("interaction-keys.sqlite3*"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_key_file_that_others_may_read_is_refused(tmp_path):
    path = tmp_path / "keys.sqlite3"
    LogKeys(path).close()
    path.chmod(0o640)
    with pytest.raises(PermissionDenied, match="Others may read"):
        LogKeys(path)


def test_a_payload_moved_to_another_place_does_not_open(logbook, operator, pseudonym):
    for n in range(2):
        operator.record(pseudonym, VISIT, {"n": n})
    with logbook.journal._writing() as db:
        db.execute(
            "UPDATE interactions SET sealed = (SELECT sealed FROM interactions WHERE seq = 1)"
            " WHERE seq = 2"
        )
    with pytest.raises(PayloadUnreadable):
        list(operator.receipts(first=2))


def test_a_foreign_file_is_no_journal(tmp_path):
    path = tmp_path / "interactions.sqlite3"
    path.write_bytes(b"no database at all, but long enough to be taken for one" * 10)
    with pytest.raises(JournalProblem):
        LogJournal(path)


# ----------------------------------------------------------------- anchor


def test_anchor_puts_all_that_waits_into_one_batch(logbook, operator):
    receipts = logbook.visits(operator, count=5) + logbook.visits(operator, "friend", 2)
    (batch,) = operator.anchor()
    assert (batch.number, batch.first_seq, batch.batch.count, batch.previous_head) == (
        1,
        1,
        7,
        NO_WORD,
    )
    assert logbook.client.batches(logbook.log) == (batch,)
    assert operator.waiting == 0
    for receipt in receipts:
        assert operator.proof(receipt.leaf).verify([batch]) == batch


def test_anchor_does_nothing_if_nothing_waits(logbook, operator):
    assert operator.anchor() == []
    logbook.visits(operator)
    assert len(operator.anchor()) == 1
    assert operator.anchor() == []


def test_anchor_makes_batches_no_larger_than_wanted(logbook, operator):
    logbook.visits(operator, count=5)
    batches = operator.anchor(most=2)
    assert [(b.number, b.first_seq, b.batch.count) for b in batches] == [
        (1, 1, 2),
        (2, 3, 2),
        (3, 5, 1),
    ]
    assert logbook.client.batches(logbook.log) == tuple(batches)


@pytest.mark.parametrize("most", [0, -1, True])
def test_anchor_refuses_a_batch_of_nothing(operator, most):
    with pytest.raises(UsageError, match="most"):
        operator.anchor(most=most)


def test_heads_count_every_customer_of_all_batches(logbook, operator):
    mine, others = logbook.visits(operator, count=2), logbook.visits(operator, "friend")
    operator.anchor()
    mine += logbook.visits(operator)
    *_, batch = operator.anchor()
    heads = {r[-1].receipt.pseudonym: (len(r), r[-1].leaf) for r in (mine, others)}
    assert HeadsTree(logbook.log, heads).root == batch.batch.heads_root
    proof = operator.proof(mine[-1].leaf)
    assert (proof.heads.entry.customer_seq, proof.heads.entry.head) == (3, mine[-1].leaf)


def test_proofs_of_an_older_batch_show_the_heads_of_then(logbook, operator):
    (first,) = logbook.visits(operator)
    operator.anchor()
    logbook.visits(operator, count=3)
    operator.anchor()
    proof = operator.proof(first.leaf)
    proof.verify(logbook.client.batches(logbook.log))
    assert (proof.number, proof.heads.entry.customer_seq) == (1, 1)


def test_a_proof_waits_for_its_batch(logbook, operator):
    (receipt,) = logbook.visits(operator)
    assert operator.proof(receipt.leaf) is None
    with pytest.raises(UsageError, match="no such interaction"):
        operator.proof(keccak(b"no leaf"))


def test_ten_thousand_interactions_take_one_transaction(logbook, operator, office):
    people = [f"0x{n + 1:064x}" for n in range(1_000)]
    pseudonyms = operator.pseudonyms(people)
    new = (NewInteraction(pseudonyms[n % 1_000], VISIT, {"n": n}) for n in range(10_000))
    last = list(operator.record_many(new))[-1]
    before = office.connection.nonce(office.address("company"))
    (batch,) = operator.anchor()
    assert office.connection.nonce(office.address("company")) == before + 1
    receipt = office.connection.receipt(batch.tx_hash)
    assert int(receipt["gasUsed"], 16) < 60_000
    operator.proof(last.leaf).verify([batch])
    assert batch.batch.count == 10_000


def test_stored_batches_can_be_verified_by_contracts(logbook, operator):
    first, second = logbook.visits(operator, count=2)
    operator.anchor(stored=True)
    proof = operator.proof(first.leaf)
    root = proof.batch.leaves_root
    verify = logbook.client.verify
    assert verify(logbook.log, root, proof.proof, first.leaf)
    assert not verify(logbook.log, root, proof.proof, second.leaf[::-1])
    logbook.visits(operator)
    operator.anchor()
    proof = operator.proof(list(operator.receipts())[-1].leaf)
    assert not verify(logbook.log, proof.batch.leaves_root, proof.proof, proof.leaf)


def test_a_journal_from_an_old_copy_is_not_gone_on_with(logbook, operator, tmp_path):
    logbook.visits(operator)
    with sqlite3.connect(tmp_path / "interactions.sqlite3") as db:
        copy = sqlite3.connect(tmp_path / "copy.sqlite3")
        db.backup(copy)
        copy.close()
    logbook.visits(operator)
    operator.anchor()
    with LogJournal(tmp_path / "copy.sqlite3") as old:
        again = replace(logbook, journal=old).operator()
        with pytest.raises(LogForeignBatch):
            again.anchor()
    assert len(logbook.client.batches(logbook.log)) == 1


def test_a_planned_batch_that_another_sender_sent_is_not_sent_again(logbook, operator, tmp_path):
    # The journal of sent transactions is lost between sending and settling.
    logbook.visits(operator)

    def die(*args, **kwargs):
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(LogJournal, "settle", die)
        with pytest.raises(KeyboardInterrupt):
            operator.anchor()
    with Journal(tmp_path / "other.sqlite3") as sent:
        office = logbook.office
        sender = Sender(office.connection, office.signer("company"), sent, policy=QUICK)
        client = type(logbook.client)(office.connection, logbook.client.contract.address, sender)
        (batch,) = logbook.operator(client=client).anchor()
    assert logbook.client.batches(logbook.log) == (batch,)


def test_a_batch_that_a_reorganisation_undid_is_anchored_again(logbook, operator):
    logbook.visits(operator, count=2)
    operator.anchor()
    logbook.visits(operator)
    (second,) = operator.anchor()
    logbook.office.node.reorg(1)
    operator.anchor()
    batches = logbook.client.batches(logbook.log)
    assert [b.batch.count for b in batches] == [2, 1]
    assert batches[1].batch.leaves_root == second.batch.leaves_root
    for receipt in operator.receipts():
        operator.proof(receipt.leaf).verify(batches)


# ----------------------------------------------------------------- erase


def test_erase_destroys_what_is_known_and_keeps_the_proofs(
    logbook, operator, pseudonym, tmp_path, office
):
    given = [operator.record(pseudonym, VISIT, {"text": SECRET, "n": n}) for n in range(3)]
    kept = logbook.visits(operator, "friend", 2)
    operator.anchor()
    link = logbook.keys.find(logbook.log, pseudonym)
    sealed = [e.sealed for e in logbook.journal.entries(1, pseudonym=pseudonym)]
    erased = operator.erase(pseudonym)
    erased.check(office.address("customer"))
    assert erased.contents.interaction.kind == InteractionKind.ERASURE
    operator.anchor()
    disk = files_of(tmp_path)
    for secret in (
        link.key,
        link.salt,
        link.customer[12:],
        *sealed,
        *(r.contents.interaction.payload_hash for r in given),
    ):
        assert secret not in disk
    for receipt in given:
        assert receipt.leaf in disk
        proof = operator.proof(receipt.leaf)
        assert proof.interaction is None
        proof.verify(logbook.client.batches(logbook.log), receipt.contents.interaction)
        again = operator.receipt(receipt.leaf)
        assert (again.receipt, again.signature, again.contents) == (
            receipt.receipt,
            receipt.signature,
            None,
        )
    assert list(operator.receipts(pseudonym=kept[0].receipt.pseudonym)) == kept


def test_nothing_is_noted_after_an_erasure(operator, pseudonym):
    operator.record(pseudonym, VISIT, {})
    operator.erase(pseudonym)
    with pytest.raises(CustomerErased):
        operator.record(pseudonym, VISIT, {})
    assert operator.waiting == 2


def test_nothing_is_noted_between_closing_and_destroying(logbook, operator, pseudonym):
    operator.record(pseudonym, VISIT, {})
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(LogKeys, "destroy", _die)
        with pytest.raises(Crash):
            operator.erase(pseudonym)
    with pytest.raises(CustomerErased):
        operator.record(pseudonym, VISIT, {})
    assert logbook.operator().known_pseudonym(logbook.office.address("customer")) is None


def _die(*args, **kwargs):
    raise Crash


def test_erase_gives_the_same_receipt_again(operator, pseudonym):
    first = operator.erase(pseudonym)
    again = operator.erase(pseudonym)
    assert (again.receipt, again.signature) == (first.receipt, first.signature)
    assert operator.waiting == 1


def test_an_erased_customer_is_somebody_new(operator, pseudonym, office):
    operator.erase(pseudonym)
    assert operator.known_pseudonym(office.address("customer")) is None
    assert operator.pseudonym(office.address("customer")) != pseudonym


def test_erase_refuses_a_pseudonym_it_did_not_give(operator):
    with pytest.raises(PseudonymUnknown):
        operator.erase(keccak(b"somebody"))


def test_erase_says_if_old_bytes_are_still_in_the_file(
    logbook, operator, pseudonym, tmp_path, monkeypatch
):
    operator.record(pseudonym, VISIT, {"text": SECRET})
    logbook.journal._db.execute("PRAGMA busy_timeout = 50")
    reader = sqlite3.connect(tmp_path / "interactions.sqlite3")
    reader.execute("BEGIN")
    reader.execute("SELECT COUNT(*) FROM interactions").fetchone()
    with pytest.raises(JournalProblem, match="not gone yet"):
        operator.erase(pseudonym)
    reader.close()
    assert logbook.journal.erasing(1) == [pseudonym]
    operator.erase(pseudonym)
    assert logbook.journal.erasing(1) == []


# ----------------------------------------------------------------- challenges


def test_answer_all_anchors_what_waits_and_answers(logbook, operator, office):
    receipts = logbook.visits(operator, count=2)
    logbook.pass_time(DELAY + 60)
    watcher = office.client("outsider", LogClient)
    for receipt in receipts:
        watcher.challenge(receipt)
    answers = operator.answer_all()
    assert [name for name, _ in answers] == [r.receipt.struct_hash() for r in receipts]
    assert all(sent is not None for _, sent in answers)
    assert list(watcher.open_challenges(logbook.log)) == []
    assert operator.answer_all() == []


def test_answer_all_answers_for_erased_customers(logbook, operator, office):
    (receipt,) = logbook.visits(operator)
    operator.erase(receipt.receipt.pseudonym)
    logbook.pass_time(DELAY + 60)
    office.client("outsider", LogClient).challenge(receipt)
    ((_, sent),) = operator.answer_all()
    assert sent is not None


def test_answer_all_tells_what_it_cannot_answer(logbook, operator, office, tmp_path):
    (receipt,) = logbook.visits(operator)
    logbook.pass_time(DELAY + 60)
    office.client("outsider", LogClient).challenge(receipt)
    with LogJournal(tmp_path / "lost.sqlite3") as lost:
        again = replace(logbook, journal=lost).operator()
        assert again.answer_all() == [(receipt.receipt.struct_hash(), None)]


# ----------------------------------------------------------------- notices


def test_notices_come_until_they_were_told(logbook, operator, pseudonym):
    quiet = operator.record(pseudonym, VISIT, {})
    loud = operator.record(pseudonym, InteractionKind.FEEDBACK, {"text": "x"}, notify=True)
    told = []

    def fails(notice):
        raise RuntimeError

    with pytest.raises(RuntimeError):
        operator.tell(fails)
    assert logbook.operator().tell(told.append) == 1
    assert [notice.receipt for notice in told] == [loud]
    assert quiet not in [notice.receipt for notice in told]
    assert operator.tell(told.append) == 0


def test_an_erasure_takes_its_notices_with_it(operator, pseudonym):
    operator.record(pseudonym, InteractionKind.FEEDBACK, {"text": SECRET}, notify=True)
    operator.erase(pseudonym)
    assert operator.notices() == []


# ----------------------------------------------------------------- random sequences with crashes


class Crash(BaseException):
    """The process dies."""


steps = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(["note", "crash before", "crash after", "retry"])),
    max_size=30,
)


@given(steps)
def test_customer_sequences_have_no_gaps_whatever_crashes(tmp_path_factory, sequence):
    folder = tmp_path_factory.mktemp("crashes")
    signer = LocalSigner(COMPANY)
    log = log_of(signer.address)
    domain = log_domain(31337, "0x" + "11" * 20)
    given_out = {}
    with LogJournal(folder / "log.sqlite3") as journal, LogKeys(folder / "keys.sqlite3") as keys:
        number = journal.add_log(LogPlace(31337, NO_WORD, "0x", log), DELAY)
        recorder = Recorder(journal, number, keys, signer, domain, log, DELAY, lambda: 1_000)
        links = keys.links(log, [customer_word(f"0x{n + 1:064x}") for n in range(4)])
        for at, (who, what) in enumerate(sequence):
            key = f"{at if what != 'retry' else 0}"
            new = NewInteraction(links[who].pseudonym, VISIT, {"who": who}, key=key)
            with pytest.MonkeyPatch.context() as monkeypatch:
                if what.startswith("crash"):
                    monkeypatch.setattr(Recording, "add", _deadly(what == "crash after"))
                try:
                    signed = next(recorder.record_many([new], None))
                except Crash:
                    continue
            assert given_out.setdefault((who, key), signed) == signed
        entries = list(journal.entries(number))
    assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
    assert {entry.leaf for entry in entries} == {signed.leaf for signed in given_out.values()}
    for link in links:
        before, expected = NO_WORD, 1
        for entry in entries:
            if entry.receipt.pseudonym == link.pseudonym:
                assert entry.interaction.customer_seq == expected
                assert entry.interaction.previous_leaf == before
                before, expected = entry.leaf, expected + 1


def _deadly(after):
    original = Recording.add

    def add(self, *args, **kwargs):
        if after:
            original(self, *args, **kwargs)
        raise Crash

    return add


# ----------------------------------------------------------------- kill -9

COUNT = 8


def run_operator(office, folder, work, *point):
    contract = office.manifest.address("InteractionLog")
    command = [sys.executable, "-m", "tests.customers.killed_operator", office.node.url, contract]
    done = subprocess.run(
        [*command, str(folder), str(COUNT), work, *point],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done, [SignedReceipt.from_json(line) for line in done.stdout.splitlines()]


@pytest.fixture
def killed_log(office, tmp_path):
    """The log that a process keeps which may be killed."""
    office.client("company", LogClient).open(0, DELAY)
    assert office.signer("company").address == LocalSigner(COMPANY).address
    return log_of(office.address("company"))


@pytest.mark.parametrize("point", ["given", *ANCHOR_POINTS])
def test_nothing_is_lost_or_doubled_by_a_kill(office, killed_log, tmp_path, point):
    done, before = run_operator(office, tmp_path, "anchor", point)
    assert done.returncode == -signal.SIGKILL, done.stderr
    done, after = run_operator(office, tmp_path, "anchor")
    assert done.returncode == 0, done.stderr
    assert after[: len(before)] == before  # what was given out once is given out again
    batches = office.reader(LogClient).batches(killed_log)
    assert sum(item.batch.count for item in batches) == COUNT
    with (
        Journal(tmp_path / "sent.sqlite3") as sent,
        LogJournal(tmp_path / "interactions.sqlite3") as journal,
        LogKeys(tmp_path / "keys.sqlite3") as keys,
    ):
        signer = office.signer("company")
        sender = Sender(office.connection, signer, sent, policy=QUICK)
        client = LogClient(office.connection, office.manifest.address("InteractionLog"), sender)
        operator = LogOperator(client, journal, keys, signer=signer)
        assert operator.anchor() == []
        for receipt in after:
            operator.proof(receipt.leaf).verify(batches)
        operator.export(tmp_path / "export.jsonl")
    audit = audit_log(tmp_path / "export.jsonl", killed_log, batches, delay=DELAY)
    assert (audit.findings, audit.interactions) == ((), COUNT)
    assert audit.published.is_complete


@pytest.mark.parametrize("point", ERASE_POINTS)
def test_an_erasure_is_finished_after_a_kill(office, killed_log, tmp_path, point):
    done, given_out = run_operator(office, tmp_path, "erase", point)
    assert done.returncode == -signal.SIGKILL, done.stderr
    signer = office.signer("company")
    with (
        Journal(tmp_path / "sent.sqlite3") as sent,
        LogJournal(tmp_path / "interactions.sqlite3") as journal,
        LogKeys(tmp_path / "keys.sqlite3") as keys,
    ):
        sender = Sender(office.connection, signer, sent, policy=QUICK)
        client = LogClient(office.connection, office.manifest.address("InteractionLog"), sender)
        operator = LogOperator(client, journal, keys, signer=signer)  # finishes what was begun
        assert journal.erasing(1) == []
        for customer in CUSTOMERS:
            if (known := operator.known_pseudonym(customer)) is not None:
                operator.erase(known)  # whose erasure had not begun
        operator.anchor()
        batches = client.batches(killed_log)
        for receipt in given_out:
            found = operator.proof(receipt.leaf)
            found.verify(batches, receipt.contents.interaction)
        assert sum(item.batch.count for item in batches) == COUNT + len(CUSTOMERS)
    disk = files_of(tmp_path)
    assert SECRET.encode() not in disk
    for receipt in given_out:
        assert receipt.contents.interaction.payload_hash not in disk
        assert receipt.contents.pseudonym_salt not in disk


def test_payload_bytes_are_canonical():
    assert payload_bytes({"b": 1, "a": "é"}) == '{"a":"é","b":1}'.encode()
