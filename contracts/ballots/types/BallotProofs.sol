// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BallotForm} from "./BallotForm.sol";
import {Bls12381, Msm} from "./Bls12381.sol";

/// @dev The proofs of a batch on their way to the precompile, all of them one sum.
/// @param form What the ballots are checked against.
/// @param pad Where what is hashed is put together: tag, CONTEXT, voter, then the ballot's bytes.
/// @param trackers Where CONTEXT lies, and behind it the trackers of the ballots so far.
/// @param counted Ballots so far.
/// @param pairs Where the pairs of the sum lie: those of G and K, then those of each ballot, its
/// points in the order of the body.
/// @param stride Bytes of a ballot's pairs.
struct BallotProofs {
    BallotForm form;
    uint256 pad;
    uint256 trackers;
    uint256 counted;
    uint256 pairs;
    uint256 stride;
}

using BallotProofsLibrary for BallotProofs global;

/// @title Disjunctive proofs of a batch of ballots, checked in one multi-scalar multiplication
/// @dev Source: Cramer, Damgard, Schoenmakers, CRYPTO 1994 (the proofs); Bellare, Garay, Rabin,
/// EUROCRYPT 1998 (small exponents test). Every branch's two equations are written as
/// A + c alpha - z G = 0 and B + c beta - c e G - z K = 0, and each gets a weight of 128 bits of
/// its own: with one for several, their faults could make up for each other. Weights come from a
/// hash of every point and scalar, so nobody chooses a ballot after its weight.
/// First `add` every ballot, then `seal`, then `weigh` each, then `requireValid`.
library BallotProofsLibrary {
    // Plain numbers, which assembly can name: bytes of what lies in memory and on the wire.
    uint256 private constant PAIR = 160;
    uint256 private constant PADDED = 128;
    uint256 private constant POINT = 96;
    uint256 private constant CIPHERTEXT = 192;
    /// @dev alpha, beta, A_0, B_0, A_1, B_1.
    uint256 private constant OPTION_POINTS = 6;
    /// @dev Those, c_0, z_0 and z_1.
    uint256 private constant OPTION = 672;
    /// @dev Where the scalar lies in a pair.
    uint256 private constant IN_PAIR = 128;

    /// @dev Where things lie in the pad while proofs are weighed: behind the seed the numbers of
    /// ballot and branch, which make a weight with it, and the scalars of G and K so far.
    uint256 private constant ORDINAL = 32;
    uint256 private constant BRANCH = 64;
    uint256 private constant SEED_SIZE = 96;
    uint256 private constant ON_G = 96;
    uint256 private constant ON_K = 128;

    /// @dev As {Bls12381.R}.
    uint256 private constant R = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001;
    uint256 private constant WEIGHT_MASK = 0xffffffffffffffffffffffffffffffff;

    bytes32 private constant CHOICE_TAG = keccak256("crmdapp.ballots.v1.choice");
    bytes32 private constant OPTION_TAG = keccak256("crmdapp.ballots.v1.option");
    bytes32 private constant SUM_TAG = keccak256("crmdapp.ballots.v1.sum");

    /// @notice A proof of the batch is not valid.
    error BatchProofsInvalid();

    /// @dev Room for the proofs of `ballots`.
    function create(BallotForm memory form, uint256 ballots)
        internal
        pure
        returns (BallotProofs memory proofs)
    {
        uint256 pad;
        uint256 trackers;
        unchecked {
            uint256 stride = form.pairs() * PAIR;
            // The longest that is hashed: four words, and the points and scalars of a ballot.
            uint256 padSize = 128 + stride;
            uint256 pairs;
            bytes32 context = form.context;
            uint256 key = form.key;
            assembly ("memory-safe") {
                pad := mload(0x40)
                trackers := add(pad, padSize)
                mstore(trackers, context)
                pairs := add(trackers, mul(add(ballots, 1), 32))
                mstore(0x40, add(pairs, add(mul(2, PAIR), mul(ballots, stride))))
                mcopy(add(pairs, PAIR), key, PADDED)
            }
            Bls12381.putGenerator(pairs);
            proofs.form = form;
            proofs.pad = pad;
            proofs.trackers = trackers;
            proofs.stride = stride;
            proofs.pairs = pairs;
        }
    }

    /// @dev Takes in a ballot: its tracker, its points, and the challenge of each of its proofs,
    /// which waits in the scalar of the proof's first pair.
    /// @param body Where its body starts in the call's data.
    /// @param length Of the body.
    function add(BallotProofs memory proofs, address voter, uint256 body, uint256 length)
        internal
        pure
        returns (bytes32 tracker)
    {
        BallotForm memory form = proofs.form;
        unchecked {
            uint256 ordinal = proofs.counted++;
            uint256 pad = proofs.pad;
            uint256 trackers = proofs.trackers;
            assembly ("memory-safe") {
                mstore(add(pad, 32), mload(trackers))
                mstore(add(pad, 64), voter)
                calldatacopy(add(pad, 96), body, length)
                tracker := keccak256(add(pad, 32), add(64, length))
                mstore(add(add(trackers, 32), mul(ordinal, 32)), tracker)
            }
            uint256 place = proofs.pairs + 2 * PAIR + ordinal * proofs.stride;
            if (form.isVector) _addVector(form, pad, body, place);
            else _addChoice(form, pad, body, place);
        }
    }

    /// @dev Ends the taking in: from here on every point and scalar has its part in the weights.
    function seal(BallotProofs memory proofs) internal pure {
        (uint256 pad, uint256 trackers) = (proofs.pad, proofs.trackers);
        uint256 size = 32 + proofs.counted * 32;
        assembly ("memory-safe") {
            mstore(pad, keccak256(trackers, size))
            mstore(add(pad, ON_G), 0)
            mstore(add(pad, ON_K), 0)
        }
    }

    /// @dev Weighs the proofs of the ballot that was added as the `ordinal`-th, from 0.
    /// @param body As for `add`.
    function weigh(BallotProofs memory proofs, uint256 ordinal, uint256 body) internal pure {
        BallotForm memory form = proofs.form;
        uint256 pad = proofs.pad;
        unchecked {
            uint256 place = proofs.pairs + 2 * PAIR + ordinal * proofs.stride;
            assembly ("memory-safe") {
                mstore(add(pad, ORDINAL), ordinal)
                mstore(add(pad, BRANCH), 0)
            }
            if (form.isVector) _weighVector(form, pad, place, body);
            else _weighChoice(form, pad, place, body);
        }
    }

    /// @dev Reverts with `BatchProofsInvalid` unless every equation of every ballot holds; with
    /// `PointsInvalid` if a point is none of the group.
    function requireValid(BallotProofs memory proofs) internal view {
        (uint256 pad, uint256 pairs) = (proofs.pad, proofs.pairs);
        uint256 end = pairs + 2 * PAIR + proofs.counted * proofs.stride;
        assembly ("memory-safe") {
            mstore(add(pairs, IN_PAIR), sub(R, mload(add(pad, ON_G))))
            mstore(add(pairs, add(PAIR, IN_PAIR)), sub(R, mload(add(pad, ON_K))))
        }
        if (!Msm(pairs, end, end).isZero()) revert BatchProofsInvalid();
    }

    /// @dev keccak256 of the trackers.
    function digest(BallotProofs memory proofs) internal pure returns (bytes32 hash) {
        (uint256 trackers, uint256 counted) = (proofs.trackers, proofs.counted);
        assembly ("memory-safe") {
            hash := keccak256(add(trackers, 32), mul(counted, 32))
        }
    }

    function _addChoice(BallotForm memory form, uint256 pad, uint256 body, uint256 place)
        private
        pure
    {
        unchecked {
            uint256 points = 2 + 2 * form.options;
            _putPoints(body, place, points);
            _putChallenge(CHOICE_TAG, pad, 96 + points * POINT, place);
        }
    }

    /// @dev Every part's challenge takes all ciphertexts, so that no part fits another ballot.
    function _addVector(BallotForm memory form, uint256 pad, uint256 body, uint256 place)
        private
        pure
    {
        unchecked {
            uint256 ciphertexts = pad + 128;
            uint256 commitments = ciphertexts + form.options * CIPHERTEXT;
            uint256 end = body + form.options * OPTION;
            for (uint256 part = body; part < end; part += OPTION) {
                assembly ("memory-safe") {
                    calldatacopy(ciphertexts, part, CIPHERTEXT)
                    ciphertexts := add(ciphertexts, CIPHERTEXT)
                }
            }
            uint256 option = 0;
            for (uint256 part = body; part < end; part += OPTION) {
                assembly ("memory-safe") {
                    mstore(add(pad, 96), option)
                    calldatacopy(commitments, add(part, CIPHERTEXT), mul(4, POINT))
                    option := add(option, 1)
                }
                _putPoints(part, place, OPTION_POINTS);
                _putChallenge(OPTION_TAG, pad, commitments + 4 * POINT - pad, place);
                place += OPTION_POINTS * PAIR;
            }
            uint256 points = 2 * form.sums;
            assembly ("memory-safe") {
                // No number of an option here: CONTEXT and voter move up by a word.
                mcopy(add(pad, 64), add(pad, 32), 64)
                calldatacopy(commitments, end, mul(points, POINT))
            }
            _putPoints(end, place, points);
            _putChallenge(SUM_TAG, pad + 32, commitments + points * POINT - (pad + 32), place);
        }
    }

    function _weighChoice(BallotForm memory form, uint256 pad, uint256 place, uint256 body)
        private
        pure
    {
        unchecked {
            uint256 options = form.options;
            uint256 scalars = body + (2 + 2 * options) * POINT;
            (uint256 onAlpha, uint256 onBeta) =
                _weighProof(pad, place, place + 2 * PAIR, scalars, options, 0, form.bits, 0);
            _putScalars(place, onAlpha, onBeta);
        }
    }

    /// @dev The sum's proof first: it is about all ciphertexts, so its weights come to those of
    /// each. The words of its branches follow those of the options.
    function _weighVector(BallotForm memory form, uint256 pad, uint256 place, uint256 body)
        private
        pure
    {
        unchecked {
            (uint256 options, uint256 sums) = (form.options, form.sums);
            uint256 end = body + options * OPTION;
            uint256 sum = place + options * OPTION_POINTS * PAIR;
            assembly ("memory-safe") {
                mstore(add(pad, BRANCH), mul(2, options))
            }
            (uint256 onAlphas, uint256 onBetas) =
                _weighProof(pad, sum, sum, end + sums * CIPHERTEXT, sums, form.min, 0, 1);
            assembly ("memory-safe") {
                mstore(add(pad, BRANCH), 0)
            }
            for (; body < end; body += OPTION) {
                uint256 scalars = body + OPTION_POINTS * POINT;
                (uint256 onAlpha, uint256 onBeta) =
                    _weighProof(pad, place, place + 2 * PAIR, scalars, 2, 0, 0, 0);
                _putScalars(place, addmod(onAlpha, onAlphas, R), addmod(onBeta, onBetas, R));
                place += OPTION_POINTS * PAIR;
            }
        }
    }

    /// @dev Weighs the branches of a proof: writes the scalars of its commitments, adds to those of
    /// G and K, returns those of alpha and beta.
    /// @param waiting The pair in whose scalar the challenge waits.
    /// @param commitments The pair of A_0.
    /// @param scalars Where c_0 is in the call's data.
    /// @param e Of branch 0. The next is e shifted by `bits`, plus `step`; after 0 it is 1.
    function _weighProof(
        uint256 pad,
        uint256 waiting,
        uint256 commitments,
        uint256 scalars,
        uint256 branches,
        uint256 e,
        uint256 bits,
        uint256 step
    ) private pure returns (uint256 onAlpha, uint256 onBeta) {
        assembly ("memory-safe") {
            function requireScalar(scalar) {
                if iszero(lt(scalar, R)) {
                    mstore(0, 0x24d1a0b4) // ScalarInvalid(uint256)
                    mstore(32, scalar)
                    revert(28, 36)
                }
            }

            // What is left of the challenge for the last branch.
            let left := mload(add(waiting, IN_PAIR))
            let responses := add(scalars, shl(5, sub(branches, 1)))
            let branch := mload(add(pad, BRANCH))
            let onG := mload(add(pad, ON_G))
            let onK := mload(add(pad, ON_K))
            for { let last := responses } 1 {} {
                let c := left
                if lt(scalars, last) {
                    c := calldataload(scalars)
                    requireScalar(c)
                    left := addmod(left, sub(R, c), R)
                }
                let z := calldataload(responses)
                requireScalar(z)

                mstore(add(pad, BRANCH), branch)
                let second := keccak256(pad, SEED_SIZE)
                let first := shr(128, second)
                second := and(second, WEIGHT_MASK)
                mstore(add(commitments, IN_PAIR), first)
                mstore(add(commitments, add(PAIR, IN_PAIR)), second)

                onG := addmod(onG, mulmod(first, z, R), R)
                onK := addmod(onK, mulmod(second, z, R), R)
                onAlpha := addmod(onAlpha, mulmod(first, c, R), R)
                second := mulmod(second, c, R)
                onBeta := addmod(onBeta, second, R)
                onG := addmod(onG, mulmod(second, e, R), R)

                branch := add(branch, 1)
                if eq(scalars, last) { break }
                e := add(shl(bits, e), or(step, iszero(e)))
                commitments := add(commitments, mul(2, PAIR))
                scalars := add(scalars, 32)
                responses := add(responses, 32)
            }
            mstore(add(pad, BRANCH), branch)
            mstore(add(pad, ON_G), onG)
            mstore(add(pad, ON_K), onK)
        }
    }

    function _putScalars(uint256 place, uint256 onAlpha, uint256 onBeta) private pure {
        assembly ("memory-safe") {
            mstore(add(place, IN_PAIR), onAlpha)
            mstore(add(place, add(PAIR, IN_PAIR)), onBeta)
        }
    }

    /// @dev A challenge waits in a pair's scalar until the proof is weighed.
    /// @param start Where `tag` goes, and where what is hashed starts.
    function _putChallenge(bytes32 tag, uint256 start, uint256 size, uint256 place) private pure {
        assembly ("memory-safe") {
            mstore(start, tag)
            mstore(add(place, IN_PAIR), mod(keccak256(start, size), R))
        }
    }

    /// @dev Reads points of the wire into pairs. Infinity is known by the lower 32 bytes of its x;
    /// another point that had none either would be refused with it: one in 2^256.
    function _putPoints(uint256 source, uint256 place, uint256 count) private pure {
        assembly ("memory-safe") {
            let infinite := 0
            for { let end := add(source, mul(count, POINT)) } lt(source, end) {} {
                let low := calldataload(add(source, 16))
                infinite := or(infinite, iszero(low))
                mstore(place, shr(128, calldataload(source)))
                mstore(add(place, 32), low)
                mstore(add(place, 64), shr(128, calldataload(add(source, 48))))
                mstore(add(place, 96), calldataload(add(source, 64)))
                source := add(source, POINT)
                place := add(place, PAIR)
            }
            if infinite {
                mstore(0, 0x805093dd) // PointInfinite()
                revert(28, 4)
            }
        }
    }
}
