"""The index follows the chain: forward, back, on both databases."""

import threading

import pytest
from sqlalchemy import func, inspect, select, text

from crmdapp.chain.decode import decode_log
from crmdapp.chain.manifest import Manifest
from crmdapp.errors import DiskFull
from crmdapp.store.errors import StoreLocked
from crmdapp.store.index import Follower, open_index, rebuild_index
from crmdapp.store.index.deriving import derives
from crmdapp.store.index.engine import writer as writing
from crmdapp.store.index.errors import (
    DerivationFailed,
    IndexBusy,
    IndexChainDiffers,
    IndexContractsDiffer,
    IndexEmpty,
    IndexVersionUnknown,
    ReorgTooDeep,
)
from crmdapp.store.index.schema import BLOCKS, EVENTS, STATE, UNDO
from tests.fixtures.anvil import Anvil
from tests.store.index.conftest import contents


def test_run_writes_every_event(index, following, village):
    village.live()
    step = following(index).run()
    with index.reading() as session:
        kept = session.execute(
            select(EVENTS.c.block, EVENTS.c.log_index, EVENTS.c.name, EVENTS.c.address).order_by(
                EVENTS.c.block, EVENTS.c.log_index
            )
        ).all()
    addresses = {*(item.address for item in village.manifest), *index.contracts()}
    logs = village.node.rpc("eth_getLogs", {"fromBlock": "0x0", "toBlock": "latest"})
    seen = [decode_log(log) for log in logs]
    assert [tuple(row) for row in kept] == [
        (item.block, item.log_index, type(item.event).__name__, item.address)
        for item in seen
        if item.address in addresses
    ]
    assert len(kept) == step.events > 20
    assert step.is_done


def test_run_finds_the_faces_that_programs_create(index, following, village):
    face = village.hub.read("tokenOf", village.programs[1])
    following(index).run()
    assert index.contracts()[face] == "PointsToken"
    village.award(village.programs[1], [village.address["customer"]])
    following(index).run()
    with index.reading() as session:
        names = session.execute(select(EVENTS.c.name).where(EVENTS.c.address == face))
        assert list(names.scalars()) == ["ERC20Transfer"]


def test_position_tells_block_and_chain(index, following, village):
    with pytest.raises(IndexEmpty):
        index.position()
    following(index).run()
    found, head = index.position(), village.connection.block()
    assert (found.block, found.hash.hex()) == (int(head["number"], 16), head["hash"][2:])
    assert (found.timestamp, found.chain_id) == (int(head["timestamp"], 16), 31337)
    assert found.genesis == village.connection.genesis_hash


def test_run_resumes_where_another_follower_ended(index, following, village, fresh):
    village.live(6)
    following(index).run()
    village.live(6, seed=2)
    following(index).run()
    assert contents(index) == fresh()


def test_run_ends_at_the_block_asked_for(index, following, village):
    village.node.mine(100)
    follower = following(index)
    assert 20 <= follower.run(until=20).block < village.connection.block_number()


@pytest.mark.parametrize("depth", [1, 7, 64])
def test_a_reorg_is_undone(index, following, village, fresh, depth):
    village.live(4)
    village.node.mine(70)
    before = village.connection.block_number()
    village.live(6, seed=3)
    village.node.mine(max(0, depth - (village.connection.block_number() - before)))
    follower = following(index)
    follower.run()
    village.node.reorg(depth)
    assert follower.step().taken_back == depth
    follower.run()
    assert contents(index) == fresh()
    village.live(3, seed=4)
    follower.run()
    assert contents(index) == fresh()


def test_a_reorg_before_the_process_began_is_undone(index, following, village, fresh):
    village.live(6)
    following(index).run()
    village.node.reorg(5)
    village.live(3, seed=5)
    following(index).run()
    assert contents(index) == fresh()


def test_a_face_whose_creation_was_undone_is_forgotten(index, following, village, fresh):
    follower = following(index)
    follower.run()
    known = index.contracts()
    village.act("merchant", "createProgram", ("Short", "SHRT", 4, 0, True, ()))
    follower.run()
    assert len(index.contracts()) == len(known) + 1
    village.node.reorg(1)
    follower.run()
    assert index.contracts() == known
    village.live(3)
    follower.run()
    assert contents(index) == fresh()


def test_blocks_taken_away_are_taken_back(index, following, village, fresh):
    village.live(8)
    follower = following(index)
    follower.run()
    village.node.rollback(5)
    assert follower.run().block == village.connection.block_number()
    assert contents(index) == fresh()


def test_a_reorg_deeper_than_kept_is_named_and_nothing_changes(index, following, village):
    village.live(12)
    follower = following(index, kept=4)
    follower.run()
    before = contents(index)
    village.node.reorg(10)
    with pytest.raises(ReorgTooDeep) as caught:
        follower.run()
    assert "--rebuild" in caught.value.hint
    assert contents(index) == before


def test_rebuild_begins_anew(index_url, following, village, fresh):
    village.live(12)
    with open_index(index_url) as index:
        following(index, kept=4).run()
    village.node.reorg(10)
    with rebuild_index(index_url) as index:
        following(index, kept=4).run()
        assert contents(index) == fresh()


