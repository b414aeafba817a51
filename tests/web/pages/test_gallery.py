"""Auctions, offers, challenges and bonds in a real browser, and what must not happen there."""

from contextlib import contextmanager

import pytest

from crmdapp.chain._keccak import keccak
from crmdapp.provenance import ArtworksClient, BoardClient, Ground
from crmdapp.web.provenance.shelf import Shelf
from tests.web import browser as browsers
from tests.web.provenance_story import draw, hang, submission_of

HOUR = 3_600
COINS = 5_000_000
EVIL = "<script>document.title='owned'</script>"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("pictures")


@pytest.fixture(scope="module")
def coin(town, server):
    """A coin in the gallery's table, as row 1, of which collector and friend have some."""
    found = town.connection.contract("TestCoin", town.manifest.address("TestCoin"))
    gallery = town.client(ArtworksClient, "curator")
    gallery.send(gallery.prepare.add_currency(found.address, 0))
    for role in ("collector", "friend"):
        gallery.send(found.call("mint", town.address(role), COINS))
    return found


@pytest.fixture(scope="module")
def hung(town, server, folder, coin):
    """Works of the artist, one for each story."""
    names = ("auction", "quiet", "offer", "challenge")
    works = {name: hang(town, server, draw(folder / f"{name}.png", name), name) for name in names}
    server.settle()
    return works


@pytest.fixture(scope="module", autouse=True)
def _story(hung, browser, axe, screenshot):
    """All of it before the first test, as Ape wants what lasts for a module."""


@pytest.fixture(scope="module")
def state_of(browser, server):
    """``state_of("artist")``: the cookies of that role, signed in once."""
    known = {}

    def sign_in_(role):
        if role not in known:
            visitor = browser.new_context(base_url=server.url)
            page = visitor.new_page()
            browsers.announce(page, server.town.signer(role), server.town.node.chain_id, role)
            page.goto("/sign-in?next=/")
            page.get_by_role("button", name="Choose a wallet").click()
            page.wait_for_url(lambda url: "/sign-in" not in url)
            known[role] = visitor.storage_state()
            visitor.close()
        return known[role]

    return sign_in_


@pytest.fixture
def plain(browser, server, state_of):
    """``plain("artist", path)``: that role on a phone without scripts, signed in."""
    visitors = []

    def visit(role, path):
        visitor = browser.new_context(
            base_url=server.url,
            java_script_enabled=False,
            viewport={"width": 360, "height": 740},
            storage_state=state_of(role),
        )
        visitors.append(visitor)
        page = visitor.new_page()
        page.set_default_timeout(15_000)
        page.goto(path)
        return page

    yield visit
    for visitor in visitors:
        visitor.close()


def place(id_):
    return f"/gallery/0x{id_:064x}"


def told(page):
    return page.locator("main").inner_text()


def alert(page):
    return page.get_by_role("alert").filter(has_text=" ").first.inner_text()


# ----------------------------------------------------------------- auctions


