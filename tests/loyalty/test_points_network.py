"""Prices, and points of one brand that become points of another (see `positions`)."""

import pytest

from tests.fixtures.intents import Domain, compact, high_s
from tests.fixtures.logs import log, logs
from tests.fixtures.reverts import reverts
from tests.loyalty.constants import (
    ANY_TIME,
    EPOCH_LENGTH,
    INFINITE,
    POINTS_MAX,
    UNLIMITED,
    ZERO,
)
from tests.loyalty.intents import NO_TERMS, exchange_intent, redeem_intent, transfer_intent
from tests.loyalty.positions import *  # noqa: F403 - fixtures
from tests.loyalty.positions import LIMIT, NEVER_OPENED, TERMS, burned, minted, posted

NOTICE = EPOCH_LENGTH // 26
PRICE_MAX = 2**48 - 1


def announced(hub, program, on_ramp, off_ramp, effective_at):
    return log(
        hub,
        "PricesAnnounced",
        program=program,
        onRamp=on_ramp,
        offRamp=off_ramp,
        effectiveAt=effective_at,
    )


@pytest.fixture
def wallet(project, accounts, customer):
    """A smart account whose owner is the customer's key."""
    return accounts[0].deploy(project.WalletMock, customer)


# announcePrices, pricesOf


def test_PRICE_NOTICE_is_a_26th_of_an_epoch(hub):
    assert hub.PRICE_NOTICE() == NOTICE == 606_876


def test_pricesOf_is_empty_before_the_first_announcement(hub, program):
    assert tuple(hub.pricesOf(program)) == (0, 0, 0, 0, 0)


def test_announcePrices_holds_at_once_the_first_time(hub, program, merchant):
    receipt = hub.announcePrices(program, 20_000, 10_000, sender=merchant)

    assert logs(receipt, hub) == [announced(hub, program, 20_000, 10_000, receipt.timestamp)]
    assert tuple(hub.pricesOf(program)) == (20_000, 10_000, 0, 0, 0)


def test_announcePrices_holds_after_the_notice_from_then_on(hub, program, merchant, clock):
    hub.announcePrices(program, 20_000, 10_000, sender=merchant)
    receipt = hub.announcePrices(program, 30_000, 15_000, sender=merchant)
    effective = receipt.timestamp + NOTICE

    assert logs(receipt, hub) == [announced(hub, program, 30_000, 15_000, effective)]
    assert tuple(hub.pricesOf(program)) == (20_000, 10_000, 30_000, 15_000, effective)
    clock.set(effective - 1)
    assert tuple(hub.pricesOf(program)) == (20_000, 10_000, 30_000, 15_000, effective)
    clock.set(effective)
    assert tuple(hub.pricesOf(program)) == (30_000, 15_000, 0, 0, 0)


def test_announcePrices_holds_at_once_only_once_in_a_second(hub, program, merchant, clock):
    first = hub.announcePrices(program, 20_000, 10_000, sender=merchant)
    clock.set_next(first.timestamp)
    second = hub.announcePrices(program, 30_000, 15_000, sender=merchant)

    assert first.timestamp == second.timestamp
    effective = second.timestamp + NOTICE
    assert tuple(hub.pricesOf(program)) == (20_000, 10_000, 30_000, 15_000, effective)


def test_announcePrices_replaces_what_does_not_hold_yet(hub, program, merchant, clock):
    hub.announcePrices(program, 20_000, 10_000, sender=merchant)
    first = hub.announcePrices(program, 30_000, 15_000, sender=merchant)
    clock.set_next(first.timestamp + NOTICE - 1)
    second = hub.announcePrices(program, 40_000, 5_000, sender=merchant)
    effective = second.timestamp + NOTICE

    assert logs(second, hub) == [announced(hub, program, 40_000, 5_000, effective)]
    for instant in (first.timestamp + NOTICE, effective - 1):
        clock.set(instant)
        assert tuple(hub.pricesOf(program)) == (20_000, 10_000, 40_000, 5_000, effective)
    clock.set(effective)
    assert tuple(hub.pricesOf(program)) == (40_000, 5_000, 0, 0, 0)


def test_announcePrices_keeps_what_has_come_to_hold(hub, program, merchant, clock):
    hub.announcePrices(program, 20_000, 10_000, sender=merchant)
    first = hub.announcePrices(program, 30_000, 15_000, sender=merchant)
    clock.set_next(first.timestamp + NOTICE)
    second = hub.announcePrices(program, 40_000, 5_000, sender=merchant)

    effective = second.timestamp + NOTICE
    assert tuple(hub.pricesOf(program)) == (30_000, 15_000, 40_000, 5_000, effective)


def test_announcePrices_of_one_program_leaves_others_alone(hub, program, abroad, merchant, rival):
    hub.announcePrices(program, 20_000, 10_000, sender=merchant)
    assert tuple(hub.pricesOf(abroad)) == (0, 0, 0, 0, 0)

    hub.announcePrices(abroad, 7, 7, sender=rival)
    assert tuple(hub.pricesOf(program)) == (20_000, 10_000, 0, 0, 0)


