// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice A public vote, fixed when it is created.
/// @param definitionHash keccak256 of the text and the options, in canonical JSON.
/// @param weightsRoot Root of the Merkle tree of voters and weights, whose leaves are those of
/// OpenZeppelin's standard tree over (address voter, uint256 weight). 0: every account has one
/// vote. @param weightsBlock Block whose state the weights come from, so that anyone can make the
/// root
/// anew; 0 without a root.
/// @param opensAt The first second, since 1970, in which votes count.
/// @param closesAt The first second in which they do not.
/// @param options How many there are: 2 to 64.
struct PollSettings {
    bytes32 definitionHash;
    bytes32 weightsRoot;
    uint64 weightsBlock;
    uint40 opensAt;
    uint40 closesAt;
    uint8 options;
}

/// @title Open ballots: public votes of communities that need no secrecy
/// @notice Everybody sees who voted how. A vote stands for ever; nobody, the creator least of all,
/// has any power over a vote that was created.
/// @dev Polls are numbered from 1. Without a root one person may have as many votes as accounts:
/// that suits a community that knows its members' accounts, and nobody else.
interface IOpenBallots {
    event PollCreated(uint64 indexed poll, address indexed creator, PollSettings settings);
    event OpenVoteCast(uint64 indexed poll, address indexed voter, uint8 option, uint256 weight);

    error PollUnknown(uint64 poll);
    error PollDefinitionZero();
    error PollOptionsInvalid(uint8 options);
    /// @notice It has to open now or later, and to close after that.
    error PollWindowInvalid(uint40 opensAt, uint40 closesAt);
    /// @notice A root needs a block that is over, and a block a root.
    error PollWeightsBlockInvalid(uint64 weightsBlock);
    error PollNotOpen(uint64 poll, uint40 opensAt);
    error PollClosed(uint64 poll, uint40 closesAt);
    error OpenVoteOptionInvalid(uint64 poll, uint8 option);
    error OpenVoteCastAlready(uint64 poll, address voter);
    /// @notice The voter does not have this weight; without a root it is 1, and there is no proof.
    error OpenVoteWeightInvalid(uint64 poll, address voter, uint256 weight);

    /// @notice Creates a vote.
    /// @dev Reverts with the error of the first field that is not valid.
    function create(PollSettings calldata settings) external returns (uint64 poll);

    /// @notice Votes, as the caller, once.
    /// @param weight All that the caller has.
    /// @param proof That the tree of weights has it; empty without a root.
    /// @dev Reverts with `PollUnknown`, `PollNotOpen`, `PollClosed`, `OpenVoteOptionInvalid`,
    /// `OpenVoteCastAlready`, `OpenVoteWeightInvalid`.
    function vote(uint64 poll, uint8 option, uint256 weight, bytes32[] calldata proof) external;

    /// @notice How many votes were created, and so the number of the last.
    function pollCount() external view returns (uint64);

    /// @dev Reverts with `PollUnknown`, as all that follow.
    function settingsOf(uint64 poll) external view returns (PollSettings memory);

    /// @notice The weight that each option has, by its number; final once the vote has closed.
    function totalsOf(uint64 poll) external view returns (uint256[] memory);

    function hasVoted(uint64 poll, address voter) external view returns (bool);
}
