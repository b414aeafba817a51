"""``crmdapp gallery board``: who the curators are, and how they change that."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crmdapp.cli._deliver import NewFileOption, deliver_signed
from crmdapp.cli._frame import SendingCommand, command, group, session_of
from crmdapp.cli._output import Facts, Table
from crmdapp.cli._values import format_ether, format_time, iso_time
from crmdapp.cli.customers._common import (
    DeadlineOption,
    ValidForOption,
    deadline_of,
    read_file,
)
from crmdapp.cli.customers._signing import send_and_tell
from crmdapp.cli.gallery._common import board_reader, board_sender, hex_of, list_of, person

if TYPE_CHECKING:
    from crmdapp.cli._context import Session
    from crmdapp.provenance.board_intents import BoardChange

_CURATOR = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"

app = group(
    help="The curators: who they are, and how they change that.",
    examples=(
        "crmdapp gallery board show",
        f"crmdapp gallery board change --admit {_CURATOR} --quorum 2 --out change-1.json",
    ),
)

ChangesArgument = Annotated[
    list[Path],
    typer.Argument(metavar="FILES...", help="The same change, one file for each who signed."),
]


@app.callback()
def board() -> None:
    """The curators: who they are, and how they change that."""


@command(
    app,
    "show",
    examples=("crmdapp gallery board show", "crmdapp gallery board show --json"),
)
def show(ctx: typer.Context) -> None:
    """Show the board: curators, quorum, standards, bond and periods."""
    session = session_of(ctx)
    client = board_reader(session)
    state, rules, named = client.state(), client.rules, client.curators()
    standards = client.standards_hash(state.standards_version)
    session.out.result(
        {
            "board": client.contract.address,
            "curators": list(named),
            "quorum": state.quorum,
            "epoch": state.epoch,
            "standards_version": state.standards_version,
            "standards_hash": standards,
            "standards_since": iso_time(state.standards_since),
            "bond": str(rules.bond),
            "commit_period": rules.commit_period,
            "reveal_period": rules.reveal_period,
            "notice": rules.notice,
            "near_distance": rules.near_distance,
        },
        Facts(
            [
                ("Board", client.contract.address),
                ("Quorum", f"{state.quorum} of {state.curators}"),
                ("Standards", f"version {state.standards_version}, {hex_of(standards)}"),
                ("Since", format_time(state.standards_since)),
                ("Bond", format_ether(rules.bond)),
                ("Votes", f"{rules.commit_period:,} s to commit, {rules.reveal_period:,} s more"),
                ("Changes so far", str(state.epoch)),
            ]
        ),
        Table(("curator",), [(person(session, item),) for item in named]),
    )


@command(
    app,
    "change",
    examples=(
        f"crmdapp gallery board change --admit {_CURATOR} --quorum 2 --out change-1.json",
        "crmdapp gallery board change --standards standards.pdf --out change-1.json",
    ),
)
def change(
    ctx: typer.Context,
    admit: Annotated[
        list[str] | None, typer.Option("--admit", metavar="WHO", help="A new curator; repeat.")
    ] = None,
    dismiss: Annotated[
        list[str] | None, typer.Option("--dismiss", metavar="WHO", help="Who goes; repeat.")
    ] = None,
    quorum: Annotated[
        int | None,
        typer.Option("--quorum", min=1, max=64, metavar="NUMBER", help="As it is if left out."),
    ] = None,
    standards: Annotated[
        Path | None, typer.Option("--standards", metavar="FILE", help="The new standards.")
    ] = None,
    deadline: DeadlineOption = None,
    valid_for: ValidForOption = "30d",
    out: NewFileOption = None,
) -> None:
    """Draw up a change of the board and sign it as a curator; nothing is sent.

    The other curators sign the same: crmdapp gallery board approve-change.
    """
    from crmdapp.provenance.board_intents import BoardChange
    from crmdapp.provenance.fingerprints import hash_file

    session = session_of(ctx)
    state = board_reader(session).state()
    drawn = BoardChange(
        admitted=tuple(session.address(item) for item in admit or []),
        dismissed=tuple(session.address(item) for item in dismiss or []),
        quorum=state.quorum if quorum is None else quorum,
        standards_hash=bytes(32) if standards is None else hash_file(standards).keccak,
        epoch=state.epoch,
    )
    _sign(session, drawn, deadline_of(session, deadline, valid_for), out)


@command(
    app,
    "approve-change",
    examples=(
        "crmdapp gallery board approve-change change-1.json --out change-2.json",
        "crmdapp gallery board approve-change change-1.json --valid-for 7d --out change-2.json",
    ),
)
def approve_change(
    ctx: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The change as another curator signed it.")
    ],
    deadline: DeadlineOption = None,
    valid_for: ValidForOption = "30d",
    out: NewFileOption = None,
) -> None:
    """Sign the change that another curator signed; nothing is sent."""
    from crmdapp.provenance.board_intents import SignedChangeApproval

    session = session_of(ctx)
    drawn = read_file(file, SignedChangeApproval.from_json).approval.change
    _sign(session, drawn, deadline_of(session, deadline, valid_for), out)


@command(
    app,
    "carry-out",
    cls=SendingCommand,
    examples=(
        "crmdapp gallery board carry-out change-1.json change-2.json",
        "crmdapp gallery board carry-out change-*.json --yes --json",
    ),
)
def carry_out(ctx: typer.Context, files: ChangesArgument) -> None:
    """Carry out a change that more than half of the curators signed. Anyone may send it."""
    from crmdapp.provenance.board_intents import SignedChangeApproval

    session = session_of(ctx)
    given = [read_file(path, SignedChangeApproval.from_json) for path in files]
    drawn = given[0].approval.change
    client = board_sender(session)
    call = client.prepare.change(drawn, given)
    about = [*_facts(session, drawn), ("Signed by", list_of([item.signer for item in given]))]
    send_and_tell(session, call, about, epoch=drawn.epoch + 1)


def _sign(session: Session, drawn: BoardChange, until: int, out: Path | None) -> None:
    from crmdapp.provenance.board_intents import sign_change_approval
    from crmdapp.provenance.errors import BoardChangeStale, CuratorOnly

    client = board_reader(session)
    epoch = client.state().epoch
    if drawn.epoch != epoch:
        raise BoardChangeStale(drawn.epoch, epoch)
    if not client.is_curator(session.signer.address):
        raise CuratorOnly(session.signer.address)
    session.out.say("You sign this:")
    session.out.show(Facts([*_facts(session, drawn), ("Until", format_time(until))]))
    signed = sign_change_approval(session.signer, client.domain, drawn, deadline=until)
    deliver_signed(session, signed, out)


def _facts(session: Session, drawn: BoardChange) -> list[tuple[str, str]]:
    stays = not any(drawn.standards_hash)
    return [
        ("Admitted", list_of([person(session, item) for item in drawn.admitted])),
        ("Dismissed", list_of([person(session, item) for item in drawn.dismissed])),
        ("Quorum", str(drawn.quorum)),
        ("Standards", "as they are" if stays else hex_of(drawn.standards_hash)),
        ("Change number", str(drawn.epoch + 1)),
    ]
