"""Legal terms: what they say must be so, they come with notice, and members accept them."""

import pytest

from tests.fixtures.intents import Domain, Intent, address_of, compact, high_s
from tests.fixtures.logs import log, logs
from tests.fixtures.reverts import reverts
from tests.loyalty.constants import ANY_TIME, EPOCH_LENGTH, INFINITE, POINTS_MAX, ZERO

FIRST, SECOND, THIRD = (bytes([number]) * 32 for number in (1, 2, 3))
NOTHING = bytes(32)
TIERS = [10_000, 50_000, 200_000]
_ACCEPTANCE = [
    ("program", "uint256"),
    ("bundleHash", "bytes32"),
    ("member", "address"),
    ("nonce", "uint256"),
    ("deadline", "uint40"),
]
FACTS = ("epochLength", "validity", "cap", "tiers", "onRamp", "offRamp", "clawback")


@pytest.fixture(scope="module")
def terms(project, accounts, hub):
    return project.ProgramTerms.deploy(hub, sender=accounts[0])


@pytest.fixture
def domain(terms, chain):
    return Domain("ProgramTerms", terms.address, chain.chain_id)


@pytest.fixture
def program(hub, open_program, merchant):
    """A program of which every fact is another number."""
    program = open_program(validity=3, cap=1_000_000, tiers=TIERS)
    hub.announcePrices(program, 20_000, 10_000, sender=merchant)
    hub.setClawback(program, 1_209_600, sender=merchant)
    return program


@pytest.fixture
def facts():
    """The facts of that program, with some of them stated otherwise."""

    def facts_(**changes):
        true = (EPOCH_LENGTH, 3, 1_000_000, TIERS, 20_000, 10_000, 1_209_600)
        return tuple((dict(zip(FACTS, true, strict=True)) | changes).values())

    return facts_


@pytest.fixture
def publish(terms, program, merchant, facts):
    """Publishes a version of the program's terms."""

    def publish_(bundle_hash, *, at=program, by=merchant, **changes):
        return terms.publish(at, bundle_hash, facts(**changes), sender=by)

    return publish_


@pytest.fixture
def acceptance(domain, program, customer):
    """An acceptance by the customer, unless the test says otherwise."""

    def acceptance_(*, at=domain, of=program, bundle=FIRST, member=customer, nonce=0, by=ANY_TIME):
        values = (of, bundle, address_of(member), nonce, by)
        return Intent(at, "TermsAcceptance", _ACCEPTANCE, values)

    return acceptance_


@pytest.fixture
def wallet(project, accounts, customer):
    """A smart account whose owner is the customer's key."""
    return accounts[0].deploy(project.WalletMock, customer)


def text(field):
    """A short string as `bytes32` has it."""
    return field.encode().ljust(32, b"\0")


def now_in(terms, program):
    """Hash of the version that holds."""
    return bytes(terms.currentTerms(program).bundleHash)


# constructor


def test_constructor_names_the_ledger(terms, hub):
    assert terms.HUB() == hub.address


# publish


def test_publish_adds_the_first_version_which_holds_at_once(terms, program, publish):
    receipt = publish(FIRST)

    assert receipt.return_value == 0
    assert logs(receipt, terms) == [
        log(
            terms,
            "TermsPublished",
            program=program,
            version=0,
            bundleHash=FIRST,
            effectiveAt=receipt.timestamp,
        )
    ]
    assert terms.versionCount(program) == 1
    version = (FIRST, receipt.timestamp, receipt.timestamp)
    assert tuple(terms.versionAt(program, 0)) == version
    assert tuple(terms.currentTerms(program)) == version


def test_publish_of_a_later_version_gives_notice_of_an_epoch(terms, program, publish, clock):
    first = publish(FIRST)
    clock.set(first.timestamp + 1_000)
    receipt = publish(SECOND)
    effective_at = receipt.timestamp + EPOCH_LENGTH

    assert receipt.return_value == 1
    assert logs(receipt, terms) == [
        log(
            terms,
            "TermsPublished",
            program=program,
            version=1,
            bundleHash=SECOND,
            effectiveAt=effective_at,
        )
    ]
    assert terms.versionCount(program) == 2
    assert tuple(terms.versionAt(program, 1)) == (SECOND, receipt.timestamp, effective_at)
    assert bytes(terms.versionAt(program, 0).bundleHash) == FIRST


