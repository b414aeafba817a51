"""Whatever happens on the way, the index ends as one made anew from the chain."""

import contextlib
import json
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from crmdapp.store.index import open_index
from crmdapp.store.index.engine.sql import Sql
from crmdapp.store.index.errors import LogOmitted
from tests.store.index.conftest import contents

ROOT = Path(__file__).parents[3]
SEEDS = range(3)


class Crash(Exception):  # noqa: N818 - what happens to the process, not a fault
    """Ends a transaction in the middle."""


def omitting(choose):
    """A fault: some log is missing from the answer."""

    def fault(request):
        found = json.loads(request.forward().body)["result"]
        if found:
            found.pop(choose.randrange(len(found)))
        return request.reply(found)

    return fault


class Days:
    """What may happen to the chain and to the process that follows it."""

    def __init__(self, village, proxy, index, follow, monkeypatch, seed):
        self.village, self.proxy, self.index, self.follow = village, proxy, index, follow
        self.monkeypatch = monkeypatch
        self.choose = random.Random(seed)
        self.first = village.connection.block_number()
        self.follower = follow(index, proxy.url)
        chain = [self.live, self.live, self.reorg, self.roll_back]
        self.happenings = [*chain, self.crash, self.lie, self.restart]

    def pass_by(self, days):
        for _ in range(days):
            self.choose.choice(self.happenings)()
            self.follower.run()

    def live(self):
        for _ in range(self.choose.randrange(1, 4)):
            self.village.happen(self.choose)
        if not self.choose.randrange(4):
            self.village.node.mine(self.choose.randrange(1, 50))

    def depth(self):
        head = self.village.connection.block_number()
        return min(self.choose.choice((1, 2, 5, 20, 64)), head - self.first)

    def reorg(self):
        if depth := self.depth():
            self.village.node.reorg(depth)

    def roll_back(self):
        if depth := self.depth():
            self.village.node.rollback(depth)

    def crash(self):
        """An error in the middle of a transaction."""
        self.live()
        left = [self.choose.randrange(1, 6)]

        def failing(method):
            def call(*args):
                left[0] -= 1
                if not left[0]:
                    raise Crash
                return method(*args)

            return call

        with self.monkeypatch.context() as patch:
            for name in ("insert", "upsert"):
                patch.setattr(Sql, name, failing(getattr(Sql, name)))
            try:
                self.follower.run()
            except Crash:
                self.restart()

    def lie(self):
        self.live()
        self.proxy.plan(omitting(self.choose), method="eth_getLogs", times=2)
        with contextlib.suppress(LogOmitted):
            self.follower.run()
        self.proxy.heal()

    def restart(self):
        self.follower = self.follow(self.index, self.proxy.url)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_index_equals_a_fresh_one(index, following, village, proxy, fresh, monkeypatch, seed):
    days = Days(village, proxy, index, following, monkeypatch, seed)
    days.pass_by(14)
    assert contents(index) == fresh()


@pytest.mark.parametrize("steps", [2, 9, 21])
def test_a_killed_process_leaves_whole_blocks(
    index_url, following, village, fresh, tmp_path, steps
):
    village.live(10)
    village.manifest.save(tmp_path / "31337.json")
    command = [sys.executable, "-m", "tests.store.index.killed_follower", index_url]
    words = [village.node.url, str(tmp_path / "31337.json"), str(steps)]
    ended = subprocess.run(command + words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    with open_index(index_url) as index:
        found = contents(index)
        whole = fresh()
        reached = max((row[0] for row in found["events"]), default=0)
        assert found["events"] == [row for row in whole["events"] if row[0] <= reached]
        following(index).run()
        assert contents(index) == whole


def test_a_reorg_while_the_process_is_down(index_url, following, village, fresh):
    village.live(5)
    with open_index(index_url) as index:
        following(index).run()
    village.node.reorg(4)
    village.live(5, seed=7)
    with open_index(index_url) as index:
        following(index).run()
        assert contents(index) == fresh()


def test_rows_in_memory_are_forgotten_after_a_failure(
    file_index, following, village, fresh, monkeypatch
):
    def failing(*_):
        raise Crash

    village.live(6)
    follower = following(file_index)
    follower.run()
    village.live(6, seed=2)
    with monkeypatch.context() as patch:
        patch.setattr(Sql, "insert", failing)
        with pytest.raises(Crash):
            follower.run()
    follower.run()
    assert contents(file_index) == fresh()
