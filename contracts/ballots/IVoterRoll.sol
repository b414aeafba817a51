// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";

import {IERC5192} from "../customers/IERC5192.sol";
import {IElections} from "./IElections.sol";

/// @notice What registrars sign (EIP-712, with the election as its first field): a citizen, known
/// by nothing but a nullifier, votes in this precinct by this key.
/// @param nullifier The same for one citizen and election however often they come, and linked to
/// nothing else: HMAC(the registrars' key, official id, election).
/// @param voter A fresh key; not zero.
/// @param deadline Last second, since 1970, in which it can be registered.
struct Registration {
    uint16 precinct;
    bytes32 nullifier;
    address voter;
    uint40 deadline;
}

/// @notice Where a nullifier stands on the roll.
/// @param voter Zero: it does not.
struct RollEntry {
    address voter;
    uint16 precinct;
    uint32 index;
}

/// @title Voter roll: who may vote, and who nobody is
/// @notice A quorum of registrars signs, anyone submits. Once registration has ended anyone freezes
/// the roll: it is written down as code, in the order of registration, and never changes again.
/// @dev A voter is numbered within the precinct, from 0. Each registration extends the precinct's
/// running hash to keccak256(abi.encode(rollHash, voter)), from 0; what is frozen has to come out
/// at it, so the frozen roll holds exactly those who were registered, in order.
/// A place on the frozen roll is a token that nobody can transfer, numbered
/// election << 64 | precinct << 32 | index.
interface IVoterRoll is IERC165, IERC5192 {
    event VoterRegistered(
        uint64 indexed election,
        uint16 indexed precinct,
        uint32 index,
        address voter,
        bytes32 nullifier
    );
    /// @notice The voters from `chunk` * 1,228 on are kept as the code of `kept`, 20 bytes each
    /// behind a zero byte.
    event RollChunkFrozen(
        uint64 indexed election, uint16 indexed precinct, uint32 chunk, address kept
    );

    error RegistrationClosed(uint64 election, uint40 registrationUntil);
    error RegistrationOpen(uint64 election, uint40 registrationUntil);
    error RegistrationCountInvalid(uint256 registrations, uint256 signatures);
    error RegistrationExpired(bytes32 nullifier, uint40 deadline);
    error RegistrationVoterZero(bytes32 nullifier);
    /// @notice The nullifier stands for somebody who votes by `voter`, or in another precinct.
    error RegistrationNullifierUsed(uint64 election, bytes32 nullifier, address voter);
    error RegistrationPrecinctInvalid(uint64 election, uint16 precinct);
    error RegistrationPrecinctFull(uint64 election, uint16 precinct, uint256 most);
    /// @notice One signature of 64 bytes for each of the quorum, no more.
    error RegistrationSignaturesInvalid(bytes32 nullifier, uint256 length);
    /// @notice `signer` is no registrar, or not above the registrar who signed before.
    error RegistrationSignerInvalid(bytes32 nullifier, address signer);
    error RollChunkUnknown(uint64 election, uint16 precinct, uint32 chunk);
    error RollChunkKnown(uint64 election, uint16 precinct, uint32 chunk);
    error RollChunkInvalid(uint64 election, uint16 precinct, uint32 chunk);
    /// @notice No frozen roll has such a place.
    error RollPlaceUnknown(uint64 election, uint16 precinct, uint256 index);

    /// @notice Enters voters, each by the signatures of a quorum of registrars: 64 bytes each
    /// (ERC-2098), by rising address. What was entered before, just so, is passed over.
    /// @dev Reverts with `ElectionUnknown`, `ElectionWasCancelled`, `RegistrationClosed`,
    /// `RegistrationCountInvalid`, and of an entry: `RegistrationPrecinctInvalid`,
    /// `RegistrationVoterZero`, `RegistrationNullifierUsed`, `RegistrationExpired`,
    /// `RegistrationPrecinctFull`, `RegistrationSignaturesInvalid`, `RegistrationSignerInvalid`.
    function register(
        uint64 election,
        Registration[] calldata registrations,
        bytes[] calldata signatures
    ) external;

    /// @notice Writes down 1,228 voters, or those who are left, once registration has ended. Chunks
    /// may come in any order.
    /// @param voters 20 bytes each, in the order of registration.
    /// @dev Reverts with `ElectionUnknown`, `RegistrationOpen`, `RollChunkUnknown`,
    /// `RollChunkKnown`, `RollChunkInvalid`.
    function freeze(uint64 election, uint16 precinct, uint32 chunk, bytes calldata voters) external;

    // solhint-disable-next-line func-name-mixedcase -- an immutable
    function ELECTIONS() external view returns (IElections);

    /// @notice The EIP-712 domain separator of this contract on this chain.
    // solhint-disable-next-line func-name-mixedcase -- the name is fixed by ERC-2612
    function DOMAIN_SEPARATOR() external view returns (bytes32);

    /// @notice Registration has ended and every voter of every precinct is written down.
    function isFrozen(uint64 election) external view returns (bool);

    /// @notice Voters of a precinct.
    function countOf(uint64 election, uint16 precinct) external view returns (uint32);

    /// @notice The running hash over the voters of a precinct.
    function rollHashOf(uint64 election, uint16 precinct) external view returns (bytes32);

    function entryOf(uint64 election, bytes32 nullifier) external view returns (RollEntry memory);

    /// @notice The contracts whose code keeps the voters of a precinct; zero where one is missing.
    function chunksOf(uint64 election, uint16 precinct) external view returns (address[] memory);

    /// @notice A voter, from the frozen roll.
    /// @dev Reverts with `RollPlaceUnknown`.
    function voterAt(uint64 election, uint16 precinct, uint32 index) external view returns (address);

    /// @dev Reverts with `RollPlaceUnknown`.
    function ownerOf(uint256 tokenId) external view returns (address);
}
