"""Gas of profiles, consents, attestations, anchors and badges.

The peers publish what they attest, or who attests it to whom; here the chain sees hashes only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from crmdapp.chain._keccak import keccak
from crmdapp.chain.accounts import LocalSigner
from crmdapp.chain.merkle import MerkleTree
from crmdapp.chain.typed_data import Domain, TypedData
from crmdapp.customers.registry_intents import Registration, RegistrationBatch
from crmdapp.customers.terms import (
    ConsentGrant,
    ConsentTerms,
    ConsentWithdrawal,
    DataController,
    Permission,
)
from scripts.bench.chain import FAR, START, Chain, Contract
from scripts.bench.ledgers import customers, strangers
from scripts.bench.table import Row

DAY = 86_400
BATCH = 200  # registrations with one signature
CROWD = 100  # consents and attestations of one transaction
INTERACTIONS = 10_000  # of one anchor: every proof has 14 hashes

_CALLED = "who decides for the subject is asked of another contract, 2,600 gas before it reads"


@dataclass(frozen=True, slots=True)
class BadgeGrant(TypedData):
    """What an attestor signs for IdentityBadge."""

    TYPE: ClassVar[str] = (
        "BadgeGrant(address identity,uint32 topic,uint64 pseudonym,uint40 deadline)"
    )

    identity: str
    topic: int
    pseudonym: int
    deadline: int


@dataclass(frozen=True, slots=True)
class Attest(TypedData):
    """What an attester signs for EAS 1.4."""

    TYPE: ClassVar[str] = (
        "Attest(address attester,bytes32 schema,address recipient,uint64 expirationTime,"
        "bool revocable,bytes32 refUID,bytes data,uint256 value,uint256 nonce,uint64 deadline)"
    )

    attester: str
    schema: bytes
    recipient: str
    expiration_time: int
    revocable: bool
    ref_uid: bytes
    data: bytes
    value: int
    nonce: int
    deadline: int


class Office:
    """Our contracts of the domain on one chain, with an attestor and a scope."""

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        (self.attestor,) = customers("attestor", 1)
        self.registry = chain.deploy("CustomerRegistry")
        did = self.registry.read("DID_REGISTRY")
        self.consents = chain.deploy("ConsentRegistry", did)
        self.attestations = chain.deploy("AttestationRegistry", did)
        self.log = chain.deploy("InteractionLog")
        self.badge = chain.deploy("IdentityBadge", self.attestations.address)
        attestors = [self.attestor.address]
        self.registry.send("createScope", DAY, 1, False, attestors, [3])
        self.attestations.send("createTopic", 1, keccak(b"schema"))
        self.attestations.send("admit", 1, chain.accounts[0], 3)
        self.attestations.send("admit", 1, self.attestor.address, 3)

    def domain(self, name: str, contract: Contract) -> Domain:
        """Return the EIP-712 domain of one of them."""
        return Domain(name, "1", self.chain.chain_id, contract.address)


class Eas:
    """The Ethereum Attestation Service with one schema, attesting 32 bytes at a time."""

    name = "EAS"

    def __init__(self, chain: Chain) -> None:
        registry = chain.deploy("SchemaRegistry")
        self.contract = chain.deploy("EAS", registry.address)
        self.chain = chain
        resolver = "0x" + "00" * 20
        self.schema = keccak(b"bytes32 claim" + bytes(20) + b"\1")
        registry.send("register", "bytes32 claim", resolver, True)

    def data(self, recipient: str, label: str) -> tuple[Any, ...]:
        """Return the request for one attestation without an end."""
        return (recipient, 0, True, bytes(32), keccak(label.encode()), 0)

    def attest(self, recipient: str, label: str) -> int:
        """Attest as the account of the merchant."""
        return self.contract.send("attest", (self.schema, self.data(recipient, label)))

    def attest_many(self, recipients: list[str]) -> int:
        """Attest for each in one transaction."""
        data = [self.data(each, each) for each in recipients]
        return self.contract.send("multiAttest", [(self.schema, data)])

    def attest_by_sig(self, signer: LocalSigner, recipient: str, nonce: int) -> int:
        """Attest by the signature of somebody else."""
        data = self.data(recipient, f"signed {nonce}")
        domain = Domain("EAS", "1.4.0", self.chain.chain_id, self.contract.address)
        message = Attest(
            signer.address,
            self.schema,
            recipient,
            expiration_time=0,
            revocable=True,
            ref_uid=bytes(32),
            data=data[4],
            value=0,
            nonce=nonce,
            deadline=FAR,
        )
        signature = message.sign(signer, domain)
        parts = (signature[64], signature[:32], signature[32:64])
        request = (self.schema, data, parts, signer.address, FAR)
        return self.contract.send("attestByDelegation", request)

    def revoke(self, recipient: str, label: str) -> int:
        """Attest, then revoke; return the gas of the latter."""
        request = (self.schema, self.data(recipient, label))
        (event,) = self.contract.receipt("attest", request)["logs"]
        uid = bytes.fromhex(event["data"][2:])
        return self.contract.send("revoke", (self.schema, (uid, 0)))


def measure(chain: Chain) -> Iterator[Row]:
    """Yield the rows of gas.

    Raises:
        BenchError: A transaction reverted.
    """
    office = Office(chain)
    eas = Eas(chain)
    yield from _profiles(office, eas)
    yield from _consents(office, eas)
    yield from _attestations(office, eas)
    yield from _anchors(office, eas)
    yield from _badges(office)


def _profiles(office: Office, eas: Eas) -> Iterator[Row]:
    (first, second) = strangers("controller", 2)
    _register(office, first, 0)
    yield Row(
        "customers",
        "register, verified and relayed",
        _register(office, second, 1),
        "gas",
        target=55_000,
        floor=52_700,
        peers={"EAS, by delegation": eas.attest_by_sig(office.attestor, second, 0)},
        reason="jumps and checks of compiled code",
    )
    people = strangers("controller of a batch", BATCH)
    yield Row(
        "customers",
        f"register {BATCH} in a batch, each",
        round(_register_many(office, people) / BATCH),
        "gas",
        target=26_000,
        floor=25_200,
        peers={"EAS, many": round(eas.attest_many(people[:50]) / 50)},
        reason="jumps and checks of compiled code, and the hash that makes the id",
    )


def _register(office: Office, controller: str, number: int) -> int:
    message = Registration(
        1, keccak(b"tag %d" % number), keccak(b"root %d" % number), controller, 2, FAR
    )
    signature = message.sign(office.attestor, office.domain("CustomerRegistry", office.registry))
    return office.registry.send("register", message.values, office.attestor.address, signature)


def _register_many(office: Office, people: list[str]) -> int:
    records = b"".join(
        keccak(b"tag of " + each.encode())
        + keccak(b"root of " + each.encode())
        + bytes.fromhex(each[2:])
        + b"\2"
        for each in people
    )
    message = RegistrationBatch(1, records, FAR)
    signature = message.sign(office.attestor, office.domain("CustomerRegistry", office.registry))
    return office.registry.send("registerMany", 1, records, FAR, office.attestor.address, signature)


def _consents(office: Office, eas: Eas) -> Iterator[Row]:
    chain, contract = office.chain, office.consents
    subject = chain.accounts[1]
    ids = [keccak(b"consent %d" % number) for number in range(CROWD + 2)]
    granted = [contract.send("grant", subject, each, sender=subject) for each in ids]
    yield Row(
        "customers",
        "grant a consent",
        granted[1],
        "gas",
        target=51_200,
        floor=50_100,
        peers={eas.name: eas.attest(subject, "consent")},
        reason=_CALLED,
    )
    signers = customers("subject", CROWD + 2)
    grants = [_grant(office, signer) for signer in signers]
    contract.send("grantBySig", grants[0])
    yield Row(
        "customers",
        "grant a consent, gasless",
        contract.send("grantBySig", grants[1]),
        "gas",
        target=57_200,
        floor=54_600,
        peers={"EAS, by delegation": eas.attest_by_sig(signers[1], subject, 0)},
        reason=_CALLED,
    )
    yield Row(
        "customers",
        f"grant {CROWD} signed consents, each",
        round(contract.send("grantMany", grants[2:]) / CROWD),
        "gas",
        target=33_500,
        reason="each has another subject, whose owner is read, and another signature",
    )
    did = chain.deploy("ERC1056Registry")
    did.send("changeOwner", subject, chain.accounts[2], sender=subject)
    owner = did.send("changeOwner", subject, chain.accounts[3], sender=chain.accounts[2])
    contract.send("withdraw", subject, ids[0], sender=subject)
    yield Row(
        "customers",
        "withdraw a consent",
        contract.send("withdraw", subject, ids[1], sender=subject),
        "gas",
        target=33_400,
        floor=32_100,
        peers={eas.name: eas.revoke(subject, "withdrawn"), "ERC-1056, new owner": owner},
        reason=_CALLED,
    )
    yield Row(
        "customers",
        "withdraw a consent, gasless",
        _withdraw(office, signers[1], grants[1]),
        "gas",
        target=38_500,
        reason=_CALLED,
    )
    yield Row(
        "customers",
        f"withdraw {CROWD} consents, each",
        round(contract.send("withdrawMany", subject, ids[2:], sender=subject) / CROWD),
        "gas",
        target=9_800,
    )


def _grant(office: Office, signer: LocalSigner) -> tuple[Any, ...]:
    terms = ConsentTerms(
        DataController(office.chain.accounts[0], keccak(b"company")),
        Permission(
            subject=signer.address,
            purposes=1,
            categories=1,
            recipients_hash=bytes(32),
            valid_from=START,
            valid_until=FAR,
            notice_hash=keccak(b"notice"),
            jurisdiction=b"DE",
            flags=0,
            reward_id=0,
            salt=keccak(signer.address.encode()),
        ),
    )
    domain = office.domain("ConsentRegistry", office.consents)
    signature = ConsentGrant(terms, FAR).sign(signer, domain)
    return (signer.address, terms.struct_hash(), FAR, signature)


def _withdraw(office: Office, signer: LocalSigner, grant: tuple[Any, ...]) -> int:
    message = ConsentWithdrawal(signer.address, grant[1], FAR)
    signature = message.sign(signer, office.domain("ConsentRegistry", office.consents))
    return office.consents.send("withdrawBySig", message.values, signature)


def _attestations(office: Office, eas: Eas) -> Iterator[Row]:
    contract = office.attestations
    uids = [keccak(b"statement %d" % number) for number in range(CROWD + 2)]
    contract.send("attest", uids[0], 1, 2, FAR)
    (recipient,) = strangers("recipient", 1)
    yield Row(
        "customers",
        "attest",
        contract.send("attest", uids[1], 1, 2, FAR),
        "gas",
        target=46_500,
        floor=45_400,
        peers={eas.name: eas.attest(recipient, "attested")},
        reason="the topic, the level and the expiry stand in the event as well",
    )
    yield Row(
        "customers",
        f"attest {CROWD}, each",
        round(contract.send("attestMany", uids[2:], 1, 2, FAR) / CROWD),
        "gas",
        target=25_500,
        peers={"EAS, many": round(eas.attest_many(strangers("many", CROWD - 50)) / 50)},
        reason="the topic, the level and the expiry stand in each event as well",
    )


def _anchors(office: Office, eas: Eas) -> Iterator[Row]:
    log = office.log
    leaves = [keccak(keccak(b"leaf %d" % number)) for number in range(INTERACTIONS)]
    tree = MerkleTree(leaves)
    heads = keccak(b"heads")
    log.send("open", 0, DAY, keccak(b"notice"))
    log.send("anchor", 0, keccak(b"first"), heads, INTERACTIONS)
    yield Row(
        "customers",
        f"anchor {INTERACTIONS:,} interactions",
        log.send("anchor", 0, keccak(b"second"), heads, INTERACTIONS),
        "gas",
        target=30_500,
        floor=29_600,
        peers={"EAS, a timestamp": eas.contract.send("timestamp", keccak(b"root"))},
        reason="the new head stands in the event, so one event is enough to check the next",
    )
    yield Row(
        "customers",
        f"anchor {INTERACTIONS:,} interactions, stored",
        log.send("anchorStored", 0, tree.root, heads, INTERACTIONS),
        "gas",
        target=47_500,
        floor=46_700,
        reason="the head is chained as well: 5,000 gas that a root by itself does without",
    )
    where = log.read("logOf", office.chain.accounts[0], 0)
    data = log.data("verify", where, tree.root, tree.proof(0), leaves[0])
    meter = office.chain.deploy("GasMeter")
    yield Row(
        "customers",
        "verify inclusion, 14 hashes deep, execution only",
        meter.read("measure", log.address, data),
        "gas",
        target=4_600,
        floor=4_400,
        reason="jumps and checks of compiled code",
    )


def _badges(office: Office) -> Iterator[Row]:
    chain = office.chain
    domain = office.domain("IdentityBadge", office.badge)
    plain = chain.deploy("OpenZeppelinBadge")
    gas = 0
    for holder in chain.accounts[4:6]:
        grant = BadgeGrant(holder, 1, 2**40, FAR)
        signature = grant.sign(office.attestor, domain)
        gas = office.badge.send(
            "mint", grant.values, office.attestor.address, signature, sender=holder
        )
    yield Row(
        "customers",
        "mint an identity badge",
        gas,
        "gas",
        target=49_500,
        floor=47_000,
        peers={"OpenZeppelin ERC-721, unverified": plain.send("mint", chain.accounts[4], 2**40)},
        reason="an attestor's signature and standing and the holder's key are checked",
    )
