"""Gas of secret ballots and of their trustees, beside votes that are public or anonymous.

Governor's votes are public: everybody reads them. Semaphore hides who votes and not what. Here who
votes is public and what is not; any two of three trustees decrypt the sum.

All figures are of a vote under way: sums and voted bits are words that are not zero. Voters who are
neighbours on the roll share a word of 256 voted bits; of scattered ones each has another word. A
relayer sorts by the roll, so a batch lies between the two. Where the design sets no target, its
prototype's figure for scattered voters is the target, less 4,600 gas for each further neighbour;
where there was no prototype, 5 % above what storage, events, calldata and precompiles cost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from crmdapp.ballots.choice import Choice
from crmdapp.ballots.deal import deal_bytes
from crmdapp.ballots.record import CHUNK_VOTERS
from crmdapp.ballots.vector import Vector
from crmdapp.chain.accounts import LocalSigner
from scripts.bench import ballot_floors as floors
from scripts.bench.chain import Chain
from scripts.bench.ledgers import customers
from scripts.bench.polls import QUORUM, Election, Station
from scripts.bench.table import Row
from scripts.bench.votes import Governor, anonymous_votes

WORDS = 50
BATCHES = (5, 20, 50)
SIZES = ((3, 2), (5, 3), (9, 5))  # n, t
REGISTERED = 20
PROOFS = "compiled code that hashes, weighs, copies and checks points around the precompile"
CHECKS = "jumps and checks of compiled code"
SETTINGS = "all settings of the election are read to find who its trustees are"
SHARED = 4_600  # gas that a word of voted bits costs which nobody shares

Peers: TypeAlias = Mapping[str, int]
People: TypeAlias = Sequence[LocalSigner]
Elections: TypeAlias = Mapping[tuple[int, int], Election]

QUESTIONS: dict[str, Choice | Vector] = {
    "yes/no": Choice(2, 20),
    "1 of 3": Choice(3, 20),
    "1 of 5": Choice(5, 20),
    "1 of 10": Choice(10, 20),
    "1 of 5 as a vector": Vector(5, 1, 1),
}
# By ballots in the batch; one is direct.
TARGETS = {
    "yes/no": {1: 156_000, 5: 88_232, 20: 66_000, 50: 62_000},
    "1 of 3": {1: 180_501, 5: 106_506, 20: 86_373, 50: 84_236},
    "1 of 5": {1: 220_684, 5: 141_582, 20: 118_000, 50: 119_569},
    "1 of 10": {1: 317_690, 5: 223_894, 20: 209_802, 50: 208_294},
    "1 of 5 as a vector": {1: 525_057, 5: 324_594, 20: 285_000, 50: 291_336},
}
# Those that were set; the others are what a prototype took.
DESIGNED = {
    ("yes/no", 1),
    ("yes/no", 20),
    ("yes/no", 50),
    ("1 of 5", 20),
    ("1 of 5 as a vector", 20),
}
FINALISE = {(3, 2): 208_000, (5, 3): 284_000, (9, 5): 434_000}
TALLY = {(3, 2): 179_000, (5, 3): 225_000, (9, 5): 317_000}


def measure(chain: Chain) -> Iterator[Row]:
    """Yield the rows of gas.

    Raises:
        BenchError: A transaction reverted.
    """
    governor, semaphore = Governor(chain), anonymous_votes(chain)
    peers = {
        "OpenZeppelin Governor, public": governor.cast_vote(),
        "OpenZeppelin Governor, public, by signature": governor.cast_vote_by_signature(),
        "Semaphore, a public signal": semaphore.vote,
    }
    station = Station(chain)
    main = Election(station, *SIZES[0], tuple(QUESTIONS.values()))
    voters = customers("voter", floors.WORD_VOTERS * WORDS)
    elections = {size: Election(station, *size) for size in SIZES}
    disputed = {size: Election(station, *size) for size in SIZES}
    yield from _registrations(main, voters, semaphore.join)
    for election in elections.values():
        election.register(*election.trustees[:2])
    yield from _ceremonies(station, main, elections, disputed)
    station.next_window()
    yield _freezing(main)
    for election in elections.values():
        election.freeze()
    for election in (main, *elections.values()):
        election.prepare()
    station.next_window()
    for number, name in enumerate(QUESTIONS):
        yield from _votes(main, number, name, voters, peers if number < 2 else {})
    for election in elections.values():
        for index, voter in enumerate(election.trustees[:2]):
            election.cast(0, index, voter)
    station.next_window()
    yield from _tallies(elections)


def _registrations(main: Election, people: People, join: int) -> Iterator[Row]:
    """All voters of the main election; the first is an account of the chain."""
    account, *_ = main.trustees
    voters = [account, *(each.address for each in people[1:])]
    main.register(voters[0])
    gas = main.register(*voters[1 : REGISTERED + 1])
    main.register_all(voters[REGISTERED + 1 :])
    yield Row(
        "ballots",
        f"register a voter by 2 registrars, {REGISTERED} in a batch, each",
        round(gas / REGISTERED),
        "gas",
        floor=floors.registration(QUORUM, REGISTERED),
        peers={"Semaphore, join a group": join},
    )


def _freezing(main: Election) -> Row:
    floor = floors.freezing(CHUNK_VOTERS)
    return Row(
        "ballots",
        f"freeze {CHUNK_VOTERS:,} voters, each",
        round(main.freeze() / CHUNK_VOTERS),
        "gas",
        target=_above(floor),
        floor=floor,
    )


def _ceremonies(
    station: Station, main: Election, elections: Elections, disputed: Elections
) -> Iterator[Row]:
    every = [main, *elections.values(), *disputed.values()]
    registered = [each.register_keys() for each in every]
    station.next_window()
    committed = [each.commit_deals(wrong=each in disputed.values()) for each in every]
    station.next_window()
    posted = {each: each.post_deals() for each in every}
    station.next_window()
    complaints = {size: each.complain() for size, each in disputed.items()}
    station.next_window()
    main.finalise()
    floor = floors.step(data=224, pairs=3, fresh=2, old=1, read=3, logged=352)
    floor += floors.CODE
    yield _step("register a trustee's key", registered[1], floor, SETTINGS)
    floor = floors.step(data=32, fresh=1, old=1, read=2, logged=32)
    yield _step("commit to a deal", committed[1], floor, CHECKS)
    for (n, t), election in elections.items():
        size = deal_bytes(t, n)
        floor = floors.step(data=size, pairs=4 + t, old=2, read=2, logged=size + 64)
        yield _step(f"post a deal, {n} trustees, {t} decrypt", posted[election], floor)
    for (n, t), gas in complaints.items():
        floor = floors.step(data=deal_bytes(t, n) + 512, pairs=6 + t, old=1, read=4, logged=480)
        yield _step(f"complain of a deal, {n} trustees, {t} decrypt", gas, floor)
    for (n, t), election in elections.items():
        yield Row(
            "ballots",
            f"make the key of {n} trustees, {t} decrypt",
            election.finalise(),
            "gas",
            target=FINALISE[n, t],
        )


def _tallies(elections: Elections) -> Iterator[Row]:
    for (n, t), election in elections.items():
        yield Row(
            "ballots",
            f"tally yes/no in one go, {t} of {n} trustees",
            election.tally_up((1, 1)),
            "gas",
            target=TALLY[n, t],
        )


def _votes(main: Election, number: int, name: str, people: People, peers: Peers) -> Iterator[Row]:
    """The voters of a question, from the first of each word on."""
    question = QUESTIONS[name]
    main.relay(
        number,
        _at(people, range(floors.WORD_VOTERS - 1, floors.WORD_VOTERS * WORDS, floors.WORD_VOTERS)),
    )
    account, *_ = main.trustees
    yield _row(
        f"vote {name}, sent by its voter",
        main.cast(number, 0, account),
        TARGETS[name][1],
        floors.cast(question, 1, 1, direct=True),
        peers,
    )
    first = 1
    for size in BATCHES:
        gas = round(main.relay(number, _at(people, range(first, first + size))) / size)
        shared = 0 if (name, size) in DESIGNED else SHARED * (size - 1) // size
        target = TARGETS[name][size] - shared
        floor = floors.cast(question, size, 1)
        yield _row(f"vote {name}, {size} relayed, neighbours, each", gas, target, floor, peers)
        first += size
    for place, size in enumerate(BATCHES, start=first):
        indices = range(place, floors.WORD_VOTERS * size, floors.WORD_VOTERS)
        gas = round(main.relay(number, _at(people, indices)) / size)
        floor = floors.cast(question, size, size)
        target = TARGETS[name][size]
        yield _row(f"vote {name}, {size} relayed, scattered, each", gas, target, floor, peers)


def _at(people: People, places: Iterable[int]) -> list[tuple[int, LocalSigner]]:
    return [(place, people[place]) for place in places]


def _row(operation: str, gas: int, target: int, floor: int, peers: Peers) -> Row:
    return Row("ballots", operation, gas, "gas", target, floor, peers, PROOFS)


def _step(operation: str, gas: int, floor: int, reason: str = PROOFS) -> Row:
    return Row("ballots", operation, gas, "gas", _above(floor), floor, reason=reason)


def _above(floor: int) -> int:
    """The target of what had no prototype, in hundreds."""
    return round(floor * 1.05 / 100) * 100
