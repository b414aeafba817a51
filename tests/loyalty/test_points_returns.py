"""What happens when a purchase is returned: awards taken back, debts, redemptions refunded."""

import pytest
from eth_abi import encode
from eth_utils import keccak

from tests.fixtures.logs import log, logs
from tests.fixtures.reverts import reverts
from tests.loyalty.constants import (
    ANY_TIME,
    INFINITE,
    POINTS_MAX,
    QUALIFYING_MAX,
    UNLIMITED,
    ZERO,
)
from tests.loyalty.intents import coupon_intent, pack_intent, pack_records, redeem_intent

BATCH = keccak(text="january.csv, chunk 0")
WINDOW = 30 * 86_400
WINDOW_MAX = 2**32 - 1
ORDER = 4_711
ALWAYS = 2**48 - 1


def minted(hub, caller, program, to, points):
    return log(hub, "Transfer", caller=caller, sender=ZERO, receiver=to, id=program, amount=points)


def burned(hub, caller, program, holder, points):
    return log(
        hub, "Transfer", caller=caller, sender=holder, receiver=ZERO, id=program, amount=points
    )


def reversed_(hub, program, account, points, debt=0, index=0, batch=BATCH):
    return log(
        hub,
        "AwardReversed",
        program=program,
        batchId=batch,
        account=account,
        index=index,
        points=points,
        debt=debt,
    )


def paid(hub, program, account, points):
    return log(hub, "DebtPaid", program=program, account=account, points=points)


def tier(hub, event, program, account, reached):
    return log(hub, event, program=program, account=account, tier=reached)


@pytest.fixture
def adds_up(hub, ages, accounts):
    """Demands that a program's supply is the sum of all balances, age by age."""

    def adds_up_(program):
        held = [ages(program, account) for account in accounts[:12]]
        assert list(hub.liabilityOf(program)) == [sum(lane) for lane in zip(*held, strict=True)]

    return adds_up_


@pytest.fixture
def returnable(hub, merchant):
    """Lets awards of a program be reversed for 30 days, unless the test says otherwise."""

    def returnable_(program, window=WINDOW):
        hub.setClawback(program, window, sender=merchant)
        return program

    return returnable_


@pytest.fixture
def batch(hub, program, returnable, issuer):
    """Awards a batch of one record or more, and returns its records."""
    returnable(program)

    def batch_(*records, of=program, name=BATCH):
        packed = pack_records(*records)
        hub.awardMany(of, name, packed, sender=issuer)
        return packed

    return batch_


@pytest.fixture
def take_back(hub, program, issuer):
    """Has the issuer reverse points of a batch, of its first record if nothing else is said."""

    def take_back_(records, points, *, index=0, of=program, name=BATCH, caller=issuer):
        return hub.reverseAward(of, name, records, index, points, sender=caller)

    return take_back_


@pytest.fixture
def indebted(hub, program, batch, take_back, customer):
    """The customer owes 40 units of the program: it spent what was then reversed."""
    records = batch((customer, 40), name=keccak(text="spent"))
    hub.redeem(program, 40, sender=customer)
    take_back(records, 40, name=keccak(text="spent"))
    assert hub.debtOf(program, customer) == 40
    return program


# setClawback


def test_setClawback_sets_the_window(hub, program, faced, merchant):
    assert hub.clawbackOf(program) == 0
    for window in (WINDOW, WINDOW_MAX, 0):
        receipt = hub.setClawback(program, window, sender=merchant)
        assert logs(receipt, hub) == [log(hub, "ClawbackSet", program=program, window=window)]
        assert hub.clawbackOf(program) == window
        assert hub.clawbackOf(faced) == 0


def test_setClawback_reverts_if_caller_is_not_the_owner(
    hub, project, program, abroad, issuer, rival, outsider
):
    for caller in (issuer, rival, outsider):
        with reverts(project.PointsHub.ProgramOwnerOnly, program=program, caller=caller):
            hub.setClawback(program, 1, sender=caller)
    assert hub.clawbackOf(program) == 0


def test_setClawback_reverts_if_program_is_unknown(hub, project, program, merchant):
    for unknown in (0, program + 2):
        with reverts(project.PointsHub.ProgramUnknown, program=unknown):
            hub.setClawback(unknown, 1, sender=merchant)


# reverseAward


def test_reverseAward_takes_the_points_back(
    hub, program, batch, take_back, issuer, customer, friend, adds_up
):
    records = batch((customer, 100), (friend, 20))
    receipt = take_back(records, 100)

    assert logs(receipt, hub) == [
        burned(hub, issuer, program, customer, 100),
        reversed_(hub, program, customer, 100),
    ]
    assert hub.balanceOf(customer, program) == 0
    assert hub.balanceOf(friend, program) == hub.totalSupply(program) == 20
    assert hub.debtOf(program, customer) == 0
    adds_up(program)


def test_reverseAward_opens_the_record_at_its_index(
    hub, program, batch, take_back, customer, friend, spender
):
    records = batch((customer, 100), (friend, 20), (spender, 3))
    receipt = take_back(records, 20, index=1)
    assert logs(receipt, hub)[-1] == reversed_(hub, program, friend, 20, index=1)
    take_back(records, 2, index=2)

    holders = (customer, friend, spender)
    assert [hub.balanceOf(holder, program) for holder in holders] == [100, 0, 1]


def test_reverseAward_adds_partial_reversals_up_to_the_award_and_no_further(
    hub, project, program, batch, take_back, customer, award
):
    records = batch((customer, 100))
    award(program, customer, 1_000)
    with reverts(project.PointsHub.ReversalExceedsAward, points=101, left=100):
        take_back(records, 101)
    take_back(records, 30)
    with reverts(project.PointsHub.ReversalExceedsAward, points=71, left=70):
        take_back(records, 71)
    take_back(records, 69)
    take_back(records, 1)

    for points in (1, UNLIMITED):
        with reverts(project.PointsHub.ReversalExceedsAward, points=points, left=0):
            take_back(records, points)
    assert hub.balanceOf(customer, program) == 1_000
    assert hub.debtOf(program, customer) == 0


def test_reverseAward_counts_every_record_by_itself(
    hub, project, program, batch, take_back, customer
):
    records = batch((customer, 100), (customer, 100))
    other = batch((customer, 100), (customer, 100), name=keccak(BATCH))
    take_back(records, 100, index=0)
    take_back(records, 60, index=1)
    take_back(other, 100, index=0, name=keccak(BATCH))

    with reverts(project.PointsHub.ReversalExceedsAward, points=41, left=40):
        take_back(records, 41, index=1)
    take_back(other, 100, index=1, name=keccak(BATCH))
    assert hub.balanceOf(customer, program) == 40


def test_reverseAward_counts_every_program_by_itself(
    hub, program, faced, returnable, batch, take_back, customer
):
    returnable(faced)
    for of in (program, faced):
        records = batch((customer, 100), of=of)
        take_back(records, 100, of=of)

    assert hub.totalSupply(program) == hub.totalSupply(faced) == 0


def test_reverseAward_of_nothing_changes_nothing(hub, program, batch, take_back, issuer, customer):
    records = batch((customer, 100))
    receipt = take_back(records, 0)

    assert logs(receipt, hub) == [
        burned(hub, issuer, program, customer, 0),
        reversed_(hub, program, customer, 0),
    ]
    assert tuple(hub.statementOf(program, customer)) == ([100, 0, 0, 0], 100, 0, 4)
    assert hub.debtOf(program, customer) == 0


def test_reverseAward_reverts_if_caller_is_no_issuer(
    hub, project, program, abroad, batch, take_back, merchant, customer, rival, outsider
):
    records = batch((customer, 100))

    for caller in (merchant, customer, rival, outsider):
        with reverts(project.PointsHub.ProgramIssuerOnly, program=program, caller=caller):
            take_back(records, 100, caller=caller)
    assert hub.balanceOf(customer, program) == 100


