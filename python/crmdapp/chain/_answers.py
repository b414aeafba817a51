"""Reading what nodes answer: numbers, data, and the many words for the same refusal."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from crmdapp.chain.calls import Call
from crmdapp.chain.decode import decode_error
from crmdapp.errors import NodeLied, NodeRefused, TransactionReverted

# How clients word it: geth, erigon, reth, nethermind, besu, hardhat, anvil, ganache, openethereum.
_KNOWN = re.compile(
    r"already.?known|already.?imported|\bknown transaction|already exists|already in.{0,12}pool",
    re.I,
)
_REVERT = re.compile(
    r"revert|evm error|vm execution error|vm exception|invalid.?\w*opcode|bad instruction"
    r"|out.?of.?gas|stack.?under",
    re.I,
)
_FUNDS = re.compile(
    r"insufficient.?(funds|balance)|(doesn.?t|does not) have enough funds|lack of funds"
    r"|upfront cost exceeds",
    re.I,
)
_NONCE_USED = re.compile(
    r"nonce.{0,10}too low|old.?nonce|already.?used|(doesn.?t|does not) have the correct nonce", re.I
)
_UNDERPRICED = re.compile(
    r"repl.*underpriced|underpriced.*repl|replacement.?not.?allowed|fee.?too.?low.?to.?compete"
    r"|could not replace|below replacement",
    re.I | re.S,
)
_HEX = re.compile(r"0x((?:[0-9a-f]{2})*)", re.I)
_HEX_AT_END = re.compile(r"(?:reverted: |return data: )0x((?:[0-9a-f]{2}){4,})\)?$", re.I)

# Where nodes put what a contract returned when it reverted, and objects they wrap it in.
_DATA_KEYS = ("data", "result", "return", "output", "originalError")
_DEEPEST = 4


def is_known(problem: NodeRefused) -> bool:
    """Return whether the node refused because it has the transaction already."""
    return bool(_KNOWN.search(problem.why))


def is_nonce_used(problem: NodeRefused) -> bool:
    """Return whether the node refused because the transaction's nonce is used up."""
    return bool(_NONCE_USED.search(problem.why))


def is_underpriced(problem: NodeRefused) -> bool:
    """Return whether the node keeps another transaction with that nonce, which offers as much."""
    return bool(_UNDERPRICED.search(problem.why))


def is_still_indexing(problem: NodeRefused) -> bool:
    """Return whether the node cannot tell yet if it has a transaction, since it has just begun."""
    return "indexing" in problem.why.lower()


def is_funds_missing(why: str) -> bool:
    """Return whether a node's words, not those of a contract, mean that the sender cannot pay."""
    return bool(_FUNDS.search(why)) and "revert" not in why.lower()


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
    why, data = _words(error), revert_data(error.get("data"))
    if not data and (hidden := _HEX_AT_END.search(str(error.get("message", "")))):
        data = bytes.fromhex(hidden[1])
    problem = NodeRefused(
        f"The node refused {method}.",
        rpc_code=code if isinstance(code, int) else 0,
        data=data,
        why=why[:500],
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


def revert_data(data: Any, depth: int = 0) -> bytes:
    """Return what a contract returned when it reverted, out of the ``data`` of a JSON-RPC error.

    geth, erigon, reth, besu and anvil give it as hex, nethermind and openethereum after a word
    ("Reverted 0x..."), hardhat as ``data.data``, ganache as ``data.result`` or, before its version
    7, as ``data[transaction hash].return``; providers wrap these again.

    Returns:
        The bytes; none if there are none, or the node kept them to itself.
    """
    if isinstance(data, str):
        found = _HEX.fullmatch(data.removeprefix("Reverted ").strip())
        return bytes.fromhex(found[1]) if found else b""
    if not isinstance(data, Mapping) or depth == _DEEPEST:
        return b""
    inner = [data[key] for key in _DATA_KEYS if key in data]
    inner += [value for value in data.values() if isinstance(value, Mapping)]
    return next(filter(None, (revert_data(item, depth + 1) for item in inner)), b"")


def _words(error: Mapping[str, Any]) -> str:
    """Return the node's words; some have the reason in ``data`` ("revert: too late")."""
    message, data = str(error.get("message", "")), error.get("data")
    if isinstance(data, str) and not revert_data(data) and not data.startswith("0x"):
        return message if data in message else f"{message} {data}".strip()
    return message


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
