// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Signatures} from "../common/Signatures.sol";
import {BoardChange, BoardState, CuratorApproval, ICuratorBoard} from "./ICuratorBoard.sol";
import {CuratorList, CuratorListLibrary} from "./types/CuratorList.sol";

/// @title Part of the curator board: who the curators are, their standards, and what they sign
/// @notice See {ICuratorBoard}.
abstract contract CuratorSet is ICuratorBoard, Signatures {
    bytes32 private constant CHANGE_TYPEHASH = keccak256(
        "BoardChange(address[] admitted,address[] dismissed,uint8 quorum,bytes32 standardsHash,uint32 epoch)"
    );
    bytes32 private constant CHANGE_APPROVAL_TYPEHASH = keccak256(
        "ChangeApproval(BoardChange change,uint40 deadline)BoardChange(address[] admitted,address[] dismissed,uint8 quorum,bytes32 standardsHash,uint32 epoch)"
    );

    /// @dev One word. Nobody lives to see 2^24 changes.
    struct Board {
        CuratorList curators;
        uint8 quorum;
        uint24 epoch;
        uint24 standardsVersion;
        uint40 standardsSince;
    }

    /// @inheritdoc ICuratorBoard
    uint32 public immutable NOTICE;

    Board private _board;
    /// @inheritdoc ICuratorBoard
    mapping(uint32 version => bytes32 standardsHash) public standardsHashOf;

    constructor(address[] memory curators, uint8 quorum, bytes32 standardsHash, uint32 notice) {
        NOTICE = notice;
        address[] memory nobody = new address[](0);
        Board memory board = Board(CuratorList.wrap(address(0)), 0, 0, 0, 0);
        _setCurators(board, CuratorListLibrary.changed(nobody, curators, nobody), quorum);
        _setStandards(board, standardsHash);
        _board = board;

        emit BoardChanged(0, curators, nobody, quorum, board.standardsVersion, standardsHash);
    }

    /// @inheritdoc ICuratorBoard
    function change(BoardChange calldata change_, CuratorApproval[] calldata approvals) external {
        Board memory board = _board;
        if (change_.epoch != board.epoch) revert BoardChangeStale(change_.epoch, board.epoch);
        address[] memory curators = board.curators.load();
        uint256 majority = curators.length / 2 + 1;
        if (approvals.length < majority) revert ApprovalsMissing(approvals.length, majority);
        bytes32 changeHash = _hash(change_);
        _requireApprovals(CHANGE_APPROVAL_TYPEHASH, changeHash, address(0), curators, approvals);
        curators = CuratorListLibrary.changed(curators, change_.admitted, change_.dismissed);

        ++board.epoch;
        _setCurators(board, curators, change_.quorum);
        if (change_.standardsHash != 0) _setStandards(board, change_.standardsHash);
        _board = board;

        emit BoardChanged(
            board.epoch,
            change_.admitted,
            change_.dismissed,
            change_.quorum,
            board.standardsVersion,
            standardsHashOf[board.standardsVersion]
        );
    }

    /// @inheritdoc ICuratorBoard
    function isCurator(address account) public view returns (bool) {
        return _board.curators.has(account);
    }

    /// @inheritdoc ICuratorBoard
    function state() external view returns (BoardState memory) {
        Board memory board = _board;
        return BoardState({
            curators: uint8(board.curators.count()),
            quorum: board.quorum,
            epoch: board.epoch,
            standardsVersion: board.standardsVersion,
            standardsSince: board.standardsSince
        });
    }

    function _quorum() internal view returns (uint256) {
        return _board.quorum;
    }

    /// @dev The board as it is, if a work may still be admitted by these standards.
    function _requireStandards(uint32 version) internal view returns (Board memory board) {
        board = _board;
        uint256 current = board.standardsVersion;
        bool isNoticed = version + uint256(1) == current && version != 0
            && block.timestamp < uint256(board.standardsSince) + NOTICE;
        if (version != current && !isNoticed) revert StandardsOutdated(version, uint32(current));
    }

    /// @dev Approvals rise as the curators do, so one pass finds every signer among those that are
    /// left, and nobody twice whatever the form of the signatures.
    /// @param excluded Whose approval does not count.
    function _requireApprovals(
        bytes32 typehash,
        bytes32 structHash,
        address excluded,
        address[] memory curators,
        CuratorApproval[] calldata approvals
    ) internal view {
        uint256 place = 0;
        address previous = address(0);
        for (uint256 i = 0; i < approvals.length; ++i) {
            CuratorApproval calldata approval = approvals[i];
            address curator = approval.curator;
            while (place < curators.length && curators[place] != curator) ++place;
            if (place == curators.length || curator == excluded) {
                if (curator <= previous) revert CuratorsUnordered(previous, curator);
                revert CuratorInvalid(curator);
            }
            uint40 deadline = approval.deadline;
            _requireInTime(deadline);
            bytes32 approvalHash = keccak256(abi.encode(typehash, structHash, deadline));
            _requireSignature(curator, approvalHash, approval.signature);
            previous = curator;
            ++place;
        }
    }

    function _setStandards(Board memory board, bytes32 standardsHash) private {
        board.standardsSince = uint40(block.timestamp);
        standardsHashOf[++board.standardsVersion] = standardsHash;
    }

    function _setCurators(Board memory board, address[] memory curators, uint8 quorum) private {
        if (quorum == 0 || quorum > curators.length) {
            revert CuratorQuorumInvalid(quorum, curators.length);
        }

        board.quorum = quorum;
        board.curators = CuratorListLibrary.store(curators);
    }

    function _hash(BoardChange calldata change_) private pure returns (bytes32) {
        return keccak256(
            abi.encode(
                CHANGE_TYPEHASH,
                keccak256(abi.encodePacked(change_.admitted)),
                keccak256(abi.encodePacked(change_.dismissed)),
                change_.quorum,
                change_.standardsHash,
                change_.epoch
            )
        );
    }
}
