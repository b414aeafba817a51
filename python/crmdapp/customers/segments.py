"""Which customers fit a description, counting only data that they agreed to for that purpose.

A value counts if a consent of its customer holds now, covers purpose and category, and its keys
were wrapped for this company. Profiles in custody do not count: a customer who never agreed to
anything is in no segment, however well the company knows the imported file. Every figure comes with
how many customers it leaves out, so that nobody takes the part for the whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from crmdapp.customers.codes import purpose_bits
from crmdapp.customers.importing.columns import FIELDS, category_of
from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from crmdapp.customers.terms import ConsentTerms
    from crmdapp.store.vault import Vault

__all__ = ["Condition", "ConsentedReader", "Held", "Segment", "SegmentReport", "find_segment"]

OPERATORS = ("is", "in", "at-least", "at-most", "older-than", "younger-than", "known")

NO_CONSENT = "no consent for this"
NO_KEY = "no key was wrapped"
NO_VALUE = "no such datum"


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing a segment's customers have in common.

    Attributes:
        field: Name of a field.
        operator: One of ``is, in, at-least, at-most, older-than, younger-than, known``.
        values: What it is compared with; ages in whole years; none for ``known``.

    Raises:
        UsageError: There is no such field or operator, or the values do not fit it.
    """

    field: str
    operator: str
    values: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.field not in FIELDS:
            raise UsageError(
                f"There is no field {self.field!r}.", hint=f"Fields are {', '.join(FIELDS)}."
            )
        if self.operator not in OPERATORS:
            raise UsageError(
                f"There is no comparison {self.operator!r}.",
                hint=f"There are {', '.join(OPERATORS)}.",
            )
        wanted = {"known": 0, "in": None}.get(self.operator, 1)
        fits = len(self.values) > 0 if wanted is None else len(self.values) == wanted
        if not fits:
            raise UsageError(f"{self.operator!r} does not take {len(self.values)} values.")
        if self.operator in ("older-than", "younger-than") and not (
            self.values[0].isdecimal() and FIELDS[self.field].kind == "date"
        ):
            raise UsageError(f"{self.operator!r} compares a date with an age in whole years.")

    @classmethod
    def parse(cls, text: str) -> Condition:
        """Return a condition from words such as ``country is DE`` or ``city in Rome,Oslo``.

        Raises:
            UsageError: They are no condition.
        """
        words = text.split(maxsplit=2)
        if len(words) < 2:
            raise UsageError(
                f"{text[:60]!r} is no condition.", hint="Write, for example: country is DE"
            )
        given = words[2] if len(words) > 2 else ""
        values = [given] if words[1] != "in" else given.split(",")
        return cls(words[0], words[1], tuple(value.strip() for value in values if value.strip()))

    @property
    def category(self) -> int:
        """Number of the category that must be consented to."""
        return category_of(self.field)

    def holds(self, value: str, today: date) -> bool:
        """Return whether a value fits."""
        if self.operator == "known":
            return True
        folded = value.casefold()
        if self.operator in ("is", "in"):
            return folded in {each.casefold() for each in self.values}
        if self.operator == "at-least":
            return value >= self.values[0]
        if self.operator == "at-most":
            return value <= self.values[0]
        age = _age(value, today)
        years = int(self.values[0])
        return age > years if self.operator == "older-than" else age < years


@dataclass(frozen=True, slots=True)
class Segment:
    """A description of customers.

    Attributes:
        purpose: The term of the purpose the company pursues, such as ``DirectMarketing``.
        conditions: All of them hold.

    Raises:
        CodeUnknown: There is no such purpose.
        UsageError: There is no condition.
    """

    purpose: str
    conditions: tuple[Condition, ...]

    def __post_init__(self) -> None:
        purpose_bits([self.purpose])
        if not self.conditions:
            raise UsageError("A segment has at least one condition.", hint="Such as: email known")

    @property
    def categories(self) -> int:
        """The categories that must be consented to, as bits."""
        bits = 0
        for condition in self.conditions:
            bits |= 1 << condition.category
        return bits


