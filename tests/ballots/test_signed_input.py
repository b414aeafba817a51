"""Signed transactions of every type: read from bytes, and made of what a node says."""

import pytest
from eth_account import Account

from crmdapp.ballots._signed_input import TransactionInvalid, read_signed, signed_form
from crmdapp.chain._keccak import keccak
from crmdapp.chain._rlp import decode, encode
from tests.ballots.voting import flipped

CHAIN = 31_337
KEY = "0x" + "4c" * 32
SENDER = Account.from_key(KEY).address
TO = "0x1234567890AbcdEF1234567890aBcdef12345678"
COMMON = {"nonce": 3, "gas": 90_000, "to": TO, "value": 5, "data": "0xabcdef"}
LIST = [{"address": TO, "storageKeys": ["0x" + "01" * 32]}]
FEES = {"maxFeePerGas": 9, "maxPriorityFeePerGas": 2}

TRANSACTIONS = {
    "legacy": {**COMMON, "gasPrice": 7, "chainId": CHAIN},
    "of any chain": {**COMMON, "gasPrice": 7},
    "type 1": {**COMMON, "type": 1, "gasPrice": 7, "chainId": CHAIN, "accessList": LIST},
    "type 2": {**COMMON, "type": 2, **FEES, "chainId": CHAIN, "accessList": LIST},
    "creation": {**{k: v for k, v in COMMON.items() if k != "to"}, "gasPrice": 7, "chainId": CHAIN},
}


def signed(name):
    return bytes(Account.sign_transaction(TRANSACTIONS[name], KEY).raw_transaction)


def delegation():
    """A transaction of type 4, which gives an account the code of another."""
    permit = Account.sign_authorization({"chainId": CHAIN, "address": TO, "nonce": 4}, KEY)
    fields = {**TRANSACTIONS["type 2"], "type": 4, "authorizationList": [permit]}
    return bytes(Account.sign_transaction(fields, KEY).raw_transaction)


def node_says(raw):
    """The transaction as eth_getTransactionByHash returns it."""
    kind = raw[0] if raw[0] < 0x80 else 0
    items = decode(raw[1:] if kind else raw)
    fees = ("gasPrice",) if kind < 2 else ("maxPriorityFeePerGas", "maxFeePerGas")
    names = [*(("chainId",) if kind else ()), "nonce", *fees, "gas", "to", "value", "input"]
    names += ["accessList"] if kind else []
    names += ["authorizationList"] if kind == 4 else []
    names += ["v", "r", "s"]
    said = {}
    for name, item in zip(names, items, strict=True):
        if name == "accessList":
            said[name] = [
                {"address": "0x" + a.hex(), "storageKeys": ["0x" + k.hex() for k in keys]}
                for a, keys in item
            ]
        elif name == "authorizationList":
            parts = ("chainId", "address", "nonce", "yParity", "r", "s")
            said[name] = [
                {part: shown(part, value) for part, value in zip(parts, each, strict=True)}
                for each in item
            ]
        else:
            said[name] = shown(name, item)
    if kind:
        said["yParity"] = said["v"]
    return {"type": hex(kind), **said}


def shown(name, value):
    if name in ("to", "address"):
        return "0x" + value.hex() if value else None
    return "0x" + value.hex() if name == "input" else hex(int.from_bytes(value, "big"))


@pytest.mark.parametrize("name", TRANSACTIONS)
def test_a_transaction_tells_who_signed_it_and_what_it_says(name):
    raw = signed(name)
    found = read_signed(raw, CHAIN)
    assert found.hash == keccak(raw)
    assert found.sender == SENDER
    assert found.to == ("" if name == "creation" else TO)
    assert found.data == bytes.fromhex("abcdef")


def test_a_transaction_of_type_4_is_read_too():
    raw = delegation()
    assert read_signed(raw, CHAIN).sender == SENDER
    assert signed_form(node_says(raw)) == raw


@pytest.mark.parametrize("name", TRANSACTIONS)
def test_what_a_node_says_makes_the_same_bytes(name):
    raw = signed(name)
    assert signed_form(node_says(raw)) == raw


@pytest.mark.parametrize("name", ["legacy", "type 1", "type 2"])
def test_changing_a_transaction_changes_its_sender_or_its_hash(name):
    raw = signed(name)
    for at in range(len(raw)):
        changed = flipped(raw, at)
        try:
            found = read_signed(changed, CHAIN)
        except TransactionInvalid:
            continue
        assert found.hash != keccak(raw)
        assert found.sender != SENDER


@pytest.mark.parametrize("name", ["legacy", "type 1", "type 2"])
def test_a_transaction_of_another_chain_is_refused(name):
    with pytest.raises(TransactionInvalid, match="chain"):
        read_signed(signed(name), CHAIN + 1)


@pytest.mark.parametrize(
    "raw", [b"", b"\x00", b"\x02", b"\x05\xc0", b"\xc0", b"\x02\xc0", b"\xff" * 40]
)
def test_what_is_no_transaction_is_refused(raw):
    with pytest.raises(TransactionInvalid):
        read_signed(raw, CHAIN)


def test_nested_fields_where_bytes_belong_are_refused():
    items = decode(signed("legacy"))
    for at in (3, 5, 6):
        with pytest.raises(TransactionInvalid):
            read_signed(encode([*items[:at], [b"\1"], *items[at + 1 :]]), CHAIN)


@pytest.mark.parametrize("change", [{"type": "0x7e"}, {"r": None}, {"input": "0xzz"}])
def test_what_a_node_says_wrongly_is_refused(change):
    with pytest.raises(TransactionInvalid):
        signed_form({**node_says(signed("type 2")), **change})
    missing = {k: v for k, v in node_says(signed("type 2")).items() if k != "gas"}
    with pytest.raises(TransactionInvalid):
        signed_form(missing)
