"""``crmdapp customers analytics``: figures about customers who agreed to them."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.cli._deliver import NewFileOption, deliver
from crmdapp.cli._frame import command, group, session_of
from crmdapp.cli._output import Table
from crmdapp.cli._values import format_time, parse_span, parse_time
from crmdapp.cli.customers._crm import ConsentOption, terms_in
from crmdapp.cli.index import IndexOption, opened

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from crmdapp.cli._context import Session
    from crmdapp.customers.analytics.reports import Analyst, Asked
    from crmdapp.customers.terms import ConsentTerms

ProgramArgument = Annotated[int, typer.Argument(min=0, help="Number of the program.")]
PurposeOption = Annotated[
    str | None, typer.Option("--purpose", metavar="TERM", help="What for, if not the usual.")
]
CsvOption = Annotated[bool, typer.Option("--csv", help="Print the table as CSV.")]

_WITHHELD = "withheld"
_DRAW = "crmdapp customers analytics draw 2 --offered june.csv --control others.csv"
_UPLIFT = (
    "crmdapp customers analytics uplift 2 --offered june.csv --control others.csv"
    " --since 2026-06-01T00:00:00Z --until 2026-07-01T00:00:00Z"
)

app = group(
    name="analytics",
    help="Figures about customers who agreed to them, from the index.",
    examples=(
        "crmdapp customers analytics rfm 2 --consent consents",
        "crmdapp customers analytics cohorts 2 --consent consents --period 30d --csv",
    ),
)


@app.callback()
def analytics() -> None:
    """Figures about customers who agreed to them, from the index.

    What they agreed to is in the files of --consent, else in the book that the server keeps. Groups
    of fewer than ten customers are withheld.
    """


@command(
    app,
    "rfm",
    examples=(
        "crmdapp customers analytics rfm 2 --consent consents",
        "crmdapp customers analytics rfm 2 --consent consents --out scores.csv",
    ),
)
def rfm(
    ctx: typer.Context,
    program: ProgramArgument,
    consent: ConsentOption = None,
    purpose: PurposeOption = None,
    index: IndexOption = None,
    as_csv: CsvOption = False,
    out: NewFileOption = None,
) -> None:
    """Show segments by recency, frequency and value; --out writes each customer's scores."""
    session = session_of(ctx)
    found = _analyst(session, program, consent, purpose, index).rfm()
    if out is not None:
        names = ("account", "days", "awards", "units", "recency", "frequency", "monetary")
        rows = [[str(getattr(each, name)) for name in names] for each in found.scores]
        columns = (*names, "segment")
        body = [[*row, each.segment] for row, each in zip(rows, found.scores, strict=True)]
        deliver(session, _csv(columns, body), out, {"customers": len(body)})
        return
    _tell(
        session,
        found.asked,
        ("segment", ">customers", ">days", ">awards", ">points"),
        [
            (
                each.segment,
                _shown(each.people),
                "" if each.days is None else f"{each.days:.1f}",
                "" if each.awards is None else f"{each.awards:.1f}",
                "" if each.units is None else f"{each.units / 100:,.2f}",
            )
            for each in found.segments
        ],
        {
            "segments": [
                {
                    "segment": each.segment,
                    "people": each.people,
                    "days": each.days,
                    "awards": each.awards,
                    "units": each.units,
                }
                for each in found.segments
            ]
        },
        as_csv=as_csv,
    )


@command(
    app,
    "breakage",
    examples=(
        "crmdapp customers analytics breakage 2 --consent consents",
        "crmdapp customers analytics breakage 2 --consent consents --json",
    ),
)
def breakage(
    ctx: typer.Context,
    program: ProgramArgument,
    consent: ConsentOption = None,
    purpose: PurposeOption = None,
    index: IndexOption = None,
    as_csv: CsvOption = False,
) -> None:
    """Forecast how many of the points that are out will never be spent."""
    session = session_of(ctx)
    found = _analyst(session, program, consent, purpose, index).breakage()
    told = found.forecast
    rows = [
        ("customers", f"{told.people}"),
        ("points out", f"{told.outstanding / 100:.2f}"),
        ("expected to lapse", f"{told.expected / 100:.2f}"),
        ("at least (95 %)", f"{told.low / 100:.2f}"),
        ("at most (95 %)", f"{told.high / 100:.2f}"),
        ("share", f"{told.rate:.1%}"),
    ]
    data = {
        "people": told.people,
        "outstanding": told.outstanding,
        "expected": told.expected,
        "low": told.low,
        "high": told.high,
        "rate": round(told.rate, 4),
        "curve": [{"age": age, "unspent": round(left, 6)} for age, left in told.curve],
    }
    _tell(session, found.asked, ("figure", ">value"), rows, data, as_csv=as_csv)


