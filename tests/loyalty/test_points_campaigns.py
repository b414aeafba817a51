"""Points that customers collect: coupons that a key signs, drops that a Merkle tree names."""

import pytest
from eth_abi import encode
from eth_account import Account
from eth_utils import keccak

from tests.fixtures.intents import Domain, compact, high_s
from tests.fixtures.logs import log, logs
from tests.fixtures.reverts import reverts, reverts_without_data
from tests.loyalty.constants import (
    ANY_TIME,
    EPOCH_LENGTH,
    INFINITE,
    POINTS_MAX,
    UNLIMITED,
    ZERO,
)
from tests.loyalty.intents import coupon_intent, pack_records, redeem_intent

ORDER = 4_711
CAMPAIGN = keccak(text="autumn")
BUDGET_MAX = 2**34 - 1
ALWAYS = 2**48 - 1


def minted(hub, caller, program, to, points):
    return log(hub, "Transfer", caller=caller, sender=ZERO, receiver=to, id=program, amount=points)


def expired(hub, caller, program, holder, points):
    return log(
        hub, "Transfer", caller=caller, sender=holder, receiver=ZERO, id=program, amount=points
    )


def claimed(hub, program, to, order=ORDER, campaign=CAMPAIGN):
    return log(hub, "CouponClaimed", program=program, campaign=campaign, to=to, orderId=order)


@pytest.fixture
def coupon_key(accounts):
    """Signs the program's coupons and has no other role."""
    return accounts[10]


@pytest.fixture
def promoted(hub, merchant, coupon_key):
    """Gives a program a coupon key with the largest budget, unless the test says otherwise."""

    def promoted_(program, budget=BUDGET_MAX, key=coupon_key):
        hub.setCouponKey(program, key, budget, sender=merchant)
        return program

    return promoted_


@pytest.fixture
def coupon(domain, program, promoted, customer):
    """40 units of epoch 4 for the customer, unless the test says otherwise."""
    promoted(program)

    def coupon_(
        *,
        at=domain,
        of=program,
        to=customer,
        points=40,
        order=ORDER,
        issued=4,
        reversible=False,
        after=0,
        by=ALWAYS,
        campaign=CAMPAIGN,
        terms=bytes(32),
    ):
        return coupon_intent(
            at, of, to, points, order, issued, reversible, after, by, campaign, terms
        )

    return coupon_


@pytest.fixture
def claim(hub, coupon, coupon_key, relayer):
    """Has the relayer submit a coupon that the key signed."""

    def claim_(**fields):
        signed = coupon(**fields)
        return hub.claimCoupon(signed.values, signed.sign(coupon_key), sender=relayer)

    return claim_


# setCouponKey


def test_setCouponKey_names_the_key(hub, program, merchant, coupon_key):
    assert tuple(hub.couponKeyOf(program)) == (ZERO, 0, 0)
    receipt = hub.setCouponKey(program, coupon_key, 1_000, sender=merchant)

    assert logs(receipt, hub) == [
        log(hub, "CouponKeySet", program=program, key=coupon_key, budget=1_000)
    ]
    assert tuple(hub.couponKeyOf(program)) == (coupon_key, 1_000, 0)


def test_setCouponKey_reverts_if_caller_is_not_the_owner(
    hub, project, program, abroad, issuer, rival, outsider, coupon_key
):
    for caller in (issuer, rival, outsider, coupon_key):
        with reverts(project.PointsHub.ProgramOwnerOnly, program=program, caller=caller):
            hub.setCouponKey(program, caller, 1, sender=caller)
    assert tuple(hub.couponKeyOf(program)) == (ZERO, 0, 0)


def test_setCouponKey_reverts_if_program_is_unknown(hub, project, program, merchant, coupon_key):
    for unknown in (0, program + 2):
        with reverts(project.PointsHub.ProgramUnknown, program=unknown):
            hub.setCouponKey(unknown, coupon_key, 1, sender=merchant)


def test_setCouponKey_takes_the_largest_budget(hub, program, merchant, coupon_key):
    hub.setCouponKey(program, coupon_key, BUDGET_MAX, sender=merchant)

    assert hub.couponKeyOf(program).budget == BUDGET_MAX


@pytest.mark.parametrize("budget", [BUDGET_MAX + 1, 2**40 - 1])
def test_setCouponKey_reverts_if_budget_is_out_of_range(
    hub, project, program, merchant, coupon_key, budget
):
    with reverts(project.PointsHub.CouponBudgetOutOfRange, budget=budget):
        hub.setCouponKey(program, coupon_key, budget, sender=merchant)
    assert tuple(hub.couponKeyOf(program)) == (ZERO, 0, 0)


def test_setCouponKey_keeps_programs_apart(hub, program, faced, merchant, coupon_key):
    hub.setCouponKey(program, coupon_key, 5, sender=merchant)

    assert tuple(hub.couponKeyOf(faced)) == (ZERO, 0, 0)


@pytest.mark.parametrize("later", [5, 6, 9])
def test_couponKeyOf_counts_what_was_claimed_in_the_epoch(
    hub, program, faced, promoted, claim, award, customer, epochs, merchant, coupon_key, later
):
    promoted(program, budget=100)
    promoted(faced, budget=7)
    claim(points=60)
    claim(points=15, order=1)
    award(program, customer, 1_000)
    assert tuple(hub.couponKeyOf(program)) == (coupon_key, 100, 75)
    assert tuple(hub.couponKeyOf(faced)) == (coupon_key, 7, 0)
    hub.setCouponKey(program, ZERO, 50, sender=merchant)
    assert tuple(hub.couponKeyOf(program)) == (ZERO, 50, 75)

    epochs.enter(later)
    assert tuple(hub.couponKeyOf(program)) == (ZERO, 50, 0)
    promoted(program, budget=BUDGET_MAX)
    claim(points=BUDGET_MAX, order=2, issued=later)
    assert tuple(hub.couponKeyOf(program)) == (coupon_key, BUDGET_MAX, BUDGET_MAX)


# claimCoupon


def test_claimCoupon_credits_the_customer_whoever_submits(
    hub, program, coupon, coupon_key, customer, relayer, outsider, ages
):
    first, second = coupon(), coupon(order=ORDER + 1, points=2)
    receipt = hub.claimCoupon(first.values, first.sign(coupon_key), sender=relayer)
    assert logs(receipt, hub) == [
        minted(hub, relayer, program, customer, 40),
        claimed(hub, program, customer),
    ]
    receipt = hub.claimCoupon(second.values, second.sign(coupon_key), sender=outsider)
    assert logs(receipt, hub) == [
        minted(hub, outsider, program, customer, 2),
        claimed(hub, program, customer, ORDER + 1),
    ]

    assert ages(program, customer) == [42, 0, 0, 0]
    assert list(hub.liabilityOf(program)) == [42, 0, 0, 0]
    assert hub.balanceOf(relayer, program) == hub.balanceOf(outsider, program) == 0