def test_reverseAward_is_open_to_any_issuer_and_books_no_budget(
    hub, program, batch, take_back, merchant, operator, customer
):
    records = batch((customer, 100))
    hub.setIssuer(program, operator, 1, sender=merchant)
    take_back(records, 100, caller=operator)

    assert tuple(hub.issuerOf(program, operator)) == (1, 0, 0)
    assert hub.balanceOf(customer, program) == 0


def test_reverseAward_reverts_if_the_records_are_not_those_awarded(
    hub, project, program, batch, take_back, customer, friend
):
    records = batch((customer, 100), (friend, 20))

    for other in (
        b"",
        pack_records((customer, 100)),
        pack_records((friend, 20), (customer, 100)),
        pack_records((customer, 101), (friend, 20)),
        pack_records((customer, 100), (customer, 20)),
        records + pack_records((customer, 1)),
        records + b"\0",
        records[:-1],
    ):
        with reverts(project.PointsHub.RecordsNotAwarded, program=program, batchId=BATCH):
            take_back(other, 1)
    assert hub.balanceOf(customer, program) == 100
    take_back(records, 1)


def test_reverseAward_reverts_if_the_batch_is_unknown(
    hub, project, program, faced, batch, take_back, customer
):
    records = batch((customer, 100))

    with reverts(project.PointsHub.RecordsNotAwarded, program=program, batchId=keccak(BATCH)):
        take_back(records, 1, name=keccak(BATCH))
    with reverts(project.PointsHub.RecordsNotAwarded, program=faced, batchId=BATCH):
        take_back(records, 1, of=faced)
    assert hub.totalSupply(program) == 100


def test_reverseAward_reverts_if_the_points_were_awarded_by_themselves(
    hub, project, program, returnable, award, take_back, customer
):
    returnable(program)
    award(program, customer, 100)

    for name in (bytes(32), BATCH):
        with reverts(project.PointsHub.RecordsNotAwarded, program=program, batchId=name):
            take_back(pack_records((customer, 100)), 1, name=name)
    assert hub.balanceOf(customer, program) == 100


@pytest.mark.parametrize("index", [2, 3, 2**255, INFINITE])
def test_reverseAward_reverts_if_index_is_out_of_range(
    hub, project, program, batch, take_back, customer, friend, index
):
    records = batch((customer, 100), (friend, 20))

    with reverts(project.PointsHub.RecordIndexOutOfRange, index=index, count=2):
        take_back(records, 0, index=index)
    take_back(records, 20, index=1)


def test_reverseAward_works_in_the_last_second_of_the_window(
    hub, program, batch, take_back, customer, clock
):
    records = batch((customer, 100))
    ends = clock.now + WINDOW
    assert hub.batchDigestOf(program, BATCH)[25:30] == ends.to_bytes(5)
    clock.set_next(ends)
    receipt = take_back(records, 100)

    assert receipt.timestamp == ends
    assert hub.balanceOf(customer, program) == 0


def test_reverseAward_reverts_after_the_window(
    hub, project, program, batch, take_back, customer, clock
):
    records = batch((customer, 100))
    ends = clock.now + WINDOW

    clock.set_next(ends + 1)
    with reverts(
        project.PointsHub.ClawbackEnded, program=program, endedAt=ends, timestamp=ends + 1
    ):
        take_back(records, 1)
    assert hub.balanceOf(customer, program) == 100


def test_reverseAward_reverts_if_program_had_no_window(
    hub, project, program, batch, returnable, take_back, customer, clock
):
    returnable(program, window=0)
    records = batch((customer, 100))
    ended = clock.now

    clock.set_next(ended + 1)
    with reverts(
        project.PointsHub.ClawbackEnded, program=program, endedAt=ended, timestamp=ended + 1
    ):
        take_back(records, 1)


def test_reverseAward_keeps_the_window_that_the_award_had(
    hub, project, program, batch, returnable, take_back, customer, friend, clock
):
    long = batch((customer, 100), name=keccak(text="long"))
    returnable(program, window=10)
    short = batch((friend, 100), name=keccak(text="short"))
    ends = clock.now + 10
    returnable(program, window=WINDOW_MAX)

    clock.set_next(ends + 1)
    with reverts(
        project.PointsHub.ClawbackEnded, program=program, endedAt=ends, timestamp=ends + 1
    ):
        take_back(short, 1, name=keccak(text="short"))
    returnable(program, window=0)
    take_back(long, 100, name=keccak(text="long"))
    assert hub.balanceOf(friend, program) == hub.totalSupply(program) == 100


@pytest.mark.parametrize(("passed", "lanes"), [(0, [60, 0]), (1, [0, 60]), (3, [0, 0, 0, 60])])
def test_reverseAward_takes_from_the_lane_of_the_award(
    hub, program, batch, returnable, take_back, award, customer, epochs, ages, passed, lanes
):
    returnable(program, window=WINDOW_MAX)
    records = batch((customer, 100))
    epochs.enter(4 + passed)
    take_back(records, 40)

    assert ages(program, customer) == lanes + [0] * (4 - len(lanes))
    assert list(hub.liabilityOf(program)) == ages(program, customer)


@pytest.mark.parametrize("validity", [1, 2, 3])
def test_reverseAward_finds_the_lane_of_a_shorter_validity(
    hub, open_program, batch, returnable, take_back, customer, ages, validity, adds_up
):
    short = returnable(open_program(validity=validity))
    records = batch((customer, 100), of=short)
    take_back(records, 40, of=short)

    assert ages(short, customer)[4 - validity] == hub.balanceOf(customer, short) == 60
    adds_up(short)


@pytest.mark.parametrize("epoch", [8, 9, 100])
def test_reverseAward_reverts_if_the_award_expired(
    hub, project, program, batch, returnable, take_back, customer, epochs, epoch
):
    returnable(program, window=WINDOW_MAX)
    records = batch((customer, 100))
    epochs.enter(epoch)

    with reverts(project.PointsHub.EpochNotLive, epoch=4, current=epoch):
        take_back(records, 1)
    assert hub.debtOf(program, customer) == 0
    assert hub.statementOf(program, customer).qualifying == 100


def test_reverseAward_records_what_expired(
    hub, program, batch, returnable, take_back, award, customer, issuer, epochs, adds_up
):
    returnable(program, window=WINDOW_MAX)
    award(program, customer, 7)
    epochs.enter(5)
    records = batch((customer, 100))
    epochs.enter(8)
    receipt = take_back(records, 100)

    assert logs(receipt, hub) == [
        burned(hub, issuer, program, customer, 7),
        burned(hub, issuer, program, customer, 100),
        reversed_(hub, program, customer, 100),
    ]
    adds_up(program)


def test_reverseAward_takes_what_is_left_and_notes_the_rest_as_debt(
    hub, program, batch, take_back, award, customer, issuer, epochs, ages, adds_up
):
    records = batch((customer, 100))
    hub.redeem(program, 30, sender=customer)
    award(program, customer, 5)  # the same age: no telling apart
    receipt = take_back(records, 100)

    assert logs(receipt, hub) == [
        burned(hub, issuer, program, customer, 75),
        reversed_(hub, program, customer, 100, debt=25),
    ]
    assert hub.debtOf(program, customer) == 25
    assert ages(program, customer) == [0, 0, 0, 0]
    adds_up(program)


def test_reverseAward_leaves_points_of_another_age_alone(
    hub, program, batch, returnable, take_back, award, customer, friend, epochs, ages, adds_up
):
    returnable(program, window=WINDOW_MAX)
    award(program, customer, 1_000)
    epochs.enter(5)
    records = batch((customer, 100))
    epochs.enter(6)
    award(program, customer, 5)
    hub.transferAtEpoch(5, friend, program, 30, sender=customer)
    take_back(records, 100)

    assert ages(program, customer) == [5, 0, 1_000, 0]
    assert hub.debtOf(program, customer) == 30
    adds_up(program)


