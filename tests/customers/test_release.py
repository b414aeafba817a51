"""The release path: who gets data, who does not, and what the log says of both."""

import json
from dataclasses import replace

import pytest

from crmdapp.chain.errors import IntentSignatureInvalid
from crmdapp.customers import codes
from crmdapp.customers.consents import ConsentClient
from crmdapp.customers.leaves import InteractionKind
from crmdapp.customers.release import (
    Release,
    ReleaseInvalid,
    SignedRelease,
    open_release,
)
from crmdapp.customers.release_desk import NodeStale, Refusal, ReleaseDesk, ReleaseRefused
from crmdapp.customers.terms import consent_domain
from crmdapp.errors import JournalProblem, UsageError
from crmdapp.store.errors import KeyFileMissing, SealedInvalid, WrapInvalid
from crmdapp.store.keys import OperatorKeys
from tests.customers.consent_terms import terms_for
from tests.customers.registry_office import *  # noqa: F403 - fixtures
from tests.customers.release_desk import *  # noqa: F403 - fixtures
from tests.customers.release_desk import CALL, EMAIL, MAIL, PHONE, PROFILE, category

DAY = 86_400


@pytest.fixture
def terms(release):
    """Terms of the e-mail address, agreed to."""
    found = release.terms()
    release.agree(found)
    return found


def opened(release, answer, signed, keys=None):
    keys = keys or release.company_keys
    found = open_release(
        answer.release,
        signed,
        keys.reading_key,
        owner_of=release.registry.owner_of,
        now=release.now,
    )
    return {item.field: item.value for item in found}


def refusal(release, signed):
    with pytest.raises(ReleaseRefused) as caught:
        release.desk.answer(signed)
    assert caught.value.exit_code == 4
    return caught.value.reason


# ----------------------------------------------------------------- who may read


def test_the_company_reads_what_the_customer_permitted(release, terms):
    signed = release.ask(terms)
    answer = release.desk.answer(signed)
    assert opened(release, answer, signed) == {"email": MAIL}
    assert answer.release.block <= release.registry.connection.block_number()


def test_nothing_of_other_categories_leaves(release):
    terms = release.terms(categories=(EMAIL, PHONE))
    release.agree(terms)
    both = release.ask(terms)
    assert opened(release, release.desk.answer(both), both) == {"email": MAIL, "phone": CALL}
    one = release.ask(terms, categories=1 << category(PHONE))
    answer = release.desk.answer(one)
    assert {item.wrap.category for item in answer.release.wraps} == {category(PHONE)}
    assert opened(release, answer, one) == {"phone": CALL}


def test_data_without_a_key_does_not_leave(release, terms):
    # The phone number has a category of its own, to which this consent has no key.
    release.vault.write(PROFILE, "email.old", category(PHONE), b"x", "online_form")
    answer = release.desk.answer(release.ask(terms))
    assert [item.field for item in answer.release.fields] == ["email"]


def test_an_answer_travels_as_json(release, terms):
    signed = release.ask(terms)
    again = SignedRelease.from_json(json.dumps(signed.to_json()))
    assert again == signed
    answer = release.desk.answer(again)
    text = json.dumps(answer.release.to_json())
    assert Release.from_json(text) == answer.release
    assert MAIL.decode() not in text


def test_a_disclosure_is_in_the_log_and_in_the_vault(release, terms):
    signed = release.ask(terms)
    answer = release.desk.answer(signed)
    ((kind, payload),) = release.noted()
    assert kind == InteractionKind.DISCLOSURE
    assert payload == {
        "event": "disclosure",
        "request": "0x" + signed.digest.hex(),
        "company": release.office.address("company"),
        "purposes": ["DirectMarketing"],
        "categories": [EMAIL],
        "fields": [["email", 1]],
        "block": answer.release.block,
    }
    assert answer.receipt.contents.interaction.consent_id == terms.consent_id
    (passed_on,) = release.vault.passed_on_to(PROFILE)
    assert passed_on.recipient == release.office.address("company")
    assert passed_on.consent_id == terms.consent_id
    assert passed_on.log_id == release.log.log
    assert passed_on.seq == 1


def test_nothing_leaves_if_the_log_cannot_be_written(release, terms, monkeypatch):
    def full(*args, **values):
        raise JournalProblem("The journal cannot be written.")

    monkeypatch.setattr(release.log, "record", full)
    with pytest.raises(JournalProblem):
        release.desk.answer(release.ask(terms))
    assert release.vault.passed_on_to(PROFILE) == []


