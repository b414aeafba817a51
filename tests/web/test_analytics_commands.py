"""``crmdapp customers analytics`` over an index that a server has filled."""

import csv
import io
import json
from contextlib import redirect_stderr, redirect_stdout

import pytest

from crmdapp.chain import Sender
from crmdapp.cli.main import run
from crmdapp.customers.analytics.coverage import Standing
from crmdapp.customers.analytics.program import held_consents, read_program
from crmdapp.customers.analytics.reports import Analyst
from crmdapp.customers.did import DidClient
from crmdapp.customers.terms_file import terms_text
from crmdapp.errors import EXIT_REVERTED, EXIT_USAGE
from tests.cli.conftest import clean_environment
from tests.web.agreeing import MEMBERS, SILENT, Crowd, member
from tests.web.town import POLICY

AGREED = MEMBERS - SILENT


@pytest.fixture(scope="module")
def crowd(server, tmp_path_factory):
    return Crowd(server, tmp_path_factory.mktemp("crowd"))


@pytest.fixture
def crmdapp(server, crowd, monkeypatch):
    """``crmdapp("rfm", ...)``: exit code, stdout and stderr of a figure of the crowd's program."""
    clean_environment(monkeypatch, server.settings.state_dir)
    monkeypatch.setenv("CRMDAPP_STATE_DIR", str(server.settings.state_dir))

    def crmdapp_(figure, *words, program=crowd.program):
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = run(["customers", "analytics", figure, str(program), *map(str, words)])
        return code, out.getvalue(), err.getvalue()

    return crmdapp_


@pytest.mark.parametrize("figure", ["rfm", "breakage", "cohorts"])
def test_figure_says_whom_it_leaves_out(crmdapp, figure):
    code, out, _ = crmdapp(figure, "--json")

    told = json.loads(out)
    assert (code, told["customers"], told["used"]) == (0, MEMBERS, AGREED)
    assert told["left_out"] == {Standing.NONE.words: SILENT}


def test_rfm_shows_people_a_table(crmdapp):
    code, out, _ = crmdapp("rfm")

    assert code == 0
    assert (
        f"About {AGREED} of {MEMBERS} customers, for DirectMarketing; {SILENT} are left out" in out
    )
    assert Standing.NONE.words in out


def test_rfm_prints_csv(crmdapp):
    code, out, err = crmdapp("rfm", "--csv")

    rows = list(csv.DictReader(io.StringIO(out)))
    assert code == 0
    assert sum(int(row["customers"]) for row in rows) == AGREED
    assert "left out" in err


def test_rfm_writes_scores_of_those_who_agreed_alone(crmdapp, tmp_path):
    code, _, _ = crmdapp("rfm", "--out", tmp_path / "scores.csv")

    rows = list(csv.DictReader(io.StringIO((tmp_path / "scores.csv").read_text())))
    assert code == 0
    assert {row["account"] for row in rows} == {member(n).address for n in range(AGREED)}


def test_rfm_takes_terms_from_files(crmdapp, crowd, tmp_path):
    for number in range(12):
        (tmp_path / f"{number}.json").write_bytes(terms_text(crowd.terms[number]))

    _, out, _ = crmdapp("rfm", "--consent", tmp_path, "--json")

    assert json.loads(out)["used"] == 12


def test_breakage_of_few_is_refused(crmdapp, crowd, tmp_path):
    (tmp_path / "one.json").write_bytes(terms_text(crowd.terms[0]))

    code, out, _ = crmdapp("breakage", "--consent", tmp_path, "--json")

    assert (code, json.loads(out)["error"]["code"]) == (EXIT_USAGE, "GroupTooSmall")


def test_draw_writes_two_files_that_uplift_compares(crmdapp, tmp_path):
    files = ("--offered", tmp_path / "offered.csv", "--control", tmp_path / "control.csv")
    code, out, _ = crmdapp("draw", *files, "--share", "0.5", "--json")

    told = json.loads(out)
    assert (code, told["offered"], told["control"]) == (0, AGREED // 2, AGREED // 2)
    when = ("--since", "2020-01-01T00:00:00Z", "--until", "2100-01-01T00:00:00Z")
    code, out, _ = crmdapp("uplift", *files, *when, "--json")
    assert (code, json.loads(out)["control"]["people"]) == (0, AGREED // 2)


def test_draw_refuses_a_share_that_is_none(crmdapp, tmp_path):
    files = ("--offered", tmp_path / "offered.csv", "--control", tmp_path / "control.csv")

    code, out, _ = crmdapp("draw", *files, "--share", "most", "--json")

    assert (code, json.loads(out)["error"]["code"]) == (EXIT_USAGE, "UsageError")
    assert list(tmp_path.iterdir()) == []


def test_draw_leaves_no_half_behind(crmdapp, tmp_path):
    (tmp_path / "control.csv").write_text("mine")
    files = ("--offered", tmp_path / "offered.csv", "--control", tmp_path / "control.csv")

    code, _, _ = crmdapp("draw", *files, "--share", "0.5", "--json")

    assert code == EXIT_USAGE
    assert [file.name for file in tmp_path.iterdir()] == ["control.csv"]
    assert (tmp_path / "control.csv").read_text() == "mine"


def test_uplift_compares_two_files(crmdapp, tmp_path):
    for name, first in (("offered", 0), ("control", 1)):
        lines = [member(n).address for n in range(first, AGREED, 2)]
        (tmp_path / name).write_text("address\n" + "\n".join(lines) + "\n")
    words = ("--offered", tmp_path / "offered", "--control", tmp_path / "control")

    when = ("--since", "2020-01-01T00:00:00Z", "--until", "2100-01-01T00:00:00Z")
    code, out, _ = crmdapp("uplift", *words, *when, "--json")

    told = json.loads(out)
    assert code == 0
    assert told["offered"]["responded"] == told["control"]["responded"] == AGREED // 2
    assert (told["difference"], told["p_value"]) == (0, 1)


def test_figure_of_an_unknown_program_is_an_error(crmdapp):
    code, out, _ = crmdapp("rfm", "--json", program=987_654)

    assert (code, json.loads(out)["error"]["code"]) == (EXIT_REVERTED, "ProgramUnknown")


def test_consent_counts_for_the_key_that_acts_for_the_identity_now(server, crowd):
    town = server.town
    silent = member(MEMBERS - 1)  # collects points, agreed to nothing
    mark = town.node.snapshot()
    town.node.set_balance(member(0).address, 10**18)
    sender = Sender(town.connection, member(0), town.journal, policy=POLICY)
    owner = DidClient.at(town.connection, town.manifest, sender)
    owner.change_owner(member(0).address, silent.address)
    server.settle()
    try:
        with server.context.index.reading() as session:
            history = read_program(session, crowd.program)
            consents = held_consents(session, crowd.terms.values())
        scores = Analyst(history, consents).rfm().scores
        assert {silent.address, member(0).address} <= {each.account for each in scores}
    finally:
        town.node.revert(mark)
        town.forget_journal()
        town.node.mine(2)
        server.settle()
