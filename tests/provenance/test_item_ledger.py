"""The item ledger: what is registered, observed, corrected, called back and opened."""

import pytest
from eth_abi import encode
from eth_utils import keccak

from tests.customers.intents import forgeries
from tests.fixtures.intents import compact
from tests.fixtures.logs import log, logs
from tests.fixtures.reverts import reverts
from tests.provenance.item_contracts import *  # noqa: F403 - fixtures
from tests.provenance.item_contracts import (
    BIZ_STEP,
    DISPOSITION,
    EVENT,
    HOUR,
    NO_UNIT,
    ZERO,
    as_logged,
    epc,
    record,
)
from tests.provenance.item_intents import ANY_TIME, item_intent

REASON = keccak(text="why it was called back")
CORRECTION = keccak(text="the event that replaces another")
NOTHING = bytes(32)


# commission


def test_commission_records_a_serial_item(items, ledger, farm):
    serial = record("bag", level=3)
    receipt = ledger.commission([serial], items.what(), sender=farm)
    bag, at = items.id(farm, "bag"), receipt.timestamp
    what = items.what(at=ledger.itemOf(bag).lastTime)
    assert what[2] <= at
    assert logs(receipt, ledger) == [
        items.log(
            "ItemCommissioned",
            bag,
            issuer=farm,
            epcHash=epc("bag"),
            commission=as_logged(serial),
            what=what,
        )
    ]
    flags = False, False, False, False
    assert items.state(bag) == [
        (farm.address, 1, BIZ_STEP, DISPOSITION, 3, *flags, what[2]),
        (0, NO_UNIT, ZERO),
        0,
        (ZERO, 0),
    ]
    assert ledger.custodianOf(bag) == farm.address


def test_commission_records_lots_and_tags(items, ledger, farm, certifier, seal):
    most = record("most", quantity=2**64 - 1, unit=b"KGM", certifier=certifier, tag=seal, level=4)
    least = record("least", quantity=1, unit=b"\xff" * 3)
    receipt = ledger.commission([most, least], items.what(), sender=farm)
    assert [entry.name for entry in logs(receipt, ledger)] == ["ItemCommissioned"] * 2
    first, second = (items.id(farm, name) for name in ("most", "least"))
    assert tuple(ledger.lotOf(first)) == (2**64 - 1, b"KGM", certifier.address)
    assert tuple(ledger.lotOf(second)) == (1, b"\xff" * 3, ZERO)
    assert tuple(ledger.tagOf(first)) == (seal.address, 0)
    for item, level in ((first, 4), (second, 0)):
        at = ledger.itemOf(item)
        assert (at.level, at.isLot, at.isPacked, at.isRetired) == (level, True, False, False)


def test_an_item_is_named_by_its_issuer(items, ledger, farm, thief, bag):
    types = ["address", "bytes32"]
    assert ledger.itemIdOf(farm, epc("bag")) == bag
    assert bag == int.from_bytes(keccak(encode(types, [farm.address, epc("bag")])))
    # Whoever copies a number gets another item, and stops nobody.
    squatted = items.commission(thief, "next")
    assert squatted == ledger.itemIdOf(thief, epc("next"))
    assert items.commission(farm, "next") != squatted
    assert ledger.custodianOf(squatted) == thief.address


def test_an_unknown_item_is_empty(items, ledger):
    nothing = (ZERO, 0, 0, 0, 0, False, False, False, False, 0)
    assert items.state(7) == [nothing, (0, NO_UNIT, ZERO), 0, (ZERO, 0)]
    assert ledger.custodianOf(7) == ZERO


def test_commission_comes_once(items, ledger, project, farm, bag):
    for records in ([record("bag")], [record("other"), record("other")]):
        item = items.id(farm, "bag" if len(records) == 1 else "other")
        with reverts(project.ItemLedger.ItemCommissionedBefore, item=item):
            ledger.commission(records, items.what(), sender=farm)
    assert items.step(items.id(farm, "other")) == 0
    ledger.retire([bag], items.what(), sender=farm)
    with reverts(project.ItemLedger.ItemCommissionedBefore, item=bag):
        ledger.commission([record("bag")], items.what(), sender=farm)


