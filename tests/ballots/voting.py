"""Keys, voters and broken points for the tests of the pure cryptography of ballots."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from crmdapp.ballots.group import FIELD, ORDER, encode_point, multiply_base
from crmdapp.ballots.nonces import Nonces
from crmdapp.ballots.transcripts import ballot_context

BOX = "0x" + "b0c0de" * 6 + "0002"
VOTER = "0x" + "11" * 20
NEIGHBOUR = "0x" + "22" * 20

SECRET = 0x1CEB00DA
K = multiply_base(SECRET)
"""A key whose secret the tests know."""

PLACE = {
    "chain_id": 31337,
    "box": BOX,
    "election": 7,
    "question": 0,
    "definition_hash": b"\x5a" * 32,
    "K": encode_point(K),
}
CONTEXT = ballot_context(**PLACE)

INFINITY = bytes(96)
ORDER_3 = bytes(95) + b"\x02"
"""(0, 2), a point of the curve of order 3."""
OFF_CURVE = bytes(47) + b"\x01" + bytes(47) + b"\x01"
UNREDUCED = FIELD.to_bytes(48, "big") + (2).to_bytes(48, "big")
"""ORDER_3 with p instead of 0."""

BAD_POINTS = {
    "infinity": INFINITY,
    "order 3": ORDER_3,
    "off the curve": OFF_CURVE,
    "unreduced": UNREDUCED,
    "all ones": b"\xff" * 96,
}

scalars = st.one_of(st.sampled_from([1, 2, 3, ORDER - 2, ORDER - 1]), st.integers(1, ORDER - 1))


def few(examples):
    """Hypothesis settings for what takes milliseconds an example."""
    return settings(
        max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )


def context_of(**changes):
    """CONTEXT with some of its fields changed."""
    return ballot_context(**{**PLACE, **changes})


def fresh():
    """Nonces as a voter has them."""
    return Nonces.fresh()


def put(data, at, piece):
    """The bytes with a piece of them replaced; a place below 0 counts from the end."""
    at %= len(data)
    return data[:at] + piece + data[at + len(piece) :]


def flipped(data, at):
    """The bytes with the lowest bit of one of them flipped."""
    return put(data, at, bytes([data[at] ^ 1]))


def root(square):
    """A square root modulo the group's order (Tonelli-Shanks), or None."""
    odd, twos = (ORDER - 1) >> 32, 32
    if pow(square, (ORDER - 1) // 2, ORDER) != 1:
        return None
    c = pow(7, odd, ORDER)  # 7 is no square modulo r
    found, t = pow(square, (odd + 1) // 2, ORDER), pow(square, odd, ORDER)
    while t != 1:
        least, power = 0, t
        while power != 1:
            power, least = power * power % ORDER, least + 1
        b = pow(c, 1 << (twos - least - 1), ORDER)
        found, c, twos = found * b % ORDER, b * b % ORDER, least
        t = t * c % ORDER
    return found
