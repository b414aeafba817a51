"""The frame's own routes, tried with what is another merchant's."""

import time

from sqlalchemy import insert

from crmdapp.chain.calls import Call
from crmdapp.web.state import endpoints, operations, outbox
from tests.web.isolation.common import Creates, Foreign, Own, Public

_PREPARED = "gives typed data for what is public on the chain; changes nothing"


def prepare(scene):
    scene.operation = "0123456789abcdef01234567"
    receipt = scene.town.sender("merchant")
    sent = scene.server.context.sender("merchant")
    done = sent.wait(sent.send(Call(receipt.address), key="isolation"))
    scene.endpoint, scene.removed = "ep_isolation", "ep_removed"
    with scene.server.context.state.writing() as session:
        for name in (scene.endpoint, scene.removed):
            session.execute(
                insert(endpoints).values(
                    id=name,
                    merchant=scene.town.address("merchant"),
                    url="https://merchant.example/hooks",
                    events="Nothing",
                    secret=bytes(32),
                    created_at=1,
                )
            )
        session.execute(
            insert(outbox).values(
                id="msg_isolation",
                endpoint=scene.endpoint,
                type="Nothing.Happened",
                block_hash=bytes(32),
                log_index=0,
                turn=0,
                body="{}",
                state="dead",
                attempts=9,
                due_at=0.0,
                lease_until=0.0,
                detail="",
                created_at=1,
            )
        )
        session.execute(
            insert(operations).values(
                id=scene.operation,
                owner=scene.town.address("merchant"),
                account="merchant",
                tx_hash=done.hash,
                created_at=int(time.time()),
            )
        )


_ENDPOINT = Foreign(
    path=lambda scene: {"endpoint_id": scene.endpoint},
    missing=lambda scene: {"endpoint_id": "ep_nobodys"},
)

ROUTES = {
    ("GET", "/healthz"): Public("the process answers"),
    ("GET", "/problems"): Public("names of what can go wrong"),
    ("GET", "/problems/{code}"): Public("what a problem's name means"),
    ("GET", "/readyz"): Public("names of parts that work or do not"),
    ("POST", "/v1/intents"): Public("the signature says who permits what; the contract checks it"),
    ("POST", "/v1/intents/{kind}/prepare"): Public(_PREPARED),
    ("GET", "/v1/webhooks"): Own(lambda scene: [scene.endpoint, "merchant.example"]),
    ("POST", "/v1/webhooks"): Creates("an endpoint is always the caller's"),
    ("POST", "/v1/webhooks/{endpoint_id}/secret"): _ENDPOINT,
    ("DELETE", "/v1/webhooks/{endpoint_id}"): Foreign(
        path=lambda scene: {"endpoint_id": scene.removed},
        missing=lambda scene: {"endpoint_id": "ep_nobodys"},
    ),
    ("GET", "/v1/webhooks/{endpoint_id}/messages"): _ENDPOINT,
    ("POST", "/v1/webhooks/{endpoint_id}/messages/{message_id}/retry"): Foreign(
        path=lambda scene: {"endpoint_id": scene.endpoint, "message_id": "msg_isolation"},
        missing=lambda scene: {"endpoint_id": "ep_nobodys", "message_id": "msg_isolation"},
    ),
    ("GET", "/v1/operations/{operation_id}"): Foreign(
        path=lambda scene: {"operation_id": scene.operation},
        missing=lambda scene: {"operation_id": "ffffffffffffffffffffffff"},
    ),
}
