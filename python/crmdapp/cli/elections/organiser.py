"""``crmdapp elections``: create an election, see where it is, close it, or call it off."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.cli._frame import AskingCommand, SendingCommand, command, session_of
from crmdapp.cli._output import Facts, Table
from crmdapp.cli._sending import receipt_data, receipt_line, send
from crmdapp.cli._values import format_time, iso_time
from crmdapp.cli.customers._common import hex_of, person
from crmdapp.cli.elections._app import app
from crmdapp.cli.elections._common import (
    PHASES,
    DefinitionOption,
    ElectionArgument,
    QuestionOption,
    TallyOption,
    about_windows,
    chosen_questions,
    client_of,
    definition_of,
    send_parts,
    titles_of,
)
from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from crmdapp.ballots.definition import Definition
    from crmdapp.ballots.models import Ceremony, Election
    from crmdapp.ballots.tally import TallyClient
    from crmdapp.chain.calls import Call
    from crmdapp.chain.transactions import Receipt
    from crmdapp.cli._context import Session


@command(
    app,
    "create",
    cls=SendingCommand,
    examples=(
        "crmdapp elections create council.yaml",
        "crmdapp elections create council.json --once council-2026 --yes --json",
    ),
)
def create(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Definition, in JSON or YAML.")],
) -> None:
    """Create an election with the account as its organiser; nothing of it can be changed.

    The chain keeps numbers and a hash of the file. Publish the file yourself, as it is.
    """
    from crmdapp.ballots.definition import load_definition
    from crmdapp.ballots.elections import ElectionsClient

    session = session_of(ctx)
    definition = load_definition(file)
    client = client_of(session, ElectionsClient, sends=True)
    receipt = send(session, client.create_call(definition), _about(definition))
    if receipt is None:
        return
    number = client.number_in(receipt)
    session.out.result(
        {
            "election": number,
            "definition_hash": definition.hash,
            "opens_at": definition.windows.opens_at.isoformat(),
            **receipt_data(receipt),
        },
        f"Election {number}. {receipt_line(receipt)}",
    )


def _about(definition: Definition) -> list[tuple[str, str]]:
    from crmdapp.ballots.models import question_text

    windows = definition.windows
    trustees, registrars = len(definition.trustees), len(definition.registrars)
    return [
        ("Title", definition.title),
        *[
            (f"Question {number}", f"{asked.title} ({question_text(asked)})")
            for number, asked in enumerate(definition.questions)
        ],
        ("Precincts", ", ".join(each.name for each in definition.precincts)),
        ("Least ballots", f"{definition.minimum_turnout:,} in a sum that is decrypted"),
        ("Trustees", f"{definition.threshold} of {trustees} decrypt"),
        ("Registrars", f"{definition.registrar_quorum} of {registrars} sign"),
        ("Keys until", format_time(windows.keys_until)),
        ("Opens", format_time(windows.opens_at)),
        ("Closes", format_time(windows.closes_at)),
        ("Definition", hex_of(definition.hash)),
    ]


@command(
    app,
    "cancel",
    cls=SendingCommand,
    examples=(
        "crmdapp elections cancel 1 --reason notice.pdf",
        "crmdapp elections cancel 1 --reason notice.pdf --yes --json",
    ),
)
def cancel(
    ctx: typer.Context,
    number: ElectionArgument,
    reason: Annotated[
        Path, typer.Option("--reason", metavar="FILE", help="The published reasons.")
    ],
) -> None:
    """Call an election off, as its organiser, before it opens; for ever."""
    from crmdapp.ballots.elections import ElectionsClient
    from crmdapp.chain._keccak import keccak

    session = session_of(ctx)
    try:
        digest = keccak(reason.read_bytes())
    except OSError as problem:
        raise UsageError(f"{reason} cannot be read: {problem.strerror}.") from None
    client = client_of(session, ElectionsClient, sends=True)
    call = client.cancel_call(number, digest)
    receipt = send(session, call, [("Election", str(number)), ("Reason", hex_of(digest))])
    if receipt is not None:
        session.out.result(
            {"election": number, "reason_hash": digest, **receipt_data(receipt)},
            f"Election {number} is cancelled. {receipt_line(receipt)}",
        )


# --------------------------------------------------------------------------- where it is


@command(
    app,
    "status",
    examples=(
        "crmdapp elections status 1",
        "crmdapp elections status 1 --definition council.yaml --json",
    ),
)
def status(
    ctx: typer.Context,
    number: ElectionArgument,
    definition: DefinitionOption = None,
    tally_at: TallyOption = None,
) -> None:
    """Show where an election is, and how many keys, voters and ballots are there."""
    from crmdapp.ballots.tally import TallyClient

    session = session_of(ctx)
    tally = client_of(session, TallyClient, tally_at)
    election = tally.box.elections.election(number)
    asked = definition_of(definition, election)
    phase, ceremony = tally.phase(number), tally.box.board.ceremony(number)
    voters = [tally.box.roll.count(number, precinct) for precinct in range(election.precincts)]
    questions = [
        _question_data(tally, number, question, title)
        for question, title in enumerate(titles_of(asked, election))
    ]
    frozen = tally.box.roll.is_frozen(number)
    session.out.result(
        {
            "election": number,
            "title": None if asked is None else asked.title,
            "phase": phase.name.lower(),
            **_election_data(election),
            "ceremony": _ceremony_data(ceremony),
            "roll": {"frozen": frozen, "voters": voters},
            "questions": questions,
        },
        Facts(
            [
                ("Election", str(number) if asked is None else f"{number}: {asked.title}"),
                ("Phase", f"{phase.name.lower().replace('_', ' ')}: {PHASES[phase.name]}"),
                ("Organiser", person(session, election.organiser)),
                ("Ceremony", _ceremony_text(ceremony, election)),
                ("Voters", f"{sum(voters):,} on the roll{', frozen' if frozen else ''}"),
                ("Definition", hex_of(election.definition_hash)),
                *about_windows(election),
            ]
        ),
        Table(
            ("question", "title", ">ballots", "ready"),
            [
                (
                    str(each["question"]),
                    each["title"],
                    f"{sum(each['ballots']):,}",
                    "yes" if each["prepared"] else "no",
                )
                for each in questions
            ],
        ),
    )


def _election_data(election: Election) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "organiser": election.organiser,
        "definition_hash": election.definition_hash,
        "windows": {name: iso_time(at) for name, at in asdict(election.windows).items()},
        "precincts": election.precincts,
        "minimum_turnout": election.minimum_turnout,
        "trustees": election.trustees,
        "threshold": election.threshold,
        "registrars": election.registrars,
        "registrar_quorum": election.registrar_quorum,
    }


def _ceremony_data(ceremony: Ceremony) -> dict[str, Any]:
    return {
        "step": ceremony.step.name.lower(),
        "round": ceremony.round,
        "keys": ceremony.keys,
        "commitments": ceremony.commitments,
        "deals": ceremony.deals,
    }


def _ceremony_text(ceremony: Ceremony, election: Election) -> str:
    from crmdapp.ballots.models import CeremonyStep

    if ceremony.step is CeremonyStep.FINAL:
        return f"the key is made, of {len(ceremony.deals)} deals"
    return (
        f"{ceremony.step.name.lower()}: {len(ceremony.keys)} keys, {len(ceremony.commitments)}"
        f" commitments, {len(ceremony.deals)} deals of {len(election.trustees)} trustees"
    )


def _question_data(tally: TallyClient, number: int, question: int, title: str) -> dict[str, Any]:
    return {
        "question": question,
        "title": title,
        "prepared": tally.box.is_prepared(number, question),
        "ballots": tally.box.counts(number, question),
    }


# --------------------------------------------------------------------------- what anybody moves


@command(
    app,
    "prepare",
    cls=AskingCommand,
    examples=(
        "crmdapp elections prepare 1",
        "crmdapp elections prepare 1 --yes --json",
    ),
)
def prepare(
    ctx: typer.Context,
    number: ElectionArgument,
    box_at: Annotated[
        str | None,
        typer.Option("--box", metavar="ADDRESS", help="The box; no manifest is needed then."),
    ] = None,
) -> None:
    """Let the questions of an election take ballots, once roll and key are final; anybody may.

    An election whose questions are not prepared when it should open is cancelled.
    """
    from crmdapp.ballots.box import BoxClient

    session = session_of(ctx)
    box = client_of(session, BoxClient, box_at, sends=True)
    questions = chosen_questions(box.elections.election(number), None)
    open_ = [each for each in questions if not box.is_prepared(number, each)]
    calls = [box.prepare_call(number, question) for question in open_]
    _move(session, number, open_, calls, "Preparing", "prepared")


@command(
    app,
    "close",
    cls=AskingCommand,
    examples=(
        "crmdapp elections close 1",
        "crmdapp elections close 1 --question 0 --yes --json",
    ),
)
def close(
    ctx: typer.Context,
    number: ElectionArgument,
    question: QuestionOption = None,
    tally_at: TallyOption = None,
) -> None:
    """Form the sums that trustees decrypt, once voting has ended; anybody may.

    Precincts with too few ballots are counted with their neighbours; a question that too few
    answered stays without a result.
    """
    from crmdapp.ballots.tally import TallyClient

    session = session_of(ctx)
    tally = client_of(session, TallyClient, tally_at, sends=True)
    questions = chosen_questions(tally.box.elections.election(number), question)
    open_ = [each for each in questions if not tally.is_closed(number, each)]
    calls = [tally.close_call(number, each) for each in open_]
    _move(session, number, open_, calls, "Closing", "closed")


@command(
    app,
    "void",
    cls=SendingCommand,
    examples=(
        "crmdapp elections void 1 --question 0",
        "crmdapp elections void 1 --question 0 --yes --json",
    ),
)
def void(
    ctx: typer.Context,
    number: ElectionArgument,
    question: Annotated[
        int, typer.Option("--question", metavar="NUMBER", min=0, help="The question, from 0.")
    ],
    tally_at: TallyOption = None,
) -> None:
    """Record that a question stays without a result, because too few trustees decrypted in time.

    Anybody may, once there is no more time for it.
    """
    from crmdapp.ballots.tally import TallyClient

    session = session_of(ctx)
    tally = client_of(session, TallyClient, tally_at, sends=True)
    call = tally.void_question_call(number, question)
    about = [("Election", str(number)), ("Question", str(question))]
    receipt = send(session, call, about)
    if receipt is not None:
        session.out.result(
            {"election": number, "question": question, **receipt_data(receipt)},
            f"Question {question} has no result. {receipt_line(receipt)}",
        )


def _move(
    session: Session,
    number: int,
    questions: list[int],
    calls: list[Call],
    title: str,
    done: str,
) -> None:
    """Send a call for each question that is left, and tell."""
    listed = ", ".join(map(str, questions))
    about = [("Election", str(number)), ("Questions", listed or "none is left")]
    receipts = send_parts(
        session, [(1, call) for call in calls], about, title=title, unit="questions"
    )
    if receipts is None:
        return
    said = f"Questions {listed} are {done}." if questions else f"All questions are {done}."
    session.out.result({"election": number, "questions": questions, **_sent(receipts)}, said)


def _sent(receipts: list[Receipt]) -> dict[str, Any]:
    return {
        "transactions": [receipt.hash for receipt in receipts],
        "gas_used": sum(receipt.gas_used for receipt in receipts),
    }
