"""Returned purchases: awards reversed, redemptions refunded, in full and in part."""

from datetime import UTC, datetime

import pytest

from crmdapp.chain import LocalSigner
from crmdapp.errors import FileRejected, UsageError
from crmdapp.loyalty import award_plan, sign_redeem
from crmdapp.loyalty.award_file import award_file, validate
from crmdapp.loyalty.coupons import sign_coupon
from crmdapp.loyalty.errors import (
    ClawbackEnded,
    EpochNotLive,
    PointsOverflow,
    PositionOverLimit,
    ProgramIssuerOnly,
    ProgramOwnerOnly,
    ProgramUnknown,
    RecordsNotAwarded,
    RedemptionUnknown,
    RefundExceedsRedemption,
    ReversalExceedsAward,
)
from crmdapp.loyalty.events import (
    AwardReversed,
    ClawbackSet,
    DebtPaid,
    RedemptionRefunded,
    TierLowered,
)
from crmdapp.loyalty.intents import ORDER_MAX
from crmdapp.loyalty.points import POINTS_MAX, to_points
from crmdapp.loyalty.returns import CLAWBACK_MAX, AwardedRecord, Redemption, ReturnsClient
from tests.loyalty.constants import ANY_TIME, UNLIMITED
from tests.loyalty.ledger import *  # noqa: F403 - fixtures

NOWHERE = 98
MONTH = 30 * 86_400
COUPON_KEY = LocalSigner(b"\x07" * 32)
ROWS = 9


@pytest.fixture
def returnable(merchant, program):
    """The program, whose awards can be reversed for a month."""
    merchant.returns.set_clawback(program, MONTH)
    return program


@pytest.fixture
def awarded(ledger, issuer, returnable, tmp_path, monkeypatch):
    """A file of nine awards in three batches; the customer's are on lines 4 and 9."""
    monkeypatch.setattr(award_plan, "RECORDS_PER_CHUNK", 4)
    people = [f"0x{0xC0FFEE0000 + n:040x}" for n in range(ROWS)]
    people[1] = people[6] = ledger.address("customer")
    lines = [f"{to},{to_points(100 + n)}" for n, to in enumerate(people)]
    path = tmp_path / "purchases.csv"
    path.write_text("\n".join(["address,points", lines[0], "", *lines[1:], ""]))
    award_file(issuer, path, returnable)
    return path


@pytest.fixture
def order(ledger, issuer, program):
    """The customer's redemption of an order at the merchant, refundable unless told."""

    def redeem(number=1, points=300, *, refundable=True, at=None, client=issuer):
        signed = sign_redeem(
            ledger.signers["customer"],
            issuer.domain,
            program=program,
            points=points,
            order_id=number,
            deadline=ANY_TIME,
            merchant=at,
        )
        client.submit(signed, refundable=refundable)

    return redeem


def reversals(receipt):
    return [(event.points, event.debt) for event in receipt.events_of(AwardReversed)]


def refunds(receipt):
    return [(event.points, event.credited) for event in receipt.events_of(RedemptionRefunded)]


# ----------------------------------------------------------------- claw-back


def test_the_returns_of_a_client_are_one_object(issuer):
    assert isinstance(issuer.returns, ReturnsClient)
    assert issuer.returns is issuer.returns


@pytest.mark.parametrize("seconds", [0, MONTH, CLAWBACK_MAX])
def test_set_clawback_sets_the_window(merchant, program, seconds):
    receipt = merchant.returns.set_clawback(program, seconds)
    assert receipt.events == [ClawbackSet(program, seconds)]
    assert merchant.returns.clawback(program) == seconds


def test_set_clawback_refuses_if_not_owner(ledger, issuer, program):
    with pytest.raises(ProgramOwnerOnly) as refusal:
        issuer.returns.set_clawback(program, 1)
    assert refusal.value.values == (program, ledger.address("issuer"))


