"""``crmdapp deploy``: the contracts of this release onto a chain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.cli._frame import AskingCommand, command, group, session_of
from crmdapp.cli._output import Facts, Table
from crmdapp.cli._sending import announce, confirm, origin
from crmdapp.cli._values import format_ether, parse_time

if TYPE_CHECKING:
    from crmdapp.chain.deployments import Deployed, Manifest, Planned
    from crmdapp.cli._context import Session

_MONTH = 30 * 86_400

app = group(
    help="Deploy the contracts, or check what is deployed.",
    examples=("crmdapp deploy", "crmdapp deploy --check"),
)


@dataclass(frozen=True, slots=True)
class _Step:
    """One contract of the plan, and where it is; empty if it is not there yet."""

    planned: Planned
    address: str

    @property
    def data(self) -> dict[str, Any]:
        """The step as JSON data."""
        args = [arg if isinstance(arg, int) else str(arg) for arg in self.planned.args]
        return {"name": self.planned.name, "args": args, "address": self.address}


@command(
    app,
    "deploy",
    cls=AskingCommand,
    examples=(
        "crmdapp deploy --epoch-length 60 --yes",
        "crmdapp deploy --check --json",
    ),
)
def deploy(
    ctx: typer.Context,
    epoch_length: Annotated[
        int | None,
        typer.Option(
            "--epoch-length", min=60, metavar="SECONDS", help="Of an epoch; half a year by default."
        ),
    ] = None,
    genesis: Annotated[
        str | None,
        typer.Option("--genesis", metavar="TIME", help="Start of the first epoch; now by default."),
    ] = None,
    coin: Annotated[
        str | None,
        typer.Option(
            "--coin",
            metavar="ADDRESS",
            help="Stablecoin to settle in (ERC-20); a test coin on a local chain.",
        ),
    ] = None,
    curators: Annotated[
        list[str] | None,
        typer.Option(
            "--curator", metavar="ADDRESS", help="Of the gallery; again for each. The sender."
        ),
    ] = None,
    quorum: Annotated[
        int, typer.Option("--quorum", min=1, max=64, help="Curators who have to approve a work.")
    ] = 1,
    fee_bps: Annotated[
        int,
        typer.Option(
            "--gallery-fee", min=0, max=1_000, metavar="BPS", help="Of each sale, 0.01 %."
        ),
    ] = 0,
    standards: Annotated[
        Path | None,
        typer.Option("--standards", metavar="FILE", help="What the gallery's curators look for."),
    ] = None,
    vote_period: Annotated[
        int,
        typer.Option(
            "--vote-period",
            min=3_600,
            max=_MONTH,
            metavar="SECONDS",
            help="To commit curators' votes, and again to reveal them.",
        ),
    ] = 3 * 86_400,
    check: Annotated[
        bool, typer.Option("--check", help="Only compare the code on chain; exit code 8 if other.")
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Deploy anew beside what has other code or clock.")
    ] = False,
) -> None:
    """Deploy what is not there yet and write the manifest.

    Run again, it continues where it was stopped, or changes nothing.
    """
    from crmdapp.chain import deployments
    from crmdapp.chain._keccak import keccak

    session = session_of(ctx)
    if check:
        _check(session)
        return
    manifest = _known(session)
    plan = deployments.plan(
        None if genesis is None else parse_time(genesis),
        epoch_length,
        coin=coin,
        test_coin=session.connection.chain_id in deployments.LOCAL_CHAIN_IDS,
        gallery=deployments.GallerySettings(
            session.signer.address,
            tuple(map(session.address, curators or ())),
            quorum,
            fee_bps,
            keccak(standards.read_bytes()) if standards is not None else bytes(32),
            commit_period=vote_period,
            reveal_period=vote_period,
        ),
        manifest=manifest,
        now=session.connection.block_timestamp(),
    )
    steps = [_step(session, item, manifest) for item in plan]
    _show_plan(session, steps)
    if session.dry_run:
        session.out.result(
            {"dry_run": True, "plan": [step.data for step in steps]}, "Nothing was sent."
        )
        return
    if replace or not all(step.address for step in steps):
        confirm(session, "Deploy?")
        session.signer.unlock()
    _deploy(session, plan, replace=replace)


def _deploy(session: Session, plan: Sequence[Planned], *, replace: bool) -> None:
    from crmdapp.chain import deployments
    from crmdapp.chain.calls import Call
    from crmdapp.errors import VerificationFailed

    done: dict[str, str] = {}

    def create(name: str, init_code: bytes, key: str) -> Deployed:
        call = Call(None, init_code, function="(deploy)", contract=name)
        sent = session.sender.send(call, key=key, again_if_reverted=True)
        announce(session, sent)
        receipt = session.sender.wait(sent)
        if receipt.contract_address is None:
            raise VerificationFailed(f"The transaction {receipt.hash} created no contract.")
        return deployments.Deployed(receipt.contract_address, receipt.block, receipt.hash)

    def step(name: str, what: str, address: str) -> None:
        done[name] = what
        session.out.say(f"{name}: {what} at {address}")

    path = session.config.manifest_path(session.connection.chain_id)
    manifest = deployments.deploy_with(
        session.connection, create, plan, path, replace_changed=replace, on_step=step
    )
    session.out.result(
        {
            "chain_id": session.connection.chain_id,
            "manifest": path,
            "contracts": [
                {
                    "name": entry.name,
                    "address": entry.address,
                    "block": entry.block,
                    "tx": entry.tx,
                    "outcome": done.get(entry.name, "kept"),
                }
                for entry in manifest
            ],
        },
        Table(
            ("contract", "address", "outcome"),
            [(entry.name, entry.address, done.get(entry.name, "kept")) for entry in manifest],
        ),
    )


def _check(session: Session) -> None:
    from crmdapp.chain.deployments import check
    from crmdapp.errors import EXIT_VERIFICATION

    found = check(session.connection, session.manifest)
    session.out.result(
        {
            "chain_id": session.connection.chain_id,
            "ok": all(item.ok for item in found),
            "contracts": [
                {
                    "name": item.name,
                    "address": item.address,
                    "ok": item.ok,
                    "detail": item.detail,
                }
                for item in found
            ],
        },
        Table(
            ("contract", "address", "ok", "detail"),
            [(item.name, item.address, "yes" if item.ok else "NO", item.detail) for item in found],
        ),
    )
    if not all(item.ok for item in found):
        raise typer.Exit(EXIT_VERIFICATION)


def _known(session: Session) -> Manifest | None:
    """Return the manifest about this very chain, ``None`` if there is none; changes nothing."""
    from crmdapp.chain.deployments import Manifest
    from crmdapp.errors import ContractMissing, WrongChain

    try:
        found = Manifest.load(session.config.manifest_path(session.connection.chain_id))
        found.require_chain(session.connection)
    except (ContractMissing, WrongChain):
        return None
    return found


def _show_plan(session: Session, steps: Sequence[_Step]) -> None:
    facts = list(origin(session))
    for step in steps:
        created = step.planned.created
        todo = "to deploy" if created is None else f"comes with {created.parent}"
        place = f"is at {step.address}" if step.address else todo
        facts.append((step.planned.name, f"{place}, arguments {step.data['args']}"))
        cost = None if step.address else _cost(session, step.planned)
        if cost is not None:
            facts.append(("Fee ceiling", format_ether(cost)))
    session.out.show(Facts(facts), to_decide=not session.yes)


def _cost(session: Session, item: Planned) -> int | None:
    """Return the most wei that creating a contract may take; ``None`` if others come first."""
    from crmdapp.chain import artifacts
    from crmdapp.chain.calls import Call
    from crmdapp.chain.deployments import Reference

    if item.created is not None:
        return None
    artifact = artifacts.load(item.contract or item.name)
    if artifact.libraries or any(isinstance(arg, Reference) for arg in item.args):
        return None
    call = Call(None, artifact.init_code(item.args, {}), contract=item.name)
    return session.sender.simulate(call).cost


def _step(session: Session, item: Planned, manifest: Manifest | None) -> _Step:
    entry = manifest.get(item.name) if manifest is not None else None
    address = entry.address if entry is not None else ""
    return _Step(item, address if address and session.connection.code(address) else "")
