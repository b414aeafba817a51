"""Coupons and drops on the chain: what is given once, to whom, and what is refused."""

import pytest

from crmdapp.chain import LocalSigner
from crmdapp.chain.addresses import checksum
from crmdapp.errors import UsageError
from crmdapp.loyalty.campaigns import CampaignClient, CouponKey, Drop
from crmdapp.loyalty.coupons import BUDGET_MAX, TIME_MAX, sign_coupon, sign_coupons
from crmdapp.loyalty.drops import DropClaim, DropTree
from crmdapp.loyalty.errors import (
    BudgetExceeded,
    CouponBudgetExceeded,
    CouponBudgetOutOfRange,
    CouponExpired,
    CouponIssuedTooLate,
    CouponSignatureInvalid,
    CouponTooEarly,
    CouponUsed,
    DropClaimedBefore,
    DropExpired,
    DropProofInvalid,
    EpochNotLive,
    ERC6909InvalidReceiver,
    PointsOverflow,
    ProgramIssuerOnly,
    ProgramOwnerOnly,
    ProgramUnknown,
)
from crmdapp.loyalty.events import CouponCancelled, CouponClaimed, CouponKeySet, DropClaimed
from crmdapp.loyalty.intents import ORDER_MAX, hub_domain
from crmdapp.loyalty.points import POINTS_MAX, to_points
from tests.loyalty.constants import ANY_TIME, UNLIMITED, ZERO
from tests.loyalty.ledger import *  # noqa: F403 - fixtures

NOWHERE = 98
COUPON_KEY = LocalSigner(b"\x07" * 32)
OTHER_KEY = LocalSigner(b"\x08" * 32)
CAMPAIGN = b"\x0c" * 32


@pytest.fixture
def keyed(merchant, program):
    """The program, whose coupon key may give 10.00 points an epoch."""
    merchant.campaigns.set_coupon_key(program, COUPON_KEY.address, 1_000)
    return program


@pytest.fixture
def coupon(ledger, keyed, issuer):
    """Signs a coupon of the customer for 5.00 points."""

    def sign(signer=COUPON_KEY, domain=issuer.domain, **changes):
        values = {
            "program": keyed,
            "to": ledger.address("customer"),
            "points": 500,
            "order_id": 1,
            "issued": 4,
            "deadline": ANY_TIME,
            "campaign": CAMPAIGN,
        }
        return sign_coupon(signer, domain, **{**values, **changes})

    return sign


@pytest.fixture
def tree(ledger, tmp_path):
    """The customers of a drop: nine strangers, and the customer in the middle."""
    people = [checksum(f"0x{0xC0FFEE0000 + n:040x}") for n in range(9)]
    people.insert(4, ledger.address("customer"))
    path = tmp_path / "drop.csv"
    rows = [f"{to},{to_points(100 + n)}" for n, to in enumerate(people)]
    path.write_text("\n".join(["address,points", *rows, ""]))
    return DropTree.build(path)


@pytest.fixture
def drop(issuer, program, tree):
    return issuer.campaigns.create_drop(program, tree.root, tree.units, ANY_TIME, campaign=CAMPAIGN)


@pytest.fixture
def claims(ledger, drop, tree):
    place = {"drop": drop.id, "chain_id": 31337, "hub": ledger.hub}
    return list(tree.claims(**place))


# ----------------------------------------------------------------- coupon key


def test_the_campaigns_of_a_client_are_one_object(issuer):
    assert isinstance(issuer.campaigns, CampaignClient)
    assert issuer.campaigns is issuer.campaigns


def test_set_coupon_key_names_key_and_budget(merchant, program):
    receipt = merchant.campaigns.set_coupon_key(program, COUPON_KEY.address.lower(), BUDGET_MAX)
    assert receipt.events == [CouponKeySet(program, COUPON_KEY.address, BUDGET_MAX)]
    assert merchant.campaigns.coupon_key(program) == CouponKey(
        program, COUPON_KEY.address, BUDGET_MAX, 0
    )


def test_set_coupon_key_takes_the_key_away(merchant, keyed):
    merchant.campaigns.set_coupon_key(keyed, None, 0)
    assert merchant.campaigns.coupon_key(keyed) == CouponKey(keyed, None, 0, 0)


def test_coupon_key_tells_what_was_used_in_the_epoch(ledger, merchant, outsider, keyed, coupon):
    outsider.campaigns.claim_coupon(coupon(points=600))
    found = merchant.campaigns.coupon_key(keyed)
    assert (found.used, found.left) == (600, 400)
    merchant.campaigns.set_coupon_key(keyed, OTHER_KEY.address, 500)
    found = merchant.campaigns.coupon_key(keyed)
    assert (found.address, found.budget, found.used, found.left) == (
        OTHER_KEY.address, 500, 600, 0,
    )  # fmt: skip
    ledger.enter(5)
    found = merchant.campaigns.coupon_key(keyed)
    assert (found.used, found.left) == (0, 500)


