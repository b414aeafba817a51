// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ElectionSettings, IElections, Windows} from "./IElections.sol";
import {Ceremony, CeremonyStep, ITrusteeBoard} from "./ITrusteeBoard.sol";
import {CeremonyHash} from "./types/CeremonyHash.sol";
import {CodeBytes} from "./types/CodeBytes.sol";

/// @title Part of the trustee board: its rounds, and what they wait for
/// @notice See {ITrusteeBoard}.
abstract contract TrusteeRounds is ITrusteeBoard {
    /// @dev What of an election's settings a ceremony goes by, in one word; kept since the first
    /// key, because the settings as a whole cost ten times as much to read.
    struct Plan {
        uint40 keysUntil;
        uint40 commitmentsUntil;
        uint40 dealsUntil;
        uint40 complaintsUntil;
        uint40 opensAt;
        uint8 threshold;
        uint8 trustees;
    }

    /// @dev One word. The trustees are a bit each: bit j - 1 of trustee j.
    /// @param startedAt When the last restart was, seconds since 1970; 0 in the first round.
    /// @param keyCode K and the Y_j, once they are known.
    struct Round {
        uint16 keys;
        uint16 commitments;
        uint16 deals;
        uint8 number;
        uint40 startedAt;
        CodeBytes keyCode;
    }

    /// @dev A trustee in a round.
    /// @param account Zero until its key is registered.
    /// @param keyHash keccak256 of E_j.
    /// @param dealRecord See {ITrusteeBoard.dealRecordOf}.
    struct Trustee {
        address account;
        bytes32 keyHash;
        bytes32 dealRecord;
    }

    /// @inheritdoc ITrusteeBoard
    IElections public immutable ELECTIONS;

    mapping(uint64 election => Plan) internal _plans;
    mapping(uint64 election => Round) internal _rounds;
    mapping(uint64 election => mapping(uint8 round => mapping(uint256 index => Trustee))) internal
        _trustees;

    constructor(IElections elections) {
        ELECTIONS = elections;
    }

    /// @inheritdoc ITrusteeBoard
    function restart(uint64 election) external {
        (Plan memory plan, Round memory round) = _requireStep(election, CeremonyStep.Short);
        CodeBytes nothing = CodeBytes.wrap(address(0));
        Round memory next = Round(0, 0, 0, round.number + 1, uint40(block.timestamp), nothing);
        uint40 until = _windowsOf(plan, next).complaintsUntil;
        if (until >= plan.opensAt) revert CeremonyRestartLate(election, until, plan.opensAt);

        _rounds[election] = next;

        emit CeremonyRestarted(election, next.number, until);
    }

    /// @inheritdoc ITrusteeBoard
    function ceremonyOf(uint64 election) public view returns (Ceremony memory ceremony) {
        Plan memory plan = _planOf(election);
        Round memory round = _rounds[election];
        ceremony = _windowsOf(plan, round);
        ceremony.step = _stepOf(plan, round, ceremony);
        ceremony.round = round.number;
        ceremony.keys = round.keys;
        ceremony.commitments = round.commitments;
        ceremony.deals = round.deals;
    }

    /// @inheritdoc ITrusteeBoard
    function stepOf(uint64 election) external view returns (CeremonyStep) {
        return ceremonyOf(election).step;
    }

    /// @inheritdoc ITrusteeBoard
    function roundOf(uint64 election) external view returns (uint8) {
        return _rounds[election].number;
    }

    /// @inheritdoc ITrusteeBoard
    function contextOf(uint64 election) external view returns (bytes32) {
        return CeremonyHash.ceremony(election, _rounds[election].number);
    }

    /// @inheritdoc ITrusteeBoard
    function trusteeKeyHashOf(uint64 election, uint8 index) external view returns (bytes32) {
        return _trustees[election][_rounds[election].number][index].keyHash;
    }

    /// @inheritdoc ITrusteeBoard
    function dealRecordOf(uint64 election, uint8 dealer) external view returns (bytes32) {
        return _trustees[election][_rounds[election].number][dealer].dealRecord;
    }

    /// @dev The plan and the round, if the ceremony waits for `step`.
    function _requireStep(uint64 election, CeremonyStep step)
        internal
        view
        returns (Plan memory plan, Round memory round)
    {
        plan = _planOf(election);
        round = _rounds[election];
        CeremonyStep current = _stepOf(plan, round, _windowsOf(plan, round));
        if (current != step) revert CeremonyStepInvalid(election, current);
    }

    /// @dev As `_requireStep`; and the entry of trustee `index`, who is the caller and has a key.
    function _requireTrustee(uint64 election, CeremonyStep step, uint8 index)
        internal
        view
        returns (Plan memory plan, Round memory round, Trustee storage trustee)
    {
        (plan, round) = _requireStep(election, step);
        trustee = _trustees[election][round.number][index];
        address account = trustee.account;
        if (account == address(0)) revert TrusteeKeyMissing(election, index);
        if (account != msg.sender) revert TrusteeInvalid(election, index, msg.sender);
    }

    function _planOf(uint64 election) internal view returns (Plan memory plan) {
        plan = _plans[election];
        return plan.threshold == 0 ? _planFrom(ELECTIONS.settingsOf(election)) : plan;
    }

    function _planFrom(ElectionSettings memory settings) internal pure returns (Plan memory) {
        Windows memory windows = settings.windows;
        return Plan({
            keysUntil: windows.keysUntil,
            commitmentsUntil: windows.commitmentsUntil,
            dealsUntil: windows.dealsUntil,
            complaintsUntil: windows.complaintsUntil,
            opensAt: windows.opensAt,
            threshold: settings.threshold,
            trustees: uint8(settings.trustees.length)
        });
    }

    /// @dev The bit of trustee `index`, from 1 to 15.
    function _bit(uint256 index) internal pure returns (uint16) {
        return uint16(1 << (index - 1));
    }

    function _count(uint256 bits) internal pure returns (uint256 count) {
        for (; bits != 0; bits &= bits - 1) {
            ++count;
        }
    }

    function _stepOf(Plan memory plan, Round memory round, Ceremony memory windows)
        private
        view
        returns (CeremonyStep)
    {
        if (CodeBytes.unwrap(round.keyCode) != address(0)) return CeremonyStep.Final;
        uint256 time = block.timestamp;
        if (time >= plan.opensAt) return CeremonyStep.Failed;
        if (time <= windows.keysUntil) return CeremonyStep.Keys;
        // Whoever missed a step has no part in the next.
        uint256 left = round.deals;
        if (time <= windows.dealsUntil) left = round.commitments;
        if (time <= windows.commitmentsUntil) left = round.keys;
        if (_count(left) < plan.threshold) return CeremonyStep.Short;
        if (time <= windows.commitmentsUntil) return CeremonyStep.Commitments;
        if (time <= windows.dealsUntil) return CeremonyStep.Deals;
        if (time <= windows.complaintsUntil) return CeremonyStep.Complaints;
        return CeremonyStep.Finalisation;
    }

    function _windowsOf(Plan memory plan, Round memory round)
        private
        pure
        returns (Ceremony memory windows)
    {
        uint40 later = round.number == 0
            ? 0
            : round.startedAt + plan.commitmentsUntil - 2 * plan.keysUntil;
        windows.keysUntil = plan.keysUntil + later;
        windows.commitmentsUntil = plan.commitmentsUntil + later;
        windows.dealsUntil = plan.dealsUntil + later;
        windows.complaintsUntil = plan.complaintsUntil + later;
    }
}