def test_reverseAward_leaves_points_that_were_given_away_alone(
    hub, program, batch, take_back, customer, friend, issuer
):
    records = batch((customer, 100))
    hub.transfer(friend, program, 100, sender=customer)
    receipt = take_back(records, 100)

    assert logs(receipt, hub) == [
        burned(hub, issuer, program, customer, 0),
        reversed_(hub, program, customer, 100, debt=100),
    ]
    assert hub.balanceOf(friend, program) == hub.totalSupply(program) == 100
    assert hub.debtOf(program, customer) == 100
    assert hub.debtOf(program, friend) == 0


def test_reverseAward_adds_debts_up(hub, program, batch, take_back, customer):
    records = batch((customer, 100), (customer, 50))
    hub.redeem(program, 150, sender=customer)
    for index, points, debt in ((0, 40, 40), (0, 60, 100), (1, 7, 107)):
        take_back(records, points, index=index)
        assert hub.debtOf(program, customer) == debt


def test_reverseAward_keeps_the_settings_and_the_coupons_count(
    hub, project, open_program, batch, returnable, take_back, claim, award, customer, merchant,
    coupon_key,
):  # fmt: skip
    full = returnable(open_program(validity=3, cap=10**9, tiers=[10**8]))
    hub.setCouponKey(full, coupon_key, 100, sender=merchant)
    claim(of=full, points=60, issued=3)
    records = batch((customer, 100), of=full)
    take_back(records, 100, of=full)

    settings = hub.programOf(full)
    assert (settings.validity, settings.cap, list(settings.tiers)) == (3, 10**9, [10**8])
    with reverts(project.PointsHub.CouponBudgetExceeded, program=full, points=41, left=40):
        claim(of=full, points=41, issued=3, order=1)
    claim(of=full, points=40, issued=3, order=1)


def test_reverseAward_speaks_through_the_face(
    hub, token, faced, batch, returnable, take_back, customer, issuer
):
    returnable(faced)
    records = batch((customer, 100), of=faced)
    hub.redeem(faced, 30, sender=customer)
    receipt = take_back(records, 100, of=faced)

    assert logs(receipt, hub, token) == [
        burned(hub, issuer, faced, customer, 70),
        log(token, "Transfer", from_=customer, to=ZERO, value=70),
        reversed_(hub, faced, customer, 100, debt=30),
    ]
    assert token.balanceOf(customer) == token.totalSupply() == 0


# Standing after a reversal


def test_reverseAward_lowers_qualifying_points_and_the_tier(
    hub, open_program, batch, returnable, take_back, customer, issuer
):
    tiered = returnable(open_program(tiers=[100, 200]))
    records = batch((customer, 250), of=tiered)
    receipt = take_back(records, 50, of=tiered)
    assert [event.name for event in logs(receipt, hub)] == ["Transfer", "AwardReversed"]
    receipt = take_back(records, 1, of=tiered)

    assert logs(receipt, hub) == [
        tier(hub, "TierLowered", tiered, customer, 1),
        burned(hub, issuer, tiered, customer, 1),
        reversed_(hub, tiered, customer, 1),
    ]
    statement = hub.statementOf(tiered, customer)
    assert (statement.qualifying, statement.tier) == (199, 1)
    receipt = take_back(records, 199, of=tiered)
    assert logs(receipt, hub)[0] == tier(hub, "TierLowered", tiered, customer, 0)
    assert tuple(hub.statementOf(tiered, customer)) == ([0, 0, 0, 0], 0, 0, 4)


def test_reverseAward_may_skip_tiers(hub, open_program, batch, returnable, take_back, customer):
    tiered = returnable(open_program(tiers=[1, 2, 3, 4, 5, 6]))
    records = batch((customer, 6), of=tiered)
    receipt = take_back(records, 4, of=tiered)

    assert logs(receipt, hub)[0] == tier(hub, "TierLowered", tiered, customer, 2)
    assert hub.statementOf(tiered, customer).tier == 2


def test_reverseAward_lowers_standing_by_points_that_were_spent(
    hub, open_program, batch, returnable, take_back, customer
):
    tiered = returnable(open_program(tiers=[100]))
    records = batch((customer, 100), of=tiered)
    hub.redeem(tiered, 100, sender=customer)
    take_back(records, 100, of=tiered)

    statement = hub.statementOf(tiered, customer)
    assert (statement.qualifying, statement.tier) == (0, 0)


def test_reverseAward_raises_no_tier_that_became_cheaper(
    hub, open_program, batch, returnable, take_back, merchant, customer
):
    tiered = returnable(open_program(tiers=[1_000]))
    records = batch((customer, 500), of=tiered)
    hub.setTiers(tiered, [100, 450], sender=merchant)
    receipt = take_back(records, 100, of=tiered)

    assert [event.name for event in logs(receipt, hub)] == ["Transfer", "AwardReversed"]
    assert hub.statementOf(tiered, customer).tier == 0


@pytest.mark.parametrize("points", [0, 1, 100])
def test_reverseAward_keeps_a_tier_that_became_dearer(
    hub, open_program, batch, returnable, take_back, merchant, customer, points
):
    tiered = returnable(open_program(tiers=[100]))
    records = batch((customer, 100), of=tiered)
    hub.setTiers(tiered, [101], sender=merchant)
    receipt = take_back(records, points, of=tiered)

    assert [event.name for event in logs(receipt, hub)] == ["Transfer", "AwardReversed"]
    statement = hub.statementOf(tiered, customer)
    assert (statement.qualifying, statement.tier) == (100 - points, 1)


def test_reverseAward_lowers_a_tier_that_became_dearer_if_the_points_held_one(
    hub, open_program, batch, returnable, take_back, merchant, customer
):
    tiered = returnable(open_program(tiers=[100, 200, 300]))
    records = batch((customer, 300), of=tiered)
    hub.setTiers(tiered, [150, 250, 350], sender=merchant)
    receipt = take_back(records, 50, of=tiered)
    assert [event.name for event in logs(receipt, hub)] == ["Transfer", "AwardReversed"]
    assert hub.statementOf(tiered, customer).tier == 3

    # 250 points are tier 2 today, 249 are tier 1.
    receipt = take_back(records, 1, of=tiered)
    assert logs(receipt, hub)[0] == tier(hub, "TierLowered", tiered, customer, 1)
    statement = hub.statementOf(tiered, customer)
    assert (statement.qualifying, statement.tier) == (249, 1)


def test_reverseAward_of_nothing_keeps_the_tier_if_no_tiers_are_left(
    hub, open_program, batch, returnable, take_back, merchant, customer
):
    tiered = returnable(open_program(tiers=[100]))
    records = batch((customer, 100), of=tiered)
    hub.setTiers(tiered, [], sender=merchant)
    for points in (0, 100):
        take_back(records, points, of=tiered)

    statement = hub.statementOf(tiered, customer)
    assert (statement.qualifying, statement.tier) == (0, 1)


def test_reverseAward_counts_down_from_the_largest_qualifying_to_nothing(
    hub, program, batch, take_back, customer
):
    records = batch((customer, POINTS_MAX))
    assert hub.statementOf(program, customer).qualifying == QUALIFYING_MAX
    take_back(records, 1)
    assert hub.statementOf(program, customer).qualifying == QUALIFYING_MAX - 1
    take_back(records, POINTS_MAX - 1)

    assert tuple(hub.statementOf(program, customer)) == ([0, 0, 0, 0], 0, 0, 4)


def test_reverseAward_lets_the_tier_be_earned_again(
    hub, open_program, batch, returnable, take_back, award, customer
):
    tiered = returnable(open_program(tiers=[100]))
    records = batch((customer, 100), of=tiered)
    take_back(records, 1, of=tiered)
    award(tiered, customer, 1)

    statement = hub.statementOf(tiered, customer)
    assert (statement.qualifying, statement.tier) == (100, 1)


