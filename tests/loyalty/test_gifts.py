"""Gifts of points: links that carry a key, and points that go to whoever has it."""

import base64
import logging
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdapp.chain import LocalSigner
from crmdapp.chain._keccak import keccak
from crmdapp.chain.accounts import CURVE_ORDER
from crmdapp.chain.addresses import checksum
from crmdapp.chain.errors import IntentNonceUsed
from crmdapp.errors import PrivateKeyInvalid, UsageError
from crmdapp.loyalty import LoyaltyClient, SignedIntent, hub_domain
from crmdapp.loyalty.cards import HeldCard, voucher_domain
from crmdapp.loyalty.errors import ERC6909InsufficientBalance, PointsOverflow, ProgramUnknown
from crmdapp.loyalty.gifts import Gift, GiftEmpty, claim, contents, give, prepare_claim
from tests.loyalty.constants import ZERO
from tests.loyalty.ledger import *  # noqa: F403 - fixtures

HUB = checksum("0x" + "11" * 20)
DOMAIN = hub_domain(31337, HUB)
PAGE = "https://shop.example/gift"
ANY_TIME = 2**40 - 1

addresses = st.binary(min_size=20, max_size=20).map(lambda raw: checksum("0x" + raw.hex()))
keys = st.integers(1, CURVE_ORDER - 1).map(lambda number: number.to_bytes(32, "big"))
numbers = st.integers(0, 2**64 - 1)


def payload(data):
    """A link's part after #, with the right checksum."""
    whole = data + keccak(b"crmdapp link" + data)[:4]
    return base64.urlsafe_b64encode(whole).rstrip(b"=").decode()


def plain_body(key=b"\x07" * 32):
    return (31337).to_bytes(8, "big") + bytes.fromhex(HUB[2:]) + (2).to_bytes(8, "big") + key


# ----------------------------------------------------------------- links


@given(st.builds(Gift, numbers, addresses, numbers, keys))
def test_parse_reads_what_link_wrote(gift):
    assert Gift.parse(gift.link()) == gift
    assert Gift.parse(gift.link(PAGE)) == gift


def test_link_holds_the_key_in_its_fragment_alone():
    gift = Gift.new(DOMAIN, 2)
    parts = urlsplit(gift.link(f"{PAGE}?lang=de"))
    assert (parts.path, parts.query) == ("/gift", "lang=de")
    assert Gift.parse(parts.fragment) == gift
    assert gift.key in base64.urlsafe_b64decode(parts.fragment + "==")


def test_the_form_of_a_link_does_not_change():
    gift = Gift(31337, HUB, 2, b"\x07" * 32)
    assert gift.link() == "crmdapp:gift#" + payload(b"G\x01" + plain_body())


def test_new_gifts_have_keys_of_their_own():
    first, second = Gift.new(DOMAIN, 2), Gift.new(DOMAIN, 2)
    assert first.key != second.key
    assert first.address == LocalSigner(first.key).address != second.address
    assert first.domain == DOMAIN


def test_repr_leaves_the_key_out():
    gift = Gift.new(DOMAIN, 2)
    shown = repr(gift)
    assert gift.key.hex() not in shown
    assert repr(gift.key)[2:-1] not in shown
    assert "program=2" in shown


def test_parse_takes_a_link_that_was_broken_into_lines():
    gift = Gift.new(DOMAIN, 2)
    link = gift.link(PAGE)
    assert Gift.parse(f"  {link[:40]}\r\n {link[40:70]}\n{link[70:]}\n") == gift


@given(st.data())
def test_parse_refuses_a_link_of_which_one_character_was_changed(data):
    link = Gift(31337, HUB, 2, b"\x07" * 32).link()
    base = "crmdapp:gift#"
    place = data.draw(st.integers(len(base), len(link) - 1))
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    other = data.draw(st.sampled_from(alphabet.replace(link[place], "")))
    with pytest.raises(UsageError, match="changed"):
        Gift.parse(link[:place] + other + link[place + 1 :])


@pytest.mark.parametrize("length", [1, 2, 3, 4, 8, 50, 97])
def test_parse_refuses_a_link_that_was_cut_off(length):
    fragment = payload(b"G\x01" + plain_body())
    with pytest.raises(UsageError, match="cut off"):
        Gift.parse(f"{PAGE}#{fragment[:length]}")


