"""A folder into which voters put their signed ballots, one JSON file each, for a relayer.

A ballot that is taken moves into the folder ``taken`` within, after it stands in the journal; of
one that is refused the reason is written beside it, ``<name>.refused.json``, and the file stays. A
file that is changed after its refusal is looked at again.
"""

from __future__ import annotations

import json
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from crmdapp.ballots.ballot_intents import BODY_MAX, SignedBallot
from crmdapp.ballots.voting_faults import RelayBallotUnreadable, RelayRefused
from crmdapp.chain import _files
from crmdapp.errors import PermissionDenied, UsageError

if TYPE_CHECKING:
    from crmdapp.ballots.relay import Relay

FILE_MAX = 4 * BODY_MAX
"""Most bytes of a ballot's file."""

AT_ONCE = 500
"""Ballots that are verified together."""

TAKEN = "taken"
_REFUSED = ".refused.json"


@dataclass(frozen=True, slots=True)
class InboxReport:
    """What came of looking into the folder once.

    Attributes:
        taken: Names of the files whose ballots were taken.
        refused: Why others were not, by the file's name.
    """

    taken: tuple[str, ...]
    refused: tuple[tuple[str, RelayRefused], ...]


def take_folder(relay: Relay, folder: Path) -> InboxReport:
    """Take the ballots in a folder that were not looked at yet, by the names of their files.

    Raises:
        UsageError: There is no such folder.
        PermissionDenied: It cannot be read or written.
        DiskFull: The disk is full; what was taken is in the journal.
        NodeProblem: The node could not be asked; the rest waits in the folder.
    """
    if not folder.is_dir():
        raise UsageError(f"There is no folder {folder}.", hint="Make it first.")
    taken: list[str] = []
    refused: list[tuple[str, RelayRefused]] = []
    try:
        (folder / TAKEN).mkdir(exist_ok=True)
        waiting = sorted(path for path in folder.glob("*.json") if _is_new(path))
        for at in range(0, len(waiting), AT_ONCE):
            for path, problem in _take(relay, waiting[at : at + AT_ONCE]):
                if problem is None:
                    _put_away(path)
                    taken.append(path.name)
                else:
                    _refuse(path, problem)
                    refused.append((path.name, problem))
    except OSError as problem:
        raise PermissionDenied(
            f"The folder {folder} cannot be used.", why=str(problem.strerror)
        ) from None
    return InboxReport(tuple(taken), tuple(refused))


def _take(relay: Relay, paths: list[Path]) -> list[tuple[Path, RelayRefused | None]]:
    found: list[tuple[Path, RelayRefused | None]] = []
    ballots: list[tuple[Path, SignedBallot]] = []
    for path in paths:
        try:
            ballots.append((path, _read(path)))
        except RelayRefused as problem:
            found.append((path, problem))
        except FileNotFoundError:
            continue  # another relayer of this folder was quicker
    refusals = relay.take_many([ballot for _, ballot in ballots])
    found += [(path, problem) for (path, _), problem in zip(ballots, refusals, strict=True)]
    return found


def _read(path: Path) -> SignedBallot:
    with path.open("rb") as file:
        data = file.read(FILE_MAX + 1)
    if len(data) > FILE_MAX:
        raise RelayBallotUnreadable(f"The file has more than {FILE_MAX:,} bytes.")
    try:
        return SignedBallot.from_json(data)
    except UsageError as problem:
        raise RelayBallotUnreadable(
            f"The file holds no signed ballot: {problem}", why=problem.why, hint=problem.hint
        ) from None


def _is_new(path: Path) -> bool:
    """Whether a file is a ballot that was not refused as it is now."""
    if path.name.endswith(_REFUSED):
        return False
    try:
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode):
            return False
        return _refusal_of(path).stat().st_mtime_ns < found.st_mtime_ns
    except FileNotFoundError:
        return path.exists()


def _put_away(path: Path) -> None:
    with suppress(FileNotFoundError):
        _refusal_of(path).unlink(missing_ok=True)
        path.replace(path.parent / TAKEN / path.name)


def _refuse(path: Path, problem: RelayRefused) -> None:
    data = json.dumps(problem.to_dict(), indent=2).encode() + b"\n"
    _files.replace(_refusal_of(path), data)


def _refusal_of(path: Path) -> Path:
    return path.with_name(path.stem + _REFUSED)
