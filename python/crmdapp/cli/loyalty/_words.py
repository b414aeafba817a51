"""The loyalty contracts' errors in words."""

from __future__ import annotations

UNITS = frozenset({"balance", "cap", "left", "needed", "outstanding", "points", "tiers"})
"""Fields that are points, in units of 0.01."""

WORDS: dict[str, tuple[str, str]] = {
    "BatchAwardedBefore": (
        "This batch was awarded in program {program} before.",
        "Nothing is to be done: points are never awarded twice.",
    ),
    "BudgetExceeded": (
        "{points} points are more than the {left} that {issuer} may still award in this epoch.",
        "The owner can raise the budget: crmdapp loyalty program issuer {program} {issuer} BUDGET",
    ),
    "CapExceeded": (
        "{outstanding} points would be outstanding, the program's cap is {cap}.",
        "The owner can raise it: crmdapp loyalty program set {program} --cap POINTS",
    ),
    "CapOutOfRange": (
        "A cap of {cap} points is too high.",
        "Choose a lower one, or 0 for no cap.",
    ),
    "ERC6909InsufficientBalance": (
        "{sender} has {balance} points in program {id}, {needed} are needed.",
        "See what is there and when it expires: crmdapp loyalty statement {id} {sender}",
    ),
    "ERC6909InvalidReceiver": (
        "{receiver} can hold no points.",
        "Check the receiver's address.",
    ),
    "HubEpochTooShort": (
        "An epoch of {epochLength} seconds is too short, the least is {minimum}.",
        "Choose a longer one: --epoch-length.",
    ),
    "HubGenesisInFuture": (
        "The first epoch would begin {genesis}, it is only {timestamp} on the chain.",
        "Choose an earlier moment: --genesis.",
    ),
    "IntentExpired": (
        "The permission ended {deadline}; it is {timestamp}.",
        "Ask the customer to sign a new one.",
    ),
    "IntentNonceUsed": (
        "{signer} has used or cancelled number {nonce} before.",
        "If the transfer is wanted once more, ask for a new signature.",
    ),
    "IntentSignatureInvalid": (
        "The signature is not by {signer}, or for another chain or ledger.",
        "Ask the customer to sign again with the right --chain-id and --hub.",
    ),
    "IssuerInvalid": ("{issuer} can not be an issuer.", "Check the issuer's address."),
    "OrderUsed": (
        "Order {orderId} of program {program} was redeemed before.",
        "Use a new order number for a new order.",
    ),
    "PointsOverflow": (
        "{points} points are more than the ledger can hold in one place.",
        "The most is 1,407,374,883,553.27 points.",
    ),
    "ProgramIssuerOnly": (
        "{caller} is no issuer of program {program}.",
        "Act with an issuer's key, or appoint: crmdapp loyalty program issuer {program} {caller}",
    ),
    "ProgramNameEmpty": (
        "A program needs a name and a symbol.",
        "Give both: crmdapp loyalty program create NAME SYMBOL",
    ),
    "ProgramOwnerOnly": (
        "{caller} does not own program {program}.",
        "Act with the owner's key (--account); who that is: crmdapp loyalty program show {program}",
    ),
    "ProgramPendingOwnerOnly": (
        "Program {program} was not offered to {caller}.",
        "The owner offers it first: crmdapp loyalty program offer {program} {caller}",
    ),
    "ProgramUnknown": (
        "There is no program {program}.",
        "See which there are: crmdapp loyalty program list",
    ),
    "TiersNotRising": (
        "The tiers {tiers} do not rise.",
        "Give them from the lowest to the highest: --tier 500 --tier 2000",
    ),
    "TiersTooMany": ("{count} tiers are too many.", "A program has six at most."),
    "ValidityOutOfRange": (
        "Points can not live {validity} epochs.",
        "Choose from 1 to 4: --validity.",
    ),
}
"""Name of the error -> what happened, what to do."""
