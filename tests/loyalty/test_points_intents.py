"""Transfers by signature: the holder permits, anybody pays the gas."""

import pytest

from tests.fixtures.intents import Domain, compact, high_s
from tests.fixtures.logs import log, logs
from tests.fixtures.reverts import reverts
from tests.loyalty.constants import ANY_TIME, INFINITE, ZERO
from tests.loyalty.intents import redeem_intent, transfer_intent


def moved(hub, caller, program, sender, receiver, points):
    return log(
        hub,
        "Transfer",
        caller=caller,
        sender=sender,
        receiver=receiver,
        id=program,
        amount=points,
    )


@pytest.fixture
def intent(domain, program, customer, friend):
    """A transfer of 40 units from customer to friend, unless the test says otherwise."""

    def intent_(
        *, at=domain, of=program, holder=customer, to=friend, points=40, nonce=7, by=ANY_TIME
    ):
        return transfer_intent(at, of, holder, to, points, nonce, by)

    return intent_


def test_transferBySig_moves_points_whoever_brings_it(
    hub, program, award, customer, friend, relayer, intent
):
    award(program, customer, 100)
    signed = intent()
    receipt = hub.transferBySig(signed.values, signed.sign(customer), sender=relayer)

    assert logs(receipt, hub) == [moved(hub, relayer, program, customer, friend, 40)]
    assert hub.balanceOf(customer, program) == 60
    assert hub.balanceOf(friend, program) == 40
    assert hub.isNonceUsed(customer, 7) is True


def test_transferBySig_reverts_if_replayed(hub, project, program, award, customer, relayer, intent):
    award(program, customer, 100)
    signed = intent()
    hub.transferBySig(signed.values, signed.sign(customer), sender=relayer)

    with reverts(project.PointsHub.IntentNonceUsed, signer=customer, nonce=7):
        hub.transferBySig(signed.values, signed.sign(customer), sender=relayer)
    assert hub.balanceOf(customer, program) == 60


@pytest.mark.parametrize("nonce", [0, 255, 256, INFINITE])
def test_transferBySig_takes_any_unused_nonce(
    hub, program, award, customer, relayer, intent, nonce
):
    award(program, customer, 100)
    signed = intent(nonce=nonce)
    hub.transferBySig(signed.values, signed.sign(customer), sender=relayer)

    assert hub.isNonceUsed(customer, nonce) is True
    assert hub.isNonceUsed(customer, nonce ^ 1) is False
    assert hub.isNonceUsed(customer, nonce ^ 256) is False


def test_transferBySig_holds_until_its_deadline(
    hub, project, program, award, customer, relayer, intent, clock
):
    award(program, customer, 100)
    deadline = clock.now + 100
    signed = intent(by=deadline)
    clock.set_next(deadline + 1)

    with reverts(project.PointsHub.IntentExpired, deadline=deadline, timestamp=deadline + 1):
        hub.transferBySig(signed.values, signed.sign(customer), sender=relayer)


def test_transferBySig_works_at_its_deadline(hub, program, award, customer, relayer, intent, clock):
    award(program, customer, 100)
    deadline = clock.now + 100
    signed = intent(by=deadline)
    clock.set_next(deadline)
    receipt = hub.transferBySig(signed.values, signed.sign(customer), sender=relayer)

    assert receipt.timestamp == deadline


def test_transferBySig_reverts_if_nonce_was_cancelled(
    hub, project, program, award, customer, relayer, intent
):
    award(program, customer, 100)
    receipt = hub.cancelNonce(7, sender=customer)
    assert logs(receipt, hub) == [log(hub, "NonceCancelled", signer=customer, nonce=7)]

    signed = intent()
    with reverts(project.PointsHub.IntentNonceUsed, signer=customer, nonce=7):
        hub.transferBySig(signed.values, signed.sign(customer), sender=relayer)


def test_transferBySig_reverts_if_somebody_else_signed(
    hub, project, program, award, customer, friend, merchant, issuer, relayer, intent
):
    award(program, customer, 100)
    signed = intent()

    for signer in (friend, merchant, issuer, relayer):
        with reverts(
            project.PointsHub.IntentSignatureInvalid, signer=customer, digest=signed.digest()
        ):
            hub.transferBySig(signed.values, signed.sign(signer), sender=signer)


def test_transferBySig_reverts_if_a_field_was_changed(
    hub, project, open_program, program, award, customer, relayer, intent
):
    other = open_program()
    for each in (program, other):
        award(each, customer, 100)
    signature = intent().sign(customer)

    for changed in (
        intent(of=other),
        intent(to=relayer),
        intent(points=41),
        intent(nonce=8),
        intent(by=ANY_TIME - 1),
    ):
        with reverts(
            project.PointsHub.IntentSignatureInvalid, signer=customer, digest=changed.digest()
        ):
            hub.transferBySig(changed.values, signature, sender=relayer)
    hub.transferBySig(intent().values, signature, sender=relayer)


