"""Where items come from and what a recall concerns, against a model that tries all ways."""

import time
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmdapp.chain.decode import DecodedLog
from crmdapp.provenance import events
from crmdapp.provenance.errors import ItemUnknown
from crmdapp.provenance.tracing import LATEST, LogLinks, Stay, origin, recall_set

STEP = (0, 0, 0, bytes(32))
NEW = (bytes(32), 0, "0x" + "00" * 20, 0, bytes(3), "0x" + "00" * 20)
ANYBODY = "0x" + "11" * 20


@dataclass
class Story:
    """Events of a ledger, one block each."""

    logs: list = field(default_factory=list)
    made: int = 0

    def log(self, event):
        self.logs.append(DecodedLog(event, ANYBODY, len(self.logs) + 1, "0x", 0))

    def item(self):
        self.made += 1
        self.log(events.ItemCommissioned(self.made, ANYBODY, bytes(32), NEW, STEP))
        return self.made

    def items(self, count):
        return [self.item() for _ in range(count)]

    def make(self, inputs, outputs=1, quantity=0):
        name = len(self.logs).to_bytes(32, "big")
        for item in inputs:
            self.log(events.ItemConsumed(item, name, 1, quantity, STEP))
        found = []
        for _ in range(outputs):
            found.append(self.item())
            self.log(events.ItemProduced(found[-1], name))
        return found

    def pack(self, parent, *items):
        for item in items:
            self.log(events.ItemPacked(item, parent, 1, 1, STEP))

    def unpack(self, parent, *items):
        for item in items:
            self.log(events.ItemUnpacked(item, parent, 1, 1, STEP))

    @property
    def links(self):
        return LogLinks(self.logs)


@pytest.fixture
def story():
    return Story()


def test_origin_follows_transformations(story):
    green, sugar = story.items(2)
    (roast,) = story.make([green])
    cup, other = story.make([roast, sugar], outputs=2)
    found = origin(story.links, cup)
    assert found.items == (cup, roast, sugar, green)
    assert [(edge.item, edge.source) for edge in found.edges] == [
        (cup, roast),
        (cup, sugar),
        (roast, green),
    ]
    assert found.leaves() == (sugar, green)
    assert recall_set(story.links, green) == (green, roast, cup, other)


def test_origin_follows_what_was_in_the_box_when_it_was_used(story):
    box, stayed, left, late = story.items(4)
    story.pack(box, stayed, left)
    story.unpack(box, left)
    (made,) = story.make([box])
    story.pack(box, late)
    assert set(origin(story.links, made).items) == {made, box, stayed}
    assert made not in recall_set(story.links, left)
    assert made not in recall_set(story.links, late)
    assert recall_set(story.links, stayed) == (stayed, box, made)


def test_recall_concerns_what_holds_it_now(story):
    pallet, box, bag = story.items(3)
    story.pack(box, bag)
    story.pack(pallet, box)
    assert set(recall_set(story.links, bag)) == {bag, box, pallet}
    story.unpack(pallet, box)
    assert set(recall_set(story.links, bag)) == {bag, box}


def test_recall_with_what_shared_a_box(story):
    pallet, box, other_box, bag, friend, early, stranger = story.items(7)
    story.pack(box, early)
    story.unpack(box, early)
    story.pack(box, bag, friend)
    story.pack(other_box, stranger)
    story.pack(pallet, box, other_box)
    (made,) = story.make([friend])
    found = recall_set(story.links, bag, packed_with=True)
    assert set(found) == {bag, friend, made, box, pallet, other_box, stranger}
    assert set(recall_set(story.links, bag)) == {bag, box, pallet}


def test_shared_inputs_are_followed_once(story):
    """Each of 200 generations is made twice of the one before: 2^200 ways, 401 items."""
    pair = story.items(2)
    for _ in range(200):
        pair = story.make(pair, outputs=2)
    begin = time.monotonic()
    assert len(origin(story.links, pair[0]).items) == 401
    assert len(recall_set(story.links, 1)) == 401
    assert time.monotonic() - begin < 2


