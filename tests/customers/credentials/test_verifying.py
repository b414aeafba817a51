"""From an attestation on chain to a presentation that is accepted, and all that is not."""

from types import SimpleNamespace

import pytest

from crmdapp.customers.attestations import AttestationClient
from crmdapp.customers.credentials.derived import derived_claims
from crmdapp.customers.credentials.dids import Did
from crmdapp.customers.credentials.disclosures import Hidden
from crmdapp.customers.credentials.keys import AccountKey
from crmdapp.customers.credentials.refusals import (
    CredentialExpired,
    CredentialInvalid,
    CredentialNotYetValid,
    CredentialRevoked,
    CredentialSignatureInvalid,
    KeyBindingInvalid,
)
from crmdapp.customers.credentials.resolution import DidResolver
from crmdapp.customers.credentials.sd_jwt import KeyBinding, SdJwt, bind, present
from crmdapp.customers.credentials.standing import (
    on_chain,
    on_list,
    resolved_keys,
    trusted_accounts,
)
from crmdapp.customers.credentials.status_book import StatusBook, bits_from_chain
from crmdapp.customers.credentials.status_list import StatusEntry, publish
from crmdapp.customers.credentials.tokens import sign_token
from crmdapp.customers.credentials.vc import CredentialRequest, Registry, issue_credential
from crmdapp.customers.credentials.verifying import Trust, verify_credential
from crmdapp.customers.statements import AttestationSubject
from crmdapp.errors import UsageError
from tests.customers.registry_office import *  # noqa: F403 - fixtures

SHOP = "https://shop.example"
KIND = "https://issuer.example/credentials/customer"
URL = "https://issuer.example/status/1"
NONCE = "4pCdXo1lQ2b"
YEAR = 31_536_000
SCHEMA = b"\x01" * 32


class Bureau:
    """Issues credentials for the attestor and checks presentations for a shop."""

    def __init__(self, office, folder):
        self.office = office
        self.attestations = office.client("attestor", AttestationClient)
        self.owner = office.client("company", AttestationClient)
        self.registry = Registry(31337, self.attestations.contract.address)
        self.resolver = DidResolver(office.connection, office.manifest.address("DidRegistry"))
        self.book = StatusBook(folder / "book.sqlite3")
        self.topic = self.open_topic()

    def open_topic(self, quorum=1, **levels):
        topic = self.owner.create_topic(quorum, SCHEMA).id
        for role, level in (levels or {"attestor": 3, "examiner": 2}).items():
            self.owner.admit(topic, self.office.address(role), level)
        return topic

    def issue(
        self, *, issuer="attestor", subject="customer", attest=True, issuer_did=None, **changes
    ):
        """A credential of a customer who came of age, attested on chain."""
        values = {
            "issuer": issuer_did or Did.pkh(self.office.address(issuer), 31337),
            "subject": AttestationSubject.new(self.office.address(subject)),
            "topic": self.topic,
            "level": 2,
            "kind": KIND,
            "claims": {"given_name": Hidden("Ada"), "age_over_18": Hidden(True)},
            "registry": self.registry,
            "valid_from": self.office.now,
            "valid_until": self.office.now + YEAR,
            **changes,
        }
        key = AccountKey(self.office.signer(issuer))
        credential, statement = issue_credential(CredentialRequest(**values), key)
        if attest:
            client = self.office.client(issuer, AttestationClient)
            client.attest(statement.uid, values["topic"], values["level"])
        return SimpleNamespace(credential=credential, statement=statement)

    def show(self, credential, *places, holder="customer", **changes):
        """A presentation to the shop."""
        settings = {"audience": SHOP, "nonce": NONCE, "now": self.office.now, **changes}
        key = AccountKey(self.office.signer(holder))
        reveal = [f"/credentialSubject/{place}" for place in places]
        return str(bind(present(credential, reveal), key, **settings))

    def trust(self, *roles, status=None):
        """Whom the shop goes by."""
        attestors = [self.office.address(role) for role in roles or ["attestor"]]
        return Trust(
            issuer_keys=trusted_accounts(attestors),
            owner_of=self.attestations.owner_of,
            status=status or on_chain(self.attestations, attestors),
        )

    def verify(self, text, trust=None, **changes):
        settings = {
            "now": self.office.now,
            "key_binding": KeyBinding(SHOP, NONCE),
            "kinds": [KIND],
            "registry": self.registry,
            **changes,
        }
        return verify_credential(text, trust or self.trust(), **settings)

    def list(self, issuer="attestor"):
        """The status list, as published now."""
        did = str(Did.pkh(self.office.address(issuer), 31337))
        bits = bits_from_chain(self.book, URL, self.attestations, self.office.address(issuer))
        key, now = AccountKey(self.office.signer(issuer)), self.office.now
        return publish(key, bits, issuer=did, url=URL, now=now, until=now + 3_600)

    def by_list(self, text=None):
        """Going by the status list instead of the chain."""
        keys = trusted_accounts([self.office.address("attestor")])
        published = self.list() if text is None else text
        return self.trust(status=on_list(lambda url: published, keys, now=self.office.now))


