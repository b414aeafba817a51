"""What the API takes and gives of an organiser: created, moved on, registered, tallied."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from crmdapp.web.api.ballots.models import HASH, TX, VOTER, ShareDue, example
from crmdapp.web.models import Hash32, Model, PlainText


class ElectionCreated(Model):
    """An election that was created."""

    model_config = example(election=1, definition_hash=HASH, tx_hash=TX, block=1204)

    election: int
    definition_hash: Hash32
    tx_hash: str
    block: int


class DefinitionChecked(Model):
    """A definition that can be created."""

    model_config = example(
        definition_hash=HASH, title="Council of the town library", questions=2, most_voters=200
    )

    definition_hash: Hash32
    title: str
    questions: int
    most_voters: int


class Cancellation(Model):
    """Why an election is called off; the chain keeps the hash of these words."""

    model_config = example(reason="A trustee has died.")

    reason: Annotated[PlainText, Field(min_length=1, max_length=5_000)]


class Moved(Model):
    """Transactions that took effect; none if there was nothing left to do."""

    model_config = example(election=1, transactions=[TX], block=1204)

    election: int
    transactions: list[str]
    block: int | None


class RegistrationIn(Model):
    """A registration with the signatures of registrars, a line of ``elections register sign``."""

    model_config = example(
        typedData={
            "domain": {"name": "VoterRoll", "version": "1", "chainId": 31337},
            "primaryType": "Registration",
            "types": {},
            "message": {"election": "1", "precinct": "0", "voter": VOTER},
        },
        signatures=["0x" + "ab" * 64],
    )

    typed_data: dict[str, Any] = Field(alias="typedData")
    signatures: Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=15)]


class RegistrationsIn(Model):
    """Registrations to be entered on the roll; several parts of one are joined."""

    model_config = example(registrations=[])

    registrations: Annotated[list[RegistrationIn], Field(min_length=1, max_length=2_000)]


class Registered(Model):
    """Voters that were entered."""

    model_config = example(election=1, registrations=4, voters=120, transactions=[TX])

    election: int
    registrations: int
    voters: int
    transactions: list[str]


class Tallied(Model):
    """Groups whose counts were proved now, and those that wait for shares."""

    model_config = example(
        election=1,
        tallied=[{"question": 0, "group": 0}],
        waiting=[],
        transactions=[TX],
    )

    election: int
    tallied: list[ShareDue]
    waiting: list[ShareDue]
    transactions: list[str]
