"""The relayer: takes what can be carried out, submits it once, tells what became of it."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from crmdapp.chain import Journal, LocalSigner, Sender, SendPolicy
from crmdapp.chain.errors import IntentExpired, IntentNonceUsed, IntentSignatureInvalid
from crmdapp.errors import GasCapExceeded, JournalProblem, UsageError
from crmdapp.loyalty import (
    IntentJournal,
    LoyaltyClient,
    RedeemIntent,
    Relayer,
    SignedIntent,
    hub_domain,
    sign_redeem,
    sign_transfer,
)
from crmdapp.loyalty.errors import (
    ERC6909InsufficientBalance,
    OrderUsed,
    PointsOverflow,
    ProgramIssuerOnly,
    ProgramUnknown,
)
from crmdapp.loyalty.events import OrdersRedeemed
from crmdapp.loyalty.intents import NO_TERMS
from tests.loyalty.constants import ANY_TIME, UNLIMITED
from tests.loyalty.killed_relayer import POINTS
from tests.loyalty.ledger import *  # noqa: F403 - fixtures

ROOT = Path(__file__).parents[2]
HELD = 1_000
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141

SAYS_YES = bytes.fromhex("631626ba7e60e01b5f5260205ff3")
"""Code of a smart account that accepts every signature (ERC-1271)."""
SAYS_NO = bytes.fromhex("60205ff3")
BURNS_GAS = bytes.fromhex("5b5f56")


@pytest.fixture
def journal(tmp_path):
    with IntentJournal(tmp_path / "intents.sqlite3") as journal:
        yield journal


@pytest.fixture
def relayer(issuer, journal):
    return Relayer(issuer, journal)


@pytest.fixture
def program(ledger, issuer):
    """A program in which customer and friend hold points."""
    program = ledger.open_program().id
    for role in ("customer", "friend"):
        issuer.award(program, ledger.address(role), HELD)
    return program


@pytest.fixture
def order(ledger, issuer, program):
    """Signs redemptions; the customer's unless another role is named."""

    def sign(order_id, points=100, *, role="customer", domain=None, **changes):
        values = {"program": program, "deadline": ANY_TIME, **changes}
        signer = ledger.signers[role]
        return sign_redeem(
            signer, domain or issuer.domain, points=points, order_id=order_id, **values
        )

    return sign


@pytest.fixture
def gift(ledger, issuer, program):
    """Signs transfers of the customer to the friend."""

    def sign(nonce, points=100, **changes):
        values = {"program": program, "deadline": ANY_TIME, **changes}
        return sign_transfer(
            ledger.signers["customer"],
            issuer.domain,
            to=ledger.address("friend"),
            points=points,
            nonce=nonce,
            **values,
        )

    return sign


def states(relayer):
    return [(item.state, item.reason) for item in relayer.intents()]


# ----------------------------------------------------------------- accept


def test_accept_keeps_the_intent(relayer, order, tmp_path, issuer):
    taken = relayer.accept(order(1))
    assert (taken.state, taken.reason, taken.tx_hash) == ("accepted", "", None)
    with IntentJournal(tmp_path / "intents.sqlite3") as again:
        assert Relayer(issuer, again).intents() == [taken]


def test_accept_takes_an_intent_once(relayer, order):
    assert relayer.accept(order(1)) == relayer.accept(order(1))
    assert len(relayer.intents()) == 1


