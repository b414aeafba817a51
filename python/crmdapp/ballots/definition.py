"""An election's definition: one JSON or YAML file with what is asked, of whom, when, who guards it.

::

    {
      "format": "crmdapp-election-1",
      "title": "Council of the town library",
      "questions": [
        {"title": "Longer hours?", "kind": "choice", "options": ["Yes", "No", "Blank"]},
        {"title": "Who?", "kind": "vector", "options": ["A", "B", "C"], "min": 1, "max": 2}
      ],
      "precincts": [{"name": "North", "voters": 800}, {"name": "South", "voters": 650}],
      "minimum_turnout": 10,
      "trustees": [{"name": "Notary", "address": "0x..."}],
      "threshold": 1,
      "registrars": [{"name": "Town hall", "address": "0x..."}],
      "registrar_quorum": 1,
      "windows": {
        "keys_until": "2026-06-01T12:00:00+02:00",
        "commitments_until": "...", "deals_until": "...", "complaints_until": "...",
        "registration_until": "...", "opens_at": "...", "closes_at": "...", "shares_until": "..."
      }
    }

``voters`` is the most voters that a precinct will have: from it follow the bits of a count, and
whether the result can be decoded at all. Only hashes and numbers go on chain; the hash is
keccak256 of the document in the canonical form of RFC 8785, so spaces and the order of names do not
matter, every value does.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Final

from crmdapp.ballots._documents import load_document, read_document
from crmdapp.ballots._members import EPOCH, Members
from crmdapp.ballots.choice import OPTIONS_MAX, OPTIONS_MIN, Choice
from crmdapp.ballots.decoding import require_decodable
from crmdapp.ballots.faults import ElectionUndecodable
from crmdapp.ballots.vector import Vector
from crmdapp.chain._json_lines import Node, rejected
from crmdapp.chain._keccak import keccak
from crmdapp.chain.canonical_json import canonical_json
from crmdapp.errors import FileFault

FORMAT: Final = "crmdapp-election-1"

QUESTIONS_MAX = 16
PRECINCTS_MAX = 64
GUARDS_MAX = 15
"""Most trustees, and most registrars."""

VOTERS_MAX = (1 << 32) - 1

SUMS_MAX = 600
"""Most sums that the tally reads in one transaction (EIP-7825 limits its gas)."""

CHOICE, VECTOR = "choice", "vector"


@dataclass(frozen=True, slots=True)
class Windows:
    """The ends of an election's windows, in UTC.

    Attributes:
        keys_until: Last moment for the trustees' keys, of the ceremony's first round.
        commitments_until: Last moment for their commitments.
        deals_until: Last moment for their deals.
        complaints_until: Last moment for complaints.
        registration_until: Last moment to register voters.
        opens_at: First moment in which ballots count.
        closes_at: First moment in which they do not.
        shares_until: Last moment for the trustees' decryptions.
    """

    keys_until: datetime
    commitments_until: datetime
    deals_until: datetime
    complaints_until: datetime
    registration_until: datetime
    opens_at: datetime
    closes_at: datetime
    shares_until: datetime

    @property
    def seconds(self) -> tuple[int, ...]:
        """All of them in their order, in seconds since 1970."""
        return tuple(int(getattr(self, each.name).timestamp()) for each in fields(self))


@dataclass(frozen=True, slots=True)
class Guard:
    """A trustee or a registrar.

    Attributes:
        name: As people know it.
        address: Its account.
    """

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Precinct:
    """Voters whose ballots are summed up together.

    Attributes:
        name: As people know it.
        voters: The most that will be registered.
    """

    name: str
    voters: int


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """A question with its words.

    Attributes:
        title: What is asked.
        options: What can be chosen, in the order of their numbers from 0.
        encoding: How an answer is encrypted.
    """

    title: str
    options: tuple[str, ...]
    encoding: Choice | Vector


@dataclass(frozen=True, slots=True)
class Definition:
    """An election as its definition says.

    Attributes:
        title: Its name.
        questions: 1 to 16.
        precincts: 1 to 64.
        minimum_turnout: Fewest ballots that are decrypted as one sum.
        trustees: 1 to 15; the j-th, from 1, holds the share at j.
        threshold: t, how many of them decrypt together.
        registrars: 1 to 15, by rising address.
        registrar_quorum: m, how many of them have to sign a registration.
        windows: When.
        canonical: The document in its canonical form (RFC 8785).
    """

    title: str
    questions: tuple[AskedQuestion, ...]
    precincts: tuple[Precinct, ...]
    minimum_turnout: int
    trustees: tuple[Guard, ...]
    threshold: int
    registrars: tuple[Guard, ...]
    registrar_quorum: int
    windows: Windows
    canonical: bytes

    @property
    def hash(self) -> bytes:
        """keccak256 of the canonical form, 32 bytes."""
        return keccak(self.canonical)


def load_definition(path: Path | str) -> Definition:
    """Read and check a definition, YAML if its name ends in .yaml or .yml; no node is asked.

    Raises:
        FileRejected: It has faults; ``faults`` names line, path of the field and reason of each.
        ElectionUndecodable: The result of a question could not be computed.
        UsageError: It cannot be read.
    """
    name, node = load_document(path)
    return _definition(node, name)


def read_definition(data: bytes, name: str = "definition") -> Definition:
    """Check a definition.

    Args:
        data: The document, in UTF-8.
        name: What to call it; it is YAML if that ends in .yaml or .yml, else JSON.

    Raises:
        FileRejected: It has faults; ``faults`` names line, path of the field and reason of each.
        ElectionUndecodable: The result of a question could not be computed.
    """
    return _definition(read_document(data, name), name)


def _definition(node: Node, name: str) -> Definition:
    faults: list[FileFault] = []
    top = Members(node, "", faults)
    top.word("format", (FORMAT,))
    title = top.text("title")
    asked = top.objects("questions", least=1, most=QUESTIONS_MAX)
    precincts = _precincts(top)
    minimum = top.whole("minimum_turnout", least=1, most=VOTERS_MAX)
    trustees = _guards(top, "trustees")
    threshold = _quorum(top, "threshold", len(trustees))
    registrars = _guards(top, "registrars")
    quorum = _quorum(top, "registrar_quorum", len(registrars))
    windows = _windows(top.inner("windows"))
    most = _most_in_one_sum(precincts, minimum)
    _check_turnout(top, precincts, minimum)
    drafts = [_draft(each, len(precincts)) for each in asked]
    top.require_no_more()
    if faults:
        raise rejected(name, sorted(faults, key=lambda fault: fault.line))
    return Definition(
        title=title,
        questions=tuple(
            draft.question(f"questions[{number}]", most) for number, draft in enumerate(drafts)
        ),
        precincts=precincts,
        minimum_turnout=minimum,
        trustees=trustees,
        threshold=threshold,
        registrars=tuple(sorted(registrars, key=lambda guard: int(guard.address, 16))),
        registrar_quorum=quorum,
        windows=windows,
        canonical=canonical_json(node.plain()),
    )


@dataclass(frozen=True, slots=True)
class _Draft:
    """A question whose slots are not known yet; ``vector`` is empty for a choice."""

    title: str
    options: tuple[str, ...]
    vector: tuple[int, ...]

    def question(self, path: str, most: int) -> AskedQuestion:
        count = len(self.options)
        if self.vector:
            return AskedQuestion(self.title, self.options, Vector(count, *self.vector))
        try:
            bits = require_decodable(count, most)
        except ElectionUndecodable as problem:
            raise ElectionUndecodable(
                f"{path}: {problem.message}",
                options=problem.options,
                ballots=problem.ballots,
                most=problem.most,
                why=problem.why,
                hint=problem.hint,
            ) from None
        return AskedQuestion(self.title, self.options, Choice(count, bits))


def _draft(members: Members, precincts: int) -> _Draft:
    title = members.text("title")
    kind = members.word("kind", (CHOICE, VECTOR))
    options = members.texts("options", least=OPTIONS_MIN, most=OPTIONS_MAX)
    vector: tuple[int, ...] = ()
    if kind == VECTOR:
        highest = max(len(options), 1)
        most = members.whole("max", least=1, most=highest)
        vector = (members.whole("min", least=0, most=highest), most)
        if vector[0] > most:
            members.fault("min", f"{vector[0]} is more than max, {most}")
        # Where nobody votes precincts merge, whatever the minimum, and in the end all of them.
        if len(options) * precincts > SUMS_MAX:
            members.fault(
                "options",
                f"{len(options)} options in {precincts} precincts are"
                f" {len(options) * precincts:,} sums, and {SUMS_MAX} can be counted together",
            )
    members.require_no_more()
    return _Draft(title, options, vector)


def _precincts(top: Members) -> tuple[Precinct, ...]:
    found: list[Precinct] = []
    for each in top.objects("precincts", least=1, most=PRECINCTS_MAX):
        name = each.text("name")
        if name and name in [other.name for other in found]:
            each.fault("name", f"{name!r} stands there twice")
        found.append(Precinct(name, each.whole("voters", least=1, most=VOTERS_MAX)))
        each.require_no_more()
    return tuple(found)


def _guards(top: Members, name: str) -> tuple[Guard, ...]:
    found: list[Guard] = []
    for each in top.objects(name, least=1, most=GUARDS_MAX):
        guard = Guard(each.text("name"), each.address("address"))
        if guard.address and guard.address in [other.address for other in found]:
            each.fault("address", f"{guard.address} stands there twice")
        found.append(guard)
        each.require_no_more()
    return tuple(found)


def _quorum(top: Members, name: str, guards: int) -> int:
    return top.whole(name, least=1, most=guards or GUARDS_MAX)


def _windows(members: Members) -> Windows:
    names = [each.name for each in fields(Windows)]
    found = {name: members.moment(name) for name in names}
    opens = names.index("opens_at")
    ceremony, later = names[: opens - 1], names[opens - 1 :]
    for earlier, after in (
        *pairwise(ceremony),
        *pairwise(later),
        (ceremony[-1], names[opens]),
    ):
        if EPOCH not in (found[earlier], found[after]) and found[after] <= found[earlier]:
            members.fault(after, f"{found[after].isoformat()} is not after {earlier}")
    members.require_no_more()
    return Windows(**found)


def _most_in_one_sum(precincts: tuple[Precinct, ...], minimum: int) -> int:
    """Return the most ballots in one sum.

    Precincts under the minimum join the next one, and the last ones that are left over join the
    one before: each time fewer than the minimum are added.
    """
    largest = max((precinct.voters for precinct in precincts), default=0)
    return largest if len(precincts) <= 1 else largest + 2 * (minimum - 1)


def _check_turnout(top: Members, precincts: tuple[Precinct, ...], minimum: int) -> None:
    total = sum(precinct.voters for precinct in precincts)
    if precincts and minimum > total:
        top.fault("minimum_turnout", f"{minimum:,} is more than all {total:,} voters")
