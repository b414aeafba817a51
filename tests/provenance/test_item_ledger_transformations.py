"""Transformations: no more comes out than goes in, whatever it is counted in."""

import pytest
from eth_abi import encode
from eth_utils import keccak

from tests.customers.intents import forgeries
from tests.fixtures.intents import compact
from tests.fixtures.logs import logs
from tests.fixtures.reverts import reverts
from tests.provenance.item_contracts import *  # noqa: F403 - fixtures
from tests.provenance.item_contracts import ZERO, as_logged, epc, record
from tests.provenance.item_intents import ANY_TIME, item_intent

KILOS, LITRES, PIECES = b"KGM", b"LTR", b"C62"
MOST = 2**64 - 1


@pytest.fixture
def lot(items, roaster, certifier):
    """Makes a lot of the roaster, in kilos and certified, unless the test says otherwise."""

    def lot_(name, quantity, unit=KILOS, **values):
        values = {"certifier": certifier} | values
        return items.commission(roaster, name, quantity=quantity, unit=unit, **values)

    return lot_


@pytest.fixture
def transform(items, ledger, roaster):
    """Makes (name, quantity, unit) of (item, quantity); pieces of other types as they are given."""

    def transform_(inputs, *outputs, factors=(), sender=roaster):
        made = [
            record(out[0], quantity=out[1], unit=out[2]) if len(out) == 3 else out
            for out in outputs
        ]
        signed = [(factor.values, factor.sign(signer)) for factor, signer in factors]
        given = [list(column) for column in zip(*signed, strict=True)] or [[], []]
        return ledger.transform(inputs, made, items.what(), *given, sender=sender)

    return transform_


@pytest.fixture
def factor(domain, roaster):
    """The roaster may make 5 kilos of 6 litres, unless the test says otherwise."""

    def factor_(**changes):
        values = {
            "producer": roaster,
            "fromUnit": LITRES,
            "toUnit": KILOS,
            "numerator": 5,
            "denominator": 6,
            "nonce": 1,
            "validUntil": ANY_TIME,
        }
        return item_intent(domain, "YieldFactor", **values | changes)

    return factor_


def left(ledger, item):
    """What is left of a lot, and whether it is over."""
    return ledger.lotOf(item).quantity, ledger.itemOf(item).isRetired


# the balance


def test_transform_takes_from_lots_and_makes_others(
    items, ledger, roaster, certifier, seal, lot, transform
):
    green, more = lot("green", 1_000), lot("more", 500)
    jar = items.commission(roaster, "jar")
    roasted = record("roasted", quantity=700, unit=KILOS, level=1, tag=seal)
    label = record("label")
    receipt = transform([(green, 600), (more, 500), (jar, 0)], roasted, label)
    made = [items.id(roaster, name) for name in ("roasted", "label")]
    name = keccak(encode(["address", "uint256"], [roaster.address, made[0]]))
    what = items.what(at=ledger.itemOf(made[0]).lastTime)
    taken = [(green, 600), (more, 500), (jar, 0)]
    at = {"transformation": name, "step": 2, "what": what}
    assert logs(receipt, ledger) == [
        *(items.log("ItemConsumed", item, quantity=quantity, **at) for item, quantity in taken),
        *(
            entry
            for item, commission, of in (
                (made[0], (*roasted[:5], certifier.address), "roasted"),
                (made[1], label, "label"),
            )
            for entry in (
                items.log(
                    "ItemCommissioned",
                    item,
                    issuer=roaster,
                    epcHash=epc(of),
                    commission=as_logged(commission),
                    what=what,
                ),
                items.log("ItemProduced", item, transformation=name),
            )
        ),
    ]
    assert left(ledger, green) == (400, False)
    assert left(ledger, more) == (0, True)
    assert ledger.itemOf(jar).isRetired is True
    assert tuple(ledger.lotOf(made[0])) == (700, KILOS, certifier.address)
    assert tuple(ledger.tagOf(made[0])) == (seal.address, 0)
    for item in made:
        at = ledger.itemOf(item)
        assert (at.custodian, at.step, at.isRetired) == (roaster.address, 1, False)
    assert (ledger.itemOf(made[0]).isLot, ledger.itemOf(made[1]).isLot) == (True, False)


