"""Open ballots: public votes, one for each account or by frozen weights."""

import pytest
from eth_abi import encode
from eth_utils import keccak

from tests.fixtures.logs import log, logs
from tests.fixtures.reverts import plain, reverts

DEFINITION = keccak(text="shall we?")
NO_ROOT = bytes(32)
WEIGHT = 10**30


def leaf_of(account, weight):
    """A leaf of OpenZeppelin's standard tree over (address, uint256)."""
    return keccak(keccak(encode(["address", "uint256"], [account.address, weight])))


def node_of(*children):
    return keccak(b"".join(sorted(children)))


@pytest.fixture
def member(accounts):
    """Has the weight of 10^30."""
    return accounts[3]


@pytest.fixture
def minor(accounts):
    """Has the weight of 1."""
    return accounts[4]


@pytest.fixture
def leaves(member, minor):
    return leaf_of(member, WEIGHT), leaf_of(minor, 1)


@pytest.fixture
def ballots(project, organiser):
    return project.OpenBallots.deploy(sender=organiser)


@pytest.fixture
def organiser(accounts):
    """Creates polls, and has no power over them."""
    return accounts[1]


@pytest.fixture
def create(ballots, clock, organiser):
    """Creates a poll that opens in 100 seconds and closes 1,000 later."""

    def create_(**changes):
        fields = {
            "definition": DEFINITION,
            "root": NO_ROOT,
            "block": 0,
            "opens_at": clock.now + 100,
            "closes_at": clock.now + 1_100,
            "options": 3,
        }
        return ballots.create(tuple({**fields, **changes}.values()), sender=organiser)

    return create_


@pytest.fixture
def equal_poll(create, clock):
    """A poll in which every account has one vote, open."""
    create()
    clock.set(clock.now + 100)
    return 1


@pytest.fixture
def weighted_poll(create, clock, leaves, chain):
    """A poll of member and minor, by their weights, open."""
    create(root=node_of(*leaves), block=chain.blocks.head.number)
    clock.set(clock.now + 100)
    return 1


def test_a_created_poll_is_as_it_was_asked_for(create, ballots, organiser, clock):
    opens, closes = clock.now + 200, clock.now + 300
    receipt = create(opens_at=opens, closes_at=closes)
    settings = (DEFINITION, NO_ROOT, 0, opens, closes, 3)
    assert plain(tuple(ballots.settingsOf(1))) == plain(settings)
    (event,) = logs(receipt, ballots)
    assert (event.name, event.fields["poll"]) == ("PollCreated", 1)
    assert event.fields["creator"] == organiser.address
    assert plain(tuple(event.fields["settings"])) == plain(settings)
    assert ballots.pollCount() == 1
    assert ballots.totalsOf(1) == [0, 0, 0]


def test_create_reverts_without_a_definition(create, ballots):
    with reverts(ballots.PollDefinitionZero):
        create(definition=bytes(32))


@pytest.mark.parametrize("options", [0, 1, 65])
def test_create_reverts_if_there_is_nothing_to_choose(create, ballots, options):
    with reverts(ballots.PollOptionsInvalid, options=options):
        create(options=options)


def test_create_reverts_if_the_window_is_none(create, ballots, clock):
    now = clock.now + 50
    for opens, closes in ((now - 1, now + 9), (now + 9, now + 9), (now + 9, now + 8)):
        clock.set_next(now)
        with reverts(ballots.PollWindowInvalid, opensAt=opens, closesAt=closes):
            create(opens_at=opens, closes_at=closes)
        now += 50


def test_create_reverts_if_weights_come_from_no_block_that_is_over(create, ballots, chain):
    root = keccak(text="root")
    for root_, block in ((root, 0), (NO_ROOT, 1)):
        with reverts(ballots.PollWeightsBlockInvalid, weightsBlock=block):
            create(root=root_, block=block)
    this_block = chain.blocks.head.number + 1
    with reverts(ballots.PollWeightsBlockInvalid, weightsBlock=this_block):
        create(root=root, block=this_block)


