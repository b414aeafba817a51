"""Customers: verified profiles, consent, receipted interactions, credentials.

The names below are loaded when first used; importing this package loads neither web3 nor
eth_account. Errors and events of the contracts are in ``crmdapp.customers.errors`` and
``crmdapp.customers.events``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crmdapp.customers.attestations import Attestation as Attestation
    from crmdapp.customers.attestations import AttestationClient as AttestationClient
    from crmdapp.customers.attestations import AttestationStatus as AttestationStatus
    from crmdapp.customers.attestations import Standing as Standing
    from crmdapp.customers.attestations import Topic as Topic
    from crmdapp.customers.audit import Finding as Finding
    from crmdapp.customers.audit import FindingKind as FindingKind
    from crmdapp.customers.audit import audit_receipts as audit_receipts
    from crmdapp.customers.badge import BadgeClient as BadgeClient
    from crmdapp.customers.badge import BadgeGrant as BadgeGrant
    from crmdapp.customers.badge import SignedBadgeGrant as SignedBadgeGrant
    from crmdapp.customers.badge import badge_domain as badge_domain
    from crmdapp.customers.badge import badge_grant as badge_grant
    from crmdapp.customers.badge import sign_badge as sign_badge
    from crmdapp.customers.did import DidClient as DidClient
    from crmdapp.customers.did_intents import AttributeIntent as AttributeIntent
    from crmdapp.customers.did_intents import DelegateIntent as DelegateIntent
    from crmdapp.customers.did_intents import OwnerIntent as OwnerIntent
    from crmdapp.customers.did_intents import SignedDidIntent as SignedDidIntent
    from crmdapp.customers.did_intents import did_domain as did_domain
    from crmdapp.customers.did_intents import sign_did as sign_did
    from crmdapp.customers.feedback import SignedFeedback as SignedFeedback
    from crmdapp.customers.feedback import SignedReply as SignedReply
    from crmdapp.customers.feedback import sign_feedback as sign_feedback
    from crmdapp.customers.feedback import sign_reply as sign_reply
    from crmdapp.customers.feedback_desk import take_feedback as take_feedback
    from crmdapp.customers.feedback_desk import take_reply as take_reply
    from crmdapp.customers.heads import HeadProof as HeadProof
    from crmdapp.customers.interaction_log import BatchesOmitted as BatchesOmitted
    from crmdapp.customers.interaction_log import LogClient as LogClient
    from crmdapp.customers.leaves import Interaction as Interaction
    from crmdapp.customers.leaves import InteractionKind as InteractionKind
    from crmdapp.customers.leaves import log_of as log_of
    from crmdapp.customers.log_audit import LogAudit as LogAudit
    from crmdapp.customers.log_audit import audit_log as audit_log
    from crmdapp.customers.log_journal import LogJournal as LogJournal
    from crmdapp.customers.log_keys import LogKeys as LogKeys
    from crmdapp.customers.log_models import AnchoredBatch as AnchoredBatch
    from crmdapp.customers.log_proof import InteractionProof as InteractionProof
    from crmdapp.customers.models import Approval as Approval
    from crmdapp.customers.models import Attestor as Attestor
    from crmdapp.customers.models import Badge as Badge
    from crmdapp.customers.models import Customer as Customer
    from crmdapp.customers.models import CustomerStatus as CustomerStatus
    from crmdapp.customers.models import Guardians as Guardians
    from crmdapp.customers.models import Merge as Merge
    from crmdapp.customers.models import Recovery as Recovery
    from crmdapp.customers.models import Scope as Scope
    from crmdapp.customers.models import id_of as id_of
    from crmdapp.customers.models import self_tag as self_tag
    from crmdapp.customers.noting import NewInteraction as NewInteraction
    from crmdapp.customers.noting import Notice as Notice
    from crmdapp.customers.operator import LogOperator as LogOperator
    from crmdapp.customers.receipts import InteractionReceipt as InteractionReceipt
    from crmdapp.customers.receipts import SignedReceipt as SignedReceipt
    from crmdapp.customers.receipts import log_domain as log_domain
    from crmdapp.customers.registering import BatchReport as BatchReport
    from crmdapp.customers.registry import RegistryClient as RegistryClient
    from crmdapp.customers.registry_intents import EraseIntent as EraseIntent
    from crmdapp.customers.registry_intents import GuardiansIntent as GuardiansIntent
    from crmdapp.customers.registry_intents import MergeIntent as MergeIntent
    from crmdapp.customers.registry_intents import RecoveryIntent as RecoveryIntent
    from crmdapp.customers.registry_intents import Registration as Registration
    from crmdapp.customers.registry_intents import RegistrationBatch as RegistrationBatch
    from crmdapp.customers.registry_intents import RootIntent as RootIntent
    from crmdapp.customers.registry_intents import RotateIntent as RotateIntent
    from crmdapp.customers.registry_intents import TagLink as TagLink
    from crmdapp.customers.registry_intents import TagLinkBatch as TagLinkBatch
    from crmdapp.customers.registry_intents import UnmergeIntent as UnmergeIntent
    from crmdapp.customers.registry_intents import VetoIntent as VetoIntent
    from crmdapp.customers.registry_signing import RegistrationRecord as RegistrationRecord
    from crmdapp.customers.registry_signing import SignedRegistryIntent as SignedRegistryIntent
    from crmdapp.customers.registry_signing import TagLinkRecord as TagLinkRecord
    from crmdapp.customers.registry_signing import registry_domain as registry_domain
    from crmdapp.customers.registry_signing import sign_registry as sign_registry
    from crmdapp.customers.statements import AttestationIntent as AttestationIntent
    from crmdapp.customers.statements import AttestationSubject as AttestationSubject
    from crmdapp.customers.statements import DisownIntent as DisownIntent
    from crmdapp.customers.statements import RevocationIntent as RevocationIntent
    from crmdapp.customers.statements import SignedDisowning as SignedDisowning
    from crmdapp.customers.statements import SignedWord as SignedWord
    from crmdapp.customers.statements import Statement as Statement
    from crmdapp.customers.statements import attestation_domain as attestation_domain
    from crmdapp.customers.statements import sign_attestation as sign_attestation
    from crmdapp.customers.statements import sign_disowning as sign_disowning
    from crmdapp.customers.statements import sign_revocation as sign_revocation

_HOMES = {
    "AnchoredBatch": "log_models",
    "Approval": "models",
    "Attestation": "attestations",
    "AttestationClient": "attestations",
    "AttestationIntent": "statements",
    "AttestationStatus": "attestations",
    "AttestationSubject": "statements",
    "Attestor": "models",
    "AttributeIntent": "did_intents",
    "Badge": "models",
    "BadgeClient": "badge",
    "BadgeGrant": "badge",
    "BatchReport": "registering",
    "BatchesOmitted": "interaction_log",
    "Customer": "models",
    "CustomerStatus": "models",
    "DelegateIntent": "did_intents",
    "DidClient": "did",
    "DisownIntent": "statements",
    "EraseIntent": "registry_intents",
    "Finding": "audit",
    "FindingKind": "audit",
    "Guardians": "models",
    "GuardiansIntent": "registry_intents",
    "HeadProof": "heads",
    "Interaction": "leaves",
    "InteractionKind": "leaves",
    "InteractionProof": "log_proof",
    "InteractionReceipt": "receipts",
    "LogAudit": "log_audit",
    "LogClient": "interaction_log",
    "LogJournal": "log_journal",
    "LogKeys": "log_keys",
    "LogOperator": "operator",
    "Merge": "models",
    "MergeIntent": "registry_intents",
    "NewInteraction": "noting",
    "Notice": "noting",
    "OwnerIntent": "did_intents",
    "Recovery": "models",
    "RecoveryIntent": "registry_intents",
    "Registration": "registry_intents",
    "RegistrationBatch": "registry_intents",
    "RegistrationRecord": "registry_signing",
    "RegistryClient": "registry",
    "RevocationIntent": "statements",
    "RootIntent": "registry_intents",
    "RotateIntent": "registry_intents",
    "Scope": "models",
    "SignedBadgeGrant": "badge",
    "SignedDidIntent": "did_intents",
    "SignedDisowning": "statements",
    "SignedFeedback": "feedback",
    "SignedReceipt": "receipts",
    "SignedRegistryIntent": "registry_signing",
    "SignedReply": "feedback",
    "SignedWord": "statements",
    "Standing": "attestations",
    "Statement": "statements",
    "TagLink": "registry_intents",
    "TagLinkBatch": "registry_intents",
    "TagLinkRecord": "registry_signing",
    "Topic": "attestations",
    "UnmergeIntent": "registry_intents",
    "VetoIntent": "registry_intents",
    "attestation_domain": "statements",
    "audit_log": "log_audit",
    "audit_receipts": "audit",
    "badge_domain": "badge",
    "badge_grant": "badge",
    "did_domain": "did_intents",
    "id_of": "models",
    "log_domain": "receipts",
    "log_of": "leaves",
    "registry_domain": "registry_signing",
    "self_tag": "models",
    "sign_attestation": "statements",
    "sign_badge": "badge",
    "sign_did": "did_intents",
    "sign_disowning": "statements",
    "sign_feedback": "feedback",
    "sign_registry": "registry_signing",
    "sign_reply": "feedback",
    "sign_revocation": "statements",
    "take_feedback": "feedback_desk",
    "take_reply": "feedback_desk",
}

__all__ = [
    "AnchoredBatch",
    "Approval",
    "Attestation",
    "AttestationClient",
    "AttestationIntent",
    "AttestationStatus",
    "AttestationSubject",
    "Attestor",
    "AttributeIntent",
    "Badge",
    "BadgeClient",
    "BadgeGrant",
    "BatchReport",
    "BatchesOmitted",
    "Customer",
    "CustomerStatus",
    "DelegateIntent",
    "DidClient",
    "DisownIntent",
    "EraseIntent",
    "Finding",
    "FindingKind",
    "Guardians",
    "GuardiansIntent",
    "HeadProof",
    "Interaction",
    "InteractionKind",
    "InteractionProof",
    "InteractionReceipt",
    "LogAudit",
    "LogClient",
    "LogJournal",
    "LogKeys",
    "LogOperator",
    "Merge",
    "MergeIntent",
    "NewInteraction",
    "Notice",
    "OwnerIntent",
    "Recovery",
    "RecoveryIntent",
    "Registration",
    "RegistrationBatch",
    "RegistrationRecord",
    "RegistryClient",
    "RevocationIntent",
    "RootIntent",
    "RotateIntent",
    "Scope",
    "SignedBadgeGrant",
    "SignedDidIntent",
    "SignedDisowning",
    "SignedFeedback",
    "SignedReceipt",
    "SignedRegistryIntent",
    "SignedReply",
    "SignedWord",
    "Standing",
    "Statement",
    "TagLink",
    "TagLinkBatch",
    "TagLinkRecord",
    "Topic",
    "UnmergeIntent",
    "VetoIntent",
    "attestation_domain",
    "audit_log",
    "audit_receipts",
    "badge_domain",
    "badge_grant",
    "did_domain",
    "id_of",
    "log_domain",
    "log_of",
    "registry_domain",
    "self_tag",
    "sign_attestation",
    "sign_badge",
    "sign_did",
    "sign_disowning",
    "sign_feedback",
    "sign_registry",
    "sign_reply",
    "sign_revocation",
    "take_feedback",
    "take_reply",
]


def __getattr__(name: str) -> Any:
    try:
        home = _HOMES[name]
    except KeyError:
        raise AttributeError(f"module 'crmdapp.customers' has no attribute {name!r}") from None
    value = getattr(import_module(f"crmdapp.customers.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
