"""The vocabulary: codes that never move, four ways to write a term, and the nearest for a typo."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdapp.provenance.gs1 import cbv
from crmdapp.provenance.gs1.cbv import (
    ALERT_TYPES,
    BIZ_STEPS,
    DISPOSITIONS,
    ERROR_REASONS,
    MEASUREMENT_TYPES,
    PARTY_TYPES,
    TRANSACTION_TYPES,
    CbvTermUnknown,
)
from scripts import export_codes

# Number of terms and SHA-256 of their names, in the order of their codes, as items on chain have
# them. New terms come after these; whatever changes one of these changes what happened.
PUBLISHED = [
    (BIZ_STEPS, 41, "2b8b0e72a959605722e81403ad1fe71503db61fe8e8b4696a26c79369b42aa73"),
    (DISPOSITIONS, 33, "fd4c3aba760afdd18dfcf14b8d9e7d04e4bdeb7c8618e452ad5285991f0e292a"),
    (TRANSACTION_TYPES, 13, "e6b10737a1017a6b3b5f3a009807d3df182e3522ec79d0f302c9dd437e68607a"),
    (PARTY_TYPES, 3, "c6f95a4c1fc3aa85fcb756c0b98611315c4663c3270d20b6d0dcf2562ed5cdc4"),
    (MEASUREMENT_TYPES, 72, "849170e6dc6fbc3c55aac4c93fe77030850ffa45e73a10f8ba3fab845ae9e313"),
    (ERROR_REASONS, 2, "1eb1b0207460a5f46005ced4322111daac3ef5d58e22cc0aaff12c8d23ea6027"),
    (ALERT_TYPES, 2, "400e6182ffa99a4f44425f853a03ea51c9e7c1e9f9820d331724d363003f2b92"),
]
TABLES = [each for each, _, _ in PUBLISHED]
whats = [each.what for each in TABLES]


def digest(terms):
    return hashlib.sha256("\n".join(terms).encode()).hexdigest()


@pytest.mark.parametrize(("table", "count", "known"), PUBLISHED, ids=whats)
def test_codes_never_move(table, count, known):
    assert digest(table.terms[:count]) == known
    assert [table.code(term) for term in table.terms] == list(range(1, len(table.terms) + 1))


def test_codes_of_an_item_fit_into_a_byte_and_leave_nothing_for_none():
    for table in (BIZ_STEPS, DISPOSITIONS):
        assert 0 < len(table.terms) <= 255
        assert cbv.NO_CODE not in {table.code(term) for term in table.terms}
    assert (BIZ_STEPS.code("shipping"), DISPOSITIONS.code("in_transit")) == (33, 15)


@given(st.sampled_from(TABLES), st.data())
def test_every_form_of_a_term_has_one_code(table, data):
    term = data.draw(st.sampled_from(table.terms))
    codes = {table.code(term)} | {table.code(form + term) for form in table.forms}
    assert codes == {table.code(term)}
    assert table.of_code(table.code(term)) == term
    assert table.iri(table.forms[-1] + term) == table.forms[0] + term


@pytest.mark.parametrize(
    ("table", "text", "iri"),
    [
        (BIZ_STEPS, "receiving", "https://ref.gs1.org/cbv/BizStep-receiving"),
        (
            BIZ_STEPS,
            "urn:epcglobal:cbv:bizstep:receiving",
            "https://ref.gs1.org/cbv/BizStep-receiving",
        ),
        (DISPOSITIONS, "cbv:Disp-recalled", "https://ref.gs1.org/cbv/Disp-recalled"),
        (TRANSACTION_TYPES, "po", "https://ref.gs1.org/cbv/BTT-po"),
        (PARTY_TYPES, "owning_party", "https://ref.gs1.org/cbv/SDT-owning_party"),
        (ERROR_REASONS, "did_not_occur", "https://ref.gs1.org/cbv/ER-did_not_occur"),
        (MEASUREMENT_TYPES, "gs1:Temperature", "https://ref.gs1.org/voc/Temperature"),
        (ALERT_TYPES, "ALARM_CONDITION", "https://ref.gs1.org/voc/ALARM_CONDITION"),
    ],
)
def test_iri_is_the_canonical_address(table, text, iri):
    assert table.iri(text) == iri


@pytest.mark.parametrize(
    ("table", "text", "nearest"),
    [
        (BIZ_STEPS, "shiping", "shipping"),
        (BIZ_STEPS, "Retail Selling", "retail_selling"),
        (BIZ_STEPS, "urn:epcglobal:cbv:bizstep:recieving", "receiving"),
        (DISPOSITIONS, "in-transit", "in_transit"),
        (MEASUREMENT_TYPES, "temperature", "Temperature"),
    ],
)
def test_an_unknown_term_is_told_its_nearest(table, text, nearest):
    with pytest.raises(CbvTermUnknown) as caught:
        table.code(text)
    assert caught.value.nearest[0] == nearest
    assert nearest in caught.value.hint
    assert (caught.value.what, caught.value.given) == (table.what, text)
    assert str(caught.value) == f"There is no {table.what} {text!r}."


def test_a_term_of_another_table_is_unknown():
    with pytest.raises(CbvTermUnknown, match="There is no disposition 'shipping'"):
        DISPOSITIONS.code("shipping")
    with pytest.raises(CbvTermUnknown):
        BIZ_STEPS.code("https://ref.gs1.org/cbv/Disp-shipping")


def test_a_term_like_no_other_is_told_where_to_look():
    with pytest.raises(CbvTermUnknown) as caught:
        BIZ_STEPS.code("qqqq")
    assert caught.value.nearest == ()
    assert "https://ref.gs1.org/cbv/" in caught.value.hint


def test_endless_terms_are_cut_in_the_message():
    with pytest.raises(CbvTermUnknown) as caught:
        BIZ_STEPS.code("x" * 1_000_000)
    assert len(str(caught.value)) < 120


@pytest.mark.parametrize("code", [0, 42, 255, -1])
def test_of_code_refuses_codes_of_no_term(code):
    with pytest.raises(CbvTermUnknown, match=f"business step with code '{code}'"):
        BIZ_STEPS.of_code(code)


@pytest.mark.parametrize(
    ("text", "claimed"),
    [
        ("shiping", True),
        ("cbv:BizStep-shiping", True),
        ("https://ref.gs1.org/cbv/BizStep-x", True),
        ("https://example.org/steps/roasting", False),
        ("roast:roasting", False),
    ],
)
def test_claims_tells_own_words_from_those_of_others(text, claimed):
    assert BIZ_STEPS.claims(text) is claimed


# --------------------------------------------------------------------------- the generated table


def rows(*terms, table="biz_steps", first=1):
    return [
        {"table": table, "code": str(code), "term": term}
        for code, term in enumerate(terms, start=first)
    ]


OTHERS = [row for name in export_codes.CBV_TABLES[1:] for row in rows("x", table=name)]


def test_the_table_is_what_the_list_says():
    text = export_codes.cbv_module([*rows("one", "two"), *OTHERS])
    assert "BIZ_STEPS = (\n    'one',\n    'two',\n)" in text


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (rows("one", first=2), "count up from 1 without gaps"),
        (rows("one", "one"), "has two codes"),
        (rows(*(f"t{n}" for n in range(256))), "more than 255 terms"),
        ([], "its tables must be"),
        ([*rows("one"), *rows("x", table="colours")], "its tables must be"),
    ],
    ids=["gap", "twice", "too many", "missing", "unknown table"],
)
def test_the_list_cannot_be_renumbered_unseen(wrong, reason):
    with pytest.raises(export_codes.ExportError, match=reason):
        export_codes.cbv_module([*wrong, *OTHERS])
