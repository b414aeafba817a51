"""The ledger of items through its client, on a real chain."""

from dataclasses import replace

import pytest

from crmdapp.chain.errors import IntentExpired, IntentSignatureInvalid
from crmdapp.chain.signed import long_form
from crmdapp.errors import NodeLied, UsageError
from crmdapp.provenance.devices import Device, sign_assignment
from crmdapp.provenance.errors import (
    DeviceElsewhere,
    DeviceSignatureInvalid,
    DeviceUnknown,
    HandoverReceiverOnly,
    HandoverStale,
    ItemCommissionedBefore,
    ItemCustodianOnly,
    ItemIsPacked,
    ItemIsRetired,
    ItemLevelInvalid,
    ItemListInvalid,
    ItemNotPacked,
    ItemQuantityInvalid,
    ItemRecalledBefore,
    ItemUnknown,
    LotExceeded,
    MassCreated,
    PackingLevelInvalid,
    SensorWindowInvalid,
    StepCodeInvalid,
    StepTimeInvalid,
    TagClaimedBefore,
    TagMissing,
    TransformationEmpty,
    TransformationUnitMixed,
    YieldFactorInvalid,
    YieldFactorMissing,
)
from crmdapp.provenance.gs1.epc import epc_hash
from crmdapp.provenance.item_intents import ledger_domain
from crmdapp.provenance.item_models import (
    Commission,
    ItemStep,
    Lot,
    TransformationInput,
    item_of,
    transformation_of,
)
from crmdapp.provenance.item_reader import WindowNotAnchored
from crmdapp.provenance.item_signing import sign_handover, sign_tag_claim, sign_yield_factor
from crmdapp.provenance.items import BATCH_GAS, GAS_PER_ITEM, GAS_PER_SLOT, batches
from crmdapp.provenance.readings import Reading
from crmdapp.provenance.sensor_windows import sign_window
from crmdapp.provenance.tags import new_tag_key
from tests.provenance.yard import *  # noqa: F403 - fixtures
from tests.provenance.yard import HOUR, lot_link, sgtin

SERIAL = BATCH_GAS // GAS_PER_ITEM
"""Serial items in one transaction of a batch."""

REASON = b"\x07" * 32


@pytest.fixture
def farmer(yard):
    """Grows coffee and issues its items."""
    return yard.client("farmer")


@pytest.fixture
def roaster(yard):
    """Buys coffee, roasts it, and issues what it makes."""
    return yard.client("roaster")


@pytest.fixture
def outsider(yard):
    """Anybody with an account."""
    return yard.client("outsider")


@pytest.fixture
def bag(yard):
    """A bag of the farmer's."""
    return yard.make()[0]


@pytest.fixture
def signed(yard, farmer, bag):
    """The farmer's word that the roaster gets the bag."""
    return sign_handover(
        yard.signer("farmer"),
        farmer.domain,
        farmer.steps([bag]),
        yard.address("roaster"),
        event_time=yard.now,
        deadline=yard.now + HOUR,
    )


# ----------------------------------------------------------------- commission


def test_commission_registers_items_of_the_sender(yard, farmer):
    step = yard.step(biz_step="commissioning", disposition="active")
    links = [sgtin("A"), sgtin("B")]
    items = farmer.commission([Commission(epc_hash(link), level=2) for link in links], step)
    assert items == tuple(item_of(yard.address("farmer"), link) for link in links)
    found = farmer.item(items[0])
    assert (found.custodian, found.step, found.level) == (yard.address("farmer"), 1, 2)
    assert (found.biz_step, found.disposition) == (step.biz_step, step.disposition)
    assert (found.is_lot, found.is_packed, found.is_retired) == (False, False, False)


def test_commission_refuses_a_name_that_is_taken(yard, farmer, bag):
    again = Commission(epc_hash(sgtin("N0")))
    with pytest.raises(ItemCommissionedBefore) as refused:
        farmer.commission([again], yard.step())
    assert refused.value.values == (bag,)
    assert yard.client("roaster").commission([again], yard.step())  # in a name space of its own


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"level": 5}, ItemLevelInvalid(5)),
        ({"quantity": 1}, ItemQuantityInvalid(1, b"\0\0\0")),
        ({"unit": "KGM"}, ItemQuantityInvalid(0, b"KGM")),
        ({"certifier": "0x" + "11" * 20}, ItemQuantityInvalid(0, b"\0\0\0")),
    ],
)
def test_commission_refuses_before_sending(yard, farmer, values, error):
    before = yard.connection.block_number()
    with pytest.raises(type(error)) as refused:
        farmer.commission([Commission(epc_hash(sgtin("X")), **values)], yard.step())
    assert refused.value == error
    assert yard.connection.block_number() == before