def test_publish_reverts_if_caller_is_not_the_owner(
    terms, hub, project, program, publish, merchant, issuer, rival
):
    for caller in (issuer, rival):
        with reverts(project.PointsHub.ProgramOwnerOnly, program=program, caller=caller):
            publish(FIRST, by=caller)

    hub.transferProgramOwnership(program, rival, sender=merchant)
    with reverts(project.PointsHub.ProgramOwnerOnly, program=program, caller=rival):
        publish(FIRST, by=rival)
    hub.acceptProgramOwnership(program, sender=rival)
    with reverts(project.PointsHub.ProgramOwnerOnly, program=program, caller=merchant):
        publish(FIRST)
    assert publish(FIRST, by=rival).return_value == 0
    assert terms.versionCount(program) == 1


@pytest.mark.parametrize("unknown", [0, 1, 98, 2**255, INFINITE])
def test_publish_reverts_if_program_is_unknown(project, publish, unknown):
    with reverts(project.PointsHub.ProgramUnknown, program=unknown):
        publish(FIRST, at=unknown)


def test_publish_reverts_if_the_hash_is_empty(terms, project, program, publish):
    with reverts(project.ProgramTerms.TermsHashEmpty, program=program):
        publish(NOTHING)

    assert terms.versionCount(program) == 0


def test_publish_reverts_if_the_hash_was_published(terms, project, program, publish, clock):
    publish(FIRST)
    publish(SECOND)
    clock.set(clock.now + 2 * EPOCH_LENGTH)

    for again in (FIRST, SECOND):
        with reverts(project.ProgramTerms.TermsPublishedBefore, program=program, bundleHash=again):
            publish(again)
    assert terms.versionCount(program) == 2
    assert publish(THIRD).return_value == 2


def test_publish_keeps_programs_apart(terms, program, abroad, publish, rival):
    publish(FIRST)
    apart = {"validity": 4, "cap": 0, "tiers": [], "onRamp": 0, "offRamp": 0, "clawback": 0}
    receipt = publish(FIRST, at=abroad, by=rival, **apart)

    assert receipt.return_value == 0
    assert terms.versionAt(abroad, 0).effectiveAt == receipt.timestamp
    assert (terms.versionCount(program), terms.versionCount(abroad)) == (1, 1)


@pytest.mark.parametrize(
    ("field", "stated", "actual"),
    [
        ("epochLength", EPOCH_LENGTH - 1, EPOCH_LENGTH),
        ("epochLength", 2**64 - 1, EPOCH_LENGTH),
        ("validity", 4, 3),
        ("validity", 0, 3),
        ("cap", 1_000_001, 1_000_000),
        ("cap", 0, 1_000_000),
        ("onRamp", 20_001, 20_000),
        ("onRamp", 0, 20_000),
        ("offRamp", 9_999, 10_000),
        ("offRamp", 2**48 - 1, 10_000),
        ("clawback", 1_209_601, 1_209_600),
        ("clawback", 0, 1_209_600),
    ],
)
def test_publish_reverts_if_a_fact_contradicts_the_chain(
    terms, project, program, publish, field, stated, actual
):
    with reverts(
        project.ProgramTerms.TermsContradictChain, field=text(field), stated=stated, actual=actual
    ):
        publish(FIRST, **{field: stated})

    assert terms.versionCount(program) == 0
    publish(FIRST)


@pytest.mark.parametrize(
    ("stated", "difference"),
    [
        ([], (0, 3)),
        (TIERS[:2], (2, 3)),
        ([*TIERS, 300_000], (4, 3)),
        ([10_001, 50_000, 200_000], (10_001, 10_000)),
        ([10_000, 49_999, 200_000], (49_999, 50_000)),
        ([10_000, 50_000, 2**40 - 1], (2**40 - 1, 200_000)),
    ],
)
def test_publish_reverts_if_the_tiers_contradict_the_chain(project, publish, stated, difference):
    with reverts(
        project.ProgramTerms.TermsContradictChain,
        field=text("tiers"),
        stated=difference[0],
        actual=difference[1],
    ):
        publish(FIRST, tiers=stated)


def test_publish_reverts_at_the_first_of_several_contradictions(project, publish):
    wrong = {"clawback": 1, "validity": 1, "tiers": []}
    with reverts(
        project.ProgramTerms.TermsContradictChain, field=text("validity"), stated=1, actual=3
    ):
        publish(FIRST, **wrong)


