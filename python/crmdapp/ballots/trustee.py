"""What a trustee has to do next in a ceremony, and proof that its key file is the right one.

A trustee's part is a function of the public record and of its key file: :func:`next_duty` needs no
network, so the key file can stay on a machine that has none. What comes out is public and can be
carried to one that has (:mod:`crmdapp.ballots.trustee_messages`), where it is posted
(:mod:`crmdapp.ballots.trustee_posting`).
"""

from __future__ import annotations

from dataclasses import dataclass

from crmdapp.ballots.ceremony import open_share, trustee_secret
from crmdapp.ballots.ceremony_faults import CeremonyMessageStale, DealCommitmentForeign
from crmdapp.ballots.ceremony_record import CheckedRound, check_round
from crmdapp.ballots.ceremony_rounds import CeremonyRecord, RoundRecord
from crmdapp.ballots.deal import deal_commitment
from crmdapp.ballots.faults import CeremonyIncomplete, DealShareWrong
from crmdapp.ballots.group import encode_point
from crmdapp.ballots.models import CeremonyStep
from crmdapp.ballots.trustee_duties import (
    CommitDeal,
    Complaints,
    DealComplaint,
    Duty,
    Finalise,
    Nothing,
    PostDeal,
    RegisterKey,
    Restart,
)
from crmdapp.ballots.trustee_key import TrusteeKey


@dataclass(frozen=True, slots=True)
class BackupTest:
    """What a key file was shown to be good for.

    Attributes:
        index: The trustee's index.
        round: The round of the ceremony.
        key: E_j, 96 bytes: the file makes the key that the trustee registered.
        deal: Whether it makes the deal that the trustee committed to; ``None`` if there is none. It
            is a matter of the key's making alone: a trustee with another deal can decrypt.
        wrong_deals: Dealers who gave the trustee a wrong share.
        share: Y_j, 96 bytes: it opens the trustee's share of the joint key; empty before there is
            one.
    """

    index: int
    round: int
    key: bytes
    deal: bool | None
    wrong_deals: tuple[int, ...]
    share: bytes


def next_duty(
    record: CeremonyRecord,
    key: TrusteeKey,
    index: int,
    now: int | None = None,
    *,
    unsigned: bool = False,
) -> Duty:
    """Return what trustee ``index`` has to do next.

    Args:
        record: The ceremony so far.
        key: The trustee's key file, opened.
        index: The trustee's index, from 1.
        now: The chain's time, Unix seconds; that of the record by default.
        unsigned: Take messages whose sender only the node vouches for.

    Raises:
        CeremonyMessageStale: The record was read in an earlier window: messages may be missing.
        TrusteeKeyForeign: The trustee registered another key than this file's.
        DealCommitmentForeign: It is committed to another deal than this file makes.
        CeremonySignatureWrong: Nothing shows that a trustee posted what it is said to have.
        VerificationFailed: A message does not hold; see :func:`check_round`.
        UsageError: There is no such trustee.
    """
    record.account(index)
    step = record.step_at(record.at)
    if now is not None and record.step_at(max(now, record.at)) != step:
        raise CeremonyMessageStale(
            f"The record was read in the window of {step.name.lower()}, which is over.",
            why="What was posted since is not in it.",
            hint="Export the record anew: crmdapp elections ceremony export NUMBER --out FILE",
        )
    checked = check_round(record)
    if not unsigned:
        checked.require_signed()
    if index in record.current.keys:
        _require_own(key, checked, index)
    return _Trustee(record, checked, key, index).duty(step)


def backup_test(key: TrusteeKey, record: CeremonyRecord, index: int) -> BackupTest:
    """Show that a key file, such as one put back from a backup, is that of a trustee.

    Once there is a joint key it is shown that the file opens x_j with x_j G = Y_j: that the trustee
    can decrypt.

    Args:
        key: The key file, opened.
        record: The ceremony so far.
        index: The trustee's index, from 1.

    Raises:
        CeremonyIncomplete: The trustee has registered no key in this round.
        TrusteeKeyForeign: It registered another key.
        DealShareWrong: A dealer lied, nobody complained, and the share is lost.
        VerificationFailed: A message does not hold; see :func:`check_round`.
    """
    record.account(index)
    checked = check_round(record)
    E = checked.keys[index - 1]
    if E is None:
        raise CeremonyIncomplete(
            f"Trustee {index} has registered no key in round {record.current.number}.",
            hint="There is nothing yet that the file could be compared with.",
        )
    trustee = _Trustee(record, checked, key, index)
    _require_own(key, checked, index)
    has_deal = index in record.current.commitments
    share = b""
    if checked.joint is not None:
        secret_of(key, checked, index)
        share = encode_point(checked.joint.Y[index])
    return BackupTest(
        index,
        record.current.number,
        encode_point(E),
        trustee.is_own_deal() if has_deal else None,
        trustee.wrong_deals(),
        share,
    )


