// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";

import {ArtworkPayments} from "./ArtworkPayments.sol";
import {CoinPermit, Currency, IArtworks, Listing, Offer} from "./IArtworks.sol";
import {OwnerWord, OwnerWordLibrary} from "./types/ArtworkWords.sol";

/// @title The market: listings and offers, signed or on chain
/// @notice See {IArtworks}.
abstract contract ArtworkMarket is ArtworkPayments {
    bytes32 private constant LISTING_TYPEHASH = keccak256(
        "Listing(uint256 id,uint24 epoch,address seller,uint64 price,uint8 currency,address onlyBuyer,uint40 deadline)"
    );
    bytes32 private constant OFFER_TYPEHASH = keccak256(
        "Offer(uint256 id,address buyer,uint64 price,uint8 currency,uint256 nonce,uint40 deadline)"
    );

    /// @inheritdoc IArtworks
    function list(uint256 id, uint64 price, uint8 currency) external {
        _requireSeller(id);
        _requireNoAuction(id);
        if (price != 0) {
            _enabled(currency);
            if (_ownerOf(id) == address(0)) _mint(msg.sender, id);
        }

        OwnerWord word = _words[id].priced(price, price == 0 ? 0 : currency);
        _words[id] = word;

        emit ArtworkListed(id, msg.sender, price, word.currency(), word.epoch());
    }

    /// @inheritdoc IArtworks
    function buy(uint256 id, uint64 price, uint8 currency) external payable nonReentrant {
        _buy(id, price, currency);
    }

    /// @inheritdoc IArtworks
    function buyWithPermit(uint256 id, uint64 price, uint8 currency, CoinPermit calldata permission)
        external
        nonReentrant
    {
        if (currency == ETHER) revert CurrencyEther();
        IERC20Permit coin = IERC20Permit(_enabled(currency).token);
        // Who saw it in the mempool may have used it: what counts is the allowance.
        try coin.permit(
            msg.sender,
            address(this),
            permission.value,
            permission.deadline,
            permission.v,
            permission.r,
            permission.s
        ) {}
            catch {}
        _buy(id, price, currency);
    }

    /// @inheritdoc IArtworks
    function buySigned(Listing calldata listing, bytes calldata signature)
        external
        payable
        nonReentrant
    {
        uint256 id = listing.id;
        address seller = _sellerOf(id);
        if (listing.seller != seller) revert ArtworkSellerOnly(id, listing.seller);
        uint24 epoch = _words[id].epoch();
        if (listing.epoch != epoch || epoch == OwnerWordLibrary.LAST_EPOCH) {
            revert ListingStale(id, listing.epoch, epoch);
        }
        if (listing.onlyBuyer != address(0) && listing.onlyBuyer != msg.sender) {
            revert ListingForAnother(id, listing.onlyBuyer, msg.sender);
        }
        _requireInTime(listing.deadline);
        bytes32 structHash = keccak256(abi.encode(LISTING_TYPEHASH, listing));
        _requireSignature(seller, structHash, signature);

        bytes32 digest = _hashTypedDataV4(structHash);
        _sell(id, seller, msg.sender, listing.price, listing.currency, digest);
    }

    /// @inheritdoc IArtworks
    function accept(Offer calldata offer, bytes calldata signature) external nonReentrant {
        uint256 id = offer.id;
        _requireSeller(id);
        _requireUnrevoked(id);
        if (offer.currency == ETHER) revert CurrencyEther();
        bytes32 structHash = keccak256(abi.encode(OFFER_TYPEHASH, offer));
        _useIntent(offer.buyer, structHash, offer.nonce, offer.deadline, signature);

        bytes32 digest = _hashTypedDataV4(structHash);
        _sell(id, msg.sender, offer.buyer, offer.price, offer.currency, digest);
    }

    /// @dev Effects of a sale; who pays is the next step.
    function _move(
        uint256 id,
        address seller,
        address buyer,
        uint64 price,
        uint8 currency,
        bytes32 digest
    ) internal {
        if (_ownerOf(id) == address(0)) _mintThrough(seller, buyer, id);
        else _transfer(seller, buyer, id);

        emit ArtworkSold(id, seller, buyer, price, currency, digest);
        bytes32 detail = keccak256(abi.encode(price, currency, digest));
        _link(ArtworkSold.selector, id, seller, buyer, detail);
    }

    /// @dev The fee stays with, or goes to, the contract; the seller gets what is left of the
    /// price.
    function _distribute(
        uint256 id,
        uint8 currency,
        address token,
        address payer,
        address seller,
        uint256 amount
    ) internal {
        uint256 fee = amount * FEE_BPS / BPS;
        (address artist, uint256 royalty) = _royaltyOf(id, amount);
        if (artist == seller) royalty = 0;

        _pay(currency, token, payer, artist, royalty);
        _pay(currency, token, payer, seller, amount - fee - royalty);
        bool isHere = token == address(0) || payer == address(this);
        if (!isHere) _pay(currency, token, payer, address(this), fee);
    }

    function _requireNoAuction(uint256 id) internal view {
        if (_words[id].isAuctioned()) revert ArtworkAuctioned(id);
    }

    function _royaltyOf(uint256 id, uint256 amount)
        internal
        view
        returns (address artist, uint256 royalty)
    {
        return (_records[id].artist(), amount * _records[id].royaltyBps() / BPS);
    }

    function _buy(uint256 id, uint64 price, uint8 currency) private {
        OwnerWord word = _words[id];
        _requireNoAuction(id);
        if (word.price() == 0) revert ArtworkNotForSale(id);
        if (word.price() != price || word.currency() != currency) {
            revert PriceChanged(id, word.price(), word.currency());
        }

        _sell(id, word.owner(), msg.sender, price, currency, 0);
    }

    function _sell(
        uint256 id,
        address seller,
        address buyer,
        uint64 price,
        uint8 currency,
        bytes32 digest
    ) private {
        if (price == 0) revert PriceInvalid(id);
        if (buyer == seller) revert ArtworkOwnedBefore(id, buyer);
        Currency memory row = _enabled(currency);
        uint256 amount = _amountOf(row, price);
        _requireEther(currency == ETHER ? amount : 0);

        _move(id, seller, buyer, price, currency, digest);

        _distribute(id, currency, row.token, buyer, seller, amount);
        _reward(id, buyer, price, row.pointsPerMillion);
    }
}
