"""What all commands do alike: options, streams, questions, problems, exit codes."""

import json
import os
import re
import signal
import subprocess

import pytest

from crmdapp.cli import main
from crmdapp.errors import CrmdappError, DiskFull
from tests.cli.conftest import ADDRESSES, CRMDAPP, KEYS, in_terminal


def spawn(*words, **settings):
    return subprocess.run(
        [*CRMDAPP, *words], capture_output=True, text=True, check=False, **settings
    )


def raise_in_command(monkeypatch, problem):
    """Let ``crmdapp config show`` end in an exception."""

    def fail(self):
        raise problem

    monkeypatch.setattr("crmdapp.cli._context.Session.config", property(fail))


# --------------------------------------------------------------------------- options


def test_shared_options_are_taken_before_and_after_the_command(offline):
    before = offline("--json", "--chain-id", "7", "config", "show").data
    between = offline("config", "--json", "--chain-id", "7", "show").data
    after = offline("config", "show", "--json", "--chain-id", "7").data
    assert before == between == after
    assert after["chain_id"] == {"value": 7, "source": "flag"}


def test_the_later_option_wins(offline):
    assert offline.json("--chain-id", "7", "config", "show", "--chain-id", "8")["chain_id"] == {
        "value": 8,
        "source": "flag",
    }


def test_options_win_over_environment_over_project_over_user_file(offline):
    (offline.folder / "crmdapp.toml").write_text('chain_id = 3\naccount = "till"\n')
    user = offline.folder / "config" / "crmdapp"
    user.mkdir(parents=True)
    (user / "config.toml").write_text('chain_id = 4\naccount = "other"\nconfirmations = 5\n')
    offline.env(CRMDAPP_CHAIN_ID="2")
    shown = offline.json("config", "show", "--chain-id", "1")
    assert (shown["chain_id"]["value"], shown["chain_id"]["source"]) == (1, "flag")
    assert shown["account"]["value"] == "till"
    assert shown["account"]["source"].endswith("crmdapp.toml")
    assert shown["confirmations"]["value"] == 5
    assert offline.json("config", "show")["chain_id"]["source"] == "CRMDAPP_CHAIN_ID"


def test_config_show_hides_what_an_address_keeps_secret(offline):
    offline.env(CRMDAPP_RPC="https://user:hunter2@node.example/v3/abcdef0123456789abcdef0123456789")
    shown = offline("config", "show").out
    assert "hunter2" not in shown
    assert "abcdef0123456789" not in shown


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["chian", "up"], "Did you mean 'chain'"),
        (["chain", "up", "--prot", "1"], "No such option"),
        (["loyalty", "award", "2"], "Missing argument"),
        (["loyalty", "balance", "two"], "PROGRAM"),
        (["chain", "up", "--port", "70000"], "--port"),
    ],
)
def test_a_mistyped_line_is_a_usage_error(offline, words, message):
    assert message in offline(*words, code=2).err
    problem = offline.error(*words, code=2)
    assert problem["code"] == "UsageError"
    assert message in problem["message"]
    assert "--help" in problem["hint"]


def test_an_unusable_setting_is_a_usage_error(offline):
    offline.env(CRMDAPP_CHAIN_ID="seven")
    assert "chain_id" in offline.error("config", "show", code=2)["message"]


# --------------------------------------------------------------------------- streams


def test_json_is_all_of_standard_output(crmdapp):
    outcome = crmdapp("loyalty", "award", "2", "customer", "1", "--yes", "--json")
    assert outcome.data["points"] == "1.00"
    assert "Transaction 0x" in outcome.err
    assert outcome.data["hash"] in outcome.err


def test_quiet_leaves_out_the_plan_but_not_the_hash(crmdapp):
    outcome = crmdapp("loyalty", "award", "2", "customer", "1", "--yes", "--quiet")
    tx_hash = re.search("0x[0-9a-f]{64}", outcome.out)[0]
    assert outcome.err == f"Transaction {tx_hash}\n"


