"""Perceptual hashes: how often they err, and how fast look-alikes are found.

    python -m scripts.bench.fingerprints    the table of errors; takes minutes

The works are drawn (see :mod:`scripts.bench.pictures`), so the rates belong to them: they compare
transformations and distances, and say little about one particular collection.
"""

from __future__ import annotations

import io
import random
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from PIL import Image

from crmdapp.provenance.near import NearIndex, distance, nearest_variant
from crmdapp.provenance.perceptual import look_at
from scripts.bench.chain import BenchError, Chain
from scripts.bench.pictures import Original, originals, transformations
from scripts.bench.table import Row

WORKS = 100_000
DISTANCES = (8, 16)
TARGET = 50  # milliseconds
REPETITIONS = 5

Variants = tuple[int, ...]


def measure(_chain: Chain) -> Iterator[Row]:
    """Yield the rows of the search.

    Raises:
        BenchError: The index finds other works than comparing with each.
    """
    dice = random.Random("works")
    works = [(number, dice.getrandbits(64) | 1 << 63) for number in range(WORKS)]
    # A turned picture of a recorded work with some bits changed, and seven that nobody has.
    variants = [dice.getrandbits(64) | 1 << 63 for _ in range(7)]
    variants.append(works[WORKS // 3][1] ^ 0b1011)
    index = NearIndex(works)
    index.search(variants, 0)
    for bits in DISTANCES:

        def one_by_one(bits: int = bits) -> set[int]:
            return {
                number
                for variant in variants
                for number, phash in works
                if (variant ^ phash).bit_count() <= bits
            }

        def by_index(bits: int = bits) -> set[int]:
            return {match.id for match in index.search(variants, bits)}

        found, seconds = _timed(by_index)
        expected, slow = _timed(one_by_one)
        if found != expected:
            raise BenchError("the index of perceptual hashes misses a work")
        yield Row(
            "provenance",
            f"look-alikes in 100,000 works: 8 variants, distance {bits}",
            _rounded(seconds * 1e3),
            "ms",
            target=TARGET,
            peers={"comparing with each": _rounded(slow * 1e3)},
        )


@dataclass(frozen=True, slots=True)
class Rates:
    """How often the hashes err.

    Attributes:
        works: How many works there are, drawn richly and simply.
        missed: For each transformation, of both groups: the share of works that are farther from
            their transformed picture than each of `DISTANCES`, and the mean distance.
        confused: For pairs of rich works, of simple ones, and of one of each: the share that is
            as near as each of `DISTANCES`, in any variant, and how many pairs there are.
    """

    works: tuple[int, int]
    missed: dict[str, tuple[list[float], list[float]]]
    confused: dict[str, tuple[list[float], int]]


def rates() -> Rates:
    """Draw, transform and hash everything."""
    drawn = list(originals())
    looks = [_look(each.picture) for each in drawn]
    changes = transformations()
    apart: dict[str, tuple[list[int], list[int]]] = {name: ([], []) for name in changes}
    for original, variants in zip(drawn, looks, strict=True):
        for name, change in changes.items():
            changed = _look(change(original.picture))
            apart[name][original.is_simple].append(nearest_variant(changed, variants[0])[1])
    simple = sum(each.is_simple for each in drawn)
    return Rates(
        (len(drawn) - simple, simple),
        {name: (_shares(rich), _shares(plain)) for name, (rich, plain) in apart.items()},
        _confused(drawn, looks),
    )


def _confused(drawn: list[Original], looks: list[Variants]) -> dict[str, tuple[list[float], int]]:
    groups: dict[str, list[int]] = defaultdict(list)
    for (one, variants), (other, others) in combinations(zip(drawn, looks, strict=True), 2):
        group = ("two rich works", "one of each", "two simple works")[
            one.is_simple + other.is_simple
        ]
        groups[group].append(min(distance(each, others[0]) for each in variants))
        if one.family == other.family:
            groups[f"two {one.family}" if not one.is_simple else f"simple: {one.family}"].append(
                groups[group][-1]
            )
    return {
        group: (
            [sum(bits <= most for bits in found) / len(found) for most in DISTANCES],
            len(found),
        )
        for group, found in groups.items()
    }


def _shares(found: Sequence[int]) -> list[float]:
    """The share above each distance, and the mean."""
    above = [sum(bits > most for bits in found) / len(found) for most in DISTANCES]
    return [*above, sum(found) / len(found)]


def _look(picture: Image.Image) -> Variants:
    """The hashes of a picture that is in memory, by way of a file that loses nothing."""
    data = io.BytesIO()
    picture.save(data, "TIFF" if picture.mode == "CMYK" else "BMP")
    media_type = "image/tiff" if picture.mode == "CMYK" else "image/bmp"
    return look_at(data, media_type, name="a picture", size=data.tell()).variants


def _render(found: Rates) -> Iterator[str]:
    rich, simple = found.works
    yield f"{'missed, in % of':<44}{f'{rich} rich works':>23}{f'{simple} simple works':>30}"
    yield f"{'':<44}" + 2 * f"{'> 8':>7}{'> 16':>8}{'mean':>7}{'':>8}"
    for name, groups in found.missed.items():
        cells = [f"{a:7.1%}{b:8.1%}{mean:7.1f}" for a, b, mean in groups]
        yield f"  {name:<42}{cells[0]}{cells[1]:>30}"
    yield ""
    yield f"{'confused, in % of pairs of works':<44}{'<= 8':>9}{'<= 16':>10}{'pairs':>10}"
    for name, ((near, far), pairs) in sorted(found.confused.items(), key=lambda item: -item[1][1]):
        yield f"  {name:<42}{near:9.3%}{far:10.3%}{pairs:10,}"


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


if __name__ == "__main__":
    for line in _render(rates()):
        print(line)
    sys.exit(0)
