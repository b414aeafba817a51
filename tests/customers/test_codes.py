"""Codes: bits that never move, terms that cover others, and tables that are what the lists say."""

import csv
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdapp.customers import codes
from crmdapp.customers._code import Code, table
from crmdapp.customers.codes import (
    CATEGORIES,
    CONSENT_STATUSES,
    JURISDICTIONS,
    LEGAL_BASES,
    PURPOSES,
    RECEIPT_FIELDS,
    CodeUnknown,
    category_bits,
    covered,
    jurisdiction,
    names,
    purpose_bits,
)
from scripts import export_codes

# Number of terms and SHA-256 of their names, in the order of their bits, as consents on chain use
# them. New terms come after these; whatever changes one of these changes what people agreed to.
PUBLISHED = [
    (PURPOSES, 121, "dcbddb0dcaa5c57519a3d19c2fce498c731aea4b43b43981fbdeca4052aa2bd0"),
    (CATEGORIES, 231, "8534b01ffc35b520eb2fe9f006a382940377eea9258bdc08352c31a3d2d97420"),
    (LEGAL_BASES, 15, "fba60adba1366661b2ff0f4b73ce49d882b1fe1354d65d2037e13030dbb62c36"),
    (CONSENT_STATUSES, 12, "65a59b615dd4d4946f2e2954bd63ed51c187278869e8f25775121d5c64f6459c"),
]
TABLES = [PURPOSES, CATEGORIES, LEGAL_BASES, CONSENT_STATUSES]


def digest(terms):
    return hashlib.sha256("\n".join(terms).encode()).hexdigest()


@pytest.mark.parametrize(("table_", "count", "known"), PUBLISHED)
def test_bits_never_move(table_, count, known):
    assert digest(each.term for each in table_[:count]) == known
    assert [each.bit for each in table_] == list(range(len(table_)))


def test_tables_fit_into_the_bits_of_a_consent():
    assert len(PURPOSES) <= 128
    assert len(CATEGORIES) <= 256


@pytest.mark.parametrize("table_", TABLES)
def test_terms_are_unique_and_broader_ones_are_known(table_):
    terms = {each.term for each in table_}
    assert len(terms) == len({each.iri for each in table_}) == len(table_)
    assert {each.broader for each in table_} - {None} <= terms


@pytest.mark.parametrize("term", ["hasPurpose", "hasSector", "Sector", "Purpose"])
def test_what_names_no_purpose_is_none(term):
    with pytest.raises(CodeUnknown, match=f"There is no purpose '{term}'"):
        purpose_bits([term])


# --------------------------------------------------------------------------- bits


def test_purpose_bits_sets_one_bit_for_each_term():
    one, other = purpose_bits(["DirectMarketing"]), purpose_bits(["ServiceProvision"])
    assert one.bit_count() == other.bit_count() == 1
    assert purpose_bits(["ServiceProvision", "DirectMarketing", "DirectMarketing"]) == one | other
    assert purpose_bits([]) == 0


def test_category_bits_takes_iris():
    assert category_bits(["https://w3id.org/dpv/pd#EmailAddress"]) == category_bits(
        ["EmailAddress"]
    )


@pytest.mark.parametrize(
    "iri", ["https://w3id.org/dpv#EmailAddress", "EmailAddress#", "x#EmailAddress", "#EmailAddress"]
)
def test_category_bits_refuses_iris_of_others(iri):
    with pytest.raises(CodeUnknown):
        category_bits([iri])


@pytest.mark.parametrize(
    ("given_", "nearest"),
    [
        ("DirectMarketting", "DirectMarketing"),
        ("direct marketing", "DirectMarketing"),
        ("advertising", "Advertising"),
    ],
)
def test_an_unknown_term_is_told_its_nearest(given_, nearest):
    with pytest.raises(CodeUnknown) as caught:
        purpose_bits([given_])
    assert caught.value.nearest[0] == nearest
    assert nearest in caught.value.hint
    assert caught.value.given == given_


def test_a_term_like_no_other_is_told_where_to_look():
    with pytest.raises(CodeUnknown) as caught:
        purpose_bits(["zzzz"])
    assert caught.value.nearest == ()
    assert "https://w3id.org/dpv" in caught.value.hint