def test_every_account_has_one_vote(equal_poll, ballots, member, minor):
    receipt = ballots.vote(1, 2, 1, [], sender=member)
    ballots.vote(1, 2, 1, [], sender=minor)
    assert logs(receipt, ballots) == [
        log(ballots, "OpenVoteCast", poll=1, voter=member, option=2, weight=1)
    ]
    assert ballots.totalsOf(1) == [0, 0, 2]
    assert ballots.hasVoted(1, member) is True
    assert ballots.hasVoted(1, ballots) is False


@pytest.mark.parametrize(("weight", "proof"), [(0, []), (2, []), (1, [bytes(32)])])
def test_vote_reverts_for_more_or_less_than_one_vote(equal_poll, ballots, member, weight, proof):
    with reverts(ballots.OpenVoteWeightInvalid, poll=1, voter=member, weight=weight):
        ballots.vote(1, 0, weight, proof, sender=member)


def test_votes_weigh_what_the_root_says(weighted_poll, ballots, member, minor, leaves):
    ballots.vote(1, 0, WEIGHT, [leaves[1]], sender=member)
    ballots.vote(1, 1, 1, [leaves[0]], sender=minor)
    assert ballots.totalsOf(1) == [WEIGHT, 1, 0]


def test_vote_reverts_for_weights_that_the_root_does_not_hold(
    weighted_poll, ballots, member, minor, outsider, leaves
):
    for voter, weight, proof in (
        (minor, WEIGHT, [leaves[1]]),
        (minor, 2, [leaves[0]]),
        (outsider, 1, [leaves[0]]),
        (member, WEIGHT, []),
        (member, 0, [leaves[1]]),
        (member, 1, []),
    ):
        with reverts(ballots.OpenVoteWeightInvalid, poll=1, voter=voter, weight=weight):
            ballots.vote(1, 0, weight, proof, sender=voter)


def test_vote_reverts_if_it_is_the_second(equal_poll, ballots, member):
    ballots.vote(1, 0, 1, [], sender=member)
    with reverts(ballots.OpenVoteCastAlready, poll=1, voter=member):
        ballots.vote(1, 1, 1, [], sender=member)
    assert ballots.totalsOf(1) == [1, 0, 0]


def test_votes_of_other_polls_are_their_own(create, clock, ballots, member):
    create()
    create()
    clock.set(clock.now + 200)
    ballots.vote(1, 0, 1, [], sender=member)
    ballots.vote(2, 1, 1, [], sender=member)
    assert (ballots.totalsOf(1), ballots.totalsOf(2)) == ([1, 0, 0], [0, 1, 0])


def test_vote_reverts_if_there_is_no_such_option(equal_poll, ballots, member):
    with reverts(ballots.OpenVoteOptionInvalid, poll=1, option=3):
        ballots.vote(1, 3, 1, [], sender=member)


def test_votes_count_while_the_poll_is_open(create, ballots, clock, member, minor):
    create()
    settings = ballots.settingsOf(1)
    clock.set_next(settings.opensAt - 1)
    with reverts(ballots.PollNotOpen, poll=1, opensAt=settings.opensAt):
        ballots.vote(1, 0, 1, [], sender=member)
    clock.set_next(settings.opensAt)
    ballots.vote(1, 0, 1, [], sender=member)
    clock.set_next(settings.closesAt)
    with reverts(ballots.PollClosed, poll=1, closesAt=settings.closesAt):
        ballots.vote(1, 0, 1, [], sender=minor)


def test_unknown_polls_are_named(ballots, member):
    with reverts(ballots.PollUnknown, poll=1):
        ballots.vote(1, 0, 1, [], sender=member)
    for view in (ballots.settingsOf, ballots.totalsOf):
        with reverts(ballots.PollUnknown, poll=0):
            view.transact(0, sender=member)
    with reverts(ballots.PollUnknown, poll=2):
        ballots.hasVoted.transact(2, member, sender=member)
