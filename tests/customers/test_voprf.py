"""RFC 9497 (VOPRF, P256-SHA256) and what it stands on: the vectors of the RFCs, and bad input."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from crmdapp.customers import _p256 as p256
from crmdapp.customers import voprf
from crmdapp.customers._hash_to_curve import expand_message, hash_to_curve, map_to_curve
from crmdapp.customers.voprf import (
    VERIFIABLE,
    Blind,
    Oprf,
    PointInvalid,
    ProofInvalid,
    ServerKey,
    blind,
    evaluate,
    finalize,
)
from crmdapp.errors import UsageError

VECTORS = Path(__file__).parent / "vectors"
RFC9380 = json.loads((VECTORS / "rfc9380_p256.json").read_text())
RFC9497 = json.loads((VECTORS / "rfc9497_p256_sha256.json").read_text())

CASES = [
    pytest.param(suite, vector, id=f"mode{suite['mode']}-{number}")
    for suite in RFC9497["suites"]
    for number, vector in enumerate(suite["vectors"])
]

N, P, G = p256.N, p256.P, p256.GENERATOR
few = settings(max_examples=25)
scalars = st.one_of(st.sampled_from([1, 2, 3, N - 3, N - 2, N - 1]), st.integers(1, N - 1))


@pytest.fixture(scope="module")
def server():
    """A server's key."""
    return ServerKey.new()


@pytest.fixture(scope="module")
def impostor():
    """The key of somebody else."""
    return ServerKey.new()


def parts(text):
    return [bytes.fromhex(part) for part in text.split(",")]


def slow_multiple(scalar, point):
    """Doubling and adding, as in a schoolbook."""
    total = None
    for bit in bin(scalar)[2:]:
        total = p256.add(total, total)
        if bit == "1":
            total = p256.add(total, point)
    return total


# --------------------------------------------------------------------------- the RFCs' vectors


@pytest.mark.parametrize("vector", RFC9380["expand"]["vectors"], ids=lambda v: v["message"][:20])
def test_expand_message_matches_rfc_9380(vector):
    wanted = bytes.fromhex(vector["output"])
    tag = RFC9380["expand"]["tag"].encode()
    assert expand_message(vector["message"].encode(), tag, len(wanted)) == wanted


@pytest.mark.parametrize("vector", RFC9380["curve"]["vectors"], ids=lambda v: v["message"][:20])
def test_hash_to_curve_matches_rfc_9380(vector):
    tag = RFC9380["curve"]["tag"].encode()
    for element, mapped in zip(vector["elements"], vector["mapped"], strict=True):
        assert map_to_curve(int(element, 16)) == tuple(int(each, 16) for each in mapped)
    wanted = tuple(int(each, 16) for each in vector["point"])
    assert hash_to_curve(vector["message"].encode(), tag) == wanted


@pytest.mark.parametrize("suite", RFC9497["suites"], ids=lambda suite: f"mode{suite['mode']}")
def test_key_from_matches_rfc_9497(suite):
    key = Oprf(suite["mode"]).key_from(
        bytes.fromhex(suite["seed"]), bytes.fromhex(suite["keyInfo"])
    )
    assert key.scalar == int(suite["skSm"], 16)
    assert key.public_key.hex() == suite.get("pkSm", key.public_key.hex())
    assert b"HashToGroup-" + Oprf(suite["mode"]).context == bytes.fromhex(suite["groupDST"])


@pytest.mark.parametrize(("suite", "vector"), CASES)
def test_blind_and_output_match_rfc_9497(suite, vector):
    oprf = Oprf(suite["mode"])
    blinds = [
        oprf.blind(data, int.from_bytes(scalar, "big"))
        for data, scalar in zip(parts(vector["Input"]), parts(vector["Blind"]), strict=True)
    ]
    assert [each.element for each in blinds] == parts(vector["BlindedElement"])
    key = int(suite["skSm"], 16)
    evaluated = [
        p256.encode(p256.multiply(key, p256.decode(element)))
        for element in parts(vector["BlindedElement"])
    ]
    assert evaluated == parts(vector["EvaluationElement"])
    outputs = [
        oprf.output_of(each, element) for each, element in zip(blinds, evaluated, strict=True)
    ]
    assert outputs == parts(vector["Output"])


