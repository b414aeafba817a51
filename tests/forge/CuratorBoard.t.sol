// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BoardState, CaseStatus, CuratorCase} from "../../contracts/provenance/ICuratorBoard.sol";
import {Vote} from "./CuratorBoardBooks.sol";
import {CuratorBoardHandler} from "./CuratorBoardHandler.sol";
import {Unequal, Violated, assertEqual, vm} from "./Vm.sol";

/// @title What holds of a board of curators after any sequence of actions
abstract contract CuratorBoardProperties {
    CuratorBoardHandler internal _handler;

    function setUp() public virtual {
        // `new` would compile the handler anew into every test.
        _handler =
            CuratorBoardHandler(vm.deployCode("CuratorBoardHandler.sol:CuratorBoardHandler", ""));
    }

    /// @dev Of each wei the contract knows whose it is, or what it waits for.
    function _checkMoney() internal view {
        uint256 owed = 0;
        for (uint256 i = 0; i < _handler.ACTORS(); ++i) {
            uint256 credit = _handler.BOARD().creditOf(_handler.actorOf(i));
            assertEqual("credit", credit, _handler.creditOf(i));
            owed += credit;
        }
        for (uint256 i = 0; i < _handler.entryCount(); ++i) {
            CuratorCase memory case_ = _handler.BOARD().caseOf(_handler.entryOf(i).id);
            if (case_.status == CaseStatus.Open) {
                owed += _handler.BOND() * (case_.isDefended ? 2 : 1);
            } else {
                owed += _handler.shareIn(i) * _unpaid(i);
            }
        }
        uint256 balance = address(_handler.BOARD()).balance;
        if (balance < owed) revert Violated(1, "the board owes more than it has");
        assertEqual("balance", balance, owed);
        assertEqual("bonds", _handler.bondsIn(), _handler.paidOut() + balance);
    }

    function _checkVotes() internal view {
        for (uint256 i = 0; i < _handler.entryCount(); ++i) {
            CuratorCase memory case_ = _handler.BOARD().caseOf(_handler.entryOf(i).id);
            (uint256 ayes, uint256 noes) = _handler.talliesOf(i);
            assertEqual("ayes", case_.ayes, ayes);
            assertEqual("noes", case_.noes, noes);
        }
    }

    /// @dev An end is for ever, and a record is revoked once.
    function _checkEnds() internal view {
        for (uint256 i = 0; i < _handler.entryCount(); ++i) {
            CuratorBoardHandler.Entry memory entry = _handler.entryOf(i);
            CuratorCase memory case_ = _handler.BOARD().caseOf(entry.id);
            assertEqual("status", uint256(case_.status), uint256(entry.status));
            assertEqual("conclusions", entry.conclusions, entry.status == CaseStatus.Open ? 0 : 1);
        }
        for (uint256 i = 0; i < _handler.TOKENS(); ++i) {
            uint256 revocations = _handler.ARTWORKS().revocations(i);
            assertEqual("revocations", revocations, _handler.isRevoked(i) ? 1 : 0);
        }
    }

    function _checkBoard() internal view {
        BoardState memory state = _handler.BOARD().state();
        assertEqual("curators", state.curators, _handler.members());
        assertEqual("quorum", state.quorum, _handler.quorum());
        if (state.quorum == 0 || state.quorum > state.curators || state.curators > 64) {
            revert Violated(4, "the quorum cannot be met");
        }
        for (uint256 i = 0; i < _handler.ACTORS(); ++i) {
            bool isCurator = _handler.BOARD().isCurator(_handler.actorOf(i));
            assertEqual("curator", isCurator ? 1 : 0, _handler.isMember(i) ? 1 : 0);
        }
    }

    function _checkBooks() internal view {
        string memory what = _handler.violation();
        if (bytes(what).length != 0) revert Violated(0, what);
    }

    function _unpaid(uint256 number) private view returns (uint256 count) {
        for (uint256 i = 0; i < _handler.ACTORS(); ++i) {
            Vote vote = _handler.voteOf(number, i);
            if (vote == Vote.ShownAye || vote == Vote.ShownNo) ++count;
        }
    }
}

