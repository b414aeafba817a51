"""What the ledger of items refuses is said in words, with the figures of the error."""

import string

import pytest

import crmdapp.chain.errors as chain_errors
import crmdapp.provenance.errors as provenance_errors
from crmdapp.chain import artifacts
from crmdapp.provenance.errors import HandoverStale, StepTimeInvalid
from crmdapp.provenance.item_error_words import WORDS
from crmdapp.wording import put_into_words

ELSEWHERE = {"IntentExpired", "IntentNonceUsed", "IntentSignatureInvalid"}
LIBRARY = {"InvalidShortString", "StringTooLong"}


def test_every_error_of_the_ledger_has_words():
    names = {
        entry["name"] for entry in artifacts.load("ItemLedger").abi if entry["type"] == "error"
    }
    assert names - ELSEWHERE - LIBRARY == set(WORDS)


@pytest.mark.parametrize("name", WORDS)
def test_words_name_fields_of_the_error(name):
    twin = getattr(provenance_errors, name, None) or getattr(chain_errors, name)
    told = {field for part in WORDS[name] for _, field, _, _ in string.Formatter().parse(part)}
    assert told - {None} <= set(twin.fields)
    problem = twin(*(_example(kind) for kind in twin.types))
    put_into_words(problem)
    assert "{" not in problem.message + problem.hint
    assert problem.message.endswith(".")


def _example(kind):
    if kind.startswith("bytes"):
        return b"\1" * int(kind[5:])
    return "0x" + "11" * 20 if kind == "address" else 7


def test_items_are_shown_by_their_ids_and_times_by_the_calendar():
    stale = HandoverStale(0xABC, 1, 2)
    put_into_words(stale)
    assert "0xabc" in stale.message
    late = StepTimeInvalid(1, 0, 86_400, 5)
    put_into_words(late)
    assert "1970-01-02" in late.message
