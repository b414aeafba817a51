"""The words and shapes in which clients refuse: one answer of each kind, as they give it."""

import pytest

from crmdapp.chain import connect
from crmdapp.chain._answers import (
    is_funds_missing,
    is_known,
    is_nonce_used,
    is_underpriced,
    refusal,
    reverted,
)
from crmdapp.chain.calls import Call
from crmdapp.chain.errors import IntentNonceUsed
from crmdapp.errors import TransactionReverted
from tests.chain.conftest import STRANGER
from tests.fixtures import flaky_rpc as fault

TWIN = IntentNonceUsed(STRANGER, 7)
DATA = "0xd6032736" + "00" * 12 + STRANGER[2:].lower() + (7).to_bytes(32, "big").hex()
VM = "VM Exception while processing transaction: revert"
TX_HASH = "0x" + "5a" * 32

WITH_DATA = {
    "geth": {"code": 3, "message": "execution reverted", "data": DATA},
    "erigon": {"code": 3, "message": "execution reverted", "data": DATA},
    "erigon 2": {"code": -32000, "message": "execution reverted", "data": DATA},
    "anvil": {"code": 3, "message": f"execution reverted: custom error {DATA}", "data": DATA},
    "besu": {"code": -32000, "message": "Execution reverted", "data": DATA},
    "besu upper case": {
        "code": 3,
        "message": "Execution reverted",
        "data": "0x" + DATA[2:].upper(),
    },
    "nethermind": {"code": 3, "message": f"execution reverted: {DATA}", "data": DATA},
    "nethermind 1.3x": {"code": -32000, "message": "execution reverted", "data": DATA},
    "nethermind 1.3x, estimate": {"code": -32000, "message": f"execution reverted: {DATA}"},
    "nethermind 1.1x": {
        "code": -32015,
        "message": "VM execution error.",
        "data": f"Reverted {DATA}",
    },
    "hardhat 2": {
        "code": -32603,
        "message": "Error: VM Exception while processing transaction: reverted with an"
        f" unrecognized custom error (return data: {DATA})",
        "data": {"message": "Error: VM Exception ...", "txHash": None, "data": DATA},
    },
    "hardhat 2, before 2.14": {
        "code": -32603,
        "message": "Error: VM Exception while processing transaction: reverted with an"
        f" unrecognized custom error (return data: {DATA})",
    },
    "ganache 7": {
        "code": -32000,
        "message": VM,
        "data": {"hash": None, "programCounter": 9, "result": DATA, "reason": None, "message": "r"},
    },
    "ganache 6": {
        "code": -32000,
        "message": VM,
        "data": {
            TX_HASH: {"error": "revert", "program_counter": 9, "return": DATA},
            "stack": "RuntimeError: VM Exception",
            "name": "RuntimeError",
        },
    },
    "behind a wallet": {
        "code": -32603,
        "message": "Internal JSON-RPC error.",
        "data": {"code": -32000, "message": VM, "data": {"result": DATA, "message": "revert"}},
    },
    "behind a provider": {
        "code": -32603,
        "message": "Internal error",
        "data": {"originalError": {"code": 3, "data": DATA, "message": "execution reverted"}},
    },
}

WITHOUT_DATA = {
    "geth": {"code": 3, "message": "execution reverted", "data": "0x"},
    "geth before 1.15.6": {"code": -32000, "message": "execution reverted"},
    "geth, invalid": {"code": -32000, "message": "invalid opcode: INVALID"},
    "geth, out of gas": {"code": -32000, "message": "out of gas"},
    "besu": {"code": -32000, "message": "Execution reverted"},
    "nethermind": {"code": 3, "message": "execution reverted: revert", "data": "0x"},
    "nethermind 1.1x": {"code": -32015, "message": "VM execution error.", "data": "Reverted 0x"},
    "nethermind 1.0x": {"code": -32015, "message": "VM execution error.", "data": "revert: late"},
    "openethereum": {
        "code": -32015,
        "message": "VM execution error.",
        "data": "Bad instruction fe",
    },
    "hardhat": {
        "code": -32603,
        "message": "Error: Transaction reverted without a reason string",
        "data": {"message": "Error: Transaction reverted without a reason string", "data": "0x"},
    },
    "hardhat, invalid": {
        "code": -32603,
        "message": "Error: VM Exception while processing transaction: invalid opcode",
        "data": {"message": "Error: VM Exception ...", "data": "0x"},
    },
    "hardhat, out of gas": {
        "code": -32000,
        "message": "Transaction ran out of gas",
        "data": {"message": "Transaction ran out of gas", "txHash": None, "data": "0x"},
    },
    "ganache 6": {
        "code": -32000,
        "message": VM,
        "data": {TX_HASH: {"error": "revert", "program_counter": 9, "return": "0x"}},
    },
}

