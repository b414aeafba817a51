"""Lists of identifiers, one to a line, as an operator hands them over.

CSV with the columns ``kind`` and ``text``, and ``region`` where there are numbers without a
country's code. Faults name line and column; what stands there is never repeated.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator

from crmdapp.customers.identifiers import KINDS, TEXT_MAX, Identifier, IdentifierInvalid, normalise
from crmdapp.errors import FileFault, FileRejected, UsageError

_COLUMNS = {"kind", "text"}
_OPTIONAL = {"region"}
_LINE_MAX = 4 * TEXT_MAX


def read_identifiers(lines: Iterable[str], name: str) -> list[Identifier]:
    """Return the identifiers of a list, each in its normal form.

    Args:
        lines: The list, line by line; the first line names the columns.
        name: What to call it.

    Raises:
        FileRejected: A line has no such identifier; nothing was done with the others.
    """
    found: list[Identifier] = []
    faults: list[FileFault] = []
    for number, row in _rows(lines, name):
        try:
            found.append(_identifier(row))
        except IdentifierInvalid as problem:
            faults.append(FileFault(number, "text", f"{problem} {problem.why}"))
        except UsageError:
            faults.append(FileFault(number, "", f"it has no kind ({', '.join(KINDS)}) or region"))
    if faults:
        raise FileRejected(
            f"{name} has {len(faults):,} lines without a usable identifier.",
            faults,
            hint="Mend the lines named and run the same command again.",
        )
    return found


def _identifier(row: list[str | None]) -> Identifier:
    kind, text, region = row
    return normalise((kind or "").strip(), text or "", (region or "").strip() or None)


def _rows(lines: Iterable[str], name: str) -> Iterator[tuple[int, list[str | None]]]:
    reader = csv.reader(_short(lines, name), strict=True)
    try:
        header = [cell.strip().lower() for cell in next(reader, [])]
        _require_columns(header, name)
        places = [header.index(each) if each in header else None for each in _ORDER]
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            if len(row) != len(header):
                raise _rejected(
                    name, reader.line_num, "it has more or fewer columns than the first"
                )
            yield reader.line_num, [None if at is None else row[at] for at in places]
    except csv.Error:
        raise _rejected(name, reader.line_num, "its quotes do not match") from None


_ORDER = ("kind", "text", "region")


def _require_columns(header: list[str], name: str) -> None:
    stray = set(header) - _COLUMNS - _OPTIONAL
    if not set(header) >= _COLUMNS or stray or len(set(header)) < len(header):
        # The first line may be an identifier itself: it is not repeated either.
        raise _rejected(name, 1, "it must name the columns kind, text and, if needed, region")


def _short(lines: Iterable[str], name: str) -> Iterator[str]:
    for number, line in enumerate(lines, start=1):
        if len(line) > _LINE_MAX:
            raise _rejected(name, number, f"it is longer than {_LINE_MAX:,} characters")
        yield line.removeprefix("\ufeff") if number == 1 else line


def _rejected(name: str, line: int, reason: str) -> FileRejected:
    return FileRejected(
        f"{name} is no list of identifiers.",
        [FileFault(line, "", reason)],
        hint="Write lines such as: email,ann@example.org",
    )
