"""The vault: who can write, who can read, and what the customer signs."""

import json
from dataclasses import replace

import pytest

from crmdapp.chain import LocalSigner
from crmdapp.errors import UsageError
from crmdapp.store.device import DeviceKeys
from crmdapp.store.epochs import KeyPackage, SignedErasure, SignedWrap, open_wrap, vault_domain
from crmdapp.store.errors import (
    BundleInvalid,
    CustodyProblem,
    DatumUnknown,
    EpochClosed,
    ErasureInvalid,
    ProfileKnown,
    ProfileUnknown,
    SealedInvalid,
    WrapInvalid,
)
from crmdapp.store.keys import OperatorKeys
from crmdapp.store.provenance import Evidence, FieldValue, Source
from crmdapp.store.receipts import VaultReceipt
from crmdapp.store.sealing import VALUE_MAX, key_id_of, new_key, open_field, public_key
from crmdapp.store.vault import Vault
from tests.store.conftest import CHAIN, DAY, EMAIL, HEALTH, NAME, PASSWORD, START

STRANGER = b"\x99" * 32
MAIL = b"ann@example.org"


# --------------------------------------------------------------------------- write and read


def test_write_seals_for_the_customer_alone(vault, device, enrolled):
    datum = vault.write(enrolled, "email", EMAIL, "ann@example.org", "online_form")
    (found,) = vault.ciphertexts(enrolled)
    assert found.datum == datum
    assert MAIL not in found.sealed
    assert device.open_field(found) == MAIL
    with pytest.raises(CustodyProblem):
        vault.open_custodial(found)


def test_write_keeps_versions(vault, device, enrolled):
    for value in (b"one@example.org", b"two@example.org"):
        vault.write(enrolled, "email", EMAIL, value, "online_form")
    vault.write(enrolled, "name", NAME, "Ann", "manual_entry")
    shown = [(item.datum.field, item.datum.version) for item in vault.ciphertexts(enrolled)]
    assert shown == [("email", 2), ("name", 1)]
    whole = vault.ciphertexts(enrolled, history=True)
    assert [device.open_field(item) for item in whole] == [
        b"one@example.org",
        b"two@example.org",
        b"Ann",
    ]
    (only,) = vault.ciphertexts(enrolled, 1 << NAME)
    assert only.datum.category == NAME
    assert vault.ciphertexts(enrolled, 1 << HEALTH) == []


def test_write_many_counts_versions_within_a_batch(vault, device, enrolled):
    values = [FieldValue(enrolled, "email", EMAIL, str(n), Source.IOT) for n in range(3)]
    made = vault.write_many(values)
    assert [item.version for item in made] == [1, 2, 3]
    (found,) = vault.ciphertexts(enrolled)
    assert device.open_field(found) == b"2"


def test_write_many_writes_all_or_nothing(vault, enrolled):
    good = FieldValue(enrolled, "email", EMAIL, "ann@example.org", Source.IOT)
    with pytest.raises(EpochClosed):
        vault.write_many([good, replace(good, category=HEALTH)])
    with pytest.raises(ProfileUnknown):
        vault.write_many([good, replace(good, profile=STRANGER)])
    assert vault.ciphertexts(enrolled) == []
    assert vault.write_many([]) == []


@pytest.mark.parametrize(
    "change",
    [
        {"field": "E-mail"},
        {"field": ""},
        {"field": "ann@example.org"},
        {"category": 256},
        {"category": -1},
        {"source": "hearsay"},
        {"value": bytes(VALUE_MAX + 1)},
        {"value": "quokka \ud800"},
    ],
    ids=["capital", "empty", "address", "256", "negative", "source", "long", "half-a-character"],
)
def test_write_refuses_what_is_malformed_and_repeats_no_value(vault, enrolled, change):
    value = FieldValue(enrolled, "email", EMAIL, "quokka@example.org", "iot")
    with pytest.raises(UsageError) as refused:
        vault.write_many([replace(value, **change)])
    assert "quokka" not in str(refused.value.to_dict())
    assert vault.ciphertexts(enrolled) == []


