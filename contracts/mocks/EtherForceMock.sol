// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Ether that nobody is asked to take
/// @notice For tests: its making sends what it is given, as it destroys itself.
contract EtherForceMock {
    constructor(address to) payable {
        assembly ("memory-safe") {
            selfdestruct(to)
        }
    }
}
