"""Redemptions: by the holder, by a signature, and many signatures at once."""

import pytest
from eth_utils import keccak

from tests.fixtures.intents import Domain, compact, high_s
from tests.fixtures.logs import log, logs
from tests.fixtures.reverts import reverts
from tests.loyalty.constants import ANY_TIME, INFINITE, UNLIMITED, ZERO
from tests.loyalty.intents import NO_TERMS, pack_intent, redeem_intent

ORDER = 4_711


def burned(hub, caller, program, holder, points):
    return log(
        hub, "Transfer", caller=caller, sender=holder, receiver=ZERO, id=program, amount=points
    )


def orders(hub, program, *order_ids):
    packed = b"".join(order_id.to_bytes(6) for order_id in order_ids)
    return log(hub, "OrdersRedeemed", merchant=program, program=program, orderIds=packed)


def home(program):
    """What redemptions of a merchant's own points have in common, under no terms."""
    return (program, program, NO_TERMS)


def skipped(hub, program, holder, order_id, index, error):
    return log(
        hub,
        "IntentSkipped",
        program=program,
        from_=holder,
        orderId=order_id,
        index=index,
        reason=keccak(text=error)[:4],
    )


EXPIRED = "IntentExpired(uint256,uint256)"
USED = "OrderUsed(uint256,uint256)"
UNSIGNED = "IntentSignatureInvalid(address,bytes32)"
SHORT = "ERC6909InsufficientBalance(address,uint256,uint256,uint256)"


@pytest.fixture
def intent(domain, program, customer):
    """A redemption of 40 units by the customer, unless the test says otherwise."""

    def intent_(
        *,
        at=domain,
        of=program,
        place=None,
        terms=NO_TERMS,
        holder=customer,
        points=40,
        order=ORDER,
        by=ANY_TIME,
    ):
        return redeem_intent(at, of, holder, points, order, by, place, terms)

    return intent_


@pytest.fixture
def wallet(project, accounts, customer):
    """A smart account whose owner is the customer's key."""
    return accounts[0].deploy(project.WalletMock, customer)


# redeem


def test_redeem_spends_points(hub, program, award, customer):
    award(program, customer, 100)
    receipt = hub.redeem(program, 30, sender=customer)

    assert logs(receipt, hub) == [burned(hub, customer, program, customer, 30)]
    assert hub.balanceOf(customer, program) == 70
    assert hub.totalSupply(program) == 70


def test_redeem_spends_the_oldest_first(hub, program, award, customer, ages, epochs):
    for epoch, points in ((4, 1), (5, 20), (6, 300), (7, 4_000)):
        epochs.enter(epoch)
        award(program, customer, points)
    hub.redeem(program, 22, sender=customer)

    assert ages(program, customer) == [4_000, 299, 0, 0]
    assert list(hub.liabilityOf(program)) == [4_000, 299, 0, 0]


def test_redeem_reverts_if_balance_is_short(hub, project, program, award, customer):
    award(program, customer, 100)

    for needed in (101, 2**48, INFINITE):
        with reverts(
            project.PointsHub.ERC6909InsufficientBalance,
            sender=customer,
            balance=100,
            needed=needed,
            id=program,
        ):
            hub.redeem(program, needed, sender=customer)
    hub.redeem(program, 100, sender=customer)


def test_redeem_reverts_if_points_expired(hub, project, program, award, customer, epochs):
    award(program, customer, 100)
    epochs.enter(8)

    with reverts(
        project.PointsHub.ERC6909InsufficientBalance,
        sender=customer,
        balance=0,
        needed=1,
        id=program,
    ):
        hub.redeem(program, 1, sender=customer)


def test_redeem_leaves_standing_alone(hub, open_program, award, customer):
    program = open_program(tiers=[100])
    award(program, customer, 120)
    hub.redeem(program, 120, sender=customer)

    statement = hub.statementOf(program, customer)
    assert (statement.qualifying, statement.tier) == (120, 1)


