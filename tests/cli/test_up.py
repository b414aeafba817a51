"""``crmdapp up`` as a process of its own: it serves, stops without a trace, and goes on."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from crmdapp.chain import Manifest, connect, node
from crmdapp.cli import _town
from crmdapp.errors import (
    EXIT_NODE,
    EXIT_OK,
    EXIT_USAGE,
    EXIT_VERIFICATION,
    AnvilMissing,
    PortInUse,
    UsageError,
)
from crmdapp.loyalty import LoyaltyClient
from crmdapp.web.errors import WebExtraMissing
from tests.fixtures.ports import free_port

SECONDS = 280  # the machine may be busy with other tests
CRMDAPP = Path(sys.prefix) / "bin" / "crmdapp"


class Up:
    """One run of ``crmdapp up``.

    Attributes:
        told: What it printed once it served.
    """

    def __init__(self, folder, *words, **environ):
        self.folder = folder
        self._err = folder / "err"
        command = [CRMDAPP, "up", "--port", "0", "--chain-port", str(free_port()), "--no-browser"]
        with self._err.open("w") as err:
            self._process = subprocess.Popen(
                [*command, "--json", *words],
                stdout=subprocess.PIPE,
                stderr=err,
                stdin=subprocess.DEVNULL,
                env=environment(folder, **environ),
                cwd=folder,
                text=True,
                start_new_session=True,
            )

    def until_it_serves(self):
        text, deadline = "", time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            text += self._process.stdout.readline()
            with suppress(ValueError):
                self.told = json.loads(text)
                return self
            assert self._process.poll() is None, self.said
        raise AssertionError(f"it does not serve: {self.said}")

    @property
    def said(self):
        return self._err.read_text()

    @property
    def pid(self):
        return self._process.pid

    def get(self, path="/"):
        with httpx.Client(base_url=self.told["pages"], trust_env=False, timeout=30) as client:
            return client.get(path)

    def get_as(self, role, path, password):
        """A page as somebody sees it who opened the key of a role of the sample."""
        with httpx.Client(base_url=self.told["pages"], trust_env=False, timeout=60) as client:
            token = re.search('name="csrf_token" value="([^"]+)"', client.get("/sign-in").text)
            fields = {"name": f"sample-{role}", "password": password, "next": path}
            form = {"csrf_token": token[1], **fields}
            return client.post("/sign-in/key-file", data=form, follow_redirects=True)

    def end(self, number=signal.SIGINT):
        """Send a signal; return the exit code once it has ended."""
        self._process.send_signal(number)
        code = self._process.wait(timeout=SECONDS)
        self._process.stdout.close()
        return code


def environment(folder, **changes):
    return {
        "HOME": str(folder),
        "PATH": os.environ["PATH"],
        "CRMDAPP_STATE_DIR": str(folder / "state"),
        "CRMDAPP_DEPLOYMENTS": str(folder / "state" / "deployments"),
        "NO_COLOR": "1",
        "PYTHONPATH": os.environ.get("PYTHONPATH", ""),  # the package that is being tested
        **changes,
    }


def run(folder, *words, **environ):
    """What a command prints as JSON, and its exit code."""
    done = subprocess.run(
        [CRMDAPP, *words, "--json"],
        env=environment(folder, **environ),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    return json.loads(done.stdout or "null"), done.returncode


def is_free(address):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", int(address.rstrip("/").rpartition(":")[2]))) != 0


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("up")
    yield folder
    node.down(folder / "state" / "node")


@pytest.fixture
def up(folder):
    """``up("--sample")``: a run that is gone when the test ends."""
    runs = []

    def up_(*words, **environ):
        runs.append(Up(folder, *words, **environ))
        return runs[-1].until_it_serves()

    yield up_
    for each in runs:
        with suppress(ProcessLookupError):
            os.kill(each.pid, signal.SIGKILL)
        each._process.wait()
        each._process.stdout.close()


@pytest.mark.timeout(SECONDS)
def test_up_serves_stops_without_a_trace_and_goes_on_with_the_sample(up, folder):
    first = up("--sample")
    home = first.get()
    assert (home.status_code, "<h1>" in home.text) == (200, True)
    assert "sample-shop" in first.get("/sign-in").text
    assert "Shall the town square have trees?" in first.get("/elections").text
    password = (folder / "state" / "up.password").read_text().strip()
    data = first.get_as("customer", "/wallet/data", password).text
    for words in ("Kettle &amp; Crumb", "News about coffee", "Birthday greetings"):
        assert words in data
    assert first.get("/gallery").text.count('href="/gallery/0x') >= 3
    with connect(first.told["chain"]) as connection:
        genesis, block = connection.genesis_hash, connection.block_number()
        assert abs(connection.block_timestamp() - time.time()) < 60
    assert first.end(signal.SIGINT) == EXIT_OK
    assert "Everything is kept" in first.said
    assert is_free(first.told["pages"])
    assert is_free(first.told["chain"])
    assert not node.status(folder / "state" / "node").running

    second = up("--sample")
    assert "Sample: it was told before." in second.said
    assert "0 deployed" in second.said
    with connect(second.told["chain"]) as connection:
        assert connection.genesis_hash == genesis
        assert connection.block_number() in (block, block + 1)  # one to set the clock
        manifest = Manifest.load(folder / "state" / "deployments" / "31337.json")
        names = [each.name for each in LoyaltyClient.at(connection, manifest).programs()]
    assert names == ["Kettle & Crumb", "Book Nook"]
    told, code = run(folder, "customers", "analytics", "rfm", "2")
    assert (code, told["used"]) == (0, 62)
    assert told["left_out"]["the consent was withdrawn"] == 2
    assert second.end(signal.SIGHUP) == EXIT_OK
    assert is_free(second.told["chain"])


@pytest.mark.timeout(SECONDS)
def test_up_goes_on_after_it_was_killed(up, folder):
    first = up()
    accounts = first.told["accounts"]
    first.end(signal.SIGKILL)
    left = node.status(folder / "state" / "node")
    assert left.running, "nobody could stop the chain"

    second = up()
    assert second.told["accounts"] == accounts
    assert second.get().status_code == 200
    assert second.told["chain"] == left.url
    assert second.end(signal.SIGTERM) == EXIT_OK
    assert not node.status(folder / "state" / "node").running, "what the killed one left is gone"


@pytest.mark.timeout(SECONDS)
def test_up_refuses_a_second_town_in_the_same_folder(up, folder):
    first = up()

    told, code = run(folder, "up", "--port", "0", "--no-browser")

    assert (code, told["error"]["code"]) == (EXIT_USAGE, "UsageError")
    assert "runs already" in told["error"]["message"]
    assert first.get().status_code == 200, "the first one goes on"
    assert first.end() == EXIT_OK


@pytest.mark.timeout(SECONDS)
def test_up_leaves_a_chain_alone_that_it_did_not_start(up, folder):
    started, _ = run(folder, "chain", "up", "--port", str(free_port()))
    first = up()
    assert first.told["chain"] == started["url"]
    assert first.end() == EXIT_OK
    try:
        assert node.status(folder / "state" / "node").running
    finally:
        node.down(folder / "state" / "node")


def test_up_says_which_port_is_taken(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        told, code = run(tmp_path, "up", "--port", str(taken.getsockname()[1]), "--no-browser")

    assert (code, told["error"]["code"]) == (EXIT_NODE, "PortInUse")
    assert "--port 0" in told["error"]["hint"]
    assert not (tmp_path / "state" / "node").exists(), "nothing was begun"


def test_find_anvil_says_where_it_comes_from(monkeypatch):
    monkeypatch.setattr(node, "_candidates", lambda: iter(()))

    with pytest.raises(AnvilMissing) as missing:
        node.find_anvil()
    assert "getfoundry.sh" in missing.value.hint


@pytest.mark.timeout(SECONDS)
def test_up_says_that_the_state_is_of_another_release(up, folder):
    assert up().end() == EXIT_OK
    path = folder / "state" / "deployments" / "31337.json"
    kept = path.read_text()
    manifest = json.loads(kept)
    manifest["contracts"]["Elections"]["address"] = manifest["contracts"]["ItemLedger"]["address"]
    path.write_text(json.dumps(manifest))
    try:
        told, code = run(folder, "up", "--port", "0", "--no-browser")
    finally:
        path.write_text(kept)

    assert code == EXIT_VERIFICATION
    assert "another release" in told["error"]["message"]
    assert not node.status(folder / "state" / "node").running


def test_require_web_names_what_is_missing(monkeypatch):
    monkeypatch.setattr(_town, "find_spec", lambda name: None if name == "uvicorn" else True)

    with pytest.raises(WebExtraMissing) as missing:
        _town.require_web()
    assert "uvicorn" in missing.value.why
    assert "crmdapp[web]" in missing.value.hint


def test_listen_refuses_a_port_that_is_taken():
    with _town.listen(0) as taken, pytest.raises(PortInUse):
        _town.listen(taken.getsockname()[1])


def test_alone_holds_the_folder_until_its_end(tmp_path):
    with _town.alone(tmp_path), pytest.raises(UsageError), _town.alone(tmp_path):
        pass
    with _town.alone(tmp_path):
        pass


def test_password_of_is_kept_for_its_owner_alone(tmp_path, monkeypatch):
    from crmdapp.config import load_config

    config = load_config({"state_dir": str(tmp_path)}, environ={}, cwd=tmp_path, user_dir=tmp_path)
    password, path = _town.password_of(config)

    assert _town.password_of(config) == (password, path)
    assert path.stat().st_mode & 0o077 == 0
    assert len(password) >= 16
