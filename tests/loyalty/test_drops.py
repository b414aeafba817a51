"""The trees of drops: OpenZeppelin's standard layout, and what each customer needs."""

import json
import tracemalloc

import pytest
from eth_abi import encode
from eth_utils import keccak
from hypothesis import given
from hypothesis import strategies as st

from crmdapp.chain.addresses import checksum
from crmdapp.chain.merkle import MerkleTree
from crmdapp.errors import FileChanged, FileRejected, UsageError
from crmdapp.loyalty.award_file import validate
from crmdapp.loyalty.drops import DropClaim, DropTree, find_claims, leaf_of
from crmdapp.loyalty.errors import DropProofInvalid, PointsOverflow
from crmdapp.loyalty.points import POINTS_MAX, to_points

HUB = checksum("0x" + "11" * 20)
PLACE = {"drop": 1, "chain_id": 31337, "hub": HUB}


def account(number):
    """The address of a customer."""
    return checksum(f"0x{0xC0FFEE0000 + number:040x}")


def openzeppelin_leaf(kinds, values):
    return keccak(keccak(encode(kinds, values)))


@pytest.fixture
def write(tmp_path):
    """Writes a file of customers."""

    def write_(*rows, name="drop.csv"):
        path = tmp_path / name
        lines = [f"{to},{to_points(units)}" for to, units in rows]
        path.write_text("\n".join(["address,points", *lines, ""]))
        return path

    return write_


# ----------------------------------------------------------------- leaves


@given(st.integers(0, 2**64), st.binary(min_size=20, max_size=20), st.integers(1, POINTS_MAX))
def test_leaf_of_encodes_as_the_abi_does(index, raw, points):
    to = checksum("0x" + raw.hex())
    kinds = ["uint256", "address", "uint48"]
    assert leaf_of(index, to, points) == openzeppelin_leaf(kinds, [index, to, points])


# ----------------------------------------------------------------- from a file


def test_build_takes_the_lines_of_a_file_in_order(write):
    rows = [(account(n % 300), 100 + n) for n in range(1_000)]
    seen = []
    tree = DropTree.build(write(*rows), progress=lambda *done: seen.append(done))
    assert (len(tree), tree.units) == (1_000, sum(units for _, units in rows))
    assert seen == [(450, 1_000), (900, 1_000), (1_000, 1_000)]
    assert tree.root == MerkleTree([leaf_of(n, *row) for n, row in enumerate(rows)]).root
    claims = list(tree.claims(**PLACE))
    assert [(claim.index, claim.to, claim.points) for claim in claims] == [
        (n, *row) for n, row in enumerate(rows)
    ]
    for claim in claims:
        claim.require_in(tree.root)


def test_build_takes_a_plan_that_was_checked_before(write):
    path = write((account(1), 500), (account(2), 7))
    assert DropTree.build(validate(path)).root == DropTree.build(path).root


def test_build_refuses_a_file_with_faults(tmp_path):
    path = tmp_path / "drop.csv"
    path.write_text(f"address,points\n{account(1)},1\nnobody,5\n{account(2)},0\n")
    with pytest.raises(FileRejected) as refusal:
        DropTree.build(path)
    assert [(fault.line, fault.field) for fault in refusal.value.faults] == [
        (3, "address"),
        (4, "points"),
    ]


def test_build_refuses_a_file_that_changed_since_it_was_checked(write):
    plan = validate(write((account(1), 500)))
    write((account(2), 500))
    with pytest.raises(FileChanged, match="changed since it was checked"):
        DropTree.build(plan)


@pytest.fixture
def crowd(tmp_path):
    """Writes a file of many customers."""

    def write_(count):
        path = tmp_path / "crowd.csv"
        with path.open("w") as file:
            file.write("address,points\n")
            file.writelines(f"0x{n + 1:040x},1\n" for n in range(count))
        return path

    return write_


