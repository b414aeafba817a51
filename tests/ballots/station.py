"""A polling station: the contracts of ballots on a chain of their own, and whoever meets there.

A test module takes the fixtures it wants by ``from tests.ballots.station import *``. A role is any
word: its key is made of the word, and it has funds once it sends. ``station.hold_election()`` walks
a whole election to whatever phase a test begins in, with the package's own cryptography.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import ape
import pytest

from crmdapp.ballots import ceremony as protocol
from crmdapp.ballots.ballot_intents import SignedBallot, sign_ballot
from crmdapp.ballots.board import BoardClient
from crmdapp.ballots.box import BoxClient
from crmdapp.ballots.deal import Deal, deal_commitment, make_deal, read_deal
from crmdapp.ballots.decryption import partial_decryption
from crmdapp.ballots.definition import Definition, read_definition
from crmdapp.ballots.elections import ElectionsClient
from crmdapp.ballots.group import encode_point, multiply_base
from crmdapp.ballots.models import Election, Phase
from crmdapp.ballots.nonces import Nonces
from crmdapp.ballots.registration import (
    SignedRegistration,
    countersign,
    nullifier,
    sign_registration,
)
from crmdapp.ballots.roll import RollClient
from crmdapp.ballots.tally import TallyClient
from crmdapp.chain import Connection, Journal, LocalSigner, Manifest, Sender, SendPolicy, connect
from crmdapp.chain._keccak import keccak
from crmdapp.chain._plan import _BALLOTS
from crmdapp.chain.deployments import deploy_all
from tests.fixtures.anvil import Anvil

QUICK = SendPolicy(timeout=60.0, poll=0.02)
RICH = 10**20
STEP = 1_000
"""Seconds between the ends of an election's windows."""

WINDOWS = (
    "keys_until",
    "commitments_until",
    "deals_until",
    "complaints_until",
    "registration_until",
    "opens_at",
    "closes_at",
    "shares_until",
)
YES_NO = {"title": "Longer hours?", "kind": "choice", "options": ["No", "Yes"]}
OF_THREE = {"title": "Which colour?", "kind": "choice", "options": ["Red", "Green", "Blue"]}
UP_TO_TWO = {
    "title": "Who?",
    "kind": "vector",
    "options": ["Ada", "Bea", "Cid"],
    "min": 0,
    "max": 2,
}
REGISTRARS_KEY = keccak(b"registrars' key of the tests")


def key_of(role: str) -> str:
    """The private key of a role."""
    return "0x" + keccak(f"station {role}".encode()).hex()


def signer_of(role: str) -> LocalSigner:
    """The signer of a role."""
    return LocalSigner(key_of(role))


def address_of(role: str) -> str:
    """The address of a role."""
    return signer_of(role).address