def test_commission_reverts_above_level_4(items, ledger, project, farm):
    for level in (5, 7, 8, 255):
        with reverts(project.ItemLedger.ItemLevelInvalid, level=level):
            ledger.commission([record("bag", level=level)], items.what(), sender=farm)


def test_commission_reverts_for_half_a_lot(items, ledger, project, farm, certifier):
    for values in (
        {"quantity": 5},
        {"unit": b"KGM"},
        {"certifier": certifier},
        {"unit": b"KGM", "certifier": certifier},
    ):
        wrong = {"quantity": values.get("quantity", 0), "unit": values.get("unit", NO_UNIT)}
        with reverts(project.ItemLedger.ItemQuantityInvalid, **wrong):
            ledger.commission([record("lot", **values)], items.what(), sender=farm)


# what every event must satisfy


@pytest.fixture
def act(items, ledger, farm, bag, pallet):
    """Each of the functions that take an ItemStep, on items of the farm."""
    inside = items.commission(farm, "inside")
    ledger.pack(pallet, [inside], items.what(), sender=farm)
    serial = [(bag, 0)]
    return {
        "commission": lambda what: ledger.commission([record("new")], what, sender=farm),
        "observe": lambda what: ledger.observe([bag], what, sender=farm),
        "pack": lambda what: ledger.pack(pallet, [bag], what, sender=farm),
        "unpack": lambda what: ledger.unpack(pallet, [inside], what, sender=farm),
        "retire": lambda what: ledger.retire([bag], what, sender=farm),
        "transform": lambda what: ledger.transform(
            serial, [record("new")], what, [], [], sender=farm
        ),
    }


ACTIONS = ["commission", "observe", "pack", "unpack", "retire", "transform"]


@pytest.mark.parametrize("action", ACTIONS)
def test_a_step_has_codes_of_the_vocabulary(items, project, chain, act, action):
    for codes in ((42, 0), (0, 34), (255, 255), (42, 33), (41, 34)):
        wrong = {"bizStep": codes[0], "disposition": codes[1]}
        with reverts(project.ItemLedger.StepCodeInvalid, **wrong):
            act[action](items.what(*codes))
    for codes in ((41, 33), (0, 0)):
        before = chain.snapshot()
        act[action](items.what(*codes))
        chain.restore(before)


@pytest.mark.parametrize("action", ACTIONS)
def test_a_step_is_not_before_the_last_nor_in_the_future(
    items, ledger, project, chain, clock, farm, bag, pallet, act, action
):
    first = {
        "commission": items.id(farm, "new"),
        "pack": pallet,
        "unpack": pallet,
    }.get(action, bag)
    last = ledger.itemOf(first).lastTime
    later = clock.now + 100
    if last:
        clock.set_next(later)
        wrong = {"item": first, "eventTime": last - 1, "lastTime": last, "timestamp": later}
        with reverts(project.ItemLedger.StepTimeInvalid, **wrong):
            act[action](items.what(at=last - 1))
    later = clock.now + 100
    ahead = later + HOUR + 1
    clock.set_next(later)
    wrong = {"item": first, "eventTime": ahead, "lastTime": last, "timestamp": later}
    with reverts(project.ItemLedger.StepTimeInvalid, **wrong):
        act[action](items.what(at=ahead))
    for at in (last, ahead - 1):
        before = chain.snapshot()
        clock.set_next(later)
        act[action](items.what(at=at))
        chain.restore(before)


def test_packing_is_not_before_the_childs_last_event(items, ledger, project, clock, farm, pallet):
    clock.set(clock.now + 100)
    child = items.commission(farm, "child")
    last = ledger.itemOf(child).lastTime
    clock.set_next(clock.now + 100)
    wrong = {"eventTime": last - 1, "lastTime": last, "timestamp": clock.now + 100}
    with reverts(project.ItemLedger.StepTimeInvalid, item=child, **wrong):
        ledger.pack(pallet, [child], items.what(at=last - 1), sender=farm)
    ledger.pack(pallet, [child], items.what(at=last), sender=farm)


def test_no_list_is_empty(items, ledger, project, farm, pallet):
    calls = (
        lambda: ledger.commission([], items.what(), sender=farm),
        lambda: ledger.observe([], items.what(), sender=farm),
        lambda: ledger.pack(pallet, [], items.what(), sender=farm),
        lambda: ledger.unpack(pallet, [], items.what(), sender=farm),
        lambda: ledger.retire([], items.what(), sender=farm),
        lambda: ledger.recall([], REASON, sender=farm),
    )
    for call in calls:
        with reverts(project.ItemLedger.ItemListInvalid, items=0, others=0):
            call()


