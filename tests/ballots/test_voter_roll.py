"""The voter roll: who gets on it, and that nothing of it changes once it is frozen."""

import pytest
from eth_abi import encode
from eth_utils import keccak

from tests.ballots.polling import *  # noqa: F403 - fixtures
from tests.ballots.polling import (
    QUORUM,
    REASON,
    VOTERS,
    ZERO,
    citizen,
    signer_of,
)
from tests.fixtures.intents import Domain, Intent, compact
from tests.fixtures.logs import log, logs
from tests.fixtures.reverts import reverts

ERC165, ERC5192, ERC721 = "0x01ffc9a7", "0xb45a3c0e", "0x80ac58cd"


@pytest.fixture
def voter():
    return citizen(0, 0)


@pytest.fixture
def neighbour():
    return citizen(0, 1)


@pytest.fixture
def submit(polls, roll, relayer):
    """Registers one entry, whatever it is."""

    def submit_(entry, signatures=None):
        signed = polls.signatures(entry) if signatures is None else signatures
        return roll.register(polls.election, [entry], [signed], sender=relayer)

    return submit_


def running_hash(*citizens):
    found = bytes(32)
    for each in citizens:
        found = keccak(encode(["bytes32", "address"], [found, each.address]))
    return found


# Registration


def test_a_quorum_of_registrars_enters_a_voter(polls, roll, voter, neighbour):
    receipt = polls.register(voter, neighbour)
    assert logs(receipt, roll) == [
        log(
            roll,
            "VoterRegistered",
            election=1,
            precinct=0,
            index=index,
            voter=each.address,
            nullifier=each.nullifier,
        )
        for index, each in enumerate((voter, neighbour))
    ]
    assert (roll.countOf(1, 0), roll.countOf(1, 1)) == (2, 0)
    assert roll.rollHashOf(1, 0) == running_hash(voter, neighbour)
    assert roll.rollHashOf(1, 1) == bytes(32)
    assert tuple(roll.entryOf(1, neighbour.nullifier)) == (neighbour.address, 0, 1)
    assert tuple(roll.entryOf(1, keccak(text="nobody"))) == (ZERO, 0, 0)


def test_any_two_registrars_are_a_quorum(polls, submit, roll, registrars):
    for index, pair in enumerate((registrars[:2], registrars[1:], registrars[::2])):
        entry = polls.registration(citizen(0, index))
        submit(entry, polls.signatures(entry, pair))
    assert roll.countOf(1, 0) == 3


def test_a_voter_who_was_entered_before_is_passed_over(polls, roll, voter, neighbour):
    polls.register(voter)
    receipt = polls.register(voter, neighbour)
    assert [event.fields["index"] for event in logs(receipt, roll)] == [1]
    assert roll.countOf(1, 0) == 2


def test_register_reverts_if_a_citizen_comes_with_another_key(polls, submit, roll, voter):
    polls.register(voter)
    entry = polls.registration(voter, voter=citizen(0, 3).address)
    with reverts(
        roll.RegistrationNullifierUsed,
        election=1,
        nullifier=voter.nullifier,
        voter=voter.address,
    ):
        submit(entry)


def test_register_reverts_if_a_citizen_comes_in_another_precinct(polls, submit, roll, voter):
    polls.register(voter)
    with reverts(
        roll.RegistrationNullifierUsed,
        election=1,
        nullifier=voter.nullifier,
        voter=voter.address,
    ):
        submit(polls.registration(voter, precinct=1))


def test_a_citizen_votes_in_every_election(polls, roll, voter):
    polls.register(voter)
    polls.create()
    polls.register(voter)
    assert (roll.countOf(1, 0), roll.countOf(2, 0)) == (1, 1)


@pytest.fixture
def signed_other(polls, roll, submit, registrars, voter):
    """Demands that what registrars signed is not taken for the voter's registration."""

    def signed_other_(other):
        entry = polls.registration(voter)
        first = other.sign(registrars[0])
        signer = signer_of(polls.registration_intent(entry), first)
        with reverts(roll.RegistrationSignerInvalid, nullifier=voter.nullifier, signer=signer):
            submit(entry, compact(first) + compact(other.sign(registrars[1])))
        assert roll.countOf(1, 0) == 0

    return signed_other_


@pytest.mark.parametrize(
    "change",
    [
        {"precinct": 1},
        {"nullifier": keccak(text="other")},
        {"voter": citizen(0, 4).address},
        {"deadline": 2**40 - 1},
    ],
    ids=lambda change: next(iter(change)),
)
def test_register_reverts_if_registrars_signed_something_else(polls, signed_other, voter, change):
    signed_other(polls.registration_intent(polls.registration(voter, **change)))


def test_register_reverts_if_it_was_signed_for_another_election(polls, signed_other, voter):
    signed_other(polls.registration_intent(polls.registration(voter), election=2))


