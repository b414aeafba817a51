// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {OwnableRoles} from "solady/src/auth/OwnableRoles.sol";
import {ERC20} from "solady/src/tokens/ERC20.sol";

/// @dev A program as a token of its own: points without expiry, tiers or budgets.
contract SoladyERC20 is ERC20, OwnableRoles {
    uint256 public constant ISSUER = _ROLE_0;

    string private _name;
    string private _symbol;

    constructor(string memory name_, string memory symbol_) {
        _initializeOwner(msg.sender);
        _grantRoles(msg.sender, ISSUER);
        (_name, _symbol) = (name_, symbol_);
    }

    function award(address to, uint256 points) external onlyRoles(ISSUER) {
        _mint(to, points);
    }

    /// @dev The same calldata as `PointsHub.awardMany`: 26 bytes each, address | uint48.
    function awardMany(bytes calldata records) external onlyRoles(ISSUER) {
        for (uint256 i = 0; i < records.length; i += 26) {
            bytes26 record = bytes26(records[i:i + 26]);
            _mint(address(bytes20(record)), uint48(uint208(record)));
        }
    }

    function burn(uint256 points) external {
        _burn(msg.sender, points);
    }

    function name() public view override returns (string memory) {
        return _name;
    }

    function symbol() public view override returns (string memory) {
        return _symbol;
    }
}
