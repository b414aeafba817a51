"""Running the server: health, figures, logs, limits; node down or lying, database locked."""

import io
import json
import logging
import sqlite3
import time
from dataclasses import replace
from pathlib import Path

import pytest

from crmdapp.errors import UsageError
from crmdapp.web import logs
from crmdapp.web.ratelimit import Buckets
from crmdapp.web.settings import Settings, public_name
from tests.fixtures.flaky_rpc import FlakyRpc, drop_before, result
from tests.web.town import served

TRANSFER = "/v1/intents/loyalty.transfer/prepare"
HOOKS = "/v1/webhooks"


@pytest.fixture
def transfer(town):
    return {
        "program": "1",
        "holder": town.address("customer"),
        "to": town.address("friend"),
        "points": "1",
    }


@pytest.fixture(scope="module")
def shaky(town, tmp_path_factory):
    """A server whose node can be told to misbehave, and that node."""
    folder = tmp_path_factory.mktemp("shaky")
    with FlakyRpc(town.node.url) as node:
        settings = {"rpc": (node.url,), "timeout": 0.5, "poll": 60.0}
        with served(town, folder, **settings) as server:
            yield server, node


# --------------------------------------------------------------------------- health


def test_ready_says_that_everything_works(api, server):
    server.settle()
    answer = api().get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {
        "ready": True,
        "node": {"ok": True, "detail": ""},
        "index": {"ok": True, "detail": ""},
        "database": {"ok": True, "detail": ""},
        "lag": 0,
    }
    assert api().get("/healthz").json() == {"status": "ok"}


def test_metrics_count_routes_and_name_nobody(api, town, server):
    address = town.address("customer")
    api().get(f"/v1/loyalty/accounts/{address}/balances")
    api("merchant").get("/v1/webhooks/ep_secret/messages")
    answer = api().get("/metrics")
    assert answer.status_code == 200
    assert "crmdapp_index_lag_blocks 0.0" in answer.text
    assert 'route="/v1/webhooks/{endpoint_id}/messages"' in answer.text
    assert "ep_secret" not in answer.text
    assert address.lower() not in answer.text.lower()


def test_metrics_ask_a_stranger_for_the_token(town, tmp_path):
    with served(town, tmp_path / "guarded", metrics_token="s3cret") as server:
        client = server.api()
        assert client.get("/metrics").status_code == 401
        right = {"Authorization": "Bearer s3cret"}
        assert client.get("/metrics", headers=right).status_code == 200


def await_lines(stream, count):
    deadline = time.monotonic() + 10
    while stream.getvalue().count("\n") < count:
        assert time.monotonic() < deadline, stream.getvalue()
        time.sleep(0.01)


def test_logs_are_json_without_personal_data(api, town):
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.JsonLines())
    logger = logging.getLogger("crmdapp.web.access")
    logger.addHandler(handler)
    level = logger.level
    logger.setLevel(logging.INFO)
    try:
        path = f"/sign-in?next=/{town.address('customer')}"
        answer = api("merchant").get(path)
        api("merchant").get(f"/v1/nothing/{town.address('customer')}?email=a@b.example")
        await_lines(stream, 2)  # a line is written after the answer has gone out
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert lines[0]["request_id"] == answer.headers["x-request-id"]
    assert (lines[0]["route"], lines[0]["status"]) == ("/sign-in", 200)
    assert lines[1]["problem"] == "NotFound"
    for secret in (town.address("customer"), "email", "a@b.example", "127.0.0.1", "crm_"):
        assert secret.lower() not in stream.getvalue().lower()


# --------------------------------------------------------------------------- node and database


def test_node_down_is_told_and_passes(shaky, transfer):
    server, node = shaky
    node.plan(drop_before, times=-1)
    try:
        answer = server.api().post(TRANSFER, json=transfer)
        assert (answer.status_code, answer.json()["code"]) == (503, "NodeUnreachable")
        assert int(answer.headers["retry-after"]) > 0
        assert answer.headers["content-type"] == "application/problem+json"
        ready = server.api().get("/readyz")
        assert (ready.status_code, ready.json()["node"]["ok"]) == (503, False)
        assert server.api().get("/healthz").status_code == 200
        assert server.api().get("/").status_code == 200
    finally:
        node.heal()
    assert server.api().post(TRANSFER, json=transfer).status_code == 200


