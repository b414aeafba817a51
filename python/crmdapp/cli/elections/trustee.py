"""``crmdapp elections backup-test`` and ``decrypt-share``: before the election opens, and after."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crmdapp.cli._deliver import NewFileOption
from crmdapp.cli._frame import AskingCommand, command, session_of
from crmdapp.cli._output import Facts
from crmdapp.cli.customers._common import read_file
from crmdapp.cli.elections._app import app
from crmdapp.cli.elections._trustee import (
    BoardOption,
    IndexOption,
    KeyOption,
    KeyPasswordOption,
    NumberArgument,
    RecordOption,
    TallyOption,
    TrustNodeOption,
    exported_record,
    index_of,
    open_key,
    post_calls,
    record_of,
    tally_of,
    write_message,
)

if TYPE_CHECKING:
    from crmdapp.ballots.ceremony_rounds import CeremonyRecord
    from crmdapp.ballots.trustee import BackupTest
    from crmdapp.ballots.trustee_decryption import DecryptionTask
    from crmdapp.cli._context import Session


@command(
    app,
    "backup-test",
    examples=(
        "crmdapp elections backup-test 1 --key /media/stick/trustee.json",
        "crmdapp elections backup-test 1 --key trustee.json --record record.json --json",
    ),
)
def backup_test(
    ctx: typer.Context,
    number: NumberArgument,
    key_file: KeyOption,
    key_password_file: KeyPasswordOption = None,
    record_file: RecordOption = None,
    index: IndexOption = None,
    board: BoardOption = None,
) -> None:
    """Show that a copy of the key file is good: that this trustee can decrypt with it.

    Run it on the copy, before the election opens. Nothing is sent, and nothing secret is shown.
    """
    from crmdapp.ballots.trustee import backup_test as test

    session = session_of(ctx)
    key = open_key(session, key_file, key_password_file)
    record = record_of(session, number, record_file, board)
    found = test(key, record, index_of(session, record, key, index))
    session.out.result(
        {
            "election": number,
            "index": found.index,
            "round": found.round,
            "key": "0x" + found.key.hex(),
            "deal": found.deal,
            "wrong_deals": found.wrong_deals,
            "share": "0x" + found.share.hex() if found.share else None,
        },
        Facts(_shown(found)),
        "" if found.share else "Run it again when the ceremony is final.",
    )


def _shown(found: BackupTest) -> list[tuple[str, str]]:
    deal = {None: "none was committed to", True: "the file makes it"}
    return [
        ("Trustee", str(found.index)),
        ("Key", "the file makes the one that was registered"),
        ("Deal", deal.get(found.deal, "the file makes another one than was committed to")),
        ("Shares", f"wrong ones of dealers {found.wrong_deals}" if found.wrong_deals else "right"),
        ("Joint key", "the file decrypts" if found.share else "not made yet"),
    ]


@command(
    app,
    "decrypt-share",
    cls=AskingCommand,
    examples=(
        "crmdapp elections decrypt-share 1 --key trustee.json",
        "crmdapp elections decrypt-share 1 --key trustee.json --audit",
        "crmdapp elections decrypt-share 1 --key key.json --record record.json --out shares.json",
    ),
)
def decrypt_share(
    ctx: typer.Context,
    number: NumberArgument,
    key_file: KeyOption,
    key_password_file: KeyPasswordOption = None,
    record_file: RecordOption = None,
    index: IndexOption = None,
    board: BoardOption = None,
    tally: TallyOption = None,
    trust_node: TrustNodeOption = False,
    audit: Annotated[
        bool, typer.Option("--audit", help="Add the ballots up first, with every proof verified.")
    ] = False,
    evidence: Annotated[
        Path | None,
        typer.Option(
            "--evidence", metavar="FILE", help="As --audit, from a record: audit ELECTION --save."
        ),
    ] = None,
    out: NewFileOption = None,
) -> None:
    """Decrypt a trustee's share of the sums of a closed election, and post it.

    With --record or --out it is written as a message instead (ceremony post). A node that named a
    single ballot as the sum could learn from enough trustees how somebody voted: --audit and
    --evidence take nobody's word for the sums.
    """
    from crmdapp.ballots.trustee_decryption import decrypt_shares
    from crmdapp.ballots.trustee_posting import share_calls

    session = session_of(ctx)
    key = open_key(session, key_file, key_password_file)
    # Read once: it may be standard input.
    text = None if record_file is None else read_file(record_file, str)
    if text is None:
        record = record_of(session, number, None, board)
    else:
        record = exported_record(number, text)
    j = index_of(session, record, key, index)
    task = _task(session, number, j, text, tally)
    if not task.groups:
        data = {"duty": "nothing", "election": number, "index": j}
        session.out.result(data, "There is nothing to decrypt for this trustee.")
        return
    if audit or evidence is not None:
        _require_audited(session, task, record, evidence)
    duty = decrypt_shares(key, record, j, task, unsigned=trust_node)
    if out is not None or record_file is not None:
        write_message(session, duty, out)
        return
    post_calls(session, duty, share_calls(duty, tally_of(session, tally, sends=True)))


def _task(
    session: Session, number: int, index: int, text: str | None, tally: str | None
) -> DecryptionTask:
    from crmdapp.ballots.trustee_decryption import read_task
    from crmdapp.ballots.trustee_files import task_from_json

    if text is not None:
        return task_from_json(text)
    return read_task(tally_of(session, tally), number, index=index)


def _require_audited(
    session: Session, task: DecryptionTask, record: CeremonyRecord, file: Path | None
) -> None:
    from crmdapp.ballots.evidence_collecting import collect_record, contracts_of
    from crmdapp.ballots.evidence_reading import load_record
    from crmdapp.ballots.trustee_audit import audited_task, require_audited

    if file is not None:
        found = load_record(file)
    else:
        contracts, since = contracts_of(session.manifest)
        found = collect_record(session.connection, contracts, record.election, since_block=since)
    ballots = max(sum(each.ballots for each in task.groups), 1)
    with session.out.progress("Verifying ballots", ballots, "ballots") as progress:
        audited = audited_task(found, progress=lambda done, _: progress.at(min(done, ballots)))
    require_audited(task, audited, record, found)
