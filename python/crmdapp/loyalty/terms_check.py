"""Whether a program's terms are true, and what they mean in plain words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from crmdapp.loyalty.coin import to_decimal
from crmdapp.loyalty.errors import TermsContradictChain
from crmdapp.loyalty.points import to_points
from crmdapp.loyalty.terms_draft import (
    PRICE_NOTICES_PER_EPOCH,
    USUAL,
    life_words,
    prose_of,
    rule_words,
    span_words,
    tier_words,
)
from crmdapp.loyalty.terms_file import JSON_NAME, PROSE_NAME, TermsBundle
from crmdapp.loyalty.terms_models import ChainFacts, Terms, TermsFacts


class Verdict(StrEnum):
    """What was found out about one statement."""

    AGREES = "agrees"
    """The chain says the same."""

    CONTRADICTS = "contradicts"
    """The chain says otherwise: such terms can not be published."""

    PROMISE = "promise"
    """The chain knows nothing of it: who reads the terms must trust the operator."""

    OPEN = "open"
    """Something is still to be filled in."""

    NOTE = "note"
    """Worth knowing."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found out about one statement of the terms.

    Attributes:
        field: Its name in ``terms.json``, or the file that it is about.
        verdict: Whether it is true.
        stated: What the terms say, as JSON has it; ``None`` if they say nothing.
        actual: What the chain says; ``None`` if it knows nothing of it.
        words: The same in a sentence.
    """

    field: str
    verdict: Verdict
    stated: Any
    actual: Any
    words: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a program may do under its terms, in plain words.

    Attributes:
        may: What the ledger lets the program do.
        may_not: What the ledger keeps it from doing.
        promises: What it says it will do, and only its word stands for.
    """

    may: tuple[str, ...]
    may_not: tuple[str, ...]
    promises: tuple[str, ...]


def check(bundle: TermsBundle, chain: ChainFacts) -> list[Finding]:
    """Return what was found out about every statement of the terms, in their order."""
    return [
        *_identity(bundle, chain),
        *_rules(bundle.terms, chain),
        *_promises(bundle.terms),
        *_text(bundle),
        *_outlook(bundle, chain),
    ]


def contradiction(stated: TermsFacts, actual: TermsFacts) -> TermsContradictChain | None:
    """Return the error with which the contract would refuse these facts; ``None`` if they hold.

    The order is the contract's: the first difference is the one it names.
    """
    pairs: list[tuple[str, int, int]] = [
        ("epochLength", stated.epoch_length, actual.epoch_length),
        ("validity", stated.validity, actual.validity),
        ("cap", stated.cap, actual.cap),
        ("onRamp", stated.on_ramp, actual.on_ramp),
        ("offRamp", stated.off_ramp, actual.off_ramp),
        ("clawback", stated.clawback, actual.clawback),
        ("tiers", len(stated.tiers), len(actual.tiers)),
        *(("tiers", *tiers) for tiers in zip(stated.tiers, actual.tiers, strict=False)),
    ]
    for field, ours, theirs in pairs:
        if ours != theirs:
            return TermsContradictChain(field.encode().ljust(32, b"\0"), ours, theirs)
    return None


def explain(terms: Terms) -> Explanation:
    """Return what the program may and may not do under these terms."""
    return Explanation(tuple(_may(terms)), tuple(_may_not(terms)), tuple(_promised(terms)))


# --------------------------------------------------------------------------- findings


def _identity(bundle: TermsBundle, chain: ChainFacts) -> Iterator[Finding]:
    terms = bundle.terms
    yield _compare("chain_id", terms.chain_id, chain.chain_id, "the chain")
    yield _compare("ledger", terms.ledger, chain.ledger, "the ledger on this chain")
    yield _compare("name", terms.name, chain.program.name, "the program's name")
    yield _compare("symbol", terms.symbol, chain.program.symbol, "the program's symbol")
    published = chain.version_of(bundle.hash)
    number = len(chain.versions) if published is None else published.version
    what = "the next version" if published is None else "the version that was published so"
    yield _compare("version", terms.version, number, what)
    yield _compare("genesis", terms.genesis, chain.genesis, "the start of the first epoch")


