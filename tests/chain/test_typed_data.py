"""EIP-712: equal to eth_account's encoder on any value, and fast."""

from dataclasses import dataclass, field
from typing import ClassVar

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from hypothesis import given, settings
from hypothesis import strategies as st

from crmdapp.chain import Domain, LocalSigner, TypedData, recover
from crmdapp.chain.accounts import CURVE_ORDER
from crmdapp.chain.addresses import checksum
from crmdapp.chain.typed_data import sign_many, verify
from crmdapp.errors import UsageError, VerificationFailed
from tests.fixtures.anvil import DEV_KEYS

KEY = DEV_KEYS[0]


@dataclass(frozen=True, slots=True)
class Line(TypedData):
    TYPE: ClassVar[str] = "Line(uint48 points,bytes4 tag)"
    points: int
    tag: bytes


@dataclass(frozen=True, slots=True)
class Order(TypedData):
    TYPE: ClassVar[str] = (
        "Order(address from,uint256 nonce,int32 delta,bool gift,bytes32 root,bytes note,"
        "string label,uint16[] codes,bytes8[2] pair,Line line,Line[] lines)"
        "Line(uint48 points,bytes4 tag)"
    )
    from_: str
    nonce: int
    delta: int
    gift: bool
    root: bytes
    note: bytes
    label: str
    codes: tuple[int, ...]
    pair: tuple[bytes, bytes]
    line: Line
    lines: tuple[Line, ...]


addresses = st.binary(min_size=20, max_size=20).map(lambda raw: checksum("0x" + raw.hex()))
lines = st.builds(Line, st.integers(0, 2**48 - 1), st.binary(min_size=4, max_size=4))
orders = st.builds(
    Order,
    from_=addresses,
    nonce=st.integers(0, 2**256 - 1),
    delta=st.integers(-(2**31), 2**31 - 1),
    gift=st.booleans(),
    root=st.binary(min_size=32, max_size=32),
    note=st.binary(max_size=100),
    label=st.text(max_size=50),
    codes=st.lists(st.integers(0, 2**16 - 1), max_size=5).map(tuple),
    pair=st.tuples(*[st.binary(min_size=8, max_size=8)] * 2),
    line=lines,
    lines=st.lists(lines, max_size=3).map(tuple),
)
domains = st.builds(
    Domain,
    name=st.text(max_size=20),
    version=st.text(max_size=5),
    chain_id=st.integers(1, 2**63),
    verifying_contract=addresses,
)
DOMAIN = Domain("PointsHub", "1", 31337, "0x" + "12" * 20)
LINE = Line(7, b"abcd")


@given(order=orders, domain=domains)
@settings(max_examples=60, deadline=None)
def test_sign_equals_eth_account(order, domain):
    message = encode_typed_data(full_message=order.to_json(domain))
    theirs = Account.sign_message(message, KEY)
    signer = LocalSigner(KEY)
    assert order.digest(domain) == bytes(theirs.message_hash)
    assert order.sign(signer, domain) == bytes(theirs.signature)
    assert recover(order.digest(domain), order.sign(signer, domain)) == signer.address


@given(first=orders, second=orders)
@settings(max_examples=30, deadline=None)
def test_different_orders_have_different_digests(first, second):
    assert (first.digest(DOMAIN) == second.digest(DOMAIN)) == (first == second)


@pytest.mark.parametrize(
    "other",
    [
        Domain("PointsHuB", "1", 31337, "0x" + "12" * 20),
        Domain("PointsHub", "2", 31337, "0x" + "12" * 20),
        Domain("PointsHub", "1", 31338, "0x" + "12" * 20),
        Domain("PointsHub", "1", 31337, "0x" + "13" * 20),
    ],
)
def test_digest_depends_on_every_part_of_the_domain(other):
    assert LINE.digest(DOMAIN) != LINE.digest(other)


@pytest.mark.parametrize(
    ("line", "field"),
    [
        (Line(-1, b"abcd"), "points"),
        (Line(2**48, b"abcd"), "points"),
        (Line(1.5, b"abcd"), "points"),
        (Line("7", b"abcd"), "points"),
        (Line(None, b"abcd"), "points"),
        (Line(7, b"abc"), "tag"),
        (Line(7, b"abcde"), "tag"),
        (Line(7, "abcd"), "tag"),
    ],
)
def test_digest_names_the_field_that_does_not_fit(line, field):
    with pytest.raises(UsageError, match=rf"Line\.{field} must be"):
        line.digest(DOMAIN)
    assert LINE.digest(DOMAIN)


