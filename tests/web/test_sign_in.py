"""Signing in: by a wallet's signature, good once and for one browser; by a key file, locally."""

import re
import time

import httpx
import pytest
from sqlalchemy import update

from crmdapp.chain.accounts import Keystore
from crmdapp.web.security.sign_in import message, signed_digest
from crmdapp.web.state import challenges, sessions
from tests.web.town import served

PASSWORD = "correct horse"


class Visitor(httpx.Client):
    """A browser without scripts: keeps cookies, sends the forms that it was given."""

    def __init__(self, server):
        super().__init__(base_url=server.url, trust_env=False, timeout=30)

    @property
    def token(self):
        return re.search(r'data-csrf="([0-9a-f]+)"', self.get("/sign-in").text)[1]

    def submit(self, path, **fields):
        return self.post(path, data={"csrf_token": self.token, **fields})

    def ask(self, path, body, token=None):
        return self.post(path, json=body, headers={"X-CSRF-Token": token or self.token})

    @property
    def account(self):
        found = re.search(r'data-account="(0x\w+)"', self.get("/").text)
        return found and found[1]


@pytest.fixture
def visitor(server):
    with Visitor(server) as visitor:
        yield visitor


@pytest.fixture
def stranger(server):
    """Somebody at another browser."""
    with Visitor(server) as stranger:
        yield stranger


def answered(visitor, signer, **changes):
    """The challenge, and what a wallet answers to it."""
    made = visitor.ask("/sign-in/challenge", {"address": signer.address}).json()
    signature = "0x" + signer.sign_digest(signed_digest(made["message"])).hex()
    return {"nonce": made["nonce"], "signature": signature, **changes}


def code(answer):
    return answer.status_code, re.search(r"<code>(\w+)</code>", answer.text)[1]


def test_wallet_signs_in_the_account(visitor, town):
    signer = town.signer("customer")
    made = visitor.ask("/sign-in/challenge", {"address": signer.address}).json()
    host = f"127.0.0.1:{visitor.base_url.port}"
    assert made["message"].startswith(
        f"{host} wants you to sign in with your Ethereum account:\n{signer.address}\n"
    )
    for line in ("Version: 1", "Chain ID: 31337", f"Nonce: {made['nonce']}", "Expiration Time: "):
        assert line in made["message"]
    done = visitor.ask("/sign-in/wallet", answered(visitor, signer, next="/wallet"))
    assert done.json() == {"next": "/wallet"}
    assert visitor.account == signer.address


def test_session_is_kept_from_scripts_and_other_sites(visitor, town):
    done = visitor.ask("/sign-in/wallet", answered(visitor, town.signer("customer")))
    cookie = done.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "domain=" not in cookie


def test_signing_in_changes_the_cookie(visitor, town):
    visitor.get("/sign-in")
    before = visitor.cookies["crmdapp"]
    visitor.ask("/sign-in/wallet", answered(visitor, town.signer("customer")))
    assert visitor.cookies["crmdapp"] != before


def test_signature_is_good_once(visitor, town):
    given = answered(visitor, town.signer("customer"))
    before = visitor.cookies["crmdapp"]
    assert visitor.ask("/sign-in/wallet", given).status_code == 200
    visitor.cookies.clear()
    visitor.cookies["crmdapp"] = before  # as a thief of the old cookie would have it
    assert code(visitor.ask("/sign-in/wallet", given)) == (401, "SignInRefused")


def test_signature_is_good_in_the_browser_that_asked(visitor, stranger, town):
    given = answered(visitor, town.signer("customer"))
    assert code(stranger.ask("/sign-in/wallet", given)) == (401, "SignInRefused")
    assert stranger.account is None


def test_signature_of_another_key_is_refused(visitor, town):
    made = visitor.ask("/sign-in/challenge", {"address": town.address("customer")}).json()
    signature = town.signer("outsider").sign_digest(signed_digest(made["message"]))
    given = {"nonce": made["nonce"], "signature": "0x" + signature.hex()}
    assert code(visitor.ask("/sign-in/wallet", given)) == (401, "SignInRefused")
    assert visitor.account is None


@pytest.mark.parametrize("shift", [-601, 3_600])
def test_signature_of_another_time_is_refused(visitor, server, town, shift):
    """Too old, or from a clock that was an hour ahead."""
    signer, issued_at = town.signer("customer"), int(time.time()) + shift
    made = visitor.ask("/sign-in/challenge", {"address": signer.address}).json()
    with server.context.state.writing() as session:
        session.execute(update(challenges).values(issued_at=issued_at))
    text = message(server.context, signer.address, made["nonce"], issued_at, server.url)
    signature = signer.sign_digest(signed_digest(text))
    given = {"nonce": made["nonce"], "signature": "0x" + signature.hex()}
    assert code(visitor.ask("/sign-in/wallet", given)) == (401, "SignInRefused")