@pytest.mark.parametrize(
    ("link", "reason"),
    [
        ("", "is empty"),
        (" \n", "is empty"),
        (f"{PAGE}#", "cut off"),
        (PAGE, "no part after #"),
        (f"{PAGE}?{payload(b'G' + bytes([1]) + plain_body())}", "no part after #"),
        (f"{PAGE}#{payload(b'G' + bytes([1]) + plain_body())}=", "do not belong"),
        (f"{PAGE}#{payload(b'G' + bytes([1]) + plain_body())}%20", "do not belong"),
        (f"{PAGE}#{payload(b'G' + bytes([1]) + plain_body())}#x", "do not belong"),
        (payload(b"C" + bytes([1]) + plain_body()), "a money-backed gift card, not a gift"),
        (payload(b"X" + bytes([1]) + plain_body()), "something else, not a gift"),
        (payload(b"G" + bytes([2]) + plain_body()), "newer version"),
        (payload(b"G" + bytes([1]) + plain_body()[:-1]), "67 bytes, not 68"),
        (payload(b"G" + bytes([1]) + plain_body() + b"0"), "69 bytes, not 68"),
        (payload(b"G" + bytes([1]) + plain_body(bytes(32))), "is no key"),
        (payload(b"G" + bytes([1]) + plain_body(b"\xff" * 32)), "is no key"),
    ],
    ids=lambda value: value if " " in value else "link",
)
def test_parse_says_what_is_wrong_with_a_link(link, reason):
    with pytest.raises(UsageError, match=reason) as refusal:
        Gift.parse(link)
    problem = refusal.value
    for text in (problem.message, problem.why, problem.hint, repr(problem)):
        assert "BwcHBwcHBwcH" not in text  # as the key looks in a link


def test_parse_refuses_the_link_of_a_card():
    buyer = LocalSigner.random().address
    card = HeldCard.new(voucher_domain(31337, HUB), buyer, 1)
    with pytest.raises(UsageError, match="a money-backed gift card, not a gift of points"):
        Gift.parse(card.link())


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:8000/gift",
        "http://127.0.0.1/gift",
        "http://[::1]:80/",
        "https://shop.example",
        "https://shop.example/gift?lang=de",
        "crmdapp:anything",
    ],
)
def test_link_takes_pages_that_keep_the_key(url):
    gift = Gift.new(DOMAIN, 2)
    assert gift.link(url).startswith(f"{url}#")
    assert Gift.parse(gift.link(url)) == gift


@pytest.mark.parametrize(
    "url",
    [
        "",
        "shop.example/gift",
        "http://shop.example/gift",
        "http://localhost.shop.example/",
        "https://",
        "https:///gift",
        "https://shop.example/#gift",
        "https://shop.example/a b",
        "https://shop.example/\n",
        "https://[::1",
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///gift",
        "crmdapp:",
    ],
)
def test_link_refuses_pages_that_do_not(url):
    with pytest.raises(UsageError, match="cannot be the page"):
        Gift.new(DOMAIN, 2).link(url)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"chain_id": 2**64}, UsageError),
        ({"chain_id": -1}, UsageError),
        ({"program": 2**64}, UsageError),
        ({"program": True}, UsageError),
        ({"hub": "0x12"}, UsageError),
        ({"hub": "0xF39Fd6e51aad88F6F4ce6aB8827279cffFb92266"}, UsageError),
        ({"key": bytes(32)}, PrivateKeyInvalid),
        ({"key": b"\x07" * 31}, PrivateKeyInvalid),
    ],
    ids=str,
)
def test_a_gift_refuses_what_is_malformed(changes, error):
    with pytest.raises(error):
        Gift(**{"chain_id": 1, "hub": HUB, "program": 2, "key": b"\x07" * 32, **changes})


# ----------------------------------------------------------------- claims signed offline


def test_sign_claim_is_a_transfer_of_the_gifts_key():
    gift, friend = Gift.new(DOMAIN, 2), LocalSigner.random().address
    signed = gift.sign_claim(friend.lower(), 500, deadline=ANY_TIME)
    intent = signed.intent
    assert signed.signed_by_key()
    assert (intent.program, intent.from_, intent.to) == (2, gift.address, friend)
    assert (intent.points, intent.deadline, signed.domain) == (500, ANY_TIME, DOMAIN)
    assert gift.sign_claim(friend, 500, deadline=ANY_TIME).intent.nonce != intent.nonce
    assert gift.key.hex() not in repr(signed)
    assert SignedIntent.from_json(signed.to_json()) == signed


def test_sign_claim_refuses_what_is_malformed():
    gift = Gift.new(DOMAIN, 2)
    friend = LocalSigner.random().address
    with pytest.raises(UsageError, match="zero address"):
        gift.sign_claim(ZERO, 500, deadline=ANY_TIME)
    with pytest.raises(UsageError, match="more than 0"):
        gift.sign_claim(friend, 0, deadline=ANY_TIME)
    with pytest.raises(PointsOverflow):
        gift.sign_claim(friend, 2**47, deadline=ANY_TIME)
    with pytest.raises(UsageError, match="deadline"):
        gift.sign_claim(friend, 500, deadline=2**40)


# ----------------------------------------------------------------- on the chain


@pytest.fixture
def gift(ledger, customer, issuer, program):
    """A gift of 4.00 of the customer's 10.00 points."""
    issuer.award(program, ledger.address("customer"), 1_000)
    made = Gift.new(customer.domain, program)
    give(customer, made, 400)
    return made


def test_give_moves_points_to_the_key(ledger, customer, program, gift):
    assert contents(customer, gift).balance == 400
    assert customer.balance(program, ledger.address("customer")) == 600


def test_give_happens_once_per_key(ledger, customer, program, gift):
    for _ in range(2):
        give(customer, gift, 100, key="birthday")
    assert contents(customer, gift).balance == 500


