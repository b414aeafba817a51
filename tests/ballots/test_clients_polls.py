"""Public votes through their client, and weights that anybody can compute again."""

import json
from datetime import UTC, datetime

import pytest

from crmdapp.ballots.errors import (
    OpenVoteCastAlready,
    OpenVoteOptionInvalid,
    PollClosed,
    PollNotOpen,
    PollUnknown,
    PollWeightsBlockInvalid,
    PollWindowInvalid,
)
from crmdapp.ballots.faults import PollForeign, WeightMissing, WeightsIncomplete
from crmdapp.ballots.poll_definition import read_poll
from crmdapp.ballots.polls import Poll, PollsClient
from crmdapp.ballots.weights import (
    Weights,
    WeightsSource,
    leaf_of,
    read_weights,
    weights_at,
    weights_tree,
)
from crmdapp.chain.deployments import Planned, deploy_all
from crmdapp.chain.merkle import root_of
from crmdapp.errors import FileRejected, UsageError
from tests.ballots.station import *  # noqa: F403 - fixtures
from tests.ballots.station import address_of

HOUR = 3_600
MEMBERS = {address_of("ada"): 50, address_of("bea"): 30, address_of("cid"): 20}


def moment(seconds):
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def definition(station, **changes):
    fields = {
        "format": "crmdapp-poll-1",
        "title": "Which bench?",
        "options": ["Wood", "Stone", "None"],
        "opens_at": moment(station.now + HOUR),
        "closes_at": moment(station.now + 2 * HOUR),
    }
    return read_poll(json.dumps({**fields, **changes}).encode())


def polls(station, role):
    return PollsClient.at(station.connection, station.manifest, station.sender(role))


def weighted(station, **changes):
    source = {"token": address_of("token"), "block": 1, **changes}
    return definition(station, weights=source)


@pytest.fixture
def open_poll(station):
    """A vote in which every account has one vote."""
    asked = definition(station)
    number = polls(station, "council").create(asked)
    station.advance_to(int(asked.opens_at.timestamp()))
    return number


def test_a_poll_is_what_its_definition_says(station):
    asked = definition(station)
    client = polls(station, "council")
    number = client.create(asked)
    opens, closes = int(asked.opens_at.timestamp()), int(asked.closes_at.timestamp())
    found = client.poll(number)
    assert found == Poll(number, asked.hash, bytes(32), 0, opens, closes, 3)
    assert not found.is_weighted
    assert client.count() == number
    client.require_definition(number, asked)
    with pytest.raises(PollForeign):
        client.require_definition(number, definition(station, title="Another"))


def test_a_poll_opens_later_than_now(station):
    asked = definition(station, opens_at=moment(station.now - 1))
    with pytest.raises(PollWindowInvalid) as refused:
        polls(station, "council").create(asked)
    assert refused.value.opens_at == int(asked.opens_at.timestamp())


def test_votes_are_public_and_counted(station, open_poll):
    for voter, option in (("ada", 1), ("bea", 1), ("cid", 0)):
        polls(station, voter).vote(open_poll, option)
    client = polls(station, "council")
    assert client.totals(open_poll) == (1, 2, 0)
    assert client.has_voted(open_poll, address_of("ada"))
    assert not client.has_voted(open_poll, address_of("dan"))
    assert [(log.event.voter, log.event.option) for log in client.votes(open_poll)] == [
        (address_of("ada"), 1),
        (address_of("bea"), 1),
        (address_of("cid"), 0),
    ]


def test_nobody_votes_twice(station, open_poll):
    polls(station, "ada").vote(open_poll, 1)
    with pytest.raises(OpenVoteCastAlready) as refused:
        polls(station, "ada").vote(open_poll, 0)
    assert refused.value == OpenVoteCastAlready(open_poll, address_of("ada"))


def test_a_vote_is_sent_once_for_a_key(station, open_poll):
    first = polls(station, "ada").vote(open_poll, 1, key="bench")
    assert polls(station, "ada").vote(open_poll, 1, key="bench").hash == first.hash


def test_what_cannot_be_voted_is_refused(station, open_poll):
    for option in (3, -1):
        with pytest.raises(OpenVoteOptionInvalid):
            polls(station, "ada").vote(open_poll, option)
    with pytest.raises(PollUnknown) as refused:
        polls(station, "ada").vote(open_poll + 1, 0)
    assert refused.value == PollUnknown(open_poll + 1)
    with pytest.raises(UsageError, match="has no weights"):
        polls(station, "ada").vote(open_poll, 0, Weights(MEMBERS))


def test_votes_out_of_time_are_refused(station):
    asked = definition(station)
    number = polls(station, "council").create(asked)
    with pytest.raises(PollNotOpen) as refused:
        polls(station, "ada").vote(number, 0)
    assert refused.value == PollNotOpen(number, int(asked.opens_at.timestamp()))
    station.advance_to(int(asked.closes_at.timestamp()))
    with pytest.raises(PollClosed) as refused:
        polls(station, "ada").vote(number, 0)
    assert refused.value == PollClosed(number, int(asked.closes_at.timestamp()))


# ----------------------------------------------------------------- weights