@pytest.mark.parametrize("order", [0, 255, 256, 2**48 - 1])
def test_claimCoupon_counts_every_order_by_itself(hub, program, claim, order):
    claim(order=order)

    assert hub.isCouponUsed(program, order) is True
    for other in (order - 1, order + 1, order ^ 256):
        assert not 0 <= other < 2**48 or hub.isCouponUsed(program, other) is False


def test_claimCoupon_reverts_if_replayed(
    hub, project, program, claim, coupon, coupon_key, customer, friend, relayer
):
    claim()

    signature = coupon().sign(coupon_key)
    for again in (signature, compact(signature)):
        with reverts(project.PointsHub.CouponUsed, program=program, orderId=ORDER):
            hub.claimCoupon(coupon().values, again, sender=relayer)
    for fields in ({"to": friend}, {"points": 1}, {"campaign": bytes(32)}, {"reversible": True}):
        with reverts(project.PointsHub.CouponUsed, program=program, orderId=ORDER):
            claim(**fields)
    assert hub.totalSupply(program) == hub.balanceOf(customer, program) == 40


def test_claimCoupon_reverts_if_replayed_after_the_key_was_rotated(
    hub, project, program, claim, coupon, promoted, operator, relayer
):
    claim()
    promoted(program, key=operator)

    with reverts(project.PointsHub.CouponUsed, program=program, orderId=ORDER):
        hub.claimCoupon(coupon().values, coupon().sign(operator), sender=relayer)


def test_claimCoupon_keeps_coupons_of_programs_apart(hub, program, faced, promoted, claim):
    promoted(faced)
    claim()
    assert hub.isCouponUsed(faced, ORDER) is False

    claim(of=faced)
    assert hub.totalSupply(program) == hub.totalSupply(faced) == 40


def test_claimCoupon_keeps_coupons_and_orders_apart(hub, program, claim, domain, customer, issuer):
    claim()
    assert hub.isOrderUsed(program, ORDER) is False
    intent = redeem_intent(domain, program, customer, 40, ORDER, ANY_TIME)
    hub.redeemBySig(intent.values, False, intent.sign(customer), sender=issuer)

    intent = redeem_intent(domain, program, customer, 0, ORDER + 1, ANY_TIME)
    hub.redeemBySig(intent.values, False, intent.sign(customer), sender=issuer)
    assert hub.isCouponUsed(program, ORDER + 1) is False
    claim(order=ORDER + 1)


def test_claimCoupon_waits_for_its_first_second(
    hub, project, program, coupon, coupon_key, customer, relayer, clock
):
    opens = clock.now + 100
    signed = coupon(after=opens)
    signature = signed.sign(coupon_key)

    clock.set_next(opens - 1)
    with reverts(project.PointsHub.CouponTooEarly, validAfter=opens, timestamp=opens - 1):
        hub.claimCoupon(signed.values, signature, sender=relayer)
    assert hub.isCouponUsed(program, ORDER) is False
    assert hub.balanceOf(customer, program) == 0


def test_claimCoupon_works_in_its_first_second(
    hub, program, coupon, coupon_key, customer, relayer, clock
):
    opens = clock.now + 100
    signed = coupon(after=opens, by=opens)
    clock.set_next(opens)
    receipt = hub.claimCoupon(signed.values, signed.sign(coupon_key), sender=relayer)

    assert receipt.timestamp == opens
    assert hub.balanceOf(customer, program) == 40


def test_claimCoupon_works_at_its_deadline(
    hub, program, coupon, coupon_key, customer, relayer, clock
):
    deadline = clock.now + 100
    signed = coupon(by=deadline)
    clock.set_next(deadline)
    receipt = hub.claimCoupon(signed.values, signed.sign(coupon_key), sender=relayer)

    assert receipt.timestamp == deadline
    assert hub.balanceOf(customer, program) == 40


def test_claimCoupon_reverts_after_its_deadline(
    hub, project, program, coupon, coupon_key, relayer, clock
):
    deadline = clock.now + 100
    signed = coupon(by=deadline)
    signature = signed.sign(coupon_key)

    clock.set_next(deadline + 1)
    with reverts(project.PointsHub.CouponExpired, deadline=deadline, timestamp=deadline + 1):
        hub.claimCoupon(signed.values, signature, sender=relayer)
    assert hub.isCouponUsed(program, ORDER) is False


def test_claimCoupon_reverts_if_receiver_is_zero(hub, project, program, claim):
    with reverts(project.PointsHub.ERC6909InvalidReceiver, receiver=ZERO):
        claim(to=ZERO)
    assert hub.isCouponUsed(program, ORDER) is False


def test_claimCoupon_of_nothing_is_recorded(hub, program, claim, relayer, customer):
    receipt = claim(points=0)

    assert logs(receipt, hub) == [
        minted(hub, relayer, program, customer, 0),
        claimed(hub, program, customer),
    ]
    assert hub.isCouponUsed(program, ORDER) is True


def test_claimCoupon_reverts_if_a_lane_overflows(hub, project, program, award, claim, friend):
    award(program, friend, POINTS_MAX - 40)
    with reverts(project.PointsHub.PointsOverflow, points=POINTS_MAX + 1):
        claim(points=41)
    assert hub.isCouponUsed(program, ORDER) is False

    claim(points=40)
    assert hub.totalSupply(program) == POINTS_MAX


def test_claimCoupon_records_what_expired(hub, program, award, claim, epochs, customer, relayer):
    award(program, customer, 100)
    epochs.enter(8)
    receipt = claim(issued=8)

    assert logs(receipt, hub) == [
        expired(hub, relayer, program, customer, 100),
        minted(hub, relayer, program, customer, 40),
        claimed(hub, program, customer),
    ]


def test_claimCoupon_speaks_through_the_face(hub, token, faced, promoted, claim, customer, relayer):
    promoted(faced)
    receipt = claim(of=faced)

    assert logs(receipt, hub, token) == [
        minted(hub, relayer, faced, customer, 40),
        log(token, "Transfer", from_=ZERO, to=customer, value=40),
        claimed(hub, faced, customer),
    ]
    assert token.balanceOf(customer) == token.totalSupply() == 40


# What the coupon key signed


