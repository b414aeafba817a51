"""Points that are spent at another merchant, who is owed their value (see `positions`)."""

import pytest
from eth_utils import keccak

from tests.fixtures.intents import high_s
from tests.fixtures.logs import log, logs
from tests.loyalty.constants import ANY_TIME, POINTS_MAX, UNLIMITED, ZERO
from tests.loyalty.intents import NO_TERMS, pack_intent, redeem_intent
from tests.loyalty.positions import *  # noqa: F403 - fixtures
from tests.loyalty.positions import LIMIT, NEVER_OPENED, TERMS, burned, posted

ORDER = 4_711

EXPIRED = "IntentExpired(uint256,uint256)"
USED = "OrderUsed(uint256,uint256)"
UNSIGNED = "IntentSignatureInvalid(address,bytes32)"
SHORT = "ERC6909InsufficientBalance(address,uint256,uint256,uint256)"
OVER_LIMIT = "PositionOverLimit(uint256,uint256,uint256,uint256)"


def orders(hub, merchant, program, *order_ids):
    packed = b"".join(order_id.to_bytes(6) for order_id in order_ids)
    return log(hub, "OrdersRedeemed", merchant=merchant, program=program, orderIds=packed)


def skipped(hub, program, holder, order_id, index, error):
    return log(
        hub,
        "IntentSkipped",
        program=program,
        from_=holder,
        orderId=order_id,
        index=index,
        reason=keccak(text=error)[:4],
    )


@pytest.fixture
def wallet(project, accounts, customer):
    """A smart account whose owner is the customer's key."""
    return accounts[0].deploy(project.WalletMock, customer)


# redeemAt


def test_redeemAt_spends_points_and_posts_their_value(
    hub, connected, program, abroad, award, customer, redeem_at, position
):
    award(program, customer, 100)
    receipt = redeem_at(60, least=6_000)

    assert receipt.return_value == 6_000
    assert logs(receipt, hub) == [
        burned(hub, customer, program, customer, 60),
        posted(hub, program, abroad, 6_000),
    ]
    assert (hub.balanceOf(customer, program), hub.totalSupply(program)) == (40, 40)
    assert hub.totalSupply(abroad) == 0
    assert position(program, abroad) == (6_000, LIMIT)
    assert position(abroad, program) == (0, LIMIT)


def test_redeemAt_spends_the_oldest_first(
    connected, program, award, customer, ages, epochs, redeem_at
):
    for epoch, points in ((4, 1), (5, 20), (6, 300), (7, 4_000)):
        epochs.enter(epoch)
        award(program, customer, points)
    redeem_at(22)

    assert ages(program, customer) == [4_000, 299, 0, 0]


def test_redeemAt_rounds_the_value_up(
    join, allow, merchant, rival, award, customer, redeem_at, position
):
    near, far = join(merchant, 9, 7), join(rival, 1, 1)
    allow(near, far, 100)
    award(near, customer, 100)

    owed = 0
    for points, value in ((1, 1), (14, 1), (15, 2), (0, 0)):
        assert redeem_at(points, of=near, at=far).return_value == value
        owed += value
        assert position(near, far) == (owed, 100)


def test_redeemAt_needs_no_prices_of_the_merchant(
    hub, connected, program, open_program, allow, award, customer, redeem_at, position
):
    lonely = open_program()
    allow(program, lonely, LIMIT)
    award(program, customer, 100)
    redeem_at(100, at=lonely)

    assert position(program, lonely) == (10_000, LIMIT)


def test_redeemAt_speaks_through_the_face(
    hub, project, join, allow, abroad, merchant, award, customer, redeem_at
):
    near = join(merchant, 20_000, 10_000, has_token=True)
    face = project.PointsToken.at(hub.tokenOf(near))
    allow(near, abroad, LIMIT)
    award(near, customer, 100)
    receipt = redeem_at(60, of=near)

    assert logs(receipt, hub, face) == [
        burned(hub, customer, near, customer, 60),
        log(face, "Transfer", from_=customer, to=ZERO, value=60),
        posted(hub, near, abroad, 6_000),
    ]


def test_redeemAt_reverts_if_the_merchant_gets_less_than_the_minimum(
    project, connected, refuses, program, award, customer, redeem_at
):
    award(program, customer, 100)
    for least in (10_001, UNLIMITED):
        with refuses(project.PointsHub.RedemptionBelowMinimum, value=10_000, minValue=least):
            redeem_at(100, least=least)
    redeem_at(100, least=10_000)


