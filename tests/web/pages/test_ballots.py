"""Pages of elections and public votes, in a real Chromium: trustee, voter, onlooker, auditor."""

import json
import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass

import pytest
from playwright.sync_api import expect

from crmdapp.ballots.booth import Booth
from crmdapp.ballots.booth_state import BoothState
from crmdapp.ballots.box import BoxClient
from crmdapp.ballots.ceremony_record import read_ceremony
from crmdapp.ballots.tally import TallyClient
from crmdapp.ballots.trustee import next_duty
from crmdapp.ballots.trustee_decryption import decrypt_shares, read_task
from crmdapp.ballots.trustee_key import TrusteeKey
from crmdapp.ballots.trustee_posting import perform, perform_shares
from tests.ballots.station import address_of, key_of, moment, signer_of
from tests.web import browser as browsers
from tests.web.council import MARKUP, council_document, held_as, station_in
from tests.web.town import served

PASSWORD = "six words that nobody would guess"
COST = 1 << 10


@dataclass
class Council:
    """An election whose first trustee and first voter use the pages; the others do not."""

    station: object
    held: object
    keys: dict
    folder: object
    server: object
    relayed: object = None

    @property
    def number(self):
        return self.held.number

    @property
    def path(self):
        return f"/elections/{self.number}"

    def key_file(self, j):
        return str(self.folder / f"trustee-{j}.json")

    def advance_to(self, seconds):
        self.station.advance_to(seconds)
        self.server.settle()

    def others_next(self):
        """The other trustees do what is next."""
        for j in (2, 3):
            board = self.station.board(f"trustee {j}")
            perform(next_duty(read_ceremony(board, self.number), self.keys[j], j), board)
        self.server.settle()

    def signed_ballot(self, index, chosen):
        """A ballot of another voter, from a machine of their own."""
        signer = signer_of(self.held.voter(index))
        with BoothState(self.folder / f"voter-{index}.sqlite3") as state:
            booth = Booth(self.station._client(BoxClient, None), signer, state)
            booth.seal(self.number, 0, (chosen,))
            until = self.held.election.windows.closes_at - 1
            return json.loads(json.dumps(booth.sign(self.number, 0, deadline=until).to_json()))

    def other_shares(self, j):
        board, tally = self.station.board(), self.station._client(TallyClient, f"trustee {j}")
        record = read_ceremony(board, self.number)
        perform_shares(
            decrypt_shares(self.keys[j], record, j, read_task(tally, self.number)), tally
        )
        self.server.settle()


@pytest.fixture(scope="module")
def council(town, server, tmp_path_factory):
    folder = tmp_path_factory.mktemp("council")
    station = station_in(town, folder / "station")
    keys = {
        j: TrusteeKey.create(folder / f"trustee-{j}.json", PASSWORD, cost=COST) for j in (1, 2, 3)
    }
    with server.api("organiser") as api:
        document = council_document(station)
        headers = {"Idempotency-Key": "council"}
        number = api.post("/v1/elections", json=document, headers=headers).json()["election"]
    held = held_as(station, number, json.dumps(document))
    for role in ("trustee 1", "trustee 2", "trustee 3", held.voter(0)):
        town.node.set_balance(address_of(role), 10**20)
    for name, role in (("ada", "trustee 1"), ("ann", held.voter(0)), ("eve", "stranger")):
        _add_key(server, name, role)
    yield Council(station, held, keys, folder, server)
    station.close()


@pytest.fixture(scope="module", autouse=True)
def _made_first(council, axe, screenshot):
    """Whatever outlives a test is there before the first, whichever is chosen."""


def _add_key(server, name, role):
    """A key file of this machine, made cheap to open."""
    from eth_account import Account

    folder = server.settings.keystore
    folder.mkdir(parents=True, exist_ok=True)
    body = Account.encrypt(key_of(role), PASSWORD, kdf="scrypt", iterations=COST)
    path = folder / f"{name}.json"
    path.write_text(json.dumps(body))
    path.chmod(0o600)


def press(page, button):
    """Click on what leads to another page, and wait for that page."""
    with page.expect_navigation():
        button.click()


def open_key(page, name, to):
    """Sign in with a key file of this machine."""
    page.goto(f"/sign-in?next={to}")
    page.get_by_label("Key", exact=True).select_option(name)
    page.get_by_label("Password").fill(PASSWORD)
    press(page, page.get_by_role("button", name="Sign in"))
    assert page.url.endswith(to), page.locator("main").inner_text()


