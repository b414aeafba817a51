// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Bls12381, Msm} from "../../contracts/ballots/types/Bls12381.sol";
import {assertEqual} from "./Vm.sol";

/// @title The library behind calls, so that what it refuses can be caught
contract Bls12381Caller {
    function pushed(bytes calldata point, uint256 scalar) external view returns (bytes memory) {
        Msm memory sum = Bls12381.create(1);
        sum.push(point, scalar);
        return sum.total();
    }

    function pushedMemory(bytes memory point, uint256 scalar) external view returns (bytes memory) {
        Msm memory sum = Bls12381.create(1);
        sum.pushMemory(point, scalar);
        return sum.total();
    }

    function pushedSum(bytes memory point, uint256 scalar) external view returns (bytes memory) {
        Msm memory sum = Bls12381.create(1);
        sum.pushSum(point, scalar);
        return sum.total();
    }

    function pushedTwice(bytes calldata point) external pure {
        Msm memory sum = Bls12381.create(1);
        sum.push(point, 1);
        sum.push(point, 1);
    }

    function emptySum() external view returns (bool) {
        return Bls12381.create(1).isZero();
    }

    function added(bytes memory left, bytes memory right) external view returns (bytes memory) {
        return Bls12381.add(left, right);
    }

    function requireScalar(uint256 scalar) external pure {
        Bls12381.requireScalar(scalar);
    }

    function isInfinity(bytes memory point) external pure returns (bool) {
        return Bls12381.isInfinity(point);
    }
}

