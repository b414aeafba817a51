"""What goes in and out of the endpoints about the vault, people and rewards."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from crmdapp.web.api.customers.models import ADDRESS, CID, WORD, Document, Moment, Term, example
from crmdapp.web.models import AddressIn, Hash32, Model, PlainText, Uint


class VaultOut(Model):
    """The company's vault. Customers' devices wrap their keys to ``reading_key``."""

    model_config = example(
        signer=ADDRESS, reading_key=WORD, profiles=120, custodial=3, data=840, wraps=96
    )

    signer: str
    reading_key: Hash32
    profiles: int
    custodial: int
    data: int
    wraps: int


class EnrolIn(Model):
    """A profile whose keys the customer has, and the identity that publishes them."""

    model_config = example(cid=CID, subject=ADDRESS)

    cid: Hash32
    subject: AddressIn


class PackageIn(Model):
    """What the customer's device made: public keys, and keys wrapped for companies."""

    model_config = example(package={})

    package: Document


class ProfileClaimIn(Model):
    """A customer takes a custodial profile over; the company has checked that it is the person."""

    model_config = example(subject=ADDRESS, package={})

    subject: AddressIn
    package: Document


class PackageOut(Model):
    """What was taken of it."""

    model_config = example(cid=CID, keys=6, wraps=1)

    cid: Hash32
    keys: int
    wraps: int


class DatumIn(Model):
    """A value to be sealed to the customer's key. It cannot be read back without a consent."""

    model_config = example(
        field="email",
        category="EmailAddress",
        value="ann@mail.example",
        source="online_form",
        reference="form-2026-03",
    )

    field: PlainText = Field(max_length=64)
    category: Term
    value: PlainText = Field(max_length=60_000, repr=False)
    source: PlainText = Field(max_length=40)
    reference: PlainText = Field(default="", max_length=120)


class DataIn(Model):
    """Values to be sealed together, all or none."""

    model_config = example(
        data=[
            {
                "field": "email",
                "category": "EmailAddress",
                "value": "ann@mail.example",
                "source": "online_form",
            }
        ]
    )

    data: list[DatumIn] = Field(min_length=1, max_length=200)


class DatumOut(Model):
    """A sealed value: where it came from, and the bytes that only its reader opens."""

    model_config = example(
        id=7,
        field="email",
        category="EmailAddress",
        version=1,
        source="online_form",
        reference="form-2026-03",
        written_at=1_790_000_000,
        key_id=WORD,
        sealed="0x00",
    )

    id: int
    field: str
    category: str
    version: int
    source: str
    reference: str
    written_at: int
    key_id: Hash32
    sealed: str | None = None


class DataOut(Model):
    """Sealed values."""

    model_config = example(data=[])

    data: list[DatumOut]


class DisclosureOut(Model):
    """Data passed on to a company."""

    model_config = example(
        recipient=ADDRESS,
        consent_id=WORD,
        purposes=["DirectMarketing"],
        data=[7],
        at=1_790_000_000,
        log=WORD,
        seq=7,
    )

    recipient: str
    consent_id: Hash32
    purposes: list[str]
    data: list[int]
    at: int
    log: Hash32 | None = None
    seq: int | None = None


class DisclosuresOut(Model):
    """To whom a customer's data was passed on, oldest first."""

    model_config = example(disclosures=[])

    disclosures: list[DisclosureOut]


class DatumTraceOut(Model):
    """Where a datum came from, and to whom it went."""

    model_config = example(
        id=7,
        cid=CID,
        field="email",
        source="online_form",
        reference="form-2026-03",
        written_at=1_790_000_000,
        custodial=False,
        disclosures=[],
    )

    id: int
    cid: Hash32
    field: str
    source: str
    reference: str
    written_at: int
    custodial: bool
    disclosures: list[DisclosureOut]


class ReleaseIn(Model):
    """A request for data, signed by the company that has the consent."""

    model_config = example(request={"typedData": {}, "signature": "0x", "terms": {}})

    request: Document


class ReleaseOut(Model):
    """Sealed data and wrapped keys: worth nothing but to the company that asked."""

    model_config = example(release={}, leaf=WORD, anchor_by=1_790_003_600)

    release: dict[str, Any]
    leaf: Hash32
    anchor_by: int


class ErasureIn(Model):
    """The customer's signed wish; without one the company erases on its own account."""

    model_config = example(request=None)

    request: Document | None = None


class SegmentIn(Model):
    """Which customers, for which purpose."""

    model_config = example(purpose="DirectMarketing", where=["country is DE"])

    purpose: Term
    where: list[PlainText] = Field(min_length=1, max_length=20)


class SegmentOut(Model):
    """Who fits, and how many could not be looked at, by reason."""

    model_config = example(
        members=[CID], count=1, asked=3, total=5, left_out={"no consent for this": 2}
    )

    members: list[Hash32]
    count: int
    asked: int
    total: int
    left_out: dict[str, int]


class ExportOut(Model):
    """Everything the company has about one customer; what is sealed stays sealed."""

    model_config = example(export={}, data=6, sealed=6)

    export: dict[str, Any]
    data: int
    sealed: int


# ------------------------------------------------------------------------------------- rewards


class RewardIn(Model):
    """A campaign that pays people for disclosures of their data."""

    model_config = example(
        kind="points",
        asset="2",
        cap="500",
        purposes=["DirectMarketing"],
        log_index=0,
        claims_until=1_821_536_000,
    )

    kind: Literal["points", "coin"]
    asset: PlainText = Field(max_length=80, description="Program's number, or coin's address.")
    cap: Uint
    purposes: list[Term] = Field(min_length=1, max_length=130)
    log_index: int = Field(default=0, ge=0, lt=1 << 53)
    claims_until: Moment


class AmountIn(Model):
    """An amount in base units."""

    model_config = example(amount="10000")

    amount: Uint


class PublishIn(Model):
    """What each customer with a disclosure gets, in base units."""

    model_config = example(each="100")

    each: Uint


class RewardOut(Model):
    """A campaign; amounts in base units."""

    model_config = example(
        campaign=1,
        sponsor=ADDRESS,
        kind="points",
        asset="2",
        budget="10000",
        paid="100",
        claims=1,
        published=True,
        created_at=1_790_000_000,
    )

    campaign: int
    sponsor: str
    kind: str
    asset: str
    budget: Uint
    paid: Uint
    claims: int
    published: bool
    created_at: int
