"""The demo's own books, by which the chain is judged."""

import pytest

from scripts.demo.ledger import Ledger

TIERS = (10_00, 50_00)


@pytest.fixture
def book():
    """Points live two epochs; the first epoch is number 4."""
    ledger = Ledger(TIERS, validity=2)
    ledger.roll(4)
    return ledger


def test_award_lives_for_its_validity(book):
    book.award("customer", 5_00)

    assert book.account("customer").by_age(4) == (0, 0, 5_00, 0)
    book.roll(5)
    assert book.account("customer").by_age(5) == (0, 0, 0, 5_00)
    book.roll(6)
    assert book.account("customer").balance == 0
    assert (book.lapsed, book.unwritten) == (5_00, 5_00)


def test_spend_takes_the_oldest_first(book):
    book.award("customer", 5_00)
    book.roll(5)
    book.award("customer", 5_00)

    book.spend("customer", 6_00)

    assert book.account("customer").by_age(5) == (0, 0, 4_00, 0)
    assert book.spent == 6_00


def test_spend_is_refused_if_points_are_missing(book):
    book.award("customer", 5_00)

    with pytest.raises(ValueError, match="customer has 500 units, not 501"):
        book.spend("customer", 5_01)
    assert book.account("customer").balance == 5_00


def test_move_keeps_age(book):
    book.award("customer", 5_00)
    book.roll(5)
    book.move("customer", "friend", 2_00)

    assert book.account("friend").by_age(5) == (0, 0, 0, 2_00)
    assert book.account("friend").qualifying == 0
    assert book.by_age() == (0, 0, 0, 5_00)


def test_tier_rises_at_award_and_stays(book):
    book.award("customer", 9_99)
    assert book.account("customer").tier == 0
    book.award("customer", 1)
    assert book.account("customer").tier == 1
    book.spend("customer", 10_00)
    assert book.account("customer").tier == 1


def test_expiry_is_reported_when_account_is_touched(book):
    book.award("customer", 5_00)
    book.roll(6)
    assert book.unwritten == 5_00

    book.award("customer", 1)

    assert (book.lapsed, book.unwritten) == (5_00, 0)


def test_roll_does_not_go_back(book):
    book.roll(5)

    with pytest.raises(ValueError, match="epoch 5, 4 is over"):
        book.roll(4)
