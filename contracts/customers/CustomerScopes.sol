// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SignedIntents} from "../common/SignedIntents.sol";
import {Approval, Attestor, ICustomerRegistry, Scope} from "./ICustomerRegistry.sol";

/// @title Scopes of the customer registry and their attestors
/// @notice See {ICustomerRegistry}.
abstract contract CustomerScopes is ICustomerRegistry, SignedIntents {
    uint256 private constant MIN_DELAY = 1 days;
    uint256 private constant MAX_DELAY = 365 days;

    uint256 private _scopeCount;
    mapping(uint256 scope => Scope settings) private _scopes;
    mapping(uint256 scope => address newOwner) private _offers;
    mapping(uint256 scope => mapping(address account => Attestor standing)) private _attestors;

    /// @inheritdoc ICustomerRegistry
    function createScope(
        uint32 recoveryDelay,
        uint8 quorum,
        bool selfRegistration,
        address[] calldata attestors,
        uint8[] calldata levels
    ) external returns (uint256 scope) {
        if (recoveryDelay < MIN_DELAY || recoveryDelay > MAX_DELAY) {
            revert ScopeSettingInvalid("recoveryDelay", recoveryDelay);
        }
        if (quorum > attestors.length) revert ScopeSettingInvalid("quorum", quorum);
        if (levels.length != attestors.length) {
            revert ScopeSettingInvalid("levels", levels.length);
        }
        if (_scopeCount == type(uint24).max) revert ScopeSettingInvalid("scope", _scopeCount);

        scope = ++_scopeCount;
        _scopes[scope] =
            Scope(msg.sender, uint40(block.timestamp), recoveryDelay, quorum, selfRegistration);

        emit ScopeCreated(scope, msg.sender);

        for (uint256 i = 0; i < attestors.length; ++i) {
            bool known = _attestors[scope][attestors[i]].level != 0;
            if (known || attestors[i] == address(0) || levels[i] == 0) {
                revert AttestorInvalid(scope, attestors[i], levels[i]);
            }
            _setAttestor(scope, attestors[i], levels[i], uint40(block.timestamp));
        }
    }

    /// @inheritdoc ICustomerRegistry
    function offerScope(uint256 scope, address newOwner) external {
        _requireScopeOwner(scope);

        _offers[scope] = newOwner;

        emit ScopeOwnershipOffered(scope, newOwner);
    }

    /// @inheritdoc ICustomerRegistry
    function acceptScope(uint256 scope) external {
        if (msg.sender != _offers[scope]) revert ScopeOwnerOnly(scope, msg.sender);

        delete _offers[scope];
        _scopes[scope].owner = msg.sender;

        emit ScopeOwnershipAccepted(scope, msg.sender);
    }

    /// @inheritdoc ICustomerRegistry
    function setAttestor(uint256 scope, address attestor, uint8 level) external {
        _requireScopeOwner(scope);
        if (attestor == address(0)) revert AttestorInvalid(scope, attestor, level);

        Attestor memory current = _attestors[scope][attestor];
        uint40 activeAt = level > current.level ? _afterDelay(scope, 1) : current.activeAt;
        _setAttestor(scope, attestor, level, activeAt);
    }

    /// @inheritdoc ICustomerRegistry
    function scopeOf(uint256 scope) external view returns (Scope memory) {
        return _scopes[scope];
    }

    /// @inheritdoc ICustomerRegistry
    function attestorOf(uint256 scope, address attestor) external view returns (Attestor memory) {
        return _attestors[scope][attestor];
    }

    /// @inheritdoc ICustomerRegistry
    function isAttestor(uint256 scope, address attestor, uint8 level) public view returns (bool) {
        return _isActive(_attestors[scope][attestor], level);
    }

    /// @return highest The level the attestor may give.
    function _requireAttestor(uint256 scope, address attestor, uint8 level)
        internal
        view
        returns (uint8 highest)
    {
        Attestor memory standing = _attestors[scope][attestor];
        if (!_isActive(standing, level)) revert AttestorInvalid(scope, attestor, level);
        return standing.level;
    }

    /// @dev Enough attestors of the scope; the signatures were used before.
    function _requireQuorum(uint256 scope, Approval[] calldata approvals) internal view {
        uint256 quorum = _scopes[scope].quorum;
        if (quorum == 0) revert ScopeWithoutQuorum(scope);
        if (approvals.length < quorum) revert ApprovalsInsufficient(quorum, approvals.length);
        for (uint256 i = 0; i < approvals.length; ++i) {
            if (!isAttestor(scope, approvals[i].signer, 0)) {
                revert ApprovalSignerInvalid(approvals[i].signer);
            }
        }
    }

    /// @dev Uses up one signature of each signer. Ascending order makes the signers distinct.
    function _useApprovals(
        bytes32 structHash,
        uint256 nonce,
        uint256 deadline,
        Approval[] calldata approvals
    ) internal {
        address last = address(0);
        for (uint256 i = 0; i < approvals.length; ++i) {
            address signer = approvals[i].signer;
            if (signer <= last) revert ApprovalSignerInvalid(signer);
            last = signer;
            _useIntent(signer, structHash, nonce, deadline, approvals[i].signature);
        }
    }

    function _requireSelfRegistration(uint256 scope) internal view {
        if (!_scopes[scope].selfRegistration) revert SelfRegistrationClosed(scope);
    }

    /// @dev The time when so many of the scope's delays have passed from now on.
    function _afterDelay(uint256 scope, uint40 times) internal view returns (uint40) {
        return uint40(block.timestamp) + times * _scopes[scope].recoveryDelay;
    }

    function _setAttestor(uint256 scope, address attestor, uint8 level, uint40 activeAt) private {
        _attestors[scope][attestor] = level == 0 ? Attestor(0, 0) : Attestor(level, activeAt);

        emit AttestorSet(scope, attestor, level, activeAt);
    }

    function _isActive(Attestor memory standing, uint8 level) private view returns (bool) {
        return
            standing.level != 0 && level <= standing.level && block.timestamp >= standing.activeAt;
    }

    function _requireScopeOwner(uint256 scope) private view {
        address owner = _scopes[scope].owner;
        if (owner == address(0)) revert ScopeUnknown(scope);
        if (msg.sender != owner) revert ScopeOwnerOnly(scope, msg.sender);
    }
}
