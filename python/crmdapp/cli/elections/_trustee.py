"""Arguments, options and steps that the commands of trustees share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from crmdapp.cli._deliver import deliver, json_text
from crmdapp.cli._output import Facts
from crmdapp.cli._sending import (
    announce,
    confirm,
    plan,
    receipt_data,
    receipt_line,
    result_of_dry_run,
    was_sent,
)
from crmdapp.cli.customers._common import read_file
from crmdapp.errors import CrmdappError, UsageError

if TYPE_CHECKING:
    from crmdapp.ballots.board import BoardClient
    from crmdapp.ballots.ceremony_rounds import CeremonyRecord
    from crmdapp.ballots.models import CeremonyStep
    from crmdapp.ballots.tally import TallyClient
    from crmdapp.ballots.trustee_duties import Duty
    from crmdapp.ballots.trustee_key import TrusteeKey
    from crmdapp.chain.calls import Call
    from crmdapp.chain.client import ContractClient
    from crmdapp.cli._context import Session

ClientT = TypeVar("ClientT", bound="ContractClient")

NumberArgument = Annotated[
    int, typer.Argument(metavar="ELECTION", min=1, help="Number of the election.")
]
KeyOption = Annotated[
    Path, typer.Option("--key", metavar="FILE", help="The trustee's key file (ceremony init).")
]
KeyPasswordOption = Annotated[
    Path | None,
    typer.Option(
        "--key-password-file",
        metavar="FILE",
        help="File whose first line opens it; --password-file by default.",
    ),
]
RecordOption = Annotated[
    Path | None,
    typer.Option(
        "--record", metavar="FILE", help="Exported record, to work without a node; - is stdin."
    ),
]
IndexOption = Annotated[
    int | None,
    typer.Option("--index", metavar="NUMBER", min=1, help="Which trustee this is, from 1."),
]
BoardOption = Annotated[
    str | None,
    typer.Option("--board", metavar="ADDRESS", help="The board; no manifest is needed then."),
]
TallyOption = Annotated[
    str | None,
    typer.Option("--tally", metavar="ADDRESS", help="The tally; no manifest is needed then."),
]
TrustNodeOption = Annotated[
    bool,
    typer.Option(
        "--trust-node", help="Take messages that no account signed; a contract is a trustee."
    ),
]

STEPS = {
    "NONE": "nothing",
    "KEYS": "the trustees' keys",
    "COMMITMENTS": "commitments to deals",
    "DEALS": "deals",
    "COMPLAINTS": "complaints",
    "FINALISATION": "somebody to finalise it",
    "FINAL": "nothing: the key is made",
    "SHORT": "a restart: too few trustees are left",
    "FAILED": "nothing: the election should have opened",
}
"""What a ceremony waits for, in words."""


def board_of(session: Session, address: str | None = None, *, sends: bool = False) -> BoardClient:
    """Return the board of trustees.

    Raises:
        ContractMissing: It is not deployed on the chain, or not at that address.
    """
    from crmdapp.ballots.board import BoardClient

    return _client(BoardClient, session, address, sends)


def tally_of(session: Session, address: str | None = None, *, sends: bool = False) -> TallyClient:
    """Return the tally.

    Raises:
        ContractMissing: It is not deployed on the chain, or not at that address.
    """
    from crmdapp.ballots.tally import TallyClient

    return _client(TallyClient, session, address, sends)


def _client(kind: type[ClientT], session: Session, address: str | None, sends: bool) -> ClientT:
    sender = session.sender if sends else None
    if address is None:
        return kind.at(session.connection, session.manifest, sender)
    client = kind(session.connection, session.address(address), sender)
    client.contract.require_code()
    return client


def open_key(session: Session, path: Path, password_file: Path | None) -> TrusteeKey:
    """Open a trustee's key file with a password from a file or the terminal.

    Raises:
        KeyProblem: It is missing, damaged, open to others, or the password does not open it.
        KeystoreLocked: There is neither file nor terminal.
    """
    from crmdapp.ballots.trustee_key import TrusteeKey
    from crmdapp.cli._keys import ask_password, read_password_file

    # The file first: nobody types a password for a file that is not there.
    TrusteeKey.require_file(path)
    if password_file is not None:
        return TrusteeKey.open(path, read_password_file(password_file))
    return TrusteeKey.open(path, ask_password(session.config, session.out, path.name))


def record_of(
    session: Session, number: int, path: Path | None, board: str | None = None
) -> CeremonyRecord:
    """Return a ceremony's record: from an exported file, or from the chain.

    Raises:
        UsageError: The file is no record, or one of another election.
    """
    from crmdapp.ballots.ceremony_record import read_ceremony

    if path is None:
        return read_ceremony(board_of(session, board), number)
    return exported_record(number, read_file(path, str))


def exported_record(number: int, text: str) -> CeremonyRecord:
    """Return a ceremony's record from the text of an exported file.

    Raises:
        UsageError: It is no record, or one of another election.
    """
    from crmdapp.ballots.ceremony_files import ceremony_from_json

    record = ceremony_from_json(text)
    if record.election != number:
        raise UsageError(f"The record is of election {record.election}, not of {number}.")
    return record


def index_of(session: Session, record: CeremonyRecord, key: TrusteeKey, given: int | None) -> int:
    """Return which trustee acts: as it is said, as its key was registered, or by the account.

    Raises:
        UsageError: It cannot be told, or there is no such trustee.
    """
    from crmdapp.ballots.ceremony_record import check_round
    from crmdapp.ballots.faults import TrusteeKeyForeign

    if given is not None:
        record.account(given)
        return given
    checked = check_round(record)
    for j, registered in enumerate(checked.keys, start=1):
        if registered is not None:
            try:
                key.require_own(checked.ceremony, j, registered)
            except TrusteeKeyForeign:
                continue
            return j
    try:
        return record.index_of(session.signer.address)
    except CrmdappError:
        raise UsageError(
            "Which trustee is this?",
            why="No trustee has registered a key of this file, and no trustee's account is named.",
            hint="Say so with --index NUMBER, or name the trustee's account with --account.",
        ) from None


def about(duty: Duty) -> list[tuple[str, str]]:
    """Return what a duty is, for people."""
    return [
        ("Election", str(duty.election)),
        ("Round", str(duty.round)),
        ("Trustee", str(duty.index)),
        ("Posts", duty.kind),
    ]


def write_message(session: Session, duty: Duty, out: Path | None) -> None:
    """Print a duty as a message for somebody else to post, or write it to a new file."""
    from crmdapp.ballots.trustee_files import message_to_json

    deliver(session, json_text(message_to_json(duty)), out, {"kind": duty.kind})


def post_calls(session: Session, duty: Duty, calls: Sequence[Call]) -> None:
    """Show what a duty sends, ask, send each call once, and tell.

    Raises:
        ContractError: The contract refuses, as the twin of its error.
        Cancelled: The answer was no.
        UsageError: There is nobody to ask and ``--yes`` was not given.
    """
    from crmdapp.ballots.trustee_posting import posting_key

    keyed = [(posting_key(duty, call), call) for call in calls]
    fresh = [call for key, call in keyed if not was_sent(session, key)]
    simulations = [session.sender.simulate(call) for call in fresh]
    if fresh:
        facts = [*plan(session, fresh, simulations), *about(duty)]
        session.out.show(Facts(facts), to_decide=not session.yes)
    if session.dry_run:
        result_of_dry_run(session, fresh, simulations)
        return
    if fresh:
        confirm(session, "Send it?" if len(fresh) == 1 else f"Send these {len(fresh)}?")
        session.signer.unlock()
    receipts = []
    for key, call in keyed:
        sent = session.sender.send(call, key=key)
        announce(session, sent)
        receipts.append(session.sender.wait(sent))
    session.out.result(
        {
            "duty": duty.kind,
            "election": duty.election,
            "round": duty.round,
            "index": duty.index,
            "transactions": [receipt_data(receipt) for receipt in receipts],
        },
        f"Posted: {duty.kind}.",
        *(receipt_line(receipt) for receipt in receipts),
    )


def waits_for(step: CeremonyStep) -> str:
    """Return what a ceremony waits for, in words."""
    return STEPS[step.name]
