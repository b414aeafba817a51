"""The errors of elections and open ballots in words."""

from __future__ import annotations

UNITS: frozenset[str] = frozenset()
"""Fields that are loyalty points: none."""

_WINDOWS = (
    "the trustees' keys",
    "commitments",
    "deals",
    "complaints",
    "registration",
    "the opening",
    "the close",
    "decryption",
)
_STEPS = (
    "nothing",
    "keys",
    "commitments",
    "deals",
    "complaints",
    "somebody to finalise it",
    "nothing: the key is made",
    "a restart",
    "nothing: it has failed",
)
_PHASES = (
    "unknown",
    "in the key ceremony",
    "in registration",
    "frozen",
    "open",
    "closed",
    "tallied",
    "cancelled",
    "void",
)
_GROUNDS = ("no ground", "too few voted", "too few trustees decrypted in time")

NAMES: dict[str, dict[str, dict[int, str]]] = {
    "CeremonyStepInvalid": {"step": dict(enumerate(_STEPS))},
    "ElectionWindowInvalid": {"window": dict(enumerate(_WINDOWS))},
    "PhaseInvalid": {"phase": dict(enumerate(_PHASES))},
    "QuestionIsVoid": {"ground": dict(enumerate(_GROUNDS))},
}
"""Error -> field -> words for the members of its enum."""

_STATUS = "See where it is: crmdapp elections status {election}"
_CEREMONY = "See what it waits for: crmdapp elections ceremony status {election}"
_RESULTS = "See what is known: crmdapp elections results {election}"
_MENDED_FILE = "Mend the definition, and create the election again."

_ELECTIONS: dict[str, tuple[str, str]] = {
    "ElectionCallerInvalid": (
        "{caller} is not the organiser of election {election}.",
        "Only who created it may cancel it, before it opens (--account).",
    ),
    "ElectionDefinitionZero": ("The definition's hash is zero.", _MENDED_FILE),
    "ElectionHasOpened": (
        "Election {election} opened, or should have, {opensAt}.",
        "This was possible before that time only. " + _STATUS,
    ),
    "ElectionPrecinctsInvalid": ("{precincts} precincts are not 1 to 64.", _MENDED_FILE),
    "ElectionQuestionsInvalid": ("{count} questions are not 1 to 16.", _MENDED_FILE),
    "ElectionRegistrarInvalid": (
        "The registrar {registrar} is nobody, listed twice, or not in rising order.",
        _MENDED_FILE,
    ),
    "ElectionRegistrarQuorumInvalid": (
        "{quorum} of {registrars} registrars cannot sign.",
        _MENDED_FILE,
    ),
    "ElectionRegistrarsInvalid": ("{count} registrars are not 1 to 15.", _MENDED_FILE),
    "ElectionThresholdInvalid": (
        "{threshold} of {trustees} trustees cannot decrypt.",
        _MENDED_FILE,
    ),
    "ElectionTrusteeInvalid": ("The trustee {trustee} is nobody, or listed twice.", _MENDED_FILE),
    "ElectionTrusteesInvalid": ("{count} trustees are not 1 to 15.", _MENDED_FILE),
    "ElectionTurnoutInvalid": (
        "A minimum turnout of {minimumTurnout} does not go with question {question}.",
        "It is at least 1, and merged precincts have to fit a count's bits.",
    ),
    "ElectionUnknown": (
        "There is no election {election}.",
        "Check the number, the chain (--rpc) and the contracts (--deployments).",
    ),
    "ElectionWasCancelled": (
        "Election {election} was cancelled.",
        "Nothing more happens to it; the reasons are the organiser's to publish.",
    ),
    "ElectionWindowInvalid": (
        "The time of {window}, {time}, is before {earliest}.",
        "Windows rise, and end in the future: mend the definition's windows.",
    ),
    "QuestionBitsInvalid": (
        "{bits} bits for each count do not fit question {question}.",
        _MENDED_FILE,
    ),
    "QuestionKindInvalid": ("Question {question} is of no kind.", _MENDED_FILE),
    "QuestionOptionsInvalid": (
        "{options} options of question {question} are not 2 to 32.",
        _MENDED_FILE,
    ),
    "QuestionRangeInvalid": (
        "From {min} to {max} options of question {question} cannot be chosen.",
        _MENDED_FILE,
    ),
    "QuestionUnknown": (
        "Election {election} has no question {question}.",
        "Questions are numbered from 0. " + _STATUS,
    ),
}

