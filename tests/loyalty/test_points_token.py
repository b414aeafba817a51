"""The ERC-20 face of a program: never at odds with the hub."""

import pytest
from eth_utils import keccak, to_checksum_address

from tests.fixtures.intents import Domain, Intent, address_of, high_s
from tests.fixtures.logs import log, logs
from tests.fixtures.reverts import reverts
from tests.loyalty.constants import EPOCH_LENGTH, INFINITE, POINTS_MAX, ZERO

PERMIT = [
    ("owner", "address"),
    ("spender", "address"),
    ("value", "uint256"),
    ("nonce", "uint256"),
    ("deadline", "uint256"),
]


@pytest.fixture
def moved(hub, token, faced):
    """What hub and face say of one move that was made at the face."""

    def moved_(sender, receiver, points):
        return [
            log(
                hub,
                "Transfer",
                caller=token,
                sender=sender,
                receiver=receiver,
                id=faced,
                amount=points,
            ),
            log(token, "Transfer", from_=sender, to=receiver, value=points),
        ]

    return moved_


@pytest.fixture
def held(award, faced, customer):
    """The customer holds 100 units."""
    award(faced, customer, 100)


@pytest.fixture
def aged(award, epochs, faced, customer):
    """The customer holds 1, 20, 300 and 4,000 units of the epochs 4, 5, 6 and 7."""
    for epoch, points in ((4, 1), (5, 20), (6, 300), (7, 4_000)):
        epochs.enter(epoch)
        award(faced, customer, points)


# views


def test_face_shows_the_program(hub, token, faced, open_program, award, customer):
    other = open_program(has_token=True, name="Other")
    award(faced, customer, 100)
    award(other, customer, 7)

    assert (token.name(), token.symbol(), token.decimals()) == ("Bean", "BEAN", 2)
    assert token.totalSupply() == hub.totalSupply(faced) == 100
    assert token.balanceOf(customer) == hub.balanceOf(customer, faced) == 100
    assert (token.HUB(), token.PROGRAM()) == (hub.address, faced)


def test_face_shows_epochs(token, aged, customer, epochs):
    assert token.currentEpoch() == 7
    assert token.epochLength() == EPOCH_LENGTH
    assert token.epochType() == 1  # TIME_BASED
    assert token.validityDuration() == 4
    assert [token.balanceOfAtEpoch(epoch, customer) for epoch in range(3, 9)] == [
        0,
        1,
        20,
        300,
        4_000,
        0,
    ]

    epochs.enter(9)
    assert [token.balanceOfAtEpoch(epoch, customer) for epoch in range(3, 9)] == [
        0,
        0,
        0,
        300,
        4_000,
        0,
    ]
    assert token.balanceOf(customer) == token.totalSupply() == 4_300


def test_isEpochExpired(token, epochs):
    epochs.enter(7)
    expected = {0: True, 3: True, 4: False, 7: False, 8: False, 2**16: False, INFINITE: False}

    assert {epoch: token.isEpochExpired(epoch) for epoch in expected} == expected


# transfer


def test_transfer_moves_points(hub, token, faced, held, moved, customer, friend):
    receipt = token.transfer(friend, 30, sender=customer)

    assert receipt.return_value is True
    assert logs(receipt, hub, token) == moved(customer, friend, 30)
    assert (token.balanceOf(customer), token.balanceOf(friend)) == (70, 30)
    assert (hub.balanceOf(customer, faced), hub.balanceOf(friend, faced)) == (70, 30)


def test_transfer_of_nothing_and_to_oneself(hub, token, held, moved, customer, friend):
    receipt = token.transfer(friend, 0, sender=customer)
    assert logs(receipt, hub, token) == moved(customer, friend, 0)

    receipt = token.transfer(customer, 60, sender=customer)
    assert logs(receipt, hub, token) == moved(customer, customer, 60)
    assert token.balanceOf(customer) == 100


def test_transfer_reverts_if_balance_is_short(token, project, held, customer, friend):
    for needed in (101, POINTS_MAX, 2**48, 2**192, INFINITE):
        with reverts(
            project.PointsToken.ERC20InsufficientBalance,
            sender=customer,
            balance=100,
            needed=needed,
        ):
            token.transfer(friend, needed, sender=customer)
    token.transfer(friend, 100, sender=customer)


def test_transfer_reverts_if_receiver_is_zero(token, project, held, customer):
    for value in (0, 1, 101):
        with reverts(project.PointsToken.ERC20InvalidReceiver, receiver=ZERO):
            token.transfer(ZERO, value, sender=customer)


