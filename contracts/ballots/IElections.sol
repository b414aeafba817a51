// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice How an answer is encrypted.
/// @dev Choice: one of k, in one ciphertext. Vector: min to max of k, a ciphertext for each option.
enum QuestionKind {
    None,
    Choice,
    Vector
}

/// @param options How many there are: 2 to 32.
/// @param min Fewest options that a ballot may choose; of a choice 1.
/// @param max Most of them; of a choice 1, of a vector 1 to `options`.
/// @param bits Of a choice: b, bits of each option's count in the sum; 1 to 32, and
/// b * (options - 1) at most 254. Of a vector: 0.
struct Question {
    QuestionKind kind;
    uint8 options;
    uint8 min;
    uint8 max;
    uint8 bits;
}

/// @notice The ends of an election's windows, in seconds since 1970; each second belongs to the
/// window that it ends.
/// @dev The first four end the steps of the ceremony's first round, and rise. Registration ends,
/// and the ceremony's first round does, before the election opens.
/// @param opensAt The first second in which ballots count.
/// @param closesAt The first second in which they do not.
/// @param sharesUntil Last second in which trustees decrypt.
struct Windows {
    uint40 keysUntil;
    uint40 commitmentsUntil;
    uint40 dealsUntil;
    uint40 complaintsUntil;
    uint40 registrationUntil;
    uint40 opensAt;
    uint40 closesAt;
    uint40 sharesUntil;
}

/// @notice All that an election is, fixed when it is created.
/// @param definitionHash keccak256 of the definition file in canonical JSON: titles, texts,
/// options. @param precincts How many accumulators there are for each question: 1 to 64.
/// @param minimumTurnout Fewest ballots that are decrypted as one sum, for each question; 1 at
/// least. @param questions 1 to 16, numbered from 0.
/// @param trustees 1 to 15, all different. The j-th, from 1, holds the share at j.
/// @param threshold Trustees who together decrypt: 1 to as many as there are.
/// @param registrars 1 to 15, by rising address.
/// @param registrarQuorum Registrars who have to sign a registration.
struct ElectionSettings {
    bytes32 definitionHash;
    Windows windows;
    uint16 precincts;
    uint32 minimumTurnout;
    uint8 threshold;
    uint8 registrarQuorum;
    Question[] questions;
    address[] trustees;
    address[] registrars;
}

/// @title Elections: what is asked, of whom, when, and who guards it
/// @notice Whoever creates an election is its organiser. Nothing of it can be changed; the
/// organiser may cancel it before it opens, and has no other power.
/// @dev Elections are numbered from 1. The event of the creation carries all of the settings.
interface IElections {
    event ElectionCreated(
        uint64 indexed election, address indexed organiser, ElectionSettings settings
    );
    /// @notice The organiser called it off; `reasonHash` is keccak256 of the reasons in writing.
    event ElectionCancelled(uint64 indexed election, bytes32 reasonHash);

    error ElectionUnknown(uint64 election);
    error ElectionCallerInvalid(uint64 election, address caller);
    error ElectionWasCancelled(uint64 election);
    error ElectionHasOpened(uint64 election, uint40 opensAt);
    error ElectionDefinitionZero();
    /// @notice A window, by its place in `Windows` from 0, ends before `earliest`.
    error ElectionWindowInvalid(uint8 window, uint40 time, uint256 earliest);
    error ElectionPrecinctsInvalid(uint16 precincts);
    /// @notice No turnout is too small for 0; and for a count of question `question`, of so many
    /// bits, merged precincts could be too large.
    error ElectionTurnoutInvalid(uint32 minimumTurnout, uint8 question);
    error ElectionThresholdInvalid(uint8 threshold, uint256 trustees);
    error ElectionTrusteesInvalid(uint256 count);
    /// @notice Zero, or listed twice.
    error ElectionTrusteeInvalid(address trustee);
    error ElectionRegistrarsInvalid(uint256 count);
    /// @notice Zero, or not above the one before.
    error ElectionRegistrarInvalid(address registrar);
    error ElectionRegistrarQuorumInvalid(uint8 quorum, uint256 registrars);
    error ElectionQuestionsInvalid(uint256 count);
    /// @notice The election has no such question.
    error QuestionUnknown(uint64 election, uint8 question);
    error QuestionKindInvalid(uint8 question);
    error QuestionOptionsInvalid(uint8 question, uint8 options);
    error QuestionRangeInvalid(uint8 question, uint8 min, uint8 max);
    error QuestionBitsInvalid(uint8 question, uint8 bits);

    /// @notice Creates an election, with the caller as its organiser.
    /// @dev Reverts with the error of the first field that is not valid.
    function create(ElectionSettings calldata settings) external returns (uint64 election);

    /// @notice Calls an election off, by its organiser, once, before it opens.
    /// @dev Reverts with `ElectionUnknown`, `ElectionCallerInvalid`, `ElectionWasCancelled`,
    /// `ElectionHasOpened`.
    function cancel(uint64 election, bytes32 reasonHash) external;

    /// @notice How many elections were created, and so the number of the last.
    function electionCount() external view returns (uint64);

    /// @dev Reverts with `ElectionUnknown`, as all that follow.
    function settingsOf(uint64 election) external view returns (ElectionSettings memory);

    function windowsOf(uint64 election) external view returns (Windows memory);

    /// @dev Reverts with `QuestionUnknown` too.
    function questionOf(uint64 election, uint8 question) external view returns (Question memory);

    function organiserOf(uint64 election) external view returns (address);

    function isCancelled(uint64 election) external view returns (bool);

    /// @notice Most voters that a precinct may have: with them, and with precincts merged up to the
    /// minimum turnout, no count of a choice outgrows its bits.
    function votersLimitOf(uint64 election) external view returns (uint256);
}
