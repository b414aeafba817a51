"""Transactions simulated before an epoch ends and mined after it.

Every account they touch may then have points that expired meanwhile, and the event of that takes
gas that no estimate could tell.
"""

import threading
import time

import pytest

from crmdapp.chain import LocalSigner
from crmdapp.loyalty import sign_redeem, sign_transfer
from crmdapp.loyalty.award_file import award_file
from crmdapp.loyalty.events import OrdersRedeemed
from crmdapp.loyalty.packing import pack_records
from tests.loyalty.constants import ANY_TIME
from tests.loyalty.ledger import *  # noqa: F403 - fixtures

CUSTOMERS = 40
KEPT = 1_000
"""Units of each customer that are alive in the next epoch as well."""
EXPIRING = 77
"""Units that are not."""
TRANSFER = "0x1b3d7edb2e9c0b0e7c525b20aaaef0f5940d2ed71663c7d39266ecafac728859"
"""Topic of ERC-6909's Transfer."""


@pytest.fixture
def crowd():
    """Customers who sign."""
    return [LocalSigner((0xC0FFEE + number).to_bytes(32, "big")) for number in range(CUSTOMERS)]


@pytest.fixture
def program(ledger, merchant, issuer, crowd):
    """A program with a face, in which everybody has points that the epoch's end takes away."""
    program = ledger.open_program(has_token=True, validity=1).id
    holders = [signer.address for signer in crowd]
    holders += [ledger.address("customer"), ledger.address("friend")]
    for validity, units in ((1, EXPIRING), (4, KEPT)):
        merchant.configure(program, validity=validity)
        records = pack_records((holder, units) for holder in holders)
        issuer.send(issuer.prepare.award_many(program, bytes([validity]) * 32, records))
    return program


@pytest.fixture
def order(issuer, program):
    """Signs a redemption of 10 units."""

    def sign(signer, number):
        values = {"points": 10, "order_id": number, "deadline": ANY_TIME}
        return sign_redeem(signer, issuer.domain, program=program, **values)

    return sign


@pytest.fixture
def gift(ledger, issuer, program):
    """The customer's signature for 10 units to the friend."""
    values = {"points": 10, "nonce": 1, "deadline": ANY_TIME}
    friend = ledger.address("friend")
    signer = ledger.signers["customer"]
    return sign_transfer(signer, issuer.domain, program=program, to=friend, **values)


@pytest.fixture
def late(ledger):
    """Sends a call, ends the epoch before the call's block comes, and returns the receipt."""

    def late_(client, call):
        ledger.node.automine(False)
        sent = client.sender.send(call)
        ledger.enter(5)
        return client.sender.wait(sent)

    return late_


def expired(receipt):
    """How many accounts lost their expired points."""
    return sum(
        log["topics"][0] == TRANSFER
        and int(log["topics"][2], 16) == 0
        and int(log["data"][66:], 16) == EXPIRING
        for log in receipt.logs
    )


@pytest.mark.parametrize(
    ("name", "accounts"),
    [("award", 1), ("transfer", 2), ("redeem", 1), ("redeemBySig", 1), ("transferBySig", 2)],
)
def test_a_call_is_mined_after_the_epoch_ended(
    ledger, issuer, customer, program, order, gift, late, name, accounts
):
    friend = ledger.address("friend")
    client, call = {
        "award": (issuer, issuer.prepare.award(program, friend, 10)),
        "transfer": (customer, customer.prepare.transfer(program, friend, 10)),
        "redeem": (customer, customer.prepare.redeem(program, 10)),
        "redeemBySig": (issuer, issuer.prepare.submit(order(ledger.signers["customer"], 1))),
        "transferBySig": (issuer, issuer.prepare.submit(gift)),
    }[name]
    receipt = late(client, call)
    assert receipt.status == 1
    assert expired(receipt) == accounts


def test_award_many_is_mined_after_the_epoch_ended(issuer, program, crowd, late):
    records = pack_records((signer.address, 10) for signer in crowd)
    receipt = late(issuer, issuer.prepare.award_many(program, bytes([9]) * 32, records))
    assert receipt.status == 1
    assert expired(receipt) == CUSTOMERS
    assert issuer.balance(program, crowd[0].address) == KEPT + 10


def test_redeem_many_is_mined_after_the_epoch_ended(issuer, program, crowd, order, late):
    signed = [order(signer, number) for number, signer in enumerate(crowd)]
    receipt = late(issuer, issuer.prepare.redeem_many(signed))
    assert receipt.status == 1
    assert expired(receipt) == CUSTOMERS
    (redeemed,) = receipt.events_of(OrdersRedeemed)
    assert len(redeemed.order_ids) == 6 * CUSTOMERS


def test_award_file_is_mined_after_the_epoch_ended(ledger, issuer, program, crowd, tmp_path):
    path = tmp_path / "purchases.csv"
    path.write_text("address,points\n" + "".join(f"{item.address},0.10\n" for item in crowd))
    nonce = ledger.connection.nonce(ledger.address("issuer"))
    ledger.node.automine(False)

    def end_the_epoch_when_it_waits():
        while ledger.node.rpc("txpool_status")["pending"] == "0x0":
            time.sleep(0.01)
        ledger.enter(5)

    other = threading.Thread(target=end_the_epoch_when_it_waits, daemon=True)
    other.start()
    assert award_file(issuer, path, program).rows_awarded == CUSTOMERS
    other.join()
    assert ledger.connection.nonce(ledger.address("issuer")) == nonce + 1
    assert issuer.balance(program, crowd[0].address) == KEPT + 10
