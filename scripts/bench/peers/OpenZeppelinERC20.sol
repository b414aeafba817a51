// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Burnable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Burnable.sol";

/// @dev A program as a token of its own: points without expiry, tiers or budgets.
contract OpenZeppelinERC20 is ERC20Burnable, AccessControl {
    bytes32 public constant ISSUER = keccak256("ISSUER");

    constructor(string memory name, string memory symbol) ERC20(name, symbol) {
        _grantRole(DEFAULT_ADMIN_ROLE, msg.sender);
        _grantRole(ISSUER, msg.sender);
    }

    function award(address to, uint256 points) external onlyRole(ISSUER) {
        _mint(to, points);
    }

    /// @dev As most airdrop contracts take their recipients.
    function awardMany(address[] calldata to, uint256[] calldata points) external onlyRole(ISSUER) {
        for (uint256 i = 0; i < to.length; ++i) {
            _mint(to[i], points[i]);
        }
    }

    /// @dev The same calldata as `PointsHub.awardMany`: 26 bytes each, address | uint48.
    function awardMany(bytes calldata records) external onlyRole(ISSUER) {
        for (uint256 i = 0; i < records.length; i += 26) {
            bytes26 record = bytes26(records[i:i + 26]);
            _mint(address(bytes20(record)), uint48(uint208(record)));
        }
    }
}