def refuses(hub, project, changed, signature, key, sender):
    with reverts(project.PointsHub.CouponSignatureInvalid, key=key, digest=changed.digest()):
        hub.claimCoupon(changed.values, signature, sender=sender)


def test_claimCoupon_reverts_if_somebody_else_signed(
    hub, project, program, coupon, coupon_key, merchant, issuer, customer, relayer
):
    for signer in (merchant, issuer, customer, relayer):
        refuses(hub, project, coupon(), coupon().sign(signer), coupon_key, relayer)
    assert hub.totalSupply(program) == 0
    assert hub.isCouponUsed(program, ORDER) is False


@pytest.mark.parametrize("length", [0, 1, 63, 64, 65, 66, 130])
def test_claimCoupon_reverts_if_the_signature_is_none(
    hub, project, coupon, coupon_key, relayer, length
):
    refuses(hub, project, coupon(), bytes(length), coupon_key, relayer)


def test_claimCoupon_reverts_if_a_field_was_changed(
    hub, project, program, faced, promoted, coupon, coupon_key, friend, relayer
):
    promoted(faced)
    signature = coupon().sign(coupon_key)

    for changed in (
        coupon(of=faced),
        coupon(to=friend),
        coupon(points=41),
        coupon(order=ORDER + 1),
        coupon(issued=3),
        coupon(reversible=True),
        coupon(after=1),
        coupon(by=ALWAYS - 1),
        coupon(campaign=keccak(CAMPAIGN)),
        coupon(terms=keccak(text="terms")),
    ):
        refuses(hub, project, changed, signature, coupon_key, relayer)
    assert hub.totalSupply(program) == hub.totalSupply(faced) == 0

    hub.claimCoupon(coupon().values, signature, sender=relayer)
    assert hub.totalSupply(program) == 40


def words_of(coupon):
    """The words of a coupon's calldata, by field."""
    names, types = zip(*coupon.types, strict=True)
    data = encode(types, coupon.values)
    return {name: data[32 * at :][:32] for at, name in enumerate(names)}


def with_bit(word, bit):
    return (int.from_bytes(word) | 1 << bit).to_bytes(32)


@pytest.fixture
def claim_words(hub, coupon, relayer):
    """Has the relayer submit a coupon word by word, also what does not fit its type."""

    def claim_words_(words, signature):
        whole = bytes(hub.claimCoupon.encode_input(coupon().values, signature))
        body = b"".join(words.values())
        data = whole[:4] + body + whole[4 + len(body) :]
        relayer.transfer(hub, 0, data=data, gas=500_000)

    return claim_words_


@pytest.fixture
def digest_of(hub, coupon):
    """What a key signs for the coupon of these words."""

    def digest_of_(words):
        of = coupon()
        fields = ",".join(f"{kind} {name}" for name, kind in of.types)
        type_hash = keccak(text=f"{of.kind}({fields})")
        struct_hash = keccak(type_hash + b"".join(words.values()))
        return keccak(b"\x19\x01" + hub.DOMAIN_SEPARATOR() + struct_hash)

    return digest_of_


HIGH_BITS = [
    (name, bit)
    for name, first in (("to", 160), ("points", 48), ("orderId", 48), ("issued", 16))
    for bit in (first, 255)
] + [("reversible", 1), ("reversible", 255)]


@pytest.mark.parametrize(("name", "bit"), HIGH_BITS)
def test_claimCoupon_reverts_if_a_word_does_not_fit_its_type(
    hub, project, program, coupon, coupon_key, customer, claim_words, digest_of, name, bit
):
    words, signature = words_of(coupon()), coupon().sign(coupon_key)
    assert digest_of(words) == coupon().digest()
    large = words | {name: with_bit(words[name], bit)}
    with reverts(project.PointsHub.CouponSignatureInvalid, key=coupon_key, digest=digest_of(large)):
        claim_words(large, signature)
    assert hub.isCouponUsed(program, ORDER) is False
    assert hub.totalSupply(program) == 0

    claim_words(words, signature)
    assert hub.balanceOf(customer, program) == 40


@pytest.mark.parametrize(
    ("name", "bit"), [*HIGH_BITS, ("validAfter", 48), ("deadline", 48), ("deadline", 255)]
)
def test_claimCoupon_reverts_if_the_key_signed_a_word_that_does_not_fit_its_type(
    hub, program, coupon, coupon_key, claim_words, digest_of, name, bit
):
    words = words_of(coupon(reversible=True))
    words[name] = with_bit(words[name], bit)
    signature = Account.unsafe_sign_hash(digest_of(words), coupon_key.private_key).signature

    with reverts_without_data():
        claim_words(words, bytes(signature))
    assert hub.isCouponUsed(program, ORDER) is False
    assert hub.totalSupply(program) == 0


def test_claimCoupon_reverts_if_signed_for_another_domain(
    hub, project, coupon, coupon_key, relayer, chain, token
):
    for foreign in (
        Domain("PointsHub", hub.address, chain.chain_id + 1),
        Domain("PointsHub", hub.address, 1),
        Domain("PointsHub", token.address, chain.chain_id),
        Domain("PointsToken", hub.address, chain.chain_id),
        Domain("PointsHub", hub.address, chain.chain_id, "2"),
    ):
        refuses(hub, project, coupon(), coupon(at=foreign).sign(coupon_key), coupon_key, relayer)


def test_claimCoupon_reverts_at_another_hub(
    hub, project, accounts, coin, coupon, coupon_key, program, merchant, relayer, chain
):
    twin = project.PointsHub.deploy(hub.GENESIS(), EPOCH_LENGTH, coin, sender=accounts[0])
    config = ("Bean", "BEAN", 4, 0, False, [])
    while twin.createProgram(config, sender=merchant).return_value != program:
        pass
    twin.setCouponKey(program, coupon_key, BUDGET_MAX, sender=merchant)
    signature = coupon().sign(coupon_key)

    there = coupon(at=Domain("PointsHub", twin.address, chain.chain_id))
    refuses(twin, project, there, signature, coupon_key, relayer)
    twin.claimCoupon(there.values, there.sign(coupon_key), sender=relayer)
    hub.claimCoupon(coupon().values, signature, sender=relayer)


def test_claimCoupon_reverts_if_the_signature_permits_something_else(
    hub, project, program, coupon, coupon_key, domain, relayer
):
    redemption = redeem_intent(domain, program, coupon_key, 40, ORDER, ANY_TIME)

    refuses(hub, project, coupon(), redemption.sign(coupon_key), coupon_key, relayer)


