"""The patches that remove a defence fit the sources, and name tests that there are."""

import re
from functools import cache
from pathlib import Path

from tests.mutants.patches import PatchStale, load

ROOT = Path(__file__).resolve().parents[2]
PATCHES = ROOT / "tests" / "mutants"


@cache
def names_in(module):
    return frozenset(re.findall(r"(?:def|function|class) (\w+)", module.read_text()))


def fault_of(mutant):
    try:
        mutant.changed(ROOT)
    except PatchStale as stale:
        return str(stale)
    module, _, name = mutant.test.partition("::")
    *_, function = name.partition("[")[0].split("::")
    if not (ROOT / module).exists():
        return f"there is no {module}"
    return "" if function in names_in(ROOT / module) else f"there is no {mutant.test}"


def test_each_patch_fits_and_its_test_is_there():
    faults = {mutant.name: fault for mutant in load(PATCHES) if (fault := fault_of(mutant))}
    assert faults == {}


def test_a_stale_patch_is_found(tmp_path):
    patch = "Defence: none\nTest: tests/x.py::test_x\n\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n"
    (tmp_path / "old.patch").write_text(patch)
    (mutant,) = load(tmp_path)
    assert "this passage 0 times" in fault_of(mutant)
