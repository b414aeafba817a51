"""Custody of items: it moves with both signatures, and what is packed moves with its parent."""

from itertools import pairwise

import pytest
from eth_account import Account
from eth_utils import keccak

from tests.customers.intents import forgeries
from tests.fixtures.intents import compact
from tests.fixtures.logs import logs
from tests.fixtures.reverts import reverts, reverts_without_data
from tests.provenance.item_contracts import *  # noqa: F403 - fixtures
from tests.provenance.item_contracts import DISPOSITION, EVENT, HOUR, ZERO, record

OTHER = keccak(text="another event")
JUDGE, REFUSE, BURN_GAS = 0, 2, 4  # WalletMock.Behaviour


@pytest.fixture
def accept(ledger, relayer):
    """Submits a hand-over with both signatures."""

    def accept_(given, from_, to, *, form=bytes):
        signatures = [form(given.sign(signer)) for signer in (from_, to)]
        return ledger.handOver(given.values, *signatures, sender=relayer)

    return accept_


# receiveItems, handOver


def test_receiveItems_moves_items_to_the_caller(items, ledger, farm, carrier, bag, pallet):
    given = items.handover([pallet, bag], farm, carrier)
    receipt = ledger.receiveItems(given.values, given.sign(farm), sender=carrier)
    at = {"eventTime": given.values[4], "eventHash": EVENT}
    assert logs(receipt, ledger) == [
        items.log("CustodyHandedOver", item, from_=farm, to=carrier, step=2, **at)
        for item in (pallet, bag)
    ]
    for item in (bag, pallet):
        now = ledger.itemOf(item)
        assert (now.custodian, now.step, now.lastTime) == (carrier.address, 2, given.values[4])
        assert now.disposition == DISPOSITION
        assert ledger.custodianOf(item) == carrier.address


def test_receiveItems_takes_the_short_form(items, ledger, farm, carrier, bag):
    given = items.handover([bag], farm, carrier)
    ledger.receiveItems(given.values, compact(given.sign(farm)), sender=carrier)
    assert ledger.custodianOf(bag) == carrier.address


def test_receiveItems_is_the_receivers(items, ledger, project, farm, carrier, thief, bag):
    given = items.handover([bag], farm, carrier)
    for caller in (farm, thief):
        wrong = {"to": carrier.address, "caller": caller.address}
        with reverts(project.ItemLedger.HandoverReceiverOnly, **wrong):
            ledger.receiveItems(given.values, given.sign(farm), sender=caller)
    # Whoever writes itself into what another was given breaks the signature.
    for caller in (farm, thief):
        changed = items.handover([bag], farm, caller)
        wrong = {"signer": farm.address, "digest": changed.digest()}
        with reverts(project.ItemLedger.IntentSignatureInvalid, **wrong):
            ledger.receiveItems(changed.values, given.sign(farm), sender=caller)
    assert ledger.custodianOf(bag) == farm.address


def test_handOver_moves_what_both_signed(items, ledger, farm, carrier, accept, bag, pallet):
    for form, item in ((bytes, bag), (compact, pallet)):
        given = items.handover([item], farm, carrier)
        receipt = accept(given, farm, carrier, form=form)
        at = {"eventTime": given.values[4], "eventHash": EVENT}
        assert logs(receipt, ledger) == [
            items.log("CustodyHandedOver", item, from_=farm, to=carrier, step=2, **at)
        ]
        assert ledger.custodianOf(item) == carrier.address


def test_handOver_reverts_unless_both_signed(
    items, ledger, project, farm, carrier, thief, relayer, bag
):
    given = items.handover([bag], farm, carrier)
    good = [given.sign(farm), given.sign(carrier)]
    for place, signer in enumerate((farm, carrier)):
        for forged in (*forgeries(given, signer, thief).values(), good[1 - place], b""):
            signatures = list(good)
            signatures[place] = forged
            wrong = {"signer": signer.address, "digest": given.digest()}
            with reverts(project.ItemLedger.IntentSignatureInvalid, **wrong):
                ledger.handOver(given.values, *signatures, sender=relayer)
    assert items.step(bag) == 1


def test_receiveItems_reverts_unless_signed_over(items, ledger, project, farm, carrier, thief, bag):
    given = items.handover([bag], farm, carrier)
    for forged in (*forgeries(given, farm, thief).values(), given.sign(carrier), b""):
        wrong = {"signer": farm.address, "digest": given.digest()}
        with reverts(project.ItemLedger.IntentSignatureInvalid, **wrong):
            ledger.receiveItems(given.values, forged, sender=carrier)
    assert ledger.custodianOf(bag) == farm.address


