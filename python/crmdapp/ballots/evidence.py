"""An election's whole record: everything that an audit needs, from a chain or from a file.

A record holds every event of the election with the signed transaction that caused it, the time of
its block, and the code in which the roll and the forms of the questions are kept. It holds no
state: what the contracts keep is recomputed from it.

**The file** (``election-record-1``) has one JSON object in each line, in UTF-8, each line ended by
one line feed; a file that begins with the mark of gzip (RFC 1952) is unpacked first. Bytes are hex
with ``0x``, addresses too (EIP-55), whole numbers up to 2^53 - 1 are JSON numbers and larger ones
strings in decimal. There is one form of a record: no line has another member than these, in another
order, or a space outside of strings; in strings, only quotes, backslashes and control characters
are escaped. So:

1. The first line says what the record is of::

    {"format": "election-record-1", "chainId": 1, "election": 7,
     "contracts": {"Elections": "0x..", "TrusteeBoard": "0x..", "VoterRoll": "0x..",
                   "BallotBox": "0x..", "Tally": "0x.."},
     "block": 900, "blockHash": "0x..", "time": 1780000000, "definition": "{...}"}

   ``block`` is the last one that was looked at, ``time`` its time in seconds since 1970.
   ``definition`` is the election's definition in the canonical form of RFC 8785, as a string; or
   ``null``.
2. A line for each transaction that caused events of the election, in the order of the chain::

    {"block": 12, "blockHash": "0x..", "time": 1770000000, "raw": "0x..", "events": [
      {"contract": "BallotBox", "event": "BallotsCast", "logIndex": 3, "values": [7, 0, 1, ...]}]}

   ``raw`` is the signed transaction as ``eth_sendRawTransaction`` takes it: its hash, its sender
   and its input follow from it. ``events`` are in the order of their log indices in the block;
   ``values`` are the event's parameters, indexed or not, in the order of its declaration, structs
   and arrays as arrays. Which events there are: :data:`EVENTS`.
3. A line for each contract whose code is data, by rising address::

    {"code": "0x..", "address": "0x.."}

   These are the chunks of the roll (``kept`` of RollChunkFrozen) and the forms of the questions
   (``form`` of QuestionPrepared).
4. The last line: ``{"digest": "0x.."}``, keccak256 of all bytes before it, unpacked. It shows that
   the file is whole and unchanged since it was written, and names the record; it does not show who
   wrote it.

A record is as complete as the node it was taken from: one that was left out of it whole (the last
batches of an election, say, with all that follows) is missing for every reader. Whoever audits
takes it from their own node, or compares ``digest`` with other auditors.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from crmdapp.ballots import events as twins
from crmdapp.ballots._signed_input import SignedInput, read_signed
from crmdapp.chain._files import create
from crmdapp.chain._json_lines import WHOLE_MAX
from crmdapp.chain._keccak import new_keccak
from crmdapp.chain.decode import Event
from crmdapp.errors import VerificationFailed

FORMAT: Final = "election-record-1"

EVENTS: Mapping[str, tuple[type[Event], ...]] = {
    "Elections": (twins.ElectionCreated, twins.ElectionCancelled),
    "TrusteeBoard": (
        twins.TrusteeKeyRegistered,
        twins.DealCommitted,
        twins.DealPosted,
        twins.ComplaintJudged,
        twins.CeremonyRestarted,
        twins.CeremonyFinalised,
    ),
    "VoterRoll": (twins.VoterRegistered, twins.RollChunkFrozen),
    "BallotBox": (twins.QuestionPrepared, twins.BallotsCast),
    "Tally": (
        twins.QuestionClosed,
        twins.QuestionVoided,
        twins.SharesPosted,
        twins.GroupTallied,
    ),
}
"""The events of a record, by the contract that emits them."""


class RecordMalformed(VerificationFailed):
    """A file is no record of an election, or was changed or cut since it was written.

    Args:
        message: What happened.
        line: The line that is wrong, from 1; 0 for the file as a whole.
    """

    def __init__(self, message: str = "", *, line: int = 0, why: str = "", hint: str = "") -> None:
        super().__init__(message, why=why, hint=hint)
        self.line = line


@dataclass(frozen=True, slots=True)
class BallotContracts:
    """Where the contracts of an election are.

    Attributes:
        elections: Address of Elections.
        board: Address of TrusteeBoard.
        roll: Address of VoterRoll.
        box: Address of BallotBox.
        tally: Address of Tally.
    """

    elections: str
    board: str
    roll: str
    box: str
    tally: str

    def by_name(self) -> dict[str, str]:
        """Return the addresses by the contracts' names."""
        return dict(zip(EVENTS, (getattr(self, each.name) for each in fields(self)), strict=True))

    @classmethod
    def named(cls, addresses: Mapping[str, str]) -> BallotContracts:
        """Return the contracts whose addresses are given by name."""
        return cls(*(addresses[name] for name in EVENTS))


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """An event of the election.

    Attributes:
        contract: Name of the contract that emitted it.
        log_index: Its place in its block.
        event: What it says.
    """

    contract: str
    log_index: int
    event: Event


