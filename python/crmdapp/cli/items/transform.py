"""``crmdapp items transform`` and ``yield-factor``: new items from others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crmdapp.cli._deliver import NewFileOption, deliver_signed
from crmdapp.cli._frame import Command, SendingCommand, command, session_of
from crmdapp.cli.customers._common import (
    DeadlineOption,
    NonceOption,
    ValidForOption,
    deadline_of,
    domain_of,
    nonce_of,
    read_file,
)
from crmdapp.cli.customers._signing import show_permission
from crmdapp.cli.items._app import GREEN, app
from crmdapp.cli.items._common import (
    BizStepOption,
    DispositionOption,
    EventOption,
    IssuerOption,
    LedgerOption,
    TimeOption,
    about_step,
    desk,
    items_named,
    send_and_tell,
    step_of,
)
from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from crmdapp.cli._context import Session
    from crmdapp.provenance.item_models import Commission, TransformationInput
    from crmdapp.provenance.items import ItemsClient

_ROASTED = "https://id.gs1.org/01/09506000134369/10/ROAST-1"


@command(
    app,
    "transform",
    cls=SendingCommand,
    examples=(
        f"crmdapp items transform --input {GREEN}=50 --output {_ROASTED}=42KGM",
        f"crmdapp items transform --input {GREEN}=50 --output {_ROASTED}=84H87 --factor yield.json",
    ),
)
def transform(
    ctx: typer.Context,
    inputs: Annotated[
        list[str],
        typer.Option("--input", metavar="ITEM[=AMOUNT]", help="What is used; of a lot how much."),
    ],
    outputs: Annotated[
        list[str],
        typer.Option("--output", metavar="LINK[=AMOUNTUNIT]", help="What comes out: LINK=42KGM."),
    ],
    factors: Annotated[
        list[Path] | None,
        typer.Option("--factor", metavar="FILE", help="Signed yield factor; repeat for each unit."),
    ] = None,
    issuer: IssuerOption = None,
    step: BizStepOption = None,
    disposition: DispositionOption = None,
    time: TimeOption = None,
    event: EventOption = None,
) -> None:
    """Make new items of the account from others: never more than goes in.

    Single items are used up. All lots that come out have one unit; what goes in in another needs a
    yield factor that the certifier of the lot signed.
    """
    from crmdapp.provenance.item_intents import SignedYieldFactor
    from crmdapp.provenance.item_models import item_of, item_text

    session = session_of(ctx)
    client = desk(session)
    what = step_of(session, step=step, disposition=disposition, time=time, event=event)
    used = _inputs(session, client, inputs, issuer)
    made = [_output(text) for text in outputs]
    signed = [read_file(path, SignedYieldFactor.from_json) for path in factors or ()]
    call = client.transform_call(used, made, what, signed)
    ids = [item_of(session.signer.address, item.epc_hash) for item in made]
    about = [
        *(("Uses", text) for text in inputs),
        *(("Makes", text) for text in outputs),
        *about_step(what),
    ]
    send_and_tell(
        session,
        call,
        about,
        f"{len(made)} made of {len(used)}.",
        inputs=[item_text(item.item) for item in used],
        outputs=[item_text(item) for item in ids],
    )


@command(
    app,
    "yield-factor",
    cls=Command,
    examples=(
        "crmdapp items yield-factor --producer roaster --of 1KGM --makes 0.84KGM --out yield.json",
        "crmdapp items yield-factor --producer roaster --of 1KGM --makes 4H87 --valid-for 365d",
    ),
)
def yield_factor(
    ctx: typer.Context,
    producer: Annotated[str, typer.Option("--producer", metavar="ADDRESS", help="Who may use it.")],
    of: Annotated[str, typer.Option("--of", metavar="AMOUNTUNIT", help="So much goes in: 1KGM.")],
    makes: Annotated[
        str, typer.Option("--makes", metavar="AMOUNTUNIT", help="So much comes out: 4H87.")
    ],
    deadline: DeadlineOption = None,
    valid_for: ValidForOption = "30d",
    nonce: NonceOption = None,
    ledger: LedgerOption = None,
    out: NewFileOption = None,
) -> None:
    """Sign, as a certifier, how much of one unit a producer makes of another; nothing is sent.

    Whoever has to revoke it cancels its number. With --ledger and --chain-id no node is needed.
    """
    from crmdapp.provenance.item_signing import sign_yield_factor

    session = session_of(ctx)
    domain = domain_of(session, "ItemLedger", ledger)
    denominator, from_unit = _amount(of)
    numerator, to_unit = _amount(makes)
    signed = sign_yield_factor(
        session.signer,
        domain,
        session.address(producer),
        from_unit,
        to_unit,
        numerator=numerator,
        denominator=denominator,
        nonce=nonce_of(session, domain, nonce),
        valid_until=deadline_of(session, deadline, valid_for, ledger),
    )
    show_permission(session, signed.factor, domain)
    session.out.say(f"  {of} gives {makes}, for {producer}.")
    deliver_signed(session, signed, out)


def _inputs(
    session: Session, client: ItemsClient, texts: list[str], issuer: str | None
) -> list[TransformationInput]:
    from crmdapp.provenance.item_models import TransformationInput, parse_quantity

    parts = [text.rpartition("=") if "=" in text else (text, "", "") for text in texts]
    ids = items_named(session, client, [name for name, _, _ in parts], issuer)
    return [
        TransformationInput(item, parse_quantity(amount) if amount else 0)
        for item, (_, _, amount) in zip(ids, parts, strict=True)
    ]


def _output(text: str) -> Commission:
    from crmdapp.cli.items._common import gs1_link
    from crmdapp.provenance.gs1.epc import epc_hash
    from crmdapp.provenance.item_models import Commission

    link, sign, amount = text.rpartition("=") if "=" in text else (text, "", "")
    quantity, unit = _amount(amount) if sign else (0, "")
    return Commission(epc_hash(gs1_link(link)), quantity=quantity, unit=unit)


def _amount(text: str) -> tuple[int, str]:
    import re

    from crmdapp.provenance.item_models import parse_quantity

    found = re.fullmatch(r"([0-9.]+)([A-Z][0-9A-Z]{0,2})", text)
    if found is None:
        raise UsageError(
            f"{text!r} is no amount with a unit.", hint="Write 12.5KGM, 4H87, 0.75LTR."
        )
    return parse_quantity(found[1]), found[2]