def test_a_changed_handover_is_not_signed(items, ledger, project, farm, carrier, bag, pallet):
    signature = items.handover([bag], farm, carrier).sign(farm)
    for changed in (
        items.handover([pallet], farm, carrier),
        items.handover([bag, pallet], farm, carrier),
        items.handover([bag], farm, carrier, steps=[2]),
        items.handover([bag], farm, carrier, eventTime=items.clock.now - 1),
        items.handover([bag], farm, carrier, eventHash=OTHER),
        items.handover([bag], farm, carrier, deadline=2**40 - 2),
    ):
        wrong = {"signer": farm.address, "digest": changed.digest()}
        with reverts(project.ItemLedger.IntentSignatureInvalid, **wrong):
            ledger.receiveItems(changed.values, signature, sender=carrier)


def test_a_handover_fits_its_types(items, ledger, domain, chain, farm, carrier, bag):
    """The words are hashed as they were sent, so what does not fit its type must not be read."""
    given = items.handover([bag], farm, carrier)
    call = bytes(ledger.receiveItems.encode_input(given.values, bytes(65)))
    (head, listed), signature = (4 + 64, 4 + 64 + 7 * 32 + 32), len(call) - 96
    step = listed + 64
    kinds = ",".join(f"{kind} {name}" for name, kind in given.types)
    type_hash = keccak(text=f"Handover({kinds})")

    def signed(data):
        """The call with a signature over the very words that are in it."""
        lists = keccak(data[listed : listed + 32]), keccak(data[step : step + 32])
        body = keccak(type_hash + b"".join(lists) + data[head + 64 : head + 224])
        digest = keccak(b"\x19\x01" + ledger.DOMAIN_SEPARATOR() + body)
        made = bytes(Account.unsafe_sign_hash(digest, farm.private_key).signature)
        return data[:signature] + made + data[signature + 65 :]

    def send(data):
        ecosystem = chain.provider.network.ecosystem
        carrier.call(ecosystem.create_transaction(receiver=ledger.address, data=data))

    good = signed(call)
    assert good == bytes(ledger.receiveItems.encode_input(given.values, given.sign(farm)))
    # from, to, eventTime, deadline and the only step
    for place in (head + 64, head + 96, head + 128, head + 192, step):
        with reverts_without_data():
            send(signed(call[:place] + b"\x80" + call[place + 1 :]))
    send(good)
    assert ledger.custodianOf(bag) == carrier.address


def test_a_handover_holds_until_its_deadline(
    items, ledger, project, clock, farm, carrier, accept, bag
):
    deadline = clock.now + 100
    given = items.handover([bag], farm, carrier, deadline=deadline)
    wrong = {"deadline": deadline, "timestamp": deadline + 1}
    clock.set_next(deadline + 1)
    with reverts(project.ItemLedger.IntentExpired, **wrong):
        ledger.receiveItems(given.values, given.sign(farm), sender=carrier)


def test_handOver_holds_until_its_deadline(items, project, clock, farm, carrier, accept, bag):
    deadline = clock.now + 100
    given = items.handover([bag], farm, carrier, deadline=deadline)
    clock.set_next(deadline + 1)
    wrong = {"deadline": deadline, "timestamp": deadline + 1}
    with reverts(project.ItemLedger.IntentExpired, **wrong):
        accept(given, farm, carrier)


def test_a_handover_is_in_time_at_its_deadline(items, ledger, clock, farm, carrier, bag, pallet):
    deadline = clock.now + 100
    given = items.handover([bag], farm, carrier, deadline=deadline)
    clock.set_next(deadline)
    ledger.receiveItems(given.values, given.sign(farm), sender=carrier)
    assert ledger.custodianOf(bag) == carrier.address


def test_a_handover_is_accepted_once(items, ledger, project, farm, carrier, roaster, accept, bag):
    given = items.handover([bag], farm, carrier)
    accept(given, farm, carrier)
    # By either way, and in either form of the signature.
    gone = {"item": bag, "custodian": carrier.address, "caller": farm.address}
    for form in (bytes, compact):
        with reverts(project.ItemLedger.ItemCustodianOnly, **gone):
            accept(given, farm, carrier, form=form)
        with reverts(project.ItemLedger.ItemCustodianOnly, **gone):
            ledger.receiveItems(given.values, form(given.sign(farm)), sender=carrier)
    # Nor when the item has come back.
    items.hand([bag], carrier, farm)
    for form in (bytes, compact):
        with reverts(project.ItemLedger.HandoverStale, item=bag, signed=1, step=3):
            accept(given, farm, carrier, form=form)
    assert ledger.custodianOf(bag) == farm.address


