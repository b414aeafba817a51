"""The history against nodes that lie."""

import json
from dataclasses import replace
from itertools import pairwise

import pytest

from crmdapp.chain import connect
from crmdapp.chain.addresses import ZERO_ADDRESS
from crmdapp.chain.events import ERC721Transfer
from crmdapp.errors import NodeProblem, NodeRefused, VerificationFailed
from crmdapp.provenance.artworks import ArtworksClient
from crmdapp.provenance.events import ArtworkRevoked, ArtworkSold
from crmdapp.provenance.headers import HeaderInvalid, header_at, header_with, read_header
from crmdapp.provenance.history import (
    HistoryIncomplete,
    RecordForged,
    Replay,
    next_head,
    require_genuine,
)
from crmdapp.provenance.mirror_links import link_of, replayed
from crmdapp.provenance.mpt import StateProofInvalid
from tests.fixtures.flaky_rpc import Answer, FlakyRpc
from tests.provenance.gallery_hall import *  # noqa: F403 - fixtures


def answering(change):
    """A fault that lets the node answer and changes the result."""

    def fault(request):
        answer = json.loads(request.forward().body)
        answer["result"] = change(answer["result"])
        return Answer(json.dumps(answer).encode())

    return fault


@pytest.fixture
def liar(hall):
    """A node that can be told to lie."""
    with FlakyRpc(hall.node.url) as proxy:
        yield proxy


@pytest.fixture
def victim(hall, liar):
    """Somebody who has nothing but that node and the gallery's address."""
    with connect(liar.url) as connection:
        yield ArtworksClient(connection, hall.manifest.address("Artworks"))


@pytest.fixture
def story(hall, work):
    """The work, sold by its artist and sold on; and another one beside it."""
    hall.sell(work)
    hall.register(2)
    hall.sell(work, 9, seller="collector", buyer="buyer")
    return work


# ----------------------------------------------------------------- the story


def test_history_tells_the_whole_story(hall, story):
    found = hall.reader.history(story)
    artist, collector, buyer = map(hall.address, ("artist", "collector", "buyer"))
    assert [link.event for link in found.links][1:] == [
        ERC721Transfer(ZERO_ADDRESS, artist, story),
        ERC721Transfer(artist, collector, story),
        ArtworkSold(story, artist, collector, 5, 0, bytes(32)),
        ERC721Transfer(collector, buyer, story),
        ArtworkSold(story, collector, buyer, 9, 0, bytes(32)),
    ]
    registered = found.registered
    assert registered.event.artist == artist
    assert (found.owner, found.is_revoked, found.events) == (buyer, False, 7)
    assert registered.at == hall.connection.block_timestamp(registered.block)
    assert all(len(link.tx_hash) == 66 for link in found.links)
    assert found.proven.head == hall.reader.contract.read("historyHead")


def test_history_has_revocations_and_burns(hall, work):
    hall.client("artist").mint(work)
    case_id = hall.revoke(work)
    artist = hall.client("artist")
    artist.send(artist.prepare.burn(work))
    found = hall.reader.history(work)
    assert ArtworkRevoked(work, case_id) in [link.event for link in found.links]
    assert (found.owner, found.is_revoked) == (None, True)


def test_history_of_a_work_that_there_is_not_is_empty(hall, work):
    found = hall.reader.history(5)
    assert (found.artwork, found.links, found.owner, found.events) == (None, (), None, 1)


def test_links_follow_each_other(hall, story):
    replay = Replay(hall.reader, hall.connection.block_number())
    links = list(replay)
    assert [link.number for link in links] == [1, 2, 3, 4, 5, 6, 7]
    assert all(a.head == b.previous_head for a, b in pairwise(links))
    assert links[0].previous_head == bytes(32)
    again = list(replayed(link_of(json.dumps(link.to_json())) for link in links))
    assert again == links


def test_replay_goes_on_from_where_it_was(hall, work):
    first = Replay(hall.reader, hall.connection.block_number())
    list(first)
    block = hall.connection.block_number()
    hall.sell(work)
    second = Replay(
        hall.reader, hall.connection.block_number(), block + 1, first.head, first.events
    )
    list(second)
    assert second.events == 4
    second.require(hall.reader.head())


def test_times_are_asked_of_a_node_that_leaves_them_out(hall, story, victim, liar):
    liar.plan(
        answering(lambda logs: [_without(log, "blockTimestamp") for log in logs]),
        method="eth_getLogs",
        times=-1,
    )
    assert victim.history(story).events == 7


