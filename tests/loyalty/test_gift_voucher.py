"""Money-backed gift cards: bought, spent, given back, and no coin made or lost on the way.

The buyer locks coin on a card, whoever holds the card's key pays merchants of the guild with it.
"""

import random
from dataclasses import dataclass

import pytest
from eth_account import Account
from eth_utils import keccak

from tests.fixtures.intents import Domain, Intent, address_of, compact, high_s
from tests.fixtures.logs import log, logs
from tests.fixtures.reverts import reverts
from tests.loyalty.constants import ANY_TIME, INFINITE, ZERO
from tests.loyalty.intents import transfer_intent

NEVER = 0
LOADED = 50_000_000
NO_TERMS = bytes(32)
TERMS = b"\x07" * 32

_CARD = [
    ("key", "address"),
    ("buyer", "address"),
    ("guild", "uint256"),
    ("refundAt", "uint40"),
    ("termsHash", "bytes32"),
]
_PAYMENT = [
    ("card", "bytes32"),
    ("merchant", "address"),
    ("amount", "uint256"),
    ("nonce", "uint256"),
    ("deadline", "uint40"),
]


@dataclass(frozen=True)
class CardKey:
    """The key that travels on a card."""

    private_key: str

    @property
    def address(self) -> str:
        return Account.from_key(self.private_key).address


@pytest.fixture
def keeper(accounts):
    """Keeps the guild's list of merchants."""
    return accounts[6]


@pytest.fixture
def buyer(accounts):
    """Buys cards."""
    return accounts[3]


@pytest.fixture
def key():
    """What the friend gets."""
    return CardKey("0x" + "c1" * 32)


@pytest.fixture
def other_key():
    """Of another card."""
    return CardKey("0x" + "c2" * 32)


@pytest.fixture(scope="module")
def coin(project, accounts):
    """The coin on the cards, which behaves well until it is told otherwise."""
    return project.CoinMock.deploy(6, sender=accounts[0])


@pytest.fixture(scope="module")
def voucher(project, accounts, coin):
    return project.GiftVoucher.deploy(coin, sender=accounts[0])


@pytest.fixture
def domain(voucher, chain):
    return Domain("GiftVoucher", voucher.address, chain.chain_id)


@pytest.fixture
def guild(voucher, keeper, merchant):
    """A list with one merchant."""
    return voucher.createGuild([merchant], sender=keeper).return_value


@pytest.fixture
def other_guild(voucher, keeper, rival):
    """A list with the rival alone."""
    return voucher.createGuild([rival], sender=keeper).return_value


@pytest.fixture
def card(domain, key, buyer, guild):
    """A card of the buyer that is never given back, unless the test says otherwise."""

    def card_(*, at=domain, of=key, by=buyer, where=guild, refund_at=NEVER, terms=NO_TERMS):
        values = (address_of(of), address_of(by), where, refund_at, terms)
        return Intent(at, "GiftCard", _CARD, values)

    return card_


@pytest.fixture
def load(voucher, coin, buyer):
    """Buys a card with so much coin."""

    def load_(card, amount=LOADED, by=buyer):
        coin.mint(by, amount, sender=by)
        coin.approve(voucher, amount, sender=by)
        return voucher.buy(card.values, amount, sender=by)

    return load_


@pytest.fixture
def payment(domain, card, merchant):
    """A payment of 20 of the coin to the merchant, unless the test says otherwise."""

    def payment_(*, at=domain, of=None, to=merchant, amount=20_000_000, nonce=7, by=ANY_TIME):
        identity = (of or card()).digest() if not isinstance(of, bytes) else of
        values = (identity, address_of(to), amount, nonce, by)
        return Intent(at, "GiftPayment", _PAYMENT, values)

    return payment_


@pytest.fixture
def spend(voucher, card, key, relayer):
    """Pays with a card; the relayer submits."""

    def spend_(payment, of=None, signed_by=key):
        signature = payment.sign(signed_by)
        return voucher.spend((of or card()).values, payment.values, signature, sender=relayer)

    return spend_


# the contract


def test_constructor_keeps_the_coin(voucher, coin):
    assert voucher.COIN() == coin.address


@pytest.mark.parametrize("address", [ZERO, "0x" + "11" * 20])
def test_constructor_reverts_if_the_coin_has_no_code(project, accounts, address):
    with reverts(project.GiftVoucher.CoinInvalid, coin=address):
        project.GiftVoucher.deploy(address, sender=accounts[0])


def test_DOMAIN_SEPARATOR_is_that_of_eip_712(voucher, payment):
    assert voucher.DOMAIN_SEPARATOR() == payment().signable().header


# guilds