@pytest.mark.parametrize("seconds", [-1, CLAWBACK_MAX + 1, 1.5, True])
def test_set_clawback_refuses_seconds_out_of_range(merchant, program, seconds):
    with pytest.raises(UsageError, match="claw-back window"):
        merchant.returns.set_clawback(program, seconds)


def test_clawback_refuses_if_program_unknown(merchant):
    with pytest.raises(ProgramUnknown):
        merchant.returns.clawback(NOWHERE)
    with pytest.raises(ProgramUnknown):
        merchant.returns.set_clawback(NOWHERE, 1)


# ----------------------------------------------------------------- awards


def test_of_line_finds_the_award_of_a_line(ledger, awarded):
    plan = validate(awarded)
    for line, points in ((4, 101), (9, 106), (2, 100), (11, 108)):
        award = AwardedRecord.of_line(plan, line)
        assert award == AwardedRecord.of_line(awarded, line)
        assert award.points == points
    assert AwardedRecord.of_line(plan, 9).account == ledger.address("customer")
    assert AwardedRecord.of_line(plan, 9).index == 2


@pytest.mark.parametrize("line", [-1, 0, 1, 3, 12, 1_000])
def test_of_line_refuses_a_line_that_is_no_award(awarded, line):
    with pytest.raises(UsageError, match="is no award"):
        AwardedRecord.of_line(awarded, line)


def test_of_line_refuses_a_file_with_faults(awarded):
    awarded.write_text(awarded.read_text() + "nobody,1\n")
    with pytest.raises(FileRejected):
        AwardedRecord.of_line(awarded, 4)


def test_reverse_award_takes_back_what_the_customer_has(ledger, issuer, returnable, awarded):
    customer, award = ledger.address("customer"), AwardedRecord.of_line(awarded, 9)
    assert issuer.returns.left_of_award(returnable, award) == 106
    receipt = issuer.returns.reverse_award(returnable, award)
    (event,) = receipt.events_of(AwardReversed)
    assert (event.batch_id, event.account, event.index) == (award.batch_id, customer, 2)
    assert (event.points, event.debt) == (106, 0)
    assert issuer.balance(returnable, customer) == 101
    assert issuer.statement(returnable, customer).qualifying == 101
    assert issuer.returns.left_of_award(returnable, award) == 0


def test_reverse_award_in_parts_adds_up_to_the_award(ledger, issuer, returnable, awarded):
    award = AwardedRecord.of_line(awarded, 4)
    issuer.returns.reverse_award(returnable, award, 60)
    assert issuer.returns.left_of_award(returnable, award) == 41
    with pytest.raises(ReversalExceedsAward) as refusal:
        issuer.returns.reverse_award(returnable, award, 42)
    assert refusal.value.values == (42, 41)
    assert reversals(issuer.returns.reverse_award(returnable, award)) == [(41, 0)]
    with pytest.raises(UsageError, match="in full before"):
        issuer.returns.reverse_award(returnable, award)
    assert issuer.balance(returnable, ledger.address("customer")) == 106


def test_reverse_award_makes_a_debt_of_what_was_spent(
    ledger, issuer, customer, returnable, awarded
):
    me = ledger.address("customer")
    customer.redeem(returnable, 200)
    receipt = issuer.returns.reverse_award(returnable, AwardedRecord.of_line(awarded, 9))
    assert reversals(receipt) == [(106, 99)]
    assert (issuer.balance(returnable, me), issuer.returns.debt(returnable, me)) == (0, 99)
    receipt = issuer.award(returnable, me, 150)
    assert receipt.events_of(DebtPaid) == [DebtPaid(returnable, me, 99)]
    assert (issuer.balance(returnable, me), issuer.returns.debt(returnable, me)) == (51, 0)


