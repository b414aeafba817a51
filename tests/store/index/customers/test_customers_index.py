"""The customers' index beside the contracts: after every kind of event, random ones, and reorgs."""

import random
from dataclasses import replace

import pytest

from crmdapp.chain import connect
from crmdapp.chain._keccak import keccak
from crmdapp.customers.attestations import AttestationClient
from crmdapp.customers.badge import BadgeClient, badge_grant, sign_badge
from crmdapp.customers.consent_models import ConsentStatus
from crmdapp.customers.did import DidClient
from crmdapp.customers.interaction_log import LogClient
from crmdapp.customers.leaves import log_of
from crmdapp.customers.models import CustomerStatus, Guardians
from crmdapp.customers.receipts import SignedReceipt
from crmdapp.customers.registry_intents import (
    EraseIntent,
    GuardiansIntent,
    MergeIntent,
    RecoveryIntent,
    RootIntent,
    RotateIntent,
    TagLink,
    UnmergeIntent,
    VetoIntent,
)
from crmdapp.customers.registry_signing import sign_registry
from crmdapp.customers.reward_claims import ClaimSheet, RewardClaim, RewardKind
from crmdapp.customers.rewards import RewardsClient
from crmdapp.errors import ContractError
from crmdapp.store.index import Follower, open_index
from crmdapp.store.index.customers import queries, queries_logs
from crmdapp.store.index.customers.tables import CONSENTS
from crmdapp.store.index.customers.verify import compare
from crmdapp.store.index.schema import derived_tables
from tests.customers.logbook import *  # noqa: F403 - fixtures
from tests.customers.logbook import ANSWER_WINDOW, DELAY
from tests.customers.registry_office import DAY

ROOT2 = keccak(b"another root")


class Watched:
    """An index that follows the office's chain."""

    def __init__(self, office, index):
        self.office, self.index = office, index
        self.follower = Follower(index, office.connection, office.manifest)

    def settle(self):
        self.follower.run()

    def differences(self):
        """What the index says otherwise than the chain, at the block it has come to."""
        self.settle()
        block = self.index.position().block
        with self.index.reading() as session:
            found = list(compare(session, self.office.connection, self.office.manifest, block))
        assert found
        return [item for item in found if not item.is_equal]

    def whole(self):
        """All rows of the customers' tables."""
        with self.index.reading() as session:
            return {
                table.name: sorted(map(repr, session.execute(table.select())))
                for table in derived_tables()
                if table.name.startswith("customers_")
            }


@pytest.fixture
def watched(office, tmp_path):
    with open_index(tmp_path / "index.sqlite3") as index:
        yield Watched(office, index)


@pytest.fixture
def on_server(office, postgres):
    """An index on PostgreSQL."""
    with open_index(postgres.new_database()) as index:
        yield Watched(office, index)


@pytest.fixture
def anew(office, tmp_path):
    """All rows of an index that follows from the beginning."""

    def rows():
        with connect(office.node.url) as connection, open_index(tmp_path / "anew.sqlite3") as index:
            found = Watched(office, index)
            del connection
            found.settle()
            return found.whole()

    return rows


@pytest.fixture
def registry(office):
    return office.client("company")


def badge_of(office):
    """The number of a new badge of the customer's identity."""
    company = office.client("company", AttestationClient)
    topic = company.create_topic(1, ROOT2).id
    company.admit(topic, office.address("attestor"), 2)
    badges = office.client("customer", BadgeClient)
    grant = badge_grant(identity=office.address("customer"), topic=topic, deadline=office.later())
    return badges.mint(sign_badge(grant, office.signer("attestor"), badges.domain)).token_id


def hash_of(receipt):
    return receipt.receipt.struct_hash()


def signed(office, role, intent):
    return sign_registry(intent, office.signer(role), office.client("company").domain)


# --------------------------------------------------------------------------- each kind of event


