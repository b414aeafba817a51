"""The customers' pages in a real browser: whole stories, and what must not happen."""

import json

import pytest

from crmdapp.chain import accounts
from crmdapp.chain._keccak import keccak
from crmdapp.chain.accounts import Keystore
from tests.web.customers_story import (
    EMAIL,
    NOTICE,
    PASSWORD,
    ask_for_data,
    carla_of,
    draft,
    hand_over,
    key_of_request,
)

BASE = "/v1/customers"
EVIL = "<script>document.title='owned'</script>'\"; DROP TABLE profiles;--"


@pytest.fixture(scope="module", autouse=True)
def tools(browser, axe, screenshot):
    """What the whole module needs, made first."""


@pytest.fixture(scope="module")
def carla(town, server, tmp_path_factory):
    """A customer of the merchant, who signs with the wallet of the role ``customer``."""
    with carla_of(town, server, tmp_path_factory.mktemp("carla")) as carla:
        yield carla


def post(api, place, body, code=None):
    answer = api.post(BASE + place, json=body, headers=key_of_request())
    assert answer.status_code == code if code else answer.status_code < 300, answer.text
    return answer.json()


@pytest.fixture(scope="module")
def merchant(api):
    return api("merchant")


@pytest.fixture(scope="module")
def story(server, town, merchant, carla):
    """Carla agreed to two things; her key is in the customer's browser wallet from now on."""
    post(merchant, "/logs", {"index": 0, "delay": 3_600})
    reading_key = bytes.fromhex(merchant.get(f"{BASE}/vault").json()["reading_key"][2:])
    asked = []
    for service in ("News about coffee", EVIL):
        wanted = {"draft": draft(carla.subject, service=service), "notice": NOTICE}
        asked.append(post(merchant, "/consents/requests", wanted))
        grant = {"grant": carla.agree(asked[-1]["request"]), "request": asked[-1]["request"]}
        post(merchant, "/consents", grant)
        package = {"package": carla.wrap(asked[-1]["request"], reading_key)}
        post(merchant, "/vault/packages", package)
    place = f"/vaults/{town.address('merchant')}/releases"
    post(merchant, place, {"request": ask_for_data(town, "merchant", asked[0]["request"], 1)})
    hand_over(town, carla, "customer")
    server.settle()
    return asked


# ----------------------------------------------------------------- the customer


def test_customer_sees_who_has_which_data(page, sign_in, story, axe, screenshot, carla):
    sign_in("customer", "/wallet/data")
    cards = page.locator("section.card", has=page.get_by_text("Direct Marketing"))
    assert cards.count() == 2
    text = page.locator("main").inner_text()
    assert "Bean There" in text
    assert "Email Address" in text
    assert "News about coffee" in text
    assert carla.subject in text
    passed = page.get_by_role("table", name="Disclosures")
    assert "email" in passed.inner_text()
    assert page.title().startswith("Who has my data")  # the script in a text did not run
    assert EVIL in text
    axe(page)
    screenshot(page, "customers-wallet-data")


def test_customer_switches_a_consent_off_and_the_company_can_read_no_more(
    server, town, page, sign_in, story, merchant, axe
):
    sign_in("customer", "/wallet/data")
    page.get_by_role("link", name="Switch off").first.click()
    axe(page)
    consent_id = page.url.rsplit("/", 1)[1]
    page.get_by_role("button", name="Switch off with my wallet").click()
    page.wait_for_url("**/wallet/data")
    server.settle()
    page.reload()
    assert "switched off by you" in page.locator("main").inner_text()
    assert merchant.get(f"{BASE}/consents/{consent_id}").json()["state"] == "withdrawn"
    (request,) = [item["request"] for item in story if item["consent_id"] == consent_id]
    place = f"/vaults/{town.address('merchant')}/releases"
    told = post(merchant, place, {"request": ask_for_data(town, "merchant", request, 9)}, 403)
    assert told["code"] == "ReleaseRefused"


def test_customer_who_says_no_keeps_the_consent(page, sign_in, story):
    wallet = sign_in("customer", "/wallet/data")
    page.get_by_role("link", name="Switch off").first.click()
    wallet.says_no = True
    page.get_by_role("button", name="Switch off with my wallet").click()
    page.get_by_text("You said no. Nothing was signed.").wait_for()


def test_wallet_is_used_by_keyboard_alone_on_a_phone(page, sign_in, story, screenshot):
    page.set_viewport_size({"width": 360, "height": 740})
    sign_in("customer", "/wallet/data")
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 360
    link = page.get_by_role("link", name="Switch off").first
    link.focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Switch off with my wallet").focus()
    assert page.evaluate("document.activeElement.textContent") == "Switch off with my wallet"
    screenshot(page, "customers-consent-phone")


