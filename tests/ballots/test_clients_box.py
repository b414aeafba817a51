"""The ballot box through its client, and the ballots that voters sign."""

import json
from dataclasses import replace

import pytest

from crmdapp.ballots.ballot_intents import BODY_MAX, BallotIntent, SignedBallot, box_domain
from crmdapp.ballots.elgamal import ZERO, Ciphertext, total
from crmdapp.ballots.errors import (
    BallotCastAlready,
    BallotExpired,
    BallotIndexInvalid,
    BallotSignatureInvalid,
    BatchProofsInvalid,
    BatchVotersDone,
    CeremonyNotFinal,
    ElectionHasOpened,
    PrecinctUnknown,
    QuestionNotPrepared,
    QuestionPreparedAlready,
    QuestionUnknown,
    RollNotFrozen,
    VotingClosed,
    VotingNotOpen,
)
from crmdapp.ballots.events import BallotsCast
from crmdapp.ballots.faults import BatchMalformed, PointMalformed
from crmdapp.ballots.group import encode_point
from crmdapp.ballots.models import Phase
from crmdapp.ballots.record import decode_batch, next_bulletin
from crmdapp.chain.errors import IntentSignatureInvalid
from crmdapp.errors import UsageError, VerificationFailed
from tests.ballots.station import *  # noqa: F403 - fixtures
from tests.ballots.station import OF_THREE, UP_TO_TWO, YES_NO, address_of
from tests.fixtures.intents import Domain, Intent

QUESTIONS = {"questions": [YES_NO, OF_THREE, UP_TO_TWO]}


@pytest.fixture
def held(station):
    """An open election of three questions and two precincts."""
    return station.hold_election("open", voters=(3, 2), **QUESTIONS)


@pytest.fixture
def box(station):
    return station.box("relayer")


def ballots(held, *choices, question=0, precinct=0):
    return [
        held.ballot(question, precinct, index, chosen).cast_ballot()
        for index, chosen in enumerate(choices)
    ]


# ----------------------------------------------------------------- preparing


def test_a_question_is_prepared_once_roll_and_key_are_final(station):
    held = station.hold_election("registration", voters=(1,), questions=[YES_NO, OF_THREE])
    box = station.box("bystander")
    with pytest.raises(RollNotFrozen) as refused:
        box.prepare(held.number, 0)
    assert refused.value == RollNotFrozen(held.number)
    held.to_frozen()
    with pytest.raises(QuestionNotPrepared):
        box.context(held.number, 0)
    with pytest.raises(QuestionUnknown) as refused:
        box.prepare(held.number, 2)
    assert refused.value == QuestionUnknown(held.number, 2)

    box.prepare(held.number, 1)

    assert box.is_prepared(held.number, 1)
    assert not box.is_ready(held.number)
    assert len(box.prepare_all(held.number)) == 1
    assert box.is_ready(held.number)
    assert box.prepare_all(held.number) == []
    with pytest.raises(QuestionPreparedAlready) as refused:
        box.prepare(held.number, 0)
    assert refused.value == QuestionPreparedAlready(held.number, 0)
    assert [log.event.question for log in box.prepared(held.number)] == [1, 0]
    K = encode_point(held.joint.K)
    for question in (0, 1):
        assert box.context(held.number, question) == box.question_context(held.number, question, K)


def test_nothing_is_prepared_without_a_key_or_once_it_has_opened(station):
    held = station.hold_election("keys", voters=(0,))
    station.advance_to(held.election.windows.registration_until + 1)
    box = station.box("bystander")
    with pytest.raises(CeremonyNotFinal):
        box.prepare(held.number, 0)
    station.advance_to(held.election.windows.opens_at)
    with pytest.raises(ElectionHasOpened):
        box.prepare(held.number, 0)
    assert station.tally().phase(held.number) is Phase.CANCELLED


# ----------------------------------------------------------------- casting


