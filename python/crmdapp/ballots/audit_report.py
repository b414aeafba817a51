"""What an audit found, as data that its auditor signs.

The JSON form (``audit-report-1``)::

    {"format": "audit-report-1", "chainId": 1, "election": 7, "contracts": {...},
     "record": "0x..", "block": 900, "blockHash": "0x..", "time": 1780000000,
     "holds": true, "phase": "Tallied", "voters": 1000,
     "links": [{"link": "record", "state": "holds", "checked": 812}, ...],
     "broken": null,
     "questions": [{"question": 0, "phase": "Tallied", "ballots": 950, "counts": [..],
                    "groups": [{"firstPrecinct": 0, "lastPrecinct": 1, "ballots": 950,
                                "counts": [..]}]}],
     "secondImplementation": {"ballots": 20, "proofs": 12}, "notes": ["..."]}

``record`` is the digest of the record that was audited. A link's ``state`` is ``holds``,
``broken`` or ``unchecked``; ``checked`` is how many things were. ``broken`` names the first broken
link: ``{"link": "proofs", "place": "block 12, log 3 (BallotsCast)", "reason": "..."}``; the links
behind it are unchecked and there are no questions. Signed, the report stands in
``{"report": {...}, "typedData": {...}, "signer": "0x..", "signature": "0x.."}``, where the typed
data (EIP-712) hold keccak256 of the report's canonical form (RFC 8785).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

from crmdapp.ballots.audit_second import SecondSample
from crmdapp.ballots.audit_tally import QuestionResult
from crmdapp.ballots.evidence import BallotContracts
from crmdapp.chain._keccak import keccak
from crmdapp.chain._signed_json import SignedJson, read_struct
from crmdapp.chain.canonical_json import canonical_json
from crmdapp.chain.signed import SignedWithSigner
from crmdapp.chain.typed_data import Domain, TypedData
from crmdapp.errors import UsageError, VerificationFailed

if TYPE_CHECKING:
    from crmdapp.chain.accounts import Signer

FORMAT: Final = "audit-report-1"

HOLDS, BROKEN, UNCHECKED = "holds", "broken", "unchecked"


class AuditFailed(VerificationFailed):
    """A link of an election's chain of proof is broken.

    Args:
        message: What happened.
        link: Name of the first broken link.
        place: Where in the record; empty if it is nowhere.
        reason: What is wrong there.
    """

    def __init__(
        self,
        message: str = "",
        *,
        link: str = "",
        place: str = "",
        reason: str = "",
        why: str = "",
        hint: str = "",
    ) -> None:
        super().__init__(message, why=why, hint=hint)
        self.link = link
        self.place = place
        self.reason = reason


class AuditReportRefused(VerificationFailed):
    """A signed report is not what its auditor signed."""


@dataclass(frozen=True, slots=True)
class AuditLink:
    """A link of the chain of proof.

    Attributes:
        name: Its name.
        state: ``"holds"``, ``"broken"`` or ``"unchecked"``.
        checked: How many things were checked in it.
    """

    name: str
    state: str
    checked: int


@dataclass(frozen=True, slots=True)
class BrokenLink:
    """The first broken link.

    Attributes:
        link: Its name.
        place: Where in the record; empty if it is nowhere.
        reason: What is wrong there.
    """

    link: str
    place: str
    reason: str


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What an audit found.

    Attributes:
        chain_id: The chain.
        election: Number of the election.
        contracts: Where its contracts are.
        record: Digest of the record that was audited, 32 bytes.
        block: The last block of the record.
        block_hash: Its hash, 32 bytes.
        time: Its time, seconds since 1970.
        links: All links, in their order.
        broken: The first that is broken; ``None`` if all hold.
        phase: Where the election is, by the record: as of a question, or ``"Unknown"`` if a link
            is broken.
        voters: How many were registered.
        questions: What became of each; empty if a link is broken.
        second: What the second implementation verified; ``None`` if nobody asked it.
        notes: What the reader has to know.
    """

    chain_id: int
    election: int
    contracts: BallotContracts
    record: bytes
    block: int
    block_hash: bytes
    time: int
    links: tuple[AuditLink, ...]
    broken: BrokenLink | None
    phase: str
    voters: int
    questions: tuple[QuestionResult, ...]
    second: SecondSample | None
    notes: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether every link holds."""
        return self.broken is None

    @property
    def hash(self) -> bytes:
        """keccak256 of the report's canonical form, 32 bytes."""
        return keccak(canonical_json(self.to_json()))

    def require_holds(self) -> None:
        """Check that every link holds.

        Raises:
            AuditFailed: One does not.
        """
        if self.broken is None:
            return
        found = self.broken
        where = f" at {found.place}" if found.place else ""
        raise AuditFailed(
            f"The link '{found.link}' of election {self.election} is broken{where}.",
            link=found.link,
            place=found.place,
            reason=found.reason,
            why=found.reason,
            hint="Take the record from another node; if it stays broken, do not trust the result.",
        )

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON data."""
        found = self.broken
        return {
            "format": FORMAT,
            "chainId": self.chain_id,
            "election": self.election,
            "contracts": self.contracts.by_name(),
            "record": "0x" + self.record.hex(),
            "block": self.block,
            "blockHash": "0x" + self.block_hash.hex(),
            "time": self.time,
            "holds": self.holds,
            "phase": self.phase,
            "voters": self.voters,
            "links": [
                {"link": each.name, "state": each.state, "checked": each.checked}
                for each in self.links
            ],
            "broken": None
            if found is None
            else {"link": found.link, "place": found.place, "reason": found.reason},
            "questions": [_question_data(each) for each in self.questions],
            "secondImplementation": None
            if self.second is None
            else {"ballots": self.second.ballots, "proofs": self.second.proofs},
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True)
class AuditStatement(TypedData):
    """What an auditor signs.

    Attributes:
        election: Number of the election.
        record: Digest of the record that was audited, 32 bytes.
        report: keccak256 of the report's canonical form, 32 bytes.
        holds: Whether every link holds.
    """

    TYPE: ClassVar[str] = "AuditStatement(uint64 election,bytes32 record,bytes32 report,bool holds)"

    election: int
    record: bytes
    report: bytes
    holds: bool


@dataclass(frozen=True, slots=True)
class SignedAuditReport(SignedWithSigner):
    """A report with its auditor's signature.

    Attributes:
        report: The report as JSON data.
        statement: What was signed of it.
        signer: The auditor.
        domain: The chain, and the Tally whose outcome was audited.
        signature: 65 bytes.
    """

    report: Mapping[str, Any]
    statement: AuditStatement
    signer: str
    domain: Domain
    signature: bytes

    @property
    def content(self) -> AuditStatement:
        """What was signed."""
        return self.statement

    def to_json(self) -> dict[str, Any]:
        """Return ``{"report": ..., "typedData": ..., "signer": ..., "signature": ...}``."""
        signed = super(SignedAuditReport, self).to_json()  # slots make another class of this
        return {"report": dict(self.report), **signed}

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str | bytes) -> SignedAuditReport:
        """Return a signed report from JSON; :meth:`require_valid` checks it.

        Raises:
            UsageError: It is none; the message names the field.
        """
        fields = SignedJson(data, "signed report", "AuditStatement")
        report = fields.outer.value("report")
        if not isinstance(report, Mapping):
            raise UsageError("The signed report's report is no JSON object.")
        return cls(
            report=report,
            statement=read_struct(AuditStatement, fields.message),
            signer=fields.outer.address("signer"),
            domain=fields.domain(),
            signature=fields.signature(),
        )

    def require_valid(self) -> None:
        """Check that the signer signed this very report.

        Raises:
            AuditReportRefused: It is another report, or its statement says something else of it.
            IntentSignatureInvalid: Somebody else signed, or the signature is malformed.
        """
        report, statement = self.report, self.statement
        if report.get("format") != FORMAT:
            raise AuditReportRefused(f"This is no report in the format {FORMAT}.")
        found = keccak(canonical_json(dict(report)))
        if found != statement.report:
            raise AuditReportRefused(
                "The report was changed since it was signed.",
                why=f"Its hash is 0x{found.hex()}, signed is 0x{statement.report.hex()}.",
            )
        stated = (
            report.get("election"),
            report.get("record"),
            report.get("holds"),
            report.get("chainId"),
            _tally_of(report),
        )
        signed = (
            statement.election,
            "0x" + statement.record.hex(),
            statement.holds,
            self.domain.chain_id,
            self.domain.verifying_contract,
        )
        if stated != signed or self.domain != audit_domain(*signed[3:]):
            raise AuditReportRefused("What was signed is about another election or record.")
        self.require_signed_by_key()


def audit_domain(chain_id: int, tally: str) -> Domain:
    """Return what auditors sign for: a chain, and the Tally whose outcome they audited."""
    return Domain("AuditReport", "1", chain_id, tally)


def sign_report(report: AuditReport, signer: Signer) -> SignedAuditReport:
    """Return a report with its auditor's signature.

    Raises:
        KeyProblem: The signer cannot sign.
    """
    statement = AuditStatement(report.election, report.record, report.hash, report.holds)
    domain = audit_domain(report.chain_id, report.contracts.tally)
    return SignedAuditReport(
        report=report.to_json(),
        statement=statement,
        signer=signer.address,
        domain=domain,
        signature=statement.sign(signer, domain),
    )


def _question_data(result: QuestionResult) -> dict[str, Any]:
    return {
        "question": result.question,
        "phase": result.phase,
        "ballots": result.ballots,
        "counts": list(result.counts),
        "groups": [
            {
                "firstPrecinct": group.first_precinct,
                "lastPrecinct": group.last_precinct,
                "ballots": group.ballots,
                "counts": list(counts),
            }
            for group, counts in zip(result.groups, result.group_counts, strict=True)
        ],
    }


def _tally_of(report: Mapping[str, Any]) -> Any:
    contracts = report.get("contracts")
    return contracts.get("Tally") if isinstance(contracts, Mapping) else None
