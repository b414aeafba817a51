"""The links of an audit that are about ballots: their forms, batches, proofs, sums, bulletins."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from crmdapp.ballots.audit_case import Case, CountedBatch, Seen, arguments_of, reason_of
from crmdapp.ballots.audit_proofs import verify_proofs
from crmdapp.ballots.audit_roll import require_frozen
from crmdapp.ballots.ballot_intents import BallotIntent
from crmdapp.ballots.choice import Choice
from crmdapp.ballots.elgamal import ZERO, Ciphertext
from crmdapp.ballots.events import BallotsCast, QuestionPrepared
from crmdapp.ballots.group import COORDINATE_BYTES, encode_point, is_identity
from crmdapp.ballots.record import (
    BULLETIN_BYTES,
    HEAD_BYTES,
    CastBallot,
    decode_batch,
    next_bulletin,
    roll_chunks,
)
from crmdapp.ballots.transcripts import ballot_context, tracker
from crmdapp.chain.signed import long_form
from crmdapp.chain.typed_data import Domain, recover
from crmdapp.errors import CrmdappError, VerificationFailed

_CAST = "castBatch(uint64,uint8,uint16,bytes)"
_PAD = bytes(16)
_FORM_HEAD, _FORM_PRECINCT, _ADDRESS = 192, 8, 20


def check_preparation(case: Case) -> int:
    """Check what the ballots of each question were checked against on chain.

    Returns:
        How many questions were prepared.

    Raises:
        LinkBroken: Roll or key were not there, it came too late, or holds something else.
    """
    settings = case.known
    for seen in case.of(QuestionPrepared):
        event = seen.event
        seen.require(event.question < len(settings.questions), "There is no such question.")
        seen.require(event.question not in case.contexts, "It is prepared twice.")
        is_standing = case.cancelled is None or seen.position < case.cancelled.position
        seen.require(is_standing, "The election was called off.")
        seen.require(seen.time < settings.window("opensAt"), "The election had opened.")
        has_key = case.finalised is not None and case.finalised.position < seen.position
        seen.require(has_key, "There was no key.")
        until = settings.window("registrationUntil")
        seen.require(seen.time > until, "Registration had not ended.")
        require_frozen(case, seen.position, seen)
        context = _context(case, event.question)
        seen.require(event.context == context, f"CONTEXT is 0x{context.hex()}.")
        code = case.record.codes.get(event.form)
        seen.require(code is not None, f"The code of {event.form} is missing in the record.")
        is_form = code == b"\0" + _form(case, event.question, context)
        seen.require(is_form, f"{event.form} does not hold the form of question {event.question}.")
        case.contexts[event.question] = (context, seen)
    return len(case.contexts)


def check_ballots(case: Case) -> int:
    """Check every batch but for its proofs: time, order, who voted before, who signed.

    Returns:
        How many ballots count.

    Raises:
        LinkBroken: A batch does not stand in a transaction's input, or should not have been taken.
    """
    voted: dict[tuple[int, int], set[int]] = defaultdict(set)
    for seen in case.of(BallotsCast):
        event = seen.event
        batch = _batch_of(case, seen)
        already = voted[event.question, event.precinct]
        case.batches.append(_counted(case, seen, batch, already))
        already.update(ballot.index for ballot in batch)
    return sum(len(batch.ballots) for batch in case.batches)


def check_proofs(case: Case, workers: int, progress: Callable[[int, int], None] | None) -> int:
    """Verify every proof of every ballot that counts, points' subgroups included.

    Args:
        case: The case.
        workers: How many processes to use.
        progress: Called now and then with the ballots that are verified, and all.

    Returns:
        How many ballots were verified.

    Raises:
        LinkBroken: A ballot is malformed, or its proof does not hold.
    """
    case.batch_sums = verify_proofs(case, workers, progress)
    return sum(len(batch.ballots) for batch in case.batches)


def check_sums(case: Case) -> int:
    """Add up the ballots of each question and precinct.

    Returns:
        How many batches were added.

    Raises:
        LinkBroken: A sum came out at infinity, which the box refuses.
    """
    for batch, summed in zip(case.batches, case.batch_sums, strict=True):
        place = (batch.question, batch.precinct)
        before = case.sums.get(place, (ZERO,) * len(summed))
        after = tuple(map(Ciphertext.__add__, before, summed))
        is_finite = not any(is_identity(each.alpha) or is_identity(each.beta) for each in after)
        batch.seen.require(is_finite, "All ballots together add up to nothing.")
        case.sums[place] = after
        case.ballots[place] = case.ballots.get(place, 0) + len(batch.ballots)
    return len(case.batches)


def check_bulletin(case: Case) -> int:
    """Chain the trackers of all ballots, and count them.

    Returns:
        How many trackers there are.

    Raises:
        LinkBroken: The chain's bulletin or count is another one.
    """
    bulletins: dict[tuple[int, int], bytes] = {}
    counts: dict[tuple[int, int], int] = defaultdict(int)
    for batch in case.batches:
        place = (batch.question, batch.precinct)
        before = bulletins.get(place, bytes(BULLETIN_BYTES))
        bulletins[place] = after = next_bulletin(before, batch.trackers)
        counts[place] += len(batch.trackers)
        event = batch.seen.event
        batch.seen.require(event.bulletin == after, f"The bulletin is 0x{after.hex()} then.")
        is_count = event.count == counts[place]
        batch.seen.require(is_count, f"The precinct has {counts[place]} ballots then.")
    return sum(counts.values())


def _context(case: Case, question: int) -> bytes:
    return ballot_context(
        chain_id=case.record.chain_id,
        box=case.contracts.box,
        election=case.record.election,
        question=question,
        definition_hash=case.known.definition_hash,
        K=encode_point(case.key.K),
    )


def _form(case: Case, number: int, context: bytes) -> bytes:
    """Return what the box keeps of a question, without the zero byte before it."""
    settings, asked = case.known, case.known.questions[number]
    is_choice = isinstance(asked, Choice)
    k = asked.options
    least, most = (1, 1) if isinstance(asked, Choice) else (asked.minimum, asked.maximum)
    points = 2 + 2 * k if is_choice else 6 * k + 2 * (most - least + 1)
    bits = asked.bits if isinstance(asked, Choice) else 0
    numbers = (
        k
        | least << 8
        | most << 16
        | bits << 24
        | (not is_choice) << 32
        | settings.precincts << 40
        | settings.window("opensAt") << 56
        | settings.window("closesAt") << 96
        | points << 136
        | (HEAD_BYTES + asked.body_bytes) << 152
    )
    K = encode_point(case.key.K)
    padded = _PAD + K[:COORDINATE_BYTES] + _PAD + K[COORDINATE_BYTES:]
    precincts, addresses = b"", b""
    end = _FORM_HEAD + _FORM_PRECINCT * settings.precincts
    for precinct, voters in enumerate(case.rolls):
        precincts += len(voters).to_bytes(4, "big") + (end + len(addresses)).to_bytes(4, "big")
        for chunk in range(len(roll_chunks(voters))):
            kept = case.frozen[precinct, chunk].event.kept
            addresses += bytes.fromhex(kept[2:])
    return context + padded + numbers.to_bytes(32, "big") + precincts + addresses


def _batch_of(case: Case, seen: Seen) -> tuple[CastBallot, ...]:
    """Return the ballots in a transaction's input."""
    event, settings, signed = seen.event, case.known, seen.transaction.signed
    found = arguments_of(signed.data, _CAST) if signed.to == case.contracts.box else ()
    seen.require(bool(found), "Its ballots do not stand in the transaction's input.")
    *place, data = found
    is_named = place == [case.record.election, event.question, event.precinct]
    seen.require(is_named, "The transaction's input is for another place.")
    seen.require(event.question in case.contexts, "The question was not prepared.")
    seen.require(case.cancelled is None, "The election was called off.")
    prepared = case.contexts[event.question][1]
    seen.require(prepared.position < seen.position, "The question was not prepared.")
    opens, closes = settings.window("opensAt"), settings.window("closesAt")
    seen.require(opens <= seen.time < closes, f"Voting is open from {opens} to {closes}.")
    seen.require(event.precinct < settings.precincts, f"There is no precinct {event.precinct}.")
    try:
        return decode_batch(settings.questions[event.question], data)
    except CrmdappError as problem:
        raise seen.broken(reason_of(problem)) from None