def moment(seconds: int) -> str:
    """Unix seconds, as a definition has them."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def schedule(now: int, step: int = STEP) -> dict[str, str]:
    """Windows a step apart, with room for two more rounds of the ceremony before it opens."""
    places = (1, 2, 3, 4, 5, 16, 17, 18)
    return {name: moment(now + step * place) for name, place in zip(WINDOWS, places, strict=True)}


def document(now: int, **changes: Any) -> dict[str, Any]:
    """A definition: one question, one precinct, three trustees of whom two decrypt."""
    trustees = changes.pop("trustees", 3)
    registrars = changes.pop("registrars", 2)
    fields = {
        "format": "crmdapp-election-1",
        "title": "Council of the town library",
        "questions": [YES_NO],
        "precincts": [{"name": "North", "voters": 100}],
        "minimum_turnout": 2,
        "trustees": [
            {"name": f"Trustee {j}", "address": address_of(f"trustee {j}")}
            for j in range(1, trustees + 1)
        ],
        "threshold": (trustees + 2) // 2,
        "registrars": [
            {"name": f"Registrar {m}", "address": address_of(f"registrar {m}")}
            for m in range(1, registrars + 1)
        ],
        "registrar_quorum": registrars,
        "windows": schedule(now),
    }
    return {**fields, **changes}


@dataclass
class Station:
    """The chain, the contracts on it, and who uses them."""

    node: Anvil
    manifest: Manifest
    folder: Path
    connection: Connection
    senders: dict[str, Sender] = field(default_factory=dict)

    @property
    def now(self) -> int:
        """Time of the latest block, Unix seconds."""
        return self.connection.block_timestamp()

    def advance_to(self, timestamp: int) -> None:
        """Make a block at that time; nothing happens if it is past."""
        if timestamp > self.now:
            self.node.advance_to(timestamp)

    def sender(self, role: str) -> Sender:
        """The account of a role, with funds."""
        if role not in self.senders:
            self.node.set_balance(address_of(role), RICH)
            journal = Journal(self.folder / "journal.sqlite3")
            self.senders[role] = Sender(self.connection, signer_of(role), journal, policy=QUICK)
        return self.senders[role]

    def elections(self, role: str | None = "organiser") -> ElectionsClient:
        """The elections as a role uses them; as anybody sees them for ``None``."""
        return self._client(ElectionsClient, role)

    def board(self, role: str | None = None) -> BoardClient:
        return self._client(BoardClient, role)

    def roll(self, role: str | None = None) -> RollClient:
        return self._client(RollClient, role)

    def box(self, role: str | None = None) -> BoxClient:
        return self._client(BoxClient, role)

    def tally(self, role: str | None = None) -> TallyClient:
        return self._client(TallyClient, role)

    def _client(self, kind: Any, role: str | None) -> Any:
        sender = None if role is None else self.sender(role)
        return kind.at(self.connection, self.manifest, sender)

    def definition(self, **changes: Any) -> Definition:
        """A definition whose windows begin now; see :func:`document`."""
        return read_definition(json.dumps(document(self.now, **changes)).encode())

    def hold_election(
        self,
        until: str = "open",
        *,
        voters: Sequence[int] = (3,),
        votes: Sequence[Sequence[Sequence[Any]]] = (),
        **changes: Any,
    ) -> "Held":
        """Walk an election to the beginning of a phase.

        Args:
            until: ``"keys"`` (created), ``"registration"`` (the key is final), ``"frozen"``,
                ``"open"``, ``"closed"`` (questions are closed), ``"tallied"``.
            voters: How many are registered in each precinct.
            votes: For each question, for each precinct, what each voter from 0 on chooses: a
                number, or numbers of a vector; ``None`` for who does not vote.
            changes: Of the definition; see :func:`document`.
        """
        if len(voters) > 1:
            precincts = [{"name": f"Precinct {n}", "voters": 100} for n in range(len(voters))]
            changes.setdefault("precincts", precincts)
        definition = self.definition(**changes)
        number = self.elections().create(definition)
        held = Held(self, definition, self.elections().election(number), tuple(voters))
        phases = ("keys", "registration", "frozen", "open", "closed", "tallied")
        for phase in phases[1 : phases.index(until) + 1]:
            if phase == "closed":
                held.vote(votes)
            getattr(held, f"to_{phase}")()
        return held

    def close(self) -> None:
        for sender in self.senders.values():
            sender.journal.close()


@dataclass
class Held:
    """An election that a test holds, with everybody's secrets."""

    station: Station
    definition: Definition
    election: Election
    voters: tuple[int, ...]

    @property
    def number(self) -> int:
        return self.election.number

    @property
    def phase(self) -> Phase:
        return self.station.tally().phase(self.number)

    # ----------------------------------------------------------------- trustees

    @property
    def trustees(self) -> range:
        """Their indices."""
        return range(1, len(self.election.trustees) + 1)

    @cached_property
    def ceremony(self) -> bytes:
        """CEREMONY of the first round."""
        return self.station.board().context(self.number, 0)

    @cached_property
    def secrets(self) -> dict[int, int]:
        """e_j by trustee."""
        fresh = Nonces.fresh()
        return {j: protocol.new_key(self.ceremony, j, fresh) for j in self.trustees}

    @cached_property
    def key_messages(self) -> dict[int, bytes]:
        return {
            j: protocol.key_message(
                self.ceremony, j, self.election.trustees[j - 1], self.secrets[j], Nonces.fresh()
            )
            for j in self.trustees
        }

    @cached_property
    def deals(self) -> dict[int, bytes]:
        """What each dealer posts."""
        keys = [multiply_base(self.secrets[j]) for j in self.trustees]
        return {
            i: make_deal(
                self.ceremony,
                i,
                self.election.trustees[i - 1],
                self.election.threshold,
                keys,
                Nonces.fresh(),
            )
            for i in self.trustees
        }

    @cached_property
    def read_deals(self) -> tuple[Deal, ...]:
        keys = [multiply_base(self.secrets[j]) for j in self.trustees]
        return tuple(
            read_deal(
                self.ceremony,
                i,
                self.election.trustees[i - 1],
                self.election.threshold,
                keys,
                self.deals[i],
            )
            for i in self.trustees
        )

    @cached_property
    def joint(self) -> protocol.JointKey:
        return protocol.finalise(
            self.read_deals, self.election.threshold, len(self.election.trustees)
        )

    def to_registration(self) -> None:
        """Hold the ceremony: the key is final."""
        windows = self.election.windows
        for j in self.trustees:
            board = self.station.board(f"trustee {j}")
            board.register_key(self.number, j, self.key_messages[j])
        self.station.advance_to(windows.keys_until + 1)
        for j in self.trustees:
            commitment = deal_commitment(self.ceremony, j, self.deals[j])
            self.station.board(f"trustee {j}").commit_deal(self.number, j, commitment)
        self.station.advance_to(windows.commitments_until + 1)
        for j in self.trustees:
            self.station.board(f"trustee {j}").post_deal(self.number, j, self.deals[j])
        self.station.advance_to(windows.complaints_until + 1)
        self.station.board("bystander").finalise(self.number, self.deals)

    def shares(self, j: int, question: int, group: int) -> bytes:
        """What a trustee posts for a group."""
        secret = protocol.trustee_secret(self.read_deals, j, self.secrets[j], self.joint)
        return b"".join(
            partial_decryption(each.context, j, secret, each.accumulator, Nonces.fresh())
            for each in self.station.tally().sums(self.number, question, group)
        )

    # ----------------------------------------------------------------- voters

    def voter(self, index: int, precinct: int = 0) -> str:
        """The role of a voter."""
        return f"voter {self.number}.{precinct}.{index}"

    def registration(self, index: int, precinct: int = 0, **changes: Any) -> SignedRegistration:
        """A voter's registration, signed by the quorum."""
        fields = {
            "election": self.number,
            "precinct": precinct,
            "nullifier": nullifier(REGISTRARS_KEY, f"AB {precinct:03} {index:06}", self.number),
            "voter": address_of(self.voter(index, precinct)),
            "deadline": self.election.windows.registration_until,
        }
        domain = self.station.roll().domain
        signed = sign_registration(signer_of("registrar 1"), domain, **{**fields, **changes})
        for number in range(2, self.election.registrar_quorum + 1):
            signed = countersign(signer_of(f"registrar {number}"), signed)
        return signed

    def registrations(self) -> list[SignedRegistration]:
        """Those of all voters, in order."""
        return [
            self.registration(index, precinct)
            for precinct, count in enumerate(self.voters)
            for index in range(count)
        ]

    def to_frozen(self) -> None:
        """Register everybody and freeze the roll."""
        if sum(self.voters):
            self.reopen_registration()
            self.station.roll("bystander").register(self.number, self.registrations())
        self.station.advance_to(self.election.windows.registration_until + 1)
        self.station.roll("bystander").freeze(self.number)

    def reopen_registration(self) -> None:
        """Registration ends after the ceremony's complaints, so nothing is to be done."""
        assert self.station.now <= self.election.windows.registration_until

    def to_open(self) -> None:
        """Prepare every question, and wait until ballots count."""
        self.station.box("bystander").prepare_all(self.number)
        self.station.advance_to(self.election.windows.opens_at)

    def context(self, question: int = 0) -> bytes:
        """CONTEXT of a question."""
        K = encode_point(self.joint.K)
        return self.station.box().question_context(self.number, question, K)

    def sealed(self, question: int, precinct: int, index: int, chosen: Any):
        """A voter's sealed ballot."""
        picks = chosen if isinstance(chosen, tuple | list) else (chosen,)
        voter = address_of(self.voter(index, precinct))
        encoding = self.election.questions[question]
        context = self.context(question)
        return encoding.seal(self.joint.K, context, voter, tuple(picks), Nonces.fresh())

    def ballot(self, question: int, precinct: int, index: int, chosen: Any, **changes: Any):
        """A voter's signed ballot, as a relayer gets it."""
        sealed = self.sealed(question, precinct, index, chosen)
        fields = {
            "election": self.number,
            "question": question,
            "precinct": precinct,
            "index": index,
            "tracker": sealed.tracker,
            "body": sealed.body,
            "deadline": self.election.windows.closes_at,
        }
        signer = signer_of(self.voter(index, precinct))
        signed: SignedBallot = sign_ballot(
            signer, self.station.box().domain, **{**fields, **changes}
        )
        return signed

    def vote(self, votes: Sequence[Sequence[Sequence[Any]]]) -> None:
        """Cast ballots, one batch for each question and precinct."""
        for question, precincts in enumerate(votes):
            for precinct, choices in enumerate(precincts):
                ballots = [
                    self.ballot(question, precinct, index, chosen).cast_ballot()
                    for index, chosen in enumerate(choices)
                    if chosen is not None
                ]
                if ballots:
                    box = self.station.box("relayer")
                    box.cast_batch(self.number, question, precinct, ballots)

    # ----------------------------------------------------------------- result

    def to_closed(self) -> None:
        """Wait for the end, and close every question."""
        self.station.advance_to(self.election.windows.closes_at)
        for question in range(len(self.election.questions)):
            self.station.tally("bystander").close(self.number, question)

    def to_tallied(self) -> None:
        """Decrypt and count every group, by the first trustees."""
        tally = self.station.tally("bystander")
        for question in range(len(self.election.questions)):
            if tally.question_phase(self.number, question) is Phase.VOID:
                continue
            for group in range(len(tally.groups(self.number, question))):
                shares = {
                    j: self.shares(j, question, group)
                    for j in self.trustees[: self.election.threshold]
                }
                tally.tally_group(self.number, question, group, shares)

    def altered(self, **changes: Any) -> "Held":
        """The same election, with some of what a test knows of it changed."""
        return replace(self, **changes)


@ape.fixture(chain_isolation=False, scope="session")
def station_on_chain():
    with Anvil() as node, connect(node.url) as connection:
        node.mine()
        deployer = LocalSigner(keccak(b"deployer"))
        node.set_balance(deployer.address, RICH)
        folder = Path(node._folder)
        with Journal(folder / "deployer.sqlite3") as journal:
            sender = Sender(connection, deployer, journal, policy=QUICK)
            manifest = deploy_all(connection, sender, list(_BALLOTS), folder / "31337.json")
        yield node, manifest


@pytest.fixture
def station(station_on_chain, tmp_path):
    """The contracts as they were after deployment."""
    node, manifest = station_on_chain
    mark = node.snapshot()
    with connect(node.url) as connection:
        station = Station(node, manifest, tmp_path, connection)
        yield station
        station.close()
    node.revert(mark)
    node.automine(True)
