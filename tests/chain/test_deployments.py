"""Deploying: once, resumable, recorded, and checked against the artifacts."""

import json
from dataclasses import replace

import pytest

from crmdapp.chain import Manifest, artifacts, deployments
from crmdapp.chain import manifest as manifest_module
from crmdapp.chain._code import same_code, strip_metadata
from crmdapp.chain.addresses import checksum, contract_address
from crmdapp.chain.calls import Call
from crmdapp.chain.deployments import (
    HALF_YEAR,
    Created,
    Deployed,
    Planned,
    Reference,
    check,
    deploy_all,
    deploy_with,
    plan,
)
from crmdapp.errors import (
    ContractError,
    ContractMissing,
    NodeUnreachable,
    UsageError,
    VerificationFailed,
    WrongChain,
)
from tests.fixtures.anvil import Anvil

LOYALTY = ("PointsHub", "ProgramTerms", "GiftVoucher")
CUSTOMERS = (
    "CustomerRegistry",
    "DidRegistry",
    "AttestationRegistry",
    "ConsentRegistry",
    "InteractionLog",
    "IdentityBadge",
    "DataRewards",
)
PROVENANCE = ("ItemLedger",)  # a gallery is deployed only where curators are named
BALLOTS = ("Elections", "TrusteeBoard", "VoterRoll", "BallotBox", "Tally", "OpenBallots")
PLANNED = ("TestCoin", *LOYALTY, *CUSTOMERS, *PROVENANCE, *BALLOTS)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "deployments" / "31337.json"


@pytest.fixture
def wanted(connection):
    return plan(connection.block_timestamp() - 10, 3_600, test_coin=True)


def test_deploy_all_deploys_and_records(connection, sender, wanted, path):
    steps = []
    manifest = deploy_all(
        connection, sender, wanted, path, on_step=lambda *step: steps.append(step)
    )
    entry = manifest["PointsHub"]
    coin = manifest["TestCoin"].address
    assert steps == [(name, "deployed", manifest.address(name)) for name in PLANNED]
    assert entry.args == (wanted[1].args[0], 3_600, coin)
    hub = connection.contract("PointsHub", entry.address)
    assert (hub.read("GENESIS"), hub.read("EPOCH_LENGTH")) == entry.args[:2]
    house = connection.contract("ClearingHouse", hub.read("CLEARING_HOUSE"))
    voucher = connection.contract("GiftVoucher", manifest["GiftVoucher"].address)
    terms = connection.contract("ProgramTerms", manifest["ProgramTerms"].address)
    assert (house.read("COIN"), house.read("HUB")) == (coin, entry.address)
    assert (voucher.read("COIN"), terms.read("HUB")) == (coin, entry.address)
    raw = json.loads(path.read_text())
    assert raw["chain_id"] == 31337
    assert raw["genesis"] == "0x" + connection.genesis_hash.hex()
    recorded = raw["contracts"]["PointsHub"]
    assert recorded["source_hash"] == artifacts.load("PointsHub").source_hash
    assert recorded["compiler"]["version"].startswith("0.8.")
    receipt = connection.receipt(recorded["tx"])
    assert int(receipt["blockNumber"], 16) == recorded["block"]


def test_deploy_all_keeps_what_is_there(connection, sender, wanted, path, payer):
    first = deploy_all(connection, sender, wanted, path)
    before = connection.nonce(payer.address)
    steps = []
    second = deploy_all(
        connection, sender, plan(manifest=first), path, on_step=lambda *step: steps.append(step)
    )
    assert second.address("PointsHub") == first.address("PointsHub")
    assert steps == [(name, "kept", first.address(name)) for name in PLANNED]
    assert connection.nonce(payer.address) == before


