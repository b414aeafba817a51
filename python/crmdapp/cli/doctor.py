"""``crmdapp doctor``: what is wrong, and how to mend it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from crmdapp.cli._frame import command, group, session_of
from crmdapp.errors import (
    EXIT_FAILED,
    EXIT_KEY,
    EXIT_NODE,
    EXIT_OK,
    EXIT_VERIFICATION,
    CrmdappError,
)

if TYPE_CHECKING:
    from crmdapp.cli._context import Session

LEAST_DISK = 200 * 2**20
"""Free bytes below which journal and chain state are in danger."""

app = group(
    help="Find out what is wrong and how to mend it.",
    examples=("crmdapp doctor", "crmdapp doctor --json"),
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at.

    Attributes:
        name: What.
        state: ``"ok"``, ``"note"`` (worth knowing, nothing to mend) or ``"problem"``.
        detail: What was seen.
        fix: What to do about a problem.
        exit_code: What the command ends with because of it; 0 unless it is a problem.
    """

    name: str
    state: str
    detail: str
    fix: str = ""
    exit_code: int = EXIT_OK


@command(
    app,
    "doctor",
    examples=("crmdapp doctor", "crmdapp doctor --rpc http://127.0.0.1:8545 --json"),
)
def doctor(ctx: typer.Context) -> None:
    """Look at settings, node, contracts, clock, disk, keys, journal; exit code 0 if all is well."""
    session = session_of(ctx)
    findings: list[Finding] = []
    for name, check in _CHECKS:
        try:
            for finding in check(session):
                findings.append(finding)
                _tell(session, finding)
        except CrmdappError as problem:
            finding = _problem(name, str(problem), problem.hint, problem.exit_code)
            findings.append(finding)
            _tell(session, finding)
            if name == "node":
                break  # the rest needs a chain
    bad = [item for item in findings if item.state == "problem"]
    if session.out.json:
        session.out.result(
            {
                "ok": not bad,
                "findings": [
                    {
                        "name": item.name,
                        "state": item.state,
                        "detail": item.detail,
                        "fix": item.fix,
                    }
                    for item in findings
                ],
            }
        )
    if bad:
        raise typer.Exit(bad[0].exit_code)


def _tell(session: Session, finding: Finding) -> None:
    """Print a finding at once: some take a while."""
    import sys

    if session.out.json:
        return
    style = {"ok": "green", "note": "dim", "problem": "red"}[finding.state]
    mark = session.out.styled(finding.state.ljust(7), style, sys.stdout)
    print(f"{mark}  {finding.name}: {finding.detail}", flush=True)
    if finding.fix:
        print(f"         What to do: {finding.fix}", flush=True)


def _problem(name: str, detail: str, fix: str, exit_code: int = EXIT_FAILED) -> Finding:
    return Finding(name, "problem", detail, fix, exit_code)


# --------------------------------------------------------------------------- this machine


def _settings(session: Session) -> Iterator[Finding]:
    config = session.config
    files = {source for source in config.sources.values() if os.sep in source}
    origin = ", ".join(sorted(files)) or "no file"
    yield Finding("settings", "ok", f"usable ({origin} read)")
    if config.password_file is not None:
        from crmdapp.cli._keys import is_open_to_others, read_password_file

        read_password_file(config.password_file)
        if is_open_to_others(config.password_file):
            yield _problem(
                "password file",
                f"others can read {config.password_file}",
                f"chmod 600 {config.password_file}",
                EXIT_KEY,
            )


def _disk(session: Session) -> Iterator[Finding]:
    folder = _existing(session.config.state_dir)
    free = shutil.disk_usage(folder).free
    if free < LEAST_DISK:
        yield _problem(
            "disk",
            f"{free / 2**20:,.0f} MB free at {folder}",
            f"Free at least {LEAST_DISK // 2**20:,} MB: nothing is sent without a journal.",
        )
    elif not os.access(folder, os.W_OK):
        yield _problem(
            "disk",
            f"{folder} cannot be written",
            "Give yourself write permission, or choose another folder: --state-dir.",
            EXIT_KEY,
        )
    else:
        yield Finding("disk", "ok", f"{free / 2**30:,.1f} GB free at {folder}")


