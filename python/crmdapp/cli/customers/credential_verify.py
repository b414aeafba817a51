"""``crmdapp customers credential``: presentations are checked, status lists published."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crmdapp.cli._deliver import json_text
from crmdapp.cli._frame import command, session_of
from crmdapp.cli._output import Facts
from crmdapp.cli._values import format_time, iso_time, parse_span
from crmdapp.cli.customers._common import person, read_file, reading
from crmdapp.cli.customers._credentials import (
    KIND,
    SHOP,
    SUBJECT,
    URL,
    AttestationsOption,
    AudienceOption,
    BookOption,
    NonceOption,
    app,
    book_of,
    own_key,
    registry_of,
)
from crmdapp.cli.customers.did import app as did_app

if TYPE_CHECKING:
    from crmdapp.cli._context import Session
    from crmdapp.customers.credentials.verifying import Trust, VerifiedCredential


_ASKED = f"--audience {SHOP} --nonce 4p --kind {KIND}"


@command(
    app,
    "verify",
    examples=(
        f"crmdapp customers credential verify p.txt {_ASKED} --attestor {SUBJECT}",
        f"crmdapp customers credential verify - {_ASKED} --attestor {SUBJECT} --level 2 --json",
    ),
)
def verify(
    ctx: typer.Context,
    presentation: Annotated[
        Path, typer.Argument(metavar="PRESENTATION", help="File with it; - is stdin.")
    ],
    audience: AudienceOption,
    nonce: NonceOption,
    kinds: Annotated[
        list[str], typer.Option("--kind", metavar="URI", help="A kind you accept; repeat.")
    ],
    attestors: Annotated[
        list[str],
        typer.Option("--attestor", metavar="WHO", help="An attestor you trust; repeat."),
    ],
    level: Annotated[
        int, typer.Option("--level", min=1, max=255, metavar="LEVEL", help="The lowest you take.")
    ] = 1,
    status_list: Annotated[
        Path | None,
        typer.Option("--status-list", metavar="FILE", help="The issuer's list, not a node."),
    ] = None,
    registry: AttestationsOption = None,
) -> None:
    """Check a presentation and print the claims that it proves; exit code 8 if it proves none.

    The chain says whether the attestation stands and who the subject's key belongs to. With
    --status-list no node is asked: then a key that was replaced since still counts.
    """
    import time

    from crmdapp.customers.credentials.sd_jwt import KeyBinding
    from crmdapp.customers.credentials.verifying import verify_credential

    session = session_of(ctx)
    trusted = [session.address(item) for item in attestors]
    # The holder signed by a clock of this world; on a quiet chain the latest block may be old.
    now = int(time.time())
    if status_list is None:
        trust = _trust_chain(session, trusted)
    else:
        trust = _trust_list(session, trusted, status_list, now)
    found = verify_credential(
        read_file(presentation, str),
        trust,
        now=now,
        key_binding=KeyBinding(audience, nonce),
        kinds=kinds,
        registry=registry_of(session, registry),
        level=level,
    )
    _tell_verified(session, found)


@command(
    app,
    "status-list",
    examples=(
        f"crmdapp customers credential status-list {URL} --out list.jwt",
        f"crmdapp customers credential status-list {URL} --valid-for 24h --out list.jwt --json",
    ),
)
def status_list_(
    ctx: typer.Context,
    url: Annotated[str, typer.Argument(metavar="URL", help="Where it will be published.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="New file to publish.")],
    valid_for: Annotated[
        str, typer.Option("--valid-for", metavar="SPAN", help="Until a newer one is due.")
    ] = "24h",
    book: BookOption = None,
) -> None:
    """Write your status list as the chain has it now; publish the file at its address."""
    import time

    from crmdapp.chain._files import create, require_creatable
    from crmdapp.customers.attestations import AttestationClient
    from crmdapp.customers.credentials.dids import Did
    from crmdapp.customers.credentials.status_book import bits_from_chain
    from crmdapp.customers.credentials.status_list import publish

    session = session_of(ctx)
    require_creatable(out)
    client, attestor = reading(session, AttestationClient), session.signer.address
    with book_of(session, book) as notes:
        bits = bits_from_chain(notes, url, client, attestor)
    now = int(time.time())
    until = now + parse_span(valid_for)
    issuer = str(Did.pkh(attestor, client.connection.chain_id))
    text = publish(own_key(session), bits, issuer=issuer, url=url, now=now, until=until)
    create(out, text.encode() + b"\n")
    session.out.result(
        {"file": out, "url": url, "issuer": issuer, "valid_until": iso_time(until)},
        f"Written to {out}. Publish it at {url} before {format_time(until)}.",
    )


@command(
    did_app,
    "resolve",
    examples=(
        f"crmdapp customers did resolve did:ethr:0x7a69:{SUBJECT}",
        f"crmdapp customers did resolve {SUBJECT} --json",
    ),
)
def resolve(
    ctx: typer.Context,
    did: Annotated[
        str, typer.Argument(metavar="DID", help="did:ethr, did:pkh, an address or name of a key.")
    ],
) -> None:
    """Print the DID document of an identity, read from the chain's events and checked."""
    from crmdapp.customers.credentials.dids import Did
    from crmdapp.customers.credentials.resolution import DidResolver

    session = session_of(ctx)
    chain_id = session.connection.chain_id
    name = did if did.startswith("did:") else str(Did.ethr(session.address(did), chain_id))
    resolver = DidResolver(session.connection, session.manifest.address("DidRegistry"))
    found = resolver.resolve(name).to_json()
    session.out.result(found, json_text(found).rstrip())


# --------------------------------------------------------------------------- inside


def _trust_chain(session: Session, attestors: list[str]) -> Trust:
    from crmdapp.customers.attestations import AttestationClient
    from crmdapp.customers.credentials.resolution import DidResolver
    from crmdapp.customers.credentials.standing import on_chain, resolved_keys
    from crmdapp.customers.credentials.verifying import Trust

    client = reading(session, AttestationClient)
    resolver = DidResolver(session.connection, session.manifest.address("DidRegistry"))
    return Trust(
        issuer_keys=resolved_keys(resolver, attestors),
        owner_of=client.owner_of,
        status=on_chain(client, attestors),
    )


def _trust_list(session: Session, attestors: list[str], path: Path, now: int) -> Trust:
    from crmdapp.customers.credentials.standing import on_list, trusted_accounts
    from crmdapp.customers.credentials.verifying import Trust

    published, keys = read_file(path, str), trusted_accounts(attestors)
    session.out.say("No node is asked: a key that was replaced since still counts.")

    def fetch(url: str) -> str:
        del url  # the file is what is there; the list itself says where it belongs
        return published

    return Trust(
        issuer_keys=keys,
        owner_of=lambda subject: subject,
        status=on_list(fetch, keys, now=now),
    )


def _tell_verified(session: Session, found: VerifiedCredential) -> None:
    issuer = found.issuer
    session.out.result(
        {
            "valid": True,
            "issuer": str(issuer),
            "subject": found.subject,
            "kind": found.kind,
            "topic": found.topic,
            "level": found.level,
            "uid": found.uid,
            "claims": found.claims,
        },
        Facts(
            [
                ("Issuer", person(session, issuer.address)),
                ("Subject", found.subject),
                ("Topic, level", f"{found.topic}, {found.level}"),
                *((name, json_text(value).strip()) for name, value in found.claims.items()),
            ]
        ),
    )
