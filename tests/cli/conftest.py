"""The command line in this process, against one chain with the ledger and one program on it."""

import io
import json
import os
import pty
import shutil
import sys
import time
from dataclasses import dataclass

import ape
import pytest
from eth_account import Account

from crmdapp.chain import LocalSigner
from crmdapp.cli.main import run
from tests.fixtures.anvil import DEV_KEYS, Anvil

CRMDAPP = [sys.executable, "-m", "crmdapp.cli.main"]
PASSWORD = "correct horse"
KEYS = dict(zip(("shop", "customer", "friend", "rival"), DEV_KEYS, strict=False))
ADDRESSES = {name: LocalSigner(key).address for name, key in KEYS.items()}
EPOCH_LENGTH = 86_400


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str

    @property
    def data(self):
        return json.loads(self.out)

    @property
    def error(self):
        return self.data["error"]


class Crmdapp:
    """The command line, acting as the shop unless told otherwise."""

    def __init__(self, monkeypatch, capsys, folder):
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        self.folder = folder
        self.state = folder / "state"

    def env(self, **values):
        for name, value in values.items():
            if value is None:
                self._monkeypatch.delenv(name, raising=False)
            else:
                self._monkeypatch.setenv(name, str(value))

    def act_as(self, name):
        self.env(CRMDAPP_PRIVATE_KEY=KEYS[name])

    def __call__(self, *args, code=0):
        self._capsys.readouterr()
        got = run([str(arg) for arg in args])
        out, err = self._capsys.readouterr()
        assert got == code, f"exit code {got}\n{out}\n{err}"
        return Outcome(got, out, err)

    def json(self, *args, code=0):
        return self(*args, "--json", code=code).data

    def send(self, *args, code=0):
        return self(*args, "--yes", "--json", code=code).data

    def error(self, *args, code):
        return self(*args, "--json", code=code).error

    def refuse_to_send(self, *args, code):
        return self(*args, "--yes", "--json", code=code).error


def write_key(folder, name, key, password=PASSWORD):
    """Write a key file that opens at once: the cost of scrypt is shown elsewhere."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    body = Account.encrypt(key, password, kdf="pbkdf2", iterations=1)
    path = folder / f"{name}.json"
    path.write_text(json.dumps({**body, "name": name}))
    path.chmod(0o600)
    return path


def clean_environment(monkeypatch, folder):
    for name in [name for name in os.environ if name.startswith("CRMDAPP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
    monkeypatch.setenv("CRMDAPP_STATE_DIR", str(folder / "state"))
    monkeypatch.setenv("CRMDAPP_DEPLOYMENTS", str(folder / "deployments"))
    monkeypatch.chdir(folder)


def in_terminal(words, env, typed=""):
    """Run in a terminal of its own; returns the exit code and all it showed."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(sys.executable, [*CRMDAPP, *words], env)
    shown, deadline, sent = b"", time.monotonic() + 120, False
    while time.monotonic() < deadline:
        try:
            part = os.read(terminal, 65_536)
        except OSError:
            break
        if not part:
            break
        shown += part
        if typed and not sent and b"[y/N]" in shown:
            os.write(terminal, typed.encode())
            sent = True
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status), shown.decode()


@pytest.fixture
def offline(monkeypatch, capsys, tmp_path):
    """The command line without a chain."""
    clean_environment(monkeypatch, tmp_path)
    monkeypatch.setenv("CRMDAPP_RPC", "http://127.0.0.1:1")
    return Crmdapp(monkeypatch, capsys, tmp_path)


@ape.fixture(chain_isolation=False, scope="session")
def prepared_node(tmp_path_factory):
    """A chain with the ledger and program 2, whose issuer the shop is; and its manifest."""
    folder = tmp_path_factory.mktemp("prepared")
    with Anvil() as node:
        # Undone before the yield: what outlived it would be the environment of every later test.
        with pytest.MonkeyPatch.context() as monkeypatch:
            clean_environment(monkeypatch, folder)
            monkeypatch.setenv("CRMDAPP_RPC", node.url)
            monkeypatch.setenv("CRMDAPP_PRIVATE_KEY", KEYS["shop"])
            for line in (
                f"deploy --epoch-length {EPOCH_LENGTH}",
                "loyalty program create Bean-There BEAN --tier 100 --tier 500",
                f"loyalty program issuer 2 {ADDRESSES['shop']} unlimited",
            ):
                assert run([*line.split(), "--yes"]) == 0
        yield node, folder / "deployments"


@pytest.fixture
def node(prepared_node):
    """That chain, put back after the test."""
    node, _ = prepared_node
    mark = node.snapshot()
    yield node
    node.revert(mark)
    node.automine(True)


@pytest.fixture
def crmdapp(monkeypatch, capsys, tmp_path, prepared_node, node):
    """The command line on that chain; the keys of all roles are in the keystore."""
    clean_environment(monkeypatch, tmp_path)
    shutil.copytree(prepared_node[1], tmp_path / "deployments")
    monkeypatch.setenv("CRMDAPP_RPC", node.url)
    monkeypatch.setenv("CRMDAPP_PRIVATE_KEY", KEYS["shop"])
    for name, key in KEYS.items():
        write_key(tmp_path / "state" / "keystore", name, key)
    return Crmdapp(monkeypatch, capsys, tmp_path)


@pytest.fixture
def answer(monkeypatch):
    """Put somebody at the terminal who types what the test says."""
    from crmdapp.cli._output import Output

    def type_(text):
        monkeypatch.setattr(Output, "has_terminal", property(lambda self: True))
        monkeypatch.setattr(sys, "stdin", io.StringIO(text))

    return type_
