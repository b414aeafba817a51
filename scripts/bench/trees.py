"""Speed of Merkle trees, beside the libraries that others would take.

All of them encode and hash 100,000 leaves of an address and a number, then build the tree, then
prove some of the leaves.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from crmdapp.chain._keccak import keccak
from crmdapp.chain.merkle import MerkleTree
from scripts.bench.chain import BenchError, Chain
from scripts.bench.table import Row

ROOT = Path(__file__).resolve().parent.parent.parent
LEAVES = 100_000
PROOFS = 1_000
REPETITIONS = 3

_SCRIPT = """
const { StandardMerkleTree } = require("@openzeppelin/merkle-tree");
const [leaves, proofs] = process.argv.slice(1).map(Number);
const values = [];
for (let n = 0; n < leaves; n++)
  values.push(["0x" + n.toString(16).padStart(40, "0"), String(n)]);
let start = process.hrtime.bigint();
const tree = StandardMerkleTree.of(values, ["address", "uint256"]);
const built = Number(process.hrtime.bigint() - start);
start = process.hrtime.bigint();
for (let n = 0; n < proofs; n++) tree.getProof(n * 37);
const proved = Number(process.hrtime.bigint() - start);
console.log(JSON.stringify({ built, proved, root: tree.root }));
"""


def measure(_chain: Chain) -> Iterator[Row]:
    """Yield the rows.

    Raises:
        BenchError: OpenZeppelin's library gives another root, or could not be run.
    """
    tree, seconds = _timed(lambda: MerkleTree([_leaf(n) for n in range(LEAVES)]))
    _, proving = _timed(lambda: [tree.proof(n * 37) for n in range(PROOFS)])
    theirs = _openzeppelin()
    if theirs["root"] != "0x" + tree.root.hex():
        raise BenchError("OpenZeppelin's tree has another root")
    other, other_proving = _pymerkle()
    yield Row(
        "customers",
        "Merkle tree of 100,000 leaves",
        _rounded(seconds * 1e3),
        "ms",
        target=450,
        peers={
            "OpenZeppelin merkle-tree (JavaScript)": _rounded(int(theirs["built"]) / 1e6),
            "pymerkle": _rounded(other * 1e3),
        },
    )
    yield Row(
        "customers",
        "Merkle proof of one of 100,000 leaves",
        _rounded(proving / PROOFS * 1e6),
        "us",
        target=10,
        peers={
            "OpenZeppelin merkle-tree (JavaScript)": _rounded(int(theirs["proved"]) / PROOFS / 1e3),
            "pymerkle": _rounded(other_proving / PROOFS * 1e6),
        },
    )


def _leaf(number: int) -> bytes:
    """The standard leaf of an address and a number, which here are the same word."""
    word = number.to_bytes(32, "big")
    return keccak(keccak(word + word))


def _openzeppelin() -> dict[str, str]:
    done = subprocess.run(
        ["node", "-e", _SCRIPT, str(LEAVES), str(PROOFS)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "NODE_PATH": str(ROOT / "node_modules")},
        check=False,
    )
    if done.returncode:
        raise BenchError(f"OpenZeppelin merkle-tree failed: {done.stderr.strip()[-300:]}")
    figures: dict[str, str] = json.loads(done.stdout)
    return figures


def _pymerkle() -> tuple[float, float]:
    """Seconds of its own tree, which has another layout, with SHA-256; and of its proofs."""
    from pymerkle import InmemoryTree  # type: ignore[import-untyped]  # it ships no types

    tree = InmemoryTree(algorithm="sha256")

    def build() -> None:
        for number in range(LEAVES):
            word = number.to_bytes(32, "big")
            tree.append_entry(word + word)

    started = time.process_time()
    build()
    built = time.process_time() - started
    started = time.process_time()
    for number in range(PROOFS):
        tree.prove_inclusion(number * 37 + 1, LEAVES)
    return built, time.process_time() - started


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """The result, and the processor seconds of the best repetition."""
    best = float("inf")
    for _ in range(REPETITIONS):
        started = time.process_time()
        result = work()
        best = min(best, time.process_time() - started)
    return result, best


def _rounded(value: float) -> float:
    return float(f"{value:.2g}")
