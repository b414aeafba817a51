// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SignedIntents} from "../common/SignedIntents.sol";
import {Commission, IItemLedger, Item, ItemStep, Lot} from "./IItemLedger.sol";
import {ItemWord, ItemWordLibrary, LotWord, LotWordLibrary} from "./types/ItemWord.sol";

/// @title What is on record of each item, and what every event of it must satisfy
/// @notice See {IItemLedger}.
abstract contract ItemBook is IItemLedger, SignedIntents {
    uint8 private constant MAX_LEVEL = 4;
    uint8 private constant MAX_BIZ_STEP = 41;
    uint8 private constant MAX_DISPOSITION = 33;
    /// @dev How far clocks may be ahead of the chain's.
    uint256 private constant CLOCK_TOLERANCE = 1 hours;

    /// @dev Its key and the time when the seal was broken.
    struct Tag {
        address key;
        uint40 claimedAt;
    }

    mapping(uint256 item => ItemWord) internal _items;
    mapping(uint256 item => LotWord) internal _lots;
    mapping(uint256 item => uint256 parent) internal _parents;
    mapping(uint256 item => Tag) internal _tags;

    /// @inheritdoc IItemLedger
    function itemOf(uint256 item) external view returns (Item memory) {
        return _items[item].unpack();
    }

    /// @inheritdoc IItemLedger
    function lotOf(uint256 item) external view returns (Lot memory) {
        return _lots[item].unpack();
    }

    /// @inheritdoc IItemLedger
    function parentOf(uint256 item) external view returns (uint256 parent) {
        return _parents[item];
    }

    /// @inheritdoc IItemLedger
    function custodianOf(uint256 item) external view returns (address) {
        return _custodianOf(item, _items[item]);
    }

    /// @inheritdoc IItemLedger
    function tagOf(uint256 item) external view returns (address key, uint40 claimedAt) {
        Tag memory tag = _tags[item];
        return (tag.key, tag.claimedAt);
    }

    /// @inheritdoc IItemLedger
    function itemIdOf(address issuer, bytes32 epcHash) public pure returns (uint256 item) {
        return uint256(keccak256(abi.encode(issuer, epcHash)));
    }

    function _commission(Commission memory commission_, ItemStep calldata what)
        internal
        returns (uint256 item)
    {
        bool isLot = commission_.quantity != 0;
        bool isWhole = isLot
            ? commission_.unit != 0
            : commission_.unit == 0 && commission_.certifier == address(0);
        if (!isWhole) revert ItemQuantityInvalid(commission_.quantity, commission_.unit);
        if (commission_.level > MAX_LEVEL) revert ItemLevelInvalid(commission_.level);
        item = itemIdOf(msg.sender, commission_.epcHash);
        if (!_items[item].isEmpty()) revert ItemCommissionedBefore(item);

        ItemWord created = ItemWordLibrary.create(msg.sender, commission_.level, isLot);
        _items[item] = _after(item, created, what);
        if (commission_.tag != address(0)) _tags[item].key = commission_.tag;
        if (isLot) {
            _lots[item] =
                LotWordLibrary.pack(commission_.quantity, commission_.unit, commission_.certifier);
        }

        emit ItemCommissioned(item, msg.sender, commission_.epcHash, commission_, what);
    }

    /// @dev The word after an event, whose codes were checked before.
    function _after(uint256 item, ItemWord word, ItemStep calldata what)
        internal
        view
        returns (ItemWord)
    {
        return _afterAt(item, word, what.eventTime).withCodes(what.bizStep, what.disposition);
    }

    function _afterAt(uint256 item, ItemWord word, uint40 eventTime)
        internal
        view
        returns (ItemWord)
    {
        bool isNext = eventTime >= word.lastTime() && !_isAhead(eventTime);
        if (!isNext) revert StepTimeInvalid(item, eventTime, word.lastTime(), block.timestamp);
        return _stepped(item, word).withTime(eventTime);
    }

    function _stepped(uint256 item, ItemWord word) internal pure returns (ItemWord) {
        if (word.step() == type(uint32).max) revert StepsExhausted(item);
        return word.withNextStep();
    }

    function _requireKnown(uint256 item) internal view returns (ItemWord word) {
        word = _items[item];
        if (word.isEmpty()) revert ItemUnknown(item);
    }

    /// @dev Known, and something may still happen to it.
    function _requireLive(uint256 item) internal view returns (ItemWord word) {
        word = _requireKnown(item);
        if (word.isRetired()) revert ItemIsRetired(item);
    }

    /// @dev In the hands of `account` by itself, so that it can move, change or end.
    function _requireLoose(uint256 item, address account) internal view returns (ItemWord word) {
        word = _requireLive(item);
        if (word.isPacked()) revert ItemIsPacked(item, _parents[item]);
        if (word.custodian() != account) {
            revert ItemCustodianOnly(item, word.custodian(), account);
        }
    }

    /// @dev Of the caller, packed or not.
    function _requireCustodian(uint256 item, ItemWord word) internal view {
        address custodian = _custodianOf(item, word);
        if (custodian != msg.sender) revert ItemCustodianOnly(item, custodian, msg.sender);
    }

    /// @dev At most four parents away.
    function _custodianOf(uint256 item, ItemWord word) internal view returns (address) {
        while (word.isPacked()) {
            item = _parents[item];
            word = _items[item];
        }
        return word.custodian();
    }

    function _requireCodes(ItemStep calldata what) internal pure {
        if (what.bizStep > MAX_BIZ_STEP || what.disposition > MAX_DISPOSITION) {
            revert StepCodeInvalid(what.bizStep, what.disposition);
        }
    }

    function _requireItems(uint256 items, uint256 others) internal pure {
        if (items == 0 || items != others) revert ItemListInvalid(items, others);
    }

    /// @dev Further than clocks may go wrong.
    function _isAhead(uint256 time) internal view returns (bool) {
        return time > block.timestamp + CLOCK_TOLERANCE;
    }
}
