"""The review queue and merges: decided by people, on record, and undone exactly."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmdapp.customers.dedupe import (
    DuplicateDecided,
    DuplicateUnknown,
    MergeNotHeld,
    Merges,
    ProfilesMerged,
)
from crmdapp.customers.survivorship import (
    SOURCES_BEST_FIRST,
    passed_on_to,
    person_data,
    survivors,
)
from crmdapp.errors import UsageError
from crmdapp.store.database import open_store
from crmdapp.store.errors import ProfileUnknown
from crmdapp.store.schema import ProfileRow
from tests.customers.importing.conftest import *  # noqa: F403 - fixtures of the vault
from tests.customers.importing.conftest import ANN

TYPO = {**ANN, "family_name": "Schmitd", "email": "as@example.net", "phone": "", "city": "Bonn"}
PARTNER = "0x" + "77" * 20


@pytest.fixture
def merges(store, clock):
    return Merges(store, clock=clock)


@pytest.fixture
def pair(desk, merges):
    """Two profiles that an import found to be alike."""
    desk.take(ANN, TYPO)
    (found,) = merges.queue()
    return found


def test_queue_shows_what_is_alike(pair, clock):
    assert (pair.state, pair.reasons[0], pair.score > 80) == ("open", "name", True)
    assert pair.found_at.timestamp() == clock.now
    assert pair.decided_at is None


def test_queue_refuses_a_state_that_is_not_there(merges):
    with pytest.raises(UsageError, match="no state 'closed'"):
        merges.queue("closed")


def test_merge_lets_the_newer_lead_to_the_older(pair, merges):
    made = merges.merge(pair.id, "clerk")
    assert (made.source, made.into, made.merged_by) == (pair.newer, pair.older, "clerk")
    assert merges.survivor(pair.newer) == merges.survivor(pair.older) == pair.older
    assert merges.person(pair.newer) == [pair.older, pair.newer]
    assert merges.people() == [pair.older]
    assert merges.queue() == []
    assert merges.queue("merged")[0].decided_by == "clerk"


def test_merge_lets_the_one_stay_that_is_named(pair, merges):
    assert merges.merge(pair.id, "clerk", into=pair.newer).into == pair.newer


def test_merge_refuses_a_profile_that_is_none_of_the_pair(pair, merges):
    with pytest.raises(UsageError, match="none of pair"):
        merges.merge(pair.id, "clerk", into=b"\x09" * 32)
    assert merges.log() == []


@pytest.mark.parametrize("by", ["", "  ", "x" * 81])
def test_merge_wants_to_know_who_decides(pair, merges, by):
    with pytest.raises(UsageError, match="Who decides"):
        merges.merge(pair.id, by)
    assert merges.queue() == [pair]


def test_merge_refuses_a_pair_that_is_not_there(merges):
    with pytest.raises(DuplicateUnknown, match="no pair 9"):
        merges.merge(9, "clerk")


def test_merge_refuses_a_pair_that_was_decided(pair, merges):
    merges.keep_apart(pair.id, "clerk")
    with pytest.raises(DuplicateDecided, match="was kept apart before"):
        merges.merge(pair.id, "clerk")


def test_keep_apart_is_not_asked_about_again(pair, merges, desk):
    merges.keep_apart(pair.id, "clerk")
    desk.take({**TYPO, "street": "Neuer Weg 1"}, name="again.csv")
    assert merges.queue() == []
    assert len(merges.people()) == 2


def test_undo_restores_everything_but_the_log(pair, merges, desk):
    before = desk.everything()
    made = merges.merge(pair.id, "clerk")
    undone = merges.undo(made.id, "chief")
    assert (undone.undone_by, undone.id) == ("chief", made.id)
    after = desk.everything()
    assert {name for name in before if before[name] != after[name]} == {"merges"}
    assert merges.queue() == [pair]
    assert [merges.person(each) for each in merges.people()] == [[pair.older], [pair.newer]]


def test_undo_gives_each_profile_what_came_in_meanwhile(pair, merges, desk):
    made = merges.merge(pair.id, "clerk")
    desk.take({"email": "as@example.net", "city": "Trier"}, name="later.csv")
    merges.undo(made.id, "clerk")
    assert desk.values(pair.newer)["city"] == "Trier"
    assert desk.values(pair.older)["city"] == "Berlin"


def test_undo_refuses_a_merge_that_does_not_hold(pair, merges):
    with pytest.raises(MergeNotHeld, match="does not exist"):
        merges.undo(1, "clerk")
    made = merges.merge(pair.id, "clerk")
    merges.undo(made.id, "clerk")
    with pytest.raises(MergeNotHeld, match="was undone before"):
        merges.undo(made.id, "clerk")


def test_merge_profiles_refuses_two_that_are_one(pair, merges):
    merges.merge(pair.id, "clerk")
    for one, other in ((pair.older, pair.newer), (pair.newer, pair.older), (pair.older,) * 2):
        with pytest.raises(ProfilesMerged, match="lead to one already"):
            merges.merge_profiles(one, other, "clerk")


def test_merge_profiles_refuses_one_that_is_not_there(pair, merges):
    with pytest.raises(ProfileUnknown):
        merges.merge_profiles(pair.older, b"\x09" * 32, "clerk")


def test_log_keeps_what_was_undone(pair, merges):
    merges.undo(merges.merge(pair.id, "clerk").id, "chief")
    merges.merge(pair.id, "clerk")
    assert [bool(item.undone_by) for item in merges.log()] == [True, False]
    assert merges.log(pair.newer) == merges.log()


def test_an_erasure_takes_a_profile_out_of_its_merges(pair, merges, desk):
    merges.merge(pair.id, "clerk")
    desk.vault.erase(pair.older)
    assert merges.people() == [pair.newer]
    assert merges.log() == []


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_merges_undone_in_any_order_leave_no_trace(tmp_path_factory, data):
    cids = [bytes([n]) * 32 for n in range(1, 6)]
    with open_store(tmp_path_factory.mktemp("merges") / "store.sqlite3") as place:
        with place.writing() as session:
            session.add_all(ProfileRow(cid=cid, added_at=0) for cid in cids)
        merges, held, model = Merges(place, clock=lambda: 1), [], {cid: cid for cid in cids}
        for _ in range(data.draw(st.integers(1, 12))):
            if held and data.draw(st.booleans()):
                made = held.pop(data.draw(st.integers(0, len(held) - 1)))
                merges.undo(made.id, "clerk")
                model[made.source] = made.source
            else:
                one, other = data.draw(st.permutations(cids))[:2]
                if root(model, one) == root(model, other):
                    with pytest.raises(ProfilesMerged):
                        merges.merge_profiles(one, other, "clerk")
                    continue
                made = merges.merge_profiles(one, other, "clerk")
                model[made.source] = made.into
                held.append(made)
            for cid in cids:
                assert merges.survivor(cid) == root(model, cid)
                assert set(merges.person(cid)) == {
                    each for each in cids if root(model, each) == root(model, cid)
                }
        for made in held:
            merges.undo(made.id, "clerk")
        assert merges.people() == cids


def root(model, cid):
    while model[cid] != cid:
        cid = model[cid]
    return cid


# ----------------------------------------------------------------- which value counts


def test_survivors_prefer_the_better_source_then_the_newer(pair, merges, desk, clock):
    merges.merge(pair.id, "clerk")
    by_field = {item.field: item for item in survivors(person_data(desk.vault, merges, pair.newer))}
    assert desk.vault.open_custodial(by_field["city"].value) == b"Bonn"
    clock.advance(60)
    desk.vault.write(pair.older, "city", by_field["city"].value.datum.category, "Ulm", "inferred")
    again = {item.field: item for item in survivors(person_data(desk.vault, merges, pair.newer))}
    assert desk.vault.open_custodial(again["city"].value) == b"Bonn"
    desk.vault.write(
        pair.older, "city", by_field["city"].value.datum.category, "Ulm", "online_form"
    )
    last = {item.field: item for item in survivors(person_data(desk.vault, merges, pair.newer))}
    assert desk.vault.open_custodial(last["city"].value) == b"Ulm"
    assert len(last["city"].others) == 3
    assert last["city"].value.datum.source == "online_form"


def test_survivors_want_every_source_ranked():
    with pytest.raises(UsageError, match="names each of them once"):
        survivors([], SOURCES_BEST_FIRST[1:])


def test_passed_on_to_tells_of_all_merged_profiles(pair, merges, desk, clock):
    for number, cid in enumerate((pair.newer, pair.older)):
        (first, *_) = desk.vault.ciphertexts(cid)
        desk.vault.disclose(cid, PARTNER, bytes([number]) * 32, 1, [first.datum.id])
        clock.advance(5)
    assert len(passed_on_to(desk.vault, merges, pair.older)) == 1
    merges.merge(pair.id, "clerk")
    told = passed_on_to(desk.vault, merges, pair.older)
    assert [item.profile for item in told] == [pair.newer, pair.older]
