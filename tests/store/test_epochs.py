"""Epochs under random consents, withdrawals and time: who can read what was written when."""

import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from crmdapp.chain import LocalSigner
from crmdapp.store import _secret_file
from crmdapp.store.database import open_store
from crmdapp.store.device import DeviceKeys, Grant
from crmdapp.store.epochs import open_wrap, vault_domain
from crmdapp.store.errors import WrapInvalid
from crmdapp.store.keys import OperatorKeys
from crmdapp.store.sealing import new_key, open_field, public_key
from crmdapp.store.vault import Vault
from tests.store.conftest import CHAIN, EMAIL, NAME, PASSWORD, REGISTRY, Clock

PROFILE = b"\xc1" * 31 + b"\0"
HOUR = 3_600
COMPANIES = [LocalSigner(bytes([0x40 + n]) * 32).address for n in range(3)]


@dataclass
class Reader:
    """A company, and the keys of epochs it ever got hold of."""

    company: str
    reading_key: bytes = field(default_factory=new_key)
    opened: dict = field(default_factory=dict)

    def take(self, signed, now):
        wrap = signed.wrap
        key = open_wrap(signed, self.reading_key, owner=wrap.subject, now=now)
        self.opened.setdefault(wrap.consent_id, {})[wrap.key_id] = key


@dataclass
class Written:
    datum: object
    value: bytes
    active: frozenset
    ended: frozenset