def test_a_handover_ends_with_the_items_next_step(
    items, ledger, project, farm, carrier, bag, pallet
):
    given = items.handover([pallet, bag], farm, carrier)
    ledger.observe([bag], items.what(), sender=farm)
    with reverts(project.ItemLedger.HandoverStale, item=bag, signed=1, step=2):
        ledger.receiveItems(given.values, given.sign(farm), sender=carrier)
    assert items.step(pallet) == 1  # all or none
    early = items.handover([bag], farm, carrier, steps=[3])
    with reverts(project.ItemLedger.HandoverStale, item=bag, signed=3, step=2):
        ledger.receiveItems(early.values, early.sign(farm), sender=carrier)


def test_a_handover_names_each_item_once(items, ledger, project, farm, carrier, bag, pallet):
    for steps in ([1, 1], [1, 2]):
        given = items.handover([bag, bag], farm, carrier, steps=steps)
        gone = {"item": bag, "custodian": carrier.address, "caller": farm.address}
        with reverts(project.ItemLedger.ItemCustodianOnly, **gone):
            ledger.receiveItems(given.values, given.sign(farm), sender=carrier)


def test_a_handover_has_a_step_for_each_item(items, ledger, project, farm, carrier, bag, pallet):
    for listed, steps in (([], []), ([bag], []), ([], [1]), ([bag, pallet], [1]), ([bag], [1, 1])):
        given = items.handover(listed, farm, carrier, steps=steps)
        wrong = {"items": len(listed), "others": len(steps)}
        with reverts(project.ItemLedger.ItemListInvalid, **wrong):
            ledger.receiveItems(given.values, given.sign(farm), sender=carrier)


def test_nobody_hands_over_to_itself(items, ledger, project, farm, accept, bag):
    given = items.handover([bag], farm, farm)
    with reverts(project.ItemLedger.HandoverReceiverInvalid, to=farm.address):
        ledger.receiveItems(given.values, given.sign(farm), sender=farm)
    with reverts(project.ItemLedger.HandoverReceiverInvalid, to=farm.address):
        accept(given, farm, farm)


def test_nothing_is_handed_over_to_nobody(items, ledger, project, farm, relayer, bag):
    given = items.handover([bag], farm, ZERO)
    for signature in (bytes(65), given.sign(farm), b""):
        wrong = {"signer": ZERO, "digest": given.digest()}
        with reverts(project.ItemLedger.IntentSignatureInvalid, **wrong):
            ledger.handOver(given.values, given.sign(farm), signature, sender=relayer)


def test_nobody_hands_over_the_items_of_another(
    items, ledger, project, farm, carrier, thief, accept, bag
):
    given = items.handover([bag], thief, carrier)
    wrong = {"item": bag, "custodian": farm.address, "caller": thief.address}
    with reverts(project.ItemLedger.ItemCustodianOnly, **wrong):
        accept(given, thief, carrier)
    items.hand([bag], farm, carrier)
    back = items.handover([bag], farm, thief)  # the issuer has no say any more
    wrong = {"item": bag, "custodian": carrier.address, "caller": farm.address}
    with reverts(project.ItemLedger.ItemCustodianOnly, **wrong):
        accept(back, farm, thief)


def test_what_is_not_known_or_retired_is_not_handed_over(
    items, ledger, project, farm, carrier, bag
):
    nothing = items.handover([7], farm, carrier)
    with reverts(project.ItemLedger.ItemUnknown, item=7):
        ledger.receiveItems(nothing.values, nothing.sign(farm), sender=carrier)
    ledger.retire([bag], items.what(), sender=farm)
    over = items.handover([bag], farm, carrier)
    with reverts(project.ItemLedger.ItemIsRetired, item=bag):
        ledger.receiveItems(over.values, over.sign(farm), sender=carrier)


def test_a_handover_is_not_before_the_last_event_nor_in_the_future(
    items, ledger, project, clock, farm, carrier, bag
):
    last = ledger.itemOf(bag).lastTime
    for ahead in (None, HOUR + 1, 2**39):
        later = clock.now + 100
        at = last - 1 if ahead is None else later + ahead
        given = items.handover([bag], farm, carrier, eventTime=at)
        clock.set_next(later)
        wrong = {"eventTime": at, "lastTime": last, "timestamp": later}
        with reverts(project.ItemLedger.StepTimeInvalid, item=bag, **wrong):
            ledger.receiveItems(given.values, given.sign(farm), sender=carrier)


