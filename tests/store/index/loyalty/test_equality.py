"""The derived tables tell what the chain tells, whatever happened and however late it is."""

import pytest

from crmdapp.store.index.loyalty.verify import compare
from tests.store.index.loyalty.life import Life


def differences(watch):
    """Everything in which the index and the chain differ, and how much was compared."""
    with watch.session() as session:
        block = watch.index.position().block
        found = list(compare(session, watch.ledger.connection, watch.ledger.manifest, block))
    return [item for item in found if not item.is_equal], len(found)


@pytest.mark.parametrize(
    ("watch", "seed"),
    [("sqlite", 0), ("sqlite", 1), ("sqlite", 2), ("postgres", 0)],
    indirect=["watch"],
    ids=["0", "1", "2", "postgres"],
)
def test_index_equals_chain_after_random_operations(ledger, watch, seed):
    life = Life(ledger, seed)
    life.begin()
    for _ in range(4):
        life.run(60)
        different, compared = differences(watch)
        assert different == []
        assert compared > 50
    assert life.carried_out > 80
