"""Signed intents of elections: registrars sign who may vote.

Votes are none: a secret ballot is sealed and signed on its voter's own machine, and a public vote
is a transaction of its voter's wallet.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from crmdapp.ballots.elections import ElectionsClient
from crmdapp.ballots.registration import (
    RegistrationIntent,
    SignedRegistration,
    require_registration,
)
from crmdapp.ballots.roll import RollClient
from crmdapp.chain.signed import compact
from crmdapp.web.api.intents.kinds import Relayed, Relaying, intent_kind
from crmdapp.web.context import Context
from crmdapp.web.models import AddressIn, Hash32, Model


class RegistrationWanted(Model):
    """Who may vote: a citizen's nullifier, the key that they made, and their precinct."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "election": 1,
                    "precinct": 0,
                    "nullifier": "0x" + "5a" * 32,
                    "voter": "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
                }
            ]
        }
    )

    election: Annotated[int, Field(ge=1, lt=1 << 53)]
    precinct: Annotated[int, Field(ge=0, le=63)] = 0
    nullifier: Hash32
    voter: AddressIn


@dataclass(frozen=True, slots=True)
class OneSignature:
    """A registration with the signature of one registrar.

    Attributes:
        registration: What was signed.
        signer: Who signed.
    """

    registration: SignedRegistration
    signer: str

    @property
    def digest(self) -> bytes:
        """The 32 bytes that were signed."""
        return self.registration.digest


@intent_kind(
    "ballots.registration",
    contract="VoterRoll",
    primary_type="Registration",
    request=RegistrationWanted,
)
class BallotsRegistration:
    """Register a voter, as the registrar of an election where one signature is enough.

    Where several registrars have to sign, each signs what is prepared here, and the signatures go
    together to ``/v1/elections/{number}/registrations``.
    """

    @staticmethod
    def prepare(context: Context, wanted: RegistrationWanted) -> dict[str, Any]:
        """Return the registration, good until registration ends."""
        client = context.reader(RollClient)
        election = ElectionsClient.at(context.connection, context.manifest).election(
            wanted.election
        )
        intent = RegistrationIntent(
            wanted.election,
            wanted.precinct,
            wanted.nullifier,
            wanted.voter,
            election.windows.registration_until,
        )
        return require_registration(intent).to_json(client.domain)

    @staticmethod
    def read(body: Mapping[str, Any]) -> OneSignature:
        """Return the registration with its signature."""
        signature = bytes.fromhex(str(body["signature"]).removeprefix("0x"))
        document = {
            "typedData": body["typedData"],
            "signatures": ["0x" + compact(signature).hex()],
        }
        signed = SignedRegistration.from_json(json.dumps(document))
        return OneSignature(signed, signed.signers[0])

    @staticmethod
    def relay(relaying: Relaying, signed: OneSignature) -> Relayed:
        """Enter the voter on the roll."""
        roll = relaying.client(RollClient)
        election = signed.registration.intent.election
        return relaying.sent(roll.register(election, [signed.registration])[0])