def test_createGuild_lists_merchants(voucher, keeper, merchant, rival, outsider):
    receipt = voucher.createGuild([merchant, rival], sender=keeper)
    guild = receipt.return_value

    assert logs(receipt, voucher) == [
        log(voucher, "GuildCreated", guild=guild, owner=keeper),
        log(voucher, "MerchantAdded", guild=guild, merchant=merchant),
        log(voucher, "MerchantAdded", guild=guild, merchant=rival),
    ]
    assert voucher.guildOwnerOf(guild) == keeper
    assert [voucher.isMerchant(guild, who) for who in (merchant, rival, keeper, outsider)] == [
        True,
        True,
        False,
        False,
    ]


def test_createGuild_counts_from_one_whoever_calls(voucher, keeper, outsider):
    first = voucher.createGuild([], sender=keeper).return_value
    second = voucher.createGuild([], sender=outsider).return_value

    assert (first, second) == (1, 2)
    assert voucher.guildOwnerOf(0) == ZERO
    assert voucher.guildOwnerOf(second) == outsider
    assert voucher.guildOwnerOf(3) == ZERO


def test_createGuild_without_merchants_is_filled_later(voucher, keeper, merchant):
    receipt = voucher.createGuild([], sender=keeper)
    guild = receipt.return_value
    assert logs(receipt, voucher) == [log(voucher, "GuildCreated", guild=guild, owner=keeper)]

    voucher.addMerchant(guild, merchant, sender=keeper)
    assert voucher.isMerchant(guild, merchant) is True


def test_addMerchant_lists_in_this_guild_alone(voucher, guild, other_guild, keeper, outsider):
    receipt = voucher.addMerchant(guild, outsider, sender=keeper)

    assert logs(receipt, voucher) == [log(voucher, "MerchantAdded", guild=guild, merchant=outsider)]
    assert voucher.isMerchant(guild, outsider) is True
    assert voucher.isMerchant(other_guild, outsider) is False


def test_addMerchant_reverts_if_caller_does_not_keep_the_list(
    voucher, project, guild, keeper, merchant, rival, outsider
):
    voucher.createGuild([outsider], sender=outsider)  # keeping another list is not enough
    for caller in (merchant, rival, outsider):
        with reverts(project.GiftVoucher.GuildOwnerOnly, guild=guild, caller=caller):
            voucher.addMerchant(guild, outsider, sender=caller)
    assert voucher.isMerchant(guild, outsider) is False

    voucher.addMerchant(guild, outsider, sender=keeper)


def test_addMerchant_reverts_if_guild_is_unknown(voucher, project, guild, keeper, merchant):
    for unknown in (0, guild + 1, INFINITE):
        with reverts(project.GiftVoucher.GuildOwnerOnly, guild=unknown, caller=keeper):
            voucher.addMerchant(unknown, merchant, sender=keeper)


def test_addMerchant_of_somebody_listed_changes_nothing(
    voucher, guild, keeper, merchant, card, load, payment, spend, coin
):
    voucher.addMerchant(guild, merchant, sender=keeper)

    assert voucher.isMerchant(guild, merchant) is True
    load(card())
    spend(payment())
    assert coin.balanceOf(merchant) == 20_000_000


# card ids


def test_cardId_is_the_hash_of_its_fields(voucher, card):
    for one in (card(), card(refund_at=ANY_TIME, terms=TERMS), card(where=INFINITE)):
        assert bytes(voucher.cardId(one.values)) == one.digest()


def test_cardId_differs_with_every_field(voucher, card, other_key, guild, rival):
    every = [
        card(),
        card(of=other_key),
        card(by=rival),
        card(where=guild + 1),
        card(refund_at=1),
        card(terms=TERMS),
    ]
    ids = [bytes(voucher.cardId(one.values)) for one in every]

    assert ids == [one.digest() for one in every]
    assert len(set(ids)) == len(every)


def test_cardId_differs_between_contracts(project, accounts, coin, voucher, card, domain):
    twin = accounts[0].deploy(project.GiftVoucher, coin)
    there = card(at=Domain(domain.name, twin.address, domain.chain_id))

    assert bytes(twin.cardId(there.values)) == there.digest()
    assert twin.cardId(card().values) != voucher.cardId(card().values)


# buy


def test_buy_locks_the_coin(voucher, coin, card, guild, buyer, load):
    receipt = load(card())

    identity = card().digest()
    assert logs(receipt, voucher, coin) == [
        log(coin, "Transfer", from_=buyer, to=voucher, value=LOADED),
        log(voucher, "CardBought", card=identity, buyer=buyer, guild=guild, amount=LOADED),
    ]
    assert bytes(receipt.return_value) == identity
    assert voucher.balanceOf(identity) == LOADED
    assert coin.balanceOf(voucher) == LOADED
    assert coin.balanceOf(buyer) == 0


def test_buy_of_one_unit(voucher, card, load):
    load(card(), 1)

    assert voucher.balanceOf(card().digest()) == 1


def test_buy_reverts_if_buyer_is_somebody_else(voucher, project, coin, card, buyer, rival, load):
    coin.mint(rival, LOADED, sender=rival)
    coin.approve(voucher, LOADED, sender=rival)
    with reverts(project.GiftVoucher.CardBuyerOnly, buyer=buyer, caller=rival):
        voucher.buy(card().values, LOADED, sender=rival)
    assert voucher.balanceOf(card().digest()) == 0

    load(card())


