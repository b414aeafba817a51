"""Logs and reverts become the classes of the same name, or stay whole."""

import pytest
from eth_abi import encode
from hypothesis import given
from hypothesis import strategies as st

from crmdapp.chain import artifacts, calls, decode, decode_error, decode_log, decode_logs
from crmdapp.chain._keccak import keccak
from crmdapp.chain.addresses import checksum
from crmdapp.errors import ContractError, Error, Panic, UnknownContractError, attribute_name

SAMPLES = {"address": "0x" + "ab" * 20, "bool": True, "string": "né", "bytes": b"xyz"}


def sample(kind: str):
    """A value of an ABI type, in the form decoding gives it."""
    if kind.endswith("]"):
        return (sample(kind[: kind.rindex("[")]),) * 2
    if kind.startswith("("):
        return tuple(sample(part) for part in decode.split_tuple(kind))
    if kind.startswith("bytes") and kind != "bytes":
        return b"\x07" * int(kind[5:])
    if kind == "address":
        return checksum(SAMPLES[kind])
    return SAMPLES.get(kind, 7)


def twins():
    return [twin for group in decode._errors().values() for twin in group]


def events():
    return [twin for group in decode._events().values() for twin in group]


@pytest.mark.parametrize("twin", twins(), ids=lambda twin: twin.__name__)
def test_decode_error_finds_every_twin(twin):
    values = tuple(sample(kind) for kind in twin.types)
    data = keccak(twin.signature.encode())[:4] + encode(twin.types, values)
    error = decode_error(data)
    assert type(error) is twin
    assert error.values == values
    assert error.raw == data
    assert error.code == twin.__name__ == twin.signature.split("(")[0]
    assert [getattr(error, attribute_name(name)) for name in twin.fields] == list(values)


@pytest.mark.parametrize("twin", events(), ids=lambda twin: twin.__name__)
def test_decode_log_finds_every_event(twin):
    values = [sample(kind) for kind in twin.types]
    topics, kinds, plain = ["0x" + keccak(twin.signature.encode()).hex()], [], []
    for position, (kind, indexed) in enumerate(zip(twin.types, twin.indexed, strict=True)):
        if not indexed:
            kinds.append(kind)
            plain.append(values[position])
        elif kind in ("string", "bytes") or kind.endswith(("]", ")")):
            values[position] = b"\x09" * 32
            topics.append("0x" + (b"\x09" * 32).hex())
        else:
            topics.append("0x" + encode([kind], [values[position]]).hex())
    log = {
        "address": "0x" + "CD" * 20,
        "topics": topics,
        "data": "0x" + encode(kinds, plain).hex(),
        "blockNumber": "0x10",
        "transactionHash": "0x" + "11" * 32,
        "logIndex": "0x2",
    }
    decoded = decode_log(log)
    assert decoded.event == twin(*values)
    assert decoded.address == checksum("0x" + "cd" * 20)
    assert (decoded.block, decoded.tx_hash, decoded.log_index) == (16, "0x" + "11" * 32, 2)
    assert decode_logs([log]) == decode_logs({"logs": [log]}) == [decoded.event]
    # Without its data it is nobody's event; it is left out, not guessed at.
    if plain:
        assert decode_log({**log, "data": "0x"}) is None
    assert decode_log({**log, "topics": topics[:1] + ["0x" + "00" * 32] * 4}) is None


def test_decode_log_ignores_anonymous_and_unknown_logs():
    log = {"address": "0x" + "cd" * 20, "topics": [], "data": "0x"}
    assert decode_log(log) is None
    assert decode_logs([{**log, "topics": ["0x" + "77" * 32]}]) == []


def test_every_error_and_event_of_the_artifacts_has_a_twin():
    for name in artifacts.names():
        for entry in artifacts.load(name).abi:
            if entry["type"] not in ("error", "event"):
                continue
            kinds = ",".join(calls.type_of(item) for item in entry["inputs"])
            topic = keccak(f"{entry['name']}({kinds})".encode())
            found = decode._errors() if entry["type"] == "error" else decode._events()
            key = topic[:4] if entry["type"] == "error" else topic
            assert key in found, f"{name}: {entry['type']} {entry['name']}"


@given(st.binary(max_size=200))
def test_decode_error_keeps_every_byte(data):
    error = decode_error(data)
    assert isinstance(error, ContractError)
    assert error.raw == data


def test_decode_error_knows_the_built_in_ones():
    panic = decode_error(bytes.fromhex("4e487b71") + (0x32).to_bytes(32, "big"))
    assert (type(panic), panic.panic_code, panic.meaning) == (Panic, 0x32, "index out of bounds")
    assert str(panic) == "Panic(0x32): index out of bounds"
    error = decode_error(bytes.fromhex("08c379a0") + encode(["string"], ["sold out"]))
    assert (type(error), error.reason) == (Error, "sold out")


def test_decode_error_keeps_an_unknown_one_whole():
    data = bytes.fromhex("deadbeef") + b"\x01" * 32
    error = decode_error(data)
    assert (type(error), error.unknown_selector, error.raw) == (
        UnknownContractError,
        bytes.fromhex("deadbeef"),
        data,
    )
    assert data.hex() in str(error)


@pytest.mark.parametrize(
    ("kind", "parts"),
    [
        ("()", []),
        ("(address)", ["address"]),
        ("(a,(b,c)[],d)", ["a", "(b,c)[]", "d"]),
        ("((a,(b)),c)", ["(a,(b))", "c"]),
    ],
)
def test_split_tuple(kind, parts):
    assert decode.split_tuple(kind) == parts
