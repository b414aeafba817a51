"""Programs: who owns them, who issues for them, and by which rules."""

import pytest

from tests.fixtures.logs import log, logs
from tests.fixtures.reverts import reverts
from tests.loyalty.constants import (
    EPOCH_LENGTH,
    EPOCH_MAX,
    INFINITE,
    POINTS_MAX,
    UNLIMITED,
    ZERO,
)

UNKNOWN = (0, 1, 2, 3, 2**255, INFINITE)


def settings(**changes):
    """A `ProgramConfig` in the order of its fields."""
    values = {
        "name": "Bean Street",
        "symbol": "BEAN",
        "validity": 4,
        "cap": 0,
        "hasToken": False,
        "tiers": [],
    }
    return tuple((values | changes).values())


def created(hub, program, owner, **changes):
    name, symbol, validity, cap, _, tiers = settings(**changes)
    return [
        log(hub, "ProgramCreated", program=program, owner=owner, name=name, symbol=symbol),
        log(hub, "ProgramOwnershipTransferred", program=program, from_=ZERO, to=owner),
        log(hub, "ValiditySet", program=program, validity=validity),
        log(hub, "CapSet", program=program, cap=cap),
        log(hub, "TiersSet", program=program, tiers=tiers),
    ]


# createProgram


def test_createProgram_gives_the_program_to_the_caller(hub, merchant):
    wishes = {"validity": 3, "cap": 1_000_000, "tiers": [100, 2_000]}
    receipt = hub.createProgram(settings(**wishes), sender=merchant)
    program = receipt.return_value

    assert program == 2
    assert logs(receipt, hub) == created(hub, program, merchant, **wishes)
    assert tuple(hub.programOf(program)) == (
        "Bean Street",
        "BEAN",
        merchant.address,
        ZERO,
        ZERO,
        3,
        1_000_000,
        [100, 2_000],
    )
    assert hub.name(program) == "Bean Street"
    assert hub.symbol(program) == "BEAN"
    assert hub.decimals(program) == 2
    assert hub.tokenOf(program) == ZERO
    assert hub.totalSupply(program) == 0
    assert hub.programCount() == 1


def test_createProgram_with_a_face(hub, project, merchant):
    receipt = hub.createProgram(settings(hasToken=True), sender=merchant)
    program = receipt.return_value
    token = project.PointsToken.at(hub.tokenOf(program))

    assert program == 3
    assert logs(receipt, hub) == created(hub, program, merchant)
    assert hub.programOf(program).token == token.address
    assert (token.HUB(), token.PROGRAM()) == (hub.address, program)
    assert (token.name(), token.symbol(), token.decimals()) == ("Bean Street", "BEAN", 2)


def test_createProgram_is_open_to_anyone(hub, merchant, rival, outsider):
    programs = [
        hub.createProgram(settings(hasToken=face), sender=owner).return_value
        for owner, face in ((merchant, False), (rival, True), (outsider, True), (rival, False))
    ]

    assert programs == [2, 5, 7, 8]
    assert hub.programCount() == 4
    assert len({hub.tokenOf(program) for program in (5, 7)}) == 2


def test_createProgram_takes_any_text_as_a_name(hub, merchant):
    name, symbol = "Пекарня «Ёж» 🦔" * 20, "Ё" * 40
    program = hub.createProgram(settings(name=name, symbol=symbol), sender=merchant).return_value

    assert (hub.name(program), hub.symbol(program)) == (name, symbol)


def test_createProgram_lets_nobody_award_at_first(hub, project, merchant, customer):
    program = hub.createProgram(settings(), sender=merchant).return_value

    with reverts(project.PointsHub.ProgramIssuerOnly, program=program, caller=merchant):
        hub.award(program, 1, customer, sender=merchant)


