"""``crmdapp gallery submit``, ``approve``, ``register`` and the like: from a file to a record."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.cli._deliver import NewFileOption, deliver, deliver_signed, json_text
from crmdapp.cli._frame import SendingCommand, command, session_of
from crmdapp.cli._output import Facts, Table
from crmdapp.cli._sending import receipt_data, receipt_line, send
from crmdapp.cli._values import format_time
from crmdapp.cli.customers._common import (
    DeadlineOption,
    ValidForOption,
    deadline_of,
    domain_of,
    read_file,
)
from crmdapp.cli.customers._signing import send_and_tell
from crmdapp.cli.gallery._app import WORK, app
from crmdapp.cli.gallery._common import (
    FileArgument,
    SubmissionArgument,
    WorkArgument,
    board_reader,
    gallery_reader,
    gallery_sender,
    hex_of,
    list_of,
    parse_id,
    person,
    work_facts,
    work_of,
)
from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from crmdapp.cli._context import Session
    from crmdapp.provenance.board_intents import SignedApproval
    from crmdapp.provenance.fingerprints import Fingerprint
    from crmdapp.provenance.review import NearWork
    from crmdapp.provenance.submission import Submission


@command(
    app,
    "fingerprint",
    examples=(
        "crmdapp gallery fingerprint work.png",
        "crmdapp gallery fingerprint work.tif --json",
    ),
)
def fingerprint_(ctx: typer.Context, file: FileArgument) -> None:
    """Show what a record says of a file: hashes, content id, how the picture looks."""
    session = session_of(ctx)
    found = _fingerprint(session, file)
    session.out.result(
        {
            "size": found.size,
            "media_type": found.media_type,
            "keccak": found.keccak,
            "sha256": found.sha256,
            "cid": found.cid,
            "phash": f"{found.phash:#018x}",
            "width": found.width,
            "height": found.height,
            "frames": found.frames,
        },
        Facts(
            [
                ("Kind", found.media_type),
                ("Size", f"{found.size:,} bytes"),
                ("Keccak-256", hex_of(found.keccak)),
                ("SHA-256", hex_of(found.sha256)),
                ("CID", found.cid),
                ("Perceptual hash", f"{found.phash:#018x}" if found.phash else "none: no picture"),
            ]
        ),
    )


@command(
    app,
    "submit",
    examples=(
        "crmdapp gallery submit work.png --title Harbour --artist 'A. Painter' --out work.json",
        "crmdapp gallery submit work.png --title Harbour --artist Anon --royalty 10 --out w.json",
    ),
)
def submit(
    ctx: typer.Context,
    file: FileArgument,
    title: Annotated[str, typer.Option("--title", metavar="TEXT", help="Title of the work.")],
    artist: Annotated[
        str, typer.Option("--artist", metavar="NAME", help="Name as the artist chooses.")
    ],
    year: Annotated[str, typer.Option("--year", metavar="TEXT", help="When it was made.")] = "",
    medium: Annotated[str, typer.Option("--medium", metavar="TEXT", help="Such as oil.")] = "",
    dimensions: Annotated[
        str, typer.Option("--dimensions", metavar="TEXT", help="Such as 60 x 80 cm.")
    ] = "",
    description: Annotated[
        str, typer.Option("--description", metavar="TEXT", help="What it shows.")
    ] = "",
    royalty: Annotated[
        str, typer.Option("--royalty", metavar="PERCENT", help="Of each resale, 0 to 25.")
    ] = "10",
    standards: Annotated[
        int | None,
        typer.Option(
            "--standards", min=1, metavar="VERSION", help="Of the community; asked of the chain."
        ),
    ] = None,
    succession: Annotated[
        int,
        typer.Option(
            "--succession", min=0, max=255, metavar="NUMBER", help="Revoked records of the file."
        ),
    ] = 0,
    contract: Annotated[
        str | None,
        typer.Option("--contract", metavar="ADDRESS", help="With --chain-id no node is needed."),
    ] = None,
    deadline: DeadlineOption = None,
    valid_for: ValidForOption = "30d",
    out: NewFileOption = None,
) -> None:
    """Fingerprint a work and sign its record as its artist; nothing is sent, no gas is paid.

    Give the file that is written to the curators, with the work's file.
    """
    from crmdapp.provenance.submission import metadata_of, submit_work

    session = session_of(ctx)
    found = _fingerprint(session, file)
    domain = domain_of(session, "Artworks", contract)
    version = board_reader(session).state().standards_version if standards is None else standards
    metadata = metadata_of(
        found,
        title,
        artist,
        year=year,
        medium=medium,
        dimensions=dimensions,
        description=description,
    )
    until = deadline_of(session, deadline, valid_for, contract)
    bps = _royalty(royalty)
    session.out.say("You sign this:")
    session.out.show(
        Facts(
            [
                ("Artist", session.signer.address),
                ("Title", metadata.name),
                ("File", f"{file.name}, {found.size:,} bytes, {found.cid}"),
                ("Royalty", f"{bps / 100:g} % of each resale"),
                ("Standards", f"version {version}"),
                ("Register until", format_time(until)),
                ("Gallery", f"{domain.verifying_contract} on chain {domain.chain_id}"),
            ]
        )
    )
    made = submit_work(
        session.signer,
        domain,
        found,
        metadata,
        royalty_bps=bps,
        standards_version=version,
        deadline=until,
        succession=succession,
    )
    deliver(session, json_text(made.to_json()), out, {"id": hex(made.artwork.id)})


@command(
    app,
    "approve",
    examples=(
        "crmdapp gallery approve work.json work.png --out approval-1.json",
        f"crmdapp gallery approve work.json work.png --despite {WORK} --out approval-1.json",
    ),
)
def approve(
    ctx: typer.Context,
    submission: SubmissionArgument,
    file: FileArgument,
    despite: Annotated[
        list[str] | None,
        typer.Option("--despite", metavar="ID", help="A near work that you looked at; repeat."),
    ] = None,
    deadline: DeadlineOption = None,
    valid_for: ValidForOption = "30d",
    out: NewFileOption = None,
) -> None:
    """Check a submission as a curator, and sign it; nothing is sent, no gas is paid.

    All hashes are recomputed from the file, and all registered works are searched for one that
    looks like it. What is wrong is named, and nothing is signed.
    """
    from crmdapp.provenance.board_intents import sign_approval
    from crmdapp.provenance.errors import CuratorOnly
    from crmdapp.provenance.review import registered_works, require_reviewed
    from crmdapp.provenance.submission import read_submission

    session = session_of(ctx)
    made = read_submission(submission)
    found = _fingerprint(session, file)
    client, board = gallery_reader(session), board_reader(session)
    made.require_of(found)
    client.require_signed(made.signed)
    named = [parse_id(item) for item in despite or []]
    like = require_reviewed(made, found, registered_works(client, client.head()), despite=named)
    if not board.is_curator(session.signer.address):
        raise CuratorOnly(session.signer.address)
    until = deadline_of(session, deadline, valid_for)
    session.out.say("All hashes are the file's. You approve this:")
    session.out.show(Facts(_submission_facts(made)))
    _warn_of(session, like)
    signed = sign_approval(session.signer, board.domain, made.artwork, deadline=until)
    deliver_signed(session, signed, out)


@command(
    app,
    "register",
    cls=SendingCommand,
    examples=(
        "crmdapp gallery register work.json approval-1.json approval-2.json approval-3.json",
        "crmdapp gallery register work.json approval-*.json --mint --yes --json",
    ),
)
def register(
    ctx: typer.Context,
    submission: SubmissionArgument,
    approvals: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[APPROVAL]...", help="Curators' files; none after a vote."),
    ] = None,
    mints: Annotated[
        bool, typer.Option("--mint", help="Give the artist the token now, not at the first sale.")
    ] = False,
) -> None:
    """Record a work that its artist signed and curators approved. Anyone may send it."""
    from crmdapp.provenance.board_intents import SignedApproval
    from crmdapp.provenance.submission import read_submission

    session = session_of(ctx)
    made = read_submission(submission)
    given = [read_file(path, SignedApproval.from_json) for path in approvals or []]
    client = gallery_sender(session)
    client.require_signed(made.signed, *given)
    call = client.prepare.register(made.signed, given, mints=mints)
    receipt = send(session, call, [*_submission_facts(made), ("Curators", _signers(given))])
    if receipt is None:
        return
    id_ = client.id_in(receipt)
    session.out.result(
        {"id": hex(id_), "artist": made.artwork.artist, **receipt_data(receipt)},
        f"Registered: {hex(id_)}. {receipt_line(receipt)}",
    )


@command(
    app,
    "mint",
    cls=SendingCommand,
    examples=(f"crmdapp gallery mint {WORK}", "crmdapp gallery mint work.png --yes --json"),
)
def mint(ctx: typer.Context, work: WorkArgument) -> None:
    """Give the artist the token of a registered work before its first sale."""
    session = session_of(ctx)
    client = gallery_sender(session)
    id_ = work_of(client, work)
    about = work_facts(session, client, id_)
    send_and_tell(session, client.prepare.mint(id_), about, id=hex(id_))


@command(
    app,
    "near",
    examples=("crmdapp gallery near work.png", "crmdapp gallery near work.png --distance 8 --json"),
)
def near(
    ctx: typer.Context,
    file: FileArgument,
    distance: Annotated[
        int, typer.Option("--distance", min=0, max=64, metavar="BITS", help="Bits that may differ.")
    ] = 16,
) -> None:
    """Show registered works that look like a picture, the nearest first."""
    from crmdapp.provenance.review import near_works, registered_works

    session = session_of(ctx)
    found = _fingerprint(session, file)
    client = gallery_reader(session)
    works = registered_works(client, client.head())
    like = near_works(works, found.variants, distance=distance, beside=found.keccak)
    session.out.result(
        {"works": len(works), "near": [_near_data(item) for item in like]},
        f"{len(like):,} of {len(works):,} works look like it.",
        Table(
            ("work", ">bits", "artist", "registered"),
            [
                (
                    hex(item.work.id),
                    str(item.distance),
                    person(session, item.work.artist),
                    format_time(item.work.at),
                )
                for item in like
            ],
        ),
    )


# --------------------------------------------------------------------------- inside


def _fingerprint(session: Session, path: Path) -> Fingerprint:
    from crmdapp.provenance.fingerprints import fingerprint

    size = path.stat().st_size if path.is_file() else 0
    with session.out.progress(f"Reading {path.name}", size if size > 1 << 26 else 0, "bytes") as at:
        return fingerprint(path, progress=lambda done, _: at.at(done))


def _royalty(text: str) -> int:
    from decimal import Decimal, InvalidOperation

    try:
        bps = Decimal(text) * 100
    except InvalidOperation:
        bps = Decimal("NaN")
    if not bps.is_finite() or bps != bps.to_integral_value() or not 0 <= bps <= 2_500:
        raise UsageError(f"{text!r} is no royalty.", hint="Write a percentage from 0 to 25.")
    return int(bps)


def _submission_facts(made: Submission) -> list[tuple[str, str]]:
    artwork, metadata = made.artwork, made.metadata
    return [
        ("Title", metadata.name),
        ("By", metadata.artist),
        ("Artist", artwork.artist),
        ("File", f"{metadata.media_type}, {metadata.file_size:,} bytes, {metadata.cid}"),
        ("Royalty", f"{artwork.royalty_bps / 100:g} %"),
        ("Register until", format_time(artwork.deadline)),
        ("Id", hex(artwork.id)),
    ]


def _warn_of(session: Session, like: list[NearWork]) -> None:
    for item in like[:10]:
        session.out.warn(f"{hex(item.work.id)} looks a little like it: {item.distance} bits.")


def _near_data(item: NearWork) -> dict[str, Any]:
    return {
        "id": hex(item.work.id),
        "distance": item.distance,
        "near": item.is_near,
        "artist": item.work.artist,
        "at": item.work.at,
    }


def _signers(given: list[SignedApproval]) -> str:
    return list_of([item.signer for item in given]) if given else "admitted by vote"
