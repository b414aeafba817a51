"""What is deployed where: the plan, the manifest per chain, deploying, and checking.

The plan is a list; each entry names a contract and its constructor arguments, literal or a
:class:`Reference` to an earlier entry. A contract that another one's constructor creates is an
entry that is :class:`Created`: it is only looked for and recorded. External libraries are entries
like any other and are linked by name. The manifest is ``deployments/<chain id>.json`` and is
written after every single step, so an interrupted deployment continues where it stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from crmdapp.chain._code import same_code
from crmdapp.chain._keccak import keccak
from crmdapp.chain._plan import (
    HALF_YEAR,
    LOCAL_CHAIN_IDS,
    GallerySettings,
    Planned,
    Reference,
    plan,
)
from crmdapp.chain.addresses import checksum
from crmdapp.chain.artifacts import Artifact, load
from crmdapp.chain.calls import Call
from crmdapp.chain.connection import Connection
from crmdapp.chain.manifest import Created, Deployment, Manifest, open_manifest
from crmdapp.chain.sender import Sender
from crmdapp.errors import (
    ContractMissing,
    NodeRefused,
    VerificationFailed,
    jsonable,
)

__all__ = [
    "HALF_YEAR",
    "LOCAL_CHAIN_IDS",
    "Checked",
    "Created",
    "Deployed",
    "Deployer",
    "Deployment",
    "GallerySettings",
    "Manifest",
    "Planned",
    "Reference",
    "check",
    "deploy_all",
    "deploy_with",
    "open_manifest",
    "plan",
]


@dataclass(frozen=True, slots=True)
class Deployed:
    """What a deployer reports of one contract.

    Attributes:
        address: Where it is.
        block: Block number.
        tx_hash: Transaction that created it, 0x hex.
    """

    address: str
    block: int
    tx_hash: str


Deployer = Callable[[str, bytes, str], Deployed]
"""``deploy(name, init_code, key)``: create a contract; the same key never creates a second one."""


@dataclass(frozen=True, slots=True)
class Checked:
    """Result of comparing one deployment with its artifact.

    Attributes:
        name: Its name in the manifest.
        address: Where it is.
        ok: Whether the code on the chain is the artifact's and the arguments are as recorded.
        detail: What was found, for people.
    """

    name: str
    address: str
    ok: bool
    detail: str


def deploy_all(
    connection: Connection,
    sender: Sender,
    plan: Sequence[Planned],
    manifest_path: Path | str,
    *,
    replace_changed: bool = False,
    on_step: Callable[[str, str, str], None] | None = None,
) -> Manifest:
    """Deploy what of the plan is not there yet, with a sender; see :func:`deploy_with`."""
    if connection.block_number() == 0:
        # Before its first block anvil runs calls at the time 1, when no epoch has begun.
        sender.wait(sender.send(Call(sender.address), key="deploy/first-block"))

    def deploy(name: str, init_code: bytes, key: str) -> Deployed:
        call = Call(None, init_code, function="(deploy)", contract=name)
        receipt = sender.wait(sender.send(call, key=key, again_if_reverted=True))
        if receipt.contract_address is None:
            raise VerificationFailed(f"The transaction {receipt.hash} created no contract.")
        return Deployed(receipt.contract_address, receipt.block, receipt.hash)

    return deploy_with(
        connection,
        deploy,
        plan,
        manifest_path,
        replace_changed=replace_changed,
        on_step=on_step,
    )


def deploy_with(
    connection: Connection,
    deploy: Deployer,
    plan: Sequence[Planned],
    manifest_path: Path | str,
    *,
    replace_changed: bool = False,
    on_step: Callable[[str, str, str], None] | None = None,
) -> Manifest:
    """Deploy what of the plan is not there yet and return the manifest.

    A contract whose code on the chain is right is kept, unless one that it refers to was deployed
    anew. The manifest is written before the first step and after each.

    Args:
        connection: The chain.
        deploy: Creates one contract.
        plan: What to deploy, in order.
        manifest_path: The chain's manifest.
        replace_changed: Deploy anew what is on the chain with other code or arguments; the old
            contract stays where it is, only the manifest forgets it.
        on_step: Called with (name, "kept" or "deployed", address) after each step.

    Raises:
        VerificationFailed: The manifest has a contract with other code or arguments, or what was
            deployed does not have the artifact's code.
        UsageError: The plan is wrong.
        ContractError: A constructor refused.
    """
    path = Path(manifest_path)
    manifest = open_manifest(connection, path)
    renewed: set[str] = set()
    for item in plan:
        artifact = load(item.contract or item.name)
        wanted = _wanted(item, artifact, manifest)
        if item.created is not None:
            fresh = _record_created(connection, manifest, wanted, artifact)
            if fresh:
                manifest.save(path)
                renewed.add(item.name)
            what = "deployed" if fresh else "kept"
            _tell(on_step, item.name, what, manifest.address(item.name))
            continue
        state = _state(connection, manifest, wanted, artifact)
        follows = any(isinstance(arg, Reference) and arg.name in renewed for arg in item.args)
        if state == "changed" and not (replace_changed or follows):
            raise _changed(wanted, manifest)
        if state == "right":
            _tell(on_step, item.name, "kept", manifest.address(item.name))
            continue
        if state == "absent":
            manifest.put(wanted)  # its arguments are kept from here on, whatever happens
            manifest.save(path)
        init_code = artifact.init_code(_values(item, manifest), wanted.libraries)
        done = deploy(item.name, init_code, f"deploy/{item.name}/{keccak(init_code).hex()[:32]}")
        entry = replace(wanted, address=checksum(done.address), block=done.block, tx=done.tx_hash)
        if not same_code(connection.code(entry.address), artifact, entry):
            raise VerificationFailed(
                f"What was deployed at {entry.address} is not {item.name}.",
                hint="Check the node; the manifest does not list it as deployed.",
            )
        manifest.put(entry)
        manifest.save(path)
        renewed.add(item.name)
        _tell(on_step, item.name, "deployed", entry.address)
    return manifest


def check(connection: Connection, manifest: Manifest) -> list[Checked]:
    """Compare every deployment with its artifact.

    The compiler's metadata at the end of the code is left out and immutables are masked; the
    constructor arguments are compared with the creating transaction where the node has it.

    Raises:
        WrongChain: The manifest is about another chain.
        NodeProblem: The node could not be asked.
    """
    manifest.require_chain(connection)
    return [_check(connection, entry, manifest) for entry in manifest]


# --------------------------------------------------------------------------- inside


def _check(connection: Connection, entry: Deployment, manifest: Manifest) -> Checked:
    def result(ok: bool, detail: str) -> Checked:
        return Checked(entry.name, entry.address, ok, detail)

    if not entry.address:
        return result(False, "planned, not deployed: run crmdapp deploy again")
    code = connection.code(entry.address)
    if not code:
        return result(False, "no code at the address")
    try:
        artifact = load(entry.contract)
    except ContractMissing as problem:
        return result(False, problem.message)
    if not same_code(code, artifact, entry):
        return result(False, "the code is not this release's: deploy anew, or use that release")
    if entry.created is not None:
        return result(*_descent(entry, entry.created, manifest))
    if not _same_arguments(connection, artifact, entry):
        return result(False, "it was created with other arguments than the manifest has")
    return result(True, f"code is the artifact's, block {entry.block:,}")


def _same_arguments(connection: Connection, artifact: Artifact, entry: Deployment) -> bool:
    """Return whether the creating transaction has the manifest's arguments, where it is kept."""
    try:
        created = connection.request("eth_getTransactionByHash", [entry.tx]) if entry.tx else None
    except NodeRefused:
        created = None  # it does not keep, or has not looked through, old transactions
    if not isinstance(created, Mapping) or created.get("to") is not None:
        return True
    args = artifact.init_code(_typed(artifact, entry.args), entry.libraries)
    return bytes.fromhex(created["input"][2:]).endswith(args[len(artifact.bytecode) // 2 :])


def _descent(entry: Deployment, created: Created, manifest: Manifest) -> tuple[bool, str]:
    """Return whether a contract is where the one that created it must have put it.

    Anybody can deploy the same code; who created it is what makes it this one.
    """
    parent = manifest.get(created.parent)
    if parent is None or not parent.address:
        return False, f"the {created.parent} that created it is not in the manifest"
    if created.address_in(manifest) != entry.address:
        return False, f"it was not created by the {created.parent} of the manifest"
    return True, f"code is the artifact's, created by the {created.parent}"


def _record_created(
    connection: Connection, manifest: Manifest, wanted: Deployment, artifact: Artifact
) -> bool:
    """Enter a contract that another one created; ``False`` if it is entered already."""
    assert wanted.created is not None  # what the caller looked for
    parent = manifest[wanted.created.parent]
    address = wanted.created.address_in(manifest)
    entry = replace(wanted, address=address, block=parent.block, tx=parent.tx)
    if not same_code(connection.code(address), artifact, entry):
        raise VerificationFailed(
            f"{parent.name} created no {wanted.name} at {address}.",
            hint="Check the node; the manifest does not list it as deployed.",
        )
    if manifest.get(wanted.name) == entry:
        return False
    manifest.put(entry)
    return True


def _wanted(item: Planned, artifact: Artifact, manifest: Manifest) -> Deployment:
    return Deployment(
        name=item.name,
        contract=artifact.name,
        address="",
        args=tuple(jsonable(_values(item, manifest))),
        block=0,
        tx="",
        compiler=artifact.compiler,
        source_hash=artifact.source_hash,
        libraries={name: manifest.address(name) for name in artifact.libraries},
        created=item.created,
    )


def _values(item: Planned, manifest: Manifest) -> tuple[Any, ...]:
    return tuple(
        manifest.address(arg.name) if isinstance(arg, Reference) else arg for arg in item.args
    )


def _typed(artifact: Artifact, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return arguments read from JSON as the constructor's types want them."""
    return tuple(
        bytes.fromhex(arg[2:]) if kind.startswith("bytes") and isinstance(arg, str) else arg
        for kind, arg in zip(artifact.constructor_types, args, strict=True)
    )


def _state(
    connection: Connection, manifest: Manifest, wanted: Deployment, artifact: Artifact
) -> str:
    """Return ``"absent"``, ``"right"`` or ``"changed"``."""
    found = manifest.get(wanted.name)
    if found is None or not found.address:
        return "absent"
    code = connection.code(found.address)
    if not code:
        return "absent"
    same = found.args == wanted.args and found.libraries == wanted.libraries
    return "right" if same and same_code(code, artifact, found) else "changed"


def _changed(wanted: Deployment, manifest: Manifest) -> VerificationFailed:
    found = manifest[wanted.name]
    other = "arguments" if found.args != wanted.args else "code"
    return VerificationFailed(
        f"{wanted.name} is deployed at {found.address} with other {other}.",
        why=f"The manifest has {list(found.args)}, wanted is {list(wanted.args)}."
        if other == "arguments"
        else "The contract was deployed by another release.",
        hint="Keep using it with that release, or deploy anew beside it with --replace.",
    )


def _tell(on_step: Callable[[str, str, str], None] | None, *step: str) -> None:
    if on_step is not None:
        on_step(*step)