# ----------------------------------------------------------------- who may not


def test_another_company_gets_nothing(release, terms):
    signed = release.forge(
        release.ask(terms), "friend", data_controller=release.office.address("friend")
    )
    signed.require_signed_by_key()
    assert refusal(release, signed) is Refusal.OTHER_TERMS
    ((kind, payload),) = release.noted()
    assert kind == InteractionKind.OTHER
    assert (payload["event"], payload["reason"]) == ("release-refused", "other-terms")
    assert payload["company"] == release.office.address("friend")


def test_another_company_with_terms_of_its_own_gets_nothing(release, terms):
    own = replace(
        terms,
        data_controller=replace(terms.data_controller, account=release.office.address("friend")),
    )
    assert refusal(release, release.ask(own, "friend")) is Refusal.NO_CONSENT
    # Nor with the id of somebody else's consent.
    stolen = release.forge(release.ask(own, "friend"), "friend", consent_id=terms.consent_id)
    assert refusal(release, stolen) is Refusal.OTHER_TERMS


def test_another_company_cannot_open_the_answer(release, terms, tmp_path):
    signed = release.ask(terms)
    answer = release.desk.answer(signed)
    with OperatorKeys.create(tmp_path / "rival.sqlite3") as rival:
        with pytest.raises(KeyFileMissing):
            opened(release, answer, signed, rival)
        with pytest.raises(SealedInvalid):
            open_release(
                answer.release,
                signed,
                lambda public: rival.reading_key(),
                owner_of=release.registry.owner_of,
                now=release.now,
            )
    with pytest.raises(SealedInvalid):
        # Nor does the operator who keeps the vault.
        open_release(
            answer.release,
            signed,
            lambda public: release.keys.reading_key(),
            owner_of=release.registry.owner_of,
            now=release.now,
        )
    assert opened(release, answer, signed) == {"email": MAIL}


def test_a_request_that_the_company_did_not_sign_is_refused_and_not_noted(release, terms):
    forged = release.forge(release.ask(terms), "friend")
    with pytest.raises(IntentSignatureInvalid):
        forged.require_signed_by_key()
    assert refusal(release, forged) is Refusal.SIGNATURE
    altered = release.ask(terms)
    altered = replace(altered, request=replace(altered.request, categories=3))
    assert refusal(release, altered) is Refusal.SIGNATURE
    assert release.noted() == []


def test_a_request_is_for_one_chain_and_one_registry(release, terms):
    signed = release.ask(terms)
    registry = release.registry.contract.address
    for domain in (
        consent_domain(1, registry),
        consent_domain(31337, release.office.address("friend")),
    ):
        abroad = replace(
            signed,
            domain=domain,
            signature=signed.request.sign(release.office.signer("company"), domain),
        )
        assert refusal(release, abroad) is Refusal.FOREIGN
        # Nor does it help to pretend that it was signed for here.
        assert refusal(release, replace(abroad, domain=signed.domain)) is Refusal.SIGNATURE
    release.desk.answer(signed)


def test_a_request_is_answered_once(release, terms):
    signed = release.ask(terms)
    release.desk.answer(signed)
    assert refusal(release, signed) is Refusal.REPLAYED
    same_number = release.ask(terms, nonce=signed.request.nonce, deadline=release.now + 601)
    assert refusal(release, same_number) is Refusal.REPLAYED
    release.desk.answer(release.ask(terms))


def test_the_numbers_of_other_companies_do_not_count(release, terms):
    own = release.terms("friend")
    release.agree(own, role="friend")
    release.desk.answer(release.ask(terms, nonce=5))
    release.desk.answer(release.ask(own, "friend", nonce=5))


def test_a_request_is_answered_until_its_deadline(release, terms):
    signed = release.ask(terms)
    release.office.node.advance_to(signed.request.deadline + 1)
    assert refusal(release, signed) is Refusal.EXPIRED
    on_time = release.ask(terms, deadline=release.now)
    release.desk.answer(on_time)


def test_a_request_lives_for_a_day_at_most(release, terms):
    assert refusal(release, release.ask(terms, deadline=release.now + DAY + 1)) is (
        Refusal.LONG_LIVED
    )
    release.desk.answer(release.ask(terms, deadline=release.now + DAY))


# ----------------------------------------------------------------- consent that ends


def test_nothing_leaves_before_the_consent_is_on_chain(release):
    terms = release.terms()
    release.wrap(terms, release.company_keys.reading_public_key)
    assert refusal(release, release.ask(terms)) is Refusal.NO_CONSENT


