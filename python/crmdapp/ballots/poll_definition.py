"""A public vote's definition: one JSON or YAML file with what is asked, when, and who weighs what.

::

    {
      "format": "crmdapp-poll-1",
      "title": "Which bench for the square?",
      "options": ["Wood", "Stone"],
      "opens_at": "2026-06-01T12:00:00+02:00",
      "closes_at": "2026-06-08T12:00:00+02:00",
      "weights": {"token": "0x...", "block": 1234567}
    }

``weights`` may be left out: then every account has one vote. With ``"id"`` the token is one of an
ERC-6909 contract, as points of a program are. The hash is keccak256 of the document in the
canonical form of RFC 8785.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from crmdapp.ballots._documents import load_document, read_document
from crmdapp.ballots._members import EPOCH, Members
from crmdapp.ballots.weights import WeightsSource
from crmdapp.chain._json_lines import Node, rejected
from crmdapp.chain._keccak import keccak
from crmdapp.chain.canonical_json import canonical_json
from crmdapp.errors import FileFault

FORMAT: Final = "crmdapp-poll-1"

OPTIONS_MIN, OPTIONS_MAX = 2, 64


@dataclass(frozen=True, slots=True)
class PollDefinition:
    """A public vote as its definition says.

    Attributes:
        title: What is asked.
        options: What can be chosen, in the order of their numbers from 0.
        opens_at: First moment in which votes count, in UTC.
        closes_at: First moment in which they do not.
        weights: Whose balances weigh the votes; ``None`` if every account has one vote.
        canonical: The document in its canonical form (RFC 8785).
    """

    title: str
    options: tuple[str, ...]
    opens_at: datetime
    closes_at: datetime
    weights: WeightsSource | None
    canonical: bytes

    @property
    def hash(self) -> bytes:
        """keccak256 of the canonical form, 32 bytes."""
        return keccak(self.canonical)


def load_poll(path: Path | str) -> PollDefinition:
    """Read and check a definition in JSON, or in YAML if its name says so; no node is asked.

    Raises:
        FileRejected: It has faults; ``faults`` names line, path of the field and reason of each.
        UsageError: It cannot be read.
    """
    name, node = load_document(path)
    return _poll(node, name)


def read_poll(data: bytes, name: str = "poll") -> PollDefinition:
    """Check a definition.

    Args:
        data: The document, in UTF-8.
        name: What to call it; YAML if it ends in .yaml or .yml.

    Raises:
        FileRejected: It has faults; ``faults`` names line, path of the field and reason of each.
    """
    return _poll(read_document(data, name), name)


def _poll(node: Node, name: str) -> PollDefinition:
    faults: list[FileFault] = []
    top = Members(node, "", faults)
    top.word("format", (FORMAT,))
    title = top.text("title")
    options = top.texts("options", least=OPTIONS_MIN, most=OPTIONS_MAX)
    opens, closes = top.moment("opens_at"), top.moment("closes_at")
    if EPOCH not in (opens, closes) and closes <= opens:
        top.fault("closes_at", f"{closes.isoformat()} is not after opens_at")
    weights = _weights(top.inner("weights")) if top.has("weights") else None
    top.require_no_more()
    if faults:
        raise rejected(name, sorted(faults, key=lambda fault: fault.line))
    return PollDefinition(title, options, opens, closes, weights, canonical_json(node.plain()))


def _weights(members: Members) -> WeightsSource:
    token = members.address("token")
    block = members.whole("block", least=1)
    token_id = members.whole("id", least=0) if members.has("id") else None
    members.require_no_more()
    return WeightsSource(token, block, token_id)
