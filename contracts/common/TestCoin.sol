// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// @title A stablecoin for local chains, which anyone can mint
/// @notice Worth nothing. Stands where a real deployment names the coin that its merchants settle
/// in.
contract TestCoin is ERC20, ERC20Permit {
    constructor() ERC20("Test Coin", "TEST") ERC20Permit("Test Coin") {}

    /// @notice Gives `amount` base units (10^-6) to `to`.
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function decimals() public pure override returns (uint8) {
        return 6;
    }
}
