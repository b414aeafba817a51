"""`python -m tests.mutants`: removes each defence in turn and requires its test to notice.

Every `*.patch` beside this file takes one defence out of the sources and names the one test that
must then fail (see README.md). Each is tried in a copy of the tree, two at a time, that holds no
more contracts than the test uses: compiling them is what takes the time.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from tests.mutants.patches import Mutant, PatchStale, load

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("python", "scripts", "tests")
COPIED_FILES = ("ape-config.yaml", "foundry.toml", "pyproject.toml")
LEFT_OUT = shutil.ignore_patterns("__pycache__", "mutants", ".hypothesis")
TEST_SECONDS = 900  # a time-out of pytest would look like a test that noticed


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one mutant.

    Attributes:
        mutant: The patch.
        outcome: "killed" if its test failed, as it must; else "survived", "stale" (the patch does
            not fit the sources any more) or "broken" (the test could not be run at all).
        seconds: Time it took.
        detail: For the outcomes that are not wanted: what happened.
    """

    mutant: Mutant
    outcome: str
    seconds: float
    detail: str = ""


class Tree:
    """A copy of the sources to be mutated and tested.

    It lies outside the project: Ape finds nothing to compile below a folder called `.cache`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in COPIED:
            shutil.copytree(ROOT / name, folder / name, ignore=LEFT_OUT)
        for name in COPIED_FILES:
            shutil.copy2(ROOT / name, folder / name)
        # A link would not do: Ape would name the sources behind it by their real place.
        for package in json.loads((ROOT / "package.json").read_text())["dependencies"]:
            place = Path("node_modules", package)
            shutil.copytree(ROOT / place, folder / place, ignore=_all_but_solidity)
        # Forge asks the compiler's launcher of this tree, which looks for the compiler beside it.
        (folder / "node_modules" / "solc").symlink_to(ROOT / "node_modules" / "solc")
        self._lay_out(set((ROOT / "contracts").rglob("*.sol")))

    def test(self, tests: Sequence[str]) -> tuple[set[str], set[str], str]:
        """Runs tests; returns those that failed, those that could not be run, and the output."""
        report = self.folder / "report.xml"
        report.unlink(missing_ok=True)
        command = [sys.executable, "-m", "pytest", *tests, f"--junitxml={report}"]
        command += [
            "-q",
            "--tb=line",
            "--no-showlocals",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:xdist",
        ]
        ended = subprocess.run(
            command,
            cwd=self.folder,
            env=os.environ | {"PYTHONPATH": str(self.folder / "python"), "PYTHONHASHSEED": "0"},
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TEST_SECONDS * max(1, len(tests) // 4),
            check=False,
        )
        failed, unrun, seen = set(), set(), set()
        for case in _cases(report):
            name = case.get("name", "")
            seen.add(name)
            if case.find("failure") is not None:
                failed.add(name)
            elif case.find("error") is not None or case.find("skipped") is not None:
                unrun.add(name)
        unrun |= {test for test in tests if test.partition("::")[2] not in seen}
        return failed, unrun, ended.stdout[-2_000:] + ended.stderr[-2_000:]

    def judge(self, mutant: Mutant) -> Verdict:
        """Applies the patch, runs its test and restores the files."""
        start = time.monotonic()
        if any(hunk.path.startswith("contracts/") for hunk in mutant.hunks):
            # Ape does not compile importers of a changed file anew, so it must not know any.
            shutil.rmtree(self.folder / ".build", ignore_errors=True)
            self._lay_out(contracts_of(mutant.test))
        try:
            originals = mutant.apply(self.folder)
        except PatchStale as problem:
            return Verdict(mutant, "stale", time.monotonic() - start, str(problem))
        try:
            failed, unrun, output = self.test([mutant.test])
        except subprocess.TimeoutExpired:
            return Verdict(mutant, "broken", time.monotonic() - start, "the test did not end")
        finally:
            for path, text in originals.items():
                path.write_text(text)
        outcome = "broken" if unrun else "killed" if failed else "survived"
        return Verdict(mutant, outcome, time.monotonic() - start, "" if failed else output)

    def _lay_out(self, contracts: set[Path]) -> None:
        shutil.rmtree(self.folder / "contracts", ignore_errors=True)
        for source in contracts:
            place = self.folder / source.relative_to(ROOT)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, place)


def contracts_of(test: str) -> set[Path]:
    """The contracts that a test's module and its fixtures name, and all they import.

    Forge compiles all of its tests that match, so a module that runs forge needs what those import.
    """
    module = ROOT / test.partition("::")[0]
    fixtures = [folder / "conftest.py" for folder in module.parents if folder.is_relative_to(ROOT)]
    texts = [path.read_text() for path in _with_imports(module, *fixtures)]
    names = {name for text in texts for name in re.findall(r"\bproject\.([A-Z]\w+)", text)}
    found: set[Path] = set()
    wanted = [path for path in (ROOT / "contracts").rglob("*.sol") if path.stem in names]
    if any("tests.fixtures.forge" in text for text in texts):
        wanted += (ROOT / "tests" / "forge").glob("*.sol")
    while wanted:
        path = wanted.pop()
        if path not in found:
            found.add(path)
            imports = re.findall(r'(?:from|import) "(\.[^"]+)"', path.read_text())
            wanted += [(path.parent / name).resolve() for name in imports]
    return {path for path in found if path.is_relative_to(ROOT / "contracts")}


def _with_imports(*modules: Path) -> set[Path]:
    """Those of the modules that exist, and the modules whose fixtures they take over."""
    found: set[Path] = set()
    wanted = [module for module in modules if module.exists()]
    while wanted:
        module = wanted.pop()
        if module not in found:
            found.add(module)
            names = re.findall(r"^from tests\.([\w.]+) import \*", module.read_text(), re.MULTILINE)
            places = [ROOT.joinpath("tests", *name.split(".")).with_suffix(".py") for name in names]
            wanted += [place for place in places if place.exists()]
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Tries all mutants, or those whose file name contains one of the words given."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("words", nargs="*", help="only mutants with one of these in their name")
    parser.add_argument("--jobs", type=int, default=2, help="mutants at a time (default: 2)")
    options = parser.parse_args(arguments)

    mutants = load(Path(__file__).parent, options.words)
    if not mutants:
        print("no mutant has such a name", file=sys.stderr)
        return 2
    with (
        tempfile.TemporaryDirectory(prefix="mutants-") as folder,
        ThreadPoolExecutor(options.jobs) as pool,
    ):
        trees: SimpleQueue[Tree] = SimpleQueue()
        for number in range(options.jobs):
            trees.put(Tree(Path(folder, str(number))))
        if not _passes_without_mutants(mutants, trees, pool, options.jobs):
            return 1
        return _report(_try_all(mutants, trees, pool))


def _passes_without_mutants(
    mutants: Sequence[Mutant], trees: SimpleQueue[Tree], pool: ThreadPoolExecutor, jobs: int
) -> bool:
    tests = sorted({mutant.test for mutant in mutants})
    print(f"{len(tests)} tests without any mutant ...", file=sys.stderr, flush=True)

    def run(share: list[str]) -> tuple[set[str], set[str], str]:
        tree = trees.get()
        try:
            return tree.test(share)
        finally:
            trees.put(tree)

    shares = [share for number in range(jobs) if (share := tests[number::jobs])]
    for failed, unrun, output in pool.map(run, shares):
        if failed or unrun:
            print(output, file=sys.stderr)
            print(f"fail without a mutant: {sorted(failed | unrun)}", file=sys.stderr)
            return False
    return True


def _try_all(
    mutants: Sequence[Mutant], trees: SimpleQueue[Tree], pool: ThreadPoolExecutor
) -> list[Verdict]:
    def run(mutant: Mutant) -> Verdict:
        tree = trees.get()
        try:
            return tree.judge(mutant)
        finally:
            trees.put(tree)

    verdicts = []
    for verdict in pool.map(run, mutants):
        verdicts.append(verdict)
        progress = f"[{len(verdicts)}/{len(mutants)}]"
        print(
            f"{progress:>8} {verdict.outcome:<8} {verdict.seconds:5.1f} s  {verdict.mutant.name}",
            file=sys.stderr,
            flush=True,
        )
    return verdicts


def _report(verdicts: Sequence[Verdict]) -> int:
    width = max(len(verdict.mutant.name) for verdict in verdicts)
    for verdict in verdicts:
        print(f"{verdict.outcome:<8}  {verdict.mutant.name:<{width}}  {verdict.mutant.defence}")
    unwanted = [verdict for verdict in verdicts if verdict.outcome != "killed"]
    for verdict in unwanted:
        print(f"\n{verdict.mutant.name}: {verdict.outcome}; test {verdict.mutant.test}")
        print(verdict.detail)
    print(f"\n{len(verdicts) - len(unwanted)} of {len(verdicts)} mutants killed")
    return 1 if unwanted else 0


def _all_but_solidity(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if Path(folder, name).is_file() and not name.endswith(".sol")]


def _cases(report: Path) -> list[ElementTree.Element]:
    # The report is pytest's own, so a parser for hostile input is not needed.
    return list(ElementTree.parse(report).getroot().iter("testcase")) if report.exists() else []


if __name__ == "__main__":
    sys.exit(main())
