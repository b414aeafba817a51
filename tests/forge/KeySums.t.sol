// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Bls12381, Msm} from "../../contracts/ballots/types/Bls12381.sol";
import {KeySums} from "../../contracts/ballots/types/KeySums.sol";
import {Lagrange} from "../../contracts/ballots/types/Lagrange.sol";
import {Unequal, assertEqual} from "./Vm.sol";

/// @title What the library makes of deals, from calldata as the board has it
contract KeySumsCaller {
    /// @param deals Commitments of each deal, 96 bytes each.
    function evaluate(bytes[] calldata deals, uint256 count)
        external
        view
        returns (bytes memory keys)
    {
        bytes memory sums = KeySums.create(deals[0]);
        for (uint256 i = 1; i < deals.length; ++i) {
            KeySums.add(sums, deals[i]);
        }
        return KeySums.evaluate(sums, count);
    }
}

/// @title Keys and shares of a polynomial, compared with its values
contract KeySumsTest {
    uint256 private constant R = Bls12381.R;
    KeySumsCaller private immutable CALLER = new KeySumsCaller();

    /// @dev Differences and additions come out where multiplications do.
    function testFuzz_TheKeysAreTheValuesOfTheSum(uint256 seed, uint256 threshold, uint256 count)
        external
        view
    {
        threshold = 1 + threshold % 15;
        count = threshold + count % (16 - threshold);
        uint256 dealers = 1 + (seed >> 128) % 3;
        bytes[] memory deals = new bytes[](dealers);
        uint256[] memory sums = new uint256[](threshold);
        for (uint256 i = 0; i < dealers; ++i) {
            for (uint256 k = 0; k < threshold; ++k) {
                uint256 scalar = uint256(keccak256(abi.encode(seed, i, k))) % R;
                sums[k] = addmod(sums[k], scalar, R);
                deals[i] = bytes.concat(deals[i], _multiple(scalar));
            }
        }
        bytes memory keys = CALLER.evaluate(deals, count);
        assertEqual("length", keys.length, 96 * (count + 1));
        for (uint256 j = 0; j <= count; ++j) {
            bytes32 expected = keccak256(_multiple(_valueAt(sums, j)));
            assertEqual("key", uint256(_hashOf(keys, j)), uint256(expected));
        }
    }

    /// @dev Equal coefficients make the additions double points, and opposite ones add up to
    /// infinity on the way.
    function test_TheKeysOfAwkwardCoefficients() external view {
        uint256[5] memory first = [uint256(1), 1, 1, 1, 1];
        uint256[5] memory second = [uint256(8), R - 1, 1, R - 1, 1];
        _check(first);
        _check(second);
    }

    /// @dev The polynomial x - 2 would make what trustee 2 holds 0.
    function test_NoKeyIsInfinity() external view {
        bytes[] memory deals = new bytes[](1);
        deals[0] = bytes.concat(_multiple(R - 2), _multiple(1));
        CALLER.evaluate(deals, 1);
        try CALLER.evaluate(deals, 2) {
            revert Unequal("infinity", 0, 1);
        } catch (bytes memory reason) {
            assertEqual("reason", uint32(bytes4(reason)), uint32(Bls12381.PointInfinite.selector));
        }
    }

    /// @dev Of every set of indices: their weights make f(0) of f, and 0 of x f.
    function testFuzz_WeightsInterpolate(uint256 indices) external pure {
        indices = 1 + indices % (2 ** 15 - 1);
        uint256 power = 0;
        for (uint256 bits = indices; bits != 0; bits &= bits - 1) {
            uint256 sum = 0;
            for (uint256 j = 1; j <= 15; ++j) {
                if ((indices >> (j - 1)) & 1 == 0) continue;
                sum = addmod(sum, mulmod(Lagrange.coefficient(indices, j), j ** power, R), R);
            }
            assertEqual("sum", sum, power == 0 ? 1 : 0);
            ++power;
        }
    }

    function _check(uint256[5] memory coefficients) private view {
        bytes[] memory deals = new bytes[](1);
        uint256[] memory sums = new uint256[](5);
        for (uint256 k = 0; k < 5; ++k) {
            sums[k] = coefficients[k];
            deals[0] = bytes.concat(deals[0], _multiple(coefficients[k]));
        }
        bytes memory keys = CALLER.evaluate(deals, 9);
        for (uint256 j = 0; j <= 9; ++j) {
            bytes32 expected = keccak256(_multiple(_valueAt(sums, j)));
            assertEqual("key", uint256(_hashOf(keys, j)), uint256(expected));
        }
    }

    function _multiple(uint256 scalar) private view returns (bytes memory) {
        Msm memory sum = Bls12381.create(1);
        sum.pushGenerator(scalar);
        return sum.total();
    }

    function _valueAt(uint256[] memory coefficients, uint256 x)
        private
        pure
        returns (uint256 value)
    {
        for (uint256 k = coefficients.length; k != 0; --k) {
            value = addmod(mulmod(value, x, R), coefficients[k - 1], R);
        }
    }

    function _hashOf(bytes memory points, uint256 place) private pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            hash := keccak256(add(add(points, 32), mul(96, place)), 96)
        }
    }
}
