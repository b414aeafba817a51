// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    Approval,
    Customer,
    CustomerStatus,
    Guardians,
    ICustomerRegistry
} from "../../contracts/customers/ICustomerRegistry.sol";
import {Dice} from "./Dice.sol";
import {vm} from "./Vm.sol";

/// @title What every action on the customer registry is watched for
/// @notice Holds the books: what each id should be, in plain words and without packing. Looks at
/// the registry before and after each action and notes under the number of its invariant what
/// should not have happened.
abstract contract CustomerRegistryWatch {
    uint256 public constant IDS = 12;
    uint256 public constant KEYS = 8;
    uint256 internal constant SCOPES = 2;
    uint256 internal constant DELAY = 7 days;
    uint256 internal constant QUORUM = 2;
    /// @dev Number of the violation that is a disagreement between registry and books.
    uint256 internal constant MODEL = 0;

    /// @param key Number of the controller's key; 0: nobody.
    /// @param target Of a link or a merge, the place of the other id.
    struct Entry {
        CustomerStatus status;
        uint256 key;
        uint256 epoch;
        uint256 target;
        uint256 closesAt;
        uint256 guardians;
        uint256 nextGuardians;
        uint256 nextGuardiansAt;
    }

    struct Pending {
        uint256 key;
        uint256 readyAt;
    }

    struct Sent {
        string action;
        bytes call;
    }

    struct Snapshot {
        CustomerStatus[IDS] statuses;
        uint256[IDS] epochs;
        address[IDS] controllers;
        bytes32[IDS] targets;
    }

    ICustomerRegistry public immutable REGISTRY;

    bytes32[IDS] public ids;
    Entry[IDS] internal _entries;
    mapping(uint256 id => mapping(bool byGuardians => Pending)) internal _pending;
    /// @dev Keys that spoke for the profile once.
    mapping(uint256 id => mapping(uint256 key => bool)) public wasKey;

    mapping(string action => uint256 count) public successes;
    mapping(string action => uint256 count) public refusals;
    mapping(uint256 invariant => string what) public violations;

    uint256 public time = 1_800_000_000;
    uint256 internal _nonce;
    bytes32 internal immutable DOMAIN;
    Sent[] internal _sent;

    modifier watched() {
        ++_nonce;
        Snapshot memory before = _snapshot();
        _;
        _compare(before, _snapshot());
    }

    constructor() {
        vm.warp(time);
        REGISTRY = ICustomerRegistry(vm.deployCode("CustomerRegistry.sol:CustomerRegistry", ""));
        DOMAIN = keccak256(
            abi.encode(
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                ),
                keccak256("CustomerRegistry"),
                keccak256("1"),
                block.chainid,
                address(REGISTRY)
            )
        );
        address[] memory attestors = new address[](3);
        uint8[] memory levels = new uint8[](3);
        for (uint256 i = 0; i < 3; ++i) {
            (attestors[i], levels[i]) = (vm.addr(_attestorKey(i)), uint8(3 - i));
        }
        REGISTRY.createScope(uint32(DELAY), uint8(QUORUM), false, attestors, levels);
        REGISTRY.createScope(uint32(DELAY), 0, false, attestors, levels);
        for (uint256 i = 0; i < IDS; ++i) {
            ids[i] = REGISTRY.idOf(_scopeOf(i), _tagOf(i));
        }
    }

    function entryOf(uint256 id) external view returns (Entry memory) {
        return _entries[id];
    }

    /// @dev What a lookup should find; `IDS` for nothing.
    function leadsTo(uint256 id) public view returns (uint256) {
        if (_entries[id].status == CustomerStatus.None) return IDS;
        if (_entries[id].status == CustomerStatus.Linked) id = _entries[id].target;
        return _entries[id].status == CustomerStatus.Merged ? _entries[id].target : id;
    }

    function mergedInto(uint256 id) public view returns (uint256 count) {
        for (uint256 i = 0; i < IDS; ++i) {
            if (_entries[i].status == CustomerStatus.Merged && _entries[i].target == id) ++count;
        }
    }

    function personOf(uint256 key) public pure returns (address) {
        return key == 0 ? address(0) : vm.addr(key);
    }

    function _violate(uint256 invariant, string memory what) internal {
        if (bytes(violations[invariant]).length == 0) violations[invariant] = what;
    }

    /// @return carriedOut Whether to book it.
    function _expect(string memory action, bytes memory call, address caller, bool allowed)
        internal
        returns (bool carriedOut)
    {
        vm.prank(caller);
        (carriedOut,) = address(REGISTRY).call(call);
        if (carriedOut) {
            ++successes[action];
            if (!allowed) _violate(MODEL, string.concat(action, " was carried out"));
            _sent.push(Sent(action, call));
        } else {
            ++refusals[action];
            if (allowed) _violate(MODEL, string.concat(action, " was refused"));
        }
    }

    function _snapshot() internal view returns (Snapshot memory snapshot) {
        for (uint256 i = 0; i < IDS; ++i) {
            Customer memory customer = REGISTRY.customerOf(ids[i]);
            snapshot.statuses[i] = customer.status;
            snapshot.epochs[i] = customer.epoch;
            snapshot.controllers[i] = customer.controller;
            snapshot.targets[i] = REGISTRY.resolve(ids[i]);
        }
    }

    function _compare(Snapshot memory before, Snapshot memory afterwards) private {
        for (uint256 i = 0; i < IDS; ++i) {
            if (before.statuses[i] == CustomerStatus.None) continue;
            CustomerStatus status = afterwards.statuses[i];
            if (afterwards.epochs[i] < before.epochs[i]) _violate(3, "an epoch decreased");
            bool moved = afterwards.controllers[i] != before.controllers[i];
            if (moved && afterwards.epochs[i] != before.epochs[i] + 1) {
                _violate(3, "a key changed within an epoch");
            }
            if (status == CustomerStatus.None) _violate(7, "an id returned to zero");
            bool wasFinal = before.statuses[i] == CustomerStatus.Erased
                || before.statuses[i] == CustomerStatus.Linked;
            if (wasFinal && status != before.statuses[i]) {
                _violate(7, "a tombstone or a link was replaced");
            }
        }
    }

    // Choices

    function _scopeOf(uint256 id) internal pure returns (uint24) {
        return uint24(1 + id % SCOPES);
    }

    function _tagOf(uint256 id) internal pure returns (bytes32) {
        return keccak256(abi.encode("tag", id));
    }

    function _attestorKey(uint256 index) internal pure returns (uint256) {
        return 101 + index;
    }

    function _guardianKey(uint256 index) internal pure returns (uint256) {
        return 201 + index;
    }

    function _id(Dice memory dice) internal pure returns (uint256) {
        return dice.below(IDS);
    }

    /// @dev Mostly an id that has a profile, so that actions find something to act on.
    function _profile(Dice memory dice) internal view returns (uint256 id) {
        for (uint256 tries = 0; tries < 6; ++tries) {
            id = dice.below(IDS);
            CustomerStatus status = _entries[id].status;
            if (status == CustomerStatus.Active || status == CustomerStatus.Merged) return id;
        }
    }

    function _key(Dice memory dice) internal pure returns (uint256) {
        return 1 + dice.below(KEYS);
    }

    /// @dev Mostly one that leads elsewhere.
    function _merged(Dice memory dice) internal view returns (uint256 id) {
        for (uint256 tries = 0; tries < 12; ++tries) {
            id = dice.below(IDS);
            if (_entries[id].status == CustomerStatus.Merged) return id;
        }
    }

    /// @dev Mostly one whose recovery is pending.
    function _awaiting(Dice memory dice, bool byGuardians) internal view returns (uint256 id) {
        for (uint256 tries = 0; tries < 12; ++tries) {
            id = dice.below(IDS);
            if (_pending[id][byGuardians].readyAt != 0) return id;
        }
    }

    /// @dev Mostly another active profile of the same scope.
    function _partner(Dice memory dice, uint256 other) internal view returns (uint256 id) {
        for (uint256 tries = 0; tries < 8; ++tries) {
            id = dice.below(IDS);
            bool fits = id != other && _scopeOf(id) == _scopeOf(other)
                && _entries[id].status == CustomerStatus.Active;
            if (fits) return id;
        }
    }

    /// @dev Mostly the key that counts.
    function _keyFor(Dice memory dice, uint256 id) internal view returns (uint256) {
        return dice.oneIn(5) || _entries[id].key == 0 ? _key(dice) : _entries[id].key;
    }

    function _epochFor(Dice memory dice, uint256 id) internal view returns (uint16) {
        return uint16(_entries[id].epoch + (dice.oneIn(8) ? 1 : 0));
    }

    function _deadline(Dice memory dice) internal view returns (uint40) {
        return uint40(dice.oneIn(16) ? time - 1 : time + dice.below(100));
    }

    function _isLive(uint256 id) internal view returns (bool) {
        return _entries[id].key != 0;
    }

    /// @dev The guardians with a number; 0 are none. Threshold 1 to 3 of the same three.
    function _guardiansNumber(uint256 number) internal pure returns (Guardians memory guardians) {
        guardians.accounts = new address[](3);
        uint256[] memory keys = new uint256[](3);
        for (uint256 i = 0; i < 3; ++i) {
            keys[i] = _guardianKey(i);
        }
        keys = _ascending(keys);
        for (uint256 i = 0; i < 3; ++i) {
            guardians.accounts[i] = vm.addr(keys[i]);
        }
        guardians.threshold = uint8(1 + number % 3);
        guardians.salt = bytes32(number);
    }

    function _guardiansHash(uint256 number) internal pure returns (bytes32) {
        return number == 0 ? bytes32(0) : keccak256(abi.encode(_guardiansNumber(number)));
    }

    function guardiansNow(uint256 id) public view returns (uint256) {
        Entry storage entry = _entries[id];
        bool changed = entry.nextGuardiansAt != 0 && time >= entry.nextGuardiansAt;
        return changed ? entry.nextGuardians : entry.guardians;
    }

    function guardiansHashNow(uint256 id) external view returns (bytes32) {
        return _guardiansHash(guardiansNow(id));
    }

    function pendingOf(uint256 id, bool byGuardians) external view returns (address, uint256) {
        Pending memory pending = _pending[id][byGuardians];
        return (personOf(pending.key), pending.readyAt);
    }

    function _sign(uint256 key, bytes32 structHash) internal view returns (bytes memory) {
        bytes32 digest = keccak256(abi.encodePacked("\x19\x01", DOMAIN, structHash));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    function _approve(uint256[] memory keys, bytes32 structHash)
        internal
        view
        returns (Approval[] memory approvals)
    {
        approvals = new Approval[](keys.length);
        for (uint256 i = 0; i < keys.length; ++i) {
            approvals[i] = Approval(vm.addr(keys[i]), _sign(keys[i], structHash));
        }
    }

    /// @dev In the order of the addresses.
    function _ascending(uint256[] memory keys) internal pure returns (uint256[] memory) {
        for (uint256 i = 1; i < keys.length; ++i) {
            for (uint256 j = i; j > 0 && vm.addr(keys[j]) < vm.addr(keys[j - 1]); --j) {
                (keys[j], keys[j - 1]) = (keys[j - 1], keys[j]);
            }
        }
        return keys;
    }

    /// @dev Some of three signers, in order; seldom one of them twice, or a stranger among them.
    /// @return keys The signers.
    /// @return isProper Whether all are of the three and each stands there once.
    function _someOf(Dice memory dice, uint256 firstKey)
        internal
        pure
        returns (uint256[] memory keys, bool isProper)
    {
        uint256 count = 1 + dice.below(3);
        keys = new uint256[](count);
        uint256 start = dice.below(3);
        for (uint256 i = 0; i < count; ++i) {
            keys[i] = firstKey + (start + i) % 3;
        }
        uint256 mode = dice.below(10);
        if (mode == 0) keys[count - 1] = 1 + dice.below(KEYS);
        if (mode == 1 && count > 1) keys[1] = keys[0];
        isProper = mode > 1 || (mode == 1 && count == 1);
        keys = _ascending(keys);
    }
}
