"""Awards: who may give points, how many, and what they become."""

import pytest
from eth_utils import keccak

from tests.fixtures.logs import log, logs
from tests.fixtures.reverts import reverts
from tests.loyalty.constants import (
    EPOCH_LENGTH,
    EPOCH_MAX,
    POINTS_MAX,
    QUALIFYING_MAX,
    UNLIMITED,
    ZERO,
)
from tests.loyalty.intents import pack_records

BATCH = keccak(text="january.csv, chunk 0")


def minted(hub, issuer, program, to, points):
    return log(hub, "Transfer", caller=issuer, sender=ZERO, receiver=to, id=program, amount=points)


def stored(records, until, issued):
    """What the hub keeps of a batch: 25 bytes of its hash, end of the claw-back, epoch of issue."""
    return keccak(records)[:25] + until.to_bytes(5) + issued.to_bytes(2)


def test_award_credits_the_customer(hub, program, issuer, customer, ages):
    receipt = hub.award(program, 1_250, customer, sender=issuer)

    assert logs(receipt, hub) == [minted(hub, issuer, program, customer, 1_250)]
    assert hub.balanceOf(customer, program) == 1_250
    assert hub.totalSupply(program) == 1_250
    assert ages(program, customer) == [1_250, 0, 0, 0]
    assert list(hub.liabilityOf(program)) == [1_250, 0, 0, 0]


def test_award_adds_to_what_is_there(hub, program, award, customer, friend):
    award(program, customer, 100)
    award(program, friend, 7)
    award(program, customer, 23)

    assert hub.balanceOf(customer, program) == 123
    assert hub.balanceOf(friend, program) == 7
    assert hub.totalSupply(program) == 130


def test_award_of_nothing_is_recorded(hub, program, issuer, customer):
    receipt = hub.award(program, 0, customer, sender=issuer)

    assert logs(receipt, hub) == [minted(hub, issuer, program, customer, 0)]
    assert hub.balanceOf(customer, program) == 0


def test_award_touches_no_other_program(hub, open_program, award, customer):
    first, second = open_program(), open_program()
    award(first, customer, 50)

    assert hub.balanceOf(customer, second) == 0
    assert hub.totalSupply(second) == 0


@pytest.mark.parametrize(
    ("validity", "lanes"),
    [(4, [9, 0, 0, 0]), (3, [0, 9, 0, 0]), (2, [0, 0, 9, 0]), (1, [0, 0, 0, 9])],
)
def test_award_lives_as_many_epochs_as_the_program_grants(
    hub, open_program, award, customer, ages, epochs, validity, lanes
):
    program = open_program(validity=validity)
    award(program, customer, 9)

    assert ages(program, customer) == lanes
    assert list(hub.liabilityOf(program)) == lanes

    epochs.enter(4 + validity - 1)
    assert hub.balanceOf(customer, program) == 9
    assert hub.totalSupply(program) == 9

    epochs.enter(4 + validity)
    assert hub.balanceOf(customer, program) == 0
    assert hub.totalSupply(program) == 0


def test_award_reverts_if_caller_is_no_issuer(hub, project, program, merchant, customer, outsider):
    for caller in (outsider, merchant, customer):
        with reverts(project.PointsHub.ProgramIssuerOnly, program=program, caller=caller):
            hub.award(program, 1, customer, sender=caller)


def test_award_reverts_if_issuer_serves_another_program(hub, project, program, rival, customer):
    theirs = hub.createProgram(("Rival", "RVL", 4, 0, False, []), sender=rival).return_value
    hub.setIssuer(theirs, rival, UNLIMITED, sender=rival)
    hub.award(theirs, 1, customer, sender=rival)

    with reverts(project.PointsHub.ProgramIssuerOnly, program=program, caller=rival):
        hub.award(program, 1, customer, sender=rival)


def test_award_reverts_if_program_is_unknown(hub, project, program, issuer, customer):
    for unknown in (0, 1, program + 2, program + 3, 2**256 - 1):
        with reverts(project.PointsHub.ProgramIssuerOnly, program=unknown, caller=issuer):
            hub.award(unknown, 1, customer, sender=issuer)


def test_award_reverts_if_receiver_is_zero(hub, project, program, issuer):
    with reverts(project.PointsHub.ERC6909InvalidReceiver, receiver=ZERO):
        hub.award(program, 1, ZERO, sender=issuer)


