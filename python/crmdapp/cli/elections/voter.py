"""``crmdapp elections seal``, ``challenge``, ``cast``, ``check``: for voters."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crmdapp.cli._deliver import NewFileOption, json_text
from crmdapp.cli._frame import AskingCommand, command, session_of
from crmdapp.cli._output import Facts
from crmdapp.cli._sending import (
    announce,
    confirm,
    plan,
    receipt_data,
    receipt_line,
    result_of_dry_run,
)
from crmdapp.cli._values import format_time, parse_span
from crmdapp.cli.customers._common import read_file
from crmdapp.cli.elections._app import app
from crmdapp.cli.elections._voter import (
    BoothOption,
    BoxOption,
    ChoiceOption,
    DefinitionOption,
    ElectionArgument,
    QuestionOption,
    TrackerOption,
    ballot_data,
    booth_of,
    box_of,
    optional_tracker,
    parse_tracker,
    read_choice,
    tracker_lines,
)

if TYPE_CHECKING:
    from crmdapp.ballots.booth import Booth
    from crmdapp.ballots.open_questions import OpenQuestion
    from crmdapp.cli._context import Session

_TRACKER = "5f0c7c7a0c4e2b9d5f0c7c7a0c4e2b9d5f0c7c7a0c4e2b9d5f0c7c7a0c4e2b9d"


@command(
    app,
    "seal",
    examples=(
        "crmdapp elections seal 1 --definition council.json",
        "crmdapp elections seal 1 --question 1 --choice-file choice.txt --json",
    ),
)
def seal(
    ctx: typer.Context,
    election: ElectionArgument,
    question: QuestionOption = 0,
    choice_file: ChoiceOption = None,
    definition: DefinitionOption = None,
    again: Annotated[
        bool, typer.Option("--again", help="Discard the ballot that waits, and seal another.")
    ] = False,
    box: BoxOption = None,
    booth: BoothOption = None,
) -> None:
    """Encrypt a ballot and show its tracker; nothing is sent, and nothing is decided.

    Write the tracker down on another device. Then either challenge the ballot, to see that this
    device encrypted what you chose, or cast it.
    """
    session = session_of(ctx)
    with booth_of(session, box, booth) as own:
        asked = own.question(election, question)
        if again:
            own.discard(election, question)
        ballot = own.seal(election, question, read_choice(session, asked, choice_file, definition))
        session.out.result(
            ballot_data(asked, ballot.tracker),
            _about(asked, ballot.tracker),
            "Write the tracker down, then: crmdapp elections cast, or challenge.",
        )


@command(
    app,
    "challenge",
    examples=(
        "crmdapp elections challenge 1 --out challenged.json",
        "crmdapp elections challenge 1 --question 1",
    ),
)
def challenge(
    ctx: typer.Context,
    election: ElectionArgument,
    question: QuestionOption = 0,
    tracker: TrackerOption = None,
    box: BoxOption = None,
    booth: BoothOption = None,
    out: NewFileOption = None,
) -> None:
    """Show what the sealed ballot holds, so that another device can check it; it is never cast.

    It shows a vote. Give it to a device of your own (verify-challenge), then seal a new ballot.
    """
    from crmdapp.chain._files import OWN, create, require_creatable

    session = session_of(ctx)
    if out is not None:
        require_creatable(out)
    with booth_of(session, box, booth) as own:
        shown = own.challenge(election, question, optional_tracker(tracker))
        text = json_text(shown.to_json())
        if out is None:
            print(text, end="")
            return
        create(out, text.encode(), mode=OWN)
        session.out.result({"file": out, "tracker": shown.tracker}, f"Written to {out}.")


@command(
    app,
    "verify-challenge",
    examples=(
        f"crmdapp elections verify-challenge challenged.json --tracker {_TRACKER}",
        f"crmdapp elections verify-challenge - --tracker {_TRACKER} --json",
    ),
)
def verify_challenge(
    ctx: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The challenged ballot; - is stdin.")
    ],
    tracker: Annotated[
        str, typer.Option("--tracker", metavar="HEX", help="As you wrote it down before.")
    ],
    box: BoxOption = None,
) -> None:
    """Check on another device that a challenged ballot holds what you chose; needs no key.

    Ends with exit code 8 if it does not: do not vote with the device that made it.
    """
    from crmdapp.ballots.challenges import ChallengedBallot
    from crmdapp.ballots.challenges import verify_challenge as verify
    from crmdapp.ballots.open_questions import open_question

    session = session_of(ctx)
    shown = read_file(file, ChallengedBallot.from_json)
    asked = open_question(box_of(session, box), shown.election, shown.question)
    verify(asked, shown, parse_tracker(tracker))
    options = ", ".join(str(option) for option in shown.opening.chosen) or "none"
    session.out.result(
        {**ballot_data(asked, shown.tracker), "chosen": list(shown.opening.chosen)},
        f"The ballot holds option {options} (from 0). If that is what you chose, the device that"
        " made it told the truth.",
    )


@command(
    app,
    "cast",
    cls=AskingCommand,
    examples=(
        "crmdapp elections cast 1",
        "crmdapp elections cast 1 --for-relayer ballot.json --valid-for 2h",
    ),
)
def cast(
    ctx: typer.Context,
    election: ElectionArgument,
    question: QuestionOption = 0,
    tracker: TrackerOption = None,
    for_relayer: Annotated[
        Path | None,
        typer.Option("--for-relayer", metavar="FILE", help="Write it signed, send nothing."),
    ] = None,
    valid_for: Annotated[
        str,
        typer.Option("--valid-for", metavar="SPAN", help="How long the relayer has: 15m, 24h."),
    ] = "1h",
    choice_file: ChoiceOption = None,
    definition: DefinitionOption = None,
    box: BoxOption = None,
    booth: BoothOption = None,
) -> None:
    """Cast the sealed ballot, directly or by a relayer; with --choice-file, seal one first.

    Run again after an interruption, it casts the same ballot, once.
    """
    session = session_of(ctx)
    with booth_of(session, box, booth) as own:
        if choice_file is not None and own.waiting(election, question) is None:
            asked = own.question(election, question)
            own.seal(election, question, read_choice(session, asked, choice_file, definition))
        number = optional_tracker(tracker)
        if for_relayer is not None:
            _sign(session, own, (election, question), number, for_relayer, valid_for)
        else:
            _send(session, own, (election, question), number)


def _sign(
    session: Session,
    own: Booth,
    place: tuple[int, int],
    tracker: bytes | None,
    out: Path,
    valid_for: str,
) -> None:
    from crmdapp.chain._files import create, require_creatable

    require_creatable(out)
    asked = own.question(*place)
    ballot = own.chosen(*place, tracker)
    now = session.connection.block_timestamp()
    deadline = min(now + parse_span(valid_for), asked.election.windows.closes_at - 1)
    about = [("Voter", own.voter), *_about(asked, ballot.tracker).pairs]
    about.append(("Counts until", format_time(deadline)))
    session.out.show(Facts(about), to_decide=not session.yes)
    if session.dry_run:
        session.out.result({"dry_run": True}, "Nothing was signed.")
        return
    confirm(session, "Sign it? It can not be challenged then.")
    signed = own.sign(*place, deadline=deadline, tracker=ballot.tracker)
    create(out, json_text(signed.to_json()).encode())
    session.out.result(
        {**ballot_data(asked, signed.tracker), "file": out, "deadline": deadline},
        f"Written to {out}: give it to a relayer before {format_time(deadline)}.",
    )


def _send(session: Session, own: Booth, place: tuple[int, int], tracker: bytes | None) -> None:
    asked = own.question(*place)
    ballot = own.chosen(*place, tracker)
    call = own.direct_call(*place, ballot)
    if not own.was_sent(ballot.tracker):
        simulation = session.sender.simulate(call)
        about = [*plan(session, [call], [simulation]), *_about(asked, ballot.tracker).pairs]
        session.out.show(Facts(about), to_decide=not session.yes)
        if session.dry_run:
            result_of_dry_run(session, [call], [simulation])
            return
        confirm(session, "Cast it? It can not be challenged then.")
        session.signer.unlock()
    receipt = own.cast(*place, tracker=ballot.tracker, sent=lambda sent: announce(session, sent))
    session.out.result(
        {**ballot_data(asked, ballot.tracker), **receipt_data(receipt)},
        f"Your ballot is counted. Its tracker is {ballot.tracker.hex()}.",
        receipt_line(receipt),
    )


@command(
    app,
    "check",
    examples=(
        f"crmdapp elections check 1 {_TRACKER}",
        f"crmdapp elections check 1 {_TRACKER} --question 1 --json",
    ),
)
def check(
    ctx: typer.Context,
    election: ElectionArgument,
    tracker: Annotated[str, typer.Argument(metavar="TRACKER", help="As you wrote it down.")],
    question: QuestionOption = 0,
    box: BoxOption = None,
) -> None:
    """Find a ballot among all that were counted; needs no key. Exit code 8 if it is not there.

    Every ballot of the precinct is read and the bulletin recomputed, so a node that leaves ballots
    out is found out.
    """
    from crmdapp.ballots.booth import check_tracker

    session = session_of(ctx)
    found = check_tracker(box_of(session, box), election, question, parse_tracker(tracker))
    session.out.result(
        {
            "election": election,
            "question": question,
            "tracker": found.tracker,
            "voter": found.voter,
            "precinct": found.precinct,
            "index": found.index,
            "block": found.block,
            "hash": found.tx_hash,
            "ballots": found.ballots,
            "bulletin": found.bulletin,
        },
        "The ballot is counted.",
        Facts(
            [
                ("Voter", f"{found.voter} ({found.index} of precinct {found.precinct})"),
                ("Block", f"{found.block:,} ({found.tx_hash})"),
                ("Ballots", f"{found.ballots:,} of the precinct by now"),
                ("Bulletin", found.bulletin.hex()),
            ]
        ),
    )


def _about(asked: OpenQuestion, tracker: bytes) -> Facts:
    return Facts(
        [
            ("Election", f"{asked.election.number}, question {asked.number}"),
            ("Tracker", tracker_lines(tracker)),
            ("Trustees' key", f"{asked.fingerprint} (compare it with what a trustee shows)"),
        ]
    )
