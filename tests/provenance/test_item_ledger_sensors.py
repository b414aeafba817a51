"""Devices: assigned by their own word, anchored window by window, by keys of the curve P-256."""

from dataclasses import replace

import pytest
from eth_utils import keccak

from tests.fixtures.logs import logs
from tests.fixtures.reverts import reverts
from tests.provenance.item_contracts import *  # noqa: F403 - fixtures
from tests.provenance.item_contracts import HOUR
from tests.provenance.item_intents import P256_N, Device, item_intent, other_s

ROOT, OTHER = keccak(text="root of the readings"), keccak(text="another root")


@pytest.fixture
def device():
    """A thermometer."""
    return Device(0x7E57)


@pytest.fixture
def clone():
    """A device of somebody who wants to be the thermometer."""
    return Device(0xC10)


@pytest.fixture
def assignment(items, domain, device, farm, bag):
    """What the device signs to serve the farm's bag, unless the test says otherwise."""

    def assignment_(**changes):
        values = {"device": device.id, "item": bag, "custodian": farm, "window": 0}
        return item_intent(domain, "DeviceAssignment", **values | changes)

    return assignment_


@pytest.fixture
def assigned(ledger, device, assignment, farm, bag):
    """The bag that the device serves."""
    ledger.assignDevice(bag, device.key, device.sign(assignment()), sender=farm)
    return bag


@pytest.fixture
def window(domain, clock, device, bag):
    """The first window of the bag's device, unless the test says otherwise."""

    def window_(**changes):
        values = {
            "device": device.id,
            "item": bag,
            "window": 1,
            "root": ROOT,
            "count": 1_000,
            "startsAt": clock.now - 500,
            "endsAt": clock.now,
        }
        return item_intent(domain, "SensorWindow", **values | changes)

    return window_


# assignDevice


def test_assignDevice_binds_a_device_to_an_item(items, ledger, device, assignment, farm, bag):
    assert tuple(ledger.deviceOf(device.id)) == (0, 0)
    receipt = ledger.assignDevice(bag, device.key, device.sign(assignment()), sender=farm)
    at = {"device": device.id, "custodian": farm, "key": device.key}
    assert logs(receipt, ledger) == [items.log("DeviceAssigned", bag, **at)]
    assert tuple(ledger.deviceOf(device.id)) == (bag, 0)
    assert items.step(bag) == 1


def test_assignDevice_is_the_custodians(
    items, ledger, project, device, assignment, farm, carrier, thief, bag, pallet
):
    signature = device.sign(assignment(custodian=thief))
    wrong = {"item": bag, "custodian": farm.address, "caller": thief.address}
    with reverts(project.ItemLedger.ItemCustodianOnly, **wrong):
        ledger.assignDevice(bag, device.key, signature, sender=thief)
    with reverts(project.ItemLedger.ItemUnknown, item=7):
        ledger.assignDevice(7, device.key, device.sign(assignment(item=7)), sender=farm)
    # On a pallet that went, the bag is the carrier's.
    ledger.pack(pallet, [bag], items.what(), sender=farm)
    items.hand([pallet], farm, carrier)
    wrong = {"item": bag, "custodian": carrier.address, "caller": farm.address}
    with reverts(project.ItemLedger.ItemCustodianOnly, **wrong):
        ledger.assignDevice(bag, device.key, device.sign(assignment()), sender=farm)
    signature = device.sign(assignment(custodian=carrier))
    ledger.assignDevice(bag, device.key, signature, sender=carrier)
    ledger.unpack(pallet, [bag], items.what(), sender=carrier)
    ledger.retire([bag], items.what(), sender=carrier)
    with reverts(project.ItemLedger.ItemIsRetired, item=bag):
        ledger.assignDevice(bag, device.key, signature, sender=carrier)