def test_transfer_takes_the_oldest_first_and_keeps_their_age(
    token, faced, aged, customer, friend, ages
):
    token.transfer(friend, 22, sender=customer)

    assert ages(faced, friend) == [0, 1, 20, 1]
    assert ages(faced, customer) == [4_000, 299, 0, 0]


def test_transfer_does_not_move_what_expired(token, project, aged, customer, friend, epochs):
    epochs.enter(9)

    with reverts(
        project.PointsToken.ERC20InsufficientBalance, sender=customer, balance=4_300, needed=4_301
    ):
        token.transfer(friend, 4_301, sender=customer)
    token.transfer(friend, 4_300, sender=customer)


def test_transfer_records_what_expired(
    hub, token, aged, moved, award, faced, customer, friend, epochs
):
    award(faced, friend, 5)
    epochs.enter(11)
    award(faced, customer, 9)
    receipt = token.transfer(friend, 9, sender=customer)

    assert logs(receipt, hub, token) == moved(friend, ZERO, 5) + moved(customer, friend, 9)


# allowances


def test_approve_lets_the_spender_move_points(hub, token, held, moved, customer, spender, friend):
    receipt = token.approve(spender, 60, sender=customer)
    assert receipt.return_value is True
    assert logs(receipt, hub, token) == [
        log(token, "Approval", owner=customer, spender=spender, value=60)
    ]
    assert token.allowance(customer, spender) == 60

    receipt = token.transferFrom(customer, friend, 45, sender=spender)
    assert receipt.return_value is True
    assert logs(receipt, hub, token) == moved(customer, friend, 45)
    assert token.allowance(customer, spender) == 15


def test_transferFrom_reverts_if_allowance_is_short(
    token, project, held, customer, spender, friend
):
    with reverts(
        project.PointsToken.ERC20InsufficientAllowance, spender=spender, allowance=0, needed=1
    ):
        token.transferFrom(customer, friend, 1, sender=spender)
    token.approve(spender, 60, sender=customer)
    token.transferFrom(customer, friend, 20, sender=spender)

    with reverts(
        project.PointsToken.ERC20InsufficientAllowance, spender=spender, allowance=40, needed=41
    ):
        token.transferFrom(customer, friend, 41, sender=spender)


def test_transferFrom_by_the_holder_needs_an_allowance(token, project, held, customer, friend):
    with reverts(
        project.PointsToken.ERC20InsufficientAllowance, spender=customer, allowance=0, needed=1
    ):
        token.transferFrom(customer, friend, 1, sender=customer)


def test_transferFrom_reverts_if_balance_is_short(token, project, held, customer, spender, friend):
    token.approve(spender, 500, sender=customer)

    with reverts(
        project.PointsToken.ERC20InsufficientBalance, sender=customer, balance=100, needed=101
    ):
        token.transferFrom(customer, friend, 101, sender=spender)
    assert token.allowance(customer, spender) == 500


def test_transferFrom_reverts_if_a_side_is_zero(token, project, held, customer, spender):
    token.approve(spender, 60, sender=customer)

    with reverts(project.PointsToken.ERC20InvalidReceiver, receiver=ZERO):
        token.transferFrom(customer, ZERO, 1, sender=spender)
    with reverts(project.PointsToken.ERC20InvalidSender, sender=ZERO):
        token.transferFrom(ZERO, spender, 0, sender=spender)


def test_transferFrom_leaves_an_infinite_allowance(token, held, customer, spender, friend):
    token.approve(spender, INFINITE, sender=customer)
    token.transferFrom(customer, friend, 40, sender=spender)
    assert token.allowance(customer, spender) == INFINITE

    token.approve(spender, INFINITE - 1, sender=customer)
    token.transferFrom(customer, friend, 40, sender=spender)
    assert token.allowance(customer, spender) == INFINITE - 41


def test_approve_reverts_if_spender_is_zero(token, project, customer):
    with reverts(project.PointsToken.ERC20InvalidSpender, spender=ZERO):
        token.approve(ZERO, 1, sender=customer)


def test_allowances_of_face_and_hub_are_separate(
    hub, token, project, faced, held, customer, spender, operator
):
    token.approve(spender, 60, sender=customer)
    assert hub.allowance(customer, spender, faced) == 0
    with reverts(
        project.PointsHub.ERC6909InsufficientAllowance,
        spender=spender,
        allowance=0,
        needed=1,
        id=faced,
    ):
        hub.transferFrom(customer, spender, faced, 1, sender=spender)

    hub.approve(operator, faced, 60, sender=customer)
    hub.setOperator(operator, True, sender=customer)
    assert token.allowance(customer, operator) == 0
    with reverts(
        project.PointsToken.ERC20InsufficientAllowance, spender=operator, allowance=0, needed=1
    ):
        token.transferFrom(customer, operator, 1, sender=operator)


