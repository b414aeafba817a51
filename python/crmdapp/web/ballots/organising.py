"""What moves an election on: definitions, the roll, the steps that anybody may take.

Over HTTP only those who have to do with an election move it: its organiser, its registrars and its
trustees. To all others it is as if there were none of that number.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from crmdapp.ballots.citizens import join_registrations
from crmdapp.ballots.definition import Definition, read_definition
from crmdapp.ballots.elections import ElectionsClient
from crmdapp.ballots.errors import ElectionUnknown
from crmdapp.ballots.models import Phase
from crmdapp.ballots.poll_definition import PollDefinition, read_poll
from crmdapp.ballots.registration import SignedRegistration
from crmdapp.ballots.tally import TallyClient
from crmdapp.errors import FileRejected
from crmdapp.web.errors import RequestInvalid

if TYPE_CHECKING:
    from crmdapp.ballots.models import Election
    from crmdapp.web.ballots.desk import BallotsDesk


def election_for(desk: BallotsDesk, number: int, account: str) -> Election:
    """Return an election for one who organises it, registers for it, or is a trustee of it.

    Raises:
        ElectionUnknown: There is none of that number, or none that the account has to do with.
    """
    found = desk.client(ElectionsClient).election(number)
    if account not in (found.organiser, *found.registrars, *found.trustees):
        raise ElectionUnknown(number)
    return found


def election_of_organiser(desk: BallotsDesk, number: int, account: str) -> Election:
    """Return an election for its organiser.

    Raises:
        ElectionUnknown: There is none of that number, or it is another's.
    """
    found = desk.client(ElectionsClient).election(number)
    if account != found.organiser:
        raise ElectionUnknown(number)
    return found


def definition_in(data: bytes, *, yaml: bool) -> Definition:
    """Return the election's definition in a request.

    Raises:
        RequestInvalid: It has faults, each by its field's name.
        ElectionUndecodable: The result of a question could not be computed.
    """
    try:
        return read_definition(data, "definition.yaml" if yaml else "definition.json")
    except FileRejected as problem:
        raise _invalid(problem) from None


def poll_in(data: bytes, *, yaml: bool) -> PollDefinition:
    """Return the poll's definition in a request.

    Raises:
        RequestInvalid: It has faults, each by its field's name.
    """
    try:
        return read_poll(data, "poll.yaml" if yaml else "poll.json")
    except FileRejected as problem:
        raise _invalid(problem) from None


def registrations_in(found: Sequence[object]) -> list[SignedRegistration]:
    """Return registrations, with what several registrars signed about the same citizen joined.

    Raises:
        UsageError: One is none, or two of them contradict each other.
    """
    return join_registrations([SignedRegistration.from_json(json.dumps(each)) for each in found])


def groups_to_tally(
    tally: TallyClient, election: Election
) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Return the groups whose shares are enough to be counted, and those that wait for more.

    Raises:
        QuestionNotClosed: The election has not closed, or nobody formed the groups.
    """
    ready: list[tuple[int, int]] = []
    waiting: list[tuple[int, int]] = []
    number = election.number
    for question in range(len(election.questions)):
        if tally.question_phase(number, question) is Phase.VOID:
            continue
        for group in range(len(tally.groups(number, question))):
            if not tally.is_tallied(number, question, group):
                posted = tally.posted(number, question, group)
                enough = len(posted) >= election.threshold
                (ready if enough else waiting).append((question, group))
    return ready, waiting


def _invalid(problem: FileRejected) -> RequestInvalid:
    faults = tuple(
        (each.field or (f"line {each.line}" if each.line else "body"), each.reason)
        for each in problem.faults[:50]
    )
    places = ", ".join(place for place, _ in faults[:5])
    return RequestInvalid(f"The definition is not valid: {places}.", faults)
