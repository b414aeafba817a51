"""Whatever is changed in a record is found, by the name of the link that it breaks.

Transactions are signed anew after each change, the record has a digest of its own: what finds a
change is what it says, not that it was made.
"""

from dataclasses import fields, replace

import pytest

from crmdapp.ballots.audit import audit_election
from crmdapp.ballots.group import ORDER
from tests.ballots.records import (
    CLOSES,
    CONTRACTS,
    ELECTION,
    OPENS,
    SHARES_UNTIL,
    START,
    STEP,
    address_of,
    story,
)
from tests.ballots.voting import flipped, put

HONEST = story()
WHATS = [draft.what for draft in HONEST.drafts]

IDLE = "commitment 0.1"
"""Alone in a round that fails with it and without it: the same result is proved as well."""


def found(drafted, **changes):
    """The first broken link of a changed record; empty if there is none."""
    report = audit_election(drafted.signed(**changes), workers=1)
    return "" if report.broken is None else report.broken.link


def altered(value):
    """Yield a value changed in each way that its kind knows."""
    if isinstance(value, int):
        yield from {value + 1, abs(value - 1)} - {value}
    elif isinstance(value, str):
        yield address_of("nobody")
    elif isinstance(value, bytes):
        yield from altered_bytes(value)
    else:
        for at, part in enumerate(value):
            for other in altered(part):
                yield (*value[:at], other, *value[at + 1 :])
        if is_array(value):
            yield value[:-1]


def altered_bytes(value):
    """Yield bytes with one changed of each part: points have 96 bytes, scalars and hashes 32."""
    step = 96 if len(value) > 300 else 32
    for at in (0, *range(step - 1, len(value), step)):
        yield flipped(value, at)
    if len(value) not in (28, 32):
        yield value[:-1]
        yield value + b"\0"


def is_array(value):
    """Whether there may be any number of them; windows and questions are structs of numbers."""
    return len({type(part) for part in value}) == 1 and len(value) not in (5, 8)


def event_mutants():
    """Each field of each event, changed in each way."""
    for draft in HONEST.drafts:
        for number, event in enumerate(draft.events):
            for each in fields(event):
                for n, other in enumerate(altered(getattr(event, each.name))):
                    yield draft.what, number, each.name, n, other


MUTANTS = list(event_mutants())


@pytest.mark.parametrize("what", WHATS)
def test_audit_finds_every_changed_field_of_an_event(what):
    missed = []
    for name, number, part, n, other in MUTANTS:
        if name != what:
            continue
        # Values that no event can have are refused before: by their type.
        changed = HONEST.put(what, lambda d, a=number, p=part, o=other: d.event(a, **{p: o}))
        if not found(changed):
            missed.append((part, n))
    assert missed == []


