"""Sealing: HPKE as RFC 9180 has it, bound to its place."""

from dataclasses import replace

import pytest
from cryptography.hazmat.bindings._rust import openssl
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from hypothesis import given
from hypothesis import strategies as st

from crmdapp.store.errors import GranteeKeyInvalid, SealedInvalid
from crmdapp.store.sealing import (
    OVERHEAD,
    PADDING,
    Place,
    context,
    key_id_of,
    new_key,
    open_,
    open_field,
    public_key,
    require_public_key,
    seal,
    seal_field,
)
from tests.store import rfc9180

# RFC 9180, A.1.1: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM, base mode.
INFO = bytes.fromhex("4f6465206f6e2061204772656369616e2055726e")
PRIVATE = bytes.fromhex("4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8")
PUBLIC = bytes.fromhex("3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d")
ENC = bytes.fromhex("37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431")
ONE_TIME = bytes.fromhex("52c4a758a802cd8b936eceea314432798d5baf2d7e9235dc084ab1b9cfa2f736")
SHARED = bytes.fromhex("fe0e18c9f024ce43799ae393c7e8fe8fce9d218875e8227b0187c04e7d2ea1fc")
KEY = bytes.fromhex("4531685d41d65f03dc48f6b8302c05b0")
NONCE = bytes.fromhex("56d890e5accaaf011cff4b7d")
PLAIN = b"Beauty is truth, truth beauty"
SEALED = bytes.fromhex(
    "f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a"
)
SECOND = bytes.fromhex(
    "af2d7e9ac9ae7e270f46ba1f975be53c09f8d875bdc8535458c2494e8a6eab251c03d0c22a56b8ca42c2063b84"
)

REGISTRY = "0x00000000000000000000000000000000C0115E17"
PLACE = Place(31337, REGISTRY, b"\xc1" * 32, "email", 30, 1, b"\x1d" * 32)


# --------------------------------------------------------------------------- RFC 9180


def test_the_rfcs_vector_opens_with_the_library():
    suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_128_GCM)
    key = X25519PrivateKey.from_private_bytes(PRIVATE)
    opened = openssl.hpke._decrypt_with_aad(suite, ENC + SEALED, key, INFO, b"Count-0")
    assert opened == PLAIN


def test_the_rfcs_vector_opens_by_the_letter():
    assert public_key(PRIVATE) == PUBLIC
    assert public_key(ONE_TIME) == ENC
    assert rfc9180.decap(ENC, PRIVATE) == SHARED
    assert rfc9180.schedule(SHARED, INFO, "AES-128-GCM") == (KEY, NONCE)
    assert rfc9180.open_base(ENC, PRIVATE, INFO, SEALED, b"Count-0", "AES-128-GCM") == PLAIN
    assert rfc9180.open_base(ENC, PRIVATE, INFO, SECOND, b"Count-1", "AES-128-GCM", 1) == PLAIN


@given(plaintext=st.binary(max_size=200), info=st.binary(max_size=200))
def test_seal_is_hpke_with_aes_256(plaintext, info):
    sealed = seal(PUBLIC, plaintext, info)
    assert rfc9180.open_base(sealed[:32], PRIVATE, info, sealed[32:]) == plaintext
    assert open_(PRIVATE, rfc9180.seal_base(PUBLIC, ONE_TIME, info, plaintext), info) == plaintext


# --------------------------------------------------------------------------- seal and open


@given(plaintext=st.binary(max_size=500), info=st.binary(max_size=100))
def test_open_gives_what_was_sealed(plaintext, info):
    sealed = seal(PUBLIC, plaintext, info)
    assert len(sealed) == len(plaintext) + OVERHEAD
    assert open_(PRIVATE, sealed, info) == plaintext


def test_seal_gives_another_ciphertext_each_time():
    assert seal(PUBLIC, b"same", b"") != seal(PUBLIC, b"same", b"")


def test_open_refuses_every_altered_byte():
    sealed = seal(PUBLIC, b"ann@example.org", b"here")
    for at in range(len(sealed)):
        altered = bytearray(sealed)
        altered[at] ^= 1
        with pytest.raises(SealedInvalid):
            open_(PRIVATE, bytes(altered), b"here")
    assert open_(PRIVATE, sealed, b"here") == b"ann@example.org"


