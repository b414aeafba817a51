"""What the ledger of items keeps: items, lots, steps; twins of the contract's structs.

Quantities are whole thousandths of a unit, as gaps of rounding are where goods disappear.

Source: contracts/provenance/IItemLedger.sol.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Self

from crmdapp.chain._keccak import keccak
from crmdapp.chain._whole import require_whole
from crmdapp.chain.addresses import ZERO_ADDRESS, require_address
from crmdapp.errors import UsageError
from crmdapp.provenance.gs1.cbv import BIZ_STEPS, DISPOSITIONS, NO_CODE

ITEM_MAX = (1 << 256) - 1
STEP_MAX = (1 << 32) - 1
TIME_MAX = (1 << 40) - 1
QUANTITY_MAX = (1 << 64) - 1
LEVEL_MAX = 4
"""Highest level: 0 is a piece, 4 a ship's hold."""

CLOCK_TOLERANCE = 3_600
"""Seconds that an event may be ahead of the chain's time."""

NO_WORD = bytes(32)
THOUSANDTHS = 1_000

_UNIT = re.compile(r"[0-9A-Z]{1,3}")
_QUANTITY = re.compile(r"([0-9]{1,17})(?:\.([0-9]{1,3}))?")


@dataclass(frozen=True, slots=True)
class ItemStep:
    """What happens to items.

    Attributes:
        biz_step: Code of a business step, 1 to 41; 0 leaves it as it was.
        disposition: Code of a disposition, 1 to 33; 0 leaves it as it was.
        event_time: Unix seconds.
        event_hash: Event hash of its EPCIS document, 32 bytes; zeros for none.
    """

    biz_step: int
    disposition: int
    event_time: int
    event_hash: bytes = NO_WORD

    @classmethod
    def of(
        cls,
        event_time: int,
        *,
        biz_step: str | None = None,
        disposition: str | None = None,
        event_hash: bytes = NO_WORD,
    ) -> Self:
        """Return a step whose codes are given as terms of the vocabulary.

        Raises:
            CbvTermUnknown: The vocabulary has no such term.
        """
        return cls(
            NO_CODE if biz_step is None else BIZ_STEPS.code(biz_step),
            NO_CODE if disposition is None else DISPOSITIONS.code(disposition),
            event_time,
            event_hash,
        )

    @property
    def values(self) -> tuple[int, int, int, bytes]:
        """The step as the contract takes it."""
        return (self.biz_step, self.disposition, self.event_time, self.event_hash)


@dataclass(frozen=True, slots=True)
class Commission:
    """A new item.

    Attributes:
        epc_hash: keccak256 of its identity link, 32 bytes.
        level: 0 (a piece) to 4 (a ship's hold); only a lower level is packed into a higher.
        tag: Address of the key under the label's seal; the zero address for none.
        quantity: Of a lot, thousandths of ``unit``; 0 for a serial item.
        unit: Of a lot, code of UN/ECE Recommendation 20, such as ``"KGM"``; empty for a serial
            item.
        certifier: Of a lot, who may sign yield factors; the zero address for nobody.
    """

    epc_hash: bytes
    level: int = 0
    tag: str = ZERO_ADDRESS
    quantity: int = 0
    unit: str = ""
    certifier: str = ZERO_ADDRESS

    @classmethod
    def of_values(cls, values: tuple[Any, ...]) -> Self:
        """Return the commission that an event tells."""
        epc_hash, level, tag, quantity, unit, certifier = values
        return cls(epc_hash, level, tag, quantity, unit_text(unit), certifier)

    @property
    def is_lot(self) -> bool:
        """Whether it is so much of something, not one thing."""
        return self.quantity != 0

    @property
    def values(self) -> tuple[bytes, int, str, int, bytes, str]:
        """The commission as the contract takes it."""
        unit = unit_bytes(self.unit)
        return (self.epc_hash, self.level, self.tag, self.quantity, unit, self.certifier)


