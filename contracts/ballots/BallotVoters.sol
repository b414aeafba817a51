// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {IBallotBox} from "./IBallotBox.sol";
import {BallotForm} from "./types/BallotForm.sol";
import {CodeBytes} from "./types/CodeBytes.sol";

/// @dev The voters of a batch as it is read, in rising order.
/// @param form What their ballots are checked against.
/// @param chunks Where the addresses of the precinct's chunks begin in the form.
/// @param voters Of the precinct.
/// @param next Least index that the next ballot may have.
/// @param chunk The chunk that `kept` keeps, plus 1.
/// @param slot Where the voted bits of the precinct begin in storage.
/// @param word The word of them that `bits` is; `bits` are written when another is needed.
/// @param intent Where what a voter signs is put together.
struct VoterReader {
    BallotForm form;
    uint256 chunks;
    uint256 voters;
    uint256 next;
    uint256 chunk;
    CodeBytes kept;
    uint256 slot;
    uint256 word;
    uint256 bits;
    uint256 intent;
}

/// @title Who votes, and whether by their own will
/// @notice See {IBallotBox}.
abstract contract BallotVoters is IBallotBox, EIP712 {
    bytes32 private constant INTENT_TYPEHASH = keccak256(
        "BallotIntent(uint64 election,uint8 question,uint16 precinct,uint32 index,bytes32 tracker,uint40 deadline)"
    );
    /// @dev Voters in a chunk of the roll.
    uint256 private constant CHUNK = 1228;
    uint256 private constant ADDRESS = 20;
    /// @dev Half the order of secp256k1: s above it says the same as one below (EIP-2).
    uint256 private constant HALF_ORDER =
        0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    /// @dev `word` and `chunk` are those of no voter yet.
    function _startReader(
        BallotForm memory form,
        uint256 slot,
        uint64 election,
        uint8 question,
        uint16 precinct
    ) internal view returns (VoterReader memory reader) {
        (uint256 voters, uint256 chunks) = form.precinctOf(precinct);
        reader.form = form;
        reader.voters = voters;
        reader.chunks = chunks;
        reader.slot = slot;
        reader.word = type(uint256).max;
        reader.intent = _startIntent(election, question, precinct);
    }

    /// @dev The voter of the next ballot, and whether they had voted; now they have.
    /// @param ballot Number in the batch, for errors.
    /// @param head Where the ballot starts in the call's data.
    function _readVoter(VoterReader memory reader, uint256 ballot, uint256 head)
        internal
        returns (address voter, bool hasVoted_)
    {
        uint256 index;
        assembly ("memory-safe") {
            index := shr(224, calldataload(head))
        }
        if (index < reader.next || index >= reader.voters) {
            revert BallotIndexInvalid(ballot, uint32(index));
        }
        unchecked {
            reader.next = index + 1;
            uint256 word = index >> 8;
            if (word != reader.word) {
                _writeVoted(reader);
                reader.word = word;
                reader.bits = _load(reader.slot + word);
            }
            uint256 bits = reader.bits;
            uint256 bit = 1 << (index & 0xff);
            hasVoted_ = bits & bit != 0;
            reader.bits = bits | bit;
        }
        voter = _voterAt(reader, index);
    }

    /// @dev Writes the last word of voted bits.
    function _writeVoted(VoterReader memory reader) internal {
        unchecked {
            if (reader.word == type(uint256).max) return;
            (uint256 slot, uint256 bits) = (reader.slot + reader.word, reader.bits);
            assembly ("memory-safe") {
                sstore(slot, bits)
            }
        }
    }

    /// @param head Where the ballot starts in the call's data.
    function _requireIntent(
        VoterReader memory reader,
        uint256 ballot,
        address voter,
        uint256 head,
        bytes32 tracker
    ) internal view {
        uint256 intent = reader.intent;
        uint256 deadline;
        address signer;
        assembly ("memory-safe") {
            let start := calldataload(head)
            deadline := and(shr(184, start), 0xffffffffff)
            mstore(add(intent, 128), shr(224, start))
            mstore(add(intent, 160), tracker)
            mstore(add(intent, 192), deadline)
            mstore(add(intent, 288), keccak256(intent, 224))
            let s := calldataload(add(head, 41))
            mstore(add(intent, 320), keccak256(add(intent, 254), 66))
            mstore(add(intent, 352), add(27, shr(255, s)))
            mstore(add(intent, 384), calldataload(add(head, 9)))
            s := shr(1, shl(1, s))
            mstore(add(intent, 416), s)
            mstore(0, 0)
            if iszero(gt(s, HALF_ORDER)) {
                pop(staticcall(gas(), 1, add(intent, 320), 128, 0, 32))
            }
            signer := mload(0)
        }
        if (block.timestamp > deadline) revert BallotExpired(ballot, uint40(deadline));
        // The zero address stands for a signature of nobody, and for what lies behind the roll.
        if (signer != voter || voter == address(0)) revert BallotSignatureInvalid(ballot, voter);
    }

    function _voterAt(VoterReader memory reader, uint256 index)
        private
        view
        returns (address voter)
    {
        unchecked {
            uint256 chunk = index / CHUNK + 1;
            if (chunk != reader.chunk) {
                reader.chunk = chunk;
                reader.kept = reader.form.chunkOf(reader.chunks, chunk - 1);
            }
            CodeBytes kept = reader.kept;
            uint256 offset = index % CHUNK * ADDRESS + 1;
            assembly ("memory-safe") {
                extcodecopy(kept, 0, offset, ADDRESS)
                voter := shr(96, mload(0))
            }
        }
    }

    /// @dev What is the same for all voters: seven words of the struct; then, two bytes before a
    /// word, 0x1901, the domain, the struct's hash; then what the precompile takes.
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

    function _load(uint256 slot) private view returns (uint256 bits) {
        assembly ("memory-safe") {
            bits := sload(slot)
        }
    }
}
