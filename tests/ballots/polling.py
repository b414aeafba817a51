"""An election on Ape's chain and those who vote in it, for the tests of contracts.

The board of trustees is a stand-in whose key's secret the tests know. Voters are keys without
balance: whoever relays pays. A test module takes the fixtures by
``from tests.ballots.polling import *``. What people sign is made by eth-account's own encoder, not
by the package's; ballots are sealed by the package, which so is held to the contract.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest
from eth_account import Account
from eth_utils import keccak

from crmdapp.ballots.choice import Choice
from crmdapp.ballots.elgamal import Ciphertext
from crmdapp.ballots.group import ORDER, encode_point, multiply, multiply_base
from crmdapp.ballots.nonces import Nonces
from crmdapp.ballots.transcripts import ballot_context, tracker
from crmdapp.ballots.vector import Vector
from tests.fixtures.intents import Domain, Intent, address_of, compact

CHOICE, VECTOR = 1, 2  # QuestionKind
DEFINITION = keccak(text="definition")
REASON = keccak(text="reason")
SECRET = 0x1CEB00DA
K = multiply_base(SECRET)
KEY = encode_point(K)
ZERO = "0x" + "00" * 20

YES_NO, OF_FIVE, UP_TO_TWO = 0, 1, 2  # questions
QUESTIONS = [(CHOICE, 2, 1, 1, 16), (CHOICE, 5, 1, 1, 8), (VECTOR, 3, 0, 2, 0)]
FORMS = [Choice(2, 16), Choice(5, 8), Vector(3, 0, 2)]
PRECINCTS = 2
VOTERS = 6  # in each precinct
QUORUM = 2  # registrars of three
HEAD = 73  # bytes before a ballot's body
STEP = 1_000  # seconds between the ends of windows

_REGISTRATION = [
    ("election", "uint64"),
    ("precinct", "uint16"),
    ("nullifier", "bytes32"),
    ("voter", "address"),
    ("deadline", "uint40"),
]
_INTENT = [
    ("election", "uint64"),
    ("question", "uint8"),
    ("precinct", "uint16"),
    ("index", "uint32"),
    ("tracker", "bytes32"),
    ("deadline", "uint40"),
]


class Times(NamedTuple):
    """The windows of an election, seconds since 1970, in the contract's order."""

    keys_until: int
    commitments_until: int
    deals_until: int
    complaints_until: int
    registration_until: int
    opens_at: int
    closes_at: int
    shares_until: int

    @classmethod
    def after(cls, now: int) -> "Times":
        """Windows that rise by a step each."""
        return cls(*(now + STEP * step for step in range(1, 9)))


@dataclass(frozen=True)
class Citizen:
    """Somebody with a fresh voting key."""

    precinct: int
    index: int
    private_key: str
    address: str

    @property
    def nullifier(self) -> bytes:
        return keccak(text=f"citizen {self.precinct}.{self.index}")


def citizen(precinct: int, index: int) -> Citizen:
    """A voter; the same key in every run."""
    key = keccak(text=f"voting key {precinct}.{index}")
    return Citizen(precinct, index, "0x" + key.hex(), Account.from_key(key).address)


def signer_of(intent: Intent, signature: bytes) -> str:
    """Whom a signature of 65 bytes stands for, if it is taken for one of the intent."""
    return str(Account.recover_message(intent.signable(), signature=signature))


def ascending(*accounts: Any) -> list[Any]:
    """By address, which is the order that the roll asks for."""
    return sorted(accounts, key=lambda account: int(address_of(account), 16))


