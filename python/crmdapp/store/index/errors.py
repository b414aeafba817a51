"""What can go wrong with the index, by name."""

from __future__ import annotations

from crmdapp.errors import CrmdappError, NodeLied, UsageError, VerificationFailed
from crmdapp.store.errors import StoreProblem


class IndexProblem(StoreProblem):
    """The index cannot be used as it is."""


class IndexEmpty(IndexProblem):
    """The index has no block yet."""


class IndexVersionUnknown(IndexProblem):
    """The index was written by another release, whose tables differ."""


class IndexChainDiffers(IndexProblem):
    """The index is about another chain, or about one that was started anew."""


class IndexContractsDiffer(IndexProblem):
    """The manifest names contracts whose past events the index does not have."""


class IndexBusy(IndexProblem):
    """Another process follows the chain into the same index."""


class ReorgTooDeep(IndexProblem):
    """The chain changed further back than the undo journal goes.

    Args:
        message: What happened.
        block: The index's latest block.
        kept: First block that can be taken back.
    """

    def __init__(
        self, message: str = "", *, block: int = 0, kept: int = 0, why: str = "", hint: str = ""
    ) -> None:
        super().__init__(message, why=why, hint=hint)
        self.block = block
        self.kept = kept


class RowMissing(CrmdappError):
    """A derivation changes a row that is not there.

    Args:
        message: What happened.
        table: Name of the table.
        key: The key.
    """

    def __init__(self, message: str = "", *, table: str = "", key: str = "") -> None:
        super().__init__(message, hint="Rebuild the index (crmdapp index run --rebuild).")
        self.table = table
        self.key = key


class DerivationFailed(CrmdappError):
    """An event cannot be worked into the derived tables."""


class BlockContradicted(NodeLied):
    """A node's blocks or logs contradict each other.

    Args:
        message: What happened.
        block: Number of the block.
    """

    def __init__(self, message: str = "", *, block: int = 0, why: str = "", hint: str = "") -> None:
        super().__init__(message, why=why, hint=hint)
        self.block = block


class LogOmitted(BlockContradicted):
    """A node left out a log that the block's header vouches for."""


class LogInvented(BlockContradicted):
    """A node gave a log that the block's header does not vouch for."""


class IndexDiffers(VerificationFailed):
    """Derived tables differ from the state of the chain.

    Args:
        message: What happened.
        differences: How many values differ.
    """

    def __init__(
        self, message: str = "", *, differences: int = 0, why: str = "", hint: str = ""
    ) -> None:
        super().__init__(message, why=why, hint=hint)
        self.differences = differences


class IndexAddressInvalid(UsageError):
    """It is no address of an index."""