class Epochs(RuleBasedStateMachine):
    """The device, the vault, three companies and the clock."""

    @initialize()
    def begin(self):
        self.folder = tempfile.TemporaryDirectory()
        path = Path(self.folder.name)
        self.clock = Clock()
        self.domain = vault_domain(CHAIN, REGISTRY)
        self.device = DeviceKeys.create(path / "customer.keys", PASSWORD)
        self.keys = OperatorKeys.create(path / "operator.keys")
        self.store = open_store(path / "store.sqlite3")
        self.vault = Vault(self.store, self.keys, self.domain, clock=self.clock)
        self.readers = [Reader(company) for company in COMPANIES]
        self.grants, self.ended, self.writes, self.count = {}, set(), [], 0
        self.device.add_profile(PROFILE, self.domain, COMPANIES[0], [EMAIL, NAME])
        self.vault.enrol(PROFILE, self.device.subject(CHAIN, COMPANIES[0]))
        self.accept(self.device.publish(PROFILE, now=self.clock.now))

    def teardown(self):
        if hasattr(self, "store"):
            self.device.close()
            self.store.close()
            self.keys.close()
            self.folder.cleanup()

    def accept(self, package):
        """The vault takes it, and every company keeps what it can open of it for ever."""
        self.vault.accept(package)
        owners = {public_key(item.reading_key): item for item in self.readers}
        for signed in package.wraps:
            owners[signed.wrap.grantee_key].take(signed, self.clock.now)
        self.behind = False

    behind = False  # the vault ended a consent that the device has planned nothing for yet

    def end(self, consent_id):
        self.ended.add(consent_id)
        del self.grants[consent_id]

    @precondition(lambda self: not self.behind)
    @rule(
        company=st.integers(0, 2),
        hours=st.integers(1, 6),
        categories=st.sampled_from([{EMAIL}, {NAME}, {EMAIL, NAME}]),
    )
    def grant(self, company, hours, categories):
        self.count += 1
        grant = Grant(
            consent_id=self.count.to_bytes(32, "big"),
            company=COMPANIES[company],
            categories=sum(1 << item for item in categories),
            grantee_key=public_key(self.readers[company].reading_key),
            expiry=self.clock.now + hours * HOUR,
        )
        self.grants[grant.consent_id] = grant
        self.accept(self.device.consent(PROFILE, grant, now=self.clock.now))

    @precondition(lambda self: self.grants and not self.behind)
    @rule(pick=st.randoms(use_true_random=False), hours=st.integers(1, 6))
    def renew(self, pick, hours):
        old = self.grants[pick.choice(sorted(self.grants))]
        new = replace(old, expiry=old.expiry + hours * HOUR)
        self.grants[new.consent_id] = new
        self.accept(self.device.consent(PROFILE, new, now=self.clock.now))

    @precondition(lambda self: self.grants)
    @rule(pick=st.randoms(use_true_random=False), told_first=st.sampled_from(["device", "vault"]))
    def withdraw(self, pick, told_first):
        consent_id = pick.choice(sorted(self.grants))
        if told_first == "vault":
            self.vault.withdraw(consent_id)
        package = self.device.withdraw(PROFILE, consent_id, now=self.clock.now)
        if not self.behind:
            self.accept(package)
        self.vault.withdraw(consent_id)
        self.end(consent_id)

    @precondition(lambda self: self.grants)
    @rule(pick=st.randoms(use_true_random=False))
    def withdraw_without_the_device(self, pick):
        consent_id = pick.choice(sorted(self.grants))
        self.vault.withdraw(consent_id)
        self.end(consent_id)
        self.behind = True

    @precondition(lambda self: self.behind)
    @rule()
    def device_catches_up(self):
        known = {item.consent_id for item in self.device.grants(PROFILE)}
        for consent_id in sorted(known & self.ended):
            self.device.withdraw(PROFILE, consent_id, now=self.clock.now)
        # Not one by one: a package that still names an ended consent is refused whole.
        self.accept(self.device.publish(PROFILE, now=self.clock.now, again=True))

    @rule(hours=st.integers(1, 4), sweep=st.booleans())
    def pass_time(self, hours, sweep):
        self.clock.advance(hours * HOUR)
        over = [item for item in self.grants.values() if item.expiry <= self.clock.now]
        for grant in over:
            self.end(grant.consent_id)
        if sweep:
            self.vault.expire()

    @rule(category=st.sampled_from([EMAIL, NAME]))
    def write(self, category):
        value = f"value {len(self.writes)}".encode()
        name = f"field{len(self.writes)}"
        datum = self.vault.write(PROFILE, name, category, value, "online_form")
        active = {item.consent_id for item in self.grants.values() if item.covers(category)}
        self.writes.append(Written(datum, value, frozenset(active), frozenset(self.ended)))

    @invariant()
    def who_had_a_consent_reads_and_who_had_none_does_not(self):
        if not hasattr(self, "vault"):
            return
        by_id = {item.datum.id: item for item in self.vault.ciphertexts(PROFILE)}
        held = {cid: keys for item in self.readers for cid, keys in item.opened.items()}
        for written in self.writes:
            item = by_id[written.datum.id]
            assert self.device.open_field(item) == written.value
            for consent_id in written.ended:
                assert item.datum.key_id not in held.get(consent_id, {})
            if self.behind:
                continue  # the others get the keys when the device comes back
            for consent_id in written.active & self.grants.keys():
                key = held[consent_id][item.datum.key_id]
                assert open_field(key, item.sealed, item.place) == written.value
                served = {signed.wrap.key_id for signed in self.vault.wraps(consent_id)}
                assert item.datum.key_id in served

    @invariant()
    def a_consent_opens_nothing_of_other_categories(self):
        if not hasattr(self, "vault"):
            return
        for grant in self.grants.values():
            for signed in self.vault.wraps(grant.consent_id):
                assert grant.covers(signed.wrap.category)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(_secret_file, "SCRYPT_COST", 1 << 4)


def test_device_that_missed_two_ends_publishes_again_after_both():
    state, chance = Epochs(), Random(1)
    state.begin()
    try:
        for company in (0, 1, 2):
            state.grant(company=company, hours=5, categories={NAME})
        state.withdraw_without_the_device(pick=chance)
        state.withdraw_without_the_device(pick=chance)
        package = state.device.withdraw(PROFILE, min(state.ended), now=state.clock.now)
        with pytest.raises(WrapInvalid) as refused:
            state.vault.accept(package)
        assert refused.value.why == "Its consent was withdrawn or has expired."
        state.device_catches_up()
        state.write(category=NAME)
        state.who_had_a_consent_reads_and_who_had_none_does_not()
        assert len(state.writes[0].active) == 1
    finally:
        state.teardown()


class TestEpochs(Epochs.TestCase):
    settings = settings(
        max_examples=12,
        stateful_step_count=15,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
