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
    from crmdapp.loyalty.campaign_file import read_campaign as read_campaign
    from crmdapp.loyalty.campaign_rules import Campaign as Campaign
    from crmdapp.loyalty.campaigns import CampaignClient as CampaignClient
    from crmdapp.loyalty.campaigns import CouponKey as CouponKey
    from crmdapp.loyalty.campaigns import Drop as Drop
    from crmdapp.loyalty.cards import GiftCard as GiftCard
    from crmdapp.loyalty.cards import GiftPayment as GiftPayment
    from crmdapp.loyalty.cards import HeldCard as HeldCard
    from crmdapp.loyalty.cards import SignedPayment as SignedPayment
    from crmdapp.loyalty.cards import voucher_domain as voucher_domain
    from crmdapp.loyalty.clearing import ClearingClient as ClearingClient
    from crmdapp.loyalty.clearing import Deposit as Deposit
    from crmdapp.loyalty.clearing import Settlement as Settlement
    from crmdapp.loyalty.client import LoyaltyClient as LoyaltyClient
    from crmdapp.loyalty.coin import Coin as Coin
    from crmdapp.loyalty.coin import CoinClient as CoinClient
    from crmdapp.loyalty.coupon_issuer import CouponIssuer as CouponIssuer
    from crmdapp.loyalty.coupon_journal import CouponJournal as CouponJournal
    from crmdapp.loyalty.coupons import Coupon as Coupon
    from crmdapp.loyalty.coupons import SignedCoupon as SignedCoupon
    from crmdapp.loyalty.coupons import sign_coupon as sign_coupon
    from crmdapp.loyalty.coupons import sign_coupons as sign_coupons
    from crmdapp.loyalty.drops import DropClaim as DropClaim
    from crmdapp.loyalty.drops import DropTree as DropTree
    from crmdapp.loyalty.gifts import Gift as Gift
    from crmdapp.loyalty.intent_journal import IntentJournal as IntentJournal
    from crmdapp.loyalty.intent_journal import RelayedIntent as RelayedIntent
    from crmdapp.loyalty.intents import ExchangeIntent as ExchangeIntent
    from crmdapp.loyalty.intents import RedeemIntent as RedeemIntent
    from crmdapp.loyalty.intents import SignedIntent as SignedIntent
    from crmdapp.loyalty.intents import TransferIntent as TransferIntent
    from crmdapp.loyalty.intents import deadline_in as deadline_in
    from crmdapp.loyalty.intents import hub_domain as hub_domain
    from crmdapp.loyalty.intents import sign_batch as sign_batch
    from crmdapp.loyalty.intents import sign_exchange as sign_exchange
    from crmdapp.loyalty.intents import sign_redeem as sign_redeem
    from crmdapp.loyalty.intents import sign_transfer as sign_transfer
    from crmdapp.loyalty.joining import Joined as Joined
    from crmdapp.loyalty.joining import JoinPlan as JoinPlan
    from crmdapp.loyalty.joining import JoinStep as JoinStep
    from crmdapp.loyalty.joining import join as join
    from crmdapp.loyalty.models import EpochClock as EpochClock
    from crmdapp.loyalty.models import Issuer as Issuer
    from crmdapp.loyalty.models import Liability as Liability
    from crmdapp.loyalty.models import Lot as Lot
    from crmdapp.loyalty.models import Program as Program
    from crmdapp.loyalty.models import ProgramConfig as ProgramConfig
    from crmdapp.loyalty.models import Statement as Statement
    from crmdapp.loyalty.network import NetworkClient as NetworkClient
    from crmdapp.loyalty.network_models import Position as Position
    from crmdapp.loyalty.network_models import PriceChange as PriceChange
    from crmdapp.loyalty.network_models import Prices as Prices
    from crmdapp.loyalty.network_models import Quote as Quote
    from crmdapp.loyalty.network_models import RedemptionQuote as RedemptionQuote
    from crmdapp.loyalty.nonces import NonceBook as NonceBook
    from crmdapp.loyalty.points import UNLIMITED as UNLIMITED
    from crmdapp.loyalty.points import to_points as to_points
    from crmdapp.loyalty.points import to_units as to_units
    from crmdapp.loyalty.relayer import FlushReport as FlushReport
    from crmdapp.loyalty.relayer import Relayer as Relayer
    from crmdapp.loyalty.returns import AwardedRecord as AwardedRecord
    from crmdapp.loyalty.returns import Redemption as Redemption
    from crmdapp.loyalty.returns import ReturnsClient as ReturnsClient
    from crmdapp.loyalty.terms import TermsClient as TermsClient
    from crmdapp.loyalty.terms_acceptance import SignedAcceptance as SignedAcceptance
    from crmdapp.loyalty.terms_acceptance import sign_acceptance as sign_acceptance
    from crmdapp.loyalty.terms_acceptance import terms_domain as terms_domain
    from crmdapp.loyalty.terms_file import TermsBundle as TermsBundle
    from crmdapp.loyalty.vouchers import Guild as Guild
    from crmdapp.loyalty.vouchers import VoucherClient as VoucherClient
    from crmdapp.loyalty.wallet import Holding as Holding
    from crmdapp.loyalty.wallet import Wallet as Wallet

