// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Artwork} from "../IArtworks.sol";

/// @dev EIP-712 of a work: what its artist signs, and what curators sign again with a deadline.
library ArtworkHash {
    bytes32 internal constant TYPEHASH = keccak256(
        "Artwork(bytes32 fileKeccak,bytes32 fileSha256,bytes32 cidDigest,uint64 pHash,bytes32 metadataHash,address artist,uint16 royaltyBps,uint8 succession,uint32 standardsVersion,uint40 deadline)"
    );
    bytes32 internal constant APPROVAL_TYPEHASH = keccak256(
        "Approval(Artwork artwork,uint40 deadline)Artwork(bytes32 fileKeccak,bytes32 fileSha256,bytes32 cidDigest,uint64 pHash,bytes32 metadataHash,address artist,uint16 royaltyBps,uint8 succession,uint32 standardsVersion,uint40 deadline)"
    );

    /// @dev The struct hash, without any domain: artist and curators sign it for different ones.
    function hash(Artwork calldata artwork) internal pure returns (bytes32) {
        return keccak256(abi.encode(TYPEHASH, artwork));
    }
}