# Debts


@pytest.mark.parametrize(
    ("points", "credited", "owed"),
    [(0, 0, 40), (1, 0, 39), (39, 0, 1), (40, 0, 0), (41, 1, 0), (POINTS_MAX, POINTS_MAX - 40, 0)],
)
def test_award_is_netted_by_the_debt(
    hub, indebted, award, customer, issuer, ages, adds_up, points, credited, owed
):
    receipt = award(indebted, customer, points)

    assert logs(receipt, hub) == [
        paid(hub, indebted, customer, points - credited),
        minted(hub, issuer, indebted, customer, credited),
    ]
    assert hub.debtOf(indebted, customer) == owed
    assert ages(indebted, customer) == [credited, 0, 0, 0]
    adds_up(indebted)


def test_award_is_netted_until_the_debt_is_paid(
    hub, indebted, award, customer, issuer, epochs, ages, adds_up
):
    for epoch, points, credited in ((5, 15, 0), (6, 15, 0), (7, 15, 5)):
        epochs.enter(epoch)
        receipt = award(indebted, customer, points)
        assert logs(receipt, hub)[0] == paid(hub, indebted, customer, points - credited)
    receipt = award(indebted, customer, 3)

    assert logs(receipt, hub) == [minted(hub, issuer, indebted, customer, 3)]
    assert ages(indebted, customer) == [8, 0, 0, 0]
    adds_up(indebted)


def test_award_nets_in_the_lane_of_the_validity(
    hub, open_program, returnable, batch, take_back, award, customer, ages, adds_up
):
    short = returnable(open_program(validity=2))
    records = batch((customer, 40), of=short)
    hub.redeem(short, 40, sender=customer)
    take_back(records, 40, of=short)
    award(short, customer, 100)

    assert ages(short, customer) == [0, 0, 60, 0]
    adds_up(short)


def test_award_nets_nobody_elses_debt(hub, indebted, faced, award, customer, friend, issuer):
    for of, to in ((indebted, friend), (faced, customer)):
        award(of, to, 30)
        assert hub.balanceOf(to, of) == 30
        assert hub.debtOf(of, to) == 0
    assert hub.debtOf(indebted, customer) == 40


def test_award_that_is_netted_qualifies(
    hub, open_program, returnable, batch, take_back, award, customer, issuer
):
    tiered = returnable(open_program(tiers=[100]))
    records = batch((customer, 100), of=tiered)
    hub.redeem(tiered, 100, sender=customer)
    take_back(records, 100, of=tiered)
    receipt = award(tiered, customer, 100)

    assert logs(receipt, hub) == [
        tier(hub, "TierRaised", tiered, customer, 1),
        paid(hub, tiered, customer, 100),
        minted(hub, issuer, tiered, customer, 0),
    ]
    assert tuple(hub.statementOf(tiered, customer)) == ([0, 0, 0, 0], 100, 1, 4)


def test_award_that_is_netted_counts_against_the_budget_and_not_against_the_cap(
    hub, project, indebted, award, merchant, issuer, customer
):
    hub.setIssuer(indebted, issuer, 100, sender=merchant)
    hub.setCap(indebted, 10, sender=merchant)
    with reverts(project.PointsHub.CapExceeded, program=indebted, outstanding=11, cap=10):
        award(indebted, customer, 51)
    assert hub.debtOf(indebted, customer) == 40

    award(indebted, customer, 50)
    assert hub.issuerOf(indebted, issuer).used == 50
    assert hub.totalSupply(indebted) == 10


def test_awardMany_is_netted_by_the_debt(
    hub, indebted, batch, customer, friend, issuer, ages, adds_up
):
    records = pack_records((friend, 7), (customer, 15), (customer, 26), (customer, 5))
    receipt = hub.awardMany(indebted, BATCH, records, sender=issuer)

    assert logs(receipt, hub) == [
        minted(hub, issuer, indebted, friend, 7),
        paid(hub, indebted, customer, 15),
        minted(hub, issuer, indebted, customer, 0),
        paid(hub, indebted, customer, 25),
        minted(hub, issuer, indebted, customer, 1),
        minted(hub, issuer, indebted, customer, 5),
        log(hub, "BatchAwarded", program=indebted, batchId=BATCH, count=4, points=53),
    ]
    assert hub.debtOf(indebted, customer) == 0
    assert ages(indebted, customer) == [6, 0, 0, 0]
    assert hub.totalSupply(indebted) == 13
    adds_up(indebted)


def test_awardMany_that_was_netted_is_reversed_to_a_debt(
    hub, indebted, batch, take_back, customer, adds_up
):
    records = batch((customer, 50))
    take_back(records, 50)

    assert hub.debtOf(indebted, customer) == 40
    assert hub.balanceOf(customer, indebted) == 0
    assert hub.statementOf(indebted, customer).qualifying == 0
    adds_up(indebted)


def test_claimCoupon_is_netted_by_the_debt(
    hub, project, indebted, claim, customer, relayer, merchant, coupon_key, ages, epochs, adds_up
):
    epochs.enter(5)
    hub.setCouponKey(indebted, coupon_key, 60, sender=merchant)
    receipt = claim(points=50, issued=4)

    assert logs(receipt, hub) == [
        paid(hub, indebted, customer, 40),
        minted(hub, relayer, indebted, customer, 10),
        log(
            hub,
            "CouponClaimed",
            program=indebted,
            campaign=bytes(32),
            to=customer,
            orderId=ORDER,
        ),
    ]
    assert ages(indebted, customer) == [0, 10, 0, 0]
    assert hub.debtOf(indebted, customer) == 0
    adds_up(indebted)
    with reverts(project.PointsHub.CouponBudgetExceeded, program=indebted, points=11, left=10):
        claim(points=11, order=1)


def test_claimDrop_is_netted_by_the_debt(
    hub, indebted, customer, issuer, relayer, ages, epochs, adds_up
):
    leaf = encode(["uint256", "address", "uint256"], [0, customer.address, 50])
    root = keccak(keccak(leaf))
    drop = hub.createDrop(indebted, root, 50, ALWAYS, BATCH, sender=issuer).return_value
    epochs.enter(6)
    receipt = hub.claimDrop(drop, 0, customer, 50, [], sender=relayer)

    assert logs(receipt, hub) == [
        paid(hub, indebted, customer, 40),
        minted(hub, relayer, indebted, customer, 10),
        log(hub, "DropClaimed", drop=drop, index=0, to=customer),
    ]
    assert ages(indebted, customer) == [0, 0, 10, 0]
    assert hub.dropOf(drop).left == 0
    adds_up(indebted)


def test_transfer_pays_no_debt(hub, indebted, award, customer, friend, adds_up):
    award(indebted, friend, 100)
    hub.transfer(customer, indebted, 60, sender=friend)
    hub.transferAtEpoch(4, customer, indebted, 5, sender=friend)

    assert hub.balanceOf(customer, indebted) == 65
    assert hub.debtOf(indebted, customer) == 40
    adds_up(indebted)


def test_exchange_pays_no_debt(hub, indebted, connected, abroad, rival, customer, adds_up):
    hub.award(abroad, 100, customer, sender=rival)
    received = hub.exchange(abroad, 100, indebted, 0, ANY_TIME, sender=customer).return_value

    assert hub.balanceOf(customer, indebted) == received == 200
    assert hub.debtOf(indebted, customer) == 40
    adds_up(indebted)


def test_debt_outlives_the_points(hub, indebted, award, customer, epochs):
    epochs.enter(30)
    award(indebted, customer, 50)

    assert hub.balanceOf(customer, indebted) == 10


