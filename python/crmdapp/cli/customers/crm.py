"""The company's CRM work: import, where data came from and went, export, report, segments."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.cli._frame import AskingCommand, command, session_of
from crmdapp.cli._output import Facts, Table
from crmdapp.cli._sending import confirm, origin
from crmdapp.cli._values import format_time, iso_time
from crmdapp.cli.customers._app import app
from crmdapp.cli.customers._common import (
    CidArgument,
    hex_of,
    person,
    reading,
    sending,
    word_of,
)
from crmdapp.cli.customers._crm import (
    ConsentOption,
    DeviceOption,
    OperatorOption,
    PepperOption,
    VaultOption,
    merges_of,
    opened_vault,
    tag_space,
    terms_in,
)
from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from crmdapp.cli._context import Session
    from crmdapp.customers.export import CustomerExport, NotedConsent, NotedInteraction
    from crmdapp.customers.importing.enlisting import EnlistReport
    from crmdapp.customers.importing.importer import ImportPlan, ImportReport
    from crmdapp.customers.segments import Held
    from crmdapp.store.provenance import Disclosure
    from crmdapp.store.vault import Vault

_CID = "0x" + "6bd2c5b1bbd8b0ecd1ae7c1ae0c8f6c8f8a8f26ab9fdd4a4a8a9d1e6a5f4e3" + "00"
_DAY = 86_400


@command(
    app,
    "import",
    cls=AskingCommand,
    examples=(
        "crmdapp customers import contacts.csv --scope 1 --region DE --rejects rejects.csv",
        "crmdapp customers import contacts.csv --scope 1 --register --level 1 --yes --json",
    ),
)
def import_(
    ctx: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="CSV, JSON array or lines of JSON objects.")
    ],
    scope: Annotated[int, typer.Option("--scope", min=0, metavar="NUMBER", help="The scope.")],
    columns: Annotated[
        str | None,
        typer.Option(
            "--columns",
            metavar="SET",
            help="crmdapp, salesforce, hubspot, odoo or suitecrm; told from the heading.",
        ),
    ] = None,
    field: Annotated[
        list[str] | None,
        typer.Option("--field", metavar="COLUMN=FIELD", help="What a column means; repeat."),
    ] = None,
    encoding: Annotated[
        str | None, typer.Option("--encoding", metavar="NAME", help="UTF-8 if left out.")
    ] = None,
    region: Annotated[
        str | None,
        typer.Option("--region", metavar="CC", help="Country of numbers that name none: DE."),
    ] = None,
    dates: Annotated[
        str, typer.Option("--dates", metavar="ORDER", help="How 1/2/1990 is read: iso, dmy, mdy.")
    ] = "iso",
    rejects: Annotated[
        Path | None,
        typer.Option("--rejects", metavar="FILE", help="CSV of what is not imported, and why."),
    ] = None,
    readmit: Annotated[
        bool, typer.Option("--readmit", help="Take back customers who were erased, as new ones.")
    ] = False,
    register: Annotated[
        bool, typer.Option("--register", help="Register them on chain; the account attests.")
    ] = False,
    level: Annotated[
        int,
        typer.Option(
            "--level", min=0, max=255, metavar="NUMBER", help="How well they were verified."
        ),
    ] = 1,
    vault: VaultOption = None,
    operator: OperatorOption = None,
    pepper: PepperOption = None,
) -> None:
    """Import a customer list into the vault; stopped, the same command goes on.

    Each record goes to the customer whose identifier it has, or becomes a new one. Records that
    are much like another customer are never merged: see crmdapp customers dedupe list.
    """
    from crmdapp.customers.importing.importer import Importer, plan_import
    from crmdapp.customers.importing.records import Rules
    from crmdapp.customers.matching import match_key
    from crmdapp.customers.tags import PepperFile

    session = session_of(ctx)
    plan = plan_import(
        file,
        encoding=encoding,
        columns=columns,
        extra=_extra(field),
        rules=Rules(region.upper() if region else None, dates),
    )
    _show(session, plan)
    if session.dry_run:
        session.out.result(_plan_data(plan), "The file is in order. Nothing was imported.")
        return
    confirm(session, "Import it?")
    tagger = PepperFile.load(pepper or session.config.state_dir / "pepper.json")
    space = tag_space(session, scope)
    with opened_vault(session, vault, operator) as found:
        importer = Importer(
            found.store, found, tagger, space, match_key(found.keys), readmit=readmit
        )
        with session.out.progress("Importing", plan.file.size, "bytes") as bar:
            report = importer.run(plan, rejects=rejects, progress=lambda done, _: bar.at(done))
        _tell(session, report, _enlist(session, found, scope, level) if register else None)


@command(
    app,
    "trace",
    examples=("crmdapp customers trace 17", "crmdapp customers trace 17 --json"),
)
def trace(
    ctx: typer.Context,
    datum: Annotated[int, typer.Argument(metavar="DATUM", min=1, help="Number of the datum.")],
    vault: VaultOption = None,
    operator: OperatorOption = None,
) -> None:
    """Show where a datum came from and to whom it was passed on."""
    session = session_of(ctx)
    with opened_vault(session, vault, operator) as found:
        told = found.trace(datum)
    about, evidence = told.datum, told.datum.evidence
    session.out.result(
        {
            "datum": about.id,
            "profile": about.profile,
            "field": about.field,
            "version": about.version,
            "source": str(about.source),
            "reference": evidence.reference,
            "evidence": evidence.digest,
            "at": iso_time(about.written_at),
            "custodial": told.custodial,
            "disclosures": [_disclosure_data(item) for item in told.disclosures],
        },
        Facts(
            [
                ("Field", f"{about.field}, version {about.version}"),
                ("Profile", hex_of(about.profile)),
                ("Source", str(about.source)),
                ("Evidence", evidence.reference or "none"),
                ("Since", format_time(about.written_at)),
                ("Key", "the company's" if told.custodial else "the customer's"),
            ]
        ),
        _disclosures(session, told.disclosures),
    )


@command(
    app,
    "passed-on-to",
    examples=(
        f"crmdapp customers passed-on-to {_CID}",
        f"crmdapp customers passed-on-to {_CID} --json",
    ),
)
def passed_on(
    ctx: typer.Context, cid: CidArgument, vault: VaultOption = None, operator: OperatorOption = None
) -> None:
    """List to whom a customer's data was passed on, of all merged profiles."""
    from crmdapp.customers.survivorship import passed_on_to

    session = session_of(ctx)
    with opened_vault(session, vault, operator) as found:
        told = passed_on_to(found, merges_of(found), word_of(cid, "CID"))
    if not told:
        session.out.say("To nobody.")
    session.out.result([_disclosure_data(item) for item in told], _disclosures(session, told))