def test_the_journal_keeps_recent_blocks_only(index, following, village):
    village.live(6)
    village.node.mine(10)
    follower = following(index, kept=5)
    follower.run()
    village.live(6, seed=2)
    follower.run()
    head = index.position().block
    with index.reading() as session:
        oldest = session.execute(select(func.min(UNDO.c.block))).scalar_one()
        empty = select(func.min(BLOCKS.c.number)).where(
            BLOCKS.c.number.not_in(select(EVENTS.c.block))
        )
        first_empty = session.execute(empty).scalar_one()
    assert oldest is None or oldest > head - 5
    assert first_empty is None or first_empty > head - 5


def test_follow_keeps_up_until_stopped(file_index, following, village, fresh):
    follower, stop, seen = following(file_index), threading.Event(), []
    thread = threading.Thread(
        target=follower.follow, args=(stop,), kwargs={"poll": 0.02, "progress": seen.append}
    )
    thread.start()
    village.live(4)
    head = village.connection.block_number()
    while not seen or seen[-1].block < head:
        stop.wait(0.02)
    stop.set()
    thread.join(10)
    assert contents(file_index) == fresh()


def lookups_of(index):
    with index.reading() as session:
        found = inspect(session.connection()).get_multi_indexes()
    return {item["name"] for items in found.values() for item in items}


def test_a_long_filling_makes_lookups_at_its_end(index, following, village):
    whole = lookups_of(index)
    village.node.mine(60)
    first = following(index, kept=4)
    assert not first.step().is_done
    assert len(lookups_of(index)) < len(whole)
    first.close()
    following(index, kept=4).run()
    assert lookups_of(index) == whole


# --------------------------------------------------------------------------- refusals


def test_another_chain_is_refused(index, following, village):
    following(index).run()
    with Anvil(timestamp=1_900_000_000) as other:
        other.mine(3)
        with pytest.raises(IndexChainDiffers):
            following(index, other.url)


def test_a_contract_that_was_not_followed_is_refused(index, village):
    entries = [item for item in village.manifest if item.name != "Elections"]
    partial = Manifest(village.manifest.chain_id, village.manifest.genesis, entries)
    first = Follower(index, village.connection, partial)
    first.run()
    first.close()
    with pytest.raises(IndexContractsDiffer, match="Elections"):
        Follower(index, village.connection, village.manifest)


def test_a_second_follower_is_refused(index, following, village):
    first = following(index)
    first.run()
    second = following(index)
    village.live(2)
    second.run()
    village.live(2, seed=2)
    with pytest.raises(IndexBusy):
        first.run()


def test_tables_of_another_release_are_refused(index_url):
    with open_index(index_url) as index, index.writing() as connection:
        connection.execute(text("UPDATE index_version SET fingerprint = 'other'"))
    with pytest.raises(IndexVersionUnknown, match="another release"):
        open_index(index_url)
    rebuild_index(index_url).close()
    open_index(index_url).close()


def test_a_locked_index_is_named_and_the_events_come_later(file_index, following, village, fresh):
    follower = following(file_index)
    follower.run()
    village.live(3)
    with file_index.writing(), pytest.raises(StoreLocked):
        follower.run()
    follower.run()
    assert contents(file_index) == fresh()


def test_a_full_disk_is_named_and_the_events_come_later(file_index, following, village, fresh):
    follower = following(file_index)
    follower.run()
    village.live(12)
    with file_index.engine.connect() as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar_one()
        connection.execute(text(f"PRAGMA max_page_count = {pages}"))
    with pytest.raises(DiskFull):
        follower.run()
    file_index.engine.dispose()  # new connections have the room that was made
    follower.run()
    assert contents(file_index) == fresh()


def test_an_event_that_cannot_be_worked_in_is_named(index, following, village, monkeypatch):
    def broken(rows, entry):
        raise KeyError(entry.event.cap)

    monkeypatch.setattr(writing, "derivations_of", lambda *_: (broken,))
    with pytest.raises(DerivationFailed, match="cannot be worked"):
        following(index).run()
    with index.reading() as session:
        assert session.execute(select(func.count()).select_from(EVENTS)).scalar_one() < 1


def test_derives_registers_for_one_contract(monkeypatch):
    from crmdapp.loyalty.events import CapSet
    from crmdapp.store.index import deriving

    monkeypatch.setattr(deriving, "_DERIVATIONS", {})

    @derives("PointsHub", CapSet)
    def cap_set(rows, entry):
        pass

    assert deriving.derivations_of("PointsHub", CapSet) == (cap_set,)
    assert deriving.derivations_of("Artworks", CapSet) == ()


def test_readers_see_one_block(index, following, village):
    follower = following(index)
    follower.run()
    with index.reading() as session:
        before = session.execute(select(STATE.c.block)).scalar_one()
        village.live(2)
        follower.run()
        counted = session.execute(select(func.max(EVENTS.c.block))).scalar_one()
        again = session.execute(select(STATE.c.block)).scalar_one()
    assert (again, counted <= before) == (before, True)


def test_sizes_count_rows(index, following, village):
    village.live(3)
    step = following(index).run()
    assert index.sizes()["events"] == step.events
    assert index.byte_size() > 10_000
