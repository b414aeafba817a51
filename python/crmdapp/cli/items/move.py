"""``crmdapp items``: boxes and hands: pack, unpack, hand over, receive."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.cli._deliver import NewFileOption, deliver_signed
from crmdapp.cli._frame import Command, SendingCommand, command, session_of
from crmdapp.cli._output import Facts
from crmdapp.cli._values import format_time, parse_time
from crmdapp.cli.customers._common import (
    DeadlineOption,
    ValidForOption,
    deadline_of,
    domain_of,
    person,
    read_file,
)
from crmdapp.cli.items._app import BAG, BOX, PALLET, app
from crmdapp.cli.items._common import (
    BizStepOption,
    DispositionOption,
    EventOption,
    HandoverArgument,
    IssuerOption,
    ItemArgument,
    ItemsArgument,
    LedgerOption,
    TimeOption,
    about_items,
    about_step,
    desk,
    items_named,
    one_event,
    reader,
    send_and_tell,
    step_of,
)
from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from crmdapp.cli._context import Session
    from crmdapp.provenance.item_intents import SignedHandover

_QR = (".png", ".svg")


@command(
    app,
    "pack",
    cls=SendingCommand,
    examples=(
        f"crmdapp items pack {BOX} {BAG}",
        f"crmdapp items pack {PALLET} {BOX} --event packing.json --yes",
    ),
)
def pack(
    ctx: typer.Context,
    parent: ItemArgument,
    items: ItemsArgument,
    issuer: IssuerOption = None,
    step: BizStepOption = "packing",
    disposition: DispositionOption = None,
    time: TimeOption = None,
    event: EventOption = None,
) -> None:
    """Pack items of the account into another of its own; they move with it from then on."""
    _packing(ctx, "pack", parent, items, issuer, (step, disposition, time, event))


@command(
    app,
    "unpack",
    cls=SendingCommand,
    examples=(
        f"crmdapp items unpack {BOX} {BAG}",
        f"crmdapp items unpack {PALLET} {BOX} --event unpacking.json --yes",
    ),
)
def unpack(
    ctx: typer.Context,
    parent: ItemArgument,
    items: ItemsArgument,
    issuer: IssuerOption = None,
    step: BizStepOption = "unpacking",
    disposition: DispositionOption = None,
    time: TimeOption = None,
    event: EventOption = None,
) -> None:
    """Unpack items; whoever has the outermost box has them then."""
    _packing(ctx, "unpack", parent, items, issuer, (step, disposition, time, event))


def _packing(
    ctx: typer.Context,
    function: str,
    parent: str,
    items: list[str],
    issuer: str | None,
    said: tuple[str | None, str | None, str | None, Path | None],
) -> None:
    session = session_of(ctx)
    client = desk(session)
    box, *ids = items_named(session, client, [parent, *items], issuer)
    step, disposition, time, event = said
    word = None if event is not None else step
    what = step_of(session, step=word, disposition=disposition, time=time, event=event)
    call = getattr(client.prepare, function)(box, ids, what)
    about = [*about_items([box], "Parent"), *about_items(ids), *about_step(what)]
    done = "packed" if function == "pack" else "unpacked"
    send_and_tell(session, call, about, f"{len(ids)} {done}.", parent=_text(box), items=_texts(ids))


@command(
    app,
    "hand-over",
    cls=Command,
    examples=(
        f"crmdapp items hand-over {PALLET} --to carrier --out pallet.json",
        f"crmdapp items hand-over {PALLET} --to carrier --out pallet.png",
        f"crmdapp items hand-over {BAG} --to carrier --at-step 3 --issuer farmer --chain-id 1",
    ),
)
def hand_over(
    ctx: typer.Context,
    items: ItemsArgument,
    to: Annotated[str, typer.Option("--to", metavar="ADDRESS", help="Who takes them.")],
    issuer: IssuerOption = None,
    time: TimeOption = None,
    event: Annotated[
        Path | None,
        typer.Option("--event", metavar="FILE", help="EPCIS file with the one event."),
    ] = None,
    deadline: DeadlineOption = None,
    valid_for: ValidForOption = "24h",
    at_step: Annotated[
        list[int] | None,
        typer.Option("--at-step", metavar="STEP", help="The items' steps, to sign without a node."),
    ] = None,
    ledger: LedgerOption = None,
    out: NewFileOption = None,
) -> None:
    """Sign items over to somebody; nothing is sent. The taker submits it (crmdapp items receive).

    With --ledger, --chain-id, --issuer and --at-step no node is needed. A name that ends in .png or
    .svg gives a QR code for the taker's phone. The word is void when an item takes another step.
    """
    import time as clock

    from crmdapp.provenance.item_models import NO_WORD, item_of
    from crmdapp.provenance.item_signing import sign_handover

    session = session_of(ctx)
    domain = domain_of(session, "ItemLedger", ledger)
    taker = session.address(to)
    if at_step:
        if issuer is None or len(at_step) != len(items):
            raise UsageError("Without a node, name the --issuer and one --at-step for each item.")
        ids = tuple(
            int(text, 16) if text.startswith("0x") else item_of(session.address(issuer), text)
            for text in items
        )
        steps = dict(zip(ids, at_step, strict=True))
    else:
        client = reader(session, ledger)
        steps = client.steps(items_named(session, client, items, issuer))
    when, digest = 0, NO_WORD
    if event is not None:
        found = one_event(event)
        when, digest = found.event_time, found.event_hash
    elif time is not None:
        when = parse_time(time)
    else:
        when = int(clock.time()) if at_step else session.connection.block_timestamp()
    until = deadline_of(session, deadline, valid_for, ledger if at_step else None)
    signed = sign_handover(
        session.signer, domain, steps, taker, event_time=when, deadline=until, event_hash=digest
    )
    session.out.say("You sign this:")
    session.out.show(Facts(_about(session, signed)))
    _deliver(session, signed, out)


@command(
    app,
    "accept",
    cls=Command,
    examples=(
        "crmdapp items accept pallet.json --account carrier --out both.json",
        "crmdapp items accept pallet.json --account carrier --out both.png",
    ),
)
def accept(ctx: typer.Context, file: HandoverArgument, out: NewFileOption = None) -> None:
    """Sign, as the taker, a hand-over that the giver signed; anybody can submit it then.

    Nothing is sent, and no node is needed.
    """
    session = session_of(ctx)
    signed = _read(file)
    session.out.say("You sign this:")
    session.out.show(Facts(_about(session, signed)))
    _deliver(session, signed.accept(session.signer), out)


@command(
    app,
    "receive",
    cls=SendingCommand,
    examples=(
        "crmdapp items receive pallet.json --account carrier",
        "crmdapp items receive pallet.json --account carrier --yes --json",
    ),
)
def receive(ctx: typer.Context, file: HandoverArgument) -> None:
    """Take over items that were signed over to the account."""
    session = session_of(ctx)
    client = desk(session)
    signed = _read(file)
    call = client.receive_call(signed)
    _submit(session, call, signed)


@command(
    app,
    "relay",
    cls=SendingCommand,
    examples=(
        "crmdapp items relay both.json",
        "crmdapp items relay both.json --account outsider --yes --json",
    ),
)
def relay(ctx: typer.Context, file: HandoverArgument) -> None:
    """Submit a hand-over that both parties signed; the account pays the gas for them."""
    session = session_of(ctx)
    client = desk(session)
    signed = _read(file)
    call = client.relay_call(signed)
    _submit(session, call, signed)


def _submit(session: Session, call: Any, signed: SignedHandover) -> None:
    handover = signed.handover
    send_and_tell(
        session,
        call,
        _about(session, signed),
        f"{len(handover.items)} handed over to {person(session, handover.to)}.",
        items=_texts(handover.items),
        giver=handover.from_,
        taker=handover.to,
    )


def _deliver(session: Session, signed: SignedHandover, out: Path | None) -> None:
    from crmdapp.chain.qr import write_link
    from crmdapp.provenance.handover_links import handover_link

    if out is None or out.suffix.lower() not in _QR:
        deliver_signed(session, signed, out)
        return
    write_link(out, handover_link(signed))
    session.out.result({"file": out, "digest": signed.digest}, f"Written to {out}.")


def _read(file: Path) -> SignedHandover:
    from crmdapp.provenance.handover_links import read_handover

    return read_file(file, read_handover)


def _about(session: Session, signed: SignedHandover) -> list[tuple[str, str]]:
    from crmdapp.provenance.item_models import NO_WORD

    handover = signed.handover
    pairs = [
        ("From", person(session, handover.from_)),
        ("To", person(session, handover.to)),
        *about_items(handover.items),
        ("Time", format_time(handover.event_time)),
        ("Until", format_time(handover.deadline)),
    ]
    if handover.event_hash != NO_WORD:
        pairs.append(("Event", "0x" + handover.event_hash.hex()))
    return pairs


def _text(item: int) -> str:
    from crmdapp.provenance.item_models import item_text

    return item_text(item)


def _texts(items: tuple[int, ...] | list[int]) -> list[str]:
    return [_text(item) for item in items]