def test_audit_finds_every_changed_argument():
    """What stands in an input and in no event: signatures, ballots, shares."""
    wanted = {"register 0": "roll", "cast a": "ballots", "cast d": "ballots", "tally 0.0": "shares"}
    links = set()
    for what, link in wanted.items():
        draft = HONEST.drafts[HONEST.of(what)]
        for at, value in enumerate(draft.args[1:], start=1):
            if isinstance(value, int):
                others = [value + 1]
            elif isinstance(value, bytes):
                step = max(32, 16 * (len(value) // 2_000))
                others = [flipped(value, n) for n in range(step - 1, len(value), step)]
            else:
                others = list(altered(value))
            for other in others:
                got = found(HONEST.put(what, lambda d, a=at, o=other: d.arg(a, o)))
                assert got == link, (what, at)
                links.add(got)
    assert links == set(wanted.values())


def test_audit_finds_every_changed_part_of_a_direct_ballot():
    """Nothing but its proof holds it together: index, points, scalars."""
    draft = HONEST.drafts[HONEST.of("cast direct")]
    batch = draft.args[3]
    places = [3, *range(73 + 95, 73 + 8 * 96, 96), *range(73 + 8 * 96 + 31, len(batch), 32)]
    for at in places:
        got = found(HONEST.put("cast direct", lambda d, a=at: d.arg(3, flipped(batch, a))))
        assert got == ("ballots" if at < 73 else "proofs"), at


def test_audit_does_not_look_at_what_a_direct_ballot_does_not_need():
    """Deadline and signature: the transaction's own signature stands for both, as on chain."""
    batch = HONEST.drafts[HONEST.of("cast direct")].args[3]
    for at in (8, 9, 72):
        changed = HONEST.put("cast direct", lambda d, a=at: d.arg(3, flipped(batch, a)))
        assert found(changed) == ""


def test_audit_does_not_look_into_ballots_that_were_passed_over():
    """Nor does the chain; that their voter had voted is all that matters of them."""
    batch = HONEST.drafts[HONEST.of("cast b")].args[3]
    for at in (4, 20, 73, len(batch) // 2 - 1):
        changed = HONEST.put("cast b", lambda d, a=at: d.arg(3, flipped(batch, a)))
        assert found(changed) == ""
    for at in (3, len(batch) // 2 + 3):
        changed = HONEST.put("cast b", lambda d, a=at: d.arg(3, flipped(batch, a)))
        assert found(changed) == "ballots"


def test_audit_finds_points_outside_the_subgroup_and_unreduced_scalars():
    batch = HONEST.drafts[HONEST.of("cast direct")].args[3]
    order_3 = bytes(95) + b"\x02"
    z_at = len(batch) - 32
    z = int.from_bytes(batch[z_at:], "big")
    for other in (
        put(batch, 73, order_3),
        put(batch, 73, bytes(96)),
        put(batch, z_at, (z + ORDER).to_bytes(32, "big")),
    ):
        assert found(HONEST.put("cast direct", lambda d, o=other: d.arg(3, o))) == "proofs"


@pytest.mark.parametrize("what", WHATS)
def test_audit_finds_every_transaction_left_out(what):
    report = audit_election(HONEST.put(what, None).signed(), workers=1)
    if what == IDLE:
        assert report.broken is None
        assert [each.counts for each in report.questions] == [(2, 2, 3), (1, 2, 1)]
    elif what.startswith("tally"):
        assert report.broken is None
        assert report.phase == "Closed"
    else:
        assert report.broken is not None


@pytest.mark.parametrize("what", WHATS)
def test_audit_finds_every_transaction_that_comes_twice(what):
    at = HONEST.of(what)
    drafts = HONEST.drafts
    assert found(replace(HONEST, drafts=(*drafts[: at + 1], *drafts[at:])))


@pytest.mark.parametrize("what", WHATS)
def test_audit_finds_every_transaction_out_of_its_time(what):
    """The same, a day before everything, and a day after."""
    at = HONEST.of(what)
    draft = HONEST.drafts[at]
    others = [each for each in HONEST.drafts if each is not draft]
    day = 86_400
    early = replace(draft, time=START - day)
    late = replace(draft, time=SHARES_UNTIL + day)
    links = {
        found(replace(HONEST, drafts=(early, *others))),
        found(replace(HONEST, drafts=(*others, late), time=SHARES_UNTIL + 2 * day)),
    }
    # Created early, or counted late by shares that were posted in time, is no fault.
    fine = {"create", "tally 0.1", "tally 1.0"}
    assert ("" in links) == (what in fine), links


@pytest.mark.parametrize("place", sorted(HONEST.codes))
def test_audit_finds_every_changed_byte_of_code(place):
    code = HONEST.codes[place]
    for at in range(0, len(code), 7):
        assert found(HONEST, codes={**HONEST.codes, place: flipped(code, at)}) in (
            "freeze",
            "forms",
        )
    assert found(HONEST, codes={at: c for at, c in HONEST.codes.items() if at != place})


TIMES = {
    "key 1.1": (START + 2_100, START + 3_100, "ceremony"),
    "commitment 1.1": (START + 3_101, START + 4_100, "ceremony"),
    "deal 1.1": (START + 4_101, START + 5_100, "ceremony"),
    "complaint 1.3": (START + 5_101, START + 6_100, "ceremony"),
    "finalise": (START + 6_101, OPENS - 1, "ceremony"),
    "register 2": (None, START + 5 * STEP, "roll"),
    "freeze 0.0": (START + 5 * STEP + 1, None, "freeze"),
    "prepare 0": (None, OPENS - 1, "forms"),
    "cast a": (OPENS, CLOSES - 1, "ballots"),
    "cast e": (OPENS, CLOSES - 1, "ballots"),
    "close 0": (CLOSES, None, "closing"),
    "shares 0.1.1": (CLOSES, None, "shares"),
    "tally 0.0": (CLOSES, SHARES_UNTIL, "shares"),
}
"""First and last second of what comes at no other time, and the link that knows."""


@pytest.mark.parametrize("what", TIMES)
def test_audit_knows_each_window_to_the_second(what):
    first, last, link = TIMES[what]
    draft = HONEST.drafts[HONEST.of(what)]

    def broken_at(time):
        drafts = sorted(
            (replace(each, time=time) if each is draft else each for each in HONEST.drafts),
            key=lambda each: each.time,
        )
        moved = replace(HONEST, drafts=tuple(drafts), time=2 * SHARES_UNTIL)
        broken = audit_election(moved.signed(), workers=1).broken
        own = f"block {100 + moved.of(what)},"
        return broken, broken is not None and broken.place.startswith(own)

    for fine, wrong in ((first, -1), (last, 1)):
        if fine is not None:
            assert not broken_at(fine)[1], broken_at(fine)[0]
            broken, is_own = broken_at(fine + wrong)
            assert is_own, broken
            assert broken.link == link


def test_audit_is_of_one_election_on_one_chain():
    assert found(HONEST, election=ELECTION + 1) == "record"
    assert found(HONEST, block=100) == "record"
    assert found(HONEST, time=START) == "record"
    other = address_of("elsewhere")
    expected = {
        "elections": "",
        "board": "ceremony",
        "roll": "roll",
        "box": "forms",
        "tally": "shares",
    }
    for name, link in expected.items():
        assert found(HONEST, contracts=replace(CONTRACTS, **{name: other})) == link
