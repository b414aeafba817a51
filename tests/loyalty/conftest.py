"""A points hub with two programs: `program` (no face) and `faced` (with an ERC-20 face).

For what happens between merchants there is a third, `abroad`, which the rival owns; `connected`
publishes prices for `program` and `abroad` and lets each owe the other.
"""

import pytest

from tests.fixtures.intents import Domain
from tests.loyalty.constants import EPOCH_LENGTH, UNLIMITED


@pytest.fixture(scope="module")
def coin(project, accounts):
    """The stablecoin that merchants settle in."""
    return project.TestCoin.deploy(sender=accounts[0])


@pytest.fixture(scope="module")
def hub(project, accounts, chain, coin):
    # Whoever deploys the hub has no power over it.
    genesis = chain.blocks.head.timestamp
    return project.PointsHub.deploy(genesis, EPOCH_LENGTH, coin, sender=accounts[0])


@pytest.fixture
def house(project, hub):
    """Where programs keep their deposits."""
    return project.ClearingHouse.at(hub.CLEARING_HOUSE())


class Epochs:
    """The hub's epochs as places in time."""

    def __init__(self, hub, clock):
        self._hub, self._clock = hub, clock
        self._genesis = hub.GENESIS()

    def start_of(self, epoch: int) -> int:
        """Its first second."""
        return self._genesis + (epoch - 4) * EPOCH_LENGTH

    def enter(self, epoch: int) -> None:
        """Goes to the first second of `epoch`, unless it is the present one."""
        if self._hub.currentEpoch() != epoch:
            self._clock.set(self.start_of(epoch))
        assert self._hub.currentEpoch() == epoch


@pytest.fixture
def epochs(hub, clock):
    return Epochs(hub, clock)


@pytest.fixture
def open_program(hub, merchant, issuer):
    """Opens a program of the merchant whose issuer may award without limit."""

    def open_(*, name="Bean", symbol="BEAN", validity=4, cap=0, has_token=False, tiers=()):
        config = (name, symbol, validity, cap, has_token, list(tiers))
        program = hub.createProgram(config, sender=merchant).return_value
        hub.setIssuer(program, issuer, UNLIMITED, sender=merchant)
        return program

    return open_


@pytest.fixture
def program(open_program):
    return open_program()


@pytest.fixture
def faced(open_program):
    return open_program(has_token=True)


@pytest.fixture
def token(project, hub, faced):
    return project.PointsToken.at(hub.tokenOf(faced))


@pytest.fixture
def abroad(hub, rival):
    """A program of the rival, who awards and redeems in it himself."""
    program = hub.createProgram(("Page", "PAGE", 4, 0, False, []), sender=rival).return_value
    hub.setIssuer(program, rival, UNLIMITED, sender=rival)
    return program


@pytest.fixture
def deposit(house, coin):
    """Puts a program's coin into the clearing house, in 10^-6 of it."""

    def deposit_(program, owner, value):
        coin.mint(owner, value, sender=owner)
        coin.approve(house, value, sender=owner)
        return house.deposit(program, value, sender=owner)

    return deposit_


@pytest.fixture
def connected(hub, house, program, abroad, merchant, rival, deposit):
    """A point of `program` costs 0.02 and pays 0.01 of the coin; of `abroad`, 0.05 and 0.04."""
    hub.announcePrices(program, 20_000, 10_000, sender=merchant)
    hub.announcePrices(abroad, 50_000, 40_000, sender=rival)
    deposit(program, merchant, 1_000_000)
    deposit(abroad, rival, 1_000_000)
    house.setLimit(program, abroad, 1_000_000, sender=merchant)
    house.setLimit(abroad, program, 1_000_000, sender=rival)


@pytest.fixture
def award(hub, issuer):
    """Gives points of a program to somebody."""

    def award_(program, to, points):
        return hub.award(program, points, to, sender=issuer)

    return award_


@pytest.fixture
def ages(hub):
    """Points of an account by age, youngest first."""

    def ages_(program, account):
        return list(hub.statementOf(program, account).byAge)

    return ages_


@pytest.fixture
def domain(hub, chain):
    return Domain("PointsHub", hub.address, chain.chain_id)
