"""Two merchants of one network, for the tests of the command line.

The shop runs program 2, the rival program 4; a point of the shop pays 0.01 of the coin, one of the
rival costs 0.05. Each may owe the other 10.00. A module that imports this runs on a chain where all
that is so.
"""

import ape
import pytest

from crmdapp.cli.main import run
from tests.cli.conftest import ADDRESSES, EPOCH_LENGTH, KEYS, clean_environment
from tests.fixtures.anvil import Anvil

LINES = {
    "shop": (
        f"deploy --epoch-length {EPOCH_LENGTH}",
        "chain fund-coin {shop} 1000",
        "chain fund-coin {rival} 1000",
        "loyalty program create Bean-There BEAN --tier 100 --tier 500",
        "loyalty program issuer 2 {shop} unlimited",
        "loyalty prices set 2 0.02 0.01",
        "loyalty deposit 2 20",
        "loyalty award 2 {customer} 150",
    ),
    "rival": (
        "loyalty join Page PAGE --on-ramp 0.05 --off-ramp 0.04 --deposit 20 --limit 2=10",
        "loyalty program issuer 4 {rival} unlimited",
    ),
    "shop again": ("loyalty limit 2 4 10",),
}


@ape.fixture(chain_isolation=False, scope="session")
def prepared_node(tmp_path_factory):
    folder = tmp_path_factory.mktemp("network")
    with Anvil() as node:
        with pytest.MonkeyPatch.context() as monkeypatch:
            clean_environment(monkeypatch, folder)
            monkeypatch.setenv("CRMDAPP_RPC", node.url)
            for who, lines in LINES.items():
                monkeypatch.setenv("CRMDAPP_PRIVATE_KEY", KEYS[who.split()[0]])
                for line in lines:
                    assert run([*line.format(**ADDRESSES).split(), "--yes"]) == 0
        yield node, folder / "deployments"


@pytest.fixture
def network(crmdapp):
    """The command line, acting as the customer, who has 150.00 points of program 2."""
    crmdapp.act_as("customer")
    return crmdapp
