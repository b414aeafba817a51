"""Windows of readings: signed by their device, anchored by their root, proved one by one.

On chain stands a root; the readings stay with whoever keeps the window's file. One reading is shown
to anybody with its proof, and nobody can show another one in its place.

Source: contracts/provenance/IItemLedger.sol; OpenZeppelin's standard Merkle tree.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crmdapp.chain._signed_json import JsonFields, SignedJson, read_struct, read_word
from crmdapp.chain._whole import require_whole
from crmdapp.chain.merkle import MerkleTree, root_of
from crmdapp.chain.typed_data import Domain
from crmdapp.errors import UsageError, VerificationFailed
from crmdapp.provenance.devices import (
    WINDOW_MAX,
    Device,
    check_device,
    device_json,
    read_device,
)
from crmdapp.provenance.item_intents import SensorWindow
from crmdapp.provenance.item_models import ITEM_MAX, DeviceKey, DeviceSignature
from crmdapp.provenance.readings import (
    COUNT_MAX,
    Reading,
    parse_value,
    require_order,
    value_text,
)

_PROOF_MAX = 32
"""Most words of a proof: a window counts below 2^32 readings."""


class ReadingsAltered(VerificationFailed):
    """Readings are not those that a window's root stands for."""


class ReadingNotInWindow(VerificationFailed):
    """A reading's proof does not lead to the root of its window."""


@dataclass(frozen=True, slots=True)
class SignedWindow:
    """A window that its device signed, with its readings.

    Attributes:
        window: What was signed.
        key: The device's.
        domain: The contract and chain it is meant for.
        signature: By the device.
        readings: In the order of time; empty if they were left out.
    """

    window: SensorWindow
    key: DeviceKey
    domain: Domain
    signature: DeviceSignature
    readings: tuple[Reading, ...] = ()

    def check(self) -> None:
        """Check that the device signed, and that the readings are those it signed.

        Raises:
            DeviceUnknown: The key is of another device.
            DeviceSignatureInvalid: The device did not sign.
            ReadingsAltered: The readings are others.
        """
        window = self.window
        check_device(window.device, self.key, window.digest(self.domain), self.signature)
        if self.readings and _summary(self.readings) != (
            window.root,
            window.count,
            window.starts_at,
            window.ends_at,
        ):
            raise ReadingsAltered(
                f"The readings are not those of window {window.window} of device"
                f" 0x{window.device.hex()}.",
                why="Their root, number or times are not what the device signed.",
                hint="Ask whoever keeps the device for the window's file as it was signed.",
            )

    def prove(self, index: int) -> ReadingProof:
        """Return the proof of one reading, to be shown without the others.

        Args:
            index: Its place, from 0.

        Raises:
            UsageError: There is no such reading.
        """
        if not 0 <= index < len(self.readings):
            raise UsageError(
                f"The window has readings 0 to {len(self.readings) - 1:,}, not {index}."
                if self.readings
                else "The window's file has no readings."
            )
        proof = _tree(self.readings).proof(index)
        return ReadingProof(
            self.window, self.key, self.domain, self.signature, self.readings[index], index, proof
        )

    def to_json(self) -> dict[str, Any]:
        """Return the window as JSON data, readings included."""
        data = device_json(self.window, self.domain, self.key, self.signature)
        data["readings"] = [reading.to_json() for reading in self.readings]
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str | bytes) -> SignedWindow:
        """Return the window that :meth:`to_json` gave.

        Raises:
            UsageError: It is none; the message names the field.
        """
        fields = SignedJson(data, "signed window", "SensorWindow")
        window = read_struct(SensorWindow, fields.message)
        found = fields.outer.items("readings") if fields.outer.has("readings") else []
        readings = tuple(_reading(JsonFields(item, f"reading {n}")) for n, item in enumerate(found))
        return cls(window, *read_device(fields.outer, fields.domain()), readings)


@dataclass(frozen=True, slots=True)
class ReadingProof:
    """One reading, and its way to the root of its window.

    Attributes:
        window: The window.
        key: The device's.
        domain: The contract and chain it is meant for.
        signature: By the device, over the window.
        reading: The reading.
        index: Its place in the window, from 0.
        proof: From its leaf to the root, from the bottom up.
    """

    window: SensorWindow
    key: DeviceKey
    domain: Domain
    signature: DeviceSignature
    reading: Reading
    index: int
    proof: tuple[bytes, ...]

    def check(self) -> Reading:
        """Check all that needs no chain; return the reading that is proved.

        Whether the window was anchored, the chain says
        (:meth:`crmdapp.provenance.items.ItemsClient.is_anchored`).

        Raises:
            DeviceUnknown: The key is of another device.
            DeviceSignatureInvalid: The device did not sign the window.
            ReadingNotInWindow: The reading is not in it.
        """
        window = self.window
        check_device(window.device, self.key, window.digest(self.domain), self.signature)
        in_time = window.starts_at <= self.reading.time <= window.ends_at
        reached = root_of(self.reading.leaf(self.index), self.proof)
        if reached != window.root or not in_time or not 0 <= self.index < window.count:
            raise ReadingNotInWindow(
                f"The reading is not in window {window.window} of device 0x{window.device.hex()}.",
                why="Its proof does not lead to the root that the device signed.",
            )
        return self.reading

    def to_json(self) -> dict[str, Any]:
        """Return the proof as JSON data."""
        data = device_json(self.window, self.domain, self.key, self.signature)
        data["reading"] = self.reading.to_json()
        data["index"] = self.index
        data["proof"] = ["0x" + word.hex() for word in self.proof]
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str | bytes) -> ReadingProof:
        """Return the proof that :meth:`to_json` gave.

        Raises:
            UsageError: It is none; the message names the field.
        """
        fields = SignedJson(data, "proof of a reading", "SensorWindow")
        outer = fields.outer
        window = read_struct(SensorWindow, fields.message)
        words = outer.items("proof")
        if len(words) > _PROOF_MAX:
            raise UsageError(f"A proof has at most {_PROOF_MAX} words, not {len(words):,}.")
        return cls(
            window,
            *read_device(outer, fields.domain()),
            _reading(outer.inner("reading")),
            outer.whole("index", COUNT_MAX),
            tuple(read_word(str(word), f"proof[{n}]") for n, word in enumerate(words)),
        )


