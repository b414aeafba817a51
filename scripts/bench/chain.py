"""A throw-away chain for measuring: anvil with the rules and limits of a real network.

Osaka rules, the cap of 16,777,216 gas per transaction enforced, EIP-1559 fees. Keys and the clock
start the same in every run, so the same contracts give the same gas to the last unit.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

from crmdapp.chain.calls import Function, encode, functions_of, type_of
from scripts.bench.compile import Compiled, compile_all
from tests.fixtures.anvil import Anvil

HARDFORK = "osaka"
GAS_CAP = 16_777_216  # of one transaction, EIP-7825
START = 1_800_000_000  # seconds since 1970
FAR = START + 10_000_000  # a deadline that no run reaches

_FEES = {"maxFeePerGas": hex(100 * 10**9), "maxPriorityFeePerGas": hex(10**9)}


class BenchError(Exception):
    """A measurement could not be made; the message says which and why."""


class Chain:
    """A running anvil; use it as a context manager.

    Attributes:
        accounts: Funded addresses the node signs for; by convention `[0]` is the merchant.
        chain_id: Its EIP-155 number.
        url: Its JSON-RPC address.
        version: Of anvil.
    """

    accounts: tuple[str, ...]
    chain_id: int
    url: str
    version: str

    def __enter__(self) -> Self:
        self._anvil = Anvil.start(timestamp=START)
        self._libraries: dict[str, str] = {}
        self.accounts = tuple(self._anvil.rpc("eth_accounts"))
        self.chain_id = self._anvil.chain_id
        self.url = self._anvil.url
        self.version = self._anvil.rpc("web3_clientVersion").removeprefix("anvil/v").split("-")[0]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._anvil.stop()

    def send(self, sender: str, to: str | None, data: bytes, value: int = 0) -> dict[str, Any]:
        """Carry a transaction out, with `value` wei, and return its receipt.

        Raises:
            BenchError: It reverted.
        """
        message = {"from": sender, "data": "0x" + data.hex(), "gas": hex(GAS_CAP), **_FEES}
        message["value"] = hex(value)
        if to is not None:
            message["to"] = to
        digest = self._anvil.rpc("eth_sendTransaction", message)
        receipt: dict[str, Any] | None = None
        while receipt is None:
            receipt = self._anvil.rpc("eth_getTransactionReceipt", digest)
        if receipt["status"] != "0x1":
            raise BenchError(
                f"failed with {int(receipt['gasUsed'], 16):,} gas: {self._why(message)}"
            )
        return receipt

    def wait(self, seconds: int) -> None:
        """Let time pass until the next block."""
        self._anvil.advance(seconds)

    def mine(self, blocks: int) -> None:
        """Make empty blocks."""
        self._anvil.mine(blocks)

    def read(self, to: str, data: bytes) -> bytes:
        """Return what a call returns."""
        message = {"to": to, "data": "0x" + data.hex()}
        return bytes.fromhex(self._anvil.rpc("eth_call", message, "latest")[2:])

    def deploy(self, name: str, *args: Any) -> Contract:
        """Deploy the contract `name` of ours or the peers'.

        Raises:
            BenchError: Its constructor reverted.
        """
        compiled = compile_all()[name]
        libraries = {each: self._library(each) for each in compiled.libraries}
        arguments = encode(_constructor_types(compiled), args, name)
        receipt = self.send(self.accounts[0], None, compiled.init_code(libraries) + arguments)
        return Contract(self, receipt["contractAddress"], compiled, int(receipt["gasUsed"], 16))

    def at(self, name: str, address: str) -> Contract:
        """Return the contract `name` of ours or the peers' at a known address."""
        return Contract(self, address, compile_all()[name])

    def _library(self, name: str) -> str:
        if name not in self._libraries:
            self._libraries[name] = self.deploy(name).address
        return self._libraries[name]

    def _why(self, message: dict[str, str]) -> str:
        """What the node says of the same call, made again."""
        try:
            self._anvil.rpc("eth_call", message, "latest")
        except RuntimeError as error:
            return str(error)
        return "the same call succeeds now"


class Contract:
    """A deployed contract.

    Attributes:
        address: Where it is.
        gas: What its deployment used; 0 if something else deployed it.
    """

    def __init__(self, chain: Chain, address: str, compiled: Compiled, gas: int = 0) -> None:
        self.address = address
        self.gas = gas
        self._chain = chain
        self._name = compiled.name
        self._functions = functions_of(compiled.abi)

    def send(self, function: str, *args: Any, sender: str | None = None, value: int = 0) -> int:
        """Call the function in a transaction and return the gas of the whole transaction.

        Args:
            function: Name, or signature where the name is overloaded.
            args: Its arguments.
            sender: Who sends it; the merchant if not said.
            value: Wei sent with it.

        Raises:
            BenchError: It reverted.
        """
        return int(self.receipt(function, *args, sender=sender, value=value)["gasUsed"], 16)

    def receipt(
        self, function: str, *args: Any, sender: str | None = None, value: int = 0
    ) -> dict[str, Any]:
        """As `send`, but return the transaction's whole receipt."""
        data = self.data(function, *args)
        try:
            return self._chain.send(sender or self._chain.accounts[0], self.address, data, value)
        except BenchError as error:
            raise BenchError(f"{self._name}.{function}: {error}") from None

    def data(self, function: str, *args: Any) -> bytes:
        """Return the call data of a function."""
        return self._function(function).encode(args)

    def read(self, function: str, *args: Any) -> Any:
        """Return what a view function returns."""
        entry = self._function(function)
        return entry.decode(self._chain.read(self.address, entry.encode(args)))

    def _function(self, name: str) -> Function:
        (function,) = self._functions[name]
        return function


def _constructor_types(compiled: Compiled) -> tuple[str, ...]:
    constructors = [each for each in compiled.abi if each["type"] == "constructor"]
    return tuple(type_of(item) for each in constructors for item in each["inputs"])
