"""What merchants owe each other: events and fixtures of the tests about more than one program.

Once `connected`, a point of `program` is worth 0.01 of the coin and one of `abroad` costs 0.05, so
five become one. The other way round one becomes two.
"""

from contextlib import contextmanager

import pytest
from eth_utils import keccak

from tests.fixtures.logs import log
from tests.fixtures.reverts import reverts
from tests.loyalty.constants import ANY_TIME, INFINITE, UNLIMITED, ZERO

LIMIT = 1_000_000
"""What each of the two may owe the other, in 10^-6 of the coin."""

NEVER_OPENED = (0, 1, 98, 99, INFINITE)
"""Ids of no program."""

TERMS = keccak(text="terms of service")


def burned(hub, caller, program, holder, points):
    return log(
        hub, "Transfer", caller=caller, sender=holder, receiver=ZERO, id=program, amount=points
    )


def minted(hub, caller, program, holder, points):
    return log(
        hub, "Transfer", caller=caller, sender=ZERO, receiver=holder, id=program, amount=points
    )


def posted(hub, debtor, creditor, value):
    return log(hub, "PositionPosted", debtor=debtor, creditor=creditor, value=value)


@pytest.fixture
def join(hub, issuer):
    """Opens a program of `owner` at these prices, for which the issuer may award."""

    def join_(owner, on_ramp, off_ramp, *, validity=4, cap=0, has_token=False, tiers=()):
        config = ("Oak", "OAK", validity, cap, has_token, list(tiers))
        program = hub.createProgram(config, sender=owner).return_value
        hub.setIssuer(program, issuer, UNLIMITED, sender=owner)
        hub.announcePrices(program, on_ramp, off_ramp, sender=owner)
        return program

    return join_


@pytest.fixture
def allow(hub, house, accounts, deposit):
    """Lets a program owe another, backed by a deposit of as much."""

    def allow_(debtor, creditor, limit):
        owner = accounts[hub.programOf(debtor).owner]
        deposit(debtor, owner, limit)
        house.setLimit(debtor, creditor, limit, sender=owner)

    return allow_


@pytest.fixture
def position(hub):
    """What a program owes another, and may owe it."""

    def position_(debtor, creditor):
        return tuple(hub.positionOf(debtor, creditor))

    return position_


@pytest.fixture
def exchange(hub, program, abroad, customer):
    """Exchanges the customer's points of `program` for `abroad`, unless the test says otherwise."""

    def exchange_(points, *, of=program, to=abroad, least=0, by=ANY_TIME, sender=customer):
        return hub.exchange(of, points, to, least, by, sender=sender)

    return exchange_


@pytest.fixture
def refuses(hub, house, program, abroad, customer, ages, position):
    """As `reverts`; and neither points nor prices, positions or deposits have changed."""

    def picture():
        return [
            (
                ages(each, customer),
                list(hub.liabilityOf(each)),
                tuple(hub.pricesOf(each)),
                house.depositOf(each),
                house.committedOf(each),
                position(each, other),
            )
            for each, other in ((program, abroad), (abroad, program))
        ]

    @contextmanager
    def refuses_(error, **fields):
        before = picture()
        with reverts(error, **fields):
            yield
        assert picture() == before

    return refuses_


@pytest.fixture
def redeem_at(hub, program, abroad, customer):
    """Spends the customer's points of `program` at the merchant `abroad`."""

    def redeem_at_(points, *, of=program, at=abroad, least=0, by=ANY_TIME, sender=customer):
        return hub.redeemAt(points, least, of, at, by, sender=sender)

    return redeem_at_