@command(
    app,
    "export",
    examples=(
        f"crmdapp customers export {_CID} --out export",
        f"crmdapp customers export {_CID} --out export --consent consents --json",
    ),
)
def export(
    ctx: typer.Context,
    cid: CidArgument,
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="A folder to make.")],
    consent: ConsentOption = None,
    receipts: Annotated[
        Path | None,
        typer.Option("--receipts", metavar="FILE", help="The customer's receipts, or a folder."),
    ] = None,
    vault: VaultOption = None,
    operator: OperatorOption = None,
) -> None:
    """Write everything about a customer to JSON and CSV files, what is sealed as it is.

    The customer's device opens them: crmdapp customers export-open.
    """
    from crmdapp.customers.export import collect

    session = session_of(ctx)
    with opened_vault(session, vault, operator) as found:
        told = collect(
            found,
            merges_of(found),
            word_of(cid, "CID"),
            company=session.signer.address,
            consents=_noted(session, consent),
            interactions=_interactions(receipts),
        )
    _written(session, told, out)


@command(
    app,
    "export-open",
    examples=(
        "crmdapp customers export-open export/export.json --out mine",
        "crmdapp customers export-open export/export.json --out mine --device phone.keys",
    ),
)
def export_open(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="export.json from the company.")],
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="A folder to make.")],
    device: DeviceOption = None,
) -> None:
    """Open an export with the customer's key file; works without a node."""
    session = session_of(ctx)
    told = _read_export(file)
    _written(session, _opened_by_device(session, told, device), out)


