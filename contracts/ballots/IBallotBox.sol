// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IElections} from "./IElections.sol";
import {ITrusteeBoard} from "./ITrusteeBoard.sol";
import {IVoterRoll} from "./IVoterRoll.sol";

/// @title Ballot box: takes encrypted ballots that prove themselves, and adds them up unopened
/// @notice A ballot says nothing but that it is a valid answer. It is checked, added to the sums of
/// its precinct, and its voter marked; nothing else of it is kept but its place in the input of the
/// transaction, where everybody finds it.
/// @dev A batch is ballots of one question and precinct, by rising voter, one behind the other;
/// each is index 4 bytes, deadline 5, signature 64 (r, yParityAndS as in ERC-2098), body. A point
/// has 96
/// bytes, x then y; a scalar 32, below the order r of the group; all are big-endian.
///
/// Body of a choice of k: alpha, beta; A_0, B_0 ... A_{k-1}, B_{k-1}; c_0 ... c_{k-2};
/// z_0 ... z_{k-1}. The last c is what is left of the challenge
/// c = H("choice", CONTEXT, voter, alpha, beta, A_0, B_0, ...). Each branch i has to satisfy
/// z_i G = A_i + c_i alpha and z_i K = B_i + c_i (beta - e_i G), e = (0, 1, 2^b, 2^2b, ...).
///
/// Body of a vector of k, for each option: alpha, beta; A_0, B_0, A_1, B_1; c_0; z_0, z_1: the same
/// proof, of two branches, e = (0, 1); its challenge is H("option", CONTEXT, voter, option,
/// alpha_0, beta_0, ... alpha_{k-1}, beta_{k-1}, A_0, B_0, A_1, B_1). Then a proof over the sum of
/// all alpha and of all beta that they encrypt one of min ... max: A, B of each branch; its c but
/// the last; its z; the challenge is H("sum", CONTEXT, voter, alpha_0, beta_0, ..., A, B, ...).
///
/// H(name, ...) = keccak256(keccak256("crmdapp.ballots.v1." name) || ...) mod r, where integers,
/// addresses and hashes are words of 32 bytes.
/// CONTEXT = keccak256(keccak256("crmdapp.ballots.v1.context") || chain id || this contract ||
/// election || question || definition hash || K).
/// TRACKER = keccak256(CONTEXT || voter || body). The voter signs (EIP-712) `BallotIntent(uint64
/// election,uint8 question,uint16 precinct,uint32 index,bytes32 tracker,uint40 deadline)`.
interface IBallotBox {
    /// @notice A question takes ballots once its election is open; `context` binds their proofs.
    event QuestionPrepared(
        uint64 indexed election, uint8 indexed question, bytes32 context, address form
    );
    /// @notice The ballots of this transaction's input were counted, but for those of `skipped`
    /// (bit i: the i-th), whose voters had voted.
    /// @param bulletin The first 28 bytes of keccak256 of what it was before, 28 bytes, and
    /// keccak256 of the trackers that count.
    /// @param count Ballots of the precinct, these included.
    event BallotsCast(
        uint64 indexed election,
        uint8 indexed question,
        uint16 indexed precinct,
        bytes28 bulletin,
        uint256 count,
        uint256 skipped
    );

    error QuestionPreparedAlready(uint64 election, uint8 question);
    error QuestionNotPrepared(uint64 election, uint8 question);
    error RollNotFrozen(uint64 election);
    error PrecinctUnknown(uint64 election, uint16 precinct);
    error VotingNotOpen(uint64 election, uint40 opensAt);
    error VotingClosed(uint64 election, uint40 closesAt);
    /// @notice Ballots are taken from keys only, not from contracts: they have to stand in the
    /// input of a transaction.
    error BatchCallerInvalid(address caller);
    /// @notice The voters of all ballots had voted.
    error BatchVotersDone();
    /// @notice Not 1 to 255 ballots of this question.
    error BatchLengthInvalid(uint256 length, uint256 ballotLength);
    /// @notice All ballots together would add up to nothing: whoever cast them works together.
    error BatchSumInfinite();
    /// @notice The ballot's voter is not on the roll, or not behind that of the ballot before.
    error BallotIndexInvalid(uint256 ballot, uint32 index);
    error BallotExpired(uint256 ballot, uint40 deadline);
    error BallotSignatureInvalid(uint256 ballot, address voter);
    /// @notice The caller has voted.
    error BallotCastAlready(address voter);

