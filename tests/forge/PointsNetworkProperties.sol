// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ClearingHouse} from "../../contracts/loyalty/ClearingHouse.sol";
import {Statement} from "../../contracts/loyalty/IPointsHub.sol";
import {Prices} from "../../contracts/loyalty/IPointsNetwork.sol";
import {IPointsToken} from "../../contracts/loyalty/IPointsToken.sol";
import {IWholeHub, PointsNetworkBooks} from "./PointsNetworkBooks.sol";
import {PointsNetworkHandler} from "./PointsNetworkHandler.sol";
import {Violated, assertEqual, vm} from "./Vm.sol";

/// @title What holds of a network after any sequence of actions
abstract contract PointsNetworkProperties {
    uint256 private constant GUARDS = 0x800000000000800000000000800000000000800000000000;
    uint256 private constant PROGRAMS = 3;
    uint256 private constant HOLDERS = 8;

    /// @dev What an experiment showed, which is undone.
    error Shown(bytes32 statements);

    PointsNetworkHandler internal _handler;
    IWholeHub internal _hub;
    ClearingHouse private _clearing;
    uint256[PROGRAMS] private _programs;
    address[HOLDERS] private _holders;

    function setUp() public virtual {
        // `new` would compile the handler anew into every test.
        _handler = PointsNetworkHandler(
            vm.deployCode("PointsNetworkHandler.sol:PointsNetworkHandler", "")
        );
        _hub = _handler.HUB();
        _clearing = _handler.CLEARING();
        for (uint256 i = 0; i < PROGRAMS; ++i) {
            _programs[i] = _handler.programs(i);
        }
        for (uint256 h = 0; h < HOLDERS; ++h) {
            _holders[h] = _handler.holders(h);
        }
    }

    function _checkLanes() internal view {
        for (uint256 i = 0; i < PROGRAMS; ++i) {
            uint256[4] memory sums;
            for (uint256 h = 0; h < HOLDERS; ++h) {
                Statement memory statement = _hub.statementOf(_programs[i], _holders[h]);
                for (uint256 age = 0; age < 4; ++age) {
                    sums[age] += statement.byAge[age];
                }
            }
            uint256[4] memory liability = _hub.liabilityOf(_programs[i]);
            for (uint256 age = 0; age < 4; ++age) {
                assertEqual("supply lane", liability[age], sums[age]);
            }
        }
    }

    function _checkSupply() internal view {
        for (uint256 i = 0; i < PROGRAMS; ++i) {
            uint256 sum;
            for (uint256 h = 0; h < HOLDERS; ++h) {
                sum += _hub.balanceOf(_holders[h], _programs[i]);
            }
            assertEqual("supply", _hub.totalSupply(_programs[i]), sum);
        }
    }

    /// @dev Lots keep their end whatever happens to them, so no sequence lengthened a life.
    function _checkLives() internal view {
        uint256 epoch = _handler.epoch();
        assertEqual("epoch", _hub.currentEpoch(), epoch);
        for (uint256 i = 0; i < PROGRAMS; ++i) {
            for (uint256 h = 0; h < HOLDERS; ++h) {
                uint256[4] memory byAge = _hub.statementOf(_programs[i], _holders[h]).byAge;
                for (uint256 age = 0; age < 4; ++age) {
                    uint256 lots = _handler.ending(_programs[i], _holders[h], epoch + 4 - age);
                    assertEqual("lane", byAge[age], lots);
                }
            }
        }
    }

    function _checkNot(uint256 number) internal view {
        string memory what = _handler.violations(number);
        if (bytes(what).length != 0) revert Violated(number, what);
    }

    function _checkLimits() internal view {
        uint256 sum;
        for (uint256 i = 0; i < PROGRAMS; ++i) {
            uint256 program = _programs[i];
            uint256 limits;
            for (uint256 j = 0; j < PROGRAMS; ++j) {
                (uint256 owed, uint256 limit) = _hub.positionOf(program, _programs[j]);
                assertEqual("owed within limit", owed <= limit ? 1 : 0, 1);
                limits += limit;
            }
            uint256 deposited = _clearing.depositOf(program);
            assertEqual("committed", _clearing.committedOf(program), limits);
            assertEqual("committed within deposit", limits <= deposited ? 1 : 0, 1);
            sum += deposited;
        }
        assertEqual("coin", _clearing.COIN().balanceOf(address(_clearing)), sum);
    }

    function _checkOnce() internal view {
        for (uint256 i = 0; i < _handler.onceCount(); ++i) {
            (string memory kind, uint256 scope, uint256 number, uint256 times) = _handler.onces(i);
            assertEqual(string.concat(kind, " at most once"), times <= 1 ? 1 : 0, 1);
            assertEqual(kind, _isUsed(kind, scope, number) ? 1 : 0, times);
        }
    }

    function _checkStanding() internal view {
        for (uint256 i = 0; i < PROGRAMS; ++i) {
            for (uint256 h = 0; h < HOLDERS; ++h) {
                assertEqual(
                    "qualifying",
                    _hub.statementOf(_programs[i], _holders[h]).qualifying,
                    _handler.qualifying(_programs[i], _holders[h])
                );
            }
        }
    }

    /// @dev Events of hub and face add up to what is stored; the face shows what the hub holds.
    function _checkFace() internal {
        for (uint256 i = 0; i < PROGRAMS; ++i) {
            uint256 program = _programs[i];
            for (uint256 h = 0; h < HOLDERS; ++h) {
                (address holder, uint256 stored) = (_holders[h], 0);
                uint256 word = _accountWord(program, holder);
                for (uint256 shift = 0; shift < 192; shift += 48) {
                    stored += word >> shift & 2 ** 48 - 1;
                }
                uint256 told = _handler.hubEvents(program, holder);
                assertEqual("events", told, stored);
                assertEqual("record", told, _handler.onRecord(program, holder));
                if (i == 1) {
                    assertEqual("face events", _handler.tokenEvents(program, holder), told);
                    uint256 shown = IPointsToken(_hub.tokenOf(program)).balanceOf(holder);
                    assertEqual("face", shown, _hub.balanceOf(holder, program));
                }
            }
        }
        IPointsToken token = IPointsToken(_hub.tokenOf(_programs[1]));
        assertEqual("face supply", token.totalSupply(), _hub.totalSupply(_programs[1]));
    }

    function _checkRolling() internal {
        uint256 epochs = 1 + uint256(keccak256(abi.encode(_handler.time()))) % 5;
        bytes32 often = this.show(epochs, true);
        assertEqual("rolled", uint256(often), uint256(this.show(epochs, false)));
    }

    function _checkWords() internal {
        uint256 epoch = _handler.epoch();
        for (uint256 i = 0; i < PROGRAMS; ++i) {
            for (uint256 h = 0; h < HOLDERS; ++h) {
                uint256 word = _accountWord(_programs[i], _holders[h]);
                assertEqual("guards", word & GUARDS, 0);
                assertEqual("clock", word >> 240 <= epoch ? 1 : 0, 1);
                assertEqual("spare bits", word >> 237 & 7, 0);
                uint256 isIndebted = _hub.debtOf(_programs[i], _holders[h]) == 0 ? 0 : 1;
                assertEqual("debt bit", word >> 236 & 1, isIndebted);
            }
            vm.record();
            _hub.totalSupply(_programs[i]);
            uint256 supply = _wordRead();
            assertEqual("supply guards", supply & GUARDS, 0);
            assertEqual("supply clock", supply >> 240 <= epoch ? 1 : 0, 1);
            uint256 given = supply >> 192 & 2 ** 34 - 1;
            uint256 tag = supply >> 240;
            assertEqual("coupon points", given, _handler.couponPoints(_programs[i], tag));
            uint256 budget = _handler.couponBudgetPeak(_programs[i], tag);
            assertEqual("coupon budget", given <= budget ? 1 : 0, 1);
        }
    }

    /// @dev What no other property looks at.
    function _checkBooks() internal view {
        for (uint256 i = 0; i < PROGRAMS; ++i) {
            uint256 program = _programs[i];
            for (uint256 h = 0; h < HOLDERS; ++h) {
                uint256 debt = _hub.debtOf(program, _holders[h]);
                assertEqual("debt", debt, _handler.debts(program, _holders[h]));
            }
            for (uint256 j = 0; j < PROGRAMS; ++j) {
                (uint256 owed, uint256 limit) = _hub.positionOf(program, _programs[j]);
                int256 booked = _handler.owed(program, _programs[j]);
                assertEqual("owed", owed, booked > 0 ? uint256(booked) : 0);
                assertEqual("limit", limit, _handler.limits(program, _programs[j]));
            }
            assertEqual("deposit", _clearing.depositOf(program), _handler.deposits(program));
            Prices memory prices = _hub.pricesOf(program);
            PointsNetworkBooks.PriceTag memory tag = _handler.pricesAt(program);
            assertEqual("on-ramp", prices.onRamp, tag.onRamp);
            assertEqual("off-ramp", prices.offRamp, tag.offRamp);
            assertEqual("next on-ramp", prices.nextOnRamp, tag.nextOnRamp);
            assertEqual("next off-ramp", prices.nextOffRamp, tag.nextOffRamp);
            assertEqual("effective", prices.effectiveAt, tag.effectiveAt);
        }
    }

    function show(uint256 epochs, bool isOften) external returns (bytes32 statements) {
        uint256 time = _handler.time();
        try this.rollAndUndo(epochs, isOften) {}
        catch (bytes memory reason) {
            assembly ("memory-safe") {
                statements := mload(add(reason, 36))
            }
            assertEqual("shown", uint256(uint32(bytes4(reason))), uint32(Shown.selector));
        }
        vm.warp(time);
    }

    /// @dev Passes `epochs`, writing every account at each of them or only at the last.
    function rollAndUndo(uint256 epochs, bool isOften) external {
        uint256 time = _handler.time();
        for (uint256 passed = 1; passed <= epochs; ++passed) {
            vm.warp(time + passed * 1 days);
            if (isOften || passed == epochs) _writeAll();
        }
        bytes memory all;
        for (uint256 i = 0; i < PROGRAMS; ++i) {
            all = abi.encode(all, _hub.liabilityOf(_programs[i]), _hub.totalSupply(_programs[i]));
            for (uint256 h = 0; h < HOLDERS; ++h) {
                all = abi.encode(all, _hub.statementOf(_programs[i], _holders[h]));
                all = abi.encode(all, _accountWord(_programs[i], _holders[h]));
            }
        }
        revert Shown(keccak256(all));
    }

    /// @dev Writes every account and supply without changing a balance.
    function _writeAll() private {
        for (uint256 i = 0; i < PROGRAMS; ++i) {
            for (uint256 h = 0; h < HOLDERS; ++h) {
                vm.prank(_holders[h]);
                _hub.redeem(_programs[i], 0);
            }
        }
    }

    function _isUsed(string memory kind, uint256 scope, uint256 number)
        private
        view
        returns (bool)
    {
        bytes32 name = keccak256(bytes(kind));
        if (name == keccak256("order")) return _hub.isOrderUsed(scope, number);
        if (name == keccak256("coupon")) return _hub.isCouponUsed(scope, uint48(number));
        if (name == keccak256("leaf")) return _hub.isDropClaimed(scope, number);
        if (name == keccak256("batch")) return _hub.batchDigestOf(scope, bytes32(number)) != 0;
        return _hub.isNonceUsed(address(uint160(scope)), number);
    }

    function _accountWord(uint256 program, address holder) private returns (uint256) {
        vm.record();
        _hub.balanceOf(holder, program);
        return _wordRead();
    }

    /// @dev Found by watching what a view reads, wherever the layout puts it.
    function _wordRead() private returns (uint256) {
        (bytes32[] memory reads,) = vm.accesses(address(_hub));
        assertEqual("slots read", reads.length, 1);
        return uint256(vm.load(address(_hub), reads[0]));
    }
}
