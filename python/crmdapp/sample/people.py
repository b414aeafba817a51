"""Made-up people: common names, mail domains that RFC 2606 reserves."""

from __future__ import annotations

from dataclasses import dataclass

MEMBERS = 72
"""How many customers the sample's shop has."""

_GIVEN = ("Ada", "Bo", "Chi", "Dana", "Emil", "Fay", "Gil", "Hana", "Ivo")
_FAMILY = ("Abel", "Brandt", "Costa", "Diaz", "Eklund", "Fischer", "Garcia", "Holm")
_DOMAINS = ("example.org", "example.com", "example.net")


@dataclass(frozen=True, slots=True)
class Member:
    """A customer of the sample's shop.

    Attributes:
        number: 0 to :data:`MEMBERS` - 1.
        given: Given name.
        family: Family name.
        email: Address that nobody has.
        joins: Share of the story, 0 to 1, after which the customer comes for the first time.
        rhythm: Comes every so many rounds, 1 or more.
        leaves: Share of the story after which the customer stays away; above 1 for never.
        spends: Whether the customer ever spends points.
        agrees: Whether the customer let the shop use what it buys.
    """

    number: int
    given: str
    family: str
    email: str
    joins: float
    rhythm: int
    leaves: float
    spends: bool
    agrees: bool

    def comes(self, number: int, rounds: int) -> bool:
        """Return whether the customer comes in a round, counted from 0."""
        first = int(self.joins * rounds)
        stays = number < self.leaves * rounds
        return number >= first and stays and (number - first) % self.rhythm == 0


def members() -> list[Member]:
    """Return all customers; the same every time."""
    return [_member(number) for number in range(MEMBERS)]


def _member(number: int) -> Member:
    given, family = _GIVEN[number % len(_GIVEN)], _FAMILY[number // len(_GIVEN)]
    name = f"{given}.{family}".lower()
    return Member(
        number=number,
        given=given,
        family=family,
        email=f"{name}@{_DOMAINS[number % len(_DOMAINS)]}",
        joins=(0.0, 0.0, 0.25, 0.5)[number % 4],
        rhythm=(1, 2, 3, 5, 8)[number % 5],
        leaves=(2.0, 2.0, 0.7)[number % 3],
        spends=number % 7 not in (0, 3),
        agrees=number % 9 != 8,
    )
