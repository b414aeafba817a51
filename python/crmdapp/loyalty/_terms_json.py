"""Reading ``terms.json``: every field is there, of its kind and in its range, and no other is."""

from __future__ import annotations

import re
from typing import Any

from crmdapp.chain._json_lines import WHOLE_MAX, Node, rejected
from crmdapp.chain._whole import is_whole
from crmdapp.chain.addresses import parse_address
from crmdapp.errors import FileFault
from crmdapp.loyalty.models import LANES, QUALIFYING_MAX, TIERS_MAX
from crmdapp.loyalty.points import POINTS_MAX
from crmdapp.loyalty.terms_models import FORMAT, EarnRule, Terms, TermsPrices, TermsTier

PRICE_MAX = (1 << 48) - 1
CLAWBACK_MAX = (1 << 32) - 1
EPOCH_LENGTH_MIN = 60
MULTIPLIER_MAX = 100_000
TEXT_MAX = 2_000

_PER = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,2})? [A-Z]{3}")


def read_terms(node: Node, name: str) -> Terms:
    """Return the terms in a document.

    Args:
        node: The document.
        name: What to call the file.

    Raises:
        FileRejected: It has faults; each names line and field.
    """
    reader = _Reader()
    terms = reader.terms(node)
    if reader.faults:
        raise rejected(name, sorted(reader.faults, key=lambda fault: fault.line))
    return terms


class _Reader:
    """Reads terms from JSON and collects what is wrong with them."""

    def __init__(self) -> None:
        self.faults: list[FileFault] = []

    def terms(self, node: Node) -> Terms:
        whole = _Members(self, node, "")
        whole.constant("format", FORMAT)
        gifts = _Members(self, whole.take("gifts"), "gifts")
        found = Terms(
            version=whole.whole("version"),
            chain_id=whole.whole("chain_id", least=1),
            ledger=whole.address("ledger"),
            program=whole.whole("program"),
            name=whole.text("name"),
            symbol=whole.text("symbol"),
            operator=whole.text("operator"),
            genesis=whole.whole("genesis"),
            epoch_length=whole.whole("epoch_seconds", least=EPOCH_LENGTH_MIN),
            validity=whole.whole("validity_epochs", least=1, most=LANES),
            cap=whole.whole("cap_units", most=POINTS_MAX),
            tiers=self._tiers(whole.items("tiers")),
            earn=tuple(self._rule(item) for item in whole.items("earn")),
            prices=self._prices(whole.take("prices")),
            gifts=gifts.truth("points"),
            money_cards=gifts.truth("money_cards"),
            clawback=whole.whole("clawback_seconds", most=CLAWBACK_MAX),
            governing_law=whole.text("governing_law"),
        )
        gifts.require_no_more()
        whole.require_no_more()
        return found

    def fault(self, node: Node, field: str, reason: str) -> None:
        self.faults.append(FileFault(node.line, field, reason))

    def _tiers(self, items: list[_Members]) -> tuple[TermsTier, ...]:
        if len(items) > TIERS_MAX:
            self.fault(
                items[0].node, "tiers", f"{len(items)} tiers; a program has {TIERS_MAX} at most"
            )
        found: list[TermsTier] = []
        for item in items:
            tier = TermsTier(
                name=item.text("name"),
                threshold=item.whole("threshold_units", least=1, most=QUALIFYING_MAX),
                multiplier=item.whole("multiplier_percent", least=1, most=MULTIPLIER_MAX),
            )
            if found and 0 < tier.threshold <= found[-1].threshold:
                reason = f"{tier.threshold:,} is not above the tier before it"
                self.fault(item.node, f"{item.path}.threshold_units", reason)
            item.require_no_more()
            found.append(tier)
        return tuple(found)

    def _rule(self, item: _Members) -> EarnRule:
        per = item.take("per", optional=True)
        text = per.value if per is not None else None
        if per is not None and (not isinstance(text, str) or not _PER.fullmatch(text)):
            self.fault(per, f"{item.path}.per", f"write it like '1.00 EUR', got {_shown(text)}")
        rule = EarnRule(
            event=item.text("event"), units=item.whole("units", least=1, most=POINTS_MAX), per=text
        )
        item.require_no_more()
        return rule

    def _prices(self, node: Node) -> TermsPrices | None:
        if node.value is None:
            return None
        item = _Members(self, node, "prices")
        found = TermsPrices(
            coin=item.address("coin"),
            on_ramp=item.whole("on_ramp_micros", least=1, most=PRICE_MAX),
            off_ramp=item.whole("off_ramp_micros", least=1, most=PRICE_MAX),
        )
        if found.off_ramp > found.on_ramp > 0:
            self.fault(node, "prices.off_ramp_micros", "it is above on_ramp_micros")
        item.require_no_more()
        return found


_MISSING = Node(None, 0)


class _Members:
    """The members of one object, each taken once."""

    def __init__(self, reader: _Reader, node: Node, path: str) -> None:
        self.node = node
        self.path = path
        self._reader = reader
        self._left: dict[str, Node] = dict(node.value) if isinstance(node.value, dict) else {}
        self._usable = isinstance(node.value, dict)
        if not self._usable and node is not _MISSING:
            reader.fault(node, path, f"it must be an object {{...}}, got {_shown(node.value)}")

    def take(self, name: str, *, optional: bool = False) -> Any:
        if name in self._left:
            return self._left.pop(name)
        if optional:
            return None
        if self._usable:
            self._reader.fault(self.node, self._name(name), "it is missing")
        return _MISSING

    def constant(self, name: str, wanted: str) -> None:
        self._take(name, lambda value: value == wanted, f"it must be {wanted!r}", "")

    def whole(self, name: str, *, least: int = 0, most: int = WHOLE_MAX) -> int:
        def fits(value: object) -> bool:
            return is_whole(value) and least <= value <= most

        wanted = f"it must be a whole number from {least:,} to {most:,}"
        value: int = self._take(name, fits, wanted, 0)
        return value

    def truth(self, name: str) -> bool:
        value: bool = self._take(
            name, lambda value: isinstance(value, bool), "it must be true or false", False
        )
        return value

    def text(self, name: str) -> str:
        def fits(value: object) -> bool:
            return isinstance(value, str) and bool(value.strip()) and len(value) <= TEXT_MAX

        value: str = self._take(name, fits, f"it must be text of 1 to {TEXT_MAX:,} characters", "")
        return value

    def address(self, name: str) -> str:
        value: str = self._take(
            name, _is_address, "it must be an address with its EIP-55 checksum", ""
        )
        return value

    def items(self, name: str) -> list[_Members]:
        node = self.take(name)
        if not isinstance(node.value, list):
            if node is not _MISSING:
                reason = f"it must be a list [...], got {_shown(node.value)}"
                self._reader.fault(node, self._name(name), reason)
            return []
        return [
            _Members(self._reader, item, f"{self._name(name)}[{number}]")
            for number, item in enumerate(node.value)
        ]

    def require_no_more(self) -> None:
        for name, node in self._left.items():
            self._reader.fault(node, self._name(name), "there is no such field")

    def _take(self, name: str, fits: Any, wanted: str, otherwise: Any) -> Any:
        node = self.take(name)
        if node is _MISSING:
            return otherwise
        if fits(node.value):
            return node.value
        self._reader.fault(node, self._name(name), f"{wanted}, got {_shown(node.value)}")
        return otherwise

    def _name(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name


def _is_address(value: object) -> bool:
    try:
        return isinstance(value, str) and parse_address(value) == value
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
