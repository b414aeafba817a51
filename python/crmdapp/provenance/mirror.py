"""A complete copy of a gallery, which every enthusiast can hold: works, records, history.

The folder::

    gallery.json      which gallery, up to which block, and the history's head then
    history.jsonl     every event of provenance in order, each with its time and head
    works/<id>.json   a work's record
    files/<cid>       a work's file, kept only if it is the one that was recorded
    metadata/<sha256>.json

Whoever has the folder can check all of it without a node (:func:`verify_mirror`), serve its files
to others, and bring it up to date: a second run fetches nothing that is there.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmdapp.chain import _files
from crmdapp.chain._signed_json import JsonFields, read_json
from crmdapp.errors import CrmdappError, FileRejected, UsageError
from crmdapp.provenance.events import ArtworkRegistered
from crmdapp.provenance.history import (
    NO_HEAD,
    HeadAt,
    HistoryIncomplete,
    HistoryLink,
    Replay,
    require_genuine,
)
from crmdapp.provenance.mirror_links import link_of, replayed
from crmdapp.provenance.mirror_models import MirrorReport, MirrorState, Rejected
from crmdapp.provenance.mirror_sources import Source, SourceRefused, Wanted

if TYPE_CHECKING:
    from crmdapp.provenance.artwork_reader import ArtworksReader

FILE_MAX = 4 << 30
"""Most bytes of a file, unless more are allowed."""

Progress = Callable[[int, int], None]
"""Called with works looked at, and works in all."""


class MirrorForeign(UsageError):  # noqa: N818 - named for the problem, like all errors here
    """The folder is a mirror of another gallery or chain."""


class Mirror:
    """A folder that holds a gallery.

    Args:
        folder: The folder; made, with its parents, by the first run.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._history = folder / "history.jsonl"

    # ----------------------------------------------------------------- filling

    def update(
        self,
        client: ArtworksReader,
        sources: Sequence[Source],
        proven: HeadAt,
        *,
        most: int = FILE_MAX,
        progress: Progress | None = None,
    ) -> MirrorReport:
        """Bring the mirror up to a block: history first, then every file that is not there.

        Stopped at any point, the next run goes on; nothing half written is ever kept.

        Args:
            client: The contract.
            sources: Where files may be, asked in this order.
            proven: From :func:`~.history.head_at`, best with a header from elsewhere.
            most: Most bytes of a file.
            progress: Called after each work.

        Raises:
            MirrorForeign: The folder mirrors another gallery.
            HistoryIncomplete: The node's events do not lead to the head.
            RecordForged: The node altered a record.
            DiskFull: The disk is full; what is there is whole.
        """
        for name in ("works", "files", "metadata"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        state = self._read_on(client, proven)
        report = MirrorReport(events=state.events, block=state.block, head=state.head)
        ids = sorted((self.folder / "works").glob("*.json"))
        for number, path in enumerate(ids, start=1):
            report.works += 1
            self._fill(self._wanted(path), sources, report, most)
            if progress is not None:
                progress(number, len(ids))
        return report

    def _read_on(self, client: ArtworksReader, proven: HeadAt) -> MirrorState:
        """Append what happened since the last run, and check it against the head."""
        known = self._known(client, proven)
        begin = 0 if known is None else known.size
        self._truncate(begin)
        replay = Replay(
            client,
            proven.header.number,
            None if known is None else known.block + 1,
            NO_HEAD if known is None else known.head,
            0 if known is None else known.events,
        )
        with self._history.open("ab") as file:
            for link in replay:
                file.write(json.dumps(link.to_json()).encode() + b"\n")
        try:
            replay.require(proven)
        except HistoryIncomplete:
            self._truncate(begin)
            raise
        # Only now: a work that a node made up must leave nothing behind.
        size = self._history.stat().st_size
        for line in self._lines(begin, size):
            self._write_record(link_of(line))
        state = MirrorState(
            client.connection.chain_id,
            client.contract.address,
            proven.header.number,
            proven.header.hash,
            replay.head,
            replay.events,
            size,
        )
        _files.replace(self.folder / "gallery.json", _json(state.to_json()))
        return state

    def _known(self, client: ArtworksReader, proven: HeadAt) -> MirrorState | None:
        """Return the state that the run can go on from."""
        from crmdapp.provenance.headers import header_at

        state = MirrorState.load(self.folder)
        if state is None:
            return None
        place = (client.connection.chain_id, client.contract.address)
        if (state.chain_id, state.contract) != place:
            raise MirrorForeign(
                f"{self.folder} mirrors {state.contract} on chain {state.chain_id}.",
                hint="Choose another folder.",
            )
        is_past = state.block <= proven.header.number
        has_all = self._history.is_file() and self._history.stat().st_size >= state.size
        if is_past and has_all:
            same = header_at(client.connection, state.block).hash == state.block_hash
            if same:
                return state
        for path in (self.folder / "works").glob("*.json"):
            path.unlink()  # the chain may have no such work any more
        return None

    def _truncate(self, size: int) -> None:
        with self._history.open("ab") as file:
            file.truncate(size)

    def _write_record(self, link: HistoryLink) -> None:
        if not isinstance(link.event, ArtworkRegistered):
            return
        artwork = require_genuine(link.event)
        wanted = Wanted.of(link.id, artwork)
        body = {"id": hex(link.id), "cid": wanted.cid, "artwork": artwork.message()}
        _files.replace(self.folder / "works" / f"{link.id:064x}.json", _json(body))

    # ----------------------------------------------------------------- files

    def _fill(
        self, wanted: Wanted, sources: Sequence[Source], report: MirrorReport, most: int
    ) -> None:
        path = self.folder / "files" / wanted.cid
        if path.is_file():
            report.kept += 1
        elif self._fetch(wanted, path, sources, report, most):
            report.fetched += 1
        else:
            report.missing.append(wanted.id)
        self._take_metadata(wanted, sources, report)

    def _fetch(
        self,
        wanted: Wanted,
        path: Path,
        sources: Sequence[Source],
        report: MirrorReport,
        most: int,
    ) -> bool:
        for source in sources:
            temporary = path.with_name(f".{secrets.token_hex(8)}.part")
            try:
                source.fetch(wanted, temporary, most)
                if wanted.is_file(temporary):
                    temporary.replace(path)
                    return True
                report.rejected.append(
                    Rejected(wanted.id, source.name, "it is not the file that was recorded")
                )
            except SourceRefused:
                continue
            except (FileRejected, UsageError) as problem:  # empty, or of no use
                report.rejected.append(Rejected(wanted.id, source.name, str(problem)))
            finally:
                temporary.unlink(missing_ok=True)
        return False

    def _take_metadata(
        self, wanted: Wanted, sources: Sequence[Source], report: MirrorReport
    ) -> None:
        path = self.folder / "metadata" / f"{wanted.metadata_hash.hex()}.json"
        if path.is_file():
            return
        for source in sources:
            told = source.metadata(wanted)
            if told is not None:
                _files.replace(path, told)
                return
        report.without_metadata.append(wanted.id)

    def _wanted(self, path: Path) -> Wanted:
        from crmdapp.chain._signed_json import read_struct
        from crmdapp.provenance.artwork_intents import Artwork

        fields = JsonFields.parse(path.read_bytes(), f"record {path.name}")
        artwork = read_struct(Artwork, fields.inner("artwork"))
        return Wanted.of(fields.whole("id"), artwork)

    # ----------------------------------------------------------------- checking

    def verify(self, *, progress: Progress | None = None) -> MirrorReport:
        """Check every file, record and link of the mirror; asks nobody.

        Raises:
            UsageError: The folder is no mirror, or a file of it is damaged.
            HistoryIncomplete: The events do not lead to the head that was proved.
            RecordForged: A record is not the one that the history commits to.
        """
        state = MirrorState.load(self.folder)
        if state is None:
            raise UsageError(f"{self.folder} is no mirror of a gallery.")
        report = MirrorReport(block=state.block, head=state.head)
        registered = self._check_history(state, report)
        for number, wanted in enumerate(registered, start=1):
            report.works += 1
            path = self.folder / "files" / wanted.cid
            if not path.is_file():
                report.missing.append(wanted.id)
            elif _is(wanted, path):
                report.kept += 1
            else:
                report.damaged.append(wanted.id)
            self._check_metadata(wanted, report)
            if progress is not None:
                progress(number, len(registered))
        return report

    def _check_history(self, state: MirrorState, report: MirrorReport) -> list[Wanted]:
        registered, head = [], NO_HEAD
        for link in replayed(link_of(line) for line in self._lines(0, state.size)):
            report.events, head = link.number, link.head
            if isinstance(link.event, ArtworkRegistered):
                registered.append(Wanted.of(link.id, require_genuine(link.event)))
        if head != state.head or report.events != state.events:
            raise HistoryIncomplete(
                "The mirror's events do not lead to its head.",
                replayed="0x" + head.hex(),
                on_chain="0x" + state.head.hex(),
                events=report.events,
                block=state.block,
                hint="Bring it up to date in an empty folder: crmdapp gallery mirror update",
            )
        return registered

    def _check_metadata(self, wanted: Wanted, report: MirrorReport) -> None:
        from hashlib import sha256

        path = self.folder / "metadata" / f"{wanted.metadata_hash.hex()}.json"
        if not path.is_file():
            report.without_metadata.append(wanted.id)
        elif sha256(path.read_bytes()).digest() != wanted.metadata_hash:
            report.damaged.append(wanted.id)

    def _lines(self, begin: int, end: int) -> Iterator[Any]:
        """Yield the lines of the history between two places, as JSON data."""
        try:
            with self._history.open("rb") as file:
                file.seek(begin)
                while file.tell() < end:
                    yield read_json(file.readline().decode())
        except (OSError, ValueError) as problem:
            raise UsageError(f"{self._history} is damaged.", why=str(problem)) from None


def verify_mirror(folder: Path, *, progress: Progress | None = None) -> MirrorReport:
    """Check a mirror without a node; see :meth:`Mirror.verify`."""
    return Mirror(folder).verify(progress=progress)


def _is(wanted: Wanted, path: Path) -> bool:
    try:
        return wanted.is_file(path)
    except CrmdappError:  # empty, or being written
        return False


def _json(body: Any) -> bytes:
    return (json.dumps(body, indent=2) + "\n").encode()
