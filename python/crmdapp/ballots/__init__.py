"""Ballots: secret votes with threshold trustees, proved on chain, audited by anyone.

The names below are loaded when first used; importing this package loads neither web3 nor a library
for the curve. What they are made of has modules of its own: ``crmdapp.ballots.group`` and
``crmdapp.ballots.proofs``; ``crmdapp.ballots.second`` is the auditor's second implementation.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crmdapp.ballots._signed_input import TransactionInvalid as TransactionInvalid
    from crmdapp.ballots.audit import audit_election as audit_election
    from crmdapp.ballots.audit_proofs import AuditProcessesLost as AuditProcessesLost
    from crmdapp.ballots.audit_report import AuditFailed as AuditFailed
    from crmdapp.ballots.audit_report import AuditLink as AuditLink
    from crmdapp.ballots.audit_report import AuditReport as AuditReport
    from crmdapp.ballots.audit_report import AuditReportRefused as AuditReportRefused
    from crmdapp.ballots.audit_report import BrokenLink as BrokenLink
    from crmdapp.ballots.audit_report import SignedAuditReport as SignedAuditReport
    from crmdapp.ballots.audit_report import sign_report as sign_report
    from crmdapp.ballots.ballot import Ballot as Ballot
    from crmdapp.ballots.ballot import Opening as Opening
    from crmdapp.ballots.ballot import SealedBallot as SealedBallot
    from crmdapp.ballots.ballot import check_opening as check_opening
    from crmdapp.ballots.ballot_intents import BallotIntent as BallotIntent
    from crmdapp.ballots.ballot_intents import SignedBallot as SignedBallot
    from crmdapp.ballots.ballot_intents import box_domain as box_domain
    from crmdapp.ballots.ballot_intents import sign_ballot as sign_ballot
    from crmdapp.ballots.batches import Entry as Entry
    from crmdapp.ballots.batches import verify as verify
    from crmdapp.ballots.batches import verify_batch as verify_batch
    from crmdapp.ballots.board import BoardClient as BoardClient
    from crmdapp.ballots.booth import Booth as Booth
    from crmdapp.ballots.booth import check_tracker as check_tracker
    from crmdapp.ballots.booth_state import BoothState as BoothState
    from crmdapp.ballots.booth_state import KeptBallot as KeptBallot
    from crmdapp.ballots.box import BoxClient as BoxClient
    from crmdapp.ballots.bulletin import BallotRecord as BallotRecord
    from crmdapp.ballots.bulletin import RecordedBatch as RecordedBatch
    from crmdapp.ballots.bulletin import find_ballot as find_ballot
    from crmdapp.ballots.bulletin import read_batches as read_batches
    from crmdapp.ballots.ceremony import JointKey as JointKey
    from crmdapp.ballots.ceremony import Liar as Liar
    from crmdapp.ballots.ceremony import complain as complain
    from crmdapp.ballots.ceremony import finalise as finalise
    from crmdapp.ballots.ceremony import judge as judge
    from crmdapp.ballots.ceremony import key_message as key_message
    from crmdapp.ballots.ceremony import new_key as new_key
    from crmdapp.ballots.ceremony import open_share as open_share
    from crmdapp.ballots.ceremony import read_key as read_key
    from crmdapp.ballots.ceremony import trustee_secret as trustee_secret
    from crmdapp.ballots.ceremony_faults import CeremonyMessageStale as CeremonyMessageStale
    from crmdapp.ballots.ceremony_faults import CeremonyRecordWrong as CeremonyRecordWrong
    from crmdapp.ballots.ceremony_faults import CeremonySignatureWrong as CeremonySignatureWrong
    from crmdapp.ballots.ceremony_faults import DealCommitmentForeign as DealCommitmentForeign
    from crmdapp.ballots.ceremony_files import ceremony_from_json as ceremony_from_json
    from crmdapp.ballots.ceremony_files import ceremony_to_json as ceremony_to_json
    from crmdapp.ballots.ceremony_record import check_round as check_round
    from crmdapp.ballots.ceremony_record import joint_key as joint_key
    from crmdapp.ballots.ceremony_record import read_ceremony as read_ceremony
    from crmdapp.ballots.ceremony_record import read_joint_key as read_joint_key
    from crmdapp.ballots.ceremony_rounds import CeremonyRecord as CeremonyRecord
    from crmdapp.ballots.challenges import ChallengedBallot as ChallengedBallot
    from crmdapp.ballots.challenges import verify_challenge as verify_challenge
    from crmdapp.ballots.choice import Choice as Choice
    from crmdapp.ballots.citizens import Citizen as Citizen
    from crmdapp.ballots.citizens import join_registrations as join_registrations
    from crmdapp.ballots.citizens import read_citizens as read_citizens
    from crmdapp.ballots.citizens import read_registrations as read_registrations
    from crmdapp.ballots.citizens import registrations_text as registrations_text
    from crmdapp.ballots.deal import Deal as Deal
    from crmdapp.ballots.deal import deal_commitment as deal_commitment
    from crmdapp.ballots.deal import deal_hash as deal_hash
    from crmdapp.ballots.deal import make_deal as make_deal
    from crmdapp.ballots.deal import read_deal as read_deal
    from crmdapp.ballots.decoding import decode_choice as decode_choice
    from crmdapp.ballots.decoding import decode_option as decode_option
    from crmdapp.ballots.decoding import most_ballots as most_ballots
    from crmdapp.ballots.decoding import require_decodable as require_decodable
    from crmdapp.ballots.decryption import check_choice_result as check_choice_result
    from crmdapp.ballots.decryption import check_option_result as check_option_result
    from crmdapp.ballots.decryption import combine as combine
    from crmdapp.ballots.decryption import partial_decryption as partial_decryption
    from crmdapp.ballots.decryption import read_partial_decryption as read_partial_decryption
    from crmdapp.ballots.definition import AskedQuestion as AskedQuestion
    from crmdapp.ballots.definition import Definition as Definition
    from crmdapp.ballots.definition import Guard as Guard
    from crmdapp.ballots.definition import Precinct as Precinct
    from crmdapp.ballots.definition import Windows as Windows
    from crmdapp.ballots.definition import load_definition as load_definition
    from crmdapp.ballots.definition import read_definition as read_definition
    from crmdapp.ballots.elections import ElectionsClient as ElectionsClient
    from crmdapp.ballots.elgamal import Ciphertext as Ciphertext
    from crmdapp.ballots.evidence import BallotContracts as BallotContracts
    from crmdapp.ballots.evidence import ElectionRecord as ElectionRecord
    from crmdapp.ballots.evidence import RecordMalformed as RecordMalformed
    from crmdapp.ballots.evidence_collecting import collect_record as collect_record
    from crmdapp.ballots.evidence_reading import load_record as load_record
    from crmdapp.ballots.faults import BallotRefused as BallotRefused
    from crmdapp.ballots.faults import BatchMalformed as BatchMalformed
    from crmdapp.ballots.faults import BatchRefused as BatchRefused
    from crmdapp.ballots.faults import CeremonyIncomplete as CeremonyIncomplete
    from crmdapp.ballots.faults import CitizenNotAttested as CitizenNotAttested
    from crmdapp.ballots.faults import ComplaintRefused as ComplaintRefused
    from crmdapp.ballots.faults import DealerFault as DealerFault
    from crmdapp.ballots.faults import DealFault as DealFault
    from crmdapp.ballots.faults import DealRefused as DealRefused
    from crmdapp.ballots.faults import DealShareWrong as DealShareWrong
    from crmdapp.ballots.faults import DecryptionIncomplete as DecryptionIncomplete
    from crmdapp.ballots.faults import DefinitionForeign as DefinitionForeign
    from crmdapp.ballots.faults import ElectionUndecodable as ElectionUndecodable
    from crmdapp.ballots.faults import MessageMalformed as MessageMalformed
    from crmdapp.ballots.faults import PointMalformed as PointMalformed
    from crmdapp.ballots.faults import PollForeign as PollForeign
    from crmdapp.ballots.faults import ProofRefused as ProofRefused
    from crmdapp.ballots.faults import RegistrarKeyCorrupt as RegistrarKeyCorrupt
    from crmdapp.ballots.faults import RegistrarKeyMissing as RegistrarKeyMissing
    from crmdapp.ballots.faults import RegistrationMixed as RegistrationMixed
    from crmdapp.ballots.faults import RegistrationQuorumMissing as RegistrationQuorumMissing
    from crmdapp.ballots.faults import ResultUndecodable as ResultUndecodable
    from crmdapp.ballots.faults import ResultWrong as ResultWrong
    from crmdapp.ballots.faults import ScalarMalformed as ScalarMalformed
    from crmdapp.ballots.faults import ShareRefused as ShareRefused
    from crmdapp.ballots.faults import TooFewLeft as TooFewLeft
    from crmdapp.ballots.faults import TrusteeFault as TrusteeFault
    from crmdapp.ballots.faults import TrusteeKeyForeign as TrusteeKeyForeign
    from crmdapp.ballots.faults import TrusteeKeyRefused as TrusteeKeyRefused
    from crmdapp.ballots.faults import TurnoutTooLow as TurnoutTooLow
    from crmdapp.ballots.faults import WeightMissing as WeightMissing
    from crmdapp.ballots.faults import WeightsIncomplete as WeightsIncomplete
    from crmdapp.ballots.faults import WireMalformed as WireMalformed
    from crmdapp.ballots.grouping import BallotGroup as BallotGroup
    from crmdapp.ballots.grouping import group_precincts as group_precincts
    from crmdapp.ballots.models import Ceremony as Ceremony
    from crmdapp.ballots.models import CeremonyStep as CeremonyStep
    from crmdapp.ballots.models import Election as Election
    from crmdapp.ballots.models import GroupResult as GroupResult
    from crmdapp.ballots.models import Phase as Phase
    from crmdapp.ballots.models import QuestionKind as QuestionKind
    from crmdapp.ballots.models import QuestionResult as QuestionResult
    from crmdapp.ballots.models import RollEntry as RollEntry
    from crmdapp.ballots.models import VoidGround as VoidGround
    from crmdapp.ballots.models import WindowSeconds as WindowSeconds
    from crmdapp.ballots.models import require_definition as require_definition
    from crmdapp.ballots.models import settings_of as settings_of
    from crmdapp.ballots.nonces import DerivedNonces as DerivedNonces
    from crmdapp.ballots.nonces import Nonces as Nonces
    from crmdapp.ballots.open_questions import OpenQuestion as OpenQuestion
    from crmdapp.ballots.open_questions import RollPlace as RollPlace
    from crmdapp.ballots.open_questions import open_question as open_question
    from crmdapp.ballots.poll_definition import PollDefinition as PollDefinition
    from crmdapp.ballots.poll_definition import load_poll as load_poll
    from crmdapp.ballots.poll_definition import read_poll as read_poll
    from crmdapp.ballots.polls import Poll as Poll
    from crmdapp.ballots.polls import PollsClient as PollsClient
    from crmdapp.ballots.record import CastBallot as CastBallot
    from crmdapp.ballots.record import decode_batch as decode_batch
    from crmdapp.ballots.record import encode_batch as encode_batch
    from crmdapp.ballots.record import next_bulletin as next_bulletin
    from crmdapp.ballots.record import roll_chunks as roll_chunks
    from crmdapp.ballots.record import roll_hash as roll_hash
    from crmdapp.ballots.registration import RegistrationIntent as RegistrationIntent
    from crmdapp.ballots.registration import SignedRegistration as SignedRegistration
    from crmdapp.ballots.registration import countersign as countersign
    from crmdapp.ballots.registration import create_registrars_key as create_registrars_key
    from crmdapp.ballots.registration import join_signatures as join_signatures
    from crmdapp.ballots.registration import nullifier as nullifier
    from crmdapp.ballots.registration import read_registrars_key as read_registrars_key
    from crmdapp.ballots.registration import require_attested as require_attested
    from crmdapp.ballots.registration import roll_domain as roll_domain
    from crmdapp.ballots.registration import sign_registration as sign_registration
    from crmdapp.ballots.relay import Relay as Relay
    from crmdapp.ballots.relay import RelayRound as RelayRound
    from crmdapp.ballots.relay_inbox import InboxReport as InboxReport
    from crmdapp.ballots.relay_inbox import take_folder as take_folder
    from crmdapp.ballots.relay_journal import RelayJournal as RelayJournal
    from crmdapp.ballots.results_chart import ChartedQuestion as ChartedQuestion
    from crmdapp.ballots.results_chart import ChartLibraryMissing as ChartLibraryMissing
    from crmdapp.ballots.results_chart import results_png as results_png
    from crmdapp.ballots.results_chart import results_svg as results_svg
    from crmdapp.ballots.roll import RollClient as RollClient
    from crmdapp.ballots.simulate import Simulator as Simulator
    from crmdapp.ballots.simulation import PhaseFigures as PhaseFigures
    from crmdapp.ballots.simulation import SimulationFailed as SimulationFailed
    from crmdapp.ballots.simulation import SimulationPlan as SimulationPlan
    from crmdapp.ballots.simulation import SimulationReport as SimulationReport
    from crmdapp.ballots.tally import TallyClient as TallyClient
    from crmdapp.ballots.tally_reader import GroupSum as GroupSum
    from crmdapp.ballots.transcripts import ballot_context as ballot_context
    from crmdapp.ballots.transcripts import ceremony_context as ceremony_context
    from crmdapp.ballots.transcripts import shares_context as shares_context
    from crmdapp.ballots.transcripts import tracker as tracker
    from crmdapp.ballots.trustee import backup_test as backup_test
    from crmdapp.ballots.trustee import next_duty as next_duty
    from crmdapp.ballots.trustee_audit import audited_task as audited_task
    from crmdapp.ballots.trustee_decryption import decrypt_shares as decrypt_shares
    from crmdapp.ballots.trustee_files import message_from_json as message_from_json
    from crmdapp.ballots.trustee_files import message_to_json as message_to_json
    from crmdapp.ballots.trustee_key import TrusteeKey as TrusteeKey
    from crmdapp.ballots.trustee_posting import perform as perform
    from crmdapp.ballots.vector import Vector as Vector
    from crmdapp.ballots.voting_faults import BallotChallenged as BallotChallenged
    from crmdapp.ballots.voting_faults import BallotNotRecorded as BallotNotRecorded
    from crmdapp.ballots.voting_faults import BallotNotSealed as BallotNotSealed
    from crmdapp.ballots.voting_faults import BallotOutstanding as BallotOutstanding
    from crmdapp.ballots.voting_faults import BallotStateProblem as BallotStateProblem
    from crmdapp.ballots.voting_faults import BallotWaits as BallotWaits
    from crmdapp.ballots.voting_faults import RelayBallotEarly as RelayBallotEarly
    from crmdapp.ballots.voting_faults import RelayBallotForeign as RelayBallotForeign
    from crmdapp.ballots.voting_faults import RelayBallotLate as RelayBallotLate
    from crmdapp.ballots.voting_faults import RelayBallotRival as RelayBallotRival
    from crmdapp.ballots.voting_faults import RelayBallotUnreadable as RelayBallotUnreadable
    from crmdapp.ballots.voting_faults import RelayProofWrong as RelayProofWrong
    from crmdapp.ballots.voting_faults import RelayRefused as RelayRefused
    from crmdapp.ballots.voting_faults import RelaySignatureWrong as RelaySignatureWrong
    from crmdapp.ballots.voting_faults import RelayVoterDone as RelayVoterDone
    from crmdapp.ballots.voting_faults import RelayVoterUnknown as RelayVoterUnknown
    from crmdapp.ballots.voting_faults import VoterNotOnRoll as VoterNotOnRoll
    from crmdapp.ballots.weights import Weights as Weights
    from crmdapp.ballots.weights import WeightsSource as WeightsSource
    from crmdapp.ballots.weights import read_weights as read_weights
    from crmdapp.ballots.weights import weights_at as weights_at
    from crmdapp.ballots.weights import weights_tree as weights_tree

_HOMES = {
    "AskedQuestion": "definition",
    "AuditFailed": "audit_report",
    "AuditLink": "audit_report",
    "AuditProcessesLost": "audit_proofs",
    "AuditReport": "audit_report",
    "AuditReportRefused": "audit_report",
    "Ballot": "ballot",
    "BallotChallenged": "voting_faults",
    "BallotContracts": "evidence",
    "BallotGroup": "grouping",
    "BallotIntent": "ballot_intents",
    "BallotNotRecorded": "voting_faults",
    "BallotNotSealed": "voting_faults",
    "BallotOutstanding": "voting_faults",
    "BallotRecord": "bulletin",
    "BallotRefused": "faults",
    "BallotStateProblem": "voting_faults",
    "BallotWaits": "voting_faults",
    "BatchMalformed": "faults",
    "BatchRefused": "faults",
    "BoardClient": "board",
    "Booth": "booth",
    "BoothState": "booth_state",
    "BoxClient": "box",
    "BrokenLink": "audit_report",
    "CastBallot": "record",
    "Ceremony": "models",
    "CeremonyIncomplete": "faults",
    "CeremonyMessageStale": "ceremony_faults",
    "CeremonyRecord": "ceremony_rounds",
    "CeremonyRecordWrong": "ceremony_faults",
    "CeremonySignatureWrong": "ceremony_faults",
    "CeremonyStep": "models",
    "ChallengedBallot": "challenges",
    "ChartLibraryMissing": "results_chart",
    "ChartedQuestion": "results_chart",
    "Choice": "choice",
    "Ciphertext": "elgamal",
    "Citizen": "citizens",
    "CitizenNotAttested": "faults",
    "ComplaintRefused": "faults",
    "Deal": "deal",
    "DealCommitmentForeign": "ceremony_faults",
    "DealFault": "faults",
    "DealRefused": "faults",
    "DealShareWrong": "faults",
    "DealerFault": "faults",
    "DecryptionIncomplete": "faults",
    "Definition": "definition",
    "DefinitionForeign": "faults",
    "DerivedNonces": "nonces",
    "Election": "models",
    "ElectionRecord": "evidence",
    "ElectionUndecodable": "faults",
    "ElectionsClient": "elections",
    "Entry": "batches",
    "GroupResult": "models",
    "GroupSum": "tally_reader",
    "Guard": "definition",
    "InboxReport": "relay_inbox",
    "JointKey": "ceremony",
    "KeptBallot": "booth_state",
    "Liar": "ceremony",
    "MessageMalformed": "faults",
    "Nonces": "nonces",
    "OpenQuestion": "open_questions",
    "Opening": "ballot",
    "Phase": "models",
    "PhaseFigures": "simulation",
    "PointMalformed": "faults",
    "Poll": "polls",
    "PollDefinition": "poll_definition",
    "PollForeign": "faults",
    "PollsClient": "polls",
    "Precinct": "definition",
    "ProofRefused": "faults",
    "QuestionKind": "models",
    "QuestionResult": "models",
    "RecordMalformed": "evidence",
    "RecordedBatch": "bulletin",
    "RegistrarKeyCorrupt": "faults",
    "RegistrarKeyMissing": "faults",
    "RegistrationIntent": "registration",
    "RegistrationMixed": "faults",
    "RegistrationQuorumMissing": "faults",
    "Relay": "relay",
    "RelayBallotEarly": "voting_faults",
    "RelayBallotForeign": "voting_faults",
    "RelayBallotLate": "voting_faults",
    "RelayBallotRival": "voting_faults",
    "RelayBallotUnreadable": "voting_faults",
    "RelayJournal": "relay_journal",
    "RelayProofWrong": "voting_faults",
    "RelayRefused": "voting_faults",
    "RelayRound": "relay",
    "RelaySignatureWrong": "voting_faults",
    "RelayVoterDone": "voting_faults",
    "RelayVoterUnknown": "voting_faults",
    "ResultUndecodable": "faults",
    "ResultWrong": "faults",
    "RollClient": "roll",
    "RollEntry": "models",
    "RollPlace": "open_questions",
    "ScalarMalformed": "faults",
    "SealedBallot": "ballot",
    "ShareRefused": "faults",
    "SignedAuditReport": "audit_report",
    "SignedBallot": "ballot_intents",
    "SignedRegistration": "registration",
    "SimulationFailed": "simulation",
    "SimulationPlan": "simulation",
    "SimulationReport": "simulation",
    "Simulator": "simulate",
    "TallyClient": "tally",
    "TooFewLeft": "faults",
    "TransactionInvalid": "_signed_input",
    "TrusteeFault": "faults",
    "TrusteeKey": "trustee_key",
    "TrusteeKeyForeign": "faults",
    "TrusteeKeyRefused": "faults",
    "TurnoutTooLow": "faults",
    "Vector": "vector",
    "VoidGround": "models",
    "VoterNotOnRoll": "voting_faults",
    "WeightMissing": "faults",
    "Weights": "weights",
    "WeightsIncomplete": "faults",
    "WeightsSource": "weights",
    "WindowSeconds": "models",
    "Windows": "definition",
    "WireMalformed": "faults",
    "audit_election": "audit",
    "audited_task": "trustee_audit",
    "backup_test": "trustee",
    "ballot_context": "transcripts",
    "box_domain": "ballot_intents",
    "ceremony_context": "transcripts",
    "ceremony_from_json": "ceremony_files",
    "ceremony_to_json": "ceremony_files",
    "check_choice_result": "decryption",
    "check_opening": "ballot",
    "check_option_result": "decryption",
    "check_round": "ceremony_record",
    "check_tracker": "booth",
    "collect_record": "evidence_collecting",
    "combine": "decryption",
    "complain": "ceremony",
    "countersign": "registration",
    "create_registrars_key": "registration",
    "deal_commitment": "deal",
    "deal_hash": "deal",
    "decode_batch": "record",
    "decode_choice": "decoding",
    "decode_option": "decoding",
    "decrypt_shares": "trustee_decryption",
    "encode_batch": "record",
    "finalise": "ceremony",
    "find_ballot": "bulletin",
    "group_precincts": "grouping",
    "join_registrations": "citizens",
    "join_signatures": "registration",
    "joint_key": "ceremony_record",
    "judge": "ceremony",
    "key_message": "ceremony",
    "load_definition": "definition",
    "load_poll": "poll_definition",
    "load_record": "evidence_reading",
    "make_deal": "deal",
    "message_from_json": "trustee_files",
    "message_to_json": "trustee_files",
    "most_ballots": "decoding",
    "new_key": "ceremony",
    "next_bulletin": "record",
    "next_duty": "trustee",
    "nullifier": "registration",
    "open_question": "open_questions",
    "open_share": "ceremony",
    "partial_decryption": "decryption",
    "perform": "trustee_posting",
    "read_batches": "bulletin",
    "read_ceremony": "ceremony_record",
    "read_citizens": "citizens",
    "read_deal": "deal",
    "read_definition": "definition",
    "read_joint_key": "ceremony_record",
    "read_key": "ceremony",
    "read_partial_decryption": "decryption",
    "read_poll": "poll_definition",
    "read_registrars_key": "registration",
    "read_registrations": "citizens",
    "read_weights": "weights",
    "registrations_text": "citizens",
    "require_attested": "registration",
    "require_decodable": "decoding",
    "require_definition": "models",
    "results_png": "results_chart",
    "results_svg": "results_chart",
    "roll_chunks": "record",
    "roll_domain": "registration",
    "roll_hash": "record",
    "settings_of": "models",
    "shares_context": "transcripts",
    "sign_ballot": "ballot_intents",
    "sign_registration": "registration",
    "sign_report": "audit_report",
    "take_folder": "relay_inbox",
    "tracker": "transcripts",
    "trustee_secret": "ceremony",
    "verify": "batches",
    "verify_batch": "batches",
    "verify_challenge": "challenges",
    "weights_at": "weights",
    "weights_tree": "weights",
}

__all__ = [
    "AskedQuestion",
    "AuditFailed",
    "AuditLink",
    "AuditProcessesLost",
    "AuditReport",
    "AuditReportRefused",
    "Ballot",
    "BallotChallenged",
    "BallotContracts",
    "BallotGroup",
    "BallotIntent",
    "BallotNotRecorded",
    "BallotNotSealed",
    "BallotOutstanding",
    "BallotRecord",
    "BallotRefused",
    "BallotStateProblem",
    "BallotWaits",
    "BatchMalformed",
    "BatchRefused",
    "BoardClient",
    "Booth",
    "BoothState",
    "BoxClient",
    "BrokenLink",
    "CastBallot",
    "Ceremony",
    "CeremonyIncomplete",
    "CeremonyMessageStale",
    "CeremonyRecord",
    "CeremonyRecordWrong",
    "CeremonySignatureWrong",
    "CeremonyStep",
    "ChallengedBallot",
    "ChartLibraryMissing",
    "ChartedQuestion",
    "Choice",
    "Ciphertext",
    "Citizen",
    "CitizenNotAttested",
    "ComplaintRefused",
    "Deal",
    "DealCommitmentForeign",
    "DealFault",
    "DealRefused",
    "DealShareWrong",
    "DealerFault",
    "DecryptionIncomplete",
    "Definition",
    "DefinitionForeign",
    "DerivedNonces",
    "Election",
    "ElectionRecord",
    "ElectionUndecodable",
    "ElectionsClient",
    "Entry",
    "GroupResult",
    "GroupSum",
    "Guard",
    "InboxReport",
    "JointKey",
    "KeptBallot",
    "Liar",
    "MessageMalformed",
    "Nonces",
    "OpenQuestion",
    "Opening",
    "Phase",
    "PhaseFigures",
    "PointMalformed",
    "Poll",
    "PollDefinition",
    "PollForeign",
    "PollsClient",
    "Precinct",
    "ProofRefused",
    "QuestionKind",
    "QuestionResult",
    "RecordMalformed",
    "RecordedBatch",
    "RegistrarKeyCorrupt",
    "RegistrarKeyMissing",
    "RegistrationIntent",
    "RegistrationMixed",
    "RegistrationQuorumMissing",
    "Relay",
    "RelayBallotEarly",
    "RelayBallotForeign",
    "RelayBallotLate",
    "RelayBallotRival",
    "RelayBallotUnreadable",
    "RelayJournal",
    "RelayProofWrong",
    "RelayRefused",
    "RelayRound",
    "RelaySignatureWrong",
    "RelayVoterDone",
    "RelayVoterUnknown",
    "ResultUndecodable",
    "ResultWrong",
    "RollClient",
    "RollEntry",
    "RollPlace",
    "ScalarMalformed",
    "SealedBallot",
    "ShareRefused",
    "SignedAuditReport",
    "SignedBallot",
    "SignedRegistration",
    "SimulationFailed",
    "SimulationPlan",
    "SimulationReport",
    "Simulator",
    "TallyClient",
    "TooFewLeft",
    "TransactionInvalid",
    "TrusteeFault",
    "TrusteeKey",
    "TrusteeKeyForeign",
    "TrusteeKeyRefused",
    "TurnoutTooLow",
    "Vector",
    "VoidGround",
    "VoterNotOnRoll",
    "WeightMissing",
    "Weights",
    "WeightsIncomplete",
    "WeightsSource",
    "WindowSeconds",
    "Windows",
    "WireMalformed",
    "audit_election",
    "audited_task",
    "backup_test",
    "ballot_context",
    "box_domain",
    "ceremony_context",
    "ceremony_from_json",
    "ceremony_to_json",
    "check_choice_result",
    "check_opening",
    "check_option_result",
    "check_round",
    "check_tracker",
    "collect_record",
    "combine",
    "complain",
    "countersign",
    "create_registrars_key",
    "deal_commitment",
    "deal_hash",
    "decode_batch",
    "decode_choice",
    "decode_option",
    "decrypt_shares",
    "encode_batch",
    "finalise",
    "find_ballot",
    "group_precincts",
    "join_registrations",
    "join_signatures",
    "joint_key",
    "judge",
    "key_message",
    "load_definition",
    "load_poll",
    "load_record",
    "make_deal",
    "message_from_json",
    "message_to_json",
    "most_ballots",
    "new_key",
    "next_bulletin",
    "next_duty",
    "nullifier",
    "open_question",
    "open_share",
    "partial_decryption",
    "perform",
    "read_batches",
    "read_ceremony",
    "read_citizens",
    "read_deal",
    "read_definition",
    "read_joint_key",
    "read_key",
    "read_partial_decryption",
    "read_poll",
    "read_registrars_key",
    "read_registrations",
    "read_weights",
    "registrations_text",
    "require_attested",
    "require_decodable",
    "require_definition",
    "results_png",
    "results_svg",
    "roll_chunks",
    "roll_domain",
    "roll_hash",
    "settings_of",
    "shares_context",
    "sign_ballot",
    "sign_registration",
    "sign_report",
    "take_folder",
    "tracker",
    "trustee_secret",
    "verify",
    "verify_batch",
    "verify_challenge",
    "weights_at",
    "weights_tree",
]


def __getattr__(name: str) -> Any:
    try:
        home = _HOMES[name]
    except KeyError:
        raise AttributeError(f"module 'crmdapp.ballots' has no attribute {name!r}") from None
    value = getattr(import_module(f"crmdapp.ballots.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