@dataclass(frozen=True, slots=True)
class Limits:
    """What readings of one kind have to stay between.

    Attributes:
        kind: Measurement type of GS1.
        unit: Code of UN/ECE Recommendation 20.
        low: Lowest value allowed, thousandths; ``None`` for no limit.
        high: Highest value allowed, thousandths; ``None`` for no limit.
    """

    kind: str
    unit: str
    low: int | None = None
    high: int | None = None

    def admits(self, reading: Reading) -> bool:
        """Return whether a reading of the kind is within the limits."""
        return not (
            (self.low is not None and reading.value < self.low)
            or (self.high is not None and reading.value > self.high)
        )


@dataclass(frozen=True, slots=True)
class Excursion:
    """Readings in a row beyond the limits.

    Attributes:
        first: Place of the first in its window.
        count: How many there are.
        starts_at: Time of the first, Unix seconds.
        ends_at: Time of the last.
        worst: The value farthest beyond, thousandths.
    """

    first: int
    count: int
    starts_at: int
    ends_at: int
    worst: int

    @property
    def text(self) -> str:
        """The worst value, for people."""
        return value_text(self.worst)


def excursions(readings: Sequence[Reading], limits: Limits) -> tuple[Excursion, ...]:
    """Return the spells in which readings were beyond their limits, in order.

    Readings of another kind are passed over.

    Raises:
        UsageError: No reading is of that kind, or one is in another unit: comparing them would
            say nothing.
    """
    if limits.low is None and limits.high is None:
        raise UsageError("There is no limit to check.", hint="Name the lowest or highest value.")
    of_kind = [(n, item) for n, item in enumerate(readings) if item.kind == limits.kind]
    if not of_kind:
        raise UsageError(f"No reading is of {limits.kind}.")
    for place, reading in of_kind:
        if reading.unit != limits.unit:
            raise UsageError(
                f"Reading {place} is in {reading.unit}, the limits are in {limits.unit}."
            )
    return tuple(_spells(of_kind, limits))


def sign_window(
    device: Device, domain: Domain, item: int, readings: Sequence[Reading], *, window: int
) -> SignedWindow:
    """Sign, as a device, a window of readings.

    Args:
        device: The device.
        domain: From :func:`crmdapp.provenance.item_intents.ledger_domain`.
        item: The item that it serves.
        readings: In the order of time, at least one.
        window: One more than the last that it anchored.

    Raises:
        UsageError: There is no reading, time runs backwards, or a number is out of its range.
    """
    require_order(readings)
    content = SensorWindow(
        device.id,
        require_whole("item", item, ITEM_MAX),
        require_whole("window", window, WINDOW_MAX, least=1),
        *_summary(readings),
    )
    signature = device.sign(content, domain)
    return SignedWindow(content, device.key, domain, signature, tuple(readings))


def _spells(readings: list[tuple[int, Reading]], limits: Limits) -> Iterator[Excursion]:
    spell: list[tuple[int, Reading]] = []
    for place, reading in readings:
        if not limits.admits(reading):
            spell.append((place, reading))
        elif spell:
            yield _excursion(spell, limits)
            spell = []
    if spell:
        yield _excursion(spell, limits)


def _excursion(spell: list[tuple[int, Reading]], limits: Limits) -> Excursion:
    values = [reading.value for _, reading in spell]
    worst = max(values, key=lambda value: _beyond(value, limits))
    return Excursion(spell[0][0], len(spell), spell[0][1].time, spell[-1][1].time, worst)


def _beyond(value: int, limits: Limits) -> int:
    below = 0 if limits.low is None else limits.low - value
    above = 0 if limits.high is None else value - limits.high
    return max(below, above)


def _tree(readings: Sequence[Reading]) -> MerkleTree:
    return MerkleTree([reading.leaf(index) for index, reading in enumerate(readings)])


def _summary(readings: Sequence[Reading]) -> tuple[bytes, int, int, int]:
    return _tree(readings).root, len(readings), readings[0].time, readings[-1].time


def _reading(fields: JsonFields) -> Reading:
    return Reading(
        fields.whole("time", (1 << 40) - 1),
        fields.text("kind"),
        parse_value(fields.text("value")),
        fields.text("unit"),
    )
