// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ArtworkToken} from "../provenance/ArtworkToken.sol";

/// @title The token of works by itself, with its internal functions in the open
/// @notice For tests. Suites that were written for other ERC-721 tokens can be pointed at it: the
/// functions bear the names that the generator of OpenZeppelin's own suite (hardhat-exposed) gives
/// to internal ones, `$` and the name, and errors are those of ERC-6093. So
/// `shouldBehaveLikeERC721` takes it as it is, deployed without arguments as `this.token`; name and
/// symbol are "Artworks" and "ART". Suites for `mint`, `safeMint` and `burn` (solmate's, Crytic's
/// properties) take a subclass with three lines that call these.
/// @dev What such a suite must not expect: a single approval does not outlive the token's epoch.
contract ArtworkTokenMock is ArtworkToken {
    function $_mint(address to, uint256 id) external {
        _mint(to, id);
    }

    function $_safeMint(address to, uint256 id) external {
        _safeMint(to, id);
    }

    function $_burn(uint256 id) external {
        _burn(id);
    }

    function $_transfer(address from, address to, uint256 id) external {
        _transfer(from, to, id);
    }

    function $_update(address to, uint256 id) external returns (address from) {
        return _update(to, id);
    }

    function $_setApprovalForAll(address owner, address operator, bool approved) external {
        _setApprovalForAll(owner, operator, approved);
    }
}