def test_debt_stops_no_spending(hub, indebted, award, customer, friend):
    award(indebted, friend, 100)
    hub.transfer(customer, indebted, 60, sender=friend)
    hub.redeem(indebted, 20, sender=customer)
    hub.transfer(friend, indebted, 40, sender=customer)

    assert hub.balanceOf(customer, indebted) == 0
    assert hub.debtOf(indebted, customer) == 40


def test_award_speaks_through_the_face_of_what_was_credited(
    hub, token, faced, batch, returnable, take_back, award, customer, issuer
):
    returnable(faced)
    records = batch((customer, 40), of=faced)
    hub.redeem(faced, 40, sender=customer)
    take_back(records, 40, of=faced)
    receipt = award(faced, customer, 50)

    assert logs(receipt, hub, token) == [
        paid(hub, faced, customer, 40),
        minted(hub, issuer, faced, customer, 10),
        log(token, "Transfer", from_=ZERO, to=customer, value=10),
    ]
    assert token.balanceOf(customer) == token.totalSupply() == 10


# Reversible coupons


@pytest.fixture
def coupon_key(accounts):
    """Signs the program's coupons and has no other role."""
    return accounts[10]


@pytest.fixture
def claim(hub, program, merchant, coupon_key, domain, customer, relayer):
    """Has the relayer claim a coupon of 40 units, unless the test says otherwise."""
    hub.setCouponKey(program, coupon_key, 1_000, sender=merchant)

    def claim_(*, of=program, points=40, order=ORDER, issued=4, reversible=False):
        coupon = coupon_intent(domain, of, customer, points, order, issued, reversible)
        return hub.claimCoupon(coupon.values, coupon.sign(coupon_key), sender=relayer)

    return claim_


def batch_of(order):
    return order.to_bytes(32)


def test_claimCoupon_stores_a_batch_of_one_if_reversible(
    hub, program, claim, returnable, take_back, customer, issuer, clock, epochs, ages, adds_up
):
    returnable(program, window=WINDOW)
    epochs.enter(6)
    claim(points=100, issued=5, reversible=True)
    ends = clock.now + WINDOW
    records = pack_records((customer, 100))
    stored = keccak(records)[:25] + ends.to_bytes(5) + (5).to_bytes(2)
    assert hub.batchDigestOf(program, batch_of(ORDER)) == stored

    take_back(records, 30, name=batch_of(ORDER))
    receipt = take_back(records, 10, name=batch_of(ORDER))
    assert logs(receipt, hub) == [
        burned(hub, issuer, program, customer, 10),
        reversed_(hub, program, customer, 10, batch=batch_of(ORDER)),
    ]
    assert ages(program, customer) == [0, 60, 0, 0]
    adds_up(program)


def test_reverseAward_takes_no_more_than_the_coupon_gave(
    hub, project, program, claim, returnable, take_back, customer, friend
):
    returnable(program)
    claim(reversible=True)
    records, name = pack_records((customer, 40)), batch_of(ORDER)
    for other in (pack_records((customer, 41)), pack_records((friend, 40)), records + records):
        with reverts(project.PointsHub.RecordsNotAwarded, program=program, batchId=name):
            take_back(other, 1, name=name)
    with reverts(project.PointsHub.ReversalExceedsAward, points=41, left=40):
        take_back(records, 41, name=name)

    take_back(records, 40, name=name)
    assert hub.balanceOf(customer, program) == hub.totalSupply(program) == 0


def test_reverseAward_counts_the_window_of_a_coupon_from_its_claim(
    hub, project, program, claim, returnable, take_back, customer, clock
):
    returnable(program)
    claim(reversible=True)
    ends = clock.now + WINDOW
    returnable(program, window=WINDOW_MAX)

    clock.set_next(ends + 1)
    with reverts(
        project.PointsHub.ClawbackEnded, program=program, endedAt=ends, timestamp=ends + 1
    ):
        take_back(pack_records((customer, 40)), 1, name=batch_of(ORDER))


def test_reverseAward_reverts_if_the_coupon_is_not_reversible(
    hub, project, program, claim, returnable, take_back, customer
):
    returnable(program)
    claim(reversible=False)

    name = batch_of(ORDER)
    assert hub.batchDigestOf(program, name) == bytes(32)
    with reverts(project.PointsHub.RecordsNotAwarded, program=program, batchId=name):
        take_back(pack_records((customer, 40)), 1, name=name)
    assert hub.balanceOf(customer, program) == 40


def test_claimCoupon_reverts_if_a_batch_bears_its_name(
    hub, project, program, batch, claim, take_back, issuer, customer, friend
):
    first = batch((friend, 7), name=batch_of(ORDER))
    with reverts(project.PointsHub.BatchAwardedBefore, program=program, batchId=batch_of(ORDER)):
        claim(reversible=True)
    assert hub.isCouponUsed(program, ORDER) is False

    claim(order=1, reversible=True)
    with reverts(project.PointsHub.BatchAwardedBefore, program=program, batchId=batch_of(1)):
        batch((friend, 7), name=batch_of(1))
    take_back(first, 7, name=batch_of(ORDER))
    take_back(pack_records((customer, 40)), 40, name=batch_of(1))
    assert hub.totalSupply(program) == 0


# Redemptions that can be refunded


def lanes(*by_age):
    return sum(points << 48 * age for age, points in enumerate(by_age))


REDEMPTION = "(uint256,uint256,address,uint48,uint16,uint256,uint256)"


def digest_of(redemption):
    return keccak(encode([REDEMPTION], [redemption]))


def logged(redemption):
    """As the ABI decoder gives it."""
    return [field.lower() if isinstance(field, str) else field for field in redemption]


def stored(hub, redemption):
    _, merchant, _, order, *_ = redemption
    return log(
        hub,
        "RedemptionStored",
        merchant=merchant,
        orderId=order,
        redemption=logged(redemption),
    )


def refunded(hub, redemption, points, credited=None):
    _, merchant, _, order, *_ = redemption
    return log(
        hub,
        "RedemptionRefunded",
        merchant=merchant,
        orderId=order,
        redemption=logged(redemption),
        points=points,
        credited=points if credited is None else credited,
    )


def posted(hub, debtor, creditor, value):
    return log(hub, "PositionPosted", debtor=debtor, creditor=creditor, value=value)


@pytest.fixture
def spend(hub, domain, program, customer, issuer):
    """Redeems the customer's points for an order, to be refunded unless the test says otherwise."""

    def spend_(points, *, of=program, at=None, order=ORDER, refundable=True, caller=issuer):
        intent = redeem_intent(domain, of, customer, points, order, ANY_TIME, at)
        return hub.redeemBySig(intent.values, refundable, intent.sign(customer), sender=caller)

    return spend_


@pytest.fixture
def redemption(program, customer):
    """What `spend` stores: 40 units of epoch 4 at home, unless the test says otherwise."""

    def redemption_(*by_age, of=program, at=None, order=ORDER, epoch=4, value=0):
        place = of if at is None else at
        amounts = lanes(*by_age or (40,))
        return (of, place, customer.address, order, epoch, amounts, value)

    return redemption_


@pytest.fixture
def refund(hub, issuer):
    """Has the issuer refund a redemption."""

    def refund_(redemption, points, caller=issuer):
        return hub.refundRedemption(redemption, points, sender=caller)

    return refund_


def test_redeemBySig_stores_a_refundable_redemption(
    hub, program, award, spend, redemption, customer, issuer
):
    award(program, customer, 100)
    receipt = spend(40)

    assert logs(receipt, hub) == [
        burned(hub, issuer, program, customer, 40),
        stored(hub, redemption()),
        log(
            hub,
            "OrdersRedeemed",
            merchant=program,
            program=program,
            orderIds=ORDER.to_bytes(6),
        ),
    ]


