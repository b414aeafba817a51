// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISignedIntents} from "../common/ISignedIntents.sol";
import {IDidRegistry} from "./IDidRegistry.sol";

/// @notice What an id in the registry is. Member 0 is an id that was never seen.
enum CustomerStatus {
    None,
    Active,
    Linked,
    Merged,
    Erased
}

/// @notice A company, or a consortium of companies, that verifies its customers together.
/// @param owner Names the attestors; has no power over customers.
/// @param createdAt Seconds since 1970.
/// @param recoveryDelay Seconds that a recovery, a change of guardians and a new attestor wait.
/// @param quorum Attestors who together merge profiles and recover keys; 0: nobody can.
/// @param selfRegistration Whether anyone may register at level 0 without an attestor.
struct Scope {
    address owner;
    uint40 createdAt;
    uint32 recoveryDelay;
    uint8 quorum;
    bool selfRegistration;
}

/// @notice One person's profile, in one word.
/// @param controller The key that speaks for the person; zero once erased.
/// @param registeredAt Seconds since 1970.
/// @param scope Where it was registered.
/// @param epoch Counts changes of the key; a signature names the epoch it was made in.
/// @param level How well the identity was verified, by the scale of the scope; 0 is not at all.
struct Customer {
    address controller;
    uint40 registeredAt;
    uint24 scope;
    uint16 epoch;
    uint8 level;
    CustomerStatus status;
}

/// @notice A change of key that waits for its time.
struct Recovery {
    address newController;
    uint40 readyAt;
}

/// @notice Who may attest in a scope.
/// @param level The highest level the attestor may give; 0: no attestor.
/// @param activeAt Seconds since 1970 from which its signatures count.
struct Attestor {
    uint8 level;
    uint40 activeAt;
}

/// @notice One of several signatures under the same intent.
struct Approval {
    address signer;
    bytes signature;
}

/// @notice Who can recover a key; only the hash of it is on chain until it is used.
/// @param accounts In ascending order.
/// @param threshold How many of them have to sign, 1 to their number.
/// @param salt Random, so that nobody can guess the guardians from the hash.
struct Guardians {
    address[] accounts;
    uint8 threshold;
    bytes32 salt;
}

/// @notice An attestor verified the identifier behind `tag` (EIP-712). Used up by the profile.
/// @param root Commitment to the profile; the contract only reports it.
struct Registration {
    uint24 scope;
    bytes32 tag;
    bytes32 root;
    address controller;
    uint8 level;
    uint40 deadline;
}

/// @notice An attestor verified that one more identifier is of the same person (EIP-712).
/// @param epoch The customer's epoch when it was signed.
struct TagLink {
    bytes32 tag;
    bytes32 cid;
    uint16 epoch;
    uint40 deadline;
}

/// @notice Two profiles are of one person; signed by both controllers, or by a quorum (EIP-712).
struct MergeIntent {
    bytes32 from;
    bytes32 into;
    uint16 fromEpoch;
    uint16 intoEpoch;
    uint256 nonce;
    uint40 deadline;
}

/// @notice They are not; signed by either controller, or by a quorum (EIP-712).
struct UnmergeIntent {
    bytes32 from;
    uint256 nonce;
    uint40 deadline;
}

/// @notice A new key; signed by the old one and, as proof of possession, by the new (EIP-712).
struct RotateIntent {
    bytes32 cid;
    address newController;
    uint16 epoch;
    uint40 deadline;
}

/// @notice A new key because the old one is lost or stolen; signed by guardians or by a quorum of
/// attestors, and by the new key (EIP-712).
/// @param byGuardians Which of the two, so that nobody's word for the one counts for the other.
struct RecoveryIntent {
    bytes32 cid;
    address newController;
    bool byGuardians;
    uint16 epoch;
    uint256 nonce;
    uint40 deadline;
}

/// @notice The controller stops a recovery by guardians (EIP-712).
struct VetoIntent {
    bytes32 cid;
    address newController;
    uint16 epoch;
    uint256 nonce;
    uint40 deadline;
}

/// @notice Other guardians, after the delay (EIP-712).
struct GuardiansIntent {
    bytes32 cid;
    bytes32 guardiansHash;
    uint16 epoch;
    uint256 nonce;
    uint40 deadline;
}

/// @notice A new commitment to the profile (EIP-712).
struct RootIntent {
    bytes32 cid;
    bytes32 root;
    uint16 epoch;
    uint256 nonce;
    uint40 deadline;
}

/// @notice The end of a profile (EIP-712).
struct EraseIntent {
    bytes32 cid;
    bytes32 receiptHash;
    uint16 epoch;
    uint40 deadline;
}

