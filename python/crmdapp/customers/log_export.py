"""A log as a file for auditors: JSON lines, one batch after the other, read as they come.

Each batch begins with a line that names it, and is followed by one line per interaction in the
order of the log. Interactions of erased customers show their leaf alone. The file names nobody, but
it is pseudonymous personal data as long as the salts exist: give it to those who audit, not to the
world.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmdapp.chain._files import disk_full, require_creatable
from crmdapp.chain._signed_json import JsonFields
from crmdapp.customers.leaves import SEQ_MAX, Interaction
from crmdapp.customers.receipts import log_domain
from crmdapp.errors import FileFault, FileRejected, PermissionDenied, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmdapp.chain.typed_data import Domain

LINE_MAX = 4_096
"""Most bytes of a line; an interaction takes some 450."""

_LINES_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class ExportedBatch:
    """The line that begins a batch.

    Attributes:
        domain: The contract and chain that hold the log.
        log: The log.
        number: The batch's number in the log, from 1.
        count: How many interactions follow.
    """

    domain: Domain
    log: bytes
    number: int
    count: int

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return {
            "batch": self.number,
            "count": self.count,
            "log": "0x" + self.log.hex(),
            "chainId": self.domain.chain_id,
            "contract": self.domain.verifying_contract,
        }


@dataclass(frozen=True, slots=True)
class ExportedInteraction:
    """An interaction's line.

    Attributes:
        seq: Its place in the log.
        pseudonym: The customer's.
        customer_seq: Its place among the customer's.
        leaf: Its leaf.
        interaction: The interaction; ``None`` if the customer was erased.
    """

    seq: int
    pseudonym: bytes
    customer_seq: int
    leaf: bytes
    interaction: Interaction | None

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON data."""
        if self.interaction is not None:
            data = self.interaction.to_json()
            del data["log"]
            return data
        return {
            "seq": self.seq,
            "pseudonym": "0x" + self.pseudonym.hex(),
            "customerSeq": self.customer_seq,
            "leaf": "0x" + self.leaf.hex(),
        }


def write_export(
    path: Path | str,
    batches: Iterable[tuple[ExportedBatch, Iterable[ExportedInteraction]]],
    *,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Write batches to a new file, which appears when it is whole; return the interactions in it.

    Args:
        path: The file.
        batches: Each with its interactions, in order.
        progress: Called after each 1,000 interactions with how many are written.

    Raises:
        UsageError: The file exists, or its folder does not.
        PermissionDenied: It cannot be written.
        DiskFull: The disk is full; nothing is left behind.
    """
    place = Path(path)
    require_creatable(place)
    part = place.with_name(f".{place.name}.part")
    done = 0
    try:
        with part.open("w", encoding="utf-8") as file:
            for batch, interactions in batches:
                file.write(_line(batch.to_json()))
                for item in interactions:
                    file.write(_line(item.to_json()))
                    done += 1
                    if progress is not None and done % _LINES_AT_ONCE == 0:
                        progress(done)
            file.flush()
            os.fsync(file.fileno())
        part.replace(place)
    except PermissionError:
        raise PermissionDenied(f"{place} cannot be written.") from None
    except OSError:
        raise disk_full(place) from None
    finally:
        part.unlink(missing_ok=True)
    return done


def read_export(path: Path | str) -> Iterator[tuple[ExportedBatch, Iterator[ExportedInteraction]]]:
    """Yield the batches of a file; each one's interactions must be taken before the next batch.

    A line is in memory at a time.

    Raises:
        FileRejected: A line is none of an export; the fault names it.
        UsageError: The file cannot be read.
    """
    place = Path(path)
    lines = _Lines(place)
    while (fields := lines.take()) is not None:
        with lines.faults():
            if not fields.has("batch"):
                raise UsageError("A batch has to begin here")
            batch = ExportedBatch(
                domain=log_domain(fields.whole("chainId"), fields.address("contract")),
                log=fields.word("log"),
                number=fields.whole("batch", SEQ_MAX),
                count=fields.whole("count", SEQ_MAX),
            )
        left = _interactions(lines, batch)
        yield batch, left
        for _ in left:
            pass  # whoever does not want them still gets the next batch


def _interactions(lines: _Lines, batch: ExportedBatch) -> Iterator[ExportedInteraction]:
    for number in range(batch.count):
        fields = lines.take()
        if fields is None:
            raise lines.rejected(f"batch {batch.number} ends after {number:,} interactions")
        with lines.faults():
            item = _interaction(fields, batch.log)
        yield item


def _interaction(fields: JsonFields, log: bytes) -> ExportedInteraction:
    if not fields.has("leaf"):
        found = Interaction.from_json(fields, log=log)
        return ExportedInteraction(
            found.seq, found.pseudonym, found.customer_seq, found.leaf, found
        )
    return ExportedInteraction(
        seq=fields.whole("seq", SEQ_MAX),
        pseudonym=fields.word("pseudonym"),
        customer_seq=fields.whole("customerSeq", SEQ_MAX),
        leaf=fields.word("leaf"),
        interaction=None,
    )


class _Lines:
    """The lines of a file, one at a time, and faults that name them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._number = 0
        self._source = self._read()

    def take(self) -> JsonFields | None:
        """Return the next line; ``None`` at the end."""
        line = next(self._source, None)
        if line is None:
            return None
        with self.faults():
            return JsonFields.parse(line, "line")

    def rejected(self, reason: str) -> FileRejected:
        """Return the refusal of the file because of the present line."""
        return FileRejected(
            f"{self._path.name} is no export of a log.",
            [FileFault(self._number, "", reason.rstrip("."))],
            hint="Ask for the file again; it must be exactly as it was written.",
        )

    def faults(self) -> _Faults:
        """Give a block in which what is wrong is a fault of the present line."""
        return _Faults(self)

    def _read(self) -> Iterator[bytes]:
        try:
            with self._path.open("rb") as file:
                while line := file.readline(LINE_MAX + 1):
                    self._number += 1
                    if len(line) > LINE_MAX:
                        raise self.rejected(f"it is longer than {LINE_MAX:,} bytes")
                    if line.strip():
                        yield line
        except OSError as problem:
            raise UsageError(f"{self._path} cannot be read.", why=str(problem.strerror)) from None


class _Faults:
    def __init__(self, lines: _Lines) -> None:
        self._lines = lines

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, problem: BaseException | None, trace: object) -> None:
        if isinstance(problem, UsageError):
            raise self._lines.rejected(problem.message) from None


def _line(data: dict[str, Any]) -> str:
    return json.dumps(data, separators=(",", ":")) + "\n"
