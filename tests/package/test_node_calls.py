"""Nothing but one fixture, and what runs the local chain, asks for what development nodes know."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("python", "scripts", "tests")
FIXTURE = ROOT / "tests" / "fixtures" / "anvil.py"
LOCAL_CHAIN = ROOT / "python" / "crmdapp" / "chain" / "node.py"

_CALL = re.compile(r"\b(?:evm|anvil|hardhat|ganache|tenderly)_(?!version\b)[a-z]\w*")
"""Methods of development nodes; `evm_version` is a setting of the compiler."""


def calls_in(text):
    return _CALL.findall(text)


def test_only_fixture_and_local_chain_call_development_methods():
    found = [
        f"{path.relative_to(ROOT)}: {call}"
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in (".py", ".sh", ".sol")
        and path not in (FIXTURE, LOCAL_CHAIN, Path(__file__))
        for call in calls_in(path.read_text())
    ]

    assert found == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('rpc("evm_mine")', ["evm_mine"]),
        ("anvil_setBalance", ["anvil_setBalance"]),
        ('"hardhat_setCode"', ["hardhat_setCode"]),
        ("evm_version = 'prague'", []),
        ("own_anvil_chain", []),
    ],
)
def test_each_kind_is_found(text, found):
    assert calls_in(text) == found


def test_fixture_is_where_they_are():
    assert {"evm_mine", "anvil_reorg"} <= set(calls_in(FIXTURE.read_text()))


def test_portable_tests_exist():
    """`make test-node` has something to run."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-m", "portable", "tests/e2e"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "test_points_expire_when_their_epoch_ends" in done.stdout
