"""The members of a JSON object, each taken once and checked, faults collected with their paths."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from crmdapp.chain._json_lines import WHOLE_MAX, Node
from crmdapp.chain._whole import is_whole
from crmdapp.chain.addresses import ZERO_ADDRESS, parse_address
from crmdapp.errors import FileFault

TEXT_MAX = 500
"""Most characters of a text."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""What takes the place of a moment that cannot be read."""

_MISSING = Node(None, 0)


class Members:
    """Reads one object; what is wrong with it goes to a list that all objects share.

    Args:
        node: The object.
        path: Where it stands in the document; empty for the document itself.
        faults: Where faults go.
    """

    def __init__(self, node: Node, path: str, faults: list[FileFault]) -> None:
        self.node = node
        self.path = path
        self._faults = faults
        self._usable = isinstance(node.value, dict)
        self._left: dict[str, Node] = dict(node.value) if self._usable else {}
        if not self._usable and node is not _MISSING:
            self._note(node, path, f"it must be an object {{...}}, got {_shown(node.value)}")

    def fault(self, name: str, reason: str) -> None:
        """Note what is wrong with a member."""
        inside = self.node.value if self._usable else {}
        self._note(inside.get(name, self.node), self._name(name), reason)

    def has(self, name: str) -> bool:
        """Return whether there is such a member that was not taken yet."""
        return name in self._left

    def whole(self, name: str, *, least: int, most: int = WHOLE_MAX) -> int:
        """Return a whole number; ``least`` if there is none that fits."""

        def fits(value: object) -> bool:
            return is_whole(value) and least <= value <= most

        wanted = f"it must be a whole number from {least:,} to {most:,}"
        value: int = self._checked(name, fits, wanted, least)
        return value

    def text(self, name: str) -> str:
        """Return a text that can be shown; an empty one if there is none."""
        value: str = self._checked(name, is_text, f"it must be {TEXT_WANTED}", "")
        return value

    def word(self, name: str, words: tuple[str, ...]) -> str:
        """Return one of some words; the first if there is none of them."""
        wanted = "it must be " + " or ".join(map(repr, words))
        value: str = self._checked(name, lambda value: value in words, wanted, words[0])
        return value

    def address(self, name: str) -> str:
        """Return an address with its checksum; an empty text if there is none."""
        wanted = "it must be an address with its EIP-55 checksum, not the zero address"
        value: str = self._checked(name, _is_address, wanted, "")
        return value

    def moment(self, name: str) -> datetime:
        """Return a moment, in UTC and whole seconds; 1970 if there is none."""
        node = self._take(name)
        if node is _MISSING:
            return EPOCH
        try:
            found = datetime.fromisoformat(node.value)
            if found.tzinfo is None:
                self.fault(name, f"{node.value!r} has no time zone: add +00:00, or Z for UTC")
            elif found.microsecond:
                self.fault(name, f"{node.value!r} is no whole second")
            else:
                return found.astimezone(UTC)
        except (TypeError, ValueError, OverflowError):
            reason = f"{_shown(node.value)} is no moment: write '2026-06-01T00:00:00+02:00'"
            self.fault(name, reason)
        return EPOCH

    def inner(self, name: str) -> Members:
        """Return a member that is an object itself."""
        return Members(self._take(name), self._name(name), self._faults)

    def items(self, name: str, *, least: int, most: int) -> list[Node]:
        """Return a list's values; none if it is no list of so many."""
        node = self._take(name)
        if node is _MISSING:
            return []
        if not isinstance(node.value, list) or not least <= len(node.value) <= most:
            got = len(node.value) if isinstance(node.value, list) else _shown(node.value)
            self.fault(name, f"it must be a list of {least} to {most:,} items, got {got}")
            return []
        return node.value

    def objects(self, name: str, *, least: int, most: int) -> list[Members]:
        """Return a list's objects."""
        return [
            Members(node, f"{self._name(name)}[{number}]", self._faults)
            for number, node in enumerate(self.items(name, least=least, most=most))
        ]

    def texts(self, name: str, *, least: int, most: int) -> tuple[str, ...]:
        """Return a list's texts, all different."""
        found: list[str] = []
        for number, node in enumerate(self.items(name, least=least, most=most)):
            place = f"{self._name(name)}[{number}]"
            if not is_text(node.value):
                self._note(node, place, f"it must be {TEXT_WANTED}, got {_shown(node.value)}")
            elif node.value in found:
                self._note(node, place, f"{_shown(node.value)} stands there twice")
            found.append(node.value)
        return tuple(found)

    def require_no_more(self) -> None:
        """Note a fault for each member that nobody took."""
        for name in self._left:
            self.fault(name, "there is no such field")

    def _take(self, name: str) -> Node:
        if name not in self._left and self._usable:
            self._note(self.node, self._name(name), "it is missing")
        return self._left.pop(name, _MISSING)

    def _checked(
        self, name: str, fits: Callable[[Any], bool], wanted: str, otherwise: object
    ) -> Any:
        node = self._take(name)
        if node is _MISSING:
            return otherwise
        if not fits(node.value):
            self.fault(name, f"{wanted}, got {_shown(node.value)}")
            return otherwise
        return node.value

    def _name(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def _note(self, node: Node, path: str, reason: str) -> None:
        self._faults.append(FileFault(node.line, path, reason))


TEXT_WANTED = f"text of 1 to {TEXT_MAX:,} characters that can be shown"


def is_text(value: object) -> bool:
    """Return whether a value is a text that can be shown."""
    return (
        isinstance(value, str)
        and 0 < len(value) <= TEXT_MAX
        and bool(value.strip())
        and value.isprintable()
    )


def _is_address(value: object) -> bool:
    try:
        return isinstance(value, str) and parse_address(value) == value != ZERO_ADDRESS
    except ValueError:
        return False


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
