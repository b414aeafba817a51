"""Everything about one customer: as the company sees it, and as only the customer's device does."""

import csv
import io
import json
import re
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest

from crmdapp.chain._keccak import keccak
from crmdapp.chain.addresses import checksum
from crmdapp.customers.dedupe import Merges
from crmdapp.customers.export import CustomerExport, NotedConsent, NotedInteraction, collect
from crmdapp.customers.importing.columns import category_of
from crmdapp.customers.leaves import Interaction, InteractionKind, log_of
from crmdapp.customers.report import report_html
from crmdapp.errors import UsageError
from crmdapp.store.errors import ProfileUnknown, SealedInvalid
from tests.customers.consent_terms import terms_for
from tests.customers.importing.conftest import *  # noqa: F403 - fixtures of the vault
from tests.customers.importing.conftest import ANN
from tests.customers.importing.test_importer import cid_of, claim

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
PARTNER = checksum("0x" + "77" * 20)
CID = cid_of("email", "ann@example.org")


@pytest.fixture
def merges(store, clock):
    return Merges(store, clock=clock)


@pytest.fixture
def made(desk, merges, company):
    """Makes the export of Ann, imported from a list and passed on once."""
    desk.take(ANN)
    (first, *_) = desk.vault.ciphertexts(CID)
    desk.vault.disclose(
        CID, PARTNER, keccak(b"consent"), 1, [first.datum.id], log_id=b"l" * 32, seq=3
    )
    entry = Interaction(
        log_of(PARTNER),
        3,
        CID,
        1,
        bytes(32),
        InteractionKind.PURCHASE,
        1_800_000_000,
        bytes(32),
        keccak(b"p"),
    )

    def made_():
        return collect(
            desk.vault,
            merges,
            CID,
            company=company,
            consents=[NotedConsent(terms_for(), "active")],
            interactions=[NotedInteraction(entry, {"till": 4})],
            now=NOW,
        )

    return made_


def values(export):
    return {item["field"]: item.get("value") for item in export.data if item["counts"]}


def test_collect_has_everything_the_company_has(made, desk):
    found = made()
    assert values(found) == {**ANN, "phone": "+493023125111"}
    assert {item["source"] for item in found.data} == {"csv_import"}
    assert {item["reference"] for item in found.data} == {"line:2"}
    assert found.consents[0]["state"] == "active"
    assert "DirectMarketing" in found.consents[0]["purposes"]
    assert found.interactions[0]["kind"] == "purchase"
    assert found.interactions[0]["payload"] == {"till": 4}
    assert found.disclosures[0]["recipient"] == PARTNER
    assert found.disclosures[0]["seq"] == 3
    assert found.sealed == 0


def test_collect_leaves_sealed_what_the_company_cannot_read(
    made, desk, device, company, vault, clock
):
    made()
    claim(desk, device, company, vault, clock, CID)
    found = made()
    assert set(values(found).values()) == {None}
    assert found.sealed == len(ANN)
    text = json.dumps(found.to_json())
    assert "Schmidt" not in text
    opened = CustomerExport.from_json(text).opened(device.open_field)
    assert values(opened) == {**ANN, "phone": "+493023125111"}
    assert opened.sealed == 0


def test_opened_refuses_a_value_that_was_altered(made, desk, device, company, vault, clock):
    made()
    claim(desk, device, company, vault, clock, CID)
    body = made().to_json()
    body["data"][0]["field"] = "company"
    with pytest.raises(SealedInvalid):
        CustomerExport.from_json(body).opened(device.open_field)


def test_collect_tells_of_all_merged_profiles(made, desk, merges):
    made()
    desk.take(
        {**ANN, "family_name": "Schmitd", "email": "as@example.net", "phone": ""}, name="b.csv"
    )
    (pair,) = merges.queue()
    merges.merge(pair.id, "clerk")
    found = made()
    assert len(found.profiles) == 2
    assert found.merges[0]["by"] == "clerk"
    assert [item["value"] for item in found.data if item["field"] == "email"] == [
        "ann@example.org",
        "as@example.net",
    ]