@command(
    app,
    "cohorts",
    examples=(
        "crmdapp customers analytics cohorts 2 --consent consents",
        "crmdapp customers analytics cohorts 2 --consent consents --period 7d --csv",
    ),
)
def cohorts(
    ctx: typer.Context,
    program: ProgramArgument,
    consent: ConsentOption = None,
    purpose: PurposeOption = None,
    index: IndexOption = None,
    period: Annotated[
        str, typer.Option("--period", metavar="SPAN", help="Length of a period, such as 7d.")
    ] = "30d",
    as_csv: CsvOption = False,
) -> None:
    """Show who came back, by the period in which customers first earned points."""
    session = session_of(ctx)
    found = _analyst(session, program, consent, purpose, index).cohorts(parse_span(period))
    width = max((len(each.active) for each in found.cohorts), default=0)
    rows = [
        (
            format_time(each.begins_at),
            _shown(each.people),
            *(_shown(each.active[k]) if k < len(each.active) else "" for k in range(1, width)),
        )
        for each in found.cohorts
    ]
    columns = ("began", ">customers", *(f">+{k}" for k in range(1, width)))
    data = {
        "period": found.period,
        "cohorts": [
            {"begins_at": each.begins_at, "people": each.people, "active": list(each.active)}
            for each in found.cohorts
        ],
    }
    _tell(session, found.asked, columns, rows, data, as_csv=as_csv)


