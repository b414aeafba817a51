"""Joining: from nothing to a working program, once, whatever happens in between."""

import itertools
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from crmdapp.chain.errors import ERC20InsufficientBalance
from crmdapp.errors import NodeUnreachable, UsageError
from crmdapp.loyalty import ProgramConfig, deadline_in
from crmdapp.loyalty.clearing import Deposit
from crmdapp.loyalty.errors import (
    DepositCommitted,
    IssuerInvalid,
    PricesInvalid,
    ProgramUnknown,
    ValidityOutOfRange,
)
from crmdapp.loyalty.joining import Joining, JoinPlan, join
from crmdapp.loyalty.network import Prices
from tests.chain.killed_sender import POINTS
from tests.loyalty.constants import ZERO
from tests.loyalty.killed_join import DEPOSIT, KEY, shop_plan
from tests.loyalty.partners import *  # noqa: F403 - fixtures
from tests.loyalty.partners import FAR

ROOT = Path(__file__).parents[2]
NOWHERE = 998
STEPS = ["program", "prices", "issuer", "deposit", "limit"]
TRANSACTIONS = 6
"""One of each step, and the approval before the deposit."""


@pytest.fixture
def shop(ledger):
    """Has coin and ether, and no program yet; the last of the roles plays it."""
    ledger.mint_coin("outsider", DEPOSIT)
    return ledger.client("outsider")


def sent_by(ledger):
    return ledger.connection.nonce(ledger.address("outsider"))


def require_joined(ledger, shop, abroad, before):
    """The program works, and nothing was done twice."""
    (found,) = shop.programs(owner=ledger.address("outsider"))
    assert (found.name, found.validity, found.tiers) == ("Nook", 2, (500,))
    assert shop.network.prices(found.id) == Prices(found.id, 12_000, 8_000)
    assert shop.issuer(found.id, ledger.address("issuer")).left == 5_000
    assert shop.clearing.deposit_of(found.id) == Deposit(found.id, DEPOSIT, 600_000)
    assert shop.network.position(found.id, abroad).limit == 600_000
    assert sent_by(ledger) == before + TRANSACTIONS
    return found.id


def test_join_gives_a_program_that_works(ledger, shop, issuer, customer, abroad, connected):
    told, before = [], sent_by(ledger)
    joined = join(shop, shop_plan(abroad), key=KEY, progress=told.append)
    program = require_joined(ledger, shop, abroad, before)
    assert joined.program.id == joined.prices.program == program
    assert joined.deposit == Deposit(program, DEPOSIT, 600_000)
    assert [position.limit for position in joined.positions] == [600_000]
    assert len(joined.receipts) == len(STEPS)
    assert [step.name for step in told] == [name for name in STEPS for _ in range(2)]
    assert [step.receipt for step in told[1::2]] == list(joined.receipts)
    assert {step.receipt for step in told[::2]} == {None}
    assert [(step.number, step.total) for step in told[::2]] == [(n, 5) for n in range(1, 6)]
    # A customer earns at the new shop and spends at its partner.
    issuer.award(program, ledger.address("customer"), 1_000)
    deadline = deadline_in(timedelta(days=400_000))
    assert deadline < FAR
    customer.network.redeem_at(program, 1_000, abroad, min_value=80_000, deadline=deadline)
    assert shop.network.position(program, abroad).owing == 80_000


def test_join_repeated_does_nothing_twice(ledger, shop, abroad):
    before = sent_by(ledger)
    first = join(shop, shop_plan(abroad), key=KEY)
    told = []
    assert join(shop, shop_plan(abroad), key=KEY, progress=told.append) == first
    assert all(step.was_sent for step in told)
    require_joined(ledger, shop, abroad, before)
    join(shop, shop_plan(abroad, deposit=0, limits=()), key="another shop")
    assert len(list(shop.programs(owner=ledger.address("outsider")))) == 2


def test_join_needs_no_more_than_a_name_and_prices(shop):
    bare = JoinPlan(ProgramConfig("Nook", "NOOK"), 2, 1)
    joined = join(shop, bare, key=KEY)
    assert [step.name for step in Joining(shop, bare, KEY).steps()] == ["program", "prices"]
    assert joined.deposit == Deposit(joined.program.id, 0, 0)
    assert joined.positions == ()


