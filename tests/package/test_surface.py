"""What the package declares is what it has, and loading it stays cheap."""

import importlib
import json
import subprocess
import sys
from importlib import resources

import pytest

import crmdapp

HEAVY = (
    "PIL",
    "aiohttp",
    "ape",
    "coincurve",
    "eth_account",
    "fastapi",
    "requests",
    "rich",
    "sqlalchemy",
    "uvicorn",
    "web3",
)


def loaded_by(code):
    """The heavy packages that a fresh interpreter has loaded after it ran the code."""
    program = f"import json, sys\n{code}\nprint(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    modules = json.loads(done.stderr.splitlines()[-1])
    return [name for name in HEAVY if name in modules]


@pytest.mark.parametrize(
    "package",
    ["crmdapp", "crmdapp.chain", "crmdapp.customers", "crmdapp.loyalty", "crmdapp.provenance"],
)
def test_every_declared_name_exists(package):
    module = importlib.import_module(package)
    declared = list(module.__all__)
    assert declared == sorted(set(declared), key=declared.index), "a name is declared twice"
    assert [name for name in declared if getattr(module, name, None) is None] == []


def test_declared_names_are_listed_by_dir():
    assert set(crmdapp.__all__) <= set(dir(crmdapp))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = crmdapp.nonsense


def test_the_package_says_that_it_is_typed():
    assert resources.files("crmdapp").joinpath("py.typed").is_file()


@pytest.mark.parametrize(
    "code",
    [
        "import crmdapp",
        "import crmdapp.chain",
        "import crmdapp.customers",
        "import crmdapp.loyalty",
        "import crmdapp.provenance",
        "import crmdapp.cli.main",
        "import crmdapp.cli.up, crmdapp.cli._town, crmdapp.cli.customers.analytics",
    ],
)
def test_import_loads_nothing_heavy(code):
    assert loaded_by(code) == []


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["--version"],
        ["loyalty", "--help"],
        ["customers", "--help"],
        ["gallery", "--help"],
        ["items", "--help"],
    ],
)
def test_help_loads_no_chain_library(words):
    code = (
        "from crmdapp.cli.main import main\n"
        f"sys.argv = ['crmdapp', *{words!r}]\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end.code"
    )
    assert [name for name in loaded_by(code) if name != "rich"] == []
