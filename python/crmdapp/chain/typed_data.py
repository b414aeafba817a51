"""EIP-712 typed data as dataclasses, with a fast signing path.

A struct is a frozen dataclass whose ``TYPE`` is the Solidity type string and whose fields stand in
the same order under the same names, in snake case (``from_`` for ``from``, ``order_id`` for
``orderId``)::

    @dataclass(frozen=True, slots=True)
    class TransferIntent(TypedData):
        TYPE: ClassVar[str] = "TransferIntent(uint256 program,address from,uint256 nonce)"
        program: int
        from_: str
        nonce: int

Source: EIP-712, https://eips.ethereum.org/EIPS/eip-712.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

from crmdapp.chain._keccak import keccak
from crmdapp.chain.addresses import checksum
from crmdapp.errors import UsageError, VerificationFailed, snake_case

if TYPE_CHECKING:
    from crmdapp.chain.accounts import Signer

HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
"""Largest ``s`` of a signature that is accepted on chain (low-s, EIP-2)."""

_STRUCT = re.compile(r"(\w+)\(([^()]*)\)")
_INTEGER = re.compile(r"^(u?)int(\d*)$")
_FIXED_BYTES = re.compile(r"^bytes(\d+)$")
_ARRAY = re.compile(r"^(.*)\[(\d*)\]$")

Encoder = Callable[[Any], bytes]

_LAYOUTS: dict[type, _Layout] = {}

JSON_NUMBER_MAX = (1 << 53) - 1
"""Largest whole number that JavaScript reads from JSON exactly."""


@dataclass(frozen=True, slots=True)
class Domain:
    """The contract a signature is meant for.

    Attributes:
        name: The contract's name for signing, usually its Solidity name.
        version: Version of its signed types, ``"1"``.
        chain_id: The only chain it is valid on.
        verifying_contract: The only contract it is valid for.
    """

    name: str
    version: str
    chain_id: int
    verifying_contract: str

    TYPE: ClassVar[str] = (
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    )

    def separator(self) -> bytes:
        """Return the domain separator, 32 bytes.

        Raises:
            UsageError: The address or chain id is malformed.
        """
        return _separator(self)

    def to_json(self) -> dict[str, Any]:
        """Return the domain as ``eth_signTypedData_v4`` wants it."""
        return {
            "name": self.name,
            "version": self.version,
            "chainId": self.chain_id,
            "verifyingContract": self.verifying_contract,
        }


class TypedData:
    """Base of EIP-712 structs; see the module's docstring for how to write one."""

    __slots__ = ()
    TYPE: ClassVar[str] = ""

    @property
    def type_string(self) -> str:
        """The struct's type with the structs it refers to, as hashed on chain."""
        return self.TYPE

    @property
    def values(self) -> tuple[Any, ...]:
        """The fields in the order of the type, as a contract takes the struct.

        Structs in it are tuples of their own fields.
        """
        return tuple(_nested_values(getattr(self, name)) for name, _ in _layout(type(self)).packers)

    @classmethod
    def type_hash(cls) -> bytes:
        """Return keccak of the type string."""
        return _layout(cls).type_hash

    @classmethod
    def members(cls) -> tuple[tuple[str, str, str], ...]:
        """Return attribute, Solidity name and Solidity type of each field, in order."""
        layout = _layout(cls)
        return tuple(
            (attribute, name, kind)
            for (attribute, _), name, kind in zip(
                layout.packers, layout.names, layout.kinds, strict=True
            )
        )

    def struct_hash(self) -> bytes:
        """Return ``hashStruct(self)``.

        Raises:
            UsageError: A field does not fit its type; the message names it.
        """
        layout = _layout(type(self))
        try:
            return keccak(
                layout.type_hash
                + b"".join([pack(getattr(self, name)) for name, pack in layout.packers])
            )
        except (OverflowError, TypeError, ValueError, AttributeError):
            raise self._misfit() from None

    def digest(self, domain: Domain) -> bytes:
        """Return the 32 bytes that are signed.

        Raises:
            UsageError: A field does not fit its type.
        """
        return keccak(b"\x19\x01" + domain.separator() + self.struct_hash())

    def sign(self, signer: Signer, domain: Domain) -> bytes:
        """Return the 65-byte signature (r, s, v), v 27 or 28, low s.

        Raises:
            UsageError: A field does not fit its type.
            KeyProblem: The signer cannot sign.
        """
        return signer.sign_digest(self.digest(domain))

    def to_json(self, domain: Domain) -> dict[str, Any]:
        """Return the message as ``eth_signTypedData_v4`` wants it, for wallets.

        Numbers above 2^53 - 1 are decimal strings: JavaScript would round them.
        """
        structs = _parse(self.TYPE)
        primary = next(iter(structs))
        types: dict[str, Any] = {
            name: [{"name": item, "type": kind} for kind, item in members]
            for name, members in {**_parse(Domain.TYPE), **structs}.items()
        }
        return {
            "types": types,
            "primaryType": primary,
            "domain": domain.to_json(),
            "message": _unrounded(self.message()),
        }

    def message(self) -> dict[str, Any]:
        """Return the fields under their Solidity names, as wallets write them in JSON."""
        layout = _layout(type(self))
        return {
            solidity: _plain(getattr(self, name))
            for solidity, (name, _) in zip(layout.names, layout.packers, strict=True)
        }

    def _misfit(self) -> UsageError:
        layout = _layout(type(self))
        # A field that the dataclass does not show is not quoted either: it may be secret.
        secret = {item.name for item in fields(self) if not item.repr}  # type: ignore[arg-type]  # subclasses are dataclasses
        for (name, pack), kind in zip(layout.packers, layout.kinds, strict=True):
            value = getattr(self, name)
            try:
                pack(value)
            except (OverflowError, TypeError, ValueError, AttributeError):
                got = "" if name in secret else f", got {value!r}"
                return UsageError(f"{type(self).__name__}.{name} must be {kind}{got}.")
        return UsageError(f"{type(self).__name__} cannot be encoded.")