def test_claimCoupon_reverts_if_s_is_high(hub, project, coupon, coupon_key, relayer):
    refuses(hub, project, coupon(), high_s(coupon().sign(coupon_key)), coupon_key, relayer)


def test_claimCoupon_takes_the_compact_form(hub, program, coupon, coupon_key, customer, relayer):
    hub.claimCoupon(coupon().values, compact(coupon().sign(coupon_key)), sender=relayer)

    assert hub.balanceOf(customer, program) == 40


def test_claimCoupon_reverts_if_the_key_was_rotated(
    hub, project, program, promoted, coupon, coupon_key, operator, customer, relayer
):
    signature = coupon().sign(coupon_key)
    promoted(program, key=operator)

    refuses(hub, project, coupon(), signature, operator, relayer)
    hub.claimCoupon(coupon().values, coupon().sign(operator), sender=relayer)
    assert hub.balanceOf(customer, program) == 40


def test_claimCoupon_reverts_if_program_has_no_key(
    hub, project, program, faced, promoted, coupon, coupon_key, relayer
):
    promoted(program, key=ZERO)

    for of in (program, faced, faced + 2):
        for signature in (coupon(of=of).sign(coupon_key), b"", bytes(64), bytes(65)):
            refuses(hub, project, coupon(of=of), signature, ZERO, relayer)
    assert hub.totalSupply(program) == hub.totalSupply(faced) == 0


def test_claimCoupon_takes_the_key_of_the_program_alone(
    hub, project, program, faced, promoted, coupon, coupon_key, operator, relayer
):
    promoted(faced, key=operator)

    refuses(hub, project, coupon(of=faced), coupon(of=faced).sign(coupon_key), operator, relayer)
    refuses(hub, project, coupon(), coupon().sign(operator), coupon_key, relayer)


def test_claimCoupon_asks_a_smart_account(
    hub, project, accounts, program, promoted, coupon, coupon_key, customer, friend, relayer
):
    wallet = accounts[0].deploy(project.WalletMock, coupon_key)
    promoted(program, key=wallet)
    refuses(hub, project, coupon(), coupon().sign(friend), wallet, relayer)

    hub.claimCoupon(coupon().values, coupon().sign(coupon_key), sender=relayer)
    assert hub.balanceOf(customer, program) == 40


# Budget of the coupon key


def over_budget(project, program, points, left):
    return reverts(
        project.PointsHub.CouponBudgetExceeded, program=program, points=points, left=left
    )


def test_claimCoupon_reverts_if_budget_is_exceeded(hub, project, program, promoted, claim):
    promoted(program, budget=100)
    claim(points=60)
    with over_budget(project, program, 41, 40):
        claim(points=41, order=1)
    assert hub.isCouponUsed(program, 1) is False
    assert hub.totalSupply(program) == 60

    claim(points=40, order=1)
    with over_budget(project, program, 1, 0):
        claim(points=1, order=2)
    claim(points=0, order=2)


def test_claimCoupon_reverts_if_budget_is_nothing(hub, project, program, promoted, claim):
    promoted(program, budget=0)

    with over_budget(project, program, 1, 0):
        claim(points=1)


def test_claimCoupon_counts_the_largest_amount(hub, project, program, claim):
    with over_budget(project, program, UNLIMITED, BUDGET_MAX):
        claim(points=UNLIMITED)
    claim(points=BUDGET_MAX)
    with over_budget(project, program, UNLIMITED, 0):
        claim(points=UNLIMITED, order=1)


@pytest.mark.parametrize("passed", [1, 2, 4, 9])
def test_claimCoupon_finds_a_full_budget_in_a_later_epoch(
    hub, project, program, promoted, claim, epochs, passed
):
    promoted(program, budget=100)
    claim(points=100)
    epochs.enter(4 + passed)
    with over_budget(project, program, 101, 100):
        claim(points=101, order=1, issued=4 + passed)

    claim(points=70, order=1, issued=4 + passed)
    with over_budget(project, program, 31, 30):
        claim(points=31, order=2, issued=4 + passed)


def test_claimCoupon_counts_on_whatever_else_happens_in_the_epoch(
    hub, project, program, award, promoted, claim, customer, friend, issuer, merchant, epochs
):
    promoted(program, budget=100)
    epochs.enter(5)
    claim(points=60, issued=5)
    award(program, customer, 7)
    hub.awardMany(program, keccak(text="batch"), pack_records((friend, 3)), sender=issuer)
    hub.redeem(program, 10, sender=customer)
    hub.transfer(friend, program, 5, sender=customer)
    hub.setValidity(program, 4, sender=merchant)
    hub.setCap(program, 10**9, sender=merchant)
    hub.setTiers(program, [10**6], sender=merchant)

    with over_budget(project, program, 41, 40):
        claim(points=41, order=1)
    claim(points=40, order=1)


def test_claimCoupon_finds_a_full_budget_if_something_else_came_first_in_the_epoch(
    hub, project, program, award, promoted, claim, customer, epochs
):
    promoted(program, budget=100)
    claim(points=100)
    epochs.enter(5)
    award(program, customer, 7)
    claim(points=60, order=1)
    epochs.enter(6)
    hub.redeem(program, 10, sender=customer)

    claim(points=100, order=2)
    with over_budget(project, program, 1, 0):
        claim(points=1, order=3)


def test_claimCoupon_reverts_if_budget_was_cut_below_what_was_given(
    hub, project, program, promoted, claim, epochs
):
    promoted(program, budget=100)
    claim(points=80)
    promoted(program, budget=50)
    with over_budget(project, program, 1, 0):
        claim(points=1, order=1)

    epochs.enter(5)
    claim(points=50, order=1)


def test_claimCoupon_counts_what_was_given_before_the_budget_was_raised(
    hub, project, program, promoted, claim
):
    promoted(program, budget=100)
    claim(points=100)
    promoted(program, budget=120)

    with over_budget(project, program, 21, 20):
        claim(points=21, order=1)
    claim(points=20, order=1)


def test_claimCoupon_counts_what_the_former_key_gave(
    hub, project, program, promoted, claim, coupon, operator, relayer
):
    promoted(program, budget=100)
    claim(points=100)
    promoted(program, budget=100, key=operator)

    signed = coupon(points=1, order=1)
    with over_budget(project, program, 1, 0):
        hub.claimCoupon(signed.values, signed.sign(operator), sender=relayer)


def test_claimCoupon_keeps_budgets_of_programs_apart(hub, project, program, faced, promoted, claim):
    promoted(program, budget=100)
    promoted(faced, budget=10)
    claim(points=100)

    with over_budget(project, faced, 11, 10):
        claim(points=11, of=faced)
    claim(points=10, of=faced)