def test_register_reverts_if_it_was_signed_for_another_roll(polls, signed_other, voter, box):
    signed_other(polls.registration_intent(polls.registration(voter), roll=box))


def test_register_reverts_for_somebody_who_is_no_registrar(
    polls, submit, roll, voter, registrars, outsider
):
    entry = polls.registration(voter)
    for signers in ([registrars[0], outsider], [outsider, registrars[0]]):
        with reverts(roll.RegistrationSignerInvalid, nullifier=voter.nullifier, signer=outsider):
            submit(entry, polls.signatures(entry, signers))


def test_register_reverts_if_registrars_do_not_rise(polls, submit, roll, voter, registrars):
    entry = polls.registration(voter)
    for signers in ([registrars[0]] * 2, [registrars[2], registrars[0]]):
        with reverts(roll.RegistrationSignerInvalid, nullifier=voter.nullifier, signer=signers[1]):
            submit(entry, polls.signatures(entry, signers))


def test_register_reverts_for_a_signature_of_nobody(polls, submit, roll, voter):
    entry = polls.registration(voter)
    with reverts(roll.RegistrationSignerInvalid, nullifier=voter.nullifier, signer=ZERO):
        submit(entry, bytes(64 * QUORUM))


@pytest.mark.parametrize("count", [0, 1, 3])
def test_register_reverts_if_not_just_a_quorum_signed(
    polls, submit, roll, voter, registrars, count
):
    entry = polls.registration(voter)
    with reverts(roll.RegistrationSignaturesInvalid, nullifier=voter.nullifier, length=64 * count):
        submit(entry, polls.signatures(entry, registrars[:count]))


def test_register_reverts_after_the_deadline(polls, submit, roll, clock, voter):
    deadline = clock.now + 100
    entry = polls.registration(voter, deadline=deadline)
    clock.set_next(deadline + 1)
    with reverts(roll.RegistrationExpired, nullifier=voter.nullifier, deadline=deadline):
        submit(entry)


def test_register_reverts_once_registration_is_over(polls, roll, clock, voter):
    until = polls.times.registration_until
    clock.set_next(until + 1)
    with reverts(roll.RegistrationClosed, election=1, registrationUntil=until):
        polls.register(voter)


def test_registration_goes_on_until_its_last_second(polls, roll, clock, voter):
    clock.set_next(polls.times.registration_until)
    polls.register(voter)
    assert roll.countOf(1, 0) == 1


def test_register_reverts_if_the_election_was_called_off(polls, roll, elections, organiser, voter):
    elections.cancel(1, REASON, sender=organiser)
    with reverts(elections.ElectionWasCancelled, election=1):
        polls.register(voter)


def test_register_reverts_if_the_election_is_unknown(polls, elections, voter):
    polls.election = 9
    with reverts(elections.ElectionUnknown, election=9):
        polls.register(voter)


def test_register_reverts_if_the_precinct_is_none(polls, submit, roll, voter):
    with reverts(roll.RegistrationPrecinctInvalid, election=1, precinct=2):
        submit(polls.registration(voter, precinct=2))


def test_register_reverts_without_a_key(polls, submit, roll, voter):
    with reverts(roll.RegistrationVoterZero, nullifier=voter.nullifier):
        submit(polls.registration(voter, voter=ZERO))


def test_register_reverts_if_signatures_are_missing(polls, roll, relayer, voter):
    entry = polls.registration(voter)
    with reverts(roll.RegistrationCountInvalid, registrations=1, signatures=0):
        roll.register(1, [entry], [], sender=relayer)


def test_register_reverts_if_the_precinct_is_full(draft, roll, voter, neighbour):
    draft.create(turnout=128)  # leaves room for one voter
    draft.register(voter)
    with reverts(roll.RegistrationPrecinctFull, election=1, precinct=0, most=1):
        draft.register(neighbour)


# Freezing


def test_a_frozen_roll_holds_everybody_in_order(registered, roll, relayer):
    assert roll.isFrozen(1) is False
    receipts = [
        roll.freeze(1, precinct, 0, registered.voters(precinct), sender=relayer)
        for precinct in (0, 1)
    ]
    assert roll.isFrozen(1) is True
    for precinct, receipt in enumerate(receipts):
        (kept,) = roll.chunksOf(1, precinct)
        assert logs(receipt, roll) == [
            log(roll, "RollChunkFrozen", election=1, precinct=precinct, chunk=0, kept=kept)
        ]
        for index in range(VOTERS):
            assert roll.voterAt(1, precinct, index) == citizen(precinct, index).address


