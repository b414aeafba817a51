"""Arguments, options and steps that organisers, registrars and holders of polls share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from crmdapp.cli._output import Facts
from crmdapp.cli._sending import confirm, origin, result_of_dry_run, was_sent
from crmdapp.cli._values import format_ether, format_time

if TYPE_CHECKING:
    from crmdapp.ballots.definition import Definition
    from crmdapp.ballots.models import Election
    from crmdapp.chain.calls import Call
    from crmdapp.chain.client import ContractClient
    from crmdapp.chain.transactions import Receipt
    from crmdapp.cli._context import Session

ClientT = TypeVar("ClientT", bound="ContractClient")

ElectionArgument = Annotated[
    int, typer.Argument(metavar="ELECTION", min=1, help="Number of the election.")
]
DefinitionOption = Annotated[
    Path | None,
    typer.Option("--definition", metavar="FILE", help="Its definition, for titles and names."),
]
QuestionOption = Annotated[
    int | None,
    typer.Option("--question", metavar="NUMBER", min=0, help="This question only, from 0."),
]

TallyOption = Annotated[
    str | None,
    typer.Option("--tally", metavar="ADDRESS", help="The tally; no manifest is needed then."),
]
RollOption = Annotated[
    str | None,
    typer.Option("--roll", metavar="ADDRESS", help="The roll; no manifest is needed then."),
]

PHASES = {
    "UNKNOWN": "there is no such election",
    "KEY_CEREMONY": "the trustees make its key",
    "REGISTRATION": "voters are registered, or the roll is to be frozen",
    "FROZEN": "roll and key are final; it opens when it is time",
    "OPEN": "ballots are cast",
    "CLOSED": "it is counted",
    "TALLIED": "it has a result",
    "CANCELLED": "it was called off, or was not ready in time",
    "VOID": "it has no result",
}
"""Where an election is, in words."""


def client_of(
    session: Session, kind: type[ClientT], address: str | None = None, *, sends: bool = False
) -> ClientT:
    """Return a client of a contract: the one at an address, or the one that the manifest names.

    Raises:
        ContractMissing: It is not deployed on the chain, or not at that address.
    """
    sender = session.sender if sends else None
    if address is None:
        return kind.at(session.connection, session.manifest, sender)
    client = kind(session.connection, session.address(address), sender)
    client.contract.require_code()
    return client


def definition_of(path: Path | None, election: Election) -> Definition | None:
    """Return the definition in a file, checked to be the election's; ``None`` without a file.

    Raises:
        FileRejected: The file has faults.
        DefinitionForeign: It is of another election.
    """
    from crmdapp.ballots.definition import load_definition
    from crmdapp.ballots.models import require_definition

    if path is None:
        return None
    found = load_definition(path)
    require_definition(found, election)
    return found


def titles_of(definition: Definition | None, election: Election) -> list[str]:
    """Return what each question is called: its title, or its number."""
    if definition is None:
        return [f"Question {number}" for number in range(len(election.questions))]
    return [asked.title for asked in definition.questions]


def options_of(definition: Definition | None, election: Election, question: int) -> list[str]:
    """Return what each option of a question is called: its text, or its number."""
    if definition is None:
        return [f"Option {n}" for n in range(election.questions[question].options)]
    return list(definition.questions[question].options)


def chosen_questions(election: Election, question: int | None) -> list[int]:
    """Return the questions that a command is about: one, or all.

    Raises:
        QuestionUnknown: There is no such question.
    """
    from crmdapp.ballots.errors import QuestionUnknown

    if question is None:
        return list(range(len(election.questions)))
    if question >= len(election.questions):
        raise QuestionUnknown(election.number, question)
    return [question]


def about_windows(election: Election) -> list[tuple[str, str]]:
    """Return the windows of an election, for people."""
    windows = election.windows
    return [
        ("Keys until", format_time(windows.keys_until)),
        ("Commitments until", format_time(windows.commitments_until)),
        ("Deals until", format_time(windows.deals_until)),
        ("Complaints until", format_time(windows.complaints_until)),
        ("Registration until", format_time(windows.registration_until)),
        ("Opens", format_time(windows.opens_at)),
        ("Closes", format_time(windows.closes_at)),
        ("Decryption until", format_time(windows.shares_until)),
    ]


def send_parts(
    session: Session,
    calls: Sequence[tuple[int, Call]],
    about: Sequence[tuple[str, str]],
    *,
    title: str,
    unit: str,
) -> list[Receipt] | None:
    """Send calls under keys of their own, so that a command that was killed goes on.

    The key of each is what is sent: run again, a command finds what it has sent in the journal.

    Args:
        session: The command's session.
        calls: Number of units, and call of each.
        about: What is done, for the person who decides.
        title: What the progress is of.
        unit: What it counts.

    Returns:
        The receipts of all parts, in order; ``None`` if it was a dry run.
    """
    parts = [(_key_of(call), count, call) for count, call in calls]
    fresh = [part for part in parts if not _took_effect(session, part[0])]
    simulations = [session.sender.simulate(fresh[0][2])] if fresh else []
    ceiling = sum(item.gas * item.max_fee for item in simulations) * len(fresh)
    facts = [
        *origin(session),
        ("Transactions", f"{len(parts):,}, of which {len(parts) - len(fresh):,} were sent before"),
        ("Fee ceiling", f"about {format_ether(ceiling)}"),
        *about,
    ]
    session.out.show(Facts(facts), to_decide=not session.yes)
    if session.dry_run:
        result_of_dry_run(session, [part[2] for part in fresh[:1]], simulations)
        return None
    if fresh:
        confirm(session, "Send them?")
        session.signer.unlock()
    receipts: list[Receipt] = []
    done, total = 0, sum(count for _, count, _ in parts)
    sending = session.sender.send_many(
        ((key, call) for key, _, call in parts), again_if_reverted=True
    )
    with session.out.progress(title, max(total, 1), unit) as progress:
        for (_, count, _), receipt in zip(parts, sending, strict=True):
            receipts.append(receipt)
            done += count
            progress.at(done)
    return receipts


def _took_effect(session: Session, key: str) -> bool:
    """Return whether a transaction of that key is on its way, or was mined and not reverted."""
    return was_sent(session, key) and session.sender.status(key).state != "reverted"


def _key_of(call: Call) -> str:
    from crmdapp.chain._keccak import keccak

    return f"{call.function}:{keccak(str(call.to).encode() + call.data).hex()}"
