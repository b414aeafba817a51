"""The merchant's console and the customer's wallet, used as people use them."""

import itertools

import pytest

from crmdapp.chain._keccak import keccak
from crmdapp.chain.accounts import Keystore
from crmdapp.loyalty import LoyaltyClient
from tests.web.browser import announce

NASTY = "<script>document.title='taken'</script>"

_orders = itertools.count(5_000)


@pytest.fixture(scope="module")
def program(town, server):
    """A program of the merchant in which the customer has 40 points."""
    number = town.open_program("merchant", tiers=(1_000, 10_000))
    town.client(LoyaltyClient, "merchant").award(number, town.address("customer"), 4_000)
    server.settle()
    return number


@pytest.fixture
def visit(browser, server, town):
    """``visit("merchant", "/merchant")``: a browser of that role's own, signed in by wallet."""
    visitors = []

    def visit_(role, to):
        visitor = browser.new_context(base_url=server.url)
        visitors.append(visitor)
        page = visitor.new_page()
        page.set_default_timeout(30_000)
        announce(page, town.signer(role), town.node.chain_id)
        page.goto(f"/sign-in?next={to}")
        page.get_by_role("button", name="Choose a wallet").click()
        page.wait_for_url(f"**{to}")
        return page

    yield visit_
    for visitor in visitors:
        visitor.close()


def test_story_of_points_from_award_to_redemption(visit, server, town, program, axe, screenshot):
    desk = visit("merchant", f"/merchant/programs/{program}")
    before = outstanding(desk)
    desk.get_by_label("Customer's address").fill(town.address("customer"))
    desk.get_by_label("Points", exact=True).fill("25.50")
    desk.get_by_role("button", name="Award").click()
    desk.get_by_text("25.50 points awarded").wait_for()
    server.settle()
    desk.reload()
    assert outstanding(desk) == before + 2_550
    axe(desk)
    screenshot(desk, "merchant-program")

    wallet = visit("customer", "/wallet")
    card = wallet.get_by_role("region", name="Bean")
    card.get_by_text("expire in").first.wait_for()
    held = money(card.locator(".figure").inner_text())
    axe(wallet)
    screenshot(wallet, "wallet-points")
    wallet.get_by_label("Points to spend").fill("20")
    wallet.get_by_label("Order number").fill(str(next(_orders)))
    with wallet.expect_navigation(url="**/wallet"):
        wallet.get_by_role("button", name="Sign and spend").click()
    server.settle()
    wallet.reload()
    assert money(card.locator(".figure").inner_text()) == held - 2_000
    assert "Redeemed" in wallet.get_by_role("region", name="The latest movements").inner_text()

    desk.reload()
    assert outstanding(desk) == before + 550


def test_wallet_changes_points_into_another_brands(visit, server, town, program):
    other = town.open_program("rival", name="Leaf", symbol="LEAF")
    coin = town.connection.contract("TestCoin", town.manifest.address("TestCoin"))
    for role, number in (("merchant", program), ("rival", other)):
        client = town.client(LoyaltyClient, role)
        client.send(coin.call("mint", town.address(role), 5_000_000))
        client.network.announce_prices(number, 20_000, 10_000)
        client.clearing.deposit(number, 5_000_000)
    town.client(LoyaltyClient, "merchant").clearing.set_limit(program, other, 5_000_000)
    server.settle()
    page = visit("customer", "/wallet")
    page.get_by_label("To", exact=True).select_option(str(other))
    page.get_by_label("Points to change").fill("6")
    with page.expect_navigation(url="**/wallet"):
        page.get_by_role("button", name="Sign and change").click()
    server.settle()
    page.reload()
    card = page.get_by_role("region", name="Leaf")
    assert card.locator(".figure").inner_text() == "3.00"


def test_wallet_that_says_no_changes_nothing(page, sign_in, server, town, program):
    wallet = sign_in("customer", "/wallet")
    held = town.client(LoyaltyClient).balance(program, town.address("customer"))
    wallet.says_no = True
    page.get_by_label("Receiver's address").fill(town.address("friend"))
    page.get_by_label("Points to send").fill("1")
    page.get_by_role("button", name="Sign and send").click()
    page.get_by_text("You said no. Nothing was signed.").wait_for()
    assert town.client(LoyaltyClient).balance(program, town.address("customer")) == held


def test_amount_that_is_none_is_told(page, sign_in, program):
    sign_in("customer", "/wallet")
    page.get_by_label("Points to spend").fill("a lot")
    page.get_by_label("Order number").fill("7")
    page.get_by_role("button", name="Sign and spend").click()
    page.get_by_text("is not an amount of points").wait_for()


