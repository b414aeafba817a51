"""Pages whose person's key is in the browser, on a server that others run and that has no keys."""

import io
import json

import pytest
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from crmdapp.chain import LocalSigner
from crmdapp.chain._keccak import keccak
from crmdapp.loyalty import LoyaltyClient
from crmdapp.provenance import ArtworksClient
from crmdapp.web.security.sessions import sent_form
from tests.web.provenance_story import draw, hang
from tests.web.town import served

CONFIRM = "Confirm in your wallet"


@pytest.fixture(scope="module")
def server(town, tmp_path_factory):
    """A server that others run: not one key of the town's people is with it."""
    mark = town.node.snapshot()
    folder = tmp_path_factory.mktemp("distant")
    changes = {"local": False, "signers": {}, "relayer": None}
    with served(town, folder, **changes) as server:
        yield server
    town.node.revert(mark)
    town.forget_journal()


@pytest.fixture(scope="module")
def program(town, server):
    """A program of the merchant's."""
    number = town.open_program("merchant")
    server.settle()
    return number


@pytest.fixture(scope="module")
def work(town, server, tmp_path_factory):
    """A work of the artist's that is for sale at a quarter of an ether."""
    picture = draw(tmp_path_factory.mktemp("pictures") / "a.png", 71)
    found = hang(town, server, picture, "Quay at noon", price="0.25")
    server.settle()
    return found


@pytest.fixture(scope="module", autouse=True)
def _story(program, work, browser, axe, screenshot):
    """All of it before the first test, as Ape wants what lasts for a module."""


def press(page, name):
    page.get_by_role("button", name=name).click()


def place(id_):
    return f"/gallery/0x{id_:064x}"


def fill_award(page, town, points="12.50"):
    page.get_by_label("Customer's address").fill(town.address("customer"))
    page.get_by_label("Points", exact=True).fill(points)
    press(page, "Award")


def points_of(town, program):
    return town.client(LoyaltyClient).balance(program, town.address("customer"))


# ----------------------------------------------------------------- whole stories


def test_merchant_opens_a_program_and_awards(page, sign_in, server, town, axe, screenshot):
    wallet = sign_in("merchant", "/merchant")
    page.get_by_label("Brand").fill("Roast")
    page.get_by_label("Short form").fill("ROAST")
    press(page, "Open the program")
    assert page.locator("#what").inner_text() == "Create program"
    assert page.get_by_text("several transactions").count() == 0
    axe(page)
    screenshot(page, "confirm-in-wallet")
    press(page, CONFIRM)
    page.get_by_text("this is number 2").wait_for()
    assert page.locator("#what").inner_text() == "Set issuer"
    assert page.locator("main ol li").inner_text() == wallet.sent[0]
    press(page, CONFIRM)
    page.get_by_text("The program Roast is open.").wait_for()
    number = int(page.url.rpartition("/")[2])
    fill_award(page, town)
    press(page, CONFIRM)
    page.get_by_text("12.50 points awarded, in block").wait_for()
    assert page.locator("#outstanding").inner_text() == "12.50"
    assert points_of(town, number) == 1_250
    assert len(wallet.sent) == 3


def test_buyer_pays_ether_and_the_artist_is_paid(page, sign_in, town, work, axe):
    before = town.connection.balance(town.address("artist"))
    sign_in("collector", place(work))
    press(page, "Buy for")
    assert page.locator("#value").inner_text() == "0.25 ether"
    axe(page)
    press(page, CONFIRM)
    page.get_by_text("It is yours, for 0.25 ETH.").wait_for()
    assert page.locator("#owner").inner_text() == town.address("collector")
    assert town.connection.balance(town.address("artist")) - before == 10**18 // 4


def test_merchant_permits_and_deposits_coin(page, sign_in, server, town, program):
    coin = town.connection.contract("TestCoin", town.manifest.address("TestCoin"))
    client = town.client(LoyaltyClient, "merchant")
    client.send(coin.call("mint", town.address("merchant"), 9_000_000))
    before = client.clearing.deposit_of(program).value
    wallet = sign_in("merchant", f"/merchant/programs/{program}/settlement")
    page.get_by_label("Coin", exact=True).fill("7")
    press(page, "Deposit")
    assert page.locator("#what").inner_text() == "Approve"
    press(page, CONFIRM)
    page.get_by_text("this is number 2").wait_for()
    assert page.locator("#what").inner_text() == "Deposit"
    press(page, CONFIRM)
    page.get_by_text("The deposit has arrived.").wait_for()
    assert len(wallet.sent) == 2
    assert client.clearing.deposit_of(program).value - before == 7_000_000


