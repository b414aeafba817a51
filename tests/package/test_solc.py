"""The launcher answers like the native compiler, reads only what it may, and never a stale file."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
(LAUNCHER,) = (ROOT / "scripts" / "solc").glob("solc-v*")


def solc(*words, stdin="", cwd=ROOT, launcher=LAUNCHER):
    return subprocess.run(
        [launcher, *words], input=stdin, cwd=cwd, capture_output=True, text=True, check=False
    )


def request(**sources):
    return json.dumps(
        {
            "language": "Solidity",
            "sources": {f"{name}.sol": {"content": text} for name, text in sources.items()},
            "settings": {"outputSelection": {"*": {"*": ["evm.deployedBytecode.object", "abi"]}}},
        }
    )


def errors(done):
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout).get("errors", [])
    return [each["message"] for each in found if each["severity"] == "error"]


IMPORTER = 'pragma solidity ^0.8.0; import "./lib/Answer.sol"; contract Importer is Answer {}'
ANSWER = "pragma solidity ^0.8.0; contract Answer { uint256 public constant ANSWER = %d; }"


@pytest.fixture
def library(tmp_path):
    """A folder with a file that an import finds below --base-path."""
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "Answer.sol").write_text(ANSWER % 41)
    return tmp_path


def test_version_is_the_one_in_the_launchers_name():
    done = solc("--version")
    assert done.returncode == 0
    assert f"Version: {LAUNCHER.name.removeprefix('solc-v')}+commit." in done.stdout


def test_standard_json_compiles():
    done = solc("--standard-json", stdin=request(A="pragma solidity ^0.8.0; contract A {}"))
    assert errors(done) == []
    contract = json.loads(done.stdout)["contracts"]["A.sol"]["A"]
    assert contract["evm"]["deployedBytecode"]["object"]


def test_a_mistake_in_a_contract_is_reported():
    done = solc("--standard-json", stdin=request(A="pragma solidity ^0.8.0; contract A {"))
    assert any("Expected" in message or "expected" in message for message in errors(done))


def test_imports_are_read_below_the_base_path(library):
    done = solc("--standard-json", f"--base-path={library}", stdin=request(Importer=IMPORTER))
    assert errors(done) == []


def test_imports_are_read_below_an_include_path(library):
    words = ("--base-path", library / "lib", "--include-path", library)
    done = solc("--standard-json", *words, stdin=request(Importer=IMPORTER))
    assert errors(done) == []


def test_a_missing_import_is_reported(tmp_path):
    done = solc("--standard-json", f"--base-path={tmp_path}", stdin=request(Importer=IMPORTER))
    assert any("File not found" in message for message in errors(done))


def test_a_file_outside_the_allowed_folders_is_refused(library, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "Answer.sol"
    outside.write_text(ANSWER % 1)
    (library / "lib" / "Answer.sol").unlink()
    (library / "lib" / "Answer.sol").symlink_to(outside)
    words = ("--standard-json", f"--base-path={library}")
    refused = solc(*words, stdin=request(Importer=IMPORTER))
    assert any("outside of allowed" in message for message in errors(refused))
    allowed = solc(*words, f"--allow-paths={outside.parent}", stdin=request(Importer=IMPORTER))
    assert errors(allowed) == []


def test_an_earlier_answer_is_given_only_while_its_imports_are_the_same(library):
    codes = []
    for answer in (41, 42, 42):
        (library / "lib" / "Answer.sol").write_text(ANSWER % answer)
        done = solc("--standard-json", f"--base-path={library}", stdin=request(Importer=IMPORTER))
        assert errors(done) == []
        codes.append(json.loads(done.stdout)["contracts"]["Importer.sol"]["Importer"]["evm"])
    assert codes[0] != codes[1]
    assert codes[1] == codes[2]
    (library / "lib" / "Answer.sol").unlink()
    gone = solc("--standard-json", f"--base-path={library}", stdin=request(Importer=IMPORTER))
    assert any("File not found" in message for message in errors(gone))


@pytest.mark.parametrize(
    ("words", "said"), [((), "--standard-json"), (("--bin", "A.sol"), "--bin is not supported")]
)
def test_other_options_are_refused_by_name(words, said):
    done = solc(*words)
    assert done.returncode == 1
    assert said in done.stderr


def test_a_missing_compiler_says_how_to_install_it(tmp_path):
    shutil.copytree(LAUNCHER.parent, tmp_path / "scripts" / "solc")
    done = solc("--version", launcher=tmp_path / "scripts" / "solc" / LAUNCHER.name)
    assert done.returncode == 1
    assert "run make" in done.stderr


def test_the_launcher_is_executable():
    assert os.access(LAUNCHER, os.X_OK)