def secret_of(key: TrusteeKey, checked: CheckedRound, index: int) -> int:
    """Return x_j, a trustee's share of the joint key, with x_j G = Y_j checked.

    Raises:
        CeremonyIncomplete: There is no joint key, or the trustee has no key in its round.
        TrusteeKeyForeign: The key file is not the trustee's.
        DealShareWrong: A dealer lied and nobody complained.
    """
    if checked.joint is None:
        raise CeremonyIncomplete("There is no joint key yet.")
    if checked.keys[index - 1] is None:
        raise CeremonyIncomplete(
            f"Trustee {index} registered no key in time, so nobody gave it a share."
        )
    _require_own(key, checked, index)
    return trustee_secret(checked.left, index, key.secret(checked.ceremony, index), checked.joint)


def _require_own(key: TrusteeKey, checked: CheckedRound, index: int) -> None:
    E = checked.keys[index - 1]
    assert E is not None  # the callers looked
    key.require_own(checked.ceremony, index, E)


@dataclass(frozen=True, slots=True)
class _Trustee:
    """One trustee with its key, before a checked round."""

    record: CeremonyRecord
    checked: CheckedRound
    key: TrusteeKey
    index: int

    @property
    def posted(self) -> RoundRecord:
        return self.record.current

    @property
    def place(self) -> tuple[int, str, int, int, int]:
        record = self.record
        return (record.chain_id, record.board, record.election, self.posted.number, self.index)

    def duty(self, step: CeremonyStep) -> Duty:
        windows = self.record.windows_of(self.posted)
        if step is CeremonyStep.KEYS:
            return self._key(windows.keys_until + 1)
        if step is CeremonyStep.COMMITMENTS:
            return self._commitment(windows.commitments_until + 1)
        if step is CeremonyStep.DEALS:
            return self._deal(windows.deals_until + 1)
        if step is CeremonyStep.COMPLAINTS:
            return self._complaints(windows.complaints_until + 1)
        if step is CeremonyStep.FINALISATION:
            left = (deal.dealer for deal in self.checked.left)
            return Finalise(*self.place, {i: self.posted.deals[i].body for i in left})
        if step is CeremonyStep.SHORT:
            return Restart(*self.place)
        if step is CeremonyStep.FINAL:
            return self._nothing("The key is made. Test the backup, then wait for the close.")
        return self._nothing("The election should have opened before there was a key: it is over.")

    def deal(self) -> bytes:
        """Return the trustee's deal, if it is the one that it committed to.

        Raises:
            DealCommitmentForeign: It is not.
        """
        if not self.is_own_deal():
            raise DealCommitmentForeign(
                f"Trustee {self.index} is committed to another deal than this key file makes.",
                dealer=self.index,
                why="Another key file made it, or the record of the keys was another one then.",
                hint="Ask another node. If that says the same, this trustee can deal no more in"
                " this round; its share is not affected.",
            )
        return self._made()

    def is_own_deal(self) -> bool:
        """Return whether the trustee is committed to the deal that its key file makes."""
        committed = self.posted.commitments[self.index].body
        return committed == deal_commitment(self.checked.ceremony, self.index, self._made())

    def wrong_deals(self) -> tuple[int, ...]:
        """Return the dealers, among those that count, who gave this trustee a wrong share."""
        secret = self.key.secret(self.checked.ceremony, self.index)
        wrong = []
        for deal in self.checked.left:
            try:
                open_share(deal, self.index, secret)
            except DealShareWrong:
                wrong.append(deal.dealer)
        return tuple(wrong)

    def _made(self) -> bytes:
        record, checked = self.record, self.checked
        account = record.account(self.index)
        return self.key.deal(checked.ceremony, self.index, account, record.threshold, checked.keys)

    def _key(self, until: int) -> Duty:
        if self.index in self.posted.keys:
            return self._nothing("The key is registered. The others have time still.", until)
        account = self.record.account(self.index)
        message = self.key.key_message(self.checked.ceremony, self.index, account)
        return RegisterKey(*self.place, message)

    def _commitment(self, until: int) -> Duty:
        if self.index not in self.posted.keys:
            return self._left_out("registered no key")
        if self.index in self.posted.commitments:
            self.deal()
            return self._nothing("The commitment is posted. The others have time still.", until)
        commitment = deal_commitment(self.checked.ceremony, self.index, self._made())
        return CommitDeal(*self.place, commitment)

    def _deal(self, until: int) -> Duty:
        if self.index not in self.posted.commitments:
            return self._left_out("committed to no deal")
        deal = self.deal()
        if self.index in self.posted.deals:
            return self._nothing("The deal is posted. The others have time still.", until)
        return PostDeal(*self.place, deal)

    def _complaints(self, until: int) -> Duty:
        E = self.checked.keys[self.index - 1]
        if E is None:
            return self._left_out("registered no key")
        wrong = self.wrong_deals()
        if not wrong:
            return self._nothing("All shares are right: there is nothing to complain of.", until)
        complaints = tuple(
            DealComplaint(
                i, self.posted.deals[i].body, self.key.complaint(self.checked.deals[i], self.index)
            )
            for i in wrong
        )
        return Complaints(*self.place, encode_point(E), complaints)

    def _left_out(self, what: str) -> Nothing:
        return self._nothing(f"Trustee {self.index} {what} in time and has no part in this step.")

    def _nothing(self, reason: str, until: int = 0) -> Nothing:
        return Nothing(*self.place, reason=reason, until=until)
