"""The second implementation: it accepts what the first does, and refuses what the first refuses."""

import json
from pathlib import Path

import pytest

from crmdapp.ballots.second import (
    Form,
    SecondOpinion,
    verify_ballot,
    verify_equality,
    verify_knowledge,
)
from crmdapp.ballots.transcripts import address_word, word
from tests.ballots.voting import BAD_POINTS, flipped, put

VECTORS = Path(__file__).parent / "vectors"
NAMES = ("choice2", "choice3", "vector5exactly1", "vector5upto3")


def vectors(name):
    return json.loads((VECTORS / f"{name}.json").read_text())


def raw(text):
    return bytes.fromhex(text.removeprefix("0x"))


def ballot_of(name):
    """What verify_ballot asks for, of the first ballot."""
    record = vectors(name)
    form = Form(record["options"], record["bits"], record["min"], record["max"])
    ballot = record["ballots"][0]
    return [form, raw(record["K"]), raw(record["context"]), ballot["voter"], raw(ballot["body"])]


def refused(parts, **changes):
    names = ("form", "K", "context", "voter", "body")
    with pytest.raises(SecondOpinion) as found:
        verify_ballot(*[changes.get(name, part) for name, part in zip(names, parts, strict=True)])
    return str(found.value)


@pytest.mark.parametrize("name", NAMES)
def test_ballots_of_the_first_implementation_are_accepted(name):
    verify_ballot(*ballot_of(name))


@pytest.mark.parametrize("name", ["choice2", "vector5exactly1"])
def test_a_changed_ballot_is_refused(name):
    parts = ballot_of(name)
    body = parts[4]
    for at in (-1, -33, 96 + 192, len(body) // 2):
        refused(parts, body=flipped(body, at))
    assert "bytes are missing" in refused(parts, body=body[:-1])
    assert "left over" in refused(parts, body=body + b"\0")


def test_a_ballot_holds_in_one_place():
    parts = ballot_of("choice2")
    context, voter = parts[2:4]
    assert "does not hold" in refused(parts, context=flipped(context, 0))
    assert "does not hold" in refused(parts, voter=voter[:-1] + "f")
    assert "does not hold" in refused(parts, K=raw(vectors("ceremony")["Y"][0]))


@pytest.mark.parametrize("bad", BAD_POINTS.values(), ids=BAD_POINTS)
def test_a_point_outside_the_group_is_refused(bad):
    parts = ballot_of("choice2")
    for at in (0, 96, 192):
        refused(parts, body=put(parts[4], at, bad))


def test_an_unreduced_scalar_is_refused():
    parts = ballot_of("choice2")
    order = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
    z = int.from_bytes(parts[4][-32:], "big") + order
    assert "not below" in refused(parts, body=put(parts[4], -32, z.to_bytes(32, "big")))


def test_another_form_is_refused():
    parts = ballot_of("choice3")
    refused(parts, form=Form(3, 21))
    refused(parts, form=Form(2, 20))


def test_a_decryption_is_verified():
    ceremony, record = vectors("ceremony"), vectors("choice2")
    accumulator = record["accumulators"][0]
    A, SHARES = raw(accumulator["A"]), raw(accumulator["shares"])
    for j in (1, 2, 3):
        posted = raw(accumulator["partialDecryptions"][str(j)])
        D, proof, Y = posted[:96], posted[96:], raw(ceremony["Y"][j - 1])
        verify_equality("decryption", (SHARES, word(j)), Y, A, D, proof)
        for changed in (
            ("complaint", (SHARES, word(j)), Y, A, D, proof),
            ("decryption", (SHARES, word(j + 1)), Y, A, D, proof),
            ("decryption", (SHARES, word(j)), A, A, D, proof),
            ("decryption", (SHARES, word(j)), Y, A, Y, proof),
            ("decryption", (SHARES, word(j)), Y, A, D, flipped(proof, -1)),
        ):
            with pytest.raises(SecondOpinion):
                verify_equality(*changed)


def test_a_key_is_verified():
    ceremony = vectors("ceremony")
    message, context = raw(ceremony["keyMessages"][0]), raw(ceremony["ceremony"])
    place = (context, word(1), address_word(ceremony["trustees"][0]))
    verify_knowledge("trustee-key", place, message[:96], message[96:])
    for name, parts, X, proof in (
        ("deal-pad", place, message[:96], message[96:]),
        ("trustee-key", place[:2], message[:96], message[96:]),
        ("trustee-key", place, raw(ceremony["K"]), message[96:]),
        ("trustee-key", place, message[:96], flipped(message[96:], -1)),
    ):
        with pytest.raises(SecondOpinion):
            verify_knowledge(name, parts, X, proof)
