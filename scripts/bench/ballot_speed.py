"""Speed of the cryptography of ballots, on one processor.

A sum is searched for counts that take long to find: of few options all ballots for the last, of
many as many for each. How many ballots one sum may hold at most stands beside it: whoever asks for
more is refused before the election is created.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from crmdapp.ballots.batches import Entry, verify, verify_batch
from crmdapp.ballots.choice import Choice
from crmdapp.ballots.decoding import bits_for, decode_choice, most_ballots
from crmdapp.ballots.group import decode_settled_point, encode_point, multiply_base
from crmdapp.ballots.nonces import Nonces
from crmdapp.ballots.second import Form, verify_ballot
from crmdapp.ballots.transcripts import ballot_context
from crmdapp.chain._keccak import keccak
from scripts.bench.chain import START, BenchError, Chain
from scripts.bench.ledgers import strangers
from scripts.bench.python import rounded
from scripts.bench.table import Row

SECRET = 2_026
K = multiply_base(SECRET)
BALLOTS = 10_000
FEW = 1_000
REPETITIONS = 3
YES_NO = Choice(2, bits_for(BALLOTS))
CONTEXT = ballot_context(
    chain_id=START,
    box=strangers("box", 1)[0],
    election=1,
    question=0,
    definition_hash=keccak(b"definition"),
    K=encode_point(K),
)
# Counts, and the target in seconds.
SEARCHES = (((0, 1_000_000), 0.013), ((0, 0, 1_000_000), 14), ((200,) * 5, 6))


def measure(_chain: Chain) -> Iterator[Row]:
    """Yield the rows.

    Raises:
        BenchError: Counts were found that are not those of the sum.
    """
    yield from _ballots()
    for counts, target in SEARCHES:
        yield _search(counts, target)


def _ballots() -> Iterator[Row]:
    entries = [Entry(voter, _seal(voter, n)) for n, voter in enumerate(strangers("voter", BALLOTS))]
    few = entries[:FEW]
    yield _row("seal a ballot, yes/no", 1_000 * _each(_seal_again, few[:100]), "ms", target=2)
    single = _each(partial(verify, YES_NO, K, CONTEXT), few[:100])
    yield _row(
        "verify a ballot, yes/no",
        1_000 * single,
        "ms",
        target=1,
        peers={"py_ecc": rounded(1_000 * _each(_verify_second, few[:2]))},
    )
    for some in (few, entries):
        yield _row(
            f"verify {len(some):,} ballots at once, yes/no",
            _best(partial(verify_batch, YES_NO, K, CONTEXT, some)),
            "s",
            target=4.3 if some is entries else None,
            peers={"one by one": rounded(single * len(some))},
        )
    yield _row(
        f"verify {BALLOTS:,} ballots at once, points checked by the chain",
        _best(partial(verify_batch, YES_NO, K, CONTEXT, entries, decode_settled_point)),
        "s",
        target=0.9,
    )


def _seal(voter: str, number: int) -> bytes:
    return YES_NO.seal(K, CONTEXT, voter, (number % 2,), _NONCES).body


def _seal_again(entry: Entry) -> bytes:
    return _seal(entry.voter, 1)


def _verify_second(entry: Entry) -> None:
    form = Form(YES_NO.options, YES_NO.bits)
    verify_ballot(form, encode_point(K), CONTEXT, entry.voter, entry.body)


def _search(counts: tuple[int, ...], target: float) -> Row:
    options, ballots = len(counts), sum(counts)
    bits = bits_for(ballots)
    exponent = sum(count << bits * slot for slot, count in enumerate(counts[1:]))
    result = multiply_base(exponent)
    begin = time.process_time()
    found = decode_choice(result, options, bits, ballots)
    seconds = time.process_time() - begin
    if found != counts:
        raise BenchError(f"the sum holds {counts}, found {found}")
    most = most_ballots(options)
    operation = f"count 1 of {options}, {ballots:,} ballots (at most {most:,})"
    return _row(operation, seconds, "s", target=target)


def _row(operation: str, figure: float, unit: str, **held: Any) -> Row:
    return Row("ballots", operation, rounded(figure), unit, **held)


def _each(work: Callable[[Entry], Any], entries: Sequence[Entry]) -> float:
    """Seconds of processor time for each, the best of a few repetitions."""
    return _best(lambda: [work(entry) for entry in entries]) / len(entries)


def _best(work: Callable[[], Any]) -> float:
    def seconds() -> float:
        begin = time.process_time()
        work()
        return time.process_time() - begin

    return min(seconds() for _ in range(REPETITIONS))


_NONCES = Nonces(keccak(b"voters"))
