"""``crmdapp gallery challenge``, ``vote``, ``conclude`` and the like: questions to the curators."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crmdapp.cli._frame import SendingCommand, command, session_of
from crmdapp.cli._output import Facts
from crmdapp.cli._sending import receipt_data, receipt_line, send
from crmdapp.cli._values import format_ether, format_time, iso_time
from crmdapp.cli.customers._signing import send_and_tell
from crmdapp.cli.gallery._app import CASE, WORK, app
from crmdapp.cli.gallery._common import (
    CaseArgument,
    SubmissionArgument,
    ToOption,
    WorkArgument,
    board_reader,
    board_sender,
    case_of,
    gallery_reader,
    hex_of,
    parse_id,
    person,
    work_facts,
    work_of,
)
from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from crmdapp.chain.calls import Call
    from crmdapp.cli._context import Session
    from crmdapp.provenance.curators import BoardClient
    from crmdapp.provenance.models import CuratorCase, Ground

BallotOption = Annotated[
    Path | None,
    typer.Option(
        "--ballot", metavar="FILE", help="Where the vote is kept, 0600; in the state folder if not."
    ),
]
_GROUNDS = ("near-duplicate", "earlier-work", "false-record", "standards")


@command(
    app,
    "submit-openly",
    cls=SendingCommand,
    examples=(
        "crmdapp gallery submit-openly work.json",
        "crmdapp gallery submit-openly work.json --yes --json",
    ),
)
def submit_openly(ctx: typer.Context, submission: SubmissionArgument) -> None:
    """Ask all curators for a vote on a work of the account; its bond comes back unless refused."""
    from crmdapp.provenance.submission import read_submission

    session = session_of(ctx)
    made = read_submission(submission)
    board = board_sender(session)
    call = board.prepare.submit(made.artwork, board.rules.bond)
    about = [
        ("Title", made.metadata.name),
        ("Artist", made.artwork.artist),
        ("Bond", format_ether(board.rules.bond)),
    ]
    _open_case(session, board, call, about)


@command(
    app,
    "challenge",
    cls=SendingCommand,
    examples=(
        f"crmdapp gallery challenge {WORK} near-duplicate --earlier {WORK[:-2]}00",
        f"crmdapp gallery challenge {WORK} false-record --evidence evidence.pdf --yes --json",
    ),
)
def challenge(
    ctx: typer.Context,
    work: WorkArgument,
    ground: Annotated[str, typer.Argument(metavar="GROUND", help=f"One of {', '.join(_GROUNDS)}.")],
    earlier: Annotated[
        str | None, typer.Option("--earlier", metavar="ID", help="The earlier work.")
    ] = None,
    evidence: Annotated[
        Path | None,
        typer.Option("--evidence", metavar="FILE", help="What shows it; publish it yourself."),
    ] = None,
) -> None:
    """Challenge a record; the curators vote. The loser's bond pays the winner and the voters."""
    session = session_of(ctx)
    client, board = gallery_reader(session), board_sender(session)
    id_ = work_of(client, work)
    cited = 0 if earlier is None else parse_id(earlier)
    shown = bytes(32) if evidence is None else _hash_of(evidence)
    why = _ground(ground)
    call = board.prepare.challenge(id_, why, cited, shown, board.rules.bond)
    more = [("Ground", ground), ("Bond", format_ether(board.rules.bond))]
    if cited:
        more.append(("Earlier work", hex(cited)))
    if evidence is not None:
        more.append(("Evidence", hex_of(shown)))
    _open_case(session, board, call, work_facts(session, client, id_, *more))


@command(
    app,
    "defend",
    cls=SendingCommand,
    examples=(f"crmdapp gallery defend {CASE}", f"crmdapp gallery defend {CASE} --yes --json"),
)
def defend(ctx: typer.Context, case: CaseArgument) -> None:
    """Stand up for a record of the account with an equal bond, while votes are committed."""
    session = session_of(ctx)
    board, case_id = board_sender(session), case_of(case)
    about = [*_facts(board, case_id), ("Bond", format_ether(board.rules.bond))]
    send_and_tell(session, board.prepare.defend(case_id, board.rules.bond), about, case=case_id)


@command(
    app,
    "vote",
    cls=SendingCommand,
    examples=(f"crmdapp gallery vote {CASE} aye", f"crmdapp gallery vote {CASE} no --yes --json"),
)
def vote(
    ctx: typer.Context,
    case: CaseArgument,
    choice: Annotated[
        str, typer.Argument(metavar="aye|no", help="For the opener of the case, or against.")
    ],
    ballot: BallotOption = None,
) -> None:
    """Commit a vote without showing it. Keep the file that is written: reveal needs it."""
    from crmdapp.provenance.votes import Ballot

    if choice not in ("aye", "no"):
        raise UsageError(f"There is no vote {choice!r}.", hint="Write aye or no.")
    session = session_of(ctx)
    board, case_id = board_sender(session), case_of(case)
    path = _ballot_path(session, ballot, case_id)
    if path.exists():  # an earlier try: the same vote, so that what was sent can be shown
        cast = Ballot.read(path)
        if cast.is_aye is not (choice == "aye") or cast.case_id != case_id:
            raise UsageError(f"{path} holds another vote.", hint="A vote that was committed stays.")
    else:
        cast = Ballot.draw(case_id, session.signer.address, choice == "aye")
        if not session.dry_run:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            cast.write(path)
    about = [*_facts(board, case_id), ("Vote", "hidden until it is revealed")]
    call = board.prepare.commit_vote(cast)
    send_and_tell(session, call, about, case=case_id, ballot=path)