@dataclass
class Polls:
    """An election, its roll and its ballots."""

    elections: Any
    roll: Any
    box: Any
    board: Any
    clock: Any
    chain_id: int
    registrars: list[Any]
    organiser: Any
    relayer: Any
    times: Times
    election: int = 0

    def settings(self, **changes: Any) -> tuple[Any, ...]:
        """The settings of the election, with some changed."""
        fields = {
            "definition": DEFINITION,
            "windows": tuple(self.times),
            "precincts": PRECINCTS,
            "turnout": 2,
            "threshold": 1,
            "quorum": QUORUM,
            "questions": QUESTIONS,
            "trustees": [self.organiser.address],
            "registrars": [each.address for each in self.registrars],
        }
        return tuple({**fields, **changes}.values())

    def create(self, **changes: Any) -> Any:
        receipt = self.elections.create(self.settings(**changes), sender=self.organiser)
        self.election = self.elections.electionCount()
        return receipt

    # Registration

    def registration(self, who: Citizen, **changes: Any) -> tuple[Any, ...]:
        """What registrars sign of a citizen, as the roll takes it."""
        fields = {
            "precinct": who.precinct,
            "nullifier": who.nullifier,
            "voter": who.address,
            "deadline": self.times.registration_until,
        }
        return tuple({**fields, **changes}.values())

    def registration_intent(
        self, registration: tuple[Any, ...], *, election: int | None = None, roll: Any = None
    ) -> Intent:
        """What a registrar signs."""
        domain = Domain("VoterRoll", address_of(roll or self.roll), self.chain_id)
        values = (election or self.election, *registration)
        return Intent(domain, "Registration", _REGISTRATION, values)

    def signatures(
        self, registration: tuple[Any, ...], signers: Any = None, *, election: int | None = None
    ) -> bytes:
        """Signatures of registrars over a registration, one behind the other."""
        intent = self.registration_intent(registration, election=election)
        signers = self.registrars[:QUORUM] if signers is None else signers
        return b"".join(compact(intent.sign(signer)) for signer in signers)

    def register(self, *citizens: Citizen) -> Any:
        entries = [self.registration(each) for each in citizens]
        signed = [self.signatures(entry) for entry in entries]
        return self.roll.register(self.election, entries, signed, sender=self.relayer)

    def register_all(self) -> None:
        for precinct in range(PRECINCTS):
            self.register(*(citizen(precinct, index) for index in range(VOTERS)))

    def end_registration(self) -> None:
        self.clock.set(self.times.registration_until + 1)

    def voters(self, precinct: int) -> bytes:
        """The addresses of a precinct, in order, 20 bytes each."""
        addresses = (citizen(precinct, index).address for index in range(VOTERS))
        return b"".join(bytes.fromhex(each[2:]) for each in addresses)

    def freeze(self) -> None:
        self.end_registration()
        for precinct in range(PRECINCTS):
            voters = self.voters(precinct)
            self.roll.freeze(self.election, precinct, 0, voters, sender=self.relayer)

    def prepare(self) -> None:
        self.board.setKey(self.election, KEY, sender=self.organiser)
        for question in range(len(QUESTIONS)):
            self.box.prepare(self.election, question, sender=self.relayer)

    def open(self) -> None:
        self.clock.set(self.times.opens_at)

    # Ballots

    def context(self, question: int, /, **changes: Any) -> bytes:
        """CONTEXT, as the package makes it."""
        fields = {
            "chain_id": self.chain_id,
            "box": self.box.address,
            "election": self.election,
            "question": question,
            "definition_hash": DEFINITION,
            "K": KEY,
        }
        return ballot_context(**{**fields, **changes})

    def body(self, question: int, who: Citizen, /, *chosen: int, **changes: Any) -> bytes:
        """A sealed ballot; the changes are of its context."""
        context = self.context(question, **changes)
        sealed = FORMS[question].seal(K, context, who.address, chosen, Nonces.fresh())
        return bytes(sealed.body)

    def tracker(self, question: int, who: Citizen, body: bytes) -> bytes:
        return tracker(self.context(question), who.address, body)

    def intent(self, question: int, who: Citizen, body: bytes, /, **changes: Any) -> Intent:
        """What a voter signs."""
        fields = {
            "election": self.election,
            "question": question,
            "precinct": who.precinct,
            "index": who.index,
            "tracker": self.tracker(question, who, body),
            "deadline": self.times.closes_at,
        }
        domain = Domain("BallotBox", self.box.address, self.chain_id)
        return Intent(domain, "BallotIntent", _INTENT, tuple({**fields, **changes}.values()))

    def signed(
        self, question: int, who: Citizen, body: bytes, /, *, by: Any = None, **changes: Any
    ) -> bytes:
        """A ballot with a body of whatever kind, signed."""
        intent = self.intent(question, who, body, **changes)
        index, deadline = intent.values[3], intent.values[5]
        signature = compact(intent.sign(by or who))
        return index.to_bytes(4) + deadline.to_bytes(5) + signature + body

    def ballot(self, question: int, who: Citizen, *chosen: int) -> bytes:
        """An honest ballot, as a relayer gets it."""
        return self.signed(question, who, self.body(question, who, *chosen))

    def direct(self, who: Citizen, body: bytes) -> bytes:
        """A ballot as its voter sends it."""
        return who.index.to_bytes(4) + bytes(69) + body

    def cast(self, question: int, *ballots: bytes, precinct: int = 0, sender: Any = None) -> Any:
        return self.box.castBatch(
            self.election, question, precinct, b"".join(ballots), sender=sender or self.relayer
        )

    def holds(self, question: int, precinct: int, number: int, option: int = 0) -> bool:
        """Whether a sum is of so many, opened by the secret that nobody else has."""
        alpha, beta = self.box.sumOf(self.election, question, precinct, option)
        sums = Ciphertext.decode(bytes(alpha) + bytes(beta))
        return bool(sums.beta + multiply(sums.alpha, ORDER - SECRET) == multiply_base(number))


@pytest.fixture
def organiser(accounts):
    """Creates elections, and may call them off before they open."""
    return accounts[1]


@pytest.fixture
def registrars(accounts):
    """Three who say who may vote; two of them have to."""
    return ascending(*accounts[10:13])


@pytest.fixture
def elections(project, organiser):
    return project.Elections.deploy(sender=organiser)


@pytest.fixture
def roll(project, organiser, elections):
    return project.VoterRoll.deploy(elections, sender=organiser)


@pytest.fixture
def board(project, organiser):
    """A stand-in for the board of trustees."""
    return project.TrusteeBoardMock.deploy(sender=organiser)


@pytest.fixture
def box(project, organiser, elections, board, roll):
    return project.BallotBox.deploy(elections, board, roll, sender=organiser)


@pytest.fixture
def draft(elections, roll, box, board, clock, chain, registrars, organiser, relayer):
    """An election that is not created yet."""
    times = Times.after(clock.now)
    return Polls(
        elections, roll, box, board, clock, chain.chain_id, registrars, organiser, relayer, times
    )


@pytest.fixture
def polls(draft):
    """An election that was created; registration is open."""
    draft.create()
    return draft


@pytest.fixture
def registered(polls):
    """Everybody is registered; registration is over."""
    polls.register_all()
    polls.end_registration()
    return polls


@pytest.fixture
def open_polls(polls):
    """An election that takes ballots."""
    polls.register_all()
    polls.freeze()
    polls.prepare()
    polls.open()
    return polls