@pytest.mark.parametrize(("suite", "vector"), [case for case in CASES if "mode1" in case.id])
def test_proof_matches_rfc_9497(suite, vector):
    key = ServerKey(int(suite["skSm"], 16))
    nonce = int(vector["Proof"]["r"], 16)
    evaluation = evaluate(key, parts(vector["BlindedElement"]), nonce=nonce)
    assert evaluation.elements == tuple(parts(vector["EvaluationElement"]))
    assert evaluation.proof.hex() == vector["Proof"]["proof"]
    blinds = [
        VERIFIABLE.blind(data, int.from_bytes(scalar, "big"))
        for data, scalar in zip(parts(vector["Input"]), parts(vector["Blind"]), strict=True)
    ]
    wanted = tuple(parts(vector["Output"]))
    assert finalize(bytes.fromhex(suite["pkSm"]), blinds, evaluation) == wanted


# --------------------------------------------------------------------------- the curve


@few
@given(scalars, scalars)
def test_multiply_agrees_with_doubling_and_adding(first, second):
    point = p256.multiply_base(first)
    assert point == slow_multiple(first, G)
    assert p256.multiply(second, point) == slow_multiple(second, point)


@few
@given(scalars, scalars)
def test_multiply_distributes(first, second):
    total = p256.add(p256.multiply(first, G), p256.multiply(second, G))
    together = (first + second) % N
    assert total == (p256.multiply(together, G) if together else None)


@pytest.mark.parametrize("scalar", [0, N, N + 1, -1])
def test_multiply_refuses_a_scalar_out_of_range(scalar):
    with pytest.raises(ValueError, match="from 1 to N - 1"):
        p256.multiply(scalar, G)


def test_multiply_refuses_a_point_off_the_curve():
    with pytest.raises(ValueError, match=r"on the curve|Invalid EC key"):
        p256.multiply(2, (G[0], G[1] + 1))


def test_add_knows_the_identity():
    opposite = (G[0], P - G[1])
    assert p256.add(G, opposite) is None
    assert p256.add(G, None) == p256.add(None, G) == G
    assert p256.add(None, None) is None
    assert p256.add(G, G) == p256.multiply(2, G)
    assert p256.combine((0, G), (5, None)) is None
    assert p256.combine((1, G), (N - 1, G)) is None


def test_constants_are_those_of_the_curve():
    x, y = G
    assert (y * y - (x**3 + p256.A * x + p256.B)) % P == 0
    assert p256.multiply_base(1) == G
    assert p256.add(p256.multiply(N - 1, G), G) is None
    assert ec.SECP256R1().group_order == N


@few
@given(scalars)
def test_decode_undoes_encode(scalar):
    point = p256.multiply_base(scalar)
    assert p256.decode(p256.encode(point)) == point
    assert len(p256.encode(point)) == p256.POINT_LENGTH


BAD_POINTS = {
    "empty": b"",
    "identity": b"\0",
    "identity-of-full-length": bytes(33),
    "short": p256.encode(G)[:-1],
    "long": p256.encode(G) + b"\0",
    "uncompressed": b"\4" + G[0].to_bytes(32, "big") + G[1].to_bytes(32, "big"),
    "hybrid": bytes([6 + (G[1] & 1)]) + G[0].to_bytes(32, "big") + G[1].to_bytes(32, "big"),
    "other-prefix": b"\4" + G[0].to_bytes(32, "big"),
    "beyond-the-field": b"\2" + P.to_bytes(32, "big"),
    # 5 has a point, and 5 + P fits into 32 bytes: a second encoding of the same point.
    "not-reduced": b"\2" + (P + 5).to_bytes(32, "big"),
    "off-the-curve": b"\2" + (1).to_bytes(32, "big"),
}


@pytest.mark.parametrize("data", BAD_POINTS.values(), ids=BAD_POINTS)
def test_decode_refuses_what_is_no_point(data):
    with pytest.raises(PointInvalid):
        p256.decode(data)


