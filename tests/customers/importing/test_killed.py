"""An import that is killed at any point and run again ends where it would have without."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from crmdapp.customers.importing import importer
from scripts.demo.people import Customer, customers, write
from tests.customers.importing.killed_import import POINTS

ROOT = Path(__file__).parents[3]


@pytest.fixture
def people(desk):
    """Forty-five rows, five of them duplicates and two of them broken."""
    rows = list(customers(43, duplicates=0.12))
    broken = Customer(0, "", "No", "Body", "", "no mail", "", "", "", "", "", "")
    path = desk.folder / "people.csv"
    write(path, [*rows[:7], broken, *rows[7:30], broken, *rows[30:]])
    return path


@pytest.fixture
def run(desk, store_url, keys, people):
    """Imports in a process of its own; returns how it ended."""
    # The store and the key file are opened by the test too: all of them take turns.
    command = [
        sys.executable,
        "-m",
        "tests.customers.importing.killed_import",
        str(store_url),
        str(keys.path),
        str(people),
        str(desk.folder / "rejects.csv"),
    ]

    def run_(*point):
        line = [*command, *point]
        done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)
        return done.returncode, done.stderr

    return run_


def outcome(desk):
    rows = desk.everything()
    return (
        sorted(sorted(values.items()) for values in desk.profiles().values()),
        {name: len(rows[name]) for name in rows},
        desk.queue(),
        (desk.folder / "rejects.csv").read_text(),
    )


@pytest.fixture
def expected(desk, people, tmp_path_factory, monkeypatch):
    """What an import that nothing stops leaves, in a store of its own."""
    from crmdapp.customers.importing.importer import Importer, plan_import
    from crmdapp.customers.matching import match_key
    from crmdapp.store.database import open_store
    from crmdapp.store.keys import OperatorKeys
    from crmdapp.store.vault import Vault
    from tests.customers.importing.conftest import PEPPER, SPACE, Desk

    monkeypatch.setattr(importer, "CHUNK", 10)
    folder = tmp_path_factory.mktemp("whole")
    with (
        open_store(folder / "store.sqlite3") as store,
        OperatorKeys.create(folder / "operator.keys") as keys,
    ):
        vault = Vault(store, keys, desk.vault.domain)
        whole = Desk(Importer(store, vault, PEPPER, SPACE, match_key(keys)), folder)
        report = whole.importer.run(plan_import(people), rejects=folder / "rejects.csv")
        assert (report.records, report.rejected) == (45, 2)
        yield outcome(whole)


@pytest.mark.parametrize("calls", [2])
@pytest.mark.parametrize("point", POINTS)
def test_run_ends_the_same_if_it_was_killed(desk, run, expected, point, calls):
    assert run(point, str(calls))[0] == -signal.SIGKILL
    assert run() == (0, "")
    assert outcome(desk) == expected


def test_run_ends_the_same_if_it_was_killed_at_every_point(desk, run, expected):
    for point in POINTS:
        assert run(point, "1")[0] in (-signal.SIGKILL, 0)
    assert run() == (0, "")
    assert outcome(desk) == expected
