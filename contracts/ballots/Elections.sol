// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ElectionSettings, IElections, Question, QuestionKind, Windows} from "./IElections.sol";
import {CodeBytes, CodeBytesLibrary} from "./types/CodeBytes.sol";

/// @title Elections
/// @notice See {IElections}.
contract Elections is IElections {
    uint256 private constant MOST_PRECINCTS = 64;
    uint256 private constant MOST_QUESTIONS = 16;
    uint256 private constant MOST_GUARDS = 15;
    uint256 private constant MOST_OPTIONS = 32;
    uint256 private constant MOST_BITS = 32;
    /// @dev Bits that a sum may have without coming near the order of the group.
    uint256 private constant SUM_BITS = 254;
    /// @dev Where the windows lie in the encoded settings: behind an offset and the hash.
    uint256 private constant WINDOWS_OFFSET = 64;
    uint256 private constant WINDOWS_SIZE = 256;

    /// @param settings The settings, ABI-encoded, as code.
    struct Election {
        address organiser;
        bool isCancelled;
        CodeBytes settings;
    }

    /// @inheritdoc IElections
    uint64 public electionCount;

    mapping(uint64 election => Election) private _elections;

    /// @inheritdoc IElections
    function create(ElectionSettings calldata settings) external returns (uint64 election) {
        if (settings.definitionHash == 0) revert ElectionDefinitionZero();
        _checkWindows(settings.windows);
        uint16 precincts = settings.precincts;
        if (precincts == 0 || precincts > MOST_PRECINCTS) {
            revert ElectionPrecinctsInvalid(precincts);
        }
        _checkQuestions(settings.questions);
        _checkTrustees(settings.trustees, settings.threshold);
        _checkRegistrars(settings.registrars, settings.registrarQuorum);
        _votersLimit(precincts, settings.minimumTurnout, settings.questions);

        election = ++electionCount;
        _elections[election] =
            Election(msg.sender, false, CodeBytesLibrary.store(abi.encode(settings)));

        emit ElectionCreated(election, msg.sender, settings);
    }

    /// @inheritdoc IElections
    function cancel(uint64 election, bytes32 reasonHash) external {
        Election storage entry = _known(election);
        if (msg.sender != entry.organiser) revert ElectionCallerInvalid(election, msg.sender);
        if (entry.isCancelled) revert ElectionWasCancelled(election);
        uint40 opensAt = windowsOf(election).opensAt;
        if (block.timestamp >= opensAt) revert ElectionHasOpened(election, opensAt);

        entry.isCancelled = true;

        emit ElectionCancelled(election, reasonHash);
    }

    /// @inheritdoc IElections
    function questionOf(uint64 election, uint8 question) external view returns (Question memory) {
        Question[] memory questions = settingsOf(election).questions;
        if (question >= questions.length) revert QuestionUnknown(election, question);
        return questions[question];
    }

    /// @inheritdoc IElections
    function organiserOf(uint64 election) external view returns (address) {
        return _known(election).organiser;
    }

    /// @inheritdoc IElections
    function isCancelled(uint64 election) external view returns (bool) {
        return _known(election).isCancelled;
    }

    /// @inheritdoc IElections
    function votersLimitOf(uint64 election) external view returns (uint256) {
        ElectionSettings memory settings = settingsOf(election);
        return _votersLimit(settings.precincts, settings.minimumTurnout, settings.questions);
    }

    /// @inheritdoc IElections
    function settingsOf(uint64 election) public view returns (ElectionSettings memory) {
        return abi.decode(_known(election).settings.load(), (ElectionSettings));
    }

    /// @inheritdoc IElections
    function windowsOf(uint64 election) public view returns (Windows memory) {
        bytes memory data = _known(election).settings.slice(WINDOWS_OFFSET, WINDOWS_SIZE);
        return abi.decode(data, (Windows));
    }

    function _known(uint64 election) private view returns (Election storage entry) {
        entry = _elections[election];
        if (entry.organiser == address(0)) revert ElectionUnknown(election);
    }

    function _checkWindows(Windows calldata windows) private view {
        uint256 ceremony = _checkWindow(0, windows.keysUntil, block.timestamp + 1);
        ceremony = _checkWindow(1, windows.commitmentsUntil, ceremony + 1);
        ceremony = _checkWindow(2, windows.dealsUntil, ceremony + 1);
        ceremony = _checkWindow(3, windows.complaintsUntil, ceremony + 1);
        uint256 roll = _checkWindow(4, windows.registrationUntil, block.timestamp + 1);
        uint256 opens = _checkWindow(5, windows.opensAt, (roll > ceremony ? roll : ceremony) + 1);
        uint256 closes = _checkWindow(6, windows.closesAt, opens + 1);
        _checkWindow(7, windows.sharesUntil, closes + 1);
    }

    function _checkWindow(uint8 window, uint40 time, uint256 earliest)
        private
        pure
        returns (uint256)
    {
        if (time < earliest) revert ElectionWindowInvalid(window, time, earliest);
        return time;
    }

    function _checkQuestions(Question[] calldata questions) private pure {
        uint256 count = questions.length;
        if (count == 0 || count > MOST_QUESTIONS) revert ElectionQuestionsInvalid(count);
        for (uint8 i = 0; i < count; ++i) {
            Question calldata question = questions[i];
            if (question.kind == QuestionKind.None) revert QuestionKindInvalid(i);
            if (question.options < 2 || question.options > MOST_OPTIONS) {
                revert QuestionOptionsInvalid(i, question.options);
            }
            _checkEncoding(i, question);
        }
    }

    function _checkEncoding(uint8 number, Question calldata question) private pure {
        (uint256 options, uint256 bits) = (question.options, question.bits);
        bool isChoice = question.kind == QuestionKind.Choice;
        bool isRange = isChoice
            ? question.min == 1 && question.max == 1
            : question.max != 0 && question.min <= question.max && question.max <= options;
        if (!isRange) revert QuestionRangeInvalid(number, question.min, question.max);
        bool isFitting = isChoice
            ? bits != 0 && bits <= MOST_BITS && bits * (options - 1) <= SUM_BITS
            : bits == 0;
        if (!isFitting) revert QuestionBitsInvalid(number, question.bits);
    }

    function _checkTrustees(address[] calldata trustees, uint8 threshold) private pure {
        uint256 count = trustees.length;
        if (count == 0 || count > MOST_GUARDS) revert ElectionTrusteesInvalid(count);
        for (uint256 i = 0; i < count; ++i) {
            if (trustees[i] == address(0)) revert ElectionTrusteeInvalid(address(0));
            for (uint256 j = 0; j < i; ++j) {
                if (trustees[j] == trustees[i]) revert ElectionTrusteeInvalid(trustees[i]);
            }
        }
        if (threshold == 0 || threshold > count) revert ElectionThresholdInvalid(threshold, count);
    }

    function _checkRegistrars(address[] calldata registrars, uint8 quorum) private pure {
        uint256 count = registrars.length;
        if (count == 0 || count > MOST_GUARDS) revert ElectionRegistrarsInvalid(count);
        address previous = address(0);
        for (uint256 i = 0; i < count; ++i) {
            if (registrars[i] <= previous) revert ElectionRegistrarInvalid(registrars[i]);
            previous = registrars[i];
        }
        if (quorum == 0 || quorum > count) revert ElectionRegistrarQuorumInvalid(quorum, count);
    }

    /// @dev A sum of merged precincts has fewer ballots than the minimum before its last precinct,
    /// and the run that is left over at the end, which joins it, has fewer too.
    function _votersLimit(uint256 precincts, uint32 minimumTurnout, Question[] memory questions)
        private
        pure
        returns (uint256 limit)
    {
        if (minimumTurnout == 0) revert ElectionTurnoutInvalid(0, 0);
        uint256 merged = precincts == 1 ? 0 : 2 * (uint256(minimumTurnout) - 1);
        limit = type(uint32).max;
        for (uint8 i = 0; i < questions.length; ++i) {
            if (questions[i].kind != QuestionKind.Choice) continue;
            uint256 most = (1 << questions[i].bits) - 1;
            if (most <= merged) revert ElectionTurnoutInvalid(minimumTurnout, i);
            if (most - merged < limit) limit = most - merged;
        }
    }
}
