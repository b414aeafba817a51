"""``crmdapp gallery show``, ``history``, ``verify``, ``certificate``: what anybody can see."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.cli._deliver import NewFileOption, deliver, json_text
from crmdapp.cli._frame import command, session_of
from crmdapp.cli._output import Facts, Table
from crmdapp.cli._values import format_time
from crmdapp.cli.gallery._app import CONTRACT, WORK, app
from crmdapp.cli.gallery._common import (
    BlockHashOption,
    ContractOption,
    HeaderOption,
    WorkArgument,
    gallery_reader,
    is_id,
    parse_id,
    person,
    proven_head,
    work_of,
)
from crmdapp.errors import EXIT_VERIFICATION, UsageError

if TYPE_CHECKING:
    from crmdapp.cli._context import Session
    from crmdapp.provenance.artworks import ArtworksClient
    from crmdapp.provenance.certificate import Certificate
    from crmdapp.provenance.fingerprints import FileHashes
    from crmdapp.provenance.history import HistoryLink
    from crmdapp.provenance.models import Currency
    from crmdapp.provenance.verification import Verdict


@command(
    app,
    "show",
    examples=(f"crmdapp gallery show {WORK}", "crmdapp gallery show work.png --json"),
)
def show(ctx: typer.Context, work: WorkArgument, contract: ContractOption = None) -> None:
    """Show a work as the node says it stands: record, owner, price."""
    session = session_of(ctx)
    client = gallery_reader(session, contract)
    id_ = work_of(client, work)
    record, state = client.record(id_), client.state(id_)
    row = client.currency(state.currency)
    price = row.format_price(state.price) if state.price else "not for sale"
    session.out.result(
        {
            "id": hex(id_),
            "artist": record.artist,
            "phash": f"{record.p_hash:#018x}",
            "royalty_bps": record.royalty_bps,
            "revoked": record.is_revoked,
            "burned": record.is_burned,
            "owner": state.owner,
            "price": state.price,
            "currency": state.currency,
            "shown": price,
            "auctioned": state.is_auctioned,
            "epoch": state.epoch,
        },
        Facts(
            [
                ("Work", hex(id_)),
                ("Artist", person(session, record.artist)),
                ("Owner", person(session, state.owner) if state.owner else "nobody yet"),
                ("Price", f"{price}{' (reserve of an auction)' if state.is_auctioned else ''}"),
                ("Royalty", f"{record.royalty_bps / 100:g} %"),
                ("Standing", _standing(record.is_revoked, record.is_burned)),
            ]
        ),
    )


@command(
    app,
    "history",
    examples=(
        f"crmdapp gallery history {WORK}",
        f"crmdapp gallery history work.png --contract {CONTRACT} --header-from URL --json",
    ),
)
def history_(
    ctx: typer.Context,
    work: WorkArgument,
    contract: ContractOption = None,
    header_from: HeaderOption = None,
    block_hash: BlockHashOption = None,
) -> None:
    """Show a work's whole story, replayed against the one hash on chain that commits to it.

    A node that hides, adds, moves or alters an event is found out: exit code 8.
    """
    session = session_of(ctx)
    client = gallery_reader(session, contract)
    id_ = work_of(client, work)
    proven = proven_head(session, client, header_from, block_hash)
    found = client.history(id_, proven)
    rows = {row.index: row for row in client.currencies()}
    session.out.result(
        {
            "id": hex(id_),
            "owner": found.owner,
            "revoked": found.is_revoked,
            "events": [link.to_json() for link in found.links],
            "replayed": found.events,
            "head": proven.head,
            "block": proven.header.number,
            "block_hash": proven.header.hash,
            "independent": proven.is_independent,
        },
        Table(
            ("when", "what", "transaction"),
            [_line(session, link, rows) for link in found.links],
        ),
        f"All {found.events:,} events lead to the head in block {proven.header.number:,}"
        + ("." if proven.is_independent else ", as this node has it (compare: --header-from)."),
    )


@command(
    app,
    "verify",
    examples=(
        f"crmdapp gallery verify work.png --contract {CONTRACT} --rpc https://node.example",
        "crmdapp gallery verify certificate.html --header-from https://other.example --json",
    ),
)
def verify(
    ctx: typer.Context,
    work: Annotated[
        str,
        typer.Argument(
            metavar="WORK", help="A certificate, the work's file, or its id.", show_default=False
        ),
    ],
    contract: ContractOption = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", metavar="FILE", help="The work's file, beside a certificate or id."),
    ] = None,
    header_from: HeaderOption = None,
    block_hash: BlockHashOption = None,
) -> None:
    """Check a work as a stranger: file, signatures, curators, history, owner; exit code 8 if not.

    Nothing but a node is needed, and better another one to compare it with.
    """
    from crmdapp.provenance.verification import verify_work

    session = session_of(ctx)
    stated = None if is_id(work) else _certificate(Path(work))
    if stated is not None and contract is None:
        contract = stated.contract
    client = gallery_reader(session, contract)
    if stated is None and file is None and not is_id(work):
        file = Path(work)
    hashes, variants = (None, ()) if file is None else _looked_at(file)
    id_ = _meant(client, work, stated, hashes)
    proven = proven_head(session, client, header_from, block_hash)
    verdict = verify_work(client, id_, proven, file=hashes, variants=variants, certificate=stated)
    _tell(session, verdict)
    if not verdict.holds:
        raise typer.Exit(EXIT_VERIFICATION)


@command(
    app,
    "certificate",
    examples=(
        "crmdapp gallery certificate work.png --submission work.json --out certificate.html",
        f"crmdapp gallery certificate {WORK} --form json --out certificate.json",
    ),
)
def certificate_(
    ctx: typer.Context,
    work: WorkArgument,
    submission: Annotated[
        Path | None,
        typer.Option("--submission", metavar="FILE", help="The work's submission: its metadata."),
    ] = None,
    form: Annotated[
        str, typer.Option("--form", metavar="FORM", help="html or json (JSON-LD).")
    ] = "html",
    picture: Annotated[
        Path | None, typer.Option("--picture", metavar="FILE", help="Show the work, small.")
    ] = None,
    link: Annotated[
        str, typer.Option("--link", metavar="URL", help="What the QR code leads to.")
    ] = "",
    contract: ContractOption = None,
    header_from: HeaderOption = None,
    block_hash: BlockHashOption = None,
    out: NewFileOption = None,
) -> None:
    """Write a work's certificate, which a stranger can check with any node."""
    from crmdapp.provenance.certificate import certificate_html, certificate_of
    from crmdapp.provenance.registration import registration_of
    from crmdapp.provenance.submission import read_submission

    if form not in ("html", "json"):
        raise UsageError(f"There is no form {form!r}.", hint="Choose html or json.")
    session = session_of(ctx)
    client = gallery_reader(session, contract)
    id_ = work_of(client, work)
    proven = proven_head(session, client, header_from, block_hash)
    found = client.history(id_, proven)
    shown = None if found.registered is None else registration_of(client, found.registered)
    metadata = None if submission is None else read_submission(submission).metadata
    chain_id, place = session.connection.chain_id, client.contract.address
    made = certificate_of(found, chain_id, place, shown, metadata)
    if form == "json":
        text = json_text(made.to_json())
    else:
        rows = {row.index: row for row in client.currencies()}
        text = certificate_html(made, rows, link=link, picture=picture)
    deliver(session, text, out, {"id": hex(id_), "block": made.block})