def test_redeemBySig_stores_nothing_if_not_refundable(
    hub, project, program, award, spend, redemption, refund, customer
):
    award(program, customer, 100)
    receipt = spend(40, refundable=False)

    assert [event.name for event in logs(receipt, hub)] == ["Transfer", "OrdersRedeemed"]
    with reverts(project.PointsHub.RedemptionUnknown, digest=digest_of(redemption())):
        refund(redemption(), 40)
    assert hub.balanceOf(customer, program) == 60


def test_refundRedemption_reverts_if_redeemed_in_a_batch_or_by_the_holder(
    hub, project, program, award, redemption, refund, domain, customer, issuer
):
    award(program, customer, 100)
    intent = redeem_intent(domain, program, customer, 40, ORDER, ANY_TIME)
    packed = pack_intent(intent, intent.sign(customer))
    hub.redeemMany((program, program, bytes(32)), packed, sender=issuer)
    hub.redeem(program, 40, sender=customer)

    for order in (ORDER, 0):
        unknown = redemption(order=order)
        with reverts(project.PointsHub.RedemptionUnknown, digest=digest_of(unknown)):
            refund(unknown, 40)
    assert hub.balanceOf(customer, program) == 20


def test_refundRedemption_gives_the_points_back(
    hub, program, award, spend, redemption, refund, customer, issuer, ages, adds_up
):
    award(program, customer, 100)
    spend(40)
    receipt = refund(redemption(), 40)

    assert logs(receipt, hub) == [
        minted(hub, issuer, program, customer, 40),
        refunded(hub, redemption(), 40),
    ]
    assert ages(program, customer) == [100, 0, 0, 0]
    assert hub.isOrderUsed(program, ORDER) is True
    adds_up(program)


def test_refundRedemption_reverts_if_nothing_is_left(
    hub, project, program, award, spend, redemption, refund, customer
):
    award(program, customer, 100)
    spend(40)
    refund(redemption(), 40)

    for points in (0, 1, 40):
        with reverts(project.PointsHub.RedemptionUnknown, digest=digest_of(redemption())):
            refund(redemption(), points)
    assert hub.totalSupply(program) == 100


def test_refundRedemption_adds_parts_up_to_the_redemption_and_no_further(
    hub, project, program, award, spend, redemption, refund, customer
):
    award(program, customer, 100)
    spend(40)
    for points in (41, UNLIMITED):
        with reverts(project.PointsHub.RefundExceedsRedemption, points=points, left=40):
            refund(redemption(), points)
    refund(redemption(), 15)
    with reverts(project.PointsHub.RefundExceedsRedemption, points=26, left=25):
        refund(redemption(), 26)
    refund(redemption(), 0)
    refund(redemption(), 24)
    assert hub.balanceOf(customer, program) == 99

    refund(redemption(), 1)
    assert hub.balanceOf(customer, program) == hub.totalSupply(program) == 100


def test_refundRedemption_keeps_orders_apart(
    hub, project, program, award, spend, redemption, refund, customer
):
    award(program, customer, 100)
    spend(40)
    spend(40, order=ORDER + 1)
    refund(redemption(), 40)

    with reverts(project.PointsHub.RedemptionUnknown, digest=digest_of(redemption())):
        refund(redemption(), 40)
    refund(redemption(order=ORDER + 1), 40)
    assert hub.balanceOf(customer, program) == 100


def test_refundRedemption_reverts_if_caller_is_no_issuer(
    hub, project, program, abroad, award, spend, redemption, refund, merchant, customer, rival
):
    award(program, customer, 100)
    spend(40)

    for caller in (merchant, customer, rival):
        with reverts(project.PointsHub.ProgramIssuerOnly, program=program, caller=caller):
            refund(redemption(), 40, caller=caller)
    assert hub.balanceOf(customer, program) == 60


def test_refundRedemption_reverts_if_a_field_was_changed(
    hub, project, program, faced, connected, abroad, award, spend, redemption, refund, merchant,
    customer, friend, issuer, rival,
):  # fmt: skip
    for of in (program, faced):
        award(of, customer, 100)
    spend(40, at=abroad, caller=rival)
    hub.setIssuer(program, rival, 1, sender=merchant)
    true = redemption(at=abroad, value=4_000)

    changes = {
        0: (faced, abroad),
        1: (program,),
        2: (friend.address, rival.address),
        3: (ORDER + 1,),
        4: (3, 5),
        5: (lanes(41), lanes(0, 40), lanes(40) | 1 << 240),
        6: (0, 3_999, 4_001),
    }
    for place, values in changes.items():
        for value in values:
            changed = (*true[:place], value, *true[place + 1 :])
            with reverts(project.PointsHub.RedemptionUnknown, digest=digest_of(changed)):
                refund(changed, 40, caller=rival)
    assert hub.balanceOf(friend, program) == 0
    assert hub.balanceOf(customer, program) == 60
    refund(true, 40, caller=rival)


def test_refundRedemption_gives_back_the_ages_that_were_spent(
    hub, program, award, spend, redemption, refund, customer, epochs, ages, adds_up
):
    for epoch, points in ((4, 1), (5, 20), (6, 300), (7, 4_000)):
        epochs.enter(epoch)
        award(program, customer, points)
    spend(22)
    spent = redemption(0, 1, 20, 1, epoch=7)
    assert ages(program, customer) == [4_000, 299, 0, 0]

    # The last that were spent, the youngest, come back first.
    for points, there in ((1, [300, 0, 0]), (5, [300, 5, 0]), (15, [300, 20, 0])):
        refund(spent, points)
        assert ages(program, customer) == [4_000, *there]
        adds_up(program)
    refund(spent, 1)
    assert ages(program, customer) == [4_000, 300, 20, 1]
    adds_up(program)


def test_refundRedemption_gives_back_parts_across_ages(
    hub, program, award, spend, redemption, refund, customer, epochs, ages
):
    award(program, customer, 10)
    epochs.enter(5)
    award(program, customer, 30)
    spend(40)
    spent = redemption(30, 10, epoch=5)

    refund(spent, 25)
    assert ages(program, customer) == [25, 0, 0, 0]
    refund(spent, 10)
    assert ages(program, customer) == [30, 5, 0, 0]
    refund(spent, 5)
    assert ages(program, customer) == [30, 10, 0, 0]


def test_refundRedemption_gives_back_no_expired_points(
    hub, program, award, spend, redemption, refund, customer, issuer, epochs, ages, adds_up
):
    for epoch, points in ((4, 1), (5, 20), (6, 300)):
        epochs.enter(epoch)
        award(program, customer, points)
    spend(321)
    spent = redemption(300, 20, 1, epoch=6)
    epochs.enter(9)
    receipt = refund(spent, 321)

    assert logs(receipt, hub) == [
        minted(hub, issuer, program, customer, 300),
        refunded(hub, spent, 321, credited=300),
    ]
    assert ages(program, customer) == [0, 0, 0, 300]
    adds_up(program)
    epochs.enter(10)
    assert hub.totalSupply(program) == 0


@pytest.mark.parametrize("epoch", [8, 9, 5_000])
def test_refundRedemption_gives_back_nothing_if_all_expired(
    hub, project, program, award, spend, redemption, refund, customer, issuer, epochs, epoch
):
    award(program, customer, 100)
    spend(40)
    epochs.enter(epoch)
    receipt = refund(redemption(), 40)

    assert logs(receipt, hub) == [
        burned(hub, issuer, program, customer, 60),
        minted(hub, issuer, program, customer, 0),
        refunded(hub, redemption(), 40, credited=0),
    ]
    assert hub.totalSupply(program) == 0
    with reverts(project.PointsHub.RedemptionUnknown, digest=digest_of(redemption())):
        refund(redemption(), 40)


def test_refundRedemption_is_not_stopped_by_a_cap(
    hub, project, program, award, spend, redemption, refund, merchant, customer, friend
):
    award(program, customer, 100)
    spend(40)
    hub.setCap(program, 50, sender=merchant)
    refund(redemption(), 40)

    assert hub.totalSupply(program) == 100
    with reverts(project.PointsHub.CapExceeded, program=program, outstanding=101, cap=50):
        award(program, friend, 1)