@pytest.mark.parametrize("change", ["points", "order", "deadline", "high s", "empty"])
def test_accept_refuses_forged_signatures(ledger, relayer, program, order, change):
    good = order(1)
    s = ORDER - int.from_bytes(good.signature[32:64], "big")
    mirrored = good.signature[:32] + s.to_bytes(32, "big") + bytes([55 - good.signature[64]])
    holder = ledger.address("customer")
    forged = {
        "points": SignedIntent(
            RedeemIntent(program, program, NO_TERMS, holder, 101, 1, ANY_TIME),
            good.domain,
            good.signature,
        ),
        "order": SignedIntent(
            RedeemIntent(program, program, NO_TERMS, holder, 100, 2, ANY_TIME),
            good.domain,
            good.signature,
        ),
        "deadline": SignedIntent(
            RedeemIntent(program, program, NO_TERMS, holder, 100, 1, ANY_TIME - 1),
            good.domain,
            good.signature,
        ),
        "high s": SignedIntent(good.intent, good.domain, mirrored),
        "empty": SignedIntent(good.intent, good.domain, b""),
    }[change]
    with pytest.raises(IntentSignatureInvalid) as refusal:
        relayer.accept(forged)
    assert refusal.value.values == (holder, forged.digest)
    assert relayer.intents() == []


@pytest.mark.parametrize("foreign", ["chain", "hub", "name"])
def test_accept_refuses_what_was_signed_for_elsewhere(ledger, relayer, order, foreign):
    domain = {
        "chain": hub_domain(1, ledger.hub),
        "hub": hub_domain(31337, ledger.address("friend")),
        "name": type(hub_domain(31337, ledger.hub))("Other", "1", 31337, ledger.hub),
    }[foreign]
    with pytest.raises(IntentSignatureInvalid):
        relayer.accept(order(1, domain=domain))


def test_accept_refuses_after_the_deadline(ledger, relayer, order):
    now = ledger.node.now
    assert relayer.accept(order(1, deadline=now)).state == "accepted"
    ledger.node.advance(1)
    with pytest.raises(IntentExpired) as refusal:
        relayer.accept(order(2, deadline=now))
    assert refusal.value.values == (now, now + 1)


def test_accept_refuses_orders_redeemed_before(issuer, relayer, program, order):
    issuer.submit(order(1))
    with pytest.raises(OrderUsed) as refusal:
        relayer.accept(order(1, points=5))
    assert refusal.value.values == (program, 1)


def test_accept_refuses_a_second_intent_for_an_order(relayer, program, order):
    relayer.accept(order(1))
    with pytest.raises(OrderUsed) as refusal:
        relayer.accept(order(1, role="friend"))
    assert refusal.value.values == (program, 1)
    assert len(relayer.intents()) == 1


def test_accept_refuses_a_nonce_twice(ledger, relayer, gift):
    relayer.accept(gift(7))
    with pytest.raises(IntentNonceUsed) as refusal:
        relayer.accept(gift(7, points=5))
    assert refusal.value.values == (ledger.address("customer"), 7)


def test_accept_counts_what_was_taken_before(ledger, relayer, program, order, gift):
    relayer.accept(order(1, points=600))
    relayer.accept(gift(1, points=300))
    with pytest.raises(ERC6909InsufficientBalance) as refusal:
        relayer.accept(order(2, points=101))
    assert refusal.value.values == (ledger.address("customer"), 100, 101, program)
    assert relayer.accept(order(3, points=100)).state == "accepted"


def test_accept_refuses_if_program_unknown(relayer, order):
    with pytest.raises(ProgramUnknown):
        relayer.accept(order(1, program=998))


def test_accept_refuses_programs_of_others(ledger, outsider, journal, order, program):
    with pytest.raises(ProgramIssuerOnly) as refusal:
        Relayer(outsider, journal).accept(order(1))
    assert refusal.value.values == (program, ledger.address("outsider"))


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"points": 2**47}, PointsOverflow),
        ({"points": 0}, UsageError),
        ({"order_id": 2**48}, UsageError),
        ({"deadline": 2**40}, UsageError),
    ],
)
def test_accept_refuses_numbers_that_do_not_fit(ledger, issuer, relayer, program, changes, error):
    values = {"points": 1, "order_id": 1, "deadline": ANY_TIME, **changes}
    intent = RedeemIntent(program, program, NO_TERMS, ledger.address("customer"), **values)
    with pytest.raises(error):
        relayer.accept(SignedIntent(intent, issuer.domain, bytes(65)))