def test_commission_refuses_an_empty_list(yard, farmer):
    with pytest.raises(ItemListInvalid):
        farmer.commission([], yard.step())


def test_commission_refuses_an_item_twice(yard, farmer):
    item = Commission(epc_hash(sgtin("X")))
    with pytest.raises(UsageError, match="twice"):
        farmer.commission([item, item], yard.step())


@pytest.mark.parametrize(("biz_step", "disposition"), [(42, 0), (0, 34)])
def test_commission_refuses_codes_of_no_term(yard, farmer, biz_step, disposition):
    step = ItemStep(biz_step, disposition, yard.now)
    with pytest.raises(StepCodeInvalid):
        farmer.commission([Commission(epc_hash(sgtin("X")))], step)


def test_commission_refuses_a_time_ahead_of_the_chain(yard, farmer):
    with pytest.raises(StepTimeInvalid):
        farmer.commission([Commission(epc_hash(sgtin("X")))], ItemStep(0, 0, yard.now + 2 * HOUR))


def test_commission_many_splits_and_resumes(yard, farmer):
    items = [Commission(epc_hash(sgtin(f"M{n}"))) for n in range(SERIAL + 5)]
    step, shown = yard.step(), []
    receipts = farmer.commission_many(items, step, key="harvest", progress=shown.append)
    assert shown == [SERIAL, SERIAL + 5]
    assert max(receipt.gas_used for receipt in receipts) < BATCH_GAS
    block = yard.connection.block_number()
    again = farmer.commission_many(items, step, key="harvest")
    assert [receipt.hash for receipt in again] == [receipt.hash for receipt in receipts]
    assert yard.connection.block_number() == block


def test_commission_many_checks_all_before_it_sends(yard, farmer):
    items = [Commission(epc_hash(sgtin(f"M{n}"))) for n in range(SERIAL)]
    items.append(Commission(epc_hash(sgtin("Z")), level=9))
    with pytest.raises(ItemLevelInvalid):
        farmer.commission_many(items, yard.step(), key="harvest")
    assert not farmer.is_known(item_of(yard.address("farmer"), sgtin("M0")))


def test_commission_many_finds_an_item_in_two_parts(yard, farmer):
    items = [Commission(epc_hash(sgtin(f"M{n}"))) for n in range(SERIAL + 1)]
    items[-1] = items[0]
    with pytest.raises(UsageError, match="twice"):
        farmer.commission_many(items, yard.step(), key="harvest")
    assert not farmer.is_known(item_of(yard.address("farmer"), sgtin("M0")))