def test_a_handover_may_be_at_the_last_events_time_or_in_an_hour(
    items, ledger, clock, farm, carrier, bag
):
    now = items.handover([bag], farm, carrier, eventTime=ledger.itemOf(bag).lastTime)
    ledger.receiveItems(now.values, now.sign(farm), sender=carrier)
    later = clock.now + 100
    back = items.handover([bag], carrier, farm, eventTime=later + HOUR)
    clock.set_next(later)
    ledger.receiveItems(back.values, back.sign(carrier), sender=farm)
    assert ledger.itemOf(bag).lastTime == later + HOUR


def test_smart_accounts_hand_over_and_receive(
    items, ledger, project, accounts, farm, carrier, roaster, bag
):
    truck = project.WalletMock.deploy(carrier, sender=accounts[0])
    inward = items.handover([bag], farm, truck)
    ledger.handOver(inward.values, inward.sign(farm), inward.sign(carrier), sender=roaster)
    assert ledger.custodianOf(bag) == truck.address
    outward = items.handover([bag], truck, roaster)
    for behaviour in (REFUSE, BURN_GAS):
        truck.setBehaviour(behaviour, sender=carrier)
        wrong = {"signer": truck.address, "digest": outward.digest()}
        with reverts(project.ItemLedger.IntentSignatureInvalid, **wrong):
            ledger.receiveItems(outward.values, outward.sign(carrier), sender=roaster)
    truck.setBehaviour(JUDGE, sender=carrier)
    ledger.receiveItems(outward.values, outward.sign(carrier), sender=roaster)
    assert ledger.custodianOf(bag) == roaster.address


def test_a_key_signs_for_an_account_with_code(
    items, ledger, project, accounts, delegate, farm, carrier, bag
):
    wallet = project.WalletMock.deploy(carrier, sender=accounts[0])
    delegate(farm, wallet)
    given = items.handover([bag], farm, carrier)
    ledger.receiveItems(given.values, given.sign(farm), sender=carrier)
    assert ledger.custodianOf(bag) == carrier.address


# pack, unpack


@pytest.fixture
def packed(items, ledger, farm, bag, pallet):
    """A bag on the farm's pallet."""
    ledger.pack(pallet, [bag], items.what(), sender=farm)
    return bag


@pytest.fixture
def nested(items, ledger, farm, bag):
    """A bag in a box in a case in a crate in a container: five items, from the inside."""
    names = ("box", "case", "crate", "container")
    chain = [bag, *(items.commission(farm, name, level=1 + i) for i, name in enumerate(names))]
    for child, parent in pairwise(chain):
        ledger.pack(parent, [child], items.what(), sender=farm)
    return chain


def test_pack_notes_both_sides(items, ledger, farm, bag, pallet):
    other = items.commission(farm, "other", level=1)
    what = items.what(9, 3)
    receipt = ledger.pack(pallet, [bag, other], what, sender=farm)
    assert logs(receipt, ledger) == [
        items.log("ItemPacked", bag, parent=pallet, step=2, parentStep=2, what=what),
        items.log("ItemPacked", other, parent=pallet, step=2, parentStep=3, what=what),
    ]
    for item, step, is_packed in ((bag, 2, True), (other, 2, True), (pallet, 3, False)):
        at = ledger.itemOf(item)
        assert (at.step, at.isPacked, at.bizStep, at.disposition) == (step, is_packed, 9, 3)
        assert at.lastTime == what[2]
    assert (ledger.parentOf(bag), ledger.parentOf(pallet)) == (pallet, 0)


def test_a_pallet_moves_what_is_on_it(items, ledger, farm, carrier, roaster, pallet, packed):
    word = ledger.itemOf(packed)
    receipt = items.hand([pallet], farm, carrier)
    assert [entry.fields["item"] for entry in logs(receipt, ledger)] == [pallet]
    assert ledger.custodianOf(packed) == carrier.address
    assert ledger.itemOf(packed) == word
    what = items.what(10, 0)
    receipt = ledger.unpack(pallet, [packed], what, sender=carrier)
    assert logs(receipt, ledger) == [
        items.log("ItemUnpacked", packed, parent=pallet, step=3, parentStep=4, what=what)
    ]
    at = ledger.itemOf(packed)
    assert (at.custodian, at.isPacked, at.step, at.bizStep) == (carrier.address, False, 3, 10)
    assert ledger.parentOf(packed) == 0
    assert (ledger.itemOf(pallet).step, ledger.itemOf(pallet).bizStep) == (4, 10)
    items.hand([packed], carrier, roaster)
    assert ledger.custodianOf(packed) == roaster.address
    assert ledger.custodianOf(pallet) == carrier.address