@pytest.mark.parametrize("missing", [{"name": ""}, {"symbol": ""}, {"name": "", "symbol": ""}])
def test_createProgram_reverts_if_name_or_symbol_is_empty(hub, project, merchant, missing):
    with reverts(project.PointsHub.ProgramNameEmpty):
        hub.createProgram(settings(**missing), sender=merchant)
    assert hub.programCount() == 0


@pytest.mark.parametrize("validity", [0, 5, 255])
def test_createProgram_reverts_if_validity_is_out_of_range(hub, project, merchant, validity):
    with reverts(project.PointsHub.ValidityOutOfRange, validity=validity):
        hub.createProgram(settings(validity=validity), sender=merchant)


@pytest.mark.parametrize("cap", [POINTS_MAX + 1, UNLIMITED])
def test_createProgram_reverts_if_cap_is_out_of_range(hub, project, merchant, cap):
    with reverts(project.PointsHub.CapOutOfRange, cap=cap):
        hub.createProgram(settings(cap=cap), sender=merchant)


@pytest.mark.parametrize("tiers", [[0], [0, 1], [2, 1], [1, 1], [1, 2, 3, 4, 5, 5]])
def test_createProgram_reverts_if_tiers_do_not_rise(hub, project, merchant, tiers):
    with reverts(project.PointsHub.TiersNotRising, tiers=tiers):
        hub.createProgram(settings(tiers=tiers), sender=merchant)


def test_createProgram_takes_six_tiers_and_no_more(hub, project, merchant):
    six = [1, 2, 3, 4, 5, 2**40 - 1]
    program = hub.createProgram(settings(tiers=six), sender=merchant).return_value
    assert hub.programOf(program).tiers == six

    with reverts(project.PointsHub.TiersTooMany, count=7):
        hub.createProgram(settings(tiers=[1, 2, 3, 4, 5, 6, 7]), sender=merchant)


# ownership


def test_transferProgramOwnership_offers_the_program(hub, program, merchant, rival):
    receipt = hub.transferProgramOwnership(program, rival, sender=merchant)

    assert logs(receipt, hub) == [
        log(hub, "ProgramOwnershipOffered", program=program, owner=merchant, to=rival)
    ]
    assert hub.programOf(program).owner == merchant
    assert hub.programOf(program).pendingOwner == rival


def test_transferProgramOwnership_changes_no_power_until_accepted(
    hub, project, program, merchant, rival, issuer
):
    hub.transferProgramOwnership(program, rival, sender=merchant)

    with reverts(project.PointsHub.ProgramOwnerOnly, program=program, caller=rival):
        hub.setIssuer(program, rival, 1, sender=rival)
    hub.setIssuer(program, issuer, 1, sender=merchant)


def test_acceptProgramOwnership_hands_the_program_over(hub, project, program, merchant, rival):
    hub.transferProgramOwnership(program, rival, sender=merchant)
    receipt = hub.acceptProgramOwnership(program, sender=rival)

    assert logs(receipt, hub) == [
        log(hub, "ProgramOwnershipTransferred", program=program, from_=merchant, to=rival)
    ]
    assert hub.programOf(program).owner == rival
    assert hub.programOf(program).pendingOwner == ZERO
    hub.setIssuer(program, rival, 1, sender=rival)
    with reverts(project.PointsHub.ProgramOwnerOnly, program=program, caller=merchant):
        hub.setIssuer(program, merchant, 1, sender=merchant)


def test_acceptProgramOwnership_reverts_if_nothing_was_offered(
    hub, project, program, merchant, rival, outsider
):
    for caller in (merchant, rival):
        with reverts(project.PointsHub.ProgramPendingOwnerOnly, program=program, caller=caller):
            hub.acceptProgramOwnership(program, sender=caller)

    hub.transferProgramOwnership(program, rival, sender=merchant)
    for caller in (merchant, outsider):
        with reverts(project.PointsHub.ProgramPendingOwnerOnly, program=program, caller=caller):
            hub.acceptProgramOwnership(program, sender=caller)


