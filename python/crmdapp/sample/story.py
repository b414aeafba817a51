"""The sample's story, part by part."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crmdapp.sample import ballots, customers, loyalty, provenance, wallet
from crmdapp.sample.stage import Stage

if TYPE_CHECKING:
    from pathlib import Path

    from crmdapp.chain.accounts import Keystore, Signer
    from crmdapp.chain.connection import Connection
    from crmdapp.chain.journal import Journal
    from crmdapp.chain.manifest import Manifest

ROLES = ("shop", "nook", "customer", "artist", "collector", "farm", "roaster")
"""Whose keys go into the keystore, as ``sample-shop`` and so on, beside ``voter`` and ``trustee``
of the open election."""

_ELECTIONS = 1_800
"""Seconds of the chain that both elections take until they are over, and open."""


@dataclass(slots=True)
class SampleReport:
    """What was told.

    Attributes:
        told: Names of the parts that were told now; those told before are not among them.
        left_out: Why parts were left out.
    """

    told: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def play(
    connection: Connection,
    manifest: Manifest,
    journal: Journal,
    keystore: Keystore,
    password: str,
    state: Path,
    *,
    curator: Signer,
    progress: Callable[[str], None] | None = None,
) -> SampleReport:
    """Tell what of the story is not told yet.

    Args:
        connection: A chain of one's own, whose clock can be moved.
        manifest: What is deployed on it.
        journal: Where transactions are written down.
        keystore: Where the keys of the roles go.
        password: Opens them.
        state: The state folder.
        curator: Who may admit works to the gallery.
        progress: Called with the name of each part as it begins.

    Raises:
        FundsMissing: The node has no account to give ether from.
        CrmdappError: Whatever a contract or a file refuses.
    """
    stage = Stage(connection, manifest, journal, keystore, password, state)
    report = SampleReport()
    for name, part in _parts(report, stage, curator):
        if progress is not None:
            progress(name)
        if stage.once(name, part):
            report.told.append(name)
    return report


def _parts(
    report: SampleReport, stage: Stage, curator: Signer
) -> list[tuple[str, Callable[[Stage], None]]]:
    parts: list[tuple[str, Callable[[Stage], None]]] = [
        ("keys", _keep_keys),
        ("programs", loyalty.open_programs),
        ("customers", customers.enlist),
        ("consents", customers.agree),
        ("purchases", loyalty.live),
        ("interactions", customers.note),
        ("gallery", lambda stage: provenance.hang(stage, curator)),
        ("coffee", provenance.ship),
        ("last hour", _reach_the_last_hour),
        ("gifts", loyalty.give),
        ("customer's consents", wallet.answer),
        ("finished election", ballots.finish),
        ("open election", ballots.leave_open),
        ("present", _reach_the_present),
    ]
    reason = provenance.obstacle(stage, curator)
    if not reason:
        return parts
    report.left_out.append(reason)
    return [part for part in parts if part[0] != "gallery"]


def _keep_keys(stage: Stage) -> None:
    for role in ROLES:
        stage.keep(role)


def _reach_the_last_hour(stage: Stage) -> None:
    """Leave the elections the time that their windows take."""
    stage.advance_to(stage.ends_at - _ELECTIONS)


def _reach_the_present(stage: Stage) -> None:
    stage.reach(1.0)
