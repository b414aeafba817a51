"""Which precincts are counted together, so that no sum of a few ballots is ever decrypted.

Groups are runs of neighbouring precincts, from the first on, each as short as the minimum turnout
allows; precincts that are left over at the end join the last group. A minimum hides how a small
precinct voted; it does not protect a voter from all others of the group together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crmdapp.ballots.faults import TurnoutTooLow


@dataclass(frozen=True, slots=True)
class BallotGroup:
    """Precincts whose ballots are decrypted as one sum.

    Attributes:
        first_precinct: Inclusive, as the last.
        last_precinct: The last one.
        ballots: In all of them.
    """

    first_precinct: int
    last_precinct: int
    ballots: int


def group_precincts(ballots: Sequence[int], minimum: int) -> tuple[BallotGroup, ...]:
    """Return the groups of a question.

    Args:
        ballots: Of each precinct, from precinct 0 on.
        minimum: Fewest ballots that are decrypted as one sum, at least 1.

    Raises:
        TurnoutTooLow: All ballots together are fewer: the question stays without a result.
        ValueError: The minimum is below 1.
    """
    if minimum < 1:
        raise ValueError("the minimum turnout is at least 1")
    ends: list[int] = []
    run = 0
    for precinct, count in enumerate(ballots):
        run += count
        if run >= minimum:
            ends.append(precinct)
            run = 0
    if not ends:
        raise TurnoutTooLow(
            f"{run:,} ballots are fewer than the minimum of {minimum:,}.",
            ballots=run,
            minimum=minimum,
            why="So few ballots would show how single voters voted.",
        )
    ends[-1] = len(ballots) - 1
    starts = [0, *(end + 1 for end in ends[:-1])]
    return tuple(
        BallotGroup(start, end, sum(ballots[start : end + 1]))
        for start, end in zip(starts, ends, strict=True)
    )