def test_publish_follows_the_chain(terms, hub, project, program, publish, merchant):
    """What was true when a version was published need not be true for the next."""
    publish(FIRST)
    hub.setValidity(program, 1, sender=merchant)
    hub.setCap(program, POINTS_MAX, sender=merchant)
    hub.setTiers(program, [1, 2, 3, 4, 5, 2**40 - 1], sender=merchant)
    hub.setClawback(program, 2**32 - 1, sender=merchant)

    with reverts(
        project.ProgramTerms.TermsContradictChain, field=text("validity"), stated=3, actual=1
    ):
        publish(SECOND)
    publish(
        SECOND,
        validity=1,
        cap=POINTS_MAX,
        tiers=[1, 2, 3, 4, 5, 2**40 - 1],
        clawback=2**32 - 1,
    )
    assert terms.versionCount(program) == 2


def test_publish_states_the_prices_that_hold(hub, project, program, publish, merchant, clock):
    hub.announcePrices(program, 30_000, 15_000, sender=merchant)
    with reverts(
        project.ProgramTerms.TermsContradictChain,
        field=text("onRamp"),
        stated=30_000,
        actual=20_000,
    ):
        publish(FIRST, onRamp=30_000, offRamp=15_000)

    clock.set(clock.now + hub.PRICE_NOTICE())
    with reverts(
        project.ProgramTerms.TermsContradictChain,
        field=text("onRamp"),
        stated=20_000,
        actual=30_000,
    ):
        publish(FIRST)
    publish(FIRST, onRamp=30_000, offRamp=15_000)


def test_publish_states_no_prices_for_a_program_that_has_none(
    terms, hub, project, open_program, publish
):
    alone = open_program()
    plain = {"validity": 4, "cap": 0, "tiers": [], "clawback": 0}
    with reverts(
        project.ProgramTerms.TermsContradictChain, field=text("onRamp"), stated=1, actual=0
    ):
        publish(FIRST, at=alone, **plain, onRamp=1, offRamp=1)

    publish(FIRST, at=alone, **plain, onRamp=0, offRamp=0)
    assert terms.versionCount(alone) == 1


# currentTerms, versionAt, versionCount


def test_currentTerms_is_empty_before_the_first_version(terms, program):
    for number in (program, 98, INFINITE):
        assert tuple(terms.currentTerms(number)) == (NOTHING, 0, 0)
        assert terms.versionCount(number) == 0


def test_currentTerms_changes_in_the_second_that_was_announced(terms, program, publish, clock):
    publish(FIRST)
    effective_at = publish(SECOND).timestamp + EPOCH_LENGTH

    clock.set(effective_at - 1)
    assert now_in(terms, program) == FIRST
    clock.set(effective_at)
    assert now_in(terms, program) == SECOND