def with_key(page, council, form, button):
    """Fill in a form of the desk and press its button."""
    place = page.locator(f"form[action$='/{form}']")
    place.get_by_label("Your key file").fill(council.key_file(1))
    place.get_by_label("Its password").fill(PASSWORD)
    press(page, place.get_by_role("button", name=button))


def sign_out(page):
    press(page, page.get_by_role("button", name="Sign out"))


def test_election_from_ceremony_to_audit(council, server, page, axe, screenshot):
    """One trustee and one voter use nothing but their browser; then anybody looks at the result."""
    held, windows = council.held, council.held.election.windows
    server.settle()
    _hold_ceremony(council, page, axe, screenshot)
    _register(council)
    _test_backup(council, page)
    tracker = _vote(council, page, axe, screenshot)
    _require_nothing_written_down(council.server)
    _look_for(council, page, tracker, axe, screenshot)
    council.advance_to(windows.closes_at)
    council.station.tally("bystander").close(council.number, 0)
    _decrypt(council, page, axe)
    council.other_shares(2)
    with server.api("organiser") as api:
        headers = {"Idempotency-Key": "tally"}
        assert api.post(f"/v1{council.path}/tally", headers=headers).status_code == 200
    server.settle()
    _see_result(council, page, axe, screenshot)
    _audit(council, page, axe, screenshot)
    assert held.phase.name == "TALLIED"


def _hold_ceremony(council, page, axe, screenshot):
    windows = council.held.election.windows
    open_key(page, "ada", f"{council.path}/trustee")
    axe(page)
    ends = (windows.keys_until, windows.commitments_until, windows.deals_until)
    for said, until in zip(("key", "commit", "deal"), ends, strict=True):
        with_key(page, council, "next", "Do it and post it")
        assert f"Posted: {'register your key' if said == 'key' else ''}" in page.content()
        council.others_next()
        council.advance_to(until + 1)
        page.goto(f"{council.path}/trustee")
    with_key(page, council, "next", "Show the message only")
    assert "nothing to complain of" in page.content()
    screenshot(page, "ballots-trustee")
    council.advance_to(windows.complaints_until + 1)
    with_key(page, council, "next", "Show the message only")
    message = page.get_by_label("Message; save it").input_value()
    assert json.loads(message)["kind"] == "finalise"
    page.locator("input[type=file]").set_input_files(
        {"name": "message.json", "mimeType": "application/json", "buffer": message.encode()}
    )
    press(page, page.get_by_role("button", name="Post it", exact=True))
    assert "Posted: make the joint key" in page.content()
    council.server.settle()
    page.goto(f"{council.path}/trustee")
    assert "nothing: the key is made" in page.content()


def _register(council):
    held, windows = council.held, council.held.election.windows
    held.station.roll("bystander").register(held.number, held.registrations())
    council.advance_to(windows.registration_until + 1)
    held.station.roll("bystander").freeze(held.number)
    held.station.box("bystander").prepare_all(held.number)
    council.server.settle()


def _test_backup(council, page):
    page.goto(f"{council.path}/trustee")
    with_key(page, council, "backup-test", "Test the copy")
    assert "this copy can decrypt" in page.content()
    assert PASSWORD not in page.content()
    sign_out(page)


def _require_nothing_written_down(server):
    """The server keeps neither a vote nor what it was sealed with."""
    booth = server.settings.state_dir / "ballots" / "booth.sqlite3"
    with closing(sqlite3.connect(booth)) as database:
        rows = database.execute("SELECT chosen, randomness FROM ballots").fetchall()
    assert rows
    assert {tuple(row) for row in rows} == {(None, None)}


