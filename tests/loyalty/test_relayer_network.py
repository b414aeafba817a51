"""The relayer between merchants: redemptions elsewhere, exchanges, what may be refunded later."""

import pytest

from crmdapp.errors import UsageError
from crmdapp.loyalty import (
    IntentJournal,
    Relayer,
    sign_exchange,
    sign_redeem,
    sign_transfer,
)
from crmdapp.loyalty.errors import (
    ERC6909InsufficientBalance,
    OrderUsed,
    ProgramIssuerOnly,
    ProgramNotConnected,
)
from crmdapp.loyalty.events import OrdersRedeemed, RedemptionStored
from tests.loyalty.constants import ANY_TIME
from tests.loyalty.partners import *  # noqa: F403 - fixtures
from tests.loyalty.partners import LIMIT


@pytest.fixture
def intents(tmp_path):
    with IntentJournal(tmp_path / "intents.sqlite3") as journal:
        yield journal


@pytest.fixture
def relayer(rival, intents):
    """Submits for the rival's shop."""
    return Relayer(rival, intents)


@pytest.fixture
def order(ledger, rival, program, abroad, connected, held):
    """Signs redemptions of the customer's points in the rival's shop."""

    def sign(order_id, points=100, **changes):
        values = {"program": program, "merchant": abroad, "deadline": ANY_TIME, **changes}
        return sign_redeem(
            ledger.signers["customer"], rival.domain, points=points, order_id=order_id, **values
        )

    return sign


@pytest.fixture
def exchange(ledger, rival, program, abroad, connected, held):
    """Signs exchanges of the customer's points into the rival's: one fifth of them."""

    def sign(nonce, points=100, least=20, **changes):
        values = {"program": program, "to_program": abroad, "deadline": ANY_TIME, **changes}
        return sign_exchange(
            ledger.signers["customer"],
            rival.domain,
            points=points,
            min_points=least,
            nonce=nonce,
            **values,
        )

    return sign


def states(relayer):
    return [(item.state, item.reason) for item in relayer.intents()]


def test_flush_redeems_at_another_merchant_in_one_batch(
    ledger, rival, relayer, program, abroad, order
):
    for number in range(3):
        relayer.accept(order(number, points=100 + number))
    report = relayer.flush()

    (receipt,) = report.receipts
    ids = b"".join(number.to_bytes(6, "big") for number in range(3))
    assert receipt.events_of(OrdersRedeemed) == [OrdersRedeemed(abroad, program, ids)]
    assert rival.balance(program, ledger.address("customer")) == 1_000 - 303
    assert rival.hub.read("positionOf", program, abroad) == (303 * 10_000 // 100, LIMIT)


def test_flush_batches_by_merchant_and_terms(ledger, rival, relayer, program, abroad, order):
    rival.set_issuer(abroad, ledger.address("rival"), 10_000)
    relayer.accept(order(1))
    relayer.accept(order(2, terms_hash=b"\x05" * 32))
    relayer.accept(order(3))
    report = relayer.flush()
    assert (report.count("mined"), len(report.receipts)) == (3, 2)


def test_flush_skips_what_is_over_the_limit_and_redeems_the_others(
    ledger, merchant, relayer, program, abroad, order
):
    merchant.clearing.set_limit(program, abroad, 15_000)
    for number in (1, 2, 3):
        relayer.accept(order(number))
    relayer.accept(order(4, points=50))
    relayer.flush()
    over = ("skipped", "PositionOverLimit")
    assert states(relayer) == [("mined", ""), over, over, ("mined", "")]


def test_accept_refuses_a_redemption_of_another_merchant(ledger, issuer, intents, program, order):
    with pytest.raises(ProgramIssuerOnly) as caught:
        Relayer(issuer, intents).accept(order(1))
    assert caught.value.values == (order(1).intent.merchant, ledger.address("issuer"))


def test_accept_refuses_points_of_a_program_without_prices(
    ledger, issuer, relayer, order, connected
):
    alone = ledger.open_program().id
    issuer.award(alone, ledger.address("customer"), 100)
    with pytest.raises(ProgramNotConnected) as caught:
        relayer.accept(order(1, program=alone))
    assert caught.value.values == (alone,)


def test_orders_of_a_merchant_count_once_whosever_points_they_spend(
    ledger, rival, relayer, abroad, order
):
    rival.award(abroad, ledger.address("customer"), 500)
    relayer.accept(order(1))
    with pytest.raises(OrderUsed) as caught:
        relayer.accept(order(1, program=abroad))
    assert caught.value.values == (abroad, 1)


def test_flush_exchanges(ledger, rival, relayer, program, abroad, exchange):
    relayer.accept(exchange(1))
    relayer.accept(exchange(2**255, points=200, least=40))
    assert relayer.flush().count("mined") == 2
    assert rival.balance(abroad, ledger.address("customer")) == 60
    assert rival.balance(program, ledger.address("customer")) == 700


def test_flush_rejects_an_exchange_at_another_rate_and_goes_on(relayer, exchange):
    relayer.accept(exchange(1, least=21))
    relayer.accept(exchange(2))
    report = relayer.flush()
    assert states(relayer) == [("rejected", "ExchangeBelowMinimum"), ("mined", "")]
    assert report.problems == ()


def test_a_holder_s_nonce_serves_one_intent_of_any_kind(ledger, rival, relayer, program, exchange):
    relayer.accept(exchange(7))
    transfer = sign_transfer(
        ledger.signers["customer"],
        rival.domain,
        program=program,
        to=ledger.address("friend"),
        points=1,
        nonce=7,
        deadline=ANY_TIME,
    )
    with pytest.raises(Exception, match="IntentNonceUsed"):
        relayer.accept(transfer)


def test_accept_reserves_points_across_kinds(relayer, order, exchange):
    relayer.accept(exchange(1, points=600, least=0))
    with pytest.raises(ERC6909InsufficientBalance):
        relayer.accept(order(1, points=500))
    relayer.accept(order(1, points=400))
    assert relayer.flush().count("mined") == 2


def test_refundable_redemptions_are_sent_one_by_one_and_stored(
    ledger, relayer, program, abroad, order
):
    relayer.accept(order(1), refundable=True)
    relayer.accept(order(2), refundable=True)
    relayer.accept(order(3))
    report = relayer.flush()

    assert (report.count("mined"), len(report.receipts)) == (3, 3)
    stored = [
        event.redemption
        for receipt in report.receipts
        for event in receipt.events_of(RedemptionStored)
    ]
    assert sorted(item[3] for item in stored) == [1, 2]
    assert relayer.intents("mined")[0].refundable


def test_a_refundable_redemption_that_the_hub_refuses_is_rejected(
    customer, relayer, program, order
):
    relayer.accept(order(1, points=600), refundable=True)
    relayer.accept(order(2, points=100))
    customer.redeem(program, 500)
    report = relayer.flush()
    assert states(relayer) == [("rejected", "ERC6909InsufficientBalance"), ("mined", "")]
    assert report.problems == ()


def test_only_redemptions_are_refundable(relayer, exchange):
    with pytest.raises(UsageError, match="Only a redemption"):
        relayer.accept(exchange(1), refundable=True)
    assert relayer.intents() == []
