"""The company's CRM work on the command line: import, pairs, export, report, segments."""

import json

import pytest

from crmdapp.customers.tags import PepperFile
from crmdapp.store import _secret_file
from crmdapp.store.device import DeviceKeys
from crmdapp.store.keys import OperatorKeys
from scripts.demo.people import customers, write

PASSWORD = "correct horse"
HEADING = "given_name,family_name,birth_date,email,phone,street,postal_code,city,country\n"
ANN = "Ann,Schmidt,1980-02-03,ann@example.org,+493023125111,Hauptstr. 5,10115,Berlin,DE\n"
TYPO = "Ann,Schmitd,1980-02-03,as@example.net,,Hauptstr. 5,10115,Berlin,DE\n"


@pytest.fixture
def office(crmdapp, monkeypatch):
    """The command line with the company's files and a scope in which the shop attests."""
    monkeypatch.setattr(_secret_file, "SCRYPT_COST", 1 << 4)
    crmdapp.state.mkdir(exist_ok=True)
    OperatorKeys.create(crmdapp.state / "operator.sqlite3").close()
    PepperFile.create(crmdapp.state / "pepper.json")
    crmdapp.send("customers", "scope", "create", "--attestor", "shop=3")
    return crmdapp


@pytest.fixture
def scope(office):
    return 1


@pytest.fixture
def take(office, scope):
    """Imports text as a file."""

    def take_(text, *options, name="list.csv"):
        path = office.folder / name
        path.write_text(text)
        return office.send("customers", "import", path, "--scope", scope, *options)

    return take_


@pytest.fixture
def pair(office, take):
    """Two profiles that are alike."""
    take(HEADING + ANN + TYPO)
    (found,) = office.json("customers", "dedupe", "list")["pairs"]
    return found


def test_import_tells_what_it_did(take):
    told = take(HEADING + ANN + TYPO)
    assert [told[name] for name in ("records", "created", "queued", "rejected")] == [2, 2, 1, 0]


def test_import_changes_nothing_the_second_time(office, take):
    first = take(HEADING + ANN)
    again = take(HEADING + ANN)
    assert (again["created"], again["skipped"]) == (first["created"], 1)


def test_import_looks_only_on_a_dry_run(office, scope):
    path = office.folder / "list.csv"
    path.write_text(HEADING.rstrip() + ",shoe size\n" + ANN.rstrip() + ",43\n")
    told = office.json("customers", "import", path, "--scope", scope, "--dry-run")
    assert (told["columns"], told["left_out"]) == ("crmdapp", ["shoe size"])
    assert not (office.state / "vault.sqlite3").exists()


def test_import_asks_before_it_writes(office, scope, answer):
    path = office.folder / "list.csv"
    path.write_text(HEADING + ANN)
    answer("n\n")
    office("customers", "import", path, "--scope", scope, code=3)
    assert not (office.state / "vault.sqlite3").exists()


def test_import_names_a_wrong_encoding(office, scope):
    path = office.folder / "list.csv"
    path.write_bytes((HEADING + ANN.replace("Ann", "Änn")).encode("latin-1"))
    error = office.error("customers", "import", path, "--scope", scope, "--yes", code=2)
    assert error["code"] == "EncodingWrong"
    assert "--encoding windows-1252" in error["hint"]
    told = office.send("customers", "import", path, "--scope", scope, "--encoding", "windows-1252")
    assert told["created"] == 1


def test_import_writes_rejects_without_values(office, take):
    rejects = office.folder / "rejects.csv"
    told = take(HEADING + ANN.replace("ann@example.org", "secret"), "--rejects", rejects)
    assert told["rejected"] == 1
    assert rejects.read_text().startswith("line,field,reason\n2,email,")
    assert "secret" not in rejects.read_text()


