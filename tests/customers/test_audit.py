"""An operator that omits, edits, forks or dawdles is caught, and told why."""

from dataclasses import replace

import pytest

from crmdapp.chain import LocalSigner
from crmdapp.chain._keccak import keccak
from crmdapp.customers.audit import FindingKind, audit_receipts
from crmdapp.customers.log_audit import FINDINGS_MAX, audit_log
from crmdapp.customers.log_export import read_export
from crmdapp.customers.log_proof import ProofInvalid
from crmdapp.errors import FileRejected, UsageError
from tests.customers.books import (
    BEGIN,
    CUSTOMER,
    DELAY,
    DOMAIN,
    FRIEND,
    LOG,
    Books,
    receipt_of,
)
from tests.fixtures.anvil import DEV_KEYS

LATER = BEGIN + DELAY + 1_000
FORGED, OMITTED, EDITED = FindingKind.FORGED, FindingKind.OMITTED, FindingKind.EDITED
FORKED, GAP, LATE = FindingKind.FORKED, FindingKind.GAP, FindingKind.LATE
OVERDUE = FindingKind.OVERDUE


@pytest.fixture
def books():
    """The customer's three visits and the friend's two, not anchored yet."""
    books = Books()
    books.notes(3)
    books.notes(2, FRIEND)
    return books


@pytest.fixture
def mine(books):
    """The customer's receipts."""
    return books.receipts[:3]


def found(receipts, books, now=LATER, **evidence):
    findings = audit_receipts(receipts, books.batches, now=now, delay=DELAY, **evidence)
    return [(item.kind, item.customer_seq) for item in findings]


def proofs(books, receipts):
    return [books.proof(item.leaf) for item in receipts]


def published(books, path, *customers, **changes):
    books.export(path, **changes)
    wanted = customers or (CUSTOMER,)
    return audit_log(path, LOG, books.batches, delay=DELAY, customers=wanted)


# ----------------------------------------------------------------- an honest company


def test_an_honest_log_is_clean(books, mine, tmp_path):
    books.anchor()
    assert found(mine, books, proofs=proofs(books, mine)) == []
    audit = published(books, tmp_path / "log.jsonl")
    assert (audit.findings, audit.faults, audit.interactions) == ((), 0, 5)
    assert (audit.customers, audit.erased) == (2, 0)
    assert found(mine, books, published=audit.published) == []
    assert (
        found(mine, books, heads=[books.heads[0].proof(CUSTOMER)], proofs=proofs(books, mine)) == []
    )


def test_what_is_not_due_yet_is_no_finding(books, mine):
    assert found(mine, books, now=BEGIN) == []


def test_an_erased_customer_can_still_audit(books, mine, tmp_path):
    books.anchor()
    audit = published(books, tmp_path / "log.jsonl", erased=(CUSTOMER,))
    assert (audit.findings, audit.erased) == ((), 3)
    assert found(mine, books, published=audit.published) == []
    bare = [replace(item, interaction=None) for item in proofs(books, mine)]
    assert found(mine, books, proofs=bare) == []


# ----------------------------------------------------------------- receipts by themselves


def test_a_receipt_that_nobody_proved_is_overdue(books, mine):
    assert found(mine, books) == [(OVERDUE, 1), (OVERDUE, 2), (OVERDUE, 3)]


def test_a_forged_receipt_proves_nothing(books, mine):
    books.anchor()
    outsider = LocalSigner(DEV_KEYS[3])
    forged = replace(mine[1], signature=mine[1].receipt.sign(outsider, DOMAIN))
    findings = audit_receipts([mine[0], forged], books.batches, now=BEGIN)
    assert [(f.kind, f.customer_seq, f.receipts) for f in findings] == [(FORGED, 2, (forged,))]


def test_two_receipts_for_one_place_are_a_fork(books, mine):
    books.anchor()
    other = receipt_of(replace(mine[1].contents.interaction, kind=9), {"n": 1}, keccak(b"\0\0\0\1"))
    findings = audit_receipts([*mine, other, other], books.batches, now=BEGIN)
    shown = [(f.kind, f.customer_seq, f.receipts) for f in findings]
    assert shown == [(FORKED, 2, (mine[1], other))]