NO_REVERTS = {
    "no method": {"code": -32601, "message": "the method eth_x does not exist/is not available"},
    "no method, hardhat": {
        "code": -32004,
        "message": "Method eth_x is not supported",
        "data": {"message": "Method eth_x is not supported", "data": {"method": "eth_x"}},
    },
    "no state": {"code": -32000, "message": "missing trie node 5a5a (path )"},
    "no state, besu": {"code": -32000, "message": "World state unavailable"},
    "no object": "internal error",
    "endless": {"code": 1, "message": "", "data": {"data": {"data": {"data": {"data": {}}}}}},
}


@pytest.mark.parametrize("error", WITH_DATA.values(), ids=WITH_DATA)
def test_revert_is_the_twin_in_every_shape(error):
    assert reverted(refusal("eth_call", error)) == TWIN


@pytest.mark.parametrize("error", WITHOUT_DATA.values(), ids=WITHOUT_DATA)
def test_revert_without_data_is_still_a_revert(error):
    found = reverted(refusal("eth_call", error))

    assert type(found) is TransactionReverted
    assert found.why


@pytest.mark.parametrize("error", NO_REVERTS.values(), ids=NO_REVERTS)
def test_other_refusal_is_no_revert(error):
    assert reverted(refusal("eth_call", error)) is None


def test_reason_in_words_is_kept():
    found = reverted(refusal("eth_call", WITHOUT_DATA["nethermind 1.0x"]))

    assert found.why == "VM execution error. revert: late"


def refused(words):
    return refusal("eth_sendRawTransaction", {"code": -32000, "message": words})


@pytest.mark.parametrize(
    "words",
    [
        "already known",
        "AlreadyKnown",
        "ALREADY_EXISTS: already known",
        "Known transaction",
        "Known transaction: 0x5a5a",
        "Transaction with the same hash was already imported.",
        "transaction already in mempool",
    ],
)
def test_known_transaction_is_recognized(words):
    assert is_known(refused(words))


@pytest.mark.parametrize(
    "words",
    [
        "nonce too low: next nonce 5, tx nonce 0",
        "Nonce too low",
        "Nonce too low. Expected nonce to be 5 but got 0. Note that transactions can't be queued",
        "OldNonce, Current nonce: 5, nonce of rejected tx: 0.",
        "Transaction nonce is too low. Try incrementing the nonce.",
        "the tx doesn't have the correct nonce. account has nonce of: 5 tx has nonce of: 0",
    ],
)
def test_used_nonce_is_recognized(words):
    assert is_nonce_used(refused(words))


@pytest.mark.parametrize(
    "words",
    [
        "replacement transaction underpriced",
        "Replacement transaction underpriced. A gasPrice/maxFeePerGas of at least 9 is needed",
        "ReplacementNotAllowed",
        "FeeTooLowToCompete",
        "could not replace existing tx",
    ],
)
def test_underpriced_replacement_is_recognized(words):
    assert is_underpriced(refused(words))


@pytest.mark.parametrize(
    "words",
    [
        "insufficient funds for gas * price + value: address 0x5a have 0 want 21000",
        "insufficient funds for transfer",
        "InsufficientFunds, Account balance: 0, cumulative cost: 21000",
        "Upfront cost exceeds account balance",
        "Sender doesn't have enough funds to send tx. The max upfront cost is: 21000 and the",
        "Insufficient funds. The account you tried to send transaction from does not have enough",
        "lack of funds (0) for max fee (21000)",
    ],
)
def test_missing_funds_are_recognized(words):
    assert is_funds_missing(words)


@pytest.mark.parametrize(
    "words",
    [
        "unknown transaction type",
        "transaction underpriced: gas tip cap 0, minimum needed 1",
        "intrinsic gas too low: gas 20000, minimum needed 21000",
        "execution reverted: insufficient balance",
        "reverted with custom error 'ERC6909InsufficientBalance(1, 2, 3, 4)'",
    ],
)
def test_other_words_are_none_of_these(words):
    problem = refused(words)

    assert not is_known(problem)
    assert not is_nonce_used(problem)
    assert not is_underpriced(problem)
    assert not is_funds_missing(words)


def test_estimate_asks_for_the_reason_if_the_node_keeps_it(proxy):
    with connect(proxy.url) as connection:
        proxy.plan(fault.rpc_error(-32000, "execution reverted"), method="eth_estimateGas")
        proxy.plan(
            lambda request: request.refuse(-32000, f"execution reverted: {DATA}"),
            method="eth_call",
        )
        with pytest.raises(IntentNonceUsed) as caught:
            connection.estimate_gas(Call(STRANGER), sender=STRANGER)

    assert caught.value == TWIN


def test_estimate_is_a_revert_if_nothing_tells_the_reason(proxy):
    with connect(proxy.url) as connection:
        proxy.plan(fault.rpc_error(-32000, "execution reverted"), method="eth_estimateGas")
        with pytest.raises(TransactionReverted):
            connection.estimate_gas(Call(STRANGER), sender=STRANGER)