def test_transferBySig_reverts_if_signed_for_another_domain(
    hub, project, program, award, customer, relayer, intent, chain
):
    award(program, customer, 100)

    for foreign in (
        Domain("PointsHub", hub.address, chain.chain_id + 1),
        Domain("PointsHub", relayer.address, chain.chain_id),
        Domain("PointsToken", hub.address, chain.chain_id),
    ):
        signature = intent(at=foreign).sign(customer)
        with reverts(
            project.PointsHub.IntentSignatureInvalid, signer=customer, digest=intent().digest()
        ):
            hub.transferBySig(intent().values, signature, sender=relayer)


def test_transferBySig_reverts_if_the_signature_permits_a_redemption(
    hub, project, program, award, customer, relayer, intent, domain
):
    award(program, customer, 100)
    redemption = redeem_intent(domain, program, customer, 40, 7, ANY_TIME)

    with reverts(
        project.PointsHub.IntentSignatureInvalid, signer=customer, digest=intent().digest()
    ):
        hub.transferBySig(intent().values, redemption.sign(customer), sender=relayer)


def test_transferBySig_reverts_if_s_is_high(
    hub, project, program, award, customer, relayer, intent
):
    award(program, customer, 100)
    signed = intent()
    with reverts(project.PointsHub.IntentSignatureInvalid, signer=customer, digest=signed.digest()):
        hub.transferBySig(signed.values, high_s(signed.sign(customer)), sender=relayer)


def test_transferBySig_takes_the_compact_form(hub, program, award, customer, relayer, intent):
    award(program, customer, 100)
    signed = intent()
    hub.transferBySig(signed.values, compact(signed.sign(customer)), sender=relayer)

    assert hub.balanceOf(customer, program) == 60


def test_transferBySig_reverts_if_holder_is_zero(hub, project, relayer, intent):
    nobody = intent(holder=ZERO, points=0)

    for signature in (b"", bytes(65)):
        with reverts(project.PointsHub.IntentSignatureInvalid, signer=ZERO, digest=nobody.digest()):
            hub.transferBySig(nobody.values, signature, sender=relayer)


def test_transferBySig_reverts_if_receiver_is_zero(
    hub, project, program, award, customer, relayer, intent
):
    award(program, customer, 100)
    signed = intent(to=ZERO)

    with reverts(project.PointsHub.ERC6909InvalidReceiver, receiver=ZERO):
        hub.transferBySig(signed.values, signed.sign(customer), sender=relayer)


def test_transferBySig_reverts_if_balance_is_short(
    hub, project, program, award, customer, relayer, intent
):
    award(program, customer, 39)
    signed = intent()
    with reverts(
        project.PointsHub.ERC6909InsufficientBalance,
        sender=customer,
        balance=39,
        needed=40,
        id=program,
    ):
        hub.transferBySig(signed.values, signed.sign(customer), sender=relayer)
    assert hub.isNonceUsed(customer, 7) is False

    award(program, customer, 1)
    hub.transferBySig(signed.values, signed.sign(customer), sender=relayer)


def test_transferBySig_asks_a_smart_account(
    hub, project, program, accounts, award, customer, friend, relayer, intent
):
    wallet = accounts[0].deploy(project.WalletMock, customer)
    award(program, wallet, 100)
    signed = intent(holder=wallet)
    with reverts(project.PointsHub.IntentSignatureInvalid, signer=wallet, digest=signed.digest()):
        hub.transferBySig(signed.values, signed.sign(friend), sender=relayer)

    hub.transferBySig(signed.values, signed.sign(customer), sender=relayer)
    assert hub.balanceOf(wallet, program) == 60


def test_transferBySig_takes_the_key_of_an_account_with_delegated_code(
    hub, project, program, accounts, award, customer, friend, outsider, relayer, intent, delegate
):
    delegate(friend, accounts[0].deploy(project.WalletMock, outsider))
    award(program, friend, 100)
    signed = intent(holder=friend, to=customer)
    hub.transferBySig(signed.values, signed.sign(friend), sender=relayer)

    assert hub.balanceOf(customer, program) == 40


def test_transferBySig_keeps_age(
    hub, program, award, customer, friend, relayer, intent, epochs, ages
):
    award(program, customer, 25)
    epochs.enter(6)
    award(program, customer, 100)
    signed = intent()
    hub.transferBySig(signed.values, signed.sign(customer), sender=relayer)

    assert ages(program, friend) == [15, 0, 25, 0]


def test_transferBySig_speaks_through_the_face(
    hub, token, faced, award, customer, friend, relayer, intent
):
    award(faced, customer, 100)
    signed = intent(of=faced)
    receipt = hub.transferBySig(signed.values, signed.sign(customer), sender=relayer)

    assert logs(receipt, hub, token) == [
        moved(hub, relayer, faced, customer, friend, 40),
        log(token, "Transfer", from_=customer, to=friend, value=40),
    ]


def test_DOMAIN_SEPARATOR_is_that_of_eip_712(hub, intent):
    assert hub.DOMAIN_SEPARATOR() == intent().signable().header
