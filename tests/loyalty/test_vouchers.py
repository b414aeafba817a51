"""Money-backed gift cards from Python: links, payments signed offline, and what the chain does."""

import json
import logging
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_utils import keccak
from hypothesis import given
from hypothesis import strategies as st

from crmdapp.chain import LocalSigner
from crmdapp.chain.accounts import CURVE_ORDER
from crmdapp.chain.addresses import checksum
from crmdapp.chain.errors import (
    ERC20InsufficientBalance,
    IntentExpired,
    IntentNonceUsed,
    IntentSignatureInvalid,
)
from crmdapp.chain.manifest import Manifest
from crmdapp.errors import ContractMissing, PrivateKeyInvalid, UsageError
from crmdapp.loyalty.cards import (
    GiftCard,
    GiftPayment,
    HeldCard,
    SignedPayment,
    sign_payment,
    voucher_domain,
)
from crmdapp.loyalty.errors import (
    CardBalanceExceeded,
    CardBoughtBefore,
    CardBuyerOnly,
    CardEmpty,
    CardKeyInvalid,
    CardMismatch,
    CardRefundTooEarly,
    GuildMerchantOnly,
    GuildOwnerOnly,
    GuildUnknown,
)
from crmdapp.loyalty.events import CardRefunded, CardSpent, MerchantAdded
from crmdapp.loyalty.gifts import Gift
from crmdapp.loyalty.nonces import NonceBook
from crmdapp.loyalty.vouchers import Guild, VoucherClient
from tests.fixtures.intents import compact
from tests.loyalty.constants import ZERO
from tests.loyalty.ledger import *  # noqa: F403 - fixtures

PAGE = "https://shop.example/card"
ANY_TIME = 2**40 - 1
TERMS = b"\x05" * 32
VOUCHER = checksum("0x" + "11" * 20)
SHOP = checksum("0x" + "22" * 20)
BUYER = LocalSigner(b"\x08" * 32)
DOMAIN = voucher_domain(31337, VOUCHER)
LOADED = 25_000_000
MINTED = 100_000_000

addresses = st.binary(min_size=20, max_size=20).map(lambda raw: checksum("0x" + raw.hex()))
keys = st.integers(1, CURVE_ORDER - 1).map(lambda number: number.to_bytes(32, "big"))
hashes = st.binary(min_size=32, max_size=32)


def held_card(**changes):
    values = {"domain": DOMAIN, "buyer": BUYER.address, "guild": 1, **changes}
    return HeldCard.new(values.pop("domain"), values.pop("buyer"), values.pop("guild"), **values)


# ----------------------------------------------------------------- cards and links


@st.composite
def held_cards(draw):
    key = draw(keys)
    card = GiftCard(
        LocalSigner(key).address,
        draw(addresses),
        draw(st.integers(1, 2**64 - 1)),
        draw(st.integers(0, ANY_TIME)),
        draw(hashes),
    )
    return HeldCard(voucher_domain(draw(st.integers(0, 2**64 - 1)), draw(addresses)), card, key)


@given(held_cards())
def test_parse_reads_what_link_wrote(held):
    assert HeldCard.parse(held.link()) == held
    assert HeldCard.parse(held.link(PAGE)) == held
    assert HeldCard.parse(held.link(PAGE)).private_key == held.private_key


def test_a_card_has_the_id_that_wallets_compute():
    held = held_card(refund_at=datetime(2030, 1, 1, tzinfo=UTC), terms_hash=TERMS)
    typed = held.card.to_json(DOMAIN)
    signable = encode_typed_data(full_message=typed)
    assert held.id == keccak(b"\x19\x01" + signable.header + signable.body)
    assert held.card.refund_at == 1_893_456_000


def test_repr_leaves_the_key_out():
    held = held_card()
    assert held.private_key.hex() not in repr(held)
    assert repr(held.private_key)[2:-1] not in repr(held)