def test_claimCoupon_books_no_issuer(hub, program, merchant, coupon_key, issuer, claim):
    hub.setIssuer(program, issuer, 1, sender=merchant)
    hub.setIssuer(program, coupon_key, 1, sender=merchant)
    claim(points=100)

    assert hub.issuerOf(program, issuer).used == 0
    assert hub.issuerOf(program, coupon_key).used == 0


# Epoch of issue


@pytest.mark.parametrize(
    ("epoch", "lanes"),
    [(4, [40, 0, 0, 0]), (5, [0, 40, 0, 0]), (6, [0, 0, 40, 0]), (7, [0, 0, 0, 40])],
)
def test_claimCoupon_gains_no_life_by_coming_late(
    hub, program, claim, customer, epochs, ages, epoch, lanes
):
    epochs.enter(epoch)
    claim(issued=4)
    assert ages(program, customer) == lanes
    assert list(hub.liabilityOf(program)) == lanes

    epochs.enter(8)
    assert hub.balanceOf(customer, program) == hub.totalSupply(program) == 0


@pytest.mark.parametrize("epoch", [8, 9, 300])
def test_claimCoupon_reverts_if_its_points_expired(hub, project, program, claim, epochs, epoch):
    epochs.enter(epoch)

    with reverts(project.PointsHub.EpochNotLive, epoch=4, current=epoch):
        claim(issued=4)
    assert hub.isCouponUsed(program, ORDER) is False


@pytest.mark.parametrize("issued", [5, 6, 2**16 - 1])
def test_claimCoupon_reverts_if_issued_in_the_future(hub, project, program, claim, issued):
    with reverts(project.PointsHub.CouponIssuedTooLate, issued=issued, latest=4):
        claim(issued=issued)
    assert hub.isCouponUsed(program, ORDER) is False


@pytest.mark.parametrize(("validity", "latest"), [(1, 1), (2, 2), (3, 3), (4, 4)])
def test_claimCoupon_gives_no_more_life_than_an_award(
    hub, project, open_program, promoted, claim, customer, ages, validity, latest
):
    short = promoted(open_program(validity=validity))
    with reverts(project.PointsHub.CouponIssuedTooLate, issued=latest + 1, latest=latest):
        claim(of=short, issued=latest + 1)

    claim(of=short, issued=latest)
    lanes = [0, 0, 0, 0]
    lanes[4 - validity] = 40
    assert ages(short, customer) == lanes


def test_claimCoupon_may_give_less_life_than_an_award(hub, program, claim, customer, ages):
    claim(issued=1)

    assert ages(program, customer) == [0, 0, 0, 40]


def test_claimCoupon_reverts_if_issued_before_all_epochs(hub, project, program, claim):
    with reverts(project.PointsHub.EpochNotLive, epoch=0, current=4):
        claim(issued=0)
    assert hub.isCouponUsed(program, ORDER) is False


def test_claimCoupon_waits_for_its_epoch(hub, project, program, claim, customer, epochs, ages):
    with reverts(project.PointsHub.CouponIssuedTooLate, issued=5, latest=4):
        claim(issued=5)

    epochs.enter(5)
    claim(issued=5)
    assert ages(program, customer) == [40, 0, 0, 0]


# Cap, tiers and the other settings


def test_claimCoupon_reaches_the_cap_and_no_further(
    hub, project, open_program, promoted, award, claim, friend
):
    capped = promoted(open_program(cap=1_000))
    award(capped, friend, 960)
    with reverts(project.PointsHub.CapExceeded, program=capped, outstanding=1_001, cap=1_000):
        claim(of=capped, points=41)
    assert hub.isCouponUsed(capped, ORDER) is False

    claim(of=capped, points=40)
    assert hub.totalSupply(capped) == 1_000


def test_claimCoupon_raises_the_tier(hub, open_program, promoted, claim, customer, relayer):
    tiered = promoted(open_program(tiers=[50, 70]))
    claim(of=tiered, points=49)
    assert hub.statementOf(tiered, customer).tier == 0
    receipt = claim(of=tiered, points=21, order=1)

    assert logs(receipt, hub) == [
        log(hub, "TierRaised", program=tiered, account=customer, tier=2),
        minted(hub, relayer, tiered, customer, 21),
        claimed(hub, tiered, customer, 1),
    ]
    statement = hub.statementOf(tiered, customer)
    assert (statement.qualifying, statement.tier) == (70, 2)


@pytest.mark.parametrize("points", [1, 2**33, BUDGET_MAX])
@pytest.mark.parametrize("validity", [1, 4])
def test_claimCoupon_leaves_the_settings_alone(
    hub, project, open_program, promoted, claim, award, merchant, customer, friend, epochs, ages,
    points, validity,
):  # fmt: skip
    cap, tiers, age = 2**35, [2**34, 2**35], 4 - validity
    full = promoted(open_program(validity=validity, cap=cap, tiers=tiers))
    claim(of=full, points=points, issued=4 - age)

    settings = hub.programOf(full)
    assert (settings.validity, settings.cap, list(settings.tiers)) == (validity, cap, tiers)
    award(full, friend, 2**34 - 1)
    assert hub.statementOf(full, friend).tier == 0
    award(full, friend, 1)
    assert hub.statementOf(full, friend).tier == 1
    assert ages(full, friend)[age] == 2**34
    left = cap - 2**34 - points
    with reverts(project.PointsHub.CapExceeded, program=full, outstanding=cap + 1, cap=cap):
        award(full, friend, left + 1)
    award(full, friend, left)

    # What comes after is as after awards alone.
    hub.setValidity(full, 5 - validity, sender=merchant)
    hub.setCap(full, 2**36, sender=merchant)
    hub.setTiers(full, [2**36], sender=merchant)
    with over_budget(project, full, BUDGET_MAX, BUDGET_MAX - points):
        claim(of=full, points=BUDGET_MAX, order=1, issued=1)
    hub.redeem(full, points, sender=customer)
    award(full, customer, 100)
    assert ages(full, customer)[validity - 1] == 100
    epochs.enter(9)
    award(full, customer, 5)
    settings = hub.programOf(full)
    assert (settings.validity, settings.cap) == (5 - validity, 2**36)
    assert list(settings.tiers) == [2**36]
    assert list(hub.liabilityOf(full)) == ages(full, customer)
    assert hub.totalSupply(full) == 5
    claim(of=full, points=BUDGET_MAX, order=1, issued=9 - (validity - 1))


# cancelCoupon