def test_acceptProgramOwnership_reverts_if_done_twice(hub, project, program, merchant, rival):
    hub.transferProgramOwnership(program, rival, sender=merchant)
    hub.acceptProgramOwnership(program, sender=rival)

    with reverts(project.PointsHub.ProgramPendingOwnerOnly, program=program, caller=rival):
        hub.acceptProgramOwnership(program, sender=rival)


def test_acceptProgramOwnership_reverts_if_the_offer_was_taken_back(
    hub, project, program, merchant, rival
):
    hub.transferProgramOwnership(program, rival, sender=merchant)
    receipt = hub.transferProgramOwnership(program, ZERO, sender=merchant)
    assert logs(receipt, hub) == [
        log(hub, "ProgramOwnershipOffered", program=program, owner=merchant, to=ZERO)
    ]

    with reverts(project.PointsHub.ProgramPendingOwnerOnly, program=program, caller=rival):
        hub.acceptProgramOwnership(program, sender=rival)


def test_acceptProgramOwnership_reverts_if_program_is_unknown(hub, project, outsider):
    for unknown in UNKNOWN:
        with reverts(project.PointsHub.ProgramPendingOwnerOnly, program=unknown, caller=outsider):
            hub.acceptProgramOwnership(unknown, sender=outsider)


def test_acceptProgramOwnership_leaves_issuers_and_points_alone(
    hub, program, award, merchant, rival, customer
):
    award(program, customer, 5)
    hub.transferProgramOwnership(program, rival, sender=merchant)
    hub.acceptProgramOwnership(program, sender=rival)
    award(program, customer, 5)

    assert hub.balanceOf(customer, program) == 10


# what the owner alone may do


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("setIssuer", ("0x" + "22" * 20, 1)),
        ("setValidity", (4,)),
        ("setCap", (1,)),
        ("setTiers", ([1],)),
        ("transferProgramOwnership", (ZERO,)),
    ],
)
def test_owner_functions_revert_if_caller_is_not_the_owner(
    hub, project, program, issuer, customer, outsider, rival, function, arguments
):
    hub.createProgram(settings(), sender=rival)

    for caller in (issuer, customer, outsider, rival):
        with reverts(project.PointsHub.ProgramOwnerOnly, program=program, caller=caller):
            getattr(hub, function)(program, *arguments, sender=caller)
    for unknown in (0, program + 1, program + 4):
        with reverts(project.PointsHub.ProgramUnknown, program=unknown):
            getattr(hub, function)(unknown, *arguments, sender=rival)


def test_setIssuer_appoints(hub, program, merchant, operator, customer):
    receipt = hub.setIssuer(program, operator, 500, sender=merchant)

    assert logs(receipt, hub) == [
        log(hub, "IssuerSet", program=program, issuer=operator, budget=500)
    ]
    assert tuple(hub.issuerOf(program, operator)) == (500, 0, 0)
    hub.award(program, 500, customer, sender=operator)


def test_setIssuer_dismisses(hub, project, program, merchant, issuer, customer):
    hub.award(program, 1, customer, sender=issuer)
    receipt = hub.setIssuer(program, issuer, 0, sender=merchant)
    assert logs(receipt, hub) == [log(hub, "IssuerSet", program=program, issuer=issuer, budget=0)]

    with reverts(project.PointsHub.ProgramIssuerOnly, program=program, caller=issuer):
        hub.award(program, 1, customer, sender=issuer)
    assert hub.balanceOf(customer, program) == 1


def test_setIssuer_reverts_if_issuer_is_zero(hub, project, program, merchant):
    with reverts(project.PointsHub.IssuerInvalid, issuer=ZERO):
        hub.setIssuer(program, ZERO, 1, sender=merchant)