def test_parse_refuses_the_link_of_a_gift():
    with pytest.raises(UsageError, match="a gift of points, not a money-backed gift card"):
        HeldCard.parse(Gift.new(DOMAIN, 2).link())


@pytest.mark.parametrize("cut", [1, 20, 100])
def test_parse_refuses_a_link_that_was_cut_off(cut):
    with pytest.raises(UsageError, match="cut off"):
        HeldCard.parse(held_card().link()[:-cut])


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"buyer": "0x12"}, UsageError),
        ({"guild": 0}, UsageError),
        ({"guild": 2**64}, UsageError),
        ({"refund_at": 2**40}, UsageError),
        ({"refund_at": -1}, UsageError),
        ({"refund_at": datetime(2030, 1, 1)}, UsageError),  # noqa: DTZ001 - it is naive on purpose
        ({"terms_hash": b"\x05"}, UsageError),
        ({"domain": voucher_domain(2**64, VOUCHER)}, UsageError),
    ],
    ids=str,
)
def test_a_card_refuses_what_is_malformed(changes, error):
    with pytest.raises(error):
        held_card(**changes)


def test_a_card_is_held_with_its_own_key():
    held = held_card()
    with pytest.raises(UsageError, match="another key"):
        HeldCard(DOMAIN, held.card, b"\x07" * 32)
    with pytest.raises(PrivateKeyInvalid):
        HeldCard(DOMAIN, held.card, bytes(32))


# ----------------------------------------------------------------- payments


@pytest.fixture
def held():
    return held_card(refund_at=5, terms_hash=TERMS)


def test_sign_payment_is_the_signature_a_wallet_makes(held):
    signed = held.sign_payment(SHOP.lower(), 5, deadline=ANY_TIME, nonce=9)
    assert signed.payment == GiftPayment(held.id, SHOP, 5, 9, ANY_TIME)
    typed = signed.to_json()["typedData"]
    wallet = Account.from_key(held.private_key).sign_message(encode_typed_data(full_message=typed))
    assert signed.signature == bytes(wallet.signature)
    signed.require_signed_by_key()


def test_sign_payment_takes_random_nonces_and_aware_datetimes(held):
    moment = datetime(2030, 1, 1, tzinfo=UTC)
    first, second = (held.sign_payment(SHOP, 5, deadline=moment) for _ in range(2))
    assert first.payment.nonce != second.payment.nonce
    assert first.payment.deadline == int(moment.timestamp())


@pytest.mark.parametrize(
    "changes",
    [
        {"merchant": "0x12"},
        {"amount": 0},
        {"amount": -1},
        {"amount": 2**256},
        {"amount": 1.5},
        {"nonce": -1},
        {"nonce": 2**256},
        {"deadline": 2**40},
        {"deadline": -1},
        {"deadline": datetime(2030, 1, 1)},  # noqa: DTZ001 - the naive datetime is the point
    ],
    ids=str,
)
def test_sign_payment_refuses_values_out_of_range(held, changes):
    values = {"merchant": SHOP, "amount": 5, "deadline": ANY_TIME, "nonce": 1, **changes}
    with pytest.raises(UsageError):
        held.sign_payment(**values)


def test_sign_payment_refuses_another_key(held):
    with pytest.raises(UsageError, match="the signer is"):
        sign_payment(BUYER, DOMAIN, held.card, merchant=SHOP, amount=5, deadline=ANY_TIME)


def test_payments_travel_as_json(held):
    signed = held.sign_payment(SHOP, 5, deadline=ANY_TIME)
    body = signed.to_json()
    assert SignedPayment.from_json(body) == signed
    assert SignedPayment.from_json(json.dumps(body)) == signed
    body["typedData"]["message"]["amount"] = "5"
    body["card"]["refundAt"] = "0x5"
    assert SignedPayment.from_json(body) == signed
    assert held.private_key.hex() not in json.dumps(body)