@pytest.fixture
def bureau(office, tmp_path):
    found = Bureau(office, tmp_path)
    yield found
    found.book.close()


def test_a_presentation_proves_what_was_shown_and_nothing_else(office, bureau):
    issued = bureau.issue()
    found = bureau.verify(bureau.show(issued.credential, "age_over_18"))
    assert found.claims == {"age_over_18": True}
    assert found.subject == office.address("customer")
    assert found.issuer.address == office.address("attestor")
    assert (found.topic, found.level, found.kind) == (bureau.topic, 2, KIND)
    assert found.uid == issued.statement.uid
    assert "Ada" not in repr(found)


def test_derived_claims_answer_without_the_data_they_come_from(bureau):
    from datetime import date

    source = {"birthdate": "2000-02-29", "tier": 2, "country": "DE"}
    claims = derived_claims(source, date(2018, 3, 1), highest_tier=3)
    issued = bureau.issue(claims={**claims, "birthdate": Hidden(source["birthdate"])})
    text = bureau.show(issued.credential, "age_over_18", "tier_at_least_2", "country_in_eu")
    found = bureau.verify(text)
    assert found.claims == {"age_over_18": True, "tier_at_least_2": True, "country_in_eu": True}
    assert "2000" not in str(found.claims)


# ----------------------------------------------------------------- whose credential


def test_a_credential_of_somebody_else_is_refused(bureau):
    issued = bureau.issue(subject="customer")
    with pytest.raises(CredentialSignatureInvalid, match="holder"):
        bureau.verify(bureau.show(issued.credential, holder="friend"))


def test_a_credential_without_the_holders_signature_is_refused(bureau):
    issued = bureau.issue()
    with pytest.raises(KeyBindingInvalid):
        bureau.verify(str(present(issued.credential)))


@pytest.mark.parametrize("changes", [{"audience": "https://other.example"}, {"nonce": "old"}])
def test_a_presentation_to_somebody_else_is_refused(bureau, changes):
    with pytest.raises(KeyBindingInvalid):
        bureau.verify(bureau.show(bureau.issue().credential, **changes))


def change_owner(office, identity, owner, by="customer"):
    contract = office.connection.contract("DidRegistry", office.manifest.address("DidRegistry"))
    sender = office.sender(by)
    call = contract.call("changeOwner", identity, office.address(owner))
    sender.wait(sender.send(call))


def test_after_a_change_of_key_the_new_one_presents_and_the_old_one_does_not(office, bureau):
    issued = bureau.issue()
    change_owner(office, office.address("customer"), "successor")
    bureau.verify(bureau.show(issued.credential, holder="successor"))
    with pytest.raises(CredentialSignatureInvalid):
        bureau.verify(bureau.show(issued.credential, holder="customer"))


def test_a_credential_bound_to_a_key_ends_with_that_key(office, bureau):
    jwk = AccountKey(office.signer("customer")).jwk()
    issued = bureau.issue(holder_key=jwk)
    bureau.verify(bureau.show(issued.credential))
    change_owner(office, office.address("customer"), "successor")
    for holder in ("customer", "successor"):
        with pytest.raises(KeyBindingInvalid, match="another key"):
            bureau.verify(bureau.show(issued.credential, holder=holder))


