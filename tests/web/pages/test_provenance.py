"""The pages of works and items in a real browser: whole stories, and what must not happen."""

import pytest

from crmdapp.chain import LocalSigner
from crmdapp.chain._keccak import keccak
from crmdapp.provenance import ArtworksClient, BoardClient, Ground, ItemsClient
from crmdapp.provenance.gs1.epc import epc_hash
from crmdapp.provenance.item_intents import Handover, SignedHandover
from crmdapp.web.provenance.shelf import Shelf
from tests.web.provenance_story import box_of_coffee, draw, hang

EVIL = "<script>document.title='owned'</script>\"'><img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("pictures")


@pytest.fixture(scope="module")
def hung(town, server, folder):
    """Works in the gallery: one for sale, one with a title that is meant to run."""
    works = {
        "for sale": hang(town, server, draw(folder / "a.png", 1), "Harbour at six", price="0.25"),
        "evil": hang(town, server, draw(folder / "b.png", 2), EVIL, artist=EVIL),
    }
    server.settle()
    return works


@pytest.fixture(scope="module")
def walker(town, server):
    """The role of a person whose key only the browser's wallet has."""
    town.signers["walker"] = LocalSigner(keccak(b"web walker"))
    town.node.set_balance(town.address("walker"), 10**20)
    town.node.mine()  # a block whose state root knows of it: proofs lead there
    yield "walker"
    del town.signers["walker"]


@pytest.fixture(scope="module", autouse=True)
def _story(hung, coffee, walker, browser, axe, screenshot):
    """All of it before the first test, as Ape wants what lasts for a module."""


def place(id_):
    return f"/gallery/0x{id_:064x}"


def product(item):
    return f"/products/0x{item:064x}"


def told(page):
    return page.locator("main").inner_text()


# ----------------------------------------------------------------- the hall


def test_gallery_shows_works_and_those_for_sale(page, hung, axe, screenshot):
    page.goto("/gallery")
    assert page.locator("ul.cards > li").count() == 2
    assert EVIL in told(page)
    axe(page)
    screenshot(page, "provenance-gallery")
    page.get_by_label("Which").select_option("price")
    page.get_by_role("button", name="Show").click()
    assert page.locator("ul.cards > li").count() == 1
    page.get_by_role("link", name="Harbour at six").click()
    assert "The record stands" in page.locator("#verdict").inner_text()
    axe(page)
    screenshot(page, "provenance-work")


def test_title_is_text(page, hung):
    page.goto(place(hung["evil"]))
    assert page.get_by_role("heading", level=1).inner_text() == EVIL
    assert page.locator("main img[src=x]").count() == 0
    page.goto(place(hung["evil"]) + "/certificate")
    assert page.title() != "owned"
    assert page.locator("img[src=x]").count() == 0


def test_gallery_of_an_artist_that_is_no_address_says_so(page, hung):
    answer = page.goto("/gallery?artist=0x12%3Cscript%3E")
    assert answer.status == 422
    assert page.get_by_role("alert").count() == 1


def test_work_that_nobody_registered_is_not_found(page, hung):
    assert page.goto(place(7)).status == 404
    assert page.goto("/gallery/none").status == 422


def test_file_is_compared_in_the_browser(page, hung, folder):
    page.goto(place(hung["for sale"]))
    posts = []
    page.on("request", lambda request: request.method == "POST" and posts.append(request.url))
    page.get_by_label("Choose the file").set_input_files(folder / "a.png")
    page.get_by_role("button", name="Compare").click()
    page.get_by_text("This is the work's file, byte for byte").wait_for()
    page.get_by_label("Choose the file").set_input_files(folder / "b.png")
    page.get_by_role("button", name="Compare").click()
    page.get_by_text("This is not the work's file").wait_for()
    assert posts == []


@pytest.fixture
def plain(browser, server):
    """A page without scripts, on a phone."""
    visitor = browser.new_context(
        base_url=server.url,
        java_script_enabled=False,
        viewport={"width": 360, "height": 740},
    )
    yield visitor.new_page()
    visitor.close()


