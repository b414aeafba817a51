"""ABI and bytecode of each deployable contract, shipped inside the package."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from crmdapp.errors import ContractMissing, UsageError

_NAME = re.compile(r"^[A-Za-z][A-Za-z0-9_]*$")
_PLACEHOLDER = re.compile(r"__\$[0-9a-fA-F]{34}\$__")

References = Mapping[str, Mapping[str, tuple[tuple[int, int], ...]]]
"""Source path -> library name -> (start, length) of each place in the code, in bytes."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """One compiled contract.

    Attributes:
        name: Solidity name.
        abi: The ABI as JSON data.
        bytecode: Init code as hex without 0x, with solc's placeholders where a library's address
            belongs.
        deployed_bytecode: Runtime code in the same form, immutables zero.
        source: Path of the source file inside the project.
        source_hash: Hash over every source the contract was compiled from, 0x hex.
        compiler: Compiler version and settings.
        link_references: Where library addresses go in ``bytecode``.
        deployed_link_references: The same for ``deployed_bytecode``.
        immutables: (start, length) of every immutable in ``deployed_bytecode``, in bytes.
    """

    name: str
    abi: list[dict[str, Any]]
    bytecode: str
    deployed_bytecode: str
    source: str
    source_hash: str
    compiler: Mapping[str, Any]
    link_references: References
    deployed_link_references: References
    immutables: tuple[tuple[int, int], ...]

    @property
    def libraries(self) -> tuple[str, ...]:
        """Names of the external libraries whose addresses the init code needs."""
        return tuple(sorted({name for group in self.link_references.values() for name in group}))

    @property
    def constructor_types(self) -> tuple[str, ...]:
        """ABI types of the constructor's parameters, tuples expanded."""
        from crmdapp.chain.calls import type_of

        for entry in self.abi:
            if entry.get("type") == "constructor":
                return tuple(type_of(item) for item in entry["inputs"])
        return ()

    def init_code(
        self, args: tuple[Any, ...] = (), libraries: Mapping[str, str] | None = None
    ) -> bytes:
        """Return the linked init code followed by the encoded constructor arguments.

        Args:
            args: Constructor arguments in order.
            libraries: Library name -> address.

        Raises:
            UsageError: An argument does not fit its type, or a library's address is missing.
        """
        from crmdapp.chain.calls import encode

        linked = link(self.bytecode, self.link_references, libraries or {}, self.name)
        return linked + encode(self.constructor_types, args, f"{self.name}'s constructor")

    def runtime_code(self, libraries: Mapping[str, str] | None = None) -> bytes:
        """Return the linked runtime code, immutables zero.

        Raises:
            UsageError: A library's address is missing.
        """
        return link(
            self.deployed_bytecode, self.deployed_link_references, libraries or {}, self.name
        )


def link(code: str, references: References, libraries: Mapping[str, str], name: str) -> bytes:
    """Return ``code`` as bytes with each library's address written into its places.

    Raises:
        UsageError: A library's address is missing, or a placeholder is left over.
    """
    for group in references.values():
        for library, places in group.items():
            address = libraries.get(library)
            if address is None:
                raise UsageError(
                    f"{name} needs the address of the library {library}.",
                    hint=f"Deploy {library} first and pass its address.",
                )
            for start, length in places:
                digits = address.removeprefix("0x").lower().rjust(length * 2, "0")
                code = code[: start * 2] + digits + code[(start + length) * 2 :]
    if _PLACEHOLDER.search(code):
        raise UsageError(
            f"{name} has an unlinked library its artifact does not list.",
            hint="Run scripts/export_artifacts.py again.",
        )
    return bytes.fromhex(code)


@cache
def load(name: str) -> Artifact:
    """Return the artifact of the contract ``name``.

    Raises:
        UsageError: ``name`` is no contract name.
        ContractMissing: The package ships no such contract, or its file is damaged.
    """
    if not _NAME.match(name):
        raise UsageError(f"{name!r} is not a contract's name.")
    path = resources.files("crmdapp").joinpath("artifacts", f"{name}.json")
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        return parse(raw)
    except FileNotFoundError:
        raise ContractMissing(
            f"This package ships no contract {name!r}.",
            name=name,
            hint="Known contracts: " + (", ".join(names()) or "none") + ".",
        ) from None
    except (ValueError, KeyError, TypeError) as problem:
        raise ContractMissing(
            f"The artifact of {name} is damaged.",
            name=name,
            why=repr(problem),
            hint="Install the package again, or run scripts/export_artifacts.py.",
        ) from None


def names() -> list[str]:
    """Return the names of all contracts the package ships, sorted."""
    folder = resources.files("crmdapp").joinpath("artifacts")
    if not folder.is_dir():
        return []
    return sorted(item.name[:-5] for item in folder.iterdir() if item.name.endswith(".json"))


def parse(raw: Mapping[str, Any]) -> Artifact:
    """Return the artifact described by one artifact file's JSON data.

    Raises:
        KeyError: A field is missing.
        TypeError: A field has the wrong shape.
    """
    return Artifact(
        name=raw["name"],
        abi=list(raw["abi"]),
        bytecode=str(raw["bytecode"]).removeprefix("0x"),
        deployed_bytecode=str(raw["deployed_bytecode"]).removeprefix("0x"),
        source=raw["source"],
        source_hash=raw["source_hash"],
        compiler=dict(raw["compiler"]),
        link_references=_references(raw.get("link_references", {})),
        deployed_link_references=_references(raw.get("deployed_link_references", {})),
        immutables=tuple(
            (int(place["start"]), int(place["length"]))
            for places in raw.get("immutable_references", {}).values()
            for place in places
        ),
    )


def _references(raw: Mapping[str, Any]) -> References:
    return {
        source: {
            library: tuple((int(place["start"]), int(place["length"])) for place in places)
            for library, places in group.items()
        }
        for source, group in raw.items()
    }