@pytest.mark.parametrize(("on_ramp", "off_ramp"), [(0, 0), (1, 0), (1, 2), (0, 1), (0, PRICE_MAX)])
def test_announcePrices_reverts_if_points_would_cost_less_than_they_pay(
    refuses, hub, project, program, merchant, on_ramp, off_ramp
):
    with refuses(project.PointsHub.PricesInvalid, onRamp=on_ramp, offRamp=off_ramp):
        hub.announcePrices(program, on_ramp, off_ramp, sender=merchant)


@pytest.mark.parametrize(("on_ramp", "off_ramp"), [(1, 1), (PRICE_MAX, 1), (PRICE_MAX, PRICE_MAX)])
def test_announcePrices_takes_any_other(hub, program, merchant, on_ramp, off_ramp):
    hub.announcePrices(program, on_ramp, off_ramp, sender=merchant)
    assert tuple(hub.pricesOf(program)) == (on_ramp, off_ramp, 0, 0, 0)


def test_announcePrices_reverts_if_caller_is_not_the_owner(
    refuses, hub, project, program, issuer, rival, outsider
):
    for caller in (issuer, rival, outsider):
        with refuses(project.PointsHub.ProgramOwnerOnly, program=program, caller=caller):
            hub.announcePrices(program, 20_000, 10_000, sender=caller)


def test_announcePrices_reverts_if_program_is_unknown(hub, project, merchant):
    for unknown in NEVER_OPENED:
        with reverts(project.PointsHub.ProgramUnknown, program=unknown):
            hub.announcePrices(unknown, 2, 1, sender=merchant)


def test_exchange_goes_by_the_old_prices_until_the_new_ones_hold(
    hub, connected, program, merchant, rival, abroad, award, customer, exchange, clock
):
    award(program, customer, 1_000)
    pays_more = hub.announcePrices(program, 60_000, 50_000, sender=merchant).timestamp + NOTICE
    clock.set_next(clock.now + 10)
    costs_less = hub.announcePrices(abroad, 25_000, 20_000, sender=rival).timestamp + NOTICE

    clock.set_next(pays_more - 1)
    assert exchange(100).return_value == 20
    clock.set_next(pays_more)
    assert exchange(100).return_value == 100
    clock.set_next(costs_less)
    receipt = exchange(100)
    assert receipt.return_value == 200
    assert posted(hub, program, abroad, 50_000) in logs(receipt, hub)


# exchange


def test_exchange_changes_points_at_the_published_rate(
    hub, connected, program, abroad, award, customer, exchange, position
):
    award(program, customer, 100)
    receipt = exchange(60, least=12)

    assert receipt.return_value == 12
    assert logs(receipt, hub) == [
        burned(hub, customer, program, customer, 60),
        posted(hub, program, abroad, 6_000),
        minted(hub, customer, abroad, customer, 12),
    ]
    assert (hub.balanceOf(customer, program), hub.totalSupply(program)) == (40, 40)
    assert (hub.balanceOf(customer, abroad), hub.totalSupply(abroad)) == (12, 12)
    assert position(program, abroad) == (6_000, LIMIT)
    assert position(abroad, program) == (0, LIMIT)


def test_exchange_works_the_other_way_round(
    hub, connected, program, abroad, rival, customer, exchange, position
):
    hub.award(abroad, 100, customer, sender=rival)
    receipt = exchange(60, of=abroad, to=program, least=120)

    assert receipt.return_value == 120
    assert logs(receipt, hub) == [
        burned(hub, customer, abroad, customer, 60),
        posted(hub, abroad, program, 24_000),
        minted(hub, customer, program, customer, 120),
    ]
    assert position(abroad, program) == (24_000, LIMIT)
    assert position(program, abroad) == (0, LIMIT)


def test_exchange_keeps_every_age_and_rounds_each_down(
    hub, connected, program, abroad, award, customer, ages, epochs, exchange, position
):
    for epoch, points in ((4, 9), (5, 24), (6, 101), (7, 1_000)):
        epochs.enter(epoch)
        award(program, customer, points)
    receipt = exchange(9 + 24 + 101 + 54)

    # 1.8 + 4.8 + 20.2 + 10.8 are 37.6 together
    assert receipt.return_value == 1 + 4 + 20 + 10
    assert ages(program, customer) == [946, 0, 0, 0]
    assert list(hub.liabilityOf(program)) == [946, 0, 0, 0]
    assert ages(abroad, customer) == [10, 20, 4, 1]
    assert list(hub.liabilityOf(abroad)) == [10, 20, 4, 1]
    assert position(program, abroad) == (18_800, LIMIT)


def test_exchange_takes_the_oldest_first(
    connected, program, abroad, award, customer, ages, epochs, exchange
):
    award(program, customer, 10)
    epochs.enter(6)
    award(program, customer, 10)
    exchange(15)

    assert ages(program, customer) == [5, 0, 0, 0]
    assert ages(abroad, customer) == [1, 0, 2, 0]