def test_refundRedemption_reverts_if_a_lane_overflows(
    hub, project, program, award, spend, redemption, refund, customer, friend
):
    award(program, customer, 100)
    spend(40)
    award(program, friend, POINTS_MAX - 60)

    with reverts(project.PointsHub.PointsOverflow, points=POINTS_MAX + 1):
        refund(redemption(), 1)
    hub.redeem(program, 40, sender=friend)
    refund(redemption(), 40)
    assert hub.totalSupply(program) == POINTS_MAX


def test_refundRedemption_leaves_standing_alone(
    hub, open_program, award, spend, redemption, refund, customer
):
    tiered = open_program(tiers=[100, 110])
    award(tiered, customer, 100)
    spend(40, of=tiered)
    receipt = refund(redemption(of=tiered), 40)

    assert [event.name for event in logs(receipt, hub)] == ["Transfer", "RedemptionRefunded"]
    statement = hub.statementOf(tiered, customer)
    assert (statement.qualifying, statement.tier) == (100, 1)


def test_refundRedemption_keeps_the_settings_and_the_coupons_count(
    hub, project, program, award, claim, spend, redemption, refund, customer, merchant
):
    hub.setValidity(program, 4, sender=merchant)
    hub.setCap(program, 10**9, sender=merchant)
    hub.setTiers(program, [10**8], sender=merchant)
    claim(points=960)
    spend(40)
    refund(redemption(), 40)

    settings = hub.programOf(program)
    assert (settings.validity, settings.cap, list(settings.tiers)) == (4, 10**9, [10**8])
    with reverts(project.PointsHub.CouponBudgetExceeded, program=program, points=41, left=40):
        claim(points=41, order=1)


def test_refundRedemption_is_netted_by_the_debt(
    hub, program, batch, take_back, spend, redemption, refund, customer, issuer, ages, adds_up
):
    records = batch((customer, 60))
    spend(40)
    take_back(records, 45)  # 20 are left: a debt of 25
    assert hub.debtOf(program, customer) == 25
    receipt = refund(redemption(), 15)
    assert logs(receipt, hub) == [
        paid(hub, program, customer, 15),
        minted(hub, issuer, program, customer, 0),
        refunded(hub, redemption(), 15, credited=0),
    ]
    assert hub.debtOf(program, customer) == 10
    assert ages(program, customer) == [0, 0, 0, 0]
    adds_up(program)

    receipt = refund(redemption(), 25)
    assert logs(receipt, hub) == [
        paid(hub, program, customer, 10),
        minted(hub, issuer, program, customer, 15),
        refunded(hub, redemption(), 25, credited=15),
    ]
    assert hub.debtOf(program, customer) == 0
    assert ages(program, customer) == [15, 0, 0, 0]
    adds_up(program)


@pytest.mark.parametrize(
    ("points", "credited", "owed"), [(0, 0, 40), (39, 0, 1), (40, 0, 0), (41, 1, 0), (100, 60, 0)]
)
def test_refundRedemption_credits_what_the_debt_leaves(
    hub, indebted, spend, redemption, refund, award, customer, friend, issuer, ages, adds_up,
    points, credited, owed,
):  # fmt: skip
    award(indebted, friend, 100)
    hub.transfer(customer, indebted, 100, sender=friend)
    spend(100)
    receipt = refund(redemption(100), points)

    assert logs(receipt, hub) == [
        paid(hub, indebted, customer, points - credited),
        minted(hub, issuer, indebted, customer, credited),
        refunded(hub, redemption(100), points, credited=credited),
    ]
    assert hub.debtOf(indebted, customer) == owed
    assert ages(indebted, customer) == [credited, 0, 0, 0]
    adds_up(indebted)


def test_refundRedemption_is_netted_until_the_debt_is_paid(
    hub, program, batch, take_back, spend, redemption, refund, customer, issuer, ages
):
    records = batch((customer, 40))
    spend(40)
    take_back(records, 10)
    refund(redemption(), 10)
    receipt = refund(redemption(), 30)

    assert logs(receipt, hub) == [
        minted(hub, issuer, program, customer, 30),
        refunded(hub, redemption(), 30),
    ]
    assert ages(program, customer) == [30, 0, 0, 0]


def test_refundRedemption_pays_the_debt_with_the_oldest_it_gives_back(
    hub, program, batch, returnable, take_back, award, spend, redemption, refund, customer,
    epochs, ages, adds_up,
):  # fmt: skip
    returnable(program, window=WINDOW_MAX)
    for epoch, points in ((4, 10), (5, 20)):
        epochs.enter(epoch)
        award(program, customer, points)
    epochs.enter(6)
    records = batch((customer, 300))
    spend(330)
    spent = redemption(300, 20, 10, epoch=6)
    take_back(records, 16)
    # Of 25 given back, the youngest ages, 300 are of epoch 6: the debt takes 16 of them.
    refund(spent, 25)
    assert (ages(program, customer), hub.debtOf(program, customer)) == ([9, 0, 0, 0], 0)
    adds_up(program)

    take_back(records, 25)  # 9 are there
    assert (ages(program, customer), hub.debtOf(program, customer)) == ([0, 0, 0, 0], 16)
    refund(spent, 305)
    assert (ages(program, customer), hub.debtOf(program, customer)) == ([275, 14, 0, 0], 0)
    adds_up(program)


def test_refundRedemption_pays_the_debt_with_no_expired_points(
    hub, program, batch, returnable, take_back, award, spend, redemption, refund, customer,
    issuer, epochs, ages, adds_up,
):  # fmt: skip
    returnable(program, window=WINDOW_MAX)
    award(program, customer, 10)
    epochs.enter(5)
    records = batch((customer, 20))
    spend(30)
    spent = redemption(20, 10, epoch=5)
    take_back(records, 20)
    epochs.enter(8)
    receipt = refund(spent, 30)

    assert logs(receipt, hub) == [
        paid(hub, program, customer, 20),
        minted(hub, issuer, program, customer, 0),
        refunded(hub, spent, 30, credited=0),
    ]
    assert ages(program, customer) == [0, 0, 0, 0]
    assert hub.debtOf(program, customer) == 0
    adds_up(program)


def test_refundRedemption_records_what_expired_if_netted(
    hub, program, batch, returnable, take_back, spend, redemption, refund, award, customer,
    friend, issuer, epochs, ages, adds_up,
):  # fmt: skip
    returnable(program, window=WINDOW_MAX)
    award(program, customer, 7)
    epochs.enter(5)
    records = batch((customer, 40))
    hub.transferAtEpoch(4, friend, program, 7, sender=customer)
    spend(40)
    take_back(records, 10)
    hub.transfer(customer, program, 7, sender=friend)
    epochs.enter(8)
    spent = redemption(40, epoch=5)
    receipt = refund(spent, 40)

    assert logs(receipt, hub) == [
        burned(hub, issuer, program, customer, 7),
        paid(hub, program, customer, 10),
        minted(hub, issuer, program, customer, 30),
        refunded(hub, spent, 40, credited=30),
    ]
    assert ages(program, customer) == [0, 0, 0, 30]
    adds_up(program)


def test_refundRedemption_nets_nobody_elses_debt(
    hub, indebted, faced, award, spend, redemption, refund, customer, friend, domain, issuer
):
    award(faced, customer, 40)
    spend(40, of=faced)
    refund(redemption(of=faced), 40)
    award(indebted, friend, 40)
    intent = redeem_intent(domain, indebted, friend, 40, ORDER, ANY_TIME)
    hub.redeemBySig(intent.values, True, intent.sign(friend), sender=issuer)
    refund((indebted, indebted, friend.address, ORDER, 4, 40, 0), 40)

    assert hub.balanceOf(customer, faced) == hub.balanceOf(friend, indebted) == 40
    assert hub.debtOf(indebted, customer) == 40
    assert hub.debtOf(indebted, friend) == hub.debtOf(faced, customer) == 0


