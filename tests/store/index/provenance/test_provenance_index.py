"""Works, curators and items in the index, compared with the contracts; a reorg; the questions."""

import random
from dataclasses import dataclass

import pytest

from crmdapp.errors import CrmdappError
from crmdapp.provenance import (
    Ballot,
    CaseStatus,
    Commission,
    Device,
    Ground,
    TransformationInput,
    id_of,
    origin,
    recall_set,
    sign_assignment,
    sign_listing,
    sign_window,
)
from crmdapp.provenance.errors import ArtworkUnknown, CaseUnknown, ItemUnknown
from crmdapp.provenance.gs1.epc import epc_hash
from crmdapp.provenance.readings import Reading
from crmdapp.store.index import Follower, open_index
from crmdapp.store.index.provenance import queries, queries_items
from crmdapp.store.index.provenance.queries_items import IndexLinks, TraceTooLarge
from crmdapp.store.index.provenance.verify import compare
from tests.provenance.gallery_hall import (
    BOND,
    COIN,
    CURATORS,
    HOUR,
    hall,  # noqa: F401 - a fixture
    hall_on_chain,  # noqa: F401 - a fixture
)
from tests.provenance.yard import ROLES as YARD_ROLES
from tests.provenance.yard import Yard, lot_link
from tests.store.index.conftest import place_of_index


@dataclass
class Indexed:
    """The index over a hall's chain."""

    index: object
    follower: Follower
    place: object

    def settle(self):
        while not self.follower.step().is_done:
            pass

    def ask(self, query, *arguments, **settings):
        self.settle()
        with self.index.reading() as session:
            return query(session, *arguments, **settings)

    def differences(self):
        """Whatever the index says otherwise than the chain, after it caught up."""
        self.settle()
        block = self.index.position().block
        with self.index.reading() as session:
            found = list(compare(session, self.place.connection, self.place.manifest, block))
        assert len(found) > 3
        return [each for each in found if not each.is_equal]


@pytest.fixture
def indexed(request, hall, tmp_path):  # noqa: F811 - the fixture
    with place_of_index(request, tmp_path) as url, open_index(url) as index:
        follower = Follower(index, hall.connection, hall.manifest)
        yield Indexed(index, follower, hall)
        follower.close()


@pytest.fixture
def yard(hall, tmp_path):  # noqa: F811 - the fixture
    """Goods on the hall's chain."""
    yard = Yard(hall.node, hall.manifest, tmp_path, hall.connection)
    yield yard
    yard.close()


# ----------------------------------------------------------------- works


def test_work_is_that_of_the_chain_through_its_whole_life(indexed, hall):  # noqa: F811 - the fixture
    work = hall.register()
    assert indexed.differences() == []
    fresh = indexed.ask(queries.work, work)
    assert (fresh.owner, fresh.price, fresh.epoch) == (None, 0, 0)
    assert fresh.seller == hall.address("artist")
    hall.client("artist").list(work, 5)
    assert indexed.differences() == []
    assert indexed.ask(queries.work, work).is_for_sale
    hall.client("collector").buy(work, 5)
    assert indexed.differences() == []
    sold = indexed.ask(queries.work, work)
    assert (sold.owner, sold.price, sold.sales) == (hall.address("collector"), 0, 1)
    hall.client("collector").open_auction(work, 10, 0, HOUR)
    assert indexed.differences() == []
    hall.client("buyer").bid(work, 10)
    assert indexed.ask(queries.auction, work).bidder == hall.address("buyer")
    hall.node.advance(2 * HOUR)
    client = hall.client("outsider")
    client.send(client.prepare.settle(work))
    assert indexed.differences() == []
    assert indexed.ask(queries.work, work).owner == hall.address("buyer")
    assert indexed.ask(queries.auction, work) is None
    client = hall.client("buyer")
    client.send(client.prepare.burn(work))
    assert indexed.differences() == []
    burned = indexed.ask(queries.work, work)
    assert (burned.owner, burned.is_burned, burned.seller) == (None, True, None)
    kinds = [row.kind for row in indexed.ask(queries.timeline, work)]
    assert kinds == [
        "ArtworkRegistered",
        "Transfer",
        "ArtworkListed",
        "Transfer",
        "ArtworkSold",
        "AuctionOpened",
        "AuctionBid",
        "Transfer",
        "ArtworkSold",
        "Transfer",
    ]


def test_first_sale_by_signature_moves_the_work_through_its_artist(indexed, hall):  # noqa: F811 - the fixture
    work = hall.register()
    signed = sign_listing(
        hall.signer("artist"), hall.reader.domain, work, 7, 0, epoch=0, deadline=hall.later()
    )
    hall.client("collector").buy_signed(signed)
    assert indexed.differences() == []
    (sale,) = indexed.ask(queries.sales_of, hall.address("collector"))
    assert (sale.giver, sale.price, sale.word) == (hall.address("artist"), 7, signed.digest)
    assert indexed.ask(queries.sales_of, hall.address("outsider")) == []


