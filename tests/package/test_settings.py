"""One compiler and one set of settings, wherever a tool insists on its own file."""

import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def ape_settings():
    return yaml.safe_load((ROOT / "ape-config.yaml").read_text())["solidity"]


@pytest.fixture(scope="module")
def forge_settings():
    return tomllib.loads((ROOT / "foundry.toml").read_text())["profile"]["default"]


@pytest.fixture(scope="module")
def npm_packages():
    return json.loads((ROOT / "package.json").read_text())


def test_forge_compiles_with_the_settings_of_ape(ape_settings, forge_settings):
    assert forge_settings["evm_version"] == ape_settings["evm_version"]
    assert forge_settings["optimizer"] == ape_settings["optimize"]
    assert forge_settings["optimizer_runs"] == ape_settings["optimization_runs"]
    assert forge_settings["via_ir"] == ape_settings["via_ir"]
    remappings = [each.replace("/=", "=").rstrip("/") for each in forge_settings["remappings"]]
    assert remappings == ape_settings["import_remapping"]


def test_every_place_names_the_same_compiler(ape_settings, forge_settings, npm_packages):
    version = ape_settings["version"]
    assert npm_packages["devDependencies"]["solc"] == version
    assert forge_settings["solc"] == f"scripts/solc/solc-v{version}"
    assert [path.name for path in (ROOT / "scripts" / "solc").iterdir()] == [f"solc-v{version}"]


def test_every_contract_names_the_compiler_it_is_compiled_with(ape_settings):
    pragmas = {
        path.relative_to(ROOT): re.findall(
            r"^pragma solidity (.*);", path.read_text(), re.MULTILINE
        )
        for path in sorted((ROOT / "contracts").rglob("*.sol"))
    }
    assert pragmas
    assert pragmas == {path: [ape_settings["version"]] for path in pragmas}


def test_npm_packages_are_pinned_exactly(npm_packages):
    groups = ("dependencies", "devDependencies", "optionalDependencies")
    wanted = {name: version for group in groups for name, version in npm_packages[group].items()}
    # A second version of a package has a name of its own.
    pinned = re.compile(r"(npm:[\w@/.-]+@)?\d+\.\d+\.\d+")
    assert {n: v for n, v in wanted.items() if not pinned.fullmatch(v)} == {}


def test_the_package_and_the_project_have_one_version():
    import crmdapp

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert crmdapp.__version__ == project["version"]
    assert json.loads((ROOT / "package.json").read_text())["version"] == project["version"]