def test_file_is_compared_by_the_server_without_scripts(plain, hung, folder):
    plain.goto(place(hung["for sale"]))
    for name, words in (("a.png", "byte for byte"), ("b.png", "This is not the work's file")):
        plain.get_by_label("Choose the file").set_input_files(folder / name)
        plain.get_by_role("button", name="Compare").click()
        assert words in plain.locator("#checked").inner_text()
    plain.goto("/gallery")
    plain.get_by_label("Choose the file").set_input_files(folder / "a.png")
    plain.get_by_role("button", name="Look for it").click()
    assert "This very file is registered" in told(plain)


def test_work_is_checked_against_the_chain(page, hung, axe):
    page.goto(place(hung["for sale"]))
    page.get_by_role("link", name="Check everything now").click()
    assert page.locator("#verdict").inner_text().startswith("Verified:")
    axe(page)
    answer = page.request.get(place(hung["for sale"]) + "/certificate.json")
    assert answer.json()["provenance"]["id"] == hex(hung["for sale"])


# ----------------------------------------------------------------- artist, curator, buyer


def test_artist_hands_in_curator_approves_collector_buys(
    server, town, page, browser, sign_in, hung, folder, axe, screenshot
):
    sign_in("artist", "/gallery/submit")
    axe(page)
    page.get_by_label("The work's file").set_input_files(draw(folder / "c.png", 3))
    page.get_by_label("Title").fill("Night bus " + EVIL)
    page.get_by_label("Artist's name").fill("Ada Artist")
    page.get_by_role("button", name="Sign and hand in").click()
    page.get_by_text("waits for 1 more curator").wait_for()
    (draft,) = [
        item for item in Shelf(server.context.state).submissions() if "bus" in item.metadata.name
    ]

    page.get_by_role("button", name="Sign out").click()
    sign_in_again(page, server, "curator", "/curator")
    axe(page)
    screenshot(page, "provenance-curator")
    page.get_by_role("link", name="Night bus").click()
    page.get_by_text("Every hash was recomputed").wait_for()
    axe(page)
    page.get_by_role("button", name="Approve it").click()
    page.get_by_text("You approved it.").first.wait_for()
    page.get_by_role("button", name="Register it").click()
    page.wait_for_url("**" + place(draft.artwork.id))
    server.settle()

    page.get_by_role("button", name="Sign out").click()
    town.client(ArtworksClient, "artist").list(draft.artwork.id, 10**9 // 4)
    server.settle()
    sign_in_again(page, server, "collector", place(draft.artwork.id))
    page.get_by_role("button", name="Buy for").press("Enter")
    page.get_by_text("It is yours").wait_for()
    server.settle()
    page.reload()
    assert page.locator("#owner").inner_text() == town.address("collector")
    assert page.get_by_role("table").locator("tbody tr").count() == 1
    page.get_by_label("Price").fill("1.5")
    page.get_by_role("button", name="Ask this price").click()
    page.get_by_text("It is for sale at 1.5 ETH").wait_for()
    page.goto(place(draft.artwork.id) + "/certificate")
    assert "Sold" in page.locator("body").inner_text()
    screenshot(page, "provenance-certificate")


def sign_in_again(page, server, role, to):
    """The same browser, another person: the wallet of before is there still."""
    from tests.web import browser as browsers

    browsers.announce(page, server.town.signer(role), server.town.node.chain_id, role)
    page.goto(f"/sign-in?next={to}")
    page.get_by_role("button", name="Choose a wallet").click()
    page.get_by_role("dialog").get_by_role("button", name=role, exact=True).click()
    page.wait_for_url(lambda url: "/sign-in" not in url)


def test_price_that_changed_is_not_paid(server, town, page, sign_in, hung):
    work = hung["for sale"]
    sign_in("collector", place(work))
    client = town.client(ArtworksClient, "artist")
    client.list(work, client.currency(0).price("0.5"))
    page.get_by_role("button", name="Buy for").click()
    assert "PriceChanged" in page.get_by_role("alert").filter(has_text="Price").inner_text()
    assert client.state(work).owner == town.address("artist")
    server.settle()


def test_artist_without_a_key_here_signs_by_wallet(
    server, town, page, sign_in, walker, hung, folder
):
    wallet = sign_in(walker, "/gallery/submit")
    page.get_by_label("The work's file").set_input_files(draw(folder / "d.png", 4))
    page.get_by_label("Title").fill("Tide tables")
    page.get_by_label("Artist's name").fill("Wendy Walker")
    page.get_by_role("button", name="Hand in").click()
    page.get_by_text("You have not signed it yet").wait_for()
    wallet.says_no = True
    page.get_by_role("button", name="Sign with my wallet").click()
    page.get_by_text("You said no. Nothing was signed.").wait_for()
    wallet.says_no = False
    page.get_by_role("button", name="Sign with my wallet").click()
    page.get_by_text("waits for 1 more curator").wait_for()


def test_submission_is_nobody_else_s(page, sign_in, server, walker, hung):
    (draft, *_) = Shelf(server.context.state).submissions()
    sign_in("outsider", "/curator")
    assert "You are no curator" in told(page)
    digest = "0x" + draft.record_hash.hex()
    for path in ("/gallery/submissions/", "/curator/submissions/"):
        assert page.request.get(path + digest).status == 404
    assert page.request.get(f"/curator/submissions/{digest}/file").status == 404
    assert page.request.post(f"/curator/submissions/{digest}/approve").status == 403


# ----------------------------------------------------------------- goods


@pytest.fixture(scope="module")
def coffee(town, server):
    """Two bags in a box, which the carrier has; and the link on the first bag."""
    found = box_of_coffee(town)
    server.settle()
    return found


def test_label_leads_to_the_journey(plain, coffee, screenshot):
    bag, _, _, link = coffee
    assert plain.goto(link.uri("")).status == 200
    assert "Nothing on the ledger speaks against it" in plain.locator("#verdict").inner_text()
    assert link.uri(plain.url.split("/01/")[0]) in plain.content()
    journey = plain.locator("#journey").inner_text()
    for word in ("Registered", "Packed", "Handed over"):
        assert word in journey
    assert plain.locator("img[src$='journey.svg']").evaluate("image => image.naturalWidth") > 0
    screenshot(plain, "provenance-product-phone")
    plain.goto("/products")
    plain.get_by_label("What is on the label").fill(link.uri("https://shop.example"))
    plain.get_by_role("button", name="Check").click()
    assert plain.url.endswith(product(bag))


def test_label_of_nobody_s_item_says_so(plain, coffee):
    assert plain.goto("/01/09506000134352/21/none").status == 404
    assert "Nobody registered an item" in told(plain)
    assert plain.goto("/01/09506000134353/21/none").status == 422


def test_name_that_two_issuers_use_is_no_verdict(town, server, page, coffee, axe):
    from crmdapp.provenance import Commission, ItemStep

    *_, link = coffee
    mark = town.node.snapshot()
    forger = town.client(ItemsClient, "outsider")
    forger.commission([Commission(epc_hash(link.identity))], ItemStep.of(town.now()))
    server.settle()
    page.goto(link.uri(""))
    assert "2 issuers registered an item of this name" in told(page)
    axe(page)
    town.node.revert(mark)
    town.forget_journal()
    town.node.mine()
    server.settle()


def test_carrier_hands_over_and_the_shop_takes(
    server, town, page, sign_in, walker, coffee, axe, screenshot
):
    bag, _, box, _ = coffee
    page.set_viewport_size({"width": 360, "height": 740})
    sign_in("carrier", f"/logistics?item=0x{box:064x}")
    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.get_by_label("Who takes them").fill(town.address(walker))
    page.get_by_role("button", name="Sign over").click()
    page.get_by_role("heading", name="Signed over").wait_for()
    axe(page)
    code = page.get_by_label("The same as text").input_value()
    assert code.startswith("crmdapp:handover:")
    page.get_by_role("button", name="Sign out").click()
    sign_in_again(page, server, walker, "/logistics")
    screenshot(page, "provenance-logistics-phone")
    page.get_by_label("The giver's code").fill(code)
    page.get_by_role("button", name="Bring it").click()
    page.get_by_role("button", name="Sign and take over").click()
    with page.expect_navigation():
        page.get_by_role("dialog").get_by_role("button", name=walker, exact=True).click()
    server.settle()
    page.goto(product(bag))
    assert page.locator("#custodian").inner_text() == town.address(walker)


def test_hand_over_of_another_s_item_is_refused(page, sign_in, town, coffee):
    _, _, box, _ = coffee
    sign_in("outsider", f"/logistics?item=0x{box:064x}")
    page.get_by_label("Who takes them").fill(town.address("friend"))
    page.get_by_role("button", name="Sign over").click()
    assert "You do not have" in page.get_by_role("alert").first.inner_text()


def test_hand_over_is_seen_by_its_parties_only(page, sign_in, server, town, coffee):
    _, second, _, _ = coffee
    word = Handover(
        (second,), (1,), town.address("carrier"), town.address("friend"), 1, bytes(32), 2**39
    )
    domain = town.client(ItemsClient).domain
    signed = SignedHandover(word, domain, word.sign(town.signer("carrier"), domain))
    Shelf(server.context.state).keep(
        "handover",
        "0x",
        signed.digest,
        signer=word.from_,
        taker=word.to,
        deadline=word.deadline,
        signed=signed.to_json(),
    )
    path = f"/logistics/handovers/0x{signed.digest.hex()}"
    sign_in("outsider", "/logistics")
    assert page.request.get(path).status == 404
    page.get_by_role("button", name="Sign out").click()
    sign_in_again(page, server, "carrier", "/logistics")
    assert page.request.get(path).status == 200


def test_recall_shows(server, town, page, coffee, axe, screenshot):
    _, _, box, link = coffee
    town.client(ItemsClient, "artist").recall([epc_hash(link.identity)], keccak(b"mould"))
    server.settle()
    page.goto(link.uri(""))
    assert page.locator("#recall").inner_text().startswith("Recalled.")
    axe(page)
    screenshot(page, "provenance-recall")
    page.goto(product(box))
    assert "recalled goods" in page.locator("#recall").inner_text().lower()


# ----------------------------------------------------------------- a case, which takes days


def test_curator_votes_on_a_challenge(server, town, page, sign_in, hung, axe):
    work = hung["evil"]
    case_id = town.client(BoardClient, "outsider").challenge(work, Ground.FALSE_RECORD)
    rules = town.client(BoardClient).rules
    server.settle()
    page.goto(place(work))
    assert "somebody challenged it" in page.locator("#verdict").inner_text()
    sign_in("curator", "/curator")
    page.get_by_role("row", name="false record").get_by_text("waits for you").wait_for()
    page.get_by_role("link", name="false record").click()
    axe(page)
    page.get_by_role("radio", name="Yes").check()
    page.get_by_role("button", name="Commit my vote").click()
    page.get_by_text("Your vote is committed").wait_for()
    (ballot,) = (server.settings.state_dir / "ballots").iterdir()
    assert ballot.stat().st_mode & 0o777 == 0o600
    for period, button, said in (
        (rules.commit_period, "Show my vote", "Your vote is shown"),
        (rules.reveal_period, "Count the votes", "The case is upheld"),
    ):
        town.node.advance(period)
        server.settle()
        page.goto(f"/curator/cases/0x{case_id.hex()}")
        page.get_by_role("button", name=button).click()
        page.get_by_text(said).wait_for()
    server.settle()
    page.goto(place(work))
    assert "found against this record" in page.locator("#verdict").inner_text()