def _vote(council, page, axe, screenshot):
    """Choose, challenge one ballot, cast the next; two others hand theirs in."""
    council.advance_to(council.held.election.windows.opens_at)
    open_key(page, "ann", f"{council.path}/booth")
    axe(page)
    page.get_by_label("Yes").check()
    press(page, page.get_by_role("button", name="Encrypt it on this machine"))
    assert page.get_by_text("You chose:").inner_text() == "You chose: Yes"
    axe(page)
    screenshot(page, "ballots-booth-sealed")
    first = page.locator("input[name=tracker]").first.input_value()
    press(page, page.get_by_role("button", name="Challenge it instead"))
    axe(page)
    shown = json.loads(page.get_by_label("The challenged ballot").input_value())
    assert "It holds: Yes" in page.locator(".verdict").first.inner_text()
    assert shown["tracker"].removeprefix("0x") == first
    press(page, page.get_by_role("link", name="Seal a new ballot"))
    page.get_by_label("No", exact=True).check()
    press(page, page.get_by_role("button", name="Encrypt it on this machine"))
    press(page, page.get_by_role("button", name="Change my choice"))
    page.get_by_label("Yes").check()
    press(page, page.get_by_role("button", name="Encrypt it on this machine"))
    tracker = page.locator("input[name=tracker]").first.input_value()
    assert tracker != first
    press(page, page.get_by_role("button", name="Cast it by the relayer"))
    assert "Your ballot is with the relayer" in page.content()
    assert "You chose" not in page.content()
    for index, chosen in ((1, 1), (2, 0)):
        with council.server.api() as api:
            answer = api.post(
                f"/v1{council.path}/ballots", json=council.signed_ballot(index, chosen)
            )
            assert answer.status_code == 202, answer.text
    page.goto(f"{council.path}/booth")
    press(page, page.get_by_role("button", name="Send what waits"))
    assert "3 ballots are counted" in page.content()
    assert "Your ballot is counted." in page.content()
    axe(page)
    screenshot(page, "ballots-booth-counted")
    with page.expect_download() as download:
        page.get_by_role("link", name="Save the receipt").click()
    receipt = download.value.path().read_text()
    assert tracker in receipt.replace(" ", "")
    assert "Yes" not in receipt
    council.server.settle()
    return tracker


def _look_for(council, page, tracker, axe, screenshot):
    page.goto(f"{council.path}/bulletin")
    assert page.locator("li code").count() == 3
    page.get_by_label("Your tracker").fill(tracker)
    press(page, page.get_by_role("button", name="Look for it"))
    assert "The ballot is counted" in page.content()
    axe(page)
    screenshot(page, "ballots-bulletin")
    page.get_by_label("Your tracker").fill("00" * 32)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert "No ballot of this tracker was counted" in page.content()
    page.get_by_label("Your tracker").fill("<script>x</script>")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert "A tracker is 64 hex digits" in page.content()
    sign_out(page)


def _decrypt(council, page, axe):
    council.server.settle()
    open_key(page, "ada", f"{council.path}/trustee")
    with_key(page, council, "decrypt", "Decrypt and post")
    assert "Posted: decrypt the sums" in page.content()
    with_key(page, council, "decrypt", "Decrypt and post")
    assert "nothing left for this trustee" in page.content()
    council.server.settle()
    page.goto(f"{council.path}/trustee")
    axe(page)


def _see_result(council, page, axe, screenshot):
    page.goto(f"{council.path}/results")
    rows = page.locator("tbody tr").all_inner_texts()
    assert [re.split(r"\s+", row.strip()) for row in rows] == [
        ["No", "1", "33", "%"],
        ["Yes", "2", "67", "%"],
    ]
    assert page.locator("img.chart").evaluate("image => image.naturalWidth") > 0
    axe(page)
    screenshot(page, "ballots-results")


def _audit(council, page, axe, screenshot):
    page.goto(f"{council.path}/audit")
    press(page, page.get_by_role("button", name="Audit it now"))
    page.get_by_text("Every link holds").wait_for()
    assert page.locator("tbody tr").count() == 17
    axe(page)
    screenshot(page, "ballots-audit")


# --------------------------------------------------------------------------- what all pages keep


PAGES = ("", "/bulletin", "/results", "/audit", "/booth", "/trustee")


@pytest.mark.parametrize("part", PAGES)
def test_page_fits_a_phone_and_escapes_titles(council, page, part):
    council.server.settle()
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"{council.path}{part}")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.locator("main b").count() == 0  # the title's markup is text
    if part in ("", "/bulletin", "/results"):
        assert MARKUP in page.locator("main").inner_text()


def test_list_and_election_page_are_accessible(council, page, axe, screenshot):
    council.server.settle()
    page.goto("/elections")
    axe(page)
    screenshot(page, "ballots-elections")
    press(page, page.get_by_role("link", name="Council of the town library").first)
    axe(page)
    screenshot(page, "ballots-election")


def test_pages_are_used_by_keyboard(council, page):
    council.server.settle()
    page.goto(f"{council.path}/bulletin")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    page.locator("#tracker").focus()
    page.keyboard.type("00")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Look for it"


def test_pages_work_without_scripts(council, browser, server):
    server.settle()
    visitor = browser.new_context(base_url=server.url, java_script_enabled=False)
    page = visitor.new_page()
    for part in PAGES:
        assert page.goto(f"{council.path}{part}").status == 200
        assert page.locator("h1").inner_text() == "Council of the town library"
    visitor.close()