def test_deploy_all_finds_its_transaction_if_the_manifest_was_not_written(
    connection, sender, wanted, path, payer
):
    """Killed between the receipt and the manifest."""
    first = deploy_all(connection, sender, wanted, path)
    entry = first["PointsHub"]
    first.put(replace(entry, address="", block=0, tx=""))
    first.save(path)
    before = connection.nonce(payer.address)
    begun = Manifest.load(path)
    second = deploy_all(connection, sender, plan(manifest=begun, now=123), path)
    assert second["PointsHub"] == entry
    assert connection.nonce(payer.address) == before


def test_deploy_with_keeps_the_arguments_of_a_deployment_that_was_cut_off(
    connection, sender, wanted, path
):
    coin = deploy_all(connection, sender, wanted[:1], path).address("TestCoin")

    def unlucky(name, init_code, key):
        raise NodeUnreachable("gone")

    with pytest.raises(NodeUnreachable):
        deploy_with(connection, unlucky, wanted, path)
    begun = Manifest.load(path)
    assert plan(manifest=begun, now=999) == wanted
    assert begun.get("PointsHub").args[2] == coin
    with pytest.raises(ContractMissing, match="PointsHub is not deployed"):
        begun.address("PointsHub")
    assert [item.ok for item in check(connection, begun)] == [True, False]


def test_deploy_all_refuses_other_arguments_unless_told(connection, sender, wanted, path):
    first = deploy_all(connection, sender, wanted, path)
    other = plan(wanted[1].args[0], 7_200, test_coin=True)
    with pytest.raises(VerificationFailed, match="with other arguments") as caught:
        deploy_all(connection, sender, other, path)
    assert caught.value.exit_code == 8
    second = deploy_all(connection, sender, other, path, replace_changed=True)
    assert second.address("PointsHub") != first.address("PointsHub")
    assert Manifest.load(path).address("PointsHub") == second.address("PointsHub")


def test_plan_settles_in_the_coin_that_is_named(connection, sender, wanted, path):
    named = plan(1, 60, coin="0x" + "ab" * 20, test_coin=True)
    assert [item.name for item in named] == [*LOYALTY, *CUSTOMERS, *PROVENANCE, *BALLOTS]
    assert named[0].args[2] == named[2].args[0] == checksum("0x" + "ab" * 20)
    with pytest.raises(UsageError, match="No settlement coin is named"):
        plan(1, 60)
    with pytest.raises(UsageError, match="The settlement coin"):
        plan(1, 60, coin="0x12")
    # What the manifest has is kept, and a test coin is no longer wanted.
    manifest = deploy_all(connection, sender, wanted, path)
    hub = manifest["PointsHub"]
    assert plan(manifest=manifest)[1:] == wanted[1:]
    manifest.put(replace(hub, args=(*hub.args[:2], "0x" + "cd" * 20)))
    assert [item.name for item in plan(manifest=manifest)] == [
        *LOYALTY,
        *CUSTOMERS,
        *PROVENANCE,
        *BALLOTS,
    ]


def test_deploy_all_refuses_other_code_unless_told(node, connection, sender, wanted, path):
    first = deploy_all(connection, sender, wanted, path)
    node.set_code(first.address("PointsHub"), b"\x60\x00")
    with pytest.raises(VerificationFailed, match="with other code"):
        deploy_all(connection, sender, wanted, path)


def test_deploy_all_raises_the_constructor_s_reason(connection, sender, path):
    late = plan(connection.block_timestamp() + 10**6, 3_600, test_coin=True)
    short = plan(connection.block_timestamp(), 59, test_coin=True)
    nothing = plan(connection.block_timestamp(), 60, coin="0x" + "ab" * 20)
    for wrong in (late, short, nothing):
        with pytest.raises(ContractError):
            deploy_all(connection, sender, wrong, path)


def test_deploy_with_refuses_if_something_else_was_deployed(node, connection, wanted, path):
    place = "0x" + "ef" * 20
    node.set_code(place, b"\x60\x00")
    with pytest.raises(VerificationFailed, match="is not TestCoin"):
        deploy_with(connection, lambda *_: Deployed(place, 1, "0x" + "11" * 32), wanted, path)
    assert not Manifest.load(path).get("TestCoin").address