@dataclass(frozen=True)
class RecordedTransaction:
    """A transaction that caused events of the election.

    Attributes:
        chain_id: The chain it is of.
        block: Number of its block.
        block_hash: That block's hash, 32 bytes.
        time: That block's time, seconds since 1970.
        raw: The transaction, signed.
        events: Its events, in their order.
    """

    chain_id: int
    block: int
    block_hash: bytes
    time: int
    raw: bytes = field(repr=False)
    events: tuple[RecordedEvent, ...] = field(repr=False)

    @cached_property
    def signed(self) -> SignedInput:
        """Its hash, sender, receiver and input.

        Raises:
            TransactionInvalid: ``raw`` is no signed transaction of this chain.
        """
        return read_signed(self.raw, self.chain_id)


@dataclass(frozen=True)
class ElectionRecord:
    """All that happened in an election up to a block.

    Attributes:
        chain_id: The chain's id.
        contracts: Where the contracts are.
        election: Number of the election.
        block: The last block that was looked at.
        block_hash: Its hash, 32 bytes.
        time: Its time, seconds since 1970.
        definition: The definition in its canonical form; ``None`` if nobody gave it.
        transactions: In the order of the chain.
        codes: Code of the contracts that keep data, by address.
    """

    chain_id: int
    contracts: BallotContracts
    election: int
    block: int
    block_hash: bytes
    time: int
    definition: bytes | None = field(repr=False)
    transactions: tuple[RecordedTransaction, ...] = field(repr=False)
    codes: Mapping[str, bytes] = field(repr=False)

    @cached_property
    def digest(self) -> bytes:
        """keccak256 of the record as a file has it, 32 bytes: the record's name."""
        hasher = new_keccak()
        for line in self._lines():
            hasher.update(line)
        return hasher.digest()

    def to_lines(self) -> Iterator[bytes]:
        """Yield the lines of the file, the digest's last."""
        hasher = new_keccak()
        for line in self._lines():
            hasher.update(line)
            yield line
        yield _line({"digest": _hex(hasher.digest())})

    def save(self, path: Path | str) -> None:
        """Write the record to a new file; packed by gzip if its name ends in ``.gz``.

        Raises:
            UsageError: There is such a file already, or no such folder.
            PermissionDenied: The folder cannot be written.
            DiskFull: The disk is full; nothing is left behind.
        """
        place = Path(path)
        lines = self.to_lines()
        create(place, _packed(lines) if place.suffix == ".gz" else lines)

    def _lines(self) -> Iterator[bytes]:
        definition = None if self.definition is None else self.definition.decode()
        yield _line(
            {
                "format": FORMAT,
                "chainId": self.chain_id,
                "election": self.election,
                "contracts": self.contracts.by_name(),
                "block": self.block,
                "blockHash": _hex(self.block_hash),
                "time": self.time,
                "definition": definition,
            }
        )
        for each in self.transactions:
            yield _line(
                {
                    "block": each.block,
                    "blockHash": _hex(each.block_hash),
                    "time": each.time,
                    "raw": _hex(each.raw),
                    "events": [_event_data(event) for event in each.events],
                }
            )
        for address in sorted(self.codes, key=str.lower):
            yield _line({"code": _hex(self.codes[address]), "address": address})


def _event_data(recorded: RecordedEvent) -> dict[str, Any]:
    event: Any = recorded.event
    return {
        "contract": recorded.contract,
        "event": type(event).__name__,
        "logIndex": recorded.log_index,
        "values": [_plain(getattr(event, each.name)) for each in fields(event)],
    }


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return _hex(value)
    if isinstance(value, int):
        return value if value <= WHOLE_MAX else str(value)
    return [_plain(each) for each in value] if isinstance(value, tuple) else value


def _line(data: Mapping[str, Any]) -> bytes:
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def _hex(data: bytes) -> str:
    return "0x" + data.hex()


def _packed(lines: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the lines packed by gzip; with no time in it, so that equal records are equal files."""
    packer = zlib.compressobj(level=6, wbits=16 + zlib.MAX_WBITS)
    for line in lines:
        if piece := packer.compress(line):
            yield piece
    yield packer.flush()
