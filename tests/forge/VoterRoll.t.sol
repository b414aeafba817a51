// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ElectionSettings} from "../../contracts/ballots/IElections.sol";
import {IVoterRoll, Registration} from "../../contracts/ballots/IVoterRoll.sol";
import {BallotBooth} from "./BallotBooth.sol";
import {Unequal, assertEqual, vm} from "./Vm.sol";

/// @title Rolls that are longer than the code of one contract
contract VoterRollTest is BallotBooth {
    uint256 private constant CHUNK = 1228;
    uint16 private constant LONG = 1;

    bytes private _voters;

    function setUp() public override {
        super.setUp();
        vm.warp(1000);
        ElectionSettings memory settings = _settings();
        settings.questions[OF_FIVE].bits = 16;
        _election = _elections.create(settings);
        _registerMany(CHUNK + 2);
        vm.warp(6000);
    }

    function test_ChunksAreFrozenInAnyOrder() external {
        if (_roll.isFrozen(_election)) revert Unequal("frozen", 1, 0);
        _roll.freeze(_election, LONG, 1, _slice(CHUNK, CHUNK + 2));
        if (_roll.isFrozen(_election)) revert Unequal("frozen", 1, 0);
        _roll.freeze(_election, LONG, 0, _slice(0, CHUNK));
        if (!_roll.isFrozen(_election)) revert Unequal("frozen", 0, 1);
        assertEqual("chunks", _roll.chunksOf(_election, LONG).length, 2);
        for (uint256 i = CHUNK - 2; i < CHUNK + 2; ++i) {
            if (_roll.voterAt(_election, LONG, uint32(i)) != _voterOf(LONG, i)) {
                revert Unequal("voter", i, i);
            }
        }
    }

    function test_FirstChunksAreWholeAndInOrder() external {
        _isRefused(0, _slice(0, CHUNK - 1));
        _isRefused(0, _slice(0, CHUNK + 1));
        _isRefused(0, _slice(1, CHUNK + 1));
        _isRefused(1, _slice(CHUNK - 1, CHUNK + 1));
        _isRefused(1, _slice(CHUNK, CHUNK + 1));
    }

    /// @dev A batch whose voters are of two chunks.
    function test_BallotsAreCastFromAllChunks() external {
        _roll.freeze(_election, LONG, 0, _slice(0, CHUNK));
        _roll.freeze(_election, LONG, 1, _slice(CHUNK, CHUNK + 2));
        _board.setKey(_election, _key);
        _box.prepare(_election, YES_NO);
        vm.warp(OPENS);
        bytes memory ballots;
        uint256[4] memory indices = [uint256(3), CHUNK - 1, CHUNK, CHUNK + 1];
        for (uint256 i = 0; i < 4; ++i) {
            ballots = bytes.concat(ballots, _ballot(YES_NO, LONG, indices[i], 2));
        }
        (bool done,) = _cast(YES_NO, LONG, ballots);
        assertEqual("done", done ? 1 : 0, 1);
        assertEqual("count", _box.countOf(_election, YES_NO, LONG), 4);
        for (uint256 i = 0; i < 4; ++i) {
            bool hasVoted = _box.hasVoted(_election, YES_NO, LONG, uint32(indices[i]));
            assertEqual("voted", hasVoted ? 1 : 0, 1);
        }
        if (_box.hasVoted(_election, YES_NO, LONG, 4)) revert Unequal("voted", 1, 0);
    }

    function _isRefused(uint32 chunk, bytes memory voters) private {
        bytes memory data = abi.encodeCall(_roll.freeze, (_election, LONG, chunk, voters));
        (bool done, bytes memory reason) = address(_roll).call(data);
        if (done) revert Unequal("frozen", 1, 0);
        bytes memory expected =
            abi.encodeWithSelector(IVoterRoll.RollChunkInvalid.selector, _election, LONG, chunk);
        if (keccak256(reason) != keccak256(expected)) revert Unequal("error", 0, 1);
    }

    function _registerMany(uint256 count) private {
        Registration[] memory entries = new Registration[](count);
        bytes[] memory signatures = new bytes[](count);
        bytes memory voters;
        for (uint256 i = 0; i < count; ++i) {
            address voter = _voterOf(LONG, i);
            entries[i] = Registration(LONG, keccak256(abi.encode("citizen", i)), voter, 4000);
            signatures[i] = _signRegistration(_election, entries[i]);
            voters = bytes.concat(voters, bytes20(voter));
        }
        _voters = voters;
        _roll.register(_election, entries, signatures);
    }

    function _slice(uint256 start, uint256 end) private view returns (bytes memory part) {
        bytes memory voters = _voters;
        part = new bytes((end - start) * 20);
        for (uint256 i = 0; i < part.length; ++i) {
            part[i] = voters[start * 20 + i];
        }
    }
}
