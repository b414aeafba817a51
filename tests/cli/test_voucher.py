"""Gift cards that hold real money: guilds, cards bought, spent in parts and given back."""

import io
import json
import stat
from datetime import UTC, datetime

import pytest

from crmdapp.chain._keccak import keccak
from crmdapp.loyalty.cards import HeldCard, SignedPayment, voucher_domain
from tests.cli.conftest import ADDRESSES
from tests.fixtures.qr import scan

BUY = ("loyalty", "voucher", "buy", "1", "25")
ZERO = "0x" + "00" * 20


@pytest.fixture
def contracts(crmdapp):
    """Addresses by name."""
    text = (crmdapp.folder / "deployments" / "31337.json").read_text()
    return {name: entry["address"] for name, entry in json.loads(text)["contracts"].items()}


@pytest.fixture
def mint(node, contracts):
    """Give base units of the test coin to a role."""

    def mint_(role, amount):
        data = keccak(b"mint(address,uint256)")[:4] + bytes(12)
        data += bytes.fromhex(ADDRESSES[role][2:]) + amount.to_bytes(32, "big")
        call = {"from": ADDRESSES[role], "to": contracts["TestCoin"], "data": "0x" + data.hex()}
        node.rpc("eth_sendTransaction", call)

    return mint_


@pytest.fixture
def town(crmdapp, mint):
    """A guild of the shop with the shop in it; the customer has 100.00 of the coin and acts."""
    crmdapp.send("loyalty", "voucher", "guild", "create", "shop")
    mint("customer", 100_000_000)
    crmdapp.act_as("customer")
    return crmdapp


@pytest.fixture
def card(town):
    """A card with 25.00 of the coin."""
    return town.send(*BUY)


@pytest.fixture
def coins(crmdapp, node, contracts):
    """Base units of the test coin that somebody has."""

    def coins_(role):
        data = keccak(b"balanceOf(address)")[:4] + bytes(12) + bytes.fromhex(ADDRESSES[role][2:])
        call = {"to": contracts["TestCoin"], "data": "0x" + data.hex()}
        return int(node.rpc("eth_call", call, "latest"), 16)

    return coins_


def kept(crmdapp):
    folder = crmdapp.state / "cards"
    return sorted(folder.iterdir()) if folder.exists() else []


# --------------------------------------------------------------------------- guilds


def test_a_guild_is_opened_shown_and_filled(crmdapp):
    made = crmdapp.send("loyalty", "voucher", "guild", "create", "shop", "friend")
    shop, friend, rival = (ADDRESSES[name] for name in ("shop", "friend", "rival"))
    assert (made["guild"], made["owner"], made["merchants"]) == (1, shop, [shop, friend])
    more = crmdapp.send("loyalty", "voucher", "guild", "add", "1", "rival", "--once", "third")
    again = crmdapp.send("loyalty", "voucher", "guild", "add", "1", "rival", "--once", "third")
    assert more["merchants"] == again["merchants"] == [shop, friend, rival]
    assert more["hash"] == again["hash"]
    shown = crmdapp("loyalty", "voucher", "guild", "show", "1").out
    assert f"{rival} (rival)" in shown


def test_only_its_owner_fills_a_guild(town):
    problem = town.refuse_to_send("loyalty", "voucher", "guild", "add", "1", "friend", code=6)
    assert problem["code"] == "GuildOwnerOnly"
    assert problem["fields"] == {"guild": 1, "caller": ADDRESSES["customer"]}
    assert "does not keep guild 1" in problem["message"]


@pytest.mark.parametrize(
    "line", ["guild show 7", "guild add 7 friend --yes", "buy 7 25 --yes"], ids=str
)
def test_an_unknown_guild_is_named(town, line):
    problem = town.error("loyalty", "voucher", *line.split(), code=6)
    assert (problem["code"], problem["fields"]) == ("GuildUnknown", {"guild": 7})
    assert "There is no guild 7" in problem["message"]


