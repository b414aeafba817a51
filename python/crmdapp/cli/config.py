"""``crmdapp config``: the settings in force and where each comes from."""

from __future__ import annotations

import typer

from crmdapp.cli._frame import command, group, session_of
from crmdapp.cli._output import Table

app = group(
    help="Show the settings in force.",
    examples=("crmdapp config show", "crmdapp --rpc http://127.0.0.1:8545 config show --json"),
)


@app.callback()
def config() -> None:
    """Show the settings in force: options win over CRMDAPP_... over crmdapp.toml over user file."""


@command(
    app,
    "show",
    examples=("crmdapp config show", "crmdapp config show --chain-id 31337 --json"),
)
def show(ctx: typer.Context) -> None:
    """Show every setting, its value and where it comes from."""
    from crmdapp.chain._redact import redact_url

    session = session_of(ctx)
    settings = session.config
    values = {
        "rpc": ", ".join(redact_url(url) for url in settings.rpc),
        "chain_id": settings.chain_id,
        "account": settings.account,
        "password_file": settings.password_file,
        "state_dir": settings.state_dir,
        "keystore_dir": settings.keystore_dir,
        "deployments": settings.deployments,
        "timeout": settings.timeout,
        "receipt_timeout": settings.receipt_timeout,
        "confirmations": settings.confirmations,
    }
    rows = [
        (name, "" if value is None else str(value), settings.sources[name])
        for name, value in values.items()
    ]
    session.out.result(
        {
            name: {"value": value, "source": settings.sources[name]}
            for name, value in values.items()
        },
        Table(("setting", "value", "source"), rows),
    )
