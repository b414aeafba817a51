"""Reaching a chain through nodes that fail, lie, or are the wrong ones."""

import socket

import pytest

from crmdapp.chain import Call, connect, redact_url
from crmdapp.errors import (
    ContractMissing,
    Error,
    NodeLied,
    NodeRefused,
    NodeUnreachable,
    Panic,
    TransactionReverted,
    UnknownContractError,
    UsageError,
    WrongChain,
)
from tests.fixtures import flaky_rpc as fault
from tests.fixtures.anvil import DEV_KEYS, Anvil
from tests.fixtures.flaky_rpc import FlakyRpc

SECRET = "s3cr3t-api-key"


@pytest.fixture
def nowhere():
    """An address where nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{probe.getsockname()[1]}"


class PatientClock:
    """Time that passes only while somebody waits."""

    def __init__(self):
        self.now = 1_000.0
        self.waits = []

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.waits.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    """The clock by which requests are repeated."""
    clock = PatientClock()
    monkeypatch.setattr("crmdapp.chain._rpc.time", clock)
    return clock


def test_connect_reads_chain_id_and_genesis(node):
    with connect(node.url) as connection:
        genesis = node.rpc("eth_getBlockByNumber", "0x0", False)["hash"]
        assert connection.chain_id == 31337
        assert "0x" + connection.genesis_hash.hex() == genesis
        assert [item.state for item in connection.endpoints] == ["good"]


def test_connect_fails_at_once_if_nothing_listens(nowhere, clock):
    with pytest.raises(NodeUnreachable) as caught:
        connect(nowhere)
    assert clock.waits == []
    assert caught.value.exit_code == 5
    assert nowhere in caught.value.why
    assert "refused the connection" in caught.value.why
    assert "crmdapp chain up" in caught.value.hint


@pytest.mark.parametrize("url", ["ftp://x", "localhost:8545", "", "http://"])
def test_connect_refuses_if_the_address_is_malformed(url):
    with pytest.raises(UsageError):
        connect(url)


def test_connect_refuses_without_an_address():
    with pytest.raises(UsageError):
        connect([])


def test_connect_fails_over_if_the_first_node_is_down(node, nowhere):
    with connect([nowhere, node.url]) as connection:
        assert connection.block_number() >= 1
        assert [item.state for item in connection.endpoints] == ["resting", "good"]


def test_connect_refuses_if_the_chain_id_differs(node):
    with pytest.raises(WrongChain) as caught:
        connect(node.url, chain_id=1)
    assert (caught.value.expected, caught.value.actual) == (1, 31337)
    assert caught.value.exit_code == 5


def test_connect_sets_a_node_aside_if_it_lies_about_the_chain_id(node, proxy):
    proxy.plan(fault.result("0x1"), method="eth_chainId", times=-1)
    with connect([proxy.url, node.url], chain_id=31337) as connection:
        assert connection.chain_id == 31337
        assert [item.state for item in connection.endpoints] == ["set aside", "good"]
        assert "serves chain 1, not 31337" in connection.endpoints[0].detail
    assert proxy.count("eth_blockNumber") == 0


def test_connect_sets_a_node_aside_if_its_genesis_differs(node, proxy):
    with Anvil(timestamp=1_700_000_000) as other, connect([node.url, other.url]) as connection:
        assert connection.ask_each("eth_chainId") == ["0x7a69"]
        assert [item.state for item in connection.endpoints] == ["good", "set aside"]
        assert "another chain with the same id 31337" in connection.endpoints[1].detail


def test_request_fails_if_the_only_node_turns_into_another_chain(node):
    with Anvil(timestamp=1_700_000_000) as other, FlakyRpc(node.url) as proxy:
        connection = connect(proxy.url)
        proxy.upstream = other.url
        proxy.plan(fault.drop_before)
        with pytest.raises(NodeLied) as caught:
            connection.block_number()
        assert "same id 31337" in caught.value.message


@pytest.mark.parametrize(
    "misdeed",
    [
        fault.drop_before,
        fault.drop_after,
        fault.garbage,
        fault.other_id,
        fault.http_status(500),
        fault.http_status(503, Retry_After="0"),
        fault.http_status(404),
        fault.rpc_error(-32005, "limit exceeded"),
        fault.http_status(200, b"[]"),
        fault.http_status(200, b'{"jsonrpc": "2.0", "id": 1}'),
    ],
)
def test_request_tries_again_after_a_misdeed(proxy, misdeed):
    with connect(proxy.url) as connection:
        proxy.plan(misdeed, method="eth_blockNumber")
        assert connection.block_number() >= 1
        assert proxy.count("eth_blockNumber") == 3


def test_request_waits_as_long_as_the_node_asks(proxy, clock):
    with connect(proxy.url) as connection:
        proxy.plan(fault.http_status(429, Retry_After="17"), method="eth_blockNumber")
        connection.block_number()
        assert clock.waits == [17]


def test_request_uses_another_node_while_one_asks_for_rest(node, proxy, clock):
    with connect([proxy.url, node.url]) as connection:
        asked = len(proxy.seen)
        proxy.plan(fault.http_status(429, Retry_After="30"), times=-1)
        for _ in range(5):
            connection.block_number()
        assert clock.waits == []
        assert len(proxy.seen) == asked + 1


def test_request_gives_up_if_the_node_stays_silent(proxy):
    with connect(proxy.url, timeout=0.2) as connection:
        connection._client._patience = 1.0
        proxy.plan(fault.delay(0.5), times=-1)
        with pytest.raises(NodeUnreachable) as caught:
            connection.block_number()
        assert "gave no answer within 0.2 s" in caught.value.why


def test_request_does_not_repeat_if_the_method_might_act_twice(node, proxy):
    with connect([proxy.url, node.url]) as connection:
        payer = node.rpc("eth_accounts")[0]
        before = connection.nonce(payer)
        proxy.plan(fault.drop_after, method="eth_sendTransaction")
        message = {"from": payer, "to": payer}
        with pytest.raises(NodeUnreachable) as caught:
            connection.request("eth_sendTransaction", [message])
        assert "may or may not have been carried out" in caught.value.why
        node.settle()
        assert connection.nonce(payer) == before + 1
        # Where nothing was sent at all it is safe to go to the other node.
        proxy.plan(fault.http_status(429), method="eth_sendTransaction")
        connection.request("eth_sendTransaction", [message])
        node.settle()
        assert connection.nonce(payer) == before + 2


def test_no_secret_of_an_address_is_shown(proxy, nowhere, caplog):
    caplog.set_level("DEBUG", logger="crmdapp")
    bad = nowhere.replace("http://", f"http://user:{SECRET}@") + f"/v3/{SECRET}?key={SECRET}"
    with pytest.raises(NodeUnreachable) as caught:
        connect(bad)
    chain = [caught.value, caught.value.__cause__, caught.value.__context__]
    assert SECRET not in "".join(f"{item!r} {item} {getattr(item, 'why', '')}" for item in chain)
    with connect([bad, proxy.url]) as connection:
        assert SECRET not in repr(connection)
        assert SECRET not in repr(connection.endpoints)
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://127.0.0.1:8545", "http://127.0.0.1:8545"),
        ("https://node.example/", "https://node.example"),
        (f"https://node.example/v3/{SECRET}", "https://node.example/***"),
        (f"https://node.example?key={SECRET}", "https://node.example/***"),
        (f"https://u:{SECRET}@node.example:99", "https://node.example:99"),
        ("http://[::1]:8545", "http://[::1]:8545"),
        (f"http://[{SECRET}", "***"),
        (SECRET, "***"),
        (f"http://host:{SECRET}", "***"),
    ],
)
def test_redact_url_keeps_only_scheme_host_and_port(url, shown):
    assert redact_url(url) == shown


# --------------------------------------------------------------------------- calls and errors

REVERTING = "0x00000000000000000000000000000000000000fe"


def reverter(data: bytes) -> bytes:
    """Runtime code that reverts with ``data``: CODECOPY of what follows it, then REVERT."""
    size = len(data).to_bytes(2, "big")
    # PUSH2 size, PUSH1 13, PUSH0, CODECOPY, PUSH2 size, PUSH0, REVERT; padded to 13 bytes.
    head = b"\x61" + size + b"\x60\x0d\x5f\x39\x61" + size + b"\x5f\xfd\x00"
    assert len(head) == 13
    return head + data


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (
            bytes.fromhex("08c379a0")
            + (32).to_bytes(32, "big")
            + (2).to_bytes(32, "big")
            + b"no".ljust(32, b"\0"),
            Error("no"),
        ),
        (bytes.fromhex("4e487b71") + (0x11).to_bytes(32, "big"), Panic(0x11)),
        (bytes.fromhex("12345678aa"), UnknownContractError(bytes.fromhex("12345678"))),
        (bytes.fromhex("08c379a0ff"), UnknownContractError(bytes.fromhex("08c379a0"))),
        (b"\x01\x02", UnknownContractError(b"\x01\x02")),
    ],
)
def test_eth_call_raises_the_twin(node, connection, data, expected):
    node.set_code(REVERTING, reverter(data))
    with pytest.raises(type(expected)) as caught:
        connection.eth_call(Call(REVERTING))
    assert caught.value == expected
    assert caught.value.raw == data
    assert caught.value.exit_code == 6


def test_eth_call_raises_if_reverted_without_a_reason(node, connection):
    node.set_code(REVERTING, reverter(b""))
    with pytest.raises(TransactionReverted) as caught:
        connection.eth_call(Call(REVERTING))
    assert type(caught.value) is TransactionReverted


def test_request_raises_if_the_node_refuses(connection):
    with pytest.raises(NodeRefused) as caught:
        connection.request("eth_noSuchMethod")
    assert caught.value.rpc_code == -32601


def test_require_code_raises_if_there_is_none(connection, node):
    node.set_code(REVERTING, b"\x00")
    connection.require_code(REVERTING, "PointsHub")
    missing = "0x00000000000000000000000000000000000000fd"
    with pytest.raises(ContractMissing) as caught:
        connection.require_code(missing, "PointsHub")
    assert (caught.value.name, caught.value.address) == ("PointsHub", missing)


def test_read_raises_if_the_address_holds_another_contract(connection, node):
    empty = connection.contract("PointsHub", "0x00000000000000000000000000000000000000fd")
    with pytest.raises(ContractMissing, match="There is no PointsHub"):
        empty.read("GENESIS")
    node.set_code(REVERTING, bytes.fromhex("60015ff3"))  # returns one byte
    other = connection.contract("PointsHub", REVERTING)
    with pytest.raises(ContractMissing, match="does not answer like PointsHub"):
        other.read("GENESIS")


def test_broadcast_succeeds_if_the_node_knows_the_transaction(connection, proxy, payer, node):
    raw = signed(payer, connection)
    first = connection.broadcast(raw)
    node.settle()
    assert connection.broadcast(raw) == first  # mined by now: "nonce too low", but it is ours
    node.automine(False)
    raw = signed(payer, connection)
    with connect(proxy.url) as through:
        proxy.plan(fault.duplicate, method="eth_sendRawTransaction")
        second = through.broadcast(raw)  # the copy is answered with "already known"
    assert second != first
    assert connection.knows(second)


def test_broadcast_succeeds_if_the_node_mines_what_it_refuses(proxy, payer):
    """Hardhat puts a transaction that reverts into a block and answers with an error."""

    def mine_and_refuse(request):
        request.forward()
        return request.refuse(-32603, "VM Exception while processing transaction: reverted")

    with connect(proxy.url) as connection:
        raw = signed(payer, connection)
        proxy.plan(mine_and_refuse, method="eth_sendRawTransaction")
        assert connection.knows(connection.broadcast(raw))


def test_broadcast_raises_if_another_transaction_took_the_nonce(node, connection, payer):
    connection.broadcast(signed(payer, connection))
    node.settle()
    stale = signed(payer, connection, nonce=connection.nonce(payer.address) - 1, value=7)
    with pytest.raises(NodeRefused) as caught:
        connection.broadcast(stale)
    assert "nonce too low" in caught.value.why


def test_broadcast_raises_if_the_node_returns_another_hash(proxy, payer):
    with connect(proxy.url) as connection:
        proxy.plan(fault.result("0x" + "11" * 32), method="eth_sendRawTransaction")
        with pytest.raises(NodeLied):
            connection.broadcast(signed(payer, connection))


def test_logs_asks_for_smaller_ranges_if_the_node_refuses(proxy, node):
    node.mine(30)
    with connect(proxy.url) as connection:
        proxy.plan(fault.rpc_error(-32005, "too many results"), method="eth_getLogs", times=3)
        assert list(connection.logs(None)) == []
        assert proxy.count("eth_getLogs") > 4
        proxy.plan(fault.rpc_error(-32000, "never"), method="eth_getLogs", times=-1)
        with pytest.raises(NodeRefused):
            list(connection.logs(None, from_block=5, to_block=5))


def test_receipt_is_pending_while_the_node_indexes(proxy):
    """geth answers so in its first seconds, before it knows what it has."""
    words = "transaction indexing is in progress"
    with connect(proxy.url) as connection:
        proxy.plan(fault.rpc_error(-32000, words), method="eth_getTransactionReceipt")
        assert connection.receipt("0x" + "5a" * 32) is None
        proxy.plan(fault.rpc_error(-32000, "no disk"), method="eth_getTransactionReceipt")
        with pytest.raises(NodeRefused):
            connection.receipt("0x" + "5a" * 32)


def test_logs_of_blocks_to_come_are_none(connection, node):
    """Many nodes refuse to look beyond the latest block."""
    head = connection.block_number()
    assert list(connection.logs(None, from_block=head + 1, to_block=head + 10)) == []
    assert list(connection.logs(None, from_block=0, to_block=head + 10)) == []


def test_w3_speaks_through_the_same_nodes(node, nowhere, payer):
    with connect([nowhere, node.url]) as connection:
        assert connection.w3.eth.chain_id == 31337
        assert connection.w3.eth.get_balance(payer.address) > 0
        assert connection.w3.is_connected()


def signed(payer, connection, *, nonce=None, value=0) -> bytes:
    return payer.sign_transaction(
        {
            "type": 2,
            "chainId": connection.chain_id,
            "nonce": connection.nonce(payer.address) if nonce is None else nonce,
            "to": payer.address,
            "value": value,
            "data": b"",
            "gas": 21_000,
            "maxFeePerGas": 10**10,
            "maxPriorityFeePerGas": 10**9,
        }
    )


def test_dev_keys_are_the_funded_accounts(node):
    from crmdapp.chain import LocalSigner

    funded = node.rpc("eth_accounts")
    assert [LocalSigner(key).address.lower() for key in DEV_KEYS] == funded[: len(DEV_KEYS)]
