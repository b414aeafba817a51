"""What a program's customers did, and who of them agreed, as the index has it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crmdapp.customers.analytics.coverage import HeldConsent
from crmdapp.customers.analytics.movements import Kind, Movement
from crmdapp.customers.consent_models import Consent, ConsentStatus

if TYPE_CHECKING:
    from sqlalchemy.engine import RowMapping
    from sqlalchemy.orm import Session

    from crmdapp.customers.terms import ConsentTerms

_GIVEN: Mapping[str, Kind] = {
    "awarded": Kind.EARNED,
    "coupon": Kind.EARNED,
    "drop": Kind.EARNED,
    "transferred": Kind.RECEIVED,
    "exchanged_in": Kind.RECEIVED,
    "refunded": Kind.RECEIVED,
}
"""What a move in the index is to the account that gets the points."""

_TAKEN: Mapping[str, Kind] = {
    "redeemed": Kind.SPENT,
    "expired": Kind.LAPSED,
    "transferred": Kind.SENT,
    "exchanged_out": Kind.SENT,
    "reversed": Kind.SENT,
}
"""What it is to the account that gives them."""

_NOTHING = Consent(0, 0, 0, ConsentStatus.NONE)


@dataclass(frozen=True, slots=True)
class ProgramHistory:
    """A program and everything that its customers did.

    Attributes:
        program: Its number.
        owner: Who runs it.
        validity: Epochs that points live.
        genesis: When the first epoch began, Unix seconds.
        epoch_length: Seconds.
        created_at: When the program was opened, Unix seconds.
        movements: In the order in which they happened.
        block: The block as of which this is.
        as_of: Its time, Unix seconds.
    """

    program: int
    owner: str
    validity: int
    genesis: int
    epoch_length: int
    created_at: int
    movements: Sequence[Movement]
    block: int
    as_of: int

    @property
    def customers(self) -> list[str]:
        """Accounts that ever got points, by address."""
        kinds = (Kind.EARNED, Kind.RECEIVED)
        return sorted({each.account for each in self.movements if each.kind in kinds})

    def of(self, accounts: frozenset[str]) -> list[Movement]:
        """Return the movements of some accounts."""
        return [each for each in self.movements if each.account in accounts]

    def expires_at(self, time: int) -> int:
        """Return when points that are awarded at a time lapse, by the validity that holds now."""
        epoch = (time - self.genesis) // self.epoch_length
        return self.genesis + (epoch + self.validity) * self.epoch_length


def owner_of_program(session: Session, program: int) -> str | None:
    """Return who runs a program; ``None`` if there is none of that number."""
    from sqlalchemy import select

    from crmdapp.store.index.loyalty.tables import PROGRAMS

    query = select(PROGRAMS.c.owner).where(PROGRAMS.c.program == program)
    owner: str | None = session.execute(query).scalar_one_or_none()
    return owner


def read_program(session: Session, program: int) -> ProgramHistory:
    """Return a program with its whole history.

    Args:
        session: Of the index.
        program: Its number.

    Raises:
        ProgramUnknown: There is no such program.
        IndexEmpty: The index has no block yet.
    """
    from sqlalchemy import select

    from crmdapp.loyalty.errors import ProgramUnknown
    from crmdapp.store.index.database import position_in
    from crmdapp.store.index.errors import IndexEmpty
    from crmdapp.store.index.loyalty.tables import CLOCKS, MOVES, PROGRAMS

    position = position_in(session)
    if position is None:
        raise IndexEmpty("The index has no block yet.", hint="Fill it first: crmdapp index run")
    row = session.execute(select(PROGRAMS).where(PROGRAMS.c.program == program)).mappings().first()
    if row is None:
        raise ProgramUnknown(program)
    clock = session.execute(select(CLOCKS)).mappings().one()
    order = (MOVES.c.block, MOVES.c.log_index)
    moves = session.execute(select(MOVES).where(MOVES.c.program == program).order_by(*order))
    return ProgramHistory(
        program=program,
        owner=row["owner"],
        validity=row["validity"],
        genesis=clock["genesis"],
        epoch_length=clock["epoch_length"],
        created_at=row["created_at"],
        movements=[each for move in moves.mappings() for each in _movements(move)],
        block=position.block,
        as_of=position.timestamp,
    )


def held_consents(session: Session, terms: Iterable[ConsentTerms]) -> list[HeldConsent]:
    """Return where the consents stand whose terms a company holds.

    Args:
        session: Of the index.
        terms: What the company holds; only hashes of it are on the chain.
    """
    from crmdapp.store.index.customers.queries import consents_at

    held = list(terms)
    found = consents_at(session, [(each.subject, each.consent_id) for each in held])
    owners = _owners(session, [each.subject for each in held])
    consents: list[HeldConsent] = []
    for each in held:
        row = found.get((each.subject, each.consent_id))
        consent = (
            _NOTHING
            if row is None
            else Consent(row.granted_at, row.renewed_until, row.version, row.status)
        )
        owner = owners.get(each.subject, each.subject)
        accounts = frozenset() if owner is None else frozenset({each.subject, owner})
        consents.append(HeldConsent(each, consent, accounts))
    return consents


def _movements(move: RowMapping | Mapping[str, Any]) -> Iterable[Movement]:
    """Yield what a move is to each of the two accounts."""
    for column, kinds in (("sender", _TAKEN), ("receiver", _GIVEN)):
        account, kind = move[column], kinds.get(move["kind"])
        if account is not None and kind is not None:
            yield Movement(account, kind, move["points"], move["timestamp"])


def _owners(session: Session, identities: Sequence[str]) -> dict[str, str | None]:
    """Return who acts for those identities that ever changed; ``None`` for one that has ended."""
    from sqlalchemy import select

    from crmdapp.store.index.customers.tables import IDENTITIES

    found: dict[str, str | None] = {}
    for start in range(0, len(identities), 500):
        part = identities[start : start + 500]
        query = select(IDENTITIES.c.identity, IDENTITIES.c.owner)
        rows = session.execute(query.where(IDENTITIES.c.identity.in_(part)))
        found |= {row.identity: row.owner for row in rows}
    return found