def test_refundRedemption_speaks_through_the_face_of_what_was_credited(
    hub, token, faced, returnable, batch, take_back, spend, redemption, refund, customer, issuer
):
    returnable(faced)
    records = batch((customer, 40), of=faced)
    spend(40, of=faced)
    take_back(records, 30, of=faced)
    receipt = refund(redemption(of=faced), 40)

    assert logs(receipt, hub, token) == [
        paid(hub, faced, customer, 30),
        minted(hub, issuer, faced, customer, 10),
        log(token, "Transfer", from_=ZERO, to=customer, value=10),
        refunded(hub, redemption(of=faced), 40, credited=10),
    ]
    assert token.balanceOf(customer) == token.totalSupply() == 10


def test_refundRedemption_speaks_through_the_face(
    hub, token, faced, award, spend, redemption, refund, customer, issuer
):
    award(faced, customer, 100)
    spend(40, of=faced)
    receipt = refund(redemption(of=faced), 10)

    assert logs(receipt, hub, token) == [
        minted(hub, issuer, faced, customer, 10),
        log(token, "Transfer", from_=ZERO, to=customer, value=10),
        refunded(hub, redemption(of=faced), 10),
    ]
    assert token.balanceOf(customer) == 70


# Refunds at another merchant


def test_redeemBySig_stores_what_another_merchant_was_credited(
    hub, program, abroad, connected, award, spend, redemption, customer, rival
):
    award(program, customer, 100)
    receipt = spend(40, at=abroad, caller=rival)

    assert logs(receipt, hub) == [
        burned(hub, rival, program, customer, 40),
        posted(hub, program, abroad, 4_000),
        stored(hub, redemption(at=abroad, value=4_000)),
        log(
            hub,
            "OrdersRedeemed",
            merchant=abroad,
            program=program,
            orderIds=ORDER.to_bytes(6),
        ),
    ]


def test_refundRedemption_posts_the_value_back(
    hub, program, abroad, connected, award, spend, redemption, refund, customer, rival, adds_up
):
    award(program, customer, 100)
    spend(40, at=abroad, caller=rival)
    assert hub.positionOf(program, abroad).owed == 4_000
    spent = redemption(at=abroad, value=4_000)
    receipt = refund(spent, 30, caller=rival)
    assert logs(receipt, hub) == [
        posted(hub, abroad, program, 3_000),
        minted(hub, rival, program, customer, 30),
        refunded(hub, spent, 30),
    ]
    assert hub.positionOf(program, abroad).owed == 1_000

    refund(spent, 10, caller=rival)
    assert hub.positionOf(program, abroad).owed == hub.positionOf(abroad, program).owed == 0
    assert hub.balanceOf(customer, program) == hub.totalSupply(program) == 100
    assert hub.totalSupply(abroad) == 0
    adds_up(program)


def test_refundRedemption_is_open_to_the_merchants_issuer_alone(
    hub, project, program, abroad, connected, award, spend, redemption, refund, customer,
    issuer, merchant, rival,
):  # fmt: skip
    award(program, customer, 100)
    spend(40, at=abroad, caller=rival)
    spent = redemption(at=abroad, value=4_000)

    for caller in (issuer, merchant, customer):
        with reverts(project.PointsHub.ProgramIssuerOnly, program=abroad, caller=caller):
            refund(spent, 40, caller=caller)
    refund(spent, 40, caller=rival)


@pytest.mark.parametrize(
    ("parts", "values"),
    [
        ([7], [3]),
        ([1] * 7, [1, 0, 1, 0, 1, 0, 0]),
        ([2, 5], [1, 2]),
        ([5, 2], [3, 0]),
        ([6, 0, 1], [3, 0, 0]),
    ],
)
def test_refundRedemption_posts_parts_that_add_up_to_the_value(
    hub, house, program, abroad, deposit, award, spend, redemption, refund, customer, merchant,
    rival, parts, values,
):  # fmt: skip
    hub.announcePrices(program, 33, 33, sender=merchant)
    deposit(program, merchant, 10)
    house.setLimit(program, abroad, 10, sender=merchant)
    award(program, customer, 100)
    spend(7, at=abroad, caller=rival)
    spent = redemption(7, at=abroad, value=3)

    for part, value in zip(parts, values, strict=True):
        receipt = refund(spent, part, caller=rival)
        assert logs(receipt, hub)[0] == posted(hub, abroad, program, value)
    assert sum(parts) == 7
    assert hub.positionOf(program, abroad).owed == hub.positionOf(abroad, program).owed == 0
    assert hub.balanceOf(customer, program) == 100


def test_refundRedemption_posts_the_value_of_expired_points_too(
    hub, program, abroad, connected, award, spend, redemption, refund, customer, rival, epochs
):
    award(program, customer, 40)
    spend(40, at=abroad, caller=rival)
    epochs.enter(8)
    receipt = refund(redemption(at=abroad, value=4_000), 40, caller=rival)

    assert logs(receipt, hub)[0] == posted(hub, abroad, program, 4_000)
    assert hub.positionOf(program, abroad).owed == 0
    assert hub.totalSupply(program) == 0


def test_refundRedemption_posts_the_value_as_it_was(
    hub, program, abroad, connected, award, spend, redemption, refund, customer, merchant, rival,
    clock,
):  # fmt: skip
    award(program, customer, 100)
    spend(40, at=abroad, caller=rival)
    hub.announcePrices(program, 90_000, 90_000, sender=merchant)
    clock.set(clock.now + hub.PRICE_NOTICE())
    assert hub.pricesOf(program).offRamp == 90_000
    receipt = refund(redemption(at=abroad, value=4_000), 40, caller=rival)

    assert logs(receipt, hub)[0] == posted(hub, abroad, program, 4_000)


def test_refundRedemption_needs_no_limit_if_the_debt_still_stands(
    hub, house, program, abroad, connected, award, spend, redemption, refund, customer, rival
):
    house.setLimit(abroad, program, 0, sender=rival)
    award(program, customer, 100)
    spend(40, at=abroad, caller=rival)
    refund(redemption(at=abroad, value=4_000), 40, caller=rival)

    assert hub.balanceOf(customer, program) == 100


def test_refundRedemption_reverts_if_the_merchants_limit_is_exceeded(
    hub, project, house, program, abroad, connected, award, spend, redemption, refund, customer,
    merchant, rival,
):  # fmt: skip
    award(program, customer, 100)
    spend(40, at=abroad, caller=rival)
    house.settle(program, abroad, sender=merchant)
    house.setLimit(abroad, program, 3_999, sender=rival)
    spent = redemption(at=abroad, value=4_000)
    with reverts(
        project.PointsHub.PositionOverLimit,
        debtor=abroad,
        creditor=program,
        owed=4_000,
        limit=3_999,
    ):
        refund(spent, 40, caller=rival)
    assert hub.balanceOf(customer, program) == 60
    assert hub.positionOf(abroad, program).owed == 0

    refund(spent, 39, caller=rival)
    house.setLimit(abroad, program, 4_000, sender=rival)
    refund(spent, 1, caller=rival)
    assert hub.positionOf(abroad, program).owed == 4_000
    assert hub.balanceOf(customer, program) == 100


def test_refundRedemption_keeps_merchants_apart(
    hub, program, abroad, connected, award, spend, redemption, refund, customer, issuer, rival
):
    award(program, customer, 100)
    spend(40)
    spend(40, at=abroad, caller=rival)
    refund(redemption(at=abroad, value=4_000), 40, caller=rival)
    refund(redemption(), 40, caller=issuer)

    assert hub.balanceOf(customer, program) == 100
