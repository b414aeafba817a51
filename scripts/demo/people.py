"""Made-up customers with duplicates, the same ones for the same seed.

Names are drawn from lists of common ones; mail domains are those that RFC 2606 reserves, telephone
numbers from the ranges that regulators keep free for films and books, so that nobody is reached.

    python -m scripts.demo.people customers.csv --count 1000
"""

from __future__ import annotations

import argparse
import csv
import random
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

COLUMNS = (
    "given_name",
    "family_name",
    "birth_date",
    "email",
    "phone",
    "street",
    "postal_code",
    "city",
    "country",
    "language",
)
DUPLICATES = 0.08
"""Share of rows that are about a person who has a row already."""

_DOMAINS = ("example.org", "example.com", "example.net", "mail.example.org", "post.example.net")
_OLDEST = date(1940, 1, 1)
_DAYS = 24_000


@dataclass(frozen=True, slots=True)
class Land:
    """Where people live, and what they are called there.

    Attributes:
        code: ISO 3166 code.
        language: ISO 639 code.
        given: Given names.
        family: Family names.
        streets: Streets.
        cities: Cities with the first digits of their postal codes.
        postal_digits: Digits of a postal code in all.
        phones: What reserved numbers begin with, and how many digits follow.
    """

    code: str
    language: str
    given: tuple[str, ...]
    family: tuple[str, ...]
    streets: tuple[str, ...]
    cities: tuple[tuple[str, str], ...]
    postal_digits: int
    phones: tuple[tuple[str, int], ...]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_GERMANY = Land(
    "DE",
    "de",
    _words("Anna Lukas Marie Jonas Sophie Paul Jürgen Käthe Björn Emma Felix Hannah Greta"),
    _words(
        "Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Schäfer Koch"
        " Bauer Richter Klein Wolf Schröder Neumann Schwarz Zimmermann Krüger Groß"
    ),
    ("Hauptstraße", "Gartenweg", "Lindenallee", "Bergstraße", "Schulstraße", "Am Markt"),
    (("Berlin", "10"), ("Hamburg", "20"), ("München", "80"), ("Köln", "50"), ("Frankfurt", "60")),
    5,
    (("+493023125", 3), ("+496990009", 3), ("+494066969", 3), ("+498999998", 3)),
)
_FRANCE = Land(
    "FR",
    "fr",
    _words("Chloé Lucas Léa Hugo Manon Louis Camille Jules Inès Gabriel Zoé Raphaël"),
    _words(
        "Martin Bernard Dubois Thomas Robert Richard Petit Durand Leroy Moreau Lefèvre Garnier"
        " Fournier Girard Bonnet Dupont Lambert Fontaine Rousseau Vincent"
    ),
    ("rue de la Paix", "avenue Victor Hugo", "rue du Moulin", "place de l'Église", "rue des Lilas"),
    (("Paris", "75"), ("Lyon", "69"), ("Lille", "59"), ("Nantes", "44"), ("Bordeaux", "33")),
    5,
    (("+3319900", 4), ("+3326191", 4), ("+3335301", 4), ("+3346571", 4), ("+3353649", 4)),
)
_BRITAIN = Land(
    "GB",
    "en",
    _words("Olivia Oliver Amelia George Isla Harry Ava Noah Emily Jack Grace Leo Siobhán"),
    _words(
        "Smith Jones Taylor Brown Williams Wilson Johnson Davies Patel Wright Walker White"
        " Thompson Evans Roberts Green Hall O'Neill Clarke Hughes"
    ),
    ("High Street", "Station Road", "Church Lane", "Mill Lane", "Park Avenue", "Queen's Road"),
    (("London", "4"), ("Leeds", "1"), ("Bristol", "2"), ("Glasgow", "3"), ("Cardiff", "5")),
    5,
    (("+442079460", 3),),
)
LANDS = (_GERMANY, _FRANCE, _BRITAIN)


@dataclass(frozen=True, slots=True)
class Customer:
    """One row of a customer list.

    Attributes:
        person: Number of the person it is about: rows of one person are duplicates.
        kind: How it came to be: ``first``, or the name of what makes it a duplicate.
    """

    person: int
    kind: str
    given_name: str
    family_name: str
    birth_date: str
    email: str
    phone: str
    street: str
    postal_code: str
    city: str
    country: str
    language: str

    def row(self) -> list[str]:
        """Return the cells, in the order of :data:`COLUMNS`."""
        return [getattr(self, name) for name in COLUMNS]


