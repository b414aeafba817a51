"""``crmdapp customers attest``: attestors vouch for statements, and take their word back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.cli._deliver import NewFileOption, deliver_signed
from crmdapp.cli._frame import AskingCommand, SendingCommand, command, session_of
from crmdapp.cli._sending import receipt_data, receipt_line, send_all
from crmdapp.cli._values import format_time, parse_time
from crmdapp.cli.customers._attesting import (
    UID,
    AttestationsOption,
    ExpiryOption,
    LevelArgument,
    TopicArgument,
    UidsArgument,
    app,
    attesting,
)
from crmdapp.cli.customers._common import (
    DeadlineOption,
    SignedArgument,
    ValidForOption,
    deadline_of,
    domain_of,
    hex_of,
    person,
    read_file,
    word_of,
)
from crmdapp.cli.customers._signing import send_and_tell, show_permission

if TYPE_CHECKING:
    from crmdapp.chain.calls import Call
    from crmdapp.cli._context import Session
    from crmdapp.customers.attestations import AttestationClient
    from crmdapp.customers.statements import SignedDisowning, SignedWord, Statement

CredentialArgument = Annotated[
    Path, typer.Argument(metavar="CREDENTIAL", help="File with the credential; - is stdin.")
]


# --------------------------------------------------------------------------- attesting


@command(
    app,
    "issue",
    cls=AskingCommand,
    examples=(
        f"crmdapp customers attest issue 1 2 {UID}",
        f"crmdapp customers attest issue 1 2 {UID} --expiry 2030-01-31 --yes --json",
    ),
)
def issue(
    ctx: typer.Context,
    topic: TopicArgument,
    level: LevelArgument,
    uids: UidsArgument,
    expiry: ExpiryOption = None,
) -> None:
    """Vouch for statements, such as those of credentials; the account is an attestor.

    Many travel together. Run again after an interruption, it goes on with what is missing.
    """
    from crmdapp.customers.attestations import CHUNK

    session = session_of(ctx)
    client, ends = attesting(session), _expiry(expiry)
    names = [word_of(uid, "UID") for uid in uids]
    missing = [uid for uid in names if not _is_issued(client, uid, topic, level)]
    calls = [
        client.prepare.attest_many(missing[start : start + CHUNK], topic, level, ends)
        for start in range(0, len(missing), CHUNK)
    ]
    about = [
        ("Topic", str(topic)),
        ("Level", str(level)),
        ("Statements", f"{len(missing)} of {len(names)}" if missing != names else str(len(names))),
        ("Until", format_time(ends) if ends else "no end"),
    ]
    _send_calls(session, calls, about, topic=topic, level=level, uids=names)


@command(
    app,
    "issue-sign",
    examples=(
        f"crmdapp customers attest issue-sign 1 2 {UID} --out word.json",
        f"crmdapp customers attest issue-sign 1 2 {UID} --valid-for 7d",
    ),
)
def issue_sign(
    ctx: typer.Context,
    topic: TopicArgument,
    level: LevelArgument,
    uid: Annotated[str, typer.Argument(metavar="UID", help="The statement's, 64 hex digits.")],
    expiry: ExpiryOption = None,
    deadline: DeadlineOption = None,
    valid_for: ValidForOption = "24h",
    registry: AttestationsOption = None,
    out: NewFileOption = None,
) -> None:
    """Sign that you vouch for a statement; anybody may submit it, you need no ether."""
    from crmdapp.customers.statements import sign_attestation

    session = session_of(ctx)
    domain = domain_of(session, "AttestationRegistry", registry)
    signed = sign_attestation(
        session.signer,
        domain,
        uid=word_of(uid, "UID"),
        topic=topic,
        level=level,
        expiry=_expiry(expiry),
        deadline=deadline_of(session, deadline, valid_for, registry),
    )
    show_permission(session, signed.intent, domain)
    deliver_signed(session, signed, out)


@command(
    app,
    "submit",
    cls=SendingCommand,
    examples=(
        "crmdapp customers attest submit word.json",
        "crmdapp customers attest submit - --once word-7 --yes --json",
    ),
)
def submit(ctx: typer.Context, file: SignedArgument) -> None:
    """Submit what an attestor or a customer signed; the account only pays the gas."""
    session = session_of(ctx)
    signed = read_file(file, _read_signed)
    prepare = attesting(session).prepare
    kind = type(signed.content).__name__
    if kind == "DisownIntent":
        call = prepare.disown_by_sig(signed)  # type: ignore[arg-type]  # what the kind says
    elif kind == "RevocationIntent":
        call = prepare.revoke_by_sig(signed)  # type: ignore[arg-type]  # likewise
    else:
        call = prepare.attest_by_sig(signed)  # type: ignore[arg-type]  # likewise
    uid = signed.content.uid
    about = [("Permission", kind), ("Statement", hex_of(uid)), ("Signed by", signed.signer)]
    send_and_tell(session, call, about, kind=kind, uid=uid, signer=signed.signer)


# --------------------------------------------------------------------------- taking back


@command(
    app,
    "revoke",
    cls=AskingCommand,
    examples=(
        f"crmdapp customers attest revoke {UID}",
        f"crmdapp customers attest revoke {UID} --yes --json",
    ),
)
def revoke(ctx: typer.Context, uids: UidsArgument) -> None:
    """Take your word on statements back, for ever; the account attested them."""
    from crmdapp.customers.attestations import CHUNK

    session = session_of(ctx)
    client = attesting(session)
    names = [word_of(uid, "UID") for uid in uids]
    calls = [
        client.prepare.revoke_many(names[start : start + CHUNK])
        for start in range(0, len(names), CHUNK)
    ]
    about = [("Statements", str(len(names))), ("Void", "for ever")]
    _send_calls(session, calls, about, uids=names)


@command(
    app,
    "revoke-sign",
    examples=(
        f"crmdapp customers attest revoke-sign {UID} --out revocation.json",
        f"crmdapp customers attest revoke-sign {UID} --valid-for 7d",
    ),
)
def revoke_sign(
    ctx: typer.Context,
    uid: Annotated[str, typer.Argument(metavar="UID", help="The statement's, 64 hex digits.")],
    deadline: DeadlineOption = None,
    valid_for: ValidForOption = "24h",
    registry: AttestationsOption = None,
    out: NewFileOption = None,
) -> None:
    """Sign that you take your word back; anybody may submit it, you need no ether."""
    from crmdapp.customers.statements import sign_revocation

    session = session_of(ctx)
    domain = domain_of(session, "AttestationRegistry", registry)
    until = deadline_of(session, deadline, valid_for, registry)
    signed = sign_revocation(session.signer, domain, uid=word_of(uid, "UID"), deadline=until)
    show_permission(session, signed.intent, domain)
    deliver_signed(session, signed, out)


@command(
    app,
    "disown",
    cls=SendingCommand,
    examples=(
        "crmdapp customers attest disown credential.sdjwt",
        "crmdapp customers attest disown credential.sdjwt --once disown --yes --json",
    ),
)
def disown(ctx: typer.Context, credential: CredentialArgument) -> None:
    """Reject what a credential says about you, whoever attests it, for ever.

    The chain learns that it was about your identity, and nothing of what it said.
    """
    session = session_of(ctx)
    statement = read_file(credential, _statement)
    about = [
        ("Statement", hex_of(statement.uid)),
        ("Subject", f"{person(session, statement.subject.account)} (public from now on)"),
        ("Void", "for ever"),
    ]
    call = attesting(session).prepare.disown(statement)
    send_and_tell(session, call, about, uid=statement.uid)


@command(
    app,
    "disown-sign",
    examples=(
        "crmdapp customers attest disown-sign credential.sdjwt --out disown.json",
        "crmdapp customers attest disown-sign credential.sdjwt --valid-for 7d",
    ),
)
def disown_sign(
    ctx: typer.Context,
    credential: CredentialArgument,
    deadline: DeadlineOption = None,
    valid_for: ValidForOption = "24h",
    registry: AttestationsOption = None,
    out: NewFileOption = None,
) -> None:
    """Sign that you reject what a credential says; anybody may submit it, you need no ether."""
    from crmdapp.customers.statements import sign_disowning

    session = session_of(ctx)
    statement = read_file(credential, _statement)
    domain = domain_of(session, "AttestationRegistry", registry)
    until = deadline_of(session, deadline, valid_for, registry)
    signed = sign_disowning(session.signer, domain, statement, deadline=until)
    show_permission(session, signed.content, domain)
    deliver_signed(session, signed, out)


# --------------------------------------------------------------------------- inside


def _expiry(expiry: str | None) -> int:
    return 0 if expiry is None else parse_time(expiry)


def _is_issued(client: AttestationClient, uid: bytes, topic: int, level: int) -> bool:
    from crmdapp.customers.attestations import AttestationStatus

    given = client.attestation(uid, client.sender.address)
    wanted = (AttestationStatus.ISSUED, topic, level)
    return (given.status, given.topic, given.level) == wanted


def _send_calls(
    session: Session, calls: list[Call], about: list[tuple[str, str]], **data: Any
) -> None:
    if not calls:
        session.out.say("All of them were attested before; nothing is sent.")
        session.out.result({**data, "transactions": []})
        return
    receipts = send_all(session, calls, about)
    if receipts is not None:
        session.out.result(
            {**data, "transactions": [receipt_data(item) for item in receipts]},
            *(receipt_line(item) for item in receipts),
        )


def _statement(text: str) -> Statement:
    from crmdapp.customers.credentials.sd_jwt import SdJwt
    from crmdapp.customers.credentials.vc import Credential

    return Credential.read(SdJwt.parse(text)).statement


def _read_signed(text: str) -> SignedWord | SignedDisowning:
    from crmdapp.chain._signed_json import JsonFields
    from crmdapp.customers.statements import SignedDisowning, SignedWord

    typed = JsonFields.parse(text, "signed file").inner("typedData")
    if typed.text("primaryType") == "DisownIntent":
        return SignedDisowning.from_json(text)
    return SignedWord.from_json(text)