def test_a_batch_is_counted_added_up_and_chained(held, box):
    cast = ballots(held, 1, 0)
    assert box.sums(held.number, 0, 0) == (ZERO,)
    receipt = box.cast_batch(held.number, 0, 0, cast)

    (event,) = receipt.events_of(BallotsCast)
    assert (event.count, event.skipped) == (2, 0)
    assert [box.has_voted(held.number, 0, 0, index) for index in range(3)] == [True, True, False]
    assert not box.has_voted(held.number, 1, 0, 0)
    assert box.counts(held.number, 0) == (2, 0)
    encoding, context = held.election.questions[0], held.context(0)
    read = [encoding.read(context, address_of(held.voter(each.index)), each.body) for each in cast]
    assert box.sums(held.number, 0, 0) == (total(each.ciphertexts[0] for each in read),)
    bulletin = next_bulletin(bytes(28), [each.tracker for each in read])
    assert box.bulletin(held.number, 0, 0) == event.bulletin == bulletin
    (log,) = box.batches(held.number, question=0, precinct=0)
    data = held.station.connection.request("eth_getTransactionByHash", [log.tx_hash])["input"]
    batch = bytes.fromhex(data[2:])[164:][: 2 * len(cast[0].encode())]  # behind selector and words
    assert decode_batch(encoding, batch) == tuple(cast)


def test_a_vector_has_a_sum_for_each_option(held, box):
    box.cast_batch(held.number, 2, 1, ballots(held, (0, 2), (), question=2, precinct=1))
    assert len(box.sums(held.number, 2, 1)) == 3
    assert all(isinstance(each, Ciphertext) for each in box.sums(held.number, 2, 1))
    assert box.sums(held.number, 2, 0) == (ZERO,) * 3


def test_a_voter_casts_without_a_relayer(station, held):
    voter = held.voter(1, 1)
    body = held.sealed(1, 1, 1, 2).body
    own = station.box(voter)
    receipt = own.cast(held.number, 1, 1, 1, body, key="my vote")
    assert own.has_voted(held.number, 1, 1, 1)
    assert own.cast(held.number, 1, 1, 1, body, key="my vote").hash == receipt.hash
    with pytest.raises(BallotCastAlready) as refused:
        own.cast(held.number, 1, 1, 1, held.sealed(1, 1, 1, 0).body)
    assert refused.value == BallotCastAlready(address_of(voter))


def test_nobody_casts_a_ballot_of_somebody_else_unsigned(station, held):
    body = held.sealed(0, 0, 1, 1).body
    with pytest.raises(BallotSignatureInvalid) as refused:
        station.box(held.voter(0)).cast(held.number, 0, 0, 1, body)
    assert refused.value == BallotSignatureInvalid(0, address_of(held.voter(1)))


def test_who_has_voted_is_passed_over_and_reported(station, held, box):
    cast = ballots(held, 1, 0, 1)
    station.box(held.voter(1)).cast(held.number, 0, 0, 1, held.sealed(0, 0, 1, 1).body)
    receipt = box.cast_batch(held.number, 0, 0, cast)
    (event,) = receipt.events_of(BallotsCast)
    assert (event.count, event.skipped) == (3, 0b010)
    with pytest.raises(BatchVotersDone):
        box.cast_batch(held.number, 0, 0, cast[:1] + cast[2:])


def test_ballots_are_sorted_by_voter(held, box):
    cast = ballots(held, 1, 0, 1)
    assert box.cast_batch_call(held.number, 0, 0, cast[::-1]) == box.cast_batch_call(
        held.number, 0, 0, cast
    )
    for wrong in ([], [cast[0], cast[0]]):
        with pytest.raises(BatchMalformed):
            box.cast_batch(held.number, 0, 0, wrong)


def test_a_ballot_that_does_not_hold_refuses_its_batch(station, held, box):
    good = ballots(held, 1, 0)
    forged = replace(good[0], body=good[0].body[:-1] + bytes([good[0].body[-1] ^ 1]))
    with pytest.raises(BallotSignatureInvalid):
        box.cast_batch(held.number, 0, 0, [forged, good[1]])
    body = held.sealed(0, 0, 2, 1).body
    spoilt = body[:-1] + bytes([body[-1] ^ 1])
    with pytest.raises(BatchProofsInvalid):
        station.box(held.voter(2)).cast(held.number, 0, 0, 2, spoilt)
    with pytest.raises(BallotIndexInvalid) as refused:
        box.cast_batch(held.number, 0, 0, [replace(good[1], index=3)])
    assert refused.value == BallotIndexInvalid(0, 3)
    with pytest.raises(PrecinctUnknown) as refused:
        box.cast_batch(held.number, 0, 2, good)
    assert refused.value == PrecinctUnknown(held.number, 2)
    late = held.ballot(0, 0, 0, 1, deadline=station.now - 1)
    with pytest.raises(BallotExpired) as refused:
        box.cast_batch(held.number, 0, 0, [late.cast_ballot()])
    assert refused.value == BallotExpired(0, late.intent.deadline)
    assert box.counts(held.number, 0) == (0, 0)


