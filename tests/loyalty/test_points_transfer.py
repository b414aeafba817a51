"""Transfers: who may move points, and that points keep their age wherever they go."""

import pytest

from tests.fixtures.logs import log, logs
from tests.fixtures.reverts import reverts
from tests.loyalty.constants import INFINITE, POINTS_MAX, ZERO


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
def aged(award, epochs, customer):
    """Gives the customer 1, 20, 300 and 4,000 units in epochs 4, 5, 6 and 7."""

    def aged_(program):
        for epoch, points in ((4, 1), (5, 20), (6, 300), (7, 4_000)):
            epochs.enter(epoch)
            award(program, customer, points)

    return aged_


# transfer


def test_transfer_moves_points(hub, program, award, customer, friend):
    award(program, customer, 100)
    receipt = hub.transfer(friend, program, 30, sender=customer)

    assert logs(receipt, hub) == [moved(hub, customer, program, customer, friend, 30)]
    assert receipt.return_value is True
    assert hub.balanceOf(customer, program) == 70
    assert hub.balanceOf(friend, program) == 30
    assert hub.totalSupply(program) == 100


def test_transfer_of_everything(hub, program, award, customer, friend):
    award(program, customer, 100)
    hub.transfer(friend, program, 100, sender=customer)

    assert hub.balanceOf(customer, program) == 0
    assert hub.balanceOf(friend, program) == 100


def test_transfer_reverts_if_balance_is_short(hub, project, program, award, customer, friend):
    award(program, customer, 100)

    for needed in (101, POINTS_MAX, 2**48, 2**192, INFINITE):
        with reverts(
            project.PointsHub.ERC6909InsufficientBalance,
            sender=customer,
            balance=100,
            needed=needed,
            id=program,
        ):
            hub.transfer(friend, program, needed, sender=customer)


def test_transfer_reverts_if_receiver_is_zero(hub, project, program, award, customer):
    award(program, customer, 100)

    with reverts(project.PointsHub.ERC6909InvalidReceiver, receiver=ZERO):
        hub.transfer(ZERO, program, 1, sender=customer)


def test_transfer_of_nothing_is_recorded(hub, program, customer, friend):
    receipt = hub.transfer(friend, program, 0, sender=customer)

    assert logs(receipt, hub) == [moved(hub, customer, program, customer, friend, 0)]


def test_transfer_to_oneself_changes_nothing(hub, program, aged, customer, ages):
    aged(program)
    receipt = hub.transfer(customer, program, 25, sender=customer)

    assert logs(receipt, hub) == [moved(hub, customer, program, customer, customer, 25)]
    assert ages(program, customer) == [4_000, 300, 20, 1]
    assert list(hub.liabilityOf(program)) == [4_000, 300, 20, 1]


@pytest.mark.parametrize(
    ("points", "kept", "given"),
    [
        (1, [4_000, 300, 20, 0], [0, 0, 0, 1]),
        (2, [4_000, 300, 19, 0], [0, 0, 1, 1]),
        (21, [4_000, 300, 0, 0], [0, 0, 20, 1]),
        (22, [4_000, 299, 0, 0], [0, 1, 20, 1]),
        (321, [4_000, 0, 0, 0], [0, 300, 20, 1]),
        (322, [3_999, 0, 0, 0], [1, 300, 20, 1]),
        (4_321, [0, 0, 0, 0], [4_000, 300, 20, 1]),
    ],
)
def test_transfer_takes_the_oldest_first_and_keeps_their_age(
    hub, program, aged, customer, friend, ages, points, kept, given
):
    aged(program)
    hub.transfer(friend, program, points, sender=customer)

    assert ages(program, customer) == kept
    assert ages(program, friend) == given
    assert list(hub.liabilityOf(program)) == [4_000, 300, 20, 1]


def test_transfer_there_and_back_does_not_lengthen_life(
    hub, program, award, customer, friend, ages, epochs
):
    award(program, customer, 100)
    for epoch in (5, 6, 7):
        epochs.enter(epoch)
        hub.transfer(friend, program, 100, sender=customer)
        hub.transfer(customer, program, 100, sender=friend)
    assert ages(program, customer) == [0, 0, 0, 100]

    epochs.enter(8)
    assert hub.balanceOf(customer, program) == 0
    assert hub.balanceOf(friend, program) == 0


