"""What anybody may write into the contracts, the index takes in: nobody can make it stop."""

import pytest
from sqlalchemy import select

from crmdapp.store.index.customers.tables import BATCHES, LOGS
from crmdapp.store.index.loyalty.tables import PROGRAMS
from crmdapp.store.index.loyalty.verify import compare
from crmdapp.store.index.schema import EVENTS

COUNT_MAX = 2**64 - 1
WORD = b"\x5a" * 32
NAME = b"Evil"


@pytest.fixture
def send(village):
    """A transaction of an outsider that must not revert."""

    def send_(to, data):
        message = {"from": village.address["outsider"], "to": to, "data": "0x" + data.hex()}
        tx_hash = village.node.rpc("eth_sendTransaction", {**message, "gas": hex(3_000_000)})
        village.node.settle()
        assert village.connection.receipt(tx_hash)["status"] == "0x1"

    return send_


@pytest.fixture
def anchor(village, send):
    """An outsider anchors a batch of that many interactions, as it says."""
    place = village.manifest.address("InteractionLog")
    log = village.connection.contract("InteractionLog", place)

    def anchor_(count):
        send(place, log.call("anchor", 0, WORD, WORD, count).data)

    return anchor_


def test_batches_of_any_size_are_taken_in(index, following, village, anchor):
    anchor(COUNT_MAX)
    anchor(COUNT_MAX)
    assert following(index).run().is_done
    with index.reading() as session:
        batches = session.execute(select(BATCHES).order_by(BATCHES.c.number)).all()
        assert session.scalar(select(LOGS.c.interactions)) == 2 * COUNT_MAX
    assert [(row.first_seq, row.count) for row in batches] == [
        (1, COUNT_MAX),
        (COUNT_MAX + 1, COUNT_MAX),
    ]


def test_batches_of_any_size_are_taken_back(index, following, village, anchor, fresh):
    anchor(COUNT_MAX)
    follower = following(index)
    follower.run()
    anchor(COUNT_MAX)
    follower.run()
    village.node.reorg(1)
    follower.run()
    with index.reading() as session:
        assert session.scalar(select(LOGS.c.interactions)) == COUNT_MAX


@pytest.mark.parametrize(
    "name", [b"Ev\x00l", b"Ev\xff\xfe", b"\xed\xa0\x80l"], ids=["nul", "latin", "surrogate"]
)
def test_program_of_any_name_is_taken_in(index, following, village, send, name):
    data = village.hub.call("createProgram", (NAME.decode(), "EVIL", 4, 0, True, ())).data
    send(village.hub.address, data.replace(NAME, name))
    village.award(village.programs[0], [village.address["customer"]])
    assert following(index).run().is_done
    with index.reading() as session:
        owners = set(session.scalars(select(PROGRAMS.c.owner)))
        block = village.connection.block_number()
        found = list(compare(session, village.connection, village.manifest, block))
    assert village.address["outsider"] in owners
    assert [item for item in found if not item.is_equal] == []


def test_approval_of_points_of_no_program_is_taken_in(index, following, village):
    village.act("outsider", "approve", village.address["friend"], 2**256 - 1, 2**256 - 1)
    assert following(index).run().is_done
    with index.reading() as session:
        names = set(session.scalars(select(EVENTS.c.name)))
    assert "ERC6909Approval" in names
