"""Several server processes over one PostgreSQL are one server to those who ask."""

import secrets
import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest

from crmdapp.errors import UsageError
from crmdapp.store.errors import StoreCorrupt
from crmdapp.web.security.api_keys import ApiKeys
from crmdapp.web.state import open_state
from crmdapp.web.webhooks.outbox import gather
from tests.fixtures.postgres import postgres  # noqa: F401 - a fixture
from tests.web.town import served

PROGRAM = {"name": "Bean", "symbol": "BEAN"}


@pytest.fixture(scope="module")
def pair(town, postgres, tmp_path_factory):  # noqa: F811 - the fixture
    """Two servers of one machine with one database."""
    mark = town.node.snapshot()
    address = postgres.new_database()
    folder = tmp_path_factory.mktemp("pair")
    options = {"database": address, "deliver": False}
    with (
        served(town, folder, **options) as one,
        served(town, folder, **options, follow=False) as other,  # an index has one writer
    ):
        yield one, other
    town.node.revert(mark)
    town.forget_journal()
    postgres.drop(address)


def test_key_made_at_one_is_good_at_the_other(pair):
    one, other = pair
    headers = {"Authorization": f"Bearer {one.key('merchant')}"}
    assert other.api().get("/v1/webhooks", headers=headers).status_code == 200


def test_request_sent_to_both_happens_once(pair, town):
    headers = {
        "Authorization": f"Bearer {pair[0].key('merchant')}",
        "Idempotency-Key": secrets.token_hex(8),
    }
    clients = [server.api() for server in pair]
    nonce = town.connection.nonce(town.address("merchant"))

    def ask(client):
        return client.post("/v1/loyalty/programs", json=PROGRAM, headers=headers)

    with ThreadPoolExecutor(2) as pool:
        first = list(pool.map(ask, clients))
    assert sorted(answer.status_code for answer in first) in ([201, 201], [201, 409])
    last = [ask(client) for client in clients]
    assert [answer.status_code for answer in last] == [201, 201]
    assert last[0].json() == last[1].json()
    assert town.connection.nonce(town.address("merchant")) == nonce + 1


def test_event_is_taken_over_once(pair, town):
    hook = {"url": "http://127.0.0.1:9/", "events": ["PointsHub.ProgramCreated"]}
    headers = {"Idempotency-Key": secrets.token_hex(8)}
    made = pair[0].api("merchant").post("/v1/webhooks", json=hook, headers=headers).json()
    pair[0].settle()
    while gather(pair[0].context):
        pass
    town.open_program("merchant")
    pair[0].settle()
    with ThreadPoolExecutor(2) as pool:
        counts = list(pool.map(lambda server: gather(server.context), pair))
    assert sorted(counts) == [0, 1]
    listed = pair[1].api("merchant").get(f"/v1/webhooks/{made['id']}/messages").json()
    assert [item["type"] for item in listed["items"]] == ["PointsHub.ProgramCreated"]


def test_open_state_refuses_a_file_that_is_no_database(tmp_path):
    (tmp_path / "web.sqlite3").write_bytes(b"nothing" * 999)
    with pytest.raises(StoreCorrupt):
        open_state(tmp_path / "web.sqlite3")


def test_open_state_refuses_a_password_in_the_address():
    with pytest.raises(UsageError, match="holds no password"):
        open_state("postgresql://crm:secret@db.example/crm")


def test_state_keeps_no_key(tmp_path):
    state = open_state(tmp_path / "web.sqlite3")
    _, text = ApiKeys(state).new("0x70997970C51812dc3A010C7d01b50e0d17dc79C8", ("relay",))
    state.close()
    with sqlite3.connect(tmp_path / "web.sqlite3") as raw:
        dump = "\n".join(raw.iterdump())
    raw.close()
    assert text not in dump
    assert text.rpartition("_")[2] not in dump
