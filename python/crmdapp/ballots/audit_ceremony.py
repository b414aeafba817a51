"""The links of an audit that are about the trustees: every round of the ceremony, and its key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from crmdapp.ballots.audit_case import Case, LinkBroken, Seen, Settings, arguments_of, reason_of
from crmdapp.ballots.ceremony import Liar, finalise, judge, read_key
from crmdapp.ballots.deal import Deal, deal_commitment, read_deal
from crmdapp.ballots.events import (
    CeremonyFinalised,
    CeremonyRestarted,
    ComplaintJudged,
    DealCommitted,
    DealPosted,
    TrusteeKeyRegistered,
)
from crmdapp.ballots.group import Point, encode_point
from crmdapp.ballots.transcripts import ceremony_context
from crmdapp.errors import CrmdappError

_KEYS, _COMMITMENTS, _DEALS, _COMPLAINTS, _FINALISATION = (
    "keys",
    "commitments",
    "deals",
    "complaints",
    "the key",
)
_REGISTER = "registerKey(uint64,uint8,bytes,bytes)"
_COMMIT = "commitDeal(uint64,uint8,bytes32)"
_POST = "postDeal(uint64,uint8,bytes)"
_COMPLAIN = "complain(uint64,uint8,uint8,bytes,bytes,bytes)"

_SHORT, _FINAL, _FAILED = "a new round", "nothing", "nothing any more"


@dataclass
class _Round:
    """A round of the ceremony as the messages so far have made it.

    Attributes:
        number: Counts restarts, from 0.
        until: Ends of the windows of keys, commitments, deals and complaints.
        context: CEREMONY.
        keys: E_j by trustee.
        commitments: By dealer.
        deals: Posted and not excluded, by dealer.
    """

    number: int
    until: tuple[int, ...]
    context: bytes
    keys: dict[int, Point] = field(default_factory=dict)
    commitments: dict[int, bytes] = field(default_factory=dict)
    deals: dict[int, Deal] = field(default_factory=dict)

    def waits_for(self, time: int, settings: Settings) -> str:
        """Return what the ceremony waits for."""
        if time >= settings.window("opensAt"):
            return _FAILED
        keys, commitments, deals, complaints = self.until
        if time <= keys:
            return _KEYS
        left: Mapping[int, object] = self.deals
        if time <= deals:
            left = self.commitments
        if time <= commitments:
            left = self.keys
        if len(left) < settings.threshold:
            return _SHORT
        if time <= commitments:
            return _COMMITMENTS
        if time <= deals:
            return _DEALS
        return _COMPLAINTS if time <= complaints else _FINALISATION


class _Replay:
    def __init__(self, case: Case) -> None:
        self._case = case
        self._settings = case.known
        self.round = _Round(0, self._settings.windows[:4], self._context(0))
        self.finalised: Seen | None = None

    def take(self, seen: Seen) -> None:
        """Take the next message, as the board does."""
        wanted, apply = self._steps()[type(seen.event)]
        waiting = _FINAL
        if self.finalised is None:
            waiting = self.round.waits_for(seen.time, self._settings)
        seen.require(waiting == wanted, f"The ceremony waits for {waiting} then.")
        if not isinstance(seen.event, CeremonyRestarted):
            seen.require(seen.event.round == self.round.number, "It is of another round.")
        apply(seen)

    def _steps(self) -> dict[type, tuple[str, Callable[[Seen], None]]]:
        return {
            TrusteeKeyRegistered: (_KEYS, self._key),
            DealCommitted: (_COMMITMENTS, self._commitment),
            DealPosted: (_DEALS, self._deal),
            ComplaintJudged: (_COMPLAINTS, self._complaint),
            CeremonyFinalised: (_FINALISATION, self._final),
            CeremonyRestarted: (_SHORT, self._restart),
        }

    def _key(self, seen: Seen) -> None:
        event, round_ = seen.event, self.round
        trustee = self._trustee(seen, event.index)
        seen.require(event.index not in round_.keys, f"Trustee {event.index} has a key.")
        cancelled = self._case.cancelled
        is_standing = cancelled is None or seen.position < cancelled.position
        seen.require(is_standing, "The election was called off.")
        self._require_input(seen, _REGISTER, event.index, event.key, event.proof)
        message = event.key + event.proof
        try:
            round_.keys[event.index] = read_key(round_.context, event.index, trustee, message)
        except CrmdappError as problem:
            raise seen.broken(reason_of(problem)) from None

    def _commitment(self, seen: Seen) -> None:
        event, round_ = seen.event, self.round
        self._dealer(seen, event.dealer)
        is_first = event.dealer not in round_.commitments
        seen.require(is_first, f"Dealer {event.dealer} has committed before.")
        self._require_input(seen, _COMMIT, event.dealer, event.commitment)
        round_.commitments[event.dealer] = event.commitment

    def _deal(self, seen: Seen) -> None:
        event, round_, settings = seen.event, self.round, self._settings
        dealer = self._dealer(seen, event.dealer)
        seen.require(event.dealer not in round_.deals, f"Dealer {event.dealer} has posted before.")
        self._require_input(seen, _POST, event.dealer, event.deal)
        committed = round_.commitments.get(event.dealer)
        is_committed = committed == deal_commitment(round_.context, event.dealer, event.deal)
        seen.require(is_committed, f"Dealer {event.dealer} did not commit to this deal.")
        keys = [round_.keys.get(j) for j in range(1, len(settings.trustees) + 1)]
        try:
            round_.deals[event.dealer] = read_deal(
                round_.context, event.dealer, dealer, settings.threshold, keys, event.deal
            )
        except CrmdappError as problem:
            raise seen.broken(reason_of(problem)) from None

    def _complaint(self, seen: Seen) -> None:
        event, round_ = seen.event, self.round
        self._dealer(seen, event.index)
        seen.require(event.dealer in round_.deals, f"Dealer {event.dealer} has no deal then.")
        try:
            liar = judge(
                round_.deals[event.dealer], event.index, round_.keys[event.index], event.complaint
            )
        except CrmdappError as problem:
            raise seen.broken(reason_of(problem)) from None
        self._require_complaint(seen)
        excluded = event.dealer if liar is Liar.DEALER else event.index
        seen.require(event.excluded == excluded, f"Not {event.excluded} but {excluded} lied.")
        round_.deals.pop(excluded, None)

    def _require_complaint(self, seen: Seen) -> None:
        """The input names key and deal too, which the proof in the complaint is about anyway."""
        signed, event = seen.transaction.signed, seen.event
        if signed.to == self._case.contracts.board:
            found = arguments_of(signed.data, _COMPLAIN)
            stated = (self._case.record.election, event.index, event.dealer, event.complaint)
            is_said = found[:3] + found[5:] == stated
            seen.require(is_said, "The transaction's input says something else.")

    def _restart(self, seen: Seen) -> None:
        event, number = seen.event, self.round.number + 1
        keys, commitments, *_ = self._settings.windows
        # The first round's keys have no start of their own: they get as long as commitments.
        later = seen.time + commitments - 2 * keys
        until = tuple(each + later for each in self._settings.windows[:4])
        seen.require(event.round == number, f"Round {number} comes next.")
        seen.require(event.complaints_until == until[-1], f"The round ends at {until[-1]}.")
        seen.require(until[-1] < self._settings.window("opensAt"), "The round ends too late.")
        self.round = _Round(number, until, self._context(number))

    def _final(self, seen: Seen) -> None:
        self.finalised = seen

    def _trustee(self, seen: Seen, index: int) -> str:
        """Return the account of trustee ``index``, who must have sent the message."""
        trustees = self._settings.trustees
        seen.require(1 <= index <= len(trustees), f"There is no trustee {index}.")
        account = trustees[index - 1]
        self._case.require_sender(seen, account, self._case.contracts.board)
        return account

    def _dealer(self, seen: Seen, index: int) -> str:
        """As for a trustee, who must have a key in this round."""
        account = self._trustee(seen, index)
        seen.require(index in self.round.keys, f"Trustee {index} has no key.")
        return account

    def _require_input(self, seen: Seen, function: str, *values: object) -> None:
        board = self._case.contracts.board
        self._case.require_input(seen, board, function, self._case.record.election, *values)

    def _context(self, number: int) -> bytes:
        record = self._case.record
        return ceremony_context(
            chain_id=record.chain_id,
            board=record.contracts.board,
            election=record.election,
            round=number,
        )


def check_ceremony(case: Case) -> int:
    """Replay every round: keys, commitments, deals, complaints.

    Returns:
        How many messages there are.

    Raises:
        LinkBroken: One came at another time, from another account, or does not prove itself; or a
            complaint was judged otherwise.
    """
    replay = _Replay(case)
    messages = [seen for seen in case.row if seen.contract == "TrusteeBoard"]
    for seen in messages:
        replay.take(seen)
    case.finalised = replay.finalised
    case.deals = replay.round.deals
    return len(messages)


def check_key(case: Case) -> int:
    """Compute the joint key of the deals that are left.

    Returns:
        1, or 0 if the ceremony did not come to a key.

    Raises:
        LinkBroken: The board's key is another one, or made of other deals.
    """
    seen, settings = case.finalised, case.known
    if seen is None:
        return 0
    deals = list(case.deals.values())
    try:
        joint = finalise(deals, settings.threshold, len(settings.trustees))
    except CrmdappError as problem:
        raise seen.broken(reason_of(problem)) from None
    dealers = sum(1 << (dealer - 1) for dealer in joint.dealers)
    seen.require(seen.event.dealers == dealers, f"The key is made of the deals {joint.dealers}.")
    if seen.event.key != encode_point(joint.K):
        raise LinkBroken(f"The deals make the key 0x{encode_point(joint.K).hex()}.", seen.place)
    case.joint = joint
    return 1
