"""The page behind a gift's link, as a friend uses it, and where its secret must never be."""

import logging

import pytest

from crmdapp.loyalty import Gift, LoyaltyClient
from crmdapp.loyalty.gifts import give
from tests.web.browser import announce

NASTY = "<script>document.title='taken'</script>"


@pytest.fixture(scope="module")
def program(town, server):
    """A program of the merchant in which the customer has 100 points."""
    number = town.open_program("merchant", name=NASTY)
    town.client(LoyaltyClient, "merchant").award(number, town.address("customer"), 10_000)
    server.settle()
    return number


@pytest.fixture
def gift(town, server, program):
    """``gift(350)``: a gift of the customer's with so many units."""

    def gift_(units):
        client = town.client(LoyaltyClient, "customer")
        made = Gift.new(client.domain, program)
        if units:
            give(client, made, units)
        return made

    return gift_


@pytest.fixture
def seen(page):
    """What the browser asked the server for: addresses and referrers."""
    found = []
    page.on("request", lambda request: found.append(request.url))
    page.on("request", lambda request: found.append(request.headers.get("referer", "")))
    return found


def payload(made):
    return made.link().partition("#")[2]


def alert(page):
    return page.get_by_role("alert").filter(has_text=" ").first.inner_text()


def test_link_is_looked_at_signed_in_for_and_collected(
    server, town, page, program, gift, seen, axe, screenshot, caplog
):
    caplog.set_level(logging.DEBUG)
    made = gift(350)
    announce(page, town.signer("friend"), town.node.chain_id)
    client = town.client(LoyaltyClient)
    before = client.balance(program, town.address("friend"))
    page.goto("/gift#" + payload(made))
    assert page.evaluate("location.href").endswith("/gift")
    axe(page)
    page.get_by_role("button", name="See what is on it").click()
    page.get_by_role("heading", name="3.50 points of").wait_for()
    assert NASTY in page.inner_text("main")
    assert "expire in" in page.inner_text("main")
    page.get_by_role("link", name="Sign in to collect it").click()
    page.get_by_role("button", name="Choose a wallet").click()
    page.wait_for_url("**/gift")
    page.get_by_role("button", name="See what is on it").click()
    axe(page)
    screenshot(page, "loyalty-gift")
    page.get_by_role("button", name="Collect all of it").click()
    page.wait_for_url("**/wallet")
    assert "3.50 points of the gift are yours" in page.inner_text("main")
    assert client.balance(program, town.address("friend")) - before == 350
    assert page.evaluate("sessionStorage.length") == 0

    secrets = (payload(made), payload(made)[48:90], made.key.hex())
    for text in (*seen, caplog.text):
        assert not any(secret in text for secret in secrets)
    for path in server.settings.state_dir.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert made.key not in data
            assert not any(secret.encode() in data for secret in secrets), path


def test_link_is_typed_in_on_a_phone_without_scripts(browser, server, gift):
    made = gift(200)
    visitor = browser.new_context(
        base_url=server.url, java_script_enabled=False, viewport={"width": 360, "height": 740}
    )
    page = visitor.new_page()
    page.goto("/gift")
    page.get_by_label("The gift's link").fill(made.link("https://shop.example/gift"))
    page.get_by_role("button", name="See what is on it").click()
    assert "2.00 points" in page.inner_text("main")
    assert page.url.endswith("/gift")
    visitor.close()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda link: "", "empty"),
        (lambda link: link[:-3], "cut off"),
        (lambda link: link + "=", "characters after #"),
        (lambda link: NASTY, "no part after #"),
        (lambda link: link + "A" * 3_000, "too long"),
    ],
    ids=["empty", "cut off", "padded", "a script", "endless"],
)
def test_link_that_is_none_is_not_repeated(page, gift, change, said):
    link = gift(0).link()
    page.goto("/gift")
    page.locator("#code").evaluate("field => field.removeAttribute('required')")
    page.get_by_label("The gift's link").fill(change(link))
    page.get_by_role("button", name="See what is on it").click()
    assert said in alert(page)
    assert link.partition("#")[2][40:80] not in page.content()


def test_gift_without_points_says_so(page, gift):
    page.goto("/gift#" + payload(gift(0)))
    page.get_by_role("button", name="See what is on it").click()
    assert "no points on the gift" in alert(page)


def test_gift_of_another_ledger_is_refused(page, gift, town):
    made = gift(0)
    other = Gift(made.chain_id + 1, made.hub, made.program, made.key)
    page.goto("/gift#" + payload(other))
    page.get_by_role("button", name="See what is on it").click()
    assert "The gift is on chain 31338" in alert(page)


def test_gift_is_collected_once_and_by_who_signed_in(page, sign_in, gift, town, program):
    made = gift(100)
    fields = {"once": "a" * 32, "code": made.link()}
    assert page.request.post("/gift/collect", form=fields).status in (401, 403)
    sign_in("carrier", "/gift")
    assert page.request.post("/gift/collect", form=fields).status == 403
    fields["csrf_token"] = page.locator("input[name=csrf_token]").first.input_value()
    for _ in range(2):  # pressed twice
        assert page.request.post("/gift/collect", form=fields).status == 200
    client = town.client(LoyaltyClient)
    assert client.balance(program, town.address("carrier")) == 100
    fields["once"] = "b" * 32
    answer = page.request.post("/gift/collect", form=fields)
    assert answer.status == 422
    assert "GiftEmpty" in answer.text()


def test_page_with_a_gift_is_kept_by_nobody(page, gift):
    fields = {"code": gift(50).link()}
    page.goto("/gift")
    fields["csrf_token"] = page.locator("input[name=csrf_token]").first.input_value()
    answer = page.request.post("/gift", form=fields)
    assert answer.headers["cache-control"] == "no-store"
