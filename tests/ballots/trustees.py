"""Elections on Ape's chain and the trustees who guard them, for the tests of contracts.

A test module takes the fixtures by ``from tests.ballots.trustees import *``. The trustees do what
the package's cryptography says, so that these tests also hold the contracts to it.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import pytest
from eth_utils import keccak

from crmdapp.ballots import ceremony as protocol
from crmdapp.ballots.deal import Deal, deal_commitment, deal_hash, make_deal, read_deal
from crmdapp.ballots.decryption import partial_decryption
from crmdapp.ballots.elgamal import Ciphertext, encrypt
from crmdapp.ballots.group import (
    IDENTITY,
    ORDER,
    encode_point,
    multiply_base,
)
from crmdapp.ballots.nonces import Nonces
from crmdapp.ballots.transcripts import ceremony_context, shares_context

CHOICE, VECTOR = 1, 2  # QuestionKind
KEYS, COMMITMENTS, DEALS, COMPLAINTS, FINALISATION, FINAL, SHORT, FAILED = range(1, 9)
STEP = 1_000  # seconds of each step of a ceremony, and of each phase after it
DEFINITION = keccak(text="definition")
INFINITY = bytes(96)
YES_NO = (CHOICE, 2, 1, 1, 10)

FIELD = int(
    "1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab",
    16,
)
# On the curve y^2 = x^3 + 4, but of order 3: a factor of the cofactor.
OUTSIDE_SUBGROUP = (0).to_bytes(48) + (2).to_bytes(48)
OFF_CURVE = (1).to_bytes(48) + (1).to_bytes(48)
G = encode_point(multiply_base(1))
UNREDUCED = (int.from_bytes(G[:48]) + FIELD).to_bytes(48) + G[48:]
NO_POINTS = {
    "outside the subgroup": OUTSIDE_SUBGROUP,
    "off the curve": OFF_CURVE,
    "not reduced": UNREDUCED,
}


class Schedule(NamedTuple):
    """The windows of an election, seconds since 1970."""

    keys_until: int
    commitments_until: int
    deals_until: int
    complaints_until: int
    registration_until: int
    opens_at: int
    closes_at: int
    shares_until: int

    @classmethod
    def after(cls, now: int) -> "Schedule":
        """Room for two more rounds of the ceremony before it opens."""
        steps = (1, 2, 3, 4, 5, 16, 17, 18)
        return cls(*(now + STEP * step for step in steps))


def secret_of(*names: Any) -> int:
    """A scalar that the names make, 1 to r - 1."""
    return int.from_bytes(keccak(text=repr(names))) % (ORDER - 1) + 1


def nonces_of(*names: Any) -> Nonces:
    """Nonces that are the same in every run."""
    return Nonces(keccak(text=repr(names)), entropy=bytes)


def challenge_of(tag: str, *parts: bytes) -> int:
    """A challenge as any prover computes it, about whatever parts it likes."""
    return (
        int.from_bytes(keccak(keccak(text=f"crmdapp.ballots.v1.{tag}") + b"".join(parts))) % ORDER
    )


def wire(point: Any) -> bytes:
    """96 bytes of a point, also of infinity."""
    return bytes(point.to_xy_bytes_be())


def with_scalar(message: bytes, place: int, scalar: int) -> bytes:
    """A message with another scalar at `place`."""
    return replaced(message, place, scalar.to_bytes(32))


def replaced(message: bytes, place: int, part: bytes) -> bytes:
    """A message with other bytes at `place`, which counts from the end if it is negative."""
    place %= len(message)
    return message[:place] + part + message[place + len(part) :]


@dataclass(frozen=True)
class ChainTime:
    """The chain's time, for fixtures that outlive a test."""

    chain: Any

    @property
    def now(self) -> int:
        return int(self.chain.blocks.head.timestamp)

    def set(self, timestamp: int) -> None:
        """Mines a block at `timestamp`."""
        self.chain.pending_timestamp = timestamp
        self.chain.mine()