def _rules(terms: Terms, chain: ChainFacts) -> Iterator[Finding]:
    stated, actual = terms.facts, chain.facts
    yield _compare(
        "epoch_seconds", stated.epoch_length, actual.epoch_length, "the length of an epoch"
    )
    yield _compare(
        "validity_epochs", stated.validity, actual.validity, "how many epochs points live"
    )
    yield _compare("cap_units", stated.cap, actual.cap, "the cap, in units of 0.01 point")
    yield _compare(
        "tiers", list(stated.tiers), list(actual.tiers), "the tiers, in units of 0.01 point"
    )
    ours, theirs = (stated.on_ramp, stated.off_ramp), (actual.on_ramp, actual.off_ramp)
    yield _compare("prices", list(ours), list(theirs), "on-ramp and off-ramp price, in 10^-6 coin")
    if terms.prices is not None:
        yield _compare("prices.coin", terms.prices.coin, chain.coin, "the settlement coin")
    yield _compare(
        "clawback_seconds", stated.clawback, actual.clawback, "the time for reversing an award"
    )
    yield _compare("gifts.points", terms.gifts, True, "whether members may give points away")


def _promises(terms: Terms) -> Iterator[Finding]:
    def promise(field: str, stated: Any, words: str) -> Finding:
        return Finding(field, Verdict.PROMISE, stated, None, words)

    yield promise("operator", terms.operator, f"The operator calls itself: {terms.operator}")
    for number, rule in enumerate(terms.earn):
        yield promise(f"earn[{number}]", rule.units, f"It says it awards {rule_words(rule)}.")
    for number, tier in enumerate(terms.tiers):
        if tier.multiplier != USUAL:
            words = f"It says that {tier.name} earns {tier.multiplier} % of the usual points."
            yield promise(f"tiers[{number}].multiplier_percent", tier.multiplier, words)
    if terms.money_cards:
        yield promise("gifts.money_cards", True, "It says it sells gift cards that hold money.")
    yield promise("governing_law", terms.governing_law, f"The law it names: {terms.governing_law}")


def _text(bundle: TermsBundle) -> Iterator[Finding]:
    for found in bundle.placeholders:
        place, _, what = found.partition(": ")
        yield Finding(place, Verdict.OPEN, what, None, f"Still to be filled in, {place}: {what}")
    if bundle.prose.decode() == prose_of(bundle.terms):
        words = f"{PROSE_NAME} is the default text for these figures. No lawyer has reviewed it."
    else:
        words = (
            f"{PROSE_NAME} is not the default text for these figures. No machine can tell whether"
            f" it agrees with {JSON_NAME}: read it."
        )
    yield Finding(PROSE_NAME, Verdict.NOTE, None, None, words)
    if b"\r" in bundle.prose:
        words = (
            f"{PROSE_NAME} has line ends of Windows. The hash names these very bytes: a copy with"
            " other line ends is another text."
        )
        yield Finding(PROSE_NAME, Verdict.NOTE, None, None, words)


def _outlook(bundle: TermsBundle, chain: ChainFacts) -> Iterator[Finding]:
    yield Finding("version", Verdict.NOTE, None, None, _when(bundle, chain))
    if chain.announced is not None:
        on_ramp, off_ramp, at = chain.announced
        words = (
            f"From {_moment(at)} on, a point costs {to_decimal(on_ramp)} and pays"
            f" {to_decimal(off_ramp)} of the coin: terms that say otherwise will be wrong then."
        )
        yield Finding("prices", Verdict.NOTE, None, [on_ramp, off_ramp], words)


