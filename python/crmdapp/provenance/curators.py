"""The board of curators from Python: who they are, what they decide, and how."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from crmdapp.chain.addresses import require_address
from crmdapp.chain.client import ContractClient
from crmdapp.chain.errors import IntentExpired, IntentSignatureInvalid
from crmdapp.errors import UsageError, VerificationFailed
from crmdapp.provenance.board_calls import BoardCalls
from crmdapp.provenance.board_intents import board_domain
from crmdapp.provenance.errors import BoardChangeStale, CaseUnknown, CuratorOnly, VoteMismatch
from crmdapp.provenance.events import ArtworkSubmitted, BoardChanged, CaseOpened
from crmdapp.provenance.models import BoardState, CaseStatus, CuratorCase, Ground

if TYPE_CHECKING:
    from crmdapp.chain.transactions import Receipt
    from crmdapp.chain.typed_data import Domain
    from crmdapp.provenance.artwork_intents import Artwork
    from crmdapp.provenance.board_intents import BoardChange, SignedChangeApproval
    from crmdapp.provenance.votes import Ballot


@dataclass(frozen=True, slots=True)
class BoardRules:
    """What a board promised when it was made, for ever.

    Attributes:
        bond: Wei that opening or defending a case costs until it is concluded.
        commit_period: Seconds in which votes are committed.
        reveal_period: Seconds in which they are shown.
        notice: Seconds for which the standards before the current ones are accepted too.
        near_distance: Bits in which perceptual hashes of near-duplicates may differ.
    """

    bond: int
    commit_period: int
    reveal_period: int
    notice: int
    near_distance: int


class BoardClient(ContractClient):
    """The CuratorBoard, seen and used by one account.

    Methods that send take an idempotency ``key``, simulate before they send, and raise what
    :class:`~crmdapp.chain.client.ContractClient` says besides what each names.

    Source: contracts/provenance/ICuratorBoard.sol.
    """

    CONTRACT = "CuratorBoard"

    @cached_property
    def prepare(self) -> BoardCalls:
        """The same transactions, checked and encoded but not sent."""
        return BoardCalls(self.contract)

    @cached_property
    def domain(self) -> Domain:
        """What curators sign for."""
        return board_domain(self.connection.chain_id, self.contract.address)

    @cached_property
    def rules(self) -> BoardRules:
        """What the board promised when it was made."""
        names = ("BOND", "COMMIT_PERIOD", "REVEAL_PERIOD", "NOTICE", "NEAR_DISTANCE")
        return BoardRules(*(self.contract.read(name) for name in names))

    # ----------------------------------------------------------------- the board

    def change(
        self,
        change: BoardChange,
        approvals: Sequence[SignedChangeApproval],
        *,
        key: str | None = None,
    ) -> Receipt:
        """Carry out a change that more than half of the curators signed. Anyone may.

        Raises:
            BoardChangeStale: The board changed since it was signed.
            ApprovalsMissing: Too few signed.
            CuratorsUnordered: A curator signed twice.
            IntentSignatureInvalid: One did not sign what it says.
            IntentExpired: An approval is past its deadline.
        """
        epoch = self.state().epoch
        if change.epoch != epoch:
            raise BoardChangeStale(change.epoch, epoch)
        self._require_signed(approvals)
        return self.send(self.prepare.change(change, approvals), key=key)

    # ----------------------------------------------------------------- cases

    def submit(self, artwork: Artwork, *, key: str | None = None) -> bytes:
        """Ask the curators for a vote on a work of the sender's, and return the case.

        Raises:
            SubmissionArtistOnly: The sender is not the artist.
            CaseOpenedBefore: It was submitted before.
        """
        receipt = self.send(self.prepare.submit(artwork, self.rules.bond), key=key)
        return self.case_in(receipt)

    def challenge(
        self,
        id_: int,
        ground: Ground,
        *,
        earlier_id: int = 0,
        evidence_hash: bytes = bytes(32),
        key: str | None = None,
    ) -> bytes:
        """Challenge a record, and return the case.

        Args:
            id_: The work.
            ground: Why.
            earlier_id: For a near-duplicate the earlier token; else 0 or any that matters.
            evidence_hash: keccak256 of the evidence, which the sender publishes.
            key: Idempotency key.

        Raises:
            ChallengeUnfounded: The cited work is no earlier one whose hash is near.
            CaseOpenedBefore: The work is challenged on this ground.
        """
        call = self.prepare.challenge(id_, ground, earlier_id, evidence_hash, self.rules.bond)
        return self.case_in(self.send(call, key=key))

    def case_in(self, receipt: Receipt) -> bytes:
        """Return the case whose opening a receipt tells of.

        Raises:
            VerificationFailed: It tells of none, or of several.
        """
        opened = [event.case_id for event in receipt.events_of(CaseOpened)]
        opened += [event.case_id for event in receipt.events_of(ArtworkSubmitted)]
        if len(opened) != 1:
            raise VerificationFailed(f"{receipt.hash} opened {len(opened)} cases, not one.")
        return opened[0]

    def defend(self, case_id: bytes, *, key: str | None = None) -> Receipt:
        """Stand up for a record with an equal bond: its artist or owner, while votes are committed.

        Raises:
            CaseDefenderOnly: The sender is neither.
            CaseDefendedBefore: Somebody did.
            CaseStepClosed: It is too late.
        """
        return self.send(self.prepare.defend(case_id, self.rules.bond), key=key)

    def commit_vote(self, ballot: Ballot, *, key: str | None = None) -> Receipt:
        """Commit a vote; write the ballot to its file before.

        Raises:
            CuratorOnly: The sender is no curator.
            CasePartial: The sender is a party to the case.
            VoteCommittedBefore: The sender voted.
            CaseStepClosed: It is too late.
        """
        self._require_own(ballot)
        if not self.is_curator(ballot.curator):
            raise CuratorOnly(ballot.curator)
        return self.send(self.prepare.commit_vote(ballot), key=key)

    def reveal_vote(self, ballot: Ballot, *, key: str | None = None) -> Receipt:
        """Show the vote that the sender committed.

        Raises:
            VoteMismatch: It is not the one that was committed, or was shown before.
            CaseStepClosed: Votes are not shown now.
        """
        self._require_own(ballot)
        if key is None and self.commitment(ballot.case_id, ballot.curator) != ballot.commitment:
            raise VoteMismatch(ballot.case_id, ballot.curator)
        return self.send(self.prepare.reveal_vote(ballot), key=key)

    def conclude(self, case_id: bytes, *, key: str | None = None) -> CaseStatus:
        """Count the votes of a case, and return what came of it. Anyone may.

        Raises:
            CaseStepClosed: Votes may still be committed or shown.
            CaseConcludedBefore: It is over.
        """
        self.send(self.prepare.conclude(case_id), key=key)
        return self.case(case_id).status

    # ----------------------------------------------------------------- reading

    def state(self) -> BoardState:
        """Return the board as it is."""
        return BoardState(*self.contract.read("state"))

    def is_curator(self, account: str) -> bool:
        """Return whether an account is a curator now."""
        found: bool = self.contract.read("isCurator", require_address(account))
        return found

    def curators(self, to_block: int | str = "latest") -> tuple[str, ...]:
        """Return the curators as of a block, by rising address, from the board's events."""
        named: set[str] = set()
        for log in self.events("BoardChanged", to_block=to_block):
            assert isinstance(log.event, BoardChanged)
            named = (named - set(log.event.dismissed)) | set(log.event.admitted)
        return tuple(sorted(named, key=lambda account: int(account, 16)))

    def standards_hash(self, version: int) -> bytes:
        """Return keccak256 of the standards of a version; zeros if there is none."""
        found: bytes = self.contract.read("standardsHashOf", version)
        return found

    def case(self, case_id: bytes) -> CuratorCase:
        """Return a case as it stands.

        Raises:
            CaseUnknown: There is no such case.
        """
        found = self.contract.read("caseOf", case_id)
        if found.status == CaseStatus.NONE:
            raise CaseUnknown(case_id)
        return CuratorCase(
            opener=found.opener,
            opened_at=found.openedAt,
            ayes=found.ayes,
            noes=found.noes,
            ground=Ground(found.ground),
            status=CaseStatus(found.status),
            is_defended=found.isDefended,
        )

    def challenged(self, case_id: bytes) -> int:
        """Return the work that a case challenges; 0 of a submission."""
        found: int = self.contract.read("challengedOf", case_id)
        return found

    def open_cases(self, id_: int, *, block: int | str = "latest") -> dict[Ground, bytes]:
        """Return the open challenges of a work by their ground, as of a block."""
        grounds = [ground for ground in Ground if ground > Ground.SUBMISSION]
        found = {
            ground: self.contract.read("openCaseOf", id_, ground, block=block) for ground in grounds
        }
        return {ground: case_id for ground, case_id in found.items() if any(case_id)}

    def submitted(self, case_id: bytes) -> Artwork:
        """Return the work that an open submission is about, from the board's events.

        Raises:
            CaseUnknown: There is no such submission.
        """
        from crmdapp.provenance.artwork_intents import Artwork

        for log in self.events("ArtworkSubmitted", caseId=case_id):
            assert isinstance(log.event, ArtworkSubmitted)
            artwork = Artwork(*log.event.artwork)
            if artwork.struct_hash() == case_id:  # what the case is named by
                return artwork
        raise CaseUnknown(case_id)

    def commitment(self, case_id: bytes, curator: str) -> bytes:
        """Return a curator's commitment; zeros before it, and after it was shown."""
        found: bytes = self.contract.read("commitmentOf", case_id, require_address(curator))
        return found

    def credit(self, account: str) -> int:
        """Return the wei that an account may withdraw."""
        found: int = self.contract.read("creditOf", require_address(account))
        return found

    # ----------------------------------------------------------------- inside

    def _require_own(self, ballot: Ballot) -> None:
        if ballot.curator != self.sender.address:
            raise UsageError(
                f"The ballot is {ballot.curator}'s, the account is {self.sender.address}.",
                hint="Act with the curator's own key: --account NAME",
            )

    def _require_signed(self, approvals: Sequence[SignedChangeApproval]) -> None:
        now = self.connection.block_timestamp()
        for item in approvals:
            if item.domain != self.domain:
                raise UsageError(f"{item.signer} signed for another board or chain.")
            if item.approval.deadline < now:
                raise IntentExpired(item.approval.deadline, now)
            if not item.signed_by_key() and not self.connection.code(item.signer):
                raise IntentSignatureInvalid(item.signer, item.digest)