def test_award_takes_the_largest_amount(hub, program, award, customer):
    award(program, customer, POINTS_MAX)

    assert hub.balanceOf(customer, program) == POINTS_MAX
    assert hub.totalSupply(program) == POINTS_MAX


@pytest.mark.parametrize("points", [POINTS_MAX + 1, UNLIMITED])
def test_award_reverts_if_amount_is_too_large(hub, project, program, issuer, customer, points):
    with reverts(project.PointsHub.PointsOverflow, points=points):
        hub.award(program, points, customer, sender=issuer)


def test_award_reverts_if_a_lane_overflows(hub, project, program, award, issuer, customer, friend):
    award(program, customer, POINTS_MAX)

    for to in (customer, friend):
        with reverts(project.PointsHub.PointsOverflow, points=POINTS_MAX + 1):
            hub.award(program, 1, to, sender=issuer)
    assert hub.balanceOf(friend, program) == 0


def test_award_fills_every_lane_to_the_brim(hub, program, award, customer, ages, epochs):
    for epoch in (4, 5, 6, 7):
        epochs.enter(epoch)
        award(program, customer, POINTS_MAX)

    assert ages(program, customer) == [POINTS_MAX] * 4
    assert hub.totalSupply(program) == 4 * POINTS_MAX


# Budgets


def test_award_books_the_budget(hub, program, merchant, issuer, customer):
    hub.setIssuer(program, issuer, 100, sender=merchant)
    hub.award(program, 60, customer, sender=issuer)

    assert tuple(hub.issuerOf(program, issuer)) == (100, 60, 4)
    hub.award(program, 40, customer, sender=issuer)
    assert tuple(hub.issuerOf(program, issuer)) == (100, 100, 4)


def test_award_reverts_if_budget_is_exceeded(hub, project, program, merchant, issuer, customer):
    hub.setIssuer(program, issuer, 100, sender=merchant)
    hub.award(program, 60, customer, sender=issuer)

    with reverts(
        project.PointsHub.BudgetExceeded, program=program, issuer=issuer, points=41, left=40
    ):
        hub.award(program, 41, customer, sender=issuer)
    assert hub.balanceOf(customer, program) == 60
    assert hub.issuerOf(program, issuer).used == 60


def test_award_finds_a_full_budget_in_the_next_epoch(
    hub, program, merchant, issuer, customer, epochs
):
    hub.setIssuer(program, issuer, 100, sender=merchant)
    hub.award(program, 100, customer, sender=issuer)
    epochs.enter(5)
    hub.award(program, 99, customer, sender=issuer)

    assert tuple(hub.issuerOf(program, issuer)) == (100, 99, 5)


def test_award_keeps_budgets_of_issuers_apart(
    hub, project, program, merchant, issuer, operator, customer
):
    hub.setIssuer(program, issuer, 100, sender=merchant)
    hub.setIssuer(program, operator, 10, sender=merchant)
    hub.award(program, 100, customer, sender=issuer)
    hub.award(program, 10, customer, sender=operator)

    with reverts(
        project.PointsHub.BudgetExceeded, program=program, issuer=operator, points=1, left=0
    ):
        hub.award(program, 1, customer, sender=operator)


def test_award_reverts_if_budget_was_cut_below_what_was_used(
    hub, project, program, merchant, issuer, customer, epochs
):
    hub.setIssuer(program, issuer, 100, sender=merchant)
    hub.award(program, 80, customer, sender=issuer)
    hub.setIssuer(program, issuer, 50, sender=merchant)

    with reverts(
        project.PointsHub.BudgetExceeded, program=program, issuer=issuer, points=1, left=0
    ):
        hub.award(program, 1, customer, sender=issuer)
    epochs.enter(5)
    hub.award(program, 50, customer, sender=issuer)


def test_award_counts_what_was_used_before_the_budget_was_raised(
    hub, project, program, merchant, issuer, customer
):
    hub.setIssuer(program, issuer, 100, sender=merchant)
    hub.award(program, 100, customer, sender=issuer)
    hub.setIssuer(program, issuer, 120, sender=merchant)
    hub.award(program, 20, customer, sender=issuer)

    with reverts(
        project.PointsHub.BudgetExceeded, program=program, issuer=issuer, points=1, left=0
    ):
        hub.award(program, 1, customer, sender=issuer)


