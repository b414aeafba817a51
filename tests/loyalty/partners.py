"""Two merchants of one network, for the tests of the Python client.

`program` is the merchant's, `abroad` the rival's, who runs it himself. `connected` publishes prices
for both and lets each owe the other.
"""

import pytest

from crmdapp.chain import LocalSigner
from crmdapp.loyalty import ProgramConfig
from crmdapp.loyalty.points import UNLIMITED
from tests.loyalty.ledger import *  # noqa: F403 - fixtures

BEAN = (20_000, 10_000)
"""A point of `program` costs 0.02 of the coin and pays 0.01."""

PAGE = (50_000, 40_000)
"""A point of `abroad` costs 0.05 of the coin and pays 0.04."""

LIMIT = 1_000_000
"""1.00 of the coin."""

FAR = 2**40 - 1
"""A deadline that never comes."""


@pytest.fixture
def rival(ledger):
    """Owns a program of its own."""
    ledger.signers["rival"] = LocalSigner.random()
    ledger.node.set_balance(ledger.address("rival"), 10**20)
    return ledger.client("rival")


@pytest.fixture
def abroad(ledger, rival):
    """The rival's program."""
    program = rival.create_program(ProgramConfig("Page", "PAGE")).id
    rival.set_issuer(program, ledger.address("rival"), UNLIMITED)
    return program


@pytest.fixture
def connected(ledger, merchant, rival, program, abroad):
    for role, own, other, prices in (
        ("merchant", program, abroad, BEAN),
        ("rival", abroad, program, PAGE),
    ):
        client = ledger.client(role)
        client.network.announce_prices(own, *prices)
        ledger.mint_coin(role, 5 * LIMIT)
        client.clearing.deposit(own, 2 * LIMIT)
        client.clearing.set_limit(own, other, LIMIT)


@pytest.fixture
def held(ledger, issuer, program):
    """The customer's units of `program`."""
    issuer.award(program, ledger.address("customer"), 1_000)
    return 1_000