def test_a_missing_number_is_a_gap(books, mine):
    books.anchor()
    some = [mine[0], mine[2]]
    assert found(some, books, proofs=proofs(books, some)) == [(GAP, 2)]


def test_an_interaction_that_follows_another_story_is_an_edit(books):
    story = Books()
    first = story.note()
    second = story.note(previous_leaf=keccak(b"what the company says was first"))
    assert found([first, second], story, now=BEGIN) == [(EDITED, 1)]


def test_a_promise_beyond_the_logs_is_late(books, mine):
    contents = mine[0].contents
    generous = receipt_of(
        contents.interaction, contents.payload, contents.salt, contents.interaction.time + DELAY + 1
    )
    assert found([generous], books, now=BEGIN) == [(LATE, 1)]


# ----------------------------------------------------------------- a company that omits


def test_an_omission_shows_in_a_published_log(books, mine, tmp_path):
    books.anchor([*books.noted[:1], *books.noted[3:]])  # the customer's second and third are out
    audit = published(books, tmp_path / "log.jsonl")
    assert audit.published.is_complete
    assert found(mine, books, published=audit.published) == [(OMITTED, 2), (OMITTED, 3)]


def test_an_omission_shows_in_the_heads(books, mine):
    books.anchor([*books.noted[:1], *books.noted[3:]], at=LATER)
    evidence = {"heads": [books.heads[0].proof(CUSTOMER)], "proofs": proofs(books, mine[:1])}
    assert found(mine, books, **evidence) == [(LATE, 1), (OMITTED, 2), (OMITTED, 3)]


def test_a_customer_that_is_left_out_altogether_shows_by_the_gap_in_the_ring(books, mine):
    books.anchor(books.noted[3:], at=LATER)
    assert found(mine[:1], books, heads=[books.heads[0].proof(CUSTOMER)]) == [(OMITTED, 1)]


def test_heads_before_the_promised_time_prove_no_omission(books, mine):
    books.anchor(books.noted[3:])
    entry = books.heads[0].proof(CUSTOMER)
    assert found(mine[:1], books, now=BEGIN + 60, heads=[entry]) == []
    assert found(mine[:1], books, heads=[entry]) == [(OVERDUE, 1)]


def test_an_interaction_that_later_heads_forget_is_an_omission(books, mine):
    books.anchor()
    books.notes(1, FRIEND)
    first = mine[0]
    books.anchor(heads={CUSTOMER: (1, first.leaf), FRIEND: (3, books.noted[-1].leaf)})
    evidence = {"proofs": proofs(books, mine), "heads": [books.heads[1].proof(CUSTOMER)]}
    assert found(mine, books, **evidence) == [(OMITTED, 2), (OMITTED, 3)]


def test_a_batch_that_is_not_published_is_an_omission(books, mine, tmp_path):
    books.anchor(books.noted[:3])
    books.anchor(books.noted[3:])
    audit = published(books, tmp_path / "log.jsonl", published=books.published[:1])
    assert [(f.kind, f.batch) for f in audit.findings] == [(OMITTED, 2)]
    assert not audit.published.is_complete


# ----------------------------------------------------------------- a company that edits


def test_an_edit_shows_in_a_published_log(books, mine, tmp_path):
    books.noted[1] = replace(books.noted[1], kind=9)
    books.noted[2] = replace(books.noted[2], previous_leaf=books.noted[1].leaf)
    books.anchor()
    audit = published(books, tmp_path / "log.jsonl")
    assert audit.findings == ()  # the log is consistent; the receipts tell
    assert found(mine, books, published=audit.published) == [(EDITED, 2), (EDITED, 3)]


def test_an_edit_shows_in_a_proof(books, mine):
    books.noted[2] = replace(books.noted[2], kind=9)
    books.anchor()
    assert found(mine[2:], books, proofs=[books.proof(books.noted[2].leaf)])[-1] == (EDITED, 3)


def test_an_edit_shows_in_the_heads(books, mine):
    books.noted[2] = replace(books.noted[2], kind=9)
    books.anchor()
    evidence = {"heads": [books.heads[0].proof(CUSTOMER)], "proofs": proofs(books, mine[:2])}
    assert found(mine, books, **evidence) == [(EDITED, 3)]


