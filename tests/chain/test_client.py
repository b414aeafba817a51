"""The base of all clients: found by a manifest, and named where an account is missing."""

import pytest

from crmdapp.chain import ContractClient, Deployment, Manifest
from crmdapp.errors import ContractMissing, UsageError

NOWHERE = "0x" + "77" * 20


class CoinReader(ContractClient):
    CONTRACT = "TestCoin"


def manifest_of(connection, address):
    genesis = "0x" + connection.genesis_hash.hex()
    entry = Deployment("TestCoin", "TestCoin", address, (), 3, "0x", {}, "0x")
    return Manifest(connection.chain_id, genesis, [entry])


def test_at_takes_the_contract_that_the_class_names(connection, node):
    node.set_code(NOWHERE, b"\0")
    client = CoinReader.at(connection, manifest_of(connection, NOWHERE))
    assert type(client) is CoinReader
    assert (client.contract.name, client.contract.address) == ("TestCoin", NOWHERE)
    assert client.since_block == 3


@pytest.mark.parametrize("address", ["", NOWHERE], ids=["planned", "no code"])
def test_at_refuses_if_the_contract_is_not_deployed(connection, address):
    with pytest.raises(ContractMissing):
        CoinReader.at(connection, manifest_of(connection, address))


def test_sending_needs_an_account(connection):
    client = CoinReader(connection, NOWHERE)
    with pytest.raises(UsageError, match="no account") as refusal:
        client.send(client.contract.call("mint", NOWHERE, 1))
    assert refusal.value.hint == (
        "Give CoinReader a sender, or the command an account (--account)."
    )


def test_send_is_carried_out_once_per_key(connection, sender):
    client = CoinReader(connection, NOWHERE, sender)
    assert client.sender is sender
    call = client.contract.call("mint", sender.address, 1)
    assert not client.was_sent("one")
    receipt = client.send(call, key="one")
    assert client.was_sent("one")
    assert client.send(call, key="one").hash == receipt.hash