def test_nothing_happens_to_an_item_that_is_not_known(items, ledger, project, farm, bag, pallet):
    calls = (
        lambda: ledger.observe([bag, 7], items.what(), sender=farm),
        lambda: ledger.pack(pallet, [7], items.what(), sender=farm),
        lambda: ledger.pack(7, [bag], items.what(), sender=farm),
        lambda: ledger.unpack(pallet, [7], items.what(), sender=farm),
        lambda: ledger.unpack(7, [bag], items.what(), sender=farm),
        lambda: ledger.retire([7], items.what(), sender=farm),
        lambda: ledger.transform([(7, 1)], [record("new")], items.what(), [], [], sender=farm),
        lambda: ledger.declareError(7, EVENT, CORRECTION, sender=farm),
    )
    for call in calls:
        with reverts(project.ItemLedger.ItemUnknown, item=7):
            call()
    assert items.step(bag) == 1


def test_nothing_happens_to_an_item_that_is_retired(items, ledger, project, farm, bag, pallet):
    over = items.commission(farm, "over", level=1)
    ledger.retire([over], items.what(), sender=farm)
    calls = (
        lambda: ledger.observe([bag, over], items.what(), sender=farm),
        lambda: ledger.pack(pallet, [over], items.what(), sender=farm),
        lambda: ledger.pack(over, [bag], items.what(), sender=farm),
        lambda: ledger.retire([over], items.what(), sender=farm),
        lambda: ledger.transform([(over, 0)], [record("new")], items.what(), [], [], sender=farm),
    )
    for call in calls:
        with reverts(project.ItemLedger.ItemIsRetired, item=over):
            call()
    assert items.step(over) == 2


def test_only_the_custodian_acts(items, ledger, project, farm, carrier, thief, bag, pallet):
    own = items.commission(thief, "own")
    items.hand([pallet], farm, carrier)
    wrong = {"item": bag, "custodian": farm.address, "caller": thief.address}
    calls = (
        lambda: ledger.observe([own, bag], items.what(), sender=thief),
        lambda: ledger.pack(
            items.commission(thief, "box", level=1), [bag], items.what(), sender=thief
        ),
        lambda: ledger.retire([bag], items.what(), sender=thief),
        lambda: ledger.transform([(bag, 0)], [record("new")], items.what(), [], [], sender=thief),
        lambda: ledger.declareError(bag, EVENT, CORRECTION, sender=thief),
    )
    for call in calls:
        with reverts(project.ItemLedger.ItemCustodianOnly, **wrong):
            call()
    for item, caller in ((own, thief), (bag, farm)):
        wrong = {"item": pallet, "custodian": carrier.address, "caller": caller.address}
        for call in (ledger.pack, ledger.unpack):
            with reverts(project.ItemLedger.ItemCustodianOnly, **wrong):
                call(pallet, [item], items.what(), sender=caller)


# observe


def test_observe_notes_what_happened(items, ledger, clock, farm, bag, pallet):
    what = items.what(41, 0, at=clock.now)
    receipt = ledger.observe([bag, pallet], what, sender=farm)
    assert logs(receipt, ledger) == [
        items.log("ItemObserved", item, custodian=farm, step=2, what=what) for item in (bag, pallet)
    ]
    at = ledger.itemOf(bag)
    assert (at.step, at.bizStep, at.disposition, at.lastTime) == (2, 41, DISPOSITION, what[2])
    ledger.observe([bag], items.what(0, 33, at=what[2] + HOUR), sender=farm)
    at = ledger.itemOf(bag)
    assert (at.step, at.bizStep, at.disposition, at.lastTime) == (3, 41, 33, what[2] + HOUR)
    # Twice in a list is twice.
    ledger.observe([bag, bag], items.what(at=what[2] + HOUR), sender=farm)
    assert items.step(bag) == 5


# retire