def test_votes_have_the_weights_of_the_root(station):
    asked, weights = weighted(station), Weights(MEMBERS)
    client = polls(station, "council")
    number = client.create(asked, weights)
    assert client.poll(number).weights_root == weights.root
    station.advance_to(int(asked.opens_at.timestamp()))
    for voter, option in (("ada", 2), ("bea", 0)):
        polls(station, voter).vote(number, option, weights)
    assert client.totals(number) == (30, 0, 50)
    with pytest.raises(WeightMissing) as refused:
        polls(station, "dan").vote(number, 0, weights)
    assert refused.value.voter == address_of("dan")
    with pytest.raises(PollForeign) as refused:
        polls(station, "cid").vote(number, 0, Weights({**MEMBERS, address_of("cid"): 21}))
    assert refused.value.field == "weights_root"
    with pytest.raises(UsageError, match="are weighted"):
        polls(station, "cid").vote(number, 0)


def test_weights_are_given_just_where_they_are_asked_for(station):
    client = polls(station, "council")
    with pytest.raises(UsageError, match="asks for weights"):
        client.create(weighted(station))
    with pytest.raises(UsageError, match="asks for no weights"):
        client.create(definition(station), Weights(MEMBERS))
    with pytest.raises(PollWeightsBlockInvalid):
        client.create(weighted(station, block=10**6), Weights(MEMBERS))


def test_the_root_is_that_of_other_implementations():
    """``StandardMerkleTree.of([[...]], ["address", "uint256"])``, by its definition."""
    from eth_abi.abi import encode
    from eth_utils import keccak

    one, other = [
        keccak(keccak(encode(["address", "uint256"], [voter, weight])))
        for voter, weight in list(MEMBERS.items())[:2]
    ]
    weights = Weights(dict(list(MEMBERS.items())[:2]))
    assert weights.root == keccak(min(one, other) + max(one, other))
    assert leaf_of(address_of("ada"), 50) == one


def test_every_weight_is_proved_and_no_other():
    weights = Weights(MEMBERS)
    assert (len(weights), weights.total, weights.weight(address_of("dan"))) == (3, 100, 0)
    for voter, weight in MEMBERS.items():
        assert root_of(leaf_of(voter, weight), weights.proof(voter)) == weights.root
        assert root_of(leaf_of(voter, weight + 1), weights.proof(voter)) != weights.root
    assert Weights(dict(reversed(MEMBERS.items()))).root == weights.root
    assert weights_tree(MEMBERS).root == weights.root


@pytest.mark.parametrize("weights", [{}, {address_of("ada"): 0}, {"0x12": 1}])
def test_weights_that_cannot_be_used_are_refused(weights):
    with pytest.raises(UsageError):
        Weights(weights)


def test_weights_go_through_a_file(tmp_path):
    path = tmp_path / "weights.csv"
    path.write_text(Weights(MEMBERS).to_csv())
    assert read_weights(path).root == Weights(MEMBERS).root
    with pytest.raises(UsageError, match="cannot be read"):
        read_weights(tmp_path / "missing.csv")


@pytest.mark.parametrize(
    ("line", "column", "reason"),
    [
        (f"{address_of('ada')},0", "weight", "a whole number from 1"),
        (f"{address_of('ada')},1.5", "weight", "a whole number from 1"),
        (f"{address_of('ada')},{1 << 256}", "weight", "a whole number from 1"),
        ("0x12,5", "address", ""),
        (f"{address_of('bea')},5", "address", "stands there twice"),
        (address_of("ada"), "", "1 columns"),
    ],
)
def test_a_faulty_file_names_line_and_column(tmp_path, line, column, reason):
    path = tmp_path / "weights.csv"
    path.write_text(f"address,weight\n{address_of('bea')},1\n{line}\n")
    with pytest.raises(FileRejected) as refused:
        read_weights(path)
    (fault,) = refused.value.faults
    assert (fault.line, fault.field) == (3, column)
    assert reason in fault.reason


def test_a_file_begins_with_names(tmp_path):
    path = tmp_path / "weights.csv"
    path.write_text(f"{address_of('bea')},1\n")
    with pytest.raises(FileRejected, match=r"weights\.csv has 1 fault"):
        read_weights(path)


@pytest.fixture
def coin(station, tmp_path):
    """A token that three members have."""
    manifest = deploy_all(
        station.connection, station.sender("council"), [Planned("TestCoin")], tmp_path / "c.json"
    )
    contract = station.connection.contract("TestCoin", manifest["TestCoin"].address)
    council = station.sender("council")
    for number, (member, balance) in enumerate(MEMBERS.items()):
        call = contract.call("mint", member, balance)
        council.wait(council.send(call, key=f"mint {number}"))
    return contract


def test_weights_are_the_balances_at_a_block(station, coin):
    block = station.connection.block_number()
    council = station.sender("council")
    council.wait(council.send(coin.call("mint", address_of("dan"), 900), key="later"))

    source = WeightsSource(coin.address, block)
    assert dict(weights_at(station.connection, source).items()) == MEMBERS
    assert weights_at(station.connection, source, list(MEMBERS)).root == Weights(MEMBERS).root
    with pytest.raises(WeightsIncomplete) as refused:
        weights_at(station.connection, source, list(MEMBERS)[:2])
    assert (refused.value.held, refused.value.supply) == (80, 100)
    now = WeightsSource(coin.address, station.connection.block_number())
    assert weights_at(station.connection, now).total == 1_000