def _when(bundle: TermsBundle, chain: ChainFacts) -> str:
    published = chain.version_of(bundle.hash)
    if published is not None:
        since = "has been" if published.effective_at.timestamp() <= chain.timestamp else "will be"
        held = "" if chain.current in (None, published) else ", and is not the version that holds"
        held = held if since == "has been" else ""
        return (
            f"This is version {published.version}, published {_moment(published.published_at)};"
            f" it {since} in effect from {_moment(published.effective_at)} on{held}."
        )
    if not chain.versions:
        return "These terms are not published. As the first version they take effect at once."
    try:
        at = datetime.fromtimestamp(chain.timestamp, UTC) + timedelta(
            seconds=chain.facts.epoch_length
        )
    except OverflowError:
        return "These terms are not published. They take effect an epoch after they are."
    return f"These terms are not published. Published now, they take effect {_moment(at)}."


def _compare(field: str, stated: Any, actual: Any, what: str) -> Finding:
    if stated == actual:
        words = f"{field}: {_shown(actual)}, as on the chain."
        return Finding(field, Verdict.AGREES, stated, actual, words)
    words = (
        f"{field}: the terms say {_shown(stated)}, on the chain it is {_shown(actual)} ({what})."
    )
    return Finding(field, Verdict.CONTRADICTS, stated, actual, words)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(_shown, value)) or "none"
    return str(value) if isinstance(value, int) else repr(value)


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


# --------------------------------------------------------------------------- plain words


def _may(terms: Terms) -> Iterator[str]:
    yield "award points through the accounts that its owner appoints"
    if terms.clawback:
        yield (
            f"take back points of an award within {span_words(terms.clawback)}; what was spent by"
            " then is netted from later awards. The ledger can not see whether a purchase was"
            " returned: that this is the reason is a promise"
        )
    yield (
        "change at any moment how long later awards live, the cap, the tiers and the time for"
        " reversing later awards: the ledger asks for no notice, only these terms do"
    )
    notice = span_words(terms.epoch_length)
    yield f"replace these terms, {notice} after it has published the new version"
    if terms.prices is not None:
        yield "lower what it may owe other merchants, so that they can refuse its points"
    yield "close its shop: no chain can make it hand out goods for points"


def _may_not(terms: Terms) -> Iterator[str]:
    if terms.clawback:
        yield "take points from a member later than that, or more than were awarded"
    else:
        yield "take points from a member once they are awarded"
    life = life_words(terms.validity, terms.epoch_length)
    yield f"change how long points live that are awarded already: {life}"
    yield "keep a member from giving points away or from spending them on the ledger"
    if terms.cap:
        cap = to_points(terms.cap, grouped=True)
        yield f"have more than {cap} points outstanding, unless its owner raises the cap first"
    if terms.prices is not None:
        on_ramp, off_ramp = (to_decimal(p) for p in (terms.prices.on_ramp, terms.prices.off_ramp))
        notice = span_words(terms.epoch_length // PRICE_NOTICES_PER_EPOCH)
        yield (
            f"change with less than {notice} of notice that a point costs {on_ramp} and pays"
            f" {off_ramp} of the settlement coin"
        )
        yield "owe other merchants more than its deposit covers"
    else:
        yield "have its points exchanged or spent elsewhere: it is not connected to others"
    yield "put new terms into effect sooner, or alter or remove a published version"


def _promised(terms: Terms) -> Iterator[str]:
    yield f"{terms.operator} runs it"
    for rule in terms.earn:
        yield f"it awards {rule_words(rule)}"
    if not terms.earn:
        yield "it awards points as it announces; the terms promise no rate"
    for tier in terms.tiers:
        yield tier_words(tier)
    if terms.money_cards:
        yield "it sells gift cards that hold money"
    if terms.clawback:
        yield "it takes points back only if the purchase that earned them was returned"
    yield "it accepts points for what it offers"
    yield f"its terms are governed by {terms.governing_law}"
