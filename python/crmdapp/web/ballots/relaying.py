"""The server's relay of sealed ballots: verified when they come, written down, sent in batches.

Only signed and encrypted ballots come here. Their file is the relayer's journal, so a server that
is killed and started again loses none and sends none twice.
"""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from crmdapp.ballots.ballot_intents import SignedBallot
from crmdapp.ballots.relay import Relay, RelayRound
from crmdapp.ballots.relay_journal import RelayedBallot, RelayJournal
from crmdapp.ballots.voting_faults import BallotNotRecorded

if TYPE_CHECKING:
    from crmdapp.ballots.box import BoxClient


class BallotRelay:
    """One server's relayer for one ballot box; for many threads.

    Args:
        box: The box, for reading.
        folder: Where the journal is kept.
    """

    def __init__(self, box: BoxClient, folder: Path) -> None:
        connection, address = box.connection, box.contract.address
        self.journal = RelayJournal(
            folder / f"relay-{connection.chain_id}-{address}.sqlite3",
            chain_id=connection.chain_id,
            genesis=connection.genesis_hash,
            box=address,
        )
        self._taking, self._sending = Lock(), Lock()
        self._relay = Relay(box, self.journal)

    def take(self, ballot: SignedBallot) -> RelayedBallot:
        """Verify a ballot and write it down; taken again, it is found as it stands.

        Raises:
            RelayRefused: It is not taken, by the class of its reason.
            NodeProblem: The node could not be asked, or lies; nothing was taken.
        """
        known = self.journal.find(ballot.tracker)
        if known is not None and known.voter == ballot.voter and known.state != "refused":
            return known
        with self._taking:
            self._relay.take(ballot)
        return self.find(ballot.tracker)

    def find(self, tracker: bytes) -> RelayedBallot:
        """Return a ballot that was taken.

        Raises:
            BallotNotRecorded: There is none of this tracker.
        """
        found = self.journal.find(tracker)
        if found is None:
            raise BallotNotRecorded(
                "This relayer has no ballot of that tracker.",
                tracker=tracker,
                hint="Look on the bulletin: another relayer, or its voter, may have brought it.",
            )
        return found

    def waiting(self) -> int:
        """Return how many ballots wait to be sent, or are on their way."""
        return len(self.journal.ballots("waiting")) + len(self.journal.ballots("batched"))

    def flush(self, box: BoxClient) -> RelayRound:
        """Send what waits, by an account, and return when all of it is mined.

        Args:
            box: The box with the account that sends.

        Raises:
            NodeProblem: The node cannot be asked, or a batch is still pending; call again.
            FundsMissing: The account cannot pay; call again once it can.
        """
        with self._sending:
            return Relay(box, self.journal).work()

    def close(self) -> None:
        """Close the journal."""
        self.journal.close()


def relayed_round(done: RelayRound) -> dict[str, int]:
    """Return what a round of sending did, in numbers."""
    return {
        "counted": len(done.counted),
        "skipped": len(done.skipped),
        "refused": len(done.refused),
        "batches": done.batches,
        "gas_used": done.gas_used,
    }