/// @title The edges of EIP-2537, at the precompiles themselves and through the library
contract Bls12381Test {
    uint256 private constant R = Bls12381.R;
    // Order of the field, 48 bytes.
    bytes private constant P =
        hex"1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab";
    bytes private constant G = hex"17f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb"
        hex"08b3f481e3aaa0f1a09e30ed741d8ae4fcf5e095d5d00af600db18cb2c04b3edd03cc744a2888ae40caa232946c5e7e1";
    // 2G, as the test vectors of the EIP have it.
    bytes private constant G2 = hex"0572cbea904d67468808c8eb50a9450c9721db309128012543902d0ac358a62ae28f75bb8f1c7c42c39a8c5529bf0f4e"
        hex"166a9d8cabc673a322fda673779d8e3822ba3ecb8670e461f73bb9021d5fd76a4c56d9d4cd16bd1bba86881979749d28";
    // -G: the same x, and p - y.
    bytes private constant MINUS_G = hex"17f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb"
        hex"114d1d6855d545a8aa7d76c8cf2e21f267816aef1db507c96655b9d5caac42364e6f38ba0ecb751bad54dcd6b939c2ca";
    bytes private constant INFINITY = new bytes(96);

    Bls12381Caller private immutable CALLER = new Bls12381Caller();

    // ------------------------------------------------------------------ the library

    function test_TheGeneratorIsTheStandardOne() external view {
        Msm memory sum = Bls12381.create(1);
        sum.pushGenerator(1);
        _assertSame("G", sum.total(), G);
        _assertSame("1 G", CALLER.pushed(G, 1), G);
        _assertSame("2 G", CALLER.pushed(G, 2), G2);
        _assertSame("G + G", CALLER.added(G, G), G2);
        _assertSame("-G", CALLER.pushed(G, R - 1), MINUS_G);
    }

    function test_InfinityIsZeros() external view {
        _assertSame("G - G", CALLER.added(G, MINUS_G), INFINITY);
        _assertSame("0 G", CALLER.pushed(G, 0), INFINITY);
        _assertSame("G + O", CALLER.added(G, INFINITY), G);
        _assertSame("O + G", CALLER.added(INFINITY, G), G);
        _assertSame("O + O", CALLER.added(INFINITY, INFINITY), INFINITY);
        _assertSame("7 O", CALLER.pushedSum(INFINITY, 7), INFINITY);
        assertEqual("zeros", CALLER.isInfinity(INFINITY) ? 1 : 0, 1);
        assertEqual("G", CALLER.isInfinity(G) ? 1 : 0, 0);
    }

    function test_InfinityIsNoPointOfTheWire() external view {
        _assertRefused(
            abi.encodeCall(CALLER.pushed, (INFINITY, 1)), Bls12381.PointInfinite.selector
        );
        _assertRefused(
            abi.encodeCall(CALLER.pushedMemory, (INFINITY, 1)), Bls12381.PointInfinite.selector
        );
    }

    function test_APointHas96Bytes() external view {
        bytes4 refusal = Bls12381.PointLengthInvalid.selector;
        bytes[3] memory wrong = [bytes(""), new bytes(95), bytes.concat(G, hex"00")];
        for (uint256 i = 0; i < wrong.length; ++i) {
            _assertRefused(abi.encodeCall(CALLER.pushed, (wrong[i], 1)), refusal);
            _assertRefused(abi.encodeCall(CALLER.pushedSum, (wrong[i], 1)), refusal);
            _assertRefused(abi.encodeCall(CALLER.added, (wrong[i], G)), refusal);
            _assertRefused(abi.encodeCall(CALLER.added, (G, wrong[i])), refusal);
            _assertRefused(abi.encodeCall(CALLER.isInfinity, (wrong[i])), refusal);
        }
    }

    function test_AScalarIsBelowTheOrder() external view {
        CALLER.requireScalar(0);
        CALLER.requireScalar(R - 1);
        uint256[3] memory wrong = [R, R + 1, type(uint256).max];
        for (uint256 i = 0; i < wrong.length; ++i) {
            _assertRefused(
                abi.encodeCall(CALLER.requireScalar, (wrong[i])), Bls12381.ScalarInvalid.selector
            );
        }
        assertEqual("r", Bls12381.toScalar(bytes32(R)), 0);
        assertEqual("r + 5", Bls12381.toScalar(bytes32(R + 5)), 5);
    }

    function test_TheSumTakesNoPointThatIsNone() external view {
        bytes[4] memory wrong = [_offCurve(), _outsideSubgroup(), _unreducedX(), _unreducedY()];
        for (uint256 i = 0; i < wrong.length; ++i) {
            _assertRefused(
                abi.encodeCall(CALLER.pushed, (wrong[i], 1)), Bls12381.PointsInvalid.selector
            );
            _assertRefused(
                abi.encodeCall(CALLER.pushedSum, (wrong[i], 1)), Bls12381.PointsInvalid.selector
            );
        }
    }

    function test_ASumOfNothingIsRefused() external view {
        _assertRefused(abi.encodeCall(CALLER.emptySum, ()), Bls12381.PointsInvalid.selector);
    }

    function test_ASumTakesNoMoreThanItHasRoomFor() external view {
        (bool done, bytes memory answer) =
            address(CALLER).staticcall(abi.encodeCall(CALLER.pushedTwice, (G)));
        assertEqual("done", done ? 1 : 0, 0);
        assertEqual("assertion", uint256(bytes32(answer)) >> 224, 0x4e487b71);
    }

    /// @dev What is refused burns what it was given, and is given no more than it could need.
    function test_WhatIsRefusedCostsNoMoreThanWhatIsTaken() external view {
        uint256 before = gasleft();
        _assertRefused(
            abi.encodeCall(CALLER.pushed, (_offCurve(), 1)), Bls12381.PointsInvalid.selector
        );
        assertEqual("cheap", before - gasleft() < Bls12381.PAIR_GAS + 8000 ? 1 : 0, 1);
    }

    // ------------------------------------------------------------------ the precompiles

    function test_ScalarsCountModuloTheOrder() external view {
        _assertSame("r G", CALLER.pushed(G, R), INFINITY);
        _assertSame("(r + 2) G", CALLER.pushed(G, R + 2), G2);
    }

    function test_PaddingIsZeros() external view {
        bytes memory whole = bytes.concat(_padded(G), bytes32(uint256(1)));
        assertEqual("clean", _takes(0x0c, whole), 1);
        uint256[4] memory places = [uint256(0), 15, 64, 79];
        for (uint256 i = 0; i < places.length; ++i) {
            bytes memory dirty = bytes.concat(whole);
            dirty[places[i]] = 0x01;
            assertEqual("dirty", _takes(0x0c, dirty), 0);
            assertEqual("dirty", _takes(0x0b, bytes.concat(_first128(dirty), _padded(G))), 0);
        }
    }

    function test_OnlyTheSumOfProductsKnowsTheSubgroup() external view {
        bytes memory outside = _padded(_outsideSubgroup());
        assertEqual("ADD", _takes(0x0b, bytes.concat(outside, _padded(G))), 1);
        assertEqual("MSM", _takes(0x0c, bytes.concat(outside, bytes32(uint256(1)))), 0);
        // Not even where the scalar would make nothing of it.
        assertEqual("MSM, 0", _takes(0x0c, bytes.concat(outside, bytes32(0))), 0);
        assertEqual("MSM, 3", _takes(0x0c, bytes.concat(outside, bytes32(uint256(3)))), 0);
    }

    function test_NeitherTakesAPointOffTheCurve() external view {
        bytes[3] memory wrong = [_offCurve(), _unreducedX(), _unreducedY()];
        for (uint256 i = 0; i < wrong.length; ++i) {
            bytes memory point = _padded(wrong[i]);
            assertEqual("ADD", _takes(0x0b, bytes.concat(_padded(G), point)), 0);
            assertEqual("MSM", _takes(0x0c, bytes.concat(point, bytes32(uint256(1)))), 0);
        }
    }

    function test_OneBadPointSpoilsTheWholeSum() external view {
        bytes memory good = bytes.concat(_padded(G), bytes32(uint256(1)));
        bytes memory bad = bytes.concat(_padded(_outsideSubgroup()), bytes32(0));
        assertEqual("good", _takes(0x0c, bytes.concat(good, good)), 1);
        assertEqual("bad", _takes(0x0c, bytes.concat(good, bad)), 0);
    }

    function test_LengthsAreWholePairs() external view {
        bytes memory pair = bytes.concat(_padded(G), bytes32(uint256(1)));
        assertEqual("none", _takes(0x0c, ""), 0);
        assertEqual("more", _takes(0x0c, bytes.concat(pair, hex"00")), 0);
        assertEqual("less", _takes(0x0c, _padded(G)), 0);
        assertEqual("one point", _takes(0x0b, _padded(G)), 0);
        assertEqual("three", _takes(0x0b, bytes.concat(_padded(G), _padded(G), _padded(G))), 0);
    }

    function testFuzz_SumsAreThoseOfTheScalars(uint256 a, uint256 b) external view {
        uint256 sum = addmod(a % R, b % R, R);
        _assertSame(
            "(a + b) G",
            CALLER.added(CALLER.pushed(G, a), CALLER.pushed(G, b)),
            CALLER.pushed(G, sum)
        );
    }

    // ------------------------------------------------------------------ points that are none

    function _offCurve() private pure returns (bytes memory) {
        return _point(1, 1);
    }

    /// @dev On the curve y^2 = x^3 + 4, of order 3: a factor of the cofactor.
    function _outsideSubgroup() private pure returns (bytes memory) {
        return _point(0, 2);
    }

    /// @dev The point of order 3 with p added to x = 0.
    function _unreducedX() private pure returns (bytes memory) {
        return bytes.concat(P, new bytes(47), hex"02");
    }

    /// @dev (0, 2) with p added to y, which still has 48 bytes.
    function _unreducedY() private pure returns (bytes memory point) {
        point = bytes.concat(new bytes(48), P);
        point[95] = 0xad;
    }

    function _point(uint8 x, uint8 y) private pure returns (bytes memory) {
        return bytes.concat(new bytes(47), bytes1(x), new bytes(47), bytes1(y));
    }

    // ------------------------------------------------------------------ helpers

    function _padded(bytes memory point) private pure returns (bytes memory padded) {
        padded = new bytes(128);
        for (uint256 i = 0; i < 48; ++i) {
            padded[16 + i] = point[i];
            padded[80 + i] = point[48 + i];
        }
    }

    function _first128(bytes memory data) private pure returns (bytes memory first) {
        first = new bytes(128);
        for (uint256 i = 0; i < 128; ++i) {
            first[i] = data[i];
        }
    }

    /// @return taken 1 if the precompile answers with a point, else 0.
    function _takes(uint160 precompile, bytes memory input) private view returns (uint256 taken) {
        (bool done, bytes memory answer) = address(precompile).staticcall{gas: 50_000}(input);
        return done && answer.length == 128 ? 1 : 0;
    }

    function _assertRefused(bytes memory call, bytes4 refusal) private view {
        (bool done, bytes memory answer) = address(CALLER).staticcall(call);
        assertEqual("done", done ? 1 : 0, 0);
        assertEqual("refusal", uint256(uint32(bytes4(answer))), uint256(uint32(refusal)));
    }

    function _assertSame(string memory what, bytes memory actual, bytes memory expected)
        private
        pure
    {
        assertEqual(what, uint256(keccak256(actual)), uint256(keccak256(expected)));
    }
}