@dataclass(frozen=True, slots=True)
class Held:
    """A consent the company holds, of one customer.

    Attributes:
        profile: The customer, 32 bytes.
        terms: Its terms.
    """

    profile: bytes
    terms: ConsentTerms


@dataclass(frozen=True, slots=True)
class SegmentReport:
    """Who fits, and who was not even looked at.

    Attributes:
        members: Profiles that fit.
        asked: Customers whose data could be used: the base of any percentage.
        total: Customers in all.
        left_out: How many could not be looked at, by reason.
    """

    members: tuple[bytes, ...]
    asked: int
    total: int
    left_out: Mapping[str, int]


class ConsentedReader:
    """Reads what customers have wrapped for this company, and nothing else.

    Args:
        vault: The vault.
        owner_of: Gives who signs for an identity now.
        clock: Gives the time, Unix seconds.
    """

    def __init__(
        self, vault: Vault, *, owner_of: Callable[[str], str], clock: Callable[[], float]
    ) -> None:
        self._vault = vault
        self._owner_of = owner_of
        self._clock = clock

    def read(self, held: Held, categories: int) -> Mapping[str, str] | None:
        """Return values by field under one consent; ``None`` if no key was wrapped."""
        from crmdapp.store.epochs import open_wrap
        from crmdapp.store.sealing import open_field

        now = int(self._clock())
        keys: dict[bytes, bytes] = {}
        for item in self._vault.wraps(held.terms.consent_id):
            wrap = item.wrap
            if wrap.profile == held.profile and categories >> wrap.category & 1:
                private = self._vault.keys.reading_key(wrap.grantee_key)
                owner = self._owner_of(wrap.subject)
                keys[wrap.key_id] = open_wrap(item, private, owner=owner, now=now)
        if not keys:
            return None
        return {
            item.datum.field: open_field(keys[item.datum.key_id], item.sealed, item.place).decode(
                errors="replace"
            )
            for item in self._vault.ciphertexts(held.profile, categories)
            if item.datum.key_id in keys
        }


def find_segment(
    segment: Segment,
    profiles: Sequence[bytes],
    consents: Iterable[Held],
    *,
    is_active: Callable[[ConsentTerms, int, int], bool],
    read: Callable[[Held, int], Mapping[str, str] | None],
    now: datetime | None = None,
) -> SegmentReport:
    """Return who fits a description, by consented data alone.

    Args:
        segment: The description.
        profiles: Every customer, one profile for each person.
        consents: The consents the company holds.
        is_active: Tells whether a consent holds now and covers purposes and categories;
            :meth:`crmdapp.customers.consents.ConsentClient.check`.
        read: Reads values under a consent; :meth:`ConsentedReader.read`.
        now: When; ages count from it.
    """
    today = (now or datetime.now(UTC)).date()
    purposes, categories = purpose_bits([segment.purpose]), segment.categories
    by_profile: dict[bytes, list[Held]] = {}
    for held in consents:
        by_profile.setdefault(held.profile, []).append(held)
    left_out: Counter[str] = Counter()
    members: list[bytes] = []
    asked = 0
    for profile in profiles:
        values = NO_CONSENT
        for held in by_profile.get(profile, ()):
            # The chain is asked before anything is opened: what was withdrawn stays closed.
            if not is_active(held.terms, purposes, categories):
                continue
            found = read(held, categories)
            values = NO_KEY if found is None else _lacking(segment, found)
            if not values:
                asked += 1
                assert found is not None
                if all(each.holds(found[each.field], today) for each in segment.conditions):
                    members.append(profile)
                break
        if values:
            left_out[values] += 1
    return SegmentReport(tuple(members), asked, len(profiles), dict(left_out))


def _lacking(segment: Segment, values: Mapping[str, str]) -> str:
    """Return why a customer cannot be compared; empty if it can."""
    return "" if all(each.field in values for each in segment.conditions) else NO_VALUE


def _age(text: str, today: date) -> int:
    born = date.fromisoformat(text)
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))