def test_retire_ends_items(items, ledger, farm, bag, pallet):
    what = items.what()
    receipt = ledger.retire([bag, pallet], what, sender=farm)
    assert logs(receipt, ledger) == [
        items.log("ItemRetired", item, custodian=farm, step=2, what=what) for item in (bag, pallet)
    ]
    for item in (bag, pallet):
        at = ledger.itemOf(item)
        assert (at.isRetired, at.custodian) == (True, farm.address)


def test_what_is_packed_in_a_retired_item_comes_out(items, ledger, farm, bag, pallet):
    ledger.pack(pallet, [bag], items.what(), sender=farm)
    ledger.retire([pallet], items.what(), sender=farm)
    ledger.unpack(pallet, [bag], items.what(), sender=farm)
    at = ledger.itemOf(bag)
    assert (at.isPacked, at.custodian) == (False, farm.address)
    assert ledger.itemOf(pallet).isRetired is True


# declareError


def test_declareError_deletes_nothing(items, ledger, farm, bag):
    before = ledger.itemOf(bag)
    for number, retires in ((2, False), (4, True)):
        if retires:
            ledger.retire([bag], items.what(), sender=farm)
        receipt = ledger.declareError(bag, EVENT, CORRECTION, sender=farm)
        what = {"eventHash": EVENT, "correctionHash": CORRECTION}
        assert logs(receipt, ledger) == [
            items.log("ErrorDeclared", bag, declarer=farm, step=number, **what)
        ]
    at = ledger.itemOf(bag)
    assert (at.custodian, at.bizStep, at.level) == (farm.address, before.bizStep, before.level)


# recall


def test_recall_flags_an_item_wherever_it_is(items, ledger, farm, carrier, bag, pallet):
    ledger.pack(pallet, [bag], items.what(), sender=farm)
    items.hand([pallet], farm, carrier)
    ledger.retire([pallet], items.what(), sender=carrier)
    receipt = ledger.recall([epc("bag"), epc("pallet")], REASON, sender=farm)
    assert logs(receipt, ledger) == [
        items.log("ItemRecalled", bag, step=3, reasonHash=REASON),
        items.log("ItemRecalled", pallet, step=5, reasonHash=REASON),
    ]
    for item in (bag, pallet):
        assert ledger.itemOf(item).isRecalled is True
    # It is a flag: the item still comes out, and goes back.
    ledger.unpack(pallet, [bag], items.what(), sender=carrier)
    items.hand([bag], carrier, farm)
    at = ledger.itemOf(bag)
    assert (at.isRecalled, at.custodian) == (True, farm.address)


def test_recall_is_the_issuers(items, ledger, project, farm, carrier, thief, bag):
    items.hand([bag], farm, carrier)
    for caller in (carrier, thief):
        with reverts(project.ItemLedger.ItemUnknown, item=items.id(caller, "bag")):
            ledger.recall([epc("bag")], REASON, sender=caller)
    # Nor does an item of the same number stand for it.
    items.commission(thief, "bag")
    ledger.recall([epc("bag")], REASON, sender=thief)
    assert ledger.itemOf(bag).isRecalled is False


def test_recall_comes_once(items, ledger, project, farm, bag, pallet):
    ledger.recall([epc("bag")], REASON, sender=farm)
    for numbers in (["bag"], ["pallet", "bag"]):
        with reverts(project.ItemLedger.ItemRecalledBefore, item=bag):
            ledger.recall([epc(name) for name in numbers], REASON, sender=farm)
    with reverts(project.ItemLedger.ItemRecalledBefore, item=pallet):
        ledger.recall([epc("pallet"), epc("pallet")], REASON, sender=farm)


def test_recall_voids_a_handover_that_was_signed_before(items, ledger, project, farm, carrier, bag):
    given = items.handover([bag], farm, carrier)
    ledger.recall([epc("bag")], REASON, sender=farm)
    with reverts(project.ItemLedger.HandoverStale, item=bag, signed=1, step=2):
        ledger.receiveItems(given.values, given.sign(farm), sender=carrier)


# claimTag


@pytest.fixture
def sealed(items, farm, seal):
    """An item with a key under its seal."""
    return items.commission(farm, "sealed", tag=seal)


@pytest.fixture
def claim(domain, sealed, consumer):
    """What the seal's key signs for the consumer, unless the test says otherwise."""

    def claim_(**changes):
        values = {"item": sealed, "holder": consumer, "deadline": ANY_TIME}
        return item_intent(domain, "TagClaim", **values | changes)

    return claim_


