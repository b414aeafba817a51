// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISignedIntents} from "../common/ISignedIntents.sol";
import {CuratorApproval, ICuratorBoard} from "./ICuratorBoard.sol";

/// @notice What an artist signs of a work and curators sign again; nothing in it can change later
/// (EIP-712).
/// @param fileKeccak keccak256 of the file. Names the token.
/// @param fileSha256 SHA-256 of the file.
/// @param cidDigest SHA-256 digest in the file's CIDv1; of a file in one block the same.
/// @param pHash 64-bit perceptual hash of the picture; 0 if the file is none.
/// @param metadataHash SHA-256 of the metadata (JSON by RFC 8785).
/// @param artist Who signs, and is paid.
/// @param royaltyBps Hundredths of a percent of each resale, at most 2,500.
/// @param succession 0; after a revocation of the file's record one more than the revoked one's.
/// @param standardsVersion The community's standards that the work was made to meet.
/// @param deadline Seconds since 1970; registered until then or never.
struct Artwork {
    bytes32 fileKeccak;
    bytes32 fileSha256;
    bytes32 cidDigest;
    uint64 pHash;
    bytes32 metadataHash;
    address artist;
    uint16 royaltyBps;
    uint8 succession;
    uint32 standardsVersion;
    uint40 deadline;
}

/// @notice What is kept of a work for ever, in one word.
/// @param isRevoked The curators found against it. It stays a token, flagged.
/// @param isBurned Its owner destroyed the token. The file cannot be registered again.
struct ArtworkRecord {
    address artist;
    uint64 pHash;
    uint16 royaltyBps;
    bool isRevoked;
    bool isBurned;
}

/// @notice Who owns a work and what it costs, in one word.
/// @param owner 0: not minted, or burned.
/// @param price In the currency's units (10^exponent of its base units); 0: not for sale. In an
/// auction the reserve.
/// @param epoch Rises with each transfer and each change of price. What was signed for another
/// epoch is void. Stops at 2^24 - 1, where nothing signed is accepted.
struct ArtworkState {
    address owner;
    uint64 price;
    uint8 currency;
    bool isAuctioned;
    uint24 epoch;
}

/// @notice A seller's word, to be taken up by a buyer (EIP-712).
/// @param epoch The work's, so that a transfer or a change of price voids it.
/// @param onlyBuyer 0: anyone.
struct Listing {
    uint256 id;
    uint24 epoch;
    address seller;
    uint64 price;
    uint8 currency;
    address onlyBuyer;
    uint40 deadline;
}

/// @notice A buyer's word, to be taken up by the owner (EIP-712). Never in ether, which cannot be
/// drawn.
struct Offer {
    uint256 id;
    address buyer;
    uint64 price;
    uint8 currency;
    uint256 nonce;
    uint40 deadline;
}

/// @notice ERC-2612 permission of a buyer's coin.
/// @param value Base units.
struct CoinPermit {
    uint256 value;
    uint256 deadline;
    uint8 v;
    bytes32 r;
    bytes32 s;
}

/// @notice A row of the currency table. Rows are added and disabled, never changed or used again.
/// @param token ERC-20; 0: ether, in row 0.
/// @param exponent A price unit is 10^exponent base units.
/// @param pointsPerMillion Loyalty units given for 1,000,000 price units; 0: none.
struct Currency {
    address token;
    uint8 exponent;
    bool isEnabled;
    uint48 pointsPerMillion;
}

/// @notice An English auction, in one word.
/// @param bidder 0: nobody yet.
/// @param bid Price units.
/// @param endsAt Seconds since 1970; 0: there is none.
struct Auction {
    address bidder;
    uint64 bid;
    uint32 endsAt;
}