def test_auction_is_opened_bid_in_settled_and_paid_back(
    server, town, plain, sign_in, page, hung, axe, screenshot
):
    work = hung["auction"]
    seller = plain("artist", place(work))
    seller.get_by_label("Least first bid").fill("a lot")
    seller.get_by_role("button", name="Open the auction").click()
    assert "no amount" in alert(seller)
    seller.get_by_label("Least first bid").fill("0.5")
    seller.get_by_label("Hours that it lasts").fill("2")
    seller.get_by_role("button", name="Open the auction").click()
    assert "bids begin at 0.5 ETH" in told(seller)
    assert seller.get_by_role("button", name="Call the auction off").count() == 1

    first = plain("friend", place(work))
    first.get_by_label("Your bid").fill("0.4")
    first.get_by_role("button", name="Bid").click()
    assert "AuctionBidTooLow" in alert(first)
    first.get_by_label("Your bid").fill("0.5")
    first.get_by_role("button", name="Bid").click()
    assert "You bid 0.5 ETH" in told(first)
    seller.goto(place(work))
    assert seller.get_by_role("button", name="Call the auction off").count() == 0

    with refusing(town, "friend"):
        sign_in("collector", place(work))
        assert "0.525 ETH or more" in page.locator("#auction").inner_text()
        axe(page)
        screenshot(page, "gallery-auction")
        page.get_by_label("Your bid").fill("0.6")
        page.get_by_role("button", name="Bid").click()
        page.get_by_text("You bid 0.6 ETH").wait_for()

    town.node.advance(3 * HOUR)
    server.settle()
    settler = plain("outsider", place(work))
    settler.get_by_role("button", name="Settle the auction").click()
    assert "is settled" in told(settler)
    assert settler.locator("#owner").inner_text() == town.address("collector")

    first.goto("/gallery/money")
    assert first.evaluate("document.documentElement.scrollWidth") <= 360
    before = town.connection.balance(town.address("friend"))
    first.get_by_role("button", name="Withdraw 0.5 ETH").click()
    assert first.locator("#nothing").count() == 1
    assert 0 < town.connection.balance(town.address("friend")) - before <= 5 * 10**17


@contextmanager
def refusing(town, role):
    """While the block lasts, a role's account has code that takes no ether."""
    town.node.set_code(town.address(role), bytes.fromhex("5f5ffd"))
    yield
    town.node.set_code(town.address(role), b"")


def test_auction_without_bids_is_called_off_by_its_seller_alone(server, town, plain, hung):
    work = hung["quiet"]
    client = town.client(ArtworksClient, "artist")
    client.open_auction(work, 10**9, 0, HOUR)
    server.settle()
    other = plain("outsider", place(work))
    assert other.get_by_role("button", name="Call the auction off").count() == 0
    token = other.locator("input[name=csrf_token]").first.input_value()
    form = {"csrf_token": token, "once": "a" * 32}
    answer = other.request.post(place(work) + "/auction/cancel", form=form)
    assert (answer.status, "ArtworkSellerOnly" in answer.text()) == (403, True)
    assert client.state(work).is_auctioned
    seller = plain("artist", place(work))
    seller.get_by_role("button", name="Call the auction off").click()
    assert "called off" in told(seller)
    assert not client.state(work).is_auctioned


def test_auction_is_refused_without_the_forms_token(plain, hung):
    page = plain("artist", place(hung["quiet"]))
    form = {"once": "a" * 32, "reserve": "1", "hours": "2"}
    assert page.request.post(place(hung["quiet"]) + "/auction", form=form).status == 403


@pytest.mark.parametrize("hours", ["0", "721", "one"])
def test_auction_of_no_length_is_refused(plain, hung, hours):
    page = plain("artist", place(hung["quiet"]))
    token = page.locator("input[name=csrf_token]").first.input_value()
    form = {"csrf_token": token, "once": "b" * 32, "reserve": "1", "hours": hours}
    answer = page.request.post(place(hung["quiet"]) + "/auction", form=form)
    assert answer.status == 422
    assert "hours" in answer.text()


def test_nothing_to_withdraw_says_so(plain, hung):
    page = plain("carrier", "/gallery/money")
    assert "Nothing waits for you" in told(page)
    token = page.locator("input[name=csrf_token]").first.input_value()
    form = {"csrf_token": token, "once": "c" * 32}
    for path in ("withdraw", "bonds"):
        answer = page.request.post(f"/gallery/money/{path}", form=form)
        assert answer.status == 422
        assert "Empty" in answer.text()


# ----------------------------------------------------------------- offers in a coin


