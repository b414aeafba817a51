"""Elections on a chain of their own: their trustees, rolls and ballots, for the bench.

Everybody is honest, and every key, nonce and time is the same in every run, so gas is too. All
elections go through the same windows together.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TypeAlias

from crmdapp.ballots import ceremony as protocol
from crmdapp.ballots.ballot_intents import box_domain, sign_ballot
from crmdapp.ballots.choice import Choice
from crmdapp.ballots.deal import (
    Deal,
    deal_bytes,
    deal_commitment,
    deal_hash,
    make_deal,
    read_deal,
)
from crmdapp.ballots.decryption import partial_decryption
from crmdapp.ballots.elgamal import Ciphertext
from crmdapp.ballots.group import ORDER, Point, encode_point, multiply_base
from crmdapp.ballots.nonces import Nonces
from crmdapp.ballots.record import CHUNK_VOTERS, NO_SIGNATURE, CastBallot, encode_batch
from crmdapp.ballots.registration import RegistrationIntent
from crmdapp.ballots.transcripts import ballot_context, tracker
from crmdapp.ballots.vector import Vector
from crmdapp.chain._keccak import keccak
from crmdapp.chain.accounts import LocalSigner
from crmdapp.chain.signed import compact
from crmdapp.chain.typed_data import Domain
from scripts.bench.chain import START, Chain
from scripts.bench.ledgers import customers

STEP = 10_000  # seconds between the ends of windows, more than a run takes
WINDOWS = tuple(START + STEP * number for number in range(1, 9))
REGISTRATION_UNTIL, CLOSES_AT = WINDOWS[4], WINDOWS[6]
DEFINITION = keccak(b"definition")
REGISTRARS, QUORUM = 3, 2
CHUNK_OF_REGISTRATIONS = 350  # as many as a transaction takes
YES_NO = Choice(2, 20)
Gas: TypeAlias = int
Question: TypeAlias = Choice | Vector


class Station:
    """The contracts on one chain, and the registrars of all elections."""

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        self.elections = chain.deploy("Elections")
        self.roll = chain.deploy("VoterRoll", self.elections.address)
        self.board = chain.deploy("TrusteeBoard", self.elections.address)
        self.box = chain.deploy(
            "BallotBox", self.elections.address, self.board.address, self.roll.address
        )
        self.tally = chain.deploy("Tally", self.box.address)
        self.registrars = sorted(
            customers("registrar", REGISTRARS), key=lambda each: each.address.lower()
        )

    def next_window(self) -> None:
        """Let the window end that the elections are in."""
        self.chain.wait(STEP)


class Election:
    """One election, and who guards it.

    Args:
        station: Where it is held.
        size: Trustees, n: the chain's accounts from the second.
        threshold: How many of them decrypt, t.
        questions: What is asked.
    """

    def __init__(
        self,
        station: Station,
        size: int,
        threshold: int,
        questions: Sequence[Question] = (YES_NO,),
    ) -> None:
        self.station = station
        self.size = size
        self.threshold = threshold
        self.questions = tuple(questions)
        self.trustees = station.chain.accounts[1 : size + 1]
        self.voters: list[str] = []
        self._deals: dict[int, bytes] = {}
        settings = (
            DEFINITION,
            WINDOWS,
            1,
            1,
            threshold,
            QUORUM,
            [_settings(question) for question in questions],
            list(self.trustees),
            [each.address for each in station.registrars],
        )
        station.elections.send("create", settings)
        self.number: int = station.elections.read("electionCount")

    # ----------------------------------------------------------------- trustees

    def register_keys(self) -> Gas:
        """Register every trustee's key; returns the gas of the last."""
        gas = 0
        for j, account in self._everybody():
            message = protocol.key_message(
                self._ceremony, j, account, self._secret(j), self._nonces("key", j)
            )
            key, proof = message[:96], message[96:]
            gas = self.station.board.send("registerKey", self.number, j, key, proof, sender=account)
        return gas

    def commit_deals(self, *, wrong: bool = False) -> Gas:
        """Commit every trustee to a deal; returns the gas of the last.

        Args:
            wrong: The first gives the second a wrong share.
        """
        gas = 0
        for i, account in self._everybody():
            nonces = self._nonces("deal", i)
            deal = make_deal(self._ceremony, i, account, self.threshold, self._keys, nonces)
            if wrong and i == 1:
                deal = _with_wrong_share(deal, deal_bytes(self.threshold, self.size), self.size, 2)
            self._deals[i] = deal
            commitment = deal_commitment(self._ceremony, i, deal)
            gas = self.station.board.send("commitDeal", self.number, i, commitment, sender=account)
        return gas

    def post_deals(self) -> Gas:
        """Post every deal; returns the gas of the last."""
        return [
            self.station.board.send("postDeal", self.number, i, self._deals[i], sender=account)
            for i, account in self._everybody()
        ][-1]

    def complain(self) -> Gas:
        """Let the second trustee complain of the first one's deal."""
        i, j = 1, 2
        complaint = protocol.complain(
            self._read_deals[i - 1], j, self._secret(j), self._nonces("complaint", j)
        )
        key = encode_point(multiply_base(self._secret(j)))
        return self.station.board.send(
            "complain",
            self.number,
            j,
            i,
            key,
            self._deals[i],
            complaint,
            sender=self.trustees[j - 1],
        )

    def finalise(self) -> Gas:
        """Make the key of all deals."""
        deals = b"".join(
            b"".join(map(encode_point, read.C)) + deal_hash(self._deals[i])
            for i, read in enumerate(self._read_deals, start=1)
        )
        return self.station.board.send("finalise", self.number, deals)

    def tally_up(self, counts: Sequence[int]) -> Gas:
        """Close the first question and prove its counts, in one go."""
        tally = self.station.tally
        tally.send("close", self.number, 0)
        alpha, beta, context = tally.read("sumOf", self.number, 0, 0, 0)
        accumulator = Ciphertext.decode(alpha + beta)
        shares = b""
        for j in range(1, self.threshold + 1):
            secret = protocol.trustee_secret(self._read_deals, j, self._secret(j), self.joint)
            nonces = self._nonces("share", j)
            shares += partial_decryption(context, j, secret, accumulator, nonces)
        bits = (1 << self.threshold) - 1
        return tally.send("tally", self.number, 0, 0, bits, shares, list(counts))

    @cached_property
    def joint(self) -> protocol.JointKey:
        """The key that all deals make."""
        return protocol.finalise(self._read_deals, self.threshold, self.size)

    # ----------------------------------------------------------------- voters

    def register(self, *voters: str) -> Gas:
        """Enter voters, by a quorum of registrars, in one transaction."""
        roll = self.station.roll
        domain = Domain("VoterRoll", "1", self.station.chain.chain_id, roll.address)
        rows, signatures = [], []
        for number, voter in enumerate(voters, start=len(self.voters)):
            nullifier = keccak(b"citizen %d of %d" % (number, self.number))
            intent = RegistrationIntent(self.number, 0, nullifier, voter, REGISTRATION_UNTIL)
            signers = self.station.registrars[:QUORUM]
            rows.append(tuple(intent.values[1:]))
            signatures.append(b"".join(compact(intent.sign(each, domain)) for each in signers))
        self.voters += voters
        return roll.send("register", self.number, rows, signatures)

    def register_all(self, voters: Sequence[str]) -> None:
        """Enter as many voters as there are, in as many transactions as it takes."""
        for start in range(0, len(voters), CHUNK_OF_REGISTRATIONS):
            self.register(*voters[start : start + CHUNK_OF_REGISTRATIONS])

    def freeze(self) -> Gas:
        """Write the roll down; returns the gas of the first chunk."""
        addresses = [bytes.fromhex(each[2:]) for each in self.voters]
        gas = []
        for start in range(0, len(addresses), CHUNK_VOTERS):
            voters = b"".join(addresses[start : start + CHUNK_VOTERS])
            chunk = start // CHUNK_VOTERS
            gas.append(self.station.roll.send("freeze", self.number, 0, chunk, voters))
        return gas[0]

    def prepare(self) -> None:
        """Make the ballot box ready."""
        for question in range(len(self.questions)):
            self.station.box.send("prepare", self.number, question)

    def relay(self, question: int, voters: Sequence[tuple[int, LocalSigner]]) -> Gas:
        """Cast signed ballots of voters, known by their places on the roll, as one batch."""
        domain = box_domain(self.station.chain.chain_id, self.station.box.address)
        ballots = []
        for index, voter in voters:
            body, mark = self._seal(question, index, voter.address)
            signed = sign_ballot(
                voter,
                domain,
                election=self.number,
                question=question,
                precinct=0,
                index=index,
                tracker=mark,
                body=body,
                deadline=CLOSES_AT,
            )
            ballots.append(signed.cast_ballot())
        return self._cast(question, ballots, self.station.chain.accounts[0])

    def cast(self, question: int, index: int, voter: str) -> Gas:
        """Let an account of the chain cast its own ballot."""
        body, _ = self._seal(question, index, voter)
        return self._cast(question, [CastBallot(index, 0, NO_SIGNATURE, body)], voter)

    def _cast(self, question: int, ballots: Sequence[CastBallot], sender: str) -> Gas:
        return self.station.box.send(
            "castBatch", self.number, question, 0, encode_batch(ballots), sender=sender
        )

    def _seal(self, question: int, index: int, voter: str) -> tuple[bytes, bytes]:
        """A ballot for the option that the place on the roll names, and its tracker."""
        asked, context = self.questions[question], self._context(question)
        nonces = self._nonces("ballot", question, index)
        body = asked.seal(self.joint.K, context, voter, (index % asked.options,), nonces).body
        return body, tracker(context, voter, body)

    def _context(self, question: int) -> bytes:
        return ballot_context(
            chain_id=self.station.chain.chain_id,
            box=self.station.box.address,
            election=self.number,
            question=question,
            definition_hash=DEFINITION,
            K=encode_point(self.joint.K),
        )

    # ----------------------------------------------------------------- secrets

    def _everybody(self) -> list[tuple[int, str]]:
        return list(enumerate(self.trustees, start=1))

    @cached_property
    def _ceremony(self) -> bytes:
        context: bytes = self.station.board.read("contextOf", self.number)
        return context

    @cached_property
    def _keys(self) -> list[Point | None]:
        return [multiply_base(self._secret(j)) for j, _ in self._everybody()]

    @cached_property
    def _read_deals(self) -> list[Deal]:
        return [
            read_deal(self._ceremony, i, account, self.threshold, self._keys, self._deals[i])
            for i, account in self._everybody()
        ]

    def _secret(self, j: int) -> int:
        return self._nonces("secret", j).draw("trustee", b"")

    def _nonces(self, *names: object) -> Nonces:
        """Nonces without chance in them, or gas would differ from run to run."""
        return Nonces(keccak(repr((self.number, *names)).encode()), entropy=bytes)


def _settings(question: Question) -> tuple[int, ...]:
    if isinstance(question, Choice):
        return (1, question.options, 1, 1, question.bits)
    return (2, question.options, question.minimum, question.maximum, 0)


def _with_wrong_share(deal: bytes, length: int, trustees: int, j: int) -> bytes:
    """The deal with the share of trustee j one too large."""
    place = length - 32 * (trustees - j + 1)
    share = (int.from_bytes(deal[place : place + 32]) + 1) % ORDER
    return deal[:place] + share.to_bytes(32) + deal[place + 32 :]