def test_what_is_packed_does_not_move_alone(
    items, ledger, project, farm, carrier, accept, pallet, packed
):
    wrong = {"item": packed, "parent": pallet}
    given = items.handover([packed], farm, carrier)
    with reverts(project.ItemLedger.ItemIsPacked, **wrong):
        ledger.receiveItems(given.values, given.sign(farm), sender=carrier)
    box = items.commission(farm, "box", level=3)
    calls = (
        lambda: accept(given, farm, carrier),
        lambda: ledger.pack(box, [packed], items.what(), sender=farm),
        lambda: ledger.pack(pallet, [packed], items.what(), sender=farm),
        lambda: ledger.retire([packed], items.what(), sender=farm),
        lambda: ledger.transform([(packed, 0)], [record("new")], items.what(), [], [], sender=farm),
    )
    for call in calls:
        with reverts(project.ItemLedger.ItemIsPacked, **wrong):
            call()
    assert items.step(packed) == 2


def test_who_packed_it_has_no_say_after_the_pallet_went(
    items, ledger, project, farm, carrier, accept, pallet, packed
):
    items.hand([pallet], farm, carrier)
    wrong = {"item": packed, "custodian": carrier.address, "caller": farm.address}
    calls = (
        lambda: ledger.observe([packed], items.what(), sender=farm),
        lambda: ledger.declareError(packed, EVENT, OTHER, sender=farm),
    )
    for call in calls:
        with reverts(project.ItemLedger.ItemCustodianOnly, **wrong):
            call()
    given = items.handover([packed], farm, farm)
    with reverts(project.ItemLedger.HandoverReceiverInvalid, to=farm.address):
        accept(given, farm, farm)
    wrong["item"] = pallet
    with reverts(project.ItemLedger.ItemCustodianOnly, **wrong):
        ledger.unpack(pallet, [packed], items.what(), sender=farm)
    receipt = ledger.observe([packed], items.what(), sender=carrier)
    assert logs(receipt, ledger)[0].fields["custodian"] == carrier.address
    assert ledger.itemOf(packed).custodian == farm.address  # as when it was packed


def test_packing_ends_what_was_signed_for_the_child(
    items, ledger, project, farm, carrier, bag, pallet
):
    given = items.handover([bag], farm, carrier)
    ledger.pack(pallet, [bag], items.what(), sender=farm)
    ledger.unpack(pallet, [bag], items.what(), sender=farm)
    with reverts(project.ItemLedger.HandoverStale, item=bag, signed=1, step=3):
        ledger.receiveItems(given.values, given.sign(farm), sender=carrier)
    again = items.handover([bag], farm, carrier)
    ledger.pack(pallet, [bag], items.what(), sender=farm)
    items.hand([pallet], farm, carrier)
    ledger.unpack(pallet, [bag], items.what(), sender=carrier)
    items.hand([bag], carrier, farm)
    with reverts(project.ItemLedger.HandoverStale, item=bag, signed=3, step=6):
        ledger.receiveItems(again.values, again.sign(farm), sender=carrier)


def test_a_pallet_is_handed_over_with_what_was_on_it_when_it_was_signed(
    items, ledger, project, farm, carrier, bag, pallet, packed
):
    given = items.handover([pallet], farm, carrier)
    ledger.unpack(pallet, [packed], items.what(), sender=farm)
    with reverts(project.ItemLedger.HandoverStale, item=pallet, signed=2, step=3):
        ledger.receiveItems(given.values, given.sign(farm), sender=carrier)
    given = items.handover([pallet], farm, carrier)
    ledger.pack(pallet, [bag], items.what(), sender=farm)
    with reverts(project.ItemLedger.HandoverStale, item=pallet, signed=3, step=4):
        ledger.receiveItems(given.values, given.sign(farm), sender=carrier)


