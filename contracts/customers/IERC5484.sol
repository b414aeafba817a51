// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Consensual soulbound tokens
/// @dev Source: ERC-5484, https://eips.ethereum.org/EIPS/eip-5484.
interface IERC5484 {
    enum BurnAuth {
        IssuerOnly,
        OwnerOnly,
        Both,
        Neither
    }

    event Issued(
        address indexed from, address indexed to, uint256 indexed tokenId, BurnAuth burnAuth
    );

    function burnAuth(uint256 tokenId) external view returns (BurnAuth);
}