@pytest.mark.parametrize(
    ("environment", "colored"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_color_only_on_a_terminal_that_wants_it(offline, environment, colored):
    settings = {**os.environ, "TERM": "xterm", **environment}
    code, shown = in_terminal(["config", "show"], settings)
    assert code == 0
    assert ("\x1b[1m" in shown) == colored
    assert "\x1b" not in spawn("config", "show", env=settings).stdout


def test_a_closed_pipe_ends_quietly(offline):
    line = " ".join(CRMDAPP) + " config show"
    done = subprocess.run(
        ["/bin/bash", "-c", f"set -o pipefail; {line} | true"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""


# --------------------------------------------------------------------------- questions


def test_without_a_terminal_sending_needs_yes(crmdapp):
    problem = crmdapp.error("loyalty", "award", "2", "customer", "1", code=2)
    assert problem["code"] == "UsageError"
    assert "--yes" in problem["hint"]
    assert crmdapp.json("loyalty", "balance", "2", "customer")["units"] == 0


@pytest.mark.parametrize("typed", ["n\n", "\n", ""])
def test_any_answer_but_yes_sends_nothing(crmdapp, answer, typed):
    answer(typed)
    outcome = crmdapp("loyalty", "award", "2", "customer", "1", code=3)
    assert "Send it? [y/N]" in outcome.err
    assert crmdapp.json("loyalty", "balance", "2", "customer")["units"] == 0


def test_yes_sends(crmdapp, answer):
    answer("y\n")
    outcome = crmdapp("loyalty", "award", "2", "customer", "1")
    shown = outcome.err.split("Send it?")[0]
    for word in ("PointsHub.award", "1.00 BEAN", "Gas", "Fee ceiling", "31337", ADDRESSES["shop"]):
        assert word in shown
    assert crmdapp.json("loyalty", "balance", "2", "customer")["units"] == 100


def test_the_plan_is_shown_to_whoever_is_asked_even_if_quiet(crmdapp, answer):
    answer("n\n")
    assert "Fee ceiling" in crmdapp("loyalty", "award", "2", "customer", "1", "-q", code=3).err


def test_dry_run_sends_nothing_and_needs_no_answer(crmdapp):
    data = crmdapp.json("loyalty", "award", "2", "customer", "1", "--dry-run")
    assert data["dry_run"] is True
    (planned,) = data["transactions"]
    assert planned["function"] == "PointsHub.award"
    assert planned["gas"] * planned["max_fee_per_gas"] == planned["fee_ceiling"]
    assert crmdapp.json("loyalty", "balance", "2", "customer")["units"] == 0


def test_once_sends_once(crmdapp):
    line = ("loyalty", "award", "2", "customer", "1", "--once", "order-7")
    first, second = crmdapp.send(*line), crmdapp(*line, "--yes", "--json")
    assert second.data["hash"] == first["hash"]
    assert "nothing is sent again" in second.err
    assert crmdapp.json("loyalty", "balance", "2", "customer")["units"] == 100
    other = ("loyalty", "award", "2", "customer", "2", "--once", "order-7")
    assert crmdapp.refuse_to_send(*other, code=2)["code"] == "UsageError"


def test_a_real_terminal_is_asked(crmdapp, node):
    line = ["loyalty", "award", "2", ADDRESSES["customer"], "1"]
    code, shown = in_terminal(line, dict(os.environ), typed="y\n")
    assert "Send it? [y/N]" in shown
    assert code == 0, shown
    assert crmdapp.json("loyalty", "balance", "2", "customer")["units"] == 100


# --------------------------------------------------------------------------- problems


def test_a_problem_says_what_why_and_what_to_do(offline, monkeypatch):
    raise_in_command(monkeypatch, DiskFull("The disk is full.", why="0 bytes left.", hint="Clean."))
    assert offline("config", "show", code=1).err.splitlines() == [
        "Error: The disk is full.",
        "Why: 0 bytes left.",
        "What to do: Clean.",
    ]
    assert offline.error("config", "show", code=1) == {
        "code": "DiskFull",
        "exit_code": 1,
        "message": "The disk is full.",
        "why": "0 bytes left.",
        "hint": "Clean.",
        "fields": {},
    }


def test_the_operating_systems_disk_full_is_named(offline, monkeypatch):
    raise_in_command(monkeypatch, OSError(28, "No space left on device"))
    assert offline.error("config", "show", code=1)["code"] == "DiskFull"


def test_the_unforeseen_shows_no_traceback_and_no_values(offline, monkeypatch):
    raise_in_command(monkeypatch, ValueError("hunter2"))
    outcome = offline("config", "show", code=1)
    assert "ValueError" in outcome.err
    assert "--verbose" in outcome.err
    assert "hunter2" not in outcome.err
    assert "Traceback" not in outcome.err
    assert "Traceback" in offline("config", "show", "--verbose", code=1).err


def test_a_traceback_shows_no_key_and_no_password(crmdapp, monkeypatch):
    secret = crmdapp.folder / "password"
    secret.write_text("hunter2\n")
    line = ["loyalty", "award", "2", "customer", "1", "--yes", "--verbose", "--account", "shop"]
    outcome = crmdapp(*line, "--password-file", secret, code=4)
    assert "Traceback" in outcome.err
    for name in ("hunter2", KEYS["shop"], KEYS["shop"][2:]):
        assert name not in outcome.err + outcome.out


def test_every_error_class_ends_with_its_code(offline, monkeypatch):
    def classes(kind):
        yield kind
        for sub in kind.__subclasses__():
            yield from classes(sub)

    import crmdapp.errors

    for kind in set(classes(CrmdappError)):
        if kind.__module__ == crmdapp.errors.__name__ and not issubclass(
            kind, crmdapp.errors.ContractError
        ):
            raise_in_command(monkeypatch, kind("Something."))
            assert offline.error("config", "show", code=kind.exit_code)["code"] == kind.__name__


def test_ctrl_c_is_130(offline, monkeypatch):
    raise_in_command(monkeypatch, KeyboardInterrupt())
    assert main.run(["config", "show"]) == 130


def test_ctrl_c_ends_the_process_with_130(crmdapp, node):
    node.automine(False)
    process = subprocess.Popen(
        [*CRMDAPP, "loyalty", "award", "2", ADDRESSES["customer"], "1", "--yes"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    for line in process.stderr:
        if line.startswith("Transaction"):
            break
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (130, "")
    assert "Traceback" not in err


# --------------------------------------------------------------------------- completion


def complete(line, env):
    words = f"crmdapp {line}"
    done = subprocess.run(
        CRMDAPP,
        capture_output=True,
        text=True,
        check=False,
        env={
            **env,
            "_CRMDAPP_COMPLETE": "complete_bash",
            "COMP_WORDS": words,
            "COMP_CWORD": str(len(words.split(" ")) - 1),
        },
    )
    return done.stdout.split()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("lo", "loyalty"),
        ("loyalty aw", "award-file"),
        ("loyalty program cr", "create"),
        ("loyalty award --dr", "--dry-run"),
        ("loyalty balance --account cu", "customer"),
    ],
)
def test_completion(crmdapp, line, offered):
    assert offered in complete(line, dict(os.environ))


def test_the_completion_script_is_shown(offline):
    done = spawn("--show-completion", "bash", env=dict(os.environ))
    assert "_CRMDAPP_COMPLETE" in done.stdout


def test_json_output_is_valid_for_every_reading_command(crmdapp):
    for line in (
        "account list",
        "account show shop --balance",
        "config show",
        "loyalty program list",
        "loyalty program show 2",
        "loyalty statement 2 customer",
        "loyalty liability 2",
        "loyalty tiers 2 customer",
        "tx list",
        "deploy --check",
        "chain status",
    ):
        code = 5 if line == "chain status" else 0
        json.loads(crmdapp(*line.split(), "--json", code=code).out)