def test_deploy_all_begins_anew_on_a_chain_that_was_started_anew(
    connection, sender, wanted, path, payer
):
    Manifest(31337, "0x" + "77" * 32, ()).save(path)
    manifest = deploy_all(connection, sender, wanted, path)
    assert manifest.genesis == "0x" + connection.genesis_hash.hex()
    assert sorted(item.name for item in path.parent.iterdir()) == [
        "31337.77777777.json",
        "31337.json",
    ]


def test_plan_defaults_to_now_and_half_a_year():
    _, hub, *_ = plan(now=1_800_000_000, test_coin=True)
    assert hub == Planned("PointsHub", (1_800_000_000, HALF_YEAR, Reference("TestCoin")))
    _, hub, *_ = plan(5, 60, now=1, test_coin=True)
    assert hub == Planned("PointsHub", (5, 60, Reference("TestCoin")))


def test_deploy_with_resolves_references(connection, sender, path, wanted, monkeypatch):
    """A later entry gets an earlier one's address."""
    seen = []
    original = deployments.load

    def load(name):
        artifact = original("PointsHub")
        return replace(artifact, name=name)

    def deploy(name, init_code, key):
        seen.append(init_code)
        raise NodeUnreachable("enough")

    first = deploy_all(connection, sender, wanted, path)
    hub = first.address("PointsHub")
    monkeypatch.setattr(deployments, "load", load)
    begins = wanted[1].args[0]
    item = Planned("Second", (begins, Reference("PointsHub"), first.address("TestCoin")))
    with pytest.raises(UsageError, match=r"Argument 2 of Second's constructor must be uint"):
        deploy_with(connection, deploy, [item], path)
    assert Manifest.load(path).get("Second").args[:2] == (begins, hub)
    with pytest.raises(ContractMissing, match="Third is not deployed"):
        deploy_with(connection, deploy, [Planned("Fourth", (Reference("Third"), 1))], path)


# --------------------------------------------------------------------------- created by another


def test_deploy_all_finds_what_a_constructor_creates(connection, sender, wanted, path):
    manifest = deploy_all(connection, sender, wanted, path)
    registry, did = manifest["CustomerRegistry"], manifest["DidRegistry"]
    contract = connection.contract("CustomerRegistry", registry.address)
    assert did.address == contract.read("DID_REGISTRY") == contract_address(registry.address, 1)
    assert (did.block, did.tx) == (registry.block, registry.tx)
    assert did.created == Created("CustomerRegistry", 1)
    assert did.args == (registry.address,)
    raw = json.loads(path.read_text())["contracts"]
    assert raw["DidRegistry"]["created"] == {"parent": "CustomerRegistry", "nonce": 1}
    assert "created" not in raw["CustomerRegistry"]
    assert Manifest.load(path)["DidRegistry"] == did
    for name in ("AttestationRegistry", "ConsentRegistry"):
        assert manifest[name].args == (did.address,)


def test_deploy_all_follows_a_parent_that_was_deployed_anew(node, connection, sender, wanted, path):
    first = deploy_all(connection, sender, wanted, path)
    node.set_code(first.address("CustomerRegistry"), b"")
    steps = {}

    def again(name, init_code, key):
        receipt = sender.wait(sender.send(Call(None, init_code)))
        return Deployed(receipt.contract_address, receipt.block, receipt.hash)

    second = deploy_with(
        connection, again, wanted, path, on_step=lambda name, what, _: steps.update({name: what})
    )
    assert second.address("DidRegistry") == contract_address(second.address("CustomerRegistry"), 1)
    assert second.address("DidRegistry") != first.address("DidRegistry")
    assert [name for name, what in steps.items() if what == "deployed"] == [
        "CustomerRegistry",
        "DidRegistry",
        "AttestationRegistry",
        "ConsentRegistry",
        "IdentityBadge",
    ]


