"""Events and custom errors as Python classes of the same name with the same fields.

The classes are generated into ``crmdapp/<domain>/events.py`` and ``errors.py``; this module finds
them when first needed and never guesses: a log no class knows is skipped, an error no class knows
becomes :class:`~crmdapp.errors.UnknownContractError` with every byte kept.
"""

from __future__ import annotations

import keyword
import pkgutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module, resources
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar

from crmdapp import errors
from crmdapp.errors import ContractError, Error, Panic, UnknownContractError

if TYPE_CHECKING:
    from eth_abi.codec import ABIDecoder

_CLASS_NAMES = frozenset({"signature", "topic", "types", "indexed", "fields"})
_TYPE_NAMES = frozenset({"bool", "bytes", "int", "str", "tuple"})
_DYNAMIC_SUFFIXES = ("]", ")")


@dataclass(frozen=True, slots=True)
class Event:
    """Base of the generated twins of Solidity's events.

    Attributes:
        signature: Canonical signature.
        topic: Its keccak, the log's first topic.
        types: ABI type of each parameter in order of declaration, tuples expanded.
        indexed: Whether each parameter is a topic.
        fields: Solidity name of each parameter.
    """

    signature: ClassVar[str] = ""
    topic: ClassVar[bytes] = b""
    types: ClassVar[tuple[str, ...]] = ()
    indexed: ClassVar[tuple[bool, ...]] = ()
    fields: ClassVar[tuple[str, ...]] = ()


@dataclass(frozen=True, slots=True)
class DecodedLog:
    """An event and where it happened.

    Attributes:
        event: The decoded event.
        address: The contract that emitted it.
        block: Block number.
        tx_hash: Transaction, 0x hex.
        log_index: Position in the block, from 0.
        timestamp: Time of the block, Unix seconds; ``None`` from a node that does not say.
    """

    event: Event
    address: str
    block: int
    tx_hash: str
    log_index: int
    timestamp: int | None = field(default=None, compare=False)


def event_attribute(field: str) -> str:
    """Return the attribute that holds an event's parameter: ``batchId`` -> ``batch_id``."""
    name = errors.snake_case(field)
    return f"{name}_" if name in _CLASS_NAMES | _TYPE_NAMES or keyword.iskeyword(name) else name


def decode_logs(source: Any) -> list[Event]:
    """Return the known events of a receipt, or of a list of logs, in order.

    Args:
        source: An object with ``logs``, a mapping with ``"logs"``, or the logs themselves, each as
            JSON-RPC or web3 gives it.
    """
    logs = source
    if isinstance(source, Mapping):
        logs = source["logs"]
    elif hasattr(source, "logs"):
        logs = source.logs
    decoded = (decode_log(log) for log in logs)
    return [item.event for item in decoded if item is not None]


def decode_log(log: Mapping[str, Any]) -> DecodedLog | None:
    """Return the decoded log, or ``None`` if no twin matches its topics and data."""
    from eth_abi.exceptions import DecodingError

    topics = [as_bytes(topic) for topic in log["topics"]]
    if not topics:
        return None
    data = as_bytes(log["data"])
    for twin in _events().get(topics[0], ()):
        if sum(twin.indexed) != len(topics) - 1:
            continue
        try:
            values = _log_values(twin, topics[1:], data)
        except (DecodingError, ValueError):
            continue
        return DecodedLog(
            event=twin(*values),
            address=as_address(log["address"]),
            block=as_int(log.get("blockNumber") or 0),
            tx_hash="0x" + as_bytes(log.get("transactionHash") or b"").hex(),
            log_index=as_int(log.get("logIndex") or 0),
            timestamp=None if log.get("blockTimestamp") is None else as_int(log["blockTimestamp"]),
        )
    return None


def decode_error(data: bytes) -> ContractError:
    """Return the twin of the custom error in a revert's ``data``, with ``raw`` set to the data.

    Empty data, an unknown selector and a known selector with malformed arguments give
    :class:`~crmdapp.errors.UnknownContractError`.
    """
    from eth_abi.exceptions import DecodingError

    data = bytes(data)
    error: ContractError
    for twin in _errors().get(data[:4], ()) if len(data) >= 4 else ():
        if len(data) < 4 + 32 * len(twin.types):
            continue
        try:
            values = decode_values(list(twin.types), data[4:])
        except (DecodingError, ValueError):
            continue
        error = twin(*(plain(kind, value) for kind, value in zip(twin.types, values, strict=True)))
        break
    else:
        error = UnknownContractError(data[:4])
    error.raw = data
    return error


