"""Opening the store, and what can be wrong with it."""

import os
import sqlite3
import stat
import subprocess
import sys

import pytest
from sqlalchemy import text

from crmdapp.errors import DiskFull, PermissionDenied, UsageError
from crmdapp.store import database
from crmdapp.store.database import open_store
from crmdapp.store.errors import (
    StoreCorrupt,
    StoreDriverMissing,
    StoreLocked,
    StoreProblem,
    StoreUnreachable,
    StoreVersionUnknown,
)
from crmdapp.store.schema import SCHEMA_VERSION
from crmdapp.store.vault import Vault
from tests.store.conftest import EMAIL

PROFILE = b"\xc1" * 32


@pytest.fixture
def file_store(tmp_path):
    with open_store(tmp_path / "store.sqlite3", busy_seconds=0.2) as store:
        yield store


def pragma(store, name):
    with store.reading() as session:
        return session.execute(text(f"PRAGMA {name}")).scalar_one()


# --------------------------------------------------------------------------- opening


def test_open_store_makes_a_file_only_its_owner_can_read(tmp_path):
    before = os.umask(0)
    try:
        with open_store(tmp_path / "new" / "store.sqlite3") as store:
            with store.writing() as session:
                session.execute(text("INSERT INTO profiles (cid, added_at) VALUES (x'01', 1)"))
            modes = {
                path.name: stat.S_IMODE(path.stat().st_mode) for path in store.path.parent.iterdir()
            }
    finally:
        os.umask(before)
    assert set(modes) == {"store.sqlite3", "store.sqlite3-wal", "store.sqlite3-shm"}
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


def test_open_store_settles_sqlite(file_store):
    assert pragma(file_store, "secure_delete") == 1
    assert pragma(file_store, "journal_mode") == "wal"
    assert pragma(file_store, "foreign_keys") == 1
    assert pragma(file_store, "synchronous") == 2
    assert pragma(file_store, "temp_store") == 2


def test_open_store_twice_is_the_same_store(store_url):
    for _ in range(2):
        with open_store(store_url) as store, store.reading() as session:
            found = session.execute(text("SELECT version FROM store_version")).scalars().all()
            assert found == [SCHEMA_VERSION]


def test_writing_is_all_or_nothing(store):
    def fail_half_way():
        with store.writing() as session:
            insert = "INSERT INTO receipts (receipt_hash, kind, body, signature) VALUES"
            session.execute(text(f"{insert} (:one, 'x', '', :one)"), {"one": b"1"})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()
    with store.reading() as session:
        assert session.execute(text("SELECT COUNT(*) FROM receipts")).scalar_one() == 0


@pytest.mark.parametrize(
    "url",
    [
        "mysql://host/db",
        "sqlite://",
        "sqlite:///:memory:",
        "postgresql+psycopg2://host/db",
        "://",
        "postgresql://user:quokka@[::1/db",
    ],
)
def test_open_store_refuses_what_is_no_address(url):
    with pytest.raises(UsageError) as refused:
        open_store(url)
    assert "quokka" not in str(refused.value.to_dict())


def test_open_store_names_the_missing_driver(monkeypatch):
    monkeypatch.setattr(database, "find_spec", lambda name: None)
    with pytest.raises(StoreDriverMissing) as refused:
        open_store("postgresql://host/db")
    assert "crmdapp[postgres]" in refused.value.hint


def test_open_store_shows_no_secret_of_a_server_that_is_away(monkeypatch):
    monkeypatch.setenv("PGPASSWORD", "quokka")
    with pytest.raises(StoreUnreachable) as refused:
        open_store("postgresql://clerk@127.0.0.1:1/crm?application_name=quokka")
    assert "quokka" not in str(refused.value.to_dict())
    assert "postgresql://127.0.0.1:1/crm" in refused.value.message
    assert refused.value.exit_code == 5


@pytest.mark.parametrize(
    "url", ["postgresql://clerk:quokka@host/crm", "postgresql://clerk@host/crm?password=quokka"]
)
def test_open_store_takes_no_password_in_the_address(url):
    with pytest.raises(UsageError, match="holds no password") as refused:
        open_store(url)
    assert "quokka" not in str(refused.value.to_dict())


def test_open_store_names_a_database_that_is_not_there(postgres):
    with pytest.raises(StoreUnreachable):
        open_store(postgres.address("nowhere"))


# --------------------------------------------------------------------------- versions


def test_open_store_refuses_another_releases_store(store_url):
    with open_store(store_url) as store, store.writing() as session:
        session.execute(text("UPDATE store_version SET version = 99"))
    with pytest.raises(StoreVersionUnknown, match="another release"):
        open_store(store_url)


