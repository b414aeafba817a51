"""One node by itself, which answers for what it says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crmdapp.chain._answers import refusal
from crmdapp.chain._endpoint import Endpoint, EndpointError
from crmdapp.errors import NodeLied, NodeUnreachable, WrongChain

_FAILED_BATCHES = 2
"""Failures in a row after which a node is taken for one that answers single requests only."""


class NodeClient:
    """Requests to one node, without fail-over.

    Args:
        url: Its address.
        chain_id: The chain it must serve.
        genesis: Hash of that chain's first block; ``None`` if not known.
        timeout: Seconds a request may take.
    """

    def __init__(self, url: str, chain_id: int, genesis: bytes | None, timeout: float) -> None:
        self._endpoint = Endpoint(url, timeout)
        self._chain_id = chain_id
        self._genesis = genesis
        self._failed_batches = 0
        self.label = self._endpoint.label

    def request(self, method: str, *params: Any) -> Any:
        """Return the result of a request that may be repeated.

        Raises:
            NodeRefused: The node answered with an error.
            NodeUnreachable: It gave no usable answer.
            WrongChain: It serves another chain.
            NodeLied: It serves another chain with the same id.
        """
        self._prove()
        return self._result(method, params)

    def batch(self, method: str, rows: Sequence[Sequence[Any]]) -> list[Any]:
        """Return the results of several calls of one method, in one HTTP request if the node can.

        Raises:
            NodeRefused: The node answered one of them with an error.
            NodeUnreachable: It gave no usable answer.
        """
        self._prove()
        if self._failed_batches < _FAILED_BATCHES and len(rows) > 1:
            try:
                answers = self._endpoint.post_batch(method, rows)
            except EndpointError:
                self._failed_batches += 1
            else:
                self._failed_batches = 0
                return [_result_of(method, answer) for answer in answers]
        return [self._result(method, row) for row in rows]

    def close(self) -> None:
        """Close the kept connection."""
        self._endpoint.close()

    def _result(self, method: str, params: Sequence[Any]) -> Any:
        try:
            return _result_of(method, self._endpoint.post(method, params))
        except EndpointError as failure:
            self._endpoint.proven = False
            raise NodeUnreachable(
                "The node gives no usable answer.", why=f"{self.label} {failure.detail}."
            ) from None

    def _prove(self) -> None:
        if self._endpoint.proven:
            return
        found = int(self._result("eth_chainId", ()), 16)
        if found != self._chain_id:
            raise WrongChain(
                f"{self.label} serves chain {found}, not {self._chain_id}.",
                expected=self._chain_id,
                actual=found,
                hint="Use a node of the right chain, or change --chain-id / CRMDAPP_CHAIN_ID.",
            )
        first = self._result("eth_getBlockByNumber", ("0x0", False))
        stated = str(first["hash"]) if isinstance(first, dict) else ""
        if self._genesis is not None and stated and stated != "0x" + self._genesis.hex():
            raise NodeLied(f"{self.label} serves another chain with the same id {found}.")
        self._endpoint.proven = True


def _result_of(method: str, answer: dict[str, Any]) -> Any:
    if answer.get("error") is not None:
        raise refusal(method, answer["error"])
    return answer["result"]
