"""What goes in and out of the customers' endpoints."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from crmdapp.web.models import AddressIn, Hash32, Model, PlainText, Uint

ADDRESS = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
CID = "0x" + "6b" * 31 + "00"
WORD = "0x" + "9c" * 32

Level = Annotated[int, Field(ge=0, le=255)]
Moment = Annotated[int, Field(ge=0, lt=1 << 40, description="Unix seconds.")]
Term = Annotated[PlainText, Field(min_length=1, max_length=120)]
Document = Annotated[dict[str, Any], Field(description="As the signer's tool wrote it.")]


def example(**values: Any) -> ConfigDict:
    """Return the configuration of a model with an example."""
    return ConfigDict(json_schema_extra={"examples": [values]})


# ------------------------------------------------------------------------------------- scopes


class AttestorIn(Model):
    """Who may verify people, and up to which level; 0 removes."""

    model_config = example(address=ADDRESS, level=3)

    address: AddressIn
    level: Level


class ScopeIn(Model):
    """A new scope. Delay, quorum and openness can never be changed."""

    model_config = example(
        attestors=[{"address": ADDRESS, "level": 3}],
        recovery_delay=86_400,
        quorum=1,
        self_registration=False,
    )

    attestors: list[AttestorIn] = Field(max_length=50)
    recovery_delay: int = Field(ge=86_400, le=31_536_000, description="Seconds.")
    quorum: int = Field(default=0, ge=0, le=255)
    self_registration: bool = False


class LevelIn(Model):
    """The highest level that an attestor may give; 0 removes it."""

    model_config = example(level=2)

    level: Level


class AttestorOut(Model):
    """An attestor of a scope; ``active_at`` is from when its signatures count."""

    model_config = example(attestor=ADDRESS, level=3, active_at=1_790_000_000)

    attestor: str
    level: int
    active_at: int


class ScopeOut(Model):
    """A scope with its attestors."""

    model_config = example(
        scope=1,
        owner=ADDRESS,
        created_at=1_790_000_000,
        attestors=[{"attestor": ADDRESS, "level": 3, "active_at": 1_790_000_000}],
    )

    scope: int
    owner: str
    created_at: int
    attestors: list[AttestorOut]


# ------------------------------------------------------------------------------------- profiles


class SignedStatementIn(Model):
    """One document that was signed elsewhere: by an attestor, a customer or a wallet."""

    model_config = example(signed={"typedData": {}, "signature": "0x"})

    signed: Document


class SeveralSigned(Model):
    """The same intent with several signatures."""

    model_config = example(signed=[{"typedData": {}, "signature": "0x", "signer": ADDRESS}])

    signed: list[Document] = Field(min_length=1, max_length=64)


class RecoveryIn(SeveralSigned):
    """A recovery, and the guardians if they signed it; their salt is in their file."""

    model_config = example(signed=[{"typedData": {}, "signature": "0x"}], guardians=None)

    guardians: Document | None = None


class ExecuteIn(Model):
    """Which of the two recoveries that may wait."""

    model_config = example(by_guardians=True)

    by_guardians: bool


class RecordIn(Model):
    """One person of a batch."""

    model_config = example(tag=WORD, root=WORD, controller=ADDRESS, level=1)

    tag: Hash32
    root: Hash32
    controller: AddressIn
    level: Level


class RegistrationBatchIn(Model):
    """People that the company's own account verified, as an attestor of the scope."""

    model_config = example(
        scope=1,
        records=[{"tag": WORD, "root": WORD, "controller": ADDRESS, "level": 1}],
    )

    scope: int = Field(ge=1, lt=1 << 24)
    records: list[RecordIn] = Field(min_length=1, max_length=1_000)


class RegistrationBatchOut(Model):
    """What became of a batch."""

    model_config = example(registered=200, known=0, gas_used="5200000")

    registered: int
    known: int
    gas_used: Uint


class ProfileOut(Model):
    """A customer of the company.

    What the vault knows is named without values; what the registry knows is ``null`` until it is
    registered there.
    """

    model_config = example(
        cid=CID,
        custodial=False,
        added_at=1_790_000_000,
        registered=True,
        controller=ADDRESS,
        level=2,
        epoch=0,
        status="active",
        tags=1,
        merged_into=None,
        registered_at=1_790_000_000,
        erased_at=0,
        fields=["email"],
        consents=1,
    )

    cid: Hash32
    custodial: bool
    added_at: int
    registered: bool
    controller: str | None = None
    level: int | None = None
    epoch: int | None = None
    status: str | None = None
    tags: int | None = None
    merged_into: Hash32 | None = None
    registered_at: int | None = None
    erased_at: int | None = None
    fields: tuple[str, ...] = ()
    consents: int = 0


