"""A program's default terms: figures from the chain, prose from a template.

The template is ``templates/terms.md``. A paragraph that begins with ``{?word}`` stands only if the
word holds for the terms, one that begins with ``{?!word}`` only if it does not. No lawyer has
reviewed it, and it says so.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from string import Template

from crmdapp.errors import UsageError
from crmdapp.loyalty.coin import to_decimal
from crmdapp.loyalty.points import to_points, to_units
from crmdapp.loyalty.terms_file import TermsBundle
from crmdapp.loyalty.terms_models import ChainFacts, EarnRule, Terms, TermsPrices, TermsTier

LAW_PLACEHOLDER = "[FILL IN the law, such as: the law of Portugal]"
USUAL = 100
"""Percent: as many points as everybody earns."""

PRICE_NOTICES_PER_EPOCH = 26
"""A change of prices is announced a 26th of an epoch ahead (the hub's ``PRICE_NOTICE``)."""

_WIDTH = 98
_CONDITION = re.compile(r"\{\?(!?)(\w+)\}\n")
_EARN = re.compile(r"(\S+) per ([0-9]+(?:\.[0-9]{1,2})? [A-Z]{3})")
_SPANS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


def draft(
    facts: ChainFacts,
    *,
    operator: str | None = None,
    law: str | None = None,
    earn: Iterable[EarnRule] = (),
) -> TermsBundle:
    """Return terms for the next version that agree with the chain.

    Args:
        facts: The program as it stands.
        operator: Who runs the program, with name and address; by default the brand and the account
            that owns it.
        law: The law that governs the terms; by default a placeholder, which keeps them from being
            published.
        earn: What earns points; nothing is promised by default.

    Raises:
        FileRejected: A value cannot stand in terms; the fault names the field.
    """
    program, stated = facts.program, facts.facts
    prices = TermsPrices(facts.coin, stated.on_ramp, stated.off_ramp) if stated.on_ramp else None
    terms = Terms(
        version=len(facts.versions),
        chain_id=facts.chain_id,
        ledger=facts.ledger,
        program=program.id,
        name=program.name,
        symbol=program.symbol,
        operator=operator or f"{program.name}, the owner of account {program.owner}",
        genesis=facts.genesis,
        epoch_length=stated.epoch_length,
        validity=stated.validity,
        cap=stated.cap,
        tiers=tuple(
            TermsTier(f"Tier {number}", threshold, USUAL)
            for number, threshold in enumerate(stated.tiers, start=1)
        ),
        earn=tuple(earn),
        prices=prices,
        gifts=True,
        money_cards=False,
        clawback=stated.clawback,
        governing_law=law or LAW_PLACEHOLDER,
    )
    return TermsBundle.of(terms, prose_of(terms))


def prose_of(terms: Terms) -> str:
    """Return the default text for terms."""
    holds = {
        "earn": bool(terms.earn),
        "boosted": any(tier.multiplier != USUAL for tier in terms.tiers),
        "tiers": bool(terms.tiers),
        "cap": terms.cap > 0,
        "connected": terms.prices is not None,
        "money_cards": terms.money_cards,
        "clawback": terms.clawback > 0,
    }
    values = _values(terms)
    paragraphs = [
        _wrapped(Template(text).substitute(values))
        for text in (_kept(part, holds) for part in _template())
        if text
    ]
    return "\n\n".join(paragraphs) + "\n"


def parse_earn(text: str) -> EarnRule:
    """Return the rule a person wrote as ``"1 per 1.00 EUR"``: points per amount of a purchase.

    Raises:
        UsageError: It is not such a rule.
        PointsOverflow: The points are 2^47 units or more.
    """
    match = _EARN.fullmatch(text.strip())
    if match is None:
        raise UsageError(
            f"{text!r} is no rule for earning.", hint="Write it like '1 per 1.00 EUR'."
        )
    return EarnRule("purchase", to_units(match[1]), match[2])


def span_words(seconds: int) -> str:
    """Return a length of time in words: 15,778,800 gives ``"182 days and 15 hours"``."""
    parts = []
    for size, name in _SPANS:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count:,} {name}{'s' if count > 1 else ''}")
    return (
        " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts) or "no time"
    )


def life_words(validity: int, epoch_length: int) -> str:
    """Return how long points live, to follow "points live"."""
    most = span_words(validity * epoch_length)
    if validity == 1:
        return f"in the epoch in which they were awarded, that is {most} at most"
    least = span_words((validity - 1) * epoch_length)
    after = "the one" if validity == 2 else f"the {validity - 1}"
    return (
        f"in the epoch in which they were awarded and in {after} after it,"
        f" that is between {least} and {most}"
    )


def rule_words(rule: EarnRule) -> str:
    """Return what earns points, as a line."""
    points = f"{to_points(rule.units, grouped=True)} points"
    return (
        f"{points} per {rule.per} of each {rule.event}"
        if rule.per
        else f"{points} for each {rule.event}"
    )


def tier_words(tier: TermsTier) -> str:
    """Return a tier as a line."""
    points = to_points(tier.threshold, grouped=True)
    return (
        f"{tier.name} from {points} points awarded; earns {tier.multiplier} % of the usual points"
    )


def moment_words(timestamp: int) -> str:
    """Return a moment in words, UTC; as seconds if it is beyond the calendar."""
    try:
        return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, ValueError, OSError):
        return f"second {timestamp:,} since 1970"


def _values(terms: Terms) -> dict[str, object]:
    prices = terms.prices
    return {
        "name": _line(terms.name),
        "symbol": _line(terms.symbol),
        "operator": _line(terms.operator),
        "version": terms.version,
        "program": terms.program,
        "ledger": terms.ledger,
        "chain_id": terms.chain_id,
        "earn": "\n".join(f"- {_line(rule_words(rule))}" for rule in terms.earn),
        "tiers": "\n".join(f"- {_line(tier_words(tier))}" for tier in terms.tiers),
        "cap": to_points(terms.cap, grouped=True),
        "epoch": span_words(terms.epoch_length),
        "genesis": moment_words(terms.genesis),
        "life": life_words(terms.validity, terms.epoch_length),
        "coin": prices.coin if prices else "",
        "on_ramp": to_decimal(prices.on_ramp) if prices else "",
        "off_ramp": to_decimal(prices.off_ramp) if prices else "",
        "price_notice": span_words(terms.epoch_length // PRICE_NOTICES_PER_EPOCH),
        "clawback": span_words(terms.clawback),
        "governing_law": _line(terms.governing_law),
    }


@cache
def _template() -> tuple[str, ...]:
    """Return the template's paragraphs."""
    file = resources.files("crmdapp.loyalty").joinpath("templates", "terms.md")
    return tuple(file.read_text(encoding="utf-8").strip().split("\n\n"))


def _kept(paragraph: str, holds: dict[str, bool]) -> str:
    """Return a paragraph without its condition; empty if the condition does not hold."""
    condition = _CONDITION.match(paragraph)
    if condition is None:
        return paragraph
    return paragraph[condition.end() :] if holds[condition[2]] != bool(condition[1]) else ""


def _wrapped(paragraph: str) -> str:
    """Return a paragraph with lines of equal length; headings and lists stay as they are."""
    if paragraph.startswith(("#", "- ")):
        return paragraph
    mark = "> " if paragraph.startswith("> ") else ""
    words = " ".join(line.removeprefix(mark) for line in paragraph.split("\n"))
    return textwrap.fill(
        words,
        width=_WIDTH,
        initial_indent=mark,
        subsequent_indent=mark,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _line(text: str) -> str:
    """Return a text on one line."""
    return " ".join(text.split())