def test_exchange_adds_to_what_the_holder_has(
    hub, connected, program, abroad, rival, award, customer, ages, epochs, exchange
):
    hub.award(abroad, 500, customer, sender=rival)
    award(program, customer, 100)
    epochs.enter(5)
    hub.award(abroad, 7, customer, sender=rival)
    exchange(100)

    assert ages(abroad, customer) == [7, 520, 0, 0]
    assert list(hub.liabilityOf(abroad)) == [7, 520, 0, 0]


def test_exchange_keeps_age_whatever_the_target_grants(
    connected, join, allow, program, rival, award, customer, ages, exchange
):
    brief = join(rival, 50_000, 40_000, validity=1)
    allow(program, brief, LIMIT)
    award(program, customer, 100)
    exchange(100, to=brief)

    assert ages(brief, customer) == [20, 0, 0, 0]


def test_exchange_rounds_what_is_owed_up(
    hub, join, allow, merchant, rival, award, customer, exchange, position
):
    near, far = join(merchant, 7, 7), join(rival, 1, 1)
    allow(near, far, 100)
    award(near, customer, 100)
    receipt = exchange(1, of=near, to=far)

    assert receipt.return_value == 7
    assert logs(receipt, hub)[1] == posted(hub, near, far, 1)  # 0.07
    assert position(near, far) == (1, 100)
    exchange(15, of=near, to=far)
    assert position(near, far) == (3, 100)  # 1.05 more


def test_exchange_in_single_units_earns_nothing(
    join, allow, merchant, rival, award, customer, friend, hub, exchange, position
):
    near, far = join(merchant, 7, 7), join(rival, 5, 5)
    allow(near, far, 1_000)
    award(near, customer, 10)
    award(near, friend, 10)

    exchange(10, of=near, to=far, sender=friend)
    assert position(near, far) == (1, 1_000)
    for _ in range(10):
        exchange(1, of=near, to=far)
    assert position(near, far) == (11, 1_000)
    assert hub.balanceOf(friend, far) == 14
    assert hub.balanceOf(customer, far) == 10


def test_exchange_of_less_than_a_unit_is_worth_gives_nothing(
    hub, project, connected, refuses, program, abroad, award, customer, exchange
):
    award(program, customer, 10)
    with refuses(project.PointsHub.ExchangeBelowMinimum, points=0, minPoints=1):
        exchange(4, least=1)

    receipt = exchange(4)
    assert logs(receipt, hub) == [
        burned(hub, customer, program, customer, 4),
        posted(hub, program, abroad, 400),
        minted(hub, customer, abroad, customer, 0),
    ]


def test_exchange_of_nothing(hub, connected, program, abroad, customer, exchange, position):
    receipt = exchange(0)

    assert receipt.return_value == 0
    assert position(program, abroad) == (0, LIMIT)
    assert hub.totalSupply(abroad) == 0


@pytest.mark.parametrize(
    "prices",
    [
        ((1, 1), (1, 1)),
        ((7, 7), (5, 5)),
        ((5, 5), (7, 7)),
        ((999_983, 999_983), (1_000_003, 1_000_003)),
        ((3, 2), (1_000, 999)),
        ((2, 1), (3, 3), (5, 5)),
        ((10_007, 10_007), (9_973, 9_973), (31, 31)),
    ],
)
def test_exchange_earns_nothing_on_a_round_trip(
    hub, join, allow, merchant, rival, award, customer, ages, epochs, exchange, prices
):
    owners = (merchant, rival, merchant)
    ring = [join(owner, *each) for owner, each in zip(owners, prices, strict=False)]
    legs = list(zip(ring, ring[1:] + ring[:1], strict=True))
    for debtor, creditor in legs:
        allow(debtor, creditor, 10**12)
    home = ring[0]
    award(home, customer, 97)
    epochs.enter(5)
    award(home, customer, 1_000)
    before = ages(home, customer)

    for _ in range(3):
        for program, after in legs:
            exchange(hub.balanceOf(customer, program), of=program, to=after)
        now = ages(home, customer)
        assert all(left <= had for left, had in zip(now, before, strict=True))
        before = now


def test_exchange_loses_nothing_on_a_round_trip_without_spread_or_rest(
    hub, join, allow, merchant, rival, award, customer, exchange
):
    near, far = join(merchant, 4, 4), join(rival, 2, 2)
    allow(near, far, 100)
    allow(far, near, 100)
    award(near, customer, 97)
    exchange(97, of=near, to=far)
    exchange(194, of=far, to=near)

    assert (hub.balanceOf(customer, near), hub.balanceOf(customer, far)) == (97, 0)


def test_exchange_there_and_back_does_not_prolong_life(
    hub, connected, program, abroad, award, customer, ages, epochs, exchange
):
    award(program, customer, 1_000)
    for epoch in (5, 6, 7):
        epochs.enter(epoch)
        exchange(hub.balanceOf(customer, program))
        exchange(hub.balanceOf(customer, abroad), of=abroad, to=program)
        assert ages(abroad, customer) == [0, 0, 0, 0]
    assert ages(program, customer) == [0, 0, 0, 64]

    epochs.enter(8)
    assert ages(program, customer) == [0, 0, 0, 0]