@pytest.fixture
def account_order(ledger, issuer, program):
    """A redemption of a smart account with the given code."""

    def sign(code):
        holder = "0x" + "AA" * 20
        ledger.node.set_code(holder, code)
        issuer.award(program, holder, HELD)
        intent = RedeemIntent(program, program, NO_TERMS, holder, 100, 1, ANY_TIME)
        return SignedIntent(intent, issuer.domain, b"whatever the account accepts")

    return sign


def test_accept_asks_a_smart_account(issuer, relayer, program, account_order):
    relayer.accept(account_order(SAYS_YES))
    assert relayer.flush().count("mined") == 1
    assert issuer.balance(program, "0x" + "AA" * 20) == HELD - 100


@pytest.mark.parametrize("code", [SAYS_NO, BURNS_GAS, b"\xfe"], ids=["no", "burns-gas", "invalid"])
def test_accept_refuses_what_a_smart_account_refuses(relayer, account_order, code):
    with pytest.raises(IntentSignatureInvalid):
        relayer.accept(account_order(code))


# ----------------------------------------------------------------- flush


def test_flush_redeems_in_one_batch(ledger, issuer, relayer, program, order):
    for number in range(5):
        relayer.accept(order(number, points=10 + number))
    report = relayer.flush()
    assert report.count("mined") == 5
    (receipt,) = report.receipts
    ids = b"".join(number.to_bytes(6, "big") for number in range(5))
    assert receipt.events_of(OrdersRedeemed) == [OrdersRedeemed(program, program, ids)]
    assert issuer.balance(program, ledger.address("customer")) == HELD - 60
    assert {(item.tx_hash, item.block) for item in relayer.intents("mined")} == {
        (receipt.hash, receipt.block)
    }


def test_flush_sends_nothing_twice(ledger, relayer, order):
    relayer.accept(order(1))
    relayer.flush()
    nonce = ledger.connection.nonce(ledger.address("issuer"))
    relayer.accept(order(1))
    report = relayer.flush()
    assert (report.settled, report.receipts, report.problems) == ((), (), ())
    assert ledger.connection.nonce(ledger.address("issuer")) == nonce


def test_flush_serves_each_program(ledger, issuer, relayer, program, order):
    other = ledger.open_program(has_token=True).id
    issuer.award(other, ledger.address("customer"), HELD)
    relayer.accept(order(1))
    relayer.accept(order(1, program=other))
    report = relayer.flush()
    assert (report.count("mined"), len(report.receipts)) == (2, 2)
    assert issuer.balance(other, ledger.address("customer")) == HELD - 100


def test_flush_moves_transfers(ledger, issuer, relayer, program, gift):
    relayer.accept(gift(1))
    relayer.accept(gift(2**255))
    assert relayer.flush().count("mined") == 2
    assert issuer.balance(program, ledger.address("friend")) == HELD + 200


def test_flush_skips_a_bad_one_and_redeems_the_others(
    ledger, issuer, customer, relayer, program, order
):
    bad = relayer.accept(order(1, points=600))
    good = relayer.accept(order(2, role="friend"))
    customer.redeem(program, 500)
    report = relayer.flush()
    assert {item.digest: (item.state, item.reason) for item in report.settled} == {
        bad.digest: ("skipped", "ERC6909InsufficientBalance"),
        good.digest: ("mined", ""),
    }
    assert issuer.balance(program, ledger.address("customer")) == 500


def test_a_skipped_intent_can_be_taken_up_again(ledger, issuer, customer, relayer, program, order):
    relayer.accept(order(1, points=600))
    customer.redeem(program, 500)
    relayer.flush()
    with pytest.raises(ERC6909InsufficientBalance):
        relayer.accept(order(1, points=600))
    issuer.award(program, ledger.address("customer"), 200)
    assert relayer.accept(order(1, points=600)).state == "accepted"
    assert relayer.flush().count("mined") == 1
    assert issuer.balance(program, ledger.address("customer")) == 100


