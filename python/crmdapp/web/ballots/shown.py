"""Elections and polls in words, for the API and the pages alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from crmdapp.ballots.models import Phase, VoidGround
from crmdapp.ballots.results_chart import ChartedQuestion, results_svg

if TYPE_CHECKING:
    from crmdapp.ballots.definition import Definition
    from crmdapp.ballots.models import QuestionResult
    from crmdapp.ballots.poll_definition import PollDefinition
    from crmdapp.store.index.ballots.polls import PollState
    from crmdapp.store.index.ballots.states import ElectionState

GROUNDS = {
    VoidGround.TURNOUT: "too few voted",
    VoidGround.SHARES: "too few trustees decrypted in time",
}
"""Why a question has no result, in words."""

COUNTING = (Phase.CLOSED, Phase.TALLIED, Phase.VOID)
"""Phases in which questions may have results."""


def title_of(state: ElectionState, definition: Definition | None) -> str:
    """Return what an election is called: its title, or its number."""
    return f"Election {state.number}" if definition is None else definition.title


def question_title(definition: Definition | None, question: int) -> str:
    """Return what a question is called: its title, or its number."""
    if definition is None:
        return f"Question {question + 1}"
    return definition.questions[question].title


def option_names(definition: Definition | None, question: int, options: int) -> tuple[str, ...]:
    """Return what the options of a question are called: their texts, or their numbers."""
    if definition is None:
        return tuple(f"Option {number + 1}" for number in range(options))
    return definition.questions[question].options


def ground_of(result: QuestionResult, recorded: VoidGround) -> str:
    """Return why a question has no result, in words; empty if it has or can have one."""
    if result.phase is not Phase.VOID:
        return ""
    return GROUNDS.get(recorded, GROUNDS[VoidGround.SHARES])


def charted(
    state: ElectionState, definition: Definition | None, results: Sequence[QuestionResult]
) -> list[ChartedQuestion]:
    """Return the results of an election's questions with their words."""
    found = []
    for asked, result in zip(state.questions, results, strict=True):
        ground = ground_of(result, asked.ground)
        found.append(
            ChartedQuestion(
                question_title(definition, asked.number),
                option_names(definition, asked.number, asked.options),
                result.totals,
                result.ballots,
                state.voters,
                ground or ("" if result.totals else "it is not counted yet"),
            )
        )
    return found


def election_svg(
    state: ElectionState,
    definition: Definition | None,
    results: Sequence[QuestionResult],
    note: str,
) -> str:
    """Return the chart of an election's results."""
    shown = charted(state, definition, results)
    return results_svg(title_of(state, definition), shown, note=note)


def poll_charted(state: PollState, definition: PollDefinition | None) -> ChartedQuestion:
    """Return the result of a poll with its words: votes, or weights if it has any."""
    counts = state.weights if state.is_weighted else state.counts
    total = sum(counts)
    options = poll_options(state, definition)
    return ChartedQuestion(poll_title(state, definition), options, counts, total, total)


def poll_title(state: PollState, definition: PollDefinition | None) -> str:
    """Return what a poll is called: its title, or its number."""
    return f"Poll {state.number}" if definition is None else definition.title


def poll_options(state: PollState, definition: PollDefinition | None) -> tuple[str, ...]:
    """Return what the options of a poll are called: their texts, or their numbers."""
    if definition is None:
        return tuple(f"Option {number + 1}" for number in range(state.options))
    return definition.options