def test_a_credential_bound_to_another_key_than_the_subjects_is_refused(office, bureau):
    """An issuer that conspires with a friend of the customer's."""
    jwk = AccountKey(office.signer("friend")).jwk()
    issued = bureau.issue(holder_key=jwk)
    with pytest.raises(KeyBindingInvalid, match="another key"):
        bureau.verify(bureau.show(issued.credential, holder="friend"))


def test_an_identity_that_has_ended_presents_nothing(bureau):
    issued = bureau.issue()
    trust = bureau.trust()
    ended = Trust(trust.issuer_keys, lambda subject: None, trust.status)
    with pytest.raises(KeyBindingInvalid, match="ended"):
        bureau.verify(bureau.show(issued.credential), ended)


# ----------------------------------------------------------------- whose word


def test_a_credential_that_was_not_attested_is_refused(bureau):
    issued = bureau.issue(attest=False)
    with pytest.raises(CredentialRevoked, match="not attested"):
        bureau.verify(bureau.show(issued.credential))


def test_a_forged_credential_is_refused(office, bureau):
    """Signed by an outsider in the attestor's name."""
    attestor = str(Did.pkh(office.address("attestor"), 31337))
    own = bureau.issue(issuer="outsider", attest=False).credential.token.payload
    key = AccountKey(office.signer("outsider"))
    forged = SdJwt(sign_token(key, "dc+sd-jwt", {**own, "iss": attestor, "issuer": attestor}))
    with pytest.raises(CredentialSignatureInvalid, match="credential"):
        bureau.verify(bureau.show(forged))


def test_an_attestor_who_is_not_trusted_proves_nothing(office, bureau):
    bureau.owner.admit(bureau.topic, office.address("outsider"), 3)
    issued = bureau.issue(issuer="outsider")
    text = bureau.show(issued.credential)
    bureau.verify(text, bureau.trust("outsider"))
    with pytest.raises(CredentialInvalid, match="not trusted"):
        bureau.verify(text)


def test_an_issuer_counts_only_if_it_is_one_of_those_who_are_asked(office, bureau):
    """Its key is known, but its word is not to count in this topic."""
    bureau.owner.admit(bureau.topic, office.address("outsider"), 3)
    issued = bureau.issue(issuer="outsider")
    bureau.attestations.attest(issued.statement.uid, bureau.topic, 2)
    text, status = bureau.show(issued.credential), bureau.trust().status
    with pytest.raises(CredentialInvalid, match="not trusted"):
        bureau.verify(text, bureau.trust("outsider", status=status))


def test_an_attestor_of_another_topic_proves_nothing(office, bureau):
    other = bureau.open_topic(outsider=255)
    issued = bureau.issue(issuer="outsider", attest=False)
    client = office.client("outsider", AttestationClient)
    client.attest(issued.statement.uid, other, 255)
    with pytest.raises(CredentialRevoked, match="not attested"):
        bureau.verify(bureau.show(issued.credential), bureau.trust("outsider"))


def test_a_credential_that_claims_a_higher_level_than_was_attested_is_refused(bureau):
    issued = bureau.issue(level=3, attest=False)
    bureau.attestations.attest(issued.statement.uid, bureau.topic, 2)
    with pytest.raises(CredentialRevoked, match="not attested"):
        bureau.verify(bureau.show(issued.credential))


def test_as_many_attestors_as_the_topic_asks_for_have_to_agree(office, bureau):
    topic = bureau.open_topic(quorum=2, attestor=3, examiner=2)
    issued = bureau.issue(topic=topic)
    text, both = bureau.show(issued.credential), bureau.trust("attestor", "examiner")
    with pytest.raises(CredentialRevoked, match="Not enough"):
        bureau.verify(text, both)
    examiner = office.client("examiner", AttestationClient)
    examiner.attest(issued.statement.uid, topic, 2)
    bureau.verify(text, both)
    with pytest.raises(CredentialRevoked, match="Not enough"):
        bureau.verify(text)  # who trusts one of them alone
    examiner.revoke(issued.statement.uid)
    with pytest.raises(CredentialRevoked, match="Not enough"):
        bureau.verify(text, both)


