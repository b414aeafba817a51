"""``crmdapp chain``: a local chain for trying things out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from crmdapp.cli._frame import AskingCommand, command, group, session_of
from crmdapp.cli._output import Facts
from crmdapp.cli._values import format_ether, format_time, parse_ether, parse_span, parse_time

if TYPE_CHECKING:
    from crmdapp.chain.node import NodeStatus
    from crmdapp.cli._context import Session

LOCAL_CHAIN_ID = 31337
_LOOPBACK = ("127.0.0.1", "localhost", "::1")

app = group(
    help="Run a local chain for trying things out.",
    examples=("crmdapp chain up", "crmdapp chain down"),
)


@app.callback()
def chain() -> None:
    """Run a local chain for trying things out; only this machine reaches it."""


@command(app, "up", examples=("crmdapp chain up", "crmdapp chain up --port 8546 --json"))
def up(
    ctx: typer.Context,
    port: Annotated[int, typer.Option("--port", min=1, max=65_535, help="Port to use.")] = 8545,
    block_time: Annotated[
        int | None,
        typer.Option(
            "--block-time", min=1, metavar="SECONDS", help="A block at intervals, not per call."
        ),
    ] = None,
) -> None:
    """Start the local chain, or leave it alone if it runs; its state is kept on disk."""
    from crmdapp.chain import node

    session = session_of(ctx)
    found = node.up(
        session.config.node_dir,
        port,
        session.config.chain_id or LOCAL_CHAIN_ID,
        block_time=block_time,
    )
    _show(session, found)


@command(
    app, "down", examples=("crmdapp chain down", "crmdapp chain down --state-dir ./state --json")
)
def down(ctx: typer.Context) -> None:
    """Stop the local chain; its state stays on disk for the next start."""
    from crmdapp.chain import node

    session = session_of(ctx)
    _show(session, node.down(session.config.node_dir))


@command(app, "status", examples=("crmdapp chain status", "crmdapp chain status --json"))
def status(ctx: typer.Context) -> None:
    """Show whether the local chain runs; the exit code is 5 if it does not."""
    from crmdapp.chain import node
    from crmdapp.errors import EXIT_NODE

    session = session_of(ctx)
    found = node.status(session.config.node_dir)
    _show(session, found)
    if not found.running:
        raise typer.Exit(EXIT_NODE)


@command(
    app,
    "fund",
    cls=AskingCommand,
    examples=("crmdapp chain fund shop 10", "crmdapp chain fund friend 0.5 --yes"),
)
def fund(
    ctx: typer.Context,
    to: Annotated[str, typer.Argument(help="Address or name of a key.")],
    ether: Annotated[str, typer.Argument(help="How much, such as 10 or 0.5.")],
) -> None:
    """Give an account play money of the local chain, from the node's own first account."""
    session = session_of(ctx)
    receiver, wei = session.address(to), parse_ether(ether)
    giver = _require_giver(session)
    data = {"from": giver, "to": receiver, "value": wei}
    message = {"from": giver, "to": receiver, "value": hex(wei)}
    tx_hash = _give(session, message, "plain transfer", receiver, format_ether(wei), data)
    if tx_hash is not None:
        balance = session.connection.balance(receiver)
        session.out.result(
            {**data, "hash": tx_hash, "balance": balance},
            f"{receiver} has {format_ether(balance)} now.",
        )


@command(
    app,
    "fund-coin",
    cls=AskingCommand,
    examples=("crmdapp chain fund-coin shop 1000", "crmdapp chain fund-coin friend 12.50 --yes"),
)
def fund_coin(
    ctx: typer.Context,
    to: Annotated[str, typer.Argument(help="Address or name of a key.")],
    amount: Annotated[str, typer.Argument(help="How much, such as 1000 or 12.50.")],
) -> None:
    """Give an account play money of the local chain's test coin, in which programs settle there."""
    from crmdapp.errors import UsageError
    from crmdapp.loyalty.coin import CoinClient

    session = session_of(ctx)
    receiver, giver = session.address(to), _require_giver(session)
    mint = CoinClient(session.connection, session.manifest.address("TestCoin"))
    units = mint.coin.to_base_units(amount)
    if not units:
        raise UsageError(f"{amount!r} is nothing to give.", hint="Write a number such as 12.50.")
    call = mint.contract.call("mint", receiver, units)
    shown = f"{mint.coin.to_decimal(units, grouped=True)} {mint.coin.symbol}"
    data = {"to": receiver, "units": units, "coin": mint.coin.address}
    message = {"from": giver, "to": call.to, "data": "0x" + call.data.hex()}
    tx_hash = _give(session, message, "TestCoin.mint", receiver, shown, data)
    if tx_hash is not None:
        balance = mint.balance(receiver)
        session.out.result(
            {**data, "hash": tx_hash, "balance": balance},
            f"{receiver} has {mint.coin.to_decimal(balance, grouped=True)} {mint.coin.symbol} now.",
        )