def test_nobody_is_no_merchant(town):
    line = ("loyalty", "voucher", "guild", "create", ZERO)
    assert town.refuse_to_send(*line, code=2)["code"] == "UsageError"


# --------------------------------------------------------------------------- buying


def test_buy_prints_a_link_that_holds_the_coin(town, coins):
    made = town.send(*BUY, "--base-url", "https://shop.example/card")
    held = HeldCard.parse(made["link"])
    assert made["link"].startswith("https://shop.example/card#")
    assert made["card"] == "0x" + held.id.hex()
    assert (made["units"], made["amount"], made["symbol"]) == (25_000_000, "25.00", "TEST")
    assert (made["buyer"], made["guild"]) == (ADDRESSES["customer"], 1)
    assert (made["refund_at"], made["terms"]) == (None, None)
    assert coins("customer") == 75_000_000
    (path,) = kept(town)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text().strip() == made["link"]


def test_buy_writes_pictures_and_prints_no_link(town):
    outs = ["--out", town.folder / "card.png", "--out", town.folder / "card.txt"]
    outcome = town(*BUY, *outs, "--terms", "0x" + "05" * 32, "--yes")
    link = scan((town.folder / "card.png").read_bytes())
    assert (town.folder / "card.txt").read_text().strip() == link
    assert outcome.out.splitlines() == [
        str(town.folder / "card.png"),
        str(town.folder / "card.txt"),
    ]
    assert link.partition("#")[2] not in outcome.out + outcome.err
    assert "25.00 TEST on the card" in outcome.err
    assert HeldCard.parse(link).card.terms_hash == b"\x05" * 32


def test_buy_asks_once_for_the_coin_and_the_card(town, answer, coins):
    answer("n\n")
    refused = town(*BUY, code=3).err
    assert ("Coin.approve" in refused, "GiftVoucher.buy" in refused) == (True, True)
    assert "25.00 TEST and no more" in refused
    assert (kept(town), coins("customer")) == ([], 100_000_000)
    answer("y\n")
    done = town(*BUY).err
    assert (done.count("Send these 2?"), done.count("?")) == (1, 1)
    assert (len(kept(town)), coins("customer")) == (1, 75_000_000)


def test_buy_asks_for_the_card_alone_if_the_coin_is_approved(town, node, contracts, answer, coins):
    data = keccak(b"approve(address,uint256)")[:4] + bytes(12)
    data += bytes.fromhex(contracts["GiftVoucher"][2:]) + (25_000_000).to_bytes(32, "big")
    call = {"from": ADDRESSES["customer"], "to": contracts["TestCoin"], "data": "0x" + data.hex()}
    node.rpc("eth_sendTransaction", call)
    answer("y\n")
    shown = town(*BUY).err
    assert ("Coin.approve" in shown, "Send it?" in shown) == (False, True)
    assert coins("customer") == 75_000_000


def test_buy_can_be_rehearsed(town, coins):
    data = town.json(*BUY, "--dry-run")
    shown = [item["function"].partition("(")[0] for item in data["transactions"]]
    assert shown == ["Coin.approve", "GiftVoucher.buy"]
    assert (kept(town), coins("customer")) == ([], 100_000_000)


def test_buy_happens_once_under_a_name(town, coins):
    first = town.send(*BUY, "--once", "birthday")
    again = town.send(*BUY, "--once", "birthday")
    assert (again["card"], again["link"], again["hash"]) == (
        first["card"],
        first["link"],
        first["hash"],
    )
    assert coins("customer") == 75_000_000
    other = ("loyalty", "voucher", "buy", "1", "26", "--once", "birthday")
    assert "something else" in town.refuse_to_send(*other, code=2)["message"]


def test_buy_refuses_more_coin_than_there_is(town):
    line = ("loyalty", "voucher", "buy", "1", "100.000001")
    problem = town.refuse_to_send(*line, code=6)
    assert problem["code"] == "ERC20InsufficientBalance"
    assert "has 100.00 TEST, 100.000001 TEST are needed" in problem["message"]
    assert kept(town) == []


