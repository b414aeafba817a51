"""Keeping the index up to date in a thread of the server."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from crmdapp.errors import CrmdappError

if TYPE_CHECKING:
    from crmdapp.web.context import Context

_LOG = logging.getLogger("crmdapp.web")

_PATIENCE = 2.0
"""Seconds that a page waits for the index."""


class Following:
    """A thread that looks for new blocks until it is stopped.

    Attributes:
        problem: Name of what kept the last look from succeeding; empty if nothing did.
    """

    def __init__(self, context: Context) -> None:
        from crmdapp.store.index import Follower

        self.problem = ""
        self._context = context
        self._follower = Follower(context.index, context.connection, context.manifest)
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="crmdapp-index", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the step under way and end."""
        self._stopping.set()
        self._thread.join()

    def catch_up(self, seconds: float = _PATIENCE) -> bool:
        """Take in what is there now, and tell whether all of it was.

        Args:
            seconds: After them no further span of blocks is begun.

        Raises:
            CrmdappError: The node or the index could not be used.
        """
        deadline = time.monotonic() + seconds
        while not self._step():
            if self._stopping.is_set() or time.monotonic() > deadline:
                return False
        return True

    def _step(self) -> bool:
        with self._lock:
            return self._follower.step().is_done

    def _run(self) -> None:
        while not self._stopping.is_set():
            if self._is_done_for_now():
                self._stopping.wait(self._context.settings.poll)

    def _is_done_for_now(self) -> bool:
        try:
            is_done = self._step()
        except CrmdappError as problem:
            if self.problem != problem.code:
                _LOG.warning("the index cannot follow: %s", problem.code)
            self.problem = problem.code
            return True
        except Exception as problem:  # noqa: BLE001 - the next look may fare better
            name = type(problem).__name__  # its text may hold what somebody wrote
            if self.problem != name:
                _LOG.error("the index met something unforeseen: %s", name)
            self.problem = name
            return True
        self.problem = ""
        return is_done
