"""What goes in and out of the endpoints about attestations."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from crmdapp.web.api.customers.models import ADDRESS, WORD, Moment, example
from crmdapp.web.models import AddressIn, Hash32, Model


class TopicIn(Model):
    """A new kind of claims; ``schema_hash`` is keccak256 of their description."""

    model_config = example(quorum=1, schema_hash=WORD)

    quorum: int = Field(ge=1, le=255)
    schema_hash: Hash32


class TopicOut(Model):
    """A kind of claims."""

    model_config = example(topic=1, owner=ADDRESS, quorum=1, schema_hash=WORD)

    topic: int
    owner: str
    quorum: int
    schema_hash: Hash32


class DismissIn(Model):
    """From when on an attestor's word is void; a past moment voids what a stolen key signed."""

    model_config = example(until=1_790_000_000)

    until: Moment


class AttestIn(Model):
    """The company's word on statements; ``expiry`` 0 is no end."""

    model_config = example(topic=1, level=2, uids=[WORD], expiry=0)

    topic: int = Field(ge=1, lt=1 << 32)
    level: Annotated[int, Field(ge=1, le=255)]
    uids: list[Hash32] = Field(min_length=1, max_length=400)
    expiry: Moment = 0


class UidsIn(Model):
    """Statements whose word is taken back."""

    model_config = example(uids=[WORD])

    uids: list[Hash32] = Field(min_length=1, max_length=400)


class AttestationOut(Model):
    """One attestor's word on one statement; nothing of the statement can be read from it."""

    model_config = example(
        uid=WORD,
        attestor=ADDRESS,
        topic=1,
        level=2,
        issued_at=1_790_000_000,
        expiry=0,
        disowned=False,
        stands=True,
    )

    uid: Hash32
    attestor: str
    topic: int
    level: int
    issued_at: int
    expiry: int
    disowned: bool
    stands: bool


class ValidIn(Model):
    """Which attestors' word is asked for."""

    model_config = example(topic=1, level=2, attestors=[ADDRESS])

    topic: int = Field(ge=1, lt=1 << 32)
    level: Annotated[int, Field(ge=1, le=255)]
    attestors: list[AddressIn] = Field(min_length=1, max_length=50)


class ValidOut(Model):
    """Whether enough of them stand by it now."""

    model_config = example(valid=True)

    valid: bool


class TransactionsOut(Model):
    """Transactions that took effect."""

    model_config = example(transactions=["0x" + "ab" * 32])

    transactions: list[str]
