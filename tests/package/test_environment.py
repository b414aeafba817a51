"""A tester who activates .venv types Ape's commands with nothing else set.

The commands run in a copy of the project, with an empty home, a bare PATH and no way out to the
network; the copy has no node_modules, so nothing but the environment itself can find them.
"""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.fixtures.ports import free_port

# All contracts are compiled, which takes minutes where two things are done at once.
pytestmark = pytest.mark.timeout(1800)

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("ape-config.yaml", "contracts", "deployments", "pyproject.toml", "scripts", "tests")
DEAD_PROXY = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of what the commands read."""
    folder = tmp_path_factory.mktemp("checkout")
    unwanted = shutil.ignore_patterns("__pycache__", ".cache", "31337.json")
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=unwanted)
        elif source.exists():
            shutil.copy(source, folder / part)
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home that has to stay empty."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def type_command(checkout, home):
    """Type one line into a shell that has activated the environment."""

    def run(line):
        environment = {
            "HOME": str(home),
            "PATH": "/usr/bin:/bin",
            "HTTP_PROXY": DEAD_PROXY,
            "HTTPS_PROXY": DEAD_PROXY,
            "NO_PROXY": "127.0.0.1,localhost",
            # Ape itself takes a port that may go to an outgoing connection before its chain has it.
            "APE_FOUNDRY_HOST": f"http://127.0.0.1:{free_port()}",
        }
        done = subprocess.run(
            ["/bin/bash", "-c", f"source '{ROOT}/.venv/bin/activate' && {line}"],
            cwd=checkout,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


def test_ape_compiles(type_command):
    assert "SUCCESS" in type_command("ape compile --force")


def test_ape_tests_one_file(type_command):
    assert " passed" in type_command("ape test tests/loyalty/test_points_intents.py")


def test_ape_deploys_to_a_local_chain(type_command):
    said = type_command("ape run deploy --network ethereum:local:foundry")
    assert "PointsHub" in said


@pytest.mark.parametrize("tool", ["anvil", "forge", "solc", "node", "crmdapp", "pytest", "ruff"])
def test_tools_are_found(tool, type_command):
    assert type_command(f"command -v {tool}").strip() == str(ROOT / ".venv" / "bin" / tool)


def test_a_tool_finds_the_others_without_activation(tmp_path):
    code = "import os, shutil; print(os.environ['SOLCX_BINARY_PATH'], shutil.which('anvil'))"
    environment = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    python = ROOT / ".venv" / "bin" / "python"
    done = subprocess.run(
        [python, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    binaries, anvil = done.stdout.split()
    assert Path(binaries).samefile(ROOT / "scripts" / "solc")
    assert anvil == str(ROOT / ".venv" / "bin" / "anvil")


def test_what_the_user_has_set_wins(tmp_path):
    environment = {"HOME": str(tmp_path), "PATH": "/usr/bin", "APE_DATA_FOLDER": str(tmp_path)}
    python = ROOT / ".venv" / "bin" / "python"
    code = "import os; print(os.environ['APE_DATA_FOLDER'])"
    done = subprocess.run(
        [python, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str(tmp_path)


def test_the_home_is_still_empty(type_command, home):
    type_command("ape compile")
    assert list(home.rglob("*")) == []
