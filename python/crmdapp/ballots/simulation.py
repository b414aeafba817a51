"""What a simulated election is to be like, and what came of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from crmdapp.ballots.definition import Definition, read_definition
from crmdapp.chain._keccak import keccak
from crmdapp.chain.accounts import LocalSigner
from crmdapp.errors import CrmdappError, UsageError

VOTERS_MAX = 100_000

SHARES = (50, 30, 20)
"""How votes fall on the first options, in percent; what is left over is spread over the others."""

_STEP, _PER_TRUSTEE, _PER_VOTER = 30, 10, 0.25
_WINDOWS = (
    "keys_until",
    "commitments_until",
    "deals_until",
    "complaints_until",
    "registration_until",
    "opens_at",
    "closes_at",
    "shares_until",
)


class SimulationFailed(CrmdappError):  # noqa: N818 - named for the problem, like all errors here
    """A simulated election did not come out as it must."""


class Clock(Protocol):
    """The chain's time, for whoever can move it, or only wait."""

    def advance_to(self, timestamp: int) -> None:
        """Return once a block of that time, Unix seconds, or a later one is there."""


@dataclass(frozen=True, slots=True)
class SimulationPlan:
    """A simulated election.

    Attributes:
        voters: How many are on the roll, 1 to 100,000.
        absent: How many of them, the last on the roll, do not vote.
        options: Of the one question, 2 to 32.
        trustees: n, 1 to 15.
        threshold: t, 1 to n.
        spoiled: Percent of the voters, 0 to 100, whose ballot is spoiled besides: by turns a second
            one of the same voter, one whose proof is forged, one that is copied from a neighbour.
        silent: Indices of trustees who do nothing at all.
        bad_dealers: Indices of trustees who deal somebody a wrong share.
        precincts: 1 to 64; the voters are spread over them.
        registrars: Who sign each registration, 1 to 15.
        batch: Most ballots of a batch.
        workers: Processes that make ballots.
        audits: Whether the whole is audited at the end.
        seed: From which keys and votes come; two runs with one seed hold the same votes.
        title: Of the election; by default it says that it is simulated.
        voting_seconds: How long one can vote, at least; as long as the ballots take by default.

    Raises:
        UsageError: A figure is out of range, or too few trustees would be left.
    """

    voters: int
    options: int = 2
    trustees: int = 3
    threshold: int = 2
    spoiled: int = 0
    silent: tuple[int, ...] = ()
    bad_dealers: tuple[int, ...] = ()
    precincts: int = 1
    registrars: int = 2
    batch: int = 50
    workers: int = 1
    audits: bool = True
    seed: str = "simulation"
    absent: int = 0
    title: str = ""
    voting_seconds: int = 0

    def __post_init__(self) -> None:
        ranges = {
            "voters": (1, VOTERS_MAX),
            "options": (2, 32),
            "trustees": (1, 15),
            "threshold": (1, self.trustees),
            "spoiled": (0, 100),
            "precincts": (1, min(64, self.voters)),
            "registrars": (1, 15),
            "batch": (1, 255),
            "workers": (1, 64),
            "absent": (0, self.voters - 1),
        }
        for name, (least, most) in ranges.items():
            if not least <= getattr(self, name) <= most:
                raise UsageError(f"{name} must be from {least:,} to {most:,}.")
        odd = [*self.silent, *self.bad_dealers]
        if len(set(odd)) != len(odd) or not all(1 <= j <= self.trustees for j in odd):
            raise UsageError("Silent and bad trustees are different ones, from 1 on.")
        if self.trustees - len(odd) < self.threshold:
            raise UsageError(
                f"Only {self.trustees - len(odd)} trustees would be left; {self.threshold} have to"
                " deal.",
                hint="Take more trustees, or fewer who fail.",
            )

    @property
    def voting(self) -> int:
        """How many vote: the first on the roll."""
        return self.voters - self.absent

    @property
    def active(self) -> tuple[int, ...]:
        """Indices of the trustees who are not silent."""
        return tuple(j for j in range(1, self.trustees + 1) if j not in self.silent)

    def signer(self, *names: Any) -> LocalSigner:
        """Return the key of a role."""
        return LocalSigner(self.secret(*names))

    def secret(self, *names: Any) -> bytes:
        """Return 32 bytes that the seed and the names make."""
        return keccak(repr((self.seed, *names)).encode())

    def vote(self, number: int) -> int:
        """Return what a voter chooses."""
        drawn = int.from_bytes(self.secret("vote", number)[:4], "big") % 100
        for option, share in enumerate(SHARES[: self.options]):
            drawn -= share
            if drawn < 0:
                return option
        return self.options - 1

    def place(self, number: int) -> tuple[int, int]:
        """Return precinct and index of a voter."""
        return number % self.precincts, number // self.precincts

    def definition(self, now: int, trustees: list[str]) -> Definition:
        """Return the election's definition.

        Args:
            now: The chain's time, Unix seconds.
            trustees: Their addresses.
        """
        return read_definition(json.dumps(self._document(now, trustees)).encode(), "simulation")

    def _document(self, now: int, trustees: list[str]) -> dict[str, Any]:
        step = _STEP + _PER_TRUSTEE * self.trustees
        room = 2 * step + int(_PER_VOTER * self.voters)
        voting = max(room, self.voting_seconds)
        lengths = (step, step, step, step, room, step, voting, step)
        ends = [now + sum(lengths[: place + 1]) for place in range(len(lengths))]
        most = -(-self.voters // self.precincts)
        return {
            "format": "crmdapp-election-1",
            "title": self.title or f"Simulated election of {self.voters:,} voters",
            "questions": [
                {
                    "title": "What shall it be?",
                    "kind": "choice",
                    "options": [f"Option {number}" for number in range(self.options)],
                }
            ],
            "precincts": [
                {"name": f"Precinct {number}", "voters": most} for number in range(self.precincts)
            ],
            "minimum_turnout": 1,
            "trustees": [
                {"name": f"Trustee {j}", "address": address}
                for j, address in enumerate(trustees, start=1)
            ],
            "threshold": self.threshold,
            "registrars": [
                {"name": f"Registrar {m}", "address": self.signer("registrar", m).address}
                for m in range(self.registrars)
            ],
            "registrar_quorum": self.registrars,
            "windows": {
                name: datetime.fromtimestamp(end, UTC).isoformat()
                for name, end in zip(_WINDOWS, ends, strict=True)
            },
        }


@dataclass(slots=True)
class PhaseFigures:
    """What a phase of the simulation took.

    Attributes:
        name: The phase.
        seconds: Of this machine's time, without waiting for the chain's.
        transactions: How many were mined.
        gas: That they used.
    """

    name: str
    seconds: float = 0.0
    transactions: int = 0
    gas: int = 0


@dataclass(slots=True)
class SimulationReport:
    """What came of a simulated election.

    Attributes:
        plan: What was asked for.
        election: Its number.
        definition: Its definition in the canonical form.
        phases: In their order.
        totals: Votes for each option, as the contract has them.
        counted: Ballots that were counted.
        refused: Spoiled ballots that the relayer refused, by the class of the reason.
        excluded: Dealers whom the trustees' complaints excluded.
        gas_per_ballot: Of relayed ballots.
        ballots_per_second: Made, signed, verified and counted, one after the other.
        audit: Names of the links that an audit found to hold; empty without one.
    """

    plan: SimulationPlan
    election: int = 0
    definition: bytes = b""
    phases: list[PhaseFigures] = field(default_factory=list)
    totals: tuple[int, ...] = ()
    counted: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    excluded: tuple[int, ...] = ()
    gas_per_ballot: int = 0
    ballots_per_second: float = 0.0
    audit: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON data."""
        plan = self.plan
        return {
            "voters": plan.voters,
            "options": plan.options,
            "trustees": plan.trustees,
            "threshold": plan.threshold,
            "precincts": plan.precincts,
            "silent": list(plan.silent),
            "bad_dealers": list(plan.bad_dealers),
            "spoiled_percent": plan.spoiled,
            "election": self.election,
            "phases": [
                {
                    "name": each.name,
                    "seconds": round(each.seconds, 3),
                    "transactions": each.transactions,
                    "gas": each.gas,
                }
                for each in self.phases
            ],
            "totals": list(self.totals),
            "counted": self.counted,
            "refused": self.refused,
            "excluded_dealers": list(self.excluded),
            "gas_per_ballot": self.gas_per_ballot,
            "ballots_per_second": round(self.ballots_per_second, 1),
            "audited_links": list(self.audit),
        }