def test_assignDevice_reverts_unless_the_device_signed(
    items, ledger, project, chain, device, clone, assignment, farm, thief, bag, pallet
):
    given = assignment()
    wrong = {"device": device.id, "digest": given.digest()}
    places = {"chain_id": chain.chain_id + 1}, {"contract": farm.address}
    for intent in (
        *(replace(given, domain=replace(given.domain, **place)) for place in places),
        assignment(item=pallet),
        assignment(custodian=thief),
        assignment(window=1),
        assignment(device=clone.id),
    ):
        with reverts(project.ItemLedger.DeviceSignatureInvalid, **wrong):
            ledger.assignDevice(bag, device.key, device.sign(intent), sender=farm)
    with reverts(project.ItemLedger.DeviceSignatureInvalid, **wrong):
        ledger.assignDevice(bag, device.key, clone.sign(given), sender=farm)


def test_a_device_goes_on_to_another_item(
    items, ledger, device, assignment, window, farm, relayer, assigned, pallet
):
    given = window()
    ledger.anchorReadings(given.values, device.key, device.sign(given), sender=relayer)
    moved = assignment(item=pallet, window=1)
    ledger.assignDevice(pallet, device.key, device.sign(moved), sender=farm)
    assert tuple(ledger.deviceOf(device.id)) == (pallet, 1)
    given = window(item=pallet, window=2)
    ledger.anchorReadings(given.values, device.key, device.sign(given), sender=relayer)
    assert tuple(ledger.deviceOf(device.id)) == (pallet, 2)


def test_an_assignment_ends_with_the_next_window(
    ledger, project, device, assignment, window, farm, relayer, assigned, pallet
):
    signature = device.sign(assignment())
    given = window()
    ledger.anchorReadings(given.values, device.key, device.sign(given), sender=relayer)
    wrong = {"device": device.id, "digest": assignment(window=1).digest()}
    with reverts(project.ItemLedger.DeviceSignatureInvalid, **wrong):
        ledger.assignDevice(assigned, device.key, signature, sender=farm)


def test_nobody_takes_a_device_from_the_item_of_another(
    items, ledger, project, device, assignment, farm, thief, assigned
):
    own = items.commission(thief, "own")
    signature = device.sign(assignment(item=own, custodian=thief))
    wrong = {"item": assigned, "custodian": farm.address, "caller": thief.address}
    with reverts(project.ItemLedger.ItemCustodianOnly, **wrong):
        ledger.assignDevice(own, device.key, signature, sender=thief)
    items.hand([assigned], farm, thief)  # with its device
    ledger.assignDevice(own, device.key, signature, sender=thief)
    assert ledger.deviceOf(device.id).item == own


# anchorReadings


def test_anchorReadings_anchors_window_after_window(
    items, ledger, farm, relayer, device, window, assigned
):
    ledger.retire([assigned], items.what(), sender=farm)  # readings come late
    for number in (1, 2, 3):
        given = window(window=number, count=number)
        receipt = ledger.anchorReadings(
            given.values, device.key, device.sign(given), sender=relayer
        )
        _, _, _, root, count, starts_at, ends_at = given.values
        assert logs(receipt, ledger) == [
            items.log(
                "ReadingsAnchored",
                assigned,
                device=device.id,
                window=number,
                root=root,
                count=count,
                startsAt=starts_at,
                endsAt=ends_at,
            )
        ]
        assert tuple(ledger.deviceOf(device.id)) == (assigned, number)


