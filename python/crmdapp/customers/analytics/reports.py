"""The questions that can be asked of a program, each answered with whom it leaves out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from crmdapp.customers.analytics.breakage import Forecast, forecast, lives
from crmdapp.customers.analytics.cohorts import Cohort, cohorts
from crmdapp.customers.analytics.coverage import Coverage, HeldConsent, Purpose, consenting
from crmdapp.customers.analytics.drawing import Drawing, draw, new_word
from crmdapp.customers.analytics.groups import MINIMUM
from crmdapp.customers.analytics.movements import Kind, Movement
from crmdapp.customers.analytics.program import ProgramHistory
from crmdapp.customers.analytics.rfm import Score, SegmentFigures, figures, score
from crmdapp.customers.analytics.uplift import Uplift, uplift
from crmdapp.customers.codes import category_bits, purpose_bits
from crmdapp.errors import UsageError

CATEGORY = "PurchasesAndSpendingHabit"
"""The category of personal data that a history of points is (DPV)."""

PURPOSES: Mapping[str, str] = {
    "rfm": "DirectMarketing",
    "breakage": "ServiceUsageAnalytics",
    "cohorts": "ServiceUsageAnalytics",
    "uplift": "DirectMarketing",
    "drawing": "DirectMarketing",
}
"""The purpose for which each figure is computed, unless another is named (DPV)."""

PERIOD = 30 * 86_400
"""Seconds of a period of the cohort table, unless another is named."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a figure rests on.

    Attributes:
        program: The program.
        purpose: Term of the purpose.
        coverage: How many customers it is about, and why not all.
        block: The block as of which it is.
        as_of: Its time, Unix seconds.
    """

    program: int
    purpose: str
    coverage: Coverage
    block: int
    as_of: int


@dataclass(frozen=True, slots=True)
class RfmReport:
    """Segments by recency, frequency and value.

    Attributes:
        asked: What the figures rest on.
        segments: The segments.
        scores: Each customer's scores: of those who agreed, for the company alone.
    """

    asked: Asked
    segments: Sequence[SegmentFigures]
    scores: Sequence[Score]


@dataclass(frozen=True, slots=True)
class BreakageReport:
    """How many points will never be spent.

    Attributes:
        asked: What the figures rest on.
        forecast: The forecast.
    """

    asked: Asked
    forecast: Forecast


@dataclass(frozen=True, slots=True)
class CohortReport:
    """Who came back.

    Attributes:
        asked: What the figures rest on.
        period: Seconds of a period.
        cohorts: The table, oldest first.
    """

    asked: Asked
    period: int
    cohorts: Sequence[Cohort]


@dataclass(frozen=True, slots=True)
class UpliftReport:
    """What a campaign changed.

    Attributes:
        asked: What the figures rest on: the customers of both lists.
        since: Unix seconds, inclusive.
        until: Unix seconds, exclusive.
        uplift: The comparison.
    """

    asked: Asked
    since: int
    until: int
    uplift: Uplift


@dataclass(frozen=True, slots=True)
class DrawingReport:
    """Two groups that chance chose, to be compared later.

    Attributes:
        asked: What the figures rest on.
        drawing: The groups: of those who agreed, for the company alone.
    """

    asked: Asked
    drawing: Drawing


class Analyst:
    """Answers questions about one program.

    Args:
        history: The program.
        consents: What its owner holds, see :func:`.program.held_consents`.
        purpose: Term of the purpose; that of the figure by default.
        minimum: Fewest customers of a group that is shown.
    """

    def __init__(
        self,
        history: ProgramHistory,
        consents: Sequence[HeldConsent],
        *,
        purpose: str | None = None,
        minimum: int = MINIMUM,
    ) -> None:
        self._history = history
        self._consents = consents
        self._purpose = purpose
        self._minimum = minimum

    def rfm(self) -> RfmReport:
        """Return the segments.

        Raises:
            CodeUnknown: There is no such purpose.
        """
        asked, movements = self._movements("rfm")
        scores = score(movements, self._history.as_of)
        return RfmReport(asked, figures(scores, self._minimum), scores)

    def breakage(self) -> BreakageReport:
        """Return the forecast.

        Raises:
            CodeUnknown: There is no such purpose.
            GroupTooSmall: Too few customers agreed.
        """
        asked, movements = self._movements("breakage")
        found = lives(movements, self._history.expires_at, self._history.as_of)
        return BreakageReport(asked, forecast(found, self._minimum))

    def cohorts(self, period: int = PERIOD) -> CohortReport:
        """Return the cohort table, from the day on which the program was opened.

        Raises:
            CodeUnknown: There is no such purpose.
            UsageError: The period is too short, or there are too many.
        """
        asked, movements = self._movements("cohorts")
        history = self._history
        table = cohorts(movements, history.created_at, period, history.as_of, self._minimum)
        return CohortReport(asked, period, table)

    def uplift(
        self, offered: Collection[str], control: Collection[str], since: int, until: int
    ) -> UpliftReport:
        """Return what a campaign changed: who earned points in its time.

        Args:
            offered: Accounts that got the offer.
            control: Accounts that did not, though they might have.
            since: When the campaign began, Unix seconds, inclusive.
            until: When it ended, exclusive.

        Raises:
            CodeUnknown: There is no such purpose.
            GroupsOverlap: Somebody is in both.
            GroupTooSmall: Too few customers of one group agreed.
            UsageError: It ends before it begins.
        """
        if until <= since:
            raise UsageError("The campaign ends before it begins.")
        # Who never came is in a list all the same: without them every offer would look good.
        asked, used = self._ask("uplift", sorted({*offered, *control}))
        responded = {
            each.account
            for each in self._history.of(used)
            if each.kind is Kind.EARNED and since <= each.time < until
        }
        both = set(offered) & set(control)
        groups = [(used & set(group)) | both for group in (offered, control)]
        return UpliftReport(
            asked, since, until, uplift(groups[0], groups[1], responded, self._minimum)
        )

    def drawing(self, share: Fraction, word: str | None = None) -> DrawingReport:
        """Return two groups of customers who agreed: who is to get an offer, and who is not.

        Args:
            share: Share of the control group, between 0 and 1.
            word: Word of a drawing to be repeated, 32 hex digits; a new one by default. It gives
                the same groups as long as the same customers agree.

        Raises:
            CodeUnknown: There is no such purpose.
            GroupTooSmall: One of the groups is too small to compare.
            UsageError: The share or the word is none.
        """
        asked, used = self._ask("drawing", self._history.customers)
        return DrawingReport(asked, draw(used, share, word or new_word(), self._minimum))

    def _movements(self, figure: str) -> tuple[Asked, list[Movement]]:
        """Return what a figure rests on, and the movements that it may use."""
        asked, used = self._ask(figure, self._history.customers)
        return asked, self._history.of(used)

    def _ask(self, figure: str, customers: Sequence[str]) -> tuple[Asked, frozenset[str]]:
        """Return what a figure rests on, and the customers whose data it may use."""
        history, term = self._history, self._purpose or PURPOSES[figure]
        purpose = Purpose(history.owner, purpose_bits([term]), category_bits([CATEGORY]))
        used, coverage = consenting(customers, self._consents, purpose, history.as_of)
        return Asked(history.program, term, coverage, history.block, history.as_of), used
