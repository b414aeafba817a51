"""A hub on a chain of its own, two programs that owe each other, and an index that follows them."""

import pytest

from crmdapp.store.index import Follower, open_index
from tests.loyalty.ledger import *  # noqa: F403 - fixtures
from tests.store.index.conftest import place_of_index


class Watch:
    """An index of the ledger's chain, brought up to date when asked."""

    def __init__(self, ledger, index):
        self.ledger, self.index = ledger, index
        self.follower = Follower(index, ledger.connection, ledger.manifest)

    def settle(self):
        """Bring the index to the head of the chain."""
        self.follower.run()

    def session(self):
        self.settle()
        return self.index.reading()

    def close(self):
        self.follower.close()
        self.index.close()


@pytest.fixture
def watch(request, ledger, tmp_path):
    with place_of_index(request, tmp_path) as url:
        watch = Watch(ledger, open_index(url))
        yield watch
        watch.close()