def test_cancelCoupon_voids_the_coupon(hub, project, program, claim, issuer, customer):
    receipt = hub.cancelCoupon(program, ORDER, sender=issuer)

    assert logs(receipt, hub) == [log(hub, "CouponCancelled", program=program, orderId=ORDER)]
    assert hub.isCouponUsed(program, ORDER) is True
    with reverts(project.PointsHub.CouponUsed, program=program, orderId=ORDER):
        claim()
    assert hub.balanceOf(customer, program) == 0
    claim(order=ORDER + 1)


def test_cancelCoupon_reverts_if_the_coupon_was_claimed_or_cancelled(
    hub, project, program, claim, issuer, customer
):
    claim()
    hub.cancelCoupon(program, ORDER + 1, sender=issuer)

    for order in (ORDER, ORDER + 1):
        with reverts(project.PointsHub.CouponUsed, program=program, orderId=order):
            hub.cancelCoupon(program, order, sender=issuer)
    assert hub.balanceOf(customer, program) == 40


def test_cancelCoupon_reverts_if_caller_is_no_issuer(
    hub, project, program, abroad, claim, merchant, customer, coupon_key, rival
):
    for caller in (merchant, customer, coupon_key, rival):
        with reverts(project.PointsHub.ProgramIssuerOnly, program=program, caller=caller):
            hub.cancelCoupon(program, ORDER, sender=caller)
    assert hub.isCouponUsed(program, ORDER) is False
    claim()


def test_cancelCoupon_keeps_programs_apart(hub, program, faced, promoted, claim, issuer):
    promoted(faced)
    hub.cancelCoupon(program, ORDER, sender=issuer)

    claim(of=faced)
    assert hub.totalSupply(faced) == 40


def test_cancelCoupon_costs_no_budget(hub, program, promoted, claim, issuer):
    promoted(program, budget=40)
    hub.cancelCoupon(program, ORDER, sender=issuer)

    claim(order=1)


# Drops


class Tree:
    """A Merkle tree as OpenZeppelin lays it out, over leaves (index, to, points)."""

    def __init__(self, *leaves, hash_leaf=None):
        self._leaves = leaves
        self._hash = hash_leaf or self.leaf_hash
        hashes = sorted(self._hash(leaf) for leaf in leaves)
        # The root first; the children of node i are the nodes 2i + 1 and 2i + 2.
        self._nodes = [b""] * (len(hashes) - 1) + hashes[::-1]
        for i in reversed(range(len(hashes) - 1)):
            children = sorted((self._nodes[2 * i + 1], self._nodes[2 * i + 2]))
            self._nodes[i] = keccak(b"".join(children))

    @staticmethod
    def leaf_hash(leaf):
        return keccak(Tree.leaf_hash_once(leaf))

    @staticmethod
    def leaf_hash_once(leaf):
        index, to, points = leaf
        return keccak(encode(["uint256", "address", "uint256"], [index, str(to), points]))

    @property
    def root(self):
        return self._nodes[0]

    def proof(self, leaf):
        node, path = self._nodes.index(self._hash(leaf)), []
        while node:
            path.append(self._nodes[node + 1 if node % 2 else node - 1])
            node = (node - 1) // 2
        return path


@pytest.fixture
def leaves(customer, friend, spender, operator, outsider):
    """What five customers get of a drop of 150 units."""
    given = ((customer, 10), (friend, 20), (spender, 30), (operator, 40), (outsider, 50))
    return [(index, to.address, points) for index, (to, points) in enumerate(given)]


@pytest.fixture
def create(hub, program, issuer):
    """Sets up a drop over a tree for as much as its leaves give, unless the test says otherwise."""

    def create_(tree, points, *, of=program, by=ALWAYS, caller=issuer):
        drop = hub.createDrop(of, tree.root, points, by, CAMPAIGN, sender=caller)
        return drop.return_value

    return create_


@pytest.fixture
def collect(hub, relayer):
    """Has the relayer submit a leaf."""

    def collect_(drop, tree, leaf):
        return hub.claimDrop(drop, *leaf, tree.proof(leaf), sender=relayer)

    return collect_


def test_createDrop_stores_the_drop(hub, program, issuer, leaves, epochs):
    epochs.enter(6)
    root = Tree(*leaves).root
    receipt = hub.createDrop(program, root, 150, ANY_TIME, CAMPAIGN, sender=issuer)
    drop = receipt.return_value

    assert logs(receipt, hub) == [
        log(hub, "DropCreated", drop=drop, program=program, campaign=CAMPAIGN, root=root)
    ]
    assert tuple(hub.dropOf(drop)) == (root, program, 150, 6, ANY_TIME)
    assert hub.totalSupply(program) == 0


def test_createDrop_counts_drops_of_all_programs(hub, program, faced, leaves, create):
    tree = Tree(*leaves)
    drops = [create(tree, 150), create(tree, 150, of=faced), create(tree, 7)]

    assert drops == [1, 2, 3]
    assert [hub.dropOf(drop).program for drop in drops] == [program, faced, program]
    assert [hub.dropOf(drop).left for drop in drops] == [150, 150, 7]


@pytest.mark.parametrize("validity", [1, 2, 3, 4])
def test_createDrop_issues_as_an_award_would(hub, open_program, create, leaves, epochs, validity):
    short = open_program(validity=validity)
    epochs.enter(7)
    drop = create(Tree(*leaves), 150, of=short)

    assert hub.dropOf(drop).issued == 7 - (4 - validity)


def test_createDrop_books_the_budget(
    hub, project, program, merchant, issuer, create, collect, leaves, customer
):
    tree = Tree(*leaves)
    hub.setIssuer(program, issuer, 200, sender=merchant)
    drop = create(tree, 150)
    assert tuple(hub.issuerOf(program, issuer)) == (200, 150, 4)
    with reverts(
        project.PointsHub.BudgetExceeded, program=program, issuer=issuer, points=51, left=50
    ):
        create(tree, 51)

    hub.award(program, 50, customer, sender=issuer)
    collect(drop, tree, leaves[0])
    assert tuple(hub.issuerOf(program, issuer)) == (200, 200, 4)


def test_createDrop_reverts_if_caller_is_no_issuer(
    hub, project, program, abroad, create, leaves, merchant, rival, outsider
):
    for caller in (merchant, rival, outsider):
        with reverts(project.PointsHub.ProgramIssuerOnly, program=program, caller=caller):
            create(Tree(*leaves), 150, caller=caller)
    assert hub.dropOf(1).deadline == 0


