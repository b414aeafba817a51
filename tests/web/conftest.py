"""The server's tests: one chain a session, one server a module, a real browser where needed."""

import ape
import pytest

from tests.fixtures.anvil import Anvil
from tests.web import browser as browsers
from tests.web.town import Town, served


@ape.fixture(chain_isolation=False, scope="session")
def town(tmp_path_factory):
    """A chain with every contract and funded roles."""
    with Anvil() as node:
        town = Town(node, tmp_path_factory.mktemp("town"))
        yield town
        town.close()


@pytest.fixture(scope="module")
def server(town, tmp_path_factory):
    """A local server over the town; what a module does to the chain is undone after it."""
    mark = town.node.snapshot()
    with served(town, tmp_path_factory.mktemp("server")) as server:
        yield server
    town.node.revert(mark)
    town.forget_journal()


@pytest.fixture(scope="module")
def keys(server):
    """Texts of the API keys of the merchant and the rival."""
    return {role: server.key(role) for role in ("merchant", "rival")}


@pytest.fixture(scope="module")
def api(server):
    """``api("merchant")``: a client with that role's key; ``api()``: one without."""
    return server.api


@ape.fixture(chain_isolation=False, scope="session")
def browser():
    """Chromium, without a window."""
    program = browsers.find_chromium()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


@pytest.fixture
def page(browser, server):
    """A page of a fresh visitor: ``page.goto("/wallet")``. An error of a script fails the test."""
    visitor = browser.new_context(base_url=server.url, viewport={"width": 1200, "height": 900})
    page = visitor.new_page()
    page.set_default_timeout(15_000)
    faults = []
    page.on("pageerror", lambda problem: faults.append(str(problem)))
    yield page
    visitor.close()
    assert not faults, faults


@pytest.fixture
def wallet(page, server):
    """``wallet("customer")``: the page finds a wallet with that role's key."""

    def wallet_(role, name="Test wallet", chain_id=None):
        signer = server.town.signer(role)
        node = server.town.node
        return browsers.announce(page, signer, chain_id or node.chain_id, name, node)

    return wallet_


@pytest.fixture
def sign_in(page, wallet):
    """``sign_in("customer", "/wallet")``: that role signs in with a wallet and goes on."""

    def sign_in_(role, to="/"):
        found = wallet(role)
        page.goto(f"/sign-in?next={to}")
        page.get_by_role("button", name="Choose a wallet").click()
        page.wait_for_url(lambda url: "/sign-in" not in url)
        return found

    return sign_in_


@ape.fixture(chain_isolation=False, scope="session")
def axe():
    """``axe(page)``: nothing serious for people with impairments, in light and dark."""
    return browsers.axe


@ape.fixture(chain_isolation=False, scope="session")
def screenshot():
    """``screenshot(page, "wallet")``: a picture kept in ``.build/screens``."""
    return browsers.screenshot
