// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EpochRing, EpochRingLibrary} from "./EpochRing.sol";

/// @dev The extra 48 bits of a program's supply ring: the settings that every award needs, in the
/// word that it writes anyway.
///
///     239 238 237       232 231        226 225       192
///     [ age 2][ cap floor 6 ][ tier floor 6 ][ coupon points 34 ]
///
/// The age is the lane into which new points go: 4 - validity.
/// A floor is the binary logarithm, rounded down, of the program's cap or lowest tier: below it,
/// one shift shows that the exact figure need not be read.
library ProgramSettings {
    /// @dev A floor above every amount: the program has no cap, or no tiers.
    uint256 internal constant NO_CAP_FLOOR = 63;
    /// @dev Qualifying points pass it only where they stop counting, at 2^40.
    uint256 internal constant NO_TIER_FLOOR = 40;

    /// @dev Most that a coupon key can be allowed to give in an epoch.
    uint256 internal constant COUPON_POINTS_MAX = (1 << 34) - 1;

    uint256 private constant COUPON_SHIFT = 192;
    uint256 private constant TIER_SHIFT = 226;
    uint256 private constant CAP_SHIFT = 232;
    uint256 private constant AGE_SHIFT = 238;
    uint256 private constant FLOOR_MASK = 63;
    uint256 private constant AGE_MASK = 3;

    function validity(EpochRing supply) internal pure returns (uint256) {
        unchecked {
            return EpochRingLibrary.LANE_COUNT - (EpochRing.unwrap(supply) >> AGE_SHIFT & AGE_MASK);
        }
    }

    /// @dev The epoch in which new points count as issued: they expire four epochs after it.
    function issued(EpochRing supply) internal pure returns (uint256) {
        unchecked {
            return supply.epoch() - (EpochRing.unwrap(supply) >> AGE_SHIFT & AGE_MASK);
        }
    }

    /// @dev Units given by the coupon key in the ring's epoch.
    function couponPoints(EpochRing supply) internal pure returns (uint256) {
        return EpochRing.unwrap(supply) >> COUPON_SHIFT & COUPON_POINTS_MAX;
    }

    function withCouponPoints(EpochRing supply, uint256 points) internal pure returns (EpochRing) {
        return _with(supply, COUPON_SHIFT, COUPON_POINTS_MAX, points);
    }

    /// @dev Whether the outstanding points may have passed the cap, so that it must be read.
    function nearsCap(EpochRing supply) internal pure returns (bool) {
        uint256 floor = EpochRing.unwrap(supply) >> CAP_SHIFT & FLOOR_MASK;
        return floor != NO_CAP_FLOOR && EpochRingLibrary.total(supply.lanes()) >> floor != 0;
    }

    /// @dev `points` in the lane of the program's validity. Reverts with `PointsOverflow` from 2^47
    /// on.
    function lane(EpochRing supply, uint256 points) internal pure returns (uint256 amounts) {
        unchecked {
            uint256 age = EpochRing.unwrap(supply) >> AGE_SHIFT & AGE_MASK;
            return EpochRingLibrary.requireFits(points) << age * EpochRingLibrary.LANE_BITS;
        }
    }

    /// @dev Whether `qualifying` points may open a tier, or pass 2^40.
    function nearsTier(EpochRing supply, uint256 qualifying) internal pure returns (bool) {
        return qualifying >> (EpochRing.unwrap(supply) >> TIER_SHIFT & FLOOR_MASK) != 0;
    }

    function withValidity(EpochRing supply, uint256 epochs) internal pure returns (EpochRing) {
        return _with(supply, AGE_SHIFT, AGE_MASK, EpochRingLibrary.LANE_COUNT - epochs);
    }

    function withCapFloor(EpochRing supply, uint256 floor) internal pure returns (EpochRing) {
        return _with(supply, CAP_SHIFT, FLOOR_MASK, floor);
    }

    function withTierFloor(EpochRing supply, uint256 floor) internal pure returns (EpochRing) {
        return _with(supply, TIER_SHIFT, FLOOR_MASK, floor);
    }

    function _with(EpochRing supply, uint256 shift, uint256 mask, uint256 value)
        private
        pure
        returns (EpochRing)
    {
        return EpochRing.wrap(EpochRing.unwrap(supply) & ~(mask << shift) | value << shift);
    }
}
