// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC165} from "@openzeppelin/contracts/interfaces/IERC165.sol";
import {IERC4906} from "@openzeppelin/contracts/interfaces/IERC4906.sol";
import {IERC721} from "@openzeppelin/contracts/interfaces/IERC721.sol";
import {IERC721Metadata} from "@openzeppelin/contracts/interfaces/IERC721Metadata.sol";
import {IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {ERC721Utils} from "@openzeppelin/contracts/token/ERC721/utils/ERC721Utils.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

import {ArtworkHistory} from "./ArtworkHistory.sol";
import {IArtworks} from "./IArtworks.sol";
import {OwnerWord, OwnerWordLibrary} from "./types/ArtworkWords.sol";

/// @title The token of a work: ERC-721 whose owner's word also holds price and epoch
/// @notice Internal functions bear OpenZeppelin's names, errors those of ERC-6093, so that suites
/// written for other tokens can be pointed at it.
/// @dev A single approval is good for one epoch of the token. So no transfer has to clear it, and
/// none survives one; a new price ends it too. In the last epoch, which never ends, there is none.
abstract contract ArtworkToken is ArtworkHistory, IERC721Metadata, IERC4906, IERC721Errors {
    using Strings for uint256;

    struct SingleApproval {
        address to;
        uint24 epoch;
    }

    mapping(uint256 id => OwnerWord word) internal _words;
    mapping(address owner => uint256 count) private _balances;
    mapping(uint256 id => SingleApproval) private _approvals;
    /// @inheritdoc IERC721
    mapping(address owner => mapping(address operator => bool approved)) public isApprovedForAll;
    /// @dev Given by the gallery.
    // slither-disable-next-line uninitialized-state,constable-states
    string internal _uri;

    /// @inheritdoc IERC721
    function approve(address to, uint256 id) external {
        OwnerWord word = _words[id];
        address owner = _requireOwned(id);
        if (msg.sender != owner && !isApprovedForAll[owner][msg.sender]) {
            revert ERC721InvalidApprover(msg.sender);
        }

        _approvals[id] = SingleApproval(to, word.epoch());

        emit Approval(owner, to, id);
    }

    /// @inheritdoc IERC721
    function setApprovalForAll(address operator, bool approved) external {
        _setApprovalForAll(msg.sender, operator, approved);
    }

    /// @inheritdoc IERC721
    function transferFrom(address from, address to, uint256 id) public {
        _checkAuthorized(_requireOwned(id), msg.sender, id);
        _transfer(from, to, id);
    }

    /// @inheritdoc IERC721
    function safeTransferFrom(address from, address to, uint256 id) external {
        safeTransferFrom(from, to, id, "");
    }

    /// @inheritdoc IERC721
    function safeTransferFrom(address from, address to, uint256 id, bytes memory data) public {
        transferFrom(from, to, id);
        ERC721Utils.checkOnERC721Received(msg.sender, from, to, id, data);
    }

    /// @inheritdoc IERC721
    function balanceOf(address owner) external view returns (uint256) {
        if (owner == address(0)) revert ERC721InvalidOwner(owner);
        return _balances[owner];
    }

    /// @inheritdoc IERC721
    function ownerOf(uint256 id) external view returns (address) {
        return _requireOwned(id);
    }

    /// @inheritdoc IERC721
    function getApproved(uint256 id) external view returns (address) {
        _requireOwned(id);
        return _getApproved(id);
    }

    /// @inheritdoc IERC721Metadata
    function tokenURI(uint256 id) external view returns (string memory) {
        _requireOwned(id);
        return string.concat(_uri, id.toHexString(32), ".json");
    }

    /// @inheritdoc IERC721Metadata
    function name() external pure returns (string memory) {
        return "Artworks";
    }

    /// @inheritdoc IERC721Metadata
    function symbol() external pure returns (string memory) {
        return "ART";
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 id) public view virtual returns (bool) {
        // ERC-4906 names its id itself: the interface has events only.
        return id == type(IERC165).interfaceId || id == type(IERC721).interfaceId
            || id == type(IERC721Metadata).interfaceId || id == bytes4(0x49064906);
    }

    function _setApprovalForAll(address owner, address operator, bool approved) internal {
        if (operator == address(0)) revert ERC721InvalidOperator(operator);

        isApprovedForAll[owner][operator] = approved;

        emit ApprovalForAll(owner, operator, approved);
    }

    function _mint(address to, uint256 id) internal {
        if (to == address(0)) revert ERC721InvalidReceiver(to);
        address from = _update(to, id);
        if (from != address(0)) revert ERC721InvalidSender(address(0));
    }

    function _safeMint(address to, uint256 id) internal {
        _mint(to, id);
        ERC721Utils.checkOnERC721Received(msg.sender, address(0), to, id, "");
    }

    function _burn(uint256 id) internal {
        _requireOwned(id);
        _update(address(0), id);
    }

    function _transfer(address from, address to, uint256 id) internal {
        if (to == address(0)) revert ERC721InvalidReceiver(to);
        address owner = _update(to, id);
        if (owner == address(0)) revert ERC721NonexistentToken(id);
        if (owner != from) revert ERC721IncorrectOwner(from, id, owner);
    }

    /// @dev Mints a work by its sale, without writing that the artist had it in between.
    function _mintThrough(address artist, address buyer, uint256 id) internal {
        _words[id] = _words[id].moved(buyer);
        ++_balances[buyer];

        _noteTransfer(address(0), artist, id);
        _noteTransfer(artist, buyer, id);
    }

    /// @dev A mint keeps the epoch: what its artist had signed stays good. Everything else ends it.
    function _update(address to, uint256 id) internal returns (address from) {
        OwnerWord word = _words[id];
        from = word.owner();
        if (word.isAuctioned()) revert IArtworks.ArtworkAuctioned(id);

        if (from == address(0)) {
            _words[id] = OwnerWord.wrap(uint256(uint160(to)) << 96 | word.epoch());
        } else {
            _words[id] = word.moved(to);
            --_balances[from];
        }
        if (to != address(0)) ++_balances[to];

        _noteTransfer(from, to, id);
    }

    function _ownerOf(uint256 id) internal view returns (address) {
        return _words[id].owner();
    }

    function _requireOwned(uint256 id) internal view returns (address owner) {
        owner = _ownerOf(id);
        if (owner == address(0)) revert ERC721NonexistentToken(id);
    }

    function _getApproved(uint256 id) internal view returns (address) {
        SingleApproval memory approval = _approvals[id];
        uint24 epoch = _words[id].epoch();
        bool holds = approval.epoch == epoch && epoch != OwnerWordLibrary.LAST_EPOCH;
        return holds ? approval.to : address(0);
    }

    function _isAuthorized(address owner, address spender, uint256 id)
        internal
        view
        returns (bool)
    {
        return spender == owner || isApprovedForAll[owner][spender] || _getApproved(id) == spender;
    }

    function _checkAuthorized(address owner, address spender, uint256 id) internal view {
        if (!_isAuthorized(owner, spender, id)) revert ERC721InsufficientApproval(spender, id);
    }

    function _noteTransfer(address from, address to, uint256 id) private {
        emit Transfer(from, to, id);
        _link(Transfer.selector, id, from, to, 0);
    }
}
