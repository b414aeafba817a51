"""The head of the history: whoever replays the events knows whether one was left out."""

import pytest
from eth_utils import keccak

from tests.fixtures.logs import logs
from tests.provenance.artwork_intents import head_after
from tests.provenance.gallery import *  # noqa: F403 - fixtures
from tests.provenance.gallery import COIN, DAY, ETHER, GWEI, PRICE

# tests/mutants looks for what the fixtures deploy:
# project.Artworks, project.PointsHubMock, project.TestCoin

NOTHING = bytes(32)


@pytest.fixture
def story(project, artworks, chain):
    """All events of the contract so far, each with the time of its block."""

    def story_():
        w3 = chain.provider.web3
        raw = w3.eth.get_logs({"address": artworks.address, "fromBlock": 0})
        times = {entry["blockNumber"]: 0 for entry in raw}
        times = {number: w3.eth.get_block(number)["timestamp"] for number in times}
        return [
            (event, times[entry["blockNumber"]])
            for entry, event in zip(raw, logs(Receipt(raw), artworks), strict=True)
        ]

    return story_


class Receipt:
    """Logs of many transactions as if they were of one."""

    def __init__(self, raw):
        self.logs = raw


@pytest.fixture
def lively(
    artworks,
    registered,
    register,
    work,
    artist,
    collector,
    buyer,
    bidder,
    listing,
    offer,
    fund,
    revoke,
    clock,
    outsider,
):
    """A gallery in which everything happened at least once."""
    fund(buyer)
    signed = listing(registered, by=artist)
    artworks.buySigned(signed.values, signed.sign(artist), value=PRICE * GWEI, sender=collector)
    artworks.list(registered, PRICE, ETHER, sender=collector)
    artworks.buy(registered, PRICE, ETHER, value=PRICE * GWEI, sender=bidder)
    wanted = offer(registered)
    artworks.accept(wanted.values, wanted.sign(buyer), sender=bidder)
    artworks.openAuction(registered, 1, ETHER, DAY, sender=buyer)
    artworks.bid(registered, 5, value=5 * GWEI, sender=bidder)
    clock.set(clock.now + DAY + 1)
    artworks.settle(registered, sender=outsider)
    artworks.transferFrom(bidder, collector, registered, sender=bidder)
    other = register(work("other"), mints=True)
    artworks.burn(other, sender=artist)
    artworks.openAuction(registered, 1, COIN, DAY, sender=collector)
    revoke(registered)
    register(work("new file", succession=1))
    return registered


def test_historyHead_starts_from_nothing(artworks):
    assert artworks.historyHead() == NOTHING


def test_historyHead_is_what_the_events_replay_to(artworks, lively, story):
    events = story()
    names = [event.name for event, _ in events]

    assert artworks.historyHead() == head_after(NOTHING, events)
    assert names.count("ArtworkRegistered") == 3
    assert names.count("ArtworkSold") == 4
    assert names.count("ArtworkRevoked") == 1
    assert names.count("Transfer") == 8


def test_each_sale_has_its_transfer(lively, story):
    """And each transfer that is neither of a mint, a gift nor a burn its sale."""
    events = [event for event, _ in story()]
    sales = [event.fields for event in events if event.name == "ArtworkSold"]
    moved = [event.fields for event in events if event.name == "Transfer"]

    for sale in sales:
        hand_over = {"from": sale["seller"], "to": sale["buyer"], "tokenId": sale["id"]}
        assert moved.count(hand_over) == 1


def test_a_story_with_an_event_left_out_changed_or_moved_does_not_fit(artworks, lively, story):
    events = story()
    head = artworks.historyHead()
    provenance = {"Transfer", "ArtworkRegistered", "ArtworkSold", "ArtworkRevoked"}
    places = [place for place, (event, _) in enumerate(events) if event.name in provenance]
    assert len(places) == 16

    for place in places:
        event, timestamp = events[place]
        rest = events[:place], events[place + 1 :]
        assert head_after(NOTHING, rest[0] + rest[1]) != head
        assert head_after(NOTHING, [*rest[0], (event, timestamp + 1), *rest[1]]) != head
    sale = next(place for place in places if events[place][0].name == "ArtworkSold")
    event, timestamp = events[sale]
    for name, value in (("price", 1), ("currency", 1), ("digest", b"\x01" * 32)):
        forged = event._replace(fields=event.fields | {name: value})
        changed = [*events[:sale], (forged, timestamp), *events[sale + 1 :]]
        assert head_after(NOTHING, changed) != head
    swapped = list(events)
    first, second = places[3], places[4]
    swapped[first], swapped[second] = swapped[second], swapped[first]
    assert head_after(NOTHING, swapped) != head


def test_historyHead_is_in_slot_zero(artworks, lively, chain):
    """So `eth_getProof` shows it against a header from elsewhere."""
    place = "0x" + "00" * 32
    proof = chain.provider.web3.eth.get_proof(artworks.address, [place], "latest")
    (slot,) = proof["storageProof"]

    assert bytes(slot["value"]).rjust(32, b"\0") == bytes(artworks.historyHead())


def test_what_is_no_provenance_leaves_the_head(artworks, owned, collector, gallery, buyer, clock):
    head = artworks.historyHead()
    artworks.list(owned, PRICE, ETHER, sender=collector)
    artworks.list(owned, 0, ETHER, sender=collector)
    artworks.approve(buyer, owned, sender=collector)
    artworks.setApprovalForAll(buyer, True, sender=collector)
    artworks.openAuction(owned, 1, ETHER, DAY, sender=collector)
    artworks.cancelAuction(owned, sender=collector)
    artworks.setBaseURI("ipfs://place/", sender=gallery)
    artworks.cancelNonce(7, sender=buyer)

    assert artworks.historyHead() == head


def test_two_works_share_one_head(artworks, register, work):
    heads = [artworks.historyHead()]
    for file in ("one", "two"):
        register(work(file))
        heads.append(artworks.historyHead())

    assert len(set(heads)) == 3
    assert keccak(text="one") != keccak(text="two")
