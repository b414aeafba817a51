// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {SignedIntents} from "../common/SignedIntents.sol";
import {
    Consent,
    ConsentRenewal,
    ConsentStatus,
    ConsentTerms,
    ConsentWithdrawal,
    DataController,
    IConsentRegistry,
    Permission,
    SignedConsent
} from "./IConsentRegistry.sol";
import {IDidRegistry} from "./IDidRegistry.sol";
import {ConsentWord, ConsentWordLibrary} from "./types/ConsentWord.sol";

/// @title Consent registry: who agreed to what, provable without publishing it
/// @notice See {IConsentRegistry}.
contract ConsentRegistry is IConsentRegistry, SignedIntents {
    bytes32 private constant DATA_CONTROLLER_TYPEHASH =
        keccak256("DataController(address account,bytes32 salt)");
    bytes32 private constant PERMISSION_TYPEHASH = keccak256(
        "Permission(address subject,uint128 purposes,uint256 categories,bytes32 recipientsHash,uint40 validFrom,uint40 validUntil,bytes32 noticeHash,bytes2 jurisdiction,uint8 flags,uint256 rewardId,bytes32 salt)"
    );
    bytes32 private constant TERMS_TYPEHASH = keccak256(
        "ConsentTerms(DataController dataController,Permission permission)DataController(address account,bytes32 salt)Permission(address subject,uint128 purposes,uint256 categories,bytes32 recipientsHash,uint40 validFrom,uint40 validUntil,bytes32 noticeHash,bytes2 jurisdiction,uint8 flags,uint256 rewardId,bytes32 salt)"
    );
    bytes32 private constant GRANT_TYPEHASH = keccak256(
        "ConsentGrant(ConsentTerms terms,uint40 deadline)ConsentTerms(DataController dataController,Permission permission)DataController(address account,bytes32 salt)Permission(address subject,uint128 purposes,uint256 categories,bytes32 recipientsHash,uint40 validFrom,uint40 validUntil,bytes32 noticeHash,bytes2 jurisdiction,uint8 flags,uint256 rewardId,bytes32 salt)"
    );
    bytes32 private constant WITHDRAWAL_TYPEHASH =
        keccak256("ConsentWithdrawal(address subject,bytes32 consentId,uint40 deadline)");
    bytes32 private constant RENEWAL_TYPEHASH = keccak256(
        "ConsentRenewal(address subject,bytes32 consentId,uint40 expiry,uint40 deadline)"
    );

    /// @inheritdoc IConsentRegistry
    IDidRegistry public immutable DID_REGISTRY;

    /// @dev By subject first, so that nobody can use up an id of somebody else.
    mapping(address subject => mapping(bytes32 consentId => ConsentWord)) private _consents;

    constructor(IDidRegistry didRegistry) EIP712("ConsentRegistry", "1") {
        DID_REGISTRY = didRegistry;
    }

    /// @inheritdoc IConsentRegistry
    function grant(address subject, bytes32 consentId) external {
        _requireOwner(subject);
        if (consentId == 0) revert ConsentIdZero(subject);
        ConsentStatus status = _consents[subject][consentId].status();
        if (status != ConsentStatus.None) revert ConsentKnown(subject, consentId, status);

        _grant(subject, consentId);
    }

    /// @inheritdoc IConsentRegistry
    function grantBySig(SignedConsent calldata consent) external {
        _requireInTime(consent.deadline);
        if (consent.consentId == 0) revert ConsentIdZero(consent.subject);
        ConsentStatus status = _consents[consent.subject][consent.consentId].status();
        if (status != ConsentStatus.None) {
            revert ConsentKnown(consent.subject, consent.consentId, status);
        }
        address owner = DID_REGISTRY.identityOwner(consent.subject);
        _requireSignature(owner, _grantHash(consent), consent.signature);

        _grant(consent.subject, consent.consentId);
    }

    /// @inheritdoc IConsentRegistry
    function grantMany(SignedConsent[] calldata consents) external {
        for (uint256 i = 0; i < consents.length; ++i) {
            bytes4 reason = _reasonAgainst(consents[i]);
            if (reason == 0) _grant(consents[i].subject, consents[i].consentId);
            else emit ConsentSkipped(consents[i].subject, consents[i].consentId, reason);
        }
    }

    /// @inheritdoc IConsentRegistry
    function withdraw(address subject, bytes32 consentId) external {
        _requireOwner(subject);
        _withdraw(subject, consentId);
    }

    /// @inheritdoc IConsentRegistry
    function withdrawBySig(ConsentWithdrawal calldata withdrawal, bytes calldata signature)
        external
    {
        _requireInTime(withdrawal.deadline);
        bytes32 structHash = keccak256(abi.encode(WITHDRAWAL_TYPEHASH, withdrawal));
        _requireSignature(DID_REGISTRY.identityOwner(withdrawal.subject), structHash, signature);
        _withdraw(withdrawal.subject, withdrawal.consentId);
    }

    /// @inheritdoc IConsentRegistry
    function withdrawMany(address subject, bytes32[] calldata consentIds) external {
        _requireOwner(subject);
        for (uint256 i = 0; i < consentIds.length; ++i) {
            _withdraw(subject, consentIds[i]);
        }
    }

    /// @inheritdoc IConsentRegistry
    function revoke(address subject, bytes32 salt, bytes32 permissionHash) external {
        bytes32 consentId = _consentId(DataController(msg.sender, salt), permissionHash);
        ConsentWord word = _requireGranted(subject, consentId);

        _consents[subject][consentId] = word.withStatus(ConsentStatus.Revoked);

        emit ConsentRevoked(subject, consentId);
    }

    /// @inheritdoc IConsentRegistry
    function renew(address subject, bytes32 consentId, uint40 expiry) external {
        _requireOwner(subject);
        _renew(subject, consentId, expiry);
    }

    /// @inheritdoc IConsentRegistry
    function renewBySig(ConsentRenewal calldata renewal, bytes calldata signature) external {
        _requireInTime(renewal.deadline);
        bytes32 structHash = keccak256(abi.encode(RENEWAL_TYPEHASH, renewal));
        _requireSignature(DID_REGISTRY.identityOwner(renewal.subject), structHash, signature);
        _renew(renewal.subject, renewal.consentId, renewal.expiry);
    }

    /// @inheritdoc IConsentRegistry
    function check(ConsentTerms calldata terms, uint128 purposes, uint256 categories)
        external
        view
        returns (bool)
    {
        Permission calldata permission = terms.permission;
        bool covers = purposes & permission.purposes == purposes
            && categories & permission.categories == categories && purposes != 0 && categories != 0;
        if (!covers || block.timestamp < permission.validFrom) return false;

        Consent memory consent = _consents[permission.subject][consentIdOf(terms)].unpack();
        uint40 until = permission.validUntil > consent.renewedUntil
            ? permission.validUntil
            : consent.renewedUntil;
        return consent.status == ConsentStatus.Granted && block.timestamp < until
            && DID_REGISTRY.identityOwner(permission.subject) != address(0);
    }

    /// @inheritdoc IConsentRegistry
    function consentOf(address subject, bytes32 consentId) external view returns (Consent memory) {
        return _consents[subject][consentId].unpack();
    }

    /// @inheritdoc IConsentRegistry
    function consentIdOf(ConsentTerms calldata terms) public pure returns (bytes32) {
        bytes32 permissionHash = keccak256(abi.encode(PERMISSION_TYPEHASH, terms.permission));
        return _consentId(terms.dataController, permissionHash);
    }

    function _grant(address subject, bytes32 consentId) private {
        _consents[subject][consentId] =
            ConsentWordLibrary.pack(Consent(uint40(block.timestamp), 0, 1, ConsentStatus.Granted));

        emit ConsentGranted(subject, consentId);
    }

    function _withdraw(address subject, bytes32 consentId) private {
        ConsentWord word = _requireGranted(subject, consentId);

        _consents[subject][consentId] = word.withStatus(ConsentStatus.Withdrawn);

        emit ConsentWithdrawn(subject, consentId);
    }

    function _renew(address subject, bytes32 consentId, uint40 expiry) private {
        Consent memory consent = _requireGranted(subject, consentId).unpack();
        if (expiry <= block.timestamp || expiry <= consent.renewedUntil) {
            revert ConsentExpiryInvalid(consentId, expiry);
        }

        consent.renewedUntil = expiry;
        ++consent.version;
        _consents[subject][consentId] = ConsentWordLibrary.pack(consent);

        emit ConsentRenewed(subject, consentId, expiry, consent.version);
    }

    /// @dev The selector of the error that the grant would meet alone; zero if it holds.
    function _reasonAgainst(SignedConsent calldata consent) private view returns (bytes4) {
        if (block.timestamp > consent.deadline) return IntentExpired.selector;
        if (consent.consentId == 0) return ConsentIdZero.selector;
        if (_consents[consent.subject][consent.consentId].status() != ConsentStatus.None) {
            return ConsentKnown.selector;
        }
        // Each grant has a subject of its own; the registry is part of this deployment.
        // slither-disable-next-line calls-loop
        address owner = DID_REGISTRY.identityOwner(consent.subject);
        bytes32 digest = _hashTypedDataV4(_grantHash(consent));
        bool signed = _isSignedBy(owner, digest, consent.signature);
        return signed ? bytes4(0) : IntentSignatureInvalid.selector;
    }

    function _requireOwner(address subject) private view {
        if (msg.sender != DID_REGISTRY.identityOwner(subject)) {
            revert SubjectOwnerOnly(subject, msg.sender);
        }
    }

    function _requireGranted(address subject, bytes32 consentId)
        private
        view
        returns (ConsentWord word)
    {
        word = _consents[subject][consentId];
        if (word.status() != ConsentStatus.Granted) {
            revert ConsentNotGranted(subject, consentId, word.status());
        }
    }

    function _grantHash(SignedConsent calldata consent) private pure returns (bytes32) {
        return keccak256(abi.encode(GRANT_TYPEHASH, consent.consentId, consent.deadline));
    }

    function _consentId(DataController memory dataController, bytes32 permissionHash)
        private
        pure
        returns (bytes32)
    {
        bytes32 controllerHash = keccak256(abi.encode(DATA_CONTROLLER_TYPEHASH, dataController));
        return keccak256(abi.encode(TERMS_TYPEHASH, controllerHash, permissionHash));
    }
}
