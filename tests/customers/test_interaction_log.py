"""The contract of interaction logs as its client sees it, through nodes that lie too."""

import json
from dataclasses import replace

import pytest

from crmdapp.chain import connect
from crmdapp.chain._keccak import keccak
from crmdapp.customers.errors import (
    AnswerWindowClosed,
    AnswerWindowOpen,
    ForkShownBefore,
    LogNotOpened,
    LogOpenedBefore,
    ReceiptChallengedBefore,
    ReceiptNotChallenged,
    ReceiptNotOverdue,
    ReceiptSettled,
    ReceiptSignatureInvalid,
)
from crmdapp.customers.interaction_log import BatchesOmitted, LeafNotAnchored, LogClient
from crmdapp.customers.leaves import NO_WORD, log_of
from crmdapp.customers.log_models import LogStanding, batch_of
from crmdapp.customers.receipts import SignedReceipt
from crmdapp.errors import NodeLied, UsageError
from tests.customers.logbook import *  # noqa: F403 - fixtures
from tests.customers.logbook import ANSWER_WINDOW, DELAY
from tests.fixtures.flaky_rpc import FlakyRpc


@pytest.fixture
def watcher(office):
    """Anybody with an account: sees to it that the company keeps its promise."""
    return office.client("outsider", LogClient)


@pytest.fixture
def receipt(logbook, operator):
    """The customer's, of a visit that waits to be anchored."""
    return logbook.visits(operator)[0]


@pytest.fixture
def overdue(logbook, receipt):
    """That receipt, an hour and a minute later."""
    logbook.pass_time(DELAY + 60)
    return receipt


@pytest.fixture
def fork(logbook, receipt):
    """Another interaction that the company signed as the same one."""
    other = replace(receipt.receipt, leaf=keccak(b"another story"))
    signature = other.sign(logbook.office.signer("company"), receipt.domain)
    return SignedReceipt(other, receipt.domain, signature)


# ----------------------------------------------------------------- open


def test_open_promises_a_delay(logbook, office):
    assert logbook.client.standing(logbook.log) == LogStanding(DELAY, 0)
    assert logbook.client.standing(log_of(office.address("outsider"))) == LogStanding(0, 0)


def test_open_refuses_a_log_that_is_open(logbook):
    with pytest.raises(LogOpenedBefore):
        logbook.client.open(0, DELAY)


@pytest.mark.parametrize("delay", [59, 30 * 86_400 + 1])
def test_open_refuses_a_delay_out_of_range(logbook, delay):
    with pytest.raises(UsageError, match="delay"):
        logbook.client.open(1, delay)


# ----------------------------------------------------------------- batches


def test_batches_are_those_anchored(logbook, operator):
    assert logbook.client.batches(logbook.log) == ()
    for count in (3, 1, 2):
        logbook.visits(operator, count=count)
        operator.anchor()
    found = logbook.client.batches(logbook.log)
    assert [(b.number, b.first_seq, b.last_seq) for b in found] == [(1, 1, 3), (2, 4, 4), (3, 5, 6)]
    assert found[-1].head == logbook.client.head(logbook.log)
    assert [b.previous_head for b in found] == [NO_WORD, found[0].head, found[1].head]
    assert logbook.client.batches(logbook.log, after=found[0]) == found[1:]
    assert logbook.client.batches(logbook.log, after=found[2]) == ()


def test_batches_of_two_logs_do_not_mix(logbook, operator, office):
    logbook.client.open(1, DELAY)
    second = logbook.operator(index=1)
    for keeper in (operator, second, operator):
        logbook.visits(keeper)
        keeper.anchor()
    assert len(logbook.client.batches(logbook.log)) == 2
    assert len(logbook.client.batches(log_of(office.address("company"), 1))) == 1


def test_batch_of_finds_the_batch_by_the_place(logbook, operator):
    receipts = logbook.visits(operator, count=5)
    batches = operator.anchor(most=2)
    places = [batch_of(r.contents.interaction, batches).number for r in receipts]
    assert places == [1, 1, 2, 2, 3]
    (waiting,) = logbook.visits(operator)
    assert batch_of(waiting.contents.interaction, batches) is None