def test_no_more_comes_out_than_went_in(ledger, project, lot, transform):
    green, more = lot("green", 1_000), lot("more", 500)
    for inputs, outputs, most in (
        ([(green, 600)], [601], 600),
        ([(green, 600), (more, 1)], [600, 2], 601),
        ([(green, 1)], [MOST], 1),
        ([(green, 1)], [MOST, MOST], 1),
    ):
        made = [(f"out {place}", quantity, KILOS) for place, quantity in enumerate(outputs)]
        wrong = {"output": sum(outputs), "input": most}
        with reverts(project.ItemLedger.MassCreated, **wrong):
            transform(inputs, *made)
    assert left(ledger, green) == (1_000, False)
    transform([(green, 600), (more, 1)], ("exact", 600, KILOS), ("rest", 1, KILOS))
    assert (left(ledger, green), left(ledger, more)) == ((400, False), (499, False))


def test_a_lot_is_not_made_of_pieces(items, project, roaster, transform):
    jar = items.commission(roaster, "jar")
    with reverts(project.ItemLedger.MassCreated, output=1, input=0):
        transform([(jar, 0)], ("coffee", 1, PIECES))


def test_a_lot_gives_what_it_has(ledger, project, lot, transform):
    green = lot("green", 1_000)
    for inputs, wanted, quantity in (
        ([(green, 1_001)], 1_001, 1_000),
        ([(green, MOST)], MOST, 1_000),
        ([(green, 600), (green, 401)], 401, 400),
    ):
        wrong = {"item": green, "wanted": wanted, "quantity": quantity}
        with reverts(project.ItemLedger.LotExceeded, **wrong):
            transform(inputs, ("out", 1, KILOS))
    transform([(green, 600), (green, 399)], ("out", 999, KILOS))
    assert left(ledger, green) == (1, False)
    with reverts(project.ItemLedger.LotExceeded, item=green, wanted=2, quantity=1):
        transform([(green, 2)], ("next", 1, KILOS))


def test_an_empty_lot_is_over(items, ledger, project, roaster, farm, lot, transform):
    green = lot("green", 1_000)
    transform([(green, 1_000)], ("out", 1_000, KILOS))
    for quantity in (0, 1):
        with reverts(project.ItemLedger.ItemIsRetired, item=green):
            transform([(green, quantity)], ("next", 1, KILOS))
    given = items.handover([green], roaster, farm)
    with reverts(project.ItemLedger.ItemIsRetired, item=green):
        ledger.receiveItems(given.values, given.sign(roaster), sender=farm)


def test_a_piece_is_used_up_once(items, project, roaster, transform):
    jar = items.commission(roaster, "jar")
    with reverts(project.ItemLedger.ItemIsRetired, item=jar):
        transform([(jar, 0), (jar, 0)], record("one"), record("two"))


def test_a_lot_has_a_quantity_and_a_piece_has_none(items, project, roaster, lot, transform):
    green, jar = lot("green", 1_000), items.commission(roaster, "jar")
    with reverts(project.ItemLedger.ItemQuantityInvalid, quantity=0, unit=KILOS):
        transform([(green, 0)], record("one"))
    with reverts(project.ItemLedger.ItemQuantityInvalid, quantity=1, unit=bytes(3)):
        transform([(jar, 1)], record("one"))
    with reverts(project.ItemLedger.ItemQuantityInvalid, quantity=0, unit=KILOS):
        transform([(jar, 0)], record("one", unit=KILOS))


def test_something_goes_in_and_comes_out(items, ledger, project, roaster, lot, transform):
    green = lot("green", 1_000)
    for inputs, outputs in (([], ["out"]), ([(green, 1)], []), ([], [])):
        wrong = {"inputs": len(inputs), "outputs": len(outputs)}
        with reverts(project.ItemLedger.TransformationEmpty, **wrong):
            transform(inputs, *((name, 1, KILOS) for name in outputs))


def test_what_comes_out_is_new(items, ledger, project, roaster, farm, lot, transform):
    green = lot("green", 1_000)
    for made in (("green", 1, KILOS), ("twice", 1, KILOS)):
        item = items.id(roaster, made[0])
        with reverts(project.ItemLedger.ItemCommissionedBefore, item=item):
            transform([(green, 2)], made, made)
    with reverts(project.ItemLedger.ItemLevelInvalid, level=5):
        transform([(green, 2)], record("high", level=5))


