"""Whose an event is: the merchants that are told of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from sqlalchemy import Column, select
from sqlalchemy.orm import Session

from crmdapp.provenance.errors import ItemUnknown
from crmdapp.store.index.ballots import tables as ballots
from crmdapp.store.index.customers import tables as customers
from crmdapp.store.index.loyalty import tables as loyalty
from crmdapp.store.index.provenance import tables as provenance
from crmdapp.store.index.provenance.queries_items import custodian_of
from crmdapp.store.index.schema import Big, Hash

Fields = Mapping[str, Any]
Owner = Callable[[Session, Fields], str | None]

OWNERS: dict[tuple[str, str], Owner] = {}
"""Contract and event -> whose it is, where the rules below do not say."""

_NUMBERS = 1 << 63
"""The numbers of programs, scopes, elections and the like are below it."""

_Rule = tuple[str, Column[Any], Column[Any]]
"""Field of an event, column that has the same value, column that names the owner."""

_PROGRAM = (loyalty.PROGRAMS.c.program, loyalty.PROGRAMS.c.owner)
_POINTS: tuple[_Rule, ...] = tuple(
    (field, *_PROGRAM) for field in ("program", "merchant", "debtor", "creditor", "id")
)
_SCOPE: _Rule = ("scope", customers.SCOPES.c.scope, customers.SCOPES.c.owner)
_TOPIC: _Rule = ("topic_", customers.TOPICS.c.topic, customers.TOPICS.c.owner)
_LOG: _Rule = ("log", customers.LOGS.c.log, customers.LOGS.c.operator)
_REWARD: _Rule = ("campaign", customers.REWARDS.c.campaign, customers.REWARDS.c.sponsor)
_ELECTION: _Rule = ("election", ballots.ELECTIONS.c.election, ballots.ELECTIONS.c.organiser)
_POLL: _Rule = ("poll", ballots.POLLS.c.poll, ballots.POLLS.c.creator)
_GUILD: _Rule = ("guild", loyalty.GUILDS.c.guild, loyalty.GUILDS.c.owner)
_WORKS: tuple[_Rule, ...] = (
    ("id", provenance.ARTWORKS.c.id, provenance.ARTWORKS.c.artist),
    ("id", provenance.ARTWORKS.c.id, provenance.ARTWORKS.c.owner),
)
_CASE: tuple[_Rule, ...] = (
    ("case_id", provenance.CASES.c.case_id, provenance.CASES.c.opener),
    ("case_id", provenance.CASES.c.case_id, provenance.CASES.c.defender),
)
_ITEM: _Rule = ("item", provenance.ITEMS.c.item, provenance.ITEMS.c.issuer)

_RULES: dict[str, tuple[_Rule, ...]] = {
    "PointsHub": _POINTS,
    "ClearingHouse": _POINTS,
    "ProgramTerms": _POINTS,
    "GiftVoucher": (_GUILD,),
    "CustomerRegistry": (_SCOPE,),
    "AttestationRegistry": (_TOPIC,),
    "InteractionLog": (_LOG,),
    "DataRewards": (_REWARD,),
    "Elections": (_ELECTION,),
    "TrusteeBoard": (_ELECTION,),
    "VoterRoll": (_ELECTION,),
    "BallotBox": (_ELECTION,),
    "Tally": (_ELECTION,),
    "OpenBallots": (_POLL,),
    "Artworks": _WORKS,
    "CuratorBoard": (*_WORKS, *_CASE),
    "ItemLedger": (_ITEM,),
}
_NAMED: dict[str, tuple[str, ...]] = {
    "GiftVoucher": ("merchant", "owner"),
    "AttestationRegistry": ("attestor",),
    "Artworks": ("artist", "seller", "buyer", "bidder", "account", "from_", "to"),
    "CuratorBoard": ("artist", "opener", "defender", "curator", "account", "admitted", "dismissed"),
    "ItemLedger": ("issuer", "custodian", "from_", "to", "declarer", "holder"),
}
"""Fields that hold the owner's address itself, or several."""


def _of_drop(session: Session, fields: Fields) -> str | None:
    """A claim names its drop, and the drop its program."""
    drops, programs = loyalty.DROPS, loyalty.PROGRAMS
    query = (
        select(programs.c.owner)
        .join(drops, drops.c.program == programs.c.program)
        .where(drops.c.drop == int(fields["drop"]))
    )
    return session.scalar(query)


OWNERS["PointsHub", "DropClaimed"] = _of_drop


def owners_of(session: Session, contract: str, event: str, fields: Fields) -> set[str]:
    """Return the addresses of all to whom an event belongs.

    Args:
        session: The index, as of the event's block or later.
        contract: The contract's name in the manifest.
        event: The event's name.
        fields: Its fields, as the index keeps them.
    """
    special = OWNERS.get((contract, event))
    if special is not None:
        owner = special(session, fields)
        return set() if owner is None else {owner}
    return set(_found(session, contract, fields))


def _found(session: Session, contract: str, fields: Fields) -> Iterator[str]:
    for name in _NAMED.get(contract, ()):
        value = fields.get(name)
        several = value if isinstance(value, list) else [value]
        yield from (item for item in several if isinstance(item, str))
    if contract == "Artworks":  # what happens in a gallery is its business
        yield from session.scalars(select(provenance.GALLERIES.c.gallery))
    if contract == "ItemLedger" and "item" in fields:
        with suppress(ItemUnknown):  # undone since
            yield custodian_of(session, int(fields["item"]))  # whoever has the box that it is in
    for name, key, owner in _RULES.get(contract, ()):
        if name not in fields:
            continue
        wanted = _as_key(key, fields[name])
        found = None if wanted is None else session.scalar(select(owner).where(key == wanted))
        if found is not None:
            yield str(found)


def _as_key(column: Column[Any], value: Any) -> Any:
    """Return what the index's JSON has, where numbers above 2^53 and bytes are texts.

    ``None`` for a number that nothing in the index has: anybody may approve points of program
    2^255, and no database would look that number up.
    """
    if isinstance(column.type, Hash):
        return bytes.fromhex(str(value).removeprefix("0x"))
    number = int(value)
    return number if isinstance(column.type, Big) or number < _NUMBERS else None
