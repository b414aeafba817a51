"""The proof that an interaction is in its log: a file that anybody can check against the chain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crmdapp.chain._signed_json import JsonFields
from crmdapp.chain.merkle import root_of
from crmdapp.customers.heads import HeadProof
from crmdapp.customers.leaves import SEQ_MAX, TIME_MAX, Interaction, read_proof, require_word
from crmdapp.customers.log_models import AnchoredBatch, Batch
from crmdapp.customers.receipts import log_domain
from crmdapp.errors import VerificationFailed

if TYPE_CHECKING:
    from crmdapp.chain.typed_data import Domain


class ProofInvalid(VerificationFailed):
    """A proof does not lead to what is anchored on chain."""


@dataclass(frozen=True, slots=True)
class InteractionProof:
    """An interaction, its way to the root of its batch, and the batch's place in the log.

    Attributes:
        domain: The contract and chain that hold the log.
        log: The log.
        leaf: The interaction's leaf.
        interaction: The interaction; ``None`` if whoever made the proof knows the leaf alone.
        proof: From the leaf to the batch's root, from the bottom up.
        number: The batch's number in the log, from 1.
        previous_head: The log's head before the batch.
        batch: The batch.
        heads: The customer's head as of that batch, with its way to the batch's other root;
            ``None`` if it was left out.
    """

    domain: Domain
    log: bytes
    leaf: bytes
    interaction: Interaction | None
    proof: tuple[bytes, ...]
    number: int
    previous_head: bytes
    batch: Batch
    heads: HeadProof | None = None

    def __post_init__(self) -> None:
        require_word("log", self.log)
        require_word("leaf", self.leaf)

    def check(self, interaction: Interaction | None = None) -> Interaction:
        """Check all that needs no chain; return the interaction that is proved.

        Args:
            interaction: The interaction, for a proof that knows the leaf alone. A hash is no proof
                by itself: it may as well be a node between two leaves and the root.

        Raises:
            ProofInvalid: Something in it does not lead to the batch's roots.
        """
        stated = self.interaction if interaction is None else interaction
        if stated is None:
            raise ProofInvalid(
                "The proof shows a hash and not the interaction that it stands for.",
                hint="Give the receipt with its contents, too.",
            )
        if (stated.log, stated.leaf) != (self.log, self.leaf):
            raise ProofInvalid("The proof is of another interaction.")
        if root_of(self.leaf, self.proof) != self.batch.leaves_root:
            raise ProofInvalid(
                "The proof does not lead to the batch's root.",
                why="The interaction is not in this batch, or one of the two was altered.",
            )
        if self.heads is not None:
            self._check_heads(self.heads, stated)
        return stated

    def verify(
        self, batches: Sequence[AnchoredBatch], interaction: Interaction | None = None
    ) -> AnchoredBatch:
        """Check the proof against a log's batches and return the one that holds the interaction.

        Args:
            batches: From :meth:`crmdapp.customers.interaction_log.LogClient.batches`.
            interaction: As in :meth:`check`.

        Raises:
            ProofInvalid: It proves nothing.
        """
        stated = self.check(interaction)
        if not 1 <= self.number <= len(batches):
            raise ProofInvalid(
                f"The log has {len(batches):,} batches, the proof is about number {self.number:,}.",
                hint="If it was anchored a moment ago, ask again when the block is in.",
            )
        found = batches[self.number - 1]
        if (found.batch, found.previous_head) != (self.batch, self.previous_head):
            raise ProofInvalid(
                f"Batch {self.number:,} of the log is another one on chain.",
                why="A root, the count, the time or the head before it differs.",
            )
        if not found.first_seq <= stated.seq <= found.last_seq:
            raise ProofInvalid(
                f"The interaction calls itself number {stated.seq:,} of the log.",
                why=f"Its batch holds {found.first_seq:,} to {found.last_seq:,}.",
            )
        return found

    def _check_heads(self, heads: HeadProof, stated: Interaction) -> None:
        entry = heads.entry
        if entry.log != self.log or heads.root != self.batch.heads_root:
            raise ProofInvalid("The customer's head is not in the batch's tree of heads.")
        if entry.pseudonym != stated.pseudonym or entry.customer_seq < stated.customer_seq:
            raise ProofInvalid(
                "The batch's tree of heads leaves the interaction out.",
                why="The customer's head in it is older, or it is somebody else's.",
            )
        if entry.customer_seq == stated.customer_seq and entry.head != self.leaf:
            raise ProofInvalid(
                "The batch holds two interactions at one place of the customer's sequence.",
                hint="Show both to the company, and to whoever relies on its log.",
            )

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON data."""
        data: dict[str, Any] = {
            "chainId": self.domain.chain_id,
            "contract": self.domain.verifying_contract,
            "log": "0x" + self.log.hex(),
            "leaf": "0x" + self.leaf.hex(),
            "proof": ["0x" + node.hex() for node in self.proof],
            "batch": {
                "number": self.number,
                "previousHead": "0x" + self.previous_head.hex(),
                "leavesRoot": "0x" + self.batch.leaves_root.hex(),
                "headsRoot": "0x" + self.batch.heads_root.hex(),
                "count": self.batch.count,
                "anchoredAt": self.batch.anchored_at,
            },
        }
        if self.interaction is not None:
            data["interaction"] = self.interaction.to_json()
        if self.heads is not None:
            data["heads"] = self.heads.to_json()
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str | bytes) -> InteractionProof:
        """Return the proof that :meth:`to_json` gave.

        Raises:
            UsageError: It is none; the message names the field.
        """
        fields = JsonFields.parse(data, "proof of an interaction")
        batch = fields.inner("batch")
        interaction = None
        if fields.has("interaction"):
            interaction = Interaction.from_json(fields.inner("interaction"))
        return cls(
            domain=log_domain(fields.whole("chainId"), fields.address("contract")),
            log=fields.word("log"),
            leaf=fields.word("leaf"),
            interaction=interaction,
            proof=read_proof(fields),
            number=batch.whole("number", SEQ_MAX),
            previous_head=batch.word("previousHead"),
            batch=Batch(
                leaves_root=batch.word("leavesRoot"),
                heads_root=batch.word("headsRoot"),
                count=batch.whole("count", SEQ_MAX),
                anchored_at=batch.whole("anchoredAt", TIME_MAX),
            ),
            heads=HeadProof.from_json(fields.inner("heads")) if fields.has("heads") else None,
        )
