"""The last links of an audit: groups of precincts, the trustees' shares, counts, result."""

from __future__ import annotations

from dataclasses import dataclass

from crmdapp.ballots.audit_case import (
    Case,
    CheckedShare,
    Closing,
    Seen,
    arguments_of,
    reason_of,
)
from crmdapp.ballots.choice import Choice
from crmdapp.ballots.decryption import (
    SHARE_BYTES,
    check_choice_result,
    check_option_result,
    combine,
    read_partial_decryption,
)
from crmdapp.ballots.elgamal import ZERO, Ciphertext, total
from crmdapp.ballots.events import GroupTallied, QuestionClosed, QuestionVoided, SharesPosted
from crmdapp.ballots.faults import TurnoutTooLow
from crmdapp.ballots.group import POINT_BYTES, decode_settled_point, encode_point, is_identity
from crmdapp.ballots.grouping import BallotGroup, group_precincts
from crmdapp.ballots.record import roll_chunks
from crmdapp.ballots.transcripts import shares_context
from crmdapp.errors import CrmdappError

TURNOUT, SHARES = 1, 2
"""Grounds on which a question stays without a result, as the contract numbers them."""

_TALLY = "tally(uint64,uint8,uint8,uint16,bytes,uint32[])"
_POST = "postShares(uint64,uint8,uint8,uint8,bytes)"


@dataclass(frozen=True, slots=True)
class QuestionResult:
    """What became of a question.

    Attributes:
        question: Its number.
        phase: The phase's name in the contract ITally; until it opens that of the election.
        ballots: How many count.
        counts: Votes for each option; empty without a result.
        groups: Precincts that are counted together.
        group_counts: Votes for each option in each group; empty for one without counts.
    """

    question: int
    phase: str
    ballots: int
    counts: tuple[int, ...]
    groups: tuple[BallotGroup, ...]
    group_counts: tuple[tuple[int, ...], ...]


def check_closing(case: Case) -> int:
    """Form the groups of each question that closed.

    Returns:
        How many questions closed.

    Raises:
        LinkBroken: One closed early, twice, before the election was ready, or with other groups.
    """
    settings = case.known
    for seen in case.of(QuestionClosed, QuestionVoided):
        event = seen.event
        if isinstance(event, QuestionVoided) and event.ground != TURNOUT:
            continue
        seen.require(event.question < len(settings.questions), "There is no such question.")
        seen.require(event.question not in case.closings, "It closes twice.")
        seen.require(seen.time >= settings.window("closesAt"), "Voting had not ended.")
        is_ready = len(case.contexts) == len(settings.questions) and case.cancelled is None
        seen.require(is_ready, "The election was not held: it was never ready.")
        case.closings[event.question] = _closing(case, seen)
    return len(case.closings)


def check_shares(case: Case) -> int:
    """Check every decryption that a trustee posted, or that stands in a tally's input.

    Returns:
        How many sums were decrypted, by whom ever.

    Raises:
        LinkBroken: One came late, twice, for no group, or its proof does not hold.
    """
    tallied: set[tuple[int, int]] = set()
    checked = 0
    for seen in case.of(SharesPosted, GroupTallied):
        event = seen.event
        closing = _closed(case, seen)
        place = (event.question, event.group)
        seen.require(place not in tallied, "The group had its counts.")
        if isinstance(event, SharesPosted):
            posted = case.shares.setdefault(place, {})
            seen.require(event.index not in posted, f"Trustee {event.index} has posted before.")
            said = (case.record.election, *place, event.index, event.shares)
            case.require_input(seen, case.contracts.tally, _POST, *said)
            posted[event.index] = _checked(case, seen, closing, event.index, event.shares)
            checked += len(closing.sums[event.group])
            continue
        tallied.add(place)
        found = _one_shot(case, seen, closing)
        if found is not None:
            case.one_shot[seen.position] = found
            checked += len(found) * len(closing.sums[event.group])
    return checked


def check_counts(case: Case) -> int:
    """Check every count against the decryptions of a quorum.

    Returns:
        How many groups have counts.

    Raises:
        LinkBroken: The counts are not what the sum holds, or too few trustees decrypted it.
    """
    for seen in case.of(GroupTallied):
        event, place = seen.event, (seen.event.question, seen.event.group)
        closing = case.closings[event.question]
        used = _quorum(case, seen)
        shares = case.one_shot.get(seen.position)
        if shares is None:
            posted = case.shares.get(place, {})
            shares = {j: each for j, each in posted.items() if each.seen.position < seen.position}
        missing = [j for j in used if j not in shares]
        seen.require(not missing, f"The shares of the trustees {missing} are missing.")
        try:
            _check_group(case, closing, seen, {j: shares[j].data for j in used})
        except CrmdappError as problem:
            raise seen.broken(reason_of(problem)) from None
        case.counts[place] = (seen, tuple(event.counts))
    return len(case.counts)