def test_claimTag_breaks_the_seal_once(
    items, ledger, project, farm, relayer, seal, sealed, consumer, claim, thief
):
    ledger.retire([sealed], items.what(), sender=farm)  # sold
    given = claim()
    receipt = ledger.claimTag(*given.values, given.sign(seal), sender=relayer)
    at = receipt.timestamp
    assert logs(receipt, ledger) == [items.log("TagClaimed", sealed, holder=consumer, claimedAt=at)]
    assert tuple(ledger.tagOf(sealed)) == (seal.address, at)
    assert items.step(sealed) == 2
    for again, form in ((given, bytes), (given, compact), (claim(holder=thief), bytes)):
        with reverts(project.ItemLedger.TagClaimedBefore, item=sealed, claimedAt=at):
            ledger.claimTag(*again.values, form(again.sign(seal)), sender=relayer)


def test_claimTag_takes_the_short_form(ledger, relayer, seal, sealed, claim):
    given = claim()
    ledger.claimTag(*given.values, compact(given.sign(seal)), sender=relayer)
    assert ledger.tagOf(sealed).claimedAt != 0


def test_claimTag_reverts_if_forged_or_for_another_holder(
    items, ledger, project, farm, seal, sealed, claim, thief, relayer
):
    given = claim()
    other = items.commission(farm, "second", tag=seal)
    # Copied from a pending transaction, or from the label of another bag.
    for changed, signature in (
        *((given, forged) for forged in forgeries(given, seal, thief).values()),
        (claim(holder=thief), given.sign(seal)),
        (claim(deadline=ANY_TIME - 1), given.sign(seal)),
        (claim(item=other), given.sign(seal)),
        (claim(holder=thief), claim(holder=thief).sign(farm)),
    ):
        wrong = {"signer": seal.address, "digest": changed.digest()}
        with reverts(project.ItemLedger.IntentSignatureInvalid, **wrong):
            ledger.claimTag(*changed.values, signature, sender=relayer)
    assert ledger.tagOf(sealed).claimedAt == 0


def test_claimTag_holds_until_its_deadline(ledger, project, clock, seal, claim, relayer):
    deadline = clock.now + 100
    given = claim(deadline=deadline)
    clock.set_next(deadline + 1)
    wrong = {"deadline": deadline, "timestamp": deadline + 1}
    with reverts(project.ItemLedger.IntentExpired, **wrong):
        ledger.claimTag(*given.values, given.sign(seal), sender=relayer)


def test_claimTag_is_in_time_at_its_deadline(ledger, clock, seal, sealed, claim, relayer):
    deadline = clock.now + 100
    given = claim(deadline=deadline)
    clock.set_next(deadline)
    ledger.claimTag(*given.values, given.sign(seal), sender=relayer)
    assert ledger.tagOf(sealed).claimedAt == deadline


def test_claimTag_reverts_without_a_tag(ledger, project, seal, bag, claim, relayer):
    for item in (bag, 7):
        given = claim(item=item)
        for signature in (given.sign(seal), bytes(65)):
            with reverts(project.ItemLedger.TagMissing, item=item):
                ledger.claimTag(*given.values, signature, sender=relayer)


# signatures


def test_the_domain_is_the_ledgers(ledger, claim):
    assert ledger.DOMAIN_SEPARATOR() == claim().signable().header


def test_nobody_has_power_over_the_ledger(ledger):
    named = {abi.name for abi in ledger.contract_type.mutable_methods}
    assert named == {
        "anchorReadings",
        "assignDevice",
        "cancelNonce",
        "claimTag",
        "commission",
        "declareError",
        "handOver",
        "observe",
        "pack",
        "recall",
        "receiveItems",
        "retire",
        "transform",
        "unpack",
    }


def test_a_nonce_is_cancelled_by_its_signer(ledger, certifier, thief):
    receipt = ledger.cancelNonce(5, sender=thief)
    assert logs(receipt, ledger) == [log(ledger, "NonceCancelled", signer=thief, nonce=5)]
    assert ledger.isNonceUsed(thief, 5) is True
    assert ledger.isNonceUsed(certifier, 5) is False