def test_flush_skips_orders_redeemed_meanwhile(issuer, relayer, order):
    relayer.accept(order(1))
    relayer.accept(order(2))
    issuer.submit(order(1, points=5))
    relayer.flush()
    assert states(relayer) == [("skipped", "OrderUsed"), ("mined", "")]


def test_flush_skips_what_expires_on_the_way(ledger, relayer, order, monkeypatch):
    relayer.accept(order(1, deadline=ledger.node.now + 5))
    relayer.accept(order(2))
    monkeypatch.setattr(relayer, "_drop_expired", lambda work: None)
    ledger.node.advance(10)
    relayer.flush()
    assert states(relayer) == [("skipped", "IntentExpired"), ("mined", "")]


def test_flush_does_not_send_what_has_expired(ledger, relayer, order):
    relayer.accept(order(1, deadline=ledger.node.now + 5))
    ledger.node.advance(10)
    report = relayer.flush()
    assert states(relayer) == [("rejected", "IntentExpired")]
    assert (report.count("rejected"), report.receipts) == (1, ())


def test_flush_rejects_a_transfer_whose_nonce_was_cancelled(customer, relayer, gift):
    relayer.accept(gift(7))
    relayer.accept(gift(8))
    customer.send(customer.hub.call("cancelNonce", 7))
    relayer.flush()
    assert states(relayer) == [("rejected", "IntentNonceUsed"), ("mined", "")]


def test_flush_keeps_what_the_hub_refuses_and_serves_the_rest(
    ledger, merchant, issuer, relayer, program, order
):
    other = ledger.open_program().id
    issuer.award(other, ledger.address("customer"), HELD)
    relayer.accept(order(1))
    relayer.accept(order(1, program=other))
    merchant.set_issuer(program, ledger.address("issuer"), 0)
    report = relayer.flush()
    (problem,) = report.problems
    assert (problem.program, problem.intents) == (program, 1)
    assert problem.error == ProgramIssuerOnly(program, ledger.address("issuer"))
    assert report.count("mined") == 1
    assert [item.signed.intent.program for item in relayer.intents("accepted")] == [program]
    merchant.set_issuer(program, ledger.address("issuer"), UNLIMITED)
    assert relayer.flush().count("mined") == 1


@pytest.fixture
def tight(ledger, tmp_path, journal):
    """A relayer whose transactions may use only so much gas."""
    journals = []

    def make(gas_cap):
        sending = Journal(tmp_path / "tight.sqlite3")
        journals.append(sending)
        policy = SendPolicy(gas_cap=gas_cap, poll=0.02, timeout=60)
        sender = Sender(ledger.connection, ledger.signers["issuer"], sending, policy=policy)
        return Relayer(LoyaltyClient(ledger.connection, ledger.hub, sender), journal)

    yield make
    for sending in journals:
        sending.close()


def test_flush_halves_batches_that_need_too_much_gas(tight, order):
    relayer = tight(110_000)
    for number in range(8):
        relayer.accept(order(number * 256))
    report = relayer.flush()
    assert report.count("mined") == 8
    assert len(report.receipts) > 1
    assert all(receipt.gas_used <= 110_000 for receipt in report.receipts)


def test_flush_rejects_what_no_transaction_can_carry(tight, order):
    relayer = tight(30_000)
    relayer.accept(order(1))
    report = relayer.flush()
    assert [(item.state, item.reason) for item in report.settled] == [
        ("rejected", GasCapExceeded.__name__)
    ]


def test_flush_settles_again_after_a_reorg(ledger, issuer, relayer, program, order):
    relayer.accept(order(1))
    (before,) = relayer.flush().receipts
    ledger.node.reorg(1)
    ledger.node.mine()
    report = relayer.flush()
    (after,) = report.receipts
    assert after.block_hash != before.block_hash
    assert report.count("mined") == 1
    assert issuer.balance(program, ledger.address("customer")) == HELD - 100
    assert relayer.flush().receipts == ()