def test_turnout_is_live(council, page):
    council.server.settle()
    page.goto(council.path)
    page.evaluate("document.querySelector('[data-ballots]').textContent = '?'")
    expect(page.locator("[data-ballots]")).not_to_have_text("?", timeout=15_000)


# --------------------------------------------------------------------------- who may


def test_booth_wants_a_key_file_not_a_wallet(council, page, sign_in):
    sign_in("customer", f"{council.path}/booth")
    assert page.get_by_role("button", name="Encrypt it on this machine").count() == 0


def test_form_without_its_token_changes_nothing(council, page):
    open_key(page, "ann", f"{council.path}/booth")
    answer = page.request.post(f"{council.path}/booth/0/seal", form={"option": "1"})
    assert answer.status == 403
    assert "FormExpired" in answer.text()


@pytest.fixture(scope="module")
def remote(town, council, tmp_path_factory):
    """A server that others run, over the same chain."""
    del council
    with served(town, tmp_path_factory.mktemp("remote"), local=False) as remote:
        yield remote


def test_remote_server_takes_neither_vote_nor_key(council, remote, browser):
    remote.settle()
    visitor = browser.new_context(base_url=remote.url)
    page = visitor.new_page()
    page.goto(f"{council.path}/booth")
    assert "takes no votes and no keys" in page.content()
    assert page.locator("main form").count() == 0
    page.goto(f"{council.path}/trustee")
    assert "takes no key of a trustee" in page.content()
    assert page.locator("main form, main input").count() == 0
    visitor.close()


def test_remote_server_refuses_forms_of_booth_and_desk(council, remote, browser, town):
    visitor = browser.new_context(base_url=remote.url)
    page = visitor.new_page()
    browsers.announce(page, town.signer("customer"), town.node.chain_id)
    page.goto(f"/sign-in?next={council.path}")
    page.get_by_role("button", name="Choose a wallet").click()
    page.wait_for_url(f"{remote.url}{council.path}")
    token = page.locator("body").get_attribute("data-csrf")
    forms = {
        "booth/0/seal": {"option": "1"},
        "booth/0/cast": {"tracker": "00" * 32},
        "booth/0/challenge": {"tracker": "00" * 32},
        "booth/0/discard": {},
        "booth/relay": {},
        "trustee/key": {"file": "key.json", "password": "x"},
        "trustee/next": {"file": "key.json", "password": "x"},
        "trustee/backup-test": {"file": "key.json", "password": "x"},
        "trustee/decrypt": {"file": "key.json", "password": "x"},
    }
    for form, fields in forms.items():
        answer = page.request.post(f"{council.path}/{form}", form={**fields, "csrf_token": token})
        assert answer.status == 404, form
        assert "NotFound" in answer.text()
    visitor.close()


# --------------------------------------------------------------------------- public votes


def test_vote_by_wallet_is_seen_by_everybody(council, server, page, sign_in, axe, screenshot):
    station = council.station
    document = {
        "format": "crmdapp-poll-1",
        "title": "Which <i>bench</i>?",
        "options": ["Wood", "<u>Stone</u>"],
        "opens_at": moment(station.now + 5_000),
        "closes_at": moment(station.now + 100_000),
    }
    with server.api("organiser") as api:
        headers = {"Idempotency-Key": "poll"}
        poll = api.post("/v1/polls", json=document, headers=headers).json()["poll"]
    council.advance_to(station.now + 5_001)
    wallet = sign_in("customer", f"/polls/{poll}")
    axe(page)
    page.get_by_label("<u>Stone</u>").check()
    page.get_by_role("button", name="Vote, for everybody to see").click()
    wallet.says_no = True
    page.get_by_role("button", name="Confirm in your wallet").click()
    page.get_by_text("You said no. Nothing was sent.").wait_for()
    wallet.says_no = False
    page.get_by_role("button", name="Confirm in your wallet").click()
    page.get_by_text("Your vote is counted.").wait_for()
    assert "You voted for “<u>Stone</u>”" in page.locator(".verdict").inner_text()
    assert page.locator("main u, main i").count() == 0
    axe(page)
    screenshot(page, "ballots-poll")
    page.goto("/polls")
    axe(page)
    assert "1 vote" in page.locator("main").inner_text()
    page.goto("/elections")
    sign_out(page)
    open_key(page, "ann", f"/polls/{poll}")
    page.get_by_label("Wood").check()
    press(page, page.get_by_role("button", name="Vote, for everybody to see"))
    assert "Your vote is counted" in page.content()
