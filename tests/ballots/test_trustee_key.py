"""A trustee's key file: the same key and deal from every copy, and nothing for anybody else."""

import copy
import json
import pickle

import pytest
from eth_account import Account

from crmdapp.ballots.ceremony import open_share, read_key
from crmdapp.ballots.deal import read_deal
from crmdapp.ballots.faults import DealRefused, TrusteeKeyForeign
from crmdapp.ballots.group import encode_point, multiply_base
from crmdapp.ballots.transcripts import ceremony_context
from crmdapp.ballots.trustee_key import TrusteeKey
from crmdapp.errors import (
    KeystoreCorrupt,
    KeystoreMissing,
    PermissionDenied,
    UsageError,
    WrongPassword,
)
from tests.ballots.voting import BOX

PASSWORD = "correct horse"
QUICK = 2  # scrypt's cost, for tests alone
CEREMONY = ceremony_context(chain_id=31337, board=BOX, election=7, round=0)
OTHER_ROUND = ceremony_context(chain_id=31337, board=BOX, election=7, round=1)
ACCOUNTS = tuple(f"0x{j:040x}" for j in (1, 2, 3))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "trustee.json"


@pytest.fixture
def key(path):
    return TrusteeKey.create(path, PASSWORD, cost=QUICK)


def keys_of(*trustees):
    return [each and multiply_base(each.secret(CEREMONY, j)) for j, each in enumerate(trustees, 1)]


@pytest.fixture
def keys(key):
    return keys_of(key, TrusteeKey(b"2" * 32), TrusteeKey(b"3" * 32))


def change(path, **members):
    path.write_text(json.dumps({**json.loads(path.read_text()), **members}))


# --------------------------------------------------------------------------- the file


def test_open_gives_the_key_that_was_made(path, key):
    assert TrusteeKey.open(path, PASSWORD).secret(CEREMONY, 1) == key.secret(CEREMONY, 1)


def test_the_file_is_its_owners_alone_and_no_account(path, key):
    body = json.loads(path.read_text())
    assert path.stat().st_mode & 0o777 == 0o600
    assert (body["crmdapp"], body["version"]) == ("trustee-key", 3)
    assert "address" not in body


def test_the_file_takes_scrypt_at_its_full_cost_by_default(path):
    TrusteeKey.create(path, PASSWORD)
    assert json.loads(path.read_text())["crypto"]["kdfparams"]["n"] == 1 << 17


def test_create_never_replaces_a_file(path, key):
    before = path.read_bytes()
    with pytest.raises(UsageError, match="There is a file"):
        TrusteeKey.create(path, PASSWORD, cost=QUICK)
    assert path.read_bytes() == before


def test_create_wants_a_password(path):
    with pytest.raises(UsageError, match="password"):
        TrusteeKey.create(path, "", cost=QUICK)
    assert not path.exists()


def test_open_refuses_a_wrong_password(path, key):
    with pytest.raises(WrongPassword) as problem:
        TrusteeKey.open(path, "wrong horse")
    assert "horse" not in f"{problem.value} {problem.value.why} {problem.value.hint}"


def test_open_says_that_a_file_is_lost(path):
    with pytest.raises(KeystoreMissing, match="no trustee's key file"):
        TrusteeKey.open(path, PASSWORD)


def test_open_refuses_a_file_that_was_cut_off(path, key):
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(KeystoreCorrupt) as problem:
        TrusteeKey.open(path, PASSWORD)
    assert "cut off" in problem.value.why


@pytest.mark.parametrize("crypto", [None, {}, [], {"cipher": "none"}])
def test_open_refuses_a_file_without_its_parameters(path, key, crypto):
    change(path, crypto=crypto)
    with pytest.raises(KeystoreCorrupt):
        TrusteeKey.open(path, PASSWORD)


def test_open_refuses_the_key_file_of_an_account(path):
    body = Account.encrypt(b"1" * 32, PASSWORD, kdf="pbkdf2", iterations=1)
    path.write_text(json.dumps(body))
    path.chmod(0o600)
    with pytest.raises(KeystoreCorrupt) as problem:
        TrusteeKey.open(path, PASSWORD)
    assert "account" in problem.value.why


