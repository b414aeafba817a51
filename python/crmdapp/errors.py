"""Every exception crmdapp raises, in one tree.

A caller who catches :class:`CrmdappError` has caught everything that can go wrong by design. Each
exception answers three questions: what happened (``message``), why (``why``) and what to do about
it (``hint``). ``code`` is the class name and ``exit_code`` the status the command line ends with,
so Python, CLI JSON and HTTP all name a problem alike.

The module imports nothing beyond the standard library.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_CANCELLED = 3
EXIT_KEY = 4
EXIT_NODE = 5
EXIT_REVERTED = 6
EXIT_VERIFICATION = 8
EXIT_INTERRUPTED = 130


class CrmdappError(Exception):
    """Base of every exception of this package.

    Args:
        message: What happened, one sentence.
        why: The cause as far as it is known; may be empty.
        hint: What the reader can do about it; may be empty.
    """

    exit_code: ClassVar[int] = EXIT_FAILED

    def __init__(self, message: str = "", *, why: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.why = why
        self.hint = hint

    @property
    def code(self) -> str:
        """The class name: the same identifier in Python, CLI JSON and HTTP."""
        return type(self).__name__

    def to_dict(self) -> dict[str, Any]:
        """Return the error as plain JSON data: ``code, exit_code, message, why, hint, details``."""
        return {
            "code": self.code,
            "exit_code": self.exit_code,
            "message": self.message,
            "why": self.why,
            "hint": self.hint,
            "details": {name: jsonable(value) for name, value in self.details().items()},
        }

    def details(self) -> Mapping[str, Any]:
        """Return the figures that belong to this error, by name."""
        shown = ("message", "why", "hint")
        return {
            name: value
            for name, value in vars(self).items()
            if name not in shown and not name.startswith("_")
        }

    def __str__(self) -> str:
        return self.message


class UsageError(CrmdappError):
    """An argument, option or configuration value cannot be used."""

    exit_code = EXIT_USAGE


class Cancelled(CrmdappError):
    """The user said no, or cannot be asked because there is no terminal."""

    exit_code = EXIT_CANCELLED


class DiskFull(CrmdappError):
    """The disk is full; what was already written stays valid."""


class JournalProblem(CrmdappError):
    """The journal of sent transactions cannot be opened, read or written."""


# --------------------------------------------------------------------------- keys and permission


class KeyProblem(CrmdappError):
    """A key cannot be used."""

    exit_code = EXIT_KEY


class KeystoreLocked(KeyProblem):
    """A key file needs a password and none was given."""


class WrongPassword(KeyProblem):
    """The password does not open the key file."""


class KeystoreMissing(KeyProblem):
    """There is no key file of that name."""


class KeystoreExists(KeyProblem):
    """A key file of that name exists and is never overwritten."""


class KeystoreCorrupt(KeyProblem):
    """A key file is damaged, incomplete or not a key file."""


class PrivateKeyInvalid(KeyProblem):
    """A raw private key is not 32 bytes of hex inside the curve's order."""


class PermissionDenied(KeyProblem):
    """The operating system or a contract's owner does not allow it."""


class FundsMissing(KeyProblem):
    """The account cannot pay for the transaction.

    Args:
        message: What happened.
        address: The account that has to pay.
        balance: What it has, in wei.
        needed: What the transaction may cost at most, in wei.
    """

    def __init__(
        self,
        message: str = "",
        *,
        address: str = "",
        balance: int = 0,
        needed: int = 0,
        why: str = "",
        hint: str = "",
    ) -> None:
        super().__init__(message, why=why, hint=hint)
        self.address = address
        self.balance = balance
        self.needed = needed


# --------------------------------------------------------------------------- node and chain


class NodeProblem(CrmdappError):
    """The node, or the way to it, does not work."""

    exit_code = EXIT_NODE


class NodeUnreachable(NodeProblem):
    """No endpoint gave a usable answer."""


class NodeRefused(NodeProblem):
    """The node understood the request and refused it.

    Args:
        message: What happened.
        rpc_code: The JSON-RPC error code.
        data: The raw bytes that came with the error, empty if none.

    Attributes:
        ambiguous: Whether another node may have accepted the request before this one refused.
    """

    def __init__(
        self,
        message: str = "",
        *,
        rpc_code: int = 0,
        data: bytes = b"",
        why: str = "",
        hint: str = "",
    ) -> None:
        super().__init__(message, why=why, hint=hint)
        self.rpc_code = rpc_code
        self.data = data
        self.ambiguous = False


