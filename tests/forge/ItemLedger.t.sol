// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    Commission,
    DeviceKey,
    DeviceSignature,
    IItemLedger,
    Item,
    ItemStep,
    Lot
} from "../../contracts/provenance/IItemLedger.sol";
import {ItemLedgerHandler} from "./ItemLedgerHandler.sol";
import {Unequal, Violated, assertEqual, vm} from "./Vm.sol";

/// @title What holds of items after any sequence of actions
abstract contract ItemLedgerProperties {
    ItemLedgerHandler internal _handler;
    mapping(uint256 place => Item) private _seen;

    function setUp() public virtual {
        // `new` would compile the handler anew into every test.
        _handler = ItemLedgerHandler(vm.deployCode("ItemLedgerHandler.sol:ItemLedgerHandler", ""));
    }

    /// @dev Custody, and all else, is as the books say, which move it by two signatures only.
    function _checkBooks() internal view {
        string memory what = _handler.violation();
        if (bytes(what).length != 0) revert Violated(1, what);
        for (uint256 i = 0; i < _handler.count(); ++i) {
            ItemLedgerHandler.Book memory book = _handler.bookOf(i);
            Item memory item = _handler.LEDGER().itemOf(book.id);
            if (item.custodian != vm.addr(book.custodian)) revert Violated(1, "custodian");
            assertEqual("step", item.step, book.step);
            assertEqual("time", item.lastTime, book.lastTime);
            assertEqual("level", item.level, book.level);
            assertEqual("packed", item.isPacked ? 1 : 0, _handler.isPacked(i) ? 1 : 0);
            assertEqual("retired", item.isRetired ? 1 : 0, book.isRetired ? 1 : 0);
            assertEqual("recalled", item.isRecalled ? 1 : 0, book.isRecalled ? 1 : 0);
        }
    }

    /// @dev Who has a packed item has its parent, and levels rise outwards.
    function _checkPacking() internal view {
        IItemLedger ledger = _handler.LEDGER();
        for (uint256 i = 0; i < _handler.count(); ++i) {
            uint256 id = _handler.bookOf(i).id;
            if (ledger.custodianOf(id) != vm.addr(_handler.custodianOf(i))) {
                revert Violated(2, "custody by the outermost parent");
            }
            (Item memory item, uint256 parent) = (ledger.itemOf(id), ledger.parentOf(id));
            assertEqual("a parent while packed", parent == 0 ? 0 : 1, item.isPacked ? 1 : 0);
            if (parent == 0) continue;
            if (ledger.itemOf(parent).level <= item.level) revert Violated(2, "levels");
            if (ledger.custodianOf(parent) != ledger.custodianOf(id)) {
                revert Violated(2, "a child in other hands than its parent");
            }
            if (item.isRetired) revert Violated(2, "retired while packed");
        }
    }

    /// @dev Of each unit there is no more than came from outside or by a certifier's factor.
    function _checkMass() internal view {
        (uint256 kilos, uint256 litres) = (0, 0);
        for (uint256 i = 0; i < _handler.count(); ++i) {
            ItemLedgerHandler.Book memory book = _handler.bookOf(i);
            Lot memory lot = _handler.LEDGER().lotOf(book.id);
            assertEqual("quantity", lot.quantity, book.quantity);
            if (lot.certifier != _handler.certifierOf(book.certifier)) {
                revert Violated(3, "certifier");
            }
            if (lot.unit == _handler.KILOS()) kilos += lot.quantity;
            if (lot.unit == _handler.LITRES()) litres += lot.quantity;
        }
        if (kilos > _handler.given(_handler.KILOS())) revert Violated(3, "kilos from nothing");
        if (litres > _handler.given(_handler.LITRES())) revert Violated(3, "litres from nothing");
    }

    /// @dev Steps and times only rise; what is retired or called back stays so, and a retired item
    /// stays where it is.
    function _checkForward() internal {
        for (uint256 i = 0; i < _handler.count(); ++i) {
            Item memory item = _handler.LEDGER().itemOf(_handler.bookOf(i).id);
            Item memory seen = _seen[i];
            if (item.step < seen.step || item.lastTime < seen.lastTime) {
                revert Violated(4, "an item went back");
            }
            if (seen.isRecalled && !item.isRecalled) {
                revert Violated(4, "not called back any more");
            }
            if (seen.isRetired && (!item.isRetired || item.custodian != seen.custodian)) {
                revert Violated(4, "a retired item moved");
            }
            if (
                seen.step == item.step && keccak256(abi.encode(seen)) != keccak256(abi.encode(item))
            ) {
                revert Violated(4, "a change without a step");
            }
            _seen[i] = item;
        }
    }
}