def test_set_coupon_key_refuses_if_not_owner(issuer, ledger, program):
    with pytest.raises(ProgramOwnerOnly) as refusal:
        issuer.campaigns.set_coupon_key(program, COUPON_KEY.address, 1)
    assert refusal.value.values == (program, ledger.address("issuer"))


def test_set_coupon_key_refuses_budgets_out_of_range(merchant, program):
    with pytest.raises(CouponBudgetOutOfRange) as refusal:
        merchant.campaigns.prepare.set_coupon_key(program, COUPON_KEY.address, BUDGET_MAX + 1)
    assert refusal.value.budget == BUDGET_MAX + 1
    for budget in (-1, 1.5, True):
        with pytest.raises(UsageError, match="whole number"):
            merchant.campaigns.set_coupon_key(program, COUPON_KEY.address, budget)


def test_coupon_key_refuses_if_program_unknown(merchant):
    with pytest.raises(ProgramUnknown):
        merchant.campaigns.coupon_key(NOWHERE)
    with pytest.raises(ProgramUnknown):
        merchant.campaigns.set_coupon_key(NOWHERE, COUPON_KEY.address, 1)


@pytest.mark.parametrize(("validity", "issued"), [(4, 4), (1, 1)])
def test_issued_is_the_epoch_that_an_award_counts_as(ledger, merchant, validity, issued):
    program = ledger.open_program(validity=validity).id
    assert merchant.campaigns.issued(program) == issued
    ledger.enter(6)
    assert merchant.campaigns.issued(program) == issued + 2


# ----------------------------------------------------------------- claiming


def test_claim_coupon_gives_the_points_whoever_submits(ledger, outsider, keyed, coupon):
    signed = coupon()
    assert not outsider.campaigns.is_used(keyed, 1)
    receipt = outsider.campaigns.claim_coupon(signed)
    assert CouponClaimed(keyed, CAMPAIGN, ledger.address("customer"), 1) in receipt.events
    assert outsider.balance(keyed, ledger.address("customer")) == 500
    assert outsider.balance(keyed, ledger.address("outsider")) == 0
    assert outsider.campaigns.is_used(keyed, 1)


def test_claim_coupon_sends_once_per_key(ledger, outsider, keyed, coupon):
    first = outsider.campaigns.claim_coupon(coupon(), key="coupon-1")
    assert outsider.campaigns.claim_coupon(coupon(), key="coupon-1").hash == first.hash


def test_claim_coupon_refuses_a_second_time(outsider, keyed, coupon):
    outsider.campaigns.claim_coupon(coupon())
    for again in (coupon(), coupon(points=1)):
        with pytest.raises(CouponUsed) as refusal:
            outsider.campaigns.claim_coupon(again)
        assert refusal.value.values == (keyed, 1)


def test_claim_coupon_refuses_before_it_is_valid(ledger, outsider, keyed, coupon):
    first = ledger.node.now + 1_000
    with pytest.raises(CouponTooEarly) as refusal:
        outsider.campaigns.claim_coupon(coupon(valid_after=first))
    assert refusal.value.valid_after == first
    ledger.node.advance_to(first)
    outsider.campaigns.claim_coupon(coupon(valid_after=first))
    assert outsider.balance(keyed, ledger.address("customer")) == 500


def test_claim_coupon_refuses_after_its_deadline(ledger, outsider, coupon):
    deadline = ledger.node.now
    ledger.node.advance(10)
    with pytest.raises(CouponExpired) as refusal:
        outsider.campaigns.claim_coupon(coupon(deadline=deadline))
    assert refusal.value.deadline == deadline


def test_claim_coupon_refuses_another_key(outsider, coupon):
    signed = coupon(signer=OTHER_KEY)
    with pytest.raises(CouponSignatureInvalid) as refusal:
        outsider.campaigns.claim_coupon(signed)
    assert refusal.value.values == (COUPON_KEY.address, signed.digest)


def test_claim_coupon_refuses_the_former_key(outsider, merchant, keyed, coupon):
    merchant.campaigns.set_coupon_key(keyed, OTHER_KEY.address, 1_000)
    with pytest.raises(CouponSignatureInvalid):
        outsider.campaigns.claim_coupon(coupon())
    outsider.campaigns.claim_coupon(coupon(signer=OTHER_KEY))


