// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Question, QuestionKind} from "../IElections.sol";
import {CodeBytes} from "./CodeBytes.sol";

/// @dev What the ballots of a question are checked against, written once and kept as code: CONTEXT
/// 32 bytes; K as the precompiles take it, 128; a word of numbers, from the right: options 8, min
/// 8, max 8, bits 8, isVector 8, precincts 16, opensAt 40, closesAt 40 bits; for each precinct its
/// voters and where its chunks begin, 4 bytes each; then the addresses of the chunks, 20 each.
/// @param kept Where all of it is.
/// @param key Where K lies in memory.
/// @param bits Bits of a count in the sum; of a vector 0.
/// @param sums Branches of the proof over the sum: max - min + 1; of a choice 0.
struct BallotForm {
    CodeBytes kept;
    bytes32 context;
    uint256 key;
    bool isVector;
    uint256 options;
    uint256 min;
    uint256 sums;
    uint256 bits;
    uint256 precincts;
    uint256 opensAt;
    uint256 closesAt;
}

using BallotFormLibrary for BallotForm global;

library BallotFormLibrary {
    /// @dev Index 4, deadline 5, signature 64 bytes.
    uint256 internal constant HEAD = 73;

    uint256 private constant POINT = 96;
    uint256 private constant SCALAR = 32;
    uint256 private constant PRECINCTS = 192;
    uint256 private constant PRECINCT = 8;
    uint256 private constant ADDRESS = 20;

    /// @param key K, 96 bytes.
    /// @param counts Voters of each precinct.
    /// @param chunks The addresses of each precinct's chunks.
    function encode(
        bytes32 context,
        bytes memory key,
        Question memory question,
        uint40[2] memory window,
        uint32[] memory counts,
        address[][] memory chunks
    ) internal pure returns (bytes memory data) {
        uint256 numbers = question.options | uint256(question.min) << 8 | uint256(question.max)
            << 16 | uint256(question.bits) << 24
            | uint256(question.kind == QuestionKind.Vector ? 1 : 0) << 32 | counts.length << 40
            | uint256(window[0]) << 56 | uint256(window[1]) << 96;
        uint256 end = PRECINCTS + counts.length * PRECINCT;
        bytes memory directory;
        bytes memory addresses;
        for (uint256 i = 0; i < counts.length; ++i) {
            directory =
                bytes.concat(directory, bytes4(counts[i]), bytes4(uint32(end + addresses.length)));
            addresses = bytes.concat(addresses, _pack(chunks[i]));
        }
        return bytes.concat(context, _pad(key), bytes32(numbers), directory, addresses);
    }

    function load(CodeBytes kept) internal view returns (BallotForm memory form) {
        uint256 place;
        uint256 numbers;
        bytes32 context;
        assembly ("memory-safe") {
            place := mload(0x40)
            mstore(0x40, add(place, PRECINCTS))
            extcodecopy(kept, place, 1, PRECINCTS)
            context := mload(place)
            numbers := mload(add(place, 160))
        }
        form.kept = kept;
        form.context = context;
        form.key = place + 32;
        form.options = numbers & 0xff;
        form.min = numbers >> 8 & 0xff;
        form.bits = numbers >> 24 & 0xff;
        form.isVector = numbers >> 32 & 0xff != 0;
        form.precincts = numbers >> 40 & 0xffff;
        form.opensAt = numbers >> 56 & 0xffffffffff;
        form.closesAt = numbers >> 96 & 0xffffffffff;
        unchecked {
            if (form.isVector) form.sums = (numbers >> 16 & 0xff) - form.min + 1;
        }
    }

    /// @dev Voters of a precinct, which must be one, and where its chunks begin.
    function precinctOf(BallotForm memory form, uint256 precinct)
        internal
        view
        returns (uint256 voters, uint256 chunks)
    {
        CodeBytes kept = form.kept;
        assembly ("memory-safe") {
            extcodecopy(kept, 0, add(add(PRECINCTS, 1), mul(precinct, PRECINCT)), PRECINCT)
            let entry := mload(0)
            voters := shr(224, entry)
            chunks := and(shr(192, entry), 0xffffffff)
        }
    }

    /// @dev Where voters are kept.
    /// @param chunks Where the precinct's chunks begin.
    function chunkOf(BallotForm memory form, uint256 chunks, uint256 chunk)
        internal
        view
        returns (CodeBytes voters)
    {
        CodeBytes kept = form.kept;
        assembly ("memory-safe") {
            extcodecopy(kept, 0, add(add(chunks, 1), mul(chunk, ADDRESS)), ADDRESS)
            voters := shr(96, mload(0))
        }
    }

    /// @dev Bytes of a ballot, head and body.
    function ballotLength(BallotForm memory form) internal pure returns (uint256) {
        unchecked {
            uint256 points = form.pairs();
            uint256 branches = form.isVector ? 2 * form.options + form.sums : form.options;
            uint256 proofs = form.isVector ? form.options + 1 : 1;
            return HEAD + points * POINT + (2 * branches - proofs) * SCALAR;
        }
    }

    /// @dev Points of a ballot.
    function pairs(BallotForm memory form) internal pure returns (uint256) {
        unchecked {
            return form.isVector ? 6 * form.options + 2 * form.sums : 2 + 2 * form.options;
        }
    }

    /// @dev Without the padding that an array would have.
    function _pack(address[] memory addresses) private pure returns (bytes memory data) {
        data = new bytes(addresses.length * ADDRESS);
        for (uint256 i = 0; i < addresses.length; ++i) {
            address each = addresses[i];
            assembly ("memory-safe") {
                // Writes 12 bytes more, which belong to the next or are restored.
                let place := add(add(data, 32), mul(i, ADDRESS))
                mstore(place, or(shl(96, each), shr(160, mload(add(place, ADDRESS)))))
            }
        }
    }

    function _pad(bytes memory point) private pure returns (bytes memory padded) {
        padded = new bytes(128);
        assembly ("memory-safe") {
            mcopy(add(padded, 48), add(point, 32), 48)
            mcopy(add(padded, 112), add(point, 80), 48)
        }
    }
}