def test_award_counts_what_was_used_if_issuer_was_dismissed_between(
    hub, project, program, merchant, issuer, customer
):
    hub.setIssuer(program, issuer, 100, sender=merchant)
    hub.award(program, 90, customer, sender=issuer)
    hub.setIssuer(program, issuer, 0, sender=merchant)
    with reverts(project.PointsHub.ProgramIssuerOnly, program=program, caller=issuer):
        hub.award(program, 1, customer, sender=issuer)
    hub.setIssuer(program, issuer, 100, sender=merchant)

    with reverts(
        project.PointsHub.BudgetExceeded, program=program, issuer=issuer, points=11, left=10
    ):
        hub.award(program, 11, customer, sender=issuer)


def test_award_books_nothing_if_budget_is_unlimited(hub, program, award, issuer, customer):
    award(program, customer, 12_345)

    assert tuple(hub.issuerOf(program, issuer)) == (UNLIMITED, 0, 0)


def test_award_holds_the_largest_limited_budget(hub, project, program, merchant, issuer, customer):
    hub.setIssuer(program, issuer, UNLIMITED - 1, sender=merchant)
    hub.award(program, POINTS_MAX, customer, sender=issuer)
    hub.redeem(program, POINTS_MAX, sender=customer)
    hub.award(program, POINTS_MAX, customer, sender=issuer)
    hub.redeem(program, POINTS_MAX, sender=customer)

    with reverts(
        project.PointsHub.BudgetExceeded, program=program, issuer=issuer, points=1, left=0
    ):
        hub.award(program, 1, customer, sender=issuer)


# Cap


@pytest.mark.parametrize("cap", [1, 2, 3, 1_000, 1_023, 1_024, 1_025, POINTS_MAX])
def test_award_reaches_the_cap_and_no_further(hub, project, open_program, issuer, customer, cap):
    program = open_program(cap=cap)
    hub.award(program, cap - 1, customer, sender=issuer)
    hub.award(program, 1, customer, sender=issuer)

    error = project.PointsHub.CapExceeded
    expected = {"program": program, "outstanding": cap + 1, "cap": cap}
    if cap == POINTS_MAX:
        error, expected = project.PointsHub.PointsOverflow, {"points": cap + 1}
    with reverts(error, **expected):
        hub.award(program, 1, customer, sender=issuer)
    assert hub.totalSupply(program) == cap


def test_award_counts_every_age_against_the_cap(
    hub, project, open_program, issuer, customer, epochs
):
    program = open_program(cap=1_000)
    for epoch, points in ((4, 400), (5, 300), (6, 200), (7, 100)):
        epochs.enter(epoch)
        hub.award(program, points, customer, sender=issuer)
    with reverts(project.PointsHub.CapExceeded, program=program, outstanding=1_001, cap=1_000):
        hub.award(program, 1, customer, sender=issuer)

    epochs.enter(8)  # the first 400 expired
    hub.award(program, 400, customer, sender=issuer)
    with reverts(project.PointsHub.CapExceeded, program=program, outstanding=1_001, cap=1_000):
        hub.award(program, 1, customer, sender=issuer)


def test_award_finds_room_after_a_redemption(hub, project, open_program, issuer, customer):
    program = open_program(cap=1_000)
    hub.award(program, 1_000, customer, sender=issuer)
    hub.redeem(program, 5, sender=customer)
    hub.award(program, 5, customer, sender=issuer)

    with reverts(project.PointsHub.CapExceeded, program=program, outstanding=1_001, cap=1_000):
        hub.award(program, 1, customer, sender=issuer)


def test_award_without_cap_is_bounded_by_the_lane_alone(hub, program, award, customer):
    award(program, customer, POINTS_MAX)

    assert hub.programOf(program).cap == 0
    assert hub.totalSupply(program) == POINTS_MAX


# Tiers


def test_award_raises_the_tier_at_its_threshold(hub, open_program, issuer, customer):
    program = open_program(tiers=[1_000, 5_000])
    receipt = hub.award(program, 999, customer, sender=issuer)
    assert logs(receipt, hub) == [minted(hub, issuer, program, customer, 999)]
    assert hub.statementOf(program, customer).tier == 0

    receipt = hub.award(program, 1, customer, sender=issuer)
    assert logs(receipt, hub) == [
        log(hub, "TierRaised", program=program, account=customer, tier=1),
        minted(hub, issuer, program, customer, 1),
    ]
    statement = hub.statementOf(program, customer)
    assert (statement.tier, statement.qualifying) == (1, 1_000)


