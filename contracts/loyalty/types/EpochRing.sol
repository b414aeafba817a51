// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev One storage word that holds points by age:
///
///     255      240 239          192 191    144 143     96 95      48 47       0
///     [ epoch 16 ][ extra 48 bits ][ lane 3 ][ lane 2 ][ lane 1 ][ lane 0 ]
///
/// Lane k holds what expires when epoch + 4 - k begins; lane 3 is the oldest. Moving to a later
/// epoch is one shift: what falls off the top has expired. A lane holds at most 2^47 - 1 units;
/// its top bit is a guard that is zero at rest, so one addition and one mask show whether any lane
/// overflowed. The epoch is never 0 in a word that was written, so a word that was used never
/// returns to zero. The extra bits belong to the word's owner (an account's standing, or a
/// program's settings).
type EpochRing is uint256;

using EpochRingLibrary for EpochRing global;

library EpochRingLibrary {
    uint256 internal constant LANE_COUNT = 4;
    uint256 internal constant LANE_BITS = 48;
    uint256 internal constant LANE_MASK = (1 << LANE_BITS) - 1;
    uint256 internal constant LANES_MASK = (1 << (LANE_COUNT * LANE_BITS)) - 1;
    uint256 internal constant OLDEST_SHIFT = (LANE_COUNT - 1) * LANE_BITS;
    uint256 internal constant EPOCH_SHIFT = 240;
    uint256 internal constant EPOCH_MAX = type(uint16).max;
    uint256 internal constant EXTRA_MASK = ((1 << EPOCH_SHIFT) - 1) ^ LANES_MASK;

    /// @dev Largest amount, and largest content of a lane, in units of 0.01 point.
    uint256 internal constant POINTS_MAX = (1 << (LANE_BITS - 1)) - 1;

    uint256 private constant EVERY_LANE =
        1 | 1 << LANE_BITS | 1 << (2 * LANE_BITS) | 1 << OLDEST_SHIFT;
    uint256 private constant GUARDS = EVERY_LANE << (LANE_BITS - 1);

    /// @notice `points` units do not fit: an amount or a lane holds at most 2^47 - 1.
    error PointsOverflow(uint256 points);

    /// @notice `epoch` is outside the four epochs whose points are alive at `current`.
    error EpochNotLive(uint256 epoch, uint256 current);

    function epoch(EpochRing ring) internal pure returns (uint256) {
        return EpochRing.unwrap(ring) >> EPOCH_SHIFT;
    }

    function lanes(EpochRing ring) internal pure returns (uint256) {
        return EpochRing.unwrap(ring) & LANES_MASK;
    }

    function extra(EpochRing ring) internal pure returns (uint256) {
        return EpochRing.unwrap(ring) & EXTRA_MASK;
    }

    /// @dev The ring as it stands at `current`; `expired` are the lanes that fell off on the way.
    function rollTo(EpochRing ring, uint256 current)
        internal
        pure
        returns (EpochRing rolled, uint256 expired)
    {
        uint256 word = EpochRing.unwrap(ring);
        unchecked {
            // The clock never runs backwards, so this does not wrap.
            uint256 shift = (current - (word >> EPOCH_SHIFT)) * LANE_BITS;
            uint256 all = word & LANES_MASK;
            uint256 live = (all << shift) & LANES_MASK;
            rolled = EpochRing.wrap((word & EXTRA_MASK) | live | (current << EPOCH_SHIFT));
            expired = all ^ (live >> shift);
        }
    }

    /// @dev The ring with other lanes; epoch and extra bits stay.
    function withLanes(EpochRing ring, uint256 amounts) internal pure returns (EpochRing) {
        return EpochRing.wrap(EpochRing.unwrap(ring) & ~LANES_MASK | amounts);
    }

    /// @dev Adds lane by lane. `amounts` has a zero guard bit in every lane.
    function plus(EpochRing ring, uint256 amounts) internal pure returns (EpochRing) {
        unchecked {
            uint256 word = EpochRing.unwrap(ring) + amounts;
            if (word & GUARDS != 0) revert PointsOverflow(total(word & LANES_MASK));
            return EpochRing.wrap(word);
        }
    }

    /// @dev Subtracts lane by lane. No lane of `amounts` exceeds that of the ring.
    function minus(EpochRing ring, uint256 amounts) internal pure returns (EpochRing) {
        unchecked {
            return EpochRing.wrap(EpochRing.unwrap(ring) - amounts);
        }
    }

    /// @dev The lanes that make up `points`, oldest first; `missing` is what the ring falls short
    /// of.
    function oldest(EpochRing ring, uint256 points)
        internal
        pure
        returns (uint256 amounts, uint256 missing)
    {
        uint256 left = ring.lanes();
        unchecked {
            while (true) {
                uint256 shift = oldestShift(left);
                uint256 held = left >> shift;
                if (points <= held) return (amounts | points << shift, 0);
                if (held == 0) return (amounts, points);
                amounts |= held << shift;
                left ^= held << shift;
                points -= held;
            }
        }
    }

    /// @dev Reverts with `PointsOverflow` unless `points` fit a lane.
    function requireFits(uint256 points) internal pure returns (uint256) {
        if (points > POINTS_MAX) revert PointsOverflow(points);
        return points;
    }

    /// @dev Position of the oldest lane that holds anything; 0 if none does.
    function oldestShift(uint256 amounts) internal pure returns (uint256) {
        if (amounts >> (2 * LANE_BITS) == 0) return amounts >> LANE_BITS == 0 ? 0 : LANE_BITS;
        return amounts >> OLDEST_SHIFT == 0 ? 2 * LANE_BITS : OLDEST_SHIFT;
    }

    /// @dev Position of the lane whose points count as issued in `issued` (ERC-7818's epoch).
    function laneShift(uint256 issued, uint256 current) internal pure returns (uint256) {
        unchecked {
            uint256 age = current - issued;
            if (age >= LANE_COUNT) revert EpochNotLive(issued, current);
            return age * LANE_BITS;
        }
    }

    /// @dev Every lane times `multiplier` / `divisor`, rounded down.
    function scale(uint256 amounts, uint256 multiplier, uint256 divisor)
        internal
        pure
        returns (uint256 scaled)
    {
        unchecked {
            // 48 bits times 48 bits: nothing wraps.
            while (amounts != 0) {
                uint256 shift = oldestShift(amounts);
                uint256 held = amounts >> shift;
                uint256 part = held * multiplier / divisor;
                if (part > POINTS_MAX) revert PointsOverflow(part);
                scaled |= part << shift;
                amounts ^= held << shift;
            }
        }
    }

    /// @dev Sum over the lanes.
    function total(uint256 amounts) internal pure returns (uint256) {
        unchecked {
            return (amounts & LANE_MASK) + ((amounts >> LANE_BITS) & LANE_MASK)
                + ((amounts >> (2 * LANE_BITS)) & LANE_MASK)
                + ((amounts >> OLDEST_SHIFT) & LANE_MASK);
        }
    }

    /// @dev Content of every lane, youngest first: `[k]` expires when epoch + 4 - k begins.
    function unpack(EpochRing ring) internal pure returns (uint256[4] memory byAge) {
        for (uint256 k = 0; k < LANE_COUNT; ++k) {
            byAge[k] = (EpochRing.unwrap(ring) >> (k * LANE_BITS)) & LANE_MASK;
        }
    }
}
