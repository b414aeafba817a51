"""``crmdapp up``: chain, contracts, index, API and pages on this machine, by one command."""

from __future__ import annotations

import os
import sys
import time
import webbrowser
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.cli._frame import command, group, session_of
from crmdapp.cli._output import Facts

if TYPE_CHECKING:
    import socket
    from pathlib import Path

    from crmdapp.chain.accounts import LocalSigner
    from crmdapp.chain.connection import Connection
    from crmdapp.chain.journal import Journal
    from crmdapp.chain.manifest import Manifest
    from crmdapp.cli._context import Session
    from crmdapp.store.index import Step
    from crmdapp.web.settings import Settings

_PORT = 8000

app = group(
    help="Run everything on this machine: chain, contracts, index, API and pages.",
    examples=("crmdapp up --sample", "crmdapp up --port 0 --no-browser"),
)


@command(
    app,
    "up",
    examples=("crmdapp up --sample", "crmdapp up --port 0 --no-browser"),
)
def up(
    ctx: typer.Context,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65_535, help="Of pages and API; 0 takes a free one.")
    ] = _PORT,
    chain_port: Annotated[
        int | None,
        typer.Option(
            "--chain-port", min=1, max=65_535, help="Of the chain; 8545, or a free one if taken."
        ),
    ] = None,
    sample: Annotated[
        bool,
        typer.Option("--sample", help="Put shops, customers, pictures and elections in, once."),
    ] = False,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the pages in the browser.")
    ] = True,
) -> None:
    """Run a local chain, the contracts, the index, the API and the pages, until Ctrl-C.

    Only this machine reaches them. Everything is kept in the state folder: the next time goes on
    with the same data.
    """
    from crmdapp.cli import _town

    session = session_of(ctx)
    config = session.config
    _town.require_web()
    with (
        _town.listen(port) as listener,
        _town.alone(config.state_dir),
        _town.interruptible(),
        _town.chain(config, chain_port, _chain_id(session), _beginning(sample=sample)) as url,
    ):
        _live(session, url, listener, sample=sample, browser=browser)
    session.out.say("Stopped. Everything is kept; crmdapp up goes on with it.")


def _live(
    session: Session, url: str, listener: socket.socket, *, sample: bool, browser: bool
) -> None:
    """Set the town up and serve it until somebody ends it."""
    from crmdapp.chain.connection import connect
    from crmdapp.chain.journal import Journal
    from crmdapp.cli import _town

    config = session.config
    password, password_file = _town.password_of(config)
    operator = _town.operator_of(session.keystore, password)
    path = config.manifest_path(_chain_id(session))
    with (
        connect(url, chain_id=_chain_id(session), timeout=config.timeout) as connection,
        Journal(config.journal_path) as journal,
    ):
        manifest = _deploy(session, connection, operator, journal, path)
        if sample:
            _tell_sample(session, connection, manifest, journal, operator, password)
        _town.catch_up_clock(connection)
        _fill_index(session, connection, manifest)
    settings = _settings(session, url, path, operator, password, listener.getsockname()[1])
    page = f"http://127.0.0.1:{settings.port}/"

    def started() -> None:
        _show(session, settings, url, password_file)
        if browser and _has_display():
            webbrowser.open(page)

    _town.serve(settings, listener, started)


# --------------------------------------------------------------------------- steps


def _chain_id(session: Session) -> int:
    from crmdapp.chain.node import DEFAULT_CHAIN_ID

    return session.config.chain_id or DEFAULT_CHAIN_ID


def _beginning(*, sample: bool) -> int | None:
    """Return when a new chain begins: the sample's story is a year long."""
    if not sample:
        return None
    from crmdapp.sample.stage import PAST

    return int(time.time()) - PAST


def _deploy(
    session: Session,
    connection: Connection,
    operator: LocalSigner,
    journal: Journal,
    path: Path,
) -> Manifest:
    from crmdapp.cli import _town

    outcomes: list[str] = []

    def step(name: str, outcome: str, address: str) -> None:
        outcomes.append(outcome)
        session.out.detail(f"{name}: {outcome} at {address}")

    manifest = _town.deploy(connection, operator, journal, path, step)
    session.out.say(
        f"Contracts: {outcomes.count('deployed')} deployed, {outcomes.count('kept')} there."
    )
    return manifest


def _tell_sample(
    session: Session,
    connection: Connection,
    manifest: Manifest,
    journal: Journal,
    operator: LocalSigner,
    password: str,
) -> None:
    from crmdapp.sample import play

    out, state = session.out, session.config.state_dir
    report = play(
        connection,
        manifest,
        journal,
        session.keystore,
        password,
        state,
        curator=operator,
        progress=lambda part: out.detail(f"Sample: {part}"),
    )
    out.say("Sample: told." if report.told else "Sample: it was told before.")
    for reason in report.left_out:
        out.say(reason)


def _fill_index(session: Session, connection: Connection, manifest: Manifest) -> None:
    from crmdapp.cli import _town

    steps: list[Step] = []
    place = session.config.state_dir / "index.sqlite3"
    if _town.fill_index(place, connection, manifest, steps.append):
        session.out.say("The index did not fit this release or chain, and was made anew.")
    session.out.say(f"Index: block {steps[-1].block:,}, {steps[-1].events:,} events.")


def _settings(
    session: Session,
    url: str,
    manifest: Path,
    operator: LocalSigner,
    password: str,
    port: int,
) -> Settings:
    from crmdapp.cli import _town
    from crmdapp.web.settings import Settings

    config = session.config
    vault = config.state_dir / "vault.sqlite3"
    keys = config.state_dir / "operator.sqlite3"
    has_vault = vault.exists() and keys.exists()
    signers = {_town.OPERATOR: operator, **_town.shops(session.keystore, password)}
    return Settings(
        rpc=(url,),
        manifest=manifest,
        state_dir=config.state_dir,
        index=config.state_dir / "index.sqlite3",
        store=vault if has_vault else None,
        store_keys=keys if has_vault else None,
        keystore=config.keystore_dir,
        chain_id=_chain_id(session),
        port=port,
        local=True,
        signers=signers,
        relayer=_town.OPERATOR,
        timeout=config.timeout,
    )


def _show(session: Session, settings: Settings, url: str, password_file: Path) -> None:
    page = f"http://127.0.0.1:{settings.port}/"
    accounts = [item.name for item in session.keystore.list()]
    data: dict[str, Any] = {
        "pages": page,
        "api": f"{page}openapi.json",
        "chain": url,
        "chain_id": settings.chain_id,
        "state_dir": settings.state_dir,
        "accounts": accounts,
        "password_file": password_file,
    }
    session.out.result(
        data,
        Facts(
            [
                ("Pages", page),
                ("API", data["api"]),
                ("Chain", f"{url} (chain {settings.chain_id})"),
                ("State", str(settings.state_dir)),
                ("Sign in as", ", ".join(accounts)),
                ("Password", f"in {password_file}"),
            ]
        ),
        "Ctrl-C stops all of it.",
    )
    sys.stdout.flush()


def _has_display() -> bool:
    """Return whether a browser would open a window, not take the terminal over."""
    if not sys.stdout.isatty():
        return False
    return sys.platform == "darwin" or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