@pytest.mark.parametrize(
    ("place", "value", "field"),
    [
        (("card",), None, "card"),
        (("card", "key"), "0x12", "key"),
        (("card", "refundAt"), 2**40, "refundAt"),
        (("card", "termsHash"), "0x12", "termsHash"),
        (("signature",), "xyz", "signature"),
        (("typedData", "primaryType"), "RedeemIntent", "primaryType"),
        (("typedData", "message", "card"), "0x", "card"),
        (("typedData", "message", "amount"), -1, "amount"),
        (("typedData", "message", "merchant"), 5, "merchant"),
        (("typedData", "domain", "chainId"), "x", "chainId"),
    ],
    ids=str,
)
def test_from_json_names_the_field_that_is_wrong(held, place, value, field):
    body = held.sign_payment(SHOP, 5, deadline=ANY_TIME).to_json()
    inner = body
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = value
    with pytest.raises(UsageError, match=field):
        SignedPayment.from_json(body)


def test_from_json_refuses_what_is_no_payment():
    for data in ("{", "5", "[]", b"\xff"):
        with pytest.raises(UsageError):
            SignedPayment.from_json(data)


def test_require_signed_by_key_takes_the_compact_form(held):
    signed = held.sign_payment(SHOP, 5, deadline=ANY_TIME, nonce=1)
    replace(signed, signature=compact(signed.signature)).require_signed_by_key()


def test_require_signed_by_key_refuses_forgeries(held):
    good = held.sign_payment(SHOP, 5, deadline=ANY_TIME, nonce=1)
    other = held_card()
    stranger = BUYER.sign_digest(good.payment.digest(DOMAIN))
    altered = GiftPayment(held.id, SHOP, 6, 1, ANY_TIME)
    elsewhere = good.payment.sign(LocalSigner(held.private_key), voucher_domain(1, VOUCHER))
    for forged in (
        SignedPayment(held.card, good.payment, DOMAIN, stranger),
        SignedPayment(held.card, altered, DOMAIN, good.signature),
        SignedPayment(held.card, good.payment, DOMAIN, elsewhere),
        SignedPayment(held.card, good.payment, DOMAIN, b""),
    ):
        with pytest.raises(IntentSignatureInvalid) as refusal:
            forged.require_signed_by_key()
        assert refusal.value.values == (held.card.key, forged.payment.digest(DOMAIN))
    with pytest.raises(CardMismatch) as refusal:
        SignedPayment(other.card, good.payment, DOMAIN, good.signature).require_signed_by_key()
    assert refusal.value.values == (held.id, other.id)


# ----------------------------------------------------------------- guilds


@pytest.fixture
def using(ledger):
    """The contract of cards as a role uses it."""

    def using_(role):
        sender = ledger.client(role).sender
        return VoucherClient.at(ledger.connection, ledger.manifest, sender)

    return using_


@pytest.fixture
def keeper(using):
    """Keeps the list of merchants."""
    return using("merchant")


@pytest.fixture
def buyer(using, ledger):
    """Has coin, buys cards."""
    ledger.mint_coin("customer", MINTED)
    return using("customer")


@pytest.fixture
def guild(keeper, ledger):
    return keeper.create_guild([ledger.address("merchant")]).id


def test_guilds_are_opened_filled_and_listed(ledger, keeper, using):
    merchant, friend = ledger.address("merchant"), ledger.address("friend")
    first = keeper.create_guild([merchant.lower()])
    assert first == Guild(1, merchant, (merchant,))
    second = using("friend").create_guild()
    receipt = keeper.add_merchant(first.id, friend)
    keeper.add_merchant(first.id, merchant)  # listed already
    assert receipt.events_of(MerchantAdded) == [MerchantAdded(first.id, friend)]
    assert keeper.guild(first.id) == Guild(1, merchant, (merchant, friend))
    assert list(keeper.guilds()) == [keeper.guild(1), Guild(2, friend, ())]
    assert keeper.is_merchant(1, friend)
    assert not keeper.is_merchant(second.id, friend)


