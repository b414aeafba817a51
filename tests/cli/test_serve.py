"""``crmdapp serve``: a server of this machine, or a remote one that knows its name."""

import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request

import pytest

from tests.cli.conftest import CRMDAPP


@pytest.fixture
def serving(crmdapp):
    """``serving(*words)``: the server's process and what it said; it is ended at last."""
    processes = []

    def start(*words):
        process = subprocess.Popen(
            [*CRMDAPP, "serve", "--port", "0", *words, "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ},
        )
        processes.append(process)
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith("}"):
                break
        assert lines, process.stderr.read()
        return process, json.loads("".join(lines))

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def get(url):
    with urllib.request.urlopen(url, timeout=20) as answer:
        return answer.status, answer.read()


def test_serve_goes_on_after_kill_9_and_ends_when_asked_to(serving):
    process, _ = serving()
    process.kill()
    process.wait()

    process, said = serving()
    assert said["local"] is True
    assert said["accounts"] == ["environment"]
    assert said["relayer"] is None
    assert get(f"{said['url']}/healthz") == (200, b'{"status":"ok"}')
    await_ready(said["url"])
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 0
    for line in process.stderr.read().splitlines():
        assert line.startswith("{") or line == "Stopped.", line


def await_ready(url):
    """The index has what is on the chain."""
    for _ in range(600):
        try:
            return get(f"{url}/readyz")
        except urllib.error.HTTPError as refusal:
            refusal.close()
            if refusal.code != 503:
                raise
            time.sleep(0.05)
    raise AssertionError("the server did not become ready")


def test_serve_refuses_others_without_a_name(crmdapp):
    error = crmdapp.error("serve", "--host", "0.0.0.0", code=2)
    assert error["hint"] == "Name it: --public-url https://crm.example"


def test_serve_refuses_a_public_address_without_tls(crmdapp):
    error = crmdapp.error("serve", "--public-url", "http://crm.example", code=2)
    assert error["message"] == "A public address is https:// and a host name."


def test_serve_tells_of_a_node_that_is_down(crmdapp):
    crmdapp.env(CRMDAPP_RPC="http://127.0.0.1:9")
    assert crmdapp.error("serve", code=5)["code"] == "NodeUnreachable"


def test_serve_tells_what_to_install_without_its_packages(crmdapp, monkeypatch):
    from crmdapp.cli import _town

    monkeypatch.setattr(_town, "find_spec", lambda name: None)
    error = crmdapp.error("serve", code=2)
    assert (error["code"], error["hint"]) == (
        "WebExtraMissing",
        "Install them: pip install 'crmdapp[web]'",
    )
