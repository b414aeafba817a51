"""The contract of elections from Python: create, cancel, look up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmdapp.ballots._client import BallotsClient
from crmdapp.ballots.models import NUMBER_MAX, Election, settings_of
from crmdapp.chain._whole import require_whole
from crmdapp.errors import NodeLied, UsageError

if TYPE_CHECKING:
    from crmdapp.ballots.definition import Definition
    from crmdapp.chain.calls import Call
    from crmdapp.chain.connection import Connection
    from crmdapp.chain.decode import DecodedLog
    from crmdapp.chain.sender import Sender
    from crmdapp.chain.transactions import Receipt


class ElectionsClient(BallotsClient):
    """Elections, seen and organised by one account.

    Source: contracts/ballots/IElections.sol.
    """

    CONTRACT = "Elections"

    def __init__(
        self,
        connection: Connection,
        address: str,
        sender: Sender | None = None,
        *,
        since_block: int = 0,
    ) -> None:
        super().__init__(connection, address, sender, since_block=since_block)
        self._known: dict[int, Election] = {}
        self._created: dict[int, DecodedLog] = {}

    def create(self, definition: Definition, *, key: str | None = None) -> int:
        """Create an election with the sender as its organiser; return its number.

        Raises:
            ElectionWindowInvalid: A window ends in the past, or before the one that it follows.
            ContractError: Another field is refused, by the error of its name.
            NodeLied: The receipt does not tell of the election.
        """
        return self.number_in(self.send(self.create_call(definition), key=key))

    def number_in(self, receipt: Receipt) -> int:
        """Return the number of the election that a transaction created.

        Raises:
            NodeLied: Its receipt does not tell of one.
        """
        from crmdapp.ballots.events import ElectionCreated

        for event in receipt.events_of(ElectionCreated):
            return event.election
        raise NodeLied("The receipt of the creation does not tell of an election.")

    def create_call(self, definition: Definition) -> Call:
        """Return the call of :meth:`create`, not sent."""
        return self.contract.call("create", settings_of(definition))

    def cancel(self, election: int, reason_hash: bytes, *, key: str | None = None) -> Receipt:
        """Call an election off, by its organiser, before it opens.

        Args:
            election: Its number.
            reason_hash: keccak256 of the published reasons, 32 bytes.
            key: Idempotency key.

        Raises:
            ElectionUnknown: There is none of that number.
            ElectionCallerInvalid: The sender is not its organiser.
            ElectionWasCancelled: It was called off before.
            ElectionHasOpened: It is too late.
        """
        return self.send(self.cancel_call(election, reason_hash), key=key)

    def cancel_call(self, election: int, reason_hash: bytes) -> Call:
        """Return the call of :meth:`cancel`, not sent."""
        if len(reason_hash) != 32:
            raise UsageError(f"The hash of the reasons has 32 bytes, got {len(reason_hash)}.")
        return self.contract.call("cancel", election, reason_hash)

    def count(self) -> int:
        """Return how many elections there are, and so the number of the last."""
        count: int = self.contract.read("electionCount")
        return count

    def election(self, number: int) -> Election:
        """Return an election's settings.

        Raises:
            ElectionUnknown: There is none of that number.
        """
        if number not in self._known:
            require_whole("The election's number", number, NUMBER_MAX)
            settings = self.contract.read("settingsOf", number)
            organiser = self.contract.read("organiserOf", number)
            self._known[number] = Election.of(number, organiser, settings)
        return self._known[number]

    def created(self, number: int) -> DecodedLog:
        """Return the event of an election's creation; searches for its other events begin there.

        Raises:
            ElectionUnknown: There is none of that number.
            NodeLied: It exists, but the node keeps no event of it.
        """
        if number not in self._created:
            self.election(number)
            for log in self.events("ElectionCreated", election=number):
                self._created[number] = log
                break
            else:
                raise NodeLied(
                    f"The node gives no event of the creation of election {number}.",
                    hint="It may have pruned its history: ask one that keeps all events.",
                )
        return self._created[number]

    def is_cancelled(self, number: int) -> bool:
        """Return whether the organiser called an election off."""
        cancelled: bool = self.contract.read("isCancelled", number)
        return cancelled

    def voters_limit(self, number: int) -> int:
        """Return the most voters that a precinct may have, so that no count outgrows its bits."""
        limit: int = self.contract.read("votersLimitOf", number)
        return limit