def test_offer_in_a_coin_is_seen_by_its_parties_and_taken_up(
    server, town, plain, sign_in, page, hung, coin, axe, screenshot
):
    work = hung["offer"]
    buyer = plain("collector", place(work))
    buyer.get_by_label("You offer").fill("-3")
    buyer.get_by_role("button", name="Offer", exact=True).click()
    assert "no amount" in alert(buyer)
    buyer.get_by_label("You offer").fill("2.5")
    buyer.get_by_role("button", name="Offer", exact=True).click()
    assert "You offered 2.5" in told(buyer)
    assert buyer.get_by_role("button", name="Take it back").count() == 1
    gallery = town.manifest.address("Artworks")
    assert coin.read("allowance", town.address("collector"), gallery) == 2_500_000

    other = plain("outsider", place(work))
    assert "Sell for" not in told(other)
    assert "Take it back" not in told(other)

    sign_in("artist", place(work))
    assert page.get_by_text("there", exact=True).count() == 1
    axe(page)
    screenshot(page, "gallery-offers")
    page.get_by_role("button", name="Sell for 2.5").click()
    page.get_by_text("It is sold.").wait_for()
    assert page.locator("#owner").inner_text() == town.address("collector")
    assert coin.read("balanceOf", town.address("collector")) == COINS - 2_500_000


def test_offer_that_was_taken_back_is_void(server, town, plain, hung, coin):
    work = hung["quiet"]
    buyer = plain("friend", place(work))
    buyer.get_by_label("You offer").fill("1")
    buyer.get_by_role("button", name="Offer", exact=True).click()
    seller = plain("artist", place(work))
    town.client(ArtworksClient, "friend").send(
        coin.call("approve", town.manifest.address("Artworks"), 0)
    )
    seller.reload()
    assert "not there" in told(seller)
    buyer.reload()
    buyer.get_by_role("button", name="Let the gallery take 1 TEST").click()
    seller.reload()
    assert "not there" not in told(seller)
    buyer.get_by_role("button", name="Take it back").click()
    assert "Your offer is void" in told(buyer)
    assert buyer.get_by_role("button", name="Take it back").count() == 0
    seller.get_by_role("button", name="Sell for 1").click()
    assert "IntentNonceUsed" in alert(seller)


def test_offer_of_another_is_not_taken_back(server, town, plain, hung, coin):
    work = hung["challenge"]
    buyer = plain("friend", place(work))
    buyer.get_by_label("You offer").fill("1")
    buyer.get_by_role("button", name="Offer", exact=True).click()
    digest = buyer.locator("input[name=digest]").input_value()
    other = plain("outsider", place(work))
    token = other.locator("input[name=csrf_token]").first.input_value()
    form = {"csrf_token": token, "once": "d" * 32, "digest": digest}
    assert other.request.post(place(work) + "/offers/withdraw", form=form).status == 404
    form["digest"] = "0x" + "77" * 32
    assert other.request.post(place(work) + "/offers/accept", form=form).status == 404


# ----------------------------------------------------------------- challenges and bonds


