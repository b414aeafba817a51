// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";

/// @dev A vault whose shares say whose coins lie in it.
contract OpenZeppelinERC4626 is ERC4626 {
    constructor(IERC20 coin) ERC20("Deposits", "DEP") ERC4626(coin) {}
}
