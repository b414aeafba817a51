// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IBallotBox} from "./IBallotBox.sol";
import {BallotForm} from "./types/BallotForm.sol";
import {BallotProofs} from "./types/BallotProofs.sol";
import {Bls12381} from "./types/Bls12381.sol";

/// @title What has been cast, added up
/// @notice See {IBallotBox}.
abstract contract BallotSums is IBallotBox {
    /// @dev Of a precinct and question.
    /// @param sums For each option of a vector, or the first for a choice: the sums of alpha and of
    /// beta, 96 bytes each, zeros while there is none.
    /// @param voted A bit for each voter, from the right.
    struct Urn {
        bytes32 bulletin;
        uint256 count;
        uint256[6][32] sums;
        uint256[16_777_216] voted;
    }

    uint256 private constant PAIR = Bls12381.PAIR;
    uint256 private constant OPTION_PAIRS = 6 * PAIR;

    mapping(uint256 place => Urn) private _urns;

    /// @inheritdoc IBallotBox
    function countOf(uint64 election, uint8 question, uint16 precinct)
        external
        view
        returns (uint256)
    {
        return _urnOf(election, question, precinct).count;
    }

    /// @inheritdoc IBallotBox
    function bulletinOf(uint64 election, uint8 question, uint16 precinct)
        external
        view
        returns (bytes32)
    {
        return _urnOf(election, question, precinct).bulletin;
    }

    /// @inheritdoc IBallotBox
    function sumOf(uint64 election, uint8 question, uint16 precinct, uint8 option)
        external
        view
        returns (bytes memory alpha, bytes memory beta)
    {
        uint256[6] storage sum = _urnOf(election, question, precinct).sums[option];
        alpha = abi.encodePacked(sum[0], sum[1], sum[2]);
        beta = abi.encodePacked(sum[3], sum[4], sum[5]);
    }

    /// @inheritdoc IBallotBox
    function hasVoted(uint64 election, uint8 question, uint16 precinct, uint32 index)
        external
        view
        returns (bool)
    {
        return _urnOf(election, question, precinct).voted[index >> 8] >> (index & 0xff) & 1 == 1;
    }

    function _urnOf(uint64 election, uint8 question, uint16 precinct)
        internal
        view
        returns (Urn storage)
    {
        return _urns[uint256(election) << 24 | uint256(question) << 16 | precinct];
    }

    function _votedSlot(Urn storage urn) internal view returns (uint256 slot) {
        uint256[16_777_216] storage voted = urn.voted;
        assembly ("memory-safe") {
            slot := voted.slot
        }
    }

    /// @dev Adds the ciphertexts of a batch to the sums. Its proofs were checked: the precompile
    /// for `ADD` does not look whether points are in the subgroup. What lies before the ciphertexts
    /// in memory is written over.
    function _addUp(Urn storage urn, BallotForm memory form, BallotProofs memory proofs) internal {
        unchecked {
            uint256 options = form.isVector ? form.options : 1;
            uint256 first = proofs.pairs + 2 * PAIR;
            uint256 scratch = proofs.pad;
            for (uint256 i = 0; i < options; ++i) {
                uint256 slot;
                uint256[6] storage sum = urn.sums[i];
                assembly ("memory-safe") {
                    slot := sum.slot
                    for { let j := 0 } lt(j, 6) { j := add(j, 1) } {
                        mstore(add(scratch, shl(5, j)), sload(add(slot, j)))
                    }
                }
                _addPoints(proofs, first, scratch);
                _addPoints(proofs, first + PAIR, scratch + 96);
                assembly ("memory-safe") {
                    for { let j := 0 } lt(j, 6) { j := add(j, 1) } {
                        sstore(add(slot, j), mload(add(scratch, shl(5, j))))
                    }
                }
                first += OPTION_PAIRS;
            }
        }
    }

    /// @dev Adds one point of each ballot to the sum at `sum`, 96 bytes, and keeps it there. The
    /// precompile takes two points that lie one behind the other, so each sum is written right
    /// before the point that comes next.
    /// @param place The first ballot's point.
    function _addPoints(BallotProofs memory proofs, uint256 place, uint256 sum) private view {
        (uint256 stride, uint256 counted) = (proofs.stride, proofs.counted);
        uint256 anything;
        bool done = true;
        assembly ("memory-safe") {
            place := sub(place, 128)
            let end := add(place, mul(stride, counted))
            mstore(place, 0)
            mstore(add(place, 64), 0)
            mcopy(add(place, 16), sum, 48)
            mcopy(add(place, 80), add(sum, 48), 48)
            for {} lt(place, end) {} {
                let next := add(place, stride)
                if eq(next, end) { next := place }
                done := and(done, staticcall(375, 0x0b, place, 256, next, 128))
                place := add(place, stride)
            }
            place := sub(place, stride)
            mcopy(sum, add(place, 16), 48)
            mcopy(add(sum, 48), add(place, 80), 48)
            anything := or(or(mload(sum), mload(add(sum, 32))), mload(add(sum, 64)))
        }
        if (!done) revert Bls12381.PointsInvalid();
        if (anything == 0) revert BatchSumInfinite();
    }
}