def test_exchange_makes_points_expire_when_they_would_have(
    hub, connected, program, abroad, award, customer, epochs, exchange
):
    award(program, customer, 100)
    epochs.enter(7)
    exchange(100)
    assert hub.balanceOf(customer, abroad) == 20

    epochs.enter(8)
    assert hub.balanceOf(customer, abroad) == 0
    assert hub.totalSupply(abroad) == 0


def test_exchange_records_what_expired_on_both_sides(
    hub, connected, program, abroad, rival, award, customer, epochs, exchange
):
    award(program, customer, 100)
    hub.award(abroad, 30, customer, sender=rival)
    epochs.enter(6)
    award(program, customer, 50)
    epochs.enter(8)
    receipt = exchange(50)

    assert logs(receipt, hub) == [
        burned(hub, customer, program, customer, 100),
        burned(hub, customer, program, customer, 50),
        posted(hub, program, abroad, 5_000),
        burned(hub, customer, abroad, customer, 30),
        minted(hub, customer, abroad, customer, 10),
    ]
    assert hub.totalSupply(program) == 0
    assert hub.totalSupply(abroad) == 10


def test_exchange_counts_for_no_tier(hub, join, allow, merchant, rival, award, customer, exchange):
    near, far = (join(owner, 1, 1, tiers=[50]) for owner in (merchant, rival))
    allow(near, far, 100)
    award(near, customer, 60)
    exchange(60, of=near, to=far)

    here, there = hub.statementOf(near, customer), hub.statementOf(far, customer)
    assert (here.qualifying, here.tier) == (60, 1)
    assert (there.qualifying, there.tier) == (0, 0)


def test_exchange_speaks_through_both_faces(
    hub, project, join, allow, merchant, rival, award, customer, exchange
):
    near = join(merchant, 20_000, 10_000, has_token=True)
    far = join(rival, 50_000, 40_000, has_token=True)
    here, there = (project.PointsToken.at(hub.tokenOf(each)) for each in (near, far))
    allow(near, far, LIMIT)
    award(near, customer, 100)
    receipt = exchange(60, of=near, to=far)

    assert logs(receipt, hub, here, there) == [
        burned(hub, customer, near, customer, 60),
        log(here, "Transfer", from_=customer, to=ZERO, value=60),
        posted(hub, near, far, 6_000),
        minted(hub, customer, far, customer, 12),
        log(there, "Transfer", from_=ZERO, to=customer, value=12),
    ]
    assert (here.balanceOf(customer), there.balanceOf(customer)) == (40, 12)


def test_exchange_reverts_if_less_than_the_minimum_comes_out(
    project, connected, refuses, program, award, customer, exchange
):
    award(program, customer, 100)
    for least in (21, UNLIMITED):
        with refuses(project.PointsHub.ExchangeBelowMinimum, points=20, minPoints=least):
            exchange(100, least=least)
    exchange(100, least=20)


def test_exchange_protects_from_a_price_that_changed_meanwhile(
    hub, project, connected, refuses, program, abroad, rival, award, customer, exchange, clock
):
    award(program, customer, 100)
    effective = hub.announcePrices(abroad, 100_000, 40_000, sender=rival).timestamp + NOTICE
    clock.set(effective)

    with refuses(project.PointsHub.ExchangeBelowMinimum, points=10, minPoints=20):
        exchange(100, least=20)


def test_exchange_holds_until_its_deadline(
    project, connected, refuses, program, award, customer, exchange, clock
):
    award(program, customer, 100)
    deadline = clock.now + 100
    clock.set_next(deadline + 1)
    with refuses(project.PointsHub.IntentExpired, deadline=deadline, timestamp=deadline + 1):
        exchange(100, by=deadline)


def test_exchange_works_at_its_deadline(connected, program, award, customer, exchange, clock):
    award(program, customer, 100)
    deadline = clock.now + 100
    clock.set_next(deadline)
    assert exchange(100, by=deadline).timestamp == deadline


def test_exchange_reverts_if_balance_is_short(
    project, connected, refuses, program, award, customer, exchange
):
    award(program, customer, 100)
    for needed in (101, 2**47, UNLIMITED):
        with refuses(
            project.PointsHub.ERC6909InsufficientBalance,
            sender=customer,
            balance=100,
            needed=needed,
            id=program,
        ):
            exchange(needed)
    exchange(100)


def test_exchange_reverts_if_points_expired(
    project, connected, refuses, program, award, customer, exchange, epochs
):
    award(program, customer, 100)
    epochs.enter(8)
    with refuses(
        project.PointsHub.ERC6909InsufficientBalance,
        sender=customer,
        balance=0,
        needed=1,
        id=program,
    ):
        exchange(1)


def test_exchange_reverts_if_a_program_has_no_prices(
    project, connected, refuses, open_program, program, award, customer, exchange
):
    lonely = open_program()
    for each in (program, lonely):
        award(each, customer, 100)

    for stranger in (lonely, *NEVER_OPENED):
        with refuses(project.PointsHub.ProgramNotConnected, program=stranger):
            exchange(100, to=stranger)
        with refuses(project.PointsHub.ProgramNotConnected, program=stranger):
            exchange(100, of=stranger)
    exchange(100)