def test_a_registry_of_the_forgers_own_proves_nothing(office, bureau):
    own = Registry(31337, office.address("outsider"))
    issued = bureau.issue(registry=own, attest=False)
    text = bureau.show(issued.credential)
    with pytest.raises(CredentialInvalid, match="another registry"):
        bureau.verify(text)
    with pytest.raises(CredentialInvalid, match="another registry"):
        bureau.verify(text, registry=own)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"kinds": ["urn:other"]}, "another kind"), ({"level": 3}, "level is lower")],
    ids=str,
)
def test_a_credential_of_another_kind_or_level_is_refused(bureau, changes, reason):
    with pytest.raises(CredentialInvalid, match=reason):
        bureau.verify(bureau.show(bureau.issue().credential), **changes)


# ----------------------------------------------------------------- taken back


def test_a_revoked_credential_is_refused(bureau):
    issued = bureau.issue()
    bureau.attestations.revoke(issued.statement.uid)
    with pytest.raises(CredentialRevoked):
        bureau.verify(bureau.show(issued.credential))


def test_a_disowned_credential_is_refused(office, bureau):
    issued = bureau.issue()
    office.client("customer", AttestationClient).disown(issued.statement)
    with pytest.raises(CredentialRevoked):
        bureau.verify(bureau.show(issued.credential))


def test_credentials_of_a_stolen_key_are_refused_all_at_once(office, bureau):
    before = bureau.issue()
    stolen_at = office.now + 100
    office.node.advance_to(stolen_at)
    since = [bureau.issue() for _ in range(2)]
    office.node.advance_to(stolen_at + 100)
    bureau.owner.dismiss(bureau.topic, office.address("attestor"), stolen_at)
    bureau.verify(bureau.show(before.credential))
    for issued in since:
        with pytest.raises(CredentialRevoked):
            bureau.verify(bureau.show(issued.credential))


@pytest.mark.parametrize(
    ("moment", "problem"), [(YEAR, CredentialExpired), (-100, CredentialNotYetValid)]
)
def test_a_credential_out_of_time_is_refused(office, bureau, moment, problem):
    issued = bureau.issue()
    now = office.now + moment
    with pytest.raises(problem):
        bureau.verify(bureau.show(issued.credential, now=now), now=now)


# ----------------------------------------------------------------- issuers with did:ethr


@pytest.fixture
def resolved(office, bureau):
    """Trusting the attestor by the keys in its DID document."""
    trust = bureau.trust()
    keys = resolved_keys(bureau.resolver, [office.address("attestor")])
    return Trust(keys, trust.owner_of, trust.status)


@pytest.mark.parametrize("method", [Did.pkh, Did.ethr])
def test_an_issuers_key_is_found_in_its_document(office, bureau, resolved, method):
    issuer = method(office.address("attestor"), 31337)
    issued = bureau.issue(issuer_did=issuer)
    assert bureau.verify(bureau.show(issued.credential), resolved).issuer == issuer


def test_an_issuer_whose_key_was_replaced_no_longer_signs(office, bureau, resolved):
    attestor = office.address("attestor")
    issuer = Did.ethr(attestor, 31337)
    old = bureau.show(bureau.issue(issuer_did=issuer).credential)
    signed = bureau.issue(issuer="successor", issuer_did=issuer, attest=False)
    bureau.attestations.attest(signed.statement.uid, bureau.topic, 2)
    new = bureau.show(signed.credential)
    bureau.verify(old, resolved)
    with pytest.raises(CredentialSignatureInvalid):
        bureau.verify(new, resolved)
    change_owner(office, attestor, "successor", by="attestor")
    bureau.verify(new, resolved)
    with pytest.raises(CredentialSignatureInvalid):
        bureau.verify(old, resolved)