def test_the_code_that_keeps_voters_stops_whoever_calls_it(registered, roll, relayer, chain):
    roll.freeze(1, 0, 0, registered.voters(0), sender=relayer)
    code = chain.provider.get_code(roll.chunksOf(1, 0)[0])
    assert bytes(code) == b"\0" + registered.voters(0)


def test_a_roll_without_voters_is_frozen_when_registration_ends(polls, roll):
    assert roll.isFrozen(1) is False
    polls.end_registration()
    assert roll.isFrozen(1) is True
    assert roll.chunksOf(1, 0) == []


def test_freeze_reverts_while_registration_goes_on(polls, roll, relayer, clock, voter):
    polls.register(voter)
    until = polls.times.registration_until
    clock.set_next(until)
    with reverts(roll.RegistrationOpen, election=1, registrationUntil=until):
        roll.freeze(1, 0, 0, bytes.fromhex(voter.address[2:]), sender=relayer)


def test_freeze_reverts_for_any_other_roll(registered, roll, relayer):
    right = registered.voters(0)
    stranger = bytes.fromhex(citizen(0, 9).address[2:])
    swapped = right[20:40] + right[:20] + right[40:]
    for wrong in (swapped, right[:-20], right + stranger, stranger + right[20:], right[:-1], b""):
        with reverts(roll.RollChunkInvalid, election=1, precinct=0, chunk=0):
            roll.freeze(1, 0, 0, wrong, sender=relayer)
    roll.freeze(1, 0, 0, right, sender=relayer)


def test_freeze_reverts_if_the_chunk_is_frozen(registered, roll, relayer):
    roll.freeze(1, 0, 0, registered.voters(0), sender=relayer)
    with reverts(roll.RollChunkKnown, election=1, precinct=0, chunk=0):
        roll.freeze(1, 0, 0, registered.voters(0), sender=relayer)


@pytest.mark.parametrize(("precinct", "chunk"), [(0, 1), (2, 0)])
def test_freeze_reverts_if_there_is_no_such_chunk(registered, roll, relayer, precinct, chunk):
    with reverts(roll.RollChunkUnknown, election=1, precinct=precinct, chunk=chunk):
        roll.freeze(1, precinct, chunk, registered.voters(0), sender=relayer)


def test_nobody_is_registered_after_the_freeze(registered, roll, relayer):
    roll.freeze(1, 0, 0, registered.voters(0), sender=relayer)
    until = registered.times.registration_until
    late = citizen(0, VOTERS)
    with reverts(roll.RegistrationClosed, election=1, registrationUntil=until):
        registered.register(late)


def test_voterAt_reverts_if_nobody_is_there(registered, roll, relayer, outsider):
    with reverts(roll.RollPlaceUnknown, election=1, precinct=0, index=0):
        roll.voterAt.transact(1, 0, 0, sender=outsider)  # not frozen yet
    roll.freeze(1, 0, 0, registered.voters(0), sender=relayer)
    with reverts(roll.RollPlaceUnknown, election=1, precinct=0, index=VOTERS):
        roll.voterAt.transact(1, 0, VOTERS, sender=outsider)


# The credential


def test_a_place_on_the_roll_is_a_token_that_stays(registered, roll, relayer):
    roll.freeze(1, 1, 0, registered.voters(1), sender=relayer)
    token = 1 << 64 | 1 << 32 | 4
    assert roll.ownerOf(token) == citizen(1, 4).address
    assert roll.locked(token) is True
    names = {each.name for each in roll.contract_type.methods}
    assert not names & {"transferFrom", "safeTransferFrom", "approve", "setApprovalForAll"}


@pytest.mark.parametrize(
    ("token", "place"),
    [
        (1 << 64 | VOTERS, (1, 0, VOTERS)),
        (1 << 64 | 1 << 32, (1, 1, 0)),  # not frozen
        (0, (0, 0, 0)),
        (1 << 200, (0, 0, 1 << 200)),
        (1 << 64 | 1 << 48, (1, 0, 1 << 64 | 1 << 48)),
    ],
)
def test_other_tokens_do_not_exist(registered, roll, relayer, outsider, token, place):
    roll.freeze(1, 0, 0, registered.voters(0), sender=relayer)
    election, precinct, index = place
    for view in (roll.locked, roll.ownerOf):
        with reverts(roll.RollPlaceUnknown, election=election, precinct=precinct, index=index):
            view.transact(token, sender=outsider)


def test_the_roll_says_what_it_is(roll):
    assert [roll.supportsInterface(each) for each in (ERC165, ERC5192, ERC721)] == [
        True,
        True,
        False,
    ]


def test_signatures_are_for_this_roll_on_this_chain(roll, chain):
    domain = Domain("VoterRoll", roll.address, chain.chain_id)
    intent = Intent(domain, "Any", [("number", "uint8")], (1,))
    assert roll.DOMAIN_SEPARATOR() == intent.signable().header
