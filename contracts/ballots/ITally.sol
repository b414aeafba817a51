// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IBallotBox} from "./IBallotBox.sol";

/// @notice Where an election is, by time and by fact alone.
/// @dev KeyCeremony, Registration and Frozen end when it opens; an election that is not ready by
/// then is Cancelled. Tallied: every question has a result or is Void, and one has. Void: none has.
enum Phase {
    Unknown,
    KeyCeremony,
    Registration,
    Frozen,
    Open,
    Closed,
    Tallied,
    Cancelled,
    Void
}

/// @notice Why a question stays without a result.
/// @dev Turnout: all its ballots together are fewer than the minimum. Shares: too few trustees
/// decrypted in time.
enum VoidGround {
    None,
    Turnout,
    Shares
}

/// @notice Precincts whose ballots are decrypted as one sum.
/// @param firstPrecinct Inclusive, as the last.
/// @param ballots In all of them.
struct BallotGroup {
    uint16 firstPrecinct;
    uint16 lastPrecinct;
    uint256 ballots;
}

/// @title Tally: trustees decrypt sums of ballots, and a wrong count is refused
/// @notice After the election closes, precincts that have fewer ballots than the minimum turnout
/// are merged with neighbours: groups are runs of precincts from the first, each as short as the
/// minimum allows; what is left over at the end joins the last. Only the sum of a group is
/// decrypted. Trustees prove their shares; anyone posts the counts, which the shares then prove.
/// @dev Trustee j's share of a sum (A, B) is D = x_j A with a proof that it has the logarithm to A
/// that Y_j has to G (Chaum, Pedersen 1992): D(96) A1(96) A2(96) z(32). For a vector a trustee
/// gives one for each option, in their order; each is bound to the sum, its place and its number of
/// ballots (`SharesHash`). Counts are accepted if B - sum lambda_j D_j = m G, where for a choice
/// m = sum counts_i e_i with e = (0, 1, 2^b, 2^2b, ...), each count is below 2^b and all together
/// are the ballots; and for each option of a vector m is its count, at most the ballots. No other
/// counts satisfy that, if no more than 2^b - 1 ballots are in a sum, as {IElections.votersLimitOf}
/// makes sure. Errors of points and scalars are those of `Bls12381`.
/// A group's sums are read in one transaction: of a vector, its options times the precincts of the
/// group can be about 600, whatever the turnout (EIP-7825).
interface ITally {
    /// @param groupEnds The last precinct of each group: bit p of precinct p.
    /// @param ballots In all precincts.
    event QuestionClosed(
        uint64 indexed election, uint8 indexed question, uint64 groupEnds, uint256 ballots
    );
    event QuestionVoided(uint64 indexed election, uint8 indexed question, VoidGround ground);
    /// @notice The shares of trustee `index` were checked.
    event SharesPosted(
        uint64 indexed election,
        uint8 indexed question,
        uint8 indexed group,
        uint8 index,
        bytes shares
    );
    /// @notice The counts of a group are proved, by the shares of these trustees: posted before, or
    /// in this transaction's input.
    event GroupTallied(
        uint64 indexed election,
        uint8 indexed question,
        uint8 indexed group,
        uint16 trustees,
        uint32[] counts
    );

