"""Proofs of knowledge and of equal logarithms: what holds, and that nothing else does."""

import pytest
from hypothesis import given

from crmdapp.ballots.faults import PointMalformed, ProofRefused, ScalarMalformed
from crmdapp.ballots.group import ORDER, G, encode_scalar, multiply, multiply_base
from crmdapp.ballots.proofs import (
    Equality,
    Knowledge,
    prove_equality,
    prove_knowledge,
    verify_equality,
    verify_knowledge,
)
from crmdapp.ballots.transcripts import challenge, word
from tests.ballots.voting import BAD_POINTS, few, fresh, put, scalars

PLACE = (word(1), word(2))


@pytest.fixture
def knowledge():
    """x, X and a proof of it."""
    x = fresh().draw("x", b"")
    X = multiply_base(x)
    return x, X, prove_knowledge("trustee-key", PLACE, x, X, fresh())


@pytest.fixture
def equality():
    """x, the three points and a proof of them."""
    x, h = fresh().draw("x", b""), fresh().draw("h", b"")
    H = multiply_base(h)
    bases = (multiply_base(x), H, multiply(H, x))
    return x, bases, prove_equality("decryption", PLACE, x, bases, fresh())


@few(25)
@given(scalars)
def test_knowledge_is_proved_and_survives_its_bytes(x):
    X = multiply_base(x)
    proof = prove_knowledge("trustee-key", PLACE, x, X, fresh())
    verify_knowledge("trustee-key", PLACE, X, Knowledge.decode(proof.encode()))


@few(25)
@given(scalars, scalars)
def test_equality_is_proved_and_survives_its_bytes(x, h):
    H = multiply_base(h)
    bases = (multiply_base(x), H, multiply(H, x))
    proof = prove_equality("decryption", PLACE, x, bases, fresh())
    verify_equality("decryption", PLACE, bases, Equality.decode(proof.encode()))


def test_knowledge_holds_for_nothing_else(knowledge):
    _, X, proof = knowledge
    verify_knowledge("trustee-key", PLACE, X, proof)
    for name, context, point, tried in (
        ("deal-pad", PLACE, X, proof),
        ("trustee-key", (word(1), word(3)), X, proof),
        ("trustee-key", (word(2), word(1)), X, proof),
        ("trustee-key", PLACE[:1], X, proof),
        ("trustee-key", PLACE, X + G, proof),
        ("trustee-key", PLACE, X, Knowledge(proof.A + G, proof.z)),
        ("trustee-key", PLACE, X, Knowledge(proof.A, (proof.z + 1) % ORDER)),
    ):
        with pytest.raises(ProofRefused) as refused:
            verify_knowledge(name, context, point, tried)
        assert refused.value.statement == name


def test_equality_holds_for_nothing_else(equality):
    _, (X, H, Y), proof = equality
    verify_equality("decryption", PLACE, (X, H, Y), proof)
    for name, context, bases, tried in (
        ("complaint", PLACE, (X, H, Y), proof),
        ("decryption", (word(1), word(3)), (X, H, Y), proof),
        ("decryption", PLACE, (X + G, H, Y), proof),
        ("decryption", PLACE, (X, H + G, Y), proof),
        ("decryption", PLACE, (X, H, Y + G), proof),
        ("decryption", PLACE, (H, X, Y), proof),
        ("decryption", PLACE, (X, H, Y), Equality(proof.A1 + G, proof.A2, proof.z)),
        ("decryption", PLACE, (X, H, Y), Equality(proof.A1, proof.A2 + G, proof.z)),
        ("decryption", PLACE, (X, H, Y), Equality(proof.A1, proof.A2, (proof.z + 1) % ORDER)),
    ):
        with pytest.raises(ProofRefused):
            verify_equality(name, context, bases, tried)


@pytest.mark.parametrize("wrong", ["first", "second"])
def test_each_of_both_equations_counts(equality, wrong):
    """A prover who fits one equation to the challenge afterwards fails the other."""
    x, (X, H, Y), _ = equality
    Z = Y + G  # another logarithm than that of X
    w = fresh().draw("w", b"")
    A1, A2 = multiply_base(w), multiply(H, w)
    if wrong == "first":
        A1 = A1 + G
    else:
        A2 = A2 + G
    bases = (X, H, Z if wrong == "second" else Y)
    encoded = [bytes(point.to_xy_bytes_be()) for point in (*bases, A1, A2)]
    c = challenge("decryption", *PLACE, *encoded)
    with pytest.raises(ProofRefused):
        verify_equality("decryption", PLACE, bases, Equality(A1, A2, (w + c * x) % ORDER))


def test_a_secret_of_another_key_proves_nothing():
    X = multiply_base(5)
    with pytest.raises(ProofRefused):
        verify_knowledge("k", PLACE, X, prove_knowledge("k", PLACE, 6, X, fresh()))


def test_a_proof_made_before_its_key_is_refused():
    """Without X in the hash, X could be computed from a proof: X = (z G - A) / c."""
    w, z = 1234, 5678
    A = multiply_base(w)
    weak = challenge("k", *PLACE, bytes(A.to_xy_bytes_be()))
    X = multiply_base((z - w) * pow(weak, -1, ORDER))
    assert multiply_base(z) == A + multiply(X, weak)
    with pytest.raises(ProofRefused):
        verify_knowledge("k", PLACE, X, Knowledge(A, z))


@pytest.mark.parametrize("data", BAD_POINTS.values(), ids=BAD_POINTS)
def test_a_commitment_outside_the_group_is_refused(knowledge, equality, data):
    with pytest.raises(PointMalformed):
        Knowledge.decode(put(knowledge[2].encode(), 0, data))
    for at in (0, 96):
        with pytest.raises(PointMalformed):
            Equality.decode(put(equality[2].encode(), at, data))


def test_an_unreduced_response_is_refused(knowledge, equality):
    for proof, at in ((knowledge[2], 96), (equality[2], 192)):
        unreduced = (proof.z + ORDER).to_bytes(32, "big")
        with pytest.raises(ScalarMalformed):
            type(proof).decode(put(proof.encode(), at, unreduced))


def test_a_proof_of_another_length_is_refused(knowledge):
    data = knowledge[2].encode()
    for wrong in (data[:-1], data + b"\0", b"", data[:96]):
        with pytest.raises((PointMalformed, ScalarMalformed)):
            Knowledge.decode(wrong)


def test_two_proofs_of_one_statement_share_nothing(knowledge):
    x, X, proof = knowledge
    other = prove_knowledge("trustee-key", PLACE, x, X, fresh())
    assert (other.A, other.z) != (proof.A, proof.z)
    assert encode_scalar(other.z) != encode_scalar(proof.z)
