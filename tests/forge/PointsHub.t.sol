// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPointsHub, ProgramConfig, Statement} from "../../contracts/loyalty/IPointsHub.sol";
import {IPointsToken} from "../../contracts/loyalty/IPointsToken.sol";
import {PointsHubHandler} from "./PointsHubHandler.sol";
import {Unequal, assertEqual, deployHub, vm} from "./Vm.sol";

/// @title What holds after any sequence of actions
contract PointsHubInvariants {
    uint256 private constant GUARDS = 0x800000000000800000000000800000000000800000000000;

    PointsHubHandler private _handler;
    IPointsHub private _hub;

    function setUp() external {
        _handler = PointsHubHandler(vm.deployCode("PointsHubHandler.sol:PointsHubHandler", ""));
        _hub = _handler.HUB();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    /// @dev Accounts agree with the lots, lane by lane: what is held, how long it lives, and in
    /// what order it was spent. As no lot's end ever changes, nothing lengthened a point's life.
    /// forge-config: default.invariant.runs = 32
    /// forge-config: default.invariant.depth = 96
    /// forge-config: default.invariant.fail-on-revert = true
    function invariant_BooksAgree() external {
        uint256 epoch = _handler.epoch();
        assertEqual("epoch", _hub.currentEpoch(), epoch);
        for (uint256 i = 0; i < 2; ++i) {
            uint256 program = _handler.programs(i);
            uint256[4] memory sums;
            uint256 sum;
            for (uint256 a = 0; a < _handler.ACTORS(); ++a) {
                address actor = _handler.actorAt(a);
                Statement memory statement = _hub.statementOf(program, actor);
                uint256 balance = _hub.balanceOf(actor, program);
                for (uint256 age = 0; age < 4; ++age) {
                    assertEqual(
                        "lane",
                        statement.byAge[age],
                        _handler.ending(program, actor, epoch + 4 - age)
                    );
                    sums[age] += statement.byAge[age];
                }
                assertEqual("balance", balance, _handler.alive(program, actor));
                assertEqual("qualifying", statement.qualifying, _handler.qualifying(program, actor));
                assertEqual("events", _handler.hubEvents(program, actor), _stored(program, actor));
                assertEqual(
                    "record", _handler.hubEvents(program, actor), _handler.onRecord(program, actor)
                );
                sum += balance;
            }
            uint256[4] memory liability = _hub.liabilityOf(program);
            for (uint256 age = 0; age < 4; ++age) {
                assertEqual("supply lane", liability[age], sums[age]);
            }
            assertEqual("supply", _hub.totalSupply(program), sum);
        }
        _compareFace(_handler.programs(1));
    }

    /// @dev At the end of a run: an order counted once, or not at all.
    function afterInvariant() external view {
        for (uint256 i = 0; i < 2; ++i) {
            uint256 program = _handler.programs(i);
            for (uint256 order = 0; order < 40; ++order) {
                uint256 times = _handler.redemptions(program, order);
                assertEqual("order", times, _hub.isOrderUsed(program, order) ? 1 : 0);
            }
        }
    }

    /// @dev Hub and face agree on what is there and on what happened.
    function _compareFace(uint256 program) private view {
        IPointsToken token = IPointsToken(_hub.tokenOf(program));
        assertEqual("face supply", token.totalSupply(), _hub.totalSupply(program));
        for (uint256 a = 0; a < _handler.ACTORS(); ++a) {
            address actor = _handler.actorAt(a);
            assertEqual("face", token.balanceOf(actor), _hub.balanceOf(actor, program));
            assertEqual(
                "face events",
                _handler.tokenEvents(program, actor),
                _handler.hubEvents(program, actor)
            );
        }
    }

    /// @dev Sum of the account's word as it was last written; guards and clock are looked at on the
    /// way. The word is found by watching what `balanceOf` reads, wherever the layout puts it.
    function _stored(uint256 program, address actor) private returns (uint256 sum) {
        vm.record();
        _hub.balanceOf(actor, program);
        (bytes32[] memory reads,) = vm.accesses(address(_hub));
        assertEqual("slots read", reads.length, 1);
        uint256 word = uint256(vm.load(address(_hub), reads[0]));
        assertEqual("guards", word & GUARDS, 0);
        assertEqual("clock", word >> 240 <= _handler.epoch() ? 1 : 0, 1);
        for (uint256 shift = 0; shift < 192; shift += 48) {
            sum += word >> shift & 2 ** 48 - 1;
        }
    }
}

/// @title A run in which nothing works would show nothing
contract PointsHubCampaignTest {
    uint256 private constant SEED = 2026;
    uint256 private constant STEPS = 300;

    error StepFailed(uint256 step, string action, bytes reason);

    function test_EveryActionIsCarriedOut() external {
        PointsHubHandler handler =
            PointsHubHandler(vm.deployCode("PointsHubHandler.sol:PointsHubHandler", ""));
        string[10] memory actions = _actions();
        for (uint256 step = 0; step < STEPS; ++step) {
            uint256 dice = uint256(keccak256(abi.encode(SEED, step)));
            (string memory action, bytes memory call) = _call(actions[dice % 10], dice);
            (bool done, bytes memory reason) = address(handler).call(call);
            if (!done) revert StepFailed(step, action, reason);
        }
        for (uint256 i = 0; i < actions.length; ++i) {
            (string memory action,) = _call(actions[i], 0);
            if (handler.successes(action) == 0) revert Unequal(action, 0, 1);
        }
    }

    /// @dev `signature` with random numbers, and a random truth where its last argument is one.
    function _call(string memory signature, uint256 dice)
        private
        pure
        returns (string memory action, bytes memory call)
    {
        bytes memory text = bytes.concat(bytes(signature));
        uint256 words = 1;
        uint256 nameEnd;
        for (uint256 i = 0; i < text.length; ++i) {
            if (text[i] == "(") nameEnd = i;
            if (text[i] == ",") ++words;
        }
        bool endsInTruth = text[text.length - 2] == "l";
        call = abi.encodePacked(bytes4(keccak256(text)));
        for (uint256 i = 1; i <= words; ++i) {
            uint256 word = uint256(keccak256(abi.encode(dice, i)));
            call = abi.encodePacked(call, endsInTruth && i == words ? word & 1 : word);
        }
        assembly ("memory-safe") {
            mstore(text, nameEnd)
        }
        action = string(text);
    }

    function _actions() private pure returns (string[10] memory) {
        return [
            "award(uint256,uint256,uint256)",
            "awardMany(uint256,uint256)",
            "transfer(uint256,uint256,uint256,uint256,bool)",
            "transferAtEpoch(uint256,uint256,uint256,uint256,uint256,bool)",
            "transferFrom(uint256,uint256,uint256,uint256,bool)",
            "redeem(uint256,uint256,uint256)",
            "redeemMany(uint256,uint256)",
            "transferBySig(uint256,uint256,uint256,uint256,bool)",
            "pass(uint256)",
            "setValidity(uint256,uint256)"
        ];
    }
}

/// @title Rolling at every epoch or once later comes to the same
contract PointsHubRollingTest {
    uint256 private constant EPOCH_LENGTH = 1 days;

    IPointsHub[2] private _hubs;
    uint256 private _program;

    function setUp() external {
        vm.warp(1_800_000_000);
        for (uint256 i = 0; i < 2; ++i) {
            _hubs[i] = deployHub(block.timestamp, EPOCH_LENGTH);
            _program =
                _hubs[i].createProgram(ProgramConfig("Bean", "BEAN", 4, 0, false, new uint40[](0)));
            _hubs[i].setIssuer(_program, address(this), type(uint48).max);
        }
    }

    /// forge-config: default.fuzz.runs = 256
    function testFuzz_RollingEveryEpochEqualsRollingOnceLater(uint256 seed) external {
        uint256 time = block.timestamp;
        for (uint256 step = 0; step < 20; ++step) {
            uint256 dice = uint256(keccak256(abi.encode(seed, step)));
            address holder = _holder(dice >> 8);
            uint256 held = _hubs[0].balanceOf(holder, _program);
            uint48 points = uint48(held == 0 ? 0 : (dice >> 32) % (held + 1));
            for (uint256 i = 0; i < 2; ++i) {
                IPointsHub hub = _hubs[i];
                if (dice % 4 == 0) {
                    hub.setValidity(_program, uint8((dice >> 40) % 4 + 1));
                    hub.award(_program, uint48((dice >> 48) % 10_000), holder);
                } else if (dice % 4 == 1) {
                    vm.prank(holder);
                    hub.transfer(_holder(dice >> 64), _program, points);
                } else if (dice % 4 == 2) {
                    vm.prank(holder);
                    hub.redeem(_program, points);
                }
            }
            for (uint256 epochs = (dice >> 128) % 3; epochs != 0; --epochs) {
                time += EPOCH_LENGTH;
                vm.warp(time);
                _writeAll(_hubs[1]);
            }
            _compare();
        }
        _writeAll(_hubs[0]);
        _compare();
    }

    /// @dev Writes the supply and every account without changing a balance.
    function _writeAll(IPointsHub hub) private {
        for (uint256 a = 0; a < 4; ++a) {
            hub.award(_program, 0, _holder(a));
        }
    }

    function _compare() private view {
        for (uint256 a = 0; a < 4; ++a) {
            bytes memory once = abi.encode(_hubs[0].statementOf(_program, _holder(a)));
            bytes memory often = abi.encode(_hubs[1].statementOf(_program, _holder(a)));
            assertEqual("statement", uint256(keccak256(often)), uint256(keccak256(once)));
        }
        assertEqual("supply", _hubs[1].totalSupply(_program), _hubs[0].totalSupply(_program));
        assertEqual(
            "liability",
            uint256(keccak256(abi.encode(_hubs[1].liabilityOf(_program)))),
            uint256(keccak256(abi.encode(_hubs[0].liabilityOf(_program))))
        );
    }

    function _holder(uint256 index) private pure returns (address) {
        return address(uint160(0xc0ffee00 + index % 4));
    }
}
