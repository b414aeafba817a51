"""Public votes that a server prepares: the weights of a poll, the transaction of a voter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmdapp.ballots.errors import OpenVoteOptionInvalid
from crmdapp.ballots.polls import PollsClient
from crmdapp.ballots.weights import Weights, weights_at
from crmdapp.web.errors import RequestConflict

if TYPE_CHECKING:
    from crmdapp.chain.calls import Call
    from crmdapp.web.ballots.desk import BallotsDesk


def weights_of(desk: BallotsDesk, poll: int) -> Weights | None:
    """Return the weights of a poll, from the chain; ``None`` if every account has one vote.

    Raises:
        PollUnknown: There is no such poll.
        PollForeign: The chain gives other weights than the poll has.
        RequestConflict: Its definition, which names the token, was not published here.
    """
    client = desk.client(PollsClient)
    found = client.poll(poll)
    if not found.is_weighted:
        return None
    words = desk.shelf.poll(found.definition_hash)
    if words is None or words.weights is None:
        raise RequestConflict(
            "The definition of this poll was not published on this server.",
            hint="Ask who created it for the file, and vote with crmdapp elections poll vote.",
        )
    weights = weights_at(desk.context.connection, words.weights)
    client.require_weights(poll, weights)
    return weights


def vote_call(desk: BallotsDesk, poll: int, option: int, voter: str) -> Call:
    """Return the call by which an account votes, not sent.

    Raises:
        PollUnknown: There is no such poll.
        OpenVoteOptionInvalid: There is no such option.
        WeightMissing: The account has no weight.
    """
    client = desk.client(PollsClient)
    if not 0 <= option < client.poll(poll).options:
        raise OpenVoteOptionInvalid(poll, option)
    weights = weights_of(desk, poll)
    if weights is None:
        return client.contract.call("vote", poll, option, 1, ())
    return client.contract.call("vote", poll, option, weights.weight(voter), weights.proof(voter))