def test_write_refuses_a_profile_it_does_not_know(vault):
    with pytest.raises(ProfileUnknown):
        vault.write(STRANGER, "email", EMAIL, MAIL, "iot")
    with pytest.raises(ProfileUnknown):
        vault.ciphertexts(STRANGER)


def test_repr_shows_no_value(enrolled):
    value = FieldValue(enrolled, "email", EMAIL, "ann@example.org", "iot")
    assert "ann" not in repr(value)


# --------------------------------------------------------------------------- consent


def test_a_consent_opens_its_categories_and_no_others(
    vault, device, enrolled, partner, clock, read
):
    vault.write(enrolled, "email", EMAIL, MAIL, "online_form")
    vault.write(enrolled, "name", NAME, b"Ann", "online_form")
    grant = partner.grant([EMAIL, HEALTH], START + DAY)
    vault.accept(device.consent(enrolled, grant, now=clock.now))
    assert read(vault, partner, grant, enrolled, clock) == {"email": MAIL}


def test_a_consent_gets_no_key_of_a_category_that_another_consent_covers(
    vault, device, enrolled, partner, insurer, clock, read
):
    vault.write(enrolled, "name", NAME, b"Ann", "online_form")
    names = insurer.grant([NAME], START + DAY)
    mails = partner.grant([EMAIL], START + 2 * DAY)
    for grant in (names, mails):
        vault.accept(device.consent(enrolled, grant, now=clock.now))
    assert {item.wrap.category for item in vault.wraps(mails.consent_id)} == {EMAIL}
    clock.advance(DAY)  # an epoch that is over is for its category's consents alone, too
    vault.accept(device.publish(enrolled, now=clock.now))
    assert {item.wrap.category for item in vault.wraps(mails.consent_id)} == {EMAIL}
    assert read(vault, partner, mails, enrolled, clock) == {}


def test_a_category_added_later_is_wrapped_for_consents_that_cover_it(
    vault, device, enrolled, partner, clock, read
):
    grant = partner.grant([HEALTH], START + DAY)
    vault.accept(device.consent(enrolled, grant, now=clock.now))
    with pytest.raises(EpochClosed):
        vault.write(enrolled, "allergy", HEALTH, b"nuts", "online_form")
    device.add_categories(enrolled, [HEALTH])
    vault.accept(device.publish(enrolled, now=clock.now))
    vault.write(enrolled, "allergy", HEALTH, b"nuts", "online_form")
    assert read(vault, partner, grant, enrolled, clock) == {"allergy": b"nuts"}


def test_a_withdrawn_consent_opens_nothing_that_is_written_later(
    vault, device, enrolled, partner, insurer, clock, read
):
    vault.write(enrolled, "email", EMAIL, MAIL, "online_form")
    lost, kept = partner.grant([EMAIL], START + DAY), insurer.grant([EMAIL], START + 2 * DAY)
    for grant in (lost, kept):
        vault.accept(device.consent(enrolled, grant, now=clock.now))
    held = [
        open_wrap(item, partner.keys.reading_key(), owner=item.wrap.subject, now=clock.now)
        for item in vault.wraps(lost.consent_id)
    ]

    vault.accept(device.withdraw(enrolled, lost.consent_id, now=clock.now))
    vault.withdraw(lost.consent_id)

    vault.write(enrolled, "email", EMAIL, b"new@example.org", "online_form")
    assert vault.wraps(lost.consent_id) == []
    (item,) = vault.ciphertexts(enrolled)
    for key in held:
        with pytest.raises(SealedInvalid):
            open_field(key, item.sealed, item.place)
    # The other company lost nothing.
    assert read(vault, insurer, kept, enrolled, clock) == {"email": b"new@example.org"}


