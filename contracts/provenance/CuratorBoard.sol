// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {CuratorCases} from "./CuratorCases.sol";
import {CuratorSet} from "./CuratorSet.sol";
import {CaseStatus, CuratorApproval, CuratorCase, Ground, ICuratorBoard} from "./ICuratorBoard.sol";
import {ArtworkHash} from "./types/ArtworkHash.sol";
import {CaseWordLibrary} from "./types/CaseWord.sol";

/// @title Curator board: a community that says what is registered, and hears complaints
/// @notice See {ICuratorBoard}. This part admits works, ends cases and pays bonds. Made by the
/// contract of artworks, which it serves.
contract CuratorBoard is CuratorCases {
    /// @inheritdoc ICuratorBoard
    mapping(address account => uint256 amount) public creditOf;

    constructor(
        address[] memory curators,
        uint8 quorum,
        bytes32 standardsHash,
        uint256 bond,
        uint32 commitPeriod,
        uint32 revealPeriod,
        uint32 notice
    )
        EIP712("CuratorBoard", "1")
        CuratorSet(curators, quorum, standardsHash, notice)
        CuratorCases(bond, commitPeriod, revealPeriod)
    {}

    /// @inheritdoc ICuratorBoard
    function conclude(bytes32 caseId) external {
        CuratorCase memory case_ = _requireOpen(caseId);
        uint256 opensAt = uint256(case_.openedAt) + COMMIT_PERIOD + REVEAL_PERIOD;
        _requireStep(caseId, opensAt, type(uint256).max);

        case_.status = _statusFrom(case_.ayes, case_.noes);
        _cases[caseId] = CaseWordLibrary.pack(case_);
        uint256 id = challengedOf[caseId];
        delete _openCases[id][case_.ground];
        _settleBonds(caseId, case_);

        emit CaseConcluded(caseId, id, case_.status, case_.ayes, case_.noes);

        if (case_.status != CaseStatus.Upheld || case_.ground == Ground.Submission) return;
        // Another case may have been faster; this one is paid all the same.
        if (!ARTWORKS.recordOf(id).isRevoked) ARTWORKS.revoke(id, caseId);
    }

    /// @inheritdoc ICuratorBoard
    function claimReward(bytes32 caseId) external {
        CuratorCase memory case_ = _requireCase(caseId);
        if (case_.status == CaseStatus.Open) revert CaseNotConcluded(caseId);
        uint256 amount = _shareIn(case_);
        if (amount == 0 || _votes[caseId][msg.sender] != REVEALED) {
            revert VoteRewardEmpty(caseId, msg.sender);
        }

        delete _votes[caseId][msg.sender];
        creditOf[msg.sender] += amount;

        emit VoteRewarded(caseId, msg.sender, amount);
    }

    /// @inheritdoc ICuratorBoard
    function withdraw(address to) external {
        uint256 amount = creditOf[msg.sender];
        if (amount == 0) revert BondEmpty(msg.sender);
        if (to == address(0)) revert BondRefused(to, amount);

        delete creditOf[msg.sender];

        emit BondWithdrawn(msg.sender, to, amount);

        // With all gas, at the cost of who asked for it: accounts with code need more than 2,300.
        // slither-disable-next-line low-level-calls
        (bool isPaid,) = to.call{value: amount}("");
        if (!isPaid) revert BondRefused(to, amount);
    }

    /// @inheritdoc ICuratorBoard
    function requireAdmitted(
        bytes32 artworkHash,
        address artist,
        uint32 standardsVersion,
        CuratorApproval[] calldata approvals
    ) external view {
        Board memory board = _requireStandards(standardsVersion);
        // No challenge has the hash of a work: it is one of fewer words.
        bool isVote = approvals.length == 0;
        if (isVote && _cases[artworkHash].status() == CaseStatus.Upheld) return;
        if (approvals.length < board.quorum) {
            revert ApprovalsMissing(approvals.length, board.quorum);
        }
        _requireApprovals(
            ArtworkHash.APPROVAL_TYPEHASH, artworkHash, artist, board.curators.load(), approvals
        );
    }

    /// @dev Credits all bonds but what the voters get, which they claim themselves.
    function _settleBonds(bytes32 caseId, CuratorCase memory case_) private {
        address defender = defenderOf[caseId];
        if (case_.status == CaseStatus.Undecided) {
            _credit(case_.opener, BOND);
            if (case_.isDefended) _credit(defender, BOND);
            return;
        }
        uint256 bonds = case_.isDefended ? 2 * BOND : BOND;
        uint256 shares = _shareIn(case_) * (uint256(case_.ayes) + case_.noes);
        bool isDefenderTheWinner = case_.isDefended && case_.status == CaseStatus.Rejected;
        _credit(isDefenderTheWinner ? defender : case_.opener, bonds - shares);
    }

    function _credit(address account, uint256 amount) private {
        if (amount != 0) creditOf[account] += amount;
    }

    function _statusFrom(uint256 ayes, uint256 noes) private view returns (CaseStatus) {
        uint256 quorum = _quorum();
        if (ayes + noes < quorum) return CaseStatus.Undecided;
        return ayes > noes && ayes >= quorum ? CaseStatus.Upheld : CaseStatus.Rejected;
    }

    /// @dev What each who revealed a vote gets of the loser's bond, half of it if somebody wins.
    function _shareIn(CuratorCase memory case_) private view returns (uint256) {
        bool isLost = case_.status == CaseStatus.Rejected || case_.status == CaseStatus.Upheld
            && case_.isDefended;
        if (!isLost) return 0;
        return (case_.isDefended ? BOND / 2 : BOND) / (uint256(case_.ayes) + case_.noes);
    }
}
