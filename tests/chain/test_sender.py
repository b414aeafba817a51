"""Sending: once, in order, priced, replaceable, and followed into the chain."""

import threading
import time
from dataclasses import replace

import pytest

from crmdapp.chain import Call, Journal, LocalSigner, Sender, connect
from crmdapp.chain.transactions import TX_GAS_CAP
from crmdapp.errors import (
    Cancelled,
    CrmdappError,
    Error,
    FundsMissing,
    GasCapExceeded,
    KeyProblem,
    NodeUnreachable,
    Panic,
    ReceiptTimeout,
    TransactionReverted,
    UsageError,
)
from tests.chain.conftest import QUICK, STRANGER
from tests.chain.test_connection import reverter
from tests.fixtures import flaky_rpc as fault
from tests.fixtures.anvil import DEV_KEYS

PICKY = "0x00000000000000000000000000000000000000fe"
GWEI = 10**9


def panic_if_called_after(block: int) -> bytes:
    """Runtime code that stops up to a block and reverts with ``Panic(0x11)`` after it."""
    # NUMBER PUSH4 block LT PUSH1 11 JUMPI STOP JUMPDEST, then the reverter moved behind it.
    head = b"\x43\x63" + block.to_bytes(4, "big") + b"\x10\x60\x0b\x57\x00\x5b"
    assert head.index(b"\x5b", 8) == 11
    body = bytes.fromhex("4e487b71") + (0x11).to_bytes(32, "big")
    tail = b"\x60" + bytes([len(body)]) + b"\x60\x17\x5f\x39\x60" + bytes([len(body)]) + b"\x5f\xfd"
    return (head + tail).ljust(0x17, b"\0") + body


def test_send_moves_the_value(sender, gift, received):
    sent = sender.send(gift(5))
    receipt = sender.wait(sent)
    assert received() == 5
    assert (receipt.status, receipt.hash, receipt.nonce) == (1, sent.hash, sent.nonce)
    assert receipt.fee == receipt.gas_used * receipt.gas_price > 0
    assert sender.status(sent.hash).state == "mined"
    assert sender.pending() == []


def test_send_sends_once_under_one_key(sender, gift, received):
    first = sender.send(gift(5), key="sale-1")
    again = sender.send(gift(5), key="sale-1")
    assert sender.wait(again) == sender.wait(first)
    assert sender.send(gift(5), key="sale-1").hash == first.hash
    assert received() == 5
    sender.wait(sender.send(gift(5), key="sale-2"))
    assert received() == 10


def test_send_refuses_a_key_that_belongs_to_another_call(sender, gift, received):
    sender.wait(sender.send(gift(5), key="sale-1"))
    with pytest.raises(UsageError, match="'sale-1' was used for another transaction"):
        sender.send(gift(6), key="sale-1")
    assert received() == 5


def test_send_keeps_the_keys_of_senders_apart(connection, journal, sender, gift, received):
    other = Sender(connection, LocalSigner(DEV_KEYS[1]), journal, policy=QUICK)
    sender.wait(sender.send(gift(5), key="sale-1"))
    other.wait(other.send(gift(5), key="sale-1"))
    assert received() == 10


def test_send_raises_the_reason_and_sends_nothing(node, sender, payer, connection):
    node.set_code(PICKY, reverter(bytes.fromhex("4e487b71") + (0x12).to_bytes(32, "big")))
    before = connection.nonce(payer.address)
    with pytest.raises(Panic) as caught:
        sender.send(Call(PICKY))
    assert caught.value.panic_code == 0x12
    assert caught.value.tx_hash is None
    assert connection.nonce(payer.address) == before
    assert sender.pending() == []


def test_send_raises_if_the_account_cannot_pay(connection, journal, gift):
    poor = LocalSigner.random()
    with pytest.raises(FundsMissing) as caught:
        Sender(connection, poor, journal, policy=QUICK).send(gift(0))
    assert (caught.value.address, caught.value.balance) == (poor.address, 0)
    assert caught.value.needed > 21_000 * GWEI
    assert caught.value.exit_code == 4
    assert f"{caught.value.needed:,} wei" in caught.value.message


def test_send_raises_if_the_value_is_more_than_the_account_has(sender, gift):
    with pytest.raises(FundsMissing):
        sender.send(gift(10**30))