def test_transfer_adds_to_points_of_the_same_age(hub, program, aged, award, customer, friend, ages):
    award(program, friend, 5)
    aged(program)
    hub.transfer(friend, program, 21, sender=customer)

    assert ages(program, friend) == [0, 0, 20, 6]


def test_transfer_reverts_if_points_expired(hub, project, program, aged, customer, friend, epochs):
    aged(program)
    epochs.enter(9)  # 1 and 20 are gone

    with reverts(
        project.PointsHub.ERC6909InsufficientBalance,
        sender=customer,
        balance=4_300,
        needed=4_301,
        id=program,
    ):
        hub.transfer(friend, program, 4_301, sender=customer)
    hub.transfer(friend, program, 4_300, sender=customer)


def test_transfer_records_what_expired_on_both_sides(
    hub, program, aged, award, customer, friend, epochs
):
    award(program, friend, 5)
    aged(program)
    epochs.enter(9)
    receipt = hub.transfer(friend, program, 10, sender=customer)

    assert logs(receipt, hub) == [
        moved(hub, customer, program, customer, ZERO, 21),
        moved(hub, customer, program, friend, ZERO, 5),
        moved(hub, customer, program, customer, friend, 10),
    ]


def test_transfer_records_what_expired_once(hub, program, aged, customer, friend, epochs):
    aged(program)
    epochs.enter(8)
    hub.transfer(friend, program, 0, sender=customer)
    receipt = hub.transfer(friend, program, 0, sender=customer)

    assert logs(receipt, hub) == [moved(hub, customer, program, customer, friend, 0)]


def test_transfer_gives_no_qualifying_points(hub, open_program, award, customer, friend):
    program = open_program(tiers=[100])
    award(program, customer, 150)
    hub.transfer(friend, program, 150, sender=customer)

    assert hub.statementOf(program, friend).qualifying == 0
    assert hub.statementOf(program, friend).tier == 0
    assert hub.statementOf(program, customer).qualifying == 150
    assert hub.statementOf(program, customer).tier == 1


def test_transfer_leaves_standing_of_both_sides_alone(hub, open_program, award, customer, friend):
    program = open_program(tiers=[100])
    award(program, customer, 150)
    award(program, friend, 99)
    receipt = hub.transfer(friend, program, 150, sender=customer)

    assert len(receipt.logs) == 1
    assert hub.statementOf(program, friend).qualifying == 99
    assert hub.statementOf(program, friend).tier == 0


def test_transfer_touches_no_other_program(hub, open_program, award, customer, friend):
    first, second = open_program(), open_program()
    award(first, customer, 10)
    award(second, customer, 20)
    hub.transfer(friend, first, 10, sender=customer)

    assert hub.balanceOf(customer, second) == 20
    assert hub.balanceOf(friend, second) == 0


def test_transfer_speaks_through_the_face(hub, token, faced, award, customer, friend, epochs):
    award(faced, customer, 100)
    epochs.enter(5)
    award(faced, customer, 10)
    epochs.enter(8)
    receipt = hub.transfer(friend, faced, 4, sender=customer)

    assert logs(receipt, hub, token) == [
        moved(hub, customer, faced, customer, ZERO, 100),
        log(token, "Transfer", from_=customer, to=ZERO, value=100),
        moved(hub, customer, faced, customer, friend, 4),
        log(token, "Transfer", from_=customer, to=friend, value=4),
    ]


# approve, transferFrom


def test_approve_lets_the_spender_move_points(hub, program, award, customer, spender, friend):
    award(program, customer, 100)
    receipt = hub.approve(spender, program, 60, sender=customer)
    assert logs(receipt, hub) == [
        log(hub, "Approval", owner=customer, spender=spender, id=program, amount=60)
    ]
    assert receipt.return_value is True
    assert hub.allowance(customer, spender, program) == 60

    receipt = hub.transferFrom(customer, friend, program, 45, sender=spender)
    assert logs(receipt, hub) == [moved(hub, spender, program, customer, friend, 45)]
    assert receipt.return_value is True
    assert hub.allowance(customer, spender, program) == 15
    assert hub.balanceOf(friend, program) == 45


