"""The loyalty contracts' errors in words."""

from __future__ import annotations

UNITS = frozenset(
    {"balance", "budget", "cap", "left", "minPoints", "needed", "outstanding", "points", "tiers"}
)
"""Fields that are points, in units of 0.01."""

VALUES: dict[str, frozenset[str]] = {
    "DepositCommitted": frozenset({"needed", "free"}),
    "PositionOverLimit": frozenset({"owed", "limit"}),
    "PricesInvalid": frozenset({"onRamp", "offRamp"}),
    "RedemptionBelowMinimum": frozenset({"value", "minValue"}),
    "SettlementTooEarly": frozenset({"owed"}),
}
"""Error -> fields of it that are amounts of the settlement coin, in 10^-6."""

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
    "CardBalanceExceeded": (
        "Less is left on the card.",
        "See how much: crmdapp loyalty voucher show CARD",
    ),
    "CardBoughtBefore": (
        "The card {card} was bought before.",
        "A card is loaded once, even if it is spent: buy a new one.",
    ),
    "CardBuyerOnly": (
        "The card is to be bought by {buyer}, not by {caller}.",
        "Act with the buyer's key (--account), or make a new card.",
    ),
    "CardEmpty": (
        "There is no coin on the card {card}.",
        "It was spent or given back, or nothing arrived when it was bought.",
    ),
    "CardKeyInvalid": (
        "{key} can be the key of no card.",
        "Make a new card.",
    ),
    "CardMismatch": (
        "The payment is for the card {stated}, not for {card}.",
        "Ask the holder to sign for the card that is given.",
    ),
    "CardRefundTooEarly": (
        "What is left on the card goes back to its buyer from {refundAt} on; it is {timestamp}.",
        "Until then it can be spent at a merchant of its guild.",
    ),
    "ClawbackEnded": (
        "The award could be reversed until {endedAt}; it is {timestamp}.",
        "Nothing can be taken back any more.",
    ),
    "ClearingHouseOnly": (
        "{caller} is not the clearing house.",
        "Use crmdapp loyalty limit or settle, which go through it.",
    ),
    "CoinDecimalsUnsupported": (
        "A coin with {decimals} decimals can not be settled in.",
        "Choose one with 6 to 8: crmdapp deploy --coin ADDRESS",
    ),
    "CoinInvalid": (
        "There is no coin at {coin}.",
        "Name the contract of the stablecoin: crmdapp deploy --coin ADDRESS",
    ),
    "CoinPaymentInexact": (
        "Paying {amount} of the coin's smallest units would take {taken} out of the contract.",
        "The contract can not pay itself, nor a fee on top that a coin charges: ask who runs it.",
    ),
    "CouponBudgetExceeded": (
        "{points} points are more than the {left} that the coupon key may give in this epoch.",
        "Claim it in the next epoch, or the owner raises it: crmdapp loyalty coupon key {program}",
    ),
    "CouponBudgetOutOfRange": (
        "A coupon key can not be given {budget} points per epoch.",
        "The most is 171,798,691.83 points.",
    ),
    "CouponExpired": (
        "The coupon ended {deadline}; it is {timestamp}.",
        "Ask the merchant for a new one.",
    ),
    "CouponIssuedTooLate": (
        "The coupon's points would count as issued in epoch {issued}, the latest is {latest}.",
        "Wait for that epoch, or ask the merchant for a new one.",
    ),
    "CouponSignatureInvalid": (
        "The coupon key {key} did not sign this coupon, or for another chain or ledger.",
        "Ask the merchant for a new one; who signs: crmdapp loyalty coupon key PROGRAM",
    ),
    "CouponTooEarly": (
        "The coupon can be claimed from {validAfter} on; it is {timestamp}.",
        "Wait until then.",
    ),
    "CouponUsed": (
        "Coupon {orderId} of program {program} was claimed or cancelled before.",
        "A coupon counts once; ask the merchant for a new one.",
    ),
    "DepositCommitted": (
        "{needed} of the deposit of program {program} are needed, {free} are free.",
        "Pay in more (crmdapp loyalty deposit {program} AMOUNT) or lower another limit.",
    ),
    "DepositEmpty": (
        "Nothing arrived for program {program}.",
        "Pay in at least 0.000001; a coin that keeps all of it as a fee is of no use here.",
    ),
    "DropClaimedBefore": (
        "Number {index} of drop {drop} was collected before.",
        "Nothing is to be done: the points are there.",
    ),
    "DropExhausted": (
        "{points} points are more than the {left} left of drop {drop}.",
        "Ask the merchant.",
    ),
    "DropExpired": (
        "Drop {drop} could be collected until {deadline}; it is {timestamp}.",
        "Ask the merchant.",
    ),
    "DropProofInvalid": (
        "The proof does not show that number {index} belongs to drop {drop}.",
        "Ask the merchant for the claim again, or make it: crmdapp loyalty drop proofs {drop} FILE",
    ),
    "ERC20InsufficientAllowance": (
        "The contract {spender} may not take as much of the coin.",
        "Run the same command again: it approves what is missing.",
    ),
    "ERC20InsufficientBalance": (
        "The account {sender} has too little of the coin.",
        "Send it some first; on a local chain: crmdapp chain fund-coin {sender} AMOUNT",
    ),
    "ERC20InvalidReceiver": ("{receiver} can hold no coin.", "Check the receiver's address."),
    "ERC6909InsufficientBalance": (
        "{sender} has {balance} points in program {id}, {needed} are needed.",
        "See what is there and when it expires: crmdapp loyalty statement {id} {sender}",
    ),
    "ERC6909InvalidReceiver": (
        "{receiver} can hold no points.",
        "Check the receiver's address.",
    ),
    "EpochNotLive": (
        "The points count as issued in epoch {epoch} and have expired; it is epoch {current}.",
        "Nothing is to be done: points that expired do not come back.",
    ),
    "ExchangeBelowMinimum": (
        "Only {points} points would arrive, not {minPoints}.",
        "See what it gives now (crmdapp loyalty quote), and give a lower --min if you agree.",
    ),
    "GuildMerchantOnly": (
        "{merchant} does not take the cards of guild {guild}.",
        "See who does: crmdapp loyalty voucher guild show {guild}",
    ),
    "GuildOwnerOnly": (
        "{caller} does not keep guild {guild}.",
        "Act with its owner's key (--account): crmdapp loyalty voucher guild show {guild}",
    ),
    "GuildUnknown": (
        "There is no guild {guild}.",
        "Open one: crmdapp loyalty voucher guild create MERCHANT",
    ),
    "HubEpochTooLong": (
        "An epoch of {epochLength} seconds is too long, the most is {maximum}.",
        "Choose a shorter one: --epoch-length.",
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
    "IssuerInvalid": (
        "{issuer} can not be an issuer.",
        "Check the issuer's address.",
    ),
    "LimitToItself": (
        "Program {program} can owe itself nothing.",
        "Name another program.",
    ),
    "OrderUsed": (
        "Order {orderId} of program {program} was redeemed before.",
        "Use a new order number for a new order.",
    ),
    "PointsOverflow": (
        "{points} points are more than the ledger can hold in one place.",
        "The most is 1,407,374,883,553.27 points.",
    ),
    "PositionOverLimit": (
        "Program {debtor} would owe program {creditor} {owed}, its limit is {limit}.",
        "Its owner can settle or raise it: crmdapp loyalty settle {debtor} {creditor}, or limit.",
    ),
    "PricesInvalid": (
        "A program that asks {onRamp} for a point can not pay {offRamp} for it.",
        "Pay more than 0 and not more than you ask.",
    ),
    "ProgramIssuerOnly": (
        "{caller} is no issuer of program {program}.",
        "Act with an issuer's key, or appoint: crmdapp loyalty program issuer {program} {caller}",
    ),
    "ProgramNameEmpty": (
        "A program needs a name and a symbol.",
        "Give both: crmdapp loyalty program create NAME SYMBOL",
    ),
    "ProgramNotConnected": (
        "Program {program} has published no prices.",
        "Its points stay at home until its owner does: crmdapp loyalty prices set {program} ...",
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
    "ProgramsEqual": (
        "That is program {program} on both sides.",
        "At its own merchant points are spent by: crmdapp loyalty redeem {program} POINTS",
    ),
    "RecordIndexOutOfRange": (
        "The batch has {count} awards, there is no number {index}.",
        "Check the line.",
    ),
    "RecordsNotAwarded": (
        "These awards were never made in program {program} under batch {batchId}.",
        "Give the file or coupon exactly as it was awarded, and the right program.",
    ),
    "RedemptionBelowMinimum": (
        "The merchant would be credited {value} only, not {minValue}.",
        "See what it gives now (crmdapp loyalty quote), and give a lower --min if you agree.",
    ),
    "RedemptionUnknown": (
        "There is no such refundable redemption, or it was refunded in full.",
        "Check merchant and order.",
    ),
    "ReentrancyGuardReentrantCall": (
        "The contract was called again while it moved the coin.",
        "A coin or receiver that does so is not to be trusted: ask who runs it.",
    ),
    "RefundExceedsRedemption": (
        "{points} points are more than the {left} left of the redemption.",
        "Refund at most what is left.",
    ),
    "ReversalExceedsAward": (
        "{points} points are more than the {left} left of the award.",
        "Reverse at most what is left.",
    ),
    "SafeERC20FailedOperation": (
        "The coin {token} refuses without a reason.",
        "Ask who runs it whether transfers are stopped or the account is barred.",
    ),
    "SettlementTooEarly": (
        "What program {debtor} owes program {creditor} ({owed}) can not be settled by you yet.",
        "Wait until {opensAt}, or ask one of the two owners.",
    ),
    "TermsContradictChain": (
        "The terms say {field} is {stated}, on the chain it is {actual}.",
        "See every difference: crmdapp loyalty terms check DIR",
    ),
    "TermsHashEmpty": (
        "Terms of program {program} without a hash can not be published.",
        "Publish a folder of terms: crmdapp loyalty terms publish DIR",
    ),
    "TermsPublishedBefore": (
        "These terms of program {program} are published.",
        "Nothing is to be done; a new version begins with: crmdapp loyalty terms init {program}",
    ),
    "TermsUnknown": (
        "Program {program} has not published terms with the hash {bundleHash}.",
        "See what it has published: crmdapp loyalty terms show {program}",
    ),
    "TermsVersionUnknown": (
        "Program {program} has published no version {version} of its terms.",
        "Versions count from 0; see them: crmdapp loyalty terms show {program}",
    ),
    "TiersNotRising": (
        "The tiers {tiers} do not rise.",
        "Give them from the lowest to the highest: --tier 500 --tier 2000",
    ),
    "TiersTooMany": (
        "{count} tiers are too many.",
        "A program has six at most.",
    ),
    "ValidityOutOfRange": (
        "Points can not live {validity} epochs.",
        "Choose from 1 to 4: --validity.",
    ),
}
"""Name of the error -> what happened, what to do."""