def test_redeem_records_what_expired(hub, program, award, customer, epochs):
    award(program, customer, 100)
    epochs.enter(6)
    award(program, customer, 5)
    epochs.enter(8)
    receipt = hub.redeem(program, 5, sender=customer)

    assert logs(receipt, hub) == [
        burned(hub, customer, program, customer, 100),
        burned(hub, customer, program, customer, 5),
    ]


def test_redeem_speaks_through_the_face(hub, token, faced, award, customer):
    award(faced, customer, 100)
    receipt = hub.redeem(faced, 4, sender=customer)

    assert logs(receipt, hub, token) == [
        burned(hub, customer, faced, customer, 4),
        log(token, "Transfer", from_=customer, to=ZERO, value=4),
    ]


# redeemBySig


def test_redeemBySig_spends_points_for_the_order(hub, program, award, customer, issuer, intent):
    award(program, customer, 100)
    signed = intent()
    receipt = hub.redeemBySig(signed.values, False, signed.sign(customer), sender=issuer)

    assert logs(receipt, hub) == [
        burned(hub, issuer, program, customer, 40),
        orders(hub, program, ORDER),
    ]
    assert hub.balanceOf(customer, program) == 60
    assert hub.totalSupply(program) == 60
    assert hub.isOrderUsed(program, ORDER) is True
    assert hub.isOrderUsed(program, ORDER + 1) is False
    assert hub.isOrderUsed(program, ORDER - 1) is False


def test_redeemBySig_reverts_if_order_was_used(
    hub, project, program, award, customer, friend, issuer, intent
):
    award(program, customer, 100)
    award(program, friend, 100)
    signed = intent()
    hub.redeemBySig(signed.values, False, signed.sign(customer), sender=issuer)

    for holder, points in ((customer, 40), (customer, 1), (friend, 40)):
        again = intent(holder=holder, points=points)
        with reverts(project.PointsHub.OrderUsed, program=program, orderId=ORDER):
            hub.redeemBySig(again.values, False, again.sign(holder), sender=issuer)
    assert hub.balanceOf(customer, program) == 60


@pytest.mark.parametrize("order", [0, 255, 256, 2**48 - 1])
def test_redeemBySig_counts_every_order_by_itself(
    hub, program, award, customer, issuer, intent, order
):
    award(program, customer, 100)
    signed = intent(order=order)
    hub.redeemBySig(signed.values, False, signed.sign(customer), sender=issuer)

    assert hub.isOrderUsed(program, order) is True
    for other in (order - 1, order + 1, order ^ 256, order + 2**48):
        assert other < 0 or hub.isOrderUsed(program, other) is False


def test_redeemBySig_keeps_orders_of_programs_apart(
    hub, open_program, award, customer, issuer, intent
):
    first, second = open_program(), open_program()
    for program in (first, second):
        award(program, customer, 100)
        signed = intent(of=program)
        hub.redeemBySig(signed.values, False, signed.sign(customer), sender=issuer)

    assert hub.balanceOf(customer, second) == 60


def test_redeemBySig_reverts_if_caller_is_no_issuer(
    hub, project, program, award, customer, merchant, outsider, relayer, intent
):
    award(program, customer, 100)
    signed = intent()
    signature = signed.sign(customer)

    for caller in (outsider, merchant, relayer, customer):
        with reverts(project.PointsHub.ProgramIssuerOnly, program=program, caller=caller):
            hub.redeemBySig(signed.values, False, signature, sender=caller)
    assert hub.isOrderUsed(program, ORDER) is False


def test_redeemBySig_is_open_to_any_issuer_with_a_budget(
    hub, project, program, award, merchant, customer, operator, intent
):
    award(program, customer, 100)
    hub.setIssuer(program, operator, 1, sender=merchant)
    signed = intent()
    hub.redeemBySig(signed.values, False, signed.sign(customer), sender=operator)
    assert tuple(hub.issuerOf(program, operator)) == (1, 0, 0)

    hub.setIssuer(program, operator, 0, sender=merchant)
    signed = intent(order=ORDER + 1)
    with reverts(project.PointsHub.ProgramIssuerOnly, program=program, caller=operator):
        hub.redeemBySig(signed.values, False, signed.sign(customer), sender=operator)


