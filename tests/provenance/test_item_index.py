"""The local copy of a ledger: equal to the chain after whatever the chain was rewritten to."""

import random
import time
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmdapp.chain._keccak import keccak
from crmdapp.chain.decode import DecodedLog
from crmdapp.errors import JournalProblem, UsageError
from crmdapp.provenance import events, item_index
from crmdapp.provenance.gs1.epc import epc_hash
from crmdapp.provenance.item_index import IN_MEMORY, ChainUnsettled, ItemIndex
from crmdapp.provenance.item_models import Commission, TransformationInput
from crmdapp.provenance.tracing import LogLinks, origin, recall_set
from tests.provenance.test_item_tracing import Story, stories
from tests.provenance.yard import *  # noqa: F403 - fixtures
from tests.provenance.yard import lot_link, sgtin

PLACE = "0x" + "11" * 20


class FakeChain:
    """Blocks with logs, and what a connection says of them."""

    chain_id, genesis_hash = 1, b"\0" * 32

    def __init__(self):
        self.blocks = [(keccak(b"first"), [])]
        self.rewrite = lambda: None

    def add(self, logs, salt=b""):
        number = len(self.blocks)
        placed = [
            DecodedLog(event, PLACE, number, f"0x{number}", place)
            for place, event in enumerate(logs)
        ]
        self.blocks.append((keccak(self.blocks[-1][0] + salt), placed))

    def block(self, block):
        number = len(self.blocks) - 1 if block == "latest" else block
        if number >= len(self.blocks):
            return None
        return {"number": hex(number), "hash": "0x" + self.blocks[number][0].hex()}

    def logs(self, address, topics, first, last):
        found = [log for _, logs in self.blocks[first : last + 1] for log in logs]
        self.rewrite()
        return iter(found)

    def all_logs(self):
        return [log for _, logs in self.blocks for log in logs]

    @property
    def ledger(self):
        contract = SimpleNamespace(address=PLACE)
        return SimpleNamespace(connection=self, contract=contract, since_block=0)


@pytest.fixture
def index():
    with ItemIndex(IN_MEMORY) as index:
        yield index


def index_of(story):
    """The index of a story's events."""
    chain = FakeChain()
    for log in story.logs:
        chain.add([log.event])
    index = ItemIndex(IN_MEMORY)
    index.update(chain.ledger)
    return index


# ----------------------------------------------------------------- following the chain


def test_update_takes_what_is_new(index):
    chain, story = FakeChain(), Story()
    story.items(3)
    for log in story.logs[:2]:
        chain.add([log.event])
    assert index.update(chain.ledger) == 2
    chain.add([story.logs[2].event])
    assert index.update(chain.ledger) == 3
    assert list(index.logs()) == chain.all_logs()
    assert index.update(chain.ledger) == 3


@pytest.mark.parametrize("depth", [1, 2, 5])
def test_update_drops_what_the_chain_dropped(index, depth):
    chain, story = FakeChain(), Story()
    story.items(5)
    for log in story.logs:
        chain.add([log.event])
        index.update(chain.ledger)
    del chain.blocks[-depth:]
    chain.add([], salt=b"other")
    index.update(chain.ledger)
    assert list(index.logs()) == chain.all_logs()
    assert len(list(index.logs())) == 5 - depth


def test_update_follows_a_chain_that_got_shorter(index):
    chain, story = FakeChain(), Story()
    story.items(3)
    for log in story.logs:
        chain.add([log.event])
    index.update(chain.ledger)
    del chain.blocks[-2:]
    assert index.update(chain.ledger) == 1
    assert list(index.logs()) == chain.all_logs()


def test_update_reads_again_if_the_chain_is_rewritten_meanwhile(index):
    chain, story = FakeChain(), Story()
    story.items(2)
    chain.add([story.logs[0].event])

    def once():
        chain.rewrite = lambda: None
        chain.blocks.pop()
        chain.add([story.logs[1].event], salt=b"other")

    chain.rewrite = once
    index.update(chain.ledger)
    assert list(index.logs()) == chain.all_logs()


