"""What a voter's device remembers of its ballots, so that none is used in two ways.

A ballot is *sealed*; then its voter decides whether it is *challenged* or *cast*, once and for
ever. A challenged ballot shows its vote and is never signed. Of the ballots for one question a
second one is cast only when the first can no longer be counted. Each of these moves is one
transaction on the disk before anything follows from it, so a killed process finds the same ballot
again.

What opens a ballot stands in the file until its voter decides, and after a challenge until they
have cast: then it is overwritten. File systems and disks may keep older copies of what was
overwritten; the file belongs on a disk that is encrypted.

Source: Benaloh, "Simple verifiable elections", EVT 2006 (cast or challenge).
"""

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

from crmdapp.ballots.ballot import Opening, SealedBallot
from crmdapp.ballots.group import SCALAR_BYTES
from crmdapp.ballots.voting_faults import (
    BallotChallenged,
    BallotNotSealed,
    BallotOutstanding,
    BallotWaits,
)
from crmdapp.chain._database import Database
from crmdapp.chain._files import OWN

SCHEMA_VERSION = 1
SCHEMA = """
CREATE TABLE ballots (
    id INTEGER PRIMARY KEY,
    context BLOB NOT NULL,
    voter TEXT NOT NULL,
    tracker BLOB NOT NULL UNIQUE,
    body BLOB NOT NULL,
    chosen BLOB,
    randomness BLOB,
    state TEXT NOT NULL CHECK (state IN ('sealed', 'challenged', 'cast')),
    deadline INTEGER NOT NULL DEFAULT 0,
    is_direct INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX one_waits ON ballots (context, voter) WHERE state = 'sealed';
"""

SEALED, CHALLENGED, CAST = "sealed", "challenged", "cast"


@dataclass(frozen=True, slots=True)
class BallotPlace:
    """Where a ballot belongs: a voter's, for one question.

    Attributes:
        context: CONTEXT, 32 bytes, which stands for chain, box, election, question and key.
        voter: The voter's address.
    """

    context: bytes
    voter: str


@dataclass(frozen=True, slots=True)
class KeptBallot:
    """A ballot in the file.

    Attributes:
        body: Ciphertexts and proofs.
        tracker: 32 bytes.
        state: ``"sealed"``, ``"challenged"`` or ``"cast"``.
        deadline: Last second in which it can be counted by a relayer; 0 if none was ever given.
        is_direct: Whether a transaction of the voter's own may bring it to the box.
        opening: What shows the vote; ``None`` once it is cast. Secret.
    """

    body: bytes
    tracker: bytes
    state: str
    deadline: int
    is_direct: bool
    opening: Opening | None = field(repr=False)