def test_a_published_log_that_is_not_the_anchored_one_is_an_edit(books, mine, tmp_path):
    books.anchor()
    changed = [replace(books.noted[0], kind=9), *books.noted[1:]]
    audit = published(books, tmp_path / "log.jsonl", published=[changed])
    assert [f.kind for f in audit.findings] == [EDITED, EDITED]
    assert audit.published.rows == ()
    assert not audit.published.is_complete
    # What is not proved is no evidence: the receipts are overdue, not edited.
    assert found(mine[:1], books, published=audit.published) == [(OVERDUE, 1)]


def test_a_published_log_with_fewer_interactions_is_caught(books, tmp_path):
    books.anchor()
    audit = published(books, tmp_path / "log.jsonl", published=[books.noted[:-1]])
    assert [f.kind for f in audit.findings] == [EDITED]


# ----------------------------------------------------------------- a company that forks


def test_two_entries_for_one_pseudonym_are_a_fork(books, mine):
    # One tree of heads that both counts the customer and says there is none.
    from crmdapp.chain.merkle import MerkleTree
    from crmdapp.customers.heads import HeadEntry, HeadProof

    low, high = bytes(32), b"\xff" * 32
    entries = [
        HeadEntry(LOG, CUSTOMER, CUSTOMER, 3, mine[2].leaf),
        HeadEntry(LOG, low, high, 1, keccak(b"x")),
    ]
    tree = MerkleTree([entry.leaf for entry in entries])
    books.anchor()
    first = books.batches[0]
    batch = replace(first.batch, heads_root=tree.root)
    books.batches[0] = replace(first, batch=batch, head=batch.head_after(first.previous_head))
    shown = [HeadProof(entry, tree.proof(at)) for at, entry in enumerate(entries)]
    assert found([], books, heads=shown) == []
    assert (FORKED, None) in found(mine[:1], books, now=BEGIN, heads=shown)


def test_a_head_that_is_another_interaction_is_a_fork(books, mine):
    books.anchor(heads={CUSTOMER: (3, keccak(b"another")), FRIEND: (2, books.noted[4].leaf)})
    held = replace(books.proof(mine[2].leaf), heads=None)
    evidence = {"proofs": [held], "heads": [books.heads[0].proof(CUSTOMER)]}
    assert found(mine[2:], books, **evidence)[-1] == (FORKED, 3)


def test_a_place_that_is_taken_twice_is_a_fork(books, tmp_path):
    again = replace(books.noted[1], seq=6, kind=9)
    books.noted.append(again)
    books.anchor()
    audit = published(books, tmp_path / "log.jsonl")
    assert [(f.kind, f.customer_seq) for f in audit.findings] == [(FORKED, 2)]


def test_heads_that_count_otherwise_are_a_fork(books, tmp_path):
    books.anchor(heads={CUSTOMER: (3, books.noted[2].leaf)})
    audit = published(books, tmp_path / "log.jsonl")
    assert [(f.kind, f.batch) for f in audit.findings] == [(FORKED, 1)]


# ----------------------------------------------------------------- gaps, time, files


def test_gaps_in_a_published_log_are_found(tmp_path):
    books = Books()
    books.note()
    books.note(customer_seq=3)
    books.note(seq=9, customer_seq=4)
    books.anchor()
    audit = published(books, tmp_path / "log.jsonl")
    assert [(f.kind, f.customer_seq) for f in audit.findings] == [(GAP, 3), (GAP, None)]


def test_an_interaction_that_names_another_one_before_it_is_an_edit(tmp_path):
    books = Books()
    books.note()
    books.note(previous_leaf=keccak(b"another"))
    books.anchor()
    audit = published(books, tmp_path / "log.jsonl")
    assert [(f.kind, f.customer_seq) for f in audit.findings] == [(EDITED, 2)]


def test_a_late_anchor_is_found(books, mine, tmp_path):
    books.anchor(at=BEGIN + DELAY + 2)
    kinds = [(f.kind, f.customer_seq) for f in published(books, tmp_path / "log.jsonl").findings]
    assert kinds == [(LATE, 1), (LATE, 2)]
    assert found(mine, books, proofs=proofs(books, mine)) == [(LATE, 1), (LATE, 2)]


