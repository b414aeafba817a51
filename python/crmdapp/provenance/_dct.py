"""The arithmetic of the perceptual hash: whole numbers only, so all machines agree on every bit.

A picture of 32 x 32 grey values goes through the two-dimensional DCT-II, unnormalised. Of the
result the 8 x 8 lowest frequencies count, the constant term among them. A bit is set if its term
is above the median of the 64. The bits are read row by row (the vertical frequency is the row),
the constant term's is the highest. The constant term is never below another, so its bit is always
set, also for a black picture, all of whose terms are 0: no picture has the hash 0.

Source: the widely known "pHash" in the form of the Python package ImageHash (`phash`), which gives
the same bits but for a black picture, and for terms that lie within the rounding of its floating
point of the median.

Turning or mirroring a picture only swaps the two frequencies of each term and changes its sign:
the hashes of all eight variants come from one transform, exactly.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from operator import mul

SIDE = 32
"""Width and height of the picture, in pixels."""

_KEPT = 8
_SCALE = 1 << 20  # of the cosines: far finer than a step of grey, and still quick to multiply
_TOP_BIT = 1 << (_KEPT * _KEPT - 1)


def _cosines() -> list[list[int]]:
    """cos(pi k (2n + 1) / 64) for each frequency k and pixel n, scaled.

    All are taken from one quarter of a wave, so that equal and opposite cosines are equal and
    opposite to the last bit. The terms of a symmetric picture then are 0, not nearly 0.
    """
    period = 4 * SIDE
    quarter = [round(_SCALE * math.cos(math.pi * step / (2 * SIDE))) for step in range(SIDE)]
    quarter.append(0)

    def cosine(step: int) -> int:
        step %= period
        step = min(step, period - step)
        return quarter[step] if step <= SIDE else -quarter[2 * SIDE - step]

    return [[cosine(k * (2 * n + 1)) for n in range(SIDE)] for k in range(_KEPT)]


_COSINES = _cosines()

_Term = Callable[[list[list[int]], int, int], int]

VARIANTS: dict[str, _Term] = {
    "as it is": lambda terms, v, h: terms[v][h],
    "turned left": lambda terms, v, h: -terms[h][v] if v % 2 else terms[h][v],
    "upside down": lambda terms, v, h: -terms[v][h] if (v + h) % 2 else terms[v][h],
    "turned right": lambda terms, v, h: -terms[h][v] if h % 2 else terms[h][v],
    "mirrored": lambda terms, v, h: -terms[v][h] if h % 2 else terms[v][h],
    "mirrored top to bottom": lambda terms, v, h: -terms[v][h] if v % 2 else terms[v][h],
    "mirrored and turned left": lambda terms, v, h: terms[h][v],
    "mirrored and turned right": lambda terms, v, h: -terms[h][v] if (v + h) % 2 else terms[h][v],
}
"""The term of each variant at a vertical and a horizontal frequency, from those of the picture."""


def hashes_of(pixels: bytes) -> tuple[int, ...]:
    """Return the perceptual hashes of a picture and its variants, in the order of `VARIANTS`.

    Args:
        pixels: 32 x 32 grey values, row by row.
    """
    terms = _transform(pixels)
    places = [(v, h) for v in range(_KEPT) for h in range(_KEPT)]
    return tuple(_bits([term(terms, v, h) for v, h in places]) for term in VARIANTS.values())


def _transform(pixels: bytes) -> list[list[int]]:
    """The lowest terms: a row for each vertical frequency, in it one for each horizontal one."""
    rows = [pixels[start : start + SIDE] for start in range(0, SIDE * SIDE, SIDE)]
    across = [[sum(map(mul, row, cosines)) for row in rows] for cosines in _COSINES]
    return [[sum(map(mul, column, cosines)) for column in across] for cosines in _COSINES]


def _bits(terms: list[int]) -> int:
    ordered = sorted(terms)
    middle = len(ordered) // 2
    twice_median = ordered[middle - 1] + ordered[middle]
    bits = 0
    for term in terms:
        bits = bits << 1 | (2 * term > twice_median)
    return bits | _TOP_BIT
