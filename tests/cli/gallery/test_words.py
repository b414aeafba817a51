"""What the gallery's contracts refuse is said in words, with the figures of the error."""

import string

import pytest

import crmdapp.chain.errors as chain_errors
import crmdapp.provenance.errors as provenance_errors
from crmdapp.chain import artifacts
from crmdapp.customers.error_words import WORDS as CUSTOMERS_WORDS
from crmdapp.loyalty.error_words import WORDS as LOYALTY_WORDS
from crmdapp.provenance.artwork_error_words import NAMES, WORDS
from crmdapp.provenance.errors import CaseStepClosed, ChallengeGroundInvalid, PriceChanged
from crmdapp.wording import put_into_words

NEVER_MET = {
    # Single approvals and operators: no command makes them.
    "ERC721InvalidApprover",
    "ERC721InvalidOperator",
    # Nobody has the zero address for an owner or a sender.
    "ERC721InvalidOwner",
    "ERC721InvalidSender",
    # Libraries keep these to themselves.
    "InvalidShortString",
    "StringTooLong",
    "StringsInsufficientHexLength",
}
ELSEWHERE = {**CUSTOMERS_WORDS, **LOYALTY_WORDS}


def declared():
    for name in ("Artworks", "CuratorBoard"):
        yield from (item["name"] for item in artifacts.load(name).abi if item["type"] == "error")


def twin(name):
    return getattr(provenance_errors, name, None) or getattr(chain_errors, name)


def test_every_error_that_a_command_can_meet_has_words():
    assert set(declared()) - set(WORDS) - set(ELSEWHERE) == NEVER_MET


def test_no_error_has_two_forms_of_words():
    assert set(WORDS) & set(ELSEWHERE) == set()


@pytest.mark.parametrize("name", WORDS)
def test_words_name_fields_of_their_error(name):
    named = {field for part in WORDS[name] for _, field, _, _ in string.Formatter().parse(part)}
    assert named - {None} <= set(twin(name).fields)


@pytest.mark.parametrize("name", NAMES)
def test_names_are_of_fields_of_their_error(name):
    assert set(NAMES[name]) <= set(twin(name).fields)


@pytest.mark.parametrize(
    ("problem", "message"),
    [
        (
            PriceChanged(0xABCD, 7, 1),
            "The work 0xabcd costs 7 price units of currency 1 by now.",
        ),
        (
            CaseStepClosed(b"\x11" * 31 + b"\0", 1_800_000_000, 2**256 - 1, 1_700_000_000),
            (
                f"This step of the case 0x{'11' * 31}00 is open from 2027-01-15 08:00 UTC to the"
                " end of time; it is 2023-11-14 22:13 UTC."
            ),
        ),
        (ChallengeGroundInvalid(1), "submission is no ground of a challenge."),
    ],
)
def test_words_show_the_figures(problem, message):
    put_into_words(problem)
    assert problem.message == message
    assert problem.hint