@command(
    app,
    "reveal",
    cls=SendingCommand,
    examples=(f"crmdapp gallery reveal {CASE}", f"crmdapp gallery reveal {CASE} --yes --json"),
)
def reveal(ctx: typer.Context, case: CaseArgument, ballot: BallotOption = None) -> None:
    """Show the vote that the account committed."""
    from crmdapp.provenance.errors import VoteMismatch
    from crmdapp.provenance.votes import Ballot

    session = session_of(ctx)
    board, case_id = board_sender(session), case_of(case)
    cast = Ballot.read(_ballot_path(session, ballot, case_id))
    if cast.case_id != case_id or cast.curator != session.signer.address:
        raise VoteMismatch(case_id, session.signer.address)
    about = [*_facts(board, case_id), ("Vote", "aye" if cast.is_aye else "no")]
    call = board.prepare.reveal_vote(cast)
    send_and_tell(session, call, about, case=case_id, aye=cast.is_aye)


@command(
    app,
    "conclude",
    cls=SendingCommand,
    examples=(f"crmdapp gallery conclude {CASE}", f"crmdapp gallery conclude {CASE} --yes --json"),
)
def conclude(ctx: typer.Context, case: CaseArgument) -> None:
    """Count the votes of a case; a challenge that is upheld flags the record."""
    session = session_of(ctx)
    board, case_id = board_sender(session), case_of(case)
    receipt = send(session, board.prepare.conclude(case_id), _facts(board, case_id))
    if receipt is None:
        return
    status = board.case(case_id).status.name.lower()
    session.out.result(
        {"case": case_id, "status": status, **receipt_data(receipt)},
        f"The case is {status}. {receipt_line(receipt)}",
    )


@command(
    app,
    "case",
    examples=(f"crmdapp gallery case {CASE}", f"crmdapp gallery case {CASE} --json"),
)
def case_(ctx: typer.Context, case: CaseArgument) -> None:
    """Show a case: what it is about, where it stands, until when votes count."""
    session = session_of(ctx)
    board, case_id = board_reader(session), case_of(case)
    found, id_ = board.case(case_id), board.challenged(case_id)
    commit, reveal_ = _periods(board, found)
    session.out.result(
        {
            "case": case_id,
            "work": hex(id_) if id_ else None,
            "opener": found.opener,
            "ground": found.ground.name.lower(),
            "status": found.status.name.lower(),
            "defended": found.is_defended,
            "ayes": found.ayes,
            "noes": found.noes,
            "commit_until": iso_time(commit),
            "reveal_until": iso_time(reveal_),
        },
        Facts([*_facts(board, case_id), ("Opened by", person(session, found.opener))]),
    )


@command(
    app,
    "claim-reward",
    cls=SendingCommand,
    examples=(
        f"crmdapp gallery claim-reward {CASE}",
        f"crmdapp gallery claim-reward {CASE} --yes --json",
    ),
)
def claim_reward(ctx: typer.Context, case: CaseArgument) -> None:
    """Credit the account's share of a lost bond, for a vote that it revealed."""
    session = session_of(ctx)
    board, case_id = board_sender(session), case_of(case)
    call = board.prepare.claim_reward(case_id)
    send_and_tell(session, call, _facts(board, case_id), case=case_id)


@command(
    app,
    "withdraw-bond",
    cls=SendingCommand,
    examples=(
        "crmdapp gallery withdraw-bond",
        "crmdapp gallery withdraw-bond --to friend --yes --json",
    ),
)
def withdraw_bond(ctx: typer.Context, to: ToOption = None) -> None:
    """Take out the account's bonds and shares."""
    session = session_of(ctx)
    board, receiver = board_sender(session), session.address_or_own(to)
    credit = board.credit(session.signer.address)
    about = [("Amount", format_ether(credit)), ("To", person(session, receiver))]
    send_and_tell(session, board.prepare.withdraw(receiver), about, amount=str(credit), to=receiver)


# --------------------------------------------------------------------------- inside


def _open_case(
    session: Session, board: BoardClient, call: Call, about: list[tuple[str, str]]
) -> None:
    receipt = send(session, call, about)
    if receipt is None:
        return
    case_id = board.case_in(receipt)
    session.out.result(
        {"case": case_id, **receipt_data(receipt)},
        f"Case {hex_of(case_id)}. {receipt_line(receipt)}",
    )


def _ground(text: str) -> Ground:
    from crmdapp.provenance.models import Ground

    if text not in _GROUNDS:
        raise UsageError(f"There is no ground {text!r}.", hint=f"One of {', '.join(_GROUNDS)}.")
    return Ground[text.upper().replace("-", "_")]


def _hash_of(path: Path) -> bytes:
    from crmdapp.provenance.fingerprints import hash_file

    return hash_file(path).keccak


def _ballot_path(session: Session, ballot: Path | None, case_id: bytes) -> Path:
    if ballot is not None:
        return ballot
    name = f"{case_id.hex()}-{session.signer.address[2:].lower()}.json"
    return session.config.state_dir / "ballots" / name


def _periods(board: BoardClient, case: CuratorCase) -> tuple[int, int]:
    commit = case.opened_at + board.rules.commit_period
    return commit, commit + board.rules.reveal_period


def _facts(board: BoardClient, case_id: bytes) -> list[tuple[str, str]]:
    found, id_ = board.case(case_id), board.challenged(case_id)
    commit, reveal_ = _periods(board, found)
    return [
        ("Case", hex_of(case_id)),
        ("About", hex(id_) if id_ else "a submission"),
        ("Ground", found.ground.name.lower().replace("_", "-")),
        ("Standing", f"{found.status.name.lower()}, {found.ayes} ayes, {found.noes} noes"),
        ("Votes until", format_time(commit)),
        ("Revealed until", format_time(reveal_)),
    ]
