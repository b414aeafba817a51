// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    Customer,
    CustomerStatus,
    ICustomerRegistry,
    Recovery
} from "../../contracts/customers/ICustomerRegistry.sol";
import {CustomerRegistryHandler} from "./CustomerRegistryHandler.sol";
import {CustomerRegistryWatch} from "./CustomerRegistryWatch.sol";
import {Unequal, Violated, assertEqual, vm} from "./Vm.sol";

/// @title What holds of a customer registry after any sequence of actions
abstract contract CustomerRegistryProperties {
    uint256 private constant IDS = 12;
    uint256 private constant KEYS = 8;
    /// @dev Where the registry counts the profiles that lead to one; `_checkCounts` shows it.
    uint256 private constant COUNTS_SLOT = 9;

    CustomerRegistryHandler internal _handler;
    ICustomerRegistry private _registry;

    function setUp() public virtual {
        // `new` would compile the handler anew into every test.
        _handler = CustomerRegistryHandler(
            vm.deployCode("CustomerRegistryHandler.sol:CustomerRegistryHandler", "")
        );
        _registry = _handler.REGISTRY();
    }

    /// @dev Every tag leads where the books say: to one profile, or to none.
    function _checkTags() internal view {
        for (uint256 i = 0; i < IDS; ++i) {
            uint256 place = _handler.leadsTo(i);
            bytes32 expected = place == IDS ? bytes32(0) : _handler.ids(place);
            assertEqual("resolve", uint256(_registry.resolve(_handler.ids(i))), uint256(expected));
        }
    }

    /// @dev Without the books: what a lookup finds leads nowhere itself.
    function _checkChains() internal view {
        for (uint256 i = 0; i < IDS; ++i) {
            bytes32 id = _handler.ids(i);
            bytes32 end = _registry.resolve(id);
            CustomerStatus own = _registry.customerOf(id).status;
            assertEqual("unknown leads nowhere", end == 0 ? 1 : 0, uint256(own) == 0 ? 1 : 0);
            if (end == 0) continue;
            CustomerStatus status = _registry.customerOf(end).status;
            bool isEnd = status == CustomerStatus.Active || status == CustomerStatus.Erased;
            assertEqual("end of a chain", isEnd ? 1 : 0, 1);
            assertEqual("end leads to itself", uint256(_registry.resolve(end)), uint256(end));
        }
    }

    function _checkKeys() internal view {
        for (uint256 i = 0; i < IDS; ++i) {
            Customer memory customer = _registry.customerOf(_handler.ids(i));
            CustomerRegistryWatch.Entry memory entry = _handler.entryOf(i);
            assertEqual("status", uint256(customer.status), uint256(entry.status));
            assertEqual("epoch", customer.epoch, entry.epoch);
            assertEqual(
                "controller", uint160(customer.controller), uint160(_handler.personOf(entry.key))
            );
        }
    }

    /// @dev Whoever spoke for a profile and does not any more is refused.
    function _checkOldKeys() internal {
        for (uint256 i = 0; i < IDS; ++i) {
            uint256 current = _handler.entryOf(i).key;
            for (uint256 key = 1; key <= KEYS; ++key) {
                if (key == current || !_handler.wasKey(i, key)) continue;
                vm.prank(_handler.personOf(key));
                (bool done,) = address(_registry)
                    .call(abi.encodeCall(_registry.setRoot, (_handler.ids(i), bytes32(0))));
                assertEqual("power of an old key", done ? 1 : 0, 0);
            }
        }
    }

    function _checkRecoveries() internal view {
        for (uint256 i = 0; i < IDS; ++i) {
            bytes32 id = _handler.ids(i);
            for (uint256 kind = 0; kind < 2; ++kind) {
                Recovery memory pending = _registry.recoveryOf(id, kind == 1);
                (address newController, uint256 readyAt) = _handler.pendingOf(i, kind == 1);
                assertEqual("pending", uint160(pending.newController), uint160(newController));
                assertEqual("ready", pending.readyAt, readyAt);
            }
            assertEqual(
                "guardians",
                uint256(_registry.guardiansHashOf(id)),
                uint256(_handler.guardiansHashNow(i))
            );
        }
    }

    /// @return sum Of all counts.
    function _checkCounts() internal view returns (uint256 sum) {
        for (uint256 i = 0; i < IDS; ++i) {
            bytes32 slot = keccak256(abi.encode(_handler.ids(i), COUNTS_SLOT));
            uint256 count = uint256(vm.load(address(_registry), slot));
            assertEqual("merged into", count, _handler.mergedInto(i));
            sum += count;
        }
    }

    function _checkNot(uint256 number) internal view {
        string memory what = _handler.violations(number);
        if (bytes(what).length != 0) revert Violated(number, what);
    }
}

