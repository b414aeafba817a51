"""One item's history: whole or refused, and the documents that belong to it."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdapp.chain import connect
from crmdapp.errors import UsageError
from crmdapp.provenance import events
from crmdapp.provenance.devices import Device, sign_assignment
from crmdapp.provenance.errors import ItemUnknown
from crmdapp.provenance.gs1.cbv import DISPOSITIONS
from crmdapp.provenance.gs1.digital_link import parse_digital_link
from crmdapp.provenance.gs1.epc import epc_hash
from crmdapp.provenance.item_history import (
    Documents,
    ItemHistoryIncomplete,
    check_complete,
    journey,
    read_documents,
    read_history,
)
from crmdapp.provenance.item_index import IN_MEMORY, ItemIndex
from crmdapp.provenance.item_models import Commission, ItemStep, TransformationInput
from crmdapp.provenance.item_signing import sign_tag_claim
from crmdapp.provenance.item_verification import GONE, verify_item, verify_label
from crmdapp.provenance.items import ItemsClient
from crmdapp.provenance.tags import answer_challenge, new_challenge, new_tag_key, tag_link
from tests.fixtures.flaky_rpc import FlakyRpc
from tests.provenance.epcis import document, event, hash_of, with_id
from tests.provenance.test_item_tracing import NEW, STEP, Story
from tests.provenance.yard import *  # noqa: F403 - fixtures
from tests.provenance.yard import HOUR, sgtin

WORD = b"\7" * 32


@pytest.fixture
def farmer(yard):
    """Grows coffee and issues its items."""
    return yard.client("farmer")


@pytest.fixture
def bag(yard, farmer):
    """A bag that was packed, handed over in its box, unpacked and inspected."""
    bag, box = yard.make("farmer", "B")[0], yard.make("farmer", "C", level=1)[0]
    farmer.pack(box, [bag], yard.step(biz_step="packing"))
    yard.hand_over([box])
    roaster = yard.client("roaster")
    roaster.unpack(box, [bag], yard.step(biz_step="unpacking"))
    roaster.observe([bag], yard.step(biz_step="inspecting"))
    return bag


@pytest.fixture
def box(yard):
    """The box it was in."""
    return yard.reader().contract.read("itemIdOf", yard.address("farmer"), epc_hash(sgtin("C")))


# ----------------------------------------------------------------- whole or refused


def test_history_is_whole(farmer, bag, box):
    found = read_history(farmer, bag)
    assert [entry.kind for entry in found.entries] == [
        "ItemCommissioned",
        "ItemPacked",
        "ItemUnpacked",
        "ItemObserved",
    ]
    assert [entry.step for entry in found.entries] == [1, 2, 3, 4]
    assert (found.issuer, found.epc_hash) == (farmer.sender.address, epc_hash(sgtin("B")))
    around = read_history(farmer, box)
    assert [(entry.kind, entry.step) for entry in around.entries] == [
        ("ItemCommissioned", 1),
        ("ItemPacked", 2),
        ("CustodyHandedOver", 3),
        ("ItemUnpacked", 4),
    ]


def test_history_of_an_index_is_the_same(farmer, bag):
    with ItemIndex(IN_MEMORY) as index:
        index.update(farmer)
        assert read_history(farmer, bag, source=index, block=index.block) == read_history(
            farmer, bag
        )


def test_history_refuses_what_nobody_made(farmer):
    with pytest.raises(ItemUnknown):
        read_history(farmer, 5)


def hiding(hidden):
    """The ledger through a node that leaves out the logs that a test names."""

    def fault(request):
        answer = request.forward()
        body = json.loads(answer.body)
        body["result"] = [log for log in body["result"] if not hidden(log)]
        answer.body = json.dumps(body).encode()
        return answer

    return fault


@pytest.mark.parametrize("gap", [1, 2, 3, 4])
def test_history_finds_the_log_that_a_node_hides(yard, farmer, bag, gap):
    wanted = read_history(farmer, bag).entries[gap - 1].log
    with FlakyRpc(yard.node.url) as proxy, connect(proxy.url) as connection:
        ledger = ItemsClient.at(connection, yard.manifest)
        fault = hiding(lambda log: log["transactionHash"] == wanted.tx_hash)
        proxy.plan(fault, method="eth_getLogs", times=-1)
        with pytest.raises(ItemHistoryIncomplete) as refused:
            read_history(ledger, bag)
    assert (refused.value.item, refused.value.steps, refused.value.gap) == (bag, 4, gap)


def entries(story, item=1, steps=None):
    logs = story.logs
    return check_complete(item, len(logs) if steps is None else steps, logs)


@pytest.fixture
def story():
    """An item that was observed three times."""
    story = Story()
    story.item()
    for step in (2, 3, 4):
        story.log(events.ItemObserved(1, "0x" + "11" * 20, step, STEP))
    return story


def test_check_complete_takes_what_is_whole(story):
    assert [entry.step for entry in entries(story)] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("change", "gap"),
    [
        (lambda logs: logs.pop(), 4),
        (lambda logs: logs.pop(0), 1),
        (lambda logs: logs.pop(2), 3),
        (lambda logs: logs.append(logs[-1]), 5),
        (lambda logs: logs.reverse(), 1),
        (lambda logs: logs.clear(), 1),
    ],
)
def test_check_complete_refuses_what_is_not(story, change, gap):
    change(story.logs)
    with pytest.raises(ItemHistoryIncomplete) as refused:
        entries(story, steps=4)
    assert refused.value.gap == gap


def test_check_complete_refuses_more_than_the_ledger_counts(story):
    with pytest.raises(ItemHistoryIncomplete):
        entries(story, steps=3)


@given(st.lists(st.integers(0, 6), max_size=8))
def test_check_complete_takes_the_count_and_nothing_else(steps):
    story = Story()
    story.log(events.ItemCommissioned(1, "0x" + "11" * 20, WORD, NEW, STEP))
    for step in steps:
        story.log(events.ItemObserved(1, "0x" + "11" * 20, step, STEP))
    if steps == list(range(2, len(steps) + 2)):
        assert len(entries(story)) == len(steps) + 1
    else:
        with pytest.raises(ItemHistoryIncomplete):
            entries(story)


# ----------------------------------------------------------------- its way


def test_journey_goes_along_with_the_box(yard, farmer, bag, box):
    found = journey(farmer, bag)
    kinds = [(item == bag, type(log.event).__name__) for item, log in found]
    assert kinds == [
        (True, "ItemCommissioned"),
        (True, "ItemPacked"),
        (False, "CustodyHandedOver"),
        (True, "ItemUnpacked"),
        (True, "ItemObserved"),
    ]


def test_journey_leaves_out_what_the_box_did_without_it(yard, farmer, bag, box):
    before = len(journey(farmer, bag))
    yard.hand_over([box], "roaster", "carrier")
    assert len(journey(farmer, bag)) == before


# ----------------------------------------------------------------- documents


@pytest.fixture
def inspected(yard, farmer, tmp_path):
    """A bag whose inspection has a document."""
    (item,) = yard.make("farmer", "D")
    now = yard.now
    moment = datetime.fromtimestamp(now, UTC).isoformat().replace("+00:00", "Z")
    data = with_id(
        event(time=moment, epcList=[sgtin("D")], bizStep="inspecting", disposition="conformant")
    )
    step = ItemStep.of(
        now, biz_step="inspecting", disposition="conformant", event_hash=hash_of(data)
    )
    farmer.observe(
        [item], replace(step, event_time=int(datetime.fromisoformat(moment).timestamp()))
    )
    return item, data


def test_documents_are_matched_by_their_hash(farmer, inspected, tmp_path):
    item, data = inspected
    documents = read_documents(document(tmp_path / "a.json", data))
    found = read_history(farmer, item, documents=documents)
    entry = found.entries[1]
    assert entry.document.event.data == data
    assert (entry.contradictions, found.documents_hold, found.missing) == ((), True, ())
    assert read_history(farmer, item).missing == (replace(entry, document=None),)


def test_documents_that_were_altered_are_told(farmer, inspected, tmp_path):
    item, data = inspected
    altered = {**data, "disposition": "damaged"}
    documents = read_documents(document(tmp_path / "a.json", altered))
    found = read_history(farmer, item, documents=documents)
    assert [event.path for event in found.altered] == ["$.epcisBody.eventList[0]"]
    assert not found.documents_hold


def test_documents_that_nobody_recorded_are_told(farmer, inspected, tmp_path):
    item, _ = inspected
    stray = event(epcList=[sgtin("D")], bizStep="destroying")
    other = event(epcList=[sgtin("Z")])
    found = read_history(
        farmer, item, documents=read_documents(document(tmp_path / "a.json", stray, other))
    )
    assert [event.event.data for event in found.unmatched] == [stray]


def test_documents_that_say_otherwise_are_told(yard, farmer, tmp_path):
    (item,) = yard.make("farmer", "E")
    data = event(epcList=[sgtin("Z")], bizStep="shipping", disposition="in_transit")
    farmer.observe([item], yard.step(hash_of(data), biz_step="receiving", disposition="stolen"))
    documents = read_documents(document(tmp_path / "a.json", data))
    said = read_history(farmer, item, documents=documents).entries[1].contradictions
    assert [text.split()[0:3] for text in said] == [
        ["the", "document", "does"],
        ["the", "document", "is"],
        ["the", "business", "step"],
        ["the", "disposition", "of"],
    ]


def test_errors_that_were_declared_are_told(farmer, inspected):
    item, data = inspected
    farmer.declare_error(item, hash_of(data))
    found = read_history(farmer, item)
    assert [entry.declared_wrong for entry in found.entries] == [False, True, False]


def test_read_documents_takes_folders_and_tells_faults(tmp_path, inspected):
    _, data = inspected
    document(tmp_path / "a.json", data)
    document(tmp_path / "b.jsonld", {**data, "eventTime": "yesterday"})
    (tmp_path / "c.txt").write_text("nothing")
    found = read_documents(tmp_path)
    assert len(found.events) == 1
    assert {name for name, _ in found.faults} == {"b.jsonld"}
    assert "eventTime" in found.faults[0][1].path


def test_read_documents_refuses_an_empty_folder(tmp_path):
    with pytest.raises(UsageError, match="no EPCIS file"):
        read_documents(tmp_path)


def test_no_documents_match_nothing():
    assert Documents().of_hash(WORD) is None


# ----------------------------------------------------------------- is it real


def verdict(farmer, item, **values):
    with ItemIndex(IN_MEMORY) as index:
        index.update(farmer)
        return verify_item(farmer, index, item, **values)


def codes(found):
    return [problem.code for problem in found.problems]


def test_verify_finds_nothing_against_a_good_item(yard, farmer, bag):
    found = verdict(farmer, bag)
    assert (codes(found), found.custodian, found.holds) == ([], yard.address("roaster"), True)


def test_verify_knows_what_nobody_made(farmer):
    found = verdict(farmer, 5)
    assert (codes(found), found.state) == (["unknown"], None)


def test_verify_tells_of_a_broken_seal(yard, farmer, tmp_path):
    key = new_tag_key(tmp_path / "tag.key")
    (item,) = yard.make("farmer", tag=key.address)
    assert codes(verdict(farmer, item)) == []
    holder = yard.address("outsider")
    farmer.claim_tag(sign_tag_claim(key, farmer.domain, item, holder, deadline=yard.now + HOUR))
    found = verdict(farmer, item)
    assert (codes(found), found.holder) == (["claimed_before"], holder)


def test_verify_tells_of_recalls_of_what_it_is_made_of(yard, farmer):
    (green,) = yard.make("farmer", "G")
    (cup,) = farmer.transform(
        [TransformationInput(green)], [Commission(epc_hash(sgtin("CUP")))], yard.step()
    )
    farmer.recall([epc_hash(sgtin("G"))], WORD)
    assert codes(verdict(farmer, cup)) == ["made_of_recalled"]
    assert codes(verdict(farmer, green)) == ["recalled", "retired"]


def test_verify_tells_of_what_is_sold(yard, farmer):
    (item,) = yard.make("farmer")
    farmer.retire([item], yard.step(disposition="retail_sold"))
    assert codes(verdict(farmer, item)) == ["retired", "gone"]
    assert set(DISPOSITIONS.terms) >= GONE


def test_verify_tells_of_documents_that_do_not_belong(farmer, inspected, tmp_path):
    item, _ = inspected
    stray = read_documents(document(tmp_path / "a.json", event(epcList=[sgtin("D")])))
    assert codes(verdict(farmer, item, documents=stray)) == ["documents"]


# ----------------------------------------------------------------- labels


@pytest.fixture
def label(yard, farmer):
    """The label of a bag whose chip is on the ledger; and the chip."""
    (item,) = yard.make("farmer", "B7")
    chip = Device.new()
    farmer.assign_device(
        sign_assignment(chip, farmer.domain, item, yard.address("farmer"), window=0)
    )
    link = parse_digital_link(sgtin("B7"))
    place = farmer.contract.address
    return tag_link(link, farmer.connection.chain_id, place, yard.address("farmer")), chip


def look(farmer, label, **values):
    with ItemIndex(IN_MEMORY) as index:
        index.update(farmer)
        return verify_label(farmer, index, label, **values)


def test_labels_of_good_items_hold(farmer, label):
    assert look(farmer, label[0]).holds


def test_labels_of_another_ledger_are_refused(farmer, label):
    with pytest.raises(UsageError, match="on chain 1"):
        look(farmer, replace(label[0], chain_id=1))


def test_labels_nobody_printed_are_found(yard, farmer, label):
    forged = replace(label[0], issuer=yard.address("outsider"))
    assert codes(look(farmer, forged)) == ["unknown"]


def asked_and_answered(farmer, label, chip, now=1_000):
    asked = new_challenge(label.item, now=now)
    return {"asked": asked, "answer": answer_challenge(chip, farmer.domain, asked), "now": now}


def test_chips_prove_themselves(farmer, label):
    assert look(farmer, label[0], **asked_and_answered(farmer, *label)).holds


def test_chips_that_are_copies_are_found(farmer, label):
    told = asked_and_answered(farmer, label[0], Device.new())
    assert codes(look(farmer, label[0], **told)) == ["chip_unknown"]


def test_chips_that_repeat_an_old_answer_are_found(farmer, label):
    old = asked_and_answered(farmer, *label)
    new = asked_and_answered(farmer, *label)
    assert codes(look(farmer, label[0], **{**new, "answer": old["answer"]})) == ["chip_refused"]


def test_chips_of_another_item_are_found(yard, farmer, label):
    (other,) = yard.make("farmer", "B8")
    told = asked_and_answered(
        farmer, replace(label[0], link=parse_digital_link(sgtin("B8"))), label[1]
    )
    assert other != label[0].item
    assert codes(look(farmer, label[0], **told)) == ["chip_other_item"]