def test_reverse_award_lowers_the_tier(ledger, merchant, issuer, returnable, awarded):
    merchant.configure(returnable, tiers=(150,))
    me = ledger.address("customer")
    issuer.award(returnable, me, 1)
    assert issuer.statement(returnable, me).tier == 1
    receipt = issuer.returns.reverse_award(returnable, AwardedRecord.of_line(awarded, 9), 100)
    assert receipt.events_of(TierLowered) == [TierLowered(returnable, me, 0)]


def test_reverse_award_keeps_a_tier_that_became_dearer(
    ledger, merchant, issuer, returnable, awarded
):
    merchant.configure(returnable, tiers=(150,))
    me = ledger.address("customer")
    issuer.award(returnable, me, 1)
    merchant.configure(returnable, tiers=(1_000,))
    receipt = issuer.returns.reverse_award(returnable, AwardedRecord.of_line(awarded, 9), 100)
    assert receipt.events_of(TierLowered) == []
    assert issuer.statement(returnable, me).tier == 1


def test_reverse_award_refuses_after_the_window(ledger, issuer, returnable, awarded):
    award = AwardedRecord.of_line(awarded, 9)
    until = issuer.returns.reversible_until(returnable, award.batch_id)
    issuer.returns.reverse_award(returnable, award, 1)
    ledger.node.advance_to(int(until.timestamp()) + 1)
    with pytest.raises(ClawbackEnded) as refusal:
        issuer.returns.reverse_award(returnable, award, 1)
    assert refusal.value.values[:2] == (returnable, int(until.timestamp()))


def test_reversible_until_is_the_end_of_the_window_at_the_award(
    ledger, merchant, issuer, returnable, awarded
):
    merchant.returns.set_clawback(returnable, 1)  # counts for later awards alone
    batch = AwardedRecord.of_line(awarded, 9).batch_id
    until = issuer.returns.reversible_until(returnable, batch)
    assert until.tzinfo is UTC
    assert 0 < until.timestamp() - ledger.node.now <= MONTH
    assert issuer.returns.reversible_until(returnable, bytes(32)) is None


def test_reverse_award_refuses_what_was_not_awarded(ledger, issuer, returnable, awarded):
    award = AwardedRecord.of_line(awarded, 9)
    forged = AwardedRecord(award.batch_id, award.records[:-1] + b"\xff", award.index)
    other = ledger.open_program(budget=UNLIMITED).id
    for program, opened in ((returnable, forged), (other, award)):
        with pytest.raises(RecordsNotAwarded) as refusal:
            issuer.returns.reverse_award(program, opened, 1)
        assert refusal.value.values == (program, award.batch_id)


def test_reverse_award_refuses_a_file_that_is_not_the_awarded_one(issuer, returnable, awarded):
    awarded.write_text(awarded.read_text().replace("1.06", "1.07"))
    with pytest.raises(RecordsNotAwarded):
        issuer.returns.reverse_award(returnable, AwardedRecord.of_line(awarded, 9))


def test_reverse_award_refuses_if_not_issuer(ledger, outsider, returnable, awarded):
    award = AwardedRecord.of_line(awarded, 9)
    with pytest.raises(ProgramIssuerOnly) as refusal:
        outsider.returns.reverse_award(returnable, award, 1)
    assert refusal.value.values == (returnable, ledger.address("outsider"))
    with pytest.raises(ProgramUnknown):
        outsider.returns.reverse_award(NOWHERE, award, 1)


@pytest.mark.parametrize(("points", "error"), [(0, UsageError), (POINTS_MAX + 1, PointsOverflow)])
def test_reverse_award_refuses_amounts_out_of_range(issuer, returnable, awarded, points, error):
    with pytest.raises(error):
        issuer.returns.reverse_award(returnable, AwardedRecord.of_line(awarded, 9), points)


def test_reverse_award_reverses_once_per_key(ledger, issuer, returnable, awarded):
    award = AwardedRecord.of_line(awarded, 9)
    first = issuer.returns.reverse_award(returnable, award, 6, key="return-1")
    assert issuer.returns.reverse_award(returnable, award, 6, key="return-1").hash == first.hash
    assert issuer.returns.left_of_award(returnable, award) == 100
    with pytest.raises(UsageError, match="how many points"):
        issuer.returns.reverse_award(returnable, award, key="return-2")


