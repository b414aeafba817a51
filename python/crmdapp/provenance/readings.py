"""Readings of sensors: one value at one moment, in files of CSV or JSON, hashed leaf by leaf.

Values are whole thousandths: 4.25 degrees are 4,250. A sensor that gives more digits has to round
them itself, as what is signed is what is kept.

Source: OpenZeppelin's standard tree (double-hashed ABI-encoded leaves); GS1 CBV 2.0 (measurement
types); UN/ECE Recommendation 20 (units).
"""

from __future__ import annotations

import csv
import re
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any, TypeVar

from crmdapp.chain._json_lines import Node, read_json, read_text, rejected
from crmdapp.chain._keccak import keccak
from crmdapp.errors import FileFault, UsageError
from crmdapp.provenance.gs1.cbv import MEASUREMENT_TYPES, CbvTermUnknown
from crmdapp.provenance.item_models import THOUSANDTHS, TIME_MAX, unit_bytes

COUNT_MAX = 1_000_000
"""Most readings of one window; the contract bears more, memory and patience do not."""

VALUE_MAX = (1 << 63) - 1
T = TypeVar("T")

FIELDS = ("time", "kind", "value", "unit")
_FAULTS_MAX = 100
_SIZE_MAX = 200_000_000
_VALUE = re.compile(r"([+-]?)([0-9]{1,15})(?:\.([0-9]{1,3}))?")
_LEAF = struct.Struct(">24xQ24xQ")


@dataclass(frozen=True, slots=True)
class Reading:
    """One value that a sensor measured.

    Attributes:
        time: Unix seconds.
        kind: Measurement type of GS1, such as ``"Temperature"``.
        value: Thousandths of ``unit``.
        unit: Code of UN/ECE Recommendation 20, such as ``"CEL"``.
    """

    time: int
    kind: str
    value: int
    unit: str

    def leaf(self, index: int) -> bytes:
        """Return the leaf of the reading at a place of its window, 32 bytes.

        It is keccak256(keccak256(abi.encode(index, time, keccak256(kind), value,
        keccak256(unit)))): fixed words, so that a contract can hash it too.
        """
        words = _LEAF.pack(index, self.time) + keccak(self.kind.encode())
        words += self.value.to_bytes(32, "big", signed=True) + keccak(self.unit.encode())
        return keccak(keccak(words))

    @property
    def text(self) -> str:
        """The value and its unit, for people."""
        return f"{value_text(self.value)} {self.unit}"

    def to_json(self) -> dict[str, Any]:
        """Return the reading as a file has it."""
        return {
            "time": self.time,
            "kind": self.kind,
            "value": value_text(self.value),
            "unit": self.unit,
        }


def value_text(thousandths: int) -> str:
    """Return thousandths as a decimal number: -4250 -> ``"-4.25"``."""
    whole, rest = divmod(abs(thousandths), THOUSANDTHS)
    sign = "-" if thousandths < 0 else ""
    return f"{sign}{whole}.{rest:03d}".rstrip("0").rstrip(".")


def parse_value(text: str) -> int:
    """Return a decimal number in thousandths: ``"-4.25"`` -> -4250.

    Raises:
        UsageError: It is no such number, or has more than three digits after the point.
    """
    found = _VALUE.fullmatch(text.strip())
    if found is None:
        raise UsageError(
            f"{text[:40]!r} is no number with at most three digits after the point.",
            hint="Write it such as -18.5; round finer values before they are signed.",
        )
    size = int(found[2]) * THOUSANDTHS + int((found[3] or "").ljust(3, "0"))
    return -size if found[1] == "-" else size


def parse_reading(time: Any, kind: Any, value: Any, unit: Any) -> Reading:
    """Return a reading from what a file says of it.

    Raises:
        _FieldFault: A value is malformed.
    """
    return Reading(_time(time), _kind(kind), _value(value), _unit(unit))


