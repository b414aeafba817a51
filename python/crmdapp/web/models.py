"""What every model of the API is made of."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    WithJsonSchema,
)

from crmdapp.chain.addresses import parse_address

_UINT_MAX = (1 << 256) - 1


class Model(BaseModel):
    """Base of all models: unknown fields are refused, fields may be read from dataclasses."""

    model_config = ConfigDict(extra="forbid", from_attributes=True, frozen=True)


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError("must be a whole number as a decimal string")  # noqa: TRY004 - pydantic's
    if isinstance(value, str):
        if not value.isascii() or not value.isdigit() or len(value) > 78:
            raise ValueError("must be a whole number as a decimal string")
        value = int(value)
    if not 0 <= value <= _UINT_MAX:
        raise ValueError("must be from 0 to 2^256 - 1")
    return value


def _word(value: Any) -> bytes:
    if isinstance(value, bytes) and len(value) == 32:
        return value
    if not isinstance(value, str) or len(value) != 66 or value[:2] != "0x":
        raise ValueError("must be 0x and 64 hex digits")
    try:
        return bytes.fromhex(value[2:])
    except ValueError:
        raise ValueError("must be 0x and 64 hex digits") from None


def _octets(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str) or value[:2] != "0x" or len(value) % 2:
        raise ValueError("must be 0x and an even number of hex digits")
    try:
        return bytes.fromhex(value[2:])
    except ValueError:
        raise ValueError("must be 0x and an even number of hex digits") from None


def _address(value: str) -> str:
    try:
        return parse_address(value)
    except ValueError:
        raise ValueError("must be an address: 0x and 40 hex digits, checksum right") from None


def _plain_text(value: str) -> str:
    if "\x00" in value:
        raise ValueError("must not contain the character U+0000")
    return value


Uint = Annotated[
    int,
    BeforeValidator(_whole),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{1,78}$", "examples": ["1500"]}),
]
"""A whole number from 0 to 2^256 - 1, in JSON a decimal string (a JSON number is taken too)."""

AddressIn = Annotated[
    str,
    AfterValidator(_address),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": "^0x[0-9a-fA-F]{40}$",
            "examples": ["0x70997970C51812dc3A010C7d01b50e0d17dc79C8"],
        }
    ),
]
"""An address in any case, checked and put into its EIP-55 form."""

Hash32 = Annotated[
    bytes,
    BeforeValidator(_word),
    PlainSerializer(lambda value: "0x" + value.hex(), return_type=str),
    WithJsonSchema(
        {"type": "string", "pattern": "^0x[0-9a-fA-F]{64}$", "examples": ["0x" + "ab" * 32]}
    ),
]
"""32 bytes, in JSON 0x and 64 hex digits."""

Octets = Annotated[
    bytes,
    BeforeValidator(_octets),
    PlainSerializer(lambda value: "0x" + value.hex(), return_type=str),
    WithJsonSchema(
        {"type": "string", "pattern": "^0x([0-9a-fA-F]{2})*$", "examples": ["0x" + "ab" * 65]}
    ),
]
"""Bytes, in JSON 0x and hex digits."""

PlainText = Annotated[str, AfterValidator(_plain_text)]
"""A text without the character U+0000, which PostgreSQL cannot keep."""


class Sent(Model):
    """A transaction that took effect."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"tx_hash": "0x" + "ab" * 32, "block": 1204}]}
    )

    tx_hash: str
    block: int
