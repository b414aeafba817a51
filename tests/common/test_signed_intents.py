"""The base of every contract that acts on signatures: one use, in time, by the right signer."""

import pytest

from tests.fixtures.intents import Domain, Intent, address_of, compact, high_s
from tests.fixtures.logs import log, logs
from tests.fixtures.reverts import reverts

ZERO = "0x" + "00" * 20
ANY_TIME = 2**256 - 1
TYPES = [
    ("signer", "address"),
    ("subject", "uint256"),
    ("nonce", "uint256"),
    ("deadline", "uint256"),
]


@pytest.fixture(scope="module")
def intents(project, accounts):
    """A contract that does nothing but accept intents."""
    return accounts[0].deploy(project.SignedIntentsMock)


@pytest.fixture
def domain(intents, chain):
    return Domain("SignedIntentsMock", intents.address, chain.chain_id)


@pytest.fixture
def intent(domain, customer):
    """An intent of the customer, unless the test says otherwise."""

    def intent_(*, at=domain, signer=customer, subject=1, nonce=0, by=ANY_TIME):
        return Intent(at, "PlainIntent", TYPES, (address_of(signer), subject, nonce, by))

    return intent_


@pytest.fixture
def wallet(project, accounts, customer):
    """A smart account whose owner is the customer's key."""
    return accounts[0].deploy(project.WalletMock, customer)


@pytest.fixture
def behave(project, wallet, customer):
    """Makes the smart account answer in a certain way."""
    names = ("Judge", "AcceptAll", "Refuse", "Revert", "BurnGas", "ReturnBomb")
    names += ("ReturnNothing", "ReturnFourBytes", "ReturnTrue", "RevertWithMagic")
    return lambda name: wallet.setBehaviour(names.index(name), sender=customer)


def test_useIntent_accepts_a_signature_whoever_brings_it(intents, customer, relayer, intent):
    signed = intent(nonce=77)
    receipt = intents.useBySig(*signed.values, signed.sign(customer), sender=relayer)

    assert logs(receipt, intents) == [
        log(intents, "IntentUsed", signer=customer, subject=1, nonce=77)
    ]
    assert intents.isNonceUsed(customer, 77) is True
    assert intents.isNonceUsed(relayer, 77) is False


def test_useIntent_reverts_if_nonce_was_used(intents, project, customer, relayer, intent):
    first, second = intent(nonce=5), intent(nonce=5, subject=2)
    intents.useBySig(*first.values, first.sign(customer), sender=relayer)

    for again in (first, second):
        with reverts(project.SignedIntentsMock.IntentNonceUsed, signer=customer, nonce=5):
            intents.useBySig(*again.values, again.sign(customer), sender=relayer)


@pytest.mark.parametrize("nonce", [0, 1, 255, 256, 2**255, 2**256 - 1])
def test_useIntent_takes_nonces_in_any_order(intents, customer, friend, relayer, intent, nonce):
    signed = intent(nonce=nonce)
    intents.useBySig(*signed.values, signed.sign(customer), sender=relayer)

    assert intents.isNonceUsed(customer, nonce) is True
    assert intents.isNonceUsed(friend, nonce) is False
    for other in (nonce ^ 1, nonce ^ 255, nonce ^ 256, nonce ^ 2**255):
        assert intents.isNonceUsed(customer, other) is False


def test_useIntent_keeps_nonces_of_signers_apart(intents, customer, friend, relayer, intent):
    for signer in (customer, friend):
        signed = intent(signer=signer, nonce=5)
        intents.useBySig(*signed.values, signed.sign(signer), sender=relayer)

    assert intents.isNonceUsed(friend, 5) is True


def test_useIntent_holds_until_its_deadline(intents, project, customer, relayer, intent, clock):
    deadline = clock.now + 100
    signed = intent(by=deadline)
    signature = signed.sign(customer)

    clock.set_next(deadline + 1)
    with reverts(
        project.SignedIntentsMock.IntentExpired, deadline=deadline, timestamp=deadline + 1
    ):
        intents.useBySig(*signed.values, signature, sender=relayer)
    assert intents.isNonceUsed(customer, 0) is False