class ChangeOut(Model):
    """One thing that happened."""

    model_config = example(
        kind="granted", detail=WORD, at=1_790_000_000, block=12, tx_hash="0x" + "ab" * 32
    )

    kind: str
    detail: str
    at: int
    block: int
    tx_hash: str


# ------------------------------------------------------------------------------------- consents


class RequestIn(Model):
    """What the company asks of one customer: the draft of a request, and the notice it shows."""

    model_config = example(
        draft={
            "subject": ADDRESS,
            "purposes": ["DirectMarketing"],
            "categories": ["EmailAddress"],
            "jurisdiction": "DE",
            "valid_for": "365d",
            "company": {
                "name": "Bean There",
                "address": "Main Street 1, Berlin",
                "country": "DE",
                "contact": "Data protection officer",
                "email": "privacy@bean.example",
                "phone": "+49 30 23125000",
                "url": "https://bean.example",
            },
            "handling": {
                "service": "News about coffee",
                "notice_url": "https://bean.example/privacy",
                "language": "en",
                "storage": ["DE"],
                "retention": "P1Y",
                "withdrawal": "https://bean.example/consent",
            },
        },
        notice="We write to you about coffee, twice a month at most.\n",
        answer_within=604_800,
    )

    draft: dict[str, Any]
    notice: str = Field(min_length=1, max_length=200_000)
    answer_within: int = Field(default=604_800, ge=60, le=31_536_000, description="Seconds.")


class RequestOut(Model):
    """A signed request, for the customer. It holds salts: keep it like the data it is about."""

    model_config = example(consent_id=WORD, request="eyJ...")

    consent_id: Hash32
    request: str


class GrantIn(Model):
    """A customer's agreement: the signed grant, with the terms in it."""

    model_config = example(grant={"typedData": {}, "signature": "0x"}, request="eyJ...")

    grant: Document
    request: str | None = Field(default=None, max_length=200_000)


class DenialIn(Model):
    """A customer's signed no, and the request that it answers."""

    model_config = example(request="eyJ...", denial="eyJ...")

    request: str = Field(max_length=200_000)
    denial: str = Field(max_length=200_000)


class GrantsIn(Model):
    """Many agreements, relayed together."""

    model_config = example(grants=[{"typedData": {}, "signature": "0x"}])

    grants: list[Document] = Field(min_length=1, max_length=200)


class GrantOut(Model):
    """What became of one agreement."""

    model_config = example(consent_id=WORD, granted=True, reason="", tx_hash="0x" + "ab" * 32)

    consent_id: Hash32
    granted: bool
    reason: str
    tx_hash: str


class GrantsOut(Model):
    """What became of many."""

    model_config = example(outcomes=[])

    outcomes: list[GrantOut]


class ConsentOut(Model):
    """A consent that the company holds, or was refused the end of.

    ``state`` is what it is good for now: unknown, pending, active, expired, withdrawn or revoked.
    """

    model_config = example(
        consent_id=WORD,
        subject=ADDRESS,
        state="active",
        purposes=["DirectMarketing"],
        categories=["EmailAddress"],
        jurisdiction="DE",
        valid_from=1_790_000_000,
        ends_at=1_821_536_000,
        granted_at=1_790_000_100,
        ended_at=0,
        version=1,
        reward=None,
    )

    consent_id: Hash32
    subject: str
    state: str
    purposes: list[str]
    categories: list[str]
    jurisdiction: str
    valid_from: int
    ends_at: int
    granted_at: int
    ended_at: int
    version: int
    reward: Uint | None = None


class ConsentCounts(Model):
    """How many of the company's consents stand where."""

    model_config = example(
        unknown=3, pending=0, active=120, expired=4, withdrawn=7, revoked=1, as_of=1_790_000_000
    )

    unknown: int
    pending: int
    active: int
    expired: int
    withdrawn: int
    revoked: int
    as_of: int


class CheckIn(Model):
    """What the company wants to do with which data."""

    model_config = example(purposes=["DirectMarketing"], categories=["EmailAddress"])

    purposes: list[Term] = Field(min_length=1, max_length=130)
    categories: list[Term] = Field(min_length=1, max_length=260)


class CheckOut(Model):
    """Whether the consent holds now and covers all of it, by the chain's word."""

    model_config = example(holds=True, block=120)

    holds: bool
    block: int


class ReceiptOut(Model):
    """A receipt that the company signed."""

    model_config = example(kind="consent-receipt+jwt", document="eyJ...")

    kind: str
    document: str


class VaultReceiptOut(Model):
    """What the vault destroyed, signed; and the transaction, if there was one."""

    model_config = example(receipt_hash=WORD, receipt={}, tx_hash=None, block=None)

    receipt_hash: Hash32
    receipt: dict[str, Any]
    tx_hash: str | None = None
    block: int | None = None
