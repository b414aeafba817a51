"""Coupons: signed offline, carried as JSON or a link, many in a second."""

import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from hypothesis import given
from hypothesis import strategies as st

from crmdapp.chain import LocalSigner
from crmdapp.chain.addresses import checksum
from crmdapp.errors import UsageError
from crmdapp.loyalty.coupons import (
    TIME_MAX,
    Coupon,
    SignedCoupon,
    expires_at,
    issued_epoch,
    sign_coupon,
    sign_coupons,
)
from crmdapp.loyalty.errors import CouponSignatureInvalid, PointsOverflow
from crmdapp.loyalty.intents import ORDER_MAX, hub_domain
from crmdapp.loyalty.models import EpochClock
from crmdapp.loyalty.points import POINTS_MAX
from tests.fixtures.intents import compact
from tests.loyalty.constants import EPOCH_MAX, ZERO

HUB = checksum("0x" + "11" * 20)
CUSTOMER = checksum("0x" + "22" * 20)
DOMAIN = hub_domain(31337, HUB)
KEY = LocalSigner(b"\x07" * 32)
OTHER = LocalSigner(b"\x08" * 32)
PAGE = "https://shop.example/claim"

hashes = st.binary(min_size=32, max_size=32)
numbers = st.integers(0, ORDER_MAX)
times = st.tuples(st.integers(0, TIME_MAX), st.integers(0, TIME_MAX)).map(sorted)
coupons = st.builds(
    lambda program, to, points, order, issued, reversible, span, campaign, terms: Coupon(
        program,
        checksum("0x" + to.hex()),
        points,
        order,
        issued,
        reversible,
        *span,
        campaign,
        terms,
    ),
    st.integers(0, 2**256 - 1),
    st.binary(min_size=20, max_size=20).filter(any),
    st.integers(1, POINTS_MAX),
    numbers,
    st.integers(0, EPOCH_MAX),
    st.booleans(),
    times,
    hashes,
    hashes,
)


def sign(signer=KEY, domain=DOMAIN, **changes):
    values = {"program": 2, "to": CUSTOMER, "points": 500, "order_id": 7, "issued": 4}
    return sign_coupon(signer, domain, **{**values, "deadline": 2_000_000_000, **changes})


# ----------------------------------------------------------------- signing


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"valid_after": 1_900_000_000, "reversible": True},
        {"campaign": b"\x03" * 32, "terms_hash": b"\x05" * 32},
    ],
    ids=["plain", "pending", "of a campaign"],
)
def test_signature_is_the_one_a_wallet_makes(changes):
    signed = sign(**changes)
    typed = signed.to_json()["typedData"]
    wallet = Account.from_key(b"\x07" * 32).sign_message(encode_typed_data(full_message=typed))
    assert signed.signature == bytes(wallet.signature)
    assert signed.signed_by(KEY.address)


def test_times_may_be_aware_datetimes():
    signed = sign(
        valid_after=datetime(2030, 1, 1, tzinfo=UTC), deadline=datetime(2030, 1, 2, tzinfo=UTC)
    )
    assert (signed.coupon.valid_after, signed.coupon.deadline) == (1_893_456_000, 1_893_542_400)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"points": 0}, "more than 0"),
        ({"points": -1}, "more than 0"),
        ({"points": 1.5}, "whole number"),
        ({"program": -1}, "program"),
        ({"order_id": ORDER_MAX + 1}, "order_id"),
        ({"order_id": -1}, "order_id"),
        ({"issued": EPOCH_MAX + 1}, "issued"),
        ({"deadline": TIME_MAX + 1}, "deadline"),
        ({"deadline": -1}, "deadline"),
        ({"valid_after": 2_000_000_001}, "before it begins"),
        ({"campaign": b"\x01" * 31}, "campaign must have 32 bytes"),
        ({"terms_hash": b"\x01" * 33}, "terms_hash must have 32 bytes"),
        ({"to": "nobody"}, "not an address"),
        ({"to": ZERO}, "zero address"),
        ({"deadline": datetime(2030, 1, 1)}, "no time zone"),  # noqa: DTZ001 - what is refused
    ],
    ids=str,
)
def test_sign_coupon_refuses_values_out_of_range(changes, words):
    with pytest.raises(UsageError, match=words):
        sign(**changes)