def check_result(case: Case) -> tuple[QuestionResult, ...]:
    """Add up the counts of each question's groups.

    Raises:
        LinkBroken: A question was said to stay without a result when it did not.
    """
    for seen in case.of(QuestionVoided):
        if seen.event.ground == TURNOUT:
            continue
        seen.require(seen.event.ground == SHARES, f"There is no ground {seen.event.ground}.")
        seen.require(seen.event.question not in case.voided, "It is void already.")
        closing = _closed(case, seen)
        is_late = seen.time > case.known.window("sharesUntil")
        seen.require(is_late, "There was time for shares.")
        short = _short_groups(case, seen.event.question, closing, seen.position)
        seen.require(bool(short), "Every group had its counts, or shares enough for them.")
        case.voided[seen.event.question] = seen
    return tuple(_result(case, number) for number in range(len(case.known.questions)))


def _closing(case: Case, seen: Seen) -> Closing:
    event, settings = seen.event, case.known
    of_precincts = [
        case.ballots.get((event.question, precinct), 0) for precinct in range(settings.precincts)
    ]
    try:
        groups = group_precincts(of_precincts, settings.minimum_turnout)
    except TurnoutTooLow:
        seen.require(isinstance(event, QuestionVoided), "Too few voted for it to be counted.")
        return Closing(seen, (), ())
    seen.require(isinstance(event, QuestionClosed), "Enough voted for it to be counted.")
    ends = sum(1 << group.last_precinct for group in groups)
    seen.require(event.group_ends == ends, f"The groups end at {ends:#b}.")
    seen.require(event.ballots == sum(of_precincts), f"{sum(of_precincts)} ballots count.")
    return Closing(seen, groups, tuple(_sums(case, event.question, group) for group in groups))


def _sums(case: Case, question: int, group: BallotGroup) -> tuple[Ciphertext, ...]:
    asked = case.known.questions[question]
    none = (ZERO,) * (1 if isinstance(asked, Choice) else asked.options)
    precincts = range(group.first_precinct, group.last_precinct + 1)
    rows = [case.sums.get((question, precinct), none) for precinct in precincts]
    return tuple(map(total, zip(*rows, strict=True)))


def _closed(case: Case, seen: Seen) -> Closing:
    """Return the closing of the question that an event is about; the question is not void."""
    event = seen.event
    closing = case.closings.get(event.question)
    if closing is None or closing.seen.position > seen.position:
        raise seen.broken("The question had not closed.")
    seen.require(bool(closing.groups), "Too few voted for the question to be counted.")
    for other in case.of(QuestionVoided):
        is_before = other.event.question == event.question and other.position < seen.position
        seen.require(not is_before, "The question was void.")
    if not isinstance(event, QuestionVoided):
        is_group = event.group < len(closing.groups)
        seen.require(is_group, f"Question {event.question} has no group {event.group}.")
    return closing


def _checked(case: Case, seen: Seen, closing: Closing, index: int, data: bytes) -> CheckedShare:
    settings = case.known
    until = settings.window("sharesUntil")
    seen.require(seen.time <= until, f"Shares were taken until {until}.")
    seen.require(1 <= index <= len(settings.trustees), f"There is no trustee {index}.")
    sums = closing.sums[seen.event.group]
    seen.require(len(data) == SHARE_BYTES * len(sums), f"Shares of {len(data)} bytes cannot be.")
    for option, summed in enumerate(sums):
        share = data[SHARE_BYTES * option : SHARE_BYTES * (option + 1)]
        try:
            context = context_of_sum(case, seen, closing, option)
            read_partial_decryption(context, index, case.key.Y[index], summed, share)
        except CrmdappError as problem:
            raise seen.broken(reason_of(problem)) from None
    return CheckedShare(seen, index, data)


def context_of_sum(case: Case, seen: Seen, closing: Closing, option: int) -> bytes:
    """Return SHARES of one sum of the group that an event is about.

    Raises:
        PointMalformed: The sum is infinity, so that nothing can be decrypted.
    """
    event = seen.event
    summed = closing.sums[event.group][option]
    return shares_context(
        chain_id=case.record.chain_id,
        tally=case.contracts.tally,
        election=case.record.election,
        question=event.question,
        group=event.group,
        option=option,
        A=encode_point(summed.alpha),
        B=encode_point(summed.beta),
        ballots=closing.groups[event.group].ballots,
    )