def test_key_file_sends_points_without_scripts(browser, server, town, program):
    visitor = browser.new_context(base_url=server.url, java_script_enabled=False)
    page = visitor.new_page()
    keystore = Keystore(server.settings.keystore)
    if "customer" not in {item.name for item in keystore.list()}:
        keystore.add("customer", key_of("customer"), "correct horse")
    before = town.client(LoyaltyClient).balance(program, town.address("friend"))
    page.goto("/sign-in?next=/wallet")
    page.get_by_label("Key", exact=True).select_option("customer")
    page.get_by_label("Password").fill("correct horse")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Receiver's address").fill(town.address("friend"))
    page.get_by_label("Points to send").fill("1.25")
    page.get_by_role("button", name="Sign and send").click()
    assert "1.25 points are with" in page.inner_text("main")
    page.get_by_label("Points to give").fill("2")
    page.get_by_role("button", name="Make a gift code").click()
    assert "#" in page.get_by_label("The same as a link").input_value()
    visitor.close()
    after = town.client(LoyaltyClient).balance(program, town.address("friend"))
    assert after - before == 125


def test_program_with_a_script_for_a_name_is_only_a_name(page, sign_in, server, axe):
    sign_in("rival", "/merchant")
    page.get_by_label("Brand").fill(NASTY)
    page.get_by_label("Short form").fill("'; DROP--")
    page.get_by_role("button", name="Open the program").click()
    server.settle()
    page.goto("/merchant")
    page.get_by_role("link", name=NASTY).click()
    assert page.get_by_role("heading", name=NASTY).is_visible()
    assert page.title() != "taken"
    axe(page)


def test_other_merchants_program_is_like_none(page, sign_in, program):
    sign_in("rival", "/merchant")
    for path in ("", "/customers", "/customers.csv", "/history.csv", "/settlement", "/why"):
        foreign = page.request.get(f"/merchant/programs/{program}{path}")
        missing = page.request.get(f"/merchant/programs/999998{path}")
        assert (foreign.status, missing.status) == (404, 404)


def test_award_form_of_another_merchant_is_refused(page, sign_in, program, town):
    sign_in("rival", "/merchant")
    token = page.locator("input[name=csrf_token]").first.input_value()
    answer = page.request.post(
        f"/merchant/programs/{program}/award",
        form={
            "csrf_token": token,
            "once": "a" * 32,
            "to": town.address("rival"),
            "points": "1",
        },
    )
    assert answer.status == 404


def test_form_without_its_token_is_refused(page, sign_in, program, town):
    sign_in("merchant", "/merchant")
    answer = page.request.post(
        f"/merchant/programs/{program}/award",
        form={"once": "b" * 32, "to": town.address("rival"), "points": "1"},
    )
    assert answer.status == 403


def test_why_tells_what_limits_awards(page, sign_in, program, town, axe):
    sign_in("merchant", f"/merchant/programs/{program}/why")
    page.get_by_label("Customer's address").fill(town.address("customer"))
    page.get_by_role("button", name="Look").click()
    shown = page.inner_text("main")
    assert "may award without limit" in shown
    assert "Awarded" in shown
    axe(page)


def test_refused_award_says_why_and_keeps_the_page(page, sign_in, program, town):
    sign_in("merchant", f"/merchant/programs/{program}")
    page.get_by_label("Customer's address").first.fill("0x" + "0" * 40)
    page.get_by_label("Points", exact=True).fill("1")
    page.get_by_role("button", name="Award").click()
    page.get_by_role("alert").get_by_text("ERC6909InvalidReceiver", exact=True).wait_for()


def test_csv_holds_customers_and_history(page, sign_in, program, town):
    sign_in("merchant", f"/merchant/programs/{program}")
    rows = page.request.get(f"/merchant/programs/{program}/customers.csv").text()
    assert town.address("customer") in rows
    moves = page.request.get(f"/merchant/programs/{program}/history.csv").text()
    assert moves.splitlines()[0].startswith("time (UTC),what,points")
    assert "Awarded" in moves


@pytest.mark.parametrize("path", ["/wallet", "/wallet/history"])
def test_wallet_fits_a_phone(page, sign_in, program, path, axe):
    page.set_viewport_size({"width": 360, "height": 740})
    sign_in("customer", path)
    fits(page)
    axe(page)


@pytest.mark.parametrize("path", ["", "/customers", "/campaigns", "/settlement", "/why"])
def test_console_fits_a_phone(page, sign_in, program, path, axe):
    page.set_viewport_size({"width": 360, "height": 740})
    sign_in("merchant", f"/merchant/programs/{program}{path}")
    fits(page)
    axe(page)


def test_wallet_is_used_with_the_keyboard_alone(page, sign_in, program):
    sign_in("customer", "/wallet")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.tagName"))
    assert {"redeem-points", "send-to", "coupon"} <= reached


def key_of(role):
    """The private key that the town gave a role."""
    return keccak(f"web {role}".encode())


def fits(page):
    """Nothing but tables may be wider than the screen."""
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= page.viewport_size["width"]


def outstanding(page):
    """The units that the console says are outstanding."""
    return money(page.locator("#outstanding").inner_text())


def money(text):
    return int(text.replace(",", "").replace(".", ""))
