"""Public votes from the command line, by heads and by balances."""

import json
from datetime import UTC, datetime

import pytest

from tests.cli.conftest import ADDRESSES

HOUR = 3_600


def moment(seconds):
    return datetime.fromtimestamp(seconds, UTC).isoformat()


class Polls:
    """The commands, acting as the shop, and a definition."""

    def __init__(self, crmdapp, node):
        self.crmdapp, self.node = crmdapp, node
        self.file = crmdapp.folder / "bench.yaml"
        self.opens = node.now + HOUR

    def __call__(self, *words, code=0):
        return self.crmdapp.json("elections", "poll", *words, code=code)

    def send(self, *words, code=0):
        return self.crmdapp.send("elections", "poll", *words, code=code)

    def refuse(self, *words, code=6):
        return self.crmdapp.refuse_to_send("elections", "poll", *words, code=code)

    def define(self, **more):
        fields = {
            "format": "crmdapp-poll-1",
            "title": "Which bench?",
            "options": ["Wood", "Stone"],
            "opens_at": moment(self.opens),
            "closes_at": moment(self.opens + HOUR),
            **more,
        }
        self.file.write_text("".join(f"{name}: {json.dumps(it)}\n" for name, it in fields.items()))

    def create(self, *words, **more):
        self.define(**more)
        return self.send("create", self.file, *words)["poll"]


@pytest.fixture
def polls(crmdapp, node):
    return Polls(crmdapp, node)


def test_a_poll_is_held_at_the_command_line(polls):
    poll = polls.create()
    assert polls.refuse("vote", poll, "1")["code"] == "PollNotOpen"
    polls.node.advance_to(polls.opens)
    polls.send("vote", poll, "1")
    polls.crmdapp.act_as("customer")
    done = polls.send("vote", poll, "Stone", "--definition", polls.file, "--once", "bench")
    assert (done["option"], done["weight"]) == (1, 1)
    assert polls.send("vote", poll, "1", "--once", "bench")["hash"] == done["hash"]
    error = polls.refuse("vote", poll, "0")
    assert (error["code"], error["message"]) == (
        "OpenVoteCastAlready",
        f"{ADDRESSES['customer']} has voted in poll {poll}.",
    )
    found = polls("totals", poll, "--definition", polls.file)
    assert (found["totals"], found["final"]) == ({"Wood": 0, "Stone": 2}, False)
    polls.node.advance_to(polls.opens + HOUR)
    assert polls("totals", poll)["final"]
    polls.crmdapp.act_as("friend")
    assert polls.refuse("vote", poll, "0")["code"] == "PollClosed"


def test_an_option_is_named_by_number_or_text(polls):
    poll = polls.create()
    polls.node.advance_to(polls.opens)
    assert polls.refuse("vote", poll, "Stone", code=2)["code"] == "UsageError"
    assert polls.refuse("vote", poll, "2")["code"] == "OpenVoteOptionInvalid"
    polls.define(title="Another")
    error = polls.refuse("vote", poll, "0", "--definition", polls.file, code=8)
    assert error["code"] == "PollForeign"
    assert polls("totals", poll + 1, code=6)["error"]["code"] == "PollUnknown"


@pytest.fixture
def members(polls):
    """Units of the shop's program, by member."""
    given = {"customer": "5", "friend": "3"}
    for name, points in given.items():
        polls.crmdapp.send("loyalty", "award", "2", name, points)
    return {ADDRESSES[name]: int(points) * 100 for name, points in given.items()}


def source(polls, block):
    """Points of the shop's program at a block, as a definition names them."""
    manifest = json.loads((polls.crmdapp.folder / "deployments" / "31337.json").read_text())
    hub = manifest["contracts"]["PointsHub"]["address"]
    return {"token": hub, "block": block, "id": 2}


def test_votes_are_weighted_by_points(polls, members):
    block = int(polls.node.rpc("eth_blockNumber"), 16)
    polls.crmdapp.send("loyalty", "award", "2", "rival", "90")  # too late to count
    weighted = source(polls, block)
    poll = polls.create(weights=weighted)
    path = polls.crmdapp.folder / "weights.csv"
    found = polls("weights", polls.file, "--out", path)
    assert (found["voters"], found["total"]) == (len(members), sum(members.values()))
    assert path.read_text().splitlines()[0] == "address,weight"
    assert polls("totals", poll, "--weights", path)["weights_root"] == found["weights_root"]

    polls.node.advance_to(polls.opens)
    polls.crmdapp.act_as("customer")
    assert polls.refuse("vote", poll, "0", code=2)["code"] == "UsageError"
    assert polls.send("vote", poll, "0", "--weights", path)["weight"] == 500
    polls.crmdapp.act_as("rival")
    assert polls.refuse("vote", poll, "1", "--weights", path, code=8)["code"] == "WeightMissing"
    assert polls("totals", poll)["totals"] == {"0": 500, "1": 0}

    short = polls.crmdapp.folder / "holders.txt"
    short.write_text(ADDRESSES["customer"] + "\n")
    error = polls("weights", polls.file, "--holders", short, code=8)["error"]
    assert error["code"] == "WeightsIncomplete"
    assert error["fields"] == {"held": 500, "supply": 800}
    short.write_text("\n".join(members) + "\n")
    polls("weights", polls.file, "--holders", short, "--out", polls.crmdapp.folder / "same.csv")


def test_weights_of_another_poll_are_refused(polls, members):
    block = int(polls.node.rpc("eth_blockNumber"), 16)
    poll = polls.create(weights=source(polls, block))
    other = polls.crmdapp.folder / "other.csv"
    other.write_text(f"address,weight\n{ADDRESSES['customer']},1\n")
    polls.node.advance_to(polls.opens)
    polls.crmdapp.act_as("customer")
    error = polls.refuse("vote", poll, "0", "--weights", other, code=8)
    assert (error["code"], error["fields"]["field"]) == ("PollForeign", "weights_root")
    polls.define()
    assert polls("weights", polls.file, code=2)["error"]["code"] == "UsageError"
