"""The board of trustees from Python: the messages of the ceremony, and what was posted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from crmdapp.ballots._client import BallotsClient
from crmdapp.ballots.ceremony import KEY_MESSAGE_BYTES
from crmdapp.ballots.elections import ElectionsClient
from crmdapp.ballots.faults import MessageMalformed
from crmdapp.ballots.group import POINT_BYTES, require_length
from crmdapp.ballots.models import Ceremony
from crmdapp.ballots.proofs import KNOWLEDGE_BYTES
from crmdapp.ballots.transcripts import ceremony_context
from crmdapp.chain._keccak import keccak

if TYPE_CHECKING:
    from crmdapp.chain.calls import Call
    from crmdapp.chain.decode import DecodedLog
    from crmdapp.chain.transactions import Receipt

_DEAL_HEAD = POINT_BYTES + 2 * KNOWLEDGE_BYTES

STEPS = (
    "TrusteeKeyRegistered",
    "DealCommitted",
    "DealPosted",
    "ComplaintJudged",
    "CeremonyRestarted",
    "CeremonyFinalised",
)
"""Events of a ceremony."""


class BoardClient(BallotsClient):
    """The ceremonies of all elections, seen and joined by one account.

    Methods that send take an idempotency ``key``. Whatever comes early or late is refused as
    ``CeremonyStepInvalid``, what comes from another account than the trustee's as
    ``TrusteeInvalid``.

    Source: contracts/ballots/ITrusteeBoard.sol.
    """

    CONTRACT = "TrusteeBoard"

    @cached_property
    def elections(self) -> ElectionsClient:
        """The elections whose trustees meet here."""
        return self._named(ElectionsClient, "ELECTIONS")

    # ----------------------------------------------------------------- posting

    def register_key(
        self, election: int, index: int, message: bytes, *, key: str | None = None
    ) -> Receipt:
        """Register the sender's key for this round.

        Args:
            election: The election.
            index: The sender's, from 1.
            message: E || A || z, 224 bytes (:func:`crmdapp.ballots.key_message`).
            key: Idempotency key.

        Raises:
            TrusteeKeyRegisteredBefore: The trustee has a key in this round.
            KnowledgeProofInvalid: The proof does not hold.
        """
        return self.send(self.register_key_call(election, index, message), key=key)

    def register_key_call(self, election: int, index: int, message: bytes) -> Call:
        """Return the call of :meth:`register_key`, not sent."""
        require_length(message, KEY_MESSAGE_BYTES, "key message")
        parts = message[:POINT_BYTES], message[POINT_BYTES:]
        return self.contract.call("registerKey", election, index, *parts)

    def commit_deal(
        self, election: int, dealer: int, commitment: bytes, *, key: str | None = None
    ) -> Receipt:
        """Commit the sender to a deal.

        Args:
            election: The election.
            dealer: The sender's index, from 1.
            commitment: 32 bytes (:func:`crmdapp.ballots.deal_commitment`).
            key: Idempotency key.

        Raises:
            DealCommittedBefore: The dealer is committed to a deal.
            TrusteeKeyMissing: The dealer registered no key in this round.
        """
        return self.send(self.commit_deal_call(election, dealer, commitment), key=key)

    def commit_deal_call(self, election: int, dealer: int, commitment: bytes) -> Call:
        """Return the call of :meth:`commit_deal`, not sent."""
        return self.contract.call("commitDeal", election, dealer, commitment)

    def post_deal(
        self, election: int, dealer: int, deal: bytes, *, key: str | None = None
    ) -> Receipt:
        """Post the deal that the sender committed to.

        Raises:
            DealMissing: The dealer committed to none.
            DealPostedBefore: It was posted before.
            DealMismatch: The dealer committed to another one.
            DealLengthInvalid: It has another length than a deal of this election.
            DealShareUnexpected: It has a share for a trustee who has no key.
            KnowledgeProofInvalid: A proof does not hold.
        """
        return self.send(self.post_deal_call(election, dealer, deal), key=key)

    def post_deal_call(self, election: int, dealer: int, deal: bytes) -> Call:
        """Return the call of :meth:`post_deal`, not sent."""
        return self.contract.call("postDeal", election, dealer, deal)

    def complain(
        self,
        election: int,
        index: int,
        dealer: int,
        *,
        trustee_key: bytes,
        deal: bytes,
        complaint: bytes,
        key: str | None = None,
    ) -> Receipt:
        """Show that a dealer gave the sender a wrong share; if it is right, the sender is excluded.

        Args:
            election: The election.
            index: The sender's, from 1.
            dealer: Whose deal it is about.
            trustee_key: The sender's E_j, 96 bytes.
            deal: The deal as it was posted.
            complaint: 416 bytes (:func:`crmdapp.ballots.complain`).
            key: Idempotency key.

        Raises:
            DealMissing: The dealer posted none, or it is excluded.
            DealMismatch: The dealer posted another one.
            TrusteeKeyMismatch: The trustee registered another key.
            ComplaintInvalid: Its proof or its defect does not hold.
        """
        call = self.complain_call(
            election, index, dealer, trustee_key=trustee_key, deal=deal, complaint=complaint
        )
        return self.send(call, key=key)

    def complain_call(
        self,
        election: int,
        index: int,
        dealer: int,
        *,
        trustee_key: bytes,
        deal: bytes,
        complaint: bytes,
    ) -> Call:
        """Return the call of :meth:`complain`, not sent."""
        messages = (trustee_key, deal, complaint)
        return self.contract.call("complain", election, index, dealer, *messages)

    def finalise(
        self, election: int, deals: Mapping[int, bytes], *, key: str | None = None
    ) -> Receipt:
        """Make the key of the deals that are left; anyone may.

        Args:
            election: The election.
            deals: Each deal as it was posted, by its dealer.
            key: Idempotency key.

        Raises:
            DealLengthInvalid: They are not as many as are left.
            DealMismatch: A dealer posted another one.
            MessageMalformed: One is shorter than a deal of this election.
        """
        return self.send(self.finalise_call(election, deals), key=key)

    def finalise_call(self, election: int, deals: Mapping[int, bytes]) -> Call:
        """Return the call of :meth:`finalise`, not sent.

        Raises:
            MessageMalformed: A deal is shorter than one of this election.
        """
        end = _DEAL_HEAD + POINT_BYTES * self.elections.election(election).threshold
        data = b""
        for dealer, deal in sorted(deals.items()):
            if len(deal) < end:
                raise MessageMalformed(f"The deal of dealer {dealer} is cut off.")
            data += deal[_DEAL_HEAD:end] + keccak(deal)
        return self.contract.call("finalise", election, data)

    def restart(self, election: int, *, key: str | None = None) -> Receipt:
        """Begin a new round, because too few deals can be left; anyone may.

        Raises:
            CeremonyRestartLate: It would end after the election opens.
        """
        return self.send(self.restart_call(election), key=key)

    def restart_call(self, election: int) -> Call:
        """Return the call of :meth:`restart`, not sent."""
        return self.contract.call("restart", election)

    # ----------------------------------------------------------------- looking

    def ceremony(self, election: int, *, block: int | str = "latest") -> Ceremony:
        """Return a ceremony as it stands.

        Raises:
            ElectionUnknown: There is no such election.
        """
        return Ceremony.of(self.contract.read("ceremonyOf", election, block=block))

    def context(self, election: int, round: int | None = None) -> bytes:  # noqa: A002 - the contract's word
        """Return CEREMONY of a round, 32 bytes; computed here.

        Args:
            election: The election.
            round: The round, from 0; the current one by default.
        """
        return ceremony_context(
            chain_id=self.connection.chain_id,
            board=self.contract.address,
            election=election,
            round=self.ceremony(election).round if round is None else round,
        )

    def is_final(self, election: int) -> bool:
        """Return whether an election has its key."""
        final: bool = self.contract.read("isFinal", election)
        return final

    def key(self, election: int) -> bytes:
        """Return K as the board has it, 96 bytes; voters derive it from the events instead.

        Raises:
            CeremonyNotFinal: There is none yet.
        """
        found: bytes = self.contract.read("keyOf", election)
        return found

    def verification_key(self, election: int, index: int) -> bytes:
        """Return Y_j, the key of what a trustee holds, 96 bytes.

        Raises:
            CeremonyNotFinal: There is none yet.
        """
        found: bytes = self.contract.read("verificationKeyOf", election, index)
        return found

    # ----------------------------------------------------------------- events

    def steps(self, election: int, *, to_block: int | str = "latest") -> tuple[DecodedLog, ...]:
        """Return all that happened in a ceremony, all rounds, in order."""
        found = [log for name in STEPS for log in self._events(name, to_block, election=election)]
        return tuple(sorted(found, key=lambda log: (log.block, log.log_index)))

    def keys_registered(self, election: int, **indexed: int) -> Iterator[DecodedLog]:
        """Yield the registrations of trustees' keys; ``round`` and ``index`` narrow them down."""
        return self._events("TrusteeKeyRegistered", election=election, **indexed)

    def deals_committed(self, election: int, **indexed: int) -> Iterator[DecodedLog]:
        """Yield the commitments; ``round`` and ``dealer`` narrow them down."""
        return self._events("DealCommitted", election=election, **indexed)

    def deals_posted(self, election: int, **indexed: int) -> Iterator[DecodedLog]:
        """Yield the deals; ``round`` and ``dealer`` narrow them down."""
        return self._events("DealPosted", election=election, **indexed)

    def complaints(self, election: int, **indexed: int) -> Iterator[DecodedLog]:
        """Yield the complaints; ``round`` and ``index`` narrow them down."""
        return self._events("ComplaintJudged", election=election, **indexed)

    def restarts(self, election: int) -> Iterator[DecodedLog]:
        """Yield the beginnings of new rounds."""
        return self._events("CeremonyRestarted", election=election)

    def finalised(self, election: int) -> Iterator[DecodedLog]:
        """Yield the end of the ceremony, if it has ended."""
        return self._events("CeremonyFinalised", election=election)

    def _events(
        self, name: str, to_block: int | str = "latest", **indexed: int
    ) -> Iterator[DecodedLog]:
        first = self.elections.created(indexed["election"]).block
        return self.events(name, from_block=first, to_block=to_block, **indexed)
