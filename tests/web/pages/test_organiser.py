"""The organiser's pages in a real browser: a definition is checked, created, and moved on."""

import json

import pytest

from crmdapp.ballots.elections import ElectionsClient
from crmdapp.ballots.models import Phase
from crmdapp.ballots.roll import RollClient
from crmdapp.ballots.tally import TallyClient
from tests.web.council import MARKUP, council_document, held_as, station_in

HUGE = 300 * 1024


@pytest.fixture(scope="module")
def station(town, server, tmp_path_factory):
    found = station_in(town, tmp_path_factory.mktemp("station"))
    yield found
    found.close()


@pytest.fixture(scope="module", autouse=True)
def _made_first(station, browser, axe, screenshot):
    """Whatever outlives a test is there before the first, whichever is chosen."""


@pytest.fixture
def hand_in(page):
    """``hand_in(data)``: choose a file of that content and look at it."""

    def hand_in_(data, name="council.json"):
        page.goto("/elections/new")
        held = {"name": name, "mimeType": "application/json", "buffer": data}
        page.get_by_label("Definition, JSON or YAML").set_input_files(held)
        with page.expect_navigation():
            page.get_by_role("button", name="Look at it").click()

    return hand_in_


@pytest.fixture
def create(page, hand_in, station):
    """``create()``: an election of who has signed in, by the pages; its number and document."""

    def create_():
        wanted = council_document(station)
        hand_in(json.dumps(wanted).encode())
        page.get_by_role("button", name="Create this election").click()
        page.wait_for_url("**/organise")
        return int(page.url.split("/")[-2]), wanted

    return create_


def told(page):
    return page.locator("main").inner_text()


def test_definition_is_previewed_created_frozen_prepared_and_closed(
    server, town, page, sign_in, hand_in, station, axe, screenshot
):
    sign_in("organiser", "/elections/new")
    axe(page)
    wanted = council_document(station)
    before = town.client(ElectionsClient).count()
    hand_in(json.dumps(wanted).encode())
    assert MARKUP in told(page)
    assert "Trustee 3" in told(page)
    assert town.client(ElectionsClient).count() == before
    axe(page)
    screenshot(page, "ballots-preview")
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.get_by_role("button", name="Create this election").click()
    page.wait_for_url("**/organise")
    number = int(page.url.split("/")[-2])
    assert town.client(ElectionsClient).election(number).organiser == town.address("organiser")
    assert "Nothing waits for you" in told(page)
    axe(page)
    screenshot(page, "ballots-organise-phone")

    held = held_as(station, number, json.dumps(wanted))
    held.to_registration()
    station.roll("bystander").register(number, held.registrations())
    for at, button, said in (
        (held.election.windows.registration_until + 1, "Freeze the roll", "The roll is frozen"),
        (0, "Prepare the questions", "can take ballots"),
        (held.election.windows.closes_at, "Close the questions", "The questions are closed"),
    ):
        station.advance_to(max(at, station.now))
        server.settle()
        page.reload()
        page.get_by_role("button", name=button).click()
        page.get_by_text(said).wait_for()
        assert page.get_by_role("button", name=button).count() == 0
    assert town.client(RollClient).is_frozen(number)
    assert town.client(TallyClient).phase(number) in (Phase.CLOSED, Phase.VOID)


def test_definition_in_yaml_is_read_by_its_name(page, sign_in, hand_in, station):
    sign_in("organiser", "/elections/new")
    hand_in(json.dumps(council_document(station)).encode(), "council.yaml")  # JSON is YAML too
    assert page.get_by_role("button", name="Create this election").count() == 1


def test_faults_of_a_definition_name_their_fields(page, sign_in, hand_in, station, axe, screenshot):
    sign_in("organiser", "/elections/new")
    wanted = council_document(station, threshold=9, title="")
    del wanted["windows"]["closes_at"]
    wanted["extra"] = "<script>document.title='owned'</script>"
    hand_in(json.dumps(wanted).encode())
    for place in ("threshold", "title", "windows.closes_at"):
        assert page.get_by_role("rowheader", name=place, exact=True).count() == 1, told(page)
    assert page.title() != "owned"
    axe(page)
    screenshot(page, "ballots-faults")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "not valid"),
        (b"\xff\xfe\x00", "not valid"),
        (b"[" * 5_000, "not valid"),
        (b" " * HUGE, "larger than 256 KB"),
    ],
    ids=["empty", "no text", "deep", "large"],
)
def test_file_that_is_no_definition_is_refused(page, sign_in, hand_in, data, said):
    sign_in("organiser", "/elections/new")
    hand_in(data)
    assert said in page.get_by_role("alert").filter(has_text=" ").first.inner_text()


def test_election_is_called_off_by_its_organiser_alone(
    server, town, page, sign_in, create, station
):
    sign_in("organiser", "/elections/new")
    number, _ = create()
    page.get_by_label("Your reasons").fill("  ")
    page.get_by_role("button", name="Call the election off").click()
    assert "Write the reasons" in told(page)
    page.get_by_label("Your reasons").fill("The hall burned down.")
    page.get_by_role("button", name="Call the election off").click()
    page.get_by_text("The election is called off.").wait_for()
    assert town.client(TallyClient).phase(number) is Phase.CANCELLED


def test_organisers_page_is_like_none_for_others(town, page, sign_in, server, station):
    client = town.client(ElectionsClient, "organiser")
    from crmdapp.ballots.definition import read_definition

    found = read_definition(json.dumps(council_document(station)).encode())
    number = client.number_in(client.send(client.create_call(found)))
    server.settle()
    sign_in("outsider", "/elections/new")
    for path in (f"/elections/{number}/organise", "/elections/99999/organise"):
        assert page.goto(path).status == 404
    page.goto(f"/elections/{number}")
    assert page.get_by_role("link", name="Organise").count() == 0
    token = page.locator("input[name=csrf_token]").first.input_value()
    form = {"csrf_token": token, "once": "a" * 32, "reason": "spite"}
    for step in ("freeze", "prepare", "close", "cancel"):
        answer = page.request.post(f"/elections/{number}/organise/{step}", form=form)
        assert answer.status == 404
    assert town.client(TallyClient).phase(number) is Phase.KEY_CEREMONY


def test_definition_that_was_altered_after_the_preview_is_checked_again(page, sign_in, station):
    sign_in("organiser", "/elections/new")
    token = page.locator("input[name=csrf_token]").first.input_value()
    form = {"csrf_token": token, "once": "a" * 32, "definition": '{"format": "other"}'}
    answer = page.request.post("/elections/new", form=form)
    assert answer.status == 422
    assert "format" in answer.text()
