"""Answers that are dear to make and good for as long as a block is what it is."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")

_KEPT_MAX = 512


class Remembered:
    """The answers used last, by what they are about and the hash of the block they hold for.

    A block that a reorganisation replaces has another hash: nothing that was true only in it is
    found again. Threads that ask for the same at once wait for one of them to find it out. What
    is kept is shared: nobody may change it.

    Args:
        limit: Most answers that are kept.
    """

    def __init__(self, limit: int = _KEPT_MAX) -> None:
        self._limit = limit
        self._kept: OrderedDict[Hashable, Future[Any]] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, about: Hashable, block_hash: bytes, make: Callable[[], tuple[bytes, T]]) -> T:
        """Return an answer, made now if it is not known.

        Args:
            about: What is asked, such as ``("verdict", 7)``.
            block_hash: The block that it is asked of.
            make: Finds it out and says of which block, which may be another one by then; it is
                kept only if it is of the one that was asked for. What it raises is not kept.
        """
        key = (about, block_hash)
        with self._lock:
            known = self._kept.get(key)
            found: Future[Any] = Future() if known is None else known
            self._kept[key] = found
            self._kept.move_to_end(key)
            while len(self._kept) > self._limit:
                self._kept.popitem(last=False)
        if known is None:
            self._fill(key, block_hash, found, make)
        answer: T = found.result()
        return answer

    def _fill(
        self,
        key: Hashable,
        block_hash: bytes,
        found: Future[Any],
        make: Callable[[], tuple[bytes, Any]],
    ) -> None:
        made_of = b""
        try:
            made_of, answer = make()
            found.set_result(answer)
        except BaseException as problem:
            found.set_exception(problem)
            raise
        finally:
            if made_of != block_hash:
                with self._lock:
                    if self._kept.get(key) is found:
                        del self._kept[key]
