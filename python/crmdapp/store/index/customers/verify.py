"""The customers' part of the index, compared row by row with the contracts at a block."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import RowMapping, Table, select
from sqlalchemy.orm import Session

from crmdapp.chain.addresses import ZERO_ADDRESS
from crmdapp.chain.calls import BoundContract
from crmdapp.chain.connection import Connection
from crmdapp.chain.errors import ERC721NonexistentToken
from crmdapp.chain.manifest import Manifest
from crmdapp.customers.leaves import NO_WORD, index_of, next_head
from crmdapp.store.index.customers import tables
from crmdapp.store.index.verifying import Compared

_PAGE = 500

Read = Callable[..., Any]
Pairs = Iterator[tuple[str, Any, Any]]
Check = Callable[[Read, RowMapping], Pairs]


def compare(
    session: Session, connection: Connection, manifest: Manifest, block: int
) -> Iterator[Compared]:
    """Yield each value of a row beside what the chain says at a block.

    Args:
        session: Of the index, at that block.
        connection: The chain.
        manifest: Where the contracts are.
        block: Number of the block that the index has followed to.

    Raises:
        NodeProblem: The node cannot be asked about that block.
        ContractMissing: The manifest does not name a contract.
    """
    for contract, table, check in _CHECKS:
        bound = connection.contract(contract, manifest.address(contract))
        yield from _compared(session, table, _reader(bound, block), check)
    yield from _chained(session)


def _reader(contract: BoundContract, block: int) -> Read:
    return lambda name, *values: contract.read(name, *values, block=block)


def _compared(session: Session, table: Table, read: Read, check: Check) -> Iterator[Compared]:
    for row in _pages(session, table):
        key = "/".join(_text(row[column.name]) for column in table.primary_key.columns)
        for column, indexed, on_chain in check(read, row):
            yield Compared(table.name, key, column, indexed, on_chain)


def _pages(session: Session, table: Table) -> Iterator[RowMapping]:
    query = select(table).order_by(*table.primary_key.columns)
    yield from session.execute(query.execution_options(yield_per=_PAGE)).mappings()


def _text(value: Any) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)


# ------------------------------------------------------------------------------------- one row each


def _scope(read: Read, row: RowMapping) -> Pairs:
    state = read("scopeOf", row["scope"])
    yield "owner", row["owner"], state.owner
    yield "created_at", row["created_at"], state.createdAt


def _attestor(read: Read, row: RowMapping) -> Pairs:
    state = read("attestorOf", row["scope"], row["attestor"])
    yield "level", row["level"], state.level
    yield "active_at", row["active_at"], state.activeAt


def _profile(read: Read, row: RowMapping) -> Pairs:
    state = read("customerOf", row["cid"])
    yield "controller", row["controller"], _known(state.controller)
    yield "registered_at", row["registered_at"], state.registeredAt
    for column in ("level", "epoch", "status"):
        yield column, row[column], getattr(state, column)
    into, _ = read("mergeOf", row["cid"])
    yield "merged_into", row["merged_into"], _word(into)


def _tag(read: Read, row: RowMapping) -> Pairs:
    into, _ = read("mergeOf", row["cid"])
    found = read("resolve", row["id"])
    yield "cid", row["cid"], row["cid"] if found == into and any(into) else found


def _guardians(read: Read, row: RowMapping) -> Pairs:
    found = _word(read("guardiansHashOf", row["cid"]))
    # Which of the two counts depends on the block's time, so either may be the answer.
    either = row["announced"] if row["active_at"] else row["current"]
    shown = row["current"] if found == row["current"] else either
    yield "current", shown, found


def _recovery(read: Read, row: RowMapping) -> Pairs:
    state = read("recoveryOf", row["cid"], bool(row["by_guardians"]))
    yield "new_controller", row["new_controller"], state.newController
    yield "ready_at", row["ready_at"], state.readyAt


def _identity(read: Read, row: RowMapping) -> Pairs:
    identity = row["identity"]
    yield "owner", row["owner"], _known(read("identityOwner", identity))
    yield "cid", row["cid"], _word(read("cidOf", identity))
    yield "changed_in", row["changed_in"], read("changed", identity)


def _consent(read: Read, row: RowMapping) -> Pairs:
    state = read("consentOf", row["subject"], row["consent_id"])
    yield "status", row["status"], state.status
    yield "granted_at", row["granted_at"], state.grantedAt
    yield "renewed_until", row["renewed_until"], state.renewedUntil
    yield "version", row["version"], state.version


def _topic(read: Read, row: RowMapping) -> Pairs:
    state = read("topicOf", row["topic"])
    yield "owner", row["owner"], state.owner
    yield "quorum", row["quorum"], state.quorum
    yield "schema_hash", row["schema_hash"], state.schemaHash


def _standing(read: Read, row: RowMapping) -> Pairs:
    state = read("standingOf", row["topic"], row["attestor"])
    yield "level", row["level"], state.level
    yield "begins", row["begins"], state[1]  # the field is called "from"
    yield "ends", row["ends"], state.until


def _attestation(read: Read, row: RowMapping) -> Pairs:
    state = read("attestationOf", row["uid"], row["attestor"])
    yield "topic", row["topic"], state.topic
    yield "level", row["level"], state.level
    yield "issued_at", row["issued_at"], state.issuedAt
    yield "expiry", row["expiry"], state.expiry
    yield "status", row["status"], state.status


def _disowned(read: Read, row: RowMapping) -> Pairs:
    yield "uid", True, read("isDisowned", row["uid"])


def _log(read: Read, row: RowMapping) -> Pairs:
    state = read("standingOf", row["log"])
    yield "delay", row["delay"], state.delay
    yield "flags", row["flags"], state.flags
    yield "head", row["head"], _word(read("headOf", row["log"]))
    yield "operator", row["log"], read("logOf", row["operator"], index_of(row["log"]))


def _challenge(read: Read, row: RowMapping) -> Pairs:
    state = read("challengeOf", row["receipt_hash"])
    yield "answer_by", row["answer_by"], state.answerBy
    yield "answered", bool(row["answered"]), state.answered
    yield "flagged", bool(row["flagged"]), state.flagged


def _badge(read: Read, row: RowMapping) -> Pairs:
    try:
        holder = read("ownerOf", row["token_id"])
    except ERC721NonexistentToken:
        holder = None
    yield "holder", row["holder"], holder


def _reward(read: Read, row: RowMapping) -> Pairs:
    state = read("campaignOf", row["campaign"])
    for column in ("sponsor", "kind", "asset", "budget", "paid"):
        yield column, row[column], getattr(state, column)
    yield "claims_root", row["claims_root"], _word(state.claimsRoot)


def _reward_claim(read: Read, row: RowMapping) -> Pairs:
    yield "index", True, read("isClaimed", row["campaign"], row["index"])


def _chained(session: Session) -> Iterator[Compared]:
    """Compare the head of each batch with what it must be by the batches before it."""
    head, log = NO_WORD, b""
    for row in _pages(session, tables.BATCHES):
        previous = head if row["log"] == log else NO_WORD
        log = row["log"]
        head = next_head(
            previous, row["leaves_root"], row["heads_root"], row["count"], row["anchored_at"]
        )
        key = f"{_text(log)}/{row['number']}"
        yield Compared(tables.BATCHES.name, key, "head", row["head"], head)


def _known(address: str) -> str | None:
    return None if address == ZERO_ADDRESS else address


def _word(value: bytes) -> bytes | None:
    return value if any(value) else None


_CHECKS: tuple[tuple[str, Table, Check], ...] = (
    ("CustomerRegistry", tables.SCOPES, _scope),
    ("CustomerRegistry", tables.ATTESTORS, _attestor),
    ("CustomerRegistry", tables.PROFILES, _profile),
    ("CustomerRegistry", tables.TAGS, _tag),
    ("CustomerRegistry", tables.GUARDIANS, _guardians),
    ("CustomerRegistry", tables.RECOVERIES, _recovery),
    ("DidRegistry", tables.IDENTITIES, _identity),
    ("ConsentRegistry", tables.CONSENTS, _consent),
    ("AttestationRegistry", tables.TOPICS, _topic),
    ("AttestationRegistry", tables.STANDINGS, _standing),
    ("AttestationRegistry", tables.ATTESTATIONS, _attestation),
    ("AttestationRegistry", tables.DISOWNED, _disowned),
    ("InteractionLog", tables.LOGS, _log),
    ("InteractionLog", tables.CHALLENGES, _challenge),
    ("IdentityBadge", tables.BADGES, _badge),
    ("DataRewards", tables.REWARDS, _reward),
    ("DataRewards", tables.REWARD_CLAIMS, _reward_claim),
)
