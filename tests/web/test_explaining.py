"""Every problem's ``type`` leads to what it means: for browsers and for programs."""

import pytest

from crmdapp.chain.decode import decode_error
from crmdapp.errors import ContractError, CrmdappError, Panic
from crmdapp.loyalty.errors import BudgetExceeded
from crmdapp.web.codes import catalogue
from crmdapp.web.errors import RateLimited
from crmdapp.web.problems import document

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def kinds(base=CrmdappError):
    found = {base, *(kind for child in base.__subclasses__() for kind in kinds(child))}
    return {kind for kind in found if kind.__module__.startswith("crmdapp.")}


def test_catalogue_has_every_problem_that_the_server_may_answer_with():
    known = catalogue()
    outside = ("crmdapp.cli", "crmdapp.sample")
    wanted = {kind.__name__ for kind in kinds() if not kind.__module__.startswith(outside)}
    assert wanted - set(known) == set()
    assert {"BudgetExceeded", "BallotNotRecorded", "WebhookUrlRefused", "Panic"} <= set(known)


def test_catalogue_says_what_each_problem_means_and_what_to_do():
    for code, meanings in catalogue().items():
        for meaning in meanings:
            assert all((meaning.title, meaning.explanation, meaning.advice)), code
            assert "``" not in meaning.title + meaning.explanation, code
            assert 400 <= meaning.status <= 503, code


def test_catalogue_has_the_title_status_and_fields_of_the_documents():
    for problem in (RateLimited(3), BudgetExceeded(1, "0x" + "11" * 20, 2, 3), Panic(0x11)):
        shown = document(problem)
        (meaning,) = catalogue()[problem.code]
        assert (meaning.title, meaning.status) == (shown["title"], shown["status"])
        assert {field.name for field in meaning.fields} == set(shown["fields"])


def test_catalogue_has_the_contract_errors_signature():
    (meaning,) = catalogue()["BudgetExceeded"]
    assert meaning.signature == "BudgetExceeded(uint256,address,uint256,uint256)"
    assert [field.type for field in meaning.fields] == ["uint256", "address", "uint256", "uint256"]
    assert isinstance(decode_error(BudgetExceeded.selector + bytes(128)), ContractError)


def test_catalogue_tells_two_kinds_of_one_name_apart():
    first, second = catalogue()["RequestInvalid"]
    assert first.title == "Fields of the request are missing, unknown, or out of their range"
    assert "consent" in second.title


def test_problem_type_leads_to_its_meaning(api):
    missing = api().get("/v1/loyalty/nowhere").json()
    found = api().get(missing["type"], headers={"Accept": "application/json"})
    assert found.status_code == 200
    assert found.headers["cache-control"] == "public, max-age=3600"
    assert found.json()["code"] == "NotFound"
    assert found.json()["meanings"][0]["title"] == missing["title"]


@pytest.mark.parametrize("code", ["BudgetExceeded", "RequestInvalid", "FundsMissing"])
def test_problem_kind_is_a_page_for_browsers(api, code):
    found = api().get(f"/problems/{code}", headers=BROWSER)
    assert found.status_code == 200
    assert found.headers["content-type"].startswith("text/html")
    assert found.headers["vary"] == "Accept"
    assert found.headers["cache-control"] == "no-store"  # it holds a token of the visitor
    for meaning in catalogue()[code]:
        assert meaning.title in found.text


def test_problem_codes_lists_all_of_them(api):
    assert api().get("/problems").json() == {"codes": list(catalogue())}
    assert '<a href="/problems/RateLimited">' in api().get("/problems", headers=BROWSER).text


@pytest.mark.parametrize("code", ["Nothing", "__init__", "%3Cscript%3E", "Exception"])
def test_problem_kind_is_404_if_unknown(api, code):
    answer = api().get(f"/problems/{code}")
    assert (answer.status_code, answer.json()["code"]) == (404, "NotFound")
    shown = api().get(f"/problems/{code}", headers=BROWSER)
    assert shown.status_code == 404
    assert shown.headers["content-type"].startswith("text/html")
    assert "<script>" not in shown.text.replace('<script src="/static/wallet.js" defer>', "")


def test_problem_pages_can_be_read_by_everybody(page, axe):
    page.goto("/problems/BudgetExceeded")
    axe(page)
    page.goto("/problems")
    axe(page)
