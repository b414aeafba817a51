"""What the API of elections takes and gives."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Path
from pydantic import ConfigDict, Field, WithJsonSchema

from crmdapp.web.models import AddressIn, Hash32, Model, Octets

Number = Annotated[int, Path(ge=1, le=(1 << 63) - 1, description="Number of the election.")]

PhaseName = Annotated[
    str,
    WithJsonSchema(
        {
            "type": "string",
            "enum": [
                "key_ceremony",
                "registration",
                "frozen",
                "open",
                "closed",
                "tallied",
                "cancelled",
                "void",
            ],
        }
    ),
]

HASH, TX = "0x" + "5a" * 32, "0x" + "ab" * 32
VOTER = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
"""What stands in examples, with the hash of a definition and that of a transaction."""
_WINDOWS = {
    "keys_until": 2_064_391_200,
    "commitments_until": 2_064_477_600,
    "deals_until": 2_064_564_000,
    "complaints_until": 2_064_650_400,
    "registration_until": 2_065_017_600,
    "opens_at": 2_065_154_400,
    "closes_at": 2_065_197_600,
    "shares_until": 2_066_061_600,
}


def example(**values: Any) -> ConfigDict:
    """Return a model's settings with an example."""
    return ConfigDict(json_schema_extra={"examples": [values]})


class WindowsOut(Model):
    """The ends of an election's windows, Unix seconds; each second belongs to what it ends."""

    model_config = example(**_WINDOWS)

    keys_until: int
    commitments_until: int
    deals_until: int
    complaints_until: int
    registration_until: int
    opens_at: int
    closes_at: int
    shares_until: int


class QuestionOut(Model):
    """A question; its words only if the definition was published on this server."""

    model_config = example(
        number=0,
        title="Longer hours?",
        kind="choice",
        options=["Yes", "No", "Blank"],
        option_count=3,
        minimum=1,
        maximum=1,
        ballots=41,
        phase="open",
    )

    number: int
    title: str | None
    kind: Literal["choice", "vector"]
    options: list[str] | None
    option_count: int
    minimum: int
    maximum: int
    ballots: int
    phase: PhaseName


class ElectionOut(Model):
    """An election as it stands at a block."""

    model_config = example(
        number=1,
        title="Council of the town library",
        organiser=VOTER,
        definition_hash=HASH,
        phase="open",
        ceremony="final",
        windows=_WINDOWS,
        precincts=2,
        voters=120,
        minimum_turnout=3,
        threshold=2,
        trustees=3,
        registrar_quorum=2,
        questions=[],
        as_of_block=1204,
        finalized=False,
    )

    number: int
    title: str | None
    organiser: str
    definition_hash: Hash32
    phase: PhaseName
    ceremony: str
    windows: WindowsOut
    precincts: int
    voters: int
    minimum_turnout: int
    threshold: int
    trustees: int
    registrar_quorum: int
    questions: list[QuestionOut]
    as_of_block: int
    finalized: bool


class Turnout(Model):
    """Ballots of one precinct for one question."""

    model_config = example(question=0, precinct=1, ballots=17, voters=60, bulletin="0x" + "1c" * 28)

    question: int
    precinct: int
    ballots: int
    voters: int
    bulletin: Octets


class TurnoutOut(Model):
    """How many have voted by a block."""

    model_config = example(election=1, phase="open", voters=120, precincts=[], as_of_block=1204)

    election: int
    phase: PhaseName
    voters: int
    precincts: list[Turnout]
    as_of_block: int


class BoardBallot(Model):
    """A counted ballot: where it is, and nothing of what it says."""

    model_config = example(tracker=HASH, precinct=0, index=12, voter=VOTER)

    tracker: Hash32
    precinct: int
    index: int
    voter: str


class BallotBatchOut(Model):
    """Ballots that one transaction brought."""

    model_config = example(
        question=0,
        precinct=0,
        block=1199,
        timestamp=2_065_160_000,
        tx_hash=TX,
        counted=1,
        ballots=41,
        bulletin="0x" + "1c" * 28,
        entries=[{"tracker": HASH, "precinct": 0, "index": 12, "voter": VOTER}],
    )

    question: int
    precinct: int
    block: int
    timestamp: int
    tx_hash: str
    counted: int
    ballots: int
    bulletin: Octets
    entries: list[BoardBallot]


class Recorded(Model):
    """A ballot that is on the bulletin, which was recomputed from the first ballot on."""

    model_config = example(
        tracker=HASH,
        voter=VOTER,
        precinct=0,
        index=12,
        block=1199,
        tx_hash=TX,
        ballots=41,
        bulletin="0x" + "1c" * 28,
    )

    tracker: Hash32
    voter: str
    precinct: int
    index: int
    block: int
    tx_hash: str
    ballots: int
    bulletin: Octets


