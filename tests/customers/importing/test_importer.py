"""Customer lists on their way into the vault: sealed, with evidence, and never twice."""

import csv
import hashlib
import json

import pytest
from sqlalchemy import select

from crmdapp.customers.codes import CATEGORIES, code
from crmdapp.customers.identifiers import normalise
from crmdapp.customers.importing import importer
from crmdapp.customers.importing.chunks import CLAIMED, ChunkWriter
from crmdapp.customers.importing.importer import plan_import
from crmdapp.customers.importing.records import Rules
from crmdapp.errors import FileChanged, UsageError
from crmdapp.store.schema import DatumRow, ProfileRow
from tests.customers.importing.conftest import ANN, BOB, PEPPER, SPACE
from tests.store.conftest import CHAIN


def counts(report):
    return (
        report.records,
        report.created,
        report.changed,
        report.unchanged,
        report.rejected,
        report.queued,
    )


def cid_of(kind, text):
    return SPACE.id_of(PEPPER.tag(normalise(kind, text, "DE")))


# ----------------------------------------------------------------- what comes in


def test_run_seals_each_field_of_a_new_customer(desk):
    assert counts(desk.take(ANN, BOB)) == (2, 2, 0, 0, 0, 0)
    assert list(desk.profiles().values()) == [
        {**ANN, "phone": "+493023125111"},
        {**BOB, "phone": "+493023125222", "country": "DE"},
    ]


def test_run_names_profiles_by_their_strongest_identifier(desk):
    desk.take({**ANN, "tax_id": "de.vat:136695976"}, BOB)
    assert list(desk.profiles()) == [
        cid_of("tax", "de.vat:136695976"),
        cid_of("email", "bob@example.org"),
    ]
    assert desk.ids() == 5


def test_run_says_where_each_datum_came_from(desk):
    path = desk.write([ANN, BOB])
    desk.load(path)
    (datum,) = (
        item.datum
        for item in desk.vault.ciphertexts(cid_of("email", "bob@example.org"))
        if item.datum.field == "city"
    )
    assert datum.source == "csv_import"
    assert datum.evidence.reference == "line:3"
    assert datum.evidence.digest == hashlib.sha256(path.read_bytes()).digest()
    assert datum.category == code("City", CATEGORIES).bit


def test_run_takes_lines_of_json_and_arrays(desk):
    lines = desk.folder / "list.jsonl"
    lines.write_text(json.dumps(ANN) + "\n" + json.dumps(BOB))
    array = desk.folder / "list.json"
    array.write_text(json.dumps([ANN, BOB]))
    assert counts(desk.load(lines)) == (2, 2, 0, 0, 0, 0)
    assert counts(desk.load(array)) == (2, 0, 0, 2, 0, 0)


# ----------------------------------------------------------------- never twice


def test_run_changes_nothing_the_second_time(desk):
    path = desk.write([ANN, BOB])
    first = desk.load(path)
    before = desk.everything()
    again = desk.load(path)
    assert desk.everything() == before
    assert (counts(again), again.skipped) == (counts(first), 2)


def test_run_changes_no_customer_for_the_same_values_in_another_file(desk):
    desk.take(ANN, BOB)
    before = desk.everything()
    assert counts(desk.take(BOB, ANN, name="other.csv")) == (2, 0, 0, 2, 0, 0)
    after = desk.everything()
    assert {name for name in before if before[name] != after[name]} == {"import_runs"}


def test_run_adds_only_what_is_new(desk):
    desk.take(ANN)
    moved = {**ANN, "street": "Am Markt 1"}
    assert counts(desk.take(moved, name="new.csv")) == (1, 0, 1, 0, 0, 0)
    ((_, values),) = desk.profiles().items()
    assert values["street"] == "Am Markt 1"
    history = desk.values(cid_of("email", "ann@example.org"), history=True)
    assert [value for name, value in history if name == "street"] == [ANN["street"], "Am Markt 1"]
    assert len(history) == len(ANN) + 1


def test_run_takes_a_value_that_another_reading_of_the_file_changed(desk):
    path = desk.write([{"email": "ann@example.org", "birth_date": "3/2/1980"}])
    desk.load(path, rules=Rules(dates="dmy"))
    assert counts(desk.load(path, rules=Rules(dates="mdy")))[2] == 1
    values = desk.values(cid_of("email", "ann@example.org"))
    assert values["birth_date"] == "1980-03-02"


# ----------------------------------------------------------------- whose record it is


def test_run_finds_a_customer_by_any_identifier(desk):
    desk.take(ANN)
    other_mail = {**ANN, "email": "ann.schmidt@example.net"}
    assert counts(desk.take(other_mail, name="b.csv")) == (1, 0, 1, 0, 0, 0)
    by_new_mail = {"email": "ann.schmidt@example.net", "city": "Potsdam"}
    assert counts(desk.take(by_new_mail, name="c.csv")) == (1, 0, 1, 0, 0, 0)
    assert len(desk.profiles()) == 1


def test_run_finds_a_customer_within_one_chunk(desk):
    assert counts(desk.take(ANN, {**ANN, "email": "a2@example.org"})) == (2, 1, 1, 0, 0, 0)