def test_send_raises_if_one_transaction_needs_too_much_gas(
    node, sender, connection, journal, payer
):
    low = Sender(connection, payer, journal, policy=replace(QUICK, gas_cap=21_000))
    with pytest.raises(GasCapExceeded) as caught:
        low.send(Call(STRANGER, b"\x01" * 1000))
    assert caught.value.cap == 21_000 < caught.value.needed
    assert low.send(Call(STRANGER)).gas == 21_000
    # INVALID consumes whatever it gets, a loop of JUMPs too: JUMPDEST PUSH0 JUMP.
    node.set_code(PICKY, bytes.fromhex("5b5f56"))
    with pytest.raises((GasCapExceeded, TransactionReverted)):
        sender.send(Call(PICKY))


def test_send_caps_the_gas_margin(sender, connection):
    data = b"\x01" * 400_000
    needed = connection.estimate_gas(Call(STRANGER, data[:380_000]), sender=sender.address)
    assert needed < TX_GAS_CAP < needed * 1.15
    assert sender.simulate(Call(STRANGER, data[:380_000])).gas == TX_GAS_CAP


def test_simulate_prices_without_sending(sender, gift, received):
    plan = sender.simulate(gift(5))
    assert plan.gas == 21_000 * 115 // 100
    assert plan.cost == plan.gas * plan.max_fee + 5
    assert plan.max_fee >= plan.tip
    assert received() == 0


def test_fees_follow_the_policy(connection, journal, payer, node):
    base = int(node.rpc("eth_feeHistory", "0x1", "latest", [])["baseFeePerGas"][-1], 16)
    calm = Sender(connection, payer, journal, policy=replace(QUICK, tip=7, base_fee_factor=3))
    plan = calm.simulate(Call(STRANGER))
    assert (plan.max_fee, plan.tip) == (3 * base + 7, 7)
    tight = Sender(connection, payer, journal, policy=replace(QUICK, tip=7, max_fee=base + 1))
    assert tight.simulate(Call(STRANGER)).max_fee == base + 1
    shut = Sender(connection, payer, journal, policy=replace(QUICK, max_fee=base - 1))
    with pytest.raises(CrmdappError, match="Gas costs more than the ceiling allows"):
        shut.simulate(Call(STRANGER))


def test_fees_fall_back_if_the_node_keeps_no_history(proxy, journal, payer):
    proxy.plan(fault.rpc_error(-32601, "no such method"), method="eth_feeHistory", times=-1)
    proxy.plan(
        fault.rpc_error(-32601, "no such method"), method="eth_maxPriorityFeePerGas", times=-1
    )
    with connect(proxy.url) as connection:
        plan = Sender(connection, payer, journal, policy=QUICK).simulate(Call(STRANGER))
        assert plan.tip == GWEI


def test_simulate_asks_the_latest_block_if_the_node_knows_no_pending_one(proxy, journal, payer):
    proxy.plan(fault.rpc_error(-32000, "pending block is not available"), method="eth_call")
    with connect(proxy.url) as connection:
        assert Sender(connection, payer, journal, policy=QUICK).simulate(Call(STRANGER)).gas > 0


# --------------------------------------------------------------------------- many


def test_send_many_yields_receipts_in_order(sender, gift, received):
    items = [(f"item-{n}", gift(n)) for n in range(20)]
    receipts = list(sender.send_many(items, window=6))
    assert [receipt.key for receipt in receipts] == [key for key, _ in items]
    assert [receipt.nonce - receipts[0].nonce for receipt in receipts] == list(range(20))
    assert list(sender.send_many(items, window=6)) == receipts
    assert received() == sum(range(20))


def test_send_many_keeps_several_under_way(node, sender, gift):
    node.automine(False)
    stream = sender.send_many(((f"item-{n}", gift(n)) for n in range(9)), window=4)

    def mine_when_four_wait():
        while node.rpc("txpool_status")["pending"] != "0x4":
            time.sleep(0.01)
        node.mine()

    miner = threading.Thread(target=mine_when_four_wait, daemon=True)
    miner.start()
    next(stream)
    miner.join()
    assert len(sender.pending()) == 3
    node.automine(True)
    node.mine()
    assert len(list(stream)) == 8