def test_exchange_reverts_if_the_programs_are_one(
    project, connected, refuses, program, award, customer, exchange
):
    award(program, customer, 100)
    for points in (0, 100):
        with refuses(project.PointsHub.ProgramsEqual, program=program):
            exchange(points, to=program)


def test_exchange_reverts_over_the_limit(
    project, connected, refuses, program, abroad, award, customer, exchange, position
):
    award(program, customer, 20_000)
    with refuses(
        project.PointsHub.PositionOverLimit,
        debtor=program,
        creditor=abroad,
        owed=LIMIT + 100,
        limit=LIMIT,
    ):
        exchange(10_001)
    exchange(4_000)
    with refuses(
        project.PointsHub.PositionOverLimit,
        debtor=program,
        creditor=abroad,
        owed=LIMIT + 100,
        limit=LIMIT,
    ):
        exchange(6_001)
    exchange(6_000)
    assert position(program, abroad) == (LIMIT, LIMIT)


def test_exchange_reverts_the_other_way_round_over_the_limit(
    hub, project, connected, refuses, program, abroad, rival, customer, exchange, position
):
    hub.award(abroad, 20_000, customer, sender=rival)
    with refuses(
        project.PointsHub.PositionOverLimit,
        debtor=abroad,
        creditor=program,
        owed=LIMIT + 400,
        limit=LIMIT,
    ):
        exchange(2_501, of=abroad, to=program)
    exchange(2_500, of=abroad, to=program)
    assert position(abroad, program) == (LIMIT, LIMIT)


def test_exchange_reverts_if_no_limit_was_set(
    project, join, connected, refuses, rival, program, award, customer, exchange
):
    stranger = join(rival, 50_000, 40_000)
    award(program, customer, 100)
    with refuses(
        project.PointsHub.PositionOverLimit, debtor=program, creditor=stranger, owed=100, limit=0
    ):
        exchange(1, to=stranger)


def test_exchange_reverts_over_the_cap_of_the_target(
    hub, project, join, allow, connected, refuses, rival, program, award, customer, exchange
):
    capped = join(rival, 50_000, 40_000, cap=20)
    allow(program, capped, LIMIT)
    award(program, customer, 200)
    with refuses(project.PointsHub.CapExceeded, program=capped, outstanding=21, cap=20):
        exchange(105, to=capped)
    exchange(104, to=capped)
    assert hub.totalSupply(capped) == 20