@pytest.mark.parametrize(
    "options",
    [
        ["--base-url", "http://shop.example"],
        ["--out", "none/card.png"],
        ["--refund-at", "someday"],
        ["--terms", "0x12"],
    ],
)
def test_buy_refuses_what_makes_no_sense(town, options):
    assert town.refuse_to_send(*BUY, *options, code=2)["code"] == "UsageError"
    assert kept(town) == []


@pytest.mark.parametrize("amount", ["0", "-1", "1,5", "1.0000001", "many"])
def test_buy_refuses_what_is_no_amount(town, amount):
    line = ("loyalty", "voucher", "buy", "1", amount)
    assert town.refuse_to_send(*line, code=2)["code"] == "UsageError"


# --------------------------------------------------------------------------- spending


def test_spend_in_parts_whoever_pays_the_gas(town, card, coins):
    town.act_as("rival")
    line = ("loyalty", "voucher", "spend", card["link"], "shop")
    paid = town.send(*line, "10.50")
    assert (paid["card"], paid["merchant"], paid["amount"]) == (
        card["card"],
        ADDRESSES["shop"],
        "10.50",
    )
    assert paid["left"] == {"units": 14_500_000, "amount": "14.50", "symbol": "TEST"}
    assert "14.50 TEST paid, 0.00 TEST left" in town(*line, "14.50", "--yes").out
    assert coins("shop") == 25_000_000
    problem = town.refuse_to_send(*line, "0.01", code=6)
    assert problem["code"] == "CardBalanceExceeded"
    assert "0.01 TEST are more than the 0.00 TEST left on the card" in problem["message"]


def test_spend_happens_once_under_a_name(town, card, coins):
    line = ("loyalty", "voucher", "spend", card["card"], "shop", "10", "--once", "order-1")
    first = town.send(*line)
    again = town.send(*line)
    assert (again["hash"], again["left"]) == (first["hash"], first["left"])
    assert coins("shop") == 10_000_000
    other = ("loyalty", "voucher", "spend", card["card"], "shop", "11", "--once", "order-1")
    assert "something else" in town.refuse_to_send(*other, code=2)["message"]


def test_spend_refuses_who_is_not_listed(town, card):
    line = ("loyalty", "voucher", "spend", card["link"], "friend", "1")
    problem = town.refuse_to_send(*line, code=6)
    assert problem["code"] == "GuildMerchantOnly"
    assert "does not take the cards of guild 1" in problem["message"]


def test_the_holder_signs_and_the_merchant_submits(town, card, coins):
    out = town.folder / "payment.json"
    town.env(CRMDAPP_PRIVATE_KEY=None)
    line = ("loyalty", "voucher", "sign", card["link"], "shop", "5", "--valid-for", "15m")
    assert town.json(*line, "--out", out)["file"] == str(out)
    signed = SignedPayment.from_json(out.read_text())
    signed.require_signed_by_key()
    assert HeldCard.parse(card["link"]).private_key.hex() not in out.read_text()
    town.act_as("shop")
    paid = town.send("loyalty", "voucher", "submit", out, "--once", "order-1")
    again = town.send("loyalty", "voucher", "submit", out, "--once", "order-1")
    assert paid["hash"] == again["hash"]
    assert coins("shop") == 5_000_000
    problem = town.refuse_to_send("loyalty", "voucher", "submit", out, code=6)
    assert problem["code"] == "IntentNonceUsed"


