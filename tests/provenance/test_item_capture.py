"""Partners' EPCIS events as calls of the ledger, on a real chain."""

import pytest

from crmdapp.provenance.gs1.capturing import capture
from crmdapp.provenance.gs1.epc import epc_hash
from crmdapp.provenance.item_capture import Capturing, synthetic_event
from crmdapp.provenance.item_history import read_history
from crmdapp.provenance.item_index import IN_MEMORY, ItemIndex
from crmdapp.provenance.item_models import Commission, item_of
from tests.provenance.epcis import document, event, hash_of, with_id
from tests.provenance.yard import *  # noqa: F403 - fixtures
from tests.provenance.yard import lot_link, sgtin

PALLET = "https://id.gs1.org/00/095060001343520017"


@pytest.fixture
def farmer(yard):
    """Sends what was captured."""
    return yard.client("farmer")


@pytest.fixture
def take(farmer, tmp_path):
    """Plans a document of events, and sends what it becomes."""

    def take_(*events, client=farmer, send=True):
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.json"
        found = capture(document(path, *events))
        found.require_valid()
        with ItemIndex(IN_MEMORY) as index:
            index.update(client)
            plan = Capturing(client.prepare, client.sender.address, index).plan(found.events)
        for action in plan.actions if send else ():
            client.send(action.call)
        return plan

    return take_


def at(second):
    return f"2026-01-02T03:04:{second:02d}Z"


def functions(plan):
    return [action.function for action in plan.actions]


def made(*names, time=0):
    links = [sgtin(name) for name in names]
    return event(time=at(time), action="ADD", epcList=links, bizStep="commissioning")


# ----------------------------------------------------------------- the five kinds


def test_a_whole_story_is_captured(yard, farmer, take):
    new = made("A", "B")
    pallet = event(time=at(1), action="ADD", epcList=[PALLET])
    packed = event(
        "AggregationEvent",
        at(2),
        action="ADD",
        parentID=PALLET,
        childEPCs=[sgtin("A"), sgtin("B")],
        bizStep="packing",
    )
    seen = event(
        "TransactionEvent",
        at(3),
        epcList=[PALLET],
        bizTransactionList=[{"type": "po", "bizTransaction": "urn:x:1"}],
    )
    out = event("AggregationEvent", at(4), action="DELETE", parentID=PALLET, childEPCs=[sgtin("A")])
    sold = event(time=at(5), action="DELETE", epcList=[sgtin("A")], disposition="retail_sold")
    # Files are in any order; the ledger wants the order of time.
    plan = take(sold, out, seen, packed, pallet, new)
    assert functions(plan) == ["commission", "commission", "pack", "observe", "unpack", "retire"]
    bag = item_of(yard.address("farmer"), sgtin("A"))
    assert farmer.item(bag).is_retired
    hashes = [entry.event_hash for entry in read_history(farmer, bag).entries]
    assert hashes == [hash_of(each) for each in (new, packed, out, sold)]
    assert plan.left_out == ()


def test_transformations_are_captured(yard, farmer, take):
    grown = event(
        time=at(0),
        action="ADD",
        quantityList=[{"epcClass": lot_link("G"), "quantity": 60.5, "uom": "KGM"}],
    )
    roasted = event(
        "TransformationEvent",
        at(1),
        inputQuantityList=[{"epcClass": lot_link("G"), "quantity": 50, "uom": "KGM"}],
        outputQuantityList=[{"epcClass": lot_link("R"), "quantity": 42, "uom": "KGM"}],
    )
    assert functions(take(grown, roasted)) == ["commission", "transform"]
    issuer = yard.address("farmer")
    left, got = (farmer.lot(item_of(issuer, lot_link(name))) for name in "GR")
    assert (left.quantity, got.quantity) == (10_500, 42_000)


def test_associations_move_together(farmer, take):
    fixed = event(
        "AssociationEvent", at(1), action="ADD", parentID=sgtin("BOX"), childEPCs=[sgtin("S")]
    )
    assert functions(take(made("BOX", "S"), fixed)) == ["commission", "pack"]


