"""What a mirror of a gallery knows of itself, and what a run of it did."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from crmdapp.chain._signed_json import JsonFields
from crmdapp.errors import UsageError
from crmdapp.provenance.history import NO_HEAD


@dataclass(frozen=True, slots=True)
class Rejected:
    """A file that a source gave for a work, and that is not the work's.

    Attributes:
        id: The work.
        source: Who gave it.
        reason: Why it is not kept.
    """

    id: int
    source: str
    reason: str


@dataclass(slots=True)
class MirrorReport:
    """What a run did, or found.

    Attributes:
        works: Works that are registered.
        events: Events of provenance.
        block: Block up to which the mirror goes.
        head: The history's head then.
        fetched: Files that came with this run.
        kept: Files that were there.
        missing: Works whose file no source has.
        damaged: Works whose file here is not the recorded one.
        rejected: What sources gave that is not what was recorded.
        without_metadata: Works whose metadata no source has.
    """

    works: int = 0
    events: int = 0
    block: int = 0
    head: bytes = NO_HEAD
    fetched: int = 0
    kept: int = 0
    missing: list[int] = field(default_factory=list)
    damaged: list[int] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    without_metadata: list[int] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        """Whether every work's file is there."""
        return not self.missing and not self.damaged


@dataclass(frozen=True, slots=True)
class MirrorState:
    """How far a mirror goes.

    Attributes:
        chain_id: The chain.
        contract: The gallery's contract.
        block: Last block of the history.
        block_hash: Its hash; if the chain has another by now, the history is read anew.
        head: The history's head then.
        events: Events up to it.
        size: Bytes of ``history.jsonl`` up to it; what follows was never finished.
    """

    FORMAT: ClassVar[str] = "crmdapp-gallery-mirror/1"

    chain_id: int
    contract: str
    block: int
    block_hash: bytes
    head: bytes
    events: int
    size: int

    def to_json(self) -> dict[str, Any]:
        """Return the state as its file has it."""
        return {
            "format": self.FORMAT,
            "chainId": self.chain_id,
            "contract": self.contract,
            "block": self.block,
            "blockHash": "0x" + self.block_hash.hex(),
            "head": "0x" + self.head.hex(),
            "events": self.events,
            "historyBytes": self.size,
        }

    @classmethod
    def load(cls, folder: Path) -> MirrorState | None:
        """Return the state of a mirror; ``None`` if the folder is none yet.

        Raises:
            UsageError: The file is damaged.
        """
        path = folder / "gallery.json"
        if not path.is_file():
            return None
        fields = JsonFields.parse(path.read_bytes(), "mirror's state")
        if fields.text("format") != cls.FORMAT:
            raise UsageError(f"{path} is no mirror of a gallery.")
        return cls(
            fields.whole("chainId"),
            fields.address("contract"),
            fields.whole("block"),
            fields.word("blockHash"),
            fields.word("head"),
            fields.whole("events"),
            fields.whole("historyBytes"),
        )
