"""A node that leaves out, invents or alters is found out by the headers; another one is asked."""

import json
import re

import pytest

from crmdapp.errors import NodeProblem, NodeUnreachable
from crmdapp.store.index.engine.blocks import is_complete, place_logs, read_block, require_whole
from crmdapp.store.index.engine.bloom import bits_of
from crmdapp.store.index.errors import BlockContradicted, IndexEmpty, LogInvented, LogOmitted
from tests.fixtures.flaky_rpc import drop_after, rpc_error
from tests.store.index.conftest import contents

TOPIC = "0x" + "5a" * 32


def changing(change):
    """A fault: the result of the request, changed."""

    def fault(request):
        answer = json.loads(request.forward().body)
        return request.reply(change(answer["result"]))

    return fault


def changed(log, **fields):
    return {**log, **fields}


def without_first(logs):
    return logs[1:]


def without_last(logs):
    return logs[:-1]


def without_any(logs):
    return []


def with_other_topic(logs):
    return [changed(log, topics=[*log["topics"][:-1], TOPIC]) for log in logs]


def with_other_block(logs):
    return [changed(log, blockHash=TOPIC) for log in logs]


def with_other_number(logs):
    return [changed(log, blockNumber="0x1") for log in logs]


def taken_back(logs):
    return [changed(log, removed=True) for log in logs]


def twice(logs):
    return [*logs, *logs[-1:]]


def no_list(logs):
    return {"logs": logs}


OMISSIONS = (without_first, without_last, without_any)
CONTRADICTIONS = (with_other_block, with_other_number, taken_back, twice, no_list)


@pytest.fixture
def lived(village):
    """The chain after some days, two of which every log of the block follows."""
    village.live(8)
    village.award(village.programs[0], [village.address["friend"], village.address["rival"]])
    return village


@pytest.mark.parametrize("omission", OMISSIONS)
def test_an_omitted_log_is_found(file_index, following, lived, proxy, omission):
    proxy.plan(changing(omission), method="eth_getLogs", times=-1)
    with pytest.raises(LogOmitted, match="left out a log of block"):
        following(file_index, proxy.url).run()
    assert file_index.sizes()["events"] == 0


@pytest.mark.parametrize("contradiction", CONTRADICTIONS)
def test_a_misplaced_log_is_found(file_index, following, lived, proxy, contradiction):
    proxy.plan(changing(contradiction), method="eth_getLogs", times=-1)
    with pytest.raises(BlockContradicted):
        following(file_index, proxy.url).run()
    assert file_index.sizes()["events"] == 0


@pytest.mark.parametrize("everywhere", [True, False])
def test_an_invented_log_is_found(file_index, following, lived, proxy, everywhere):
    def invented(request):
        fault = changing(with_other_topic)
        return (
            fault(request)
            if everywhere or "fromBlock" in request.params[0]
            else (request.forward())
        )

    proxy.plan(invented, method="eth_getLogs", times=-1)
    with pytest.raises(LogInvented):
        following(file_index, proxy.url).run()


@pytest.fixture
def latest(lived):
    """The latest block with its logs, and the contracts that are followed."""
    block = read_block(lived.connection.block())
    logs = lived.node.rpc("eth_getLogs", {"blockHash": block.text_hash})
    block.logs = list(logs)
    return block, logs, frozenset(log["address"].lower() for log in logs)


@pytest.mark.parametrize("places", [(0, 0), (1, 0), (0, 1, 1)], ids=["twice", "back", "last"])
def test_place_logs_takes_each_log_once_and_in_order(latest, places):
    block, logs, _ = latest
    block.logs = []
    with pytest.raises(BlockContradicted, match="not in block"):
        place_logs([block], [logs[place] for place in places])


def test_require_whole_accepts_all_logs_of_a_block(latest):
    require_whole(*latest)


def test_require_whole_finds_what_was_not_kept(latest):
    block, logs, addresses = latest
    block.logs = logs[1:]
    with pytest.raises(LogOmitted):
        require_whole(block, logs, addresses)


def test_require_whole_finds_two_answers_that_differ(latest):
    block, logs, addresses = latest
    other = [changed(log, data="0x" + "00" * 64) for log in logs]
    with pytest.raises(LogOmitted):
        require_whole(block, other, addresses)


def test_is_complete_asks_for_more_when_others_have_logs_in_the_block(latest):
    block, logs, addresses = latest
    watched = [bits_of(address) for address in addresses]
    assert is_complete(block, watched)
    block.logs = logs[:-1]
    assert not is_complete(block, watched)
    block.logs = []
    assert is_complete(block, [bits_of("0x" + "77" * 20)])


@pytest.mark.parametrize("name", ["timestamp", "logsBloom", "parentHash", "number", "stateRoot"])
def test_a_dressed_header_is_found(file_index, following, lived, proxy, name):
    def dressed(block):
        shown = block[name]
        digit = "1" if shown[-1] == "0" else "0"
        return {**block, name: shown[:-1] + digit}

    follower = following(file_index, proxy.url)
    proxy.plan(changing(dressed), method="eth_getBlockByNumber", times=-1)
    with pytest.raises(BlockContradicted):
        follower.run()
    with pytest.raises(IndexEmpty):
        file_index.position()


