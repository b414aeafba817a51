"""The ledger on any Ethereum node, through the Python client and the command line.

Against a chain of its own unless CRMDAPP_TEST_RPC names a node (`make test-node`): there time is
real, and the account of CRMDAPP_PRIVATE_KEY, or one that the node itself holds, pays.
"""

from contextlib import ExitStack
from dataclasses import dataclass
from typing import ClassVar

import pytest

from crmdapp.chain import Call, Domain, LocalSigner, TypedData
from crmdapp.chain.addresses import ZERO_ADDRESS
from crmdapp.chain.errors import (
    ERC20InsufficientAllowance,
    ERC20InsufficientBalance,
    IntentExpired,
    IntentNonceUsed,
    IntentSignatureInvalid,
)
from crmdapp.chain.events import ERC20Transfer, ERC6909Transfer
from crmdapp.errors import CrmdappError, UsageError
from crmdapp.loyalty import (
    IntentJournal,
    Relayer,
    SignedIntent,
    sign_exchange,
    sign_redeem,
    sign_transfer,
)
from crmdapp.loyalty.award_file import award_file
from crmdapp.loyalty.errors import (
    BudgetExceeded,
    CapExceeded,
    ERC6909InsufficientAllowance,
    ERC6909InsufficientBalance,
    OrderUsed,
    PositionOverLimit,
    ProgramIssuerOnly,
    ProgramOwnerOnly,
    ProgramUnknown,
)
from crmdapp.loyalty.events import BatchAwarded, IntentSkipped, OrdersRedeemed
from tests.e2e.town import EPOCH_LENGTH, Town

pytestmark = [pytest.mark.portable, pytest.mark.timeout(900)]

HUGE = 10**12  # units that nobody has
UNKNOWN_PROGRAM = 10**9


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    with ExitStack() as stack:
        yield Town(stack, tmp_path_factory.mktemp("town"))


@pytest.fixture(scope="module")
def program(town):
    """Has no face; a cap of 10,000.00, a tier from 100.00."""
    return town.open_program(cap=1_000_000, tiers=(10_000,)).id


@pytest.fixture(scope="module")
def faced(town):
    """Has an ERC-20 face."""
    return town.open_program(has_token=True)


@pytest.fixture
def stranger():
    """A key that never had ether."""
    return LocalSigner.random()


@pytest.fixture
def deadline(town):
    return town.connection.block_timestamp() + 3_600


# ----------------------------------------------------------------- chain and contracts


def test_deploy_resumes_and_checks(town):
    hub = town.manifest["PointsHub"]
    again = town.crmdapp("deploy", "--yes")

    assert again["chain_id"] == town.connection.chain_id == town.manifest.chain_id
    assert {entry["outcome"] for entry in again["contracts"]} == {"kept"}
    assert hub.address in {entry["address"] for entry in again["contracts"]}
    assert hub.args[1] == EPOCH_LENGTH
    checked = town.crmdapp("deploy", "--check")
    assert checked["ok"], checked


def test_doctor_finds_nothing_to_mend_but_clocks(town):
    try:
        found = town.crmdapp("doctor")
    except AssertionError:  # the clock of a chain whose time was moved is not the machine's
        found = town.crmdapp("doctor", code=1)
    problems = [item for item in found["findings"] if item["state"] == "problem"]

    assert [item for item in problems if item["name"] != "clock"] == []
    assert {"client", "PointsHub", "P-256 precompile at 0x100"} <= {
        item["name"] for item in found["findings"]
    }


def test_command_line_runs_a_program(town):
    def loyalty(*words, **settings):
        return town.crmdapp("loyalty", *words, **settings)

    friend, tier = town.address("friend"), ("--tier", "5")
    number = loyalty("program", "create", "Bean There", "BEAN", *tier, "--yes")["program"]
    loyalty("program", "issuer", number, town.address("issuer"), "100", "--yes")
    loyalty("award", number, friend, "12.50", "--yes", role="issuer")
    refusal = loyalty("award", number, friend, "100.01", "--yes", role="issuer", code=6)
    statement = loyalty("statement", number, friend)

    assert refusal["error"]["code"] == "BudgetExceeded"
    assert (statement["balance"]["units"], statement["tier"]) == (1_250, 1)
    assert loyalty("liability", number)["total"]["units"] == 1_250


# ----------------------------------------------------------------- points


def test_points_are_earned_moved_and_spent(town, program, stranger):
    issuer, customer = town.client("issuer"), town.client("customer")
    before = issuer.liability(program).total
    issuer.award(program, customer.sender.address, 12_000)
    customer.transfer(program, stranger.address, 2_000)
    customer.redeem(program, 500)
    statement = customer.statement(program, customer.sender.address)

    assert (statement.balance, statement.tier, statement.qualifying) == (9_500, 1, 12_000)
    assert customer.statement(program, stranger.address).tier == 0
    assert customer.balance(program, stranger.address) == 2_000
    assert customer.liability(program).total - before == 11_500
    assert all(expiry is None or expiry.tzinfo for expiry in statement.expiries)


