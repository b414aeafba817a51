"""Webhooks about works and goods: those whom an event concerns are told, and nobody else."""

import json

import pytest
from sqlalchemy import select

from crmdapp.provenance import ArtworksClient, BoardClient, ItemsClient
from crmdapp.provenance.gs1.epc import epc_hash
from crmdapp.provenance.models import Ground
from crmdapp.web.state import endpoints, outbox
from crmdapp.web.webhooks.outbox import gather
from crmdapp.web.webhooks.owners import owners_of
from tests.web.provenance_story import box_of_coffee, draw, hang
from tests.web.receiver import Receiver
from tests.web.town import ROLES, served


@pytest.fixture(scope="module")
def server(town, tmp_path_factory):
    """A server that delivers nothing by itself."""
    mark = town.node.snapshot()
    with served(town, tmp_path_factory.mktemp("server"), deliver=False, poll=60.0) as server:
        yield server
    town.node.revert(mark)
    town.forget_journal()


@pytest.fixture(scope="module")
def told(server, town):
    """``told(act)``: who was told of what by what ``act`` does to the chain."""
    receiver = Receiver()
    kinds = ["Artworks", "CuratorBoard", "ItemLedger"]
    for role in ROLES:
        headers = {"Idempotency-Key": f"listen-{role}"}
        body = {"url": receiver.url, "events": kinds}
        made = server.api(role).post("/v1/webhooks", json=body, headers=headers)
        assert made.status_code == 201, made.text
    names = {town.address(role): role for role in ROLES}

    def told_(act):
        server.settle()
        while gather(server.context):
            pass
        before = messages()
        act()
        server.settle()
        while gather(server.context):
            pass
        new = messages().items() - before.items()
        return {(names[who], kind) for _, (who, kind) in new}

    def messages():
        with server.context.state.reading() as session:
            query = select(outbox.c.id, endpoints.c.merchant, outbox.c.body).join(
                endpoints, outbox.c.endpoint == endpoints.c.id
            )
            rows = session.execute(query).all()
        return {
            row.id: (row.merchant, json.loads(row.body)["type"].partition(".")[2]) for row in rows
        }

    yield told_
    receiver.close()


@pytest.fixture(scope="module")
def work(server, town, tmp_path_factory):
    """A registered work of the artist, for sale."""
    return hang(town, server, draw(tmp_path_factory.mktemp("art") / "a.png", 1), "A", price="1")


def test_gather_tells_a_sale_to_its_parties_and_the_gallery(told, town, work):
    def sale():
        works = town.client(ArtworksClient, "collector")
        works.buy(work, works.currency(0).price("1"))

    found = told(sale)
    assert {("artist", "ArtworkSold"), ("collector", "ArtworkSold")} <= found
    assert ("curator", "ArtworkSold") in found  # who runs the gallery
    assert {who for who, _ in found} == {"artist", "collector", "curator"}


def test_gather_tells_a_challenge_to_who_is_concerned(told, town, work):
    def challenge():
        board = town.client(BoardClient, "friend")
        case_id = board.challenge(work, Ground.FALSE_RECORD)
        town.client(BoardClient, "artist").defend(case_id)

    found = told(challenge)
    assert {("artist", "CaseOpened"), ("friend", "CaseOpened")} <= found
    assert {("artist", "CaseDefended"), ("friend", "CaseDefended")} <= found
    # The collector owns the work by now.
    assert {who for who, kind in found if kind == "CaseOpened"} == {"artist", "friend", "collector"}


def test_gather_tells_what_happens_to_goods_to_issuer_and_custodian(told, town):
    made = []
    first = told(lambda: made.extend(box_of_coffee(town)))
    assert {("artist", "ItemCommissioned"), ("carrier", "CustodyHandedOver")} <= first
    assert {who for who, _ in first} == {"artist", "carrier"}
    ledger = town.client(ItemsClient, "artist")
    later = told(lambda: ledger.recall([epc_hash(made[3].identity)], b"\x11" * 32))
    assert later == {("artist", "ItemRecalled"), ("carrier", "ItemRecalled")}


def test_owners_of_looks_a_log_up_by_its_32_bytes(server):
    with server.context.index.reading() as session:
        fields = {"log": "0x" + "11" * 32}
        assert owners_of(session, "InteractionLog", "LogOpened", fields) == set()