def test_after_a_withdrawal_the_device_publishes_no_key_that_the_consent_had(
    vault, device, enrolled, partner, insurer, clock
):
    """Whatever the vault does: what is sealed to the keys published now is closed to it."""
    lost, kept = partner.grant([EMAIL], START + 2 * DAY), insurer.grant([EMAIL], START + DAY)
    packages = [device.consent(enrolled, grant, now=clock.now) for grant in (lost, kept)]
    had = {
        signed.wrap.key_id
        for package in packages
        for signed in package.wraps
        if signed.wrap.consent_id == lost.consent_id
    }
    assert len(had) == 2  # the present epoch, and the one after the other consent's end
    after = device.withdraw(enrolled, lost.consent_id, now=clock.now).bundle.bundle
    published = {key_id_of(enrolled, key.category, key.epoch, key.public_key) for key in after.keys}
    assert not had & published


def test_a_withdrawal_that_the_device_does_not_know_of_closes_the_epoch_all_the_same(
    vault, device, enrolled, partner, insurer, clock, read
):
    lost, kept = partner.grant([EMAIL], START + DAY), insurer.grant([EMAIL], START + 2 * DAY)
    for grant in (lost, kept):
        vault.accept(device.consent(enrolled, grant, now=clock.now))
    before = vault.write(enrolled, "email", EMAIL, MAIL, "online_form")
    vault.withdraw(lost.consent_id)
    after = vault.write(enrolled, "email", EMAIL, b"new@example.org", "online_form")
    assert after.key_id != before.key_id
    vault.accept(device.withdraw(enrolled, lost.consent_id, now=clock.now))
    assert read(vault, insurer, kept, enrolled, clock) == {"email": b"new@example.org"}


def test_a_package_that_gives_keys_to_a_withdrawn_consent_is_refused(
    vault, device, enrolled, partner, insurer, clock
):
    lost = partner.grant([EMAIL], START + 2 * DAY)
    vault.accept(device.consent(enrolled, lost, now=clock.now))
    vault.withdraw(lost.consent_id)
    package = device.consent(enrolled, insurer.grant([EMAIL], START + DAY), now=clock.now)
    with pytest.raises(WrapInvalid, match="refused"):
        vault.accept(package)
    vault.accept(device.withdraw(enrolled, lost.consent_id, now=clock.now))


def test_others_read_on_when_a_consent_expires_while_the_device_is_off(
    vault, device, enrolled, partner, insurer, clock, read
):
    short, long = partner.grant([EMAIL], START + DAY), insurer.grant([EMAIL], START + 9 * DAY)
    for grant in (short, long):
        vault.accept(device.consent(enrolled, grant, now=clock.now))
    first = vault.write(enrolled, "email", EMAIL, MAIL, "online_form")
    clock.advance(DAY)
    # Whether or not the vault was swept, nothing more is sealed to the epoch that is over.
    second = vault.write(enrolled, "email", EMAIL, b"two@example.org", "online_form")
    assert second.key_id != first.key_id
    (receipt,) = vault.expire()
    assert (receipt.kind, receipt.body["wraps"]) == ("expiry", 1)
    assert vault.wraps(short.consent_id) == []
    assert read(vault, insurer, long, enrolled, clock) == {"email": b"two@example.org"}
    clock.advance(9 * DAY)
    # All consents are over, and the company can still write.
    third = vault.write(enrolled, "email", EMAIL, b"three@example.org", "online_form")
    assert third.key_id not in (first.key_id, second.key_id)
    assert len(vault.expire()) == 1
    assert vault.expire() == []


def test_a_renewed_consent_reads_on(vault, device, enrolled, partner, clock, read):
    grant = partner.grant([EMAIL], START + DAY)
    vault.accept(device.consent(enrolled, grant, now=clock.now))
    vault.write(enrolled, "email", EMAIL, MAIL, "online_form")
    renewed = replace(grant, expiry=START + 5 * DAY)
    vault.accept(device.consent(enrolled, renewed, now=clock.now))
    clock.advance(2 * DAY)
    assert vault.expire() == []
    assert read(vault, partner, renewed, enrolled, clock) == {"email": MAIL}


