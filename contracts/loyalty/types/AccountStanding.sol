// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EpochRing} from "./EpochRing.sol";

/// @dev The extra 48 bits of an account's ring:
///
///     239   237 236    235  232 231         192
///     [ zero 3 ][ debt ][ tier 4 ][ qualifying 40 ]
///
/// Qualifying points grow with every award, stop at 2^40 - 1, and are never moved or spent.
library AccountStanding {
    uint256 internal constant QUALIFYING_MAX = (1 << 40) - 1;

    uint256 private constant QUALIFYING_SHIFT = 192;
    uint256 private constant TIER_SHIFT = 232;
    uint256 private constant DEBT_SHIFT = 236;
    uint256 private constant TIER_MASK = 15;

    function qualifying(EpochRing account) internal pure returns (uint256) {
        return EpochRing.unwrap(account) >> QUALIFYING_SHIFT & QUALIFYING_MAX;
    }

    /// @dev Whether a reversal found points spent, so that the next awards are netted.
    function hasDebt(EpochRing account) internal pure returns (bool) {
        return EpochRing.unwrap(account) >> DEBT_SHIFT & 1 != 0;
    }

    function withDebt(EpochRing account, bool owes) internal pure returns (EpochRing) {
        uint256 word = EpochRing.unwrap(account) & ~(1 << DEBT_SHIFT);
        return EpochRing.wrap(owes ? word | 1 << DEBT_SHIFT : word);
    }

    function tier(EpochRing account) internal pure returns (uint256) {
        return EpochRing.unwrap(account) >> TIER_SHIFT & TIER_MASK;
    }

    /// @dev Sets the counter, which stops at its largest value.
    function withQualifying(EpochRing account, uint256 points) internal pure returns (EpochRing) {
        if (points > QUALIFYING_MAX) points = QUALIFYING_MAX;
        uint256 word = EpochRing.unwrap(account) & ~(QUALIFYING_MAX << QUALIFYING_SHIFT);
        return EpochRing.wrap(word | points << QUALIFYING_SHIFT);
    }

    function withTier(EpochRing account, uint256 reached) internal pure returns (EpochRing) {
        uint256 word = EpochRing.unwrap(account) & ~(TIER_MASK << TIER_SHIFT);
        return EpochRing.wrap(word | reached << TIER_SHIFT);
    }
}