@command(
    app,
    "draw",
    examples=(
        f"{_DRAW} --consent consents",
        f"{_DRAW} --share 0.1 --word 0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    ),
)
def draw(
    ctx: typer.Context,
    program: ProgramArgument,
    offered: Annotated[
        Path, typer.Option("--offered", metavar="FILE", help="Write who is to get the offer here.")
    ],
    control: Annotated[
        Path, typer.Option("--control", metavar="FILE", help="Write who is not here.")
    ],
    share: Annotated[
        str, typer.Option("--share", metavar="PART", help="Share of those who are not.")
    ] = "0.2",
    word: Annotated[
        str | None, typer.Option("--word", metavar="HEX", help="Repeat the drawing of this word.")
    ] = None,
    consent: ConsentOption = None,
    purpose: PurposeOption = None,
    index: IndexOption = None,
) -> None:
    """Let chance choose who gets an offer, so that `uplift` can tell what it changed."""
    from crmdapp.chain._files import create

    session = session_of(ctx)
    found = _analyst(session, program, consent, purpose, index).drawing(_part(share), word)
    told = found.drawing
    groups = ((offered, told.offered), (control, told.control))
    create(offered, _addresses(told.offered))
    try:
        create(control, _addresses(told.control))
    except BaseException:
        offered.unlink()  # both files or none
        raise
    rows = [(file.name, f"{len(accounts):,}") for file, accounts in groups]
    data = {
        "offered": len(told.offered),
        "control": len(told.control),
        "word": told.word,
        "files": {"offered": offered, "control": control},
    }
    _tell(session, found.asked, ("file", ">customers"), rows, data, as_csv=False)
    session.out.say(f"The same groups again: --word {told.word}")


@command(
    app,
    "uplift",
    examples=(
        f"{_UPLIFT} --consent consents",
        f"{_UPLIFT} --consent consents --json",
    ),
)
def uplift(
    ctx: typer.Context,
    program: ProgramArgument,
    offered: Annotated[
        Path, typer.Option("--offered", metavar="FILE", help="Who got the offer: CSV of addresses.")
    ],
    control: Annotated[
        Path, typer.Option("--control", metavar="FILE", help="Who did not, though they might have.")
    ],
    since: Annotated[str, typer.Option("--since", metavar="TIME", help="When it began.")],
    until: Annotated[str, typer.Option("--until", metavar="TIME", help="When it ended.")],
    consent: ConsentOption = None,
    purpose: PurposeOption = None,
    index: IndexOption = None,
    as_csv: CsvOption = False,
) -> None:
    """Compare who bought with and without an offer, with a confidence interval and a test."""
    from crmdapp.loyalty.campaign_file import read_addresses

    session = session_of(ctx)
    first, second = (read_addresses(file)[0] for file in (offered, control))
    analyst = _analyst(session, program, consent, purpose, index)
    found = analyst.uplift(first, second, parse_time(since), parse_time(until))
    told = found.uplift
    groups = {"offered": told.offered, "control": told.control}
    rows = [
        (
            name,
            str(each.people),
            str(each.responded),
            f"{each.value:.1%}",
            f"{each.low:.1%} to {each.high:.1%}",
        )
        for name, each in groups.items()
    ]
    rows.append(
        ("difference", "", "", f"{told.difference:+.1%}", f"{told.low:+.1%} to {told.high:+.1%}")
    )
    rows.append(("p-value", "", "", f"{told.p_value:.4f}", ""))
    data: dict[str, Any] = {
        name: {
            "people": each.people,
            "responded": each.responded,
            "share": round(each.value, 6),
            "low": round(each.low, 6),
            "high": round(each.high, 6),
        }
        for name, each in groups.items()
    }
    data |= {
        "difference": round(told.difference, 6),
        "low": round(told.low, 6),
        "high": round(told.high, 6),
        "p_value": round(told.p_value, 6),
    }
    columns = ("group", ">customers", ">bought", ">share", "95 % interval")
    _tell(session, found.asked, columns, rows, data, as_csv=as_csv)


# --------------------------------------------------------------------------- parts


def _analyst(
    session: Session,
    program: int,
    consent: list[Path] | None,
    purpose: str | None,
    index: str | None,
) -> Analyst:
    """Return who answers, from the index alone: no node is asked."""
    from crmdapp.customers.analytics.program import held_consents, read_program
    from crmdapp.customers.analytics.reports import Analyst

    with opened(session, index) as found, found.reading() as reading:
        history = read_program(reading, program)
        terms = terms_in(consent) if consent else _booked(session, history.owner)
        consents = held_consents(reading, terms)
    return Analyst(history, consents, purpose=purpose)


def _addresses(accounts: Sequence[str]) -> bytes:
    return "\n".join(("address", *accounts, "")).encode()


def _part(text: str) -> Fraction:
    from fractions import Fraction

    from crmdapp.errors import UsageError

    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise UsageError("--share must be a number between 0 and 1, such as 0.2.") from None


def _booked(session: Session, company: str) -> list[ConsentTerms]:
    """Return the terms in the book that the server keeps for a company here; none without one."""
    from crmdapp.customers.consent_book import ConsentBook

    place = session.config.state_dir / "companies" / company / "consents.sqlite3"
    if not place.exists():
        return []
    with ConsentBook(place, company) as book:
        return [each.terms for each in book.everything()]


def _tell(
    session: Session,
    asked: Asked,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    data: dict[str, Any],
    *,
    as_csv: bool,
) -> None:
    """Print a figure, whom it is about, and whom it leaves out."""
    coverage = asked.coverage
    if as_csv and not session.out.json:
        print(_csv([name.removeprefix(">") for name in columns], rows), end="")
        session.out.say(_covered(asked))
        return
    body = {
        "program": asked.program,
        "purpose": asked.purpose,
        "as_of_block": asked.block,
        "customers": coverage.total,
        "used": coverage.used,
        "left_out": dict(coverage.left_out),
        **data,
    }
    left = [(reason, f"{count:,}") for reason, count in coverage.left_out.items()]
    session.out.result(
        body,
        Table(tuple(columns), rows),
        "",
        _covered(asked),
        Table(("left out because", ">customers"), left),
    )


def _covered(asked: Asked) -> str:
    coverage = asked.coverage
    return (
        f"About {coverage.used:,} of {coverage.total:,} customers, for {asked.purpose};"
        f" {coverage.total - coverage.used:,} are left out."
    )


def _shown(number: int | None) -> str:
    return _WITHHELD if number is None else f"{number:,}"


def _csv(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()
