"""Labels: what a QR code says, the key under the seal, a chip that answers; hand-overs as codes."""

import json
import stat
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdapp.chain import LocalSigner
from crmdapp.errors import KeystoreCorrupt, UsageError
from crmdapp.provenance.devices import Device
from crmdapp.provenance.errors import DeviceSignatureInvalid
from crmdapp.provenance.gs1.digital_link import parse_digital_link
from crmdapp.provenance.gs1.errors import Gs1IdentifierInvalid
from crmdapp.provenance.handover_links import ITEMS_MAX, handover_link, read_handover
from crmdapp.provenance.item_intents import ledger_domain
from crmdapp.provenance.item_models import item_of
from crmdapp.provenance.item_signing import sign_handover
from crmdapp.provenance.tags import (
    CHALLENGE_SECONDS,
    ChipAnswer,
    ChipAnswerStale,
    TagLinkIncomplete,
    answer_challenge,
    new_challenge,
    new_tag_key,
    parse_tag_link,
    read_challenge,
    read_tag_key,
    tag_link,
)

LINK = "https://id.gs1.org/01/09506000134352/21/B7"
LEDGER, ISSUER = LocalSigner(b"\1" * 32).address, LocalSigner(b"\2" * 32).address
DOMAIN = ledger_domain(31_337, LEDGER)


@pytest.fixture
def label():
    """The label of a bag."""
    return tag_link(parse_digital_link(LINK), 31_337, LEDGER, ISSUER)


def test_labels_say_where_the_item_is_on_record(label):
    assert label.uri() == f"{LINK}?chain=31337&ledger={LEDGER}&issuer={ISSUER}"
    assert parse_tag_link(label.uri()) == label
    assert (label.item, label.domain) == (item_of(ISSUER, LINK), DOMAIN)


def test_labels_work_on_any_domain_with_other_attributes(label):
    text = label.uri("https://coffee.example/p") + "&17=271231"
    found = parse_tag_link(text)
    assert (found.item, found.link.attributes) == (label.item, (("17", "271231"),))
    assert parse_tag_link(found.uri()) == found


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (f"&issuer={ISSUER}", ""),
        ("chain=31337", "chain=mainnet"),
        ("chain=31337", "chain=0"),
        (f"ledger={LEDGER}", "ledger=0x12"),
    ],
)
def test_parse_tag_link_refuses_half_a_label(label, old, new):
    with pytest.raises(TagLinkIncomplete):
        parse_tag_link(label.uri().replace(old, new))


def test_parse_tag_link_refuses_other_links():
    with pytest.raises(Gs1IdentifierInvalid):
        parse_tag_link("https://example.org/?chain=1")


def test_tag_link_refuses_a_kind_of_product():
    with pytest.raises(UsageError, match="kind of product"):
        tag_link(parse_digital_link(LINK.rpartition("/21")[0]), 1, LEDGER, ISSUER)


# ----------------------------------------------------------------- seals


def test_seals_hold_a_key_for_their_owner_alone(label, tmp_path):
    path = tmp_path / "tag.key"
    made = new_tag_key(path)
    key = read_tag_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    sealed = replace(label, seal=key)
    again = parse_tag_link(sealed.uri())
    assert LocalSigner(again.seal).address == made.address
    assert again.visible == label
    assert key.hex() not in repr(again)


def test_seals_stay_out_of_what_browsers_send(label):
    text = replace(label, seal=b"\3" * 32).uri()
    assert text.partition("#")[0] == label.uri()


def test_parse_tag_link_quotes_nothing_of_half_a_key(label):
    text = replace(label, seal=b"\3" * 32).uri()[:-5]
    with pytest.raises(TagLinkIncomplete) as refused:
        parse_tag_link(text)
    assert text.rpartition("=")[2] not in json.dumps(refused.value.to_dict())


def test_read_tag_key_refuses_other_files(tmp_path):
    path = tmp_path / "tag.key"
    path.write_text("{}")
    path.chmod(0o600)
    with pytest.raises(KeystoreCorrupt):
        read_tag_key(path)


# ----------------------------------------------------------------- chips


@pytest.fixture(scope="module")
def chip():
    """The chip in the label."""
    return Device.new()


def test_chip_answers_a_fresh_challenge(chip):
    asked = new_challenge(7, now=1_000)
    assert read_challenge(json.dumps({"typedData": asked.to_json(DOMAIN)})) == (asked, DOMAIN)
    given = ChipAnswer.from_json(json.dumps(answer_challenge(chip, DOMAIN, asked).to_json()))
    given.check(asked, now=1_000 + CHALLENGE_SECONDS)


def test_check_refuses_a_recorded_answer(chip):
    recorded = answer_challenge(chip, DOMAIN, new_challenge(7, now=1_000))
    with pytest.raises(ChipAnswerStale, match="another challenge"):
        recorded.check(new_challenge(7, now=1_000), now=1_000)


@pytest.mark.parametrize("now", [999, 1_001 + CHALLENGE_SECONDS])
def test_check_refuses_an_old_challenge(chip, now):
    asked = new_challenge(7, now=1_000)
    with pytest.raises(ChipAnswerStale, match="old"):
        answer_challenge(chip, DOMAIN, asked).check(asked, now=now)


def test_check_refuses_a_chip_that_did_not_sign(chip):
    asked = new_challenge(7, now=1_000)
    other = answer_challenge(Device.new(), DOMAIN, asked)
    with pytest.raises(DeviceSignatureInvalid):
        replace(other, key=chip.key).check(asked, now=1_000)


def test_challenges_are_never_the_same():
    assert new_challenge(7, now=1).nonce != new_challenge(7, now=1).nonce


# ----------------------------------------------------------------- hand-overs as codes


def handover(items):
    giver, taker = LocalSigner(b"\4" * 32), LocalSigner(b"\5" * 32)
    signed = sign_handover(
        giver, DOMAIN, items, taker.address, event_time=5, deadline=9, event_hash=b"\7" * 32
    )
    return signed, signed.accept(taker)


@given(
    st.dictionaries(
        st.integers(1, (1 << 256) - 1), st.integers(1, (1 << 32) - 1), min_size=1, max_size=6
    )
)
def test_handover_links_keep_any_content(items):
    for one in handover(items):
        assert read_handover(f" {handover_link(one)}\n") == one


def test_read_handover_reads_files_too():
    signed, _ = handover({5: 1})
    assert read_handover(json.dumps(signed.to_json())) == signed


def test_handover_links_are_short():
    signed, _ = handover(dict.fromkeys(range(1, ITEMS_MAX + 1), 1))
    assert len(handover_link(signed)) < 2_331  # a QR code of level M
    assert len(handover_link(handover({5: 1})[1])) < 450
    with pytest.raises(UsageError, match="more than a QR code"):
        handover_link(handover(dict.fromkeys(range(1, ITEMS_MAX + 2), 1))[0])


@pytest.mark.parametrize("change", ["", "A", "!", "crmdapp:handover:"])
def test_read_handover_refuses_half_a_link(change):
    link = handover_link(handover({5: 1})[0])
    with pytest.raises(UsageError):
        read_handover(link[:-8] + change)
    with pytest.raises(UsageError):
        read_handover("crmdapp:handover:" + change)