def test_redeemBySig_holds_until_its_deadline(
    hub, project, program, award, customer, issuer, intent, clock
):
    award(program, customer, 100)
    deadline = clock.now + 100
    signed = intent(by=deadline)
    signature = signed.sign(customer)

    clock.set_next(deadline + 1)
    with reverts(project.PointsHub.IntentExpired, deadline=deadline, timestamp=deadline + 1):
        hub.redeemBySig(signed.values, False, signature, sender=issuer)


def test_redeemBySig_works_at_its_deadline(hub, program, award, customer, issuer, intent, clock):
    award(program, customer, 100)
    deadline = clock.now + 100
    signed = intent(by=deadline)
    clock.set_next(deadline)
    receipt = hub.redeemBySig(signed.values, False, signed.sign(customer), sender=issuer)

    assert receipt.timestamp == deadline
    assert hub.balanceOf(customer, program) == 60


def test_redeemBySig_reverts_if_balance_is_short(
    hub, project, program, award, customer, issuer, intent
):
    award(program, customer, 39)
    signed = intent()
    signature = signed.sign(customer)
    with reverts(
        project.PointsHub.ERC6909InsufficientBalance,
        sender=customer,
        balance=39,
        needed=40,
        id=program,
    ):
        hub.redeemBySig(signed.values, False, signature, sender=issuer)
    assert hub.isOrderUsed(program, ORDER) is False

    award(program, customer, 1)
    hub.redeemBySig(signed.values, False, signature, sender=issuer)


def test_redeemBySig_reverts_if_somebody_else_signed(
    hub, project, program, award, customer, friend, issuer, intent
):
    award(program, customer, 100)
    signed = intent()

    for signer in (friend, issuer):
        with reverts(
            project.PointsHub.IntentSignatureInvalid, signer=customer, digest=signed.digest()
        ):
            hub.redeemBySig(signed.values, False, signed.sign(signer), sender=issuer)


def test_redeemBySig_reverts_if_a_field_was_changed(
    hub, project, open_program, program, award, customer, friend, issuer, intent
):
    other = open_program()
    for each in (program, other):
        award(each, customer, 100)
        award(each, friend, 100)
    signature = intent().sign(customer)

    for changed in (
        intent(of=other),
        intent(of=other, place=program),
        intent(place=other),
        intent(terms=bytes([1]) * 32),
        intent(holder=friend),
        intent(points=41),
        intent(order=ORDER + 1),
        intent(by=ANY_TIME - 1),
    ):
        with reverts(
            project.PointsHub.IntentSignatureInvalid,
            signer=changed.values[3],
            digest=changed.digest(),
        ):
            hub.redeemBySig(changed.values, False, signature, sender=issuer)
    hub.redeemBySig(intent().values, False, signature, sender=issuer)


def test_redeemBySig_reverts_if_signed_for_another_domain(
    hub, project, program, award, customer, issuer, intent, chain, token
):
    award(program, customer, 100)

    for foreign in (
        Domain("PointsHub", hub.address, chain.chain_id + 1),
        Domain("PointsHub", hub.address, 1),
        Domain("PointsHub", token.address, chain.chain_id),
        Domain("PointsHub", customer.address, chain.chain_id),
        Domain("PointsToken", hub.address, chain.chain_id),
        Domain("PointsHub", hub.address, chain.chain_id, "2"),
    ):
        signature = intent(at=foreign).sign(customer)
        with reverts(
            project.PointsHub.IntentSignatureInvalid, signer=customer, digest=intent().digest()
        ):
            hub.redeemBySig(intent().values, False, signature, sender=issuer)


