"""Write docs/scale.md from the figures of the bench.

python -m scripts.export_scale           write it
python -m scripts.export_scale --check   exit code 1 if it is not up to date
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

ROOT = Path(__file__).resolve().parents[1]
TEMPLATE = ROOT / "scripts" / "scale.md.j2"
RESULTS = ROOT / "scripts" / "bench" / "results.json"
PAGE = ROOT / "docs" / "scale.md"

MILLION = 1_000_000
PURCHASES, REDEMPTIONS = 24, 4  # of one customer in a year
VOTERS = 10 * MILLION
HOURS = 12
YEAR = 365 * 86_400
GWEI = 0.01
SLOW, FAST = 5 * MILLION, 30 * MILLION  # gas a second

SHOWN = (
    ("loyalty", "award 1,000, existing balances"),
    ("loyalty", "redeem, 100 signed in one transaction, each"),
    ("loyalty", "sign EIP-712 intents, on one processor"),
    ("loyalty", "award a file of 100,000 rows"),
    ("customers", "register 200 in a batch, each"),
    ("customers", "grant 100 signed consents, each"),
    ("customers", "anchor 10,000 interactions"),
    ("customers", "seal a field"),
    ("ballots", "register a voter by 2 registrars, 20 in a batch, each"),
    ("ballots", "vote 1 of 3, 50 relayed, scattered, each"),
    ("ballots", "verify 10,000 ballots at once, yes/no"),
    ("ballots", "seal, sign, relay and count 10,000 ballots, 50 in a batch"),
    ("ballots", "audit 10,000 ballots from the chain, 2 processes"),
)
"""Rows that the page shows, beside all of the areas ``index`` and ``api``."""


class Figures:
    """The bench's figures.

    Args:
        results: What ``make bench`` wrote.
    """

    def __init__(self, results: Mapping[str, Any]) -> None:
        self.rows: dict[tuple[str, str], Mapping[str, Any]] = {
            (row["area"], row["operation"]): row for row in results["rows"]
        }

    def __call__(self, area: str, operation: str) -> float:
        """Return a figure.

        Raises:
            KeyError: The bench has no such row.
        """
        return float(self.rows[area, operation]["ours"])

    def shown(self) -> list[dict[str, str]]:
        """Return the rows of the page's first table."""
        keys = [*SHOWN, *(key for key in self.rows if key[0] in ("index", "api"))]
        return [
            {
                "area": area,
                "operation": operation,
                "figure": f"{_number(self(area, operation))} {self.rows[area, operation]['unit']}",
            }
            for area, operation in keys
        ]


def page(results: Mapping[str, Any]) -> str:
    """Return the whole page."""
    found = Figures(results)
    award = found("loyalty", "award 1,000, existing balances") / 1_000
    redeem = found("loyalty", "redeem, 100 signed in one transaction, each")
    vote = found("ballots", "vote 1 of 3, 50 relayed, scattered, each")
    customers = [
        _row("register a profile", MILLION, found("customers", "register 200 in a batch, each")),
        _row("give a consent", MILLION, found("customers", "grant 100 signed consents, each")),
        _row("earn, in files of 1,000", PURCHASES * MILLION, award),
        _row("spend, 100 signed orders at a time", REDEMPTIONS * MILLION, redeem),
        _row(
            "anchor interactions, 10,000 at a time",
            PURCHASES * MILLION // 10_000,
            found("customers", "anchor 10,000 interactions"),
        ),
    ]
    election = [
        _row(
            "register a voter",
            VOTERS,
            found("ballots", "register a voter by 2 registrars, 20 in a batch, each"),
        ),
        _row("freeze the roll", VOTERS, found("ballots", "freeze 1,228 voters, each")),
        _row("vote", VOTERS, vote),
    ]
    year_rate = (PURCHASES * award + REDEMPTIONS * redeem) * MILLION / YEAR
    a_second = VOTERS / (HOURS * 3_600)
    relayed = found("ballots", "seal, sign, relay and count 10,000 ballots, 50 in a batch")
    values = {
        "measured": found.shown(),
        "rates": {"slow": {"words": "5 Mgas/s"}, "fast": {"words": "30 Mgas/s"}},
        "gwei": GWEI,
        "dear": _number(1e15 / (GWEI * 1e9) / MILLION),
        "purchases": PURCHASES,
        "redemptions": REDEMPTIONS,
        "customers": customers,
        "year_rate": _number(round(year_rate, -2)),
        "year_share": f"{year_rate / FAST:.2%}",
        "sealing": _time(10 * MILLION / found("customers", "seal a field")),
        "wrapping": _time(MILLION / found("customers", "wrap an epoch's key, signed")),
        "awarding": _time(PURCHASES * MILLION / found("loyalty", "award a file of 100,000 rows")),
        "proof": f"{found('customers', 'Merkle proof of one of 100,000 leaves'):g} us",
        "election": election,
        "hours": HOURS,
        "voters": _number(VOTERS),
        "day_rate": f"{VOTERS * vote / (HOURS * 3_600) / MILLION:.1f} million",
        "ballots_a_second": _number(math.ceil(a_second)),
        "relayed": _number(relayed),
        "relayers": _number(math.ceil(a_second / relayed)),
        "verifying": _time(
            VOTERS / 10_000 * found("ballots", "verify 10,000 ballots at once, yes/no")
        ),
        "auditing": _time(
            VOTERS / 10_000 * found("ballots", "audit 10,000 ballots from the chain, 2 processes")
        ),
        "decode_max": _decode_max(found),
    }
    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True)  # noqa: S701
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(values)


def _row(what: str, count: int, gas: float) -> dict[str, str]:
    total = count * gas
    return {
        "what": what,
        "count": _number(count),
        "each": _number(gas),
        "gas": f"{_number(round(total / MILLION))} million",
        "slow": _time(total / SLOW),
        "fast": _time(total / FAST),
    }


def _decode_max(found: Figures) -> str:
    """Return how many ballots of three options one sum can hold, as its row says."""
    prefix = "count 1 of 3, 1,000,000 ballots (at most "
    (operation,) = (key[1] for key in found.rows if key[1].startswith(prefix))
    return operation.removeprefix(prefix).rstrip(")")


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:g}"


def _time(seconds: float) -> str:
    for unit, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.1f} seconds"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or check the page; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m scripts.export_scale")
    parser.add_argument("--check", action="store_true", help="change nothing")
    options = parser.parse_args(arguments)
    text = page(json.loads(RESULTS.read_text(encoding="utf-8")))
    if not options.check:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text:
        print("docs/scale.md is not up to date: python -m scripts.export_scale", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
