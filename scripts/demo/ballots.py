"""Chapter: a thousand members vote in secret, some people cheat, and an auditor sees everything."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from crmdapp.ballots.audit import audit_election
from crmdapp.ballots.errors import CountsInvalid, CountsSumInvalid
from crmdapp.ballots.events import BallotsCast, GroupTallied, VoterRegistered
from crmdapp.ballots.evidence import ElectionRecord, RecordedTransaction
from crmdapp.ballots.evidence_collecting import collect_record, contracts_of
from crmdapp.ballots.faults import CitizenNotAttested
from crmdapp.ballots.registration import require_attested
from crmdapp.ballots.simulate import Simulator
from crmdapp.ballots.simulation import SimulationPlan, SimulationReport
from crmdapp.ballots.tally import TallyClient
from crmdapp.chain._keccak import keccak
from crmdapp.chain.decode import Event
from crmdapp.customers.attestations import AttestationClient
from crmdapp.customers.statements import AttestationSubject, Statement
from scripts.demo.stage import Stage

TITLE = "Ballots: a thousand members vote, nobody learns how, everybody can check"

VOTERS, LIVE_VOTERS = 1_000, 12
OPTIONS = ("Longer hours", "A reading garden", "Blank")
TRUSTEES, THRESHOLD = 5, 3
SILENT, CHEAT = 2, 4  # indices of trustees
SPOILED = 5  # percent
SAMPLE = 3  # ballots that the second implementation verifies, too
LEVEL = 2
GAS = 500_000_000


def play(stage: Stage) -> None:
    """Tell the chapter and check it."""
    stage.story.chapter(TITLE)
    stage.deploy()
    voters = min(VOTERS, LIVE_VOTERS if stage.clock.is_live else VOTERS, stage.members or VOTERS)
    members = _tell_members(stage, voters)
    report = _tell_election(stage, members, voters)
    record = _tell_audit(stage, report)
    _tell_manipulations(stage, record)


# --------------------------------------------------------------------------- scenes


class Members:
    """Who may vote: people for whom the library vouches, by statements that name nobody.

    Attributes:
        registry: The registry of attestations, as the library uses it.
        topic: Its topic of memberships.
        statements: One for each member.
    """

    def __init__(self, stage: Stage, count: int) -> None:
        sender = stage.sender("library", GAS)
        self.registry = AttestationClient.at(stage.connection, stage.manifest, sender)
        self.topic = self.registry.create_topic(1, keccak(b"member of the library")).id
        self.registry.admit(self.topic, sender.address, LEVEL)
        self._trusted = (sender.address,)
        claims = keccak(b'{"member":true}')
        self.statements = [
            Statement(
                self.topic, AttestationSubject.new(stage.signer(f"member {n}").address), claims
            )
            for n in range(count)
        ]

    def attest(self) -> int:
        """Let the library vouch for all; returns how many transactions that took."""
        uids = [statement.uid for statement in self.statements]
        return len(list(self.registry.attest_many(uids, self.topic, LEVEL, key="members")))

    def require(self, uid: bytes) -> None:
        """Check what a registrar checks before signing.

        Raises:
            CitizenNotAttested: The library does not vouch for them.
        """
        require_attested(self.registry, uid, topic=self.topic, level=LEVEL, attestors=self._trusted)


def _tell_members(stage: Stage, voters: int) -> Members:
    stage.story.scene("Who may vote")
    members = Members(stage, voters)
    sent = members.attest()
    stage.story.say(
        f"The library vouches for {voters:,} members in {sent} transactions. What stands on the",
        "chain names nobody, and the roll of voters will not even name that: a registrar looks",
        "at the statement, and signs for a key that the member made for this vote alone.",
    )
    stage.refused(
        "A stranger without a statement wants to register",
        lambda: members.require(keccak(b"a stranger")),
        by=CitizenNotAttested,
    )
    return members


def _tell_election(stage: Stage, members: Members, voters: int) -> SimulationReport:
    stage.story.scene("The election")
    plan = SimulationPlan(
        voters=voters,
        options=len(OPTIONS),
        trustees=TRUSTEES,
        threshold=THRESHOLD,
        spoiled=SPOILED if voters >= 100 else 100 // voters,
        silent=(SILENT,),
        bad_dealers=(CHEAT,),
        workers=2,
        seed=stage.signer("election").address,
    )
    simulator = Simulator(
        stage.manifest,
        stage.sender("library", GAS),
        plan,
        stage.clock,
        stage.folder,
        check_citizen=lambda number: members.require(members.statements[number].uid),
        before_count=lambda tally, election: _lie(stage, tally, election),
    )
    began = time.monotonic()
    report = simulator.run()
    stage.story.say(
        f"Any {THRESHOLD} of {TRUSTEES} trustees can open the sum. Trustee {SILENT} never says a"
        f" word; trustee {CHEAT}",
        "deals somebody a wrong share, is shown to have lied, and is left out. Of the voters",
        f"{plan.spoiled} % also try a second, a forged or a copied ballot.",
    )
    stage.story.table(
        "What it took",
        ("phase", "seconds", "transactions", "gas"),
        [
            (each.name, f"{each.seconds:.1f}", f"{each.transactions:,}", f"{each.gas:,}")
            for each in report.phases
        ],
        words=1,
    )
    stage.story.bars(
        f"What came out, {report.counted:,} ballots",
        [(name, votes, f"{votes:,}") for name, votes in zip(OPTIONS, report.totals, strict=True)],
    )
    _check_election(stage, plan, report, time.monotonic() - began)
    return report


def _check_election(
    stage: Stage, plan: SimulationPlan, report: SimulationReport, seconds: float
) -> None:
    stage.check(
        "Every ballot is counted once, and the result is what was voted",
        report.counted == plan.voters == sum(report.totals),
        f"{report.counted:,} ballots: {' : '.join(f'{votes:,}' for votes in report.totals)};"
        f" {seconds:.0f} s",
    )
    refused = sum(report.refused.values())
    stage.check(
        "No spoiled ballot is taken: second ones, forged ones, copied ones",
        refused == sum(number % 100 < plan.spoiled for number in range(1, plan.voters)),
        f"{refused} refused: "
        + ", ".join(f"{count} {kind}" for kind, count in report.refused.items()),
    )
    stage.check(
        "Who dealt a wrong share is left out, and the election goes on without who is silent",
        report.excluded == (CHEAT,),
        f"left out: trustee {', '.join(map(str, report.excluded))};"
        f" {report.gas_per_ballot:,} gas a ballot",
    )


def _lie(stage: Stage, tally: TallyClient, election: int) -> None:
    """Try to post other counts than the sum holds, with true shares."""
    counts, used = tally.count_group(election, 0, 0)
    moved = (counts[0] + 1, counts[1] - 1, *counts[2:])
    more = (counts[0] + 1, *counts[1:])
    stage.refused(
        "Somebody moves one vote from an option to another",
        lambda: tally.tally_posted(election, 0, 0, used, moved),
        by=CountsInvalid,
    )
    stage.refused(
        "Somebody adds one vote",
        lambda: tally.tally_posted(election, 0, 0, used, more),
        by=CountsSumInvalid,
    )


def _tell_audit(stage: Stage, report: SimulationReport) -> ElectionRecord:
    stage.story.scene("An auditor who believes nobody")
    contracts, since = contracts_of(stage.manifest)
    record = collect_record(
        stage.connection,
        contracts,
        report.election,
        since_block=since,
        definition=report.definition,
    )
    found = audit_election(record, workers=2, second_implementation=SAMPLE)
    stage.story.table(
        "Every link, recomputed from the record alone",
        ("link", "", "checked"),
        [(link.name, link.state, f"{link.checked:,}") for link in found.links],
        words=2,
    )
    stage.check(
        "The audit finds every link whole, and the same result",
        found.holds and [each.counts for each in found.questions] == [report.totals],
        f"{found.voters:,} voters, {len(record.transactions):,} transactions;"
        f" a second implementation agrees on {SAMPLE} ballots",
    )
    return record


def _tell_manipulations(stage: Stage, record: ElectionRecord) -> None:
    stage.story.scene("Somebody changes the record")
    ghost = stage.signer("ghost").address

    def ghosted(event: VoterRegistered) -> VoterRegistered:
        return replace(event, voter=ghost)

    def miscounted(event: GroupTallied) -> GroupTallied:
        first, second, *others = event.counts
        return replace(event, counts=(first + 1, second - 1, *others))

    def hidden(event: BallotsCast) -> BallotsCast:
        return replace(event, skipped=event.skipped | 1)

    for what, kind, change, link in (
        ("A voter is exchanged for a ghost", VoterRegistered, ghosted, "roll"),
        ("A ballot is said to have been passed over", BallotsCast, hidden, "ballots"),
        ("A vote is moved to another option in the count", GroupTallied, miscounted, "counts"),
    ):
        changed = replace(record, transactions=_changed(record.transactions, kind, change))
        broken = audit_election(changed, workers=2).broken
        detail = "nothing was found" if broken is None else f"{broken.link}: {broken.reason}"
        stage.story.say(f"{what}. {detail}")
        stage.check(what, broken is not None and broken.link == link, f"found: {detail}")


def _changed(
    transactions: Sequence[RecordedTransaction], kind: type[Event], change: Callable[[Any], Event]
) -> tuple[RecordedTransaction, ...]:
    """Return the record's transactions with the first event of a kind changed."""
    found = list(transactions)
    for place, transaction in enumerate(found):
        for number, each in enumerate(transaction.events):
            if isinstance(each.event, kind):
                events = list(transaction.events)
                events[number] = replace(each, event=change(each.event))
                found[place] = replace(transaction, events=tuple(events))
                return tuple(found)
    raise LookupError(f"the record has no {kind.__name__}")