/// @title Customer registry: one pseudonymous, verified profile per person and scope
/// @notice Nothing here depends on personal data without a secret: a tag is a keyed hash of an
/// identifier, made off chain with a secret pepper, or by several parties with RFC 9497. A tag has
/// an id, `idOf(scope, tag)`; the id of a person's first tag is the person's `cid`. Further tags
/// are linked to it, and a merged profile leads to another, so whoever can compute a tag finds
/// the one profile of its owner with `resolve`.
/// @dev An id ends in a zero byte: the word of a linked tag is the cid with its status in that
/// byte. An id's word never returns to zero, so what an attestor signed counts once.
interface ICustomerRegistry is ISignedIntents {
    event ScopeCreated(uint256 indexed scope, address indexed owner);
    event ScopeOwnershipOffered(uint256 indexed scope, address indexed newOwner);
    event ScopeOwnershipAccepted(uint256 indexed scope, address indexed owner);
    /// @notice `level` 0: the attestor was removed; else its signatures count from `activeAt`.
    event AttestorSet(
        uint256 indexed scope, address indexed attestor, uint8 level, uint40 activeAt
    );

    event CustomerRegistered(bytes32 indexed cid, bytes32 root, address controller, uint8 level);
    /// @notice A record of a batch was left out: its id is taken, or its profile not active.
    event RecordSkipped(bytes32 indexed cid);
    event TagLinked(bytes32 indexed id, bytes32 indexed cid);
    event CustomersMerged(bytes32 indexed from, bytes32 indexed into);
    event CustomersUnmerged(bytes32 indexed from, bytes32 indexed into);
    event ProfileRootSet(bytes32 indexed cid, bytes32 root);
    event ControllerRotated(bytes32 indexed cid, address indexed controller, uint16 epoch);
    event GuardiansAnnounced(bytes32 indexed cid, bytes32 guardiansHash, uint40 activeAt);
    event RecoveryProposed(
        bytes32 indexed cid, address indexed newController, bool byGuardians, uint40 readyAt
    );
    event RecoveryVetoed(bytes32 indexed cid, address indexed newController);
    event CustomerErased(bytes32 indexed cid, bytes32 receiptHash);

    error ScopeUnknown(uint256 scope);
    /// @notice In this scope attestors can neither merge nor recover.
    error ScopeWithoutQuorum(uint256 scope);
    error ScopeOwnerOnly(uint256 scope, address caller);
    error ScopeSettingInvalid(bytes32 setting, uint256 value);
    error AttestorInvalid(uint256 scope, address attestor, uint8 level);
    error SelfRegistrationClosed(uint256 scope);
    error ControllerZero();
    error BatchMalformed(uint256 length, uint256 recordLength);
    error CustomerKnown(bytes32 cid, CustomerStatus status);
    error CustomerNotActive(bytes32 cid, CustomerStatus status);
    error ControllerOnly(bytes32 cid, address caller);
    /// @notice The signature was made in another epoch of the key.
    error EpochStale(bytes32 cid, uint16 epoch, uint16 current);
    error ApprovalsInsufficient(uint256 required, uint256 given);
    /// @notice Approvals stand in ascending order of their signers, each of whom counts once.
    error ApprovalSignerInvalid(address signer);
    error GuardiansInvalid(bytes32 cid, bytes32 guardiansHash);
    error MergeInvalid(bytes32 from, bytes32 into);
    error MergeWindowClosed(bytes32 from, uint40 closedAt);
    /// @notice The intent is for the other kind of recovery.
    error RecoveryKindInvalid(bytes32 cid, bool byGuardians);
    /// @notice The key was changed so often that only a recovery or an erasure is possible.
    error EpochsExhausted(bytes32 cid, uint16 epoch);
    /// @notice A quorum of attestors is replacing the key: it names no guardians any more.
    error RecoveryPending(bytes32 cid, uint40 readyAt);
    error RecoveryMissing(bytes32 cid, bool byGuardians);
    error RecoveryEarly(bytes32 cid, uint40 readyAt);

    /// @notice Opens a scope of the caller, with its first attestors, who count at once.
    /// @param recoveryDelay Seconds, 1 day to 1 year.
    /// @param quorum At most the number of attestors; 0: attestors can neither merge nor recover.
    /// @param attestors Distinct, not zero.
    /// @param levels The highest level each may give, 1 to 255.
    function createScope(
        uint32 recoveryDelay,
        uint8 quorum,
        bool selfRegistration,
        address[] calldata attestors,
        uint8[] calldata levels
    ) external returns (uint256 scope);

    function offerScope(uint256 scope, address newOwner) external;
    function acceptScope(uint256 scope) external;

    /// @notice Adds an attestor or raises its level: it counts (again) after the scope's delay.
    /// Lowers its level, or with `level` 0 removes it, at once. Only the scope's owner.
    function setAttestor(uint256 scope, address attestor, uint8 level) external;

    /// @notice Registers a verified person; anyone may submit the attestor's signature.
    /// @return cid The id of the tag.
    function register(
        Registration calldata registration,
        address attestor,
        bytes calldata signature
    ) external returns (bytes32 cid);

    /// @notice Registers many with one signature over all (`RegistrationBatch`); what is taken is
    /// skipped and reported.
    /// @param records 85 bytes each: tag (32), root (32), controller (20), level (1).
    function registerMany(
        uint24 scope,
        bytes calldata records,
        uint40 deadline,
        address attestor,
        bytes calldata signature
    ) external;