def test_nothing_leaves_after_the_withdrawal(release, terms):
    release.withdraw_on_chain(terms)
    # The vault has not heard of it: the chain decides.
    assert release.vault.wraps(terms.consent_id)
    assert refusal(release, release.ask(terms)) is Refusal.NO_CONSENT
    release.vault.withdraw(terms.consent_id)
    assert refusal(release, release.ask(terms)) is Refusal.NO_CONSENT
    assert [payload["reason"] for _, payload in release.noted()] == ["no-consent"] * 2


def test_nothing_leaves_that_was_withdrawn_while_it_was_looked_up(release, terms, monkeypatch):
    look_up = release.vault.ciphertexts

    def slow(*args, **values):
        found = look_up(*args, **values)
        release.withdraw_on_chain(terms)
        return found

    monkeypatch.setattr(release.vault, "ciphertexts", slow)
    assert refusal(release, release.ask(terms)) is Refusal.NO_CONSENT
    assert release.vault.passed_on_to(PROFILE) == []
    assert [kind for kind, _ in release.noted()] == [InteractionKind.OTHER]


def test_nothing_leaves_after_the_company_gave_it_up(release, terms):
    release.office.client("company", ConsentClient).revoke(terms)
    assert refusal(release, release.ask(terms)) is Refusal.NO_CONSENT


def test_nothing_leaves_after_the_end(release, terms):
    release.office.node.advance_to(terms.permission.valid_until - 1)
    release.desk.answer(release.ask(terms))
    release.office.node.advance_to(terms.permission.valid_until)
    assert refusal(release, release.ask(terms)) is Refusal.NO_CONSENT


def test_nothing_leaves_for_other_purposes(release, terms):
    signed = release.ask(terms)
    more = signed.request.purposes | codes.purpose_bits(["Advertising"])
    assert refusal(release, release.forge(signed, "company", purposes=more)) is Refusal.NO_CONSENT
    everything = release.forge(release.ask(terms), "company", categories=3 << category(EMAIL))
    assert refusal(release, everything) is Refusal.NO_CONSENT


def test_nothing_leaves_without_keys(release, terms):
    release.vault.withdraw(terms.consent_id)
    assert refusal(release, release.ask(terms)) is Refusal.NO_KEYS


def test_the_next_epoch_is_unreadable(release, terms):
    signed = release.ask(terms)
    answer = release.desk.answer(signed)
    assert opened(release, answer, signed) == {"email": MAIL}
    release.withdraw_on_chain(terms)
    release.vault.withdraw(terms.consent_id)
    release.vault.accept(release.device.withdraw(PROFILE, terms.consent_id, now=release.now))
    release.vault.write(PROFILE, "email", category(EMAIL), b"new@mail.example", "online_form")
    # Somebody steals the whole vault for the company, which still has its keys of before.
    (stolen,) = release.vault.ciphertexts(PROFILE, 1 << category(EMAIL))
    assert stolen.datum.key_id not in {item.wrap.key_id for item in answer.release.wraps}
    datum = replace(
        answer.release.fields[0],
        version=stolen.datum.version,
        key_id=answer.release.wraps[0].wrap.key_id,
        sealed=stolen.sealed,
    )
    with pytest.raises(SealedInvalid):
        opened(release, replace(answer, release=replace(answer.release, fields=(datum,))), signed)
    assert release.device.open_field(stolen) == b"new@mail.example"


def test_the_other_companies_read_on(release, terms):
    other = release.terms("friend")
    release.agree(other, role="friend")
    release.withdraw_on_chain(terms)
    release.vault.withdraw(terms.consent_id)
    release.vault.accept(release.device.withdraw(PROFILE, terms.consent_id, now=release.now))
    release.vault.write(PROFILE, "email", category(EMAIL), b"new@mail.example", "online_form")
    signed = release.ask(other, "friend")
    assert opened(release, release.desk.answer(signed), signed) == {"email": b"new@mail.example"}


# ----------------------------------------------------------------- nodes that lag


def test_nothing_leaves_on_an_old_head(release, terms):
    def desk(lag):
        now = release.now
        return ReleaseDesk(
            release.vault,
            release.registry,
            release.log,
            release.desk._book,
            head_age=60,
            clock=lambda: now + lag,
        )

    with pytest.raises(NodeStale) as caught:
        desk(61).answer(release.ask(terms))
    assert (caught.value.age, caught.value.most, caught.value.exit_code) == (61, 60, 5)
    assert release.noted() == []
    desk(60).answer(release.ask(terms))