def test_send_many_reports_what_came_before_a_refused_item(node, sender, gift):
    node.set_code(PICKY, reverter(bytes.fromhex("4e487b71") + (1).to_bytes(32, "big")))
    stream = sender.send_many([("a", gift(1)), ("b", gift(2)), ("c", Call(PICKY)), ("d", gift(4))])
    assert [next(stream).key, next(stream).key] == ["a", "b"]
    with pytest.raises(Panic):
        next(stream)
    with pytest.raises(UsageError, match="no transaction 'd'"):
        sender.status("d")


@pytest.mark.parametrize("window", [0, 1_001])
def test_send_many_refuses_if_the_window_is_out_of_range(sender, window):
    with pytest.raises(UsageError, match="window"):
        list(sender.send_many([], window=window))


def test_two_threads_never_share_a_nonce(node, payer, tmp_path, gift, received):
    """Each with a connection and a journal object of its own, as two processes have."""
    failures = []

    def run(name: str) -> None:
        try:
            with connect(node.url) as connection, Journal(tmp_path / "j.sqlite3") as journal:
                own = Sender(connection, payer, journal, policy=QUICK)
                assert len(list(own.send_many((f"{name}-{n}", gift(1)) for n in range(25)))) == 25
        except CrmdappError as problem:
            failures.append(problem)

    threads = [threading.Thread(target=run, args=(name,)) for name in ("left", "right")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert received() == 50


def test_two_threads_with_one_key_send_once(node, payer, tmp_path, gift, received):
    hashes = []

    def run() -> None:
        with connect(node.url) as connection, Journal(tmp_path / "j.sqlite3") as journal:
            own = Sender(connection, payer, journal, policy=QUICK)
            hashes.append(own.wait(own.send(gift(1), key="only")).hash)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(hashes) == 4
    assert len(set(hashes)) == 1
    assert received() == 1


# --------------------------------------------------------------------------- waiting


def test_wait_raises_if_it_is_still_pending(node, sender, gift, received):
    node.automine(False)
    sent = sender.send(gift(5))
    with pytest.raises(ReceiptTimeout) as caught:
        sender.wait(sent, timeout=0.2)
    assert caught.value.tx_hash == sent.hash
    assert "has not failed" in caught.value.why
    assert f"crmdapp tx wait {sent.hash}" in caught.value.hint
    assert [item.hash for item in sender.pending()] == [sent.hash]
    node.mine()
    assert sender.wait(sent.hash, timeout=60).status == 1
    assert received() == 5


def test_wait_waits_for_confirmations(node, sender, gift):
    sent = sender.send(gift(5))
    with pytest.raises(ReceiptTimeout, match="still pending") as caught:
        sender.wait(sent, timeout=0.2, confirmations=3)
    assert "has not 3 confirmations" in caught.value.why
    node.mine(2)
    assert sender.wait(sent, confirmations=3).status == 1


def test_wait_goes_on_if_a_reorg_undoes_the_block(own_node, payer, journal, gift):
    with connect(own_node.url) as connection:
        sender = Sender(connection, payer, journal, policy=QUICK)
        sent = sender.send(gift(5))
        first = sender.wait(sent)
        own_node.reorg(1)
        assert connection.receipt(sent.hash) is None
        second = sender.wait(sent, timeout=30)
        assert (second.hash, second.status) == (first.hash, 1)
        assert second.block_hash != first.block_hash
        assert connection.balance(STRANGER) == 5
        assert sender.status(sent.hash).state == "mined"


def test_send_goes_on_if_a_reorg_undid_earlier_transactions(own_node, payer, journal, gift):
    with connect(own_node.url) as connection:
        sender = Sender(connection, payer, journal, policy=QUICK)
        for n in range(4):
            sender.wait(sender.send(gift(1), key=f"early-{n}"))
        own_node.reorg(3)
        assert connection.balance(STRANGER) == 1
        sender.wait(sender.send(gift(10), key="late"), timeout=30)
        assert connection.balance(STRANGER) == 14
        assert [receipt.key for receipt in sender.resume()] == ["early-1", "early-2", "early-3"]
        assert sender.resume() == []


def test_wait_raises_the_reason_if_it_was_reverted_on_chain(node, sender, payer, connection):
    node.automine(False)
    node.set_code(PICKY, panic_if_called_after(connection.block_number() + 1))
    sent = sender.send(Call(PICKY), key="late")
    node.mine(1)
    sender.wait(sent)
    sent = sender.send(Call(STRANGER))
    node.mine(1)
    # Mined a block later than simulated: what was fine then is refused now.
    node.set_code(PICKY, panic_if_called_after(connection.block_number() + 1))
    sent = sender.send(Call(PICKY), key="too-late")
    node.forget(sent.hash)
    node.mine(2)
    connection.broadcast(sender.journal.attempts(sent.id)[-1].raw)
    node.mine(1)
    with pytest.raises(Panic) as caught:
        sender.wait(sent)
    assert caught.value.tx_hash == sent.hash
    assert caught.value.block == connection.block_number()
    assert sender.status(sent.hash).state == "reverted"
    # The key stays used ...
    assert sender.send(Call(PICKY), key="too-late").hash == sent.hash
    # ... until asked for anew, and then the simulation already refuses.
    with pytest.raises(Panic) as caught:
        sender.send(Call(PICKY), key="too-late", again_if_reverted=True)
    assert caught.value.tx_hash is None
    node.set_code(PICKY, b"\x00")
    again = sender.send(Call(PICKY), key="too-late", again_if_reverted=True)
    node.mine(1)
    assert sender.wait(again).status == 1
    assert again.hash != sent.hash


def test_wait_waits_for_the_transaction_that_was_sent_anew(node, sender):
    node.automine(False)
    node.set_code(PICKY, b"\x00")
    sent = sender.send(Call(PICKY), key="again")
    node.set_code(PICKY, b"\xfe")
    node.mine()
    with pytest.raises(TransactionReverted):
        sender.wait(sent)
    node.set_code(PICKY, b"\x00")
    again = sender.send(Call(PICKY), key="again", again_if_reverted=True)
    # The earlier form's receipt is no answer: taken for one, the call would be sent a third time.
    with pytest.raises(ReceiptTimeout):
        sender.wait(again, timeout=0.1)
    assert sender.send(Call(PICKY), key="again", again_if_reverted=True).hash == again.hash
    node.mine()
    assert sender.wait(again).hash == again.hash


def test_wait_tells_if_the_gas_ran_out(node, sender):
    node.automine(False)
    node.set_code(PICKY, b"\x00")
    sent = sender.send(Call(PICKY))
    node.set_code(PICKY, b"\xfe")
    node.mine()
    with pytest.raises(TransactionReverted) as caught:
        sender.wait(sent)
    assert caught.value.tx_hash == sent.hash
    assert caught.value.why == "It ran out of gas."


def test_wait_raises_if_the_journal_does_not_know_it(sender):
    with pytest.raises(UsageError, match="no transaction '0x12'"):
        sender.wait("0x12")


# --------------------------------------------------------------------------- replacing


def test_speed_up_offers_an_eighth_more_and_happens_once(node, sender, gift, received):
    node.automine(False)
    sent = sender.send(gift(5), key="slow")
    faster = sender.speed_up(sent.hash)
    assert faster.nonce == sent.nonce
    assert faster.hashes == (sent.hash, faster.hash)
    assert faster.max_fee * 1000 >= sent.max_fee * 1125
    assert faster.tip * 1000 >= sent.tip * 1125
    node.mine()
    receipt = sender.wait(sent)
    assert (receipt.hash, receipt.key) == (faster.hash, "slow")
    assert received() == 5
    assert sender.send(gift(5), key="slow").hash == faster.hash


def test_speed_up_refuses_if_it_is_mined(node, sender, gift):
    sent = sender.send(gift(5))
    node.settle()
    with pytest.raises(UsageError, match="is not pending, it is mined"):
        sender.speed_up(sent)


def test_cancel_replaces_it_by_nothing(node, sender, gift, received):
    node.automine(False)
    sent = sender.send(gift(5))
    cancelled = sender.cancel(sent)
    node.mine()
    with pytest.raises(Cancelled) as caught:
        sender.wait(sent)
    assert cancelled.hash in caught.value.message
    assert caught.value.exit_code == 3
    assert received() == 0
    assert sender.status(sent.hash).state == "cancelled"
    with pytest.raises(UsageError, match="it is cancelled"):
        sender.cancel(sent)


def test_cancel_loses_if_the_original_is_mined(node, sender, gift, received, connection):
    node.automine(False)
    sent = sender.send(gift(5))
    raw = sender.journal.attempts(sent.id)[0].raw
    cancelled = sender.cancel(sent)
    node.forget(cancelled.hash)
    connection.broadcast(raw)
    node.mine()
    assert sender.wait(sent).hash == sent.hash
    assert received() == 5


# --------------------------------------------------------------------------- nodes that misbehave


@pytest.mark.parametrize("misdeed", [fault.drop_before, fault.drop_after, fault.duplicate])
def test_send_sends_once_through_a_misbehaving_node(proxy, payer, journal, gift, received, misdeed):
    with connect(proxy.url) as connection:
        sender = Sender(connection, payer, journal, policy=QUICK)
        proxy.plan(misdeed, method="eth_sendRawTransaction")
        assert sender.wait(sender.send(gift(5))).status == 1
    assert received() == 5


def test_send_names_the_hash_if_the_node_falls_silent(node, proxy, payer, journal, gift, received):
    with connect(proxy.url) as connection:
        connection._client._patience = 0.5
        sender = Sender(connection, payer, journal, policy=QUICK)
        proxy.plan(fault.drop_after, method="eth_sendRawTransaction", times=-1)
        with pytest.raises(NodeUnreachable) as caught:
            sender.send(gift(5), key="sale")
        sent = sender.status("sale")
        assert sent.hash in caught.value.message
        node.settle()
        assert received() == 5
        proxy.heal()
        connection._client._patience = 30.0
        assert sender.send(gift(5), key="sale").hash == sent.hash
        assert sender.wait(sent).status == 1
    assert received() == 5


def test_wait_sends_again_what_the_node_forgot(node, sender, gift, received, monkeypatch):
    monkeypatch.setattr("crmdapp.chain._settle._RESEND_SECONDS", 0.1)
    node.automine(False)
    sent = sender.send(gift(5))
    node.forget(sent.hash)
    node.automine(True)
    assert sender.wait(sent).hash == sent.hash
    assert received() == 5


def test_wait_sends_again_what_stands_in_the_way(node, sender, gift, received):
    """A node that was restarted has forgotten everything that waited."""
    node.automine(False)
    earlier = [sender.send(gift(1)) for _ in range(3)]
    for sent in earlier:
        node.forget(sent.hash)
    last = sender.send(gift(10))
    assert last.nonce == earlier[-1].nonce + 1
    node.automine(True)
    assert sender.wait(last, timeout=30).status == 1
    assert received() == 13


def test_wait_signs_anew_if_a_foreign_transaction_took_the_nonce(
    node, sender, payer, connection, gift, received
):
    node.automine(False)
    sent = sender.send(gift(5), key="sale")
    node.forget(sent.hash)
    node.automine(True)
    # The same key in another wallet, which knows nothing of this journal.
    foreign = Call(STRANGER, value=100)
    other_journal = Journal(":memory:")
    other = Sender(connection, payer, other_journal, policy=QUICK)
    assert other.wait(other.send(foreign)).nonce == sent.nonce
    receipt = sender.wait(sent)
    other_journal.close()
    assert receipt.nonce == sent.nonce + 1
    assert receipt.key == "sale"
    assert received() == 105
    assert sender.send(gift(5), key="sale").hash == receipt.hash
    assert received() == 105


def test_wait_does_not_sign_anew_if_the_node_holds_the_receipt_back(
    node, proxy, payer, journal, gift, received, monkeypatch
):
    """The account's nonce is past the transaction's, and yet nobody else has used it up."""
    monkeypatch.setattr("crmdapp.chain._settle._RESEND_SECONDS", 0.0)
    with connect(proxy.url) as connection:
        sender = Sender(connection, payer, journal, policy=QUICK)
        proxy.plan(fault.result(None), method="eth_getTransactionReceipt", times=12)
        sent = sender.send(gift(5), key="sale")
        node.settle()
        assert connection.nonce(payer.address) == sent.nonce + 1
        receipt = sender.wait(sent)
        assert proxy.count("eth_getTransactionReceipt") > 12
        assert (receipt.hash, receipt.nonce) == (sent.hash, sent.nonce)
        assert sender.status("sale").hashes == (sent.hash,)
        assert connection.nonce(payer.address) == sent.nonce + 1
    assert received() == 5


def test_wait_does_not_sign_anew_while_the_node_makes_the_block(
    node, proxy, payer, journal, gift, received, monkeypatch
):
    """The state of the new block is there, the block and its receipts are not."""
    monkeypatch.setattr("crmdapp.chain._settle._RESEND_SECONDS", 0.0)
    head = hex(int(node.rpc("eth_blockNumber"), 16))

    def ahead(request):
        if request.params[1] == head:
            request.raw["params"] = [request.params[0], "latest"]
        return request.forward()

    with connect(proxy.url) as connection:
        sender = Sender(connection, payer, journal, policy=QUICK)
        sent = sender.send(gift(5))
        node.settle()
        proxy.plan(fault.result(None), method="eth_getTransactionReceipt", times=12)
        proxy.plan(fault.result(head), method="eth_blockNumber", times=12)
        proxy.plan(ahead, method="eth_getTransactionCount", times=60)
        receipt = sender.wait(sent)
        assert proxy.count("eth_getTransactionReceipt") > 12
        assert (receipt.hash, receipt.nonce) == (sent.hash, sent.nonce)
    assert received() == 5


def test_resume_finishes_what_was_left(node, sender, gift, received):
    node.automine(False)
    sent = [sender.send(gift(1)) for _ in range(3)]
    node.forget(sent[1].hash)
    node.automine(True)
    node.mine()
    assert [item.hash for item in sender.resume()] == [item.hash for item in sent]
    assert received() == 3
    assert sender.resume() == []


def test_resume_fills_a_gap(node, sender, journal, gift, received, connection):
    """A nonce given out to a process that died before signing must not hold up later ones."""
    node.automine(False)
    account = sender._account
    nonce = connection.nonce(sender.address, "pending")
    _, lease = journal.lease(account, gift(9), key=None, gas=21_000, chain_nonce=nonce, seconds=300)
    assert lease is not None
    later = sender.send(gift(1))
    assert later.nonce == nonce + 1
    journal._db.execute("UPDATE transactions SET lease_until = 1 WHERE lease = ?", (lease,))
    node.automine(True)
    receipts = sender.resume(timeout=30)
    assert [receipt.nonce for receipt in receipts] == [nonce, nonce + 1]
    assert received() == 1


def test_resume_returns_reverted_ones_without_raising(node, sender):
    node.automine(False)
    node.set_code(PICKY, b"\x00")
    sender.send(Call(PICKY))
    node.set_code(PICKY, b"\xfe")
    node.mine()
    assert [receipt.status for receipt in sender.resume()] == [0]


def test_send_frees_the_nonce_if_the_signer_declines(connection, payer, journal, gift, received):
    class Declining:
        address = payer.address
        willing = False

        def sign_transaction(self, tx):
            if not self.willing:
                raise KeyProblem("Declined on the device.")
            return payer.sign_transaction(tx)

        def sign_digest(self, digest):
            return payer.sign_digest(digest)

    device = Declining()
    sender = Sender(connection, device, journal, policy=QUICK)
    with pytest.raises(KeyProblem, match="Declined"):
        sender.send(gift(5), key="sale")
    assert sender.pending() == []
    assert sender.status("sale").state == "dropped"
    with pytest.raises(UsageError, match="sale was never sent"):
        sender.wait("sale")
    device.willing = True
    sent = sender.send(gift(5), key="sale")
    assert sender.wait(sent).nonce == connection.nonce(payer.address) - 1
    assert received() == 5


def test_send_throws_a_late_signature_away(connection, payer, journal, gift, received):
    """While a slow signer thinks, its nonce may be given to another; it must not be used twice."""

    class Slow:
        address = payer.address

        def sign_transaction(self, tx):
            time.sleep(0.2)
            quick.wait(quick.send(gift(1)))
            return payer.sign_transaction(tx)

        def sign_digest(self, digest):
            return payer.sign_digest(digest)

    policy = replace(QUICK, lease_seconds=0.1)
    quick = Sender(connection, payer, journal, policy=QUICK)
    with pytest.raises(CrmdappError, match="Signing took too long"):
        Sender(connection, Slow(), journal, policy=policy).send(gift(50))
    assert received() == 1
    assert journal.unsettled(quick._account) == []


def test_error_with_a_sentence_is_raised_as_its_class(node, sender):
    text = b"sold out"
    data = bytes.fromhex("08c379a0") + (32).to_bytes(32, "big") + len(text).to_bytes(32, "big")
    node.set_code(PICKY, reverter(data + text.ljust(32, b"\0")))
    with pytest.raises(Error) as caught:
        sender.simulate(Call(PICKY))
    assert caught.value.reason == "sold out"