def test_index_has_the_life_of_a_profile(office, watched, registry, scope):
    office.register(scope)
    cid = office.register(scope, "friend").cid
    link = TagLink(keccak(b"second"), cid, 0, office.later())
    registry.submit(signed(office, "attestor", link))
    registry.submit(signed(office, "friend", RootIntent(cid, ROOT2, 0, 7, office.later())))
    rotation = RotateIntent(cid, office.address("successor"), 0, office.later())
    registry.rotate([signed(office, "friend", rotation), signed(office, "successor", rotation)])
    assert watched.differences() == []
    with watched.index.reading() as session:
        found = queries.profile_at(session, cid)
        assert (found.controller, found.epoch, found.tags, found.root) == (
            office.address("successor"),
            1,
            2,
            ROOT2,
        )
        linked = registry.id_of(scope, keccak(b"second"))
        assert queries.resolve(session, linked) == cid == registry.resolve(linked)
        about = queries.changes_about(session, ["0x" + cid.hex()])
        assert [item.kind for item in about] == [
            "key-changed",
            "root-set",
            "tag-linked",
            "registered",
        ]
    registry.submit(
        signed(office, "successor", EraseIntent(cid, keccak(b"receipt"), 1, office.later()))
    )
    assert watched.differences() == []
    with watched.index.reading() as session:
        found = queries.profile_at(session, cid)
        assert (found.status, found.controller, found.epoch) == (CustomerStatus.ERASED, None, 2)
        assert found.receipt_hash == keccak(b"receipt")


def test_index_follows_merges_and_their_undoing(office, watched, registry, scope):
    first, second = office.register(scope).cid, office.register(scope, "friend").cid
    merge = MergeIntent(second, first, 0, 0, 1, office.later())
    registry.merge([signed(office, "attestor", merge)])
    assert watched.differences() == []
    with watched.index.reading() as session:
        assert queries.resolve(session, second) == first
        assert queries.profile_at(session, second).status is CustomerStatus.MERGED
    registry.unmerge([signed(office, "customer", UnmergeIntent(second, 2, office.later()))])
    assert watched.differences() == []
    with watched.index.reading() as session:
        assert queries.resolve(session, second) == second


def test_index_follows_recoveries(office, watched, registry, scope):
    cid = office.register(scope).cid
    guardians = Guardians.of([office.address("guardian")], 1)
    announced = GuardiansIntent(cid, guardians.hash, 0, 1, office.later())
    registry.submit(signed(office, "customer", announced))
    assert watched.differences() == []
    office.node.advance(DAY + 1)
    for nonce in (2, 3):
        wanted = RecoveryIntent(
            cid, office.address("successor"), True, 0, nonce, office.later(2 * DAY)
        )
        both = [signed(office, "guardian", wanted), signed(office, "successor", wanted)]
        registry.propose_recovery(both, guardians)
        assert watched.differences() == []
        if nonce == 2:
            veto = VetoIntent(cid, office.address("successor"), 0, 9, office.later())
            registry.submit(signed(office, "customer", veto))
            assert watched.differences() == []
    with watched.index.reading() as session:
        (waiting,) = queries.recoveries_of(session, cid)
        assert waiting.by_guardians
        assert waiting.new_controller == office.address("successor")
    office.node.advance(DAY + 1)
    registry.recover(cid, by_guardians=True)
    assert watched.differences() == []
    with watched.index.reading() as session:
        assert queries.recoveries_of(session, cid) == []


def test_index_follows_recoveries_by_attestors(office, watched, registry, scope):
    cid = office.register(scope).cid
    guardians = Guardians.of([office.address("guardian")], 1)
    announced = GuardiansIntent(cid, guardians.hash, 0, 1, office.later())
    registry.submit(signed(office, "customer", announced))
    wanted = RecoveryIntent(cid, office.address("successor"), False, 0, 4, office.later(2 * DAY))
    registry.propose_recovery(
        [signed(office, "attestor", wanted), signed(office, "successor", wanted)]
    )
    assert watched.differences() == []
    office.node.advance(DAY + 1)
    registry.recover(cid, by_guardians=False)
    assert watched.differences() == []