def _without(log, name):
    return {key: value for key, value in log.items() if key != name}


# ----------------------------------------------------------------- lying nodes


def without(position):
    return lambda logs: logs[:position] + logs[position + 1 :]


def twice(logs):
    return [*logs[:3], logs[2], *logs[3:]]


def swapped(logs):
    return [*logs[:1], logs[2], logs[1], *logs[3:]]


def with_topic(position, topic, value):
    def change(logs):
        log = logs[position]
        topics = [*log["topics"][:topic], value, *log["topics"][topic + 1 :]]
        return [*logs[:position], {**log, "topics": topics}, *logs[position + 1 :]]

    return change


def cheaper(logs):
    """The last sale, at another price."""
    log = logs[-1]
    data = "0x" + (1).to_bytes(32, "big").hex() + log["data"][66:]
    return [*logs[:-1], {**log, "data": data}]


def later(logs):
    return [*logs[:-1], {**logs[-1], "blockTimestamp": hex(2_000_000_000)}]


STRANGER = "0x" + "00" * 12 + "dead" * 10


@pytest.mark.parametrize(
    "lie",
    [
        without(0),
        without(3),
        without(6),
        lambda logs: [],
        twice,
        swapped,
        with_topic(2, 2, STRANGER),
        with_topic(3, 3, STRANGER),
        cheaper,
        later,
    ],
    ids=[
        "hides the registration",
        "hides a sale",
        "hides the last sale",
        "hides all",
        "adds one",
        "swaps two",
        "alters an owner",
        "alters a buyer",
        "alters a price",
        "alters a time",
    ],
)
def test_history_finds_a_node_out_that_lies(hall, story, victim, liar, lie):
    assert victim.history(story).events == 7
    liar.plan(answering(lie), method="eth_getLogs", times=-1)
    with pytest.raises(HistoryIncomplete) as refused:
        victim.history(story)
    known = refused.value
    assert known.on_chain == "0x" + hall.reader.contract.read("historyHead").hex()
    assert known.replayed != known.on_chain
    assert known.block == hall.connection.block_number()
    assert known.exit_code == 8


def test_history_finds_a_record_out_that_was_altered(hall, story, victim, liar):
    def alter(logs):
        data = bytearray(bytes.fromhex(logs[0]["data"][2:]))
        data[32] ^= 1  # the file's SHA-256, which the head does not hold itself
        return [{**logs[0], "data": "0x" + data.hex()}, *logs[1:]]

    liar.plan(answering(alter), method="eth_getLogs", times=-1)
    with pytest.raises(RecordForged):
        victim.history(story)


def test_require_genuine_checks_hash_artist_and_id(hall, work):
    (log,) = hall.reader.events("ArtworkRegistered")
    require_genuine(log.event)
    for change in ({"artist": hall.address("outsider")}, {"id": 5}, {"artwork_hash": bytes(32)}):
        with pytest.raises(RecordForged):
            require_genuine(replace(log.event, **change))


def test_sales_of_refuses_a_node_that_hides_one(hall, story, victim, liar):
    assert len(victim.sales_of(hall.address("collector"))) == 2
    assert len(victim.sales_of([hall.address("buyer")])) == 1
    assert victim.sales_of(hall.address("outsider")) == []
    liar.plan(answering(without(6)), method="eth_getLogs", times=-1)
    with pytest.raises(HistoryIncomplete):
        victim.sales_of(hall.address("collector"))


# ----------------------------------------------------------------- the head


def test_head_is_proved_against_another_nodes_header(hall, story, victim):
    with connect(hall.node.url) as other:
        proven = victim.head(header_from=other)
    assert proven.is_independent
    assert proven.head == hall.reader.contract.read("historyHead")
    known = header_at(hall.connection).hash
    assert victim.head(block_hash=known) == proven
    assert victim.head(block_hash="0x" + known.hex()) == proven
    assert not victim.head().is_independent


def test_a_forged_proof_does_not_lead_to_the_header(hall, story, victim, liar):
    def forge(proof):
        stored = proof["storageProof"][0]
        *path, leaf = stored["proof"]  # the leaf ends in the word
        other = leaf[:-2] + ("11" if leaf[-2:] != "11" else "22")
        return {**proof, "storageProof": [{**stored, "proof": [*path, other]}]}

    liar.plan(answering(forge), method="eth_getProof", times=-1)
    with pytest.raises(StateProofInvalid, match="does not lead to the header's state root"):
        victim.head()


