"""The server as an ASGI application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path

from fastapi import APIRouter, Depends, FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.staticfiles import StaticFiles

from crmdapp import __version__
from crmdapp.web import problems
from crmdapp.web.context import Context
from crmdapp.web.describing import describe
from crmdapp.web.following import Following
from crmdapp.web.idempotency import Idempotency
from crmdapp.web.logs import Watch
from crmdapp.web.metrics import Metrics
from crmdapp.web.pages import catch_up
from crmdapp.web.pages.confirming import confirm_page
from crmdapp.web.ratelimit import RateLimits
from crmdapp.web.security.guards import Guards
from crmdapp.web.security.sessions import guard_form
from crmdapp.web.settings import Settings
from crmdapp.web.wallets import UnconfirmedError
from crmdapp.web.webhooks.delivery import Delivery

API = (
    "crmdapp.web.health",
    "crmdapp.web.explaining",
    "crmdapp.web.operations",
    "crmdapp.web.api.intents",
    "crmdapp.web.api.webhooks",
    "crmdapp.web.api.loyalty",
    "crmdapp.web.api.customers",
    "crmdapp.web.api.provenance",
    "crmdapp.web.api.ballots",
    "crmdapp.web.api.analytics",
)
"""Modules with a ``router`` of API routes."""

PAGES = (
    "crmdapp.web.pages.frame",
    "crmdapp.web.pages.loyalty",
    "crmdapp.web.pages.customers",
    "crmdapp.web.pages.provenance",
    "crmdapp.web.pages.ballots",
    "crmdapp.web.pages.analytics",
)
"""Modules with a ``router`` of pages, and ``NAV``: the links they add to every page."""

_STATIC = Path(__file__).with_name("static")


def create_app(settings: Settings) -> FastAPI:
    """Return the server, ready to be run by an ASGI server such as uvicorn.

    Raises:
        NodeProblem: No node answers, or it serves another chain.
        ContractMissing: Nothing is deployed there.
        StoreProblem: A database cannot be opened.
    """
    app = build_app(settings)
    app.state.context = Context(settings)
    return app


def build_app(settings: Settings) -> FastAPI:
    """Return the server's routes, without chain and databases: enough for its description."""
    app = FastAPI(
        title="crmdapp",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
    )
    app.state.following = None
    # The last one added is the first one that a request meets.
    app.add_middleware(Idempotency)
    app.add_middleware(RateLimits, settings=settings)
    app.add_middleware(Guards, settings=settings)
    app.state.metrics = Metrics()
    app.add_middleware(Watch, metrics=app.state.metrics)
    problems.install(app)
    app.add_exception_handler(UnconfirmedError, confirm_page)
    app.mount("/static", StaticFiles(directory=_STATIC), name="static")
    links = []
    for name in API:
        app.include_router(_router(name))
    for name in PAGES:
        guarded = [Depends(guard_form), Depends(catch_up)]
        app.include_router(_router(name), dependencies=guarded, include_in_schema=False)
        links += list(getattr(import_module(name), "NAV", ()))
    app.state.links = tuple(links)
    describe(app)
    return app


def _router(name: str) -> APIRouter:
    router: APIRouter = import_module(name).router
    return router


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    context: Context = app.state.context
    if context.settings.follow:
        app.state.following = Following(context)
        app.state.following.start()
    delivery = Delivery(context) if context.settings.deliver else None
    if delivery is not None:
        delivery.start()
    try:
        yield
    finally:
        if delivery is not None:
            await run_in_threadpool(delivery.stop)
        if app.state.following is not None:
            await run_in_threadpool(app.state.following.stop)
        context.close()
