"""Measure the project beside its peers: gas on a chain of its own, and the speed of the client.

    make bench                               everything; writes results.json
    python -m scripts.bench --area loyalty   one area; writes nothing
    python -m scripts.bench --area loyalty --keep
                                             one area; its rows take the place of the former ones

Ours and the peers are compiled by one compiler with one set of settings (those of
ape-config.yaml) and run on one chain. Peers are thin wrappers (`peers/`) around npm packages that
only development needs. The table goes to the screen, the rows to `results.json`, which is
committed with every change of a contract: a test compares the code it was made from. Gas repeats
to the last unit; times and memory are rounded and belong to the machine they were taken on.

A row is a MISS if it does not reach its target; where no target was set, if a peer is better. A
miss is shown and is no error: the exit code is 0 unless something could not be measured.

A new area adds its measuring functions to `MEASURES`; each takes the chain and yields rows.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from scripts.bench.chain import GAS_CAP, HARDFORK, BenchError, Chain
from scripts.bench.compile import CompileError, describe
from scripts.bench.table import Row, render, write_results
from scripts.export_artifacts import ExportError

RESULTS = Path(__file__).resolve().parent / "results.json"

MEASURES = {
    "customers": (
        "scripts.bench.customers:measure",
        "scripts.bench.trees:measure",
        "scripts.bench.vault:measure",
    ),
    "loyalty": (
        "scripts.bench.loyalty:measure",
        "scripts.bench.signed:measure",
        "scripts.bench.network:measure",
        "scripts.bench.campaigns:measure",
        "scripts.bench.gifts:measure",
        "scripts.bench.python:measure_loyalty",
    ),
    "provenance": (
        "scripts.bench.provenance:measure",
        "scripts.bench.items:measure",
        "scripts.bench.fingerprints:measure",
    ),
    "ballots": (
        "scripts.bench.ballots:measure",
        "scripts.bench.ballot_speed:measure",
        "scripts.bench.ballot_simulation:measure",
    ),
    "index": ("scripts.bench.python:measure_index", "scripts.bench.index:measure"),
    "api": ("scripts.bench.python:measure_api", "scripts.bench.server:measure"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, show and write; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m scripts.bench", description=_summary())
    parser.add_argument(
        "--area",
        action="append",
        choices=MEASURES,
        help="only this, writing nothing; may be repeated",
    )
    parser.add_argument(
        "--keep",
        action="store_true",
        help="put the rows in the place of those in results.json, if all that they depend on is "
        "still the same",
    )
    asked = parser.parse_args(arguments)
    areas = asked.area or list(MEASURES)
    rows: list[Row] = []
    try:
        meta = _meta()
        others = _others(areas, meta) if asked.keep else []
        for area in areas:
            for row in _measure(area):
                print(f"  {row.operation}", file=sys.stderr)
                rows.append(row)
    except (BenchError, CompileError, ExportError) as error:
        print(error, file=sys.stderr)
        return 1
    if asked.keep or set(areas) == set(MEASURES):
        write_results(RESULTS, meta, sorted([*others, *rows], key=_place))
    for line in render(rows):
        print(line)
    return 0


def _others(areas: Sequence[str], meta: dict[str, Any]) -> list[Row]:
    """Return the rows in results.json of all other areas.

    Raises:
        BenchError: They were measured with other contracts, compilers or packages.
    """
    kept = json.loads(RESULTS.read_text(encoding="utf-8"))
    if kept["meta"] != meta:
        raise BenchError("results.json is of other code or packages: measure everything anew")
    return [Row.from_json(row) for row in kept["rows"] if row["area"] not in areas]


def _place(row: Row) -> int:
    return list(MEASURES).index(row.area)


def _measure(area: str) -> Iterator[Row]:
    """Run the measuring functions of one area, each on a fresh chain."""
    for name in MEASURES[area]:
        module, function = name.split(":")
        with Chain() as chain:
            yield from getattr(import_module(module), function)(chain)


def _meta() -> dict[str, Any]:
    with Chain() as chain:
        node = {"anvil": chain.version, "gas_cap": GAS_CAP, "hardfork": HARDFORK}
    return {**describe(), **node}


def _summary() -> str:
    assert __doc__ is not None
    return __doc__.splitlines()[0]


if __name__ == "__main__":
    sys.exit(main())
