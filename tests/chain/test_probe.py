"""What doctor says of a chain."""

import pytest

from crmdapp.chain import connect
from crmdapp.chain.probe import probe
from tests.fixtures import flaky_rpc as fault
from tests.fixtures.anvil import Anvil


def found(connection, **settings):
    return {feature.name: feature for feature in probe(connection, **settings)}


def test_probe_finds_what_anvil_offers(connection, node):
    features = found(connection, now=lambda: node.now)
    assert {name: feature.present for name, feature in features.items()} == {
        "client": True,
        "EIP-1559 fees": True,
        "EIP-2537 BLS12-381 precompiles": True,
        "P-256 precompile at 0x100": True,
        "EIP-7825 gas cap per transaction": True,
        "finality tag": True,
        "clock": True,
    }
    assert features["client"].detail.startswith("anvil/")


def test_probe_sees_what_an_older_chain_lacks():
    with Anvil(hardfork="cancun") as old, connect(old.url) as connection:
        features = found(connection)
        assert not features["EIP-2537 BLS12-381 precompiles"].present
        assert not features["P-256 precompile at 0x100"].present


def test_probe_leaves_the_chain_as_it_was(connection, node):
    before = node.rpc("eth_getBlockByNumber", "latest", False)
    probe(connection)
    assert node.rpc("eth_getBlockByNumber", "latest", False) == before
    assert node.rpc("txpool_status") == {"pending": "0x0", "queued": "0x0"}


@pytest.mark.parametrize(
    ("above", "present"),
    [
        ("exceeds maximum per-transaction gas limit: cap 16777216", True),
        ("insufficient funds for gas * price + value", False),
        ("computer says no", None),
    ],
)
def test_probe_judges_the_gas_cap_by_the_refusal(proxy, above, present):
    refusals = iter(["insufficient funds for gas * price + value", above])
    proxy.plan(
        lambda request: request.refuse(-32000, next(refusals)),
        method="eth_sendRawTransaction",
        times=2,
    )
    with connect(proxy.url) as connection:
        assert found(connection)["EIP-7825 gas cap per transaction"].present is present


@pytest.mark.parametrize(
    ("skew", "present", "words"),
    [(-1_000, False, "1,000 s ahead"), (1_000, None, "1,000 s old"), (5, True, "-5 s from")],
)
def test_probe_compares_the_clocks(connection, node, skew, present, words):
    clock = found(connection, now=lambda: node.now + skew)["clock"]
    assert clock.present is present
    assert words in clock.detail


def test_probe_says_what_it_could_not_find_out(proxy):
    with connect(proxy.url) as connection:
        proxy.plan(fault.rpc_error(-32601, "no"), method="web3_clientVersion")
        proxy.plan(fault.rpc_error(-32601, "no tag"), method="eth_getBlockByNumber", times=-1)
        features = found(connection)
    assert features["client"].present is None
    assert features["finality tag"].present is False
    assert features["clock"].present is None