    /// @notice Writes down what ballots of a question are checked against; by anyone, once the roll
    /// is frozen and the key is final, before the election opens.
    /// @dev Reverts with `ElectionUnknown`, `QuestionUnknown`, `ElectionWasCancelled`,
    /// `ElectionHasOpened`, `RollNotFrozen`, `QuestionPreparedAlready`,
    /// `RollTooLarge`, and as {ITrusteeBoard.keyOf}.
    function prepare(uint64 election, uint8 question) external;

    /// @notice Casts ballots. Those of voters who have voted are passed over, so that nobody spoils
    /// a batch by voting first; any other fault refuses all of it. A ballot alone needs no
    /// signature if its voter sends it (nor is its deadline looked at); if they have voted, it is
    /// refused.
    /// @dev Reverts with `BatchCallerInvalid`, `QuestionNotPrepared`, `VotingNotOpen`,
    /// `VotingClosed`, `ElectionWasCancelled`, `PrecinctUnknown`, `BatchLengthInvalid`,
    /// `BallotIndexInvalid`, `BallotCastAlready`, `BatchVotersDone`, `BallotExpired`,
    /// `BallotSignatureInvalid`, `ScalarInvalid`, `PointInfinite`, `PointsInvalid`,
    /// `BatchProofsInvalid`, `BatchSumInfinite`.
    function castBatch(uint64 election, uint8 question, uint16 precinct, bytes calldata ballots)
        external;

    // solhint-disable-next-line func-name-mixedcase -- an immutable
    function ELECTIONS() external view returns (IElections);

    // solhint-disable-next-line func-name-mixedcase -- an immutable
    function BOARD() external view returns (ITrusteeBoard);

    // solhint-disable-next-line func-name-mixedcase -- an immutable
    function ROLL() external view returns (IVoterRoll);

    /// @notice The EIP-712 domain separator of this contract on this chain.
    // solhint-disable-next-line func-name-mixedcase -- the name is fixed by ERC-2612
    function DOMAIN_SEPARATOR() external view returns (bytes32);

    /// @notice Whether every question of an election is prepared. It is then for ever.
    /// @dev Reverts with `ElectionUnknown`.
    function isReady(uint64 election) external view returns (bool);

    function isPrepared(uint64 election, uint8 question) external view returns (bool);

    /// @notice CONTEXT, which binds every proof to this question.
    /// @dev Reverts with `QuestionNotPrepared`.
    function contextOf(uint64 election, uint8 question) external view returns (bytes32);

    /// @notice Bytes of a ballot of a question, its head of 73 included.
    /// @dev Reverts with `QuestionNotPrepared`.
    function ballotLengthOf(uint64 election, uint8 question) external view returns (uint256);

    /// @notice Ballots counted.
    function countOf(uint64 election, uint8 question, uint16 precinct)
        external
        view
        returns (uint256);

    function bulletinOf(uint64 election, uint8 question, uint16 precinct)
        external
        view
        returns (bytes28);

    /// @notice The sums of all alpha and all beta, 96 bytes each; zeros before the first ballot.
    /// @param option Of a vector; of a choice 0.
    function sumOf(uint64 election, uint8 question, uint16 precinct, uint8 option)
        external
        view
        returns (bytes memory alpha, bytes memory beta);

    function hasVoted(uint64 election, uint8 question, uint16 precinct, uint32 index)
        external
        view
        returns (bool);
}