def test_import_takes_what_columns_mean(office, take):
    told = take("Mail;Ort\nann@example.org;Rome\n", "--field", "Mail=email", "--field", "Ort=city")
    assert told["created"] == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--field", "Mail"), "COLUMN=FIELD"),
        (("--columns", "siebel"), "no set of columns"),
        (("--dates", "ymd"), "no order of dates"),
        (("--region", "xx"), "is no country"),
        (("--encoding", "ebcdic"), "no encoding"),
    ],
)
def test_import_refuses_options_that_mean_nothing(office, scope, options, message):
    path = office.folder / "list.csv"
    path.write_text(HEADING + ANN)
    error = office.error("customers", "import", path, "--scope", scope, "--yes", *options, code=2)
    assert message in error["message"]


def test_import_registers_on_chain(office, scope, tmp_path):
    path = tmp_path / "people.csv"
    write(path, customers(30))
    told = office.send("customers", "import", path, "--scope", scope, "--register", "--level", "1")
    assert told["registered"] == told["created"]
    assert told["linked"] >= 1
    assert told["conflicts"] == []


def test_import_shows_a_rate_and_no_values(office, scope):
    path = office.folder / "list.csv"
    path.write_text(HEADING + ANN)
    shown = office("customers", "import", path, "--scope", scope, "--yes", "--verbose")
    for text in ("Ann", "ann@example.org", "Schmidt", "Hauptstr"):
        assert text not in shown.out + shown.err


# ----------------------------------------------------------------- pairs


def test_dedupe_merges_and_undoes(office, pair):
    made = office.json("customers", "dedupe", "merge", pair["pair"])
    assert (made["from"], made["into"]) == (pair["newer"], pair["older"])
    assert office.json("customers", "dedupe", "list")["pairs"] == []
    assert len(office.json("customers", "dedupe", "list", "--state", "merged")["merges"]) == 1
    undone = office.json("customers", "dedupe", "undo", made["merge"])
    assert undone["undone_by"] == made["by"]
    assert office.json("customers", "dedupe", "list")["pairs"] == [pair]


def test_dedupe_keeps_apart_for_good(office, pair):
    office.json("customers", "dedupe", "apart", pair["pair"])
    error = office.error("customers", "dedupe", "merge", pair["pair"], code=2)
    assert error["code"] == "DuplicateDecided"


def test_dedupe_shows_no_values(office, pair):
    shown = office("customers", "dedupe", "list")
    assert "Schmidt" not in shown.out
    assert pair["older"] in shown.out


# ----------------------------------------------------------------- export and report


def test_export_and_report_of_a_customer(office, pair):
    out = office.folder / "out"
    told = office.json("customers", "export", pair["older"], "--out", out)
    assert (told["data"], told["sealed"]) == (9, 0)
    assert json.loads((out / "export.json").read_text())["profiles"] == [pair["older"]]
    page = office.folder / "report.html"
    office.json("customers", "report", out / "export.json", "--out", page, "--company", "Beans")
    assert "What Beans holds about you" in page.read_text()
    error = office.error("customers", "report", out / "export.json", "--out", page, code=2)
    assert "There is a file" in error["message"]


def test_export_is_opened_by_the_customers_device(office, pair, crmdapp):
    password = crmdapp.folder / "password"
    password.write_text(PASSWORD)
    password.chmod(0o600)
    DeviceKeys.create(crmdapp.state / "device.sqlite3", PASSWORD).close()
    out = office.folder / "out"
    office.json("customers", "export", pair["older"], "--out", out)
    mine = office.folder / "mine"
    told = office.json(
        "customers", "export-open", out / "export.json", "--out", mine, "--password-file", password
    )
    assert told["sealed"] == 0


def test_trace_and_passed_on_to(office, pair):
    told = office.json("customers", "trace", 1)
    assert (told["source"], told["reference"], told["custodial"]) == ("csv_import", "line:2", True)
    assert office.json("customers", "passed-on-to", pair["older"]) == []
    office.error("customers", "trace", 999, code=2)


def test_segment_tells_whom_it_leaves_out(office, pair):
    told = office.json(
        "customers", "segment", "--purpose", "DirectMarketing", "--where", "country is DE"
    )
    assert (told["count"], told["total"]) == (0, 2)
    assert told["left_out"] == {"no consent for this": 2}
