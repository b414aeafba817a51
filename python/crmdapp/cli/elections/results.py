"""``crmdapp elections tally`` and ``results``: find and prove the counts, and show them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.cli._frame import AskingCommand, command, session_of
from crmdapp.cli._output import Table
from crmdapp.cli.customers._common import read_file
from crmdapp.cli.elections._app import app
from crmdapp.cli.elections._common import (
    DefinitionOption,
    ElectionArgument,
    QuestionOption,
    TallyOption,
    chosen_questions,
    client_of,
    definition_of,
    options_of,
    send_parts,
    titles_of,
)
from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from crmdapp.ballots.models import Election, QuestionResult
    from crmdapp.ballots.results_chart import ChartedQuestion
    from crmdapp.ballots.tally import TallyClient
    from crmdapp.cli._context import Session

_Shares = dict[tuple[int, int], dict[int, bytes]]

GROUNDS = {"TURNOUT": "too few voted", "SHARES": "too few trustees decrypted in time"}
"""Why a question has no result, in words."""


@command(
    app,
    "tally",
    cls=AskingCommand,
    examples=(
        "crmdapp elections tally 1",
        "crmdapp elections tally 1 --question 0 --yes --json",
        "crmdapp elections tally 1 --shares shop.json --shares friend.json",
    ),
)
def tally_(
    ctx: typer.Context,
    number: ElectionArgument,
    question: QuestionOption = None,
    shares: Annotated[
        list[Path] | None,
        typer.Option(
            "--shares",
            metavar="FILE",
            help="What decrypt-share wrote, not posted: goes with the counts, and saves gas.",
        ),
    ] = None,
    tally_at: TallyOption = None,
) -> None:
    """Find the counts from the trustees' shares, posted or in files, and prove them; anybody may.

    No secret is needed, and a wrong count is refused. Groups whose shares are too few are left for
    later; run it again when there are more.
    """
    from crmdapp.ballots.tally import TallyClient

    session = session_of(ctx)
    tally = client_of(session, TallyClient, tally_at, sends=True)
    election = tally.box.elections.election(number)
    given = _shares_of(shares or [], tally, number)
    ready, waiting = _groups(tally, election, chosen_questions(election, question), given)
    counted: list[dict[str, Any]] = []
    calls = []
    with session.out.progress("Counting", max(len(ready), 1), "groups") as progress:
        for done, (asked, group) in enumerate(ready, start=1):
            brought = ready[asked, group]
            counts, used = tally.count_group(number, asked, group, brought)
            prove = tally.tally_posted_call if brought is None else tally.tally_call
            calls.append((1, prove(number, asked, group, used, counts)))
            counted.append({"question": asked, "group": group, "counts": counts})
            progress.at(done)
    about = [
        ("Election", str(number)),
        ("Groups", f"{len(ready)} counted, {len(waiting)} wait for shares"),
    ]
    receipts = send_parts(session, calls, about, title="Proving", unit="groups")
    if receipts is None:
        return
    left = [{"question": asked, "group": group} for asked, group in waiting]
    session.out.result(
        {
            "election": number,
            "tallied": counted,
            "waiting": left,
            "transactions": [receipt.hash for receipt in receipts],
            "gas_used": sum(receipt.gas_used for receipt in receipts),
        },
        f"{len(counted)} groups are counted and proved, {len(left)} wait for shares.",
        f"See the result: crmdapp elections results {number}",
    )


def _shares_of(files: list[Path], tally: TallyClient, election: int) -> _Shares:
    """Return the shares in files of trustees, by question and group, then by trustee."""
    from crmdapp.ballots.trustee_decryption import PostShares
    from crmdapp.ballots.trustee_files import message_from_json
    from crmdapp.ballots.trustee_posting import require_place

    found: _Shares = {}
    for path in files:
        duty = read_file(path, message_from_json)
        if not isinstance(duty, PostShares) or duty.election != election:
            raise UsageError(
                f"{path} holds no shares of election {election}.",
                hint="Write them: crmdapp elections decrypt-share NUMBER --out FILE",
            )
        require_place(duty, tally.connection.chain_id, duty.tally, tally.contract.address)
        for each in duty.groups:
            found.setdefault((each.question, each.group), {})[duty.index] = each.shares
    return found


def _groups(
    tally: TallyClient, election: Election, questions: list[int], given: _Shares
) -> tuple[dict[tuple[int, int], dict[int, bytes] | None], list[tuple[int, int]]]:
    """Return the groups whose shares are enough, and those that wait for more.

    Returns:
        For each group that is ready the shares that go with its counts; ``None`` if those that were
        posted are enough. Then those that wait.
    """
    from crmdapp.ballots.models import Phase

    ready: dict[tuple[int, int], dict[int, bytes] | None] = {}
    waiting: list[tuple[int, int]] = []
    number, threshold = election.number, election.threshold
    for question in questions:
        if tally.question_phase(number, question) is Phase.VOID:
            continue
        for group in range(len(tally.groups(number, question))):
            if tally.is_tallied(number, question, group):
                continue
            place = question, group
            posted = set(tally.posted(number, question, group))
            if len(posted) >= threshold:
                ready[place] = None
            elif len(posted | set(given.get(place, {}))) >= threshold:
                ready[place] = given[place] | tally.posted_shares(number, question, group)
            else:
                waiting.append(place)
    return ready, waiting


@command(
    app,
    "results",
    examples=(
        "crmdapp elections results 1 --definition council.yaml",
        "crmdapp elections results 1 --definition council.yaml --chart result.svg --json",
    ),
)
def results(
    ctx: typer.Context,
    number: ElectionArgument,
    definition: DefinitionOption = None,
    chart: Annotated[
        Path | None,
        typer.Option("--chart", metavar="FILE", help="Draw it too: a new .svg or .png file."),
    ] = None,
    tally_at: TallyOption = None,
) -> None:
    """Show what came out of an election: votes for each option, turnout, or why there is none.

    The contract has checked the counts; crmdapp elections audit checks all of it again.
    """
    from crmdapp.ballots.tally import TallyClient

    session = session_of(ctx)
    if chart is not None and chart.suffix.lower() not in (".svg", ".png"):
        raise UsageError(f"{chart} is neither .svg nor .png.")
    tally = client_of(session, TallyClient, tally_at)
    election = tally.box.elections.election(number)
    asked = definition_of(definition, election)
    voters = sum(tally.box.roll.count(number, each) for each in range(election.precincts))
    charted = []
    data: list[dict[str, Any]] = []
    tables: list[Table | str] = []
    for question, title in enumerate(titles_of(asked, election)):
        found = tally.result(number, question)
        ground = _ground(tally, number, found)
        options = options_of(asked, election, question)
        data.append(_result_data(found, title, options, ground))
        tables += _result_tables(found, title, options, ground, voters)
        charted.append(_charted(found, title, options, ground, voters))
    name = f"Election {number}" if asked is None else asked.title
    if chart is not None:
        _draw(session, chart, name, charted)
    phase = tally.phase(number).name.lower()
    session.out.result(
        {
            "election": number,
            "title": None if asked is None else asked.title,
            "phase": phase,
            "voters": voters,
            "questions": data,
            **({} if chart is None else {"chart": chart}),
        },
        f"{name} ({phase})",
        *tables,
    )


def _ground(tally: TallyClient, number: int, found: QuestionResult) -> str:
    """Return why a question has no result; empty if it has one, or can have one."""
    from crmdapp.ballots.models import Phase

    if found.phase is not Phase.VOID:
        return ""
    return GROUNDS.get(tally.void_ground(number, found.question).name, GROUNDS["SHARES"])


def _result_data(
    found: QuestionResult, title: str, options: list[str], ground: str
) -> dict[str, Any]:
    return {
        "question": found.question,
        "title": title,
        "phase": found.phase.name.lower(),
        "ground": ground or None,
        "ballots": found.ballots,
        "totals": dict(zip(options, found.totals, strict=True)) if found.totals else None,
        "groups": [
            {
                "group": each.group,
                "first_precinct": each.precincts.first_precinct,
                "last_precinct": each.precincts.last_precinct,
                "ballots": each.precincts.ballots,
                "counts": each.counts or None,
            }
            for each in found.groups
        ],
    }


def _result_tables(
    found: QuestionResult, title: str, options: list[str], ground: str, voters: int
) -> list[Table | str]:
    head = f"\n{title}: {found.ballots:,} of {voters:,} voted."
    if not found.totals:
        return [f"{head} {f'No result: {ground}.' if ground else 'It is not counted yet.'}"]
    ballots = max(found.ballots, 1)
    rows = [
        (option, f"{votes:,}", f"{100 * votes / ballots:.1f} %")
        for option, votes in zip(options, found.totals, strict=True)
    ]
    return [head, Table(("option", ">votes", ">of ballots"), rows)]


def _charted(
    found: QuestionResult, title: str, options: list[str], ground: str, voters: int
) -> ChartedQuestion:
    from crmdapp.ballots.results_chart import ChartedQuestion

    why = ground or ("" if found.totals else "it is not counted yet")
    return ChartedQuestion(
        title, tuple(options), tuple(found.totals), found.ballots, voters, ground=why
    )


def _draw(session: Session, chart: Path, name: str, charted: list[ChartedQuestion]) -> None:
    from crmdapp.ballots.results_chart import results_png, results_svg
    from crmdapp.chain._files import create

    note = f"Chain {session.connection.chain_id}, block {session.connection.block_number():,}"
    if chart.suffix.lower() == ".png":
        create(chart, results_png(name, charted, note=note))
    else:
        create(chart, results_svg(name, charted, note=note).encode())
    session.out.say(f"Chart written to {chart}.")
