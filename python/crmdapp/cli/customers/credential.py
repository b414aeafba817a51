"""``crmdapp customers credential``: credentials are issued and shown."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.cli._deliver import NewFileOption, json_text
from crmdapp.cli._frame import command, session_of
from crmdapp.cli._output import Facts, Table
from crmdapp.cli._values import format_time, iso_time, parse_span
from crmdapp.cli.customers._common import hex_of, person, read_file
from crmdapp.cli.customers._credentials import (
    KIND,
    SHOP,
    SUBJECT,
    AttestationsOption,
    AudienceOption,
    BookOption,
    CredentialArgument,
    NonceOption,
    app,
    book_of,
    own_key,
    registry_of,
)
from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from crmdapp.cli._context import Session
    from crmdapp.customers.credentials.keys import AccountKey
    from crmdapp.customers.credentials.sd_jwt import SdJwt
    from crmdapp.customers.credentials.status_book import StatusBook
    from crmdapp.customers.credentials.status_list import StatusEntry
    from crmdapp.customers.statements import Statement


@command(
    app,
    "issue",
    examples=(
        f"crmdapp customers credential issue claims.json {SUBJECT} 1 2 --kind {KIND} --out c.txt",
        f"crmdapp customers credential issue - {SUBJECT} 1 2 --kind {KIND} --derive --out c.txt",
    ),
)
def issue(
    ctx: typer.Context,
    claims: Annotated[
        Path, typer.Argument(metavar="CLAIMS", help="JSON file with the claims; - is stdin.")
    ],
    subject: Annotated[
        str, typer.Argument(metavar="SUBJECT", help="The customer's identity for this company.")
    ],
    topic: Annotated[int, typer.Argument(metavar="TOPIC", min=0, help="Number of the topic.")],
    level: Annotated[
        int, typer.Argument(metavar="LEVEL", min=1, max=255, help="How sure you are.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="New file, for you alone.")],
    kind: Annotated[str, typer.Option("--kind", metavar="URI", help="What kind: the vct.")],
    visible: Annotated[
        list[str] | None,
        typer.Option("--visible", metavar="NAME", help="A claim that is always shown; repeat."),
    ] = None,
    derive: Annotated[
        bool,
        typer.Option("--derive", help="Add answers such as age_over_18 and country_in_eu."),
    ] = False,
    highest_tier: Annotated[
        int, typer.Option("--highest-tier", min=0, max=255, metavar="N", help="For --derive.")
    ] = 0,
    lasts: Annotated[
        str, typer.Option("--lasts", metavar="SPAN", help="How long it holds: 24h, 365d.")
    ] = "365d",
    decoys: Annotated[
        int, typer.Option("--decoys", min=0, max=64, metavar="N", help="Digests of nothing.")
    ] = 0,
    status_list: Annotated[
        str | None,
        typer.Option("--status-list", metavar="URL", help="Where your status list is published."),
    ] = None,
    book: BookOption = None,
    registry: AttestationsOption = None,
) -> None:
    """Sign a credential of claims that the customer shows one by one; you are the attestor.

    It needs no node if --chain-id is given. It counts once you attest it on chain, by the command
    that is printed. --derive needs birthdate, tier or country among the claims.
    """
    import time

    from crmdapp.chain._files import OWN, create, require_creatable
    from crmdapp.customers.credentials.dids import Did
    from crmdapp.customers.credentials.vc import CredentialRequest, issue_credential
    from crmdapp.customers.statements import AttestationSubject

    session = session_of(ctx)
    require_creatable(out)
    place, now = registry_of(session, registry), int(time.time())
    marked = _marked(read_file(claims, _claims), visible or [], derive, highest_tier, now)
    entry, notes = _reserve(session, book, status_list)
    request = CredentialRequest(
        issuer=Did.pkh(session.signer.address, place.chain_id),
        subject=AttestationSubject.new(session.address(subject)),
        topic=topic,
        level=level,
        kind=kind,
        claims=marked,
        registry=place,
        valid_from=now,
        valid_until=now + parse_span(lasts),
        status=entry,
    )
    credential, statement = issue_credential(request, own_key(session), decoys=decoys)
    if notes is not None and entry is not None:
        with notes:
            notes.record(entry.url, entry.position, statement.uid, topic)
    create(out, f"{credential}\n".encode(), mode=OWN)
    _tell_issued(session, out, statement, level, request.valid_until)


@command(
    app,
    "show",
    examples=(
        "crmdapp customers credential show c.txt",
        "crmdapp customers credential show c.txt --json",
    ),
)
def show(ctx: typer.Context, credential: CredentialArgument) -> None:
    """Show what a credential says and which claims its holder can show; nothing is checked."""
    from crmdapp.customers.credentials.sd_jwt import SdJwt
    from crmdapp.customers.credentials.vc import Credential

    session = session_of(ctx)
    found = read_file(credential, SdJwt.parse)
    said = Credential.read(found)
    claims = {_short(place): item.value for place, item in found.places().items()}
    until = found.token.payload["exp"]
    session.out.result(
        {
            "issuer": str(said.issuer),
            "subject": said.subject,
            "kind": said.kind,
            "topic": said.statement.topic,
            "level": said.level,
            "uid": said.statement.uid,
            "valid_until": iso_time(until),
            "status_list": None if said.status is None else said.status.url,
            "claims": claims,
        },
        Facts(
            [
                ("Issuer", str(said.issuer)),
                ("Subject", person(session, said.subject)),
                ("Kind", said.kind),
                ("Attestation", hex_of(said.statement.uid)),
                ("Topic, level", f"{said.statement.topic}, {said.level}"),
                ("Until", format_time(until)),
            ]
        ),
        Table(
            ("hidden claim", "value"),
            [(name, json_text(value).strip()) for name, value in claims.items()],
        ),
    )


@command(
    app,
    "present",
    examples=(
        f"crmdapp customers credential present c.txt --show member --audience {SHOP} --nonce 4pC",
        f"crmdapp customers credential present c.txt --audience {SHOP} --nonce 4pC --out p.txt",
    ),
)
def present(
    ctx: typer.Context,
    credential: CredentialArgument,
    audience: AudienceOption,
    nonce: NonceOption,
    claims: Annotated[
        list[str] | None,
        typer.Option("--show", metavar="NAME", help="A claim to show; repeat; none if left out."),
    ] = None,
    device: Annotated[
        Path | None,
        typer.Option("--device", metavar="FILE", help="Your device's keys, not the account."),
    ] = None,
    company: Annotated[
        str | None,
        typer.Option("--company", metavar="ADDRESS", help="With --device: whose customer you are."),
    ] = None,
    out: NewFileOption = None,
) -> None:
    """Show some claims of a credential to one verifier, and prove that it is yours; needs no node.

    The account is the key of the identity that it was issued to, or --device has it.
    """
    import time

    from crmdapp.chain._files import create
    from crmdapp.customers.credentials import sd_jwt

    session = session_of(ctx)
    found = read_file(credential, sd_jwt.SdJwt.parse)
    places = {_short(place): place for place in found.places()}
    unknown = [name for name in claims or [] if name not in places]
    if unknown:
        raise UsageError(
            f"The credential hides no claim {unknown[0]!r}.",
            hint=f"See which it hides: crmdapp customers credential show {credential}",
        )
    shown = sd_jwt.present(found, [places[name] for name in claims or []])
    key = _holder_key(session, found, device, company)
    bound = sd_jwt.bind(shown, key, audience=audience, nonce=nonce, now=int(time.time()))
    session.out.show(
        Facts([("Shown", ", ".join(claims or []) or "nothing"), ("To", audience)]), to_decide=False
    )
    if out is None:
        session.out.result({"presentation": str(bound)}, str(bound))
        return
    create(out, f"{bound}\n".encode())
    session.out.result({"file": out}, f"Written to {out}.")


# --------------------------------------------------------------------------- inside


def _reserve(
    session: Session, book: Path | None, url: str | None
) -> tuple[StatusEntry | None, StatusBook | None]:
    """Return a place in the status list, and the book it is to be recorded in."""
    from crmdapp.customers.credentials.status_list import StatusEntry

    if url is None:
        return None, None
    notes = book_of(session, book)
    return StatusEntry(url, notes.reserve(url)), notes


def _claims(text: str) -> dict[str, Any]:
    """Return the claims in a file; the message repeats nothing of it."""
    from crmdapp.customers.credentials._json import read_object
    from crmdapp.customers.credentials.refusals import CredentialMalformed

    try:
        return read_object(text.encode(), "The claims' file")
    except CredentialMalformed as problem:
        raise UsageError(problem.message, why=problem.why) from None


def _marked(
    claims: Mapping[str, Any], visible: list[str], derive: bool, highest_tier: int, now: int
) -> dict[str, Any]:
    """Return the claims, each hidden by itself but for those that are always shown."""
    from datetime import UTC, datetime

    from crmdapp.customers.credentials.derived import derived_claims
    from crmdapp.customers.credentials.disclosures import Hidden

    missing = [name for name in visible if name not in claims]
    if missing:
        raise UsageError(f"There is no claim {missing[0]!r} to be always shown.")
    found = {name: value if name in visible else Hidden(value) for name, value in claims.items()}
    if derive:
        day = datetime.fromtimestamp(now, UTC).date()
        derived = derived_claims(claims, day, highest_tier=highest_tier)
        if not derived:
            raise UsageError("There is no birthdate, tier or country to derive anything from.")
        found |= derived
    return found


def _tell_issued(session: Session, out: Path, statement: Statement, level: int, until: int) -> None:
    uid = hex_of(statement.uid)
    session.out.say(
        "It counts once you attest it:"
        f" crmdapp customers attest issue {statement.topic} {level} {uid}"
        f" --expiry {until}"
    )
    data = {"file": out, "uid": statement.uid, "topic": statement.topic, "level": level}
    session.out.result({**data, "valid_until": iso_time(until)}, f"Written to {out}.", uid)


def _short(place: str) -> str:
    """Return a place below credentialSubject by its name alone."""
    return place.removeprefix("/credentialSubject/").replace("~1", "/").replace("~0", "~")


def _holder_key(
    session: Session, credential: SdJwt, device: Path | None, company: str | None
) -> AccountKey:
    """Return the key of the identity that the credential was issued to."""
    from crmdapp.cli._keys import ask_password
    from crmdapp.customers.credentials.keys import AccountKey
    from crmdapp.customers.credentials.vc import Credential
    from crmdapp.store.device import DeviceKeys

    if (device is None) != (company is None):
        raise UsageError("--device and --company belong together.")
    if device is None or company is None:
        return own_key(session)
    chain_id = Credential.read(credential).registry.chain_id
    keys = DeviceKeys.open(device, ask_password(session.config, session.out, device.name))
    try:
        return AccountKey(keys.identity(chain_id, session.address(company)))
    finally:
        keys.close()