# ERC-7818


@pytest.mark.parametrize(
    ("epoch", "given"),
    [(4, [0, 0, 0, 1]), (5, [0, 0, 1, 0]), (6, [0, 1, 0, 0]), (7, [1, 0, 0, 0])],
)
def test_transferAtEpoch_moves_points_of_that_epoch(
    hub, token, faced, aged, moved, customer, friend, ages, epoch, given
):
    receipt = token.transferAtEpoch(epoch, friend, 1, sender=customer)

    assert receipt.return_value is True
    assert logs(receipt, hub, token) == moved(customer, friend, 1)
    assert ages(faced, friend) == given


def test_transferAtEpoch_reverts_if_the_epoch_expired(
    token, project, aged, customer, friend, epochs
):
    epochs.enter(8)

    for epoch in (0, 3, 4):
        for value in (0, 1):
            with reverts(
                project.PointsToken.ERC7818TransferredExpiredToken, sender=customer, epoch=epoch
            ):
                token.transferAtEpoch(epoch, friend, value, sender=customer)
    token.transferAtEpoch(5, friend, 20, sender=customer)


@pytest.mark.parametrize("epoch", [8, 2**16, INFINITE])
def test_transferAtEpoch_reverts_if_the_epoch_is_to_come(
    token, project, aged, customer, friend, epoch
):
    with reverts(
        project.PointsToken.ERC20InsufficientBalance, sender=customer, balance=0, needed=1
    ):
        token.transferAtEpoch(epoch, friend, 1, sender=customer)
    with reverts(project.PointsHub.EpochNotLive, epoch=epoch, current=7):
        token.transferAtEpoch(epoch, friend, 0, sender=customer)


def test_transferAtEpoch_reverts_if_that_epoch_is_short(token, project, aged, customer, friend):
    for needed in (21, 2**48, INFINITE):
        with reverts(
            project.PointsToken.ERC20InsufficientBalance,
            sender=customer,
            balance=20,
            needed=needed,
        ):
            token.transferAtEpoch(5, friend, needed, sender=customer)


def test_transferAtEpoch_reverts_if_receiver_is_zero(token, project, aged, customer):
    with reverts(project.PointsToken.ERC20InvalidReceiver, receiver=ZERO):
        token.transferAtEpoch(5, ZERO, 1, sender=customer)


def test_transferFromAtEpoch_spends_the_allowance(
    hub, token, project, faced, aged, moved, customer, spender, friend, ages
):
    token.approve(spender, 30, sender=customer)
    receipt = token.transferFromAtEpoch(5, customer, friend, 20, sender=spender)
    assert receipt.return_value is True
    assert logs(receipt, hub, token) == moved(customer, friend, 20)
    assert ages(faced, friend) == [0, 0, 20, 0]
    assert token.allowance(customer, spender) == 10

    with reverts(
        project.PointsToken.ERC20InsufficientAllowance, spender=spender, allowance=10, needed=11
    ):
        token.transferFromAtEpoch(6, customer, friend, 11, sender=spender)


def test_transferFromAtEpoch_reverts_if_the_epoch_expired(
    token, project, aged, customer, spender, friend, epochs
):
    token.approve(spender, INFINITE, sender=customer)
    epochs.enter(8)

    with reverts(project.PointsToken.ERC7818TransferredExpiredToken, sender=customer, epoch=4):
        token.transferFromAtEpoch(4, customer, friend, 1, sender=spender)


# ERC-2612


@pytest.fixture
def permit(token, chain, customer, spender):
    """A permit of 60 units by the customer to the spender, unless the test says otherwise."""
    here = Domain("PointsToken", token.address, chain.chain_id)

    def permit_(*, at=here, owner=customer, to=spender, value=60, nonce=0, by=INFINITE):
        values = (address_of(owner), address_of(to), value, nonce, by)
        return Intent(at, "Permit", PERMIT, values)

    return permit_


def terms(permit, signature):
    """Arguments of `permit`: what was signed without its nonce, and v, r, s."""
    owner, spender, value, _, deadline = permit.values
    return owner, spender, value, deadline, signature[64], signature[:32], signature[32:64]


def test_permit_approves_whoever_brings_it(hub, token, held, permit, customer, spender, relayer):
    signed = permit()
    receipt = token.permit(*terms(signed, signed.sign(customer)), sender=relayer)

    assert logs(receipt, hub, token) == [
        log(token, "Approval", owner=customer, spender=spender, value=60)
    ]
    assert token.allowance(customer, spender) == 60
    assert (token.nonces(customer), token.nonces(spender)) == (1, 0)
    token.transferFrom(customer, spender, 60, sender=spender)