def _counted(
    case: Case, seen: Seen, batch: tuple[CastBallot, ...], already: set[int]
) -> CountedBatch:
    event = seen.event
    roll = case.rolls[event.precinct]
    is_known = batch[-1].index < len(roll)
    seen.require(is_known, f"There is no voter {batch[-1].index} in precinct {event.precinct}.")
    numbers = tuple(n for n, ballot in enumerate(batch) if ballot.index not in already)
    skipped = sum(1 << n for n, ballot in enumerate(batch) if ballot.index in already)
    seen.require(event.skipped == skipped, f"Of the batch {skipped:#b} were to be passed over.")
    seen.require(bool(numbers), "All of its voters had voted.")
    is_direct = len(batch) == 1 and seen.transaction.signed.sender == roll[batch[0].index]
    context = case.contexts[event.question][0]
    ballots, trackers = [], []
    for number in numbers:
        ballot = batch[number]
        voter = roll[ballot.index]
        found = tracker(context, voter, ballot.body)
        if not is_direct:
            _require_intent(case, seen, number, ballot, found)
        ballots.append((voter, ballot.body))
        trackers.append(found)
    return CountedBatch(
        seen, event.question, event.precinct, tuple(ballots), numbers, tuple(trackers), len(batch)
    )


def _require_intent(case: Case, seen: Seen, number: int, ballot: CastBallot, found: bytes) -> None:
    """Check that the voter signed the ballot, and until when."""
    event = seen.event
    voter = case.rolls[event.precinct][ballot.index]
    intent = BallotIntent(
        case.record.election, event.question, event.precinct, ballot.index, found, ballot.deadline
    )
    domain = Domain("BallotBox", "1", case.record.chain_id, case.contracts.box)
    try:
        signer = recover(intent.digest(domain), long_form(ballot.signature))
    except VerificationFailed as problem:
        raise seen.broken(f"Ballot {number}: {reason_of(problem)}") from None
    seen.require(signer == voter, f"Ballot {number} was signed by {signer}, not by {voter}.")
    seen.require(seen.time <= ballot.deadline, f"Ballot {number} was signed until earlier.")
