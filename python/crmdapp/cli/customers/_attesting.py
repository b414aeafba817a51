"""Arguments and clients that the commands about attestations share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from crmdapp.cli._frame import group
from crmdapp.cli.customers._common import reading, sending

if TYPE_CHECKING:
    from crmdapp.cli._context import Session
    from crmdapp.customers.attestations import AttestationClient

TopicArgument = Annotated[int, typer.Argument(metavar="TOPIC", min=0, help="Number of the topic.")]
AttestorArgument = Annotated[
    str, typer.Argument(metavar="ATTESTOR", help="Its address or name of a key.")
]
LevelArgument = Annotated[
    int, typer.Argument(metavar="LEVEL", min=1, max=255, help="How sure, by the topic's scale.")
]
UidsArgument = Annotated[
    list[str], typer.Argument(metavar="UID...", help="Statements' names, 64 hex digits each.")
]
ExpiryOption = Annotated[
    str | None,
    typer.Option("--expiry", metavar="TIME", help="When it ends: a date or Unix seconds."),
]
AttestationsOption = Annotated[
    str | None,
    typer.Option(
        "--registry", metavar="ADDRESS", help="The registry; with --chain-id no node is needed."
    ),
]
UID = "0x" + "7d1f0c3a9be2645844d0e6b1f6a2c9d3" * 2
ATTESTOR = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"

app = group(
    help="Topics, attestors, and the statements that they vouch for.",
    examples=(
        "crmdapp customers attest topic 1 schema.json",
        f"crmdapp customers attest check 1 {UID} {ATTESTOR}",
    ),
)


@app.callback()
def attest_group() -> None:
    """Topics, attestors, and the statements that they vouch for.

    The chain holds hashes with random salts: what a statement says stands in a credential.
    """


def attestations(session: Session) -> AttestationClient:
    """Return the registry of attestations, for commands that only read."""
    from crmdapp.customers.attestations import AttestationClient

    return reading(session, AttestationClient)


def attesting(session: Session) -> AttestationClient:
    """Return the registry of attestations, for commands that send."""
    from crmdapp.customers.attestations import AttestationClient

    return sending(session, AttestationClient)