@command(
    app,
    "purchases",
    examples=(
        "crmdapp gallery purchases customer",
        "crmdapp gallery purchases 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 friend --json",
    ),
)
def purchases_(
    ctx: typer.Context,
    accounts: Annotated[
        list[str] | None, typer.Argument(metavar="[ACCOUNT]...", help="A customer's accounts.")
    ] = None,
    contract: ContractOption = None,
    header_from: HeaderOption = None,
    block_hash: BlockHashOption = None,
) -> None:
    """Show what a customer's accounts bought, each with its proof, for the customer's history."""
    from crmdapp.provenance.sales import purchases

    session = session_of(ctx)
    client = gallery_reader(session, contract)
    named = [session.address(item) for item in accounts or []] or [session.signer.address]
    proven = proven_head(session, client, header_from, block_hash)
    found = purchases(client, named, proven)
    rows = {row.index: row for row in client.currencies()}
    session.out.result(
        {"purchases": [item.payload() for item in found]},
        Table(
            ("when", "work", "seller", ">price"),
            [
                (
                    format_time(item.at),
                    hex(item.id),
                    person(session, item.seller),
                    rows[item.currency].format_price(item.price),
                )
                for item in found
            ],
        ),
        f"{len(found):,} works, proved up to block {proven.header.number:,}.",
    )