def test_claim_pays_the_friend_whoever_submits(ledger, customer, outsider, program, gift):
    claim(outsider, Gift.parse(gift.link()), ledger.address("friend"))
    assert customer.balance(program, ledger.address("friend")) == 400
    assert customer.balance(program, ledger.address("outsider")) == 0
    assert contents(customer, gift).balance == 0


def test_claim_of_what_was_claimed_finds_nothing(ledger, outsider, program, gift):
    claim(outsider, gift, ledger.address("friend"))
    with pytest.raises(GiftEmpty) as refusal:
        claim(outsider, gift, ledger.address("outsider"))
    assert refusal.value.address == gift.address
    assert refusal.value.details() == {"address": gift.address}


def test_a_copied_claim_pays_the_same_friend_once(ledger, outsider, program, gift):
    signed = prepare_claim(outsider, gift, ledger.address("friend"))
    outsider.submit(signed)
    with pytest.raises(IntentNonceUsed) as refusal:
        outsider.submit(signed)
    assert refusal.value.values == (gift.address, signed.intent.nonce)
    assert outsider.balance(program, ledger.address("friend")) == 400


def test_who_is_later_takes_nothing(ledger, customer, outsider, program, gift):
    # Both signed while the points were there.
    back = prepare_claim(customer, gift, ledger.address("customer"))
    outsider.submit(prepare_claim(outsider, gift, ledger.address("friend")))
    with pytest.raises(ERC6909InsufficientBalance) as refusal:
        customer.submit(back)
    assert refusal.value.values == (gift.address, 0, 400, program)


def test_the_giver_takes_back_what_nobody_claimed(ledger, customer, program, gift):
    claim(customer, gift, ledger.address("customer"))
    assert customer.balance(program, ledger.address("customer")) == 1_000
    with pytest.raises(GiftEmpty):
        claim(ledger.client("friend"), gift, ledger.address("friend"))


def test_a_part_may_be_claimed(ledger, outsider, program, gift):
    friend = ledger.address("friend")
    outsider.submit(gift.sign_claim(friend, 150, deadline=ANY_TIME))
    assert contents(outsider, gift).balance == 250
    claim(outsider, gift, friend)
    assert outsider.balance(program, friend) == 400


def test_points_on_a_gift_keep_their_expiry(ledger, customer, outsider, program, gift):
    ledger.enter(7)
    assert [lot.age for lot in contents(customer, gift).lots] == [3]
    claim(outsider, gift, ledger.address("friend"))
    assert outsider.statement(program, ledger.address("friend")).by_age == (0, 0, 0, 400)


def test_a_gift_expires_with_its_points(ledger, outsider, gift):
    ledger.enter(8)
    with pytest.raises(GiftEmpty):
        claim(outsider, gift, ledger.address("friend"))


def test_give_refuses_more_than_the_giver_has(ledger, customer, program, gift):
    with pytest.raises(ERC6909InsufficientBalance) as refusal:
        give(customer, gift, 601)
    assert refusal.value.values == (ledger.address("customer"), 600, 601, program)


def test_an_unknown_program_is_named(ledger, customer):
    nowhere = Gift.new(customer.domain, 998)
    for refused in (
        lambda: give(customer, nowhere, 1),
        lambda: contents(customer, nowhere),
        lambda: claim(customer, nowhere, ledger.address("friend")),
    ):
        with pytest.raises(ProgramUnknown):
            refused()


@pytest.mark.parametrize("foreign", ["chain", "hub"])
def test_a_gift_of_another_ledger_is_refused_before_asking(
    ledger, customer, gift, foreign, monkeypatch
):
    def ask(method, params=()):
        raise AssertionError(f"the node was asked {method}")

    assert customer.domain == gift.domain
    monkeypatch.setattr(ledger.connection, "request", ask)
    domain = {
        "chain": hub_domain(1, ledger.hub),
        "hub": hub_domain(31337, ledger.address("outsider")),
    }[foreign]
    elsewhere = Gift(domain.chain_id, domain.verifying_contract, gift.program, gift.key)
    for refused in (
        lambda: give(customer, elsewhere, 1),
        lambda: contents(customer, elsewhere),
        lambda: claim(customer, elsewhere, ledger.address("friend")),
    ):
        with pytest.raises(UsageError, match="The gift is on chain"):
            refused()


def test_reading_needs_no_account(ledger, gift):
    reader = LoyaltyClient(ledger.connection, ledger.hub)
    assert contents(reader, gift).balance == 400
    with pytest.raises(UsageError, match="no account"):
        claim(reader, gift, ledger.address("friend"))


def test_the_key_is_in_no_log_and_no_journal(ledger, customer, outsider, gift, caplog):
    with caplog.at_level(logging.DEBUG):
        give(customer, gift, 100)
        claim(outsider, gift, ledger.address("friend"))
    raw, written = gift.key, gift.link().partition("#")[2]
    for secret in (raw.hex(), written, written[50:90]):
        assert secret not in caplog.text
    for path in ledger.folder.iterdir():
        data = path.read_bytes()
        for secret in (raw, raw.hex().encode(), written.encode()):
            assert secret not in data
