"""Choosing exactly one of k options: one ciphertext, one proof with k branches.

Option j is the exponent e_j of (0, 1, 2^b, 2^2b, ...). The sum of all ballots holds the counts of
all options but the first in slots of b bits each, and the first is what is left of the number of
ballots. So 2^b must exceed that number, and b (k - 1) be at most 254: then no sum wraps around.

Body: ``alpha, beta | A_0, B_0, .. | c_0 .. c_(k-2) | z_0 .. z_(k-1)``.

Source: Cramer, Gennaro, Schoenmakers, EUROCRYPT 1997; Baudron et al., "Practical multi-candidate
election system", PODC 2001 (counts in slots of one number).
"""

from __future__ import annotations

from dataclasses import dataclass

from crmdapp.ballots import disjunction
from crmdapp.ballots.ballot import Ballot, Opening, Part, SealedBallot, require_length
from crmdapp.ballots.elgamal import CIPHERTEXT_BYTES, Ciphertext, encrypt
from crmdapp.ballots.faults import BallotRefused, WireMalformed
from crmdapp.ballots.group import POINT_BYTES, Point, decode_point
from crmdapp.ballots.nonces import Nonces
from crmdapp.ballots.transcripts import address_word, tracker
from crmdapp.errors import UsageError

OPTIONS_MIN = 2
OPTIONS_MAX = 32

SLOTS_MAX = 254
"""Most bits of all counts together: the group's order lies between 2^254 and 2^255."""

TAG = "choice"


@dataclass(frozen=True, slots=True)
class Choice:
    """A question of which exactly one option is chosen.

    Attributes:
        options: k, 2 to 32.
        bits: b, of each count's slot; 2^b exceeds the ballots of an accumulator.

    Raises:
        UsageError: One is out of range, or the slots do not fit.
    """

    options: int
    bits: int

    def __post_init__(self) -> None:
        if not OPTIONS_MIN <= self.options <= OPTIONS_MAX:
            raise UsageError(
                f"A question has {OPTIONS_MIN} to {OPTIONS_MAX} options, got {self.options}."
            )
        if self.bits < 1 or self.bits * (self.options - 1) > SLOTS_MAX:
            raise UsageError(
                f"{self.options} options of {self.bits} bits do not fit into one number.",
                why=f"bits * (options - 1) is 1 to {SLOTS_MAX}.",
            )

    @property
    def exponents(self) -> tuple[int, ...]:
        """e_0 to e_(k-1): 0, 1, 2^b, 2^2b, ..."""
        return (0, *(1 << self.bits * slot for slot in range(self.options - 1)))

    @property
    def body_bytes(self) -> int:
        """Length of a ballot's body."""
        return CIPHERTEXT_BYTES + disjunction.disjunction_bytes(self.options)

    def exponents_of(self, chosen: tuple[int, ...]) -> tuple[int, ...]:
        """Return the number that the ciphertext of an answer holds.

        Args:
            chosen: The one option, from 0.

        Raises:
            UsageError: It is not one option of the question.
        """
        if len(chosen) != 1 or not 0 <= chosen[0] < self.options:
            raise UsageError(f"Choose one option, from 0 to {self.options - 1}.")
        return (self.exponents[chosen[0]],)

    def seal(
        self, K: Point, context: bytes, voter: str, chosen: tuple[int, ...], nonces: Nonces
    ) -> SealedBallot:
        """Encrypt and prove an answer.

        Args:
            K: The joint key.
            context: CONTEXT, 32 bytes.
            voter: The voter's address.
            chosen: The one option, from 0. Secret.
            nonces: Where randomness comes from.

        Raises:
            UsageError: It is not one option of the question.
        """
        (m,) = self.exponents_of(chosen)
        place = context + address_word(voter)
        r = nonces.draw(f"{TAG} r", place + bytes(chosen))
        ciphertext = encrypt(K, m, r).encode()
        proof = disjunction.prove(
            TAG, place + ciphertext, K, self.exponents, (chosen[0], r), nonces
        )
        body = ciphertext + proof
        return SealedBallot(body, tracker(context, voter, body), Opening(chosen, (r,)))

    def read(
        self,
        context: bytes,
        voter: str,
        body: bytes,
        read_point: disjunction.PointReader = decode_point,
    ) -> Ballot:
        """Return the ballot in a body; nothing but its form is checked.

        Args:
            context: CONTEXT, 32 bytes.
            voter: The voter's address.
            body: :attr:`body_bytes`.
            read_point: How to read a point.

        Raises:
            BallotRefused: A wrong length, a point outside the group, a scalar not below r.
        """
        require_length(self, voter, body)
        statement = context + address_word(voter) + body[:CIPHERTEXT_BYTES]
        try:
            ciphertext = Ciphertext(
                read_point(body[:POINT_BYTES], "alpha"),
                read_point(body[POINT_BYTES:CIPHERTEXT_BYTES], "beta"),
            )
            proof = disjunction.read(
                TAG, statement, self.options, body[CIPHERTEXT_BYTES:], read_point
            )
        except WireMalformed as problem:
            raise BallotRefused(str(problem), voter=voter, why=problem.why) from None
        part = Part((0,), self.exponents, proof)
        return Ballot(voter, tracker(context, voter, body), (ciphertext,), (part,))
