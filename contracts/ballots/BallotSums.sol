// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IBallotBox} from "./IBallotBox.sol";
import {BallotBatch} from "./types/BallotBatch.sol";
import {BallotProofs} from "./types/BallotProofs.sol";
import {Bls12381} from "./types/Bls12381.sol";

/// @title What has been cast, added up
/// @notice See {IBallotBox}.
abstract contract BallotSums is IBallotBox {
    /// @dev Of a precinct and question.
    /// @param ledger The bulletin, 28 bytes, and how many ballots there are, 4.
    /// @param sums For each option of a vector, or the first for a choice: the sums of alpha and of
    /// beta, 96 bytes each, zeros while there is none.
    /// @param voted A bit for each voter, from the right.
    struct Urn {
        uint256 ledger;
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
        return uint32(_urnOf(election, question, precinct).ledger);
    }

    /// @inheritdoc IBallotBox
    function bulletinOf(uint64 election, uint8 question, uint16 precinct)
        external
        view
        returns (bytes28)
    {
        return bytes28(bytes32(_urnOf(election, question, precinct).ledger));
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

    /// @dev Extends the bulletin by the trackers of a batch and adds up its ciphertexts. Its proofs
    /// were checked: the precompile for `ADD` does not look whether points are in the subgroup.
    /// What lies before the ciphertexts in memory is written over.
    function _count(Urn storage urn, BallotBatch batch)
        internal
        returns (bytes28 bulletin, uint256 count)
    {
        uint256 ledger = urn.ledger;
        bytes32 trackers = BallotProofs.digest(batch);
        unchecked {
            count = (ledger & type(uint32).max) + batch.counted();
        }
        assembly ("memory-safe") {
            // 28 bytes of the ledger, 32 behind them.
            mstore(0, ledger)
            mstore(28, trackers)
            bulletin := shl(32, shr(32, keccak256(0, 60)))
        }

        urn.ledger = uint256(bytes32(bulletin)) | count;
        uint256 options = batch.numbers().isVector() ? batch.numbers().options() : 1;
        for (uint256 i = 0; i < options; ++i) {
            _addUp(urn.sums[i], batch, i);
        }
    }

    function _addUp(uint256[6] storage sum, BallotBatch batch, uint256 option) private {
        unchecked {
            uint256 first = batch.pairs() + 2 * PAIR + option * OPTION_PAIRS;
            uint256 scratch = batch.pad();
            assembly ("memory-safe") {
                mstore(scratch, sload(sum.slot))
                mstore(add(scratch, 32), sload(add(sum.slot, 1)))
                mstore(add(scratch, 64), sload(add(sum.slot, 2)))
                mstore(add(scratch, 96), sload(add(sum.slot, 3)))
                mstore(add(scratch, 128), sload(add(sum.slot, 4)))
                mstore(add(scratch, 160), sload(add(sum.slot, 5)))
            }
            _addPoints(batch, first, scratch);
            _addPoints(batch, first + PAIR, scratch + 96);
            assembly ("memory-safe") {
                sstore(sum.slot, mload(scratch))
                sstore(add(sum.slot, 1), mload(add(scratch, 32)))
                sstore(add(sum.slot, 2), mload(add(scratch, 64)))
                sstore(add(sum.slot, 3), mload(add(scratch, 96)))
                sstore(add(sum.slot, 4), mload(add(scratch, 128)))
                sstore(add(sum.slot, 5), mload(add(scratch, 160)))
            }
        }
    }

    /// @dev Adds one point of each ballot to the sum at `sum`, 96 bytes, and keeps it there. The
    /// precompile takes two points that lie one behind the other, so each sum is written right
    /// before the point that comes next.
    /// @param place The first ballot's point.
    function _addPoints(BallotBatch batch, uint256 place, uint256 sum) private view {
        (uint256 stride, uint256 counted) = (batch.stride(), batch.counted());
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
                done := and(done, staticcall(375, 0x0b, place, 256, next, 128))
                place := next
            }
            mcopy(sum, add(place, 16), 48)
            mcopy(add(sum, 48), add(place, 80), 48)
            anything := or(or(mload(sum), mload(add(sum, 32))), mload(add(sum, 64)))
        }
        if (!done) revert Bls12381.PointsInvalid();
        if (anything == 0) revert BatchSumInfinite();
    }
}