def test_deploy_all_refuses_if_the_parent_created_something_else(
    node, connection, sender, wanted, path
):
    manifest = deploy_all(connection, sender, wanted, path)
    node.set_code(manifest.address("DidRegistry"), b"\x60\x00")
    with pytest.raises(VerificationFailed, match="CustomerRegistry created no DidRegistry at"):
        deploy_all(connection, sender, wanted, path)


def test_check_finds_a_contract_that_another_one_created(connection, sender, wanted, path):
    """Its code is right, and so are its arguments; but it is not the registry's own."""
    manifest = deploy_all(connection, sender, wanted, path)
    other = Manifest(manifest.chain_id, manifest.genesis, list(manifest))
    artifact = artifacts.load("DidRegistry")
    init_code = artifact.init_code((manifest.address("CustomerRegistry"),), {})
    receipt = sender.wait(sender.send(Call(None, init_code)))
    stranger = replace(other["DidRegistry"], address=receipt.contract_address)
    other.put(stranger)

    def verdicts(found):
        return {item.name: item.detail for item in check(connection, found) if not item.ok}

    assert verdicts(manifest) == {}
    assert verdicts(other) == {
        "DidRegistry": "it was not created by the CustomerRegistry of the manifest"
    }
    orphan = Manifest(manifest.chain_id, manifest.genesis, [manifest["DidRegistry"]])
    assert verdicts(orphan) == {
        "DidRegistry": "the CustomerRegistry that created it is not in the manifest"
    }


# --------------------------------------------------------------------------- checking


def test_check_accepts_what_was_deployed(connection, sender, wanted, path):
    manifest = deploy_all(connection, sender, wanted, path)
    assert [(item.name, item.ok) for item in check(connection, manifest)] == [
        (name, True) for name in PLANNED
    ]


def test_check_finds_other_code_no_code_and_other_arguments(node, connection, sender, wanted, path):
    manifest = deploy_all(connection, sender, wanted, path)
    entry = manifest["PointsHub"]
    code = connection.code(entry.address)

    def verdict() -> str:
        (result,) = [item for item in check(connection, manifest) if not item.ok]
        assert result.name == "PointsHub"
        return result.detail

    node.set_code(entry.address, code[:100] + bytes([code[100] ^ 1]) + code[101:])
    assert "not this release's" in verdict()
    node.set_code(entry.address, b"")
    assert verdict() == "no code at the address"
    node.set_code(entry.address, code)
    manifest.put(replace(entry, args=(entry.args[0], 7_200, entry.args[2])))
    assert "other arguments" in verdict()
    manifest.put(replace(entry, contract="Nothing"))
    assert "ships no contract 'Nothing'" in verdict()


def test_check_refuses_a_manifest_of_another_chain(connection):
    with pytest.raises(WrongChain) as caught:
        check(connection, Manifest(1, "0x" + "00" * 32))
    assert (caught.value.expected, caught.value.actual) == (1, 31337)
    with Anvil(timestamp=1_700_000_000) as other:
        genesis = other.rpc("eth_getBlockByNumber", "0x0", False)["hash"]
    with pytest.raises(WrongChain, match="earlier chain with the same id"):
        check(connection, Manifest(31337, genesis))


def test_same_code_ignores_metadata_and_immutables(connection, sender, wanted, path):
    artifact = artifacts.load("PointsHub")
    entry = deploy_all(connection, sender, wanted, path)["PointsHub"]
    code = connection.code(entry.address)
    assert same_code(code, artifact, entry)
    tail = len(code) - len(strip_metadata(code))
    if tail:
        assert same_code(code[:-10] + bytes(8) + code[-2:], artifact, entry)
    start, _ = artifact.immutables[0]
    assert same_code(code[:start] + b"\xff" + code[start + 1 :], artifact, entry)
    assert not same_code(
        code[: start - 1] + bytes([code[start - 1] ^ 1]) + code[start:], artifact, entry
    )
    assert not same_code(code[:-1], artifact, entry)
    assert not same_code(b"", artifact, entry)