def test_so_are_the_boxes_on_the_pallet(items, ledger, project, farm, carrier, nested):
    bag, box, case, crate, container = nested
    given = items.handover([container], farm, carrier)
    steps = [items.step(item) for item in nested]
    receipt = ledger.unpack(box, [bag], items.what(), sender=farm)
    outer = list(zip((case, crate, container), steps[2:], strict=True))
    assert logs(receipt, ledger)[1:] == [
        items.log("ItemContentChanged", item, parent=box, step=step + 1) for item, step in outer
    ]
    assert [items.step(item) for item in nested] == [step + 1 for step in steps]
    stale = {"item": container, "signed": steps[4], "step": steps[4] + 1}
    with reverts(project.ItemLedger.HandoverStale, **stale):
        ledger.receiveItems(given.values, given.sign(farm), sender=carrier)
    given = items.handover([container], farm, carrier)
    receipt = ledger.pack(box, [bag], items.what(), sender=farm)
    assert logs(receipt, ledger)[1:] == [
        items.log("ItemContentChanged", item, parent=box, step=step + 2) for item, step in outer
    ]
    stale = {"item": container, "signed": steps[4] + 1, "step": steps[4] + 2}
    with reverts(project.ItemLedger.HandoverStale, **stale):
        ledger.receiveItems(given.values, given.sign(farm), sender=carrier)
    assert all(ledger.itemOf(item).isPacked for item in nested[:4])


def test_five_levels_move_together(items, ledger, farm, carrier, nested):
    bag, _, case, crate, container = nested
    items.hand([container], farm, carrier)
    for item in nested:
        assert ledger.custodianOf(item) == carrier.address
    ledger.observe([bag], items.what(), sender=carrier)
    # What comes out of the middle stands alone, with what is in it.
    ledger.unpack(crate, [case], items.what(), sender=carrier)
    items.hand([case], carrier, farm)
    owners = [ledger.custodianOf(item) for item in nested]
    assert owners == [farm.address] * 3 + [carrier.address] * 2


def test_only_a_lower_level_is_packed(items, ledger, project, farm, bag, pallet, nested):
    twin = items.commission(farm, "twin", level=2)
    free = items.commission(farm, "free", level=4)
    container = nested[4]
    for item, level, parent, outer in (
        (pallet, 2, pallet, 2),  # itself
        (twin, 2, pallet, 2),
        (free, 4, pallet, 2),
        (free, 4, container, 4),
        (container, 4, nested[1], 1),  # a cycle
        (container, 4, nested[3], 3),
    ):
        wrong = {"item": item, "level": level, "parentLevel": outer}
        with reverts(project.ItemLedger.PackingLevelInvalid, **wrong):
            ledger.pack(parent, [item], items.what(), sender=farm)


def test_nobody_packs_the_items_of_another(
    items, ledger, project, farm, carrier, thief, bag, pallet
):
    crate = items.commission(thief, "crate", level=4)
    wrong = {"item": bag, "custodian": farm.address, "caller": thief.address}
    with reverts(project.ItemLedger.ItemCustodianOnly, **wrong):
        ledger.pack(crate, [bag], items.what(), sender=thief)
    items.hand([bag], farm, carrier)
    wrong = {"item": bag, "custodian": carrier.address, "caller": farm.address}
    with reverts(project.ItemLedger.ItemCustodianOnly, **wrong):
        ledger.pack(pallet, [bag], items.what(), sender=farm)


def test_a_list_packs_each_item_once(items, ledger, project, farm, bag, pallet):
    with reverts(project.ItemLedger.ItemIsPacked, item=bag, parent=pallet):
        ledger.pack(pallet, [bag, bag], items.what(), sender=farm)
    assert items.step(bag) == 1


def test_unpack_takes_out_what_is_in(items, ledger, project, farm, bag, pallet, nested):
    loose = items.commission(farm, "loose")
    for item, parent in (
        (loose, pallet),
        (pallet, pallet),
        (bag, pallet),  # is in the box
        (bag, nested[2]),  # is in a box in it
    ):
        with reverts(project.ItemLedger.ItemNotPacked, item=item, parent=parent):
            ledger.unpack(parent, [item], items.what(), sender=farm)
    with reverts(project.ItemLedger.ItemNotPacked, item=bag, parent=nested[1]):
        ledger.unpack(nested[1], [bag, bag], items.what(), sender=farm)
    assert ledger.parentOf(bag) == nested[1]


def test_nobody_unpacks_the_pallet_of_another(items, ledger, project, farm, thief, pallet, packed):
    wrong = {"item": pallet, "custodian": farm.address, "caller": thief.address}
    with reverts(project.ItemLedger.ItemCustodianOnly, **wrong):
        ledger.unpack(pallet, [packed], items.what(), sender=thief)
    assert ledger.parentOf(packed) == pallet
