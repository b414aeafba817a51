"""The made-up customers of demo and tests: the same every time, and nobody is reached."""

from collections import Counter

import pytest

from crmdapp.customers.identifiers import normalise
from crmdapp.customers.matching import MatchKey, likeness, traits
from scripts.demo.people import COLUMNS, DUPLICATES, customers, write

RESERVED = ("example.org", "example.com", "example.net")


@pytest.fixture(scope="module")
def people():
    return list(customers(1_000))


def test_customers_are_the_same_for_the_same_seed(people):
    assert list(customers(1_000)) == people
    assert list(customers(1_000, seed=2)) != people


def test_customers_have_duplicates_of_every_kind(people):
    kinds = Counter(row.kind for row in people)
    assert kinds.total() - kinds["first"] == 1_000 * DUPLICATES
    assert set(kinds) == {"first", "other mail", "moved", "misspelt", "swapped"}
    assert len({row.person for row in people}) == 920


def test_customers_reach_nobody(people):
    assert all(row.email.split("@")[1].endswith(RESERVED) for row in people)
    for row in people:
        normalise("email", row.email)
        if row.phone:
            normalise("phone", row.phone)


def test_customers_share_identifiers_only_with_their_duplicates(people):
    owners = {}
    for row in people:
        for text in filter(None, (row.email, row.phone)):
            assert owners.setdefault(text, row.person) == row.person


def test_write_makes_a_list_that_is_read_again(people, tmp_path):
    write(tmp_path / "list.csv", people)
    lines = (tmp_path / "list.csv").read_text().splitlines()
    assert (lines[0], len(lines)) == (",".join(COLUMNS), 1_001)


def test_matching_finds_the_duplicates_and_hardly_anything_else(people):
    key, sharers, found, wrong = MatchKey(bytes(32)), {}, set(), 0
    values = [dict(zip(COLUMNS, row.row(), strict=True)) for row in people]
    for number, row in enumerate(people):
        others = set()
        for trait in traits(values[number]):
            others.update(sharers.setdefault(key.trait(*trait), []))
            sharers[key.trait(*trait)].append(number)
        for other in others:
            if likeness(values[other], values[number]).is_match:
                found.add(number) if people[other].person == row.person else None
                wrong += people[other].person != row.person
    assert len(found) == 80
    assert wrong <= 5
