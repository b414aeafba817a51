// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC165} from "@openzeppelin/contracts/interfaces/IERC165.sol";
import {IERC2981} from "@openzeppelin/contracts/interfaces/IERC2981.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {IPointsHub} from "../loyalty/IPointsHub.sol";
import {ArtworkMarket} from "./ArtworkMarket.sol";
import {ArtworkPayments} from "./ArtworkPayments.sol";
import {ArtworkRecords} from "./ArtworkRecords.sol";
import {ArtworkToken} from "./ArtworkToken.sol";
import {CuratorBoard} from "./CuratorBoard.sol";
import {Auction, Currency, IArtworks} from "./IArtworks.sol";
import {OwnerWord} from "./types/ArtworkWords.sol";

/// @title Artworks: registered, owned, sold, with their history
/// @notice See {IArtworks}.
/// @dev Its constructor creates the board, which asks it and is asked by it.
contract Artworks is ArtworkMarket, IERC2981 {
    uint256 private constant EXTENSION = 15 minutes;
    uint256 private constant DURATION_MAX = 30 days;
    uint256 private constant RAISE_BPS = 500;

    mapping(uint256 id => Auction) private _auctions;

    /// @param gallery_ Gets the fee and keeps the table of currencies.
    /// @param feeBps Hundredths of a percent of every sale, at most 1,000.
    /// @param hub Ledger of points for sales; 0: none.
    /// @param curators The first curators, quorum, standardsHash, bond (wei), and periods
    /// (seconds): see {CuratorBoard}.
    constructor(
        address gallery_,
        uint16 feeBps,
        IPointsHub hub,
        address[] memory curators,
        uint8 quorum,
        bytes32 standardsHash,
        uint256 bond,
        uint32 commitPeriod,
        uint32 revealPeriod,
        uint32 notice
    )
        EIP712("Artworks", "1")
        ArtworkRecords(new CuratorBoard(
                curators, quorum, standardsHash, bond, commitPeriod, revealPeriod, notice
            ))
        ArtworkPayments(gallery_, feeBps, hub)
    {}

    /// @inheritdoc IArtworks
    function openAuction(uint256 id, uint64 reserve, uint8 currency, uint32 duration) external {
        _requireSeller(id);
        _requireNoAuction(id);
        if (reserve == 0) revert PriceInvalid(id);
        _enabled(currency);
        if (duration < EXTENSION || duration > DURATION_MAX) {
            revert AuctionDurationInvalid(duration);
        }

        if (_ownerOf(id) == address(0)) _mint(msg.sender, id);
        _words[id] = _words[id].auctioned(reserve, currency);
        uint32 endsAt = uint32(block.timestamp) + duration;
        _auctions[id].endsAt = endsAt;

        emit AuctionOpened(id, msg.sender, reserve, currency, endsAt);
    }

    /// @inheritdoc IArtworks
    function bid(uint256 id, uint64 amount) external payable nonReentrant {
        (OwnerWord word, Auction memory auction) = _requireAuction(id);
        if (block.timestamp >= auction.endsAt) revert AuctionOver(id, auction.endsAt);
        uint256 least = _leastBid(word, auction);
        if (amount < least) revert AuctionBidTooLow(id, amount, least);
        uint8 currency = word.currency();
        Currency memory row = _currency(currency);
        uint256 returned = _amountOf(row, auction.bid);

        uint32 endsAt = _extended(auction.endsAt);
        _auctions[id] = Auction(msg.sender, amount, endsAt);
        _owe(row.token, _amountOf(row, amount), returned);

        emit AuctionBid(id, msg.sender, amount, endsAt);

        _take(row.token, _amountOf(row, amount));
        _pay(currency, row.token, address(this), auction.bidder, returned);
    }

    /// @inheritdoc IArtworks
    function cancelAuction(uint256 id) external {
        (OwnerWord word, Auction memory auction) = _requireAuction(id);
        if (msg.sender != word.owner()) revert ArtworkSellerOnly(id, msg.sender);
        if (auction.bidder != address(0)) revert AuctionHasBids(id, auction.bidder);

        _clearAuction(id, word);

        emit AuctionCancelled(id);
    }

    /// @inheritdoc IArtworks
    function settle(uint256 id) external nonReentrant {
        (OwnerWord word, Auction memory auction) = _requireAuction(id);
        if (block.timestamp < auction.endsAt) revert AuctionOpen(id, auction.endsAt);

        _clearAuction(id, word);
        if (auction.bidder == address(0)) {
            emit AuctionCancelled(id);
            return;
        }
        (address seller, uint8 currency) = (word.owner(), word.currency());
        Currency memory row = _currency(currency);
        uint256 amount = _amountOf(row, auction.bid);
        _owe(row.token, 0, amount);
        _move(id, seller, auction.bidder, auction.bid, currency, 0);

        _distribute(id, currency, row.token, address(this), seller, amount);
        _reward(id, auction.bidder, auction.bid, row.pointsPerMillion);
    }

    /// @inheritdoc IArtworks
    function auctionOf(uint256 id) external view returns (Auction memory) {
        return _auctions[id];
    }

    /// @inheritdoc IERC2981
    function royaltyInfo(uint256 id, uint256 salePrice)
        external
        view
        returns (address receiver, uint256 royaltyAmount)
    {
        return _royaltyOf(id, salePrice);
    }

    /// @inheritdoc ArtworkToken
    function supportsInterface(bytes4 id)
        public
        view
        override(ArtworkToken, IERC165)
        returns (bool)
    {
        return id == type(IERC2981).interfaceId || super.supportsInterface(id);
    }

    /// @dev For a record that is revoked: the bid becomes a credit, so that nobody is called.
    function _endAuction(uint256 id) internal override {
        OwnerWord word = _words[id];
        if (!word.isAuctioned()) return;
        Auction memory auction = _auctions[id];
        uint8 currency = word.currency();

        _clearAuction(id, word);
        if (auction.bidder != address(0)) {
            Currency memory row = _currency(currency);
            uint256 amount = _amountOf(row, auction.bid);
            _owe(row.token, 0, amount);
            _credit(currency, row.token, auction.bidder, amount);
        }

        emit AuctionCancelled(id);
    }

    function _clearAuction(uint256 id, OwnerWord word) private {
        delete _auctions[id];
        _words[id] = word.moved(word.owner());
    }

    function _requireAuction(uint256 id)
        private
        view
        returns (OwnerWord word, Auction memory auction)
    {
        word = _words[id];
        if (!word.isAuctioned()) revert AuctionUnknown(id);
        auction = _auctions[id];
    }

    /// @dev A bid near the end gives the others time to answer.
    function _extended(uint32 endsAt) private view returns (uint32) {
        uint256 least = block.timestamp + EXTENSION;
        return endsAt < least ? uint32(least) : endsAt;
    }

    /// @dev The raise is rounded up, so it is never nothing.
    function _leastBid(OwnerWord word, Auction memory auction) private pure returns (uint256) {
        if (auction.bidder == address(0)) return word.price();
        return auction.bid + (auction.bid * RAISE_BPS + BPS - 1) / BPS;
    }
}
