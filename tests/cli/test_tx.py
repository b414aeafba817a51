"""Transactions under way: list, wait, speed up, cancel."""

import os
import subprocess

import pytest

from tests.cli.conftest import ADDRESSES, CRMDAPP


@pytest.fixture
def pending(crmdapp, node):
    """An award that no block holds yet; returns its hash."""
    node.automine(False)
    crmdapp.env(CRMDAPP_RECEIPT_TIMEOUT="1")
    line = ("loyalty", "award", "2", "customer", "1", "--once", "order-7")
    problem = crmdapp.refuse_to_send(*line, code=5)
    assert problem["code"] == "ReceiptTimeout"
    tx_hash = problem["fields"]["tx_hash"]
    assert tx_hash in problem["message"] + problem["hint"]
    return tx_hash


def points(crmdapp):
    return crmdapp.json("loyalty", "balance", "2", "customer")["units"]


def test_list_shows_what_is_pending(crmdapp, pending):
    (item,) = crmdapp.json("tx", "list")
    assert (item["hash"], item["once"], item["state"]) == (pending, "order-7", "signed")
    assert item["function"] == "PointsHub.award"
    assert pending in crmdapp("tx", "list").out


def test_list_of_nothing_is_empty(crmdapp):
    assert crmdapp.json("tx", "list") == []
    assert "no pending transactions" in crmdapp("tx", "list").err


def test_wait_tells_pending_from_mined(crmdapp, pending, node):
    problem = crmdapp.error("tx", "wait", pending, "--timeout", "0.2", code=5)
    assert problem["code"] == "ReceiptTimeout"
    node.mine()
    assert crmdapp.json("tx", "wait", "order-7")["hash"] == pending
    assert points(crmdapp) == 100


def test_wait_knows_transactions_from_elsewhere(crmdapp, node):
    message = {"from": ADDRESSES["rival"], "to": ADDRESSES["friend"], "value": "0x1"}
    tx_hash = node.rpc("eth_sendTransaction", message)
    assert crmdapp.json("tx", "wait", tx_hash)["hash"] == tx_hash


@pytest.mark.parametrize("name", ["0x" + "ab" * 32, "order-8"])
def test_wait_names_what_nobody_knows(crmdapp, name):
    problem = crmdapp.error("tx", "wait", name, code=2)
    assert problem["code"] == "UsageError"
    assert name in problem["message"]


def test_speed_up_offers_more_and_happens_once(crmdapp, pending, node):
    (before,) = crmdapp.json("tx", "list")
    crmdapp.error("tx", "speed-up", pending, code=2)  # nobody to ask
    assert crmdapp.json("tx", "speed-up", pending, "--dry-run")["hash"] == pending
    after = crmdapp.send("tx", "speed-up", pending)
    assert after["hashes"] == [pending, after["hash"]]
    assert after["max_fee_per_gas"] * 1000 >= before["max_fee_per_gas"] * 1125
    node.mine()
    assert crmdapp.json("tx", "wait", after["hash"])["block"] > 0
    assert points(crmdapp) == 100


def test_cancel_replaces_by_nothing(crmdapp, pending, node):
    replaced = crmdapp.send("tx", "cancel", pending)
    node.mine()
    assert crmdapp.error("tx", "wait", replaced["hash"], code=3)["code"] == "Cancelled"
    assert points(crmdapp) == 0


def test_what_is_mined_can_not_be_replaced(crmdapp):
    done = crmdapp.send("loyalty", "award", "2", "customer", "1")
    for command in ("speed-up", "cancel"):
        problem = crmdapp.refuse_to_send("tx", command, done["hash"], code=2)
        assert problem["code"] == "UsageError"
        assert "not pending" in problem["message"]


def test_two_processes_at_once_both_succeed(crmdapp):
    line = [*CRMDAPP, "loyalty", "award", "2"]
    processes = [
        subprocess.Popen(
            [*line, ADDRESSES["customer"], "1", "--yes"],
            env=dict(os.environ),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.communicate(timeout=120)[1].count("Transaction") == 1
        assert process.returncode == 0
    assert points(crmdapp) == 200
