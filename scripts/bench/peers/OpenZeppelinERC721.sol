// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {ERC2981} from "@openzeppelin/contracts/token/common/ERC2981.sol";

/// @dev A token with a royalty of its own; nobody validates what is minted, and there is no market.
contract OpenZeppelinERC721 is ERC721, ERC2981 {
    constructor() ERC721("Art", "ART") {}

    function mint(address artist, uint256 id, uint96 royaltyBps) external {
        _mint(artist, id);
        _setTokenRoyalty(id, artist, royaltyBps);
    }

    function supportsInterface(bytes4 id) public view override(ERC721, ERC2981) returns (bool) {
        return super.supportsInterface(id);
    }
}
