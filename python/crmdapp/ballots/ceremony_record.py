"""The public record of one election's ceremony: all rounds, every message, each checked again.

A record is what the board's events say, and nothing else. It can be written to a file, carried to a
machine without a network, and read there: a trustee's part of the ceremony is a function of it and
of the trustee's key file. Voters and auditors derive the joint key from it, never from a server.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from crmdapp.ballots import ceremony as protocol
from crmdapp.ballots._signed_input import TransactionInvalid, signed_form
from crmdapp.ballots.ceremony import JointKey, Liar, judge, read_key
from crmdapp.ballots.ceremony_faults import CeremonyRecordWrong, CeremonySignatureWrong
from crmdapp.ballots.ceremony_rounds import (
    CeremonyRecord,
    CeremonyWindows,
    Posted,
    PostedComplaint,
    RoundRecord,
)
from crmdapp.ballots.ceremony_signatures import unsigned_trustees
from crmdapp.ballots.deal import Deal, deal_commitment, read_deal
from crmdapp.ballots.faults import CeremonyIncomplete
from crmdapp.ballots.group import Point, encode_point
from crmdapp.ballots.models import indices_of
from crmdapp.errors import NodeLied

if TYPE_CHECKING:
    from crmdapp.ballots.board import BoardClient
    from crmdapp.ballots.models import Election
    from crmdapp.chain.connection import Connection
    from crmdapp.chain.decode import DecodedLog


@dataclass(frozen=True, slots=True)
class CheckedRound:
    """A round of which every message holds.

    Attributes:
        ceremony: CEREMONY, 32 bytes.
        keys: E_1 to E_n; ``None`` for a trustee who registered none.
        deals: The deals by their dealers, those of excluded dealers too.
        excluded: Trustees whose deals do not count.
        joint: The joint key; ``None`` while the board has not made it.
        unsigned: Trustees of whom a message does not show the signature of their account.
    """

    ceremony: bytes
    keys: tuple[Point | None, ...]
    deals: Mapping[int, Deal]
    excluded: frozenset[int]
    joint: JointKey | None
    unsigned: tuple[int, ...]

    @property
    def left(self) -> tuple[Deal, ...]:
        """The deals that count, by rising dealer."""
        return tuple(self.deals[i] for i in sorted(self.deals) if i not in self.excluded)

    def require_signed(self) -> None:
        """Check that the account of each trustee signed what it is said to have posted.

        A node can make up a whole ceremony, with proofs that hold. It cannot sign for the accounts
        that the election's definition names.

        Raises:
            CeremonySignatureWrong: Of a message that is not to be seen.
        """
        if self.unsigned:
            raise CeremonySignatureWrong(
                f"Nothing shows that trustee {self.unsigned[0]} posted what it is said to have.",
                trustee=self.unsigned[0],
                why="Its account did not sign the transaction: a contract sent it, or the node.",
                hint="Ask another node; or, if the account is a contract, say that you trust it.",
            )


def read_ceremony(board: BoardClient, election: int) -> CeremonyRecord:
    """Return the record of a ceremony from the board's events; check it with :func:`check_round`.

    Raises:
        ElectionUnknown: There is no such election.
        NodeLied: The node gave events that no board emits.
    """
    connection = board.connection
    block = connection.block_number()
    settings = board.elections.election(election)
    logs = board.steps(election, to_block=block)
    return record_of(
        settings,
        logs,
        {log.tx_hash: _signed(connection, log.tx_hash) for log in logs},
        chain_id=connection.chain_id,
        board=board.contract.address,
        at=connection.block_timestamp(block),
    )


def record_of(
    settings: Election,
    logs: Iterable[DecodedLog],
    transactions: Mapping[str, bytes],
    *,
    chain_id: int,
    board: str,
    at: int,
) -> CeremonyRecord:
    """Return the record that events make.

    Args:
        settings: The election.
        logs: The events of its ceremony, all rounds, in order.
        transactions: The signed transactions that caused them, by their hashes.
        chain_id: Chain of the board.
        board: Address of the board.
        at: Time of the block up to which they were read, Unix seconds.

    Raises:
        NodeLied: No board emits such events.
    """
    windows = settings.windows
    first = CeremonyWindows(
        windows.keys_until,
        windows.commitments_until,
        windows.deals_until,
        windows.complaints_until,
    )
    rounds = [RoundRecord(0, first.complaints_until)]
    for log in logs:
        event: Any = log.event
        kind = type(event).__name__
        if kind == "CeremonyRestarted":
            rounds.append(RoundRecord(len(rounds), event.complaints_until))
        if event.round != rounds[-1].number or rounds[-1].is_final:
            raise NodeLied(
                f"The node gave an event {kind} of round {event.round} out of its order.",
                hint="Ask another node.",
            )
        rounds[-1] = _with_event(rounds[-1], kind, event, transactions.get(log.tx_hash, b""))
    return CeremonyRecord(
        chain_id=chain_id,
        board=board,
        election=settings.number,
        trustees=settings.trustees,
        threshold=settings.threshold,
        windows=first,
        opens_at=windows.opens_at,
        at=at,
        rounds=tuple(rounds),
    )


def check_round(record: CeremonyRecord, round: int | None = None) -> CheckedRound:  # noqa: A002 - the contract's word
    """Check everything that was posted in a round, as the board did.

    Args:
        record: The record.
        round: The round; the current one by default.

    Raises:
        TrusteeKeyRefused: A key's proof does not hold.
        DealRefused: A deal is malformed, or a proof in it does not hold.
        ComplaintRefused: A complaint proves nothing.
        CeremonySignatureWrong: Another account signed a message, or another message.
        CeremonyRecordWrong: Messages contradict each other, or the judgements on them.
    """
    posted = record.current if round is None else record.rounds[round]
    ceremony = record.context(posted.number)
    _require_order(record, posted)
    everybody = enumerate(record.trustees, start=1)
    keys = tuple(
        read_key(ceremony, j, account, posted.keys[j].body) if j in posted.keys else None
        for j, account in everybody
    )
    deals: dict[int, Deal] = {}
    for i, each in sorted(posted.deals.items()):
        if deal_commitment(ceremony, i, each.body) != posted.commitments[i].body:
            raise _wrong(posted, f"The deal of dealer {i} is not the one it committed to.")
        account = record.trustees[i - 1]
        deals[i] = read_deal(ceremony, i, account, record.threshold, keys, each.body)
    excluded = _judged(posted, keys, deals)
    checked = CheckedRound(ceremony, keys, deals, excluded, None, unsigned_trustees(record, posted))
    return replace(checked, joint=_joint(record, posted, checked)) if posted.K else checked


def joint_key(record: CeremonyRecord, *, unsigned: bool = False) -> JointKey:
    """Return the joint key that a ceremony made, derived from its messages alone.

    That the record names the right trustees its reader has to know: from the election's definition.

    Args:
        record: The record.
        unsigned: Take messages whose sender only the node vouches for.

    Raises:
        CeremonyIncomplete: There is none yet.
        CeremonySignatureWrong: Nothing shows that a trustee posted what it is said to have.
        VerificationFailed: A message does not hold; see :func:`check_round`.
    """
    checked = check_round(record)
    joint = checked.joint
    if joint is None:
        raise CeremonyIncomplete(
            f"The trustees of election {record.election} have not made its key yet.",
            left=len(record.current.deals),
            needed=record.threshold,
            hint="See what it waits for: crmdapp elections ceremony status NUMBER",
        )
    if not unsigned:
        checked.require_signed()
    return joint


def read_joint_key(board: BoardClient, election: int, *, unsigned: bool = False) -> JointKey:
    """Return the joint key derived from the board's events, if the board says the same.

    Args:
        board: The board.
        election: The election, whose trustees were compared with its definition.
        unsigned: Take messages whose sender only the node vouches for.

    Raises:
        CeremonyIncomplete: There is none yet.
        CeremonySignatureWrong: Nothing shows that a trustee posted what it is said to have.
        NodeLied: The node gives another key, or other keys of trustees, than its events make.
        VerificationFailed: A message does not hold; see :func:`check_round`.
    """
    joint = joint_key(read_ceremony(board, election), unsigned=unsigned)
    said = [board.key(election), *(board.verification_key(election, j) for j in sorted(joint.Y))]
    made = [encode_point(joint.K), *(encode_point(joint.Y[j]) for j in sorted(joint.Y))]
    if said != made:
        raise NodeLied(
            f"The node's key of election {election} is not the one that its trustees made.",
            why="What the trustees posted adds up to another one.",
            hint="Trust neither; ask another node.",
        )
    return joint


def _signed(connection: Connection, tx_hash: str) -> bytes:
    """Return a signed transaction; nothing if the node does not have it whole."""
    found = connection.request("eth_getTransactionByHash", [tx_hash])
    try:
        return signed_form(found) if isinstance(found, dict) else b""
    except TransactionInvalid:
        return b""


def _with_event(round_: RoundRecord, kind: str, event: Any, transaction: bytes) -> RoundRecord:
    if kind == "TrusteeKeyRegistered":
        posted = Posted(event.key + event.proof, transaction)
        return replace(round_, keys=_added(round_.keys, event.index, posted))
    if kind == "DealCommitted":
        posted = Posted(event.commitment, transaction)
        return replace(round_, commitments=_added(round_.commitments, event.dealer, posted))
    if kind == "DealPosted":
        posted = Posted(event.deal, transaction)
        return replace(round_, deals=_added(round_.deals, event.dealer, posted))
    if kind == "ComplaintJudged":
        complaint = PostedComplaint(
            event.complaint, transaction, event.index, event.dealer, event.excluded
        )
        return replace(round_, complaints=(*round_.complaints, complaint))
    if kind == "CeremonyFinalised":
        return replace(round_, dealers=indices_of(event.dealers), K=event.key)
    return round_


def _added(held: Mapping[int, Posted], index: int, posted: Posted) -> Mapping[int, Posted]:
    if index in held:
        raise NodeLied(f"The node gave two messages of trustee {index} where one is possible.")
    return {**held, index: posted}


def _require_order(record: CeremonyRecord, posted: RoundRecord) -> None:
    """Who posts was appointed, has a key, and committed to its deal."""
    everybody = frozenset(range(1, len(record.trustees) + 1))
    for held, before, what in (
        (posted.keys, everybody, "is no trustee and has a key"),
        (posted.commitments, posted.keys, "has no key and committed to a deal"),
        (posted.deals, posted.commitments, "committed to nothing and posted a deal"),
    ):
        strangers = held.keys() - before
        if strangers:
            raise _wrong(posted, f"{min(strangers)} {what}.")


def _judged(
    posted: RoundRecord, keys: tuple[Point | None, ...], deals: Mapping[int, Deal]
) -> frozenset[int]:
    excluded: set[int] = set()
    for each in posted.complaints:
        deal = deals.get(each.dealer)
        E = keys[each.trustee - 1] if 1 <= each.trustee <= len(keys) else None
        if deal is None or E is None or each.dealer in excluded:
            raise _wrong(posted, f"{each.trustee} complained of {each.dealer}, which none could.")
        liar = judge(deal, each.trustee, E, each.body)
        if each.excluded != (each.dealer if liar is Liar.DEALER else each.trustee):
            raise _wrong(
                posted,
                f"After the complaint of trustee {each.trustee} about dealer {each.dealer} the"
                f" wrong one was excluded: {each.excluded}.",
            )
        excluded.add(each.excluded)
    return frozenset(excluded)


def _joint(record: CeremonyRecord, posted: RoundRecord, checked: CheckedRound) -> JointKey:
    joint = protocol.finalise(checked.left, record.threshold, len(record.trustees))
    if joint.dealers != posted.dealers or encode_point(joint.K) != posted.K:
        raise _wrong(posted, "The key is not the sum of the deals that are left.")
    return joint


def _wrong(posted: RoundRecord, message: str) -> CeremonyRecordWrong:
    return CeremonyRecordWrong(
        message,
        round=posted.number,
        why="The board refuses this: who gave you the record left something out or changed it.",
        hint="Ask another node for the record.",
    )
