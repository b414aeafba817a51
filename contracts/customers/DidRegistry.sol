// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {SignedIntents} from "../common/SignedIntents.sol";
import {ICustomerRegistry} from "./ICustomerRegistry.sol";
import {AttributeIntent, DelegateIntent, IDidRegistry, OwnerIntent} from "./IDidRegistry.sol";

/// @title Registry of decentralised identifiers
/// @notice See {IDidRegistry}.
contract DidRegistry is IDidRegistry, SignedIntents {
    bytes32 private constant OWNER_TYPEHASH =
        keccak256("OwnerIntent(address identity,address newOwner,uint256 nonce,uint40 deadline)");
    bytes32 private constant DELEGATE_TYPEHASH = keccak256(
        "DelegateIntent(address identity,bytes32 delegateType,address delegate,uint64 validity,uint256 nonce,uint40 deadline)"
    );
    bytes32 private constant ATTRIBUTE_TYPEHASH = keccak256(
        "AttributeIntent(address identity,bytes32 name,bytes value,uint64 validity,uint256 nonce,uint40 deadline)"
    );

    /// @dev One word, so that a consent reads one word to know who decides.
    /// @param ownerSet Whether `owner` counts; it is zero for an identity that has ended.
    struct Identity {
        address owner;
        uint64 changedAtBlock;
        bool ownerSet;
    }

    /// @notice Whose controllers bound identities follow.
    ICustomerRegistry public immutable CUSTOMERS;

    mapping(address identity => Identity) private _identities;
    /// @inheritdoc IDidRegistry
    mapping(
        address identity
            => mapping(bytes32 typeHash => mapping(address delegate => uint256 validTo))
    ) public delegates;
    /// @inheritdoc IDidRegistry
    mapping(address identity => bytes32 cid) public cidOf;
    /// @inheritdoc IDidRegistry
    mapping(bytes32 cid => address identity) public identityOf;

    constructor(ICustomerRegistry customers) EIP712("DidRegistry", "1") {
        CUSTOMERS = customers;
    }

    /// @inheritdoc IDidRegistry
    function bind(address identity, bytes32 cid) external {
        bool controlsBoth =
            msg.sender == identityOwner(identity) && msg.sender == CUSTOMERS.controllerOf(cid);
        if (!controlsBoth || cidOf[identity] != 0 || identityOf[cid] != address(0)) {
            revert IdentityNotBindable(identity, cid);
        }

        cidOf[identity] = cid;
        identityOf[cid] = identity;

        emit IdentityBound(identity, cid);
    }

    /// @inheritdoc IDidRegistry
    function follow(bytes32 cid, address newOwner) external {
        if (msg.sender != address(CUSTOMERS)) revert CustomerRegistryOnly(msg.sender);

        address identity = identityOf[cid];
        if (identity != address(0)) _changeOwner(identity, newOwner);
    }

    /// @inheritdoc IDidRegistry
    function changeOwner(address identity, address newOwner) external {
        _requireOwner(identity);
        _requireChangeable(identity, newOwner);
        _changeOwner(identity, newOwner);
    }

    /// @inheritdoc IDidRegistry
    function changeOwnerBySig(OwnerIntent calldata intent, bytes calldata signature) external {
        _requireChangeable(intent.identity, intent.newOwner);
        bytes32 structHash = keccak256(abi.encode(OWNER_TYPEHASH, intent));
        _useOwnerIntent(intent.identity, structHash, intent.nonce, intent.deadline, signature);
        _changeOwner(intent.identity, intent.newOwner);
    }

    /// @inheritdoc IDidRegistry
    function addDelegate(address identity, bytes32 delegateType, address delegate, uint256 validity)
        external
    {
        _requireOwner(identity);
        _setDelegate(identity, delegateType, delegate, validity);
    }

    /// @inheritdoc IDidRegistry
    function setDelegateBySig(DelegateIntent calldata intent, bytes calldata signature) external {
        bytes32 structHash = keccak256(abi.encode(DELEGATE_TYPEHASH, intent));
        _useOwnerIntent(intent.identity, structHash, intent.nonce, intent.deadline, signature);
        _setDelegate(intent.identity, intent.delegateType, intent.delegate, intent.validity);
    }

    /// @inheritdoc IDidRegistry
    function revokeDelegate(address identity, bytes32 delegateType, address delegate) external {
        _requireOwner(identity);
        _setDelegate(identity, delegateType, delegate, 0);
    }

    /// @inheritdoc IDidRegistry
    function setAttribute(address identity, bytes32 name, bytes calldata value, uint256 validity)
        external
    {
        _requireOwner(identity);
        _setAttribute(identity, name, value, block.timestamp + validity);
    }

    /// @inheritdoc IDidRegistry
    function setAttributeBySig(AttributeIntent calldata intent, bytes calldata signature) external {
        bytes32 structHash = keccak256(
            abi.encode(
                ATTRIBUTE_TYPEHASH,
                intent.identity,
                intent.name,
                keccak256(intent.value),
                intent.validity,
                intent.nonce,
                intent.deadline
            )
        );
        _useOwnerIntent(intent.identity, structHash, intent.nonce, intent.deadline, signature);
        uint256 validTo = intent.validity == 0 ? 0 : block.timestamp + intent.validity;
        _setAttribute(intent.identity, intent.name, intent.value, validTo);
    }

    /// @inheritdoc IDidRegistry
    function revokeAttribute(address identity, bytes32 name, bytes calldata value) external {
        _requireOwner(identity);
        _setAttribute(identity, name, value, 0);
    }

    /// @inheritdoc IDidRegistry
    function validDelegate(address identity, bytes32 delegateType, address delegate)
        external
        view
        returns (bool)
    {
        return delegates[identity][_typeHash(delegateType)][delegate] > block.timestamp;
    }

    /// @inheritdoc IDidRegistry
    function changed(address identity) external view returns (uint256) {
        return _identities[identity].changedAtBlock;
    }

    /// @inheritdoc IDidRegistry
    function owners(address identity) external view returns (address) {
        return _identities[identity].owner;
    }

    /// @inheritdoc IDidRegistry
    function identityOwner(address identity) public view returns (address) {
        Identity memory state = _identities[identity];
        return state.ownerSet ? state.owner : identity;
    }

    function _changeOwner(address identity, address newOwner) private {
        uint256 previousChange = _touch(identity);
        _identities[identity].owner = newOwner;
        _identities[identity].ownerSet = true;

        emit DIDOwnerChanged(identity, newOwner, previousChange);
    }

    function _setDelegate(
        address identity,
        bytes32 delegateType,
        address delegate,
        uint256 validity
    ) private {
        uint256 validTo = block.timestamp + validity;
        uint256 previousChange = _touch(identity);
        delegates[identity][_typeHash(delegateType)][delegate] = validTo;

        emit DIDDelegateChanged(identity, delegateType, delegate, validTo, previousChange);
    }

    function _setAttribute(address identity, bytes32 name, bytes calldata value, uint256 validTo)
        private
    {
        uint256 previousChange = _touch(identity);

        emit DIDAttributeChanged(identity, name, value, validTo, previousChange);
    }

    /// @dev The events of an identity form a list from the last one back, by block.
    function _touch(address identity) private returns (uint256 previousChange) {
        previousChange = _identities[identity].changedAtBlock;
        _identities[identity].changedAtBlock = uint64(block.number);
    }

    function _useOwnerIntent(
        address identity,
        bytes32 structHash,
        uint256 nonce,
        uint256 deadline,
        bytes calldata signature
    ) private {
        _useIntent(identityOwner(identity), structHash, nonce, deadline, signature);
    }

    function _requireOwner(address identity) private view {
        if (msg.sender != identityOwner(identity)) revert IdentityOwnerOnly(identity, msg.sender);
    }

    /// @dev Zero would leave consents that nobody can withdraw.
    function _requireChangeable(address identity, address newOwner) private view {
        if (newOwner == address(0)) revert IdentityOwnerZero(identity);
        bytes32 cid = cidOf[identity];
        if (cid != 0) revert IdentityFollowsCustomer(identity, cid);
    }

    function _typeHash(bytes32 delegateType) private pure returns (bytes32) {
        return keccak256(abi.encode(delegateType));
    }
}