def test_award_raises_the_tier_once(hub, open_program, issuer, customer):
    program = open_program(tiers=[1_000, 5_000])
    hub.award(program, 1_000, customer, sender=issuer)
    receipt = hub.award(program, 3_999, customer, sender=issuer)
    assert logs(receipt, hub) == [minted(hub, issuer, program, customer, 3_999)]

    receipt = hub.award(program, 1, customer, sender=issuer)
    assert logs(receipt, hub)[0] == log(
        hub, "TierRaised", program=program, account=customer, tier=2
    )


def test_award_may_skip_tiers(hub, open_program, issuer, customer):
    program = open_program(tiers=[1, 2, 3, 4, 5, 6])
    receipt = hub.award(program, 6, customer, sender=issuer)

    assert logs(receipt, hub)[0] == log(
        hub, "TierRaised", program=program, account=customer, tier=6
    )
    assert hub.statementOf(program, customer).tier == 6


@pytest.mark.parametrize("threshold", [1, 1_000, 1_024, 1_025, QUALIFYING_MAX])
def test_award_compares_with_the_exact_threshold(hub, open_program, issuer, customer, threshold):
    program = open_program(tiers=[threshold])
    hub.award(program, threshold - 1, customer, sender=issuer)
    assert hub.statementOf(program, customer).tier == 0

    hub.award(program, 1, customer, sender=issuer)
    assert hub.statementOf(program, customer).tier == 1


def test_award_raises_no_tier_if_program_has_none(hub, program, issuer, customer):
    receipt = hub.award(program, POINTS_MAX, customer, sender=issuer)

    assert len(receipt.logs) == 1
    assert hub.statementOf(program, customer).tier == 0


def test_award_stops_counting_at_the_largest_qualifying(hub, program, issuer, customer):
    hub.award(program, QUALIFYING_MAX - 1, customer, sender=issuer)
    for points in (1, 1, POINTS_MAX - QUALIFYING_MAX - 1):
        hub.award(program, points, customer, sender=issuer)
        statement = hub.statementOf(program, customer)
        assert (statement.qualifying, statement.tier) == (QUALIFYING_MAX, 0)

    assert tuple(statement.byAge) == (POINTS_MAX, 0, 0, 0)
    assert statement.epoch == 4


def test_award_keeps_a_tier_that_became_dearer(hub, open_program, merchant, issuer, customer):
    program = open_program(tiers=[100, 200])
    hub.award(program, 200, customer, sender=issuer)
    hub.setTiers(program, [1_000], sender=merchant)
    receipt = hub.award(program, 800, customer, sender=issuer)

    assert len(receipt.logs) == 1
    assert hub.statementOf(program, customer).tier == 2


def test_award_gives_a_tier_that_became_cheaper_with_the_next_points(
    hub, open_program, merchant, issuer, customer
):
    program = open_program(tiers=[1_000])
    hub.award(program, 500, customer, sender=issuer)
    hub.setTiers(program, [300], sender=merchant)
    assert hub.statementOf(program, customer).tier == 0

    hub.award(program, 1, customer, sender=issuer)
    assert hub.statementOf(program, customer).tier == 1


@pytest.mark.parametrize("epoch", [8, 9, 20, 40])
def test_award_keeps_tier_and_qualifying_after_everything_expired(
    hub, open_program, issuer, customer, epochs, epoch
):
    program = open_program(tiers=[100])
    hub.award(program, 150, customer, sender=issuer)
    hub.redeem(program, 30, sender=customer)  # so that points and qualifying points differ
    epochs.enter(epoch)

    assert tuple(hub.statementOf(program, customer)) == ([0, 0, 0, 0], 150, 1, epoch)


# Many at once


def test_awardMany_credits_everybody(hub, program, issuer, customer, friend):
    records = pack_records((customer, 100), (friend, 20), (customer, 3))
    receipt = hub.awardMany(program, BATCH, records, sender=issuer)

    assert logs(receipt, hub) == [
        minted(hub, issuer, program, customer, 100),
        minted(hub, issuer, program, friend, 20),
        minted(hub, issuer, program, customer, 3),
        log(hub, "BatchAwarded", program=program, batchId=BATCH, count=3, points=123),
    ]
    assert hub.balanceOf(customer, program) == 103
    assert hub.balanceOf(friend, program) == 20
    assert list(hub.liabilityOf(program)) == [123, 0, 0, 0]