def test_a_transformation_is_the_custodians(
    items, ledger, project, roaster, farm, thief, lot, transform
):
    green = lot("green", 1_000)
    wrong = {"item": green, "custodian": roaster.address, "caller": thief.address}
    with reverts(project.ItemLedger.ItemCustodianOnly, **wrong):
        transform([(green, 1)], ("out", 1, KILOS), sender=thief)
    items.hand([green], roaster, farm)
    wrong = {"item": green, "custodian": farm.address, "caller": roaster.address}
    with reverts(project.ItemLedger.ItemCustodianOnly, **wrong):
        transform([(green, 1)], ("out", 1, KILOS))
    transform([(green, 1)], ("out", 1, KILOS), sender=farm)
    assert ledger.custodianOf(items.id(farm, "out")) == farm.address


def test_what_is_packed_is_not_used(items, ledger, project, roaster, lot, transform):
    green = lot("green", 1_000)
    silo = items.commission(roaster, "silo", level=1)
    ledger.pack(silo, [green], items.what(), sender=roaster)
    with reverts(project.ItemLedger.ItemIsPacked, item=green, parent=silo):
        transform([(green, 1)], ("out", 1, KILOS))


# units


def test_lots_that_come_out_have_one_unit(project, lot, transform):
    green = lot("green", 1_000)
    wrong = {"unit": KILOS, "other": LITRES}
    with reverts(project.ItemLedger.TransformationUnitMixed, **wrong):
        transform([(green, 2)], record("jar"), ("out", 1, KILOS), ("other", 1, LITRES))


def test_another_unit_needs_a_factor(project, lot, transform, factor, certifier):
    milk, green = lot("milk", 600, LITRES), lot("green", 1_000)
    wrong = {"item": milk, "fromUnit": LITRES, "toUnit": KILOS}
    for factors in ([], [(factor(fromUnit=PIECES), certifier)]):
        with reverts(project.ItemLedger.YieldFactorMissing, **wrong):
            transform([(green, 1), (milk, 600)], ("out", 1, KILOS), factors=factors)


def test_a_factor_converts_and_rounds_down(ledger, project, lot, transform, factor, certifier):
    milk, green = lot("milk", 607, LITRES), lot("green", 1_000)
    signed = [(factor(), certifier)]
    # 5/6 of 7 is 5.83; together 13/6 more would be another one.
    with reverts(project.ItemLedger.MassCreated, output=16, input=15):
        transform([(milk, 7), (green, 10)], ("out", 16, KILOS), factors=signed)
    transform([(milk, 7), (green, 10)], ("out", 15, KILOS), factors=signed)
    with reverts(project.ItemLedger.MassCreated, output=1, input=0):
        transform([(milk, 1)], ("drop", 1, KILOS), factors=signed)
    # A factor serves as often as there is something to convert.
    transform([(milk, 600)], ("more", 500, KILOS), factors=signed)
    assert left(ledger, milk) == (0, True)


def test_factors_convert_each_unit(ledger, items, roaster, lot, transform, factor, certifier):
    milk, eggs, flour = lot("milk", 600, LITRES), lot("eggs", 10, PIECES), lot("flour", 7)
    factors = [
        (factor(fromUnit=PIECES, numerator=3, denominator=2), certifier),
        (factor(), certifier),
    ]
    transform([(milk, 60), (eggs, 4), (flour, 7)], ("dough", 63, KILOS), factors=factors)
    dough = items.id(roaster, "dough")
    assert tuple(ledger.lotOf(dough)) == (63, KILOS, certifier.address)


def test_no_factor_overflows(ledger, lot, transform, factor, certifier):
    """What goes in makes 2^128, of which no part of a smaller number would be left."""
    tanks = {lot(f"tank {part}", part, LITRES): part for part in (MOST, MOST - 1, 3)}
    great = factor(numerator=2**63, denominator=1)
    outputs = [(f"out {place}", MOST, KILOS) for place in range(4)]
    assert sum(tanks.values()) * 2**63 == 2**128
    transform([*tanks.items()], *outputs, factors=[(great, certifier)])
    assert all(left(ledger, tank) == (0, True) for tank in tanks)


