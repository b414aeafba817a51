"""Every help page: what it is for in one line, and two examples that work as they stand."""

import shlex
import subprocess
import sys

import pytest
import typer

from crmdapp.cli import _frame
from crmdapp.cli.main import app, run

HEAVY = ("aiohttp", "coincurve", "eth_account", "requests", "rich", "web3")


def pages(command, path=("crmdapp",)):
    """Yield the words and the command of every help page."""
    yield path, command
    if isinstance(command, _frame.Group):
        context = typer.Context(command)
        for name in command.list_commands(context):
            yield from pages(command.get_command(context, name), (*path, name))


PAGES = dict(pages(typer.main.get_command(app)))
COMMANDS = {path: command for path, command in PAGES.items() if not hasattr(command, "commands")}


def examples(command):
    return command.epilog.splitlines()


def test_every_command_is_found():
    names = {" ".join(path[1:]) for path in COMMANDS}
    assert {
        "chain up",
        "account new",
        "deploy",
        "customers recover propose",
        "customers register-submit",
        "gallery auction bid",
        "gallery mirror update",
        "items sensor anchor",
        "items verify-tag",
        "loyalty program create",
        "loyalty award-file",
        "loyalty redeem-submit",
        "tx speed-up",
        "doctor",
    } <= names


@pytest.mark.parametrize("path", PAGES, ids=" ".join)
def test_help_page_has_one_line_and_two_examples(path, capsys):
    command = PAGES[path]
    assert run([*path[1:], "--help"]) == 0
    shown = capsys.readouterr().out
    first = command.help.splitlines()[0]
    assert first.endswith(".")
    assert len(first) <= 100
    assert len(examples(command)) >= 2
    for example in examples(command):
        assert f"\n  {example}\n" in f"{shown}\n", "an example is wrapped and can not be copied"


@pytest.mark.parametrize("path", PAGES, ids=" ".join)
def test_examples_parse(path, monkeypatch, capsys):
    parsed = []
    monkeypatch.setattr(_frame.Command, "invoke", lambda self, ctx: parsed.append(ctx.command_path))
    for example in examples(PAGES[path]):
        words = shlex.split(example)
        assert words[0] == "crmdapp"
        assert run(words[1:]) == 0, capsys.readouterr().err
        if path in COMMANDS:
            assert parsed[-1] == " ".join(path)


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_no_option_takes_a_secret(path):
    names = {param.name for param in COMMANDS[path].params}
    assert not names & {"password", "private_key", "key", "mnemonic", "secret"}


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_takes_the_shared_options(path):
    options = {option for param in COMMANDS[path].params for option in param.opts}
    assert {"--rpc", "--chain-id", "--account", "--json", "--quiet", "--verbose"} <= options


