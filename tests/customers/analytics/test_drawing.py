"""Drawing a control group: by chance, repeatable, and never of so few that they are known."""

from fractions import Fraction

import pytest

from crmdapp.customers.analytics.drawing import draw, new_word
from crmdapp.customers.analytics.errors import GroupTooSmall
from crmdapp.errors import UsageError

PEOPLE = [f"0x{number:040x}" for number in range(1, 201)]
WORD = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
FIFTH = Fraction(1, 5)


def test_draw_puts_everybody_into_one_group():
    found = draw(PEOPLE, FIFTH, WORD)
    assert (len(found.offered), len(found.control)) == (160, 40)
    assert sorted(found.offered + found.control) == PEOPLE


def test_draw_repeats_with_its_word_alone():
    found = draw(PEOPLE, FIFTH, WORD)
    assert draw(reversed(PEOPLE), FIFTH, WORD) == found
    assert draw(PEOPLE, FIFTH, new_word()).control != found.control


def test_draw_is_the_same_by_another_road():
    import hashlib
    import hmac

    tickets = {
        each: hmac.new(bytes.fromhex(WORD), bytes.fromhex(each[2:]), hashlib.sha256).hexdigest()
        for each in PEOPLE
    }
    assert set(draw(PEOPLE, FIFTH, WORD).control) == set(sorted(PEOPLE, key=tickets.get)[:40])


def test_draw_is_fair_to_each():
    drawn = dict.fromkeys(PEOPLE, 0)
    for number in range(300):
        for account in draw(PEOPLE, FIFTH, f"{number:032x}").control:
            drawn[account] += 1
    # 300 drawings at 1 in 5: 60 each, with a standard deviation of 6.9.
    assert 60 - 6 * 6.9 < min(drawn.values()) <= max(drawn.values()) < 60 + 6 * 6.9


@pytest.mark.parametrize("share", [Fraction(0), Fraction(1), Fraction(-1, 5), Fraction(2)])
def test_draw_refuses_a_share_that_is_none(share):
    with pytest.raises(UsageError, match="between 0 and 1"):
        draw(PEOPLE, share, WORD)


@pytest.mark.parametrize("word", ["", "xyz", WORD.upper(), WORD + "00"])
def test_draw_refuses_a_word_that_is_none(word):
    with pytest.raises(UsageError, match="32 hex digits"):
        draw(PEOPLE, FIFTH, word)


@pytest.mark.parametrize(("people", "share"), [(40, Fraction(1, 5)), (40, Fraction(4, 5))])
def test_draw_refuses_small_groups(people, share):
    with pytest.raises(GroupTooSmall):
        draw(PEOPLE[:people], share, WORD)
