"""``crmdapp items``: what begins, happens to, and ends single items."""

from __future__ import annotations

import csv
import hashlib
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.cli._frame import SendingCommand, command, session_of
from crmdapp.cli._output import Facts
from crmdapp.cli._sending import confirm, origin, result_of_dry_run, was_sent
from crmdapp.cli._values import format_ether
from crmdapp.cli.customers._common import hex_of, read_file
from crmdapp.cli.items._app import BAG, GREEN, app
from crmdapp.cli.items._common import (
    BizStepOption,
    DispositionOption,
    EventOption,
    IssuerOption,
    ItemArgument,
    ItemsArgument,
    TimeOption,
    about_items,
    about_step,
    desk,
    event_hash_named,
    items_named,
    send_and_tell,
    step_of,
)
from crmdapp.errors import CrmdappError, FileFault, FileRejected, UsageError

if TYPE_CHECKING:
    from crmdapp.chain.calls import Call
    from crmdapp.chain.transactions import Receipt
    from crmdapp.cli._context import Session
    from crmdapp.provenance.item_models import Commission, ItemStep
    from crmdapp.provenance.items import ItemsClient

_COLUMNS = ("link", "level", "quantity", "unit", "tag")
_WRONG = "0x" + "5a" * 32


@command(
    app,
    "commission",
    cls=SendingCommand,
    examples=(
        f"crmdapp items commission {BAG} --step commissioning --disposition active",
        f"crmdapp items commission {GREEN} --quantity 60 --unit KGM --certifier certifier",
        "crmdapp items commission --file harvest.csv --once harvest-2026 --yes",
    ),
)
def commission(
    ctx: typer.Context,
    links: Annotated[
        list[str] | None, typer.Argument(metavar="[LINK]...", help="GS1 Digital Links.")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", metavar="FILE", help=f"CSV with {', '.join(_COLUMNS)}; thousands."),
    ] = None,
    level: Annotated[
        int, typer.Option("--level", min=0, max=4, help="0 a piece, 1 a box, 2 a pallet, ...")
    ] = 0,
    quantity: Annotated[
        str | None, typer.Option("--quantity", metavar="AMOUNT", help="Of a lot, such as 12.5.")
    ] = None,
    unit: Annotated[
        str, typer.Option("--unit", metavar="CODE", help="Of a lot: KGM, LTR, H87 (pieces), ...")
    ] = "",
    certifier: Annotated[
        str | None,
        typer.Option("--certifier", metavar="ADDRESS", help="Of a lot: who signs yield factors."),
    ] = None,
    tag: Annotated[
        str | None,
        typer.Option("--tag", metavar="ADDRESS", help="Key under the seal: crmdapp items tag new."),
    ] = None,
    step: BizStepOption = None,
    disposition: DispositionOption = None,
    time: TimeOption = None,
    event: EventOption = None,
) -> None:
    """Register new items of the account: single ones, lots, or a file of thousands.

    A file is sent in as many transactions as blocks bear. Run again after an interruption, with the
    same file, it sends what is missing.
    """
    session = session_of(ctx)
    client = desk(session)
    what = step_of(session, step=step, disposition=disposition, time=time, event=event)
    if file is not None:
        if links:
            raise UsageError("Name links, or a file of them, not both.")
        _commission_file(session, client, file, what)
        return
    items = [
        _new(session, link, level, quantity or "", unit, tag or "", certifier)
        for link in links or ()
    ]
    call = client.prepare.commission(items, what)
    ids = _ids(session, items)
    send_and_tell(
        session,
        call,
        [*about_items(ids), *about_step(what)],
        f"{len(items)} registered.",
        items=_texts(ids),
    )


