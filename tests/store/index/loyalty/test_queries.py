"""What customers and merchants ask the index, beside what they did."""

import pytest
from sqlalchemy import func, select

from crmdapp.loyalty import ProgramConfig
from crmdapp.loyalty.drops import leaf_of
from crmdapp.loyalty.errors import ProgramUnknown
from crmdapp.store.index.loyalty import queries, queries_merchant
from crmdapp.store.index.loyalty.tables import BALANCES, MOVES
from crmdapp.store.index.loyalty.verify import compare
from tests.loyalty.constants import EPOCH_LENGTH


@pytest.fixture
def now(ledger):
    """The chain's time."""
    return ledger.connection.block_timestamp


def different(watch):
    with watch.session() as session:
        block = watch.index.position().block
        found = compare(session, watch.ledger.connection, watch.ledger.manifest, block)
        return [item for item in found if not item.is_equal]


def test_wallet_shows_all_brands_with_their_expiry(ledger, watch, issuer, program, now):
    second = ledger.open_program(name="Leaf", symbol="LEAF", validity=1).id
    customer = ledger.address("customer")
    issuer.award(program, customer, 1_000)
    issuer.award(second, customer, 500)
    with watch.session() as session:
        held = {item.program.name: item for item in queries.wallet(session, customer, now=now())}
        later = queries.wallet(session, customer, now=now() + EPOCH_LENGTH)
    assert (held["Bean"].points, held["Leaf"].points) == (1_000, 500)
    clock = issuer.clock
    epoch = clock.epoch_at(now())
    assert held["Leaf"].lots[0].expires_at == clock.start_of(epoch + 1)
    assert held["Bean"].lots[0].expires_at == clock.start_of(epoch + 4)
    assert [item.program.name for item in later] == ["Bean"]


def test_wallet_names_the_next_tier(ledger, watch, issuer, now):
    program = ledger.open_program(tiers=(100, 900)).id
    issuer.award(program, ledger.address("customer"), 100)
    with watch.session() as session:
        held = queries.balance(session, program, ledger.address("customer"), now=now())
    assert (held.statement.tier, held.next_tier) == (1, 900)


def test_history_goes_on_where_it_ended(ledger, watch, issuer, customer, program):
    me, friend = ledger.address("customer"), ledger.address("friend")
    for points in (10, 20, 30):
        issuer.award(program, me, points)
    customer.transfer(program, friend, 5)
    customer.redeem(program, 7)
    with watch.session() as session:
        whole = queries.history(session, me)
        first = queries.history(session, me, limit=2)
        rest = queries.history(session, me, after=first[-1].key)
        theirs = queries.history(session, friend)
    assert [move.kind for move in whole] == ["redeemed", "transferred", *["awarded"] * 3]
    assert first + rest == whole
    assert [(move.kind, move.points) for move in theirs] == [("transferred", 5)]


def test_flows_tell_what_expired_before_anybody_touches_it(ledger, watch, issuer, now):
    program = ledger.open_program(validity=1).id
    issuer.award(program, ledger.address("customer"), 400)
    ledger.node.advance(EPOCH_LENGTH)
    with watch.session() as session:
        flows = queries_merchant.flows(session, program, now=now())
        owed = queries.supply(session, program, now=now()).liability
    assert (flows[-1].expired, flows[-2].awarded) == (400, 400)
    assert owed.total == 0


def test_points_of_a_drop_are_as_old_as_the_drop(ledger, watch, issuer, program):
    person, far = ledger.address("customer"), 2**40 - 1
    root = leaf_of(0, person, 500)
    drop = issuer.campaigns.prepare.create_drop(
        program, root, points=500, deadline=far, campaign=b"\x09" * 32
    )
    issuer.send(drop)
    ledger.node.advance(EPOCH_LENGTH)
    issuer.send(issuer.hub.call("claimDrop", 1, 0, person, 500, ()))
    assert different(watch) == []
    with watch.session() as session:
        (row,) = session.execute(select(BALANCES)).mappings().all()
    assert (row["age_0"], row["age_1"]) == (0, 500)


def test_program_unknown_is_told(watch, program):
    with watch.session() as session, pytest.raises(ProgramUnknown) as refusal:
        queries.program(session, 998, now=0)
    assert refusal.value.program == 998


def test_may_see_owner_and_issuer_only(ledger, watch, program):
    with watch.session() as session:
        seen = {
            role: queries.may_see(session, program, ledger.address(role))
            for role in ("merchant", "issuer", "outsider")
        }
    assert seen == {"merchant": True, "issuer": True, "outsider": False}


def test_lane_of_the_holders_choice_is_asked_of_the_chain(ledger, watch, issuer, customer, program):
    me, friend = ledger.address("customer"), ledger.address("friend")
    issuer.award(program, me, 100)
    ledger.node.advance(EPOCH_LENGTH)
    issuer.award(program, me, 100)
    epoch = customer.hub.read("currentEpoch")
    customer.send(customer.hub.call("transferAtEpoch", epoch, friend, program, 60))
    assert different(watch) == []
    with watch.session() as session:
        row = session.execute(select(BALANCES).where(BALANCES.c.account == friend)).one()
    assert (row.age_0, row.age_1, row.exact) == (60, 0, True)


@pytest.mark.parametrize("depth", [1, 3])
def test_reorg_takes_points_back(ledger, watch, issuer, customer, program, depth):
    me = ledger.address("customer")
    issuer.award(program, me, 1_000)
    ledger.node.mine(4)
    watch.settle()
    with watch.index.reading() as session:
        before = session.execute(select(BALANCES)).mappings().all()
    for points in (1, 2, 3)[:depth]:
        customer.redeem(program, points)
    watch.settle()
    ledger.node.reorg(depth)
    ledger.node.mine()
    assert different(watch) == []
    with watch.session() as session:
        assert session.execute(select(BALANCES)).mappings().all() == before
        kinds = session.execute(select(MOVES.c.kind, func.count()).group_by(MOVES.c.kind)).all()
    assert [tuple(row) for row in kinds] == [("awarded", 1)]


def test_program_with_any_name_is_kept(ledger, watch, merchant, now):
    name = "'); DROP TABLE loyalty_programs; --<b>"
    number = merchant.create_program(ProgramConfig(name, "X")).id
    with watch.session() as session:
        assert queries.program(session, number, now=now()).name == name


def test_history_tells_expired_points_from_spent_ones(ledger, watch, issuer, customer):
    program = ledger.open_program(validity=2).id
    me = ledger.address("customer")
    issuer.award(program, me, 100)
    ledger.node.advance(EPOCH_LENGTH)
    issuer.award(program, me, 50)
    ledger.node.advance(EPOCH_LENGTH)
    customer.redeem(program, 20)
    with watch.session() as session:
        kinds = [(move.kind, move.points) for move in queries.history(session, me)]
    assert kinds == [("redeemed", 20), ("expired", 100), ("awarded", 50), ("awarded", 100)]
    assert different(watch) == []
