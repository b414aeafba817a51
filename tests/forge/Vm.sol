// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPointsHub} from "../../contracts/loyalty/IPointsHub.sol";

/// @dev The part of forge's cheat codes that these tests use.
interface Vm {
    struct Log {
        bytes32[] topics;
        bytes data;
        address emitter;
    }

    function accesses(address target)
        external
        returns (bytes32[] memory reads, bytes32[] memory writes);
    function addr(uint256 privateKey) external pure returns (address);
    function assume(bool condition) external pure;
    function deal(address account, uint256 balance) external;
    function deployCode(string calldata artifact, bytes calldata arguments)
        external
        returns (address deployed);
    function etch(address target, bytes calldata code) external;
    function getRecordedLogs() external returns (Log[] memory logs);
    function load(address target, bytes32 slot) external view returns (bytes32);
    function prank(address caller) external;
    function record() external;
    function recordLogs() external;
    function sign(uint256 privateKey, bytes32 digest)
        external
        pure
        returns (uint8 v, bytes32 r, bytes32 s);
    function store(address target, bytes32 slot, bytes32 value) external;
    function warp(uint256 timestamp) external;
}

Vm constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

/// @dev What is wrong, and where.
error Unequal(string what, uint256 actual, uint256 expected);

/// @dev An invariant, by its number, and what broke it.
error Violated(uint256 invariant, string what);

function assertEqual(string memory what, uint256 actual, uint256 expected) pure {
    if (actual != expected) revert Unequal(what, actual, expected);
}

/// @dev From forge's own build of it; `new` would compile the hub anew into every test.
function deployHub(uint256 genesis, uint256 epochLength) returns (IPointsHub) {
    return deployHub(genesis, epochLength, vm.deployCode("TestCoin.sol:TestCoin", ""));
}

function deployHub(uint256 genesis, uint256 epochLength, address coin) returns (IPointsHub) {
    bytes memory arguments = abi.encode(genesis, epochLength, coin);
    return IPointsHub(vm.deployCode("PointsHub.sol:PointsHub", arguments));
}