# ----------------------------------------------------------------- what a wallet may say


@pytest.fixture
def confirming(page, sign_in, town, program):
    """The merchant's wallet, whose page asks it for an award."""
    wallet = sign_in("merchant", f"/merchant/programs/{program}")
    fill_award(page, town)
    page.get_by_role("heading", name=CONFIRM).wait_for()
    return wallet


def test_wallet_that_says_no_may_say_yes_later(page, confirming, town, program):
    before = points_of(town, program)
    confirming.says_no = True
    press(page, CONFIRM)
    page.get_by_text("You said no. Nothing was sent.").wait_for()
    assert points_of(town, program) == before
    confirming.says_no = False
    press(page, CONFIRM)
    page.get_by_text("points awarded").wait_for()
    assert points_of(town, program) == before + 1_250


def test_wallet_on_another_chain_is_asked_for_nothing(page, confirming):
    confirming.chain_id = 1
    press(page, CONFIRM)
    page.get_by_text("The wallet is on another chain.").wait_for()
    assert "eth_sendTransaction" not in confirming.asked


def test_wallet_with_another_account_is_asked_for_nothing(page, confirming, town):
    confirming.accounts = [town.address("outsider")]
    press(page, CONFIRM)
    page.get_by_text("not the one you signed in with").wait_for()
    assert "eth_sendTransaction" not in confirming.asked


def test_call_that_would_revert_is_told_before_the_wallet_is_asked(page, sign_in, server, town):
    program = town.open_program("merchant")
    town.client(LoyaltyClient, "merchant").set_issuer(program, town.address("merchant"), 0)
    server.settle()
    wallet = sign_in("merchant", f"/merchant/programs/{program}")
    asked = list(wallet.asked)
    fill_award(page, town)
    page.get_by_role("alert").get_by_text("ProgramIssuerOnly", exact=True).wait_for()
    page.get_by_role("alert").get_by_text("Act with an issuer's key").wait_for()
    assert wallet.asked == asked


def test_account_without_ether_is_told_so(page, sign_in, server, town):
    town.signers["pauper"] = LocalSigner(keccak(b"web pauper"))
    try:
        sign_in("pauper", "/merchant")
        page.get_by_label("Brand").fill("Dust")
        page.get_by_label("Short form").fill("DUST")
        press(page, "Open the program")
        page.get_by_role("alert").get_by_text("FundsMissing", exact=True).wait_for()
    finally:
        del town.signers["pauper"]


def test_account_that_is_a_contract_is_told_before_anything_is_sent(
    page, sign_in, town, program, server
):
    wallet = sign_in("merchant", f"/merchant/programs/{program}")
    asked, account = list(wallet.asked), town.address("merchant")
    try:
        town.node.set_code(account, bytes.fromhex("6001600055"))
        fill_award(page, town)
        page.get_by_role("alert").get_by_text("Your account is a contract").wait_for()
        town.node.set_code(account, bytes.fromhex("ef0100" + "11" * 20))
        fill_award(page, town)
        page.get_by_role("heading", name=CONFIRM).wait_for()
    finally:
        town.node.set_code(account, b"")
    assert wallet.asked == asked


# ----------------------------------------------------------------- what the chain may do


def test_award_that_is_refused_in_its_block_is_told_by_its_error(page, sign_in, server, town):
    program = town.open_program("merchant")
    server.settle()
    wallet = sign_in("merchant", f"/merchant/programs/{program}")
    fill_award(page, town)
    page.get_by_role("heading", name=CONFIRM).wait_for()
    town.client(LoyaltyClient, "merchant").set_issuer(program, town.address("merchant"), 0)
    press(page, CONFIRM)
    page.get_by_role("alert").get_by_text("ProgramIssuerOnly", exact=True).wait_for()
    assert len(wallet.sent) == 1
    assert points_of(town, program) == 0


def test_offer_without_a_signature_is_refused(page, sign_in, work):
    sign_in("friend", place(work))
    token = page.locator("body").get_attribute("data-csrf")
    form = {"csrf_token": token, "once": "a" * 32, "price": "1", "currency": "0"}
    answer = page.request.post(f"{place(work)}/offers", form=form)
    assert answer.status == 422
    assert "Your key is in your browser" in answer.text()