def test_createDrop_reverts_if_program_is_unknown(hub, project, program, issuer, create, leaves):
    # The drop keeps 96 bits of the program's id.
    for unknown in (0, program + 2, 2**96 + program):
        with reverts(project.PointsHub.ProgramIssuerOnly, program=unknown, caller=issuer):
            create(Tree(*leaves), 150, of=unknown)


def test_claimDrop_gives_every_leaf_to_its_customer(hub, program, create, collect, leaves, relayer):
    tree = Tree(*leaves)
    drop = create(tree, 150)

    left = 150
    for index, to, points in leaves:
        assert hub.isDropClaimed(drop, index) is False
        receipt = collect(drop, tree, (index, to, points))
        left -= points
        assert logs(receipt, hub) == [
            minted(hub, relayer, program, to, points),
            log(hub, "DropClaimed", drop=drop, index=index, to=to),
        ]
        assert hub.isDropClaimed(drop, index) is True
        assert hub.dropOf(drop).left == left
        assert hub.balanceOf(to, program) == points
    assert list(hub.liabilityOf(program)) == [150, 0, 0, 0]


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7])
def test_claimDrop_takes_trees_of_any_size(hub, program, create, collect, customer, count):
    leaves = [(index, customer.address, 2**index) for index in range(count)]
    tree = Tree(*leaves)
    drop = create(tree, 2**count - 1)

    for leaf in leaves:
        collect(drop, tree, leaf)
    assert hub.balanceOf(customer, program) == 2**count - 1


def test_claimDrop_takes_a_tree_of_one_leaf_without_proof(
    hub, project, program, create, customer, friend, relayer
):
    tree = Tree((7, customer.address, 10))
    drop = create(tree, 10)
    with reverts(project.PointsHub.DropProofInvalid, drop=drop, index=7):
        hub.claimDrop(drop, 7, friend, 10, [], sender=relayer)

    hub.claimDrop(drop, 7, customer, 10, [], sender=relayer)
    assert hub.balanceOf(customer, program) == 10


@pytest.mark.parametrize("index", [0, 255, 256, INFINITE])
def test_claimDrop_counts_every_index_by_itself(hub, create, collect, customer, index):
    leaf = (index, customer.address, 10)
    tree = Tree(leaf)
    drop = create(tree, 10)
    collect(drop, tree, leaf)

    assert hub.isDropClaimed(drop, index) is True
    for other in (index ^ 1, index ^ 255, index ^ 256):
        assert hub.isDropClaimed(drop, other) is False
    assert hub.isDropClaimed(drop + 1, index) is False


def test_claimDrop_reverts_if_claimed_before(
    hub, project, program, create, collect, leaves, customer
):
    tree = Tree(*leaves)
    drop = create(tree, 150)
    collect(drop, tree, leaves[0])

    with reverts(project.PointsHub.DropClaimedBefore, drop=drop, index=0):
        collect(drop, tree, leaves[0])
    assert hub.balanceOf(customer, program) == 10
    assert hub.dropOf(drop).left == 140


def test_claimDrop_counts_an_index_once_whatever_the_tree_names_it_for(
    hub, project, program, create, collect, customer, friend
):
    first, second = (0, customer.address, 10), (0, friend.address, 20)
    tree = Tree(first, second)
    drop = create(tree, 30)
    collect(drop, tree, first)

    with reverts(project.PointsHub.DropClaimedBefore, drop=drop, index=0):
        collect(drop, tree, second)


def test_claimDrop_keeps_drops_apart(hub, program, create, collect, leaves, customer):
    tree = Tree(*leaves)
    for drop in (create(tree, 150), create(tree, 150)):
        collect(drop, tree, leaves[0])

    assert hub.balanceOf(customer, program) == 20


def test_claimDrop_reverts_if_a_field_was_changed(
    hub, project, program, create, leaves, friend, relayer
):
    tree = Tree(*leaves)
    drop = create(tree, 150)
    index, to, points = leaves[0]
    proof = tree.proof(leaves[0])

    for changed in (
        (9, to, points),
        (index + 2**255, to, points),
        (1, to, points),
        (index, friend, points),
        (index, to, points + 1),
        (index, to, points - 1),
    ):
        with reverts(project.PointsHub.DropProofInvalid, drop=drop, index=changed[0]):
            hub.claimDrop(drop, *changed, proof, sender=relayer)
    assert hub.totalSupply(program) == 0
    assert hub.dropOf(drop).left == 150


def test_claimDrop_reverts_if_the_proof_is_wrong(hub, project, create, collect, leaves, relayer):
    tree = Tree(*leaves)
    drop = create(tree, 150)
    proof = tree.proof(leaves[0])

    for wrong in (
        [],
        proof[:-1],
        proof[1:],
        [*proof, bytes(32)],
        tree.proof(leaves[4]),
        proof[::-1],
    ):
        with reverts(project.PointsHub.DropProofInvalid, drop=drop, index=0):
            hub.claimDrop(drop, *leaves[0], wrong, sender=relayer)
    collect(drop, tree, leaves[0])


def test_claimDrop_reverts_if_another_drop_names_the_leaf(
    hub, project, create, collect, leaves, customer
):
    theirs = (0, customer.address, 99)
    drop, other = create(Tree(*leaves), 150), create(Tree(theirs), 99)
    assert other == drop + 1

    with reverts(project.PointsHub.DropProofInvalid, drop=drop, index=0):
        collect(drop, Tree(theirs), theirs)


def test_claimDrop_takes_no_node_for_a_leaf(hub, project, create, leaves, relayer):
    # A leaf is hashed twice, so that no node, the hash of two others, is the hash of one.
    once = Tree(*leaves, hash_leaf=Tree.leaf_hash_once)
    drop = create(once, 150)
    with reverts(project.PointsHub.DropProofInvalid, drop=drop, index=0):
        hub.claimDrop(drop, *leaves[0], once.proof(leaves[0]), sender=relayer)

    tree = Tree(*leaves)
    drop = create(tree, 150)
    for leaf in leaves:
        for depth in range(1, len(tree.proof(leaf)) + 1):
            with reverts(project.PointsHub.DropProofInvalid, drop=drop, index=leaf[0]):
                hub.claimDrop(drop, *leaf, tree.proof(leaf)[depth:], sender=relayer)


def test_claimDrop_reverts_if_the_drop_is_exhausted(
    hub, project, program, create, collect, leaves, customer
):
    tree = Tree(*leaves)
    drop = create(tree, 139)
    for leaf in leaves[1:4]:
        collect(drop, tree, leaf)
    with reverts(project.PointsHub.DropExhausted, drop=drop, points=50, left=49):
        collect(drop, tree, leaves[4])
    assert hub.isDropClaimed(drop, 4) is False

    collect(drop, tree, leaves[0])
    assert hub.dropOf(drop).left == 39
    assert hub.totalSupply(program) == 100


