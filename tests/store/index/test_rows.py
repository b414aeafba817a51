"""Rows of derived tables in a batch: changed in place, and yet what they were is known."""

import pytest

from crmdapp.store.index import schema
from crmdapp.store.index.errors import RowMissing
from crmdapp.store.index.rows import Rows

schema.load_domains()
FLOWS = schema.INDEX.tables["loyalty_flows"]
MOVES = schema.INDEX.tables["loyalty_moves"]
CLOCKS = schema.INDEX.tables["loyalty_clocks"]


class Shelf:
    """A store that holds clocks and counts what is asked of it."""

    def __init__(self):
        self.asked = []

    def load(self, table, key):
        self.asked.append((table.name, key))
        return {"id": 1, "genesis": 5, "epoch_length": 60} if table is CLOCKS else None

    def is_empty(self, table):
        return False


@pytest.fixture
def shelf():
    return Shelf()


@pytest.fixture
def rows(shelf):
    rows = Rows(shelf)
    rows.begin(7, noting=True)
    return rows


def befores(rows, table):
    return [(block, key, row) for block, of, key, row in rows.befores if of is table]


def test_add_keeps_what_the_row_was_before_each_block(rows):
    for block, points in ((8, 10), (9, 1)):
        rows.begin(block, noting=True)
        rows.add(FLOWS, 2, 3, awarded=points, awards=1)
        rows.add(FLOWS, 2, 3, awarded=points, awards=1)
    assert (rows.get(FLOWS, 2, 3)["awarded"], rows.get(FLOWS, 2, 3)["awards"]) == (22, 4)
    (first, _, none), (second, _, before) = befores(rows, FLOWS)
    assert (first, none, second) == (8, None, 9)
    assert (before["awarded"], before["awards"]) == (20, 2)


def test_add_leaves_a_row_alone_that_was_replaced(rows):
    rows.add(FLOWS, 2, 3, awarded=1)
    held = rows.get(FLOWS, 2, 3)
    rows.replace(FLOWS, held, awarded=5)
    replaced = rows.get(FLOWS, 2, 3)
    rows.add(FLOWS, 2, 3, awarded=1)
    assert [row["awarded"] for row in (held, replaced, rows.get(FLOWS, 2, 3))] == [1, 5, 6]


def test_amend_changes_a_row_that_was_put_in_the_block(rows):
    rows.put(CLOCKS, id=4, genesis=1, epoch_length=2)
    rows.amend(CLOCKS, 4, genesis=9)
    assert rows.get(CLOCKS, 4) == {"id": 4, "genesis": 9, "epoch_length": 2}


def test_amend_keeps_what_a_row_was_before_the_block(rows):
    before = rows.get(CLOCKS, 1)
    rows.amend(CLOCKS, 1, genesis=9)
    assert before["genesis"] == 5
    assert befores(rows, CLOCKS) == [(7, (1,), before)]
    assert rows.get(CLOCKS, 1)["genesis"] == 9


def test_amend_names_a_row_that_is_not_there(rows):
    with pytest.raises(RowMissing, match="loyalty_flows"):
        rows.amend(FLOWS, 2, 3, awarded=1)


def test_rows_of_blocks_are_not_kept_and_not_looked_for_in_their_own_block(rows, shelf):
    assert rows.get(MOVES, 7, 0) is None
    assert shelf.asked == []
    rows.settle()
    rows.begin(8, noting=True)
    assert rows.get(MOVES, 7, 0) is None
    assert shelf.asked == [("loyalty_moves", (7, 0))]


def test_settle_forgets_the_largest_table_when_there_are_too_many_rows(shelf):
    rows = Rows(shelf, most=3)
    rows.begin(7, noting=False)
    rows.put(CLOCKS, id=4, genesis=1, epoch_length=2)
    for epoch in range(3):
        rows.add(FLOWS, 2, epoch, awarded=1)
    shelf.asked.clear()
    rows.settle()
    rows.get(CLOCKS, 4)
    rows.get(FLOWS, 2, 0)
    assert shelf.asked == [("loyalty_flows", (2, 0))]


def test_scratch_is_empty_at_the_begin_of_a_block(rows):
    rows.scratch["seen"] = 1
    rows.begin(8, noting=True)
    assert rows.scratch == {}