def test_open_refuses_a_file_that_others_can_read(path, key):
    path.chmod(0o644)
    with pytest.raises(PermissionDenied, match="Others than you"):
        TrusteeKey.open(path, PASSWORD)


# --------------------------------------------------------------------------- what follows from it


def test_the_secret_differs_by_file_ceremony_and_index(key):
    drawn = {
        key.secret(CEREMONY, 1),
        key.secret(CEREMONY, 2),
        key.secret(OTHER_ROUND, 1),
        TrusteeKey(b"2" * 32).secret(CEREMONY, 1),
    }
    assert len(drawn) == 4


def test_key_message_is_valid_and_comes_again(path, key):
    message = key.key_message(CEREMONY, 1, ACCOUNTS[0])
    E = read_key(CEREMONY, 1, ACCOUNTS[0], message)
    assert encode_point(E) == encode_point(multiply_base(key.secret(CEREMONY, 1)))
    assert TrusteeKey.open(path, PASSWORD).key_message(CEREMONY, 1, ACCOUNTS[0]) == message


def test_require_own_tells_the_file_of_another(key):
    E = multiply_base(key.secret(CEREMONY, 1))
    key.require_own(CEREMONY, 1, E)
    for other, ceremony, j in (
        (TrusteeKey(b"2" * 32), CEREMONY, 1),
        (key, OTHER_ROUND, 1),
        (key, CEREMONY, 2),
    ):
        with pytest.raises(TrusteeKeyForeign):
            other.require_own(ceremony, j, E)


def test_deal_is_valid_and_comes_again(path, key, keys):
    data = key.deal(CEREMONY, 1, ACCOUNTS[0], 2, keys)
    assert TrusteeKey.open(path, PASSWORD).deal(CEREMONY, 1, ACCOUNTS[0], 2, keys) == data
    deal = read_deal(CEREMONY, 1, ACCOUNTS[0], 2, keys, data)
    assert open_share(deal, 1, key.secret(CEREMONY, 1))


def test_deals_of_different_arguments_share_no_point(key, keys):
    other = multiply_base(5)
    cases = [
        (CEREMONY, 1, ACCOUNTS[0], 2, keys),
        (OTHER_ROUND, 1, ACCOUNTS[0], 2, keys),
        (CEREMONY, 2, ACCOUNTS[0], 2, keys),
        (CEREMONY, 1, ACCOUNTS[1], 2, keys),
        (CEREMONY, 1, ACCOUNTS[0], 1, keys),
        (CEREMONY, 1, ACCOUNTS[0], 3, keys),
        (CEREMONY, 1, ACCOUNTS[0], 2, [*keys, None]),
        (CEREMONY, 1, ACCOUNTS[0], 2, [keys[0], other, keys[2]]),
        (CEREMONY, 1, ACCOUNTS[0], 2, [keys[0], keys[1], None]),
        (CEREMONY, 1, ACCOUNTS[0], 2, [keys[0], None, keys[1]]),
    ]
    points = set()
    for ceremony, i, dealer, threshold, all_keys in cases:
        data = key.deal(ceremony, i, dealer, threshold, all_keys)
        points.add(data[:96])
        points |= {data[352 + 96 * k : 448 + 96 * k] for k in range(threshold)}
    assert len(points) == sum(1 + threshold for _, _, _, threshold, _ in cases)


def test_deal_refuses_a_threshold_out_of_range(key, keys):
    with pytest.raises(DealRefused):
        key.deal(CEREMONY, 1, ACCOUNTS[0], 4, keys)


def test_complaints_and_shares_draw_fresh_nonces(key, keys):
    deal = read_deal(CEREMONY, 1, ACCOUNTS[0], 2, keys, key.deal(CEREMONY, 1, ACCOUNTS[0], 2, keys))
    assert key.complaint(deal, 1) != key.complaint(deal, 1)
    assert key.nonces().draw("w", b"") != key.nonces().draw("w", b"")


# --------------------------------------------------------------------------- nothing leaks


def test_the_key_is_neither_shown_nor_copied(key):
    assert repr(key) == str(key) == "TrusteeKey(...)"
    for copying in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            copying(key)


def test_a_seed_has_32_bytes():
    with pytest.raises(ValueError, match="32 bytes"):
        TrusteeKey(bytes(31))