def test_redeemBySig_reverts_if_signed_for_another_hub(
    hub, project, coin, program, award, customer, issuer, intent, chain, accounts, merchant
):
    award(program, customer, 100)
    signature = intent().sign(customer)
    twin = project.PointsHub.deploy(hub.GENESIS(), hub.EPOCH_LENGTH(), coin, sender=accounts[0])
    while twin.programCount() < hub.programCount():  # until the same id is this merchant's there
        twin.createProgram(("Bean", "BEAN", 4, 0, False, []), sender=merchant)
    twin.setIssuer(program, issuer, UNLIMITED, sender=merchant)
    twin.award(program, 100, customer, sender=issuer)

    there = intent(at=Domain("PointsHub", twin.address, chain.chain_id))
    with reverts(project.PointsHub.IntentSignatureInvalid, signer=customer, digest=there.digest()):
        twin.redeemBySig(there.values, False, signature, sender=issuer)
    twin.redeemBySig(there.values, False, there.sign(customer), sender=issuer)
    hub.redeemBySig(intent().values, False, signature, sender=issuer)


def test_redeemBySig_reverts_if_signature_is_malformed(
    hub, project, program, award, customer, issuer, intent
):
    award(program, customer, 100)
    signed = intent()
    good = signed.sign(customer)
    short = compact(good)
    other_parity = short[:32] + bytes([short[32] ^ 0x80]) + short[33:]

    for bad in (
        b"",
        other_parity,
        good[:63],
        good + b"\x00",
        high_s(good),
        good[:64] + bytes([good[64] ^ 7]),
        good[:64] + bytes([good[64] - 27]),
        bytes(65),
        bytes(64),
        b"\xff" * 65,
    ):
        with reverts(
            project.PointsHub.IntentSignatureInvalid, signer=customer, digest=signed.digest()
        ):
            hub.redeemBySig(signed.values, False, bad, sender=issuer)
    hub.redeemBySig(signed.values, False, good, sender=issuer)


def test_redeemBySig_takes_the_compact_form(hub, program, award, customer, issuer, intent):
    award(program, customer, 200)
    for order in range(4):  # both parities of y are likely among them
        signed = intent(order=order)
        hub.redeemBySig(signed.values, False, compact(signed.sign(customer)), sender=issuer)

    assert hub.balanceOf(customer, program) == 40


def test_redeemBySig_reverts_if_holder_is_zero(hub, project, program, issuer, intent):
    for points in (0, 1):
        nobody = intent(holder=ZERO, points=points)
        for signature in (b"", bytes(65), b"\xff" * 65):
            with reverts(
                project.PointsHub.IntentSignatureInvalid, signer=ZERO, digest=nobody.digest()
            ):
                hub.redeemBySig(nobody.values, False, signature, sender=issuer)


def test_redeemBySig_asks_a_smart_account(
    hub, project, program, award, wallet, customer, friend, issuer, intent
):
    award(program, wallet, 100)
    signed = intent(holder=wallet)
    with reverts(project.PointsHub.IntentSignatureInvalid, signer=wallet, digest=signed.digest()):
        hub.redeemBySig(signed.values, False, signed.sign(friend), sender=issuer)

    receipt = hub.redeemBySig(signed.values, False, signed.sign(customer), sender=issuer)
    assert logs(receipt, hub) == [
        burned(hub, issuer, program, wallet, 40),
        orders(hub, program, ORDER),
    ]


def test_redeemBySig_speaks_through_the_face(hub, token, faced, award, customer, issuer, intent):
    award(faced, customer, 100)
    signed = intent(of=faced)
    receipt = hub.redeemBySig(signed.values, False, signed.sign(customer), sender=issuer)

    assert logs(receipt, hub, token) == [
        burned(hub, issuer, faced, customer, 40),
        log(token, "Transfer", from_=customer, to=ZERO, value=40),
        orders(hub, faced, ORDER),
    ]


# redeemMany


