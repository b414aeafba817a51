"""``crmdapp customers attest``: topics, attestors, and whether a statement stands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.cli._frame import SendingCommand, command, session_of
from crmdapp.cli._output import Facts, Table
from crmdapp.cli._sending import receipt_data, receipt_line, send
from crmdapp.cli._values import format_time, iso_time, parse_time
from crmdapp.cli.customers._attesting import (
    ATTESTOR,
    UID,
    AttestorArgument,
    LevelArgument,
    TopicArgument,
    app,
    attestations,
    attesting,
)
from crmdapp.cli.customers._common import hex_of, person, read_file, word_of
from crmdapp.cli.customers._signing import send_and_tell

if TYPE_CHECKING:
    from crmdapp.customers.attestations import Standing

# --------------------------------------------------------------------------- topics


@command(
    app,
    "topic",
    cls=SendingCommand,
    examples=(
        "crmdapp customers attest topic 1 schema.json",
        "crmdapp customers attest topic 2 schema.json --once kyc --yes --json",
    ),
)
def topic_(
    ctx: typer.Context,
    quorum: Annotated[
        int, typer.Argument(metavar="QUORUM", min=1, max=255, help="Attestors who have to agree.")
    ],
    schema: Annotated[
        Path, typer.Argument(metavar="SCHEMA", help="File that describes the claims.")
    ],
) -> None:
    """Open a topic of the account: a kind of claims, and how many attestors have to agree.

    The chain keeps the hash of the file. Publish the file yourself.
    """
    from crmdapp.chain._keccak import keccak

    session = session_of(ctx)
    schema_hash = keccak(read_file(schema, str.encode))
    client = attesting(session)
    call = client.prepare.create_topic(quorum, schema_hash)
    receipt = send(session, call, [("Quorum", str(quorum)), ("Schema", hex_of(schema_hash))])
    if receipt is None:
        return
    topic = client.topic_in(receipt)
    session.out.result(
        {"topic": topic.id, "quorum": quorum, "schema_hash": schema_hash, **receipt_data(receipt)},
        f"Topic {topic.id}. {receipt_line(receipt)}",
    )


@command(
    app,
    "show",
    examples=(
        "crmdapp customers attest show 1",
        f"crmdapp customers attest show 1 {ATTESTOR} --json",
    ),
)
def show(
    ctx: typer.Context,
    topic: TopicArgument,
    attestors: Annotated[
        list[str] | None, typer.Argument(metavar="[ATTESTOR]...", help="Addresses or names.")
    ] = None,
) -> None:
    """Show a topic, and the standing of attestors in it."""
    session = session_of(ctx)
    client = attestations(session)
    found = client.topic(topic)
    named = [session.address(item) for item in attestors or []]
    standings = {name: client.standing(topic, name) for name in named}
    session.out.result(
        {
            "topic": topic,
            "owner": found.owner,
            "quorum": found.quorum,
            "schema_hash": found.schema_hash,
            "attestors": [
                {"attestor": name, **_standing_data(item)} for name, item in standings.items()
            ],
        },
        Facts(
            [
                ("Owner", person(session, found.owner)),
                ("Quorum", str(found.quorum)),
                ("Schema", hex_of(found.schema_hash)),
            ]
        ),
        Table(
            ("attestor", ">level", "from", "until"),
            [(person(session, name), *_standing_row(item)) for name, item in standings.items()],
        ),
    )


@command(
    app,
    "admit",
    cls=SendingCommand,
    examples=(
        "crmdapp customers attest admit 1 attestor 3",
        f"crmdapp customers attest admit 1 {ATTESTOR} 3 --yes --json",
    ),
)
def admit(
    ctx: typer.Context, topic: TopicArgument, attestor: AttestorArgument, level: LevelArgument
) -> None:
    """Admit an attestor to a topic of the account, up to a level, from now on."""
    session = session_of(ctx)
    who = session.address(attestor)
    about = [("Topic", str(topic)), ("Attestor", person(session, who)), ("Level", str(level))]
    call = attesting(session).prepare.admit(topic, who, level)
    send_and_tell(session, call, about, topic=topic, attestor=who, level=level)


@command(
    app,
    "dismiss",
    cls=SendingCommand,
    examples=(
        "crmdapp customers attest dismiss 1 attestor",
        "crmdapp customers attest dismiss 1 attestor --until 2026-01-31T12:00:00Z --yes",
    ),
)
def dismiss(
    ctx: typer.Context,
    topic: TopicArgument,
    attestor: AttestorArgument,
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="TIME", help="Void what it attested since; now if not."),
    ] = None,
) -> None:
    """End an attestor's standing; what it attested since that moment is void at once.

    Its key was stolen: give the last moment at which you are sure that it was not.
    """
    session = session_of(ctx)
    who, client = session.address(attestor), attesting(session)
    moment = session.connection.block_timestamp() if until is None else parse_time(until)
    about = [
        ("Topic", str(topic)),
        ("Attestor", person(session, who)),
        ("Void since", format_time(moment)),
    ]
    call = client.prepare.dismiss(topic, who, moment)
    send_and_tell(session, call, about, topic=topic, attestor=who, until=moment)


# --------------------------------------------------------------------------- checking


@command(
    app,
    "check",
    examples=(
        f"crmdapp customers attest check 1 {UID} {ATTESTOR}",
        f"crmdapp customers attest check 1 {UID} {ATTESTOR} --level 2 --json",
    ),
)
def check(
    ctx: typer.Context,
    topic: TopicArgument,
    uid: Annotated[str, typer.Argument(metavar="UID", help="The statement's, 64 hex digits.")],
    attestors: Annotated[
        list[str], typer.Argument(metavar="ATTESTOR...", help="Those whom you trust.")
    ],
    level: Annotated[
        int, typer.Option("--level", min=1, max=255, metavar="LEVEL", help="The lowest you take.")
    ] = 1,
) -> None:
    """Check that enough of the attestors you trust stand by a statement; exit code 8 if not."""
    from crmdapp.customers.credentials.refusals import CredentialRevoked

    session = session_of(ctx)
    client, name = attestations(session), word_of(uid, "UID")
    trusted = [session.address(item) for item in attestors]
    said = {who: client.attestation(name, who) for who in trusted}
    if not client.is_valid(name, topic, level, trusted):
        found = "; ".join(f"{who}: {item.status.name.lower()}" for who, item in said.items())
        disowned = " The subject has disowned it." if client.is_disowned(name) else ""
        raise CredentialRevoked(
            "The statement does not stand.",
            why=f"{found}.{disowned}",
            hint="See the attestors' standing: crmdapp customers attest show TOPIC ATTESTOR",
        )
    session.out.result(
        {
            "uid": name,
            "topic": topic,
            "valid": True,
            "attestors": [
                {
                    "attestor": who,
                    "status": item.status.name.lower(),
                    "level": item.level,
                    "expiry": None if item.expiry is None else iso_time(item.expiry),
                }
                for who, item in said.items()
            ],
        },
        "The statement stands.",
    )


# --------------------------------------------------------------------------- inside


def _standing_data(standing: Standing) -> dict[str, Any]:
    return {
        "level": standing.level,
        "from": iso_time(standing.begins) if standing.level else None,
        "until": None if standing.ends is None else iso_time(standing.ends),
    }


def _standing_row(standing: Standing) -> tuple[str, str, str]:
    if not standing.level:
        return ("0", "never", "")
    ends = "no end" if standing.ends is None else format_time(standing.ends)
    return (str(standing.level), format_time(standing.begins), ends)
