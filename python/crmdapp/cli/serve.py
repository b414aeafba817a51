"""``crmdapp serve``: the HTTP API and the pages, over a chain and an index."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.cli._frame import command, group, session_of
from crmdapp.cli._output import Facts

if TYPE_CHECKING:
    from crmdapp.chain.accounts import Signer
    from crmdapp.cli._context import Session
    from crmdapp.web.settings import Settings

DATABASE_VARIABLE = "CRMDAPP_WEB_DATABASE"
_METRICS_VARIABLE = "CRMDAPP_METRICS_TOKEN"

DatabaseOption = Annotated[
    str | None,
    typer.Option(
        "--database",
        metavar="FILE",
        envvar=DATABASE_VARIABLE,
        help="The server's own: a file, or a postgresql:// address for several processes.",
    ),
]

app = group(
    help="Serve the HTTP API and the pages.",
    examples=("crmdapp serve", "crmdapp serve --port 0 --json"),
)


@command(
    app,
    "serve",
    examples=(
        "crmdapp serve --account shop",
        "crmdapp serve --host 0.0.0.0 --public-url https://crm.example --account shop --no-follow",
    ),
)
def serve(
    ctx: typer.Context,
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", help="Where to listen.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65_535, help="0 takes a free one.")
    ] = 8000,
    public_url: Annotated[
        str | None,
        typer.Option(
            "--public-url",
            metavar="URL",
            help="Address under which others reach it through your TLS proxy: https://...",
        ),
    ] = None,
    index: Annotated[
        str | None,
        typer.Option(
            "--index",
            metavar="FILE",
            envvar="CRMDAPP_INDEX",
            help="The index: a file, or a postgresql:// address.",
        ),
    ] = None,
    database: DatabaseOption = None,
    store: Annotated[
        str | None,
        typer.Option(
            "--store",
            metavar="FILE",
            envvar="CRMDAPP_STORE",
            help="The encrypted customer store; without it, pages about it are left out.",
        ),
    ] = None,
    store_keys: Annotated[
        Path | None,
        typer.Option("--store-keys", metavar="FILE", help="The operator's key file of the store."),
    ] = None,
    also: Annotated[
        list[str] | None,
        typer.Option("--also", metavar="NAME", help="Another account that sends; again for each."),
    ] = None,
    relay: Annotated[
        bool,
        typer.Option(
            "--relay/--no-relay", help="Pay for what signed-in people permit by a signature."
        ),
    ] = False,
    follow: Annotated[
        bool,
        typer.Option(
            "--follow/--no-follow", help="Keep the index up to date; or crmdapp index run does."
        ),
    ] = True,
    proxy: Annotated[
        bool, typer.Option("--proxy", help="A proxy in front appends to X-Forwarded-For.")
    ] = False,
) -> None:
    """Serve the HTTP API and the pages until Ctrl-C.

    On a loopback address without --public-url it is a local server: it opens this machine's key
    files for whoever sits at it, and answers nobody else. --account names the key that sends.
    """
    from crmdapp.cli import _town

    session = session_of(ctx)
    _town.require_web()
    from crmdapp.web.logs import log_to

    signers = _signers(session, also or [])
    main = next(iter(signers), None)
    given = {
        "host": host,
        "port": port,
        "index": index or session.config.state_dir / "index.sqlite3",
        "database": database,
        "store": store,
        "store_keys": store_keys,
        "signers": signers,
        "relayer": main if relay else None,
        "follow": follow,
        "proxies": proxy,
    }
    settings = _settings(session, public_url, given)
    with _town.listen(settings.port, settings.host) as listener, _town.interruptible():
        log_to(sys.stderr)
        bound = listener.getsockname()[1]
        _town.serve(settings, listener, lambda: _show(session, settings, bound))
    session.out.say("Stopped.")


def _signers(session: Session, also: list[str]) -> dict[str, Signer]:
    """Open the accounts that send; a server that only reads needs none."""
    from crmdapp.cli._keys import EnvironmentSigner, ask_password
    from crmdapp.errors import KeystoreMissing

    found: dict[str, Signer] = {}
    if session.config.account is not None or _has_key():
        chosen = session.signer
        name = "environment" if isinstance(chosen, EnvironmentSigner) else chosen.name
        found[name] = chosen.unlock()
    elif also:
        raise KeystoreMissing("Name the first account with --account.")
    for name in also:
        password = ask_password(session.config, session.out, name)
        found[name] = session.keystore.unlock(name, password)
    return found


def _has_key() -> bool:
    from crmdapp.config import PRIVATE_KEY_VARIABLE

    return bool(os.environ.get(PRIVATE_KEY_VARIABLE, "").strip())


def _settings(session: Session, public_url: str | None, given: dict[str, Any]) -> Settings:
    from crmdapp.web.settings import Settings, is_loopback, public_name

    config = session.config
    name = None if public_url is None else public_name(public_url)
    return Settings(
        rpc=config.rpc,
        manifest=config.manifest_path(session.connection.chain_id),
        state_dir=config.state_dir,
        keystore=config.keystore_dir,
        chain_id=config.chain_id,
        timeout=config.timeout,
        confirmations=config.confirmations,
        local=name is None and is_loopback(given["host"]),
        hosts=() if name is None else (name,),
        public_url=public_url or "",
        metrics_token=os.environ.get(_METRICS_VARIABLE, ""),
        **given,
    )


def _show(session: Session, settings: Settings, port: int) -> None:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    address = settings.public_url or f"http://{host}:{port}"
    data = {
        "url": address,
        "listening": f"{host}:{port}",
        "local": settings.local,
        "accounts": sorted(settings.signers),
        "relayer": settings.relayer,
        "index": settings.index,
        "follows": settings.follow,
    }
    facts = [
        ("Pages", f"{address}/"),
        ("API", f"{address}/openapi.json"),
        ("Who", "this machine only" if settings.local else "others, through your TLS proxy"),
        ("Sends", ", ".join(sorted(settings.signers)) or "nothing: no account was opened"),
        ("Pays for others", settings.relayer or "nobody"),
    ]
    session.out.result(data, Facts(facts), "Ctrl-C stops it.")
    sys.stdout.flush()
