// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Semaphore} from "@semaphore-protocol/contracts/Semaphore.sol";
import {SemaphoreVerifier} from "@semaphore-protocol/contracts/base/SemaphoreVerifier.sol";
import {ISemaphoreVerifier} from "@semaphore-protocol/contracts/interfaces/ISemaphoreVerifier.sol";

/// @notice Semaphore, compiled with the settings of this project.
contract SemaphoreVotes is Semaphore {
    constructor() Semaphore(ISemaphoreVerifier(address(new SemaphoreVerifier()))) {}
}
