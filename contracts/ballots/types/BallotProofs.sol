// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BallotBatch} from "./BallotBatch.sol";
import {FormNumbers} from "./BallotForm.sol";
import {Bls12381} from "./Bls12381.sol";

/// @title Disjunctive proofs of a batch of ballots, checked in one multi-scalar multiplication
/// @dev Source: Cramer, Damgard, Schoenmakers, CRYPTO 1994 (the proofs); Bellare, Garay, Rabin,
/// EUROCRYPT 1998 (small exponents test). Every branch's two equations are written as
/// A + c alpha - z G = 0 and B + c beta - c e G - z K = 0, and each gets a weight of 128 bits of
/// its own: with one for several, their faults could make up for each other. Weights come from a
/// hash of every point and scalar, so nobody chooses a ballot after its weight.
library BallotProofs {
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
    uint256 private constant IN_NEXT_PAIR = 288;
    /// @dev From a branch's A to the next one's.
    uint256 private constant NEXT_BRANCH = 320;

    /// @dev Where things lie in the pad while proofs are weighed: behind the seed the numbers of
    /// ballot and branch, which make a weight with it, and the scalars of G and K so far.
    uint256 private constant ORDINAL = 32;
    uint256 private constant BRANCH = 64;
    uint256 private constant SEED_SIZE = 96;
    uint256 private constant ON_G = 96;
    uint256 private constant ON_K = 128;
    /// @dev Further on: the order of the group; e of the branch, and by how much it is shifted.
    uint256 private constant ORDER = 160;
    uint256 private constant E = 192;
    uint256 private constant BITS = 224;
    /// @dev What the proof over a vector's sum adds to the scalars of each alpha and beta.
    uint256 private constant ON_ALPHA = 288;
    uint256 private constant ON_BETA = 320;
    /// @dev A scalar that is not below the order, or 0.
    uint256 private constant BAD = 256;

    /// @dev Index 4, deadline 5, signature 64 bytes.
    uint256 private constant HEAD = 73;
    uint256 private constant ADDRESS_MASK = 0x00ffffffffffffffffffffffffffffffffffffffff;

    /// @dev As {Bls12381.R}.
    uint256 private constant R = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001;
    uint256 private constant WEIGHT_MASK = 0xffffffffffffffffffffffffffffffff;

    bytes32 private constant CHOICE_TAG = keccak256("crmdapp.ballots.v1.choice");
    bytes32 private constant OPTION_TAG = keccak256("crmdapp.ballots.v1.option");
    bytes32 private constant SUM_TAG = keccak256("crmdapp.ballots.v1.sum");

    /// @notice A proof of the batch is not valid.
    error BatchProofsInvalid();

    /// @dev Takes in every ballot that counts: its tracker, its points, and the challenge of each
    /// of its proofs, which waits in the scalar of the proof's first pair.
    function read(BallotBatch batch) internal pure {
        unchecked {
            FormNumbers numbers = batch.numbers();
            bool isVector = numbers.isVector();
            uint256 parts = isVector ? numbers.options() : 2 + 2 * numbers.options();
            uint256 sums = isVector ? 2 * numbers.sums() : 0;
            uint256 entry = batch.entries();
            uint256 end = entry + batch.counted() * 32;
            uint256 place = _startPairs(batch);
            for (; entry < end; entry += 32) {
                uint256 body = _readTracker(batch, entry);
                if (isVector) _readVector(batch.pad(), body, place, parts, sums);
                else _readChoice(batch.pad(), body, place, parts);
                place += batch.stride();
            }
        }
    }

    /// @dev Reverts with `BatchProofsInvalid` unless every equation of every ballot holds; with
    /// `PointsInvalid` if a point is none of the group.
    function requireValid(BallotBatch batch) internal view {
        unchecked {
            (uint256 pad, uint256 pairs) = (batch.pad(), batch.pairs());
            uint256 entry = batch.entries();
            uint256 end = entry + batch.counted() * 32;
            uint256 place = pairs + 2 * PAIR;
            bool isVector = batch.numbers().isVector();
            _startWeights(batch);
            for (; entry < end; entry += 32) {
                uint256 body = _nextWeights(pad, entry);
                if (isVector) _weighVector(batch.numbers(), pad, place, body);
                else _weighChoice(batch.numbers(), pad, place, body);
                place += batch.stride();
            }
            uint256 bad;
            assembly ("memory-safe") {
                bad := mload(add(pad, BAD))
                mstore(add(pairs, IN_PAIR), sub(R, mload(add(pad, ON_G))))
                mstore(add(pairs, IN_NEXT_PAIR), sub(R, mload(add(pad, ON_K))))
            }
            if (bad != 0) revert Bls12381.ScalarInvalid(bad);
            if (!Bls12381.isZero(pairs, place - pairs)) revert BatchProofsInvalid();
        }
    }

    /// @dev keccak256 of the trackers.
    function digest(BallotBatch batch) internal pure returns (bytes32 hash) {
        (uint256 trackers, uint256 counted) = (batch.trackers(), batch.counted());
        assembly ("memory-safe") {
            hash := keccak256(add(trackers, 32), shl(5, counted))
        }
    }

    /// @dev G and K first, and zeros wherever a point will be padded with them.
    function _startPairs(BallotBatch batch) private pure returns (uint256 place) {
        uint256 pairs = batch.pairs();
        uint256 size = batch.counted() * batch.stride();
        assembly ("memory-safe") {
            mcopy(add(pairs, PAIR), add(batch, 32), PADDED)
            place := add(pairs, mul(2, PAIR))
            calldatacopy(place, calldatasize(), size)
        }
        Bls12381.putGenerator(pairs);
    }

    /// @dev Puts CONTEXT, voter and body into the pad, behind a word for the tag.
    function _readTracker(BallotBatch batch, uint256 entry) private pure returns (uint256 body) {
        (uint256 pad, uint256 trackers) = (batch.pad(), batch.trackers());
        (uint256 entries, uint256 size) = (batch.entries(), batch.size());
        assembly ("memory-safe") {
            let word := mload(entry)
            body := add(shr(160, word), HEAD)
            size := sub(size, HEAD)
            mstore(add(pad, 32), mload(trackers))
            mstore(add(pad, 64), and(word, ADDRESS_MASK))
            calldatacopy(add(pad, 96), body, size)
            let place := add(add(trackers, 32), sub(entry, entries))
            mstore(place, keccak256(add(pad, 32), add(64, size)))
        }
    }

    function _readChoice(uint256 pad, uint256 body, uint256 place, uint256 points) private pure {
        unchecked {
            _putPoints(body, place, points);
            _putChallenge(CHOICE_TAG, pad, 96 + points * POINT, place);
        }
    }

    /// @dev Every part's challenge takes all ciphertexts, so that no part fits another ballot.
    function _readVector(uint256 pad, uint256 body, uint256 place, uint256 options, uint256 points)
        private
        pure
    {
        unchecked {
            uint256 commitments = pad + 128 + options * CIPHERTEXT;
            uint256 end = body + options * OPTION;
            _gatherCiphertexts(pad + 128, body, end);
            uint256 size = commitments + 4 * POINT - pad;
            for (uint256 option = 0; body < end; ++option) {
                assembly ("memory-safe") {
                    mstore(add(pad, 96), option)
                    calldatacopy(commitments, add(body, CIPHERTEXT), 384)
                }
                _putPoints(body, place, OPTION_POINTS);
                _putChallenge(OPTION_TAG, pad, size, place);
                place += OPTION_POINTS * PAIR;
                body += OPTION;
            }
            size = commitments + points * POINT - (pad + 32);
            assembly ("memory-safe") {
                // No number of an option here: CONTEXT and voter move up by a word.
                mcopy(add(pad, 64), add(pad, 32), 64)
                calldatacopy(commitments, end, mul(points, POINT))
            }
            _putPoints(end, place, points);
            _putChallenge(SUM_TAG, pad + 32, size, place);
        }
    }

    function _gatherCiphertexts(uint256 place, uint256 body, uint256 end) private pure {
        assembly ("memory-safe") {
            for {} lt(body, end) { body := add(body, OPTION) } {
                calldatacopy(place, body, CIPHERTEXT)
                place := add(place, CIPHERTEXT)
            }
        }
    }

    /// @dev From here on every point and scalar has its part in the weights.
    function _startWeights(BallotBatch batch) private pure {
        (uint256 pad, uint256 trackers, uint256 counted) =
            (batch.pad(), batch.trackers(), batch.counted());
        uint256 bits = batch.numbers().bits();
        assembly ("memory-safe") {
            mstore(pad, keccak256(trackers, shl(5, add(counted, 1))))
            mstore(add(pad, ORDINAL), sub(0, 1))
            mstore(add(pad, ON_G), 0)
            mstore(add(pad, ON_K), 0)
            mstore(add(pad, ORDER), R)
            mstore(add(pad, BITS), bits)
            mstore(add(pad, BAD), 0)
            mstore(add(pad, ON_ALPHA), 0)
            mstore(add(pad, ON_BETA), 0)
        }
    }

    function _nextWeights(uint256 pad, uint256 entry) private pure returns (uint256 body) {
        assembly ("memory-safe") {
            mstore(add(pad, ORDINAL), add(mload(add(pad, ORDINAL)), 1))
            body := add(shr(160, mload(entry)), HEAD)
        }
    }

    function _weighChoice(FormNumbers numbers, uint256 pad, uint256 place, uint256 body)
        private
        pure
    {
        unchecked {
            uint256 options = numbers.options();
            uint256 scalars = body + (2 + 2 * options) * POINT;
            _startProof(pad, 0, 0);
            if (options == 2) {
                _weighTwo(pad, place, scalars);
                return;
            }
            uint256 last = scalars + (options - 1) * 32;
            (uint256 onAlpha, uint256 onBeta) =
                _weighProof(pad, _waiting(place), place + 2 * PAIR, scalars, last);
            _putScalars(place, onAlpha, onBeta);
        }
    }

    /// @dev The sum's proof first: it is about all ciphertexts, so its weights come to those of
    /// each. The words of its branches follow those of the options.
    function _weighVector(FormNumbers numbers, uint256 pad, uint256 place, uint256 body)
        private
        pure
    {
        unchecked {
            (uint256 options, uint256 sums) = (numbers.options(), numbers.sums());
            uint256 end = body + options * OPTION;
            uint256 sum = place + options * OPTION_POINTS * PAIR;
            uint256 scalars = end + sums * CIPHERTEXT;
            _startProof(pad, 2 * options, numbers.min());
            (uint256 onAlphas, uint256 onBetas) =
                _weighProof(pad, _waiting(sum), sum, scalars, scalars + (sums - 1) * 32);
            _startProof(pad, 0, 0);
            assembly ("memory-safe") {
                mstore(add(pad, ON_ALPHA), onAlphas)
                mstore(add(pad, ON_BETA), onBetas)
            }
            for (; body < end; body += OPTION) {
                _weighTwo(pad, place, body + OPTION_POINTS * POINT);
                place += OPTION_POINTS * PAIR;
            }
        }
    }

    /// @dev Weighs a proof of two branches, e = (0, 1), the one that most proofs are: as
    /// `_weighProof`, without its loop. What alpha and beta have from elsewhere is in the pad.
    /// @param place The pair of alpha; behind it are beta, A_0, B_0, A_1, B_1.
    /// @param scalars Where c_0, z_0 and z_1 are in the call's data.
    function _weighTwo(uint256 pad, uint256 place, uint256 scalars) private pure {
        assembly ("memory-safe") {
            let r := mload(add(pad, ORDER))
            // Branch 0, whose e is 0.
            let c := calldataload(scalars)
            let z := calldataload(add(scalars, 32))
            if iszero(and(lt(c, r), lt(z, r))) {
                mstore(add(pad, BAD), z)
                if iszero(lt(c, r)) { mstore(add(pad, BAD), c) }
            }
            let left := addmod(mload(add(place, IN_PAIR)), sub(r, c), r)
            let second := keccak256(pad, SEED_SIZE)
            mstore(add(pad, BRANCH), add(mload(add(pad, BRANCH)), 1))
            let first := shr(128, second)
            second := and(second, WEIGHT_MASK)
            mstore(add(place, 448), first)
            mstore(add(place, 608), second)
            let onAlpha := addmod(mload(add(pad, ON_ALPHA)), mulmod(first, c, r), r)
            mstore(add(place, IN_PAIR), onAlpha)
            let onBeta := addmod(mload(add(pad, ON_BETA)), mulmod(second, c, r), r)
            mstore(add(place, IN_NEXT_PAIR), onBeta)
            let onG := addmod(mload(add(pad, ON_G)), mulmod(first, z, r), r)
            let onK := addmod(mload(add(pad, ON_K)), mulmod(second, z, r), r)

            // Branch 1, whose e is 1, with what is left of the challenge.
            z := calldataload(add(scalars, 64))
            if iszero(lt(z, r)) { mstore(add(pad, BAD), z) }
            second := keccak256(pad, SEED_SIZE)
            mstore(add(pad, BRANCH), add(mload(add(pad, BRANCH)), 1))
            first := shr(128, second)
            second := and(second, WEIGHT_MASK)
            mstore(add(place, 768), first)
            mstore(add(place, 928), second)
            onAlpha := addmod(mload(add(place, IN_PAIR)), mulmod(first, left, r), r)
            mstore(add(place, IN_PAIR), onAlpha)
            onG := addmod(onG, mulmod(first, z, r), r)
            mstore(add(pad, ON_K), addmod(onK, mulmod(second, z, r), r))
            second := mulmod(second, left, r)
            onBeta := addmod(mload(add(place, IN_NEXT_PAIR)), second, r)
            mstore(add(place, IN_NEXT_PAIR), onBeta)
            mstore(add(pad, ON_G), addmod(onG, second, r))
        }
    }

    /// @dev Weighs the branches of a proof: writes the scalars of its commitments, adds to those of
    /// G and K, returns those of alpha and beta. The pad holds e of branch 0, and by how many bits
    /// it is shifted for the next: 0 bits mean that the next is e + 1, and after 0 comes 1 anyway.
    /// @param left The challenge; in the end what is left of it for the last branch.
    /// @param commitments The pair of A_0.
    /// @param scalars Where c_0 is in the call's data.
    /// @param last Where the last c would be, and z_0 is.
    function _weighProof(
        uint256 pad,
        uint256 left,
        uint256 commitments,
        uint256 scalars,
        uint256 last
    ) private pure returns (uint256 onAlpha, uint256 onBeta) {
        assembly ("memory-safe") {
            // From memory: the compiler would fetch so large a constant anew wherever it is used.
            let r := mload(add(pad, ORDER))
            for { let responses := last } 1 {} {
                let c := left
                if lt(scalars, last) {
                    c := calldataload(scalars)
                    left := addmod(left, sub(r, c), r)
                }
                let z := calldataload(responses)
                if iszero(and(lt(c, r), lt(z, r))) {
                    if lt(c, r) { c := z }
                    mstore(add(pad, BAD), c)
                }

                let second := keccak256(pad, SEED_SIZE)
                mstore(add(pad, BRANCH), add(mload(add(pad, BRANCH)), 1))
                let first := shr(128, second)
                second := and(second, WEIGHT_MASK)
                mstore(add(commitments, IN_PAIR), first)
                mstore(add(commitments, IN_NEXT_PAIR), second)

                onAlpha := addmod(onAlpha, mulmod(first, c, r), r)
                mstore(add(pad, ON_K), addmod(mload(add(pad, ON_K)), mulmod(second, z, r), r))
                first := addmod(mulmod(first, z, r), mload(add(pad, ON_G)), r)
                second := mulmod(second, c, r)
                onBeta := addmod(onBeta, second, r)
                let e := mload(add(pad, E))
                mstore(add(pad, ON_G), addmod(first, mulmod(second, e, r), r))

                if eq(scalars, last) { break }
                let bits := mload(add(pad, BITS))
                mstore(add(pad, E), add(shl(bits, e), or(iszero(bits), iszero(e))))
                commitments := add(commitments, NEXT_BRANCH)
                scalars := add(scalars, 32)
                responses := add(responses, 32)
            }
        }
    }

    /// @dev Where the weights of a proof start, and its e.
    function _startProof(uint256 pad, uint256 branch, uint256 e) private pure {
        assembly ("memory-safe") {
            mstore(add(pad, BRANCH), branch)
            mstore(add(pad, E), e)
        }
    }

    function _putScalars(uint256 place, uint256 onAlpha, uint256 onBeta) private pure {
        assembly ("memory-safe") {
            mstore(add(place, IN_PAIR), onAlpha)
            mstore(add(place, IN_NEXT_PAIR), onBeta)
        }
    }

    function _waiting(uint256 place) private pure returns (uint256 challenge) {
        assembly ("memory-safe") {
            challenge := mload(add(place, IN_PAIR))
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

    /// @dev Reads points of the wire, an even number, into pairs, whose padding is zero already.
    /// Infinity is known by the lower 32 bytes of its x; another point that had none either would
    /// be refused with it: one in 2^256.
    function _putPoints(uint256 source, uint256 place, uint256 count) private pure {
        uint256 infinite = 0;
        assembly ("memory-safe") {
            for { let end := add(source, mul(count, POINT)) } lt(source, end) {} {
                infinite := or(infinite, iszero(calldataload(add(source, 16))))
                calldatacopy(add(place, 16), source, 48)
                calldatacopy(add(place, 80), add(source, 48), 48)
                infinite := or(infinite, iszero(calldataload(add(source, 112))))
                calldatacopy(add(place, 176), add(source, 96), 48)
                calldatacopy(add(place, 240), add(source, 144), 48)
                source := add(source, 192)
                place := add(place, 320)
            }
        }
        if (infinite != 0) revert Bls12381.PointInfinite();
    }
}
