"""Figures about a program's customers who agreed to them: ``/v1/analytics``.

Only the owner of a program asks about it; for everybody else it does not exist. What the company's
customers agreed to comes from its own book of consents, where they stand from the index.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import ConfigDict, Field

from crmdapp.customers.analytics.program import held_consents, owner_of_program, read_program
from crmdapp.customers.analytics.reports import PERIOD, Analyst, Asked
from crmdapp.web.api import AddressIn, Caller, Context, ContextDep, Model, NotFound, requires
from crmdapp.web.api.customers.office import opened_book

router = APIRouter(prefix="/v1/analytics", tags=["analytics"])

ACCOUNTS_MAX = 10_000
"""Most accounts of one group of a comparison."""

Reader = Annotated[Caller, requires("analytics:read")]
Purpose = Annotated[
    str | None,
    Query(max_length=80, description="Term of the purpose (DPV), if not the figure's usual one."),
]

_COVERED: dict[str, Any] = {
    "program": 2,
    "purpose": "DirectMarketing",
    "customers": 73,
    "used": 62,
    "left_out": {"the consent was withdrawn": 2, "no consent is known for the account": 9},
    "as_of_block": 196,
    "as_of": 1_794_178_864,
}


class Covered(Model):
    """What a figure rests on.

    Attributes:
        program: The program.
        purpose: Term of the purpose.
        customers: Customers in all.
        used: Customers whose data were used.
        left_out: How many were left out, by reason.
        as_of_block: The block as of which it is.
        as_of: Its time, Unix seconds.
    """

    program: int
    purpose: str
    customers: int
    used: int
    left_out: dict[str, int]
    as_of_block: int
    as_of: int


class Segment(Model):
    """Customers alike in recency and frequency; ``null`` where figures are withheld or empty.

    Attributes:
        segment: Its name.
        people: Customers in it.
        days: Mean days since the last award.
        awards: Mean number of awards.
        units: Mean units earned, of 0.01 point.
    """

    segment: str
    people: int | None
    days: float | None
    awards: float | None
    units: int | None


class Segments(Covered):
    """Segments by recency, frequency and value.

    Attributes:
        segments: The segments.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **_COVERED,
                    "segments": [
                        {
                            "segment": "champions",
                            "people": 13,
                            "days": 14.0,
                            "awards": 20.3,
                            "units": 17051,
                        }
                    ],
                }
            ]
        }
    )

    segments: list[Segment]


class Breakage(Covered):
    """How many of the points that are out will never be spent.

    Attributes:
        outstanding: Units that are out, of 0.01 point.
        expected: Units expected to lapse.
        low: Lower end of the 95 % interval.
        high: Upper end of the 95 % interval.
        rate: Expected share, 0 to 1.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **_COVERED,
                    "outstanding": 243_371,
                    "expected": 175_788,
                    "low": 151_840,
                    "high": 199_737,
                    "rate": 0.7223,
                }
            ]
        }
    )

    outstanding: int
    expected: int
    low: int
    high: int
    rate: float


class CohortRow(Model):
    """Customers who began in the same period; ``null`` where a number is withheld.

    Attributes:
        begins_at: When the period begins, Unix seconds.
        people: How many they are.
        active: How many of them were active k periods later, from 0 on.
    """

    begins_at: int
    people: int | None
    active: list[int | None]


class Cohorts(Covered):
    """Who came back.

    Attributes:
        period: Seconds of a period.
        cohorts: The table, oldest first.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **_COVERED,
                    "period": 2_592_000,
                    "cohorts": [{"begins_at": 1_760_000_000, "people": 31, "active": [31, 20]}],
                }
            ]
        }
    )

    period: int
    cohorts: list[CohortRow]


class Comparison(Model):
    """Two groups to compare.

    Attributes:
        program: The program.
        offered: Accounts that got the offer.
        control: Accounts that did not, though they might have.
        since: When the campaign began, Unix seconds, inclusive.
        until: When it ended, exclusive.
        purpose: Term of the purpose, if not ``DirectMarketing``.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "program": 2,
                    "offered": ["0x70997970C51812dc3A010C7d01b50e0d17dc79C8"],
                    "control": ["0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"],
                    "since": 1_790_000_000,
                    "until": 1_792_000_000,
                }
            ]
        },
    )

    program: int = Field(ge=0, lt=1 << 63)
    offered: list[AddressIn] = Field(max_length=ACCOUNTS_MAX)
    control: list[AddressIn] = Field(max_length=ACCOUNTS_MAX)
    since: int = Field(ge=0, lt=1 << 40)
    until: int = Field(ge=0, lt=1 << 40)
    purpose: str | None = Field(default=None, max_length=80)


class Group(Model):
    """One group of a comparison.

    Attributes:
        people: Customers who may be counted.
        responded: Those who earned points in the campaign's time.
        share: Their share, 0 to 1.
        low: Lower end of its 95 % interval (Wilson).
        high: Upper end.
    """

    people: int
    responded: int
    share: float
    low: float
    high: float


class UpliftOut(Covered):
    """What a campaign changed.

    Attributes:
        offered: Those who got the offer.
        control: Those who did not.
        difference: Share of the first less share of the second.
        low: Lower end of its 95 % interval (Newcombe).
        high: Upper end.
        p_value: Of the two-sided two-proportion z-test.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **_COVERED,
                    "offered": {
                        "people": 40,
                        "responded": 20,
                        "share": 0.5,
                        "low": 0.352,
                        "high": 0.648,
                    },
                    "control": {
                        "people": 20,
                        "responded": 4,
                        "share": 0.2,
                        "low": 0.0807,
                        "high": 0.416,
                    },
                    "difference": 0.3,
                    "low": 0.038,
                    "high": 0.49,
                    "p_value": 0.0253,
                }
            ]
        }
    )

    offered: Group
    control: Group
    difference: float
    low: float
    high: float
    p_value: float