def test_lying_node_is_told(shaky, transfer):
    server, node = shaky
    server.api().post(TRANSFER, json=transfer)
    node.plan(result("a lie"), method="eth_getBlockByNumber", times=-1)
    try:
        answer = server.api().post(TRANSFER, json=transfer)
    finally:
        node.heal()
    assert (answer.status_code, answer.json()["code"]) == (503, "NodeLied")


def test_locked_database_is_told_and_nothing_is_done(town, tmp_path):
    with served(town, tmp_path / "locked", deliver=False) as server:
        client = server.api("merchant")
        assert client.get(HOOKS).json() == []
        holder = sqlite3.connect(server.settings.state_dir / "web.sqlite3", isolation_level=None)
        try:
            holder.execute("BEGIN IMMEDIATE")
            hook = {"url": "http://127.0.0.1:1/"}
            answer = client.post(HOOKS, json=hook, headers={"Idempotency-Key": "locked"})
            assert (answer.status_code, answer.json()["code"]) == (503, "StoreLocked")
            assert answer.headers["retry-after"]
            assert client.get(HOOKS).json() == []  # reading goes on
        finally:
            holder.execute("ROLLBACK")
            holder.close()
        again = client.post(HOOKS, json=hook, headers={"Idempotency-Key": "locked"})
        assert again.status_code == 201


def test_chain_whose_clock_is_ahead_still_takes_what_is_prepared(api, server, town, transfer):
    ahead = town.now() + 5 * 86_400
    town.node.advance_to(ahead)
    typed = api().post(TRANSFER, json=transfer).json()
    assert int(typed["message"]["deadline"]) >= ahead + 3_600


# --------------------------------------------------------------------------- limits


def test_buckets_refill_with_time():
    buckets = Buckets(rate=2.0, burst=3)
    assert [buckets.take(b"a", now=0.0)[0] for _ in range(3)] == [2, 1, 0]
    assert buckets.take(b"a", now=0.0) == (0, 0.5)
    assert buckets.take(b"b", now=0.0) == (2, 0.0)
    assert buckets.take(b"a", now=0.5) == (0, 0.0)
    assert buckets.take(b"a", now=99.0) == (2, 0.0)


def test_too_many_requests_are_told_when_to_come_back(town, tmp_path):
    limits = {"address_rate": 0.01, "address_burst": 2, "rate": 0.01, "burst": 3}
    with served(town, tmp_path / "strict", **limits) as server:
        stranger, merchant = server.api(), server.api("merchant")
        codes = [stranger.get("/v1/nothing").status_code for _ in range(3)]
        assert codes == [404, 404, 429]
        answer = stranger.get("/v1/nothing")
        assert answer.json()["code"] == "RateLimited"
        assert 60 <= int(answer.headers["retry-after"]) <= 100
        assert answer.headers["ratelimit"] == '"default";r=0;t=200'
        made_up = {"Authorization": "Bearer crm_made_up"}
        assert stranger.get("/v1/nothing", headers=made_up).status_code == 429
        assert stranger.get("/healthz").status_code == 200
        assert merchant.get(HOOKS).status_code == 429  # not known yet: the address's bucket


# --------------------------------------------------------------------------- settings


def test_settings_refuse_a_local_server_that_others_reach(server):
    with pytest.raises(UsageError, match="this machine only"):
        replace(server.settings, host="0.0.0.0")


def test_settings_refuse_a_remote_server_without_a_name(server):
    with pytest.raises(UsageError, match="its own name"):
        replace(server.settings, local=False, host="0.0.0.0")


@pytest.mark.parametrize(
    "url", ["http://crm.example", "https://", "crm.example", "https://crm.example/x", "https://[x"]
)
def test_public_name_refuses_what_is_no_https_origin(url):
    with pytest.raises(UsageError, match="https://"):
        public_name(url)


def test_public_name_returns_the_host():
    assert public_name("https://CRM.example:8443/") == "crm.example"


def test_settings_show_no_secret():
    path = Path("x")
    shown = repr(Settings(("http://x",), path, path, path, metrics_token="s3cret"))
    assert "s3cret" not in shown
    assert "signers" not in shown
