"""Intents: signed offline, carried as JSON, packed for the hub."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from hypothesis import given
from hypothesis import strategies as st

from crmdapp.chain import LocalSigner
from crmdapp.chain.addresses import checksum
from crmdapp.chain.errors import IntentSignatureInvalid
from crmdapp.chain.signed import DEADLINE_MAX
from crmdapp.errors import UsageError
from crmdapp.loyalty import (
    ExchangeIntent,
    RedeemIntent,
    SignedIntent,
    TransferIntent,
    deadline_in,
    hub_domain,
    sign_batch,
    sign_exchange,
    sign_redeem,
    sign_transfer,
)
from crmdapp.loyalty.errors import PointsOverflow
from crmdapp.loyalty.intents import NO_TERMS, ORDER_MAX
from crmdapp.loyalty.packing import (
    batch_id,
    pack_records,
    pack_redemptions,
    unpack_records,
    unpack_redemptions,
)
from crmdapp.loyalty.points import POINTS_MAX
from tests.fixtures.intents import compact

HUB = checksum("0x" + "11" * 20)
FRIEND = checksum("0x" + "22" * 20)
DOMAIN = hub_domain(31337, HUB)
SIGNER = LocalSigner(b"\x07" * 32)
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141

addresses = st.binary(min_size=20, max_size=20).map(lambda raw: checksum("0x" + raw.hex()))
amounts = st.integers(1, POINTS_MAX)
deadlines = st.integers(0, DEADLINE_MAX)
words = st.integers(0, 2**256 - 1)
hashes = st.binary(min_size=32, max_size=32)
redemptions = st.builds(
    RedeemIntent, words, words, hashes, addresses, amounts, st.integers(0, ORDER_MAX), deadlines
)
transfers = st.builds(TransferIntent, words, addresses, addresses, amounts, words, deadlines)
exchanges = st.builds(
    ExchangeIntent, words, words, addresses, amounts, amounts, hashes, words, deadlines
)


def redeem(**changes):
    values = {"program": 2, "points": 500, "order_id": 7, "deadline": 2_000_000_000, **changes}
    return sign_redeem(SIGNER, DOMAIN, **values)


def transfer(**changes):
    values = {"program": 2, "to": FRIEND, "points": 500, "nonce": 7, "deadline": 2_000_000_000}
    return sign_transfer(SIGNER, DOMAIN, **{**values, **changes})


def exchange(**changes):
    values = {"program": 2, "to_program": 4, "points": 500, "min_points": 90, "nonce": 7}
    return sign_exchange(SIGNER, DOMAIN, **{**values, "deadline": 2_000_000_000, **changes})


# ----------------------------------------------------------------- signing


@pytest.mark.parametrize(
    "signed",
    [redeem(), redeem(merchant=4, terms_hash=b"\x05" * 32), transfer(), exchange()],
    ids=["redeem", "redeem elsewhere", "transfer", "exchange"],
)
def test_signature_is_the_one_a_wallet_makes(signed):
    typed = signed.to_json()["typedData"]
    wallet = Account.from_key(b"\x07" * 32).sign_message(encode_typed_data(full_message=typed))
    assert signed.signature == bytes(wallet.signature)
    assert signed.signed_by_key()


@pytest.mark.parametrize(
    "sign", [redeem, transfer, exchange], ids=["redeem", "transfer", "exchange"]
)
@pytest.mark.parametrize(
    "changes",
    [
        {"points": 0},
        {"points": -1},
        {"program": -1},
        {"deadline": DEADLINE_MAX + 1},
        {"deadline": -1},
        {"deadline": datetime(2030, 1, 1)},  # noqa: DTZ001 - the naive datetime is the point
    ],
    ids=str,
)
def test_sign_refuses_values_out_of_range(sign, changes):
    with pytest.raises(UsageError):
        sign(**changes)


@pytest.mark.parametrize(
    "sign", [redeem, transfer, exchange], ids=["redeem", "transfer", "exchange"]
)
def test_sign_refuses_overflow(sign):
    with pytest.raises(PointsOverflow) as refusal:
        sign(points=POINTS_MAX + 1)
    assert refusal.value.points == POINTS_MAX + 1


def test_sign_redeem_refuses_order_ids_beyond_48_bits():
    assert redeem(order_id=ORDER_MAX).signed_by_key()
    with pytest.raises(UsageError, match="order_id"):
        redeem(order_id=ORDER_MAX + 1)


@pytest.mark.parametrize("sign", [redeem, exchange], ids=["redeem", "exchange"])
def test_sign_refuses_a_terms_hash_that_has_not_32_bytes(sign):
    with pytest.raises(UsageError, match="32 bytes"):
        sign(terms_hash=b"\x01" * 31)


def test_sign_redeem_is_at_the_program_itself_unless_told():
    assert redeem().intent.merchant == 2
    assert redeem(merchant=4).intent.merchant == 4
    with pytest.raises(UsageError, match="merchant"):
        redeem(merchant=-1)


def test_sign_exchange_takes_any_least_amount_that_fits():
    assert exchange(min_points=0).intent.min_points == 0
    with pytest.raises(PointsOverflow):
        exchange(min_points=POINTS_MAX + 1)
    with pytest.raises(UsageError, match="to_program"):
        exchange(to_program=-1)


def test_sign_transfer_refuses_the_zero_address_and_typos():
    with pytest.raises(UsageError, match="zero address"):
        transfer(to="0x" + "00" * 20)
    with pytest.raises(UsageError, match="checksum"):
        transfer(to="0xF39Fd6e51aad88F6F4ce6aB8827279cffFb92266")


def test_sign_accepts_aware_datetimes():
    moment = datetime(2030, 1, 1, tzinfo=UTC)
    assert redeem(deadline=moment).intent.deadline == int(moment.timestamp())
    assert deadline_in(timedelta(hours=1), now=moment) == int(moment.timestamp()) + 3600


def test_hub_domain_refuses_what_is_no_address():
    with pytest.raises(UsageError):
        hub_domain(1, "0x12")


def test_sign_batch_signs_each():
    intents = [RedeemIntent(2, 2, NO_TERMS, SIGNER.address, 1 + n, n, 9) for n in range(20)]
    signed = sign_batch(intents, SIGNER, DOMAIN)
    assert [item.intent for item in signed] == intents
    assert all(item.signed_by_key() for item in signed)


def test_sign_batch_refuses_intents_of_others():
    with pytest.raises(UsageError, match="the signer is"):
        sign_batch([RedeemIntent(2, 2, NO_TERMS, FRIEND, 1, 1, 1)], SIGNER, DOMAIN)


def test_sign_batch_refuses_values_out_of_range():
    with pytest.raises(PointsOverflow):
        sign_batch([RedeemIntent(2, 2, NO_TERMS, SIGNER.address, 2**47, 1, 1)], SIGNER, DOMAIN)


# ----------------------------------------------------------------- judging a signature


def test_compact_signatures_are_accepted():
    signed = redeem()
    assert SignedIntent(signed.intent, DOMAIN, compact(signed.signature)).signed_by_key()


def mirrored(signature):
    s = ORDER - int.from_bytes(signature[32:64], "big")
    return signature[:32] + s.to_bytes(32, "big") + bytes([55 - signature[64]])


@pytest.mark.parametrize(
    "spoil",
    [
        lambda s: SignedIntent(s.intent, DOMAIN, mirrored(s.signature)),
        lambda s: SignedIntent(s.intent, DOMAIN, s.signature[:-1] + b"\x00"),
        lambda s: SignedIntent(s.intent, DOMAIN, b""),
        lambda s: SignedIntent(s.intent, DOMAIN, bytes(65)),
        lambda s: SignedIntent(s.intent, hub_domain(1, HUB), s.signature),
        lambda s: SignedIntent(s.intent, hub_domain(31337, FRIEND), s.signature),
        lambda s: SignedIntent(redeem(points=501).intent, DOMAIN, s.signature),
        lambda s: SignedIntent(redeem(order_id=8).intent, DOMAIN, s.signature),
        lambda s: SignedIntent(redeem(merchant=4).intent, DOMAIN, s.signature),
        lambda s: SignedIntent(redeem(terms_hash=b"\x05" * 32).intent, DOMAIN, s.signature),
    ],
    ids=[
        "high s",
        "v 0",
        "empty",
        "zeros",
        "chain",
        "hub",
        "amount",
        "order",
        "merchant",
        "terms",
    ],
)
def test_require_signed_by_key_refuses(spoil):
    signed = redeem()
    signed.require_signed_by_key()
    spoiled = spoil(signed)
    with pytest.raises(IntentSignatureInvalid) as refusal:
        spoiled.require_signed_by_key()
    assert refusal.value.values == (SIGNER.address, spoiled.digest)


# ----------------------------------------------------------------- JSON


@given(st.one_of(redemptions, transfers, exchanges), st.binary(max_size=200), st.integers(1, 2**64))
def test_json_round_trip(intent, signature, chain_id):
    signed = SignedIntent(intent, hub_domain(chain_id, HUB), signature)
    assert SignedIntent.from_json(json.dumps(signed.to_json())) == signed


def test_json_takes_numbers_as_wallets_write_them():
    data = redeem().to_json()
    data["typedData"]["message"]["points"] = "500"
    data["typedData"]["domain"]["chainId"] = "0x7a69"
    assert SignedIntent.from_json(data) == redeem()


def at(*path, value):
    """A change of one place in a signed intent's JSON; ``None`` removes it."""

    def change(data):
        *inner, last = path
        for name in inner:
            data = data[name]
        data[last] = value
        if value is None:
            del data[last]

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (at("typedData", value=None), "typedData"),
        (at("signature", value=None), "signature"),
        (at("signature", value="0xzz"), "no hex"),
        (at("signature", value="0x" + "00" * 65536), "at most"),
        (at("typedData", "primaryType", value="Permit"), "primaryType"),
        (at("typedData", "message", "points", value=1.5), "points"),
        (at("typedData", "message", "points", value=-1), "points"),
        (at("typedData", "message", "points", value=True), "points"),
        (at("typedData", "message", "orderId", value="seven"), "orderId"),
        (at("typedData", "message", "from", value="0x12"), "from"),
        (at("typedData", "message", "merchant", value=None), "merchant"),
        (at("typedData", "message", "termsHash", value="0x12"), "termsHash"),
        (at("typedData", "message", "termsHash", value="zz"), "termsHash"),
        (at("typedData", "domain", "chainId", value=None), "chainId"),
        (at("typedData", "domain", "name", value=7), "name"),
    ],
)
def test_from_json_names_what_is_wrong(change, words):
    data = redeem().to_json()
    change(data)
    with pytest.raises(UsageError, match=words):
        SignedIntent.from_json(data)


