"""A proven connection to one chain through one or several nodes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from crmdapp.chain._answers import (
    block_tag,
    hex_bytes,
    is_funds_missing,
    is_known,
    is_still_indexing,
    message_of,
    quantity,
    refusal,
    reverted,
)
from crmdapp.chain._endpoint import EndpointStatus
from crmdapp.chain._keccak import keccak
from crmdapp.chain._node_client import NodeClient
from crmdapp.chain._rpc import FailoverClient
from crmdapp.chain.addresses import checksum
from crmdapp.chain.calls import BoundContract, Call
from crmdapp.chain.decode import DecodedLog, decode_log
from crmdapp.errors import (
    ContractMissing,
    FundsMissing,
    NodeLied,
    NodeRefused,
    NodeUnreachable,
    UsageError,
)

if TYPE_CHECKING:
    from web3 import Web3

_FIRST_SPAN = 5_000
_LONGEST_SPAN = 200_000


def connect(
    rpc: str | Sequence[str], *, chain_id: int | None = None, timeout: float = 10.0
) -> Connection:
    """Return a connection whose node has proven its chain id.

    Args:
        rpc: One address or several, first choice first; http or https.
        chain_id: The chain id the nodes must have; ``None`` accepts the first node's.
        timeout: Seconds one request to one node may take.

    Raises:
        NodeUnreachable: No node gives a usable answer.
        WrongChain: Every node serves another chain.
        UsageError: An address cannot be used.
    """
    urls = [rpc] if isinstance(rpc, str) else list(rpc)
    client = FailoverClient(urls, chain_id=chain_id, timeout=timeout)
    client.request("eth_blockNumber", [])
    return Connection(client)


class Connection:
    """A chain, reached through the nodes given to :func:`connect`.

    Attributes:
        chain_id: The chain's id.
        genesis_hash: Hash of its first block, 32 bytes; zeros if no node keeps that block.
    """

    def __init__(self, client: FailoverClient) -> None:
        if client.chain_id is None:
            raise UsageError("The client has not reached its node; use connect().")
        self._client = client
        self._w3: Web3 | None = None
        self.chain_id: int = client.chain_id

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Connection(chain_id={self.chain_id}, {[item.url for item in self.endpoints]})"

    def close(self) -> None:
        """Close all kept connections."""
        self._client.close()

    @property
    def genesis_hash(self) -> bytes:
        """Hash of the first block, 32 bytes; zeros if no node keeps that block."""
        return self._client.genesis or bytes(32)

    @property
    def endpoints(self) -> tuple[EndpointStatus, ...]:
        """How each node does, addresses without secrets."""
        return tuple(item.status() for item in self._client.endpoints)

    @property
    def w3(self) -> Web3:
        """A web3 object that speaks through the same nodes."""
        if self._w3 is None:
            from crmdapp.chain._provider import web3_over

            self._w3 = web3_over(self._client)
        return self._w3

    def request(self, method: str, params: Sequence[Any] = ()) -> Any:
        """Return the result of a JSON-RPC request.

        Raises:
            NodeRefused: The node answered with an error.
            NodeUnreachable: No node gave a usable answer.
        """
        answer = self._client.request(method, params)
        if answer.get("error") is not None:
            raise refusal(method, answer["error"], ambiguous=bool(answer.get("ambiguous")))
        return answer["result"]

    def ask_each(self, method: str, params: Sequence[Any] = ()) -> list[Any]:
        """Return the results of every node that answers now; may be empty."""
        return self._client.ask_each(method, params)

    def each_node(self) -> tuple[NodeClient, ...]:
        """Return a client of each node by itself, for who compares what they say."""
        return tuple(
            NodeClient(item.url, self.chain_id, self._client.genesis, item.timeout)
            for item in self._client.endpoints
        )

    # ----------------------------------------------------------------- reading

    def contract(self, name: str, address: str) -> BoundContract:
        """Return the contract ``name`` of the package's artifacts at ``address``.

        Raises:
            ContractMissing: The package ships no such contract.
            UsageError: ``address`` is malformed.
        """
        from crmdapp.chain import artifacts

        try:
            place = checksum(address)
        except ValueError as problem:
            raise UsageError(f"{problem}.") from None
        return BoundContract(self, name, place, artifacts.load(name).abi)

    def call(self, call: Call, *, sender: str | None = None, block: int | str = "latest") -> bytes:
        """Return what ``call`` would return at ``block``; the same as :meth:`eth_call`."""
        return self.eth_call(call, sender=sender, block=block)

    def eth_call(
        self,
        call: Call,
        *,
        sender: str | None = None,
        block: int | str = "latest",
        gas: int | None = None,
    ) -> bytes:
        """Return the bytes ``call`` would return at ``block``; nothing is sent.

        Raises:
            ContractError: The contract refused, as the twin of its error.
            TransactionReverted: It refused without a reason.
            NodeProblem: The node could not be asked.
        """
        message = message_of(call, sender)
        if gas is not None:
            message["gas"] = hex(gas)
        try:
            result = self.request("eth_call", [message, block_tag(block)])
        except NodeRefused as problem:
            raise reverted(problem, call) or problem from None
        return hex_bytes(result, "eth_call")

    def estimate_gas(self, call: Call, *, sender: str, block: int | str = "latest") -> int:
        """Return the gas ``call`` needs.

        Raises:
            ContractError: The contract refused, as the twin of its error.
            TransactionReverted: It refused without a reason.
            FundsMissing: The sender cannot pay the value.
            NodeProblem: The node could not be asked.
        """
        params = [message_of(call, sender), block_tag(block)]
        try:
            return quantity(self.request("eth_estimateGas", params), "eth_estimateGas")
        except NodeRefused as problem:
            if is_funds_missing(problem.why):
                balance = self.balance(sender)
                raise FundsMissing(
                    f"{sender} has {balance:,} wei and is to send {call.value:,}.",
                    address=sender,
                    balance=balance,
                    needed=call.value,
                    hint="Send some of the chain's currency to the account.",
                ) from None
            refused = reverted(problem, call)
            if refused is not None and not problem.data:
                self.eth_call(call, sender=sender, block=block)  # some tell the reason only here
            raise refused or problem from None

    def block_number(self) -> int:
        """Return the number of the latest block."""
        return quantity(self.request("eth_blockNumber"), "eth_blockNumber")

    def block(self, block: int | str = "latest", *, full: bool = False) -> dict[str, Any] | None:
        """Return a block as JSON-RPC data; ``None`` if there is none.

        Args:
            block: Its number or a tag.
            full: With its transactions, not their hashes alone.
        """
        found = self.request("eth_getBlockByNumber", [block_tag(block), full])
        if found is not None and not isinstance(found, dict):
            raise NodeLied("The node gave a malformed block.")
        return found

    def block_timestamp(self, block: int | str = "latest") -> int:
        """Return a block's time, Unix seconds.

        Raises:
            NodeUnreachable: The node has no such block.
        """
        found = self.block(block)
        if found is None:
            raise NodeUnreachable(f"The node has no block {block}.", hint="It may still sync.")
        return quantity(found["timestamp"], "eth_getBlockByNumber")

    def balance(self, address: str, block: int | str = "latest") -> int:
        """Return the address's balance in wei."""
        params = [address, block_tag(block)]
        return quantity(self.request("eth_getBalance", params), "eth_getBalance")

    def nonce(self, address: str, block: int | str = "latest") -> int:
        """Return how many transactions the address has sent as of ``block``."""
        params = [address, block_tag(block)]
        return quantity(self.request("eth_getTransactionCount", params), "eth_getTransactionCount")

    def code(self, address: str) -> bytes:
        """Return the code at an address, empty if there is none."""
        return hex_bytes(self.request("eth_getCode", [address, "latest"]), "eth_getCode")

    def require_code(self, address: str, name: str) -> None:
        """Check that there is code at ``address``.

        Raises:
            ContractMissing: There is none.
        """
        if not self.code(address):
            raise ContractMissing(
                f"There is no {name} at {address} on chain {self.chain_id}.",
                name=name,
                address=address,
                why="The address has no code.",
                hint="Deploy first (crmdapp deploy), or check the chain and the manifest.",
            )

    def receipt(self, tx_hash: str) -> dict[str, Any] | None:
        """Return a transaction's receipt as JSON-RPC data; ``None`` while it is pending."""
        try:
            found = self.request("eth_getTransactionReceipt", [tx_hash])
        except NodeRefused as problem:
            if is_still_indexing(problem):
                return None
            raise
        if found is not None and (
            not isinstance(found, dict) or found.get("transactionHash", "").lower() != tx_hash
        ):
            raise NodeLied("The node gave the receipt of another transaction.")
        return found

    def logs(
        self,
        address: str | Sequence[str] | None,
        topics: Sequence[Any] = (),
        from_block: int = 0,
        to_block: int | str = "latest",
    ) -> Iterator[DecodedLog]:
        """Yield the known events in a range of blocks in order, asking in spans a node bears.

        Args:
            address: Contract or contracts; ``None`` for all.
            topics: Filter in ``eth_getLogs`` form.
            from_block: First block, inclusive.
            to_block: Last block, inclusive, or a tag; blocks that are not there yet hold nothing.

        Raises:
            NodeRefused: The node refuses even a single block.
            NodeUnreachable: No node gave a usable answer.
        """
        last = self._resolve(to_block)
        first, span = from_block, _FIRST_SPAN
        while first <= last:
            end = min(first + span - 1, last)
            query: dict[str, Any] = {"fromBlock": hex(first), "toBlock": hex(end)}
            if address is not None:
                query["address"] = address if isinstance(address, str) else list(address)
            if topics:
                query["topics"] = list(topics)
            try:
                found = self.request("eth_getLogs", [query])
            except NodeRefused:
                if end == first:
                    raise
                span = max(1, (end - first + 1) // 2)
                continue
            for log in found:
                decoded = None if log.get("removed") else decode_log(log)
                if decoded is not None:
                    yield decoded
            first = end + 1
            span = min(span * 2, _LONGEST_SPAN)

    def _resolve(self, block: int | str) -> int:
        if isinstance(block, int):
            return min(block, self.block_number())  # many nodes refuse to look beyond the latest
        if block == "latest":
            return self.block_number()
        found = self.block(block)
        return quantity(found["number"], "eth_getBlockByNumber") if found else -1

    # ----------------------------------------------------------------- sending

    def broadcast(self, raw: bytes) -> str:
        """Hand a signed transaction to the node and return its hash.

        A node that knows the transaction already is a success, and so is any refusal by a node that
        has it all the same: "nonce too low" when the transaction itself is what took the nonce, or
        the revert of a transaction that the node put into a block at once.

        Raises:
            NodeRefused: The node refuses the transaction.
            NodeUnreachable: No node gave a usable answer; the transaction may have arrived.
            NodeLied: The node returned another hash.
        """
        tx_hash = "0x" + keccak(raw).hex()
        try:
            answer = self.request("eth_sendRawTransaction", ["0x" + raw.hex()])
        except NodeRefused as problem:
            if is_known(problem) or self.knows(tx_hash):
                return tx_hash
            raise
        if not isinstance(answer, str) or answer.lower() != tx_hash:
            raise NodeLied(
                "The node returned another hash than the transaction has.",
                why=f"Sent {tx_hash}, got {str(answer)[:80]}.",
                hint="Do not trust this node; the transaction is in the journal.",
            )
        return tx_hash

    def knows(self, tx_hash: str) -> bool:
        """Return whether any node that answers has the transaction, pending or mined."""
        return any(self.ask_each("eth_getTransactionByHash", [tx_hash]))
