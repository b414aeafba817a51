// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISignedIntents} from "../common/ISignedIntents.sol";
import {IDidRegistry} from "./IDidRegistry.sol";

enum AttestationStatus {
    None,
    Issued,
    Revoked
}

/// @notice What is attested, by whom it may be, and how many have to agree.
/// @param owner Names the attestors.
/// @param quorum Attestors who have to attest the same, 1 or more.
/// @param schemaHash keccak256 of the description of the claims.
struct Topic {
    address owner;
    uint8 quorum;
    bytes32 schemaHash;
}

/// @notice An attestor's standing in a topic. What it attested outside [from, until) is void.
/// @param level The highest level it may give; 0: never was an attestor.
/// @param from Seconds since 1970.
/// @param until Seconds since 1970; 0: no end. A time in the past voids what a stolen key
/// attested since.
struct Standing {
    uint8 level;
    uint40 from;
    uint40 until;
}

/// @notice One attestor's word on one statement, in one word.
/// @param issuedAt Seconds since 1970.
/// @param expiry Seconds since 1970, exclusive; 0: no end.
struct Attestation {
    uint40 issuedAt;
    uint40 expiry;
    uint32 topic;
    uint8 level;
    AttestationStatus status;
}

/// @notice Whom a statement is about; apart from the claims, so that the subject can disown it
/// without publishing them.
struct AttestationSubject {
    address account;
    bytes32 salt;
}

/// @notice An attestor's word, to be relayed (EIP-712). `uid` is the struct hash of
/// `Statement(uint32 topic,AttestationSubject subject,bytes32 claimsHash)`.
struct AttestationIntent {
    bytes32 uid;
    uint32 topic;
    uint8 level;
    uint40 expiry;
    uint40 deadline;
}

/// @notice An attestor takes its word back (EIP-712).
struct RevocationIntent {
    bytes32 uid;
    uint40 deadline;
}

/// @notice The subject rejects a statement about itself (EIP-712).
struct DisownIntent {
    bytes32 uid;
    address subject;
    uint40 deadline;
}

/// @title Attestation registry: claims that named attestors vouch for
/// @notice The chain holds hashes with random salts. A statement is valid while as many attestors
/// as the topic asks for stand by it: issued, not expired, not revoked, not disowned, and issued
/// while the attestor was in good standing.
/// @dev Keyed by the statement's hash and the attestor, never by signature bytes, so no second
/// form of a signature revives what was revoked.
interface IAttestationRegistry is ISignedIntents {
    event TopicCreated(
        uint256 indexed topic, address indexed owner, uint8 quorum, bytes32 schemaHash
    );
    event TopicOwnershipOffered(uint256 indexed topic, address indexed newOwner);
    event TopicOwnershipAccepted(uint256 indexed topic, address indexed owner);
    event StandingSet(
        uint256 indexed topic, address indexed attestor, uint8 level, uint40 from, uint40 until
    );
    event Attested(
        bytes32 indexed uid, address indexed attestor, uint32 topic, uint8 level, uint40 expiry
    );
    event AttestationRevoked(bytes32 indexed uid, address indexed attestor);
    event AttestationDisowned(bytes32 indexed uid);

    error TopicUnknown(uint256 topic);
    error TopicOwnerOnly(uint256 topic, address caller);
    error TopicQuorumInvalid(uint8 quorum);
    error AttestorNotStanding(uint256 topic, address attestor, uint8 level);
    error StandingInvalid(uint256 topic, address attestor, uint40 until);
    error AttestationKnown(bytes32 uid, address attestor, AttestationStatus status);
    error AttestationNotIssued(bytes32 uid, address attestor, AttestationStatus status);
    error AttestationExpiryInvalid(bytes32 uid, uint40 expiry);
    error AttestationDisownedBefore(bytes32 uid);
    error SubjectOwnerOnly(address subject, address caller);

    /// @notice Opens a topic of the caller.
    function createTopic(uint8 quorum, bytes32 schemaHash) external returns (uint256 topic);
    function offerTopic(uint256 topic, address newOwner) external;
    function acceptTopic(uint256 topic) external;

    /// @notice Admits an attestor from now on, up to `level` (1 to 255), or changes the level of
    /// one who stands. What an attestor attested before the second in which it was admitted again
    /// is void. Only the topic's owner.
    function admit(uint256 topic, address attestor, uint8 level) external;
    /// @notice Ends an attestor's standing at `until`, now or earlier; what it attested since then
    /// is void. Only the topic's owner. It can be moved further back, never forward.
    function dismiss(uint256 topic, address attestor, uint40 until) external;

    /// @notice Attests. Only an attestor of the topic.
    /// @param expiry Seconds since 1970, in the future; 0: no end.
    function attest(bytes32 uid, uint32 topic, uint8 level, uint40 expiry) external;
    function attestMany(bytes32[] calldata uids, uint32 topic, uint8 level, uint40 expiry) external;
    /// @notice As `attest`, by the attestor's signature, whoever submits it.
    function attestBySig(
        AttestationIntent calldata intent,
        address attestor,
        bytes calldata signature
    ) external;

    /// @notice The caller takes its word back, for ever.
    function revoke(bytes32 uid) external;
    function revokeMany(bytes32[] calldata uids) external;
    function revokeBySig(
        RevocationIntent calldata intent,
        address attestor,
        bytes calldata signature
    ) external;

    /// @notice The subject rejects a statement, whoever attests it, for ever. Only the subject's
    /// current owner.
    /// @param subject With its salt; together with the rest it gives the uid.
    function disown(uint32 topic, AttestationSubject calldata subject, bytes32 claimsHash) external;
    function disownBySig(
        uint32 topic,
        AttestationSubject calldata subject,
        bytes32 claimsHash,
        uint40 deadline,
        bytes calldata signature
    ) external;

    /// @notice Whether enough of these attestors stand by the statement now, at `level` or higher.
    /// @param attestors In ascending order.
    function isValid(bytes32 uid, uint32 topic, uint8 level, address[] calldata attestors)
        external
        view
        returns (bool);

    function uidOf(uint32 topic, AttestationSubject calldata subject, bytes32 claimsHash)
        external
        pure
        returns (bytes32);
    function attestationOf(bytes32 uid, address attestor) external view returns (Attestation memory);
    /// @notice Whether the attestor could give `level` in the topic at that time.
    function stoodAt(uint256 topic, address attestor, uint8 level, uint40 time)
        external
        view
        returns (bool);
    function isDisowned(bytes32 uid) external view returns (bool);
    function topicOf(uint256 topic) external view returns (Topic memory);
    function standingOf(uint256 topic, address attestor) external view returns (Standing memory);
    /// @notice Who decides for a subject.
    // solhint-disable-next-line func-name-mixedcase -- an immutable
    function DID_REGISTRY() external view returns (IDidRegistry);
}