def test_update_gives_up_on_a_chain_that_never_rests(index):
    chain = FakeChain()
    chain.add([])
    numbers = iter(range(100))

    def always():
        chain.blocks.pop()
        chain.add([], salt=str(next(numbers)).encode())

    chain.rewrite = always
    with pytest.raises(ChainUnsettled):
        index.update(chain.ledger)


def test_update_takes_spans(index, monkeypatch):
    monkeypatch.setattr(item_index, "SPAN", 2)
    chain, story, shown = FakeChain(), Story(), []
    story.items(5)
    for log in story.logs:
        chain.add([log.event])
    index.update(chain.ledger, progress=lambda at, last: shown.append((at, last)))
    assert list(index.logs()) == chain.all_logs()
    assert shown == [(1, 5), (3, 5), (5, 5)]


def test_update_refuses_another_ledger(index):
    chain = FakeChain()
    index.update(chain.ledger)
    chain.genesis_hash = b"\1" * 32
    with pytest.raises(UsageError, match="is of the ledger"):
        index.update(chain.ledger)


def test_index_refuses_a_damaged_file(tmp_path):
    path = tmp_path / "items.sqlite3"
    path.write_bytes(b"not a database, and long enough to be looked at" * 50)
    with pytest.raises(JournalProblem):
        ItemIndex(path)


def test_index_stays_on_disk(tmp_path):
    chain, story = FakeChain(), Story()
    story.items(2)
    for log in story.logs:
        chain.add([log.event])
    path = tmp_path / "items.sqlite3"
    with ItemIndex(path) as index:
        index.update(chain.ledger)
    with ItemIndex(path) as index:
        assert (index.block, list(index.logs())) == (2, chain.all_logs())


moves = st.lists(
    st.tuples(st.sampled_from(["add", "add", "drop", "update"]), st.integers(1, 4)), max_size=40
)


@given(moves)
@settings(max_examples=150)
def test_index_equals_the_chain_after_any_rewriting(steps):
    chain, made = FakeChain(), 0
    with ItemIndex(IN_MEMORY) as index:
        for number, (move, count) in enumerate(steps):
            if move == "add":
                made += 1
                story = Story(made=made)
                story.items(count)
                chain.add([log.event for log in story.logs], salt=str(number).encode())
            elif move == "drop":
                del chain.blocks[max(1, len(chain.blocks) - count) :]
            else:
                index.update(chain.ledger)
                assert list(index.logs()) == chain.all_logs()
        index.update(chain.ledger)
        assert list(index.logs()) == chain.all_logs()


def test_index_equals_the_logs_after_reorgs_of_a_real_chain(yard, tmp_path):
    chance, farmer, known = random.Random(7), yard.client(), []
    with ItemIndex(tmp_path / "items.sqlite3") as index:
        for _ in range(12):
            step = chance.choice(["make", "make", "observe", "reorg", "pack"])
            if step == "reorg":
                yard.node.reorg(chance.randint(1, 3))
                known = [item for item in known if farmer.is_known(item)]
            elif step == "make" or not known:
                known += yard.make("farmer", level=chance.randint(0, 1))
            elif step == "observe":
                farmer.observe([chance.choice(known)], yard.step())
            else:
                (box,) = yard.make("farmer", level=2)
                loose = [item for item in known if not farmer.item(item).is_packed]
                if loose:
                    farmer.pack(box, loose[:2], yard.step())
            if chance.random() < 0.7:
                index.update(farmer)
        index.update(farmer)
        assert list(index.logs()) == list(farmer.events())
        for item in known:
            assert index.logs_of(item) == farmer.logs_of(item)


# ----------------------------------------------------------------- what it tells