def test_an_issuer_who_is_not_trusted_is_not_looked_up(office, bureau, resolved):
    with pytest.raises(CredentialInvalid, match="not trusted"):
        bureau.verify(
            bureau.show(bureau.issue(issuer="outsider", attest=False).credential), resolved
        )


# ----------------------------------------------------------------- status lists


@pytest.fixture
def listed(bureau):
    """A credential with a place in the status list."""

    def listed_(**changes):
        position = bureau.book.reserve(URL)
        issued = bureau.issue(status=StatusEntry(URL, position), **changes)
        bureau.book.record(URL, position, issued.statement.uid, issued.statement.topic)
        return issued

    return listed_


def test_a_status_list_needs_no_node(bureau, listed):
    issued, other = listed(), listed()
    bureau.attestations.revoke(other.statement.uid)
    trust = bureau.by_list()
    bureau.verify(bureau.show(issued.credential), trust)
    with pytest.raises(CredentialRevoked, match="status list"):
        bureau.verify(bureau.show(other.credential), trust)


def test_a_status_list_says_what_the_chain_says(office, bureau, listed):
    """Revoked, disowned, never attested, and attested by a stolen key."""
    stands = listed()
    revoked, disowned, never = listed(), listed(), listed(attest=False)
    bureau.attestations.revoke(revoked.statement.uid)
    office.client("customer", AttestationClient).disown(disowned.statement)
    stolen_at = office.now + 100
    office.node.advance_to(stolen_at)
    stolen = listed()
    office.node.advance_to(stolen_at + 100)
    bureau.owner.dismiss(bureau.topic, office.address("attestor"), stolen_at)
    for issued in (stands, revoked, disowned, never, stolen):
        text, verdicts = bureau.show(issued.credential), set()
        for trust in (bureau.trust(), bureau.by_list()):
            try:
                bureau.verify(text, trust)
                verdicts.add(True)
            except CredentialRevoked:
                verdicts.add(False)
        assert verdicts == {issued is stands}


def test_a_position_that_was_reserved_and_never_used_is_void(bureau, listed):
    listed()
    position = bureau.book.reserve(URL)
    bits = bits_from_chain(
        bureau.book, URL, bureau.attestations, bureau.attestations.sender.address
    )
    assert [number for number in range(len(bits)) if bits[number]] == [position]


def test_a_list_of_somebody_else_is_refused(bureau, listed):
    issued = listed()
    with pytest.raises(CredentialSignatureInvalid, match="status list"):
        bureau.verify(bureau.show(issued.credential), bureau.by_list(bureau.list("outsider")))


def test_an_outsider_with_a_list_of_its_own_proves_nothing(office, bureau, listed):
    bureau.owner.admit(bureau.topic, office.address("outsider"), 3)
    issued = listed(issuer="outsider")
    with pytest.raises(CredentialInvalid, match="not trusted"):
        bureau.verify(bureau.show(issued.credential), bureau.by_list(bureau.list("outsider")))


def test_an_old_list_is_refused(office, bureau, listed):
    issued = listed()
    published = bureau.list()
    bureau.attestations.revoke(issued.statement.uid)
    office.node.advance_to(office.now + 3_601)
    with pytest.raises(CredentialExpired, match="status list"):
        bureau.verify(bureau.show(issued.credential), bureau.by_list(published))


def test_a_credential_without_a_place_in_a_list_needs_the_chain(bureau, listed):
    listed()
    issued = bureau.issue()
    with pytest.raises(CredentialInvalid, match="no status list"):
        bureau.verify(bureau.show(issued.credential), bureau.by_list())


def test_a_credential_of_another_registry_is_refused_without_a_node(office, bureau, listed):
    """A list says nothing about where its credentials were attested."""
    elsewhere = Registry(31337, office.address("outsider"))
    issued = listed(registry=elsewhere)
    text, trust = bureau.show(issued.credential), bureau.by_list()
    bureau.verify(text, trust, registry=elsewhere)
    with pytest.raises(CredentialInvalid, match="another registry"):
        bureau.verify(text, trust)


def test_trust_names_accounts():
    for make in (trusted_accounts, lambda names: resolved_keys(None, names)):
        with pytest.raises(UsageError):
            make(["shop"])
