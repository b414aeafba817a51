"""A trustee's shares of the sums of an election that has closed, and of nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crmdapp.ballots.ceremony_record import check_round
from crmdapp.ballots.ceremony_rounds import CeremonyRecord
from crmdapp.ballots.decryption import partial_decryption
from crmdapp.ballots.elgamal import Ciphertext
from crmdapp.ballots.faults import TurnoutTooLow
from crmdapp.ballots.group import encode_point
from crmdapp.ballots.models import Phase
from crmdapp.ballots.transcripts import shares_context
from crmdapp.ballots.trustee import secret_of
from crmdapp.ballots.trustee_duties import Duty
from crmdapp.ballots.trustee_key import TrusteeKey

if TYPE_CHECKING:
    from crmdapp.ballots.tally import TallyClient


@dataclass(frozen=True, slots=True)
class GroupTask:
    """A group of precincts whose sums are to be decrypted.

    Attributes:
        question: Number of the question.
        group: Number of the group.
        ballots: How many ballots are in each sum.
        sums: One of a choice, one an option of a vector.
    """

    question: int
    group: int
    ballots: int
    sums: tuple[Ciphertext, ...]


@dataclass(frozen=True, slots=True)
class DecryptionTask:
    """All that trustees of an election have to decrypt.

    Attributes:
        tally: Address of the tally.
        minimum: Fewest ballots that are decrypted as one sum.
        groups: Those without counts.
    """

    tally: str
    minimum: int
    groups: tuple[GroupTask, ...]


@dataclass(frozen=True, slots=True)
class GroupShares:
    """A trustee's shares of a group.

    Attributes:
        question: Number of the question.
        group: Number of the group.
        shares: 320 bytes for each sum.
    """

    question: int
    group: int
    shares: bytes


@dataclass(frozen=True, slots=True)
class PostShares(Duty):
    """Post a trustee's shares; anybody may.

    Attributes:
        tally: Address of the tally.
        groups: The shares of each group.
    """

    kind = "shares"

    tally: str
    groups: tuple[GroupShares, ...]


def read_task(tally: TallyClient, election: int, *, index: int = 0) -> DecryptionTask:
    """Return what is to be decrypted: the groups of closed questions that have no counts.

    Args:
        tally: The tally.
        election: The election.
        index: A trustee's, from 1, to leave out what it has posted; 0 leaves out nothing.

    Raises:
        QuestionNotClosed: The election has not closed, or nobody formed the groups.
        NodeLied: What shares are bound to is not what the sums give.
    """
    settings = tally.box.elections.election(election)
    groups = tuple(
        GroupTask(question, group, sums[0].ballots, tuple(each.accumulator for each in sums))
        for question in range(len(settings.questions))
        for group in _open_groups(tally, election, question, index)
        for sums in [tally.sums(election, question, group)]
    )
    return DecryptionTask(tally.contract.address, settings.minimum_turnout, groups)


def decrypt_shares(
    key: TrusteeKey,
    record: CeremonyRecord,
    index: int,
    task: DecryptionTask,
    *,
    unsigned: bool = False,
) -> PostShares:
    """Return a trustee's shares of sums.

    A share of a single ballot would help to open it. That the sums are those of all ballots has to
    be known from elsewhere: from the trustee's own node, or from an audit of the ballots.

    Args:
        key: The trustee's key file, opened.
        record: The ceremony.
        index: The trustee's index, from 1.
        task: What to decrypt.
        unsigned: Take messages whose sender only the node vouches for.

    Raises:
        TurnoutTooLow: A sum is said to be of fewer ballots than the minimum.
        CeremonyIncomplete: There is no joint key, or the trustee has no share of it.
        TrusteeKeyForeign: The key file is not the trustee's.
        PointMalformed: A sum's alpha is infinity; it needs no decryption.
        VerificationFailed: A message of the ceremony does not hold.
    """
    record.account(index)
    checked = check_round(record)
    if not unsigned:
        checked.require_signed()
    x = secret_of(key, checked, index)
    shares = []
    for each in task.groups:
        if each.ballots < task.minimum:
            raise TurnoutTooLow(
                f"Group {each.group} of question {each.question} has {each.ballots:,} ballots.",
                ballots=each.ballots,
                minimum=task.minimum,
                why="So few ballots would show how single voters voted.",
            )
        data = (
            partial_decryption(context, index, x, accumulator, key.nonces())
            for context, accumulator in zip(_contexts(record, task, each), each.sums, strict=True)
        )
        shares.append(GroupShares(each.question, each.group, b"".join(data)))
    place = (record.chain_id, record.board, record.election, record.current.number, index)
    return PostShares(*place, task.tally, tuple(shares))


def _open_groups(tally: TallyClient, election: int, question: int, index: int) -> Iterator[int]:
    if tally.question_phase(election, question) is Phase.VOID:
        return
    for group in range(len(tally.groups(election, question))):
        is_done = tally.is_tallied(election, question, group)
        if not is_done and index not in tally.posted(election, question, group):
            yield group


def _contexts(record: CeremonyRecord, task: DecryptionTask, group: GroupTask) -> Sequence[bytes]:
    return [
        shares_context(
            chain_id=record.chain_id,
            tally=task.tally,
            election=record.election,
            question=group.question,
            group=group.group,
            option=option,
            A=encode_point(each.alpha),
            B=encode_point(each.beta),
            ballots=group.ballots,
        )
        for option, each in enumerate(group.sums)
    ]
