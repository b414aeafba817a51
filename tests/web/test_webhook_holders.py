"""Webhooks about people: the company that has the terms is told, and nobody else."""

import json

import pytest
from sqlalchemy import select

from crmdapp.customers.consent_intents import SignedGrant, SignedWithdrawal
from crmdapp.customers.consents import ConsentClient
from crmdapp.web.state import endpoints, outbox
from crmdapp.web.webhooks.outbox import gather
from tests.web.customers_story import NOTICE, carla_of, draft, key_of_request
from tests.web.receiver import Receiver
from tests.web.town import served

KINDS = ["ConsentRegistry.ConsentGranted", "ConsentRegistry.ConsentWithdrawn"]


@pytest.fixture(scope="module")
def server(town, tmp_path_factory):
    """A server that delivers nothing by itself."""
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


def listen(api, role, receiver):
    wanted = {"url": receiver.url, "events": KINDS}
    made = api(role).post("/v1/webhooks", json=wanted, headers=key_of_request())
    assert made.status_code == 201, made.text


def told(server):
    """Who was told what, in order."""
    with server.context.state.reading() as session:
        query = select(endpoints.c.merchant, outbox.c.body).join(
            outbox, outbox.c.endpoint == endpoints.c.id
        )
        return [(row.merchant, json.loads(row.body)) for row in session.execute(query)]


def test_gather_tells_the_company_of_a_consent_and_no_other(server, town, api, receiver, tmp_path):
    with carla_of(town, server, tmp_path) as carla:
        api("rival").post("/v1/customers/vault", headers=key_of_request())
        body = {"draft": draft(carla.subject), "notice": NOTICE}
        asked = api("merchant").post(
            "/v1/customers/consents/requests", json=body, headers=key_of_request()
        )
        request = asked.json()["request"]
        for role in ("merchant", "rival"):
            listen(api, role, receiver)
        server.settle()
        gather(server.context)
        client = town.client(ConsentClient, "outsider")
        client.grant_by_sig(SignedGrant.from_json(carla.agree(request)))
        client.withdraw_by_sig(SignedWithdrawal.from_json(carla.withdraw(request)))
        server.settle()
        assert gather(server.context) == 2
        found = told(server)
    assert {merchant for merchant, _ in found} == {town.address("merchant")}
    assert sorted(body["type"] for _, body in found) == KINDS
