"""``crmdapp elections poll``: public votes, where everybody sees who voted how."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.cli._deliver import NewFileOption, deliver
from crmdapp.cli._frame import SendingCommand, command, group, session_of
from crmdapp.cli._output import Facts, Table
from crmdapp.cli._sending import receipt_data, receipt_line, send
from crmdapp.cli._values import format_time, iso_time
from crmdapp.cli.customers._common import hex_of, read_file
from crmdapp.cli.elections._common import client_of
from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from crmdapp.ballots.poll_definition import PollDefinition
    from crmdapp.ballots.polls import Poll, PollsClient
    from crmdapp.ballots.weights import Weights
    from crmdapp.cli._context import Session

FileArgument = Annotated[
    Path, typer.Argument(metavar="FILE", help="The poll's definition, in JSON or YAML.")
]
PollArgument = Annotated[int, typer.Argument(metavar="POLL", min=1, help="Number of the poll.")]
PollDefinitionOption = Annotated[
    Path | None,
    typer.Option("--definition", metavar="FILE", help="Its definition, for the options' names."),
]
WeightsOption = Annotated[
    Path | None,
    typer.Option("--weights", metavar="FILE", help="CSV address,weight: see poll weights."),
]

app = group(
    help="Open polls: public votes, one to an account or weighted by balances.",
    examples=(
        "crmdapp elections poll create bench.yaml",
        "crmdapp elections poll vote 1 2",
    ),
)


@command(
    app,
    "create",
    cls=SendingCommand,
    examples=(
        "crmdapp elections poll create bench.yaml",
        "crmdapp elections poll create bench.json --weights weights.csv --once bench --yes",
    ),
)
def create(ctx: typer.Context, file: FileArgument, weights: WeightsOption = None) -> None:
    """Create a public vote; nothing of it can be changed, and nobody has any power over it.

    If the definition names a token, its balances are read from the chain, or from --weights.
    """
    from crmdapp.ballots.poll_definition import load_poll
    from crmdapp.ballots.polls import PollsClient

    session = session_of(ctx)
    definition = load_poll(file)
    client = client_of(session, PollsClient, sends=True)
    found = _weights_for(session, definition, weights)
    receipt = send(session, client.create_call(definition, found), _about(definition, found))
    if receipt is None:
        return
    number = client.number_in(receipt)
    session.out.result(
        {
            "poll": number,
            "definition_hash": definition.hash,
            "weights_root": None if found is None else found.root,
            **receipt_data(receipt),
        },
        f"Poll {number}. {receipt_line(receipt)}",
    )


def _about(definition: PollDefinition, weights: Weights | None) -> list[tuple[str, str]]:
    pairs = [
        ("Title", definition.title),
        ("Options", ", ".join(definition.options)),
        ("Opens", format_time(definition.opens_at)),
        ("Closes", format_time(definition.closes_at)),
        ("Definition", hex_of(definition.hash)),
    ]
    if weights is not None:
        pairs.append(("Weights", f"{weights.total:,} of {len(weights):,} voters"))
        pairs.append(("Root", hex_of(weights.root)))
    return pairs


def _weights_for(session: Session, definition: PollDefinition, file: Path | None) -> Weights | None:
    from crmdapp.ballots.weights import read_weights, weights_at

    if file is not None:
        return read_weights(file)
    if definition.weights is None:
        return None
    session.out.say(f"Reading balances at block {definition.weights.block:,} ...")
    return weights_at(session.connection, definition.weights)


@command(
    app,
    "weights",
    examples=(
        "crmdapp elections poll weights bench.yaml --out weights.csv",
        "crmdapp elections poll weights bench.yaml --holders members.txt --out weights.csv",
    ),
)
def weights_(
    ctx: typer.Context,
    file: FileArgument,
    holders: Annotated[
        Path | None,
        typer.Option("--holders", metavar="FILE", help="Addresses of all holders, one to a line."),
    ] = None,
    since: Annotated[
        int, typer.Option("--since-block", min=0, help="The token's first block.")
    ] = 0,
    out: NewFileOption = None,
) -> None:
    """Compute from the chain who weighs what in a poll, as anybody can who doubts its root.

    That nobody is left out shows in the sum, which is the token's supply.
    """
    from crmdapp.ballots.poll_definition import load_poll
    from crmdapp.ballots.weights import weights_at

    session = session_of(ctx)
    source = load_poll(file).weights
    if source is None:
        raise UsageError(f"{file} asks for no weights: every account has one vote.")
    named = None if holders is None else read_file(holders, str.split)
    found = weights_at(session.connection, source, named, since_block=since)
    data = {"voters": len(found), "total": found.total, "weights_root": found.root}
    deliver(session, found.to_csv(), out, data)


@command(
    app,
    "vote",
    cls=SendingCommand,
    examples=(
        "crmdapp elections poll vote 1 2",
        "crmdapp elections poll vote 1 Stone --definition bench.yaml --weights weights.csv --yes",
    ),
)
def vote(
    ctx: typer.Context,
    poll: PollArgument,
    option: Annotated[
        str, typer.Argument(metavar="OPTION", help="Its number from 0; or text, with --definition.")
    ],
    definition: PollDefinitionOption = None,
    weights: WeightsOption = None,
) -> None:
    """Vote as the account, with all its weight, once; everybody sees how."""
    from crmdapp.ballots.polls import PollsClient
    from crmdapp.ballots.weights import read_weights

    session = session_of(ctx)
    client = client_of(session, PollsClient, sends=True)
    asked = _definition_of(client, poll, definition)
    number = _option_named(option, asked)
    found = None if weights is None else read_weights(weights)
    call = client.vote_call(poll, number, found)
    weight = 1 if found is None else found.weight(session.signer.address)
    name = str(number) if asked is None else asked.options[number]
    about = [("Poll", str(poll)), ("Option", name), ("Weight", f"{weight:,}")]
    receipt = send(session, call, about)
    if receipt is not None:
        session.out.result(
            {"poll": poll, "option": number, "weight": weight, **receipt_data(receipt)},
            f"Voted for {name}, with weight {weight:,}. {receipt_line(receipt)}",
        )


@command(
    app,
    "totals",
    examples=(
        "crmdapp elections poll totals 1",
        "crmdapp elections poll totals 1 --definition bench.yaml --weights weights.csv --json",
    ),
)
def totals(
    ctx: typer.Context,
    poll: PollArgument,
    definition: PollDefinitionOption = None,
    weights: WeightsOption = None,
) -> None:
    """Show the weight of each option; with --weights, check the root that the poll has."""
    from crmdapp.ballots.polls import PollsClient
    from crmdapp.ballots.weights import read_weights

    session = session_of(ctx)
    client = client_of(session, PollsClient)
    found = client.poll(poll)
    asked = _definition_of(client, poll, definition)
    if weights is not None:
        client.require_weights(poll, read_weights(weights))
    counted = client.totals(poll)
    names = [str(n) for n in range(found.options)] if asked is None else list(asked.options)
    over = session.connection.block_timestamp() >= found.closes_at
    session.out.result(
        {
            "poll": poll,
            "title": None if asked is None else asked.title,
            "final": over,
            "totals": dict(zip(names, counted, strict=True)),
            **_poll_data(found),
        },
        Facts(
            [
                ("Poll", str(poll) if asked is None else f"{poll}: {asked.title}"),
                ("Opens", format_time(found.opens_at)),
                ("Closed" if over else "Closes", format_time(found.closes_at)),
                ("Weights", _weights_text(found)),
            ]
        ),
        Table(
            ("option", ">weight"),
            [(name, f"{total:,}") for name, total in zip(names, counted, strict=True)],
        ),
    )


def _poll_data(found: Poll) -> dict[str, Any]:
    return {
        "opens_at": iso_time(found.opens_at),
        "closes_at": iso_time(found.closes_at),
        "definition_hash": found.definition_hash,
        "weights_root": found.weights_root if found.is_weighted else None,
        "weights_block": found.weights_block or None,
    }


def _weights_text(found: Poll) -> str:
    return f"of block {found.weights_block:,}" if found.is_weighted else "one vote to an account"


def _definition_of(client: PollsClient, poll: int, path: Path | None) -> PollDefinition | None:
    """Return the definition in a file, checked to be the poll's; ``None`` without a file."""
    from crmdapp.ballots.poll_definition import load_poll

    if path is None:
        return None
    found = load_poll(path)
    client.require_definition(poll, found)
    return found


def _option_named(text: str, definition: PollDefinition | None) -> int:
    """Return the number of an option that was named by its text, or by its number."""
    if definition is not None and text in definition.options:
        return definition.options.index(text)
    if text.isascii() and text.isdigit() and len(text) < 4:
        return int(text)
    raise UsageError(
        f"There is no option {text!r}.",
        hint="Name its number, from 0; or its text, together with --definition FILE.",
    )
