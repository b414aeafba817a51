"""Reading an election's record from a file; its form is described in :mod:`.evidence`."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from crmdapp.ballots.evidence import (
    EVENTS,
    FORMAT,
    BallotContracts,
    ElectionRecord,
    RecordedEvent,
    RecordedTransaction,
    RecordMalformed,
)
from crmdapp.chain._json_lines import WHOLE_MAX
from crmdapp.chain._keccak import new_keccak
from crmdapp.chain._signed_json import JsonFields, read_json
from crmdapp.chain.addresses import parse_address
from crmdapp.chain.decode import Event, split_tuple
from crmdapp.errors import UsageError

LINE_MAX = 16_000_000
"""Most bytes of a line; a transaction of a whole block's gas takes less."""

_GZIP_MARK = b"\x1f\x8b"
_HEAD = (
    "format",
    "chainId",
    "election",
    "contracts",
    "block",
    "blockHash",
    "time",
    "definition",
)
_KINDS = {kind.__name__: (contract, kind) for contract, kinds in EVENTS.items() for kind in kinds}


def load_record(path: Path | str) -> ElectionRecord:
    """Read a record from a file, packed or not.

    Raises:
        RecordMalformed: It is none, or its digest is wrong; ``line`` says where.
        UsageError: It cannot be read.
    """
    place = Path(path)
    try:
        with place.open("rb") as file:
            is_packed = file.read(len(_GZIP_MARK)) == _GZIP_MARK
            file.seek(0)
            with gzip.GzipFile(fileobj=file) if is_packed else file as unpacked:
                return read_record(unpacked)
    except (gzip.BadGzipFile, zlib.error, EOFError) as problem:
        raise RecordMalformed(f"{place.name} is damaged.", why=f"{problem}.") from None
    except OSError as problem:
        raise UsageError(f"{place} cannot be read: {problem.strerror}.") from None


def read_record(file: IO[bytes] | gzip.GzipFile) -> ElectionRecord:
    """Read a record from an open file, unpacked.

    Raises:
        RecordMalformed: It is none, or its digest is wrong; ``line`` says where.
    """
    reader = _Reader(file)
    try:
        return reader.read()
    except UsageError as problem:
        raise RecordMalformed(
            f"Line {reader.number} of the record is wrong: {problem.message}", line=reader.number
        ) from None


class _Reader:
    def __init__(self, file: IO[bytes] | gzip.GzipFile) -> None:
        self.number = 0
        self._file = file
        self._hasher = new_keccak()
        self._last = b""

    def read(self) -> ElectionRecord:
        head = self._next()
        if not head.has("format") or head.text("format") != FORMAT:
            raise UsageError(f"the format is not {FORMAT}.")
        head.require_only(_HEAD)
        if not head.has("definition"):
            raise UsageError("the definition is missing; null stands for none.")
        contracts = head.inner("contracts")
        contracts.require_only(tuple(EVENTS))
        empty = ElectionRecord(
            chain_id=head.whole("chainId", WHOLE_MAX),
            contracts=BallotContracts.named({name: contracts.address(name) for name in EVENTS}),
            election=head.whole("election", (1 << 64) - 1),
            block=head.whole("block", WHOLE_MAX),
            block_hash=head.word("blockHash"),
            time=head.whole("time", WHOLE_MAX),
            definition=None if head.value("definition") is None else _text(head),
            transactions=(),
            codes={},
        )
        transactions: list[RecordedTransaction] = []
        codes: dict[str, bytes] = {}
        while not (line := self._next()).has("digest"):
            if line.has("code"):
                line.require_only(("code", "address"))
                codes[line.address("address")] = line.data("code")
            else:
                transactions.append(_transaction(line, empty.chain_id))
        line.require_only(("digest",))
        self._require_end(line.word("digest"))
        found = replace(empty, transactions=tuple(transactions), codes=codes)
        if found.digest != line.word("digest"):
            raise UsageError("the record is not in the one form that it can have.")
        return found

    def _next(self) -> JsonFields:
        self.number += 1
        line = self._file.readline(LINE_MAX + 1)
        if not line.endswith(b"\n"):
            raise UsageError("it is too long, or the file ends before its digest.")
        self._hasher.update(self._last)
        self._last = line
        try:
            return JsonFields(read_json(line.decode()), "line")
        except ValueError as problem:
            raise UsageError("it is not JSON.", why=str(problem)) from None

    def _require_end(self, stated: bytes) -> None:
        if self._file.read(1):
            raise UsageError("something follows the digest.")
        found = self._hasher.digest()
        if stated != found:
            raise RecordMalformed(
                "The record was changed since it was written.",
                line=self.number,
                why=f"Its bytes have the digest 0x{found.hex()}, it says 0x{stated.hex()}.",
                hint="Take it from the chain again, or from whoever made it.",
            )


def _text(head: JsonFields) -> bytes:
    return head.text("definition").encode()


def _transaction(line: JsonFields, chain_id: int) -> RecordedTransaction:
    line.require_only(("block", "blockHash", "time", "raw", "events"))
    return RecordedTransaction(
        chain_id=chain_id,
        block=line.whole("block", WHOLE_MAX),
        block_hash=line.word("blockHash"),
        time=line.whole("time", WHOLE_MAX),
        raw=line.data("raw"),
        events=tuple(_event(JsonFields(each, "event")) for each in line.items("events")),
    )


def _event(data: JsonFields) -> RecordedEvent:
    data.require_only(("contract", "event", "logIndex", "values"))
    name = data.text("event")
    contract, kind = _KINDS.get(name, ("", Event))
    if not contract or data.text("contract") != contract:
        raise UsageError(f"{data.text('contract')[:40]} has no event {name[:40]!r}.")
    values = data.items("values")
    if len(values) != len(kind.types):
        raise UsageError(f"{name} has {len(kind.types)} values, got {len(values)}.")
    return RecordedEvent(
        contract=contract,
        log_index=data.whole("logIndex", WHOLE_MAX),
        event=kind(*map(_value, kind.types, values)),
    )


def _value(kind: str, data: Any) -> Any:
    """Return a value of an ABI type from its JSON data.

    Raises:
        UsageError: It is no such value.
    """
    if kind.endswith("]"):
        return tuple(_value(kind[: kind.rindex("[")], each) for each in _array(data))
    if kind.startswith("("):
        parts, values = split_tuple(kind), _array(data)
        if len(parts) != len(values):
            raise UsageError(f"a struct has {len(parts)} values, got {len(values)}.")
        return tuple(map(_value, parts, values))
    holder = JsonFields({"value": data}, "event")
    if kind.startswith("uint"):
        return holder.whole("value", (1 << int(kind[4:])) - 1)
    if kind == "address":
        return _address(holder.text("value"))
    found = holder.data("value")
    if kind != "bytes" and len(found) != int(kind[5:]):
        raise UsageError(f"{kind[5:]} bytes are wanted, got {len(found)}.")
    return found


def _address(text: str) -> str:
    try:
        return parse_address(text)
    except ValueError as problem:
        raise UsageError(f"{problem}.") from None


def _array(data: Any) -> list[Any]:
    if not isinstance(data, list):
        raise UsageError(f"an array is wanted, got {str(data)[:40]!r}.")
    return data