def test_create_guild_happens_once_per_key(keeper):
    first = keeper.create_guild(key="town")
    assert keeper.create_guild(key="town") == first
    assert keeper.create_guild(key="other").id != first.id


def test_add_merchant_refuses_if_not_the_owner(ledger, using, guild):
    with pytest.raises(GuildOwnerOnly) as refusal:
        using("outsider").add_merchant(guild, ledger.address("outsider"))
    assert refusal.value.values == (guild, ledger.address("outsider"))


def test_an_unknown_guild_is_named(ledger, keeper):
    for refused in (lambda: keeper.guild(7), lambda: keeper.add_merchant(7, SHOP)):
        with pytest.raises(GuildUnknown) as refusal:
            refused()
        assert refusal.value.guild == 7


def test_the_zero_address_is_no_merchant(keeper, guild):
    for refused in (
        lambda: keeper.create_guild([SHOP, ZERO]),
        lambda: keeper.add_merchant(guild, ZERO),
    ):
        with pytest.raises(UsageError, match="zero address"):
            refused()


# ----------------------------------------------------------------- buying


@pytest.fixture
def fresh(buyer, ledger, guild):
    """A card of the buyer that was not bought yet."""

    def fresh_(**changes):
        return HeldCard.new(buyer.domain, ledger.address("customer"), guild, **changes)

    return fresh_


@pytest.fixture
def bought(buyer, fresh):
    held = fresh()
    buyer.buy(held.card, LOADED)
    return held


def test_buy_approves_exactly_what_it_takes(ledger, buyer, fresh):
    held, customer = fresh(), ledger.address("customer")
    purchase = buyer.buy(held.card, LOADED)
    assert (purchase.card, purchase.amount) == (held.id, LOADED)
    assert buyer.balance(held.card) == buyer.balance(held.id) == LOADED
    assert buyer.money.balance(customer) == MINTED - LOADED
    assert buyer.money.allowance(customer, ledger.voucher) == 0


def test_buy_approves_nothing_if_enough_is_allowed(ledger, buyer, fresh):
    customer = ledger.address("customer")
    buyer.send(buyer.money.contract.call("approve", ledger.voucher, MINTED))
    before = ledger.connection.nonce(customer)
    buyer.buy(fresh().card, LOADED)
    assert ledger.connection.nonce(customer) == before + 1
    assert buyer.money.allowance(customer, ledger.voucher) == MINTED - LOADED


def test_buy_takes_an_allowance_back_that_is_too_small(ledger, buyer, fresh):
    customer = ledger.address("customer")
    buyer.send(buyer.money.contract.call("approve", ledger.voucher, 1))
    before = ledger.connection.nonce(customer)
    buyer.buy(fresh().card, LOADED)
    assert ledger.connection.nonce(customer) == before + 3  # to 0, to the amount, buy
    assert buyer.money.allowance(customer, ledger.voucher) == 0


def test_buy_happens_once_per_key(ledger, buyer, fresh):
    held = fresh()
    first = buyer.buy(held.card, LOADED, key="birthday")
    assert buyer.buy(held.card, LOADED, key="birthday") == first
    assert buyer.money.balance(ledger.address("customer")) == MINTED - LOADED
    assert buyer.money.allowance(ledger.address("customer"), ledger.voucher) == 0


def test_buy_goes_on_after_the_approval(ledger, buyer, fresh):
    held = fresh()
    # Killed between the two transactions.
    approval = "birthday:allowance"
    buyer.money.approve(buyer.sender, ledger.voucher, LOADED, key=approval)
    before = ledger.connection.nonce(ledger.address("customer"))
    buyer.buy(held.card, LOADED, key="birthday")
    assert ledger.connection.nonce(ledger.address("customer")) == before + 1


