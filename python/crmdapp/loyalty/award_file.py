"""Awarding a file of purchases: checked as a whole, sent in batches, never awarded twice.

A file is cut into chunks of 450 lines. Chunk ``i`` is awarded under the batch id
``keccak256(abi.encode(sha256(file), i))``, which the hub accepts once per program. Whoever runs the
same file again, after a crash or from another computer, sends only the chunks the chain lacks.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from crmdapp.errors import (
    ContractError,
    FileChanged,
    FileFault,
    TransactionReverted,
    VerificationFailed,
)
from crmdapp.loyalty import packing
from crmdapp.loyalty._award_csv import RowFault, record_of
from crmdapp.loyalty.award_plan import AwardPlan, Chunk, opened, validate
from crmdapp.loyalty.errors import (
    BatchAwardedBefore,
    BudgetExceeded,
    CapExceeded,
    PointsOverflow,
    ProgramIssuerOnly,
)
from crmdapp.loyalty.models import LANES, Program
from crmdapp.loyalty.points import POINTS_MAX

if TYPE_CHECKING:
    from crmdapp.chain.calls import Call
    from crmdapp.loyalty.client import LoyaltyClient

# Most gas a batch takes: for itself, per award, and per award if the program has tiers or a face.
_GAS_PER_BATCH = 120_000
_GAS_PER_AWARD = 27_000
_GAS_FOR_TIERS = 4_800
_GAS_FOR_FACE = 3_700

Progress = Callable[[int, int, float, "float | None"], None]
"""Called with lines awarded, lines in all, lines per second, and seconds left (``None`` before it
can be told)."""


__all__ = [
    "AwardPlan",
    "AwardReport",
    "BatchMismatch",
    "BatchMissing",
    "Chunk",
    "Progress",
    "award_file",
    "validate",
]


class BatchMismatch(VerificationFailed):
    """The chain holds other records under a batch id than the file has."""


class BatchMissing(VerificationFailed):
    """A batch that was sent is not on the chain."""


@dataclass(frozen=True, slots=True)
class AwardReport:
    """What became of a file; when there is one, all of it is on the chain.

    Attributes:
        rows: Awards in the file.
        units: Their sum.
        chunks: Batches of the file.
        rows_before: Awards that were on the chain before.
        rows_awarded: Awards that this run put there.
        gas: Gas this run used.
        fee: Wei it paid for that.
        seconds: How long it took.
    """

    rows: int
    units: int
    chunks: int
    rows_before: int
    rows_awarded: int
    gas: int
    fee: int
    seconds: float


def award_file(
    client: LoyaltyClient,
    file: AwardPlan | Path | str,
    program: int,
    *,
    progress: Progress | None = None,
    window: int = 8,
) -> AwardReport:
    """Award every line of a file, once, however often it is run and whoever runs it.

    The whole file is checked, and budget and cap of the program with it, before the first batch is
    sent. Killed at any point, the next run finds what is on the chain by the batch ids, and what is
    under way by the sender's journal. It ends with a look at every batch on the chain.

    Args:
        client: With a sender that is an issuer of the program.
        file: The file, or the plan that :func:`validate` made of it.
        program: The program.
        progress: Called after each batch, see :data:`Progress`.
        window: Most batches under way at a time, 1 to 1,000.

    Raises:
        FileRejected: The file has faults; nothing was sent.
        FileChanged: It changed since it was checked; no batch of the change was sent.
        ProgramUnknown: There is no such program.
        ProgramIssuerOnly: The sender may not award.
        BudgetExceeded: What the chain lacks of the file exceeds the issuer's budget of this epoch.
        CapExceeded: It exceeds the program's cap.
        PointsOverflow: The program, or a customer, would hold 2^47 units or more.
        BatchMismatch: The chain holds other records under one of the file's batch ids.
        BatchMissing: A batch was sent but is not on the chain at the end.
        ReceiptTimeout: A batch is still pending; run the same file again.
        FundsMissing: The sender cannot pay; what was sent counts, run the same file again.
        NodeProblem: The node could not be asked; run the same file again.
    """
    plan = file if isinstance(file, AwardPlan) else validate(file)
    return _Run(client, plan, program, progress, window).run()


class _Run:
    """One run over one plan."""

    def __init__(
        self,
        client: LoyaltyClient,
        plan: AwardPlan,
        program: int,
        progress: Progress | None,
        window: int,
    ) -> None:
        self._client = client
        self._sender = client.sender
        self._plan = plan
        self._program = program
        self._progress = progress
        self._window = window
        self._started = time.monotonic()
        self._before = 0
        self._done = 0
        self._gas = 0
        self._fee = 0

    def run(self) -> AwardReport:
        plan = self._plan
        program = self._client.program(self._program)
        missing = self._missing(plan.chunks)
        self._before = plan.rows - sum(chunk.rows for chunk in missing)
        self._require_allowed(program, missing)
        self._tell()
        self._send_all(missing, _most_gas(program, missing))
        self._verify()
        return AwardReport(
            rows=plan.rows,
            units=plan.units,
            chunks=len(plan.chunks),
            rows_before=self._before,
            rows_awarded=self._done,
            gas=self._gas,
            fee=self._fee,
            seconds=time.monotonic() - self._started,
        )

    def _send_all(self, missing: list[Chunk], gas: int | None) -> None:
        while missing:
            try:
                self._send(missing, gas)
            except BatchAwardedBefore:
                # Another issuer awards the same file at the same time: leave it what it did.
                left = self._missing(missing)
                if len(left) == len(missing):
                    raise
            except ContractError:
                raise
            except TransactionReverted:
                # Out of gas: this chain prices something higher, so let it estimate each batch.
                if gas is None:
                    raise
                gas = None
                left = self._missing(missing)
            else:
                return
            missing = left
            awarded = self._plan.rows - sum(chunk.rows for chunk in missing)
            self._before = awarded - self._done

    def _missing(self, chunks: Sequence[Chunk]) -> list[Chunk]:
        """Return the chunks that the chain lacks, having checked those it has."""
        return [chunk for chunk in chunks if not self._is_awarded(chunk)]

    def _is_awarded(self, chunk: Chunk) -> bool:
        stored = int.from_bytes(
            self._client.hub.read("batchDigestOf", self._program, self._plan.batch_id(chunk)), "big"
        )
        if stored == 0:
            return False
        if stored >> packing.BATCH_HASH_SHIFT != chunk.digest:
            raise BatchMismatch(
                f"The chain holds other records for batch {chunk.index} of {self._plan.path.name}.",
                why=f"Lines from {chunk.line} on were awarded with other contents by other"
                " software, or by an issuer who cheats.",
                hint="Look up the event BatchAwarded of batch"
                f" 0x{self._plan.batch_id(chunk).hex()} before awarding anything more.",
            )
        return True

    def _require_allowed(self, program: Program, missing: Sequence[Chunk]) -> None:
        """Check what the hub would refuse half way: the issuer's budget, the cap, the lane."""
        units = sum(chunk.units for chunk in missing)
        if units == 0:
            return
        issuer = self._client.issuer(self._program, self._sender.address)
        if issuer.budget == 0:
            raise ProgramIssuerOnly(self._program, issuer.address)
        if issuer.left is not None and units > issuer.left:
            raise BudgetExceeded(self._program, issuer.address, units, issuer.left)
        liability = self._client.liability(self._program)
        if program.cap and liability.total + units > program.cap:
            raise CapExceeded(self._program, liability.total + units, program.cap)
        lane = liability.by_age[LANES - program.validity] + units
        if lane > POINTS_MAX:
            raise PointsOverflow(lane)

    def _send(self, missing: Sequence[Chunk], gas: int | None) -> None:
        rows = {self._key(chunk): chunk.rows for chunk in missing}
        receipts = self._sender.send_many(
            self._calls(missing), window=self._window, gas=gas, again_if_reverted=True
        )
        for receipt in receipts:
            self._gas += receipt.gas_used
            self._fee += receipt.fee
            self._done += rows[receipt.key or ""]
            self._tell()

    def _calls(self, missing: Sequence[Chunk]) -> Iterator[tuple[str, Call]]:
        with opened(self._plan.path) as file:
            for chunk in missing:
                records = self._records(file, chunk)
                name = self._plan.batch_id(chunk)
                call = self._client.prepare.award_many(self._program, name, records)
                yield self._key(chunk), call

    def _records(self, file: BinaryIO, chunk: Chunk) -> bytes:
        """Return a chunk's records, read again and compared with what was checked."""
        file.seek(chunk.offset)
        lines = file.read(chunk.size).split(b"\n")
        try:
            records = b"".join([record_of(line) or b"" for line in lines])
        except RowFault:
            records = b""
        if packing.records_digest(records) != chunk.digest:
            raise FileChanged(
                f"{self._plan.path.name} changed while it was awarded.",
                [FileFault(chunk.line, "", "this line or one soon after it changed")],
                why=f"Of the file that was checked, {self._before + self._done:,} of"
                f" {self._plan.rows:,} lines are awarded or under way.",
                hint="Put the checked file back (its SHA-256 is"
                f" {self._plan.sha256.hex()}) and run it to its end; put changes into a new file.",
            )
        return records

    def _key(self, chunk: Chunk) -> str:
        batch = self._plan.batch_id(chunk).hex()
        return f"awardMany:{self._client.hub.address}:{self._program}:{batch}"

    def _verify(self) -> None:
        missing = self._missing(self._plan.chunks)
        if missing:
            raise BatchMissing(
                f"{len(missing)} of {len(self._plan.chunks)} batches are not on the chain.",
                why="Their transactions were mined, then undone by a reorganisation of the chain.",
                hint="Run the same file again: only what the chain lacks is awarded.",
            )

    def _tell(self) -> None:
        if self._progress is None:
            return
        total = self._plan.rows
        done = self._before + self._done
        seconds = time.monotonic() - self._started
        rate = self._done / seconds if seconds > 0 else 0.0
        self._progress(done, total, rate, (total - done) / rate if rate > 0 else None)


def _most_gas(program: Program, chunks: Sequence[Chunk]) -> int:
    """Return a gas limit that suffices for any of the chunks, far quicker than by estimates."""
    award = _GAS_PER_AWARD
    if program.tiers:
        award += _GAS_FOR_TIERS
    if program.token is not None:
        award += _GAS_FOR_FACE
    return _GAS_PER_BATCH + award * max((chunk.rows for chunk in chunks), default=0)
