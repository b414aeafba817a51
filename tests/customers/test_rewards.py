"""Data rewards on chain: funded before anybody consents, published once, claimed once."""

import pytest

from crmdapp.chain._keccak import keccak
from crmdapp.customers.codes import purpose_bits
from crmdapp.customers.errors import (
    RewardBudgetInvalid,
    RewardCampaignUnknown,
    RewardClaimedBefore,
    RewardClaimsOpen,
    RewardClaimsOver,
    RewardClaimsPublishedBefore,
    RewardClaimsUnpublished,
    RewardOverBudget,
    RewardSettingInvalid,
    RewardSponsorOnly,
    RewardUnproven,
)
from crmdapp.customers.interaction_log import LogClient
from crmdapp.customers.leaves import log_of
from crmdapp.customers.reward_claims import ClaimSheet, ClaimWithProof, RewardClaim, RewardKind
from crmdapp.customers.rewards import RewardsClient, asset_address
from crmdapp.errors import UsageError
from crmdapp.loyalty import LoyaltyClient
from crmdapp.loyalty.models import ProgramConfig
from tests.customers.registry_office import *  # noqa: F403 - fixtures

MARKETING = purpose_bits(["Marketing"])


@pytest.fixture
def coin(office):
    """The coin, of which the company has some and lets the contract take it."""
    found = office.connection.contract("TestCoin", office.manifest.address("TestCoin"))
    sender, rewards = office.sender("company"), office.manifest.address("DataRewards")
    for call in (
        found.call("mint", office.address("company"), 10_000),
        found.call("approve", rewards, 10_000),
    ):
        sender.wait(sender.send(call))
    return found


@pytest.fixture
def log(office):
    office.client("company", LogClient).open(0, 3_600)
    return log_of(office.address("company"))


@pytest.fixture
def rewards(office):
    return office.client("company", RewardsClient)


@pytest.fixture
def campaign(office, rewards, coin, log):
    return rewards.create(
        RewardKind.COIN,
        coin.address,
        cap=300,
        purposes=MARKETING,
        log=log,
        claims_until=office.later(),
    )


def sheet_for(office, campaign, **amounts):
    return ClaimSheet(
        [
            RewardClaim(campaign.id, n, keccak(role.encode()), office.address(role), amount)
            for n, (role, amount) in enumerate(amounts.items())
        ]
    )


def proofs(office, rewards, sheet):
    return list(sheet.proofs(office.connection.chain_id, rewards.contract.address))


def test_create_returns_the_campaign(office, campaign, coin, log):
    assert (campaign.sponsor, campaign.kind) == (office.address("company"), RewardKind.COIN)
    assert (campaign.cap, campaign.budget, campaign.log) == (300, 0, log)
    assert asset_address(campaign) == coin.address
    assert campaign.claims_root is None


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"cap": 0}, RewardSettingInvalid),
        ({"purposes": 0}, RewardSettingInvalid),
        ({"log": b"x"}, UsageError),
        ({"kind": RewardKind.NONE}, UsageError),
        ({"log": bytes(32)}, RewardSettingInvalid),
        ({"claims_until": 1}, RewardSettingInvalid),
    ],
)
def test_create_refuses_settings_that_promise_nothing(office, rewards, coin, log, changes, error):
    values = {
        "kind": RewardKind.COIN,
        "cap": 1,
        "purposes": MARKETING,
        "log": log,
        "claims_until": office.later(),
        **changes,
    }
    with pytest.raises(error):
        rewards.create(values.pop("kind"), coin.address, **values)


def test_campaign_refuses_one_that_is_not_there(rewards):
    with pytest.raises(RewardCampaignUnknown) as refused:
        rewards.campaign(7)
    assert refused.value == RewardCampaignUnknown(7)


def test_campaigns_lists_those_of_a_sponsor(office, rewards, campaign):
    assert list(rewards.campaigns(office.address("company"))) == [campaign]
    assert list(rewards.campaigns(office.address("outsider"))) == []