@pytest.mark.parametrize("problem", ["buyer", "guild", "coin", "key", "amount"])
def test_buy_that_would_be_refused_approves_nothing(ledger, buyer, fresh, guild, problem):
    customer = ledger.address("customer")
    card, amount = fresh().card, LOADED
    if problem == "buyer":
        card, error = held_card(domain=buyer.domain).card, CardBuyerOnly
    elif problem == "guild":
        card, error = GiftCard(card.key, customer, guild + 1), GuildUnknown
    elif problem == "coin":
        amount, error = MINTED + 1, ERC20InsufficientBalance
    elif problem == "key":
        card, error = GiftCard(ZERO, customer, guild), CardKeyInvalid
    else:
        amount, error = 0, UsageError
    before = ledger.connection.nonce(customer)
    with pytest.raises(error):
        buyer.buy(card, amount)
    assert ledger.connection.nonce(customer) == before


def test_buy_refuses_a_card_that_was_bought_before(ledger, buyer, keeper, bought):
    keeper.spend(bought.sign_payment(ledger.address("merchant"), LOADED, deadline=ANY_TIME))
    with pytest.raises(CardBoughtBefore) as refusal:
        buyer.buy(bought.card, LOADED)
    assert refusal.value.card == bought.id


def test_card_id_is_the_contracts_own(buyer, fresh):
    held = fresh(refund_at=ANY_TIME, terms_hash=TERMS)
    fields = (held.card.key, held.card.buyer, held.card.guild, held.card.refund_at, TERMS)
    assert buyer.card_id(held.card) == held.id == buyer.contract.read("cardId", fields)
    assert buyer.domain.separator() == buyer.contract.read("DOMAIN_SEPARATOR")


# ----------------------------------------------------------------- spending


def test_spend_pays_the_merchant_whoever_submits(ledger, using, bought):
    shop = ledger.address("merchant")
    # The friend has the link alone; the payment travels as JSON.
    signed = HeldCard.parse(bought.link()).sign_payment(shop, 10_000_000, deadline=ANY_TIME)
    relayer = using("outsider")
    receipt = relayer.spend(SignedPayment.from_json(signed.to_json()))
    assert receipt.events_of(CardSpent) == [CardSpent(bought.id, shop, 10_000_000)]
    assert relayer.money.balance(shop) == 10_000_000
    assert relayer.balance(bought.card) == LOADED - 10_000_000


def test_spend_happens_once(ledger, using, bought):
    shop, relayer = ledger.address("merchant"), using("outsider")
    signed = bought.sign_payment(shop, 10, deadline=ANY_TIME, nonce=7)
    first = relayer.spend(signed, key="order 7")
    assert relayer.spend(signed, key="order 7") == first
    with pytest.raises(IntentNonceUsed) as refusal:
        relayer.spend(signed)
    assert refusal.value.values == (bought.card.key, 7)


def test_spend_costs_less_with_numbers_from_a_nonce_book(ledger, using, bought, tmp_path):
    shop, relayer = ledger.address("merchant"), using("outsider")

    def gas(nonce):
        signed = bought.sign_payment(shop, 1_000, deadline=ANY_TIME, nonce=nonce)
        return relayer.spend(signed).gas_used

    gas(None)  # the merchant's first coin costs more
    with NonceBook(tmp_path / "nonces.sqlite3") as book:
        first, second = (gas(book.take(bought.domain, bought.card.key)) for _ in range(2))
    # A word of storage that holds something already: 5,000 gas instead of 22,100. What is left may
    # differ by some bytes of calldata that are zero or not.
    assert first - second == pytest.approx(17_100, abs=100)
    assert gas(None) - second == pytest.approx(17_100, abs=100)


def test_spend_refuses_more_than_is_left(ledger, keeper, bought):
    signed = bought.sign_payment(ledger.address("merchant"), LOADED + 1, deadline=ANY_TIME)
    with pytest.raises(CardBalanceExceeded) as refusal:
        keeper.spend(signed)
    assert refusal.value.values == (bought.id, LOADED + 1, LOADED)