def test_permit_reverts_if_replayed(token, project, permit, customer, relayer):
    signed = permit()
    arguments = terms(signed, signed.sign(customer))
    token.permit(*arguments, sender=relayer)

    with reverts(
        project.PointsToken.PermitSignatureInvalid,
        owner=customer,
        digest=permit(nonce=1).digest(),
    ):
        token.permit(*arguments, sender=relayer)
    second = permit(nonce=1, value=5)
    token.permit(*terms(second, second.sign(customer)), sender=relayer)


def test_permit_holds_until_its_deadline(token, project, permit, customer, relayer, clock):
    deadline = clock.now + 100
    signed = permit(by=deadline)
    clock.set_next(deadline + 1)

    with reverts(project.PointsToken.PermitExpired, deadline=deadline, timestamp=deadline + 1):
        token.permit(*terms(signed, signed.sign(customer)), sender=relayer)


def test_permit_works_at_its_deadline(token, permit, customer, relayer, clock):
    deadline = clock.now + 100
    signed = permit(by=deadline)
    clock.set_next(deadline)
    receipt = token.permit(*terms(signed, signed.sign(customer)), sender=relayer)

    assert receipt.timestamp == deadline


def test_permit_reverts_if_somebody_else_signed(token, project, permit, customer, spender, relayer):
    signed = permit()
    for signer in (spender, relayer):
        with reverts(
            project.PointsToken.PermitSignatureInvalid, owner=customer, digest=signed.digest()
        ):
            token.permit(*terms(signed, signed.sign(signer)), sender=signer)
    assert token.nonces(customer) == 0


def test_permit_reverts_if_a_field_was_changed(token, project, permit, customer, relayer):
    signature = permit().sign(customer)
    for changed in (permit(value=61), permit(to=relayer), permit(by=INFINITE - 1)):
        with reverts(
            project.PointsToken.PermitSignatureInvalid, owner=customer, digest=changed.digest()
        ):
            token.permit(*terms(changed, signature), sender=relayer)


def test_permit_reverts_if_s_is_high(token, project, permit, customer, relayer):
    signed = permit()
    with reverts(
        project.PointsToken.PermitSignatureInvalid, owner=customer, digest=signed.digest()
    ):
        token.permit(*terms(signed, high_s(signed.sign(customer))), sender=relayer)


def test_permit_reverts_if_owner_is_zero(token, project, permit, relayer):
    nobody = permit(owner=ZERO)
    with reverts(project.PointsToken.PermitSignatureInvalid, owner=ZERO, digest=nobody.digest()):
        token.permit(*terms(nobody, bytes(65)), sender=relayer)


def test_permit_reverts_if_signed_for_another_domain(
    hub, token, project, open_program, permit, customer, relayer, chain
):
    other = hub.tokenOf(open_program(has_token=True))
    for foreign in (
        Domain("PointsToken", other, chain.chain_id),
        Domain("PointsToken", token.address, chain.chain_id + 1),
        Domain("PointsHub", hub.address, chain.chain_id),
    ):
        with reverts(
            project.PointsToken.PermitSignatureInvalid,
            owner=customer,
            digest=permit().digest(),
        ):
            token.permit(*terms(permit(), permit(at=foreign).sign(customer)), sender=relayer)


def test_permit_reverts_if_spender_is_zero(token, project, permit, customer, relayer):
    signed = permit(to=ZERO)
    with reverts(project.PointsToken.ERC20InvalidSpender, spender=ZERO):
        token.permit(*terms(signed, signed.sign(customer)), sender=relayer)


def test_DOMAIN_SEPARATOR_is_that_of_eip_712(token, permit):
    assert token.DOMAIN_SEPARATOR() == permit().signable().header


# what only the hub may do


def test_emitTransfer_reverts_if_caller_is_not_the_hub(
    token, project, merchant, issuer, customer, outsider
):
    for caller in (outsider, merchant, issuer, customer):
        with reverts(project.PointsToken.TokenHubOnly, caller=caller):
            token.emitTransfer(ZERO, caller, 1, sender=caller)


def test_deploy_reverts_if_caller_is_not_the_hub(project, hub, token, accounts, merchant):
    factory = project.PointsTokenFactory.at(_factory_of(hub))
    assert factory.HUB() == hub.address
    assert factory.program() == 0

    for caller in (merchant, accounts[0]):
        with reverts(project.PointsTokenFactory.FactoryHubOnly, caller=caller):
            factory.deploy(9, sender=caller)


def _factory_of(hub):
    """The hub makes its factory first, so its address follows from the hub's (EIP-161 nonce 1)."""
    return to_checksum_address(keccak(b"\xd6\x94" + bytes.fromhex(hub.address[2:]) + b"\x01")[12:])