def _commission_file(session: Session, client: ItemsClient, file: Path, what: ItemStep) -> None:
    text = read_file(file, str)
    items = _rows(session, text, str(file))
    # The file's hash in the name: another file under the same --once is another work.
    name = f"{session.once or 'commission'}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    parts = [
        (f"{name}:{number}", count, call)
        for number, (count, call) in enumerate(client.commission_calls(items, what), start=1)
    ]
    fresh = [part for part in parts if not was_sent(session, part[0])]
    simulations = [session.sender.simulate(fresh[0][2])] if fresh else []
    ceiling = sum(item.gas * item.max_fee for item in simulations) * len(fresh)
    facts = [
        *origin(session),
        ("Items", f"{len(items):,} in {len(parts):,} transactions"),
        ("Sent before", f"{len(parts) - len(fresh):,}"),
        ("Fee ceiling", f"about {format_ether(ceiling)}"),
        *about_step(what),
    ]
    session.out.show(Facts(facts), to_decide=not session.yes)
    if session.dry_run:
        result_of_dry_run(session, [part[2] for part in fresh[:1]], simulations)
        return
    if fresh:
        confirm(session, "Send them?")
        session.signer.unlock()
    receipts = _register(session, client, parts, {part[0] for part in fresh})
    session.out.result(
        {
            "items": len(items),
            "transactions": [receipt.hash for receipt in receipts],
            "gas_used": sum(receipt.gas_used for receipt in receipts),
        },
        f"{len(items):,} items are registered, in {len(receipts):,} transactions.",
    )


def _register(
    session: Session, client: ItemsClient, parts: list[tuple[str, int, Call]], fresh: set[str]
) -> list[Receipt]:
    """Send what was not sent, and return the receipts of all parts, in order."""
    sending = client.sender.send_many((key, call) for key, _, call in parts if key in fresh)
    receipts, done = [], 0
    total = sum(count for _, count, _ in parts)
    with session.out.progress("Registering", total, "items") as progress:
        for key, count, _ in parts:
            receipts.append(next(sending) if key in fresh else client.sender.wait(key))
            done += count
            progress.at(done)
    return receipts


def _rows(session: Session, text: str, name: str) -> list[Commission]:
    lines = csv.DictReader(StringIO(text), strict=True)
    heading = set(lines.fieldnames or ())
    if "link" not in heading or not heading <= set(_COLUMNS):
        reason = f"the heading has link and perhaps {', '.join(_COLUMNS[1:])}"
        raise FileRejected(f"{name} is no list of items.", [FileFault(1, "", reason)])
    found: list[Commission] = []
    faults: list[FileFault] = []
    try:
        for row in lines:
            try:
                found.append(_of_row(session, row))
            except CrmdappError as problem:
                reason = problem.message.rstrip(".")
                faults.append(FileFault(lines.line_num, "", reason))
    except csv.Error as problem:
        faults.append(FileFault(lines.line_num, "", f"it is no CSV: {problem}"))
    if faults or not found:
        reason = f"{name} has {len(faults)} faults." if faults else f"{name} names no item."
        raise FileRejected(reason, faults, hint="Mend the lines named; nothing was sent.")
    return found


def _of_row(session: Session, row: dict[str, Any]) -> Commission:
    cells = {column: (row.get(column) or "").strip() for column in _COLUMNS}
    level = cells["level"] or "0"
    if row.get(None) or not level.isdigit():  # type: ignore[call-overload]  # csv's own sign for too many
        raise UsageError("a value stands where none belongs")
    found = _new(
        session, cells["link"], int(level), cells["quantity"], cells["unit"], cells["tag"], None
    )
    from crmdapp.provenance.item_models import require_commission

    return require_commission(found)


def _new(
    session: Session,
    link: str,
    level: int,
    quantity: str,
    unit: str,
    tag: str,
    certifier: str | None,
) -> Commission:
    from crmdapp.chain.addresses import ZERO_ADDRESS
    from crmdapp.cli.items._common import gs1_link
    from crmdapp.provenance.gs1.epc import epc_hash
    from crmdapp.provenance.item_models import Commission, parse_quantity

    return Commission(
        epc_hash(gs1_link(link)),
        level,
        session.address(tag) if tag else ZERO_ADDRESS,
        parse_quantity(quantity) if quantity else 0,
        unit,
        session.address(certifier) if certifier else ZERO_ADDRESS,
    )


@command(
    app,
    "observe",
    cls=SendingCommand,
    examples=(
        f"crmdapp items observe {BAG} --step inspecting --disposition conformant",
        f"crmdapp items observe {BAG} --event inspection.json --yes --json",
    ),
)
def observe(
    ctx: typer.Context,
    items: ItemsArgument,
    issuer: IssuerOption = None,
    step: BizStepOption = None,
    disposition: DispositionOption = None,
    time: TimeOption = None,
    event: EventOption = None,
) -> None:
    """Note what happened to items of the account; voids hand-overs that were signed before."""
    session = session_of(ctx)
    client = desk(session)
    ids = items_named(session, client, items, issuer)
    what = step_of(session, step=step, disposition=disposition, time=time, event=event)
    call = client.prepare.observe(ids, what)
    about = [*about_items(ids), *about_step(what)]
    send_and_tell(session, call, about, f"{len(ids)} noted.", items=_texts(ids))


