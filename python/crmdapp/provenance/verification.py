"""Is this work what it is said to be? Answered for a stranger who has a node and nothing else.

Each question is a check of its own with its answer, so that a verdict can be looked into. What no
check can answer is said as well.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from crmdapp.chain.addresses import ZERO_ADDRESS
from crmdapp.errors import VerificationFailed, jsonable
from crmdapp.provenance.artwork_intents import Artwork
from crmdapp.provenance.history import ArtworkHistory, HeadAt, read_history, story_of
from crmdapp.provenance.registration import Registration, registration_of
from crmdapp.provenance.review import RegisteredWork, concerns_likeness, near_works, works_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmdapp.provenance.artwork_reader import ArtworksReader
    from crmdapp.provenance.certificate import Certificate
    from crmdapp.provenance.fingerprints import FileHashes

LIMITS = (
    "That the name in the metadata is the person behind the artist's account.",
    "That nobody made the picture before, outside of this gallery.",
    "That a copyright was bought with the token, or that the file has no copies.",
)
"""What a verdict never proves."""

NODE_LIMIT = "That the node did not make up its chain: compare it with another (--header-from)."


class Outcome(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    NOTED = "noted"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Check:
    """One question and its answer.

    Attributes:
        name: What was asked, such as ``"artist"``.
        outcome: How it ended.
        detail: The answer, one sentence.
    """

    name: str
    outcome: Outcome
    detail: str


@dataclass(slots=True)
class Verdict:
    """The answers about one work.

    Attributes:
        id: The work.
        artwork: Its record; ``None`` if there is none.
        owner: Who owns it now.
        checks: What was asked.
        limits: What is not proved.
    """

    id: int
    artwork: Artwork | None = None
    owner: str | None = None
    checks: list[Check] = field(default_factory=list)
    limits: tuple[str, ...] = LIMITS

    @property
    def holds(self) -> bool:
        """Whether no check failed."""
        return not any(check.outcome is Outcome.FAILED for check in self.checks)

    @property
    def line(self) -> str:
        """The verdict in a sentence."""
        if self.holds:
            return f"Verified: the work {hex(self.id)} is what its record says."
        failed = ", ".join(item.name for item in self.checks if item.outcome is Outcome.FAILED)
        return f"Not verified: {failed}."

    def note(self, name: str, outcome: Outcome, detail: str) -> None:
        """Add a check."""
        self.checks.append(Check(name, outcome, detail))

    def judge(self, name: str, holds: bool, yes: str, no: str) -> None:
        """Add a check that passed or failed."""
        self.note(name, Outcome.PASSED if holds else Outcome.FAILED, yes if holds else no)

    def to_json(self) -> dict[str, Any]:
        """Return the verdict as JSON data."""
        return {
            "id": hex(self.id),
            "verified": self.holds,
            "verdict": self.line,
            "owner": self.owner,
            "record": None if self.artwork is None else jsonable(self.artwork.message()),
            "checks": [
                {"name": item.name, "outcome": item.outcome.value, "detail": item.detail}
                for item in self.checks
            ],
            "not_proved": list(self.limits),
        }


def verify_work(
    client: ArtworksReader,
    id_: int,
    proven: HeadAt,
    *,
    file: FileHashes | None = None,
    variants: Sequence[int] = (),
    certificate: Certificate | None = None,
) -> Verdict:
    """Check everything about a work that can be checked from the chain.

    Args:
        client: The contract, read through any node.
        id_: The work.
        proven: From :func:`~.history.head_at`, best with a header from elsewhere.
        file: Hashes of a file that should be the work's.
        variants: Perceptual hashes of that file as it is, turned and mirrored.
        certificate: What is said about the work.

    Raises:
        NodeProblem: A node could not be asked.
    """
    verdict = Verdict(id_)
    if not proven.is_independent:
        verdict.limits = (*LIMITS, NODE_LIMIT)
    _check_code(verdict, client)
    try:
        links, events = read_history(
            client, lambda link: link.id == id_ or concerns_likeness(link), proven
        )
    except VerificationFailed as problem:
        verdict.note("history", Outcome.FAILED, f"{problem} {problem.why}")
        return verdict
    history = story_of(id_, links, proven, events)
    source = "another source" if proven.is_independent else "the same node"
    verdict.note(
        "history",
        Outcome.PASSED,
        f"All {history.events:,} events of the gallery lead to the head in block "
        f"{proven.header.number:,}, whose header is from {source}.",
    )
    if history.artwork is None:
        verdict.note("record", Outcome.FAILED, "No such work is registered.")
        return verdict
    verdict.artwork = history.artwork
    _check_record(verdict, history)
    if file is not None:
        _check_file(verdict, history.artwork, file)
    _check_signatures(verdict, client, history)
    _check_owner(verdict, client, history)
    if certificate is not None:
        _check_certificate(verdict, client, history, certificate)
    _note_likeness(verdict, works_in(links), history, variants)
    _note_cases(verdict, client, history)
    return verdict


# --------------------------------------------------------------------------- checks


@dataclass(frozen=True, slots=True)
class _Place:
    address: str
    libraries: dict[str, str] = field(default_factory=dict)


def _check_code(verdict: Verdict, client: ArtworksReader) -> None:
    """Check that the contract is a gallery: another code could keep any head it likes."""
    from crmdapp.chain import artifacts
    from crmdapp.chain._code import same_code

    address = client.contract.address
    code = client.connection.code(address)
    verdict.judge(
        "contract",
        same_code(code, artifacts.load(client.CONTRACT), _Place(address)),
        f"{address} is a gallery of this release.",
        f"{address} has other code than a gallery of this release.",
    )


def _check_record(verdict: Verdict, history: ArtworkHistory) -> None:
    registered = history.registered
    assert registered is not None  # there is a record
    verdict.note(
        "record",
        Outcome.PASSED,
        f"Registered by {registered.event.artist} in block {registered.block:,}"  # type: ignore[union-attr]  # it is an ArtworkRegistered
        f" (transaction {registered.tx_hash}).",
    )
    verdict.judge(
        "revocation",
        not history.is_revoked,
        "The curators have not found against it.",
        "The curators have found against its record.",
    )


def _check_file(verdict: Verdict, artwork: Artwork, file: FileHashes) -> None:
    pairs = {
        "Keccak-256": (artwork.file_keccak, file.keccak),
        "SHA-256": (artwork.file_sha256, file.sha256),
        "CID": (artwork.cid_digest, file.cid_digest),
    }
    other = [name for name, (stated, found) in pairs.items() if stated != found]
    verdict.judge(
        "file",
        not other,
        "It is the very file that was registered, byte for byte.",
        f"It is not the file that was registered: other {', '.join(other)}.",
    )


def _check_signatures(verdict: Verdict, client: ArtworksReader, history: ArtworkHistory) -> None:
    artwork, registered = history.artwork, history.registered
    assert artwork is not None  # there is a record
    assert registered is not None
    shown = registration_of(client, registered)
    if shown is None:
        hidden = "Not shown by the transaction; the contract checked it then."
        verdict.note("artist", Outcome.UNKNOWN, hidden)
        verdict.note("curators", Outcome.UNKNOWN, hidden)
        return
    _judge_artist(verdict, client, artwork, shown)
    _judge_curators(verdict, client, artwork, shown, registered.block)


def _judge_artist(
    verdict: Verdict, client: ArtworksReader, artwork: Artwork, shown: Registration
) -> None:
    if shown.signed.artwork == artwork and shown.signed.signed_by_key():
        verdict.note("artist", Outcome.PASSED, f"{artwork.artist} signed the very record.")
    elif shown.signed.artwork == artwork and client.connection.code(artwork.artist):
        detail = f"{artwork.artist} is a smart account; the contract asked it then."
        verdict.note("artist", Outcome.UNKNOWN, detail)
    else:
        detail = f"The signature that the node shows is not {artwork.artist}'s."
        verdict.note("artist", Outcome.FAILED, detail)


def _judge_curators(
    verdict: Verdict,
    client: ArtworksReader,
    artwork: Artwork,
    shown: Registration,
    block: int,
) -> None:
    from crmdapp.provenance.curators import BoardClient

    if not shown.approvals:
        verdict.note("curators", Outcome.NOTED, "Admitted by the board's vote.")
        return
    board = BoardClient(client.connection, client.board, since_block=client.since_block)
    curators = board.curators(to_block=block)
    wrong = [
        item.signer
        for item in shown.approvals
        if item.approval.artwork != artwork
        or item.signer not in curators
        or not (item.signed_by_key() or client.connection.code(item.signer))
    ]
    verdict.judge(
        "curators",
        not wrong,
        f"Approved by {', '.join(item.signer for item in shown.approvals)}.",
        f"What the node shows is no curator's approval: {', '.join(wrong)}.",
    )


def _check_owner(verdict: Verdict, client: ArtworksReader, history: ArtworkHistory) -> None:
    verdict.owner = history.owner
    block = history.proven.header.number
    told = client.contract.read("stateOf", history.id, block=block).owner
    same = told == (history.owner or ZERO_ADDRESS)
    verdict.judge(
        "owner",
        same,
        f"{history.owner} owns it." if history.owner else "Nobody owns it.",
        f"The node says {told}, its history says {history.owner}.",
    )


def _check_certificate(
    verdict: Verdict, client: ArtworksReader, history: ArtworkHistory, stated: Certificate
) -> None:
    wrong = _misstatements(client, history, stated)
    sold_since = stated.owner != history.owner
    since = f" Its owner is {history.owner} by now." if sold_since else ""
    verdict.judge(
        "certificate",
        not wrong,
        f"It says what was so in block {stated.block:,}.{since}",
        f"It is wrong about {', '.join(wrong)}.",
    )
    verdict.note(
        "gallery",
        Outcome.NOTED,
        f"It names the gallery {stated.contract}: make sure that it is the one you mean.",
    )


def _misstatements(
    client: ArtworksReader, history: ArtworkHistory, stated: Certificate
) -> list[str]:
    """Return what a certificate says that is not so."""
    known = [link.to_json() for link in history.links if link.block <= stated.block]
    until = ArtworkHistory(
        history.id,
        history.artwork,
        tuple(link for link in history.links if link.block <= stated.block),
        history.proven,
        history.events,
    )
    artwork = history.artwork
    assert artwork is not None  # there is a record
    place = (client.connection.chain_id, client.contract.address, history.id)
    claims = {
        "the work": (stated.chain_id, stated.contract, stated.id) == place,
        "its history": list(stated.history) == known,
        "its owner": stated.owner == until.owner,
        "a revocation": stated.is_revoked == until.is_revoked,
        "the metadata": stated.metadata is None or stated.metadata.hash == artwork.metadata_hash,
        "the record": stated.signed is None or stated.signed.artwork == artwork,
        "the artist's signature": stated.signed is None or _is_genuine(client, stated),
        "the approvals": all(item.approval.artwork == artwork for item in stated.approvals),
    }
    return [name for name, is_so in claims.items() if not is_so]


def _is_genuine(client: ArtworksReader, stated: Certificate) -> bool:
    signed = stated.signed
    assert signed is not None  # said by the caller
    by_key = signed.domain == client.domain and signed.signed_by_key()
    return by_key or bool(client.connection.code(signed.signer))


def _note_likeness(
    verdict: Verdict,
    works: list[RegisteredWork],
    history: ArtworkHistory,
    variants: Sequence[int],
) -> None:
    """Cite works that look like it; which came first, the history says."""
    artwork = history.artwork
    assert artwork is not None  # there is a record
    registered = history.registered.number if history.registered else 0
    shown = tuple(variants) or ((artwork.p_hash,) if artwork.p_hash else ())
    near = [item for item in near_works(works, shown, beside=artwork.file_keccak) if item.is_near]
    if not near:
        verdict.note("likeness", Outcome.PASSED, "No other registered work looks like it.")
        return
    cited = ", ".join(
        f"{hex(item.work.id)} ({'earlier' if item.work.number < registered else 'later'})"
        for item in near
    )
    verdict.note("likeness", Outcome.NOTED, f"Registered works look like it: {cited}.")


def _note_cases(verdict: Verdict, client: ArtworksReader, history: ArtworkHistory) -> None:
    from crmdapp.provenance.curators import BoardClient

    board = BoardClient(client.connection, client.board)
    opened = board.open_cases(history.id, block=history.proven.header.number)
    if opened:
        names = ", ".join(ground.name.lower().replace("_", " ") for ground in opened)
        verdict.note("challenges", Outcome.NOTED, f"The curators are asked about it: {names}.")
