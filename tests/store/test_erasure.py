"""After an erasure nothing is left that opens, and nothing that says whose it was."""

import secrets
from pathlib import Path

import pytest
from sqlalchemy import text

from crmdapp.store.errors import KeyFileLocked, ProfileUnknown, StoreLocked
from crmdapp.store.keys import OperatorKeys
from crmdapp.store.vault import Vault
from tests.store.conftest import CHAIN, DAY, EMAIL, NAME, START

CUSTODIAL = b"\xc2" * 32
NEIGHBOURS = [bytes([n]) * 32 for n in range(1, 41)]


def files_below(*folders):
    """The bytes of every file: databases, logs, shared memory, journals."""
    found = b""
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                found += path.read_bytes() + b"\xff\xff"
    return found


def traces(haystack, needles):
    """Names of the needles that are in the haystack, raw or as hex."""
    lower = haystack.lower()
    return {
        name
        for name, needle in needles.items()
        if needle in haystack or needle.hex().encode() in lower
    }


@pytest.fixture
def lived(vault, device, domain, company, partner, enrolled, keys, clock):
    """Two profiles with a past among many others: a claimed one and a custodial one.

    Returns what must be gone after their erasure.
    """
    vault.adopt([CUSTODIAL, *NEIGHBOURS])
    for round_ in range(3):
        for profile in (CUSTODIAL, *NEIGHBOURS):
            vault.write(profile, "email", EMAIL, f"old{round_}@example.org", "csv_import")
            vault.write(profile, "name", NAME, b"Old Name" * 40, "csv_import")
        vault.write(enrolled, "email", EMAIL, f"ann{round_}@example.org", "online_form")
    grant = partner.grant([EMAIL, NAME], START + DAY)
    vault.accept(device.consent(enrolled, grant, now=clock.now))
    salt, commitment = secrets.token_bytes(32), secrets.token_bytes(32)
    for profile in (enrolled, *NEIGHBOURS):
        for at in range(5):
            keys.put_salt(profile, f"other {at}", secrets.token_bytes(32), secrets.token_bytes(32))
    keys.put_salt(enrolled, "log:7", salt, commitment)
    pseudonym = secrets.token_hex(32)
    keys.link(enrolled, "pseudonym", pseudonym)
    row = "SELECT private_key FROM custodial_keys WHERE profile = ?"
    needles = {
        f"custodial key {n}": bytes(item[0]) for n, item in enumerate(keys.rows(row, (CUSTODIAL,)))
    }
    for n, signed in enumerate(vault.wraps(grant.consent_id)):
        needles[f"wrap {n}"] = signed.wrap.sealed
        needles[f"envelope {n}"] = signed.signature
    needles |= {
        "salt": salt,
        "commitment": commitment,
        "pseudonym": pseudonym.encode(),
        "subject": device.subject(CHAIN, company).encode(),
    }
    sealed = {
        f"sealed {item.datum.id}": item.sealed
        for profile in (enrolled, CUSTODIAL)
        for item in vault.ciphertexts(profile, history=True)
    }
    return needles, sealed


def test_erase_leaves_nothing_in_any_file(vault, keys, store, enrolled, lived, tmp_path):
    needles, sealed = lived
    before = files_below(tmp_path)
    # What is looked for can be found: it is there before.
    assert traces(before, needles) == set(needles)
    if store.is_sqlite:
        assert traces(before, sealed) == set(sealed)
    plain = {"plaintext": b"ann2@example.org", "custodial plaintext": b"old2@example.org"}
    assert traces(before, plain) == set()

    for profile in (enrolled, CUSTODIAL):
        vault.erase(profile)

    after = files_below(tmp_path)
    assert traces(after, needles | sealed | plain) == set()
    for profile in (enrolled, CUSTODIAL):
        with pytest.raises(ProfileUnknown):
            vault.ciphertexts(profile)
    # Nobody else lost anything.
    for profile in NEIGHBOURS:
        email, name = vault.ciphertexts(profile)
        assert vault.open_custodial(email) == b"old2@example.org"
        assert vault.open_custodial(name) == b"Old Name" * 40
        assert len(keys.rows("SELECT 1 FROM salts WHERE profile = ?", (profile,))) == 5


def test_nothing_on_a_server_ever_opens_anything(vault, keys, store, enrolled, lived, request):
    """Its own log and dead rows keep sealed values and pseudonyms; keys were never there."""
    if store.is_sqlite:
        assert str(store.path) != str(keys.path)
        return
    needles, sealed = lived
    with store.reading() as session:
        session.execute(text("CHECKPOINT"))
        query = "SELECT oid FROM pg_database WHERE datname = current_database()"
        number = session.execute(text(query)).scalar_one()
    folder = Path(request.getfixturevalue("postgres").socket)
    server = files_below(folder / "base" / str(number), folder / "pg_wal")
    assert traces(server, sealed)  # the look into the server's files finds what is there
    plain = {"plaintext": b"ann2@example.org", "custodial plaintext": b"old2@example.org"}
    assert traces(server, needles | plain) == set()