def test_awardMany_stores_what_was_awarded(hub, open_program, issuer, customer, epochs, clock):
    program = open_program(validity=3)
    epochs.enter(9)
    records = pack_records((customer, 100))
    assert hub.batchDigestOf(program, BATCH) == bytes(32)
    hub.awardMany(program, BATCH, records, sender=issuer)

    assert hub.batchDigestOf(program, BATCH) == stored(records, clock.now, 9 + 3 - 4)


def test_awardMany_awards_as_award_does(hub, open_program, issuer, customer, friend, ages, epochs):
    program = open_program(tiers=[1_000], validity=2)
    hub.award(program, 999, customer, sender=issuer)
    epochs.enter(5)
    receipt = hub.awardMany(
        program, BATCH, pack_records((customer, 1), (friend, 2_000)), sender=issuer
    )

    assert logs(receipt, hub) == [
        log(hub, "TierRaised", program=program, account=customer, tier=1),
        minted(hub, issuer, program, customer, 1),
        log(hub, "TierRaised", program=program, account=friend, tier=1),
        minted(hub, issuer, program, friend, 2_000),
        log(hub, "BatchAwarded", program=program, batchId=BATCH, count=2, points=2_001),
    ]
    assert ages(program, customer) == [0, 0, 1, 999]
    assert ages(program, friend) == [0, 0, 2_000, 0]
    assert list(hub.liabilityOf(program)) == [0, 0, 2_001, 999]


def test_awardMany_records_what_expired(hub, open_program, issuer, customer, epochs):
    program = open_program(validity=1)
    hub.award(program, 40, customer, sender=issuer)
    epochs.enter(5)
    receipt = hub.awardMany(program, BATCH, pack_records((customer, 1)), sender=issuer)

    assert logs(receipt, hub)[:2] == [
        log(hub, "Transfer", caller=issuer, sender=customer, receiver=ZERO, id=program, amount=40),
        minted(hub, issuer, program, customer, 1),
    ]


def test_awardMany_reverts_if_batch_was_awarded(
    hub, project, program, merchant, issuer, operator, customer, friend
):
    hub.setIssuer(program, operator, UNLIMITED, sender=merchant)
    hub.awardMany(program, BATCH, pack_records((customer, 5)), sender=issuer)

    for records in (pack_records((customer, 5)), pack_records((friend, 1))):
        for caller in (issuer, operator):
            with reverts(project.PointsHub.BatchAwardedBefore, program=program, batchId=BATCH):
                hub.awardMany(program, BATCH, records, sender=caller)
    assert hub.totalSupply(program) == 5


def test_awardMany_takes_the_same_records_under_another_name(hub, program, issuer, customer):
    records = pack_records((customer, 5))
    hub.awardMany(program, BATCH, records, sender=issuer)
    hub.awardMany(program, keccak(BATCH), records, sender=issuer)

    assert hub.balanceOf(customer, program) == 10


def test_awardMany_keeps_batches_of_programs_apart(hub, open_program, issuer, customer):
    first, second = open_program(), open_program()
    records = pack_records((customer, 5))
    hub.awardMany(first, BATCH, records, sender=issuer)
    hub.awardMany(second, BATCH, records, sender=issuer)

    assert hub.balanceOf(customer, second) == 5


@pytest.mark.parametrize("length", [0, 1, 25, 27, 51, 53])
def test_awardMany_reverts_if_records_are_malformed(hub, project, program, issuer, length):
    with reverts(project.PointsHub.RecordsMalformed, length=length):
        hub.awardMany(program, BATCH, b"\x01" * length, sender=issuer)


def test_awardMany_reverts_if_caller_is_no_issuer(
    hub, project, program, faced, merchant, customer, outsider
):
    for caller in (outsider, merchant, customer):
        for any_program in (program, faced):
            with reverts(project.PointsHub.ProgramIssuerOnly, program=any_program, caller=caller):
                hub.awardMany(any_program, BATCH, pack_records((customer, 1)), sender=caller)


def test_awardMany_reverts_if_program_is_unknown(hub, project, program, issuer, customer):
    for unknown in (0, 1, program + 2, program + 3):
        with reverts(project.PointsHub.ProgramIssuerOnly, program=unknown, caller=issuer):
            hub.awardMany(unknown, BATCH, pack_records((customer, 1)), sender=issuer)