@pytest.mark.parametrize(
    ("key", "sealed", "info"),
    [
        pytest.param(b"\x07" * 32, None, b"here", id="another-key"),
        pytest.param(PRIVATE, None, b"there", id="another-place"),
        pytest.param(PRIVATE, b"", b"here", id="nothing"),
        pytest.param(PRIVATE, bytes(47), b"here", id="shorter-than-an-overhead"),
        pytest.param(PRIVATE, bytes(80), b"here", id="a-one-time-key-of-small-order"),
        pytest.param(b"short", None, b"here", id="no-key"),
    ],
)
def test_open_says_the_same_whatever_is_wrong(key, sealed, info):
    good = seal(PUBLIC, b"ann@example.org", b"here")
    with pytest.raises(SealedInvalid) as refused:
        open_(key, good if sealed is None else sealed, info)
    assert refused.value.message == "The sealed data does not open."
    assert refused.value.__cause__ is None
    assert "ann" not in str(refused.value.to_dict())


# RFC 7748, section 6.1, and the list of small-order points it follows from.
SMALL = [
    bytes(32),
    (1).to_bytes(32, "little"),
    bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
    bytes.fromhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    bytes.fromhex("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    bytes.fromhex("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
]


@pytest.mark.parametrize(
    "key", [*SMALL, b"", b"\x09" * 31, b"\x09" * 33], ids=lambda key: key.hex()
)
def test_a_key_that_everybody_or_nobody_has_is_refused(key):
    with pytest.raises(GranteeKeyInvalid):
        require_public_key(key)
    with pytest.raises(GranteeKeyInvalid):
        seal(key, b"x", b"")


def test_an_honest_key_is_taken():
    assert require_public_key(PUBLIC) == PUBLIC
    assert public_key(new_key()) != public_key(new_key())


# --------------------------------------------------------------------------- contexts

PARTS = st.lists(
    st.one_of(st.binary(max_size=6), st.text(max_size=4), st.integers(0, 2**256 - 1)), max_size=4
)


def plain(part):
    if isinstance(part, int):
        return part.to_bytes(32, "big")
    return part.encode() if isinstance(part, str) else part


@given(label=st.text(max_size=6), parts=PARTS, other_label=st.text(max_size=6), others=PARTS)
def test_context_differs_whenever_its_parts_do(label, parts, other_label, others):
    same = (label, list(map(plain, parts))) == (other_label, list(map(plain, others)))
    assert (context(label, *parts) == context(other_label, *others)) is same


def test_context_shifts_nothing_between_parts():
    assert context("a", b"bc", b"d") != context("a", b"b", b"cd")
    assert context("a", b"b") != context("ab")


def test_key_id_names_profile_category_epoch_and_key():
    whole = key_id_of(b"\xc1" * 32, 1, 2, PUBLIC)
    assert len(whole) == 32
    others = [
        key_id_of(b"\xc2" * 32, 1, 2, PUBLIC),
        key_id_of(b"\xc1" * 32, 2, 2, PUBLIC),
        key_id_of(b"\xc1" * 32, 1, 3, PUBLIC),
        key_id_of(b"\xc1" * 32, 1, 2, ENC),
    ]
    assert len({whole, *others}) == 5


@pytest.mark.parametrize(
    "change",
    [
        {"chain_id": 1},
        {"registry": "0x00000000000000000000000000000000C0115E18"},
        {"profile": b"\xc2" * 32},
        {"field": "phone"},
        {"category": 31},
        {"version": 2},
        {"key_id": b"\x1e" * 32},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_field_opens_only_in_its_place(change):
    sealed = seal_field(PUBLIC, b"ann@example.org", PLACE)
    assert open_field(PRIVATE, sealed, PLACE) == b"ann@example.org"
    with pytest.raises(SealedInvalid):
        open_field(PRIVATE, sealed, replace(PLACE, **change))


@given(value=st.binary(max_size=100))
def test_the_size_of_a_field_tells_little(value):
    sealed = seal_field(PUBLIC, value, PLACE)
    assert (len(sealed) - OVERHEAD) % PADDING == 0
    assert len(sealed) - OVERHEAD - len(value) in range(1, PADDING + 1)
    assert open_field(PRIVATE, sealed, PLACE) == value


@pytest.mark.parametrize("padded", [b"", bytes(32), b"ab\x80" + bytes(32), b"ab\x80\0\1"])
def test_a_field_with_wrong_padding_does_not_open(padded):
    with pytest.raises(SealedInvalid):
        open_field(PRIVATE, seal(PUBLIC, padded, PLACE.info()), PLACE)
