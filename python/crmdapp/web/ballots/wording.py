"""Phases, steps and times in words, for pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from crmdapp.ballots.models import CeremonyStep, Phase
from crmdapp.store.index.ballots.states import ElectionState

PHASES = {
    Phase.UNKNOWN: "there is no such election",
    Phase.KEY_CEREMONY: "the trustees make its key",
    Phase.REGISTRATION: "voters are registered, or the roll is to be frozen",
    Phase.FROZEN: "roll and key are final; it opens when it is time",
    Phase.OPEN: "ballots are cast",
    Phase.CLOSED: "voting is over; it is counted",
    Phase.TALLIED: "it has a result",
    Phase.CANCELLED: "it was called off, or was not ready in time",
    Phase.VOID: "it has no result",
}
"""Where an election is, in words."""

BADGES = {Phase.OPEN: "good", Phase.TALLIED: "good", Phase.CANCELLED: "bad", Phase.VOID: "bad"}
"""How the badge of a phase looks, beside its word."""

STEPS = {
    CeremonyStep.NONE: "nothing",
    CeremonyStep.KEYS: "the trustees' keys",
    CeremonyStep.COMMITMENTS: "commitments to deals",
    CeremonyStep.DEALS: "deals",
    CeremonyStep.COMPLAINTS: "complaints",
    CeremonyStep.FINALISATION: "somebody to finalise it",
    CeremonyStep.FINAL: "nothing: the key is made",
    CeremonyStep.SHORT: "a restart: too few trustees are left",
    CeremonyStep.FAILED: "nothing: the election should have opened",
}
"""What a ceremony waits for, in words."""

EVENTS = {
    "ElectionCreated": "The election was created",
    "ElectionCancelled": "The organiser called it off",
    "TrusteeKeyRegistered": "Trustee {actor} registered a key",
    "DealCommitted": "Trustee {actor} committed to a deal",
    "DealPosted": "Trustee {actor} posted the deal",
    "ComplaintJudged": "A complaint of trustee {actor} was judged",
    "CeremonyRestarted": "The ceremony began anew",
    "CeremonyFinalised": "The joint key was made",
    "RollChunkFrozen": "A part of the roll was frozen",
    "QuestionPrepared": "Question {question} can take ballots",
    "QuestionClosed": "Question {question} was closed",
    "QuestionVoided": "Question {question} stays without a result",
    "SharesPosted": "Trustee {actor} decrypted a sum of question {question}",
    "GroupTallied": "Counts of question {question} were proved",
}
"""What happened, by the event's name."""

LINKS = {
    "record": "Every transaction is signed and in order",
    "settings": "The election is what its organiser created",
    "definition": "Its words are those that the chain has the hash of",
    "ceremony": "Every message of the trustees came in time and proves itself",
    "key": "The key is made of the deals that are left",
    "roll": "A quorum of registrars signed every voter, once",
    "freeze": "The frozen roll is theirs",
    "forms": "Ballots were checked against that roll and key",
    "ballots": "Every batch came in time, from a key; nobody counts twice",
    "proofs": "Every ballot is proved to be a valid vote",
    "sums": "The ballots add up",
    "bulletin": "The bulletins are those of the ballots",
    "closing": "Precincts were counted together as the turnout says",
    "shares": "Every share of a trustee holds",
    "counts": "The counts are what the sums hold",
    "result": "The result is the sum of the counts",
    "second": "Another program agrees on a sample",
}
"""What holds if a link of an audit holds."""

WINDOWS = (
    ("keys_until", "Trustees register keys; that ends", "The time for trustees' keys ended"),
    ("commitments_until", "Commitments to deals; that ends", "The time for commitments ended"),
    ("deals_until", "Deals are posted; that ends", "The time for deals ended"),
    ("complaints_until", "Complaints are judged; that ends", "The time for complaints ended"),
    ("registration_until", "Registration of voters ends", "Registration of voters ended"),
    ("opens_at", "Voting opens", "Voting opened"),
    ("closes_at", "Voting closes", "Voting closed"),
    ("shares_until", "Decryption by trustees ends", "The time for decryption ended"),
)
"""Windows in their order: name, and what is said of it before its end and after."""

_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


@dataclass(frozen=True, slots=True)
class WindowWords:
    """A window of an election, for people.

    Attributes:
        label: What ends or begins, or did.
        iso: When, as machines read it.
        time: When.
        distance: How far that is from now.
        is_over: Whether it is past.
    """

    label: str
    iso: str
    time: str
    distance: str
    is_over: bool


def windows_in_words(state: ElectionState, now: int) -> list[WindowWords]:
    """Return an election's windows; those of the ceremony are its current round's.

    Args:
        state: The election.
        now: The chain's time, Unix seconds.
    """
    found = []
    for name, ahead, past in WINDOWS:
        source = state.round_windows if hasattr(state.round_windows, name) else state.windows
        end: int = getattr(source, name)
        label = past if now >= end else ahead
        found.append(WindowWords(label, iso(end), moment(end), distance(end, now), now >= end))
    return found


def moment(seconds: int) -> str:
    """Return a time for people, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%d %B %Y, %H:%M UTC").lstrip("0")


def iso(seconds: int) -> str:
    """Return a time as machines read it, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def distance(seconds: int, now: int) -> str:
    """Return how far a time is from now, in its largest unit."""
    span = abs(seconds - now)
    for size, unit in _UNITS:
        if span >= size:
            count = span // size
            words = f"{count} {unit}" if count == 1 else f"{count} {unit}s"
            return f"in {words}" if seconds > now else f"{words} ago"
    return "now"


def phase_word(phase: Phase) -> str:
    """Return a phase's name."""
    return phase.name.replace("_", " ").capitalize()


def event_words(name: str, actor: int, question: int) -> str:
    """Return what happened, for people, who count from 1."""
    return EVENTS.get(name, name).format(actor=actor, question=question + 1)


def percent(part: int, whole: int) -> str:
    """Return a share, rounded to whole numbers."""
    return f"{(200 * part + whole) // (2 * whole)} %" if whole else "0 %"
