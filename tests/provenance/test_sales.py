"""Sales in the history of customers."""

import json
from dataclasses import replace

import pytest

from crmdapp.customers import InteractionKind, LogClient, LogJournal, LogKeys, LogOperator
from crmdapp.errors import UsageError
from crmdapp.provenance.history import HistoryIncomplete
from crmdapp.provenance.sales import (
    Purchase,
    PurchaseForged,
    purchase_of,
    purchases,
    record_purchases,
)
from tests.provenance.gallery_hall import *  # noqa: F403 - fixtures
from tests.provenance.gallery_hall import COIN, HOUR


@pytest.fixture
def bought(hall, work):
    """What the collector bought, for ether."""
    hall.sell(work, 5)
    (found,) = purchases(hall.reader, [hall.address("collector")])
    return found


def test_purchases_are_what_the_accounts_bought(hall, work, bought):
    assert (bought.id, bought.buyer, bought.seller) == (
        work,
        hall.address("collector"),
        hall.address("artist"),
    )
    assert (bought.price, bought.amount, bought.token) == (5, 5 * 10**9, None)
    assert purchases(hall.reader, [hall.address("artist")]) == []
    hall.sell(work, 7, seller="collector", buyer="buyer")
    both = [hall.address("collector"), hall.address("buyer")]
    assert [item.price for item in purchases(hall.reader, both)] == [5, 7]


def test_a_purchase_in_coins_names_the_coin(hall, work):
    hall.client("artist").list(work, 250, COIN)
    hall.give_coins("buyer", 2_500_000)
    hall.client("buyer").buy_with_permit(work, 250, COIN, hall.signer("buyer"))
    (found,) = purchases(hall.reader, [hall.address("buyer")])
    assert (found.token, found.amount) == (hall.coin, 2_500_000)
    assert Purchase.from_payload(json.dumps(found.payload())) == found


def test_a_payload_reads_back_and_proves_itself(hall, bought):
    found = Purchase.from_payload(bought.payload())
    assert found == bought
    found.require_in(hall.reader, hall.reader.head())


@pytest.mark.parametrize(
    "change",
    [
        {"price": 4},
        {"buyer": "0x" + "00" * 19 + "01"},
        {"seller": "0x" + "00" * 19 + "01"},
        {"id": 5},
        {"at": 1},
        {"digest": b"\1" * 32},
        {"currency": 1},
        {"head": bytes(32)},
        {"previous_head": bytes(32)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_an_altered_purchase_breaks_a_hash(bought, change):
    with pytest.raises(PurchaseForged):
        replace(bought, **change).require_link()


def test_a_purchase_that_never_was_is_not_in_the_history(hall, bought):
    from crmdapp.provenance.events import ArtworkSold
    from crmdapp.provenance.history import next_head

    event = ArtworkSold(bought.id, bought.seller, bought.buyer, 1, bought.currency, bought.digest)
    made_up = replace(bought, price=1, head=next_head(bought.previous_head, event, bought.at))
    made_up.require_link()  # it fits itself
    with pytest.raises(PurchaseForged, match="no such sale"):
        made_up.require_in(hall.reader, hall.reader.head())
    with pytest.raises(PurchaseForged, match="another gallery"):
        replace(bought, chain_id=1).require_in(hall.reader, hall.reader.head())


def test_from_payload_names_what_is_missing(bought):
    body = bought.payload()
    for name in body:
        if name != "token":
            with pytest.raises(UsageError):
                Purchase.from_payload({key: value for key, value in body.items() if key != name})


def test_purchase_of_is_for_sales_alone(hall, work):
    with pytest.raises(UsageError, match="no sale"):
        purchase_of(hall.reader, hall.reader.history(work).links[0])


def test_purchases_refuse_a_node_that_hides_one(hall, bought, monkeypatch):
    client = hall.reader
    head = client.head()
    monkeypatch.setattr(client, "events", lambda *names, **more: iter(()))
    with pytest.raises(HistoryIncomplete):
        purchases(client, [hall.address("collector")], head)


def test_the_gallerys_log_takes_note_of_a_purchase_once(hall, bought, tmp_path):
    client = LogClient.at(hall.connection, hall.manifest, hall.sender("gallery"))
    client.open(0, HOUR)
    with LogJournal(tmp_path / "log.sqlite3") as journal, LogKeys(tmp_path / "keys") as keys:
        operator = LogOperator(client, journal, keys, signer=hall.signer("gallery"))
        customer = hall.address("collector")
        (receipt,) = record_purchases(operator, customer, [bought])
        (again,) = record_purchases(operator, customer, [bought])
        assert again == receipt
        contents = receipt.contents
        assert contents.interaction.kind == InteractionKind.PURCHASE
        assert Purchase.from_payload(contents.payload) == bought
        (batch,) = operator.anchor()
        assert batch.batch.count == 1
        with pytest.raises(PurchaseForged):
            record_purchases(operator, customer, [replace(bought, price=4)])
