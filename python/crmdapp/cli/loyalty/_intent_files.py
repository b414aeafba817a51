"""Reading signed permissions from files, folders and standard input."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from crmdapp.errors import FileFault, FileRejected, UsageError

if TYPE_CHECKING:
    from crmdapp.loyalty.intents import SignedIntent

T = TypeVar("T")

_FAULTS_MAX = 100
_LINES = (".jsonl", ".ndjson")


@dataclass(frozen=True, slots=True)
class Found:
    """One signed permission and where it was read.

    Attributes:
        place: File and line, for people.
        signed: The permission.
    """

    place: str
    signed: SignedIntent


def read_intents(paths: Sequence[Path], kind: type) -> list[Found]:
    """Return the signed permissions in files (JSON or JSON lines) and folders; ``-`` is stdin.

    Args:
        paths: Where to look.
        kind: ``RedeemIntent`` or ``TransferIntent``: the only kind that may be there.

    Raises:
        FileRejected: Something in them is no such permission; each fault names line and file.
        UsageError: There is no such file.
    """
    from crmdapp.loyalty.intents import SignedIntent

    def parse(data: Any) -> SignedIntent:
        signed = SignedIntent.from_json(data)
        if not isinstance(signed.intent, kind):
            name = type(signed.intent).__name__
            raise UsageError(f"it is a {name}, not a {kind.__name__}")
        return signed

    return [Found(place, signed) for place, signed in read_each(paths, parse)]


def read_each(paths: Sequence[Path], parse: Callable[[Any], T]) -> list[tuple[str, T]]:
    """Return what stands in files (JSON or JSON lines) and folders, with its place; ``-`` is stdin.

    Args:
        paths: Where to look.
        parse: Reads one entry; raises ``UsageError`` if it is not what is wanted.

    Raises:
        FileRejected: Something in them is not what is wanted; each fault names line and file.
        UsageError: There is no such file.
    """
    found: list[tuple[str, T]] = []
    faults: list[FileFault] = []
    for path in _files(paths):
        for line, data in _entries(path, faults):
            if len(faults) >= _FAULTS_MAX:
                break
            try:
                item = parse(data)
            except UsageError as problem:
                faults.append(FileFault(line, path.name, problem.message))
                continue
            found.append((f"{path.name}:{line}" if line > 1 else path.name, item))
    if faults:
        raise FileRejected(
            f"{len(faults)} of the permissions cannot be read; nothing was submitted.",
            faults,
            hint="Mend or remove what is named and run the same command again.",
        )
    return found


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(item for item in path.iterdir() if item.suffix in (".json", *_LINES))
        else:
            yield path


def _entries(path: Path, faults: list[FileFault]) -> Iterator[tuple[int, Any]]:
    """Yield line number and data of each entry; what is no JSON becomes a fault."""
    from crmdapp.chain._signed_json import read_json

    text = _text(path)
    by_line = path.suffix in _LINES or str(path) == "-"
    for line, part in enumerate(text.splitlines() if by_line else [text], start=1):
        if not part.strip():
            continue
        try:
            data = read_json(part)
        except ValueError as problem:
            faults.append(FileFault(line, path.name, f"it is not JSON: {problem}"))
            continue
        for entry in data if isinstance(data, list) else [data]:
            yield line, entry


def _text(path: Path) -> str:
    if str(path) == "-":
        return sys.stdin.read()
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8 text.") from None
    except OSError as problem:
        raise UsageError(f"{path} cannot be read: {problem.strerror}.") from None
