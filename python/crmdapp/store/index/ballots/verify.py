"""What the index says of elections and polls, compared with the contracts at one block.

Numbers of voters and ballots, bulletins, hashes of rolls, ceremonies, groups, counts and phases:
each is read from the chain as it was then, phases with the time of that block.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import RowMapping as Row
from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from crmdapp.ballots.models import Phase
from crmdapp.store.index.ballots.phases import phase_at, round_windows, step_at
from crmdapp.store.index.ballots.tables import (
    COUNTS,
    ELECTIONS,
    GROUPS,
    GUARDS,
    POLL_TOTALS,
    POLL_VOTES,
    POLLS,
    PRECINCTS,
    QUESTIONS,
    RESULTS,
    ROLL,
    WINDOWS,
)
from crmdapp.store.index.verifying import Compared

if TYPE_CHECKING:
    from crmdapp.chain.calls import BoundContract
    from crmdapp.chain.connection import Connection
    from crmdapp.chain.manifest import Manifest

_CONTRACTS = ("Elections", "TrusteeBoard", "VoterRoll", "BallotBox", "Tally", "OpenBallots")


@dataclass(slots=True)
class _Chain:
    """The contracts of ballots as they were at a block."""

    connection: Connection
    manifest: Manifest
    block: int
    _contracts: dict[str, BoundContract] = field(default_factory=dict)

    def read(self, contract: str, function: str, *arguments: Any) -> Any:
        """Return what a contract said then."""
        if contract not in self._contracts:
            address = self.manifest[contract].address
            self._contracts[contract] = self.connection.contract(contract, address)
        return self._contracts[contract].read(function, *arguments, block=self.block)

    def has(self, contract: str) -> bool:
        """Return whether a contract was deployed by then."""
        entry = self.manifest.get(contract)
        return entry is not None and entry.block <= self.block


def compare(
    session: Session, connection: Connection, manifest: Manifest, block: int
) -> Iterator[Compared]:
    """Yield every value that the index keeps beside the value that the chain gives.

    Args:
        session: The index, at that block.
        connection: The chain; the node has to keep the block's state.
        manifest: Where the contracts are.
        block: Up to which the index followed.

    Raises:
        NodeProblem: The node cannot be asked.
    """
    chain = _Chain(connection, manifest, block)
    if all(chain.has(name) for name in _CONTRACTS[:-1]):
        yield from _elections(session, chain, connection.block_timestamp(block))
    if chain.has(_CONTRACTS[-1]):
        yield from _polls(session, chain)


def _elections(session: Session, chain: _Chain, now: int) -> Iterator[Compared]:
    rows = session.execute(select(ELECTIONS).order_by(ELECTIONS.c.election)).mappings().all()
    count = chain.read("Elections", "electionCount")
    yield Compared(ELECTIONS.name, "all", "rows", len(rows), count)
    for row in rows:
        number = row["election"]
        questions, groups = _of(session, QUESTIONS, number), _of(session, GROUPS, number)
        yield from _settings(session, chain, row)
        yield from _ceremony(chain, row, now)
        yield from _rolls(session, chain, row)
        yield from _ballots(session, chain, number, questions)
        yield from _sums(session, chain, number, questions, groups)
        phase = phase_at(row, questions, groups, now)
        stated = Phase(chain.read("Tally", "phaseOf", number))
        yield _of_election(number, "phase", phase.name, stated.name)


def _settings(session: Session, chain: _Chain, row: Row) -> Iterator[Compared]:
    number = row["election"]
    settings = chain.read("Elections", "settingsOf", number)
    digest, windows, precincts, turnout, threshold, quorum, asked, trustees, registrars = settings
    pairs = {
        "definition_hash": bytes(digest),
        **dict(zip(WINDOWS, windows, strict=True)),
        "precincts": precincts,
        "minimum_turnout": turnout,
        "threshold": threshold,
        "registrar_quorum": quorum,
        "questions": len(asked),
        "trustees": len(trustees),
        "organiser": chain.read("Elections", "organiserOf", number),
        "cancelled": int(chain.read("Elections", "isCancelled", number)),
    }
    for name, stated in pairs.items():
        yield _of_election(number, name, row[name], stated)
    for role, accounts in (("trustee", trustees), ("registrar", registrars)):
        c = GUARDS.c
        kept = session.execute(
            select(c.account).where(c.election == number, c.role == role).order_by(c.place)
        )
        yield Compared(
            GUARDS.name, f"{number}.{role}", "account", tuple(kept.scalars()), tuple(accounts)
        )
    for each, stated in zip(_of(session, QUESTIONS, number), asked, strict=True):
        kept_row = tuple(each[name] for name in ("kind", "options", "minimum", "maximum", "bits"))
        key = f"{number}.{each['question']}"
        yield Compared(QUESTIONS.name, key, "settings", kept_row, tuple(stated))


def _ceremony(chain: _Chain, row: Row, now: int) -> Iterator[Compared]:
    number = row["election"]
    step, round_, *rest = chain.read("TrusteeBoard", "ceremonyOf", number)
    windows = round_windows(row)
    kept = tuple(getattr(windows, name) for name in windows.__slots__)
    yield _of_election(number, "step", int(step_at(row, now)), step)
    yield _of_election(number, "round", row["round"], round_)
    yield _of_election(number, "round_windows", kept, tuple(rest[:4]))
    for name, stated in zip(("keys", "commitments", "deals"), rest[4:], strict=True):
        yield _of_election(number, name, row[name], stated)
    final = chain.read("TrusteeBoard", "isFinal", number)
    key = bytes(chain.read("TrusteeBoard", "keyOf", number)) if final else None
    yield _of_election(number, "key", row["key"], key)


def _rolls(session: Session, chain: _Chain, row: Row) -> Iterator[Compared]:
    number = row["election"]
    total = loose = 0
    for each in _of(session, PRECINCTS, number):
        place = number, each["precinct"]
        key = f"{number}.{each['precinct']}"
        voters = chain.read("VoterRoll", "countOf", *place)
        chunks = chain.read("VoterRoll", "chunksOf", *place)
        frozen = sum(int(kept, 16) != 0 for kept in chunks)
        total, loose = total + voters, loose + len(chunks) - frozen
        yield Compared(PRECINCTS.name, key, "voters", each["voters"], voters)
        stated = bytes(chain.read("VoterRoll", "rollHashOf", *place))
        yield Compared(PRECINCTS.name, key, "roll_hash", each["roll_hash"], stated)
        yield Compared(PRECINCTS.name, key, "chunks_frozen", each["chunks_frozen"], frozen)
    yield _of_election(number, "voters", row["voters"], total)
    yield _of_election(number, "chunks_loose", row["chunks_loose"], loose)
    for each in _of(session, ROLL, number):
        voter, precinct, index = chain.read("VoterRoll", "entryOf", number, each["nullifier"])
        key = f"{number}.{each['precinct']}.{each['place']}"
        kept = each["voter"], each["precinct"], each["place"]
        yield Compared(ROLL.name, key, "entry", kept, (voter, precinct, index))


def _ballots(
    session: Session, chain: _Chain, number: int, questions: list[Row]
) -> Iterator[Compared]:
    sums: dict[int, int] = {}
    for each in _of(session, COUNTS, number):
        place = number, each["question"], each["precinct"]
        key = ".".join(map(str, place))
        stated = chain.read("BallotBox", "countOf", *place)
        sums[each["question"]] = sums.get(each["question"], 0) + stated
        yield Compared(COUNTS.name, key, "ballots", each["ballots"], stated)
        bulletin = bytes(chain.read("BallotBox", "bulletinOf", *place))
        yield Compared(COUNTS.name, key, "bulletin", each["bulletin"], bulletin)
    for row in questions:
        place_ = number, row["question"]
        key = ".".join(map(str, place_))
        yield Compared(QUESTIONS.name, key, "ballots", row["ballots"], sums[row["question"]])
        prepared = chain.read("BallotBox", "isPrepared", *place_)
        context = bytes(chain.read("BallotBox", "contextOf", *place_)) if prepared else None
        yield Compared(QUESTIONS.name, key, "context", row["context"], context)


def _sums(
    session: Session, chain: _Chain, number: int, questions: list[Row], groups: list[Row]
) -> Iterator[Compared]:
    counts = _of(session, RESULTS, number)
    for row in questions:
        if not row["closed"] or row["ground"]:
            continue
        question = row["question"]
        stated = chain.read("Tally", "groupCountOf", number, question)
        yield Compared(QUESTIONS.name, f"{number}.{question}", "groups", row["groups"], stated)
        for each in groups:
            if each["question"] == question:
                votes = tuple(
                    count["votes"]
                    for count in counts
                    if (count["question"], count["group_index"]) == (question, each["group_index"])
                )
                yield from _group(chain, each, votes)


def _group(chain: _Chain, row: Row, votes: tuple[int, ...]) -> Iterator[Compared]:
    place = row["election"], row["question"], row["group_index"]
    key = ".".join(map(str, place))
    kept = row["first_precinct"], row["last_precinct"], row["ballots"]
    yield Compared(
        GROUPS.name, key, "precincts", kept, tuple(chain.read("Tally", "groupOf", *place))
    )
    posted = chain.read("Tally", "postedOf", *place)
    yield Compared(GROUPS.name, key, "posted", row["posted"], posted)
    tallied = chain.read("Tally", "isTallied", *place)
    yield Compared(GROUPS.name, key, "tallied_by", bool(row["tallied_by"]), tallied)
    stated = tuple(chain.read("Tally", "countsOf", *place)) if tallied else ()
    yield Compared(RESULTS.name, key, "votes", votes, stated)


def _polls(session: Session, chain: _Chain) -> Iterator[Compared]:
    rows = session.execute(select(POLLS).order_by(POLLS.c.poll)).mappings().all()
    count = chain.read("OpenBallots", "pollCount")
    yield Compared(POLLS.name, "all", "rows", len(rows), count)
    names = (
        "definition_hash",
        "weights_root",
        "weights_block",
        "opens_at",
        "closes_at",
        "options",
    )
    for row in rows:
        number = row["poll"]
        kept = tuple(row[name] for name in names)
        stated = tuple(chain.read("OpenBallots", "settingsOf", number))
        yield Compared(POLLS.name, str(number), "settings", kept, stated)
        c = POLL_TOTALS.c
        weights = session.execute(select(c.weight).where(c.poll == number).order_by(c.option))
        totals = tuple(chain.read("OpenBallots", "totalsOf", number))
        yield Compared(POLL_TOTALS.name, str(number), "weight", tuple(weights.scalars()), totals)
        voters = session.execute(select(POLL_VOTES.c.voter).where(POLL_VOTES.c.poll == number))
        for voter in voters.scalars():
            voted = chain.read("OpenBallots", "hasVoted", number, voter)
            yield Compared(POLL_VOTES.name, f"{number}.{voter}", "voted", True, voted)


def _of_election(number: int, column: str, kept: Any, stated: Any) -> Compared:
    return Compared(ELECTIONS.name, str(number), column, kept, stated)


def _of(session: Session, table: Table, number: int) -> list[Row]:
    wanted = select(table).where(table.c.election == number).order_by(*table.primary_key.columns)
    return list(session.execute(wanted).mappings())
