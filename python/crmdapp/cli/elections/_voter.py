"""Arguments, options and steps that the commands of voters and relayers share."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from crmdapp.ballots.booth import Booth
    from crmdapp.ballots.box import BoxClient
    from crmdapp.ballots.definition import AskedQuestion
    from crmdapp.ballots.open_questions import OpenQuestion
    from crmdapp.cli._context import Session

_CHOICE_MOST = 10_000

ElectionArgument = Annotated[
    int, typer.Argument(metavar="ELECTION", min=1, help="Number of the election.")
]
QuestionOption = Annotated[
    int,
    typer.Option("--question", metavar="NUMBER", min=0, max=255, help="Which question, from 0."),
]
BoxOption = Annotated[
    str | None,
    typer.Option("--box", metavar="ADDRESS", help="The ballot box; no manifest is needed then."),
]
ChoiceOption = Annotated[
    Path | None,
    typer.Option(
        "--choice-file",
        metavar="FILE",
        help="File with the choice: an option a line; - is stdin. Asked for if left out.",
    ),
]
DefinitionOption = Annotated[
    Path | None,
    typer.Option(
        "--definition", metavar="FILE", help="The election's file, to choose options by name."
    ),
]
BoothOption = Annotated[
    Path | None,
    typer.Option("--booth", metavar="FILE", help="File of this device's ballots."),
]
TrackerOption = Annotated[
    str | None,
    typer.Option("--tracker", metavar="HEX", help="Which ballot; the one that waits by default."),
]


def box_of(session: Session, address: str | None, *, sends: bool = False) -> BoxClient:
    """Return the ballot box.

    Raises:
        ContractMissing: It is not deployed on the chain, or not at that address.
    """
    from crmdapp.ballots.box import BoxClient

    sender = session.sender if sends else None
    if address is None:
        return BoxClient.at(session.connection, session.manifest, sender)
    client = BoxClient(session.connection, session.address(address), sender)
    client.contract.require_code()
    return client


@contextmanager
def booth_of(session: Session, address: str | None, path: Path | None) -> Iterator[Booth]:
    """Give the booth of the account, with the file of this device's ballots."""
    from crmdapp.ballots.booth import Booth
    from crmdapp.ballots.booth_state import BoothState

    box = box_of(session, address, sends=True)
    name = f"ballots-{box.connection.chain_id}-{box.contract.address}.sqlite3"
    with BoothState(path or session.config.state_dir / name) as state:
        yield Booth(box, session.signer, state)


def parse_tracker(text: str) -> bytes:
    """Return a tracker: 64 hex digits, in groups or not.

    Raises:
        UsageError: It is none.
    """
    digits = "".join(text.split()).removeprefix("0x")
    try:
        tracker = bytes.fromhex(digits)
    except ValueError:
        tracker = b""
    if len(tracker) != 32:
        raise UsageError("A tracker is 64 hex digits.", hint="Compare it with what you wrote down.")
    return tracker


def optional_tracker(text: str | None) -> bytes | None:
    """Return a tracker; ``None`` if none is named."""
    return None if text is None else parse_tracker(text)


def tracker_lines(tracker: bytes) -> str:
    """Return a tracker for people to copy: sixteen groups of four digits."""
    digits = tracker.hex()
    return " ".join(digits[at : at + 4] for at in range(0, len(digits), 4))


def read_choice(
    session: Session, question: OpenQuestion, path: Path | None, definition: Path | None
) -> tuple[int, ...]:
    """Return the options chosen, from a file or the terminal; never from the command line.

    Raises:
        UsageError: There is neither file nor terminal, or a line names no option.
        DefinitionForeign: The definition is another election's.
    """
    asked = _asked(question, definition)
    if path is None:
        if not session.out.has_terminal:
            raise UsageError(
                "There is no terminal to choose on.",
                hint="Write the choice into a file, an option a line: --choice-file FILE",
            )
        _show_options(session, question, asked)
        session.out.always("Your choice, by number; several with commas:")
        lines = sys.stdin.readline().split(",")
    else:
        lines = _text_of(path).splitlines()
    chosen = {_option(line.strip(), question, asked) for line in lines if line.strip()}
    return tuple(sorted(chosen))


def _asked(question: OpenQuestion, definition: Path | None) -> AskedQuestion | None:
    from crmdapp.ballots.definition import load_definition
    from crmdapp.ballots.models import require_definition

    if definition is None:
        return None
    found = load_definition(definition)
    require_definition(found, question.election)
    return found.questions[question.number]


def _show_options(session: Session, question: OpenQuestion, asked: AskedQuestion | None) -> None:
    if asked is None:
        last = question.encoding.options - 1
        session.out.always(f"Question {question.number}: options 0 to {last} (see the definition).")
        return
    session.out.always(asked.title)
    for number, option in enumerate(asked.options):
        session.out.always(f"  {number}  {option}")


def _text_of(path: Path) -> str:
    try:
        if str(path) == "-":
            return sys.stdin.read(_CHOICE_MOST)
        with path.open(encoding="utf-8") as file:
            return file.read(_CHOICE_MOST)
    except (OSError, UnicodeDecodeError):
        raise UsageError(f"The choice in {path} cannot be read.") from None


def _option(line: str, question: OpenQuestion, asked: AskedQuestion | None) -> int:
    if asked is not None and line in asked.options:
        return asked.options.index(line)
    if line.isascii() and line.isdigit() and int(line[:4]) < question.encoding.options:
        return int(line[:4])
    # What was chosen is not repeated: it is the voter's secret.
    raise UsageError(
        "A line of the choice names no option.",
        hint=f"Options are 0 to {question.encoding.options - 1}"
        + (", or the definition's words." if asked else "; by their words with --definition FILE."),
    )


def ballot_data(question: OpenQuestion, tracker: bytes) -> dict[str, Any]:
    """Return what everybody may know of a ballot, as JSON data."""
    return {
        "election": question.election.number,
        "question": question.number,
        "tracker": tracker,
        "key_fingerprint": question.fingerprint,
    }