def _one_shot(case: Case, seen: Seen, closing: Closing) -> dict[int, CheckedShare] | None:
    """Return the shares that stand in the tally's own input; ``None`` if they were posted."""
    event, signed = seen.event, seen.transaction.signed
    found = arguments_of(signed.data, _TALLY) if signed.to == case.contracts.tally else ()
    if not found:
        return None
    *place, shares, counts = found
    stated = [case.record.election, event.question, event.group, event.trustees]
    is_named = place == stated and tuple(counts) == tuple(event.counts)
    seen.require(is_named, "The transaction's input says something else.")
    used = _quorum(case, seen)
    size = SHARE_BYTES * len(closing.sums[event.group])
    seen.require(len(shares) == size * len(used), f"Shares of {len(shares)} bytes cannot be.")
    return {
        index: _checked(case, seen, closing, index, shares[size * n : size * (n + 1)])
        for n, index in enumerate(used)
    }


def _quorum(case: Case, seen: Seen) -> list[int]:
    trustees, settings = seen.event.trustees, case.known
    used = [j for j in range(1, trustees.bit_length() + 1) if trustees >> (j - 1) & 1]
    is_quorum = len(used) == settings.threshold and used[-1] <= len(settings.trustees)
    seen.require(is_quorum, f"Not {settings.threshold} of the trustees decrypted it: {used}.")
    return used


def _check_group(case: Case, closing: Closing, seen: Seen, shares: dict[int, bytes]) -> None:
    """Check the counts of a group.

    Raises:
        ResultWrong: They are not what its sums hold.
    """
    event, asked = seen.event, case.known.questions[seen.event.question]
    ballots = closing.groups[event.group].ballots
    counts = tuple(event.counts)
    seen.require(len(counts) == asked.options, f"{asked.options} counts are wanted.")
    for option, summed in enumerate(closing.sums[event.group]):
        seen.require(not is_identity(summed.alpha), "A sum at infinity cannot be decrypted.")
        start = SHARE_BYTES * option
        # Checked to be in the group when the share was.
        partial = {
            j: decode_settled_point(data[start : start + POINT_BYTES]) for j, data in shares.items()
        }
        M = combine(summed, partial, case.known.threshold)
        if isinstance(asked, Choice):
            check_choice_result(M, counts, asked.bits, ballots)
        else:
            check_option_result(M, counts[option], ballots)


def _short_groups(case: Case, question: int, closing: Closing, position: int) -> list[int]:
    """Return the groups that have neither counts nor shares enough before a position."""
    found: list[int] = []
    for group in range(len(closing.groups)):
        counted = case.counts.get((question, group))
        if counted is not None and counted[0].position < position:
            continue
        posted = case.shares.get((question, group), {}).values()
        if sum(each.seen.position < position for each in posted) < case.known.threshold:
            found.append(group)
    return found


def _result(case: Case, question: int) -> QuestionResult:
    settings, time = case.known, case.record.time
    ballots = sum(count for (asked, _), count in case.ballots.items() if asked == question)
    closing = case.closings.get(question)
    groups = () if closing is None else closing.groups
    of_groups = tuple(
        case.counts[question, group][1] if (question, group) in case.counts else ()
        for group in range(len(groups))
    )
    is_late = time > settings.window("sharesUntil")
    was_held = case.cancelled is None and len(case.contexts) == len(settings.questions)
    counts: tuple[int, ...] = ()
    if not was_held and (case.cancelled is not None or time >= settings.window("opensAt")):
        phase = "Cancelled"
    elif time < settings.window("opensAt"):
        phase = _early_phase(case)
    elif time < settings.window("closesAt"):
        phase = "Open"
    elif closing is None:
        phase = "Void" if is_late else "Closed"
    elif not groups or question in case.voided:
        phase = "Void"
    elif all(of_groups):
        phase, counts = "Tallied", tuple(map(sum, zip(*of_groups, strict=True)))
    else:
        is_void = is_late and _short_groups(case, question, closing, len(case.row))
        phase = "Void" if is_void else "Closed"
    return QuestionResult(question, phase, ballots, counts, groups, of_groups)


def _early_phase(case: Case) -> str:
    """Return what an election that is not open waits for."""
    if case.finalised is None:
        return "KeyCeremony"
    chunks = sum(len(roll_chunks(voters)) for voters in case.rolls)
    has_ended = case.record.time > case.known.window("registrationUntil")
    return "Frozen" if has_ended and len(case.frozen) == chunks else "Registration"