def test_revoked_work_is_flagged_and_bonds_are_the_boards(indexed, hall):  # noqa: F811 - the fixture
    work = hall.register(mints=True)
    client = hall.client("artist")
    client.open_auction(work, 10, COIN, 24 * HOUR)
    hall.give_coins("buyer", 10**9)
    hall.let_take_coins("buyer", 10**9)
    hall.client("buyer").bid(work, 10)
    case_id = hall.board("outsider").challenge(work, Ground.FALSE_RECORD)
    hall.board("artist").defend(case_id)
    assert indexed.differences() == []
    assert indexed.ask(queries.work, work).open_challenges == 1
    assert hall.decide(case_id, True, True, False) is CaseStatus.UPHELD
    assert indexed.differences() == []
    revoked = indexed.ask(queries.work, work)
    assert (revoked.is_revoked, revoked.is_auctioned, revoked.open_challenges) == (True, False, 0)
    assert revoked.revoked_by == case_id
    (coin,) = indexed.ask(queries.credit_of, hall.address("buyer")).items()
    assert coin == (hall.coin, 10 * 10**4)
    board = hall.board("first curator")
    board.send(board.prepare.claim_reward(case_id))
    board = hall.board("outsider")
    board.send(board.prepare.withdraw(hall.address("outsider")))
    assert indexed.differences() == []
    found = indexed.ask(queries.case, case_id)
    assert (found.status, found.ayes, found.noes) == (CaseStatus.UPHELD, 2, 1)
    first = indexed.ask(queries.votes, case_id)
    assert {vote.curator for vote in first} == {hall.address(role) for role in CURATORS}
    assert [vote.reward for vote in first if vote.curator == hall.address(CURATORS[0])] == [
        BOND // 2 // 3
    ]


def test_open_submission_keeps_the_record_that_is_asked_for(indexed, hall):  # noqa: F811 - the fixture
    submission = hall.submission(hall.image())
    case_id = hall.board("artist").submit(submission.artwork)
    hall.board(CURATORS[0]).commit_vote(Ballot.draw(case_id, hall.address(CURATORS[0]), True))
    assert indexed.differences() == []
    (found,) = indexed.ask(queries.cases, status=CaseStatus.OPEN)
    assert (found.case_id, found.artwork) == (case_id, submission.artwork)
    assert found.work == id_of(submission.artwork.file_keccak)
    assert indexed.ask(queries.cases, status=CaseStatus.UPHELD) == []


def test_works_are_filtered_and_go_by_key(indexed, hall):  # noqa: F811 - the fixture
    ids = [hall.register(seed) for seed in (1, 2, 3)]
    hall.client("artist").list(ids[1], 5)
    first = indexed.ask(queries.works, limit=2)
    assert [row.id for row in first] == [ids[2], ids[1]]
    (last,) = indexed.ask(queries.works, after=first[-1].cursor, limit=2)
    assert last.id == ids[0]
    assert [row.id for row in indexed.ask(queries.works, for_sale=True)] == [ids[1]]
    assert len(indexed.ask(queries.works, artist=hall.address("artist"))) == 3
    assert indexed.ask(queries.works, artist=hall.address("outsider")) == []


def test_unknown_work_case_and_item_are_refused(indexed, hall):  # noqa: F811 - the fixture
    with pytest.raises(ArtworkUnknown) as told:
        indexed.ask(queries.work, 77)
    assert told.value.id == 77
    with pytest.raises(CaseUnknown):
        indexed.ask(queries.case, bytes(32))
    with pytest.raises(ItemUnknown) as unknown:
        indexed.ask(queries_items.item, 78)
    assert unknown.value.item == 78


# ----------------------------------------------------------------- items