def test_payments_carry_neighbouring_numbers(town, card, coins):
    line = ("loyalty", "voucher", "sign", card["link"], "shop", "5")
    bodies = [json.loads(town(*line).out) for _ in range(2)]
    town.send("loyalty", "voucher", "spend", card["link"], "shop", "5")
    third = json.loads(town(*line).out)
    numbers = [int(body["typedData"]["message"]["nonce"]) for body in (*bodies, third)]
    assert [number - numbers[0] for number in numbers] == [0, 1, 3]
    for body in (third, *bodies):
        path = town.folder / f"{body['signature'][:10]}.json"
        path.write_text(json.dumps(body))
        town.send("loyalty", "voucher", "submit", path)
    assert coins("shop") == 20_000_000


def test_submit_reads_stdin_and_refuses_what_is_no_payment(town, card, monkeypatch):
    line = ("loyalty", "voucher", "sign", card["link"], "shop", "5")
    body = json.loads(town(*line).out)
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(body)))
    assert town.send("loyalty", "voucher", "submit", "-")["amount"] == "5.00"
    path = town.folder / "payment.json"
    body["typedData"]["domain"]["chainId"] = 1
    for text in ("{", "{}", json.dumps(body)):
        path.write_text(text)
        assert town.refuse_to_send("loyalty", "voucher", "submit", path, code=2)
    assert town.refuse_to_send("loyalty", "voucher", "submit", "none.json", code=2)


def test_a_forged_payment_is_named(town, card):
    line = ("loyalty", "voucher", "sign", card["link"], "shop", "5")
    body = json.loads(town(*line).out)
    body["typedData"]["message"]["amount"] = 6_000_000
    path = town.folder / "payment.json"
    path.write_text(json.dumps(body))
    problem = town.refuse_to_send("loyalty", "voucher", "submit", path, code=6)
    assert problem["code"] == "IntentSignatureInvalid"


# --------------------------------------------------------------------------- showing


def test_show_tells_what_is_left_and_who_takes_it(town, card, monkeypatch):
    data = town.json("loyalty", "voucher", "show", card["card"])
    assert (data["amount"], data["merchants"]) == ("25.00", [ADDRESSES["shop"]])
    monkeypatch.setattr("sys.stdin", io.StringIO(card["link"]))
    outcome = town("loyalty", "voucher", "show", "-")
    for word in ("25.00 TEST", f"{ADDRESSES['shop']} (shop)", "never", card["card"]):
        assert word in outcome.out
    assert card["link"].partition("#")[2] not in outcome.out + outcome.err


def test_list_shows_the_cards_bought_here(town, card):
    assert [row["card"] for row in town.json("loyalty", "voucher", "list")] == [card["card"]]
    assert "25.00 TEST" in town("loyalty", "voucher", "list").out


def test_a_card_of_another_contract_is_refused(town, card):
    held = HeldCard.parse(card["link"])
    other = HeldCard(voucher_domain(1, ADDRESSES["rival"]), held.card, held.private_key)
    for command in ("show", "refund"):
        problem = town.error("loyalty", "voucher", command, other.link(), code=2)
        assert "The card is on chain 1" in problem["message"]


# --------------------------------------------------------------------------- refunds


def test_refund_pays_the_buyer_when_its_time_has_come(town, node, coins):
    until = node.now + 1_000
    moment = datetime.fromtimestamp(until, UTC).isoformat()
    made = town.send(*BUY, "--refund-at", moment)
    assert made["refund_at"] == moment
    line = ("loyalty", "voucher", "refund", made["card"])
    problem = town.refuse_to_send(*line, code=6)
    assert problem["code"] == "CardRefundTooEarly"
    assert "UTC" in problem["message"]
    node.advance_to(until)
    town.act_as("rival")
    back = town.send(*line)
    assert (back["to"], back["amount"]) == (ADDRESSES["customer"], "25.00")
    assert coins("customer") == 100_000_000
    problem = town.refuse_to_send(*line, code=6)
    assert problem["code"] == "CardEmpty"


def test_a_card_without_a_time_is_never_given_back(town, card):
    problem = town.refuse_to_send("loyalty", "voucher", "refund", card["link"], code=6)
    assert problem["code"] == "CardRefundTooEarly"
    assert "never goes back" in problem["message"]
