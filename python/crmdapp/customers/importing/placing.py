"""To which profile each record of a chunk belongs, and which pairs a human should look at.

An identifier belongs to one profile. A record whose identifiers lead to one profile is that
customer's, unless it only shares a telephone number with somebody of quite another name. A record
whose identifiers lead to two profiles belongs to the owner of the strongest, and the two go into
the review queue: two customers are never made one by a machine.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from crmdapp.customers.identifiers import PHONE
from crmdapp.customers.importing.index import BLOCK_MAX, Reader
from crmdapp.customers.importing.records import ImportedCustomer
from crmdapp.customers.matching import (
    Likeness,
    MatchKey,
    by_traits,
    likeness,
    names_contradict,
    traits,
)
from crmdapp.customers.tags import TagSpace

__all__ = ["Pair", "Placed", "Placing", "Tagged", "tagged"]

SAME_IDENTIFIER = 100
SHARED_PHONE = 50


@dataclass(frozen=True, slots=True)
class Tagged:
    """A record with the ids of its identifiers.

    Attributes:
        customer: The record.
        ids: Id and tag of each identifier, in the order of ``customer.identifiers``.
        traits: Its keyed traits.
    """

    customer: ImportedCustomer
    ids: tuple[tuple[bytes, bytes], ...]
    traits: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Placed:
    """A record with the profile it belongs to.

    Attributes:
        record: The record.
        cid: The profile.
        is_new: Whether the record makes the profile.
        new_ids: Ids and tags that lead to the profile from now on.
    """

    record: Tagged
    cid: bytes
    is_new: bool
    new_ids: tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two profiles that may be of one person."""

    one: bytes
    other: bytes
    score: int
    reasons: tuple[str, ...]


def tagged(
    customer: ImportedCustomer,
    tag_of: Callable[[ImportedCustomer], Sequence[bytes]],
    space: TagSpace,
    key: MatchKey,
) -> Tagged:
    """Return a record with its ids and traits."""
    ids = tuple((space.id_of(tag), tag) for tag in tag_of(customer))
    found = dict.fromkeys(key.trait(*trait) for trait in traits(customer.values))
    return Tagged(customer, ids, tuple(found))


@dataclass(slots=True)
class Placing:
    """Places the records of one chunk, each knowing of those before it.

    Attributes:
        owners: Profile by id; grows with each record.
        sharers: Profiles by trait; grows with each record.
        read: Reads a profile of the store that is in custody.
        unlisted: Profiles of the vault that no id leads to yet, and whether they are in custody.
        pairs: What was found for the review queue.
    """

    owners: dict[bytes, bytes]
    sharers: Mapping[bytes, Sequence[bytes]]
    read: Reader
    unlisted: Mapping[bytes, bool] = field(default_factory=dict)
    pairs: list[Pair] = field(default_factory=list)
    _known: dict[bytes, Mapping[str, str] | None] = field(default_factory=dict)
    _fresh: dict[bytes, list[bytes]] = field(default_factory=lambda: defaultdict(list))
    _listed: set[bytes] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._listed = set(self.owners)
        for cid in self.unlisted:
            self.owners.setdefault(cid, cid)

    def place(self, record: Tagged) -> Placed | None:
        """Return where a record belongs; ``None`` if it has no identifier of its own."""
        found = {self.owners[each]: None for each, _ in record.ids if each in self.owners}
        if found and self._is_namesake_only_by_phone(record):
            return self._apart(record)
        target = next(iter(found)) if found else record.ids[0][0]
        for other in list(found)[1:]:
            self.pairs.append(
                Pair(target, other, SAME_IDENTIFIER, self._shared(record, (target, other)))
            )
        is_new = not found or (target not in self._listed and self.unlisted.get(target, False))
        return self._settle(record, target, is_new=is_new, new_ids=self._free(record, target))

    def _is_namesake_only_by_phone(self, record: Tagged) -> bool:
        """Return whether only telephones are shared, with somebody of quite another name."""
        kinds = {
            identifier.kind
            for identifier, (each, _) in zip(record.customer.identifiers, record.ids, strict=True)
            if each in self.owners
        }
        if kinds != {PHONE}:
            return False
        owners = {self.owners[each] for each, _ in record.ids if each in self.owners}
        return all(
            (values := self._values(owner)) is not None
            and names_contradict(values, record.customer.values)
            for owner in owners
        )

    def _apart(self, record: Tagged) -> Placed | None:
        free = tuple(pair for pair in record.ids if pair[0] not in self.owners)
        if not free:
            return None
        for owner in {self.owners[each]: None for each, _ in record.ids if each in self.owners}:
            self.pairs.append(Pair(owner, free[0][0], SHARED_PHONE, (PHONE,)))
        return self._settle(record, free[0][0], is_new=True, new_ids=free)

    def _free(self, record: Tagged, target: bytes) -> tuple[tuple[bytes, bytes], ...]:
        """Return the ids that no list names yet and that are no other profile's own."""
        return tuple(
            (each, tag)
            for each, tag in record.ids
            if each not in self._listed and self.owners.get(each, target) == target
        )

    def _settle(
        self,
        record: Tagged,
        cid: bytes,
        *,
        is_new: bool,
        new_ids: tuple[tuple[bytes, bytes], ...],
    ) -> Placed:
        if is_new:
            self._compare(record, cid)
            self._known[cid] = record.customer.values
            for trait in record.traits:
                self._fresh[trait].append(cid)
        for each, _ in new_ids:
            self.owners[each] = cid
            self._listed.add(each)
        return Placed(record, cid, is_new, new_ids)

    def _compare(self, record: Tagged, cid: bytes) -> None:
        """Look for profiles that a new one is like."""
        paired = {pair.one for pair in self.pairs if pair.other == cid}
        agreeing: Counter[bytes] = Counter()
        for trait in record.traits:
            sharers = [*self.sharers.get(trait, ()), *self._fresh.get(trait, ())]
            if len(sharers) <= BLOCK_MAX:
                agreeing.update(dict.fromkeys(sharers, 1))
        for other, count in agreeing.items():
            if other == cid or other in paired:
                continue
            found = self._likeness(record, other, count)
            if found.is_match:
                self.pairs.append(Pair(other, cid, found.score, found.reasons))

    def _likeness(self, record: Tagged, other: bytes, agreeing: int) -> Likeness:
        values = self._values(other)
        if values is None:
            return by_traits(agreeing)
        return likeness(values, record.customer.values)

    def _values(self, cid: bytes) -> Mapping[str, str] | None:
        if cid not in self._known:
            self._known[cid] = self.read(cid)
        return self._known[cid]

    def _shared(self, record: Tagged, profiles: tuple[bytes, bytes]) -> tuple[str, ...]:
        pairs = zip(record.customer.identifiers, record.ids, strict=True)
        return tuple(
            dict.fromkeys(
                identifier.kind
                for identifier, (each, _) in pairs
                if self.owners.get(each) in profiles
            )
        )
