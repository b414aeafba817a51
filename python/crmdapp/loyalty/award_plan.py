"""Checking a file of awards before anything is sent, and cutting it into batches."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from crmdapp.errors import FileFault, FileRejected, UsageError
from crmdapp.loyalty import packing
from crmdapp.loyalty._award_csv import LINE_MAX, RowFault, check_header, lines_of, record_of
from crmdapp.loyalty.points import POINTS_MAX, to_points

RECORDS_PER_CHUNK = 450
"""Lines in a batch. The costliest record (a new customer who reaches a tier in a program with an
ERC-20 face) takes 34,000 gas, so the costliest batch stays under the 16,777,216 of EIP-7825."""

FAULTS_MAX = 100
"""Faults collected before a file is given up."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """One batch of a file.

    Attributes:
        index: Its number, from 0.
        line: Its first line.
        offset: Where it begins, in bytes.
        size: How many bytes it has.
        rows: Awards in it, 1 to 450.
        units: Their sum.
        digest: What the hub stores of its records, see :func:`crmdapp.loyalty.packing`.
    """

    index: int
    line: int
    offset: int
    size: int
    rows: int
    units: int
    digest: int


@dataclass(frozen=True, slots=True)
class AwardPlan:
    """A file that was checked and can be awarded.

    Attributes:
        path: The file.
        sha256: SHA-256 of its bytes.
        rows: Awards in it; an address may have several.
        units: Their sum.
        chunks: The batches it is cut into.
    """

    path: Path
    sha256: bytes
    rows: int
    units: int
    chunks: tuple[Chunk, ...]

    def batch_id(self, chunk: Chunk) -> bytes:
        """Return the batch id of a chunk, 32 bytes."""
        return packing.batch_id(self.sha256, chunk.index)


def validate(path: Path | str, *, faults_max: int = FAULTS_MAX) -> AwardPlan:
    """Check a whole file; nothing is sent and no node is asked.

    The file is UTF-8 CSV with the header ``address,points``. Addresses in mixed case must have the
    right EIP-55 checksum; points are decimal, above 0, with at most two digits after the point.
    An address may stand in several lines. Memory does not grow with the file, but for some 200
    bytes per 450 lines.

    Args:
        path: The file.
        faults_max: Faults after which reading stops.

    Raises:
        FileRejected: The file has faults; ``faults`` names line, column and reason of each.
    """
    place = Path(path)
    faults: list[FileFault] = []
    with opened(place) as file:
        scan = _Scan(file, faults, faults_max)
        chunks = scan.chunks()
    units = sum(chunk.units for chunk in chunks)
    if not faults and not chunks:
        faults.append(FileFault(0, "", "it has no lines after the header"))
    if units > POINTS_MAX:
        total = to_points(units, grouped=True)
        faults.append(FileFault(0, "points", f"together {total}, more than a program can hold"))
    if faults:
        more = " or more" if len(faults) >= faults_max else ""
        plural = "s" if len(faults) > 1 else ""
        raise FileRejected(
            f"{place.name} has {len(faults)}{more} fault{plural}; nothing was awarded.",
            faults,
            hint="Mend the lines named and run the same command again.",
        )
    rows = sum(chunk.rows for chunk in chunks)
    return AwardPlan(place, scan.sha256.digest(), rows, units, tuple(chunks))


class _Scan:
    """The first pass over a file."""

    def __init__(self, file: BinaryIO, faults: list[FileFault], faults_max: int) -> None:
        self.sha256 = hashlib.sha256()
        self._file = file
        self._faults = faults
        self._faults_max = faults_max

    def chunks(self) -> list[Chunk]:
        found: list[Chunk] = []
        records: list[bytes] = []
        line = start = offset = 0
        at = 0
        whole_before = True
        for raw, is_whole in lines_of(self._file):
            self.sha256.update(raw)
            line += whole_before
            record = self._record(raw, line, is_whole, is_first=whole_before)
            whole_before = is_whole
            if record is not None:
                if not records:
                    start, offset = line, at
                records.append(record)
            at += len(raw)
            if len(records) == RECORDS_PER_CHUNK:
                found.append(_chunk(len(found), start, offset, at - offset, records))
                records.clear()
            if len(self._faults) >= self._faults_max or (line == 1 and self._faults):
                return []
        if records:
            found.append(_chunk(len(found), start, offset, at - offset, records))
        return found

    def _record(self, raw: bytes, line: int, is_whole: bool, is_first: bool) -> bytes | None:
        if not is_first:
            return None  # the rest of a line that was too long
        if not is_whole:
            self._faults.append(FileFault(line, "", f"it has more than {LINE_MAX:,} bytes"))
            return None
        try:
            if line == 1:
                check_header(raw)
                return None
            return record_of(raw)
        except RowFault as fault:
            self._faults.append(fault.at(line))
            return None


def _chunk(index: int, line: int, offset: int, size: int, records: list[bytes]) -> Chunk:
    return Chunk(
        index=index,
        line=line,
        offset=offset,
        size=size,
        rows=len(records),
        units=sum(int.from_bytes(record[20:], "big") for record in records),
        digest=packing.records_digest(b"".join(records)),
    )


def opened(path: Path) -> BinaryIO:
    """Return the file, opened for reading.

    Raises:
        UsageError: It cannot be read.
    """
    try:
        return path.open("rb")
    except IsADirectoryError:
        raise UsageError(f"{path} is a folder, not a file.") from None
    except OSError as problem:
        raise UsageError(
            f"{path} cannot be read: {problem.strerror}.", hint="Check its name and permissions."
        ) from None