@command(
    app,
    "report",
    examples=(
        "crmdapp customers report export/export.json --out report.html",
        "crmdapp customers report export/export.json --out report.html --device phone.keys",
    ),
)
def report(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="export.json.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="An HTML file to make.")],
    company: Annotated[
        str, typer.Option("--company", metavar="NAME", help="The company's name.")
    ] = "",
    device: DeviceOption = None,
) -> None:
    """Write a subject access report: one page of HTML without anything from elsewhere.

    With --device sealed values are opened by the customer's key file first.
    """
    from crmdapp.chain._files import OWN, create
    from crmdapp.customers.report import report_html

    session = session_of(ctx)
    told = _read_export(file)
    if device is not None:
        told = _opened_by_device(session, told, device)
    create(out, report_html(told, company).encode(), mode=OWN)
    session.out.result(
        {"file": out, "data": len(told.data), "sealed": told.sealed}, f"Written to {out}."
    )


@command(
    app,
    "segment",
    examples=(
        'crmdapp customers segment --purpose DirectMarketing --where "country is DE"',
        'crmdapp customers segment --purpose Marketing --where "birth_date older-than 17" --json',
    ),
)
def segment(
    ctx: typer.Context,
    purpose: Annotated[str, typer.Option("--purpose", metavar="TERM", help="What for.")],
    where: Annotated[
        list[str], typer.Option("--where", metavar="CONDITION", help="All of them hold; repeat.")
    ],
    consent: ConsentOption = None,
    vault: VaultOption = None,
    operator: OperatorOption = None,
) -> None:
    """Count customers who fit a description, by data they consented to for the purpose alone."""
    from crmdapp.customers.consents import ConsentClient
    from crmdapp.customers.segments import Condition, ConsentedReader, Segment, find_segment

    session = session_of(ctx)
    wanted = Segment(purpose, tuple(Condition.parse(text) for text in where))
    client = reading(session, ConsentClient)
    with opened_vault(session, vault, operator) as found:
        merges = merges_of(found)
        told = find_segment(
            wanted,
            merges.people(),
            _held(found, consent),
            is_active=client.check,
            read=ConsentedReader(found, owner_of=client.owner_of, clock=time.time).read,
        )
    left = sum(told.left_out.values())
    session.out.result(
        {
            "members": list(told.members),
            "count": len(told.members),
            "asked": told.asked,
            "total": told.total,
            "left_out": dict(told.left_out),
        },
        f"{len(told.members):,} of {told.asked:,} customers fit; {left:,} of {told.total:,} are"
        " left out.",
        Table(
            ("left out because", ">customers"), [(k, f"{n:,}") for k, n in told.left_out.items()]
        ),
    )


# --------------------------------------------------------------------------- steps


def _extra(pairs: list[str] | None) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in pairs or ():
        column, mark, name = pair.rpartition("=")
        if not mark or not column or not name:
            raise UsageError(f"{pair[:60]!r} is not of the form COLUMN=FIELD.")
        found[column] = name
    return found


def _show(session: Session, plan: ImportPlan) -> None:
    left = ", ".join(plan.mapped.left_out[:8]) + (" ..." if len(plan.mapped.left_out) > 8 else "")
    session.out.show(
        Facts(
            [
                ("File", f"{plan.file.path.name}, {plan.file.size:,} bytes, {plan.file.encoding}"),
                ("SHA-256", plan.file.sha256.hex()),
                ("Columns of", plan.mapped.set_name),
                ("Left out", left or "none"),
            ]
        ),
        to_decide=not session.yes,
    )


def _plan_data(plan: ImportPlan) -> dict[str, Any]:
    return {
        "dry_run": True,
        "file_sha256": plan.file.sha256,
        "bytes": plan.file.size,
        "encoding": plan.file.encoding,
        "layout": plan.file.layout,
        "columns": plan.mapped.set_name,
        "left_out": list(plan.mapped.left_out),
    }


def _enlist(session: Session, vault: Vault, scope: int, level: int) -> EnlistReport:
    from crmdapp.customers.importing.enlisting import Enlisting
    from crmdapp.customers.registry import RegistryClient

    enlisting = Enlisting(
        vault=vault,
        client=sending(session, RegistryClient),
        attestor=session.signer,
        space=tag_space(session, scope),
        controller=session.signer.address,
        level=level,
    )
    profiles, links = enlisting.waiting()
    session.out.show(Facts([*origin(session), ("To register", f"{profiles:,} and {links:,} ids")]))
    session.signer.unlock()
    deadline = session.connection.block_timestamp() + _DAY
    with session.out.progress("Registering", profiles + links, "ids") as bar:
        return enlisting.run(deadline=deadline, progress=bar.at)