def test_a_block_of_another_number_is_found(file_index, following, lived, proxy):
    other = lived.connection.block(3)

    def misdirected(request):
        by_number = request.params[0] not in ("0x0", "latest", "finalized")
        return request.reply(other) if by_number else request.forward()

    proxy.plan(misdirected, method="eth_getBlockByNumber", times=-1)
    with pytest.raises(BlockContradicted, match="gave block 3 for block"):
        following(file_index, proxy.url).run()


@pytest.mark.parametrize("omission", OMISSIONS)
def test_another_node_is_asked_when_one_lies(file_index, following, lived, proxy, fresh, omission):
    proxy.plan(changing(omission), method="eth_getLogs", times=-1)
    following(file_index, proxy.url, lived.node.url).run()
    assert contents(file_index) == fresh()


@pytest.mark.parametrize("contradiction", [*OMISSIONS, *CONTRADICTIONS])
def test_a_contradiction_that_goes_away_is_read_again(
    file_index, following, lived, proxy, fresh, contradiction
):
    proxy.plan(changing(contradiction), method="eth_getLogs", times=1)
    following(file_index, proxy.url).run()
    assert contents(file_index) == fresh()


def test_a_dead_node_is_passed_over(file_index, following, lived, proxy, fresh):
    follower = following(file_index, proxy.url, lived.node.url)
    proxy.plan(drop_after, times=-1)
    follower.run()
    assert contents(file_index) == fresh()


def test_no_node_is_named(file_index, following, lived, proxy):
    follower = following(file_index, proxy.url)
    proxy.plan(drop_after, times=-1)
    with pytest.raises(NodeUnreachable, match="no usable answer"):
        follower.run()


def test_follow_outlives_a_node_that_is_down(file_index, following, lived, proxy, fresh):
    import threading

    follower, stop, troubles = following(file_index, proxy.url), threading.Event(), []
    proxy.plan(drop_after, times=3)

    def seen(step):
        if step.is_done:
            stop.set()

    follower.follow(stop, poll=0.01, progress=seen, trouble=troubles.append)
    assert all(isinstance(item, NodeProblem) for item in troubles)
    assert troubles
    assert contents(file_index) == fresh()


def test_spans_shrink_until_the_node_bears_them(file_index, following, lived, proxy, fresh):
    widths = []

    def narrow(request):
        query = request.params[0]
        if "fromBlock" in query:
            width = int(query["toBlock"], 16) - int(query["fromBlock"], 16) + 1
            widths.append(width)
            if width > 3:
                return request.refuse(-32005, "query returned more than 10000 results")
        return request.forward()

    proxy.plan(narrow, method="eth_getLogs", times=-1)
    following(file_index, proxy.url).run()
    assert contents(file_index) == fresh()
    assert max(widths) > 3
    assert min(widths) <= 3


def test_a_node_that_refuses_a_single_block_is_named(file_index, following, lived, proxy):
    proxy.plan(rpc_error(-32000, "no logs here"), method="eth_getLogs", times=-1)
    with pytest.raises(NodeProblem, match=re.escape("refused eth_getLogs")):
        following(file_index, proxy.url).run()


def test_a_node_that_takes_one_request_at_a_time_is_asked_so(
    file_index, following, lived, proxy, fresh
):
    proxy.takes_several = False
    following(file_index, proxy.url).run()
    assert contents(file_index) == fresh()


def test_a_node_that_is_behind_takes_nothing_back(file_index, following, lived, proxy):
    head = lived.connection.block()
    older = lived.connection.block(int(head["number"], 16) - 3)
    follower = following(file_index, proxy.url, lived.node.url)
    follower.run()

    def behind(request):
        return request.reply(older) if request.params[0] == "latest" else request.forward()

    proxy.plan(behind, method="eth_getBlockByNumber", times=-1)
    assert follower.step().taken_back == 0
    assert file_index.position().block == int(head["number"], 16)


def test_spans_shrink_when_a_node_takes_too_long(file_index, following, lived, proxy, fresh):
    def slow(request):
        query = request.params[0]
        if "fromBlock" in query and int(query["toBlock"], 16) > int(query["fromBlock"], 16) + 2:
            return drop_after(request)
        return request.forward()

    proxy.plan(slow, method="eth_getLogs", times=-1)
    following(file_index, proxy.url).run()
    assert contents(file_index) == fresh()


def test_a_stranger_among_blocks_is_found(file_index, following, lived, proxy):
    number = lived.connection.block_number() - 4
    known = lived.connection.block(number)
    lived.node.reorg(6)
    lived.live(3, seed=9)

    def stale(request):
        return request.reply(known) if request.params[0] == hex(number) else request.forward()

    proxy.plan(stale, method="eth_getBlockByNumber", times=-1)
    with pytest.raises(BlockContradicted, match="does not follow block"):
        following(file_index, proxy.url).run()
