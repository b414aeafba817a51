"""The loyalty client against a real chain: what it sends, reads and refuses."""

from datetime import UTC, datetime

import pytest

from crmdapp.chain.errors import IntentExpired, IntentNonceUsed, IntentSignatureInvalid
from crmdapp.chain.manifest import Deployment, Manifest
from crmdapp.errors import ContractMissing, UsageError
from crmdapp.loyalty import (
    LoyaltyClient,
    ProgramConfig,
    hub_domain,
    sign_redeem,
    sign_transfer,
)
from crmdapp.loyalty.errors import (
    BudgetExceeded,
    CapExceeded,
    CapOutOfRange,
    ERC6909InsufficientBalance,
    ERC6909InvalidReceiver,
    IssuerInvalid,
    OrderUsed,
    PointsOverflow,
    ProgramIssuerOnly,
    ProgramOwnerOnly,
    ProgramPendingOwnerOnly,
    ProgramUnknown,
    RecordsMalformed,
    TiersNotRising,
    ValidityOutOfRange,
)
from crmdapp.loyalty.events import CapSet, TierRaised, TiersSet, ValiditySet
from crmdapp.loyalty.points import POINTS_MAX, UNLIMITED
from tests.loyalty.constants import EPOCH_LENGTH, ZERO
from tests.loyalty.ledger import *  # noqa: F403 - fixtures

NOWHERE = 998


# ----------------------------------------------------------------- programs


def test_create_program_returns_what_the_hub_keeps(ledger, merchant):
    config = ProgramConfig("Bean", "BEAN", 3, 10_000, True, (100, 200))
    program = merchant.create_program(config)
    assert program.id % 2 == 1
    assert (program.name, program.symbol) == ("Bean", "BEAN")
    assert program.owner == ledger.address("merchant")
    assert program.pending_owner is None
    assert ledger.connection.code(program.token)
    assert (program.validity, program.cap, program.tiers) == (3, 10_000, (100, 200))
    assert merchant.program(program.id) == program


def test_create_program_without_face_has_no_token(merchant):
    program = merchant.create_program(ProgramConfig("Bean", "BEAN"))
    assert program.id % 2 == 0
    assert program.token is None


def test_create_program_happens_once_per_key(merchant):
    first = merchant.create_program(ProgramConfig("Bean", "BEAN"), key="bean")
    assert merchant.create_program(ProgramConfig("Bean", "BEAN"), key="bean") == first
    assert merchant.create_program(ProgramConfig("Bean", "BEAN"), key="other").id != first.id


def test_program_refuses_if_unknown(merchant):
    with pytest.raises(ProgramUnknown) as refusal:
        merchant.program(NOWHERE)
    assert refusal.value.program == NOWHERE


def test_programs_lists_all_or_an_owners(ledger, merchant, outsider):
    first = merchant.create_program(ProgramConfig("One", "ONE"))
    second = outsider.create_program(ProgramConfig("Two", "TWO"))
    merchant.offer_ownership(first.id, ledger.address("friend"))
    ledger.client("friend").accept_ownership(first.id)
    assert [program.id for program in merchant.programs()] == [first.id, second.id]
    assert [p.name for p in merchant.programs(owner=ledger.address("friend").lower())] == ["One"]
    assert list(merchant.programs(owner=ledger.address("merchant"))) == []


def test_set_issuer_tells_budget_and_use(ledger, merchant, issuer, program):
    till = ledger.address("issuer")
    merchant.set_issuer(program, till, 1_000)
    issuer.award(program, ledger.address("customer"), 300)
    found = merchant.issuer(program, till)
    assert (found.budget, found.used, found.left) == (1_000, 300, 700)
    ledger.enter(5)
    assert merchant.issuer(program, till).left == 1_000


def test_issuer_without_limit(merchant, ledger, program):
    assert merchant.issuer(program, ledger.address("issuer")).is_unlimited


def test_issuer_refuses_if_program_unknown(merchant, ledger):
    with pytest.raises(ProgramUnknown):
        merchant.issuer(NOWHERE, ledger.address("issuer"))


def test_set_issuer_refuses_if_not_owner(ledger, outsider, program):
    with pytest.raises(ProgramOwnerOnly) as refusal:
        outsider.set_issuer(program, ledger.address("outsider"), UNLIMITED)
    assert refusal.value.values == (program, ledger.address("outsider"))


def test_set_issuer_refuses_the_zero_address_before_asking(merchant, program):
    with pytest.raises(IssuerInvalid) as refusal:
        merchant.set_issuer(program, ZERO, 1)
    assert refusal.value.issuer == ZERO


