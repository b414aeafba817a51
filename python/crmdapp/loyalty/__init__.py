"""Loyalty points of many brands in one ledger.

The names below are loaded when first used; importing this package loads neither web3 nor
eth_account. Errors and events of the contracts are in ``crmdapp.loyalty.errors`` and
``crmdapp.loyalty.events``, awarding a file in ``crmdapp.loyalty.award_file``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crmdapp.loyalty.award_file import AwardPlan as AwardPlan
    from crmdapp.loyalty.award_file import AwardReport as AwardReport
    from crmdapp.loyalty.client import LoyaltyClient as LoyaltyClient
    from crmdapp.loyalty.intent_journal import IntentJournal as IntentJournal
    from crmdapp.loyalty.intent_journal import RelayedIntent as RelayedIntent
    from crmdapp.loyalty.intents import RedeemIntent as RedeemIntent
    from crmdapp.loyalty.intents import SignedIntent as SignedIntent
    from crmdapp.loyalty.intents import TransferIntent as TransferIntent
    from crmdapp.loyalty.intents import deadline_in as deadline_in
    from crmdapp.loyalty.intents import hub_domain as hub_domain
    from crmdapp.loyalty.intents import sign_batch as sign_batch
    from crmdapp.loyalty.intents import sign_redeem as sign_redeem
    from crmdapp.loyalty.intents import sign_transfer as sign_transfer
    from crmdapp.loyalty.models import EpochClock as EpochClock
    from crmdapp.loyalty.models import Issuer as Issuer
    from crmdapp.loyalty.models import Liability as Liability
    from crmdapp.loyalty.models import Lot as Lot
    from crmdapp.loyalty.models import Program as Program
    from crmdapp.loyalty.models import ProgramConfig as ProgramConfig
    from crmdapp.loyalty.models import Statement as Statement
    from crmdapp.loyalty.points import UNLIMITED as UNLIMITED
    from crmdapp.loyalty.points import to_points as to_points
    from crmdapp.loyalty.points import to_units as to_units
    from crmdapp.loyalty.relayer import FlushReport as FlushReport
    from crmdapp.loyalty.relayer import Relayer as Relayer

_HOMES = {
    "UNLIMITED": "points",
    "AwardPlan": "award_file",
    "AwardReport": "award_file",
    "EpochClock": "models",
    "FlushReport": "relayer",
    "IntentJournal": "intent_journal",
    "Issuer": "models",
    "Liability": "models",
    "Lot": "models",
    "LoyaltyClient": "client",
    "Program": "models",
    "ProgramConfig": "models",
    "RedeemIntent": "intents",
    "RelayedIntent": "intent_journal",
    "Relayer": "relayer",
    "SignedIntent": "intents",
    "Statement": "models",
    "TransferIntent": "intents",
    "deadline_in": "intents",
    "hub_domain": "intents",
    "sign_batch": "intents",
    "sign_redeem": "intents",
    "sign_transfer": "intents",
    "to_points": "points",
    "to_units": "points",
}

__all__ = [
    "UNLIMITED",
    "AwardPlan",
    "AwardReport",
    "EpochClock",
    "FlushReport",
    "IntentJournal",
    "Issuer",
    "Liability",
    "Lot",
    "LoyaltyClient",
    "Program",
    "ProgramConfig",
    "RedeemIntent",
    "RelayedIntent",
    "Relayer",
    "SignedIntent",
    "Statement",
    "TransferIntent",
    "deadline_in",
    "hub_domain",
    "sign_batch",
    "sign_redeem",
    "sign_transfer",
    "to_points",
    "to_units",
]


def __getattr__(name: str) -> Any:
    try:
        home = _HOMES[name]
    except KeyError:
        raise AttributeError(f"module 'crmdapp.loyalty' has no attribute {name!r}") from None
    value = getattr(import_module(f"crmdapp.loyalty.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