def test_a_lost_package_can_be_made_again(vault, device, enrolled, partner, clock, read):
    vault.write(enrolled, "email", EMAIL, MAIL, "online_form")
    grant = partner.grant([EMAIL], START + DAY)
    device.consent(enrolled, grant, now=clock.now)
    assert device.publish(enrolled, now=clock.now).wraps == ()
    vault.accept(device.publish(enrolled, now=clock.now, again=True))
    assert read(vault, partner, grant, enrolled, clock) == {"email": MAIL}


def test_withdraw_gives_a_signed_receipt_once(vault, device, enrolled, partner, keys, clock):
    grant = partner.grant([EMAIL, NAME], START + DAY)
    vault.accept(device.consent(enrolled, grant, now=clock.now))
    receipt = vault.withdraw(grant.consent_id)
    assert receipt.signed_by(keys.signer.address)
    assert not receipt.signed_by(partner.keys.signer.address)
    body = receipt.body
    assert (body["kind"], body["wraps"], body["epochs"]) == ("withdrawal", 2, 2)
    assert body["consentId"] == "0x" + grant.consent_id.hex()
    assert vault.withdraw(grant.consent_id) == receipt
    assert VaultReceipt.from_json(json.dumps(receipt.to_json())) == receipt
    forged = VaultReceipt({**body, "wraps": 3}, receipt.signature)
    assert not forged.signed_by(keys.signer.address)


def test_a_consent_withdrawn_before_its_wraps_arrive_gets_none(
    vault, device, enrolled, partner, clock
):
    grant = partner.grant([EMAIL], START + DAY)
    package = device.consent(enrolled, grant, now=clock.now)
    vault.withdraw(grant.consent_id)
    with pytest.raises(WrapInvalid):
        vault.accept(package)
    vault.accept(KeyPackage(package.bundle))
    with pytest.raises(WrapInvalid):
        vault.put_wrap(package.wraps[0])
    assert vault.wraps(grant.consent_id) == []


# --------------------------------------------------------------------------- signatures


@pytest.fixture
def package(device, enrolled, partner, clock):
    """A consent's keys, not handed over yet."""
    return device.consent(enrolled, partner.grant([EMAIL], START + DAY), now=clock.now)


def signed_anew(signed, signer, **change):
    """The content with changes, signed by somebody."""
    name = "bundle" if hasattr(signed, "bundle") else "wrap"
    content = replace(getattr(signed, name), **change)
    return type(signed)(content, signed.domain, content.sign(signer, signed.domain))


def test_accept_takes_what_the_customer_signed(vault, package):
    vault.accept(KeyPackage.from_json(json.dumps(package.to_json())))


@pytest.mark.parametrize(
    "forge",
    [
        pytest.param(lambda b, own, thief: signed_anew(b, thief), id="signed-by-a-stranger"),
        pytest.param(
            lambda b, own, thief: signed_anew(b, thief, subject=thief.address), id="a-stranger"
        ),
        pytest.param(lambda b, own, thief: replace(b, signature=b"\0" * 65), id="no-signature"),
        pytest.param(
            lambda b, own, thief: replace(b, bundle=replace(b.bundle, issued_at=START + 99)),
            id="altered",
        ),
        pytest.param(
            lambda b, own, thief: replace(b, domain=replace(b.domain, chain_id=1)),
            id="another-chain",
        ),
        pytest.param(lambda b, own, thief: signed_anew(b, own, issued_at=START), id="an-old-one"),
        pytest.param(
            lambda b, own, thief: signed_anew(b, own, keys=b.bundle.keys * 2), id="an-epoch-twice"
        ),
        pytest.param(
            lambda b, own, thief: signed_anew(
                b, own, keys=(replace(b.bundle.keys[0], epoch=99, public_key=bytes(32)),)
            ),
            id="a-key-everybody-has",
        ),
        pytest.param(
            lambda b, own, thief: signed_anew(
                b, own, keys=(replace(b.bundle.keys[0], public_key=public_key(b"\x07" * 32)),)
            ),
            id="a-second-key-for-an-epoch",
        ),
        pytest.param(
            lambda b, own, thief: signed_anew(b, own, keys=(replace(b.bundle.keys[0], epoch=0),)),
            id="the-custodial-epoch",
        ),
    ],
)
def test_accept_refuses_a_bundle_that_is_not_the_customers(vault, device, company, package, forge):
    own, thief = device.identity(CHAIN, company), LocalSigner.random()
    forged = KeyPackage(forge(package.bundle, own, thief), package.wraps)
    with pytest.raises(BundleInvalid):
        vault.accept(forged)
    assert vault.wraps(package.wraps[0].wrap.consent_id) == []
    vault.accept(package)


