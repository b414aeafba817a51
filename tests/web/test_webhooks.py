"""Webhooks: signed, at least once, undone with a reorg, never sent into one's own network."""

import base64
import hashlib
import hmac
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import select, update

from crmdapp.loyalty import LoyaltyClient
from crmdapp.web.state import endpoints, outbox
from crmdapp.web.webhooks import delivery
from crmdapp.web.webhooks.delivery import RESTS, deliver
from crmdapp.web.webhooks.outbox import gather
from crmdapp.web.webhooks.targets import WebhookUrlRefused, is_public, target_of
from tests.web.receiver import Receiver
from tests.web.town import served


@pytest.fixture(scope="module")
def server(town, tmp_path_factory):
    """A server that neither follows nor delivers by itself: the tests take each step."""
    mark = town.node.snapshot()
    with served(town, tmp_path_factory.mktemp("server"), deliver=False, poll=60.0) as server:
        yield server
    town.node.revert(mark)
    town.forget_journal()


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def pool():
    with ThreadPoolExecutor(2) as pool:
        yield pool


@pytest.fixture
def endpoint(api, server, receiver):
    """An endpoint of the merchant for awards; it knows what is there already."""
    wanted = {"url": receiver.url, "events": ["PointsHub.ERC6909Transfer"]}
    made = api("merchant").post(
        "/v1/webhooks", json=wanted, headers={"Idempotency-Key": receiver.url}
    )
    assert made.status_code == 201, made.text
    server.settle()
    while gather(server.context):
        pass
    yield made.json()
    api("merchant").delete(
        f"/v1/webhooks/{made.json()['id']}", headers={"Idempotency-Key": "x" + receiver.url}
    )


@pytest.fixture(scope="module")
def program(town, server):
    return town.open_program("merchant")


@pytest.fixture
def award(town, server, program):
    """Awards, and lets the index see it."""

    def award_():
        client = town.client(LoyaltyClient, "merchant")
        receipt = client.award(program, town.address("customer"), 500)
        server.settle()
        return receipt

    return award_


def messages(server, endpoint):
    with server.context.state.reading() as session:
        query = select(outbox).where(outbox.c.endpoint == endpoint["id"])
        return list(session.execute(query.order_by(outbox.c.created_at, outbox.c.turn)))


