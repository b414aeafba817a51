"""Drops: points for any number of customers behind one Merkle root.

The tree is OpenZeppelin's standard one over ``(uint256 index, address to, uint48 points)``, so its
root and proofs are those of their JavaScript library too. It is built from the same file as an
award (``address,points``); line by line, the index counts from 0.

Source: https://github.com/OpenZeppelin/merkle-tree, "Standard Merkle Trees".
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crmdapp.chain._files import disk_full
from crmdapp.chain._keccak import keccak
from crmdapp.chain._signed_json import JsonFields, read_word
from crmdapp.chain.addresses import checksum
from crmdapp.chain.merkle import MerkleTree, root_of
from crmdapp.errors import PermissionDenied, UsageError
from crmdapp.loyalty._award_records import records_of
from crmdapp.loyalty.award_plan import AwardPlan, opened, validate
from crmdapp.loyalty.errors import DropProofInvalid
from crmdapp.loyalty.packing import RECORD_SIZE
from crmdapp.loyalty.points import require_amount

Progress = Callable[[int, int], None]
"""Called with how many are done, and how many there are."""

DEPTH_MAX = 64
"""Most hashes in a proof that is read."""

_LINES_AT_ONCE = 1_000


def leaf_of(index: int, to: str, points: int) -> bytes:
    """Return the leaf of one customer: ``keccak(keccak(abi.encode(index, to, points)))``."""
    return _leaf(index, bytes.fromhex(to[2:]) + points.to_bytes(6, "big"))


@dataclass(frozen=True, slots=True)
class DropClaim:
    """What one customer needs to collect its points of a drop.

    Attributes:
        chain_id: The chain.
        hub: Address of the hub.
        drop: Number of the drop.
        index: Number of the customer in it, from 0.
        to: The customer.
        points: Units of 0.01 point.
        proof: Hashes from the leaf to the root.
    """

    chain_id: int
    hub: str
    drop: int
    index: int
    to: str
    points: int
    proof: tuple[bytes, ...]

    def require_in(self, root: bytes) -> None:
        """Check that the claim belongs to a drop of that root.

        Raises:
            DropProofInvalid: It does not, twin of the hub's refusal.
        """
        if root_of(leaf_of(self.index, self.to, self.points), self.proof) != root:
            raise DropProofInvalid(self.drop, self.index)

    def to_json(self) -> dict[str, Any]:
        """Return the claim as JSON data."""
        return {
            "chainId": self.chain_id,
            "hub": self.hub,
            "drop": self.drop,
            "index": self.index,
            "to": self.to,
            "points": self.points,
            "proof": ["0x" + item.hex() for item in self.proof],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str | bytes) -> DropClaim:
        """Return the claim that :meth:`to_json` gave.

        Raises:
            UsageError: It is no claim; the message names the field.
            PointsOverflow: The amount is 2^47 units or more.
        """
        fields = JsonFields.parse(data, "drop claim")
        proof = fields.items("proof")
        if len(proof) > DEPTH_MAX:
            raise UsageError(f"A proof has at most {DEPTH_MAX} hashes, got {len(proof):,}.")
        return cls(
            chain_id=fields.whole("chainId"),
            hub=fields.address("hub"),
            drop=fields.whole("drop"),
            index=fields.whole("index"),
            to=fields.address("to"),
            points=require_amount(fields.whole("points")),
            proof=tuple(read_word(str(item), f"proof[{n}]") for n, item in enumerate(proof)),
        )


class DropTree:
    """The customers of a drop and the tree over them.

    Attributes:
        plan: The file they were read from.
        tree: The tree.
    """

    def __init__(self, plan: AwardPlan, records: bytes, tree: MerkleTree) -> None:
        self.plan = plan
        self.tree = tree
        self._records = records

    @classmethod
    def build(cls, file: AwardPlan | Path | str, *, progress: Progress | None = None) -> DropTree:
        """Return the tree over the lines of a file; nothing is sent and no node is asked.

        The file is read twice, as :func:`crmdapp.loyalty.award_file.validate` describes it, and
        never held as a whole: 100,000 customers take some 30 MB at the peak.

        Args:
            file: The file, or the plan that ``validate`` made of it.
            progress: Called after each 450 lines with lines hashed and lines in all.

        Raises:
            FileRejected: The file has faults; ``faults`` names line, column and reason of each.
            FileChanged: It changed since it was checked.
            UsageError: It cannot be read.
        """
        plan = file if isinstance(file, AwardPlan) else validate(file)
        records = bytearray()
        leaves: list[bytes] = []
        with opened(plan.path) as source:
            for chunk in plan.chunks:
                packed = records_of(plan, chunk, source)
                records += packed
                for at in range(0, len(packed), RECORD_SIZE):
                    leaves.append(_leaf(len(leaves), packed[at : at + RECORD_SIZE]))
                if progress is not None:
                    progress(len(leaves), plan.rows)
        return cls(plan, bytes(records), MerkleTree(leaves))

    def __len__(self) -> int:
        return len(self.tree)

    @property
    def root(self) -> bytes:
        """The root, 32 bytes."""
        return self.tree.root

    @property
    def units(self) -> int:
        """Units of all customers together."""
        return self.plan.units

    def claim(self, index: int, *, drop: int, chain_id: int, hub: str) -> DropClaim:
        """Return what the customer of that index needs.

        Args:
            index: From 0: the first line after the header.
            drop: Number of the drop that has this tree's root.
            chain_id: The chain it is on.
            hub: Address of the hub it is on.

        Raises:
            UsageError: There is no such customer.
        """
        proof = self.tree.proof(index)
        record = self._records[index * RECORD_SIZE : (index + 1) * RECORD_SIZE]
        to = checksum("0x" + record[:20].hex())
        return DropClaim(chain_id, hub, drop, index, to, int.from_bytes(record[20:], "big"), proof)

    def claims(self, *, drop: int, chain_id: int, hub: str) -> Iterator[DropClaim]:
        """Yield what each customer needs, in the order of the file."""
        for index in range(len(self)):
            yield self.claim(index, drop=drop, chain_id=chain_id, hub=hub)

    def write_claims(
        self,
        path: Path | str,
        *,
        drop: int,
        chain_id: int,
        hub: str,
        progress: Progress | None = None,
    ) -> None:
        """Write what each customer needs, one JSON line each; some 1.3 kB at 100,000 customers.

        The file appears when it is whole; one that is there already is left alone.

        Args:
            path: The file to write.
            drop: Number of the drop that has this tree's root.
            chain_id: The chain it is on.
            hub: Address of the hub it is on.
            progress: Called after each 1,000 lines with lines written and lines in all.

        Raises:
            UsageError: The file exists, or its folder does not.
            PermissionDenied: It cannot be written.
            DiskFull: The disk is full.
        """
        place = Path(path)
        if place.exists():
            raise UsageError(f"There is a file {place} already.", hint="Choose another name.")
        part = place.with_name(f".{place.name}.part")
        try:
            with part.open("w", encoding="utf-8") as file:
                for claim in self.claims(drop=drop, chain_id=chain_id, hub=hub):
                    file.write(json.dumps(claim.to_json(), separators=(",", ":")) + "\n")
                    done = claim.index + 1
                    if progress and (done % _LINES_AT_ONCE == 0 or done == len(self)):
                        progress(done, len(self))
                file.flush()
                os.fsync(file.fileno())
            part.replace(place)
        except FileNotFoundError:
            raise UsageError(f"There is no folder {place.parent}.") from None
        except PermissionError:
            raise PermissionDenied(f"{place} cannot be written.") from None
        except OSError:
            raise disk_full(place) from None
        finally:
            part.unlink(missing_ok=True)


def find_claims(path: Path | str, account: str | None = None) -> Iterator[DropClaim]:
    """Yield the claims in a file of JSON lines, those of one customer if it is named.

    Args:
        path: The file that :meth:`DropTree.write_claims` wrote, or a part of it.
        account: The customer; everybody by default.

    Raises:
        UsageError: The file cannot be read, or a line of it is no claim.
    """
    wanted = None if account is None else account.lower().encode()
    with opened(Path(path)) as file:
        for number, line in enumerate(file, start=1):
            if not line.strip() or (wanted is not None and wanted not in line.lower()):
                continue
            try:
                claim = DropClaim.from_json(line)
            except UsageError as problem:
                raise UsageError(
                    f"Line {number:,} of {path}: {problem.message}", why=problem.why
                ) from None
            if account is None or claim.to.lower() == account.lower():
                yield claim


def _leaf(index: int, record: bytes) -> bytes:
    body = index.to_bytes(32, "big") + bytes(12) + record[:20] + bytes(26) + record[20:]
    return keccak(keccak(body))