def test_a_great_factor_makes_no_more_than_it_says(project, lot, transform, factor, certifier):
    tank = lot("tank", 2, LITRES)
    least = factor(numerator=1, denominator=MOST)
    with reverts(project.ItemLedger.MassCreated, output=1, input=0):
        transform([(tank, 2)], ("out", 1, KILOS), factors=[(least, certifier)])
    great = factor(numerator=MOST, denominator=1)
    outputs = [(f"out {place}", MOST, KILOS) for place in range(3)]
    with reverts(project.ItemLedger.MassCreated, output=3 * MOST, input=2 * MOST):
        transform([(tank, 2)], *outputs, factors=[(great, certifier)])


def test_a_factor_that_does_not_fit_is_refused(project, lot, transform, factor, certifier, farm):
    milk, green = lot("milk", 600, LITRES), lot("green", 600)
    for factors, index in (
        ([factor(producer=farm)], 0),
        ([factor(toUnit=PIECES)], 0),
        ([factor(denominator=0)], 0),
        ([factor(), factor(nonce=2)], 1),  # converts nothing
        ([factor(), factor(fromUnit=PIECES)], 1),
        ([factor(), factor(fromUnit=KILOS)], 1),  # as they are
    ):
        signed = [(each, certifier) for each in factors]
        with reverts(project.ItemLedger.YieldFactorInvalid, index=index):
            transform([(milk, 600), (green, 1)], ("out", 1, KILOS), factors=signed)
    # Without a lot that comes out there is nothing to convert into.
    with reverts(project.ItemLedger.YieldFactorInvalid, index=0):
        transform([(milk, 600)], record("jar"), factors=[(factor(), certifier)])


def test_lots_that_become_pieces_need_no_factor(ledger, items, roaster, lot, transform):
    milk, green = lot("milk", 600, LITRES), lot("green", 600)
    transform([(milk, 100), (green, 100)], record("jar"))
    assert ledger.itemOf(items.id(roaster, "jar")).isLot is False
    assert (left(ledger, milk), left(ledger, green)) == ((500, False), (500, False))


def test_a_factor_holds_until_its_end(clock, project, lot, transform, factor, certifier):
    milk, until = lot("milk", 600, LITRES), clock.now + 100
    signed = [(factor(validUntil=until), certifier)]
    clock.set_next(until)
    transform([(milk, 6)], ("out", 5, KILOS), factors=signed)
    clock.set_next(until + 1)
    with reverts(project.ItemLedger.IntentExpired, deadline=until, timestamp=until + 1):
        transform([(milk, 6)], ("late", 5, KILOS), factors=signed)


def test_a_certifier_takes_a_factor_back(
    ledger, project, lot, transform, factor, certifier, thief, roaster
):
    milk = lot("milk", 600, LITRES)
    signed = [(factor(nonce=300), certifier)]
    for other in (thief, roaster):
        ledger.cancelNonce(300, sender=other)  # changes nothing
    ledger.cancelNonce(301, sender=certifier)
    transform([(milk, 6)], ("out", 5, KILOS), factors=signed)
    ledger.cancelNonce(300, sender=certifier)
    wrong = {"signer": certifier.address, "nonce": 300}
    with reverts(project.ItemLedger.IntentNonceUsed, **wrong):
        transform([(milk, 6)], ("next", 5, KILOS), factors=signed)


def test_a_factor_is_signed_by_the_certifier(
    items, ledger, project, roaster, lot, factor, certifier, thief
):
    milk, given = lot("milk", 600, LITRES), factor()
    wrong = {"signer": certifier.address, "digest": given.digest()}
    made = [record("out", quantity=5, unit=KILOS)]

    def transform(values, signature):
        ledger.transform([(milk, 6)], made, items.what(), [values], [signature], sender=roaster)

    for forged in (*forgeries(given, certifier, thief).values(), given.sign(roaster), b""):
        with reverts(project.ItemLedger.IntentSignatureInvalid, **wrong):
            transform(given.values, forged)
    for change in ({"numerator": 6}, {"denominator": 5}, {"nonce": 2}, {"validUntil": 2**40 - 2}):
        changed = factor(**change)
        wrong = {"signer": certifier.address, "digest": changed.digest()}
        with reverts(project.ItemLedger.IntentSignatureInvalid, **wrong):
            transform(changed.values, given.sign(certifier))
    transform(given.values, compact(given.sign(certifier)))
    assert left(ledger, milk) == (594, False)


