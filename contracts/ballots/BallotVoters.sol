// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {IBallotBox} from "./IBallotBox.sol";
import {BallotBatch} from "./types/BallotBatch.sol";

/// @title Who votes, once, and by their own will
/// @notice See {IBallotBox}.
abstract contract BallotVoters is IBallotBox, EIP712 {
    bytes32 private constant INTENT_TYPEHASH = keccak256(
        "BallotIntent(uint64 election,uint8 question,uint16 precinct,uint32 index,bytes32 tracker,uint40 deadline)"
    );

    /// @dev Enters those ballots of a batch whose voters had not voted, and marks them as voted.
    /// @param voted Where the precinct's voted bits begin in storage.
    /// @return skipped A bit for each ballot that does not count, from the right.
    function _readVoters(BallotBatch batch, uint256 voted) internal returns (uint256 skipped) {
        uint256 head = batch.start();
        uint256 next = 0;
        uint256 word = type(uint256).max;
        uint256 bits = 0;
        unchecked {
            for (uint256 ballot = 1; ballot != 1 << batch.total(); ballot <<= 1) {
                uint256 index = _indexAt(head);
                if (index < next || index >= batch.voters()) {
                    revert BallotIndexInvalid(_numberOf(batch, head), uint32(index));
                }
                next = index + 1;
                if (index >> 8 != word) {
                    if (word != type(uint256).max) _writeSlot(voted + word, bits);
                    word = index >> 8;
                    bits = _readSlot(voted + word);
                }
                address voter = batch.voterAt(index);
                uint256 bit = 1 << (index & 0xff);
                if (bits & bit == 0) {
                    bits |= bit;
                    batch.enter(head, voter);
                } else {
                    skipped |= ballot;
                }
                head += batch.size();
            }
            _writeSlot(voted + word, bits);
        }
    }

    /// @dev A ballot that is alone, and whose voter sends it, is meant to be cast.
    function _isDirect(BallotBatch batch) internal view returns (bool) {
        if (batch.total() != 1) return false;
        uint256 index = _indexAt(batch.start());
        return index < batch.voters() && batch.voterAt(index) == msg.sender;
    }

    /// @dev Every ballot that counts was signed by its voter.
    function _requireIntents(BallotBatch batch, uint64 election, uint8 question, uint16 precinct)
        internal
        view
    {
        uint256 entry = batch.entries();
        uint256 intent = _startIntent(election, question, precinct);
        unchecked {
            uint256 tracker = batch.trackers() + 32;
            for (uint256 end = entry + batch.counted() * 32; entry < end; entry += 32) {
                (address signer, uint256 deadline) = _signerOf(intent, entry, tracker);
                if (signer != _voterOf(entry) || signer == address(0)) {
                    revert BallotSignatureInvalid(_numberOf(batch, _headOf(entry)), _voterOf(entry));
                }
                if (block.timestamp > deadline) {
                    revert BallotExpired(_numberOf(batch, _headOf(entry)), uint40(deadline));
                }
                tracker += 32;
            }
        }
    }

    /// @dev What is the same for all voters: seven words of the struct; then, two bytes before a
    /// word, 0x1901, the domain, the struct's hash; then four words that the precompile takes.
    function _startIntent(uint64 election, uint8 question, uint16 precinct)
        private
        view
        returns (uint256 intent)
    {
        bytes32 domain = _domainSeparatorV4();
        bytes32 typehash = INTENT_TYPEHASH;
        assembly ("memory-safe") {
            intent := mload(0x40)
            mstore(0x40, add(intent, 448))
            mstore(intent, typehash)
            mstore(add(intent, 32), election)
            mstore(add(intent, 64), question)
            mstore(add(intent, 96), precinct)
            mstore(add(intent, 224), 0x1901)
            mstore(add(intent, 256), domain)
        }
    }

    /// @dev Zero: nobody.
    function _signerOf(uint256 intent, uint256 entry, uint256 tracker)
        private
        view
        returns (address signer, uint256 deadline)
    {
        assembly ("memory-safe") {
            let head := shr(160, mload(entry))
            let start := calldataload(head)
            deadline := and(shr(184, start), 0xffffffffff)
            mstore(add(intent, 128), shr(224, start))
            mstore(add(intent, 160), mload(tracker))
            mstore(add(intent, 192), deadline)
            mstore(add(intent, 288), keccak256(intent, 224))
            mstore(add(intent, 320), keccak256(add(intent, 254), 66))
            let s := calldataload(add(head, 41))
            mstore(add(intent, 352), add(27, shr(255, s)))
            mstore(add(intent, 384), calldataload(add(head, 9)))
            // ERC-2098 has no room for the upper half of s, but for 1 in 2^128 (EIP-2).
            mstore(add(intent, 416), shr(1, shl(1, s)))
            mstore(0, 0)
            pop(staticcall(gas(), 1, add(intent, 320), 128, 0, 32))
            signer := mload(0)
        }
    }

    /// @dev Number in the batch, for errors.
    function _numberOf(BallotBatch batch, uint256 head) private pure returns (uint256) {
        return (head - batch.start()) / batch.size();
    }

    function _indexAt(uint256 head) private pure returns (uint256 index) {
        assembly ("memory-safe") {
            index := shr(224, calldataload(head))
        }
    }

    function _headOf(uint256 entry) private pure returns (uint256 head) {
        assembly ("memory-safe") {
            head := shr(160, mload(entry))
        }
    }

    function _voterOf(uint256 entry) private pure returns (address voter) {
        assembly ("memory-safe") {
            voter := shr(96, shl(96, mload(entry)))
        }
    }

    function _readSlot(uint256 slot) private view returns (uint256 bits) {
        assembly ("memory-safe") {
            bits := sload(slot)
        }
    }

    function _writeSlot(uint256 slot, uint256 bits) private {
        assembly ("memory-safe") {
            sstore(slot, bits)
        }
    }
}
