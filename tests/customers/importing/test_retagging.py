"""A pepper is replaced: the vault goes on knowing whom it knows."""

import pytest

from crmdapp.customers.identifiers import normalise
from crmdapp.customers.importing.retagging import Retagging
from crmdapp.customers.rotation import RotationUnfinished, Taggers
from crmdapp.customers.tags import PepperTagger
from crmdapp.errors import UsageError
from tests.customers.importing.conftest import ANN, BOB, PEPPER, SPACE

NEXT = PepperTagger(b"\x08" * 32)
NOBODY = normalise("email", "nobody@example.org")


def identifiers_of(*people):
    kinds = ("email", "phone")
    return [normalise(kind, person[kind], "DE") for person in people for kind in kinds]


@pytest.fixture
def retagging(desk):
    return Retagging(desk.store, Taggers(PEPPER, NEXT), SPACE, 1_800_000_000)


def test_an_import_under_the_next_pepper_makes_no_second_profile(desk, retagging):
    desk.take(ANN, BOB)
    before = list(desk.profiles())
    assert retagging.run(identifiers_of(ANN, BOB), lambda _: True) == 4
    desk.importer.tagger = NEXT
    report = desk.take({**ANN, "city": "Bonn"}, BOB, name="later.csv")
    assert (report.created, report.changed, report.unchanged) == (0, 1, 1)
    assert list(desk.profiles()) == before


def test_run_again_notes_nothing_twice(desk, retagging):
    desk.take(ANN)
    people = [*identifiers_of(ANN), NOBODY, *identifiers_of(ANN)]
    assert retagging.run(people, lambda _: True) == 2
    assert retagging.run(people, lambda _: True) == 0
    assert desk.ids() == 4


def test_require_finished_names_who_could_not_be_found(desk, retagging):
    desk.take(ANN, BOB)
    with pytest.raises(RotationUnfinished) as caught:
        retagging.require_finished(identifiers_of(ANN))
    assert (caught.value.links, caught.value.unaccounted) == (2, 2)
    retagging.run(identifiers_of(ANN), lambda _: True)
    bobs = {SPACE.id_of(PEPPER.tag(identifier)) for identifier in identifiers_of(BOB)}
    retagging.require_finished(identifiers_of(ANN), given_up=bobs)
    retagging.run(identifiers_of(BOB), lambda _: False)
    retagging.require_finished(identifiers_of(ANN, BOB))


def test_there_has_to_be_a_rotation(desk):
    alone = Retagging(desk.store, Taggers(PEPPER), SPACE, 0)
    with pytest.raises(UsageError, match="No rotation"):
        alone.run([], lambda _: True)
    with pytest.raises(UsageError, match="No rotation"):
        alone.require_finished([])