WRAPS = [
    pytest.param(lambda w, own, thief: signed_anew(w, thief), id="signed-by-a-stranger"),
    pytest.param(
        lambda w, own, thief: signed_anew(w, thief, subject=thief.address), id="a-stranger"
    ),
    pytest.param(
        lambda w, own, thief: replace(w, wrap=replace(w.wrap, expiry=START + 99 * DAY)),
        id="a-later-end",
    ),
    pytest.param(
        lambda w, own, thief: replace(w, wrap=replace(w.wrap, consent_id=STRANGER)),
        id="another-consent",
    ),
    pytest.param(
        lambda w, own, thief: replace(w, domain=replace(w.domain, chain_id=1)), id="another-chain"
    ),
    pytest.param(lambda w, own, thief: signed_anew(w, own, expiry=START), id="over"),
    pytest.param(lambda w, own, thief: signed_anew(w, own, profile=STRANGER), id="another-profile"),
    pytest.param(lambda w, own, thief: signed_anew(w, own, sealed=bytes(79)), id="too-short"),
]


@pytest.mark.parametrize("forge", WRAPS)
def test_accept_refuses_a_wrap_that_is_not_the_customers(vault, device, partner, package, forge):
    own, thief = device.identity(CHAIN, partner.address), LocalSigner.random()
    forged = KeyPackage(package.bundle, (forge(package.wraps[0], own, thief),))
    with pytest.raises(WrapInvalid):
        vault.accept(forged)
    assert vault.wraps(package.wraps[0].wrap.consent_id) == []
    # Nothing of the package was taken, so the right one is still the newest.
    vault.accept(package)


@pytest.mark.parametrize("forge", WRAPS)
def test_put_wrap_refuses_a_wrap_that_is_not_the_customers(vault, device, partner, package, forge):
    own, thief = device.identity(CHAIN, partner.address), LocalSigner.random()
    vault.accept(KeyPackage(package.bundle))
    with pytest.raises((WrapInvalid, ProfileUnknown)):
        vault.put_wrap(forge(package.wraps[0], own, thief))
    assert vault.wraps(package.wraps[0].wrap.consent_id) == []
    vault.put_wrap(package.wraps[0])
    assert vault.wraps(package.wraps[0].wrap.consent_id) == [package.wraps[0]]


def test_a_wrap_of_a_key_that_was_never_published_is_not_kept(vault, device, partner, package):
    own = device.identity(CHAIN, partner.address)
    unknown = signed_anew(package.wraps[0], own, key_id=STRANGER)
    vault.accept(KeyPackage(package.bundle, (unknown, *package.wraps)))
    with pytest.raises(WrapInvalid):
        vault.put_wrap(unknown)
    assert vault.wraps(unknown.wrap.consent_id) == [package.wraps[0]]


def test_a_key_left_out_of_a_bundle_is_closed(vault, device, company, package, enrolled):
    own = device.identity(CHAIN, company)
    bundle = signed_anew(
        package.bundle,
        own,
        keys=tuple(key for key in package.bundle.bundle.keys if key.category == NAME),
    )
    vault.accept(KeyPackage(bundle))
    vault.write(enrolled, "name", NAME, b"Ann", "iot")
    with pytest.raises(EpochClosed):
        vault.write(enrolled, "email", EMAIL, MAIL, "iot")