def test_transferFrom_reverts_if_allowance_is_short(
    hub, project, program, award, customer, spender, friend
):
    award(program, customer, 100)
    hub.approve(spender, program, 60, sender=customer)
    hub.transferFrom(customer, friend, program, 20, sender=spender)

    with reverts(
        project.PointsHub.ERC6909InsufficientAllowance,
        spender=spender,
        allowance=40,
        needed=41,
        id=program,
    ):
        hub.transferFrom(customer, friend, program, 41, sender=spender)


def test_transferFrom_reverts_if_caller_has_no_allowance(
    hub, project, program, award, customer, outsider, merchant, issuer
):
    award(program, customer, 100)

    for caller in (outsider, merchant, issuer):
        with reverts(
            project.PointsHub.ERC6909InsufficientAllowance,
            spender=caller,
            allowance=0,
            needed=1,
            id=program,
        ):
            hub.transferFrom(customer, caller, program, 1, sender=caller)


def test_transferFrom_reverts_if_balance_is_short(
    hub, project, program, award, customer, spender, friend
):
    award(program, customer, 100)
    hub.approve(spender, program, 500, sender=customer)

    with reverts(
        project.PointsHub.ERC6909InsufficientBalance,
        sender=customer,
        balance=100,
        needed=101,
        id=program,
    ):
        hub.transferFrom(customer, friend, program, 101, sender=spender)
    assert hub.allowance(customer, spender, program) == 500


def test_transferFrom_reverts_if_a_side_is_zero(hub, project, program, award, customer, spender):
    award(program, customer, 100)
    hub.approve(spender, program, 60, sender=customer)

    with reverts(project.PointsHub.ERC6909InvalidReceiver, receiver=ZERO):
        hub.transferFrom(customer, ZERO, program, 1, sender=spender)
    with reverts(project.PointsHub.ERC6909InvalidSender, sender=ZERO):
        hub.transferFrom(ZERO, spender, program, 0, sender=spender)


def test_transferFrom_of_nothing_needs_no_allowance(hub, program, customer, outsider, friend):
    receipt = hub.transferFrom(customer, friend, program, 0, sender=outsider)

    assert logs(receipt, hub) == [moved(hub, outsider, program, customer, friend, 0)]


def test_transferFrom_by_the_holder_needs_no_allowance(hub, program, award, customer, friend):
    award(program, customer, 100)
    hub.transferFrom(customer, friend, program, 40, sender=customer)

    assert hub.balanceOf(friend, program) == 40


def test_transferFrom_leaves_an_infinite_allowance(hub, program, award, customer, spender, friend):
    award(program, customer, 100)
    hub.approve(spender, program, INFINITE, sender=customer)
    hub.transferFrom(customer, friend, program, 40, sender=spender)

    assert hub.allowance(customer, spender, program) == INFINITE


def test_transferFrom_counts_down_the_largest_finite_allowance(
    hub, program, award, customer, spender, friend
):
    award(program, customer, 100)
    hub.approve(spender, program, INFINITE - 1, sender=customer)
    hub.transferFrom(customer, friend, program, 40, sender=spender)

    assert hub.allowance(customer, spender, program) == INFINITE - 41


def test_approve_replaces_what_was_approved(hub, project, program, award, customer, spender):
    award(program, customer, 100)
    hub.approve(spender, program, 60, sender=customer)
    hub.approve(spender, program, 0, sender=customer)

    with reverts(
        project.PointsHub.ERC6909InsufficientAllowance,
        spender=spender,
        allowance=0,
        needed=1,
        id=program,
    ):
        hub.transferFrom(customer, spender, program, 1, sender=spender)


def test_approve_is_for_one_program(hub, project, open_program, award, customer, spender):
    first, second = open_program(), open_program()
    award(second, customer, 100)
    hub.approve(spender, first, 60, sender=customer)

    with reverts(
        project.PointsHub.ERC6909InsufficientAllowance,
        spender=spender,
        allowance=0,
        needed=1,
        id=second,
    ):
        hub.transferFrom(customer, spender, second, 1, sender=spender)


