"""Open ballots from Python: public votes of communities that need no secrecy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crmdapp.ballots.errors import OpenVoteOptionInvalid
from crmdapp.ballots.events import PollCreated
from crmdapp.ballots.faults import PollForeign
from crmdapp.ballots.weights import Weights
from crmdapp.chain.addresses import require_address
from crmdapp.chain.client import ContractClient
from crmdapp.errors import NodeLied, UsageError

if TYPE_CHECKING:
    from crmdapp.ballots.poll_definition import PollDefinition
    from crmdapp.chain.calls import Call
    from crmdapp.chain.decode import DecodedLog
    from crmdapp.chain.transactions import Receipt

NO_ROOT = bytes(32)
"""In place of a root, where every account has one vote."""


@dataclass(frozen=True, slots=True)
class Poll:
    """A public vote as the chain keeps it.

    Attributes:
        number: From 1.
        definition_hash: keccak256 of the canonical definition, 32 bytes.
        weights_root: Root of the tree of weights; zeros if every account has one vote.
        weights_block: Block whose state the weights come from; 0 without a root.
        opens_at: First second in which votes count, Unix time.
        closes_at: First second in which they do not.
        options: How many there are.
    """

    number: int
    definition_hash: bytes
    weights_root: bytes
    weights_block: int
    opens_at: int
    closes_at: int
    options: int

    @property
    def is_weighted(self) -> bool:
        """Whether votes have the weights of a tree."""
        return self.weights_root != NO_ROOT


class PollsClient(ContractClient):
    """Public votes, seen and cast by one account.

    Source: contracts/ballots/IOpenBallots.sol.
    """

    CONTRACT = "OpenBallots"

    def create(
        self, definition: PollDefinition, weights: Weights | None = None, *, key: str | None = None
    ) -> int:
        """Create a public vote; return its number.

        Args:
            definition: What is asked.
            weights: Of the block that the definition names; only if it names one.
            key: Idempotency key.

        Raises:
            PollWindowInvalid: It would open in the past.
            PollWeightsBlockInvalid: The block of the weights is not over.
            UsageError: Weights are missing, or nobody asked for them.
            NodeLied: The receipt does not tell of the vote.
        """
        receipt = self.send(self.create_call(definition, weights), key=key)
        return self.number_in(receipt)

    def number_in(self, receipt: Receipt) -> int:
        """Return the number of the vote that a transaction created.

        Raises:
            NodeLied: Its receipt does not tell of one.
        """
        for event in receipt.events_of(PollCreated):
            return event.poll
        raise NodeLied("The receipt of the creation does not tell of a poll.")

    def create_call(self, definition: PollDefinition, weights: Weights | None = None) -> Call:
        """Return the call of :meth:`create`, checked, not sent."""
        source = definition.weights
        if (source is None) != (weights is None):
            raise UsageError(
                "The definition asks for weights."
                if source is not None
                else "The definition asks for no weights."
            )
        settings = (
            definition.hash,
            NO_ROOT if weights is None else weights.root,
            0 if source is None else source.block,
            int(definition.opens_at.timestamp()),
            int(definition.closes_at.timestamp()),
            len(definition.options),
        )
        return self.contract.call("create", settings)

    def vote(
        self, poll: int, option: int, weights: Weights | None = None, *, key: str | None = None
    ) -> Receipt:
        """Vote with all the weight of the sender, once; everybody sees how.

        Args:
            poll: The vote.
            option: From 0.
            weights: Those of the vote, if it has any.
            key: Idempotency key.

        Raises:
            PollUnknown: There is no such vote.
            PollNotOpen: It is too early.
            PollClosed: It is too late.
            OpenVoteOptionInvalid: There is no such option.
            OpenVoteCastAlready: The sender has voted.
            WeightMissing: The sender has no weight.
            PollForeign: The weights are those of another vote.
            UsageError: Weights are missing, or the vote has none.
        """
        return self.send(self.vote_call(poll, option, weights), key=key)

    def vote_call(self, poll: int, option: int, weights: Weights | None = None) -> Call:
        """Return the call of :meth:`vote`, checked, not sent."""
        found, voter = self.poll(poll), self.sender.address
        if not 0 <= option < found.options:
            raise OpenVoteOptionInvalid(poll, option)
        if not found.is_weighted:
            if weights is not None:
                raise UsageError(f"Poll {poll} has no weights: every account has one vote.")
            return self.contract.call("vote", poll, option, 1, ())
        self.require_weights(poll, weights)
        assert weights is not None
        proof = weights.proof(voter)
        return self.contract.call("vote", poll, option, weights.weight(voter), proof)

    # ----------------------------------------------------------------- looking

    def count(self) -> int:
        """Return how many votes were created, and so the number of the last."""
        count: int = self.contract.read("pollCount")
        return count

    def poll(self, poll: int) -> Poll:
        """Return a vote's settings.

        Raises:
            PollUnknown: There is none of that number.
        """
        return Poll(poll, *self.contract.read("settingsOf", poll))

    def totals(self, poll: int) -> tuple[int, ...]:
        """Return the weight of each option; final once the vote has closed.

        Raises:
            PollUnknown: There is no such vote.
        """
        return tuple(self.contract.read("totalsOf", poll))

    def has_voted(self, poll: int, voter: str) -> bool:
        """Return whether an account has voted."""
        voted: bool = self.contract.read("hasVoted", poll, require_address(voter))
        return voted

    def votes(self, poll: int) -> Iterator[DecodedLog]:
        """Yield the votes in order: ``voter``, ``option`` and ``weight``."""
        return self.events("OpenVoteCast", poll=poll)

    def require_definition(self, poll: int, definition: PollDefinition) -> None:
        """Check that a definition is that of a vote.

        Raises:
            PollForeign: It is another one.
        """
        if self.poll(poll).definition_hash != definition.hash:
            raise PollForeign(
                f"This is not the definition of poll {poll}.",
                field="definition_hash",
                hint="Use the file that was published for this poll.",
            )

    def require_weights(self, poll: int, weights: Weights | None) -> None:
        """Check that weights are those of a vote.

        Raises:
            PollForeign: They give another root.
            UsageError: There are none.
        """
        found = self.poll(poll)
        if weights is None:
            raise UsageError(
                f"Votes in poll {poll} are weighted.",
                hint=f"Give the weights of block {found.weights_block:,}.",
            )
        if weights.root != found.weights_root:
            raise PollForeign(
                f"These are not the weights of poll {poll}.",
                field="weights_root",
                why=f"They give 0x{weights.root.hex()}, it has 0x{found.weights_root.hex()}.",
                hint=f"Compute them from block {found.weights_block:,}.",
            )
