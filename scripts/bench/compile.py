"""Our contracts and the peers, compiled in one run by one compiler with one set of settings.

Peers whose sources refuse that compiler run as their packages ship them, compiled.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from crmdapp.chain._code import strip_metadata
from crmdapp.chain.artifacts import References, link
from scripts.export_artifacts import compile_contracts

ROOT = Path(__file__).resolve().parent.parent.parent
PEERS = Path(__file__).resolve().parent / "peers"
COMPILER = ROOT / "scripts" / "solc" / "solc-v0.8.37"
SEAPORT = Path(__file__).resolve().parent / "peers" / "seaport.js"
OUTPUTS = [
    "abi",
    "evm.bytecode.linkReferences",
    "evm.bytecode.object",
    "evm.deployedBytecode.object",
]
PEER_REMAPPINGS = [
    "@semaphore-protocol=node_modules/@semaphore-protocol",
    "@uniswap=node_modules/@uniswap",
    "@zk-kit=node_modules/@zk-kit",
    "erc721a=node_modules/erc721a",
    "ethr-did-registry=node_modules/ethr-did-registry",
    "poseidon-solidity=node_modules/poseidon-solidity",
    "solady=node_modules/solady",
]
MEASURED = (
    "Artworks",
    "AttestationRegistry",
    "BallotBox",
    "ClearingHouse",
    "ConsentRegistry",
    "CuratorBoard",
    "CustomerRegistry",
    "DataRewards",
    "Elections",
    "GiftVoucher",
    "IdentityBadge",
    "InteractionLog",
    "ItemLedger",
    "PointsHub",
    "PointsToken",
    "Tally",
    "TrusteeBoard",
    "VoterRoll",
)
PEER_PACKAGES = (
    "@ethereum-attestation-service/eas-contracts",
    "@openzeppelin/contracts",
    "@openzeppelin/merkle-tree",
    "@semaphore-protocol/contracts",
    "@uniswap/merkle-distributor",
    "@uniswap/v2-core",
    "@zk-kit/lean-imt.sol",
    "erc721a",
    "ethr-did-registry",
    "poseidon-solidity",
    "seaport-core",
    "solady",
)
# Their sources need compilers of their time, so they run as their packages ship them.
EAS = "@ethereum-attestation-service/eas-contracts/artifacts/contracts"
SHIPPED = {
    "EAS": f"{EAS}/EAS.sol/EAS.json",
    "SchemaRegistry": f"{EAS}/SchemaRegistry.sol/SchemaRegistry.json",
    "MerkleDistributor": "@uniswap/merkle-distributor/build/MerkleDistributor.json",
    "UniswapV2Factory": "@uniswap/v2-core/build/UniswapV2Factory.json",
    "UniswapV2Pair": "@uniswap/v2-core/build/UniswapV2Pair.json",
}

POSEIDON = "poseidon-solidity/deploy/PoseidonT3.js"

_POSEIDON_CODE = re.compile(r"bytecode:\s*'0x([0-9a-f]+)'")
_PLACEHOLDER = re.compile(r"__\$[0-9a-fA-F]{34}\$__")


class CompileError(Exception):
    """The peers do not compile; the message is the compiler's."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """One contract, ready to deploy.

    Attributes:
        name: Solidity name.
        abi: The ABI as JSON data.
        bytecode: Creation code as hex, without constructor arguments, with solc's placeholders
            where a library's address belongs.
        links: Where library addresses go in it.
        runtime: Deployed code as hex, placeholders and immutables zero.
    """

    name: str
    abi: list[dict[str, Any]]
    bytecode: str
    links: References
    runtime: str

    @property
    def libraries(self) -> tuple[str, ...]:
        """Names of the external libraries whose addresses the code needs."""
        return tuple(sorted({name for group in self.links.values() for name in group}))

    @property
    def size(self) -> int:
        """Bytes of deployed code."""
        return len(self.runtime) // 2

    @property
    def init_size(self) -> int:
        """Bytes of creation code, without constructor arguments."""
        return len(self.bytecode) // 2

    def init_code(self, libraries: Mapping[str, str]) -> bytes:
        """Return the creation code with the addresses of its libraries written in."""
        return link(self.bytecode, self.links, libraries, self.name)


def placeholders_zero(code: str) -> str:
    """Return code as hex with zeros where library addresses belong."""
    return _PLACEHOLDER.sub("0" * 40, code)


def code_digest(runtime: str) -> str:
    """Return a digest of deployed code that changes only with what the code does.

    Args:
        runtime: Hex, immutables zero; placeholders of libraries count as zero too.
    """
    code = bytes.fromhex(placeholders_zero(runtime))
    return hashlib.sha256(strip_metadata(code)).hexdigest()


@cache
def compile_all() -> dict[str, Compiled]:
    """Return every contract of ours and every peer, by name.

    Raises:
        CompileError: The peers do not compile.
        scripts.export_artifacts.ExportError: Our contracts do not compile.
    """
    ours = compile_contracts()
    peers = _compile_peers(_metadata(ours)["settings"])
    found = {each.name: each for output in (ours, peers) for each in _contracts(output)}
    found |= {each.name: each for each in (*_seaport(), _poseidon())}
    return found | {name: _compiled(name, _shipped(path)) for name, path in SHIPPED.items()}


@cache
def describe() -> dict[str, Any]:
    """Return what the figures of gas depend on.

    `code` holds a digest of each of our contracts: a test sees by it whether the figures are those
    of the present code.
    """
    metadata = _metadata(compile_contracts())
    settings = metadata["settings"]
    return {
        "code": {name: code_digest(compile_all()[name].runtime) for name in MEASURED},
        "compiler": metadata["compiler"]["version"],
        "evm_version": settings["evmVersion"],
        "optimizer_runs": settings["optimizer"]["runs"],
        "packages": {name: _package_version(name) for name in PEER_PACKAGES},
        "via_ir": settings.get("viaIR", False),
    }


def _metadata(output: Mapping[str, Any]) -> dict[str, Any]:
    """What the compiler says it did to the hub; every contract of ours got the same settings."""
    hub = output["contracts"]["contracts/loyalty/PointsHub.sol"]["PointsHub"]
    metadata: dict[str, Any] = json.loads(hub["metadata"])
    return metadata


def _compile_peers(settings: Mapping[str, Any]) -> dict[str, Any]:
    sources = {
        path.relative_to(ROOT).as_posix(): {"content": path.read_text(encoding="utf-8")}
        for path in sorted(PEERS.glob("*.sol"))
    }
    request = {
        "language": "Solidity",
        "sources": sources,
        "settings": {
            "evmVersion": settings["evmVersion"],
            "optimizer": settings["optimizer"],
            "outputSelection": {source: {"*": OUTPUTS} for source in sources},
            "remappings": [*_plain(settings["remappings"]), *PEER_REMAPPINGS],
            "viaIR": settings.get("viaIR", False),
        },
    }
    done = subprocess.run(
        [str(COMPILER), "--standard-json"],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    if done.returncode:
        raise CompileError(done.stderr.strip())
    output: dict[str, Any] = json.loads(done.stdout)
    problems = [each for each in output.get("errors", []) if each["severity"] == "error"]
    if problems:
        raise CompileError("\n".join(each["formattedMessage"] for each in problems))
    return output


def _seaport() -> Iterable[Compiled]:
    """Seaport by the compiler of its time, which its package names: ours finds its stack too deep.

    Raises:
        CompileError: It does not compile.
    """
    done = subprocess.run(
        ["node", str(SEAPORT)], capture_output=True, text=True, cwd=ROOT, check=False
    )
    if done.returncode:
        raise CompileError(done.stderr.strip())
    for name, contract in json.loads(done.stdout).items():
        yield _compiled(name, contract)


def _poseidon() -> Compiled:
    """The hash of Semaphore's groups as its package deploys it: our settings make it too large.

    Raises:
        CompileError: Its package is not as it was.
    """
    found = _POSEIDON_CODE.search((ROOT / "node_modules" / POSEIDON).read_text(encoding="utf-8"))
    if found is None:
        raise CompileError(f"{POSEIDON} has no bytecode")
    return Compiled("PoseidonT3", [], found[1], {}, found[1])


def _plain(remappings: Iterable[str]) -> list[str]:
    """Remappings as the metadata lists them, `context:prefix=target`, without an empty context."""
    return [each.removeprefix(":") for each in remappings]


def _contracts(output: Mapping[str, Any]) -> Iterable[Compiled]:
    for source, contracts in output["contracts"].items():
        if source.startswith("node_modules/"):
            continue
        for name, contract in contracts.items():
            if contract["evm"]["bytecode"]["object"]:
                yield _compiled(name, contract)


def _compiled(name: str, contract: Mapping[str, Any]) -> Compiled:
    creation, deployed = contract["evm"]["bytecode"], contract["evm"]["deployedBytecode"]
    links = _references(creation["linkReferences"])
    runtime = placeholders_zero(deployed["object"])
    return Compiled(name, contract["abi"], creation["object"], links, runtime)


def _shipped(path: str) -> dict[str, Any]:
    text = (ROOT / "node_modules" / path).read_text(encoding="utf-8")
    contract: dict[str, Any] = json.loads(text)
    if "evm" in contract:
        return contract
    # As Hardhat writes it.
    return {
        "abi": contract["abi"],
        "evm": {
            "bytecode": {
                "object": contract["bytecode"].removeprefix("0x"),
                "linkReferences": contract["linkReferences"],
            },
            "deployedBytecode": {"object": contract["deployedBytecode"].removeprefix("0x")},
        },
    }


def _references(raw: Mapping[str, Any]) -> References:
    return {
        source: {
            library: tuple((place["start"], place["length"]) for place in places)
            for library, places in group.items()
        }
        for source, group in raw.items()
    }


def _package_version(name: str) -> str:
    path = ROOT / "node_modules" / name / "package.json"
    return str(json.loads(path.read_text(encoding="utf-8"))["version"])