class WrongChain(NodeProblem):
    """The node serves another chain than the one asked for.

    Args:
        message: What happened.
        expected: The chain id asked for.
        actual: The chain id the node gave.
    """

    def __init__(
        self,
        message: str = "",
        *,
        expected: int = 0,
        actual: int = 0,
        why: str = "",
        hint: str = "",
    ) -> None:
        super().__init__(message, why=why, hint=hint)
        self.expected = expected
        self.actual = actual


class NodeLied(NodeProblem):
    """A node contradicts itself, the other nodes, or a hash that can be computed."""


class ReceiptTimeout(NodeProblem):
    """A transaction was sent and is still pending; it has *not* failed.

    Args:
        message: What happened.
        tx_hash: Hash of the pending transaction, 0x-prefixed hex.
    """

    def __init__(
        self, message: str = "", *, tx_hash: str = "", why: str = "", hint: str = ""
    ) -> None:
        super().__init__(message, why=why, hint=hint)
        self.tx_hash = tx_hash


class PortInUse(NodeProblem):
    """Another program listens on the port."""


class AnvilMissing(NodeProblem):
    """The local node's program cannot be found."""


class NodeCrashed(NodeProblem):
    """The local node stopped by itself, or never started to answer."""


class ContractMissing(NodeProblem):
    """There is no code, or other code, at the address a contract should have.

    Args:
        message: What happened.
        name: Name of the contract looked for.
        address: Where it should be; empty if no address is known.
    """

    def __init__(
        self, message: str = "", *, name: str = "", address: str = "", why: str = "", hint: str = ""
    ) -> None:
        super().__init__(message, why=why, hint=hint)
        self.name = name
        self.address = address


# --------------------------------------------------------------------------- reverts


class TransactionReverted(CrmdappError):
    """The chain ran the call and undid it, without a reason that could be decoded.

    Attributes:
        tx_hash: Hash of the reverted transaction; ``None`` for a simulation.
        block: Its block number; ``None`` for a simulation.
        raw: The bytes the contract reverted with; empty if it gave none.
    """

    exit_code = EXIT_REVERTED

    def __init__(
        self,
        message: str = "The call was reverted.",
        *,
        tx_hash: str | None = None,
        block: int | None = None,
        raw: bytes = b"",
        why: str = "",
        hint: str = "",
    ) -> None:
        super().__init__(message, why=why, hint=hint)
        self.tx_hash = tx_hash
        self.block = block
        self.raw = raw


class ContractError(TransactionReverted):
    """Base of the generated twins of Solidity's custom errors.

    A twin bears the Solidity error's name and has one attribute per field. A field whose name is
    taken by this class (``args``, ``code``, ``raw``, ...) gets a trailing underscore. The twin is
    built with the field values in order: ``PointsHubProgramUnknown(7).program == 7``.

    Attributes:
        signature: Canonical signature, such as ``"PointsHubProgramUnknown(uint256)"``.
        selector: Its first four bytes of keccak.
        types: ABI type of each field, tuples expanded: ``("uint256", "(address,uint48)[]")``.
        fields: Solidity name of each field, in order.
    """

    signature: ClassVar[str] = ""
    selector: ClassVar[bytes] = b""
    types: ClassVar[tuple[str, ...]] = ()
    fields: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *values: Any) -> None:
        if len(values) != len(self.fields):
            raise TypeError(
                f"{type(self).__name__} takes {len(self.fields)} values "
                f"({', '.join(self.fields)}), got {len(values)}"
            )
        super().__init__(self._describe(values))
        Exception.__init__(self, *values)
        self.values = values
        for name, value in zip(self.fields, values, strict=True):
            setattr(self, attribute_name(name), value)

    @classmethod
    def _describe(cls, values: tuple[Any, ...]) -> str:
        pairs = ", ".join(
            f"{name}={jsonable(value)}" if name else f"{jsonable(value)}"
            for name, value in zip(cls.fields, values, strict=True)
        )
        return f"{cls.__name__}({pairs})"

    def details(self) -> Mapping[str, Any]:
        """Return the Solidity fields by name, and the transaction if there is one."""
        found: dict[str, Any] = dict(zip(self.fields, self.values, strict=True))
        if self.tx_hash is not None:
            found["tx_hash"] = self.tx_hash
            found["block"] = self.block
        return found

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and getattr(other, "values", None) == self.values

    def __hash__(self) -> int:
        return hash((type(self), repr(self.values)))


class Error(ContractError):
    """Solidity's built-in ``Error(string)``: a revert with a sentence."""

    signature = "Error(string)"
    selector = bytes.fromhex("08c379a0")
    types = ("string",)
    fields = ("reason",)
    reason: str


