// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Bls12381} from "./Bls12381.sol";

/// @title The keys that the commitments of several deals add up to
/// @dev A deal commits to the coefficients of a polynomial; the sum of the deals is a polynomial F
/// whose value at 0 is the joint key and at j the key of what trustee j holds. Additions alone
/// compute it, of points which an MSM has seen: a quarter of what multiplications would cost.
library KeySums {
    uint256 private constant POINT = Bls12381.POINT;
    uint256 private constant PADDED = Bls12381.PADDED;

    /// @dev F(0), F(1), ... F(count), 96 bytes each; none of them infinity. By forward differences
    /// (Newton): each value follows from the one before by as many additions as F has degrees.
    /// @param sums The coefficients of F as `create` and `add` made them; they are used up.
    function evaluate(bytes memory sums, uint256 count) internal view returns (bytes memory keys) {
        uint256 coefficients = sums.length / (2 * PADDED);
        keys = new bytes((count + 1) * POINT);
        _compact(sums, coefficients);
        _toDifferences(sums, coefficients);
        _copy(sums, keys, 0);
        for (uint256 j = 1; j <= count; ++j) {
            _step(sums, coefficients);
            _copy(sums, keys, j);
        }
    }

    /// @dev The commitments of the first deal, 96 bytes each, as sums: 128 bytes each, with as much
    /// room behind it for what is added.
    function create(bytes calldata commitments) internal pure returns (bytes memory sums) {
        // slither-disable-next-line divide-before-multiply
        sums = new bytes((commitments.length / POINT) * 2 * PADDED);
        assembly ("memory-safe") {
            let source := commitments.offset
            let end := add(add(sums, 32), mload(sums))
            for { let place := add(sums, 32) } lt(place, end) { place := add(place, 256) } {
                calldatacopy(add(place, 16), source, 48)
                calldatacopy(add(place, 80), add(source, 48), 48)
                source := add(source, 96)
            }
        }
    }

    /// @dev Adds another deal's commitments to the sums.
    function add(bytes memory sums, bytes calldata commitments) internal view {
        bool done = true;
        assembly ("memory-safe") {
            let source := commitments.offset
            let end := add(add(sums, 32), mload(sums))
            for { let place := add(sums, 32) } lt(place, end) { place := add(place, 256) } {
                calldatacopy(add(place, 144), source, 48)
                calldatacopy(add(place, 208), add(source, 48), 48)
                done := and(done, staticcall(375, 0x0b, place, 256, place, 128))
                source := add(source, 96)
            }
        }
        if (!done) revert Bls12381.PointsInvalid();
    }

    /// @dev From coefficients to the differences of F at 0. First to those of the polynomials
    /// x (x - 1) ... (x - k + 1), by synthetic division (Ruffini, Horner) by x - 1, x - 2, ...; k!
    /// times such a coefficient is the difference of order k.
    function _toDifferences(bytes memory sums, uint256 coefficients) private view {
        for (uint256 m = 1; m + 1 < coefficients; ++m) {
            for (uint256 k = coefficients - 2; k >= m; --k) {
                _addNext(sums, k, m);
            }
        }
        for (uint256 m = 2; m < coefficients; ++m) {
            for (uint256 k = m; k < coefficients; ++k) {
                _multiply(sums, k, m);
            }
        }
    }

    /// @dev From the differences at x to those at x + 1: to each the next is added, which lies
    /// beside it as the precompile wants it.
    function _step(bytes memory sums, uint256 coefficients) private view {
        bool done = true;
        assembly ("memory-safe") {
            let place := add(sums, 32)
            let last := add(place, shl(7, sub(coefficients, 1)))
            for {} lt(place, last) { place := add(place, 128) } {
                done := and(done, staticcall(375, 0x0b, place, 256, place, 128))
            }
        }
        if (!done) revert Bls12381.PointsInvalid();
    }

    /// @dev Adds sum k + 1 to sum k, `times`.
    function _addNext(bytes memory sums, uint256 k, uint256 times) private view {
        bool done = true;
        assembly ("memory-safe") {
            let place := add(add(sums, 32), shl(7, k))
            for {} times { times := sub(times, 1) } {
                done := and(done, staticcall(375, 0x0b, place, 256, place, 128))
            }
        }
        if (!done) revert Bls12381.PointsInvalid();
    }

    /// @dev Multiplies sum k by `factor`, from 2 to 15, by doubling and adding.
    function _multiply(bytes memory sums, uint256 k, uint256 factor) private view {
        bool done = true;
        assembly ("memory-safe") {
            let place := add(add(sums, 32), shl(7, k))
            // Scratch beyond the free memory: the product, and what is added to it.
            let product := mload(0x40)
            let other := add(product, 128)
            mcopy(product, place, 128)
            let bit := 8
            for {} gt(bit, factor) { bit := shr(1, bit) } {}
            for { bit := shr(1, bit) } bit { bit := shr(1, bit) } {
                mcopy(other, product, 128)
                done := and(done, staticcall(375, 0x0b, product, 256, product, 128))
                if and(factor, bit) {
                    mcopy(other, place, 128)
                    done := and(done, staticcall(375, 0x0b, product, 256, product, 128))
                }
            }
            mcopy(place, product, 128)
        }
        if (!done) revert Bls12381.PointsInvalid();
    }

    /// @dev Closes the gaps between the sums.
    function _compact(bytes memory sums, uint256 coefficients) private pure {
        assembly ("memory-safe") {
            let first := add(sums, 32)
            for { let k := 1 } lt(k, coefficients) { k := add(k, 1) } {
                mcopy(add(first, shl(7, k)), add(first, shl(8, k)), 128)
            }
        }
    }

    /// @dev Writes the first sum as key number `j`, without its padding.
    function _copy(bytes memory sums, bytes memory keys, uint256 j) private pure {
        uint256 anything;
        assembly ("memory-safe") {
            let place := add(add(keys, 32), mul(j, 96))
            mcopy(place, add(sums, 48), 48)
            mcopy(add(place, 48), add(sums, 112), 48)
            anything := or(or(mload(place), mload(add(place, 32))), mload(add(place, 64)))
        }
        if (anything == 0) revert Bls12381.PointInfinite();
    }
}