def test_claimDrop_works_at_its_deadline(hub, program, create, collect, leaves, customer, clock):
    deadline = clock.now + 100
    tree = Tree(*leaves)
    drop = create(tree, 150, by=deadline)
    clock.set_next(deadline)
    receipt = collect(drop, tree, leaves[0])

    assert receipt.timestamp == deadline
    assert hub.balanceOf(customer, program) == 10


def test_claimDrop_reverts_after_its_deadline(
    hub, project, program, create, collect, leaves, clock
):
    deadline = clock.now + 100
    tree = Tree(*leaves)
    drop = create(tree, 150, by=deadline)

    clock.set_next(deadline + 1)
    with reverts(
        project.PointsHub.DropExpired, drop=drop, deadline=deadline, timestamp=deadline + 1
    ):
        collect(drop, tree, leaves[0])
    assert hub.totalSupply(program) == 0


def test_claimDrop_reverts_if_the_drop_is_unknown(hub, project, create, collect, leaves, clock):
    tree = Tree(*leaves)
    known = create(tree, 150)

    for unknown in (0, known + 1, INFINITE):
        clock.set_next(now := clock.now + 10)
        with reverts(project.PointsHub.DropExpired, drop=unknown, deadline=0, timestamp=now):
            collect(unknown, tree, leaves[0])
        assert tuple(hub.dropOf(unknown)) == (bytes(32), 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("epoch", "lanes"),
    [(4, [10, 0, 0, 0]), (5, [0, 10, 0, 0]), (6, [0, 0, 10, 0]), (7, [0, 0, 0, 10])],
)
def test_claimDrop_gains_no_life_by_coming_late(
    hub, program, create, collect, leaves, customer, epochs, ages, epoch, lanes
):
    tree = Tree(*leaves)
    drop = create(tree, 150)
    epochs.enter(epoch)
    collect(drop, tree, leaves[0])
    assert ages(program, customer) == lanes
    assert list(hub.liabilityOf(program)) == lanes

    epochs.enter(8)
    assert hub.balanceOf(customer, program) == hub.totalSupply(program) == 0


def test_claimDrop_reverts_if_its_points_expired(hub, project, create, collect, leaves, epochs):
    tree = Tree(*leaves)
    drop = create(tree, 150)
    epochs.enter(8)

    with reverts(project.PointsHub.EpochNotLive, epoch=4, current=8):
        collect(drop, tree, leaves[0])
    assert hub.isDropClaimed(drop, 0) is False


@pytest.mark.parametrize("validity", [1, 2, 3])
def test_claimDrop_gives_the_life_that_was_promised_if_validity_was_shortened(
    hub, program, merchant, create, collect, leaves, customer, epochs, ages, validity
):
    tree = Tree(*leaves)
    drop = create(tree, 150)
    hub.setValidity(program, validity, sender=merchant)
    collect(drop, tree, leaves[0])
    assert ages(program, customer) == [10, 0, 0, 0]

    epochs.enter(7)
    collect(drop, tree, leaves[1])
    assert list(hub.liabilityOf(program)) == [0, 0, 0, 30]
    epochs.enter(8)
    assert hub.totalSupply(program) == 0


def test_claimDrop_gives_what_was_promised_whatever_became_of_the_issuer(
    hub, program, merchant, issuer, create, collect, leaves, customer
):
    tree = Tree(*leaves)
    drop = create(tree, 150)
    hub.setIssuer(program, issuer, 0, sender=merchant)
    collect(drop, tree, leaves[0])

    assert hub.balanceOf(customer, program) == 10


def test_claimDrop_reaches_the_cap_and_no_further(
    hub, project, open_program, create, collect, award, leaves, friend
):
    capped = open_program(cap=100)
    tree = Tree(*leaves)
    drop = create(tree, 150, of=capped)
    award(capped, friend, 90)
    with reverts(project.PointsHub.CapExceeded, program=capped, outstanding=110, cap=100):
        collect(drop, tree, leaves[1])
    assert hub.dropOf(drop).left == 150

    collect(drop, tree, leaves[0])
    assert hub.totalSupply(capped) == 100


def test_claimDrop_raises_the_tier(hub, open_program, create, collect, leaves, customer, relayer):
    tiered = open_program(tiers=[10])
    tree = Tree(*leaves)
    receipt = collect(create(tree, 150, of=tiered), tree, leaves[0])

    assert logs(receipt, hub)[0] == log(hub, "TierRaised", program=tiered, account=customer, tier=1)
    statement = hub.statementOf(tiered, customer)
    assert (statement.qualifying, statement.tier) == (10, 1)


def test_claimDrop_reverts_if_receiver_is_zero(hub, project, create, collect):
    leaf = (0, ZERO, 10)
    tree = Tree(leaf)
    drop = create(tree, 10)

    with reverts(project.PointsHub.ERC6909InvalidReceiver, receiver=ZERO):
        collect(drop, tree, leaf)
    assert hub.isDropClaimed(drop, 0) is False


def test_claimDrop_reverts_if_amount_is_too_large(
    hub, project, program, create, collect, customer, friend
):
    fits, large = (0, customer.address, POINTS_MAX), (1, friend.address, POINTS_MAX + 1)
    tree = Tree(fits, large)
    drop = create(tree, UNLIMITED)
    with reverts(project.PointsHub.PointsOverflow, points=POINTS_MAX + 1):
        collect(drop, tree, large)

    collect(drop, tree, fits)
    assert hub.totalSupply(program) == POINTS_MAX


def test_claimDrop_uses_no_budget_of_the_coupon_key(
    hub, program, promoted, claim, create, collect, leaves
):
    promoted(program, budget=40)
    tree = Tree(*leaves)
    drop = create(tree, 150)
    collect(drop, tree, leaves[0])

    claim(points=40)
    collect(drop, tree, leaves[1])
    assert hub.totalSupply(program) == 70


def test_claimDrop_speaks_through_the_face(
    hub, token, faced, create, collect, leaves, customer, relayer
):
    tree = Tree(*leaves)
    drop = create(tree, 150, of=faced)
    receipt = collect(drop, tree, leaves[0])

    assert logs(receipt, hub, token) == [
        minted(hub, relayer, faced, customer, 10),
        log(token, "Transfer", from_=ZERO, to=customer, value=10),
        log(hub, "DropClaimed", drop=drop, index=0, to=customer),
    ]
    assert token.balanceOf(customer) == 10