def test_decode_takes_the_reduced_form_of_what_it_refuses():
    assert p256.decode(b"\2" + (5).to_bytes(32, "big"))[0] == 5


@pytest.mark.parametrize(
    "data",
    [b"", bytes(31), bytes(33), N.to_bytes(32, "big"), b"\xff" * 32],
    ids=["empty", "short", "long", "order", "most"],
)
def test_decode_scalar_refuses_what_is_none(data):
    with pytest.raises(PointInvalid, match="below the order"):
        p256.decode_scalar(data)


def test_decode_scalar_takes_all_below_the_order():
    assert p256.decode_scalar((N - 1).to_bytes(32, "big")) == N - 1


@pytest.mark.parametrize(
    "element", [0, 1, P - 1, pow(pow(10, -1, P), (P + 1) // 4, P)], ids=lambda each: hex(each)[:9]
)
def test_map_to_curve_has_a_point_for_every_element(element):
    x, y = map_to_curve(element)
    assert (y * y - (x**3 + p256.A * x + p256.B)) % P == 0
    assert y & 1 == element & 1


@pytest.mark.parametrize(("tag", "length"), [(b"", 32), (b"t" * 256, 32), (b"t", 0), (b"t", 8161)])
def test_expand_message_refuses_what_the_rfc_does(tag, length):
    with pytest.raises(ValueError, match="out of range"):
        expand_message(b"", tag, length)


# --------------------------------------------------------------------------- the protocol


def round_trip(server, inputs):
    blinds = [blind(data) for data in inputs]
    return blinds, evaluate(server, [each.element for each in blinds])


def test_outputs_depend_on_input_and_key_alone(server, impostor):
    inputs = [b"one", b"two", b"one"]
    first = finalize(server.public_key, *round_trip(server, inputs))
    again = finalize(server.public_key, *round_trip(server, inputs))
    others = finalize(impostor.public_key, *round_trip(impostor, inputs))
    assert first == again
    assert first[0] == first[2] != first[1]
    assert not set(first) & set(others)
    assert {len(output) for output in first} == {voprf.OUTPUT_LENGTH}


def test_blind_hides_equal_inputs_from_the_server():
    assert blind(b"same").element != blind(b"same").element


def test_secrets_are_left_out_of_representations(server):
    made = blind(b"ann@example.org")
    assert str(server.scalar) not in repr(server)
    assert "ann" not in repr(made)
    assert str(made.scalar) not in repr(made)


def refuse(server, blinds, evaluation):
    with pytest.raises(ProofInvalid, match="does not come from the key it has published"):
        finalize(server.public_key, blinds, evaluation)


def test_finalize_refuses_another_key(server, impostor):
    blinds, evaluation = round_trip(impostor, [b"one", b"two"])
    finalize(impostor.public_key, blinds, evaluation)
    refuse(server, blinds, evaluation)


def test_finalize_refuses_one_false_element_among_many(server, impostor):
    blinds, evaluation = round_trip(server, [b"%d" % number for number in range(5)])
    (lie,) = evaluate(impostor, [blinds[3].element]).elements
    elements = list(evaluation.elements)
    elements[3] = lie
    refuse(server, blinds, replace(evaluation, elements=tuple(elements)))


def test_finalize_refuses_elements_in_another_order(server):
    blinds, evaluation = round_trip(server, [b"one", b"two"])
    refuse(server, blinds, replace(evaluation, elements=evaluation.elements[::-1]))


def test_finalize_refuses_errors_that_cancel_out(server):
    # Plain sums would be right: one element is off by a point, the other by its opposite.
    blinds, evaluation = round_trip(server, [b"one", b"two"])
    one, other = map(p256.decode, evaluation.elements)
    shifted = (p256.add(one, G), p256.add(other, (G[0], P - G[1])))
    refuse(server, blinds, replace(evaluation, elements=tuple(map(p256.encode, shifted))))


def test_finalize_refuses_the_answer_to_another_request(server):
    _, evaluation = round_trip(server, [b"one"])
    refuse(server, [blind(b"one")], evaluation)


@pytest.mark.parametrize("position", [0, 31, 32, 63])
def test_finalize_refuses_a_changed_proof(server, position):
    blinds, evaluation = round_trip(server, [b"one"])
    proof = bytearray(evaluation.proof)
    proof[position] ^= 1
    refuse(server, blinds, replace(evaluation, proof=bytes(proof)))


@pytest.mark.parametrize("proof", [b"", bytes(63), bytes(64), bytes(65), b"\xff" * 64])
def test_finalize_refuses_what_is_no_proof(server, proof):
    blinds, evaluation = round_trip(server, [b"one"])
    refuse(server, blinds, replace(evaluation, proof=proof))


@pytest.mark.parametrize("data", BAD_POINTS.values(), ids=BAD_POINTS)
def test_finalize_refuses_an_answer_with_what_is_no_point(server, data):
    blinds, evaluation = round_trip(server, [b"one", b"two"])
    refuse(server, blinds, replace(evaluation, elements=(evaluation.elements[0], data)))


@pytest.mark.parametrize("count", [0, 1, 3])
def test_finalize_refuses_another_number_of_elements(server, count):
    blinds, evaluation = round_trip(server, [b"one", b"two"])
    elements = (evaluation.elements * 2)[:count]
    refuse(server, blinds, replace(evaluation, elements=elements))


@pytest.mark.parametrize("data", BAD_POINTS.values(), ids=BAD_POINTS)
def test_finalize_refuses_a_public_key_that_is_no_point(server, data):
    with pytest.raises(PointInvalid):
        finalize(data, *round_trip(server, [b"one"]))


@pytest.mark.parametrize("data", BAD_POINTS.values(), ids=BAD_POINTS)
def test_evaluate_refuses_what_is_no_point(server, data):
    with pytest.raises(PointInvalid):
        evaluate(server, [blind(b"one").element, data])


@pytest.mark.parametrize("count", [0, voprf.BATCH_MAX + 1])
def test_evaluate_refuses_none_and_too_many(server, count):
    with pytest.raises(UsageError, match="One request is for 1 to 1,000 elements"):
        evaluate(server, [blind(b"one").element] * count)


def test_opposite_elements_do_not_cancel_out(server):
    # Their sum is the identity; weighted by what nobody knows beforehand, it is not.
    element = blind(b"one").element
    opposite = bytes([element[0] ^ 1]) + element[1:]
    evaluation = evaluate(server, [element, opposite])
    blinds = [Blind(b"one", 1, element), Blind(b"one", 1, opposite)]
    assert len(finalize(server.public_key, blinds, evaluation)) == 2


def test_elements_that_cancel_out_are_refused(server, monkeypatch):
    monkeypatch.setattr(voprf, "_weights", lambda key, asked, answered: [1] * len(asked))
    element = blind(b"one").element
    with pytest.raises(PointInvalid, match="cancel each other out"):
        evaluate(server, [element, bytes([element[0] ^ 1]) + element[1:]])


def test_evaluate_draws_a_fresh_nonce(server):
    element = blind(b"one").element
    assert evaluate(server, [element]).proof != evaluate(server, [element]).proof


@pytest.mark.parametrize("scalar", [0, N, -1])
def test_server_key_is_in_range(scalar):
    with pytest.raises(UsageError, match="from 1 to the order"):
        ServerKey(scalar)


def test_key_from_takes_32_bytes():
    with pytest.raises(UsageError, match="has 32 bytes"):
        VERIFIABLE.key_from(bytes(31), b"")


def test_blind_takes_no_endless_input():
    with pytest.raises(UsageError, match="at most 65,535 bytes"):
        blind(bytes(voprf.INPUT_MAX + 1))
    assert blind(bytes(voprf.INPUT_MAX)).element


@few
@given(st.lists(st.binary(max_size=100), min_size=1, max_size=4))
def test_any_batch_verifies_and_agrees_with_its_parts(inputs):
    key = VERIFIABLE.key_from(bytes(32), b"any batch")
    together = finalize(key.public_key, *round_trip(key, inputs))
    apart = [finalize(key.public_key, *round_trip(key, [data]))[0] for data in inputs]
    assert list(together) == apart