SENDING = {
    "chain fund": (),
    "chain fund-coin": (),
    "customers anchor": (),
    "customers answer": (),
    "customers attest admit": ("--once",),
    "customers attest dismiss": ("--once",),
    "customers attest disown": ("--once",),
    "customers attest issue": (),
    "customers attest revoke": (),
    "customers attest submit": ("--once",),
    "customers attest topic": ("--once",),
    "customers badge burn": ("--once",),
    "customers badge follow": ("--once",),
    "customers badge mint": ("--once",),
    "customers challenge": ("--once",),
    "customers consent grant": ("--once",),
    "customers consent grant-submit": (),
    "customers consent renew": ("--once",),
    "customers consent renew-submit": ("--once",),
    "customers consent revoke": ("--once",),
    "customers consent withdraw": ("--once",),
    "customers consent withdraw-submit": ("--once",),
    "customers did attribute": ("--once",),
    "customers did bind": ("--once",),
    "customers did delegate": ("--once",),
    "customers did owner": ("--once",),
    "customers did submit": ("--once",),
    "customers erase": (),
    "customers flag": ("--once",),
    "customers guardians": ("--once",),
    "customers import": (),
    "customers link": ("--once",),
    "customers log erase": (),
    "customers log open": ("--once",),
    "customers merge": ("--once",),
    "customers pepper link": (),
    "customers pepper retire": (),
    "customers prove-fork": ("--once",),
    "customers recover execute": ("--once",),
    "customers recover propose": ("--once",),
    "customers recover veto": ("--once",),
    "customers register": ("--once",),
    "customers register-submit": ("--once",),
    "customers rewards claim": ("--once",),
    "customers rewards close": ("--once",),
    "customers rewards create": ("--once",),
    "customers rewards fund": ("--once",),
    "customers rewards publish": ("--once",),
    "customers root": ("--once",),
    "customers rotate": ("--once",),
    "customers scope accept": ("--once",),
    "customers scope admit": ("--once",),
    "customers scope create": ("--once",),
    "customers scope offer": ("--once",),
    "customers submit": ("--once",),
    "customers unmerge": ("--once",),
    "deploy": (),
    "elections cancel": ("--once",),
    "elections cast": (),
    "elections ceremony finalise": ("--once",),
    "elections ceremony next": (),
    "elections ceremony post": (),
    "elections ceremony restart": ("--once",),
    "elections close": (),
    "elections create": ("--once",),
    "elections decrypt-share": (),
    "elections freeze": (),
    "elections poll create": ("--once",),
    "elections poll vote": ("--once",),
    "elections prepare": (),
    "elections register submit": (),
    "elections relay": (),
    "elections simulate": (),
    "elections tally": (),
    "elections void": ("--once",),
    "gallery accept": ("--once",),
    "gallery allow": ("--once",),
    "gallery auction bid": ("--once",),
    "gallery auction cancel": ("--once",),
    "gallery auction open": ("--once",),
    "gallery auction settle": ("--once",),
    "gallery board carry-out": ("--once",),
    "gallery burn": ("--once",),
    "gallery buy": ("--once",),
    "gallery buy-signed": ("--once",),
    "gallery cancel-offer": ("--once",),
    "gallery challenge": ("--once",),
    "gallery claim-reward": ("--once",),
    "gallery conclude": ("--once",),
    "gallery defend": ("--once",),
    "gallery give": ("--once",),
    "gallery list": ("--once",),
    "gallery manage accept-role": ("--once",),
    "gallery manage add-currency": ("--once",),
    "gallery manage base-uri": ("--once",),
    "gallery manage offer-role": ("--once",),
    "gallery manage points-program": ("--once",),
    "gallery manage set-currency": ("--once",),
    "gallery manage sweep": ("--once",),
    "gallery mint": ("--once",),
    "gallery register": ("--once",),
    "gallery reveal": ("--once",),
    "gallery submit-openly": ("--once",),
    "gallery unlist": ("--once",),
    "gallery vote": ("--once",),
    "gallery withdraw": ("--once",),
    "gallery withdraw-bond": ("--once",),
    "items capture": (),
    "items commission": ("--once",),
    "items declare-error": ("--once",),
    "items observe": ("--once",),
    "items pack": ("--once",),
    "items recall": ("--once",),
    "items receive": ("--once",),
    "items relay": ("--once",),
    "items retire": ("--once",),
    "items sensor anchor": ("--once",),
    "items sensor assign": ("--once",),
    "items tag claim": ("--once",),
    "items transform": ("--once",),
    "items unpack": ("--once",),
    "loyalty award": ("--once",),
    "loyalty award-file": (),
    "loyalty clawback": ("--once",),
    "loyalty coupon cancel": ("--once",),
    "loyalty coupon claim": ("--once",),
    "loyalty coupon key": ("--once",),
    "loyalty deposit": ("--once",),
    "loyalty drop claim": ("--once",),
    "loyalty drop create": ("--once",),
    "loyalty exchange": ("--once",),
    "loyalty exchange-submit": (),
    "loyalty gift claim": (),
    "loyalty gift create": ("--once",),
    "loyalty gift take-back": (),
    "loyalty join": ("--once",),
    "loyalty limit": ("--once",),
    "loyalty prices set": ("--once",),
    "loyalty program accept": ("--once",),
    "loyalty program create": ("--once",),
    "loyalty program issuer": ("--once",),
    "loyalty program offer": ("--once",),
    "loyalty program set": ("--once",),
    "loyalty redeem": ("--once",),
    "loyalty redeem-at": ("--once",),
    "loyalty redeem-submit": (),
    "loyalty refund": ("--once",),
    "loyalty reverse": ("--once",),
    "loyalty settle": ("--once",),
    "loyalty terms accept": ("--once",),
    "loyalty terms publish": ("--once",),
    "loyalty terms submit": (),
    "loyalty transfer": ("--once",),
    "loyalty transfer-submit": (),
    "loyalty voucher buy": ("--once",),
    "loyalty voucher guild add": ("--once",),
    "loyalty voucher guild create": ("--once",),
    "loyalty voucher refund": ("--once",),
    "loyalty voucher spend": ("--once",),
    "loyalty voucher submit": ("--once",),
    "loyalty withdraw": ("--once",),
    "tx cancel": (),
    "tx speed-up": (),
}


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_commands_that_send_can_be_rehearsed(path):
    options = {option for param in COMMANDS[path].params for option in param.opts}
    further = SENDING.get(" ".join(path[1:]))
    assert ({"--yes", "--dry-run"} <= options) == (further is not None)
    assert set(further or ()) <= options


@pytest.mark.parametrize("words", ["--help", "loyalty --help", "loyalty award --help", "--version"])
def test_help_loads_nothing_heavy(words):
    program = (
        "import sys\nfrom crmdapp.cli.main import run\n"
        f"code = run({words.split()!r})\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)\n"
        "sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr.strip()) == (0, "[]")


def test_a_group_without_a_command_shows_its_help(capsys):
    assert run(["loyalty"]) == 2
    assert "award-file" in capsys.readouterr().out


def test_version_is_the_packages(capsys):
    import crmdapp

    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"crmdapp {crmdapp.__version__}\n"