def test_award_is_carried_out_once_per_key(town, program, stranger):
    issuer = town.client("issuer")
    first = issuer.award(program, stranger.address, 70, key="order-70")
    second = town.client("issuer").award(program, stranger.address, 70, key="order-70")

    assert first.hash == second.hash
    assert issuer.balance(program, stranger.address) == 70
    assert issuer.issuer(program, issuer.sender.address).budget > 0


def test_spender_moves_what_was_approved(town, program, stranger):
    issuer, customer = town.client("issuer"), town.client("customer")
    hub, owner, spender = issuer.hub, customer.sender.address, town.address("friend")
    issuer.award(program, owner, 400)
    town.send("customer", hub.call("approve", spender, program, 300))
    town.send("friend", hub.call("transferFrom", owner, stranger.address, program, 200))
    with pytest.raises(ERC6909InsufficientAllowance) as caught:
        town.send("friend", hub.call("transferFrom", owner, stranger.address, program, 101))

    assert (caught.value.spender, caught.value.allowance, caught.value.needed) == (
        spender,
        100,
        101,
    )
    assert issuer.balance(program, stranger.address) == 200


def test_file_is_awarded_once(town, program, tmp_path):
    people = [LocalSigner.random().address for _ in range(20)]
    path = tmp_path / "purchases.csv"
    path.write_text("address,points\n" + "".join(f"{person},1.25\n" for person in people))
    issuer = town.client("issuer")
    first = issuer.connection.block_number() + 1
    done = award_file(issuer, path, program)
    again = award_file(issuer, path, program)
    (batch,) = issuer.events("BatchAwarded", from_block=first, program=program)

    assert (done.rows_awarded, again.rows_awarded, again.rows_before) == (20, 0, 20)
    assert isinstance(batch.event, BatchAwarded)
    assert (batch.event.count, batch.event.points) == (20, 20 * 125)
    assert {issuer.balance(program, person) for person in people} == {125}


# ----------------------------------------------------------------- the ERC-20 face


@dataclass(frozen=True, slots=True)
class Permit(TypedData):
    """ERC-2612."""

    TYPE: ClassVar[str] = (
        "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
    )
    owner: str
    spender: str
    value: int
    nonce: int
    deadline: int


def test_face_moves_points_of_the_hub(town, faced, stranger):
    issuer, face, customer = town.client("issuer"), town.face(faced), town.address("customer")
    issuer.award(faced.id, customer, 1_000)
    receipt = town.send("customer", face.call("transfer", stranger.address, 250))
    with pytest.raises(ERC20InsufficientBalance) as caught:
        town.send("customer", face.call("transfer", stranger.address, HUGE))

    (shown,) = receipt.events_of(ERC20Transfer)
    (moved,) = receipt.events_of(ERC6909Transfer)
    assert (shown.from_, shown.to, shown.value) == (moved.sender, moved.receiver, moved.amount)
    assert caught.value.needed == HUGE
    assert face.read("balanceOf", stranger.address) == 250
    assert issuer.balance(faced.id, stranger.address) == 250
    assert face.read("totalSupply") == issuer.liability(faced.id).total
    assert town.client("merchant").program(faced.id).token == face.address


def test_permit_needs_no_ether_of_the_owner(town, faced, stranger, deadline):
    issuer, face, spender = town.client("issuer"), town.face(faced), town.address("friend")
    issuer.award(faced.id, stranger.address, 100)
    domain = Domain("PointsToken", "1", town.connection.chain_id, face.address)
    permit = Permit(stranger.address, spender, 60, 0, deadline)
    signature = permit.sign(stranger, domain)
    r, s, v = signature[:32], signature[32:64], signature[64]
    town.send("friend", face.call("permit", stranger.address, spender, 60, deadline, v, r, s))
    town.send("friend", face.call("transferFrom", stranger.address, spender, 50))
    with pytest.raises(ERC20InsufficientAllowance):
        town.send("friend", face.call("transferFrom", stranger.address, spender, 11))

    assert face.read("allowance", stranger.address, spender) == 10
    assert issuer.balance(faced.id, stranger.address) == 50


# ----------------------------------------------------------------- signed intents


