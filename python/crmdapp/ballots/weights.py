"""Votes by weight: who has how much, and the Merkle root that a poll freezes.

The tree is OpenZeppelin's standard one over ``(address voter, uint256 weight)``, so its root and
proofs are those of their JavaScript library too. Weights that a token's balances at a block give
can be computed again by anybody whose node remembers that block; that none is left out shows in
their sum, which is the token's supply.

Source: https://github.com/OpenZeppelin/merkle-tree, "Standard Merkle Trees"; ERC-20; ERC-6909.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmdapp.ballots.faults import WeightMissing, WeightsIncomplete
from crmdapp.chain._keccak import keccak
from crmdapp.chain.addresses import ZERO_ADDRESS, parse_address, require_address
from crmdapp.chain.merkle import MerkleTree
from crmdapp.errors import FileFault, FileRejected, UsageError

if TYPE_CHECKING:
    from crmdapp.chain.calls import BoundContract
    from crmdapp.chain.connection import Connection

WEIGHT_MAX = (1 << 256) - 1
VOTERS_MAX = 1_000_000
"""Most voters of a file of weights."""

COLUMNS = ("address", "weight")


@dataclass(frozen=True, slots=True)
class WeightsSource:
    """The balances that weigh votes.

    Attributes:
        token: An ERC-20 token; or, with ``id``, an ERC-6909 contract such as the hub of points.
        block: Block whose balances count.
        id: Which of an ERC-6909 contract's tokens; of points the program.
    """

    token: str
    block: int
    id: int | None = None


class Weights:
    """Voters with their weights, and the tree over them.

    Args:
        weights: Weight by voter, each 1 or more.

    Raises:
        UsageError: There is none, or a weight or an address cannot be used.
    """

    def __init__(self, weights: Mapping[str, int]) -> None:
        if not weights:
            raise UsageError("Nobody has any weight.")
        self._weights = {require_address(voter): weight for voter, weight in weights.items()}
        for voter, weight in self._weights.items():
            if not 1 <= weight <= WEIGHT_MAX:
                raise UsageError(f"The weight of {voter} must be from 1 to 2^256 - 1.")
        # By address, so that the same weights give the same indices in every file.
        self._places = {
            voter: place for place, voter in enumerate(sorted(self._weights, key=_as_number))
        }

    def __len__(self) -> int:
        return len(self._weights)

    def items(self) -> list[tuple[str, int]]:
        """Return voters and weights by rising address."""
        return [(voter, self._weights[voter]) for voter in self._places]

    @cached_property
    def _tree(self) -> MerkleTree:
        return MerkleTree([leaf_of(voter, weight) for voter, weight in self.items()])

    @property
    def root(self) -> bytes:
        """The root that a poll freezes, 32 bytes."""
        return self._tree.root

    @property
    def total(self) -> int:
        """All weight together."""
        return sum(self._weights.values())

    def weight(self, voter: str) -> int:
        """Return a voter's weight, 0 for who has none."""
        return self._weights.get(require_address(voter), 0)

    def proof(self, voter: str) -> tuple[bytes, ...]:
        """Return the proof that the tree has a voter's weight.

        Raises:
            WeightMissing: The voter has none.
        """
        place = self._places.get(require_address(voter))
        if place is None:
            raise WeightMissing(f"{voter} has no weight in this poll.", voter=voter)
        return self._tree.proof(place)

    def to_csv(self) -> str:
        """Return the weights as a file: a line of names, then ``address,weight``."""
        lines = [",".join(COLUMNS), *(f"{voter},{weight}" for voter, weight in self.items())]
        return "\n".join(lines) + "\n"


def weights_tree(weights: Mapping[str, int]) -> MerkleTree:
    """Return the tree over weights by voter; its indices are by rising address."""
    return Weights(weights)._tree


def leaf_of(voter: str, weight: int) -> bytes:
    """Return a voter's leaf: ``keccak(keccak(abi.encode(voter, weight)))``."""
    word = bytes.fromhex(voter[2:]).rjust(32, b"\0")
    return keccak(keccak(word + weight.to_bytes(32, "big")))


def read_weights(path: Path | str) -> Weights:
    """Read a file of weights, ``address,weight`` in CSV with a line of names.

    Raises:
        FileRejected: It has faults; ``faults`` names line, column and reason of each.
        UsageError: It cannot be read, or is empty.
    """
    place = Path(path)
    try:
        with place.open(encoding="utf-8", newline="") as file:
            reader = csv.reader(file)
            rows = [(reader.line_num, row) for row in reader if row]
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        why = problem.strerror if isinstance(problem, OSError) else str(problem)
        raise UsageError(f"{place} cannot be read.", why=str(why)) from None
    reading = _Reading(place.name)
    reading.take_names(rows[0][1] if rows else [])
    for line, row in rows[1:]:
        reading.take(line, row)
    reading.require_sound()
    return Weights(reading.weights)