def test_useIntent_works_at_its_deadline(intents, customer, relayer, intent, clock):
    deadline = clock.now + 100
    signed = intent(by=deadline)
    clock.set_next(deadline)
    receipt = intents.useBySig(*signed.values, signed.sign(customer), sender=relayer)

    assert receipt.timestamp == deadline
    assert intents.isNonceUsed(customer, 0) is True


def test_useIntent_reverts_if_somebody_else_signed(
    intents, project, customer, friend, relayer, intent
):
    signed = intent()
    with reverts(
        project.SignedIntentsMock.IntentSignatureInvalid, signer=customer, digest=signed.digest()
    ):
        intents.useBySig(*signed.values, signed.sign(friend), sender=relayer)

    assert intents.isNonceUsed(customer, 0) is False
    intents.useBySig(*signed.values, signed.sign(customer), sender=relayer)


def test_useIntent_reverts_if_a_field_was_changed(intents, project, customer, relayer, intent):
    signature = intent().sign(customer)

    for changed in (intent(subject=2), intent(nonce=1), intent(by=ANY_TIME - 1)):
        with reverts(
            project.SignedIntentsMock.IntentSignatureInvalid,
            signer=customer,
            digest=changed.digest(),
        ):
            intents.useBySig(*changed.values, signature, sender=relayer)


def test_useIntent_reverts_if_signed_for_another_domain(
    intents, project, customer, relayer, intent, domain
):
    for foreign in (
        Domain(domain.name, domain.contract, domain.chain_id + 1),
        Domain(domain.name, relayer.address, domain.chain_id),
        Domain("SignedIntents", domain.contract, domain.chain_id),
        Domain(domain.name, domain.contract, domain.chain_id, "2"),
    ):
        with reverts(
            project.SignedIntentsMock.IntentSignatureInvalid,
            signer=customer,
            digest=intent().digest(),
        ):
            intents.useBySig(*intent().values, intent(at=foreign).sign(customer), sender=relayer)


def test_useIntent_reverts_if_signed_for_another_contract(
    intents, project, accounts, customer, relayer, intent, domain
):
    twin = accounts[0].deploy(project.SignedIntentsMock)
    signature = intent().sign(customer)
    there = intent(at=Domain(domain.name, twin.address, domain.chain_id))

    with reverts(
        project.SignedIntentsMock.IntentSignatureInvalid, signer=customer, digest=there.digest()
    ):
        twin.useBySig(*there.values, signature, sender=relayer)
    intents.useBySig(*intent().values, signature, sender=relayer)


def test_useIntent_reverts_if_s_is_high(intents, project, customer, relayer, intent):
    signed = intent()
    good = signed.sign(customer)
    with reverts(
        project.SignedIntentsMock.IntentSignatureInvalid, signer=customer, digest=signed.digest()
    ):
        intents.useBySig(*signed.values, high_s(good), sender=relayer)

    intents.useBySig(*signed.values, good, sender=relayer)


def test_useIntent_takes_the_compact_form(intents, customer, relayer, intent):
    parities = set()
    for nonce in range(12):
        signed = intent(nonce=nonce)
        signature = signed.sign(customer)
        parities.add(signature[64])
        intents.useBySig(*signed.values, compact(signature), sender=relayer)

    assert parities == {27, 28}


def test_useIntent_reverts_if_signer_is_zero(intents, project, relayer, intent):
    nobody = intent(signer=ZERO)
    for signature in (b"", bytes(64), bytes(65), b"\xff" * 65):
        with reverts(
            project.SignedIntentsMock.IntentSignatureInvalid, signer=ZERO, digest=nobody.digest()
        ):
            intents.useBySig(*nobody.values, signature, sender=relayer)


def test_useIntent_asks_a_smart_account(
    intents, project, wallet, customer, friend, relayer, intent
):
    signed = intent(signer=wallet)
    with reverts(
        project.SignedIntentsMock.IntentSignatureInvalid, signer=wallet, digest=signed.digest()
    ):
        intents.useBySig(*signed.values, signed.sign(friend), sender=relayer)

    intents.useBySig(*signed.values, signed.sign(customer), sender=relayer)
    with reverts(project.SignedIntentsMock.IntentNonceUsed, signer=wallet, nonce=0):
        intents.useBySig(*signed.values, signed.sign(customer), sender=relayer)


