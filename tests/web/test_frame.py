"""The server's frame: what every page and every answer has in common."""


def test_start_shows_the_page(page, axe, screenshot):
    page.goto("/")
    assert page.title() == "Start · crmdapp"
    axe(page)
    screenshot(page, "start")


def test_sign_in_with_a_wallet_shows_the_account(page, sign_in, axe, town):
    sign_in("customer")
    shown = page.locator(".account")
    assert shown.get_attribute("title") == town.address("customer")
    axe(page)


def test_unknown_address_is_a_problem_document(api):
    answer = api().get("/v1/nothing")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "NotFound"
