// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IElections} from "../ballots/IElections.sol";
import {ITrusteeBoard} from "../ballots/ITrusteeBoard.sol";

/// @title As much of the ballot box, and of the roll, as the tally asks for
/// @notice For tests: anyone writes sums and counts.
contract BallotBoxMock {
    IElections public immutable ELECTIONS;
    ITrusteeBoard public immutable BOARD;

    mapping(uint64 election => bool) public isFrozen;
    mapping(uint64 election => bool) public isReady;
    mapping(uint64 election => mapping(uint8 question => mapping(uint16 precinct => uint256)))
        public countOf;

    mapping(uint64 election => mapping(uint8 question => mapping(uint256 sum => bytes32[6])))
        private _sums;

    constructor(IElections elections, ITrusteeBoard board) {
        ELECTIONS = elections;
        BOARD = board;
    }

    function setFrozen(uint64 election) external {
        isFrozen[election] = true;
    }

    function setReady(uint64 election) external {
        isReady[election] = true;
    }

    function setCount(uint64 election, uint8 question, uint16 precinct, uint256 count) external {
        countOf[election][question][precinct] = count;
    }

    /// @param points Alpha, then beta.
    function setSum(
        uint64 election,
        uint8 question,
        uint16 precinct,
        uint8 option,
        bytes32[6] calldata points
    ) external {
        _sums[election][question][(uint256(precinct) << 8) | option] = points;
    }

    // solhint-disable-next-line func-name-mixedcase -- the tally asks for it by this name
    function ROLL() external view returns (address) {
        return address(this);
    }

    function sumOf(uint64 election, uint8 question, uint16 precinct, uint8 option)
        external
        view
        returns (bytes memory alpha, bytes memory beta)
    {
        bytes32[6] storage points = _sums[election][question][(uint256(precinct) << 8) | option];
        alpha = abi.encodePacked(points[0], points[1], points[2]);
        beta = abi.encodePacked(points[3], points[4], points[5]);
    }
}