def test_redeemAt_holds_until_its_deadline(
    project, connected, refuses, program, award, customer, redeem_at, clock
):
    award(program, customer, 100)
    deadline = clock.now + 100
    clock.set_next(deadline + 1)
    with refuses(project.PointsHub.IntentExpired, deadline=deadline, timestamp=deadline + 1):
        redeem_at(100, by=deadline)


def test_redeemAt_works_at_its_deadline(connected, program, award, customer, redeem_at, clock):
    award(program, customer, 100)
    deadline = clock.now + 100
    clock.set_next(deadline)
    assert redeem_at(100, by=deadline).timestamp == deadline


def test_redeemAt_reverts_if_balance_is_short(
    project, connected, refuses, program, award, customer, redeem_at
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
            redeem_at(needed)
    redeem_at(100)


def test_redeemAt_reverts_if_the_program_has_no_prices(
    project, refuses, open_program, abroad, award, customer, redeem_at
):
    lonely = open_program()
    award(lonely, customer, 100)
    with refuses(project.PointsHub.ProgramNotConnected, program=lonely):
        redeem_at(100, of=lonely)


def test_redeemAt_reverts_if_the_programs_are_one(
    project, connected, refuses, program, award, customer, redeem_at
):
    award(program, customer, 100)
    for points in (0, 100):
        with refuses(project.PointsHub.ProgramsEqual, program=program):
            redeem_at(points, at=program)


def test_redeemAt_reverts_over_the_limit(
    project, connected, refuses, program, abroad, award, customer, redeem_at, position
):
    award(program, customer, 20_000)
    redeem_at(4_000)
    with refuses(
        project.PointsHub.PositionOverLimit,
        debtor=program,
        creditor=abroad,
        owed=LIMIT + 100,
        limit=LIMIT,
    ):
        redeem_at(6_001)
    redeem_at(6_000)
    assert position(program, abroad) == (LIMIT, LIMIT)


def test_redeemAt_reverts_if_the_merchant_is_unknown(
    project, connected, refuses, program, award, customer, redeem_at
):
    award(program, customer, 100)
    for unknown in NEVER_OPENED:
        with refuses(
            project.PointsHub.PositionOverLimit,
            debtor=program,
            creditor=unknown,
            owed=10_000,
            limit=0,
        ):
            redeem_at(100, at=unknown)


# redeemBySig and redeemMany at another merchant


@pytest.fixture
def order(domain, program, abroad, customer):
    """A redemption of 40 units by the customer at `abroad`, unless the test says otherwise."""

    def order_(
        number=ORDER,
        *,
        at=abroad,
        of=program,
        holder=customer,
        points=40,
        by=ANY_TIME,
        terms=NO_TERMS,
    ):
        return redeem_intent(domain, of, holder, points, number, by, merchant=at, terms=terms)

    return order_


def test_redeemBySig_at_another_merchant_posts_its_value(
    hub, connected, program, abroad, award, customer, rival, order, position
):
    award(program, customer, 100)
    signed = order()
    receipt = hub.redeemBySig(signed.values, False, signed.sign(customer), sender=rival)

    assert logs(receipt, hub) == [
        burned(hub, rival, program, customer, 40),
        posted(hub, program, abroad, 4_000),
        orders(hub, abroad, program, ORDER),
    ]
    assert hub.balanceOf(customer, program) == 60
    assert hub.totalSupply(program) == 60
    assert position(program, abroad) == (4_000, LIMIT)
    assert position(abroad, program) == (0, LIMIT)


def test_redeemBySig_at_home_posts_nothing(
    hub, connected, program, abroad, award, customer, issuer, order, position
):
    award(program, customer, 100)
    signed = order(at=program)
    receipt = hub.redeemBySig(signed.values, False, signed.sign(customer), sender=issuer)

    assert logs(receipt, hub) == [
        burned(hub, issuer, program, customer, 40),
        orders(hub, program, program, ORDER),
    ]
    assert position(program, abroad) == (0, LIMIT)


def test_redeemBySig_at_another_merchant_is_for_its_issuers_only(
    hub, project, connected, refuses, program, abroad, award, customer, merchant, issuer, relayer,
    order, operator, rival,
):  # fmt: skip
    award(program, customer, 100)
    signed = order()
    signature = signed.sign(customer)

    for caller in (issuer, merchant, customer, relayer):
        with refuses(project.PointsHub.ProgramIssuerOnly, program=abroad, caller=caller):
            hub.redeemBySig(signed.values, False, signature, sender=caller)
    assert hub.isOrderUsed(abroad, ORDER) is False

    hub.setIssuer(abroad, operator, 1, sender=rival)
    hub.redeemBySig(signed.values, False, signature, sender=operator)


def test_redeemBySig_counts_an_order_once_at_a_merchant_in_whatever_points(
    hub, project, connected, refuses, program, abroad, award, customer, issuer, rival, order
):
    award(program, customer, 100)
    hub.award(abroad, 100, customer, sender=rival)
    first = order()
    hub.redeemBySig(first.values, False, first.sign(customer), sender=rival)
    assert hub.isOrderUsed(abroad, ORDER) is True
    assert hub.isOrderUsed(program, ORDER) is False

    for again in (first, order(of=abroad), order(points=1)):
        with refuses(project.PointsHub.OrderUsed, program=abroad, orderId=ORDER):
            hub.redeemBySig(again.values, False, again.sign(customer), sender=rival)

    home = order(at=program)
    hub.redeemBySig(home.values, False, home.sign(customer), sender=issuer)
    assert hub.isOrderUsed(program, ORDER) is True


def test_redeemBySig_is_bound_to_merchant_program_and_terms(
    hub, project, connected, refuses, program, abroad, award, customer, rival, order
):
    award(program, customer, 100)
    hub.award(abroad, 100, customer, sender=rival)
    signature = order(terms=TERMS).sign(customer)

    elsewhere = hub.createProgram(("Ink", "INK", 4, 0, False, []), sender=rival).return_value
    hub.setIssuer(elsewhere, rival, UNLIMITED, sender=rival)
    for changed in (
        order(),
        order(terms=keccak(text="other terms")),
        order(terms=TERMS, at=elsewhere),
        order(terms=TERMS, of=abroad),
    ):
        with refuses(
            project.PointsHub.IntentSignatureInvalid, signer=customer, digest=changed.digest()
        ):
            hub.redeemBySig(changed.values, False, signature, sender=rival)
    hub.redeemBySig(order(terms=TERMS).values, False, signature, sender=rival)


def test_redeemBySig_at_another_merchant_reverts_over_the_limit(
    hub, project, connected, refuses, program, abroad, award, customer, rival, order
):
    award(program, customer, 20_000)
    large = order(points=10_001)
    with refuses(
        project.PointsHub.PositionOverLimit,
        debtor=program,
        creditor=abroad,
        owed=LIMIT + 100,
        limit=LIMIT,
    ):
        hub.redeemBySig(large.values, False, large.sign(customer), sender=rival)
    assert hub.isOrderUsed(abroad, ORDER) is False

    fitting = order(points=10_000)
    hub.redeemBySig(fitting.values, False, fitting.sign(customer), sender=rival)


def test_redeemBySig_at_another_merchant_reverts_if_the_program_has_no_prices(
    hub, project, refuses, program, award, customer, rival, order
):
    award(program, customer, 100)
    signed = order()
    with refuses(project.PointsHub.ProgramNotConnected, program=program):
        hub.redeemBySig(signed.values, False, signed.sign(customer), sender=rival)


def pack(*signed):
    """Intents of (intent, signer) or (intent, signature)."""
    return b"".join(
        pack_intent(intent, by if isinstance(by, bytes) else intent.sign(by))
        for intent, by in signed
    )


@pytest.fixture
def redeem_many(hub, program, abroad, rival):
    """Submits orders in points of `program` at `abroad`, unless the test says otherwise."""

    def redeem_many_(*signed, of=program, at=abroad, terms=NO_TERMS, sender=rival):
        return hub.redeemMany((of, at, terms), pack(*signed), sender=sender)

    return redeem_many_


def test_redeemMany_at_another_merchant_posts_their_value_at_once(
    hub, connected, program, abroad, award, customer, friend, rival, order, redeem_many, position
):
    award(program, customer, 100)
    award(program, friend, 50)
    receipt = redeem_many(
        (order(7), customer), (order(6, holder=friend, points=50), friend), (order(8), customer)
    )

    assert receipt.return_value == 3
    assert logs(receipt, hub) == [
        burned(hub, rival, program, customer, 40),
        burned(hub, rival, program, friend, 50),
        burned(hub, rival, program, customer, 40),
        posted(hub, program, abroad, 13_000),
        orders(hub, abroad, program, 7, 6, 8),
    ]
    assert hub.balanceOf(customer, program) == 20
    assert hub.totalSupply(program) == 20
    assert position(program, abroad) == (13_000, LIMIT)
    for number in (6, 7, 8):
        assert hub.isOrderUsed(abroad, number) is True
        assert hub.isOrderUsed(program, number) is False


def test_redeemMany_skips_what_is_over_the_limit_and_goes_on(
    hub, connected, program, abroad, award, customer, rival, order, redeem_many, position
):
    award(program, customer, 20_000)
    receipt = redeem_many(
        (order(1, points=6_000), customer),
        (order(2, points=4_001), customer),
        (order(3, points=20_000), customer),  # of which 14,000 are left
        (order(4, points=4_000), customer),
        (order(5, points=1), customer),
        (order(6, points=0), customer),
    )

    assert receipt.return_value == 3
    assert logs(receipt, hub) == [
        burned(hub, rival, program, customer, 6_000),
        skipped(hub, program, customer, 2, 1, OVER_LIMIT),
        skipped(hub, program, customer, 3, 2, SHORT),
        burned(hub, rival, program, customer, 4_000),
        skipped(hub, program, customer, 5, 4, OVER_LIMIT),
        burned(hub, rival, program, customer, 0),
        posted(hub, program, abroad, LIMIT),
        orders(hub, abroad, program, 1, 4, 6),
    ]
    assert position(program, abroad) == (LIMIT, LIMIT)
    assert [hub.isOrderUsed(abroad, number) for number in (1, 2, 3, 4, 5, 6)] == [
        True, False, False, True, False, True,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("points", "reason"),
    [(10_001, OVER_LIMIT), (10_500, OVER_LIMIT), (10_501, SHORT), (POINTS_MAX, SHORT)],
    ids=["over", "all", "short", "most"],
)
def test_redeemMany_names_the_lack_of_points_before_the_limit(
    hub, connected, program, abroad, award, customer, epochs, order, redeem_many, points, reason
):
    award(program, customer, 9_000)
    epochs.enter(5)
    award(program, customer, 10_500)
    epochs.enter(8)  # in which the first have expired
    receipt = redeem_many((order(1, points=points), customer))

    assert logs(receipt, hub) == [
        skipped(hub, program, customer, 1, 0, reason),
        posted(hub, program, abroad, 0),
        orders(hub, abroad, program),
    ]
    assert hub.balanceOf(customer, program) == hub.totalSupply(program) == 10_500
    assert hub.isOrderUsed(abroad, 1) is False


def test_redeemMany_counts_what_a_batch_took_before_it_names_the_lack_of_points(
    hub, connected, program, abroad, award, customer, rival, order, redeem_many
):
    award(program, customer, 12_000)
    receipt = redeem_many(
        (order(1, points=9_000), customer),
        (order(2, points=3_000), customer),
        (order(3, points=3_001), customer),
        (order(4, points=1_000), customer),
    )

    assert logs(receipt, hub) == [
        burned(hub, rival, program, customer, 9_000),
        skipped(hub, program, customer, 2, 1, OVER_LIMIT),
        skipped(hub, program, customer, 3, 2, SHORT),
        burned(hub, rival, program, customer, 1_000),
        posted(hub, program, abroad, LIMIT),
        orders(hub, abroad, program, 1, 4),
    ]


def test_redeemMany_leaves_what_was_over_the_limit_usable(
    connected, house, deposit, program, abroad, merchant, award, customer, order, redeem_many
):
    award(program, customer, 20_000)
    late = (order(2, points=5_000), customer)
    assert redeem_many((order(1, points=8_000), customer), late).return_value == 1

    house.settle(program, abroad, sender=merchant)
    assert redeem_many(late).return_value == 0  # the limit fell by what was paid
    deposit(program, merchant, 300_000)
    house.setLimit(program, abroad, 500_000, sender=merchant)
    assert redeem_many(late).return_value == 1


def test_redeemMany_may_use_what_the_merchant_owes_as_well(
    hub, connected, program, abroad, rival, award, customer, order, redeem_many, exchange, position
):
    hub.award(abroad, 1_000, customer, sender=rival)
    exchange(1_000, of=abroad, to=program)
    assert position(abroad, program) == (400_000, LIMIT)
    award(program, customer, 20_000)
    receipt = redeem_many((order(1, points=14_001), customer), (order(2, points=14_000), customer))

    assert receipt.return_value == 1
    assert position(program, abroad) == (LIMIT, LIMIT)


def test_redeemMany_rounds_once_for_all(
    hub, join, allow, merchant, abroad, award, customer, order, redeem_many, position
):
    near = join(merchant, 7, 7)
    allow(near, abroad, 1)
    award(near, customer, 100)
    receipt = redeem_many(
        (order(1, of=near, points=7), customer),
        (order(2, of=near, points=8), customer),  # 1.05
        (order(3, of=near, points=7), customer),  # 0.98
        of=near,
    )

    assert receipt.return_value == 2
    assert position(near, abroad) == (1, 1)


def test_redeemMany_at_another_merchant_skips_what_else_it_cannot_use(
    hub, connected, program, abroad, award, customer, friend, rival, order, redeem_many, clock
):
    award(program, customer, 100)
    receipt = redeem_many(
        (order(1, by=clock.now - 1), customer),
        (order(2), friend),
        (order(3, at=program), customer),
        (order(4, of=abroad), customer),
        (order(5, terms=TERMS), customer),
        (order(6, points=101), customer),
        (order(7), high_s(order(7).sign(customer))),
        (order(8), customer),
        (order(8, points=1), customer),
    )

    assert receipt.return_value == 1
    assert logs(receipt, hub) == [
        skipped(hub, program, customer, 1, 0, EXPIRED),
        skipped(hub, program, customer, 2, 1, UNSIGNED),
        skipped(hub, program, customer, 3, 2, UNSIGNED),
        skipped(hub, program, customer, 4, 3, UNSIGNED),
        skipped(hub, program, customer, 5, 4, UNSIGNED),
        skipped(hub, program, customer, 6, 5, SHORT),
        skipped(hub, program, customer, 7, 6, UNSIGNED),
        burned(hub, rival, program, customer, 40),
        skipped(hub, program, customer, 8, 8, USED),
        posted(hub, program, abroad, 4_000),
        orders(hub, abroad, program, 8),
    ]


def test_redeemMany_binds_its_terms(
    hub, connected, program, abroad, award, customer, order, redeem_many
):
    award(program, customer, 100)
    signed = (order(terms=TERMS), customer)
    assert redeem_many(signed).return_value == 0
    assert redeem_many(signed, terms=keccak(text="other terms")).return_value == 0
    assert redeem_many(signed, terms=TERMS).return_value == 1


def test_redeemMany_skips_an_order_that_was_paid_in_other_points(
    hub, connected, program, abroad, rival, award, customer, order, redeem_many
):
    award(program, customer, 100)
    hub.award(abroad, 100, customer, sender=rival)
    assert redeem_many((order(of=abroad), customer), of=abroad).return_value == 1

    receipt = redeem_many((order(), customer))
    assert logs(receipt, hub) == [
        skipped(hub, program, customer, ORDER, 0, USED),
        posted(hub, program, abroad, 0),
        orders(hub, abroad, program),
    ]
    assert hub.balanceOf(customer, program) == 100


def test_redeemMany_at_another_merchant_speaks_through_the_face(
    hub, project, join, allow, merchant, rival, abroad, award, customer, order, redeem_many
):
    near = join(merchant, 20_000, 10_000, has_token=True)
    face = project.PointsToken.at(hub.tokenOf(near))
    allow(near, abroad, LIMIT)
    award(near, customer, 100)
    receipt = redeem_many((order(of=near), customer), of=near)

    assert logs(receipt, hub, face) == [
        burned(hub, rival, near, customer, 40),
        log(face, "Transfer", from_=customer, to=ZERO, value=40),
        posted(hub, near, abroad, 4_000),
        orders(hub, abroad, near, ORDER),
    ]


def test_redeemMany_at_another_merchant_is_for_its_issuers_only(
    project, connected, refuses, abroad, program, award, customer, merchant, issuer, relayer,
    order, redeem_many,
):  # fmt: skip
    award(program, customer, 100)
    for caller in (issuer, merchant, customer, relayer):
        for signed in ((), ((order(), customer),)):
            with refuses(project.PointsHub.ProgramIssuerOnly, program=abroad, caller=caller):
                redeem_many(*signed, sender=caller)


def test_redeemMany_at_another_merchant_reverts_if_the_program_has_no_prices(
    project, refuses, program, award, customer, order, redeem_many
):
    award(program, customer, 100)
    with refuses(project.PointsHub.ProgramNotConnected, program=program):
        redeem_many((order(), customer))


def test_redeemMany_of_nothing_at_another_merchant(
    hub, connected, program, abroad, redeem_many, position
):
    receipt = redeem_many()

    assert receipt.return_value == 0
    assert logs(receipt, hub) == [
        posted(hub, program, abroad, 0),
        orders(hub, abroad, program),
    ]
    assert position(program, abroad) == (0, LIMIT)


def test_redeemMany_at_another_merchant_takes_smart_accounts(
    connected, program, abroad, award, wallet, customer, order, redeem_many, position
):
    award(program, wallet, 100)
    assert redeem_many((order(holder=wallet), customer)).return_value == 1
    assert position(program, abroad) == (4_000, LIMIT)
