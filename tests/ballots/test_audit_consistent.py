"""Lies that are told twice: the event says what the input says, and both are wrong."""

from dataclasses import replace

from crmdapp.ballots.audit import audit_election
from crmdapp.ballots.ballot_intents import BallotIntent
from crmdapp.ballots.record import decode_batch, encode_batch
from crmdapp.ballots.registration import RegistrationIntent
from crmdapp.ballots.transcripts import tracker
from crmdapp.chain.signed import compact
from crmdapp.chain.typed_data import Domain
from tests.ballots.records import (
    CHAIN,
    CLOSES,
    CONTRACTS,
    ELECTION,
    OF_THREE,
    START,
    STEP,
    Teller,
    address_of,
    signer_of,
    story,
)

HONEST = story()


def broken(drafted, **changes):
    found = audit_election(drafted.signed(**changes), workers=1).broken
    assert found is not None
    return found


def test_a_deal_that_its_dealer_did_not_commit_to_is_found():
    other = bytes([7]) * 32
    lie = HONEST.put("commitment 1.2", lambda d: d.arg(2, other).event(commitment=other))
    found = broken(lie)
    assert (found.link, "did not commit" in found.reason) == ("ceremony", True)


def test_settings_that_nobody_asked_for_are_found_without_the_definition():
    """A trustee is exchanged who never says a word, so that nothing else shows it."""
    settings = HONEST.drafts[HONEST.of("create")].events[0].settings
    *others, trustees, registrars = settings
    exchanged = (*others, (*trustees[:3], address_of("somebody else")), registrars)
    lie = replace(HONEST, definition=None).put("create", lambda d: d.event(settings=exchanged))
    found = broken(lie)
    assert (found.link, "input" in found.reason) == ("settings", True)


def test_a_registration_that_was_signed_for_longer_is_late_all_the_same():
    draft = HONEST.drafts[HONEST.of("register 2")]
    domain = Domain("VoterRoll", "1", CHAIN, CONTRACTS.roll)
    registrars = sorted(
        (signer_of(f"registrar {n}") for n in (1, 2)), key=lambda signer: int(signer.address, 16)
    )
    rows, signatures = [], []
    for precinct, nullifier, voter, _ in draft.args[1]:
        intent = RegistrationIntent(ELECTION, precinct, nullifier, voter, CLOSES)
        rows.append(intent.values[1:])
        signatures.append(b"".join(compact(intent.sign(by, domain)) for by in registrars))
    signed = HONEST.put("register 2", lambda d: d.arg(1, tuple(rows)).arg(2, tuple(signatures)))
    assert audit_election(signed.signed(), workers=1).holds
    late = signed.put("register 2", lambda d: replace(d, time=START + 5 * STEP + 1))
    drafts = tuple(sorted(late.drafts, key=lambda each: each.time))
    found = broken(replace(late, drafts=drafts))
    assert (found.link, found.reason) == ("roll", "It came too late.")


def test_a_ballot_after_its_deadline_is_found():
    teller = Teller([OF_THREE], (5,))
    teller.create()
    teller.plain_ceremony()
    teller.register(at=4_600)
    teller.freeze(at=5_100)
    teller.prepare(at=5_200)
    teller.cast("cast", 0, 0, {0: (1,), 2: (0,), 3: (2,)}, at=16_500)
    told = teller.told(time=CLOSES - 1)

    def signed_until(deadline):
        draft = told.drafts[told.of("cast")]
        domain = Domain("BallotBox", "1", CHAIN, CONTRACTS.box)
        ballots = []
        for ballot in decode_batch(teller.encodings[0], draft.args[3]):
            voter = teller.roll[0][ballot.index]
            found = tracker(teller.ballot_context(0), voter, ballot.body)
            intent = BallotIntent(ELECTION, 0, 0, ballot.index, found, deadline)
            signature = compact(intent.sign(signer_of(teller.voter(0, ballot.index)), domain))
            ballots.append(replace(ballot, deadline=deadline, signature=signature))
        return told.put("cast", lambda d: d.arg(3, encode_batch(ballots)))

    time = START + 16_500
    assert audit_election(signed_until(time).signed(), workers=1).holds
    found = broken(signed_until(time - 1))
    assert (found.link, "signed until" in found.reason) == ("ballots", True)


def test_words_of_the_definition_that_were_exchanged_are_found():
    """Yes and no in each other's place: no number of the election is another one."""
    other = HONEST.definition.replace(b'"Red","Green"', b'"Green","Red"')
    assert other != HONEST.definition
    found = broken(replace(HONEST, definition=other))
    assert (found.link, "hash" in found.reason) == ("definition", True)