@pytest.fixture
def lying_node(logbook, operator, office):
    """Anchors five batches; gives a client of a node that changes the list of events."""
    for _ in range(5):
        logbook.visits(operator)
        operator.anchor()
    with FlakyRpc(office.node.url) as proxy, connect(proxy.url) as connection:
        client = LogClient(connection, logbook.client.contract.address)

        def lie(change):
            def altered(request):
                honest = json.loads(request.forward().body)["result"]
                return request.reply(change(honest))

            proxy.plan(altered, method="eth_getLogs", times=-1)
            return client

        yield lie


@pytest.mark.parametrize("gone", range(5))
def test_a_node_that_omits_a_batch_is_caught(logbook, lying_node, gone):
    client = lying_node(lambda logs: logs[:gone] + logs[gone + 1 :])
    with pytest.raises(BatchesOmitted) as caught:
        client.batches(logbook.log)
    assert isinstance(caught.value, NodeLied)
    assert caught.value.exit_code == 5


def test_a_node_that_omits_all_batches_is_caught(logbook, lying_node):
    with pytest.raises(BatchesOmitted):
        lying_node(lambda logs: []).batches(logbook.log)


def test_a_node_that_invents_a_batch_is_caught(logbook, lying_node):
    with pytest.raises(BatchesOmitted):
        lying_node(lambda logs: [*logs, logs[-1]]).batches(logbook.log)


@pytest.mark.parametrize("at", [2 + 5, 2 + 64 + 5, 2 + 3 * 64 - 1, 2 + 4 * 64 - 1])
def test_a_node_that_changes_a_batch_is_caught(logbook, lying_node, at):
    def change(logs):
        data = logs[2]["data"]
        digit = "0" if data[at] != "0" else "1"
        return [*logs[:2], {**logs[2], "data": data[:at] + digit + data[at + 1 :]}, *logs[3:]]

    with pytest.raises(BatchesOmitted):
        lying_node(change).batches(logbook.log)


def test_an_honest_node_is_believed(logbook, lying_node):
    assert len(lying_node(lambda logs: logs).batches(logbook.log)) == 5


def test_a_node_that_omits_what_follows_is_caught(logbook, lying_node):
    first, *_ = logbook.client.batches(logbook.log)
    client = lying_node(lambda logs: logs[:-1])
    with pytest.raises(BatchesOmitted):
        client.batches(logbook.log, after=first)


# ----------------------------------------------------------------- challenge


def test_challenge_opens_a_window(logbook, watcher, overdue):
    watcher.challenge(overdue)
    posted = watcher.challenge_of(overdue.receipt)
    assert posted.is_open
    assert posted.answer_by == logbook.office.now + ANSWER_WINDOW
    assert list(watcher.open_challenges(logbook.log)) == [posted]
    assert watcher.challenge_of(overdue.receipt.struct_hash()) == posted


def test_challenge_refuses_a_receipt_in_time(watcher, receipt):
    with pytest.raises(ReceiptNotOverdue) as refused:
        watcher.challenge(receipt)
    assert refused.value.anchor_by == receipt.receipt.anchor_by


def test_challenge_refuses_a_second_time(watcher, overdue):
    watcher.challenge(overdue)
    with pytest.raises(ReceiptChallengedBefore):
        watcher.challenge(overdue)


def test_challenge_refuses_a_forged_receipt(watcher, overdue, office):
    forged = overdue.receipt.sign(office.signer("outsider"), overdue.domain)
    with pytest.raises(ReceiptSignatureInvalid):
        watcher.challenge(replace(overdue, signature=forged))


def test_challenge_refuses_a_log_that_was_never_opened(watcher, overdue, office):
    other = replace(overdue.receipt, log=log_of(office.address("company"), 9))
    signature = other.sign(office.signer("company"), overdue.domain)
    with pytest.raises(LogNotOpened):
        watcher.challenge(replace(overdue, receipt=other, signature=signature))