def test_a_rotated_identity_signs_with_its_new_key(
    store, keys, domain, clock, device, enrolled, company, vault
):
    before = device.publish(enrolled, now=clock.now + 1)
    owner = device.rotate(CHAIN, company)
    subject = device.subject(CHAIN, company)
    assert owner.address != subject == before.bundle.bundle.subject
    rotated = Vault(store, keys, domain, owner_of={subject: owner.address}.get, clock=clock)
    with pytest.raises(BundleInvalid):
        rotated.accept(before)
    after = device.publish(enrolled, now=clock.now + 2)
    with pytest.raises(BundleInvalid):
        vault.accept(after)
    rotated.accept(after)


def test_open_wrap_is_for_the_grantee_of_the_consent_in_time(package, partner, insurer, clock):
    (signed,) = package.wraps
    owner, now = signed.wrap.subject, clock.now
    key = open_wrap(signed, partner.keys.reading_key(), owner=owner, now=now)
    bundle = package.bundle.bundle
    assert public_key(key) in {item.public_key for item in bundle.keys}
    with pytest.raises(SealedInvalid):
        open_wrap(signed, insurer.keys.reading_key(), owner=owner, now=now)
    with pytest.raises(WrapInvalid):
        open_wrap(signed, partner.keys.reading_key(), owner=insurer.address, now=now)
    with pytest.raises(WrapInvalid):
        open_wrap(signed, partner.keys.reading_key(), owner=owner, now=signed.wrap.expiry)


@pytest.mark.parametrize(
    "change",
    [{"consent_id": STRANGER}, {"expiry": START + 9 * DAY}, {"key_id": STRANGER}],
    ids=lambda change: next(iter(change)),
)
def test_open_wrap_is_bound_to_its_consent(package, device, partner, clock, change):
    """Even the customer's own signature moves a sealed key to no other consent, end or key."""
    own = device.identity(CHAIN, partner.address)
    moved = signed_anew(package.wraps[0], own, **change)
    with pytest.raises(SealedInvalid):
        open_wrap(moved, partner.keys.reading_key(), owner=own.address, now=clock.now)


def test_open_wrap_refuses_a_key_that_is_not_the_one_named(partner, clock, device, domain):
    from crmdapp.store.epochs import make_wrap

    own = device.identity(CHAIN, partner.address)
    wrap = make_wrap(
        new_key(),
        domain=domain,
        consent_id=STRANGER,
        profile=STRANGER,
        subject=own.address,
        category=1,
        epoch=1,
        grantee_key=partner.keys.reading_public_key,
        expiry=START + DAY,
    )
    # Category is not in the context of the sealed key; the id of the key holds it.
    wrap = replace(wrap, category=2)
    signed = SignedWrap(wrap, domain, wrap.sign(own, domain))
    with pytest.raises(WrapInvalid, match="another key than it names"):
        open_wrap(signed, partner.keys.reading_key(), owner=own.address, now=clock.now)


# --------------------------------------------------------------------------- profiles


def test_enrol_twice_is_once(vault, device, enrolled, company):
    subject = device.subject(CHAIN, company)
    vault.enrol(enrolled, subject)
    with pytest.raises(ProfileKnown):
        vault.enrol(enrolled, LocalSigner.random().address)
    with pytest.raises(UsageError):
        vault.enrol(b"short", subject)


def test_adopt_leaves_known_profiles_alone(vault, enrolled):
    assert vault.adopt([enrolled, STRANGER, STRANGER]) == 1
    assert vault.adopt([STRANGER]) == 0
    with pytest.raises(ProfileKnown):
        vault.enrol(STRANGER, LocalSigner.random().address)