def decode_values(kinds: Sequence[str], data: bytes) -> tuple[Any, ...]:
    """Return ABI-encoded values.

    A contract takes any bytes for a ``string``. Where they are no UTF-8, U+FFFD stands for them:
    otherwise whoever gives a program such a name could make its events unreadable for everybody.

    Raises:
        eth_abi.exceptions.DecodingError: ``data`` is not of these types.
    """
    values: tuple[Any, ...] = _decoder().decode(kinds, data)
    return values


def plain(kind: str, value: Any) -> Any:
    """Return a decoded ABI value in its public form: checksummed addresses, tuples, bytes."""
    if kind.endswith("]"):
        inner = kind[: kind.rindex("[")]
        return tuple(plain(inner, item) for item in value)
    if kind.startswith("("):
        return tuple(plain(part, item) for part, item in zip(split_tuple(kind), value, strict=True))
    if kind == "address":
        return as_address(value)
    return value


def split_tuple(kind: str) -> list[str]:
    """Return the component types of ``"(a,(b,c)[],d)"``."""
    parts: list[str] = []
    depth = 0
    current = ""
    for char in kind[1:-1]:
        if char == "," and depth == 0:
            parts.append(current)
            current = ""
            continue
        depth += {"(": 1, ")": -1}.get(char, 0)
        current += char
    return [*parts, current] if current else parts


def as_bytes(value: Any) -> bytes:
    """Return bytes given as bytes, HexBytes or 0x hex."""
    if isinstance(value, str):
        return bytes.fromhex(value.removeprefix("0x"))
    return bytes(value)


def as_int(value: Any) -> int:
    """Return an integer given as integer or 0x hex."""
    return int(value, 16) if isinstance(value, str) else int(value)


@lru_cache(maxsize=65_536)
def as_address(value: Any) -> str:
    """Return the checksummed form of an address given in any case.

    Raises:
        ValueError: ``value`` is no address.
    """
    from crmdapp.chain.addresses import checksum

    return checksum(value if isinstance(value, str) else "0x" + bytes(value).hex())


def event_classes(topic: bytes) -> tuple[type[Event], ...]:
    """Return the generated classes of events with that first topic; none if it is unknown."""
    return _events().get(topic, ())


def clear_registry() -> None:
    """Forget the twins found so far, so that modules written since are found."""
    _events.cache_clear()
    _errors.cache_clear()


def _log_values(twin: type[Event], topics: list[bytes], data: bytes) -> list[Any]:
    kinds = [kind for kind, topic in zip(twin.types, twin.indexed, strict=True) if not topic]
    if len(data) < 32 * len(kinds):
        raise ValueError(f"{len(data)} bytes for {len(kinds)} values")
    in_data = iter(decode_values(kinds, data))
    in_topics = iter(topics)
    values: list[Any] = []
    for kind, indexed in zip(twin.types, twin.indexed, strict=True):
        if not indexed:
            values.append(plain(kind, next(in_data)))
            continue
        topic = next(in_topics)
        if kind in ("string", "bytes") or kind.endswith(_DYNAMIC_SUFFIXES):
            values.append(topic)  # the log holds only the value's hash
        else:
            values.append(plain(kind, decode_values([kind], topic)[0]))
    return values


@lru_cache(maxsize=1)
def _decoder() -> ABIDecoder:
    from eth_abi import decoding, registry
    from eth_abi.codec import ABIDecoder

    words: Any = registry  # not all of eth_abi's functions have types
    strings: Any = decoding.StringDecoder
    lenient = words.registry.copy()
    lenient.unregister_decoder("string")
    reader = strings(handle_string_errors="replace")
    lenient.register_decoder(words.BaseEquals("string"), reader, label="string")
    return ABIDecoder(lenient)


def _twin_modules(kind: str) -> Iterable[ModuleType]:
    import crmdapp

    for package in pkgutil.iter_modules(crmdapp.__path__):
        folder = resources.files("crmdapp").joinpath(package.name)
        if package.ispkg and folder.joinpath(f"{kind}.py").is_file():
            yield import_module(f"crmdapp.{package.name}.{kind}")


@lru_cache(maxsize=1)
def _events() -> dict[bytes, tuple[type[Event], ...]]:
    found: dict[bytes, tuple[type[Event], ...]] = {}
    for module in _twin_modules("events"):
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, Event) and value.topic:
                known = found.get(value.topic, ())
                # Two contracts may index different parameters of one signature.
                if all(value.indexed != other.indexed for other in known):
                    found[value.topic] = (*known, value)
    return found


@lru_cache(maxsize=1)
def _errors() -> dict[bytes, tuple[type[ContractError], ...]]:
    found: dict[bytes, tuple[type[ContractError], ...]] = {
        Error.selector: (Error,),
        Panic.selector: (Panic,),
    }
    for module in (errors, *_twin_modules("errors")):
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, ContractError) and value.selector:
                known = found.get(value.selector, ())
                if all(value.signature != other.signature for other in known):
                    found[value.selector] = (*known, value)
    return found