def test_buy_reverts_if_key_is_zero(voucher, project, card, load):
    with reverts(project.GiftVoucher.CardKeyInvalid, key=ZERO):
        load(card(of=ZERO))


def test_buy_reverts_if_guild_is_unknown(voucher, project, card, guild, load):
    for unknown in (0, guild + 1, INFINITE):
        with reverts(project.GiftVoucher.GuildUnknown, guild=unknown):
            load(card(where=unknown))


def test_buy_reverts_if_the_card_was_bought_before(voucher, project, coin, card, load, buyer):
    load(card())
    with reverts(project.GiftVoucher.CardBoughtBefore, card=card().digest()):
        load(card())

    assert voucher.balanceOf(card().digest()) == LOADED
    assert coin.balanceOf(buyer) == LOADED
    load(card(terms=TERMS))  # another card with the same key


def test_buy_reverts_if_the_card_was_spent(voucher, project, card, load, payment, spend):
    load(card())
    spend(payment(amount=LOADED))

    assert voucher.balanceOf(card().digest()) == 0
    with reverts(project.GiftVoucher.CardBoughtBefore, card=card().digest()):
        load(card())


def test_buy_reverts_if_the_card_was_given_back(voucher, project, card, load, buyer, clock):
    back = card(refund_at=clock.now)
    load(back)
    voucher.refund(back.values, sender=buyer)

    with reverts(project.GiftVoucher.CardBoughtBefore, card=back.digest()):
        load(back)


def test_buy_reverts_if_no_coin_comes(voucher, project, coin, card, buyer, load):
    with reverts(project.GiftVoucher.CardEmpty, card=card().digest()):
        voucher.buy(card().values, 0, sender=buyer)

    coin.setFee(10_000, sender=buyer)
    with reverts(project.GiftVoucher.CardEmpty, card=card().digest()):
        load(card())
    coin.setFee(0, sender=buyer)
    load(card())


def test_buy_reverts_if_allowance_is_short(voucher, project, coin, card, buyer):
    coin.mint(buyer, LOADED, sender=buyer)
    coin.approve(voucher, LOADED - 1, sender=buyer)
    with reverts(
        project.CoinMock.ERC20InsufficientAllowance,
        spender=voucher,
        allowance=LOADED - 1,
        needed=LOADED,
    ):
        voucher.buy(card().values, LOADED, sender=buyer)

    coin.approve(voucher, LOADED, sender=buyer)
    voucher.buy(card().values, LOADED, sender=buyer)


def test_buy_reverts_if_the_buyer_has_too_little(voucher, project, coin, card, buyer):
    coin.mint(buyer, LOADED - 1, sender=buyer)
    coin.approve(voucher, INFINITE, sender=buyer)

    with reverts(
        project.CoinMock.ERC20InsufficientBalance,
        sender=buyer,
        balance=LOADED - 1,
        needed=LOADED,
    ):
        voucher.buy(card().values, LOADED, sender=buyer)
    voucher.buy(card().values, LOADED - 1, sender=buyer)


def test_buy_counts_what_arrived_if_the_coin_keeps_a_fee(
    voucher, coin, card, guild, buyer, load, payment, spend, merchant
):
    coin.setFee(100, sender=buyer)  # 1 %
    receipt = load(card())

    arrived = LOADED - LOADED // 100
    assert logs(receipt, voucher, coin)[-1] == log(
        voucher, "CardBought", card=card().digest(), buyer=buyer, guild=guild, amount=arrived
    )
    assert voucher.balanceOf(card().digest()) == coin.balanceOf(voucher) == arrived

    spend(payment(amount=arrived))
    assert voucher.balanceOf(card().digest()) == coin.balanceOf(voucher) == 0
    assert coin.balanceOf(merchant) == arrived - arrived // 100


