"""Teaching a vault the next pepper's ids, so that an import goes on knowing whom it knows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import insert, select

from crmdapp.customers.importing.index import erased, owners_of, profiles_of
from crmdapp.customers.models import CustomerStatus
from crmdapp.customers.rotation import RotationUnfinished
from crmdapp.customers.tags import find
from crmdapp.errors import UsageError
from crmdapp.store.crm_schema import ProfileIdRow

if TYPE_CHECKING:
    from crmdapp.customers.identifiers import Identifier
    from crmdapp.customers.rotation import Taggers
    from crmdapp.customers.tags import FoundTag, Tagger, TagSpace
    from crmdapp.store.database import Store

__all__ = ["Retagging"]


@dataclass(frozen=True, slots=True)
class Retagging:
    """One vault during the rotation of a pepper.

    Attributes:
        store: The store behind the vault.
        taggers: Both.
        space: Where tags become ids.
        now: Unix seconds.
    """

    store: Store
    taggers: Taggers
    space: TagSpace
    now: int

    def run(self, identifiers: Iterable[Identifier], is_on_chain: Callable[[bytes], bool]) -> int:
        """Note the next tagger's id of everybody whom the vault knows; returns how many are new.

        Args:
            identifiers: Everybody's, each in its normal form.
            is_on_chain: Whether the registry knows an id. What it does not know yet is registered
                with the next import that registers.

        Raises:
            UsageError: There is no rotation.
            GenerationsExhausted: Every generation of somebody that was looked at is erased.
        """
        if self.taggers.next is None:
            raise UsageError("No rotation is under way.", hint="Begin one first.")
        gone = erased(self.store)
        wanted: dict[bytes, tuple[bytes, bytes]] = {}
        for identifier in identifiers:
            old = self._find(self.taggers.current, identifier, gone)
            new = self._find(self.taggers.next, identifier, gone)
            if old.is_known and not new.is_known:
                wanted[new.id] = (new.tag, old.id)
        rows = []
        with self.store.reading() as session:
            owners = owners_of(session, {old for _, old in wanted.values()})
            profiles = profiles_of(session, set(owners.values()))
        for each, (tag, old_id) in wanted.items():
            rows.append(
                {
                    "id": each,
                    "tag": tag,
                    "profile_id": profiles[owners[old_id]],
                    "is_first": False,
                    "registered_at": self.now if is_on_chain(each) else 0,
                }
            )
        if rows:
            with self.store.writing() as session:
                session.execute(insert(ProfileIdRow), rows)
        return len(rows)

    def require_finished(
        self, identifiers: Iterable[Identifier], given_up: Collection[bytes] = ()
    ) -> None:
        """Raise unless everybody in the vault can be found with the next tagger alone.

        Args:
            identifiers: Everybody's, each in its normal form.
            given_up: Ids of which nobody holds the identifier any more, those of destroyed peppers
                included.

        Raises:
            RotationUnfinished: Somebody could not.
            UsageError: There is no rotation.
        """
        if self.taggers.next is None:
            raise UsageError("No rotation is under way.", hint="Begin one first.")
        gone = erased(self.store)
        given: set[bytes] = set(given_up)
        links = 0
        for identifier in identifiers:
            old = self._find(self.taggers.current, identifier, gone)
            new = self._find(self.taggers.next, identifier, gone)
            links += old.is_known and not new.is_known
            given |= {old.id, new.id}
        with self.store.reading() as session:
            unaccounted = sum(
                each not in given for each in session.scalars(select(ProfileIdRow.id))
            )
        if links or unaccounted:
            raise RotationUnfinished(links=links, unaccounted=unaccounted)

    def _find(self, tagger: Tagger, identifier: Identifier, gone: Collection[bytes]) -> FoundTag:
        def status_of(id_: bytes) -> CustomerStatus:
            if id_ in gone:
                return CustomerStatus.ERASED
            with self.store.reading() as session:
                return CustomerStatus.ACTIVE if owners_of(session, [id_]) else CustomerStatus.NONE

        return find(tagger, identifier, self.space, status_of)