/// @title Each property under sequences of its own, which forge shortens if one breaks it
/// forge-config: default.invariant.runs = 8
/// forge-config: default.invariant.depth = 150
/// forge-config: default.invariant.fail-on-revert = true
contract ItemLedgerInvariants is ItemLedgerProperties {
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    /// forge-config: default.fuzz.seed = "0x202721"
    function invariant_1_CustodyMovesByTwoSignatures() external view {
        _checkBooks();
    }

    /// forge-config: default.fuzz.seed = "0x202722"
    function invariant_2_WhatIsPackedIsWhereItsParentIs() external view {
        _checkPacking();
    }

    /// forge-config: default.fuzz.seed = "0x202723"
    function invariant_3_NoMassFromNothing() external view {
        _checkMass();
    }

    /// forge-config: default.fuzz.seed = "0x202724"
    function invariant_4_StepsAndTimesOnlyRise() external {
        _checkForward();
    }
}

/// @title Long lives of items
contract ItemLedgerCampaignTest is ItemLedgerProperties {
    uint256 private constant LIVES = 4;
    uint256 private constant STEPS = 400;

    error StepFailed(uint256 step, string action, bytes reason);

    mapping(string action => uint256 count) private _done;
    mapping(string action => uint256 count) private _refused;

    /// @dev Everything is carried out, and refused, at least once: a campaign in which nothing
    /// works would show nothing. Ends are for ever, so there are several lives.
    function test_EveryActionIsCarriedOutAndRefused() external {
        string[10] memory actions = _actions();
        for (uint256 life = 0; life < LIVES; ++life) {
            ItemLedgerProperties.setUp();
            for (uint256 step = 0; step < STEPS; ++step) {
                uint256 dice = uint256(keccak256(abi.encode(life, step)));
                string memory action = actions[dice % actions.length];
                (bool done, bytes memory reason) = address(_handler)
                    .call(abi.encodeWithSignature(string.concat(action, "(uint256)"), dice));
                if (!done) revert StepFailed(step, action, reason);
                if (step % 20 != 0) continue;
                _checkBooks();
                _checkPacking();
                _checkMass();
            }
            for (uint256 i = 0; i < actions.length; ++i) {
                _done[actions[i]] += _handler.successes(actions[i]);
                _refused[actions[i]] += _handler.refusals(actions[i]);
            }
        }
        for (uint256 i = 0; i < actions.length; ++i) {
            if (_done[actions[i]] == 0) revert Unequal(actions[i], 0, 1);
            bool isTime = keccak256(bytes(actions[i])) == keccak256("pass");
            if (!isTime && _refused[actions[i]] == 0) {
                revert Unequal(string.concat(actions[i], " refused"), 0, 1);
            }
        }
    }

    function _actions() private pure returns (string[10] memory) {
        return [
            "declareError",
            "handOver",
            "observe",
            "pack",
            "pass",
            "recall",
            "replay",
            "retire",
            "transform",
            "unpack"
        ];
    }
}

