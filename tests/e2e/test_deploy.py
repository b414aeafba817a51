"""`ape run deploy`, the way somebody types it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from crmdapp.chain import node
from tests.fixtures.anvil import DEV_KEYS, Anvil
from tests.fixtures.ports import free_port

# All contracts are compiled, which takes minutes where two things are done at once.
pytestmark = pytest.mark.timeout(1800)

ROOT = Path(__file__).resolve().parents[2]
CHAIN_ID = 770_001
LOCAL = ("--network", "ethereum:local:foundry")
HALF_YEAR = 15_778_800


@pytest.fixture(scope="module")
def chain():
    """A chain that outlives one command."""
    with Anvil(chain_id=CHAIN_ID) as anvil:
        yield anvil


@pytest.fixture(scope="module")
def network(chain):
    """The options that lead there; local, so a test account pays."""
    return ("--network", f"ethereum:local:{chain.url}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the manifests of these tests go."""
    return tmp_path_factory.mktemp("deployments")


@pytest.fixture(scope="module")
def deploy(folder, tmp_path_factory):
    """Runs `ape run deploy` with some arguments; returns the finished process."""
    state = tmp_path_factory.mktemp("state")

    def run(*arguments, **variables):
        kept = {name: value for name, value in os.environ.items() if "CRMDAPP" not in name}
        # Ape itself takes a port that may go to an outgoing connection before its chain has it.
        kept["APE_FOUNDRY_HOST"] = f"http://127.0.0.1:{free_port()}"
        return subprocess.run(
            [Path(sys.executable).with_name("ape"), "run", "deploy", *arguments],
            cwd=ROOT,
            env={
                **kept,
                "CRMDAPP_DEPLOYMENTS": str(folder),
                "CRMDAPP_STATE_DIR": str(state),
                **variables,
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    return run


@pytest.fixture(scope="module")
def deployed(deploy, network, folder):
    """The hub's entry in the manifest after the first deployment."""
    done = deploy(*network, "--genesis", "1700000000", "--epoch-length", "60")
    assert done.returncode == 0, done.stdout + done.stderr
    return hub_of(folder, CHAIN_ID)


def hub_of(folder, chain_id):
    return json.loads((folder / f"{chain_id}.json").read_text())["contracts"]["PointsHub"]


def test_deploy_writes_manifest_with_nothing_else_set(deploy, folder):
    done = deploy(*LOCAL)

    assert done.returncode == 0, done.stdout + done.stderr
    hub = hub_of(folder, 31337)
    assert hub["address"] in done.stdout
    assert hub["args"][1] == HALF_YEAR
    assert hub["compiler"]["version"].startswith("0.8.37")
    assert hub["source_hash"].startswith("0x")
    assert hub["block"] > 0
    assert len(hub["tx"]) == 66


def test_deploy_overwrites_manifest_of_local_chain_that_ended(deploy, folder):
    stale = json.dumps({"format": 1, "chain_id": 31337, "genesis": "0x00", "contracts": {}})
    (folder / "31337.json").write_text(stale)

    done = deploy(*LOCAL, "--epoch-length", "3600")

    assert done.returncode == 0, done.stdout + done.stderr
    assert hub_of(folder, 31337)["args"][1] == 3600
    assert [path.name for path in folder.glob("31337*")] == ["31337.json"]


def test_deploy_keeps_manifest_of_persistent_local_node(deploy, tmp_path):
    status = node.up(tmp_path / "state" / "node", free_port())
    try:
        settings = {
            "CRMDAPP_STATE_DIR": str(tmp_path / "state"),
            "CRMDAPP_DEPLOYMENTS": str(tmp_path),
        }
        deploy("--network", f"ethereum:local:{status.url}", **settings)
        manifest = (tmp_path / "31337.json").read_text()

        done = deploy(*LOCAL, **settings)

        assert done.returncode == 0, done.stdout + done.stderr
        assert "31337.json belongs to the node of `crmdapp chain up` and is kept." in done.stderr
        assert (tmp_path / "31337.json").read_text() == manifest
    finally:
        node.down(tmp_path / "state" / "node")


def test_deploy_resumes_if_deployed_before(deploy, network, folder, deployed):
    again = deploy(*network)

    assert again.returncode == 0, again.stdout + again.stderr
    assert deployed["args"][:2] == [1_700_000_000, 60]
    assert f"kept     PointsHub {deployed['address']}\n" in again.stdout
    assert hub_of(folder, CHAIN_ID) == deployed


def test_check_passes_if_code_is_the_artifacts(deploy, network, deployed):
    done = deploy(*network, "--check")

    assert done.returncode == 0, done.stdout + done.stderr
    assert f"ok       PointsHub {deployed['address']}" in done.stdout


def test_check_fails_if_code_differs(deploy, network, deployed, chain):
    mark = chain.snapshot()
    code = bytearray.fromhex(chain.rpc("eth_getCode", deployed["address"], "latest")[2:])
    code[1000] ^= 1
    chain.set_code(deployed["address"], bytes(code))

    done = deploy(*network, "--check")

    assert done.returncode == 8
    assert f"DIFFERS  PointsHub {deployed['address']}" in done.stdout
    chain.revert(mark)


def test_check_fails_if_nothing_is_deployed(deploy, chain, tmp_path):
    done = deploy("--network", chain.url, "--check", CRMDAPP_DEPLOYMENTS=str(tmp_path))

    assert done.returncode == 5
    assert "Nothing is deployed on this chain yet." in done.stderr


def test_deploy_asks_for_an_account_if_chain_is_not_local(deploy, chain):
    done = deploy("--network", chain.url)

    assert done.returncode == 2
    assert "--account" in done.stderr


def test_deploy_names_account_if_ape_has_none_of_it(deploy, chain):
    done = deploy("--network", chain.url, "--account", "nobody")

    assert done.returncode == 4
    assert "Ape has no account 'nobody'." in done.stderr


def test_deploy_asks_for_a_coin_if_chain_is_not_local(deploy, chain, tmp_path):
    settings = {"CRMDAPP_PRIVATE_KEY": DEV_KEYS[1], "CRMDAPP_DEPLOYMENTS": str(tmp_path)}
    done = deploy("--network", chain.url, **settings)

    assert done.returncode == 2
    assert "No settlement coin is named." in done.stderr
    assert "--coin" in done.stderr


def test_deploy_takes_key_from_environment_if_chain_is_not_local(deploy, chain, deployed, tmp_path):
    coin = deployed["args"][2]
    done = deploy(
        "--network",
        chain.url,
        "--coin",
        coin,
        CRMDAPP_PRIVATE_KEY=DEV_KEYS[1],
        CRMDAPP_DEPLOYMENTS=str(tmp_path),
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert hub_of(tmp_path, CHAIN_ID)["address"] in done.stdout
    assert hub_of(tmp_path, CHAIN_ID)["args"][2] == coin
    assert DEV_KEYS[1][2:] not in done.stdout + done.stderr
