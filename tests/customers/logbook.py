"""The company's interaction log on the chain of the registry office, for the tests of the client.

A test module takes the fixtures by ``from tests.customers.logbook import *``.
"""

from dataclasses import dataclass

import pytest

from crmdapp.customers.interaction_log import LogClient
from crmdapp.customers.leaves import InteractionKind, log_of
from crmdapp.customers.log_journal import LogJournal
from crmdapp.customers.log_keys import LogKeys
from crmdapp.customers.operator import LogOperator
from tests.customers.registry_office import *  # noqa: F403 - fixtures
from tests.customers.registry_office import Office

DELAY = 3_600
ANSWER_WINDOW = 86_400


@dataclass
class Clock:
    """What the company's clock shows, Unix seconds."""

    now: int

    def __call__(self) -> int:
        return self.now


@dataclass
class Logbook:
    """A log of the company, open on chain, with its journal and key file."""

    office: Office
    clock: Clock
    client: LogClient
    journal: LogJournal
    keys: LogKeys
    log: bytes

    def operator(self, *, index=0, client=None) -> LogOperator:
        """The company, as a process that has just begun."""
        return LogOperator(
            client or self.client,
            self.journal,
            self.keys,
            signer=self.office.signer("company"),
            index=index,
            clock=self.clock,
        )

    def visits(self, operator, role="customer", count=1):
        """Note visits of somebody; returns the receipts."""
        pseudonym = operator.pseudonym(self.office.address(role))
        return [
            operator.record(pseudonym, InteractionKind.VISIT, {"till": n}) for n in range(count)
        ]

    def pass_time(self, seconds: int) -> None:
        """Let the clock and the chain go on."""
        self.office.node.advance_to(self.office.now + seconds)
        self.clock.now = self.office.now


@pytest.fixture
def logbook(office, tmp_path):
    """The company's log number 0; it promises to anchor within the hour."""
    client = office.client("company", LogClient)
    client.open(0, DELAY)
    with (
        LogJournal(tmp_path / "interactions.sqlite3") as journal,
        LogKeys(tmp_path / "interaction-keys.sqlite3") as keys,
    ):
        log = log_of(office.address("company"))
        yield Logbook(office, Clock(office.now), client, journal, keys, log)


@pytest.fixture
def operator(logbook):
    """The company, keeping its log."""
    return logbook.operator()
