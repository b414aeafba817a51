"""The wheel, as a stranger gets it: no compiler, no Node, no Ape, and a chain to talk to."""

import ast
import email
import json
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from scripts import bootstrap
from tests.fixtures.anvil import DEV_KEYS, Anvil

ROOT = Path(__file__).resolve().parents[2]
UV = ROOT / ".venv" / "bin" / "uv"

STORY = """
import importlib.util, json, os, shutil, sys
from pathlib import Path

for absent in ("ape", "solcx", "pytest", "hatchling"):
    assert importlib.util.find_spec(absent) is None, absent
for absent in ("node", "solc", "ape", "anvil", "forge"):
    assert shutil.which(absent) is None, absent

import crmdapp
from crmdapp import Journal, LocalSigner, LoyaltyClient, Sender, connect
from crmdapp.chain.deployments import check, deploy_all, plan
from crmdapp.loyalty.models import ProgramConfig
from crmdapp.loyalty.terms import TermsClient

connection = connect(sys.argv[1], chain_id=31337)
folder = Path(sys.argv[2])
signer = LocalSigner(os.environ["KEY"])
sender = Sender(connection, signer, Journal(folder / "journal.db"))
manifest = deploy_all(
    connection,
    sender,
    plan(genesis=connection.block_timestamp(), test_coin=True),
    folder / "31337.json",
)
checked = check(connection, manifest)
assert checked, "nothing was deployed"
assert all(each.ok for each in checked), checked
client = LoyaltyClient.at(connection, manifest, sender)
program = client.create_program(ProgramConfig(name="Wheel Coffee", symbol="WHL"))
client.set_issuer(program.id, signer.address, 100_00)
client.award(program.id, signer.address, 12_50)
balance = client.balance(program.id, signer.address)
terms = TermsClient.at(connection, manifest, sender)
version = terms.publish(terms.draft(program.id, law="the law of Portugal"))
told = {"balance": balance, "terms": version.version, "from": crmdapp.__file__}
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel that hatchling builds from this tree."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def python(wheel, tmp_path_factory):
    """The Python of an empty environment into which only the wheel and its needs were installed."""
    folder = tmp_path_factory.mktemp("empty") / "venv"
    uv("venv", "--python", sys.executable, folder)
    install = ("pip", "install", "--python", folder, "--no-deps", *pins(), wheel)
    try:
        uv(*install, "--offline")
    except subprocess.CalledProcessError:
        uv(*install)  # the cache is gone: ask the registry
    uv("pip", "check", "--python", folder)
    return folder / "bin" / "python"


def pins():
    """What the package needs to run, at the versions that the lock has installed here."""
    found, wanted = {}, ["crmdapp"]
    while wanted:
        distribution = metadata.distribution(wanted.pop())
        for line in distribution.requires or []:
            requirement = Requirement(line)
            name = canonicalize_name(requirement.name)
            applies = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
            if applies and name not in found:
                found[name] = metadata.version(name)
                wanted.append(name)
    return [f"{name}=={version}" for name, version in sorted(found.items())]


def imported(path):
    """The packages that a module imports, wherever it does so."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module.partition(".")[0]


def uv(*words):
    command = [str(word) for word in (UV, "--quiet", *words)]
    environment = bootstrap._environment(sys.executable)
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    done.check_returncode()


def run(*command, **variables):
    """Run with a bare PATH and nothing of this environment."""
    environment = {"PATH": "/usr/bin-of-nobody", "HOME": "/nonexistent", **variables}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_the_wheel_holds_the_package_its_data_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    folders = {name.split("/")[0] for name in names}
    assert folders == {"crmdapp", "crmdapp-0.1.0.dist-info"}
    assert "crmdapp/py.typed" in names
    shipped = {name for name in names if name.startswith("crmdapp/artifacts/")}
    committed = {path.name for path in (ROOT / "python/crmdapp/artifacts").glob("*.json")}
    assert shipped == {f"crmdapp/artifacts/{name}" for name in committed}
    assert "crmdapp/loyalty/templates/terms.md" in names
    for part in ("static", "templates"):
        folder = ROOT / "python/crmdapp/web" / part
        files = {path.relative_to(ROOT / "python") for path in folder.rglob("*") if path.is_file()}
        assert files
        assert {str(path) for path in files} <= set(names)
    assert "crmdapp-0.1.0.dist-info/licenses/LICENSE" in names


def test_the_wheel_asks_for_no_development_tool(wheel):
    with zipfile.ZipFile(wheel) as archive:
        text = archive.read("crmdapp-0.1.0.dist-info/METADATA").decode()
    wanted = email.message_from_string(text).get_all("Requires-Dist")
    assert not [each for each in wanted if each.startswith(("eth-ape", "ape-", "py-solc-x"))]


def test_every_package_that_is_imported_is_asked_for():
    """What only comes along with another package may be gone with its next release."""
    asked = metadata.requires("crmdapp")
    asked = {canonicalize_name(Requirement(line).name) for line in asked}
    homes = metadata.packages_distributions()
    missing = {
        name
        for path in (ROOT / "python" / "crmdapp").rglob("*.py")
        for name in imported(path)
        if name in homes and not asked & {canonicalize_name(home) for home in homes[name]}
    }
    assert missing - {"crmdapp"} == set()


def test_the_command_answers(python):
    done = run(python.parent / "crmdapp", "--version")
    assert (done.returncode, done.stdout.strip()) == (0, "crmdapp 0.1.0")


@pytest.mark.parametrize("command", ["up", "serve"])
def test_what_serves_says_which_extra_it_needs(python, tmp_path, command):
    done = run(
        python.parent / "crmdapp", command, "--json", CRMDAPP_STATE_DIR=str(tmp_path / "state")
    )
    told = json.loads(done.stdout)["error"]
    assert (done.returncode, told["code"]) == (2, "WebExtraMissing")
    assert "crmdapp[web]" in told["hint"]


def test_it_deploys_awards_and_reads_on_a_real_chain(python, tmp_path):
    with Anvil() as chain:
        done = run(python, "-c", STORY, chain.url, str(tmp_path), KEY=DEV_KEYS[0])
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["balance"], told["terms"]) == (12_50, 0)
    assert Path(told["from"]).is_relative_to(python.parents[1])
