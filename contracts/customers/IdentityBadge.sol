// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {IERC721Metadata} from "@openzeppelin/contracts/token/ERC721/extensions/IERC721Metadata.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";

import {SignedIntents} from "../common/SignedIntents.sol";
import {IAttestationRegistry} from "./IAttestationRegistry.sol";
import {IDidRegistry} from "./IDidRegistry.sol";
import {IERC5192} from "./IERC5192.sol";
import {IERC5484} from "./IERC5484.sol";
import {BadgeGrant, IIdentityBadge} from "./IIdentityBadge.sol";

/// @title Identity badge: opt-in, public proof that an identity is a verified person
/// @notice See {IIdentityBadge}.
contract IdentityBadge is IIdentityBadge, IERC721Errors, SignedIntents {
    bytes32 private constant GRANT_TYPEHASH =
        keccak256("BadgeGrant(address identity,uint32 topic,uint64 pseudonym,uint40 deadline)");

    /// @dev One word. A badge that was burned keeps its tail, so the identity gets no other.
    /// @param tail The last 96 bits of the token's id.
    struct Holding {
        address holder;
        uint96 tail;
    }

    /// @inheritdoc IIdentityBadge
    IAttestationRegistry public immutable ATTESTATIONS;
    /// @inheritdoc IIdentityBadge
    IDidRegistry public immutable DID_REGISTRY;

    mapping(address identity => Holding) private _holdings;
    /// @dev Badges of identities other than the holder itself: after a change of key.
    mapping(address holder => uint256 count) private _movedTo;

    constructor(IAttestationRegistry attestations) EIP712("IdentityBadge", "1") {
        ATTESTATIONS = attestations;
        DID_REGISTRY = attestations.DID_REGISTRY();
    }

    /// @inheritdoc IIdentityBadge
    function mint(BadgeGrant calldata grant, address attestor, bytes calldata signature)
        external
        returns (uint256 tokenId)
    {
        _requireInTime(grant.deadline);
        if (msg.sender != DID_REGISTRY.identityOwner(grant.identity)) {
            revert BadgeCallerInvalid(grant.identity, msg.sender);
        }
        if (grant.pseudonym == 0) revert BadgePseudonymZero(grant.identity);
        if (_holdings[grant.identity].tail != 0) revert BadgeKnown(grant.identity);
        if (!ATTESTATIONS.stoodAt(grant.topic, attestor, 0, uint40(block.timestamp))) {
            revert BadgeAttestorInvalid(grant.topic, attestor);
        }
        _requireSignature(attestor, keccak256(abi.encode(GRANT_TYPEHASH, grant)), signature);

        tokenId = tokenIdOf(grant.identity, grant.topic, grant.pseudonym);
        _holdings[grant.identity] = Holding(msg.sender, uint96(tokenId));
        if (msg.sender != grant.identity) ++_movedTo[msg.sender];

        emit Transfer(address(0), msg.sender, tokenId);
        emit Issued(attestor, msg.sender, tokenId, BurnAuth.Both);
        emit Locked(tokenId);
    }

    /// @inheritdoc IIdentityBadge
    function follow(uint256 tokenId) external {
        address from = ownerOf(tokenId);
        address identity = _identityOf(tokenId);
        address to = DID_REGISTRY.identityOwner(identity);
        if (from != to) _move(tokenId, identity, from, to);
    }

    /// @inheritdoc IIdentityBadge
    function burn(uint256 tokenId) external {
        address from = ownerOf(tokenId);
        address identity = _identityOf(tokenId);
        bool byHolder = msg.sender == DID_REGISTRY.identityOwner(identity);
        if (!byHolder && msg.sender != ATTESTATIONS.topicOf(uint32(tokenId >> 64)).owner) {
            revert BadgeCallerInvalid(identity, msg.sender);
        }

        _move(tokenId, identity, from, address(0));
    }

    /// @inheritdoc IERC721
    function transferFrom(address, address, uint256 tokenId) external pure {
        revert BadgeBound(tokenId);
    }

    /// @inheritdoc IERC721
    function safeTransferFrom(address, address, uint256 tokenId) external pure {
        revert BadgeBound(tokenId);
    }

    /// @inheritdoc IERC721
    function safeTransferFrom(address, address, uint256 tokenId, bytes calldata) external pure {
        revert BadgeBound(tokenId);
    }

    /// @inheritdoc IERC721
    function approve(address, uint256 tokenId) external pure {
        revert BadgeBound(tokenId);
    }

    /// @inheritdoc IERC721
    function setApprovalForAll(address, bool) external pure {
        revert BadgeBound(0);
    }

    /// @inheritdoc IERC721
    function getApproved(uint256 tokenId) external view returns (address) {
        ownerOf(tokenId);
        return address(0);
    }

    /// @inheritdoc IERC721
    function isApprovedForAll(address, address) external pure returns (bool) {
        return false;
    }

    /// @inheritdoc IERC721
    function balanceOf(address owner) external view returns (uint256) {
        if (owner == address(0)) revert ERC721InvalidOwner(owner);
        return _movedTo[owner] + (_holdings[owner].holder == owner ? 1 : 0);
    }

    /// @inheritdoc IIdentityBadge
    function badgeOf(address identity) external view returns (uint256 tokenId) {
        Holding memory holding = _holdings[identity];
        if (holding.holder != address(0)) {
            tokenId = uint256(uint160(identity)) << 96 | holding.tail;
        }
    }

    /// @inheritdoc IERC5192
    function locked(uint256 tokenId) external view returns (bool) {
        ownerOf(tokenId);
        return true;
    }

    /// @inheritdoc IERC5484
    function burnAuth(uint256 tokenId) external view returns (BurnAuth) {
        ownerOf(tokenId);
        return BurnAuth.Both;
    }

    /// @inheritdoc IERC721Metadata
    function tokenURI(uint256 tokenId) external view returns (string memory) {
        ownerOf(tokenId);
        // {"name":"Verified person"}
        return "data:application/json;base64,eyJuYW1lIjoiVmVyaWZpZWQgcGVyc29uIn0=";
    }

    /// @inheritdoc IERC721Metadata
    function name() external pure returns (string memory) {
        return "crmdapp identity badge";
    }

    /// @inheritdoc IERC721Metadata
    function symbol() external pure returns (string memory) {
        return "BADGE";
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) external pure returns (bool) {
        return interfaceId == type(IERC165).interfaceId || interfaceId == type(IERC721).interfaceId
            || interfaceId == type(IERC721Metadata).interfaceId
            || interfaceId == type(IERC5192).interfaceId
            || interfaceId == type(IERC5484).interfaceId;
    }

    /// @inheritdoc IERC721
    function ownerOf(uint256 tokenId) public view returns (address) {
        Holding memory holding = _holdings[_identityOf(tokenId)];
        if (holding.holder == address(0) || holding.tail != uint96(tokenId)) {
            revert ERC721NonexistentToken(tokenId);
        }
        return holding.holder;
    }

    /// @inheritdoc IIdentityBadge
    function tokenIdOf(address identity, uint32 topic, uint64 pseudonym)
        public
        pure
        returns (uint256)
    {
        return uint256(uint160(identity)) << 96 | uint256(topic) << 64 | pseudonym;
    }

    /// @dev To zero: burned.
    function _move(uint256 tokenId, address identity, address from, address to) private {
        _holdings[identity].holder = to;
        if (from != identity) --_movedTo[from];
        if (to != identity && to != address(0)) ++_movedTo[to];

        emit Transfer(from, to, tokenId);
    }

    function _identityOf(uint256 tokenId) private pure returns (address) {
        return address(uint160(tokenId >> 96));
    }
}