def test_same_code_knows_a_library_s_own_address():
    body = bytes([0x30, 0x14, 0x60, 0x00])
    artifact = replace(
        artifacts.load("PointsHub"),
        deployed_bytecode=(b"\x73" + bytes(20) + body).hex(),
        deployed_link_references={},
        immutables=(),
    )
    entry = replace(
        manifest_module._entry("L", {**EMPTY, "address": "0x" + "ab" * 20}), libraries={}
    )
    assert same_code(b"\x73" + b"\xab" * 20 + body, artifact, entry)
    assert not same_code(b"\x73" + b"\xac" * 20 + body, artifact, entry)


EMPTY = {"contract": "L", "args": [], "block": 0, "tx": "", "compiler": {}, "source_hash": ""}


# --------------------------------------------------------------------------- manifest and artifacts


def test_manifest_survives_a_round_trip(tmp_path):
    entry = manifest_module._entry(
        "Hub", {**EMPTY, "address": "0x" + "ab" * 20, "args": [1, "0x12"]}
    )
    Manifest(5, "0x" + "00" * 32, [entry]).save(tmp_path / "5.json")
    loaded = Manifest.load(tmp_path / "5.json")
    assert (loaded.chain_id, list(loaded), len(loaded), "Hub" in loaded) == (5, [entry], 1, True)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 2}', '{"format": 1, "chain_id": 1}'])
def test_manifest_load_raises_if_it_is_damaged(tmp_path, text):
    (tmp_path / "1.json").write_text(text)
    with pytest.raises(UsageError, match="is damaged"):
        Manifest.load(tmp_path / "1.json")


def test_manifest_load_raises_if_nothing_is_deployed(tmp_path):
    with pytest.raises(ContractMissing, match="Nothing is deployed") as caught:
        Manifest.load(tmp_path / "1.json")
    assert "crmdapp deploy" in caught.value.hint


def test_load_raises_if_there_is_no_such_contract():
    with pytest.raises(ContractMissing, match="ships no contract 'Missing'") as caught:
        artifacts.load("Missing")
    assert "PointsHub" in caught.value.hint
    with pytest.raises(UsageError):
        artifacts.load("../errors")


def test_link_writes_addresses_into_their_places():
    code = "6001" + "__$" + "ab" * 17 + "$__" + "6002"
    places = {"lib.sol": {"Lib": ((2, 20),)}}
    linked = artifacts.link(code, places, {"Lib": "0x" + "cd" * 20}, "Hub")
    assert linked == bytes.fromhex("6001" + "cd" * 20 + "6002")
    with pytest.raises(UsageError, match="Hub needs the address of the library Lib"):
        artifacts.link(code, places, {}, "Hub")
    with pytest.raises(UsageError, match="unlinked library"):
        artifacts.link(code, {}, {}, "Hub")


def test_init_code_refuses_arguments_that_do_not_fit():
    hub, coin = artifacts.load("PointsHub"), "0x" + "cd" * 20
    assert hub.init_code((1, 60, coin)).endswith(b"\xcd" * 20)
    with pytest.raises(UsageError, match="takes 3 arguments, got 1"):
        hub.init_code((1,))
    with pytest.raises(UsageError, match="Argument 2 of PointsHub's constructor"):
        hub.init_code((1, -1, coin))


def test_contract_address_agrees_with_the_chain(connection, sender, wanted, path, payer):
    nonce = connection.nonce(payer.address)
    manifest = deploy_all(connection, sender, wanted, path)
    assert manifest.address("PointsHub") == contract_address(payer.address, nonce + 1)