def test_configure_sets_what_is_given(merchant, program):
    receipts = merchant.configure(program, validity=2, cap=500, tiers=[10, 20])
    events = [event for receipt in receipts for event in receipt.events]
    assert events == [
        ValiditySet(program, 2),
        CapSet(program, 500),
        TiersSet(program, (10, 20)),
    ]
    found = merchant.program(program)
    assert (found.validity, found.cap, found.tiers) == (2, 500, (10, 20))
    assert merchant.configure(program) == []


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"validity": 5}, ValidityOutOfRange),
        ({"cap": POINTS_MAX + 1}, CapOutOfRange),
        ({"tiers": [2, 1]}, TiersNotRising),
    ],
)
def test_configure_changes_nothing_if_one_rule_is_refused(merchant, program, changes, error):
    before = merchant.program(program)
    with pytest.raises(error):
        merchant.configure(program, **{"validity": 1, "cap": 5, "tiers": [1], **changes})
    assert merchant.program(program) == before


def test_ownership_changes_in_two_steps(ledger, merchant, friend, program):
    merchant.offer_ownership(program, ledger.address("friend"))
    offered = merchant.program(program)
    assert offered.owner == ledger.address("merchant")
    assert offered.pending_owner == ledger.address("friend")
    friend.accept_ownership(program)
    assert merchant.program(program).owner == ledger.address("friend")


def test_offer_to_the_zero_address_takes_it_back(ledger, merchant, friend, program):
    merchant.offer_ownership(program, ledger.address("friend"))
    merchant.offer_ownership(program, ZERO)
    with pytest.raises(ProgramPendingOwnerOnly):
        friend.accept_ownership(program)


# ----------------------------------------------------------------- award


def test_award_adds_points_and_raises_the_tier(ledger, merchant, issuer, program):
    merchant.configure(program, tiers=[500])
    receipt = issuer.award(program, ledger.address("customer").lower(), 500)
    assert receipt.events_of(TierRaised) == [TierRaised(program, ledger.address("customer"), 1)]
    statement = issuer.statement(program, ledger.address("customer"))
    assert (statement.balance, statement.qualifying, statement.tier) == (500, 500, 1)


def test_award_happens_once_per_key(ledger, issuer, program):
    for _ in range(2):
        issuer.award(program, ledger.address("customer"), 100, key="receipt 17")
    assert issuer.balance(program, ledger.address("customer")) == 100


def test_award_refuses_if_not_issuer(ledger, outsider, program):
    with pytest.raises(ProgramIssuerOnly) as refusal:
        outsider.award(program, ledger.address("customer"), 1)
    assert refusal.value.values == (program, ledger.address("outsider"))


def test_award_refuses_if_program_unknown(ledger, issuer):
    with pytest.raises(ProgramUnknown):
        issuer.award(NOWHERE, ledger.address("customer"), 1)


def test_award_refuses_beyond_budget(ledger, merchant, issuer, program):
    merchant.set_issuer(program, ledger.address("issuer"), 100)
    with pytest.raises(BudgetExceeded) as refusal:
        issuer.award(program, ledger.address("customer"), 101)
    assert refusal.value.values == (program, ledger.address("issuer"), 101, 100)


def test_award_refuses_beyond_cap(ledger, merchant, issuer, program):
    merchant.configure(program, cap=100)
    with pytest.raises(CapExceeded) as refusal:
        issuer.award(program, ledger.address("customer"), 101)
    assert refusal.value.values == (program, 101, 100)


@pytest.fixture
def silent(ledger, monkeypatch):
    """The connection, which fails the test if a node is asked anything."""

    def ask(method, params=()):
        raise AssertionError(f"the node was asked {method}")

    monkeypatch.setattr(ledger.connection, "request", ask)


@pytest.mark.parametrize("points", [POINTS_MAX + 1, 2**48, 2**255])
def test_overflow_is_refused_before_asking(ledger, customer, issuer, program, silent, points):
    for send in (
        lambda: issuer.award(program, ledger.address("customer"), points),
        lambda: customer.transfer(program, ledger.address("friend"), points),
        lambda: customer.redeem(program, points),
    ):
        with pytest.raises(PointsOverflow) as refusal:
            send()
        assert refusal.value.points == points


@pytest.mark.parametrize("points", [0, -5, 2.5])
def test_amounts_that_are_none_are_refused_before_asking(
    ledger, customer, issuer, program, silent, points
):
    for send in (
        lambda: issuer.award(program, ledger.address("customer"), points),
        lambda: customer.transfer(program, ledger.address("friend"), points),
        lambda: customer.redeem(program, points),
    ):
        with pytest.raises(UsageError):
            send()


