"""Lock files pin every package by version and hash, and tie nobody to one registry."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PYTHON_LOCKS = [ROOT / "requirements.lock", *sorted((ROOT / "scripts" / "locks").glob("*.lock"))]
ADDRESS = re.compile(r"\w+://|--[a-z-]*index-url|--find-links|--trusted-host")


def entries(lock):
    """Each requirement of a Python lock with its hashes."""
    text = re.sub(r"^\s*#.*$", "", lock.read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    return [line.split() for line in text.splitlines() if line.strip()]


@pytest.mark.parametrize("lock", PYTHON_LOCKS, ids=lambda lock: lock.name)
def test_python_lock_names_no_address(lock):
    assert ADDRESS.findall(lock.read_text()) == []


@pytest.mark.parametrize("lock", PYTHON_LOCKS, ids=lambda lock: lock.name)
def test_python_lock_pins_every_package_with_a_hash(lock):
    found = entries(lock)
    assert found
    for words in found:
        assert re.fullmatch(r"[a-z0-9.-]+==[\w.!+]+", words[0])
        assert any(word.startswith("--hash=sha256:") for word in words), words[0]


def test_development_lock_holds_the_installer_that_bootstrap_takes_from_it():
    assert [words[0] for words in entries(PYTHON_LOCKS[0]) if words[0].startswith("uv==")]


def test_npm_lock_names_no_address_and_pins_every_package_with_a_hash():
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    installed = {name: each for name, each in packages.items() if name}
    assert installed
    assert [name for name, each in installed.items() if "resolved" in each] == []
    assert [name for name, each in installed.items() if "integrity" not in each] == []


def test_npm_lock_matches_what_package_json_asks_for():
    wanted = json.loads((ROOT / "package.json").read_text())
    locked = json.loads((ROOT / "package-lock.json").read_text())["packages"][""]
    for group in ("dependencies", "devDependencies", "optionalDependencies"):
        assert locked[group] == wanted[group]


def test_npm_writes_no_address_into_the_lock():
    assert "omit-lockfile-registry-resolved=true" in (ROOT / ".npmrc").read_text().splitlines()
