"""The voter roll from Python: register voters, freeze the roll, read it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from crmdapp.ballots._client import BallotsClient
from crmdapp.ballots.elections import ElectionsClient
from crmdapp.ballots.errors import RollChunkKnown
from crmdapp.ballots.models import RollEntry
from crmdapp.ballots.record import CHUNK_VOTERS, roll_chunks, roll_hash
from crmdapp.ballots.registration import SignedRegistration, roll_domain
from crmdapp.chain._keccak import keccak
from crmdapp.chain.addresses import ZERO_ADDRESS
from crmdapp.errors import NodeLied, UsageError

if TYPE_CHECKING:
    from crmdapp.chain.calls import Call
    from crmdapp.chain.decode import DecodedLog
    from crmdapp.chain.transactions import Receipt
    from crmdapp.chain.typed_data import Domain

GAS_PER_VOTER = 33_000
"""Most gas that a registration takes besides its signatures."""

GAS_PER_SIGNATURE = 5_400
"""Most gas that each signature takes, and finding who gave it."""

BATCH_GAS = 13_000_000
"""Most gas of one transaction of a batch; a chain takes 16,777,216.

The first voter of each precinct takes 56,000 more, and there can be 64.
"""

Progress = Callable[[int], None]
"""Called with the number of voters, or of chunks of the roll, that are done."""


class RollClient(BallotsClient):
    """Voters of all elections, seen and registered by one account.

    Source: contracts/ballots/IVoterRoll.sol.
    """

    CONTRACT = "VoterRoll"

    @cached_property
    def elections(self) -> ElectionsClient:
        """The elections whose voters stand here."""
        return self._named(ElectionsClient, "ELECTIONS")

    @cached_property
    def domain(self) -> Domain:
        """What registrars sign for."""
        return roll_domain(self.connection.chain_id, self.contract.address)

    # ----------------------------------------------------------------- registering

    def register(
        self,
        election: int,
        registrations: Sequence[SignedRegistration],
        *,
        progress: Progress | None = None,
    ) -> list[Receipt]:
        """Enter voters, so many at a time as a block takes; anybody may.

        Killed at any point and run again with the same registrations, it sends what is not sent.
        What somebody else entered in the meantime, just so, is passed over.

        Args:
            election: The election.
            registrations: With the signatures of a quorum each; all of them are checked before the
                first is sent.
            progress: Called after each transaction.

        Raises:
            RegistrationQuorumMissing: Too few of the election's registrars signed one.
            RegistrationSignerInvalid: Somebody signed who is no registrar.
            RegistrationNullifierUsed: A citizen votes by another key, or elsewhere.
            RegistrationExpired: A deadline is past.
            RegistrationClosed: Registration has ended.
            RegistrationPrecinctFull: A precinct has as many voters as it may have.
            RegistrationPrecinctInvalid: There is no such precinct.
            UsageError: One was signed for another roll or chain, or a citizen or a key stands there
                twice.
        """
        receipts: list[Receipt] = []
        parts, done = self.register_calls(election, registrations), 0
        # The key is what is sent: the same voters under another division are another transaction.
        keyed = [(f"register:{keccak(call.data).hex()}", call) for _, call in parts]
        sent = self.sender.send_many(keyed, again_if_reverted=True)
        for (count, _), receipt in zip(parts, sent, strict=True):
            receipts.append(receipt)
            done += count
            if progress is not None:
                progress(done)
        return receipts

    def register_calls(
        self, election: int, registrations: Sequence[SignedRegistration]
    ) -> list[tuple[int, Call]]:
        """Return the calls of :meth:`register`, checked, each with its number of voters."""
        settings = self.elections.election(election)
        for signed in registrations:
            self.require_domain(signed.domain)
        checked = [signed.require_quorum(settings) for signed in registrations]
        if not checked:
            raise UsageError("There is nobody to register.")
        if len({signed.intent.nullifier for signed in checked}) != len(checked):
            raise UsageError(
                "A citizen stands there twice.",
                why="Two registrations have the same nullifier.",
            )
        if len({signed.intent.voter for signed in checked}) != len(checked):
            raise UsageError(
                "A key stands there twice.",
                why="Two citizens would vote by the same one.",
                hint="Each makes a fresh key for each election.",
            )
        each = GAS_PER_VOTER + GAS_PER_SIGNATURE * settings.registrar_quorum
        size = BATCH_GAS // each
        parts = [checked[at : at + size] for at in range(0, len(checked), size)]
        return [(len(part), self._register(election, part)) for part in parts]

    def _register(self, election: int, part: Sequence[SignedRegistration]) -> Call:
        rows = tuple(signed.row for signed in part)
        signatures = tuple(b"".join(signed.signatures) for signed in part)
        return self.contract.call("register", election, rows, signatures)

    def require_domain(self, domain: Domain) -> None:
        """Check that something was signed for this roll and chain.

        Raises:
            UsageError: It was not.
        """
        if domain != self.domain:
            raise UsageError(
                f"This was signed for {domain.name} at {domain.verifying_contract} on chain"
                f" {domain.chain_id}.",
                why=f"This is {self.domain.name} at {self.domain.verifying_contract} on chain"
                f" {self.domain.chain_id}.",
                hint="Check --rpc and --deployments, or have it signed for this roll.",
            )

    # ----------------------------------------------------------------- freezing

    def freeze(self, election: int, *, progress: Progress | None = None) -> list[Receipt]:
        """Write the roll of all precincts down for ever; anybody may, once registration has ended.

        Killed at any point and run again, it writes what is not written; what somebody else wrote
        in the meantime is passed over.

        Args:
            election: The election.
            progress: Called after each chunk of 1,228 voters.

        Raises:
            RegistrationOpen: Registration has not ended.
            NodeLied: The voters that the node tells of are not those on the roll.
        """
        from crmdapp.ballots.errors import RegistrationOpen

        settings = self.elections.election(election)
        until = settings.windows.registration_until
        if self.connection.block_timestamp() <= until:
            raise RegistrationOpen(election, until)
        receipts: list[Receipt] = []
        for call in self.freeze_calls(election):
            key = f"freeze:{keccak(call.data + bytes.fromhex(self.contract.address[2:])).hex()}"
            try:
                sent = self.sender.send(call, key=key, again_if_reverted=True)
                receipts.append(self.sender.wait(sent))
            except RollChunkKnown:
                continue
            if progress is not None:
                progress(len(receipts))
        return receipts

    def freeze_call(self, election: int, precinct: int, chunk: int, voters: bytes) -> Call:
        """Return the call that writes one chunk down, not sent."""
        return self.contract.call("freeze", election, precinct, chunk, voters)

    def freeze_calls(self, election: int) -> Iterator[Call]:
        """Yield the calls of :meth:`freeze`: one for each chunk that is not written down yet.

        Raises:
            NodeLied: The voters that the node tells of are not those on the roll.
        """
        for precinct in range(self.elections.election(election).precincts):
            kept: Sequence[str] = self.contract.read("chunksOf", election, precinct)
            if ZERO_ADDRESS not in kept:
                continue
            chunks = roll_chunks(self.voters(election, precinct))
            for chunk, voters in enumerate(chunks):
                if kept[chunk] == ZERO_ADDRESS:
                    yield self.freeze_call(election, precinct, chunk, voters)

    # ----------------------------------------------------------------- looking

    def voters(self, election: int, precinct: int) -> tuple[str, ...]:
        """Return the voters of a precinct in order, from the events, checked against the roll.

        Raises:
            NodeLied: What the node tells does not come out at the roll's hash and count.
        """
        last = self.connection.block_number()
        found: list[str] = []
        for log in self.registered(election, precinct=precinct, to_block=last):
            event: Any = log.event
            if event.index != len(found):
                raise _roll_lie(election, precinct, f"Voter {len(found)} is missing.")
            found.append(event.voter)
        count = self.contract.read("countOf", election, precinct, block=last)
        stated = self.contract.read("rollHashOf", election, precinct, block=last)
        if count != len(found) or stated != roll_hash(found):
            why = f"The roll has {count:,} voters; the events name {len(found):,}, or others."
            raise _roll_lie(election, precinct, why)
        return tuple(found)

    def registered(
        self, election: int, *, to_block: int | str = "latest", **indexed: int
    ) -> Iterator[DecodedLog]:
        """Yield the registrations of an election in order; ``precinct`` narrows them down."""
        first = self.elections.created(election).block
        return self.events(
            "VoterRegistered", from_block=first, to_block=to_block, election=election, **indexed
        )

    def chunks(self, election: int, precinct: int) -> tuple[str, ...]:
        """Return the contracts whose code keeps a precinct; the zero address where one is missing.

        Each keeps 1,228 voters, the last one those who are left.
        """
        return tuple(self.contract.read("chunksOf", election, precinct))

    def chunk(self, election: int, precinct: int, chunk: int) -> tuple[str, ...]:
        """Return the voters in one chunk of the frozen roll, from its code.

        Raises:
            RollChunkUnknown: There is no such chunk, or it is not frozen.
            NodeLied: The code holds something else than addresses.
        """
        from crmdapp.ballots.errors import RollChunkUnknown
        from crmdapp.chain.addresses import checksum

        kept = self.chunks(election, precinct)
        if chunk >= len(kept) or kept[chunk] == ZERO_ADDRESS:
            raise RollChunkUnknown(election, precinct, chunk)
        code = self.connection.code(kept[chunk])[1:]
        if not code or len(code) % 20 or len(code) > 20 * CHUNK_VOTERS:
            raise _roll_lie(election, precinct, f"Chunk {chunk} is no list of addresses.")
        return tuple(checksum("0x" + code[at : at + 20].hex()) for at in range(0, len(code), 20))

    def count(self, election: int, precinct: int) -> int:
        """Return how many voters a precinct has."""
        count: int = self.contract.read("countOf", election, precinct)
        return count

    def roll_hash(self, election: int, precinct: int) -> bytes:
        """Return the running hash over a precinct's voters, 32 bytes."""
        found: bytes = self.contract.read("rollHashOf", election, precinct)
        return found

    def entry(self, election: int, nullifier: bytes) -> RollEntry:
        """Return where a nullifier stands on the roll of an election."""
        return RollEntry(*self.contract.read("entryOf", election, nullifier))

    def voter(self, election: int, precinct: int, index: int) -> str:
        """Return a voter from the frozen roll.

        Raises:
            RollPlaceUnknown: No frozen roll has such a place.
        """
        found: str = self.contract.read("voterAt", election, precinct, index)
        return found

    def is_frozen(self, election: int) -> bool:
        """Return whether registration has ended and every voter is written down."""
        frozen: bool = self.contract.read("isFrozen", election)
        return frozen


def _roll_lie(election: int, precinct: int, why: str) -> NodeLied:
    return NodeLied(
        f"The node misstates the roll of election {election}, precinct {precinct}.",
        why=why,
        hint="Ask another node, one that keeps all events.",
    )
