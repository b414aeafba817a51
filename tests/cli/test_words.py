"""What the contracts refuse is said in words, with the figures of the error."""

import string
from importlib import import_module

import pytest

import crmdapp.chain.errors as chain_errors
import crmdapp.customers.errors as customers_errors
import crmdapp.loyalty.errors as loyalty_errors
from crmdapp.customers.error_words import NAMES
from crmdapp.customers.error_words import WORDS as CUSTOMERS_WORDS
from crmdapp.customers.errors import ConsentKnown, CustomerNotActive, RecoveryEarly
from crmdapp.errors import ContractError
from crmdapp.loyalty.error_words import WORDS as LOYALTY_WORDS
from crmdapp.loyalty.errors import HubEpochTooLong, TermsVersionUnknown
from crmdapp.wording import put_into_words

WORDS = {**CUSTOMERS_WORDS, **LOYALTY_WORDS}
TWINS = {
    name: twin
    for module in (chain_errors, customers_errors, loyalty_errors)
    for name, twin in vars(module).items()
    if isinstance(twin, type) and issubclass(twin, ContractError) and twin is not ContractError
}
NEVER_MET = {
    # Allowances, permits and moves of one epoch's points: no command makes them.
    "ERC20InvalidApprover",
    "ERC20InvalidSpender",
    "ERC2612ExpiredSignature",
    "ERC2612InvalidSigner",
    "ERC6909InsufficientAllowance",
    "ERC6909InvalidApprover",
    "ERC6909InvalidSpender",
    "ERC7818TransferredExpiredToken",
    "InvalidAccountNonce",
    "PermitExpired",
    "PermitSignatureInvalid",
    # Badges answer to none of it.
    "ERC721IncorrectOwner",
    "ERC721InsufficientApproval",
    "ERC721InvalidApprover",
    "ERC721InvalidOperator",
    "ERC721InvalidOwner",
    "ERC721InvalidReceiver",
    "ERC721InvalidSender",
    # Nobody has the zero address for a sender.
    "ERC20InvalidSender",
    "ERC6909InvalidSender",
    # For contracts among themselves.
    "CustomerRegistryOnly",
    "FactoryHubOnly",
    "ProgramTokenOnly",
    "TokenHubOnly",
    # The package packs what it sends.
    "BatchMalformed",
    "RecordsMalformed",
    # Libraries keep these to themselves.
    "CheckpointUnorderedInsertion",
    "ECDSAInvalidSignature",
    "ECDSAInvalidSignatureLength",
    "ECDSAInvalidSignatureS",
    "InvalidShortString",
    "StringTooLong",
    "StringsInsufficientHexLength",
}


def test_every_error_that_a_command_can_meet_has_words():
    assert set(TWINS) - set(WORDS) == NEVER_MET


def test_no_error_has_two_forms_of_words():
    assert set(CUSTOMERS_WORDS) & set(LOYALTY_WORDS) == set()


@pytest.mark.parametrize("name", NAMES)
def test_names_are_of_fields_of_their_error(name):
    assert set(NAMES[name]) <= set(TWINS[name].fields)


@pytest.mark.parametrize("name", WORDS)
def test_words_name_fields_of_their_error(name):
    named = {field for part in WORDS[name] for _, field, _, _ in string.Formatter().parse(part)}
    assert named - {None} <= set(TWINS[name].fields)


@pytest.mark.parametrize(
    ("problem", "message"),
    [
        (
            chain_errors.CoinPaymentInexact(100, 101),
            "Paying 100 of the coin's smallest units would take 101 out of the contract.",
        ),
        (
            HubEpochTooLong(2**32, 2**32 - 1),
            "An epoch of 4294967296 seconds is too long, the most is 4294967295.",
        ),
        (
            CustomerNotActive(b"\x11" * 31 + b"\0", 3),
            f"The profile 0x{'11' * 31}00 is merged into another.",
        ),
        (
            RecoveryEarly(b"\x11" * 31 + b"\0", 1_800_000_000),
            f"The new key of 0x{'11' * 31}00 can take its place from 2027-01-15 08:00 UTC on.",
        ),
        (
            ConsentKnown("0x" + "22" * 20, b"\x33" * 32, 2),
            f"0x{'22' * 20} decided on the consent 0x{'33' * 32} before; it is withdrawn.",
        ),
        (TermsVersionUnknown(2, 3), "Program 2 has published no version 3 of its terms."),
    ],
)
def test_words_show_the_figures(problem, message):
    put_into_words(problem)
    assert problem.message == message
    assert problem.hint


def every_twin():
    """The contract errors of all domains."""
    for domain in ("chain", "loyalty", "customers", "provenance", "ballots"):
        for twin in vars(import_module(f"crmdapp.{domain}.errors")).values():
            if isinstance(twin, type) and issubclass(twin, ContractError) and twin.signature:
                yield twin


def utmost(kind):
    """The largest value of a type: what a contract that is none of ours may answer with."""
    if kind.endswith("]"):
        return (utmost(kind[: kind.rindex("[")]),)
    if kind.startswith("uint"):
        return (1 << int(kind[4:] or 256)) - 1
    if kind.startswith("int"):
        return (1 << (int(kind[3:] or 256) - 1)) - 1
    if kind.startswith("bytes"):
        return b"\xff" * int(kind[5:] or 40)
    if kind.startswith("("):
        return ()
    return {"address": "0x" + "ff" * 20, "bool": True, "string": "{points}\0"}[kind]


@pytest.mark.parametrize("twin", sorted(set(every_twin()), key=str))
def test_words_bear_whatever_figures_a_contract_answers_with(twin):
    problem = twin(*map(utmost, twin.types))
    put_into_words(problem)
    assert problem.message


def test_value_that_no_enum_has_is_shown_as_it_is():
    problem = CustomerNotActive(*map(utmost, CustomerNotActive.types))
    put_into_words(problem)
    assert "255" in problem.message
