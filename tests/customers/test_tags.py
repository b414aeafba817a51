"""Keyed tags: what they depend on, how their key is kept, and how a search passes erasures."""

import hashlib
import hmac
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdapp.customers.identifiers import Identifier
from crmdapp.customers.models import CustomerStatus, id_of
from crmdapp.customers.tags import (
    GENERATION_MAX,
    SEARCH_MAX,
    GenerationsExhausted,
    PepperCorrupt,
    PepperFile,
    PepperMissing,
    PepperTagger,
    TagSpace,
    encode,
    find,
)
from crmdapp.errors import PermissionDenied, UsageError
from tests.fixtures.privileges import unprivileged

PEPPER = bytes(range(32))
EMAIL = Identifier("email", "ann@example.org")
REGISTRY = "0x" + "11" * 20
SPACE = TagSpace(31337, REGISTRY, 7)

identifiers = st.builds(
    Identifier, st.sampled_from(["email", "phone", "tax"]), st.text(st.characters(codec="utf-8"))
)


@pytest.fixture
def tagger():
    return PepperTagger(PEPPER)


@pytest.fixture
def pepper_file(tmp_path):
    path = tmp_path / "pepper.json"
    PepperFile.create(path)
    return path


def test_tag_is_the_hmac_that_is_documented(tagger):
    message = b"\0\x0ecrmdapp tag v1\0\5email\0\x0fann@example.org\0\4\0\0\0\3"
    assert tagger.tag(EMAIL, 3) == hmac.new(PEPPER, message, hashlib.sha256).digest()


def test_tag_stays_what_it_is(tagger):
    # Tags are on chain: whatever changes this value makes a second profile of everybody.
    expected = "c0903e9d77c46bcb2a16df610fa87f44150cd96fc75be1abb5457d3aab9889a4"
    assert tagger.tag(EMAIL).hex() == expected


def test_tag_depends_on_everything_it_is_of(tagger):
    tags = [
        tagger.tag(EMAIL),
        tagger.tag(EMAIL, 1),
        tagger.tag(Identifier("phone", EMAIL.value)),
        tagger.tag(Identifier("email", "ann@example.com")),
        PepperTagger(bytes(32)).tag(EMAIL),
    ]
    assert len(set(tags)) == len(tags)
    assert {len(tag) for tag in tags} == {32}


@given(identifiers, identifiers, st.integers(0, 300), st.integers(0, 300))
def test_encode_gives_no_two_identifiers_the_same_bytes(one, other, first, second):
    same = encode(b"x", one, first) == encode(b"x", other, second)
    assert same == ((one, first) == (other, second))


def test_encode_separates_kind_and_value():
    assert encode(b"", Identifier("a", "bc"), 0) != encode(b"", Identifier("ab", "c"), 0)


def test_encode_separates_domains():
    assert encode(b"one use", EMAIL, 0) != encode(b"another", EMAIL, 0)


@pytest.mark.parametrize("generation", [-1, GENERATION_MAX + 1, True, 1.0])
def test_tag_refuses_a_generation_out_of_range(tagger, generation):
    with pytest.raises(UsageError, match="A generation must be a whole number"):
        tagger.tag(EMAIL, generation)


def test_repr_leaves_the_pepper_out(tagger):
    assert repr(tagger) == "PepperTagger()"
    assert PEPPER.hex() not in tagger.fingerprint


def test_fingerprint_tells_peppers_apart(tagger):
    assert len(tagger.fingerprint) == 16
    assert tagger.fingerprint != PepperTagger(bytes(32)).fingerprint


def test_pepper_has_32_bytes():
    with pytest.raises(UsageError, match="A pepper has 32 bytes"):
        PepperTagger(bytes(31))


# --------------------------------------------------------------------------- the file


def test_create_writes_a_fresh_pepper_for_its_owner_alone(tmp_path):
    one = PepperFile.create(tmp_path / "one.json")
    other = PepperFile.create(tmp_path / "other.json")
    assert one.pepper != other.pepper
    assert (tmp_path / "one.json").stat().st_mode & 0o777 == 0o600
    assert PepperFile.load(tmp_path / "one.json") == one


def test_create_never_overwrites(pepper_file):
    before = pepper_file.read_bytes()
    with pytest.raises(UsageError, match=r"There is a file .* already"):
        PepperFile.create(pepper_file)
    assert pepper_file.read_bytes() == before


