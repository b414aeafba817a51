"""Lock files pin every package by version and hash, and tie nobody to one registry."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PYTHON_LOCKS = [ROOT / "requirements.lock", *sorted((ROOT / "scripts" / "locks").glob("*.lock"))]
NPM_PROJECTS = [ROOT, ROOT / "scripts" / "bench" / "ponder"]
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


def npm_packages(project):
    """What the lock of an npm project says of each package; of the project itself under ''."""
    return json.loads((project / "package-lock.json").read_text())["packages"]


@pytest.mark.parametrize("project", NPM_PROJECTS, ids=["root", "ponder"])
def test_npm_lock_names_no_address_and_pins_every_package_with_a_hash(project):
    installed = {name: each for name, each in npm_packages(project).items() if name}
    assert installed
    assert [name for name, each in installed.items() if "resolved" in each] == []
    assert [name for name, each in installed.items() if "integrity" not in each] == []


@pytest.mark.parametrize("project", NPM_PROJECTS, ids=["root", "ponder"])
def test_npm_lock_matches_what_package_json_asks_for(project):
    wanted = json.loads((project / "package.json").read_text())
    locked = npm_packages(project)[""]
    for group in ("dependencies", "devDependencies", "optionalDependencies"):
        assert locked.get(group) == wanted.get(group)


@pytest.mark.parametrize("project", NPM_PROJECTS, ids=["root", "ponder"])
def test_npm_writes_no_address_into_the_lock(project):
    lines = (project / ".npmrc").read_text().splitlines()
    assert "omit-lockfile-registry-resolved=true" in lines


def test_ponder_is_asked_for_by_the_benchmark_alone():
    assert [name for name in npm_packages(ROOT) if name.endswith("/ponder")] == []