def test_a_custodial_profile_is_read_by_the_company_until_it_is_claimed(
    vault, device, domain, company, clock, keys
):
    vault.adopt([STRANGER])
    vault.write(STRANGER, "email", EMAIL, b"old@example.org", "csv_import")
    vault.write(STRANGER, "email", EMAIL, MAIL, "csv_import", Evidence("crm.csv:17"))
    (before,) = vault.ciphertexts(STRANGER)
    assert vault.open_custodial(before) == MAIL
    assert vault.trace(before.datum.id).custodial is True

    device.add_profile(STRANGER, domain, company, [EMAIL])
    subject = device.subject(CHAIN, company)
    vault.claim(STRANGER, subject, device.publish(STRANGER, now=clock.now))

    whole = vault.ciphertexts(STRANGER, history=True)
    assert [device.open_field(item) for item in whole] == [b"old@example.org", MAIL]
    trace = vault.trace(before.datum.id)
    assert trace.custodial is False
    assert trace.datum.evidence.reference == "crm.csv:17"
    for item in (before, *whole):
        with pytest.raises(CustodyProblem):
            vault.open_custodial(item)
    assert keys.rows("SELECT * FROM custodial_keys") == []
    vault.write(STRANGER, "email", EMAIL, b"new@example.org", "online_form")
    assert device.open_field(vault.ciphertexts(STRANGER)[0]) == b"new@example.org"


def test_claim_refuses_what_would_lose_data(vault, device, domain, company, clock):
    vault.adopt([STRANGER])
    vault.write(STRANGER, "email", EMAIL, MAIL, "csv_import")
    device.add_profile(STRANGER, domain, company, [NAME])
    subject = device.subject(CHAIN, company)
    package = device.publish(STRANGER, now=clock.now)
    with pytest.raises(EpochClosed):
        vault.claim(STRANGER, subject, package)
    with pytest.raises(BundleInvalid):
        vault.claim(STRANGER, LocalSigner.random().address, package)
    assert vault.open_custodial(vault.ciphertexts(STRANGER)[0]) == MAIL


def test_accept_and_claim_keep_to_their_kind_of_profile(vault, device, enrolled, company, clock):
    subject = device.subject(CHAIN, company)
    with pytest.raises(CustodyProblem):
        vault.claim(enrolled, subject, device.publish(enrolled, now=clock.now + 1))
    device.add_profile(STRANGER, vault.domain, company, [EMAIL])
    with pytest.raises(ProfileUnknown):
        vault.accept(device.publish(STRANGER, now=clock.now))
    vault.adopt([STRANGER])
    with pytest.raises(CustodyProblem):
        vault.accept(device.publish(STRANGER, now=clock.now))


# --------------------------------------------------------------------------- provenance


def test_trace_says_where_from_and_to_whom(vault, enrolled, partner, insurer, clock):
    evidence = Evidence("webform/newsletter#3", b"\x0d" * 32)
    datum = vault.write(enrolled, "email", EMAIL, MAIL, Source.ONLINE_FORM, evidence)
    other = vault.write(enrolled, "name", NAME, b"Ann", "manual_entry")
    first = vault.disclose(enrolled, partner.address, b"\x01" * 32, 1 << 100, [datum.id])
    clock.advance(60)
    second = vault.disclose(
        enrolled, insurer.address, b"\x02" * 32, 3, [other.id, datum.id], log_id=b"\x03" * 32, seq=7
    )
    trace = vault.trace(datum.id)
    assert trace.datum == datum
    assert (trace.datum.source, trace.datum.evidence) == (Source.ONLINE_FORM, evidence)
    assert trace.disclosures == (first, second)
    assert vault.trace(other.id).disclosures == (second,)
    assert vault.passed_on_to(enrolled) == [first, second]
    assert (second.disclosed_at, second.seq, second.data) == (
        START + 60,
        7,
        (datum.id, other.id),
    )
    assert first.purposes == 1 << 100


def test_disclose_refuses_data_of_somebody_else(vault, enrolled, partner):
    vault.adopt([STRANGER])
    foreign = vault.write(STRANGER, "email", EMAIL, MAIL, "csv_import")
    for data in ([foreign.id], [10**9]):
        with pytest.raises(DatumUnknown):
            vault.disclose(enrolled, partner.address, b"\x01" * 32, 1, data)
    with pytest.raises(UsageError):
        vault.disclose(enrolled, partner.address, b"\x01" * 32, 1 << 128, [])
    assert vault.passed_on_to(enrolled) == []
    with pytest.raises(DatumUnknown):
        vault.trace(10**9)


