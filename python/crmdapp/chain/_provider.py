"""web3 over the fail-over client."""

from __future__ import annotations

from typing import Any

from web3 import Web3
from web3.middleware import ExtraDataToPOAMiddleware
from web3.providers.base import JSONBaseProvider
from web3.types import RPCEndpoint, RPCResponse

from crmdapp.chain._rpc import FailoverClient
from crmdapp.errors import NodeProblem


class FailoverProvider(JSONBaseProvider):
    """A web3 provider that sends through several endpoints."""

    def __init__(self, client: FailoverClient) -> None:
        super().__init__()
        self._client = client

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        """Return the answer of the first endpoint that gives a usable one."""
        answer = dict(self._client.request(method, params))
        answer.pop("ambiguous", None)
        return answer  # type: ignore[return-value]  # a TypedDict, checked by the client

    def is_connected(self, show_traceback: bool = False) -> bool:
        """Return whether any endpoint answers."""
        try:
            self._client.request("eth_chainId", [])
        except NodeProblem:
            if show_traceback:
                raise
            return False
        return True


def web3_over(client: FailoverClient) -> Web3:
    """Return a web3 object that speaks through ``client``; consortium chains' blocks are fine."""
    w3 = Web3(FailoverProvider(client))
    w3.middleware_onion.inject(ExtraDataToPOAMiddleware, layer=0)
    return w3