class ShareDue(Model):
    """A sum that waits for a trustee's share."""

    model_config = example(question=0, group=0)

    question: int
    group: int


class TrusteeOut(Model):
    """What a trustee has done."""

    model_config = example(
        index=1,
        account=VOTER,
        name="Notary",
        has_key=True,
        has_commitment=True,
        has_deal=True,
        is_excluded=False,
        is_awaited=False,
        shares_due=[{"question": 0, "group": 0}],
    )

    index: int
    account: str
    name: str | None
    has_key: bool
    has_commitment: bool
    has_deal: bool
    is_excluded: bool
    is_awaited: bool
    shares_due: list[ShareDue]


class TrusteesOut(Model):
    """The trustees of an election, and what their ceremony waits for."""

    model_config = example(election=1, step="final", round=0, trustees=[], as_of_block=1204)

    election: int
    step: str
    round: int
    trustees: list[TrusteeOut]
    as_of_block: int


class ElectionStepOut(Model):
    """Something that happened in an election."""

    model_config = example(
        name="DealPosted", actor=2, question=0, block=990, timestamp=2_064_500_000, tx_hash=TX
    )

    name: str
    actor: int
    question: int
    block: int
    timestamp: int
    tx_hash: str


class GroupOut(Model):
    """The counts of precincts that were decrypted as one sum; none while they are not known."""

    model_config = example(group=0, first_precinct=0, last_precinct=1, ballots=41, counts=[25, 16])

    group: int
    first_precinct: int
    last_precinct: int
    ballots: int
    counts: list[int] | None


class QuestionResultOut(Model):
    """What came out of a question."""

    model_config = example(
        question=0,
        title="Longer hours?",
        options=["Yes", "No"],
        phase="tallied",
        ground=None,
        ballots=41,
        totals=[25, 16],
        groups=[],
    )

    question: int
    title: str | None
    options: list[str] | None
    phase: PhaseName
    ground: str | None
    ballots: int
    totals: list[int] | None
    groups: list[GroupOut]


class ResultsOut(Model):
    """What came out of an election, as far as it is known; proved on chain."""

    model_config = example(election=1, phase="tallied", voters=120, questions=[], as_of_block=1300)

    election: int
    phase: PhaseName
    voters: int
    questions: list[QuestionResultOut]
    as_of_block: int


# --------------------------------------------------------------------------- casting


class SealedBallotIn(Model):
    """A ballot that its voter encrypted and signed, as ``crmdapp elections cast`` writes it."""

    model_config = example(
        typedData={
            "domain": {"name": "BallotBox", "version": "1", "chainId": 31337},
            "primaryType": "BallotIntent",
            "types": {},
            "message": {"election": "1", "question": "0", "tracker": HASH},
        },
        voter=VOTER,
        body="0x" + "00" * 96,
        signature="0x" + "ab" * 64,
    )

    typed_data: dict[str, Any] = Field(alias="typedData")
    voter: AddressIn
    body: Annotated[str, Field(max_length=2_000_000)]
    signature: Annotated[str, Field(max_length=200)]


class RelayedOut(Model):
    """A ballot with this server's relayer."""

    model_config = example(
        election=1, question=0, precinct=0, tracker=HASH, state="waiting", reason=""
    )

    election: int
    question: int
    precinct: int
    tracker: Hash32
    state: Literal["waiting", "batched", "counted", "skipped", "refused"]
    reason: str


class RelayedNow(Model):
    """What one round of sending did."""

    model_config = example(counted=48, skipped=1, refused=0, batches=1, gas_used=3_300_000)

    counted: int
    skipped: int
    refused: int
    batches: int
    gas_used: int


# --------------------------------------------------------------------------- audits


class AuditLinkOut(Model):
    """A link of the chain of proof."""

    model_config = example(link="proofs", state="holds", checked=41)

    link: str
    state: Literal["holds", "broken", "unchecked"]
    checked: int


class AuditOut(Model):
    """An audit: how far it is, or what it found."""

    model_config = example(
        election=1,
        state="running",
        link="proofs",
        links_done=9,
        links=17,
        done=20,
        of=41,
        holds=None,
        broken=None,
        report=None,
    )

    election: int
    state: Literal["none", "running", "done", "failed"]
    link: str | None = None
    links_done: int = 0
    links: int = 0
    done: int = 0
    of: int = 0
    holds: bool | None = None
    broken: dict[str, str] | None = None
    report: dict[str, Any] | None = None
