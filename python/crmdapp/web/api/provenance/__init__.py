"""Works of art and products over HTTP.

What is on the chain is open to everybody: works, cases, the journey of a product. What waits for a
signature, a custodian's stock and partners' documents are shown to those whom they concern, and
answered to others like what does not exist.
"""

from __future__ import annotations

from fastapi import APIRouter

from crmdapp.web.api.provenance import (
    artworks,
    board,
    epcis,
    governing,
    handovers,
    items,
    items_sending,
    market,
    submissions,
)

router = APIRouter(prefix="/v1/provenance")
for part in (
    artworks,
    submissions,
    market,
    board,
    governing,
    items,
    items_sending,
    handovers,
    epcis,
):
    router.include_router(part.router)