@dataclass
class Committee:
    """The trustees of one election."""

    board: Any
    elections: Any
    clock: Any
    chain_id: int
    election: int
    schedule: Schedule
    accounts: list[Any]
    threshold: int
    round: int = 0
    registered: set[int] = field(default_factory=set)
    deals: dict[int, bytes] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return len(self.accounts)

    @property
    def everybody(self) -> range:
        """Their indices."""
        return range(1, self.size + 1)

    @property
    def context(self) -> bytes:
        """CEREMONY of the round."""
        return ceremony_context(
            chain_id=self.chain_id,
            board=self.board.address,
            election=self.election,
            round=self.round,
        )

    @property
    def keys(self) -> list[Any]:
        """The registered keys, None for who has none."""
        return [
            multiply_base(self.secret(j)) if j in self.registered else None for j in self.everybody
        ]

    def account(self, j: int) -> Any:
        return self.accounts[j - 1]

    def secret(self, j: int) -> int:
        return secret_of("trustee", j, self.round)

    def key(self, j: int) -> bytes:
        """E_j."""
        return encode_point(multiply_base(self.secret(j)))

    def key_message(self, j: int, *, context: bytes | None = None, secret: int | None = None):
        """E_j and the proof, as two parts."""
        message = protocol.key_message(
            context or self.context,
            j,
            self.account(j).address,
            secret or self.secret(j),
            nonces_of("key", j),
        )
        return message[:96], message[96:]

    def register(self, j: int) -> Any:
        self.registered.add(j)
        return self.board.registerKey(
            self.election, j, *self.key_message(j), sender=self.account(j)
        )

    def deal(self, i: int, *, wrong_for: tuple[int, ...] = (), context: bytes | None = None):
        """The deal of a dealer; wrong shares are one too large."""
        deal = make_deal(
            context or self.context,
            i,
            self.account(i).address,
            self.threshold,
            self.keys,
            nonces_of("deal", i, self.round),
        )
        for j in wrong_for:
            place = self.share_place(j)
            share = int.from_bytes(deal[place : place + 32])
            deal = with_scalar(deal, place, (share + 1) % ORDER)
        return deal

    def share_place(self, j: int) -> int:
        """Where the share of trustee j begins in a deal."""
        return 96 + 2 * 128 + 96 * self.threshold + 32 * (j - 1)

    def commit(self, i: int, deal: bytes | None = None) -> Any:
        self.deals[i] = deal or self.deal(i)
        commitment = deal_commitment(self.context, i, self.deals[i])
        return self.board.commitDeal(self.election, i, commitment, sender=self.account(i))

    def post(self, i: int) -> Any:
        return self.board.postDeal(self.election, i, self.deals[i], sender=self.account(i))

    def read(self, i: int) -> Deal:
        return read_deal(
            self.context,
            i,
            self.account(i).address,
            self.threshold,
            self.keys,
            self.deals[i],
        )

    def complaint(self, j: int, i: int) -> bytes:
        """What trustee j says of the deal of i."""
        return protocol.complain(
            self.read(i), j, self.secret(j), nonces_of("complaint", i, j, self.round)
        )

    def complain(self, j: int, i: int) -> Any:
        return self.board.complain(
            self.election,
            j,
            i,
            self.key(j),
            self.deals[i],
            self.complaint(j, i),
            sender=self.account(j),
        )

    def record(self, i: int) -> bytes:
        """What the board keeps of a deal."""
        return keccak(deal_hash(self.deals[i]) + keccak(self.commitments(i)))

    def commitments(self, i: int) -> bytes:
        return self.deals[i][352 : 352 + 96 * self.threshold]

    def final_deals(self, *dealers: int) -> bytes:
        """What the end of the ceremony is told of the deals that count."""
        return b"".join(self.commitments(i) + deal_hash(self.deals[i]) for i in dealers)

    def finalise(self, *dealers: int, sender: Any = None) -> Any:
        chosen = dealers or tuple(self.everybody)
        return self.board.finalise(
            self.election, self.final_deals(*chosen), sender=sender or self.account(1)
        )

    def joint(self, *dealers: int) -> protocol.JointKey:
        """What the package makes of the deals that count."""
        chosen = dealers or tuple(self.everybody)
        return protocol.finalise([self.read(i) for i in chosen], self.threshold, self.size)

    def windows(self) -> tuple[int, int, int, int]:
        """Ends of the round's windows, as the board has them."""
        state = self.board.ceremonyOf(self.election)
        return (
            state.keysUntil,
            state.commitmentsUntil,
            state.dealsUntil,
            state.complaintsUntil,
        )

    def wait_for(self, step: int) -> None:
        """Goes to where the window of a step begins."""
        if step > KEYS:
            self.clock.set(self.windows()[step - 2] + 1)

    def until(
        self,
        step: int,
        *,
        keys: Any = None,
        dealers: Any = None,
        deals: Any = None,
        wrong: dict[int, tuple[int, ...]] | None = None,
    ) -> "Committee":
        """Does what comes before a step: everybody, unless it is told who.

        Args:
            step: Where to go.
            keys: Who registers a key.
            dealers: Who commits to a deal.
            deals: Who posts it.
            wrong: Trustees to whom a dealer gives a wrong share.
        """
        for j in self.everybody if keys is None else keys:
            self.register(j)
        self.wait_for(COMMITMENTS)
        if step <= COMMITMENTS:
            return self
        dealers = dealers or self.everybody
        for i in dealers:
            self.commit(i, self.deal(i, wrong_for=(wrong or {}).get(i, ())))
        self.wait_for(DEALS)
        if step <= DEALS:
            return self
        for i in dealers if deals is None else deals:
            self.post(i)
        self.wait_for(COMPLAINTS)
        if step > COMPLAINTS:
            self.wait_for(FINALISATION)
        return self

    def restart(self, sender: Any) -> Any:
        receipt = self.board.restart(self.election, sender=sender)
        self.round += 1
        self.registered, self.deals = set(), {}
        return receipt