def test_claim_pays_each_person_once(office, rewards, campaign, coin):
    rewards.fund(campaign.id, 400)
    sheet = sheet_for(office, campaign, customer=300, guardian=100)
    rewards.publish(sheet)
    first, second = proofs(office, rewards, sheet)
    outsider = office.client("outsider", RewardsClient)
    assert not rewards.is_claimed(first)
    outsider.claim(first)
    assert coin.read("balanceOf", office.address("customer")) == 300
    assert rewards.is_claimed(first)
    with pytest.raises(RewardClaimedBefore):
        outsider.claim(first)
    outsider.claim(second)
    assert rewards.campaign(campaign.id).left == 0


def test_claim_refuses_what_was_not_published(office, rewards, campaign):
    rewards.fund(campaign.id, 400)
    sheet = sheet_for(office, campaign, customer=300, guardian=100)
    first, second = proofs(office, rewards, sheet)
    with pytest.raises(RewardClaimsUnpublished):
        rewards.claim(first)
    rewards.publish(sheet)
    forged = ClaimWithProof(first.chain_id, first.rewards, second.claim, first.proof)
    with pytest.raises(RewardUnproven):
        rewards.claim(forged)


def test_claim_refuses_one_of_another_contract(office, rewards, campaign):
    sheet = sheet_for(office, campaign, customer=1)
    (item,) = sheet.proofs(office.connection.chain_id, office.address("outsider"))
    with pytest.raises(UsageError, match="for the contract"):
        rewards.claim(item)


def test_publish_refuses_more_than_the_budget(office, rewards, campaign):
    rewards.fund(campaign.id, 100)
    with pytest.raises(RewardOverBudget) as refused:
        rewards.publish(sheet_for(office, campaign, customer=101))
    assert refused.value == RewardOverBudget(campaign.id, 101, 100)
    assert rewards.campaign(campaign.id).claims_root is None


def test_publish_is_done_once_by_the_sponsor(office, rewards, campaign):
    rewards.fund(campaign.id, 100)
    sheet = sheet_for(office, campaign, customer=100)
    with pytest.raises(RewardSponsorOnly):
        office.client("outsider", RewardsClient).publish(sheet)
    rewards.publish(sheet)
    with pytest.raises(RewardClaimsPublishedBefore):
        rewards.publish(sheet)
    with pytest.raises(RewardClaimsPublishedBefore):
        rewards.fund(campaign.id, 1)
    assert rewards.campaign(campaign.id).claims_root == sheet.root


@pytest.mark.parametrize("amount", [0, -1, 1 << 128])
def test_fund_refuses_what_is_no_amount(rewards, campaign, amount):
    with pytest.raises(RewardBudgetInvalid):
        rewards.fund(campaign.id, amount)


def test_close_returns_what_was_not_claimed(office, rewards, campaign, coin):
    rewards.fund(campaign.id, 400)
    sheet = sheet_for(office, campaign, customer=300)
    rewards.publish(sheet)
    with pytest.raises(RewardClaimsOpen):
        rewards.close(campaign.id)
    office.node.advance_to(office.later(2 * 86_400))
    (item,) = proofs(office, rewards, sheet)
    with pytest.raises(RewardClaimsOver):
        rewards.claim(item)
    before = coin.read("balanceOf", office.address("company"))
    rewards.close(campaign.id)
    assert coin.read("balanceOf", office.address("company")) == before + 400
    assert rewards.campaign(campaign.id).left == 0


def test_a_campaign_pays_points_that_its_sponsor_issues(office, rewards, log):
    loyalty = LoyaltyClient.at(office.connection, office.manifest, office.sender("company"))
    program = loyalty.create_program(ProgramConfig("Beans", "BEAN")).id
    loyalty.set_issuer(program, rewards.contract.address, 10_000)
    campaign = rewards.create(
        RewardKind.POINTS,
        program,
        cap=500,
        purposes=MARKETING,
        log=log,
        claims_until=office.later(),
    )
    assert asset_address(campaign) is None
    rewards.fund(campaign.id, 1_000)
    sheet = sheet_for(office, campaign, customer=500)
    rewards.publish(sheet)
    (item,) = proofs(office, rewards, sheet)
    rewards.claim(item)
    assert loyalty.balance(program, office.address("customer")) == 500
