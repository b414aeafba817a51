"""The merchant's figures about customers who agreed: ``/merchant/analytics``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from fastapi import APIRouter, Form, Query, Request, Response
from sqlalchemy import select

from crmdapp.chain.addresses import parse_address
from crmdapp.customers.analytics.errors import GroupTooSmall
from crmdapp.customers.analytics.groups import MINIMUM
from crmdapp.customers.analytics.reports import CATEGORY, PERIOD, PURPOSES, Analyst
from crmdapp.customers.analytics.rfm import SEGMENTS
from crmdapp.errors import UsageError
from crmdapp.loyalty.points import to_points
from crmdapp.store.index.loyalty.tables import PROGRAMS
from crmdapp.web.api.analytics import analyst_of
from crmdapp.web.context import Context, ContextDep
from crmdapp.web.errors import NotFound
from crmdapp.web.pages import NavLink, Person, page, signed_in, template_filter

if TYPE_CHECKING:
    from crmdapp.customers.analytics.breakage import Forecast
    from crmdapp.customers.analytics.rfm import SegmentFigures

router = APIRouter()

NAV = (NavLink("Customer figures", "/merchant/analytics", "Merchant"),)

DAY = 86_400
PERIODS = {"7": 7 * DAY, "30": 30 * DAY, "90": 90 * DAY}
"""Lengths of a period that the page offers, in days and in seconds."""

_ACCOUNTS_MAX = 2_000
_WIDTH, _HEIGHT, _BAR, _LABEL = 600, 220, 28, 90

FigureT = TypeVar("FigureT")


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a chart, in units of its drawing.

    Attributes:
        label: What it is.
        value: What it says, in words.
        y: Upper edge.
        width: Its length; 0 for none.
    """

    label: str
    value: str
    y: int
    width: int


@dataclass(frozen=True, slots=True)
class Owned:
    """A program of the merchant.

    Attributes:
        number: Its number.
        name: Its name.
    """

    number: int
    name: str


@router.get("/merchant/analytics")
def show(
    request: Request,
    context: ContextDep,
    person: Annotated[Person, signed_in()],
    program: Annotated[int | None, Query(ge=0, lt=1 << 63)] = None,
    period: Annotated[str, Query(max_length=3)] = "30",
) -> Response:
    """Show all figures of one of the merchant's programs."""
    return _shown(request, context, person, program, period)


@router.post("/merchant/analytics")
def compare(
    request: Request,
    context: ContextDep,
    person: Annotated[Person, signed_in()],
    program: Annotated[int, Form(ge=0, lt=1 << 63)],
    offered: Annotated[str, Form(max_length=100_000)],
    control: Annotated[str, Form(max_length=100_000)],
    since: Annotated[str, Form(max_length=10)],
    until: Annotated[str, Form(max_length=10)],
) -> Response:
    """Compare two lists of customers, and show the result above the other figures."""
    analyst = analyst_of(context, person.address, program, None)
    result, fault = None, ""
    try:
        result = analyst.uplift(
            _accounts(offered), _accounts(control), _day(since), _day(until) + DAY
        )
    except UsageError as problem:
        fault = f"{problem.message} {problem.why}".strip()
    given = {"offered": offered, "control": control, "since": since, "until": until}
    return _shown(request, context, person, program, "30", result=result, fault=fault, given=given)


# --------------------------------------------------------------------------- inside


def _shown(
    request: Request,
    context: Context,
    person: Person,
    program: int | None,
    period: str,
    **values: Any,
) -> Response:
    owned = _programs(context, person.address)
    shared: dict[str, Any] = {
        "programs": owned,
        "minimum": MINIMUM,
        "purposes": PURPOSES,
        "category": CATEGORY,
        "periods": PERIODS,
        "period": period,
        "meanings": SEGMENTS,
        "result": None,
        "fault": "",
        "given": dict.fromkeys(("offered", "control", "since", "until"), ""),
        **values,
    }
    if not owned:
        return page(request, "analytics/none.html")
    chosen = next((each for each in owned if program in (None, each.number)), None)
    if chosen is None:
        raise NotFound("There is no such program of yours.")
    analyst = analyst_of(context, person.address, chosen.number, None)
    return page(
        request, "analytics/program.html", program=chosen, **_figures(analyst, period), **shared
    )


def _figures(analyst: Analyst, period: str) -> dict[str, Any]:
    rfm = analyst.rfm()
    breakage, few = _or_reason(analyst.breakage)
    table, long = _or_reason(lambda: analyst.cohorts(PERIODS.get(period, PERIOD)))
    return {
        "rfm": rfm,
        "segment_bars": _segment_bars(rfm.segments),
        "breakage": breakage,
        "few": few,
        "curve": "" if breakage is None else _curve(breakage.forecast),
        "cohorts": table,
        "long": long,
        "columns": 0
        if table is None
        else max((len(each.active) for each in table.cohorts), default=0),
    }


def _or_reason(ask: Callable[[], FigureT]) -> tuple[FigureT | None, str]:
    """Return a figure, or why there is none."""
    try:
        return ask(), ""
    except (GroupTooSmall, UsageError) as problem:
        return None, f"{problem.message} {problem.why}".strip()


def _programs(context: Context, owner: str) -> list[Owned]:
    query = select(PROGRAMS.c.program, PROGRAMS.c.name).where(PROGRAMS.c.owner == owner)
    with context.index.reading() as session:
        rows = session.execute(query.order_by(PROGRAMS.c.program))
        return [Owned(row.program, row.name) for row in rows]


def _segment_bars(segments: Sequence[SegmentFigures]) -> list[Bar]:
    most = max((each.people or 0 for each in segments), default=0) or 1
    room = _WIDTH - _LABEL - 90
    return [
        Bar(
            each.segment,
            "withheld" if each.people is None else f"{each.people:,}",
            index * _BAR,
            room * (each.people or 0) // most,
        )
        for index, each in enumerate(segments)
    ]


def _curve(forecast: Forecast) -> str:
    """Return the points of the survival curve as steps, for an SVG polyline."""
    last = max((age for age, _ in forecast.curve), default=0) or 1
    points: list[str] = []
    height = _HEIGHT
    for age, left in forecast.curve:
        x = _WIDTH * age // last
        points.append(f"{x},{height}")
        height = round(_HEIGHT * (1 - left)) if age else 0
        points.append(f"{x},{height}")
    return " ".join(points[1:])


def _accounts(text: str) -> list[str]:
    """Return the addresses in a text, each once.

    Raises:
        UsageError: Something in it is no address, or there are too many.
    """
    words = [word for word in text.replace(",", " ").split() if word.lower() != "address"]
    if len(words) > _ACCOUNTS_MAX:
        raise UsageError(f"A list here has at most {_ACCOUNTS_MAX:,} customers.")
    found: dict[str, None] = {}
    for number, word in enumerate(words, start=1):
        try:
            found[parse_address(word)] = None
        except ValueError:
            raise UsageError(f"Entry {number:,} of a list is no address.") from None
    return list(found)


def _day(text: str) -> int:
    """Return when a day begins (UTC), Unix seconds.

    Raises:
        UsageError: It is no date.
    """
    try:
        return int(datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).timestamp())
    except ValueError:
        raise UsageError("A date is written as 2026-06-01.") from None


def _as_day(moment: int) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d}"


template_filter("analytics_day", _as_day)
template_filter("analytics_points", to_points)
