"""The attacker has the operator's whole database and every key file of the operator."""

import os
from itertools import product

import pytest

from crmdapp.chain import LocalSigner
from crmdapp.store.epochs import SignedWrap, make_wrap, open_wrap
from crmdapp.store.errors import CustodyProblem, SealedInvalid, WrapInvalid
from crmdapp.store.keys import OperatorKeys
from crmdapp.store.sealing import open_, open_field, public_key
from tests.store.conftest import CHAIN, DAY, EMAIL, NAME, START

FIELDS = {"email": (EMAIL, b"ann@example.org"), "name": (NAME, b"Ann Example")}


@pytest.fixture
def loot(vault, device, enrolled, partner, keys, clock, tmp_path):
    """A vault in use: values, another company's live consent, and the operator's own that ended.

    Returns every 32 bytes in the operator's key file and store that could be a private key.
    """
    for field, (category, value) in FIELDS.items():
        vault.write(enrolled, field, category, value, "online_form")
    vault.accept(device.consent(enrolled, partner.grant([EMAIL, NAME], START + DAY), now=START))
    own = partner.grant([EMAIL, NAME], START + DAY)
    own = type(own)(
        own.consent_id, partner.address, own.categories, keys.reading_public_key, own.expiry
    )
    vault.accept(device.consent(enrolled, own, now=START))
    vault.accept(device.withdraw(enrolled, own.consent_id, now=START))
    vault.withdraw(own.consent_id)
    # What was written while the consent held may have been read; now comes what was not.
    for field, (category, value) in FIELDS.items():
        vault.write(enrolled, field, category, value, "online_form")
    found = set()
    for table in keys.rows("SELECT name FROM sqlite_master WHERE type = 'table'"):
        for row in keys.rows(f"SELECT * FROM {table[0]}"):
            for cell in row:
                raw = cell if isinstance(cell, bytes) else str(cell).encode()
                found |= {raw[at : at + 32] for at in range(max(1, len(raw) - 31))}
    return [item for item in found if len(item) == 32]


def test_nothing_in_the_operators_hands_opens_a_field(vault, enrolled, loot):
    sealed = vault.ciphertexts(enrolled)
    assert {item.datum.field for item in sealed} == set(FIELDS)
    for item in sealed:
        with pytest.raises(CustodyProblem):
            vault.open_custodial(item)
    assert len(loot) > 1_000
    for key, item in product(loot, sealed):
        with pytest.raises(SealedInvalid):
            open_field(key, item.sealed, item.place)


def test_nothing_in_the_operators_hands_opens_a_wrap_for_another_company(
    vault, keys, partner, loot
):
    envelopes = [SignedWrap.from_json(row[0]) for row in keys.rows("SELECT envelope FROM wraps")]
    assert envelopes
    assert {item.wrap.grantee_key for item in envelopes} == {partner.keys.reading_public_key}
    own_keys = [bytes(row[0]) for row in keys.rows("SELECT private_key FROM reading_keys")]
    for signed, key in product(envelopes, own_keys):
        with pytest.raises(SealedInvalid):
            open_wrap(signed, key, owner=signed.wrap.subject, now=START)
        for candidate in loot[:200]:
            with pytest.raises(SealedInvalid):
                open_(candidate, signed.wrap.sealed, b"")


def test_the_operator_cannot_wrap_for_a_new_grantee(
    vault, device, enrolled, keys, partner, insurer, domain, clock, loot
):
    """It knows everything about a wrap but the two secrets: the epoch's key, the customer's."""
    genuine = SignedWrap.from_json(keys.rows("SELECT envelope FROM wraps")[0][0])
    subject = genuine.wrap.subject
    consent = b"\xee" * 32
    operator = keys.signer
    for guess in (*loot[:50], os.urandom(32)):
        wrap = make_wrap(
            guess,
            domain=domain,
            consent_id=consent,
            profile=enrolled,
            subject=subject,
            category=genuine.wrap.category,
            epoch=genuine.wrap.epoch,
            grantee_key=insurer.keys.reading_public_key,
            expiry=START + DAY,
        )
        for key_id in (wrap.key_id, genuine.wrap.key_id):
            forged = type(wrap)(
                wrap.consent_id,
                wrap.profile,
                wrap.subject,
                wrap.category,
                wrap.epoch,
                key_id,
                wrap.grantee_key,
                wrap.sealed,
                wrap.expiry,
            )
            signatures = [forged.sign(operator, domain), genuine.signature, b"\0" * 65]
            for signature in signatures:
                signed = SignedWrap(forged, domain, signature)
                with pytest.raises(WrapInvalid):
                    vault.put_wrap(signed)
                with pytest.raises(WrapInvalid):
                    open_wrap(signed, insurer.keys.reading_key(), owner=subject, now=clock.now)
    assert vault.wraps(consent) == []


