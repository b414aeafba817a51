"""Keeping the index up to date in a thread of the server."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from crmdapp.errors import CrmdappError

if TYPE_CHECKING:
    from crmdapp.web.context import Context

_LOG = logging.getLogger("crmdapp.web")


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

    def step(self) -> None:
        """Take in what is there now.

        Raises:
            CrmdappError: The node or the index could not be used.
        """
        with self._lock:
            self._follower.step()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.step()
                self.problem = ""
            except CrmdappError as problem:
                if self.problem != problem.code:
                    _LOG.warning("the index cannot follow: %s", problem.code)
                self.problem = problem.code
            self._stopping.wait(self._context.settings.poll)