@command(
    app,
    "forward",
    examples=("crmdapp chain forward 2h", "crmdapp chain forward 2030-06-01T12:00:00Z --json"),
)
def forward(
    ctx: typer.Context,
    until: Annotated[
        str, typer.Argument(metavar="WHEN", help="A span, such as 2h or 7d, or a time to come.")
    ],
) -> None:
    """Move the local chain's clock forward, to try out what takes days elsewhere; never back."""
    from crmdapp.errors import UsageError

    session = session_of(ctx)
    _require_local(session, "lets its clock be moved")
    now = session.connection.block_timestamp()
    try:
        then = now + parse_span(until)
    except UsageError:
        then = parse_time(until)
    if then <= now:
        raise UsageError(
            f"The chain's time is {format_time(now)}: {until!r} is not after that.",
            hint="Name a span, such as 2h, or a later time.",
        )
    move_clock(session, then)
    session.out.result({"time": then}, f"The chain's time is {format_time(then)}.")


def move_clock(session: Session, then: int) -> None:
    """Make the local chain's next block one of that time, Unix seconds, after the latest block's.

    Raises:
        WrongChain: It is not the local chain.
    """
    from crmdapp.chain import node

    _require_local(session, "lets its clock be moved")
    node.move_clock(session.connection, then)


def _give(
    session: Session,
    message: dict[str, Any],
    function: str,
    receiver: str,
    amount: str,
    data: dict[str, Any],
) -> str | None:
    """Show, ask, and let the node's own account send; ``None`` if it was a dry run."""
    from crmdapp.cli._sending import await_receipt, confirm, place

    session.out.show(
        Facts(
            [
                ("Function", function),
                ("From", f"{message['from']} (the node's own account)"),
                ("To", receiver),
                ("Amount", amount),
                place(session),
            ]
        ),
        to_decide=not session.yes,
    )
    if session.dry_run:
        session.out.result({"dry_run": True, **data}, "Nothing was sent.")
        return None
    confirm(session, "Send it?")
    tx_hash = str(session.connection.request("eth_sendTransaction", [message]))
    session.out.always(f"Transaction {tx_hash}")
    await_receipt(session, tx_hash)
    return tx_hash


def _require_giver(session: Session) -> str:
    """Return the node's first account; only a local chain on this machine gives play money."""
    from crmdapp.chain.addresses import checksum
    from crmdapp.errors import FundsMissing

    _require_local(session, "gives play money")
    own = session.connection.request("eth_accounts")
    if not own:
        raise FundsMissing(
            "The node has no account of its own to give from.",
            hint="Use the chain that crmdapp chain up starts.",
        )
    return checksum(str(own[0]))


def _require_local(session: Session, what: str) -> None:
    from crmdapp.errors import WrongChain

    connection = session.connection
    hosts = [urlsplit(url).hostname for url in session.config.rpc]
    if connection.chain_id != LOCAL_CHAIN_ID or any(host not in _LOOPBACK for host in hosts):
        raise WrongChain(
            f"Only the local chain {what}.",
            expected=LOCAL_CHAIN_ID,
            actual=connection.chain_id,
            why=f"The node serves chain {connection.chain_id}, or is not on this machine.",
            hint="Start a local chain: crmdapp chain up. Elsewhere, send real currency, and wait.",
        )


def _show(session: Session, found: NodeStatus) -> None:
    data: dict[str, Any] = {
        "running": found.running,
        "url": found.url,
        "chain_id": found.chain_id,
        "port": found.port,
        "pid": found.pid,
        "state_file": found.state_file,
        "log_file": found.log_file,
        "detail": found.detail,
    }
    facts = [("Running", "yes" if found.running else "no"), ("Detail", found.detail)]
    if found.running:
        facts += [("Address", found.url), ("Chain id", str(found.chain_id))]
    facts += [("State", str(found.state_file)), ("Log", str(found.log_file))]
    session.out.result(data, Facts(facts))
