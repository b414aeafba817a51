"""The declared surface, its errors, and what importing it costs."""

import inspect
import json
import pickle
import subprocess
import sys

import pytest

import crmdapp
from crmdapp import chain, errors
from crmdapp.chain import _keccak
from crmdapp.chain.addresses import checksum, contract_address, parse_address


@pytest.mark.parametrize("package", [crmdapp, chain])
def test_all_declared_names_exist(package):
    assert list(package.__all__) == sorted(package.__all__)
    assert set(package.__all__) - {"__version__"} == set(package._HOMES)
    for name in package.__all__:
        assert getattr(package, name) is not None
    assert dir(package) == sorted(package.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = package.nothing


def test_import_loads_nothing_heavy():
    program = (
        "import sys, crmdapp, crmdapp.chain, crmdapp.errors, crmdapp.config, crmdapp.chain.decode;"
        "heavy = {'web3', 'eth_account', 'eth_abi', 'requests', 'rich', 'sqlite3', 'coincurve'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120
    )
    assert found.stdout.strip() == "[]"


def test_keccak_is_the_same_without_the_native_library(monkeypatch):
    native = _keccak.keccak
    monkeypatch.setitem(sys.modules, "sha3", None)
    portable = _keccak._choose()
    for data in (b"", b"abc", bytes(1000)):
        assert portable(data) == native(data)
    assert native(b"").hex().startswith("c5d2460186f7233c")


def all_errors():
    return [
        value
        for value in vars(errors).values()
        if inspect.isclass(value) and issubclass(value, errors.CrmdappError)
    ]


@pytest.mark.parametrize("kind", all_errors(), ids=lambda kind: kind.__name__)
def test_every_error_has_code_and_exit_code_and_survives_pickling(kind):
    values = (b"\x01\x02\x03\x04",) * len(getattr(kind, "fields", ()))
    if issubclass(kind, errors.ContractError):
        values = {"Panic": (0x11,), "Error": ("no",)}.get(kind.__name__, values)
        error = kind(*values)
    else:
        error = kind("It broke.", why="Because.", hint="Mend it.")
        assert (error.message, error.why, error.hint) == ("It broke.", "Because.", "Mend it.")
    assert error.code == kind.__name__
    assert error.exit_code in (1, 2, 3, 4, 5, 6, 8)
    assert json.loads(json.dumps(error.to_dict()))["code"] == kind.__name__
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is kind
    assert copy.to_dict() == error.to_dict()


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.CrmdappError, 1),
        (errors.DiskFull, 1),
        (errors.UsageError, 2),
        (errors.FileRejected, 2),
        (errors.Cancelled, 3),
        (errors.KeyProblem, 4),
        (errors.FundsMissing, 4),
        (errors.NodeProblem, 5),
        (errors.ContractMissing, 5),
        (errors.TransactionReverted, 6),
        (errors.ContractError, 6),
        (errors.VerificationFailed, 8),
    ],
)
def test_exit_codes(kind, code):
    assert kind.exit_code == code


def test_file_rejected_lists_its_faults():
    error = errors.FileRejected(
        "Two faults.", [(3, "points", "'-1' is negative"), (0, "", "empty")]
    )
    assert [str(fault) for fault in error.faults] == [
        "line 3, points: '-1' is negative",
        "file: empty",
    ]
    assert error.to_dict()["details"]["faults"][0]["line"] == 3


def test_contract_errors_are_built_from_their_fields():
    assert errors.Panic(1) == errors.Panic(1) != errors.Panic(2)
    assert hash(errors.Panic(1)) == hash(errors.Panic(1))
    with pytest.raises(TypeError, match="takes 1 values"):
        errors.Panic()


@pytest.mark.parametrize(
    ("field", "attribute"),
    [("program", "program"), ("batchId", "batch_id"), ("args", "args_"), ("code", "code_")],
)
def test_attribute_name_avoids_taken_names(field, attribute):
    assert errors.attribute_name(field) == attribute


# EIP-55's own examples.
EIP55 = [
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
]


@pytest.mark.parametrize("address", EIP55)
def test_addresses_are_read_in_any_case(address):
    assert checksum(address.lower()) == address
    assert parse_address("0x" + address[2:].upper()) == address
    assert parse_address(f" {address} ") == address


@pytest.mark.parametrize("address", EIP55)
def test_parse_address_refuses_a_wrong_checksum(address):
    with pytest.raises(ValueError, match="wrong checksum"):
        parse_address("0x" + address[2:].swapcase())


@pytest.mark.parametrize("text", ["", "0x", "0x12", "zz" * 21, "0x" + "g" * 40, "0x" + "1" * 41])
def test_parse_address_refuses_what_is_no_address(text):
    with pytest.raises(ValueError, match="not an address"):
        parse_address(text)


@pytest.mark.parametrize("nonce", [0, 1, 127, 128, 255, 256, 2**32])
def test_contract_address_agrees_with_rlp(nonce):
    import rlp
    from eth_utils import keccak, to_checksum_address

    sender = EIP55[0]
    body = rlp.encode([bytes.fromhex(sender[2:]), nonce])
    assert contract_address(sender, nonce) == to_checksum_address(keccak(body)[12:])