def test_key_file_signs_in_on_ones_own_machine(visitor, server, town):
    keystore = Keystore(server.settings.keystore)
    signer = keystore.new("shop", PASSWORD)
    wrong = visitor.submit("/sign-in/key-file", name="shop", password="wrong")
    assert wrong.status_code == 401
    assert "The password does not open" in wrong.text
    assert "wrong" not in wrong.text.replace("went wrong", "")
    done = visitor.submit("/sign-in/key-file", name="shop", password=PASSWORD, next="/wallet")
    assert (done.status_code, done.headers["location"]) == (303, "/wallet")
    assert visitor.account == signer.address
    assert visitor.submit("/sign-out").status_code == 303
    assert visitor.account is None
    assert not server.context.unlocked


@pytest.mark.parametrize("to", ["https://evil.example", "//evil.example", "/\\evil.example", "x"])
def test_signing_in_leads_to_pages_of_this_server_only(visitor, town, to):
    done = visitor.ask("/sign-in/wallet", answered(visitor, town.signer("customer"), next=to))
    assert done.json() == {"next": "/"}


def test_session_ends_by_itself(visitor, server, town):
    visitor.ask("/sign-in/wallet", answered(visitor, town.signer("customer")))
    with server.context.state.writing() as session:
        session.execute(update(sessions).values(expires_at=int(time.time()) - 1))
    assert visitor.account is None


def test_form_without_its_token_is_refused(visitor):
    visitor.get("/sign-in")
    assert code(visitor.post("/sign-out")) == (403, "FormExpired")
    assert code(visitor.post("/sign-out", data={"csrf_token": "0" * 64})) == (403, "FormExpired")


def test_form_with_another_visitors_token_is_refused(visitor, stranger):
    visitor.get("/sign-in")
    answer = visitor.post("/sign-out", data={"csrf_token": stranger.token})
    assert code(answer) == (403, "FormExpired")


def test_remote_server_opens_no_key_file(town, tmp_path):
    remote = {"local": False, "hosts": ("crm.example",), "public_url": "https://crm.example"}
    with served(town, tmp_path / "remote", **remote) as server, Visitor(server) as visitor:
        Keystore(server.settings.keystore).new("shop", PASSWORD)
        visitor.headers["Host"] = "crm.example"
        page = visitor.get("/sign-in")
        assert "key file of this machine" not in page.text
        cookie = page.headers["set-cookie"]
        assert cookie.startswith("__Host-crmdapp=")
        assert "secure" in cookie.lower()
        visitor.cookies.clear()
        token = re.search(r'data-csrf="([0-9a-f]+)"', page.text)[1]
        sent = {"Cookie": cookie.partition(";")[0], "X-CSRF-Token": token}
        fields = {"name": "shop", "password": PASSWORD}
        answer = visitor.post("/sign-in/key-file", data=fields, headers=sent)
        assert code(answer) == (404, "NotFound")
        assert visitor.get("/").headers["strict-transport-security"]


def test_wallet_that_says_no_is_met_calmly(page, wallet, axe, screenshot):
    found = wallet("customer")
    found.says_no = True
    page.goto("/sign-in")
    page.get_by_role("button", name="Choose a wallet").click()
    status = page.get_by_role("status")
    status.filter(has_text="You said no. Nothing was signed.").wait_for()
    axe(page)
    screenshot(page, "sign-in")


def test_page_asks_the_wallet_for_nothing_by_itself(page, wallet):
    found = wallet("customer")
    page.goto("/sign-in")
    page.wait_for_load_state("networkidle")
    assert found.asked == []


def test_wallet_on_another_chain_is_told_so(page, wallet, axe):
    wallet("customer", chain_id=1)
    page.goto("/sign-in")
    page.get_by_role("button", name="Choose a wallet").click()
    page.get_by_role("alert").filter(has_text="Your wallet is on chain 1").wait_for()
    axe(page)


def test_two_wallets_are_offered_by_name(page, wallet, axe, town):
    wallet("customer", name="Acorn wallet")
    wallet("friend", name="Birch wallet")
    page.goto("/sign-in")
    page.get_by_role("button", name="Choose a wallet").click()
    axe(page)
    page.get_by_role("button", name="Birch wallet").click()
    page.locator(f".account[title='{town.address('friend')}']").wait_for()
