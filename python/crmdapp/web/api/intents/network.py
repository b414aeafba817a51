"""What customers permit by a signature between brands: exchange, and the terms they accept."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from pydantic import ConfigDict

from crmdapp.loyalty.client import LoyaltyClient
from crmdapp.loyalty.intents import NO_TERMS, ExchangeIntent, SignedIntent, require_fits
from crmdapp.loyalty.terms import TermsClient
from crmdapp.loyalty.terms_acceptance import SignedAcceptance, TermsAcceptance
from crmdapp.web.api.intents.kinds import Relayed, Relaying, intent_kind
from crmdapp.web.api.intents.loyalty import ValidFor, deadline
from crmdapp.web.context import Context
from crmdapp.web.models import AddressIn, Hash32, Model, Uint

_HOUR = 3_600
_ADDRESS = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"


class ExchangeRequest(Model):
    """Points of one program to change into another's.

    Attributes:
        program: Whose points are given.
        to_program: Whose points are received.
        holder: Who gives and receives, and signs.
        points: Units of 0.01 point to give.
        min_points: Least units to receive, else nothing happens.
        terms_hash: Legal terms accepted with it; none by default.
        valid_for: Seconds until the signature expires.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "program": "2",
                    "to_program": "4",
                    "holder": _ADDRESS,
                    "points": "1000",
                    "min_points": "740",
                }
            ]
        }
    )

    program: Uint
    to_program: Uint
    holder: AddressIn
    points: Uint
    min_points: Uint
    terms_hash: Hash32 = NO_TERMS
    valid_for: ValidFor = _HOUR


class AcceptanceRequest(Model):
    """A version of a program's terms to accept.

    Attributes:
        program: The program.
        bundle_hash: Names the version.
        member: Who accepts, and signs.
        valid_for: Seconds until the signature expires.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"program": "2", "bundle_hash": "0x" + "ab" * 32, "member": _ADDRESS}]
        }
    )

    program: Uint
    bundle_hash: Hash32
    member: AddressIn
    valid_for: ValidFor = _HOUR


@intent_kind(
    "loyalty.exchange",
    contract="PointsHub",
    primary_type="ExchangeIntent",
    request=ExchangeRequest,
)
class LoyaltyExchange:
    """Change points of one program into another's."""

    @staticmethod
    def prepare(context: Context, wanted: ExchangeRequest) -> dict[str, Any]:
        """Return the exchange as the holder's wallet signs it."""
        intent = ExchangeIntent(
            wanted.program,
            wanted.to_program,
            wanted.holder,
            wanted.points,
            wanted.min_points,
            wanted.terms_hash,
            secrets.randbits(256),
            deadline(context, wanted.valid_for),
        )
        require_fits(intent)
        return intent.to_json(context.reader(LoyaltyClient).domain)

    @staticmethod
    def read(body: Mapping[str, Any]) -> SignedIntent:
        """Return the signed exchange."""
        return SignedIntent.from_json(body)

    @staticmethod
    def relay(relaying: Relaying, signed: SignedIntent) -> Relayed:
        """Submit it alone."""
        client = relaying.client(LoyaltyClient)
        return relaying.sent(client.submit(signed, key=relaying.key))


@intent_kind(
    "loyalty.accept-terms",
    contract="ProgramTerms",
    primary_type="TermsAcceptance",
    request=AcceptanceRequest,
)
class LoyaltyAcceptTerms:
    """Accept a version of a program's terms."""

    @staticmethod
    def prepare(context: Context, wanted: AcceptanceRequest) -> dict[str, Any]:
        """Return the acceptance as the member's wallet signs it."""
        acceptance = TermsAcceptance(
            wanted.program,
            wanted.bundle_hash,
            wanted.member,
            secrets.randbits(256),
            deadline(context, wanted.valid_for),
        )
        return acceptance.to_json(context.reader(TermsClient).domain)

    @staticmethod
    def read(body: Mapping[str, Any]) -> SignedAcceptance:
        """Return the signed acceptance."""
        return SignedAcceptance.from_json(body)

    @staticmethod
    def relay(relaying: Relaying, signed: SignedAcceptance) -> Relayed:
        """Submit it alone."""
        client = relaying.client(TermsClient)
        return relaying.sent(client.submit(signed, key=relaying.key))