_HOMES = {
    "UNLIMITED": "points",
    "AwardPlan": "award_file",
    "AwardReport": "award_file",
    "AwardedRecord": "returns",
    "Campaign": "campaign_rules",
    "CampaignClient": "campaigns",
    "ClearingClient": "clearing",
    "Coin": "coin",
    "CoinClient": "coin",
    "Coupon": "coupons",
    "CouponIssuer": "coupon_issuer",
    "CouponJournal": "coupon_journal",
    "CouponKey": "campaigns",
    "Deposit": "clearing",
    "Drop": "campaigns",
    "DropClaim": "drops",
    "DropTree": "drops",
    "EpochClock": "models",
    "ExchangeIntent": "intents",
    "FlushReport": "relayer",
    "Gift": "gifts",
    "GiftCard": "cards",
    "GiftPayment": "cards",
    "Guild": "vouchers",
    "HeldCard": "cards",
    "Holding": "wallet",
    "IntentJournal": "intent_journal",
    "Issuer": "models",
    "JoinPlan": "joining",
    "JoinStep": "joining",
    "Joined": "joining",
    "Liability": "models",
    "Lot": "models",
    "LoyaltyClient": "client",
    "NetworkClient": "network",
    "NonceBook": "nonces",
    "Position": "network_models",
    "PriceChange": "network_models",
    "Prices": "network_models",
    "Program": "models",
    "ProgramConfig": "models",
    "Quote": "network_models",
    "RedeemIntent": "intents",
    "Redemption": "returns",
    "RedemptionQuote": "network_models",
    "RelayedIntent": "intent_journal",
    "Relayer": "relayer",
    "ReturnsClient": "returns",
    "Settlement": "clearing",
    "SignedAcceptance": "terms_acceptance",
    "SignedCoupon": "coupons",
    "SignedIntent": "intents",
    "SignedPayment": "cards",
    "Statement": "models",
    "TermsBundle": "terms_file",
    "TermsClient": "terms",
    "TransferIntent": "intents",
    "VoucherClient": "vouchers",
    "Wallet": "wallet",
    "deadline_in": "intents",
    "hub_domain": "intents",
    "join": "joining",
    "read_campaign": "campaign_file",
    "sign_acceptance": "terms_acceptance",
    "sign_batch": "intents",
    "sign_coupon": "coupons",
    "sign_coupons": "coupons",
    "sign_exchange": "intents",
    "sign_redeem": "intents",
    "sign_transfer": "intents",
    "terms_domain": "terms_acceptance",
    "to_points": "points",
    "to_units": "points",
    "voucher_domain": "cards",
}

__all__ = [
    "UNLIMITED",
    "AwardPlan",
    "AwardReport",
    "AwardedRecord",
    "Campaign",
    "CampaignClient",
    "ClearingClient",
    "Coin",
    "CoinClient",
    "Coupon",
    "CouponIssuer",
    "CouponJournal",
    "CouponKey",
    "Deposit",
    "Drop",
    "DropClaim",
    "DropTree",
    "EpochClock",
    "ExchangeIntent",
    "FlushReport",
    "Gift",
    "GiftCard",
    "GiftPayment",
    "Guild",
    "HeldCard",
    "Holding",
    "IntentJournal",
    "Issuer",
    "JoinPlan",
    "JoinStep",
    "Joined",
    "Liability",
    "Lot",
    "LoyaltyClient",
    "NetworkClient",
    "NonceBook",
    "Position",
    "PriceChange",
    "Prices",
    "Program",
    "ProgramConfig",
    "Quote",
    "RedeemIntent",
    "Redemption",
    "RedemptionQuote",
    "RelayedIntent",
    "Relayer",
    "ReturnsClient",
    "Settlement",
    "SignedAcceptance",
    "SignedCoupon",
    "SignedIntent",
    "SignedPayment",
    "Statement",
    "TermsBundle",
    "TermsClient",
    "TransferIntent",
    "VoucherClient",
    "Wallet",
    "deadline_in",
    "hub_domain",
    "join",
    "read_campaign",
    "sign_acceptance",
    "sign_batch",
    "sign_coupon",
    "sign_coupons",
    "sign_exchange",
    "sign_redeem",
    "sign_transfer",
    "terms_domain",
    "to_points",
    "to_units",
    "voucher_domain",
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
