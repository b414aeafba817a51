"""Recovery shares: enough of them, and only those of one set, give the secret."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdapp.errors import UsageError, WrongPassword
from crmdapp.store.device import DeviceKeys
from crmdapp.store.errors import (
    SealedInvalid,
    ShareInvalid,
    SharesMixed,
    SharesTooFew,
    SharesWrong,
)
from crmdapp.store.recovery import (
    Share,
    combine,
    divide,
    multiply,
    open_share,
    seal_share,
    split,
)
from crmdapp.store.sealing import new_key, public_key

SECRET = bytes(range(32))


def carryless_product(a, b):
    """Multiplication as FIPS 197, section 4.2, has it, bit by bit."""
    product = 0
    for bit in range(8):
        if b >> bit & 1:
            product ^= a << bit
    for bit in range(15, 7, -1):
        if product >> bit & 1:
            product ^= 0x11B << (bit - 8)
    return product


def test_the_field_is_that_of_fips_197():
    assert multiply(0x57, 0x83) == 0xC1  # its own example
    assert multiply(0x57, 0x13) == 0xFE
    for a in range(256):
        for b in range(256):
            assert multiply(a, b) == carryless_product(a, b)
            if b:
                assert multiply(divide(a, b), b) == a


@pytest.mark.parametrize(("threshold", "count"), [(2, 2), (2, 3), (3, 5), (5, 6)])
def test_combine_gives_the_secret_from_any_enough_shares(threshold, count):
    shares = split(SECRET, threshold=threshold, count=count)
    for size in range(threshold, count + 1):
        for some in combinations(shares, size):
            assert combine(some) == SECRET


@given(
    secret=st.binary(min_size=1, max_size=64),
    numbers=st.tuples(st.integers(2, 8), st.integers(0, 8)),
    pick=st.randoms(),
)
def test_combine_undoes_split(secret, numbers, pick):
    threshold, more = numbers
    shares = split(secret, threshold=threshold, count=threshold + more)
    words = [item.to_text().upper() for item in pick.sample(shares, threshold)]
    assert combine(map(Share.parse, words)) == secret


def test_the_largest_set_works():
    shares = split(SECRET, threshold=255, count=255)
    assert combine(shares) == SECRET


def test_combine_refuses_too_few():
    shares = split(SECRET, threshold=3, count=5)
    for some in ([], shares[:1], shares[:2], [shares[0]] * 3):
        with pytest.raises(SharesTooFew) as refused:
            combine(some)
        assert refused.value.given == len({item.index for item in some})
        assert refused.value.needed == (3 if some else 2)


def test_fewer_shares_fit_every_secret():
    """Two of three points leave every byte possible: each gives a polynomial through them."""
    first, second, _ = split(b"\x42", threshold=3, count=3)
    possible = set()
    for guess in range(256):
        forged = Share(first.set_id, 3, 3, bytes([guess]) * len(first.data))
        points = [first, second, forged]
        weights = []
        for one in points:
            weight = 1
            for other in points:
                if other is not one:
                    weight = multiply(weight, divide(other.index, other.index ^ one.index))
            weights.append(multiply(weight, one.data[0]))
        possible.add(weights[0] ^ weights[1] ^ weights[2])
    assert possible == set(range(256))


def test_combine_refuses_shares_of_two_sets():
    one, other = (split(SECRET, threshold=2, count=3) for _ in range(2))
    with pytest.raises(SharesMixed):
        combine([one[0], other[1]])
    with pytest.raises(SharesMixed):
        combine([one[0], other[0]])
    assert combine(other[:2]) == SECRET


def test_combine_notices_a_forged_share():
    first, second, _ = split(SECRET, threshold=2, count=3)
    for at in range(len(second.data)):
        data = bytearray(second.data)
        data[at] ^= 0x40
        forged = Share(second.set_id, second.threshold, second.index, bytes(data))
        with pytest.raises(SharesWrong):
            combine([first, Share.parse(forged.to_text())])


def test_combine_notices_a_forged_share_among_enough():
    first, second, third = split(SECRET, threshold=2, count=3)
    forged = Share(third.set_id, 2, 3, bytes(len(third.data)))
    with pytest.raises(SharesWrong):
        combine([first, second, forged])


def test_parse_notices_every_mistyped_letter():
    word = split(SECRET, threshold=2, count=2)[0].to_text()
    begin = len("crmdapp-share-1-")
    for at in range(begin, len(word)):
        if word[at] == "-":
            continue
        other = "a" if word[at] != "a" else "b"
        with pytest.raises(ShareInvalid) as refused:
            Share.parse(word[:at] + other + word[at + 1 :])
        assert word[begin : begin + 16] not in str(refused.value.to_dict())
    assert Share.parse(f"  {word.upper()}\n").to_text() == word


@pytest.mark.parametrize(
    "word", ["", "share", "crmdapp-share-1-", "crmdapp-share-1-!!!!", "crmdapp-share-1-aaaaaaaa"]
)
def test_parse_refuses_what_is_no_share(word):
    with pytest.raises(ShareInvalid):
        Share.parse(word)


@pytest.mark.parametrize(("threshold", "count"), [(1, 3), (4, 3), (2, 256), (0, 0)])
def test_split_refuses_numbers_out_of_range(threshold, count):
    with pytest.raises(UsageError):
        split(SECRET, threshold=threshold, count=count)


@pytest.mark.parametrize("secret", [b"", bytes(65)])
def test_split_refuses_secrets_out_of_range(secret):
    with pytest.raises(UsageError):
        split(secret, threshold=2, count=2)


def test_repr_shows_no_points():
    share = split(SECRET, threshold=2, count=2)[0]
    assert share.data.hex() not in repr(share)
    assert repr(share.data) not in repr(share)


def test_a_sealed_share_opens_for_its_keeper_only():
    share, keeper = split(SECRET, threshold=2, count=2)[0], new_key()
    sealed = seal_share(share, public_key(keeper))
    assert open_share(sealed, keeper) == share
    with pytest.raises(SealedInvalid):
        open_share(sealed, new_key())


def test_shares_open_a_copy_of_the_key_file(device, tmp_path):
    shares = split(device.file_key, threshold=2, count=3)
    identity = device.subject(1, "0x" + "11" * 20)
    copy = tmp_path / "copy.keys"
    copy.write_bytes((tmp_path / "phone" / "customer.keys").read_bytes())
    copy.chmod(0o600)
    with DeviceKeys.restore(copy, combine(shares[1:]), "new password") as restored:
        assert restored.subject(1, "0x" + "11" * 20) == identity
    with DeviceKeys.open(copy, "new password") as restored:
        assert restored.subject(1, "0x" + "11" * 20) == identity
        # The shares made before do not open what is written from now on.
        assert restored.file_key != combine(shares[1:])
    with pytest.raises(WrongPassword):
        DeviceKeys.restore(copy, combine(shares[1:]), "another")