def test_load_names_a_missing_pepper(tmp_path):
    with pytest.raises(PepperMissing, match="There is no pepper file") as caught:
        PepperFile.load(tmp_path / "pepper.json")
    assert "copy" in caught.value.hint


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o666], ids=oct)
def test_load_refuses_a_pepper_that_others_reach(pepper_file, mode):
    pepper_file.chmod(mode)
    with pytest.raises(PermissionDenied, match="Others than you can read") as caught:
        PepperFile.load(pepper_file)
    assert f"{mode:04o}" in caught.value.why
    assert "chmod 600" in caught.value.hint


def test_load_takes_a_pepper_that_even_its_owner_cannot_change(pepper_file):
    pepper_file.chmod(0o400)
    assert len(PepperFile.load(pepper_file).pepper) == 32


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"{}",
        b"[" * 100_000,
        json.dumps({"crmdapp": "pepper", "version": 1, "key": "ab" * 31}).encode(),
        json.dumps({"crmdapp": "pepper", "version": 1, "key": "xy" * 32}).encode(),
        json.dumps({"crmdapp": "pepper", "version": 1, "key": 7}).encode(),
        json.dumps({"crmdapp": "pepper", "version": 2, "key": "ab" * 32}).encode(),
        json.dumps({"crmdapp": "salt", "version": 1, "key": "ab" * 32}).encode(),
        json.dumps({"crmdapp": "pepper", "version": 1, "key": "ab" * 32}).encode() + b" " * 5000,
    ],
    ids=[
        *("empty", "no-text", "array", "null", "no-members", "deep", "short", "no-hex", "number"),
        *("newer", "other-kind", "long"),
    ],
)
def test_load_refuses_what_is_no_pepper(pepper_file, body):
    pepper_file.write_bytes(body)
    with pytest.raises(PepperCorrupt, match="is not a pepper file") as caught:
        PepperFile.load(pepper_file)
    assert "abab" not in json.dumps(caught.value.to_dict())
    assert caught.value.__context__ is None


def test_load_refuses_a_folder(tmp_path):
    tmp_path.chmod(0o700)
    with pytest.raises(PermissionDenied, match="cannot be read"):
        PepperFile.load(tmp_path)


def test_load_names_a_pepper_of_somebody_else(pepper_file):
    pepper_file.chmod(0o000)
    with unprivileged(), pytest.raises(PermissionDenied, match="cannot be read"):
        PepperFile.load(pepper_file)


# --------------------------------------------------------------------------- ids and generations


def test_id_is_the_registrys(tagger):
    tag = tagger.tag(EMAIL)
    assert SPACE.id_of(tag) == id_of(31337, REGISTRY, 7, tag)
    elsewhere = [TagSpace(1, REGISTRY, 7), TagSpace(31337, "0x" + "22" * 20, 7)]
    elsewhere.append(TagSpace(31337, REGISTRY, 8))
    assert len({space.id_of(tag) for space in [SPACE, *elsewhere]}) == 4


@pytest.mark.parametrize("erased", [0, 1, 5])
@pytest.mark.parametrize("status", [CustomerStatus.NONE, CustomerStatus.ACTIVE])
def test_find_goes_on_to_the_first_generation_that_is_not_erased(tagger, erased, status):
    statuses = {
        SPACE.id_of(tagger.tag(EMAIL, generation)): CustomerStatus.ERASED
        for generation in range(erased)
    }
    found = find(tagger, EMAIL, SPACE, lambda id_: statuses.get(id_, status))
    assert found.generation == erased
    assert found.tag == tagger.tag(EMAIL, erased)
    assert found.id == SPACE.id_of(found.tag)
    assert found.status is status
    assert found.is_known == (status is CustomerStatus.ACTIVE)


@pytest.mark.parametrize("status", [CustomerStatus.LINKED, CustomerStatus.MERGED])
def test_find_stops_at_whatever_lives(tagger, status):
    assert find(tagger, EMAIL, SPACE, lambda _: status).is_known


def test_find_ends_against_a_node_that_calls_everybody_erased(tagger):
    asked = []

    def status_of(id_):
        asked.append(id_)
        return CustomerStatus.ERASED

    with pytest.raises(GenerationsExhausted, match="1,000 profiles"):
        find(tagger, EMAIL, SPACE, status_of)
    assert len(set(asked)) == SEARCH_MAX
