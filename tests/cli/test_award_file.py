"""Awarding a file from the command line: checked first, awarded once, resumable."""

import os
import signal
import subprocess

import pytest

from tests.cli.conftest import ADDRESSES, CRMDAPP, in_terminal

ROWS = 1_000  # three batches


def person(number):
    return f"0x{number:040x}"


@pytest.fixture
def purchases(tmp_path):
    """A thousand purchases of 0.50 points each."""
    path = tmp_path / "purchases.csv"
    lines = [f"{person(number + 1)},0.50" for number in range(ROWS)]
    path.write_text("address,points\n" + "\n".join(lines) + "\n")
    return path


def total(crmdapp):
    return crmdapp.json("loyalty", "liability", "2")["total"]["units"]


def test_a_file_is_awarded_once_however_often_it_is_run(crmdapp, purchases):
    first = crmdapp("loyalty", "award-file", "2", purchases, "--yes", "--json")
    assert (first.data["rows_awarded"], first.data["rows_before"]) == (ROWS, 0)
    assert (first.data["units"], first.data["points"]) == (50 * ROWS, "500.00")
    assert first.data["batches"] == 3
    assert "1,000 of 1,000 lines" in first.err
    assert "/s" in first.err
    second = crmdapp("loyalty", "award-file", "2", purchases)  # nothing to ask for
    assert "were awarded before; nothing is sent" in second.err
    assert "Awarded 0 of 1,000 lines" in second.out
    assert total(crmdapp) == 50 * ROWS


def test_the_plan_is_shown_and_asked_about(crmdapp, purchases, answer):
    answer("n\n")
    shown = crmdapp("loyalty", "award-file", "2", purchases, code=3).err
    for word in ("PointsHub.awardMany", "1,000", "500.00 BEAN", "Fee ceiling", "31337"):
        assert word in shown
    assert total(crmdapp) == 0


def test_without_a_terminal_awarding_needs_yes(crmdapp, purchases):
    assert "--yes" in crmdapp.error("loyalty", "award-file", "2", purchases, code=2)["hint"]
    assert total(crmdapp) == 0


def test_a_terminal_sees_a_bar_with_rate_and_time_left(crmdapp, purchases):
    line = ["loyalty", "award-file", "2", str(purchases), "--yes"]
    code, shown = in_terminal(line, {**os.environ, "TERM": "xterm", "COLUMNS": "120"})
    assert code == 0
    for word in ("Awarding", "100%", "1000/1000", "lines/s", "0:00"):
        assert word in shown


def test_dry_run_sends_nothing(crmdapp, purchases):
    data = crmdapp.json("loyalty", "award-file", "2", purchases, "--dry-run")
    assert (data["rows"], data["rows_before"], data["batches"]) == (ROWS, 0, 3)
    assert total(crmdapp) == 0


def test_a_killed_run_is_continued_without_loss_or_double(crmdapp, purchases, node):
    def sent():
        return int(node.rpc("eth_getTransactionCount", ADDRESSES["shop"], "pending"), 16)

    before = sent()
    node.automine(False)
    line = [*CRMDAPP, "loyalty", "award-file", "2", purchases]
    process = subprocess.Popen([*line, "--yes"], stderr=subprocess.PIPE, env=dict(os.environ))
    while sent() < before + 2:
        assert process.poll() is None, process.stderr.read()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    node.automine(True)
    node.mine()
    report = crmdapp.send("loyalty", "award-file", "2", purchases)
    assert report["rows_awarded"] + report["rows_before"] == ROWS
    assert report["rows_before"] > 0
    assert total(crmdapp) == 50 * ROWS


@pytest.mark.parametrize(
    ("content", "line", "field"),
    [
        (b"adress,points\n", 1, ""),
        (b"\xff\xfea\x00", 1, ""),
        (b"address,points\n" + b"\xff" * 10, 2, ""),
        (f"address,points\n{ADDRESSES['friend'].swapcase()},1\n".replace("0X", "0x"), 2, "address"),
        (f"address,points\n{person(1)},1\n{person(2)},-1\n", 3, "points"),
        (f"address,points\n{person(1)},1.234\n", 2, "points"),
        (f"address,points\n{person(1)},99999999999999\n", 2, "points"),
        (f"address,points\n{person(1)},0\n", 2, "points"),
        (f"address,points\n{person(1)}\n", 2, ""),
        ("address,points\n", 0, ""),
    ],
)
def test_a_faulty_file_is_refused_as_a_whole_by_line_and_field(
    crmdapp, tmp_path, content, line, field
):
    path = tmp_path / "faulty.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    problem = crmdapp.refuse_to_send("loyalty", "award-file", "2", path, code=2)
    assert problem["code"] == "FileRejected"
    (fault,) = problem["fields"]["faults"]
    assert (fault["line"], fault["field"]) == (line, field)
    shown = crmdapp("loyalty", "award-file", "2", path, "--yes", code=2).err
    assert fault["reason"] in shown
    assert total(crmdapp) == 0


def test_many_faults_are_cut_for_people_and_complete_in_json(crmdapp, tmp_path):
    path = tmp_path / "faulty.csv"
    path.write_text("address,points\n" + "nobody,1\n" * 30)
    outcome = crmdapp("loyalty", "award-file", "2", path, "--yes", code=2)
    assert "and 10 more" in outcome.err
    problem = crmdapp.refuse_to_send("loyalty", "award-file", "2", path, code=2)
    assert len(problem["fields"]["faults"]) == 30


def test_a_missing_file_is_named(crmdapp, tmp_path):
    problem = crmdapp.error("loyalty", "award-file", "2", tmp_path / "none.csv", code=2)
    assert problem["code"] == "UsageError"
    assert "none.csv" in problem["message"]


@pytest.mark.parametrize(
    ("setting", "error"),
    [
        (("loyalty", "program", "issuer", "2", "shop", "499.99"), "BudgetExceeded"),
        (("loyalty", "program", "issuer", "2", "shop", "0"), "ProgramIssuerOnly"),
        (("loyalty", "program", "set", "2", "--cap", "499.99"), "CapExceeded"),
    ],
)
def test_what_the_ledger_would_refuse_half_way_is_refused_before(
    crmdapp, purchases, setting, error
):
    crmdapp.send(*setting)
    problem = crmdapp.refuse_to_send("loyalty", "award-file", "2", purchases, code=6)
    assert problem["code"] == error
    assert total(crmdapp) == 0


def test_an_unknown_program_is_named(crmdapp, purchases):
    problem = crmdapp.refuse_to_send("loyalty", "award-file", "99", purchases, code=6)
    assert problem["code"] == "ProgramUnknown"
