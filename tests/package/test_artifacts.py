"""The package ships what Ape compiles and deploys, and says so when it does not."""

import json
from pathlib import Path

import pytest

from scripts import export_artifacts

# All contracts are compiled, which takes minutes where two things are done at once.
pytestmark = pytest.mark.timeout(1800)

ROOT = Path(__file__).resolve().parents[2]
NAMES = sorted(path.stem for path in export_artifacts.ARTIFACTS.glob("*.json"))


def code_without_tail(text):
    """Hex code without the CBOR metadata, whose length the last two bytes give."""
    code = bytes.fromhex(text.removeprefix("0x"))
    return code[: -2 - int.from_bytes(code[-2:], "big")]


@pytest.fixture(scope="module")
def files():
    return export_artifacts.render(export_artifacts.compile_contracts())


def test_generated_files_are_fresh(files):
    assert [path.name for path in export_artifacts._stale(files)] == []


@pytest.mark.parametrize("name", NAMES)
def test_the_shipped_code_is_what_ape_deploys(name, project):
    artifact = json.loads((export_artifacts.ARTIFACTS / f"{name}.json").read_text())
    contract_type = getattr(project, name).contract_type
    deployed = contract_type.runtime_bytecode.bytecode
    assert code_without_tail(artifact["deployed_bytecode"]) == code_without_tail(deployed)
    ours = artifact["bytecode"].removeprefix("0x")
    theirs = contract_type.deployment_bytecode.bytecode.removeprefix("0x")
    tail = len(ours) - ours.rindex("a264697066735822")  # the CBOR head of solc's metadata
    assert ours[:-tail] == theirs[:-tail]


def test_a_changed_a_missing_and_a_left_over_file_are_named(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(export_artifacts, "ROOT", tmp_path)
    monkeypatch.setattr(export_artifacts, "PACKAGE", tmp_path)
    monkeypatch.setattr(export_artifacts, "ARTIFACTS", tmp_path / "artifacts")
    monkeypatch.setattr(export_artifacts, "compile_contracts", lambda: {"contracts": {}})
    wanted = {tmp_path / "artifacts" / f"{name}.json": "{}\n" for name in ("Changed", "Missing")}
    monkeypatch.setattr(export_artifacts, "render", lambda _: wanted)
    (tmp_path / "artifacts").mkdir()
    (tmp_path / "artifacts" / "Changed.json").write_text("old")
    (tmp_path / "artifacts" / "LeftOver.json").write_text("{}")

    assert export_artifacts.main(["--check"]) == 1
    said = capsys.readouterr().out
    assert [name for name in ("Changed", "Missing", "LeftOver") if f"{name}.json" in said]
    assert said.count(".json") == 3

    assert export_artifacts.main([]) == 0
    assert export_artifacts.main(["--check"]) == 0
    assert not (tmp_path / "artifacts" / "LeftOver.json").exists()


def test_code_over_the_limit_of_a_chain_fails(monkeypatch, capsys):
    code = {"object": "00" * (export_artifacts.CODE_LIMIT + 1)}
    contract = {"evm": {"bytecode": code, "deployedBytecode": code, "methodIdentifiers": {}}}
    node = {"nodeType": "ContractDefinition", "name": "Big", "contractKind": "contract"}
    output = {
        "contracts": {"contracts/a/Big.sol": {"Big": contract}},
        "sources": {"contracts/a/Big.sol": {"ast": {"nodes": [node]}}},
    }
    monkeypatch.setattr(export_artifacts, "compile_contracts", lambda: output)
    monkeypatch.setattr(export_artifacts, "render", lambda _: {})
    monkeypatch.setattr(export_artifacts, "_stale", lambda _: [])
    assert export_artifacts.main(["--check"]) == 1
    assert "Big: 24,577 bytes of code, 1 more than a chain accepts" in capsys.readouterr().err


def test_contracts_that_do_not_compile_are_shown(monkeypatch, capsys):
    def broken():
        raise export_artifacts.ExportError("ParserError: Expected ';'")

    monkeypatch.setattr(export_artifacts, "compile_contracts", broken)
    assert export_artifacts.main(["--check"]) == 1
    assert "ParserError" in capsys.readouterr().err
