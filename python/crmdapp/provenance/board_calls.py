"""Calls of one CuratorBoard, checked and encoded but not sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from crmdapp.chain._whole import require_whole
from crmdapp.chain.addresses import require_address
from crmdapp.errors import UsageError
from crmdapp.provenance.artwork_intents import require_artwork
from crmdapp.provenance.board_intents import in_order, require_board_change
from crmdapp.provenance.errors import ApprovalsMissing, ChallengeGroundInvalid
from crmdapp.provenance.models import ID_MAX, Ground

if TYPE_CHECKING:
    from crmdapp.chain.calls import BoundContract, Call
    from crmdapp.provenance.artwork_intents import Artwork
    from crmdapp.provenance.board_intents import BoardChange, SignedChangeApproval
    from crmdapp.provenance.votes import Ballot

_WORD = 32


class BoardCalls:
    """Calls of one CuratorBoard; each refuses what the contract surely would.

    Args:
        contract: The contract.
    """

    def __init__(self, contract: BoundContract) -> None:
        self._contract = contract

    def change(self, change: BoardChange, approvals: Sequence[SignedChangeApproval]) -> Call:
        """Carry out a change that more than half of the curators signed."""
        require_board_change(change)
        for item in approvals:
            if item.approval.change != change:
                raise UsageError(
                    f"{item.signer} approved another change.",
                    hint="Collect approvals of this very change.",
                )
        if not approvals:
            raise ApprovalsMissing(0, 1)
        return self._contract.call("change", change.values, in_order(approvals))

    def submit(self, artwork: Artwork, bond: int) -> Call:
        """Ask the curators for a vote on a work; the sender is its artist."""
        return self._contract.call("submit", require_artwork(artwork).values, value=bond)

    def challenge(
        self, id_: int, ground: Ground, earlier_id: int, evidence_hash: bytes, bond: int
    ) -> Call:
        """Challenge a record.

        Args:
            id_: The work.
            ground: Why.
            earlier_id: For a near-duplicate the earlier token; else 0 or any that matters.
            evidence_hash: keccak256 of the evidence, which the sender publishes.
            bond: Wei, what the board asks for.
        """
        if ground in (Ground.NONE, Ground.SUBMISSION):
            raise ChallengeGroundInvalid(ground)
        if ground is Ground.NEAR_DUPLICATE and not earlier_id:
            raise UsageError("A near-duplicate cites an earlier work.", hint="Name its id.")
        return self._contract.call(
            "challenge",
            require_whole("id", id_, ID_MAX),
            ground,
            require_whole("earlier id", earlier_id, ID_MAX),
            _word("evidence_hash", evidence_hash),
            value=bond,
        )

    def defend(self, case_id: bytes, bond: int) -> Call:
        """Stand up for a record with an equal bond."""
        return self._contract.call("defend", _word("case_id", case_id), value=bond)

    def commit_vote(self, ballot: Ballot) -> Call:
        """Commit a vote without showing it; the ballot is on the disk."""
        return self._contract.call("commitVote", ballot.case_id, ballot.commitment)

    def reveal_vote(self, ballot: Ballot) -> Call:
        """Show the vote that was committed."""
        return self._contract.call("revealVote", ballot.case_id, ballot.is_aye, ballot.salt)

    def conclude(self, case_id: bytes) -> Call:
        """Count the votes of a case. Anyone."""
        return self._contract.call("conclude", _word("case_id", case_id))

    def claim_reward(self, case_id: bytes) -> Call:
        """Credit the sender's share of the lost bond of a case."""
        return self._contract.call("claimReward", _word("case_id", case_id))

    def withdraw(self, to: str) -> Call:
        """Pay out the sender's bonds and shares."""
        return self._contract.call("withdraw", require_address(to))


def _word(name: str, value: bytes) -> bytes:
    if len(value) != _WORD:
        raise UsageError(f"{name} must have 32 bytes.")
    return value