def test_buy_lets_the_buyer_bear_a_fee_on_top(voucher, coin, card, buyer, load):
    coin.mint(buyer, LOADED // 100, sender=buyer)
    coin.setFeeOnTop(100, sender=buyer)  # 1 %
    load(card())

    assert voucher.balanceOf(card().digest()) == coin.balanceOf(voucher) == LOADED
    assert coin.balanceOf(buyer) == 0


def test_buy_does_not_count_what_others_sent(voucher, coin, card, load, buyer, rival):
    coin.mint(voucher, 5, sender=rival)
    load(card())

    assert voucher.balanceOf(card().digest()) == LOADED
    assert coin.balanceOf(voucher) == LOADED + 5


def test_buy_reverts_if_the_coin_refuses_by_false(voucher, project, coin, card, buyer):
    coin.mint(buyer, LOADED, sender=buyer)
    coin.approve(voucher, LOADED, sender=buyer)
    coin.setReturnsFalse(True, sender=buyer)
    with reverts(project.GiftVoucher.SafeERC20FailedOperation, token=coin):
        voucher.buy(card().values, LOADED, sender=buyer)

    coin.setReturnsFalse(False, sender=buyer)
    voucher.buy(card().values, LOADED, sender=buyer)


# spend


def test_spend_pays_the_merchant_whoever_submits(
    voucher, coin, card, load, payment, spend, merchant, key
):
    load(card())
    receipt = spend(payment())

    identity = card().digest()
    assert logs(receipt, voucher, coin) == [
        log(voucher, "CardSpent", card=identity, merchant=merchant, amount=20_000_000),
        log(coin, "Transfer", from_=voucher, to=merchant, value=20_000_000),
    ]
    assert voucher.balanceOf(identity) == coin.balanceOf(voucher) == 30_000_000
    assert coin.balanceOf(merchant) == 20_000_000
    assert voucher.isNonceUsed(key.address, 7) is True


def test_spend_in_parts_until_nothing_is_left(
    voucher, project, coin, card, load, payment, spend, merchant
):
    load(card())
    for nonce, amount in enumerate((1, LOADED - 2, 1)):
        spend(payment(amount=amount, nonce=nonce))
    assert voucher.balanceOf(card().digest()) == 0
    assert coin.balanceOf(merchant) == LOADED

    with reverts(project.GiftVoucher.CardBalanceExceeded, card=card().digest(), amount=1, left=0):
        spend(payment(amount=1, nonce=3))


def test_spend_of_nothing_is_recorded(voucher, coin, card, load, payment, spend, merchant, key):
    load(card())
    receipt = spend(payment(amount=0))

    assert logs(receipt, voucher, coin) == [
        log(voucher, "CardSpent", card=card().digest(), merchant=merchant, amount=0),
        log(coin, "Transfer", from_=voucher, to=merchant, value=0),
    ]
    assert voucher.balanceOf(card().digest()) == LOADED
    assert voucher.isNonceUsed(key.address, 7) is True


@pytest.mark.parametrize("amount", [LOADED + 1, 2 * LOADED, INFINITE])
def test_spend_reverts_if_the_card_has_less(
    voucher, project, coin, card, other_key, load, payment, spend, key, amount
):
    load(card())
    load(card(of=other_key))  # whose coin lies beside it
    with reverts(
        project.GiftVoucher.CardBalanceExceeded,
        card=card().digest(),
        amount=amount,
        left=LOADED,
    ):
        spend(payment(amount=amount))

    assert voucher.isNonceUsed(key.address, 7) is False
    assert coin.balanceOf(voucher) == 2 * LOADED
    spend(payment(amount=LOADED))


def test_spend_reverts_if_the_card_was_never_bought(voucher, project, card, payment, spend):
    with reverts(
        project.GiftVoucher.CardBalanceExceeded,
        card=card().digest(),
        amount=20_000_000,
        left=0,
    ):
        spend(payment())


def test_spend_reverts_if_the_merchant_is_not_listed(
    voucher, project, guild, other_guild, keeper, card, load, payment, spend, rival, coin
):
    load(card())
    for unlisted in (rival, keeper, voucher):
        with reverts(
            project.GiftVoucher.GuildMerchantOnly, guild=guild, merchant=address_of(unlisted)
        ):
            spend(payment(to=unlisted))

    voucher.addMerchant(guild, rival, sender=keeper)
    spend(payment(to=rival))
    assert coin.balanceOf(rival) == 20_000_000


def test_spend_reverts_if_replayed(voucher, project, card, load, payment, spend, key):
    load(card())
    spend(payment())

    with reverts(project.GiftVoucher.IntentNonceUsed, signer=key.address, nonce=7):
        spend(payment())
    assert voucher.balanceOf(card().digest()) == 30_000_000
    spend(payment(nonce=8))


@pytest.mark.parametrize("nonce", [0, 255, 256, INFINITE])
def test_spend_takes_any_unused_nonce(voucher, card, load, payment, spend, key, nonce):
    load(card())
    spend(payment(nonce=nonce))

    assert voucher.isNonceUsed(key.address, nonce) is True
    assert voucher.isNonceUsed(key.address, nonce ^ 1) is False


def test_spend_reverts_if_the_nonce_was_cancelled(
    voucher, project, card, load, payment, spend, friend
):
    own = card(of=friend)
    load(own)
    receipt = voucher.cancelNonce(7, sender=friend)
    assert logs(receipt, voucher) == [log(voucher, "NonceCancelled", signer=friend, nonce=7)]

    with reverts(project.GiftVoucher.IntentNonceUsed, signer=friend, nonce=7):
        spend(payment(of=own), own, friend)
    spend(payment(of=own, nonce=8), own, friend)


def test_spend_holds_until_its_deadline(voucher, project, card, load, payment, key, relayer, clock):
    load(card())
    deadline = clock.now + 100
    signed = payment(by=deadline)
    signature = signed.sign(key)
    clock.set_next(deadline + 1)

    with reverts(project.GiftVoucher.IntentExpired, deadline=deadline, timestamp=deadline + 1):
        voucher.spend(card().values, signed.values, signature, sender=relayer)
    assert voucher.isNonceUsed(key.address, 7) is False


def test_spend_works_at_its_deadline(voucher, card, load, payment, key, relayer, clock):
    load(card())
    deadline = clock.now + 100
    signed = payment(by=deadline)
    signature = signed.sign(key)
    clock.set_next(deadline)
    receipt = voucher.spend(card().values, signed.values, signature, sender=relayer)

    assert receipt.timestamp == deadline


def test_spend_reverts_if_somebody_else_signed(
    voucher, project, card, load, payment, spend, other_key, buyer, merchant, keeper, relayer
):
    load(card())

    for signer in (other_key, buyer, merchant, keeper, relayer):
        with reverts(
            project.GiftVoucher.IntentSignatureInvalid,
            signer=card().values[0],
            digest=payment().digest(),
        ):
            spend(payment(), signed_by=signer)
    spend(payment())


def test_spend_reverts_if_a_field_was_changed(
    voucher, project, guild, keeper, card, load, payment, key, rival, relayer
):
    voucher.addMerchant(guild, rival, sender=keeper)
    load(card())
    signature = payment().sign(key)

    for changed in (
        payment(to=rival),
        payment(amount=20_000_001),
        payment(nonce=8),
        payment(by=ANY_TIME - 1),
    ):
        with reverts(
            project.GiftVoucher.IntentSignatureInvalid,
            signer=key.address,
            digest=changed.digest(),
        ):
            voucher.spend(card().values, changed.values, signature, sender=relayer)
    voucher.spend(card().values, payment().values, signature, sender=relayer)


def test_spend_reverts_if_signed_for_another_domain(
    voucher, project, card, load, payment, key, relayer, domain
):
    load(card())

    for foreign in (
        Domain("GiftVoucher", voucher.address, domain.chain_id + 1),
        Domain("GiftVoucher", relayer.address, domain.chain_id),
        Domain("PointsHub", voucher.address, domain.chain_id),
        Domain("GiftVoucher", voucher.address, domain.chain_id, "2"),
    ):
        signature = payment(at=foreign).sign(key)
        with reverts(
            project.GiftVoucher.IntentSignatureInvalid,
            signer=key.address,
            digest=payment().digest(),
        ):
            voucher.spend(card().values, payment().values, signature, sender=relayer)


def test_spend_reverts_if_the_card_is_of_another_contract(
    voucher, project, accounts, coin, card, load, payment, spend, key, relayer, domain, keeper,
    merchant, buyer,
):  # fmt: skip
    twin = accounts[0].deploy(project.GiftVoucher, coin)
    twin.createGuild([merchant], sender=keeper)
    here, there = card(), card(at=Domain(domain.name, twin.address, domain.chain_id))
    load(here)
    coin.mint(buyer, LOADED, sender=buyer)
    coin.approve(twin, LOADED, sender=buyer)
    twin.buy(there.values, LOADED, sender=buyer)
    signed = payment(of=here)
    signature = signed.sign(key)

    # The same fields make another card there, and naming that one makes another payment.
    with reverts(project.GiftVoucher.CardMismatch, stated=here.digest(), card=there.digest()):
        twin.spend(there.values, signed.values, signature, sender=relayer)
    renamed = payment(at=there.domain, of=there)
    with reverts(
        project.GiftVoucher.IntentSignatureInvalid, signer=key.address, digest=renamed.digest()
    ):
        twin.spend(there.values, renamed.values, signature, sender=relayer)
    assert twin.balanceOf(there.digest()) == LOADED
    spend(signed)


def test_spend_reverts_if_the_payment_names_another_card(
    voucher, project, card, other_guild, load, payment, key, relayer, keeper, merchant
):
    # Two cards with one key, in two guilds that both list the merchant.
    voucher.addMerchant(other_guild, merchant, sender=keeper)
    here, there = card(), card(where=other_guild)
    load(here)
    load(there)
    signed = payment(of=here)
    signature = signed.sign(key)

    with reverts(project.GiftVoucher.CardMismatch, stated=here.digest(), card=there.digest()):
        voucher.spend(there.values, signed.values, signature, sender=relayer)
    renamed = payment(of=there)
    with reverts(
        project.GiftVoucher.IntentSignatureInvalid, signer=key.address, digest=renamed.digest()
    ):
        voucher.spend(there.values, renamed.values, signature, sender=relayer)
    voucher.spend(here.values, signed.values, signature, sender=relayer)
    assert voucher.balanceOf(there.digest()) == LOADED


def test_spend_reverts_if_a_field_of_the_card_was_changed(
    voucher, project, guild, other_guild, keeper, card, load, payment, key, other_key, relayer,
    rival, merchant, clock,
):  # fmt: skip
    voucher.addMerchant(other_guild, merchant, sender=keeper)
    load(card())
    signed = payment()

    for changed in (
        card(of=other_key),
        card(by=rival),
        card(where=other_guild),
        card(refund_at=clock.now),
        card(terms=TERMS),
    ):
        with reverts(
            project.GiftVoucher.CardMismatch, stated=card().digest(), card=changed.digest()
        ):
            voucher.spend(changed.values, signed.values, signed.sign(key), sender=relayer)


def test_spend_reverts_if_the_signature_permits_something_else(
    voucher, project, card, load, payment, key, merchant, relayer, domain
):
    load(card())
    move = transfer_intent(domain, 2, key, merchant, 20_000_000, 7, ANY_TIME)

    for signature in (move.sign(key), card().sign(key)):
        with reverts(
            project.GiftVoucher.IntentSignatureInvalid,
            signer=key.address,
            digest=payment().digest(),
        ):
            voucher.spend(card().values, payment().values, signature, sender=relayer)


def test_spend_reverts_if_s_is_high(voucher, project, card, load, payment, key, relayer):
    load(card())
    good = payment().sign(key)
    with reverts(
        project.GiftVoucher.IntentSignatureInvalid, signer=key.address, digest=payment().digest()
    ):
        voucher.spend(card().values, payment().values, high_s(good), sender=relayer)

    voucher.spend(card().values, payment().values, good, sender=relayer)
    with reverts(project.GiftVoucher.IntentNonceUsed, signer=key.address, nonce=7):
        voucher.spend(card().values, payment().values, high_s(good), sender=relayer)


def test_spend_takes_the_compact_form_once(voucher, project, card, load, payment, key, relayer):
    load(card())
    signature = compact(payment().sign(key))
    voucher.spend(card().values, payment().values, signature, sender=relayer)

    with reverts(project.GiftVoucher.IntentNonceUsed, signer=key.address, nonce=7):
        voucher.spend(card().values, payment().values, payment().sign(key), sender=relayer)


@pytest.mark.parametrize("signature", [b"", bytes(64), bytes(65), b"\xff" * 65])
def test_spend_reverts_if_the_signature_is_none(
    voucher, project, card, load, payment, key, relayer, signature
):
    load(card())

    with reverts(
        project.GiftVoucher.IntentSignatureInvalid, signer=key.address, digest=payment().digest()
    ):
        voucher.spend(card().values, payment().values, signature, sender=relayer)


def test_spend_asks_a_smart_account_that_holds_the_card(
    voucher, project, accounts, coin, card, load, payment, spend, friend, rival, merchant
):
    wallet = accounts[0].deploy(project.WalletMock, friend)
    own = card(of=wallet)
    load(own)
    with reverts(
        project.GiftVoucher.IntentSignatureInvalid,
        signer=wallet,
        digest=payment(of=own).digest(),
    ):
        spend(payment(of=own), own, rival)

    spend(payment(of=own), own, friend)
    assert coin.balanceOf(merchant) == 20_000_000


def test_spend_reverts_if_the_coin_refuses_by_false(
    voucher, project, coin, card, load, payment, spend, key, relayer
):
    load(card())
    coin.setReturnsFalse(True, sender=relayer)
    with reverts(project.GiftVoucher.SafeERC20FailedOperation, token=coin):
        spend(payment())

    assert voucher.isNonceUsed(key.address, 7) is False
    coin.setReturnsFalse(False, sender=relayer)
    spend(payment())


def test_spend_reverts_if_the_coin_takes_a_fee_on_top(
    voucher, project, coin, card, other_key, load, payment, spend, key, merchant, relayer
):
    load(card())
    load(card(of=other_key))  # whose coin would pay the fee
    coin.setFeeOnTop(100, sender=relayer)  # 1 %
    with reverts(project.GiftVoucher.CoinPaymentInexact, amount=20_000_000, taken=20_200_000):
        spend(payment())

    assert voucher.isNonceUsed(key.address, 7) is False
    assert voucher.balanceOf(card().digest()) == LOADED
    assert (coin.balanceOf(voucher), coin.balanceOf(merchant)) == (2 * LOADED, 0)
    coin.setFeeOnTop(0, sender=relayer)
    spend(payment())


def test_spend_reverts_if_the_merchant_is_the_contract_itself(
    voucher, project, coin, guild, keeper, card, load, payment, spend, key
):
    voucher.addMerchant(guild, voucher, sender=keeper)
    load(card())
    with reverts(project.GiftVoucher.CoinPaymentInexact, amount=20_000_000, taken=0):
        spend(payment(to=voucher))

    assert voucher.isNonceUsed(key.address, 7) is False
    assert voucher.balanceOf(card().digest()) == coin.balanceOf(voucher) == LOADED
    spend(payment())


def test_spend_works_after_the_refund_is_possible(
    voucher, coin, card, load, payment, spend, merchant, clock
):
    due = card(refund_at=clock.now)
    load(due)
    spend(payment(of=due), due)

    assert coin.balanceOf(merchant) == 20_000_000


# refund


def test_refund_pays_what_is_left_to_the_buyer_whoever_calls(
    voucher, coin, card, load, payment, spend, buyer, outsider, clock
):
    due = card(refund_at=clock.now + 1_000)
    load(due)
    spend(payment(of=due), due)
    clock.set(due.values[3])
    receipt = voucher.refund(due.values, sender=outsider)

    assert logs(receipt, voucher, coin) == [
        log(voucher, "CardRefunded", card=due.digest(), buyer=buyer, amount=30_000_000),
        log(coin, "Transfer", from_=voucher, to=buyer, value=30_000_000),
    ]
    assert voucher.balanceOf(due.digest()) == coin.balanceOf(voucher) == 0
    assert (coin.balanceOf(buyer), coin.balanceOf(outsider)) == (30_000_000, 0)


def test_refund_reverts_before_its_time(
    voucher, project, coin, card, load, buyer, keeper, outsider, clock
):
    due = card(refund_at=clock.now + 1_000)
    load(due)

    for caller in (buyer, keeper, outsider):
        now = clock.now + 1
        clock.set_next(now)
        with reverts(
            project.GiftVoucher.CardRefundTooEarly,
            card=due.digest(),
            refundAt=due.values[3],
            timestamp=now,
        ):
            voucher.refund(due.values, sender=caller)
    clock.set_next(due.values[3] - 1)
    with reverts(
        project.GiftVoucher.CardRefundTooEarly,
        card=due.digest(),
        refundAt=due.values[3],
        timestamp=due.values[3] - 1,
    ):
        voucher.refund(due.values, sender=buyer)
    assert voucher.balanceOf(due.digest()) == LOADED


@pytest.mark.parametrize("later", [0, 1, 10**9])
def test_refund_works_from_its_second_on(voucher, coin, card, load, buyer, clock, later):
    due = card(refund_at=clock.now + 1_000)
    load(due)
    clock.set_next(due.values[3] + later)
    receipt = voucher.refund(due.values, sender=buyer)

    assert receipt.timestamp == due.values[3] + later
    assert coin.balanceOf(buyer) == LOADED


def test_refund_reverts_for_ever_if_the_terms_name_no_time(
    voucher, project, card, load, buyer, clock
):
    load(card())
    for moment in (clock.now + 1, clock.now + 10**9):
        clock.set_next(moment)
        with reverts(
            project.GiftVoucher.CardRefundTooEarly,
            card=card().digest(),
            refundAt=NEVER,
            timestamp=moment,
        ):
            voucher.refund(card().values, sender=buyer)


def test_refund_reverts_if_nothing_is_left(
    voucher, project, coin, card, other_key, load, payment, spend, buyer, clock
):
    due, never_bought = card(refund_at=clock.now), card(refund_at=clock.now, terms=TERMS)
    load(card(of=other_key))  # whose coin lies beside it
    load(due)
    with reverts(project.GiftVoucher.CardEmpty, card=never_bought.digest()):
        voucher.refund(never_bought.values, sender=buyer)
    spend(payment(of=due, amount=LOADED - 1), due)
    voucher.refund(due.values, sender=buyer)
    with reverts(project.GiftVoucher.CardEmpty, card=due.digest()):
        voucher.refund(due.values, sender=buyer)

    assert coin.balanceOf(buyer) == 1
    assert coin.balanceOf(voucher) == LOADED


def test_refund_reverts_if_all_was_spent(
    voucher, project, card, load, payment, spend, buyer, clock
):
    due = card(refund_at=clock.now)
    load(due)
    spend(payment(of=due, amount=LOADED), due)

    with reverts(project.GiftVoucher.CardEmpty, card=due.digest()):
        voucher.refund(due.values, sender=buyer)


def test_refund_leaves_nothing_to_spend(voucher, project, card, load, payment, spend, buyer, clock):
    due = card(refund_at=clock.now)
    load(due)
    voucher.refund(due.values, sender=buyer)

    with reverts(
        project.GiftVoucher.CardBalanceExceeded,
        card=due.digest(),
        amount=20_000_000,
        left=0,
    ):
        spend(payment(of=due), due)


def test_refund_time_cannot_be_changed(voucher, project, card, load, buyer, clock):
    load(card())
    earlier = card(refund_at=clock.now)

    # Another time is another card, on which there is nothing.
    with reverts(project.GiftVoucher.CardEmpty, card=earlier.digest()):
        voucher.refund(earlier.values, sender=buyer)


def test_refund_reverts_if_the_coin_refuses_by_false(
    voucher, project, coin, card, load, buyer, clock
):
    due = card(refund_at=clock.now)
    load(due)
    coin.setReturnsFalse(True, sender=buyer)
    with reverts(project.GiftVoucher.SafeERC20FailedOperation, token=coin):
        voucher.refund(due.values, sender=buyer)

    coin.setReturnsFalse(False, sender=buyer)
    voucher.refund(due.values, sender=buyer)


def test_refund_reverts_if_the_coin_takes_a_fee_on_top(
    voucher, project, coin, card, other_key, load, buyer, clock
):
    due = card(refund_at=clock.now)
    load(due)
    load(card(of=other_key))  # whose coin would pay the fee
    coin.setFeeOnTop(100, sender=buyer)  # 1 %
    with reverts(project.GiftVoucher.CoinPaymentInexact, amount=LOADED, taken=LOADED * 101 // 100):
        voucher.refund(due.values, sender=buyer)

    assert voucher.balanceOf(due.digest()) == LOADED
    assert (coin.balanceOf(voucher), coin.balanceOf(buyer)) == (2 * LOADED, 0)
    coin.setFeeOnTop(0, sender=buyer)
    voucher.refund(due.values, sender=buyer)


# a coin that calls back


@pytest.fixture
def due(card, clock):
    """A card that may be given back at once."""
    return card(refund_at=clock.now)


@pytest.fixture
def inner(voucher, due, card, other_key, payment, key):
    """What a coin may try while it is moved, each of which would work at another time."""
    signed = payment(of=due, nonce=8, amount=1)
    return {
        "buy": voucher.buy.encode_input(card(of=other_key).values, 1),
        "spend": voucher.spend.encode_input(due.values, signed.values, signed.sign(key)),
        "refund": voucher.refund.encode_input(due.values),
    }


@pytest.fixture
def refused(project):
    """What the coin gets for an answer."""
    selector = project.GiftVoucher.ReentrancyGuardReentrantCall.abi.selector
    return keccak(text=selector)[:4]


@pytest.mark.parametrize("tried", ["buy", "spend", "refund"])
def test_buy_cannot_be_entered_again(
    voucher, coin, due, card, other_key, load, inner, refused, buyer, tried
):
    load(due)
    coin.mint(buyer, LOADED, sender=buyer)
    coin.approve(voucher, LOADED, sender=buyer)
    coin.callOnTransfer(voucher, inner[tried], sender=buyer)
    voucher.buy(card(terms=TERMS).values, LOADED, sender=buyer)

    assert (coin.succeeded(), bytes(coin.answer())) == (False, refused)
    assert coin.balanceOf(voucher) == 2 * LOADED


@pytest.mark.parametrize("tried", ["buy", "spend", "refund"])
def test_spend_cannot_be_entered_again(
    voucher, coin, due, load, payment, spend, inner, refused, buyer, tried
):
    load(due)
    coin.callOnTransfer(voucher, inner[tried], sender=buyer)
    spend(payment(of=due), due)

    assert (coin.succeeded(), bytes(coin.answer())) == (False, refused)
    assert coin.balanceOf(voucher) == voucher.balanceOf(due.digest()) == 30_000_000


@pytest.mark.parametrize("tried", ["buy", "spend", "refund"])
def test_refund_cannot_be_entered_again(voucher, coin, due, load, inner, refused, buyer, tried):
    load(due)
    coin.callOnTransfer(voucher, inner[tried], sender=buyer)
    voucher.refund(due.values, sender=buyer)

    assert (coin.succeeded(), bytes(coin.answer())) == (False, refused)
    assert coin.balanceOf(buyer) == LOADED


# no coin is made or lost


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_coin_held_is_what_the_cards_hold(
    voucher, coin, guild, card, load, payment, buyer, merchant, relayer, clock, seed
):
    dice = random.Random(seed)
    keys = [CardKey(f"0x{number:064x}") for number in range(1, 5)]
    cards = {key: card(of=key, refund_at=dice.choice((NEVER, clock.now))) for key in keys}
    left = dict.fromkeys(keys)  # None: not bought yet
    paid = refunded = bought = 0

    for nonce in range(25):
        key = dice.choice(keys)
        one, amount = cards[key], dice.choice((1, 7, 10**6, 3 * 10**6))
        if left[key] is None:
            load(one, amount)
            left[key], bought = amount, bought + amount
        elif left[key] and one.values[3] and dice.random() < 0.2:
            voucher.refund(one.values, sender=relayer)
            left[key], refunded = 0, refunded + left[key]
        else:
            part = dice.randint(0, left[key])
            signed = payment(of=one, amount=part, nonce=nonce)
            voucher.spend(one.values, signed.values, signed.sign(key), sender=relayer)
            left[key], paid = left[key] - part, paid + part

        assert [voucher.balanceOf(cards[each].digest()) for each in keys] == [
            left[each] or 0 for each in keys
        ]
        assert coin.balanceOf(voucher) == sum(filter(None, left.values()))
    assert (coin.balanceOf(merchant), coin.balanceOf(buyer)) == (paid, refunded)
    assert paid + refunded + coin.balanceOf(voucher) == bought
