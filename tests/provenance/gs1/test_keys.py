"""Check digits, by published keys and against another library."""

import pytest
import stdnum.ean
from hypothesis import given
from hypothesis import strategies as st

from crmdapp.provenance.gs1.errors import Gs1IdentifierInvalid
from crmdapp.provenance.gs1.keys import KEYS, check_digit, gtin14, require_check_digit
from tests.provenance.gs1.events import closed, digits

# Keys that GS1 prints as examples: General Specifications 23 section 7.9.1 (6291041500213,
# 952110153001, 9521101530018), EPC Tag Data Standard 1.13 section 7 (those of 0614141).
PUBLISHED = [
    "6291041500213",
    "9521101530018",
    "80614141123458",
    "0614141123452",
    "106141412345678908",
    "061414112345678902",
    "06141411234567890",
    "09780345418913",
    "96385074",
]


@pytest.mark.parametrize("key", PUBLISHED)
def test_require_check_digit_takes_published_keys(key):
    require_check_digit(key)


@pytest.mark.parametrize("key", PUBLISHED)
def test_require_check_digit_refuses_every_other_last_digit(key):
    for digit in set("0123456789") - {key[-1]}:
        with pytest.raises(Gs1IdentifierInvalid) as caught:
            require_check_digit(key[:-1] + digit)
        assert caught.value.reason == f"its check digit is {digit}, it should be {key[-1]}"


@given(digits)
def test_check_digit_is_that_of_another_library(text):
    assert check_digit(text) == stdnum.ean.calc_check_digit(text)


@given(closed(13), st.integers(0, 12), st.integers(1, 9))
def test_no_single_wrong_digit_passes(key, place, more):
    digit = str((int(key[place]) + more) % 10)
    with pytest.raises(Gs1IdentifierInvalid):
        require_check_digit(key[:place] + digit + key[place + 1 :])


@pytest.mark.parametrize("text", ["", "61414A", "٣٤٥٦٧٨٩٠", "6291041500213 ", "²"])
def test_require_check_digit_refuses_what_is_no_digit(text):
    with pytest.raises(Gs1IdentifierInvalid, match="has to consist of digits"):
        require_check_digit(text)


@pytest.mark.parametrize(
    ("gtin", "filled"),
    [
        ("96385074", "00000096385074"),
        ("001122334455", "00001122334455"),
        ("9780345418913", "09780345418913"),
        ("80614141123458", "80614141123458"),
    ],
)
def test_gtin14_fills_up_the_shorter_forms(gtin, filled):
    assert gtin14(gtin) == filled


@pytest.mark.parametrize("gtin", ["", "1", "123456789", "978034541891300"])
def test_gtin14_refuses_other_lengths(gtin):
    with pytest.raises(Gs1IdentifierInvalid, match="a GTIN has 8, 12, 13 or 14 digits"):
        gtin14(gtin)


@pytest.mark.parametrize(
    ("ai", "value", "reason"),
    [
        ("00", "10614141234567890", "a SSCC begins with 18 digits"),
        ("00", "1061414123456789080", "nothing follows the 18 digits of a SSCC"),
        ("00", "106141412345678909", "the check digit of the SSCC is 9, it should be 8"),
        ("253", "0614141123452" + "x" * 18, "a GDTI has up to 17 characters of GS1's set 82"),
        ("255", "4012345678901A", "a GCN has up to 12 digits after its 13 digits"),
        ("401", "xyz", "a GINC has 4 to 30 characters of GS1's set 82"),
        ("8004", "4000 001", "a GIAI has 4 to 30 characters of GS1's set 82"),
        ("8010", "0614141abc", "a CPID has 4 to 30 capitals, digits, # - or /"),
    ],
)
def test_faults_say_what_is_wrong(ai, value, reason):
    assert any(fault.startswith(reason) for fault in KEYS[ai].faults(value))


def test_gtin_digits_are_those_of_ascii():
    with pytest.raises(Gs1IdentifierInvalid, match="has to consist of digits"):
        gtin14("\N{ARABIC-INDIC DIGIT ZERO}" * 8)