def test_collect_refuses_a_customer_who_is_not_there(desk, merges, company):
    with pytest.raises(ProfileUnknown):
        collect(desk.vault, merges, CID, company=company)


def test_write_makes_json_and_csvs_for_the_owner_alone(made, tmp_path):
    files = made().write(tmp_path / "out")
    assert [file.name for file in files] == [
        "export.json",
        "data.csv",
        "consents.csv",
        "interactions.csv",
        "disclosures.csv",
    ]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert CustomerExport.from_json(files[0].read_text()).made_at == NOW
    with pytest.raises(UsageError, match="already"):
        made().write(tmp_path / "out")


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+49", "-1", "@SUM(A1)", "\tx"],
    ids=["equals", "plus", "minus", "at", "tab"],
)
def test_csv_texts_disarm_formulas_and_json_keeps_them(made, desk, text):
    made()
    desk.vault.write(CID, "company", category_of("company"), text, "online_form")
    found = made()
    rows = list(csv.DictReader(io.StringIO(found.csv_texts()["data.csv"])))
    assert [row["value"] for row in rows if row["field"] == "company"] == ["'" + text]
    assert values(found)["company"] == text


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": "x"}, "no customer export"),
        ({"version": 2}, "no customer export"),
        ({"madeAt": "x"}, "madeAt is no moment"),
        ({"data": [1]}, "data are no objects"),
        ({"company": "x"}, "company"),
    ],
)
def test_from_json_names_what_is_wrong(made, changes, message):
    with pytest.raises(UsageError, match=message):
        CustomerExport.from_json({**made().to_json(), **changes})


# ----------------------------------------------------------------- the report


class Page(HTMLParser):
    """What a browser would make of the page."""

    VOID = ("meta", "link", "br", "img", "input")

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.open = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_report_shows_values_sources_and_rights(made):
    text = report_html(made(), "Bean There")
    for part in ("What Bean There holds about you", "Schmidt", "an imported file", "Your rights"):
        assert part in text


@pytest.mark.parametrize(
    "text",
    ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>'],
    ids=["script", "image"],
)
def test_report_shows_markup_as_text(made, desk, text):
    made()
    desk.vault.write(CID, "company", category_of("company"), text, "online_form")
    page = Page(report_html(made(), text))
    assert not {"script", "img"} & set(page.tags)
    assert text not in report_html(made(), text)


def test_report_asks_nothing_of_anybody(made):
    text = report_html(made())
    page = Page(text)
    assert not {"script", "link", "img", "iframe", "object", "form"} & set(page.tags)
    assert [value for name, value in page.attributes if name in ("src", "href")] == [
        value for name, value in page.attributes if name == "href" and value.startswith("#")
    ]
    assert "url(" not in text
    assert "@import" not in text
    assert "default-src 'none'" in text


def test_report_can_be_found_through_without_seeing_it(made):
    text = report_html(made())
    page = Page(text)
    assert page.open == []
    assert ("lang", "en") in page.attributes
    assert page.tags.count("h1") == page.tags.count("main") == page.tags.count("title") == 1
    assert page.tags.count("caption") == page.tags.count("table")
    scopes = [value for name, value in page.attributes if name == "scope"]
    assert page.tags.count("th") == len(scopes)
    anchors = {value[1:] for name, value in page.attributes if name == "href"}
    assert anchors <= {value for name, value in page.attributes if name == "id"}
    assert "@media print" in text


def test_report_says_what_is_sealed(made, desk, device, company, vault, clock):
    made()
    claim(desk, device, company, vault, clock, CID)
    text = report_html(made())
    assert re.search(r"9 of \d+ values are sealed", text)
    assert "Schmidt" not in text
