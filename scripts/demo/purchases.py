"""Generate the purchases of the demo's coffee shop: eighteen months at one till.

`purchases.csv` beside this file is what the shop's till exported. It is committed, so that the
story is the same everywhere, and so is the way it came about:

    python -m scripts.demo.purchases            writes purchases.csv
    python -m scripts.demo.purchases --check    writes nothing; fails if the file is stale

Columns: `time` (UTC), `order` (the till's number, counted from 1), `member` (number of the loyalty
card) and `amount` (in the shop's currency, two decimals).
"""

from __future__ import annotations

import argparse
import csv
import io
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

FILE = Path(__file__).with_name("purchases.csv")
HEADER = ("time", "order", "member", "amount")

OPENING = datetime(2025, 1, 1, tzinfo=UTC)
DAYS = 546  # 2025-01-01 to 2026-06-30
MEMBERS = 160
SEED = 20_250_101

# Price in cents and how often it is asked for.
MENU = (
    (240, 22),  # espresso
    (390, 30),  # flat white
    (420, 18),  # cappuccino
    (360, 10),  # tea
    (310, 14),  # croissant
    (480, 9),  # cake
    (890, 4),  # breakfast
    (1290, 5),  # a bag of beans
)
OPEN_AT = 7  # o'clock
OPEN_MINUTES = 11 * 60
WEEKEND_FACTOR = 0.6  # the offices around are closed


@dataclass(frozen=True, slots=True)
class Purchase:
    """One line of the till's export.

    Attributes:
        time: When it was paid, UTC.
        order: Number of the sale, from 1, without gaps.
        member: Number of the loyalty card, from 1.
        amount: Cents, more than 0.
    """

    time: datetime
    order: int
    member: int
    amount: int


@dataclass(frozen=True, slots=True)
class _Habit:
    """When a member comes: the chance per day, from the first day to the last."""

    chance: float
    first: int
    last: int


def read(path: Path = FILE) -> list[Purchase]:
    """Return the purchases of a file, in its order.

    Raises:
        ValueError: The header or a line is not what :func:`render` writes.
    """
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        if tuple(next(rows, ())) != HEADER:
            raise ValueError(f"{path.name}: the first line must be {','.join(HEADER)}")
        return [_parse(row) for row in rows]


def render() -> str:
    """Return the file's content; the same on every machine and Python version."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(HEADER)
    for order, (time, member, amount) in enumerate(sorted(_sales()), start=1):
        euros = f"{amount // 100}.{amount % 100:02}"
        rows.writerow((time.strftime("%Y-%m-%dT%H:%M:%SZ"), order, member, euros))
    return text.getvalue()


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or check the file; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing, fail if it is stale")
    options = parser.parse_args(arguments)
    text = render()
    if options.check:
        fresh = FILE.is_file() and FILE.read_text(encoding="utf-8") == text
        if not fresh:
            print(f"{FILE.name} is stale: run python -m scripts.demo.purchases", file=sys.stderr)
        return 0 if fresh else 1
    FILE.write_text(text, encoding="utf-8")
    print(f"{FILE.name}: {text.count(chr(10)) - 1:,} purchases of {MEMBERS} members")
    return 0


def _sales() -> Iterator[tuple[datetime, int, int]]:
    # Only random() is used: Python promises its sequence, but not that of the other methods.
    source = random.Random(SEED)
    for member in range(1, MEMBERS + 1):
        habit = _habit(source)
        for day in range(habit.first, habit.last):
            date = OPENING + timedelta(days=day)
            factor = WEEKEND_FACTOR if date.weekday() >= 5 else 1.0
            if source.random() < habit.chance * factor:
                minutes = OPEN_AT * 60 + int(source.random() * OPEN_MINUTES)
                time = date + timedelta(minutes=minutes, seconds=int(source.random() * 60))
                yield time, member, _basket(source)


def _habit(source: random.Random) -> _Habit:
    """A few come daily, most now and then; some join late, some stop coming."""
    chance = 0.02 + 0.35 * _skewed(source) * _skewed(source)
    first = int(_skewed(source) * DAYS * 0.7)
    stays = source.random() < 0.7
    last = DAYS if stays else first + int(source.random() * (DAYS - first))
    return _Habit(chance, first, last)


def _basket(source: random.Random) -> int:
    items = 1 + int(_skewed(source) * 4)
    return sum(_pick(source) for _ in range(items))


def _skewed(source: random.Random) -> float:
    """A number from 0 to 1, more often near 0; a product, which every machine rounds alike."""
    return source.random() * source.random()


def _pick(source: random.Random) -> int:
    ticket = source.random() * sum(weight for _, weight in MENU)
    for price, weight in MENU:
        ticket -= weight
        if ticket < 0:
            return price
    return MENU[-1][0]


def _parse(row: list[str]) -> Purchase:
    time, order, member, amount = row
    whole, _, cents = amount.partition(".")
    return Purchase(
        time=datetime.strptime(time, "%Y-%m-%dT%H:%M:%S%z"),
        order=int(order),
        member=int(member),
        amount=int(whole) * 100 + int(cents),
    )


if __name__ == "__main__":
    sys.exit(main())