def test_spend_refuses_who_is_not_listed(ledger, using, guild, bought):
    friend = ledger.address("friend")
    with pytest.raises(GuildMerchantOnly) as refusal:
        using("friend").spend(bought.sign_payment(friend, 1, deadline=ANY_TIME))
    assert refusal.value.values == (guild, friend)


def test_spend_refuses_after_the_deadline(ledger, keeper, bought):
    deadline = ledger.node.now
    ledger.node.advance(10)
    with pytest.raises(IntentExpired) as refusal:
        keeper.spend(bought.sign_payment(ledger.address("merchant"), 1, deadline=deadline))
    assert refusal.value.deadline == deadline


@pytest.mark.parametrize("foreign", ["chain", "contract"])
def test_spend_refuses_what_was_signed_for_elsewhere(ledger, keeper, bought, foreign):
    domain = {
        "chain": voucher_domain(1, ledger.voucher),
        "contract": voucher_domain(31337, ledger.hub),
    }[foreign]
    signer, shop = LocalSigner(bought.private_key), ledger.address("merchant")
    signed = sign_payment(signer, domain, bought.card, merchant=shop, amount=1, deadline=ANY_TIME)
    with pytest.raises(CardMismatch):
        keeper.spend(signed)
    renamed = GiftPayment(bought.id, shop, 1, signed.payment.nonce, ANY_TIME)
    with pytest.raises(IntentSignatureInvalid):
        keeper.spend(SignedPayment(bought.card, renamed, domain, signed.signature))


# ----------------------------------------------------------------- refunds


def test_refund_pays_the_buyer_from_its_second_on(ledger, buyer, using, keeper, fresh):
    until = ledger.node.now + 1_000
    held = fresh(refund_at=until)
    buyer.buy(held.card, LOADED)
    keeper.spend(held.sign_payment(ledger.address("merchant"), 5, deadline=ANY_TIME))
    with pytest.raises(CardRefundTooEarly) as refusal:
        buyer.refund(held.card)
    assert refusal.value.refund_at == until
    ledger.node.advance_to(until)
    receipt = using("outsider").refund(held.card)
    expected = CardRefunded(held.id, ledger.address("customer"), LOADED - 5)
    assert receipt.events_of(CardRefunded) == [expected]
    assert buyer.money.balance(ledger.address("customer")) == MINTED - 5
    with pytest.raises(CardEmpty):
        buyer.refund(held.card)


def test_refund_never_comes_if_the_card_names_no_time(ledger, buyer, bought):
    ledger.node.advance(10**9)
    with pytest.raises(CardRefundTooEarly) as refusal:
        buyer.refund(bought.card)
    assert refusal.value.refund_at == 0


# ----------------------------------------------------------------- the client


def test_at_refuses_if_nothing_is_deployed(ledger):
    empty = Manifest(ledger.connection.chain_id, "0x" + ledger.connection.genesis_hash.hex())
    with pytest.raises(ContractMissing):
        VoucherClient.at(ledger.connection, empty)


def test_reading_needs_no_account(ledger, bought):
    reader = VoucherClient.at(ledger.connection, ledger.manifest)
    assert reader.balance(bought.card) == LOADED
    assert (reader.coin.symbol, reader.coin.decimals) == ("TEST", 6)
    with pytest.raises(UsageError, match="no account"):
        reader.refund(bought.card)


def test_the_key_is_in_no_log_and_no_journal(ledger, buyer, keeper, fresh, caplog):
    held = fresh()
    with caplog.at_level(logging.DEBUG):
        buyer.buy(held.card, LOADED, key="birthday")
        keeper.spend(held.sign_payment(ledger.address("merchant"), 5, deadline=ANY_TIME))
    written = held.link().partition("#")[2]
    for secret in (held.private_key.hex(), written, written[-50:]):
        assert secret not in caplog.text
    for path in ledger.folder.iterdir():
        data = path.read_bytes()
        for secret in (held.private_key, held.private_key.hex().encode(), written.encode()):
            assert secret not in data