def test_index_has_scopes_identities_and_badges(office, watched, registry, scope, profile):
    registry.set_attestor(scope, office.address("examiner"), 0)
    registry.set_attestor(scope, office.address("guardian"), 1)
    sender = registry.sender
    offered = registry.prepare.offer_scope(scope, office.address("outsider"))
    sender.wait(sender.send(offered))
    assert watched.differences() == []
    with watched.index.reading() as session:
        assert queries.scope_at(session, scope).offered_to == office.address("outsider")
        levels = {item.attestor: item.level for item in queries.attestors_of(session, scope)}
        assert levels[office.address("examiner")] == 0
    outsider = office.client("outsider")
    outsider.send(outsider.prepare.accept_scope(scope))
    dids = office.client("customer", DidClient)
    dids.bind(office.address("customer"), profile.cid)
    dids.set_attribute(office.address("customer"), "did/pub/X25519/enc/hex", b"\x01" * 32, 600)
    office.client("friend", DidClient).change_owner(
        office.address("friend"), office.address("relative")
    )
    token = badge_of(office)
    assert watched.differences() == []
    with watched.index.reading() as session:
        assert [item.scope for item in queries.scopes_of(session, office.address("outsider"))] == [
            scope
        ]
        assert queries.owner_of(session, office.address("friend")) == office.address("relative")
        assert queries.identities_of(session, office.address("friend")) == []
        assert queries.identities_of(session, office.address("relative")) == sorted(
            [office.address("friend"), office.address("relative")]
        )
        badge = queries_logs.badge_of(session, office.address("customer"))
        assert (badge.token_id, badge.attestor) == (token, office.address("attestor"))
    rotation = RotateIntent(profile.cid, office.address("successor"), 0, office.later())
    registry.rotate([signed(office, "customer", rotation), signed(office, "successor", rotation)])
    office.client("outsider", BadgeClient).follow(token)
    assert watched.differences() == []
    office.client("successor", BadgeClient).burn(token)
    assert watched.differences() == []
    with watched.index.reading() as session:
        assert queries_logs.badge_of(session, office.address("customer")) is None


def test_index_has_challenges_and_flags(logbook, operator, office, watched):
    late, answered = logbook.visits(operator, count=2)
    logbook.pass_time(DELAY + 60)
    watcher = office.client("outsider", LogClient)
    watcher.challenge(late)
    watcher.challenge(answered)
    assert watched.differences() == []
    with watched.index.reading() as session:
        log = late.receipt.log
        assert queries_logs.count_open_challenges(session, log) == 2
        waiting = queries_logs.challenges_of(session, log, only_open=True)
        assert {item.receipt_hash for item in waiting} == {hash_of(late), hash_of(answered)}
    operator.anchor()
    logbook.client.answer(answered.receipt, operator.proof(answered.leaf).proof)
    logbook.pass_time(ANSWER_WINDOW + 1)
    watcher.flag(late.receipt)
    other = replace(late.receipt, leaf=keccak(b"another story"))
    signature = other.sign(office.signer("company"), late.domain)
    watcher.prove_fork(late, SignedReceipt(other, late.domain, signature))
    assert watched.differences() == []
    with watched.index.reading() as session:
        assert queries_logs.count_open_challenges(session, log) == 0
        assert queries_logs.log_at(session, log).flags == 2
        states = {i.receipt_hash: i.flagged for i in queries_logs.challenges_of(session, log)}
        assert states == {hash_of(late): True, hash_of(answered): False}


def test_index_has_rewards_and_what_was_paid(office, watched):
    office.client("company", LogClient).open(0, 3_600)
    coin = office.connection.contract("TestCoin", office.manifest.address("TestCoin"))
    company, rewards = office.address("company"), office.client("company", RewardsClient)
    for call in (
        coin.call("mint", company, 900),
        coin.call("approve", rewards.contract.address, 900),
    ):
        rewards.send(call)
    campaign = rewards.create(
        RewardKind.COIN,
        coin.address,
        cap=300,
        purposes=1,
        log=log_of(company),
        claims_until=office.later(),
    ).id
    rewards.fund(campaign, 400)
    claim = RewardClaim(campaign, 0, keccak(b"person"), office.address("customer"), 250)
    sheet = ClaimSheet([claim])
    rewards.publish(sheet)
    assert watched.differences() == []
    (proof,) = sheet.proofs(office.connection.chain_id, rewards.contract.address)
    rewards.claim(proof)
    assert watched.differences() == []
    office.node.advance(DAY + 1)
    rewards.close(campaign)
    assert watched.differences() == []
    with watched.index.reading() as session:
        (found,) = queries_logs.rewards_of(session, company)
    assert (found.budget, found.paid, found.returned, found.claims) == (250, 250, 150, 1)


# --------------------------------------------------------------------------- random, and reorgs