def test_reverse_award_refuses_points_that_expired(ledger, merchant, issuer, program, tmp_path):
    merchant.returns.set_clawback(program, CLAWBACK_MAX)
    path = tmp_path / "one.csv"
    path.write_text(f"address,points\n{ledger.address('customer')},5\n")
    award_file(issuer, path, program)
    award = AwardedRecord.of_line(path, 2)
    ledger.enter(7)
    issuer.returns.reverse_award(program, award, 100)
    ledger.enter(8)
    with pytest.raises(EpochNotLive) as refusal:
        issuer.returns.reverse_award(program, award, 100)
    assert refusal.value.values == (4, 8)


# ----------------------------------------------------------------- coupons


@pytest.fixture
def coupon(ledger, merchant, issuer, returnable):
    merchant.campaigns.set_coupon_key(returnable, COUPON_KEY.address, 10_000)

    def sign(**changes):
        values = {"program": returnable, "to": ledger.address("customer"), "points": 500}
        values |= {"order_id": 4711, "issued": 4, "deadline": ANY_TIME, "reversible": True}
        return sign_coupon(COUPON_KEY, issuer.domain, **{**values, **changes})

    return sign


def test_a_reversible_coupon_is_reversed_by_its_number(ledger, issuer, returnable, coupon):
    signed = coupon()
    issuer.campaigns.claim_coupon(signed)
    award = AwardedRecord.of_coupon(signed.coupon)
    assert (award.account, award.points) == (ledger.address("customer"), 500)
    assert issuer.returns.reversible_until(returnable, award.batch_id) > datetime.fromtimestamp(
        ledger.node.now, UTC
    )
    assert reversals(issuer.returns.reverse_award(returnable, award, 200)) == [(200, 0)]
    assert reversals(issuer.returns.reverse_award(returnable, award)) == [(300, 0)]
    assert issuer.balance(returnable, ledger.address("customer")) == 0


def test_a_coupon_that_is_not_reversible_stays(issuer, returnable, coupon):
    signed = coupon(reversible=False)
    issuer.campaigns.claim_coupon(signed)
    with pytest.raises(UsageError, match="not signed as reversible"):
        AwardedRecord.of_coupon(signed.coupon)
    pretended = AwardedRecord.of_coupon(coupon().coupon)
    with pytest.raises(RecordsNotAwarded):
        issuer.returns.reverse_award(returnable, pretended, 1)


def test_a_coupon_that_was_not_claimed_cannot_be_reversed(issuer, returnable, coupon):
    award = AwardedRecord.of_coupon(coupon().coupon)
    with pytest.raises(RecordsNotAwarded) as refusal:
        issuer.returns.reverse_award(returnable, award)
    assert refusal.value.values == (returnable, award.batch_id)


# ----------------------------------------------------------------- redemptions


@pytest.fixture
def held(ledger, issuer, program):
    """The customer has 2.00 points of epoch 4 and 3.00 of epoch 5."""
    issuer.award(program, ledger.address("customer"), 200)
    ledger.enter(5)
    issuer.award(program, ledger.address("customer"), 300)


def test_a_refundable_redemption_is_found_by_its_order(ledger, issuer, program, held, order):
    order(1, 250)
    order(2, 100)
    found = issuer.returns.redemption(program, 1)
    assert found == Redemption(
        program, program, ledger.address("customer"), 1, 5, (200 << 48) + 50, 0
    )
    assert (found.by_age, found.points) == ((50, 200, 0, 0), 250)
    assert issuer.returns.left_of_redemption(found) == 250
    assert [item.order_id for item in issuer.returns.redemptions()] == [1, 2]
    assert list(issuer.returns.redemptions(merchant=NOWHERE)) == []
    assert list(issuer.returns.redemptions(customer=ledger.address("friend"))) == []


