// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISignedIntents} from "../common/ISignedIntents.sol";
import {IDidRegistry} from "./IDidRegistry.sol";

/// @notice Where a consent stands; it only moves forward.
enum ConsentStatus {
    None,
    Granted,
    Withdrawn,
    Revoked
}

/// @notice A consent, in one word.
/// @param grantedAt Seconds since 1970.
/// @param renewedUntil Seconds since 1970; 0 while only the terms say how long.
/// @param version 1 when granted; counts renewals.
struct Consent {
    uint40 grantedAt;
    uint40 renewedUntil;
    uint32 version;
    ConsentStatus status;
}

/// @notice The company that may read. Apart from the permission, so that it can give the consent
/// up without publishing what it was for.
/// @param salt Random.
struct DataController {
    address account;
    bytes32 salt;
}

/// @notice What the company may do (never published).
/// @param subject The customer's identity for this company; its current owner in the DidRegistry
/// decides.
/// @param purposes Bit n: purpose n of the W3C Data Privacy Vocabulary 2.3, as numbered by
/// crmdapp.customers.codes.
/// @param categories Bit n: category n of personal data, likewise.
/// @param recipientsHash keccak256 of the sorted list of further recipients; 0 if there are none.
/// @param validFrom Seconds since 1970, inclusive.
/// @param validUntil Seconds since 1970, exclusive.
/// @param noticeHash keccak256 of the privacy notice that was shown.
/// @param jurisdiction ISO 3166-1 alpha-2, as two ASCII letters.
/// @param flags Bit 0: explicit consent for special categories (GDPR, article 9).
/// @param rewardId Campaign of DataRewards; 0 if none.
/// @param salt Random.
struct Permission {
    address subject;
    uint128 purposes;
    uint256 categories;
    bytes32 recipientsHash;
    uint40 validFrom;
    uint40 validUntil;
    bytes32 noticeHash;
    bytes2 jurisdiction;
    uint8 flags;
    uint256 rewardId;
    bytes32 salt;
}

/// @notice What a customer agrees to (EIP-712); its struct hash is the id of the consent.
struct ConsentTerms {
    DataController dataController;
    Permission permission;
}

/// @notice A signed grant as it is relayed. What is signed is
/// `ConsentGrant(ConsentTerms terms,uint40 deadline)`: the wallet shows the terms, the chain sees
/// their hash.
struct SignedConsent {
    address subject;
    bytes32 consentId;
    uint40 deadline;
    bytes signature;
}

/// @notice The end of a consent (EIP-712).
struct ConsentWithdrawal {
    address subject;
    bytes32 consentId;
    uint40 deadline;
}

/// @notice A later end (EIP-712); `expiry` in seconds since 1970.
struct ConsentRenewal {
    address subject;
    bytes32 consentId;
    uint40 expiry;
    uint40 deadline;
}

/// @title Consent registry: who agreed to what, provable without publishing it
/// @notice The chain holds the hash of the terms and where the consent stands. Withdrawal and
/// revocation are for ever; a new consent has new terms (another salt).
interface IConsentRegistry is ISignedIntents {
    event ConsentGranted(address indexed subject, bytes32 indexed consentId);
    event ConsentWithdrawn(address indexed subject, bytes32 indexed consentId);
    event ConsentRevoked(address indexed subject, bytes32 indexed consentId);
    event ConsentRenewed(
        address indexed subject, bytes32 indexed consentId, uint40 expiry, uint32 version
    );
    /// @notice A grant of a batch was left out; `reason` is the selector of the error it would
    /// have met alone.
    event ConsentSkipped(address indexed subject, bytes32 indexed consentId, bytes4 reason);

    error SubjectOwnerOnly(address subject, address caller);
    error ConsentIdZero(address subject);
    error ConsentKnown(address subject, bytes32 consentId, ConsentStatus status);
    error ConsentNotGranted(address subject, bytes32 consentId, ConsentStatus status);
    error ConsentExpiryInvalid(bytes32 consentId, uint40 expiry);

    /// @notice Grants. Only the subject's current owner.
    function grant(address subject, bytes32 consentId) external;
    /// @notice As `grant`, by the owner's signature, whoever submits it.
    function grantBySig(SignedConsent calldata consent) external;
    /// @notice Many signed grants of any subjects; what does not hold is skipped and reported.
    function grantMany(SignedConsent[] calldata consents) external;

    /// @notice Ends a consent at once and for ever. Only the subject's current owner.
    function withdraw(address subject, bytes32 consentId) external;
    function withdrawBySig(ConsentWithdrawal calldata withdrawal, bytes calldata signature) external;
    /// @notice All of them or none.
    function withdrawMany(address subject, bytes32[] calldata consentIds) external;

    /// @notice The company gives up a consent that it was given. The caller is its data
    /// controller: the id is computed from the caller's address.
    /// @param salt Of the DataController.
    /// @param permissionHash Struct hash of the Permission.
    function revoke(address subject, bytes32 salt, bytes32 permissionHash) external;

    /// @notice Moves the end to `expiry`, later than any before and in the future. Only the
    /// subject's current owner.
    function renew(address subject, bytes32 consentId, uint40 expiry) external;
    function renewBySig(ConsentRenewal calldata renewal, bytes calldata signature) external;

    /// @notice Whether the consent holds now and covers all these purposes and categories.
    /// @dev False, too, if none is asked for.
    function check(ConsentTerms calldata terms, uint128 purposes, uint256 categories)
        external
        view
        returns (bool);

    function consentIdOf(ConsentTerms calldata terms) external pure returns (bytes32);
    function consentOf(address subject, bytes32 consentId) external view returns (Consent memory);
    /// @notice Who decides for a subject.
    // solhint-disable-next-line func-name-mixedcase -- an immutable
    function DID_REGISTRY() external view returns (IDidRegistry);
}