def test_commission_many_counts_on_enough_gas_for_lots(yard, farmer, tmp_path):
    tag = new_tag_key(tmp_path / "tag").address
    items = [
        Commission(epc_hash(lot_link(f"G{n}")), 1, tag, 1, "KGM", yard.address("certifier"))
        for n in range(BATCH_GAS // (GAS_PER_ITEM + 2 * GAS_PER_SLOT))
    ]
    (receipt,) = farmer.commission_many(items, yard.step(), key="lots")
    assert receipt.gas_used < BATCH_GAS * 1.05


def test_batches_cut_by_gas_and_lose_nothing():
    plain, lot = Commission(bytes(32)), Commission(bytes(32), quantity=1, unit="KGM")
    most = 2 * GAS_PER_ITEM + GAS_PER_SLOT
    cut = [list(part) for part in batches([plain, plain, plain, lot, lot], most)]
    assert cut == [[plain, plain], [plain, lot], [lot]]
    assert [list(part) for part in batches([lot], 1)] == [[lot]]


# ----------------------------------------------------------------- observe


def test_observe_moves_the_step(yard, farmer, bag):
    farmer.observe([bag], yard.step(biz_step="inspecting"))
    assert farmer.item(bag).step == 2


def test_observe_refuses_a_backdated_event(yard, farmer, bag):
    last = farmer.item(bag).last_time
    with pytest.raises(StepTimeInvalid) as refused:
        farmer.observe([bag], ItemStep(0, 0, last - 1))
    assert refused.value.values[:3] == (bag, last - 1, last)
    assert farmer.item(bag).step == 1


def test_observe_refuses_others(yard, outsider, bag):
    with pytest.raises(ItemCustodianOnly):
        outsider.observe([bag], yard.step())


def test_item_refuses_what_nobody_made(yard, farmer):
    with pytest.raises(ItemUnknown):
        farmer.item(7)


# ----------------------------------------------------------------- hand-over


def test_receive_moves_the_custody(yard, roaster, bag, signed):
    roaster.receive(signed)
    found = roaster.item(bag)
    assert (found.custodian, found.step) == (yard.address("roaster"), 2)


def test_receive_takes_compact_signatures(roaster, bag, signed):
    r, s, v = signed.signature[:32], signed.signature[32:64], signed.signature[64]
    compact = r + (int.from_bytes(s, "big") | (v - 27) << 255).to_bytes(32, "big")
    assert long_form(compact) == signed.signature
    roaster.receive(replace(signed, signature=compact))
    assert roaster.item(bag).step == 2


def test_receive_refuses_the_wrong_party(yard, outsider, signed):
    with pytest.raises(HandoverReceiverOnly) as refused:
        outsider.receive(signed)
    assert refused.value.values == (yard.address("roaster"), yard.address("outsider"))


def test_receive_refuses_a_stale_hand_over(yard, farmer, roaster, bag, signed):
    farmer.observe([bag], yard.step())
    with pytest.raises(HandoverStale) as refused:
        roaster.receive(signed)
    assert refused.value.values == (bag, 1, 2)


def test_require_standing_finds_a_stale_hand_over(yard, farmer, bag, signed):
    farmer.require_standing(signed)
    farmer.observe([bag], yard.step())
    with pytest.raises(HandoverStale):
        farmer.require_standing(signed)


def test_receive_call_is_for_the_taker(outsider, signed):
    with pytest.raises(HandoverReceiverOnly):
        outsider.receive_call(signed)


def test_receive_refuses_an_expired_hand_over(yard, roaster, signed):
    yard.node.advance(2 * HOUR)
    with pytest.raises(IntentExpired):
        roaster.receive(signed)


def test_receive_refuses_another_signature(yard, roaster, signed):
    forged = replace(signed, signature=signed.handover.sign(yard.signer("outsider"), signed.domain))
    with pytest.raises(IntentSignatureInvalid):
        roaster.receive(forged)


def test_receive_refuses_what_is_for_another_ledger(yard, roaster, bag, signed):
    elsewhere = ledger_domain(1, roaster.contract.address)
    with pytest.raises(UsageError, match="on chain 1"):
        roaster.receive(replace(signed, domain=elsewhere))
    assert roaster.item(bag).step == 1


def test_receive_refuses_a_packed_item(yard, farmer, roaster, bag, signed):
    (box,) = yard.make("farmer", level=1)
    farmer.pack(box, [bag], yard.step())
    with pytest.raises(ItemIsPacked) as refused:
        roaster.receive(signed)
    assert refused.value.values == (bag, box)


def test_relay_needs_both(yard, outsider, bag, signed):
    with pytest.raises(UsageError, match="Only the giver"):
        outsider.relay(signed)
    outsider.relay(signed.accept(yard.signer("roaster")))
    assert outsider.custodian(bag) == yard.address("roaster")


def test_relay_refuses_another_takers_word(yard, outsider, signed):
    accepted = signed.accept(yard.signer("roaster"))
    forged = replace(
        accepted, to_signature=signed.handover.sign(yard.signer("outsider"), signed.domain)
    )
    with pytest.raises(IntentSignatureInvalid):
        outsider.relay(forged)


# ----------------------------------------------------------------- pack


def test_pack_moves_with_the_parent(yard, farmer, bag):
    box, pallet = (yard.make("farmer", level=level)[0] for level in (1, 2))
    farmer.pack(box, [bag], yard.step(biz_step="packing"))
    farmer.pack(pallet, [box], yard.step(biz_step="packing"))
    assert farmer.parents(bag) == (box, pallet)
    yard.hand_over([pallet])
    assert farmer.custodian(bag) == yard.address("roaster")
    yard.client("roaster").unpack(pallet, [box], yard.step())
    yard.client("roaster").unpack(box, [bag], yard.step())
    assert (farmer.parents(bag), farmer.item(bag).custodian) == ((), yard.address("roaster"))


def test_pack_refuses_a_level_that_is_not_below(yard, farmer, bag):
    (other,) = yard.make()
    with pytest.raises(PackingLevelInvalid):
        farmer.pack(other, [bag], yard.step())


def test_pack_refuses_an_item_in_itself(yard, farmer, bag):
    with pytest.raises(UsageError, match="into itself"):
        farmer.pack(bag, [bag], yard.step())


def test_unpack_refuses_what_is_elsewhere(yard, farmer, bag):
    (box,) = yard.make("farmer", level=1)
    with pytest.raises(ItemNotPacked):
        farmer.unpack(box, [bag], yard.step())


def test_parents_refuses_a_node_without_an_end(yard, farmer, bag, monkeypatch):
    monkeypatch.setattr(type(farmer.contract), "read", lambda *_, **__: 5)
    with pytest.raises(NodeLied):
        farmer.parents(bag)


# ----------------------------------------------------------------- transform


def output(name, quantity=0, unit=""):
    return Commission(epc_hash(lot_link(name)), quantity=quantity, unit=unit)


def test_transform_keeps_the_mass(yard, farmer):
    green = yard.lot(quantity=60_000)
    (roasted,) = farmer.transform(
        [TransformationInput(green, 50_000)], [output("R", 50_000, "KGM")], yard.step()
    )
    assert farmer.lot(green).quantity == 10_000
    assert farmer.lot(roasted) == Lot(50_000, "KGM", "0x" + "00" * 20)
    made = [log.event for log in farmer.events("ItemProduced")]
    assert made[0].transformation == transformation_of(yard.address("farmer"), roasted)


def test_transform_refuses_mass_from_nothing(yard, farmer):
    green = yard.lot(quantity=60_000)
    with pytest.raises(MassCreated) as refused:
        farmer.transform(
            [TransformationInput(green, 50_000)], [output("R", 50_001, "KGM")], yard.step()
        )
    assert refused.value.values == (50_001, 50_000)
    assert farmer.lot(green).quantity == 60_000


def test_transform_refuses_more_than_is_left(yard, farmer):
    green = yard.lot(quantity=10)
    with pytest.raises(LotExceeded) as refused:
        farmer.transform([TransformationInput(green, 11)], [output("R", 1, "KGM")], yard.step())
    assert refused.value.values == (green, 11, 10)


def test_transform_refuses_nothing(yard, farmer, bag):
    for inputs, outputs in (([], [output("R")]), ([TransformationInput(bag)], [])):
        with pytest.raises(TransformationEmpty):
            farmer.transform(inputs, outputs, yard.step())


def test_transform_refuses_two_units(yard, farmer, bag):
    outputs = [output("R", 1, "KGM"), output("S", 1, "LTR")]
    with pytest.raises(TransformationUnitMixed):
        farmer.transform([TransformationInput(bag)], outputs, yard.step())


def factor(yard, producer="farmer", **values):
    settings = {"numerator": 4, "denominator": 5, "nonce": 1, "valid_until": yard.now + HOUR}
    return sign_yield_factor(
        yard.signer("certifier"),
        yard.client().domain,
        yard.address(producer),
        "KGM",
        "H87",
        **{**settings, **values},
    )


def test_transform_by_a_yield_factor(yard, farmer):
    green = yard.lot(quantity=60_000, certifier=yard.address("certifier"))
    used = [TransformationInput(green, 50_000)]
    with pytest.raises(YieldFactorMissing):
        farmer.transform(used, [output("R", 40_000, "H87")], yard.step())
    with pytest.raises(YieldFactorInvalid):
        farmer.transform(used, [output("R", 40_000, "H87")], yard.step(), [factor(yard, "roaster")])
    with pytest.raises(MassCreated):
        farmer.transform(used, [output("R", 40_001, "H87")], yard.step(), [factor(yard)])
    assert farmer.transform(used, [output("R", 40_000, "H87")], yard.step(), [factor(yard)])


# ----------------------------------------------------------------- end, error, recall


def test_retire_ends_an_item(yard, farmer, bag):
    farmer.retire([bag], yard.step(disposition="destroyed"))
    with pytest.raises(ItemIsRetired):
        farmer.observe([bag], yard.step())
    with pytest.raises(ItemIsRetired):
        farmer.steps([bag])


def test_declare_error_deletes_nothing(farmer, bag):
    farmer.declare_error(bag, b"\1" * 32, b"\2" * 32)
    (log,) = farmer.events("ErrorDeclared")
    assert (log.event.step, log.event.event_hash) == (2, b"\1" * 32)


def test_recall_is_once_and_by_the_issuer(farmer, roaster, bag):
    word = epc_hash(sgtin("N0"))
    farmer.recall([word], REASON)
    assert farmer.item(bag).is_recalled
    with pytest.raises(ItemRecalledBefore):
        farmer.recall([word], REASON)
    with pytest.raises(ItemUnknown):
        roaster.recall([word], REASON)


# ----------------------------------------------------------------- seals


@pytest.fixture
def sealed(yard, tmp_path):
    """A bag with a seal, and the key under it."""
    key = new_tag_key(tmp_path / "tag.json")
    return yard.make("farmer", tag=key.address)[0], key


def claim(yard, item, key, until=HOUR):
    holder = yard.address("outsider")
    domain = yard.client().domain
    return sign_tag_claim(key, domain, item, holder, deadline=yard.now + until)


def test_claim_tag_breaks_the_seal_once(yard, outsider, sealed):
    item, key = sealed
    assert outsider.tag(item) == (key.address, 0)
    outsider.claim_tag(claim(yard, item, key))
    at = outsider.tag(item)[1]
    assert at
    with pytest.raises(TagClaimedBefore) as refused:
        outsider.claim_tag(claim(yard, item, key))
    assert refused.value.values == (item, at)


def test_claim_tag_refuses_another_key(yard, outsider, sealed):
    item, _ = sealed
    with pytest.raises(IntentSignatureInvalid):
        outsider.claim_tag(claim(yard, item, yard.signer("carrier")))
    assert outsider.tag(item)[1] == 0


def test_claim_tag_refuses_an_item_without_seal(yard, outsider, bag, sealed):
    with pytest.raises(TagMissing):
        outsider.claim_tag(claim(yard, bag, sealed[1]))


def test_claim_tag_refuses_a_late_claim(yard, outsider, sealed):
    item, key = sealed
    late = claim(yard, item, key, until=1)
    yard.node.advance(60)
    with pytest.raises(IntentExpired):
        outsider.claim_tag(late)


# ----------------------------------------------------------------- devices


@pytest.fixture
def sensor(yard, farmer, bag):
    """A thermometer in the bag."""
    device = Device.new()
    word = sign_assignment(device, farmer.domain, bag, yard.address("farmer"), window=0)
    farmer.assign_device(word)
    return device


def readings(yard, *values):
    start = yard.now - len(values)
    return [Reading(start + n, "Temperature", value, "CEL") for n, value in enumerate(values)]


def test_assign_device_binds_it(farmer, bag, sensor):
    assert farmer.device(sensor.id) == (bag, 0)
    farmer.require_device_of(sensor.id, bag)
    with pytest.raises(DeviceElsewhere):
        farmer.require_device_of(sensor.id, bag + 1)
    with pytest.raises(DeviceUnknown):
        farmer.require_device_of(bytes(32), bag)


def test_assign_device_refuses_another_devices_word(yard, farmer, bag):
    device, other = Device.new(), Device.new()
    word = sign_assignment(device, farmer.domain, bag, yard.address("farmer"), window=0)
    with pytest.raises(DeviceUnknown):
        farmer.assign_device(replace(word, key=other.key))
    with pytest.raises(DeviceSignatureInvalid):
        farmer.assign_device(replace(word, signature=other.sign(word.assignment, farmer.domain)))


def test_assign_device_refuses_a_word_for_another_custodian(yard, farmer, bag):
    device = Device.new()
    word = sign_assignment(device, farmer.domain, bag, yard.address("roaster"), window=0)
    with pytest.raises(DeviceSignatureInvalid):  # the contract hashes whoever submits
        farmer.assign_device(word)


def test_anchor_keeps_a_window(yard, farmer, outsider, bag, sensor):
    window = sign_window(sensor, farmer.domain, bag, readings(yard, 4_000, 4_500), window=1)
    with pytest.raises(WindowNotAnchored):
        farmer.require_anchored(window.window)
    outsider.anchor(window)
    farmer.require_anchored(window.window)
    assert not farmer.is_anchored(replace(window.window, root=bytes(32)))
    with pytest.raises(SensorWindowInvalid) as refused:
        outsider.anchor(window)
    assert refused.value.values == (sensor.id, 1, 2)


def test_anchor_refuses_the_wrong_device(yard, farmer, bag, sensor):
    stranger = Device.new()
    window = sign_window(stranger, farmer.domain, bag, readings(yard, 1), window=1)
    with pytest.raises(DeviceUnknown):
        farmer.anchor(window)
    other = sign_window(sensor, farmer.domain, bag + 1, readings(yard, 1), window=1)
    with pytest.raises(DeviceElsewhere):
        farmer.anchor(other)


# ----------------------------------------------------------------- names


def test_names_are_those_of_the_contract(yard, farmer):
    link = sgtin("A")
    issuer = yard.address("farmer")
    assert item_of(issuer, link) == farmer.contract.read("itemIdOf", issuer, epc_hash(link))
    assert farmer.domain.separator() == farmer.contract.read("DOMAIN_SEPARATOR")