def test_receivers_are_checked_before_asking(customer, issuer, program, silent):
    for send in (
        lambda to: issuer.award(program, to, 1),
        lambda to: customer.transfer(program, to, 1),
    ):
        with pytest.raises(ERC6909InvalidReceiver) as refusal:
            send(ZERO)
        assert refusal.value.receiver == ZERO
        with pytest.raises(UsageError, match="checksum"):
            send("0xF39Fd6e51aad88F6F4ce6aB8827279cffFb92266")
        with pytest.raises(UsageError, match="not an address"):
            send("customer")


def test_award_many_refuses_malformed_records(issuer, program, silent):
    for records in (b"", bytes(25), bytes(27)):
        with pytest.raises(RecordsMalformed) as refusal:
            issuer.prepare.award_many(program, bytes(32), records)
        assert refusal.value.length == len(records)


@pytest.mark.parametrize("length", [0, 31, 33])
def test_award_many_refuses_a_batch_id_that_has_not_32_bytes(issuer, program, silent, length):
    issuer.prepare.award_many(program, bytes(32), bytes(26))
    with pytest.raises(UsageError, match=f"32 bytes, got {length}"):
        issuer.prepare.award_many(program, bytes(length), bytes(26))


def test_prepared_calls_tell_what_they_do(ledger, issuer, program):
    call = issuer.prepare.award(program, ledger.address("customer"), 100)
    assert (call.contract, call.function) == ("PointsHub", "award")
    assert call.args == (program, 100, ledger.address("customer"))
    assert issuer.sender.simulate(call).gas > 50_000
    assert issuer.balance(program, ledger.address("customer")) == 0


# ----------------------------------------------------------------- transfer and redeem


@pytest.fixture
def held(ledger, issuer, program):
    issuer.award(program, ledger.address("customer"), 1_000)
    return 1_000


def test_transfer_moves_points(ledger, customer, program, held):
    customer.transfer(program, ledger.address("friend"), 400)
    assert customer.balance(program, ledger.address("customer")) == 600
    assert customer.balance(program, ledger.address("friend")) == 400


def test_transfer_refuses_more_than_held(ledger, customer, program, held):
    with pytest.raises(ERC6909InsufficientBalance) as refusal:
        customer.transfer(program, ledger.address("friend"), 1_001)
    assert refusal.value.values == (ledger.address("customer"), 1_000, 1_001, program)


def test_redeem_burns_points(ledger, customer, program, held):
    customer.redeem(program, 400)
    assert customer.balance(program, ledger.address("customer")) == 600
    assert customer.liability(program).total == 600


def test_redeem_refuses_expired_points(ledger, customer, program, held):
    ledger.enter(8)
    with pytest.raises(ERC6909InsufficientBalance) as refusal:
        customer.redeem(program, 1)
    assert refusal.value.values == (ledger.address("customer"), 0, 1, program)


@pytest.mark.parametrize("name", ["transfer", "redeem"])
def test_spending_refuses_if_program_unknown(ledger, customer, name):
    to = (ledger.address("friend"),) if name == "transfer" else ()
    with pytest.raises(ProgramUnknown):
        getattr(customer, name)(NOWHERE, *to, 1)


# ----------------------------------------------------------------- signed intents


@pytest.fixture
def order(ledger, issuer, program):
    def sign(**changes):
        values = {"program": program, "points": 100, "order_id": 1, "deadline": 2**40 - 1}
        return sign_redeem(ledger.signers["customer"], issuer.domain, **{**values, **changes})

    return sign


def test_submit_redeems_once(ledger, issuer, program, held, order):
    issuer.submit(order())
    assert issuer.balance(program, ledger.address("customer")) == 900
    with pytest.raises(OrderUsed) as refusal:
        issuer.submit(order(points=5))
    assert refusal.value.values == (program, 1)


def test_submit_transfers_once(ledger, outsider, program, held):
    signed = sign_transfer(
        ledger.signers["customer"],
        outsider.domain,
        program=program,
        to=ledger.address("friend"),
        points=100,
        nonce=2**200,
        deadline=2**40 - 1,
    )
    outsider.submit(signed)
    assert outsider.balance(program, ledger.address("friend")) == 100
    with pytest.raises(IntentNonceUsed) as refusal:
        outsider.submit(signed)
    assert refusal.value.values == (ledger.address("customer"), 2**200)


def test_submit_refuses_if_not_issuer(outsider, ledger, program, held, order):
    with pytest.raises(ProgramIssuerOnly) as refusal:
        outsider.submit(order())
    assert refusal.value.values == (program, ledger.address("outsider"))


def test_submit_refuses_after_the_deadline(ledger, issuer, held, order):
    deadline = ledger.node.now
    ledger.node.advance(10)
    with pytest.raises(IntentExpired) as refusal:
        issuer.submit(order(deadline=deadline))
    assert refusal.value.deadline == deadline
    assert refusal.value.timestamp > deadline