@pytest.mark.parametrize("text", ["", "[]", "{", "null", b"\xff"])
def test_from_json_refuses_what_is_no_object(text):
    with pytest.raises(UsageError):
        SignedIntent.from_json(text)


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, '{"":' * 100_000, '["]",' * 100_000, "[" * 33],
    ids=["arrays", "objects", "brackets in strings", "one too many"],
)
@pytest.mark.parametrize("form", [str, str.encode])
def test_from_json_refuses_deep_nesting(text, form):
    with pytest.raises(UsageError) as refusal:
        SignedIntent.from_json(form(text))
    assert refusal.value.why == "it is nested more than 32 deep"


@pytest.mark.parametrize(
    "note",
    ['"' + "[" * 33 + '\\"' + "{" * 33, "[]" * 33, [[], {}] * 33, {"[" * 33: "]"}],
    ids=["quotes", "text", "siblings", "name"],
)
def test_from_json_counts_brackets_that_are_open_alone(note):
    body = redeem().to_json() | {"note": note}
    assert SignedIntent.from_json(json.dumps(body)) == redeem()


def test_from_json_reads_a_string_without_end_once():
    with pytest.raises(UsageError, match="not JSON"):
        SignedIntent.from_json('"' + '\\"' * 500_000)


# ----------------------------------------------------------------- packed forms


