"""The tally from Python: close questions, collect shares, find and prove the counts, read results.

Only sums of ballots are decrypted, and only those of the groups that the contract formed. Whoever
posts counts needs no secret: shares are public once they are posted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from crmdapp.ballots.choice import Choice
from crmdapp.ballots.decoding import decode_choice, decode_option
from crmdapp.ballots.decryption import SHARE_BYTES, combine, read_partial_decryption
from crmdapp.ballots.faults import DecryptionIncomplete, ShareRefused
from crmdapp.ballots.group import POINT_BYTES, Point, decode_point
from crmdapp.ballots.models import mask_of
from crmdapp.ballots.tally_reader import GroupSum, TallyReader

if TYPE_CHECKING:
    from crmdapp.ballots.vector import Vector
    from crmdapp.chain.calls import Call
    from crmdapp.chain.transactions import Receipt


class TallyClient(TallyReader):
    """The results of all elections, seen and worked on by one account.

    A question is meant by the numbers of its election and its own; a group of precincts is numbered
    from 0.

    Source: contracts/ballots/ITally.sol.
    """

    # ----------------------------------------------------------------- sending

    def close(self, election: int, question: int, *, key: str | None = None) -> Receipt:
        """Form the groups of a question, or find that too few voted; anybody may, once.

        Raises:
            PhaseInvalid: The election has not closed, or was not held.
            QuestionClosedBefore: Somebody has.
            QuestionUnknown: There is no such question.
        """
        return self.send(self.close_call(election, question), key=key)

    def close_call(self, election: int, question: int) -> Call:
        """Return the call of :meth:`close`, not sent."""
        return self.contract.call("close", election, question)

    def post_shares(
        self,
        election: int,
        question: int,
        group: int,
        index: int,
        shares: bytes,
        *,
        key: str | None = None,
    ) -> Receipt:
        """Record a trustee's shares of a group; anybody may, in time.

        Args:
            election: The election.
            question: The question.
            group: The group.
            index: The trustee's, from 1.
            shares: 320 bytes for each sum of the group, as
                :func:`crmdapp.ballots.partial_decryption` gives them.
            key: Idempotency key.

        Raises:
            SharesInvalid: One does not hold.
            SharesPostedBefore: The trustee's were posted before.
            SharesLate: It is too late.
            SharesLengthInvalid: There is not one for each sum.
            GroupTalliedBefore: The counts are known.
            TrusteeUnknown: There is no such trustee.
        """
        return self.send(self.post_shares_call(election, question, group, index, shares), key=key)

    def post_shares_call(
        self, election: int, question: int, group: int, index: int, shares: bytes
    ) -> Call:
        """Return the call of :meth:`post_shares`, not sent."""
        return self.contract.call("postShares", election, question, group, index, shares)

    def tally(
        self,
        election: int,
        question: int,
        group: int,
        shares: Mapping[int, bytes],
        counts: Sequence[int],
        *,
        key: str | None = None,
    ) -> Receipt:
        """Prove counts by shares that are posted with them; anybody may, in time.

        Args:
            election: The election.
            question: The question.
            group: The group.
            shares: Those of just as many trustees as the threshold, by their indices.
            counts: For each option.
            key: Idempotency key.

        Raises:
            TallyInvalid: A share or the counts do not hold.
            TrusteesInvalid: They are not as many as the threshold.
            GroupTalliedBefore: The counts are known.
            SharesLate: It is too late.
        """
        return self.send(self.tally_call(election, question, group, shares, counts), key=key)

    def tally_call(
        self,
        election: int,
        question: int,
        group: int,
        shares: Mapping[int, bytes],
        counts: Sequence[int],
    ) -> Call:
        """Return the call of :meth:`tally`, not sent."""
        data = b"".join(shares[index] for index in sorted(shares))
        place = (election, question, group, mask_of(tuple(shares)))
        return self.contract.call("tally", *place, data, tuple(counts))

    def tally_posted(
        self,
        election: int,
        question: int,
        group: int,
        shares: Mapping[int, bytes],
        counts: Sequence[int],
        *,
        key: str | None = None,
    ) -> Receipt:
        """Prove counts by shares that were posted; anybody may, at any time.

        Args:
            election: The election.
            question: The question.
            group: The group.
            shares: Those of just as many trustees as the threshold, by their indices, as posted.
            counts: For each option.
            key: Idempotency key.

        Raises:
            CountsInvalid: They are not what the sums hold.
            SharesMissing: A trustee's shares were not posted.
            SharesMismatch: A trustee posted others.
            TrusteesInvalid: They are not as many as the threshold.
            GroupTalliedBefore: The counts are known.
        """
        call = self.tally_posted_call(election, question, group, shares, counts)
        return self.send(call, key=key)

    def tally_posted_call(
        self,
        election: int,
        question: int,
        group: int,
        shares: Mapping[int, bytes],
        counts: Sequence[int],
    ) -> Call:
        """Return the call of :meth:`tally_posted`, not sent."""
        decryptions = b"".join(
            each[:POINT_BYTES] for index in sorted(shares) for each in split_shares(shares[index])
        )
        place = (election, question, group, mask_of(tuple(shares)))
        return self.contract.call("tallyPosted", *place, decryptions, tuple(counts))

    def void_question(self, election: int, question: int, *, key: str | None = None) -> Receipt:
        """Record that a question stays without a result; anybody may, when that is a fact.

        Raises:
            QuestionNotVoid: Every group has counts or shares enough, or there is time for them.
            QuestionNotClosed: It is not closed.
            QuestionIsVoid: It is recorded.
        """
        return self.send(self.void_question_call(election, question), key=key)

    def void_question_call(self, election: int, question: int) -> Call:
        """Return the call of :meth:`void_question`, not sent."""
        return self.contract.call("voidQuestion", election, question)

    # ----------------------------------------------------------------- counting

    def tally_group(
        self,
        election: int,
        question: int,
        group: int,
        shares: Mapping[int, bytes] | None = None,
        *,
        key: str | None = None,
    ) -> tuple[int, ...]:
        """Find the counts of a group, and prove them to the contract; needs no secret.

        Args:
            election: The election.
            question: The question.
            group: The group.
            shares: Shares of at least as many trustees as the threshold, by their indices, to post
                with the counts; by default those that were posted.
            key: Idempotency key.

        Raises:
            DecryptionIncomplete: There are too few shares.
            ShareRefused: One that was given here does not hold.
            ResultUndecodable: No counts give the decrypted sum.
            ContractError: The contract refuses.
        """
        counts, used = self.count_group(election, question, group, shares)
        if shares is None:
            self.tally_posted(election, question, group, used, counts, key=key)
        else:
            self.tally(election, question, group, used, counts, key=key)
        return counts

    def count_group(
        self, election: int, question: int, group: int, shares: Mapping[int, bytes] | None = None
    ) -> tuple[tuple[int, ...], dict[int, bytes]]:
        """Return the counts of a group, and the shares that give them; nothing is sent.

        Raises:
            DecryptionIncomplete: There are too few shares.
            ShareRefused: One does not hold.
            ResultUndecodable: No counts give the decrypted sum.
        """
        threshold = self.box.elections.election(election).threshold
        given = self.posted_shares(election, question, group) if shares is None else dict(shares)
        if len(given) < threshold:
            raise DecryptionIncomplete(
                f"{len(given)} shares of group {group} are there, {threshold} are needed.",
                left=len(given),
                needed=threshold,
                hint="Wait for more trustees.",
            )
        sums = self.sums(election, question, group)
        used = {index: given[index] for index in sorted(given)[:threshold]}
        opened = self._opened(election, sums, used)
        results = [
            combine(each.accumulator, {j: points[place] for j, points in opened.items()}, threshold)
            for place, each in enumerate(sums)
        ]
        return _counts(self.box.question(election, question), results, sums[0].ballots), used

    def _opened(
        self, election: int, sums: Sequence[GroupSum], shares: Mapping[int, bytes]
    ) -> dict[int, list[Point]]:
        """Return D of each sum by trustee, with the proofs checked."""
        found: dict[int, list[Point]] = {}
        for index, data in shares.items():
            parts = split_shares(data)
            if len(parts) != len(sums):
                raise ShareRefused(
                    f"Trustee {index} gives {len(parts)} shares, {len(sums)} are needed.",
                    trustee=index,
                )
            Y = decode_point(self.box.board.verification_key(election, index), "Y")
            found[index] = [
                read_partial_decryption(each.context, index, Y, each.accumulator, part)
                for each, part in zip(sums, parts, strict=True)
            ]
        return found


def split_shares(data: bytes) -> list[bytes]:
    """Return a trustee's shares one by one, of 320 bytes each.

    Raises:
        ShareRefused: They are not whole.
    """
    if not data or len(data) % SHARE_BYTES:
        raise ShareRefused(f"Shares have {SHARE_BYTES} bytes each, got {len(data):,}.")
    return [data[at : at + SHARE_BYTES] for at in range(0, len(data), SHARE_BYTES)]


def _counts(encoding: Choice | Vector, results: Sequence[Point], ballots: int) -> tuple[int, ...]:
    if isinstance(encoding, Choice):
        return decode_choice(results[0], encoding.options, encoding.bits, ballots)
    return tuple(decode_option(result, ballots) for result in results)
