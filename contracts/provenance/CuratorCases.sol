// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {CuratorSet} from "./CuratorSet.sol";
import {Artwork, ArtworkRecord, IArtworks} from "./IArtworks.sol";
import {CaseStatus, CuratorCase, Ground, ICuratorBoard} from "./ICuratorBoard.sol";
import {ArtworkHash} from "./types/ArtworkHash.sol";
import {CaseWord, CaseWordLibrary} from "./types/CaseWord.sol";

/// @title Part of the curator board: cases, and the votes on them
/// @notice See {ICuratorBoard}.
abstract contract CuratorCases is CuratorSet {
    /// @inheritdoc ICuratorBoard
    uint256 public constant NEAR_DISTANCE = 8;

    /// @dev What stands in a commitment's place once it was shown.
    bytes32 internal constant REVEALED = bytes32(uint256(1));
    /// @dev More bits than there are.
    uint256 private constant INCOMPARABLE = 65;
    uint256 private constant LEAST_PERIOD = 1 hours;

    /// @inheritdoc ICuratorBoard
    IArtworks public immutable ARTWORKS;
    /// @inheritdoc ICuratorBoard
    uint256 public immutable BOND;
    /// @inheritdoc ICuratorBoard
    uint32 public immutable COMMIT_PERIOD;
    /// @inheritdoc ICuratorBoard
    uint32 public immutable REVEAL_PERIOD;

    mapping(bytes32 caseId => CaseWord) internal _cases;
    /// @inheritdoc ICuratorBoard
    mapping(bytes32 caseId => uint256 id) public challengedOf;
    /// @inheritdoc ICuratorBoard
    mapping(bytes32 caseId => address defender) public defenderOf;
    mapping(uint256 id => mapping(Ground ground => bytes32 caseId)) internal _openCases;
    /// @dev A commitment; `REVEALED`; 0 before and after.
    mapping(bytes32 caseId => mapping(address curator => bytes32 vote)) internal _votes;

    constructor(uint256 bond, uint32 commitPeriod, uint32 revealPeriod) {
        if (commitPeriod < LEAST_PERIOD || revealPeriod < LEAST_PERIOD || NOTICE < LEAST_PERIOD) {
            revert BoardPeriodsInvalid(commitPeriod, revealPeriod, NOTICE);
        }
        ARTWORKS = IArtworks(msg.sender);
        BOND = bond;
        COMMIT_PERIOD = commitPeriod;
        REVEAL_PERIOD = revealPeriod;
    }

    /// @inheritdoc ICuratorBoard
    function submit(Artwork calldata artwork) external payable returns (bytes32 caseId) {
        if (msg.sender != artwork.artist) revert SubmissionArtistOnly(artwork.artist, msg.sender);
        caseId = ArtworkHash.hash(artwork);
        _open(caseId, Ground.Submission);

        emit ArtworkSubmitted(caseId, msg.sender, artwork);
    }

    /// @inheritdoc ICuratorBoard
    function challenge(uint256 id, Ground ground, uint256 earlierId, bytes32 evidenceHash)
        external
        payable
        returns (bytes32 caseId)
    {
        if (ground <= Ground.Submission) revert ChallengeGroundInvalid(ground);
        bytes32 other = _openCases[id][ground];
        if (other != 0) revert CaseOpenedBefore(other);
        ArtworkRecord memory record = ARTWORKS.recordOf(id);
        if (record.artist == address(0)) revert IArtworks.ArtworkUnknown(id);
        if (record.isRevoked) revert IArtworks.ArtworkRevokedBefore(id);
        if (ground == Ground.NearDuplicate) _requireNear(id, record.pHash, earlierId);

        caseId =
            keccak256(abi.encode(id, ground, earlierId, evidenceHash, msg.sender, block.timestamp));
        _open(caseId, ground);
        challengedOf[caseId] = id;
        _openCases[id][ground] = caseId;

        emit CaseOpened(caseId, id, msg.sender, ground, earlierId, evidenceHash);
    }

    /// @inheritdoc ICuratorBoard
    function defend(bytes32 caseId) external payable {
        CuratorCase memory case_ = _requireOpen(caseId);
        _requireCommitStep(caseId, case_);
        if (case_.isDefended) revert CaseDefendedBefore(caseId);
        if (!_mayDefend(caseId, case_.ground)) revert CaseDefenderOnly(caseId, msg.sender);
        _requireBond();

        case_.isDefended = true;
        _cases[caseId] = CaseWordLibrary.pack(case_);
        defenderOf[caseId] = msg.sender;

        emit CaseDefended(caseId, msg.sender);
    }

    /// @inheritdoc ICuratorBoard
    function commitVote(bytes32 caseId, bytes32 commitment) external {
        CuratorCase memory case_ = _requireOpen(caseId);
        _requireCommitStep(caseId, case_);
        _requireVoter(caseId, case_);
        if (commitment <= REVEALED) revert VoteMismatch(caseId, msg.sender);
        if (_votes[caseId][msg.sender] != 0) revert VoteCommittedBefore(caseId, msg.sender);

        _votes[caseId][msg.sender] = commitment;

        emit VoteCommitted(caseId, msg.sender, commitment);
    }

    /// @inheritdoc ICuratorBoard
    function revealVote(bytes32 caseId, bool isAye, bytes32 salt) external {
        CuratorCase memory case_ = _requireOpen(caseId);
        uint256 opensAt = uint256(case_.openedAt) + COMMIT_PERIOD;
        _requireStep(caseId, opensAt, opensAt + REVEAL_PERIOD);
        _requireVoter(caseId, case_);
        if (_votes[caseId][msg.sender] != keccak256(abi.encode(caseId, msg.sender, isAye, salt))) {
            revert VoteMismatch(caseId, msg.sender);
        }

        _votes[caseId][msg.sender] = REVEALED;
        if (isAye) ++case_.ayes;
        else ++case_.noes;
        _cases[caseId] = CaseWordLibrary.pack(case_);

        emit VoteRevealed(caseId, msg.sender, isAye);
    }

    /// @inheritdoc ICuratorBoard
    function caseOf(bytes32 caseId) external view returns (CuratorCase memory) {
        return _cases[caseId].unpack();
    }

    /// @inheritdoc ICuratorBoard
    function openCaseOf(uint256 id, Ground ground) external view returns (bytes32 caseId) {
        return _openCases[id][ground];
    }

    /// @inheritdoc ICuratorBoard
    function commitmentOf(bytes32 caseId, address curator) external view returns (bytes32) {
        bytes32 vote = _votes[caseId][curator];
        return vote == REVEALED ? bytes32(0) : vote;
    }

    function _requireOpen(bytes32 caseId) internal view returns (CuratorCase memory case_) {
        case_ = _requireCase(caseId);
        if (case_.status != CaseStatus.Open) revert CaseConcludedBefore(caseId);
    }

    function _requireCase(bytes32 caseId) internal view returns (CuratorCase memory case_) {
        case_ = _cases[caseId].unpack();
        if (case_.status == CaseStatus.None) revert CaseUnknown(caseId);
    }

    function _requireStep(bytes32 caseId, uint256 opensAt, uint256 closesAt) internal view {
        if (block.timestamp < opensAt || block.timestamp >= closesAt) {
            revert CaseStepClosed(caseId, opensAt, closesAt, block.timestamp);
        }
    }

    function _open(bytes32 caseId, Ground ground) private {
        _requireBond();
        if (_cases[caseId].status() != CaseStatus.None) revert CaseOpenedBefore(caseId);

        _cases[caseId] = CaseWordLibrary.pack(
            CuratorCase({
                opener: msg.sender,
                openedAt: uint40(block.timestamp),
                ayes: 0,
                noes: 0,
                ground: ground,
                status: CaseStatus.Open,
                isDefended: false
            })
        );
    }

    function _requireBond() private view {
        if (msg.value != BOND) revert BondMismatch(msg.value, BOND);
    }

    function _requireCommitStep(bytes32 caseId, CuratorCase memory case_) private view {
        _requireStep(caseId, case_.openedAt, uint256(case_.openedAt) + COMMIT_PERIOD);
    }

    /// @dev Nobody for a submission, which has no record yet.
    function _mayDefend(bytes32 caseId, Ground ground) private view returns (bool) {
        if (ground == Ground.Submission) return false;
        uint256 id = challengedOf[caseId];
        return
            msg.sender == ARTWORKS.recordOf(id).artist || msg.sender == ARTWORKS.stateOf(id).owner;
    }

    /// @dev Asked at both steps: a curator may be dismissed, or become the defender, in between.
    /// The artist of a submission is its opener.
    function _requireVoter(bytes32 caseId, CuratorCase memory case_) private view {
        if (!isCurator(msg.sender)) revert CuratorOnly(msg.sender);
        bool isParty = msg.sender == case_.opener || msg.sender == defenderOf[caseId]
            || case_.ground != Ground.Submission
            && msg.sender == ARTWORKS.recordOf(challengedOf[caseId]).artist;
        if (isParty) revert CasePartial(caseId, msg.sender);
    }

    /// @dev A token that is not registered has no hash.
    function _requireNear(uint256 id, uint64 pHash, uint256 earlierId) private view {
        uint64 earlier = ARTWORKS.recordOf(earlierId).pHash;
        bool isComparable = earlierId != id && pHash != 0 && earlier != 0;
        uint256 distance = isComparable ? _ones(pHash ^ earlier) : INCOMPARABLE;
        if (distance > NEAR_DISTANCE) revert ChallengeUnfounded(id, earlierId, distance);
    }

    function _ones(uint64 bits) private pure returns (uint256 count) {
        for (; bits != 0; bits &= bits - 1) {
            ++count;
        }
    }
}
