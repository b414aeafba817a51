// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Item, Lot} from "../IItemLedger.sol";

/// @dev An item in one word, from the left: custodian 160, step 32, bizStep 8, disposition 8,
/// isRecalled 1, isRetired 1, isLot 1, isPacked 1, unused 1, level 3, lastTime 40 bits. An item
/// that is not known is the zero word: the step of every other is 1 at least.
type ItemWord is uint256;

/// @dev What is left of a lot, from the left: quantity 64, unit 24, unused 8, certifier 160 bits.
type LotWord is uint256;

using ItemWordLibrary for ItemWord global;
using LotWordLibrary for LotWord global;

library ItemWordLibrary {
    uint256 private constant TIME_MASK = 0xffffffffff;
    uint256 private constant STATE_MASK = (1 << 96) - 1;
    uint256 private constant PACKED = 1 << 44;
    uint256 private constant LOT = 1 << 45;
    uint256 private constant RETIRED = 1 << 46;
    uint256 private constant RECALLED = 1 << 47;
    uint256 private constant ONE_STEP = 1 << 64;

    /// @dev A new item before its first step.
    function create(address custodian_, uint8 level_, bool isLot_)
        internal
        pure
        returns (ItemWord)
    {
        return ItemWord.wrap(
            uint256(uint160(custodian_)) << 96 | uint256(level_) << 40 | (isLot_ ? LOT : 0)
        );
    }

    function unpack(ItemWord word) internal pure returns (Item memory item) {
        uint256 bits = ItemWord.unwrap(word);
        item.custodian = word.custodian();
        item.step = word.step();
        item.bizStep = uint8(bits >> 56);
        item.disposition = uint8(bits >> 48);
        item.level = word.level();
        item.isPacked = word.isPacked();
        item.isLot = word.isLot();
        item.isRetired = word.isRetired();
        item.isRecalled = word.isRecalled();
        item.lastTime = word.lastTime();
    }

    /// @dev The step must not be the last.
    function withNextStep(ItemWord word) internal pure returns (ItemWord) {
        unchecked {
            return ItemWord.wrap(ItemWord.unwrap(word) + ONE_STEP);
        }
    }

    function withTime(ItemWord word, uint40 time) internal pure returns (ItemWord) {
        return ItemWord.wrap(ItemWord.unwrap(word) & ~TIME_MASK | time);
    }

    /// @dev 0 leaves what was before.
    function withCodes(ItemWord word, uint8 bizStep, uint8 disposition)
        internal
        pure
        returns (ItemWord)
    {
        uint256 bits = ItemWord.unwrap(word);
        if (bizStep != 0) bits = bits & ~uint256(0xff << 56) | uint256(bizStep) << 56;
        if (disposition != 0) bits = bits & ~uint256(0xff << 48) | uint256(disposition) << 48;
        return ItemWord.wrap(bits);
    }

    function withCustodian(ItemWord word, address custodian_) internal pure returns (ItemWord) {
        return
            ItemWord.wrap(ItemWord.unwrap(word) & STATE_MASK | uint256(uint160(custodian_)) << 96);
    }

    function asPacked(ItemWord word) internal pure returns (ItemWord) {
        return ItemWord.wrap(ItemWord.unwrap(word) | PACKED);
    }

    function asUnpacked(ItemWord word) internal pure returns (ItemWord) {
        return ItemWord.wrap(ItemWord.unwrap(word) & ~PACKED);
    }

    function asRetired(ItemWord word) internal pure returns (ItemWord) {
        return ItemWord.wrap(ItemWord.unwrap(word) | RETIRED);
    }

    function asRecalled(ItemWord word) internal pure returns (ItemWord) {
        return ItemWord.wrap(ItemWord.unwrap(word) | RECALLED);
    }

    function custodian(ItemWord word) internal pure returns (address) {
        return address(uint160(ItemWord.unwrap(word) >> 96));
    }

    function step(ItemWord word) internal pure returns (uint32) {
        return uint32(ItemWord.unwrap(word) >> 64);
    }

    function level(ItemWord word) internal pure returns (uint8) {
        return uint8(ItemWord.unwrap(word) >> 40 & 7);
    }

    function isPacked(ItemWord word) internal pure returns (bool) {
        return ItemWord.unwrap(word) & PACKED != 0;
    }

    function isLot(ItemWord word) internal pure returns (bool) {
        return ItemWord.unwrap(word) & LOT != 0;
    }

    function isRetired(ItemWord word) internal pure returns (bool) {
        return ItemWord.unwrap(word) & RETIRED != 0;
    }

    function isRecalled(ItemWord word) internal pure returns (bool) {
        return ItemWord.unwrap(word) & RECALLED != 0;
    }

    function lastTime(ItemWord word) internal pure returns (uint40) {
        return uint40(ItemWord.unwrap(word));
    }

    function isEmpty(ItemWord word) internal pure returns (bool) {
        return ItemWord.unwrap(word) == 0;
    }
}

library LotWordLibrary {
    function pack(uint64 quantity_, bytes3 unit_, address certifier_)
        internal
        pure
        returns (LotWord)
    {
        return LotWord.wrap(
            uint256(quantity_) << 192 | uint256(uint24(unit_)) << 168 | uint160(certifier_)
        );
    }

    function unpack(LotWord word) internal pure returns (Lot memory) {
        return Lot(word.quantity(), word.unit(), word.certifier());
    }

    /// @dev `taken` must not be above the quantity.
    function less(LotWord word, uint64 taken) internal pure returns (LotWord) {
        unchecked {
            return LotWord.wrap(LotWord.unwrap(word) - (uint256(taken) << 192));
        }
    }

    function quantity(LotWord word) internal pure returns (uint64) {
        return uint64(LotWord.unwrap(word) >> 192);
    }

    function unit(LotWord word) internal pure returns (bytes3) {
        return bytes3(uint24(LotWord.unwrap(word) >> 168));
    }

    function certifier(LotWord word) internal pure returns (address) {
        return address(uint160(LotWord.unwrap(word)));
    }
}