def test_levels_rise_from_child_to_parent(yard, farmer, take):
    inner = event(
        "AggregationEvent", at(1), action="ADD", parentID=sgtin("C"), childEPCs=[sgtin("A")]
    )
    outer = event(
        "AggregationEvent", at(2), action="ADD", parentID=sgtin("D"), childEPCs=[sgtin("C")]
    )
    take(made("A", "C", "D"), inner, outer)
    issuer = yard.address("farmer")
    assert [farmer.item(item_of(issuer, sgtin(name))).level for name in "ACD"] == [0, 1, 2]


def test_errors_are_declared(yard, farmer, take):
    wrong = with_id(event(time=at(1), epcList=[sgtin("A")], bizStep="storing"))
    right = with_id(event(time=at(1), epcList=[sgtin("A")], bizStep="shipping"))
    take(made("A"), wrong)
    declared = {
        **wrong,
        "errorDeclaration": {
            "declarationTime": at(9),
            "reason": "incorrect_data",
            "correctiveEventIDs": [right["eventID"]],
        },
    }
    assert functions(take(declared)) == ["declareError"]
    (log,) = farmer.events("ErrorDeclared")
    assert (log.event.event_hash, log.event.correction_hash) == (hash_of(wrong), hash_of(right))
    assert functions(take(declared)) == []


# ----------------------------------------------------------------- what is left out


def test_capturing_twice_sends_once(take):
    events = [made("A"), event(time=at(1), epcList=[sgtin("A")])]
    assert functions(take(*events)) == ["commission", "observe"]
    again = take(*events)
    assert (functions(again), len(again.recorded)) == ([], 2)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (event(epcList=[sgtin("Z")]), "not on the ledger"),
        (
            event("AggregationEvent", action="DELETE", parentID=sgtin("A"), childEPCs=[]),
            "names no child",
        ),
        (
            event(
                "TransformationEvent",
                inputEPCList=[sgtin("A")],
                transformationID="urn:x:1",
            ),
            "one event",
        ),
        (
            event(
                action="ADD",
                quantityList=[{"epcClass": lot_link("Q"), "quantity": 0.0001, "uom": "KGM"}],
            ),
            "thousandths",
        ),
    ],
)
def test_what_has_no_counterpart_is_told(take, data, reason):
    take(made("A"))
    plan = take(data)
    assert plan.actions == ()
    assert reason in plan.left_out[0].reason
    assert plan.left_out[0].path == "$.epcisBody.eventList[0]"


def test_custody_does_not_move_by_a_document(yard, farmer, take):
    party = "https://id.gs1.org/417/9506000134352"
    shipped = event(
        time=at(1),
        epcList=[sgtin("A")],
        bizStep="shipping",
        destinationList=[{"type": "possessing_party", "destination": party}],
    )
    plan = take(made("A"), shipped)
    assert functions(plan) == ["commission", "observe"]
    assert "both signatures" in plan.left_out[0].reason
    assert farmer.custodian(item_of(yard.address("farmer"), sgtin("A"))) == yard.address("farmer")


def test_items_of_other_issuers_are_found(yard, farmer, take):
    yard.make("roaster", "X")
    (item,) = (item_of(yard.address("roaster"), sgtin("X")),)
    yard.hand_over([item], "roaster", "farmer")
    now = yard.now
    from datetime import UTC, datetime

    moment = datetime.fromtimestamp(now, UTC).isoformat().replace("+00:00", "Z")
    plan = take(event(time=moment, epcList=[sgtin("X")]))
    assert plan.actions[0].items == (item,)


def test_items_that_several_have_are_told(yard, take):
    for role in ("roaster", "carrier"):
        yard.client(role).commission([Commission(epc_hash(sgtin("X")))], yard.step())
    plan = take(event(epcList=[sgtin("X")]))
    assert "2 issuers" in plan.left_out[0].reason


def test_synthetic_events_say_no_more_than_the_ledger(tmp_path):
    data = synthetic_event(sgtin("A"), {"eventTime": at(0), "action": "OBSERVE", "bizStep": ""})
    capture(document(tmp_path / "a.json", data)).require_valid()
    assert "bizStep" not in data