def test_claim_coupon_refuses_beyond_the_keys_budget(ledger, outsider, keyed, coupon):
    outsider.campaigns.claim_coupon(coupon(points=600))
    with pytest.raises(CouponBudgetExceeded) as refusal:
        outsider.campaigns.claim_coupon(coupon(points=401, order_id=2))
    assert refusal.value.values == (keyed, 401, 400)
    ledger.enter(5)
    outsider.campaigns.claim_coupon(coupon(points=401, order_id=2))


def test_claim_coupon_gains_no_life_by_waiting(ledger, outsider, keyed, coupon):
    ledger.enter(6)
    outsider.campaigns.claim_coupon(coupon(issued=4))
    assert outsider.statement(keyed, ledger.address("customer")).by_age == (0, 0, 500, 0)
    with pytest.raises(CouponIssuedTooLate) as refusal:
        outsider.campaigns.claim_coupon(coupon(issued=7, order_id=2))
    assert refusal.value.values == (7, 6)
    ledger.enter(8)
    with pytest.raises(EpochNotLive) as refusal:
        outsider.campaigns.claim_coupon(coupon(issued=4, order_id=2))
    assert refusal.value.values == (4, 8)


@pytest.mark.parametrize("foreign", ["chain", "hub"])
def test_claim_coupon_names_a_coupon_for_elsewhere(ledger, outsider, coupon, foreign):
    domain = {
        "chain": hub_domain(1, ledger.hub),
        "hub": hub_domain(31337, ledger.address("friend")),
    }[foreign]
    with pytest.raises(UsageError, match="is for the ledger"):
        outsider.campaigns.claim_coupon(coupon(domain=domain))


def test_claim_coupon_refuses_if_program_unknown(outsider, coupon):
    with pytest.raises(ProgramUnknown):
        outsider.campaigns.claim_coupon(coupon(program=NOWHERE))


def test_many_coupons_signed_at_once_are_all_good(ledger, outsider, keyed, coupon):
    items = [coupon(order_id=number, points=100).coupon for number in (1, 2, ORDER_MAX)]
    for signed in sign_coupons(items, COUPON_KEY, outsider.domain):
        outsider.campaigns.claim_coupon(signed)
    assert outsider.balance(keyed, ledger.address("customer")) == 300


# ----------------------------------------------------------------- cancelling


def test_cancel_coupon_voids_it(ledger, issuer, outsider, keyed, coupon):
    receipt = issuer.campaigns.cancel_coupon(keyed, 1)
    assert receipt.events == [CouponCancelled(keyed, 1)]
    with pytest.raises(CouponUsed):
        outsider.campaigns.claim_coupon(coupon())
    outsider.campaigns.claim_coupon(coupon(order_id=2))
    with pytest.raises(CouponUsed):
        issuer.campaigns.cancel_coupon(keyed, 2)
    assert sorted(issuer.campaigns.used_orders(keyed)) == [1, 2]


def test_cancel_coupon_refuses_if_not_issuer(ledger, outsider, keyed):
    with pytest.raises(ProgramIssuerOnly) as refusal:
        outsider.campaigns.cancel_coupon(keyed, 1)
    assert refusal.value.values == (keyed, ledger.address("outsider"))
    with pytest.raises(ProgramUnknown):
        outsider.campaigns.cancel_coupon(NOWHERE, 1)


@pytest.mark.parametrize("number", [-1, ORDER_MAX + 1, True])
def test_a_coupons_number_has_48_bits(issuer, keyed, number):
    for act in (issuer.campaigns.cancel_coupon, issuer.campaigns.is_used):
        with pytest.raises(UsageError, match="number"):
            act(keyed, number)


# ----------------------------------------------------------------- drops


def test_create_drop_books_the_budget_and_is_found(ledger, issuer, merchant, program, tree):
    merchant.set_issuer(program, ledger.address("issuer"), tree.units)
    drop = issuer.campaigns.create_drop(program, tree.root, tree.units, ANY_TIME)
    assert drop == Drop(drop.id, tree.root, program, tree.units, 4, ANY_TIME)
    assert list(issuer.campaigns.drops(program)) == [drop]
    assert issuer.issuer(program, ledger.address("issuer")).left == 0
    with pytest.raises(BudgetExceeded) as refusal:
        issuer.campaigns.create_drop(program, tree.root, 1, ANY_TIME)
    assert refusal.value.values == (program, ledger.address("issuer"), 1, 0)


def test_create_drop_sets_up_one_per_key(issuer, program, tree):
    first = issuer.campaigns.create_drop(program, tree.root, 5, ANY_TIME, key="june")
    assert issuer.campaigns.create_drop(program, tree.root, 5, ANY_TIME, key="june") == first


