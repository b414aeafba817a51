// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {CustomerProfiles} from "./CustomerProfiles.sol";
import {DidRegistry} from "./DidRegistry.sol";
import {
    Approval,
    Customer,
    EraseIntent,
    Guardians,
    GuardiansIntent,
    ICustomerRegistry,
    Recovery,
    RecoveryIntent,
    RootIntent,
    RotateIntent,
    VetoIntent
} from "./ICustomerRegistry.sol";
import {IDidRegistry} from "./IDidRegistry.sol";

/// @title Customer registry: one pseudonymous, verified profile per person and scope
/// @notice See {ICustomerRegistry}. This part holds the keys: rotation, recovery, erasure.
contract CustomerRegistry is CustomerProfiles {
    bytes32 private constant ROTATE_TYPEHASH =
        keccak256("RotateIntent(bytes32 cid,address newController,uint16 epoch,uint40 deadline)");
    bytes32 private constant RECOVERY_TYPEHASH = keccak256(
        "RecoveryIntent(bytes32 cid,address newController,bool byGuardians,uint16 epoch,uint256 nonce,uint40 deadline)"
    );
    bytes32 private constant VETO_TYPEHASH = keccak256(
        "VetoIntent(bytes32 cid,address newController,uint16 epoch,uint256 nonce,uint40 deadline)"
    );
    bytes32 private constant GUARDIANS_TYPEHASH = keccak256(
        "GuardiansIntent(bytes32 cid,bytes32 guardiansHash,uint16 epoch,uint256 nonce,uint40 deadline)"
    );
    bytes32 private constant ROOT_TYPEHASH = keccak256(
        "RootIntent(bytes32 cid,bytes32 root,uint16 epoch,uint256 nonce,uint40 deadline)"
    );
    bytes32 private constant ERASE_TYPEHASH =
        keccak256("EraseIntent(bytes32 cid,bytes32 receiptHash,uint16 epoch,uint40 deadline)");
    /// @dev The last epochs are for recovery and erasure: no thief can use them up by rotating.
    uint16 private constant LAST_ROTATION = type(uint16).max - 255;

    /// @dev The two kinds of recovery, as `byGuardians`.
    bool private constant GUARDIANS = true;
    bool private constant ATTESTORS = false;

    struct GuardianHashes {
        bytes32 current;
        bytes32 next;
        uint40 nextAt;
    }

    /// @inheritdoc ICustomerRegistry
    IDidRegistry public immutable DID_REGISTRY;

    mapping(bytes32 cid => GuardianHashes) private _guardians;
    mapping(bytes32 cid => mapping(bool byGuardians => Recovery pending)) private _recoveries;

    constructor() EIP712("CustomerRegistry", "1") {
        DID_REGISTRY = new DidRegistry(this);
    }

    /// @inheritdoc ICustomerRegistry
    function rotate(
        RotateIntent calldata intent,
        bytes calldata signature,
        bytes calldata possession
    ) external {
        Customer memory customer = _requireLive(intent.cid);
        _requireEpoch(intent.cid, intent.epoch, customer.epoch);
        if (customer.epoch >= LAST_ROTATION) revert EpochsExhausted(intent.cid, customer.epoch);
        _requireInTime(intent.deadline);
        bytes32 structHash = keccak256(abi.encode(ROTATE_TYPEHASH, intent));
        if (signature.length == 0) _requireCaller(intent.cid, customer.controller);
        else _requireSignature(customer.controller, structHash, signature);
        _requirePossession(intent.newController, structHash, possession);

        _setController(intent.cid, customer, intent.newController);
    }

    /// @inheritdoc ICustomerRegistry
    function setGuardians(bytes32 cid, bytes32 guardiansHash) external {
        Customer memory customer = _requireController(cid);
        _setGuardians(cid, customer.scope, guardiansHash);
    }

    /// @inheritdoc ICustomerRegistry
    function setGuardiansBySig(GuardiansIntent calldata intent, bytes calldata signature) external {
        Customer memory customer = _requireLive(intent.cid);
        _requireEpoch(intent.cid, intent.epoch, customer.epoch);
        bytes32 structHash = keccak256(abi.encode(GUARDIANS_TYPEHASH, intent));
        _useIntent(customer.controller, structHash, intent.nonce, intent.deadline, signature);
        _setGuardians(intent.cid, customer.scope, intent.guardiansHash);
    }

    /// @inheritdoc ICustomerRegistry
    function proposeRecoveryByGuardians(
        RecoveryIntent calldata intent,
        Guardians calldata guardians,
        Approval[] calldata approvals,
        bytes calldata possession
    ) external {
        uint24 scope = _useRecovery(intent, GUARDIANS, approvals, possession);
        _requireGuardians(intent.cid, guardians, approvals);

        _propose(intent, scope);
    }

    /// @inheritdoc ICustomerRegistry
    function proposeRecoveryByAttestors(
        RecoveryIntent calldata intent,
        Approval[] calldata approvals,
        bytes calldata possession
    ) external {
        uint24 scope = _useRecovery(intent, ATTESTORS, approvals, possession);
        _requireQuorum(scope, approvals);

        _dropAnnouncedGuardians(intent.cid);
        _propose(intent, scope);
    }

    /// @inheritdoc ICustomerRegistry
    function vetoRecovery(bytes32 cid) external {
        _requireController(cid);
        _veto(cid, _recoveries[cid][GUARDIANS].newController);
    }

    /// @inheritdoc ICustomerRegistry
    function vetoRecoveryBySig(VetoIntent calldata intent, bytes calldata signature) external {
        Customer memory customer = _requireLive(intent.cid);
        _requireEpoch(intent.cid, intent.epoch, customer.epoch);
        bytes32 structHash = keccak256(abi.encode(VETO_TYPEHASH, intent));
        _useIntent(customer.controller, structHash, intent.nonce, intent.deadline, signature);
        _veto(intent.cid, intent.newController);
    }

    /// @inheritdoc ICustomerRegistry
    function recover(bytes32 cid, bool byGuardians) external {
        Customer memory customer = _requireLive(cid);
        Recovery memory pending = _recoveries[cid][byGuardians];
        if (pending.readyAt == 0) revert RecoveryMissing(cid, byGuardians);
        if (block.timestamp < pending.readyAt) revert RecoveryEarly(cid, pending.readyAt);

        delete _recoveries[cid][byGuardians];
        _dropAnnouncedGuardians(cid);
        _setController(cid, customer, pending.newController);
    }

    /// @inheritdoc ICustomerRegistry
    function setRoot(bytes32 cid, bytes32 root) external {
        _requireController(cid);

        emit ProfileRootSet(cid, root);
    }

    /// @inheritdoc ICustomerRegistry
    function setRootBySig(RootIntent calldata intent, bytes calldata signature) external {
        Customer memory customer = _requireLive(intent.cid);
        _requireEpoch(intent.cid, intent.epoch, customer.epoch);
        bytes32 structHash = keccak256(abi.encode(ROOT_TYPEHASH, intent));
        _useIntent(customer.controller, structHash, intent.nonce, intent.deadline, signature);

        emit ProfileRootSet(intent.cid, intent.root);
    }

    /// @inheritdoc ICustomerRegistry
    function erase(bytes32 cid, bytes32 receiptHash) external {
        _erase(cid, _requireController(cid), receiptHash);
    }

    /// @inheritdoc ICustomerRegistry
    function eraseBySig(EraseIntent calldata intent, bytes calldata signature) external {
        Customer memory customer = _requireLive(intent.cid);
        _requireEpoch(intent.cid, intent.epoch, customer.epoch);
        _requireInTime(intent.deadline);
        bytes32 structHash = keccak256(abi.encode(ERASE_TYPEHASH, intent));
        _requireSignature(customer.controller, structHash, signature);
        _erase(intent.cid, customer, intent.receiptHash);
    }

    /// @inheritdoc ICustomerRegistry
    function guardiansHashOf(bytes32 cid) public view returns (bytes32) {
        GuardianHashes memory hashes = _guardians[cid];
        bool changed = hashes.nextAt != 0 && block.timestamp >= hashes.nextAt;
        return changed ? hashes.next : hashes.current;
    }

    /// @inheritdoc ICustomerRegistry
    function recoveryOf(bytes32 cid, bool byGuardians) external view returns (Recovery memory) {
        return _recoveries[cid][byGuardians];
    }

    function _useRecovery(
        RecoveryIntent calldata intent,
        bool byGuardians,
        Approval[] calldata approvals,
        bytes calldata possession
    ) private returns (uint24 scope) {
        Customer memory customer = _requireLive(intent.cid);
        if (intent.byGuardians != byGuardians) {
            revert RecoveryKindInvalid(intent.cid, intent.byGuardians);
        }
        _requireEpoch(intent.cid, intent.epoch, customer.epoch);
        _requireInTime(intent.deadline);
        bytes32 structHash = keccak256(abi.encode(RECOVERY_TYPEHASH, intent));
        _requirePossession(intent.newController, structHash, possession);
        _useApprovals(structHash, intent.nonce, intent.deadline, approvals);
        return customer.scope;
    }

    function _propose(RecoveryIntent calldata intent, uint24 scope) private {
        uint40 readyAt = _afterDelay(scope, 1);
        _recoveries[intent.cid][intent.byGuardians] = Recovery(intent.newController, readyAt);

        emit RecoveryProposed(intent.cid, intent.newController, intent.byGuardians, readyAt);
    }

    function _veto(bytes32 cid, address newController) private {
        bool pending = _recoveries[cid][GUARDIANS].newController == newController;
        if (!pending || newController == address(0)) revert RecoveryMissing(cid, GUARDIANS);

        delete _recoveries[cid][GUARDIANS];

        emit RecoveryVetoed(cid, newController);
    }

    function _setGuardians(bytes32 cid, uint24 scope, bytes32 guardiansHash) private {
        uint40 readyAt = _recoveries[cid][ATTESTORS].readyAt;
        if (readyAt != 0) revert RecoveryPending(cid, readyAt);

        uint40 activeAt = _afterDelay(scope, 1);
        _guardians[cid] = GuardianHashes(guardiansHashOf(cid), guardiansHash, activeAt);

        emit GuardiansAnnounced(cid, guardiansHash, activeAt);
    }

    /// @dev What the old key announced and what does not hold yet may have been a thief's.
    function _dropAnnouncedGuardians(bytes32 cid) private {
        _guardians[cid] = GuardianHashes(guardiansHashOf(cid), 0, 0);
    }

    function _erase(bytes32 cid, Customer memory customer, bytes32 receiptHash) private {
        delete _guardians[cid];
        delete _recoveries[cid][GUARDIANS];
        delete _recoveries[cid][ATTESTORS];
        _bury(cid, customer);

        emit CustomerErased(cid, receiptHash);

        DID_REGISTRY.follow(cid, address(0));
    }

    function _setController(bytes32 cid, Customer memory customer, address newController) private {
        customer.controller = newController;
        ++customer.epoch;
        _store(cid, customer);

        emit ControllerRotated(cid, newController, customer.epoch);

        DID_REGISTRY.follow(cid, newController);
    }

    /// @dev Both lists ascend, so one pass finds every signer among the guardians.
    function _requireGuardians(
        bytes32 cid,
        Guardians calldata guardians,
        Approval[] calldata approvals
    ) private view {
        bytes32 hash = keccak256(abi.encode(guardians));
        if (hash != guardiansHashOf(cid)) revert GuardiansInvalid(cid, hash);
        uint256 threshold = guardians.threshold == 0 ? 1 : guardians.threshold;
        if (approvals.length < threshold) {
            revert ApprovalsInsufficient(threshold, approvals.length);
        }
        uint256 next = 0;
        for (uint256 i = 0; i < approvals.length; ++i) {
            address signer = approvals[i].signer;
            while (next < guardians.accounts.length && guardians.accounts[next] < signer) ++next;
            bool found = next < guardians.accounts.length && guardians.accounts[next] == signer;
            if (!found) revert ApprovalSignerInvalid(signer);
        }
    }

    function _requirePossession(
        address newController,
        bytes32 structHash,
        bytes calldata possession
    ) private view {
        if (newController == address(0)) revert ControllerZero();
        _requireSignature(newController, structHash, possession);
    }

    function _requireController(bytes32 cid) private view returns (Customer memory customer) {
        customer = _requireLive(cid);
        _requireCaller(cid, customer.controller);
    }

    function _requireCaller(bytes32 cid, address controller) private view {
        if (msg.sender != controller) revert ControllerOnly(cid, msg.sender);
    }
}
