"""GS1 Digital Link: read on any domain, written in one form, refused when it is wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdapp.provenance.gs1.digital_link import (
    DigitalLink,
    build_digital_link,
    parse_digital_link,
    read_identity,
)
from crmdapp.provenance.gs1.errors import Gs1IdentifierInvalid
from crmdapp.provenance.gs1.keys import check_digit
from tests.provenance.gs1.events import closed, serials

BOOK = "https://id.gs1.org/01/09780345418913"

# Link and identity. Source: GS1 Digital Link 1.2 section 5 (the book and its serial), and
# tests/dl_normaliser_test.py of https://github.com/RalphTro/epcis-event-hash-generator (MIT) where
# its keys have right check digits.
IDENTITIES = [
    ("https://id.gs1.org/gtin/09780345418913", BOOK),
    ("https://example.com/gtin/09780345418913/21/765tz?abc=211121", f"{BOOK}/21/765tz"),
    ("http://id.gs1.org/gtin/9780345418913", BOOK),
    ("http://example.de/gtin-8/01/96385074", "https://id.gs1.org/01/00000096385074"),
    ("https://id.gs1.org/gtin/9780345418913/cpv/344/lot/1223/ser/765tz", f"{BOOK}/21/765tz"),
    ("https://id.gs1.org/gtin/9780345418913/cpv/344", BOOK),
    ("https://id.gs1.org/01/9780345418913/22/344/10/1223/21/765tz", f"{BOOK}/21/765tz"),
    ("https://gs1.test.example.org/01/9780345418913/10/1223", f"{BOOK}/10/1223"),
    ("https://example.org/01/9780345418913/21/765tz?11=221109", f"{BOOK}/21/765tz"),
    (
        "https://fashion-corp.com/8006/040123451234560102/22/AB/21/443322",
        "https://id.gs1.org/8006/040123451234560102/21/443322",
    ),
    (
        "https://id.gs1.org/8006/040123451234560102/22/ABCD/10/XYZ",
        "https://id.gs1.org/8006/040123451234560102/10/XYZ",
    ),
    (
        "https://fashion-corp.com/8006/040123451234560102/10/Lot-123/21/ser987",
        "https://id.gs1.org/8006/040123451234560102/21/ser987",
    ),
    (
        "http://fashion.com/itip/040123451234560102/ser/ABC145",
        "https://id.gs1.org/8006/040123451234560102/21/ABC145",
    ),
    ("https://example.co.uk/party/4226350800008", "https://id.gs1.org/417/4226350800008"),
    (
        "https://id.gs1.org/414/4280000000002/254/12",
        "https://id.gs1.org/414/4280000000002/254/12",
    ),
    ("https://id.gs1.org/8004/0180451111ABC987", "https://id.gs1.org/8004/0180451111ABC987"),
    (
        "https://id.gs1.org/8010/0628165987/8011/9876",
        "https://id.gs1.org/8010/0628165987/8011/9876",
    ),
    ("https://id.example.com/8003/040123450007718765", None),
    ("HTTPS://ID.GS1.ORG/01/09780345418913/", BOOK),
]


@pytest.mark.parametrize(("uri", "identity"), IDENTITIES)
def test_identity_is_the_finest_level_on_the_canonical_domain(uri, identity):
    found = read_identity(uri)
    assert found is not None
    assert found.identity == (identity or "https://id.gs1.org/8003/040123450007718765")


@pytest.mark.parametrize(("uri", "identity"), [pair for pair in IDENTITIES if pair[1]])
def test_parse_digital_link_takes_valid_ones(uri, identity):
    assert parse_digital_link(uri).identity == identity


def test_canonical_keeps_all_qualifiers_and_no_attributes():
    link = parse_digital_link("https://shop.example/01/9780345418913/22/2A/10/L1/21/S1?17=251231")
    assert link == DigitalLink(
        "01", "09780345418913", (("22", "2A"), ("10", "L1"), ("21", "S1")), (("17", "251231"),)
    )
    assert link.canonical == f"{BOOK}/22/2A/10/L1/21/S1"
    assert link.identity == f"{BOOK}/21/S1"
    assert str(link) == f"{BOOK}/22/2A/10/L1/21/S1?17=251231"
    assert link.uri("https://shop.example/p/").startswith("https://shop.example/p/01/0978")
    assert (link.qualifier("10"), link.qualifier("235")) == ("L1", None)


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "42",
        "Hello World!",
        "ftp://id.gs1.org/01/09780345418913",
        "https://id.gs1.org",
        "https://id.gs1.org/01",
        "https://id.gs1.org/99/9780345418913",
        "http://example.org/123/4012345ABC987/456/4711",
        "http://example.de/abc/9780345418913",
        "https://id.gs1.org/01/09780345418913/99/x",
        "https://id.gs1.org/01/09780345418913/21/S1/10/L1",
        "https://id.gs1.org/01/09780345418913/21/S1/21/S2",
        "https://id.gs1.org/21/2018/01",
        "https://id.gs1.org/01/09780345418913/21/%FF",
        "https://id.gs1.org/01/09780345418913/21/a b",
    ],
)
def test_what_is_no_digital_link_is_none(uri):
    assert read_identity(uri) is None
    with pytest.raises(Gs1IdentifierInvalid, match="it is no GS1 Digital Link") as caught:
        parse_digital_link(uri)
    assert "https://id.gs1.org/01/" in caught.value.hint


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("https://id.gs1.org/01/09780345418914", "digit of the GTIN is 4, it should be 3"),
        ("https://id.gs1.org/01/9780345418914", "its check digit is 4, it should be 3"),
        ("https://id.gs1.org/01/97803454189", "a GTIN has 8, 12, 13 or 14 digits"),
        (
            "https://id.gs1.org/00/106141412345678900",
            "the check digit of the SSCC is 0, it should be 8",
        ),
        (
            "https://id.gs1.org/01/09780345418913/21/" + "9" * 21,
            "a serial number has 1 to 20 characters of GS1's set 82",
        ),
        (
            "https://id.gs1.org/01/09780345418913/21/%C3%A4",
            "a serial number has 1 to 20 characters of GS1's set 82",
        ),
        (
            f"https://id.gs1.org/8003/1401234500022{check_digit('1401234500022')}",
            "a GRAI begins with 0",
        ),
        (
            "https://id.gs1.org/8006/040123451234560302",
            "the piece of an ITIP is one of its total",
        ),
        ("https://id.gs1.org/01/09780345418913?17=251331", r"the date \(17\) has to be YYMMDD"),
        ("https://id.gs1.org/01/09780345418913/10/L/235/X", r"\(235\) stands alone after a GTIN"),
    ],
)
def test_parse_digital_link_refuses_invalid_identifiers(uri, reason):
    with pytest.raises(Gs1IdentifierInvalid, match=reason):
        parse_digital_link(uri)


def test_build_digital_link_puts_qualifiers_in_order():
    link = build_digital_link("01", "9780345418913", [("21", "S/1"), ("10", "L 1"[:1])])
    assert link.uri() == f"{BOOK}/10/L/21/S%2F1"


@pytest.mark.parametrize(
    ("key", "value", "qualifiers", "reason"),
    [
        ("10", "L1", [], "no application identifier that identifies something"),
        ("9999", "L1", [], "no application identifier that identifies something"),
        ("00", "106141412345678908", [("21", "S")], r"\(21\) cannot follow \(00\)"),
        ("01", "9780345418913", [("21", "S"), ("21", "T")], "a qualifier stands there twice"),
        ("01", "9780345418914", [], "its check digit is 4, it should be 3"),
        ("01", "٩٧٨٠٣٤٥٤١٨٩١٣", [], "it has to consist of digits"),
        ("414", "0614141123452", [("254", "")], "a GLN extension has 1 to 20"),
    ],
)
def test_build_digital_link_refuses(key, value, qualifiers, reason):
    with pytest.raises(Gs1IdentifierInvalid, match=reason):
        build_digital_link(key, value, qualifiers)


@pytest.mark.parametrize(
    ("uri", "one"),
    [
        (BOOK, False),
        (f"{BOOK}/10/L1", False),
        (f"{BOOK}/21/S1", True),
        (f"{BOOK}/235/X1", True),
        ("https://id.gs1.org/00/106141412345678908", True),
        ("https://id.gs1.org/8003/06141411234524", False),
        ("https://id.gs1.org/8003/06141411234524400", True),
        ("https://id.gs1.org/8010/0614141ABC", False),
        ("https://id.gs1.org/8010/0614141ABC/8011/1", True),
        ("https://id.gs1.org/414/0614141123452", True),
    ],
)
def test_is_instance_tells_a_thing_from_a_class(uri, one):
    found = read_identity(uri)
    assert found is not None
    assert found.is_instance is one


@given(closed(13), serials, serials, st.sampled_from(["", "https://shop.example/de/kaffee"]))
def test_parse_undoes_build(gtin, lot, serial, domain):
    link = build_digital_link("01", gtin, [("10", lot), ("21", serial)])
    uri = link.uri(domain) if domain else link.uri()
    assert parse_digital_link(uri) == link
    assert parse_digital_link(link.canonical) == link
    assert parse_digital_link(link.identity).identity == link.identity
