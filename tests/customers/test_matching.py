"""How alike two customers are, and what is kept to find those worth comparing."""

import pytest

from crmdapp.customers.matching import (
    MATCH_AT,
    MatchKey,
    by_traits,
    likeness,
    match_key,
    names_contradict,
    plain,
    sound,
    traits,
)
from crmdapp.store.keys import OperatorKeys

KEY = MatchKey(b"\x01" * 32)
ANN = {
    "given_name": "Ann",
    "family_name": "Schmidt",
    "birth_date": "1980-02-13",
    "street": "Hauptstraße 5",
    "postal_code": "10115",
    "city": "Berlin",
}


def like(**changes):
    return likeness(ANN, {**ANN, **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"family_name": "Schmitd"},
        {"family_name": "Schmitt"},
        {"given_name": "Anne"},
        {"given_name": "Schmidt", "family_name": "Ann"},
        {"street": "Gartenweg 9", "postal_code": "20095", "city": "Hamburg"},
        {"birth_date": "1980-02-18"},
        {"birth_date": ""},
        {"street": "Hauptstr. 5"},
    ],
)
def test_likeness_sees_one_person_through(changes):
    assert like(**changes).is_match


@pytest.mark.parametrize(
    "changes",
    [
        {"given_name": "Robert", "family_name": "Keller"},
        {"given_name": "Ben"},
        {
            "birth_date": "1951-07-30",
            "street": "Am Markt 1",
            "postal_code": "50667",
            "city": "Köln",
        },
        {"birth_date": "1951-07-30", "street": "", "postal_code": "", "city": ""},
    ],
)
def test_likeness_keeps_two_people_apart(changes):
    assert not like(**changes).is_match


def test_likeness_is_the_same_both_ways():
    other = {**ANN, "family_name": "Schmid", "city": "Potsdam"}
    assert likeness(ANN, other) == likeness(other, ANN)


def test_likeness_of_a_name_alone_is_none():
    assert likeness({"name": "Ann Schmidt"}, {"name": "Ann Schmidt"}).score == 0


def test_likeness_names_parts_and_no_values():
    assert like(city="Bonn").reasons == ("name", "birth_date", "address")


@pytest.mark.parametrize(
    ("name", "contradicts"),
    [("Bob Keller", True), ("Anne Schmidt", False), ("Schmidt Ann", False), ("", False)],
)
def test_names_contradict_only_if_nothing_explains_them(name, contradicts):
    assert names_contradict(ANN, {"name": name}) is contradicts


def test_traits_survive_a_typo_and_a_swap():
    keyed = {KEY.trait(*trait) for trait in traits(ANN)}
    for changes in (
        {"family_name": "Schmitt"},
        {"given_name": "Schmidt", "family_name": "Ann"},
        {"birth_date": "1980-02-18"},
        {"street": "Gartenweg 9", "postal_code": "20095"},
    ):
        assert keyed & {KEY.trait(*trait) for trait in traits({**ANN, **changes})}


def test_traits_differ_between_keys_kinds_and_people():
    other = MatchKey(b"\x02" * 32)
    assert KEY.trait("a", "b") != other.trait("a", "b")
    assert KEY.trait("a", "bc") != KEY.trait("ab", "c")
    assert KEY.mark(b"\x01" * 32, "city", "Rome") != KEY.mark(b"\x02" * 32, "city", "Rome")
    assert KEY.person(1, b"\x01" * 32) != KEY.person(2, b"\x01" * 32)


def test_by_traits_needs_several():
    assert not by_traits(1).is_match
    assert by_traits(2).score == MATCH_AT
    assert by_traits(50).score == 95


@pytest.mark.parametrize(
    ("left", "right"), [("schmidt", "schmitt"), ("meyer", "maier"), ("philip", "filip")]
)
def test_sound_is_one_for_names_that_sound_alike(left, right):
    assert sound(left) == sound(right)


def test_plain_drops_accents_case_and_marks():
    assert plain("  Käthe-Marie  O'NEILL ") == "kathe marie o neill"


def test_match_key_is_made_once_and_shows_nothing(tmp_path):
    with OperatorKeys.create(tmp_path / "operator.keys") as keys:
        first = match_key(keys)
        assert match_key(keys).trait("x") == first.trait("x")
    assert repr(first) == "MatchKey(...)"
