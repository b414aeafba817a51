"""``crmdapp api-keys``: who may use the HTTP API, and for what."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.cli._frame import command, group, session_of
from crmdapp.cli._output import Facts, Table
from crmdapp.cli._values import format_time, iso_time, parse_span, parse_time
from crmdapp.cli.serve import DatabaseOption

if TYPE_CHECKING:
    from crmdapp.cli._context import Session
    from crmdapp.web.security.api_keys import ApiKey, ApiKeys

app = group(
    help="Make, list and revoke keys of the HTTP API.",
    examples=("crmdapp api-keys new shop --scope loyalty:read", "crmdapp api-keys list"),
)


@app.callback()
def api_keys() -> None:
    """Make, list and revoke keys of the HTTP API."""


@command(
    app,
    "new",
    examples=(
        "crmdapp api-keys new shop --scope loyalty:read --scope loyalty:write --sends shop",
        "crmdapp api-keys new shop --scope analytics:read --expires 90d --label reports --json",
    ),
)
def new(
    ctx: typer.Context,
    merchant: Annotated[
        str, typer.Argument(help="Address, or name of a key, that it acts for: the tenant.")
    ],
    scope: Annotated[
        list[str], typer.Option("--scope", metavar="SCOPE", help="What it may do; again for each.")
    ],
    sends: Annotated[
        str | None,
        typer.Option("--sends", metavar="NAME", help="Account of the server that sends for it."),
    ] = None,
    label: Annotated[
        str, typer.Option("--label", metavar="TEXT", help="What it is for, for people.")
    ] = "",
    expires: Annotated[
        str | None, typer.Option("--expires", metavar="WHEN", help="A span such as 90d, or a time.")
    ] = None,
    database: DatabaseOption = None,
) -> None:
    """Make a key and show it, this once; only its hash is kept."""
    session = session_of(ctx)
    with _opened(session, database) as keys:
        key, text = keys.new(
            session.address(merchant),
            scope,
            label=label,
            account=sends,
            expires_at=None if expires is None else _moment(expires),
        )
    session.out.result(
        {**_data(key), "key": text},
        Facts([*_facts(key), ("Key", text)]),
        "Keep it as you keep a password: it cannot be shown again.",
    )


@command(app, "list", examples=("crmdapp api-keys list", "crmdapp api-keys list --json"))
def list_keys(ctx: typer.Context, database: DatabaseOption = None) -> None:
    """List all keys, revoked and expired ones too; what they look like is not known any more."""
    session = session_of(ctx)
    with _opened(session, database) as keys:
        found = keys.list()
    rows = [
        (key.id, key.label, key.merchant, " ".join(sorted(key.scopes)), _standing(key))
        for key in found
    ]
    session.out.result(
        {"keys": [_data(key) for key in found]},
        Table(("Key", "Label", "Merchant", "Scopes", "Standing"), rows),
    )


@command(
    app,
    "revoke",
    examples=(
        "crmdapp api-keys revoke 4f1c0a9be2d7",
        "crmdapp api-keys revoke 4f1c0a9be2d7 --json",
    ),
)
def revoke(
    ctx: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="KEY", help="The key's public name, from the list.")
    ],
    database: DatabaseOption = None,
) -> None:
    """Make a key invalid for ever; servers refuse it within two seconds."""
    session = session_of(ctx)
    with _opened(session, database) as keys:
        revoked = keys.revoke(name)
    session.out.result(_data(revoked), f"The key {revoked.id} is revoked.")


@contextmanager
def _opened(session: Session, database: str | None) -> Iterator[ApiKeys]:
    from crmdapp.web.security.api_keys import ApiKeys
    from crmdapp.web.state import open_state

    state = open_state(database or session.config.state_dir / "web.sqlite3")
    try:
        yield ApiKeys(state)
    finally:
        state.close()


def _moment(text: str) -> datetime:
    from crmdapp.errors import UsageError

    now = datetime.now(UTC)
    try:
        return datetime.fromtimestamp(now.timestamp() + parse_span(text), UTC)
    except UsageError:
        return datetime.fromtimestamp(parse_time(text), UTC)


def _standing(key: ApiKey) -> str:
    if key.revoked_at is not None:
        return "revoked"
    if not key.is_valid(datetime.now(UTC).timestamp()):
        return "expired"
    return "valid" if key.expires_at is None else f"valid until {format_time(key.expires_at)}"


def _data(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "label": key.label,
        "merchant": key.merchant,
        "scopes": sorted(key.scopes),
        "account": key.account,
        "created_at": iso_time(key.created_at),
        "expires_at": None if key.expires_at is None else iso_time(key.expires_at),
        "revoked_at": None if key.revoked_at is None else iso_time(key.revoked_at),
        "standing": _standing(key),
    }


def _facts(key: ApiKey) -> list[tuple[str, str]]:
    return [
        ("Name", key.id),
        ("Merchant", key.merchant),
        ("Scopes", " ".join(sorted(key.scopes))),
        ("Sends from", key.account or "nothing"),
        ("Standing", _standing(key)),
    ]
