"""A whole election of 10,000 voters: how fast ballots are cast, and how fast it is audited."""

from __future__ import annotations

import time
from collections.abc import Iterator

from crmdapp.ballots.audit import audit_election
from crmdapp.ballots.evidence import BallotContracts
from crmdapp.ballots.evidence_collecting import collect_record
from crmdapp.chain import connect
from crmdapp.chain.addresses import checksum
from scripts.bench.chain import Chain
from scripts.bench.ledgers import customers
from scripts.bench.polls import Election, Station
from scripts.bench.python import rounded
from scripts.bench.table import Row

VOTERS = 10_000
BATCH = 50
TRUSTEES, THRESHOLD = 5, 3
PROCESSES = 2


def measure(chain: Chain) -> Iterator[Row]:
    """Yield the rows.

    Raises:
        BenchError: A transaction reverted.
        VerificationFailed: The audit found a broken link.
    """
    station = Station(chain)
    election = Election(station, TRUSTEES, THRESHOLD)
    voters = list(enumerate(customers("voter", VOTERS)))
    election.register_all([each.address for _, each in voters])
    election.hold_ceremony()
    election.freeze()
    election.prepare()
    station.next_window()
    begin = time.perf_counter()
    for start in range(0, VOTERS, BATCH):
        election.relay(0, voters[start : start + BATCH])
    seconds = time.perf_counter() - begin
    yield Row(
        "ballots",
        f"seal, sign, verify and cast {VOTERS:,} ballots, {BATCH} in a batch",
        rounded(VOTERS / seconds),
        "ballots/s",
        target=550,
    )
    station.next_window()
    election.tally_up((VOTERS // 2, VOTERS // 2))
    yield Row(
        "ballots",
        f"audit {VOTERS:,} ballots from the chain, {PROCESSES} processes",
        rounded(_audit(chain, station, election)),
        "s",
        target=60,
    )


def _audit(chain: Chain, station: Station, election: Election) -> float:
    """Seconds by the clock to collect the record and to check it, every point of it too."""
    places = (station.elections, station.board, station.roll, station.box, station.tally)
    contracts = BallotContracts(*(checksum(each.address) for each in places))
    begin = time.perf_counter()
    with connect(chain.url) as connection:
        record = collect_record(connection, contracts, election.number)
    audit_election(record, workers=PROCESSES).require_holds()
    return time.perf_counter() - begin