def test_an_order_is_asked_for_by_merchant_and_number_alone(
    ledger, issuer, program, held, order, monkeypatch
):
    order(1, 100)
    order(2, 100)
    other = ledger.open_program().id
    issuer.award(other, ledger.address("customer"), 100)
    found = issuer.returns.redemption(program, 2)
    issuer.returns.refund_redemption(found, 10)
    asked, request = [], ledger.connection.request

    def listening(method, params=()):
        asked.extend(params if method == "eth_getLogs" else ())
        return request(method, params)

    monkeypatch.setattr(ledger.connection, "request", listening)
    assert issuer.returns.redemption(program, 2) == found
    assert issuer.returns.left_of_redemption(found) == 90
    assert len(asked) == 2
    for query in asked:
        assert [int(topic, 16) for topic in query["topics"][1:]] == [program, 2]


@pytest.mark.parametrize("number", [-1, ORDER_MAX + 1, True])
def test_redemption_refuses_what_is_no_orders_number(issuer, program, number):
    with pytest.raises(UsageError, match="order's number"):
        issuer.returns.redemption(program, number)


def test_redemption_says_why_there_is_none(issuer, program, held, order):
    order(1, 100, refundable=False)
    with pytest.raises(UsageError) as refusal:
        issuer.returns.redemption(program, 1)
    assert refusal.value.why == "It was redeemed, but not as refundable."
    with pytest.raises(UsageError) as refusal:
        issuer.returns.redemption(program, 2)
    assert refusal.value.why == "It was never redeemed."


def test_refund_gives_the_points_back_in_the_ages_they_had(ledger, issuer, program, held, order):
    order(1, 250)
    redemption = issuer.returns.redemption(program, 1)
    assert refunds(issuer.returns.refund_redemption(redemption)) == [(250, 250)]
    assert issuer.statement(program, ledger.address("customer")).by_age == (300, 200, 0, 0)
    with pytest.raises(UsageError, match="in full before"):
        issuer.returns.refund_redemption(redemption)
    with pytest.raises(RedemptionUnknown):
        issuer.returns.refund_redemption(redemption, 1)


def test_refund_in_parts_adds_up_to_the_redemption(ledger, issuer, program, held, order):
    order(1, 250)
    redemption = issuer.returns.redemption(program, 1)
    # The youngest are back first: 50 of epoch 5, then those of epoch 4.
    issuer.returns.refund_redemption(redemption, 220)
    assert issuer.statement(program, ledger.address("customer")).by_age == (300, 170, 0, 0)
    assert issuer.returns.left_of_redemption(redemption) == 30
    with pytest.raises(RefundExceedsRedemption) as refusal:
        issuer.returns.refund_redemption(redemption, 31)
    assert refusal.value.values == (31, 30)
    assert refunds(issuer.returns.refund_redemption(redemption)) == [(30, 30)]
    assert issuer.balance(program, ledger.address("customer")) == 500


def test_refund_does_not_bring_expired_points_back(ledger, issuer, program, held, order):
    order(1, 250)
    ledger.enter(8)  # the points of epoch 4 have expired
    redemption = issuer.returns.redemption(program, 1)
    assert refunds(issuer.returns.refund_redemption(redemption)) == [(250, 50)]
    assert issuer.statement(program, ledger.address("customer")).by_age == (0, 0, 0, 300)


def test_refund_pays_what_the_customer_owes_first(
    ledger, issuer, customer, returnable, awarded, order
):
    me = ledger.address("customer")
    order(1, 207)
    issuer.returns.reverse_award(returnable, AwardedRecord.of_line(awarded, 9))
    assert issuer.returns.debt(returnable, me) == 106
    redemption = issuer.returns.redemption(returnable, 1)
    for points, credited, owed in ((100, 0, 6), (107, 101, 0)):
        receipt = issuer.returns.refund_redemption(redemption, points)
        assert refunds(receipt) == [(points, credited)]
        assert receipt.events_of(DebtPaid) == [DebtPaid(returnable, me, points - credited)]
        assert issuer.returns.debt(returnable, me) == owed
    assert issuer.balance(returnable, me) == 101


