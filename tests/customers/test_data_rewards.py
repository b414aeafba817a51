"""Rewards for data: funded first, claimed once, and never more than was promised."""

import pytest
from eth_abi import encode
from eth_utils import keccak

from tests.customers.contracts import *  # noqa: F403 - fixtures
from tests.customers.contracts import DAY
from tests.fixtures.intents import address_of
from tests.fixtures.logs import log, logs
from tests.fixtures.reverts import plain, reverts

NONE, COIN, POINTS = range(3)
PURPOSES = 0b101
CAP, BUDGET = 500, 1_000
LOG_INDEX = 3
NOWHERE = bytes(32)
ELSEWHERE = keccak(text="another root")
UNLIMITED = 2**48 - 1


def person(name):
    return keccak(text=f"person {name}")


def leaf_of(claim):
    types = ["uint256", "uint256", "bytes32", "address", "uint128"]
    return keccak(keccak(encode(types, claim)))


def pair(one, other):
    return keccak(min(one, other) + max(one, other))


def tree_of(claims):
    """Root and proofs of up to four claims."""
    leaves = [leaf_of(claim) for claim in claims]
    leaves += [keccak(text=f"nobody {number}") for number in range(4 - len(leaves))]
    sides = pair(*leaves[:2]), pair(*leaves[2:])
    proofs = [[leaves[at ^ 1], sides[1 - at // 2]] for at in range(len(claims))]
    return pair(*sides), proofs


def setting(text):
    return text.encode().ljust(32, b"\0")


@pytest.fixture(scope="module")
def money(project, accounts):
    """A coin that misbehaves as told."""
    return project.CoinMock.deploy(6, sender=accounts[0])


@pytest.fixture
def journal(interactions, company):
    """A log of the company."""
    interactions.open(LOG_INDEX, 3_600, NOWHERE, sender=company)
    return interactions.logOf(company, LOG_INDEX)


@pytest.fixture
def until(clock):
    return clock.now + 30 * DAY


@pytest.fixture
def create(rewards, company, money, journal, until):
    """Creates a campaign of the company that pays coin, unless the test says otherwise."""

    def create_(*, sender=company, **changes):
        values = {
            "kind": COIN,
            "asset": int(money.address, 16),
            "cap": CAP,
            "purposes": PURPOSES,
            "log": journal,
            "claimsUntil": until,
        }
        assert changes.keys() <= values.keys()
        return rewards.create(*(values | changes).values(), sender=sender)

    return create_


@pytest.fixture
def campaign(create):
    return create().return_value


@pytest.fixture
def pay_in(rewards, money, company):
    """Funds a campaign."""

    def pay_in_(campaign, amount=BUDGET, *, by=company):
        money.mint(by, amount, sender=by)
        money.approve(rewards, amount, sender=by)
        return rewards.fund(campaign, amount, sender=by)

    return pay_in_


@pytest.fixture
def funded(campaign, pay_in):
    pay_in(campaign)
    return campaign


@pytest.fixture
def publish(rewards, company):
    """Publishes claims, (index, person, payee, amount) each; returns claims and proofs."""

    def publish_(campaign, *rows, by=company):
        claims = [
            (campaign, index, person(name), address_of(payee), amount)
            for index, name, payee, amount in rows
        ]
        root, proofs = tree_of(claims)
        rewards.publish(campaign, root, sender=by)
        return list(zip(claims, proofs, strict=True))

    return publish_


@pytest.fixture
def first(publish, funded, customer):
    """A claim that the customer may make, and its proof."""
    return publish(funded, (0, "customer", customer, 300))[0]


@pytest.fixture
def program(hub, company, rewards):
    """A program of the company; the rewards may award without limit."""
    program = hub.createProgram(("Bean", "BEAN", 4, 0, False, []), sender=company).return_value
    hub.setIssuer(program, rewards, UNLIMITED, sender=company)
    return program


@pytest.fixture
def points_campaign(create, rewards, program, company):
    """A funded campaign that pays points."""
    campaign = create(kind=POINTS, asset=program).return_value
    rewards.fund(campaign, BUDGET, sender=company)
    return campaign


def claimed(rewards, claim):
    campaign, index, _, payee, amount = claim
    fields = {"campaign": campaign, "index": index, "payee": payee, "amount": amount}
    return log(rewards, "RewardClaimed", **fields)


def test_the_rewards_know_hub_and_log(rewards, hub, interactions, project):
    assert project.PointsHub.at(rewards.HUB()).address == hub.address
    assert project.InteractionLog.at(rewards.LOG()).address == interactions.address


# create


def test_create_is_on_record(rewards, create, money, program, company, journal, until):
    for kind, asset in ((COIN, int(money.address, 16)), (POINTS, program)):
        receipt = create(kind=kind, asset=asset)
        campaign = receipt.return_value
        fields = {"campaign": campaign, "sponsor": company, "kind": kind, "asset": asset}
        assert logs(receipt, rewards) == [log(rewards, "RewardCampaignCreated", **fields)]
        state = plain(tuple(rewards.campaignOf(campaign)))
        expected = [company.address, until, kind, asset, 0, 0, CAP, PURPOSES, journal]
        assert state == [*expected, NOWHERE, NOWHERE]


@pytest.mark.parametrize(
    ("name", "value"),
    [("cap", 0), ("purposes", 0), ("log", NOWHERE), ("log", ELSEWHERE), ("asset", 1 << 160)],
    ids=["no cap", "no purposes", "no log", "a log not opened", "more than an address"],
)
def test_create_reverts_for_a_setting_that_makes_no_campaign(project, create, name, value):
    number = int.from_bytes(value) if isinstance(value, bytes) else value
    wrong = {"setting": setting(name), "value": number}
    with reverts(project.DataRewards.RewardSettingInvalid, **wrong):
        create(**{name: value})


def test_create_reverts_without_a_kind(project, create):
    wrong = {"setting": setting("kind"), "value": NONE}
    with reverts(project.DataRewards.RewardSettingInvalid, **wrong):
        create(kind=NONE)


def test_create_reverts_if_there_is_no_coin(project, create, customer):
    with reverts(project.DataRewards.CoinInvalid, coin=customer):
        create(asset=int(customer.address, 16))


def test_create_reverts_if_claims_are_over(project, create, clock):
    now = clock.now + 10
    clock.set_next(now)
    wrong = {"setting": setting("claimsUntil"), "value": now}
    with reverts(project.DataRewards.RewardSettingInvalid, **wrong):
        create(claimsUntil=now)


def test_create_pays_points_of_ones_own_program_only(project, create, program, rival, company):
    wrong = {"program": program, "caller": rival}
    with reverts(project.PointsHub.ProgramOwnerOnly, **wrong):
        create(kind=POINTS, asset=program, sender=rival)
    wrong = {"setting": setting("cap"), "value": 1 << 48}
    with reverts(project.DataRewards.RewardSettingInvalid, **wrong):
        create(kind=POINTS, asset=program, cap=1 << 48)
    create(kind=POINTS, asset=program, cap=(1 << 48) - 1)


# fund


def test_fund_adds_what_arrives(rewards, project, campaign, pay_in, money, company):
    for budget in (BUDGET, 2 * BUDGET):
        receipt = pay_in(campaign)
        assert logs(receipt, rewards, money)[-1] == log(
            rewards, "RewardCampaignFunded", campaign=campaign, budget=budget
        )
        assert rewards.campaignOf(campaign).budget == budget
        assert money.balanceOf(rewards) == budget
    money.setFee(1_000, sender=company)  # a tenth
    pay_in(campaign)
    assert rewards.campaignOf(campaign).budget == money.balanceOf(rewards) == 2_900


def test_fund_reverts_if_nothing_arrives(rewards, project, campaign, pay_in, money, company):
    wrong = {"campaign": campaign, "budget": 0}
    with reverts(project.DataRewards.RewardBudgetInvalid, **wrong):
        rewards.fund(campaign, 0, sender=company)
    money.setFee(10_000, sender=company)
    with reverts(project.DataRewards.RewardBudgetInvalid, **wrong):
        pay_in(campaign)
    money.setFee(0, sender=company)
    money.setReturnsFalse(True, sender=company)
    with reverts(project.DataRewards.SafeERC20FailedOperation, token=money):
        pay_in(campaign)
    assert rewards.campaignOf(campaign).budget == 0


def test_fund_reverts_if_the_budget_would_overflow(rewards, project, points_campaign, company):
    most = 2**128 - 1
    rewards.fund(points_campaign, most - BUDGET, sender=company)
    wrong = {"campaign": points_campaign, "budget": most + 1}
    with reverts(project.DataRewards.RewardBudgetInvalid, **wrong):
        rewards.fund(points_campaign, 1, sender=company)
    assert rewards.campaignOf(points_campaign).budget == most


def test_fund_and_publish_are_for_the_sponsor_of_a_campaign(
    rewards, project, funded, rival, company
):
    for call in (
        lambda campaign: rewards.fund(campaign, 1, sender=rival),
        lambda campaign: rewards.publish(campaign, ELSEWHERE, sender=rival),
        lambda campaign: rewards.close(campaign, sender=rival),
    ):
        with reverts(project.DataRewards.RewardSponsorOnly, campaign=funded, caller=rival):
            call(funded)
        with reverts(project.DataRewards.RewardCampaignUnknown, campaign=999):
            call(999)


def test_fund_and_publish_end_with_the_time_for_claims(
    rewards, project, funded, company, until, clock
):
    wrong = {"campaign": funded, "claimsUntil": until}
    clock.set_next(until)
    with reverts(project.DataRewards.RewardClaimsOver, **wrong):
        rewards.fund(funded, 1, sender=company)
    with reverts(project.DataRewards.RewardClaimsOver, **wrong):
        rewards.publish(funded, ELSEWHERE, sender=company)


# publish


def test_publish_fixes_the_claims_once(rewards, project, interactions, funded, company, journal):
    interactions.anchor(LOG_INDEX, ELSEWHERE, ELSEWHERE, 1, sender=company)
    head = interactions.headOf(journal)
    receipt = rewards.publish(funded, ELSEWHERE, sender=company)
    fields = {"campaign": funded, "claimsRoot": ELSEWHERE, "head": head}
    assert logs(receipt, rewards) == [log(rewards, "RewardClaimsPublished", **fields)]
    interactions.anchor(LOG_INDEX, ELSEWHERE, ELSEWHERE, 1, sender=company)
    state = rewards.campaignOf(funded)
    assert (state.claimsRoot, state.headAtPublication) == (ELSEWHERE, head)
    for again in (
        lambda: rewards.publish(funded, keccak(text="a third"), sender=company),
        lambda: rewards.fund(funded, 1, sender=company),
    ):
        with reverts(project.DataRewards.RewardClaimsPublishedBefore, campaign=funded):
            again()


def test_publish_reverts_without_claims(project, rewards, funded, company):
    wrong = {"setting": setting("claimsRoot"), "value": 0}
    with reverts(project.DataRewards.RewardSettingInvalid, **wrong):
        rewards.publish(funded, NOWHERE, sender=company)


# claim


def test_claim_pays_the_payee_whoever_brings_it(rewards, money, first, funded, customer, relayer):
    claim, proof = first
    assert rewards.isClaimed(funded, 0) is rewards.isPaid(funded, person("customer")) is False
    receipt = rewards.claim(claim, proof, sender=relayer)
    moved = {"from_": rewards, "to": customer, "value": 300}
    assert logs(receipt, rewards, money) == [
        claimed(rewards, claim),
        log(money, "Transfer", **moved),
    ]
    assert money.balanceOf(customer) == 300
    assert rewards.campaignOf(funded).paid == 300
    assert rewards.isClaimed(funded, 0) is rewards.isPaid(funded, person("customer")) is True
    assert rewards.isClaimed(funded, 1) is False


def test_campaigns_pay_their_own_coin(
    rewards, project, accounts, create, publish, funded, money, company, customer, relayer
):
    plain_coin = project.TestCoin.deploy(sender=accounts[0])
    campaign = create(asset=int(plain_coin.address, 16)).return_value
    plain_coin.mint(company, 100, sender=company)
    plain_coin.approve(rewards, 100, sender=company)
    rewards.fund(campaign, 100, sender=company)
    ((claim, proof),) = publish(campaign, (0, "customer", customer, 100))
    rewards.claim(claim, proof, sender=relayer)
    assert [each.balanceOf(customer) for each in (plain_coin, money)] == [100, 0]
    assert [each.balanceOf(rewards) for each in (plain_coin, money)] == [0, BUDGET]


def test_claim_counts_once_per_index_and_person(
    rewards, project, funded, publish, customer, friend, relayer
):
    rows = (0, "customer", customer, 100), (1, "customer", friend, 100), (0, "friend", friend, 100)
    claims = publish(funded, *rows, (256, "friend", friend, 100))
    rewards.claim(*claims[0], sender=relayer)
    for claim, proof in claims[:3]:
        wrong = {"campaign": funded, "index": claim[1], "person": claim[2]}
        with reverts(project.DataRewards.RewardClaimedBefore, **wrong):
            rewards.claim(claim, proof, sender=relayer)
    rewards.claim(*claims[3], sender=relayer)
    assert rewards.campaignOf(funded).paid == 200


def test_claim_reverts_if_anything_was_changed(
    rewards, project, first, funded, money, customer, thief
):
    claim, proof = first
    for at, value in ((1, 1), (2, person("thief")), (3, thief.address), (4, 301)):
        changed = (*claim[:at], value, *claim[at + 1 :])
        wrong = {"campaign": funded, "index": changed[1]}
        with reverts(project.DataRewards.RewardUnproven, **wrong):
            rewards.claim(changed, proof, sender=thief)
    for other in ([], proof[:1], proof[::-1]):
        wrong = {"campaign": funded, "index": 0}
        with reverts(project.DataRewards.RewardUnproven, **wrong):
            rewards.claim(claim, other, sender=thief)
    assert money.balanceOf(rewards) == BUDGET


def test_claim_with_a_proof_of_another_campaign_fails(
    rewards, project, create, pay_in, first, company, relayer
):
    claim, proof = first
    other = create().return_value
    pay_in(other)
    with reverts(project.DataRewards.RewardClaimsUnpublished, campaign=other):
        rewards.claim((other, *claim[1:]), proof, sender=relayer)
    # Even if its sponsor published the same root by mistake.
    rewards.publish(other, rewards.campaignOf(claim[0]).claimsRoot, sender=company)
    with reverts(project.DataRewards.RewardUnproven, campaign=other, index=0):
        rewards.claim((other, *claim[1:]), proof, sender=relayer)
    rewards.claim(claim, proof, sender=relayer)


def test_claim_reverts_for_an_unknown_campaign(rewards, project, first, relayer):
    claim, proof = first
    with reverts(project.DataRewards.RewardClaimsUnpublished, campaign=999):
        rewards.claim((999, *claim[1:]), proof, sender=relayer)


def test_claims_of_campaigns_are_counted_apart(
    rewards, create, pay_in, publish, funded, customer, relayer
):
    other = create().return_value
    pay_in(other)
    for campaign in (funded, other):
        ((claim, proof),) = publish(campaign, (0, "customer", customer, 100))
        rewards.claim(claim, proof, sender=relayer)
        assert rewards.campaignOf(campaign).paid == 100


def test_claim_reverts_above_cap_and_budget(
    rewards, project, funded, publish, customer, friend, outsider, thief, relayer
):
    rows = (0, "a", customer, CAP), (1, "b", friend, CAP + 1), (2, "c", outsider, CAP)
    capped, over, second, last = publish(funded, *rows, (3, "d", thief, 1))
    rewards.claim(*capped, sender=relayer)
    wrong = {"campaign": funded, "amount": CAP + 1, "cap": CAP}
    with reverts(project.DataRewards.RewardOverCap, **wrong):
        rewards.claim(*over, sender=relayer)
    rewards.claim(*second, sender=relayer)
    wrong = {"campaign": funded, "amount": 1, "left": 0}
    with reverts(project.DataRewards.RewardOverBudget, **wrong):
        rewards.claim(*last, sender=relayer)
    state = rewards.campaignOf(funded)
    assert state.paid == state.budget == BUDGET


def test_a_campaign_does_not_pay_from_the_budget_of_another(
    rewards, project, create, pay_in, publish, funded, money, customer, relayer
):
    poor = create().return_value
    pay_in(poor, 10)
    ((claim, proof),) = publish(poor, (0, "customer", customer, 11))
    wrong = {"campaign": poor, "amount": 11, "left": 10}
    with reverts(project.DataRewards.RewardOverBudget, **wrong):
        rewards.claim(claim, proof, sender=relayer)
    assert money.balanceOf(rewards) == BUDGET + 10


def test_claim_works_to_the_last_second(rewards, first, customer, money, until, clock, relayer):
    clock.set_next(until - 1)
    rewards.claim(*first, sender=relayer)
    assert money.balanceOf(customer) == 300


def test_claim_reverts_when_claims_are_over(rewards, project, first, funded, until, clock, relayer):
    clock.set_next(until)
    wrong = {"campaign": funded, "claimsUntil": until}
    with reverts(project.DataRewards.RewardClaimsOver, **wrong):
        rewards.claim(*first, sender=relayer)


# Coins that misbehave


def test_claim_bears_a_coin_that_keeps_a_fee(
    rewards, money, first, funded, customer, company, relayer
):
    money.setFee(1_000, sender=company)
    rewards.claim(*first, sender=relayer)
    assert money.balanceOf(customer) == 270
    assert money.balanceOf(rewards) == BUDGET - 300
    assert rewards.campaignOf(funded).paid == 300


def test_claim_reverts_if_the_coin_takes_more_than_it_pays(
    rewards, project, money, first, funded, company, relayer
):
    money.setFeeOnTop(1_000, sender=company)
    with reverts(project.DataRewards.CoinPaymentInexact, amount=300, taken=330):
        rewards.claim(*first, sender=relayer)
    money.setFeeOnTop(0, sender=company)
    money.setReturnsFalse(True, sender=company)
    with reverts(project.DataRewards.SafeERC20FailedOperation, token=money):
        rewards.claim(*first, sender=relayer)
    # Once the coin behaves, the claim is still there.
    money.setReturnsFalse(False, sender=company)
    assert rewards.isClaimed(funded, 0) is False
    rewards.claim(*first, sender=relayer)


def test_a_payment_to_the_rewards_themselves_is_none(
    rewards, project, money, funded, publish, relayer
):
    ((claim, proof),) = publish(funded, (0, "nobody", rewards, 100))
    with reverts(project.DataRewards.CoinPaymentInexact, amount=100, taken=0):
        rewards.claim(claim, proof, sender=relayer)


def test_a_coin_that_calls_back_gains_nothing(
    rewards, project, create, pay_in, publish, money, funded, company, customer, relayer
):
    claims = publish(funded, (0, "a", customer, 300), (1, "b", customer, 300))
    refused = keccak(text="ReentrancyGuardReentrantCall()")[:4]
    other = create().return_value
    calls = (
        rewards.claim.encode_input(*claims[0]),
        rewards.claim.encode_input(*claims[1]),
        rewards.close.encode_input(funded),
        rewards.fund.encode_input(other, 1),
    )
    for number, call in enumerate(calls):
        money.mint(company, 10, sender=company)
        money.approve(rewards, 10, sender=company)
        money.callOnTransfer(rewards, call, sender=company)
        rewards.fund(other, 10, sender=company)
        assert money.succeeded() is False, number
        assert money.answer() == refused
    money.callOnTransfer(rewards, calls[1], sender=company)
    rewards.claim(*claims[0], sender=relayer)
    assert money.succeeded() is False
    assert money.answer() == refused
    assert rewards.campaignOf(funded).paid == 300
    assert rewards.campaignOf(other).budget == 40


# close


def test_close_returns_what_was_not_claimed(
    rewards, project, money, first, funded, company, relayer, until, clock
):
    rewards.claim(*first, sender=relayer)
    clock.set_next(until - 1)
    wrong = {"campaign": funded, "claimsUntil": until}
    with reverts(project.DataRewards.RewardClaimsOpen, **wrong):
        rewards.close(funded, sender=company)
    clock.set_next(until)
    receipt = rewards.close(funded, sender=company)
    moved = {"from_": rewards, "to": company, "value": 700}
    assert logs(receipt, rewards, money) == [
        log(rewards, "RewardCampaignClosed", campaign=funded, returned=700),
        log(money, "Transfer", **moved),
    ]
    assert money.balanceOf(company) == 700
    state = rewards.campaignOf(funded)
    assert (state.budget, state.paid) == (300, 300)
    with reverts(project.DataRewards.RewardBudgetInvalid, campaign=funded, budget=0):
        rewards.close(funded, sender=company)


def test_close_leaves_the_budgets_of_others(
    rewards, create, pay_in, money, funded, rival, company, until, clock
):
    other = create(sender=rival, claimsUntil=until + DAY).return_value
    pay_in(other, 40, by=rival)
    clock.set(until)
    rewards.close(funded, sender=company)
    assert money.balanceOf(rewards) == rewards.campaignOf(other).budget == 40


# Points


def test_claim_awards_points(rewards, hub, points_campaign, publish, program, customer, relayer):
    ((claim, proof),) = publish(points_campaign, (0, "customer", customer, 250))
    receipt = rewards.claim(claim, proof, sender=relayer)
    assert logs(receipt, rewards, hub)[0] == claimed(rewards, claim)
    assert hub.balanceOf(customer, program) == 250
    assert rewards.isClaimed(points_campaign, 0) is True


def test_a_claim_above_the_issuers_budget_can_be_made_later(
    rewards, hub, project, points_campaign, publish, program, company, customer, friend, relayer
):
    rows = (0, "customer", customer, 300), (1, "friend", friend, 300)
    one, other = publish(points_campaign, *rows)
    hub.setIssuer(program, rewards, 400, sender=company)
    rewards.claim(*one, sender=relayer)
    wrong = {"program": program, "issuer": rewards, "points": 300, "left": 100}
    with reverts(project.PointsHub.BudgetExceeded, **wrong):
        rewards.claim(*other, sender=relayer)
    assert rewards.isClaimed(points_campaign, 1) is False
    assert rewards.campaignOf(points_campaign).paid == 300
    hub.setIssuer(program, rewards, 600, sender=company)
    rewards.claim(*other, sender=relayer)
    assert hub.balanceOf(friend, program) == 300


def test_a_program_that_was_sold_is_not_the_sellers_to_promise(
    rewards, hub, project, create, points_campaign, publish, program, company, rival, customer,
    relayer,
):  # fmt: skip
    published = create(kind=POINTS, asset=program).return_value
    rewards.fund(published, BUDGET, sender=company)
    ((claim, proof),) = publish(published, (0, "customer", customer, 100))
    hub.transferProgramOwnership(program, rival, sender=company)
    hub.acceptProgramOwnership(program, sender=rival)
    wrong = {"program": program, "caller": company}
    for call in (
        lambda: rewards.fund(points_campaign, 1, sender=company),
        lambda: rewards.publish(points_campaign, ELSEWHERE, sender=company),
        lambda: create(kind=POINTS, asset=program),
    ):
        with reverts(project.PointsHub.ProgramOwnerOnly, **wrong):
            call()
    # The new owner has the last word on what was promised before.
    hub.setIssuer(program, rewards, 0, sender=rival)
    wrong = {"program": program, "caller": rewards}
    with reverts(project.PointsHub.ProgramIssuerOnly, **wrong):
        rewards.claim(claim, proof, sender=relayer)
    hub.setIssuer(program, rewards, 100, sender=rival)
    rewards.claim(claim, proof, sender=relayer)
    assert hub.balanceOf(customer, program) == 100


def test_close_returns_no_points(rewards, hub, points_campaign, company, program, until, clock):
    clock.set(until)
    receipt = rewards.close(points_campaign, sender=company)
    assert logs(receipt, rewards) == [
        log(rewards, "RewardCampaignClosed", campaign=points_campaign, returned=BUDGET)
    ]
    assert hub.totalSupply(program) == 0
    assert rewards.campaignOf(points_campaign).budget == 0
