"""A voter's ballots on a local server: what opens them stays in this process's memory.

The file tells, across restarts, which ballots were cast or challenged, so that none is used in two
ways. What would show a vote, the choice and its randomness, never reaches the disk: a ballot that
was sealed before a restart can still be cast, but no longer be challenged.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from crmdapp.ballots.ballot import Opening, SealedBallot
from crmdapp.ballots.booth_state import BallotPlace, BoothState, KeptBallot
from crmdapp.ballots.voting_faults import BallotWaits


class BoothMemory(BoothState):
    """The file of the voters of one machine, beside what opens their ballots.

    Args:
        path: The file; created, with its folder, if missing.

    Raises:
        JournalProblem: It is damaged, of another release, or no such file.
        PermissionDenied: It cannot be written.
        DiskFull: The disk is full.
    """

    def __init__(self, path: Path | str) -> None:
        self._openings: dict[bytes, Opening] = {}
        super().__init__(path)

    def seal(self, place: BallotPlace, ballot: SealedBallot) -> KeptBallot:
        """Keep a ballot that waits for its voter's decision; its opening in memory only.

        Raises:
            BallotWaits: Another one waits.
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
                "INSERT INTO ballots (context, voter, tracker, body, state)"
                " VALUES (?, ?, ?, ?, 'sealed')",
                (place.context, place.voter, ballot.tracker, ballot.body),
            )
            self._openings[ballot.tracker] = ballot.opening
        return self.find(place, ballot.tracker)

    def waiting(self, place: BallotPlace) -> KeptBallot | None:
        """Return the ballot that waits for a decision; ``None`` if there is none."""
        found = super().waiting(place)
        return None if found is None else self._opened(found)

    def find(self, place: BallotPlace, tracker: bytes) -> KeptBallot:
        """Return the ballot of that tracker.

        Raises:
            BallotNotSealed: It is not in the file.
        """
        return self._opened(super().find(place, tracker))

    def discard(self, place: BallotPlace) -> None:
        """Forget the ballot that waits, if there is one; nobody has seen it."""
        waiting = super().waiting(place)
        super().discard(place)
        if waiting is not None:
            self._openings.pop(waiting.tracker, None)

    def cast(
        self,
        place: BallotPlace,
        tracker: bytes,
        *,
        deadline: int = 0,
        direct: bool = False,
        now: int,
    ) -> KeptBallot:
        """Mark a ballot as cast, before it is signed, and forget what opens any ballot.

        Raises:
            BallotNotSealed: It is not in the file.
            BallotChallenged: It was challenged.
            BallotOutstanding: Another one was cast for the question, and can still be counted.
        """
        found = super().cast(place, tracker, deadline=deadline, direct=direct, now=now)
        self._openings.clear()
        return replace(found, opening=None)

    def _waiting(self, place: BallotPlace) -> KeptBallot | None:
        found = super()._waiting(place)
        return None if found is None else self._opened(found)

    def _opened(self, ballot: KeptBallot) -> KeptBallot:
        return replace(ballot, opening=self._openings.get(ballot.tracker))