    error PhaseInvalid(uint64 election, Phase phase);
    error QuestionNotClosed(uint64 election, uint8 question);
    error QuestionClosedBefore(uint64 election, uint8 question);
    error QuestionIsVoid(uint64 election, uint8 question, VoidGround ground);
    /// @notice Every group has its counts, or shares enough for them; or has time for them.
    error QuestionNotVoid(uint64 election, uint8 question);
    error QuestionNotTallied(uint64 election, uint8 question);
    error GroupUnknown(uint64 election, uint8 question, uint8 group);
    error GroupTalliedBefore(uint64 election, uint8 question, uint8 group);
    error GroupNotTallied(uint64 election, uint8 question, uint8 group);
    /// @notice The caller is a contract, or an account with code.
    error TallyCallerInvalid(address caller);
    error SharesLate(uint64 election, uint40 sharesUntil);
    error SharesPostedBefore(uint64 election, uint8 question, uint8 group, uint8 index);
    error SharesMissing(uint64 election, uint8 question, uint8 group, uint8 index);
    /// @notice Not what the trustee posted.
    error SharesMismatch(uint64 election, uint8 question, uint8 group, uint8 index);
    error SharesLengthInvalid(uint256 length, uint256 expected);
    /// @notice A share or the counts do not hold, which are checked as one.
    error TallyInvalid(uint64 election, uint8 question, uint8 group);
    /// @notice A share does not hold.
    error SharesInvalid(uint64 election, uint8 question, uint8 group);
    /// @notice Not as many of the election's trustees as the threshold is.
    error TrusteesInvalid(uint64 election, uint16 trustees);
    error TrusteeUnknown(uint64 election, uint8 index);
    error CountsLengthInvalid(uint256 length, uint256 expected);
    /// @notice A count that no ballots can make.
    error CountInvalid(uint256 option, uint32 count, uint256 ballots);
    /// @notice The counts of a choice add up to `sum`.
    error CountsSumInvalid(uint256 sum, uint256 ballots);
    /// @notice Not the counts of the sum.
    error CountsInvalid(uint64 election, uint8 question, uint8 group);

    /// @notice Forms the groups of a question, or finds that too few voted. Anyone, once, when the
    /// election has closed.
    function close(uint64 election, uint8 question) external;

    /// @notice Records a trustee's shares of a group. Anyone, in time.
    /// @param index The trustee's.
    /// @param shares 320 bytes for each sum of the group: one, or one for each option.
    function postShares(
        uint64 election,
        uint8 question,
        uint8 group,
        uint8 index,
        bytes calldata shares
    ) external;

    /// @notice Checks shares and counts of a group in one go, and records the counts. Anyone, in
    /// time; but from a key, not a contract: the shares have to stand in the input of a
    /// transaction, where auditors find them.
    /// @param trustees Bit j - 1 of trustee j; as many as the threshold.
    /// @param shares Of one trustee behind the other, by rising index, each as in `postShares`.
    /// @param counts For each option.
    function tally(
        uint64 election,
        uint8 question,
        uint8 group,
        uint16 trustees,
        bytes calldata shares,
        uint32[] calldata counts
    ) external;

    /// @notice As `tally`, by shares that were posted in time. At any time.
    /// @param decryptions The D of each share, 96 bytes each.
    function tallyPosted(
        uint64 election,
        uint8 question,
        uint8 group,
        uint16 trustees,
        bytes calldata decryptions,
        uint32[] calldata counts
    ) external;

    /// @notice Records that a question stays without a result, because a group has neither counts
    /// nor shares enough, when there is no more time for them. Anyone.
    function voidQuestion(uint64 election, uint8 question) external;

    function phaseOf(uint64 election) external view returns (Phase);
    /// @notice Of a question of an election that closed: Closed, Tallied or Void.
    function questionPhaseOf(uint64 election, uint8 question) external view returns (Phase);
    function groupCountOf(uint64 election, uint8 question) external view returns (uint256);
    function groupOf(uint64 election, uint8 question, uint8 group)
        external
        view
        returns (BallotGroup memory);
    /// @notice A sum of a group, and SHARES, which shares of it are bound to.
    /// @param option Of a vector; of a choice 0.
    function sumOf(uint64 election, uint8 question, uint8 group, uint8 option)
        external
        view
        returns (bytes memory alpha, bytes memory beta, bytes32 context);
    /// @notice Trustees whose shares were posted: bit j - 1 of trustee j.
    function postedOf(uint64 election, uint8 question, uint8 group) external view returns (uint16);
    function isTallied(uint64 election, uint8 question, uint8 group) external view returns (bool);
    /// @notice Votes for each option in a group.
    function countsOf(uint64 election, uint8 question, uint8 group)
        external
        view
        returns (uint32[] memory);
    /// @notice Votes for each option in all groups of a question that is tallied.
    function totalsOf(uint64 election, uint8 question) external view returns (uint256[] memory);
    // solhint-disable-next-line func-name-mixedcase -- an immutable
    function BOX() external view returns (IBallotBox);
}