/// @title Each property under sequences of its own, which forge shortens if one breaks it
/// forge-config: default.invariant.runs = 8
/// forge-config: default.invariant.depth = 150
/// forge-config: default.invariant.fail-on-revert = true
contract CuratorBoardInvariants is CuratorBoardProperties {
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    /// forge-config: default.fuzz.seed = "0x202721"
    function invariant_1_EveryBondIsPaidOutOnce() external view {
        _checkMoney();
    }

    /// forge-config: default.fuzz.seed = "0x202722"
    function invariant_2_EveryVoteCountsOnce() external view {
        _checkVotes();
    }

    /// forge-config: default.fuzz.seed = "0x202723"
    function invariant_3_EveryCaseEndsOnce() external view {
        _checkEnds();
    }

    /// forge-config: default.fuzz.seed = "0x202724"
    function invariant_4_TheQuorumCanBeMet() external view {
        _checkBoard();
    }

    /// forge-config: default.fuzz.seed = "0x202725"
    function invariant_5_NobodyElseDecides() external view {
        _checkBooks();
    }
}

/// @title Long lives of a board
contract CuratorBoardCampaignTest is CuratorBoardProperties {
    uint256 private constant LIVES = 3;
    uint256 private constant STEPS = 1500;

    error StepFailed(uint256 step, string action, bytes reason);

    mapping(string action => uint256 count) private _done;
    mapping(string action => uint256 count) private _refused;

    /// @dev Everything is carried out, and refused, at least once, and cases end in every way: a
    /// campaign in which nothing works would show nothing.
    function test_EveryActionIsCarriedOutAndRefused() external {
        string[11] memory actions = _actions();
        for (uint256 life = 0; life < LIVES; ++life) {
            CuratorBoardProperties.setUp();
            for (uint256 step = 0; step < STEPS; ++step) {
                uint256 dice = uint256(keccak256(abi.encode(life, step)));
                string memory action = _actionFor(actions, dice);
                (bool done, bytes memory reason) = address(_handler)
                    .call(abi.encodeWithSignature(string.concat(action, "(uint256)"), dice));
                if (!done) revert StepFailed(step, action, reason);
                if (step % 25 != 0) continue;
                _checkMoney();
                _checkVotes();
                _checkEnds();
                _checkBoard();
                _checkBooks();
            }
            for (uint256 i = 0; i < actions.length; ++i) {
                _done[actions[i]] += _handler.successes(actions[i]);
                _refused[actions[i]] += _handler.refusals(actions[i]);
            }
            _done["admitByVote"] += _handler.successes("admitByVote");
            _done["upheld"] += _handler.successes("upheld");
            _done["rejected"] += _handler.successes("rejected");
            _done["undecided"] += _handler.successes("undecided");
        }
        for (uint256 i = 0; i < actions.length; ++i) {
            if (_done[actions[i]] == 0) revert Unequal(actions[i], 0, 1);
            bool isTime = keccak256(bytes(actions[i])) == keccak256("pass");
            if (!isTime && _refused[actions[i]] == 0) {
                revert Unequal(string.concat(actions[i], " refused"), 0, 1);
            }
        }
        string[4] memory ends = ["admitByVote", "upheld", "rejected", "undecided"];
        for (uint256 i = 0; i < ends.length; ++i) {
            if (_done[ends[i]] == 0) revert Unequal(ends[i], 0, 1);
        }
    }

    /// @dev Votes are what takes the most calls.
    function _actionFor(string[11] memory actions, uint256 dice)
        private
        pure
        returns (string memory)
    {
        uint256 number = (dice >> 128) % 20;
        if (number < 11) return actions[number];
        return number % 2 == 0 ? "commitVote" : "revealVote";
    }

    function _actions() private pure returns (string[11] memory) {
        return [
            "admit",
            "challenge",
            "change",
            "claimReward",
            "commitVote",
            "conclude",
            "defend",
            "pass",
            "revealVote",
            "submit",
            "withdraw"
        ];
    }
}