def test_run_keeps_namesakes_of_a_telephone_apart(desk):
    spouse = {**BOB, "phone": ANN["phone"]}
    assert counts(desk.take(ANN, spouse)) == (2, 2, 0, 0, 0, 1)
    assert desk.queue() == [(50, "phone", "open")]
    assert len(desk.profiles()) == 2


def test_run_rejects_somebody_who_is_only_a_telephone_of_another(desk):
    nobody = {"given_name": "Bob", "family_name": "Keller", "phone": ANN["phone"]}
    rejects = desk.folder / "rejects.csv"
    report = desk.load(desk.write([ANN, nobody]), rejects=rejects)
    assert counts(report) == (2, 1, 0, 0, 1, 0)
    assert "its only identifier belongs to a customer with another name" in rejects.read_text()


def test_run_queues_two_profiles_that_a_record_joins(desk):
    desk.take({**ANN, "phone": ""}, {**ANN, "email": "", "given_name": "Annie"})
    ((score, _, _),) = desk.queue()
    assert score < 100
    assert counts(desk.take(ANN, name="both.csv"))[1] == 0
    assert desk.queue() == [(100, "email,phone", "open")]
    assert len(desk.profiles()) == 2


def test_run_queues_profiles_that_are_alike(desk):
    typo = {**ANN, "family_name": "Schmitd", "email": "as@example.net", "phone": ""}
    assert counts(desk.take(ANN, typo)) == (2, 2, 0, 0, 0, 1)
    ((score, reasons, state),) = desk.queue()
    assert (score > 90, reasons, state) == (True, "name,birth_date,address", "open")


def test_run_queues_likeness_to_a_claimed_profile_by_traits(desk, device, company, vault, clock):
    desk.take(ANN)
    claim(desk, device, company, vault, clock, cid_of("email", "ann@example.org"))
    typo = {**ANN, "family_name": "Schmitt", "email": "as@example.net", "phone": ""}
    desk.take(typo, name="b.csv")
    ((score, reasons, _),) = desk.queue()
    assert (score < 96, reasons) == (True, "traits")


def claim(desk, device, company, vault, clock, cid, categories=None):
    """Let the customer take the keys of a profile."""
    wanted = categories or sorted({item.datum.category for item in vault.ciphertexts(cid)})
    device.add_profile(cid, vault.domain, company, wanted)
    vault.claim(cid, device.subject(CHAIN, company), device.publish(cid, now=clock.now))


def test_run_writes_for_a_claimed_customer_what_it_cannot_read(desk, device, company, vault, clock):
    desk.take(ANN)
    cid = cid_of("email", "ann@example.org")
    claim(desk, device, company, vault, clock, cid)
    assert counts(desk.take({**ANN, "city": "Bonn"}, name="b.csv")) == (1, 0, 1, 0, 0, 0)
    opened = {item.datum.field: device.open_field(item) for item in vault.ciphertexts(cid)}
    assert opened["city"] == b"Bonn"


def test_run_rejects_what_a_claimed_customer_does_not_take(desk, device, company, vault, clock):
    desk.take({"email": "ann@example.org"})
    claim(desk, device, company, vault, clock, cid_of("email", "ann@example.org"))
    rejects = desk.folder / "rejects.csv"
    report = desk.load(desk.write([BOB, ANN], "b.csv"), rejects=rejects)
    assert counts(report) == (2, 1, 0, 0, 1, 0)
    assert list(csv.reader(rejects.read_text().splitlines()))[1:] == [["3", "", CLAIMED]]


# ----------------------------------------------------------------- who was erased


def test_run_does_not_bring_back_who_was_erased(desk):
    desk.take(ANN)
    desk.vault.erase(cid_of("email", "ann@example.org"))
    rejects = desk.folder / "rejects.csv"
    report = desk.load(desk.write([ANN, BOB], "old.csv"), rejects=rejects)
    assert counts(report) == (2, 1, 0, 0, 1, 0)
    assert "erased on request" in rejects.read_text()
    assert len(desk.profiles()) == 1


def test_run_readmits_who_came_back_under_another_id(desk):
    desk.take(ANN)
    old = cid_of("email", "ann@example.org")
    desk.vault.erase(old)
    desk.importer.readmit = True
    assert counts(desk.take(ANN, name="new.csv")) == (1, 1, 0, 0, 0, 0)
    assert list(desk.profiles()) != [old]


def test_run_readmits_from_the_file_that_was_turned_away(desk):
    path = desk.write([ANN], "list.csv")
    desk.load(path)
    desk.vault.erase(cid_of("email", "ann@example.org"))
    again = desk.write([ANN, BOB], "again.csv")
    assert counts(desk.load(again))[4] == 1
    desk.importer.readmit = True
    report = desk.load(again)
    assert (report.created, report.unchanged, report.rejected) == (1, 1, 0)