def test_join_goes_on_after_every_kind_of_death(ledger, shop, abroad, tmp_path):
    before = sent_by(ledger)
    words = [ledger.node.url, ledger.hub, str(tmp_path / "killed.sqlite3"), str(abroad)]
    command = [sys.executable, "-m", "tests.loyalty.killed_join", *words]
    deaths = 0
    for point in itertools.islice(itertools.cycle(POINTS), 40):
        code = subprocess.run([*command, point], cwd=ROOT, check=False, timeout=120).returncode
        if code == 0:
            break
        assert code == -signal.SIGKILL
        deaths += 1
    assert deaths > TRANSACTIONS
    assert subprocess.run(command, cwd=ROOT, check=False, timeout=120).returncode == 0
    require_joined(ledger, shop, abroad, before)


def test_join_goes_on_after_the_node_was_away(ledger, shop, abroad, monkeypatch):
    before = sent_by(ledger)

    def unplug(step):
        if step.name == "deposit" and step.receipt is None:
            raise NodeUnreachable("gone")

    with pytest.raises(NodeUnreachable):
        join(shop, shop_plan(abroad), key=KEY, progress=unplug)
    assert [step.was_sent for step in Joining(shop, shop_plan(abroad), KEY).steps()] == [
        True,
        True,
        True,
        False,
        False,
    ]
    join(shop, shop_plan(abroad), key=KEY)
    require_joined(ledger, shop, abroad, before)


def test_a_step_that_was_not_sent_may_be_changed(ledger, shop, abroad):
    def stop(step):
        if step.name == "deposit":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        join(shop, shop_plan(abroad), key=KEY, progress=stop)
    joined = join(shop, shop_plan(abroad, deposit=700_000), key=KEY)
    assert joined.deposit.value == 700_000
    assert len(list(shop.programs(owner=ledger.address("outsider")))) == 1


def test_a_step_that_was_sent_can_not_be_changed(ledger, shop, abroad):
    join(shop, shop_plan(abroad), key=KEY)
    before = sent_by(ledger)
    for changes in (
        {"config": ProgramConfig("Nook", "NOOK", 3, tiers=(500,))},
        {"on_ramp": 12_001},
        {"budget": 6_000},
        {"deposit": 800_000},
        {"limits": ((abroad, 1),)},
    ):
        with pytest.raises(UsageError, match="was carried out before, with other figures"):
            join(shop, shop_plan(abroad, **changes), key=KEY)
    assert sent_by(ledger) == before


@pytest.mark.parametrize(
    ("changes", "error", "values"),
    [
        ({"deposit": DEPOSIT + 1}, ERC20InsufficientBalance, None),
        ({"deposit": 599_999}, DepositCommitted, (0, 600_000, 599_999)),
        ({"limits": ((NOWHERE, 1),)}, ProgramUnknown, (NOWHERE,)),
    ],
)
def test_join_sends_nothing_if_a_later_step_must_fail(ledger, shop, abroad, changes, error, values):
    before = sent_by(ledger)
    with pytest.raises(error) as refusal:
        join(shop, shop_plan(abroad, **changes), key=KEY)
    owner = ledger.address("outsider")
    assert refusal.value.values == (values or (owner, DEPOSIT, DEPOSIT + 1))
    assert sent_by(ledger) == before


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"on_ramp": 1, "off_ramp": 2}, PricesInvalid),
        ({"off_ramp": 0}, PricesInvalid),
        ({"on_ramp": 2**48}, UsageError),
        ({"budget": -1}, UsageError),
        ({"deposit": -1}, UsageError),
        ({"issuer": "till"}, UsageError),
        ({"limits": ((2, 1), (2, 1))}, UsageError),
    ],
)
def test_a_plan_refuses_what_can_not_be(changes, error):
    with pytest.raises(error):
        shop_plan(2, **changes)
    with pytest.raises(ValidityOutOfRange):
        ProgramConfig("Nook", "NOOK", 5)


def test_join_refuses_what_no_limit_or_issuer_can_be(ledger, shop, abroad):
    before = sent_by(ledger)
    for changes in ({"limits": ((abroad, -1),)}, {"limits": ((abroad, 2**72),)}):
        with pytest.raises(UsageError):
            join(shop, shop_plan(abroad, **changes), key=KEY)
    with pytest.raises(IssuerInvalid):
        join(shop, shop_plan(abroad, issuer=ZERO), key=KEY)
    assert sent_by(ledger) == before
