"""A customer's wallet: the points of all programs, found and priced."""

import tracemalloc
from datetime import UTC, datetime

import pytest

from crmdapp.errors import NodeRefused, NodeUnreachable, UsageError
from crmdapp.loyalty import LoyaltyClient, ProgramConfig
from crmdapp.loyalty.packing import pack_records
from crmdapp.loyalty.wallet import Wallet
from tests.loyalty.constants import EPOCH_LENGTH
from tests.loyalty.partners import *  # noqa: F403 - fixtures
from tests.loyalty.partners import FAR

SPAM = 40


@pytest.fixture
def wallet(ledger):
    """The customer's wallet, read without an account."""

    def wallet_(role="customer"):
        client = LoyaltyClient(ledger.connection, ledger.hub)
        return Wallet(client, ledger.address(role).lower())

    return wallet_


def held_in(wallet, **options):
    """Units by program, each of which must be there once."""
    found = [(item.program.id, item.points) for item in wallet.holdings(**options)]
    assert len(dict(found)) == len(found)
    return dict(found)


def test_a_wallet_has_the_points_of_every_program(
    ledger, wallet, issuer, customer, rival, program, abroad, connected, held
):
    third = ledger.open_program(name="Third").id
    issuer.award(third, ledger.address("customer"), 5)
    customer.network.exchange(program, 500, abroad, min_points=100, deadline=FAR)
    found = list(wallet().holdings())
    assert [(item.program.name, item.points) for item in found] == [
        ("Bean", 500),
        ("Third", 5),
        ("Page", 100),
    ]
    assert [item.value for item in found] == [50_000, None, 40_000]
    assert [item.statement.qualifying for item in found] == [1_000, 5, 0]
    assert wallet().account == ledger.address("customer")


def test_a_wallet_tells_what_expires_when(ledger, wallet, issuer, program):
    issuer.award(program, ledger.address("customer"), 10)
    ledger.enter(6)
    issuer.award(program, ledger.address("customer"), 20)
    (holding,) = wallet().holdings()
    ends = [
        datetime.fromtimestamp(ledger.genesis + epochs * EPOCH_LENGTH, UTC) for epochs in (4, 6)
    ]
    assert [(lot.units, lot.expires_at) for lot in holding.lots] == [(10, ends[0]), (20, ends[1])]
    ledger.enter(8)
    assert held_in(wallet()) == {program: 20}
    ledger.enter(10)
    assert held_in(wallet()) == {}
    assert held_in(wallet(), empty=True) == {program: 0}


def test_a_wallet_shows_tier_and_debt(ledger, wallet, merchant, issuer, customer, program):
    merchant.configure(program, tiers=[100])
    merchant.send(merchant.hub.call("setClawback", program, EPOCH_LENGTH))
    records = pack_records([(ledger.address("customer"), 150)])
    issuer.send(issuer.prepare.award_many(program, bytes(32), records))
    (holding,) = wallet().holdings()
    assert (holding.statement.tier, holding.debt) == (1, 0)
    customer.redeem(program, 150)
    issuer.send(issuer.hub.call("reverseAward", program, bytes(32), records, 0, 120))
    (holding,) = wallet().holdings()
    assert (holding.points, holding.statement.tier, holding.debt) == (0, 0, 120)


def test_what_was_given_away_is_no_longer_shown(ledger, wallet, customer, program, held):
    customer.transfer(program, ledger.address("friend"), held)
    assert held_in(wallet()) == {}
    assert held_in(wallet("friend")) == {program: held}
    assert held_in(wallet("outsider"), empty=True) == {}


def test_all_figures_are_of_one_block(ledger, wallet, customer, program, held):
    earlier = wallet()
    customer.redeem(program, 400)
    assert held_in(earlier) == {program: held}
    assert held_in(wallet()) == {program: held - 400}


@pytest.fixture
def spread(ledger, issuer, program, held):
    """Points in a program with a face, and others in which the customer has none."""
    faced = ledger.open_program(has_token=True).id
    ledger.open_program()
    issuer.award(faced, ledger.address("customer"), 7)
    return {program: held, faced: 7}


def test_a_node_that_refuses_old_events_is_asked_about_every_program(
    ledger, wallet, spread, monkeypatch
):
    request = ledger.connection.request

    def refuse(method, params=()):
        if method == "eth_getLogs":
            raise NodeRefused("history has been pruned")
        return request(method, params)

    monkeypatch.setattr(ledger.connection, "request", refuse)
    assert held_in(wallet()) == spread


def test_a_node_that_breaks_off_gives_every_program_once(ledger, wallet, spread, monkeypatch):
    client = LoyaltyClient(ledger.connection, ledger.hub)

    def break_off(*names, **options):
        yield next(LoyaltyClient.events(client, *names, **options))
        raise NodeRefused("history has been pruned")

    monkeypatch.setattr(client, "events", break_off)
    assert held_in(Wallet(client, ledger.address("customer"))) == spread


def test_a_thorough_look_needs_no_events(ledger, wallet, spread, monkeypatch):
    request = ledger.connection.request

    def forget(method, params=()):
        return [] if method == "eth_getLogs" else request(method, params)

    monkeypatch.setattr(ledger.connection, "request", forget)
    assert held_in(wallet()) == {}
    assert held_in(wallet(), thorough=True) == spread


def test_a_node_that_is_away_is_no_empty_wallet(ledger, wallet, spread, monkeypatch):
    found = wallet()

    def away(method, params=()):
        raise NodeUnreachable("gone")

    monkeypatch.setattr(ledger.connection, "request", away)
    with pytest.raises(NodeUnreachable):
        list(found.holdings())


def test_memory_does_not_grow_with_the_programs(ledger, wallet, rival):
    """Anybody can open programs and give their points to anybody."""
    for number in range(SPAM):
        program = rival.create_program(ProgramConfig(f"Spam {number}", "SPAM" * 1_000)).id
        rival.set_issuer(program, ledger.address("rival"), 1)
        rival.award(program, ledger.address("customer"), 1)
    holdings = wallet().holdings()
    next(holdings)
    tracemalloc.start()
    seen = 1 + sum(1 for _ in holdings)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert seen == SPAM
    assert peak < 200_000


def test_an_address_that_is_none_is_refused(ledger):
    with pytest.raises(UsageError):
        Wallet(LoyaltyClient(ledger.connection, ledger.hub), "customer")