def test_endless_terms_are_cut_in_the_message():
    with pytest.raises(CodeUnknown) as caught:
        purpose_bits(["x" * 1_000_000])
    assert len(str(caught.value)) < 100


def test_purposes_are_no_categories():
    with pytest.raises(CodeUnknown, match="category of personal data"):
        category_bits(["DirectMarketing"])


@given(st.sets(st.sampled_from([each.term for each in CATEGORIES])))
def test_names_undoes_bits(terms):
    assert set(names(category_bits(terms), CATEGORIES)) == terms


@pytest.mark.parametrize(
    "bits", [1 << 121, 1 << 127, 1 << 300, -1], ids=["next", "last", "beyond", "negative"]
)
def test_names_refuses_bits_without_a_term(bits):
    with pytest.raises(CodeUnknown, match="no purpose with bit"):
        names(bits, PURPOSES)


# --------------------------------------------------------------------------- hierarchy


def test_covered_adds_the_narrower_terms():
    found = names(covered(purpose_bits(["Marketing"]), PURPOSES), PURPOSES)
    assert {"Marketing", "DirectMarketing", "Advertising", "PublicRelations"} <= set(found)
    assert "ServiceProvision" not in found


def test_covered_reaches_every_depth():
    assert "RecruitmentInterviewAnalysis" in names(
        covered(purpose_bits(["HumanResourceManagement"]), PURPOSES), PURPOSES
    )
    medical = names(covered(category_bits(["MedicalHealth"]), CATEGORIES), CATEGORIES)
    assert {"Genetic", "MentalHealth", "DNACode"} <= set(medical)


def test_covered_never_adds_a_broader_term():
    narrow = purpose_bits(["DirectMarketing"])
    assert covered(narrow, PURPOSES) == narrow
    assert covered(0, PURPOSES) == 0


@given(st.integers(0, (1 << len(CATEGORIES)) - 1), st.integers(0, (1 << len(CATEGORIES)) - 1))
def test_covered_is_monotone_and_final(one, other):
    assert covered(one, CATEGORIES) & one == one
    assert covered(covered(one, CATEGORIES), CATEGORIES) == covered(one, CATEGORIES)
    together = covered(one | other, CATEGORIES)
    assert together == covered(one, CATEGORIES) | covered(other, CATEGORIES)


def test_covered_refuses_bits_without_a_term():
    with pytest.raises(CodeUnknown):
        covered(1 << 200, PURPOSES)


# --------------------------------------------------------------------------- retired terms

AGED = table("https://x.org/#", (("Old", "Old", ""), ("New", "New", "")), retired=("Old",))


def test_a_retired_term_can_be_read_but_not_granted():
    assert names(0b01, AGED) == ("Old",)
    assert AGED[0] == Code(0, "Old", "Old", "https://x.org/#Old", None, retired=True)
    with pytest.raises(CodeUnknown, match="any more 'Old'"):
        codes._bits(["Old"], AGED)
    assert codes._bits(["New"], AGED) == 0b10


# --------------------------------------------------------------------------- countries and fields


def test_jurisdiction_gives_the_code_in_upper_case():
    assert jurisdiction("de") == jurisdiction("DE") == "DE"
    assert len(JURISDICTIONS) == 249


@pytest.mark.parametrize("text", ["", "D", "DEU", "ZZ", "EU", "Germany"])
def test_jurisdiction_refuses_what_is_no_country(text):
    with pytest.raises(CodeUnknown, match="There is no country"):
        jurisdiction(text)


def test_jurisdiction_tells_the_code_of_a_name():
    with pytest.raises(CodeUnknown) as caught:
        jurisdiction("Germany")
    assert caught.value.nearest[0] == "DE"


def test_receipt_fields_are_in_sections():
    sections = {each.section for each in RECEIPT_FIELDS}
    assert sections == {
        *("header", "receipt", "processing", "purposes", "pii_information", "parties", "events")
    }
    required = {each.name for each in RECEIPT_FIELDS if each.required}
    assert {"record_id", "pii_principal_id", "event_state", "withdrawal_method"} <= required
    assert "lawful_basis" not in required
    assert len({(each.section, each.name) for each in RECEIPT_FIELDS}) == len(RECEIPT_FIELDS)


# --------------------------------------------------------------------------- the generator