def test_useIntent_lets_a_smart_account_judge_any_signature(
    intents, wallet, behave, relayer, intent
):
    behave("AcceptAll")
    for nonce, signature in enumerate((b"", b"\x01", bytes(64), bytes(500))):
        signed = intent(signer=wallet, nonce=nonce)
        intents.useBySig(*signed.values, signature, sender=relayer)


@pytest.mark.parametrize(
    "behaviour",
    [
        "Refuse",
        "Revert",
        "RevertWithMagic",
        "BurnGas",
        "ReturnNothing",
        "ReturnFourBytes",
        "ReturnTrue",
    ],
)
def test_useIntent_reverts_if_a_smart_account_does_not_accept(
    intents, project, wallet, behave, customer, relayer, intent, behaviour
):
    behave(behaviour)
    signed = intent(signer=wallet)
    with reverts(
        project.SignedIntentsMock.IntentSignatureInvalid, signer=wallet, digest=signed.digest()
    ):
        intents.useBySig(*signed.values, signed.sign(customer), sender=relayer)


def test_useIntent_reverts_if_signer_has_no_code(intents, project, customer, relayer, intent):
    signed = intent(signer="0x" + "11" * 20)
    with reverts(
        project.SignedIntentsMock.IntentSignatureInvalid,
        signer=signed.values[0],
        digest=signed.digest(),
    ):
        intents.useBySig(*signed.values, signed.sign(customer), sender=relayer)


def test_isSignedBy_bounds_the_gas_of_a_smart_account(intents, wallet, behave):
    behave("BurnGas")
    verdict = getattr(intents, "$isSignedBy")(wallet, bytes(32), b"")

    assert verdict.signed is False
    assert 150_000 < verdict.gasUsed < 160_000


def test_isSignedBy_copies_no_more_than_a_word(intents, wallet, behave):
    behave("ReturnBomb")
    verdict = getattr(intents, "$isSignedBy")(wallet, bytes(32), b"")

    # The account answers with the right word and 29,968 bytes behind it, at its own cost.
    assert verdict.signed is True
    assert verdict.gasUsed < 15_000


def test_isSignedBy_takes_the_key_of_an_account_with_delegated_code(
    intents, wallet, delegate, friend, customer, relayer, intent
):
    delegate(friend, wallet)
    signed = intent(signer=friend)  # the code would refuse: it obeys the customer's key
    intents.useBySig(*signed.values, signed.sign(friend), sender=relayer)

    signed = intent(signer=friend, nonce=1)
    intents.useBySig(*signed.values, signed.sign(customer), sender=relayer)


def test_cancelNonce_voids_a_signature(intents, project, customer, relayer, intent):
    signed = intent(nonce=9)
    receipt = intents.cancelNonce(9, sender=customer)
    assert logs(receipt, intents) == [log(intents, "NonceCancelled", signer=customer, nonce=9)]
    assert intents.isNonceUsed(customer, 9) is True

    with reverts(project.SignedIntentsMock.IntentNonceUsed, signer=customer, nonce=9):
        intents.useBySig(*signed.values, signed.sign(customer), sender=relayer)


def test_cancelNonce_is_the_callers_alone(intents, customer, relayer, intent):
    intents.cancelNonce(9, sender=relayer)
    signed = intent(nonce=9)
    intents.useBySig(*signed.values, signed.sign(customer), sender=relayer)


def test_cancelNonce_reverts_if_nonce_was_used(intents, project, customer, relayer, intent):
    signed = intent(nonce=9)
    intents.useBySig(*signed.values, signed.sign(customer), sender=relayer)

    with reverts(project.SignedIntentsMock.IntentNonceUsed, signer=customer, nonce=9):
        intents.cancelNonce(9, sender=customer)
    intents.cancelNonce(10, sender=customer)
    with reverts(project.SignedIntentsMock.IntentNonceUsed, signer=customer, nonce=10):
        intents.cancelNonce(10, sender=customer)


def test_DOMAIN_SEPARATOR_is_that_of_eip_712(intents, intent, domain):
    signable = intent().signable()

    assert intents.DOMAIN_SEPARATOR() == signable.header
    fields, name, version, chain_id, contract, salt, extensions = intents.eip712Domain()
    assert (bytes(fields), name, version) == (b"\x0f", domain.name, domain.version)
    assert (chain_id, contract) == (domain.chain_id, domain.contract)
    assert (bytes(salt), list(extensions)) == (bytes(32), [])