@dataclass(frozen=True, slots=True)
class Item:
    """An item as it stands.

    Attributes:
        custodian: Who has it; of a packed item who had it when it was packed.
        step: How many events it has had; 0: there is no such item.
        biz_step: Code of its last business step; 0 for none.
        disposition: Code of its disposition; 0 for none.
        level: 0 to 4.
        is_packed: It moves with its parent.
        is_lot: It is so much of something.
        is_retired: Used up, destroyed or sold for good.
        is_recalled: Its issuer called it back.
        last_time: Time of its last event, Unix seconds.
    """

    custodian: str
    step: int
    biz_step: int
    disposition: int
    level: int
    is_packed: bool
    is_lot: bool
    is_retired: bool
    is_recalled: bool
    last_time: int

    @property
    def is_known(self) -> bool:
        """Whether somebody commissioned it."""
        return self.step != 0


@dataclass(frozen=True, slots=True)
class Lot:
    """What is left of a lot.

    Attributes:
        quantity: Thousandths of ``unit``.
        unit: Code of UN/ECE Recommendation 20; empty for a serial item.
        certifier: Who may sign yield factors.
    """

    quantity: int
    unit: str
    certifier: str


@dataclass(frozen=True, slots=True)
class TransformationInput:
    """Part of a transformation.

    Attributes:
        item: What is used.
        quantity: Taken from a lot, thousandths of its unit; 0 uses up a serial item.
    """

    item: int
    quantity: int = 0

    @property
    def values(self) -> tuple[int, int]:
        """The input as the contract takes it."""
        return (self.item, self.quantity)


@dataclass(frozen=True, slots=True)
class DeviceKey:
    """A point of the curve P-256: the public key of a device.

    Attributes:
        x: 32 bytes.
        y: 32 bytes.
    """

    x: bytes
    y: bytes

    @property
    def device(self) -> bytes:
        """The device's id: keccak256 of x and y."""
        return keccak(self.x + self.y)

    @property
    def values(self) -> tuple[bytes, bytes]:
        """The key as the contract takes it."""
        return (self.x, self.y)


@dataclass(frozen=True, slots=True)
class DeviceSignature:
    """A signature of a device, ECDSA over P-256; high s is as good as low.

    Attributes:
        r: 32 bytes.
        s: 32 bytes.
    """

    r: bytes
    s: bytes = field(repr=False)

    @property
    def values(self) -> tuple[bytes, bytes]:
        """The signature as the contract takes it."""
        return (self.r, self.s)


def item_of(issuer: str, epc: str | bytes) -> int:
    """Return the id of an issuer's item: keccak256(abi.encode(issuer, epcHash)).

    Args:
        issuer: Who commissioned it.
        epc: Its GS1 Digital Link or EPC URI, or the hash of that, 32 bytes.

    Raises:
        UsageError: The issuer is no address, or the hash has not 32 bytes.
        Gs1IdentifierInvalid: It is meant to be an identifier of GS1, and is malformed.
    """
    from crmdapp.provenance.gs1.epc import epc_hash

    digest = epc_hash(epc) if isinstance(epc, str) else epc
    place = bytes.fromhex(require_address(issuer)[2:])
    return int.from_bytes(keccak(bytes(12) + place + require_word("epc_hash", digest)), "big")


def transformation_of(producer: str, first_output: int) -> bytes:
    """Return the id of a transformation: keccak256(abi.encode(producer, first output's item))."""
    place = bytes.fromhex(require_address(producer)[2:])
    return keccak(bytes(12) + place + first_output.to_bytes(32, "big"))


def item_text(item: int) -> str:
    """Return an item's id as it is written: 0x and 64 hex digits."""
    return f"0x{item:064x}"


def require_word(name: str, value: bytes) -> bytes:
    """Return 32 bytes.

    Raises:
        UsageError: They are not; the message calls them ``name``.
    """
    if len(value) != 32:
        raise UsageError(f"{name} must have 32 bytes.")
    return value