def test_approve_reverts_if_spender_is_zero(hub, project, program, customer):
    with reverts(project.PointsHub.ERC6909InvalidSpender, spender=ZERO):
        hub.approve(ZERO, program, 1, sender=customer)


def test_transferFrom_keeps_age(hub, program, aged, customer, spender, friend, ages):
    aged(program)
    hub.approve(spender, program, 22, sender=customer)
    hub.transferFrom(customer, friend, program, 22, sender=spender)

    assert ages(program, friend) == [0, 1, 20, 1]


# operators


def test_setOperator_lets_the_operator_move_everything(
    hub, open_program, award, customer, operator, friend
):
    first, second = open_program(), open_program()
    award(first, customer, 10)
    award(second, customer, 20)
    receipt = hub.setOperator(operator, True, sender=customer)
    assert logs(receipt, hub) == [
        log(hub, "OperatorSet", owner=customer, spender=operator, approved=True)
    ]
    assert receipt.return_value is True
    assert hub.isOperator(customer, operator) is True

    receipt = hub.transferFrom(customer, friend, first, 10, sender=operator)
    hub.transferFrom(customer, friend, second, 20, sender=operator)
    assert logs(receipt, hub) == [moved(hub, operator, first, customer, friend, 10)]
    assert hub.balanceOf(friend, second) == 20


def test_setOperator_takes_nothing_from_an_allowance(
    hub, program, award, customer, operator, friend
):
    award(program, customer, 10)
    hub.setOperator(operator, True, sender=customer)
    hub.approve(operator, program, 3, sender=customer)
    hub.transferFrom(customer, friend, program, 10, sender=operator)

    assert hub.allowance(customer, operator, program) == 3


def test_setOperator_can_be_taken_back(hub, project, program, award, customer, operator):
    award(program, customer, 10)
    hub.setOperator(operator, True, sender=customer)
    receipt = hub.setOperator(operator, False, sender=customer)
    assert logs(receipt, hub) == [
        log(hub, "OperatorSet", owner=customer, spender=operator, approved=False)
    ]

    with reverts(
        project.PointsHub.ERC6909InsufficientAllowance,
        spender=operator,
        allowance=0,
        needed=1,
        id=program,
    ):
        hub.transferFrom(customer, operator, program, 1, sender=operator)


def test_setOperator_is_for_one_holder(hub, project, program, award, customer, operator, friend):
    award(program, friend, 10)
    hub.setOperator(operator, True, sender=customer)

    with reverts(
        project.PointsHub.ERC6909InsufficientAllowance,
        spender=operator,
        allowance=0,
        needed=1,
        id=program,
    ):
        hub.transferFrom(friend, operator, program, 1, sender=operator)


def test_setOperator_reverts_if_operator_is_zero(hub, project, customer):
    with reverts(project.PointsHub.ERC6909InvalidSpender, spender=ZERO):
        hub.setOperator(ZERO, True, sender=customer)


# transferAtEpoch


@pytest.mark.parametrize(
    ("issued", "given"),
    [(4, [0, 0, 0, 1]), (5, [0, 0, 1, 0]), (6, [0, 1, 0, 0]), (7, [1, 0, 0, 0])],
)
def test_transferAtEpoch_moves_points_of_that_epoch(
    hub, program, aged, customer, friend, ages, issued, given
):
    aged(program)
    receipt = hub.transferAtEpoch(issued, friend, program, 1, sender=customer)

    assert logs(receipt, hub) == [moved(hub, customer, program, customer, friend, 1)]
    assert ages(program, friend) == given
    assert hub.balanceOf(customer, program) == 4_320


def test_transferAtEpoch_of_everything_that_is_there(hub, program, aged, customer, friend, ages):
    aged(program)
    for issued, points in ((7, 4_000), (6, 300), (5, 20), (4, 1)):
        hub.transferAtEpoch(issued, friend, program, points, sender=customer)

    assert ages(program, friend) == [4_000, 300, 20, 1]
    assert ages(program, customer) == [0, 0, 0, 0]


