"""Choosing between min and max of k options: one ciphertext an option, each proved 0 or 1.

One more proof, over the sum of all ciphertexts, shows how many were chosen. Every proof's challenge
takes all ciphertexts of the ballot, so that no part can be put into another ballot.

Body: for each option ``alpha, beta | A_0, B_0, A_1, B_1 | c_0 | z_0, z_1``; then of the sum's proof
``A_m, B_m for m = min .. max | the c's but the last | the z's``.

Source: Cramer, Gennaro, Schoenmakers, EUROCRYPT 1997; Adida, "Helios", USENIX Security 2008 (the
proof over the sum).
"""

from __future__ import annotations

from dataclasses import dataclass

from crmdapp.ballots import disjunction
from crmdapp.ballots.ballot import Ballot, Opening, Part, SealedBallot, require_length
from crmdapp.ballots.choice import OPTIONS_MAX, OPTIONS_MIN
from crmdapp.ballots.elgamal import CIPHERTEXT_BYTES, Ciphertext, encrypt
from crmdapp.ballots.faults import BallotRefused, WireMalformed
from crmdapp.ballots.group import ORDER, POINT_BYTES, Point, decode_point
from crmdapp.ballots.nonces import Nonces
from crmdapp.ballots.transcripts import address_word, tracker, word
from crmdapp.errors import UsageError

TAG = "option"
SUM_TAG = "sum"

_BITS = (0, 1)
_PROOF_BYTES = disjunction.disjunction_bytes(len(_BITS))
_OPTION_BYTES = CIPHERTEXT_BYTES + _PROOF_BYTES


@dataclass(frozen=True, slots=True)
class Vector:
    """A question of which a number of options is chosen, each at most once.

    Attributes:
        options: k, 2 to 32.
        minimum: Least options chosen, 0 to maximum.
        maximum: Most options chosen, minimum to k and at least 1.

    Raises:
        UsageError: One is out of range.
    """

    options: int
    minimum: int
    maximum: int

    def __post_init__(self) -> None:
        if not OPTIONS_MIN <= self.options <= OPTIONS_MAX:
            raise UsageError(
                f"A question has {OPTIONS_MIN} to {OPTIONS_MAX} options, got {self.options}."
            )
        if not 0 <= self.minimum <= self.maximum <= self.options or not self.maximum:
            raise UsageError(
                f"{self.minimum} to {self.maximum} of {self.options} options cannot be chosen.",
                why="0 <= min <= max <= options, and max is at least 1.",
            )

    @property
    def sums(self) -> tuple[int, ...]:
        """How many options may be chosen: min to max."""
        return tuple(range(self.minimum, self.maximum + 1))

    @property
    def body_bytes(self) -> int:
        """Length of a ballot's body."""
        return self.options * _OPTION_BYTES + disjunction.disjunction_bytes(len(self.sums))

    def exponents_of(self, chosen: tuple[int, ...]) -> tuple[int, ...]:
        """Return the number, 0 or 1, that each ciphertext of an answer holds.

        Args:
            chosen: Distinct options, from 0, min to max of them.

        Raises:
            UsageError: One is out of range or named twice, or there are too few or too many.
        """
        if any(not 0 <= option < self.options for option in chosen):
            raise UsageError(f"Options are from 0 to {self.options - 1}.")
        if len(set(chosen)) != len(chosen):
            raise UsageError("An option is chosen at most once.")
        if not self.minimum <= len(chosen) <= self.maximum:
            raise UsageError(f"Choose {self.minimum} to {self.maximum} options.")
        return tuple(int(option in chosen) for option in range(self.options))

    def seal(
        self, K: Point, context: bytes, voter: str, chosen: tuple[int, ...], nonces: Nonces
    ) -> SealedBallot:
        """Encrypt and prove an answer.

        Args:
            K: The joint key.
            context: CONTEXT, 32 bytes.
            voter: The voter's address.
            chosen: Distinct options, from 0, min to max of them. Secret.
            nonces: Where randomness comes from.

        Raises:
            UsageError: It is no answer to the question.
        """
        numbers = self.exponents_of(chosen)
        place = context + address_word(voter)
        drawn = place + bytes(numbers)
        rs = tuple(nonces.draw(f"{TAG} r", drawn + word(i)) for i in range(self.options))
        sealed = [encrypt(K, m, r).encode() for m, r in zip(numbers, rs, strict=True)]
        everything = b"".join(sealed)
        body = b""
        for i, (m, r) in enumerate(zip(numbers, rs, strict=True)):
            statement = place + word(i) + everything
            body += sealed[i] + disjunction.prove(TAG, statement, K, _BITS, (m, r), nonces)
        secret = (len(chosen) - self.minimum, sum(rs) % ORDER)
        body += disjunction.prove(SUM_TAG, place + everything, K, self.sums, secret, nonces)
        return SealedBallot(body, tracker(context, voter, body), Opening(chosen, rs))

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
        place = context + address_word(voter)
        starts = [i * _OPTION_BYTES for i in range(self.options)]
        everything = b"".join(body[at : at + CIPHERTEXT_BYTES] for at in starts)
        try:
            ciphertexts = tuple(
                Ciphertext(
                    read_point(body[at : at + POINT_BYTES], f"alpha of option {i}"),
                    read_point(
                        body[at + POINT_BYTES : at + CIPHERTEXT_BYTES], f"beta of option {i}"
                    ),
                )
                for i, at in enumerate(starts)
            )
            parts = [
                Part(
                    (i,),
                    _BITS,
                    disjunction.read(
                        TAG,
                        place + word(i) + everything,
                        len(_BITS),
                        body[at + CIPHERTEXT_BYTES : at + _OPTION_BYTES],
                        read_point,
                    ),
                )
                for i, at in enumerate(starts)
            ]
            proof = disjunction.read(
                SUM_TAG,
                place + everything,
                len(self.sums),
                body[self.options * _OPTION_BYTES :],
                read_point,
            )
        except WireMalformed as problem:
            raise BallotRefused(str(problem), voter=voter, why=problem.why) from None
        parts.append(Part(tuple(range(self.options)), self.sums, proof))
        return Ballot(voter, tracker(context, voter, body), ciphertexts, tuple(parts))