def test_setValidity_holds_for_later_awards(hub, program, merchant, award, customer, ages):
    award(program, customer, 7)
    receipt = hub.setValidity(program, 2, sender=merchant)
    assert logs(receipt, hub) == [log(hub, "ValiditySet", program=program, validity=2)]
    assert hub.programOf(program).validity == 2

    award(program, customer, 5)
    assert ages(program, customer) == [7, 0, 5, 0]
    assert list(hub.liabilityOf(program)) == [7, 0, 5, 0]


@pytest.mark.parametrize("validity", [0, 5, 255])
def test_setValidity_reverts_if_out_of_range(hub, project, program, merchant, validity):
    with reverts(project.PointsHub.ValidityOutOfRange, validity=validity):
        hub.setValidity(program, validity, sender=merchant)
    assert hub.programOf(program).validity == 4


@pytest.mark.parametrize("validity", [1, 2, 3, 4])
def test_setValidity_leaves_the_other_settings_alone(
    hub, project, open_program, award, merchant, issuer, customer, validity
):
    program = open_program(cap=100, tiers=[50])
    award(program, customer, 49)
    hub.setValidity(program, validity, sender=merchant)
    hub.award(program, 51, customer, sender=issuer)

    assert hub.statementOf(program, customer).tier == 1
    with reverts(project.PointsHub.CapExceeded, program=program, outstanding=101, cap=100):
        hub.award(program, 1, customer, sender=issuer)


def test_setCap_stops_awards_and_takes_nothing(
    hub, project, program, award, merchant, issuer, customer, friend
):
    award(program, customer, 100)
    receipt = hub.setCap(program, 60, sender=merchant)
    assert logs(receipt, hub) == [log(hub, "CapSet", program=program, cap=60)]
    assert hub.programOf(program).cap == 60
    assert hub.balanceOf(customer, program) == 100

    for points in (0, 1):
        with reverts(
            project.PointsHub.CapExceeded, program=program, outstanding=100 + points, cap=60
        ):
            hub.award(program, points, customer, sender=issuer)
    hub.transfer(friend, program, 50, sender=customer)
    hub.redeem(program, 50, sender=customer)
    hub.award(program, 10, customer, sender=issuer)


def test_setCap_can_be_raised_and_lifted(hub, project, open_program, merchant, issuer, customer):
    program = open_program(cap=10)
    hub.award(program, 10, customer, sender=issuer)
    hub.setCap(program, 20, sender=merchant)
    hub.award(program, 10, customer, sender=issuer)
    with reverts(project.PointsHub.CapExceeded, program=program, outstanding=21, cap=20):
        hub.award(program, 1, customer, sender=issuer)

    hub.setCap(program, 0, sender=merchant)
    hub.award(program, POINTS_MAX - 20, customer, sender=issuer)


@pytest.mark.parametrize("cap", [POINTS_MAX + 1, UNLIMITED])
def test_setCap_reverts_if_out_of_range(hub, project, program, merchant, cap):
    with reverts(project.PointsHub.CapOutOfRange, cap=cap):
        hub.setCap(program, cap, sender=merchant)


def test_setCap_leaves_the_other_settings_alone(hub, open_program, award, merchant, customer, ages):
    program = open_program(validity=2, tiers=[50])
    award(program, customer, 49)
    for cap in (1, POINTS_MAX, 0, 1_000):
        hub.setCap(program, cap, sender=merchant)
    award(program, customer, 1)

    assert ages(program, customer) == [0, 0, 50, 0]
    assert hub.statementOf(program, customer).tier == 1


def test_setTiers_replaces_the_tiers(hub, open_program, merchant):
    program = open_program(tiers=[1, 2, 3])
    receipt = hub.setTiers(program, [10, 20], sender=merchant)

    assert logs(receipt, hub) == [log(hub, "TiersSet", program=program, tiers=[10, 20])]
    assert hub.programOf(program).tiers == [10, 20]