def test_challenge_is_opened_defended_voted_on_and_paid(
    server, town, plain, sign_in, page, hung, folder, axe, screenshot
):
    work, rules = hung["challenge"], town.client(BoardClient).rules
    challenger = plain("outsider", place(work))
    challenger.get_by_role("link", name="Challenge this record").click()
    challenger.get_by_role("radio", name="Near-duplicate").check()
    challenger.get_by_role("button", name="and challenge").click()
    assert "cites an earlier work" in alert(challenger)
    challenger.get_by_label("Number of the earlier work").fill(EVIL)
    challenger.get_by_role("radio", name="False record").check()
    challenger.get_by_role("button", name="and challenge").click()
    assert "earlier work is not 0x" in alert(challenger)
    challenger.get_by_role("radio", name="False record").check()
    challenger.get_by_label("File that shows it").set_input_files(folder / "quiet.png")
    challenger.get_by_role("button", name="Take its hash").click()
    challenger.get_by_role("radio", name="False record").check()
    challenger.get_by_role("button", name="and challenge").click()
    assert "The curators are asked" in told(challenger)
    evidence = keccak((folder / "quiet.png").read_bytes()).hex()
    assert evidence in told(challenger)
    assert challenger.get_by_role("button", name="defend").count() == 0
    address = challenger.url.removeprefix(server.url)

    defender = plain("artist", place(work))
    defender.locator("#challenges").get_by_role("link", name="false record").click()
    defender.get_by_role("button", name="defend").click()
    assert "You stand up for the record" in told(defender)

    sign_in("curator", address)
    axe(page)
    page.get_by_role("radio", name="No", exact=True).check()
    page.get_by_role("button", name="Commit my vote").click()
    page.get_by_text("Your vote is committed").wait_for()
    for period, button in (
        (rules.commit_period, "Show my vote"),
        (rules.reveal_period, "Count the votes"),
    ):
        town.node.advance(period)
        server.settle()
        page.goto(address)
        page.get_by_role("button", name=button).click()
        page.get_by_text("Your vote is shown" if "Show" in button else "rejected").first.wait_for()
    screenshot(page, "gallery-case")
    page.get_by_role("button", name="Take my share").click()
    page.get_by_text("Your share is credited").wait_for()
    assert page.get_by_role("button", name="Take my share").count() == 0
    for role, part in (("curator", 1), ("artist", 3)):
        assert town.client(BoardClient).credit(town.address(role)) == rules.bond * part // 2
    page.goto("/gallery/money")
    axe(page)
    screenshot(page, "gallery-money")
    page.get_by_role("button", name="Withdraw").click()
    page.get_by_text("Your bonds were paid out").wait_for()
    defender.goto("/gallery/money")
    defender.get_by_role("button", name="Withdraw").click()
    assert town.client(BoardClient).credit(town.address("artist")) == 0


def test_challenge_page_has_no_serious_fault(sign_in, page, hung, axe, screenshot):
    sign_in("outsider", place(hung["quiet"]) + "/challenge")
    axe(page)
    screenshot(page, "gallery-challenge")


def test_challenge_of_what_nobody_registered_is_not_found(plain, hung):
    page = plain("outsider", place(hung["quiet"]))
    assert page.request.get(place(7) + "/challenge").status == 404


def test_submission_is_admitted_by_a_vote_of_all(server, town, plain, folder, hung):
    rules = town.client(BoardClient).rules
    submission = submission_of(town, draw(folder / "asked.png", "asked"), "Asked of all")
    shelf = Shelf(server.context.state)
    picture = (folder / "asked.png").read_bytes()
    digest = shelf.draft(submission.artwork, submission.metadata, picture, "asked.png")
    shelf.sign(submission.signed)
    own = f"/gallery/submissions/0x{digest.hex()}"
    artist = plain("artist", own)
    artist.get_by_role("button", name="ask all").click()
    assert "All curators are asked" in told(artist)
    assert town.client(BoardClient).case(digest).ground is Ground.SUBMISSION
    curator = plain("curator", f"/curator/cases/0x{digest.hex()}")
    curator.get_by_role("link", name="the submission").click()
    assert "Asked of all" in told(curator)
    curator.goto(f"/curator/cases/0x{digest.hex()}")
    curator.get_by_role("radio", name="Yes").check()
    curator.get_by_role("button", name="Commit my vote").click()
    for period, button in (
        (rules.commit_period, "Show my vote"),
        (rules.reveal_period, "Count the votes"),
    ):
        town.node.advance(period)
        server.settle()
        curator.goto(f"/curator/cases/0x{digest.hex()}")
        curator.get_by_role("button", name=button).click()
    artist.goto(own)
    assert "admitted it by vote" in told(artist)
    artist.get_by_role("button", name="Register it").click()
    assert artist.url.endswith(place(submission.artwork.id))


def test_vote_of_all_is_asked_for_by_the_artist_alone(server, town, plain, hung):
    page = plain("outsider", "/gallery")
    token = page.locator("input[name=csrf_token]").first.input_value()
    (draft, *_) = Shelf(server.context.state).submissions()
    path = f"/gallery/submissions/0x{draft.record_hash.hex()}/vote"
    answer = page.request.post(path, form={"csrf_token": token, "once": "e" * 32})
    assert answer.status == 404