def read_readings(path: Path) -> tuple[Reading, ...]:
    """Return the readings of a file, in its order: ``.json`` as JSON, else CSV.

    CSV has a heading that names time, kind, value and unit, in any order; JSON is an array of
    objects with these names. Times are Unix seconds, or ISO 8601 with a zone.

    Raises:
        FileRejected: Lines are broken; each fault names line, field and reason.
        UsageError: It cannot be read.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_SIZE_MAX + 1)
    except OSError as problem:
        raise UsageError(f"{path} cannot be read: {problem.strerror}.") from None
    if len(data) > _SIZE_MAX:
        raise UsageError(f"{path} is larger than {_SIZE_MAX:,} bytes.", hint="Split it.")
    rows = _of_json if path.suffix.lower() == ".json" else _of_csv
    return _checked(rows(data, str(path)), str(path))


def require_order(readings: Sequence[Reading]) -> None:
    """Check that there are readings, not too many, and that time does not run backwards.

    Raises:
        UsageError: It is otherwise.
    """
    if not 0 < len(readings) <= COUNT_MAX:
        raise UsageError(f"A window has 1 to {COUNT_MAX:,} readings, not {len(readings):,}.")
    for place in range(1, len(readings)):
        if readings[place].time < readings[place - 1].time:
            raise UsageError(
                f"Reading {place} is of {readings[place].time}, the one before it of"
                f" {readings[place - 1].time}.",
                why="The time of a sensor does not run backwards.",
            )


class _FieldFault(Exception):  # noqa: N818 - becomes a fault of a file
    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field
        self.reason = reason


Row = tuple[int, dict[str, Any]]


def _of_csv(data: bytes, name: str) -> Iterator[Row]:
    lines = csv.reader(StringIO(read_text(data, name)), strict=True)
    try:
        heading = [word.strip().lower() for word in next(lines, [])]
        if sorted(heading) != sorted(FIELDS):
            reason = f"the heading has to name {', '.join(FIELDS)}"
            raise rejected(name, [FileFault(1, "", reason)])
        for cells in lines:
            if not cells:
                continue
            if len(cells) != len(heading):
                found = f"{len(cells)} values stand for {len(heading)} columns"
                yield lines.line_num, {"": found}
            else:
                yield lines.line_num, dict(zip(heading, cells, strict=True))
    except csv.Error as problem:
        raise rejected(name, [FileFault(lines.line_num, "", f"it is no CSV: {problem}")]) from None


def _of_json(data: bytes, name: str) -> Iterator[Row]:
    found = read_json(data, name)
    if not isinstance(found.value, list):
        raise rejected(name, [FileFault(found.line, "", "it has to be an array of readings")])
    for node in found.value:
        if not isinstance(node.value, dict):
            yield node.line, {"": "it has to be an object"}
            continue
        unknown = sorted(set(node.value) - set(FIELDS))
        if unknown:
            yield node.line, {"": f"{unknown[0][:40]!r} is none of {', '.join(FIELDS)}"}
            continue
        yield node.line, {field: _plain(node.value.get(field)) for field in FIELDS}


def _plain(node: Node | None) -> Any:
    return None if node is None else node.value


def _checked(rows: Iterator[Row], name: str) -> tuple[Reading, ...]:
    found: list[Reading] = []
    faults: list[FileFault] = []
    for line, row in rows:
        if "" in row:
            faults.append(FileFault(line, "", row[""]))
        else:
            try:
                found.append(_after(found, parse_reading(*(row[field] for field in FIELDS))))
            except _FieldFault as fault:
                faults.append(FileFault(line, fault.field, fault.reason))
        if len(faults) == _FAULTS_MAX or len(found) > COUNT_MAX:
            break
    if faults:
        raise rejected(name, faults)
    if not 0 < len(found) <= COUNT_MAX:
        raise UsageError(f"{name}: a window has 1 to {COUNT_MAX:,} readings, not {len(found):,}.")
    return tuple(found)


def _after(found: list[Reading], reading: Reading) -> Reading:
    if found and reading.time < found[-1].time:
        raise _FieldFault("time", "it is before the reading above it")
    return reading


def _time(given: Any) -> int:
    if isinstance(given, str) and given.strip().isdigit():
        given = int(given) if len(given) < 20 else -1
    if isinstance(given, str):
        try:
            moment = datetime.fromisoformat(given.strip())
        except ValueError:
            raise _FieldFault("time", f"{given[:40]!r} is no time") from None
        if moment.tzinfo is None:
            raise _FieldFault("time", f"{given[:40]!r} has no time zone")
        given = int(moment.astimezone(UTC).timestamp())
    if not isinstance(given, int) or isinstance(given, bool) or not 0 <= given <= TIME_MAX:
        raise _FieldFault("time", f"{_shown(given)} is no time")
    return given


def _kind(given: Any) -> str:
    return _checked_text("kind", given, lambda text: MEASUREMENT_TYPES.term(text.strip()))


def _unit(given: Any) -> str:
    def known(text: str) -> str:
        if not unit_bytes(text.strip()).rstrip(b"\0"):
            raise UsageError("it is missing")
        return text.strip()

    return _checked_text("unit", given, known)


def _value(given: Any) -> int:
    if isinstance(given, int | float) and not isinstance(given, bool):
        given = repr(given)
    return _checked_text("value", given, parse_value)


def _checked_text(field: str, given: Any, check: Callable[[str], T]) -> T:
    if not isinstance(given, str):
        raise _FieldFault(field, f"{_shown(given)} is not usable")
    try:
        return check(given)
    except (UsageError, CbvTermUnknown) as problem:
        raise _FieldFault(field, problem.message.rstrip(".")) from None


def _shown(given: Any) -> str:
    return "nothing" if given is None else repr(given)[:40]
