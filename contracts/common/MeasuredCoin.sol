// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

/// @dev Moves coin and believes balances, not what was asked for: a coin may keep a fee, or add
/// one. A coin that returns false or reverts ends in `SafeERC20FailedOperation`.
library MeasuredCoin {
    using SafeERC20 for IERC20;

    /// @notice There is no contract at `coin`.
    error CoinInvalid(address coin);

    /// @notice Paying `amount` took `taken` out of the contract, at the cost of others.
    error CoinPaymentInexact(uint256 amount, uint256 taken);

    function requireCode(address coin) internal view {
        if (coin.code.length == 0) revert CoinInvalid(coin);
    }

    /// @dev Takes `amount` base units from `from`; returns what arrived.
    function takeFrom(IERC20 coin, address from, uint256 amount)
        internal
        returns (uint256 received)
    {
        uint256 before = coin.balanceOf(address(this));
        // Its users take from their caller only.
        // slither-disable-next-line arbitrary-send-erc20
        coin.safeTransferFrom(from, address(this), amount);
        return coin.balanceOf(address(this)) - before;
    }

    /// @dev Pays `amount` base units, neither more nor less.
    function payTo(IERC20 coin, address to, uint256 amount) internal {
        uint256 before = coin.balanceOf(address(this));
        coin.safeTransfer(to, amount);
        uint256 taken = before - coin.balanceOf(address(this));
        if (taken != amount) revert CoinPaymentInexact(amount, taken);
    }
}
