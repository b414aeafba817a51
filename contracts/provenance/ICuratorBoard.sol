// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISignatures} from "../common/ISignatures.sol";
import {Artwork, IArtworks} from "./IArtworks.sol";

/// @notice A curator's word beside the signature (EIP-712): `Approval(Artwork artwork,uint40
/// deadline)` of a work, `ChangeApproval(BoardChange change,uint40 deadline)` of a change.
struct CuratorApproval {
    address curator;
    uint40 deadline;
    bytes signature;
}

/// @notice A change of the board that a majority of its curators signs (EIP-712).
/// @param quorum Curators who have to approve a work from now on.
/// @param standardsHash keccak256 of the new standards; 0: they stay.
/// @param epoch The board's, which the change ends, so that it happens once.
struct BoardChange {
    address[] admitted;
    address[] dismissed;
    uint8 quorum;
    bytes32 standardsHash;
    uint32 epoch;
}

/// @notice The board as it is.
/// @param curators How many there are, at most 64.
/// @param epoch Counts changes, from 0.
/// @param standardsVersion Counts standards, from 1.
/// @param standardsSince Seconds since 1970.
struct BoardState {
    uint8 curators;
    uint8 quorum;
    uint32 epoch;
    uint32 standardsVersion;
    uint40 standardsSince;
}

/// @notice Why a work's record is challenged; `Submission` is no challenge.
/// @dev NearDuplicate cites an earlier token whose hash is near; EarlierWork evidence of an earlier
/// date; FalseRecord a hash or a statement that is not the file's; Standards the community's.
enum Ground {
    None,
    Submission,
    NearDuplicate,
    EarlierWork,
    FalseRecord,
    Standards
}

enum CaseStatus {
    None,
    Open,
    Upheld,
    Rejected,
    Undecided
}

/// @notice A question put to the curators, in one word.
/// @param opener The artist who submitted, or the challenger.
/// @param openedAt Seconds since 1970.
/// @param ayes Revealed votes for the opener.
struct CuratorCase {
    address opener;
    uint40 openedAt;
    uint8 ayes;
    uint8 noes;
    Ground ground;
    CaseStatus status;
    bool isDefended;
}

/// @title Curator board: a community that says what is registered, and hears complaints
/// @notice Curators approve works by signature, without gas; or by a vote in two steps (commit,
/// then reveal), which an artist may ask for and which decides challenges. A record found against
/// is flagged for ever; the token stays with its owner.
/// @dev A case runs: commit for `COMMIT_PERIOD` seconds, reveal for `REVEAL_PERIOD`, then anyone
/// concludes it. It is undecided if fewer than `quorum` votes were revealed; else upheld if more
/// ayes than noes were, and at least `quorum` ayes; else rejected. The quorum is that of the end.
/// Whoever commits and whoever reveals has to be a curator then; what was revealed stays. The
/// artist, the opener and the defender have no vote. A commitment is keccak256(abi.encode(caseId,
/// curator, isAye, salt)), so that a copied one is worth nothing.
/// Whoever loses pays: half the bond to the winner, half to those who revealed a vote, whichever;
/// if a record that nobody defended stands, they get it all. Shares are equal, rounded down; what
/// is left over goes to the winner, or else back to the opener. All other bonds are given back:
/// the winner's, both of an undecided case, that of a work that was admitted.
/// The case of a submission is the struct hash of its work, once for ever. That of a challenge is
/// keccak256(abi.encode(id, ground, earlierId, evidenceHash, opener, openedAt)).
interface ICuratorBoard is ISignatures {
    event BoardChanged(
        uint32 indexed epoch,
        address[] admitted,
        address[] dismissed,
        uint8 quorum,
        uint32 standardsVersion,
        bytes32 standardsHash
    );
    /// @notice A record was challenged. A submission is announced by `ArtworkSubmitted` alone.
    event CaseOpened(
        bytes32 indexed caseId,
        uint256 indexed id,
        address indexed opener,
        Ground ground,
        uint256 earlierId,
        bytes32 evidenceHash
    );
    /// @notice All that curators have to see of a work that is submitted openly.
    event ArtworkSubmitted(bytes32 indexed caseId, address indexed artist, Artwork artwork);
    event CaseDefended(bytes32 indexed caseId, address indexed defender);
    event VoteCommitted(bytes32 indexed caseId, address indexed curator, bytes32 commitment);
    event VoteRevealed(bytes32 indexed caseId, address indexed curator, bool isAye);
    event CaseConcluded(
        bytes32 indexed caseId, uint256 indexed id, CaseStatus status, uint8 ayes, uint8 noes
    );
    /// @notice A curator took its share of a lost bond (wei), as a credit.
    event VoteRewarded(bytes32 indexed caseId, address indexed curator, uint256 amount);
    event BondWithdrawn(address indexed account, address indexed to, uint256 amount);