@pytest.mark.parametrize(("issued", "held"), [(4, 1), (5, 20), (6, 300), (7, 4_000)])
def test_transferAtEpoch_reverts_if_that_epoch_is_short(
    hub, project, program, aged, customer, friend, issued, held
):
    aged(program)

    for needed in (held + 1, 2**48, 2**192, INFINITE):
        with reverts(
            project.PointsHub.ERC6909InsufficientBalance,
            sender=customer,
            balance=held,
            needed=needed,
            id=program,
        ):
            hub.transferAtEpoch(issued, friend, program, needed, sender=customer)


@pytest.mark.parametrize("issued", [0, 3, 8, 2**16, 2**255, INFINITE])
def test_transferAtEpoch_reverts_if_epoch_is_not_live(
    hub, project, program, aged, customer, friend, issued
):
    aged(program)

    for points in (0, 1):
        with reverts(project.PointsHub.EpochNotLive, epoch=issued, current=7):
            hub.transferAtEpoch(issued, friend, program, points, sender=customer)


def test_transferAtEpoch_reverts_if_the_epoch_expired(
    hub, project, program, aged, customer, friend, epochs
):
    aged(program)
    epochs.enter(8)

    with reverts(project.PointsHub.EpochNotLive, epoch=4, current=8):
        hub.transferAtEpoch(4, friend, program, 1, sender=customer)
    hub.transferAtEpoch(5, friend, program, 20, sender=customer)


def test_transferAtEpoch_reverts_if_receiver_is_zero(hub, project, program, aged, customer):
    aged(program)

    with reverts(project.PointsHub.ERC6909InvalidReceiver, receiver=ZERO):
        hub.transferAtEpoch(4, ZERO, program, 1, sender=customer)


def test_transferAtEpoch_to_oneself_changes_nothing(hub, program, aged, customer, ages):
    aged(program)
    hub.transferAtEpoch(6, customer, program, 300, sender=customer)

    assert ages(program, customer) == [4_000, 300, 20, 1]


def test_transferAtEpoch_records_what_expired(hub, program, aged, customer, friend, epochs):
    aged(program)
    epochs.enter(8)
    receipt = hub.transferAtEpoch(5, friend, program, 2, sender=customer)

    assert logs(receipt, hub) == [
        moved(hub, customer, program, customer, ZERO, 1),
        moved(hub, customer, program, customer, friend, 2),
    ]


def test_transferAtEpoch_speaks_through_the_face(hub, token, faced, award, customer, friend):
    award(faced, customer, 100)
    receipt = hub.transferAtEpoch(4, friend, faced, 4, sender=customer)

    assert logs(receipt, hub, token) == [
        moved(hub, customer, faced, customer, friend, 4),
        log(token, "Transfer", from_=customer, to=friend, value=4),
    ]


# What only the face may do


def test_tokenTransfer_reverts_if_caller_is_not_the_face(
    hub, project, program, faced, award, merchant, issuer, customer, outsider
):
    award(program, customer, 10)
    award(faced, customer, 10)

    for any_program in (program, faced):
        for caller in (outsider, merchant, issuer, customer):
            expected = {"program": any_program, "caller": caller}
            with reverts(project.PointsHub.ProgramTokenOnly, **expected):
                hub.tokenTransfer(any_program, customer, caller, 1, sender=caller)
            with reverts(project.PointsHub.ProgramTokenOnly, **expected):
                hub.tokenTransferAtEpoch(any_program, 4, customer, caller, 1, sender=caller)


def test_tokenTransfer_reverts_if_caller_is_the_face_of_another_program(
    hub, project, open_program, award, customer, accounts
):
    first, second = open_program(has_token=True), open_program(has_token=True)
    award(second, customer, 10)
    with accounts.use_sender(hub.tokenOf(first)) as face:
        face.balance = 10**18
        for any_program in (second, second - 1):
            expected = {"program": any_program, "caller": face}
            with reverts(project.PointsHub.ProgramTokenOnly, **expected):
                hub.tokenTransfer(any_program, customer, face, 1, sender=face)
            with reverts(project.PointsHub.ProgramTokenOnly, **expected):
                hub.tokenTransferAtEpoch(any_program, 4, customer, face, 1, sender=face)