def test_transaction_that_reverts_in_its_block_is_told_calmly(page, sign_in, server, town, work):
    works = town.client(ArtworksClient)
    is_sold = works.state(work).owner == town.address("collector")
    seller = "collector" if is_sold else "artist"
    shop = town.client(ArtworksClient, seller)
    shop.list(work, works.currency(0).price("1"))
    server.settle()
    wallet = sign_in("friend", place(work))
    press(page, "Buy for")
    page.get_by_role("heading", name=CONFIRM).wait_for()
    shop.list(work, works.currency(0).price("2"))
    press(page, CONFIRM)
    page.get_by_role("alert").get_by_text("PriceChanged", exact=True).wait_for()
    assert len(wallet.sent) == 1
    assert works.state(work).owner != town.address("friend")


def test_page_waits_for_a_slow_block_and_sends_once(page, confirming, town, program):
    before = points_of(town, program)
    page.evaluate("document.querySelector('form[data-wait]').dataset.wait = '0.1'")
    town.node.automine(False)
    try:
        press(page, CONFIRM)
        page.get_by_text("It was sent, and is not in a block yet").wait_for()
        page.reload()  # the browser sends the form again; what was sent is remembered
        page.get_by_role("button", name=CONFIRM).click()
        page.get_by_text("Waiting until it is in a block").wait_for()
        town.node.mine()
        page.get_by_text("points awarded").wait_for()
    finally:
        town.node.automine(True)
    assert len(confirming.sent) == 1
    assert points_of(town, program) == before + 1_250


# ----------------------------------------------------------------- what a browser may make up


@pytest.fixture
def claim(page, confirming, program):
    """``claim(hash, field=...)``: sends the form with that hash as what the wallet sent."""
    form = page.locator("form[data-step]")
    fields = {
        item.get_attribute("name"): item.get_attribute("value")
        for item in form.locator("input[type=hidden]:not([data-sent])").all()
    }
    step = json.loads(form.get_attribute("data-step"))

    def claim_(tx_hash, at=f"/merchant/programs/{program}/award", **changes):
        sent = {**fields, **changes, "wallet_step": json.dumps([*step[:-1], tx_hash])}
        return page.request.post(at, form=sent, max_redirects=0)

    return claim_


def test_hash_of_another_transaction_is_refused(claim, town, program):
    town.open_program("merchant")
    other = town.connection.block("latest")["transactions"][0]
    answer = claim(other)
    assert answer.status == 422
    assert "ConfirmationForeign" in answer.text()


def test_hash_for_another_form_is_refused(claim, confirming, town, program, page):
    press(page, CONFIRM)
    page.get_by_text("points awarded").wait_for()
    (sent,) = confirming.sent
    assert claim(sent).status == 303
    other = claim(sent, points="99")
    assert other.status == 422
    assert "ConfirmationForeign" in other.text()


def test_hash_that_no_node_knows_is_told_as_pending(claim, server, monkeypatch):
    context = server.context
    monkeypatch.setattr(context, "settings", _impatient(context.settings))
    answer = claim("0x" + "ab" * 32)
    assert answer.status == 202
    assert "is not in a block yet" in answer.text()


def test_step_that_is_none_is_refused(claim, server):
    for text in ("0x", "0x" + "AB" * 31, "<script>"):
        assert claim(text).status == 422


def test_form_without_its_token_is_refused(claim, confirming):
    answer = claim("0x" + "ab" * 32, csrf_token="none")
    assert answer.status == 403
    assert "look first what your wallet has sent" in answer.text()


@pytest.mark.parametrize(
    "field", [("password", "open sesame"), ("file", UploadFile(io.BytesIO(b"picture")))]
)
def test_form_with_a_password_or_a_file_is_in_no_page(field):
    request = Request({"type": "http"})
    request.state.form = FormData([("name", "Ada"), field])
    assert sent_form(request) is None


def test_page_says_what_it_needs_without_scripts(claim, confirming, page):
    assert "A browser's wallet is a script" in page.locator("noscript").text_content()
    assert page.locator("main script, main [onclick]").count() == 0


def _impatient(settings):
    from dataclasses import replace

    return replace(settings, patience=0.2)