class DrawingOut(Covered):
    """Two groups of customers who agreed, as chance chose them.

    Attributes:
        word: What the same groups can be drawn with again, 32 hex digits.
        offered: Accounts that are to get the offer.
        control: Accounts that are not.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **_COVERED,
                    "word": "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
                    "offered": ["0x70997970C51812dc3A010C7d01b50e0d17dc79C8"],
                    "control": ["0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"],
                }
            ]
        }
    )

    word: str
    offered: list[str]
    control: list[str]


@router.get("/programs/{program}/rfm")
def segments(
    program: int, context: ContextDep, caller: Reader, purpose: Purpose = None
) -> Segments:
    """Score recency, frequency and value by quintile, and count the segments."""
    found = analyst_of(context, caller.merchant, program, purpose).rfm()
    rows = [Segment.model_validate(each) for each in found.segments]
    return Segments(**covered(found.asked), segments=rows)


@router.get("/programs/{program}/breakage")
def breakage(
    program: int, context: ContextDep, caller: Reader, purpose: Purpose = None
) -> Breakage:
    """Forecast how many of the points that are out will never be spent."""
    found = analyst_of(context, caller.merchant, program, purpose).breakage()
    told = found.forecast
    return Breakage(
        **covered(found.asked),
        outstanding=told.outstanding,
        expected=told.expected,
        low=told.low,
        high=told.high,
        rate=round(told.rate, 6),
    )


@router.get("/programs/{program}/cohorts")
def cohorts(
    program: int,
    context: ContextDep,
    caller: Reader,
    purpose: Purpose = None,
    period: Annotated[
        int, Query(ge=60, le=31_536_000, description="Seconds of a period.")
    ] = PERIOD,
) -> Cohorts:
    """Count who came back, by the period in which customers first earned points."""
    found = analyst_of(context, caller.merchant, program, purpose).cohorts(period)
    rows = [
        CohortRow(begins_at=each.begins_at, people=each.people, active=list(each.active))
        for each in found.cohorts
    ]
    return Cohorts(**covered(found.asked), period=found.period, cohorts=rows)


@router.get("/programs/{program}/drawing")
def drawing(
    program: int,
    context: ContextDep,
    caller: Reader,
    purpose: Purpose = None,
    share: Annotated[float, Query(gt=0, lt=1, description="Share of the control group.")] = 0.2,
    word: Annotated[
        str | None,
        Query(pattern="^[0-9a-f]{32}$", description="Of a drawing to be repeated; else a new one."),
    ] = None,
) -> DrawingOut:
    """Let chance choose who gets an offer, so that an uplift can tell what it changed."""
    analyst = analyst_of(context, caller.merchant, program, purpose)
    found = analyst.drawing(Fraction(str(share)), word)
    told = found.drawing
    return DrawingOut(
        **covered(found.asked),
        word=told.word,
        offered=list(told.offered),
        control=list(told.control),
    )


@router.post("/uplift")
def uplift(wanted: Comparison, context: ContextDep, caller: Reader) -> UpliftOut:
    """Compare who bought with and without an offer. Changes nothing, so it needs no key."""
    analyst = analyst_of(context, caller.merchant, wanted.program, wanted.purpose)
    found = analyst.uplift(wanted.offered, wanted.control, wanted.since, wanted.until)
    told = found.uplift
    groups = [
        Group(
            people=each.people,
            responded=each.responded,
            share=each.value,
            low=each.low,
            high=each.high,
        )
        for each in (told.offered, told.control)
    ]
    return UpliftOut(
        **covered(found.asked),
        offered=groups[0],
        control=groups[1],
        difference=told.difference,
        low=told.low,
        high=told.high,
        p_value=told.p_value,
    )


def analyst_of(context: Context, merchant: str, program: int, purpose: str | None) -> Analyst:
    """Return who answers questions of a merchant about one of its programs.

    Raises:
        NotFound: There is no such program, or it is another merchant's.
        CodeUnknown: There is no such purpose.
    """
    with context.index.reading() as session:
        if not 0 <= program < 1 << 63 or owner_of_program(session, program) != merchant:
            raise NotFound("There is no such program of this merchant.")
        with opened_book(context, merchant) as book:
            terms = [each.terms for each in book.everything()]
        history = read_program(session, program)
        consents = held_consents(session, terms)
    return Analyst(history, consents, purpose=purpose)


def covered(asked: Asked) -> dict[str, Any]:
    """Return what a figure rests on, as the fields of :class:`Covered`."""
    coverage = asked.coverage
    return {
        "program": asked.program,
        "purpose": asked.purpose,
        "customers": coverage.total,
        "used": coverage.used,
        "left_out": dict(coverage.left_out),
        "as_of_block": asked.block,
        "as_of": asked.as_of,
    }