def test_setTiers_can_take_all_away(hub, open_program, award, merchant, customer):
    program = open_program(tiers=[10])
    receipt = hub.setTiers(program, [], sender=merchant)
    assert logs(receipt, hub) == [log(hub, "TiersSet", program=program, tiers=[])]

    award(program, customer, 2**40)
    assert hub.statementOf(program, customer).tier == 0


@pytest.mark.parametrize("tiers", [[0], [0, 1], [2, 1], [1, 1], [1, 2, 3, 4, 5, 5]])
def test_setTiers_reverts_if_not_rising(hub, project, program, merchant, tiers):
    with reverts(project.PointsHub.TiersNotRising, tiers=tiers):
        hub.setTiers(program, tiers, sender=merchant)


def test_setTiers_reverts_if_too_many(hub, project, program, merchant):
    with reverts(project.PointsHub.TiersTooMany, count=7):
        hub.setTiers(program, [1, 2, 3, 4, 5, 6, 7], sender=merchant)
    hub.setTiers(program, [1, 2, 3, 4, 5, 6], sender=merchant)


def test_setTiers_leaves_the_other_settings_alone(
    hub, project, open_program, award, merchant, issuer, customer, ages
):
    program = open_program(validity=3, cap=100)
    hub.setTiers(program, [1, 2**40 - 1], sender=merchant)
    hub.setTiers(program, [], sender=merchant)
    award(program, customer, 100)

    assert ages(program, customer) == [0, 100, 0, 0]
    with reverts(project.PointsHub.CapExceeded, program=program, outstanding=101, cap=100):
        hub.award(program, 1, customer, sender=issuer)


# views


def test_programOf_reverts_if_program_is_unknown(hub, project, program, outsider):
    for unknown in (0, 1, program + 1, program + 2, INFINITE):
        for view in (hub.programOf, hub.name, hub.symbol):
            with reverts(project.PointsHub.ProgramUnknown, program=unknown):
                view.transact(unknown, sender=outsider)


def test_programOwnerOf_names_the_present_owner(
    hub, program, faced, abroad, merchant, rival, friend
):
    assert [hub.programOwnerOf(each) for each in (program, faced, abroad)] == [
        merchant, merchant, rival,
    ]  # fmt: skip

    hub.transferProgramOwnership(program, friend, sender=merchant)
    assert hub.programOwnerOf(program) == merchant
    hub.acceptProgramOwnership(program, sender=friend)
    assert (hub.programOwnerOf(program), hub.programOwnerOf(faced)) == (friend, merchant)


def test_programOwnerOf_reverts_if_program_is_unknown(hub, project, program, outsider):
    for unknown in (0, 1, program + 1, program + 2, INFINITE):
        with reverts(project.PointsHub.ProgramUnknown, program=unknown):
            hub.programOwnerOf.transact(unknown, sender=outsider)


def test_totalSupply_of_an_unknown_program_is_zero(hub, customer):
    for unknown in UNKNOWN:
        assert hub.totalSupply(unknown) == 0
        assert hub.balanceOf(customer, unknown) == 0
        assert list(hub.liabilityOf(unknown)) == [0, 0, 0, 0]


def test_balanceOfAtEpoch_tells_the_epochs_apart(hub, program, award, customer, epochs):
    award(program, customer, 100)
    epochs.enter(6)
    award(program, customer, 7)
    expected = {4: 100, 5: 0, 6: 7}

    for issued in (0, 1, 2, 3, 4, 5, 6, 7, 8, 2**16 + 6, 2**255, INFINITE):
        assert hub.balanceOfAtEpoch(program, issued, customer) == expected.get(issued, 0)
    epochs.enter(8)
    assert hub.balanceOfAtEpoch(program, 4, customer) == 0
    assert hub.balanceOfAtEpoch(program, 6, customer) == 7


def test_balanceOfAtEpoch_counts_shorter_lives_as_issued_earlier(
    hub, open_program, award, customer, epochs
):
    program = open_program(validity=2)
    epochs.enter(9)
    award(program, customer, 5)

    assert hub.balanceOfAtEpoch(program, 7, customer) == 5
    assert hub.balanceOfAtEpoch(program, 9, customer) == 0


