// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {
    ERC6909TokenSupply
} from "@openzeppelin/contracts/token/ERC6909/extensions/ERC6909TokenSupply.sol";

/// @dev Programs as ids of one ERC-6909 contract that counts the supply of each.
contract OpenZeppelinERC6909 is ERC6909TokenSupply, AccessControl {
    bytes32 public constant ISSUER = keccak256("ISSUER");

    constructor() {
        _grantRole(DEFAULT_ADMIN_ROLE, msg.sender);
        _grantRole(ISSUER, msg.sender);
    }

    function award(address to, uint256 program, uint256 points) external onlyRole(ISSUER) {
        _mint(to, program, points);
    }

    /// @dev The same calldata as `PointsHub.awardMany`: 26 bytes each, address | uint48.
    function awardMany(uint256 program, bytes calldata records) external onlyRole(ISSUER) {
        for (uint256 i = 0; i < records.length; i += 26) {
            bytes26 record = bytes26(records[i:i + 26]);
            _mint(address(bytes20(record)), program, uint48(uint208(record)));
        }
    }

    function redeem(uint256 program, uint256 points) external {
        _burn(msg.sender, program, points);
    }

    function supportsInterface(bytes4 id)
        public
        view
        override(ERC6909TokenSupply, AccessControl)
        returns (bool)
    {
        return super.supportsInterface(id);
    }
}
