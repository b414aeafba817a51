"""Reading signed permissions from JSON: one field at a time, each fault naming its field."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from typing import Any, TypeVar

from crmdapp.chain._whole import is_whole
from crmdapp.chain.addresses import parse_address
from crmdapp.chain.typed_data import Domain, TypedData
from crmdapp.errors import UsageError

TypedDataT = TypeVar("TypedDataT", bound=TypedData)

SIGNATURE_MAX = (1 << 16) - 1
"""Most bytes of a signature."""

T = TypeVar("T")

# A signed permission is nested four deep, in an array five.
_DEPTH_MAX = 32
_WORD_MAX = (1 << 256) - 1
# A string, whose brackets do not count, or a bracket.
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"?|(?P<open>[\[{])|(?P<close>[\]}])', re.DOTALL)


class JsonFields:
    """The members of one JSON object.

    Args:
        data: The object.
        what: What it is, for messages, such as ``"signed coupon"``.

    Raises:
        UsageError: It is no object.
    """

    def __init__(self, data: object, what: str) -> None:
        if not isinstance(data, Mapping):
            raise UsageError(f"The {what} is no JSON object: {str(data)[:60]!r}.")
        self._data: Mapping[str, Any] = data
        self._what = what

    @classmethod
    def parse(cls, data: Mapping[str, Any] | str | bytes, what: str) -> JsonFields:
        """Return the members of an object that may still be JSON text.

        Raises:
            UsageError: It is no JSON, or no object.
        """
        if not isinstance(data, str | bytes):
            return cls(data, what)
        text = data if isinstance(data, str) else data.decode(errors="replace")
        try:
            return cls(read_json(text), what)
        except ValueError as problem:
            raise UsageError(f"The {what} is not JSON.", why=str(problem)) from None

    def inner(self, name: str) -> JsonFields:
        """Return the members of the object under ``name``."""
        return JsonFields(self._of(name, Mapping), f"{self._what}'s {name}")

    def text(self, name: str) -> str:
        """Return a string."""
        value: str = self._of(name, str)
        return value

    def has(self, name: str) -> bool:
        """Return whether there is such a member, of whatever kind."""
        return name in self._data

    def secret(self, name: str, kind: type[T]) -> T:
        """Return a value that no message may quote."""
        value = self._data.get(name)
        if not isinstance(value, kind):
            raise UsageError(f"The {self._what}'s {name} is missing or not usable.")
        return value

    def require_only(self, names: Collection[str]) -> None:
        """Check that there is no member of another name.

        Raises:
            UsageError: There is one.
        """
        unknown = sorted(str(name) for name in self._data if name not in names)
        if unknown:
            raise UsageError(
                f"The {self._what} has an unknown member {unknown[0][:60]!r}.",
                hint=f"Known are {', '.join(sorted(names))}.",
            )

    def value(self, name: str) -> Any:
        """Return a member of whatever kind."""
        return self._of(name, object)

    def truth(self, name: str) -> bool:
        """Return a truth value."""
        value: bool = self._of(name, bool)
        return value

    def items(self, name: str) -> list[Any]:
        """Return an array."""
        value: list[Any] = self._of(name, list)
        return value

    def whole(self, name: str, most: int = _WORD_MAX) -> int:
        """Return a whole number: a JSON number, or a string in decimal or 0x hex."""
        value = self._data.get(name)
        if isinstance(value, str):
            try:
                value = int(value, 16 if value.startswith("0x") else 10)
            except ValueError:
                value = None
        if not is_whole(value) or not 0 <= value <= most:
            raise UsageError(
                f"{name} must be a whole number from 0 to {most:,}, got {self._data.get(name)!r}."
            )
        return value

    def address(self, name: str) -> str:
        """Return an address in its EIP-55 form."""
        try:
            return parse_address(self.text(name))
        except ValueError as problem:
            raise UsageError(f"{name}: {problem}.") from None

    def word(self, name: str) -> bytes:
        """Return 32 bytes, written as hex."""
        return read_word(self.text(name), name)

    def data(self, name: str) -> bytes:
        """Return bytes, written as hex."""
        text = self.text(name)
        try:
            return bytes.fromhex(text.removeprefix("0x"))
        except ValueError:
            raise UsageError(f"{name} is no hex data.") from None

    def domain(self, name: str = "domain") -> Domain:
        """Return what was signed for."""
        stated = self.inner(name)
        return Domain(
            name=stated.text("name"),
            version=stated.text("version"),
            chain_id=stated.whole("chainId"),
            verifying_contract=stated.address("verifyingContract"),
        )

    def signature(self, name: str = "signature") -> bytes:
        """Return a signature, written as hex."""
        text = self.text(name)
        try:
            signature = bytes.fromhex(text.removeprefix("0x"))
        except ValueError:
            raise UsageError("The signature is no hex data.") from None
        if len(signature) > SIGNATURE_MAX:
            raise UsageError(f"A signature has at most {SIGNATURE_MAX:,} bytes.")
        return signature

    def _of(self, name: str, kind: type) -> Any:
        value = self._data.get(name)
        if not isinstance(value, kind):
            shown = "is missing" if value is None else f"is not usable: {str(value)[:60]!r}"
            raise UsageError(f"The {self._what}'s {name} {shown}.")
        return value


class SignedJson:
    """Signed data in JSON, as :meth:`crmdapp.chain.signed.Signed.to_json` writes it.

    Numbers may be JSON numbers, or strings in decimal or 0x hex, as wallets write them.

    Args:
        data: ``{"typedData": ..., "signature": "0x..."}``, as JSON text or read.
        what: What it is, for messages, such as ``"signed coupon"``.
        kinds: Names of the structs it may be about.

    Attributes:
        outer: The members beside ``typedData``.
        kind: Which of ``kinds`` it is.
        message: The struct's fields.

    Raises:
        UsageError: It is no such data; the message names the field.
    """

    def __init__(self, data: Mapping[str, Any] | str | bytes, what: str, *kinds: str) -> None:
        self.outer = JsonFields.parse(data, what)
        self._typed = self.outer.inner("typedData")
        self.kind = self._typed.text("primaryType")
        if self.kind not in kinds:
            wanted = kinds[0] if len(kinds) == 1 else f"one of {', '.join(kinds)}"
            raise UsageError(f"primaryType must be {wanted}, got {self.kind[:60]!r}.")
        self.message = self._typed.inner("message")

    def domain(self) -> Domain:
        """Return what was signed for."""
        return self._typed.domain()

    def signature(self) -> bytes:
        """Return the signature."""
        return self.outer.signature()


def read_struct(kind: type[TypedDataT], message: JsonFields) -> TypedDataT:
    """Return the struct whose EIP-712 message this is.

    Args:
        kind: Its class; each field is a number, an address, ``bytes32``, ``bytes`` or ``bool``.
        message: The message, as wallets write it in JSON.

    Raises:
        UsageError: A field is missing or malformed; the message names it.
    """
    values: dict[str, Any] = {}
    for attribute, name, type_ in kind.members():
        if type_.startswith("uint"):
            values[attribute] = message.whole(name, (1 << int(type_[4:] or 256)) - 1)
        else:
            values[attribute] = _READERS[type_](message, name)
    return kind(**values)


_READERS = {
    "address": JsonFields.address,
    "bytes32": JsonFields.word,
    "bytes": JsonFields.data,
    "bool": JsonFields.truth,
}


def read_json(text: str) -> Any:
    """Return what JSON text says, unless it is nested deeper than any signed permission.

    Python's own reader dies of deep nesting in a process that allows deep recursion.

    Raises:
        ValueError: It is no JSON, or nested too deep.
    """
    depth = 0
    for found in _BRACKETS.finditer(text):
        if found["open"]:
            depth += 1
            if depth > _DEPTH_MAX:
                raise ValueError(f"it is nested more than {_DEPTH_MAX} deep")
        elif found["close"]:
            depth -= 1
    return json.loads(text)


def read_word(text: str, name: str) -> bytes:
    """Return 32 bytes, written as 64 hex digits with or without 0x.

    Raises:
        UsageError: It is nothing of the kind; the message names it by ``name``.
    """
    try:
        word = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        word = b""
    if len(word) != 32:
        raise UsageError(f"{name} must be 64 hex digits, got {text[:80]!r}.")
    return word
