"""The server's frame: what every page and every answer has in common."""

import time

from crmdapp.store.index import Follower
from crmdapp.web.pages import SENT_COOKIE, redirect
from tests.web.town import served


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


def test_index_behind_by_many_spans_is_filled_without_a_pause(town, tmp_path):
    town.node.mine(100)
    with served(town, tmp_path / "slow", poll=3600.0) as server:
        deadline = time.monotonic() + 30
        while server.api().get("/readyz").status_code != 200:
            assert time.monotonic() < deadline, server.api().get("/readyz").json()
            time.sleep(0.05)


def until(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_index_goes_on_after_something_unforeseen(town, tmp_path, monkeypatch):
    with served(town, tmp_path / "odd", poll=0.05) as server:
        server.settle()
        with monkeypatch.context() as patch:
            patch.setattr(Follower, "step", lambda _: 1 // 0)
            until(lambda: server.app.state.following.problem == "ZeroDivisionError")
        town.node.mine()
        head = town.connection.block_number()
        until(lambda: server.context.index.position().block == head)
        assert server.app.state.following.problem == ""


def test_page_after_a_form_shows_what_was_sent(town, tmp_path):
    with served(town, tmp_path / "slow", poll=3600.0) as server:
        server.settle()
        town.open_program()
        head = town.connection.block_number()
        api = server.api()
        assert api.get("/").status_code == 200
        assert server.context.index.position().block < head
        assert api.get("/", headers={"Cookie": f"{SENT_COOKIE}=1"}).status_code == 200
        assert server.context.index.position().block == head


def test_form_says_that_something_was_sent(api):
    assert SENT_COOKIE in redirect("/wallet").headers["set-cookie"]
    assert "set-cookie" not in api().get("/static/crmdapp.css").headers
