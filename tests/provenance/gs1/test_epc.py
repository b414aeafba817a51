"""EPC URIs and links say the same; the id on chain is one for both."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdapp.chain._keccak import keccak
from crmdapp.provenance.gs1.digital_link import build_digital_link, parse_digital_link
from crmdapp.provenance.gs1.epc import (
    canonical_epc,
    epc_hash,
    from_urn,
    identifier,
    to_urn,
)
from crmdapp.provenance.gs1.errors import Gs1IdentifierInvalid
from tests.provenance.gs1.events import VECTORS, closed, serials

LINK = "https://id.gs1.org"

# EPC URI, link, digits of the company prefix. Source: GS1 EPC Tag Data Standard 1.13, sections 6
# and 7 (prefixes 0614141, 4012345, 1234567), and tests/dl_normaliser_test.py of
# https://github.com/RalphTro/epcis-event-hash-generator (MIT).
PUBLISHED = [
    ("urn:epc:id:sgtin:0614141.812345.6789", "/01/80614141123458/21/6789", 7),
    ("urn:epc:id:sgtin:415056789012.0.987654", "/01/04150567890128/21/987654", 12),
    ("urn:epc:id:sgtin:4012345.011111.98%22", "/01/04012345111118/21/98%22", 7),
    ("urn:epc:id:sscc:0614141.1234567890", "/00/106141412345678908", 7),
    ("urn:epc:id:sscc:4012345.3111111111", "/00/340123451111111111", 7),
    ("urn:epc:id:sgln:0614141.12345.400", "/414/0614141123452/254/400", 7),
    ("urn:epc:id:sgln:4012345.00005.0", "/414/4012345000054", 7),
    ("urn:epc:id:grai:4012345.00022.334455", "/8003/04012345000221334455", 7),
    ("urn:epc:id:giai:4012345.ABC345", "/8004/4012345ABC345", 7),
    ("urn:epc:id:gsrn:0614141.1234567890", "/8018/061414112345678902", 7),
    ("urn:epc:id:gsrnp:4012345.0000000007", "/8017/401234500000000074", 7),
    ("urn:epc:id:gdti:4012345.00009.PO-4711", "/253/4012345000092PO-4711", 7),
    ("urn:epc:id:gdti:987659999999..9", "/253/98765999999929", 12),
    ("urn:epc:id:cpi:0614141.11111111111111-A%23%2F.1234", None, 7),
    ("urn:epc:id:sgcn:4012345.67890.04711", "/255/401234567890104711", 7),
    ("urn:epc:id:ginc:0614141.xyz47%2F11", "/401/0614141xyz47%2F11", 7),
    ("urn:epc:id:gsin:0614141.123456789", "/402/06141411234567890", 7),
    ("urn:epc:id:itip:4012345.011111.01.02.987", "/8006/040123451111180102/21/987", 7),
    ("urn:epc:id:upui:1234567.098765.51qIgY)%3C%26Jp3*j7'SDB", None, 7),
    ("urn:epc:id:pgln:4000001.00000", "/417/4000001000005", 7),
    ("urn:epc:id:pgln:999999999999.", "/417/9999999999994", 12),
    ("urn:epc:class:lgtin:4012345.012345.Lot987", "/01/04012345123456/10/Lot987", 7),
    ("urn:epc:idpat:sgtin:4012345.012345.*", "/01/04012345123456", 7),
    ("urn:epc:idpat:grai:4012345.99999.*", "/8003/04012345999990", 7),
    ("urn:epc:idpat:gdti:4012345.11111.*", "/253/4012345111118", 7),
    ("urn:epc:idpat:sgcn:4012345.22222.*", "/255/4012345222227", 7),
    ("urn:epc:idpat:cpi:4012345.AB12.*", "/8010/4012345AB12", 7),
    ("urn:epc:idpat:itip:4012345.012345.01.02.*", "/8006/040123451234560102", 7),
]


@pytest.mark.parametrize(("urn", "link", "prefix"), PUBLISHED, ids=[row[0] for row in PUBLISHED])
def test_from_urn_and_to_urn_agree_with_what_is_published(urn, link, prefix):
    found = from_urn(urn)
    if link is not None:
        assert found.identity == LINK + link
    assert to_urn(found, prefix) == urn
    assert parse_digital_link(found.uri()) == found


def test_the_pattern_of_a_upui_is_the_class_of_its_product():
    assert from_urn("urn:epc:idpat:upui:4012345.012345.*").identity == f"{LINK}/01/04012345123456"


@pytest.mark.parametrize(
    ("urn", "reason"),
    [
        ("urn:epc:id:sgtin", "it is no EPC URI"),
        ("urn:epc:tag:sgtin-96:1.0614141.812345.6789", "it is no EPC URI"),
        ("urn:epc:id:sgtinn:0614141.812345.6789", "there is no urn:epc:id:sgtinn"),
        ("urn:epc:id:lgtin:4012345.012345.L", "there is no urn:epc:id:lgtin"),
        ("urn:epc:idpat:sscc:0614141.*", "there is no urn:epc:idpat:sscc"),
        ("urn:epc:id:sgtin:0614141.812345", "it has 2 fields, not 3"),
        ("urn:epc:id:sgtin:06141.81234567.1", "the company prefix has 6 to 12 digits"),
        ("urn:epc:id:sgtin:061414A.812345.1", "the company prefix has 6 to 12 digits"),
        ("urn:epc:id:sgtin:0614141.81234.1", "have 13 digits together"),
        ("urn:epc:id:sgtin:0614141.81234A.1", "have 13 digits together"),
        ("urn:epc:id:sscc:0614141.123456789", "have 17 digits together"),
        ("urn:epc:id:sgtin:0614141.812345.a/b", "'/' has to be percent-encoded"),
        ("urn:epc:id:sgtin:0614141.812345.%zz", "'%' has to be percent-encoded"),
        ("urn:epc:id:sgtin:0614141.812345.%FF", "characters that GS1 does not know"),
        ("urn:epc:idpat:sgtin:0614141.812345.7", r"the last field of a pattern is \*"),
        ("urn:epc:id:sgtin:0614141.812345." + "9" * 21, "a serial number has 1 to 20"),
        ("urn:epc:id:giai:0614141." + "A" * 24, "a GIAI has 4 to 30"),
        ("urn:epc:id:itip:4012345.011111.03.02.1", "the piece of an ITIP is one of its total"),
    ],
)
def test_from_urn_refuses(urn, reason):
    with pytest.raises(Gs1IdentifierInvalid, match=reason) as caught:
        from_urn(urn)
    assert caught.value.given == urn[:60]
    with pytest.raises(Gs1IdentifierInvalid, match=reason):
        identifier(urn)
    assert canonical_epc(urn) == urn
    with pytest.raises(Gs1IdentifierInvalid):
        epc_hash(urn)


def test_an_asterisk_is_a_serial_number_like_any_other():
    one = from_urn("urn:epc:id:sgtin:0614141.812345.*")
    assert one.is_instance
    assert one.qualifier("21") == "*"
    assert one.identity != from_urn("urn:epc:idpat:sgtin:0614141.812345.*").identity


@pytest.mark.parametrize("length", [0, 5, 13])
def test_to_urn_refuses_prefixes_of_other_lengths(length):
    with pytest.raises(Gs1IdentifierInvalid, match="a company prefix has 6 to 12 digits"):
        to_urn(parse_digital_link(f"{LINK}/01/80614141123458/21/6789"), length)


def test_to_urn_refuses_an_asset_whose_prefix_is_no_number():
    with pytest.raises(Gs1IdentifierInvalid, match="its company prefix cannot have 9 digits"):
        to_urn(build_digital_link("8004", "4012345ABC345"), 9)


@given(closed(14), serials, st.integers(6, 12))
def test_to_urn_undoes_from_urn_for_products(gtin, serial, prefix):
    for qualifier in ("21", "235", "10"):
        link = build_digital_link("01", gtin, [(qualifier, serial)])
        assert from_urn(to_urn(link, prefix)) == link


@given(closed(13), serials, st.integers(6, 12))
def test_to_urn_undoes_from_urn_for_places(gln, extension, prefix):
    plain = build_digital_link("414", gln)
    assert from_urn(to_urn(plain, prefix)) == plain
    if extension != "0":
        link = build_digital_link("414", gln, [("254", extension)])
        assert from_urn(to_urn(link, prefix)) == link


@given(closed(18), st.integers(6, 12))
def test_to_urn_undoes_from_urn_for_parcels(sscc, prefix):
    link = build_digital_link("00", sscc)
    assert from_urn(to_urn(link, prefix)) == link


# --------------------------------------------------------------------------- ids on chain


def test_epc_hash_is_the_hash_of_the_identity_link():
    link = f"{LINK}/01/80614141123458/21/6789"
    same = [
        "urn:epc:id:sgtin:0614141.812345.6789",
        link,
        "https://shop.example/gtin/80614141123458/lot/L1/ser/6789?17=251231",
    ]
    assert {epc_hash(each) for each in same} == {keccak(link.encode())}
    assert len(epc_hash(link)) == 32


def test_epc_hash_of_a_text_of_another_system_is_that_of_the_text():
    assert epc_hash("urn:uuid:5f1e") == keccak(b"urn:uuid:5f1e")


@pytest.mark.parametrize(
    "epc", ["urn:epc:id:adi:W81X9C.3KL984PX1.2WMA52", "urn:epc:id:gid:95100000.12345.400"]
)
def test_epc_uris_of_other_bodies_stay_as_they_are(epc):
    assert identifier(epc) is None
    assert canonical_epc(epc) == epc
    assert epc_hash(epc) == keccak(epc.encode())


def test_epc_hash_refuses_a_wrong_check_digit():
    with pytest.raises(Gs1IdentifierInvalid, match="digit of the GTIN is 9, it should be 8"):
        epc_hash(f"{LINK}/01/80614141123459/21/6789")


def test_canonical_epc_leaves_wrong_check_digits_as_they_stand():
    assert canonical_epc("https://x.example/01/80614141123459") == f"{LINK}/01/80614141123459"


def test_every_identifier_of_the_published_documents_is_read():
    found = [
        epc
        for vector in VECTORS["vectors"]
        for event in vector["document"]["epcisBody"].get("eventList", [])
        for epc in event.get("epcList", [])
    ]
    assert len(found) > 50
    assert all(identifier(epc) is not None for epc in found)
