// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITrusteeBoard} from "../ballots/ITrusteeBoard.sol";

/// @dev A board whose key a test sets, whoever knows its secret; of {ITrusteeBoard} it has what a
/// ballot box asks for.
contract TrusteeBoardMock {
    mapping(uint64 election => bytes key) private _keys;

    function setKey(uint64 election, bytes calldata key) external {
        _keys[election] = key;
    }

    function keyOf(uint64 election) external view returns (bytes memory key) {
        key = _keys[election];
        if (key.length == 0) revert ITrusteeBoard.CeremonyNotFinal(election);
    }
}
