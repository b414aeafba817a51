"""Reading what nodes answer: numbers, data, and the many words for the same refusal."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from crmdapp.chain.calls import Call
from crmdapp.chain.decode import decode_error
from crmdapp.errors import NodeLied, NodeRefused, TransactionReverted

_KNOWN = re.compile(r"already.?known|already.?imported|known transaction|already exists", re.I)
_REVERT = re.compile(
    r"revert|evm error|invalid.?\w*opcode|bad instruction|out.?of.?gas|stack.?under", re.I
)
_FUNDS = re.compile(r"insufficient (funds|balance)", re.I)
_NONCE_USED = re.compile(r"nonce.{0,10}too low|old.?nonce|already.?used", re.I)


def is_known(problem: NodeRefused) -> bool:
    """Return whether the node refused because it has the transaction already."""
    return bool(_KNOWN.search(problem.why))


def is_nonce_used(problem: NodeRefused) -> bool:
    """Return whether the node refused because the transaction's nonce is used up."""
    return bool(_NONCE_USED.search(problem.why))


def is_funds_missing(why: str) -> bool:
    """Return whether a node's words mean that the sender cannot pay."""
    return bool(_FUNDS.search(why))


def message_of(call: Call, sender: str | None) -> dict[str, Any]:
    """Return ``call`` as the message object of ``eth_call``."""
    message: dict[str, Any] = {"data": "0x" + call.data.hex()}
    if call.to is not None:
        message["to"] = call.to
    if sender is not None:
        message["from"] = sender
    if call.value:
        message["value"] = hex(call.value)
    return message


def block_tag(block: int | str) -> str:
    """Return a block number or tag as JSON-RPC wants it."""
    return hex(block) if isinstance(block, int) else block


def refusal(method: str, error: Any, *, ambiguous: bool = False) -> NodeRefused:
    """Return the exception for a JSON-RPC error object."""
    if not isinstance(error, Mapping):
        error = {"message": str(error)}
    code = error.get("code")
    problem = NodeRefused(
        f"The node refused {method}.",
        rpc_code=code if isinstance(code, int) else 0,
        data=_revert_data(error.get("data")),
        why=str(error.get("message", ""))[:500],
    )
    problem.ambiguous = ambiguous
    return problem


def reverted(problem: NodeRefused, call: Call | None = None) -> TransactionReverted | None:
    """Return the twin of the contract's error in a refusal; ``None`` if it is no revert."""
    if problem.data:
        return decode_error(problem.data)
    if problem.rpc_code == 3 or _REVERT.search(problem.why):
        return TransactionReverted(
            f"{call or 'The call'} was reverted without a reason.",
            why=problem.why,
            hint="Check the arguments, and that the address holds the contract you mean.",
        )
    return None


def _revert_data(data: Any) -> bytes:
    if isinstance(data, Mapping):
        data = data.get("data") or data.get("result")
    if isinstance(data, str):
        data = data.removeprefix("Reverted ")
        if re.fullmatch(r"0x([0-9a-fA-F]{2})*", data):
            return bytes.fromhex(data[2:])
    return b""


def quantity(value: Any, method: str) -> int:
    """Return a JSON-RPC quantity as a number.

    Raises:
        NodeLied: It is none.
    """
    try:
        return int(value, 16)
    except (TypeError, ValueError):
        raise NodeLied(f"The node's answer to {method} is no number.") from None


def hex_bytes(value: Any, method: str) -> bytes:
    """Return JSON-RPC data as bytes.

    Raises:
        NodeLied: It is none.
    """
    try:
        return bytes.fromhex(value.removeprefix("0x"))
    except (AttributeError, ValueError):
        raise NodeLied(f"The node's answer to {method} is no hex data.") from None