class BoothState(Database):
    """The file of one or several voters; mode 0600.

    Args:
        path: The file; created, with its folder, if missing.

    Raises:
        JournalProblem: It is damaged, of another release, or no such file.
        PermissionDenied: It cannot be written.
        DiskFull: The disk is full.
    """

    def __init__(self, path: Path | str) -> None:
        _make_private(Path(path))
        super().__init__(path, what="file of ballots", schema=SCHEMA, version=SCHEMA_VERSION)
        with self._reading() as db:
            db.execute("PRAGMA secure_delete = ON")

    # ----------------------------------------------------------------- looking

    def waiting(self, place: BallotPlace) -> KeptBallot | None:
        """Return the ballot that is sealed and waits for a decision; ``None`` if there is none."""
        with self._reading():
            return self._waiting(place)

    def find(self, place: BallotPlace, tracker: bytes) -> KeptBallot:
        """Return the ballot of that tracker.

        Raises:
            BallotNotSealed: It is not in the file.
        """
        with self._reading() as db:
            row = db.execute(
                "SELECT * FROM ballots WHERE context = ? AND voter = ? AND tracker = ?",
                (place.context, place.voter, tracker),
            ).fetchone()
        if row is None:
            raise _not_here(tracker)
        return _kept(row)

    def cast_ballots(self, place: BallotPlace) -> list[KeptBallot]:
        """Return the ballots that were cast for a question, oldest first."""
        with self._reading() as db:
            rows = db.execute(
                "SELECT * FROM ballots WHERE context = ? AND voter = ? AND state = 'cast'"
                " ORDER BY id",
                (place.context, place.voter),
            ).fetchall()
        return [_kept(row) for row in rows]

    # ----------------------------------------------------------------- moving

    def seal(self, place: BallotPlace, ballot: SealedBallot) -> KeptBallot:
        """Keep a ballot that waits for its voter's decision.

        A ballot that waits already and holds the same vote is returned in its place.

        Raises:
            BallotWaits: One that holds another vote waits.
        """
        with self._writing() as db:
            earlier = self._waiting(place)
            if earlier is not None:
                if earlier.opening is None or earlier.opening.chosen != ballot.opening.chosen:
                    raise BallotWaits(
                        "Another ballot for this question is sealed and waits.",
                        tracker=earlier.tracker,
                        hint="Cast it, challenge it, or discard it first.",
                    )
                return earlier
            db.execute(
                "INSERT INTO ballots (context, voter, tracker, body, chosen, randomness, state)"
                " VALUES (?, ?, ?, ?, ?, ?, 'sealed')",
                (
                    place.context,
                    place.voter,
                    ballot.tracker,
                    ballot.body,
                    bytes(ballot.opening.chosen),
                    b"".join(r.to_bytes(SCALAR_BYTES, "big") for r in ballot.opening.randomness),
                ),
            )
        return self.find(place, ballot.tracker)

    def discard(self, place: BallotPlace) -> None:
        """Forget the ballot that waits, if there is one; nobody has seen it."""
        with self._writing() as db:
            db.execute(
                "DELETE FROM ballots WHERE context = ? AND voter = ? AND state = 'sealed'",
                (place.context, place.voter),
            )
        self._overwrite()

    def challenge(self, place: BallotPlace, tracker: bytes) -> KeptBallot:
        """Mark a sealed ballot as challenged; it is never cast from then on.

        A ballot that was challenged before is returned again, as long as its opening is kept.

        Raises:
            BallotNotSealed: It is not in the file, or its voter cast it.
        """
        with self._writing() as db:
            ballot = self.find(place, tracker)
            if ballot.state == CAST or ballot.opening is None:
                raise BallotNotSealed(
                    "The ballot was cast, or challenged long ago; what opens it is gone.",
                    tracker=tracker,
                    why="A ballot that could be opened after it was cast would be a receipt.",
                    hint="Seal another one to challenge it.",
                )
            db.execute("UPDATE ballots SET state = 'challenged' WHERE tracker = ?", (tracker,))
        return self.find(place, tracker)

    def cast(
        self,
        place: BallotPlace,
        tracker: bytes,
        *,
        deadline: int = 0,
        direct: bool = False,
        now: int,
    ) -> KeptBallot:
        """Mark a ballot as cast, before it is signed, and forget what opens any of the voter's.

        The same ballot may be cast again, with another deadline or the other way.

        Args:
            place: Where it belongs.
            tracker: Which.
            deadline: Last second in which a relayer can bring it; 0 without one.
            direct: Whether the voter brings it.
            now: The chain's time, Unix seconds.

        Raises:
            BallotNotSealed: It is not in the file.
            BallotChallenged: It was challenged.
            BallotOutstanding: Another one was cast for the question, and can still be counted.
        """
        with self._writing() as db:
            ballot = self.find(place, tracker)
            if ballot.state == CHALLENGED:
                raise _challenged(tracker)
            for other in self.cast_ballots(place):
                if other.tracker != tracker:
                    require_over(other, now)
            db.execute(
                "UPDATE ballots SET state = 'cast', deadline = max(deadline, ?),"
                " is_direct = max(is_direct, ?) WHERE tracker = ?",
                (deadline, int(direct), tracker),
            )
            db.execute(
                "UPDATE ballots SET chosen = NULL, randomness = NULL"
                " WHERE context = ? AND voter = ? AND state != 'sealed'",
                (place.context, place.voter),
            )
        self._overwrite()
        return self.find(place, tracker)

    def release(self, place: BallotPlace, tracker: bytes) -> None:
        """Note that no transaction of the voter's can bring a ballot any more."""
        with self._writing() as db:
            db.execute(
                "UPDATE ballots SET is_direct = 0 WHERE context = ? AND voter = ? AND tracker = ?",
                (place.context, place.voter, tracker),
            )

    # ----------------------------------------------------------------- inside

    def _waiting(self, place: BallotPlace) -> KeptBallot | None:
        row = self._db.execute(
            "SELECT * FROM ballots WHERE context = ? AND voter = ? AND state = 'sealed'",
            (place.context, place.voter),
        ).fetchone()
        return None if row is None else _kept(row)

    def _overwrite(self) -> None:
        """Empty the log beside the file, where what was overwritten still stands."""
        with self._reading() as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def require_over(ballot: KeptBallot, now: int) -> None:
    """Check that a ballot that was cast can no longer be counted.

    Raises:
        BallotOutstanding: It can.
    """
    if ballot.is_direct:
        raise BallotOutstanding(
            "Another ballot for this question was sent, and may still arrive.",
            tracker=ballot.tracker,
            hint="Cast that one again; it counts once.",
        )
    if now <= ballot.deadline:
        raise BallotOutstanding(
            f"Another ballot for this question is signed until {ballot.deadline} (Unix time).",
            tracker=ballot.tracker,
            deadline=ballot.deadline,
            why="Whoever held two signed ballots could choose which of them counts.",
            hint="Hand that one to another relayer, cast it directly, or wait for its deadline.",
        )


def _make_private(path: Path) -> None:
    """Make the file before SQLite does, which would leave its mode to the umask."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, OWN))
    except OSError:
        return  # opening the database says what is wrong


def _kept(row: sqlite3.Row) -> KeptBallot:
    opening = None
    if row["chosen"] is not None:
        data = row["randomness"]
        scalars = (data[at : at + SCALAR_BYTES] for at in range(0, len(data), SCALAR_BYTES))
        opening = Opening(
            tuple(row["chosen"]), tuple(int.from_bytes(scalar, "big") for scalar in scalars)
        )
    return KeptBallot(
        body=row["body"],
        tracker=row["tracker"],
        state=row["state"],
        deadline=row["deadline"],
        is_direct=bool(row["is_direct"]),
        opening=opening,
    )


def _challenged(tracker: bytes) -> BallotChallenged:
    return BallotChallenged(
        "The ballot was challenged and cannot be cast.",
        tracker=tracker,
        why="What it holds was shown.",
        hint="Seal a new one.",
    )


def _not_here(tracker: bytes) -> BallotNotSealed:
    return BallotNotSealed(
        "This device keeps no ballot of that tracker for the question.",
        tracker=tracker,
        hint="Compare the tracker, the election and the question; or seal a ballot first.",
    )