@command(
    app,
    "currencies",
    examples=("crmdapp gallery currencies", f"crmdapp gallery currencies --contract {CONTRACT}"),
)
def currencies(ctx: typer.Context, contract: ContractOption = None) -> None:
    """Show the currency table. A coin's symbol is its own word: look at its address."""
    session = session_of(ctx)
    client = gallery_reader(session, contract)
    rows = client.currencies()
    session.out.result(
        {"currencies": [_row_data(row) for row in rows]},
        Table(
            (">row", "currency", "coin", "smallest price", "new prices"),
            [
                (
                    str(row.index),
                    row.symbol,
                    row.token or "-",
                    row.format_price(1),
                    "yes" if row.is_enabled else "no",
                )
                for row in rows
            ],
        ),
    )


# --------------------------------------------------------------------------- inside


def _standing(is_revoked: bool, is_burned: bool) -> str:
    if is_revoked:
        return "REVOKED: the curators have found against it"
    return "destroyed by its owner" if is_burned else "stands"


def _certificate(path: Path) -> Certificate | None:
    """Return the certificate in a file, or ``None`` if it is some other file."""
    from crmdapp.provenance.certificate import CERTIFICATE_MAX, read_certificate

    if path.suffix.lower() not in (".html", ".htm", ".json", ".jsonld"):
        return None
    if not path.is_file() or path.stat().st_size > CERTIFICATE_MAX:
        return None
    return read_certificate(path)


def _looked_at(path: Path) -> tuple[FileHashes, tuple[int, ...]]:
    """Return a file's hashes, and how it looks if that can be found out here."""
    from crmdapp.errors import CrmdappError
    from crmdapp.provenance.fingerprints import fingerprint, hash_file

    try:
        found = fingerprint(path)
    except UsageError:
        raise
    except CrmdappError:  # the bytes decide, not whether they can be shown
        return hash_file(path), ()
    return found, found.variants


def _meant(
    client: ArtworksClient, work: str, stated: Certificate | None, hashes: FileHashes | None
) -> int:
    if stated is not None:
        return stated.id
    if is_id(work):
        return parse_id(work)
    assert hashes is not None  # it is a file, which was hashed
    return client.latest_id(hashes.keccak)


def _tell(session: Session, verdict: Verdict) -> None:
    session.out.result(
        verdict.to_json(),
        Table(
            ("check", "result", "what was found"),
            [(item.name, item.outcome.value, item.detail) for item in verdict.checks],
        ),
        "",
        verdict.line,
        "This does not prove:",
        *(f"  {item}" for item in verdict.limits),
    )


def _line(session: Session, link: HistoryLink, rows: dict[int, Currency]) -> tuple[str, str, str]:
    told: dict[str, Any] = link.to_json()
    name = told["event"]
    if name == "Transfer":
        text = f"to {person(session, told['to'])}"
    elif name == "ArtworkSold":
        price = rows[told["currency"]].format_price(told["price"])
        text = f"sold by {told['seller']} to {told['buyer']} for {price}"
    elif name == "ArtworkRegistered":
        text = f"registered by {person(session, told['artist'])}"
    else:
        text = f"REVOKED in case {told['caseId']}"
    return format_time(link.at), text, link.tx_hash


def _row_data(row: Currency) -> dict[str, Any]:
    return {
        "row": row.index,
        "symbol": row.symbol,
        "token": row.token,
        "exponent": row.exponent,
        "decimals": row.decimals,
        "enabled": row.is_enabled,
        "points_per_million": row.points_per_million,
    }
