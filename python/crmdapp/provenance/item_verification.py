"""Is it real? What anybody can find out of an item or a label with nothing but a node's address.

A QR code proves nothing by itself: whoever copies the label copies the code. What gives a copy away
is the ledger: an item that nobody made, that was sold, used up or called back, whose seal was
broken before, or that is on record at the other end of the world.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crmdapp.errors import CrmdappError, NodeLied
from crmdapp.provenance.errors import DeviceElsewhere, DeviceUnknown, ItemUnknown
from crmdapp.provenance.item_history import Documents, ItemHistory, read_history
from crmdapp.provenance.item_models import Item, disposition_text, item_text
from crmdapp.provenance.tracing import Trace, origin

if TYPE_CHECKING:
    from crmdapp.provenance.item_index import ItemIndex
    from crmdapp.provenance.item_reader import ItemReader
    from crmdapp.provenance.tags import ChipAnswer, ChipChallenge, TagLink

GONE = frozenset(
    {"destroyed", "disposed", "expired", "inactive", "recalled", "retail_sold", "stolen", "unknown"}
)
"""Dispositions of items that nobody should be offered."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why an item or its label is not to be trusted.

    Attributes:
        code: A name for machines.
        text: A sentence for people.
    """

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class ItemVerdict:
    """What was found out of an item.

    Attributes:
        item: The item.
        history: Its history; ``None`` if there is no such item.
        custodian: Who has it, or its outermost parent; ``None`` if there is no such item.
        parents: What it is packed in, from the inside out.
        seal: Address of the key under its seal; ``None`` without one.
        claimed_at: When the seal was broken, Unix seconds; 0 while it is whole.
        holder: Who broke it; ``None`` while it is whole.
        trace: What it is made of.
        problems: What speaks against it.
    """

    item: int
    history: ItemHistory | None
    custodian: str | None
    parents: tuple[int, ...]
    seal: str | None
    claimed_at: int
    holder: str | None
    trace: Trace | None
    problems: tuple[Problem, ...]

    @property
    def state(self) -> Item | None:
        """How the item stands."""
        return None if self.history is None else self.history.state

    @property
    def holds(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.problems


def verify_item(
    ledger: ItemReader, index: ItemIndex, item: int, documents: Documents | None = None
) -> ItemVerdict:
    """Return what the ledger says of an item: its history whole, and that of all it is made of.

    Args:
        ledger: The ledger.
        index: Its events, up to date.
        item: The item.
        documents: EPCIS events at hand.

    Raises:
        ItemHistoryIncomplete: The node leaves events out, of the item or of what it is made of.
        NodeProblem: The node could not be asked.
    """
    at = index.block
    try:
        history = read_history(ledger, item, source=index, block=at, documents=documents)
    except ItemUnknown:
        unknown = Problem("unknown", "Nobody has registered such an item: it is not genuine.")
        return ItemVerdict(item, None, None, (), None, 0, None, None, (unknown,))
    trace = origin(index.links(), item)
    for source in trace.items[1:]:
        read_history(ledger, source, source=index, block=at)
    seal, claimed_at = ledger.tag(item)
    return ItemVerdict(
        item,
        history,
        ledger.custodian(item),
        ledger.parents(item),
        seal,
        claimed_at,
        _holder(history),
        trace,
        tuple(_problems(index, history, trace, claimed_at)),
    )


def verify_label(
    ledger: ItemReader,
    index: ItemIndex,
    label: TagLink,
    *,
    answer: ChipAnswer | None = None,
    asked: ChipChallenge | None = None,
    now: int = 0,
) -> ItemVerdict:
    """Return what the ledger says of the item on a label, and of its chip.

    Args:
        ledger: The ledger that the label names.
        index: Its events, up to date.
        label: What the code says.
        answer: What the chip signed; ``None`` without a chip.
        asked: What it was asked.
        now: Unix seconds, for the age of the challenge.

    Raises:
        UsageError: The label names another chain or ledger.
        ItemHistoryIncomplete: The node leaves events out.
        NodeProblem: The node could not be asked.
    """
    ledger.require_domain(label.domain)
    verdict = verify_item(ledger, index, label.item)
    if answer is None or asked is None:
        return verdict
    found = list(_chip_problems(ledger, label.item, answer, asked, now))
    return _with_problems(verdict, found)


def _problems(
    index: ItemIndex, history: ItemHistory, trace: Trace, claimed_at: int
) -> Iterator[Problem]:
    state = history.state
    if claimed_at:
        yield Problem(
            "claimed_before",
            "Its seal was broken before: if the one in front of you is whole, the label is a copy.",
        )
    if state.is_recalled:
        yield Problem("recalled", "Its issuer has called it back.")
    made_of = [item for item in index.recalled(trace.items) if item != history.item]
    if made_of:
        names = ", ".join(item_text(item) for item in made_of[:3])
        yield Problem("made_of_recalled", f"It is made of what was called back: {names}.")
    if state.is_retired:
        yield Problem("retired", "It was used up, destroyed or sold for good.")
    word = disposition_text(state.disposition)
    if word in GONE:
        yield Problem("gone", f"It is on record as {word}.")
    if not history.documents_hold:
        yield Problem("documents", "Documents about it are not those of the ledger.")


def _chip_problems(
    ledger: ItemReader, item: int, answer: ChipAnswer, asked: ChipChallenge, now: int
) -> Iterator[Problem]:
    if asked.item != item or answer.domain != ledger.domain:
        yield Problem("chip_other_item", "The chip was asked about another item.")
        return
    try:
        answer.check(asked, now=now)
        ledger.require_device_of(answer.key.device, item)
    except NodeLied:
        raise
    except (DeviceUnknown, DeviceElsewhere):
        yield Problem("chip_unknown", "The chip is not the one that belongs to the item.")
    except CrmdappError as problem:
        yield Problem("chip_refused", f"The chip does not prove itself. {problem.message}")


def _with_problems(verdict: ItemVerdict, more: list[Problem]) -> ItemVerdict:
    from dataclasses import replace

    return replace(verdict, problems=(*verdict.problems, *more))


def _holder(history: ItemHistory) -> str | None:
    for entry in history.entries:
        if entry.kind == "TagClaimed":
            event: Any = entry.log.event
            address: str = event.holder
            return address
    return None