class Crowd:
    """Random calls of consents, attestations, logs and rewards."""

    def __init__(self, office, seed):
        self.office, self.random = office, random.Random(seed)
        self.people = ["customer", "friend", "relative"]
        self.ids, self.uids = [keccak(bytes([n])) for n in range(6)], []
        connection, manifest = office.connection, office.manifest
        self.contracts = {
            name: connection.contract(name, manifest.address(name))
            for name in ("ConsentRegistry", "AttestationRegistry", "InteractionLog")
        }

    def send(self, role, contract, name, *values):
        sender = self.office.sender(role)
        try:
            sender.wait(sender.send(self.contracts[contract].call(name, *values)))
        except ContractError:  # what the contract refuses, no event tells of
            return

    def act(self):
        person = self.random.choice(self.people)
        chosen = self.random.choice(self.ids)
        which = self.random.randrange(8)
        subject = self.office.address(person)
        consents, words, log = "ConsentRegistry", "AttestationRegistry", "InteractionLog"
        if which < 2:
            self.send(person, consents, "grant", subject, chosen)
        elif which == 2:
            self.send(person, consents, "withdraw", subject, chosen)
        elif which == 3:
            later = self.office.now + self.random.randrange(-5, 5_000)
            self.send(person, consents, "renew", subject, chosen, later)
        elif which == 4:
            level = self.random.randrange(1, 3)
            self.send("attestor", words, "attest", chosen, 1, level, 0)
        elif which == 5:
            self.send("attestor", words, "revoke", chosen)
        elif which == 6:
            roots = [self.random.randbytes(32) for _ in range(2)]
            self.send("company", log, "anchor", 0, *roots, self.random.randrange(1, 50))
        else:
            until = self.office.now - self.random.randrange(1, 100)
            self.send("company", words, "dismiss", 1, self.office.address("attestor"), until)
            self.send("company", words, "admit", 1, self.office.address("attestor"), 2)


@pytest.fixture
def crowd(office):
    found = Crowd(office, 7)
    found.send("company", "InteractionLog", "open", 0, 3_600, bytes(32))
    found.send("company", "AttestationRegistry", "createTopic", 1, ROOT2)
    found.send("company", "AttestationRegistry", "admit", 1, office.address("attestor"), 2)
    return found


def test_index_equals_the_chain_after_random_calls(office, watched, crowd, anew):
    for count in range(60):
        crowd.act()
        if count % 20 == 19:
            assert watched.differences() == []
    assert watched.whole() == anew()
    with watched.index.reading() as session:
        subjects = [office.address(person) for person in crowd.people]
        everything = queries.consents_by(session, subjects)
        paged, after = [], None
        while part := queries.consents_by(session, subjects, after=after, limit=2):
            paged += part
            after = (part[-1].subject, part[-1].consent_id)
        assert paged == everything
        asked = [(item.subject, item.consent_id) for item in everything]
        counts = queries.consent_counts(session, [*asked, (subjects[0], ROOT2)])
        assert counts[ConsentStatus.NONE] == 1
        assert sum(counts.values()) == len(asked) + 1
        log = queries_logs.log_at(session, log_of(office.address("company"), 0))
        batches = queries_logs.batches_of(session, log.log)
        assert [item.number for item in batches] == list(range(log.batches, 0, -1))
        assert sum(item.count for item in batches) == log.interactions


def test_index_undoes_what_a_reorg_takes_back(office, watched, crowd, anew):
    for _ in range(12):
        crowd.act()
    watched.settle()
    before = watched.whole()
    height = watched.index.position().block
    for _ in range(8):
        crowd.act()
    watched.settle()
    assert watched.whole() != before
    depth = watched.index.position().block - height
    office.node.reorg(depth)
    assert watched.differences() == []
    assert watched.whole() == before == anew()


def test_index_is_the_same_on_a_server(office, watched, on_server, crowd):
    for _ in range(15):
        crowd.act()
    assert on_server.differences() == []
    watched.settle()
    assert on_server.whole() == watched.whole()
    with on_server.index.reading() as session:
        subjects = [office.address(person) for person in crowd.people]
        everything = queries.consents_by(session, subjects)
        paged, after = [], None
        while part := queries.consents_by(session, subjects, after=after, limit=2):
            paged += part
            after = (part[-1].subject, part[-1].consent_id)
        assert paged == everything
        assert queries.totals(session)["consents"] == len(everything)


def test_compare_shows_a_row_that_was_altered(office, watched, crowd):
    crowd.send("customer", "ConsentRegistry", "grant", office.address("customer"), ROOT2)
    assert watched.differences() == []
    with watched.index.writing() as connection:
        connection.execute(CONSENTS.update().values(status=2))
    (found,) = watched.differences()
    assert (found.table, found.column, found.indexed, found.on_chain) == (
        "customers_consents",
        "status",
        2,
        1,
    )