def pack(*signed):
    """Intents of (intent, signer) or (intent, signature)."""
    return b"".join(
        pack_intent(intent, by if isinstance(by, bytes) else intent.sign(by))
        for intent, by in signed
    )


def test_redeemMany_carries_out_every_intent(
    hub, program, award, customer, friend, issuer, intent, ages, epochs
):
    award(program, customer, 30)
    epochs.enter(5)
    award(program, customer, 70)
    award(program, friend, 50)
    packed = pack(
        (intent(order=7), customer),
        (intent(order=2**48 - 1, holder=friend, points=50), friend),
        (intent(order=6, points=5), customer),
    )
    receipt = hub.redeemMany(home(program), packed, sender=issuer)

    assert receipt.return_value == 3
    assert logs(receipt, hub) == [
        burned(hub, issuer, program, customer, 40),
        burned(hub, issuer, program, friend, 50),
        burned(hub, issuer, program, customer, 5),
        orders(hub, program, 7, 2**48 - 1, 6),
    ]
    assert ages(program, customer) == [55, 0, 0, 0]
    assert list(hub.liabilityOf(program)) == [55, 0, 0, 0]
    for order in (6, 7, 2**48 - 1):
        assert hub.isOrderUsed(program, order) is True
    assert hub.isOrderUsed(program, 5) is False


def test_redeemMany_of_nothing(hub, program, issuer):
    receipt = hub.redeemMany(home(program), b"", sender=issuer)

    assert receipt.return_value == 0
    assert logs(receipt, hub) == [orders(hub, program)]


def test_redeemMany_reverts_if_caller_is_no_issuer(
    hub, project, program, award, customer, merchant, outsider, relayer, intent
):
    award(program, customer, 100)

    for packed in (b"", pack((intent(), customer))):
        for caller in (outsider, merchant, relayer, customer):
            with reverts(project.PointsHub.ProgramIssuerOnly, program=program, caller=caller):
                hub.redeemMany(home(program), packed, sender=caller)


def test_redeemMany_skips_what_it_cannot_use_and_goes_on(
    hub, program, award, customer, friend, issuer, intent, clock
):
    award(program, customer, 100)
    past = clock.now - 1
    entries = [
        (intent(order=1), customer),
        (intent(order=2, by=past), customer),
        (intent(order=1), customer),
        (intent(order=3), friend),
        (intent(order=4, points=61), customer),
        (intent(order=5), b""),
        (intent(order=6, holder=friend, points=1), friend),
        (intent(order=7, points=60), customer),
    ]
    receipt = hub.redeemMany(home(program), pack(*entries), sender=issuer)

    assert receipt.return_value == 2
    assert logs(receipt, hub) == [
        burned(hub, issuer, program, customer, 40),
        skipped(hub, program, customer, 2, 1, EXPIRED),
        skipped(hub, program, customer, 1, 2, USED),
        skipped(hub, program, customer, 3, 3, UNSIGNED),
        skipped(hub, program, customer, 4, 4, SHORT),
        skipped(hub, program, customer, 5, 5, UNSIGNED),
        skipped(hub, program, friend, 6, 6, SHORT),
        burned(hub, issuer, program, customer, 60),
        orders(hub, program, 1, 7),
    ]
    assert hub.totalSupply(program) == 0


def test_redeemMany_leaves_what_it_skipped_usable(hub, program, award, customer, issuer, intent):
    award(program, customer, 10)
    packed = pack((intent(), customer))
    receipt = hub.redeemMany(home(program), packed, sender=issuer)
    assert logs(receipt, hub) == [
        skipped(hub, program, customer, ORDER, 0, SHORT),
        orders(hub, program),
    ]
    assert hub.isOrderUsed(program, ORDER) is False
    assert hub.balanceOf(customer, program) == 10

    award(program, customer, 30)
    receipt = hub.redeemMany(home(program), packed, sender=issuer)
    assert receipt.return_value == 1
    assert hub.balanceOf(customer, program) == 0