def test_the_chain_is_asked_at_the_newest_block_that_any_node_knows(release, terms, monkeypatch):
    # One node of several lags behind; its head is not the one that counts.
    connection = release.registry.connection
    heads = connection.ask_each

    def with_a_laggard(method, params=()):
        (head,) = heads(method, params)
        return [{**head, "number": "0x1", "timestamp": "0x1"}, head, None]

    monkeypatch.setattr(connection, "ask_each", with_a_laggard)
    answer = release.desk.answer(release.ask(terms))
    assert answer.release.block == connection.block_number()


# ----------------------------------------------------------------- the log is not flooded


def test_refusals_are_noted_twenty_times_a_day(release, terms):
    release.withdraw_on_chain(terms)
    for _ in range(23):
        refusal(release, release.ask(terms))
    assert len(release.noted()) == 20
    release.office.node.advance_to(release.now + DAY)
    refusal(release, release.ask(terms))
    assert len(release.noted()) == 21


def test_refusals_about_nobody_known_are_not_noted(release, terms):
    stranger = release.office.signer("friend")
    company = release.office.signer("company")
    now = release.now
    unknown = terms_for(company, stranger, valid_from=now, valid_until=now + 900)
    assert refusal(release, release.ask(unknown)) is Refusal.NO_CONSENT
    assert release.noted() == []


# ----------------------------------------------------------------- the company checks, too


def test_sign_release_asks_for_no_more_than_the_terms(release, terms):
    with pytest.raises(UsageError, match="do not permit all"):
        release.ask(terms, purposes=codes.purpose_bits(["Advertising"]))
    with pytest.raises(UsageError, match="do not permit all"):
        release.ask(terms, categories=0)
    with pytest.raises(UsageError, match="not the data controller"):
        release.ask(terms, "friend")


def test_open_release_refuses_the_answer_to_another_request(release, terms):
    first, second = release.ask(terms), release.ask(terms)
    answer = release.desk.answer(first)
    with pytest.raises(ReleaseInvalid, match="another request"):
        opened(release, answer, second)


def test_open_release_refuses_data_that_was_not_asked_for(release, terms):
    signed = release.ask(terms)
    answer = release.desk.answer(signed)
    (datum,) = answer.release.fields
    more = replace(answer.release, fields=(datum, replace(datum, category=category(PHONE))))
    with pytest.raises(ReleaseInvalid, match="was not asked for"):
        opened(release, replace(answer, release=more), signed)


def test_open_release_refuses_wraps_of_another_consent(release, terms):
    other = release.terms("friend")
    release.agree(other, role="friend")
    signed = release.ask(terms)
    answer = release.desk.answer(signed)
    mixed = replace(answer.release, wraps=tuple(release.vault.wraps(other.consent_id)))
    with pytest.raises(ReleaseInvalid, match="another consent"):
        opened(release, replace(answer, release=mixed), signed)


def test_open_release_refuses_wraps_that_the_customer_did_not_sign(release, terms):
    signed = release.ask(terms)
    answer = release.desk.answer(signed)
    (wrap,) = answer.release.wraps
    forged = replace(answer.release, wraps=(replace(wrap, signature=b"\x01" * 65),))
    with pytest.raises(WrapInvalid):
        opened(release, replace(answer, release=forged), signed)


def test_open_release_refuses_data_without_its_key_or_moved(release, terms):
    signed = release.ask(terms)
    answer = release.desk.answer(signed)
    (datum,) = answer.release.fields
    with pytest.raises(ReleaseInvalid, match="key to the data is missing"):
        opened(release, replace(answer, release=replace(answer.release, wraps=())), signed)
    for moved in (replace(datum, field="phone"), replace(datum, version=2)):
        with pytest.raises(SealedInvalid):
            opened(
                release, replace(answer, release=replace(answer.release, fields=(moved,))), signed
            )


def test_a_release_with_a_fault_is_refused(release, terms):
    data = release.desk.answer(release.ask(terms)).release.to_json()
    assert Release.from_json(data)
    for name, value in (("format", "x"), ("fields", [{}]), ("wraps", [{}]), ("profile", "0x12")):
        with pytest.raises(UsageError):
            Release.from_json({**data, name: value})
    data["fields"][0]["sealed"] = "zz"
    with pytest.raises(UsageError, match="no hex data"):
        Release.from_json(data)