def test_relayer_redeems_a_batch_and_skips_what_went_bad(town, program, deadline, tmp_path):
    issuer, customer = town.client("issuer"), town.client("customer")
    poor, rich = LocalSigner.random(), LocalSigner.random()
    for signer in (poor, rich):
        issuer.award(program, signer.address, 300)

    def order(signer, order_id, points):
        return sign_redeem(
            signer,
            issuer.domain,
            program=program,
            points=points,
            order_id=order_id,
            deadline=deadline,
        )

    with IntentJournal(tmp_path / "intents.sqlite3") as journal:
        relayer = Relayer(issuer, journal)
        orders = [order(rich, 11, 100), order(poor, 12, 300), order(rich, 13, 50)]
        for signed in orders:
            relayer.accept(signed)
        away = sign_transfer(
            poor,
            issuer.domain,
            program=program,
            to=customer.sender.address,
            points=1,
            nonce=5,
            deadline=deadline,
        )
        customer.submit(away)  # afterwards order 12 lacks a unit
        report = relayer.flush()
        again = relayer.flush()

    (receipt,) = report.receipts
    (skipped,) = receipt.events_of(IntentSkipped)
    (redeemed,) = receipt.events_of(OrdersRedeemed)
    states = {item.signed.intent.order_id: (item.state, item.reason) for item in report.settled}
    assert states == {
        11: ("mined", ""),
        12: ("skipped", "ERC6909InsufficientBalance"),
        13: ("mined", ""),
    }
    assert (skipped.order_id, skipped.index) == (12, 1)
    assert redeemed.order_ids == (11).to_bytes(6, "big") + (13).to_bytes(6, "big")
    assert (again.receipts, again.problems, report.problems) == ((), (), ())
    assert issuer.balance(program, rich.address) == 150
    assert issuer.balance(program, poor.address) == 299


def test_signed_intent_is_carried_out_once(town, program, stranger, deadline):
    issuer, domain = town.client("issuer"), town.client("issuer").domain
    issuer.award(program, stranger.address, 300)
    terms = {"program": program, "deadline": deadline}
    spent = sign_redeem(stranger, domain, points=100, order_id=1, **terms)
    given = sign_transfer(stranger, domain, to=town.address("friend"), points=150, nonce=1, **terms)
    issuer.submit(spent)
    town.client("merchant").submit(given)
    with pytest.raises(OrderUsed):
        issuer.submit(spent)
    with pytest.raises(IntentNonceUsed) as caught:
        town.client("merchant").submit(given)

    assert (caught.value.signer, caught.value.nonce) == (stranger.address, 1)
    assert issuer.balance(program, stranger.address) == 50
    assert town.connection.nonce(stranger.address) == 0


# ----------------------------------------------------------------- the network


def test_two_shops_join_and_settle_what_a_customer_spent(town, stranger, deadline, tmp_path):
    deposit = ("--deposit", "20")
    bean = town.join("merchant", "--on-ramp", "0.02", "--off-ramp", "0.01", *deposit)
    limit = ("--limit", f"{bean}=10")
    page = town.join("rival", "--on-ramp", "0.05", "--off-ramp", "0.04", *deposit, *limit)
    town.crmdapp("loyalty", "limit", bean, page, "0.10", "--yes")
    rival, terms = town.client("rival"), {"program": bean, "deadline": deadline}
    town.client("merchant").award(bean, stranger.address, 1_000)

    def order(order_id, points):
        return sign_redeem(
            stranger, rival.domain, merchant=page, points=points, order_id=order_id, **terms
        )

    change = sign_exchange(
        stranger, rival.domain, to_program=page, points=500, min_points=100, nonce=1, **terms
    )
    with IntentJournal(tmp_path / "intents.sqlite3") as journal:
        relayer = Relayer(rival, journal)
        for signed in (order(7, 400), change):
            relayer.accept(signed)
        report = relayer.flush()
    owed = rival.network.position(page, bean).owed
    with pytest.raises(OrderUsed):
        rival.submit(order(7, 1))
    town.client("merchant").award(bean, stranger.address, 100)
    with pytest.raises(PositionOverLimit) as over:
        rival.submit(order(8, 101))
    settled = town.crmdapp("loyalty", "settle", bean, page, "--yes")["settled"]
    after = rival.network.position(page, bean)
    deposits = [rival.clearing.deposit_of(program).value for program in (bean, page)]

    assert (report.count("mined"), report.problems) == (2, ())
    assert rival.balance(bean, stranger.address) == 200
    assert rival.balance(page, stranger.address) == 100  # 5.00 points at 0.01, one costs 0.05
    assert town.connection.nonce(stranger.address) == 0
    assert owed == 90_000  # 9.00 points left at 0.01 of the coin
    assert over.value.values == (bean, page, 100_100, 100_000)
    assert [(item["debtor"], item["creditor"], item["value"]) for item in settled] == [
        (bean, page, 90_000)
    ]
    assert (after.owed, after.other_limit) == (0, 10_000)
    assert deposits == [19_910_000, 20_090_000]
    assert town.coin.read("balanceOf", rival.clearing.house.address) == sum(deposits)


# ----------------------------------------------------------------- refusals


