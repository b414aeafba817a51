// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC721A} from "erc721a/contracts/ERC721A.sol";

/// @dev Ids are counted up; no royalty, nobody validates what is minted, and there is no market.
contract ChiruERC721A is ERC721A {
    constructor() ERC721A("Art", "ART") {}

    function mint(address artist) external {
        _mint(artist, 1);
    }
}
