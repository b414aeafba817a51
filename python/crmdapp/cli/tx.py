"""``crmdapp tx``: transactions under way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.cli._frame import AskingCommand, command, group, session_of
from crmdapp.cli._output import Facts, Table
from crmdapp.cli._sending import (
    announce,
    await_receipt,
    confirm,
    origin,
    receipt_data,
    receipt_line,
)
from crmdapp.cli._values import format_ether, format_gwei
from crmdapp.errors import KeystoreMissing, TransactionReverted, UsageError

if TYPE_CHECKING:
    from crmdapp.chain.transactions import SentTransaction
    from crmdapp.cli._context import Session

HashArgument = Annotated[str, typer.Argument(metavar="HASH", help="Its hash, or --once name.")]

app = group(
    help="Wait for, speed up or cancel transactions.",
    examples=("crmdapp tx list", f"crmdapp tx wait 0x{'ab' * 32}"),
)


@app.callback()
def tx() -> None:
    """Wait for, speed up or cancel transactions that were sent from this machine."""


@command(
    app,
    "list",
    examples=("crmdapp tx list", "crmdapp tx list --account shop --json"),
)
def list_(ctx: typer.Context) -> None:
    """List the account's transactions that are not known to be mined; asks no node about them."""
    session = session_of(ctx)
    found = session.sender.pending()
    if not found:
        session.out.say(f"{session.sender.address} has no pending transactions.")
    session.out.result(
        [_data(item) for item in found],
        Table(
            (">nonce", "hash", "function", ">fee per gas", "state"),
            [
                (
                    "" if item.nonce is None else str(item.nonce),
                    item.hash,
                    _function(item),
                    format_gwei(item.max_fee),
                    item.state,
                )
                for item in found
            ],
        ),
    )


@command(
    app,
    "wait",
    examples=(
        f"crmdapp tx wait 0x{'ab' * 32}",
        f"crmdapp tx wait 0x{'ab' * 32} --timeout 600 --json",
    ),
)
def wait(
    ctx: typer.Context,
    tx_hash: HashArgument,
    timeout: Annotated[
        float | None,
        typer.Option("--timeout", min=0, metavar="SECONDS", help="How long to wait."),
    ] = None,
) -> None:
    """Wait until a transaction is mined; exit code 5 if still pending, 6 if it was reverted."""
    session = session_of(ctx)
    try:
        sent = session.sender.status(tx_hash)
    except (UsageError, KeystoreMissing):
        if len(tx_hash) != 66 or not session.connection.knows(tx_hash.lower()):
            raise
        _wait_for_stranger(session, tx_hash.lower(), timeout)
        return
    receipt = session.sender.wait(sent, timeout=timeout)
    session.out.result(receipt_data(receipt), receipt_line(receipt))


def _wait_for_stranger(session: Session, tx_hash: str, timeout: float | None) -> None:
    """Wait for a transaction that was sent from elsewhere."""
    raw = await_receipt(session, tx_hash, timeout)
    block, gas = int(raw["blockNumber"], 16), int(raw["gasUsed"], 16)
    fee = gas * int(raw.get("effectiveGasPrice") or "0x0", 16)
    if int(raw["status"], 16) != 1:
        raise TransactionReverted(
            f"The transaction {tx_hash} was reverted.", tx_hash=tx_hash, block=block
        )
    session.out.result(
        {"hash": tx_hash, "block": block, "gas_used": gas, "fee": fee},
        f"Block {block:,}, {gas:,} gas, {format_ether(fee)} ({tx_hash})",
    )


@command(
    app,
    "speed-up",
    cls=AskingCommand,
    examples=(
        f"crmdapp tx speed-up 0x{'ab' * 32}",
        f"crmdapp tx speed-up 0x{'ab' * 32} --yes --json",
    ),
)
def speed_up(ctx: typer.Context, tx_hash: HashArgument) -> None:
    """Offer an eighth more for a pending transaction; it still happens once."""
    session = session_of(ctx)
    sent = session.sender.status(tx_hash)
    if _is_shown_only(session, sent, "speed up"):
        return
    replaced = session.sender.speed_up(sent)
    _report(session, replaced, "It now offers")


@command(
    app,
    "cancel",
    cls=AskingCommand,
    examples=(
        f"crmdapp tx cancel 0x{'ab' * 32}",
        f"crmdapp tx cancel 0x{'ab' * 32} --yes --json",
    ),
)
def cancel(ctx: typer.Context, tx_hash: HashArgument) -> None:
    """Replace a pending transaction by an empty one; the original may still win the race."""
    session = session_of(ctx)
    sent = session.sender.status(tx_hash)
    if _is_shown_only(session, sent, "cancel"):
        return
    replaced = session.sender.cancel(sent)
    _report(session, replaced, "The empty transaction offers")


def _is_shown_only(session: Session, sent: SentTransaction, what: str) -> bool:
    """Show the transaction and ask; return whether it was a dry run."""
    session.out.show(
        Facts(
            [
                ("Transaction", sent.hash),
                ("Function", _function(sent)),
                *origin(session),
                ("State", sent.state),
                ("Offers", f"{format_gwei(sent.max_fee)} per gas, {sent.gas:,} gas"),
            ]
        ),
        to_decide=not session.yes,
    )
    if session.dry_run:
        session.out.result({"dry_run": True, **_data(sent)}, "Nothing was sent.")
        return True
    confirm(session, f"{what.capitalize()} this transaction?")
    session.signer.unlock()
    return False


def _report(session: Session, replaced: SentTransaction, words: str) -> None:
    announce(session, replaced)
    session.out.say(f"See which one is mined: crmdapp tx wait {replaced.hash}")
    session.out.result(
        _data(replaced), f"{words} {format_gwei(replaced.max_fee)} per gas ({replaced.hash})."
    )


def _function(item: SentTransaction) -> str:
    return ".".join(part for part in (item.contract, item.function) if part) or "plain transfer"


def _data(item: SentTransaction) -> dict[str, Any]:
    return {
        "hash": item.hash,
        "hashes": list(item.hashes),
        "once": item.key,
        "nonce": item.nonce,
        "state": item.state,
        "function": _function(item),
        "to": item.to,
        "value": item.value,
        "gas": item.gas,
        "max_fee_per_gas": item.max_fee,
        "tip_per_gas": item.tip,
        "block": item.block,
    }
