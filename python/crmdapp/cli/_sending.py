"""From a call to a receipt: simulate, show, ask, send, wait."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from crmdapp.cli._output import Facts
from crmdapp.cli._values import format_ether, format_gwei
from crmdapp.errors import Cancelled, ReceiptTimeout, UsageError

if TYPE_CHECKING:
    from crmdapp.chain.calls import Call
    from crmdapp.chain.sender import Simulation
    from crmdapp.chain.transactions import Receipt, SentTransaction
    from crmdapp.cli._context import Session


def send(session: Session, call: Call, about: Sequence[tuple[str, str]]) -> Receipt | None:
    """Simulate ``call``, show it, ask, send it and wait; ``None`` if it was a dry run.

    Args:
        session: The command's session.
        call: What to send.
        about: What it does, for the person who decides: names and amounts.

    Raises:
        ContractError: The contract refuses, as the twin of its error.
        Cancelled: The answer was no.
        UsageError: There is nobody to ask and ``--yes`` was not given.
        CrmdappError: Whatever sending raises.
    """
    receipts = send_all(session, [call], about)
    return None if receipts is None else receipts[0]


def send_all(
    session: Session, calls: Sequence[Call], about: Sequence[tuple[str, str]]
) -> list[Receipt] | None:
    """Do with several calls what :func:`send` does with one; each is a transaction of its own."""
    keys = _keys(session, len(calls))
    fresh = [call for call, key in zip(calls, keys, strict=True) if not was_sent(session, key)]
    simulations = [session.sender.simulate(call) for call in fresh]
    if fresh:
        session.out.show(
            Facts([*plan(session, fresh, simulations), *about]), to_decide=not session.yes
        )
    else:
        session.out.say(f"Sent before under the name {session.once!r}; nothing is sent again.")
    if session.dry_run:
        result_of_dry_run(session, fresh, simulations)
        return None
    if fresh:
        confirm(session, "Send it?" if len(fresh) == 1 else f"Send these {len(fresh)}?")
        session.signer.unlock()
    receipts = []
    for call, key in zip(calls, keys, strict=True):
        sent = session.sender.send(call, key=key)
        announce(session, sent)
        receipts.append(session.sender.wait(sent))
    return receipts


def agree(
    session: Session,
    approvals: Sequence[Call],
    call: Call,
    gas: int,
    about: Sequence[tuple[str, str]],
) -> bool:
    """Show approvals and the call that needs them, ask once; ``False`` if it was a dry run.

    Args:
        session: The command's session; its key is open afterwards.
        approvals: What must happen before ``call`` can be simulated; not empty.
        call: What all of it is for.
        gas: More than ``call`` can take.
        about: What it does, for the person who decides.

    Raises:
        ContractError: An approval is refused, as the twin of its error.
        Cancelled: The answer was no.
        UsageError: There is nobody to ask and ``--yes`` was not given.
    """
    from dataclasses import replace

    calls = [*approvals, call]
    simulations = [session.sender.simulate(approval) for approval in approvals]
    price = simulations[0].max_fee
    simulations.append(replace(simulations[0], gas=gas, cost=gas * price, result=b""))
    session.out.show(Facts([*plan(session, calls, simulations), *about]), to_decide=not session.yes)
    if session.dry_run:
        result_of_dry_run(session, calls, simulations)
        return False
    confirm(session, f"Send these {len(calls)}?")
    session.signer.unlock()
    return True


def was_sent(session: Session, key: str | None) -> bool:
    """Return whether a transaction was sent before under an idempotency key."""
    if key is None:
        return False
    try:
        return session.sender.status(key).state != "dropped"
    except UsageError:
        return False


def _keys(session: Session, count: int) -> list[str | None]:
    if session.once is None or count == 1:
        return [session.once] * count
    return [f"{session.once}:{number}" for number in range(1, count + 1)]


def announce(session: Session, sent: SentTransaction) -> None:
    """Print a transaction's hash on standard error."""
    session.out.always(f"Transaction {sent.hash}")


def plan(
    session: Session, calls: Sequence[Call], simulations: Sequence[Simulation]
) -> list[tuple[str, str]]:
    """Return what is sent from whom, where, and what it may cost."""
    gas = sum(item.gas for item in simulations)
    price = max(item.max_fee for item in simulations)
    ceiling = sum(item.gas * item.max_fee for item in simulations)
    return [
        *[("Function", str(call)) for call in calls],
        *origin(session),
        ("Gas", f"up to {gas:,} at up to {format_gwei(price)}"),
        ("Fee ceiling", format_ether(ceiling)),
    ]


def origin(session: Session) -> list[tuple[str, str]]:
    """Return the chain and the account that a command acts on and with."""
    name = getattr(session.signer, "name", "")
    return [
        ("Account", f"{session.signer.address} ({name})" if name else session.signer.address),
        place(session),
    ]


def place(session: Session) -> tuple[str, str]:
    """Return the chain that a command acts on."""
    return ("Chain", f"{session.connection.chain_id} at {session.connection.endpoints[0].url}")


def result_of_dry_run(
    session: Session, calls: Sequence[Call], simulations: Sequence[Simulation]
) -> None:
    """Print what would have been sent."""
    data: dict[str, Any] = {
        "dry_run": True,
        "from": session.signer.address,
        "chain_id": session.connection.chain_id,
        "transactions": [
            {
                "function": str(call),
                "to": call.to,
                "data": call.data,
                "value": call.value,
                "gas": simulation.gas,
                "max_fee_per_gas": simulation.max_fee,
                "fee_ceiling": simulation.gas * simulation.max_fee,
            }
            for call, simulation in zip(calls, simulations, strict=True)
        ],
    }
    session.out.result(data, "Simulated without an error. Nothing was sent.")


def confirm(session: Session, question: str) -> None:
    """Ask before something is sent.

    Raises:
        Cancelled: The answer was no.
        UsageError: There is nobody to ask and ``--yes`` was not given.
    """
    if session.yes:
        return
    if not session.out.has_terminal:
        raise UsageError(
            "Nothing was sent: there is no terminal to ask on.",
            hint="Add --yes to send without asking, or --dry-run to only look.",
        )
    if not session.out.ask(question):
        raise Cancelled("Nothing was sent.")


def receipt_data(receipt: Receipt) -> dict[str, Any]:
    """Return a receipt as JSON data."""
    return {
        "hash": receipt.hash,
        "block": receipt.block,
        "gas_used": receipt.gas_used,
        "fee": receipt.fee,
    }


def receipt_line(receipt: Receipt) -> str:
    """Return a receipt in one line for people."""
    return (
        f"Block {receipt.block:,}, {receipt.gas_used:,} gas, {format_ether(receipt.fee)}"
        f" ({receipt.hash})"
    )


def await_receipt(session: Session, tx_hash: str, timeout: float | None = None) -> dict[str, Any]:
    """Return the receipt, as JSON-RPC data, of a transaction that need not be in the journal.

    Raises:
        ReceiptTimeout: It is still pending.
    """
    import time

    patience = session.config.receipt_timeout if timeout is None else timeout
    deadline = time.monotonic() + patience
    while True:
        found = session.connection.receipt(tx_hash)
        if found is not None:
            return found
        if time.monotonic() > deadline:
            raise ReceiptTimeout(
                f"The transaction {tx_hash} is still pending.",
                tx_hash=tx_hash,
                hint=f"It has not failed. Wait on: crmdapp tx wait {tx_hash}",
            )
        time.sleep(0.05)
