"""Contract calls: what to send where, encoded from the artifacts' ABI."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from crmdapp.chain._keccak import keccak
from crmdapp.chain.addresses import checksum
from crmdapp.chain.decode import DecodedLog, decode_values, plain
from crmdapp.errors import ContractMissing, UsageError

if TYPE_CHECKING:
    from crmdapp.chain.connection import Connection


@dataclass(frozen=True, slots=True)
class Call:
    """One message to the chain, not yet priced, numbered or signed.

    Attributes:
        to: Address of the contract or person, in any case; ``None`` creates a contract.
        data: Encoded call, or init code.
        value: Wei to send along.
        function: Name for people; empty for plain transfers.
        args: Arguments for people, as given.
        contract: Name of the contract for people.
        spare_gas: Gas it may need beyond its estimate if time alone has changed what it meets
            before its block comes, as the end of an epoch does.

    Raises:
        UsageError: ``to`` is no address.
    """

    to: str | None
    data: bytes = b""
    value: int = 0
    function: str = ""
    args: tuple[Any, ...] = ()
    contract: str = ""
    spare_gas: int = 0

    def __post_init__(self) -> None:
        if self.to is not None:
            try:
                object.__setattr__(self, "to", checksum(self.to))
            except ValueError as problem:
                raise UsageError(f"{problem}.") from None

    def __str__(self) -> str:
        target = self.contract or self.to or "new contract"
        return f"{target}.{self.function}" if self.function else str(target)


@dataclass(frozen=True, slots=True)
class Function:
    """One function of an ABI, ready to encode and decode."""

    name: str
    signature: str
    selector: bytes
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    shapes: tuple[Any, ...] = field(repr=False)
    result_names: tuple[str, ...] = ()

    def encode(self, args: Sequence[Any]) -> bytes:
        """Return selector and arguments.

        Raises:
            UsageError: An argument does not fit its type.
        """
        return self.selector + encode(self.inputs, tuple(args), self.signature)

    def decode(self, data: bytes) -> Any:
        """Return the one output, or all of them as a named tuple.

        Raises:
            eth_abi.exceptions.DecodingError: ``data`` is not what the ABI promises.
        """
        from eth_abi.exceptions import InsufficientDataBytes

        # Said here too, because frameworks that share the process may have patched eth_abi to
        # fill up short answers.
        if len(data) < 32 * len(self.outputs):
            raise InsufficientDataBytes(f"{len(data)} bytes for {len(self.outputs)} values")
        values = tuple(
            _shaped(shape, plain(kind, value))
            for kind, shape, value in zip(
                self.outputs, self.shapes, decode_values(list(self.outputs), data), strict=True
            )
        )
        if len(values) == 1:
            return values[0]
        return _record(self.name, self.result_names)(*values) if values else None


class BoundContract:
    """A contract at an address, called by its functions' names.

    Attributes:
        name: Its Solidity name.
        address: Where it is, checksummed.
        abi: Its ABI as JSON data.
    """

    def __init__(
        self, connection: Connection, name: str, address: str, abi: Sequence[Mapping[str, Any]]
    ) -> None:
        self.name = name
        self.address = address
        self.abi = abi
        self._connection = connection
        self._functions = functions_of(abi)

    def __repr__(self) -> str:
        return f"BoundContract({self.name!r}, {self.address!r})"

    def read(
        self, function: str, *args: Any, block: int | str = "latest", sender: str | None = None
    ) -> Any:
        """Return what the function returns: a value, or a named tuple of several.

        Structs become named tuples too. Overloaded functions are named by signature, such as
        ``"balanceOf(address,uint256)"``.

        Raises:
            ContractError: The contract refused, as the twin of its error.
            ContractMissing: There is no such contract at the address.
            UsageError: No such function, or an argument does not fit.
            NodeProblem: The node could not be asked.
        """
        from eth_abi.exceptions import DecodingError

        entry = self.function(function)
        call = self._bind(entry, args, 0)
        data = self._connection.eth_call(call, sender=sender, block=block)
        if not data and entry.outputs:
            self.require_code()
        try:
            return entry.decode(data)
        except DecodingError as problem:
            raise ContractMissing(
                f"The contract at {self.address} does not answer like {self.name}.",
                name=self.name,
                address=self.address,
                why=f"{entry.signature} returned {len(data)} bytes that do not decode: {problem}",
                hint="Check the address in the deployment manifest: crmdapp doctor.",
            ) from None

    def call(self, function: str, *args: Any, value: int = 0) -> Call:
        """Return the call of ``function`` with ``args``, for a sender to send.

        Raises:
            UsageError: No such function, or an argument does not fit.
        """
        return self._bind(self.function(function), args, value)

    def events(
        self,
        *names: str,
        from_block: int = 0,
        to_block: int | str = "latest",
        **indexed: Any,
    ) -> Iterator[DecodedLog]:
        """Yield this contract's past events in order.

        Args:
            names: Solidity names of the events wanted; all if none is given.
            from_block: First block, inclusive.
            to_block: Last block, inclusive, or a tag.
            indexed: Wanted values of indexed parameters by Solidity name; needs exactly one name.

        Raises:
            UsageError: No such event or parameter.
            NodeProblem: The node could not be asked.
        """
        topics = self._topics(names, indexed)
        yield from self._connection.logs(self.address, topics, from_block, to_block)

    def function(self, name: str) -> Function:
        """Return the function of that name or signature.

        Raises:
            UsageError: There is none, or the name has several overloads.
        """
        found = self._functions.get(name, ())
        if len(found) == 1:
            return found[0]
        if not found:
            raise UsageError(f"{self.name} has no function {name!r}.")
        raise UsageError(
            f"{self.name} has several functions {name!r}.",
            hint="Name one by signature: " + ", ".join(item.signature for item in found) + ".",
        )

    def require_code(self) -> None:
        """Check that there is code at the address.

        Raises:
            ContractMissing: There is none.
        """
        self._connection.require_code(self.address, self.name)

    def _bind(self, entry: Function, args: tuple[Any, ...], value: int) -> Call:
        return Call(
            to=self.address,
            data=entry.encode(args),
            value=value,
            function=entry.name,
            args=args,
            contract=self.name,
        )

    def _topics(self, names: tuple[str, ...], indexed: Mapping[str, Any]) -> list[Any]:
        events = {entry["name"]: entry for entry in self.abi if entry.get("type") == "event"}
        for name in names:
            if name not in events:
                raise UsageError(f"{self.name} has no event {name!r}.")
        if not names:
            if indexed:
                raise UsageError("Filtering by a parameter needs the event's name.")
            return []
        first = ["0x" + keccak(_signature(events[name]).encode()).hex() for name in names]
        if not indexed:
            return [first]
        if len(names) != 1:
            raise UsageError("Filtering by a parameter needs exactly one event.")
        return [first, *self._values(events[names[0]], indexed)]

    def _values(self, event: Mapping[str, Any], indexed: Mapping[str, Any]) -> list[Any]:
        """Return the wanted topics after the first; ``None`` where any value will do."""
        name = event["name"]
        inputs = [item for item in event["inputs"] if item["indexed"]]
        unknown = set(indexed) - {item["name"] for item in inputs}
        if unknown:
            raise UsageError(f"{name} has no indexed parameter {sorted(unknown)[0]!r}.")
        return [
            "0x"
            + encode((type_of(item),), (indexed[item["name"]],), f"{name}.{item['name']}").hex()
            if item["name"] in indexed
            else None
            for item in inputs
        ]


def type_of(item: Mapping[str, Any]) -> str:
    """Return the canonical type of an ABI parameter, tuples expanded."""
    kind: str = item["type"]
    if not kind.startswith("tuple"):
        return kind
    inner = ",".join(type_of(part) for part in item["components"])
    return f"({inner}){kind[len('tuple') :]}"


def encode(kinds: tuple[str, ...], args: tuple[Any, ...], what: str) -> bytes:
    """Return ``args`` encoded as the ABI types ``kinds``.

    Raises:
        UsageError: The number of arguments or the type or range of one does not fit; the message
            names it.
    """
    from eth_abi.abi import encode as abi_encode
    from eth_abi.abi import is_encodable
    from eth_abi.exceptions import EncodingError

    if len(kinds) != len(args):
        raise UsageError(f"{what} takes {len(kinds)} arguments, got {len(args)}.")
    values = tuple(args)
    try:
        return abi_encode(kinds, values)
    except (EncodingError, TypeError, ValueError, OverflowError) as problem:
        for position, (kind, value) in enumerate(zip(kinds, values, strict=True), start=1):
            if not is_encodable(kind, value):
                raise UsageError(
                    f"Argument {position} of {what} must be {kind}, got {value!r}."
                ) from None
        raise UsageError(f"The arguments of {what} do not fit.", why=str(problem)) from None


def functions_of(abi: Sequence[Mapping[str, Any]]) -> dict[str, tuple[Function, ...]]:
    """Return the functions of an ABI by name and by signature."""
    found: dict[str, tuple[Function, ...]] = {}
    for entry in abi:
        if entry.get("type") != "function":
            continue
        signature = _signature(entry)
        outputs = entry.get("outputs", [])
        function = Function(
            name=entry["name"],
            signature=signature,
            selector=keccak(signature.encode())[:4],
            inputs=tuple(type_of(item) for item in entry["inputs"]),
            outputs=tuple(type_of(item) for item in outputs),
            shapes=tuple(_shape(item) for item in outputs),
            result_names=tuple(item.get("name", "") for item in outputs),
        )
        found[entry["name"]] = (*found.get(entry["name"], ()), function)
        found[signature] = (function,)
    return found


def _signature(entry: Mapping[str, Any]) -> str:
    return f"{entry['name']}({','.join(type_of(item) for item in entry['inputs'])})"


def _shape(item: Mapping[str, Any]) -> Any:
    """Return ``None`` for plain values, else (record name, field names, field shapes, depth)."""
    if not item["type"].startswith("tuple"):
        return None
    name = item.get("internalType", "struct Record").removeprefix("struct ").split(".")[-1]
    return (
        name.split("[")[0],
        tuple(part.get("name", "") for part in item["components"]),
        tuple(_shape(part) for part in item["components"]),
        item["type"].count("["),
    )


def _shaped(shape: Any, value: Any, depth: int | None = None) -> Any:
    if shape is None:
        return value
    name, names, inner, levels = shape
    left = levels if depth is None else depth
    if left:
        return tuple(_shaped(shape, item, left - 1) for item in value)
    parts = (_shaped(part, item) for part, item in zip(inner, value, strict=True))
    return _record(name, names)(*parts)


@cache
def _record(name: str, names: tuple[str, ...]) -> Any:
    return namedtuple(name, [item or f"_{n}" for n, item in enumerate(names)], rename=True)  # noqa: PYI024 - the names come from the ABI at run time
