"""Identifiers: one form for each, nothing that means two, and never a value in an error."""

import json
import re
import traceback
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdapp.customers.identifiers import (
    KINDS,
    TEXT_MAX,
    Identifier,
    IdentifierInvalid,
    normalise,
)
from crmdapp.errors import UsageError

VECTORS = json.loads((Path(__file__).parent / "vectors" / "identifiers.json").read_text())


def named(vector):
    text = re.sub(r"[^\w@.+]+", "_", ascii(vector["text"])[1:-1][:40])
    return f"{vector['kind']}-{text}-{vector['region']}"


@pytest.mark.parametrize("vector", VECTORS["valid"], ids=named)
def test_normalise_gives_the_one_form(vector):
    found = normalise(vector["kind"], vector["text"], vector["region"])
    assert found == Identifier(vector["kind"], vector["value"])
    assert normalise(found.kind, found.value) == found


@pytest.mark.parametrize("vector", VECTORS["invalid"], ids=named)
def test_normalise_refuses_what_is_none(vector):
    with pytest.raises(IdentifierInvalid) as caught:
        normalise(vector["kind"], vector["text"], vector["region"])
    assert caught.value.kind == vector["kind"]
    assert caught.value.why


@pytest.mark.parametrize(
    ("kind", "text", "region"),
    [
        ("email", "somebody.secret@nowhere.invalid", None),
        ("email", "somebody.secret", None),
        ("phone", "030 90182999999999999", "DE"),
        ("phone", "call-4930901820", None),
        ("tax", "736695977", "DE"),
        ("tax", "536904399", "US"),
        ("tax", "de.vat:136695977", None),
    ],
)
def test_normalise_never_tells_the_value(kind, text, region):
    with pytest.raises(IdentifierInvalid) as caught:
        normalise(kind, text, region)
    error = caught.value
    told = json.dumps(error.to_dict()) + repr(error)
    chain = "".join(traceback.format_exception(error, chain=True))
    for secret in (text, *text.split("@")[:1]):
        assert secret not in told
        assert secret not in chain
    assert error.__cause__ is None
    assert error.__context__ is None


def test_normalise_keeps_apart_what_looks_alike():
    written = ["paul@example.org", "p\u0430ul@example.org", "paul@ex\u0430mple.org"]
    assert len({normalise("email", text).value for text in written}) == 3
    assert normalise("email", "wei\u00df@example.org") != normalise("email", "weiss@example.org")


def test_normalise_refuses_a_number_of_two_schemes_until_one_is_named():
    with pytest.raises(IdentifierInvalid) as caught:
        normalise("tax", "536-90-4399", "US")
    assert "us.ssn" in caught.value.why
    assert normalise("tax", "us.ssn:536-90-4399").value == "us.ssn:536904399"


def test_normalise_needs_a_region_for_a_national_number():
    with pytest.raises(IdentifierInvalid, match="phone number") as caught:
        normalise("phone", "030 901820")
    assert "no country's code" in caught.value.why
    assert normalise("phone", "030 901820", "DE") == normalise("phone", "+49 30 901820")


def test_normalise_refuses_an_unknown_kind_or_region():
    with pytest.raises(UsageError, match="no kind 'shoe size'"):
        normalise("shoe size", "43")
    with pytest.raises(UsageError, match="no region 'QQ'"):
        normalise("phone", "030 901820", "qq")


def test_normalise_reads_no_endless_text():
    with pytest.raises(IdentifierInvalid, match="e-mail") as caught:
        normalise("email", "a" * TEXT_MAX + "@example.org")
    assert str(TEXT_MAX) in caught.value.why


def test_repr_leaves_the_value_out():
    assert repr(normalise("email", "ann@example.org")) == "Identifier(kind='email')"


@given(st.sampled_from(KINDS), st.text(max_size=60), st.sampled_from([None, "DE", "US", "IT"]))
def test_normalise_accepts_or_refuses_any_text(kind, text, region):
    try:
        found = normalise(kind, text, region)
    except IdentifierInvalid:
        return
    assert normalise(kind, found.value, region) == found


@given(st.emails())
def test_normalise_is_blind_to_case_and_composition(address):
    try:
        found = normalise("email", address)
    except IdentifierInvalid:
        return
    for form in ("NFC", "NFD", "NFKC"):
        assert normalise("email", unicodedata.normalize(form, address)) == found
    local, _, domain = address.rpartition("@")
    assert normalise("email", f"{local}@{domain.upper()}") == found


@given(st.from_regex(r"\+49[1-9][0-9]{8,10}", fullmatch=True), st.sampled_from([None, "US", "DE"]))
def test_normalise_is_blind_to_spaces_and_region_of_an_international_number(number, region):
    try:
        found = normalise("phone", number)
    except IdentifierInvalid:
        return
    spaced = f"{number[:3]} {number[3:6]}-{number[6:]}"
    assert normalise("phone", spaced, region) == found