def test_even_with_the_customers_signing_key_there_is_no_key_to_wrap(
    vault, device, enrolled, keys, partner, insurer, domain, clock, loot
):
    """A thief of the identity alone can sign an envelope; what is in it opens nothing."""
    genuine = SignedWrap.from_json(keys.rows("SELECT envelope FROM wraps")[0][0])
    stolen = device.identity(CHAIN, partner.address)
    for guess in loot[:20]:
        wrap = make_wrap(
            guess,
            domain=domain,
            consent_id=b"\xee" * 32,
            profile=enrolled,
            subject=stolen.address,
            category=genuine.wrap.category,
            epoch=genuine.wrap.epoch,
            grantee_key=insurer.keys.reading_public_key,
            expiry=START + DAY,
        )
        signed = SignedWrap(wrap, domain, wrap.sign(stolen, domain))
        with pytest.raises(WrapInvalid):
            vault.put_wrap(signed)  # the customer never published such a key
        opened = open_wrap(signed, insurer.keys.reading_key(), owner=stolen.address, now=clock.now)
        for item in vault.ciphertexts(enrolled):
            assert item.datum.key_id != wrap.key_id
            with pytest.raises(SealedInvalid):
                open_field(opened, item.sealed, item.place)


def test_a_sealed_value_moved_by_the_operator_does_not_open(vault, device, enrolled, store):
    """The operator can write to its database, and so put one value in the place of another."""
    from sqlalchemy import select

    from crmdapp.store.schema import DatumRow

    first = vault.write(enrolled, "email", EMAIL, b"ann@example.org", "iot")
    second = vault.write(enrolled, "other_email", EMAIL, b"bob@example.org", "iot")
    assert first.key_id == second.key_id
    with store.writing() as session:
        rows = {row.id: row for row in session.scalars(select(DatumRow))}
        rows[first.id].sealed, rows[second.id].sealed = (
            rows[second.id].sealed,
            rows[first.id].sealed,
        )
    for item in vault.ciphertexts(enrolled):
        with pytest.raises(SealedInvalid):
            device.open_field(item)


def test_the_operator_can_seal_but_that_is_all(vault, device, enrolled):
    """Writing needs no secret: anyone with the store can, so every datum names its source."""
    vault.write(enrolled, "email", EMAIL, b"wrong@example.org", "inferred")
    (item,) = vault.ciphertexts(enrolled)
    assert device.open_field(item) == b"wrong@example.org"
    assert item.datum.source == "inferred"


def test_no_table_of_the_store_can_hold_a_key_a_wrap_or_a_salt():
    from crmdapp.store.schema import Base

    names = {
        (table.name, column.name)
        for table in Base.metadata.sorted_tables
        if table.info.get("area") is None
        for column in table.columns
    }
    forbidden = ("private", "secret", "wrap", "salt", "seed", "envelope", "plain")
    assert [name for name in names if any(word in name[1] for word in forbidden)] == []
    sealed = {("data", "sealed")}
    assert sealed <= names


def test_a_grantees_key_file_opens_nothing_without_the_vaults_wraps(
    vault, device, enrolled, partner, clock
):
    vault.write(enrolled, "email", EMAIL, b"ann@example.org", "iot")
    (item,) = vault.ciphertexts(enrolled)
    with pytest.raises(SealedInvalid):
        open_field(partner.keys.reading_key(), item.sealed, item.place)


def test_the_operators_keys_are_of_no_customer(keys, device, company):
    assert keys.signer.address != device.subject(CHAIN, company)
    assert public_key(keys.reading_key()) == keys.reading_public_key
    assert isinstance(keys, OperatorKeys)
    assert isinstance(keys.signer, LocalSigner)
