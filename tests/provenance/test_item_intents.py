"""What is signed for the ledger of items, offline, and its way through files."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdapp.chain import LocalSigner
from crmdapp.chain.errors import IntentExpired, IntentSignatureInvalid
from crmdapp.errors import UsageError
from crmdapp.provenance.errors import (
    HandoverReceiverInvalid,
    HandoverReceiverOnly,
    ItemListInvalid,
)
from crmdapp.provenance.item_intents import (
    Handover,
    SignedHandover,
    SignedTagClaim,
    SignedYieldFactor,
    ledger_domain,
    require_in_time,
)
from crmdapp.provenance.item_signing import sign_handover, sign_tag_claim, sign_yield_factor

DOMAIN = ledger_domain(31_337, "0x" + "11" * 20)
GIVER, TAKER, THIRD = (LocalSigner(bytes([number]) * 32) for number in (1, 2, 3))
ZERO = "0x" + "00" * 20


@pytest.fixture
def signed():
    """The giver's word for two items."""
    return sign_handover(
        GIVER, DOMAIN, {5: 1, 9: 4}, TAKER.address, event_time=1_000, deadline=2_000
    )


def test_sign_handover_signs_for_the_taker(signed):
    assert signed.signed_by_key()
    assert signed.handover == Handover(
        (5, 9), (1, 4), GIVER.address, TAKER.address, 1_000, bytes(32), 2_000
    )


def test_handover_files_come_back_as_they_were(signed):
    accepted = signed.accept(TAKER)
    for one in (signed, accepted):
        assert SignedHandover.from_json(json.dumps(one.to_json())) == one
    assert "toSignature" not in signed.to_json()


def test_handover_files_of_wallets_write_numbers_as_text(signed):
    data = signed.to_json()
    message = data["typedData"]["message"]
    message["items"] = [str(item) for item in message["items"]]
    message["steps"] = [hex(step) for step in message["steps"]]
    assert SignedHandover.from_json(data) == signed


@pytest.mark.parametrize(
    ("field", "value", "match"),
    [
        ("items", ["x", 9], r"items\[0\]"),
        ("steps", [1, -4], r"steps\[1\]"),
        ("steps", [1, 1 << 32], r"steps\[1\]"),
        ("to", "0x12", "to"),
        ("eventHash", "0x12", "eventHash"),
        ("deadline", 1 << 40, "deadline"),
        ("items", "5", "items"),
    ],
)
def test_handover_files_name_the_field_that_is_broken(signed, field, value, match):
    data = signed.to_json()
    data["typedData"]["message"][field] = value
    with pytest.raises(UsageError, match=match):
        SignedHandover.from_json(data)


def test_handover_needs_as_many_steps_as_items(signed):
    data = signed.to_json()
    data["typedData"]["message"]["steps"] = [1]
    with pytest.raises(ItemListInvalid) as refused:
        SignedHandover.from_json(data)
    assert refused.value.values == (2, 1)


@pytest.mark.parametrize("to", [ZERO, GIVER.address])
def test_sign_handover_refuses_a_taker_that_is_none(to):
    with pytest.raises(HandoverReceiverInvalid):
        sign_handover(GIVER, DOMAIN, {5: 1}, to, event_time=1, deadline=2)


def test_sign_handover_refuses_nothing():
    with pytest.raises(ItemListInvalid):
        sign_handover(GIVER, DOMAIN, {}, TAKER.address, event_time=1, deadline=2)


def test_handover_refuses_an_item_twice(signed):
    data = signed.to_json()
    data["typedData"]["message"]["items"] = [5, 5]
    with pytest.raises(UsageError, match="twice"):
        SignedHandover.from_json(data)


def test_accept_is_for_the_taker_alone(signed):
    with pytest.raises(HandoverReceiverOnly) as refused:
        signed.accept(THIRD)
    assert refused.value.values == (TAKER.address, THIRD.address)


def test_accept_refuses_what_the_giver_did_not_sign(signed):
    forged = replace(signed, signature=signed.handover.sign(THIRD, DOMAIN))
    with pytest.raises(IntentSignatureInvalid):
        forged.accept(TAKER)


def test_accepted_by_key(signed):
    signed.accept(TAKER).require_accepted_by_key()
    for word in (b"", signed.handover.sign(THIRD, DOMAIN)):
        with pytest.raises(IntentSignatureInvalid):
            replace(signed, to_signature=word).require_accepted_by_key()


def test_require_in_time(signed):
    require_in_time(signed.handover, 2_000)
    with pytest.raises(IntentExpired):
        require_in_time(signed.handover, 2_001)


@given(
    items=st.dictionaries(
        st.integers(1, (1 << 256) - 1), st.integers(1, (1 << 32) - 1), min_size=1, max_size=5
    ),
    time=st.integers(0, (1 << 40) - 1),
    word=st.binary(min_size=32, max_size=32),
)
def test_handover_files_keep_any_content(items, time, word):
    signed = sign_handover(
        GIVER, DOMAIN, items, TAKER.address, event_time=time, deadline=time, event_hash=word
    )
    assert SignedHandover.from_json(json.dumps(signed.to_json())) == signed


# ----------------------------------------------------------------- factors and seals


def factor(**values):
    settings = {"numerator": 4, "denominator": 5, "nonce": 1, "valid_until": 99}
    settings |= {"from_unit": "KGM", "to_unit": "H87", **values}
    return sign_yield_factor(THIRD, DOMAIN, GIVER.address, **settings)


def test_yield_factors_come_back_as_they_were():
    signed = factor()
    assert signed.signed_by_key()
    assert SignedYieldFactor.from_json(json.dumps(signed.to_json())) == signed


@pytest.mark.parametrize(
    "values",
    [{"numerator": 0}, {"denominator": 0}, {"from_unit": "kilo"}, {"to_unit": ""}, {"nonce": -1}],
)
def test_sign_yield_factor_refuses(values):
    with pytest.raises(UsageError):
        factor(**values)


def test_yield_factor_files_have_units_of_three_bytes():
    data = factor().to_json()
    data["typedData"]["message"]["fromUnit"] = "0x4b47"
    with pytest.raises(UsageError, match="fromUnit"):
        SignedYieldFactor.from_json(data)


def test_tag_claims_come_back_as_they_were():
    signed = sign_tag_claim(GIVER, DOMAIN, 5, TAKER.address, deadline=9)
    assert (signed.signer, signed.signed_by_key()) == (GIVER.address, True)
    assert SignedTagClaim.from_json(json.dumps(signed.to_json())) == signed


def test_sign_tag_claim_refuses_nobody():
    with pytest.raises(UsageError):
        sign_tag_claim(GIVER, DOMAIN, 5, ZERO, deadline=9)
