"""Figures over HTTP: whom they are about, and that nobody else's merchant gets them."""

import pytest

from crmdapp.customers.analytics.coverage import Standing
from tests.web.agreeing import MEMBERS, SILENT, Crowd, member

FIGURES = ("rfm", "breakage", "cohorts")
AGREED = MEMBERS - SILENT
NONE, WITHDRAWN = Standing.NONE.words, Standing.WITHDRAWN.words


@pytest.fixture(scope="module")
def crowd(server, tmp_path_factory):
    return Crowd(server, tmp_path_factory.mktemp("crowd"))


@pytest.fixture(scope="module")
def merchant(api, crowd):
    return api("merchant")


def place(crowd, figure):
    return f"/v1/analytics/programs/{crowd.program}/{figure}"


def comparison(crowd, now, **changes):
    # Even members got two awards, odd ones one; all of them in the last hour.
    return {
        "program": crowd.program,
        "offered": [member(n).address for n in range(0, AGREED, 2)],
        "control": [member(n).address for n in range(1, AGREED, 2)],
        "since": now - 3_600,
        "until": now + 60,
        **changes,
    }


@pytest.mark.parametrize("figure", FIGURES)
def test_figure_says_how_many_it_leaves_out(merchant, crowd, figure):
    answer = merchant.get(place(crowd, figure))

    assert answer.status_code == 200
    body = answer.json()
    assert (body["customers"], body["used"]) == (MEMBERS, AGREED)
    assert body["left_out"] == {NONE: SILENT}
    assert body["program"] == crowd.program


def test_rfm_counts_everybody_who_agreed_in_one_segment(merchant, crowd):
    segments = merchant.get(place(crowd, "rfm")).json()["segments"]

    # All came today; half of them twice. Smaller values: 0 of 26 for one award, 13 of 26 for two:
    # frequency 1 and 1 + 5 * 13 // 26 = 3. Recency ties: 1 for all.
    found = {each["segment"]: each["people"] for each in segments}
    assert found["lapsed"] == found["at risk"] == AGREED // 2
    assert sum(people for people in found.values()) == AGREED


def test_breakage_counts_what_is_out(merchant, crowd):
    body = merchant.get(place(crowd, "breakage")).json()

    assert body["outstanding"] == AGREED * 12_50 + AGREED // 2 * 3_00
    assert body["expected"] == body["outstanding"]  # nobody has ever spent any
    assert body["rate"] == 1.0


def test_figure_leaves_out_who_takes_the_consent_back(server, merchant, crowd):
    mark = server.town.node.snapshot()
    crowd.withdraw(0)
    server.settle()
    try:
        body = merchant.get(place(crowd, "breakage")).json()

        assert body["used"] == AGREED - 1
        assert body["left_out"] == {NONE: SILENT, WITHDRAWN: 1}
        assert body["outstanding"] == AGREED * 12_50 + AGREED // 2 * 3_00 - 15_50
    finally:
        server.town.node.revert(mark)
        server.town.forget_journal()
        server.town.node.mine(2)
        server.settle()


def test_figure_for_another_purpose_uses_nobody(merchant, crowd):
    body = merchant.get(place(crowd, "rfm"), params={"purpose": "FraudPreventionAndDetection"})

    assert body.json()["used"] == 0
    assert body.json()["left_out"] == {NONE: SILENT, Standing.NOT_COVERED.words: AGREED}


def test_drawing_is_of_those_who_agreed_and_is_repeated_by_its_word(merchant, crowd):
    query = {"share": 0.4}
    body = merchant.get(place(crowd, "drawing"), params=query).json()

    assert (len(body["offered"]), len(body["control"])) == (16, 10)
    assert {*body["offered"], *body["control"]} == {member(n).address for n in range(AGREED)}
    again = merchant.get(place(crowd, "drawing"), params={**query, "word": body["word"]}).json()
    assert again == body


def test_drawing_of_few_is_refused(merchant, crowd):
    answer = merchant.get(place(crowd, "drawing"), params={"share": 0.1})

    assert (answer.status_code, answer.json()["code"]) == (422, "GroupTooSmall")


def test_uplift_compares_two_lists(server, merchant, crowd):
    wanted = comparison(crowd, server.town.now())

    body = merchant.post("/v1/analytics/uplift", json=wanted).json()

    assert (body["offered"]["people"], body["control"]["people"]) == (13, 13)
    assert (body["offered"]["responded"], body["control"]["responded"]) == (13, 13)
    assert (body["difference"], body["p_value"]) == (0.0, 1.0)
    assert body["low"] < 0 < body["high"]


def test_uplift_counts_who_never_came_as_one_who_did_not_buy(server, merchant, crowd):
    wanted = comparison(crowd, server.town.now(), since=0, until=1)

    body = merchant.post("/v1/analytics/uplift", json=wanted).json()

    assert body["offered"]["responded"] == body["control"]["responded"] == 0


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"offered": []}, "GroupTooSmall"),
        ({"offered": [member(n).address for n in range(12)]}, "GroupsOverlap"),
        ({"since": 5, "until": 5}, "UsageError"),
        ({"purpose": "Nonsense"}, "CodeUnknown"),
        ({"offered": ["0x12"]}, "RequestInvalid"),
        ({"colour": "red"}, "RequestInvalid"),
    ],
)
def test_uplift_refuses_what_is_no_comparison(server, merchant, crowd, changes, code):
    answer = merchant.post(
        "/v1/analytics/uplift", json=comparison(crowd, server.town.now(), **changes)
    )

    assert answer.json()["code"] == code
    assert 400 <= answer.status_code < 500


@pytest.mark.parametrize("figure", FIGURES)
def test_figure_of_another_merchant_is_not_there(api, crowd, figure):
    foreign = api("rival").get(place(crowd, figure))
    missing = api("rival").get(f"/v1/analytics/programs/987654/{figure}")

    assert foreign.status_code == missing.status_code == 404
    assert {**foreign.json(), "instance": ""} == {**missing.json(), "instance": ""}


def test_uplift_of_another_merchants_program_is_not_there(server, api, crowd):
    wanted = comparison(crowd, server.town.now())

    assert api("rival").post("/v1/analytics/uplift", json=wanted).status_code == 404


@pytest.mark.parametrize("figure", FIGURES)
def test_figure_needs_a_key_with_its_scope(api, crowd, figure):
    assert api().get(place(crowd, figure)).status_code == 401
    answer = api("merchant", scopes=("loyalty:read",)).get(place(crowd, figure))
    assert (answer.status_code, answer.json()["code"]) == (403, "ScopeMissing")


@pytest.mark.parametrize("program", ["-1", str(1 << 63), str(1 << 70), "x"])
def test_figure_of_no_number_is_no_program(merchant, program):
    answer = merchant.get(f"/v1/analytics/programs/{program}/rfm")

    assert answer.status_code in (404, 422)
