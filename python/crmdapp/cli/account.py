"""``crmdapp account``: encrypted key files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from crmdapp.cli._frame import command, group, session_of
from crmdapp.cli._output import Facts, Table
from crmdapp.cli._values import format_ether

if TYPE_CHECKING:
    from crmdapp.chain.accounts import KeyFile

app = group(
    help="Make and list encrypted keys.",
    examples=("crmdapp account new shop", "crmdapp account list"),
)


@app.callback()
def account() -> None:
    """Make and list encrypted keys."""


@command(
    app,
    "new",
    examples=(
        "crmdapp account new shop",
        "crmdapp account new shop --password-file shop.password",
    ),
)
def new(ctx: typer.Context, name: Annotated[str, typer.Argument(help="Name for the key.")]) -> None:
    """Make a key and write it encrypted; the password is asked for twice, or read from a file.

    With CRMDAPP_PRIVATE_KEY set, that key is written instead of a new one.
    """
    import os

    from crmdapp.chain.accounts import check_name, signer_from_environment
    from crmdapp.cli._keys import ask_new_password
    from crmdapp.config import PRIVATE_KEY_VARIABLE
    from crmdapp.errors import KeystoreExists

    session = session_of(ctx)
    check_name(name)
    if (session.keystore.directory / f"{name}.json").exists():
        raise KeystoreExists(
            f"There is a key {name!r} already.",
            why="Key files are never overwritten.",
            hint="Choose another name.",
        )
    raw = os.environ.get(PRIVATE_KEY_VARIABLE, "").strip()
    if raw:
        signer_from_environment()
    password = ask_new_password(session.config, session.out, name)
    if raw:
        session.keystore.add(name, raw, password)
    else:
        session.keystore.new(name, password)
    made = session.keystore.show(name)
    session.out.say("Keep a copy of the file and of the password: neither can be recovered.")
    session.out.result(_data(made), _facts(made))


@command(
    app,
    "list",
    examples=("crmdapp account list", "crmdapp account list --json"),
)
def list_(ctx: typer.Context) -> None:
    """List the keys, without opening any."""
    session = session_of(ctx)
    found = session.keystore.list()
    if not found:
        session.out.say(f"No keys in {session.keystore.directory}. Make one: crmdapp account new")
    session.out.result(
        [_data(item) for item in found],
        Table(("name", "address"), [(item.name, item.address) for item in found]),
    )


@command(
    app,
    "show",
    examples=("crmdapp account show shop", "crmdapp account show shop --balance --json"),
)
def show(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="Name or address of the key.")],
    balance: Annotated[
        bool, typer.Option("--balance", help="Ask the node what it has for gas.")
    ] = False,
) -> None:
    """Show a key's address and file, without opening it."""
    from crmdapp.cli._keys import key_name

    session = session_of(ctx)
    found = session.keystore.show(key_name(session.keystore, name))
    data, facts = _data(found), _facts(found)
    if balance:
        wei = session.connection.balance(found.address)
        data["balance"] = wei
        facts = Facts([*facts.pairs, ("Balance", format_ether(wei))])
    session.out.result(data, facts)


def _data(item: KeyFile) -> dict[str, object]:
    return {"name": item.name, "address": item.address, "path": str(item.path)}


def _facts(item: KeyFile) -> Facts:
    return Facts([("Name", item.name), ("Address", item.address), ("File", str(item.path))])