/// @title Each property under sequences of its own, which forge shortens if one breaks it
/// forge-config: default.invariant.runs = 4
/// forge-config: default.invariant.depth = 150
/// forge-config: default.invariant.fail-on-revert = true
contract CustomerRegistryInvariants is CustomerRegistryProperties {
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    /// forge-config: default.fuzz.seed = "0x202701"
    function invariant_1_EveryTagLeadsToOneProfile() external view {
        _checkTags();
    }

    /// forge-config: default.fuzz.seed = "0x202702"
    function invariant_2_ChainsAreOneLong() external view {
        _checkChains();
    }

    /// forge-config: default.fuzz.seed = "0x202703"
    function invariant_3_EpochsNeverDecrease() external view {
        _checkNot(3);
    }

    /// forge-config: default.fuzz.seed = "0x202704"
    function invariant_4_AnOldKeyHasNoPower() external {
        _checkNot(4);
        _checkKeys();
        _checkOldKeys();
    }

    /// forge-config: default.fuzz.seed = "0x202705"
    function invariant_5_NoRecoveryBeforeItsTimeOrAfterAVeto() external view {
        _checkNot(5);
        _checkRecoveries();
    }

    /// forge-config: default.fuzz.seed = "0x202706"
    function invariant_6_ASignatureCountsOnce() external view {
        _checkNot(6);
    }

    /// forge-config: default.fuzz.seed = "0x202707"
    function invariant_7_AnIdNeverReturnsToZero() external view {
        _checkNot(7);
    }

    /// forge-config: default.fuzz.seed = "0x202708"
    function invariant_8_MergesAreCounted() external view {
        _checkCounts();
    }

    /// forge-config: default.fuzz.seed = "0x202709"
    function invariant_BooksAgree() external view {
        _checkNot(0);
    }
}

/// @title Long lives of a registry
contract CustomerRegistryCampaignTest is CustomerRegistryProperties {
    uint256 private constant LIVES = 8;
    uint256 private constant STEPS = 150;

    error StepFailed(uint256 step, string action, bytes reason);

    mapping(string action => uint256 count) private _done;
    mapping(string action => uint256 count) private _refused;

    /// @dev Everything is carried out, and refused, at least once: a campaign in which nothing
    /// works would show nothing. Erasures use up the tags, so there are several registries.
    function test_EveryActionIsCarriedOutAndRefused() external {
        string[16] memory actions = _actions();
        uint256 counted = 0;
        for (uint256 life = 0; life < LIVES; ++life) {
            setUp();
            for (uint256 step = 0; step < STEPS; ++step) {
                uint256 dice = uint256(keccak256(abi.encode(life, step)));
                string memory action = actions[dice % actions.length];
                (bool done, bytes memory reason) = address(_handler)
                    .call(abi.encodeWithSignature(string.concat(action, "(uint256)"), dice));
                if (!done) revert StepFailed(step, action, reason);
                if (step % 10 == 0) counted += _checkAll();
            }
            counted += _checkAll();
            for (uint256 i = 0; i < actions.length; ++i) {
                _done[actions[i]] += _handler.successes(actions[i]);
                _refused[actions[i]] += _handler.refusals(actions[i]);
            }
        }
        if (counted == 0) revert Unequal("counted merges", 0, 1);
        for (uint256 i = 0; i < actions.length; ++i) {
            bytes32 name = keccak256(bytes(actions[i]));
            bool isTime = name == keccak256("pass");
            bool isTheft = name == keccak256("pretend");
            if (!isTheft && _done[actions[i]] == 0) revert Unequal(actions[i], 0, 1);
            if (!isTime && _refused[actions[i]] == 0) {
                revert Unequal(string.concat(actions[i], " refused"), 0, 1);
            }
        }
    }

    function _checkAll() private returns (uint256 counted) {
        _checkTags();
        _checkChains();
        _checkKeys();
        _checkOldKeys();
        _checkRecoveries();
        for (uint256 number = 0; number <= 7; ++number) {
            _checkNot(number);
        }
        return _checkCounts();
    }

    function _actions() private pure returns (string[16] memory) {
        return [
            "erase",
            "linkMany",
            "linkTag",
            "merge",
            "pass",
            "pretend",
            "proposeByAttestors",
            "proposeByGuardians",
            "recover",
            "register",
            "registerMany",
            "replay",
            "rotate",
            "setGuardians",
            "unmerge",
            "veto"
        ];
    }
}
