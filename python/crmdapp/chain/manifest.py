"""Which contracts are where: one file per chain, ``deployments/<chain id>.json``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crmdapp.chain import _files
from crmdapp.chain.addresses import checksum, contract_address
from crmdapp.chain.connection import Connection
from crmdapp.errors import ContractMissing, PermissionDenied, UsageError, WrongChain, jsonable

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Created:
    """That another contract of the chain created this one.

    Attributes:
        parent: The other's name in the manifest.
        nonce: The parent's nonce: 1 for the first contract that its constructor creates
            (EIP-161), 2 for the second.
    """

    parent: str
    nonce: int = 1

    def address_in(self, manifest: Manifest) -> str:
        """Return the address that the rules of creation give the contract.

        Raises:
            ContractMissing: The parent is not deployed.
        """
        return contract_address(manifest.address(self.parent), self.nonce)


@dataclass(frozen=True, slots=True)
class Deployment:
    """One contract in a manifest.

    Attributes:
        name: Its name.
        contract: Name of its artifact.
        address: Where it is; empty while it is only planned.
        args: Constructor arguments as JSON data.
        block: Block number.
        tx: Transaction that created it, 0x hex.
        compiler: Compiler version and settings.
        source_hash: Hash over its sources, 0x hex.
        libraries: Addresses of the libraries linked into it.
        created: Which contract created it; ``None`` if a transaction did itself.
    """

    name: str
    contract: str
    address: str
    args: tuple[Any, ...]
    block: int
    tx: str
    compiler: Mapping[str, Any]
    source_hash: str
    libraries: Mapping[str, str] = field(default_factory=dict)
    created: Created | None = None


class Manifest:
    """The contracts of one chain.

    Args:
        chain_id: The chain's id.
        genesis: Hash of its first block, 0x hex: a local chain started anew has the same id.
        entries: The contracts, in the order they were deployed.
    """

    def __init__(self, chain_id: int, genesis: str, entries: Sequence[Deployment] = ()) -> None:
        self.chain_id = chain_id
        self.genesis = genesis
        self._entries = {entry.name: entry for entry in entries}

    @classmethod
    def load(cls, path: Path | str) -> Manifest:
        """Return the manifest in a file.

        Raises:
            ContractMissing: There is no such file: nothing is deployed there yet.
            UsageError: The file is damaged.
            PermissionDenied: The file cannot be read.
        """
        path = Path(path)
        try:
            raw = json.loads(path.read_bytes())
            _require_format(raw["format"])
            entries = [_entry(name, item) for name, item in raw["contracts"].items()]
            return cls(int(raw["chain_id"]), str(raw["genesis"]), entries)
        except FileNotFoundError:
            raise ContractMissing(
                "Nothing is deployed on this chain yet.",
                why=f"There is no manifest {path}.",
                hint="Deploy first: crmdapp deploy. Or name the folder: CRMDAPP_DEPLOYMENTS.",
            ) from None
        except PermissionError:
            raise PermissionDenied(f"The manifest {path} cannot be read.") from None
        except (ValueError, KeyError, TypeError, AttributeError) as problem:
            raise UsageError(
                f"The manifest {path} is damaged.",
                why=str(problem) or type(problem).__name__,
                hint="Restore it from version control or a backup.",
            ) from None

    def save(self, path: Path | str) -> None:
        """Write the manifest to a file, whole or not at all.

        Raises:
            DiskFull: The disk is full; the old file is unchanged.
            PermissionDenied: The folder cannot be written.
        """
        path = Path(path)
        body = {
            "format": FORMAT,
            "chain_id": self.chain_id,
            "genesis": self.genesis,
            "contracts": {entry.name: _body(entry) for entry in self._entries.values()},
        }
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _files.replace(path, json.dumps(body, indent=2).encode() + b"\n")
        except PermissionError as problem:
            raise PermissionDenied(
                f"The manifest {path} cannot be written.", why=str(problem.strerror)
            ) from None

    def __iter__(self) -> Iterator[Deployment]:
        return iter(self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def __getitem__(self, name: str) -> Deployment:
        entry = self.get(name)
        if entry is None or not entry.address:
            raise ContractMissing(
                f"{name} is not deployed on chain {self.chain_id}.",
                name=name,
                hint="Deploy it: crmdapp deploy.",
            )
        return entry

    def get(self, name: str) -> Deployment | None:
        """Return the entry of that name, deployed or only planned; ``None`` if there is none."""
        return self._entries.get(name)

    def address(self, name: str) -> str:
        """Return the address of a deployed contract.

        Raises:
            ContractMissing: It is not deployed.
        """
        return self[name].address

    def put(self, entry: Deployment) -> None:
        """Add or replace an entry."""
        self._entries[entry.name] = entry

    def require_chain(self, connection: Connection) -> None:
        """Check that the manifest is about the chain of that connection.

        Raises:
            WrongChain: It is about another one.
        """
        if self.chain_id != connection.chain_id:
            raise WrongChain(
                f"The manifest is about chain {self.chain_id}, the node serves "
                f"{connection.chain_id}.",
                expected=self.chain_id,
                actual=connection.chain_id,
                hint="Use the node, or the manifest, of the other chain.",
            )
        if self.genesis != _genesis(connection):
            raise WrongChain(
                f"The manifest is about an earlier chain with the same id {self.chain_id}.",
                expected=self.chain_id,
                actual=connection.chain_id,
                why="The first blocks differ: the chain was started anew.",
                hint="Deploy again: crmdapp deploy.",
            )


def open_manifest(connection: Connection, path: Path | str) -> Manifest:
    """Return the manifest for deploying to a chain: the one there is, or an empty one.

    A manifest about an earlier chain with the same id is moved aside, never overwritten.

    Raises:
        WrongChain: The file is about a chain with another id.
        UsageError: The file is damaged.
    """
    path = Path(path)
    if not path.exists():
        return Manifest(connection.chain_id, _genesis(connection))
    found = Manifest.load(path)
    if found.chain_id == connection.chain_id and found.genesis != _genesis(connection):
        path.rename(path.with_name(f"{path.stem}.{found.genesis[2:10]}{path.suffix}"))
        return Manifest(connection.chain_id, _genesis(connection))
    found.require_chain(connection)
    return found


def _require_format(found: Any) -> None:
    if found != FORMAT:
        raise ValueError(f"its format is {found!r}, not {FORMAT}")


def _body(entry: Deployment) -> dict[str, Any]:
    body = {
        "contract": entry.contract,
        "address": entry.address,
        "args": jsonable(entry.args),
        "block": entry.block,
        "tx": entry.tx,
        "source_hash": entry.source_hash,
        "compiler": dict(entry.compiler),
        "libraries": dict(entry.libraries),
    }
    if entry.created is not None:
        body["created"] = {"parent": entry.created.parent, "nonce": entry.created.nonce}
    return body


def _entry(name: str, item: Mapping[str, Any]) -> Deployment:
    created = item.get("created")
    return Deployment(
        name=name,
        contract=str(item["contract"]),
        address=checksum(item["address"]) if item["address"] else "",
        args=tuple(item["args"]),
        block=int(item["block"]),
        tx=str(item["tx"]),
        compiler=dict(item["compiler"]),
        source_hash=str(item["source_hash"]),
        libraries=dict(item.get("libraries", {})),
        created=None if created is None else Created(str(created["parent"]), int(created["nonce"])),
    )


def _genesis(connection: Connection) -> str:
    return "0x" + connection.genesis_hash.hex()
