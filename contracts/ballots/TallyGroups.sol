// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IBallotBox} from "./IBallotBox.sol";
import {ElectionSettings, IElections, Question, QuestionKind} from "./IElections.sol";
import {BallotGroup, ITally, Phase, VoidGround} from "./ITally.sol";
import {ITrusteeBoard} from "./ITrusteeBoard.sol";
import {IVoterRoll} from "./IVoterRoll.sol";
import {Bls12381} from "./types/Bls12381.sol";
import {CodeBytes} from "./types/CodeBytes.sol";
import {SharesHash} from "./types/SharesHash.sol";

/// @title Part of the tally: phases, and which precincts are counted together
/// @notice See {ITally}.
abstract contract TallyGroups is ITally {
    /// @dev A question that closed, with what counts have to satisfy, in one word.
    /// @param ends The last precinct of each group: bit p of precinct p.
    struct Closing {
        uint64 ends;
        VoidGround ground;
        QuestionKind kind;
        uint8 options;
        uint8 bits;
    }

    /// @dev Who decrypts, and until when, in one word.
    /// @param keyCode K and the Y_j.
    struct Guard {
        CodeBytes keyCode;
        uint40 sharesUntil;
        uint8 threshold;
        uint8 trustees;
    }

    /// @dev Counts in a word, of 32 bits each; the highest bit says that they are known.
    uint256 internal constant COUNTS_PER_WORD = 7;
    uint256 internal constant COUNT_BITS = 32;
    uint256 internal constant KNOWN = 1 << 255;

    /// @inheritdoc ITally
    IBallotBox public immutable BOX;
    IElections internal immutable ELECTIONS;
    ITrusteeBoard internal immutable BOARD;
    IVoterRoll private immutable ROLL;

    mapping(uint64 election => mapping(uint8 question => Closing)) internal _closings;
    mapping(uint256 groupId => uint16 trustees) internal _posted;
    /// @dev Until the counts are known the first word of a group is its number of ballots.
    mapping(uint256 groupId => mapping(uint256 place => uint256 word)) internal _words;
    mapping(uint64 election => Guard) internal _guards;

    constructor(IBallotBox box) {
        BOX = box;
        ELECTIONS = box.ELECTIONS();
        BOARD = box.BOARD();
        ROLL = box.ROLL();
    }

    /// @inheritdoc ITally
    function close(uint64 election, uint8 question) external {
        ElectionSettings memory settings = ELECTIONS.settingsOf(election);
        if (question >= settings.questions.length) {
            revert IElections.QuestionUnknown(election, question);
        }
        Closing memory closing = _closings[election][question];
        if (closing.kind != QuestionKind.None) revert QuestionClosedBefore(election, question);
        bool isClosed = block.timestamp >= settings.windows.closesAt && _wasHeld(election);
        if (!isClosed) revert PhaseInvalid(election, phaseOf(election));

        Question memory question_ = settings.questions[question];
        (closing.kind, closing.options, closing.bits) =
        (question_.kind, question_.options, question_.bits);
        uint256 ballots;
        (closing.ends, ballots) = _formGroups(election, question, settings);
        if (closing.ends == 0) closing.ground = VoidGround.Turnout;
        _closings[election][question] = closing;
        if (_guards[election].threshold == 0) _guards[election] = _guardOf(election, settings);

        if (closing.ends == 0) emit QuestionVoided(election, question, VoidGround.Turnout);
        else emit QuestionClosed(election, question, closing.ends, ballots);
    }

    /// @inheritdoc ITally
    function voidQuestion(uint64 election, uint8 question) external {
        _requireClosed(election, question);
        if (questionPhaseOf(election, question) != Phase.Void) {
            revert QuestionNotVoid(election, question);
        }

        _closings[election][question].ground = VoidGround.Shares;

        emit QuestionVoided(election, question, VoidGround.Shares);
    }

    /// @inheritdoc ITally
    function phaseOf(uint64 election) public view returns (Phase) {
        if (election == 0 || election > ELECTIONS.electionCount()) return Phase.Unknown;
        if (ELECTIONS.isCancelled(election)) return Phase.Cancelled;
        ElectionSettings memory settings = ELECTIONS.settingsOf(election);
        if (block.timestamp < settings.windows.opensAt) {
            if (!BOARD.isFinal(election)) return Phase.KeyCeremony;
            return ROLL.isFrozen(election) ? Phase.Frozen : Phase.Registration;
        }
        if (!BOX.isReady(election)) return Phase.Cancelled;
        if (block.timestamp < settings.windows.closesAt) return Phase.Open;
        bool hasResult = false;
        for (uint8 question = 0; question < settings.questions.length; ++question) {
            Phase phase = _questionPhaseOf(election, question, settings);
            if (phase == Phase.Closed) return Phase.Closed;
            if (phase == Phase.Tallied) hasResult = true;
        }
        return hasResult ? Phase.Tallied : Phase.Void;
    }

    /// @inheritdoc ITally
    function questionPhaseOf(uint64 election, uint8 question) public view returns (Phase) {
        ElectionSettings memory settings = ELECTIONS.settingsOf(election);
        if (question >= settings.questions.length) {
            revert IElections.QuestionUnknown(election, question);
        }
        if (block.timestamp < settings.windows.closesAt || !_wasHeld(election)) {
            revert QuestionNotClosed(election, question);
        }
        return _questionPhaseOf(election, question, settings);
    }

    /// @inheritdoc ITally
    function groupCountOf(uint64 election, uint8 question) public view returns (uint256 count) {
        uint256 ends = _requireClosed(election, question).ends;
        for (; ends != 0; ends &= ends - 1) {
            ++count;
        }
    }

    /// @inheritdoc ITally
    function groupOf(uint64 election, uint8 question, uint8 group)
        public
        view
        returns (BallotGroup memory group_)
    {
        uint256 ends = _requireClosed(election, question).ends;
        group_ = _precinctsOf(election, question, group, ends, 0);
        for (uint16 i = group_.firstPrecinct; i <= group_.lastPrecinct; ++i) {
            // slither-disable-next-line calls-loop
            group_.ballots += BOX.countOf(election, question, i);
        }
    }

    /// @inheritdoc ITally
    function sumOf(uint64 election, uint8 question, uint8 group, uint8 option)
        external
        view
        returns (bytes memory alpha, bytes memory beta, bytes32 context)
    {
        uint256 sums = _sumsPer(_requireClosed(election, question));
        if (option >= sums) revert CountsLengthInvalid(option, sums);
        return _sumOf(election, question, group, option, groupOf(election, question, group));
    }

    /// @inheritdoc ITally
    function postedOf(uint64 election, uint8 question, uint8 group) public view returns (uint16) {
        return _posted[_groupId(election, question, group)];
    }

    /// @inheritdoc ITally
    function isTallied(uint64 election, uint8 question, uint8 group) public view returns (bool) {
        return _words[_groupId(election, question, group)][0] & KNOWN != 0;
    }

    /// @inheritdoc ITally
    function countsOf(uint64 election, uint8 question, uint8 group)
        public
        view
        returns (uint32[] memory counts)
    {
        if (!isTallied(election, question, group)) {
            revert GroupNotTallied(election, question, group);
        }
        uint256 id = _groupId(election, question, group);
        counts = new uint32[](_closings[election][question].options);
        for (uint256 i = 0; i < counts.length; ++i) {
            uint256 word = _words[id][i / COUNTS_PER_WORD];
            counts[i] = uint32(word >> (COUNT_BITS * (i % COUNTS_PER_WORD)));
        }
    }

    /// @inheritdoc ITally
    function totalsOf(uint64 election, uint8 question)
        external
        view
        returns (uint256[] memory totals)
    {
        if (questionPhaseOf(election, question) != Phase.Tallied) {
            revert QuestionNotTallied(election, question);
        }
        totals = new uint256[](_closings[election][question].options);
        uint256 groups = groupCountOf(election, question);
        for (uint8 group = 0; group < groups; ++group) {
            uint32[] memory counts = countsOf(election, question, group);
            for (uint256 i = 0; i < counts.length; ++i) {
                totals[i] += counts[i];
            }
        }
    }

    /// @dev A question that is closed, and not void.
    function _requireClosed(uint64 election, uint8 question)
        internal
        view
        returns (Closing memory closing)
    {
        closing = _closings[election][question];
        if (closing.ground != VoidGround.None) {
            revert QuestionIsVoid(election, question, closing.ground);
        }
        if (closing.ends == 0) revert QuestionNotClosed(election, question);
    }

    /// @dev A group with so many ballots.
    /// @param ends Of all groups.
    function _precinctsOf(
        uint64 election,
        uint8 question,
        uint8 group,
        uint256 ends,
        uint256 ballots
    ) internal pure returns (BallotGroup memory) {
        uint16 first = 0;
        for (uint256 i = 0; i < group; ++i) {
            if (ends == 0) break;
            first = _lowest(ends) + 1;
            ends &= ends - 1;
        }
        if (ends == 0) revert GroupUnknown(election, question, group);
        return BallotGroup(first, _lowest(ends), ballots);
    }

    function _sumOf(
        uint64 election,
        uint8 question,
        uint8 group,
        uint8 option,
        BallotGroup memory group_
    ) internal view returns (bytes memory alpha, bytes memory beta, bytes32 context) {
        // The box is one of ours, and reads its storage.
        // slither-disable-next-line calls-loop
        (alpha, beta) = BOX.sumOf(election, question, group_.firstPrecinct, option);
        for (uint16 i = group_.firstPrecinct + 1; i <= group_.lastPrecinct; ++i) {
            // slither-disable-next-line calls-loop
            (bytes memory alpha_, bytes memory beta_) = BOX.sumOf(election, question, i, option);
            alpha = Bls12381.add(alpha, alpha_);
            beta = Bls12381.add(beta, beta_);
        }
        uint256[4] memory place = [uint256(election), question, group, option];
        context = SharesHash.context(place, alpha, beta, group_.ballots);
    }

    function _groupId(uint64 election, uint8 question, uint8 group)
        internal
        pure
        returns (uint256)
    {
        return (uint256(election) << 16) | (uint256(question) << 8) | group;
    }

    function _sumsPer(Closing memory closing) internal pure returns (uint256) {
        return closing.kind == QuestionKind.Choice ? 1 : closing.options;
    }

    /// @dev Whether it could open: what it needs was there in time.
    function _wasHeld(uint64 election) private view returns (bool) {
        return !ELECTIONS.isCancelled(election) && BOX.isReady(election);
    }

    /// @dev Writes down the ballots of each group.
    function _formGroups(uint64 election, uint8 question, ElectionSettings memory settings)
        private
        returns (uint64 ends, uint256 ballots)
    {
        uint256 run = 0;
        uint256 last = 0;
        uint8 groups = 0;
        for (uint16 precinct = 0; precinct < settings.precincts; ++precinct) {
            // slither-disable-next-line calls-loop
            run += BOX.countOf(election, question, precinct);
            if (run < settings.minimumTurnout) continue;
            _words[_groupId(election, question, groups++)][0] = run;
            ends |= uint64(1 << precinct);
            last = precinct;
            ballots += run;
            run = 0;
        }
        if (ends == 0) return (0, run);

        // What is left over joins the last group.
        if (run != 0) _words[_groupId(election, question, groups - 1)][0] += run;
        ends = uint64((ends ^ (1 << last)) | (1 << (settings.precincts - 1)));
        ballots += run;
    }

    function _guardOf(uint64 election, ElectionSettings memory settings)
        private
        view
        returns (Guard memory)
    {
        return Guard({
            keyCode: BOARD.keyCodeOf(election),
            sharesUntil: settings.windows.sharesUntil,
            threshold: settings.threshold,
            trustees: uint8(settings.trustees.length)
        });
    }

    function _questionPhaseOf(uint64 election, uint8 question, ElectionSettings memory settings)
        private
        view
        returns (Phase)
    {
        Closing memory closing = _closings[election][question];
        if (closing.ground != VoidGround.None) return Phase.Void;
        bool isLate = block.timestamp > settings.windows.sharesUntil;
        if (closing.ends == 0) return isLate ? Phase.Void : Phase.Closed;
        uint256 groups = groupCountOf(election, question);
        bool isWaiting = false;
        for (uint8 group = 0; group < groups; ++group) {
            if (isTallied(election, question, group)) continue;
            bool isShort = _count(postedOf(election, question, group)) < settings.threshold;
            if (isLate && isShort) return Phase.Void;
            isWaiting = true;
        }
        return isWaiting ? Phase.Closed : Phase.Tallied;
    }

    function _count(uint256 bits) internal pure returns (uint256 count) {
        for (; bits != 0; bits &= bits - 1) {
            ++count;
        }
    }

    /// @dev The place of the lowest bit.
    function _lowest(uint256 bits) private pure returns (uint16 place) {
        for (; bits & 1 == 0; bits >>= 1) {
            ++place;
        }
    }
}