def test_customer_takes_everything_along(page, sign_in, story, carla):
    sign_in("customer", "/wallet/data")
    with page.expect_download() as download:
        page.get_by_role("link", name="Take everything along as a file").click()
    told = json.loads(download.value.path().read_text())
    (export,) = told["exports"]
    assert export["profiles"] == ["0x" + carla.cid.hex()]
    assert len(export["consents"]) == 2


def test_stranger_sees_nothing_of_it(page, sign_in, story, town):
    sign_in("outsider", "/wallet/data")
    text = page.locator("main").inner_text()
    assert "Bean There" not in text
    for place in (
        f"/wallet/data/consents/{story[0]['consent_id']}",
        f"/wallet/data/erase/{town.address('merchant')}",
    ):
        answer = page.request.get(place)
        assert answer.status == 404
    answer = page.request.get("/wallet/data/export")
    assert answer.json()["exports"] == []


def test_visitor_is_asked_to_sign_in(page, story):
    page.goto("/wallet/data")
    assert "/sign-in" in page.url


def test_form_without_its_token_is_refused(page, sign_in, story, town):
    sign_in("customer", "/wallet/data")
    place = f"/wallet/data/erase/{town.address('merchant')}"
    answer = page.request.post(place, form={"sure": "yes"})
    assert answer.status == 403


# ----------------------------------------------------------------- without scripts


@pytest.fixture
def plain(browser, server):
    """A page without JavaScript, signed in with a key file of this machine."""
    keystore = Keystore(server.settings.keystore)
    with pytest.MonkeyPatch.context() as cheap:
        cheap.setattr(accounts, "SCRYPT_COST", 1 << 4)
        keystore.add("customer", keccak(b"web customer"), PASSWORD)
    visitor = browser.new_context(base_url=server.url, java_script_enabled=False)
    page = visitor.new_page()
    page.goto("/sign-in?next=/wallet/data")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    yield page
    visitor.close()


def test_customer_switches_off_without_scripts(server, plain, story, merchant):
    assert "/sign-in" not in plain.url
    plain.get_by_role("link", name="Switch off").first.click()
    consent_id = plain.url.rsplit("/", 1)[1]
    plain.get_by_role("button", name="Switch off").click()
    assert "may not read this any more" in plain.locator("main").inner_text()
    server.settle()
    assert merchant.get(f"{BASE}/consents/{consent_id}").json()["state"] == "withdrawn"


# ----------------------------------------------------------------- the merchant


def test_merchant_sees_customers_consents_and_the_log(
    server, page, sign_in, story, axe, screenshot, carla
):
    sign_in("merchant", "/merchant/customers")
    text = page.locator("main").inner_text()
    assert "not registered" in text
    row = page.get_by_role("table", name="What you promised to anchor")
    assert "kept" in row.inner_text()
    axe(page)
    screenshot(page, "customers-merchant")
    page.get_by_role("button", name="Anchor log 0").click()
    page.get_by_text("interactions were anchored").wait_for()
    server.settle()
    page.get_by_label("Who").fill("email known")
    page.get_by_role("button", name="Count").click()
    page.get_by_text("customers fit").wait_for()
    assert page.get_by_role("link", name="Scores, retention").get_attribute("href") == (
        "/merchant/analytics"
    )
    assert "?" not in page.url
    page.get_by_role("rowheader").get_by_role("link").first.click()
    assert "online_form" in page.locator("main").inner_text()
    axe(page)


def test_merchant_s_words_are_text(page, sign_in, story):
    sign_in("merchant", "/merchant/customers")
    page.get_by_label("Who").fill(EVIL)
    page.get_by_role("button", name="Count").click()
    page.get_by_role("alert").get_by_text("There is no").or_(
        page.get_by_role("alert").get_by_text("is no condition")
    ).wait_for()
    assert page.title().startswith("Customers")


def test_rival_sees_none_of_the_merchant_s_customers(page, sign_in, story, carla):
    sign_in("rival", "/merchant/customers")
    assert "keeps no vault" in page.locator("main").inner_text()
    answer = page.request.get(f"/merchant/customers/0x{carla.cid.hex()}")
    assert answer.status == 404
    page.get_by_role("button", name="Make a vault").click()
    page.get_by_text("The vault is there").wait_for()
    answer = page.request.get(f"/merchant/customers/0x{carla.cid.hex()}")
    assert answer.status == 404


# ----------------------------------------------------------------- the end


def test_customer_has_everything_erased(server, page, sign_in, story, merchant, carla, axe):
    sign_in("customer", "/wallet/data")
    page.get_by_role("link", name="Have it erased by").click()
    axe(page)
    page.get_by_role("button", name="Erase").click()
    page.get_by_role("alert").get_by_text("Nothing was erased").wait_for()
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Erase").click()
    page.get_by_text("is destroyed").wait_for()
    assert merchant.get(f"{BASE}/vault").json()["data"] == 0
    page.goto("/wallet/data")
    assert "No company here keeps anything about you." in page.locator("main").inner_text()
    assert EMAIL not in page.locator("main").inner_text()