def test_items_are_those_of_the_ledger_from_farm_to_seal(indexed, yard):
    lot = yard.lot(certifier=yard.address("certifier"))
    (box,) = yard.make("farmer", "BOX", level=1)
    (pallet,) = yard.make("farmer", "PALLET", level=2)
    farmer = yard.client("farmer")
    farmer.pack(box, [lot], yard.step(biz_step="packing"))
    farmer.pack(pallet, [box], yard.step(biz_step="packing"))
    assert indexed.differences() == []
    yard.hand_over([pallet])
    assert indexed.differences() == []
    assert indexed.ask(queries_items.custodian_of, lot) == yard.address("roaster")
    assert [row.item for row in indexed.ask(queries_items.parents, lot)] == [box, pallet]
    roaster = yard.client("roaster")
    roaster.unpack(box, [lot], yard.step())
    assert indexed.differences() == []
    made = roaster.transform(
        [TransformationInput(lot, 20_000)],
        [Commission(epc_hash(lot_link("ROAST")), quantity=19_000, unit="KGM")],
        yard.step(),
    )
    roaster.declare_error(lot, b"\x11" * 32)
    yard.client("farmer").recall([epc_hash(lot_link("L0"))], b"\x22" * 32)
    roaster.retire(made, yard.step(disposition="destroyed"))
    assert indexed.differences() == []
    found = indexed.ask(queries_items.item, lot)
    assert (found.quantity, found.is_recalled, found.recall_reason) == (40_000, True, b"\x22" * 32)
    assert [row.item for row in indexed.ask(queries_items.issued, recalled=True)] == [lot]
    held = indexed.ask(queries_items.stock, yard.address("roaster"))
    assert {row.item for row in held} == {lot, pallet}
    with indexed.index.reading() as session:
        links = IndexLinks(session)
        assert origin(links, made[0]).items == (made[0], lot)
        assert set(recall_set(links, lot)) == {lot, made[0]}
    kinds = [row.kind for row in indexed.ask(queries_items.journey, lot)]
    assert "CustodyHandedOver" in kinds  # the pallet's, while the lot was in it
    with pytest.raises(TraceTooLarge), indexed.index.reading() as session:
        origin(IndexLinks(session, most=1), made[0])


def test_devices_and_windows_are_those_of_the_ledger(indexed, yard):
    (item,) = yard.make("farmer", "COLD")
    device = Device.new()
    farmer = yard.client("farmer")
    farmer.assign_device(
        sign_assignment(device, farmer.domain, item, yard.address("farmer"), window=0)
    )
    readings = [Reading(yard.now, "Temperature", 4_500, "CEL")]
    farmer.anchor(sign_window(device, farmer.domain, item, readings, window=1))
    assert indexed.differences() == []
    (row,) = indexed.ask(queries_items.devices_of, item)
    assert (row.device, row.window) == (device.key.device, 1)
    (window,) = indexed.ask(queries_items.windows_of, item)
    assert (window.count, window.starts_at) == (1, readings[0].time)


# ----------------------------------------------------------------- at random, and undone


def _random_move(rng, hall, yard, works, items):  # noqa: F811 - the fixture
    """Something somebody might do; the contracts refuse what is wrong."""
    role = rng.choice(("artist", "collector", "buyer"))
    work = rng.choice(works)
    client = hall.client(role)
    giver, taker = rng.sample(YARD_ROLES[:3], 2)
    item, other = rng.sample(items, 2)
    moves = (
        lambda: client.list(work, rng.randint(1, 9)),
        lambda: client.unlist(work),
        lambda: client.buy(work, client.state(work).price),
        lambda: client.open_auction(work, rng.randint(1, 9), 0, 900),
        lambda: client.bid(work, 10),
        lambda: client.send(client.prepare.cancel_auction(work)),
        lambda: (hall.node.advance(900), client.send(client.prepare.settle(work))),
        lambda: client.send(
            client.prepare.transfer(work, hall.address(role), hall.address("buyer"))
        ),
        lambda: client.mint(work),
        lambda: yard.hand_over([item], giver, taker),
        lambda: yard.client(giver).pack(other, [item], yard.step()),
        lambda: yard.client(giver).unpack(other, [item], yard.step()),
        lambda: yard.client(giver).observe([item], yard.step(biz_step="storing")),
    )
    rng.choice(moves)()


@pytest.mark.parametrize(
    ("indexed", "seed"),
    [("sqlite", 1), ("sqlite", 2), ("postgres", 1)],
    indirect=["indexed"],
    ids=["1", "2", "postgres"],
)
def test_index_is_the_chain_after_random_moves_and_a_reorg(indexed, hall, yard, seed):  # noqa: F811
    rng = random.Random(seed)
    works = [hall.register(number) for number in (1, 2)]
    items = [
        yard.make(role, f"{role}-{level}", level=level)[0]
        for role in YARD_ROLES[:3]
        for level in (0, 1, 2)
    ]
    done = 0

    def go(moves):
        nonlocal done
        for _ in range(moves):
            try:
                _random_move(rng, hall, yard, works, items)
            except CrmdappError:
                continue
            done += 1

    go(60)
    assert indexed.differences() == []
    before = indexed.ask(queries.works)
    mark = hall.node.snapshot()
    go(60)
    assert indexed.differences() == []
    hall.node.revert(mark)
    hall.node.advance(7)
    hall.node.mine()
    assert indexed.differences() == []
    assert indexed.ask(queries.works) == before
    assert done >= 12


def test_gallery_and_curators_are_named(indexed, hall):  # noqa: F811 - the fixture
    assert indexed.ask(queries.gallery) == hall.address("gallery")
    addresses = [hall.address(role) for role in CURATORS]
    assert indexed.ask(queries.curators) == tuple(sorted(addresses, key=lambda one: int(one, 16)))
