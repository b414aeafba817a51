"""Nonces: never twice, whatever fails: the random source, or the secret."""

import hashlib

import pytest

from crmdapp.ballots.group import ORDER
from crmdapp.ballots.nonces import DerivedNonces, Nonces

SECRET = hashlib.sha256(b"a voter's key").digest()


def stuck(length):
    """A random source that always gives the same."""
    return bytes(length)


def test_no_nonce_comes_twice():
    nonces = Nonces(SECRET)
    drawn = [nonces.draw("w", b"statement") for _ in range(200)]
    assert len(set(drawn)) == 200
    assert all(0 < each < ORDER for each in drawn)


def test_a_stuck_source_still_gives_each_statement_its_own():
    drawn = {Nonces(SECRET, entropy=stuck).draw("w", bytes([number])) for number in range(50)}
    assert len(drawn) == 50


def test_a_stuck_source_still_gives_each_purpose_its_own():
    drawn = {Nonces(SECRET, entropy=stuck).draw(name, b"") for name in ("w", "r", "rho")}
    assert len(drawn) == 3


def test_a_purpose_cannot_pass_into_a_statement():
    one = Nonces(SECRET, entropy=stuck).draw("ab", b"c")
    other = Nonces(SECRET, entropy=stuck).draw("a", b"bc")
    assert one != other


def test_a_stuck_source_gives_nothing_to_who_lacks_the_secret():
    other = hashlib.sha256(b"another key").digest()
    one = Nonces(SECRET, entropy=stuck).draw("w", b"")
    assert one != Nonces(other, entropy=stuck).draw("w", b"")


def test_a_known_secret_gives_nothing_without_the_fresh_bytes():
    assert Nonces(SECRET).draw("w", b"") != Nonces(SECRET).draw("w", b"")


def test_fresh_nonces_have_a_secret_of_their_own():
    assert Nonces.fresh().draw("w", b"") != Nonces.fresh().draw("w", b"")


def test_a_short_secret_is_refused():
    with pytest.raises(ValueError, match="at least 32 bytes"):
        Nonces(bytes(31))


def test_nonces_are_not_shown():
    assert repr(Nonces(SECRET)) == "Nonces(...)"


def test_derived_nonces_come_again():
    first, again = DerivedNonces(SECRET, b"deal 1"), DerivedNonces(SECRET, b"deal 1")
    assert [first.draw("w", b"x"), first.draw("w", b"x")] == [again.draw("w", b"x")] * 2
    assert 0 < first.draw("w", b"x") < ORDER


def test_derived_nonces_differ_by_secret_scope_name_and_statement():
    other = hashlib.sha256(b"another key").digest()
    drawn = {
        DerivedNonces(SECRET, b"deal 1").draw("w", b"x"),
        DerivedNonces(other, b"deal 1").draw("w", b"x"),
        DerivedNonces(SECRET, b"deal 2").draw("w", b"x"),
        DerivedNonces(SECRET, b"deal 1").draw("r", b"x"),
        DerivedNonces(SECRET, b"deal 1").draw("w", b"y"),
        DerivedNonces(SECRET, b"deal 1").draw("wx", b""),
    }
    assert len(drawn) == 6


def test_derived_nonces_are_not_the_hedged_ones_of_a_stuck_source():
    assert DerivedNonces(SECRET, b"").draw("w", b"") != Nonces(SECRET, entropy=stuck).draw("w", b"")


def test_derived_nonces_want_a_secret_and_are_not_shown():
    with pytest.raises(ValueError, match="at least 32 bytes"):
        DerivedNonces(bytes(31), b"")
    assert repr(DerivedNonces(SECRET, b"")) == "Nonces(...)"
