"""The gallery on a server that others run: sellers, buyers and curators with a browser's wallet."""

import pytest

from crmdapp.provenance import ArtworksClient, BoardClient
from crmdapp.web.provenance.shelf import Shelf
from tests.web import browser as browsers
from tests.web.provenance_story import draw, hang, submission_of
from tests.web.town import served

CONFIRM = "Confirm in your wallet"
HOUR = 3_600
COINS = 5_000_000


@pytest.fixture(scope="module")
def server(town, tmp_path_factory):
    """A server that others run; one account of its own pays for what people sign."""
    mark = town.node.snapshot()
    payer = {"carrier": town.signer("carrier")}
    changes = {"local": False, "signers": payer, "relayer": "carrier"}
    with served(town, tmp_path_factory.mktemp("distant"), **changes) as server:
        yield server
    town.node.revert(mark)
    town.forget_journal()


@pytest.fixture(scope="module")
def coin(town, server):
    """A coin in the gallery's table, of which the collector has some."""
    found = town.connection.contract("TestCoin", town.manifest.address("TestCoin"))
    gallery = town.client(ArtworksClient, "curator")
    gallery.send(gallery.prepare.add_currency(found.address, 0))
    gallery.send(found.call("mint", town.address("collector"), COINS))
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("pictures")


@pytest.fixture(scope="module")
def hung(town, server, folder, coin):
    """Works of the artist, one for each story."""
    names = ("signed", "auctioned", "wanted", "doubted")
    works = {
        name: hang(town, server, draw(folder / f"{name}.png", f"w {name}"), name) for name in names
    }
    server.settle()
    return works


@pytest.fixture(scope="module", autouse=True)
def _story(hung, browser, axe, screenshot):
    """All of it before the first test, as Ape wants what lasts for a module."""


@pytest.fixture
def visit(browser, server, town):
    """``visit("artist", path)``: a browser of that role's own, signed in by wallet."""
    visitors = []

    def visit_(role, to):
        visitor = browser.new_context(base_url=server.url)
        visitors.append(visitor)
        page = visitor.new_page()
        page.set_default_timeout(15_000)
        browsers.announce(page, town.signer(role), town.node.chain_id, "Test wallet", town.node)
        page.goto(f"/sign-in?next={to}")
        page.get_by_role("button", name="Choose a wallet").click()
        page.wait_for_url(f"**{to}")
        return page

    yield visit_
    for visitor in visitors:
        visitor.close()


def place(id_):
    return f"/gallery/0x{id_:064x}"


def press(page, name):
    page.get_by_role("button", name=name).click()


def test_buyer_buys_at_the_price_that_the_seller_signed(visit, town, hung):
    work = hung["signed"]
    seller = visit("artist", place(work))
    seller.get_by_label("Price").fill("0.75")
    with seller.expect_navigation():
        press(seller, "Sign this price")
    seller.get_by_text("You signed a price: 0.75 ETH").wait_for()
    assert town.client(ArtworksClient).state(work).price == 0
    before = town.connection.balance(town.address("artist"))
    buyer = visit("collector", place(work))
    press(buyer, "Buy for 0.75 ETH")
    assert buyer.locator("#value").inner_text() == "0.75 ether"
    press(buyer, CONFIRM)
    buyer.get_by_text("It is yours.").wait_for()
    assert town.client(ArtworksClient).state(work).owner == town.address("collector")
    assert town.connection.balance(town.address("artist")) - before == 75 * 10**16


def test_curator_approves_by_wallet(visit, town, server, folder, hung):
    submission = submission_of(town, draw(folder / "new.png", "w new"), "Seen by wallet")
    shelf = Shelf(server.context.state)
    picture = (folder / "new.png").read_bytes()
    digest = shelf.draft(submission.artwork, submission.metadata, picture, "new.png")
    shelf.sign(submission.signed)
    curator = visit("curator", f"/curator/submissions/0x{digest.hex()}")
    with curator.expect_navigation():
        press(curator, "Approve it with my wallet")
    curator.get_by_text("You approved it.").wait_for()
    (approval,) = shelf.approvals(digest)
    assert approval.signer == town.address("curator")
    press(curator, "Register it")
    press(curator, CONFIRM)
    curator.wait_for_url("**" + place(submission.artwork.id))
    assert town.client(ArtworksClient).record(submission.artwork.id).artist


def test_bid_in_a_coin_is_allowed_and_sent_by_wallet(visit, town, server, hung, coin):
    work = hung["auctioned"]
    town.client(ArtworksClient, "artist").open_auction(work, 1_000_000, 1, HOUR)
    server.settle()
    buyer = visit("collector", place(work))
    buyer.get_by_label("Your bid").fill("1.5")
    press(buyer, "Bid")
    press(buyer, CONFIRM)  # that the gallery may take the coins
    buyer.get_by_text("this is number 2").wait_for()
    press(buyer, CONFIRM)
    buyer.get_by_text("You bid 1.5 TEST.").wait_for()
    assert town.client(ArtworksClient).auction(work).bidder == town.address("collector")
    gallery = town.manifest.address("Artworks")
    assert coin.read("allowance", town.address("collector"), gallery) == 0


def test_offer_is_signed_covered_and_taken_up_by_wallets(visit, town, hung, coin):
    work = hung["wanted"]
    buyer = visit("collector", place(work))
    buyer.get_by_label("You offer").fill("2")
    with buyer.expect_navigation():
        press(buyer, "Sign the offer")
    buyer.get_by_text("not there", exact=True).wait_for()
    press(buyer, "Let the gallery take 2 TEST")
    press(buyer, CONFIRM)
    buyer.get_by_text("there", exact=True).wait_for()
    seller = visit("artist", place(work))
    press(seller, "Sell for 2 TEST")
    press(seller, CONFIRM)
    seller.get_by_text("It is sold.").wait_for()
    assert town.client(ArtworksClient).state(work).owner == town.address("collector")


def test_challenge_is_sent_by_wallet(visit, town, hung, folder):
    page = visit("outsider", place(hung["doubted"]) + "/challenge")
    page.get_by_label("File that shows it").set_input_files(folder / "doubted.png")
    press(page, "Take its hash")
    page.get_by_role("radio", name="False record").check()
    press(page, "and challenge")
    press(page, CONFIRM)
    page.get_by_text("The curators are asked").wait_for()
    assert len(town.client(BoardClient).open_cases(hung["doubted"])) == 1