def test_exchange_reverts_if_what_comes_out_fits_no_lane(
    hub, project, join, allow, merchant, rival, award, customer, exchange
):
    dear, cheap = join(merchant, PRICE_MAX, PRICE_MAX), join(rival, 2, 2)
    allow(dear, cheap, 2**60)
    award(dear, customer, 100)
    assert exchange(1, of=dear, to=cheap).return_value == POINTS_MAX

    for points in (2, 99):
        with reverts(project.PointsHub.PointsOverflow, points=points * PRICE_MAX // 2):
            exchange(points, of=dear, to=cheap)
    assert hub.balanceOf(customer, dear) == 99


@pytest.mark.parametrize("holder", ["customer", "friend"])
def test_exchange_reverts_if_the_target_is_full(
    hub, project, join, allow, merchant, rival, award, customer, request, exchange, holder
):
    near, far = join(merchant, 1, 1), join(rival, 1, 1)
    allow(near, far, 100)
    award(near, customer, 100)
    award(far, request.getfixturevalue(holder), POINTS_MAX - 5)

    with reverts(project.PointsHub.PointsOverflow, points=POINTS_MAX + 1):
        exchange(6, of=near, to=far)
    assert hub.balanceOf(customer, near) == 100
    exchange(5, of=near, to=far)
    assert hub.totalSupply(far) == POINTS_MAX


def test_exchange_takes_the_largest_prices_and_amounts(
    hub, join, allow, merchant, rival, award, customer, exchange, position
):
    near, far = join(merchant, PRICE_MAX, PRICE_MAX), join(rival, PRICE_MAX, PRICE_MAX)
    points = 2**30
    allow(near, far, 2**72 - 1)
    award(near, customer, points)
    exchange(points, of=near, to=far)

    assert hub.balanceOf(customer, far) == points
    assert position(near, far) == (-(-points * PRICE_MAX // 100), 2**72 - 1)


# exchangeBySig


@pytest.fixture
def intent(domain, program, abroad, customer):
    """An exchange of 40 units by the customer, unless the test says otherwise."""

    def intent_(
        *,
        at=domain,
        of=program,
        to=abroad,
        holder=customer,
        points=40,
        least=8,
        terms=NO_TERMS,
        nonce=7,
        by=ANY_TIME,
    ):
        return exchange_intent(at, of, to, holder, points, least, nonce, by, terms)

    return intent_


def test_exchangeBySig_changes_points_whoever_brings_it(
    hub, connected, program, abroad, award, customer, relayer, intent, position
):
    award(program, customer, 100)
    signed = intent()
    receipt = hub.exchangeBySig(signed.values, signed.sign(customer), sender=relayer)

    assert receipt.return_value == 8
    assert logs(receipt, hub) == [
        burned(hub, relayer, program, customer, 40),
        posted(hub, program, abroad, 4_000),
        minted(hub, relayer, abroad, customer, 8),
    ]
    assert hub.balanceOf(customer, program) == 60
    assert hub.balanceOf(customer, abroad) == 8
    assert position(program, abroad) == (4_000, LIMIT)
    assert hub.isNonceUsed(customer, 7) is True


def test_exchangeBySig_reverts_if_replayed(
    hub, project, connected, refuses, program, award, customer, relayer, intent
):
    award(program, customer, 100)
    signed = intent()
    hub.exchangeBySig(signed.values, signed.sign(customer), sender=relayer)

    for again in (signed, intent(points=1, least=0)):
        with refuses(project.PointsHub.IntentNonceUsed, signer=customer, nonce=7):
            hub.exchangeBySig(again.values, again.sign(customer), sender=relayer)


def test_exchangeBySig_shares_its_nonces_with_transfers(
    hub, project, connected, refuses, domain, program, award, customer, friend, relayer, intent
):
    award(program, customer, 100)
    transfer = transfer_intent(domain, program, customer, friend, 5, 7, ANY_TIME)
    hub.transferBySig(transfer.values, transfer.sign(customer), sender=relayer)

    signed = intent()
    with refuses(project.PointsHub.IntentNonceUsed, signer=customer, nonce=7):
        hub.exchangeBySig(signed.values, signed.sign(customer), sender=relayer)
    other = intent(nonce=INFINITE)
    hub.exchangeBySig(other.values, other.sign(customer), sender=relayer)


def test_exchangeBySig_reverts_if_nonce_was_cancelled(
    hub, project, connected, refuses, program, award, customer, relayer, intent
):
    award(program, customer, 100)
    hub.cancelNonce(7, sender=customer)

    signed = intent()
    with refuses(project.PointsHub.IntentNonceUsed, signer=customer, nonce=7):
        hub.exchangeBySig(signed.values, signed.sign(customer), sender=relayer)


def test_exchangeBySig_holds_until_its_deadline(
    hub, project, connected, refuses, program, award, customer, relayer, intent, clock
):
    award(program, customer, 100)
    deadline = clock.now + 100
    signed = intent(by=deadline)
    clock.set_next(deadline + 1)
    with refuses(project.PointsHub.IntentExpired, deadline=deadline, timestamp=deadline + 1):
        hub.exchangeBySig(signed.values, signed.sign(customer), sender=relayer)


def test_exchangeBySig_works_at_its_deadline(
    hub, connected, program, award, customer, relayer, intent, clock
):
    award(program, customer, 100)
    deadline = clock.now + 100
    signed = intent(by=deadline)
    clock.set_next(deadline)
    receipt = hub.exchangeBySig(signed.values, signed.sign(customer), sender=relayer)

    assert receipt.timestamp == deadline


def test_exchangeBySig_reverts_if_somebody_else_signed(
    hub, project, connected, refuses, program, award, customer, friend, merchant, rival, intent
):
    award(program, customer, 100)
    signed = intent()
    for signer in (friend, merchant, rival):
        with refuses(
            project.PointsHub.IntentSignatureInvalid, signer=customer, digest=signed.digest()
        ):
            hub.exchangeBySig(signed.values, signed.sign(signer), sender=signer)


def test_exchangeBySig_reverts_if_a_field_was_changed(
    hub, project, connected, refuses, program, abroad, award, customer, friend, relayer, intent
):
    award(program, customer, 100)
    award(program, friend, 100)
    signature = intent().sign(customer)

    for changed in (
        intent(of=abroad, to=program),
        intent(to=program),
        intent(holder=friend),
        intent(points=41),
        intent(least=7),
        intent(terms=TERMS),
        intent(nonce=8),
        intent(by=ANY_TIME - 1),
    ):
        with refuses(
            project.PointsHub.IntentSignatureInvalid,
            signer=changed.values[2],
            digest=changed.digest(),
        ):
            hub.exchangeBySig(changed.values, signature, sender=relayer)
    hub.exchangeBySig(intent().values, signature, sender=relayer)


def test_exchangeBySig_takes_any_terms_that_were_signed(
    hub, connected, program, award, customer, relayer, intent
):
    award(program, customer, 100)
    signed = intent(terms=TERMS)
    hub.exchangeBySig(signed.values, signed.sign(customer), sender=relayer)

    assert hub.balanceOf(customer, program) == 60


def test_exchangeBySig_reverts_if_signed_for_another_domain(
    hub, project, connected, refuses, house, program, award, customer, relayer, intent, chain
):
    award(program, customer, 100)
    for foreign in (
        Domain("PointsHub", hub.address, chain.chain_id + 1),
        Domain("PointsHub", hub.address, 1),
        Domain("PointsHub", house.address, chain.chain_id),
        Domain("PointsHub", relayer.address, chain.chain_id),
        Domain("ClearingHouse", hub.address, chain.chain_id),
        Domain("PointsHub", hub.address, chain.chain_id, "2"),
    ):
        signature = intent(at=foreign).sign(customer)
        with refuses(
            project.PointsHub.IntentSignatureInvalid, signer=customer, digest=intent().digest()
        ):
            hub.exchangeBySig(intent().values, signature, sender=relayer)


def test_exchangeBySig_reverts_if_the_signature_permits_something_else(
    hub, project, connected, refuses, domain, program, abroad, award, customer, relayer, intent
):
    award(program, customer, 100)
    for other in (
        transfer_intent(domain, program, customer, relayer, 40, 7, ANY_TIME),
        redeem_intent(domain, program, customer, 40, 7, ANY_TIME, merchant=abroad),
    ):
        with refuses(
            project.PointsHub.IntentSignatureInvalid, signer=customer, digest=intent().digest()
        ):
            hub.exchangeBySig(intent().values, other.sign(customer), sender=relayer)


def test_exchangeBySig_reverts_if_signature_is_malformed(
    hub, project, connected, refuses, program, award, customer, relayer, intent
):
    award(program, customer, 100)
    signed = intent()
    good = signed.sign(customer)
    short = compact(good)
    other = short[:32] + bytes([short[32] ^ 0x80]) + short[33:]  # the other parity

    for bad in (b"", other, good + b"\x00", high_s(good), bytes(65), bytes(64), b"\xff" * 65):
        with refuses(
            project.PointsHub.IntentSignatureInvalid, signer=customer, digest=signed.digest()
        ):
            hub.exchangeBySig(signed.values, bad, sender=relayer)
    hub.exchangeBySig(signed.values, compact(good), sender=relayer)


def test_exchangeBySig_reverts_if_holder_is_zero(hub, project, connected, relayer, intent):
    nobody = intent(holder=ZERO, points=0, least=0)
    for signature in (b"", bytes(65)):
        with reverts(project.PointsHub.IntentSignatureInvalid, signer=ZERO, digest=nobody.digest()):
            hub.exchangeBySig(nobody.values, signature, sender=relayer)


def test_exchangeBySig_stays_usable_if_it_could_not_be_carried_out(
    hub, project, connected, refuses, program, award, customer, relayer, intent
):
    award(program, customer, 39)
    signed = intent()
    signature = signed.sign(customer)
    with refuses(
        project.PointsHub.ERC6909InsufficientBalance,
        sender=customer,
        balance=39,
        needed=40,
        id=program,
    ):
        hub.exchangeBySig(signed.values, signature, sender=relayer)
    assert hub.isNonceUsed(customer, 7) is False

    award(program, customer, 1)
    hub.exchangeBySig(signed.values, signature, sender=relayer)


def test_exchangeBySig_reverts_below_the_signed_minimum(
    hub, project, connected, refuses, program, award, customer, relayer, intent
):
    award(program, customer, 100)
    signed = intent(least=9)
    with refuses(project.PointsHub.ExchangeBelowMinimum, points=8, minPoints=9):
        hub.exchangeBySig(signed.values, signed.sign(customer), sender=relayer)


def test_exchangeBySig_asks_a_smart_account(
    hub, project, connected, refuses, program, abroad, award, wallet, customer, friend, relayer,
    intent,
):  # fmt: skip
    award(program, wallet, 100)
    signed = intent(holder=wallet)
    with refuses(project.PointsHub.IntentSignatureInvalid, signer=wallet, digest=signed.digest()):
        hub.exchangeBySig(signed.values, signed.sign(friend), sender=relayer)

    hub.exchangeBySig(signed.values, signed.sign(customer), sender=relayer)
    assert hub.balanceOf(wallet, abroad) == 8


# quoteExchange


def test_quoteExchange_is_what_exchange_gives(
    hub, connected, program, abroad, award, customer, epochs, exchange, position
):
    for epoch, points in ((4, 9), (5, 24), (6, 101), (7, 1_000)):
        epochs.enter(epoch)
        award(program, customer, points)

    owed = 0
    for points in (0, 4, 9, 30, 333):
        received, value = hub.quoteExchange(program, abroad, customer, points)
        assert exchange(points).return_value == received
        owed += value
        assert position(program, abroad) == (owed, LIMIT)


def test_quoteExchange_rounds_as_exchange_does(hub, join, merchant, rival, award, customer):
    near, far = join(merchant, 7, 7), join(rival, 5, 5)
    award(near, customer, 100)

    assert tuple(hub.quoteExchange(near, far, customer, 1)) == (1, 1)
    assert tuple(hub.quoteExchange(near, far, customer, 14)) == (19, 1)
    assert tuple(hub.quoteExchange(near, far, customer, 15)) == (21, 2)


def test_quoteExchange_knows_what_expired(hub, connected, program, abroad, award, customer, epochs):
    award(program, customer, 9)
    epochs.enter(5)
    award(program, customer, 9)
    assert tuple(hub.quoteExchange(program, abroad, customer, 9)) == (1, 900)
    assert tuple(hub.quoteExchange(program, abroad, customer, 14)) == (2, 1_400)

    epochs.enter(8)
    assert tuple(hub.quoteExchange(program, abroad, customer, 5)) == (1, 500)


def test_quoteExchange_reverts_if_the_account_holds_fewer(
    hub, project, connected, program, abroad, award, customer, outsider
):
    award(program, customer, 9)
    for account, balance, needed in (
        (customer, 9, 10),
        (customer, 9, UNLIMITED),
        (outsider, 0, 1),
    ):
        with reverts(
            project.PointsHub.ERC6909InsufficientBalance,
            sender=account,
            balance=balance,
            needed=needed,
            id=program,
        ):
            hub.quoteExchange.transact(program, abroad, account, needed, sender=outsider)

    assert tuple(hub.quoteExchange(program, abroad, customer, 9)) == (1, 900)
    assert tuple(hub.quoteExchange(program, abroad, outsider, 0)) == (0, 0)


def test_quoteExchange_reverts_if_points_expired(
    hub, project, connected, program, abroad, award, customer, epochs, outsider
):
    award(program, customer, 9)
    epochs.enter(5)
    award(program, customer, 4)
    epochs.enter(8)
    with reverts(
        project.PointsHub.ERC6909InsufficientBalance,
        sender=customer,
        balance=4,
        needed=5,
        id=program,
    ):
        hub.quoteExchange.transact(program, abroad, customer, 5, sender=outsider)


def test_quoteExchange_reverts_if_a_program_has_no_prices(
    hub, project, connected, open_program, program, customer, outsider
):
    lonely = open_program()
    for stranger in (lonely, *NEVER_OPENED):
        for pair in ((program, stranger), (stranger, program)):
            with reverts(project.PointsHub.ProgramNotConnected, program=stranger):
                hub.quoteExchange.transact(*pair, customer, 1, sender=outsider)


# positionOf, setLimit, clearPosition


def test_positionOf_nets_both_ways(
    hub, connected, program, abroad, rival, award, customer, redeem_at, position
):
    award(program, customer, 1_000)
    hub.award(abroad, 1_000, customer, sender=rival)

    redeem_at(100)
    assert position(program, abroad) == (10_000, LIMIT)
    assert position(abroad, program) == (0, LIMIT)
    redeem_at(10, of=abroad, at=program)
    assert position(program, abroad) == (6_000, LIMIT)
    assert position(abroad, program) == (0, LIMIT)
    redeem_at(15, of=abroad, at=program)
    assert position(program, abroad) == position(abroad, program) == (0, LIMIT)
    redeem_at(1, of=abroad, at=program)
    assert position(program, abroad) == (0, LIMIT)
    assert position(abroad, program) == (400, LIMIT)
    redeem_at(5)
    assert position(program, abroad) == (100, LIMIT)
    assert position(abroad, program) == (0, LIMIT)


def test_positionOf_holds_each_way_to_its_own_limit(
    hub, project, join, allow, refuses, merchant, rival, award, customer, redeem_at, position
):
    near, far = join(merchant, 100, 100), join(rival, 100, 100)
    for each in (near, far):
        award(each, customer, 1_000)
    allow(near, far, 30)
    allow(far, near, 5)

    redeem_at(30, of=near, at=far)
    with refuses(project.PointsHub.PositionOverLimit, debtor=near, creditor=far, owed=31, limit=30):
        redeem_at(1, of=near, at=far)
    redeem_at(35, of=far, at=near)
    with refuses(project.PointsHub.PositionOverLimit, debtor=far, creditor=near, owed=6, limit=5):
        redeem_at(1, of=far, at=near)
    assert (position(near, far), position(far, near)) == ((0, 30), (5, 5))


def test_positionOf_keeps_pairs_apart(
    hub, join, allow, merchant, rival, award, customer, redeem_at, position
):
    first, second, third = join(merchant, 100, 100), join(rival, 100, 100), join(rival, 100, 100)
    allow(first, second, 10)
    allow(first, third, 20)
    award(first, customer, 100)
    redeem_at(3, of=first, at=second)
    redeem_at(4, of=first, at=third)

    assert position(first, second) == (3, 10)
    assert position(first, third) == (4, 20)
    assert position(second, third) == position(third, second) == (0, 0)


def test_positionOf_of_strangers_is_nothing(program, position):
    assert position(program, program) == (0, 0)
    assert position(program, INFINITE) == (0, 0)
    assert position(0, program) == (0, 0)


def test_setLimit_is_for_the_clearing_house(
    hub, project, connected, refuses, program, abroad, merchant, rival, issuer, outsider
):
    for caller in (merchant, rival, issuer, outsider):
        with refuses(project.PointsHub.ClearingHouseOnly, caller=caller):
            hub.setLimit(program, abroad, 2_000_000, sender=caller)


def test_clearPosition_is_for_the_clearing_house(
    hub, project, connected, refuses, program, abroad, merchant, rival, issuer, outsider, award,
    customer, redeem_at,
):  # fmt: skip
    award(program, customer, 100)
    redeem_at(100)
    for caller in (merchant, rival, issuer, outsider):
        with refuses(project.PointsHub.ClearingHouseOnly, caller=caller):
            hub.clearPosition(program, abroad, sender=caller)
