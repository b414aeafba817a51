// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Question, QuestionKind} from "../IElections.sol";
import {CodeBytesLibrary} from "./CodeBytes.sol";

/// @dev From the right: options 8, min 8, max 8, bits 8, isVector 8, precincts 16, opensAt 40,
/// closesAt 40 bits, points of a ballot 16, bytes of a ballot 32.
type FormNumbers is uint256;

using FormNumbersLibrary for FormNumbers global;

/// @title What the ballots of a question are checked against, written once and kept as code
/// @dev CONTEXT 32 bytes; K as the precompiles take it, 128; a word of numbers; for each precinct
/// its voters and where its chunks begin, 4 bytes each; then the addresses of the chunks, 20 each.
library BallotForm {
    uint256 private constant PRECINCTS = 192;
    uint256 private constant PRECINCT = 8;
    uint256 private constant ADDRESS = 20;

    /// @notice The roll has more chunks than the code of a contract can name.
    error RollTooLarge();

    /// @dev A form without voters: `putPrecinct` follows for each precinct, then `trim`.
    /// @param key K, 96 bytes.
    /// @return data The form.
    /// @return end Where the next address goes.
    function create(bytes32 context, bytes memory key, FormNumbers numbers)
        internal
        pure
        returns (bytes memory data, uint256 end)
    {
        data = new bytes(CodeBytesLibrary.MOST);
        end = PRECINCTS + numbers.precincts() * PRECINCT;
        assembly ("memory-safe") {
            mstore(add(data, 32), context)
            mcopy(add(data, 80), add(key, 32), 48)
            mcopy(add(data, 144), add(key, 80), 48)
            mstore(add(data, 192), numbers)
        }
    }

    /// @param chunks The addresses of the precinct's chunks.
    /// @return Where the next address goes.
    function putPrecinct(
        bytes memory data,
        uint256 end,
        uint256 precinct,
        uint256 voters,
        address[] memory chunks
    ) internal pure returns (uint256) {
        assembly ("memory-safe") {
            let place := add(add(data, add(PRECINCTS, 32)), mul(precinct, PRECINCT))
            let behind := and(mload(place), 0xffffffffffffffffffffffffffffffffffffffffffffffff)
            mstore(place, or(or(shl(224, voters), shl(192, end)), behind))
        }
        for (uint256 i = 0; i < chunks.length; ++i) {
            address chunk = chunks[i];
            // The word that is written ends 12 bytes behind the address.
            if (end + 32 > data.length) revert RollTooLarge();
            assembly ("memory-safe") {
                mstore(add(add(data, 32), end), shl(96, chunk))
            }
            end += ADDRESS;
        }
        return end;
    }

    function trim(bytes memory data, uint256 end) internal pure {
        assembly ("memory-safe") {
            mstore(data, end)
        }
    }
}

library FormNumbersLibrary {
    uint256 private constant POINT = 96;
    uint256 private constant SCALAR = 32;
    /// @dev Index 4, deadline 5, signature 64 bytes.
    uint256 private constant HEAD = 73;

    function pack(Question memory question, uint40 opensAt_, uint40 closesAt_, uint16 precincts_)
        internal
        pure
        returns (FormNumbers)
    {
        bool isVector_ = question.kind == QuestionKind.Vector;
        uint256 k = question.options;
        uint256 sums_ = uint256(question.max) - question.min + 1;
        uint256 points_ = isVector_ ? 6 * k + 2 * sums_ : 2 + 2 * k;
        // For each branch a response, and a challenge but for the last of a proof.
        uint256 scalars = isVector_ ? 3 * k + 2 * sums_ - 1 : 2 * k - 1;
        uint256 length = HEAD + points_ * POINT + scalars * SCALAR;
        uint256 kind = isVector_ ? 1 : 0;
        return FormNumbers.wrap(
            k | uint256(question.min) << 8 | uint256(question.max) << 16 | uint256(question.bits)
                << 24 | kind << 32 | uint256(precincts_) << 40 | uint256(opensAt_) << 56
                | uint256(closesAt_) << 96 | points_ << 136 | length << 152
        );
    }

    function options(FormNumbers numbers) internal pure returns (uint256) {
        return FormNumbers.unwrap(numbers) & 0xff;
    }

    function min(FormNumbers numbers) internal pure returns (uint256) {
        return FormNumbers.unwrap(numbers) >> 8 & 0xff;
    }

    /// @dev Branches of the proof over the sum of a vector.
    function sums(FormNumbers numbers) internal pure returns (uint256) {
        unchecked {
            return (FormNumbers.unwrap(numbers) >> 16 & 0xff) - numbers.min() + 1;
        }
    }

    /// @dev Bits of a count in the sum of a choice.
    function bits(FormNumbers numbers) internal pure returns (uint256) {
        return FormNumbers.unwrap(numbers) >> 24 & 0xff;
    }

    function isVector(FormNumbers numbers) internal pure returns (bool) {
        return FormNumbers.unwrap(numbers) >> 32 & 1 != 0;
    }

    function precincts(FormNumbers numbers) internal pure returns (uint256) {
        return FormNumbers.unwrap(numbers) >> 40 & 0xffff;
    }

    function opensAt(FormNumbers numbers) internal pure returns (uint40) {
        return uint40(FormNumbers.unwrap(numbers) >> 56);
    }

    function closesAt(FormNumbers numbers) internal pure returns (uint40) {
        return uint40(FormNumbers.unwrap(numbers) >> 96);
    }

    /// @dev Points of a ballot.
    function points(FormNumbers numbers) internal pure returns (uint256) {
        return FormNumbers.unwrap(numbers) >> 136 & 0xffff;
    }

    /// @dev Bytes of a ballot, head and body.
    function ballotLength(FormNumbers numbers) internal pure returns (uint256) {
        return FormNumbers.unwrap(numbers) >> 152;
    }
}
