// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {OwnableRoles} from "solady/src/auth/OwnableRoles.sol";
import {ERC6909} from "solady/src/tokens/ERC6909.sol";

/// @dev Programs as ids of one ERC-6909 contract. Solady's does not count supply, so this adds it.
contract SoladyERC6909 is ERC6909, OwnableRoles {
    uint256 public constant ISSUER = _ROLE_0;

    mapping(uint256 program => uint256 points) public totalSupply;

    constructor() {
        _initializeOwner(msg.sender);
        _grantRoles(msg.sender, ISSUER);
    }

    function award(address to, uint256 program, uint256 points) external onlyRoles(ISSUER) {
        totalSupply[program] += points;
        _mint(to, program, points);
    }

    /// @dev The same calldata as `PointsHub.awardMany`: 26 bytes each, address | uint48.
    function awardMany(uint256 program, bytes calldata records) external onlyRoles(ISSUER) {
        uint256 sum = 0;
        for (uint256 i = 0; i < records.length; i += 26) {
            bytes26 record = bytes26(records[i:i + 26]);
            uint256 points = uint48(uint208(record));
            sum += points;
            _mint(address(bytes20(record)), program, points);
        }
        totalSupply[program] += sum;
    }

    function redeem(uint256 program, uint256 points) external {
        unchecked {
            // No balance exceeds the supply.
            totalSupply[program] -= points;
        }
        _burn(msg.sender, program, points);
    }

    function name(uint256) public pure override returns (string memory) {
        return "Points";
    }

    function symbol(uint256) public pure override returns (string memory) {
        return "PTS";
    }

    function tokenURI(uint256) public pure override returns (string memory) {
        return "";
    }
}