def test_redeemMany_leaves_an_order_usable_if_a_stranger_signed_it(
    hub, program, award, customer, friend, issuer, intent
):
    award(program, customer, 100)
    hub.redeemMany(home(program), pack((intent(), friend)), sender=issuer)
    assert hub.isOrderUsed(program, ORDER) is False

    receipt = hub.redeemMany(home(program), pack((intent(), customer)), sender=issuer)
    assert receipt.return_value == 1


def test_redeemMany_skips_what_redeemBySig_did_and_the_other_way_round(
    hub, project, program, award, customer, issuer, intent
):
    award(program, customer, 100)
    first, second = intent(order=1), intent(order=2)
    hub.redeemBySig(first.values, False, first.sign(customer), sender=issuer)
    receipt = hub.redeemMany(
        home(program), pack((first, customer), (second, customer)), sender=issuer
    )
    assert logs(receipt, hub)[0] == skipped(hub, program, customer, 1, 0, USED)
    assert receipt.return_value == 1

    with reverts(project.PointsHub.OrderUsed, program=program, orderId=2):
        hub.redeemBySig(second.values, False, second.sign(customer), sender=issuer)


def test_redeemMany_skips_intents_for_another_program(
    hub, open_program, program, award, customer, issuer, intent
):
    other = open_program()
    award(program, customer, 100)
    award(other, customer, 100)
    receipt = hub.redeemMany(home(other), pack((intent(of=program), customer)), sender=issuer)

    assert logs(receipt, hub) == [
        skipped(hub, other, customer, ORDER, 0, UNSIGNED),
        orders(hub, other),
    ]


def test_redeemMany_skips_intents_for_another_chain_or_contract(
    hub, program, award, customer, issuer, intent, chain
):
    award(program, customer, 100)
    foreign = [
        Domain("PointsHub", hub.address, chain.chain_id + 1),
        Domain("PointsHub", customer.address, chain.chain_id),
    ]
    packed = pack(*((intent(at=domain), customer) for domain in foreign))
    receipt = hub.redeemMany(home(program), packed, sender=issuer)

    assert receipt.return_value == 0
    assert hub.balanceOf(customer, program) == 100


def test_redeemMany_skips_a_zero_holder(hub, program, issuer, intent):
    nobody = intent(holder=ZERO, points=0)
    receipt = hub.redeemMany(home(program), pack((nobody, b""), (nobody, bytes(65))), sender=issuer)

    assert logs(receipt, hub) == [
        skipped(hub, program, ZERO, ORDER, 0, UNSIGNED),
        skipped(hub, program, ZERO, ORDER, 1, UNSIGNED),
        orders(hub, program),
    ]


def test_redeemMany_skips_malleated_signatures(hub, program, award, customer, issuer, intent):
    award(program, customer, 100)
    malleated = high_s(intent().sign(customer))
    receipt = hub.redeemMany(home(program), pack((intent(), malleated)), sender=issuer)

    assert logs(receipt, hub)[0] == skipped(hub, program, customer, ORDER, 0, UNSIGNED)


def test_redeemMany_takes_signatures_of_any_form(
    hub, program, award, customer, wallet, issuer, intent
):
    award(program, customer, 80)
    award(program, wallet, 40)
    short, long = intent(order=1), intent(order=2)
    smart = intent(order=3, holder=wallet)
    packed = pack(
        (short, compact(short.sign(customer))), (long, customer), (smart, smart.sign(customer))
    )
    receipt = hub.redeemMany(home(program), packed, sender=issuer)

    assert receipt.return_value == 3
    assert hub.totalSupply(program) == 0


