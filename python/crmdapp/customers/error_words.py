"""The customers' contracts' errors in words."""

from __future__ import annotations

UNITS: frozenset[str] = frozenset()
"""Fields that are loyalty points: none; a reward is counted in whatever its campaign pays."""

_CUSTOMER = ("unknown", "registered", "linked to another", "merged into another", "erased")
_CONSENT = ("never granted", "granted", "withdrawn", "revoked")
_ATTESTATION = ("never issued", "issued", "revoked")

NAMES: dict[str, dict[str, tuple[str, ...]]] = {
    "AttestationKnown": {"status": _ATTESTATION},
    "AttestationNotIssued": {"status": _ATTESTATION},
    "ConsentKnown": {"status": _CONSENT},
    "ConsentNotGranted": {"status": _CONSENT},
    "CustomerKnown": {"status": _CUSTOMER},
    "CustomerNotActive": {"status": _CUSTOMER},
    "RecoveryKindInvalid": {"byGuardians": ("attestors", "guardians")},
    "RecoveryMissing": {"byGuardians": ("attestors", "guardians")},
}
"""Error -> field -> the words for its values, from 0."""

WORDS: dict[str, tuple[str, str]] = {
    "AnswerWindowClosed": (
        "The receipt {receiptHash} could be answered until {answerBy}.",
        "It is too late: anybody may flag the log now.",
    ),
    "AnswerWindowOpen": (
        "The operator may answer for the receipt {receiptHash} until {answerBy}.",
        "Wait until then; if there is no answer, flag the log.",
    ),
    "ApprovalSignerInvalid": (
        "{signer} can not approve this.",
        "Only attestors of the scope, or the profiles' own keys, can; leave that file out.",
    ),
    "ApprovalsInsufficient": (
        "{given} have signed, {required} are needed.",
        "Let more of them sign the same file: crmdapp customers countersign FILE",
    ),
    "AttestationDisownedBefore": (
        "The person rejected the statement {uid}.",
        "It is void for ever, whoever attests it.",
    ),
    "AttestationExpiryInvalid": (
        "The statement {uid} would end at {expiry}, which is past.",
        "Choose a later end, or 0 for none.",
    ),
    "AttestationKnown": (
        "{attestor} has attested {uid} before; it is {status}.",
        "An attestor's word is given once: attest it with another salt if it holds again.",
    ),
    "AttestationNotIssued": (
        "{attestor}'s word on {uid} is {status}.",
        "Only what is issued can be revoked.",
    ),
    "AttestorInvalid": (
        "{attestor} may not attest level {level} in scope {scope}, or not yet.",
        "See what it may: crmdapp customers scope attestor {scope} {attestor}",
    ),
    "AttestorNotStanding": (
        "{attestor} may not attest level {level} on topic {topic}.",
        "The topic's owner can admit it, up to a level.",
    ),
    "BadgeAttestorInvalid": (
        "{attestor} is no attestor of topic {topic} now.",
        "Ask one that is for another grant.",
    ),
    "BadgeBound": (
        "A badge can not be transferred or lent; it stays with its identity.",
        "After a change of key it follows: crmdapp customers badge follow IDENTITY",
    ),
    "BadgeCallerInvalid": (
        "{caller} does not own the identity {identity}.",
        "Act with its owner's key: --account NAME",
    ),
    "BadgeKnown": (
        "{identity} has, or had, a badge.",
        "An identity gets one badge, for ever.",
    ),
    "BadgePseudonymZero": (
        "The badge of {identity} needs a pseudonym.",
        "Choose a number above 0, or let one be drawn.",
    ),
    "BatchEmpty": (
        "The batch for log {log} has no interactions.",
        "Nothing is to be anchored.",
    ),
    "ConsentExpiryInvalid": (
        "The consent {consentId} can not be renewed until {expiry}.",
        "Choose an end later than now and than the one it has.",
    ),
    "ConsentIdZero": (
        "A consent of {subject} has no terms.",
        "Name the terms that are agreed to.",
    ),
    "ConsentKnown": (
        "{subject} decided on the consent {consentId} before; it is {status}.",
        "Withdrawal is for ever; agree to new terms (with another salt) instead.",
    ),
    "ConsentNotGranted": (
        "The consent {consentId} of {subject} is {status}.",
        "Only a consent that is granted can be renewed, withdrawn or revoked.",
    ),
    "ControllerOnly": (
        "{caller} does not speak for the profile {cid}.",
        "Act with the customer's own key: --account NAME",
    ),
    "ControllerZero": (
        "A profile needs a key that speaks for it.",
        "Name the address of the customer's key.",
    ),
    "CustomerKnown": (
        "The id {cid} is taken: it is {status}.",
        "One person has one profile. See it: crmdapp customers show {cid}",
    ),
    "CustomerNotActive": (
        "The profile {cid} is {status}.",
        "See it: crmdapp customers show {cid}",
    ),
    "EpochStale": (
        "The key of {cid} changed since: signed in epoch {epoch}, it is {current} now.",
        "Have it signed anew.",
    ),
    "EpochsExhausted": (
        "The key of {cid} was changed {epoch} times, as often as it can be.",
        "It can still be recovered, or the profile erased.",
    ),
    "ForkShownBefore": (
        "The fork of log {log} at number {customerSeq} of {pseudonym} was shown before.",
        "The log is flagged; nothing is to be done.",
    ),
    "ForkUnproven": (
        "The receipts {firstReceipt} and {secondReceipt} do not contradict each other.",
        "A fork is two different interactions under one number of one customer.",
    ),
    "GuardiansInvalid": (
        "These are not the guardians of {cid}, or they do not count yet.",
        "Use the file that was written when they were named; they count after the scope's delay.",
    ),
    "IdentityFollowsCustomer": (
        "The identity {identity} follows the key of the profile {cid}.",
        "Change that key: crmdapp customers rotate-sign {cid} NEW",
    ),
    "IdentityNotBindable": (
        "{identity} can not be bound to the profile {cid}.",
        "The account has to own both, and neither may be bound already.",
    ),
    "IdentityOwnerOnly": (
        "{caller} does not own the identity {identity}.",
        "Act with its owner's key: --account NAME",
    ),
    "IdentityOwnerZero": (
        "The identity {identity} needs an owner.",
        "Nobody could withdraw what was consented to for it: name a key.",
    ),
    "InclusionUnproven": (
        "The proof does not lead from the interaction {leaf} to an anchor of log {log}.",
        "Prove it from the batches as they were anchored.",
    ),
    "LogDelayInvalid": (
        "A log can not promise a delay of {delay} seconds.",
        "Promise between 60 seconds and 30 days.",
    ),
    "LogNotOpened": (
        "The log {log} was not opened.",
        "Its operator opens it once, with the delay it promises.",
    ),
    "LogOpenedBefore": (
        "The log {log} was opened before.",
        "What it promised stays; open another number for another promise.",
    ),
    "MergeInvalid": (
        "{from} can not be merged into {into}.",
        "They must be two profiles of one scope, and none may lead to the first one.",
    ),
    "MergeWindowClosed": (
        "The merge of {from} could be undone until {closedAt}.",
        "It stays, unless the profile it leads to is erased.",
    ),
    "ReceiptChallengedBefore": (
        "The receipt {receiptHash} was posted before.",
        "Wait for the operator's answer; without one, anybody may flag the log.",
    ),
    "ReceiptNotChallenged": (
        "Nobody has posted the receipt {receiptHash}.",
        "Post it first, once it is overdue.",
    ),
    "ReceiptNotOverdue": (
        "The operator has until {anchorBy} to anchor the receipt {receiptHash}.",
        "Wait until then.",
    ),
    "ReceiptSettled": (
        "The receipt {receiptHash} was answered, or its log flagged, before.",
        "Nothing is to be done.",
    ),
    "ReceiptSignatureInvalid": (
        "The receipt {receiptHash} was not signed by the operator of log {log}.",
        "Use the receipt as the operator gave it.",
    ),
    "RecoveryEarly": (
        "The new key of {cid} can take its place from {readyAt} on.",
        "Wait until then.",
    ),
    "RecoveryKindInvalid": (
        "A recovery by {byGuardians} was signed for {cid}.",
        "Submit it as that, or let all sign the other kind.",
    ),
    "RecoveryMissing": (
        "No recovery by {byGuardians} waits for {cid}.",
        "None was announced, or it was stopped or carried out.",
    ),
    "RecoveryPending": (
        "Attestors are replacing the key of {cid}; the new one is ready from {readyAt} on.",
        "Until then guardians can not be named: let the new key name them.",
    ),
    "RewardBudgetInvalid": (
        "Campaign {campaign} can not be given a budget of {budget}.",
        "It is more than the ledger takes, or nothing.",
    ),
    "RewardCampaignUnknown": (
        "There is no reward campaign {campaign}.",
        "Check its number.",
    ),
    "RewardClaimedBefore": (
        "Reward {index} of campaign {campaign} was claimed, or its person was rewarded.",
        "Everybody is rewarded once.",
    ),
    "RewardClaimsOpen": (
        "Rewards of campaign {campaign} can be claimed until {claimsUntil}.",
        "What is left can be taken back after that.",
    ),
    "RewardClaimsOver": (
        "Rewards of campaign {campaign} could be claimed until {claimsUntil}.",
        "It is too late.",
    ),
    "RewardClaimsPublishedBefore": (
        "The rewards of campaign {campaign} were published before.",
        "They can not be changed; open another campaign.",
    ),
    "RewardClaimsUnpublished": (
        "The rewards of campaign {campaign} are not published yet.",
        "Its sponsor publishes them.",
    ),
    "RewardOverBudget": (
        "Campaign {campaign} has {left} left, the reward is {amount}.",
        "Its sponsor can add to the budget.",
    ),
    "RewardOverCap": (
        "A reward of {amount} is above campaign {campaign}'s limit of {cap} per person.",
        "Nobody gets more than that.",
    ),
    "RewardSettingInvalid": (
        "The setting {setting} of a campaign can not be {value}.",
        "Choose another value.",
    ),
    "RewardSponsorOnly": (
        "{caller} is not the sponsor of campaign {campaign}.",
        "Act with the sponsor's key: --account NAME",
    ),
    "RewardUnproven": (
        "The proof does not lead from reward {index} to campaign {campaign}.",
        "Use the claim as the sponsor published it.",
    ),
    "ScopeOwnerOnly": (
        "{caller} does not own scope {scope}, or was not offered it.",
        "Act with the owner's key: --account NAME",
    ),
    "ScopeSettingInvalid": (
        "The setting {setting} of a scope can not be {value}.",
        "The delay is 1 to 365 days, the quorum at most the number of attestors.",
    ),
    "ScopeUnknown": (
        "There is no scope {scope}.",
        "Open one: crmdapp customers scope create --attestor NAME=LEVEL",
    ),
    "ScopeWithoutQuorum": (
        "In scope {scope} attestors can neither merge profiles nor recover keys.",
        "Let the profiles' own keys, or the guardians, sign.",
    ),
    "SelfRegistrationClosed": (
        "Nobody may register without an attestor in scope {scope}.",
        "Ask an attestor of the scope for a signed registration.",
    ),
    "StandingInvalid": (
        "The standing of {attestor} on topic {topic} can not end at {until}.",
        "An end lies in the past or now, and is moved back, never forward.",
    ),
    "SubjectOwnerOnly": (
        "{caller} does not decide for {subject}.",
        "Act with the key that owns that identity now: --account NAME",
    ),
    "TopicOwnerOnly": (
        "{caller} does not own topic {topic}, or was not offered it.",
        "Act with the owner's key: --account NAME",
    ),
    "TopicQuorumInvalid": (
        "A topic can not ask for {quorum} attestors.",
        "Ask for one or more.",
    ),
    "TopicUnknown": (
        "There is no topic {topic}.",
        "Check its number.",
    ),
    "ERC721NonexistentToken": (
        "There is no token {tokenId}, a badge or a work, or it was burned.",
        "See a badge: crmdapp customers badge show IDENTITY; a work: crmdapp gallery show WORK",
    ),
}