@dataclass
class Guard:
    """What the trustees do once an election has closed.

    Attributes:
        committee: Those of the election.
        dealers: Whose deals make the key.
    """

    committee: Committee
    tally: Any
    dealers: tuple[int, ...]

    @cached_property
    def joint(self) -> protocol.JointKey:
        return self.committee.joint(*self.dealers)

    @cached_property
    def deals(self) -> list[Deal]:
        return [self.committee.read(i) for i in self.dealers]

    def secret(self, j: int) -> int:
        """x_j."""
        return protocol.trustee_secret(self.deals, j, self.committee.secret(j), self.joint)

    def context(
        self, question: int, group: int, option: int, accumulator: Ciphertext, ballots: int
    ) -> bytes:
        """SHARES of a sum."""
        return shares_context(
            chain_id=self.committee.chain_id,
            tally=self.tally.address,
            election=self.committee.election,
            question=question,
            group=group,
            option=option,
            A=encode_point(accumulator.alpha),
            B=encode_point(accumulator.beta),
            ballots=ballots,
        )

    def share(self, j: int, context: bytes, accumulator: Ciphertext, secret: int | None = None):
        """D, A1, A2, z."""
        return partial_decryption(
            context, j, secret or self.secret(j), accumulator, nonces_of("share", j, context)
        )


def encrypted_sum(K: Any, exponent: int, *names: Any) -> Ciphertext:
    """A sum of ballots, as one encryption of what they add up to."""
    return encrypt(K, exponent, secret_of("sum", *names))


def add_up(sums: list[Ciphertext]) -> Ciphertext:
    total = Ciphertext(IDENTITY, IDENTITY)
    for each in sums:
        total = total + each
    return total


# ----------------------------------------------------------------- people


@pytest.fixture
def organiser(accounts):
    """Creates elections."""
    return accounts[18]


@pytest.fixture
def registrar(accounts):
    """Signs registrations."""
    return accounts[17]


@pytest.fixture
def bystander(accounts):
    """Has no role, and does what anyone may."""
    return accounts[19]


# ----------------------------------------------------------------- contracts


@pytest.fixture(scope="module")
def elections(project, accounts):
    return project.Elections.deploy(sender=accounts[0])


@pytest.fixture(scope="module")
def board(project, accounts, elections):
    return project.TrusteeBoard.deploy(elections, sender=accounts[0])


@pytest.fixture(scope="module")
def elect(accounts, board, chain, elections):
    """Creates an election with trustees; three with a threshold of two, unless it is told so."""
    organiser, registrar, clock = accounts[18], accounts[17], ChainTime(chain)

    def elect_(
        trustees=3,
        threshold=2,
        *,
        precincts=1,
        minimum=1,
        questions=(YES_NO,),
        schedule=None,
    ):
        windows = schedule or Schedule.after(clock.now)
        guards = list(accounts[1 : trustees + 1])
        settings = (
            DEFINITION,
            tuple(windows),
            precincts,
            minimum,
            threshold,
            1,
            list(questions),
            [each.address for each in guards],
            [registrar.address],
        )
        elections.create(settings, sender=organiser)
        return Committee(
            board,
            elections,
            clock,
            chain.chain_id,
            elections.electionCount(),
            windows,
            guards,
            threshold,
        )

    return elect_


@pytest.fixture
def committee(elect):
    """Three trustees, any two of whom decrypt."""
    return elect()


__all__ = [
    "board",
    "bystander",
    "committee",
    "elect",
    "elections",
    "organiser",
    "registrar",
]
