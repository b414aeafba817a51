"""Status lists: bits, their published form, and the issuer's book."""

import gzip
import stat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmdapp.customers.credentials import status_book
from crmdapp.customers.credentials.dids import Did
from crmdapp.customers.credentials.keys import AccountPublicKey
from crmdapp.customers.credentials.refusals import (
    CredentialExpired,
    CredentialInvalid,
    CredentialMalformed,
    CredentialNotYetValid,
    CredentialRevoked,
    CredentialSignatureInvalid,
)
from crmdapp.customers.credentials.status_book import StatusBook
from crmdapp.customers.credentials.status_list import (
    LENGTH_MAX,
    LENGTH_MIN,
    StatusBits,
    StatusEntry,
    publish,
    read_list,
    require_not_void,
)
from crmdapp.errors import JournalProblem, UsageError
from tests.customers.credentials.workshop import (
    ISSUER,
    ISSUER_KEY,
    NOW,
    STRANGER,
    STRANGER_KEY,
    b64,
    token,
    unb64,
)

URL = "https://issuer.example/status/1"
DID = str(Did.pkh(ISSUER.address, 31337))
KEYS = [AccountPublicKey(ISSUER.address)]
WEEK = 7 * 86_400

# A list of the least length with positions 0, 9 and 131071 set, packed by another program
# (Python's zlib by hand): what counts is what it unpacks to.
EXAMPLE = bytes([0x80, 0x40]) + bytes(LENGTH_MIN // 8 - 3) + bytes([0x01])


def published(bits=None, key=ISSUER_KEY, **changes):
    settings_ = {"issuer": DID, "url": URL, "now": NOW, "until": NOW + WEEK, **changes}
    return publish(key, bits or StatusBits(), **settings_)


def read(text, **changes):
    return read_list(text, KEYS, **{"issuer": DID, "url": URL, "now": NOW, **changes})


# ----------------------------------------------------------------- bits


@settings(max_examples=30)
@given(st.sets(st.integers(0, LENGTH_MIN - 1), max_size=20))
def test_decode_reads_what_was_encoded(voided):
    bits = StatusBits.decode(StatusBits(voided=voided).encode())
    assert len(bits) == LENGTH_MIN
    assert {position for position in voided if bits[position]} == voided
    assert sum(bits[position] for position in range(0, LENGTH_MIN, 64)) == sum(
        position % 64 == 0 for position in voided
    )


def test_position_0_is_the_highest_bit_of_the_first_byte():
    bits = StatusBits.decode("u" + b64(gzip.compress(EXAMPLE)))
    assert [position for position in range(LENGTH_MIN) if bits[position]] == [0, 9, LENGTH_MIN - 1]
    assert gzip.decompress(unb64(StatusBits(voided=[0, 9, LENGTH_MIN - 1]).encode()[1:])) == EXAMPLE


def test_equal_bits_have_one_text():
    assert StatusBits(voided=[5]).encode() == StatusBits(voided=[5, 5]).encode()


@pytest.mark.parametrize("length", [0, 8, LENGTH_MIN - 8, LENGTH_MIN + 1, LENGTH_MAX + 8])
def test_a_list_has_a_length_that_hides_its_credentials(length):
    with pytest.raises(UsageError):
        StatusBits(length)


@pytest.mark.parametrize("position", [-1, LENGTH_MIN])
def test_positions_are_in_the_list(position):
    with pytest.raises(UsageError):
        StatusBits(voided=[position])
    with pytest.raises(CredentialMalformed):
        StatusBits()[position]


def packed(data):
    return "u" + b64(gzip.compress(data))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "multibase"),
        (StatusBits().encode()[1:], "multibase"),
        ("z" + StatusBits().encode()[1:], "multibase"),
        ("u" + "+" * 8, "base64url"),
        ("uAAAA", "gzip"),
        (packed(bytes(LENGTH_MIN // 8 - 1)), "fewer than"),
        (packed(b""), "fewer than"),
        (packed(bytes(LENGTH_MAX // 8 + 1)), "too long"),
        (StatusBits().encode()[:-12], "cut off"),
        ("u" + b64(gzip.compress(bytes(LENGTH_MIN // 8)) + b"more"), "followed by more"),
        ("u" + b64(gzip.compress(bytes(LENGTH_MIN // 8)) * 2), "followed by more"),
    ],
    ids=range(11),
)
def test_decode_refuses_what_is_no_list(text, reason):
    with pytest.raises(CredentialMalformed, match=reason):
        StatusBits.decode(text)


def test_decode_unpacks_no_more_than_a_list_can_hold():
    """A bomb: 256 MiB in 256 kB; unpacking stops at 8 MiB."""
    import tracemalloc

    bomb = packed(bytes(1 << 28))
    tracemalloc.start()
    with pytest.raises(CredentialMalformed, match="too long"):
        StatusBits.decode(bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 26


# ----------------------------------------------------------------- entries


def test_an_entry_is_read_as_it_was_written():
    entry = StatusEntry(URL, 94_567)
    assert StatusEntry.from_json(entry.to_json()) == entry
    assert entry.to_json() == {
        "type": "BitstringStatusListEntry",
        "statusPurpose": "revocation",
        "statusListIndex": "94567",
        "statusListCredential": URL,
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "StatusList2021Entry"},
        {"statusPurpose": "suspension"},
        {"statusSize": 2},
        {"statusListIndex": 5},
        {"statusListIndex": "-5"},
        {"statusListIndex": "05"},
        {"statusListIndex": "\u0665"},
        {"statusListIndex": "9" * 10},
        {"statusListIndex": ""},
        {"statusListCredential": None},
    ],
    ids=str,
)
def test_from_json_refuses_other_entries(changes):
    with pytest.raises(CredentialMalformed):
        StatusEntry.from_json({**StatusEntry(URL, 5).to_json(), **changes})


@pytest.mark.parametrize("data", [None, [], "x", {}])
def test_from_json_refuses_what_is_no_entry(data):
    with pytest.raises(CredentialMalformed):
        StatusEntry.from_json(data)


def test_require_not_void_looks_at_one_bit():
    bits = StatusBits(voided=[5])
    require_not_void(bits, StatusEntry(URL, 4))
    with pytest.raises(CredentialRevoked):
        require_not_void(bits, StatusEntry(URL, 5))


# ----------------------------------------------------------------- publishing


def test_read_list_returns_what_was_published():
    bits = read(published(StatusBits(voided=[7])) + "\n")
    assert bits[7]
    assert not bits[8]


OTHERS = {
    "another issuer": ({"issuer": str(Did.pkh(STRANGER.address, 31337))}, CredentialInvalid),
    "another address": ({"url": "https://issuer.example/status/2"}, CredentialInvalid),
    "too late": ({"now": NOW + WEEK}, CredentialExpired),
    "too early": ({"now": NOW - 61}, CredentialNotYetValid),
}


@pytest.mark.parametrize(("changes", "problem"), OTHERS.values(), ids=OTHERS)
def test_read_list_refuses_a_list_of_another_issuer_address_or_time(changes, problem):
    with pytest.raises(problem):
        read(published(), **changes)


def test_read_list_refuses_a_list_that_somebody_else_signed():
    with pytest.raises(CredentialSignatureInvalid):
        read(published(key=STRANGER_KEY))


def test_read_list_takes_any_of_the_issuers_keys():
    keys = [AccountPublicKey(STRANGER.address), *KEYS]
    assert len(read_list(published(), keys, issuer=DID, url=URL, now=NOW)) == LENGTH_MIN


def edited(path, value):
    import json

    payload = json.loads(unb64(published().split(".")[1]))
    place = payload
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    return token(payload, header={"alg": "ES256K", "typ": "vc+jwt"})


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("type",), ["VerifiableCredential"]),
        (("type",), "BitstringStatusListCredential"),
        (("credentialSubject",), None),
        (("credentialSubject", "type"), "StatusList2021"),
        (("credentialSubject", "statusPurpose"), "suspension"),
        (("credentialSubject", "encodedList"), 5),
        (("validFrom",), "yesterday"),
        (("validUntil",), "2030-01-01T00:00:00+01:00"),
        (("validUntil",), None),
    ],
    ids=str,
)
def test_read_list_refuses_other_credentials(path, value):
    with pytest.raises(CredentialMalformed):
        read(edited(path, value))


def test_read_list_refuses_another_kind_of_token():
    with pytest.raises(CredentialMalformed, match="typ is not"):
        read(token({}, header={"alg": "ES256K", "typ": "dc+sd-jwt"}))


def test_publish_refuses_a_list_that_ends_before_it_begins():
    with pytest.raises(UsageError):
        published(until=NOW)


# ----------------------------------------------------------------- the book


@pytest.fixture
def book(tmp_path):
    with StatusBook(tmp_path / "status" / "book.sqlite3") as book:
        yield book


def uid(number):
    return number.to_bytes(32, "big")


def entries(book, url=URL):
    return [(item.position, item.uid, item.topic) for item in book.entries(url)]


def test_a_position_is_reserved_and_then_stands_for_an_attestation(book):
    position = book.reserve(URL)
    assert entries(book) == [(position, None, None)]
    for _ in range(2):  # a second time changes nothing
        book.record(URL, position, uid(1), 3)
        assert entries(book) == [(position, uid(1), 3)]
    assert entries(book, URL + "2") == []
    assert book.length(URL) == LENGTH_MIN


def test_reserve_draws_positions_that_say_nothing(book):
    positions = [book.reserve(URL) for _ in range(200)]
    assert len(set(positions)) == 200
    assert positions != sorted(positions)
    # Of 200 drawn from 131,072, some lie in each eighth of the list, but for one case in 10^10.
    assert {position * 8 // LENGTH_MIN for position in positions} == set(range(8))


def test_reserve_refuses_a_full_list(book, monkeypatch):
    monkeypatch.setattr(status_book, "FULL_AT", 2 / LENGTH_MIN)
    for _ in range(2):
        book.reserve(URL)
    with pytest.raises(UsageError, match="full"):
        book.reserve(URL)
    assert book.reserve(URL + "2") in range(LENGTH_MIN)


def test_reserve_refuses_a_list_that_is_too_short(book):
    with pytest.raises(UsageError):
        book.reserve(URL, length=8)


def test_record_refuses_what_was_not_reserved_for_it(book):
    first, second = book.reserve(URL), book.reserve(URL)
    book.record(URL, first, uid(1), 3)
    free = next(number for number in range(3) if number not in (first, second))
    for position, name in [(first, uid(2)), (second, uid(1)), (free, uid(3))]:
        with pytest.raises(UsageError, match="not free"):
            book.record(URL, position, name, 3)
    assert sorted(entries(book)) == sorted([(first, uid(1), 3), (second, None, None)])


@pytest.mark.parametrize(("name", "topic"), [(b"x", 1), (uid(1), 2**32)])
def test_record_refuses_what_is_malformed(book, name, topic):
    position = book.reserve(URL)
    with pytest.raises(UsageError):
        book.record(URL, position, name, topic)


def test_a_list_that_is_not_in_the_book_has_no_length(book):
    with pytest.raises(UsageError, match="no status list"):
        book.length(URL)


def test_the_book_is_its_owners_alone(book):
    book.reserve(URL)
    for path in book.path.parent.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name


def test_a_damaged_book_is_named(tmp_path):
    path = tmp_path / "book.sqlite3"
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(JournalProblem, match="status book"):
        StatusBook(path)