def test_currentTerms_follows_several_versions_within_one_epoch(terms, program, publish, clock):
    publish(FIRST)
    second = publish(SECOND).timestamp
    clock.set(second + EPOCH_LENGTH // 2)
    third = publish(THIRD).timestamp

    shown = []
    for moment in (second, third):
        clock.set(moment + EPOCH_LENGTH - 1)
        shown.append(now_in(terms, program))
        clock.set(moment + EPOCH_LENGTH)
        shown.append(now_in(terms, program))
    assert shown == [FIRST, SECOND, SECOND, THIRD]
    assert terms.versionCount(program) == 3


def test_currentTerms_is_the_last_of_versions_published_in_one_second(
    terms, program, publish, clock
):
    start = clock.now + 10
    for bundle in (FIRST, SECOND, THIRD):
        clock.set_next(start)
        assert publish(bundle).timestamp == start

    assert [terms.versionAt(program, number).effectiveAt for number in range(3)] == [
        start,
        start + EPOCH_LENGTH,
        start + EPOCH_LENGTH,
    ]
    clock.set(start + EPOCH_LENGTH - 1)
    assert now_in(terms, program) == FIRST
    clock.set(start + EPOCH_LENGTH)
    assert now_in(terms, program) == THIRD


def test_currentTerms_stays_when_the_rules_change(terms, hub, program, publish, merchant, clock):
    publish(FIRST)
    hub.setValidity(program, 1, sender=merchant)
    clock.set(clock.now + 5 * EPOCH_LENGTH)

    assert now_in(terms, program) == FIRST


def test_versionAt_reverts_beyond_the_last_version(terms, project, program, publish, outsider):
    with reverts(project.ProgramTerms.TermsVersionUnknown, program=program, version=0):
        terms.versionAt.transact(program, 0, sender=outsider)
    publish(FIRST)
    assert bytes(terms.versionAt(program, 0).bundleHash) == FIRST

    for of, number in ((program, 1), (program, INFINITE), (98, 0)):
        with reverts(project.ProgramTerms.TermsVersionUnknown, program=of, version=number):
            terms.versionAt.transact(of, number, sender=outsider)


# accept


def test_accept_records_the_caller(terms, program, publish, customer, friend):
    publish(FIRST)
    receipt = terms.accept(program, FIRST, sender=customer)

    assert logs(receipt, terms) == [
        log(terms, "TermsAccepted", program=program, bundleHash=FIRST, member=customer)
    ]
    assert terms.isAccepted(program, FIRST, customer) is True
    assert terms.isAccepted(program, FIRST, friend) is False
    assert terms.isAccepted(program, SECOND, customer) is False
    assert terms.isAccepted(program + 2, FIRST, customer) is False


def test_accept_reverts_if_the_version_is_unknown(
    terms, project, program, abroad, publish, customer
):
    publish(FIRST)
    for number, bundle in ((program, SECOND), (program, NOTHING), (abroad, FIRST), (98, FIRST)):
        with reverts(project.ProgramTerms.TermsUnknown, program=number, bundleHash=bundle):
            terms.accept(number, bundle, sender=customer)
        assert terms.isAccepted(number, bundle, customer) is False


def test_accept_takes_versions_that_do_not_hold_yet_or_any_more(
    terms, program, publish, customer, friend, clock
):
    publish(FIRST)
    publish(SECOND)
    terms.accept(program, SECOND, sender=customer)
    clock.set(clock.now + EPOCH_LENGTH)
    terms.accept(program, FIRST, sender=friend)

    assert terms.isAccepted(program, SECOND, customer) is True
    assert terms.isAccepted(program, FIRST, friend) is True


def test_accept_twice_changes_nothing(terms, program, publish, customer):
    publish(FIRST)
    terms.accept(program, FIRST, sender=customer)
    terms.accept(program, FIRST, sender=customer)

    assert terms.isAccepted(program, FIRST, customer) is True


# acceptBySig


def test_acceptBySig_records_the_member_whoever_submits(
    terms, program, publish, acceptance, customer, relayer
):
    publish(FIRST)
    signed = acceptance(nonce=77)
    receipt = terms.acceptBySig(signed.values, signed.sign(customer), sender=relayer)

    assert logs(receipt, terms) == [
        log(terms, "TermsAccepted", program=program, bundleHash=FIRST, member=customer)
    ]
    assert terms.isAccepted(program, FIRST, customer) is True
    assert terms.isAccepted(program, FIRST, relayer) is False
    assert terms.isNonceUsed(customer, 77) is True


def test_acceptBySig_takes_the_compact_form(terms, program, publish, acceptance, customer, relayer):
    publish(FIRST)
    signed = acceptance()
    terms.acceptBySig(signed.values, compact(signed.sign(customer)), sender=relayer)

    assert terms.isAccepted(program, FIRST, customer) is True


def test_acceptBySig_reverts_if_the_version_is_unknown(
    terms, project, program, publish, acceptance, customer, relayer
):
    publish(FIRST)
    signed = acceptance(bundle=SECOND)
    with reverts(project.ProgramTerms.TermsUnknown, program=program, bundleHash=SECOND):
        terms.acceptBySig(signed.values, signed.sign(customer), sender=relayer)

    assert terms.isNonceUsed(customer, 0) is False
    publish(SECOND)
    terms.acceptBySig(signed.values, signed.sign(customer), sender=relayer)
    assert terms.isAccepted(program, SECOND, customer) is True


def test_acceptBySig_reverts_if_forged(
    terms, project, program, publish, acceptance, customer, friend, relayer
):
    publish(FIRST)
    signed = acceptance()
    for signature in (signed.sign(friend), signed.sign(relayer), b"", bytes(65)):
        with reverts(
            project.ProgramTerms.IntentSignatureInvalid, signer=customer, digest=signed.digest()
        ):
            terms.acceptBySig(signed.values, signature, sender=relayer)
    assert terms.isAccepted(program, FIRST, customer) is False


def test_acceptBySig_reverts_if_a_field_was_changed(
    terms, project, program, abroad, publish, acceptance, customer, friend, relayer
):
    publish(FIRST)
    publish(SECOND)
    signature = acceptance().sign(customer)

    for changed, signer in (
        (acceptance(of=abroad), customer),
        (acceptance(bundle=SECOND), customer),
        (acceptance(member=friend), friend),
        (acceptance(nonce=1), customer),
        (acceptance(by=ANY_TIME - 1), customer),
    ):
        with reverts(
            project.ProgramTerms.IntentSignatureInvalid, signer=signer, digest=changed.digest()
        ):
            terms.acceptBySig(changed.values, signature, sender=relayer)
    terms.acceptBySig(acceptance().values, signature, sender=relayer)


def test_acceptBySig_reverts_if_replayed(terms, project, publish, acceptance, customer, relayer):
    publish(FIRST)
    publish(SECOND)
    signed, other = acceptance(nonce=5), acceptance(nonce=5, bundle=SECOND)
    terms.acceptBySig(signed.values, signed.sign(customer), sender=relayer)

    for again in (signed, other):
        with reverts(project.ProgramTerms.IntentNonceUsed, signer=customer, nonce=5):
            terms.acceptBySig(again.values, again.sign(customer), sender=relayer)


def test_acceptBySig_reverts_if_the_nonce_was_cancelled(
    terms, project, publish, acceptance, customer, relayer
):
    publish(FIRST)
    terms.cancelNonce(0, sender=customer)
    signed = acceptance()
    with reverts(project.ProgramTerms.IntentNonceUsed, signer=customer, nonce=0):
        terms.acceptBySig(signed.values, signed.sign(customer), sender=relayer)


def test_acceptBySig_reverts_if_malleated(terms, project, publish, acceptance, customer, relayer):
    publish(FIRST)
    signed = acceptance()
    signature = signed.sign(customer)
    with reverts(
        project.ProgramTerms.IntentSignatureInvalid, signer=customer, digest=signed.digest()
    ):
        terms.acceptBySig(signed.values, high_s(signature), sender=relayer)
    terms.acceptBySig(signed.values, signature, sender=relayer)
    with reverts(project.ProgramTerms.IntentNonceUsed, signer=customer, nonce=0):
        terms.acceptBySig(signed.values, high_s(signature), sender=relayer)


def test_acceptBySig_reverts_if_signed_for_another_chain_or_contract(
    terms, hub, project, publish, acceptance, domain, customer, relayer
):
    publish(FIRST)
    for foreign in (
        Domain(domain.name, domain.contract, domain.chain_id + 1),
        Domain(domain.name, hub.address, domain.chain_id),
        Domain("PointsHub", domain.contract, domain.chain_id),
        Domain(domain.name, domain.contract, domain.chain_id, "2"),
    ):
        with reverts(
            project.ProgramTerms.IntentSignatureInvalid,
            signer=customer,
            digest=acceptance().digest(),
        ):
            terms.acceptBySig(
                acceptance().values, acceptance(at=foreign).sign(customer), sender=relayer
            )


def test_acceptBySig_holds_until_its_deadline(
    terms, project, program, publish, acceptance, customer, relayer, clock
):
    publish(FIRST)
    deadline = clock.now + 100
    late, timely = acceptance(by=deadline), acceptance(by=deadline + 1)

    clock.set_next(deadline + 1)
    with reverts(project.ProgramTerms.IntentExpired, deadline=deadline, timestamp=deadline + 1):
        terms.acceptBySig(late.values, late.sign(customer), sender=relayer)
    assert terms.isAccepted(program, FIRST, customer) is False
    clock.set_next(deadline + 1)
    receipt = terms.acceptBySig(timely.values, timely.sign(customer), sender=relayer)
    assert receipt.timestamp == deadline + 1


def test_acceptBySig_reverts_if_the_member_is_zero(
    terms, project, program, publish, acceptance, relayer
):
    publish(FIRST)
    nobody = acceptance(member=ZERO)
    with reverts(project.ProgramTerms.IntentSignatureInvalid, signer=ZERO, digest=nobody.digest()):
        terms.acceptBySig(nobody.values, bytes(65), sender=relayer)
    assert terms.isAccepted(program, FIRST, ZERO) is False


def test_acceptBySig_asks_a_smart_account(
    terms, project, program, publish, acceptance, wallet, customer, friend, relayer
):
    publish(FIRST)
    signed = acceptance(member=wallet)
    with reverts(
        project.ProgramTerms.IntentSignatureInvalid, signer=wallet, digest=signed.digest()
    ):
        terms.acceptBySig(signed.values, signed.sign(friend), sender=relayer)

    terms.acceptBySig(signed.values, signed.sign(customer), sender=relayer)
    assert terms.isAccepted(program, FIRST, wallet) is True
    assert terms.isAccepted(program, FIRST, customer) is False
