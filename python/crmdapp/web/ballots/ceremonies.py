"""The trustees' ceremony on a server: the public record for offline machines, and their messages.

A server never sees a trustee's key. What it posts for a trustee was made elsewhere, or on the
trustee's own machine, and is checked by the contract.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crmdapp.ballots.board import BoardClient
from crmdapp.ballots.ceremony_files import ceremony_to_json
from crmdapp.ballots.ceremony_record import check_round, read_ceremony
from crmdapp.ballots.errors import QuestionIsVoid, QuestionNotClosed
from crmdapp.ballots.tally import TallyClient
from crmdapp.ballots.trustee_decryption import PostShares, read_task
from crmdapp.ballots.trustee_duties import Finalise, Restart
from crmdapp.ballots.trustee_files import task_to_json
from crmdapp.ballots.trustee_posting import (
    duty_calls,
    posting_key,
    require_current,
    require_place,
    share_calls,
)
from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from crmdapp.ballots.trustee_duties import Duty
    from crmdapp.chain.sender import Sender
    from crmdapp.chain.transactions import Receipt
    from crmdapp.web.ballots.desk import BallotsDesk


def exported(desk: BallotsDesk, election: int) -> dict[str, Any]:
    """Return the record of a ceremony, every message checked; once it closed, what to decrypt.

    Raises:
        ElectionUnknown: There is none of that number.
        VerificationFailed: A message does not hold.
        NodeLied: The node gave events that no board emits.
    """
    record = read_ceremony(desk.client(BoardClient), election)
    check_round(record)
    body = ceremony_to_json(record)
    if record.current.is_final:
        try:
            task = read_task(desk.client(TallyClient), election)
        except (QuestionNotClosed, QuestionIsVoid):
            return body
        body |= {"decryption": task_to_json(task)}
    return body


def finalising(desk: BallotsDesk, election: int) -> Finalise:
    """Return what makes the key of the deals that are left, when complaints are over.

    Raises:
        ElectionUnknown: There is none of that number.
        VerificationFailed: A message does not hold.
    """
    record = read_ceremony(desk.client(BoardClient), election)
    left = [deal.dealer for deal in check_round(record).left]
    deals = {i: record.current.deals[i].body for i in left}
    return Finalise(record.chain_id, record.board, election, record.current.number, 0, deals)


def restarting(desk: BallotsDesk, election: int) -> Restart:
    """Return what begins another round.

    Raises:
        ElectionUnknown: There is none of that number.
    """
    record = read_ceremony(desk.client(BoardClient), election)
    return Restart(record.chain_id, record.board, election, record.current.number, 0)


def post(desk: BallotsDesk, duty: Duty, sender: Sender, election: int) -> list[Receipt]:
    """Post a trustee's message, once, and return the receipts.

    Args:
        desk: The server's.
        duty: The message.
        sender: The account that posts it: the trustee's own, but for shares.
        election: The one that it has to be about.

    Raises:
        UsageError: It is about another election, board or tally, or needs another account.
        CeremonyMessageStale: The board waits for something else by now.
        ContractError: The contract refuses.
    """
    if duty.election != election:
        raise UsageError(f"This message is about election {duty.election}, not {election}.")
    if isinstance(duty, PostShares):
        tally = desk.client(TallyClient, sender)
        require_place(duty, desk.context.connection.chain_id, duty.tally, tally.contract.address)
        return [tally.send(call, key=posting_key(duty, call)) for call in share_calls(duty, tally)]
    board = desk.client(BoardClient, sender)
    require_current(duty, board, account=sender.address)
    return [board.send(call, key=posting_key(duty, call)) for call in duty_calls(duty, board)]