def test_high_s_is_as_good_as_low(ledger, project, relayer, device, window, assigned):
    for number in (1, 2):
        given = window(window=number)
        signature = device.sign(given)
        low_and_high = sorted([signature, other_s(signature)], key=lambda each: each[1])
        good = low_and_high[number - 1]
        assert (int.from_bytes(good[1]) > P256_N // 2) == (number == 2)
        ledger.anchorReadings(given.values, device.key, good, sender=relayer)
        # The counter stops the twin.
        wrong = {"device": device.id, "given": number, "wanted": number + 1}
        for signature in (good, other_s(good)):
            with reverts(project.ItemLedger.SensorWindowInvalid, **wrong):
                ledger.anchorReadings(given.values, device.key, signature, sender=relayer)


def test_anchorReadings_takes_the_next_window(ledger, project, relayer, device, window, assigned):
    for number in (0, 2, 2**64 - 1):
        given = window(window=number)
        wrong = {"device": device.id, "given": number, "wanted": 1}
        with reverts(project.ItemLedger.SensorWindowInvalid, **wrong):
            ledger.anchorReadings(given.values, device.key, device.sign(given), sender=relayer)


def test_anchorReadings_reverts_unless_the_device_signed(
    items, ledger, project, chain, farm, relayer, device, clone, window, assigned
):
    given = window()
    good = device.sign(given)
    wrong = {"device": device.id, "digest": given.digest()}
    places = {"chain_id": chain.chain_id + 1}, {"contract": farm.address}
    forged = [
        clone.sign(given),
        (bytes(32), bytes(32)),
        (good[0], bytes(32)),
        (bytes(32), good[1]),
        (good[1], good[0]),
        (P256_N.to_bytes(32), good[1]),
        *(device.sign(replace(given, domain=replace(given.domain, **place))) for place in places),
    ]
    for signature in forged:
        with reverts(project.ItemLedger.DeviceSignatureInvalid, **wrong):
            ledger.anchorReadings(given.values, device.key, signature, sender=relayer)
    for change in (
        {"root": OTHER},
        {"count": 999},
        {"startsAt": given.values[5] - 1},
        {"endsAt": given.values[6] - 1},
    ):
        changed = window(**change)
        wrong = {"device": device.id, "digest": changed.digest()}
        with reverts(project.ItemLedger.DeviceSignatureInvalid, **wrong):
            ledger.anchorReadings(changed.values, device.key, good, sender=relayer)
    assert tuple(ledger.deviceOf(device.id)) == (assigned, 0)


def test_a_device_is_its_key(ledger, project, relayer, device, clone, window, assigned):
    for given, key, signer, known in (
        (window(), clone.key, clone, device),
        (window(), device.key[::-1], device, device),
        (window(device=clone.id), clone.key, clone, clone),
        (window(device=clone.id), device.key, device, clone),
    ):
        with reverts(project.ItemLedger.DeviceUnknown, device=known.id):
            ledger.anchorReadings(given.values, key, signer.sign(given), sender=relayer)


def test_a_key_is_a_point_of_the_curve(ledger, project, farm, device, assignment, bag):
    for key in ((bytes(32), bytes(32)), (device.key[0], bytes(32))):
        given = assignment(device=keccak(b"".join(key)))
        wrong = {"device": keccak(b"".join(key)), "digest": given.digest()}
        with reverts(project.ItemLedger.DeviceSignatureInvalid, **wrong):
            ledger.assignDevice(bag, key, device.sign(given), sender=farm)


def test_readings_are_of_the_item_that_the_device_serves(
    ledger, project, relayer, device, window, assigned, pallet
):
    given = window(item=pallet)
    with reverts(project.ItemLedger.DeviceElsewhere, device=device.id, item=assigned):
        ledger.anchorReadings(given.values, device.key, device.sign(given), sender=relayer)


def test_a_window_has_readings(ledger, project, relayer, device, window, assigned):
    given = window(count=0)
    with reverts(project.ItemLedger.SensorWindowEmpty, device=device.id, window=1):
        ledger.anchorReadings(given.values, device.key, device.sign(given), sender=relayer)


def test_a_window_begins_before_it_ends_and_is_not_in_the_future(
    ledger, project, clock, relayer, device, window, assigned
):
    for begins, ends in ((1, 0), (0, HOUR + 1), (0, 2**39)):
        later = clock.now + 100
        given = window(startsAt=later + begins, endsAt=later + ends)
        clock.set_next(later)
        wrong = {"startsAt": later + begins, "endsAt": later + ends, "timestamp": later}
        with reverts(project.ItemLedger.SensorTimeInvalid, **wrong):
            ledger.anchorReadings(given.values, device.key, device.sign(given), sender=relayer)


def test_a_window_may_be_a_moment_and_an_hour_ahead(
    ledger, clock, relayer, device, window, assigned
):
    later = clock.now + 100
    given = window(startsAt=later + HOUR, endsAt=later + HOUR)
    clock.set_next(later)
    ledger.anchorReadings(given.values, device.key, device.sign(given), sender=relayer)
    assert ledger.deviceOf(device.id).window == 1