@pytest.fixture
def lists(tmp_path, monkeypatch):
    """A copy of the lists and a place for the tables."""
    sources, package, gs1 = tmp_path / "codes", tmp_path / "package", tmp_path / "gs1"
    for folder in (sources, package, gs1):
        folder.mkdir()
    for path in export_codes.SOURCES.glob("*.csv"):
        (sources / path.name).write_bytes(path.read_bytes())
    for path in export_codes.PACKAGE.glob("_codes_*.py"):
        (package / path.name).write_bytes(path.read_bytes())
    terms = export_codes.GS1_PACKAGE / "_cbv_terms.py"
    (gs1 / terms.name).write_bytes(terms.read_bytes())
    monkeypatch.setattr(export_codes, "ROOT", tmp_path)
    monkeypatch.setattr(export_codes, "GS1_PACKAGE", gs1)
    monkeypatch.setattr(export_codes, "SOURCES", sources)
    monkeypatch.setattr(export_codes, "PACKAGE", package)
    return sources


def edit(path, *changes):
    text = path.read_text()
    for before, after in changes:
        assert text.count(before) == 1
        text = text.replace(before, after)
    path.write_text(text)


def locked(lists, name="purposes"):
    with (lists / "bits.csv").open(newline="") as file:
        return [row["term"] for row in csv.DictReader(file) if row["table"] == name]


def test_the_tables_are_fresh():
    assert export_codes.main(["--check"]) == 0


def test_check_finds_a_changed_table(lists, capsys):
    table_ = export_codes.PACKAGE / "_codes_dpv.py"
    edit(table_, ('("Advertising", "Advertising"', '("Advertising", "Adverts"'))
    before = table_.read_bytes()
    assert export_codes.main(["--check"]) == 1
    assert "_codes_dpv.py" in capsys.readouterr().out
    assert table_.read_bytes() == before
    assert export_codes.main([]) == 0
    assert export_codes.main(["--check"]) == 0


def test_a_new_term_gets_the_next_bit(lists):
    before = locked(lists)
    line = "Advertising,Advertising,"
    new = "AAA,Triple A,https://w3id.org/dpv#AAA,Marketing\nAdvertising,Advertising,"
    edit(lists / "dpv-2.3-purposes.csv", (line, new))
    assert export_codes.main(["--check"]) == 1
    assert export_codes.main([]) == 0
    assert locked(lists) == [*before, "AAA"]


def test_a_removed_term_keeps_its_bit(lists):
    before = locked(lists)
    row = "DirectMarketing,Direct Marketing,https://w3id.org/dpv#DirectMarketing,Marketing\n"
    edit(lists / "dpv-2.3-purposes.csv", (row, ""))
    assert export_codes.main([]) == 0
    assert locked(lists) == before
    text = (export_codes.PACKAGE / "_codes_dpv.py").read_text()
    assert 'retired=("DirectMarketing",)' in text
    assert '("DirectMarketing", "Direct Marketing", "")' in text


@pytest.mark.parametrize(
    ("name", "change", "told"),
    [
        ("bits.csv", ("purposes,3,", "purposes,4,"), "must count up from 0"),
        ("bits.csv", ("purposes,3,AgeVerification,", "purposes,3,Advertising,"), "two bits"),
        ("bits.csv", ("table,bit,term", "table,term,bit"), "its columns must be"),
        ("dpv-2.3-purposes.csv", ("#Marketing,Purpose", "#Marketings,Purpose"), "IRI of another"),
        ("dpv-2.3-purposes.csv", ("#Marketing,Purpose", "#Marketing,Purpose,x"), "its columns"),
    ],
)
def test_export_refuses_a_malformed_list(lists, capsys, name, change, told):
    edit(lists / name, change)
    before = (lists / "bits.csv").read_bytes()
    assert export_codes.main([]) == 1
    assert told in capsys.readouterr().err
    assert (lists / "bits.csv").read_bytes() == before


def test_export_refuses_more_terms_than_bits(lists, capsys):
    rows = "".join(f"T{n},T,https://w3id.org/dpv#T{n},Marketing\n" for n in range(8))
    path = lists / "dpv-2.3-purposes.csv"
    path.write_text(path.read_text() + rows)
    assert export_codes.main([]) == 1
    assert "129 terms need more than 128 bits" in capsys.readouterr().err
