"""The customers' contracts on Ape's chain, and who uses them, for the tests of contracts.

A company runs a scope: the attestor verifies up to level 3, the examiner up to 2, the auditor at 1,
and two of them together merge profiles and recover keys. A test module takes the fixtures it wants
by ``from tests.customers.contracts import *``.
"""

import pytest

from tests.customers.intents import ROOT, approvals_of, intent_of, tag_of
from tests.fixtures.intents import Domain

DAY = 86_400
DELAY = 7 * DAY
EPOCH_LENGTH = 15_778_800


# ----------------------------------------------------------------- contracts


@pytest.fixture(scope="module")
def registry(project, accounts):
    # Whoever deploys a registry has no power over it.
    return project.CustomerRegistry.deploy(sender=accounts[0])


@pytest.fixture(scope="module")
def did(project, registry):
    """The registry of identifiers, which the customer registry made."""
    return project.DidRegistry.at(registry.DID_REGISTRY())


@pytest.fixture(scope="module")
def consents(project, accounts, did):
    return project.ConsentRegistry.deploy(did, sender=accounts[0])


@pytest.fixture(scope="module")
def attestations(project, accounts, did):
    return project.AttestationRegistry.deploy(did, sender=accounts[0])


@pytest.fixture(scope="module")
def interactions(project, accounts):
    """The interaction log."""
    return project.InteractionLog.deploy(sender=accounts[0])


@pytest.fixture(scope="module")
def badge(project, accounts, attestations):
    return project.IdentityBadge.deploy(attestations, sender=accounts[0])


@pytest.fixture(scope="module")
def coin(project, accounts):
    return project.TestCoin.deploy(sender=accounts[0])


@pytest.fixture(scope="module")
def hub(project, accounts, chain, coin):
    genesis = chain.blocks.head.timestamp
    return project.PointsHub.deploy(genesis, EPOCH_LENGTH, coin, sender=accounts[0])


@pytest.fixture(scope="module")
def rewards(project, accounts, hub, interactions):
    return project.DataRewards.deploy(hub, interactions, sender=accounts[0])


@pytest.fixture
def domain_of(chain):
    """The EIP-712 domain of a contract, which is named as its type is."""

    def domain_of_(contract):
        return Domain(contract.contract_type.name, contract.address, chain.chain_id)

    return domain_of_


# ----------------------------------------------------------------- people


@pytest.fixture
def company(accounts):
    """Owns a scope and names its attestors."""
    return accounts[10]


@pytest.fixture
def attestor(accounts):
    """Verifies customers up to level 3."""
    return accounts[11]


@pytest.fixture
def examiner(accounts):
    """Verifies customers up to level 2."""
    return accounts[12]


@pytest.fixture
def auditor(accounts):
    """Verifies customers at level 1."""
    return accounts[13]


@pytest.fixture
def successor(accounts):
    """The customer's next key."""
    return accounts[14]


@pytest.fixture
def thief(accounts):
    """A key of somebody who has stolen the customer's."""
    return accounts[15]


@pytest.fixture
def guardians(accounts):
    """Three people whom the customer trusts, in ascending order."""
    return sorted(accounts[16:19], key=lambda account: int(account.address, 16))


# ----------------------------------------------------------------- profiles


@pytest.fixture
def open_scope(registry, company, attestor, examiner, auditor):
    """Opens a scope of the company."""

    def open_scope_(*, delay=DELAY, quorum=2, self_registration=False, owner=company):
        attestors, levels = [attestor, examiner, auditor], [3, 2, 1]
        receipt = registry.createScope(
            delay, quorum, self_registration, attestors, levels, sender=owner
        )
        return receipt.return_value

    return open_scope_


@pytest.fixture
def scope(open_scope):
    return open_scope()


@pytest.fixture
def signed(registry, domain_of):
    """A struct to sign for the customer registry."""

    def signed_(kind, **values):
        return intent_of(domain_of(registry), kind, **values)

    return signed_


@pytest.fixture
def register(registry, scope, signed, attestor, relayer):
    """Registers a person; `name` stands for the identifier that was verified."""

    def register_(controller, name="customer", *, level=2, root=ROOT, of=scope):
        registration = signed(
            "Registration",
            scope=of,
            tag=tag_of(name),
            root=root,
            controller=controller,
            level=level,
        )
        receipt = registry.register(
            registration.values, attestor, registration.sign(attestor), sender=relayer
        )
        return bytes(receipt.return_value)

    return register_


@pytest.fixture
def profile(register, customer):
    """The customer's cid."""
    return register(customer)


@pytest.fixture
def rotate(registry, signed, relayer):
    """Replaces the key of a profile by another account's."""

    def rotate_(cid, old, new):
        epoch = registry.customerOf(cid).epoch
        intent = signed("RotateIntent", cid=cid, newController=new, epoch=epoch)
        return registry.rotate(intent.values, intent.sign(old), intent.sign(new), sender=relayer)

    return rotate_


@pytest.fixture
def merge(registry, signed, relayer):
    """Merges two profiles, signed by the accounts given."""

    def merge_(from_, into, *signers, nonce=1):
        epochs = [registry.customerOf(cid).epoch for cid in (from_, into)]
        intent = signed(
            "MergeIntent",
            from_=from_,
            into=into,
            fromEpoch=epochs[0],
            intoEpoch=epochs[1],
            nonce=nonce,
        )
        return registry.merge(intent.values, approvals_of(intent, *signers), sender=relayer)

    return merge_