def test_deep_chains_need_no_deep_stack(story):
    item = story.item()
    for _ in range(5_000):
        (item,) = story.make([item])
    assert len(origin(story.links, item).items) == 5_001
    assert len(recall_set(story.links, 1)) == 5_001


def test_rings_end(story):
    """A node that lies can tell of a box in itself; the answer is finite all the same."""
    one, two = story.items(2)
    story.pack(one, two)
    story.pack(two, one)
    assert set(origin(story.links, one).items) == {one, two}
    assert set(recall_set(story.links, one)) == {one, two}


def test_unknown_items_are_refused(story):
    for ask in (origin, recall_set):
        with pytest.raises(ItemUnknown):
            ask(story.links, 99)


def test_stays_begin_after_packing():
    stay = Stay(1, 2, (5, 0), (9, 0))
    assert [stay.covers((block, 0)) for block in (5, 6, 9, 10)] == [False, True, True, False]
    assert not stay.covers(LATEST)


# ----------------------------------------------------------------- all ways


@st.composite
def stories(draw):
    """Random ledgers: lots used several times, boxes in boxes, unpacked, used with content."""
    story = Story()
    story.items(draw(st.integers(2, 5)))
    inside = {}
    for _ in range(draw(st.integers(0, 25))):
        kind = draw(st.sampled_from(["make", "pack", "unpack", "new"]))
        pick = st.integers(1, story.made)
        if kind == "new":
            story.item()
        elif kind == "make":
            inputs = draw(st.lists(pick, min_size=1, max_size=3, unique=True))
            story.make(inputs, draw(st.integers(1, 2)))
        elif kind == "pack":
            item, parent = draw(pick), draw(pick)
            if item < parent and item not in inside:
                inside[item] = parent
                story.pack(parent, item)
        elif inside:
            item = draw(st.sampled_from(sorted(inside)))
            story.unpack(inside.pop(item), item)
    return story


def content(story, box, until):
    """What was in a box before the event at a place of the list."""
    held = set()
    for log in story.logs[:until]:
        kind, event = type(log.event).__name__, log.event
        if kind == "ItemPacked" and event.parent == box:
            held.add(event.item)
        if kind == "ItemUnpacked" and event.parent == box:
            held.discard(event.item)
    return held


def ingredients(story, item):
    """What went into the transformation that an item came out of, each with its place."""
    rows = [(place, type(log.event).__name__, log.event) for place, log in enumerate(story.logs)]
    names = {e.transformation for _, kind, e in rows if kind == "ItemProduced" and e.item == item}
    return {
        (event.item, place)
        for place, kind, event in rows
        if kind == "ItemConsumed" and event.transformation in names
    }


def model_origin(story, item):
    """What an item is made of and holds, by trying all ways through the plain list of events."""
    start = (item, len(story.logs))
    reached, waiting = {start}, [start]
    while waiting:
        item, until = waiting.pop()
        found = {(held, until) for held in content(story, item, until)}
        for state in (found | ingredients(story, item)) - reached:
            reached.add(state)
            waiting.append(state)
    return {item for item, _ in reached}


@given(stories())
@settings(max_examples=150)
def test_origin_is_that_of_the_model(story):
    for item in range(1, story.made + 1):
        assert set(origin(story.links, item).items) == model_origin(story, item)


@given(stories())
@settings(max_examples=150)
def test_recall_is_the_mirror_of_origin(story):
    made_of = {item: model_origin(story, item) for item in range(1, story.made + 1)}
    for item in made_of:
        wanted = {other for other, sources in made_of.items() if item in sources}
        assert set(recall_set(story.links, item)) == wanted


@given(stories())
@settings(max_examples=50)
def test_recall_with_boxes_is_never_less(story):
    for item in range(1, story.made + 1):
        plain = recall_set(story.links, item)
        assert set(plain) <= set(recall_set(story.links, item, packed_with=True))


@given(stories())
@settings(max_examples=50)
def test_answers_are_in_one_order(story):
    for item in range(1, story.made + 1):
        assert origin(story.links, item) == origin(story.links, item)
        assert recall_set(story.links, item) == recall_set(story.links, item)
        assert len(set(origin(story.links, item).items)) == len(origin(story.links, item).items)