    /// @notice Registers the caller at level 0 where the scope allows it; the tag is
    /// keccak256(abi.encode(caller, salt)).
    function registerSelf(uint24 scope, bytes32 salt, bytes32 root) external returns (bytes32 cid);

    /// @notice Lets a further tag lead to the profile; anyone may submit the attestor's signature.
    function linkTag(TagLink calldata link, address attestor, bytes calldata signature)
        external
        returns (bytes32 id);

    /// @notice As `linkTag` for many, with one signature over all (`TagLinkBatch`): a rotation of
    /// the pepper links each customer's new tag before the old pepper is destroyed. What is taken
    /// or not active is skipped.
    /// @param records 64 bytes each: tag, cid.
    function linkMany(
        uint24 scope,
        bytes calldata records,
        uint40 deadline,
        address attestor,
        bytes calldata signature
    ) external;

    /// @notice Lets lookups of `from` lead to `into`. Consents, attestations and rewards stay with
    /// their own subject.
    /// @param approvals Of both controllers, or of the scope's quorum of attestors.
    function merge(MergeIntent calldata intent, Approval[] calldata approvals) external;

    /// @notice Undoes a merge within its window, or at any time once `into` is erased. The window
    /// is twice the scope's delay, so that who recovers a stolen key can still undo a thief's.
    /// @param approvals Of either controller, or of the scope's quorum of attestors.
    function unmerge(UnmergeIntent calldata intent, Approval[] calldata approvals) external;

    /// @notice Replaces the key. A pending recovery stays: a thief must not be able to shake it
    /// off.
    /// @param signature Of the old controller; may be empty if it is the caller.
    /// @param possession The new controller's signature under the same intent.
    function rotate(
        RotateIntent calldata intent,
        bytes calldata signature,
        bytes calldata possession
    ) external;

    /// @notice Names the guardians by their hash; they count after the scope's delay. Not while a
    /// recovery by attestors is pending.
    function setGuardians(bytes32 cid, bytes32 guardiansHash) external;
    function setGuardiansBySig(GuardiansIntent calldata intent, bytes calldata signature) external;

    /// @notice Announces a new key, signed by guardians; the controller may veto.
    function proposeRecoveryByGuardians(
        RecoveryIntent calldata intent,
        Guardians calldata guardians,
        Approval[] calldata approvals,
        bytes calldata possession
    ) external;

    /// @notice Announces a new key, signed by a quorum of the scope's attestors. There is no veto:
    /// a thief would veto for ever. Guardians who were announced and do not count yet are dropped:
    /// they may be a thief's.
    function proposeRecoveryByAttestors(
        RecoveryIntent calldata intent,
        Approval[] calldata approvals,
        bytes calldata possession
    ) external;

    /// @notice Stops the recovery by guardians that is pending. Only the controller.
    function vetoRecovery(bytes32 cid) external;
    function vetoRecoveryBySig(VetoIntent calldata intent, bytes calldata signature) external;

    /// @notice Puts the announced key in its place after the delay. Anyone.
    function recover(bytes32 cid, bool byGuardians) external;

    /// @notice Reports a new commitment to the profile. Only the controller.
    function setRoot(bytes32 cid, bytes32 root) external;
    function setRootBySig(RootIntent calldata intent, bytes calldata signature) external;

    /// @notice Ends the profile: a tombstone stays, no key speaks for it any more. The person may
    /// register anew, under a tag of the next generation. Only the controller.
    /// @param receiptHash Commitment to the signed receipt of the erasure off chain.
    function erase(bytes32 cid, bytes32 receiptHash) external;
    function eraseBySig(EraseIntent calldata intent, bytes calldata signature) external;

    /// @notice The id of a tag: keccak256(abi.encode(keccak256("crmdapp.customer"), chain id, this
    /// contract, scope, tag)) with its last byte zero.
    function idOf(uint256 scope, bytes32 tag) external view returns (bytes32 id);

    /// @notice The profile a tag's id leads to, through one link and one merge at most; zero if
    /// the id is unknown. The profile may be erased by now.
    function resolve(bytes32 id) external view returns (bytes32 cid);

    /// @notice The profile itself, without following a merge; `Linked` for the id of a further tag.
    function customerOf(bytes32 cid) external view returns (Customer memory);
    /// @notice The key that speaks for the person; zero if unknown or erased.
    function controllerOf(bytes32 cid) external view returns (address);
    /// @notice Where a merged profile leads, and when its merge can no longer be undone.
    function mergeOf(bytes32 cid) external view returns (bytes32 into, uint40 closesAt);
    /// @notice The hash of the guardians who count now; zero if there are none.
    function guardiansHashOf(bytes32 cid) external view returns (bytes32);
    function recoveryOf(bytes32 cid, bool byGuardians) external view returns (Recovery memory);
    function scopeOf(uint256 scope) external view returns (Scope memory);
    function attestorOf(uint256 scope, address attestor) external view returns (Attestor memory);
    function isAttestor(uint256 scope, address attestor, uint8 level) external view returns (bool);
    /// @notice The registry of decentralised identifiers, deployed with this one.
    // solhint-disable-next-line func-name-mixedcase -- an immutable
    function DID_REGISTRY() external view returns (IDidRegistry);
}
