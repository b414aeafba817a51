// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";

/// @notice A soulbound token (ERC-5192) as one writes it over OpenZeppelin's ERC-721; whoever owns
/// the contract mints, so nothing is verified.
contract OpenZeppelinBadge is ERC721 {
    event Locked(uint256 tokenId);

    error BadgeBound(uint256 tokenId);

    constructor() ERC721("Badge", "BADGE") {}

    function mint(address to, uint256 tokenId) external {
        _mint(to, tokenId);

        emit Locked(tokenId);
    }

    function locked(uint256 tokenId) external view returns (bool) {
        _requireOwned(tokenId);
        return true;
    }

    function _update(address to, uint256 tokenId, address auth) internal override returns (address) {
        if (_ownerOf(tokenId) != address(0)) revert BadgeBound(tokenId);
        return super._update(to, tokenId, auth);
    }
}
