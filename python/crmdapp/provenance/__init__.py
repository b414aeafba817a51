"""Provenance: works of art with their market and curators, products with their custody.

The names below are loaded when first used; importing this package loads neither web3 nor
eth_account nor Pillow. Errors and events of the contracts are in ``crmdapp.provenance.errors`` and
``crmdapp.provenance.events``, GS1's identifiers and EPCIS documents in ``crmdapp.provenance.gs1``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crmdapp.provenance.artwork_intents import Artwork as Artwork
    from crmdapp.provenance.artwork_intents import Listing as Listing
    from crmdapp.provenance.artwork_intents import Offer as Offer
    from crmdapp.provenance.artwork_intents import SignedArtwork as SignedArtwork
    from crmdapp.provenance.artwork_intents import SignedListing as SignedListing
    from crmdapp.provenance.artwork_intents import SignedOffer as SignedOffer
    from crmdapp.provenance.artwork_intents import artworks_domain as artworks_domain
    from crmdapp.provenance.artwork_intents import id_of as id_of
    from crmdapp.provenance.artwork_intents import sign_artwork as sign_artwork
    from crmdapp.provenance.artwork_intents import sign_listing as sign_listing
    from crmdapp.provenance.artwork_intents import sign_offer as sign_offer
    from crmdapp.provenance.artwork_reader import ArtworksReader as ArtworksReader
    from crmdapp.provenance.artworks import ArtworksClient as ArtworksClient
    from crmdapp.provenance.board_intents import Approval as Approval
    from crmdapp.provenance.board_intents import BoardChange as BoardChange
    from crmdapp.provenance.board_intents import ChangeApproval as ChangeApproval
    from crmdapp.provenance.board_intents import SignedApproval as SignedApproval
    from crmdapp.provenance.board_intents import SignedChangeApproval as SignedChangeApproval
    from crmdapp.provenance.board_intents import board_domain as board_domain
    from crmdapp.provenance.board_intents import sign_approval as sign_approval
    from crmdapp.provenance.board_intents import sign_change_approval as sign_change_approval
    from crmdapp.provenance.certificate import Certificate as Certificate
    from crmdapp.provenance.certificate import certificate_html as certificate_html
    from crmdapp.provenance.certificate import certificate_of as certificate_of
    from crmdapp.provenance.certificate import read_certificate as read_certificate
    from crmdapp.provenance.cid import Cid as Cid
    from crmdapp.provenance.cid import parse_cid as parse_cid
    from crmdapp.provenance.coin_permits import CoinPermit as CoinPermit
    from crmdapp.provenance.coin_permits import Permit as Permit
    from crmdapp.provenance.coin_permits import sign_permit as sign_permit
    from crmdapp.provenance.curators import BoardClient as BoardClient
    from crmdapp.provenance.curators import BoardRules as BoardRules
    from crmdapp.provenance.devices import Device as Device
    from crmdapp.provenance.devices import SignedAssignment as SignedAssignment
    from crmdapp.provenance.devices import sign_assignment as sign_assignment
    from crmdapp.provenance.fingerprints import FileHashes as FileHashes
    from crmdapp.provenance.fingerprints import Fingerprint as Fingerprint
    from crmdapp.provenance.fingerprints import fingerprint as fingerprint
    from crmdapp.provenance.fingerprints import hash_file as hash_file
    from crmdapp.provenance.history import ArtworkHistory as ArtworkHistory
    from crmdapp.provenance.history import HeadAt as HeadAt
    from crmdapp.provenance.history import HistoryIncomplete as HistoryIncomplete
    from crmdapp.provenance.history import HistoryLink as HistoryLink
    from crmdapp.provenance.history import head_at as head_at
    from crmdapp.provenance.history import history_of as history_of
    from crmdapp.provenance.history import read_history as read_history
    from crmdapp.provenance.item_history import ItemHistory as ItemHistory
    from crmdapp.provenance.item_history import ItemHistoryIncomplete as ItemHistoryIncomplete
    from crmdapp.provenance.item_index import ItemIndex as ItemIndex
    from crmdapp.provenance.item_intents import DeviceAssignment as DeviceAssignment
    from crmdapp.provenance.item_intents import Handover as Handover
    from crmdapp.provenance.item_intents import SensorWindow as SensorWindow
    from crmdapp.provenance.item_intents import SignedHandover as SignedHandover
    from crmdapp.provenance.item_intents import SignedTagClaim as SignedTagClaim
    from crmdapp.provenance.item_intents import SignedYieldFactor as SignedYieldFactor
    from crmdapp.provenance.item_intents import TagClaim as TagClaim
    from crmdapp.provenance.item_intents import YieldFactor as YieldFactor
    from crmdapp.provenance.item_intents import ledger_domain as ledger_domain
    from crmdapp.provenance.item_models import Commission as Commission
    from crmdapp.provenance.item_models import DeviceKey as DeviceKey
    from crmdapp.provenance.item_models import DeviceSignature as DeviceSignature
    from crmdapp.provenance.item_models import Item as Item
    from crmdapp.provenance.item_models import ItemStep as ItemStep
    from crmdapp.provenance.item_models import Lot as Lot
    from crmdapp.provenance.item_models import TransformationInput as TransformationInput
    from crmdapp.provenance.item_models import item_of as item_of
    from crmdapp.provenance.item_reader import ItemReader as ItemReader
    from crmdapp.provenance.item_signing import sign_handover as sign_handover
    from crmdapp.provenance.item_signing import sign_tag_claim as sign_tag_claim
    from crmdapp.provenance.item_signing import sign_yield_factor as sign_yield_factor
    from crmdapp.provenance.item_verification import ItemVerdict as ItemVerdict
    from crmdapp.provenance.item_verification import verify_item as verify_item
    from crmdapp.provenance.item_verification import verify_label as verify_label
    from crmdapp.provenance.items import ItemsClient as ItemsClient
    from crmdapp.provenance.mirror import Mirror as Mirror
    from crmdapp.provenance.models import ArtworkRecord as ArtworkRecord
    from crmdapp.provenance.models import ArtworkState as ArtworkState
    from crmdapp.provenance.models import Auction as Auction
    from crmdapp.provenance.models import BoardState as BoardState
    from crmdapp.provenance.models import CaseStatus as CaseStatus
    from crmdapp.provenance.models import CuratorCase as CuratorCase
    from crmdapp.provenance.models import Currency as Currency
    from crmdapp.provenance.models import Ground as Ground
    from crmdapp.provenance.near import NearIndex as NearIndex
    from crmdapp.provenance.readings import Reading as Reading
    from crmdapp.provenance.readings import read_readings as read_readings
    from crmdapp.provenance.registration import Registration as Registration
    from crmdapp.provenance.registration import registration_of as registration_of
    from crmdapp.provenance.review import NearDuplicateFound as NearDuplicateFound
    from crmdapp.provenance.review import NearWork as NearWork
    from crmdapp.provenance.review import RegisteredWork as RegisteredWork
    from crmdapp.provenance.review import near_works as near_works
    from crmdapp.provenance.review import registered_works as registered_works
    from crmdapp.provenance.review import require_reviewed as require_reviewed
    from crmdapp.provenance.sales import Purchase as Purchase
    from crmdapp.provenance.sales import purchase_of as purchase_of
    from crmdapp.provenance.sales import purchases as purchases
    from crmdapp.provenance.sales import record_purchases as record_purchases
    from crmdapp.provenance.sensor_windows import ReadingProof as ReadingProof
    from crmdapp.provenance.sensor_windows import SignedWindow as SignedWindow
    from crmdapp.provenance.sensor_windows import sign_window as sign_window
    from crmdapp.provenance.submission import ArtworkMetadata as ArtworkMetadata
    from crmdapp.provenance.submission import Submission as Submission
    from crmdapp.provenance.submission import SubmissionMismatch as SubmissionMismatch
    from crmdapp.provenance.submission import metadata_of as metadata_of
    from crmdapp.provenance.submission import read_submission as read_submission
    from crmdapp.provenance.submission import submit_work as submit_work
    from crmdapp.provenance.tags import TagLink as TagLink
    from crmdapp.provenance.tags import parse_tag_link as parse_tag_link
    from crmdapp.provenance.tags import tag_link as tag_link
    from crmdapp.provenance.trace_svg import journey_svg as journey_svg
    from crmdapp.provenance.trace_svg import origin_svg as origin_svg
    from crmdapp.provenance.tracing import Trace as Trace
    from crmdapp.provenance.tracing import origin as origin
    from crmdapp.provenance.tracing import recall_set as recall_set
    from crmdapp.provenance.verification import Verdict as Verdict
    from crmdapp.provenance.verification import verify_work as verify_work
    from crmdapp.provenance.votes import Ballot as Ballot

_HOMES = {
    "Approval": "board_intents",
    "Artwork": "artwork_intents",
    "ArtworkHistory": "history",
    "ArtworkMetadata": "submission",
    "ArtworkRecord": "models",
    "ArtworkState": "models",
    "ArtworksClient": "artworks",
    "ArtworksReader": "artwork_reader",
    "Auction": "models",
    "Ballot": "votes",
    "BoardChange": "board_intents",
    "BoardClient": "curators",
    "BoardRules": "curators",
    "BoardState": "models",
    "CaseStatus": "models",
    "Certificate": "certificate",
    "ChangeApproval": "board_intents",
    "Cid": "cid",
    "CoinPermit": "coin_permits",
    "Commission": "item_models",
    "CuratorCase": "models",
    "Currency": "models",
    "Device": "devices",
    "DeviceAssignment": "item_intents",
    "DeviceKey": "item_models",
    "DeviceSignature": "item_models",
    "FileHashes": "fingerprints",
    "Fingerprint": "fingerprints",
    "Ground": "models",
    "Handover": "item_intents",
    "HeadAt": "history",
    "HistoryIncomplete": "history",
    "HistoryLink": "history",
    "Item": "item_models",
    "ItemHistory": "item_history",
    "ItemHistoryIncomplete": "item_history",
    "ItemIndex": "item_index",
    "ItemReader": "item_reader",
    "ItemStep": "item_models",
    "ItemVerdict": "item_verification",
    "ItemsClient": "items",
    "Listing": "artwork_intents",
    "Lot": "item_models",
    "Mirror": "mirror",
    "NearDuplicateFound": "review",
    "NearIndex": "near",
    "NearWork": "review",
    "Offer": "artwork_intents",
    "Permit": "coin_permits",
    "Purchase": "sales",
    "Reading": "readings",
    "ReadingProof": "sensor_windows",
    "RegisteredWork": "review",
    "Registration": "registration",
    "SensorWindow": "item_intents",
    "SignedApproval": "board_intents",
    "SignedArtwork": "artwork_intents",
    "SignedAssignment": "devices",
    "SignedChangeApproval": "board_intents",
    "SignedHandover": "item_intents",
    "SignedListing": "artwork_intents",
    "SignedOffer": "artwork_intents",
    "SignedTagClaim": "item_intents",
    "SignedWindow": "sensor_windows",
    "SignedYieldFactor": "item_intents",
    "Submission": "submission",
    "SubmissionMismatch": "submission",
    "TagClaim": "item_intents",
    "TagLink": "tags",
    "Trace": "tracing",
    "TransformationInput": "item_models",
    "Verdict": "verification",
    "YieldFactor": "item_intents",
    "artworks_domain": "artwork_intents",
    "board_domain": "board_intents",
    "certificate_html": "certificate",
    "certificate_of": "certificate",
    "fingerprint": "fingerprints",
    "hash_file": "fingerprints",
    "head_at": "history",
    "history_of": "history",
    "id_of": "artwork_intents",
    "item_of": "item_models",
    "journey_svg": "trace_svg",
    "ledger_domain": "item_intents",
    "metadata_of": "submission",
    "near_works": "review",
    "origin": "tracing",
    "origin_svg": "trace_svg",
    "parse_cid": "cid",
    "parse_tag_link": "tags",
    "purchase_of": "sales",
    "purchases": "sales",
    "read_certificate": "certificate",
    "read_history": "history",
    "read_readings": "readings",
    "read_submission": "submission",
    "recall_set": "tracing",
    "record_purchases": "sales",
    "registered_works": "review",
    "registration_of": "registration",
    "require_reviewed": "review",
    "sign_approval": "board_intents",
    "sign_artwork": "artwork_intents",
    "sign_assignment": "devices",
    "sign_change_approval": "board_intents",
    "sign_handover": "item_signing",
    "sign_listing": "artwork_intents",
    "sign_offer": "artwork_intents",
    "sign_permit": "coin_permits",
    "sign_tag_claim": "item_signing",
    "sign_window": "sensor_windows",
    "sign_yield_factor": "item_signing",
    "submit_work": "submission",
    "tag_link": "tags",
    "verify_item": "item_verification",
    "verify_label": "item_verification",
    "verify_work": "verification",
}

__all__ = [
    "Approval",
    "Artwork",
    "ArtworkHistory",
    "ArtworkMetadata",
    "ArtworkRecord",
    "ArtworkState",
    "ArtworksClient",
    "ArtworksReader",
    "Auction",
    "Ballot",
    "BoardChange",
    "BoardClient",
    "BoardRules",
    "BoardState",
    "CaseStatus",
    "Certificate",
    "ChangeApproval",
    "Cid",
    "CoinPermit",
    "Commission",
    "CuratorCase",
    "Currency",
    "Device",
    "DeviceAssignment",
    "DeviceKey",
    "DeviceSignature",
    "FileHashes",
    "Fingerprint",
    "Ground",
    "Handover",
    "HeadAt",
    "HistoryIncomplete",
    "HistoryLink",
    "Item",
    "ItemHistory",
    "ItemHistoryIncomplete",
    "ItemIndex",
    "ItemReader",
    "ItemStep",
    "ItemVerdict",
    "ItemsClient",
    "Listing",
    "Lot",
    "Mirror",
    "NearDuplicateFound",
    "NearIndex",
    "NearWork",
    "Offer",
    "Permit",
    "Purchase",
    "Reading",
    "ReadingProof",
    "RegisteredWork",
    "Registration",
    "SensorWindow",
    "SignedApproval",
    "SignedArtwork",
    "SignedAssignment",
    "SignedChangeApproval",
    "SignedHandover",
    "SignedListing",
    "SignedOffer",
    "SignedTagClaim",
    "SignedWindow",
    "SignedYieldFactor",
    "Submission",
    "SubmissionMismatch",
    "TagClaim",
    "TagLink",
    "Trace",
    "TransformationInput",
    "Verdict",
    "YieldFactor",
    "artworks_domain",
    "board_domain",
    "certificate_html",
    "certificate_of",
    "fingerprint",
    "hash_file",
    "head_at",
    "history_of",
    "id_of",
    "item_of",
    "journey_svg",
    "ledger_domain",
    "metadata_of",
    "near_works",
    "origin",
    "origin_svg",
    "parse_cid",
    "parse_tag_link",
    "purchase_of",
    "purchases",
    "read_certificate",
    "read_history",
    "read_readings",
    "read_submission",
    "recall_set",
    "record_purchases",
    "registered_works",
    "registration_of",
    "require_reviewed",
    "sign_approval",
    "sign_artwork",
    "sign_assignment",
    "sign_change_approval",
    "sign_handover",
    "sign_listing",
    "sign_offer",
    "sign_permit",
    "sign_tag_claim",
    "sign_window",
    "sign_yield_factor",
    "submit_work",
    "tag_link",
    "verify_item",
    "verify_label",
    "verify_work",
]


def __getattr__(name: str) -> Any:
    try:
        home = _HOMES[name]
    except KeyError:
        raise AttributeError(f"module 'crmdapp.provenance' has no attribute {name!r}") from None
    value = getattr(import_module(f"crmdapp.provenance.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
