// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";

import {IERC5192} from "../customers/IERC5192.sol";
import {ElectionSettings, IElections} from "./IElections.sol";
import {IVoterRoll, Registration, RollEntry} from "./IVoterRoll.sol";
import {CodeBytes, CodeBytesLibrary} from "./types/CodeBytes.sol";

/// @title Voter roll
/// @notice See {IVoterRoll}.
contract VoterRoll is IVoterRoll, EIP712 {
    bytes32 private constant REGISTRATION_TYPEHASH = keccak256(
        "Registration(uint64 election,uint16 precinct,bytes32 nullifier,address voter,uint40 deadline)"
    );
    /// @dev Voters whose addresses fill the code of a contract.
    uint256 private constant CHUNK = 1228;
    uint256 private constant ADDRESS = 20;
    uint256 private constant SIGNATURE = 64;

    /// @param rollHash Of all voters so far.
    /// @param hashAt The running hash at the end of each chunk that is full.
    struct Precinct {
        bytes32 rollHash;
        uint32 count;
        mapping(uint256 chunk => bytes32 rollHash) hashAt;
        mapping(uint256 chunk => CodeBytes voters) chunks;
    }

    /// @inheritdoc IVoterRoll
    IElections public immutable ELECTIONS;

    mapping(uint64 election => mapping(uint256 precinct => Precinct)) private _precincts;
    mapping(uint64 election => mapping(bytes32 nullifier => RollEntry)) private _entries;
    /// @dev Chunks that have voters and are not frozen.
    mapping(uint64 election => uint256 chunks) private _loose;

    constructor(IElections elections) EIP712("VoterRoll", "1") {
        ELECTIONS = elections;
    }

    /// @inheritdoc IVoterRoll
    function register(
        uint64 election,
        Registration[] calldata registrations,
        bytes[] calldata signatures
    ) external {
        ElectionSettings memory settings = ELECTIONS.settingsOf(election);
        if (ELECTIONS.isCancelled(election)) revert IElections.ElectionWasCancelled(election);
        uint40 until = settings.windows.registrationUntil;
        if (block.timestamp > until) revert RegistrationClosed(election, until);
        if (registrations.length != signatures.length) {
            revert RegistrationCountInvalid(registrations.length, signatures.length);
        }

        uint256 most = ELECTIONS.votersLimitOf(election);
        for (uint256 i = 0; i < registrations.length; ++i) {
            Registration calldata registration = registrations[i];
            if (_isEntered(election, settings.precincts, registration)) continue;
            _requireQuorum(election, settings, registration, signatures[i]);
            _enter(election, registration, most);
        }
    }

    /// @inheritdoc IVoterRoll
    function freeze(uint64 election, uint16 precinct, uint32 chunk, bytes calldata voters)
        external
    {
        uint40 until = ELECTIONS.windowsOf(election).registrationUntil;
        if (block.timestamp <= until) revert RegistrationOpen(election, until);
        Precinct storage roll = _precincts[election][precinct];
        uint256 first = uint256(chunk) * CHUNK;
        if (first >= roll.count) revert RollChunkUnknown(election, precinct, chunk);
        if (CodeBytes.unwrap(roll.chunks[chunk]) != address(0)) {
            revert RollChunkKnown(election, precinct, chunk);
        }
        uint256 left = roll.count - first;
        bytes32 end = left > CHUNK ? roll.hashAt[chunk] : roll.rollHash;
        bytes32 start = chunk == 0 ? bytes32(0) : roll.hashAt[chunk - 1];
        bool isWhole = voters.length == (left > CHUNK ? CHUNK : left) * ADDRESS;
        if (!isWhole || _extended(start, voters) != end) {
            revert RollChunkInvalid(election, precinct, chunk);
        }

        CodeBytes kept = CodeBytesLibrary.store(voters);
        roll.chunks[chunk] = kept;
        --_loose[election];

        emit RollChunkFrozen(election, precinct, chunk, CodeBytes.unwrap(kept));
    }

    /// @inheritdoc IVoterRoll
    function isFrozen(uint64 election) external view returns (bool) {
        uint40 until = ELECTIONS.windowsOf(election).registrationUntil;
        return block.timestamp > until && _loose[election] == 0;
    }

    /// @inheritdoc IVoterRoll
    function countOf(uint64 election, uint16 precinct) external view returns (uint32) {
        return _precincts[election][precinct].count;
    }

    /// @inheritdoc IVoterRoll
    function rollHashOf(uint64 election, uint16 precinct) external view returns (bytes32) {
        return _precincts[election][precinct].rollHash;
    }

    /// @inheritdoc IVoterRoll
    function entryOf(uint64 election, bytes32 nullifier) external view returns (RollEntry memory) {
        return _entries[election][nullifier];
    }

    /// @inheritdoc IVoterRoll
    function chunksOf(uint64 election, uint16 precinct)
        external
        view
        returns (address[] memory chunks)
    {
        Precinct storage roll = _precincts[election][precinct];
        chunks = new address[]((roll.count + CHUNK - 1) / CHUNK);
        for (uint256 i = 0; i < chunks.length; ++i) {
            chunks[i] = CodeBytes.unwrap(roll.chunks[i]);
        }
    }

    /// @inheritdoc IVoterRoll
    function ownerOf(uint256 tokenId) external view returns (address) {
        return _ownerOf(tokenId);
    }

    /// @inheritdoc IVoterRoll
    // solhint-disable-next-line func-name-mixedcase -- the name is fixed by ERC-2612
    function DOMAIN_SEPARATOR() external view returns (bytes32) {
        return _domainSeparatorV4();
    }

    /// @inheritdoc IERC5192
    function locked(uint256 tokenId) external view returns (bool) {
        _ownerOf(tokenId);
        return true;
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) external pure returns (bool) {
        return interfaceId == type(IERC165).interfaceId || interfaceId == type(IERC5192).interfaceId;
    }

    /// @inheritdoc IVoterRoll
    function voterAt(uint64 election, uint16 precinct, uint32 index) public view returns (address) {
        Precinct storage roll = _precincts[election][precinct];
        CodeBytes kept = roll.chunks[index / CHUNK];
        if (index >= roll.count || CodeBytes.unwrap(kept) == address(0)) {
            revert RollPlaceUnknown(election, precinct, index);
        }
        return address(bytes20(kept.slice(index % CHUNK * ADDRESS, ADDRESS)));
    }

    /// @dev Entered before just so: somebody else was faster, and nothing is lost.
    function _isEntered(uint64 election, uint16 precincts, Registration calldata registration)
        private
        view
        returns (bool)
    {
        (uint16 precinct, bytes32 nullifier) = (registration.precinct, registration.nullifier);
        if (precinct >= precincts) revert RegistrationPrecinctInvalid(election, precinct);
        if (registration.voter == address(0)) revert RegistrationVoterZero(nullifier);
        RollEntry memory entry = _entries[election][nullifier];
        if (entry.voter == address(0)) return false;
        if (entry.voter != registration.voter || entry.precinct != precinct) {
            revert RegistrationNullifierUsed(election, nullifier, entry.voter);
        }
        return true;
    }

    /// @dev Registrars rise, as the signers have to, so one pass finds them all and nobody twice.
    function _requireQuorum(
        uint64 election,
        ElectionSettings memory settings,
        Registration calldata registration,
        bytes calldata signatures
    ) private view {
        (bytes32 nullifier, uint40 deadline) = (registration.nullifier, registration.deadline);
        if (block.timestamp > deadline) revert RegistrationExpired(nullifier, deadline);
        if (signatures.length != settings.registrarQuorum * SIGNATURE) {
            revert RegistrationSignaturesInvalid(nullifier, signatures.length);
        }
        bytes32 digest = _hashTypedDataV4(
            keccak256(
                abi.encode(
                    REGISTRATION_TYPEHASH,
                    election,
                    registration.precinct,
                    nullifier,
                    registration.voter,
                    deadline
                )
            )
        );
        address[] memory registrars = settings.registrars;
        uint256 place = 0;
        for (uint256 i = 0; i < signatures.length; i += SIGNATURE) {
            bytes32 r = bytes32(signatures[i:]);
            (address signer,,) = ECDSA.tryRecover(digest, r, bytes32(signatures[i + 32:]));
            while (place < registrars.length && registrars[place] != signer) ++place;
            if (place == registrars.length) revert RegistrationSignerInvalid(nullifier, signer);
            ++place;
        }
    }

    function _enter(uint64 election, Registration calldata registration, uint256 most) private {
        (uint16 precinct, address voter) = (registration.precinct, registration.voter);
        Precinct storage roll = _precincts[election][precinct];
        uint32 index = roll.count;
        if (index >= most) revert RegistrationPrecinctFull(election, precinct, most);

        bytes32 before = roll.rollHash;
        if (index % CHUNK == 0) {
            ++_loose[election];
            if (index != 0) roll.hashAt[index / CHUNK - 1] = before;
        }
        roll.rollHash = keccak256(abi.encode(before, voter));
        roll.count = index + 1;
        _entries[election][registration.nullifier] = RollEntry(voter, precinct, index);

        emit VoterRegistered(election, precinct, index, voter, registration.nullifier);
    }

    function _ownerOf(uint256 tokenId) private view returns (address) {
        (uint256 election, uint256 index) = (tokenId >> 64, tokenId & type(uint64).max);
        uint256 precinct = index >> 32;
        if (election > type(uint64).max || precinct > type(uint16).max) {
            revert RollPlaceUnknown(uint64(election), uint16(precinct), tokenId);
        }
        return voterAt(uint64(election), uint16(precinct), uint32(index));
    }

    /// @dev The running hash after `voters`.
    function _extended(bytes32 start, bytes calldata voters) private pure returns (bytes32 end) {
        assembly ("memory-safe") {
            mstore(0, start)
            let place := voters.offset
            let last := add(place, voters.length)
            for {} lt(place, last) { place := add(place, ADDRESS) } {
                mstore(32, shr(96, calldataload(place)))
                mstore(0, keccak256(0, 64))
            }
            end := mload(0)
        }
    }
}