def test_flush_settles_those_who_stayed_in_a_batch_by_their_places(
    ledger, issuer, customer, relayer, program, order
):
    left = relayer.accept(order(1, points=600))
    stayed = relayer.accept(order(2, role="friend"))
    customer.redeem(program, 500)
    relayer.flush()
    issuer.award(program, ledger.address("customer"), 200)
    relayer.accept(order(1, points=600))  # it was skipped: now it is taken out of the batch
    ledger.node.reorg(2)
    ledger.node.mine()
    report = relayer.flush()
    assert {item.digest for item in report.settled} == {left.digest, stayed.digest}
    assert states(relayer) == [("mined", ""), ("mined", "")]
    assert issuer.balance(program, ledger.address("friend")) == HELD - 100


def test_flush_leaves_open_batches_to_the_account_that_sent_them(
    ledger, issuer, relayer, journal, program, order
):
    taken = relayer.accept(order(1))
    genesis = ledger.connection.genesis_hash
    other = LocalSigner.random().address
    journal.form(genesis, issuer.domain, other, program, [taken.digest])
    with pytest.raises(UsageError, match=other):
        relayer.flush()


def test_flush_carries_open_batches_to_their_end(ledger, issuer, relayer, journal, program, order):
    taken = relayer.accept(order(1))
    journal.form(
        ledger.connection.genesis_hash,
        issuer.domain,
        ledger.address("issuer"),
        program,
        [taken.digest],
    )
    assert relayer.flush().count("mined") == 1


def test_journal_refuses_files_of_newer_releases(tmp_path):
    path = tmp_path / "intents.sqlite3"
    with IntentJournal(path) as journal:
        journal._db.execute("PRAGMA user_version = 99")
    with pytest.raises(JournalProblem, match="newer release"):
        IntentJournal(path)


def test_journal_refuses_what_is_none(tmp_path):
    path = tmp_path / "intents.sqlite3"
    path.write_bytes(b"purchases" * 1_000)
    with pytest.raises(JournalProblem):
        IntentJournal(path)


# ----------------------------------------------------------------- kill -9


@pytest.mark.parametrize("point", POINTS)
def test_relayer_goes_on_after_kill(ledger, issuer, order, gift, program, tmp_path, point):
    others = [ledger.open_program().id for _ in range(3)]
    for other in others:
        issuer.award(other, ledger.address("customer"), HELD)
    signed = [order(n, points=10, program=p) for p in (program, *others) for n in range(2)]
    signed += [gift(n, points=5) for n in range(2)]
    path = tmp_path / "signed.json"
    path.write_text(json.dumps([item.to_json() for item in signed]))
    nonce = ledger.connection.nonce(ledger.address("issuer"))

    def run(*words):
        command = [sys.executable, "-m", "tests.loyalty.killed_relayer", ledger.node.url]
        files = [ledger.hub, str(tmp_path), str(path)]
        done = subprocess.run([*command, *files, *words], cwd=ROOT, timeout=120, check=False)
        return done.returncode

    assert run(point) == -signal.SIGKILL
    assert run() == 0
    assert issuer.balance(program, ledger.address("customer")) == HELD - 2 * 10 - 2 * 5
    assert issuer.balance(program, ledger.address("friend")) == HELD + 2 * 5
    for other in others:
        assert issuer.balance(other, ledger.address("customer")) == HELD - 2 * 10
    with IntentJournal(tmp_path / "killed-intents.sqlite3") as journal:
        assert {item.state for item in Relayer(issuer, journal).intents()} == {"mined"}
    # Four batches and two transfers, each sent once.
    assert ledger.connection.nonce(ledger.address("issuer")) == nonce + 6