def test_refusals_bear_the_names_and_figures_of_the_contract(town, program, stranger, deadline):
    friend, issuer, merchant = (town.client(role) for role in ("friend", "issuer", "merchant"))
    with pytest.raises(ProgramIssuerOnly):
        friend.award(program, stranger.address, 1)
    with pytest.raises(ProgramOwnerOnly):
        friend.set_issuer(program, stranger.address, 1)
    with pytest.raises(ProgramUnknown):
        friend.balance(UNKNOWN_PROGRAM, stranger.address)
    with pytest.raises(CapExceeded):
        issuer.award(program, stranger.address, 1_000_001)
    with pytest.raises(ERC6909InsufficientBalance) as poor:
        friend.transfer(program, stranger.address, HUGE)
    merchant.set_issuer(program, stranger.address, 10)
    with pytest.raises(BudgetExceeded):
        town.connection.estimate_gas(
            issuer.prepare.award(program, stranger.address, 11), sender=stranger.address
        )
    terms = {"program": program, "points": 1, "order_id": 2}
    late = town.connection.block_timestamp() - 1
    with pytest.raises(IntentExpired) as expired:
        issuer.submit(sign_redeem(stranger, issuer.domain, deadline=late, **terms))
    good = sign_redeem(stranger, issuer.domain, deadline=deadline, **terms)
    forged = SignedIntent(good.intent, good.domain, good.signature[:64] + b"\x1d")
    with pytest.raises(IntentSignatureInvalid):
        issuer.submit(forged)

    assert (poor.value.sender, poor.value.needed, poor.value.id) == (
        friend.sender.address,
        HUGE,
        program,
    )
    assert expired.value.deadline == late
    assert issuer.issuer(program, stranger.address).budget == 10


def test_reverted_transaction_is_told_from_a_mined_one(town, program):
    """Some nodes answer the sending of a transaction that reverts with an error, and mine it."""
    friend = town.client("friend")
    doomed = friend.prepare.redeem(program, HUGE)
    offer = friend.sender.simulate(Call(friend.sender.address))
    raw = town.signer("friend").sign_transaction(
        {
            "type": 2,
            "chainId": town.connection.chain_id,
            "nonce": town.connection.nonce(friend.sender.address),
            "to": doomed.to,
            "value": 0,
            "data": doomed.data,
            "gas": 200_000,
            "maxFeePerGas": offer.max_fee,
            "maxPriorityFeePerGas": offer.tip,
        }
    )
    tx_hash = town.connection.broadcast(raw)
    problem = town.crmdapp("tx", "wait", tx_hash, role="friend", code=6)
    with pytest.raises(CrmdappError):
        friend.redeem(program, HUGE)

    assert problem["error"]["exit_code"] == 6


# ----------------------------------------------------------------- events, replacement, time


def test_events_are_the_same_in_every_range(town, program):
    issuer, people = town.client("issuer"), [LocalSigner.random().address for _ in range(3)]
    blocks = [issuer.award(program, person, 10 + n).block for n, person in enumerate(people)]

    def moves(first, last):
        return [
            (log.event.receiver, log.event.amount)
            for log in issuer.events("Transfer", from_block=first, to_block=last, id=program)
            if log.event.sender == ZERO_ADDRESS
        ]

    whole = moves(blocks[0], blocks[-1])
    assert [move for move in whole if move[0] in people] == [
        (person, 10 + n) for n, person in enumerate(people)
    ]
    assert whole == [
        move for block in range(blocks[0], blocks[-1] + 1) for move in moves(block, block)
    ]
    assert moves(blocks[-1] + 1_000, blocks[-1] + 2_000) == []


def test_replaced_transaction_happens_once(town, stranger):
    sender = town.sender("friend")
    with town.slow_blocks():
        sent = sender.send(Call(stranger.address, value=1_000))
        try:
            sped_up = sender.speed_up(sent)
        except UsageError:  # this node had put it into a block already
            sped_up = sent
    receipt = sender.wait(sent)

    assert receipt.hash in sped_up.hashes
    assert receipt.nonce == sent.nonce
    assert town.connection.balance(stranger.address) == 1_000
    assert sender.pending() == []


def test_points_expire_when_their_epoch_ends(town):
    program = town.open_program(validity=1).id
    issuer, customer = town.client("issuer"), town.address("customer")
    while True:  # an epoch may end between two blocks
        issuer.award(program, customer, 700)
        clock, now = issuer.clock, town.connection.block_timestamp()
        if issuer.balance(program, customer):
            break
    end = int(clock.start_of(clock.epoch_at(now) + 1).timestamp())
    town.wait_until(end)

    assert issuer.balance(program, customer) == 0
    assert issuer.liability(program).total == 0
    with pytest.raises(ERC6909InsufficientBalance):
        town.client("customer").redeem(program, 1)
    issuer.award(program, customer, 5)
    assert issuer.balance(program, customer) == 5
