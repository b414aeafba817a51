"""Posting what a trustee has to say: checked against the board as it is now, and sent once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmdapp.ballots.ceremony_faults import CeremonyMessageStale
from crmdapp.ballots.trustee_decryption import PostShares
from crmdapp.ballots.trustee_duties import (
    CommitDeal,
    Complaints,
    Duty,
    Finalise,
    PostDeal,
    RegisterKey,
    Restart,
)
from crmdapp.chain._keccak import keccak
from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from crmdapp.ballots.board import BoardClient
    from crmdapp.ballots.tally import TallyClient
    from crmdapp.chain.calls import Call
    from crmdapp.chain.transactions import Receipt

_OWN = (RegisterKey, CommitDeal, PostDeal, Complaints)


def perform(duty: Duty, board: BoardClient) -> list[Receipt]:
    """Post what a duty says, once, and return the receipts; nothing for :class:`Nothing`.

    Killed at any point and run again, it sends what was not sent.

    Raises:
        CeremonyMessageStale: The board waits for something else by now.
        UsageError: It is for another board, or for another account than the sender's.
        ContractError: The board refuses.
    """
    require_current(duty, board, account=board.sender.address)
    return [board.send(call, key=posting_key(duty, call)) for call in duty_calls(duty, board)]


def perform_shares(duty: PostShares, tally: TallyClient) -> list[Receipt]:
    """Post a trustee's shares, once, and return the receipts; anybody may.

    Raises:
        UsageError: They are for another tally.
        SharesInvalid: A share does not hold.
        SharesPostedBefore: The trustee's were posted before.
        SharesLate: It is too late.
    """
    return [tally.send(call, key=posting_key(duty, call)) for call in share_calls(duty, tally)]


def require_current(duty: Duty, board: BoardClient, *, account: str) -> None:
    """Check that the board waits for what a duty says, from this account.

    Raises:
        CeremonyMessageStale: It waits for something else, or has begun another round.
        UsageError: The duty is for another board, or another account has to post it.
    """
    require_place(duty, board.connection.chain_id, duty.board, board.contract.address)
    now = board.ceremony(duty.election)
    if (duty.round, duty.step) != (now.round, now.step) and duty.step:
        raise CeremonyMessageStale(
            f"The ceremony of election {duty.election} waits for {now.step.name.lower()} in round"
            f" {now.round}, not for {duty.step.name.lower()} in round {duty.round}.",
            hint="See what is next: crmdapp elections ceremony next NUMBER --key FILE",
        )
    trustees = board.elections.election(duty.election).trustees
    if isinstance(duty, _OWN) and trustees[duty.index - 1 : duty.index] != (account,):
        raise UsageError(
            f"{account} is not the account of trustee {duty.index}.",
            hint="Post it with the trustee's account (--account).",
        )


def require_place(duty: Duty, chain_id: int, meant: str, address: str) -> None:
    """Check that a duty is for a contract of a chain.

    Raises:
        UsageError: It is for another.
    """
    if (duty.chain_id, meant) != (chain_id, address):
        raise UsageError(
            f"This was made for {meant} on chain {duty.chain_id}.",
            why=f"The contract here is {address} on chain {chain_id}.",
        )


def duty_calls(duty: Duty, board: BoardClient) -> list[Call]:
    """Return the calls that fulfil a duty, none for :class:`Nothing`; not sent."""
    election, index = duty.election, duty.index
    if isinstance(duty, RegisterKey):
        return [board.register_key_call(election, index, duty.message)]
    if isinstance(duty, CommitDeal):
        return [board.commit_deal_call(election, index, duty.commitment)]
    if isinstance(duty, PostDeal):
        return [board.post_deal_call(election, index, duty.deal)]
    if isinstance(duty, Complaints):
        return [
            board.complain_call(
                election,
                index,
                each.dealer,
                trustee_key=duty.key,
                deal=each.deal,
                complaint=each.complaint,
            )
            for each in duty.complaints
        ]
    if isinstance(duty, Finalise):
        return [board.finalise_call(election, duty.deals)]
    return [board.restart_call(election)] if isinstance(duty, Restart) else []


def share_calls(duty: PostShares, tally: TallyClient) -> list[Call]:
    """Return the calls that post a trustee's shares, not sent.

    Raises:
        UsageError: They are for another tally.
    """
    require_place(duty, tally.connection.chain_id, duty.tally, tally.contract.address)
    return [
        tally.post_shares_call(duty.election, each.question, each.group, duty.index, each.shares)
        for each in duty.groups
    ]


def posting_key(duty: Duty, call: Call) -> str:
    """Return the idempotency key of a duty's call: the same for the same message."""
    digest = keccak(call.data)[:8].hex()
    return f"trustee:{duty.board}:{duty.election}:{duty.round}:{duty.kind}:{digest}"
