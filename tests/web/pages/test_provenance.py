"""The pages of works in a real browser: the hall, the artist, the curator, the buyer."""

import pytest

from tests.web.provenance_story import draw, hang

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


def place(id_):
    return f"/gallery/0x{id_:064x}"


def test_gallery_shows_works_and_those_for_sale(page, hung, axe, screenshot):
    page.goto("/gallery")
    assert page.locator("ul.cards > li").count() == 2
    assert EVIL in page.locator("main").inner_text()
    assert page.title().startswith("Works")
    axe(page)
    screenshot(page, "provenance-gallery")
    page.get_by_label("Which").select_option("price")
    page.get_by_role("button", name="Show").click()
    assert page.locator("ul.cards > li").count() == 1
    page.get_by_role("link", name="Harbour at six").click()
    assert "The record stands" in page.locator("#verdict").inner_text()
    axe(page)


def test_title_is_text(page, hung):
    page.goto(place(hung["evil"]))
    assert page.get_by_role("heading", level=1).inner_text() == EVIL
    assert "owned" not in page.title().split("document.title")[0]
    assert page.locator("main img[src=x]").count() == 0
