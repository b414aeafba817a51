"""Replacing a pepper: nobody ever has two profiles, and the old one goes last."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdapp.customers import rotation
from crmdapp.customers.identifiers import Identifier
from crmdapp.customers.models import CustomerStatus
from crmdapp.customers.registry_signing import TagLinkRecord
from crmdapp.customers.rotation import (
    RotationUnfinished,
    Taggers,
    begin,
    open_taggers,
    plan,
    require_finished,
    retire,
    retired_ids,
    retired_path,
)
from crmdapp.customers.tags import (
    PepperFile,
    PepperMissing,
    PepperTagger,
    TagSpace,
    next_path,
    read_pepper,
)
from crmdapp.errors import UsageError

SPACE = TagSpace(31337, "0x" + "11" * 20, 7)
ANN, BEA, CLEO = (Identifier("email", f"{name}@example.org") for name in ("ann", "bea", "cleo"))
ANNS_PHONE = Identifier("phone", "+4930901820")
OLD, NEW = PepperTagger(b"\1" * 32), PepperTagger(b"\2" * 32)
BOTH = Taggers(OLD, NEW)


@dataclasses.dataclass
class Book:
    """A registry in memory, with the rules of CustomerRegistry for ids."""

    words: dict = dataclasses.field(default_factory=dict)
    merged: dict = dataclasses.field(default_factory=dict)
    open_merges: set = dataclasses.field(default_factory=set)

    def register(self, tag):
        id_ = SPACE.id_of(tag)
        assert id_ not in self.words
        self.words[id_] = CustomerStatus.ACTIVE
        return id_

    def link(self, record):
        id_ = SPACE.id_of(record.tag)
        if self.words.get(record.cid) is CustomerStatus.ACTIVE and id_ not in self.words:
            self.words[id_] = record.cid

    def merge(self, source, into):
        self.words[source] = CustomerStatus.MERGED
        self.merged[source] = into
        self.open_merges.add(into)

    def erase(self, cid):
        self.words[cid] = CustomerStatus.ERASED

    def resolve(self, id_):
        word = self.words.get(id_)
        cid = word if word is None or isinstance(word, bytes) else id_
        return self.merged.get(cid, cid)

    def status_of(self, id_):
        return self.words.get(self.resolve(id_), CustomerStatus.NONE)

    def has_open_merge(self, cid):
        return cid in self.open_merges

    def live_ids(self):
        return [id_ for id_ in self.words if self.status_of(id_) is not CustomerStatus.ERASED]

    def profiles(self):
        return {self.resolve(id_) for id_ in self.live_ids()}


@pytest.fixture
def book():
    return Book()


@pytest.fixture
def pepper_file(tmp_path):
    path = tmp_path / "pepper.json"
    PepperFile.create(path)
    return path


def linked(book, taggers, identifiers):
    for record in plan(taggers, identifiers, SPACE, book).links:
        book.link(record)


# --------------------------------------------------------------------------- lookups


def test_find_asks_both_peppers_before_anybody_is_new(book):
    anns = book.register(OLD.tag(ANN))
    beas = book.register(NEW.tag(BEA))
    assert BOTH.find(ANN, SPACE, book.status_of).id == anns
    assert BOTH.find(BEA, SPACE, book.status_of).id == beas


def test_find_gives_the_next_peppers_tag_to_who_is_new(book):
    found = BOTH.find(CLEO, SPACE, book.status_of)
    assert not found.is_known
    assert found.tag == NEW.tag(CLEO)


def test_find_asks_the_one_pepper_outside_of_a_rotation(book):
    anns = book.register(OLD.tag(ANN))
    assert Taggers(OLD).find(ANN, SPACE, book.status_of).id == anns
    assert Taggers(OLD).find(BEA, SPACE, book.status_of).tag == OLD.tag(BEA)


def test_find_takes_nobody_for_known_who_is_erased(book):
    book.erase(book.register(OLD.tag(ANN)))
    found = BOTH.find(ANN, SPACE, book.status_of)
    assert not found.is_known
    assert found.tag == NEW.tag(ANN)


# --------------------------------------------------------------------------- the plan


def test_plan_links_every_tag_once(book):
    anns = book.register(OLD.tag(ANN))
    book.link(TagLinkRecord(OLD.tag(ANNS_PHONE), anns))
    left = plan(BOTH, [ANN, ANNS_PHONE, ANN, CLEO], SPACE, book)
    assert set(left.links) == {
        TagLinkRecord(NEW.tag(ANN), anns),
        TagLinkRecord(NEW.tag(ANNS_PHONE), anns),
    }
    assert len(left.links) == 2
    assert left.unknown == 1
    assert not left.is_finished


def test_plan_has_nothing_left_once_all_is_linked(book):
    book.register(OLD.tag(ANN))
    linked(book, BOTH, [ANN])
    left = plan(BOTH, [ANN], SPACE, book)
    assert (left.links, left.done, left.is_finished) == ((), 1, True)
    assert BOTH.find(ANN, SPACE, book.status_of).id == SPACE.id_of(NEW.tag(ANN))
    assert len(book.profiles()) == 1


def test_plan_takes_the_living_generation(book):
    book.erase(book.register(OLD.tag(ANN)))
    anns = book.register(OLD.tag(ANN, 1))
    assert plan(BOTH, [ANN], SPACE, book).links == (TagLinkRecord(NEW.tag(ANN), anns),)


def test_plan_reports_who_has_two_profiles(book):
    old, new = book.register(OLD.tag(ANN)), book.register(NEW.tag(ANN))
    left = plan(BOTH, [ANN], SPACE, book)
    assert left.conflicts == ((old, new),)
    assert left.links == ()
    book.merge(new, old)
    assert plan(BOTH, [ANN], SPACE, book).done == 1


def test_plan_waits_for_a_merge_that_can_be_undone(book):
    anns, beas = book.register(OLD.tag(ANN)), book.register(OLD.tag(BEA))
    book.merge(beas, anns)
    left = plan(BOTH, [ANN, BEA], SPACE, book)
    assert left.links == (TagLinkRecord(NEW.tag(ANN), anns),)
    assert left.waiting == 1
    book.open_merges.clear()
    assert set(plan(BOTH, [BEA], SPACE, book).links) == {TagLinkRecord(NEW.tag(BEA), anns)}


def test_plan_needs_a_rotation(book):
    with pytest.raises(UsageError, match="No rotation is under way"):
        plan(Taggers(OLD), [ANN], SPACE, book)


@given(st.data())
def test_rotation_makes_no_second_profile_whatever_happens_in_between(data):
    book, held = Book(), {}
    people = [Identifier("email", f"{number}@example.org") for number in range(6)]

    def visit(person, taggers):
        found = taggers.find(person, SPACE, book.status_of)
        cid = book.resolve(found.id) if found.is_known else book.register(found.tag)
        assert held.setdefault(person, cid) == cid

    for person in data.draw(st.lists(st.sampled_from(people))):
        visit(person, Taggers(OLD))
    steps = st.sampled_from(["visit", "erase", "link"])
    for step, person in data.draw(st.lists(st.tuples(steps, st.sampled_from(people)))):
        if step == "visit":
            visit(person, BOTH)
        elif step == "erase" and person in held:
            book.erase(held.pop(person))
        elif step == "link":
            linked(book, BOTH, [person])
    linked(book, BOTH, people)
    require_finished(BOTH, people, SPACE, book)
    for person in people:
        visit(person, Taggers(NEW))
    assert book.profiles() == set(held.values())
    assert len(set(held.values())) == len(held)


# --------------------------------------------------------------------------- files


def test_begin_puts_the_next_pepper_beside_the_old(pepper_file):
    before = read_pepper(pepper_file)
    taggers = begin(pepper_file)
    assert taggers.current == before
    assert taggers.next not in (None, before)
    assert next_path(pepper_file).stat().st_mode & 0o777 == 0o600
    assert open_taggers(pepper_file) == taggers


def test_begin_refuses_a_second_rotation(pepper_file):
    begin(pepper_file)
    before = next_path(pepper_file).read_bytes()
    with pytest.raises(UsageError, match="being replaced already"):
        begin(pepper_file)
    assert next_path(pepper_file).read_bytes() == before


def test_begin_needs_a_pepper(tmp_path):
    with pytest.raises(PepperMissing):
        begin(tmp_path / "pepper.json")
    assert list(tmp_path.iterdir()) == []


def test_load_refuses_one_pepper_while_there_are_two(pepper_file):
    begin(pepper_file)
    with pytest.raises(UsageError, match="is being replaced") as caught:
        PepperFile.load(pepper_file)
    assert "Ask both" in caught.value.hint


def test_retire_replaces_the_pepper_and_overwrites_the_old(pepper_file, book):
    taggers = begin(pepper_file)
    book.register(taggers.current.tag(ANN))
    linked(book, taggers, [ANN])
    with pepper_file.open("rb") as former:
        assert retire(pepper_file, [ANN], SPACE, book).done == 1
        assert set(former.read()) == {0}
    assert open_taggers(pepper_file) == Taggers(taggers.next)
    assert {path.name for path in pepper_file.parent.iterdir()} == {
        "pepper.json",
        "pepper.json.retired",
    }


def require_refused(pepper_file, identifiers, book, **counts):
    before = open_taggers(pepper_file)
    with pytest.raises(RotationUnfinished) as caught:
        retire(pepper_file, identifiers, SPACE, book)
    assert {name: value for name, value in vars(caught.value).items() if name in counts} == counts
    assert open_taggers(pepper_file) == before


def test_retire_refuses_while_a_tag_is_not_linked(pepper_file, book):
    book.register(begin(pepper_file).current.tag(ANN))
    require_refused(pepper_file, [ANN], book, links=1, unaccounted=0)


def test_retire_refuses_while_a_merge_can_be_undone(pepper_file, book):
    taggers = begin(pepper_file)
    anns, beas = book.register(taggers.current.tag(ANN)), book.register(taggers.current.tag(BEA))
    book.merge(beas, anns)
    linked(book, taggers, [ANN, BEA])
    require_refused(pepper_file, [ANN, BEA], book, links=0, waiting=1)


def test_retire_refuses_while_somebody_has_two_profiles(pepper_file, book):
    taggers = begin(pepper_file)
    book.register(taggers.current.tag(ANN))
    book.register(taggers.next.tag(ANN))
    require_refused(pepper_file, [ANN], book, conflicts=1)


def test_retire_refuses_if_an_id_on_chain_belongs_to_no_identifier(pepper_file, book):
    taggers = begin(pepper_file)
    book.register(taggers.current.tag(ANN))
    beas = book.register(taggers.current.tag(BEA))
    linked(book, taggers, [ANN])
    require_refused(pepper_file, [ANN], book, links=0, unaccounted=1)
    retire(pepper_file, [ANN], SPACE, book, given_up=[beas])
    assert open_taggers(pepper_file).next is None


def test_retire_needs_no_identifier_of_the_erased(pepper_file, book):
    book.erase(book.register(begin(pepper_file).current.tag(ANN)))
    retire(pepper_file, [], SPACE, book)
    assert open_taggers(pepper_file).next is None


def test_retire_needs_a_rotation(pepper_file, book):
    before = pepper_file.read_bytes()
    with pytest.raises(UsageError, match="No rotation is under way"):
        retire(pepper_file, [], SPACE, book)
    assert pepper_file.read_bytes() == before


def test_retire_keeps_the_old_pepper_if_the_next_cannot_take_its_place(
    pepper_file, book, monkeypatch
):
    taggers = begin(pepper_file)

    def fail(folder):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(rotation, "sync_folder", fail)
    with pytest.raises(rotation.PermissionDenied, match="cannot be replaced or overwritten"):
        retire(pepper_file, [], SPACE, book)
    assert read_pepper(pepper_file) == taggers.next


def test_a_pepper_is_replaced_again_and_again(book, pepper_file):
    cid = book.register(read_pepper(pepper_file).tag(ANN))
    for _ in range(3):
        linked(book, begin(pepper_file), [ANN])
        retire(pepper_file, [ANN], SPACE, book)
        found = open_taggers(pepper_file).find(ANN, SPACE, book.status_of)
        assert book.resolve(found.id) == cid
    assert len(retired_ids(pepper_file)) == 3


def test_retired_ids_are_not_guessed(pepper_file):
    assert retired_ids(pepper_file) == frozenset()
    retired_path(pepper_file).write_text("0x12zz\n")
    with pytest.raises(UsageError, match="is no list of ids"):
        retired_ids(pepper_file)