def test_sign_coupon_takes_the_ends_of_every_range():
    signed = sign(points=POINTS_MAX, order_id=ORDER_MAX, issued=EPOCH_MAX, deadline=TIME_MAX)
    assert signed.signed_by(KEY.address)
    assert sign(points=1, order_id=0, issued=0, deadline=0).signed_by(KEY.address)


def test_sign_coupon_refuses_overflow():
    with pytest.raises(PointsOverflow) as refusal:
        sign(points=POINTS_MAX + 1)
    assert refusal.value.points == POINTS_MAX + 1


def test_sign_coupons_gives_the_same_signatures_in_order():
    items = [sign(order_id=number).coupon for number in range(2_500)]
    signed = list(sign_coupons(iter(items), KEY, DOMAIN))
    assert [item.coupon for item in signed] == items
    assert signed[1_000] == sign(order_id=1_000)
    with pytest.raises(PointsOverflow):
        list(sign_coupons([items[0], replace(items[1], points=2**47)], KEY, DOMAIN))


def test_sign_coupons_is_as_fast_as_the_key():
    items = [sign(order_id=number).coupon for number in range(1_000)]
    started = time.process_time()
    assert sum(1 for _ in sign_coupons(items, KEY, DOMAIN)) == 1_000
    assert time.process_time() - started < 2  # a pure Python curve takes ten times as long


# ----------------------------------------------------------------- checking


def test_require_signed_by_refuses_another_key():
    signed = sign()
    signed.require_signed_by(KEY.address)
    with pytest.raises(CouponSignatureInvalid) as refusal:
        signed.require_signed_by(OTHER.address)
    assert refusal.value.values == (OTHER.address, signed.digest)


@pytest.mark.parametrize(
    "domain", [hub_domain(1, HUB), hub_domain(31337, CUSTOMER)], ids=["chain", "hub"]
)
def test_a_coupon_counts_for_its_hub_and_chain_only(domain):
    signed = sign()
    assert not SignedCoupon(signed.coupon, domain, signed.signature).signed_by(KEY.address)


@pytest.mark.parametrize("signature", [b"", b"\x01" * 64, b"\x00" * 65, b"\xff" * 65])
def test_a_malformed_signature_is_by_nobody(signature):
    assert not SignedCoupon(sign().coupon, DOMAIN, signature).signed_by(KEY.address)


def test_a_compact_signature_counts_and_fits_a_link():
    signed = sign()
    short = replace(signed, signature=compact(signed.signature))
    short.require_signed_by(KEY.address)
    assert short.to_link(PAGE) == signed.to_link(PAGE)


# ----------------------------------------------------------------- carrying


@given(coupons)
def test_json_and_link_carry_a_coupon_whole(coupon):
    (signed,) = sign_coupons([coupon], KEY, DOMAIN)
    text = json.dumps(signed.to_json())
    assert SignedCoupon.from_json(text) == signed
    assert SignedCoupon.from_json(json.loads(text)) == signed
    assert SignedCoupon.from_link(signed.to_link(PAGE)) == signed


def test_json_may_write_numbers_as_text():
    signed = sign()
    body = signed.to_json()
    message = body["typedData"]["message"]
    message |= {"program": "0x2", "points": "500", "orderId": "7", "deadline": "2000000000"}
    assert SignedCoupon.from_json(body) == signed


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("program", -1, "program"),
        ("program", None, "program"),
        ("program", "two", "program"),
        ("to", "0x12", "to: "),
        ("to", CUSTOMER.lower()[:-1] + "G", "to: "),
        ("to", ZERO, "zero address"),
        ("points", 0, "more than 0"),
        ("points", True, "points"),
        ("orderId", ORDER_MAX + 1, "order_id"),
        ("issued", 70_000, "issued"),
        ("reversible", 1, "reversible"),
        ("validAfter", 2_000_000_001, "before it begins"),
        ("deadline", 1.5, "deadline"),
        ("campaign", "0x12", "campaign must be 64 hex digits"),
        ("termsHash", "zz" * 32, "termsHash must be 64 hex digits"),
    ],
)
def test_from_json_names_the_field_that_is_malformed(field, value, words):
    body = sign().to_json()
    body["typedData"]["message"][field] = value
    with pytest.raises(UsageError, match=words):
        SignedCoupon.from_json(body)