def _tell(session: Session, report: ImportReport, enlisted: EnlistReport | None) -> None:
    data: dict[str, Any] = {
        "records": report.records,
        "created": report.created,
        "changed": report.changed,
        "unchanged": report.unchanged,
        "rejected": report.rejected,
        "queued": report.queued,
        "skipped": report.skipped,
        "seconds": round(report.seconds, 3),
    }
    counts = (
        f"{report.records:,} records: {report.created:,} new customers, {report.changed:,} with"
        f" something new, {report.unchanged:,} known, {report.rejected:,} rejected;"
        f" {report.queued:,} pairs to look at."
    )
    words = [counts]
    if enlisted is not None:
        data["registered"] = enlisted.registered
        data["linked"] = enlisted.linked
        data["known"] = enlisted.known
        data["conflicts"] = list(enlisted.conflicts)
        data["gas_used"] = enlisted.gas_used
        words.append(
            f"On chain: {enlisted.registered:,} profiles and {enlisted.linked:,} further ids,"
            f" {enlisted.gas_used:,} gas; {len(enlisted.conflicts):,} belong to somebody else."
        )
    session.out.result(data, *words)


def _disclosure_data(item: Disclosure) -> dict[str, Any]:
    from crmdapp.customers.codes import PURPOSES, names

    return {
        "recipient": item.recipient,
        "consent_id": item.consent_id,
        "purposes": list(names(item.purposes, PURPOSES)),
        "data": list(item.data),
        "at": iso_time(item.disclosed_at),
        "log": item.log_id,
        "seq": item.seq,
    }


def _disclosures(session: Session, items: Any) -> Table:
    return Table(
        ("when", "to", "data"),
        [
            (
                format_time(item.disclosed_at),
                person(session, item.recipient),
                ", ".join(map(str, item.data)),
            )
            for item in items
        ],
    )


def _noted(session: Session, consent: list[Path] | None) -> list[NotedConsent]:
    from crmdapp.customers.consents import ConsentClient
    from crmdapp.customers.export import NotedConsent

    terms = terms_in(consent)
    if not terms:
        return []
    client = reading(session, ConsentClient)
    now = session.connection.block_timestamp()
    return [
        NotedConsent(item, client.consent(item.subject, item.consent_id).state(item, now).value)
        for item in terms
    ]


def _interactions(receipts: Path | None) -> list[NotedInteraction]:
    from crmdapp.cli.customers._log import read_receipts
    from crmdapp.customers.export import NotedInteraction

    found = [] if receipts is None else read_receipts(receipts)
    return [
        NotedInteraction(item.contents.interaction, item.contents.payload)
        for item in found
        if item.contents is not None
    ]


def _held(vault: Vault, consent: list[Path] | None) -> list[Held]:
    from crmdapp.customers.segments import Held

    found = []
    for terms in terms_in(consent):
        profile = vault.keys.profile_of("subject", terms.subject)
        if profile is not None:
            found.append(Held(profile, terms))
    return found


def _read_export(file: Path) -> CustomerExport:
    from crmdapp.customers.export import CustomerExport
    from crmdapp.customers.importing.files import opened

    with opened(file) as found:
        return CustomerExport.from_json(found.read())


def _opened_by_device(
    session: Session, told: CustomerExport, device: Path | None
) -> CustomerExport:
    from crmdapp.cli._keys import ask_password
    from crmdapp.store.device import DeviceKeys

    path = device or session.config.state_dir / "device.sqlite3"
    password = ask_password(session.config, session.out, path.name)
    with DeviceKeys.open(path, password) as keys:
        return told.opened(keys.open_field)


def _written(session: Session, told: CustomerExport, out: Path) -> None:
    files = told.write(out)
    sealed = f", {told.sealed:,} of them sealed" if told.sealed else ""
    session.out.result(
        {"files": files, "data": len(told.data), "sealed": told.sealed},
        f"{len(told.data):,} data{sealed}, written to {out}.",
    )
