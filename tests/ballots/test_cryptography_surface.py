"""What the cryptography of ballots declares, and what it must never load."""

import json
import subprocess
import sys

import crmdapp.ballots
from crmdapp.ballots import faults
from crmdapp.errors import CrmdappError

CURVE = "py_arkworks_bls12381"
HEAVY = ("web3", "eth_account", "aiohttp", "requests", "ape", "py_ecc", CURVE)


def loaded_by(code):
    program = f"import json, sys\n{code}\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    modules = json.loads(done.stdout)
    return [name for name in HEAVY if name in modules]


def test_every_declared_name_exists():
    declared = crmdapp.ballots.__all__
    assert len(set(declared)) == len(declared)
    assert [name for name in declared if getattr(crmdapp.ballots, name, None) is None] == []


def test_importing_the_package_loads_nothing_heavy():
    assert loaded_by("import crmdapp.ballots") == []


def test_the_cryptography_loads_the_curve_and_nothing_of_a_chain():
    code = "from crmdapp.ballots import *"
    assert loaded_by(code) == [CURVE]


def test_the_second_implementation_shares_no_library_with_the_first():
    assert loaded_by("import crmdapp.ballots.second") == ["py_ecc"]


def test_every_fault_is_named_and_declared():
    named = {
        name
        for name, value in vars(faults).items()
        if isinstance(value, type) and value.__module__ == faults.__name__
    }
    assert named <= set(crmdapp.ballots.__all__)
    assert all(issubclass(getattr(faults, name), CrmdappError) for name in named)