def test_each_factor_has_a_signature(items, ledger, project, roaster, lot, factor, certifier):
    milk, given = lot("milk", 600, LITRES), factor()
    made = [record("out", quantity=5, unit=KILOS)]
    for factors, signatures in (([given.values], []), ([], [given.sign(certifier)])):
        wrong = {"items": len(factors), "others": len(signatures)}
        with reverts(project.ItemLedger.ItemListInvalid, **wrong):
            ledger.transform([(milk, 6)], made, items.what(), factors, signatures, sender=roaster)


def test_a_certifier_may_be_a_smart_account(project, accounts, lot, transform, factor, certifier):
    office = project.WalletMock.deploy(certifier, sender=accounts[0])
    milk = lot("milk", 600, LITRES, certifier=office)
    transform([(milk, 6)], ("out", 5, KILOS), factors=[(factor(), certifier)])


# certifiers


def test_nobody_certifies_a_lot_without_a_certifier(project, lot, transform, factor, roaster):
    milk = lot("milk", 600, LITRES, certifier=ZERO)
    wrong = {"item": milk, "fromUnit": LITRES, "toUnit": KILOS}
    with reverts(project.ItemLedger.YieldFactorMissing, **wrong):
        transform([(milk, 6)], ("out", 5, KILOS), factors=[(factor(), roaster)])


def test_a_tiny_lot_of_ones_own_does_not_certify_the_others(
    ledger, items, project, lot, transform, factor, roaster, certifier
):
    own = lot("own", 1, LITRES, certifier=roaster)
    milk = lot("milk", 600, LITRES)
    great = factor(numerator=MOST, denominator=1)
    for inputs, other, signer, certifying in (
        ([(own, 1), (milk, 600)], milk, roaster, roaster),
        ([(milk, 600), (own, 1)], own, certifier, certifier),
    ):
        wrong = {"item": other, "fromUnit": LITRES, "toUnit": KILOS}
        with reverts(project.ItemLedger.YieldFactorMissing, **wrong):
            transform(inputs, ("out", MOST, KILOS), factors=[(great, signer)])
        # A second factor is for the other lots, and signed by their certifier.
        both = [(great, signer), (factor(nonce=2), signer)]
        wrong = {
            "signer": (certifier if certifying is roaster else roaster).address,
            "digest": factor(nonce=2).digest(),
        }
        with reverts(project.ItemLedger.IntentSignatureInvalid, **wrong):
            transform(inputs, ("out", 1, KILOS), factors=both)
    both = [(factor(), roaster), (factor(nonce=2), certifier)]
    transform([(own, 1), (milk, 600)], ("out", 500, KILOS), factors=both)
    assert ledger.lotOf(items.id(roaster, "out")).certifier == ZERO


def test_lots_of_two_certifiers_make_lots_of_none(ledger, items, roaster, farm, lot, transform):
    for number, certifiers in enumerate((["certifier", "farm"], ["certifier", None], [None])):
        named = {"farm": {"certifier": farm}, None: {"certifier": ZERO}, "certifier": {}}
        lots = [
            lot(f"lot {number} {place}", 10, **named[name]) for place, name in enumerate(certifiers)
        ]
        for turn in (1, -1):
            inputs, name = lots[::turn], f"out {number} {turn}"
            transform([(item, 1) for item in inputs], (name, 1, KILOS))
            assert ledger.lotOf(items.id(roaster, name)).certifier == ZERO


def test_nobody_chooses_the_certifier_of_what_it_makes(
    ledger, items, roaster, certifier, lot, transform
):
    green = lot("green", 10)
    plain = lot("plain", 10, certifier=ZERO)
    for name, item, expected in (("one", green, certifier.address), ("two", plain, ZERO)):
        chosen = record(name, quantity=1, unit=KILOS, certifier=roaster)
        receipt = transform([(item, 1)], chosen)
        made = items.id(roaster, name)
        assert ledger.lotOf(made).certifier == expected
        # The log tells what is, not what was asked for.
        commissioned = logs(receipt, ledger)[1].fields["commission"]
        assert commissioned == as_logged((*chosen[:5], expected))
    transform([(green, 1)], record("piece", certifier=roaster))
    assert ledger.lotOf(items.id(roaster, "piece")).certifier == ZERO