def test_erase_removes_rows_from_every_table(vault, store, enrolled, partner):
    datum = vault.write(enrolled, "email", EMAIL, b"ann@example.org", "iot")
    vault.disclose(enrolled, partner.address, b"\x01" * 32, 1, [datum.id])
    vault.erase(enrolled)
    with store.reading() as session:
        for table in ("profiles", "public_keys", "data", "disclosures", "disclosed_data"):
            assert session.execute(text(f"SELECT COUNT(*) FROM {table}")).scalar_one() == 0


def test_erase_gives_a_signed_receipt_that_counts(vault, keys, enrolled, lived):
    receipt = vault.erase(enrolled)
    assert receipt.signed_by(keys.signer.address)
    counts = {name: receipt.body[name] for name in ("keys", "wraps", "salts", "data")}
    assert counts == {"keys": 0, "wraps": 2, "salts": 6, "data": 3}
    assert len(receipt.hash) == 32
    custodial = vault.erase(CUSTODIAL)
    assert (custodial.body["keys"], custodial.body["data"]) == (2, 6)
    assert "subject" not in str(receipt.body)


def test_an_erased_person_can_come_back_under_another_id(vault, device, enrolled, company, clock):
    vault.write(enrolled, "email", EMAIL, b"ann@example.org", "iot")
    vault.erase(enrolled)
    vault.enrol(enrolled, device.subject(CHAIN, company))
    vault.accept(device.publish(enrolled, now=clock.now))
    assert vault.ciphertexts(enrolled) == []


def test_salts_and_links_are_kept_until_then(keys, vault, enrolled):
    keys.put_salt(enrolled, "log:1", b"\x01" * 32)
    keys.put_salt(enrolled, "log:1", b"\x02" * 32)
    keys.link(enrolled, "pseudonym", "p1")
    keys.link(enrolled, "pseudonym", "p1")
    assert keys.salt(enrolled, "log:1") == b"\x02" * 32
    assert keys.linked(enrolled, "pseudonym") == ["p1"]
    assert keys.profile_of("pseudonym", "p1") == enrolled
    vault.erase(enrolled)
    assert keys.salt(enrolled, "log:1") is None
    assert keys.linked(enrolled, "pseudonym") == []
    assert keys.profile_of("pseudonym", "p1") is None


def test_withdraw_deletes_the_wraps_from_the_file(vault, device, enrolled, partner, clock, keys):
    grant = partner.grant([EMAIL], START + DAY)
    vault.accept(device.consent(enrolled, grant, now=clock.now))
    (signed,) = vault.wraps(grant.consent_id)
    needles = {"wrap": signed.wrap.sealed}
    assert traces(files_below(keys.path.parent), needles) == {"wrap"}
    vault.withdraw(grant.consent_id)
    assert traces(files_below(keys.path.parent), needles) == set()


def test_claim_destroys_the_companys_keys(vault, device, domain, company, keys, store, clock):
    vault.adopt([CUSTODIAL])
    vault.write(CUSTODIAL, "email", EMAIL, b"old@example.org", "csv_import")
    (row,) = keys.rows("SELECT private_key FROM custodial_keys")
    needles = {"key": bytes(row[0])}
    assert traces(files_below(keys.path.parent), needles) == {"key"}
    device.add_profile(CUSTODIAL, domain, company, [EMAIL])
    subject = device.subject(CHAIN, company)
    vault.claim(CUSTODIAL, subject, device.publish(CUSTODIAL, now=clock.now))
    assert traces(files_below(keys.path.parent), needles) == set()


def test_erase_waits_for_nobody_but_says_so_and_is_finished_later(
    store, keys, vault, enrolled, clock, monkeypatch
):
    """A reader holds old pages: the keys are gone at once, the pages when the reader is."""
    from crmdapp.chain import _database

    monkeypatch.setattr(_database, "BUSY_SECONDS", 0.1)
    keys.put_salt(enrolled, "log:1", b"\x5a" * 32)
    with OperatorKeys(keys.path) as quick:
        impatient = Vault(store, quick, vault.domain, clock=clock)
        with OperatorKeys(keys.path) as reader:
            reader._db.execute("BEGIN")
            reader._db.execute("SELECT COUNT(*) FROM salts").fetchone()
            with pytest.raises((KeyFileLocked, StoreLocked)):
                impatient.erase(enrolled)
            assert quick.salt(enrolled, "log:1") is None
            reader._db.execute("COMMIT")
    finished = Vault(store, keys, vault.domain, clock=clock)
    with pytest.raises(ProfileUnknown):
        finished.ciphertexts(enrolled)
    assert traces(files_below(keys.path.parent), {"salt": b"\x5a" * 32}) == set()
    assert keys.rows("SELECT * FROM pending") == []


def test_forget_and_destroy_leave_nothing_of_the_device(device, enrolled, tmp_path, monkeypatch):
    path = tmp_path / "phone" / "customer.keys"
    before = path.read_bytes()
    held = path.open("rb")
    device.forget(enrolled)
    assert device.profiles() == []
    # Who had the old file open sees zeros: it was overwritten, not only unlinked.
    assert held.read() == bytes(len(before))
    held.close()
    held = path.open("rb")
    device.destroy()
    assert not path.exists()
    assert set(held.read()) == {0}
    held.close()
