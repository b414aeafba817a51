"""A whole election on a chain for trying things out, timed phase by phase.

Everybody's part is played with what the real ones use: trustees do their duties with key files of
their own, registrars sign, one voter uses a booth and challenges a ballot first, all others hand
theirs to a relayer, anyone closes and counts, and an auditor goes through the record. Some fail on
purpose: silent trustees, dealers of wrong shares, spoiled ballots. Whatever does not come out as it
must ends the simulation.

All keys come from the plan's seed: nothing of a simulated election is secret.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from crmdapp.ballots.audit import audit_election
from crmdapp.ballots.booth import Booth
from crmdapp.ballots.booth_state import BoothState
from crmdapp.ballots.box import BoxClient
from crmdapp.ballots.ceremony_record import check_round, read_ceremony
from crmdapp.ballots.challenges import verify_challenge
from crmdapp.ballots.choice import Choice
from crmdapp.ballots.deal import deal_commitment
from crmdapp.ballots.elections import ElectionsClient
from crmdapp.ballots.evidence_collecting import collect_record, contracts_of
from crmdapp.ballots.group import ORDER, POINT_BYTES, SCALAR_BYTES, encode_point
from crmdapp.ballots.open_questions import OpenQuestion, open_question
from crmdapp.ballots.proofs import KNOWLEDGE_BYTES
from crmdapp.ballots.registration import countersign, nullifier, sign_registration
from crmdapp.ballots.relay import Relay, RelayRound
from crmdapp.ballots.simulated_ballots import KINDS, BallotTask, make_ballots, spoil
from crmdapp.ballots.simulation import (
    Clock,
    PhaseFigures,
    SimulationFailed,
    SimulationPlan,
    SimulationReport,
)
from crmdapp.ballots.tally import TallyClient
from crmdapp.ballots.trustee import next_duty
from crmdapp.ballots.trustee_decryption import decrypt_shares, read_task
from crmdapp.ballots.trustee_key import TrusteeKey
from crmdapp.ballots.trustee_posting import perform, perform_shares
from crmdapp.chain.calls import Call
from crmdapp.chain.journal import Journal
from crmdapp.chain.sender import Sender

if TYPE_CHECKING:
    from crmdapp.ballots.ballot_intents import SignedBallot
    from crmdapp.ballots.definition import Definition
    from crmdapp.ballots.models import Election
    from crmdapp.ballots.registration import SignedRegistration
    from crmdapp.ballots.roll import RollClient
    from crmdapp.chain.client import ContractClient
    from crmdapp.chain.manifest import Manifest
    from crmdapp.chain.transactions import Receipt

    ClientT = TypeVar("ClientT", bound="ContractClient")

GAS_EACH = 10_000_000
"""Gas for which each trustee gets ether, and the voter who votes directly."""

PRICE_MARGIN = 5
"""Times the present price of gas that it suffices for."""

_NOBODY = 0


class Simulator:
    """Holds one election.

    Args:
        manifest: Where the contracts are.
        sender: The account that organises, relays, and gives the others their funds.
        plan: What the election is like.
        clock: The chain's time.
        folder: A folder for journals, which nobody needs afterwards.
        progress: Called with the name of each phase as it begins.
        check_citizen: Called with each voter's number before a registrar signs; raises for one who
            may not vote.
        before_count: Called with the tally and the election's number when shares are posted and
            nobody has counted: where a liar would try.
    """

    def __init__(
        self,
        manifest: Manifest,
        sender: Sender,
        plan: SimulationPlan,
        clock: Clock,
        folder: Path,
        *,
        progress: Callable[[str], None] | None = None,
        check_citizen: Callable[[int], None] | None = None,
        before_count: Callable[[TallyClient, int], None] | None = None,
    ) -> None:
        self.report = SimulationReport(plan)
        self._manifest, self._sender, self._plan = manifest, sender, plan
        self._clock, self._folder = clock, folder
        self._progress = progress
        self._check_citizen, self._before_count = check_citizen, before_count
        self._connection = sender.connection
        self._journal = Journal(folder / "accounts.sqlite3")
        self._keys = {j: TrusteeKey(plan.secret("trustee key", j)) for j in plan.active}

    def run(self) -> SimulationReport:
        """Hold the election and return what came of it.

        Raises:
            SimulationFailed: Something did not come out as it must.
            AuditFailed: A link of the chain of proof does not hold.
            CrmdappError: A contract or the node refuses; the machine may be too slow for the
                windows.
        """
        with self._journal:
            definition, election = self._until_voted()
            self._count(election)
            if self._plan.audits:
                self._audit(election, definition)
        return self.report

    def open(self) -> SimulationReport:
        """Hold the election up to its votes, and leave it open; see :meth:`run`."""
        with self._journal:
            self._until_voted()
        return self.report

    def _until_voted(self) -> tuple[Definition, Election]:
        definition, election = self._create()
        self._hold_ceremony(election)
        self._register(election)
        self._vote(election, self._open(election))
        return definition, election

    # ----------------------------------------------------------------- before voting

    def _create(self) -> tuple[Definition, Election]:
        with self._phase("create") as phase:
            receivers = [self._plan.signer("trustee", j).address for j in self._plan.active]
            receivers.append(self._plan.signer("voter", _NOBODY).address)
            # The name of each gift is its own, so that every run on one chain gives anew.
            price = int(self._connection.request("eth_gasPrice"), 16)
            wei = GAS_EACH * PRICE_MARGIN * price
            gifts = [(f"gift:{time.time_ns()}:{to}", Call(to, value=wei)) for to in receivers]
            phase.note(list(self._sender.send_many(gifts)))
            elections = self._client(ElectionsClient)
            trustees = [
                self._plan.signer("trustee", j).address for j in range(1, self._plan.trustees + 1)
            ]
            definition = self._plan.definition(self._connection.block_timestamp(), trustees)
            receipt = elections.send(elections.create_call(definition))
            phase.note([receipt])
        number = elections.count()
        self.report.election, self.report.definition = number, definition.canonical
        election = elections.election(number)
        if election.definition_hash != definition.hash:
            raise SimulationFailed("Somebody else created an election at the same time.")
        return definition, election

    def _hold_ceremony(self, election: Election) -> None:
        windows = election.windows
        for name, until in (
            ("keys", windows.keys_until),
            ("commitments", windows.commitments_until),
            ("deals", windows.deals_until),
            ("complaints", windows.complaints_until),
        ):
            with self._phase(name) as phase:
                for j in self._plan.active:
                    phase.note(self._duty(election, j, name))
            self._clock.advance_to(until + 1)
        honest = next(j for j in self._plan.active if j not in self._plan.bad_dealers)
        with self._phase("finalise") as phase:
            phase.note(self._duty(election, honest, "finalise"))
        checked = check_round(read_ceremony(self._box().board, election.number))
        self.report.excluded = tuple(sorted(checked.excluded))
        if self.report.excluded != tuple(sorted(self._plan.bad_dealers)):
            raise SimulationFailed(
                f"Dealers {self.report.excluded} were excluded, {self._plan.bad_dealers} lied."
            )

    def _duty(self, election: Election, j: int, step: str) -> Sequence[Receipt]:
        """Let a trustee do what is next, once."""
        board = self._box(self._account("trustee", j)).board
        record = read_ceremony(board, election.number)
        if j in self._plan.bad_dealers and step != "keys":
            if step not in ("commitments", "deals"):
                return []
            deal = self._bad_deal(election, j)
            if step == "deals":
                return [board.post_deal(election.number, j, deal)]
            commitment = deal_commitment(check_round(record).ceremony, j, deal)
            return [board.commit_deal(election.number, j, commitment)]
        return perform(next_duty(record, self._keys[j], j), board)

    def _bad_deal(self, election: Election, i: int) -> bytes:
        """Return a dealer's deal, with a wrong share for the first other trustee."""
        checked = check_round(read_ceremony(self._box().board, election.number))
        account = election.trustees[i - 1]
        deal = self._keys[i].deal(checked.ceremony, i, account, election.threshold, checked.keys)
        victim = next(j for j in self._plan.active if j != i)
        at = POINT_BYTES * (election.threshold + 1) + 2 * KNOWLEDGE_BYTES
        at += SCALAR_BYTES * (victim - 1)
        share = (int.from_bytes(deal[at : at + SCALAR_BYTES], "big") + 1) % ORDER
        return deal[:at] + share.to_bytes(SCALAR_BYTES, "big") + deal[at + SCALAR_BYTES :]

    def _register(self, election: Election) -> None:
        roll = self._box().roll
        with self._phase("sign registrations"):
            signed = [self._registration(election, roll, n) for n in range(self._plan.voters)]
        with self._phase("register") as phase:
            phase.note(roll.register(election.number, signed))
        self._clock.advance_to(election.windows.registration_until + 1)
        with self._phase("freeze") as phase:
            phase.note(roll.freeze(election.number))

    def _registration(
        self, election: Election, roll: RollClient, number: int
    ) -> SignedRegistration:
        if self._check_citizen is not None:
            self._check_citizen(number)
        first, *others = sorted(
            (self._plan.signer("registrar", m) for m in range(self._plan.registrars)),
            key=lambda signer: int(signer.address, 16),
        )
        secret = self._plan.secret("registrars")
        signed = sign_registration(
            first,
            roll.domain,
            election=election.number,
            precinct=self._plan.place(number)[0],
            nullifier=nullifier(secret, f"citizen {number}", election.number),
            voter=self._plan.signer("voter", number).address,
            deadline=election.windows.registration_until,
        )
        for signer in others:
            signed = countersign(signer, signed)
        return signed

    def _open(self, election: Election) -> OpenQuestion:
        box = self._box()
        with self._phase("prepare") as phase:
            phase.note(box.prepare_all(election.number))
        self._clock.advance_to(election.windows.opens_at)
        return open_question(box, election.number, 0)

    # ----------------------------------------------------------------- voting

    def _vote(self, election: Election, question: OpenQuestion) -> None:
        with self._phase("vote directly") as phase:
            phase.note([self._vote_directly(election, question)])
        assert isinstance(question.encoding, Choice)
        task = BallotTask(
            self._plan,
            election.number,
            question.encoding,
            encode_point(question.K),
            question.context,
            self._box().domain,
            election.windows.closes_at - 1,
            (_NOBODY + 1, self._plan.voting),
        )
        path = self._folder / f"relay-{election.number}.sqlite3"
        relay = Relay.with_journal(self._box(), path, most=self._plan.batch)
        with self._phase("vote by relayer") as phase, relay.journal:
            self._relay(relay, task, phase)
        counts = self._box().counts(election.number, 0)
        self.report.counted = sum(counts)
        if self.report.counted != self._plan.voting:
            raise SimulationFailed(
                f"{self.report.counted:,} ballots were counted of {self._plan.voting:,}."
            )

    def _vote_directly(self, election: Election, question: OpenQuestion) -> Receipt:
        """Let one voter challenge a ballot, then cast another without a relayer."""
        box = self._box(self._account("voter", _NOBODY))
        chosen = (self._plan.vote(_NOBODY),)
        with BoothState(self._folder / f"booth-{election.number}.sqlite3") as state:
            booth = Booth(box, self._plan.signer("voter", _NOBODY), state)
            tracker = booth.seal(election.number, 0, chosen).tracker
            verify_challenge(question, booth.challenge(election.number, 0), tracker)
            tracker = booth.seal(election.number, 0, chosen).tracker
            receipt = booth.cast(election.number, 0)
            booth.check(election.number, 0, tracker)
        return receipt

    def _relay(self, relay: Relay, task: BallotTask, phase: _Phase) -> None:
        """Make, verify and send ballots: while a part is being mined the next is verified."""
        began, refused = time.perf_counter(), Counter[str]()
        sent: list[Future[RelayRound]] = []
        with ThreadPoolExecutor(1) as sending:
            for part in make_ballots(task):
                spoiled = list(self._spoiled(task, part))
                # A forged ballot would be in the way of its voter's own, a second one is not.
                bad = relay.take_many([each for kind, each in spoiled if kind != "duplicate"])
                good = relay.take_many(part)
                bad += relay.take_many([each for kind, each in spoiled if kind == "duplicate"])
                if any(good) or not all(bad):
                    raise SimulationFailed("The relayer took a spoiled ballot, or refused a good.")
                refused.update(type(problem).__name__ for problem in bad)
                sent.append(sending.submit(relay.work))
            rounds = [each.result() for each in sent]
        relayed = sum(len(each.counted) for each in rounds)
        gas = sum(each.gas_used for each in rounds)
        phase.figures.transactions += sum(each.batches for each in rounds)
        phase.figures.gas += gas
        self.report.refused = dict(sorted(refused.items()))
        self.report.gas_per_ballot = gas // max(relayed, 1)
        self.report.ballots_per_second = relayed / max(time.perf_counter() - began, 1e-6)

    def _spoiled(
        self, task: BallotTask, part: Sequence[SignedBallot]
    ) -> Iterator[tuple[str, SignedBallot]]:
        """Yield kind and ballot of each voter who spoils one."""
        for ballot in part:
            precinct, index = ballot.intent.precinct, ballot.intent.index
            number = index * self._plan.precincts + precinct
            if number % 100 >= self._plan.spoiled:
                continue
            others = [each for each in part if each.voter != ballot.voter]
            kind = KINDS[number % len(KINDS)] if others else KINDS[0]
            yield kind, spoil(task, number, kind, others[0] if others else ballot)

    # ----------------------------------------------------------------- after voting

    def _count(self, election: Election) -> None:
        tally = self._client(TallyClient)
        self._clock.advance_to(election.windows.closes_at)
        with self._phase("close") as phase:
            phase.note([tally.close(election.number, 0)])
        with self._phase("shares") as phase:
            for j in self._plan.active[: self._plan.threshold]:
                own = self._client(TallyClient, self._account("trustee", j))
                record = read_ceremony(own.box.board, election.number)
                task = read_task(own, election.number, index=j)
                duty = decrypt_shares(self._keys[j], record, j, task)
                phase.note(perform_shares(duty, own))
        if self._before_count is not None:
            self._before_count(tally, election.number)
        with self._phase("tally") as phase:
            for group in range(len(tally.groups(election.number, 0))):
                counts, used = tally.count_group(election.number, 0, group)
                phase.note([tally.tally_posted(election.number, 0, group, used, counts)])
        self.report.totals = tally.totals(election.number, 0)
        wanted = Counter(self._plan.vote(number) for number in range(self._plan.voting))
        expected = tuple(wanted[option] for option in range(self._plan.options))
        if self.report.totals != expected:
            raise SimulationFailed(
                f"The result is {self.report.totals}, the votes were {expected}."
            )

    def _audit(self, election: Election, definition: Definition) -> None:
        contracts, since = contracts_of(self._manifest)
        with self._phase("collect record"):
            record = collect_record(
                self._connection,
                contracts,
                election.number,
                since_block=since,
                definition=definition.canonical,
            )
        with self._phase("audit"):
            report = audit_election(record, workers=self._plan.workers)
            report.require_holds()
        self.report.audit = tuple(link.name for link in report.links if link.state == "holds")

    # ----------------------------------------------------------------- inside

    @contextmanager
    def _phase(self, name: str) -> Iterator[_Phase]:
        if self._progress is not None:
            self._progress(name)
        phase = _Phase(PhaseFigures(name))
        began = time.perf_counter()
        yield phase
        phase.figures.seconds = time.perf_counter() - began
        self.report.phases.append(phase.figures)

    def _account(self, *names: object) -> Sender:
        signer = self._plan.signer(*names)
        return Sender(self._connection, signer, self._journal, policy=self._sender.policy)

    def _client(self, kind: type[ClientT], sender: Sender | None = None) -> ClientT:
        return kind.at(self._connection, self._manifest, sender or self._sender)

    def _box(self, sender: Sender | None = None) -> BoxClient:
        return self._client(BoxClient, sender)


class _Phase:
    """Figures of a phase that goes on."""

    def __init__(self, figures: PhaseFigures) -> None:
        self.figures = figures

    def note(self, receipts: Iterable[Receipt]) -> None:
        for receipt in receipts:
            self.figures.transactions += 1
            self.figures.gas += receipt.gas_used