def test_gather_and_deliver_send_a_signed_message(server, endpoint, receiver, award, pool, program):
    receipt = award()
    assert gather(server.context) == 1
    assert deliver(server.context, pool) == 1

    [(headers, body)] = receiver.got
    [message] = receiver.wait(1)
    assert message["type"] == "PointsHub.ERC6909Transfer"
    assert message["data"]["tx_hash"] == receipt.hash
    assert message["data"]["fields"]["id"] == program
    secret = base64.b64decode(endpoint["secret"].removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    mac = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{mac}"
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 10
    assert (gather(server.context), deliver(server.context, pool)) == (0, 0)


def test_gather_tells_nobody_of_what_is_another_merchants(server, endpoint, town):
    number = town.open_program("rival")
    town.client(LoyaltyClient, "rival").award(number, town.address("customer"), 500)
    server.settle()
    assert gather(server.context) == 0


def test_gather_goes_on_after_an_event_about_no_program(
    server, endpoint, receiver, award, town, api
):
    wanted = {"url": receiver.url, "events": ["PointsHub.ERC6909Approval"]}
    made = api("rival").post("/v1/webhooks", json=wanted, headers={"Idempotency-Key": "no-program"})
    assert made.status_code == 201, made.text
    hub = town.connection.contract("PointsHub", town.manifest.address("PointsHub"))
    approval = hub.call("approve", town.address("friend"), 2**256 - 1, 1)
    town.client(LoyaltyClient, "outsider").send(approval)
    award()
    assert gather(server.context) == 1
    assert len(messages(server, endpoint)) == 1


def test_gather_tells_what_a_reorg_undid_and_what_it_brought_back(
    server, endpoint, receiver, award, town, pool
):
    mark = town.node.snapshot()
    award()
    assert gather(server.context) == 1
    town.node.revert(mark)
    town.forget_journal()
    town.node.mine(3)
    server.settle()

    assert gather(server.context) == 1
    deliver(server.context, pool)
    by_type = {item["type"]: item for item in receiver.wait(2)}
    undone = by_type["PointsHub.ERC6909Transfer.undone"]
    ids = {headers["webhook-id"] for headers, _ in receiver.got}
    assert undone["undoes"] in ids
    assert undone["data"] == by_type["PointsHub.ERC6909Transfer"]["data"]

    award()
    assert gather(server.context) == 1


def test_deliver_tries_again_later_under_the_same_id(server, endpoint, receiver, award, pool):
    award()
    gather(server.context)
    receiver.status = 500
    assert deliver(server.context, pool) == 1
    [row] = messages(server, endpoint)
    assert (row.state, row.attempts, row.detail) == ("waiting", 1, "status 500")
    assert 0.8 * RESTS[0] <= row.due_at - time.time() + 1
    assert deliver(server.context, pool) == 0  # not due yet

    receiver.status = 204
    make_due(server, row.id)
    assert deliver(server.context, pool) == 1
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    assert messages(server, endpoint)[0].state == "delivered"


def test_deliver_gives_up_at_last_and_retry_begins_anew(
    server, endpoint, receiver, award, pool, api
):
    award()
    gather(server.context)
    receiver.status = 503
    for _ in range(len(RESTS) + 1):
        deliver(server.context, pool)
        make_due(server, messages(server, endpoint)[0].id)
    [row] = messages(server, endpoint)
    assert (row.state, row.attempts) == ("dead", len(RESTS) + 1)
    listed = api("merchant").get(f"/v1/webhooks/{endpoint['id']}/messages?state=dead").json()
    assert [item["id"] for item in listed["items"]] == [row.id]

    receiver.status = 200
    path = f"/v1/webhooks/{endpoint['id']}/messages/{row.id}/retry"
    again = api("merchant").post(path, headers={"Idempotency-Key": row.id})
    assert (again.status_code, again.json()["state"]) == (200, "waiting")
    deliver(server.context, pool)
    assert messages(server, endpoint)[0].state == "delivered"


def test_deliver_follows_no_redirect(server, endpoint, receiver, award, pool):
    award()
    gather(server.context)
    receiver.status = 302
    deliver(server.context, pool)
    assert messages(server, endpoint)[0].detail == "status 302"


def test_deliver_stops_if_the_endpoint_is_gone(server, endpoint, receiver, award, pool):
    award()
    gather(server.context)
    receiver.status = 410
    deliver(server.context, pool)
    with server.context.state.reading() as session:
        query = select(endpoints.c.disabled_at).where(endpoints.c.id == endpoint["id"])
        assert session.scalar(query) is not None


def test_deliver_sends_again_what_a_killed_process_had_taken(
    server, endpoint, receiver, award, pool, monkeypatch
):
    award()
    gather(server.context)
    assert len(delivery._claim(server.context)) == 1  # and then the process is gone
    assert deliver(server.context, pool) == 0
    with server.context.state.writing() as session:
        session.execute(update(outbox).values(lease_until=time.time() - 1))
    assert deliver(server.context, pool) == 1
    assert len(receiver.got) == 1


def test_rotate_secret_signs_with_both_for_a_day(server, endpoint, receiver, award, pool, api):
    path = f"/v1/webhooks/{endpoint['id']}/secret"
    new = api("merchant").post(path, headers={"Idempotency-Key": endpoint["id"]}).json()["secret"]
    assert new != endpoint["secret"]
    award()
    gather(server.context)
    deliver(server.context, pool)
    [(headers, body)] = receiver.got
    wanted = [
        delivery.sign(
            headers["webhook-id"],
            int(headers["webhook-timestamp"]),
            body,
            base64.b64decode(secret.removeprefix("whsec_")),
        )
        for secret in (new, endpoint["secret"])
    ]
    assert headers["webhook-signature"].split() == wanted


def make_due(server, message):
    with server.context.state.writing() as session:
        session.execute(update(outbox).where(outbox.c.id == message).values(due_at=0.0))


# --------------------------------------------------------------------------- where to


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://localhost/",
        "https://0/",
        "https://0x7f000001/",
        "https://user@example.org/",
        "https:///nothing",
        "https://example.org:99999/",
        "ftp://example.org/",
        "https://no.such.host.invalid/",
    ],
)
def test_target_of_refuses_what_is_not_the_public_internet(server, url):
    remote = replace(server.settings, local=False)
    with pytest.raises(WebhookUrlRefused):
        target_of(url, remote)


def test_target_of_takes_a_private_host_that_the_settings_name(server):
    remote = replace(server.settings, local=False, webhook_hosts=("127.0.0.1",))
    assert target_of("http://127.0.0.1:8080/x?y=1", remote).path == "/x?y=1"


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("192.168.1.1", False),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("2002:7f00:1::", False),
        ("64:ff9b::7f00:1", False),
        ("fe80::1", False),
        ("fd00::1", False),
    ],
)
def test_is_public_tells_the_internet_from_the_rest(address, public):
    assert is_public(address) is public


def test_add_endpoint_refuses_a_url_with_a_problem(api):
    answer = api("merchant").post(
        "/v1/webhooks", json={"url": "ftp://example.org/"}, headers={"Idempotency-Key": "bad"}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "WebhookUrlRefused")