def _unrounded(value: Any) -> Any:
    """Return JSON data in which no number is one that JavaScript rounds."""
    if isinstance(value, dict):
        return {name: _unrounded(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_unrounded(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > JSON_NUMBER_MAX:
        return str(value)
    return value


def sign_many(items: Iterable[TypedData], signer: Signer, domain: Domain) -> list[bytes]:
    """Return the signatures of ``items`` in order.

    Raises:
        UsageError: A field does not fit its type.
        KeyProblem: The signer cannot sign.
    """
    prefix = b"\x19\x01" + domain.separator()
    sign = signer.sign_digest
    return [sign(keccak(prefix + item.struct_hash())) for item in items]


def recover(digest: bytes, signature: bytes) -> str:
    """Return the address that signed ``digest``.

    Only what contracts accept is accepted: 65 bytes, v 27 or 28, low s.

    Raises:
        VerificationFailed: The signature is malformed or recovers to nobody.
    """
    from coincurve import PublicKey

    if len(digest) != 32:
        raise VerificationFailed(f"A digest has 32 bytes, got {len(digest)}.")
    if len(signature) != 65 or signature[64] not in (27, 28):
        raise VerificationFailed("A signature has 65 bytes and ends in 27 or 28.")
    if int.from_bytes(signature[32:64], "big") > HALF_ORDER:
        raise VerificationFailed(
            "The signature has a high s.", why="It is the mirrored twin of a valid signature."
        )
    try:
        key = PublicKey.from_signature_and_message(
            signature[:64] + bytes([signature[64] - 27]), digest, hasher=None
        )
    except Exception as problem:  # noqa: BLE001 - coincurve raises bare Exception and ValueError
        raise VerificationFailed(
            "The signature recovers to no address.", why=str(problem)
        ) from None
    return checksum("0x" + keccak(key.format(compressed=False)[1:])[12:].hex())


def verify(item: TypedData, domain: Domain, signature: bytes, signer: str) -> None:
    """Check that ``signer`` signed ``item`` for ``domain``.

    Raises:
        VerificationFailed: It did not.
        UsageError: A field of ``item`` does not fit its type.
    """
    found = recover(item.digest(domain), signature)
    if found != checksum(signer):
        raise VerificationFailed(f"The signature is by {found}, not by {checksum(signer)}.")


# --------------------------------------------------------------------------- encoding


@dataclass(frozen=True, slots=True)
class _Layout:
    type_hash: bytes
    packers: tuple[tuple[str, Encoder], ...]
    names: tuple[str, ...]
    kinds: tuple[str, ...]


def _layout(cls: type[TypedData]) -> _Layout:
    return _LAYOUTS.get(cls) or _LAYOUTS.setdefault(cls, _make_layout(cls))


def _make_layout(cls: type[TypedData]) -> _Layout:
    structs = _parse(cls.TYPE)
    if not structs:
        raise UsageError(f"{cls.__name__}.TYPE is not an EIP-712 type string.")
    _, *others = structs
    if others != sorted(others):
        raise UsageError(f"{cls.__name__}.TYPE must list the structs it refers to by name order.")
    members = next(iter(structs.values()))
    own = [item.name for item in fields(cls)]  # type: ignore[arg-type]  # subclasses are dataclasses
    wanted = [name for _, name in members]
    if any(
        mine.removesuffix("_") not in (theirs.removesuffix("_"), snake_case(theirs))
        for mine, theirs in zip(own, wanted, strict=False)
    ) or len(own) != len(wanted):
        raise UsageError(f"{cls.__name__}'s fields differ from its TYPE: {own}.")
    return _Layout(
        type_hash=keccak(cls.TYPE.encode()),
        packers=tuple(
            (name, _encoder(kind, structs)) for name, (kind, _) in zip(own, members, strict=True)
        ),
        names=tuple(name for _, name in members),
        kinds=tuple(kind for kind, _ in members),
    )


def _parse(type_string: str) -> dict[str, list[tuple[str, str]]]:
    """Return struct name -> [(type, name)], the primary struct first."""
    return {
        name: [(part.split()[0], part.split()[1]) for part in body.split(",") if part.strip()]
        for name, body in _STRUCT.findall(type_string)
    }


@lru_cache(maxsize=256)
def _separator(domain: Domain) -> bytes:
    try:
        return keccak(
            keccak(Domain.TYPE.encode())
            + keccak(domain.name.encode())
            + keccak(domain.version.encode())
            + domain.chain_id.to_bytes(32, "big")
            + _address(domain.verifying_contract)
        )
    except (OverflowError, TypeError, ValueError, AttributeError):
        raise UsageError(f"{domain!r} is not a signing domain.") from None


def _encoder(kind: str, structs: Mapping[str, Any]) -> Encoder:
    simple: dict[str, Encoder] = {
        "address": _address,
        "bool": _bool,
        "bytes": _bytes,
        "string": _string,
    }
    if kind in simple:
        return simple[kind]
    if match := _INTEGER.match(kind):
        bits = int(match[2] or 256)
        return _unsigned(bits) if match[1] else _signed(bits)
    if match := _FIXED_BYTES.match(kind):
        return _fixed(int(match[1]))
    if match := _ARRAY.match(kind):
        return _array(_encoder(match[1], structs), int(match[2]) if match[2] else None)
    if kind in structs:
        return _nested(kind)
    raise UsageError(f"{kind!r} is not an EIP-712 type.")


def _unsigned(bits: int) -> Encoder:
    if bits == 256:
        # to_bytes itself refuses negative and too large values: the fast path for most words.
        def word(value: int) -> bytes:
            return value.to_bytes(32, "big")

        return word
    size = bits // 8
    zeros = bytes(32 - size)

    def pack(value: int) -> bytes:
        return zeros + value.to_bytes(size, "big")

    return pack


def _signed(bits: int) -> Encoder:
    def pack(value: int) -> bytes:
        value.to_bytes(bits // 8, "big", signed=True)
        return value.to_bytes(32, "big", signed=True)

    return pack


def _fixed(size: int) -> Encoder:
    def pack(value: Any) -> bytes:
        if not isinstance(value, bytes) or len(value) != size:
            raise ValueError(size)
        return value.ljust(32, b"\0")

    return pack


_ADDRESS_PREFIX = bytes(12)


@lru_cache(maxsize=4096)
def _address(value: str) -> bytes:
    raw = bytes.fromhex(value[2:])
    if len(raw) != 20 or value[:2] != "0x" or len(value) != 42:
        raise ValueError(value)
    return _ADDRESS_PREFIX + raw


def _bool(value: Any) -> bytes:
    if not isinstance(value, bool):
        raise TypeError(value)
    return bytes(31) + bytes([value])


def _bytes(value: Any) -> bytes:
    if not isinstance(value, bytes):
        raise TypeError(value)
    return keccak(value)


def _string(value: str) -> bytes:
    return keccak(value.encode())


def _array(inner: Encoder, size: int | None) -> Encoder:
    def pack(values: Any) -> bytes:
        if not isinstance(values, list | tuple) or size not in (None, len(values)):
            raise ValueError(values)
        return keccak(b"".join([inner(value) for value in values]))

    return pack


def _nested(kind: str) -> Encoder:
    def pack(value: Any) -> bytes:
        if not isinstance(value, TypedData) or next(iter(_parse(value.TYPE))) != kind:
            raise TypeError(value)
        return value.struct_hash()

    return pack


def _nested_values(value: Any) -> Any:
    if isinstance(value, TypedData):
        return value.values
    if isinstance(value, list | tuple):
        return tuple(_nested_values(item) for item in value)
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, TypedData):
        return value.message()
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
