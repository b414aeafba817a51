"""The log's contract: what was anchored stays, what was promised and omitted shows."""

from dataclasses import replace

import pytest
from eth_abi import encode
from eth_utils import keccak

from tests.customers.contracts import *  # noqa: F403 - fixtures
from tests.customers.contracts import DAY
from tests.customers.intents import forgeries, intent_of
from tests.fixtures.intents import compact
from tests.fixtures.logs import log, logs
from tests.fixtures.reverts import reverts

NOTICE = keccak(text="privacy notice")
PSEUDONYM = keccak(text="pseudonym")
HEADS = keccak(text="root of the heads")
ELSEWHERE = keccak(text="another root")
NOWHERE = bytes(32)
INDEX, DELAY, WINDOW = 7, 3_600, DAY
ACCEPT_ALL = 1  # WalletMock.Behaviour
LEAVES = [keccak(keccak(text=f"interaction {number}")) for number in range(4)]


def pair(one, other):
    return keccak(min(one, other) + max(one, other))


SIDES = pair(LEAVES[0], LEAVES[1]), pair(LEAVES[2], LEAVES[3])
ROOT = pair(*SIDES)
PROOFS = [[LEAVES[number ^ 1], SIDES[1 - number // 2]] for number in range(4)]


def head_after(head, root, heads_root, count, at):
    types = ["bytes32", "bytes32", "bytes32", "uint64", "uint40"]
    return keccak(encode(types, [head, root, heads_root, count, at]))


def log_id(account, index=INDEX):
    return bytes.fromhex(account.address[2:]) + index.to_bytes(12)


@pytest.fixture
def journal(interactions, company):
    """The id of a log that the company opened."""
    interactions.open(INDEX, DELAY, NOTICE, sender=company)
    return log_id(company)


@pytest.fixture
def anchor(interactions, company):
    """Anchors a batch in the company's log; returns it as it stands in the chain of heads."""

    def anchor_(root=ROOT, count=4):
        receipt = interactions.anchor(INDEX, root, HEADS, count, sender=company)
        return root, HEADS, count, receipt.timestamp

    return anchor_


@pytest.fixture
def receipt(interactions, domain_of, company, clock):
    """The company's receipt for the first interaction, unless the test says otherwise."""

    def receipt_(**changes):
        values = {
            "log": log_id(company),
            "pseudonym": PSEUDONYM,
            "customerSeq": 1,
            "leaf": LEAVES[0],
            "anchorBy": 1_000,
        }
        return intent_of(domain_of(interactions), "InteractionReceipt", **values | changes)

    return receipt_


@pytest.fixture
def hash_of(receipt):
    """The hash that a receipt is known by."""
    return lambda given: bytes(given.signable().body)


@pytest.fixture
def challenged(interactions, journal, receipt, company, relayer):
    """A receipt whose challenge stands."""
    given = receipt()
    interactions.challenge(given.values, given.sign(company), sender=relayer)
    return given


# open


def test_open_promises_a_delay_once(interactions, project, company):
    receipt = interactions.open(INDEX, DELAY, NOTICE, sender=company)
    at = {"log": log_id(company), "delay": DELAY, "noticeHash": NOTICE}
    assert logs(receipt, interactions) == [log(interactions, "LogOpened", **at)]
    assert tuple(interactions.standingOf(log_id(company))) == (DELAY, 0)
    for delay in (DELAY, 60):
        with reverts(project.InteractionLog.LogOpenedBefore, log=log_id(company)):
            interactions.open(INDEX, delay, NOTICE, sender=company)
    assert tuple(interactions.standingOf(log_id(company))) == (DELAY, 0)


def test_open_takes_a_delay_of_a_minute_to_30_days(interactions, project, company):
    for delay in (0, 59, 30 * DAY + 1, 2**32 - 1):
        with reverts(project.InteractionLog.LogDelayInvalid, delay=delay):
            interactions.open(INDEX, delay, NOTICE, sender=company)
    for index, delay in ((0, 60), (2**96 - 1, 30 * DAY)):
        interactions.open(index, delay, NOTICE, sender=company)
        assert interactions.standingOf(log_id(company, index)).delay == delay


def test_a_log_is_named_by_its_operator_and_number(interactions, company, rival):
    for account in (company, rival):
        for index in (0, 1, 2**96 - 1):
            assert interactions.logOf(account, index) == log_id(account, index)


# anchor


def test_anchor_chains_a_head(interactions, company, journal):
    head = NOWHERE
    assert interactions.headOf(journal) == head
    for root, count in ((ROOT, 4), (ELSEWHERE, 2**64 - 1), (ROOT, 1), (NOWHERE, 1)):
        receipt = interactions.anchor(INDEX, root, HEADS, count, sender=company)
        head = head_after(head, root, HEADS, count, receipt.timestamp)
        batch = {"leavesRoot": root, "headsRoot": HEADS, "count": count, "head": head}
        assert logs(receipt, interactions) == [
            log(interactions, "InteractionsAnchored", log=journal, **batch)
        ]
        assert interactions.headOf(journal) == head
        assert interactions.anchoredAt(journal, root) == 0


def test_anchor_of_one_batch_differs_by_every_part(interactions, company, chain):
    heads = set()
    for root, heads_root, count in (
        (ROOT, HEADS, 1),
        (ELSEWHERE, HEADS, 1),
        (ROOT, ELSEWHERE, 1),
        (ROOT, HEADS, 2),
    ):
        before = chain.snapshot()
        chain.pending_timestamp = chain.blocks.head.timestamp + 10
        interactions.anchor(INDEX, root, heads_root, count, sender=company)
        heads.add(bytes(interactions.headOf(log_id(company))))
        chain.restore(before)
    assert len(heads) == 4


def test_anchor_reverts_without_interactions(interactions, project, company, journal):
    for call in (interactions.anchor, interactions.anchorStored):
        with reverts(project.InteractionLog.BatchEmpty, log=journal):
            call(INDEX, ROOT, HEADS, 0, sender=company)
    assert interactions.anchoredAt(journal, ROOT) == 0


def test_nobody_writes_to_the_log_of_another(interactions, company, thief, journal, anchor):
    anchor()
    head = interactions.headOf(journal)
    for call in (interactions.anchor, interactions.anchorStored):
        receipt = call(INDEX, ELSEWHERE, HEADS, 1, sender=thief)
        assert logs(receipt, interactions)[0].fields["log"] == log_id(thief)
    assert interactions.headOf(journal) == head
    assert interactions.anchoredAt(journal, ELSEWHERE) == 0
    # Nor can anybody be first with the company's root.
    interactions.anchorStored(INDEX, ROOT, HEADS, 4, sender=thief)
    assert interactions.anchoredAt(journal, ROOT) == 0
    receipt = interactions.anchorStored(INDEX, ROOT, HEADS, 4, sender=company)
    assert interactions.anchoredAt(journal, ROOT) == receipt.timestamp


# verify


def test_verify_is_true_for_every_leaf_of_a_stored_batch(interactions, company, journal):
    assert interactions.verify(journal, ROOT, PROOFS[0], LEAVES[0]) is False
    receipt = interactions.anchorStored(INDEX, ROOT, HEADS, 4, sender=company)
    batch = {"leavesRoot": ROOT, "headsRoot": HEADS, "count": 4}
    head = head_after(NOWHERE, ROOT, HEADS, 4, receipt.timestamp)
    assert logs(receipt, interactions) == [
        log(interactions, "InteractionsAnchored", log=journal, head=head, **batch)
    ]
    for leaf, proof in zip(LEAVES, PROOFS, strict=True):
        assert interactions.verify(journal, ROOT, proof, leaf) is True


def test_verify_is_false_for_everything_else(interactions, company, rival, journal, anchor):
    anchor(ELSEWHERE)
    interactions.anchorStored(INDEX, ROOT, HEADS, 4, sender=company)
    (first, second, *_), stranger = LEAVES, keccak(text="no interaction")
    for of, root, proof, leaf in (
        (journal, ROOT, PROOFS[0], stranger),
        (journal, ROOT, PROOFS[0], LEAVES[2]),
        (journal, ROOT, PROOFS[0][::-1], first),
        (journal, ROOT, PROOFS[0][:1], first),
        (journal, ROOT, [*PROOFS[0], NOWHERE], first),
        (journal, ROOT, [], first),
        (journal, ELSEWHERE, PROOFS[0], first),
        (journal, ELSEWHERE, [], ELSEWHERE),  # anchored, not stored
        (log_id(company, INDEX + 1), ROOT, PROOFS[0], first),
        (log_id(rival), ROOT, PROOFS[0], first),
        # What an inner node hashes is no leaf: a leaf is the hash of a hash.
        (journal, ROOT, [SIDES[1]], keccak(keccak(min(first, second) + max(first, second)))),
        (journal, ROOT, [], keccak(keccak(b"".join(sorted(SIDES))))),
    ):
        assert interactions.verify(of, root, proof, leaf) is False


# challenge


def test_challenge_posts_an_overdue_receipt(
    interactions, journal, receipt, hash_of, company, relayer, clock
):
    given = receipt(anchorBy=clock.now + 100)
    assert interactions.receiptHashOf(given.values) == hash_of(given)
    assert tuple(interactions.challengeOf(hash_of(given))) == (0, False, False)
    clock.set_next(clock.now + 101)
    posted = interactions.challenge(given.values, given.sign(company), sender=relayer)
    answer_by = posted.timestamp + WINDOW
    assert interactions.ANSWER_WINDOW() == WINDOW
    at = {"log": journal, "receiptHash": hash_of(given), "answerBy": answer_by}
    assert logs(posted, interactions) == [log(interactions, "ReceiptChallenged", **at)]
    assert tuple(interactions.challengeOf(hash_of(given))) == (answer_by, False, False)


def test_challenge_reverts_before_it_is_overdue(
    interactions, project, journal, receipt, hash_of, company, relayer, clock
):
    due = clock.now + 100
    given = receipt(anchorBy=due)
    wrong = {"receiptHash": hash_of(given), "anchorBy": due}
    clock.set_next(due)
    with reverts(project.InteractionLog.ReceiptNotOverdue, **wrong):
        interactions.challenge(given.values, given.sign(company), sender=relayer)


def test_challenge_reverts_for_a_log_that_was_not_opened(
    interactions, project, receipt, company, relayer
):
    given = receipt()
    with reverts(project.InteractionLog.LogNotOpened, log=log_id(company)):
        interactions.challenge(given.values, given.sign(company), sender=relayer)


def test_challenge_comes_once(interactions, project, challenged, hash_of, company, relayer, clock):
    by = interactions.challengeOf(hash_of(challenged)).answerBy
    clock.set_next(clock.now + 100)
    with reverts(project.InteractionLog.ReceiptChallengedBefore, receiptHash=hash_of(challenged)):
        interactions.challenge(challenged.values, challenged.sign(company), sender=relayer)
    assert interactions.challengeOf(hash_of(challenged)).answerBy == by


def test_challenge_reverts_unless_the_operator_signed(
    interactions, project, journal, receipt, hash_of, company, rival, relayer
):
    given = receipt()
    signatures = forgeries(given, company, rival) | {"compact": compact(given.sign(company))}
    for forged in signatures.values():
        wrong = {"log": journal, "receiptHash": hash_of(given)}
        with reverts(project.InteractionLog.ReceiptSignatureInvalid, **wrong):
            interactions.challenge(given.values, forged, sender=relayer)
    for change in (
        {"pseudonym": ELSEWHERE},
        {"customerSeq": 2},
        {"leaf": LEAVES[1]},
        {"anchorBy": 1_001},
    ):
        changed = receipt(**change)
        wrong = {"log": journal, "receiptHash": hash_of(changed)}
        with reverts(project.InteractionLog.ReceiptSignatureInvalid, **wrong):
            interactions.challenge(changed.values, given.sign(company), sender=relayer)
    assert interactions.standingOf(journal).flags == 0


def test_a_receipt_holds_for_the_log_it_names(
    interactions, project, journal, receipt, hash_of, company, rival, relayer
):
    interactions.open(INDEX, DELAY, NOTICE, sender=rival)
    interactions.open(INDEX + 1, DELAY, NOTICE, sender=company)
    signature = receipt().sign(company)
    for other in (log_id(rival), log_id(company, INDEX + 1)):
        moved = receipt(log=other)
        wrong = {"log": other, "receiptHash": hash_of(moved)}
        with reverts(project.InteractionLog.ReceiptSignatureInvalid, **wrong):
            interactions.challenge(moved.values, signature, sender=relayer)


def test_a_contract_signs_no_receipts(
    interactions, project, receipt, hash_of, company, accounts, relayer
):
    wallet = project.WalletMock.deploy(company, sender=accounts[0])
    wallet.setBehaviour(ACCEPT_ALL, sender=company)  # today
    one, other = (receipt(log=log_id(wallet), leaf=leaf) for leaf in LEAVES[:2])
    for form in (bytes, compact, lambda signature: b""):
        wrong = {"log": log_id(wallet), "receiptHash": hash_of(one)}
        with reverts(project.InteractionLog.ReceiptSignatureInvalid, **wrong):
            interactions.proveFork(
                one.values,
                form(one.sign(company)),
                other.values,
                form(other.sign(company)),
                sender=relayer,
            )


def test_nobody_signs_for_the_zero_address(
    interactions, project, receipt, hash_of, relayer, company
):
    one, other = receipt(log=NOWHERE), receipt(log=NOWHERE, leaf=LEAVES[1])
    for signature in (bytes(65), b"", one.sign(company)):
        wrong = {"log": NOWHERE, "receiptHash": hash_of(one)}
        with reverts(project.InteractionLog.ReceiptSignatureInvalid, **wrong):
            interactions.proveFork(one.values, signature, other.values, signature, sender=relayer)


# answer


def test_answer_shows_the_batch_and_how_late_it_was(
    interactions, journal, challenged, hash_of, anchor, company, relayer, clock
):
    before = anchor(ELSEWHERE, 1)
    previous = interactions.headOf(journal)
    clock.set_next(before[3] + 10)
    batch = anchor()
    answered = interactions.answer(challenged.values, PROOFS[0], previous, [batch], sender=relayer)
    at = {"log": journal, "receiptHash": hash_of(challenged), "anchoredAt": batch[3]}
    assert logs(answered, interactions) == [log(interactions, "ReceiptAnswered", **at)]
    known = interactions.challengeOf(hash_of(challenged))
    assert (known.answered, known.flagged) == (True, False)
    clock.set(known.answerBy + 1)
    assert interactions.standingOf(journal).flags == 0


def test_answer_leads_through_all_batches_since(
    interactions, project, journal, challenged, anchor, relayer
):
    batch = anchor()
    since = [anchor(keccak(text=f"batch {number}"), number) for number in (1, 2, 3)]
    wrong = {"log": journal, "leaf": LEAVES[0]}
    later = (*batch[:3], batch[3] + 1)
    for previous, batches in (
        (NOWHERE, [batch]),
        (NOWHERE, [batch, *since[:2]]),
        (NOWHERE, [batch, since[1], since[0], since[2]]),
        (NOWHERE, [batch, *since, since[2]]),
        (NOWHERE, [later, *since]),
        (NOWHERE, [(*batch[:2], 5, batch[3]), *since]),
        (NOWHERE, [(batch[0], ELSEWHERE, *batch[2:]), *since]),
        (NOWHERE, [(ELSEWHERE, *batch[1:]), *since]),
        (ELSEWHERE, [batch, *since]),
        (interactions.headOf(journal), []),
        (NOWHERE, []),
    ):
        with reverts(project.InteractionLog.InclusionUnproven, **wrong):
            interactions.answer(challenged.values, PROOFS[0], previous, batches, sender=relayer)
    interactions.answer(challenged.values, PROOFS[0], NOWHERE, [batch, *since], sender=relayer)


def test_answer_reverts_without_the_leaf_in_the_batch(
    interactions, project, journal, challenged, anchor, relayer
):
    other = anchor(ELSEWHERE)
    between = interactions.headOf(journal)
    batch = anchor()
    wrong = {"log": journal, "leaf": LEAVES[0]}
    for previous, batches, proof in (
        (NOWHERE, [other, batch], PROOFS[0]),  # the leaf is in the second of them
        (between, [batch], PROOFS[1]),
        (between, [batch], []),
        (between, [batch], PROOFS[0][:1]),
    ):
        with reverts(project.InteractionLog.InclusionUnproven, **wrong):
            interactions.answer(challenged.values, proof, previous, batches, sender=relayer)
    interactions.answer(challenged.values, PROOFS[0], between, [batch], sender=relayer)


def test_answer_from_another_log_does_not_count(
    interactions, project, journal, challenged, company, rival, relayer
):
    wrong = {"log": journal, "leaf": LEAVES[0]}
    for sender, index in ((rival, INDEX), (company, INDEX + 1)):
        receipt = interactions.anchor(index, ROOT, HEADS, 4, sender=sender)
        batch = (ROOT, HEADS, 4, receipt.timestamp)
        with reverts(project.InteractionLog.InclusionUnproven, **wrong):
            interactions.answer(challenged.values, PROOFS[0], NOWHERE, [batch], sender=relayer)


def test_answer_is_for_a_challenge(
    interactions, project, journal, receipt, hash_of, challenged, anchor, relayer
):
    batch, other = anchor(), receipt(customerSeq=2)
    with reverts(project.InteractionLog.ReceiptNotChallenged, receiptHash=hash_of(other)):
        interactions.answer(other.values, PROOFS[0], NOWHERE, [batch], sender=relayer)
    interactions.answer(challenged.values, PROOFS[0], NOWHERE, [batch], sender=relayer)
    with reverts(project.InteractionLog.ReceiptSettled, receiptHash=hash_of(challenged)):
        interactions.answer(challenged.values, PROOFS[0], NOWHERE, [batch], sender=relayer)


def test_answer_works_to_the_end_of_the_window(
    interactions, challenged, hash_of, anchor, relayer, clock
):
    batch = anchor()
    clock.set_next(interactions.challengeOf(hash_of(challenged)).answerBy)
    interactions.answer(challenged.values, PROOFS[0], NOWHERE, [batch], sender=relayer)
    assert interactions.challengeOf(hash_of(challenged)).answered is True


def test_answer_reverts_after_the_window(
    interactions, project, challenged, hash_of, anchor, relayer, clock
):
    batch, by = anchor(), interactions.challengeOf(hash_of(challenged)).answerBy
    clock.set_next(by + 1)
    wrong = {"receiptHash": hash_of(challenged), "answerBy": by}
    with reverts(project.InteractionLog.AnswerWindowClosed, **wrong):
        interactions.answer(challenged.values, PROOFS[0], NOWHERE, [batch], sender=relayer)


# flag


def test_flag_tells_everyone_once(
    interactions, project, journal, challenged, hash_of, anchor, outsider, clock
):
    batch, by = anchor(), interactions.challengeOf(hash_of(challenged)).answerBy
    clock.set_next(by)
    with reverts(
        project.InteractionLog.AnswerWindowOpen, receiptHash=hash_of(challenged), answerBy=by
    ):
        interactions.flag(challenged.values, sender=outsider)
    clock.set_next(by + 1)
    flagged = interactions.flag(challenged.values, sender=outsider)
    at = {"log": journal, "receiptHash": hash_of(challenged)}
    assert logs(flagged, interactions) == [log(interactions, "LogFlagged", **at)]
    assert tuple(interactions.standingOf(journal)) == (DELAY, 1)
    assert tuple(interactions.challengeOf(hash_of(challenged))) == (by, False, True)
    for again in (
        lambda: interactions.flag(challenged.values, sender=outsider),
        lambda: interactions.answer(
            challenged.values, PROOFS[0], NOWHERE, [batch], sender=outsider
        ),
    ):
        with reverts(project.InteractionLog.ReceiptSettled, receiptHash=hash_of(challenged)):
            again()
    assert interactions.standingOf(journal).flags == 1


def test_flag_reverts_for_what_was_answered_or_never_asked(
    interactions, project, journal, receipt, hash_of, challenged, anchor, outsider, clock
):
    other = receipt(customerSeq=2)
    with reverts(project.InteractionLog.ReceiptNotChallenged, receiptHash=hash_of(other)):
        interactions.flag(other.values, sender=outsider)
    interactions.answer(challenged.values, PROOFS[0], NOWHERE, [anchor()], sender=outsider)
    clock.set(clock.now + 2 * WINDOW)
    with reverts(project.InteractionLog.ReceiptSettled, receiptHash=hash_of(challenged)):
        interactions.flag(challenged.values, sender=outsider)
    assert interactions.standingOf(journal).flags == 0


def test_every_receipt_is_flagged_by_itself(
    interactions, journal, receipt, challenged, company, outsider, clock
):
    other = receipt(customerSeq=2)
    interactions.challenge(other.values, other.sign(company), sender=outsider)
    clock.set(clock.now + WINDOW + 1)
    for number, given in enumerate((challenged, other), 1):
        interactions.flag(given.values, sender=outsider)
        assert interactions.standingOf(journal).flags == number


# proveFork


@pytest.fixture
def prove(interactions, company, outsider):
    def prove_(first, second, *, by=(company, company)):
        signatures = [each.sign(signer) for each, signer in zip((first, second), by, strict=True)]
        return interactions.proveFork(
            first.values, signatures[0], second.values, signatures[1], sender=outsider
        )

    return prove_


def test_proveFork_flags_two_receipts_for_one_place(
    interactions, project, journal, receipt, hash_of, prove
):
    one, other, third = (receipt(leaf=leaf) for leaf in LEAVES[:3])
    shown = prove(one, other)
    at = {"firstReceipt": hash_of(one), "secondReceipt": hash_of(other)}
    assert logs(shown, interactions) == [log(interactions, "LogForked", log=journal, **at)]
    assert tuple(interactions.standingOf(journal)) == (DELAY, 1)
    wrong = {"log": journal, "pseudonym": PSEUDONYM, "customerSeq": 1}
    for again in ((one, other), (other, one), (one, third)):
        with reverts(project.InteractionLog.ForkShownBefore, **wrong):
            prove(*again)
    # Another place of the same customer counts by itself.
    prove(*(receipt(customerSeq=2, leaf=leaf) for leaf in LEAVES[:2]))
    prove(*(receipt(pseudonym=ELSEWHERE, leaf=leaf) for leaf in LEAVES[:2]))
    assert interactions.standingOf(journal).flags == 3


def test_proveFork_reverts_unless_they_contradict(
    interactions, project, journal, receipt, hash_of, prove, company, rival
):
    one = receipt()
    for other in (
        one,
        receipt(anchorBy=2_000),
        receipt(pseudonym=ELSEWHERE, leaf=LEAVES[1]),
        receipt(customerSeq=2, leaf=LEAVES[1]),
        receipt(log=log_id(company, INDEX + 1), leaf=LEAVES[1]),
    ):
        wrong = {"firstReceipt": hash_of(one), "secondReceipt": hash_of(other)}
        with reverts(project.InteractionLog.ForkUnproven, **wrong):
            prove(one, other)
    assert interactions.standingOf(journal).flags == 0


def test_proveFork_reverts_unless_the_operator_signed_both(
    interactions, project, journal, receipt, hash_of, prove, company, rival
):
    one, other = receipt(), receipt(leaf=LEAVES[1])
    for signers, unsigned in (((rival, company), one), ((company, rival), other)):
        wrong = {"log": journal, "receiptHash": hash_of(unsigned)}
        with reverts(project.InteractionLog.ReceiptSignatureInvalid, **wrong):
            prove(one, other, by=signers)
    assert interactions.standingOf(journal).flags == 0


def test_the_domain_is_the_contracts_own(interactions, receipt, chain):
    given = receipt()
    assert interactions.DOMAIN_SEPARATOR() == given.signable().header
    elsewhere = replace(given.domain, chain_id=chain.chain_id + 1)
    assert replace(given, domain=elsewhere).digest() != given.digest()