def test_from_json_refuses_too_many_points():
    body = sign().to_json()
    body["typedData"]["message"]["points"] = 2**47
    with pytest.raises(PointsOverflow):
        SignedCoupon.from_json(body)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not JSON"),
        pytest.param("[" * 100_000, "not JSON", id="deep"),
        ("[]", "no JSON object"),
        ("5", "no JSON object"),
        ("{}", "typedData is missing"),
        ('{"typedData": 5}', "typedData is not usable"),
        ('{"typedData": {"primaryType": "RedeemIntent"}}', "must be Coupon"),
        ('{"typedData": {"primaryType": "Coupon"}}', "message is missing"),
    ],
)
def test_from_json_refuses_what_is_no_coupon(text, words):
    with pytest.raises(UsageError, match=words):
        SignedCoupon.from_json(text)


@pytest.mark.parametrize(
    ("signature", "words"),
    [("0xzz", "no hex"), (5, "signature"), ("0x" + "00" * 65_536, "at most")],
)
def test_from_json_refuses_a_malformed_signature(signature, words):
    with pytest.raises(UsageError, match=words):
        SignedCoupon.from_json({**sign().to_json(), "signature": signature})


def test_a_link_keeps_the_coupon_from_the_server():
    page, _, fragment = sign().to_link(PAGE).partition("#")
    assert page == PAGE
    assert len(fragment) == 323  # a QR code of version 13 holds it


@pytest.mark.parametrize("page", ["http://shop.example", PAGE + "#top", "shop"])
def test_to_link_refuses_a_page_it_cannot_trust(page):
    with pytest.raises(UsageError):
        sign().to_link(page)


def test_to_link_refuses_the_signature_of_a_smart_account():
    signed = SignedCoupon(sign().coupon, DOMAIN, b"\x01" * 200)
    assert SignedCoupon.from_json(signed.to_json()) == signed
    with pytest.raises(UsageError, match="signed by a key"):
        signed.to_link(PAGE)


def test_to_link_refuses_a_chain_id_beyond_64_bits():
    with pytest.raises(UsageError, match="does not fit"):
        sign(domain=hub_domain(2**64, HUB)).to_link(PAGE)


@pytest.mark.parametrize(
    "change",
    [
        lambda link: link[:-1],
        lambda link: link[:100] + ("A" if link[100] != "A" else "B") + link[101:],
        lambda link: PAGE,
        lambda link: "",
        lambda link: link + "!",
    ],
    ids=["cut off", "altered", "page only", "empty", "more behind"],
)
def test_from_link_refuses_a_damaged_link(change):
    with pytest.raises(UsageError):
        SignedCoupon.from_link(change(sign().to_link(PAGE)))


# ----------------------------------------------------------------- epochs


@pytest.mark.parametrize(("epoch", "validity", "issued"), [(4, 4, 4), (4, 1, 1), (9, 3, 8)])
def test_issued_epoch_is_that_of_an_award(epoch, validity, issued):
    assert issued_epoch(epoch, validity) == issued


def test_points_of_a_coupon_expire_four_epochs_after_their_issue():
    clock = EpochClock(1_000, 60)
    assert expires_at(clock, 4) == datetime.fromtimestamp(1_000 + 4 * 60, UTC)
    assert expires_at(clock, EPOCH_MAX) is None


def test_a_signer_that_cannot_sign_is_not_asked_for_a_bad_coupon():
    def never(_):
        raise AssertionError

    with pytest.raises(UsageError):
        sign(SimpleNamespace(address=KEY.address, sign_digest=never), points=0)
