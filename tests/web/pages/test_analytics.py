"""The merchant's figures as a page."""

import pytest

from tests.web.agreeing import MEMBERS, SILENT, Crowd, member

AGREED = MEMBERS - SILENT


@pytest.fixture(scope="module")
def crowd(server, tmp_path_factory):
    return Crowd(server, tmp_path_factory.mktemp("crowd"))


def test_page_shows_figures_and_compares_two_lists(crowd, page, sign_in, axe, screenshot):
    sign_in("merchant", "/merchant/analytics")

    assert page.get_by_role("heading", level=1).inner_text() == "Customer figures: Bean"
    assert page.get_by_text(f"About {AGREED} of {MEMBERS} customers").count() == 3
    assert page.get_by_role("row", name="lapsed").get_by_role("cell").first.inner_text() == "13"
    assert page.locator("svg.chart").count() == 2
    axe(page)
    screenshot(page, "analytics")

    lists = [[member(n).address for n in range(first, AGREED, 2)] for first in (0, 1)]
    page.get_by_label("With the offer").fill("\n".join(lists[0]))
    page.get_by_label("Without it").fill("\n".join(lists[1]))
    page.get_by_label("First day").fill("2020-01-01")
    page.get_by_label("Last day").fill("2100-01-01")
    page.get_by_role("button", name="Compare").click()
    assert "Chance alone may explain it." in page.locator(".verdict").inner_text()
    axe(page)


def test_page_says_what_is_wrong_with_a_list(crowd, page, sign_in):
    sign_in("merchant", "/merchant/analytics")
    page.get_by_label("With the offer").fill("<script>alert(1)</script>")
    page.get_by_label("Without it").fill(member(1).address)
    page.get_by_label("First day").fill("2020-01-01")
    page.get_by_label("Last day").fill("2100-01-01")
    page.get_by_role("button", name="Compare").click()

    assert page.get_by_role("alert").first.inner_text() == "Entry 1 of a list is no address."
    assert page.get_by_label("With the offer").input_value() == "<script>alert(1)</script>"


def test_page_reads_on_a_narrow_screen(crowd, page, sign_in):
    page.set_viewport_size({"width": 360, "height": 740})
    sign_in("merchant", "/merchant/analytics")

    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_page_of_another_merchants_program_is_not_there(crowd, page, sign_in):
    sign_in("rival", "/merchant/analytics")
    assert "You run no loyalty program" in page.locator("main").inner_text()
    answer = page.goto(f"/merchant/analytics?program={crowd.program}")
    assert "Bean" not in page.locator("main").inner_text()
    assert answer.status in (200, 404)


def test_page_needs_somebody_who_signed_in(page):
    page.goto("/merchant/analytics")

    assert "/sign-in" in page.url
