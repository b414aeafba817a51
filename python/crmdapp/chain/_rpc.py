"""JSON-RPC over HTTP to several endpoints, with fail-over.

Each endpoint proves its chain id and genesis block before its first answer is believed, and again
after it failed. A request goes to the first endpoint in good health; which failures may be retried
elsewhere depends on whether repeating the method can do harm.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from crmdapp.chain._endpoint import Endpoint, EndpointError
from crmdapp.chain._redact import redact_url
from crmdapp.errors import NodeLied, NodeProblem, NodeUnreachable, UsageError, WrongChain

LIMIT_CODES = frozenset({429, -32005, -32029})
"""JSON-RPC error codes by which hosted nodes say "too many requests"."""

_REPEATABLE_PREFIXES = ("eth_get", "debug_", "web3_", "net_", "trace_")
_REPEATABLE = frozenset(
    {
        "eth_accounts",
        "eth_baseFee",
        "eth_blobBaseFee",
        "eth_blockNumber",
        "eth_call",
        "eth_chainId",
        "eth_createAccessList",
        "eth_estimateGas",
        "eth_feeHistory",
        "eth_gasPrice",
        "eth_maxPriorityFeePerGas",
        "eth_protocolVersion",
        # The same signed bytes are one transaction however often they are sent.
        "eth_sendRawTransaction",
        "eth_syncing",
    }
)
_NOT_REPEATABLE = frozenset({"eth_getFilterChanges"})
_ROUNDS = 5
_RESTS = (0.1, 0.3, 0.8, 2.0, 5.0)
_REJECTED_FOR = 60.0


class FailoverClient:
    """JSON-RPC requests to the first endpoint in good health.

    Args:
        urls: Addresses, first choice first.
        chain_id: The chain id every endpoint must have; ``None`` takes the first one's.
        timeout: Seconds one attempt may take.
        patience: Seconds one request may take over all attempts; ``None`` for three timeouts, at
            least 30 s.

    Raises:
        UsageError: An address cannot be used.
    """

    def __init__(
        self,
        urls: Sequence[str],
        *,
        chain_id: int | None = None,
        timeout: float = 10.0,
        patience: float | None = None,
    ) -> None:
        if not urls:
            raise UsageError("No node address was given.", hint="Use --rpc or CRMDAPP_RPC.")
        for url in urls:
            parts = urlsplit(url)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise UsageError(
                    f"{redact_url(url)} is not a node's address.",
                    hint="Use http://host:port or https://host.",
                )
        self.endpoints = tuple(Endpoint(url, timeout) for url in dict.fromkeys(urls))
        self.chain_id = chain_id
        self.genesis: bytes | None = None
        self._patience = max(30.0, 3 * timeout) if patience is None else patience
        self._lock = threading.RLock()
        self._answered = False

    def request(self, method: str, params: Sequence[Any]) -> dict[str, Any]:
        """Return the JSON-RPC answer of the first endpoint that gives a usable one.

        The answer has an extra key ``"ambiguous"`` when an earlier attempt may have reached
        another endpoint.

        Raises:
            NodeUnreachable: No endpoint gave a usable answer; the message says what each did.
            WrongChain: Every endpoint serves another chain.
            NodeLied: Every endpoint contradicts what was pinned before.
        """
        deadline = time.monotonic() + self._patience
        ambiguous = False
        reached = False
        for _ in range(_ROUNDS):
            for endpoint in self._ready():
                try:
                    self._prove(endpoint)
                    answer = endpoint.post(method, params)
                    self._refuse_limits(method, answer)
                except NodeProblem as problem:
                    self._set_aside(endpoint, problem)
                    continue
                except EndpointError as failure:
                    self._rest(endpoint, failure)
                    reached = reached or failure.reached
                    if endpoint.proven and failure.sent:
                        ambiguous = True
                        if not is_repeatable(method):
                            raise self._maybe_done(endpoint, method, failure) from None
                    endpoint.proven = False
                    continue
                endpoint.failures, endpoint.detail = 0, ""
                self._answered = True
                return {**answer, "ambiguous": True} if ambiguous else answer
            if not self._answered and not reached:
                break  # nothing listens anywhere: the address is wrong or the node is not started
            if not self._pause(deadline):
                break
        raise self._unreachable()

    def ask_each(self, method: str, params: Sequence[Any]) -> list[Any]:
        """Return the results of every endpoint that answers now; may be empty.

        Raises:
            UsageError: ``method`` must not be repeated.
        """
        if not is_repeatable(method):
            raise UsageError(f"{method} must not be sent to several nodes.")
        results: list[Any] = []
        for endpoint in self._ready():
            try:
                self._prove(endpoint)
                answer = endpoint.post(method, params)
            except NodeProblem as problem:
                self._set_aside(endpoint, problem)
            except EndpointError as failure:
                endpoint.proven = False
                self._rest(endpoint, failure)
            else:
                if "result" in answer:
                    results.append(answer["result"])
        return results

    def close(self) -> None:
        """Close all kept connections."""
        for endpoint in self.endpoints:
            endpoint.close()

    def _ready(self) -> list[Endpoint]:
        now = time.monotonic()
        for endpoint in self.endpoints:
            if endpoint.rejected is not None and endpoint.resume_at <= now:
                endpoint.rejected = None  # perhaps it was mended: let it prove itself again
        return [item for item in self.endpoints if item.rejected is None and item.resume_at <= now]

    def _prove(self, endpoint: Endpoint) -> None:
        """Check chain id and genesis before the endpoint's answers are believed.

        Raises:
            WrongChain: It serves another chain.
            NodeLied: Same chain id, another genesis block.
            EndpointError: It did not answer.
        """
        if endpoint.proven:
            return
        actual = _number(endpoint.post("eth_chainId", []))
        with self._lock:
            if self.chain_id is not None and actual != self.chain_id:
                raise WrongChain(
                    f"{endpoint.label} serves chain {actual}, not {self.chain_id}.",
                    expected=self.chain_id,
                    actual=actual,
                    hint="Use a node of the right chain, or change --chain-id / CRMDAPP_CHAIN_ID.",
                )
        genesis = _block_hash(endpoint.post("eth_getBlockByNumber", ["0x0", False]))
        with self._lock:
            if self.genesis is not None and genesis is not None and genesis != self.genesis:
                raise NodeLied(
                    f"{endpoint.label} serves another chain with the same id {actual}.",
                    why=f"Its genesis block is 0x{genesis.hex()}, not 0x{self.genesis.hex()}.",
                    hint="Remove one of the two nodes from --rpc / CRMDAPP_RPC.",
                )
            self.chain_id = actual
            self.genesis = self.genesis or genesis
            endpoint.proven = True

    def _refuse_limits(self, method: str, answer: dict[str, Any]) -> None:
        error = answer.get("error")
        # For logs the same code means "too many results", which only a smaller request cures.
        if isinstance(error, dict) and error.get("code") in LIMIT_CODES and method != "eth_getLogs":
            raise EndpointError("asks for fewer requests", sent=False, rest=1.0)

    def _rest(self, endpoint: Endpoint, failure: EndpointError) -> None:
        rest = failure.rest or _RESTS[min(endpoint.failures, len(_RESTS) - 1)]
        endpoint.failures += 1
        endpoint.resume_at = time.monotonic() + rest
        endpoint.detail = failure.detail

    def _set_aside(self, endpoint: Endpoint, problem: NodeProblem) -> None:
        endpoint.rejected = problem
        endpoint.proven = False
        endpoint.resume_at = time.monotonic() + _REJECTED_FOR
        endpoint.detail = problem.message

    def _pause(self, deadline: float) -> bool:
        waiting = [item.resume_at for item in self.endpoints if item.rejected is None]
        if not waiting or min(waiting) >= deadline:
            return False
        time.sleep(max(0.0, min(waiting) - time.monotonic()))
        return True

    def _maybe_done(
        self, endpoint: Endpoint, method: str, failure: EndpointError
    ) -> NodeUnreachable:
        return NodeUnreachable(
            f"{endpoint.label} {failure.detail} during {method}.",
            why="The request may or may not have been carried out, so it was not repeated.",
            hint="Look at the chain before sending it again.",
        )

    def _unreachable(self) -> NodeProblem:
        rejected = [item.rejected for item in self.endpoints if item.rejected is not None]
        if len(rejected) == len(self.endpoints):
            return rejected[0]
        return NodeUnreachable(
            "No node answers.",
            why="; ".join(f"{item.label} {item.detail}" for item in self.endpoints),
            hint="Start a local one (crmdapp chain up), or check --rpc / CRMDAPP_RPC.",
        )


def is_repeatable(method: str) -> bool:
    """Return whether sending ``method`` twice has the same effect as sending it once."""
    if method in _NOT_REPEATABLE:
        return False
    return method in _REPEATABLE or method.startswith(_REPEATABLE_PREFIXES)


def _number(answer: dict[str, Any]) -> int:
    try:
        return int(answer["result"], 16)
    except (KeyError, TypeError, ValueError):
        raise EndpointError("does not tell its chain id", sent=False) from None


def _block_hash(answer: dict[str, Any]) -> bytes | None:
    block = answer.get("result")
    try:
        # A pruned node may not have the genesis block any more; then the chain id must do.
        return bytes.fromhex(block["hash"][2:]) if block else None
    except (KeyError, TypeError, ValueError):
        raise EndpointError("gives a malformed genesis block", sent=False) from None
