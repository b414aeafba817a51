// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Commission, Handover, IItemLedger, ItemStep} from "./IItemLedger.sol";
import {ItemBook} from "./ItemBook.sol";
import {ItemWord} from "./types/ItemWord.sol";

/// @title Items made, observed, handed over, packed, ended
/// @notice See {IItemLedger}.
abstract contract ItemCustody is ItemBook {
    bytes32 private constant HANDOVER_TYPEHASH = keccak256(
        "Handover(uint256[] items,uint32[] steps,address from,address to,uint40 eventTime,bytes32 eventHash,uint40 deadline)"
    );
    bytes32 private constant TAG_CLAIM_TYPEHASH =
        keccak256("TagClaim(uint256 item,address holder,uint40 deadline)");

    /// @inheritdoc IItemLedger
    function commission(Commission[] calldata items, ItemStep calldata what) external {
        _requireItems(items.length, items.length);
        _requireCodes(what);
        for (uint256 i = 0; i < items.length; ++i) {
            _commission(items[i], what);
        }
    }

    /// @inheritdoc IItemLedger
    function observe(uint256[] calldata items, ItemStep calldata what) external {
        _requireItems(items.length, items.length);
        _requireCodes(what);
        for (uint256 i = 0; i < items.length; ++i) {
            uint256 item = items[i];
            ItemWord word = _requireLive(item);
            _requireCustodian(item, word);

            word = _after(item, word, what);
            _items[item] = word;

            emit ItemObserved(item, msg.sender, word.step(), what);
        }
    }

    /// @inheritdoc IItemLedger
    function receiveItems(Handover calldata handover, bytes calldata fromSignature) external {
        if (msg.sender != handover.to) revert HandoverReceiverOnly(handover.to, msg.sender);
        _requireInTime(handover.deadline);
        (uint256[] calldata items, uint32[] calldata steps) = (handover.items, handover.steps);
        bytes32 structHash = _handoverHash(handover, items, steps);
        _requireSignature(handover.from, structHash, fromSignature);
        _handOver(handover, items, steps);
    }

    /// @inheritdoc IItemLedger
    function handOver(
        Handover calldata handover,
        bytes calldata fromSignature,
        bytes calldata toSignature
    ) external {
        _requireInTime(handover.deadline);
        (uint256[] calldata items, uint32[] calldata steps) = (handover.items, handover.steps);
        bytes32 structHash = _handoverHash(handover, items, steps);
        _requireSignature(handover.from, structHash, fromSignature);
        _requireSignature(handover.to, structHash, toSignature);
        _handOver(handover, items, steps);
    }

    /// @inheritdoc IItemLedger
    function pack(uint256 parent, uint256[] calldata items, ItemStep calldata what) external {
        _requireItems(items.length, items.length);
        _requireCodes(what);
        ItemWord parentWord = _requireLive(parent);
        _requireCustodian(parent, parentWord);

        for (uint256 i = 0; i < items.length; ++i) {
            parentWord = _after(parent, parentWord, what);
            _pack(items[i], parent, parentWord, what);
        }
        _items[parent] = parentWord;
        _passOn(parent, parentWord);
    }

    /// @inheritdoc IItemLedger
    function unpack(uint256 parent, uint256[] calldata items, ItemStep calldata what) external {
        _requireItems(items.length, items.length);
        _requireCodes(what);
        ItemWord parentWord = _requireKnown(parent);
        _requireCustodian(parent, parentWord);

        for (uint256 i = 0; i < items.length; ++i) {
            parentWord = _after(parent, parentWord, what);
            _unpack(items[i], parent, parentWord, what);
        }
        _items[parent] = parentWord;
        _passOn(parent, parentWord);
    }

    /// @inheritdoc IItemLedger
    function retire(uint256[] calldata items, ItemStep calldata what) external {
        _requireItems(items.length, items.length);
        _requireCodes(what);
        for (uint256 i = 0; i < items.length; ++i) {
            uint256 item = items[i];
            ItemWord word = _after(item, _requireLoose(item, msg.sender), what);
            _items[item] = word.asRetired();

            emit ItemRetired(item, msg.sender, word.step(), what);
        }
    }

    /// @inheritdoc IItemLedger
    function declareError(uint256 item, bytes32 eventHash, bytes32 correctionHash) external {
        ItemWord word = _requireKnown(item);
        _requireCustodian(item, word);

        word = _stepped(item, word);
        _items[item] = word;

        emit ErrorDeclared(item, msg.sender, word.step(), eventHash, correctionHash);
    }

    /// @inheritdoc IItemLedger
    function recall(bytes32[] calldata epcHashes, bytes32 reasonHash) external {
        _requireItems(epcHashes.length, epcHashes.length);
        for (uint256 i = 0; i < epcHashes.length; ++i) {
            uint256 item = itemIdOf(msg.sender, epcHashes[i]);
            ItemWord word = _requireKnown(item);
            if (word.isRecalled()) revert ItemRecalledBefore(item);

            word = _stepped(item, word);
            _items[item] = word.asRecalled();

            emit ItemRecalled(item, word.step(), reasonHash);
        }
    }

    /// @inheritdoc IItemLedger
    function claimTag(uint256 item, address holder, uint40 deadline, bytes calldata signature)
        external
    {
        _requireInTime(deadline);
        Tag memory tag = _tags[item];
        if (tag.key == address(0)) revert TagMissing(item);
        if (tag.claimedAt != 0) revert TagClaimedBefore(item, tag.claimedAt);
        bytes32 structHash = keccak256(abi.encode(TAG_CLAIM_TYPEHASH, item, holder, deadline));
        _requireSignature(tag.key, structHash, signature);

        uint40 claimedAt = uint40(block.timestamp);
        _tags[item].claimedAt = claimedAt;

        emit TagClaimed(item, holder, claimedAt);
    }

    /// @dev A list that names an item twice fails there: it has another custodian by then.
    function _handOver(
        Handover calldata handover,
        uint256[] calldata items,
        uint32[] calldata steps
    ) private {
        (address from, address to) = (handover.from, handover.to);
        (uint40 eventTime, bytes32 eventHash) = (handover.eventTime, handover.eventHash);
        if (to == from) revert HandoverReceiverInvalid(to);
        _requireItems(items.length, steps.length);

        for (uint256 i = 0; i < items.length; ++i) {
            uint256 item = items[i];
            ItemWord word = _requireLoose(item, from);
            if (word.step() != steps[i]) revert HandoverStale(item, steps[i], word.step());

            word = _afterAt(item, word, eventTime).withCustodian(to);
            _items[item] = word;

            emit CustodyHandedOver(item, from, to, word.step(), eventTime, eventHash);
        }
    }

    function _pack(uint256 item, uint256 parent, ItemWord parentWord, ItemStep calldata what)
        private
    {
        ItemWord word = _requireLoose(item, msg.sender);
        if (word.level() >= parentWord.level()) {
            revert PackingLevelInvalid(item, word.level(), parentWord.level());
        }

        word = _after(item, word, what);
        _items[item] = word.asPacked();
        _parents[item] = parent;

        emit ItemPacked(item, parent, word.step(), parentWord.step(), what);
    }

    /// @dev The caller is the outermost parent's custodian. What is packed is not retired.
    function _unpack(uint256 item, uint256 parent, ItemWord parentWord, ItemStep calldata what)
        private
    {
        ItemWord word = _requireKnown(item);
        if (_parents[item] != parent) revert ItemNotPacked(item, parent);

        word = _after(item, word, what);
        _items[item] = word.asUnpacked().withCustodian(msg.sender);
        _parents[item] = 0;

        emit ItemUnpacked(item, parent, word.step(), parentWord.step(), what);
    }

    /// @dev Signatures over an outer parent were given for what was in it, so they end as well.
    function _passOn(uint256 parent, ItemWord word) private {
        uint256 item = parent;
        while (word.isPacked()) {
            item = _parents[item];
            word = _stepped(item, _items[item]);
            _items[item] = word;

            emit ItemContentChanged(item, parent, word.step());
        }
    }

    /// @dev The fields after the lists lie in a row, as they are signed. Who reads one, or a step,
    /// later finds out whether it fits its type.
    function _handoverHash(
        Handover calldata handover,
        uint256[] calldata items,
        uint32[] calldata steps
    ) private pure returns (bytes32 structHash) {
        bytes32 typeHash = HANDOVER_TYPEHASH;
        assembly ("memory-safe") {
            let data := mload(0x40)
            calldatacopy(data, items.offset, mul(items.length, 32))
            let itemsHash := keccak256(data, mul(items.length, 32))
            calldatacopy(data, steps.offset, mul(steps.length, 32))
            let stepsHash := keccak256(data, mul(steps.length, 32))
            mstore(data, typeHash)
            mstore(add(data, 32), itemsHash)
            mstore(add(data, 64), stepsHash)
            calldatacopy(add(data, 96), add(handover, 64), 160)
            structHash := keccak256(data, 256)
        }
    }
}