/// @title Artworks: registered, owned, sold, with their history
/// @notice An ERC-721 token per work (ERC-2981, ERC-4906, ERC-7572) with its own market: no escrow,
/// no operator approval, the artist paid directly. A work is registered only if its artist and a
/// quorum of the board's curators signed the very same record.
/// @dev The token of a file is keccak256(file), so nobody registers a file twice. Every event that
/// belongs to a work's provenance (`Transfer`, `ArtworkRegistered`, `ArtworkSold`,
/// `ArtworkRevoked`) is one link of `historyHead`: head = keccak256(abi.encode(head, topic, id, a,
/// b, detail, block.timestamp)) with topic = the event's first topic and (a, b, detail) =
/// (from, to, 0), (artist, 0, artworkHash), (seller, buyer, keccak256(abi.encode(price, currency,
/// digest))), (0, 0, caseId). Whoever replays the events knows whether a node left one out.
/// A single approval (`approve`) ends with the work's epoch: with a transfer, and with a new price.
interface IArtworks is ISignedIntents {
    /// @notice A work was recorded; its token appears with the first sale, or at once.
    event ArtworkRegistered(
        uint256 indexed id, address indexed artist, bytes32 indexed artworkHash, Artwork artwork
    );
    /// @notice Money and work changed hands.
    /// @param digest What the absent party signed (EIP-712 digest of the listing or the offer); 0
    /// if both acted themselves.
    event ArtworkSold(
        uint256 indexed id,
        address indexed seller,
        address indexed buyer,
        uint64 price,
        uint8 currency,
        bytes32 digest
    );
    /// @notice The curators found against the record in case `caseId`.
    event ArtworkRevoked(uint256 indexed id, bytes32 indexed caseId);
    /// @notice The owner asks `price`; 0 withdraws it. What was signed before is void.
    event ArtworkListed(
        uint256 indexed id, address indexed seller, uint64 price, uint8 currency, uint24 epoch
    );
    event AuctionOpened(
        uint256 indexed id, address indexed seller, uint64 reserve, uint8 currency, uint32 endsAt
    );
    /// @notice The highest bid so far; the one before was paid back.
    event AuctionBid(uint256 indexed id, address indexed bidder, uint64 bid, uint32 endsAt);
    /// @notice Called off by its owner, over without a bid, or ended by a revocation, which gives
    /// the bidder a credit.
    event AuctionCancelled(uint256 indexed id);
    /// @notice `account` could not be paid; it may withdraw the amount (base units).
    event PaymentCredited(address indexed account, uint8 indexed currency, uint256 amount);
    event CreditWithdrawn(address indexed account, uint8 indexed currency, uint256 amount);
    /// @notice A new row of the table, or the row's new state.
    event CurrencySet(
        uint8 indexed currency,
        address indexed token,
        uint8 exponent,
        bool isEnabled,
        uint48 pointsPerMillion
    );
    /// @notice Sales earn points of `program` from now on; 0: none.
    event PointsProgramSet(uint256 indexed program);
    /// @notice The loyalty ledger refused the points of a sale. The sale stands.
    event PointsRefused(uint256 indexed id, address indexed buyer, uint256 points);
    event FeesSwept(uint8 indexed currency, address indexed to, uint256 amount);
    event GalleryOffered(address indexed gallery, address indexed to);
    event GalleryChanged(address indexed from, address indexed to);
    /// @notice ERC-7572.
    event ContractURIUpdated();

    error ArtworkUnknown(uint256 id);
    error ArtworkRegisteredBefore(uint256 id);
    /// @notice A successor needs a revoked predecessor.
    error ArtworkNotRevoked(uint256 id);
    error ArtworkRevokedBefore(uint256 id);
    error ArtworkMintedBefore(uint256 id);
    error ArtworkFileInvalid();
    error ArtworkRoyaltyTooHigh(uint16 royaltyBps);
    error ArtworkNotForSale(uint256 id);
    /// @notice The owner, or the artist of a work that is not minted.
    error ArtworkSellerOnly(uint256 id, address caller);
    /// @notice A sale to the seller would write a price that nobody paid.
    error ArtworkOwnedBefore(uint256 id, address buyer);
    error ArtworkBoardOnly(address caller);
    /// @notice While an auction is open the work does not move otherwise.
    error ArtworkAuctioned(uint256 id);
    /// @notice The work's price is not what the buyer expected.
    error PriceChanged(uint256 id, uint64 price, uint8 currency);
    error PriceInvalid(uint256 id);
    /// @notice Ether sent with the call, and ether asked for (wei).
    error PaymentMismatch(uint256 sent, uint256 wanted);
    /// @notice Too little gas is left to pay receivers, or to give the buyer points; give the
    /// transaction more.
    error PaymentGasTooLow(uint256 gasLeft, uint256 wanted);
    /// @notice The coin keeps something of what it moves.
    error PaymentInexact(address token, uint256 amount, uint256 received);
    error ListingStale(uint256 id, uint24 listed, uint24 epoch);
    error ListingForAnother(uint256 id, address onlyBuyer, address caller);
    error CurrencyDisabled(uint8 currency);
    error CurrencyUnknown(uint8 currency);
    error CurrencyInvalid(address token, uint8 exponent);
    error CurrencyEther();
    error CurrencyTableFull();
    error AuctionUnknown(uint256 id);
    error AuctionDurationInvalid(uint256 duration);
    error AuctionOver(uint256 id, uint32 endsAt);
    error AuctionOpen(uint256 id, uint32 endsAt);
    error AuctionHasBids(uint256 id, address bidder);
    error AuctionBidTooLow(uint256 id, uint64 bid, uint256 least);
    error CreditEmpty(address account, uint8 currency);
    error CreditRefused(address to, uint256 amount);
    error GalleryOnly(address caller);
    error GalleryFeeTooHigh(uint16 feeBps);

    // Registration

    /// @notice Records a work that its artist signed and curators admitted. Anyone may submit it.
    /// @param artistSignature The artist's over `artwork`.
    /// @param approvals The curators' over `artwork`, by rising address; none if the board admitted
    /// the work by vote.
    /// @param mints Whether the artist gets the token at once, not with the first sale.
    function register(
        Artwork calldata artwork,
        bytes calldata artistSignature,
        CuratorApproval[] calldata approvals,
        bool mints
    ) external returns (uint256 id);