def test_votes_out_of_phase_are_refused(station):
    held = station.hold_election("frozen", voters=(2,))
    box = station.box("relayer")
    cast = ballots(held, 1, 0)
    with pytest.raises(QuestionNotPrepared) as refused:
        box.cast_batch(held.number, 0, 0, cast)
    assert refused.value == QuestionNotPrepared(held.number, 0)
    box.prepare_all(held.number)
    windows = held.election.windows
    with pytest.raises(VotingNotOpen) as refused:
        box.cast_batch(held.number, 0, 0, cast)
    assert refused.value == VotingNotOpen(held.number, windows.opens_at)
    station.advance_to(windows.opens_at)
    box.cast_batch(held.number, 0, 0, cast[:1])
    station.advance_to(windows.closes_at)
    with pytest.raises(VotingClosed) as refused:
        box.cast_batch(held.number, 0, 0, cast[1:])
    assert refused.value == VotingClosed(held.number, windows.closes_at)


def test_a_question_that_there_is_not_is_named(held, box):
    for question in (3, -1):
        with pytest.raises(QuestionUnknown):
            box.question(held.number, question)


def test_a_sum_that_is_no_point_is_refused(monkeypatch, held, box):
    box.cast_batch(held.number, 0, 0, ballots(held, 1))
    assert len(box.sums(held.number, 0, 0)) == 1
    monkeypatch.setattr(box.contract, "read", lambda *_, **__: (b"\1" * 96, b"\2" * 96))
    with pytest.raises(PointMalformed):
        box.sums(held.number, 0, 0)


# ----------------------------------------------------------------- signed ballots


def test_what_a_voter_signs_is_what_other_encoders_make_of_it(held, box):
    signed = held.ballot(0, 0, 1, 1)
    names = [(name, kind) for _, name, kind in BallotIntent.members()]
    domain = Domain("BallotBox", box.contract.address, 31337)
    other = Intent(domain, "BallotIntent", names, signed.intent.values)
    from eth_account.messages import _hash_eip191_message

    assert signed.digest == bytes(_hash_eip191_message(other.signable()))
    assert box.domain.separator() == box.contract.read("DOMAIN_SEPARATOR")
    signed.require_sound(held.context(0))


def test_a_signed_ballot_goes_through_json(held):
    signed = held.ballot(2, 1, 1, (0, 1))
    read = SignedBallot.from_json(json.dumps(signed.to_json()))
    assert read == signed
    assert read.tracker == signed.intent.tracker
    assert read.cast_ballot() == signed.cast_ballot()
    assert signed.body.hex() not in repr(signed.intent)


@pytest.mark.parametrize("change", ["body", "voter", "context", "signer", "signature", "election"])
def test_a_ballot_that_was_altered_is_refused(held, change):
    signed, context = held.ballot(0, 0, 1, 1), held.context(0)
    signed.require_sound(context)
    altered = {
        "body": replace(signed, body=signed.body[:-1] + b"\0"),
        "voter": replace(signed, voter=address_of(held.voter(2))),
        "context": signed,
        "signer": replace(signed, signature=held.ballot(0, 0, 2, 1).signature),
        "signature": replace(signed, signature=signed.signature + b"\0\0"),
        "election": replace(signed, intent=replace(signed.intent, election=9)),
    }[change]
    context = held.context(1) if change == "context" else context
    with pytest.raises((VerificationFailed, IntentSignatureInvalid)):
        altered.require_sound(context)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("body",), "xyz", "body is no hex"),
        (("body",), "0x" + "00" * (BODY_MAX + 1), "more than"),
        (("voter",), "0x12", "voter"),
        (("typedData", "message", "tracker"), "0x12", "tracker"),
        (("typedData", "message", "index"), 1 << 32, "index"),
        (("typedData", "primaryType"), "Registration", "primaryType must be BallotIntent"),
        (("signature",), 5, "signature"),
    ],
)
def test_a_faulty_file_names_the_field(held, path, value, message):
    data = held.ballot(0, 0, 1, 1).to_json()
    inside = data
    for step in path[:-1]:
        inside = inside[step]
    inside[path[-1]] = value
    with pytest.raises(UsageError, match=message):
        SignedBallot.from_json(data)


def test_a_deadline_out_of_range_is_refused(held):
    with pytest.raises(UsageError, match="The deadline"):
        held.ballot(0, 0, 1, 1, deadline=1 << 40)
    with pytest.raises(UsageError):
        box_domain(1, "0x12")