@given(
    st.lists(st.tuples(redemptions, st.binary(max_size=100)), max_size=6),
    st.tuples(words, words, hashes),
)
def test_packed_redemptions_round_trip(pairs, terms):
    items = [
        SignedIntent(
            RedeemIntent(*terms, i.from_, i.points, i.order_id, i.deadline), DOMAIN, signature
        )
        for i, signature in pairs
    ]
    assert unpack_redemptions(terms, pack_redemptions(items), DOMAIN) == items


def test_packed_redemption_is_as_the_hub_reads_it():
    signed = redeem(points=0x0102, order_id=0x0304, deadline=0x0506)
    head = bytes.fromhex(SIGNER.address[2:] + "000000000102" + "000000000304" + "0000000506")
    assert pack_redemptions([signed]) == head + b"\x00\x41" + signed.signature


def test_pack_redemptions_refuses_transfers():
    with pytest.raises(UsageError, match="one by one"):
        pack_redemptions([transfer()])


@pytest.mark.parametrize("cut", [1, 38, 39, 103])
def test_unpack_redemptions_refuses_an_end_in_the_middle(cut):
    packed = pack_redemptions([redeem(), redeem(order_id=8)])
    with pytest.raises(UsageError, match="middle"):
        unpack_redemptions((2, 2, NO_TERMS), packed[: 104 + cut], DOMAIN)


@given(st.lists(st.tuples(addresses, amounts), max_size=10))
def test_packed_records_round_trip(records):
    packed = pack_records(records)
    assert len(packed) == 26 * len(records)
    assert unpack_records(packed) == records


def test_pack_records_refuses_overflow_and_malformed_addresses():
    with pytest.raises(PointsOverflow):
        pack_records([(FRIEND, 2**47)])
    with pytest.raises(UsageError, match="not an address"):
        pack_records([("0x12", 1)])
    with pytest.raises(UsageError, match="26 bytes"):
        unpack_records(bytes(27))


def test_batch_id_is_keccak_of_the_abi_encoding():
    from eth_abi.abi import encode
    from eth_utils import keccak

    assert batch_id(b"\x05" * 32, 9) == keccak(encode(["bytes32", "uint256"], [b"\x05" * 32, 9]))
