// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Bls12381} from "./Bls12381.sol";

/// @title What each share counts at 0 (Lagrange; Shamir 1979)
/// @dev For indices from 1 to 15, 15! times each coefficient is an integer (Shoup, "Practical
/// threshold signatures", 2000): one constant takes the place of all inversions.
library Lagrange {
    uint256 private constant R = Bls12381.R;
    /// @dev 15!
    uint256 private constant FACTORIAL = 1_307_674_368_000;
    /// @dev Its inverse modulo the order.
    uint256 private constant INVERSE =
        0x07aa2752ab9d88ec6d6b83580db88b3ceed2828683d77ceef42c4801a131ecf7;

    /// @dev The product of m / (m - i) over the other indices m, modulo the order.
    /// @param indices Bit j - 1 of index j, from 1 to 15.
    /// @param own i, which is among them.
    function coefficient(uint256 indices, uint256 own) internal pure returns (uint256) {
        uint256 above = 1;
        uint256 below = 1;
        bool isNegative = false;
        // Each product is below 15!^2.
        unchecked {
            for (uint256 other = 1; indices != 0; ++other) {
                if (indices & 1 == 1 && other != own) {
                    above *= other;
                    below *= other > own ? other - own : own - other;
                    isNegative = isNegative != (other < own);
                }
                indices >>= 1;
            }
            // Without a remainder.
            // slither-disable-next-line divide-before-multiply
            above *= FACTORIAL / below;
        }
        uint256 absolute = mulmod(above, INVERSE, R);
        return isNegative ? R - absolute : absolute;
    }
}