PANIC_MEANINGS: Mapping[int, str] = {
    0x00: "generic compiler panic",
    0x01: "assertion failed",
    0x11: "arithmetic overflow or underflow",
    0x12: "division or modulo by zero",
    0x21: "value is no member of the enum",
    0x22: "storage byte array is wrongly encoded",
    0x31: "pop from an empty array",
    0x32: "index out of bounds",
    0x41: "too much memory allocated",
    0x51: "call of an uninitialised function",
}


class Panic(ContractError):
    """Solidity's built-in ``Panic(uint256)``: the compiler's own checks failed."""

    signature = "Panic(uint256)"
    selector = bytes.fromhex("4e487b71")
    types = ("uint256",)
    fields = ("panicCode",)
    panic_code: int

    @property
    def meaning(self) -> str:
        """The panic code in words."""
        return PANIC_MEANINGS.get(self.panic_code, "unknown panic")

    def __str__(self) -> str:
        return f"Panic(0x{self.panic_code:02x}): {self.meaning}"


class UnknownContractError(ContractError):
    """A revert whose selector no twin knows; ``raw`` holds every byte of it."""

    fields = ("unknownSelector",)
    types = ("bytes4",)
    unknown_selector: bytes

    def __str__(self) -> str:
        return f"Reverted with an unknown error: 0x{self.raw.hex()}"


# --------------------------------------------------------------------------- checks and files


class GasCapExceeded(CrmdappError):
    """A transaction needs more gas than the chain allows one transaction.

    Args:
        message: What happened.
        needed: Gas the transaction needs; 0 if unknown.
        cap: Gas the chain allows it.
    """

    def __init__(
        self, message: str = "", *, needed: int = 0, cap: int = 0, why: str = "", hint: str = ""
    ) -> None:
        super().__init__(message, why=why, hint=hint)
        self.needed = needed
        self.cap = cap


class VerificationFailed(CrmdappError):
    """A check that must hold does not."""

    exit_code = EXIT_VERIFICATION


@dataclass(frozen=True, slots=True)
class FileFault:
    """One thing wrong with one line of a file.

    Attributes:
        line: Line number, first line is 1; 0 if it concerns the file as a whole.
        field: Column name; empty if it concerns the line as a whole.
        reason: What is wrong, with the offending value.
    """

    line: int
    field: str
    reason: str

    def __str__(self) -> str:
        place = f"line {self.line}" if self.line else "file"
        return f"{place}, {self.field}: {self.reason}" if self.field else f"{place}: {self.reason}"


class FileRejected(CrmdappError):
    """A file was refused as a whole, before anything was done with it.

    Args:
        message: What happened.
        faults: What is wrong and where; also accepts ``(line, field, reason)`` tuples.
    """

    exit_code = EXIT_USAGE

    def __init__(
        self,
        message: str = "",
        faults: Iterable[FileFault | tuple[int, str, str]] = (),
        *,
        why: str = "",
        hint: str = "",
    ) -> None:
        super().__init__(message, why=why, hint=hint)
        self.faults: tuple[FileFault, ...] = tuple(
            fault if isinstance(fault, FileFault) else FileFault(*fault) for fault in faults
        )


class FileChanged(FileRejected):
    """A file is not the one that was checked, or it was written to while it was read."""


# --------------------------------------------------------------------------- naming and JSON


def attribute_name(field: str) -> str:
    """Return the attribute that holds a Solidity error's field: ``batchId`` -> ``batch_id``."""
    name = snake_case(field)
    return f"{name}_" if name in _RESERVED or keyword.iskeyword(name) or not name else name


def snake_case(name: str) -> str:
    """Return a Solidity camelCase name in Python's form: ``batchId`` -> ``batch_id``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def jsonable(value: Any) -> Any:
    """Return ``value`` as JSON data: bytes as 0x hex, sequences as lists."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, bytes | bytearray):
        return "0x" + bytes(value).hex()
    if isinstance(value, Mapping):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, FileFault):
        return {"line": value.line, "field": value.field, "reason": value.reason}
    if isinstance(value, list | tuple | set | frozenset):
        return [jsonable(item) for item in value]
    return str(value)


_RESERVED = frozenset(
    set(dir(TransactionReverted))
    | {"message", "why", "hint", "tx_hash", "block", "raw", "values"}
    | {"signature", "selector", "types", "fields"}
    | {"bool", "bytes", "int", "str", "tuple"}  # a class that annotates with them cannot be one
)