def test_statementOf_rolls_to_the_present(hub, program, award, customer, epochs):
    award(program, customer, 100)
    epochs.enter(6)

    assert tuple(hub.statementOf(program, customer)) == ([0, 0, 100, 0], 100, 0, 6)
    epochs.enter(60)
    assert tuple(hub.statementOf(program, customer)) == ([0, 0, 0, 0], 100, 0, 60)


@pytest.mark.parametrize(
    ("interface", "expected"),
    [
        ("0x0f632fb3", True),  # ERC-6909
        ("0x01ffc9a7", True),  # ERC-165
        ("0xffffffff", False),
        ("0x00000000", False),
        ("0xd9b67a26", False),  # ERC-1155
    ],
)
def test_supportsInterface(hub, interface, expected):
    assert hub.supportsInterface(interface) is expected


# the clock


def test_currentEpoch_starts_at_four(hub, epochs, clock):
    assert hub.currentEpoch() == 4
    clock.set(epochs.start_of(5) - 1)
    assert hub.currentEpoch() == 4
    clock.set(epochs.start_of(5))
    assert hub.currentEpoch() == 5


def test_currentEpoch_counts_from_a_genesis_long_ago(project, coin, accounts, clock):
    genesis = clock.now - 10 * EPOCH_LENGTH
    hub = project.PointsHub.deploy(genesis, EPOCH_LENGTH, coin, sender=accounts[0])

    assert hub.currentEpoch() == 14
    assert (hub.GENESIS(), hub.EPOCH_LENGTH()) == (genesis, EPOCH_LENGTH)


def test_currentEpoch_stops_at_the_last(hub, program, award, customer, friend, epochs, clock, ages):
    epochs.enter(EPOCH_MAX - 3)
    award(program, customer, 1)
    epochs.enter(EPOCH_MAX)
    award(program, customer, 10)
    clock.set(epochs.start_of(EPOCH_MAX) + 100 * EPOCH_LENGTH)
    award(program, customer, 100)
    hub.transfer(friend, program, 2, sender=customer)

    assert hub.currentEpoch() == EPOCH_MAX
    assert ages(program, customer) == [109, 0, 0, 0]
    assert ages(program, friend) == [1, 0, 0, 1]
    assert list(hub.liabilityOf(program)) == [110, 0, 0, 1]


def test_constructor_reverts_if_genesis_is_in_the_future(project, coin, accounts, clock):
    at = clock.now + 1_000
    clock.set_next(at)
    with reverts(project.PointsHub.HubGenesisInFuture, genesis=at + 1, timestamp=at):
        project.PointsHub.deploy(at + 1, EPOCH_LENGTH, coin, sender=accounts[0])

    clock.set_next(at + 50)
    project.PointsHub.deploy(at + 50, EPOCH_LENGTH, coin, sender=accounts[0])


def test_constructor_reverts_if_epochs_are_too_short(project, coin, accounts, clock):
    for length in (0, 1, 59):
        with reverts(project.PointsHub.HubEpochTooShort, epochLength=length, minimum=60):
            project.PointsHub.deploy(clock.now, length, coin, sender=accounts[0])

    assert project.PointsHub.deploy(clock.now, 60, coin, sender=accounts[0]).EPOCH_LENGTH() == 60


def test_constructor_reverts_if_epochs_are_too_long(project, coin, accounts, clock):
    longest = 2**32 - 1
    for length in (longest + 1, 2**40, INFINITE):
        with reverts(project.PointsHub.HubEpochTooLong, epochLength=length, maximum=longest):
            project.PointsHub.deploy(clock.now, length, coin, sender=accounts[0])

    hub = project.PointsHub.deploy(clock.now, longest, coin, sender=accounts[0])
    assert hub.EPOCH_LENGTH() == longest
