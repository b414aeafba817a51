// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ArtworkRecord, ArtworkState} from "../IArtworks.sol";

/// @dev Who owns a work and what it costs, in one word. From the left: owner 160, price 64, auction
/// 1, currency 7, epoch 24 bits.
type OwnerWord is uint256;

/// @dev What is kept of a work for ever. From the left: artist 160, pHash 64, royaltyBps 16, flags
/// 16 bits.
type RecordWord is uint256;

using OwnerWordLibrary for OwnerWord global;
using RecordWordLibrary for RecordWord global;

library OwnerWordLibrary {
    uint256 internal constant LAST_EPOCH = type(uint24).max;
    uint256 private constant AUCTION = 1 << 31;

    function owner(OwnerWord word) internal pure returns (address) {
        return address(uint160(OwnerWord.unwrap(word) >> 96));
    }

    function price(OwnerWord word) internal pure returns (uint64) {
        return uint64(OwnerWord.unwrap(word) >> 32);
    }

    function currency(OwnerWord word) internal pure returns (uint8) {
        return uint8(OwnerWord.unwrap(word) >> 24) & 0x7f;
    }

    function isAuctioned(OwnerWord word) internal pure returns (bool) {
        return OwnerWord.unwrap(word) & AUCTION != 0;
    }

    function epoch(OwnerWord word) internal pure returns (uint24) {
        return uint24(OwnerWord.unwrap(word));
    }

    /// @dev Without price, in the next epoch; the last one never ends.
    function moved(OwnerWord word, address to) internal pure returns (OwnerWord) {
        uint256 next = word.epoch() == LAST_EPOCH ? LAST_EPOCH : word.epoch() + 1;
        return OwnerWord.wrap(uint256(uint160(to)) << 96 | next);
    }

    /// @dev With a new price, in the next epoch.
    function priced(OwnerWord word, uint64 price_, uint8 currency_)
        internal
        pure
        returns (OwnerWord)
    {
        uint256 bits = OwnerWord.unwrap(word.moved(word.owner()));
        return OwnerWord.wrap(bits | uint256(price_) << 32 | uint256(currency_) << 24);
    }

    function auctioned(OwnerWord word, uint64 reserve, uint8 currency_)
        internal
        pure
        returns (OwnerWord)
    {
        return OwnerWord.wrap(OwnerWord.unwrap(word.priced(reserve, currency_)) | AUCTION);
    }

    function unpack(OwnerWord word) internal pure returns (ArtworkState memory) {
        return ArtworkState({
            owner: word.owner(),
            price: word.price(),
            currency: word.currency(),
            isAuctioned: word.isAuctioned(),
            epoch: word.epoch()
        });
    }
}

library RecordWordLibrary {
    uint256 private constant REVOKED = 1;
    uint256 private constant BURNED = 2;

    function pack(address artist_, uint64 pHash, uint16 royaltyBps_)
        internal
        pure
        returns (RecordWord)
    {
        return RecordWord.wrap(
            uint256(uint160(artist_)) << 96 | uint256(pHash) << 32 | uint256(royaltyBps_) << 16
        );
    }

    function artist(RecordWord word) internal pure returns (address) {
        return address(uint160(RecordWord.unwrap(word) >> 96));
    }

    function royaltyBps(RecordWord word) internal pure returns (uint16) {
        return uint16(RecordWord.unwrap(word) >> 16);
    }

    function isRevoked(RecordWord word) internal pure returns (bool) {
        return RecordWord.unwrap(word) & REVOKED != 0;
    }

    function isBurned(RecordWord word) internal pure returns (bool) {
        return RecordWord.unwrap(word) & BURNED != 0;
    }

    function isEmpty(RecordWord word) internal pure returns (bool) {
        return RecordWord.unwrap(word) == 0;
    }

    function revoked(RecordWord word) internal pure returns (RecordWord) {
        return RecordWord.wrap(RecordWord.unwrap(word) | REVOKED);
    }

    function burned(RecordWord word) internal pure returns (RecordWord) {
        return RecordWord.wrap(RecordWord.unwrap(word) | BURNED);
    }

    function unpack(RecordWord word) internal pure returns (ArtworkRecord memory) {
        return ArtworkRecord({
            artist: word.artist(),
            pHash: uint64(RecordWord.unwrap(word) >> 32),
            royaltyBps: word.royaltyBps(),
            isRevoked: word.isRevoked(),
            isBurned: word.isBurned()
        });
    }
}
