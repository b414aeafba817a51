// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {SignedIntents} from "../common/SignedIntents.sol";
import {
    Attestation,
    AttestationIntent,
    AttestationStatus,
    AttestationSubject,
    DisownIntent,
    IAttestationRegistry,
    RevocationIntent,
    Standing,
    Topic
} from "./IAttestationRegistry.sol";
import {IDidRegistry} from "./IDidRegistry.sol";

/// @title Attestation registry: claims that named attestors vouch for
/// @notice See {IAttestationRegistry}.
contract AttestationRegistry is IAttestationRegistry, SignedIntents {
    bytes32 private constant SUBJECT_TYPEHASH =
        keccak256("AttestationSubject(address account,bytes32 salt)");
    bytes32 private constant STATEMENT_TYPEHASH = keccak256(
        "Statement(uint32 topic,AttestationSubject subject,bytes32 claimsHash)AttestationSubject(address account,bytes32 salt)"
    );
    bytes32 private constant ATTESTATION_TYPEHASH = keccak256(
        "AttestationIntent(bytes32 uid,uint32 topic,uint8 level,uint40 expiry,uint40 deadline)"
    );
    bytes32 private constant REVOCATION_TYPEHASH =
        keccak256("RevocationIntent(bytes32 uid,uint40 deadline)");
    bytes32 private constant DISOWN_TYPEHASH =
        keccak256("DisownIntent(bytes32 uid,address subject,uint40 deadline)");

    /// @inheritdoc IAttestationRegistry
    IDidRegistry public immutable DID_REGISTRY;

    uint32 private _topicCount;
    mapping(uint256 topic => Topic settings) private _topics;
    mapping(uint256 topic => address newOwner) private _offers;
    mapping(uint256 topic => mapping(address attestor => Standing)) private _standings;
    mapping(bytes32 uid => mapping(address attestor => Attestation)) private _attestations;
    /// @inheritdoc IAttestationRegistry
    mapping(bytes32 uid => bool disowned) public isDisowned;

    constructor(IDidRegistry didRegistry) EIP712("AttestationRegistry", "1") {
        DID_REGISTRY = didRegistry;
    }

    /// @inheritdoc IAttestationRegistry
    function createTopic(uint8 quorum, bytes32 schemaHash) external returns (uint256 topic) {
        if (quorum == 0) revert TopicQuorumInvalid(quorum);

        topic = ++_topicCount;
        _topics[topic] = Topic(msg.sender, quorum, schemaHash);

        emit TopicCreated(topic, msg.sender, quorum, schemaHash);
    }

    /// @inheritdoc IAttestationRegistry
    function offerTopic(uint256 topic, address newOwner) external {
        _requireTopicOwner(topic);

        _offers[topic] = newOwner;

        emit TopicOwnershipOffered(topic, newOwner);
    }

    /// @inheritdoc IAttestationRegistry
    function acceptTopic(uint256 topic) external {
        if (msg.sender != _offers[topic]) revert TopicOwnerOnly(topic, msg.sender);

        delete _offers[topic];
        _topics[topic].owner = msg.sender;

        emit TopicOwnershipAccepted(topic, msg.sender);
    }

    /// @inheritdoc IAttestationRegistry
    function admit(uint256 topic, address attestor, uint8 level) external {
        _requireTopicOwner(topic);
        if (level == 0 || attestor == address(0)) {
            revert AttestorNotStanding(topic, attestor, level);
        }

        Standing memory standing = _standings[topic][attestor];
        bool stands = standing.level != 0 && standing.until == 0;
        uint40 from = stands ? standing.from : uint40(block.timestamp);
        _setStanding(topic, attestor, Standing(level, from, 0));
    }

    /// @inheritdoc IAttestationRegistry
    function dismiss(uint256 topic, address attestor, uint40 until) external {
        _requireTopicOwner(topic);
        Standing memory standing = _standings[topic][attestor];
        bool later = standing.until != 0 && until >= standing.until;
        if (standing.level == 0 || until == 0 || until > block.timestamp || later) {
            revert StandingInvalid(topic, attestor, until);
        }

        standing.until = until;
        _setStanding(topic, attestor, standing);
    }

    /// @inheritdoc IAttestationRegistry
    function attest(bytes32 uid, uint32 topic, uint8 level, uint40 expiry) external {
        _requireStanding(topic, msg.sender, level);
        _attest(uid, msg.sender, topic, level, expiry);
    }

    /// @inheritdoc IAttestationRegistry
    function attestMany(bytes32[] calldata uids, uint32 topic, uint8 level, uint40 expiry)
        external
    {
        _requireStanding(topic, msg.sender, level);
        for (uint256 i = 0; i < uids.length; ++i) {
            _attest(uids[i], msg.sender, topic, level, expiry);
        }
    }

    /// @inheritdoc IAttestationRegistry
    function attestBySig(
        AttestationIntent calldata intent,
        address attestor,
        bytes calldata signature
    ) external {
        _requireInTime(intent.deadline);
        _requireStanding(intent.topic, attestor, intent.level);
        bytes32 structHash = keccak256(abi.encode(ATTESTATION_TYPEHASH, intent));
        _requireSignature(attestor, structHash, signature);
        _attest(intent.uid, attestor, intent.topic, intent.level, intent.expiry);
    }

    /// @inheritdoc IAttestationRegistry
    function revoke(bytes32 uid) external {
        _revoke(uid, msg.sender);
    }

    /// @inheritdoc IAttestationRegistry
    function revokeMany(bytes32[] calldata uids) external {
        for (uint256 i = 0; i < uids.length; ++i) {
            _revoke(uids[i], msg.sender);
        }
    }

    /// @inheritdoc IAttestationRegistry
    function revokeBySig(
        RevocationIntent calldata intent,
        address attestor,
        bytes calldata signature
    ) external {
        _requireInTime(intent.deadline);
        bytes32 structHash = keccak256(abi.encode(REVOCATION_TYPEHASH, intent));
        _requireSignature(attestor, structHash, signature);
        _revoke(intent.uid, attestor);
    }

    /// @inheritdoc IAttestationRegistry
    function disown(uint32 topic, AttestationSubject calldata subject, bytes32 claimsHash)
        external
    {
        if (msg.sender != DID_REGISTRY.identityOwner(subject.account)) {
            revert SubjectOwnerOnly(subject.account, msg.sender);
        }
        _disown(uidOf(topic, subject, claimsHash));
    }

    /// @inheritdoc IAttestationRegistry
    function disownBySig(
        uint32 topic,
        AttestationSubject calldata subject,
        bytes32 claimsHash,
        uint40 deadline,
        bytes calldata signature
    ) external {
        _requireInTime(deadline);
        bytes32 uid = uidOf(topic, subject, claimsHash);
        bytes32 structHash =
            keccak256(abi.encode(DISOWN_TYPEHASH, DisownIntent(uid, subject.account, deadline)));
        _requireSignature(DID_REGISTRY.identityOwner(subject.account), structHash, signature);
        _disown(uid);
    }

    /// @inheritdoc IAttestationRegistry
    function isValid(bytes32 uid, uint32 topic, uint8 level, address[] calldata attestors)
        external
        view
        returns (bool)
    {
        uint256 quorum = _topics[topic].quorum;
        if (quorum == 0 || isDisowned[uid]) return false;
        uint256 standing = 0;
        address last = address(0);
        for (uint256 i = 0; i < attestors.length; ++i) {
            if (attestors[i] <= last) return false;
            last = attestors[i];
            if (_stands(uid, topic, level, last)) ++standing;
        }
        return standing >= quorum;
    }

    /// @inheritdoc IAttestationRegistry
    function attestationOf(bytes32 uid, address attestor)
        external
        view
        returns (Attestation memory)
    {
        return _attestations[uid][attestor];
    }

    /// @inheritdoc IAttestationRegistry
    function topicOf(uint256 topic) external view returns (Topic memory) {
        return _topics[topic];
    }

    /// @inheritdoc IAttestationRegistry
    function standingOf(uint256 topic, address attestor) external view returns (Standing memory) {
        return _standings[topic][attestor];
    }

    /// @inheritdoc IAttestationRegistry
    function stoodAt(uint256 topic, address attestor, uint8 level, uint40 time)
        public
        view
        returns (bool)
    {
        Standing memory standing = _standings[topic][attestor];
        return standing.level != 0 && level <= standing.level && time >= standing.from
            && (standing.until == 0 || time < standing.until);
    }

    /// @inheritdoc IAttestationRegistry
    function uidOf(uint32 topic, AttestationSubject calldata subject, bytes32 claimsHash)
        public
        pure
        returns (bytes32)
    {
        bytes32 subjectHash = keccak256(abi.encode(SUBJECT_TYPEHASH, subject));
        return keccak256(abi.encode(STATEMENT_TYPEHASH, topic, subjectHash, claimsHash));
    }

    function _attest(bytes32 uid, address attestor, uint32 topic, uint8 level, uint40 expiry)
        private
    {
        if (expiry != 0 && expiry <= block.timestamp) revert AttestationExpiryInvalid(uid, expiry);
        AttestationStatus status = _attestations[uid][attestor].status;
        if (status != AttestationStatus.None) revert AttestationKnown(uid, attestor, status);

        _attestations[uid][attestor] =
            Attestation(uint40(block.timestamp), expiry, topic, level, AttestationStatus.Issued);

        emit Attested(uid, attestor, topic, level, expiry);
    }

    function _revoke(bytes32 uid, address attestor) private {
        AttestationStatus status = _attestations[uid][attestor].status;
        if (status != AttestationStatus.Issued) revert AttestationNotIssued(uid, attestor, status);

        _attestations[uid][attestor].status = AttestationStatus.Revoked;

        emit AttestationRevoked(uid, attestor);
    }

    function _disown(bytes32 uid) private {
        if (isDisowned[uid]) revert AttestationDisownedBefore(uid);

        isDisowned[uid] = true;

        emit AttestationDisowned(uid);
    }

    function _setStanding(uint256 topic, address attestor, Standing memory standing) private {
        _standings[topic][attestor] = standing;

        emit StandingSet(topic, attestor, standing.level, standing.from, standing.until);
    }

    function _stands(bytes32 uid, uint32 topic, uint8 level, address attestor)
        private
        view
        returns (bool)
    {
        Attestation memory given = _attestations[uid][attestor];
        bool live = given.status == AttestationStatus.Issued
            && (given.expiry == 0 || block.timestamp < given.expiry);
        return live && given.topic == topic && given.level >= level
            && stoodAt(topic, attestor, 0, given.issuedAt);
    }

    function _requireStanding(uint256 topic, address attestor, uint8 level) private view {
        if (!stoodAt(topic, attestor, level, uint40(block.timestamp))) {
            revert AttestorNotStanding(topic, attestor, level);
        }
    }

    function _requireTopicOwner(uint256 topic) private view {
        address owner = _topics[topic].owner;
        if (owner == address(0)) revert TopicUnknown(topic);
        if (msg.sender != owner) revert TopicOwnerOnly(topic, msg.sender);
    }
}