def test_challenge_takes_a_compact_signature(watcher, overdue):
    r, s, v = overdue.signature[:32], overdue.signature[32:64], overdue.signature[64]
    folded = (int.from_bytes(s, "big") | ((v - 27) << 255)).to_bytes(32, "big")
    watcher.challenge(replace(overdue, signature=r + folded))
    assert watcher.challenge_of(overdue.receipt).is_open


# ----------------------------------------------------------------- answer


def test_answer_settles_a_challenge(logbook, operator, watcher, overdue):
    operator.anchor()
    logbook.visits(operator)
    operator.anchor()  # the proof must reach over later batches
    watcher.challenge(overdue)
    proof = operator.proof(overdue.leaf)
    watcher.answer(overdue.receipt, proof.proof)
    posted = watcher.challenge_of(overdue.receipt)
    assert (posted.is_open, posted.answered, posted.flagged) == (False, True, False)
    with pytest.raises(ReceiptSettled):
        watcher.answer(overdue.receipt, proof.proof)


def test_answer_refuses_a_leaf_that_is_in_no_batch(operator, watcher, overdue):
    operator.anchor()
    watcher.challenge(overdue)
    with pytest.raises(LeafNotAnchored):
        watcher.answer(overdue.receipt, (keccak(b"no node"),))


def test_answer_needs_a_challenge(operator, watcher, overdue):
    operator.anchor()
    with pytest.raises(ReceiptNotChallenged):
        watcher.answer(overdue.receipt, operator.proof(overdue.leaf).proof)


def test_answer_is_too_late_after_the_window(logbook, operator, watcher, overdue):
    watcher.challenge(overdue)
    logbook.pass_time(ANSWER_WINDOW + 60)
    operator.anchor()
    with pytest.raises(AnswerWindowClosed):
        watcher.answer(overdue.receipt, operator.proof(overdue.leaf).proof)
    assert operator.answer_all() == [(overdue.receipt.struct_hash(), None)]


# ----------------------------------------------------------------- flag and fork


def test_flag_marks_a_log_that_did_not_answer(logbook, watcher, overdue):
    watcher.challenge(overdue)
    with pytest.raises(AnswerWindowOpen):
        watcher.flag(overdue.receipt)
    logbook.pass_time(ANSWER_WINDOW + 60)
    watcher.flag(overdue.receipt)
    assert watcher.standing(logbook.log) == LogStanding(DELAY, 1)
    assert watcher.challenge_of(overdue.receipt).flagged
    assert list(watcher.open_challenges(logbook.log)) == []


def test_flag_needs_a_challenge(watcher, overdue):
    with pytest.raises(ReceiptNotChallenged):
        watcher.flag(overdue.receipt)


def test_prove_fork_flags_a_log_at_once(logbook, watcher, receipt, fork):
    watcher.prove_fork(receipt, fork)
    assert watcher.standing(logbook.log).flags == 1
    with pytest.raises(ForkShownBefore):
        watcher.prove_fork(fork, receipt)


def test_prove_fork_refuses_what_is_none(logbook, operator, watcher, receipt):
    (second,) = logbook.visits(operator)
    for other in (receipt, second):
        with pytest.raises(UsageError, match="no fork"):
            watcher.prove_fork(receipt, other)


def test_prove_fork_refuses_a_forged_receipt(watcher, receipt, fork, office):
    forged = fork.receipt.sign(office.signer("outsider"), fork.domain)
    with pytest.raises(ReceiptSignatureInvalid):
        watcher.prove_fork(receipt, replace(fork, signature=forged))


# ----------------------------------------------------------------- names


def test_hashes_made_here_are_the_contracts(logbook, receipt, office):
    contract = logbook.client.contract
    assert receipt.receipt.struct_hash() == contract.read("receiptHashOf", receipt.receipt.values)
    assert logbook.log == contract.read("logOf", office.address("company"), 0)
    assert receipt.domain.separator() == contract.read("DOMAIN_SEPARATOR")
    assert contract.read("ANSWER_WINDOW") == ANSWER_WINDOW
