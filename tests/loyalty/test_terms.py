"""Terms on a real chain: published if they are true, accepted by those who read them."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

from crmdapp.chain import LocalSigner
from crmdapp.chain.errors import IntentExpired, IntentNonceUsed, IntentSignatureInvalid
from crmdapp.errors import ContractMissing, UsageError, VerificationFailed
from crmdapp.loyalty.errors import (
    ProgramOwnerOnly,
    ProgramUnknown,
    TermsContradictChain,
    TermsPublishedBefore,
    TermsUnknown,
)
from crmdapp.loyalty.events import TermsAccepted, TermsPublished
from crmdapp.loyalty.terms import (
    SignedAcceptance,
    TermsAcceptance,
    TermsBundle,
    TermsClient,
    Verdict,
    sign_acceptance,
    terms_domain,
)
from crmdapp.loyalty.terms_models import TermsPrices
from tests.fixtures.intents import compact
from tests.loyalty.constants import EPOCH_LENGTH
from tests.loyalty.ledger import *  # noqa: F403 - fixtures

LAW = "the law of Portugal"
LATER = 2**40 - 1
HASH = b"\x07" * 32
CONTRACT = "0x" + "11" * 20
SIGNER = LocalSigner(b"\x07" * 32)


@pytest.fixture
def terms_of(ledger):
    """The contract as a role uses it."""

    def terms_of_(role):
        return TermsClient.at(ledger.connection, ledger.manifest, ledger.client(role).sender)

    return terms_of_


@pytest.fixture
def terms(terms_of):
    """As the merchant uses it."""
    return terms_of("merchant")


@pytest.fixture
def program(ledger, merchant):
    """A program with everything that terms can speak of."""
    program = ledger.open_program(validity=3, cap=1_000_000, tiers=(10_000, 50_000)).id
    hub = merchant.hub
    merchant.send(hub.call("announcePrices", program, 20_000, 10_000))
    merchant.send(hub.call("setClawback", program, 1_209_600))
    return program


@pytest.fixture
def bundle(terms, program):
    """Default terms of that program."""
    return terms.draft(program, law=LAW)


def changed(bundle, **changes):
    """A bundle that states something else."""
    return TermsBundle.of(replace(bundle.terms, **changes), bundle.prose.decode())


def sign(bundle, signer, terms, *, nonce=1, deadline=LATER, domain=None):
    return sign_acceptance(
        signer,
        domain or terms.domain,
        program=bundle.terms.program,
        bundle_hash=bundle.hash,
        nonce=nonce,
        deadline=deadline,
    )


# ----------------------------------------------------------------- reading


def test_facts_are_what_the_chain_says(ledger, terms, program):
    chain = terms.facts(program)
    assert chain.chain_id == 31337
    assert chain.ledger == ledger.hub
    assert chain.genesis == ledger.genesis
    assert chain.program == ledger.client("merchant").program(program)
    assert chain.facts.epoch_length == EPOCH_LENGTH
    assert (chain.facts.validity, chain.facts.cap, chain.facts.tiers) == (
        3,
        1_000_000,
        (10_000, 50_000),
    )
    assert (chain.facts.on_ramp, chain.facts.off_ramp) == (20_000, 10_000)
    assert chain.facts.clawback == 1_209_600
    assert chain.coin == ledger.coin
    assert (chain.announced, chain.versions, chain.current) == (None, (), None)


def test_facts_tell_prices_that_are_announced(ledger, merchant, terms, program):
    merchant.send(merchant.hub.call("announcePrices", program, 30_000, 15_000))
    chain = terms.facts(program)
    assert (chain.facts.on_ramp, chain.facts.off_ramp) == (20_000, 10_000)
    on_ramp, off_ramp, at = chain.announced
    assert (on_ramp, off_ramp) == (30_000, 15_000)
    ledger.node.advance_to(int(at.timestamp()))
    chain = terms.facts(program)
    assert (chain.facts.on_ramp, chain.announced) == (30_000, None)


def test_a_program_that_does_not_exist_is_named(terms):
    for question in (terms.facts, terms.versions, terms.current, terms.draft):
        with pytest.raises(ProgramUnknown):
            question(98)


def test_at_needs_the_contract_in_the_manifest(ledger, terms):
    assert terms.contract.address == ledger.terms
    manifest = type(ledger.manifest)(31337, "0x")
    with pytest.raises(ContractMissing):
        TermsClient.at(ledger.connection, manifest)


def test_a_client_without_an_account_only_reads(ledger, program, bundle):
    reader = TermsClient.at(ledger.connection, ledger.manifest)
    assert reader.current(program) is None
    with pytest.raises(UsageError, match="no account to send with"):
        reader.publish(bundle)


# ----------------------------------------------------------------- publishing


def test_publish_makes_the_first_version_hold_at_once(ledger, terms, program, bundle):
    version = terms.publish(bundle)
    assert (version.program, version.version) == (program, 0)
    assert version.bundle_hash == bundle.hash
    assert version.published_at == version.effective_at
    assert terms.versions(program) == (version,)
    assert terms.current(program) == version
    assert terms.require_published(bundle) == version


def test_publish_of_a_later_version_waits_an_epoch(ledger, terms, program, bundle):
    first = terms.publish(bundle)
    second = terms.publish(terms.draft(program, law="the law of Spain"))
    assert second.version == 1
    assert second.effective_at - second.published_at == timedelta(seconds=EPOCH_LENGTH)
    assert terms.current(program) == first
    ledger.node.advance_to(int(second.effective_at.timestamp()))
    assert terms.current(program) == second
    assert terms.versions(program) == (first, second)


def test_publish_reports_the_event(ledger, terms, bundle):
    terms.publish(bundle, key="terms")
    call = terms.prepare.publish(bundle)
    receipt = terms.sender.wait(terms.sender.send(call, key="terms"))
    (event,) = receipt.events_of(TermsPublished)
    assert (event.version, event.bundle_hash) == (0, bundle.hash)


def test_publish_with_a_key_happens_once(terms, program, bundle):
    assert terms.publish(bundle, key="first") == terms.publish(bundle, key="first")
    assert len(terms.versions(program)) == 1
    with pytest.raises(TermsPublishedBefore):
        terms.publish(bundle)


@pytest.mark.parametrize(
    ("changes", "field", "stated", "actual"),
    [
        ({"epoch_length": 60}, "epochLength", 60, EPOCH_LENGTH),
        ({"validity": 4}, "validity", 4, 3),
        ({"cap": 0}, "cap", 0, 1_000_000),
        ({"prices": None}, "onRamp", 0, 20_000),
        ({"prices": TermsPrices(CONTRACT, 20_000, 1)}, "offRamp", 1, 10_000),
        ({"clawback": 0}, "clawback", 0, 1_209_600),
        ({"tiers": ()}, "tiers", 0, 2),
    ],
)
def test_publish_refuses_what_contradicts_the_chain_as_the_contract_does(
    terms, program, bundle, changes, field, stated, actual
):
    wrong = changed(bundle, **changes)
    before = terms.connection.nonce(terms.sender.address)
    with pytest.raises(TermsContradictChain) as caught:
        terms.publish(wrong)
    assert caught.value.field == field.encode().ljust(32, b"\0")
    assert (caught.value.stated, caught.value.actual) == (stated, actual)
    assert terms.connection.nonce(terms.sender.address) == before
    with pytest.raises(TermsContradictChain) as by_contract:
        terms.send(terms.prepare.publish(wrong))
    assert by_contract.value == caught.value
    assert terms.versions(program) == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "Tea"},
        {"symbol": "TEA"},
        {"chain_id": 1},
        {"ledger": "0x" + "11" * 20},
        {"version": 7},
        {"genesis": 0},
        {"gifts": False},
    ],
)
def test_publish_refuses_what_only_the_client_can_compare(terms, program, bundle, changes):
    (field,) = changes
    with pytest.raises(VerificationFailed, match="contradict the chain") as caught:
        terms.publish(changed(bundle, **changes))
    assert caught.value.why.startswith(field)
    assert terms.versions(program) == ()


def test_publish_refuses_another_coin(terms, bundle):
    prices = TermsPrices(CONTRACT, 20_000, 10_000)
    with pytest.raises(VerificationFailed) as caught:
        terms.publish(changed(bundle, prices=prices))
    assert "prices.coin" in caught.value.why


def test_publish_refuses_a_placeholder(terms, program):
    bundle = terms.draft(program)
    with pytest.raises(UsageError, match="not complete") as caught:
        terms.publish(bundle)
    assert "governing_law" in caught.value.why
    assert terms.versions(program) == ()


def test_publish_is_the_owners(terms_of, bundle):
    with pytest.raises(ProgramOwnerOnly):
        terms_of("outsider").publish(bundle)


def test_check_follows_the_chain(merchant, terms, program, bundle):
    def contradicted():
        return {f.field for f in terms.check(bundle) if f.verdict is Verdict.CONTRADICTS}

    assert contradicted() == set()
    terms.publish(bundle)
    assert contradicted() == set()
    merchant.configure(program, validity=1, cap=0)
    assert contradicted() == {"validity_epochs", "cap_units"}


def test_check_says_when_terms_take_effect(ledger, merchant, terms, program, bundle):
    def when():
        return next(f.words for f in terms.check(bundle) if (f.field, f.verdict) == at)

    at = ("version", Verdict.NOTE)
    assert "take effect at once" in when()
    terms.publish(bundle)
    assert "has been in effect from" in when()
    first, bundle = bundle, terms.draft(program, law="the law of Spain")
    assert "Published now, they take effect" in when()
    second = terms.publish(bundle)
    assert "will be in effect from" in when()
    ledger.node.advance_to(int(second.effective_at.timestamp()))
    bundle = first
    assert when().endswith("and is not the version that holds.")
    merchant.send(merchant.hub.call("announcePrices", program, 30_000, 15_000))
    (words,) = [f.words for f in terms.check(bundle) if (f.field, f.verdict) == ("prices", "note")]
    assert "a point costs 0.03 and pays 0.015" in words


# ----------------------------------------------------------------- accepting


def test_accept_records_the_sender(ledger, terms, terms_of, program, bundle):
    terms.publish(bundle)
    customer = terms_of("customer")
    assert customer.is_accepted(program, bundle.hash, ledger.address("customer")) is False
    receipt = customer.accept(program, bundle.hash)
    (event,) = receipt.events_of(TermsAccepted)
    assert (event.program, event.member) == (program, ledger.address("customer"))
    assert customer.is_accepted(program, bundle.hash, ledger.address("customer")) is True
    assert customer.is_accepted(program, bundle.hash, ledger.address("friend")) is False


def test_accept_refuses_what_was_not_published(terms_of, program, bundle):
    with pytest.raises(TermsUnknown):
        terms_of("customer").accept(program, bundle.hash)
    with pytest.raises(UsageError, match="32 bytes"):
        terms_of("customer").accept(program, b"short")


def test_require_published_finds_every_change(terms, program, bundle):
    with pytest.raises(VerificationFailed, match="not terms that program"):
        terms.require_published(bundle)
    terms.publish(bundle)
    for other in (
        changed(bundle, operator="Somebody else"),
        TermsBundle.of(bundle.terms, bundle.prose.decode() + " "),
    ):
        with pytest.raises(VerificationFailed, match="not terms that program"):
            terms.require_published(other)


def test_submit_records_the_member_who_signed(ledger, terms, terms_of, program, bundle):
    terms.publish(bundle)
    signed = sign(bundle, ledger.signers["customer"], terms)
    relayer = terms_of("outsider")
    receipt = relayer.submit(signed, key="acceptance")
    assert relayer.submit(signed, key="acceptance").hash == receipt.hash
    assert terms.is_accepted(program, bundle.hash, ledger.address("customer")) is True
    assert terms.is_accepted(program, bundle.hash, ledger.address("outsider")) is False
    with pytest.raises(IntentNonceUsed):
        relayer.submit(signed)


def test_submit_refuses_what_the_contract_refuses(ledger, terms, terms_of, bundle):
    relayer, customer = terms_of("outsider"), ledger.signers["customer"]
    with pytest.raises(TermsUnknown):
        relayer.submit(sign(bundle, customer, terms))
    terms.publish(bundle)
    with pytest.raises(IntentExpired):
        relayer.submit(sign(bundle, customer, terms, deadline=1))
    foreign = [terms_domain(1, ledger.terms), terms_domain(31337, ledger.hub)]
    for domain in foreign:
        with pytest.raises(IntentSignatureInvalid):
            relayer.submit(sign(bundle, customer, terms, domain=domain))
    signed = sign(bundle, customer, terms)
    stolen = replace(signed, acceptance=replace(signed.acceptance, member=ledger.address("friend")))
    with pytest.raises(IntentSignatureInvalid):
        relayer.submit(stolen)


# ----------------------------------------------------------------- signing offline


def offline(**changes):
    values = {"program": 2, "bundle_hash": HASH, "nonce": 5, "deadline": LATER, **changes}
    return sign_acceptance(SIGNER, terms_domain(31337, CONTRACT), **values)


def test_sign_acceptance_is_what_wallets_sign():
    signed = offline()
    encoded = encode_typed_data(full_message=signed.to_json()["typedData"])
    assert Account.sign_message(encoded, b"\x07" * 32).signature == signed.signature
    assert signed.signed_by_key()
    signed.require_signed_by_key()


def test_signed_acceptance_survives_its_json():
    signed = offline(deadline=datetime(2030, 1, 1, tzinfo=UTC))
    assert SignedAcceptance.from_json(json.dumps(signed.to_json())) == signed
    assert signed.acceptance.deadline == 1_893_456_000
    assert signed.acceptance == TermsAcceptance(2, HASH, SIGNER.address, 5, 1_893_456_000)


def test_signed_acceptance_takes_the_compact_form():
    signed = offline()
    replace(signed, signature=compact(signed.signature)).require_signed_by_key()


def test_signed_acceptance_notices_every_change():
    signed = offline()
    for changes in (
        {"program": 4},
        {"bundle_hash": b"\x08" * 32},
        {"nonce": 6},
        {"deadline": 1},
        {"member": CONTRACT},
    ):
        other = replace(signed, acceptance=replace(signed.acceptance, **changes))
        assert not other.signed_by_key()
        with pytest.raises(IntentSignatureInvalid):
            other.require_signed_by_key()
    assert not replace(signed, signature=b"\0" * 65).signed_by_key()


@pytest.mark.parametrize(
    "changes",
    [
        {"program": -1},
        {"program": "2"},
        {"nonce": 2**256},
        {"deadline": 2**40},
        {"deadline": datetime(2030, 1, 1)},  # noqa: DTZ001 - a moment without a zone is refused
        {"bundle_hash": b"\x07" * 31},
    ],
)
def test_sign_acceptance_refuses_what_does_not_fit(changes):
    with pytest.raises(UsageError):
        offline(**changes)


def test_terms_domain_refuses_what_is_no_address():
    with pytest.raises(UsageError):
        terms_domain(1, "0x12")


@pytest.mark.parametrize(
    ("path", "value", "word"),
    [
        (["typedData", "primaryType"], "RedeemIntent", "primaryType"),
        (["typedData", "message", "program"], "x", "program"),
        (["typedData", "message", "bundleHash"], "0x12", "bundleHash"),
        (["typedData", "message", "member"], "0x12", "member"),
        (["typedData", "message", "nonce"], -1, "nonce"),
        (["typedData", "message", "deadline"], 2**40, "deadline"),
        (["typedData", "domain"], None, "domain"),
        (["signature"], "0xzz", "signature"),
        (["typedData"], 5, "typedData"),
    ],
)
def test_from_json_names_the_field(path, value, word):
    data = offline().to_json()
    place = data
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(UsageError, match=word):
        SignedAcceptance.from_json(data)


@pytest.mark.parametrize("text", ["{", "5", "[]", "{}"])
def test_from_json_refuses_what_is_no_acceptance(text):
    with pytest.raises(UsageError, match="signed acceptance"):
        SignedAcceptance.from_json(text)