_BOARD: dict[str, tuple[str, str]] = {
    "CeremonyNotFinal": ("Election {election} has no key yet.", _CEREMONY),
    "CeremonyRestartLate": (
        "A new round of election {election} would end {until}; it opens {opensAt}.",
        "It is too late: create the election again, with more time for the ceremony.",
    ),
    "CeremonyStepInvalid": (
        "The ceremony of election {election} waits for {step}.",
        "This comes too early, or too late. " + _CEREMONY,
    ),
    "ComplaintInvalid": (
        "The complaint of trustee {index} about dealer {dealer} proves nothing.",
        "Make it anew with the key file: crmdapp elections ceremony next {election}",
    ),
    "ComplaintLengthInvalid": (
        "A complaint of {length} bytes is none.",
        "Make it anew: crmdapp elections ceremony next ELECTION",
    ),
    "DealCommittedBefore": (
        "Dealer {dealer} of election {election} is committed to a deal.",
        "Nothing is left to do in this step. " + _CEREMONY,
    ),
    "DealLengthInvalid": (
        "The deals have {length} bytes, not {expected}.",
        "It is of another election, or a deal is missing: export the record again.",
    ),
    "DealMismatch": (
        "This is not the deal of dealer {dealer} in election {election}.",
        "Use the key file that made the commitment, and the record of this round.",
    ),
    "DealMissing": (
        "Dealer {dealer} of election {election} has no deal, or it was excluded.",
        _CEREMONY,
    ),
    "DealPostedBefore": (
        "The deal of dealer {dealer} in election {election} is posted.",
        "Nothing is left to do in this step. " + _CEREMONY,
    ),
    "DealShareUnexpected": (
        "Dealer {dealer} gives trustee {index} a share, who has no key in election {election}.",
        "Make the deal anew from the record: crmdapp elections ceremony next {election}",
    ),
    "KnowledgeProofInvalid": (
        "A proof of trustee {index} does not hold in election {election}.",
        "It is of another round, account or contract: make it anew from the current record.",
    ),
    "KnowledgeProofLengthInvalid": (
        "A proof of {length} bytes is none.",
        "Make the message anew: crmdapp elections ceremony next ELECTION",
    ),
    "TrusteeInvalid": (
        "{caller} is not trustee {index} of election {election}.",
        "Send with the account that the definition names for this trustee (--account).",
    ),
    "TrusteeKeyMismatch": (
        "Trustee {index} of election {election} registered another key.",
        "Use the key file that registered it.",
    ),
    "TrusteeKeyMissing": (
        "Trustee {index} registered no key in this round of election {election}.",
        "It takes part again if a new round begins. " + _CEREMONY,
    ),
    "TrusteeKeyRegisteredBefore": (
        "Trustee {index} of election {election} has a key in this round.",
        "Nothing is left to do in this step. " + _CEREMONY,
    ),
}

_ROLL: dict[str, tuple[str, str]] = {
    "RegistrationClosed": (
        "Registration for election {election} ended {registrationUntil}.",
        "Nobody is registered any more: the roll stays as it is.",
    ),
    "RegistrationCountInvalid": (
        "{registrations} registrations came with {signatures} signatures.",
        "Each needs its own.",
    ),
    "RegistrationExpired": (
        "The registration of {nullifier} ended {deadline}.",
        "Let the registrars sign it again.",
    ),
    "RegistrationNullifierUsed": (
        "{nullifier} stands on the roll of election {election} and votes by {voter}.",
        "One person votes once, by the key and in the precinct that came first.",
    ),
    "RegistrationOpen": (
        "Registration for election {election} goes on until {registrationUntil}.",
        "The roll is frozen after that.",
    ),
    "RegistrationPrecinctFull": (
        "Precinct {precinct} of election {election} has {most} voters, as many as it may.",
        "More could not be counted: the definition said how many there would be.",
    ),
    "RegistrationPrecinctInvalid": (
        "Election {election} has no precinct {precinct}.",
        "Precincts are numbered from 0. " + _STATUS,
    ),
    "RegistrationSignaturesInvalid": (
        "The signatures for {nullifier} have {length} bytes: too many or too few.",
        "A quorum signs, no more: crmdapp elections register join FILE FILE",
    ),
    "RegistrationSignerInvalid": (
        "{signer} signed for {nullifier}, and is no registrar, or not in rising order.",
        "Ask a registrar whom the definition names, and join the files.",
    ),
    "RegistrationVoterZero": (
        "{nullifier} would vote by no key.",
        "Ask the citizen for the address of a fresh key.",
    ),
    "RollChunkInvalid": (
        "These are not the voters of chunk {chunk}, precinct {precinct}, election {election}.",
        "The node may leave some out: ask another one (--rpc).",
    ),
    "RollChunkKnown": (
        "Chunk {chunk} of precinct {precinct} in election {election} is frozen.",
        "Somebody was faster; run the same command again for the others.",
    ),
    "RollChunkUnknown": (
        "Precinct {precinct} of election {election} has no chunk {chunk}.",
        _STATUS,
    ),
    "RollNotFrozen": (
        "The roll of election {election} is not frozen.",
        "Once registration has ended: crmdapp elections freeze {election}",
    ),
    "RollPlaceUnknown": (
        "No voter has the place {index} in precinct {precinct} of election {election}.",
        "The roll may not be frozen yet. " + _STATUS,
    ),
    "RollTooLarge": (
        "The roll has more voters than one election can have.",
        "Hold two elections.",
    ),
}

