// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IUniswapV2Pair} from "@uniswap/v2-core/contracts/interfaces/IUniswapV2Pair.sol";

/// @dev The least that a router must do: what lay in a pair between two transactions would be
/// anybody's.
contract UniswapV2Trader {
    error TooLate(uint256 deadline);
    error TooLittle(uint256 received, uint256 minimum);

    function exchange(
        IUniswapV2Pair pair,
        IERC20 token,
        uint256 amount,
        uint256 minimum,
        uint256 deadline
    ) external {
        if (block.timestamp > deadline) revert TooLate(deadline);
        (uint256 inside, uint256 outside,) = pair.getReserves();
        bool isFirst = pair.token0() == address(token);
        if (!isFirst) (inside, outside) = (outside, inside);
        // The pair keeps 0.3 % for those who filled it.
        uint256 paid = amount * 997;
        uint256 received = paid * outside / (inside * 1000 + paid);
        if (received < minimum) revert TooLittle(received, minimum);
        token.transferFrom(msg.sender, address(pair), amount);
        pair.swap(isFirst ? 0 : received, isFirst ? received : 0, msg.sender, "");
    }
}
