// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FormNumbers} from "./BallotForm.sol";
import {CodeBytes} from "./CodeBytes.sol";

/// @dev A batch of ballots on its way through the checks: where it lies in memory. As a struct it
/// would be cleared before it is filled and its members would be kept on the stack, which costs a
/// ballot thousands of gas. Words from there on, and places in memory if nothing else is said:
/// CONTEXT; K as the precompiles take it, four; the form's numbers (the first 192 bytes of a
/// form); then
/// - form: the code that it comes from;
/// - start: where the first ballot starts in the call's data;
/// - size: bytes of a ballot; total: ballots; counted: those that count;
/// - entries: a word for each that counts: where it starts in the call's data, shifted by 160
///   bits, and its voter;
/// - trackers: CONTEXT, then the tracker of each that counts;
/// - pad: room for what is hashed: four words, and the points and scalars of a ballot;
/// - pairs: what the precompile takes, 160 bytes for a point and its scalar: G, K, then the points
///   of each ballot that counts, in the order of its body;
/// - stride: bytes of a ballot's pairs;
/// - voters: of the precinct; chunks: where the addresses of its chunks begin in the form;
/// - kept: the chunk that is being read; first: index of the first voter in it; behind: that of the
///   first behind it.
type BallotBatch is uint256;

using BallotBatchLibrary for BallotBatch global;

library BallotBatchLibrary {
    uint256 private constant SIZE = 672;
    uint256 private constant PAIR = 160;
    /// @dev Voters in a chunk of the roll.
    uint256 private constant CHUNK = 1228;

    /// @param form_ What its ballots are checked against.
    function open(CodeBytes form_) internal view returns (BallotBatch batch) {
        assembly ("memory-safe") {
            batch := mload(0x40)
            mstore(0x40, add(batch, SIZE))
            extcodecopy(form_, batch, 1, 192)
            mstore(add(batch, 192), form_)
        }
    }

    /// @param ballots Their bytes: `total_` times `size_`.
    function fill(BallotBatch batch, bytes calldata ballots, uint256 size_, uint256 total_)
        internal
        pure
    {
        uint256 points = batch.numbers().points();
        assembly ("memory-safe") {
            let stride_ := mul(points, PAIR)
            let list := shl(5, total_)
            let place := mload(0x40)
            mstore(add(batch, 224), ballots.offset)
            mstore(add(batch, 256), size_)
            mstore(add(batch, 288), total_)
            mstore(add(batch, 320), 0)
            mstore(add(batch, 352), place)
            place := add(place, list)
            mstore(add(batch, 384), place)
            mstore(place, mload(batch))
            place := add(place, add(list, 32))
            mstore(add(batch, 416), place)
            place := add(place, add(stride_, 128))
            mstore(add(batch, 448), place)
            mstore(add(batch, 480), stride_)
            mstore(0x40, add(place, add(mul(2, PAIR), mul(total_, stride_))))
        }
    }

    /// @dev Enters a ballot that counts.
    /// @param head Where it starts in the call's data.
    function enter(BallotBatch batch, uint256 head, address voter) internal pure {
        assembly ("memory-safe") {
            let ordinal := mload(add(batch, 320))
            mstore(add(batch, 320), add(ordinal, 1))
            mstore(add(mload(add(batch, 352)), shl(5, ordinal)), or(shl(160, head), voter))
        }
    }

    /// @dev Looks up where the voters of a precinct are kept.
    function openRoll(BallotBatch batch, uint256 precinct) internal view {
        CodeBytes form_ = batch.form();
        assembly ("memory-safe") {
            extcodecopy(form_, 0, add(193, mul(precinct, 8)), 8)
            mstore(add(batch, 512), shr(224, mload(0)))
            mstore(add(batch, 544), and(shr(192, mload(0)), 0xffffffff))
            mstore(add(batch, 608), 0)
            mstore(add(batch, 640), 0)
        }
    }

    /// @dev A voter of the precinct; indices must not fall.
    function voterAt(BallotBatch batch, uint256 index) internal view returns (address voter) {
        assembly ("memory-safe") {
            if iszero(lt(index, mload(add(batch, 640)))) {
                // slither-disable-next-line divide-before-multiply
                let chunk := div(index, CHUNK)
                let place := add(add(mload(add(batch, 544)), 1), mul(chunk, 20))
                extcodecopy(mload(add(batch, 192)), 0, place, 20)
                mstore(add(batch, 576), shr(96, mload(0)))
                mstore(add(batch, 608), mul(chunk, CHUNK))
                mstore(add(batch, 640), mul(add(chunk, 1), CHUNK))
            }
            let place := add(mul(sub(index, mload(add(batch, 608))), 20), 1)
            extcodecopy(mload(add(batch, 576)), 0, place, 20)
            voter := shr(96, mload(0))
        }
    }

    function context(BallotBatch batch) internal pure returns (bytes32 value) {
        assembly ("memory-safe") {
            value := mload(batch)
        }
    }

    function numbers(BallotBatch batch) internal pure returns (FormNumbers value) {
        assembly ("memory-safe") {
            value := mload(add(batch, 160))
        }
    }

    function form(BallotBatch batch) internal pure returns (CodeBytes value) {
        assembly ("memory-safe") {
            value := mload(add(batch, 192))
        }
    }

    function start(BallotBatch batch) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := mload(add(batch, 224))
        }
    }

    function size(BallotBatch batch) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := mload(add(batch, 256))
        }
    }

    function total(BallotBatch batch) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := mload(add(batch, 288))
        }
    }

    function counted(BallotBatch batch) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := mload(add(batch, 320))
        }
    }

    function entries(BallotBatch batch) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := mload(add(batch, 352))
        }
    }

    function trackers(BallotBatch batch) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := mload(add(batch, 384))
        }
    }

    function pad(BallotBatch batch) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := mload(add(batch, 416))
        }
    }

    function pairs(BallotBatch batch) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := mload(add(batch, 448))
        }
    }

    function stride(BallotBatch batch) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := mload(add(batch, 480))
        }
    }

    function voters(BallotBatch batch) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := mload(add(batch, 512))
        }
    }
}
