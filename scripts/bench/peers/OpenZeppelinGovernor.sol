// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Governor} from "@openzeppelin/contracts/governance/Governor.sol";
import {
    GovernorCountingSimple
} from "@openzeppelin/contracts/governance/extensions/GovernorCountingSimple.sol";
import {GovernorVotes} from "@openzeppelin/contracts/governance/extensions/GovernorVotes.sol";
import {IVotes} from "@openzeppelin/contracts/governance/utils/IVotes.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Votes} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Votes.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

/// @dev What gives a say: a token whose balances are known of any block.
contract OpenZeppelinVotes is ERC20Votes {
    constructor() ERC20("Shares", "SHR") EIP712("Shares", "1") {}

    /// @dev Open to anyone: only votes are measured here.
    function award(address[] calldata to) external {
        for (uint256 i = 0; i < to.length; ++i) {
            _mint(to[i], 1);
            _delegate(to[i], to[i]);
        }
    }
}

/// @dev Public votes for, against or abstaining, with nothing that a vote does not need.
contract OpenZeppelinGovernor is GovernorCountingSimple, GovernorVotes {
    constructor(IVotes token) Governor("Club") GovernorVotes(token) {}

    /// @return Blocks from the proposal to the vote.
    function votingDelay() public pure override returns (uint256) {
        return 1;
    }

    /// @return Blocks that the vote lasts.
    function votingPeriod() public pure override returns (uint256) {
        return 1_000_000;
    }

    function quorum(uint256) public pure override returns (uint256) {
        return 1;
    }
}
