// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SignedIntents} from "../common/SignedIntents.sol";
import {ArtworkToken} from "./ArtworkToken.sol";
import {Artwork, ArtworkRecord, ArtworkState, IArtworks} from "./IArtworks.sol";
import {CuratorApproval, ICuratorBoard} from "./ICuratorBoard.sol";
import {ArtworkHash} from "./types/ArtworkHash.sol";
import {RecordWord, RecordWordLibrary} from "./types/ArtworkWords.sol";

/// @title Registration of works
/// @notice See {IArtworks}.
abstract contract ArtworkRecords is ArtworkToken, SignedIntents, IArtworks {
    uint256 private constant ROYALTY_MAX_BPS = 2500;

    /// @inheritdoc IArtworks
    ICuratorBoard public immutable BOARD;

    mapping(uint256 id => RecordWord word) internal _records;

    constructor(ICuratorBoard board) {
        BOARD = board;
    }

    /// @inheritdoc IArtworks
    function register(
        Artwork calldata artwork,
        bytes calldata artistSignature,
        CuratorApproval[] calldata approvals,
        bool mints
    ) external returns (uint256 id) {
        _requireInTime(artwork.deadline);
        id = _requireFree(artwork.fileKeccak, artwork.succession);
        if (artwork.royaltyBps > ROYALTY_MAX_BPS) {
            revert ArtworkRoyaltyTooHigh(artwork.royaltyBps);
        }
        bytes32 artworkHash = ArtworkHash.hash(artwork);
        address artist = artwork.artist;
        _requireSignature(artist, artworkHash, artistSignature);
        BOARD.requireAdmitted(artworkHash, artist, artwork.standardsVersion, approvals);

        _records[id] = RecordWordLibrary.pack(artist, artwork.pHash, artwork.royaltyBps);

        emit ArtworkRegistered(id, artist, artworkHash, artwork);
        _link(ArtworkRegistered.selector, id, artist, address(0), artworkHash);
        if (mints) _mint(artist, id);
    }

    /// @inheritdoc IArtworks
    function mint(uint256 id) external {
        _mint(_requireUnminted(id), id);
    }

    /// @inheritdoc IArtworks
    function revoke(uint256 id, bytes32 caseId) external {
        if (msg.sender != address(BOARD)) revert ArtworkBoardOnly(msg.sender);
        RecordWord record = _requireRecord(id);
        if (record.isRevoked()) revert ArtworkRevokedBefore(id);

        _records[id] = record.revoked();
        _endAuction(id);
        _words[id] = _words[id].moved(_words[id].owner());

        emit ArtworkRevoked(id, caseId);
        emit MetadataUpdate(id);
        _link(ArtworkRevoked.selector, id, address(0), address(0), caseId);
    }

    /// @inheritdoc IArtworks
    function burn(uint256 id) external {
        if (msg.sender != _requireOwned(id)) revert ArtworkSellerOnly(id, msg.sender);

        _records[id] = _records[id].burned();
        _burn(id);
    }

    /// @inheritdoc IArtworks
    function recordOf(uint256 id) external view returns (ArtworkRecord memory) {
        return _records[id].unpack();
    }

    /// @inheritdoc IArtworks
    function stateOf(uint256 id) external view returns (ArtworkState memory) {
        return _words[id].unpack();
    }

    /// @inheritdoc IArtworks
    function historyHead() external view returns (bytes32) {
        return _historyHead;
    }

    /// @inheritdoc IArtworks
    function artworkHashOf(Artwork calldata artwork) external pure returns (bytes32) {
        return ArtworkHash.hash(artwork);
    }

    /// @inheritdoc IArtworks
    function idOf(bytes32 fileKeccak, uint8 succession) public pure returns (uint256 id) {
        id = uint256(fileKeccak);
        for (uint256 i = 0; i < succession; ++i) {
            id = uint256(keccak256(abi.encode(fileKeccak, id)));
        }
    }

    /// @dev Gives bidders back what they bid, if the work is auctioned.
    function _endAuction(uint256 id) internal virtual;

    /// @dev Who may sell: the owner, or the artist of a work that was not minted yet.
    function _sellerOf(uint256 id) internal view returns (address seller) {
        seller = _ownerOf(id);
        return seller == address(0) ? _requireUnminted(id) : seller;
    }

    function _requireSeller(uint256 id) internal view {
        if (msg.sender != _sellerOf(id)) revert ArtworkSellerOnly(id, msg.sender);
    }

    function _requireRecord(uint256 id) internal view returns (RecordWord record) {
        record = _records[id];
        if (record.isEmpty()) revert ArtworkUnknown(id);
    }

    function _requireUnrevoked(uint256 id) internal view {
        if (_records[id].isRevoked()) revert ArtworkRevokedBefore(id);
    }

    function _requireUnminted(uint256 id) private view returns (address artist) {
        RecordWord record = _requireRecord(id);
        _requireUnrevoked(id);
        if (_ownerOf(id) != address(0) || record.isBurned()) revert ArtworkMintedBefore(id);
        return record.artist();
    }

    /// @dev Only the end of a chain of revoked records is free, so no two that hold share a file.
    function _requireFree(bytes32 fileKeccak, uint8 succession) private view returns (uint256 id) {
        if (fileKeccak == 0) revert ArtworkFileInvalid();
        id = idOf(fileKeccak, succession);
        if (!_records[id].isEmpty()) revert ArtworkRegisteredBefore(id);
        if (succession == 0) return id;

        uint256 previous = idOf(fileKeccak, succession - 1);
        if (!_records[previous].isRevoked()) revert ArtworkNotRevoked(previous);
    }
}