def test_a_proof_that_proves_nothing_is_refused(books, mine):
    books.anchor()
    bad = replace(books.proof(mine[0].leaf), previous_head=keccak(b"x"))
    with pytest.raises(ProofInvalid):
        found(mine, books, proofs=[bad])
    heads = books.heads[0].proof(CUSTOMER)
    invented = replace(heads, entry=replace(heads.entry, customer_seq=9))
    with pytest.raises(ProofInvalid, match="no tree of heads"):
        found(mine, books, heads=[invented])


def test_audit_log_tells_how_far_it_is(tmp_path):
    books = Books()
    for _ in range(2):
        books.notes(1_500)
        books.anchor()
    path = books.export(tmp_path / "log.jsonl")
    told = []
    audit_log(path, LOG, books.batches, delay=DELAY, progress=lambda *at: told.append(at))
    assert told == [(1_000, 3_000), (2_000, 3_000), (3_000, 3_000)]


def test_audit_log_counts_more_than_it_tells(tmp_path):
    books = Books()
    count = FINDINGS_MAX + 5
    books.notes(count)
    books.anchor(at=LATER * 2)
    audit = published(books, tmp_path / "log.jsonl")
    assert (len(audit.findings), audit.faults) == (FINDINGS_MAX, count)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"log": bytes(32)}, "another log"), ({"number": 2}, "batch 2 where 1"), ({"number": 9}, "9")],
)
def test_audit_log_refuses_a_file_that_does_not_belong(books, tmp_path, changes, reason):
    books.anchor()
    path = books.export(tmp_path / "log.jsonl", **changes)
    with pytest.raises(UsageError, match=reason):
        audit_log(path, LOG, books.batches, delay=DELAY)


def test_audit_log_refuses_a_batch_that_the_chain_does_not_have(books, tmp_path):
    books.anchor()
    path = books.export(tmp_path / "log.jsonl", published=[books.noted, books.noted])
    with pytest.raises(UsageError, match="the chain 1"):
        audit_log(path, LOG, books.batches, delay=DELAY)


def test_an_empty_log_is_clean(tmp_path):
    path = tmp_path / "log.jsonl"
    path.write_text("")
    assert audit_log(path, LOG, (), delay=DELAY).findings == ()


# ----------------------------------------------------------------- the file


def test_an_export_is_read_as_it_was_written(books, tmp_path):
    books.anchor(books.noted[:2])
    books.anchor(books.noted[2:])
    path = books.export(tmp_path / "log.jsonl", erased=(FRIEND,))
    read = [(batch.number, list(items)) for batch, items in read_export(path)]
    assert [(number, len(items)) for number, items in read] == [(1, 2), (2, 3)]
    assert [item.leaf for _, items in read for item in items] == [i.leaf for i in books.noted]
    assert [item.interaction for item in read[1][1]] == [books.noted[2], None, None]
    assert [batch.number for batch, _ in read_export(path)] == [1, 2]  # whoever skips interactions


def test_an_export_is_never_overwritten(books, tmp_path):
    books.anchor()
    path = books.export(tmp_path / "log.jsonl")
    with pytest.raises(UsageError, match="already"):
        books.export(path)


@pytest.mark.parametrize(
    ("damage", "line"),
    [
        (lambda lines: lines[1:], 1),
        (lambda lines: [*lines[:3], "{", *lines[3:]], 4),
        (lambda lines: [*lines[:2], "[]"], 3),
        (lambda lines: [*lines[:2], '{"seq": 2}'], 3),
        (lambda lines: lines[:4], 4),
        (lambda lines: [lines[0], "x" * 5_000], 2),
        (lambda lines: ['{"batch": -1}'], 1),
        (lambda lines: ["\xff"], 1),
    ],
)
def test_a_damaged_export_is_refused_with_its_line(books, tmp_path, damage, line):
    books.anchor()
    path = books.export(tmp_path / "log.jsonl")
    lines = path.read_text().splitlines()
    path.write_bytes("\n".join(damage(lines)).encode("latin-1"))
    with pytest.raises(FileRejected) as refused:
        audit_log(path, LOG, books.batches, delay=DELAY)
    assert refused.value.faults[0].line == line


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        audit_log(tmp_path / "none.jsonl", LOG, (), delay=DELAY)