_BOX: dict[str, tuple[str, str]] = {
    "BallotCastAlready": (
        "{voter} has voted on this question.",
        "A ballot that was counted stands; check it by its tracker.",
    ),
    "BallotExpired": (
        "Ballot {ballot} could be counted until {deadline}.",
        "Let its voter sign another one.",
    ),
    "BallotIndexInvalid": (
        "Ballot {ballot} is of voter {index}, who is not on the roll, or not in order.",
        "Check the precinct; a batch is sorted by voter, with one ballot each.",
    ),
    "BallotSignatureInvalid": (
        "Ballot {ballot} is not signed by {voter}, whose place it takes.",
        "It was altered, or signed for another place, question, box or chain.",
    ),
    "BatchCallerInvalid": (
        "{caller} is a contract, and ballots are taken from keys only.",
        "Send with an account of a key (--account).",
    ),
    "BatchLengthInvalid": (
        "{length} bytes are not 1 to 255 ballots of {ballotLength} bytes.",
        "The ballots are of another question, or cut off.",
    ),
    "BatchProofsInvalid": (
        "A proof of the batch does not hold.",
        "Check the ballots one by one, and leave out those that do not hold.",
    ),
    "BatchSumInfinite": (
        "The ballots of the batch cancel each other out.",
        "Their voters work together: cast them in other batches.",
    ),
    "BatchVotersDone": (
        "The voters of all these ballots have voted.",
        "Nothing is left to do.",
    ),
    "PrecinctUnknown": (
        "Election {election} has no precinct {precinct}.",
        "Precincts are numbered from 0. " + _STATUS,
    ),
    "QuestionNotPrepared": (
        "Question {question} of election {election} takes no ballots yet.",
        "Once roll and key are final: crmdapp elections prepare {election}",
    ),
    "QuestionPreparedAlready": (
        "Question {question} of election {election} is prepared.",
        "Nothing is left to do.",
    ),
    "VotingClosed": ("Voting in election {election} ended {closesAt}.", _RESULTS),
    "VotingNotOpen": (
        "Voting in election {election} begins {opensAt}.",
        "Cast the ballot then.",
    ),
}