def test_open_store_refuses_a_foreign_database(store_url):
    with open_store(store_url) as store, store.writing() as session:
        session.execute(text("DROP TABLE store_version"))
    with pytest.raises(StoreCorrupt, match="no store"):
        open_store(store_url)


# --------------------------------------------------------------------------- damage


@pytest.mark.parametrize(
    "body", [b"no database at all" * 100, b"SQLite format 3\0" + b"\x07" * 900]
)
def test_open_store_refuses_a_file_that_is_no_database(tmp_path, body):
    path = tmp_path / "store.sqlite3"
    path.write_bytes(body)
    with pytest.raises(StoreCorrupt):
        open_store(path)
    assert path.read_bytes() == body


def test_check_finds_a_damaged_page(tmp_path):
    path = tmp_path / "store.sqlite3"
    with open_store(path) as store:
        with store.writing() as session:
            for n in range(400):
                session.execute(
                    text("INSERT INTO profiles (cid, added_at) VALUES (:cid, 1)"),
                    {"cid": n.to_bytes(32, "big")},
                )
        store.check()
        store.scrub()
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 2 : len(whole) // 2 + 4096] = b"\x55" * 4096
    path.write_bytes(bytes(whole))
    with pytest.raises(StoreCorrupt), open_store(path) as store:
        store.check()


# --------------------------------------------------------------------------- locks and disks


def test_writing_waits_and_then_says_who_is_in_the_way(file_store):
    other = sqlite3.connect(file_store.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreLocked), file_store.writing():
        pass
    with file_store.reading() as session:  # readers are not in the way
        session.execute(text("SELECT 1 FROM profiles"))
    other.execute("ROLLBACK")
    with file_store.writing():
        pass
    other.close()


def test_writing_waits_for_a_lock_on_a_server(postgres):
    address = postgres.new_database()
    insert = text("INSERT INTO profiles (cid, added_at) VALUES ('', 1)")
    with (
        open_store(address, busy_seconds=0.2) as one,
        open_store(address) as other,
        other.writing() as session,
    ):
        session.execute(text("LOCK TABLE profiles"))
        with pytest.raises(StoreLocked), one.writing() as waiting:
            waiting.execute(insert)
    postgres.drop(address)


def test_a_full_disk_is_named_and_nothing_is_half_written(file_store, keys, domain):
    vault = Vault(file_store, keys, domain)
    vault.adopt([PROFILE])
    vault.write(PROFILE, "email", EMAIL, b"ann@example.org", "iot")
    pages = pragma(file_store, "page_count")
    pragma(file_store, f"max_page_count = {pages}")
    with pytest.raises(DiskFull):
        vault.write(PROFILE, "photo", EMAIL, bytes(100_000), "iot")
    assert len(vault.ciphertexts(PROFILE, history=True)) == 1
    pragma(file_store, "max_page_count = 1000000")
    vault.write(PROFILE, "photo", EMAIL, bytes(100_000), "iot")


class ServerError(Exception):
    """What a driver raises."""

    def __init__(self, sqlstate):
        super().__init__("Key (email)=(quokka@example.org) already exists.")
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("sqlstate", "kind"),
    [
        ("53100", DiskFull),
        ("55P03", StoreLocked),
        ("40P01", StoreLocked),
        ("40001", StoreLocked),
        ("XX001", StoreCorrupt),
        ("58030", StoreCorrupt),
        ("08006", StoreUnreachable),
        ("28P01", StoreUnreachable),
        ("57P01", StoreUnreachable),
        ("3D000", StoreUnreachable),
        (None, StoreUnreachable),
        ("23505", StoreProblem),
    ],
)
def test_a_servers_errors_have_names_and_repeat_no_value(sqlstate, kind):
    from sqlalchemy.exc import OperationalError

    problem = OperationalError("INSERT", {"email": "quokka"}, ServerError(sqlstate))
    found = database.problem_of(problem, "postgresql://host/db")
    assert type(found) is kind
    assert "quokka" not in str(found.to_dict())


def test_a_refused_statement_repeats_no_value(store):
    insert = text("INSERT INTO profiles (cid, added_at) VALUES (:cid, 1), (:cid, 1)")
    with pytest.raises(StoreProblem) as refused, store.writing() as session:
        session.execute(insert, {"cid": b"quokka"})
    assert "quokka" not in str(refused.value.to_dict())
    assert refused.value.__cause__ is None


def test_a_store_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(PermissionDenied):
        open_store(tmp_path / "file" / "store.sqlite3")


def test_importing_the_package_loads_no_database():
    program = (
        "import sys, crmdapp, crmdapp.chain, crmdapp.store, crmdapp.store.errors, crmdapp.cli.main;"
        "print(sorted({'sqlalchemy', 'cryptography', 'psycopg'} & set(sys.modules)))"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120
    )
    assert found.stdout.strip() == "[]"
