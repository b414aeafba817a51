"""An import needs no more memory for a longer list."""

import subprocess
import sys

import pytest

COUNTS = (1_000, 4_000)
MOST_MORE = 12_000_000
"""Bytes that four times the list may take more: caches that were not full yet."""

PROGRAM = """
import sys
from pathlib import Path
from crmdapp.customers.importing.importer import Importer, plan_import
from crmdapp.customers.matching import match_key
from crmdapp.store.database import open_store
from crmdapp.store.epochs import vault_domain
from crmdapp.store.keys import OperatorKeys
from crmdapp.store.vault import Vault
from crmdapp.customers.tags import PepperTagger, TagSpace

CHAIN, REGISTRY = 31337, "0x" + "5e" * 20

folder, path = Path(sys.argv[1]), sys.argv[2]
with open_store(folder / "s.sqlite3") as store, OperatorKeys.create(folder / "k.keys") as keys:
    vault = Vault(store, keys, vault_domain(CHAIN, REGISTRY))
    space, pepper = TagSpace(CHAIN, REGISTRY, 7), PepperTagger(bytes(32))
    work = Importer(store, vault, pepper, space, match_key(keys))
    assert work.run(plan_import(path)).created == int(sys.argv[3])
# Not ru_maxrss: that begins with what the process which started this one had.
status = Path("/proc/self/status").read_text()
print(int(status.split("VmHWM:")[1].split()[0]) * 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux alone")
def test_run_takes_no_more_memory_for_a_longer_list(tmp_path):
    peaks = []
    for count in COUNTS:
        folder = tmp_path / str(count)
        folder.mkdir()
        path = folder / "list.csv"
        with path.open("w") as file:
            file.write("email,city\n")
            file.writelines(f"customer{n}@example.org,Rome\n" for n in range(count))
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(folder), str(path), str(count)],
            capture_output=True,
            text=True,
            check=True,
        )
        peaks.append(int(done.stdout))
    assert peaks[1] < 150_000_000
    assert peaks[1] - peaks[0] < MOST_MORE
