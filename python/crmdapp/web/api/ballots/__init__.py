"""Elections and public votes over HTTP.

What is public on chain is open to everybody; what sends needs a key. Votes come sealed, as
ballots that their voters encrypted and signed on their own machines, or not at all.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI

from crmdapp.web.api.ballots import audits, casting, organising, polls, public


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    desk = getattr(app.state, "ballots", None)
    if desk is not None:
        desk.close()


router = APIRouter(prefix="/v1", lifespan=_lifespan)
for part in (public, casting, organising, audits, polls):
    router.include_router(part.router)
