"""The audit's last link: a second implementation verifies a sample of what the first one did."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from crmdapp.ballots.audit_case import Case, CheckedShare, CountedBatch, LinkBroken, Seen, reason_of
from crmdapp.ballots.audit_tally import context_of_sum
from crmdapp.ballots.choice import Choice
from crmdapp.ballots.decryption import SHARE_BYTES, TAG
from crmdapp.ballots.events import TrusteeKeyRegistered
from crmdapp.ballots.group import POINT_BYTES, encode_point
from crmdapp.ballots.transcripts import address_word, ceremony_context, word
from crmdapp.errors import CrmdappError

if TYPE_CHECKING:
    from crmdapp.ballots.second import Form

SAMPLE = 20
"""Ballots, and proofs of trustees, that are sampled if nobody names a number."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SecondSample:
    """What the second implementation verified.

    Attributes:
        ballots: How many ballots.
        proofs: How many proofs of trustees.
    """

    ballots: int
    proofs: int


def require_second() -> None:
    """Check that the second implementation can be used, before an audit begins.

    Raises:
        UsageError: Its library is not installed.
    """
    from crmdapp.ballots import second  # noqa: F401 - whether it can be loaded is the question


def check_second(
    case: Case, sample: int, progress: Callable[[int, int], None] | None = None
) -> SecondSample:
    """Verify ballots and proofs of trustees that nobody could foresee.

    Args:
        case: The case, with all links proved.
        sample: Most ballots, and most proofs; all of them if there are fewer.
        progress: Called after each with those done and all.

    Raises:
        LinkBroken: The second implementation refuses what the first one accepted.
    """
    ballots = _sampled([(b, n) for b in case.batches for n in range(len(b.ballots))], sample)
    shares = [
        each
        for posted in (*case.shares.values(), *case.one_shot.values())
        for each in posted.values()
    ]
    keys = [seen for seen in case.of(TrusteeKeyRegistered) if _is_final(case, seen)]
    proven: list[CheckedShare | Seen] = [*shares, *keys]
    proofs = _sampled(proven, sample)
    everything = len(ballots) + len(proofs)
    done = 0
    for batch, number in ballots:
        _told(batch.seen, partial(_verify_ballot, case, batch, number))
        done += 1
        if progress is not None:
            progress(done, everything)
    for proof in proofs:
        seen = proof.seen if isinstance(proof, CheckedShare) else proof
        _told(seen, partial(_verify_proof, case, proof))
        done += 1
        if progress is not None:
            progress(done, everything)
    return SecondSample(len(ballots), len(proofs))


def _told(seen: Seen, verify: Callable[[], None]) -> None:
    try:
        verify()
    except CrmdappError as problem:
        raise LinkBroken(reason_of(problem), seen.place) from None


def _sampled(everything: Sequence[T], sample: int) -> list[T]:
    if len(everything) <= sample:
        return list(everything)
    return secrets.SystemRandom().sample(everything, sample)


def _is_final(case: Case, seen: Seen) -> bool:
    return case.finalised is not None and seen.event.round == case.finalised.event.round


def _form(case: Case, question: int) -> Form:
    from crmdapp.ballots.second import Form

    asked = case.known.questions[question]
    if isinstance(asked, Choice):
        return Form(asked.options, asked.bits)
    return Form(asked.options, 0, asked.minimum, asked.maximum)


def _verify_ballot(case: Case, batch: CountedBatch, number: int) -> None:
    from crmdapp.ballots.second import verify_ballot

    voter, body = batch.ballots[number]
    context, _ = case.contexts[batch.question]
    form = _form(case, batch.question)
    verify_ballot(form, encode_point(case.key.K), context, voter, body)


def _verify_proof(case: Case, proof: CheckedShare | Seen) -> None:
    from crmdapp.ballots.second import verify_equality, verify_knowledge

    if isinstance(proof, Seen):
        event = proof.event
        ceremony = ceremony_context(
            chain_id=case.record.chain_id,
            board=case.contracts.board,
            election=case.record.election,
            round=event.round,
        )
        trustee = address_word(case.known.trustees[event.index - 1])
        verify_knowledge(
            "trustee-key", (ceremony, word(event.index), trustee), event.key, event.proof
        )
        return
    closing = case.closings[proof.seen.event.question]
    Y = encode_point(case.key.Y[proof.index])
    for option, summed in enumerate(closing.sums[proof.seen.event.group]):
        share = proof.data[SHARE_BYTES * option : SHARE_BYTES * (option + 1)]
        bound = (context_of_sum(case, proof.seen, closing, option), word(proof.index))
        D, rest = share[:POINT_BYTES], share[POINT_BYTES:]
        verify_equality(TAG, bound, Y, encode_point(summed.alpha), D, rest)
