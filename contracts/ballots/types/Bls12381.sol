// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev A sum of points times scalars that is put together in memory, pair by pair, as the
/// precompile wants it: 128 bytes of point, 32 of scalar.
/// @param first Where the first pair lies in memory.
/// @param next Where the next one will.
/// @param end Where the room for them ends.
struct Msm {
    uint256 first;
    uint256 next;
    uint256 end;
}

using Bls12381 for Msm global;

/// @title G1 of BLS12-381 through the precompiles
/// @dev Source: EIP-2537. A point on the wire has 96 bytes: x, then y, each of 48, big-endian,
/// affine. The precompiles take 64 for each, so points are padded on their way in. They refuse
/// coordinates from the field's order up and points off the curve; `MSM` also refuses points
/// outside the subgroup, `ADD` does not: add only what an `MSM` has seen. What they refuse costs
/// all the gas that they were given, so they are given no more than they could need.
library Bls12381 {
    /// @dev Order of the group and of the scalars.
    uint256 internal constant R =
        0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001;
    /// @dev Bytes of a point on the wire.
    uint256 internal constant POINT = 96;
    /// @dev Bytes of a point as the precompiles take it.
    uint256 internal constant PADDED = 128;
    /// @dev Bytes of a padded point and a scalar.
    uint256 internal constant PAIR = 160;

    uint256 internal constant ADD_PRECOMPILE = 0x0b;
    uint256 internal constant MSM_PRECOMPILE = 0x0c;
    uint256 internal constant ADD_GAS = 375;
    /// @dev Most gas for one pair of an `MSM`; less for each of several.
    uint256 internal constant PAIR_GAS = 12_000;

    /// @dev The standard generator, padded.
    bytes32 internal constant G_0 =
        0x0000000000000000000000000000000017f1d3a73197d7942695638c4fa9ac0f;
    bytes32 internal constant G_1 =
        0xc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb;
    bytes32 internal constant G_2 =
        0x0000000000000000000000000000000008b3f481e3aaa0f1a09e30ed741d8ae4;
    bytes32 internal constant G_3 =
        0xfcf5e095d5d00af600db18cb2c04b3edd03cc744a2888ae40caa232946c5e7e1;

    /// @notice A scalar is not below the order of the group.
    error ScalarInvalid(uint256 scalar);
    /// @notice A point on the wire has 96 bytes.
    error PointLengthInvalid(uint256 length);
    /// @notice The point at infinity stands where it is never valid.
    error PointInfinite();
    /// @notice A point is not on the curve, not in the subgroup, or has a coordinate that is not
    /// reduced; or the gas did not suffice.
    error PointsInvalid();

    /// @dev A sum with room for `pairs`.
    function create(uint256 pairs) internal pure returns (Msm memory sum) {
        assembly ("memory-safe") {
            let first := mload(0x40)
            let end := add(first, mul(pairs, PAIR))
            mstore(0x40, end)
            mstore(sum, first)
            mstore(add(sum, 32), first)
            mstore(add(sum, 64), end)
        }
    }

    /// @dev Adds `scalar` times a point of the wire.
    /// @param point Not infinity.
    /// @param scalar Any; it counts modulo the order.
    function push(Msm memory sum, bytes calldata point, uint256 scalar) internal pure {
        if (point.length != POINT) revert PointLengthInvalid(point.length);
        uint256 place = _takePair(sum);
        uint256 anything;
        assembly ("memory-safe") {
            let offset := point.offset
            anything := or(
                or(calldataload(offset), calldataload(add(offset, 32))),
                calldataload(add(offset, 64))
            )
            mstore(place, 0)
            mstore(add(place, 64), 0)
            calldatacopy(add(place, 16), offset, 48)
            calldatacopy(add(place, 80), add(offset, 48), 48)
            mstore(add(place, 128), scalar)
        }
        if (anything == 0) revert PointInfinite();
    }

    /// @dev As `push`, of a point in memory.
    function pushMemory(Msm memory sum, bytes memory point, uint256 scalar) internal pure {
        if (isInfinity(point)) revert PointInfinite();
        pushSum(sum, point, scalar);
    }

    /// @dev As `pushMemory`, of a point that may be infinity: what other points add up to.
    function pushSum(Msm memory sum, bytes memory point, uint256 scalar) internal pure {
        if (point.length != POINT) revert PointLengthInvalid(point.length);
        uint256 place = _takePair(sum);
        _pad(point, place);
        assembly ("memory-safe") {
            mstore(add(place, 128), scalar)
        }
    }

    function pushGenerator(Msm memory sum, uint256 scalar) internal pure {
        uint256 place = _takePair(sum);
        putGenerator(place);
        assembly ("memory-safe") {
            mstore(add(place, 128), scalar)
        }
    }

    /// @dev Writes the generator at `place`, 128 bytes.
    function putGenerator(uint256 place) internal pure {
        assembly ("memory-safe") {
            mstore(place, G_0)
            mstore(add(place, 32), G_1)
            mstore(add(place, 64), G_2)
            mstore(add(place, 96), G_3)
        }
    }

    /// @dev What the pairs add up to; infinity is 96 zeros.
    function total(Msm memory sum) internal view returns (bytes memory point) {
        point = new bytes(POINT);
        uint256 out = _run(sum.first, sum.next - sum.first);
        assembly ("memory-safe") {
            mcopy(add(point, 32), add(out, 16), 48)
            mcopy(add(point, 80), add(out, 80), 48)
        }
    }

    /// @dev Whether the pairs add up to infinity: every equation that they stand for holds, if each
    /// has a weight of its own that nobody could choose.
    function isZero(Msm memory sum) internal view returns (bool) {
        return isZero(sum.first, sum.next - sum.first);
    }

    /// @dev As `isZero` above, of pairs that lie in memory from `first` on.
    function isZero(uint256 first, uint256 size) internal view returns (bool) {
        uint256 out = _run(first, size);
        uint256 anything;
        assembly ("memory-safe") {
            anything := or(
                or(mload(out), mload(add(out, 32))),
                or(mload(add(out, 64)), mload(add(out, 96)))
            )
        }
        return anything == 0;
    }

    /// @dev Infinity is 96 zeros, in and out. Both have to be in the subgroup already.
    function add(bytes memory left, bytes memory right) internal view returns (bytes memory point) {
        if (left.length != POINT) revert PointLengthInvalid(left.length);
        if (right.length != POINT) revert PointLengthInvalid(right.length);
        point = new bytes(POINT);
        uint256 buffer;
        assembly ("memory-safe") {
            // Scratch beyond the free memory, which nothing else holds on to.
            buffer := mload(0x40)
        }
        _pad(left, buffer);
        _pad(right, buffer + PADDED);
        bool done;
        assembly ("memory-safe") {
            done := staticcall(ADD_GAS, ADD_PRECOMPILE, buffer, 256, buffer, 128)
            done := and(done, eq(returndatasize(), 128))
            mcopy(add(point, 32), add(buffer, 16), 48)
            mcopy(add(point, 80), add(buffer, 80), 48)
        }
        if (!done) revert PointsInvalid();
    }

    function isInfinity(bytes memory point) internal pure returns (bool) {
        if (point.length != POINT) revert PointLengthInvalid(point.length);
        uint256 anything;
        assembly ("memory-safe") {
            anything := or(or(mload(add(point, 32)), mload(add(point, 64))), mload(add(point, 96)))
        }
        return anything == 0;
    }

    /// @dev The precompile would take a scalar modulo the order, and so several for one.
    function requireScalar(uint256 scalar) internal pure {
        if (scalar >= R) revert ScalarInvalid(scalar);
    }

    /// @dev A challenge: a hash modulo the order.
    function toScalar(bytes32 hash) internal pure returns (uint256) {
        return uint256(hash) % R;
    }

    function _takePair(Msm memory sum) private pure returns (uint256 place) {
        place = sum.next;
        // More pairs than there is room for is a mistake of the contract, never of its caller.
        assert(place < sum.end);
        unchecked {
            sum.next = place + PAIR;
        }
    }

    /// @dev Writes 128 bytes at `place`.
    function _pad(bytes memory point, uint256 place) private pure {
        assembly ("memory-safe") {
            mstore(place, 0)
            mstore(add(place, 64), 0)
            mcopy(add(place, 16), add(point, 32), 48)
            mcopy(add(place, 80), add(point, 80), 48)
        }
    }

    /// @dev Where 128 bytes of result lie, in free memory.
    function _run(uint256 first, uint256 size) private view returns (uint256 out) {
        bool done;
        assembly ("memory-safe") {
            out := mload(0x40)
            // slither-disable-next-line divide-before-multiply
            let most := mul(div(size, PAIR), PAIR_GAS)
            done := staticcall(most, MSM_PRECOMPILE, first, size, out, 128)
            done := and(done, eq(returndatasize(), 128))
        }
        if (!done) revert PointsInvalid();
    }
}
