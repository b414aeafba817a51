// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {CuratorBoard} from "../provenance/CuratorBoard.sol";
import {Artwork, ArtworkRecord, ArtworkState} from "../provenance/IArtworks.sol";
import {CuratorApproval} from "../provenance/ICuratorBoard.sol";
import {ArtworkHash} from "../provenance/types/ArtworkHash.sol";

/// @title As much of the contract of artworks as its board asks for
/// @notice For tests: anyone writes records and owners.
contract ArtworksMock {
    CuratorBoard public immutable BOARD;

    mapping(uint256 id => ArtworkRecord) private _records;
    mapping(uint256 id => address owner) private _owners;
    /// @notice How often a record was revoked, and in which case the last time.
    mapping(uint256 id => uint256 times) public revocations;
    mapping(uint256 id => bytes32 caseId) public revokedIn;
    /// @notice What `revoke` calls the board with.
    bytes public data;
    /// @notice Whether that call succeeded, and what it returned.
    bool public succeeded;
    bytes public answer;

    constructor(
        address[] memory curators,
        uint8 quorum,
        bytes32 standardsHash,
        uint256 bond,
        uint32 commitPeriod,
        uint32 revealPeriod,
        uint32 notice
    ) {
        BOARD = new CuratorBoard(
            curators, quorum, standardsHash, bond, commitPeriod, revealPeriod, notice
        );
    }

    function setRecord(uint256 id, address artist, uint64 pHash) external {
        _records[id] = ArtworkRecord(artist, pHash, 0, false, false);
    }

    function setOwner(uint256 id, address owner) external {
        _owners[id] = owner;
    }

    function setRevoked(uint256 id) external {
        _records[id].isRevoked = true;
    }

    function callOnRevoke(bytes calldata data_) external {
        data = data_;
    }

    function revoke(uint256 id, bytes32 caseId) external {
        require(msg.sender == address(BOARD) && !_records[id].isRevoked);
        _records[id].isRevoked = true;
        ++revocations[id];
        revokedIn[id] = caseId;
        if (data.length != 0) (succeeded, answer) = address(BOARD).call(data);
    }

    /// @notice What a registration asks the board.
    function requireAdmitted(Artwork calldata artwork, CuratorApproval[] calldata approvals)
        external
        view
    {
        BOARD.requireAdmitted(
            ArtworkHash.hash(artwork), artwork.artist, artwork.standardsVersion, approvals
        );
    }

    function recordOf(uint256 id) external view returns (ArtworkRecord memory) {
        return _records[id];
    }

    function stateOf(uint256 id) external view returns (ArtworkState memory state) {
        state.owner = _owners[id];
    }
}
