"""The item ledger on Ape's chain, and who uses it, for the tests of the contract.

A farm commissions coffee, a carrier brings it to a roaster, a certifier signs how much roasted
coffee there is in green one, and a consumer opens a bag. A test module takes the fixtures by
``from tests.provenance.item_contracts import *``.
"""

from dataclasses import dataclass
from typing import Any

import pytest
from eth_utils import keccak

from tests.fixtures.intents import Domain, Intent, address_of
from tests.fixtures.logs import Log, log
from tests.provenance.item_intents import ANY_TIME, item_intent

ZERO = "0x" + "00" * 20
NO_UNIT = bytes(3)
EVENT = keccak(text="EPCIS event")
HOUR, DAY = 3_600, 86_400
BIZ_STEP, DISPOSITION = 5, 7


@dataclass
class Items:
    """The ledger as its users see it."""

    ledger: Any
    domain: Domain
    clock: Any

    def what(self, biz_step=BIZ_STEP, disposition=DISPOSITION, *, at=None, event=EVENT):
        """An ItemStep, now unless the test says otherwise."""
        return biz_step, disposition, self.clock.now if at is None else at, event

    def id(self, issuer, name):
        """The item that `name` stands for."""
        return int.from_bytes(keccak(bytes(12) + bytes.fromhex(issuer.address[2:]) + epc(name)))

    def commission(self, issuer, *names, **values):
        """Commission serial items, or lots if a quantity is given; returns the only one's id."""
        records = [record(name, **values) for name in names]
        self.ledger.commission(records, self.what(), sender=issuer)
        ids = [self.id(issuer, name) for name in names]
        return ids[0] if len(ids) == 1 else ids

    def step(self, item):
        """The item's step now."""
        return self.ledger.itemOf(item).step

    def handover(self, items, from_, to, **changes) -> Intent:
        """What both sign for the items as they are, unless the test says otherwise."""
        values = {
            "items": items,
            "steps": [self.step(item) for item in items],
            "from_": from_,
            "to": to,
            "eventTime": self.clock.now,
            "eventHash": EVENT,
            "deadline": ANY_TIME,
        }
        return item_intent(self.domain, "Handover", **values | changes)

    def hand(self, items, from_, to):
        """The items go from one to the other."""
        given = self.handover(items, from_, to)
        return self.ledger.receiveItems(given.values, given.sign(from_), sender=to)

    def log(self, name, item, **fields) -> Log:
        """An event of the item, as a test expects it."""
        return log(self.ledger, name, item=item, **fields)

    def state(self, item):
        """All that is on record of the item."""
        views = self.ledger.itemOf, self.ledger.lotOf, self.ledger.parentOf, self.ledger.tagOf
        return [tuple(at) if isinstance(at := view(item), tuple) else at for view in views]


def epc(name: str) -> bytes:
    """Stands for keccak256 of a GS1 Digital Link."""
    return keccak(text=f"https://id.gs1.org/01/{name}")


def record(name, *, level=0, tag=ZERO, quantity=0, unit=NO_UNIT, certifier=ZERO):
    """A Commission."""
    return epc(name), level, address_of(tag), quantity, unit, address_of(certifier)


def as_logged(commission):
    """A Commission as the decoder of logs writes it."""
    return [part.lower() if isinstance(part, str) else part for part in commission]


@pytest.fixture(scope="module")
def ledger(project, accounts):
    # Whoever deploys a ledger has no power over it.
    return project.ItemLedger.deploy(sender=accounts[0])


@pytest.fixture
def domain(ledger, chain):
    return Domain("ItemLedger", ledger.address, chain.chain_id)


@pytest.fixture
def items(ledger, domain, clock):
    """The ledger with what its users need."""
    return Items(ledger, domain, clock)


@pytest.fixture
def farm(accounts):
    """Issues items."""
    return accounts[10]


@pytest.fixture
def carrier(accounts):
    """Takes items over and hands them on."""
    return accounts[11]


@pytest.fixture
def roaster(accounts):
    """Makes items of others."""
    return accounts[12]


@pytest.fixture
def certifier(accounts):
    """Signs yield factors."""
    return accounts[13]


@pytest.fixture
def consumer(accounts):
    """Opens what it bought."""
    return accounts[14]


@pytest.fixture
def thief(accounts):
    """Wants what is others'."""
    return accounts[15]


@pytest.fixture
def seal(accounts):
    """The key under a label's seal."""
    return accounts[16]


@pytest.fixture
def bag(items, farm):
    """A serial item of the farm."""
    return items.commission(farm, "bag")


@pytest.fixture
def pallet(items, farm):
    """An item of level 2 of the farm."""
    return items.commission(farm, "pallet", level=2)