def test_awardMany_gives_nothing_if_a_receiver_is_zero(hub, project, program, issuer, customer):
    records = pack_records((customer, 5), (ZERO, 1))
    with reverts(project.PointsHub.ERC6909InvalidReceiver, receiver=ZERO):
        hub.awardMany(program, BATCH, records, sender=issuer)

    assert hub.balanceOf(customer, program) == 0
    assert hub.batchDigestOf(program, BATCH) == bytes(32)


@pytest.mark.parametrize("points", [POINTS_MAX + 1, UNLIMITED])
def test_awardMany_gives_nothing_if_an_amount_is_too_large(
    hub, project, program, issuer, customer, friend, points
):
    records = pack_records((customer, 5), (friend, points))
    with reverts(project.PointsHub.PointsOverflow, points=points):
        hub.awardMany(program, BATCH, records, sender=issuer)
    assert hub.totalSupply(program) == 0


@pytest.mark.parametrize("excess", [1, 2**47 + 1, 2**48 + 2**47 + 2])
def test_awardMany_gives_nothing_if_the_sum_overflows(
    hub, project, program, issuer, accounts, excess
):
    # 2^48 units in all would leave the guard bit of the supply's lane unset.
    most = [POINTS_MAX] * (1 + excess // POINTS_MAX)
    amounts = [*most, POINTS_MAX + excess - sum(most)]
    records = pack_records(*zip(accounts[10:], amounts, strict=False))
    with reverts(project.PointsHub.PointsOverflow, points=POINTS_MAX + excess):
        hub.awardMany(program, BATCH, records, sender=issuer)
    assert hub.totalSupply(program) == 0


def test_awardMany_takes_the_largest_sum(hub, program, issuer, customer, friend):
    records = pack_records((customer, POINTS_MAX - 1), (friend, 1))
    hub.awardMany(program, BATCH, records, sender=issuer)

    assert hub.totalSupply(program) == POINTS_MAX


def test_awardMany_counts_the_sum_against_the_budget(
    hub, project, program, merchant, issuer, customer, friend
):
    hub.setIssuer(program, issuer, 100, sender=merchant)
    with reverts(
        project.PointsHub.BudgetExceeded, program=program, issuer=issuer, points=101, left=100
    ):
        hub.awardMany(program, BATCH, pack_records((customer, 50), (friend, 51)), sender=issuer)

    hub.awardMany(program, BATCH, pack_records((customer, 50), (friend, 50)), sender=issuer)
    assert tuple(hub.issuerOf(program, issuer)) == (100, 100, 4)


def test_awardMany_counts_the_sum_against_the_cap(
    hub, project, open_program, issuer, customer, friend
):
    program = open_program(cap=100)
    with reverts(project.PointsHub.CapExceeded, program=program, outstanding=101, cap=100):
        hub.awardMany(program, BATCH, pack_records((customer, 50), (friend, 51)), sender=issuer)

    hub.awardMany(program, BATCH, pack_records((customer, 50), (friend, 50)), sender=issuer)
    assert hub.totalSupply(program) == 100


def test_awardMany_stores_what_was_awarded_if_the_clock_has_stopped(
    hub, open_program, issuer, customer, epochs, clock
):
    program = open_program(validity=4)
    epochs.enter(EPOCH_MAX)
    records = pack_records((customer, 100))
    hub.awardMany(program, BATCH, records, sender=issuer)

    assert hub.batchDigestOf(program, BATCH) == stored(records, clock.now, EPOCH_MAX)


def test_award_speaks_through_the_face(hub, token, faced, issuer, customer, friend):
    receipt = hub.award(faced, 5, customer, sender=issuer)
    assert logs(receipt, hub, token) == [
        minted(hub, issuer, faced, customer, 5),
        log(token, "Transfer", from_=ZERO, to=customer, value=5),
    ]

    receipt = hub.awardMany(faced, BATCH, pack_records((friend, 6)), sender=issuer)
    assert logs(receipt, hub, token) == [
        minted(hub, issuer, faced, friend, 6),
        log(token, "Transfer", from_=ZERO, to=friend, value=6),
        log(hub, "BatchAwarded", program=faced, batchId=BATCH, count=1, points=6),
    ]


def test_award_counts_seconds_of_the_epoch_exactly(hub, program, award, customer, epochs, clock):
    award(program, customer, 3)
    clock.set(epochs.start_of(8) - 1)
    assert hub.balanceOf(customer, program) == 3

    clock.set(epochs.start_of(8))
    assert hub.balanceOf(customer, program) == 0
    assert epochs.start_of(8) == hub.GENESIS() + 4 * EPOCH_LENGTH
