"""``crmdapp elections ceremony``: the trustees make the key that nobody holds alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.cli._deliver import NewFileOption, deliver, json_text
from crmdapp.cli._frame import AskingCommand, SendingCommand, command, group, session_of
from crmdapp.cli._output import Facts, Table
from crmdapp.cli._sending import receipt_data, receipt_line, send
from crmdapp.cli._values import format_time, iso_time
from crmdapp.cli.customers._common import read_file
from crmdapp.cli.elections._trustee import (
    BoardOption,
    IndexOption,
    KeyOption,
    KeyPasswordOption,
    NumberArgument,
    RecordOption,
    TallyOption,
    TrustNodeOption,
    about,
    board_of,
    index_of,
    open_key,
    post_calls,
    record_of,
    tally_of,
    waits_for,
    write_message,
)

if TYPE_CHECKING:
    from crmdapp.ballots.ceremony_record import CheckedRound
    from crmdapp.ballots.ceremony_rounds import CeremonyRecord
    from crmdapp.ballots.trustee_duties import Duty, Nothing
    from crmdapp.cli._context import Session

app = group(
    help="Trustees: make an election's key together, of which no one holds the whole.",
    examples=(
        "crmdapp elections ceremony init trustee.json",
        "crmdapp elections ceremony next 1 --key trustee.json",
    ),
)


@app.callback()
def ceremony() -> None:
    """Trustees: make an election's key together, of which no one holds the whole.

    In each of four windows a trustee runs `ceremony next`. The key file can stay on a machine
    without a network: export the record here, run `next` there, post here what it says.
    """


@command(
    app,
    "init",
    examples=(
        "crmdapp elections ceremony init trustee.json",
        "crmdapp elections ceremony init /media/stick/trustee.json --password-file pass.txt",
    ),
)
def init(
    ctx: typer.Context,
    path: Annotated[Path, typer.Argument(metavar="FILE", help="The new key file.")],
    key_password_file: KeyPasswordOption = None,
) -> None:
    """Make a trustee's key file; copy it to a safe place, for it is all that a trustee needs.

    It is encrypted with a password, and serves for every election. Without it, or without its
    password, this trustee can decrypt nothing.
    """
    from crmdapp.ballots.trustee_key import TrusteeKey
    from crmdapp.chain._files import require_creatable
    from crmdapp.cli._keys import ask_new_password, read_password_file

    session = session_of(ctx)
    require_creatable(path)
    if key_password_file is not None:
        password = read_password_file(key_password_file)
    else:
        password = ask_new_password(session.config, session.out, path.name)
    TrusteeKey.create(path, password)
    session.out.result(
        {"file": path}, f"Written to {path}.", "Copy it to a second place before you use it."
    )


@command(
    app,
    "export",
    examples=(
        "crmdapp elections ceremony export 1 --out record.json",
        "crmdapp elections ceremony export 1 --out record.json --rpc http://127.0.0.1:8545",
    ),
)
def export(
    ctx: typer.Context,
    number: NumberArgument,
    board: BoardOption = None,
    tally: TallyOption = None,
    out: NewFileOption = None,
) -> None:
    """Write the public record of a ceremony to a file, for a machine without a network.

    Once the election has closed it says what is to be decrypted, too.
    """
    from crmdapp.ballots.ceremony_files import ceremony_to_json
    from crmdapp.ballots.ceremony_record import check_round

    session = session_of(ctx)
    record = record_of(session, number, None, board)
    check_round(record)
    body = ceremony_to_json(record)
    if record.current.is_final and (tally is not None or board is None):
        body |= _decryption(session, number, tally)
    data = {"election": number, "round": record.current.number, "at": iso_time(record.at)}
    deliver(session, json_text(body), out, {**data, "decryption": "decryption" in body})


def _decryption(session: Session, number: int, address: str | None) -> dict[str, Any]:
    """Return what is to be decrypted; nothing before the election has closed."""
    from crmdapp.ballots.errors import QuestionNotClosed
    from crmdapp.ballots.trustee_decryption import read_task
    from crmdapp.ballots.trustee_files import task_to_json

    try:
        task = read_task(tally_of(session, address), number)
    except QuestionNotClosed:
        return {}
    return {"decryption": task_to_json(task)}


@command(
    app,
    "next",
    cls=AskingCommand,
    examples=(
        "crmdapp elections ceremony next 1 --key trustee.json",
        "crmdapp elections ceremony next 1 --key trustee.json --index 2 --record record.json",
    ),
)
def next_(
    ctx: typer.Context,
    number: NumberArgument,
    key_file: KeyOption,
    key_password_file: KeyPasswordOption = None,
    record_file: RecordOption = None,
    index: IndexOption = None,
    board: BoardOption = None,
    trust_node: TrustNodeOption = False,
    out: NewFileOption = None,
) -> None:
    """Do what is next for a trustee; with --record or --out, write it as a message to be posted.

    Every message of the others is checked. The same file and record give the same message, so run
    it again whenever in doubt.
    """
    from crmdapp.ballots.trustee import next_duty
    from crmdapp.ballots.trustee_duties import Nothing
    from crmdapp.ballots.trustee_posting import duty_calls, require_current

    session = session_of(ctx)
    key = open_key(session, key_file, key_password_file)
    record = record_of(session, number, record_file, board)
    j = index_of(session, record, key, index)
    duty = next_duty(record, key, j, unsigned=trust_node)
    session.out.detail(f"The record is as of {format_time(record.at)}.")
    if isinstance(duty, Nothing):
        _tell_nothing(session, duty)
    elif out is not None or record_file is not None:
        write_message(session, duty, out)
    else:
        client = board_of(session, board, sends=True)
        require_current(duty, client, account=session.signer.address)
        post_calls(session, duty, duty_calls(duty, client))


def _tell_nothing(session: Session, duty: Nothing) -> None:
    until = f"Look again after {format_time(duty.until)}." if duty.until else ""
    session.out.result(
        {
            "duty": duty.kind,
            "election": duty.election,
            "round": duty.round,
            "index": duty.index,
            "reason": duty.reason,
            "until": iso_time(duty.until) if duty.until else None,
        },
        duty.reason,
        *([until] if until else []),
    )


@command(
    app,
    "post",
    cls=AskingCommand,
    examples=(
        "crmdapp elections ceremony post message.json --account trustee",
        "crmdapp elections ceremony post shares.json --yes --json",
    ),
)
def post(
    ctx: typer.Context,
    path: Annotated[Path, typer.Argument(metavar="FILE", help="Message of a trustee; - is stdin.")],
    board: BoardOption = None,
    tally: TallyOption = None,
) -> None:
    """Post a trustee's message, made on a machine without a network.

    Needs the trustee's account, not its key file; shares, the end of the ceremony and its restart
    anybody may post.
    """
    from crmdapp.ballots.trustee_decryption import PostShares
    from crmdapp.ballots.trustee_files import message_from_json
    from crmdapp.ballots.trustee_posting import duty_calls, require_current, share_calls

    session = session_of(ctx)
    duty: Duty = read_file(path, message_from_json)
    if isinstance(duty, PostShares):
        post_calls(session, duty, share_calls(duty, tally_of(session, tally, sends=True)))
        return
    client = board_of(session, board, sends=True)
    require_current(duty, client, account=session.signer.address)
    post_calls(session, duty, duty_calls(duty, client))


@command(
    app,
    "finalise",
    cls=SendingCommand,
    examples=(
        "crmdapp elections ceremony finalise 1",
        "crmdapp elections ceremony finalise 1 --yes --json",
    ),
)
def finalise(ctx: typer.Context, number: NumberArgument, board: BoardOption = None) -> None:
    """Make the key of the deals that are left, when complaints are over; anybody may."""
    from crmdapp.ballots.ceremony_record import check_round
    from crmdapp.ballots.trustee_duties import Finalise

    record = record_of(session_of(ctx), number, None, board)
    left = [deal.dealer for deal in check_round(record).left]
    deals = {i: record.current.deals[i].body for i in left}
    _send_for_all(ctx, Finalise(*_place(record), deals), board, "The election has its key.")


@command(
    app,
    "restart",
    cls=SendingCommand,
    examples=(
        "crmdapp elections ceremony restart 1",
        "crmdapp elections ceremony restart 1 --yes --json",
    ),
)
def restart(ctx: typer.Context, number: NumberArgument, board: BoardOption = None) -> None:
    """Begin another round, if too few trustees took part in this one; anybody may."""
    from crmdapp.ballots.trustee_duties import Restart

    record = record_of(session_of(ctx), number, None, board)
    _send_for_all(ctx, Restart(*_place(record)), board, "Another round has begun.")


def _place(record: CeremonyRecord) -> tuple[int, str, int, int, int]:
    return (record.chain_id, record.board, record.election, record.current.number, 0)


def _send_for_all(ctx: typer.Context, duty: Duty, board: str | None, said: str) -> None:
    from crmdapp.ballots.trustee_posting import duty_calls, require_current

    session = session_of(ctx)
    client = board_of(session, board, sends=True)
    require_current(duty, client, account=session.signer.address)
    (call,) = duty_calls(duty, client)
    receipt = send(session, call, [pair for pair in about(duty) if pair[0] != "Trustee"])
    if receipt is not None:
        data = {"election": duty.election, "round": duty.round, **receipt_data(receipt)}
        session.out.result(data, said, receipt_line(receipt))


@command(
    app,
    "status",
    examples=(
        "crmdapp elections ceremony status 1",
        "crmdapp elections ceremony status 1 --record record.json --json",
    ),
)
def status(
    ctx: typer.Context,
    number: NumberArgument,
    record_file: RecordOption = None,
    board: BoardOption = None,
) -> None:
    """Show what a ceremony waits for and who has done what, with every message checked."""
    from crmdapp.ballots.ceremony_record import check_round
    from crmdapp.ballots.group import encode_point

    session = session_of(ctx)
    record = record_of(session, number, record_file, board)
    checked = check_round(record)
    step, windows = record.step_at(record.at), record.windows_of(record.current)
    ends = {name: getattr(windows, name) for name in windows.__slots__}
    key = "" if checked.joint is None else "0x" + encode_point(checked.joint.K).hex()
    trustees = _trustees(record, checked)
    session.out.result(
        {
            "election": number,
            "step": step.name.lower(),
            "round": record.current.number,
            "at": iso_time(record.at),
            "windows": {name: iso_time(end) for name, end in ends.items()},
            "threshold": record.threshold,
            "trustees": trustees,
            "key": key or None,
            "verification_keys": {}
            if checked.joint is None
            else {str(j): "0x" + encode_point(Y).hex() for j, Y in checked.joint.Y.items()},
        },
        Facts(
            [
                ("Election", str(number)),
                ("Waits for", waits_for(step)),
                ("Round", str(record.current.number)),
                *[(_title(name), format_time(end)) for name, end in ends.items()],
                ("Threshold", f"{record.threshold} of {len(trustees)}"),
                *([("Key", key)] if key else []),
            ]
        ),
        "",
        Table(("trustee", "account", "key", "commitment", "deal", "signed"), _rows(trustees)),
    )


def _trustees(record: CeremonyRecord, checked: CheckedRound) -> list[dict[str, Any]]:
    posted = record.current
    return [
        {
            "index": j,
            "account": account,
            "key": j in posted.keys,
            "commitment": j in posted.commitments,
            "deal": j in posted.deals,
            "excluded": j in checked.excluded,
            "signed": j not in checked.unsigned,
        }
        for j, account in enumerate(record.trustees, start=1)
    ]


def _rows(trustees: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    def shown(each: dict[str, Any], name: str) -> str:
        return "yes" if each[name] else "-"

    return [
        (
            str(each["index"]),
            each["account"],
            shown(each, "key"),
            shown(each, "commitment"),
            "excluded" if each["excluded"] else shown(each, "deal"),
            shown(each, "signed"),
        )
        for each in trustees
    ]


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize()