@pytest.mark.parametrize("address", ["", "0x12", "12" * 20, "0x" + "12" * 21, "0x" + "zz" * 20])
def test_digest_refuses_if_the_domain_has_no_address(address):
    with pytest.raises(UsageError, match="not a signing domain"):
        LINE.digest(Domain("PointsHub", "1", 1, address))


def test_type_hash_refuses_if_the_fields_differ_from_the_type():
    @dataclass(frozen=True, slots=True)
    class Crooked(TypedData):
        TYPE: ClassVar[str] = "Crooked(uint256 a,uint256 b)"
        b: int
        a: int

    with pytest.raises(UsageError, match="fields differ from its TYPE"):
        Crooked.type_hash()
    assert Line.type_hash()


def test_recover_refuses_malformed_signatures():
    digest = LINE.digest(DOMAIN)
    good = LINE.sign(LocalSigner(KEY), DOMAIN)
    assert recover(digest, good) == LocalSigner(KEY).address
    s = int.from_bytes(good[32:64], "big")
    mirrored = good[:32] + (CURVE_ORDER - s).to_bytes(32, "big") + bytes([55 - good[64]])
    for bad, problem in [
        (good[:64], "65 bytes"),
        (good + b"\0", "65 bytes"),
        (good[:64] + b"\x00", "ends in 27 or 28"),
        (mirrored, "high s"),
        (bytes(64) + b"\x1b", "recovers to no address"),
        (b"\xff" * 32 + good[32:], "recovers to no address"),
    ]:
        with pytest.raises(VerificationFailed, match=problem):
            recover(digest, bad)
    with pytest.raises(VerificationFailed, match="32 bytes"):
        recover(digest[:31], good)


def test_verify_tells_who_signed():
    signer, other = LocalSigner(KEY), LocalSigner(DEV_KEYS[1])
    signature = LINE.sign(signer, DOMAIN)
    verify(LINE, DOMAIN, signature, signer.address.lower())
    with pytest.raises(VerificationFailed, match=f"by {signer.address}, not by {other.address}"):
        verify(LINE, DOMAIN, signature, other.address)
    with pytest.raises(VerificationFailed):
        verify(Line(8, b"abcd"), DOMAIN, signature, signer.address)


def test_values_of_nested_structs_are_tuples():
    order = Order(
        "0x" + "12" * 20, 1, -1, True, bytes(32), b"", "", (1,), (bytes(8),) * 2, LINE, (LINE, LINE)
    )
    assert LINE.values == (7, b"abcd")
    assert order.values[-2:] == ((7, b"abcd"), ((7, b"abcd"), (7, b"abcd")))
    assert order.values[7] == (1,)


def test_digest_does_not_quote_a_field_that_is_not_shown():
    @dataclass(frozen=True, slots=True)
    class Sealed(TypedData):
        TYPE: ClassVar[str] = "Sealed(bytes32 salt,uint8 kind)"
        salt: bytes = field(repr=False)
        kind: int

    with pytest.raises(UsageError) as caught:
        Sealed(b"secret", 1).digest(DOMAIN)
    assert str(caught.value) == "Sealed.salt must be bytes32."
    with pytest.raises(UsageError, match=r"Sealed\.kind must be uint8, got 256"):
        Sealed(bytes(32), 256).digest(DOMAIN)


def test_sign_many_equals_sign():
    signer = LocalSigner(KEY)
    items = [Line(number, b"abcd") for number in range(50)]
    assert sign_many(items, signer, DOMAIN) == [item.sign(signer, DOMAIN) for item in items]


def test_to_json_writes_numbers_that_javascript_rounds_as_strings():
    @dataclass(frozen=True, slots=True)
    class Numbers(TypedData):
        TYPE: ClassVar[str] = "Numbers(uint256 small,uint256 large)"

        small: int
        large: int

    domain = Domain("Test", "1", 1, "0x" + "11" * 20)
    message = Numbers(2**53 - 1, 2**53).to_json(domain)["message"]
    assert message == {"small": 2**53 - 1, "large": str(2**53)}