def test_create_drop_refuses_if_not_issuer(ledger, outsider, program, tree):
    with pytest.raises(ProgramIssuerOnly) as refusal:
        outsider.campaigns.create_drop(program, tree.root, 5, ANY_TIME)
    assert refusal.value.values == (program, ledger.address("outsider"))
    with pytest.raises(ProgramUnknown):
        outsider.campaigns.create_drop(NOWHERE, tree.root, 5, ANY_TIME)


@pytest.mark.parametrize(
    ("root", "points", "deadline", "error"),
    [
        (b"\x01" * 31, 1, ANY_TIME, UsageError),
        (b"\x01" * 32, 0, ANY_TIME, UsageError),
        (b"\x01" * 32, POINTS_MAX + 1, ANY_TIME, PointsOverflow),
        (b"\x01" * 32, 1, TIME_MAX + 1, UsageError),
        (b"\x01" * 32, 1, -1, UsageError),
    ],
)
def test_create_drop_refuses_values_out_of_range(issuer, program, root, points, deadline, error):
    with pytest.raises(error):
        issuer.campaigns.prepare.create_drop(program, root, points, deadline)


def test_claim_drop_gives_every_customer_its_points_once(
    ledger, issuer, outsider, program, drop, tree, claims
):
    for claim in claims:
        assert not outsider.campaigns.is_claimed(drop.id, claim.index)
        receipt = outsider.campaigns.claim_drop(claim)
        assert DropClaimed(drop.id, claim.index, claim.to) in receipt.events
        assert outsider.balance(program, claim.to) == claim.points
        assert outsider.campaigns.is_claimed(drop.id, claim.index)
    assert issuer.campaigns.drop(drop.id).left == 0
    with pytest.raises(DropClaimedBefore) as refusal:
        outsider.campaigns.claim_drop(claims[4])
    assert refusal.value.values == (drop.id, 4)
    assert outsider.liability(program).total == tree.units


@pytest.mark.parametrize("change", [{"points": 2_000}, {"index": 5}, {"to": "friend"}], ids=str)
def test_claim_drop_refuses_what_is_not_in_the_tree(ledger, outsider, claims, change):
    if "to" in change:
        change = {"to": ledger.address("friend")}
    altered = DropClaim.from_json({**claims[4].to_json(), **change})
    with pytest.raises(DropProofInvalid) as refusal:
        outsider.campaigns.claim_drop(altered)
    assert refusal.value.values == (altered.drop, altered.index)


def test_claim_drop_refuses_after_the_deadline(ledger, issuer, outsider, program, tree):
    deadline = ledger.node.now + 100
    drop = issuer.campaigns.create_drop(program, tree.root, tree.units, deadline)
    claim = tree.claim(4, drop=drop.id, chain_id=31337, hub=ledger.hub)
    ledger.node.advance_to(deadline + 1)
    with pytest.raises(DropExpired) as refusal:
        outsider.campaigns.claim_drop(claim)
    assert refusal.value.values[:2] == (drop.id, deadline)


def test_claim_drop_gains_no_life_by_waiting(ledger, outsider, program, claims):
    ledger.enter(7)
    outsider.campaigns.claim_drop(claims[4])
    assert outsider.statement(program, claims[4].to).by_age == (0, 0, 0, 104)
    ledger.enter(8)
    with pytest.raises(EpochNotLive):
        outsider.campaigns.claim_drop(claims[5])


def test_claim_drop_gives_what_was_promised_if_the_validity_was_shortened(
    ledger, merchant, outsider, program, claims
):
    merchant.configure(program, validity=1)
    outsider.campaigns.claim_drop(claims[4])
    assert outsider.statement(program, claims[4].to).by_age == (104, 0, 0, 0)


def test_claim_drop_names_a_claim_for_elsewhere(outsider, claims):
    for change in ({"chainId": 1}, {"hub": ZERO}):
        with pytest.raises(UsageError, match="is for the ledger"):
            outsider.campaigns.claim_drop(DropClaim.from_json({**claims[0].to_json(), **change}))
    with pytest.raises(ERC6909InvalidReceiver):
        outsider.campaigns.claim_drop(DropClaim.from_json({**claims[0].to_json(), "to": ZERO}))


def test_an_unknown_drop_is_named(outsider, claims):
    with pytest.raises(UsageError, match="no drop 99"):
        outsider.campaigns.drop(99)
    with pytest.raises(UsageError, match="no drop 99"):
        outsider.campaigns.claim_drop(DropClaim.from_json({**claims[0].to_json(), "drop": 99}))


def test_drops_of_another_program_are_not_listed(ledger, issuer, program, drop):
    other = ledger.open_program(budget=UNLIMITED)
    assert list(issuer.campaigns.drops(other.id)) == []
    assert [found.id for found in issuer.campaigns.drops(program)] == [drop.id]