@given(stories())
@settings(max_examples=60)
def test_links_of_the_index_are_those_of_the_logs(story):
    with index_of(story) as index:
        links, own = LogLinks(index.logs()), index.links()
        for item in range(1, story.made + 1):
            assert origin(index.links(), item) == origin(links, item)
            assert recall_set(index.links(), item) == recall_set(links, item)
            assert list(own.stays(item)) == list(links.stays(item))
            assert list(own.contents(item)) == list(links.contents(item))
            assert own.made_in(item) == links.made_in(item)


def test_index_keeps_every_kind_of_event(index):
    word, step = b"\5" * 32, (1, 2, 3, b"\6" * 32)
    kinds = [
        events.ItemObserved(1, PLACE, 2, step),
        events.CustodyHandedOver(1, PLACE, PLACE, 3, 4, word),
        events.ItemContentChanged(1, 2, 4),
        events.ItemRetired(1, PLACE, 5, step),
        events.ErrorDeclared(1, PLACE, 6, word, bytes(32)),
        events.ItemRecalled(1, 7, word),
        events.TagClaimed(1, PLACE, 5),
        events.DeviceAssigned(1, word, PLACE, (word, word)),
        events.ReadingsAnchored(1, word, (1 << 64) - 1, word, 3, 4, 5),
        events.ItemConsumed(1, word, 8, (1 << 64) - 1, step),
    ]
    chain = FakeChain()
    chain.add(kinds)
    index.update(chain.ledger)
    assert [log.event for log in index.logs()] == kinds
    assert index.recalled([1, 2]) == (1,)
    assert (index.has_event(1, step[3]), index.has_event(1, word), index.has_event(2, word)) == (
        True,
        True,
        False,
    )
    assert (index.has_declared(1, word), index.has_declared(1, step[3])) == (True, False)


def test_index_finds_items_by_their_names(yard, tmp_path):
    farmer, roaster = yard.client("farmer"), yard.client("roaster")
    name = Commission(epc_hash(sgtin("A")))
    ids = [*farmer.commission([name], yard.step()), *roaster.commission([name], yard.step())]
    with ItemIndex(tmp_path / "items.sqlite3") as index:
        index.update(farmer)
        assert index.named(name.epc_hash) == tuple(ids)
        assert index.named(bytes(32)) == ()
        assert [log.event.item for log in index.items()] == ids
        assert [log.event.item for log in index.items(yard.address("roaster"))] == ids[1:]


def test_a_real_ledger_is_traced(yard, tmp_path):
    farmer = yard.client()
    green = yard.lot(quantity=60_000)
    roast = Commission(epc_hash(lot_link("R")), quantity=50_000, unit="KGM")
    (made,) = farmer.transform([TransformationInput(green, 50_000)], [roast], yard.step())
    with ItemIndex(tmp_path / "items.sqlite3") as index:
        index.update(farmer)
        found = origin(index.links(), made)
        assert found.items == (made, green)
        assert found.edges[0].quantity == 50_000
        assert recall_set(index.links(), green) == (green, made)


# ----------------------------------------------------------------- in time


def lasting(ask):
    """The least of five times, in seconds of this process: the machine may be busy."""
    found = []
    for _ in range(5):
        begin = time.process_time()
        ask()
        found.append(time.process_time() - begin)
    return min(found)


@pytest.mark.parametrize("source", ["index", "logs"])
def test_a_thousand_steps_take_less_than_a_tenth_of_a_second(source):
    story = Story()
    first = item = story.item()
    for number in range(1_000):
        box = story.item()
        story.pack(box, item)
        story.unpack(box, item)
        (item,) = story.make([item] if number % 2 else [item, story.item()])
    index = index_of(story)
    logs = LogLinks(index.logs())

    def links():
        return index.links() if source == "index" else logs

    taken = lasting(lambda: origin(links(), item)), lasting(lambda: recall_set(links(), first))
    print(f"{source}: origin {taken[0] * 1e3:.1f} ms, recall {taken[1] * 1e3:.1f} ms")
    assert len(origin(links(), item).items) == 1_501
    assert max(taken) < 0.1