@pytest.mark.parametrize("foreign", ["chain", "hub"])
def test_submit_refuses_what_was_signed_for_elsewhere(ledger, issuer, program, held, foreign):
    domain = {
        "chain": hub_domain(1, ledger.hub),
        "hub": hub_domain(31337, ledger.address("friend")),
    }[foreign]
    signed = sign_redeem(
        ledger.signers["customer"],
        domain,
        program=program,
        points=1,
        order_id=1,
        deadline=2**40 - 1,
    )
    with pytest.raises(IntentSignatureInvalid) as refusal:
        issuer.submit(signed)
    assert refusal.value.signer == ledger.address("customer")


def test_domain_is_the_hubs_own(issuer):
    assert issuer.domain.separator() == issuer.hub.read("DOMAIN_SEPARATOR")


# ----------------------------------------------------------------- reports


def test_statement_dates_each_age(ledger, issuer, program):
    for epoch in (4, 5, 7):
        ledger.enter(epoch) if epoch > 4 else None
        issuer.award(program, ledger.address("customer"), 10 * epoch)
    statement = issuer.statement(program, ledger.address("customer"))
    assert statement.by_age == (70, 0, 50, 40)
    assert statement.epoch == 7
    starts = {epoch: ledger.genesis + (epoch - 4) * EPOCH_LENGTH for epoch in (8, 9, 11)}
    assert [(lot.units, lot.expires_at) for lot in statement.lots] == [
        (40, datetime.fromtimestamp(starts[8], UTC)),
        (50, datetime.fromtimestamp(starts[9], UTC)),
        (70, datetime.fromtimestamp(starts[11], UTC)),
    ]


def test_points_are_there_until_the_second_they_expire(ledger, issuer, program):
    issuer.award(program, ledger.address("customer"), 10)
    (lot,) = issuer.statement(program, ledger.address("customer")).lots
    ledger.node.advance_to(int(lot.expires_at.timestamp()) - 1)
    assert issuer.balance(program, ledger.address("customer")) == 10
    ledger.node.advance_to(int(lot.expires_at.timestamp()))
    assert issuer.balance(program, ledger.address("customer")) == 0


def test_liability_is_the_sum_of_statements(ledger, issuer, program):
    issuer.award(program, ledger.address("customer"), 10)
    ledger.enter(5)
    issuer.award(program, ledger.address("friend"), 30)
    liability = issuer.liability(program)
    statements = [issuer.statement(program, ledger.address(r)) for r in ("customer", "friend")]
    assert liability.by_age == tuple(
        sum(ages) for ages in zip(*(s.by_age for s in statements), strict=True)
    )
    assert liability.shares() == (0, 0, 2_500, 7_500)
    assert liability.expiries == statements[0].expiries


@pytest.mark.parametrize("report", ["balance", "statement", "liability"])
def test_reports_refuse_if_program_unknown(ledger, issuer, report):
    account = () if report == "liability" else (ledger.address("customer"),)
    with pytest.raises(ProgramUnknown):
        getattr(issuer, report)(NOWHERE, *account)


def test_reports_of_a_new_customer_are_empty(ledger, issuer, program):
    assert issuer.balance(program, ledger.address("friend")) == 0
    assert issuer.statement(program, ledger.address("friend")).lots == ()
    assert issuer.liability(program).total == 0


def test_events_are_filtered_by_program(ledger, merchant, program):
    other = ledger.open_program()
    found = [log.event.program for log in merchant.events("IssuerSet", program=other.id)]
    assert found == [other.id]


def test_reading_needs_no_account(ledger, program):
    client = LoyaltyClient(ledger.connection, ledger.hub)
    assert client.program(program).name == "Bean"
    with pytest.raises(UsageError, match="no account"):
        client.redeem(program, 1)


@pytest.fixture
def manifest(ledger):
    def manifest(address):
        genesis = "0x" + ledger.connection.genesis_hash.hex()
        entry = Deployment("PointsHub", "PointsHub", address, (), 2, "0x", {}, "0x")
        return Manifest(ledger.connection.chain_id, genesis, [entry])

    return manifest


def test_at_takes_the_hub_of_a_manifest(ledger, program, manifest):
    client = LoyaltyClient.at(ledger.connection, manifest(ledger.hub))
    assert client.since_block == 2
    assert [found.id for found in client.programs()] == [program]


@pytest.mark.parametrize("address", ["", "0x" + "77" * 20], ids=["planned", "no code"])
def test_at_refuses_if_the_hub_is_not_deployed(ledger, manifest, address):
    with pytest.raises(ContractMissing):
        LoyaltyClient.at(ledger.connection, manifest(address))


def test_a_hub_that_is_not_there_is_named(ledger):
    client = LoyaltyClient(ledger.connection, ledger.address("outsider"))
    with pytest.raises(ContractMissing):
        client.program(2)
