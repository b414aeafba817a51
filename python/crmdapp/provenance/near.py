"""Which recorded works look like a picture: search by Hamming distance of perceptual hashes.

The hashes are held sideways: for each of the 64 bits one long integer with a bit of each work. A
few hundred operations on such integers compare a picture with thousands of works at once, whatever
the distance and however alike the works are, so there is no input that makes a search slow or lets
it miss a work. Only the matches are then looked at one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from crmdapp.errors import UsageError

HASH_BITS = 64
NO_PHASH = 0
"""What stands in a record for the perceptual hash of a file that is no picture."""

_SEGMENT = 16_384  # works compared at once: their 64 integers stay in a processor's cache


@dataclass(frozen=True, slots=True)
class Match:
    """A recorded work that looks like the picture.

    Attributes:
        id: Of the work.
        distance: Bits in which the hashes differ: 0 to 64.
        variant: Which of the picture's variants is the nearest; the first of them if several are.
    """

    id: int
    distance: int
    variant: int


def distance(one: int, other: int) -> int:
    """Return in how many of 64 bits two perceptual hashes differ."""
    return (one ^ other).bit_count()


def nearest_variant(variants: Sequence[int], phash: int) -> tuple[int, int]:
    """Return which variant of a picture is the nearest to a hash, the first if several are.

    Args:
        variants: Perceptual hashes of a picture as it is, turned and mirrored.
        phash: Of another picture.

    Returns:
        The index of the variant and its distance.

    Raises:
        UsageError: There are no variants: the file is no picture.
    """
    if not variants:
        raise UsageError("A file that is no picture is near to none.")
    best = min(range(len(variants)), key=lambda each: distance(variants[each], phash))
    return best, distance(variants[best], phash)


class NearIndex:
    """Perceptual hashes of recorded works, in memory.

    Args:
        works: Ids with their hashes.

    Raises:
        UsageError: As :meth:`add`.
    """

    def __init__(self, works: Iterable[tuple[int, int]] = ()) -> None:
        self._ids: list[int] = []
        self._hashes: list[int] = []
        self._segments: list[_Segment] = []
        self.extend(works)

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, id: int, phash: int) -> None:  # noqa: A002 - the word that records use
        """Take in a work; a hash of 0 belongs to no picture and is left out.

        Args:
            id: Of the work. One that is added twice is found twice.
            phash: Its perceptual hash.

        Raises:
            UsageError: The hash has not 64 bits.
        """
        if phash >> HASH_BITS:
            raise UsageError(f"A perceptual hash has {HASH_BITS} bits; this one is out of range.")
        if phash == NO_PHASH:
            return
        # The last segment is made anew by the next search, for all that came since the one before.
        del self._segments[len(self._ids) // _SEGMENT :]
        self._ids.append(id)
        self._hashes.append(phash)

    def extend(self, works: Iterable[tuple[int, int]]) -> None:
        """Take in many works, as :meth:`add` takes in each."""
        for id, phash in works:  # noqa: A001 - the word that records use
            self.add(id, phash)

    def search(self, variants: Sequence[int], distance: int) -> list[Match]:
        """Return every work that is near to one of the variants, the nearest first.

        Args:
            variants: Perceptual hashes of a picture as it is, turned and mirrored; none if the
                file is no picture, which is near to nothing.
            distance: How many bits may differ: 0 to 64.

        Returns:
            One match for each work, by distance, then in the order they were added.

        Raises:
            UsageError: The distance or a hash is out of range.
        """
        if not 0 <= distance <= HASH_BITS:
            raise UsageError(f"A distance is 0 to {HASH_BITS} bits, not {distance}.")
        if any(each >> HASH_BITS for each in variants):
            raise UsageError(f"A perceptual hash has {HASH_BITS} bits; one is out of range.")
        self._make_segments()
        wanted = dict.fromkeys(each for each in variants if each != NO_PHASH)
        near: dict[int, None] = {}
        for number, segment in enumerate(self._segments):
            start = number * _SEGMENT
            for variant in wanted:
                near.update((start + at, None) for at in segment.near(variant, distance))
        # Simple works share their hashes: each is compared once.
        hashes = {self._hashes[at] for at in near}
        nearest = {each: nearest_variant(variants, each) for each in hashes}
        matches = []
        for at in sorted(near):
            variant, bits = nearest[self._hashes[at]]
            matches.append(Match(self._ids[at], bits, variant))
        return sorted(matches, key=lambda match: match.distance)

    def _make_segments(self) -> None:
        for start in range(len(self._segments) * _SEGMENT, len(self._hashes), _SEGMENT):
            self._segments.append(_Segment(self._hashes[start : start + _SEGMENT]))


class _Segment:
    """Some hashes, sideways.

    Attributes:
        _all: A bit for each work.
        _planes: For each bit of a hash, the highest first: the works that have it, and those that
            have not.
    """

    __slots__ = ("_all", "_planes")

    def __init__(self, hashes: list[int]) -> None:
        self._all = (1 << len(hashes)) - 1
        # The digits of all hashes in a row, the last work's first, as its bit is the highest.
        digits = "".join([f"{each:064b}" for each in reversed(hashes)])
        having = [int(digits[bit::HASH_BITS], 2) for bit in range(HASH_BITS)]
        self._planes = [(each, each ^ self._all) for each in having]

    def near(self, phash: int, distance: int) -> Iterator[int]:
        """Yield the places of the works whose hashes differ in at most so many bits."""
        digits = f"{phash:064b}"
        differing = [plane[digit == "1"] for plane, digit in zip(self._planes, digits, strict=True)]
        return _places(_at_most(_totals(differing), distance, self._all))


def _totals(planes: list[int]) -> list[int]:
    """Count, for each work, the planes that have its bit.

    Carry-save addition: three planes of one weight are one of that weight and one of the double.

    Returns:
        The counts in binary, a plane for each digit, the lowest first.
    """
    digits = []
    while planes:
        carried = []
        while len(planes) > 2:
            one, two, three = planes.pop(), planes.pop(), planes.pop()
            either = one ^ two
            planes.append(either ^ three)
            carried.append(one & two | either & three)
        if len(planes) == 2:
            one, two = planes
            planes = [one ^ two]
            carried.append(one & two)
        digits.append(planes[0])
        planes = carried
    return digits


def _at_most(digits: list[int], limit: int, everyone: int) -> int:
    """Return a bit for each work whose count is the limit or less: compared from the top digit."""
    less, equal = 0, everyone
    for place in range(len(digits) - 1, -1, -1):
        having = equal & digits[place]
        if limit >> place & 1:
            less |= equal ^ having
            equal = having
        else:
            equal ^= having
    return less | equal


def _places(bits: int) -> Iterator[int]:
    """Yield the numbers of the bits that are set, the lowest first."""
    if not bits:
        return
    digits = f"{bits:b}"[::-1]
    at = digits.find("1")
    while at >= 0:
        yield at
        at = digits.find("1", at + 1)
