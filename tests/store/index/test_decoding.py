"""Decoders with a fixed layout give what the general decoder gives, or refuse what it refuses."""

import json

import pytest
from eth_abi.abi import encode
from hypothesis import given
from hypothesis import strategies as st

from crmdapp.chain import decode as general
from crmdapp.chain.decode import decode_log
from crmdapp.loyalty.events import CapSet, IssuerSet
from crmdapp.store.index.engine.blocks import bits_in
from crmdapp.store.index.engine.decoding import Decoder, Decoders, plain_json

TWINS = sorted(
    {twin for twins in general._events().values() for twin in twins},
    key=lambda twin: (twin.__module__, twin.__name__),
)
DECODERS = Decoders()
HASHED = ("string", "bytes")


def values_of(kind):
    """Values of an ABI type."""
    if kind.endswith("]"):
        return st.lists(values_of(kind[: kind.rindex("[")]), max_size=3)
    if kind.startswith("("):
        return st.tuples(*map(values_of, general.split_tuple(kind)))
    if kind == "address":
        return st.binary(min_size=20, max_size=20).map(lambda raw: "0x" + raw.hex())
    if kind == "bool":
        return st.booleans()
    if kind == "string":
        return st.text(max_size=40)
    if kind == "bytes":
        return st.binary(max_size=70)
    if kind.startswith("bytes"):
        size = int(kind[5:])
        return st.binary(min_size=size, max_size=size)
    bits = int(kind.lstrip("uint"))
    if kind.startswith("u"):
        return st.one_of(st.integers(0, min(300, 2**bits - 1)), st.integers(0, 2**bits - 1))
    return st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def log_of(twin, topics, data):
    return {
        "address": "0x" + "12" * 20,
        "topics": ["0x" + item.hex() for item in (twin.topic, *topics)],
        "data": "0x" + data.hex(),
        "blockNumber": "0x7",
        "logIndex": "0x3",
        "transactionHash": "0x" + "ab" * 32,
    }


@st.composite
def logs(draw):
    """A log of some event as a contract emits it."""
    twin = draw(st.sampled_from(TWINS))
    topics, kinds, data = [], [], []
    for kind, indexed in zip(twin.types, twin.indexed, strict=True):
        if indexed and (kind in HASHED or kind.endswith(("]", ")"))):
            topics.append(draw(st.binary(min_size=32, max_size=32)))
        elif indexed:
            topics.append(encode([kind], [draw(values_of(kind))]))
        else:
            kinds.append(kind)
            data.append(draw(values_of(kind)))
    return log_of(twin, topics, encode(kinds, data))


EDGES = (0, 1, 2, 2**40, 2**160 - 1, 2**160, 2**255, 2**256 - 1)
WORDS = st.one_of(
    st.sampled_from(EDGES).map(lambda value: value.to_bytes(32, "big")),
    st.sampled_from(EDGES).map(lambda value: value.to_bytes(32, "little")),
    st.binary(min_size=32, max_size=32),
)


@st.composite
def odd_logs(draw):
    """A log whose words are anything, and may be too few or too many."""
    twin = draw(st.sampled_from(TWINS))
    exact = sum(twin.indexed)
    topics = draw(st.lists(WORDS, min_size=max(0, exact - 1), max_size=exact + 1))
    words = draw(st.lists(WORDS, max_size=len(twin.types) + 1))
    return log_of(twin, topics, b"".join(words) + draw(st.binary(max_size=3)))


def outcome(log):
    found = DECODERS.decode(log)
    return None if found is None else found[0].twin(*found[1])


def expected(log):
    found = decode_log(log)
    return None if found is None else found.event


@given(logs())
def test_decode_gives_the_event_that_was_emitted(log):
    assert expected(log) is not None
    assert outcome(log) == expected(log)


@given(odd_logs())
def test_decode_refuses_what_the_general_decoder_refuses(log):
    assert outcome(log) == expected(log)


@given(logs())
def test_fields_are_json_by_attribute_name(log):
    decoder, values = DECODERS.decode(log)
    event = decoder.twin(*values)
    assert json.loads(decoder.fields(values)) == {
        name: plain_json(getattr(event, name)) for name in event.__slots__
    }


def test_most_events_have_a_fixed_layout():
    fixed = [twin for twin in TWINS if Decoder(twin).is_fixed]
    assert len(fixed) > 0.8 * len(TWINS)


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (2**53 - 1, 2**53 - 1),
        (2**53, "9007199254740992"),
        (-(2**53), "-9007199254740992"),
        (True, True),
        (b"\x01", "0x01"),
        (("a", (1, 2**60)), ["a", [1, "1152921504606846976"]]),
    ],
)
def test_plain_json_keeps_every_digit(value, kept):
    assert plain_json(value) == kept


def test_an_unknown_event_is_none():
    log = log_of(TWINS[0], [], b"")
    assert DECODERS.decode({**log, "topics": ["0x" + "77" * 32]}) is None
    assert DECODERS.decode({**log, "topics": []}) is None


def test_bits_in_is_the_bloom_of_the_node(village):
    village.live(2)
    block = village.connection.block()
    found = village.node.rpc("eth_getLogs", {"blockHash": block["hash"]})
    assert found
    assert bits_in(found) == int(block["logsBloom"], 16)


@pytest.mark.parametrize(("cap", "known"), [(2**48 - 1, True), (2**48, False), (2**255, False)])
def test_decode_refuses_a_number_beyond_its_type(cap, known):
    log = log_of(CapSet, [(2).to_bytes(32, "big")], cap.to_bytes(32, "big"))
    assert (outcome(log) is not None) == known
    assert outcome(log) == expected(log)


@pytest.mark.parametrize(("first", "known"), [("00", True), ("01", False), ("ff", False)])
def test_decode_refuses_an_address_with_dirt_before_it(first, known):
    issuer = bytes.fromhex(first) + bytes(11) + b"\x5a" * 20
    log = log_of(IssuerSet, [(2).to_bytes(32, "big"), issuer], (7).to_bytes(32, "big"))
    assert (outcome(log) is not None) == known
    assert outcome(log) == expected(log)