def test_refund_refuses_a_redemption_that_was_not_stored(issuer, program, held, order):
    order(1, 250)
    redemption = issuer.returns.redemption(program, 1)
    forged = Redemption(*redemption.values[:5], redemption.amounts + 1, 0)
    with pytest.raises(RedemptionUnknown):
        issuer.returns.refund_redemption(forged, 1)


def test_refund_refuses_if_not_issuer_of_the_merchant(
    ledger, outsider, issuer, program, held, order
):
    order(1, 250)
    with pytest.raises(ProgramIssuerOnly) as refusal:
        outsider.returns.refund_redemption(issuer.returns.redemption(program, 1))
    assert refusal.value.values == (program, ledger.address("outsider"))


def test_refund_refunds_once_per_key(issuer, program, held, order):
    order(1, 250)
    redemption = issuer.returns.redemption(program, 1)
    first = issuer.returns.refund_redemption(redemption, 50, key="back-1")
    assert issuer.returns.refund_redemption(redemption, 50, key="back-1").hash == first.hash
    assert issuer.returns.left_of_redemption(redemption) == 200
    with pytest.raises(UsageError, match="how many points"):
        issuer.returns.refund_redemption(redemption, key="back-2")


@pytest.fixture
def abroad(ledger, merchant, outsider, program):
    """A program of another merchant (the outsider), where the first one's points are spent too."""
    from crmdapp.loyalty import ProgramConfig

    found = outsider.create_program(ProgramConfig("Page", "PAGE")).id
    outsider.set_issuer(found, ledger.address("outsider"), UNLIMITED)
    hub, house = merchant.hub, merchant.hub.read("CLEARING_HOUSE")
    clearing = ledger.connection.contract("ClearingHouse", house)
    coin = ledger.connection.contract("TestCoin", ledger.coin)
    for client, role, mine, theirs in (
        (merchant, "merchant", program, found),
        (outsider, "outsider", found, program),
    ):
        ledger.mint_coin(role, 1_000_000)
        client.send(coin.call("approve", house, 1_000_000))
        client.send(hub.call("announcePrices", mine, 20_000, 10_000))
        client.send(clearing.call("deposit", mine, 1_000_000))
        client.send(clearing.call("setLimit", mine, theirs, 1_000_000))
    return found


def test_refund_of_another_merchant_posts_the_value_back(
    ledger, issuer, outsider, program, held, abroad, order
):
    order(7, 300, at=abroad, client=outsider)
    assert issuer.hub.read("positionOf", program, abroad)[0] == 30_000
    redemption = outsider.returns.redemption(abroad, 7)
    assert (redemption.merchant, redemption.value) == (abroad, 30_000)
    outsider.returns.refund_redemption(redemption, 100)
    assert issuer.hub.read("positionOf", program, abroad)[0] == 20_000
    with pytest.raises(ProgramIssuerOnly):
        issuer.returns.refund_redemption(redemption, 1)
    outsider.returns.refund_redemption(redemption)
    assert issuer.hub.read("positionOf", program, abroad)[0] == 0
    assert issuer.balance(program, ledger.address("customer")) == 500


def test_refund_refuses_beyond_the_merchants_limit(
    ledger, merchant, outsider, program, held, abroad, order
):
    order(7, 300, at=abroad, client=outsider)
    redemption = outsider.returns.redemption(abroad, 7)
    house = ledger.connection.contract("ClearingHouse", merchant.hub.read("CLEARING_HOUSE"))
    merchant.send(house.call("settle", program, abroad))
    outsider.send(house.call("setLimit", abroad, program, 0))
    with pytest.raises(PositionOverLimit):
        outsider.returns.refund_redemption(redemption)