def unit_bytes(unit: str) -> bytes:
    """Return a unit as the contract keeps it: three bytes, zeros behind.

    Raises:
        UsageError: It is no code of UN/ECE Recommendation 20.
    """
    if unit and not _UNIT.fullmatch(unit):
        raise UsageError(
            f"{unit[:20]!r} is no code of a unit.",
            hint="Take one of UN/ECE Recommendation 20, such as KGM, LTR, H87 (pieces).",
        )
    return unit.encode().ljust(3, b"\0")


def unit_text(unit: bytes) -> str:
    """Return a unit that the contract keeps; what is no ASCII text, as hex."""
    text = unit.rstrip(b"\0")
    return (
        text.decode() if text.isascii() and text.isalnum() else ("0x" + unit.hex() if text else "")
    )


def parse_quantity(text: str) -> int:
    """Return a decimal quantity in thousandths, at least one: ``"12.5"`` -> 12500.

    Raises:
        UsageError: It is no such number.
    """
    found = _QUANTITY.fullmatch(text)
    thousandths = (
        0 if found is None else int(found[1]) * THOUSANDTHS + int((found[2] or "").ljust(3, "0"))
    )
    if not 0 < thousandths <= QUANTITY_MAX:
        raise UsageError(
            f"{text[:40]!r} is no quantity.",
            hint="Write a number with at most three digits after the point, such as 12.5.",
        )
    return thousandths


def quantity_text(thousandths: int) -> str:
    """Return thousandths as a decimal number: 12500 -> ``"12.5"``."""
    whole, rest = divmod(thousandths, THOUSANDTHS)
    return f"{whole}.{rest:03d}".rstrip("0").rstrip(".")


def biz_step_text(code: int) -> str:
    """Return the term of a business step's code; empty for none, ``code 77`` for an unknown one."""
    return _term(BIZ_STEPS.terms, code)


def disposition_text(code: int) -> str:
    """Return the term of a disposition's code; empty for none, ``code 77`` for an unknown one."""
    return _term(DISPOSITIONS.terms, code)


def require_commission(commission: Commission) -> Commission:
    """Return a commission that the contract could accept.

    Raises:
        ItemLevelInvalid: The level is above 4.
        ItemQuantityInvalid: A lot without unit, or a serial item with a unit or certifier.
        UsageError: A value is malformed.
    """
    from crmdapp.provenance.errors import ItemLevelInvalid, ItemQuantityInvalid

    require_word("epc_hash", commission.epc_hash)
    require_whole("quantity", commission.quantity, QUANTITY_MAX)
    require_whole("level", commission.level, 255)
    unit = unit_bytes(commission.unit)
    require_address(commission.tag)
    certifier = require_address(commission.certifier)
    is_plain = not commission.unit and certifier == ZERO_ADDRESS
    if not (commission.unit if commission.is_lot else is_plain):
        raise ItemQuantityInvalid(commission.quantity, unit)
    if commission.level > LEVEL_MAX:
        raise ItemLevelInvalid(commission.level)
    return commission


def require_step(step: ItemStep) -> ItemStep:
    """Return a step whose values the contract could accept.

    Raises:
        StepCodeInvalid: A code is of no term.
        UsageError: A value is malformed.
    """
    from crmdapp.provenance.errors import StepCodeInvalid

    require_whole("event_time", step.event_time, TIME_MAX)
    require_whole("biz_step", step.biz_step, 255)
    require_whole("disposition", step.disposition, 255)
    require_word("event_hash", step.event_hash)
    if step.biz_step > len(BIZ_STEPS.terms) or step.disposition > len(DISPOSITIONS.terms):
        raise StepCodeInvalid(step.biz_step, step.disposition)
    return step


def _term(terms: tuple[str, ...], code: int) -> str:
    if code == NO_CODE:
        return ""
    return terms[code - 1] if code <= len(terms) else f"code {code}"