@dataclass(slots=True)
class _Reading:
    """The rows of a file of weights, checked one by one."""

    name: str
    weights: dict[str, int] = field(default_factory=dict)
    faults: list[FileFault] = field(default_factory=list)

    def take_names(self, names: list[str]) -> None:
        if tuple(names) != COLUMNS:
            self.faults.append(FileFault(1, "", f"the first line must be {','.join(COLUMNS)}"))

    def take(self, line: int, row: list[str]) -> None:
        if len(row) != len(COLUMNS):
            self.faults.append(FileFault(line, "", f"it has {len(row)} columns, not 2"))
            return
        try:
            voter = parse_address(row[0])
        except ValueError as problem:
            self.faults.append(FileFault(line, "address", str(problem)))
            return
        if voter in self.weights:
            self.faults.append(FileFault(line, "address", f"{voter} stands there twice"))
        digits = row[1].isascii() and row[1].isdigit() and len(row[1]) <= 78
        if not digits or not 1 <= int(row[1]) <= WEIGHT_MAX:
            self.faults.append(
                FileFault(line, "weight", "it must be a whole number from 1 to 2^256 - 1")
            )
            return
        self.weights[voter] = int(row[1])

    def require_sound(self) -> None:
        if len(self.weights) > VOTERS_MAX:
            self.faults.append(FileFault(0, "", f"it names more than {VOTERS_MAX:,} voters"))
        if self.faults:
            raise FileRejected(
                f"{self.name} has {len(self.faults)} fault(s).",
                self.faults,
                hint="Mend the lines named and run the same command again.",
            )


def weights_at(
    connection: Connection,
    source: WeightsSource,
    holders: Iterable[str] | None = None,
    *,
    since_block: int = 0,
) -> Weights:
    """Return the balances of a token at a block; whoever asks any honest node gets the same.

    Args:
        connection: The chain; its node has to remember the state at that block.
        source: The token and the block.
        holders: Who may have a balance; by default whoever the token's events name as a receiver.
        since_block: Where the search for its events begins, if no holders are given.

    Raises:
        WeightsIncomplete: The balances do not add up to the supply: somebody is left out, or the
            node does not tell of all events.
        UsageError: Nobody has any balance.
    """
    contract, ids = _contract(connection, source)
    named = _receivers(connection, source, since_block) if holders is None else holders
    found: dict[str, int] = {}
    for holder in sorted({require_address(each) for each in named}, key=_as_number):
        balance: int = contract.read("balanceOf", holder, *ids, block=source.block)
        if balance:
            found[holder] = balance
    supply: int = contract.read("totalSupply", *ids, block=source.block)
    if sum(found.values()) != supply:
        raise WeightsIncomplete(
            f"The balances of {len(found):,} holders are not the supply at block {source.block:,}.",
            held=sum(found.values()),
            supply=supply,
            why="Somebody who has some is left out, or the token counts them in another way.",
            hint="Name all holders, or ask a node that keeps all events.",
        )
    return Weights(found)


def _contract(
    connection: Connection, source: WeightsSource
) -> tuple[BoundContract, tuple[int, ...]]:
    from crmdapp.chain import artifacts
    from crmdapp.chain.calls import BoundContract

    name = "TestCoin" if source.id is None else "PointsHub"
    abi = artifacts.load(name).abi
    contract = BoundContract(connection, "Token", require_address(source.token), abi)
    return contract, (() if source.id is None else (source.id,))


def _receivers(connection: Connection, source: WeightsSource, since_block: int) -> set[str]:
    from crmdapp.chain.events import ERC20Transfer, ERC6909Transfer

    kind = ERC20Transfer if source.id is None else ERC6909Transfer
    found: set[str] = set()
    topics = ["0x" + kind.topic.hex()]
    for log in connection.logs(source.token, topics, since_block, source.block):
        event: Any = log.event
        if isinstance(event, ERC20Transfer):
            found.add(event.to)
        elif isinstance(event, ERC6909Transfer) and event.id == source.id:
            found.add(event.receiver)
    return found - {ZERO_ADDRESS}


def _as_number(address: str) -> int:
    return int(address, 16)
