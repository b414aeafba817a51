"""The second half of the provenance chapter: coffee from the farm to the cup."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

from crmdapp.provenance.devices import Device, sign_assignment
from crmdapp.provenance.errors import MassCreated
from crmdapp.provenance.gs1.digital_link import DigitalLink
from crmdapp.provenance.gs1.epc import epc_hash
from crmdapp.provenance.item_intents import SignedYieldFactor
from crmdapp.provenance.item_models import Commission, ItemStep, TransformationInput
from crmdapp.provenance.item_signing import sign_yield_factor
from crmdapp.provenance.readings import Reading
from crmdapp.provenance.sensor_windows import (
    Limits,
    ReadingNotInWindow,
    ReadingProof,
    excursions,
    sign_window,
)
from crmdapp.provenance.tags import new_tag_key
from scripts.demo import cup
from scripts.demo.harvest import (
    BAG,
    BAGS,
    DAY,
    GREEN,
    HOUR,
    NEIGHBOUR,
    OTHER_BAGS,
    RETAIL,
    ROASTED,
    SACK,
    SACKS,
    THOUSAND,
    YIELD,
    Goods,
    Trade,
    lot_of,
    mass,
    product,
    shipping_unit,
    understands_devices,
)
from scripts.demo.stage import Stage

READINGS, WARM, WARM_AT = 1_000, 31_400, 613  # how many; the warm one, thousandths of a degree
LIMIT = 25_000  # thousandths of a degree Celsius
JOURNEY = 20 * HOUR


def play(stage: Stage) -> None:
    """Tell the half about coffee and check it."""
    trade, goods = Trade(stage), Goods()
    _tell_harvest(trade, goods)
    _tell_journey(trade, goods)
    _tell_roasting(trade, goods)
    cup.play(trade, goods)
    signing = ("carrier", "certifier", "customer")
    chain = stage.connection
    idle = [trade.signer(role).address for role in signing]
    stage.check(
        "Carrier, certifier and customer signed, and needed no ether",
        not any(chain.nonce(each) or chain.balance(each) for each in idle),
        f"{len(idle)} accounts, 0 wei, 0 transactions",
    )


# --------------------------------------------------------------------------- farm and journey


def _tell_harvest(trade: Trade, goods: Goods) -> None:
    stage, farm = trade.stage, trade.client("farm")
    stage.story.scene("A farm harvests, fills sacks and loads a pallet")
    lot, other = product(GREEN, lot="A7"), product(GREEN, lot="B2")
    certifier = trade.signer("certifier").address
    amounts = {lot: SACKS * SACK, other: NEIGHBOUR}
    step = trade.step(
        "farm",
        "ObjectEvent",
        biz_step="commissioning",
        disposition="active",
        action="ADD",
        quantityList=[mass(link, amount, "KGM") for link, amount in amounts.items()],
    )
    farm.commission(
        [
            lot_of(link, amount * THOUSAND, "KGM", certifier=certifier)
            for link, amount in amounts.items()
        ],
        step,
    )
    goods.lot = trade.item("farm", lot, "green coffee A7")
    goods.neighbour = trade.item("farm", other, "green coffee B2")
    sacks = [product(GREEN, lot=f"A7-{number}") for number in range(1, SACKS + 1)]
    step = trade.step(
        "farm",
        "TransformationEvent",
        biz_step="repackaging",
        inputQuantityList=[mass(lot, SACKS * SACK, "KGM")],
        outputQuantityList=[mass(sack, SACK, "KGM") for sack in sacks],
    )
    farm.transform(
        [TransformationInput(goods.lot, SACKS * SACK * THOUSAND)],
        [lot_of(sack, SACK * THOUSAND, "KGM") for sack in sacks],
        step,
    )
    goods.sacks = [
        trade.item("farm", sack, f"sack {number}") for number, sack in enumerate(sacks, start=1)
    ]
    _load_pallet(trade, goods, [*sacks, other])
    stage.story.say(
        f"{SACKS * SACK} kg in {SACKS} sacks, and {NEIGHBOUR} kg of a neighbour's lot beside",
        "them, on one pallet. From here on whoever signs for the pallet signs for the sacks.",
    )
    inside = farm.lot(goods.sacks[0])
    stage.check(
        "No gram was lost or made in the filling",
        sum(farm.lot(sack).quantity for sack in goods.sacks) == SACKS * SACK * THOUSAND
        and farm.item(goods.lot).is_retired
        and inside.certifier == certifier,
        f"{SACKS} x {SACK} kg = {SACKS * SACK} kg; the certifier stands in each sack's record",
    )


def _load_pallet(trade: Trade, goods: Goods, inside: list[DigitalLink]) -> None:
    farm, name = trade.client("farm"), shipping_unit(1)
    step = trade.step(
        "farm",
        "ObjectEvent",
        biz_step="commissioning",
        action="ADD",
        epcList=[name.identity],
    )
    farm.commission([Commission(epc_hash(name.identity), level=2)], step)
    goods.pallet = trade.item("farm", name, "pallet")
    step = trade.step(
        "farm",
        "AggregationEvent",
        biz_step="packing",
        action="ADD",
        parentID=name.identity,
        childQuantityList=[mass(link, SACK, "KGM") for link in inside],
    )
    farm.pack(goods.pallet, [trade.item("farm", link) for link in inside], step)


def _tell_journey(trade: Trade, goods: Goods) -> None:
    stage = trade.stage
    stage.story.scene("The pallet changes hands, with both signatures")
    device = Device.new()
    is_heard = understands_devices(stage, device)
    if is_heard:
        signed = sign_assignment(
            device, trade.reader.domain, goods.pallet, trade.signer("farm").address, window=0
        )
        trade.client("farm").assign_device(signed)
    name = shipping_unit(1).identity
    handover = trade.hand_over(goods.pallet, name, "farm", "carrier")
    stage.story.say(
        "The farmer's phone shows a QR code, the driver's answers with a second signature, and",
        "somebody with a network submits both and pays for it.",
    )
    stage.check(
        "All that is on the pallet is the carrier's now",
        {trade.reader.custodian(sack) for sack in goods.sacks} == {trade.signer("carrier").address},
        f"1 signature each, {SACKS + 1} lots",
    )
    stage.refused(
        "Somebody submits the same hand-over again",
        lambda: trade.client("platform").relay(handover),
    )
    departed = trade.now
    trade.pass_time(JOURNEY)
    if is_heard:
        _tell_sensor(trade, goods, device, departed)
    else:
        stage.story.say("This chain cannot check a sensor's signature: that scene is left out.")
    trade.hand_over(goods.pallet, name, "carrier", "roaster")


def _tell_sensor(trade: Trade, goods: Goods, device: Device, departed: int) -> None:
    stage, platform = trade.stage, trade.client("platform")
    stage.story.scene("A sensor on the pallet says how warm it was")
    span = trade.now - departed
    readings = [
        Reading(
            departed + span * number // (READINGS - 1),
            "Temperature",
            WARM if number == WARM_AT else 17_000 + round(4_000 * math.sin(number / 60)),
            "CEL",
        )
        for number in range(READINGS)
    ]
    window = sign_window(device, trade.reader.domain, goods.pallet, readings, window=1)
    receipt = platform.anchor(window)
    (spell,) = excursions(readings, Limits("Temperature", "CEL", high=LIMIT))
    shown = json.dumps(window.prove(spell.first).to_json())
    proof = ReadingProof.from_json(shown)
    reading = proof.check()
    trade.reader.require_anchored(proof.window)
    stage.story.say(
        f"{READINGS:,} readings are one transaction of {receipt.gas_used:,} gas: a root, signed",
        f"by the sensor. One reading was {reading.text}, and whoever has to pay for that is",
        f"shown that reading alone: {len(shown):,} bytes, {len(proof.proof)} hashes.",
    )
    stage.check(
        "The warm reading is proved, and no other is shown",
        (reading.value, spell.count) == (WARM, 1),
        f"reading {proof.index} of {proof.window.count:,}: {reading.text}",
    )
    stage.refused(
        "The carrier shows a cooler one in its place",
        lambda: replace(proof, reading=replace(reading, value=LIMIT)).check(),
        ReadingNotInWindow,
    )


# --------------------------------------------------------------------------- roaster and shop


def _tell_roasting(trade: Trade, goods: Goods) -> None:
    stage, roaster = trade.stage, trade.client("roaster")
    stage.story.scene("A roaster turns green coffee into roasted, and fills bags")
    sacks = _unload(trade, goods)
    trade.pass_time(DAY)
    factor = sign_yield_factor(
        trade.signer("certifier"),
        trade.reader.domain,
        trade.signer("roaster").address,
        "KGM",
        "GRM",
        numerator=YIELD,
        denominator=1,
        nonce=1,
        valid_until=trade.now + DAY,
    )
    most = SACKS * SACK * YIELD
    wished = lot_of(product(ROASTED, lot="R1"), (most + 1) * THOUSAND, "GRM")
    before = trade.reader.item(goods.sacks[0])
    stage.refused(
        "The roaster writes down one gram more than the certifier's factor allows",
        lambda: roaster.transform(
            [TransformationInput(sack, SACK * THOUSAND) for sack in goods.sacks],
            [wished],
            ItemStep.of(trade.now, biz_step="creating_class_instance"),
            [factor],
        ),
        MassCreated,
    )
    stage.check(
        "The sacks are as they were",
        trade.reader.item(goods.sacks[0]) == before
        and trade.reader.lot(goods.sacks[0]).quantity == SACK * THOUSAND,
        f"step {before.step}, {SACK} kg",
    )
    neighbour = product(GREEN, lot="B2")
    own = {name: item for name, item in sacks.items() if name != neighbour}
    goods.roasted = [
        _roast(trade, "R1", own, factor),
        _roast(trade, "R2", {neighbour: goods.neighbour}, factor),
    ]
    _fill_bags(trade, goods)
    stage.story.say(
        f"{SACKS * SACK} kg of green coffee became {most // 1_000} kg of roasted: what was lost",
        "in the fire, the certifier signed once for all; the ledger does the sum. Each bag has a",
        "QR code for everybody, and a key under a seal for whoever opens it.",
    )
    left = trade.reader.lot(goods.roasted[0]).quantity
    stage.check(
        "The mass balance holds from the sacks to the bags",
        left == (most - BAGS * BAG) * THOUSAND,
        f"{most:,} g - {BAGS} x {BAG} g = {left // THOUSAND:,} g left",
    )


def _unload(trade: Trade, goods: Goods) -> dict[DigitalLink, int]:
    """Unpack the pallet; return what was on it."""
    names = [product(GREEN, lot=f"A7-{number}") for number in range(1, SACKS + 1)]
    names.append(product(GREEN, lot="B2"))
    found = dict(zip(names, [*goods.sacks, goods.neighbour], strict=True))
    step = trade.step(
        "roaster",
        "AggregationEvent",
        biz_step="unpacking",
        action="DELETE",
        parentID=shipping_unit(1).identity,
        childQuantityList=[mass(name, SACK, "KGM") for name in found],
    )
    trade.client("roaster").unpack(goods.pallet, list(found.values()), step)
    return found


def _roast(trade: Trade, lot: str, sacks: dict[DigitalLink, int], factor: SignedYieldFactor) -> int:
    """Roast sacks into one lot; return it."""
    link, amount = product(ROASTED, lot=lot), len(sacks) * SACK * YIELD
    step = trade.step(
        "roaster",
        "TransformationEvent",
        biz_step="creating_class_instance",
        disposition="active",
        inputQuantityList=[mass(name, SACK, "KGM") for name in sacks],
        outputQuantityList=[mass(link, amount, "GRM")],
    )
    trade.client("roaster").transform(
        [TransformationInput(sack, SACK * THOUSAND) for sack in sacks.values()],
        [lot_of(link, amount * THOUSAND, "GRM")],
        step,
        [factor],
    )
    return trade.item("roaster", link, f"roasted {lot}")


def _fill_bags(trade: Trade, goods: Goods) -> None:
    """Fill retail bags with a key under each seal, and bring them to the shop in a carton."""
    roaster, carton = trade.client("roaster"), shipping_unit(2)
    goods.opened = trade.stage.folder / "under-the-seal.json"
    for number, (lot, count) in enumerate(
        zip(goods.roasted, (BAGS, OTHER_BAGS), strict=True), start=1
    ):
        links = [product(RETAIL, serial=f"R{number}-{each:03d}") for each in range(1, count + 1)]
        step = trade.step(
            "roaster",
            "TransformationEvent",
            biz_step="packing",
            disposition="sellable_not_accessible",
            inputQuantityList=[mass(product(ROASTED, lot=f"R{number}"), count * BAG, "GRM")],
            outputEPCList=[link.identity for link in links],
        )
        made = [
            Commission(epc_hash(link.identity), tag=_seal(trade, goods, link)) for link in links
        ]
        roaster.transform([TransformationInput(lot, count * BAG * THOUSAND)], made, step)
        goods.bags.append(
            {link: trade.item("roaster", link, f"bag {link.qualifier('21')}") for link in links}
        )
    step = trade.step(
        "roaster",
        "ObjectEvent",
        biz_step="commissioning",
        action="ADD",
        epcList=[carton.identity],
    )
    roaster.commission([Commission(epc_hash(carton.identity), level=1)], step)
    box = trade.item("roaster", carton, "carton")
    everything = {**goods.bags[0], **goods.bags[1]}
    packing: dict[str, Any] = {
        "parentID": carton.identity,
        "childEPCs": [link.identity for link in everything],
    }
    items = list(everything.values())
    step = trade.step("roaster", "AggregationEvent", biz_step="packing", action="ADD", **packing)
    roaster.pack(box, items, step)
    trade.hand_over(box, carton.identity, "roaster", "shop")
    step = trade.step(
        "shop",
        "AggregationEvent",
        biz_step="unpacking",
        disposition="sellable_accessible",
        action="DELETE",
        **packing,
    )
    trade.client("shop").unpack(box, items, step)


def _seal(trade: Trade, goods: Goods, link: DigitalLink) -> str:
    """Return the address of the key under a bag's seal; that of the first bag is in a file."""
    if not goods.opened.exists():
        return new_tag_key(goods.opened).address
    return trade.signer(f"seal of {link.identity}").address
