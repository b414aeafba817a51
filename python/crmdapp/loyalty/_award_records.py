"""Reading the records of a checked file again, chunk by chunk, as they were checked."""

from __future__ import annotations

from typing import BinaryIO

from crmdapp.errors import FileChanged, UsageError
from crmdapp.loyalty import packing
from crmdapp.loyalty._award_csv import RowFault, record_of
from crmdapp.loyalty.award_plan import AwardPlan, Chunk


def records_of(plan: AwardPlan, chunk: Chunk, file: BinaryIO) -> bytes:
    """Return a chunk's packed records, read from the opened file.

    Raises:
        FileChanged: They are not those that were checked.
    """
    records = b"".join(record for _, record in _lines(chunk, file))
    if packing.records_digest(records) != chunk.digest:
        raise FileChanged(
            f"{plan.path.name} changed since it was checked.",
            [(chunk.line, "", "this line or one soon after it changed")],
            hint=f"Put the checked file back: its SHA-256 is {plan.sha256.hex()}.",
        )
    return records


def place_of_line(plan: AwardPlan, line: int, file: BinaryIO) -> tuple[Chunk, int]:
    """Return the chunk that a line of the file is in, and its place there, from 0.

    Args:
        plan: The checked file.
        line: Line number as editors show it; the header is line 1.
        file: The file, opened.

    Raises:
        UsageError: The line is no award.
    """
    for chunk in reversed(plan.chunks):
        if chunk.line <= line:
            for place, (number, _) in enumerate(_lines(chunk, file)):
                if number == line:
                    return chunk, place
            break
    raise UsageError(
        f"Line {line:,} of {plan.path.name} is no award.",
        hint="Count as editors do: the header is line 1.",
    )


def lines_of_account(plan: AwardPlan, account: str, file: BinaryIO) -> list[tuple[int, int]]:
    """Return line number and units of every award of an account in the file."""
    wanted = bytes.fromhex(account[2:])
    return [
        (number, int.from_bytes(record[20:], "big"))
        for chunk in plan.chunks
        for number, record in _lines(chunk, file)
        if record[:20] == wanted
    ]


def _lines(chunk: Chunk, file: BinaryIO) -> list[tuple[int, bytes]]:
    """Return line number and record of each award; empty records where the file changed."""
    file.seek(chunk.offset)
    found: list[tuple[int, bytes]] = []
    for number, line in enumerate(file.read(chunk.size).split(b"\n"), start=chunk.line):
        try:
            record = record_of(line)
        except RowFault:
            return []
        if record is not None:
            found.append((number, record))
    return found
