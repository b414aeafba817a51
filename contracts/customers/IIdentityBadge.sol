// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC721Metadata} from "@openzeppelin/contracts/token/ERC721/extensions/IERC721Metadata.sol";

import {ISignedIntents} from "../common/ISignedIntents.sol";
import {IAttestationRegistry} from "./IAttestationRegistry.sol";
import {IDidRegistry} from "./IDidRegistry.sol";
import {IERC5192} from "./IERC5192.sol";
import {IERC5484} from "./IERC5484.sol";

/// @notice An attestor's word that the identity is a verified person (EIP-712).
/// @param topic What was verified, and whose word it is: a topic of the AttestationRegistry.
/// @param pseudonym Chosen by the holder, not 0.
struct BadgeGrant {
    address identity;
    uint32 topic;
    uint64 pseudonym;
    uint40 deadline;
}

/// @title Identity badge: opt-in, public proof that an identity is a verified person
/// @notice One badge per identity, bound to it: transfers revert, the holder or the owner of the
/// topic burns it, and it follows the identity's key. Minting publishes that this address is a
/// verified person; nothing else.
/// @dev The token's id is identity << 96 | topic << 64 | pseudonym.
interface IIdentityBadge is IERC721Metadata, IERC5192, IERC5484, ISignedIntents {
    error BadgeBound(uint256 tokenId);
    error BadgeKnown(address identity);
    error BadgePseudonymZero(address identity);
    error BadgeAttestorInvalid(uint32 topic, address attestor);
    error BadgeCallerInvalid(address identity, address caller);

    /// @notice Mints to the identity's owner, who is the caller: nobody is badged against their
    /// will.
    /// @param attestor Of the topic, in good standing.
    /// @param signature The attestor's, under the grant.
    function mint(BadgeGrant calldata grant, address attestor, bytes calldata signature)
        external
        returns (uint256 tokenId);

    /// @notice Moves the token to the identity's owner of today after a change of key, or burns it
    /// if the identity has ended. Anyone.
    function follow(uint256 tokenId) external;

    /// @notice The identity's owner or the topic's owner ends the badge; the identity gets no
    /// other.
    function burn(uint256 tokenId) external;

    /// @notice The badge of an identity; 0 if it has none.
    function badgeOf(address identity) external view returns (uint256 tokenId);
    function tokenIdOf(address identity, uint32 topic, uint64 pseudonym)
        external
        pure
        returns (uint256);
    // solhint-disable-next-line func-name-mixedcase -- an immutable
    function ATTESTATIONS() external view returns (IAttestationRegistry);
    // solhint-disable-next-line func-name-mixedcase -- an immutable
    function DID_REGISTRY() external view returns (IDidRegistry);
}
