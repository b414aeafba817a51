"""The frame's own routes, tried with what is another merchant's."""

import time

from sqlalchemy import insert

from crmdapp.web.state import operations
from tests.web.isolation.common import Foreign, Public

_PREPARED = "gives typed data for what is public on the chain; changes nothing"


def prepare(scene):
    scene.operation = "0123456789abcdef01234567"
    receipt = scene.town.sender("merchant")
    sent = scene.server.context.sender("merchant")
    from crmdapp.chain.calls import Call

    done = sent.wait(sent.send(Call(receipt.address), key="isolation"))
    with scene.server.context.state.writing() as session:
        session.execute(
            insert(operations).values(
                id=scene.operation,
                owner=scene.town.address("merchant"),
                account="merchant",
                tx_hash=done.hash,
                created_at=int(time.time()),
            )
        )


ROUTES = {
    ("GET", "/healthz"): Public("the process answers"),
    ("GET", "/readyz"): Public("names of parts that work or do not"),
    ("POST", "/v1/intents"): Public("the signature says who permits what; the contract checks it"),
    ("POST", "/v1/intents/{kind}/prepare"): Public(_PREPARED),
    ("GET", "/v1/operations/{operation_id}"): Foreign(
        path=lambda scene: {"operation_id": scene.operation},
        missing=lambda scene: {"operation_id": "ffffffffffffffffffffffff"},
    ),
}
