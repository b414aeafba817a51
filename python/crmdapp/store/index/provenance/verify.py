"""What the index says of works, curators and items, compared with the contracts at one block."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from crmdapp.chain.addresses import ZERO_ADDRESS
from crmdapp.provenance.models import CaseStatus, Ground
from crmdapp.store.index.provenance.queries import bond_credit_of, each
from crmdapp.store.index.provenance.tables import (
    ARTWORKS,
    AUCTIONS,
    BOARDS,
    CASES,
    CREDITS,
    CURATORS,
    CURRENCIES,
    GALLERIES,
    VOTES,
)
from crmdapp.store.index.provenance.verify_items import compare_items
from crmdapp.store.index.verifying import Compared

if TYPE_CHECKING:
    from sqlalchemy import Row
    from sqlalchemy.orm import Session

    from crmdapp.chain.connection import Connection
    from crmdapp.chain.manifest import Manifest

_NO_WORD = bytes(32)


def compare(
    session: Session, connection: Connection, manifest: Manifest, block: int
) -> Iterator[Compared]:
    """Yield every value of the derived tables beside the chain's at a block.

    Args:
        session: Of the index.
        connection: The chain, with its state at that block.
        manifest: The contracts.
        block: The block that the index stands at.
    """
    if manifest.get("Artworks") is not None:
        chain = _Chain(connection, manifest, block)
        yield from _gallery(session, chain)
        for row in each(session, ARTWORKS):
            yield from _artwork(chain, row)
        for row in each(session, AUCTIONS):
            found = chain.art("auctionOf", row.work)
            told = (row.bidder or ZERO_ADDRESS, row.bid, row.ends_at)
            yield _of(AUCTIONS, hex(row.work), "state", told, tuple(found))
        yield from _board(session, chain)
    if manifest.get("ItemLedger") is not None:
        yield from compare_items(session, connection, manifest, block)


class _Chain:
    """The gallery and its board as they were at a block."""

    def __init__(self, connection: Connection, manifest: Manifest, block: int) -> None:
        self._block = block
        self._art = connection.contract("Artworks", manifest.address("Artworks"))
        self._board = connection.contract("CuratorBoard", manifest.address("CuratorBoard"))

    def art(self, function: str, *values: Any) -> Any:
        """Return what the gallery says."""
        return self._art.read(function, *values, block=self._block)

    def board(self, function: str, *values: Any) -> Any:
        """Return what the board says."""
        return self._board.read(function, *values, block=self._block)


def _artwork(chain: _Chain, row: Row[Any]) -> Iterator[Compared]:
    key = hex(row.id)
    record = chain.art("recordOf", row.id)
    told = (row.artist, row.p_hash, row.royalty_bps, row.is_revoked, row.is_burned)
    yield _of(ARTWORKS, key, "record", told, tuple(record))
    state = chain.art("stateOf", row.id)
    said = (row.owner or ZERO_ADDRESS, row.price, row.currency, row.is_auctioned, row.epoch)
    yield _of(ARTWORKS, key, "state", said, tuple(state))
    challenges = [ground for ground in Ground if ground > Ground.SUBMISSION]
    opened = sum(chain.board("openCaseOf", row.id, int(g)) != _NO_WORD for g in challenges)
    yield _of(ARTWORKS, key, "open_challenges", row.open_challenges, opened)


def _gallery(session: Session, chain: _Chain) -> Iterator[Compared]:
    rows = list(each(session, CURRENCIES))
    yield _of(CURRENCIES, "table", "count", len(rows), chain.art("currencyCount"))
    tokens = {row.token or "": row.currency for row in rows}
    for row in rows:
        told = (row.token or ZERO_ADDRESS, row.exponent, row.is_enabled, row.points_per_million)
        found = tuple(chain.art("currencyOf", row.currency))
        yield _of(CURRENCIES, str(row.currency), "row", told, found)
    for row in each(session, CREDITS):
        found = chain.art("creditOf", row.account, tokens[row.token])
        yield _of(CREDITS, f"{row.account} {row.token}", "amount", row.amount, found)
    for row in each(session, GALLERIES):
        yield _of(GALLERIES, row.contract, "gallery", row.gallery, chain.art("gallery"))
        offered = row.offered_to or ZERO_ADDRESS
        yield _of(GALLERIES, row.contract, "offered_to", offered, chain.art("pendingGallery"))
        program = chain.art("pointsProgram")
        yield _of(GALLERIES, row.contract, "points_program", row.points_program, program)


def _board(session: Session, chain: _Chain) -> Iterator[Compared]:
    for row in each(session, BOARDS):
        told = (row.curators, row.quorum, row.epoch, row.standards_version, row.standards_since)
        yield _of(BOARDS, row.contract, "state", told, tuple(chain.board("state")))
        digest = chain.board("standardsHashOf", row.standards_version)
        yield _of(BOARDS, row.contract, "standards_hash", row.standards_hash, digest)
    for row in each(session, CURATORS):
        yield _of(CURATORS, row.account, "is_curator", True, chain.board("isCurator", row.account))
    parties: set[str] = set()
    for row in each(session, CASES):
        parties |= {row.opener, row.defender} - {None}
        yield from _case(chain, row)
    for row in each(session, VOTES):
        parties.add(row.curator)
        sealed = row.commitment if row.is_aye is None else _NO_WORD
        found = chain.board("commitmentOf", row.case_id, row.curator)
        yield _of(VOTES, f"0x{row.case_id.hex()} {row.curator}", "commitment", sealed, found)
    bond = chain.board("BOND")
    for account in sorted(parties):
        credit = bond_credit_of(session, account, bond)
        yield _of(CASES, account, "credit", credit, chain.board("creditOf", account))


def _case(chain: _Chain, row: Row[Any]) -> Iterator[Compared]:
    key = "0x" + row.case_id.hex()
    found = tuple(chain.board("caseOf", row.case_id))
    told = (
        row.opener,
        row.opened_at,
        row.ayes,
        row.noes,
        row.ground,
        row.status,
        row.defender is not None,
    )
    yield _of(CASES, key, "case", told, found)
    work = 0 if row.ground == Ground.SUBMISSION else row.work
    yield _of(CASES, key, "work", work, chain.board("challengedOf", row.case_id))
    defender = chain.board("defenderOf", row.case_id)
    yield _of(CASES, key, "defender", row.defender or ZERO_ADDRESS, defender)
    if row.ground != Ground.SUBMISSION and row.status == CaseStatus.OPEN:
        opened = chain.board("openCaseOf", row.work, row.ground)
        yield _of(CASES, key, "open_case", row.case_id, opened)


def _of(table: Any, key: str, column: str, indexed: Any, on_chain: Any) -> Compared:
    return Compared(table.name, key, column, indexed, on_chain)