def test_build_takes_100_000_customers(crowd):
    steps = []
    tree = DropTree.build(crowd(100_000), progress=lambda done, total: steps.append(done))
    assert (len(tree), steps[-1], len(steps)) == (100_000, 100_000, 223)
    claim = tree.claim(77_777, **PLACE)
    assert len(claim.proof) in (16, 17)
    claim.require_in(tree.root)


def test_build_takes_little_memory_per_customer(crowd):
    path = crowd(10_000)
    tracemalloc.start()
    DropTree.build(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak / 10_000 < 400


# ----------------------------------------------------------------- claims


@pytest.fixture
def tree(write):
    return DropTree.build(write(*((account(n), 100 + n) for n in range(5)), (account(1), 7)))


@pytest.mark.parametrize(
    "change",
    [{"index": 2}, {"to": account(2)}, {"points": 102}, {"proof": []}],
    ids=["index", "to", "points", "proof"],
)
def test_require_in_refuses_an_altered_claim(tree, change):
    claim = tree.claim(1, **PLACE)
    claim.require_in(tree.root)
    altered = DropClaim.from_json({**claim.to_json(), **change})
    with pytest.raises(DropProofInvalid) as refusal:
        altered.require_in(tree.root)
    assert refusal.value.values == (1, altered.index)


def test_claims_are_written_one_json_line_each(tree, tmp_path):
    path, seen = tmp_path / "claims.jsonl", []
    tree.write_claims(path, **PLACE, progress=lambda *done: seen.append(done))
    lines = path.read_text().splitlines()
    assert [DropClaim.from_json(line) for line in lines] == list(tree.claims(**PLACE))
    assert set(json.loads(lines[0])) == {
        "chainId", "hub", "drop", "index", "to", "points", "proof",
    }  # fmt: skip
    assert seen == [(6, 6)]
    assert [item.name for item in tmp_path.iterdir() if item.name.startswith(".")] == []


def test_write_claims_leaves_a_file_alone_that_is_there(tree, tmp_path):
    path = tmp_path / "claims.jsonl"
    path.write_text("mine")
    with pytest.raises(UsageError, match="already"):
        tree.write_claims(path, **PLACE)
    assert path.read_text() == "mine"


def test_write_claims_names_a_missing_folder(tree, tmp_path):
    with pytest.raises(UsageError, match="no folder"):
        tree.write_claims(tmp_path / "nowhere" / "claims.jsonl", **PLACE)


def test_find_claims_yields_those_of_one_customer(tree, tmp_path):
    path = tmp_path / "claims.jsonl"
    tree.write_claims(path, **PLACE)
    assert [claim.index for claim in find_claims(path, account(1).lower())] == [1, 5]
    assert len(list(find_claims(path))) == 6
    assert list(find_claims(path, account(99))) == []


def test_find_claims_names_the_line_that_is_malformed(tree, tmp_path):
    path = tmp_path / "claims.jsonl"
    tree.write_claims(path, **PLACE)
    path.write_text(path.read_text() + "\n{}\n")
    with pytest.raises(UsageError, match=r"Line 8 of .*: The drop claim's proof is missing"):
        list(find_claims(path))


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("drop", -1, "drop must be"),
        ("index", "x", "index must be"),
        ("to", "nobody", "to: "),
        ("hub", None, "hub is missing"),
        ("points", 0, "more than 0"),
        ("proof", "0x", "proof is not usable"),
        ("proof", ["0x12"], r"proof\[0\] must be 64 hex digits"),
        ("proof", ["0x" + "00" * 32] * 65, "at most 64"),
    ],
)
def test_from_json_names_the_field_that_is_malformed(tree, field, value, words):
    with pytest.raises(UsageError, match=words):
        DropClaim.from_json({**tree.claim(0, **PLACE).to_json(), field: value})


def test_from_json_refuses_too_many_points(tree):
    with pytest.raises(PointsOverflow):
        DropClaim.from_json({**tree.claim(0, **PLACE).to_json(), "points": 2**47})
