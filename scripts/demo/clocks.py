"""How the dates of the story become times of the chain."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

from crmdapp import Connection
from crmdapp.chain.deployments import HALF_YEAR
from scripts.demo.purchases import OPENING
from tests.fixtures.anvil import Anvil


class Clock(Protocol):
    """The time of the story.

    Attributes:
        is_live: Whether time passes by itself.
        epoch_length: Seconds of the chain in which half a year of the story passes.
    """

    is_live: bool
    epoch_length: int

    def timestamp(self, moment: datetime) -> int:
        """Return the chain's time at a moment of the story, Unix seconds."""

    def reach(self, moment: datetime) -> None:
        """Let time pass until the moment; do nothing if it is over."""

    def advance_to(self, timestamp: int) -> None:
        """Let time pass until the chain has a block of that Unix time, or a later one."""

    def label(self, moment: datetime | None) -> str:
        """Return a time of the chain in words."""


class SimulatedClock:
    """The dates of the story are the chain's, whose time is moved forward."""

    is_live = False
    epoch_length = HALF_YEAR

    def __init__(self, chain: Anvil) -> None:
        self._chain = chain

    def timestamp(self, moment: datetime) -> int:
        """Return the moment itself."""
        return int(moment.timestamp())

    def reach(self, moment: datetime) -> None:
        """Make a block at that moment."""
        self.advance_to(self.timestamp(moment))

    def advance_to(self, timestamp: int) -> None:
        """Make a block of that time."""
        if timestamp > self._chain.now:
            self._chain.advance_to(timestamp)

    def label(self, moment: datetime | None) -> str:
        """Return the day."""
        return "never" if moment is None else f"{moment:%Y-%m-%d}"


class RealClock:
    """Half a year of the story takes one short epoch of real time.

    Args:
        connection: The chain.
        epoch_length: Seconds, at least 60.
        beat: Has a block made; some chains make one only when there is a transaction.
    """

    is_live = True

    def __init__(self, connection: Connection, epoch_length: int, beat: Callable[[], None]) -> None:
        self.epoch_length = epoch_length
        self._connection = connection
        self._beat = beat
        beat()
        self._start = connection.block_timestamp()

    def timestamp(self, moment: datetime) -> int:
        """Return when the moment is played."""
        passed = (moment - OPENING).total_seconds() * self.epoch_length / HALF_YEAR
        return self._start + int(passed)

    def reach(self, moment: datetime) -> None:
        """Wait until a block of the chain is that late."""
        self.advance_to(self.timestamp(moment))

    def advance_to(self, timestamp: int) -> None:
        """Wait until a block of the chain is that late."""
        while self._connection.block_timestamp() < timestamp:
            time.sleep(max(0.5, timestamp - time.time()))
            self._beat()

    def label(self, moment: datetime | None) -> str:
        """Return the time of the day, UTC."""
        return "never" if moment is None else f"{moment.astimezone(UTC):%H:%M:%S}"
