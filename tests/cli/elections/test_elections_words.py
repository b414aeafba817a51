"""What the contracts of ballots refuse is said in words, with the figures of the error."""

import string

import pytest

import crmdapp.ballots.errors as ballots_errors
from crmdapp.ballots.error_words import NAMES, WORDS
from crmdapp.ballots.errors import (
    CeremonyStepInvalid,
    ElectionWindowInvalid,
    PhaseInvalid,
    QuestionIsVoid,
    RegistrationClosed,
    SharesLate,
)
from crmdapp.ballots.models import CeremonyStep, Phase, VoidGround
from crmdapp.wording import put_into_words


def test_every_error_of_ballots_has_words():
    assert set(ballots_errors.__all__) == set(WORDS)


@pytest.mark.parametrize("name", WORDS)
def test_words_name_fields_of_the_error(name):
    twin = getattr(ballots_errors, name)
    told = {field for part in WORDS[name] for _, field, _, _ in string.Formatter().parse(part)}
    assert told - {None} <= set(twin.fields)
    problem = twin(*(_example(kind) for kind in twin.types))
    put_into_words(problem)
    assert "{" not in problem.message + problem.hint
    assert problem.message.endswith(".")
    assert problem.hint


def _example(kind):
    if kind.startswith("bytes"):
        return b"\1" * int(kind[5:])
    return "0x" + "11" * 20 if kind == "address" else 1


@pytest.mark.parametrize(
    ("name", "field", "members"),
    [
        ("CeremonyStepInvalid", "step", CeremonyStep),
        ("PhaseInvalid", "phase", Phase),
        ("QuestionIsVoid", "ground", VoidGround),
    ],
)
def test_every_member_of_an_enum_has_a_word(name, field, members):
    assert sorted(NAMES[name][field]) == [int(member) for member in members]


def test_enums_are_told_in_words_and_times_by_the_calendar():
    def said(problem):
        put_into_words(problem)
        return problem.message

    assert "waits for deals" in said(CeremonyStepInvalid(1, CeremonyStep.DEALS))
    assert said(PhaseInvalid(3, Phase.OPEN)) == "Election 3 is open."
    assert "too few voted" in said(QuestionIsVoid(1, 0, VoidGround.TURNOUT))
    window = said(ElectionWindowInvalid(5, 86_400, 172_800))
    assert "the opening, 1970-01-02 00:00 UTC, is before 1970-01-03" in window
    assert "1970-01-02" in said(SharesLate(1, 86_400))
    assert "1970-01-02" in said(RegistrationClosed(1, 86_400))