@command(
    app,
    "retire",
    cls=SendingCommand,
    examples=(
        f"crmdapp items retire {BAG} --step retail_selling --disposition retail_sold",
        f"crmdapp items retire {BAG} --disposition destroyed --yes",
    ),
)
def retire(
    ctx: typer.Context,
    items: ItemsArgument,
    issuer: IssuerOption = None,
    step: BizStepOption = None,
    disposition: DispositionOption = None,
    time: TimeOption = None,
    event: EventOption = None,
) -> None:
    """End items of the account: sold for good, used up, destroyed."""
    session = session_of(ctx)
    client = desk(session)
    ids = items_named(session, client, items, issuer)
    what = step_of(session, step=step, disposition=disposition, time=time, event=event)
    call = client.prepare.retire(ids, what)
    about = [*about_items(ids), *about_step(what)]
    send_and_tell(session, call, about, f"{len(ids)} ended.", items=_texts(ids))


@command(
    app,
    "declare-error",
    cls=SendingCommand,
    examples=(
        f"crmdapp items declare-error {BAG} {_WRONG}",
        f"crmdapp items declare-error {BAG} {_WRONG} --correction right.json --yes",
    ),
)
def declare_error(
    ctx: typer.Context,
    item: ItemArgument,
    wrong: Annotated[str, typer.Argument(metavar="HASH", help="Event hash, or the event's id.")],
    correction: Annotated[
        Path | None,
        typer.Option("--correction", metavar="FILE", help="EPCIS file with the right event."),
    ] = None,
    issuer: IssuerOption = None,
) -> None:
    """Declare an earlier event of an item wrong; it stays on the ledger beside its correction."""
    from crmdapp.cli.items._common import one_event
    from crmdapp.provenance.item_models import NO_WORD

    session = session_of(ctx)
    client = desk(session)
    ids = items_named(session, client, [item], issuer)
    digest = event_hash_named(wrong)
    right = NO_WORD if correction is None else one_event(correction).event_hash
    call = client.prepare.declare_error(ids[0], digest, right)
    about = [*about_items(ids), ("Wrong", hex_of(digest))]
    if right != NO_WORD:
        about.append(("Right", hex_of(right)))
    send_and_tell(
        session, call, about, "Declared wrong.", item=_texts(ids)[0], wrong=digest, right=right
    )


@command(
    app,
    "recall",
    cls=SendingCommand,
    examples=(
        f"crmdapp items recall {GREEN} --reason notice.pdf",
        f"crmdapp items recall {BAG} --reason notice.pdf --yes --json",
    ),
)
def recall(
    ctx: typer.Context,
    links: Annotated[list[str], typer.Argument(metavar="LINK...", help="GS1 Digital Links.")],
    reason: Annotated[
        Path,
        typer.Option("--reason", metavar="FILE", help="The published reason."),
    ],
) -> None:
    """Call back items that the account issued, whoever has them now.

    What is made of them is concerned too: crmdapp items trace LINK --recall lists it.
    """
    from crmdapp.chain._keccak import keccak
    from crmdapp.cli.items._common import gs1_link
    from crmdapp.provenance.gs1.epc import epc_hash
    from crmdapp.provenance.item_models import item_of

    session = session_of(ctx)
    client = desk(session)
    try:
        digest = keccak(reason.read_bytes())
    except OSError as problem:
        raise UsageError(f"{reason} cannot be read: {problem.strerror}.") from None
    words = [epc_hash(gs1_link(link)) for link in links]
    ids = tuple(item_of(session.signer.address, word) for word in words)
    call = client.prepare.recall(words, digest)
    about = [*about_items(ids), ("Reason", hex_of(digest))]
    said = f"{len(ids)} called back. What is made of it: crmdapp items trace LINK --recall"
    send_and_tell(session, call, about, said, items=_texts(ids), reason_hash=digest)


def _ids(session: Session, items: list[Commission]) -> tuple[int, ...]:
    from crmdapp.provenance.item_models import item_of

    return tuple(item_of(session.signer.address, item.epc_hash) for item in items)


def _texts(ids: tuple[int, ...]) -> list[str]:
    from crmdapp.provenance.item_models import item_text

    return [item_text(item) for item in ids]