def _keys(session: Session) -> Iterator[Finding]:
    from crmdapp.cli._keys import is_open_to_others
    from crmdapp.config import PRIVATE_KEY_VARIABLE

    folder = session.keystore.directory
    files = sorted(folder.glob("*.json")) if folder.is_dir() else []
    sound = 0
    for path in files:
        try:
            session.keystore.show(path.stem)
        except CrmdappError as problem:
            yield _problem(f"key {path.stem}", str(problem), problem.hint, problem.exit_code)
            continue
        if is_open_to_others(path):
            yield _problem(
                f"key {path.stem}", f"others can read {path}", f"chmod 600 {path}", EXIT_KEY
            )
            continue
        sound += 1
    if sound:
        yield Finding("keys", "ok", f"{sound} in {folder}")
    elif not files:
        yield Finding("keys", "note", f"none in {folder}; make one: crmdapp account new NAME")
    if os.environ.get(PRIVATE_KEY_VARIABLE, "").strip():
        detail = f"{PRIVATE_KEY_VARIABLE} is set and is used unless --account names a key"
        yield Finding("environment", "note", detail)


def _local_node(session: Session) -> Iterator[Finding]:
    from crmdapp.chain import node

    if not session.config.node_dir.is_dir():
        return
    found = node.status(session.config.node_dir)
    if found.running:
        yield Finding("local chain", "ok", f"{found.url}, {found.detail}")
    else:
        yield Finding("local chain", "note", f"{found.detail}; start it: crmdapp chain up")


# --------------------------------------------------------------------------- the chain


def _node(session: Session) -> Iterator[Finding]:
    connection = session.connection
    number = connection.block_number()
    connection.ask_each("eth_blockNumber")  # so that the nodes in reserve are looked at too
    for endpoint in connection.endpoints:
        if endpoint.state in ("good", "untried"):
            yield Finding("node", "ok", f"{endpoint.url} answers")
        else:
            yield _problem(
                "node",
                f"{endpoint.url} is {endpoint.state}: {endpoint.detail}",
                "Start that node, or take its address out of the settings.",
                EXIT_NODE,
            )
    wanted = session.config.chain_id
    known = "" if wanted is None else ", as asked for"
    yield Finding("chain id", "ok", f"{connection.chain_id}{known}, block {number:,}")
    if wanted is None:
        yield Finding(
            "chain id", "note", "not pinned: set CRMDAPP_CHAIN_ID to refuse every other chain"
        )


def _features(session: Session) -> Iterator[Finding]:
    from crmdapp.chain.probe import probe

    for feature in probe(session.connection):
        if feature.name == "clock" and feature.present is False:
            yield _problem(
                "clock",
                feature.detail,
                "Set this machine's clock (NTP); on a local chain whose time was moved, ignore it.",
            )
        else:
            words = {True: "", False: "absent: ", None: "unknown: "}[feature.present]
            state = "ok" if feature.present else "note"
            yield Finding(feature.name, state, words + feature.detail)


def _contracts(session: Session) -> Iterator[Finding]:
    from crmdapp.chain.deployments import check

    for item in check(session.connection, session.manifest):
        if item.ok:
            yield Finding(item.name, "ok", f"{item.address}, {item.detail}")
        else:
            code = EXIT_NODE if "no code" in item.detail else EXIT_VERIFICATION
            yield _problem(
                item.name,
                f"{item.address}: {item.detail}",
                "Check the chain and the manifest, or deploy: crmdapp deploy",
                code,
            )


def _journal(session: Session) -> Iterator[Finding]:
    from crmdapp.chain.journal import Account

    path = session.config.journal_path
    if not path.is_file():
        yield Finding("journal", "note", f"none yet; the first sending makes {path}")
        return
    connection = session.connection
    stuck = 0
    for address in _own_addresses(session):
        account = Account(connection.chain_id, connection.genesis_hash, address)
        for item in session.journal.unsettled(account):
            if item.hash and connection.receipt(item.hash) is not None:
                continue
            stuck += 1
            yield _problem(
                "journal",
                f"{item.hash or 'an unsigned transaction'} of {address} is pending"
                f" (nonce {item.nonce})",
                f"crmdapp tx wait {item.hash}, or tx speed-up, or tx cancel",
                EXIT_NODE,
            )
    if not stuck:
        yield Finding("journal", "ok", f"{path}, nothing pending")


def _own_addresses(session: Session) -> list[str]:
    found = [item.address for item in session.keystore.list()]
    with suppress(CrmdappError):  # no key, or none chosen: there is nothing more to look for
        found.append(session.signer.address)
    return sorted(set(found))


def _existing(path: Path) -> Path:
    """Return the path, or the nearest folder above it that exists."""
    return next(folder for folder in (path, *path.parents) if folder.is_dir())


_CHECKS: tuple[tuple[str, Callable[[Session], Iterator[Finding]]], ...] = (
    ("settings", _settings),
    ("disk", _disk),
    ("keys", _keys),
    ("local chain", _local_node),
    ("node", _node),
    ("features", _features),
    ("contracts", _contracts),
    ("journal", _journal),
)