/// @title What only a chain of another kind, or of a great age, would show
contract ItemLedgerEdgesTest {
    address private constant P256_VERIFY = address(0x100);
    bytes32 private constant ONE = bytes32(uint256(1));

    IItemLedger private _ledger;
    uint256 private _item;

    function setUp() external {
        vm.warp(1_800_000_000);
        _ledger = IItemLedger(vm.deployCode("ItemLedger.sol:ItemLedger", ""));
        Commission[] memory commissions = new Commission[](1);
        _ledger.commission(commissions, _now());
        _item = _ledger.itemIdOf(address(this), 0);
    }

    function test_ADeviceIsAcceptedForAWordThatIsOne() external {
        _answer(ONE, 32, false);
        _requireAccepted(true, "one");
        // It was asked about 160 bytes.
        vm.etch(P256_VERIFY, hex"3660a0145f5260205ff3");
        _requireAccepted(true, "one, for 160 bytes");
    }

    /// @dev An address without code answers like this, too.
    function test_ADeviceIsRefusedWithoutAnAnswer() external {
        _requireAccepted(false, "no precompile");
        _answer(ONE, 0, false);
        _requireAccepted(false, "nothing");
    }

    function test_ADeviceIsRefusedForAnAnswerOfAnotherSize() external {
        uint8[6] memory sizes = [1, 31, 33, 64, 96, 255];
        for (uint256 i = 0; i < sizes.length; ++i) {
            _answer(ONE, sizes[i], false);
            _requireAccepted(false, "another size");
            _answer(bytes32(type(uint256).max), sizes[i], false);
            _requireAccepted(false, "ones of another size");
        }
        _answer(bytes32(bytes1(0x01)), 1, false);
        _requireAccepted(false, "a byte that is one");
    }

    function test_ADeviceIsRefusedForAnyOtherWord() external {
        bytes32[4] memory words =
            [bytes32(0), bytes32(uint256(2)), bytes32(bytes1(0x01)), bytes32(type(uint256).max)];
        for (uint256 i = 0; i < words.length; ++i) {
            _answer(words[i], 32, false);
            _requireAccepted(false, "another word");
        }
    }

    function test_ADeviceIsRefusedIfTheAnswerIsARevert() external {
        _answer(ONE, 32, true);
        _requireAccepted(false, "a revert with one");
    }

    function test_TheLastStepIsNotPassed() external {
        vm.record();
        _ledger.itemOf(_item);
        (bytes32[] memory reads,) = vm.accesses(address(_ledger));
        bytes32 word = vm.load(address(_ledger), reads[0]);
        bytes32 last = word | bytes32(uint256(type(uint32).max) << 64);
        vm.store(address(_ledger), reads[0], last ^ bytes32(uint256(1) << 64));
        _ledger.declareError(_item, 0, 0);
        assertEqual("step", _ledger.itemOf(_item).step, type(uint32).max);
        uint256[] memory items = new uint256[](1);
        items[0] = _item;
        bytes32[] memory numbers = new bytes32[](1);
        _requireExhausted(abi.encodeCall(IItemLedger.declareError, (_item, 0, 0)));
        _requireExhausted(abi.encodeCall(IItemLedger.observe, (items, _now())));
        _requireExhausted(abi.encodeCall(IItemLedger.retire, (items, _now())));
        _requireExhausted(abi.encodeCall(IItemLedger.recall, (numbers, 0)));
        if (vm.load(address(_ledger), reads[0]) != last) revert Unequal("word", 0, 1);
    }

    function _requireExhausted(bytes memory call) private {
        (bool done, bytes memory reason) = address(_ledger).call(call);
        bytes memory expected = abi.encodeWithSelector(IItemLedger.StepsExhausted.selector, _item);
        if (done || keccak256(reason) != keccak256(expected)) revert Unequal("exhausted", 0, 1);
    }

    function _requireAccepted(bool wanted, string memory what) private {
        DeviceKey memory key = DeviceKey(keccak256(bytes(what)), ONE);
        (bool done, bytes memory reason) = address(_ledger)
            .call(abi.encodeCall(IItemLedger.assignDevice, (_item, key, DeviceSignature(ONE, ONE))));
        assertEqual(what, done ? 1 : 0, wanted ? 1 : 0);
        bool isNamed = bytes4(reason) == IItemLedger.DeviceSignatureInvalid.selector;
        assertEqual(what, isNamed ? 1 : 0, wanted ? 0 : 1);
    }

    /// @dev Code that answers with the first bytes of `word`, padded with zeros.
    function _answer(bytes32 word, uint8 size, bool isRevert) private {
        bytes memory code = abi.encodePacked(
            hex"7f", word, hex"5f5260", size, hex"5f", isRevert ? bytes1(0xfd) : bytes1(0xf3)
        );
        vm.etch(P256_VERIFY, code);
    }

    function _now() private view returns (ItemStep memory) {
        return ItemStep(1, 1, uint40(block.timestamp), 0);
    }
}
