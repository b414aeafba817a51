// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC2981} from "solady/src/tokens/ERC2981.sol";
import {ERC721} from "solady/src/tokens/ERC721.sol";

/// @dev A token with a royalty of its own; nobody validates what is minted, and there is no market.
contract SoladyERC721 is ERC721, ERC2981 {
    function mint(address artist, uint256 id, uint96 royaltyBps) external {
        _mint(artist, id);
        _setTokenRoyalty(id, artist, royaltyBps);
    }

    function name() public pure override returns (string memory) {
        return "Art";
    }

    function symbol() public pure override returns (string memory) {
        return "ART";
    }

    function tokenURI(uint256) public pure override returns (string memory) {
        return "";
    }

    function supportsInterface(bytes4 id)
        public
        view
        override(ERC721, ERC2981)
        returns (bool)
    {
        return ERC721.supportsInterface(id) || ERC2981.supportsInterface(id);
    }
}