_TALLY: dict[str, tuple[str, str]] = {
    "CountInvalid": (
        "{ballots} ballots cannot give option {option} {count} votes.",
        "Count again from the shares: crmdapp elections tally ELECTION",
    ),
    "CountsInvalid": (
        "These are not the counts of group {group}, question {question}, election {election}.",
        "Count again from the shares: crmdapp elections tally {election}",
    ),
    "CountsLengthInvalid": (
        "{length} counts are given, {expected} are needed.",
        "Give one for each option.",
    ),
    "CountsSumInvalid": (
        "The counts add up to {sum}, but there are {ballots} ballots.",
        "Count again from the shares: crmdapp elections tally ELECTION",
    ),
    "GroupNotTallied": (
        "Group {group} of question {question} in election {election} is not counted.",
        _RESULTS,
    ),
    "GroupTalliedBefore": (
        "Group {group} of question {question} in election {election} is counted.",
        _RESULTS,
    ),
    "GroupUnknown": (
        "Question {question} of election {election} has no group {group}.",
        _RESULTS,
    ),
    "PhaseInvalid": (
        "Election {election} is {phase}.",
        "Questions are closed once voting has ended, in an election that was held.",
    ),
    "QuestionClosedBefore": (
        "Question {question} of election {election} is closed.",
        _RESULTS,
    ),
    "QuestionIsVoid": (
        "Question {question} of election {election} has no result: {ground}.",
        "It stays so; nothing of it is decrypted.",
    ),
    "QuestionNotClosed": (
        "Question {question} of election {election} is not closed.",
        "Once voting has ended: crmdapp elections close {election}",
    ),
    "QuestionNotTallied": (
        "Question {question} of election {election} has no result yet.",
        _RESULTS,
    ),
    "QuestionNotVoid": (
        "Question {question} of election {election} can have a result.",
        "It has counts or shares enough, or trustees have time: crmdapp elections tally {election}",
    ),
    "SharesInvalid": (
        "A share for group {group} of question {question} in election {election} does not hold.",
        "It is of another group or key: crmdapp elections decrypt-share {election}",
    ),
    "SharesLate": (
        "Trustees of election {election} could decrypt until {sharesUntil}.",
        _RESULTS,
    ),
    "SharesLengthInvalid": (
        "The shares have {length} bytes, not {expected}.",
        "Give one for each sum: crmdapp elections decrypt-share ELECTION",
    ),
    "SharesMismatch": (
        "Trustee {index} posted other shares of question {question}, group {group}.",
        "Take those that were posted: crmdapp elections tally {election}",
    ),
    "SharesMissing": (
        "Trustee {index} posted no shares of question {question}, group {group}.",
        _RESULTS,
    ),
    "SharesPostedBefore": (
        "Trustee {index} has posted shares of question {question}, group {group}.",
        "Nothing is left to do.",
    ),
    "TallyCallerInvalid": (
        "{caller} is a contract, and shares with counts are taken from keys only.",
        "Send with an account of a key (--account).",
    ),
    "TallyInvalid": (
        "A share or the counts of question {question}, group {group} do not hold.",
        "Check each share: crmdapp elections decrypt-share {election}",
    ),
    "TrusteeUnknown": (
        "Election {election} has no trustee {index}.",
        "Trustees are numbered from 1. " + _STATUS,
    ),
    "TrusteesInvalid": (
        "These are not as many trustees as decrypt election {election} together.",
        "Give the shares of just as many as the threshold says.",
    ),
}

_POLLS: dict[str, tuple[str, str]] = {
    "OpenVoteCastAlready": (
        "{voter} has voted in poll {poll}.",
        "A vote stands; nobody votes twice.",
    ),
    "OpenVoteOptionInvalid": (
        "Poll {poll} has no option {option}.",
        "Options are numbered from 0: crmdapp elections poll totals {poll}",
    ),
    "OpenVoteWeightInvalid": (
        "{voter} does not have the weight {weight} in poll {poll}.",
        "Give the file of weights that the poll was created with (--weights).",
    ),
    "PollClosed": (
        "Poll {poll} ended {closesAt}.",
        "See what came out: crmdapp elections poll totals {poll}",
    ),
    "PollDefinitionZero": ("The definition's hash is zero.", "Mend the definition."),
    "PollNotOpen": ("Poll {poll} begins {opensAt}.", "Vote then."),
    "PollOptionsInvalid": ("{options} options are not 2 to 64.", "Mend the definition."),
    "PollUnknown": (
        "There is no poll {poll}.",
        "Check the number, the chain (--rpc) and the contracts (--deployments).",
    ),
    "PollWeightsBlockInvalid": (
        "Block {weightsBlock} cannot give the weights.",
        "Name a block that is over, with weights, or neither.",
    ),
    "PollWindowInvalid": (
        "A poll from {opensAt} to {closesAt} cannot be held.",
        "It opens later than now, and closes after that: mend the definition.",
    ),
}

_GROUP: dict[str, tuple[str, str]] = {
    "PointInfinite": ("A point is infinity, which is never valid.", "Make the message anew."),
    "PointLengthInvalid": ("A point of {length} bytes is none.", "Make the message anew."),
    "PointsInvalid": (
        "A point is none of the group.",
        "The message was altered or is broken: make it anew. If it is sound, give more gas.",
    ),
    "ScalarInvalid": (
        "{scalar} is no number below the group's order.",
        "The message was altered or is broken: make it anew.",
    ),
}

WORDS: dict[str, tuple[str, str]] = {
    **_ELECTIONS,
    **_BOARD,
    **_ROLL,
    **_BOX,
    **_TALLY,
    **_POLLS,
    **_GROUP,
}
"""Error -> what happened and what to do."""
