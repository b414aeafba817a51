"""The terms of a consent: what makes one, how it is hashed, shown and written down."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from eth_account.messages import encode_typed_data
from eth_utils import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from crmdapp.chain.addresses import ZERO_ADDRESS
from crmdapp.customers import codes
from crmdapp.customers.codes import CodeUnknown
from crmdapp.customers.special_categories import SPECIAL_CATEGORIES, special_categories
from crmdapp.customers.terms import (
    EXPLICIT,
    MOMENT_MAX,
    NO_RECIPIENTS,
    ConsentGrant,
    ConsentRenewal,
    ConsentTermsInvalid,
    ConsentWithdrawal,
    ExplicitConsentMissing,
    consent_domain,
    recipients_hash,
    require_terms,
)
from crmdapp.customers.terms_file import load_terms, read_terms, terms_json, terms_of, terms_text
from crmdapp.errors import FileRejected, UsageError
from tests.customers.consent_terms import (
    COMPANY,
    DOMAIN,
    FROM,
    RIVAL,
    SUBJECT,
    UNTIL,
    addresses,
    all_terms,
    bits,
    categories,
    purposes,
    terms_for,
    words,
)

SALT = bytes(range(1, 33))


def with_permission(**changes):
    terms = terms_for()
    return replace(terms, permission=replace(terms.permission, **changes))


def as_json(value):
    return json.loads(json.dumps(value))


# ----------------------------------------------------------------- EIP-712


def their_digest(item, domain=DOMAIN):
    message = encode_typed_data(full_message=item.to_json(domain))
    return keccak(b"\x19" + message.version + message.header + message.body)


@given(terms=all_terms(), deadline=st.integers(0, 2**40 - 1))
@settings(max_examples=40)
def test_digest_of_a_grant_equals_eth_account(terms, deadline):
    grant = ConsentGrant(terms, deadline)
    assert grant.digest(DOMAIN) == their_digest(grant)


@given(subject=addresses, consent_id=words, moment=st.integers(0, 2**40 - 1))
@settings(max_examples=20)
def test_digests_of_withdrawal_and_renewal_equal_eth_account(subject, consent_id, moment):
    withdrawal = ConsentWithdrawal(subject, consent_id, moment)
    renewal = ConsentRenewal(subject, consent_id, moment, 7)
    assert withdrawal.digest(DOMAIN) == their_digest(withdrawal)
    assert renewal.digest(DOMAIN) == their_digest(renewal)


def test_wallets_are_shown_every_term():
    terms = terms_for(recipients=["Courier"])
    shown = ConsentGrant(terms, UNTIL).to_json(DOMAIN)
    assert shown["primaryType"] == "ConsentGrant"
    assert list(shown["types"]) == [
        "EIP712Domain",
        "ConsentGrant",
        "ConsentTerms",
        "DataController",
        "Permission",
    ]
    message = shown["message"]["terms"]
    assert message["dataController"]["account"] == COMPANY.address
    permission = message["permission"]
    assert permission["subject"] == SUBJECT.address
    assert permission["jurisdiction"] == "0x" + b"AT".hex()
    assert permission["purposes"] == terms.permission.purposes
    assert permission["validUntil"] == UNTIL
    assert shown["message"]["deadline"] == UNTIL


@given(first=all_terms(), second=all_terms())
@settings(max_examples=30)
def test_different_terms_have_different_ids(first, second):
    assert (first.consent_id == second.consent_id) == (first == second)


def test_equal_wishes_have_different_ids():
    assert terms_for().consent_id != terms_for().consent_id


def test_values_are_nested_as_contracts_take_them():
    terms = terms_for()
    company, permission = terms.values
    assert company == (COMPANY.address, terms.data_controller.salt)
    assert permission[0] == SUBJECT.address
    assert len(permission) == 11


# ----------------------------------------------------------------- what makes a consent


def test_new_terms_include_what_is_narrower():
    permission = terms_for(purposes=["Marketing"], categories=["Contact"]).permission
    assert {"Marketing", "Advertising", "DirectMarketing"} <= set(permission.purpose_terms)
    assert {"Contact", "EmailAddress", "TelephoneNumber"} <= set(permission.category_terms)
    assert "ServiceProvision" not in permission.purpose_terms
    narrow = terms_for(purposes=["DirectMarketing"], categories=["EmailAddressWork"]).permission
    assert "Marketing" not in narrow.purpose_terms
    assert narrow.category_terms == ("EmailAddressWork",)


def test_new_terms_take_aware_datetimes():
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    assert terms_for(valid_from=begin).permission.valid_from == FROM
    with pytest.raises(UsageError, match="beginning has no time zone"):
        terms_for(valid_from=begin.replace(tzinfo=None))


def test_new_terms_refuse_unknown_codes():
    with pytest.raises(CodeUnknown) as caught:
        terms_for(purposes=["DirectMarketting"])
    assert "DirectMarketing" in caught.value.nearest
    with pytest.raises(CodeUnknown):
        terms_for(categories=["ShoeColour"])
    with pytest.raises(CodeUnknown):
        terms_for(jurisdiction="XX")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"subject": ZERO_ADDRESS}, "subject"),
        ({"subject": "0x12"}, "subject"),
        ({"subject": None}, "subject"),
        ({"purposes": 0}, "purposes"),
        ({"purposes": True}, "purposes"),
        ({"purposes": -1}, "purposes"),
        ({"categories": 0}, "categories"),
        ({"recipients_hash": bytes(31)}, "recipientsHash"),
        ({"valid_from": -1}, "validFrom"),
        ({"valid_from": 1.5}, "validFrom"),
        ({"valid_until": MOMENT_MAX + 1}, "validUntil"),
        ({"valid_until": FROM}, "validUntil"),
        ({"valid_until": FROM - 1}, "validUntil"),
        ({"notice_hash": bytes(32)}, "noticeHash"),
        ({"notice_hash": bytes(31)}, "noticeHash"),
        ({"jurisdiction": b"XX"}, "jurisdiction"),
        ({"jurisdiction": b"at"}, "jurisdiction"),
        ({"jurisdiction": b"\xff\xfe"}, "jurisdiction"),
        ({"flags": 2}, "flags"),
        ({"reward_id": 2**256}, "rewardId"),
        ({"salt": bytes(32)}, "salt"),
        ({"salt": SALT[:31]}, "salt"),
        ({"salt": None}, "salt"),
    ],
)
def test_require_terms_names_the_field_that_is_wrong(changes, field):
    assert require_terms(terms_for())
    with pytest.raises(ConsentTermsInvalid) as caught:
        require_terms(with_permission(**changes))
    assert caught.value.field == field
    assert caught.value.exit_code == 2


def test_require_terms_refuses_a_company_that_is_nobody():
    terms = terms_for()
    for company in (
        replace(terms.data_controller, account=ZERO_ADDRESS),
        replace(terms.data_controller, salt=bytes(32)),
    ):
        with pytest.raises(ConsentTermsInvalid, match="dataController"):
            require_terms(replace(terms, data_controller=company))


@pytest.mark.parametrize(
    ("name", "table"), [("purposes", codes.PURPOSES), ("categories", codes.CATEGORIES)]
)
def test_require_terms_refuses_bits_without_a_code(name, table):
    last = 1 << (len(table) - 1)
    terms = with_permission(**{name: last, "flags": EXPLICIT})
    assert require_terms(terms)
    with pytest.raises(CodeUnknown):
        require_terms(with_permission(**{name: last | last << 1}))


# ----------------------------------------------------------------- special categories


@pytest.mark.parametrize("category", ["MedicalHealth", "BloodType", "ReligiousBelief", "Fetish"])
def test_special_categories_need_explicit_consent(category):
    assert terms_for(categories=[category], explicit=True).permission.is_explicit
    with pytest.raises(ExplicitConsentMissing) as caught:
        terms_for(categories=[category, "EmailAddress"])
    assert category in caught.value.categories
    assert "EmailAddress" not in caught.value.categories
    assert caught.value.field == "flags"


def test_a_broad_category_is_special_if_it_includes_one_that_is():
    broad = codes.category_bits(["External"])
    assert "MedicalHealth" in special_categories(broad)
    with pytest.raises(ExplicitConsentMissing):
        require_terms(with_permission(categories=broad))


def test_ordinary_categories_need_no_explicit_consent():
    assert special_categories(codes.category_bits(["EmailAddress", "Purchase"])) == ()
    assert not terms_for().permission.is_explicit


def test_special_categories_are_in_the_vocabulary():
    assert codes.category_bits(SPECIAL_CATEGORIES).bit_count() == len(SPECIAL_CATEGORIES)


# ----------------------------------------------------------------- recipients


def test_recipients_hash_is_keccak_of_the_sorted_list():
    assert recipients_hash(["b", "a", "b"]) == keccak(b'["a","b"]')
    assert recipients_hash([]) == NO_RECIPIENTS


@pytest.mark.parametrize("recipients", [[""], ["a", " "]])
def test_recipients_hash_refuses_nameless_ones(recipients):
    with pytest.raises(UsageError, match="no name"):
        recipients_hash(recipients)


# ----------------------------------------------------------------- cover


@given(terms=all_terms(), asked=purposes, which=categories)
def test_covers_only_what_every_bit_of_is_permitted(terms, asked, which):
    own = terms.permission
    assert terms.covers(asked & own.purposes, which & own.categories) == bool(
        asked & own.purposes and which & own.categories
    )
    assert terms.covers(asked, which) == (
        asked | own.purposes == own.purposes and which | own.categories == own.categories
    )


def test_covers_nothing_if_nothing_is_asked():
    terms = terms_for()
    own = terms.permission
    assert terms.covers(own.purposes, own.categories)
    assert not terms.covers(0, own.categories)
    assert not terms.covers(own.purposes, 0)
    assert not terms.covers(own.purposes | bits(0), own.categories)


# ----------------------------------------------------------------- files


@given(terms=all_terms())
@settings(max_examples=40)
def test_terms_survive_their_file(terms):
    assert read_terms(terms_text(terms), "terms.json") == terms
    assert terms_of(as_json(terms_json(terms))) == terms


def test_the_file_names_purposes_and_categories():
    written = json.loads(terms_text(terms_for()))
    assert written["permission"]["purposes"] == ["DirectMarketing"]
    assert "EmailAddress" in written["permission"]["categories"]
    assert written["permission"]["jurisdiction"] == "AT"


def test_the_file_is_the_same_however_it_is_laid_out():
    terms = terms_for()
    assert read_terms(json.dumps(terms_json(terms), indent=4).encode(), "terms.json") == terms


def edit(path, value):
    def change(data):
        *way, last = path
        for name in way:
            data = data[name]
        if value is KeyError:
            del data[last]
        else:
            data[last] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (edit(["format"], "crmdapp-consent/2"), "not in the format"),
        (edit(["extra"], 1), "extra is unknown"),
        (edit(["permission", "extra"], 1), r"permission\.extra is unknown"),
        (edit(["permission", "subject"], KeyError), "subject is missing"),
        (edit(["permission", "subject"], SUBJECT.address.lower()), r"permission\.subject"),
        (edit(["permission", "purposes"], ["DirectMarketing"] * 2), r"permission\.purposes"),
        (edit(["permission", "purposes"], ["Sport"]), "no purpose 'Sport'"),
        (edit(["permission", "purposes"], [1]), "must be a list of terms"),
        (edit(["permission", "purposes"], []), "must name at least one"),
        (edit(["permission", "categories"], ["Fur"]), "no category of personal data 'Fur'"),
        (edit(["permission", "jurisdiction"], "QQ"), "is no country"),
        (edit(["permission", "explicit"], 1), "explicit is not usable"),
        (edit(["permission", "valid_until"], FROM), "is not after validFrom"),
        (edit(["permission", "valid_until"], str(UNTIL)), r"permission\.valid_until"),
        (edit(["permission", "reward_id"], 0), r"permission\.reward_id"),
        (edit(["permission", "salt"], "0x12"), "must be 32 random bytes"),
        (edit(["permission", "salt"], "zz" * 32), "must be 32 random bytes"),
        (edit(["permission", "salt"], ["5e"] * 32), "must be 32 random bytes"),
        (edit(["data_controller", "salt"], "zz" * 32), "must be 32 random bytes"),
        (edit(["data_controller", "account"], "0x12"), "is not an address"),
    ],
)
def test_terms_of_refuses_what_is_not_written_in_the_one_way(change, message):
    data = as_json(terms_json(terms_for()))
    assert terms_of(data)
    change(data)
    with pytest.raises(UsageError, match=message):
        terms_of(data)


def test_read_terms_refuses_a_name_that_stands_there_twice():
    text = terms_text(terms_for())
    twice = text.replace(b'"format":', b'"format":"x","format":')
    with pytest.raises(FileRejected) as caught:
        read_terms(twice, "terms.json")
    assert [fault.line for fault in caught.value.faults] == [1]


def test_read_terms_refuses_what_is_too_large():
    with pytest.raises(UsageError, match="more than 1,048,576 bytes"):
        read_terms(b" " * 1_048_577, "terms.json")


def test_load_terms_reads_a_file(tmp_path):
    terms = terms_for()
    path = tmp_path / "terms.json"
    path.write_bytes(terms_text(terms))
    assert load_terms(path) == terms
    with pytest.raises(UsageError, match="cannot be read"):
        load_terms(tmp_path / "none.json")


# ----------------------------------------------------------------- secrets


def test_salts_are_never_shown():
    terms = terms_for()
    salts = (terms.data_controller.salt, terms.permission.salt)
    shown = [repr(terms), str(terms), repr(ConsentGrant(terms, UNTIL))]
    text = terms_text(terms)
    for salt in salts:
        mark = salt.hex().encode()
        for broken in (
            text.replace(b"0x" + mark, b"0x" + mark[:-1]),
            text.replace(b'"0x' + mark + b'"', b"0x" + mark),
            text.replace(b'"0x' + mark + b'"', b'["0x' + mark + b'"]'),
            text.replace(b'"0x' + mark + b'"', b'"0x' + mark + b'00"'),
            text.replace(b'"0x' + mark + b'"', b'"0x' + mark),
        ):
            with pytest.raises((UsageError, FileRejected)) as caught:
                read_terms(broken, "terms.json")
            shown.append(repr(caught.value.to_dict()))
    with pytest.raises(UsageError) as caught:
        replace(terms, permission=replace(terms.permission, salt=SALT + b"\x01")).struct_hash()
    shown.append(str(caught.value))
    for salt in (*salts, SALT):
        for text in shown:
            assert salt.hex()[:16] not in text
            assert repr(salt)[2:20] not in text


def test_consent_domain_names_chain_and_registry():
    assert consent_domain(1, DOMAIN.verifying_contract.lower()).verifying_contract == (
        DOMAIN.verifying_contract
    )
    assert consent_domain(1, RIVAL.address) != DOMAIN
    with pytest.raises(UsageError):
        consent_domain(1, "0x12")
