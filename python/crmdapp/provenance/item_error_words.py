"""The errors of the ledger of items in words."""

from __future__ import annotations

UNITS: frozenset[str] = frozenset()
"""Fields that are loyalty points: none."""

IDS = frozenset({"item", "parent"})
"""Fields that are shown in hex."""

WORDS: dict[str, tuple[str, str]] = {
    "DeviceElsewhere": (
        "The device {device} serves item {item}.",
        "Assign it to this item first: crmdapp items sensor assign ITEM --device FILE",
    ),
    "DeviceSignatureInvalid": (
        "The device {device} did not sign this.",
        "It signed something else, for another custodian or window, or another device signed.",
    ),
    "DeviceUnknown": (
        "The device {device} serves no item, or the key is of another one.",
        "Assign it first: crmdapp items sensor assign ITEM --device FILE",
    ),
    "HandoverReceiverInvalid": (
        "{to} cannot take the items over: it is nobody, or has them already.",
        "Name whoever takes them: --to ADDRESS",
    ),
    "HandoverReceiverOnly": (
        "The items were signed over to {to}, not to {caller}.",
        "Submit it with the taker's key (--account), or let the taker accept and relay it.",
    ),
    "HandoverStale": (
        "Item {item} has moved on: the hand-over was signed at step {signed}, it is at {step} now.",
        "Let whoever has it sign anew: crmdapp items hand-over ITEM --to ADDRESS",
    ),
    "ItemCommissionedBefore": (
        "Item {item} is on the ledger.",
        "Each serial number is registered once; take the next one.",
    ),
    "ItemCustodianOnly": (
        "{custodian} has item {item}, not {caller}.",
        "Only who has an item can do this; let it be handed over first.",
    ),
    "ItemIsPacked": (
        "Item {item} is packed in {parent} and moves with it.",
        "Hand over or unpack the box: crmdapp items unpack BOX ITEM",
    ),
    "ItemIsRetired": (
        "Item {item} was used up, destroyed or sold for good.",
        "Nothing more happens to it; if that is wrong: crmdapp items declare-error",
    ),
    "ItemLevelInvalid": ("There is no level {level}.", "Levels are 0 (a piece) to 4."),
    "ItemListInvalid": (
        "{items} items are named, with {others} values for them.",
        "Name at least one item, and a value for each.",
    ),
    "ItemNotPacked": (
        "Item {item} is not in {parent}.",
        "See what it is packed in: crmdapp items show ITEM",
    ),
    "ItemQuantityInvalid": (
        "A quantity of {quantity} thousandths with the unit {unit} does not go together.",
        "A lot has a quantity and a unit (and perhaps a certifier), a single item has none.",
    ),
    "ItemRecalledBefore": ("Item {item} was called back before.", "Nothing is left to do."),
    "ItemUnknown": (
        "There is no item {item} on the ledger.",
        "Check the link and who issued it. If it stands on a label, the label is not genuine.",
    ),
    "LotExceeded": (
        "{wanted} thousandths are taken of lot {item}, which has {quantity} left.",
        "Take less, or add another lot: crmdapp items show LOT tells what is left.",
    ),
    "MassCreated": (
        "{output} thousandths come out, but only {input} go in.",
        "Nothing is made of nothing: correct the amounts, or add inputs.",
    ),
    "PackingLevelInvalid": (
        "Item {item} of level {level} does not go into one of level {parentLevel}.",
        "Only a lower level is packed into a higher one.",
    ),
    "SensorTimeInvalid": (
        "The readings last from {startsAt} to {endsAt}; the chain's time is {timestamp}.",
        "They end after they begin, and not over an hour from now: set the device's clock.",
    ),
    "SensorWindowEmpty": ("Window {window} of device {device} is empty.", "Wait for a reading."),
    "SensorWindowInvalid": (
        "This is window {given} of device {device}; the next is {wanted}.",
        "Windows are anchored in order, each once.",
    ),
    "StepCodeInvalid": (
        "There is no business step {bizStep} or no disposition {disposition}.",
        "Take words of the GS1 vocabulary.",
    ),
    "StepTimeInvalid": (
        "Item {item}: {eventTime} is not from its last event ({lastTime}) to an hour from now.",
        "Events are not backdated: name the right --time, or declare the earlier one wrong.",
    ),
    "StepsExhausted": ("Item {item} has had its last event.", "Register it anew."),
    "TagClaimedBefore": (
        "The seal of item {item} was broken before, {claimedAt}.",
        "If the seal in front of you was whole, the label is a copy.",
    ),
    "TagMissing": ("Item {item} has no seal.", "It was commissioned without --tag."),
    "TransformationEmpty": (
        "{inputs} items go in and {outputs} come out.",
        "Name at least one of both.",
    ),
    "TransformationUnitMixed": (
        "What comes out is measured in {unit} and in {other}.",
        "Lots of one transformation have one unit; make two of it.",
    ),
    "YieldFactorInvalid": (
        "Yield factor number {index} is for another producer or unit, or for nothing that goes in.",
        "Leave it out, or ask the certifier for the right one: crmdapp items yield-factor",
    ),
    "YieldFactorMissing": (
        "Lot {item}: nobody signed how {fromUnit} becomes {toUnit}.",
        "Ask its certifier: crmdapp items yield-factor --producer YOU --of 1KGM --makes 4H87",
    ),
}
"""Error -> what happened and what to do."""