    /// @notice Gives the artist the token of a registered work before its first sale. Anyone.
    function mint(uint256 id) external;

    /// @notice Flags a record; sales stop until the owner lists it anew. The board only.
    function revoke(uint256 id, bytes32 caseId) external;

    /// @notice Destroys the caller's token. The record stays.
    function burn(uint256 id) external;

    // Sale

    /// @notice Asks `price` for the caller's work; 0 withdraws it. Voids all signed listings.
    function list(uint256 id, uint64 price, uint8 currency) external;

    /// @notice Buys a listed work at exactly the price and currency that the buyer saw.
    function buy(uint256 id, uint64 price, uint8 currency) external payable;

    /// @notice As `buy`, with the buyer's permission of the coin. A permission that somebody else
    /// used up before does not hinder.
    function buyWithPermit(uint256 id, uint64 price, uint8 currency, CoinPermit calldata permission)
        external;

    /// @notice Buys what the seller offered by signature.
    function buySigned(Listing calldata listing, bytes calldata signature) external payable;

    /// @notice Sells the caller's work to who signed the offer. Refused for a revoked work.
    function accept(Offer calldata offer, bytes calldata signature) external;

    // Auction

    /// @notice Opens an English auction of the caller's work.
    /// @param reserve Least first bid, price units, 1 or more.
    /// @param duration Seconds, 900 to 30 days. A bid in the last 900 seconds extends it to 900
    /// from then.
    function openAuction(uint256 id, uint64 reserve, uint8 currency, uint32 duration) external;

    /// @notice Bids at least the reserve, or 5 % over the highest bid; pays the one before back.
    function bid(uint256 id, uint64 amount) external payable;

    /// @notice Calls off the caller's auction that has no bid.
    function cancelAuction(uint256 id) external;

    /// @notice Ends an auction whose time is over: work to the bidder, money to the seller. Anyone.
    function settle(uint256 id) external;

    /// @notice Pays out what could not be paid to the caller before.
    function withdraw(uint8 currency, address to) external;

    // The gallery: fee, currencies, points; no power over works

    /// @notice Appends a currency.
    /// @param exponent 0 to 18. A price unit is 10^exponent base units of the token.
    function addCurrency(address token, uint8 exponent, uint48 pointsPerMillion)
        external
        returns (uint8 currency);

    /// @notice Disables or enables a row for new prices, and sets the points it earns. What is
    /// listed in a disabled currency cannot be bought until it is listed anew.
    function setCurrency(uint8 currency, bool isEnabled, uint48 pointsPerMillion) external;

    /// @notice Gives points of `program` for sales; this contract has to be its issuer. 0: none.
    function setPointsProgram(uint256 program) external;

    /// @notice Where metadata and contract data are served. The hash in the record says whether
    /// what is served is genuine.
    function setBaseURI(string calldata baseURI) external;

    /// @notice Takes out the fees: what the contract has beyond what it owes.
    function sweep(uint8 currency, address to) external;

    /// @notice Offers the gallery's role to `to`, who must accept; 0 takes the offer back.
    function offerGallery(address to) external;
    function acceptGallery() external;

    // Views

    function recordOf(uint256 id) external view returns (ArtworkRecord memory);
    function stateOf(uint256 id) external view returns (ArtworkState memory);
    function auctionOf(uint256 id) external view returns (Auction memory);
    function currencyOf(uint8 currency) external view returns (Currency memory);
    function currencyCount() external view returns (uint8);
    /// @notice Base units that `account` may withdraw.
    function creditOf(address account, uint8 currency) external view returns (uint256);
    /// @notice Base units that the contract owes: credits, and the highest bids of auctions.
    function liabilityOf(uint8 currency) external view returns (uint256);
    /// @notice See {IArtworks}: the hash that commits to every event of provenance. Storage slot 0,
    /// so that `eth_getProof` shows it.
    function historyHead() external view returns (bytes32);
    /// @notice The token of the file's record number `succession`: id(0) = keccak256(file), id(n) =
    /// keccak256(abi.encode(fileKeccak, id(n - 1))).
    function idOf(bytes32 fileKeccak, uint8 succession) external pure returns (uint256 id);
    /// @notice EIP-712 struct hash of `artwork`; what curators approve.
    function artworkHashOf(Artwork calldata artwork) external pure returns (bytes32);
    function gallery() external view returns (address);
    function pendingGallery() external view returns (address);
    function pointsProgram() external view returns (uint256);
    /// @notice ERC-7572.
    function contractURI() external view returns (string memory);
    /// @notice Hundredths of a percent of every sale, for ever.
    // solhint-disable-next-line func-name-mixedcase -- an immutable
    function FEE_BPS() external view returns (uint16);
    // solhint-disable-next-line func-name-mixedcase -- an immutable
    function BOARD() external view returns (ICuratorBoard);
}