@pytest.mark.parametrize(
    "reference",
    ["ann@example.org", "call to Ann", "+436641234567", "436641234567", "x" * 121, "Zoë"],
)
def test_evidence_has_no_room_for_personal_details(reference):
    with pytest.raises(UsageError) as refused:
        Evidence(reference)
    assert reference not in str(refused.value.to_dict())
    assert Evidence("crm-20260301.csv:1234567").digest is None
    with pytest.raises(UsageError):
        Evidence(digest=b"short")


def test_every_source_has_its_name():
    assert {item.value for item in Source} == {
        "manual_entry",
        "online_form",
        "address_dealer",
        "partner_api",
        "csv_import",
        "public_register",
        "inferred",
        "iot",
    }


# --------------------------------------------------------------------------- the request to erase


def test_erase_obeys_the_customer(vault, device, enrolled, clock):
    request = device.request_erasure(enrolled, deadline=clock.now)
    request = SignedErasure.from_json(json.dumps(request.to_json()))
    receipt = vault.erase(enrolled, request)
    assert receipt.body["profile"] == "0x" + enrolled.hex()
    with pytest.raises(ProfileUnknown):
        vault.erase(enrolled)


def test_erase_refuses_a_request_that_is_not_the_customers(vault, device, enrolled, clock, company):
    good = device.request_erasure(enrolled, deadline=clock.now)
    thief = LocalSigner.random()
    forged = [
        replace(good, signature=good.request.sign(thief, good.domain)),
        replace(good, request=replace(good.request, deadline=clock.now + 1)),
        replace(good, domain=vault_domain(1, good.domain.verifying_contract)),
    ]
    own = replace(good.request, subject=thief.address)
    forged.append(SignedErasure(own, good.domain, own.sign(thief, good.domain)))
    for request in forged:
        with pytest.raises(ErasureInvalid, match="not the customer's"):
            vault.erase(enrolled, request)
    vault.adopt([STRANGER])
    with pytest.raises(ErasureInvalid, match="not the customer's"):
        vault.erase(STRANGER, good)
    clock.advance(1)
    with pytest.raises(ErasureInvalid, match="too old"):
        vault.erase(enrolled, good)
    vault.ciphertexts(enrolled)


def test_a_key_file_is_for_one_registry(store, keys, vault, clock):
    with pytest.raises(UsageError, match="another consent registry"):
        Vault(store, keys, vault_domain(1, vault.domain.verifying_contract), clock=clock)
    Vault(store, keys, vault.domain, clock=clock)


def test_identities_of_one_customer_have_nothing_in_common(device, company, partner):
    ours, theirs = device.subject(CHAIN, company), device.subject(CHAIN, partner.address)
    assert ours != theirs
    assert device.subject(CHAIN + 1, company) != ours
    assert device.subject(CHAIN, company) == ours


def test_two_devices_have_nothing_in_common(device, company, tmp_path):
    with DeviceKeys.create(tmp_path / "other.keys", PASSWORD) as other:
        assert other.subject(CHAIN, company) != device.subject(CHAIN, company)
        assert other.guardian_key != device.guardian_key


def test_key_ids_agree_between_device_and_vault(vault, device, enrolled):
    datum = vault.write(enrolled, "email", EMAIL, MAIL, "iot")
    bundle = device.publish(enrolled, now=START + 1).bundle.bundle
    ids = {key_id_of(enrolled, k.category, k.epoch, k.public_key) for k in bundle.keys}
    assert datum.key_id in ids


def test_a_reading_key_can_be_renewed(tmp_path):
    with OperatorKeys.create(tmp_path / "company.keys") as keys:
        old = keys.reading_public_key
        new = keys.renew_reading_key()
        assert keys.reading_public_key == new != old
        assert public_key(keys.reading_key(old)) == old
        assert public_key(keys.reading_key()) == new