def test_an_erasure_takes_everything_of_the_profile_along(desk):
    typo = {**ANN, "family_name": "Schmitd", "email": "as@example.net", "phone": ""}
    desk.take(ANN, typo)
    for cid in desk.profiles():
        desk.vault.erase(cid)
    left = {name for name, rows in desk.everything().items() if rows}
    assert left == {"store_version", "import_runs", "receipts"}


# ----------------------------------------------------------------- rejects


def test_run_writes_rejects_without_values(desk):
    rows = [
        ANN,
        {**BOB, "email": "bob at secret.example"},
        {**BOB, "birth_date": "1971-13-99", "phone": "12secret"},
        {"given_name": "Nobody", "email": "", "phone": ""},
    ]
    rejects = desk.folder / "rejects.csv"
    report = desk.load(desk.write(rows), rejects=rejects)
    assert counts(report) == (4, 1, 0, 0, 3, 0)
    found = list(csv.reader(rejects.read_text().splitlines()))
    assert [row[:2] for row in found] == [
        ["line", "field"],
        ["3", "email"],
        ["4", "birth_date"],
        ["4", "phone"],
        ["5", ""],
    ]
    assert "secret" not in rejects.read_text()
    assert rejects.stat().st_mode & 0o777 == 0o600


def test_run_leaves_a_file_alone_that_is_there_already(desk):
    rejects = desk.folder / "rejects.csv"
    rejects.write_text("mine")
    with pytest.raises(UsageError, match="There is a file"):
        desk.load(desk.write([ANN]), rejects=rejects)
    assert rejects.read_text() == "mine"
    assert desk.profiles() == {}


# ----------------------------------------------------------------- crashes


class Crash(RuntimeError):  # noqa: N818 - what happens, not what is wrong
    pass


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(importer, "CHUNK", 2)


def many(count):
    return [
        {"email": f"c{n}@example.org", "family_name": f"Family{n}", "city": "Rome"}
        for n in range(count)
    ] + [{"email": "broken", "family_name": "x", "city": "y"}]


@pytest.mark.parametrize("at", ["prepare", "record"])
@pytest.mark.parametrize("after", [0, 1, 2])
def test_run_goes_on_where_it_was(desk, small_chunks, monkeypatch, at, after):
    path, rejects = desk.write(many(7)), desk.folder / "rejects.csv"
    real = getattr(ChunkWriter, at)
    calls = []

    def failing(self, *args):
        calls.append(1)
        if at == "prepare":
            found = real(self, *args)
            if len(calls) > after:
                raise Crash  # the vault has the chunk, the journal does not
            return found
        if len(calls) > after:
            real(self, *args)
            raise Crash  # within the transaction that notes it
        return real(self, *args)

    monkeypatch.setattr(ChunkWriter, at, failing)
    with pytest.raises(Crash):
        desk.load(path, rejects=rejects)
    monkeypatch.setattr(ChunkWriter, at, real)
    report = desk.load(path, rejects=rejects)
    assert counts(report) == (8, 7, 0, 0, 1, 0)
    assert report.skipped == 2 * after
    assert [len(values) for values in desk.profiles().values()] == [3] * 7
    with desk.store.reading() as session:
        assert set(session.scalars(select(DatumRow.version))) == {1}
    assert len(rejects.read_text().splitlines()) == 2


def test_run_tells_how_far_it_is(desk, small_chunks):
    path = desk.write(many(5))
    seen = []
    desk.load(path, progress=lambda done, total: seen.append((done, total)))
    size = path.stat().st_size
    assert seen[-1] == (size, size)
    assert seen == sorted(seen)
    assert len(seen) == 4


def test_run_refuses_a_file_that_changes_under_way(desk, small_chunks):
    path = desk.write(many(5))
    plan = plan_import(path)

    def change(done, total):
        with path.open("a") as file:
            file.write("x,y,z\n")

    with pytest.raises(FileChanged):
        desk.importer.run(plan, progress=change)
    assert len(desk.profiles()) == 2


def test_plan_import_writes_nothing(desk):
    before = desk.everything()
    plan = plan_import(desk.write([ANN]))
    assert plan.mapped.set_name == "crmdapp"
    assert desk.everything() == before


def test_rules_hash_tells_readings_apart(desk):
    path = desk.write([ANN])
    hashes = {
        plan_import(path, rules=Rules("DE")).rules_hash,
        plan_import(path, rules=Rules("FR")).rules_hash,
        plan_import(path, rules=Rules(dates="mdy")).rules_hash,
        plan_import(path, encoding="latin-1").rules_hash,
        plan_import(path, extra={"city": "region"}).rules_hash,
    }
    assert len(hashes) == 5


def test_the_store_holds_no_plaintext(desk):
    desk.take(ANN, BOB)
    # On a server its rows; on a file also what lies between them.
    data = repr(desk.everything()).encode()
    data += b"".join(path.read_bytes() for path in desk.folder.glob("store.sqlite3*"))
    for text in ("ann@example.org", "Schmidt", "Hauptstra", "1980-02-03", "+493023125111"):
        assert text.encode() not in data


def test_profiles_of_an_import_are_in_custody(desk):
    desk.take(ANN)
    with desk.store.reading() as session:
        assert list(session.scalars(select(ProfileRow.custodial))) == [True]