@pytest.mark.parametrize(
    "behaviour", ["Refuse", "Revert", "BurnGas", "ReturnNothing", "ReturnFourBytes", "ReturnTrue"]
)
def test_redeemMany_is_not_poisoned_by_a_smart_account(
    hub, program, award, wallet, customer, friend, issuer, intent, behaviour
):
    award(program, wallet, 100)
    award(program, friend, 40)
    wallet.setBehaviour(BEHAVIOURS.index(behaviour), sender=customer)
    evil, good = intent(order=1, holder=wallet), intent(order=2, holder=friend)
    receipt = hub.redeemMany(home(program), pack((evil, customer), (good, friend)), sender=issuer)

    assert logs(receipt, hub) == [
        skipped(hub, program, wallet, 1, 0, UNSIGNED),
        burned(hub, issuer, program, friend, 40),
        orders(hub, program, 2),
    ]
    assert receipt.gas_used < 300_000


BEHAVIOURS = [
    "Judge",
    "AcceptAll",
    "Refuse",
    "Revert",
    "BurnGas",
    "ReturnBomb",
    "ReturnNothing",
    "ReturnFourBytes",
    "ReturnTrue",
    "RevertWithMagic",
]


def test_redeemMany_records_what_expired_of_a_skipped_holder(
    hub, program, award, customer, friend, issuer, intent, epochs
):
    award(program, customer, 100)
    award(program, friend, 9)
    epochs.enter(8)
    award(program, friend, 40)
    packed = pack((intent(order=1), customer), (intent(order=2, holder=friend), friend))
    receipt = hub.redeemMany(home(program), packed, sender=issuer)

    assert logs(receipt, hub) == [
        burned(hub, issuer, program, customer, 100),
        skipped(hub, program, customer, 1, 0, SHORT),
        burned(hub, issuer, program, friend, 40),
        orders(hub, program, 2),
    ]
    assert hub.totalSupply(program) == 0

    receipt = hub.redeemMany(home(program), pack((intent(order=1), customer)), sender=issuer)
    assert logs(receipt, hub) == [
        skipped(hub, program, customer, 1, 0, SHORT),
        orders(hub, program),
    ]


def test_redeemMany_reverts_if_the_packing_is_cut(
    hub, project, program, award, customer, issuer, intent
):
    award(program, customer, 100)
    packed = pack((intent(), customer))

    for cut in (1, 20, 38, 39, 40, len(packed) - 1):
        with reverts(project.PointsHub.RecordsMalformed, length=cut):
            hub.redeemMany(home(program), packed[:cut], sender=issuer)
        with reverts(project.PointsHub.RecordsMalformed, length=cut):
            hub.redeemMany(home(program), packed + packed[:cut], sender=issuer)
    assert hub.isOrderUsed(program, ORDER) is False


def test_redeemMany_reverts_if_a_signature_length_points_past_the_end(
    hub, project, program, award, customer, issuer, intent
):
    award(program, customer, 100)
    packed = pack((intent(), customer))
    long = packed[:37] + b"\xff\xff" + packed[39:]

    with reverts(project.PointsHub.RecordsMalformed, length=len(long)):
        hub.redeemMany(home(program), long, sender=issuer)


def test_redeemMany_speaks_through_the_face(hub, token, faced, award, customer, issuer, intent):
    award(faced, customer, 100)
    packed = pack((intent(of=faced, order=1), customer), (intent(of=faced, order=1), customer))
    receipt = hub.redeemMany(home(faced), packed, sender=issuer)

    assert logs(receipt, hub, token) == [
        burned(hub, issuer, faced, customer, 40),
        log(token, "Transfer", from_=customer, to=ZERO, value=40),
        skipped(hub, faced, customer, 1, 1, USED),
        orders(hub, faced, 1),
    ]


def test_redeemMany_carries_out_a_hundred(hub, program, award, customer, issuer, intent):
    award(program, customer, 4_000)
    packed = pack(*((intent(order=order), customer) for order in range(100)))
    receipt = hub.redeemMany(home(program), packed, sender=issuer)

    assert receipt.return_value == 100
    assert logs(receipt, hub)[-1] == orders(hub, program, *range(100))
    assert hub.totalSupply(program) == 0