def customers(
    count: int, *, seed: int = 1, duplicates: float = DUPLICATES, at_random: bool = True
) -> Iterator[Customer]:
    """Yield made-up customers, duplicates among them; the same for the same arguments.

    Args:
        count: How many rows.
        seed: What tells one list from another.
        duplicates: Share of rows that are duplicates, 0 to below 1.
        at_random: Put duplicates at places of their own; otherwise each follows its original.
    """
    dice = random.Random(seed)
    doubled = round(count * duplicates)
    firsts = count - doubled
    twice = set(dice.sample(range(firsts), doubled))
    later: list[Customer] = []
    phones: set[str] = set()
    for person in range(firsts):
        made = _person(dice, person, phones)
        yield made
        if person in twice:
            copy = _KINDS[len(later) % len(_KINDS)](dice, made, phones)
            later.append(copy)
            if not at_random:
                yield copy
    if at_random:
        dice.shuffle(later)
        yield from later


def write(path: Path, rows: Iterator[Customer] | Sequence[Customer]) -> None:
    """Write customers as a CSV with crmdapp's own columns."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(row.row() for row in rows)


def _person(dice: random.Random, person: int, phones: set[str]) -> Customer:
    land = dice.choice(LANDS)
    given, family = dice.choice(land.given), dice.choice(land.family)
    city, prefix = dice.choice(land.cities)
    digits = land.postal_digits - len(prefix)
    return Customer(
        person=person,
        kind="first",
        given_name=given,
        family_name=family,
        birth_date=(_OLDEST + timedelta(days=dice.randrange(_DAYS))).isoformat(),
        email=_email(dice, given, family, person),
        phone=_phone(dice, land, phones),
        street=f"{dice.choice(land.streets)} {dice.randrange(1, 200)}",
        postal_code=prefix + "".join(dice.choices("0123456789", k=digits)),
        city=city,
        country=land.code,
        language=land.language,
    )


def _email(dice: random.Random, given: str, family: str, person: int, mark: str = "") -> str:
    form = dice.choice(("{g}.{f}{n}", "{f}.{g}{n}", "{g}{n}", "{f}{n}"))
    local = form.format(g=_plain(given), f=_plain(family), n=f"{mark}{person}")
    return f"{local}@{dice.choice(_DOMAINS)}"


def _plain(name: str) -> str:
    """Return a name in the letters of an e-mail address: ``Jürgen`` -> ``jurgen``."""
    letters = unicodedata.normalize("NFKD", name.lower().replace("ß", "ss"))
    return "".join(char for char in letters if char.isascii() and char.isalpha())


def _phone(dice: random.Random, land: Land, phones: set[str]) -> str:
    """Return a number that nobody else of the list has; empty once the ranges are used up."""
    for _ in range(20):
        prefix, digits = dice.choice(land.phones)
        number = prefix + "".join(dice.choices("0123456789", k=digits))
        if number not in phones:
            phones.add(number)
            return number
    return ""


# --------------------------------------------------------------------------- duplicates


def _typo(dice: random.Random, name: str) -> str:
    """Return a name with two neighbours swapped, a letter doubled or one left out."""
    at = dice.randrange(1, len(name) - 1)
    return dice.choice(
        (
            name[:at] + name[at + 1] + name[at] + name[at + 2 :],
            name[:at] + name[at] + name[at:],
            name[:at] + name[at + 1 :],
        )
    )


def _other_mail(dice: random.Random, first: Customer, phones: set[str]) -> Customer:
    """The same telephone, another e-mail address."""
    del phones
    email = _email(dice, first.given_name, first.family_name, first.person, "b")
    return replace(first, kind="other mail", email=email)


def _moved(dice: random.Random, first: Customer, phones: set[str]) -> Customer:
    """The same e-mail address, another home and telephone."""
    land = next(land for land in LANDS if land.code == first.country)
    home = _person(dice, first.person, phones)
    return replace(
        first,
        kind="moved",
        street=home.street,
        postal_code=home.postal_code,
        city=home.city,
        phone=_phone(dice, land, phones),
    )


def _misspelt(dice: random.Random, first: Customer, phones: set[str]) -> Customer:
    """A family name with a typo, no identifier in common: only its likeness tells."""
    land = next(land for land in LANDS if land.code == first.country)
    return replace(
        first,
        kind="misspelt",
        family_name=_typo(dice, first.family_name),
        email=_email(dice, first.given_name, first.family_name, first.person, "c"),
        phone=_phone(dice, land, phones),
    )


def _swapped(dice: random.Random, first: Customer, phones: set[str]) -> Customer:
    """Given and family name swapped, another e-mail address, no telephone."""
    del phones
    return replace(
        first,
        kind="swapped",
        given_name=first.family_name,
        family_name=first.given_name,
        email=_email(dice, first.given_name, first.family_name, first.person, "d"),
        phone="",
    )


_KINDS: tuple[Callable[[random.Random, Customer, set[str]], Customer], ...] = (
    _other_mail,
    _moved,
    _misspelt,
    _swapped,
)


def main() -> None:
    """Write a list of customers."""
    parser = argparse.ArgumentParser(description="Write made-up customers as CSV.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--count", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    write(options.file, customers(options.count, seed=options.seed))
    print(f"{options.count:,} rows in {options.file}")


if __name__ == "__main__":
    main()
