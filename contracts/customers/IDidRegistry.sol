// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISignedIntents} from "../common/ISignedIntents.sol";

/// @notice Another key for an identity (EIP-712).
struct OwnerIntent {
    address identity;
    address newOwner;
    uint256 nonce;
    uint40 deadline;
}

/// @notice A delegate for a while (EIP-712).
struct DelegateIntent {
    address identity;
    bytes32 delegateType;
    address delegate;
    uint64 validity;
    uint256 nonce;
    uint40 deadline;
}

/// @notice An attribute, such as a public key, for a while (EIP-712).
struct AttributeIntent {
    address identity;
    bytes32 name;
    bytes value;
    uint64 validity;
    uint256 nonce;
    uint40 deadline;
}

/// @title Registry of decentralised identifiers
/// @notice The read surface and the events of ERC-1056, so did:ethr resolvers work unchanged. Every
/// address is an identity and its own first owner. Written on key events only. ERC-1056's own
/// signed calls can be replayed on another chain; these are EIP-712 with chain and contract.
/// @dev Source: ERC-1056, https://eips.ethereum.org/EIPS/eip-1056.
interface IDidRegistry is ISignedIntents {
    event DIDOwnerChanged(address indexed identity, address owner, uint256 previousChange);
    event DIDDelegateChanged(
        address indexed identity,
        bytes32 delegateType,
        address delegate,
        uint256 validTo,
        uint256 previousChange
    );
    event DIDAttributeChanged(
        address indexed identity, bytes32 name, bytes value, uint256 validTo, uint256 previousChange
    );
    /// @notice From here on the identity's owner is the controller of the customer.
    event IdentityBound(address indexed identity, bytes32 indexed cid);

    error IdentityOwnerOnly(address identity, address caller);
    error IdentityOwnerZero(address identity);
    /// @notice The identity belongs to a customer: its owner changes by `CustomerRegistry.rotate`.
    error IdentityFollowsCustomer(address identity, bytes32 cid);
    /// @notice The caller does not control both, or one of them is bound already.
    error IdentityNotBindable(address identity, bytes32 cid);
    error CustomerRegistryOnly(address caller);

    /// @notice Binds an identity to a customer for ever: its owner follows the customer's key
    /// through rotation and recovery, and it ends with the erasure. Only who owns both. It makes
    /// public that they are one person: do not bind an identity kept for one company.
    function bind(address identity, bytes32 cid) external;

    /// @notice Called by the customer registry when a key changes; zero ends the identity.
    function follow(bytes32 cid, address newOwner) external;

    function changeOwner(address identity, address newOwner) external;
    function changeOwnerBySig(OwnerIntent calldata intent, bytes calldata signature) external;

    /// @notice Names a delegate for `validity` seconds.
    function addDelegate(address identity, bytes32 delegateType, address delegate, uint256 validity)
        external;
    /// @notice As `addDelegate` by signature; `validity` 0 revokes.
    function setDelegateBySig(DelegateIntent calldata intent, bytes calldata signature) external;
    function revokeDelegate(address identity, bytes32 delegateType, address delegate) external;

    /// @notice Publishes an attribute for `validity` seconds, such as
    /// `did/pub/X25519/enc/base64`. Public keys only: what is here stays for ever.
    function setAttribute(address identity, bytes32 name, bytes calldata value, uint256 validity)
        external;
    /// @notice As `setAttribute` by signature; `validity` 0 revokes.
    function setAttributeBySig(AttributeIntent calldata intent, bytes calldata signature) external;
    function revokeAttribute(address identity, bytes32 name, bytes calldata value) external;

    /// @notice Who may act for the identity now; zero once it has ended.
    function identityOwner(address identity) external view returns (address);
    function validDelegate(address identity, bytes32 delegateType, address delegate)
        external
        view
        returns (bool);
    /// @notice Block of the identity's last change; the events lead back from there.
    function changed(address identity) external view returns (uint256);
    /// @notice The owner that was set; zero if it was never changed (ERC-1056).
    function owners(address identity) external view returns (address);
    /// @notice Until when, in seconds since 1970.
    /// @param typeHash keccak256(abi.encode(delegateType)), as in ERC-1056.
    function delegates(address identity, bytes32 typeHash, address delegate)
        external
        view
        returns (uint256 validTo);
    /// @notice The customer that the identity follows; zero if none.
    function cidOf(address identity) external view returns (bytes32);
    /// @notice The identity that follows the customer; zero if none.
    function identityOf(bytes32 cid) external view returns (address);
}