    error CuratorOnly(address caller);
    /// @notice Not a curator now, or the artist of the work.
    error CuratorInvalid(address curator);
    /// @notice Approvals have to be by rising address, each curator once.
    error CuratorsUnordered(address previous, address curator);
    /// @notice To be admitted, but zero, a curator already, listed twice or one above 64; or to be
    /// dismissed, but no curator.
    error CuratorListInvalid(address curator);
    error CuratorQuorumInvalid(uint256 quorum, uint256 curators);
    error ApprovalsMissing(uint256 given, uint256 wanted);
    error BoardChangeStale(uint32 given, uint32 epoch);
    error BoardPeriodsInvalid(uint32 commitPeriod, uint32 revealPeriod, uint32 notice);
    error StandardsOutdated(uint32 given, uint32 version);
    error BondMismatch(uint256 sent, uint256 bond);
    error CaseUnknown(bytes32 caseId);
    error CaseOpenedBefore(bytes32 caseId);
    /// @notice The step of the case is not due at this time: from `opensAt`, before `closesAt`
    /// (2^256 - 1: for ever).
    error CaseStepClosed(bytes32 caseId, uint256 opensAt, uint256 closesAt, uint256 timestamp);
    error CaseConcludedBefore(bytes32 caseId);
    error CaseNotConcluded(bytes32 caseId);
    error CaseDefendedBefore(bytes32 caseId);
    error CaseDefenderOnly(bytes32 caseId, address caller);
    /// @notice The curator is a party to the case.
    error CasePartial(bytes32 caseId, address curator);
    error ChallengeGroundInvalid(Ground ground);
    /// @notice The hashes differ in `distance` bits; 65: there are no two hashes to compare.
    error ChallengeUnfounded(uint256 id, uint256 earlierId, uint256 distance);
    error SubmissionArtistOnly(address artist, address caller);
    error VoteCommittedBefore(bytes32 caseId, address curator);
    /// @notice Not what the curator committed; or a commitment that is no hash.
    error VoteMismatch(bytes32 caseId, address curator);
    error VoteRewardEmpty(bytes32 caseId, address curator);
    error BondEmpty(address account);
    /// @notice `to` did not take the ether, or is zero.
    error BondRefused(address to, uint256 amount);

    /// @notice Carries out a change that more than half of the curators signed. Anyone.
    /// @param approvals By rising address of the curators before the change.
    function change(BoardChange calldata change_, CuratorApproval[] calldata approvals) external;

    /// @notice Asks the curators for a vote on a work. The artist, who pays `BOND` with it.
    /// @return caseId The work's struct hash.
    function submit(Artwork calldata artwork) external payable returns (bytes32 caseId);

    /// @notice Challenges a record; pays `BOND` with it. One open case per work and ground.
    /// @dev Reverts with `ArtworkUnknown` or `ArtworkRevokedBefore` of {IArtworks} if there is no
    /// record to challenge.
    /// @param earlierId For `NearDuplicate` a token whose hash is at most `NEAR_DISTANCE` bits
    /// away; else 0 or any token that matters.
    /// @param evidenceHash keccak256 of the evidence, which the challenger publishes.
    function challenge(uint256 id, Ground ground, uint256 earlierId, bytes32 evidenceHash)
        external
        payable
        returns (bytes32 caseId);

    /// @notice Stands up for the record with an equal bond. The artist or the owner, while votes
    /// are committed.
    function defend(bytes32 caseId) external payable;

    /// @notice Commits the caller's vote without showing it.
    function commitVote(bytes32 caseId, bytes32 commitment) external;

    /// @notice Shows the vote that the caller committed.
    function revealVote(bytes32 caseId, bool isAye, bytes32 salt) external;

    /// @notice Counts the votes, settles the bonds and, if a challenge was upheld, flags the
    /// record.
    function conclude(bytes32 caseId) external;

    /// @notice Credits the caller's share of the lost bond of a case in which it revealed a vote.
    function claimReward(bytes32 caseId) external;

    /// @notice Pays out the caller's bonds and shares.
    function withdraw(address to) external;

    /// @notice Reverts unless enough curators approved the work, or a vote admitted it, by the
    /// current standards or, during their `NOTICE`, by those before.
    /// @dev Every approval has to hold, also those beyond the quorum.
    /// @param artworkHash Struct hash of the work.
    /// @param approvals None: it has to be admitted by vote.
    function requireAdmitted(
        bytes32 artworkHash,
        address artist,
        uint32 standardsVersion,
        CuratorApproval[] calldata approvals
    ) external view;

    function isCurator(address account) external view returns (bool);
    function state() external view returns (BoardState memory);
    function standardsHashOf(uint32 version) external view returns (bytes32);
    function caseOf(bytes32 caseId) external view returns (CuratorCase memory);
    /// @notice The token of a challenge; 0 of a submission.
    function challengedOf(bytes32 caseId) external view returns (uint256 id);
    /// @notice Who stood up for the record; 0: nobody.
    function defenderOf(bytes32 caseId) external view returns (address);
    /// @notice The case that is open about a work on a ground; 0: none.
    function openCaseOf(uint256 id, Ground ground) external view returns (bytes32 caseId);
    /// @notice A curator's commitment; 0 before it, and after it was shown.
    function commitmentOf(bytes32 caseId, address curator) external view returns (bytes32);
    /// @notice Wei that `account` may withdraw.
    function creditOf(address account) external view returns (uint256);
    // solhint-disable-next-line func-name-mixedcase -- an immutable
    function ARTWORKS() external view returns (IArtworks);
    /// @notice Wei that opening or defending a case costs until it is concluded.
    // solhint-disable-next-line func-name-mixedcase -- an immutable
    function BOND() external view returns (uint256);
    /// @notice Seconds; at least an hour, as are the others.
    // solhint-disable-next-line func-name-mixedcase -- an immutable
    function COMMIT_PERIOD() external view returns (uint32);
    // solhint-disable-next-line func-name-mixedcase -- an immutable
    function REVEAL_PERIOD() external view returns (uint32);
    /// @notice Seconds for which the standards before the current ones are accepted too.
    // solhint-disable-next-line func-name-mixedcase -- an immutable
    function NOTICE() external view returns (uint32);
    /// @notice Bits in which the perceptual hashes of near-duplicates may differ.
    // solhint-disable-next-line func-name-mixedcase -- a constant
    function NEAR_DISTANCE() external view returns (uint256);
}
