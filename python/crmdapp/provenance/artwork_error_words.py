"""The gallery's contracts' errors in words."""

from __future__ import annotations

UNITS: frozenset[str] = frozenset()
"""Fields that are loyalty points: none."""

IDS = frozenset({"id", "earlierId", "tokenId"})
"""Fields that are ids of works, shown in hex."""

_GROUND = ("nothing", "submission", "near-duplicate", "earlier work", "false record", "standards")

NAMES: dict[str, dict[str, tuple[str, ...]]] = {"ChallengeGroundInvalid": {"ground": _GROUND}}
"""Error -> field -> the words for its values, from 0."""

WORDS: dict[str, tuple[str, str]] = {
    "ApprovalsMissing": (
        "{given} curators approved, {wanted} are needed.",
        "Ask more curators: crmdapp gallery approve SUBMISSION FILE",
    ),
    "ArtworkAuctioned": (
        "An auction of the work {id} is open.",
        "Until it is settled or cancelled the work does not move otherwise.",
    ),
    "ArtworkBoardOnly": (
        "{caller} is not the curators' board.",
        "Only a challenge that is upheld revokes a record.",
    ),
    "ArtworkFileInvalid": (
        "A hash of the file is missing.",
        "Fingerprint the file anew: crmdapp gallery submit",
    ),
    "ArtworkMintedBefore": ("The work {id} has its token.", "Nothing is to be done."),
    "ArtworkNotForSale": (
        "The work {id} has no price.",
        "Make its owner an offer: crmdapp gallery offer {id} PRICE",
    ),
    "ArtworkNotRevoked": (
        "The file's earlier record {id} was not revoked.",
        "A file has one record; challenge it if it is wrong.",
    ),
    "ArtworkOwnedBefore": (
        "{buyer} owns the work {id} already.",
        "Nobody buys a work of their own; withdraw its price: crmdapp gallery unlist {id}",
    ),
    "ArtworkRegisteredBefore": (
        "The work {id} is registered.",
        "See it: crmdapp gallery show {id}",
    ),
    "ArtworkRevokedBefore": (
        "The curators have found against the work {id}.",
        "Its record can not be used any more.",
    ),
    "ArtworkRoyaltyTooHigh": (
        "A royalty of {royaltyBps} hundredths of a percent is too high.",
        "Ask for 25 % or less.",
    ),
    "ArtworkSellerOnly": (
        "{caller} does not own the work {id}.",
        "Act with its owner's key, or the artist's before it is minted: --account NAME",
    ),
    "ArtworkUnknown": (
        "There is no work {id}.",
        "Check the id or the file; another version of a file is another work.",
    ),
    "AuctionBidTooLow": (
        "{bid} is too little for the work {id}; {least} price units are the least.",
        "See the auction: crmdapp gallery auction show {id}",
    ),
    "AuctionDurationInvalid": (
        "An auction can not last {duration} seconds.",
        "Let it last 15 minutes to 30 days.",
    ),
    "AuctionHasBids": (
        "{bidder} has bid for the work {id}.",
        "The auction goes on until its time is over.",
    ),
    "AuctionOpen": (
        "The auction of the work {id} is open until {endsAt}.",
        "Wait until then.",
    ),
    "AuctionOver": (
        "The auction of the work {id} was over at {endsAt}.",
        "Settle it: crmdapp gallery auction settle {id}",
    ),
    "AuctionUnknown": (
        "There is no auction of the work {id}.",
        "See the work: crmdapp gallery show {id}",
    ),
    "BoardChangeStale": (
        "The change was drawn up after {given} changes; there were {epoch} by now.",
        "Draw it up anew: crmdapp gallery board change",
    ),
    "BoardPeriodsInvalid": (
        "A board can not have periods of {commitPeriod}, {revealPeriod} and {notice} seconds.",
        "Each is an hour or more.",
    ),
    "BondEmpty": ("The board owes {account} nothing.", "Nothing is to be done."),
    "BondMismatch": (
        "{sent} wei were sent, the bond is {bond}.",
        "Send exactly the bond: crmdapp gallery board show",
    ),
    "BondRefused": (
        "{to} did not take the {amount} wei.",
        "Name another receiver: --to ADDRESS",
    ),
    "CaseConcludedBefore": ("The case {caseId} is over.", "See it: crmdapp gallery case {caseId}"),
    "CaseDefendedBefore": ("The record is defended in the case {caseId}.", "Once is enough."),
    "CaseDefenderOnly": (
        "{caller} can not defend the record in the case {caseId}.",
        "Its artist or the work's owner can.",
    ),
    "CaseNotConcluded": (
        "The case {caseId} is not over.",
        "Conclude it when its time is up: crmdapp gallery conclude {caseId}",
    ),
    "CaseOpenedBefore": (
        "The case {caseId} was opened before.",
        "See it: crmdapp gallery case {caseId}",
    ),
    "CasePartial": (
        "{curator} is a party to the case {caseId}.",
        "The artist, the opener and the defender have no vote.",
    ),
    "CaseStepClosed": (
        "This step of the case {caseId} is open from {opensAt} to {closesAt}; it is {timestamp}.",
        "See its times: crmdapp gallery case {caseId}",
    ),
    "CaseUnknown": ("There is no case {caseId}.", "Check its id."),
    "ChallengeGroundInvalid": (
        "{ground} is no ground of a challenge.",
        "Use near-duplicate, earlier-work, false-record or standards.",
    ),
    "ChallengeUnfounded": (
        "The work {earlierId} is not near the work {id}: {distance} bits differ.",
        "See what is near: crmdapp gallery near FILE. Or challenge it as earlier-work.",
    ),
    "CreditEmpty": ("The gallery owes {account} nothing in this currency.", "Check the currency."),
    "CreditRefused": (
        "{to} did not take the {amount} base units.",
        "Name another receiver: --to ADDRESS",
    ),
    "CuratorInvalid": (
        "{curator} is no curator of this work.",
        "Leave that approval out: only curators, and never the artist.",
    ),
    "CuratorListInvalid": (
        "{curator} can not be admitted or dismissed.",
        "Admit who is none, dismiss who is one, each once.",
    ),
    "CuratorOnly": (
        "{caller} is no curator.",
        "Act with a curator's key: crmdapp gallery board show",
    ),
    "CuratorQuorumInvalid": (
        "A quorum of {quorum} does not fit a board of {curators}.",
        "Choose 1 to the number of curators, who are 64 at most.",
    ),
    "CuratorsUnordered": (
        "{curator} stands after {previous}.",
        "Each curator once: leave the second approval out.",
    ),
    "CurrencyDisabled": (
        "New prices can not be in currency {currency}.",
        "Choose another: crmdapp gallery currencies",
    ),
    "CurrencyEther": (
        "Ether can not be drawn by a signature.",
        "Choose a coin: crmdapp gallery currencies",
    ),
    "CurrencyInvalid": (
        "The coin {token} can not be added with the exponent {exponent}.",
        "Check the address; the exponent is 0 to 18.",
    ),
    "CurrencyTableFull": ("The currency table is full.", "Enable a row that it has."),
    "CurrencyUnknown": (
        "There is no currency {currency}.",
        "See them: crmdapp gallery currencies",
    ),
    "ERC721IncorrectOwner": (
        "{sender} does not own the work {tokenId}; {owner} does.",
        "Act with its owner's key: --account NAME",
    ),
    "ERC721InsufficientApproval": (
        "{operator} may not move the work {tokenId}.",
        "Act with its owner's key: --account NAME",
    ),
    "ERC721InvalidReceiver": (
        "{receiver} does not take works.",
        "Name an account, or a contract that takes tokens (ERC-721).",
    ),
    "GalleryFeeTooHigh": (
        "A fee of {feeBps} hundredths of a percent is too high.",
        "Choose 10 % or less.",
    ),
    "GalleryOnly": (
        "{caller} does not run the gallery, or was not offered it.",
        "Act with the gallery's key: --account NAME",
    ),
    "ListingForAnother": (
        "The listing of the work {id} is for {onlyBuyer} alone.",
        "Ask the seller for one of your own.",
    ),
    "ListingStale": (
        "The listing of the work {id} is void: signed in epoch {listed}, it is {epoch} now.",
        "The work was sold or its price changed since; ask for a new one.",
    ),
    "PaymentGasTooLow": (
        "{gasLeft} gas is left to pay receivers, {wanted} is needed.",
        "Give the transaction more gas.",
    ),
    "PaymentInexact": (
        "The coin {token} kept something: {received} of {amount} arrived.",
        "Pay in another currency.",
    ),
    "PaymentMismatch": (
        "{sent} wei were sent, {wanted} are asked for.",
        "Send exactly the price.",
    ),
    "PriceChanged": (
        "The work {id} costs {price} price units of currency {currency} by now.",
        "See it: crmdapp gallery show {id}",
    ),
    "PriceInvalid": ("The work {id} can not have this price.", "A price is 1 unit or more."),
    "StandardsOutdated": (
        "The work was made to meet version {given} of the standards; it is {version} now.",
        "Sign it anew for the current one: crmdapp gallery submit",
    ),
    "SubmissionArtistOnly": (
        "{caller} is not the artist, {artist}.",
        "The artist submits a work openly: --account NAME",
    ),
    "VoteCommittedBefore": (
        "{curator} has voted in the case {caseId}.",
        "A vote that was committed stays.",
    ),
    "VoteMismatch": (
        "This is not the vote that {curator} committed in the case {caseId}, or it was shown.",
        "Use the file that was written then: --ballot FILE",
    ),
    "VoteRewardEmpty": (
        "{curator} has no share in the case {caseId}.",
        "Only who revealed a vote has one, once.",
    ),
}