def test_an_old_proof_does_not_lead_to_a_new_header(hall, story, victim, liar):
    block = hall.connection.block_number()
    place = hall.manifest.address("Artworks")
    old = hall.connection.request("eth_getProof", [place, ["0x" + "00" * 32], hex(block - 2)])
    liar.plan(answering(lambda _: old), method="eth_getProof", times=-1)
    with pytest.raises(StateProofInvalid):
        victim.head()


def test_a_node_with_a_chain_of_its_own_is_found_out_by_another_header(hall, story, victim, liar):
    """It serves an older block, with a matching proof, under the latest number."""
    block = hall.connection.block_number()
    old = hall.connection.block(block - 3)
    faked = {**old, "number": hex(block)}
    liar.plan(answering(lambda _: faked), method="eth_getBlockByNumber", times=-1)
    with pytest.raises(HeaderInvalid):
        victim.head()
    with connect(hall.node.url) as other:
        assert victim.head(header_from=other).header.number == block


def test_a_wrong_block_hash_is_refused(hall, work, victim, liar):
    with pytest.raises(NodeProblem):
        victim.head(block_hash=b"\x01" * 32)
    other = hall.connection.block(1)
    liar.plan(answering(lambda _: other), method="eth_getBlockByHash", times=-1)
    with pytest.raises(HeaderInvalid, match="does not have the block's hash"):
        victim.head(block_hash=header_at(hall.connection).hash)


def test_a_node_without_proofs_is_named(hall, work, victim, liar):
    liar.plan(lambda request: request.refuse(-32601, "no such method"), method="eth_getProof")
    with pytest.raises(NodeRefused):
        victim.head()
    liar.plan(answering(lambda _: {"accountProof": []}), method="eth_getProof")
    with pytest.raises(NodeProblem, match="malformed proof"):
        victim.head()


# ----------------------------------------------------------------- headers


@pytest.mark.parametrize(
    "name", ["stateRoot", "timestamp", "extraData", "gasUsed", "requestsHash", "parentHash"]
)
def test_read_header_refuses_one_that_was_altered(hall, name):
    block = hall.connection.block()
    last = int(block[name][-1:] or "0", 16) if len(block[name]) > 2 else 0
    altered = {**block, name: block[name][:-1] + f"{last ^ 1:x}"}
    if name == "extraData":
        altered[name] = "0x00"
    with pytest.raises(HeaderInvalid):
        read_header(altered)


def test_read_header_refuses_what_is_missing_or_malformed(hall):
    block = hall.connection.block()
    read_header(block)
    for changes in ({"stateRoot": None}, {"number": "x"}, {"hash": 5}, {"withdrawalsRoot": None}):
        with pytest.raises(HeaderInvalid):
            read_header({**block, **changes})


def test_read_header_takes_headers_of_earlier_forks():
    from tests.fixtures.anvil import Anvil

    for hardfork in ("london", "paris", "shanghai", "cancun"):
        with Anvil(hardfork=hardfork) as node, connect(node.url) as connection:
            node.mine()
            found = header_at(connection)
            assert header_with(connection, found.hash) == found


def test_header_at_refuses_another_block_than_it_asked_for(hall, victim, liar):
    other = hall.connection.block(1)
    liar.plan(answering(lambda _: other), method="eth_getBlockByNumber")
    with pytest.raises(HeaderInvalid, match="gave block 1 for block 2"):
        header_at(victim.connection, 2)


def test_next_head_depends_on_everything(hall, work):
    event = ArtworkSold(1, hall.address("artist"), hall.address("buyer"), 5, 1, b"\2" * 32)
    base = next_head(bytes(32), event, 7)
    others = {
        next_head(b"\1" + bytes(31), event, 7),
        next_head(bytes(32), event, 8),
        *(
            next_head(bytes(32), replace(event, **change), 7)
            for change in (
                {"id": 2},
                {"seller": hall.address("buyer")},
                {"buyer": hall.address("artist")},
                {"price": 6},
                {"currency": 2},
                {"digest": bytes(32)},
            )
        ),
    }
    assert len(others) == 8
    assert base not in others


def test_errors_say_that_a_check_failed():
    for kind in (HistoryIncomplete, RecordForged, StateProofInvalid, HeaderInvalid):
        assert issubclass(kind, VerificationFailed)
